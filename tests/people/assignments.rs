//! Histories of assignments: dated back and ahead, corrected, without gaps or overlaps, and what holds on each day.
use crate::support::{Caller, Organization, run, service};
use crate::{fault, hire_with, id};
use chrono::{Days, NaiveDate, Utc};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

/// The day that is so many days from today.
fn day(from_today: i64) -> String {
    let today = Utc::now().date_naive();
    let days = Days::new(from_today.unsigned_abs());
    (if from_today < 0 { today - days } else { today + days }).to_string()
}

/// The history of somebody: first day, last day, and what began with it.
async fn told(caller: &Caller, employee: &str) -> Vec<(String, Option<String>, String)> {
    let all = caller.get(&format!("/v1/employees/{employee}/assignments")).await.is(200);
    let text = |row: &Value, field: &str| row[field].as_str().map(str::to_owned);
    let each = all["data"].as_array().unwrap().iter();
    each.map(|row| (text(row, "starts_on").unwrap(), text(row, "ends_on"), text(row, "change").unwrap()))
        .collect()
}

fn line(starts_on: &str, ends_on: Option<&str>, change: &str) -> (String, Option<String>, String) {
    (starts_on.to_owned(), ends_on.map(str::to_owned), change.to_owned())
}

/// Lets hold what is due, as the worker does each hour.
async fn let_days_pass(organization: Uuid) -> i64 {
    let service = service().as_service().await;
    service.execute("select enter_as_system($1, false)", &[&organization]).await.unwrap();
    service.query_one("select make_todays_changes()", &[]).await.unwrap().get(0)
}

#[test]
fn a_career_is_written_day_by_day_and_read_as_of_each() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let (sales, it) = (owner.department("Sales", None).await, owner.department("IT", None).await);
        let boss = owner.hire("Boss", None).await;
        let ana =
            id(&hire_with(&owner, json!({"department_id": sales, "hired_on": "2026-03-02"})).await.is(201));
        let path = format!("/v1/employees/{ana}");
        assert_eq!(told(&owner, &ana).await, [line("2026-03-02", None, "hire")]);

        // Known late: since June in IT, under the boss; and from May to June with another grade, put in between.
        let moved = json!({"starts_on": "2026-06-01", "department_id": it, "manager_id": boss, "reason": "Asked for it"});
        let now = owner.post(&format!("{path}/transfer"), moved).await.is(200);
        assert_eq!(
            (&now["department_id"], &now["manager_id"], &now["hired_on"]),
            (&json!(it), &json!(boss), &json!("2026-03-02"))
        );
        owner
            .post(&format!("{path}/promote"), json!({"starts_on": "2026-05-01", "grade": "S2"}))
            .await
            .is(200);
        let wanted = [
            line("2026-03-02", Some("2026-04-30"), "hire"),
            line("2026-05-01", Some("2026-05-31"), "promotion"),
            line("2026-06-01", None, "transfer"),
        ];
        assert_eq!(told(&owner, &ana).await, wanted);
        let all = owner.get(&format!("{path}/assignments")).await.is(200);
        assert_eq!(
            (&all["data"][1]["grade"], &all["data"][1]["department_id"]),
            (&json!("S2"), &json!(sales)),
            "carried on, but for what was said"
        );
        assert_eq!(all["data"][2]["grade"], Value::Null, "what was said of June before stays as it was");

        for (as_of, department, manager) in
            [("2026-03-02", &sales, None), ("2026-05-31", &sales, None), ("2026-06-01", &it, Some(&boss))]
        {
            let then = owner.get(&format!("{path}?as_of={as_of}")).await.is(200);
            assert_eq!(
                (&then["department_id"], &then["manager_id"]),
                (&json!(department), &json!(manager)),
                "{as_of}"
            );
            assert_eq!(then["available_actions"], json!([]));
        }
        let problem = owner.get(&format!("{path}?as_of=2026-03-01")).await.is_problem(404, "not-found");
        assert!(problem["detail"].as_str().unwrap().contains("2026-03-01"), "{problem}");
        let problem = owner.get(&format!("{path}?as_of=2026-02-30")).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem).0, "as_of");
        // An instant asks what was recorded then: before any of this, nothing.
        owner.get(&format!("{path}?as_of=2026-01-01T00:00:00Z")).await.is_problem(404, "not-found");

        // Who did what on a day, of all.
        let on = owner
            .get(&format!("/v1/assignments?on=2026-05-15&department_id={sales}&count=true"))
            .await
            .is(200);
        assert_eq!((&on["total"], &on["data"][0]["employee_id"]), (&json!(1), &json!(ana)));
    });
}

