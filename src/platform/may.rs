//! `May<Verb, Resource>`: who calls, what they may, and the only door to the database.
//!
//! A handler that does not name a permission has nothing to work with. The session and the permission are checked in the
//! same flush as the query that they protect, so what was taken away counts at the very next request.
use crate::answer::{Answer, Outcome};
use crate::api::{Argument, OperationDoc};
use crate::custom::Given;
use crate::database::{Database, Db};
use crate::input::{self, BodyDigest};
use crate::life::Life;
use crate::problem::{self, Fault, Problem, Result};
use crate::request::{self, RequestContext};
use crate::server::{Limits, Operations};
use crate::token::{Claims, Tokens, invalid_token};
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use chrono::Utc;
use diesel::QueryResult;
use diesel::sql_types::{Binary, Bool, Nullable, Text};
use diesel_async::{AsyncConnectionCore, RunQueryDsl};
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::cell::OnceCell;
use std::collections::HashSet;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::Notify;
use utoipa::openapi::path::{Parameter, ParameterIn};
use uuid::Uuid;

/// Sensitive steps ask for a sign-in at most this many seconds ago.
const FRESH: i64 = 15 * 60;

diesel::define_sql_function! {
    /// See the migration of identity: names the organization and answers what the caller holds on the resource.
    fn enter(org: diesel::sql_types::Uuid, session: diesel::sql_types::Uuid, resource: Text, verb: Text, request: Text, is_local: Bool) -> Nullable<Text>;
}
diesel::define_sql_function! {
    /// Names the session to reads as well, as `enter` does to writes: what hangs on something follows the permission of that.
    fn set_config(name: Text, value: Text, is_local: Bool) -> Text;
}
diesel::define_sql_function! {
    /// See the migration of the platform: what became of the Idempotency-Key.
    fn recall_answer(key: Text, fingerprint: Binary) -> Nullable<Text>;
}
diesel::define_sql_function! {
    /// See the migration of the platform: keeps the first answer to the Idempotency-Key.
    fn remember_answer(key: Nullable<Text>, fingerprint: Binary, status: diesel::sql_types::SmallInt, location: Nullable<Text>, etag: Nullable<Text>, body: Nullable<Text>) -> Text;
}

diesel::define_sql_function! {
    /// See the migration of people, who report to each other: which of these people report to the caller.
    fn team_of_caller(people: diesel::sql_types::Array<diesel::sql_types::Uuid>) -> diesel::sql_types::Array<diesel::sql_types::Uuid>;
}

/// What permissions are granted on. `JournalEntry` is `journal-entries`.
pub trait Named {
    const NAME: &'static str;
}

/// What is everybody's own: their sessions, their password. Every session holds it.
pub struct Me;
impl Named for Me {
    const NAME: &'static str = "me";
}

/// Something a caller may do to a resource.
pub trait Verb: 'static {
    const VERB: &'static str;
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub struct $name; impl Verb for $name { const VERB: &'static str = $text; })*
    };
}
verbs! {
    /// See it, its list and its history.
    Read = "read";
    /// Create, change and delete it, as far as its life allows.
    Write = "write";
    /// Say yes or no to it.
    Approve = "approve";
    /// Make it final in the books.
    Post = "post";
    /// Start or end it.
    Run = "run";
    /// Give it to somebody, or take it away.
    Assign = "assign";
    /// Make it ineffective without deleting it.
    Void = "void";
    /// Take all of it out.
    Export = "export";
}

/// How far a permission goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// What is mine.
    Own,
    /// Mine and what reports to me, all the way down.
    Team,
    /// Everything of the organization.
    Org,
}

/// What the caller holds on the resource of the request.
#[derive(Debug, Default)]
pub struct Grants {
    /// The employee that the caller is.
    pub employee: Option<Uuid>,
    verbs: Vec<(String, Reach)>,
    /// How far the permission reached by which the rows were seen.
    seen_by: Option<Reach>,
    /// Of the people whom those rows are about, the caller's team; asked for only where a verb reaches less far.
    team: OnceCell<HashSet<Uuid>>,
}

