//! Sessions: renewed by refresh tokens that work once, listed and ended by those whose they are and by those who watch.
use crate::company::{Company, PASSWORD, Pair, bearing, claims, here, login, refresh};
use crate::count;
use crate::support::{Answer, run};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What a refresh token that does not hold is told, whatever is wrong with it.
#[track_caller]
fn refused(answer: Answer) {
    assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{}", answer.text);
    let problem = answer.is_problem(401, "unauthenticated");
    assert_eq!(problem["detail"], "The refresh token does not hold: sign in again.");
}

/// The session that a pair of tokens stands on.
fn session(of: &Pair) -> Uuid {
    claims(&of.access)["sid"].as_str().unwrap().parse().unwrap()
}

async fn act(pair: &Pair, path: &str) -> Answer {
    bearing(Method::POST, path, &pair.access).send().await
}

#[test]
fn a_refresh_token_is_renewed_with_every_use() {
    run(async {
        let company = Company::new().await;
        let first = Pair::taken(&company.owner).await;
        let second = Pair::of(first.refreshed().await);
        let third = Pair::of(second.refreshed().await);
        assert!(
            first.refresh != second.refresh
                && second.refresh != third.refresh
                && first.access != second.access
        );
        for pair in [&first, &second, &third] {
            pair.get("/v1/me").await.is(200);
            assert_eq!(session(pair), session(&first), "one session goes on");
            assert_eq!(
                claims(&pair.access)["auth_time"],
                claims(&first.access)["auth_time"],
                "nobody proved anything anew"
            );
        }
    });
}

#[test]
fn a_session_lasts_thirty_days_however_often_it_is_renewed() {
    run(async {
        let company = Company::new().await;
        let pair = Pair::of(Pair::taken(&company.owner).await.refreshed().await);
        let lasts = "select expires_at - signed_in_at = interval '30 days' from sessions where org_id = $1 and id = $2";
        let row = here().connect().await.query_one(lasts, &[&company.id, &session(&pair)]).await.unwrap();
        assert!(row.get::<_, bool>(0));
        let over =
            "update sessions set expires_at = now() - interval '1 second' where org_id = $1 and id = $2";
        here().sql(over, &[&company.id, &session(&pair)]).await;
        refused(pair.refreshed().await);
        pair.get("/v1/me").await.is_problem(401, "unauthenticated");
    });
}

#[test]
fn a_refresh_token_that_nobody_used_for_seven_days_is_over() {
    run(async {
        let company = Company::new().await;
        for (age, status) in [("6 days 23 hours", 200), ("7 days 1 minute", 401)] {
            let pair = Pair::taken(&company.owner).await;
            let aged = "update refresh_tokens set created_at = now() - $3::text::interval where org_id = $1 and session_id = $2";
            here().sql(aged, &[&company.id, &session(&pair), &age]).await;
            assert_eq!(pair.refreshed().await.status, status, "{age}");
        }
    });
}

#[test]
fn a_refresh_token_used_twice_ends_the_whole_session() {
    run(async {
        let company = Company::new().await;
        let (other, stolen) = (Pair::taken(&company.owner).await, Pair::taken(&company.owner).await);
        let thief = Pair::of(stolen.refreshed().await);
        let thief = Pair::of(thief.refreshed().await);
        refused(stolen.refreshed().await);
        // Nobody can tell who is who, so both are out, at once.
        for pair in [&stolen, &thief] {
            pair.get("/v1/me").await.is_problem(401, "unauthenticated");
            refused(pair.refreshed().await);
        }
        other.get("/v1/me").await.is(200);
        Pair::of(other.refreshed().await);
        // And whoever watches over access can see it.
        let owner = company.owner().await;
        let ended = owner.get(&format!("/v1/sessions/{}", session(&stolen))).await.is(200);
        assert_eq!(ended["status"], "ended");
    });
}

#[test]
fn of_eight_refreshes_at_once_exactly_one_wins() {
    run(async {
        let company = Company::new().await;
        for _ in 0..5 {
            let pair = Pair::taken(&company.owner).await;
            let answers = join_all((0..8).map(|_| pair.refreshed())).await;
            assert_eq!((count(&answers, 200), count(&answers, 401)), (1, 7));
            let tokens = "select count(*) from refresh_tokens where org_id = $1 and session_id = $2";
            let row =
                here().connect().await.query_one(tokens, &[&company.id, &session(&pair)]).await.unwrap();
            assert_eq!(row.get::<_, i64>(0), 2, "the first, and one that came of it");
        }
    });
}

