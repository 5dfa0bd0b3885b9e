//! Users and memberships: what was taken away counts at the next request, and a login is its home's to disable.
use crate::company::{Company, PASSWORD, Pair, login, login_with};
use crate::support::{Answer, Caller, run};
use crate::{fault, id};
use serde_json::{Value, json};
use uuid::Uuid;

/// The membership's address, and below it.
fn membership(of: &Caller, action: &str) -> String {
    format!("/v1/memberships/{}{action}", of.membership)
}

async fn assign(by: &Caller, to: &Caller, roles: &[String]) -> Answer {
    by.post(&membership(to, "/assign-roles"), json!({"role_ids": roles})).await
}

#[test]
fn a_suspended_member_is_out_at_once_and_comes_back_by_signing_in() {
    run(async {
        let (company, other) = (Company::new().await, Company::new().await);
        let owner = company.owner().await;
        let person = company.member(&["auditor"]).await;
        other.admit(&person.email, &["auditor"], None).await;
        let elsewhere = other.session(&person).await;
        let caller = company.session(&person).await;
        caller.get("/v1/departments").await.is(200);

        let suspended = owner.act(&membership(&caller, "/suspend")).await.is(200);
        assert_eq!(
            (&suspended["status"], &suspended["available_actions"]),
            (&json!("suspended"), &json!(["reinstate"]))
        );
        caller.get("/v1/departments").await.is_problem(401, "unauthenticated");
        elsewhere.get("/v1/departments").await.is(200);
        let body = json!({"email": person.email, "password": PASSWORD, "organization": company.slug});
        login_with(&body).send().await.is_problem(401, "invalid-credentials");
        owner.act(&membership(&caller, "/suspend")).await.is_problem(409, "invalid-state");

        let back = owner.act(&membership(&caller, "/reinstate")).await.is(200);
        assert_eq!(
            (&back["status"], &back["role_ids"]),
            (&json!("active"), &json!([company.role("auditor").await]))
        );
        caller.get("/v1/departments").await.is_problem(401, "unauthenticated");
        Pair::of(login_with(&body).send().await).get("/v1/departments").await.is(200);
    });
}

#[test]
fn a_disabled_user_is_out_everywhere_at_once() {
    run(async {
        let (home, other) = (Company::new().await, Company::new().await);
        let owner = home.owner().await;
        let person = home.member(&["auditor"]).await;
        other.admit(&person.email, &["auditor"], None).await;
        let (here, there) = (home.session(&person).await, other.session(&person).await);
        let disabled = owner.act(&format!("/v1/users/{}/disable", person.user)).await.is(200);
        assert_eq!(
            (&disabled["status"], &disabled["available_actions"]),
            (&json!("disabled"), &json!(["enable"]))
        );
        for caller in [here, there] {
            caller.get("/v1/departments").await.is_problem(401, "unauthenticated");
        }
        owner.act(&format!("/v1/users/{}/disable", person.user)).await.is_problem(409, "invalid-state");
        // Both organizations are told, each in its own history.
        for company in [&home, &other] {
            let history =
                company.owner().await.get(&format!("/v1/users/{}/history", person.user)).await.is(200);
            assert_eq!(history["data"].as_array().unwrap().last().unwrap()["type"], "user.disabled");
        }
    });
}

#[test]
fn only_the_home_of_a_login_disables_it() {
    run(async {
        let (home, other) = (Company::new().await, Company::new().await);
        let person = home.member(&["auditor"]).await;
        other.admit(&person.email, &["auditor"], None).await;
        let (here, there) = (home.session(&person).await, other.session(&person).await);
        let refused = other.owner().await.act(&format!("/v1/users/{}/disable", person.user)).await;
        let problem = refused.is_problem(403, "forbidden");
        assert!(problem["detail"].as_str().unwrap().contains("suspend the membership"), "{problem}");
        for caller in [here, there] {
            caller.get("/v1/departments").await.is(200);
        }
        home.owner().await.act(&format!("/v1/users/{}/disable", person.user)).await.is(200);
        other
            .owner()
            .await
            .act(&format!("/v1/users/{}/enable", person.user))
            .await
            .is_problem(403, "forbidden");
    });
}

