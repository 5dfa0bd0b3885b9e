//! What is sent: everything that was committed, nothing that was not, once more where somebody asks for it.
use crate::support::{Organization, Received, Receiver, run};
use crate::{deliveries, endpoint, until_all};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn what_was_rolled_back_or_tried_out_is_never_sent() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        endpoint(&caller, &receiver, &["*"]).await;
        let code = |name: &str| json!({"name": name, "code": name});
        caller.post("/v1/departments?dry_run=true", code("DRY")).await.is(201);
        caller.post("/v1/departments", code("ONE")).await.is(201);
        // The code is taken: the insert is made, and undone.
        caller.post("/v1/departments", code("ONE")).await.is_problem(409, "conflict");
        let two = caller.post("/v1/departments", code("TWO")).await.is(201);
        let of_departments = || -> Vec<Received> {
            receiver.all().into_iter().filter(|each| each.body["data"]["resource"] == "departments").collect()
        };
        crate::until("the last is told of", async || {
            of_departments().iter().any(|each| two["id"] == each.about())
        })
        .await;
        assert_eq!(of_departments().len(), 2);
        // What was told stands in the feed before.
        let feed = caller.get("/v1/events?resource=departments").await.is(200);
        let all = feed["data"].as_array().unwrap();
        let committed: BTreeSet<_> = all.iter().map(|each| each["id"].as_str().unwrap().to_owned()).collect();
        let told: BTreeSet<_> = of_departments().iter().map(|each| each.id().to_owned()).collect();
        assert_eq!(told, committed);
    });
}

#[test]
fn an_endpoint_is_told_what_it_asked_for() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        let endpoint = endpoint(&caller, &receiver, &["department.archived", "employee.*"]).await;
        let department = caller.department("One", None).await;
        let employee = caller.hire("Ana", None).await;
        caller.act(&format!("/v1/departments/{department}/archive")).await.is(200);
        let came = receiver.got(2).await;
        // Order is of each resource alone.
        let kinds: BTreeSet<_> = came.iter().map(|each| (each.kind(), each.about())).collect();
        let asked = [("employee.created", employee.as_str()), ("department.archived", department.as_str())];
        assert_eq!(kinds, BTreeSet::from(asked));

        let event_types = json!({"event_types": ["department.created"]});
        caller.patch(&endpoint.path, event_types).await.is(200);
        caller.hire("Eve", None).await;
        caller.department("Two", None).await;
        let came = receiver.got(3).await;
        assert_eq!(came[2].kind(), "department.created");
        assert_eq!(receiver.all().len(), 3);
    });
}

#[test]
fn events_that_there_are_not_are_refused_with_their_places() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let body = json!({"url": "https://hooks.example/", "event_types": ["employee.*", "emplyee.*", "employee.hired", "*"]});
        let problem = caller.post("/v1/webhook-endpoints", body).await.is_problem(422, "invalid-input");
        let places: Vec<_> =
            problem["errors"].as_array().unwrap().iter().map(|each| each["pointer"].clone()).collect();
        assert_eq!(places, ["/event_types/1", "/event_types/2"]);
        for bad in [
            "",
            "employee",
            "employee.",
            "*.created",
            "Employee.created",
            "employee.*.x",
            "a%",
            "employee.created\n",
        ] {
            let body = json!({"url": "https://hooks.example/", "event_types": [bad]});
            caller.post("/v1/webhook-endpoints", body).await.is_problem(422, "invalid-input");
        }
    });
}

#[test]
fn a_test_shows_what_the_receiver_answers() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        let endpoint = endpoint(&caller, &receiver, &["invitation.created"]).await;
        let tested = caller.act(&format!("{}/test", endpoint.path)).await;
        let address = tested.header("location").unwrap().to_owned();
        assert_eq!(tested.is(201)["status"], "pending");
        let came = receiver.got(1).await;
        assert_eq!((came[0].kind(), came[0].about()), ("webhook_endpoint.test", endpoint.id.as_str()));
        until_all(&caller, &endpoint, 1, "delivered").await;
        let delivery = caller.get(&address).await.is(200);
        assert_eq!((&delivery["event_id"], &delivery["sent"]), (&json!(came[0].id()), &json!(came[0].text)));
        // What is disabled can not be tried.
        caller.act(&format!("{}/disable", endpoint.path)).await.is(200);
        caller.act(&format!("{}/test", endpoint.path)).await.is_problem(409, "invalid-state");
    });
}

#[test]
fn one_is_sent_again_and_so_is_everything_since_a_moment() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        let endpoint = endpoint(&caller, &receiver, &["department.*"]).await;
        let first = caller.department("One", None).await;
        let made = caller.get(&format!("/v1/departments/{first}")).await.is(200)["created_at"].clone();
        caller.department("Two", None).await;
        let second = receiver.got(2).await[1].id().to_owned();
        until_all(&caller, &endpoint, 2, "delivered").await;
        caller.department("Three", None).await;
        receiver.got(3).await;
        until_all(&caller, &endpoint, 3, "delivered").await;

        let all = deliveries(&caller, &endpoint).await;
        let of_second = all.iter().find(|each| each["event_id"] == second).unwrap()["id"].as_str().unwrap();
        let again = caller.act(&format!("/v1/webhook-deliveries/{of_second}/resend")).await.is(200);
        assert_eq!((&again["status"], &again["attempts"]), (&json!("pending"), &json!(0)));
        let came = receiver.got(4).await;
        assert_eq!((came[3].id(), &came[3].text), (second.as_str(), &came[1].text));
        until_all(&caller, &endpoint, 3, "delivered").await;

        let since = caller.post(&format!("{}/resend-since", endpoint.path), json!({"since": made})).await;
        assert_eq!(since.is(200)["status"], "active");
        let came = receiver.got(7).await;
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for each in &came {
            *times.entry(each.id()).or_default() += 1;
        }
        assert_eq!(times.len(), 3, "the same ids");
        assert_eq!((times[second.as_str()], came.len()), (3, 7));
        until_all(&caller, &endpoint, 3, "delivered").await;
    });
}

#[test]
fn a_backlog_goes_out_once_and_in_order_of_each_resource() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        let endpoint = endpoint(&caller, &receiver, &["department.*"]).await;
        caller.act(&format!("{}/disable", endpoint.path)).await.is(200);
        let mut departments = Vec::new();
        for number in 0..60 {
            departments.push(caller.department(&format!("Department {number}"), None).await);
        }
        for round in 0..4 {
            for department in &departments {
                let name = json!({"name": format!("Round {round}")});
                caller.patch(&format!("/v1/departments/{department}"), name).await.is(200);
            }
        }
        assert!(receiver.all().is_empty());
        caller.act(&format!("{}/enable", endpoint.path)).await.is(200);
        let came = receiver.got(300).await;
        for department in &departments {
            let versions: Vec<u64> =
                came.iter().filter(|each| each.about() == department).map(Received::version).collect();
            assert_eq!(versions, [1, 2, 3, 4, 5]);
        }
        let failed = caller.get("/v1/webhook-deliveries?status=failed").await.is(200);
        assert_eq!(failed["data"], json!([]));
    });
}
