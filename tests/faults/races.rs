//! Races over HTTP: exactly what fits succeeds, everybody else is told why, and nothing is half done.
use crate::support::{Caller, Organization, run, service};
use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::sleep;
use uuid::Uuid;

async fn count(query: &str, organization: Uuid) -> i64 {
    service().database().await.query_one(query, &[&organization]).await.unwrap().get(0)
}

fn statuses(answers: &[crate::support::Answer]) -> BTreeMap<u16, usize> {
    let mut counted = BTreeMap::new();
    for answer in answers {
        *counted.entry(answer.status).or_default() += 1;
    }
    counted
}

#[test]
fn one_key_sent_by_sixteen_at_once_hires_one() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        for round in 1..=10_i64 {
            let key = format!("race-{round}");
            let body = json!({"employee_number": format!("E-{round}"), "given_name": "Ana", "family_name": "Pop", "hired_on": "2026-03-02"});
            let all = (0..16).map(|_| {
                owner
                    .request(Method::POST, "/v1/employees")
                    .header("idempotency-key", &key)
                    .json(&body)
                    .send()
            });
            let answers = join_all(all).await;
            let (done, others): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status == 201);
            let first = done.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
            assert_eq!(first, 1, "round {round}: one did it, and who came later got its answer");
            let ids: BTreeSet<&str> = done.iter().map(|answer| answer.body["id"].as_str().unwrap()).collect();
            assert_eq!(ids.len(), 1, "round {round}: {ids:?}");
            for other in others {
                other.is_problem(409, "idempotency-in-progress");
            }
            assert_eq!(count("select count(*) from employees where org_id = $1", org.id).await, round);
        }
    });
}

#[test]
fn of_fifty_changes_of_one_version_one_is_made() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let path = format!("/v1/employees/{}", owner.hire("Ana", None).await);
        let tag = owner.get(&path).await.header("etag").unwrap().to_owned();
        let all = (0..50).map(|number| {
            let change = json!({"given_name": format!("Name {number}")});
            owner.request(Method::PATCH, &path).header("if-match", &tag).json(&change).send()
        });
        let answers = join_all(all).await;
        assert_eq!(statuses(&answers), BTreeMap::from([(200, 1), (412, 49)]));
        let made = answers.iter().find(|answer| answer.status == 200).unwrap();
        let now = owner.get(&path).await.is(200);
        assert_eq!((&now["given_name"], &now["version"]), (&made.body["given_name"], &json!(2)));
    });
}

#[test]
fn no_change_is_lost_however_many_write_at_once() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let path = format!("/v1/employees/{}", owner.hire("Ana", None).await);
        // Eight people each add their letter ten times, reading first, and again where another was faster.
        let adding = (0..8_u8).map(async |person| {
            for _ in 0..10 {
                for attempt in 0.. {
                    assert!(attempt < 500, "never in time");
                    let read = owner.get(&path).await;
                    let tag = read.header("etag").unwrap().to_owned();
                    let longer = format!(
                        "{}{}",
                        read.is(200)["given_name"].as_str().unwrap(),
                        char::from(b'a' + person)
                    );
                    let change = owner
                        .request(Method::PATCH, &path)
                        .header("if-match", &tag)
                        .json(&json!({"given_name": longer}));
                    match change.send().await {
                        answer if answer.status == 200 => break,
                        answer => answer.is_problem(412, "stale-version"),
                    };
                }
            }
        });
        join_all(adding).await;
        let now = owner.get(&path).await.is(200);
        let name = now["given_name"].as_str().unwrap();
        // "Ana" and 8 × 10 letters; 80 changes on top of version 1.
        assert_eq!((name.len(), &now["version"]), (83, &json!(81)), "{name}");
        for letter in "bcdefgh".chars() {
            assert_eq!(name.matches(letter).count(), 10, "{letter} in {name}");
        }
    });
}

#[test]
fn two_who_would_stand_above_each_other_never_both_do() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let people = [owner.hire("Ana", None).await, owner.hire("Dan", None).await];
        let departments = [owner.department("Sales", None).await, owner.department("IT", None).await];
        // 200 swaps, half of them of managers, half of departments.
        opposed(&owner, "/v1/employees", "manager_id", &people, 100).await;
        opposed(&owner, "/v1/departments", "parent_id", &departments, 100).await;
        for lines in ["reporting_lines", "department_lines"] {
            let query = format!("select count(*) from {lines} where org_id = $1");
            assert_eq!(count(&query, org.id).await, 2, "both stand alone again in {lines}");
        }
    });
}