impl Grants {
    /// Reads what `enter` answered: `employee verb=reach verb=reach`.
    fn read(answer: &str) -> Self {
        let (employee, verbs) = answer.split_once(' ').unwrap_or((answer, ""));
        let verbs = verbs.split(' ').filter_map(|held| held.split_once('=')).map(|(verb, reach)| {
            let reach = match reach {
                "org" => Reach::Org,
                "team" => Reach::Team,
                _ => Reach::Own,
            };
            (verb.to_owned(), reach)
        });
        Self { employee: employee.parse().ok(), verbs: verbs.collect(), ..Self::default() }
    }

    /// How far the verb reaches, if it is held: as far as the widest of the roles that give it.
    #[must_use]
    pub fn reach(&self, verb: &str) -> Option<Reach> {
        self.verbs.iter().filter(|(held, _)| held == verb).map(|(_, reach)| *reach).max()
    }

    /// Whether the verb reaches a row about this person, which the caller sees.
    pub(crate) fn reaches(&self, verb: &str, person: Option<Uuid>) -> bool {
        let is_mine = || person.is_some() && person == self.employee;
        let is_my_teams =
            || person.is_some_and(|person| self.team.get().is_some_and(|team| team.contains(&person)));
        match self.reach(verb) {
            Some(reach) if Some(reach) >= self.seen_by => true,
            Some(Reach::Team) => is_mine() || is_my_teams(),
            Some(_) => is_mine(),
            None => false,
        }
    }

    /// Whether one of the verbs reaches the team, while rows were seen beyond it.
    fn asks_for_team(&self, mut verbs: impl Iterator<Item = &'static str>) -> bool {
        self.seen_by == Some(Reach::Org) && verbs.any(|verb| self.reach(verb) == Some(Reach::Team))
    }
}

/// The caller may do `V` to `R`: proof, and the door to the database.
pub struct May<V, R> {
    door: Door,
    of: PhantomData<(V, R)>,
}

/// What does not depend on verb and resource, compiled once.
struct Door {
    http: HttpRequest,
    database: Database,
    claims: Arc<Claims>,
    resource: &'static str,
    verb: &'static str,
    dry_run: bool,
    grants: OnceCell<Grants>,
}

impl<V: Verb, R: Named> FromRequest for May<V, R> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let http = http.clone();
        http.extensions_mut().insert(Opening::default());
        async move { Ok(Self { door: Door::open(http, R::NAME, V::VERB).await?, of: PhantomData }) }
            .boxed_local()
    }
}

impl<V: Verb, R: Named> May<V, R> {
    /// Who calls.
    pub fn claims(&self) -> &Claims {
        &self.door.claims
    }

    /// The organization that the token names.
    pub fn organization(&self) -> Uuid {
        self.door.claims.org
    }

    /// Whether nothing of it is to be kept.
    pub fn is_dry_run(&self) -> bool {
        self.door.dry_run
    }

    /// The request, for its headers.
    pub fn http(&self) -> &HttpRequest {
        &self.door.http
    }

    /// What the caller holds on the resource; known once `read` or `write` has let them in.
    pub fn grants(&self) -> &Grants {
        self.door.grants.get_or_init(Grants::default)
    }

    /// Reads: context, check and query in one flush.
    ///
    /// # Errors
    /// 401 where the session is over, 403 where the permission is not held, and whatever `work` answers.
    pub async fn read<T>(&self, work: impl AsyncFn(&mut Db) -> Result<T>) -> Result<T> {
        self.door.read(work).await
    }

    /// Writes: one transaction with the context local to it. Idempotency, dry run and the repetition of what collided
    /// are done here, so `work` may run more than once and must keep its effects inside the database.
    ///
    /// # Errors
    /// As [`May::read`], and what the Idempotency-Key asks for.
    pub async fn write<T: Outcome>(&self, work: impl AsyncFn(&mut Db) -> Result<T>) -> Result<Answer<T>> {
        self.door.write(work).await
    }

    /// The same, kept even in a dry run: a large file's report is what its dry run comes to.
    pub(crate) async fn write_for_good<T: Outcome>(
        &self,
        work: impl AsyncFn(&mut Db) -> Result<T>,
    ) -> Result<Answer<T>> {
        self.door.write_unless(false, work).await
    }

