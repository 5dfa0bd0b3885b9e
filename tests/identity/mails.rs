//! Mails: what is sent to whom, what the links in them do, and that nobody learns whether an address has a login.
use crate::company::{Company, PASSWORD, Person, Place, address, login, unique};
use crate::fault;
use crate::support::{Answer, Request, free_address, run};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

const NEW: &str = "four other words together";
const APP: &str = "https://app.test.example";

/// A mail as it arrived.
#[derive(Clone, Debug)]
struct Arrived {
    to: Vec<String>,
    text: String,
}

impl Arrived {
    fn is_to(&self, address: &str) -> bool {
        self.to.iter().any(|to| to.eq_ignore_ascii_case(address))
    }
    fn says(&self, what: &str) -> bool {
        self.text.contains(what)
    }
    /// The token of the link to this page.
    #[track_caller]
    fn token(&self, page: &str) -> String {
        let start = format!("{APP}/{page}#token=");
        let rest = self.text.split_once(&start).unwrap_or_else(|| panic!("no {start} in {}", self.text)).1;
        rest.split_whitespace().next().unwrap().to_owned()
    }
}

/// A mail server that takes everything, unless it is down.
struct Server {
    address: String,
    is_down: AtomicBool,
    mails: Mutex<Vec<Arrived>>,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let address = free_address();
    let listener = std::net::TcpListener::bind(&address).unwrap();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let stream = listener.accept().await.unwrap().0;
                tokio::spawn(take(stream));
            }
        });
    });
    Server { address, is_down: AtomicBool::new(false), mails: Mutex::default() }
});

