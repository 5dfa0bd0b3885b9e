//! Signing in: what it answers, to whom, and that who may not learns nothing.
use crate::company::{Company, PASSWORD, Pair, address, behind_a_proxy, claims, login, login_with, unique};
use crate::fault;
use crate::support::{Answer, Request, run};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[test]
fn a_password_is_answered_with_a_pair_of_tokens() {
    run(async {
        let company = Company::new().await;
        let answer = login(&company.owner.email, PASSWORD).send().await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "RFC 6749 §5.1");
        let pair = answer.is(200);
        assert_eq!((&pair["token_type"], &pair["expires_in"]), (&json!("Bearer"), &json!(600)));
        let said = claims(pair["access_token"].as_str().unwrap());
        assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 600, "ten minutes");
        assert_eq!(
            (said["sub"].as_str(), said["org"].as_str()),
            (Some(&*company.owner.user.to_string()), Some(&*company.id.to_string()))
        );

        let pair = Pair::taken(&company.owner).await;
        let me = pair.get("/v1/me").await.is(200);
        assert_eq!((&me["kind"], &me["email"]), (&json!("user"), &json!(company.owner.email)));
        assert_eq!(
            (&me["organization"]["id"], &me["organization"]["slug"]),
            (&json!(company.id), &json!(company.slug))
        );
        assert_eq!(me["roles"][0]["name"], "owner");
        let all = identity::permissions::catalogue().count();
        assert_eq!(me["permissions"].as_array().unwrap().len(), all, "the owner may do everything");
        assert_eq!(me["session_id"], claims(&pair.access)["sid"]);
    });
}

#[test]
fn an_address_is_the_same_in_upper_and_lower_case() {
    run(async {
        let company = Company::new().await;
        login(&company.owner.email.to_uppercase(), PASSWORD).send().await.is(200);
    });
}

