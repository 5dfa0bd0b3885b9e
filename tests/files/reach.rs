//! Who sees a file: whoever may read what it hangs on, and nobody else, by any way.
use crate::support::{Caller, Organization, caught_up, run};
use crate::{fault, id, ids, note};
use serde_json::{Value, json};

const FILES: [&str; 3] = ["files:read", "files:write", "events:read"];

fn with<'a>(others: &[&'a str]) -> Vec<&'a str> {
    FILES.iter().copied().chain(others.iter().copied()).collect()
}

/// Hangs a text on the employee and answers its id.
async fn paper(caller: &Caller, employee: &str, name: &str) -> String {
    let said = format!("name={name}&purpose=attachment&resource=employees&resource_id={employee}");
    id(&caller.upload(&said, format!("paper {name}")).await.is(201))
}

#[test]
fn a_file_on_nothing_is_its_makers_alone() {
    run(async {
        let organization = Organization::new().await;
        let (maker, owner) = (organization.caller(&FILES).await, organization.owner().await);
        let file = note(&maker, "mine").await;
        let path = format!("/v1/files/{file}");
        maker.get(&path).await.is(200);
        for hidden in [path.clone(), format!("{path}/content"), format!("{path}/history")] {
            owner.get(&hidden).await.is_problem(404, "not-found");
        }
        owner.patch(&path, json!({"name": "theirs.txt"})).await.is_problem(404, "not-found");
        owner.delete(&path).await.is_problem(404, "not-found");
        assert_eq!(owner.get("/v1/files?count=true").await.is(200)["total"], 0);
        assert_eq!(ids(&maker.get("/v1/files").await.is(200)), std::slice::from_ref(&file));
        maker.delete(&path).await.is(204);
        // What became of it is its maker's to know, too.
        maker.get(&format!("{path}/history")).await.is(200);
        owner.get(&format!("{path}/history")).await.is_problem(404, "not-found");
    });
}

#[test]
fn a_file_on_an_employee_is_for_those_who_may_read_that_employee() {
    run(async {
        let organization = Organization::new().await;
        let hr = organization.caller(&with(&["employees:read", "employees:write"])).await;
        let boss = hr.hire("Boss", None).await;
        let report = hr.hire("Report", Some(&boss)).await;
        let stranger = hr.hire("Stranger", None).await;
        let (on_report, on_stranger) =
            (paper(&hr, &report, "report.txt").await, paper(&hr, &stranger, "stranger.txt").await);

        let leader = organization.employee(&boss, &with(&["employees:read=team"])).await;
        let worker = organization.employee(&report, &with(&["employees:read=own"])).await;
        let clerk = organization.caller(&with(&["departments:read", "departments:write"])).await;
        for (caller, file, sees) in [
            (&leader, &on_report, true),
            (&leader, &on_stranger, false),
            (&worker, &on_report, true),
            (&worker, &on_stranger, false),
            (&clerk, &on_report, false),
        ] {
            let path = format!("/v1/files/{file}");
            for way in [
                path.clone(),
                format!("{path}/content"),
                format!("{path}/history"),
                format!("{path}?as_of=2100-01-01T00:00:00Z"),
            ] {
                let expected = if sees { 200 } else { 404 };
                assert_eq!(caller.get(&way).await.status, expected, "{way}");
            }
            // Reading is not changing.
            caller.patch(&path, json!({"name": "x.txt"})).await.is_problem(404, "not-found");
            caller.delete(&path).await.is_problem(404, "not-found");
        }
        let list = async |caller: &Caller, of: &str| {
            ids(&caller.get(&format!("/v1/files?resource=employees&resource_id={of}")).await.is(200))
        };
        assert_eq!(list(&leader, &report).await, std::slice::from_ref(&on_report));
        assert!(list(&leader, &stranger).await.is_empty());
        assert!(list(&clerk, &report).await.is_empty());
        assert_eq!(
            clerk.get(&format!("/v1/files?resource_id={report}&count=true&q=report")).await.is(200)["total"],
            0
        );

        // Who leaves the team is seen no more, at once; who may not read employees any more sees not even own uploads.
        hr.patch(&format!("/v1/employees/{report}"), json!({"manager_id": null})).await.is(200);
        assert!(list(&leader, &report).await.is_empty());
        leader.get(&format!("/v1/files/{on_report}")).await.is_problem(404, "not-found");
    });
}