    /// Finds out which of these people are the caller's team, where a step of the life asks for it. Without this the steps
    /// of somebody who sees the whole company and may act on their team alone would not be known.
    pub(crate) async fn learn_team(
        &self,
        life: Option<&'static Life>,
        people: impl Iterator<Item = Uuid>,
    ) -> Result<()> {
        let verbs = life.into_iter().flat_map(|life| life.steps).map(|step| step.verb);
        if self.grants().asks_for_team(verbs) {
            let people: Vec<Uuid> = people.collect();
            let asking = async |db: &mut Db| {
                Ok(diesel::select(team_of_caller(&people)).get_result::<Vec<Uuid>>(db).await?)
            };
            let team = self.door.read(asking).await?;
            let _ = self.grants().team.set(team.into_iter().collect());
        }
        Ok(())
    }

    /// The version that `If-Match` names; `None` for `*`.
    ///
    /// # Errors
    /// 428 without the header, 400 where it is not an ETag.
    pub fn if_match(&self) -> Result<Option<i64>> {
        expected_version(self.door.http.headers())?.ok_or_else(|| {
            problem::PRECONDITION_REQUIRED
                .because("Send `If-Match` with the ETag that you read, or `*` on purpose.")
        })
    }

    /// The version that `If-Match` names, where the header is optional.
    ///
    /// # Errors
    /// 400 where it is not an ETag.
    pub fn if_match_given(&self) -> Result<Option<i64>> {
        Ok(expected_version(self.door.http.headers())?.flatten())
    }

    /// A sensitive step: the caller must have signed in within the last fifteen minutes (RFC 9470).
    ///
    /// # Errors
    /// 401 `fresh-login-required` otherwise.
    pub fn fresh(&self) -> Result<()> {
        if self.door.claims.auth_time + FRESH >= Utc::now().timestamp() {
            return Ok(());
        }
        Err(sign_in_again())
    }
}

/// A sensitive step, and a sign-in that is too long ago (RFC 9470 §3).
#[must_use]
pub fn sign_in_again() -> Problem {
    let challenge = format!("Bearer error=\"insufficient_user_authentication\", max_age={FRESH}");
    problem::FRESH_LOGIN_REQUIRED
        .because("This step asks for a sign-in within the last fifteen minutes: give the password again at /v1/auth/reauthenticate, or sign in, and repeat it.")
        .with(header::WWW_AUTHENTICATE, challenge)
}

impl Door {
    async fn open(http: HttpRequest, resource: &'static str, verb: &'static str) -> Result<Self> {
        let database = app_data::<Database>(&http).clone();
        let token = bearer(http.headers())?;
        let claims = app_data::<Tokens>(&http).admit(token, &http, &database).await?;
        if let Some(request) = request::current() {
            request.set_caller(claims.org, claims.sub);
        }
        app_data::<Limits>(&http).check(claims.sid, claims.org)?;
        let gate = Gate { database: database.clone(), claims: Arc::clone(&claims), resource, verb };
        http.extensions_mut().insert(gate);
        let opening = http.extensions().get::<Opening>().cloned();
        if let Some(Opening(opening)) = opening {
            opening.notify_waiters();
        }
        let dry_run = match is_dry_run(&http) {
            Ok(dry_run) => dry_run,
            Err(problem) => return Err(unless_refused(&http, problem).await),
        };
        Ok(Self { http, database, claims, resource, verb, dry_run, grants: OnceCell::new() })
    }

    fn admit(&self, entered: Option<String>) -> Result<()> {
        let grants = admit(entered, self.resource, self.verb)?;
        // Set a second time where a transaction is run again; the first answer was the same.
        let _ = self.grants.set(Grants { seen_by: grants.reach(self.verb), ..grants });
        Ok(())
    }

    async fn read<T>(&self, work: impl AsyncFn(&mut Db) -> Result<T>) -> Result<T> {
        let (claims, resource, verb) = (&self.claims, self.resource, self.verb);
        let entering = async |db: &mut Db| enter_to_read(db, claims.org, claims.sid, resource, verb).await;
        self.database.read(claims.org, entering, |entered| self.admit(entered), work).await
    }

