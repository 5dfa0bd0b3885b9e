//! Series: taken in the transaction that needs them, whole from first to last, and never in each other's way.
use crate::id;
use crate::support::{Answer, Caller, Organization, Request, run, service};
use futures_util::future::{join, join_all};
use platform::database::{Database, Settings};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

/// Somebody whose number nobody typed.
fn somebody() -> Value {
    json!({"given_name": "Ana", "family_name": "Pop", "hired_on": "2026-03-02"})
}

async fn hire(caller: &Caller) -> String {
    let hired = caller.post("/v1/employees", somebody()).await.is(201);
    hired["employee_number"].as_str().unwrap().to_owned()
}

async fn hire_as(caller: &Caller, number: &str) -> Answer {
    let mut body = somebody();
    body["employee_number"] = json!(number);
    caller.post("/v1/employees", body).await
}

/// The one series of employees that is active.
async fn active(caller: &Caller) -> String {
    let page = caller.get("/v1/number-series?kind=employees&status=active").await.is(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 1, "{page}");
    id(&page["data"][0])
}

async fn integrity(caller: &Caller, series: &str) -> Value {
    caller.get(&format!("/v1/number-series/{series}/integrity")).await.is(200)
}

/// A new series of employees that gives the numbers from now on.
async fn activated(caller: &Caller, series: Value) -> String {
    let mut body = json!({"kind": "employees", "name": "Personnel"});
    body.as_object_mut().unwrap().extend(series.as_object().unwrap().clone());
    let series = id(&caller.post("/v1/number-series", body).await.is(201));
    let activated = caller.act(&format!("/v1/number-series/{series}/activate")).await.is(200);
    assert_eq!(activated["status"], "active");
    series
}

#[test]
fn who_is_hired_without_a_number_gets_the_next_behind_those_given_by_hand() {
    run(async {
        let hr = Organization::new().await.owner().await;
        // Until now the company numbered by hand, up to 41.
        for number in ["E-0007", "E-0041", "X-99", "E-OLD"] {
            hire_as(&hr, number).await.is(201);
        }
        assert_eq!([hire(&hr).await, hire(&hr).await], ["E-0042", "E-0043"]);
        // Somebody types the two numbers that would come next: they are theirs, and passed over.
        hire_as(&hr, "E-0044").await.is(201);
        hire_as(&hr, "E-0045").await.is(201);
        assert_eq!(hire(&hr).await, "E-0046");
        // 42 to 46: five numbers, each with somebody who bears it.
        let series = active(&hr).await;
        let proof = integrity(&hr, &series).await;
        assert_eq!(
            proof,
            json!({"is_whole": true, "next_number": "E-0047", "given": 5, "missing": 0, "repeated": 0, "periods": [
                {"period": null, "first": 42, "last": 46, "given": 5, "missing": 0, "first_missing": null, "repeated": 0}]})
        );
        let bearers = "select count(*) from numbers_given g join employees e on e.org_id = g.org_id and e.id = g.resource_id
            and e.employee_number = g.number where g.org_id = $1";
        let bearers = service().database().await.query_one(bearers, &[&hr.organization]).await.unwrap();
        assert_eq!(bearers.get::<_, i64>(0), 5);
    });
}

#[test]
fn what_is_refused_or_only_tried_takes_no_number() {
    run(async {
        let hr = Organization::new().await.owner().await;
        assert_eq!(hire(&hr).await, "E-0001");
        let tried = hr.request(Method::POST, "/v1/employees?dry_run=true").json(&somebody()).send().await;
        assert_eq!(tried.is(201)["employee_number"], "E-0002");
        let mut nowhere = somebody();
        nowhere["department_id"] = json!(Uuid::now_v7());
        hr.post("/v1/employees", nowhere).await.is_problem(422, "invalid-input");
        assert_eq!(hire(&hr).await, "E-0002");
        // The same request again is the same employee and the same number.
        let again = async || {
            let request = hr.request(Method::POST, "/v1/employees").header("idempotency-key", "ana");
            request.json(&somebody()).send().await.is(201)["employee_number"].clone()
        };
        assert_eq!([again().await, again().await], ["E-0003", "E-0003"]);
        // Who never came goes; their number was given all the same.
        let last = hr.get("/v1/employees?employee_number=E-0003").await.is(200);
        hr.delete(&format!("/v1/employees/{}", id(&last["data"][0]))).await.is(204);
        assert_eq!(hire(&hr).await, "E-0004");
        let proof = integrity(&hr, &active(&hr).await).await;
        assert_eq!((&proof["given"], &proof["is_whole"]), (&json!(4), &json!(true)));
    });
}