#[test]
fn hanging_a_file_takes_the_permission_to_write_what_it_hangs_on() {
    run(async {
        let organization = Organization::new().await;
        let hr = organization.owner().await;
        let (employee, department) = (hr.hire("Ana", None).await, hr.department("Desk", None).await);
        let reader = organization.caller(&with(&["employees:read"])).await;
        let blind = organization.caller(&with(&["departments:read", "departments:write"])).await;
        let there = Organization::new().await.owner().await.hire("Foreign", None).await;
        let nobody = uuid::Uuid::now_v7().to_string();
        let on = |resource: &str, id: &str| format!("name=a.txt&resource={resource}&resource_id={id}");

        let told = reader.upload(&on("employees", &employee), "x").await.is_problem(403, "forbidden");
        assert!(told["detail"].as_str().unwrap().contains("`employees:write`"), "{told}");
        // Out of reach, of another organization, of nobody: all the same.
        let mut answers = Vec::new();
        for (caller, id) in [(&blind, &employee), (&hr, &there), (&hr, &nobody)] {
            let refused = caller.upload(&on("employees", id), "x").await;
            let problem = refused.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), ("resource_id", "unknown-reference"));
            answers.push((problem["detail"].clone(), problem["errors"].clone()));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        for kind in [
            "dragons",
            "comments",
            "files",
            "sessions",
            "jobs",
            "events",
            "users",
            "file_contents",
            "employees;",
            "api_clients",
        ] {
            let refused = hr.upload(&on(kind, &employee), "x").await;
            assert_eq!(fault(&refused.is_problem(422, "invalid-input")).0, "resource", "{kind}");
        }
        let half = hr
            .upload(&format!("name=a.txt&resource_id={employee}"), "x")
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(fault(&half), ("resource", "required"));

        // Hung later, it follows at once, and stays where it is.
        let file = note(&blind, "a plan").await;
        let attach = format!("/v1/files/{file}/attach");
        let body = |resource: &str, id: &str| json!({"resource": resource, "resource_id": id});
        let refused =
            blind.post(&attach, body("employees", &employee)).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&refused), ("/resource_id", "unknown-reference"));
        hr.post(&attach, body("departments", &department)).await.is_problem(404, "not-found");
        assert_eq!(
            blind.post(&attach, body("departments", &department)).await.is(200)["resource_id"],
            json!(department)
        );
        hr.get(&format!("/v1/files/{file}")).await.is(200);
        reader.get(&format!("/v1/files/{file}")).await.is_problem(404, "not-found");
        let moved = hr.post(&attach, body("employees", &employee)).await.is_problem(409, "conflict");
        assert!(moved["detail"].as_str().unwrap().contains("stays there"), "{moved}");
        hr.post(&attach, body("departments", &department)).await.is(200);
    });
}

#[test]
fn the_feed_tells_of_files_to_those_who_may_see_them() {
    run(async {
        let organization = Organization::new().await;
        let hr = organization.owner().await;
        let employee = hr.hire("Ana", None).await;
        let file = paper(&hr, &employee, "diagnosis.txt").await;
        let gone = paper(&hr, &employee, "dismissal.txt").await;
        hr.delete(&format!("/v1/files/{gone}")).await.is(204);
        let clerk = organization.caller(&with(&["departments:read"])).await;
        let reader = organization.caller(&with(&["employees:read"])).await;
        let feed = async |caller: &Caller, of: &str| -> Vec<Value> {
            caller.get(&format!("/v1/events?resource_id={of}")).await.is(200)["data"]
                .as_array()
                .unwrap()
                .clone()
        };
        caught_up().await;
        for (id, name, events) in [(&file, "diagnosis.txt", 1), (&gone, "dismissal.txt", 2)] {
            for caller in [&hr, &reader] {
                let told = feed(caller, id).await;
                assert_eq!(told.len(), events, "{name}");
                assert_eq!(
                    told[0]["changes"]["name"],
                    json!({"before": null, "after": name, "personal": true})
                );
            }
            assert!(feed(&clerk, id).await.is_empty(), "{name}");
            clerk.get(&format!("/v1/files/{id}/history")).await.is_problem(404, "not-found");
        }
        let all = clerk.get("/v1/events?limit=200").await;
        assert!(!all.text.contains("diagnosis") && !all.text.contains("dismissal"));
        hr.get(&format!("/v1/files/{gone}/history")).await.is(200);
    });
}

#[test]
fn what_has_files_stays_and_what_goes_takes_its_comments_along() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let department = caller.department("Desk", None).await;
        let position = json!({"title": "Clerk", "department_id": department, "approved_headcount": 1});
        let position = id(&caller.post("/v1/positions", position).await.is(201));
        let file = id(&caller
            .upload(&format!("name=a.txt&resource=positions&resource_id={position}"), "a")
            .await
            .is(201));
        let comment = json!({"resource": "positions", "resource_id": position, "body": "Filled soon", "visibility": "private"});
        let comment = id(&caller.post("/v1/comments", comment).await.is(201));
        let on_file = json!({"resource": "files", "resource_id": file, "body": "Signed?"});
        let on_file = id(&caller.post("/v1/comments", on_file).await.is(201));
        let path = format!("/v1/positions/{position}");
        caller.delete(&path).await.is_problem(409, "in-use");
        caller.get(&format!("/v1/comments/{comment}")).await.is(200);
        caller.delete(&format!("/v1/files/{file}")).await.is(204);
        caller.get(&format!("/v1/comments/{on_file}")).await.is_problem(404, "not-found");
        caller.delete(&path).await.is(204);
        caller.get(&format!("/v1/comments/{comment}")).await.is_problem(404, "not-found");
        let told = caller.get(&format!("/v1/comments/{comment}/history")).await.is(200);
        assert_eq!(told["data"][1]["type"], "comment.deleted");
        assert_eq!(told["data"][1]["actor"], json!(format!("user:{}", caller.user)));
    });
}

#[test]
fn of_a_deletion_and_an_upload_at_once_one_waits_for_the_other() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let department = caller.department("Desk", None).await;
        for round in 0..20 {
            let position = json!({"title": format!("Clerk {round}"), "department_id": department, "approved_headcount": 1});
            let position = id(&caller.post("/v1/positions", position).await.is(201));
            let said = format!("name=a.txt&resource=positions&resource_id={position}");
            let path = format!("/v1/positions/{position}");
            let (hung, gone) =
                futures_util::future::join(caller.upload(&said, "a"), caller.delete(&path)).await;
            assert!(
                matches!((hung.status, gone.status), (201, 409) | (422, 204)),
                "{} {} / {} {}",
                hung.status,
                hung.text,
                gone.status,
                gone.text
            );
        }
    });
}
