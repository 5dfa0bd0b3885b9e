//! Case steps: what the back office does about a case, one after the other. Internal, all of it.

use platform::prelude::*;
use schema::case_steps;

/// Something that the back office did about a case.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = case_steps)]
pub struct CaseStep {
    pub id: Uuid,
    pub version: i64,
    /// The case.
    pub case_id: Uuid,
    pub kind: CaseStepKind,
    /// What was done, and what came of it.
    #[schema(max_length = 10_000, example = "Compared both invoices with the orders: the second has none.")]
    pub note: String,
    /// The day on which it was done.
    #[schema(example = "2026-12-01")]
    pub done_on: NaiveDate,
    /// Who wrote it: a user or an API client.
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What was done.
    pub enum CaseStepKind { Note = "note", Call = "call", Message = "message", Investigation = "investigation", Handling = "handling" }
}

/// Something to be noted.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = case_steps)]
#[serde(deny_unknown_fields)]
pub struct NewCaseStep {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The case, which is not over.
    case_id: Uuid,
    /// What was done.
    #[schema(example = "investigation")]
    kind: CaseStepKind,
    /// The same at length, and what came of it.
    #[schema(
        min_length = 1,
        max_length = 10_000,
        example = "Compared both invoices with the orders: the second has none."
    )]
    note: String,
    /// The day on which it was done; today, unless told.
    #[schema(example = "2026-12-01")]
    done_on: Option<NaiveDate>,
}

/// What of a step can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = case_steps)]
#[serde(deny_unknown_fields)]
pub struct EditCaseStep {
    /// What was done.
    #[schema(example = "call")]
    kind: Option<CaseStepKind>,
    /// The same at length, and what came of it.
    #[schema(min_length = 1, max_length = 10_000, example = "The customer sent the proof of payment.")]
    note: Option<String>,
    /// The day on which it was done.
    #[schema(example = "2026-12-02")]
    done_on: Option<NaiveDate>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CaseStepFilter {
    /// Only steps of this case.
    case_id: Option<Uuid>,
    /// Only steps of this kind.
    #[param(inline)]
    kind: Option<CaseStepKind>,
}

impl Named for CaseStep {
    const NAME: &'static str = "case-steps";
}

impl Resource for CaseStep {
    const PATH: &'static str = "/v1/case-steps";
    const SINGULAR: &'static str = "case_step";
    const TAG: &'static str = "Cases";
    const SORT: &'static [SortKey] = &[SortKey::day("done_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "done_on";
    type Filter = CaseStepFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for CaseStep {
    type Table = case_steps::table;
    const TABLE: &'static str = "case_steps";
    const SEARCHED: &'static [&'static str] = &["note"];

    fn narrow(rows: Rows<Self>, by: CaseStepFilter) -> Rows<Self> {
        rows.when(by.case_id, |rows, id| rows.filter(case_steps::case_id.eq(id)))
            .when(by.kind, |rows, kind| rows.filter(case_steps::kind.eq(kind)))
    }
}

impl Written for CaseStep {
    type New = NewCaseStep;
    type Edit = EditCaseStep;
}

pub fn routes(api: &mut Api) {
    api.readable::<CaseStep>().creatable::<CaseStep>().changeable::<CaseStep>().deletable::<CaseStep>();
}
