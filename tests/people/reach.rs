//! How far a permission goes: `own` is oneself, `team` is everybody below oneself in the line of managers, at any depth,
//! and both hold for list, read, change, action, history, count and CSV alike.
use crate::support::{Caller, Organization, run};
use crate::{given_names, id};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A line of managers: each reports to the one before.
async fn line(caller: &Caller, length: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for depth in 0..length {
        all.push(caller.hire(&format!("Depth {depth}"), all.last().map(String::as_str)).await);
    }
    all
}

/// Everybody whom the caller sees, found in each of the ways there are, which must agree.
async fn seen(caller: &Caller, all: &[&String]) -> BTreeSet<String> {
    let page = caller.get("/v1/employees?limit=200&count=true").await.is(200);
    let listed: BTreeSet<String> = page["data"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(page["total"], listed.len(), "the count shows no more than the list");
    let csv = caller.request(Method::GET, "/v1/employees").header("accept", "text/csv").send().await;
    let lines: BTreeSet<String> = csv
        .text
        .trim_end()
        .split("\r\n")
        .skip(1)
        .map(|line| line.split(',').next().unwrap().to_owned())
        .collect();
    assert_eq!(lines, listed, "CSV");
    for each in all {
        let path = format!("/v1/employees/{each}");
        let now = json!(chrono::Utc::now()).as_str().unwrap().to_owned();
        for path in [path.clone(), format!("{path}/history"), format!("{path}?as_of={now}")] {
            let answer = caller.get(&path).await;
            assert_eq!(
                answer.status,
                if listed.contains(*each) { 200 } else { 404 },
                "{path}: {}",
                answer.text
            );
        }
    }
    listed
}

fn set(of: &[String]) -> BTreeSet<String> {
    of.iter().cloned().collect()
}

#[test]
fn a_team_is_everybody_below_to_any_depth() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let line = line(&owner, 13).await;
        let stranger = owner.hire("Stranger", None).await;
        let all: Vec<&String> = line.iter().chain([&stranger]).collect();

        let top = org.employee(&line[0], &["employees:read=team", "employees:write=team"]).await;
        assert_eq!(seen(&top, &all).await, set(&line), "12 levels down");
        let half_way = org.employee(&line[6], &["employees:read=team"]).await;
        assert_eq!(seen(&half_way, &all).await, set(&line[6..]), "those below and nobody above");
        let last = org.employee(&line[12], &["employees:read=team"]).await;
        assert_eq!(seen(&last, &all).await, set(&line[12..]), "a team of one");
        let own = org.employee(&line[5], &["employees:read=own"]).await;
        assert_eq!(seen(&own, &all).await, set(&line[5..6]), "oneself, whoever is below");
        // A login that belongs to no employee has no team and is nobody.
        for reach in ["employees:read=team", "employees:read=own"] {
            assert_eq!(seen(&org.caller(&[reach]).await, &all).await, BTreeSet::new(), "{reach}");
        }

        // Changes and actions reach just as far.
        top.patch(&format!("/v1/employees/{}", line[12]), json!({"phone": "+40 21 555 0100"})).await.is(200);
        top.act(&format!("/v1/employees/{}/activate", line[12])).await.is(200);
        let out_of_reach = format!("/v1/employees/{stranger}");
        top.patch(&out_of_reach, json!({"phone": "+40 21 555 0100"})).await.is_problem(404, "not-found");
        top.act(&format!("{out_of_reach}/activate")).await.is_problem(404, "not-found");
        top.delete(&out_of_reach).await.is_problem(404, "not-found");
        let untouched = owner.get(&out_of_reach).await.is(200);
        assert_eq!(
            (&untouched["version"], &untouched["phone"], &untouched["status"]),
            (&json!(1), &Value::Null, &json!("pending"))
        );
        // Somebody new belongs to no team before they are there: hiring takes the reach `org`.
        let new = json!({"employee_number": "E-1", "given_name": "New", "family_name": "Test", "hired_on": "2026-03-02", "manager_id": line[0]});
        top.post("/v1/employees", new).await.is_problem(403, "forbidden");
    });
}

