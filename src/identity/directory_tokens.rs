//! Directory tokens: what a company's directory calls with where it can store one secret and renew none. Each is a token of
//! an API client for the directory alone, shown once, kept as a hash, and stands on a session that ends as every session does.
use crate::api_clients::ApiClient;
use crate::opaque::Opaque;
use actix_web::HttpRequest;
use chrono::Duration;
use diesel::dsl::sql;
use diesel::sql_types::{Array, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use futures_util::future::FutureExt;
use platform::database::Database;
use platform::prelude::*;
use platform::token::{Claims, Opening, OtherTokens};
use std::sync::Arc;

/// What a directory token may do, as far as its client may.
const SCOPES: &[&str] = &["directory:read", "directory:write"];
/// Days that it holds at the most.
const LONGEST: i64 = 366;

/// How long a directory token shall hold.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueDirectoryTokenRequest {
    /// Days that it holds; no longer than the API client itself.
    #[schema(minimum = 1, maximum = 366, example = 180)]
    days: i64,
}

/// A directory token, which is shown this once.
#[derive(Serialize, ToSchema)]
pub struct DirectoryToken {
    /// The session that it stands on: ended at `/v1/sessions/{id}/end`, it is refused from the next request on.
    session_id: Uuid,
    /// To be sent as `Authorization: Bearer …` to `/scim/v2`. Null where this answer is given again: issue another.
    #[schema(max_length = 100, example = "AZOMbn06fE6fCm8cKz1OXwGTjG59Onx…")]
    token: Option<String>,
    /// When it stops to hold.
    expires_at: DateTime<Utc>,
    #[serde(skip)]
    version: i64,
}

impl Secret for DirectoryToken {
    const FIELD: &'static str = "token";

    fn location(&self) -> String {
        format!("/v1/sessions/{}", self.session_id)
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// Issue a directory token
///
/// Answers a token for `/scim/v2`, once, that holds for as many days as are asked for: for directories that can store a
/// token and not renew one. It may do nothing but read and write the directory, as far as the API client's scopes allow. A
/// sensitive step, which asks for a fresh sign-in and for every permission among the scopes.
#[utoipa::path(post, path = "/v1/api-clients/{id}/issue-directory-token", tag = "Access")]
async fn issue_directory_token(
    may: May<Write, ApiClient>,
    id: Id<ApiClient>,
    input: Input<IssueDirectoryTokenRequest>,
) -> Reply<Told<DirectoryToken>> {
    #[derive(diesel::QueryableByName)]
    struct Started {
        #[diesel(sql_type = Timestamptz)]
        expires_at: DateTime<Utc>,
    }
    may.fresh()?;
    let until = Utc::now() + Duration::days(input.0.days.min(LONGEST));
    may.write(async |db| {
        let client = lock(&may, db, &id).await?;
        crate::api_clients::LIFE.step(client.status.as_str(), "issue_directory_token")?;
        // Whoever is told a secret can do all that it opens: the trigger that guards secrets looks at who asks.
        let telling = diesel::update(schema::api_clients::table.find((db.organization(), client.id)))
            .set(schema::api_clients::secret_changed_at.eq(diesel::dsl::now));
        telling.execute(db).await?;
        let session_id = Uuid::now_v7();
        let (token, secret) = Opaque::make(db.organization(), session_id)?;
        let starting = diesel::sql_query(
            "with started as (
                insert into sessions (id, api_client_id, role_ids, scopes, user_agent, expires_at)
                values ($1, $2, array[$2], $3, 'directory token', least($4, $5)) returning id, expires_at),
            kept as (insert into directory_tokens (id, hash) select id, $6 from started)
            select expires_at from started",
        );
        let started: Started = starting
            .bind::<SqlUuid, _>(session_id)
            .bind::<SqlUuid, _>(client.id)
            .bind::<Array<Text>, _>(SCOPES)
            .bind::<Timestamptz, _>(until)
            .bind::<Nullable<Timestamptz>, _>(client.expires_at)
            .bind::<Binary, _>(&secret.hash)
            .get_result(db)
            .await?;
        Ok(Told(DirectoryToken {
            session_id,
            token: Some(token),
            expires_at: started.expires_at,
            version: 1,
        }))
    })
    .await
}

/// Takes directory tokens at the door. One for the process.
pub struct DirectoryTokens {
    /// Tokens whose hash was found. Whether the session still lives is asked with every request.
    known: quick_cache::sync::Cache<Vec<u8>, (Uuid, Uuid, Uuid)>,
}

impl Default for DirectoryTokens {
    fn default() -> Self {
        Self { known: quick_cache::sync::Cache::new(1_000) }
    }
}

impl OtherTokens for DirectoryTokens {
    fn open<'a>(&'a self, token: &'a str, _: &'a HttpRequest, database: &'a Database) -> Opening<'a> {
        async move {
            let Some(secret) = Opaque::read(token) else { return Ok(None) };
            let found = match self.known.get(&secret.hash) {
                Some(found) => Some(found),
                None => self.find(&secret, database).await?,
            };
            Ok(found.map(|(client, organization, session)| {
                // It was given by hand, and is as fresh as any program's.
                Arc::new(Claims::new(client, organization, session, true, Utc::now().timestamp()))
            }))
        }
        .boxed_local()
    }
}

impl DirectoryTokens {
    async fn find(&self, secret: &Opaque, database: &Database) -> Result<Option<(Uuid, Uuid, Uuid)>> {
        let client: Option<Uuid> = database
            .ask(secret.organization, async |db| {
                let finding = sql::<Nullable<SqlUuid>>(
                    "(select s.api_client_id from directory_tokens t join sessions s on s.org_id = t.org_id and s.id = t.id
                      where t.org_id = ",
                )
                .bind::<SqlUuid, _>(secret.organization)
                .sql(" and t.id = ")
                .bind::<SqlUuid, _>(secret.id)
                .sql(" and t.hash = ")
                .bind::<Binary, _>(secret.hash.clone())
                .sql(")");
                Ok(diesel::select(finding).get_result(db).await?)
            })
            .await?;
        let found = client.map(|client| (client, secret.organization, secret.id));
        if let Some(found) = found {
            self.known.insert(secret.hash.clone(), found);
        }
        Ok(found)
    }
}

/// Tokens for directories.
pub fn routes(api: &mut Api) {
    api.call(operation!(issue_directory_token));
}
