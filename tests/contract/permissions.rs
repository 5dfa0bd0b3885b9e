//! Who may do what: refused without a token, without exactly its permission, and never with it.
use crate::examples::{is_scim, nowhere, operation_at};
use crate::golden;
use crate::support::{Caller, Operation, Organization, Request, operations, permissions, run};
use reqwest::Method;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Bodies as they come: none, one that keeps nothing, and one that is no JSON.
fn bodies(request: impl Fn() -> Request) -> [Request; 3] {
    [request(), request().json(&json!({"no_such_field": true})), request().body("application/json", "{")]
}

fn guarded() -> Vec<Operation> {
    let all: Vec<_> = operations().into_iter().filter(|each| each.permission().is_some()).collect();
    assert!(all.len() > 30, "{} operations ask for a permission", all.len());
    all
}

#[test]
fn without_a_token_nothing_is_answered_whatever_the_body() {
    run(async {
        for operation in guarded() {
            for request in bodies(|| Request::new(operation.method.clone(), &nowhere(&operation.path))) {
                let answer = request.send().await;
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{}", operation.id());
                if is_scim(&operation.path) {
                    answer.is_scim_error(401, None);
                } else {
                    answer.is_problem(401, "unauthenticated");
                }
            }
        }
    });
}

#[test]
fn with_every_permission_but_its_own_an_operation_is_refused_and_names_it() {
    run(async {
        let organization = Organization::new().await;
        let mut callers: BTreeMap<String, Caller> = BTreeMap::new();
        for operation in guarded() {
            let lacking = operation.permission().unwrap();
            if !lacking.contains(':') {
                continue; // everybody's own
            }
            if !callers.contains_key(lacking) {
                let others: Vec<String> = permissions().into_iter().filter(|each| each != lacking).collect();
                let others: Vec<&str> = others.iter().map(String::as_str).collect();
                callers.insert(lacking.to_owned(), organization.caller(&others).await);
            }
            let caller = &callers[lacking];
            let path = nowhere(&operation.path);
            // Nor is it told what else would be wrong: with the body, or with the address.
            let wrong = ["no_such=1", "dry_run=maybe", "limit=1&limit=1"]
                .map(|query| caller.request(operation.method.clone(), &format!("{path}?{query}")));
            for request in bodies(|| caller.request(operation.method.clone(), &path)).into_iter().chain(wrong)
            {
                let refused = request.header("if-match", "*").send().await;
                assert_eq!(refused.status, 403, "{}: {}", operation.id(), refused.text);
                let problem = if is_scim(&operation.path) {
                    refused.is_scim_error(403, None)
                } else {
                    refused.is_problem(403, "forbidden")
                };
                let detail = problem["detail"].as_str().unwrap();
                assert!(detail.contains(&format!("`{lacking}`")), "{}: {detail}", operation.id());
            }
        }
    });
}

#[test]
fn with_exactly_its_permission_an_operation_is_neither_unauthenticated_nor_forbidden() {
    run(async {
        let organization = Organization::new().await;
        for operation in guarded() {
            let held: Vec<&str> =
                operation.permission().filter(|each| each.contains(':')).into_iter().collect();
            let caller = organization.caller(&held).await;
            let request =
                caller.request(operation.method.clone(), &nowhere(&operation.path)).header("if-match", "*");
            let request = if operation.example().is_some() { request.json(&json!({})) } else { request };
            // Ending one's own session is last: the caller is this operation's own.
            let answer = request.send().await;
            assert!(
                ![401, 403].contains(&answer.status),
                "{} with {held:?}: {}",
                operation.id(),
                answer.text
            );
            assert!(answer.status < 500, "{}: {}", operation.id(), answer.text);
        }
    });
}

#[test]
fn who_may_do_what_changes_only_on_purpose() {
    let mut lines: Vec<String> = operations()
        .iter()
        .map(|each| format!("{} {}\n", each.id(), each.permission().unwrap_or("anybody")))
        .collect();
    lines.sort();
    golden::hold("tests/golden/permissions.txt", &lines.concat());
}

#[test]
fn the_contract_and_the_roles_know_the_same_permissions() {
    let asked: BTreeSet<String> = permissions().into_iter().collect();
    let granted: BTreeSet<String> =
        identity::permissions::catalogue().map(|each| format!("{}:{}", each.resource, each.verb)).collect();
    let unknown: Vec<_> = asked.difference(&granted).collect();
    // These are asked for in the middle of an operation: tests/accounting and tests/hiring tell when.
    let within = ["checklist-tasks:run", "fiscal-periods:post-closed", "invoices:exceed-credit"];
    assert!(within.iter().all(|each| granted.contains(*each) && !asked.contains(*each)));
    let useless: Vec<_> =
        granted.difference(&asked).filter(|each| !within.contains(&each.as_str())).collect();
    assert!(unknown.is_empty(), "operations ask for what no role can hold: {unknown:?}");
    assert!(useless.is_empty(), "roles can hold what no operation asks for: {useless:?}");
}

#[test]
fn what_the_built_in_roles_may_do_changes_only_on_purpose() {
    let mut lines = String::new();
    for role in identity::permissions::BUILT_IN_ROLES {
        for grant in role.grants() {
            let _ = writeln!(lines, "{} {} {}", role.name, grant.permission, grant.reach.as_str());
        }
    }
    golden::hold("tests/golden/roles.txt", &lines);
}

#[test]
fn a_read_asks_to_read_and_a_write_asks_for_more() {
    for operation in guarded() {
        let permission = operation.permission().unwrap();
        // Taking all of it out changes nothing, and asks for more than to read it.
        let reads = permission.ends_with(":read") || permission.ends_with(":export");
        if permission.contains(':') {
            // SCIM sends long searches as bodies (RFC 7644 §3.4.3).
            let asks = operation.method == Method::GET || operation.path.ends_with("/.search");
            assert_eq!(reads, asks, "{} asks for {permission}", operation.id());
        }
    }
    // And whoever can list them can read one.
    for operation in
        guarded().iter().filter(|each| each.method == Method::GET && each.path.ends_with("/{id}"))
    {
        if let Some(list) = operation_at(&Method::GET, operation.path.trim_end_matches("/{id}")) {
            assert_eq!(list.permission(), operation.permission(), "{}", operation.id());
        }
    }
}