#[test]
fn a_yearly_series_begins_anew_with_the_documents_year() {
    run(async {
        let hr = Organization::new().await.owner().await;
        let series =
            activated(&hr, json!({"format": "{year}/{month}-{number:3}", "start": 100, "reset": "yearly"}))
                .await;
        let on = async |day: &str| {
            let mut body = somebody();
            body["hired_on"] = json!(day);
            hr.post("/v1/employees", body).await.is(201)["employee_number"].as_str().unwrap().to_owned()
        };
        assert_eq!(on("2026-01-31").await, "2026/01-100");
        assert_eq!(on("2027-01-01").await, "2027/01-100");
        assert_eq!(on("2026-12-31").await, "2026/12-101");
        let proof = integrity(&hr, &series).await;
        let periods: Vec<_> = proof["periods"].as_array().unwrap().iter().collect();
        assert_eq!(periods.len(), 2);
        assert_eq!((&periods[0]["period"], &periods[0]["given"]), (&json!("2027"), &json!(1)));
        assert_eq!((&periods[1]["period"], &periods[1]["last"]), (&json!("2026"), &json!(101)));
        // A later start is of the years to come, and what has begun goes on.
        hr.patch(&format!("/v1/number-series/{series}"), json!({"start": 500})).await.is(200);
        assert_eq!([on("2026-06-01").await, on("2028-06-01").await], ["2026/06-102", "2028/06-500"]);
        assert_eq!(integrity(&hr, &series).await["is_whole"], true);
    });
}

#[test]
fn a_bookkeeper_changes_how_numbers_look_and_nothing_that_was_given() {
    run(async {
        let hr = Organization::new().await.owner().await;
        let series = activated(&hr, json!({"format": "A{number:3}", "start": 9})).await;
        let path = format!("/v1/number-series/{series}");
        hr.patch(&path, json!({"start": 10})).await.is(200);
        assert_eq!(hire(&hr).await, "A010");
        hr.patch(&path, json!({"format": "EMP-{number:5}"})).await.is(200);
        assert_eq!(hire(&hr).await, "EMP-00011");
        for refused in [
            json!({"start": 5}),
            json!({"start": 50}),
            json!({"reset": "yearly", "format": "{year}-{number}"}),
        ] {
            let told = hr.patch(&path, refused).await.is_problem(409, "conflict");
            assert!(told["detail"].as_str().unwrap().contains("prepare another series"), "{told}");
        }
        let told = hr.patch(&path, json!({"reset": "yearly"})).await.is_problem(422, "invalid-input");
        assert_eq!(
            (&told["errors"][0]["pointer"], &told["errors"][0]["code"]),
            (&json!("/format"), &json!("year-missing"))
        );
        assert_eq!(hire(&hr).await, "EMP-00012");
        // Numbers were given: the series stays for as long as they do.
        hr.delete(&path).await.is_problem(409, "in-use");
        // Not even the owner of the tables changes them.
        let database = service().database().await;
        for statement in [
            "update numbers_given set number = 'A001' where org_id = $1",
            "update numbers_given set resource_id = gen_random_uuid() where org_id = $1",
            "delete from numbers_given where org_id = $1",
        ] {
            let refused = database.execute(statement, &[&hr.organization]).await.expect_err(statement);
            assert_eq!(refused.as_db_error().unwrap().constraint(), Some("numbers_given_final"));
        }
        database.batch_execute("truncate numbers_given").await.unwrap_err();
        let back = "update number_counters set last = last - 1 where org_id = $1";
        database.execute(back, &[&hr.organization]).await.unwrap();
        let twice = hr.post("/v1/employees", somebody()).await;
        assert_eq!(twice.status, 409, "a counter that was set back gives no number twice: {}", twice.text);
    });
}

