//! Roles: twenty that are built in and an organization's own; and the steps that ask for a fresh sign-in.
use crate::company::{Company, PASSWORD, Pair, login, unique};
use crate::support::{Answer, Caller, run};
use crate::{fault, id};
use serde_json::{Value, json};

fn role(name: &str, permissions: Value) -> Value {
    json!({"name": name, "title": "Shift leader", "description": "Plans who works when.", "permissions": permissions})
}

fn reads(resource: &str) -> Value {
    json!([{"permission": format!("{resource}:read"), "reach": "org"}])
}

#[test]
fn every_organization_begins_with_the_twenty_built_in_roles() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let list = owner.get("/v1/roles?kind=built_in&limit=200&sort=name").await.is(200);
        let roles = list["data"].as_array().unwrap();
        let mut names: Vec<&str> =
            identity::permissions::BUILT_IN_ROLES.iter().map(|role| role.name).collect();
        names.sort_unstable();
        assert_eq!(roles.iter().map(|role| role["name"].as_str().unwrap()).collect::<Vec<_>>(), names);
        // What the list says is what holds: one of each comes in and holds exactly that.
        for role in roles
            .iter()
            .filter(|role| ["auditor", "team_leader", "hr_manager"].contains(&role["name"].as_str().unwrap()))
        {
            let member = company.session(&company.member(&[role["name"].as_str().unwrap()]).await).await;
            assert_eq!(
                member.get("/v1/me").await.is(200)["permissions"],
                role["permissions"],
                "{}",
                role["name"]
            );
        }
    });
}

#[test]
fn an_auditor_reads_everything_and_writes_nothing() {
    run(async {
        let company = Company::new().await;
        let auditor = company.session(&company.member(&["auditor"]).await).await;
        for path in [
            "/v1/employees",
            "/v1/departments",
            "/v1/events",
            "/v1/users",
            "/v1/memberships",
            "/v1/roles",
            "/v1/sessions",
            "/v1/api-clients",
            "/v1/invitations",
        ] {
            auditor.get(path).await.is(200);
        }
        auditor.post("/v1/departments", json!({"name": "A", "code": "A"})).await.is_problem(403, "forbidden");
        auditor.post("/v1/roles", role("mine", reads("events"))).await.is_problem(403, "forbidden");
        auditor
            .act(&format!("/v1/memberships/{}/suspend", auditor.membership))
            .await
            .is_problem(403, "forbidden");
    });
}

#[test]
fn an_organization_makes_changes_and_deletes_roles_of_its_own() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let made = owner.post("/v1/roles", role("shift_leader", reads("departments"))).await.is(201);
        assert_eq!((&made["kind"], &made["permissions"]), (&json!("custom"), &reads("departments")));
        let path = format!("/v1/roles/{}", id(&made));
        let taken =
            owner.post("/v1/roles", role("shift_leader", json!([]))).await.is_problem(409, "conflict");
        assert_eq!(fault(&taken), ("/name", "already-taken"));

        let person = company.session(&company.member(&[]).await).await;
        let assign = async |roles: Value| {
            owner
                .post(
                    &format!("/v1/memberships/{}/assign-roles", person.membership),
                    json!({"role_ids": roles}),
                )
                .await
        };
        assign(json!([made["id"]])).await.is(200);
        person.get("/v1/departments").await.is(200);
        person.get("/v1/positions").await.is_problem(403, "forbidden");
        // What a role allows counts for all who hold it, from their next request on.
        let changed =
            owner.patch(&path, json!({"permissions": reads("positions"), "description": null})).await.is(200);
        assert_eq!((&changed["description"], &changed["title"]), (&Value::Null, &json!("Shift leader")));
        person.get("/v1/positions").await.is(200);
        person.get("/v1/departments").await.is_problem(403, "forbidden");

        owner.delete(&path).await.is_problem(409, "in-use");
        person.get("/v1/positions").await.is(200);
        assign(json!([])).await.is(200);
        owner.delete(&path).await.is(204);
        owner.get(&path).await.is_problem(404, "not-found");
        let history = owner.get(&format!("{path}/history")).await.is(200);
        let kinds: Vec<&str> =
            history["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["role.created", "role.updated", "role.deleted"], "who widened it stays known");
    });
}

#[test]
fn a_role_holds_permissions_that_there_are_each_once_and_as_far_as_it_goes() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let held = |permission: &str, reach: &str| json!({"permission": permission, "reach": reach});
        let wrong = json!([
            held("employees:fire", "org"),
            held("ghosts:read", "org"),
            held("departments:read", "own"),
            held("employees:read", "own"),
            held("employees:read", "org"),
        ]);
        let problem = owner.post("/v1/roles", role("wrong", wrong)).await.is_problem(422, "invalid-input");
        let faults: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| (each["pointer"].as_str().unwrap(), each["code"].as_str().unwrap()))
            .collect();
        assert_eq!(
            faults,
            [
                ("/permissions/0/permission", "no-such-permission"),
                ("/permissions/1/permission", "no-such-permission"),
                ("/permissions/2/reach", "not-for-this-permission"),
                ("/permissions/4/permission", "repeated"),
            ]
        );
        for odd in [
            json!([held("me:read", "own")]),
            json!([held("*:*", "org")]),
            json!([held("employees:read", "world")]),
            json!([{"permission": "employees:read"}]),
            json!("all"),
            Value::Null,
        ] {
            owner.post("/v1/roles", role("odd", odd)).await.is_problem(422, "invalid-input");
        }
        let list = owner.get("/v1/roles?kind=custom").await.is(200);
        assert_eq!(list["data"], json!([]));
    });
}

