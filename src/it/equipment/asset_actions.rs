//! What happens to an asset: it arrives, is handed out and taken back, seen, repaired, lost and found, and retired. Whoever does something
//! holds its row until it is done, so that of two who hand it out one does.

use crate::assets::{Asset, LIFE};
use crate::maintenances::MaintenanceKind;
use crate::{not_to_come, one_of};
use diesel::sql_types::Uuid as SqlUuid;
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::{asset_assignments, asset_audits, asset_maintenances, assets};

diesel::define_sql_function! {
    /// See the migration of equipment.
    fn fulfil_checklist_task(task: SqlUuid, employee: SqlUuid);
}

/// What is known of an asset when it arrives.
#[derive(Clone, Debug, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = assets)]
#[serde(deny_unknown_fields)]
pub struct ReceiveAssetRequest {
    /// The number that its maker gave it.
    #[schema(min_length = 1, max_length = 100, example = "PF4X2K9C")]
    serial_number: Option<String>,
    /// Where it is kept.
    #[schema(example = json!(null))]
    location_id: Option<Uuid>,
    /// The last day of its warranty.
    #[schema(example = json!(null))]
    warranty_ends_on: Option<NaiveDate>,
}

/// Receive an asset
///
/// What was ordered is there: it is in stock, with what its box says of it.
#[utoipa::path(post, path = "/v1/assets/{id}/receive", tag = "Assets")]
async fn receive_asset(
    may: May<Write, Asset>,
    id: Id<Asset>,
    known: Input<ReceiveAssetRequest>,
) -> Reply<Asset> {
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        let changed = (assets::status.eq(LIFE.step(asset.status.as_str(), "receive")?), &known.0);
        let one = assets::table.find((db.organization(), asset.id));
        Ok(diesel::update(one).set(changed).returning(Asset::as_returning()).get_result(db).await?)
    })
    .await
}

/// Who gets an asset: exactly one of an employee, a place and another asset.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckOutAssetRequest {
    /// The employee who gets it.
    employee_id: Option<Uuid>,
    /// The place that gets it.
    #[schema(example = json!(null))]
    holder_location_id: Option<Uuid>,
    /// The asset that it becomes a part of.
    #[schema(example = json!(null))]
    holder_asset_id: Option<Uuid>,
    /// The day on which it was handed out; today (UTC), unless told.
    #[schema(example = json!(null))]
    checked_out_on: Option<NaiveDate>,
    /// The day by which it comes back. For somebody who leaves it is their last day at the latest.
    #[schema(example = json!(null))]
    due_back_on: Option<NaiveDate>,
    /// Whether the employee is asked to say that they have it; they are, unless told.
    #[schema(example = true)]
    needs_acceptance: Option<bool>,
    /// What the holder is to know.
    #[schema(min_length = 1, max_length = 500, example = "With charger and bag.")]
    note: Option<String>,
    /// The task of a checklist, about this employee, that asks for an asset and is done by this.
    #[schema(example = json!(null))]
    checklist_task_id: Option<Uuid>,
}

#[derive(Insertable)]
#[diesel(table_name = asset_assignments)]
struct HandedOut<'a> {
    id: Uuid,
    asset_id: Uuid,
    employee_id: Option<Uuid>,
    holder_location_id: Option<Uuid>,
    holder_asset_id: Option<Uuid>,
    checked_out_on: Option<NaiveDate>,
    due_back_on: Option<NaiveDate>,
    note: Option<&'a str>,
    status: &'a str,
}

