//! Roles that ask for a second factor: who holds one without a factor comes in to enrol, and for nothing else.
use crate::company::{Company, PASSWORD, Pair, here, login};
use crate::second_factor::Phone;
use crate::support::{Caller, run};
use diesel_async::RunQueryDsl;
use futures_util::future::{join, join_all};
use serde_json::json;

/// The organization's word on whether the role asks for a second factor.
async fn require(company: &Company, owner: &Caller, role: &str, asks: bool) {
    let path = format!("/v1/roles/{}", company.role(role).await);
    let changed = owner.patch(&path, json!({"requires_second_factor": asks})).await.is(200);
    assert_eq!(changed["requires_second_factor"], asks);
}

#[test]
fn who_has_no_second_factor_reaches_nothing_but_the_way_to_one() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let (person, colleague) = (company.member(&["hr_officer"]).await, company.member(&["auditor"]).await);
        let (session, other) = (Pair::taken(&person).await, company.session(&colleague).await);
        session.get("/v1/employees").await.is(200);

        require(&company, &owner, "hr_officer", true).await;
        let refused = session.get("/v1/employees").await.is_problem(403, "second-factor-enrolment-required");
        assert!(refused["detail"].as_str().unwrap().contains("/v1/me/second-factor"), "{refused}");
        session
            .post("/v1/employees", json!({"no_such_field": 1}))
            .await
            .is_problem(403, "second-factor-enrolment-required");
        session.get("/v1/events").await.is_problem(403, "second-factor-enrolment-required");
        session.get("/v1/me").await.is(200);
        other.get("/v1/employees").await.is(200);
        // A sign-in with the password alone comes no further.
        let again = Pair::taken(&person).await;
        again.get("/v1/employees").await.is_problem(403, "second-factor-enrolment-required");
        let status = again.get("/v1/me/second-factor").await.is(200);
        assert_eq!((&status["is_required"], &status["is_awaited"]), (&json!(true), &json!(true)));

        // With a second factor everything is open, in this very session.
        let caller = Caller { user: person.user, token: again.access.clone(), ..owner.clone() };
        let phone = Phone::enrolled(&caller).await;
        again.get("/v1/employees").await.is(200);
        Pair::of(again.refreshed().await).get("/v1/employees").await.is(200);
        // A session that came in another way waits, until the second factor that there is was proven in it.
        let other = company.session(&person).await;
        other.get("/v1/employees").await.is_problem(403, "second-factor-enrolment-required");
        let prove = json!({"password": PASSWORD, "code": phone.fresh_code().await});
        other.post("/v1/auth/reauthenticate", prove).await.is(200);
        other.get("/v1/employees").await.is(200);
        login(&person.email, PASSWORD).send().await.is_problem(401, "second-factor-required");
    });
}

#[test]
fn the_policy_counts_at_the_next_request_both_ways() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let session = company.session(&company.member(&["hr_officer"]).await).await;
        for _ in 0..2 {
            require(&company, &owner, "hr_officer", true).await;
            session.get("/v1/employees").await.is_problem(403, "second-factor-enrolment-required");
            require(&company, &owner, "hr_officer", false).await;
            session.get("/v1/employees").await.is(200);
        }
        // One role of several is enough, from the moment in which it is assigned.
        require(&company, &owner, "accountant", true).await;
        let roles = [company.role("hr_officer").await, company.role("accountant").await];
        let assign = format!("/v1/memberships/{}/assign-roles", session.membership);
        owner.post(&assign, json!({"role_ids": roles})).await.is(200);
        session.get("/v1/employees").await.is_problem(403, "second-factor-enrolment-required");
        owner.post(&assign, json!({"role_ids": [roles[0]]})).await.is(200);
        session.get("/v1/employees").await.is(200);
    });
}

#[test]
fn of_a_built_in_role_nothing_else_is_the_organizations_choice() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let path = format!("/v1/roles/{}", company.role("employee").await);
        let both = json!({"title": "Worker", "requires_second_factor": true});
        owner.patch(&path, both).await.is_problem(409, "conflict");
        let stale = company.owner().await.signed_in_ago(16 * 60).await;
        let change = json!({"requires_second_factor": true});
        stale.patch(&path, change.clone()).await.is_problem(401, "fresh-login-required");
        let manager = company.session(&company.member(&["hr_manager"]).await).await;
        manager.patch(&path, change.clone()).await.is_problem(403, "forbidden");
        owner.patch(&path, change).await.is(200);
        // An upgrade of the program brings its own part up to date, and leaves the organization's alone.
        let database = &here().database;
        let older = "update roles set title = 'Worker', permissions = '[]' where name = 'employee'";
        let older =
            database.as_system(company.id, async |db| Ok(diesel::sql_query(older).execute(db).await?));
        assert_eq!(older.await.unwrap(), 1);
        identity::organizations::sync_built_in_roles(database).await.unwrap();
        let role = owner.get(&path).await.is(200);
        assert_eq!((&role["requires_second_factor"], &role["title"]), (&json!(true), &json!("Employee")));
        assert!(role["permissions"].as_array().unwrap().len() > 5, "{role}");
        // Whoever has them already is left alone.
        identity::organizations::sync_built_in_roles(database).await.unwrap();
        assert_eq!(owner.get(&path).await.is(200)["version"], role["version"]);
        let asking = owner.get("/v1/roles?requires_second_factor=true").await.is(200);
        assert_eq!(asking["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn programs_are_not_asked_and_have_none() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        for role in ["owner", "auditor", "employee"] {
            require(&company, &owner, role, true).await;
            if role == "owner" {
                Phone::enrolled(&owner).await; // or they would come no further themselves
            }
        }
        let new = json!({"name": "Program", "scopes": ["employees:read"]});
        let client = owner.post("/v1/api-clients", new).await.is(201);
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            client["client_id"].as_str().unwrap(),
            client["client_secret"].as_str().unwrap()
        );
        let token = crate::support::Request::new(reqwest::Method::POST, "/oauth/token")
            .body("application/x-www-form-urlencoded", form)
            .send()
            .await
            .is(200);
        let program = Caller { token: token["access_token"].as_str().unwrap().to_owned(), ..owner.clone() };
        program.get("/v1/employees").await.is(200);
        program.act("/v1/me/second-factor").await.is_problem(403, "forbidden");
        program.post("/v1/me/email", json!({"email": "x@test.example"})).await.is_problem(403, "forbidden");
        program.post("/v1/auth/reauthenticate", json!({"password": "x"})).await.is_problem(403, "forbidden");
    });
}

#[test]
fn no_session_slips_through_while_a_role_begins_to_ask() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let people = [company.member(&["hr_officer"]).await, company.member(&["hr_officer"]).await];
        let sign_ins = join_all((0..8).map(|n| Pair::taken(&people[n % 2])));
        let (pairs, ()) = join(sign_ins, require(&company, &owner, "hr_officer", true)).await;
        for pair in pairs {
            pair.get("/v1/employees").await.is_problem(403, "second-factor-enrolment-required");
        }
    });
}