#[test]
fn another_organizations_people_do_not_exist_here() {
    run(async {
        let (company, other) = (Company::new().await, Company::new().await);
        let (owner, stranger) = (company.owner().await, other.owner().await);
        for path in [
            format!("/v1/users/{}", stranger.user),
            membership(&stranger, ""),
            format!("/v1/sessions/{}", stranger.session),
        ] {
            owner.get(&path).await.is_problem(404, "not-found");
        }
        for path in [
            format!("/v1/users/{}/disable", stranger.user),
            membership(&stranger, "/suspend"),
            format!("/v1/sessions/{}/end", stranger.session),
        ] {
            owner.act(&path).await.is_problem(404, "not-found");
        }
        assign(&owner, &stranger, &[]).await.is_problem(404, "not-found");
        for query in [format!("q={}", other.owner.email), format!("email={}", other.owner.email)] {
            let found = owner.get(&format!("/v1/users?count=true&{query}")).await.is(200);
            assert_eq!((&found["data"], &found["total"]), (&json!([]), &json!(0)), "{query}");
        }
        stranger.get("/v1/me").await.is(200);
    });
}

#[test]
fn roles_given_and_taken_count_at_the_next_request() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let person = company.session(&company.member(&["employee"]).await).await;
        let (employee, auditor, hr) =
            (company.role("employee").await, company.role("auditor").await, company.role("hr_officer").await);
        let permissions = async || person.get("/v1/me").await.is(200)["permissions"].clone();
        person.get("/v1/events").await.is_problem(403, "forbidden");

        let assigned =
            assign(&owner, &person, &[auditor.clone(), employee.clone(), auditor.clone()]).await.is(200);
        assert_eq!(assigned["role_ids"].as_array().unwrap().len(), 2, "each once");
        person.get("/v1/events").await.is(200);
        owner.hire("Dan", None).await;
        assert_eq!(person.get("/v1/employees?count=true").await.is(200)["total"], 1);
        let reads = permissions().await;
        // Of two roles that hold the same, the one that reaches further counts.
        let of_employees: Vec<_> =
            reads.as_array().unwrap().iter().filter(|held| held["permission"] == "employees:read").collect();
        assert_eq!(of_employees, [&json!({"permission": "employees:read", "reach": "org"})]);

        assign(&owner, &person, &[hr]).await.is(200);
        person.get("/v1/events").await.is_problem(403, "forbidden");
        person.hire("Ana", None).await;
        assign(&owner, &person, &[]).await.is(200);
        person.get("/v1/departments").await.is_problem(403, "forbidden");
        assert_eq!(permissions().await, json!([]), "somebody without a role is still somebody");
    });
}

#[test]
fn a_role_that_does_not_exist_here_is_not_assigned() {
    run(async {
        let (company, other) = (Company::new().await, Company::new().await);
        let owner = company.owner().await;
        let person = company.session(&company.member(&["employee"]).await).await;
        let client = json!({"name": "Bureau", "scopes": ["employees:read"]});
        let client =
            owner.post("/v1/api-clients", client).await.is(201)["client_id"].as_str().unwrap().to_owned();
        for role in [other.role("auditor").await, Uuid::now_v7().to_string(), client] {
            let unknown = assign(&owner, &person, &[role]).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&unknown), ("/role_ids", "unknown-reference"));
        }
        assert_eq!(person.get("/v1/me").await.is(200)["roles"][0]["name"], "employee");
    });
}