    async fn write<T: Outcome>(&self, work: impl AsyncFn(&mut Db) -> Result<T>) -> Result<Answer<T>> {
        self.write_unless(self.dry_run, work).await
    }

    async fn write_unless<T: Outcome>(
        &self,
        dry_run: bool,
        work: impl AsyncFn(&mut Db) -> Result<T>,
    ) -> Result<Answer<T>> {
        let key = self.idempotency_key()?;
        let fingerprint = key.as_ref().map(|_| self.fingerprint());
        let request = request::current().as_ref().map(RequestContext::id).unwrap_or_default().to_owned();
        let claims = &self.claims;
        let entering = async |db: &mut Db| -> QueryResult<(Option<String>, Option<String>)> {
            let door = enter(claims.org, claims.sid, self.resource, self.verb, &request, true);
            match (&key, &fingerprint) {
                // One statement: Postgres works off a select from left to right, so the key is recalled inside.
                (Some(key), Some(fingerprint)) => {
                    diesel::select((door, recall_answer(key, &fingerprint[..]))).get_result(db).await
                }
                _ => Ok((diesel::select(door).get_result(db).await?, None)),
            }
        };
        let work = async |db: &mut Db, (entered, recalled): (Option<String>, Option<String>)| {
            self.admit(entered)?;
            if let Some(recalled) = recalled {
                return Ok((recall(&recalled)?, false));
            }
            let outcome = work(db).await?;
            let answer = outcome.answer(self.grants.get().unwrap_or(&Grants::default()))?;
            if dry_run {
                diesel::sql_query("set constraints all immediate").execute(db).await?;
                return Ok((answer.with(header::HeaderName::from_static("dry-run"), "true"), false));
            }
            Ok((answer, true))
        };
        let ending = async |db: &mut Db, answer: &Answer<T>| match (&key, &fingerprint) {
            (Some(key), Some(fingerprint)) => remember(db, key, fingerprint, answer).await,
            _ => Ok(()),
        };
        self.database.transaction(claims.org, entering, work, ending).await
    }

    /// A dry run leaves nothing behind, so it has no answer to give again.
    fn idempotency_key(&self) -> Result<Option<String>> {
        let key = idempotency_key(&self.http)?;
        Ok(key.filter(|_| !self.dry_run))
    }

    /// What makes two requests the same: method, path, query and body.
    fn fingerprint(&self) -> Vec<u8> {
        let mut digest = Sha256::new();
        for part in [self.http.method().as_str(), self.http.path(), self.http.query_string()] {
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        if let Some(BodyDigest(body)) = self.http.extensions().get::<BodyDigest>() {
            digest.update(body);
        }
        digest.finalize().to_vec()
    }
}

/// One statement, worked off from left to right.
pub(crate) async fn enter_to_read(
    db: &mut impl AsyncConnectionCore<Backend = diesel::pg::Pg>,
    organization: Uuid,
    session: Uuid,
    resource: &str,
    verb: &str,
) -> QueryResult<Option<String>> {
    let door = enter(organization, session, resource, verb, "", false);
    let named = set_config("app.session_id", session.to_string(), false);
    let (entered, _): (_, String) = diesel::select((door, named)).get_result(db).await?;
    Ok(entered)
}

fn admit(entered: Option<String>, resource: &str, verb: &str) -> Result<Grants> {
    let entered = entered.ok_or_else(invalid_token)?;
    if entered == "second-factor" {
        return Err(problem::SECOND_FACTOR_ENROLMENT_REQUIRED.because(
            "One of your roles asks for a second factor: enrol one at /v1/me/second-factor, or prove yours at /v1/auth/reauthenticate.",
        ));
    }
    let grants = Grants::read(&entered);
    if grants.reach(verb).is_none() {
        return Err(problem::FORBIDDEN.because(format!("This needs the permission `{resource}:{verb}`.")));
    }
    Ok(grants)
}

/// Whether everything is to be done and nothing kept; refuses parameters that the operation does not know.
fn is_dry_run(http: &HttpRequest) -> Result<bool> {
    let query = input::query_pairs(http.query_string())?;
    app_data::<Operations>(http).refuse_unknown_parameters(http, &query)?;
    match query.iter().find(|(name, _)| name == "dry_run").map(|(_, value)| value.as_str()) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => {
            Err(Problem::invalid(vec![Fault::of("dry_run", "not-a-boolean", "must be true or false")]))
        }
    }
}

