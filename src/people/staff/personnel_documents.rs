//! Personnel documents: the papers of somebody's file, until when they hold, and who has looked at them.

use crate::employees::Employee;
use crate::personnel_document_kinds::DocumentAudience;
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Jsonb, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::CONFLICT;
use platform::store::changes_nothing;
use schema::{files, personnel_documents};
use serde_json::Value;

/// A paper in a personnel file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = personnel_documents)]
pub struct PersonnelDocument {
    pub id: Uuid,
    pub version: i64,
    /// The employee whose file it is in.
    pub employee_id: Uuid,
    /// What kind of paper it is.
    pub kind_id: Uuid,
    /// The file of it, with its checksum. Whoever sees the document sees the file.
    pub file_id: Uuid,
    /// The number on it.
    #[schema(max_length = 60, example = "CJ 123456")]
    pub number: Option<String>,
    /// The first day on which it is valid.
    #[schema(example = "2021-03-02")]
    pub issued_on: Option<NaiveDate>,
    /// The last day on which it is valid; null where it does not expire.
    #[schema(example = "2031-03-02")]
    pub expires_on: Option<NaiveDate>,
    /// What else there is to say.
    #[schema(max_length = 500, example = json!(null))]
    pub note: Option<String>,
    /// As its kind says.
    pub visible_to: DocumentAudience,
    pub status: PersonnelDocumentStatus,
    /// The user who verified it.
    #[schema(example = json!(null))]
    pub verified_by: Option<Uuid>,
    /// When.
    #[schema(example = json!(null))]
    pub verified_at: Option<DateTime<Utc>>,
    /// Why it was rejected.
    #[schema(max_length = 500, example = json!(null))]
    pub rejection_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether somebody has looked at it.
    pub enum PersonnelDocumentStatus { Filed = "filed", Verified = "verified", Rejected = "rejected" }
}

/// A document to be filed.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = personnel_documents)]
#[serde(deny_unknown_fields)]
pub struct NewPersonnelDocument {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The employee whose file it goes to.
    employee_id: Uuid,
    /// What kind of paper it is.
    kind_id: Uuid,
    /// The file of it, which the caller uploaded.
    file_id: Uuid,
    /// The number on it.
    #[schema(min_length = 1, max_length = 60, example = "CJ 123456")]
    number: Option<String>,
    /// The first day on which it is valid.
    #[schema(example = "2021-03-02")]
    issued_on: Option<NaiveDate>,
    /// The last day on which it is valid; null where it does not expire.
    #[schema(example = "2031-03-02")]
    expires_on: Option<NaiveDate>,
    /// What else there is to say.
    #[schema(min_length = 1, max_length = 500, example = json!(null))]
    note: Option<String>,
}

/// What of a document can be changed. What was verified is to be verified anew then.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = personnel_documents)]
#[serde(deny_unknown_fields)]
pub struct EditPersonnelDocument {
    /// The number on it.
    #[schema(min_length = 1, max_length = 60, example = "CJ 123457")]
    number: Option<Option<String>>,
    /// The first day on which it is valid.
    #[schema(example = "2021-03-02")]
    issued_on: Option<Option<NaiveDate>>,
    /// The last day on which it is valid; null where it does not expire.
    #[schema(example = "2031-03-02")]
    expires_on: Option<Option<NaiveDate>>,
    /// What else there is to say.
    #[schema(min_length = 1, max_length = 500, example = json!(null))]
    note: Option<Option<String>>,
}

/// Why a document does not do.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectPersonnelDocumentRequest {
    /// Why not; the employee reads it.
    #[schema(min_length = 1, max_length = 500, example = "The back is missing.")]
    reason: String,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PersonnelDocumentFilter {
    /// Only documents in this state.
    #[param(inline)]
    status: Option<PersonnelDocumentStatus>,
    /// Only documents of this employee.
    employee_id: Option<Uuid>,
    /// Only documents of this kind.
    kind_id: Option<Uuid>,
    /// Only documents that are valid until this day or longer.
    expires_on_from: Option<NaiveDate>,
    /// Only documents that are valid until this day or shorter.
    expires_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("filed", "In the file, and looked at by nobody else yet."),
        ("verified", "Somebody has looked at it and found it in order."),
        ("rejected", "Somebody has looked at it and found that it does not do."),
    ],
    steps: &[
        Step { action: "verify", from: &["filed", "rejected"], to: "verified", verb: "approve" },
        Step { action: "reject", from: &["filed", "verified"], to: "rejected", verb: "approve" },
    ],
};

impl Named for PersonnelDocument {
    const NAME: &'static str = "personnel-documents";
}

impl Resource for PersonnelDocument {
    const PATH: &'static str = "/v1/personnel-documents";
    const SINGULAR: &'static str = "personnel_document";
    const TAG: &'static str = "People";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = PersonnelDocumentFilter;

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
    fn person(&self) -> Option<Uuid> {
        Some(self.employee_id)
    }
}

