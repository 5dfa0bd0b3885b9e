//! How jobs end otherwise: stopped by somebody, or failed for good.
use crate::support::{Organization, run};
use crate::{Goes, Working, begun, ended, errand, send, send_as, until};
use platform::job::Order;
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn what_the_caller_got_wrong_is_not_tried_again_until_somebody_says_so() {
    run(async {
        let caller = Organization::new().await.owner().await;
        Working::on_errands();
        let wrong = errand("wrong", Goes::Wrong);
        let id = send(&caller, wrong.clone()).await;
        let job = ended(&caller, &id).await;
        assert_eq!((&job["status"], &job["attempts"]), (&json!("failed"), &json!(1)));
        assert_eq!(job["problem"]["detail"], "There is no such address.");
        assert_eq!(job["available_actions"], json!(["retry"]));

        let again = caller.act(&format!("/v1/jobs/{id}/retry")).await.is(200);
        assert_eq!((&again["status"], &again["problem"]), (&json!("queued"), &json!(null)));
        assert_eq!(ended(&caller, &id).await["status"], "failed");
        assert_eq!(begun(&wrong.name), 2);
    });
}

#[test]
fn what_waits_is_cancelled_at_once_and_can_be_taken_up_again() {
    run(async {
        let caller = Organization::new().await.owner().await;
        Working::on_errands();
        let later = errand("later", Goes::Well);
        let order = Order { delay: Duration::from_hours(1), ..Order::default() };
        let id = send_as(&caller, later.clone(), order).await;
        let job = caller.act(&format!("/v1/jobs/{id}/cancel")).await.is(200);
        assert_eq!(job["status"], "cancelled");
        assert!(job["finished_at"].is_string());
        caller.act(&format!("/v1/jobs/{id}/cancel")).await.is_problem(409, "invalid-state");
        caller.act(&format!("/v1/jobs/{id}/retry")).await.is(200);
        assert_eq!(ended(&caller, &id).await["status"], "succeeded");
        assert_eq!(begun(&later.name), 1);
    });
}

#[test]
fn what_runs_is_stopped_and_leaves_nothing_behind() {
    run(async {
        let caller = Organization::new().await.owner().await;
        Working::on_errands();
        let department = caller.department("Before", None).await;
        let slowly = errand("stopped", Goes::Slowly(department.parse().unwrap(), 20_000));
        let id = send(&caller, slowly.clone()).await;
        until("it runs", async || begun(&slowly.name) == 1).await;
        let asked = Instant::now();
        let job = caller.act(&format!("/v1/jobs/{id}/cancel")).await.is(200);
        assert_eq!((&job["status"], &job["available_actions"]), (&json!("cancelling"), &json!([])));
        assert_eq!(ended(&caller, &id).await["status"], "cancelled");
        assert!(asked.elapsed() < Duration::from_secs(10), "and not when it would have ended");
        assert_eq!(caller.get(&format!("/v1/departments/{department}")).await.is(200)["name"], "Before");
    });
}

#[test]
fn a_job_cancelled_at_its_end_is_done_or_undone_and_says_which() {
    run(async {
        let caller = Organization::new().await.owner().await;
        Working::on_errands();
        let mut seen = [0, 0];
        for round in 0..12 {
            let department = caller.department("Before", None).await;
            let slowly = errand("at its end", Goes::Slowly(department.parse().unwrap(), 900 + 25 * round));
            let id = send(&caller, slowly.clone()).await;
            until("it runs", async || begun(&slowly.name) == 1).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            let cancelled = caller.act(&format!("/v1/jobs/{id}/cancel")).await;
            assert!([200, 409].contains(&cancelled.status), "{}", cancelled.text);
            let status = ended(&caller, &id).await["status"].clone();
            let name = caller.get(&format!("/v1/departments/{department}")).await.is(200)["name"].clone();
            match status.as_str().unwrap() {
                "succeeded" => assert_eq!(name, json!(slowly.name)),
                other => assert_eq!((other, &name), ("cancelled", &json!("Before"))),
            }
            seen[usize::from(status == "cancelled")] += 1;
        }
        assert!(seen[0] + seen[1] == 12, "{seen:?}");
    });
}
