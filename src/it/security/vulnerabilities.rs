//! Vulnerabilities: what could be used against systems, by when it is mended, and what became of it.

use crate::deadlines::Severity;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::Bool;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::vulnerabilities;

/// Something that could be used against systems.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = vulnerabilities)]
pub struct Vulnerability {
    pub id: Uuid,
    pub version: i64,
    /// What it is called.
    #[schema(max_length = 200, example = "Remote code execution in the mail gateway")]
    pub title: String,
    /// Its number in the list of Common Vulnerabilities and Exposures; unique.
    #[schema(max_length = 18, example = "CVE-2026-10042")]
    pub cve: Option<String>,
    /// What it is.
    #[schema(max_length = 10000, example = "A mail with a long header runs what it says.")]
    pub description: Option<String>,
    /// How severe it is.
    #[schema(example = "critical")]
    pub severity: Severity,
    /// How severe it is by the Common Vulnerability Scoring System, 0 to 10: a decimal as text.
    #[schema(value_type = Option<String>, max_length = 4, example = "9.8")]
    pub cvss_score: Option<Quantity>,
    /// The systems that have it.
    #[schema(max_items = 100)]
    #[diesel(select_expression = system_ids())]
    #[diesel(select_expression_type = SqlLiteral<Array<SqlUuid>>)]
    pub system_ids: Vec<Uuid>,
    /// The employee who deals with it.
    pub assignee_id: Option<Uuid>,
    /// The day on which it was found.
    #[schema(example = "2026-11-20")]
    pub found_on: NaiveDate,
    /// The day by which it has to be mended, by its severity.
    #[schema(example = "2026-11-27")]
    pub due_on: NaiveDate,
    /// How it was mended, or why it need not be.
    #[schema(max_length = 5000, example = json!(null))]
    pub resolution: Option<String>,
    /// Until when the risk is accepted.
    #[schema(example = json!(null))]
    pub accepted_until_on: Option<NaiveDate>,
    /// The day on which it was mended or dismissed.
    #[schema(example = json!(null))]
    pub resolved_on: Option<NaiveDate>,
    pub status: VulnerabilityStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An array whose elements Diesel would take for nullable.
fn system_ids() -> SqlLiteral<Array<SqlUuid>> {
    sql("vulnerabilities.system_ids")
}

text_enum! {
    /// Where a vulnerability stands.
    pub enum VulnerabilityStatus { Open = "open", InProgress = "in_progress", Fixed = "fixed", Accepted = "accepted", Dismissed = "dismissed" }
}

/// A vulnerability to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = vulnerabilities, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewVulnerability {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Remote code execution in the mail gateway")]
    title: String,
    /// Its number in the list of Common Vulnerabilities and Exposures; unique.
    #[schema(
        min_length = 13,
        pattern = "^CVE-[0-9]{4}-[0-9]{4,8}$",
        max_length = 18,
        example = "CVE-2026-10042"
    )]
    cve: Option<String>,
    /// What it is.
    #[schema(min_length = 1, max_length = 10000, example = "A mail with a long header runs what it says.")]
    description: Option<String>,
    /// How severe it is.
    #[schema(example = "critical")]
    severity: Severity,
    /// How severe it is by the Common Vulnerability Scoring System, 0 to 10: a decimal as text.
    #[schema(value_type = Option<String>, pattern = r"^(10(\.0)?|[0-9](\.[0-9])?)$", max_length = 4, example = "9.8")]
    cvss_score: Option<Decimal>,
    /// The systems that have it.
    #[schema(min_items = 1, max_items = 100)]
    system_ids: Vec<Uuid>,
    /// The employee who deals with it.
    assignee_id: Option<Uuid>,
    /// The day on which it was found; today, unless told.
    #[schema(example = "2026-11-20")]
    #[diesel(treat_none_as_default_value = true)]
    found_on: Option<NaiveDate>,
}