#[test]
fn a_correction_moves_those_beside_it() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let ana = owner.hire("Ana", None).await;
        let put = async |body: Value| owner.post("/v1/assignments", body).await;
        let may = id(&put(json!({"employee_id": ana, "starts_on": "2026-05-01", "workplace": "remote"}))
            .await
            .is(201));
        let july =
            id(&put(json!({"employee_id": ana, "starts_on": "2026-07-01", "full_time_equivalent": "0.5"}))
                .await
                .is(201));
        let correct = async |of: &str, edit: Value| owner.patch(&format!("/v1/assignments/{of}"), edit).await;

        correct(&may, json!({"starts_on": "2026-04-15", "ends_on": "2026-08-31"})).await.is(200);
        let wanted = [
            line("2026-03-02", Some("2026-04-14"), "hire"),
            line("2026-04-15", Some("2026-08-31"), "change"),
            line("2026-09-01", None, "change"),
        ];
        assert_eq!(told(&owner, &ana).await, wanted);

        // What would leave a gap, overlap, or turn days around, says where.
        for (of, edit, place, code) in [
            (&may, json!({"ends_on": "2026-04-01"}), "/ends_on", "before-first-day"),
            (&may, json!({"ends_on": null}), "/ends_on", "is-followed"),
            (&may, json!({"change": "rehire"}), "/change", "begins-an-employment"),
            (&july, json!({"full_time_equivalent": "1.5"}), "/full_time_equivalent", "wrong-format"),
        ] {
            let problem = correct(of, edit).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), (place, code));
        }
        // The hire can not begin behind its own end.
        let all = owner.get(&format!("/v1/employees/{ana}/assignments")).await.is(200);
        correct(&id(&all["data"][0]), json!({"starts_on": "2026-05-01", "ends_on": "2026-04-14"}))
            .await
            .is_problem(422, "invalid-input");
        let problem =
            put(json!({"employee_id": ana, "starts_on": "2026-09-01"})).await.is_problem(409, "conflict");
        assert_eq!(fault(&problem), ("/starts_on", "begins-already"));
        for (body, place, code) in [
            (json!({"employee_id": ana, "starts_on": "2026-03-01"}), "/starts_on", "not-employed"),
            (
                json!({"employee_id": ana, "starts_on": "2026-04-01", "change": "rehire"}),
                "/starts_on",
                "employed-already",
            ),
            (
                json!({"employee_id": ana, "starts_on": "2026-04-01", "ends_on": "2026-04-05"}),
                "/ends_on",
                "leaves-a-gap",
            ),
            (
                json!({"employee_id": Uuid::now_v7(), "starts_on": "2026-04-01"}),
                "/employee_id",
                "unknown-reference",
            ),
        ] {
            let problem = put(body).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), (place, code));
        }

        // What is deleted leaves its days to the one before; the first stays.
        owner.delete(&format!("/v1/assignments/{may}")).await.is(204);
        assert_eq!(
            told(&owner, &ana).await,
            [line("2026-03-02", Some("2026-08-31"), "hire"), line("2026-09-01", None, "change")]
        );
        owner.delete(&format!("/v1/assignments/{}", id(&all["data"][0]))).await.is_problem(409, "conflict");
    });
}

