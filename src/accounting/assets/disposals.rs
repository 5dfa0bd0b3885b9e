//! Disposal: an asset is sold, scrapped or lost. What it brings above what it was still worth is a gain, what it brings less is
//! a loss (IAS 16.67 to 16.71).
use crate::due::Due;
use crate::fixed_assets::{FixedAsset, LIFE, fits_currency};
use crate::movements::{Movement, MovementKind, book};
use ledger::{JournalType, Posting};
use platform::prelude::*;
use rust_decimal::Decimal;

/// How an asset goes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"disposed_on": "2026-06-30", "proceeds": "0.00", "proceeds_account_id": null, "reason": "Scrapped"}))]
pub struct DisposeFixedAssetRequest {
    /// The day on which it goes; the day in the books.
    #[schema(example = "2026-06-30")]
    disposed_on: NaiveDate,
    /// What it brings, tax aside, in the organization's currency; nothing for what is scrapped.
    #[serde(default)]
    proceeds: Money,
    /// The account that bears what it brings: a bank, what a customer owes, or an account in between. Asked for where it brings
    /// something.
    #[schema(example = json!(null))]
    proceeds_account_id: Option<Uuid>,
    /// How it goes, for those who read the books.
    #[schema(min_length = 1, max_length = 500, example = "Scrapped")]
    reason: String,
}

/// Dispose of a fixed asset
///
/// In one entry: depreciates it up to that day, takes cost and accumulated depreciation out of the books, books what it brings
/// to the account that is given, and the difference as a gain or a loss to the accounts of its category.
#[utoipa::path(post, path = "/v1/fixed-assets/{id}/dispose", tag = "Accounting")]
async fn dispose_fixed_asset(
    may: May<Post, FixedAsset>,
    id: Id<FixedAsset>,
    disposal: Input<DisposeFixedAssetRequest>,
) -> Reply<FixedAsset> {
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        LIFE.step(asset.status.as_str(), "dispose")?;
        let disposal = disposal.0.clone();
        fits_currency(db, &[("/proceeds", disposal.proceeds)]).await?;
        let due = Due::one(db, asset.id, disposal.disposed_on).await?;
        let through = due.ends_on(disposal.disposed_on);
        let faults = faults(&asset, &due, through, &disposal);
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        let last = due.amount(through);
        let posting = posting(&due, last, &disposal);
        let entry = ledger::post(db, &posting).await?;
        let mut movements = Vec::with_capacity(2);
        if last > Decimal::ZERO {
            movements.push(Movement {
                covers_to: Some(through),
                ..Movement::depreciation(&due, last, disposal.disposed_on)
            });
        }
        movements.push(Movement {
            cost: -due.cost,
            depreciation: -(due.accumulated_depreciation + last),
            reason: Some(disposal.reason),
            ..Movement::of(&due, MovementKind::Disposal, disposal.disposed_on)
        });
        book(db, entry.id, None, movements).await?;
        FixedAsset::find(db, asset.id).await
    })
    .await
}

fn faults(
    asset: &FixedAsset,
    due: &Due,
    through: NaiveDate,
    disposal: &DisposeFixedAssetRequest,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    if disposal.proceeds.0 < Decimal::ZERO {
        faults.push(Fault::at("/proceeds", "too-small", "must be at least 0"));
    }
    if disposal.proceeds.0.is_zero() && disposal.proceeds_account_id.is_some() {
        faults.push(Fault::at("/proceeds_account_id", "not-needed", "must be null where it brings nothing"));
    }
    if disposal.proceeds.0 > Decimal::ZERO && disposal.proceeds_account_id.is_none() {
        faults.push(Fault::at("/proceeds_account_id", "required", "must say where what it brings is booked"));
    }
    if asset.in_service_on.is_some_and(|day| disposal.disposed_on < day) {
        faults.push(Fault::at(
            "/disposed_on",
            "before-it-was-in-service",
            "must not be before it was in service",
        ));
    }
    if let Some(day) = due.depreciated_through.filter(|day| through < *day) {
        let rule = format!("must not be before {day}, up to which it is depreciated: reverse that run first");
        faults.push(Fault::at("/disposed_on", "already-depreciated", rule));
    }
    faults
}

/// Depreciation up to the day, then cost and accumulated depreciation out, what it brings in, and the difference.
fn posting(due: &Due, last: Decimal, disposal: &DisposeFixedAssetRequest) -> Posting {
    let zero = Decimal::ZERO;
    let accumulated = due.accumulated_depreciation + last;
    let gain = disposal.proceeds.0 + accumulated - due.cost;
    let proceeds_account = disposal.proceeds_account_id.unwrap_or(due.loss_account_id);
    let lines = [
        (due.depreciation_account_id, last, zero, "/disposed_on"),
        (due.accumulated_depreciation_account_id, zero, last, "/disposed_on"),
        (due.accumulated_depreciation_account_id, accumulated, zero, "/disposed_on"),
        (due.asset_account_id, zero, due.cost, "/disposed_on"),
        (proceeds_account, disposal.proceeds.0, zero, "/proceeds_account_id"),
        (due.gain_account_id, zero, gain.max(zero), "/proceeds"),
        (due.loss_account_id, (-gain).max(zero), zero, "/proceeds"),
    ];
    let booked = lines.into_iter().filter(|(_, debit, credit, _)| *debit > zero || *credit > zero);
    Posting {
        journal: JournalType::Assets,
        posted_on: disposal.disposed_on,
        description: format!("Disposal of {}", due.number),
        reference: Some(due.number.clone()),
        source: Some((FixedAsset::NAME, due.id)),
        lines: booked
            .map(|(account, debit, credit, pointer)| due.line(account, debit, credit, pointer))
            .collect(),
    }
}

pub fn routes(api: &mut Api) {
    api.call(operation!(dispose_fixed_asset));
}
