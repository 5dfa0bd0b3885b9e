//! Companies as they really are, with the built-in roles, an owner and people who have passwords; and the places where
//! they are kept: the shared service, and one that stands behind a proxy.
use crate::support::{Answer, Caller, Organization, Request, Service, service};
use chrono::Utc;
use identity::organizations::{Member, Owner, admit, create};
use platform::database::{Database, Settings};
use platform::problem::Problem;
use platform::token::{Claims, Tokens};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// Everybody's, unless they change it.
pub const PASSWORD: &str = "correct horse battery staple";

/// A service, and the database behind it.
pub struct Place {
    pub base: String,
    pub url: String,
    pub database: Database,
}

impl Place {
    fn new(base: String, url: String) -> Self {
        let wait = Duration::from_secs(10);
        let settings = Settings { url: url.clone(), connections: 4, wait, statement_timeout: wait };
        Self { base, url, database: Database::new(&settings).unwrap() }
    }

    /// A service of its own, on a database of its own in the shared cluster.
    pub fn start(database: &str, flags: &[&str]) -> Self {
        let cluster = service().cluster();
        cluster.create_database(database).unwrap();
        let url = cluster.url(database);
        let (base, _, _) = Service::spawn(&url, flags);
        Self::new(base, url)
    }

    /// A connection as the owner of the tables.
    pub async fn connect(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    pub async fn sql(&self, statement: &str, values: &[&(dyn tokio_postgres::types::ToSql + Sync)]) {
        let changed = self.connect().await.execute(statement, values).await.unwrap();
        assert!(changed > 0, "{statement}");
    }

    /// What signs tokens here.
    pub async fn tokens(&self) -> Tokens {
        let tokens = Tokens::default();
        tokens.reload(&self.database).await.unwrap();
        tokens
    }
}

/// The shared service, which trusts no proxy: whoever fails to sign in there fails from one address, with all tests.
pub fn here() -> &'static Place {
    static HERE: LazyLock<Place> =
        LazyLock::new(|| Place::new(service().base.clone(), service().url.clone()));
    &HERE
}

/// A service that trusts the proxy in front of it, so that each test can come from addresses of its own.
pub fn behind_a_proxy() -> &'static Place {
    static PROXIED: LazyLock<Place> = LazyLock::new(|| Place::start("proxied", &["--trust-proxy"]));
    &PROXIED
}

/// An address that nobody else comes from.
pub fn address() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let [_, b, c, d] = LAST.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("10.{b}.{c}.{d}")
}

/// Something short that nobody else has.
pub fn unique() -> String {
    Uuid::now_v7().simple().to_string()[14..32].to_owned()
}

pub struct Company {
    pub id: Uuid,
    pub slug: String,
    pub owner: Person,
    place: &'static Place,
}

/// Somebody with a login.
#[derive(Clone)]
pub struct Person {
    pub email: String,
    pub user: Uuid,
}

impl Company {
    /// With the built-in roles and an owner.
    pub async fn new() -> Self {
        Self::new_in(here()).await
    }

    pub async fn new_in(place: &'static Place) -> Self {
        let (slug, email) = (format!("c-{}", unique()), format!("owner-{}@test.example", unique()));
        let owner = Owner { email: email.clone(), name: "Olga Owner".into(), password: PASSWORD.into() };
        let id = create(&place.database, "Company", &slug, owner).await.unwrap();
        let find = "select id from logins where email = $1";
        let user = place.connect().await.query_one(find, &[&email]).await.unwrap().get(0);
        Self { id, slug, owner: Person { email, user }, place }
    }

    /// Somebody new with these built-in roles.
    pub async fn member(&self, roles: &[&str]) -> Person {
        self.admit(&format!("{}@test.example", unique()), roles, None).await
    }

    /// Somebody who is this employee.
    pub async fn employee(&self, employee: &str, roles: &[&str]) -> Person {
        self.admit(&format!("{}@test.example", unique()), roles, Some(employee.parse().unwrap())).await
    }

