//! Transfers: an asset goes to another department or cost centre on a day, and later depreciation goes with it.
use crate::fixed_assets::{FixedAsset, LIFE};
use platform::prelude::*;
use schema::fixed_asset_transfers;

/// Where an asset goes, and when.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferFixedAssetRequest {
    /// The first day on which it is there; after the last day that is depreciated.
    #[schema(example = "2026-03-01")]
    moved_on: NaiveDate,
    /// The department that it goes to; null for none.
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
    /// The cost centre that it goes to; null for none.
    #[schema(example = json!(null))]
    cost_centre_id: Option<Uuid>,
}

/// Transfer a fixed asset
///
/// It goes to another department or cost centre. What is depreciated from then on is booked there: the period in which it
/// moved by where it is at the period's end. What is booked stays.
#[utoipa::path(post, path = "/v1/fixed-assets/{id}/transfer", tag = "Accounting")]
async fn transfer_fixed_asset(
    may: May<Write, FixedAsset>,
    id: Id<FixedAsset>,
    transfer: Input<TransferFixedAssetRequest>,
) -> Reply<FixedAsset> {
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        LIFE.step(asset.status.as_str(), "transfer")?;
        let TransferFixedAssetRequest { moved_on, department_id, cost_centre_id } = transfer.0;
        if let Some(day) = asset.depreciated_through.filter(|day| moved_on <= *day) {
            let rule = format!("must be after {day}, up to which its depreciation is booked where it was");
            return Err(Problem::invalid(vec![Fault::at("/moved_on", "already-depreciated", rule)]));
        }
        if moved_on < asset.acquired_on {
            let rule = format!("must not be before it was acquired, {}", asset.acquired_on);
            return Err(Problem::invalid(vec![Fault::at("/moved_on", "before-it-was-acquired", rule)]));
        }
        let moved = (
            fixed_asset_transfers::id.eq(Uuid::now_v7()),
            fixed_asset_transfers::fixed_asset_id.eq(asset.id),
            fixed_asset_transfers::moved_on.eq(moved_on),
            fixed_asset_transfers::department_id.eq(department_id),
            fixed_asset_transfers::cost_centre_id.eq(cost_centre_id),
        );
        diesel::insert_into(fixed_asset_transfers::table).values(moved).execute(db).await?;
        FixedAsset::find(db, asset.id).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.call(operation!(transfer_fixed_asset));
}
