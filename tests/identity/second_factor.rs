//! The second factor: enrolled, asked for, lost and reset; and what guesses come to.
use crate::company::{Company, PASSWORD, Pair, Person, address, behind_a_proxy, claims, here, login};
use crate::support::{Answer, Caller, Request, run};
use crate::{count, fault};
use chrono::Utc;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::Totp;

/// Somebody's authenticator app, and the recovery codes that they wrote down.
pub struct Phone {
    app: Totp,
    user: uuid::Uuid,
    pub recovery_codes: Vec<String>,
}

impl Phone {
    /// Enrols it in this session.
    pub async fn enrolled(session: &Caller) -> Self {
        let offered = session.act("/v1/me/second-factor").await.is(200);
        let app = Totp::from_url(offered["otpauth_uri"].as_str().unwrap()).unwrap();
        let mut phone = Self { app, user: session.user, recovery_codes: Vec::new() };
        let confirm = json!({"code": phone.code()});
        let confirmed = session.post("/v1/me/second-factor/confirm", confirm).await.is(200);
        phone.recovery_codes = serde_json::from_value(confirmed["recovery_codes"].clone()).unwrap();
        phone
    }

    /// What it shows now.
    pub fn code(&self) -> String {
        self.shown_in(0)
    }

    /// What it shows so many seconds from now.
    fn shown_in(&self, seconds: i64) -> String {
        self.app.generate((Utc::now().timestamp() + seconds).try_into().unwrap()).to_string()
    }

    /// Six digits that it shows neither now nor soon.
    fn wrong(&self) -> String {
        let shown: Vec<String> = (-3..=3).map(|step| self.shown_in(30 * step)).collect();
        (0..10).map(|n| format!("{n:06}")).find(|code| !shown.contains(code)).unwrap()
    }

    /// A code that was not used yet: as if the last one had been taken long ago.
    pub async fn fresh_code(&self) -> String {
        here().sql("update second_factors set last_step = 0 where user_id = $1", &[&self.user]).await;
        self.code()
    }
}

/// The challenge that a right password is answered with.
async fn challenge(person: &Person) -> String {
    let challenged = login(&person.email, PASSWORD).send().await.is_problem(401, "second-factor-required");
    challenged["second_factor"]["challenge"].as_str().unwrap().to_owned()
}

async fn answer(body: Value) -> Answer {
    Request::new(Method::POST, "/v1/auth/second-factor").json(&body).send().await
}

async fn answer_code(challenge: &str, code: &str) -> Answer {
    answer(json!({"challenge": challenge, "code": code})).await
}

