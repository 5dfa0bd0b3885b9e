//! Webhook deliveries: what was sent to whom, how often, and what came back. Kept for thirty days after they were made.
use crate::endpoints::WebhookEndpoint;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::CONFLICT;
use schema::webhook_deliveries;

/// A webhook to one endpoint.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
pub struct WebhookDelivery {
    pub id: Uuid,
    pub version: i64,
    /// To which endpoint.
    pub webhook_endpoint_id: Uuid,
    /// Of which event; it is the `webhook-id` of every attempt.
    pub event_id: Uuid,
    /// What happened.
    #[schema(max_length = 100, example = "employee.active")]
    pub event_type: String,
    /// The kind of resource, as in its path.
    #[schema(max_length = 100, example = "employees")]
    pub resource: String,
    /// Which one.
    pub resource_id: Uuid,
    /// The version that the change made.
    #[schema(minimum = 1)]
    pub resource_version: i64,
    /// When it happened.
    pub happened_at: DateTime<Utc>,
    pub status: WebhookDeliveryStatus,
    /// How often it was sent.
    #[schema(minimum = 0, example = 1)]
    pub attempts: i32,
    /// When it is sent next, unless another of the same resource has to go first; null where it is over.
    #[schema(example = json!(null))]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it was sent last.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// The body that is sent.
    #[schema(
        max_length = 2000,
        example = r#"{"type":"employee.active","timestamp":"2026-03-02T08:00:00.000000Z","data":{"event_id":"01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f","resource":"employees","resource_id":"01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e60","version":2}}"#
    )]
    #[diesel(select_expression = sent())]
    #[diesel(select_expression_type = SqlLiteral<Text>)]
    pub sent: String,
    /// The status that the receiver answered last; null where it did not answer.
    #[schema(minimum = 100, maximum = 999, example = 204)]
    pub answer_status: Option<i16>,
    /// The beginning of what it answered.
    #[schema(max_length = 1000, example = json!(null))]
    pub answer: Option<String>,
    /// Why the last attempt failed; null where it did not.
    #[schema(max_length = 500, example = json!(null))]
    pub failure: Option<String>,
    /// Milliseconds that the last attempt took.
    #[schema(minimum = 0, example = 42)]
    pub took_ms: Option<i32>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

fn sent() -> SqlLiteral<Text> {
    sql("webhook_payload(webhook_deliveries.event_type, webhook_deliveries.happened_at, webhook_deliveries.event_id,
        webhook_deliveries.resource, webhook_deliveries.resource_id, webhook_deliveries.resource_version)")
}

text_enum! {
    /// Where a delivery stands.
    pub enum WebhookDeliveryStatus {
        Pending = "pending",
        Retrying = "retrying",
        Delivered = "delivered",
        Failed = "failed",
    }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct WebhookDeliveryFilter {
    /// Only deliveries in this state.
    #[param(inline)]
    status: Option<WebhookDeliveryStatus>,
    /// Only deliveries to this endpoint.
    webhook_endpoint_id: Option<Uuid>,
    /// Only deliveries of what happened to this resource.
    resource_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("pending", "It waits for its turn, or for another of the same resource that has to go first."),
        ("retrying", "It was sent and not taken; `next_attempt_at` says when it is sent again."),
        ("delivered", "The receiver answered with a status of success."),
        ("failed", "It was sent for three days and never taken. What came after it goes on without it."),
    ],
    steps: &[Step {
        action: "resend",
        from: &["retrying", "delivered", "failed"],
        to: "pending",
        verb: "write",
    }],
};

impl Named for WebhookDelivery {
    const NAME: &'static str = "webhook-deliveries";
}