#[test]
fn one_series_takes_over_from_the_other_and_none_is_none() {
    run(async {
        let hr = Organization::new().await.owner().await;
        let first = activated(&hr, json!({"name": "First", "format": "A{number}"})).await;
        let second = activated(&hr, json!({"name": "Second", "format": "B{number}"})).await;
        assert_eq!(hr.get(&format!("/v1/number-series/{first}")).await.is(200)["status"], "closed");
        assert_eq!(hire(&hr).await, "B1");
        hr.act(&format!("/v1/number-series/{second}/close")).await.is(200);
        let told = hr.post("/v1/employees", somebody()).await.is_problem(409, "conflict");
        assert!(
            told["detail"].as_str().unwrap().contains("no series of the kind employees is active"),
            "{told}"
        );
        hire_as(&hr, "B2").await.is(201);
        hr.act(&format!("/v1/number-series/{second}/activate")).await.is(200);
        assert_eq!(hire(&hr).await, "B3", "somebody bears B2");
    });
}

#[test]
fn a_series_says_what_is_wrong_with_it() {
    run(async {
        let hr = Organization::new().await.owner().await;
        let wrong =
            json!({"kind": "letters", "name": "Letters", "format": "L-{number:6}", "reset": "yearly"});
        let told = hr.post("/v1/number-series", wrong).await.is_problem(422, "invalid-input");
        let faults: Vec<_> =
            told["errors"].as_array().unwrap().iter().map(|each| each["pointer"].as_str().unwrap()).collect();
        assert_eq!(faults, ["/kind", "/format"]);
        assert!(told["errors"][0]["detail"].as_str().unwrap().contains("employees"), "{told}");
        for format in [
            "E-",
            "{number}{number}",
            "{year}",
            "E {number}",
            "{number:0}",
            "{number:13}",
            "-{number}",
            "{day}{number}",
            "É{number}",
            "PERSONNEL/{year}/{month}/{number:8}",
        ] {
            let body = json!({"kind": "employees", "name": format, "format": format});
            let told = hr.post("/v1/number-series", body).await.is_problem(422, "invalid-input");
            assert!(
                told["errors"].as_array().unwrap().iter().any(|each| each["pointer"] == "/format"),
                "{told}"
            );
        }
    });
}

#[test]
fn many_who_are_hired_in_one_file_get_numbers_without_a_gap() {
    run(async {
        let hr = Organization::new().await.owner().await;
        assert_eq!(hire(&hr).await, "E-0001");
        hire_as(&hr, "E-0007").await.is(201);
        // Blocks of one, two, four and so on are taken, what is left of the last goes back, and the seventh is somebody's.
        let rows: String = (0..300).map(|_| "Ana,Pop,2026-03-02\n").collect();
        let file = format!("given_name,family_name,hired_on\n{rows}");
        let request = hr.request(Method::POST, "/v1/employees/import").body("text/csv", file);
        let taken = request.send().await.is(200);
        assert_eq!((&taken["status"], &taken["created"]), (&json!("done"), &json!(300)), "{taken}");
        assert_eq!(hire(&hr).await, "E-0303");
        let series = active(&hr).await;
        let whole = integrity(&hr, &series).await;
        assert_eq!((&whole["is_whole"], &whole["given"]), (&json!(true), &json!(303)), "{whole}");
    });
}

#[test]
fn sixteen_who_hire_at_once_get_each_number_once() {
    run(async {
        let (ours, theirs) =
            (Organization::new().await.owner().await, Organization::new().await.owner().await);
        // The very first: the default series and its counter are made while all want them. Every fifth is refused.
        let nobody = Uuid::now_v7();
        let hiring = (0..80).map(async |each| {
            let mut body = somebody();
            if each % 5 == 0 {
                body["manager_id"] = json!(nobody);
            }
            let caller = if each % 2 == 0 { &ours } else { &theirs };
            let answer = caller.post("/v1/employees", body).await;
            assert_eq!(answer.status, if each % 5 == 0 { 422 } else { 201 }, "{}", answer.text);
            (each % 2, answer.body["employee_number"].as_str().map(str::to_owned))
        });
        let given = join_all(hiring).await;
        for (side, caller) in [&ours, &theirs].into_iter().enumerate() {
            let numbers: BTreeSet<_> =
                given.iter().filter(|each| each.0 == side).filter_map(|each| each.1.clone()).collect();
            // 40 a side; those divisible by 10 are refused on one, those by 5 alone on the other: 8 each.
            let wanted: BTreeSet<_> = (1..=32).map(|number| format!("E-{number:04}")).collect();
            assert_eq!(numbers, wanted);
            let proof = integrity(caller, &active(caller).await).await;
            assert_eq!((&proof["is_whole"], &proof["given"]), (&json!(true), &json!(32)));
        }
    });
}

