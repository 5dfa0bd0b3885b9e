//! Freezes: times in which nothing is changed, everywhere or in one environment.

use platform::prelude::*;
use schema::change_freezes;

/// A time in which nothing is changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = change_freezes)]
pub struct ChangeFreeze {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Year end 2029")]
    pub name: String,
    /// Why.
    #[schema(max_length = 2000, example = "The books are closed.")]
    pub reason: Option<String>,
    /// Which systems it is for; null for all.
    #[schema(example = "production")]
    pub environment: Option<FrozenEnvironment>,
    /// When it begins.
    #[schema(example = "2029-12-20T00:00:00Z")]
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    #[schema(example = "2030-01-06T00:00:00Z")]
    pub ends_at: DateTime<Utc>,
    pub status: ChangeFreezeStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Which systems are frozen.
    pub enum FrozenEnvironment { Production = "production", Staging = "staging", Test = "test", Development = "development" }
}

text_enum! {
    /// Whether a freeze holds.
    pub enum ChangeFreezeStatus { Active = "active", Lifted = "lifted" }
}

/// A change freeze to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = change_freezes, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewChangeFreeze {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Year end 2029")]
    name: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "The books are closed.")]
    reason: Option<String>,
    /// Which systems it is for; null for all.
    #[schema(example = "production")]
    environment: Option<FrozenEnvironment>,
    /// When it begins.
    #[schema(example = "2029-12-20T00:00:00Z")]
    starts_at: DateTime<Utc>,
    /// When it ends.
    #[schema(example = "2030-01-06T00:00:00Z")]
    ends_at: DateTime<Utc>,
}

/// What of a change freeze can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = change_freezes)]
#[serde(deny_unknown_fields)]
pub struct EditChangeFreeze {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Year end 2029/30")]
    name: Option<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "The books are closed, and half of IT is away.")]
    reason: Option<Option<String>>,
    /// Which systems it is for; null for all.
    #[schema(example = "production")]
    environment: Option<Option<FrozenEnvironment>>,
    /// When it begins.
    #[schema(example = "2029-12-21T00:00:00Z")]
    starts_at: Option<DateTime<Utc>>,
    /// When it ends.
    #[schema(example = "2030-01-07T00:00:00Z")]
    ends_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ChangeFreezeFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<ChangeFreezeStatus>,
    /// Only freezes of this environment.
    #[param(inline)]
    environment: Option<FrozenEnvironment>,
    /// Only freezes that begin then or later.
    starts_at_from: Option<DateTime<Utc>>,
    /// Only freezes that begin then or earlier.
    starts_at_to: Option<DateTime<Utc>>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Nothing that it is for is scheduled or begun in its time, emergencies aside."),
        ("lifted", "It holds no longer."),
    ],
    steps: &[
        Step { action: "lift", from: &["active"], to: "lifted", verb: "write" },
        Step { action: "restore", from: &["lifted"], to: "active", verb: "write" },
    ],
};

impl Named for ChangeFreeze {
    const NAME: &'static str = "change-freezes";
}

impl Resource for ChangeFreeze {
    const PATH: &'static str = "/v1/change-freezes";
    const SINGULAR: &'static str = "change_freeze";
    const TAG: &'static str = "Changes";
    const SORT: &'static [SortKey] = &[SortKey::instant("starts_at"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "starts_at";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = ChangeFreezeFilter;

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

impl Stored for ChangeFreeze {
    type Table = change_freezes::table;
    const TABLE: &'static str = "change_freezes";
    const SEARCHED: &'static [&'static str] = &["name", "reason"];

    fn narrow(rows: Rows<Self>, by: ChangeFreezeFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(change_freezes::status.eq(status)))
            .when(by.environment, |rows, environment| {
                rows.filter(change_freezes::environment.eq(environment))
            })
            .when(by.starts_at_from, |rows, starts_at_from| {
                rows.filter(change_freezes::starts_at.ge(starts_at_from))
            })
            .when(by.starts_at_to, |rows, starts_at_to| {
                rows.filter(change_freezes::starts_at.le(starts_at_to))
            })
    }
}

impl Written for ChangeFreeze {
    type New = NewChangeFreeze;
    type Edit = EditChangeFreeze;
}

/// Lift a change freeze
///
/// Changes can be scheduled in its time again.
#[utoipa::path(post, path = "/v1/change-freezes/{id}/lift", tag = "Changes")]
async fn lift_change_freeze(may: May<Write, ChangeFreeze>, id: Id<ChangeFreeze>) -> Reply<ChangeFreeze> {
    step(may, id, "lift").await
}

/// Restore a change freeze
///
/// It holds again. What was scheduled in its time meanwhile stays so, and can not begin in it.
#[utoipa::path(post, path = "/v1/change-freezes/{id}/restore", tag = "Changes")]
async fn restore_change_freeze(may: May<Write, ChangeFreeze>, id: Id<ChangeFreeze>) -> Reply<ChangeFreeze> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.readable::<ChangeFreeze>()
        .creatable::<ChangeFreeze>()
        .changeable::<ChangeFreeze>()
        .deletable::<ChangeFreeze>()
        .call(operation!(lift_change_freeze))
        .call(operation!(restore_change_freeze));
}
