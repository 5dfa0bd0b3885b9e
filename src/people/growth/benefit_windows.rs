//! Benefit windows: from when to when everybody may choose, and from which day on what they choose holds.

use platform::prelude::*;
use schema::benefit_windows;

/// A time in which everybody may choose benefits.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = benefit_windows)]
pub struct BenefitWindow {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Open enrolment 2027")]
    pub name: String,
    /// The plan that it is for; null for all.
    pub benefit_plan_id: Option<Uuid>,
    /// The first day on which one may choose.
    #[schema(example = "2026-11-01")]
    pub opens_on: NaiveDate,
    /// The last day on which one may choose.
    #[schema(example = "2026-11-30")]
    pub closes_on: NaiveDate,
    /// The first day from which on what was chosen may hold.
    #[schema(example = "2027-01-01")]
    pub coverage_starts_on: NaiveDate,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A window to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = benefit_windows, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewBenefitWindow {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Open enrolment 2027")]
    name: String,
    /// The plan that it is for; null for all.
    #[schema(example = json!(null))]
    benefit_plan_id: Option<Uuid>,
    /// The first day on which one may choose.
    #[schema(example = "2026-11-01")]
    opens_on: NaiveDate,
    /// The last day on which one may choose.
    #[schema(example = "2026-11-30")]
    closes_on: NaiveDate,
    /// The first day from which on what was chosen may hold.
    #[schema(example = "2027-01-01")]
    coverage_starts_on: NaiveDate,
}

/// What of a window can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = benefit_windows)]
#[serde(deny_unknown_fields)]
pub struct EditBenefitWindow {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Open enrolment, spring 2027")]
    name: Option<String>,
    /// The plan that it is for; null for all.
    #[schema(example = json!(null))]
    benefit_plan_id: Option<Option<Uuid>>,
    /// The first day on which one may choose.
    #[schema(example = "2026-11-01")]
    opens_on: Option<NaiveDate>,
    /// The last day on which one may choose.
    #[schema(example = "2026-11-30")]
    closes_on: Option<NaiveDate>,
    /// The first day from which on what was chosen may hold.
    #[schema(example = "2027-01-01")]
    coverage_starts_on: Option<NaiveDate>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BenefitWindowFilter {
    /// Only windows of this plan alone.
    benefit_plan_id: Option<Uuid>,
}

impl Named for BenefitWindow {
    const NAME: &'static str = "benefit-windows";
}

impl Resource for BenefitWindow {
    const PATH: &'static str = "/v1/benefit-windows";
    const SINGULAR: &'static str = "benefit_window";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] =
        &[SortKey::text("name"), SortKey::day("opens_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "opens_on";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const REFERENCES: &'static [Reference] = &[Reference {
        field: "benefit_plan_id",
        column: "benefit_plan_code",
        table: "benefit_plans",
        by: "code",
        within: None,
    }];
    type Filter = BenefitWindowFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for BenefitWindow {
    type Table = benefit_windows::table;
    const TABLE: &'static str = "benefit_windows";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: BenefitWindowFilter) -> Rows<Self> {
        rows.when(by.benefit_plan_id, |rows, value| rows.filter(benefit_windows::benefit_plan_id.eq(value)))
    }
}

impl Written for BenefitWindow {
    type New = NewBenefitWindow;
    type Edit = EditBenefitWindow;
}

pub fn routes(api: &mut Api) {
    api.resource::<BenefitWindow>();
}