#[test]
fn who_leaves_on_a_day_to_come_works_here_until_then() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let ana = owner.hire("Ana", None).await;
        let path = format!("/v1/employees/{ana}");
        owner.act(&format!("{path}/activate")).await.is(200);
        owner
            .post(&format!("{path}/transfer"), json!({"starts_on": day(30), "location": "Cluj"}))
            .await
            .is(200);

        let leave = |day: String| json!({"last_day": day, "reason": "Resigned"});
        let now = owner.post(&format!("{path}/terminate"), leave(day(10))).await.is(200);
        assert_eq!((&now["status"], &now["terminated_on"]), (&json!("active"), &json!(day(10))));
        assert_eq!(
            told(&owner, &ana).await,
            [line("2026-03-02", Some(&day(10)), "hire")],
            "what was planned for later is dropped"
        );
        // Said again it moves the day, and a correction of the last assignment takes it back.
        let now = owner.post(&format!("{path}/terminate"), leave(day(20))).await.is(200);
        assert_eq!(now["terminated_on"], json!(day(20)));
        let last = owner.get(&format!("{path}/assignments")).await.is(200);
        owner
            .patch(&format!("/v1/assignments/{}", id(&last["data"][0])), json!({"ends_on": null}))
            .await
            .is(200);
        let now = owner.get(&path).await.is(200);
        assert_eq!(
            (&now["terminated_on"], &now["termination_reason"], &now["status"]),
            (&Value::Null, &Value::Null, &json!("active"))
        );

        // The day comes: the database's clock is not ours to move, so the day is moved to it.
        owner.post(&format!("{path}/terminate"), leave(day(20))).await.is(200);
        assert_eq!(let_days_pass(org.id).await, 0, "nothing is due");
        let database = service().database().await;
        database.execute("select set_config('app.org_id', $1::uuid::text, false)", &[&org.id]).await.unwrap();
        for trigger in ["disable", "enable"] {
            database
                .batch_execute(&format!("alter table assignments {trigger} trigger keep_changed_assignments"))
                .await
                .unwrap();
            if trigger == "disable" {
                let yesterday: NaiveDate = day(-1).parse().unwrap();
                let ana: Uuid = ana.parse().unwrap();
                let earlier = "update assignments set ends_on = $2 where org_id = $3 and employee_id = $1";
                database.execute(earlier, &[&ana, &yesterday, &org.id]).await.unwrap();
                let earlier = "update employees set terminated_on = $2 where org_id = $3 and id = $1";
                database.execute(earlier, &[&ana, &yesterday, &org.id]).await.unwrap();
            }
        }
        assert_eq!(let_days_pass(org.id).await, 1);
        let now = owner.get(&path).await.is(200);
        assert_eq!((&now["status"], &now["termination_reason"]), (&json!("terminated"), &json!("Resigned")));
        assert_eq!(let_days_pass(org.id).await, 0, "once");

        // A rehire is a new employment in the same history.
        let back = owner.post(&format!("{path}/rehire"), json!({"hired_on": day(40)})).await.is(200);
        assert_eq!(
            (&back["status"], &back["hired_on"], &back["terminated_on"]),
            (&json!("pending"), &json!(day(40)), &Value::Null)
        );
        assert_eq!(
            told(&owner, &ana).await,
            [line("2026-03-02", Some(&day(-1)), "hire"), line(&day(40), None, "rehire")]
        );
        owner.get(&format!("{path}?as_of={}", day(39))).await.is_problem(404, "not-found");
        assert_eq!(owner.get(&format!("{path}?as_of={}", day(40))).await.is(200)["hired_on"], json!(day(40)));
    });
}

#[test]
fn a_change_without_a_day_holds_from_today() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let (ana, dan) = (owner.hire("Ana", None).await, owner.hire("Dan", None).await);
        let path = format!("/v1/employees/{ana}");
        owner.patch(&path, json!({"manager_id": dan})).await.is(200);
        let wanted = [line("2026-03-02", Some(&day(-1)), "hire"), line(&day(0), None, "change")];
        assert_eq!(told(&owner, &ana).await, wanted);
        // A second on the same day is the same.
        owner.patch(&path, json!({"manager_id": null})).await.is(200);
        assert_eq!(told(&owner, &ana).await, wanted);
        owner.patch(&path, json!({"hired_on": "2026-02-02"})).await.is(200);
        assert_eq!(told(&owner, &ana).await[0], line("2026-02-02", Some(&day(-1)), "hire"));
    });
}

#[test]
fn nobody_stands_above_themselves_on_any_day() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let ana = owner.hire("Ana", None).await;
        let dan = owner.hire("Dan", Some(&ana)).await;
        let eva = owner.hire("Eva", Some(&dan)).await;
        let under = async |who: &str, manager: &str, from: &str| {
            owner
                .post(
                    &format!("/v1/employees/{who}/transfer"),
                    json!({"starts_on": from, "manager_id": manager}),
                )
                .await
        };
        // Next month Ana can not be under Eva, who is under Dan, who is under Ana; nor could she have been in April.
        for from in [day(30), "2026-04-01".to_owned()] {
            let problem = under(&ana, &eva, &from).await.is_problem(409, "conflict");
            assert_eq!(fault(&problem), ("/manager_id", "closes-a-ring"));
        }
        // When Dan is free from that day on, she can; and what holds today is as it was.
        owner
            .post(&format!("/v1/employees/{dan}/transfer"), json!({"starts_on": day(30), "manager_id": null}))
            .await
            .is(200);
        under(&ana, &eva, &day(30)).await.is(200);
        assert_eq!(owner.get(&format!("/v1/employees/{ana}")).await.is(200)["manager_id"], Value::Null);
        under(&dan, &ana, &day(60)).await.is_problem(409, "conflict");

        // Of two moves that would close a ring together, one is made.
        let (one, two) = (owner.hire("One", None).await, owner.hire("Two", None).await);
        let racing = join_all([under(&one, &two, &day(5)), under(&two, &one, &day(5))]).await;
        let mut statuses: Vec<u16> = racing.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
    });
}