#[test]
fn who_belongs_to_several_organizations_says_which_one() {
    run(async {
        let (first, second) =
            (Company::new_in(behind_a_proxy()).await, Company::new_in(behind_a_proxy()).await);
        let foreign = Company::new_in(behind_a_proxy()).await;
        let person = first.member(&["auditor"]).await;
        let from = address();
        let sign_in = async |body: Value| -> Answer { login_with(&body).from(&from).send().await };
        let into = |organization: &str| {
            sign_in(json!({"email": person.email, "password": PASSWORD, "organization": organization}))
        };

        let only = sign_in(json!({"email": person.email, "password": PASSWORD})).await;
        assert_eq!(claims(&Pair::of(only).access)["org"], json!(first.id), "one needs no name");

        second.admit(&person.email, &["employee"], None).await;
        let several = sign_in(json!({"email": person.email, "password": PASSWORD}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(fault(&several), ("/organization", "required"));
        let rule = several["errors"][0]["detail"].as_str().unwrap();
        assert!(rule.contains(&first.slug) && rule.contains(&second.slug), "{rule}");
        // Where somebody works is told to nobody who does not know the password.
        let guess = sign_in(json!({"email": person.email, "password": "a wrong password"})).await;
        assert!(!guess.text.contains(&first.slug), "{}", guess.text);
        guess.is_problem(401, "invalid-credentials");

        for (named, company) in
            [(first.slug.clone(), &first), (second.slug.clone(), &second), (second.id.to_string(), &second)]
        {
            assert_eq!(claims(&Pair::of(into(&named).await).access)["org"], json!(company.id), "{named}");
        }
        for elsewhere in [foreign.slug.clone(), foreign.id.to_string(), "no-such-company".into(), " ".into()]
        {
            into(&elsewhere).await.is_problem(401, "invalid-credentials");
        }
    });
}

/// Somebody whom we do not know, and three whom we know and who may not come in.
async fn refused(company: &Company) -> Vec<(&'static str, Value)> {
    let place = behind_a_proxy();
    let [active, disabled, suspended] = [
        company.member(&["auditor"]).await,
        company.member(&["auditor"]).await,
        company.member(&["auditor"]).await,
    ];
    place.sql("update logins set status = 'disabled' where id = $1", &[&disabled.user]).await;
    let suspend = "update memberships set status = 'suspended' where org_id = $1 and user_id = $2";
    place.sql(suspend, &[&company.id, &suspended.user]).await;
    vec![
        ("unknown", json!({"email": format!("{}@test.example", unique()), "password": PASSWORD})),
        ("wrong", json!({"email": active.email, "password": "a wrong password"})),
        ("disabled", json!({"email": disabled.email, "password": PASSWORD})),
        ("disabled and wrong", json!({"email": disabled.email, "password": "a wrong password"})),
        ("suspended", json!({"email": suspended.email, "password": PASSWORD})),
        ("elsewhere", json!({"email": active.email, "password": PASSWORD, "organization": "elsewhere"})),
    ]
}

#[test]
fn whoever_may_not_sign_in_is_told_the_same() {
    run(async {
        let company = Company::new_in(behind_a_proxy()).await;
        let mut told = Vec::new();
        for (who, body) in refused(&company).await {
            let answer = login_with(&body).from(&address()).send().await;
            let mut headers: Vec<_> = answer
                .headers
                .iter()
                .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
                .collect();
            headers.sort_by_key(|(name, _)| name.as_str());
            let headers = format!("{headers:?}");
            let mut problem = answer.is_problem(401, "invalid-credentials");
            problem.as_object_mut().unwrap().remove("instance").expect("a request id");
            told.push((who, headers, problem));
        }
        for (who, headers, problem) in &told {
            assert_eq!(
                (headers, problem),
                (&told[0].1, &told[0].2),
                "{who} is told apart from {}",
                told[0].0
            );
        }
    });
}

#[test]
fn whoever_may_not_sign_in_waits_as_long() {
    run(async {
        let company = Company::new_in(behind_a_proxy()).await;
        let asked = refused(&company).await;
        let mut took: Vec<Vec<Duration>> = vec![Vec::new(); 4];
        // In turns, so that what else the machine does weighs on all alike.
        for _ in 0..15 {
            for (kind, (_, body)) in asked.iter().take(4).enumerate() {
                let started = Instant::now();
                login_with(body).from(&address()).send().await.is_problem(401, "invalid-credentials");
                took[kind].push(started.elapsed());
            }
        }
        let medians: Vec<Duration> = took
            .iter_mut()
            .map(|each| {
                each.sort();
                each[7]
            })
            .collect();
        // Without a hash one of them would be ten times as fast.
        let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
        assert!(
            *most < *least * 2,
            "{:?}",
            asked.iter().map(|(who, _)| who).zip(&medians).collect::<Vec<_>>()
        );
    });
}

#[test]
fn a_right_password_is_worth_nothing_once_the_login_is_disabled() {
    run(async {
        let company = Company::new().await;
        let (owner, person) = (company.owner().await, company.member(&["auditor"]).await);
        let pair = Pair::taken(&person).await;
        owner.act(&format!("/v1/users/{}/disable", person.user)).await.is(200);
        login(&person.email, PASSWORD).send().await.is_problem(401, "invalid-credentials");
        pair.get("/v1/me").await.is_problem(401, "unauthenticated");
        pair.refreshed().await.is_problem(401, "unauthenticated");
        owner.act(&format!("/v1/users/{}/enable", person.user)).await.is(200);
        pair.refreshed().await.is_problem(401, "unauthenticated");
        Pair::taken(&person).await.get("/v1/me").await.is(200);
    });
}

#[test]
fn an_organization_named_anywhere_else_changes_nothing() {
    run(async {
        let (company, other) = (Company::new().await, Company::new().await);
        let person = company.member(&["auditor"]).await;
        other.admit(&person.email, &["owner"], None).await;
        let body = json!({"email": person.email, "password": PASSWORD, "organization": company.slug});
        let pair = Pair::of(login_with(&body).header("x-organization", &other.slug).send().await);
        let request = |path: &str| {
            Request::new(Method::GET, path).header("authorization", &format!("Bearer {}", pair.access))
        };
        let me = request("/v1/me")
            .header("x-organization", &other.slug)
            .header("organization", &other.slug)
            .send()
            .await
            .is(200);
        assert_eq!(
            (&me["organization"]["id"], &me["roles"][0]["name"]),
            (&json!(company.id), &json!("auditor"))
        );
        request(&format!("/v1/me?organization={}", other.slug)).send().await.is_problem(422, "invalid-input");
        let unknown = login_with(&json!({"email": person.email, "password": PASSWORD, "org_id": other.id}))
            .send()
            .await;
        assert_eq!(fault(&unknown.is_problem(422, "invalid-input")), ("/org_id", "unknown-field"));
    });
}
