//! The schedule of an asset: what was booked month by month, and what will be.
use crate::due::DueByMonth;
use crate::fixed_assets::FixedAsset;
use crate::schedule::last_of_month;
use chrono::Days;
use platform::prelude::*;
use rust_decimal::Decimal;

/// How an asset loses its value.
#[derive(Serialize, ToSchema)]
pub struct FixedAssetSchedule {
    /// The currency of the amounts.
    #[schema(max_length = 3, example = "EUR")]
    currency: String,
    /// What it cost.
    cost: Money,
    /// What it will be worth at the end of its life.
    residual_value: Money,
    /// The months that are booked, and those to come.
    #[schema(max_items = 2400)]
    months: Vec<ScheduledMonth>,
}

/// A month of a schedule.
#[derive(Serialize, ToSchema)]
pub struct ScheduledMonth {
    /// The month.
    #[schema(max_length = 7, example = "2026-01")]
    month: String,
    /// What of the cost this month bears: depreciation, impairment, what was taken over.
    depreciation: Money,
    /// What of the cost is borne by the end of the month.
    accumulated_depreciation: Money,
    /// What of the cost is left at the end of the month.
    carrying_amount: Money,
    /// Whether it is booked; otherwise it is to come, by what is known now.
    is_booked: bool,
}

/// Read the schedule of a fixed asset
///
/// What was booked by month, and month by month what will be until nothing is left but the residual value, to the cent. Units
/// that an asset will make are taken to be spread evenly over the life that is left. Changes nothing.
#[utoipa::path(get, path = "/v1/fixed-assets/{id}/schedule", tag = "Accounting")]
async fn get_fixed_asset_schedule(
    may: May<Read, FixedAsset>,
    id: Id<FixedAsset>,
) -> Reply<Plain<FixedAssetSchedule>> {
    let found = may.read(async |db| DueByMonth::one(db, id.0).await).await?;
    Plain(schedule_of(&found)?).answer(may.grants())
}

fn schedule_of(found: &DueByMonth) -> Result<FixedAssetSchedule> {
    let due = &found.due;
    let mut left = due.cost;
    let month = |name: String, depreciation: Decimal, left: Decimal, is_booked: bool| ScheduledMonth {
        month: name,
        depreciation: depreciation.into(),
        accumulated_depreciation: (due.cost - left).into(),
        carrying_amount: left.into(),
        is_booked,
    };
    let booked: Vec<(String, Decimal)> =
        serde_json::from_value(found.months.clone()).map_err(Problem::internal)?;
    let mut months: Vec<_> = booked
        .into_iter()
        .map(|(name, amount)| {
            left -= amount;
            month(name, amount, left, true)
        })
        .collect();
    left = due.carrying();
    if due.is_depreciated {
        let schedule = due.schedule().expected(left, due.depreciated_through);
        let mut day = last_of_month(due.covers_from());
        let last_day = schedule.ends_on().max(day);
        while day <= last_day && left > due.residual_value {
            let then = (schedule.carrying - schedule.depreciated(day)).clamp(due.residual_value, left);
            months.push(month(day.format("%Y-%m").to_string(), left - then, then, false));
            left = then;
            day = last_of_month(day + Days::new(1));
        }
    }
    Ok(FixedAssetSchedule {
        currency: due.currency.clone(),
        cost: due.cost.into(),
        residual_value: due.residual_value.into(),
        months,
    })
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_fixed_asset_schedule));
}
