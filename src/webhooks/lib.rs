//! Webhooks: what happened, told to other programs as it happens, signed after Standard Webhooks. They never say more than
//! who, what and when: the receiver reads the rest with permissions of its own.
mod deliveries;
mod dispatch;
mod endpoints;
mod letter;
mod send;
mod signature;

use platform::prelude::*;

/// What is sent to a webhook endpoint.
#[derive(Serialize, ToSchema)]
pub struct WebhookPayload {
    /// What happened: `<resource>.created`, `.updated`, `.deleted`, or the new status.
    #[schema(max_length = 100, example = "employee.active")]
    r#type: String,
    /// When it happened; when this was sent stands in `webhook-timestamp`.
    timestamp: DateTime<Utc>,
    /// To what it happened.
    data: WebhookPayloadData,
}

/// To what it happened.
#[derive(Serialize, ToSchema)]
pub struct WebhookPayloadData {
    /// The event, as in `GET /v1/events`; the same in `webhook-id`.
    event_id: Uuid,
    /// The kind of resource, as in its path.
    #[schema(max_length = 100, example = "employees")]
    resource: String,
    /// Which one: read it at `/v1/<resource>/<resource_id>`.
    resource_id: Uuid,
    /// The version that the change made. What is read may be newer.
    #[schema(minimum = 1)]
    version: i64,
}

/// Where events are told to, what was told, and the loop that tells it.
pub fn routes(api: &mut Api) {
    endpoints::routes(api);
    deliveries::routes(api);
    api.tells::<WebhookPayload>().worker(dispatch::work);
}
