//! Webhook endpoints: where other programs are told what happened. Each has secrets that sign, two at a time, so that one is
//! replaced without a gap.
use crate::deliveries::WebhookDelivery;
use crate::signature::new_secret;
use diesel::dsl::{now, sql};
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Binary, Bool, Text, Timestamptz, Uuid as SqlUuid};
use platform::event::EventTypes;
use platform::may::app_data;
use platform::outgoing::Callable;
use platform::prelude::*;
use platform::resource::same_version;
use schema::{webhook_endpoint_secrets, webhook_endpoints};

/// Where events are told to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = webhook_endpoints)]
pub struct WebhookEndpoint {
    pub id: Uuid,
    pub version: i64,
    /// Where to: a public address over HTTPS.
    #[schema(max_length = 2000, example = "https://hooks.example/backoffice")]
    pub url: String,
    /// What it is told of: types of events, `employee.*` for all of a resource, `*` for everything.
    #[schema(value_type = Vec<EventPattern>, max_items = 100, example = json!(["employee.*"]))]
    #[diesel(select_expression = event_types())]
    #[diesel(select_expression_type = SqlLiteral<Array<Text>>)]
    pub event_types: Vec<String>,
    /// What it is for; null where nobody said.
    #[schema(max_length = 500, example = "The door system of the head office")]
    pub description: Option<String>,
    pub status: WebhookEndpointStatus,
    /// Why nothing is sent; null while it is active.
    #[schema(example = json!(null))]
    pub disabled_because: Option<WebhookDisabledBecause>,
    /// The user or API client whose permissions decide what is told: who last said where it goes or what it tells, learnt a
    /// secret, or enabled it. What they may not read in the whole organization is not sent.
    #[schema(example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    pub reads_as: Option<Uuid>,
    /// When it last got a new secret.
    pub secret_changed_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// No type in it is null, which the generated schema can not say.
fn event_types() -> SqlLiteral<Array<Text>> {
    sql("webhook_endpoints.event_types")
}

text_enum! {
    /// Whether anything is sent.
    pub enum WebhookEndpointStatus { Active = "active", Disabled = "disabled" }
}

text_enum! {
    /// Why nothing is sent: somebody asked for it, the receiver answered 410, nothing succeeded for three days, or whoever
    /// it reads as has left.
    pub enum WebhookDisabledBecause {
        AskedTo = "asked_to",
        Gone = "gone",
        Failing = "failing",
        ReaderLeft = "reader_left",
    }
}

/// A type of events, all of a resource, or everything.
#[derive(ToSchema)]
#[schema(max_length = 100, pattern = r"^(\*|[a-z][a-z_]*\.(\*|[a-z][a-z_]*))$", example = "employee.*")]
#[expect(dead_code, reason = "it tells the contract what a type of events looks like")]
pub struct EventPattern(String);

/// A webhook endpoint to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = webhook_endpoints, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewWebhookEndpoint {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Where to: a public address over HTTPS.
    #[schema(
        min_length = 8,
        max_length = 2000,
        pattern = "^https?://[!-~]+$",
        example = "https://hooks.example/backoffice"
    )]
    url: String,
    /// What it is told of: types of events, `employee.*` for all of a resource, `*` for everything.
    #[schema(value_type = Vec<EventPattern>, min_items = 1, max_items = 100, example = json!(["employee.*"]))]
    event_types: Vec<String>,
    /// What it is for.
    #[schema(min_length = 1, max_length = 500, example = "The door system of the head office")]
    description: Option<String>,
}

/// What of a webhook endpoint can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = webhook_endpoints)]
#[serde(deny_unknown_fields)]
pub struct EditWebhookEndpoint {
    /// Where to: a public address over HTTPS.
    #[schema(
        min_length = 8,
        max_length = 2000,
        pattern = "^https?://[!-~]+$",
        example = "https://hooks.example/elsewhere"
    )]
    url: Option<String>,
    /// All that it is told of from now on.
    #[schema(value_type = Option<Vec<EventPattern>>, min_items = 1, max_items = 100, example = json!(["employee.*"]))]
    event_types: Option<Vec<String>>,
    /// What it is for.
    #[schema(min_length = 1, max_length = 500, example = "The door system of the head office")]
    description: Option<Option<String>>,
}