#[test]
fn a_gap_that_somebody_made_is_found_and_named() {
    run(async {
        let hr = Organization::new().await.owner().await;
        for _ in 0..5 {
            hire(&hr).await;
        }
        let series = active(&hr).await;
        // As somebody with the keys to the database would: the guard switched off, the third number away.
        let mut database = service().database().await;
        let transaction = database.transaction().await.unwrap();
        transaction.batch_execute("alter table numbers_given disable trigger frozen").await.unwrap();
        let cut = "delete from numbers_given where org_id = $1 and ordinal = 3";
        assert_eq!(transaction.execute(cut, &[&hr.organization]).await.unwrap(), 1);
        transaction.batch_execute("alter table numbers_given enable trigger frozen").await.unwrap();
        transaction.commit().await.unwrap();
        let proof = integrity(&hr, &series).await;
        assert_eq!((&proof["is_whole"], &proof["missing"]), (&json!(false), &json!(1)));
        assert_eq!(proof["periods"][0]["first_missing"], 3);
    });
}

/// The database as a room has it.
fn room(url: &str) -> Database {
    let settings = Settings {
        url: url.to_owned(),
        connections: 4,
        wait: Duration::from_secs(2),
        statement_timeout: Duration::from_secs(5),
    };
    Database::new(&settings).unwrap()
}

#[test]
fn series_of_different_kinds_never_wait_for_each_other() {
    run(async {
        let hr = Organization::new().await.owner().await;
        hire(&hr).await;
        let kind = format!("k{}", Uuid::now_v7().simple());
        let register =
            "insert into number_kinds (kind, format, reset) values ($1, 'INV-{year}-{number:6}', 'yearly')";
        service().database().await.execute(register, &[&kind]).await.unwrap();
        let database = room(&service().url);
        let day = "2026-05-04".parse().unwrap();
        let first = database
            .as_system(hr.organization, async |db| numbers::take(db, &kind, day, Uuid::now_v7()).await);
        assert_eq!(first.await.unwrap(), "INV-2026-000001");
        let (told, waiting) = tokio::sync::oneshot::channel();
        let told = std::cell::Cell::new(Some(told));
        // A posting holds its number for a while, and meanwhile somebody is hired and a posting of the next year is through.
        let posting = database.as_system(hr.organization, async |db| {
            let number = numbers::take(db, &kind, day, Uuid::now_v7()).await?;
            if let Some(told) = told.take() {
                told.send(()).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(700)).await;
            Ok(number)
        });
        let others = async {
            waiting.await.unwrap();
            let begun = std::time::Instant::now();
            assert_eq!(hire(&hr).await, "E-0002");
            let next_year = database.as_system(hr.organization, async |db| {
                numbers::take(db, &kind, "2027-01-01".parse().unwrap(), Uuid::now_v7()).await
            });
            assert_eq!(next_year.await.unwrap(), "INV-2027-000001");
            assert!(begun.elapsed() < Duration::from_millis(500), "they waited {:?}", begun.elapsed());
        };
        let (posted, ()) = join(posting, others).await;
        assert_eq!(posted.unwrap(), "INV-2026-000002");
    });
}

#[test]
fn numbers_are_the_organizations_own() {
    run(async {
        let (ours, theirs) =
            (Organization::new().await.owner().await, Organization::new().await.owner().await);
        hire(&ours).await;
        let series = active(&ours).await;
        theirs.get(&format!("/v1/number-series/{series}/integrity")).await.is_problem(404, "not-found");
        let reader = Organization { id: ours.organization }.caller(&["number-series:read"]).await;
        assert_eq!(integrity(&reader, &series).await["given"], 1);
        let close = Request::new(Method::POST, &format!("/v1/number-series/{series}/close"));
        let close = close.header("authorization", &format!("Bearer {}", reader.token)).send().await;
        close.is_problem(403, "forbidden");
    });
}
