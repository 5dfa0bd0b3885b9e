//! Service requests: who asked for what, for whom; approved where the service asks for that, and done when the tasks are that were made for it. What checklists
//! of those who come ask for arrives here, too.

use crate::forms::{answers_schema, faults_of_answers};
use platform::prelude::*;
use schema::{service_requests, services};
use serde_json::Value;

/// Something that was asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = service_requests)]
pub struct ServiceRequest {
    pub id: Uuid,
    pub version: i64,
    /// The number that people quote; unique.
    #[schema(max_length = 40, example = "REQ-00042")]
    pub number: String,
    /// What was asked for.
    pub service_id: Uuid,
    /// The employee who asks; null where a program does.
    pub requester_id: Option<Uuid>,
    /// The employee for whom it is.
    pub for_employee_id: Option<Uuid>,
    #[schema(schema_with = answers_schema)]
    pub answers: Value,
    /// What was said with it.
    #[schema(max_length = 2000, example = "The old one is broken.")]
    pub note: Option<String>,
    /// The day by which it is needed.
    #[schema(example = "2026-12-14")]
    pub needed_on: Option<NaiveDate>,
    /// What came of it, or why nothing did.
    #[schema(max_length = 2000, example = json!(null))]
    pub outcome: Option<String>,
    /// When it was over.
    #[schema(example = json!(null))]
    pub done_at: Option<DateTime<Utc>>,
    pub status: ServiceRequestStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a request stands.
    pub enum ServiceRequestStatus {
        WaitingForApproval = "waiting_for_approval", InFulfilment = "in_fulfilment", Done = "done", Rejected = "rejected", Cancelled = "cancelled"
    }
}

/// Something to be asked for.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = service_requests)]
#[serde(deny_unknown_fields)]
pub struct NewServiceRequest {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What is asked for.
    service_id: Uuid,
    /// The employee for whom it is; whoever asks, unless told.
    #[schema(example = json!(null))]
    for_employee_id: Option<Uuid>,
    #[schema(schema_with = answers_schema)]
    answers: Value,
    /// What is said with it.
    #[schema(min_length = 1, max_length = 2000, example = "The old one is broken.")]
    note: Option<String>,
    /// The day by which it is needed.
    #[schema(example = "2026-12-14")]
    needed_on: Option<NaiveDate>,
    /// The database goes on where no policy asks for an approval.
    #[serde(skip, default = "waiting")]
    status: ServiceRequestStatus,
}

fn waiting() -> ServiceRequestStatus {
    ServiceRequestStatus::WaitingForApproval
}

/// Nothing of what was asked for can be changed: it is cancelled, and asked for anew.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = service_requests)]
#[serde(deny_unknown_fields)]
pub struct EditServiceRequest {
    #[serde(skip)]
    outcome: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ServiceRequestFilter {
    /// Only requests in this state.
    #[param(inline)]
    status: Option<ServiceRequestStatus>,
    /// Only the request with this number.
    #[param(min_length = 1, max_length = 40)]
    number: Option<String>,
    /// Only requests for this service.
    service_id: Option<Uuid>,
    /// Only what this employee asked for.
    requester_id: Option<Uuid>,
    /// Only what is for this employee.
    for_employee_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("waiting_for_approval", "Somebody has to say yes first."),
        ("in_fulfilment", "It is being done."),
        ("done", "Done."),
        ("rejected", "It will not be done."),
        ("cancelled", "Whoever asked does not want it any more."),
    ],
    steps: &[
        Step {
            action: "cancel",
            from: &["waiting_for_approval", "in_fulfilment"],
            to: "cancelled",
            verb: "write",
        },
        Step { action: "complete", from: &["in_fulfilment"], to: "done", verb: "run" },
        Step { action: "reject", from: &["in_fulfilment"], to: "rejected", verb: "run" },
    ],
};

impl Named for ServiceRequest {
    const NAME: &'static str = "service-requests";
}

impl Resource for ServiceRequest {
    const PATH: &'static str = "/v1/service-requests";
    const SINGULAR: &'static str = "service_request";
    const TAG: &'static str = "Service catalogue";
    const SORT: &'static [SortKey] = &[SortKey::text("number"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = ServiceRequestFilter;

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
        self.requester_id
    }
}

