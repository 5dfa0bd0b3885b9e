//! What all tests share: one cluster, one service, and for every test an organization of its own, so that tests run in
//! parallel, clean nothing up, and prove separation all the time. Every answer is held against the contract.
#![allow(dead_code, unused_imports, reason = "each test binary uses its own part of it")]
mod contract;
mod receiver;
mod service;

pub use contract::{Operation, contract, operation_at, operation_of, operations, permissions, validator};
pub use receiver::{Reaction, Received, Receiver};
pub use service::{Service, files_folder, files_of, free_address, service, spawn_for_good, wait_until_ready};

use chrono::Utc;
use platform::token::{Claims, Tokens};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::{LazyLock, Mutex};
use tokio_postgres::Client;
use uuid::Uuid;

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// Runs a test: `#[test] fn somebody_is_hired() { run(async { … }) }`. One runtime, so that connections are shared.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    RUNTIME.block_on(test)
}

/// Connections that tests leave each other: what runs there knows the catalogue already.
static KEPT: Mutex<Vec<Client>> = Mutex::new(Vec::new());

async fn kept_connection() -> Client {
    let kept = KEPT.lock().unwrap().pop();
    match kept {
        Some(kept) => kept,
        None => service().database().await,
    }
}

/// Until the feed tells all that has been done: it ends before the oldest transaction that still runs, of whichever test.
pub async fn caught_up() {
    let database = kept_connection().await;
    let now: String = database.query_one("select pg_current_xact_id()::text", &[]).await.unwrap().get(0);
    let is_behind = "select events_horizon() <= $1::text::xid8";
    for _ in 0..1000 {
        if !database.query_one(is_behind, &[&now]).await.unwrap().get::<_, bool>(0) {
            KEPT.lock().unwrap().push(database);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("a transaction has been open for 20 seconds");
}

/// The roles that every organization has; what they may do is worked out once for all tests.
static BUILT_IN_ROLES: LazyLock<Value> = LazyLock::new(|| {
    let roles = identity::permissions::BUILT_IN_ROLES.iter();
    let told = roles.map(|role| json!({"name": role.name, "title": role.title, "description": role.description, "permissions": role.grants()}));
    told.collect()
});

/// An organization of a test's own.
pub struct Organization {
    pub id: Uuid,
}

impl Organization {
    /// A new one, empty but for what every organization has.
    pub async fn new() -> Self {
        let database = kept_connection().await;
        let new = Self::new_in(&database).await;
        KEPT.lock().unwrap().push(database);
        new
    }

    /// The same in a database of the test's own, given as its owner sees it.
    pub async fn new_in(database: &Client) -> Self {
        let id = Uuid::now_v7();
        let statement =
            "select set_config('app.org_id', $1::uuid::text, false), set_config('app.reach', 'org:', false)";
        database.execute(statement, &[&id]).await.unwrap();
        let slug = format!("test-{}", id.simple());
        database
            .execute(
                "insert into organizations (org_id, id, slug, name) values ($1, $1, $2, 'Test')",
                &[&id, &slug],
            )
            .await
            .unwrap();
        let built_in = "insert into roles (id, name, title, description, permissions, kind)
            select ordered_uuid(now(), row_number() over ()), name, title, description, permissions, 'built_in'
            from jsonb_to_recordset($1) r (name text, title text, description text, permissions jsonb)";
        database.execute(built_in, &[&*BUILT_IN_ROLES]).await.unwrap();
        Self { id }
    }

    /// A user who holds exactly these permissions: `"employees:read"` with reach `org`, or `"employees:read=team"`.
    pub async fn caller(&self, permissions: &[&str]) -> Caller {
        Caller::sign_in(self.id, permissions, None).await
    }

    /// A user who holds every permission that the contract names.
    pub async fn owner(&self) -> Caller {
        let all = contract::permissions();
        self.caller(&all.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// A user who holds every permission that there is, those among them that are asked for in the middle of an operation.
    pub async fn almighty(&self) -> Caller {
        let all = identity::permissions::catalogue();
        let all: Vec<String> = all.map(|each| format!("{}:{}", each.resource, each.verb)).collect();
        self.caller(&all.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// A user who is this employee.
    pub async fn employee(&self, employee: &str, permissions: &[&str]) -> Caller {
        Caller::sign_in(self.id, permissions, Some(employee.parse().unwrap())).await
    }
}

/// Somebody signed in, without the price of a password.
#[derive(Clone)]
pub struct Caller {
    pub organization: Uuid,
    pub user: Uuid,
    pub session: Uuid,
    pub membership: Uuid,
    pub role: Uuid,
    pub token: String,
}

impl Caller {
    async fn sign_in(organization: Uuid, permissions: &[&str], employee: Option<Uuid>) -> Self {
        let (database, tokens) = (kept_connection().await, service().tokens().await);
        let caller = Self::sign_in_to(&database, tokens, organization, permissions, employee).await;
        KEPT.lock().unwrap().push(database);
        caller
    }

    /// The same in a database of the test's own, with the keys that are in it.
    pub async fn sign_in_to(
        database: &Client,
        tokens: &Tokens,
        organization: Uuid,
        permissions: &[&str],
        employee: Option<Uuid>,
    ) -> Self {
        let [user, session, membership, role] = [(); 4].map(|()| Uuid::now_v7());
        let held: Vec<(String, String, &str)> = permissions
            .iter()
            .map(|held| {
                let (permission, reach) = held.split_once('=').unwrap_or((held, "org"));
                let (resource, verb) = permission.split_once(':').unwrap();
                (resource.to_owned(), verb.to_owned(), reach)
            })
            .collect();
        let resources: Vec<&str> = held.iter().map(|each| each.0.as_str()).collect();
        let verbs: Vec<&str> = held.iter().map(|each| each.1.as_str()).collect();
        let reaches: Vec<&str> = held.iter().map(|each| each.2).collect();
        let email = format!("{}@test.example", user.simple());
        let role_name = format!("r{}", role.simple());
        database.execute("select set_config('app.org_id', $1::uuid::text, false), set_config('app.reach', 'org:', false)", &[&organization]).await.unwrap();
        database
            .execute("insert into logins (id, email, name, password_hash, home_organization_id) values ($1, $2, 'Tester', 'none', $3)", &[&user, &email, &organization])
            .await
            .unwrap();
        database
            .execute(
                "insert into roles (org_id, id, name, title) values ($1, $2, $3, 'Test')",
                &[&organization, &role, &role_name],
            )
            .await
            .unwrap();
        database
            .execute(
                "insert into role_permissions (org_id, role_id, resource, verb, reach)
                 select $1, $2, * from unnest($3::text[], $4::text[], $5::text[])",
                &[&organization, &role, &resources, &verbs, &reaches],
            )
            .await
            .unwrap();
        database
            .execute("insert into memberships (org_id, id, user_id, employee_id, role_ids) values ($1, $2, $3, $4, array[$5::uuid])", &[&organization, &membership, &user, &employee, &role])
            .await
            .unwrap();
        database
            .execute(
                "insert into sessions (org_id, id, user_id, membership_id, employee_id, role_ids, expires_at)
                 values ($1, $2, $3, $4, $5, array[$6::uuid], now() + interval '1 day')",
                &[&organization, &session, &user, &membership, &employee, &role],
            )
            .await
            .unwrap();
        let claims = Claims::new(user, organization, session, false, Utc::now().timestamp());
        let token = tokens.sign(&claims).unwrap();
        Self { organization, user, session, membership, role, token }
    }

    /// The same session, as if its password had been given so many seconds ago.
    pub async fn signed_in_ago(&self, seconds: i64) -> Self {
        let earlier = "update sessions set signed_in_at = now() - $3::bigint * interval '1 second' where org_id = $1 and id = $2";
        service()
            .database()
            .await
            .execute(earlier, &[&self.organization, &self.session, &seconds])
            .await
            .unwrap();
        let claims =
            Claims::new(self.user, self.organization, self.session, false, Utc::now().timestamp() - seconds);
        Self { token: service().tokens().await.sign(&claims).unwrap(), ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> Request {
        Request::new(method, path).header("authorization", &format!("Bearer {}", self.token))
    }
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.request(Method::POST, path).json(&body).send().await
    }
    /// An action without a body.
    pub async fn act(&self, path: &str) -> Answer {
        self.request(Method::POST, path).send().await
    }
    /// A change of whatever version is there.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request(Method::PATCH, path).header("if-match", "*").json(&body).send().await
    }
    pub async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).header("if-match", "*").send().await
    }

    /// An upload of these bytes, with what is said of them as a query.
    pub async fn upload(&self, said: &str, bytes: impl Into<Vec<u8>>) -> Answer {
        let request = self.request(Method::POST, &format!("/v1/files?{said}"));
        request.body("application/octet-stream", bytes).send().await
    }

    /// A new department's id.
    pub async fn department(&self, name: &str, parent: Option<&str>) -> String {
        let code = format!("D{}", &Uuid::now_v7().simple().to_string().to_uppercase()[14..32]);
        self.post("/v1/departments", json!({"name": name, "code": code, "parent_id": parent})).await.is(201)["id"].as_str().unwrap().to_owned()
    }

    /// A new employee's id.
    pub async fn hire(&self, given_name: &str, manager: Option<&str>) -> String {
        let number = &Uuid::now_v7().simple().to_string()[14..32];
        let body = json!({"employee_number": number, "given_name": given_name, "family_name": "Test", "manager_id": manager, "hired_on": "2026-03-02"});
        self.post("/v1/employees", body).await.is(201)["id"].as_str().unwrap().to_owned()
    }
}

/// What the cells of a report say, row by row; nothing where there is nothing.
pub fn cells(report: &Value) -> Vec<Vec<&str>> {
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        row["cells"].as_array().unwrap().iter().map(|cell| cell["value"].as_str().unwrap_or("")).collect()
    })
    .collect()
}

/// A request that is being put together.
pub struct Request {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    to: Option<String>,
}

impl Request {
    pub fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), body: None, to: None }
    }
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
    pub fn json(self, body: &Value) -> Self {
        let kind =
            if self.method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        self.body(kind, body.to_string().into_bytes())
    }
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", content_type)
    }
    /// To another service than the shared one.
    pub fn to(mut self, base: &str) -> Self {
        self.to = Some(base.to_owned());
        self
    }

    /// Sends it, and holds the answer against the contract.
    pub async fn send(self) -> Answer {
        let (method, path) = (self.method.clone(), self.path.clone());
        let answer = self.try_send().await.unwrap();
        contract::check(&method, &path, &answer);
        answer
    }

    /// Sends it where the service may be away.
    pub async fn try_send(self) -> reqwest::Result<Answer> {
        static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);
        let base = self.to.unwrap_or_else(|| service().base.clone());
        let mut request = CLIENT.request(self.method, format!("{base}{}", self.path));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = self.body {
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text })
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    /// The body, if the status is this.
    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }
    /// The problem, if it is this.
    #[track_caller]
    #[expect(clippy::wrong_self_convention, reason = "it reads as the sentence that it is")]
    pub fn is_problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.text);
        self.body
    }
    /// The refusal of SCIM, if it is this (RFC 7644 §3.12).
    #[track_caller]
    #[expect(clippy::wrong_self_convention, reason = "it reads as the sentence that it is")]
    pub fn is_scim_error(self, status: u16, scim_type: Option<&str>) -> Value {
        assert_eq!((self.status, self.body["scimType"].as_str()), (status, scim_type), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/scim+json"), "{}", self.text);
        assert_eq!(self.body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert_eq!(self.body["status"], status.to_string(), "{}", self.text);
        assert!(self.body["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{}", self.text);
        self.body
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