/// A token is being looked at: all that a handler takes is taken at once, and a bad body may be found first.
#[derive(Clone, Default)]
struct Opening(Rc<Notify>);

/// What is wrong with the input, unless the caller may not do it at all and is told that instead. Where the token does
/// not hold, this never ends: the refusal does, and takes it along.
pub async fn unless_refused(http: &HttpRequest, problem: Problem) -> Problem {
    let opening = http.extensions().get::<Opening>().cloned();
    let Some(Opening(opening)) = opening else { return problem };
    loop {
        let gate = http.extensions().get::<Gate>().cloned();
        match gate {
            Some(gate) => {
                let given = http.extensions().get::<Given>().cloned();
                let id = http.match_info().get("id").and_then(|id| id.parse().ok());
                return match Box::pin(gate.check(given, id)).await {
                    Ok(faults) => problem.and(faults),
                    Err(refusal) => refusal,
                };
            }
            None => opening.notified().await,
        }
    }
}

/// What a bad body is checked against before it is told.
#[derive(Clone)]
struct Gate {
    database: Database,
    claims: Arc<Claims>,
    resource: &'static str,
    verb: &'static str,
}

impl Gate {
    /// Lets the caller in, and answers what else is wrong with the custom fields of the body.
    async fn check(&self, given: Option<Given>, id: Option<Uuid>) -> Result<Vec<Fault>> {
        let (claims, resource, verb) = (&self.claims, self.resource, self.verb);
        let entering = async |db: &mut Db| enter_to_read(db, claims.org, claims.sid, resource, verb).await;
        let admit = |entered| admit(entered, resource, verb).map(|_| ());
        let work = async |db: &mut Db| match &given {
            Some(given) => given.faults(db, resource, id).await,
            None => Ok(Vec::new()),
        };
        self.database.read(claims.org, entering, admit, work).await
    }
}

/// The first answer again, or why there is none.
fn recall<T: Outcome>(recalled: &str) -> Result<Answer<T>> {
    #[derive(Deserialize)]
    struct Recalled {
        state: String,
        status: Option<u16>,
        location: Option<String>,
        etag: Option<String>,
        body: Option<String>,
    }
    let recalled: Recalled = serde_json::from_str(recalled).map_err(Problem::internal)?;
    match recalled.state.as_str() {
        "running" => Err(problem::IDEMPOTENCY_IN_PROGRESS
            .because("A request with this Idempotency-Key is still running: wait a moment and send it again.")
            .with(header::RETRY_AFTER, "1")),
        "other" => Err(problem::IDEMPOTENCY_KEY_REUSED
            .because("This Idempotency-Key was used for another request: use a new one.")
            .at(Fault::of("Idempotency-Key", "reused", "was used for another path or body"))),
        _ => {
            let status = recalled
                .status
                .and_then(|status| StatusCode::from_u16(status).ok())
                .unwrap_or(StatusCode::OK);
            let body = recalled.body.unwrap_or_default().into_bytes();
            let mut answer = Answer::of_type(status, T::CONTENT_TYPE, body);
            for (name, value) in [(header::LOCATION, recalled.location), (header::ETAG, recalled.etag)] {
                if let Some(value) = value {
                    answer = answer.with(name, &value);
                }
            }
            Ok(answer.with(header::HeaderName::from_static("idempotency-replayed"), "true"))
        }
    }
}

async fn remember<T>(db: &mut Db, key: &str, fingerprint: &[u8], answer: &Answer<T>) -> Result<()> {
    let status = answer.status().as_u16().cast_signed();
    let (location, etag) = (answer.header(&header::LOCATION), answer.header(&header::ETAG));
    let kept = remember_answer(key, fingerprint, status, location, etag, answer.remembered());
    diesel::select(kept).execute(db).await?;
    Ok(())
}

/// Has the connection prepare what goes out with the end of a transaction.
pub(crate) async fn make_ready_to_remember(
    db: &mut impl AsyncConnectionCore<Backend = diesel::pg::Pg>,
) -> QueryResult<usize> {
    let none = None::<&str>;
    diesel::select(remember_answer(none, &[][..], 0, none, none, none)).execute(db).await
}

