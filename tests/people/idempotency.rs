//! Nothing is done twice: the same request with the same key has one effect.
use crate::id;
use crate::support::{Answer, Caller, Organization, run};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

async fn post(caller: &Caller, path: &str, key: &str, body: &Value) -> Answer {
    caller.request(Method::POST, path).header("idempotency-key", key).json(body).send().await
}

fn somebody(number: &str) -> Value {
    json!({"employee_number": number, "given_name": "Ana", "family_name": "Pop", "hired_on": "2026-03-02"})
}

async fn total(caller: &Caller) -> i64 {
    caller.get("/v1/employees?count=true").await.is(200)["total"].as_i64().unwrap()
}

#[test]
fn the_same_key_gets_the_first_answer_again() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let first = post(&owner, "/v1/employees", "hire-ana", &somebody("E-1")).await;
        let second = post(&owner, "/v1/employees", "hire-ana", &somebody("E-1")).await;
        assert_eq!((first.status, second.status), (201, 201));
        assert_eq!(
            (first.header("idempotency-replayed"), second.header("idempotency-replayed")),
            (None, Some("true"))
        );
        for header in ["location", "etag"] {
            assert!(first.header(header).is_some());
            assert_eq!(first.header(header), second.header(header), "{header}");
        }
        assert_eq!(first.text, second.text, "byte for byte");
        assert_eq!(total(&owner).await, 1);

        // An answer stays the first one's, whatever became of the employee since.
        let path = format!("/v1/employees/{}", id(&first.body));
        owner.patch(&path, json!({"given_name": "Anna"})).await.is(200);
        assert_eq!(
            post(&owner, "/v1/employees", "hire-ana", &somebody("E-1")).await.is(201)["given_name"],
            "Ana"
        );
    });
}

#[test]
fn a_key_is_for_one_request_of_one_caller() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let ana = post(&owner, "/v1/employees", "key", &somebody("E-1")).await.is(201);
        post(&owner, "/v1/employees", "key", &somebody("E-2"))
            .await
            .is_problem(422, "idempotency-key-reused");
        let department = json!({"name": "IT", "code": "IT"});
        post(&owner, "/v1/departments", "key", &department).await.is_problem(422, "idempotency-key-reused");
        assert_eq!(total(&owner).await, 1);

        // A colleague's key is another one, and so is another organization's.
        let colleague = org.owner().await;
        assert_ne!(id(&post(&colleague, "/v1/employees", "key", &somebody("E-3")).await.is(201)), id(&ana));
        let stranger = Organization::new().await.owner().await;
        assert_ne!(id(&post(&stranger, "/v1/employees", "key", &somebody("E-1")).await.is(201)), id(&ana));
        assert_eq!((total(&owner).await, total(&stranger).await), (2, 1));
    });
}

#[test]
fn what_was_refused_can_be_sent_again_with_the_same_key() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let first = post(&owner, "/v1/employees", "first", &somebody("E-1")).await.is(201);
        post(&owner, "/v1/employees", "second", &somebody("E-1")).await.is_problem(409, "conflict");
        owner
            .patch(&format!("/v1/employees/{}", id(&first)), json!({"employee_number": "E-0"}))
            .await
            .is(200);
        post(&owner, "/v1/employees", "second", &somebody("E-1")).await.is(201);
        assert_eq!(total(&owner).await, 2);
    });
}

#[test]
fn an_action_sent_twice_happens_once() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let ana = owner.hire("Ana", None).await;
        let path = format!("/v1/employees/{ana}/activate");
        let twice = async || {
            owner.request(Method::POST, &path).header("idempotency-key", "activate-ana").send().await
        };
        assert_eq!(twice().await.is(200)["version"], 2);
        let again = twice().await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.is(200)["version"], 2);
        // Without the key the same step is one too many.
        owner.act(&path).await.is_problem(409, "invalid-state");
    });
}

#[test]
fn eight_at_once_with_one_key_hire_one() {
    run(async {
        let owner = Organization::new().await.owner().await;
        for round in 1..=10 {
            let (key, body) = (format!("key-{round}"), somebody(&format!("E-{round}")));
            let answers = join_all((0..8).map(|_| post(&owner, "/v1/employees", &key, &body))).await;
            let mut ids: Vec<String> = Vec::new();
            let mut originals = 0;
            for answer in answers {
                if answer.status == 201 {
                    originals += usize::from(answer.header("idempotency-replayed").is_none());
                    ids.push(id(&answer.body));
                } else {
                    assert!(answer.header("retry-after").is_some());
                    answer.is_problem(409, "idempotency-in-progress");
                }
            }
            assert_eq!(originals, 1, "round {round}");
            ids.dedup();
            assert_eq!(ids.len(), 1, "round {round}: one employee, shown to all");
            assert_eq!(total(&owner).await, round);
        }
    });
}
