//! Guessing passwords: how often one may, from where, and that nobody else suffers from it.
use crate::company::{Company, PASSWORD, Pair, address, bearing, behind_a_proxy, here, login, unique};
use crate::count;
use crate::support::{Answer, run};
use futures_util::future::join_all;
use reqwest::Method;
use std::time::{Duration, Instant};

/// A password that is not the right one.
const WRONG: &str = "a wrong password";

/// The answer to one guess too many, which says how long to wait: at most the fifteen minutes that failures count.
#[track_caller]
fn held_back(answer: &Answer, whose: &str, limit: u32) {
    assert_eq!(
        (answer.status, answer.body["code"].as_str()),
        (429, Some("too-many-requests")),
        "{}",
        answer.text
    );
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((600..=900).contains(&seconds), "{seconds}");
    let left = answer.header("ratelimit").unwrap();
    assert!(left.starts_with(&format!("\"{whose}\";r=0;t=")), "{left}");
    assert_eq!(answer.header("ratelimit-policy"), Some(&*format!("\"{whose}\";q={limit};w=900")));
}

#[test]
fn of_a_hundred_wrong_passwords_ten_are_looked_at_and_the_owner_comes_in_from_elsewhere() {
    run(async {
        let company = Company::new_in(behind_a_proxy()).await;
        let (email, attacker, home) = (&company.owner.email, address(), address());
        for guess in 1..=100 {
            let answer = login(email, &format!("wrong password {guess}")).from(&attacker).send().await;
            if guess <= 10 {
                answer.is_problem(401, "invalid-credentials");
            } else {
                held_back(&answer, "account", 10);
            }
        }
        held_back(&login(email, PASSWORD).from(&attacker).send().await, "account", 10);
        held_back(&login(&email.to_uppercase(), PASSWORD).from(&attacker).send().await, "account", 10);
        login(email, PASSWORD).from(&home).send().await.is(200);
        // That the owner came in elsewhere gives the attacker no more guesses, and others at the address are free.
        held_back(&login(email, WRONG).from(&attacker).send().await, "account", 10);
        let neighbour = company.member(&["employee"]).await;
        login(&neighbour.email, PASSWORD).from(&attacker).send().await.is(200);
    });
}

#[test]
fn who_remembers_the_password_in_the_end_begins_anew() {
    run(async {
        let company = Company::new_in(behind_a_proxy()).await;
        let (email, home) = (&company.owner.email, address());
        for _ in 0..3 {
            for _ in 0..9 {
                login(email, WRONG).from(&home).send().await.is_problem(401, "invalid-credentials");
            }
            login(email, PASSWORD).from(&home).send().await.is(200);
        }
    });
}

#[test]
fn guesses_sent_at_once_do_not_slip_through_together() {
    run(async {
        let company = Company::new_in(behind_a_proxy()).await;
        let attacker = address();
        let guesses = (0..30).map(|guess| {
            login(&company.owner.email, &format!("wrong password {guess}")).from(&attacker).send()
        });
        let answers = join_all(guesses).await;
        assert_eq!((count(&answers, 401), count(&answers, 429)), (10, 20));
    });
}

#[test]
fn one_password_tried_on_two_hundred_accounts_is_noticed() {
    run(async {
        let company = Company::new_in(behind_a_proxy()).await;
        let attacker = address();
        for account in 1..=200 {
            let email = format!("{account}-{}@test.example", unique());
            let answer = login(&email, "Spring-2026!").from(&attacker).send().await;
            if account <= 100 {
                answer.is_problem(401, "invalid-credentials");
            } else {
                held_back(&answer, "address", 100);
            }
        }
        held_back(&login(&company.owner.email, PASSWORD).from(&attacker).send().await, "address", 100);
        // The same network of IPv4 is somebody else.
        login(&company.owner.email, PASSWORD).from(&address()).send().await.is(200);
    });
}

#[test]
fn a_forged_address_changes_nothing_where_no_proxy_is_trusted() {
    run(async {
        let company = Company::new().await;
        let forged = |password: &str| {
            let request = login(&company.owner.email, password).header("x-forwarded-for", &address());
            request.header("forwarded", &format!("for={}", address())).header("x-real-ip", &address())
        };
        for _ in 0..10 {
            forged(WRONG).send().await.is_problem(401, "invalid-credentials");
        }
        held_back(&forged(WRONG).send().await, "account", 10);
        held_back(&forged(PASSWORD).send().await, "account", 10);
        // Nor is what was forged written down: the session of a colleague says where it really came from.
        let colleague = company.member(&["employee"]).await;
        login(&colleague.email, PASSWORD).header("x-forwarded-for", &address()).send().await.is(200);
        let query = "select address from sessions where org_id = $1 and user_id = $2";
        let row = here().connect().await.query_one(query, &[&company.id, &colleague.user]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), "127.0.0.1");
    });
}

#[test]
fn a_trusted_proxy_is_believed_and_what_a_client_told_it_is_not() {
    run(async {
        let company = Company::new_in(behind_a_proxy()).await;
        let attacker = address();
        // A proxy appends the address that it saw to whatever came with the request, and leaves `Forwarded` alone.
        let forged = |password: &str| {
            let through = format!("{}, {attacker}", address());
            login(&company.owner.email, password)
                .from(&through)
                .header("forwarded", &format!("for={}", address()))
        };
        for _ in 0..10 {
            forged(WRONG).send().await.is_problem(401, "invalid-credentials");
        }
        held_back(&forged(WRONG).send().await, "account", 10);
        let colleague = company.member(&["employee"]).await;
        let request = login(&colleague.email, PASSWORD).from(&format!("{}, {attacker}", address()));
        request.send().await.is(200);
        let query = "select address from sessions where org_id = $1 and user_id = $2";
        let row =
            behind_a_proxy().connect().await.query_one(query, &[&company.id, &colleague.user]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), attacker);
    });
}

#[test]
fn fifty_sign_ins_at_once_slow_nobody_else() {
    run(async {
        let company = Company::new_in(behind_a_proxy()).await;
        let token = Pair::of(login(&company.owner.email, PASSWORD).from(&address()).send().await).access;
        let read = async || {
            let started = Instant::now();
            let request = bearing(Method::GET, "/v1/roles?limit=1", &token);
            request.to(&behind_a_proxy().base).send().await.is(200);
            started.elapsed()
        };
        let p95 = |mut took: Vec<Duration>| {
            took.sort();
            took[took.len() * 95 / 100]
        };
        let mut quiet = Vec::new();
        for _ in 0..100 {
            quiet.push(read().await);
        }
        let storm = tokio::spawn(join_all(
            (0..50)
                .map(|_| login(&company.owner.email, PASSWORD).from(&address()).send())
                .collect::<Vec<_>>(),
        ));
        let mut busy = Vec::new();
        while !storm.is_finished() {
            busy.push(read().await);
        }
        let answers = storm.await.unwrap();
        assert_eq!(count(&answers, 200), 50, "all come in, one after the other");
        assert!(busy.len() > 50, "{} reads while they did", busy.len());
        // Half the cores hash. The floor is for whatever else the machine does.
        let (quiet, busy) = (p95(quiet), p95(busy));
        assert!(
            busy < (quiet * 2).max(Duration::from_millis(50)),
            "p95 {quiet:?} quiet, {busy:?} during the storm"
        );
    });
}