#[test]
fn a_team_is_another_right_after_every_move() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let line = line(&owner, 6).await;
        let other_boss = owner.hire("Other boss", None).await;
        let all: Vec<&String> = line.iter().chain([&other_boss]).collect();
        let top = org.employee(&line[0], &["employees:read=team"]).await;
        let other = org.employee(&other_boss, &["employees:read=team"]).await;
        let put_under = async |employee: &str, manager: Option<&str>| {
            owner.patch(&format!("/v1/employees/{employee}"), json!({"manager_id": manager})).await.is(200);
        };
        let with_other =
            |people: &[String]| set(people).into_iter().chain([other_boss.clone()]).collect::<BTreeSet<_>>();

        assert_eq!(seen(&top, &all).await, set(&line));
        assert_eq!(seen(&other, &all).await, with_other(&[]));
        put_under(&line[3], Some(&other_boss)).await;
        assert_eq!(seen(&top, &all).await, set(&line[..3]));
        assert_eq!(seen(&other, &all).await, with_other(&line[3..]));
        put_under(&other_boss, Some(&line[2])).await;
        assert_eq!(seen(&top, &all).await, with_other(&line), "all of it again, by a detour");
        assert_eq!(seen(&other, &all).await, with_other(&line[3..]));
        put_under(&line[3], None).await;
        assert_eq!(seen(&top, &all).await, with_other(&line[..3]));
        assert_eq!(seen(&other, &all).await, with_other(&[]));
        // Who left is still who reported to whom.
        owner
            .post(
                &format!("/v1/employees/{}/terminate", line[1]),
                json!({"last_day": "2026-06-30", "reason": "Resigned"}),
            )
            .await
            .is(200);
        assert_eq!(seen(&top, &all).await, with_other(&line[..3]));
    });
}

#[test]
fn a_filter_a_search_and_an_order_do_not_widen_a_reach() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let director = owner.hire("Director", None).await;
        let boss = owner.hire("Boss", Some(&director)).await;
        let member = owner.hire("Member", Some(&boss)).await;
        let stranger = owner.hire("Stranger", None).await;
        owner.hire("Below the stranger", Some(&stranger)).await;
        let leader = org.employee(&boss, &["employees:read=team"]).await;
        for query in [format!("manager_id={stranger}"), "q=stranger".to_owned()] {
            let page = leader.get(&format!("/v1/employees?count=true&{query}")).await.is(200);
            assert_eq!((given_names(&page), page["total"].as_i64()), (vec![], Some(0)), "{query}");
        }
        let page = leader.get("/v1/employees?limit=1&sort=-created_at").await.is(200);
        assert_eq!(given_names(&page), ["Member"], "the newest that is seen, not the newest");
        let page = leader.get(&format!("/v1/employees?manager_id={boss}")).await.is(200);
        assert_eq!(id(&page["data"][0]), member);
        // Reading everybody and changing only the team are two permissions.
        let reader = org.employee(&director, &["employees:read", "employees:write=team"]).await;
        assert_eq!(reader.get("/v1/employees?count=true").await.is(200)["total"], 5);
        reader.patch(&format!("/v1/employees/{member}"), json!({"phone": "+40 21 555 0100"})).await.is(200);
        reader
            .patch(&format!("/v1/employees/{stranger}"), json!({"phone": "+40 21 555 0100"}))
            .await
            .is_problem(404, "not-found");
    });
}

#[test]
fn who_sees_everybody_and_acts_on_a_team_is_told_so() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let line = line(&owner, 3).await;
        let stranger = owner.hire("Stranger", None).await;
        // The second of the line sees the whole company, and may change herself and the one below her.
        let lead = org.employee(&line[1], &["employees:read", "employees:write=team"]).await;
        let page = lead.get("/v1/employees").await.is(200);
        let may_act: BTreeSet<String> = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| !row["available_actions"].as_array().unwrap().is_empty())
            .map(id)
            .collect();
        assert_eq!(page["data"].as_array().unwrap().len(), 4, "all are seen");
        assert_eq!(may_act, set(&line[1..]));

        let below = lead.get(&format!("/v1/employees/{}", line[2])).await.is(200);
        assert_eq!(below["available_actions"], json!(["activate", "terminate"]));
        let beside = lead.get(&format!("/v1/employees/{stranger}")).await.is(200);
        assert_eq!(beside["available_actions"], json!([]));
        let activated = lead.act(&format!("/v1/employees/{}/activate", line[2])).await.is(200);
        assert_eq!(activated["available_actions"], json!(["start_leave", "terminate"]));
    });
}
