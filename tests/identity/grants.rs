//! Nobody grants more than they have: not by a role, a membership, an invitation or an API client, nor by reach.
use crate::company::{Company, unique};
use crate::support::{Answer, Caller, run};
use crate::{fault, id};
use serde_json::{Value, json};

/// What the granter of these tests holds: all that granting takes, and of what can be granted departments, and of
/// employees those who report to them.
const HELD: [&str; 9] = [
    "memberships:assign",
    "memberships:write",
    "memberships:read",
    "roles:write",
    "roles:read",
    "invitations:write",
    "api-clients:write",
    "departments:read",
    "employees:read=team",
];

fn grant(permission: &str, reach: &str) -> Value {
    json!({"permission": permission, "reach": reach})
}

async fn new_role(by: &Caller, grants: &[Value]) -> Answer {
    let name = format!("r{}", unique());
    by.post("/v1/roles", json!({"name": name, "title": "Role", "permissions": grants})).await
}

async fn assign(by: &Caller, to: &Caller, roles: &[&str]) -> Answer {
    by.post(&format!("/v1/memberships/{}/assign-roles", to.membership), json!({"role_ids": roles})).await
}

/// Refused, naming what is not held.
#[track_caller]
fn beyond(answer: Answer, named: &str) {
    let problem = answer.is_problem(403, "forbidden");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("Nobody grants more than they have") && detail.contains(named), "{detail}");
}

/// A company, somebody who grants, and somebody to be granted something.
async fn people() -> (Company, Caller, Caller) {
    let company = Company::new().await;
    let granter = company.caller(&HELD).await;
    let person = company.session(&company.member(&[]).await).await;
    (company, granter, person)
}

#[test]
fn a_role_beyond_ones_own_is_not_assigned_to_anybody() {
    run(async {
        let (company, granter, person) = people().await;
        let owner = company.owner().await;
        let role = async |grants: &[Value]| id(&new_role(&owner, grants).await.is(201));
        let within = role(&[grant("departments:read", "org"), grant("employees:read", "team")]).await;
        let narrower = role(&[grant("employees:read", "own")]).await;
        let wider = role(&[grant("employees:read", "org")]).await;
        let other = role(&[grant("departments:read", "org"), grant("departments:write", "org")]).await;

        assign(&granter, &person, &[&within, &narrower]).await.is(200);
        person.get("/v1/departments").await.is(200);
        for to in [&person, &granter] {
            beyond(assign(&granter, to, &[&within, &wider]).await, "`employees:read` (org)");
            beyond(assign(&granter, to, &[&other]).await, "`departments:write` (org)");
            beyond(assign(&granter, to, &[&company.role("owner").await]).await, "`users:write` (org)");
        }
        assert_eq!(
            person.get("/v1/me").await.is(200)["roles"].as_array().unwrap().len(),
            2,
            "nothing changed"
        );
        // What somebody holds already may stay with them, and go.
        let boss = company.session(&company.member(&["auditor"]).await).await;
        let auditor = company.role("auditor").await;
        assign(&granter, &boss, &[&auditor, &within]).await.is(200);
        assign(&granter, &boss, &[&within]).await.is(200);
        beyond(assign(&granter, &boss, &[&auditor, &within]).await, "`events:read` (org)");
    });
}

#[test]
fn a_role_is_not_made_or_widened_beyond_ones_own() {
    run(async {
        let (company, granter, person) = people().await;
        beyond(new_role(&granter, &[grant("employees:read", "org")]).await, "`employees:read` (org)");
        beyond(
            new_role(&granter, &[grant("departments:read", "org"), grant("sessions:write", "org")]).await,
            "`sessions:write` (org)",
        );
        let own = new_role(&granter, &[grant("departments:read", "org"), grant("employees:read", "own")])
            .await
            .is(201);
        let path = format!("/v1/roles/{}", id(&own));
        assign(&granter, &person, &[&id(&own)]).await.is(200);
        let widen = async |by: &Caller, grants: Value| by.patch(&path, json!({"permissions": grants})).await;
        beyond(widen(&granter, json!([grant("employees:read", "org")])).await, "`employees:read` (org)");
        beyond(
            widen(&granter, json!([grant("departments:read", "org"), grant("departments:write", "org")]))
                .await,
            "`departments:write` (org)",
        );
        person.post("/v1/departments", json!({"name": "A", "code": "A"})).await.is_problem(403, "forbidden");
        widen(&granter, json!([grant("employees:read", "team")])).await.is(200);
        person.get("/v1/departments").await.is_problem(403, "forbidden");
        // The owner widens it; the granter may change its title since, and narrow it, and not widen it again.
        let wide = json!([grant("departments:write", "org"), grant("employees:read", "org")]);
        widen(&company.owner().await, wide.clone()).await.is(200);
        granter.patch(&path, json!({"title": "Renamed"})).await.is(200);
        widen(&granter, json!([grant("employees:read", "org")])).await.is(200);
        beyond(widen(&granter, wide).await, "`departments:write` (org)");
    });
}

