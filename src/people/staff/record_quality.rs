//! Record quality: whether the files of those who work here are complete, current and at one with themselves, and what to do
//! where they are not.

use diesel::QueryableByName;
use diesel::sql_types::{Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use platform::prelude::*;
use serde_json::Value;

/// Names the permission to look at the records of everybody.
pub struct RecordQuality;

impl Named for RecordQuality {
    const NAME: &'static str = "record-quality";
}

/// What is asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct RecordQualityAsked {
    /// How many days ahead something counts as about to expire.
    #[param(required = false, minimum = 0, maximum = 366, default = 30)]
    within_days: Option<i32>,
    /// Only people of this department.
    #[param(required = false)]
    department_id: Option<Uuid>,
    /// Only findings of this code; scores then count those alone.
    #[param(required = false, inline)]
    code: Option<FindingCode>,
    /// Findings behind this place: `next_after` of the part before.
    #[param(required = false, min_length = 1, max_length = 200)]
    after: Option<String>,
    /// How many findings at the most.
    #[param(required = false, minimum = 1, maximum = 1000, default = 200)]
    limit: Option<i32>,
}

text_enum! {
    /// What can be wrong with a record.
    pub enum FindingCode {
        NoAssignment = "no_assignment", ActiveBeforeFirstDay = "active_before_first_day", PendingAfterFirstDay = "pending_after_first_day",
        NoManager = "no_manager", ManagerLeft = "manager_left", NoDepartment = "no_department", NoPosition = "no_position",
        PositionOfAnotherDepartment = "position_of_another_department", NoContractEnd = "no_contract_end", ContractOver = "contract_over",
        ContractExpiring = "contract_expiring", NoPersonalData = "no_personal_data", NoBirthDate = "no_birth_date", NoNationalId = "no_national_id",
        NoAddress = "no_address", NoEmergencyContact = "no_emergency_contact", NoBankAccount = "no_bank_account",
        BirthDateDiffers = "birth_date_differs", DependantsDiffer = "dependants_differ", SharedNationalId = "shared_national_id",
        SharedBankAccount = "shared_bank_account", DocumentMissing = "document_missing", DocumentExpired = "document_expired",
        DocumentExpiring = "document_expiring", DocumentUnverified = "document_unverified",
    }
}

text_enum! {
    /// Of what kind a finding is.
    pub enum FindingKind { Missing = "missing", Expired = "expired", Expiring = "expiring", Inconsistent = "inconsistent" }
}

impl FindingCode {
    /// Of what kind it is, and what to do.
    fn meaning(self) -> (FindingKind, &'static str) {
        use FindingKind as K;
        match self {
            Self::NoAssignment => (
                K::Inconsistent,
                "Terminate the employee with their last day, or put an assignment: `POST /v1/assignments`.",
            ),
            Self::ActiveBeforeFirstDay => {
                (K::Inconsistent, "Correct the first day: `PATCH /v1/employees/{id}` with `hired_on`.")
            }
            Self::PendingAfterFirstDay => {
                (K::Inconsistent, "Activate the employee, or correct the first day.")
            }
            Self::NoManager => (K::Missing, "Say whom they report to: `POST /v1/employees/{id}/transfer`."),
            Self::ManagerLeft => (K::Inconsistent, "Say whom they report to now: `POST /v1/employees/{id}/transfer`."),
            Self::NoDepartment => (K::Missing, "Put them in a department: `POST /v1/employees/{id}/transfer`."),
            Self::NoPosition => (K::Missing, "Give them a position: `POST /v1/employees/{id}/promote`."),
            Self::PositionOfAnotherDepartment => {
                (K::Inconsistent, "Transfer them to the department of the position, or to another position.")
            }
            Self::NoContractEnd => (
                K::Missing,
                "Correct the assignment: `PATCH /v1/assignments/{id}` with `contract_ends_on` or another `contract_type`.",
            ),
            Self::ContractOver => (K::Expired, "Renew the contract from its day on, or terminate the employee."),
            Self::ContractExpiring => (K::Expiring, "Renew the contract, or let the employee know that it ends."),
            Self::NoPersonalData => (K::Missing, "File it: `POST /v1/personal-data`."),
            Self::NoBirthDate | Self::NoNationalId | Self::NoAddress | Self::NoEmergencyContact => {
                (K::Missing, "Ask the employee to propose it: `POST /v1/personal-data-changes`.")
            }
            Self::NoBankAccount => {
                (K::Missing, "Ask the employee for their IBAN: `POST /v1/personal-data-changes`.")
            }
            Self::BirthDateDiffers => {
                (K::Inconsistent, "Compare both with the identity card, and correct the one that is wrong.")
            }
            Self::DependantsDiffer => {
                (K::Inconsistent, "List the dependants, or correct `tax_dependants` of the personal data.")
            }
            Self::SharedNationalId => {
                (K::Inconsistent, "Compare with the identity cards: one is mistyped, or one person is filed twice.")
            }
            Self::SharedBankAccount => {
                (K::Inconsistent, "Ask those who share it: one may be mistyped, or somebody may not exist.")
            }
            Self::DocumentMissing => (K::Missing, "File it: `POST /v1/personnel-documents`."),
            Self::DocumentExpired | Self::DocumentExpiring => (
                if self == Self::DocumentExpired { K::Expired } else { K::Expiring },
                "Ask the employee for a new one, and file it: `POST /v1/personnel-documents`.",
            ),
            Self::DocumentUnverified => (
                K::Inconsistent,
                "Look at it, and say so: `POST /v1/personnel-documents/{id}/verify`, by somebody who did not file it.",
            ),
        }
    }
}

