//! Invitations: how people come in, with a login of their own or a new one.
use crate::company::{Company, PASSWORD, Pair, here, login, login_with, unique};
use crate::support::{Answer, Caller, Request, run};
use crate::{count, fault, id};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const NEW: &str = "four other words together";

struct Invited {
    email: String,
    id: String,
    token: String,
}

async fn invite(company: &Company, by: &Caller, email: &str, role: &str) -> Invited {
    let body = json!({"email": email, "role_ids": [company.role(role).await]});
    let invited = by.post("/v1/invitations", body).await.is(201);
    Invited {
        email: email.to_owned(),
        id: id(&invited),
        token: invited["token"].as_str().unwrap().to_owned(),
    }
}

fn somebody() -> String {
    format!("{}@test.example", unique())
}

async fn accept(token: &str, name: Option<&str>, password: &str) -> Answer {
    let body = json!({"token": token, "name": name, "password": password});
    Request::new(Method::POST, "/v1/auth/accept-invitation").json(&body).send().await
}

#[track_caller]
fn gone(answer: Answer) {
    assert_eq!(fault(&answer.is_problem(422, "invalid-input")), ("/token", "no-open-invitation"));
}

#[test]
fn somebody_new_is_invited_and_comes_in() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let invited = invite(&company, &owner, &somebody(), "hr_officer").await;
        let path = format!("/v1/invitations/{}", invited.id);
        let shown = owner.get(&path).await;
        assert!(
            !shown.text.contains(&invited.token[44..]) && !shown.text.contains("token"),
            "{}",
            shown.text
        );
        assert_eq!(shown.is(200)["status"], "open");

        let nameless = accept(&invited.token, None, "short").await.is_problem(422, "invalid-input");
        assert_eq!(fault(&nameless), ("/password", "too-short"));
        let nameless = accept(&invited.token, None, NEW).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&nameless), ("/name", "required"));
        let accepted = accept(&invited.token, Some("Dan Ionescu"), NEW).await.is(200);
        assert_eq!(accepted, json!({"email": invited.email, "organization": company.slug}));

        let me = Pair::of(login(&invited.email, NEW).send().await).get("/v1/me").await.is(200);
        assert_eq!((&me["name"], &me["roles"][0]["name"]), (&json!("Dan Ionescu"), &json!("hr_officer")));
        let accepted = owner.get(&path).await.is(200);
        assert_eq!((&accepted["status"], &accepted["available_actions"]), (&json!("accepted"), &json!([])));
        gone(accept(&invited.token, Some("Dan Ionescu"), NEW).await);
        owner.act(&format!("{path}/revoke")).await.is_problem(409, "invalid-state");
        let user = owner.get(&format!("/v1/users/{}", me["id"].as_str().unwrap())).await.is(200);
        assert_eq!((&user["email"], &user["is_managed_here"]), (&json!(invited.email), &json!(true)));
    });
}

#[test]
fn somebody_with_a_login_proves_that_it_is_theirs() {
    run(async {
        let (home, company) = (Company::new().await, Company::new().await);
        let person = home.member(&["auditor"]).await;
        let owner = company.owner().await;
        let invited = invite(&company, &owner, &person.email.to_uppercase(), "employee").await;
        accept(&invited.token, Some("Thief"), "a password of the thief")
            .await
            .is_problem(401, "invalid-credentials");
        let into = |organization: &str| {
            login_with(&json!({"email": person.email, "password": PASSWORD, "organization": organization}))
                .send()
        };
        into(&company.slug).await.is_problem(401, "invalid-credentials");

        accept(&invited.token, Some("Another Name"), PASSWORD).await.is(200);
        let me = Pair::of(into(&company.slug).await).get("/v1/me").await.is(200);
        assert_eq!(
            (&me["name"], &me["email"], &me["roles"][0]["name"]),
            (&json!("Mara Member"), &json!(person.email), &json!("employee"))
        );
        let me = Pair::of(into(&home.slug).await).get("/v1/me").await.is(200);
        assert_eq!(me["roles"][0]["name"], "auditor", "what they are at home did not change");
        let user = owner.get(&format!("/v1/users/{}", person.user)).await.is(200);
        assert_eq!(user["is_managed_here"], false);
    });
}

#[test]
fn a_disabled_login_accepts_nothing() {
    run(async {
        let (home, company) = (Company::new().await, Company::new().await);
        let person = home.member(&["auditor"]).await;
        let invited = invite(&company, &company.owner().await, &person.email, "employee").await;
        home.owner().await.act(&format!("/v1/users/{}/disable", person.user)).await.is(200);
        accept(&invited.token, None, PASSWORD).await.is_problem(401, "invalid-credentials");
    });
}

