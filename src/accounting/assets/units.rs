//! Units of production: what an asset made in a period, by which it is depreciated.
use crate::fixed_assets::{FixedAsset, LIFE};
use diesel::sql_types::{Numeric, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;

/// What an asset made in a period.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportUnitsRequest {
    /// The period in which it made them.
    fiscal_period_id: Uuid,
    /// How many; also nothing is reported, as `"0"`.
    units: Quantity,
}

/// Report units of production
///
/// What the asset made in a period. Said again before the period is depreciated, it takes the place of what was said before. Books
/// nothing: the depreciation run of the period does.
#[utoipa::path(post, path = "/v1/fixed-assets/{id}/report-units", tag = "Accounting")]
async fn report_fixed_asset_units(
    may: May<Write, FixedAsset>,
    id: Id<FixedAsset>,
    report: Input<ReportUnitsRequest>,
) -> Reply<FixedAsset> {
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        LIFE.step(asset.status.as_str(), "report_units")?;
        let units = report.0.units.0;
        if units < Decimal::ZERO {
            return Err(Problem::invalid(vec![Fault::at("/units", "too-small", "must be at least 0")]));
        }
        if asset.total_units.is_none() {
            return Err(
                CONFLICT.because("Only what is depreciated by `units_of_production` has units to report.")
            );
        }
        diesel::sql_query(
            "insert into fixed_asset_units (fixed_asset_id, fiscal_period_id, units) values ($1, $2, $3)
            on conflict (org_id, fixed_asset_id, fiscal_period_id) do update set units = excluded.units",
        )
        .bind::<SqlUuid, _>(asset.id)
        .bind::<SqlUuid, _>(report.0.fiscal_period_id)
        .bind::<Numeric, _>(units)
        .execute(db)
        .await?;
        FixedAsset::find(db, asset.id).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.call(operation!(report_fixed_asset_units));
}