/// What of a vulnerability can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = vulnerabilities)]
#[serde(deny_unknown_fields)]
pub struct EditVulnerability {
    /// What it is called.
    #[schema(
        min_length = 1,
        max_length = 200,
        example = "Remote code execution in the mail gateway and its proxy"
    )]
    title: Option<String>,
    /// Its number in the list of Common Vulnerabilities and Exposures; unique.
    #[schema(
        min_length = 13,
        pattern = "^CVE-[0-9]{4}-[0-9]{4,8}$",
        max_length = 18,
        example = "CVE-2026-10043"
    )]
    cve: Option<Option<String>>,
    /// What it is.
    #[schema(
        min_length = 1,
        max_length = 10000,
        example = "A mail with a header of 64 KiB runs what it says."
    )]
    description: Option<Option<String>>,
    /// How severe it is.
    #[schema(example = "high")]
    severity: Option<Severity>,
    /// How severe it is by the Common Vulnerability Scoring System, 0 to 10: a decimal as text.
    #[schema(value_type = Option<String>, pattern = r"^(10(\.0)?|[0-9](\.[0-9])?)$", max_length = 4, example = "8.1")]
    cvss_score: Option<Option<Decimal>>,
    /// The systems that have it.
    #[schema(min_items = 1, max_items = 100)]
    system_ids: Option<Vec<Uuid>>,
    /// The employee who deals with it.
    assignee_id: Option<Option<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct VulnerabilityFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<VulnerabilityStatus>,
    /// Only vulnerabilities as severe as this.
    #[param(inline)]
    severity: Option<Severity>,
    /// Only the one with this number.
    #[param(min_length = 1, max_length = 100)]
    cve: Option<String>,
    /// Only vulnerabilities that this employee deals with.
    assignee_id: Option<Uuid>,
    /// Only vulnerabilities of this system.
    system_id: Option<Uuid>,
    /// Only vulnerabilities that are not mended and should be (`true`), or only others.
    overdue: Option<bool>,
    /// Only what has to be mended by this day or later.
    due_on_from: Option<NaiveDate>,
    /// Only what has to be mended by this day or earlier.
    due_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("open", "Found."),
        ("in_progress", "Being mended."),
        ("fixed", "Mended."),
        ("accepted", "Lived with, until a day; then it is open again."),
        ("dismissed", "It is none, or none here."),
    ],
    steps: &[
        Step { action: "start", from: &["open"], to: "in_progress", verb: "run" },
        Step { action: "fix", from: &["open", "in_progress"], to: "fixed", verb: "run" },
        Step { action: "accept", from: &["open", "in_progress"], to: "accepted", verb: "approve" },
        Step { action: "dismiss", from: &["open", "in_progress"], to: "dismissed", verb: "run" },
        Step {
            action: "reopen",
            from: &["in_progress", "fixed", "accepted", "dismissed"],
            to: "open",
            verb: "run",
        },
    ],
};

impl Named for Vulnerability {
    const NAME: &'static str = "vulnerabilities";
}

impl Resource for Vulnerability {
    const PATH: &'static str = "/v1/vulnerabilities";
    const SINGULAR: &'static str = "vulnerability";
    const TAG: &'static str = "Security";
    const SORT: &'static [SortKey] = &[SortKey::day("due_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "due_on";
    type Filter = VulnerabilityFilter;

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

impl Stored for Vulnerability {
    type Table = vulnerabilities::table;
    const TABLE: &'static str = "vulnerabilities";
    const SEARCHED: &'static [&'static str] = &["title", "cve"];

    fn narrow(rows: Rows<Self>, by: VulnerabilityFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(vulnerabilities::status.eq(status))).when(by.severity, |rows, severity| rows.filter(vulnerabilities::severity.eq(severity))).when(by.cve, |rows, cve| rows.filter(vulnerabilities::cve.eq(cve))).when(by.assignee_id, |rows, assignee_id| rows.filter(vulnerabilities::assignee_id.eq(assignee_id))).when(by.system_id, |rows, system_id| rows.filter(sql::<Bool>("vulnerabilities.id in (select resource_id from affected_systems where org_id = (select current_org()) and system_id = ").bind::<SqlUuid, _>(system_id).sql(")"))).when(by.overdue, |rows, overdue| rows.filter(sql::<Bool>("(vulnerabilities.status in ('open', 'in_progress') and vulnerabilities.due_on < (select today_utc()))").eq(overdue))).when(by.due_on_from, |rows, due_on_from| rows.filter(vulnerabilities::due_on.ge(due_on_from))).when(by.due_on_to, |rows, due_on_to| rows.filter(vulnerabilities::due_on.le(due_on_to)))
    }
}