#[test]
fn a_second_factor_is_enrolled_and_asked_for_at_sign_in() {
    run(async {
        let company = Company::new().await;
        let person = company.member(&["auditor"]).await;
        let (session, other) = (company.session(&person).await, Pair::taken(&person).await);
        let status = session.get("/v1/me/second-factor").await.is(200);
        assert_eq!(
            status,
            json!({"enrolled_at": null, "is_required": false, "is_awaited": false, "recovery_codes_left": 0})
        );

        // A key that nobody confirmed changes nothing, and a second replaces it.
        let first = session.act("/v1/me/second-factor").await.is(200);
        let second = session.act("/v1/me/second-factor").await.is(200);
        assert_ne!(first["secret"], second["secret"]);
        let uri = second["otpauth_uri"].as_str().unwrap();
        assert!(uri.contains(second["secret"].as_str().unwrap()), "{uri}");
        let app = |offered: &Value| Totp::from_url(offered["otpauth_uri"].as_str().unwrap()).unwrap();
        assert_eq!(app(&second).issuer(), Some("backoffice"));
        login(&person.email, PASSWORD).send().await.is(200);
        let old = json!({"code": app(&first).generate_current().to_string()});
        let refused =
            session.post("/v1/me/second-factor/confirm", old).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&refused), ("/code", "wrong-code"));

        let phone = Phone::enrolled(&session).await;
        assert_eq!(phone.recovery_codes.len(), 10);
        for ended in [other.get("/v1/me").await, other.refreshed().await] {
            ended.is_problem(401, "unauthenticated");
        }
        session.get("/v1/me").await.is(200);
        let own = session.get(&format!("/v1/sessions/{}", session.session)).await.is(200);
        assert_eq!(own["amr"], json!(["otp", "mfa"]), "the session has seen a code");
        session.act("/v1/me/second-factor").await.is_problem(409, "conflict");
        let user = session.get(&format!("/v1/users/{}", person.user)).await.is(200);
        assert!(user["second_factor_enrolled_at"].is_string());
        let history = session.get(&format!("/v1/users/{}/history", person.user)).await;
        assert!(!history.text.contains("key"), "{}", history.text);
        let last = history.is(200)["data"].as_array().unwrap().last().unwrap().clone();
        let changed: Vec<&str> = last["changes"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((&last["type"], changed), (&json!("user.updated"), vec!["second_factor_enrolled_at"]));

        let challenged =
            login(&person.email, PASSWORD).send().await.is_problem(401, "second-factor-required");
        let challenged = &challenged["second_factor"];
        assert_eq!(
            (&challenged["methods"], &challenged["expires_in"]),
            (&json!(["totp", "recovery_code"]), &json!(300))
        );
        let challenge = challenged["challenge"].as_str().unwrap();
        let pair = Pair::of(answer_code(challenge, &phone.fresh_code().await).await);
        assert_eq!(claims(&pair.access)["amr"], json!(["pwd", "otp", "mfa"]));
        let renewed = Pair::of(pair.refreshed().await);
        assert_eq!(claims(&renewed.access)["amr"], json!(["pwd", "otp", "mfa"]));
        renewed.get("/v1/employees").await.is(200);
        let without = company.member(&["auditor"]).await;
        assert_eq!(claims(&Pair::taken(&without).await.access)["amr"], json!(["pwd"]));
    });
}

#[test]
fn a_code_works_once_and_none_before_it_any_more() {
    run(async {
        let company = Company::new().await;
        let person = company.owner.clone();
        let phone = Phone::enrolled(&company.owner().await).await;
        let code = phone.fresh_code().await;
        Pair::of(answer_code(&challenge(&person).await, &code).await);
        let again = challenge(&person).await;
        answer_code(&again, &code).await.is_problem(401, "invalid-credentials");
        answer_code(&again, &phone.shown_in(-30)).await.is_problem(401, "invalid-credentials");
        answer_code(&again, &phone.shown_in(-90)).await.is_problem(401, "invalid-credentials");
        answer_code(&again, &phone.shown_in(90)).await.is_problem(401, "invalid-credentials");
        // The phone's clock may be half a minute ahead, and the same challenge takes a right code after wrong ones.
        Pair::of(answer_code(&again, &phone.shown_in(30)).await);

        // Of ten who bring the same code at once, one comes in.
        let code = phone.fresh_code().await;
        let challenges = join_all((0..10).map(|_| challenge(&person))).await;
        let answers = join_all(challenges.iter().map(|each| answer_code(each, &code))).await;
        assert_eq!((count(&answers, 200), count(&answers, 401)), (1, 9));
    });
}

#[test]
fn a_challenge_holds_for_one_sign_in_for_five_minutes_and_for_the_login_as_it_was() {
    run(async {
        let company = Company::new().await;
        let person = company.owner.clone();
        let session = company.owner().await;
        let phone = Phone::enrolled(&session).await;
        let used = challenge(&person).await;
        let pair = Pair::of(answer_code(&used, &phone.fresh_code().await).await);
        let over = async |challenge: &str| {
            answer_code(challenge, &phone.fresh_code().await).await.is_problem(401, "unauthenticated");
        };
        over(&used).await;
        over("made up").await;
        over(&pair.refresh).await;
        // It opens nothing but the second half of a sign-in.
        let open = challenge(&person).await;
        Request::new(Method::GET, "/v1/me")
            .header("authorization", &format!("Bearer {open}"))
            .send()
            .await
            .is_problem(401, "unauthenticated");
        crate::company::refresh(&open).send().await.is_problem(401, "unauthenticated");
        let reset = json!({"token": open, "new_password": "four other words together"});
        Request::new(Method::POST, "/v1/auth/password-reset/confirm")
            .json(&reset)
            .send()
            .await
            .is_problem(422, "invalid-input");

        here().sql("update login_tokens set expires_at = now() where user_id = $1", &[&person.user]).await;
        over(&open).await;
        let open = challenge(&person).await;
        let change = json!({"current_password": PASSWORD, "new_password": "four other words together"});
        session.post("/v1/me/change-password", change).await.is(204);
        over(&open).await;
    });
}