/// `If-Match`: absent, `*`, or an ETag, of which the version counts.
fn expected_version(headers: &HeaderMap) -> Result<Option<Option<i64>>> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let value = value.to_str().unwrap_or_default().trim();
    if value == "*" {
        return Ok(Some(None));
    }
    let version =
        value.strip_prefix("W/").unwrap_or(value).strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    match version.map(|tag| tag.split('-').next().unwrap_or_default().parse()) {
        Some(Ok(version)) => Ok(Some(Some(version))),
        // An ETag of the right form that we never gave is one that does not match.
        Some(Err(_)) => Ok(Some(Some(-1))),
        None => Err(problem::MALFORMED_REQUEST.because("`If-Match` is an ETag in double quotes, or `*`.")),
    }
}

/// The Idempotency-Key of a POST, where it has one.
///
/// # Errors
/// 400 where it breaks the contract.
pub(crate) fn idempotency_key(http: &HttpRequest) -> Result<Option<String>> {
    let Some(key) = http.headers().get("idempotency-key").filter(|_| http.method() == Method::POST) else {
        return Ok(None);
    };
    match key.to_str() {
        Ok(key) if (1..=255).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => {
            Err(problem::MALFORMED_REQUEST
                .because("`Idempotency-Key` has 1 to 255 printable ASCII characters."))
        }
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str> {
    let missing = || {
        problem::UNAUTHENTICATED
            .because("Send `Authorization: Bearer <access token>`; /v1/auth/login gives one.")
            .with(header::WWW_AUTHENTICATE, "Bearer")
    };
    let value =
        headers.get(header::AUTHORIZATION).ok_or_else(missing)?.to_str().map_err(|_| invalid_token())?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(missing()),
    }
}

/// What the server configured at start for every worker.
pub fn app_data<T: 'static>(http: &HttpRequest) -> &T {
    match http.app_data::<web::Data<T>>() {
        Some(data) => data.get_ref(),
        None => unreachable!("{} is configured at start", std::any::type_name::<T>()),
    }
}

impl<V: Verb, R: Named> Argument for May<V, R> {
    fn describe(doc: &mut OperationDoc) {
        doc.permission = Some(match R::NAME {
            "me" => "signed-in".to_owned(),
            name => format!("{name}:{}", V::VERB),
        });
        let writes = doc.method != Method::GET;
        if writes {
            doc.parameters.push(query_flag(
                "dry_run",
                "Do everything, answer as if it were done, and leave nothing behind.",
            ));
        }
        if doc.method == Method::POST {
            doc.parameters.push(idempotency_parameter());
        }
        if matches!(doc.method, Method::PATCH | Method::DELETE | Method::PUT) {
            doc.parameters.push(required(text_header(
                "If-Match",
                "The ETag that was read, or `*` to overwrite whatever is there. Required: without it 428.",
                "\"3\"",
                100,
            )));
        }
    }
}

pub(crate) fn idempotency_parameter() -> Parameter {
    text_header(
        "Idempotency-Key",
        "Makes it safe to send the request again: the same key, caller, path and body gets the first answer, with \
         `Idempotency-Replayed: true`. Kept for at least 24 hours.",
        "2f0c2a5e-hire-ana",
        255,
    )
}

fn required(mut parameter: Parameter) -> Parameter {
    parameter.required = utoipa::openapi::Required::True;
    parameter
}

fn query_flag(name: &str, description: &str) -> Parameter {
    let schema = utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::Boolean)
        .default(Some(false.into()));
    parameter(name, ParameterIn::Query, description).schema(Some(schema)).build()
}

pub(crate) fn text_header(name: &str, description: &str, example: &str, longest: usize) -> Parameter {
    let schema = utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .min_length(Some(1))
        .max_length(Some(longest));
    parameter(name, ParameterIn::Header, description)
        .schema(Some(schema))
        .example(Some(example.into()))
        .build()
}

fn parameter(name: &str, place: ParameterIn, description: &str) -> utoipa::openapi::path::ParameterBuilder {
    utoipa::openapi::path::ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .description(Some(description))
}