/// Check an asset out
///
/// Hands what is in stock to an employee, to a place or, as a part, to another asset, and notes it as an assignment. An employee is asked to
/// accept it. Of several who hand out the same asset at once one does; the others are told that it is assigned.
#[utoipa::path(post, path = "/v1/assets/{id}/check-out", tag = "Assets")]
async fn check_out_asset(
    may: May<Assign, Asset>,
    id: Id<Asset>,
    to: Input<CheckOutAssetRequest>,
) -> Reply<Asset> {
    let to = &to.0;
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        one_of(&[
            ("employee_id", to.employee_id.is_some()),
            ("holder_location_id", to.holder_location_id.is_some()),
            ("holder_asset_id", to.holder_asset_id.is_some()),
        ])?;
        LIFE.step(asset.status.as_str(), "check_out")?;
        let asks = to.employee_id.is_some() && to.needs_acceptance.unwrap_or(true);
        let handed_out = HandedOut {
            id: Uuid::now_v7(),
            asset_id: asset.id,
            employee_id: to.employee_id,
            holder_location_id: to.holder_location_id,
            holder_asset_id: to.holder_asset_id,
            checked_out_on: to.checked_out_on,
            due_back_on: to.due_back_on,
            note: to.note.as_deref(),
            status: if asks { "pending" } else { "active" },
        };
        diesel::insert_into(asset_assignments::table).values(handed_out).execute(db).await?;
        fulfil(db, to.checklist_task_id, to.employee_id).await?;
        Asset::find(db, asset.id).await
    })
    .await
}

/// Does the task of a checklist about this employee, where one is named.
async fn fulfil(db: &mut Db, task: Option<Uuid>, employee: Option<Uuid>) -> Result<()> {
    if let Some(task) = task {
        diesel::select(fulfil_checklist_task(task, employee.unwrap_or_default())).execute(db).await?;
    }
    Ok(())
}

/// How an asset came back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckInAssetRequest {
    /// The day on which it came back; today (UTC), unless told.
    #[schema(example = json!(null))]
    returned_on: Option<NaiveDate>,
    /// Where it is kept from now on; where it was, unless told.
    #[schema(example = json!(null))]
    location_id: Option<Uuid>,
    /// In which state it is.
    #[schema(min_length = 1, max_length = 500, example = "Charger missing.")]
    note: Option<String>,
    /// The task of a checklist, about whoever had it, that asks for an asset and is done by this.
    #[schema(example = json!(null))]
    checklist_task_id: Option<Uuid>,
}

/// Check an asset in
///
/// It came back and is in stock; its assignment is over.
#[utoipa::path(post, path = "/v1/assets/{id}/check-in", tag = "Assets")]
async fn check_in_asset(
    may: May<Assign, Asset>,
    id: Id<Asset>,
    back: Input<CheckInAssetRequest>,
) -> Reply<Asset> {
    let back = &back.0;
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        LIFE.step(asset.status.as_str(), "check_in")?;
        not_to_come("returned_on", back.returned_on)?;
        fulfil(db, back.checklist_task_id, asset.employee_id).await?;
        let open = asset_assignments::table
            .filter(asset_assignments::org_id.eq(db.organization()))
            .filter(asset_assignments::asset_id.eq(asset.id))
            .filter(asset_assignments::status.eq_any(["pending", "active"]));
        let over = (
            asset_assignments::status.eq("returned"),
            asset_assignments::returned_on.eq(back.returned_on.unwrap_or_else(|| Utc::now().date_naive())),
            asset_assignments::return_note.eq(&back.note),
        );
        diesel::update(open).set(over).execute(db).await?;
        let Some(location) = back.location_id else { return Asset::find(db, asset.id).await };
        let one = assets::table.find((db.organization(), asset.id));
        let kept = diesel::update(one).set(assets::location_id.eq(location)).returning(Asset::as_returning());
        Ok(kept.get_result(db).await?)
    })
    .await
}

/// That somebody saw an asset.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditAssetRequest {
    /// The day on which it was seen; today (UTC), unless told.
    #[schema(example = json!(null))]
    seen_on: Option<NaiveDate>,
    /// Where it was seen; where it is kept, unless told.
    #[schema(example = json!(null))]
    location_id: Option<Uuid>,
    /// By when somebody has to see it again; unless told, it follows from the model.
    #[schema(example = json!(null))]
    next_due_on: Option<NaiveDate>,
    /// What was seen.
    #[schema(min_length = 1, max_length = 500, example = "Under the desk; label worn.")]
    note: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = asset_audits)]