/// As much of RFC 5321 as a client needs.
async fn take(stream: tokio::net::TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    if SERVER.is_down.load(Ordering::Relaxed) {
        return stream.write_all(b"421 come back later\r\n").await;
    }
    stream.write_all(b"220 test\r\n").await?;
    let (mut line, mut to) = (String::new(), Vec::new());
    while stream.read_line(&mut line).await? > 0 {
        let answer = match line.split(':').next().unwrap_or_default().trim().to_uppercase().as_str() {
            "RCPT TO" => {
                to.push(line.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                "250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    stream.read_line(&mut text).await?;
                }
                assert!(text.contains("Content-Transfer-Encoding: quoted-printable"), "{text}");
                let text = text.replace("=\r\n", "").replace("=3D", "="); // RFC 2045 §6.7; nothing else is not ASCII
                SERVER.mails.lock().unwrap().push(Arrived { to: std::mem::take(&mut to), text });
                "250 taken\r\n"
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n").await,
            _ => "250 ok\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

/// A service that sends its mails there.
fn mailing() -> &'static Place {
    static MAILING: LazyLock<Place> = LazyLock::new(|| {
        let url = format!("smtp://{}", SERVER.address);
        let flags = ["--trust-proxy", "--smtp-url", &url, "--mail-sender", "Test <no-reply@test.example>"];
        Place::start(
            "mailing",
            &[&flags[..], &["--app-url", APP, "--public-url", "https://api.test.example"]].concat(),
        )
    });
    &MAILING
}

fn arrived_at(address: &str) -> Vec<Arrived> {
    SERVER.mails.lock().unwrap().iter().filter(|mail| mail.is_to(address)).cloned().collect()
}

/// The mails at an address, once there are so many.
#[track_caller]
fn mails_at(address: &str, count: usize) -> impl Future<Output = Vec<Arrived>> {
    let patience = Instant::now() + Duration::from_secs(20);
    async move {
        loop {
            let mails = arrived_at(address);
            if mails.len() >= count {
                assert_eq!(mails.len(), count, "{mails:#?}");
                return mails;
            }
            assert!(Instant::now() < patience, "{} of {count} mails at {address}: {mails:#?}", mails.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// All jobs are done, so no mail is on its way.
async fn quiet() {
    let waiting = "select count(*) from job_queue";
    let patience = Instant::now() + Duration::from_secs(20);
    while mailing().connect().await.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        assert!(Instant::now() < patience);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn post(path: &str, body: Value) -> Answer {
    Request::new(Method::POST, path).json(&body).at_mailing().send().await
}

impl Request {
    /// To the service that sends mails, from an address of its own.
    fn at_mailing(self) -> Self {
        self.to(&mailing().base).header("x-forwarded-for", &address())
    }
}

async fn sign_in(person: &Person, password: &str) -> Answer {
    login(&person.email, password).at_mailing().send().await
}

async fn signed_in(person: &Person) -> String {
    sign_in(person, PASSWORD).await.is(200)["access_token"].as_str().unwrap().to_owned()
}

async fn post_as(token: &str, path: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {token}");
    Request::new(Method::POST, path).json(&body).header("authorization", &bearer).at_mailing().send().await
}

async fn get_as(token: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    Request::new(Method::GET, path).header("authorization", &bearer).at_mailing().send().await
}

async fn ask_for_reset(email: &str) -> Answer {
    post("/v1/auth/password-reset", json!({"email": email})).await
}

async fn reset(token: &str, password: &str) -> Answer {
    post("/v1/auth/password-reset/confirm", json!({"token": token, "new_password": password})).await
}

#[track_caller]
fn gone(answer: Answer) {
    assert_eq!(fault(&answer.is_problem(422, "invalid-input")), ("/token", "no-open-link"));
}

fn somebody() -> String {
    format!("{}@test.example", unique())
}

#[test]
fn a_forgotten_password_is_replaced_by_a_link_that_works_once() {
    run(async {
        let company = Company::new_in(mailing()).await;
        let person = company.member(&["auditor"]).await;
        let session = signed_in(&person).await;
        // Whatever name the service was asked by, the link leads where the operator said.
        let asked = Request::new(Method::POST, "/v1/auth/password-reset")
            .json(&json!({"email": person.email.to_uppercase()}))
            .header("host", "thief.example")
            .header("x-forwarded-host", "thief.example")
            .header("forwarded", "host=thief.example");
        assert_eq!(asked.at_mailing().send().await.text, "");
        let mail = mails_at(&person.email, 1).await.remove(0);
        assert!(mail.says("From: Test <no-reply@test.example>") && !mail.says("thief"), "{}", mail.text);
        assert!(mail.says("Subject: Choose another password\r\n"), "{}", mail.text);
        let token = mail.token("reset-password");

        // It lies nowhere in the database, not even where the job was.
        let kept = "select string_agg(t::text, ' ') from (
            select task::text from jobs union all select changes::text from events union all select hash::text from login_tokens) t (t)";
        let kept: String = mailing().connect().await.query_one(kept, &[]).await.unwrap().get(0);
        assert!(!kept.contains(&token) && !kept.contains(&token[43..]));

        let weak = reset(&token, "iloveyou").await.is_problem(422, "invalid-input");
        assert_eq!(fault(&weak), ("/new_password", "too-common"));
        get_as(&session, "/v1/me").await.is(200);
        reset(&token, NEW).await.is(204);
        get_as(&session, "/v1/me").await.is_problem(401, "unauthenticated");
        sign_in(&person, PASSWORD).await.is_problem(401, "invalid-credentials");
        sign_in(&person, NEW).await.is(200);
        gone(reset(&token, "yet another password").await);
        let notice = mails_at(&person.email, 2).await.remove(1);
        assert!(notice.says("Your password was changed") && !notice.says("token"), "{}", notice.text);
        let owner = signed_in(&company.owner).await;
        let history = get_as(&owner, &format!("/v1/users/{}/history", person.user)).await.is(200);
        let last = history["data"].as_array().unwrap().last().unwrap().clone();
        let whose = format!("user:{}", person.user);
        assert_eq!((&last["actor"], &last["type"]), (&json!(whose), &json!("user.updated")));
    });
}

#[test]
fn only_the_newest_link_holds_for_half_an_hour_and_for_the_login_as_it_was() {
    run(async {
        let company = Company::new_in(mailing()).await;
        let person = company.member(&["auditor"]).await;
        for n in 1..=3 {
            ask_for_reset(&person.email).await.is(202);
            mails_at(&person.email, n).await;
        }
        let mails = mails_at(&person.email, 3).await;
        let tokens: Vec<String> = mails.iter().map(|mail| mail.token("reset-password")).collect();
        gone(reset(&tokens[0], NEW).await);
        gone(reset(&tokens[1], NEW).await);
        let half_an_hour = "select expires_at between now() + interval '29 minutes' and now() + interval '30 minutes' from login_tokens where user_id = $1";
        let database = mailing().connect().await;
        assert!(database.query_one(half_an_hour, &[&person.user]).await.unwrap().get::<_, bool>(0));
        mailing().sql("update login_tokens set expires_at = now() where user_id = $1", &[&person.user]).await;
        gone(reset(&tokens[2], NEW).await);
        for made_up in ["x", &tokens[2][..85], &format!("{}A", tokens[2])] {
            gone(reset(made_up, NEW).await);
        }

        // Another change of the login makes it void.
        ask_for_reset(&person.email).await.is(202);
        let token = mails_at(&person.email, 4).await[3].token("reset-password");
        let session = signed_in(&person).await;
        let change = json!({"current_password": PASSWORD, "new_password": NEW});
        post_as(&session, "/v1/me/change-password", change).await.is(204);
        gone(reset(&token, "yet another password").await);
        mails_at(&person.email, 5).await;
        // Of two who bring the same at once, one chooses.
        ask_for_reset(&person.email).await.is(202);
        let token = mails_at(&person.email, 6).await[5].token("reset-password");
        let (first, second) = futures_util::future::join(
            reset(&token, "the first of two words"),
            reset(&token, "the second of two words"),
        )
        .await;
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 422]);
    });
}

#[test]
fn an_unknown_a_known_and_a_disabled_address_are_answered_the_same_way() {
    run(async {
        let company = Company::new_in(mailing()).await;
        let (known, disabled) = (company.member(&["auditor"]).await, company.member(&["auditor"]).await);
        let disable = "update logins set status = 'disabled' where id = $1";
        mailing().sql(disable, &[&disabled.user]).await;
        let unknown = somebody();
        let mut answers = Vec::new();
        for email in [&unknown, &known.email, &disabled.email] {
            let answer = ask_for_reset(email).await;
            let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            headers.sort();
            answers.push((answer.status, answer.text, headers));
        }
        assert_eq!(answers[0].0, 202);
        assert!(answers[0] == answers[1] && answers[0] == answers[2], "{answers:?}");
        mails_at(&known.email, 1).await;
        quiet().await;
        assert!(arrived_at(&unknown).is_empty() && arrived_at(&disabled.email).is_empty());

        // The same time: the same work is done for each, and the rest where nobody waits.
        let took = async |emails: Vec<String>| {
            let mut took = Vec::new();
            for email in emails {
                let started = Instant::now();
                ask_for_reset(&email).await.is(202);
                took.push(started.elapsed());
            }
            took.sort();
            took[took.len() / 2]
        };
        let mut people = Vec::new();
        for _ in 0..15 {
            people.push(company.member(&["auditor"]).await.email);
        }
        let with = took(people).await;
        let without = took((0..15).map(|_| somebody()).collect()).await;
        let floor = Duration::from_millis(20); // for whatever else the machine does
        assert!(with < without.max(floor) * 2 && without < with.max(floor) * 2, "{with:?} {without:?}");
    });
}

#[test]
fn nobodys_mailbox_is_filled() {
    run(async {
        let company = Company::new_in(mailing()).await;
        let person = company.member(&["auditor"]).await;
        for _ in 0..8 {
            ask_for_reset(&person.email).await.is(202);
        }
        mails_at(&person.email, 5).await;
        quiet().await;
        assert_eq!(arrived_at(&person.email).len(), 5);
        // And from one address not everybody's: the 101st is told to wait.
        let from = address();
        let ask = async || {
            let body = json!({"email": somebody()});
            let request = Request::new(Method::POST, "/v1/auth/password-reset").json(&body);
            request.to(&mailing().base).header("x-forwarded-for", &from).send().await
        };
        for _ in 0..100 {
            ask().await.is(202);
        }
        let held_back = ask().await;
        assert!(held_back.header("retry-after").is_some());
        held_back.is_problem(429, "too-many-requests");
    });
}

#[test]
fn a_mail_waits_for_a_mail_server_that_is_away() {
    run(async {
        let company = Company::new_in(mailing()).await;
        let person = company.member(&["auditor"]).await;
        SERVER.is_down.store(true, Ordering::Relaxed);
        ask_for_reset(&person.email).await.is(202);
        let tried = "select coalesce(max(attempts), 0) from jobs where kind = 'mails.send' and status = 'queued' and attempts > 0";
        let patience = Instant::now() + Duration::from_secs(20);
        while mailing().connect().await.query_one(tried, &[]).await.unwrap().get::<_, i32>(0) == 0 {
            assert!(Instant::now() < patience, "nobody tried");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        SERVER.is_down.store(false, Ordering::Relaxed);
        let token = mails_at(&person.email, 1).await[0].token("reset-password");
        reset(&token, NEW).await.is(204);
    });
}

#[test]
fn who_is_invited_finds_a_link_and_the_inviter_learns_nothing_of_their_login() {
    run(async {
        let company = Company::new_in(mailing()).await;
        let owner = signed_in(&company.owner).await;
        let elsewhere = Company::new_in(mailing()).await;
        let known = elsewhere.member(&["auditor"]).await;
        let invite = async |email: &str| -> String {
            let body = json!({"email": email, "role_ids": [company.role("employee").await]});
            let invited = post_as(&owner, "/v1/invitations", body).await.is(201);
            invited["token"].as_str().unwrap().to_owned()
        };
        let accept = async |token: &str, password: &str| {
            let body = json!({"token": token, "name": "Dan Ionescu", "password": password});
            post("/v1/auth/accept-invitation", body).await
        };
        let new = Person { email: somebody(), user: uuid::Uuid::nil() };
        let (of_new, of_known) = (invite(&new.email).await, invite(&known.email).await);

        // Whatever the inviter tries with the token that was told to them, both answer the same.
        for password in ["a password of theirs", "iloveyou"] {
            let (a, b) = (accept(&of_new, password).await, accept(&of_known, password).await);
            let (a, b) = (a.is_problem(401, "invalid-credentials"), b.is_problem(401, "invalid-credentials"));
            assert_eq!((&a["detail"], &a["errors"]), (&b["detail"], &b["errors"]));
        }
        let nameless = json!({"token": of_new, "password": "a password of theirs"});
        post("/v1/auth/accept-invitation", nameless).await.is_problem(401, "invalid-credentials");

        let mail = mails_at(&new.email, 1).await.remove(0);
        assert!(mail.says("Subject: You are invited\r\n") && mail.says("\"Company\""), "{}", mail.text);
        let mailed = mail.token("accept-invitation");
        assert_ne!(mailed, of_new);
        let weak = accept(&mailed, "iloveyou").await.is_problem(422, "invalid-input");
        assert_eq!(fault(&weak), ("/password", "too-common"));
        accept(&mailed, NEW).await.is(200);
        sign_in(&new, NEW).await.is(200);
        for used in [&mailed, &of_new] {
            let used = accept(used, NEW).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&used), ("/token", "no-open-invitation"));
        }
        // Who proves that the login is theirs needs no mail.
        accept(&of_known, PASSWORD).await.is(200);
    });
}

#[test]
fn an_address_is_changed_by_who_reads_the_mails_of_the_new_one() {
    run(async {
        let company = Company::new_in(mailing()).await;
        let person = company.member(&["auditor"]).await;
        let session = signed_in(&person).await;
        let new = Person { email: somebody(), user: person.user };
        let ask = async |email: &str| post_as(&session, "/v1/me/email", json!({"email": email})).await;
        assert_eq!(ask(&new.email).await.is(202), Value::Null);
        let notice = mails_at(&person.email, 1).await.remove(0);
        assert!(notice.says(&new.email) && !notice.says("token="), "{}", notice.text);
        let token = mails_at(&new.email, 1).await[0].token("confirm-email");
        sign_in(&new, PASSWORD).await.is_problem(401, "invalid-credentials");
        gone(reset(&token, NEW).await);

        let confirm = async |token: &str| post("/v1/auth/confirm-email", json!({"token": token})).await;
        confirm(&token).await.is(204);
        sign_in(&new, PASSWORD).await.is(200);
        sign_in(&person, PASSWORD).await.is_problem(401, "invalid-credentials");
        get_as(&session, "/v1/me").await.is(200);
        gone(confirm(&token).await);
        let owner = signed_in(&company.owner).await;
        let history = get_as(&owner, &format!("/v1/users/{}/history", person.user)).await.is(200);
        let last = history["data"].as_array().unwrap().last().unwrap()["changes"]["email"].clone();
        assert_eq!((&last["before"], &last["after"]), (&json!(person.email), &json!(new.email)));

        // Somebody else's address: the same answer, and nothing comes of it.
        let neighbour = company.member(&["auditor"]).await;
        assert_eq!(ask(&neighbour.email.to_uppercase()).await.is(202), Value::Null);
        mails_at(&new.email, 2).await;
        quiet().await;
        assert!(arrived_at(&neighbour.email).is_empty());
        // Two want the same address: who confirms first has it.
        let (wanted, rival) = (somebody(), signed_in(&neighbour).await);
        ask(&wanted).await.is(202);
        post_as(&rival, "/v1/me/email", json!({"email": wanted})).await.is(202);
        let mails = mails_at(&wanted, 2).await;
        confirm(&mails[0].token("confirm-email")).await.is(204);
        let late = confirm(&mails[1].token("confirm-email")).await.is_problem(409, "conflict");
        assert_eq!(fault(&late), ("/email", "already-taken"));
    });
}

#[test]
fn no_address_brings_headers_of_its_own() {
    run(async {
        let company = Company::new_in(mailing()).await;
        let owner = signed_in(&company.owner).await;
        let role = company.role("employee").await;
        for email in [
            "a@test.example\r\nBcc: all@test.example",
            "a@test.example\nSubject: hello",
            "<a@test.example>, b@test.example",
            "a@test.example\u{2028}Bcc: x@test.example",
        ] {
            ask_for_reset(email).await.is_problem(422, "invalid-input");
            post_as(&owner, "/v1/me/email", json!({"email": email})).await.is_problem(422, "invalid-input");
            let invite = json!({"email": email, "role_ids": [role]});
            post_as(&owner, "/v1/invitations", invite).await.is_problem(422, "invalid-input");
        }
    });
}

#[test]
fn what_happens_to_the_second_factor_is_told_by_mail() {
    run(async {
        let company = Company::new_in(mailing()).await;
        let person = company.member(&["auditor"]).await;
        let session = signed_in(&person).await;
        let offered = post_as(&session, "/v1/me/second-factor", json!({})).await;
        let app = totp_rs::Totp::from_url(offered.is(200)["otpauth_uri"].as_str().unwrap()).unwrap();
        let code = json!({"code": app.generate_current().to_string()});
        post_as(&session, "/v1/me/second-factor/confirm", code).await.is(200);
        let notice = mails_at(&person.email, 1).await.remove(0);
        assert!(notice.says("Your sign-in asks for a code from now on"), "{}", notice.text);
        // The link of a forgotten password is no way around it.
        ask_for_reset(&person.email).await.is(202);
        let token = mails_at(&person.email, 2).await[1].token("reset-password");
        reset(&token, NEW).await.is(204);
        sign_in(&person, NEW).await.is_problem(401, "second-factor-required");
        mails_at(&person.email, 3).await;
        let owner = signed_in(&company.owner).await;
        let path = format!("/v1/users/{}/reset-second-factor", person.user);
        post_as(&owner, &path, json!({})).await.is(200);
        let notice = mails_at(&person.email, 4).await.remove(3);
        assert!(notice.says("Your second factor was reset"), "{}", notice.text);
        sign_in(&person, NEW).await.is(200);
    });
}
