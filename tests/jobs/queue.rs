//! What is enqueued is done: once where nothing goes wrong, again where something does, and in turns.
use crate::support::{Organization, run, service};
use crate::{Goes, Working, act_for, begun, database, ended, errand, errands, send, send_as, until};
use platform::job::{Order, enqueue, enqueue_as};
use platform::problem::CONFLICT;
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

#[test]
fn a_job_runs_and_says_how_far_it_is_and_what_came_of_it() {
    run(async {
        let caller = Organization::new().await.owner().await;
        Working::on_errands();
        let errand = errand("well", Goes::Idly(2500));
        let id = send(&caller, errand.clone()).await;
        until("it is half done", async || {
            let job = caller.get(&format!("/v1/jobs/{id}")).await.is(200);
            job["status"] == "running" && job["done"] == 1 && job["total"] == 2
        })
        .await;
        let job = ended(&caller, &id).await;
        assert_eq!(
            (&job["status"], &job["done"], &job["total"]),
            (&json!("succeeded"), &json!(2), &json!(2))
        );
        assert_eq!(job["result"], json!({"errand": errand.name}));
        assert_eq!((&job["problem"], &job["attempts"]), (&json!(null), &json!(1)));
        assert_eq!(job["created_by"], json!(caller.user));
        assert_eq!(begun(&errand.name), 1);

        let history = caller.get(&format!("/v1/jobs/{id}/history")).await.is(200);
        let types: Vec<&str> =
            history["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["job.created", "job.running", "job.succeeded"]);
        assert!(
            !history.to_string().contains(&errand.name),
            "what it works with is nobody's business: {history}"
        );
    });
}

#[test]
fn what_is_rolled_back_never_runs() {
    run(async {
        let caller = Organization::new().await.owner().await;
        Working::on_errands();
        let never = errand("never", Goes::Well);
        let refused = database()
            .as_system(caller.organization, async |db| {
                enqueue(db, &never).await?;
                Err::<(), _>(CONFLICT.because("No."))
            })
            .await;
        assert_eq!(refused.unwrap_err().kind.code, "conflict");
        // What was enqueued after it is done, so its turn would have come.
        let id = send(&caller, errand("after", Goes::Well)).await;
        assert_eq!(ended(&caller, &id).await["status"], "succeeded");
        assert_eq!(begun(&never.name), 0);
        assert_eq!(caller.get("/v1/jobs?count=true").await.is(200)["total"], 1);
    });
}

#[test]
fn a_job_works_in_the_name_of_whoever_caused_it() {
    run(async {
        let caller = Organization::new().await.owner().await;
        Working::on_errands();
        let department = caller.department("Before", None).await;
        let slowly = errand("renamed", Goes::Slowly(department.parse().unwrap(), 0));
        let id = send(&caller, slowly.clone()).await;
        assert_eq!(ended(&caller, &id).await["status"], "succeeded");
        let history = caller.get(&format!("/v1/departments/{department}/history")).await.is(200);
        let last = history["data"].as_array().unwrap().last().unwrap();
        assert_eq!(last["changes"]["name"]["after"], json!(slowly.name));
        assert_eq!(last["actor"], json!(format!("user:{}", caller.user)));
        assert_eq!(last["session_id"], json!(caller.session));
    });
}

#[test]
fn what_goes_badly_is_tried_again_after_a_pause() {
    run(async {
        let caller = Organization::new().await.owner().await;
        Working::on_errands();
        let twice = errand("twice", Goes::Badly(2));
        let id = send(&caller, twice.clone()).await;
        until("the first attempt went badly", async || {
            let job = caller.get(&format!("/v1/jobs/{id}")).await.is(200);
            job["problem"]["code"] == "unavailable" && job["status"] == "queued"
        })
        .await;
        let job = ended(&caller, &id).await;
        assert_eq!((&job["status"], &job["attempts"]), (&json!("succeeded"), &json!(3)));
        assert_eq!(begun(&twice.name), 3);
    });
}

#[test]
fn a_job_whose_worker_is_gone_is_anothers_when_the_lease_runs_out() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let department = caller.department("Before", None).await;
        let lost = errand("lost", Goes::Slowly(department.parse().unwrap(), 6000));
        let id = send(&caller, lost.clone()).await;
        Working::on_errands();
        until("it runs", async || begun(&lost.name) == 1).await;
        // As if that worker had not been heard of for 30 seconds: by the database's clock the lease is over, and the job
        // another's. What the first still does must not remain.
        let database = service().database().await;
        let over = "update job_queue set worker = gen_random_uuid(), leased_until = clock_timestamp() - interval '1 ms' where job_id = $1";
        database.execute(over, &[&id.parse::<Uuid>().unwrap()]).await.unwrap();
        until("another took it over", async || begun(&lost.name) == 2).await;
        let job = ended(&caller, &id).await;
        assert_eq!((&job["status"], &job["attempts"]), (&json!("succeeded"), &json!(2)));
        let history = caller.get(&format!("/v1/departments/{department}/history")).await.is(200);
        assert_eq!(history["data"].as_array().unwrap().len(), 2, "created, and renamed once: {history}");
    });
}