impl Resource for WebhookDelivery {
    const PATH: &'static str = "/v1/webhook-deliveries";
    const SINGULAR: &'static str = "webhook_delivery";
    const TAG: &'static str = "Events";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = WebhookDeliveryFilter;

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

impl Stored for WebhookDelivery {
    type Table = webhook_deliveries::table;
    const TABLE: &'static str = "webhook_deliveries";
    const SEARCHED: &'static [&'static str] = &["event_type", "failure"];

    fn narrow(rows: Rows<Self>, by: WebhookDeliveryFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(webhook_deliveries::status.eq(status)))
            .when(by.webhook_endpoint_id, |rows, id| {
                rows.filter(webhook_deliveries::webhook_endpoint_id.eq(id))
            })
            .when(by.resource_id, |rows, id| rows.filter(webhook_deliveries::resource_id.eq(id)))
    }
}

diesel::define_sql_function! {
    fn resend_webhook(delivery: SqlUuid) -> Bool;
}

impl WebhookDelivery {
    /// Something that did not happen, told to the endpoint to try it.
    pub(crate) async fn test(db: &mut Db, endpoint: &WebhookEndpoint) -> Result<Self> {
        use webhook_deliveries as column;
        let made = diesel::insert_into(webhook_deliveries::table)
            .values((
                column::id.eq(Uuid::now_v7()),
                column::webhook_endpoint_id.eq(endpoint.id),
                column::event_id.eq(Uuid::now_v7()),
                column::event_type.eq("webhook_endpoint.test"),
                column::resource.eq(WebhookEndpoint::NAME),
                column::resource_id.eq(endpoint.id),
                column::resource_version.eq(endpoint.version),
                column::happened_at.eq(diesel::dsl::now),
                column::transaction.eq(0),
                column::sequence.eq(0),
                column::status.eq("pending"),
                column::next_attempt_at.eq(sql::<Nullable<Timestamptz>>("now()")),
            ))
            .returning(Self::as_returning())
            .get_result(db)
            .await?;
        Ok(made)
    }
}

/// Read a webhook delivery
///
/// What was sent, how often, and what came back.
#[utoipa::path(get, path = "/v1/webhook-deliveries/{id}", tag = "Events")]
async fn get_webhook_delivery(
    may: May<Read, WebhookDelivery>,
    id: Id<WebhookDelivery>,
) -> Reply<WebhookDelivery> {
    may.read(async |db| WebhookDelivery::find(db, id.0).await).await?.answer(may.grants())
}

/// Send a webhook again
///
/// Under the same id, with all its attempts. What happens to the same resource meanwhile is told after it.
#[utoipa::path(post, path = "/v1/webhook-deliveries/{id}/resend", tag = "Events")]
async fn resend_webhook_delivery(
    may: May<Write, WebhookDelivery>,
    id: Id<WebhookDelivery>,
) -> Reply<WebhookDelivery> {
    may.write(async |db| {
        let delivery = lock(&may, db, &id).await?;
        let status = LIFE.step(delivery.status.as_str(), "resend")?;
        if !diesel::select(resend_webhook(delivery.id)).get_result::<bool>(db).await? {
            return Err(CONFLICT.because("The endpoint that it was sent to is there no more."));
        }
        let one = webhook_deliveries::table.find((db.organization(), delivery.id));
        let again = diesel::update(one).set((
            webhook_deliveries::status.eq(status),
            webhook_deliveries::attempts.eq(0),
            webhook_deliveries::next_attempt_at.eq(sql::<Nullable<Timestamptz>>("now()")),
            webhook_deliveries::version.eq(delivery.version + 1),
            webhook_deliveries::updated_at.eq(diesel::dsl::now),
        ));
        Ok(again.returning(WebhookDelivery::as_returning()).get_result(db).await?)
    })
    .await
}

/// What was sent.
pub fn routes(api: &mut Api) {
    api.listable::<WebhookDelivery>()
        .happens::<WebhookDelivery>()
        .call(operation!(get_webhook_delivery))
        .tell_life::<WebhookDelivery>()
        .call(operation!(resend_webhook_delivery));
}