#[test]
fn nobody_learns_more_from_a_wrong_password_because_there_is_a_second_factor() {
    run(async {
        let company = Company::new().await;
        let (with, without) = (company.member(&["employee"]).await, company.member(&["employee"]).await);
        Phone::enrolled(&company.session(&with).await).await;
        let [a, b] = [&with, &without].map(|person| login(&person.email, "a wrong password").send());
        let (a, b) =
            (a.await.is_problem(401, "invalid-credentials"), b.await.is_problem(401, "invalid-credentials"));
        assert_eq!((&a["detail"], &a["title"]), (&b["detail"], &b["title"]));
    });
}

#[test]
fn recovery_codes_work_once_each_however_they_are_typed() {
    run(async {
        let company = Company::new().await;
        let person = company.owner.clone();
        let session = company.owner().await;
        let phone = Phone::enrolled(&session).await;
        let recover = async |code: &str| {
            answer(json!({"challenge": challenge(&person).await, "recovery_code": code})).await
        };
        Pair::of(recover(&phone.recovery_codes[0]).await);
        recover(&phone.recovery_codes[0]).await.is_problem(401, "invalid-credentials");
        Pair::of(recover(&phone.recovery_codes[1].to_uppercase().replace('-', "")).await);
        let left = async || session.get("/v1/me/second-factor").await.is(200)["recovery_codes_left"].clone();
        assert_eq!(left().await, 8);

        let renew = "/v1/me/second-factor/renew-recovery-codes";
        let wrong =
            session.post(renew, json!({"code": phone.wrong()})).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&wrong), ("/code", "wrong-code"));
        let both = json!({"code": phone.code(), "recovery_code": phone.recovery_codes[2]});
        for (body, code) in [(both, "not-both"), (json!({}), "no-code")] {
            let refused = session.post(renew, body).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&refused), ("", code));
        }
        let renewed = session.post(renew, json!({"recovery_code": phone.recovery_codes[2]})).await.is(200);
        assert_eq!(left().await, 10);
        recover(&phone.recovery_codes[3]).await.is_problem(401, "invalid-credentials");
        Pair::of(recover(renewed["recovery_codes"][9].as_str().unwrap()).await);

        // Nothing of them can be read in the database.
        let kept = "select coalesce(string_agg(t::text, ' '), '') from recovery_codes t where user_id = $1";
        let kept: String = here().connect().await.query_one(kept, &[&person.user]).await.unwrap().get(0);
        for code in renewed["recovery_codes"].as_array().unwrap() {
            assert!(!kept.contains(code.as_str().unwrap()));
        }
    });
}

#[test]
fn ten_wrong_codes_are_enough_from_wherever_they_come() {
    run(async {
        let company = Company::new_in(behind_a_proxy()).await;
        let person = company.owner.clone();
        let place = behind_a_proxy();
        // Enrolled behind the service's back, with the key of RFC 6238.
        let key = b"12345678901234567890".to_vec();
        place.sql("insert into second_factors (user_id, key) values ($1, $2)", &[&person.user, &key]).await;
        let enrol = "update logins set second_factor_enrolled_at = now() where id = $1";
        place.sql(enrol, &[&person.user]).await;
        let app = Totp::from_url("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        let phone = Phone { app, user: person.user, recovery_codes: vec![] };
        let begin = async || {
            let challenged = login(&person.email, PASSWORD).from(&address()).send().await;
            let challenged = challenged.is_problem(401, "second-factor-required");
            challenged["second_factor"]["challenge"].as_str().unwrap().to_owned()
        };
        let guess = async |challenge: &str, code: &str| {
            let body = json!({"challenge": challenge, "code": code});
            Request::new(Method::POST, "/v1/auth/second-factor").json(&body).from(&address()).send().await
        };

        // Thirty at once, each from an address and with a challenge of its own: ten are judged.
        let challenges = join_all((0..30).map(|_| begin())).await;
        let wrong = phone.wrong();
        let answers = join_all(challenges.iter().map(|each| guess(each, &wrong))).await;
        assert_eq!((count(&answers, 401), count(&answers, 429)), (10, 20));
        let held_back = guess(&begin().await, &phone.code()).await;
        let wait: i64 = held_back.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=900).contains(&wait), "{wait} s");
        held_back.is_problem(429, "too-many-requests");

        let later =
            "update second_factors set failing_since = now() - interval '15 minutes' where user_id = $1";
        place.sql(later, &[&person.user]).await;
        let open = begin().await;
        guess(&open, &wrong).await.is_problem(401, "invalid-credentials");
        guess(&open, &phone.code()).await.is(200);
        let failures = "select failures from second_factors where user_id = $1";
        let failures: i32 = place.connect().await.query_one(failures, &[&person.user]).await.unwrap().get(0);
        assert_eq!(failures, 0, "who came in begins anew");
    });
}