#[test]
fn a_token_that_ran_out_was_revoked_or_made_up_lets_nobody_in() {
    run(async {
        let (company, other) = (Company::new().await, Company::new().await);
        let owner = company.owner().await;
        let late = invite(&company, &owner, &somebody(), "employee").await;
        let seven_days = "select expires_at - created_at between interval '6 days 23:59' and interval '7 days 00:01' from invitations where org_id = $1";
        assert!(
            here().connect().await.query_one(seven_days, &[&company.id]).await.unwrap().get::<_, bool>(0)
        );
        here().sql("update invitations set expires_at = now() where org_id = $1", &[&company.id]).await;
        gone(accept(&late.token, Some("Late"), NEW).await);

        let revoked = invite(&company, &owner, &somebody(), "employee").await;
        let revoke = format!("/v1/invitations/{}/revoke", revoked.id);
        other.owner().await.act(&revoke).await.is_problem(404, "not-found");
        assert_eq!(owner.act(&revoke).await.is(200)["status"], "revoked");
        gone(accept(&revoked.token, Some("Revoked"), NEW).await);

        let open = invite(&company, &owner, &somebody(), "employee").await;
        let swapped = format!("{}{}", &revoked.token[..43], &open.token[43..]);
        let pair = Pair::taken(&company.owner).await;
        for token in ["x", &open.token[..85], &format!("{}A", open.token), &swapped, &pair.refresh] {
            gone(accept(token, Some("Forger"), NEW).await);
        }
        for nobody in [late, revoked] {
            login(&nobody.email, NEW).send().await.is_problem(401, "invalid-credentials");
        }
        accept(&open.token, Some("Welcome"), NEW).await.is(200);
    });
}

#[test]
fn of_eight_who_bring_the_same_token_one_comes_in() {
    run(async {
        let company = Company::new().await;
        let invited = invite(&company, &company.owner().await, &somebody(), "employee").await;
        let answers = join_all((0..8).map(|_| accept(&invited.token, Some("Dan"), NEW))).await;
        // Who comes later finds the invitation used, or the login made.
        assert_eq!(count(&answers, 200), 1);
        assert!(answers.iter().all(|answer| [200, 401, 409, 422].contains(&answer.status)), "{answers:?}");
        let members = "select count(*) from memberships where org_id = $1";
        let members =
            here().connect().await.query_one(members, &[&company.id]).await.unwrap().get::<_, i64>(0);
        assert_eq!(members, 2, "the owner and Dan");
    });
}

#[test]
fn an_address_has_one_open_invitation_and_one_membership() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let again = async |email: &str| -> Answer {
            owner
                .post(
                    "/v1/invitations",
                    json!({"email": email, "role_ids": [company.role("employee").await]}),
                )
                .await
        };
        let first = invite(&company, &owner, &somebody(), "employee").await;
        let twice = again(&first.email.to_uppercase()).await.is_problem(409, "conflict");
        assert_eq!(fault(&twice), ("/email", "already-taken"));
        owner.act(&format!("/v1/invitations/{}/revoke", first.id)).await.is(200);
        let second = again(&first.email).await.is(201);
        accept(second["token"].as_str().unwrap(), Some("Dan"), NEW).await.is(200);
        // Whoever is in already stays as they are.
        let third = again(&first.email).await.is(201);
        accept(third["token"].as_str().unwrap(), None, NEW).await.is_problem(409, "conflict");
    });
}

#[test]
fn the_token_is_told_once() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let body = json!({"email": somebody(), "role_ids": [company.role("employee").await]});
        let send = || {
            owner.request(Method::POST, "/v1/invitations").header("idempotency-key", "dan").json(&body).send()
        };
        let first = send().await;
        assert_eq!(first.header("location"), Some(&*format!("/v1/invitations/{}", id(&first.body))));
        let first = first.is(201);
        let replayed = send().await;
        assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
        let replayed = replayed.is(201);
        assert_eq!((&replayed["id"], &replayed["token"]), (&first["id"], &Value::Null));
        let list = owner.get("/v1/invitations").await;
        let token = first["token"].as_str().unwrap();
        assert!(!list.text.contains(&token[44..]), "{}", list.text);
        let history = owner.get(&format!("/v1/invitations/{}/history", id(&first))).await;
        assert!(
            !history.text.contains("token_hash") && !history.text.contains(&token[44..]),
            "{}",
            history.text
        );
        history.is(200);
    });
}

#[test]
fn the_invited_come_as_the_employee_whom_they_were_invited_as() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let (ana, _) = (owner.hire("Ana", None).await, owner.hire("Dan", None).await);
        let email = somebody();
        let body = json!({"email": email, "role_ids": [company.role("employee").await], "employee_id": ana});
        let token = owner.post("/v1/invitations", body).await.is(201)["token"].clone();
        accept(token.as_str().unwrap(), Some("Ana"), NEW).await.is(200);
        let pair = Pair::of(login(&email, NEW).send().await);
        assert_eq!(pair.get("/v1/me").await.is(200)["employee_id"], json!(ana));
        let seen = pair.get("/v1/employees").await.is(200);
        assert_eq!(
            seen["data"].as_array().unwrap().iter().map(id).collect::<Vec<_>>(),
            [&*ana],
            "reach `own` is herself"
        );
        // A second login can not be the same employee.
        let body =
            json!({"email": somebody(), "role_ids": [company.role("employee").await], "employee_id": ana});
        let second = owner.post("/v1/invitations", body).await.is(201);
        let refused =
            accept(second["token"].as_str().unwrap(), Some("Eva"), NEW).await.is_problem(409, "conflict");
        assert_eq!(fault(&refused), ("/employee_id", "already-taken"));
    });
}