#[test]
fn who_loses_a_race_ends_nothing() {
    run(async {
        let company = Company::new().await;
        let pair = Pair::taken(&company.owner).await;
        // Both are on their way while the token is held, so neither could know of the other.
        let mut holding = here().connect().await;
        let holder = holding.transaction().await.unwrap();
        let hold = "select from refresh_tokens where org_id = $1 and session_id = $2 for update";
        holder.execute(hold, &[&company.id, &session(&pair)]).await.unwrap();
        let racing = [(); 2].map(|()| tokio::spawn(refresh(&pair.refresh).send()));
        let waiting = "select count(*) from pg_locks l join pg_stat_activity a using (pid)
            where not l.granted and a.query like '%renew_session%' and a.datname = current_database()";
        let watching = here().connect().await;
        let arrived = async || {
            let waiting: i64 = watching.query_one(waiting, &[]).await.unwrap().get(0);
            waiting + racing.iter().map(|each| i64::from(each.is_finished())).sum::<i64>()
        };
        let began = Instant::now();
        while arrived().await < 2 {
            assert!(began.elapsed() < Duration::from_secs(2), "they do not wait for the token");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        holder.rollback().await.unwrap();
        let answers: Vec<Answer> = join_all(racing).await.into_iter().map(Result::unwrap).collect();
        assert_eq!((count(&answers, 200), count(&answers, 401)), (1, 1));
        pair.get("/v1/me").await.is(200);
        let winner = Pair::of(answers.into_iter().find(|answer| answer.status == 200).unwrap());
        Pair::of(winner.refreshed().await).get("/v1/me").await.is(200);
    });
}

#[test]
fn what_is_no_refresh_token_renews_nothing_and_ends_nothing() {
    run(async {
        let (company, other) = (Company::new().await, Company::new().await);
        let pair = Pair::taken(&company.owner).await;
        let bytes = URL_SAFE_NO_PAD.decode(&pair.refresh).unwrap();
        let changed = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = bytes.clone();
            change(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        };
        let foreign = Pair::taken(&other.owner).await;
        let foreign_session = session(&foreign);
        let owner = company.owner().await;
        let invitation =
            json!({"email": "somebody@test.example", "role_ids": [company.role("employee").await]});
        let invitation =
            owner.post("/v1/invitations", invitation).await.is(201)["token"].as_str().unwrap().to_owned();
        let forged = [
            "x".to_owned(),
            "null".into(),
            "' or true --".into(),
            pair.refresh[..pair.refresh.len() - 1].to_owned(),
            format!("{}A", pair.refresh),
            format!("{}=", pair.refresh),
            pair.refresh.to_lowercase(),
            pair.access[..100].to_owned(),
            invitation,
            changed(&|bytes| bytes[63] ^= 1),
            changed(&|bytes| bytes[..16].copy_from_slice(other.id.as_bytes())),
            changed(&|bytes| bytes[16..32].copy_from_slice(foreign_session.as_bytes())),
            changed(&|bytes| {
                bytes[..16].copy_from_slice(other.id.as_bytes());
                bytes[16..32].copy_from_slice(foreign_session.as_bytes());
            }),
            changed(&|bytes| bytes[16..32].copy_from_slice(Uuid::nil().as_bytes())),
            changed(&|bytes| bytes[32..].fill(0)),
            changed(&|bytes| bytes.fill(0)),
        ];
        for token in &forged {
            refused(refresh(token).send().await);
        }
        refresh(&pair.access).send().await.is_problem(422, "invalid-input");
        refresh("").send().await.is_problem(422, "invalid-input");
        for pair in [&pair, &foreign] {
            Pair::of(pair.refreshed().await).get("/v1/me").await.is(200);
        }
    });
}

#[test]
fn after_signing_out_nothing_of_the_session_holds() {
    run(async {
        let company = Company::new().await;
        let (pair, other) = (Pair::taken(&company.owner).await, Pair::taken(&company.owner).await);
        let later = Pair::of(pair.refreshed().await);
        act(&pair, "/v1/auth/logout").await.is(204);
        for pair in [&pair, &later] {
            pair.get("/v1/me").await.is_problem(401, "unauthenticated");
            act(pair, "/v1/auth/logout").await.is_problem(401, "unauthenticated");
            refused(pair.refreshed().await);
        }
        other.get("/v1/me").await.is(200);
    });
}

#[test]
fn everybody_sees_and_ends_their_own_sessions() {
    run(async {
        let company = Company::new().await;
        let (person, colleague) = (company.member(&["employee"]).await, company.member(&["employee"]).await);
        let phone = Pair::of(login(&person.email, PASSWORD).header("user-agent", "Phone/1.0").send().await);
        let laptop = Pair::of(login(&person.email, PASSWORD).header("user-agent", "Laptop/2.0").send().await);
        let colleagues = Pair::taken(&colleague).await;
        let laptop = Pair::of(laptop.refreshed().await);

        let own = laptop.get("/v1/me/sessions").await.is(200)["data"].clone();
        let shown: Vec<_> = own
            .as_array()
            .unwrap()
            .iter()
            .map(|each| {
                (
                    each["user_agent"].as_str().unwrap(),
                    each["is_this_one"].as_bool().unwrap(),
                    each["last_used_at"].is_string(),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [("Laptop/2.0", true, true), ("Phone/1.0", false, false)],
            "newest first, nobody else's"
        );
        assert_eq!(own[1]["address"], "127.0.0.1");

        let end = |of: &Pair| format!("/v1/me/sessions/{}/end", session(of));
        act(&laptop, &end(&colleagues)).await.is_problem(404, "not-found");
        act(&laptop, &format!("/v1/me/sessions/{}/end", Uuid::now_v7())).await.is_problem(404, "not-found");
        let ended = act(&laptop, &end(&phone)).await.is(200);
        assert_eq!((&ended["status"], &ended["available_actions"]), (&json!("ended"), &json!([])));
        phone.get("/v1/me").await.is_problem(401, "unauthenticated");
        refused(phone.refreshed().await);
        act(&laptop, &end(&phone)).await.is_problem(409, "invalid-state");
        colleagues.get("/v1/me").await.is(200);
        assert_eq!(laptop.get("/v1/me/sessions").await.is(200)["data"].as_array().unwrap().len(), 1);
        act(&laptop, &end(&laptop)).await.is(200);
        laptop.get("/v1/me").await.is_problem(401, "unauthenticated");
    });
}

#[test]
fn an_administrator_ends_the_session_of_somebody_else() {
    run(async {
        let (company, other) = (Company::new().await, Company::new().await);
        let person = company.member(&["employee"]).await;
        let (pair, second) = (Pair::taken(&person).await, Pair::taken(&person).await);
        let support = company.session(&company.member(&["it_support"]).await).await;
        let end = format!("/v1/sessions/{}/end", session(&pair));
        company
            .session(&company.member(&["auditor"]).await)
            .await
            .act(&end)
            .await
            .is_problem(403, "forbidden");
        other.owner().await.act(&end).await.is_problem(404, "not-found");
        pair.get("/v1/me").await.is(200);

        let active = format!("/v1/sessions?user_id={}&status=active&sort=signed_in_at", person.user);
        let listed = support.get(&active).await.is(200);
        let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|each| each["id"].clone()).collect();
        assert_eq!(ids, [json!(session(&pair)), json!(session(&second))]);
        support.act(&end).await.is(200);
        pair.get("/v1/me").await.is_problem(401, "unauthenticated");
        refused(pair.refreshed().await);
        second.get("/v1/me").await.is(200);
        support.act(&end).await.is_problem(409, "invalid-state");
        // Who ended it stays known.
        let history = support.get(&format!("/v1/sessions/{}/history", session(&pair))).await.is(200);
        let last = history["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&last["type"], &last["actor"]),
            (&json!("session.ended"), &json!(format!("user:{}", support.user)))
        );
    });
}

#[test]
fn no_secret_is_kept_as_it_was_given() {
    run(async {
        let company = Company::new().await;
        let (owner, person) = (company.owner().await, company.member(&["employee"]).await);
        let pair = Pair::taken(&person).await;
        let renewed = Pair::of(pair.refreshed().await);
        let password = "a password of nobody else's";
        let change = json!({"current_password": PASSWORD, "new_password": password});
        let request = bearing(Method::POST, "/v1/me/change-password", &renewed.access)
            .header("idempotency-key", "change");
        request.json(&change).send().await.is(204);
        let keyed = |path: &str| owner.request(Method::POST, path).header("idempotency-key", path);
        let body = json!({"name": "Bureau", "scopes": ["employees:read"]});
        let client = keyed("/v1/api-clients").json(&body).send().await.is(201);
        let client_secret = client["client_secret"].as_str().unwrap().to_owned();
        let rotate = format!("/v1/api-clients/{}/rotate-secret", client["client_id"].as_str().unwrap());
        let newer_secret = keyed(&rotate).send().await.is(201)["client_secret"].as_str().unwrap().to_owned();
        let body = json!({"email": "somebody@test.example", "role_ids": [company.role("employee").await]});
        let invitation =
            keyed("/v1/invitations").json(&body).send().await.is(201)["token"].as_str().unwrap().to_owned();

        let opaque = [&pair.refresh, &renewed.refresh, &client_secret, &newer_secret, &invitation];
        let mut wanted: Vec<String> = opaque.iter().map(|token| token[44..].to_owned()).collect();
        // What is kept in bytes shows in hexadecimal: the 32 that are random.
        wanted.extend(opaque.iter().map(|token| hex(&URL_SAFE_NO_PAD.decode(token).unwrap()[32..])));
        wanted.extend([
            pair.access.clone(),
            renewed.access.clone(),
            password.to_owned(),
            PASSWORD.to_owned(),
        ]);
        let database = here().connect().await;
        let tables = "select quote_ident(relname) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'";
        let tables: Vec<String> =
            database.query(tables, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert!(tables.len() > 20, "{tables:?}");
        for table in tables {
            let query = format!(
                "select count(*) from {table} kept, unnest($1::text[]) looked_for (secret) where position(looked_for.secret in kept::text) > 0"
            );
            let found: i64 = database.query_one(&query, &[&wanted]).await.unwrap().get(0);
            assert_eq!(found, 0, "{table} holds a secret");
        }
        // The search finds what is there: the hash of the password, and a session's id.
        let there = "select count(*) from logins kept where position('$argon2id$v=19$m=19456,t=2,p=1$' in kept::text) > 0 and id = $1";
        assert_eq!(database.query_one(there, &[&person.user]).await.unwrap().get::<_, i64>(0), 1);
    });
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
