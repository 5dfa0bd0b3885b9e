//! Kits: what belongs together, handed out at once; the kit of a position is what everybody in it is to have.

use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use platform::prelude::*;
use schema::kits;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of equipment.
    fn check_out_kit(kit: SqlUuid, asked: Jsonb) -> Jsonb;
}

/// What belongs together.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = kits)]
pub struct Kit {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Accountant")]
    pub name: String,
    /// The position in which everybody is to have it; null where that is nobody's.
    pub position_id: Option<Uuid>,
    /// What else is to be known.
    #[schema(max_length = 2000, example = json!(null))]
    pub note: Option<String>,
    /// How often it was handed out.
    #[schema(minimum = 0, maximum = 2_000_000_000, example = 0)]
    pub handed_out: i32,
    pub status: KitStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether it is handed out.
    pub enum KitStatus { Active = "active", Archived = "archived" }
}

/// A kit to be, empty: its items are in `/v1/kit-items`.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = kits, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewKit {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Accountant")]
    name: String,
    /// The position in which everybody is to have it; a position has one active kit.
    #[schema(example = json!(null))]
    position_id: Option<Uuid>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    note: Option<String>,
}

/// What of a kit can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = kits)]
#[serde(deny_unknown_fields)]
pub struct EditKit {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Senior accountant")]
    name: Option<String>,
    /// The position in which everybody is to have it; a position has one active kit.
    #[schema(example = json!(null))]
    position_id: Option<Option<Uuid>>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct KitFilter {
    /// Only kits in this state.
    #[param(inline)]
    status: Option<KitStatus>,
    /// Only the kits of this position.
    position_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[("active", "It is handed out."), ("archived", "It is not handed out any more.")],
    steps: &[
        Step { action: "check_out", from: &["active"], to: "active", verb: "assign" },
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for Kit {
    const NAME: &'static str = "kits";
}

impl Resource for Kit {
    const PATH: &'static str = "/v1/kits";
    const SINGULAR: &'static str = "kit";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    type Filter = KitFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn life() -> Option<&'static Life> {
        Some(&LIFE)
    }
    fn state(&self) -> Option<&'static str> {
        Some(self.status.as_str())
    }
}

impl Stored for Kit {
    type Table = kits::table;
    const TABLE: &'static str = "kits";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: KitFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(kits::status.eq(status)))
            .when(by.position_id, |rows, id| rows.filter(kits::position_id.eq(id)))
    }
}

impl Written for Kit {
    type New = NewKit;
    type Edit = EditKit;
}

/// Who gets a kit.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckOutKitRequest {
    /// The employee who gets it.
    employee_id: Uuid,
    /// The very assets to be handed out; for what is not named, those are taken of the models that were bought first.
    #[schema(max_items = 100, example = json!(null))]
    asset_ids: Option<Vec<Uuid>>,
    /// Whether only what they lack of it is handed out; all of it is, unless told. A seat that they have is never given twice.
    #[schema(example = false)]
    only_missing: Option<bool>,
    /// The day on which it was handed out; today (UTC), unless told.
    #[schema(example = json!(null))]
    checked_out_on: Option<NaiveDate>,
    /// The day by which the assets come back.
    #[schema(example = json!(null))]
    due_back_on: Option<NaiveDate>,
    /// Whether the employee is asked to say that they have the assets; they are, unless told.
    #[schema(example = true)]
    needs_acceptance: Option<bool>,
    /// What they are to know.
    #[schema(min_length = 1, max_length = 500, example = "Welcome!")]
    note: Option<String>,
    /// Tasks of a checklist, about this employee, that ask for an asset and are done by this.
    #[schema(max_items = 100, example = json!(null))]
    checklist_task_ids: Option<Vec<Uuid>>,
}

/// What was handed out of a kit.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct CheckedOutKit {
    /// The kit.
    kit_id: Uuid,
    /// Who got it.
    employee_id: Uuid,
    /// The assets, as assignments.
    #[schema(max_items = 10_000)]
    asset_assignment_ids: Vec<Uuid>,
    /// The seats of licences, as assignments.
    #[schema(max_items = 10_000)]
    licence_assignment_ids: Vec<Uuid>,
    /// The consumables and accessories, as movements.
    #[schema(max_items = 10_000)]
    supply_movement_ids: Vec<Uuid>,
}

/// Check a kit out
///
/// Hands a whole kit to an employee at once: an asset of each model, a seat of each licence, the consumables and accessories. All of it or
/// nothing: where something lacks, all that lacks is told and nothing is handed out. Two who hand out at once never get the same asset.
#[utoipa::path(post, path = "/v1/kits/{id}/check-out", tag = "Assets")]
async fn check_kit_out(
    may: May<Assign, Kit>,
    id: Id<Kit>,
    to: Input<CheckOutKitRequest>,
) -> Reply<Plain<CheckedOutKit>> {
    may.write(async |db| {
        let kit = lock(&may, db, &id).await?;
        LIFE.step(kit.status.as_str(), "check_out")?;
        let asked = serde_json::to_value(&to.0).map_err(Problem::internal)?;
        let handed_out: Value = diesel::select(check_out_kit(kit.id, asked)).get_result(db).await?;
        Ok(Plain(serde_json::from_value(handed_out).map_err(Problem::internal)?))
    })
    .await
}

/// Archive a kit
///
/// It is not handed out any more; its position may have another one.
#[utoipa::path(post, path = "/v1/kits/{id}/archive", tag = "Assets")]
async fn archive_kit(may: May<Write, Kit>, id: Id<Kit>) -> Reply<Kit> {
    step(may, id, "archive").await
}

/// Restore a kit
///
/// It is handed out again, unless its position has another one by now.
#[utoipa::path(post, path = "/v1/kits/{id}/restore", tag = "Assets")]
async fn restore_kit(may: May<Write, Kit>, id: Id<Kit>) -> Reply<Kit> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.readable::<Kit>()
        .creatable::<Kit>()
        .changeable::<Kit>()
        .deletable::<Kit>()
        .call(operation!(check_kit_out))
        .call(operation!(archive_kit))
        .call(operation!(restore_kit));
}