#[test]
fn a_job_whose_workers_are_always_gone_is_given_up() {
    run(async {
        let caller = Organization::new().await.owner().await;
        Working::on_errands();
        let doomed = errand("doomed", Goes::Idly(60_000));
        let id = send(&caller, doomed.clone()).await;
        let database = service().database().await;
        for attempt in 1..=3 {
            until("it runs", async || begun(&doomed.name) == attempt).await;
            let over = "update job_queue set worker = gen_random_uuid(), leased_until = clock_timestamp() - interval '1 ms' where job_id = $1";
            database.execute(over, &[&id.parse::<Uuid>().unwrap()]).await.unwrap();
        }
        let job = ended(&caller, &id).await;
        assert_eq!((&job["status"], &job["attempts"]), (&json!("failed"), &json!(3)));
        assert_eq!(
            job["problem"]["detail"],
            "Its worker ended while it worked on it, as often as it may be tried."
        );
        assert_eq!(begun(&doomed.name), 3);
    });
}

#[test]
fn organizations_take_turns_and_the_urgent_comes_first_within_one() {
    run(async {
        let [noisy, quiet] =
            [Organization::new().await.owner().await, Organization::new().await.owner().await];
        // The noisy one has 40 jobs of 50 ms before the quiet one has any: alone they take 2 s, one at a time.
        let database = database();
        let of = async |caller: &crate::support::Caller, name: &str, priority: i16| {
            let order = Order { priority, ..Order::default() };
            let turn = Turn(name.to_owned());
            database
                .as_system(caller.organization, async |db| enqueue_as(db, &turn, &order).await)
                .await
                .unwrap()
        };
        for _ in 0..40 {
            of(&noisy, "noisy", 5).await;
        }
        of(&noisy, "noisy, urgent", 1).await;
        of(&quiet, "quiet", 9).await;
        let _working = Working::begin(of_turns, 2);
        until("all are done", async || TURNS.lock().unwrap().len() == 42).await;
        let turns = TURNS.lock().unwrap().clone();
        let place = |name: &str| turns.iter().position(|turn| turn == name).unwrap();
        assert!(place("noisy, urgent") <= 1, "first of the noisy ones: {turns:?}");
        assert!(place("quiet") <= 2, "the quiet one waits for nobody's queue: {turns:?}");
    });
}

fn of_turns(api: &mut platform::api::Api) {
    api.task::<Turn>();
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Turn(String);
static TURNS: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

impl platform::job::Task for Turn {
    const KIND: &'static str = "tests.turn";

    async fn run(self, _: &platform::job::Running) -> platform::problem::Result<serde_json::Value> {
        TURNS.lock().unwrap().push(self.0);
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(json!(null))
    }
}

#[test]
fn two_workers_never_do_the_same() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let (_one, _other) = (Working::begin(errands, 4), Working::begin(errands, 4));
        let errands: Vec<_> = (0..60).map(|_| errand("once", Goes::Well)).collect();
        let database = database();
        database
            .as_system(caller.organization, async |db| {
                act_for(db, &caller).await?;
                for errand in &errands {
                    enqueue(db, errand).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
        until("all are done", async || {
            caller.get("/v1/jobs?count=true&status=succeeded&limit=1").await.is(200)["total"] == 60
        })
        .await;
        assert!(errands.iter().all(|errand| begun(&errand.name) == 1));
    });
}

#[test]
fn a_key_makes_one_job_until_it_has_ended() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let once = || Order { once: Some("month-end"), delay: Duration::from_secs(1), ..Order::default() };
        let first = send_as(&caller, errand("month end", Goes::Well), once()).await;
        assert_eq!(send_as(&caller, errand("month end", Goes::Well), once()).await, first);
        assert_eq!(
            caller.get(&format!("/v1/jobs/{first}")).await.is(200)["status"],
            "queued",
            "not before a second"
        );
        Working::on_errands();
        ended(&caller, &first).await;
        assert_ne!(send_as(&caller, errand("month end", Goes::Well), once()).await, first);
    });
}