/// A webhook endpoint with a new secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub struct IssuedWebhookSecret {
    /// The endpoint whose webhooks it signs.
    webhook_endpoint_id: Uuid,
    /// What verifies the webhooks (Standard Webhooks). Null where this answer is given again: rotate it.
    #[schema(max_length = 100, example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: Option<String>,
    /// Where they go.
    #[schema(max_length = 2000, example = "https://hooks.example/backoffice")]
    url: String,
    /// What it is told of.
    #[schema(value_type = Vec<EventPattern>, max_items = 100, example = json!(["employee.*"]))]
    event_types: Vec<String>,
    #[serde(skip)]
    version: i64,
}

impl Secret for IssuedWebhookSecret {
    const FIELD: &'static str = "secret";

    fn location(&self) -> String {
        format!("{}/{}", WebhookEndpoint::PATH, self.webhook_endpoint_id)
    }
    fn version(&self) -> i64 {
        self.version
    }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct WebhookEndpointFilter {
    /// Only endpoints in this state.
    #[param(inline)]
    status: Option<WebhookEndpointStatus>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "It is told what happens."),
        ("disabled", "Nothing is sent. What happens meanwhile waits until it is enabled."),
    ],
    steps: &[
        Step { action: "disable", from: &["active"], to: "disabled", verb: "write" },
        Step { action: "enable", from: &["disabled"], to: "active", verb: "write" },
        Step { action: "test", from: &["active"], to: "active", verb: "write" },
        Step { action: "resend_since", from: &["active"], to: "active", verb: "write" },
        Step { action: "rotate_secret", from: &["active"], to: "active", verb: "write" },
        Step { action: "retire_older_secret", from: &["active"], to: "active", verb: "write" },
    ],
};

impl Named for WebhookEndpoint {
    const NAME: &'static str = "webhook-endpoints";
}

impl Resource for WebhookEndpoint {
    const PATH: &'static str = "/v1/webhook-endpoints";
    const SINGULAR: &'static str = "webhook_endpoint";
    const TAG: &'static str = "Events";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    type Filter = WebhookEndpointFilter;

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

impl Stored for WebhookEndpoint {
    type Table = webhook_endpoints::table;
    const TABLE: &'static str = "webhook_endpoints";
    const SEARCHED: &'static [&'static str] = &["url", "description"];

    fn narrow(rows: Rows<Self>, by: WebhookEndpointFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(webhook_endpoints::status.eq(status)))
    }
}

impl Written for WebhookEndpoint {
    type New = NewWebhookEndpoint;
    type Edit = EditWebhookEndpoint;
}