#[expect(clippy::struct_field_names, reason = "the column is called that")]
struct Seen<'a> {
    id: Uuid,
    asset_id: Uuid,
    seen_on: Option<NaiveDate>,
    location_id: Option<Uuid>,
    next_due_on: Option<NaiveDate>,
    note: Option<&'a str>,
}

/// Audit an asset
///
/// Notes that somebody saw it, on which day and where, and by when it has to be seen again.
#[utoipa::path(post, path = "/v1/assets/{id}/audit", tag = "Assets")]
async fn audit_asset(may: May<Assign, Asset>, id: Id<Asset>, seen: Input<AuditAssetRequest>) -> Reply<Asset> {
    let AuditAssetRequest { seen_on, location_id, next_due_on, ref note } = seen.0;
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        LIFE.step(asset.status.as_str(), "audit")?;
        let (id, note) = (Uuid::now_v7(), note.as_deref());
        let seen = Seen { id, asset_id: asset.id, seen_on, location_id, next_due_on, note };
        diesel::insert_into(asset_audits::table).values(seen).execute(db).await?;
        Asset::find(db, asset.id).await
    })
    .await
}

/// Why an asset is sent away.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendAssetToRepairRequest {
    /// What is wrong with it.
    #[schema(min_length = 1, max_length = 200, example = "Screen flickers")]
    title: String,
    /// Who repairs it, a supplier.
    #[schema(example = json!(null))]
    supplier_id: Option<Uuid>,
    /// What that is to cost.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "180.00")]
    cost: Option<Decimal>,
    /// The currency of the cost (ISO 4217); that of the books, where none is told.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<String>,
    /// Since when it is away; today (UTC), unless told.
    #[schema(example = json!(null))]
    starts_on: Option<NaiveDate>,
}

#[derive(Insertable)]
#[diesel(table_name = asset_maintenances)]
struct SentAway<'a> {
    id: Uuid,
    asset_id: Uuid,
    kind: MaintenanceKind,
    title: &'a str,
    supplier_id: Option<Uuid>,
    cost: Option<Decimal>,
    currency: Option<&'a str>,
    starts_on: Option<NaiveDate>,
    is_away: bool,
}

/// Send an asset to repair
///
/// Nobody has it meanwhile: an assignment is over. The repair is noted as a maintenance, which ends when the asset comes back.
#[utoipa::path(post, path = "/v1/assets/{id}/send-to-repair", tag = "Assets")]
async fn send_asset_to_repair(
    may: May<Assign, Asset>,
    id: Id<Asset>,
    why: Input<SendAssetToRepairRequest>,
) -> Reply<Asset> {
    let why = &why.0;
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        let status = LIFE.step(asset.status.as_str(), "send_to_repair")?;
        not_to_come("starts_on", why.starts_on)?;
        let away = SentAway {
            id: Uuid::now_v7(),
            asset_id: asset.id,
            kind: MaintenanceKind::Repair,
            title: &why.title,
            supplier_id: why.supplier_id,
            cost: why.cost,
            currency: why.currency.as_deref(),
            starts_on: why.starts_on,
            is_away: true,
        };
        diesel::insert_into(asset_maintenances::table).values(away).execute(db).await?;
        Asset::set_status(db, asset.id, status).await
    })
    .await
}

/// How a repair ended.
#[derive(Clone, Debug, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = asset_maintenances)]
#[serde(deny_unknown_fields)]
pub struct ReturnAssetFromRepairRequest {
    /// The day on which it came back; today (UTC), unless told.
    #[schema(example = json!(null))]
    ends_on: Option<NaiveDate>,
    /// What it cost; what was told when it was sent, unless told.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "165.50")]
    cost: Option<Decimal>,
    /// The currency of the cost (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<String>,
    /// What was done.
    #[schema(min_length = 1, max_length = 2000, example = "Panel replaced.")]
    note: Option<String>,
}

