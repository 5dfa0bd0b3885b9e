//! The timeline of an incident: what happened and what was done, entry by entry. What was written stays.

use platform::prelude::*;
use schema::security_incident_entries;

/// Something that happened in an incident, or that was done about it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = security_incident_entries)]
pub struct SecurityIncidentEntry {
    pub id: Uuid,
    pub version: i64,
    /// The incident.
    pub incident_id: Uuid,
    /// When it was.
    #[schema(example = "2026-11-20T08:45:00Z")]
    pub happened_at: DateTime<Utc>,
    /// What it was.
    #[schema(max_length = 5000, example = "Told the bank to pay nothing to that account.")]
    pub text: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A security incident entry to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = security_incident_entries)]
#[serde(deny_unknown_fields)]
pub struct NewSecurityIncidentEntry {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The incident.
    incident_id: Uuid,
    /// When it was.
    #[schema(example = "2026-11-20T08:45:00Z")]
    happened_at: DateTime<Utc>,
    /// What it was.
    #[schema(min_length = 1, max_length = 5000, example = "Told the bank to pay nothing to that account.")]
    text: String,
}

/// Nothing of a security incident entry can be changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = security_incident_entries)]
#[serde(deny_unknown_fields)]
pub struct EditSecurityIncidentEntry {
    #[serde(skip)]
    text: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SecurityIncidentEntryFilter {
    /// Only entries of this incident.
    incident_id: Option<Uuid>,
    /// Only what happened then or later.
    happened_at_from: Option<DateTime<Utc>>,
    /// Only what happened then or earlier.
    happened_at_to: Option<DateTime<Utc>>,
}

impl Named for SecurityIncidentEntry {
    const NAME: &'static str = "security-incident-entries";
}

impl Resource for SecurityIncidentEntry {
    const PATH: &'static str = "/v1/security-incident-entries";
    const SINGULAR: &'static str = "security_incident_entry";
    const TAG: &'static str = "Security";
    const SORT: &'static [SortKey] = &[SortKey::instant("happened_at"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "happened_at";
    type Filter = SecurityIncidentEntryFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for SecurityIncidentEntry {
    type Table = security_incident_entries::table;
    const TABLE: &'static str = "security_incident_entries";
    const SEARCHED: &'static [&'static str] = &["text"];

    fn narrow(rows: Rows<Self>, by: SecurityIncidentEntryFilter) -> Rows<Self> {
        rows.when(by.incident_id, |rows, incident_id| {
            rows.filter(security_incident_entries::incident_id.eq(incident_id))
        })
        .when(by.happened_at_from, |rows, happened_at_from| {
            rows.filter(security_incident_entries::happened_at.ge(happened_at_from))
        })
        .when(by.happened_at_to, |rows, happened_at_to| {
            rows.filter(security_incident_entries::happened_at.le(happened_at_to))
        })
    }
}

impl Written for SecurityIncidentEntry {
    type New = NewSecurityIncidentEntry;
    type Edit = EditSecurityIncidentEntry;
}

pub fn routes(api: &mut Api) {
    api.readable::<SecurityIncidentEntry>().creatable::<SecurityIncidentEntry>();
}
