//! Security incidents: what happened, to which systems, how it was contained and what was learnt. Whoever reports one in confidence is named nowhere.

use crate::deadlines::Severity;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::Bool;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use platform::prelude::*;
use schema::security_incidents;

/// Something that happened to the security of systems or data.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = security_incidents)]
pub struct SecurityIncident {
    pub id: Uuid,
    pub version: i64,
    /// What it is called.
    #[schema(max_length = 200, example = "Invoices with another bank account")]
    pub title: String,
    /// What was seen.
    #[schema(max_length = 10000, example = "A supplier asked by mail to pay to another account.")]
    pub description: String,
    /// What kind of incident it is.
    #[schema(example = "phishing")]
    pub category: IncidentCategory,
    /// How severe it is.
    #[schema(example = "medium")]
    pub severity: Severity,
    /// The systems that it is about.
    #[schema(max_items = 100)]
    #[diesel(select_expression = system_ids())]
    #[diesel(select_expression_type = SqlLiteral<Array<SqlUuid>>)]
    pub system_ids: Vec<Uuid>,
    /// The employee who told of it; null in confidence.
    pub reporter_id: Option<Uuid>,
    /// Whether nobody is told who told of it.
    #[schema(example = false)]
    pub is_confidential: bool,
    /// The employee who deals with it.
    pub assignee_id: Option<Uuid>,
    /// When it was noticed.
    #[schema(example = "2026-11-20T08:30:00Z")]
    pub detected_at: DateTime<Utc>,
    /// By when it has to be contained.
    #[schema(example = "2026-11-23T08:30:00Z")]
    pub due_at: DateTime<Utc>,
    /// Of a breach of personal data, by when the authority has to be told (GDPR article 33 (1)): 72 hours after it was noticed.
    #[schema(example = json!(null))]
    pub notification_due_at: Option<DateTime<Utc>>,
    /// How it was contained.
    #[schema(max_length = 10000, example = json!(null))]
    pub containment: Option<String>,
    /// When it was contained.
    #[schema(example = json!(null))]
    pub contained_at: Option<DateTime<Utc>>,
    /// How it was mended.
    #[schema(max_length = 10000, example = json!(null))]
    pub resolution: Option<String>,
    /// When it was mended.
    #[schema(example = json!(null))]
    pub resolved_at: Option<DateTime<Utc>>,
    /// What was learnt from it.
    #[schema(max_length = 10000, example = json!(null))]
    pub lessons: Option<String>,
    /// Why it was none.
    #[schema(max_length = 500, example = json!(null))]
    pub dismissal_reason: Option<String>,
    pub status: SecurityIncidentStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An array whose elements Diesel would take for nullable.
fn system_ids() -> SqlLiteral<Array<SqlUuid>> {
    sql("security_incidents.system_ids")
}

text_enum! {
    /// What kind of incident it is.
    pub enum IncidentCategory { Phishing = "phishing", Malware = "malware", DataBreach = "data_breach", LostDevice = "lost_device", UnauthorizedAccess = "unauthorized_access", DenialOfService = "denial_of_service", Other = "other" }
}

text_enum! {
    /// Where a security incident stands.
    pub enum SecurityIncidentStatus { Reported = "reported", Investigating = "investigating", Contained = "contained", Resolved = "resolved", Closed = "closed", Dismissed = "dismissed" }
}

/// An incident to be told of.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = security_incidents, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewSecurityIncident {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Invoices with another bank account")]
    title: String,
    /// What was seen.
    #[schema(
        min_length = 1,
        max_length = 10000,
        example = "A supplier asked by mail to pay to another account."
    )]
    description: String,
    /// What kind of incident it is.
    #[schema(example = "phishing")]
    category: IncidentCategory,
    /// How severe it is.
    #[schema(example = "medium")]
    severity: Severity,
    /// The systems that it is about.
    #[schema(max_items = 100)]
    #[diesel(treat_none_as_default_value = true)]
    system_ids: Option<Vec<Uuid>>,
    /// The employee who told of it; whoever calls, unless told. Left out in confidence.
    reporter_id: Option<Uuid>,
    /// Whether nobody is told who told of it: no answer, list, history, event or export names them. They themselves can follow it.
    #[schema(example = false)]
    #[diesel(treat_none_as_default_value = true)]
    is_confidential: Option<bool>,
    /// The employee who deals with it.
    assignee_id: Option<Uuid>,
    /// When it was noticed; now, unless told.
    #[schema(example = "2026-11-20T08:30:00Z")]
    #[diesel(treat_none_as_default_value = true)]
    detected_at: Option<DateTime<Utc>>,
}

