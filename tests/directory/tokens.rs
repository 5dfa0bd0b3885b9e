//! The token that a directory stores: for the directory alone, and over when its session, its client or its time is.
use crate::support::{Answer, Organization, Request, run, service};
use reqwest::Method;
use serde_json::{Value, json};

async fn call(token: &str, path: &str) -> Answer {
    Request::new(Method::GET, path).header("authorization", &format!("Bearer {token}")).send().await
}

async fn issued(owner: &crate::support::Caller, scopes: Value) -> (String, Value) {
    let client = owner.post("/v1/api-clients", json!({"name": "Directory", "scopes": scopes})).await.is(201);
    let path = format!("/v1/api-clients/{}", client["client_id"].as_str().unwrap());
    let token = owner.post(&format!("{path}/issue-directory-token"), json!({"days": 30})).await.is(201);
    (path, token)
}

#[test]
fn a_directory_token_opens_the_directory_and_nothing_else() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let (path, issued) =
            issued(&owner, json!(["directory:read", "directory:write", "employees:read"])).await;
        let token = issued["token"].as_str().unwrap();
        call(token, "/scim/v2/Users").await.is(200);
        call(token, "/v1/employees").await.is_problem(403, "forbidden");
        call(token, "/v1/api-clients").await.is_problem(403, "forbidden");
        let made =
            Request::new(Method::POST, "/scim/v2/Users").header("authorization", &format!("Bearer {token}"));
        made.json(&json!({"userName": "ana@demo.example"})).send().await.is(201);
        // Only its hash is kept, and no event tells it.
        let database = service().database().await;
        for table in ["directory_tokens", "sessions", "events", "idempotency_keys"] {
            let count =
                format!("select count(*) from {table} t where org_id = $1 and t::text like '%' || $2 || '%'");
            assert_eq!(
                database.query_one(&count, &[&owner.organization, &token]).await.unwrap().get::<_, i64>(0),
                0,
                "{table}"
            );
        }
        // It is a session like others: seen, and ended.
        let session = issued["session_id"].as_str().unwrap();
        assert_eq!(
            owner.get(&format!("/v1/sessions/{session}")).await.is(200)["user_agent"],
            "directory token"
        );
        owner.act(&format!("/v1/sessions/{session}/end")).await.is(200);
        call(token, "/scim/v2/Users").await.is_scim_error(401, None);
        // A second one goes with the client.
        let second = owner.post(&format!("{path}/issue-directory-token"), json!({"days": 1})).await.is(201);
        let second = second["token"].as_str().unwrap();
        call(second, "/scim/v2/Users").await.is(200);
        owner.act(&format!("{path}/disable")).await.is(200);
        call(second, "/scim/v2/Users").await.is_scim_error(401, None);
        owner
            .post(&format!("{path}/issue-directory-token"), json!({"days": 1}))
            .await
            .is_problem(409, "invalid-state");
    });
}

#[test]
fn a_token_is_told_once_to_whom_may_have_what_it_opens_and_runs_out() {
    run(async {
        let organization = Organization::new().await;
        let owner = organization.owner().await;
        let (path, token) = issued(&owner, json!(["directory:read"])).await;
        let issue = format!("{path}/issue-directory-token");
        for days in [0, -1, 367, 1_000_000] {
            owner.post(&issue, json!({"days": days})).await.is_problem(422, "invalid-input");
        }
        organization
            .caller(&["api-clients:write"])
            .await
            .post(&issue, json!({"days": 1}))
            .await
            .is_problem(403, "forbidden");
        owner
            .signed_in_ago(3_600)
            .await
            .post(&issue, json!({"days": 1}))
            .await
            .is_problem(401, "fresh-login-required");
        // What the client may not, its token may not.
        let token = token["token"].as_str().unwrap();
        let write =
            Request::new(Method::POST, "/scim/v2/Users").header("authorization", &format!("Bearer {token}"));
        write.json(&json!({"userName": "ana@demo.example"})).send().await.is_scim_error(403, None);
        let over = "update sessions set expires_at = now() - interval '1 second' where org_id = $1 and api_client_id is not null";
        service().database().await.execute(over, &[&owner.organization]).await.unwrap();
        call(token, "/scim/v2/Users").await.is_scim_error(401, None);
        let mut forged: String = token.chars().rev().collect();
        for other in [forged.as_str(), &token[..80], &format!("{token}A"), "a"] {
            call(other, "/scim/v2/Users").await.is_scim_error(401, None);
        }
        forged.clear();
    });
}