#[test]
fn nobody_is_invited_to_more_than_the_inviter_has() {
    run(async {
        let (company, granter, _) = people().await;
        let invite = async |by: &Caller, role: &str| {
            let body = json!({"email": format!("{}@test.example", unique()), "role_ids": [role]});
            by.post("/v1/invitations", body).await
        };
        beyond(invite(&granter, &company.role("auditor").await).await, "`events:read` (org)");
        beyond(invite(&granter, &company.role("owner").await).await, "`api-clients:read` (org)");
        let own = id(&new_role(&granter, &[grant("departments:read", "org")]).await.is(201));
        invite(&granter, &own).await.is(201);
        let foreign = Company::new().await.role("employee").await;
        let unknown = invite(&company.owner().await, &foreign).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&unknown), ("/role_ids", "unknown-reference"));
    });
}

#[test]
fn an_api_client_gets_no_scope_that_its_maker_lacks() {
    run(async {
        let (company, granter, _) = people().await;
        let make = async |scopes: &[&str]| {
            granter.post("/v1/api-clients", json!({"name": unique(), "scopes": scopes})).await
        };
        beyond(make(&["departments:write"]).await, "`departments:write` (org)");
        // A scope is for the whole organization, and this one is held for a team.
        beyond(make(&["departments:read", "employees:read"]).await, "`employees:read` (org)");
        let client = make(&["departments:read"]).await.is(201);
        let path = format!("/v1/api-clients/{}", client["client_id"].as_str().unwrap());
        let scopes = |scopes: &[&str]| json!({"scopes": scopes});
        beyond(
            granter.patch(&path, scopes(&["departments:read", "events:read"])).await,
            "`events:read` (org)",
        );
        // The secret of a client with more would be a way to more.
        company.owner().await.patch(&path, scopes(&["departments:read", "events:read"])).await.is(200);
        beyond(granter.act(&format!("{path}/rotate-secret")).await, "`events:read` (org)");
        granter.patch(&path, scopes(&["departments:read"])).await.is(200);
        granter.act(&format!("{path}/rotate-secret")).await.is(201);
    });
}

#[test]
fn who_links_a_login_to_a_person_must_reach_that_person() {
    run(async {
        let (company, granter, _) = people().await;
        let owner = company.owner().await;
        let boss = owner.hire("Boss", None).await;
        let member = company.session(&company.member(&["employee"]).await).await;
        let link = async |by: &Caller| {
            by.patch(&format!("/v1/memberships/{}", member.membership), json!({"employee_id": boss})).await
        };
        // `own` of somebody else is more than `team` of one's own.
        beyond(link(&granter).await, "`employees:read` (org)");
        let invitation = json!({"email": format!("{}@test.example", unique()), "role_ids": [company.role("employee").await], "employee_id": boss});
        let inviter = company
            .caller(&[
                "invitations:write",
                "departments:read",
                "positions:read",
                "organizations:read",
                "employees:read=own",
            ])
            .await;
        beyond(inviter.post("/v1/invitations", invitation.clone()).await, "`employees:read` (org)");
        link(&owner).await.is(200);
        owner.post("/v1/invitations", invitation).await.is(201);
        // Once linked, a role with a reach is granted for that person, too.
        let narrow = id(&new_role(&granter, &[grant("employees:read", "team")]).await.is(201));
        beyond(assign(&granter, &member, &[&narrow]).await, "`employees:read` (org)");
        assign(&owner, &member, &[&narrow]).await.is(200);
    });
}

#[test]
fn a_program_grants_no_more_than_its_scopes() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let scopes = ["roles:write", "roles:read", "departments:read"];
        let client = owner.post("/v1/api-clients", json!({"name": "Admin", "scopes": scopes})).await.is(201);
        let token = crate::clients::token(&client, None).await;
        let make = async |permission: &str| {
            let body = json!({"name": format!("r{}", unique()), "title": "Role", "permissions": [grant(permission, "org")]});
            crate::company::bearing(reqwest::Method::POST, "/v1/roles", &token).json(&body).send().await
        };
        make("departments:read").await.is(201);
        beyond(make("departments:write").await, "`departments:write` (org)");
        // Of a token with fewer scopes than its client has, only those count.
        let token = crate::clients::token(&client, Some("roles:write")).await;
        let body =
            json!({"name": "narrow", "title": "Role", "permissions": [grant("departments:read", "org")]});
        let narrow =
            crate::company::bearing(reqwest::Method::POST, "/v1/roles", &token).json(&body).send().await;
        beyond(narrow, "`departments:read` (org)");
    });
}