/// What of a security incident can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = security_incidents)]
#[serde(deny_unknown_fields)]
pub struct EditSecurityIncident {
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Invoices with a forged bank account")]
    title: Option<String>,
    /// What was seen.
    #[schema(
        min_length = 1,
        max_length = 10000,
        example = "A supplier, as it seemed, asked by mail to pay to another account."
    )]
    description: Option<String>,
    /// What kind of incident it is.
    #[schema(example = "phishing")]
    category: Option<IncidentCategory>,
    /// How severe it is.
    #[schema(example = "high")]
    severity: Option<Severity>,
    /// The systems that it is about.
    #[schema(max_items = 100)]
    system_ids: Option<Vec<Uuid>>,
    /// The employee who deals with it.
    assignee_id: Option<Option<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SecurityIncidentFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<SecurityIncidentStatus>,
    /// Only incidents of this kind.
    #[param(inline)]
    category: Option<IncidentCategory>,
    /// Only incidents as severe as this.
    #[param(inline)]
    severity: Option<Severity>,
    /// Only incidents that this employee deals with.
    assignee_id: Option<Uuid>,
    /// Only incidents of this system.
    system_id: Option<Uuid>,
    /// Only incidents that are not contained and should be (`true`), or only others.
    overdue: Option<bool>,
    /// Only incidents noticed then or later.
    detected_at_from: Option<DateTime<Utc>>,
    /// Only incidents noticed then or earlier.
    detected_at_to: Option<DateTime<Utc>>,
}

static LIFE: Life = Life {
    states: &[
        ("reported", "Told of."),
        ("investigating", "Looked into."),
        ("contained", "It spreads no further."),
        ("resolved", "Mended."),
        ("closed", "What was learnt from it is written down; it stays as it is."),
        ("dismissed", "It was none."),
    ],
    steps: &[
        Step { action: "investigate", from: &["reported"], to: "investigating", verb: "run" },
        Step { action: "contain", from: &["reported", "investigating"], to: "contained", verb: "run" },
        Step { action: "resolve", from: &["contained"], to: "resolved", verb: "run" },
        Step { action: "close", from: &["resolved"], to: "closed", verb: "run" },
        Step { action: "dismiss", from: &["reported", "investigating"], to: "dismissed", verb: "run" },
    ],
};

impl Named for SecurityIncident {
    const NAME: &'static str = "security-incidents";
}

impl Resource for SecurityIncident {
    const PATH: &'static str = "/v1/security-incidents";
    const SINGULAR: &'static str = "security_incident";
    const TAG: &'static str = "Security";
    const SORT: &'static [SortKey] = &[SortKey::instant("due_at"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "due_at";
    type Filter = SecurityIncidentFilter;

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
        self.reporter_id
    }
}

impl Stored for SecurityIncident {
    type Table = security_incidents::table;
    const TABLE: &'static str = "security_incidents";
    const SEARCHED: &'static [&'static str] = &["title", "description"];

    fn narrow(rows: Rows<Self>, by: SecurityIncidentFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(security_incidents::status.eq(status))).when(by.category, |rows, category| rows.filter(security_incidents::category.eq(category))).when(by.severity, |rows, severity| rows.filter(security_incidents::severity.eq(severity))).when(by.assignee_id, |rows, assignee_id| rows.filter(security_incidents::assignee_id.eq(assignee_id))).when(by.system_id, |rows, system_id| rows.filter(sql::<Bool>("security_incidents.id in (select resource_id from affected_systems where org_id = (select current_org()) and system_id = ").bind::<SqlUuid, _>(system_id).sql(")"))).when(by.overdue, |rows, overdue| rows.filter(sql::<Bool>("(security_incidents.contained_at is null and security_incidents.status <> 'dismissed' and security_incidents.due_at < now())").eq(overdue))).when(by.detected_at_from, |rows, detected_at_from| rows.filter(security_incidents::detected_at.ge(detected_at_from))).when(by.detected_at_to, |rows, detected_at_to| rows.filter(security_incidents::detected_at.le(detected_at_to)))
    }
}