/// Return an asset from repair
///
/// It is back and in stock; the maintenance is done, with what it cost.
#[utoipa::path(post, path = "/v1/assets/{id}/return-from-repair", tag = "Assets")]
async fn return_asset_from_repair(
    may: May<Assign, Asset>,
    id: Id<Asset>,
    how: Input<ReturnAssetFromRepairRequest>,
) -> Reply<Asset> {
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        LIFE.step(asset.status.as_str(), "return_from_repair")?;
        not_to_come("ends_on", how.0.ends_on)?;
        let repair = asset_maintenances::table
            .filter(asset_maintenances::org_id.eq(db.organization()))
            .filter(asset_maintenances::asset_id.eq(asset.id))
            .filter(asset_maintenances::is_away.eq(true))
            .filter(asset_maintenances::status.eq("open"));
        diesel::update(repair).set((asset_maintenances::status.eq("done"), &how.0)).execute(db).await?;
        Asset::find(db, asset.id).await
    })
    .await
}

/// How an asset was lost.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportAssetLostRequest {
    /// The day on which it was last there; today (UTC), unless told.
    #[schema(example = json!(null))]
    lost_on: Option<NaiveDate>,
    /// How that happened.
    #[schema(min_length = 1, max_length = 500, example = "Left on the train to Cluj.")]
    reason: String,
}

/// Why an asset is retired.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetireAssetRequest {
    /// Since when; today (UTC), unless told.
    #[schema(example = json!(null))]
    retired_on: Option<NaiveDate>,
    /// What became of it.
    #[schema(min_length = 1, max_length = 500, example = "Given to a school.")]
    reason: String,
}

/// Puts an asset where it ends.
async fn end<V: Verb>(
    may: May<V, Asset>,
    id: Id<Asset>,
    action: &str,
    field: &str,
    day: Option<NaiveDate>,
    reason: &str,
) -> Reply<Asset> {
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        let status = LIFE.step(asset.status.as_str(), action)?;
        not_to_come(field, day)?;
        let ended = (
            assets::status.eq(status),
            assets::ended_on.eq(day.unwrap_or_else(|| Utc::now().date_naive())),
            assets::end_reason.eq(reason),
        );
        let one = assets::table.find((db.organization(), asset.id));
        Ok(diesel::update(one).set(ended).returning(Asset::as_returning()).get_result(db).await?)
    })
    .await
}

/// Report an asset lost
///
/// Nobody knows where it is. Whoever had it has it no more; their assignment says that it was lost with them.
#[utoipa::path(post, path = "/v1/assets/{id}/report-lost", tag = "Assets")]
async fn report_asset_lost(
    may: May<Assign, Asset>,
    id: Id<Asset>,
    how: Input<ReportAssetLostRequest>,
) -> Reply<Asset> {
    end(may, id, "report_lost", "lost_on", how.0.lost_on, &how.0.reason).await
}

/// Report an asset found
///
/// What was lost is in stock again.
#[utoipa::path(post, path = "/v1/assets/{id}/report-found", tag = "Assets")]
async fn report_asset_found(may: May<Assign, Asset>, id: Id<Asset>) -> Reply<Asset> {
    step(may, id, "report_found").await
}

/// Retire an asset
///
/// It was sold, given away or thrown away. What it was stays on record. In the books, dispose of its fixed asset.
#[utoipa::path(post, path = "/v1/assets/{id}/retire", tag = "Assets")]
async fn retire_asset(may: May<Write, Asset>, id: Id<Asset>, why: Input<RetireAssetRequest>) -> Reply<Asset> {
    end(may, id, "retire", "retired_on", why.0.retired_on, &why.0.reason).await
}

/// Restore an asset
///
/// What was retired by mistake is in stock again.
#[utoipa::path(post, path = "/v1/assets/{id}/restore", tag = "Assets")]
async fn restore_asset(may: May<Write, Asset>, id: Id<Asset>) -> Reply<Asset> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.call(operation!(receive_asset))
        .call(operation!(check_out_asset))
        .call(operation!(check_in_asset))
        .call(operation!(audit_asset))
        .call(operation!(send_asset_to_repair))
        .call(operation!(return_asset_from_repair))
        .call(operation!(report_asset_lost))
        .call(operation!(report_asset_found))
        .call(operation!(retire_asset))
        .call(operation!(restore_asset));
}