    /// Lets somebody in who has a login already, or gets one with the usual password.
    pub async fn admit(&self, email: &str, roles: &[&str], employee_id: Option<Uuid>) -> Person {
        static HASH: OnceCell<String> = OnceCell::const_new();
        let hash = HASH.get_or_init(async || identity::passwords::hash(PASSWORD).await.unwrap()).await;
        let member = Member {
            email: email.to_owned(),
            name: "Mara Member".into(),
            password_hash: hash.clone(),
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
            employee_id,
        };
        let admitted: Result<Uuid, Problem> =
            self.place.database.as_system(self.id, async |db| admit(db, &member).await).await;
        Person { email: email.to_owned(), user: admitted.unwrap() }
    }

    /// A session of theirs, without the price of a password.
    pub async fn session(&self, person: &Person) -> Caller {
        let (session, database) = (Uuid::now_v7(), self.place.connect().await);
        let begin =
            "insert into sessions (org_id, id, user_id, membership_id, employee_id, role_ids, expires_at)
            select org_id, $3, user_id, id, employee_id, role_ids, now() + interval '30 days'
            from memberships where org_id = $1 and user_id = $2 returning membership_id";
        let member = database.query_one(begin, &[&self.id, &person.user, &session]).await.unwrap();
        let claims = Claims::new(person.user, self.id, session, false, Utc::now().timestamp());
        let token = service().tokens().await.sign(&claims).unwrap();
        let membership = member.get(0);
        Caller { organization: self.id, user: person.user, session, membership, role: Uuid::nil(), token }
    }

    /// A session of the owner's.
    pub async fn owner(&self) -> Caller {
        self.session(&self.owner).await
    }

    /// Somebody with exactly these permissions, as [`Organization::caller`] knows them.
    pub async fn caller(&self, permissions: &[&str]) -> Caller {
        Organization { id: self.id }.caller(permissions).await
    }

    /// The id of the role of this name.
    pub async fn role(&self, name: &str) -> String {
        let find = "select id from roles where org_id = $1 and name = $2";
        let role: Uuid = self.place.connect().await.query_one(find, &[&self.id, &name]).await.unwrap().get(0);
        role.to_string()
    }
}

/// A sign-in at the shared service.
pub fn login(email: &str, password: &str) -> Request {
    login_with(&json!({"email": email, "password": password}))
}

pub fn login_with(body: &Value) -> Request {
    Request::new(Method::POST, "/v1/auth/login").json(body)
}

impl Request {
    /// As it comes from this address, through the proxy.
    pub fn from(self, address: &str) -> Self {
        self.to(&behind_a_proxy().base).header("x-forwarded-for", address)
    }
}

/// A pair of tokens as sign-in gave it.
pub struct Pair {
    pub access: String,
    pub refresh: String,
}

impl Pair {
    #[track_caller]
    pub fn of(answer: Answer) -> Self {
        let pair = answer.is(200);
        let text = |name: &str| pair[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }

    /// Signs in at the shared service, as people do.
    pub async fn taken(person: &Person) -> Self {
        Self::of(login(&person.email, PASSWORD).send().await)
    }

    pub async fn get(&self, path: &str) -> Answer {
        bearing(Method::GET, path, &self.access).send().await
    }
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        bearing(Method::POST, path, &self.access).json(&body).send().await
    }
    pub async fn refreshed(&self) -> Answer {
        refresh(&self.refresh).send().await
    }
}

pub fn refresh(token: &str) -> Request {
    Request::new(Method::POST, "/v1/auth/refresh").json(&json!({"refresh_token": token}))
}

pub fn bearing(method: Method, path: &str, token: &str) -> Request {
    Request::new(method, path).header("authorization", &format!("Bearer {token}"))
}

/// What a token says, unverified.
pub fn claims(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