#[test]
fn what_is_sensitive_asks_for_a_fresh_sign_in_and_a_dry_run_guesses_nothing() {
    run(async {
        let company = Company::new().await;
        let session = company.owner().await;
        let stale = session.signed_in_ago(16 * 60).await;
        stale.act("/v1/me/second-factor").await.is_problem(401, "fresh-login-required");
        let phone = Phone::enrolled(&session).await;
        for (path, body) in [
            ("/v1/me/second-factor/remove", json!({"code": phone.fresh_code().await})),
            ("/v1/me/second-factor/renew-recovery-codes", json!({"code": phone.fresh_code().await})),
            ("/v1/me/email", json!({"email": "another@test.example"})),
            (&format!("/v1/users/{}/reset-second-factor", uuid::Uuid::now_v7()), json!(null)),
        ] {
            let request = stale.request(Method::POST, path);
            let request = if body.is_null() { request } else { request.json(&body) };
            request.send().await.is_problem(401, "fresh-login-required");
        }
        let dry = json!({"code": phone.wrong()});
        for _ in 0..10 {
            session
                .post("/v1/me/second-factor/remove?dry_run=true", dry.clone())
                .await
                .is_problem(422, "invalid-input");
        }
        let counted = session.post("/v1/me/second-factor/remove?dry_run=true", dry).await;
        counted.is_problem(429, "too-many-requests");
    });
}

#[test]
fn a_second_factor_is_removed_with_a_code_of_it() {
    run(async {
        let company = Company::new().await;
        let person = company.owner.clone();
        let session = company.owner().await;
        session
            .post("/v1/me/second-factor/remove", json!({"code": "000000"}))
            .await
            .is_problem(409, "conflict");
        let phone = Phone::enrolled(&session).await;
        let other = Pair::of(answer_code(&challenge(&person).await, &phone.fresh_code().await).await);
        let wrong = json!({"code": phone.wrong()});
        session.post("/v1/me/second-factor/remove", wrong).await.is_problem(422, "invalid-input");
        other.get("/v1/me").await.is(200);
        let right = json!({"code": phone.fresh_code().await});
        session.post("/v1/me/second-factor/remove", right).await.is(204);
        other.get("/v1/me").await.is_problem(401, "unauthenticated");
        session.get("/v1/me").await.is(200);
        Pair::taken(&person).await.get("/v1/me").await.is(200);
    });
}

#[test]
fn what_is_told_once_is_not_told_to_who_asks_again() {
    run(async {
        let session = Company::new().await.owner().await;
        let send = || {
            session.request(Method::POST, "/v1/me/second-factor").header("idempotency-key", "enrol").send()
        };
        let (first, again) = (send().await, send().await);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        let (first, again) = (first.is(200), again.is(200));
        assert!(first["secret"].is_string());
        assert_eq!(again, json!({"secret": null, "otpauth_uri": null}));
        let app = Totp::from_url(first["otpauth_uri"].as_str().unwrap()).unwrap();
        let body = json!({"code": app.generate_current().to_string()});
        let send = || {
            session
                .request(Method::POST, "/v1/me/second-factor/confirm")
                .header("idempotency-key", "confirm")
                .json(&body)
                .send()
        };
        assert_eq!(send().await.is(200)["recovery_codes"].as_array().unwrap().len(), 10);
        assert_eq!(send().await.is(200), json!({"recovery_codes": null}));
    });
}