/// Each is put under the other at the same time, and both are set free again.
async fn opposed(owner: &Caller, path: &str, above: &str, pair: &[String; 2], rounds: usize) {
    let mut versions = [1_i64, 1];
    for round in 0..rounds {
        let put = async |below: usize, over: Value| {
            owner.patch(&format!("{path}/{}", pair[below]), json!({above: over})).await
        };
        let answers: [_; 2] = join(put(0, json!(pair[1])), put(1, json!(pair[0]))).await.into();
        assert_eq!(statuses(&answers), BTreeMap::from([(200, 1), (409, 1)]), "{path}, round {round}");
        let winner = usize::from(answers[1].status == 200);
        let [first, second] = answers;
        let (won, refused) = if winner == 0 { (first, second) } else { (second, first) };
        refused.is_problem(409, "conflict");
        versions[winner] += 1;
        assert_eq!(won.is(200)["version"], versions[winner], "{path}, round {round}: a change was lost");
        let free = put(winner, Value::Null).await.is(200);
        versions[winner] += 1;
        assert_eq!(
            (&free["version"], &free[above]),
            (&json!(versions[winner]), &Value::Null),
            "{path}, round {round}"
        );
    }
}

#[test]
fn rows_that_point_at_each_other_are_changed_in_either_order() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let department = owner.department("Sales", None).await;
        let person = owner.hire("Ana", None).await;
        let (department_path, person_path) =
            (format!("/v1/departments/{department}"), format!("/v1/employees/{person}"));
        for round in 0..100 {
            // The one locks the department and looks at the person, the other the other way round.
            let set = round % 2 == 0;
            let (head, place) = (json!(set.then_some(&person)), json!(set.then_some(&department)));
            let heading =
                owner.patch(&department_path, json!({"head_id": head, "name": format!("Sales {round}")}));
            let placing = owner
                .patch(&person_path, json!({"department_id": place, "family_name": format!("Pop {round}")}));
            let (heading, placing) = join(heading, placing).await;
            assert_eq!(
                (&heading.is(200)["head_id"], &placing.is(200)["department_id"]),
                (&head, &place),
                "round {round}"
            );
        }
        for path in [department_path, person_path] {
            assert_eq!(owner.get(&path).await.is(200)["version"], 101, "100 changes of {path}");
        }
    });
}

#[test]
fn nobody_is_hired_into_a_department_that_is_archived_meanwhile() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let (mut archived, mut refused) = (0, 0);
        for round in 0..30 {
            let department = owner.department("Short-lived", None).await;
            let outsider = owner.hire("Dan", None).await;
            // Now one side has a head start, now the other, and mostly none.
            let (hiring_after, archiving_after) =
                [(0, 0), (1, 0), (0, 1), (0, 5), (50, 0), (0, 50)][round % 6];
            let hiring = (0..4).map(async |number| {
                sleep(Duration::from_millis(hiring_after + number % 2)).await;
                let body = json!({"employee_number": format!("E{round}-{number}"), "given_name": "Ana", "family_name": "Pop",
                    "hired_on": "2026-03-02", "department_id": department});
                owner.post("/v1/employees", body).await
            });
            let place = format!("/v1/employees/{outsider}");
            let moving = async {
                sleep(Duration::from_millis(hiring_after)).await;
                owner.patch(&place, json!({"department_id": department})).await
            };
            let archive = async {
                sleep(Duration::from_millis(archiving_after)).await;
                owner.act(&format!("/v1/departments/{department}/archive")).await
            };
            let (archive, (hired, moved)) = join(archive, join(join_all(hiring), moving)).await;
            let mut all = statuses(&hired);
            *all.entry(moved.status).or_default() += 1;
            assert!(all.keys().all(|status| [200, 201, 409].contains(status)), "round {round}: {all:?}");
            refused += all.get(&409).copied().unwrap_or_default();
            let inside = owner
                .get(&format!("/v1/employees?department_id={department}&count=true"))
                .await
                .is(200)["total"]
                .as_i64()
                .unwrap();
            let let_in = 5 - i64::try_from(all.get(&409).copied().unwrap_or_default()).unwrap();
            assert_eq!(inside, let_in, "round {round}: exactly those who were told so are in");
            if archive.status == 200 {
                archived += 1;
                assert_eq!(inside, 0, "round {round}: archived, and not empty");
            } else {
                archive.is_problem(409, "conflict");
                assert!(inside > 0, "round {round}: empty, and refused");
            }
        }
        assert!(
            archived > 0 && refused > 0 && archived < 30,
            "{archived} of 30 archived, {refused} refused: one side always won"
        );
    });
}
