//! Stages of hiring: what the organization calls the steps that an application goes through, and their order.

use platform::prelude::*;
use schema::hiring_stages;

/// A step that applications go through.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = hiring_stages)]
pub struct HiringStage {
    pub id: Uuid,
    pub version: i64,
    /// What the organization calls it; unique.
    #[schema(max_length = 100, example = "Technical interview")]
    pub name: String,
    /// Where it stands among the others: a lower one comes first.
    #[schema(minimum = 1, maximum = 1000, example = 30)]
    pub place: i32,
    pub status: HiringStageStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether applications can come to it.
    pub enum HiringStageStatus { Active = "active", Archived = "archived" }
}

/// A stage to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = hiring_stages)]
#[serde(deny_unknown_fields)]
pub struct NewHiringStage {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What the organization calls it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Technical interview")]
    name: String,
    /// Where it stands among the others: a lower one comes first. A new application begins at the first.
    #[schema(minimum = 1, maximum = 1000, example = 30)]
    place: i32,
}

/// What of a stage can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = hiring_stages)]
#[serde(deny_unknown_fields)]
pub struct EditHiringStage {
    /// What the organization calls it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Interview with the team")]
    name: Option<String>,
    /// Where it stands among the others.
    #[schema(minimum = 1, maximum = 1000, example = 40)]
    place: Option<i32>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct HiringStageFilter {
    /// Only stages in this state.
    #[param(inline)]
    status: Option<HiringStageStatus>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Applications come to it."),
        ("archived", "No application comes to it any more; those that are there stay until they are moved."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for HiringStage {
    const NAME: &'static str = "hiring-stages";
}

impl Resource for HiringStage {
    const PATH: &'static str = "/v1/hiring-stages";
    const SINGULAR: &'static str = "hiring_stage";
    const TAG: &'static str = "Hiring";
    const SORT: &'static [SortKey] = &[SortKey::integer("place"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "place";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = HiringStageFilter;

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

impl Stored for HiringStage {
    type Table = hiring_stages::table;
    const TABLE: &'static str = "hiring_stages";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: HiringStageFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(hiring_stages::status.eq(status)))
    }
}

impl Written for HiringStage {
    type New = NewHiringStage;
    type Edit = EditHiringStage;
}

/// Archive a hiring stage
///
/// No application comes to it any more. Those that are there stay until they are moved.
#[utoipa::path(post, path = "/v1/hiring-stages/{id}/archive", tag = "Hiring")]
async fn archive_hiring_stage(may: May<Write, HiringStage>, id: Id<HiringStage>) -> Reply<HiringStage> {
    step(may, id, "archive").await
}

/// Restore a hiring stage
///
/// Applications come to it again.
#[utoipa::path(post, path = "/v1/hiring-stages/{id}/restore", tag = "Hiring")]
async fn restore_hiring_stage(may: May<Write, HiringStage>, id: Id<HiringStage>) -> Reply<HiringStage> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<HiringStage>()
        .call(operation!(archive_hiring_stage))
        .call(operation!(restore_hiring_stage));
}
