//! Case files: what the back office alone knows of a case, one for each: what was found, and why it came to this.

use platform::prelude::*;
use schema::case_files;

/// What the back office alone knows of a case.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = case_files)]
pub struct CaseFile {
    pub id: Uuid,
    pub version: i64,
    /// The case.
    pub case_id: Uuid,
    /// Why it came to this; null until that is known.
    pub root_cause: Option<RootCause>,
    /// The same at length.
    #[schema(max_length = 4000, example = "Recurring invoices were run twice on the day of the upgrade.")]
    pub root_cause_note: Option<String>,
    /// What was found.
    #[schema(max_length = 10_000, example = "Both charges are ours: the second is a mistake.")]
    pub findings: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Why it came to a case.
    pub enum RootCause {
        Product = "product", Delivery = "delivery", Billing = "billing", Communication = "communication", Promise = "promise",
        Supplier = "supplier", System = "system", Customer = "customer", Other = "other"
    }
}

/// No file is made by hand.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = case_files)]
#[serde(deny_unknown_fields)]
pub struct NewCaseFile {
    /// The case.
    case_id: Uuid,
}

/// What the back office writes into the file of a case.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = case_files)]
#[serde(deny_unknown_fields)]
pub struct EditCaseFile {
    /// Why it came to this.
    #[schema(example = "billing")]
    root_cause: Option<Option<RootCause>>,
    /// The same at length.
    #[schema(
        min_length = 1,
        max_length = 4000,
        example = "Recurring invoices were run twice on the day of the upgrade."
    )]
    root_cause_note: Option<Option<String>>,
    /// What was found.
    #[schema(
        min_length = 1,
        max_length = 10_000,
        example = "Both charges are ours: the second is a mistake."
    )]
    findings: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CaseFileFilter {
    /// Only the file of this case.
    case_id: Option<Uuid>,
    /// Only files with this root cause.
    #[param(inline)]
    root_cause: Option<RootCause>,
}

impl Named for CaseFile {
    const NAME: &'static str = "case-files";
}

impl Resource for CaseFile {
    const PATH: &'static str = "/v1/case-files";
    const SINGULAR: &'static str = "case_file";
    const TAG: &'static str = "Cases";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = CaseFileFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for CaseFile {
    type Table = case_files::table;
    const TABLE: &'static str = "case_files";
    const SEARCHED: &'static [&'static str] = &["root_cause_note", "findings"];

    fn narrow(rows: Rows<Self>, by: CaseFileFilter) -> Rows<Self> {
        rows.when(by.case_id, |rows, id| rows.filter(case_files::case_id.eq(id)))
            .when(by.root_cause, |rows, cause| rows.filter(case_files::root_cause.eq(cause)))
    }
}

impl Written for CaseFile {
    type New = NewCaseFile;
    type Edit = EditCaseFile;
}

pub fn routes(api: &mut Api) {
    api.readable::<CaseFile>().changeable::<CaseFile>();
}