#[test]
fn it_is_still_me_is_proven_with_all_that_sign_in_asks_for() {
    run(async {
        let company = Company::new().await;
        let person = company.owner.clone();
        let session = company.owner().await;
        let stale = session.signed_in_ago(16 * 60).await;
        let prove = async |body: Value| stale.post("/v1/auth/reauthenticate", body).await;
        let wrong = prove(json!({"password": "a wrong one"})).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&wrong), ("/password", "wrong-password"));
        let fresh = prove(json!({"password": PASSWORD})).await.is(200);
        let fresh = Caller { token: fresh["access_token"].as_str().unwrap().to_owned(), ..stale.clone() };
        assert_eq!(claims(&fresh.token)["sid"], json!(session.session), "the same session goes on");
        let phone = Phone::enrolled(&fresh).await;

        let stale = fresh.signed_in_ago(16 * 60).await;
        let prove = async |body: Value| stale.post("/v1/auth/reauthenticate", body).await;
        let missing = prove(json!({"password": PASSWORD})).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&missing), ("", "no-code"));
        let wrong = prove(json!({"password": PASSWORD, "code": phone.wrong()}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(fault(&wrong), ("/code", "wrong-code"));
        // A wrong password tells nothing of the code, and does not use it up.
        let code = phone.fresh_code().await;
        let both =
            prove(json!({"password": "a wrong one", "code": code})).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&both), ("/password", "wrong-password"));
        let fresh = prove(json!({"password": PASSWORD, "code": code})).await.is(200);
        let fresh = Caller { token: fresh["access_token"].as_str().unwrap().to_owned(), ..stale.clone() };
        let remove = json!({"code": phone.fresh_code().await});
        fresh.post("/v1/me/second-factor/remove", remove).await.is(204);

        for guess in 0..10 {
            prove(json!({"password": format!("wrong {guess}")})).await.is_problem(422, "invalid-input");
        }
        prove(json!({"password": PASSWORD})).await.is_problem(429, "too-many-requests");
        Pair::taken(&person).await.get("/v1/me").await.is(200);
    });
}

#[test]
fn an_administrator_resets_the_second_factor_of_who_lost_it() {
    run(async {
        let (company, other) = (Company::new().await, Company::new().await);
        let person = company.member(&["auditor"]).await;
        other.admit(&person.email, &["auditor"], None).await;
        let session = company.session(&person).await;
        let phone = Phone::enrolled(&session).await;
        let elsewhere = other.session(&person).await;
        let path = format!("/v1/users/{}/reset-second-factor", person.user);

        // Not who only knows them, not who may only read, and nobody themselves.
        other.owner().await.act(&path).await.is_problem(403, "forbidden");
        company
            .session(&company.member(&["it_support"]).await)
            .await
            .act(&path)
            .await
            .is_problem(403, "forbidden");
        let owner = company.owner().await;
        let own = format!("/v1/users/{}/reset-second-factor", company.owner.user);
        owner.act(&own).await.is_problem(403, "forbidden");
        login(&person.email, PASSWORD).send().await.is_problem(422, "invalid-input");

        let manager = company.session(&company.member(&["it_manager"]).await).await;
        let reset = manager.act(&path).await.is(200);
        assert_eq!(reset["second_factor_enrolled_at"], Value::Null);
        for ended in [session.get("/v1/me").await, elsewhere.get("/v1/me").await] {
            ended.is_problem(401, "unauthenticated");
        }
        let into = json!({"email": person.email, "password": PASSWORD, "organization": company.slug});
        crate::company::login_with(&into).send().await.is(200);
        let history = manager.get(&format!("/v1/users/{}/history", person.user)).await.is(200);
        let last = history["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["actor"], format!("user:{}", manager.user), "{last}");
        assert!(last["changes"]["second_factor_enrolled_at"]["before"].is_string(), "{last}");
        // A second time there is nothing to reset, and the key is gone.
        assert_eq!(manager.act(&path).await.is(200)["version"], reset["version"]);
        let keys = "select count(*) from second_factors where user_id = $1";
        let keys: i64 = here().connect().await.query_one(keys, &[&phone.user]).await.unwrap().get(0);
        assert_eq!(keys, 0);
    });
}
