//! Certificates: that somebody knows something, by a course here or from elsewhere, and until when that holds.

use crate::courses;
use platform::prelude::*;
use platform::problem::IN_USE;
use schema::certificates;
use staff::references::EMPLOYEE;

/// That somebody has learnt what a course teaches.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = certificates)]
pub struct Certificate {
    pub id: Uuid,
    pub version: i64,
    /// Who has it.
    pub employee_id: Uuid,
    /// The course whose content it certifies.
    pub course_id: Uuid,
    /// The enrolment in which it was earned; null where it is from elsewhere.
    pub course_enrolment_id: Option<Uuid>,
    /// Its number.
    #[schema(max_length = 60, example = "2026/1187")]
    pub number: Option<String>,
    /// Who issued it; null for the company.
    #[schema(max_length = 200, example = "City fire brigade")]
    pub issued_by: Option<String>,
    /// From when on it holds.
    #[schema(example = "2026-04-14")]
    pub issued_on: NaiveDate,
    /// Its last day; null where it holds for good.
    #[schema(example = "2027-04-13")]
    pub expires_on: Option<NaiveDate>,
    /// Why it was revoked.
    #[schema(max_length = 500, example = json!(null))]
    pub revoke_reason: Option<String>,
    pub status: CertificateStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether it counts; one whose last day is over is valid and expired.
    pub enum CertificateStatus { Valid = "valid", Revoked = "revoked" }
}

/// A certificate from elsewhere.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = certificates, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewCertificate {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Who has it; left out, the employee that the caller is.
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    employee_id: Option<Uuid>,
    /// The course whose content it certifies.
    course_id: Uuid,
    /// Its number.
    #[schema(min_length = 1, max_length = 60, example = "2026/1187")]
    number: Option<String>,
    /// Who issued it; null for the company.
    #[schema(min_length = 1, max_length = 200, example = "City fire brigade")]
    issued_by: Option<String>,
    /// From when on it holds.
    #[schema(example = "2026-04-14")]
    issued_on: NaiveDate,
    /// Its last day; left out, as long as the course says.
    #[schema(example = "2027-04-13")]
    expires_on: Option<NaiveDate>,
}

/// What of a certificate can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = certificates)]
#[serde(deny_unknown_fields)]
pub struct EditCertificate {
    /// Its number.
    #[schema(min_length = 1, max_length = 60, example = "2026/1188")]
    number: Option<Option<String>>,
    /// Who issued it; null for the company.
    #[schema(min_length = 1, max_length = 200, example = "City fire brigade")]
    issued_by: Option<Option<String>>,
    /// From when on it holds.
    #[schema(example = "2026-04-14")]
    issued_on: Option<NaiveDate>,
    /// Its last day; null where it holds for good.
    #[schema(example = "2027-04-13")]
    expires_on: Option<Option<NaiveDate>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CertificateFilter {
    /// Only certificates in this state.
    #[param(inline)]
    status: Option<CertificateStatus>,
    /// Only certificates of this employee.
    employee_id: Option<Uuid>,
    /// Only certificates of this course.
    course_id: Option<Uuid>,
    /// Only certificates whose last day is this or later.
    expires_on_from: Option<NaiveDate>,
    /// Only certificates whose last day is this or earlier.
    expires_on_to: Option<NaiveDate>,
}

pub(crate) static LIFE: Life = Life {
    states: &[("valid", "It counts until its last day."), ("revoked", "It does not count.")],
    steps: &[Step { action: "revoke", from: &["valid"], to: "revoked", verb: "void" }],
};

impl Named for Certificate {
    const NAME: &'static str = "certificates";
}

impl Resource for Certificate {
    const PATH: &'static str = "/v1/certificates";
    const SINGULAR: &'static str = "certificate";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] = &[SortKey::day("issued_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-issued_on";
    const REFERENCES: &'static [Reference] = &[EMPLOYEE, courses::REFERENCE];
    type Filter = CertificateFilter;

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

impl Stored for Certificate {
    type Table = certificates::table;
    const TABLE: &'static str = "certificates";
    const SEARCHED: &'static [&'static str] = &["number", "issued_by"];

    fn narrow(rows: Rows<Self>, by: CertificateFilter) -> Rows<Self> {
        rows.when(by.status, |rows, value| rows.filter(certificates::status.eq(value)))
            .when(by.employee_id, |rows, value| rows.filter(certificates::employee_id.eq(value)))
            .when(by.course_id, |rows, value| rows.filter(certificates::course_id.eq(value)))
            .when(by.expires_on_from, |rows, value| rows.filter(certificates::expires_on.ge(value)))
            .when(by.expires_on_to, |rows, value| rows.filter(certificates::expires_on.le(value)))
    }
}

impl Written for Certificate {
    type New = NewCertificate;
    type Edit = EditCertificate;

    /// What was earned here says so for good; what was entered by mistake can go.
    async fn check_delete(_: &mut Db, row: &Self) -> Result<()> {
        if row.course_enrolment_id.is_some() {
            return Err(IN_USE
                .because("A certificate that was earned in a course stays on record: `revoke` it instead."));
        }
        Ok(())
    }
}

/// Why a certificate does not count.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeCertificateRequest {
    /// Why it does not count any more.
    #[schema(min_length = 1, max_length = 500, example = "Issued to somebody else of the same name")]
    reason: String,
}

/// Revoke a certificate
///
/// It does not count any more, and stays on record with the reason.
#[utoipa::path(post, path = "/v1/certificates/{id}/revoke", tag = "Growth")]
async fn revoke_certificate(
    may: May<Void, Certificate>,
    id: Id<Certificate>,
    why: Input<RevokeCertificateRequest>,
) -> Reply<Certificate> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            certificates::status.eq(LIFE.step(row.status.as_str(), "revoke")?),
            certificates::revoke_reason.eq(&why.0.reason),
        );
        let one = certificates::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Certificate::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.resource::<Certificate>().call(operation!(revoke_certificate));
}