impl Written for SecurityIncident {
    type New = NewSecurityIncident;
    type Edit = EditSecurityIncident;
}

/// Investigate a security incident
///
/// Somebody looks into it from now on.
#[utoipa::path(post, path = "/v1/security-incidents/{id}/investigate", tag = "Security")]
async fn investigate_security_incident(
    may: May<Run, SecurityIncident>,
    id: Id<SecurityIncident>,
) -> Reply<SecurityIncident> {
    step(may, id, "investigate").await
}

/// How an incident was contained.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainSecurityIncidentRequest {
    /// How it was contained.
    #[schema(min_length = 1, max_length = 10000, example = "The sender is blocked, and nothing was paid.")]
    containment: String,
}

/// Contain a security incident
///
/// It spreads no further.
#[utoipa::path(post, path = "/v1/security-incidents/{id}/contain", tag = "Security")]
async fn contain_security_incident(
    may: May<Run, SecurityIncident>,
    id: Id<SecurityIncident>,
    told: Input<ContainSecurityIncidentRequest>,
) -> Reply<SecurityIncident> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            security_incidents::status.eq(LIFE.step(row.status.as_str(), "contain")?),
            security_incidents::containment.eq(&told.0.containment),
        );
        let one = security_incidents::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(changed)
            .returning(SecurityIncident::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

/// How an incident was mended.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveSecurityIncidentRequest {
    /// How it was mended.
    #[schema(
        min_length = 1,
        max_length = 10000,
        example = "The supplier was called, the account put right."
    )]
    resolution: String,
}

/// Resolve a security incident
///
/// What it did is mended.
#[utoipa::path(post, path = "/v1/security-incidents/{id}/resolve", tag = "Security")]
async fn resolve_security_incident(
    may: May<Run, SecurityIncident>,
    id: Id<SecurityIncident>,
    told: Input<ResolveSecurityIncidentRequest>,
) -> Reply<SecurityIncident> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            security_incidents::status.eq(LIFE.step(row.status.as_str(), "resolve")?),
            security_incidents::resolution.eq(&told.0.resolution),
        );
        let one = security_incidents::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(changed)
            .returning(SecurityIncident::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

/// What was learnt from an incident.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseSecurityIncidentRequest {
    /// What was learnt.
    #[schema(min_length = 1, max_length = 10000, example = "Two people check a new bank account.")]
    lessons: String,
}

/// Close a security incident
///
/// Says what was learnt from it. It stays as it is from then on.
#[utoipa::path(post, path = "/v1/security-incidents/{id}/close", tag = "Security")]
async fn close_security_incident(
    may: May<Run, SecurityIncident>,
    id: Id<SecurityIncident>,
    learnt: Input<CloseSecurityIncidentRequest>,
) -> Reply<SecurityIncident> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            security_incidents::status.eq(LIFE.step(row.status.as_str(), "close")?),
            security_incidents::lessons.eq(&learnt.0.lessons),
        );
        let one = security_incidents::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(changed)
            .returning(SecurityIncident::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

/// Why something was no incident.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissSecurityIncidentRequest {
    /// Why it was none.
    #[schema(min_length = 1, max_length = 500, example = "It was a test of ours.")]
    reason: String,
}

/// Dismiss a security incident
///
/// It was none: it leaves the list of what is to be contained.
#[utoipa::path(post, path = "/v1/security-incidents/{id}/dismiss", tag = "Security")]
async fn dismiss_security_incident(
    may: May<Run, SecurityIncident>,
    id: Id<SecurityIncident>,
    why: Input<DismissSecurityIncidentRequest>,
) -> Reply<SecurityIncident> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            security_incidents::status.eq(LIFE.step(row.status.as_str(), "dismiss")?),
            security_incidents::dismissal_reason.eq(&why.0.reason),
        );
        let one = security_incidents::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(changed)
            .returning(SecurityIncident::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<SecurityIncident>()
        .creatable::<SecurityIncident>()
        .changeable::<SecurityIncident>()
        .call(operation!(investigate_security_incident))
        .call(operation!(contain_security_incident))
        .call(operation!(resolve_security_incident))
        .call(operation!(close_security_incident))
        .call(operation!(dismiss_security_incident));
}
