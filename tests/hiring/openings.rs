//! Openings are kept within the headcount of their position, whoever approves them at once.
use crate::support::run;
use crate::{Hiring, faults, id};
use futures_util::future::join_all;
use serde_json::json;

#[test]
fn seats_are_kept_free_within_the_approved_headcount() {
    run(async {
        let hiring = Hiring::new().await;
        let position = hiring.position(3).await;
        // One of three is there; two are left.
        let ana = hiring.hr.hire("Ana", None).await;
        hiring.hr.patch(&format!("/v1/employees/{ana}"), json!({"position_id": position})).await.is(200);
        let (three, two, one) = (
            hiring.draft(&position, 3).await,
            hiring.draft(&position, 2).await,
            hiring.draft(&position, 1).await,
        );
        let refused = hiring.boss.act(&format!("/v1/job-openings/{three}/approve")).await;
        let refused = refused.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/seats", "headcount-exceeded")]);
        hiring.boss.act(&format!("/v1/job-openings/{two}/approve")).await.is(200);
        hiring.boss.act(&format!("/v1/job-openings/{one}/approve")).await.is_problem(409, "conflict");
        // What is closed leaves its seats.
        let why = json!({"reason": "Not now"});
        hiring.hr.post(&format!("/v1/job-openings/{two}/close"), why).await.is(200);
        hiring.boss.act(&format!("/v1/job-openings/{one}/approve")).await.is(200);
    });
}

#[test]
fn of_five_openings_for_the_last_seat_that_are_approved_at_once_one_is() {
    run(async {
        let hiring = Hiring::new().await;
        let position = hiring.position(1).await;
        let mut drafts = Vec::new();
        for _ in 0..5 {
            drafts.push(hiring.draft(&position, 1).await);
        }
        let approving = drafts.iter().map(|draft| {
            let path = format!("/v1/job-openings/{draft}/approve");
            let boss = hiring.boss.clone();
            async move { boss.act(&path).await.status }
        });
        let mut told = join_all(approving).await;
        told.sort_unstable();
        assert_eq!(told, [200, 409, 409, 409, 409]);
        let approved = hiring.hr.get("/v1/job-openings?status=approved").await.is(200);
        assert_eq!(approved["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn what_was_approved_is_not_written_in_and_nobody_approves_their_own() {
    run(async {
        let hiring = Hiring::new().await;
        let position = hiring.position(2).await;
        let draft = hiring.draft(&position, 1).await;
        let path = format!("/v1/job-openings/{draft}");
        hiring.hr.act(&format!("{path}/approve")).await.is_problem(403, "forbidden");
        hiring.boss.act(&format!("{path}/approve")).await.is(200);
        hiring.hr.patch(&path, json!({"seats": 2})).await.is_problem(409, "conflict");
        hiring.hr.patch(&path, json!({"description": "Better told"})).await.is(200);
        hiring.hr.delete(&path).await.is_problem(409, "conflict");
        hiring.hr.act(&format!("{path}/revise")).await.is(200);
        hiring.hr.patch(&path, json!({"seats": 2})).await.is(200);
        // Nobody applies to what is not open.
        hiring.stage("Screening", 10).await;
        let candidate = hiring.candidate("Ioana").await;
        let application = json!({"candidate_id": candidate, "job_opening_id": draft});
        let refused = hiring.hr.post("/v1/applications", application).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/job_opening_id", "not-open")]);
    });
}

#[test]
fn an_application_goes_through_the_stages_that_the_organization_names() {
    run(async {
        let hiring = Hiring::new().await;
        let (last, first) = (hiring.stage("Talk", 20).await, hiring.stage("Screening", 10).await);
        let opening = hiring.open(&hiring.position(2).await, 2).await;
        let (ioana, radu) = (hiring.candidate("Ioana").await, hiring.candidate("Radu").await);
        let application = hiring.apply(&ioana, &opening).await;
        let path = format!("/v1/applications/{application}");
        assert_eq!(hiring.hr.get(&path).await.is(200)["stage_id"], json!(first));
        let moved = hiring.hr.post(&format!("{path}/move"), json!({"stage_id": last})).await.is(200);
        assert_eq!((&moved["stage_id"], &moved["status"]), (&json!(last), &json!("active")));
        // Nobody applies twice for the same.
        let again = json!({"candidate_id": ioana, "job_opening_id": opening});
        hiring.hr.post("/v1/applications", again).await.is_problem(409, "conflict");
        let why = json!({"reason": "No licence"});
        hiring.hr.post(&format!("{path}/reject"), why.clone()).await.is(200);
        hiring
            .hr
            .post(&format!("{path}/move"), json!({"stage_id": first}))
            .await
            .is_problem(409, "invalid-state");
        let other = hiring.apply(&radu, &opening).await;
        hiring.hr.post(&format!("/v1/applications/{other}/withdraw"), why).await.is(200);
        hiring.hr.act(&format!("/v1/applications/{other}/reconsider")).await.is(200);
        let pipeline = format!("/v1/reports/hiring-pipeline?job_opening_id={opening}");
        let pipeline = hiring.hr.get(&pipeline).await.is(200);
        let told: Vec<_> = pipeline["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|stage| {
                (
                    id(&json!({"id": stage["stage_id"]})),
                    stage["active"].as_i64().unwrap(),
                    stage["rejected"].as_i64().unwrap(),
                )
            })
            .collect();
        assert_eq!(told, [(first, 1, 0), (last, 0, 1)]);
    });
}