#[test]
fn a_login_that_is_linked_to_an_employee_reaches_what_is_theirs() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let boss = owner.hire("Boss", None).await;
        let (ana, _) = (owner.hire("Ana", Some(&boss)).await, owner.hire("Dan", Some(&boss)).await);
        let person = company.session(&company.member(&["employee"]).await).await;
        let seen = async || -> Vec<String> {
            let list = person.get("/v1/employees").await.is(200);
            let mut names: Vec<String> = list["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|each| each["given_name"].as_str().unwrap().to_owned())
                .collect();
            names.sort();
            names
        };
        assert_eq!(seen().await, [""; 0], "whoever is no employee has nothing of their own");
        let link = async |employee: &str| -> Answer {
            owner.patch(&membership(&person, ""), json!({"employee_id": employee})).await
        };
        assert_eq!(link(&ana).await.is(200)["employee_id"], json!(ana));
        assert_eq!(seen().await, ["Ana"]);
        person.get(&format!("/v1/employees/{boss}")).await.is_problem(404, "not-found");
        assert_eq!(person.get("/v1/me").await.is(200)["employee_id"], json!(ana));
        assign(&owner, &person, &[company.role("team_leader").await]).await.is(200);
        link(&boss).await.is(200);
        assert_eq!(seen().await, ["Ana", "Boss", "Dan"], "a team is oneself and all below");
        let stranger = Company::new().await.owner().await.hire("Eva", None).await;
        assert_eq!(
            fault(&link(&stranger).await.is_problem(422, "invalid-input")),
            ("/employee_id", "unknown-reference")
        );
        owner.patch(&membership(&person, ""), json!({"employee_id": null})).await.is(200);
        assert_eq!(seen().await, [""; 0]);
    });
}

#[test]
fn one_employee_has_one_login() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let ana = owner.hire("Ana", None).await;
        company.employee(&ana, &["employee"]).await;
        let second = company.session(&company.member(&["employee"]).await).await;
        let taken = owner
            .patch(&membership(&second, ""), json!({"employee_id": ana}))
            .await
            .is_problem(409, "conflict");
        assert_eq!(fault(&taken), ("/employee_id", "already-taken"));
    });
}

#[test]
fn a_change_of_a_stale_membership_or_user_is_refused() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let person = company.session(&company.member(&["employee"]).await).await;
        let stale = owner.get(&membership(&person, "")).await.header("etag").unwrap().to_owned();
        assign(&owner, &person, &[company.role("auditor").await]).await.is(200);
        for action in ["/suspend", "/assign-roles"] {
            let request =
                owner.request(reqwest::Method::POST, &membership(&person, action)).header("if-match", &stale);
            let request = if action == "/suspend" { request } else { request.json(&json!({"role_ids": []})) };
            request.send().await.is_problem(412, "stale-version");
        }
        let user = format!("/v1/users/{}", person.user);
        let fresh = owner.get(&user).await.header("etag").unwrap().to_owned();
        let disable = async || {
            owner
                .request(reqwest::Method::POST, &format!("{user}/disable"))
                .header("if-match", &fresh)
                .send()
                .await
        };
        disable().await.is(200);
        owner.act(&format!("{user}/enable")).await.is(200);
        disable().await.is_problem(412, "stale-version");
    });
}

#[test]
fn every_member_is_listed_once_with_who_they_are() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let person = company.member(&["auditor", "employee"]).await;
        let auditors = format!("/v1/memberships?role_id={}", company.role("auditor").await);
        let list = owner.get(&auditors).await.is(200);
        let users: Vec<&Value> =
            list["data"].as_array().unwrap().iter().map(|each| &each["user_id"]).collect();
        assert_eq!(users, [&json!(person.user)]);
        let all = owner.get("/v1/users?sort=email&count=true").await.is(200);
        assert_eq!(all["total"], 2);
        assert!(!all.to_string().contains("argon2"), "{all}");
        let one = owner.get(&format!("/v1/users?email={}", person.email)).await.is(200);
        assert_eq!(id(&one["data"][0]), person.user.to_string());
        login(&person.email, PASSWORD).send().await.is(200);
    });
}