impl Stored for PersonnelDocument {
    type Table = personnel_documents::table;
    const TABLE: &'static str = "personnel_documents";
    const SEARCHED: &'static [&'static str] = &["number", "note"];

    fn narrow(rows: Rows<Self>, by: PersonnelDocumentFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(personnel_documents::status.eq(status)))
            .when(by.employee_id, |rows, id| rows.filter(personnel_documents::employee_id.eq(id)))
            .when(by.kind_id, |rows, id| rows.filter(personnel_documents::kind_id.eq(id)))
            .when(by.expires_on_from, |rows, day| rows.filter(personnel_documents::expires_on.ge(day)))
            .when(by.expires_on_to, |rows, day| rows.filter(personnel_documents::expires_on.le(day)))
    }
}

impl Kept for PersonnelDocument {
    type New = NewPersonnelDocument;
    type Edit = EditPersonnelDocument;

    async fn create(db: &mut Db, new: NewPersonnelDocument) -> Result<Self> {
        let file = new.file_id;
        let filed = diesel::insert_into(personnel_documents::table).values(new);
        let filed: Self = filed.returning(Self::as_returning()).get_result(db).await?;
        // Hangs the file on it: whoever may see the document may see that.
        let loose = files::table
            .filter(files::org_id.eq(db.organization()))
            .filter(files::id.eq(file))
            .filter(files::resource_id.is_null());
        let hung = (files::resource.eq(Self::NAME), files::resource_id.eq(filed.id));
        if diesel::update(loose).set(hung).execute(db).await? == 0 {
            let known = files::table.find((db.organization(), file)).select(files::id).get_result::<Uuid>(db);
            if known.await.optional()?.is_some() {
                return Err(
                    CONFLICT.because("The file hangs on something else already: upload it once more.")
                );
            }
            let rule = "must be a file that the caller uploaded and that hangs on nothing else: upload it to `/v1/files`";
            return Err(Problem::invalid(vec![Fault::at("/file_id", "unknown-reference", rule)]));
        }
        Ok(filed)
    }

    async fn change(db: &mut Db, row: Self, edit: EditPersonnelDocument) -> Result<Self> {
        if changes_nothing(&row, &serde_json::to_value(&edit).map_err(Problem::internal)?)? {
            return Ok(row);
        }
        let one = personnel_documents::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(edit).returning(Self::as_returning()).get_result(db).await?)
    }

    /// The file goes with it: neither goes alone.
    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        diesel::sql_query("select discard_personnel_document($1)")
            .bind::<SqlUuid, _>(row.id)
            .execute(db)
            .await?;
        Ok(())
    }
}

/// Verify a personnel document
///
/// Somebody has looked at it and found it in order. Nobody verifies what they filed or what is about them.
#[utoipa::path(post, path = "/v1/personnel-documents/{id}/verify", tag = "People")]
async fn verify_personnel_document(
    may: May<Approve, PersonnelDocument>,
    id: Id<PersonnelDocument>,
) -> Reply<PersonnelDocument> {
    step(may, id, "verify").await
}

/// Reject a personnel document
///
/// It does not do, and why. Nobody rejects what they filed or what is about them.
#[utoipa::path(post, path = "/v1/personnel-documents/{id}/reject", tag = "People")]
async fn reject_personnel_document(
    may: May<Approve, PersonnelDocument>,
    id: Id<PersonnelDocument>,
    why: Input<RejectPersonnelDocumentRequest>,
) -> Reply<PersonnelDocument> {
    may.write(async |db| {
        let document = lock(&may, db, &id).await?;
        let rejected = (
            personnel_documents::status.eq(LIFE.step(document.status.as_str(), "reject")?),
            personnel_documents::rejection_reason.eq(&why.0.reason),
        );
        let one = personnel_documents::table.find((db.organization(), document.id));
        Ok(diesel::update(one)
            .set(rejected)
            .returning(PersonnelDocument::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

/// List the documents of an employee
///
/// The personnel file of one employee, as far as the caller may see it, by kind.
#[utoipa::path(get, path = "/v1/employees/{id}/documents", tag = "People")]
async fn list_employee_documents(
    may: May<Read, PersonnelDocument>,
    id: Id<Employee>,
) -> Reply<Several<PersonnelDocument>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        is_there: bool,
        #[diesel(sql_type = Jsonb)]
        documents: Value,
    }
    let documents = may
        .read(async |db| {
            let found: Found = diesel::sql_query(
                "select exists (select from employees where org_id = $1 and id = $2) as is_there,
                    (select coalesce(jsonb_agg(to_jsonb(d) order by d.kind_id, d.id), '[]') from personnel_documents d
                        where d.org_id = $1 and d.employee_id = $2) as documents",
            )
            .bind::<SqlUuid, _>(db.organization())
            .bind::<SqlUuid, _>(id.0)
            .get_result(db)
            .await?;
            if !found.is_there {
                return Err(Problem::not_found());
            }
            let documents: Vec<PersonnelDocument> =
                serde_json::from_value(found.documents).map_err(Problem::internal)?;
            Ok(documents)
        })
        .await?;
    Several(documents).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.readable::<PersonnelDocument>()
        .creatable::<PersonnelDocument>()
        .changeable::<PersonnelDocument>()
        .deletable::<PersonnelDocument>()
        .call(operation!(verify_personnel_document))
        .call(operation!(reject_personnel_document))
        .call(operation!(list_employee_documents));
}