#[test]
fn built_in_roles_stay_as_they_are() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let path = format!("/v1/roles/{}", company.role("employee").await);
        let before = owner.get(&path).await.is(200);
        for answer in [
            owner.patch(&path, json!({"title": "Slave"})).await,
            owner.patch(&path, json!({"permissions": reads("events")})).await,
            owner.patch(&path, json!({"name": "worker"})).await,
            owner.delete(&path).await,
        ] {
            answer.is_problem(409, "conflict");
        }
        assert_eq!(owner.get(&path).await.is(200), before);
        let taken = owner.post("/v1/roles", role("employee", json!([]))).await.is_problem(409, "conflict");
        assert_eq!(fault(&taken), ("/name", "already-taken"));
        let unknown = owner
            .post("/v1/roles", json!({"name": "mine", "title": "T", "permissions": [], "kind": "built_in"}))
            .await;
        assert_eq!(fault(&unknown.is_problem(422, "invalid-input")), ("/kind", "unknown-field"));
    });
}

#[test]
fn an_api_client_is_no_role() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let count = async || owner.get("/v1/roles?count=true").await.is(200)["total"].clone();
        assert_eq!(count().await, 20);
        let client = owner
            .post("/v1/api-clients", json!({"name": "Bureau", "scopes": ["employees:read"]}))
            .await
            .is(201);
        assert_eq!(count().await, 20);
        let client = client["client_id"].as_str().unwrap();
        owner.get(&format!("/v1/roles/{client}")).await.is_problem(404, "not-found");
        owner.delete(&format!("/v1/roles/{client}")).await.is_problem(404, "not-found");
        let invitation = json!({"email": format!("{}@test.example", unique()), "role_ids": [client]});
        owner.post("/v1/invitations", invitation).await.is_problem(422, "invalid-input");
    });
}

/// Asks for a new sign-in, in the way of RFC 9470.
#[track_caller]
fn stale(answer: Answer) {
    let challenge = answer.header("www-authenticate").unwrap_or_default().to_owned();
    assert_eq!(
        challenge, "Bearer error=\"insufficient_user_authentication\", max_age=900",
        "{}",
        answer.text
    );
    answer.is_problem(401, "fresh-login-required");
}

#[test]
fn granting_asks_for_a_fresh_sign_in() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let person = company.session(&company.member(&["employee"]).await).await;
        let (employee, client) =
            (company.role("employee").await, json!({"name": "Bureau", "scopes": ["events:read"]}));
        let own = id(&owner.post("/v1/roles", role("own", reads("events"))).await.is(201));
        let made =
            owner.post("/v1/api-clients", client).await.is(201)["client_id"].as_str().unwrap().to_owned();
        let steps = async |by: &Caller| -> Vec<Answer> {
            let unique = unique();
            vec![
                by.post(
                    &format!("/v1/memberships/{}/assign-roles", person.membership),
                    json!({"role_ids": [employee]}),
                )
                .await,
                by.post(
                    "/v1/invitations",
                    json!({"email": format!("{unique}@test.example"), "role_ids": [employee]}),
                )
                .await,
                by.post("/v1/api-clients", json!({"name": unique, "scopes": ["events:read"]})).await,
                by.act(&format!("/v1/api-clients/{made}/rotate-secret")).await,
                by.patch(
                    &format!("/v1/api-clients/{made}"),
                    json!({"scopes": ["events:read", "employees:read"]}),
                )
                .await,
                by.post("/v1/roles", role(&format!("r{unique}"), json!([]))).await,
                by.patch(&format!("/v1/roles/{own}"), json!({"permissions": reads("employees")})).await,
            ]
        };
        for answer in steps(&owner.signed_in_ago(16 * 60).await).await {
            stale(answer);
        }
        // What grants nothing asks for nothing.
        let late = owner.signed_in_ago(16 * 60).await;
        late.patch(&format!("/v1/roles/{own}"), json!({"title": "Renamed"})).await.is(200);
        late.patch(&format!("/v1/api-clients/{made}"), json!({"name": "Renamed"})).await.is(200);
        late.get("/v1/roles").await.is(200);
        late.act(&format!("/v1/memberships/{}/suspend", person.membership)).await.is(200);
        late.act(&format!("/v1/memberships/{}/reinstate", person.membership)).await.is(200);
        for answer in steps(&owner.signed_in_ago(14 * 60).await).await {
            assert!([200, 201].contains(&answer.status), "{}", answer.text);
        }
    });
}

#[test]
fn a_refresh_proves_nothing_and_a_sign_in_does() {
    run(async {
        let company = Company::new().await;
        let old = Pair::taken(&company.owner).await;
        let session: uuid::Uuid =
            crate::company::claims(&old.access)["sid"].as_str().unwrap().parse().unwrap();
        let hour =
            "update sessions set signed_in_at = now() - interval '1 hour' where org_id = $1 and id = $2";
        crate::company::here().sql(hour, &[&company.id, &session]).await;
        let renewed = Pair::of(old.refreshed().await);
        stale(renewed.post("/v1/roles", role("late", json!([]))).await);
        let body = json!({"name": "Bureau", "scopes": ["events:read"]});
        stale(renewed.post("/v1/api-clients", body.clone()).await);
        let again = Pair::of(login(&company.owner.email, PASSWORD).send().await);
        again.post("/v1/roles", role("late", json!([]))).await.is(201);
        again.post("/v1/api-clients", body).await.is(201);
    });
}