impl Written for Vulnerability {
    type New = NewVulnerability;
    type Edit = EditVulnerability;
}

/// Start to mend a vulnerability
///
/// Somebody is at it from now on.
#[utoipa::path(post, path = "/v1/vulnerabilities/{id}/start", tag = "Security")]
async fn start_vulnerability(may: May<Run, Vulnerability>, id: Id<Vulnerability>) -> Reply<Vulnerability> {
    step(may, id, "start").await
}

/// What became of a vulnerability.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndVulnerabilityRequest {
    /// How it was mended, or why it is none.
    #[schema(min_length = 1, max_length = 5000, example = "Upgraded to 4.2.1.")]
    resolution: String,
}

/// Report that a vulnerability is mended
///
/// It is mended on all systems that had it.
#[utoipa::path(post, path = "/v1/vulnerabilities/{id}/fix", tag = "Security")]
async fn fix_vulnerability(
    may: May<Run, Vulnerability>,
    id: Id<Vulnerability>,
    told: Input<EndVulnerabilityRequest>,
) -> Reply<Vulnerability> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            vulnerabilities::status.eq(LIFE.step(row.status.as_str(), "fix")?),
            vulnerabilities::resolution.eq(&told.0.resolution),
        );
        let one = vulnerabilities::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Vulnerability::as_returning()).get_result(db).await?)
    })
    .await
}

/// Why a risk is lived with, and until when.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptVulnerabilityRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 5000, example = "The gateway is reached from inside alone.")]
    resolution: String,
    /// The last day.
    #[schema(example = "2099-12-31")]
    accepted_until_on: NaiveDate,
}

/// Accept a vulnerability
///
/// The risk is lived with until a day, for a reason. From the day after it is open again.
#[utoipa::path(post, path = "/v1/vulnerabilities/{id}/accept", tag = "Security")]
async fn accept_vulnerability(
    may: May<Approve, Vulnerability>,
    id: Id<Vulnerability>,
    told: Input<AcceptVulnerabilityRequest>,
) -> Reply<Vulnerability> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            vulnerabilities::status.eq(LIFE.step(row.status.as_str(), "accept")?),
            vulnerabilities::resolution.eq(&told.0.resolution),
            vulnerabilities::accepted_until_on.eq(told.0.accepted_until_on),
        );
        let one = vulnerabilities::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Vulnerability::as_returning()).get_result(db).await?)
    })
    .await
}

/// Dismiss a vulnerability
///
/// It is none, or none here.
#[utoipa::path(post, path = "/v1/vulnerabilities/{id}/dismiss", tag = "Security")]
async fn dismiss_vulnerability(
    may: May<Run, Vulnerability>,
    id: Id<Vulnerability>,
    told: Input<EndVulnerabilityRequest>,
) -> Reply<Vulnerability> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            vulnerabilities::status.eq(LIFE.step(row.status.as_str(), "dismiss")?),
            vulnerabilities::resolution.eq(&told.0.resolution),
        );
        let one = vulnerabilities::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Vulnerability::as_returning()).get_result(db).await?)
    })
    .await
}

/// Reopen a vulnerability
///
/// It is there after all.
#[utoipa::path(post, path = "/v1/vulnerabilities/{id}/reopen", tag = "Security")]
async fn reopen_vulnerability(may: May<Run, Vulnerability>, id: Id<Vulnerability>) -> Reply<Vulnerability> {
    step(may, id, "reopen").await
}

pub fn routes(api: &mut Api) {
    api.readable::<Vulnerability>()
        .creatable::<Vulnerability>()
        .changeable::<Vulnerability>()
        .deletable::<Vulnerability>()
        .call(operation!(start_vulnerability))
        .call(operation!(fix_vulnerability))
        .call(operation!(accept_vulnerability))
        .call(operation!(dismiss_vulnerability))
        .call(operation!(reopen_vulnerability));
}