/// How good the records are on this day.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct RecordQualityReport {
    /// The day: today (UTC).
    on: NaiveDate,
    /// How many work here, or will.
    #[schema(minimum = 0, example = 250)]
    people: i64,
    /// How many of them nothing was found about.
    #[schema(minimum = 0, example = 200)]
    complete: i64,
    /// How many of a hundred nothing was found about; null where nobody is.
    #[schema(max_length = 6, example = "80.00")]
    score: Option<String>,
    /// How often what was found.
    #[schema(max_items = 100)]
    codes: Vec<FoundCode>,
    /// The departments, by name; those without one last.
    #[schema(max_items = 10_000)]
    departments: Vec<DepartmentQuality>,
    /// What was found, by employee number.
    #[schema(max_items = 1000)]
    findings: Vec<Finding>,
    /// Where the findings go on, to be sent as `after`; null where these are all.
    #[schema(max_length = 200, example = json!(null))]
    next_after: Option<String>,
}

/// How often something was found.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct FoundCode {
    #[schema(inline)]
    code: FindingCode,
    /// How often.
    #[schema(minimum = 1, example = 12)]
    findings: i64,
}

/// The records of a department.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct DepartmentQuality {
    /// The department; null for those who are in none.
    department_id: Option<Uuid>,
    /// What it is called.
    #[schema(max_length = 100, example = "Finance")]
    name: Option<String>,
    /// How many are in it.
    #[schema(minimum = 1, example = 20)]
    people: i64,
    /// How many of them nothing was found about.
    #[schema(minimum = 0, example = 18)]
    complete: i64,
    /// How much was found about the others.
    #[schema(minimum = 0, example = 3)]
    findings: i64,
    /// How many of a hundred nothing was found about.
    #[schema(max_length = 6, example = "90.00")]
    score: String,
}

/// Something that is wrong with a record.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Finding {
    #[schema(inline)]
    code: FindingCode,
    #[schema(inline)]
    #[serde(skip_deserializing, default = "FindingKind::unknown")]
    kind: FindingKind,
    /// Whose record it is.
    employee_id: Uuid,
    /// The number that the company knows them by.
    #[schema(max_length = 20, example = "E-0042")]
    employee_number: String,
    /// Who it is.
    #[schema(max_length = 201, example = "Ana Pop")]
    name: String,
    /// The department they work in.
    department_id: Option<Uuid>,
    /// What was found.
    #[schema(max_length = 500, example = "The document of the kind MEDICAL is valid until 2026-03-01.")]
    detail: String,
    /// What to do about it.
    #[schema(max_length = 500, example = "Ask the employee for a new one, and file it: `POST /v1/personnel-documents`.")]
    #[serde(skip_deserializing)]
    cure: String,
    /// The address of the record.
    #[schema(max_length = 200, example = "/v1/personnel-documents/01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    #[serde(skip_deserializing)]
    href: String,
    #[serde(skip_serializing)]
    #[schema(ignore)]
    resource: String,
    #[serde(skip_serializing)]
    #[schema(ignore)]
    resource_id: Uuid,
}

impl FindingKind {
    fn unknown() -> Self {
        Self::Inconsistent
    }
}

/// Report the quality of personnel records
///
/// What is missing, expired, about to expire or at odds with itself in the records of those who work here or will: each finding with the record
/// that it is about and what to do, and a score for each department. It changes nothing.
#[utoipa::path(get, path = "/v1/reports/record-quality", tag = "People")]
async fn get_record_quality(
    may: May<Read, RecordQuality>,
    asked: Params<RecordQualityAsked>,
) -> Reply<Plain<RecordQualityReport>> {
    #[derive(QueryableByName)]
    struct Answered {
        #[diesel(sql_type = Jsonb)]
        report: Value,
    }
    let asked = asked.0;
    let answered = may
        .read(async |db| {
            let report = diesel::sql_query("select record_quality($1, $2, $3, $4, $5) as report")
                .bind::<Integer, _>(asked.within_days.unwrap_or(30))
                .bind::<Nullable<SqlUuid>, _>(asked.department_id)
                .bind::<Nullable<Text>, _>(asked.code.map(|code| code.as_str()))
                .bind::<Nullable<Text>, _>(asked.after.as_deref())
                .bind::<Integer, _>(asked.limit.unwrap_or(200));
            Ok(report.get_result::<Answered>(db).await?)
        })
        .await?;
    let mut report: RecordQualityReport =
        serde_json::from_value(answered.report).map_err(Problem::internal)?;
    for finding in &mut report.findings {
        let (kind, cure) = finding.code.meaning();
        finding.kind = kind;
        finding.cure = cure.to_owned();
        finding.href = format!("/v1/{}/{}", finding.resource, finding.resource_id);
    }
    Plain(report).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_record_quality));
}