impl Stored for ServiceRequest {
    type Table = service_requests::table;
    const TABLE: &'static str = "service_requests";
    const SEARCHED: &'static [&'static str] = &["number", "note"];

    fn narrow(rows: Rows<Self>, by: ServiceRequestFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(service_requests::status.eq(status)))
            .when(by.number, |rows, number| rows.filter(service_requests::number.eq(number)))
            .when(by.service_id, |rows, id| rows.filter(service_requests::service_id.eq(id)))
            .when(by.requester_id, |rows, id| rows.filter(service_requests::requester_id.eq(id)))
            .when(by.for_employee_id, |rows, id| rows.filter(service_requests::for_employee_id.eq(id)))
    }
}

impl Written for ServiceRequest {
    type New = NewServiceRequest;
    type Edit = EditServiceRequest;

    async fn check_new(db: &mut Db, new: &NewServiceRequest) -> Result<()> {
        let form = services::table.find((db.organization(), new.service_id)).select(services::form);
        let form: Option<Value> = form.get_result(db).await.optional()?;
        // Where there is no such service, the key says so.
        let faults = match (form, new.answers.as_object()) {
            (Some(form), Some(answers)) => faults_of_answers(&form, answers),
            _ => Vec::new(),
        };
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }
}

async fn end(
    db: &mut Db,
    request: &ServiceRequest,
    action: &str,
    outcome: Option<&str>,
) -> Result<ServiceRequest> {
    let ended = (
        service_requests::status.eq(LIFE.step(request.status.as_str(), action)?),
        service_requests::outcome.eq(outcome),
    );
    let one = service_requests::table.find((db.organization(), request.id));
    Ok(diesel::update(one).set(ended).returning(ServiceRequest::as_returning()).get_result(db).await?)
}

/// Why a request comes to nothing.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndServiceRequestRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "The old one was repaired.")]
    reason: String,
}

/// Cancel a service request
///
/// It is not wanted any more: what is open of its tasks is rejected, and nobody has to approve it.
#[utoipa::path(post, path = "/v1/service-requests/{id}/cancel", tag = "Service catalogue")]
async fn cancel_service_request(
    may: May<Write, ServiceRequest>,
    id: Id<ServiceRequest>,
    why: Input<EndServiceRequestRequest>,
) -> Reply<ServiceRequest> {
    may.write(async |db| {
        let request = lock(&may, db, &id).await?;
        end(db, &request, "cancel", Some(&why.0.reason)).await
    })
    .await
}

/// What came of a request.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteServiceRequestRequest {
    /// What came of it.
    #[schema(min_length = 1, max_length = 2000, example = "It is at the reception.")]
    outcome: Option<String>,
}

/// Complete a service request
///
/// It is done, where nothing of its tasks is open: with the last of them that happens by itself, so this is for services without any.
#[utoipa::path(post, path = "/v1/service-requests/{id}/complete", tag = "Service catalogue")]
async fn complete_service_request(
    may: May<Run, ServiceRequest>,
    id: Id<ServiceRequest>,
    what: Input<CompleteServiceRequestRequest>,
) -> Reply<ServiceRequest> {
    may.write(async |db| {
        let request = lock(&may, db, &id).await?;
        end(db, &request, "complete", what.0.outcome.as_deref()).await
    })
    .await
}

/// Reject a service request
///
/// It will not be done: what is open of its tasks is rejected.
#[utoipa::path(post, path = "/v1/service-requests/{id}/reject", tag = "Service catalogue")]
async fn reject_service_request(
    may: May<Run, ServiceRequest>,
    id: Id<ServiceRequest>,
    why: Input<EndServiceRequestRequest>,
) -> Reply<ServiceRequest> {
    may.write(async |db| {
        let request = lock(&may, db, &id).await?;
        end(db, &request, "reject", Some(&why.0.reason)).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<ServiceRequest>()
        .creatable::<ServiceRequest>()
        .call(operation!(cancel_service_request))
        .call(operation!(complete_service_request))
        .call(operation!(reject_service_request));
}
