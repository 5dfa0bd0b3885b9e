//! Impairment: an asset is worth less than the books say, once and for all (IAS 36).
use crate::due::Due;
use crate::fixed_assets::{FixedAsset, LIFE, fits_currency, positive};
use crate::movements::{Movement, MovementKind, book};
use ledger::{JournalType, Posting};
use platform::prelude::*;
use rust_decimal::Decimal;

/// What an asset lost, and when.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImpairFixedAssetRequest {
    /// The day in the books.
    #[schema(example = "2026-03-31")]
    posted_on: NaiveDate,
    /// What it lost, in the organization's currency; not more than lies between its carrying amount and its residual value.
    amount: Money,
    /// The account that bears the loss.
    loss_account_id: Uuid,
    /// Why, for those who read the books.
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "Damaged in a flood; recoverable amount by an appraisal"
    )]
    reason: String,
}

/// Impair a fixed asset
///
/// Books the loss to the account that is given, against the category's accumulated depreciation. What is left is depreciated
/// over the life that is left, from the last day that was depreciated (IAS 36.63).
#[utoipa::path(post, path = "/v1/fixed-assets/{id}/impair", tag = "Accounting")]
async fn impair_fixed_asset(
    may: May<Post, FixedAsset>,
    id: Id<FixedAsset>,
    impairment: Input<ImpairFixedAssetRequest>,
) -> Reply<FixedAsset> {
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        LIFE.step(asset.status.as_str(), "impair")?;
        let ImpairFixedAssetRequest { posted_on, amount, loss_account_id, reason } = impairment.0.clone();
        positive("/amount", amount.0)?;
        fits_currency(db, &[("/amount", amount)]).await?;
        if posted_on < asset.acquired_on {
            let rule = format!("must not be before it was acquired, {}", asset.acquired_on);
            return Err(Problem::invalid(vec![Fault::at("/posted_on", "before-it-was-acquired", rule)]));
        }
        let due = Due::one(db, asset.id, posted_on).await?;
        let most = due.carrying() - due.residual_value;
        if amount.0 > most {
            let rule = format!(
                "must be at most {}, what lies between carrying amount and residual value",
                Money(most)
            );
            return Err(Problem::invalid(vec![Fault::at("/amount", "too-large", rule)]));
        }
        let (accumulated, zero) = (due.accumulated_depreciation_account_id, Decimal::ZERO);
        let posting = Posting {
            journal: JournalType::Assets,
            posted_on,
            description: format!("Impairment of {}", asset.number),
            reference: Some(asset.number.clone()),
            source: Some((FixedAsset::NAME, asset.id)),
            lines: vec![
                due.line(loss_account_id, amount.0, zero, "/loss_account_id"),
                due.line(accumulated, zero, amount.0, "/amount"),
            ],
        };
        let entry = ledger::post(db, &posting).await?;
        let movement = Movement {
            depreciation: amount.0,
            reason: Some(reason),
            ..Movement::of(&due, MovementKind::Impairment, posted_on)
        };
        book(db, entry.id, None, vec![movement]).await?;
        FixedAsset::find(db, asset.id).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.call(operation!(impair_fixed_asset));
}