#[test]
fn a_seat_is_taken_on_the_days_on_which_it_is_taken() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let sales = owner.department("Sales", None).await;
        let new = json!({"title": "Seller", "department_id": sales, "approved_headcount": 1});
        let seller = id(&owner.post("/v1/positions", new).await.is(201));
        let ana =
            id(&hire_with(&owner, json!({"position_id": seller, "department_id": sales})).await.is(201));
        let dan = owner.hire("Dan", None).await;
        let promote = async |starts_on: String| {
            owner
                .post(
                    &format!("/v1/employees/{dan}/promote"),
                    json!({"starts_on": starts_on, "position_id": seller}),
                )
                .await
        };
        promote(day(10)).await.is_problem(409, "conflict");
        owner
            .post(&format!("/v1/employees/{ana}/terminate"), json!({"last_day": day(9), "reason": "Retires"}))
            .await
            .is(200);
        promote(day(9)).await.is_problem(409, "conflict");
        promote(day(10)).await.is(200);
        // So she can not stay longer.
        owner
            .post(
                &format!("/v1/employees/{ana}/terminate"),
                json!({"last_day": day(10), "reason": "Retires"}),
            )
            .await
            .is_problem(409, "conflict");
        // Nor is the department archived that somebody is in, or will be.
        owner.act(&format!("/v1/departments/{sales}/archive")).await.is_problem(409, "conflict");
    });
}

#[test]
fn a_file_of_histories_is_taken_as_a_whole_and_taken_back() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let people = "employee_number,given_name,family_name,hired_on\nH-1,Ana,Pop,2026-03-02\nH-2,Dan,Pop,2026-03-02\n";
        let taken = async |path: &str, file: &str| {
            owner.request(reqwest::Method::POST, path).body("text/csv", file.to_owned()).send().await
        };
        taken("/v1/employees/import", people).await.is(200);
        let all = owner.get("/v1/employees?sort=employee_number").await.is(200);
        let (ana, dan) = (id(&all["data"][0]), id(&all["data"][1]));
        assert_eq!(
            told(&owner, &ana).await,
            [line("2026-03-02", None, "hire")],
            "who is imported has an assignment"
        );

        // What was before, and what came since; in any order, and one of them wrong: nothing is written.
        let history = "employee_number,starts_on,ends_on,change,grade\n\
            H-1,2026-06-01,,promotion,S3\n\
            H-1,2018-02-01,2020-12-31,hire,S1\n\
            H-1,2019-01-01,2020-12-31,promotion,S2\n\
            H-2,2026-05-01,,change,S1\n";
        let wrong = format!("{history}H-2,2020-05-01,,change,S1\n");
        let problem = taken("/v1/assignments/import", &wrong).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/6/starts_on", "not-employed"));
        assert_eq!(told(&owner, &dan).await, [line("2026-03-02", None, "hire")]);

        let done = taken("/v1/assignments/import", history).await.is(200);
        assert_eq!(done["created"], 4);
        let wanted = [
            line("2018-02-01", Some("2018-12-31"), "hire"),
            line("2019-01-01", Some("2020-12-31"), "promotion"),
            line("2026-03-02", Some("2026-05-31"), "hire"),
            line("2026-06-01", None, "promotion"),
        ];
        assert_eq!(told(&owner, &ana).await, wanted);

        owner.act(&format!("/v1/imports/{}/undo", id(&done))).await.is(200);
        for somebody in [&ana, &dan] {
            assert_eq!(told(&owner, somebody).await, [line("2026-03-02", None, "hire")]);
        }
    });
}

#[test]
fn who_reaches_themselves_sees_their_own_history() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let boss = owner.hire("Boss", None).await;
        let ana = owner.hire("Ana", Some(&boss)).await;
        let own = org.employee(&ana, &["assignments:read=own"]).await;
        own.get(&format!("/v1/employees/{ana}/assignments")).await.is(200);
        own.get(&format!("/v1/employees/{boss}/assignments")).await.is_problem(404, "not-found");
        assert_eq!(own.get("/v1/assignments?count=true").await.is(200)["total"], 1);
        let team = org.employee(&boss, &["assignments:read=team", "employees:write=own"]).await;
        assert_eq!(team.get("/v1/assignments?count=true").await.is(200)["total"], 2);
        team.post(&format!("/v1/employees/{ana}/transfer"), json!({"starts_on": day(0), "location": "Cluj"}))
            .await
            .is_problem(404, "not-found");
    });
}