/// The address may be called, and the types are those of events that there are.
fn check<V>(may: &May<V, WebhookEndpoint>, url: Option<&str>, event_types: Option<&[String]>) -> Result<()>
where
    V: Verb,
{
    let (callable, known) = (app_data::<Callable>(may.http()), app_data::<EventTypes>(may.http()));
    let mut faults: Vec<_> = url.and_then(|url| callable.check(url).err()).into_iter().collect();
    let unknown = event_types.unwrap_or_default().iter().enumerate().filter(|(_, each)| !known.has(each));
    faults.extend(unknown.map(|(index, _)| {
        Fault::at(
            format!("/event_types/{index}"),
            "no-such-event",
            "there are no such events: the section `webhooks` of the contract lists those there are",
        )
    }));
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Create a webhook endpoint
///
/// From now on it is told of events of these types, as far as its maker may read what they are about in the whole
/// organization. Answers the secret that signs, once. A webhook is sent at least once, in the order of the changes of each
/// resource; what is not answered with a 2xx within 15 seconds is sent again for three days, at growing intervals.
#[utoipa::path(post, path = "/v1/webhook-endpoints", tag = "Events")]
async fn create_webhook_endpoint(
    may: May<Write, WebhookEndpoint>,
    input: Input<NewWebhookEndpoint>,
) -> Reply<Told<IssuedWebhookSecret>> {
    check(&may, Some(&input.0.url), Some(&input.0.event_types))?;
    may.write(async |db| {
        let made = diesel::insert_into(webhook_endpoints::table).values(input.0.clone());
        let endpoint: WebhookEndpoint =
            made.returning(WebhookEndpoint::as_returning()).get_result(db).await?;
        issue(db, endpoint).await
    })
    .await
}

/// Change a webhook endpoint
///
/// JSON Merge Patch (RFC 7396): a field that is left out keeps its value, null clears it. Refused where `If-Match` is not its
/// present version. Whoever changes where it goes or what it tells is who it reads as from then on.
#[utoipa::path(patch, path = "/v1/webhook-endpoints/{id}", tag = "Events")]
async fn update_webhook_endpoint(
    may: May<Write, WebhookEndpoint>,
    id: Id<WebhookEndpoint>,
    edit: Input<EditWebhookEndpoint>,
) -> Reply<WebhookEndpoint> {
    check(&may, edit.0.url.as_deref(), edit.0.event_types.as_deref())?;
    may.write(async |db| {
        let expected = may.if_match()?;
        let endpoint = WebhookEndpoint::lock(db, id.0).await?;
        same_version(&endpoint, expected)?;
        WebhookEndpoint::change(db, endpoint, edit.0.clone()).await
    })
    .await
}

/// Rotate the secret of a webhook endpoint
///
/// Answers a new secret, once. The one before it signs on beside it, so that the receiver can be changed over; the one
/// before that is gone.
#[utoipa::path(post, path = "/v1/webhook-endpoints/{id}/rotate-secret", tag = "Events")]
async fn rotate_webhook_endpoint_secret(
    may: May<Write, WebhookEndpoint>,
    id: Id<WebhookEndpoint>,
) -> Reply<Told<IssuedWebhookSecret>> {
    may.write(async |db| {
        let endpoint = lock(&may, db, &id).await?;
        LIFE.step(endpoint.status.as_str(), "rotate_secret")?;
        let one = webhook_endpoints::table.find((db.organization(), endpoint.id));
        let rotated = diesel::update(one).set(webhook_endpoints::secret_changed_at.eq(now));
        let endpoint = rotated.returning(WebhookEndpoint::as_returning()).get_result(db).await?;
        issue(db, endpoint).await
    })
    .await
}

/// Retire the older secret of a webhook endpoint
///
/// Once the receiver uses the new one. Of a single secret nothing is taken away.
#[utoipa::path(post, path = "/v1/webhook-endpoints/{id}/retire-older-secret", tag = "Events")]
async fn retire_older_webhook_endpoint_secret(
    may: May<Write, WebhookEndpoint>,
    id: Id<WebhookEndpoint>,
) -> Reply<WebhookEndpoint> {
    may.write(async |db| {
        let endpoint = lock(&may, db, &id).await?;
        LIFE.step(endpoint.status.as_str(), "retire_older_secret")?;
        let older = webhook_endpoint_secrets::table
            .filter(webhook_endpoint_secrets::org_id.eq(db.organization()))
            .filter(webhook_endpoint_secrets::webhook_endpoint_id.eq(endpoint.id))
            .filter(sql::<Bool>(
                "exists (select from webhook_endpoint_secrets n where n.org_id = webhook_endpoint_secrets.org_id
                    and n.webhook_endpoint_id = webhook_endpoint_secrets.webhook_endpoint_id
                    and n.created_at > webhook_endpoint_secrets.created_at)",
            ));
        diesel::delete(older).execute(db).await?;
        note(db, endpoint).await
    })
    .await
}

/// Changes nothing of it, tells in its history that something was done, and wakes whoever sends.
async fn note(db: &mut Db, endpoint: WebhookEndpoint) -> Result<WebhookEndpoint> {
    let one = webhook_endpoints::table.find((db.organization(), endpoint.id));
    let told = diesel::update(one).set(webhook_endpoints::status.eq(endpoint.status));
    Ok(told.returning(WebhookEndpoint::as_returning()).get_result(db).await?)
}

/// Makes a secret, in place of the older of two.
async fn issue(db: &mut Db, endpoint: WebhookEndpoint) -> Result<Told<IssuedWebhookSecret>> {
    let (secret, shown) = new_secret()?;
    let issuing = diesel::sql_query(
        "insert into webhook_endpoint_secrets (id, webhook_endpoint_id, slot, secret)
         select $1, $2, place.slot, $3
         from generate_series(1, 2) place (slot)
         left join webhook_endpoint_secrets taken on taken.org_id = current_org() and taken.webhook_endpoint_id = $2 and taken.slot = place.slot
         order by taken.created_at nulls first, place.slot limit 1
         on conflict (org_id, webhook_endpoint_id, slot) do update
             set id = excluded.id, secret = excluded.secret, created_at = excluded.created_at",
    );
    issuing
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<SqlUuid, _>(endpoint.id)
        .bind::<Binary, _>(secret)
        .execute(db)
        .await?;
    Ok(Told(IssuedWebhookSecret {
        webhook_endpoint_id: endpoint.id,
        secret: Some(shown),
        url: endpoint.url,
        event_types: endpoint.event_types,
        version: endpoint.version,
    }))
}

