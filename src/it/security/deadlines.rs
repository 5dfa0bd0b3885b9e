//! Deadlines: within how many hours incidents are contained and within how many days vulnerabilities mended, by severity. One set is active; without one it is as usual.

use platform::prelude::*;
use schema::security_deadlines;

/// Within which time what is so severe is dealt with.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = security_deadlines)]
pub struct SecurityDeadline {
    pub id: Uuid,
    pub version: i64,
    /// What the set is called; unique.
    #[schema(max_length = 100, example = "Strict")]
    pub name: String,
    /// Within how many hours an incident of the severity `low` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 168)]
    pub incident_low_hours: i32,
    /// Within how many hours an incident of the severity `medium` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 72)]
    pub incident_medium_hours: i32,
    /// Within how many hours an incident of the severity `high` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 24)]
    pub incident_high_hours: i32,
    /// Within how many hours an incident of the severity `critical` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 2)]
    pub incident_critical_hours: i32,
    /// Within how many days a vulnerability of the severity `low` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 180)]
    pub vulnerability_low_days: i32,
    /// Within how many days a vulnerability of the severity `medium` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 60)]
    pub vulnerability_medium_days: i32,
    /// Within how many days a vulnerability of the severity `high` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 14)]
    pub vulnerability_high_days: i32,
    /// Within how many days a vulnerability of the severity `critical` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 3)]
    pub vulnerability_critical_days: i32,
    pub status: SecurityDeadlineStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// How severe something is.
    pub enum Severity { Low = "low", Medium = "medium", High = "high", Critical = "critical" }
}

text_enum! {
    /// Whether a set is asked.
    pub enum SecurityDeadlineStatus { Inactive = "inactive", Active = "active" }
}

/// A set of deadlines of one's own. Without an active one, incidents are contained within 4, 24, 72 and 168 hours, the most severe first, and vulnerabilities mended within 7, 30, 90 and 180 days.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = security_deadlines)]
#[serde(deny_unknown_fields)]
pub struct NewSecurityDeadline {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What the set is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Strict")]
    name: String,
    /// Within how many hours an incident of the severity `low` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 168)]
    incident_low_hours: i32,
    /// Within how many hours an incident of the severity `medium` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 72)]
    incident_medium_hours: i32,
    /// Within how many hours an incident of the severity `high` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 24)]
    incident_high_hours: i32,
    /// Within how many hours an incident of the severity `critical` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 2)]
    incident_critical_hours: i32,
    /// Within how many days a vulnerability of the severity `low` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 180)]
    vulnerability_low_days: i32,
    /// Within how many days a vulnerability of the severity `medium` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 60)]
    vulnerability_medium_days: i32,
    /// Within how many days a vulnerability of the severity `high` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 14)]
    vulnerability_high_days: i32,
    /// Within how many days a vulnerability of the severity `critical` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 3)]
    vulnerability_critical_days: i32,
}

/// What of a security deadline can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = security_deadlines)]
#[serde(deny_unknown_fields)]
pub struct EditSecurityDeadline {
    /// What the set is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Stricter")]
    name: Option<String>,
    /// Within how many hours an incident of the severity `low` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 84)]
    incident_low_hours: Option<i32>,
    /// Within how many hours an incident of the severity `medium` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 36)]
    incident_medium_hours: Option<i32>,
    /// Within how many hours an incident of the severity `high` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 12)]
    incident_high_hours: Option<i32>,
    /// Within how many hours an incident of the severity `critical` is contained.
    #[schema(minimum = 1, maximum = 8784, example = 1)]
    incident_critical_hours: Option<i32>,
    /// Within how many days a vulnerability of the severity `low` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 91)]
    vulnerability_low_days: Option<i32>,
    /// Within how many days a vulnerability of the severity `medium` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 31)]
    vulnerability_medium_days: Option<i32>,
    /// Within how many days a vulnerability of the severity `high` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 8)]
    vulnerability_high_days: Option<i32>,
    /// Within how many days a vulnerability of the severity `critical` is mended.
    #[schema(minimum = 1, maximum = 3660, example = 2)]
    vulnerability_critical_days: Option<i32>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SecurityDeadlineFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<SecurityDeadlineStatus>,
}

static LIFE: Life = Life {
    states: &[
        ("inactive", "Kept, and not asked."),
        ("active", "Says by when incidents and vulnerabilities are dealt with from now on."),
    ],
    steps: &[
        Step { action: "activate", from: &["inactive"], to: "active", verb: "write" },
        Step { action: "deactivate", from: &["active"], to: "inactive", verb: "write" },
    ],
};

impl Named for SecurityDeadline {
    const NAME: &'static str = "security-deadlines";
}

impl Resource for SecurityDeadline {
    const PATH: &'static str = "/v1/security-deadlines";
    const SINGULAR: &'static str = "security_deadline";
    const TAG: &'static str = "Security";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = SecurityDeadlineFilter;

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

impl Stored for SecurityDeadline {
    type Table = security_deadlines::table;
    const TABLE: &'static str = "security_deadlines";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: SecurityDeadlineFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(security_deadlines::status.eq(status)))
    }
}

impl Written for SecurityDeadline {
    type New = NewSecurityDeadline;
    type Edit = EditSecurityDeadline;
}

/// Activate security deadlines
///
/// They hold for what is reported or changed from now on; those that did so until now are inactive.
#[utoipa::path(post, path = "/v1/security-deadlines/{id}/activate", tag = "Security")]
async fn activate_security_deadline(
    may: May<Write, SecurityDeadline>,
    id: Id<SecurityDeadline>,
) -> Reply<SecurityDeadline> {
    step(may, id, "activate").await
}

/// Deactivate security deadlines
///
/// Deadlines are as usual again.
#[utoipa::path(post, path = "/v1/security-deadlines/{id}/deactivate", tag = "Security")]
async fn deactivate_security_deadline(
    may: May<Write, SecurityDeadline>,
    id: Id<SecurityDeadline>,
) -> Reply<SecurityDeadline> {
    step(may, id, "deactivate").await
}

pub fn routes(api: &mut Api) {
    api.readable::<SecurityDeadline>()
        .creatable::<SecurityDeadline>()
        .changeable::<SecurityDeadline>()
        .deletable::<SecurityDeadline>()
        .call(operation!(activate_security_deadline))
        .call(operation!(deactivate_security_deadline));
}