/// Test a webhook endpoint
///
/// Sends it a webhook of the type `webhook_endpoint.test`. The delivery that this answers shows what came of it.
#[utoipa::path(post, path = "/v1/webhook-endpoints/{id}/test", tag = "Events")]
async fn test_webhook_endpoint(
    may: May<Write, WebhookEndpoint>,
    id: Id<WebhookEndpoint>,
) -> Reply<Created<WebhookDelivery>> {
    may.write(async |db| {
        let endpoint = lock(&may, db, &id).await?;
        LIFE.step(endpoint.status.as_str(), "test")?;
        let delivery = WebhookDelivery::test(db, &endpoint).await?;
        note(db, endpoint).await?;
        Ok(Created(delivery))
    })
    .await
}

/// From when on events are sent again.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendSince {
    /// The moment: whatever happened then or later is sent again.
    since: DateTime<Utc>,
}

/// Send events to a webhook endpoint again
///
/// Everything that happened since the moment goes out again, under the same ids: for a receiver that lost what it got.
#[utoipa::path(post, path = "/v1/webhook-endpoints/{id}/resend-since", tag = "Events")]
async fn resend_since_to_webhook_endpoint(
    may: May<Write, WebhookEndpoint>,
    id: Id<WebhookEndpoint>,
    input: Input<ResendSince>,
) -> Reply<WebhookEndpoint> {
    may.write(async |db| {
        let endpoint = lock(&may, db, &id).await?;
        LIFE.step(endpoint.status.as_str(), "resend_since")?;
        let rewind = diesel::sql_query("select rewind_webhook($1, $2)");
        rewind.bind::<SqlUuid, _>(endpoint.id).bind::<Timestamptz, _>(input.0.since).execute(db).await?;
        note(db, endpoint).await
    })
    .await
}

/// Disable a webhook endpoint
///
/// Nothing more is sent. What happens meanwhile waits.
#[utoipa::path(post, path = "/v1/webhook-endpoints/{id}/disable", tag = "Events")]
async fn disable_webhook_endpoint(
    may: May<Write, WebhookEndpoint>,
    id: Id<WebhookEndpoint>,
) -> Reply<WebhookEndpoint> {
    step(may, id, "disable", Some(WebhookDisabledBecause::AskedTo)).await
}

/// Enable a webhook endpoint
///
/// It is told what happened since it was disabled, and what happens from now on, as far as whoever enables it may read.
#[utoipa::path(post, path = "/v1/webhook-endpoints/{id}/enable", tag = "Events")]
async fn enable_webhook_endpoint(
    may: May<Write, WebhookEndpoint>,
    id: Id<WebhookEndpoint>,
) -> Reply<WebhookEndpoint> {
    step(may, id, "enable", None).await
}

async fn step(
    may: May<Write, WebhookEndpoint>,
    id: Id<WebhookEndpoint>,
    action: &str,
    because: Option<WebhookDisabledBecause>,
) -> Reply<WebhookEndpoint> {
    may.write(async |db| {
        let endpoint = lock(&may, db, &id).await?;
        let status = LIFE.step(endpoint.status.as_str(), action)?;
        let one = webhook_endpoints::table.find((db.organization(), endpoint.id));
        let stepped = diesel::update(one)
            .set((webhook_endpoints::status.eq(status), webhook_endpoints::disabled_because.eq(because)));
        Ok(stepped.returning(WebhookEndpoint::as_returning()).get_result(db).await?)
    })
    .await
}

/// Endpoints, and their secrets.
pub fn routes(api: &mut Api) {
    api.readable::<WebhookEndpoint>()
        .deletable::<WebhookEndpoint>()
        .call(operation!(create_webhook_endpoint))
        .call(operation!(update_webhook_endpoint))
        .call(operation!(rotate_webhook_endpoint_secret))
        .call(operation!(retire_older_webhook_endpoint_secret))
        .call(operation!(test_webhook_endpoint))
        .call(operation!(resend_since_to_webhook_endpoint))
        .call(operation!(disable_webhook_endpoint))
        .call(operation!(enable_webhook_endpoint));
}
