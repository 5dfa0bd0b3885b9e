//! What has to be done first, what comes again, what is reminded of, and how much is on whose desk.
use crate::support::{Caller, Organization, run, service};
use crate::{at, day, each, faults, id, task, work_off};
use chrono::{Datelike, Days, Utc};
use futures_util::future::join;
use serde_json::{Value, json};

/// Lets the one wait for the other.
async fn wait_for(who: &Caller, task: &Value, predecessor: &Value) -> crate::support::Answer {
    who.post("/v1/task-dependencies", json!({"task_id": id(task), "predecessor_id": id(predecessor)})).await
}

async fn read(who: &Caller, task: &Value) -> Value {
    who.get(&format!("/v1/tasks/{}", id(task))).await.is(200)
}

#[test]
fn what_has_to_be_done_first_is() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let ana = owner.hire("Ana", None).await;
        let mut all = Vec::new();
        for title in ["Ask for offers", "Check the budget", "Order"] {
            all.push(task(&owner, title, json!({"assignee_id": ana})).await);
        }
        let [offers, budget, order] = &all[..] else { unreachable!() };
        wait_for(&owner, order, offers).await.is(201);
        let second = wait_for(&owner, order, budget).await.is(201);
        wait_for(&owner, order, budget).await.is_problem(409, "conflict");
        assert_eq!(read(&owner, order).await["is_blocked"], true);
        let refused = owner.act(&at(order, "start")).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("", "blocked")]);
        // No ring, neither long nor short.
        for (task, predecessor) in [(offers, order), (order, order)] {
            let refused = wait_for(&owner, task, predecessor).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&refused), [("/predecessor_id", "cycle")]);
        }
        owner.post(&at(offers, "complete"), json!({})).await.is(200);
        assert_eq!(read(&owner, order).await["is_blocked"], true);
        owner.post(&at(budget, "reject"), json!({"reason": "There is none."})).await.is(200);
        assert_eq!(read(&owner, order).await["is_blocked"], false);
        owner.act(&at(order, "start")).await.is(200);
        // What is reopened is waited for again.
        owner.act(&at(budget, "reopen")).await.is(200);
        assert_eq!(read(&owner, order).await["is_blocked"], true);
        owner.post(&at(order, "complete"), json!({})).await.is_problem(409, "conflict");
        assert_eq!(each(&owner.get("/v1/tasks?is_blocked=true").await.is(200), "title"), ["Order"]);
        owner.delete(&format!("/v1/task-dependencies/{}", id(&second))).await.is(204);
        assert_eq!(read(&owner, order).await["is_blocked"], false);
        owner.post(&at(order, "complete"), json!({})).await.is(200);
        // What is over waits for nothing; what is deleted is waited for no more.
        let refused = wait_for(&owner, order, budget).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/task_id", "over")]);
        let last = task(&owner, "Unpack", json!({})).await;
        wait_for(&owner, &last, budget).await.is(201);
        owner.delete(&format!("/v1/tasks/{}", id(budget))).await.is(204);
        assert_eq!(read(&owner, &last).await["is_blocked"], false);
    });
}

#[test]
fn of_two_who_close_a_ring_at_once_one_is_refused_and_two_who_finish_at_once_free_what_waits() {
    run(async {
        let org = Organization::new().await;
        let (owner, other) = (org.owner().await, org.owner().await);
        let ana = owner.hire("Ana", None).await;
        for _ in 0..10 {
            let (one, two) = join(
                task(&owner, "One", json!({"assignee_id": ana})),
                task(&other, "Two", json!({"assignee_id": ana})),
            )
            .await;
            let (there, back) = join(wait_for(&owner, &one, &two), wait_for(&other, &two, &one)).await;
            let mut answers = [there.status, back.status];
            answers.sort_unstable();
            assert_eq!(answers, [201, 422]);
        }
        for _ in 0..10 {
            let (one, two) = join(
                task(&owner, "One", json!({"assignee_id": ana})),
                task(&other, "Two", json!({"assignee_id": ana})),
            )
            .await;
            let last = task(&owner, "Last", json!({})).await;
            for first in [&one, &two] {
                wait_for(&owner, &last, first).await.is(201);
            }
            let (first, second) = (at(&one, "complete"), at(&two, "complete"));
            let (one, two) = join(owner.post(&first, json!({})), other.post(&second, json!({}))).await;
            assert_eq!((one.status, two.status), (200, 200));
            assert_eq!(read(&owner, &last).await["is_blocked"], false);
        }
    });
}

#[test]
fn whoever_does_not_see_a_task_makes_nothing_wait_for_it() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let ana_id = owner.hire("Ana", None).await;
        let own = [
            "tasks:read=own",
            "tasks:write=own",
            "task-dependencies:read=own",
            "task-dependencies:write=own",
        ];
        let ana = org.employee(&ana_id, &own).await;
        let (hers, other) = (task(&ana, "Hers", json!({})).await, task(&owner, "Secret", json!({})).await);
        for (first, second, place) in [(&hers, &other, "/predecessor_id"), (&other, &hers, "/task_id")] {
            let refused = wait_for(&ana, first, second).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&refused), [(place, "unknown-reference")]);
        }
        wait_for(&owner, &other, &hers).await.is(201);
        assert_eq!(ana.get("/v1/task-dependencies").await.is(200)["data"], json!([]));
        wait_for(&owner, &hers, &task(&owner, "First", json!({})).await).await.is(201);
        assert_eq!(ana.get("/v1/task-dependencies").await.is(200)["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn parts_are_ticked_one_by_one() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let parts = json!([{"title": "Walls"}, {"title": "Doors"}, {"title": "Windows", "is_done": true}]);
        let paint = task(&owner, "Paint the office", json!({"checklist": parts})).await;
        let (wall, door) = (json!({"place": 1, "is_done": true}), json!({"place": 2, "is_done": true}));
        let path = at(&paint, "tick");
        let (one, two) = join(owner.post(&path, wall), owner.post(&path, door)).await;
        assert_eq!((one.status, two.status), (200, 200));
        let ticked = owner.post(&path, json!({"place": 3, "is_done": false})).await.is(200);
        let done: Vec<_> = ticked["checklist"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["is_done"].as_bool().unwrap())
            .collect();
        assert_eq!(done, [true, true, false]);
        let refused =
            owner.post(&path, json!({"place": 4, "is_done": true})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/place", "unknown-part")]);
    });
}

#[test]
fn what_comes_again_lands_on_the_desk_in_time_once() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let ana = owner.hire("Ana", None).await;
        let weekly = json!({"title": "Test the alarm", "assignee_id": ana, "every": "week", "starts_on": day(3), "lead_days": 7,
            "checklist": [{"title": "Key"}], "effort_hours": "0.5", "priority": "high"});
        let weekly = owner.post("/v1/recurring-tasks", weekly).await.is(201);
        let path = format!("/v1/recurring-tasks/{}", id(&weekly));
        let made = async || owner.get(&format!("/v1/tasks?recurring_task_id={}", id(&weekly))).await.is(200);
        // Due in three days: within the lead of seven. The next, in ten, is not.
        let first = made().await;
        assert_eq!(each(&first, "due_on"), [day(3).to_string()]);
        let first = &first["data"][0];
        assert_eq!(
            (
                &first["assignee_id"],
                &first["status"],
                &first["priority"],
                &first["effort_hours"],
                &first["checklist"][0]["title"]
            ),
            (&json!(ana), &json!("assigned"), &json!("high"), &json!("0.5"), &json!("Key"))
        );
        let now = owner.get(&path).await.is(200);
        assert_eq!((&now["times"], &now["next_due_on"]), (&json!(1), &json!(day(10))));
        assert_eq!(work_off(&org, "select make_recurring_tasks(null)").await, 0);
        // With a longer lead both that are due by then come: in 10 and in 17 days; the one in 24 does not.
        owner.patch(&path, json!({"lead_days": 20})).await.is(200);
        assert_eq!(work_off(&org, "select make_recurring_tasks(null)").await, 2);
        assert_eq!(work_off(&org, "select make_recurring_tasks(null)").await, 0);
        assert_eq!(each(&made().await, "due_on"), [3, 10, 17].map(|days| day(days).to_string()));
        // Another rhythm goes on behind what was due.
        let faster = owner.patch(&path, json!({"every": "day", "lead_days": 0})).await.is(200);
        assert_eq!(faster["next_due_on"], json!(day(18)));
        let ended = owner.patch(&path, json!({"ends_on": day(17)})).await.is(200);
        assert_eq!((&ended["status"], &ended["next_due_on"]), (&json!("ended"), &Value::Null));
        owner.act(&format!("{path}/resume")).await.is_problem(409, "invalid-state");
        let on = owner.patch(&path, json!({"ends_on": null})).await.is(200);
        assert_eq!((&on["status"], &on["next_due_on"]), (&json!("active"), &json!(day(18))));
        // It is somebody's or a role's.
        let both = json!({"title": "Nobody's", "every": "month", "starts_on": day(90)});
        owner.post("/v1/recurring-tasks", both).await.is_problem(422, "invalid-input");
        // What was missed while it was paused is not made up for.
        let old = json!({"title": "Daily", "assignee_id": ana, "every": "day", "starts_on": day(40), "lead_days": 0});
        let old = owner.post("/v1/recurring-tasks", old).await.is(201);
        let path = format!("/v1/recurring-tasks/{}", id(&old));
        owner.act(&format!("{path}/pause")).await.is(200);
        owner.patch(&path, json!({"starts_on": day(-5)})).await.is(200);
        assert_eq!(work_off(&org, "select make_recurring_tasks(null)").await, 0);
        assert_eq!(owner.act(&format!("{path}/resume")).await.is(200)["next_due_on"], json!(day(0)));
        assert_eq!(work_off(&org, "select make_recurring_tasks(null)").await, 1);
    });
}

#[test]
fn what_falls_on_no_day_of_a_month_falls_on_its_last() {
    run(async {
        let database = service().database().await;
        for (every, times, expected) in [
            ("month", 1, "2026-02-28"),
            ("month", 2, "2026-03-31"),
            ("quarter", 1, "2026-04-30"),
            ("year", 1, "2027-01-31"),
        ] {
            let row = database
                .query_one("select recurs_on('2026-01-31', $1, 1, $2)::text", &[&every, &times])
                .await
                .unwrap();
            assert_eq!(row.get::<_, String>(0), expected);
        }
    });
}

#[test]
fn somebody_is_reminded_and_what_is_late_is_told() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let late = task(&owner, "Yesterday's", json!({"due_on": day(-1)})).await;
        assert_eq!(late["is_overdue"], true);
        let later = owner.patch(&format!("/v1/tasks/{}", id(&late)), json!({"due_on": day(1)})).await.is(200);
        assert_eq!(later["is_overdue"], false);

        // Two days pass: as if it had been due and to be reminded of then.
        let early =
            task(&owner, "Call back", json!({"due_on": day(2), "remind_at": Utc::now() + Days::new(1)}))
                .await;
        let database = service().database().await;
        database.batch_execute("set session_replication_role = replica").await.unwrap();
        let passed = "update tasks set due_on = current_date - 2, remind_at = now() - interval '1 hour' where org_id = $1 and id = $2::text::uuid";
        database.execute(passed, &[&org.id, &id(&early)]).await.unwrap();
        let passed = "update task_alarms set at = now() - interval '1 minute' where organization_id = $1 and task_id = $2::text::uuid";
        assert_eq!(database.execute(passed, &[&org.id, &id(&early)]).await.unwrap(), 1);
        work_off(&org, "select move_tasks_on(1000)").await;
        let path = format!("/v1/tasks/{}", id(&early));
        // Another worker may be at it just now.
        for _ in 0..100 {
            if owner.get(&path).await.is(200)["is_overdue"] == true {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let now = owner.get(&path).await.is(200);
        assert_eq!(now["is_overdue"], true);
        assert_ne!(now["reminded_at"], Value::Null);
        let history = owner.get(&format!("{path}/history")).await.is(200);
        let told = history["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["changes"]["reminded_at"]["after"].is_string());
        assert_eq!(told.count(), 1, "{history}");
        let alarms =
            "select count(*) from task_alarms where organization_id = $1 and task_id = $2::text::uuid";
        let left: i64 = database.query_one(alarms, &[&org.id, &id(&early)]).await.unwrap().get(0);
        assert_eq!(left, 0, "nothing more is to be told of it");
    });
}

#[test]
fn the_workload_of_each_week_is_what_is_due_in_it() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let (ana, dan) = (owner.hire("Ana", None).await, owner.hire("Dan", None).await);
        let monday = day(-i64::from(Utc::now().date_naive().weekday().num_days_from_monday()));
        let on = |days: u64| monday + Days::new(days);
        let role = org.caller(&[]).await.role.to_string();
        for (title, fields) in [
            ("Overdue", json!({"assignee_id": ana, "due_on": monday - Days::new(3), "effort_hours": "1.25"})),
            (
                "This week",
                json!({"assignee_id": ana, "due_on": on(6), "effort_hours": "2.5", "priority": "urgent"}),
            ),
            ("Unknown", json!({"assignee_id": ana, "due_on": on(0)})),
            ("Next week", json!({"assignee_id": ana, "due_on": on(7), "effort_hours": "4"})),
            ("His", json!({"assignee_id": dan, "due_on": on(8), "effort_hours": "8"})),
            ("Nobody's", json!({"role_id": role, "due_on": on(8), "effort_hours": "3"})),
            ("Too far", json!({"assignee_id": dan, "due_on": on(14)})),
        ] {
            task(&owner, title, fields).await;
        }
        let done = task(&owner, "Done", json!({"assignee_id": dan, "due_on": on(8)})).await;
        owner.post(&at(&done, "complete"), json!({})).await.is(200);
        let report = owner.get(&format!("/v1/reports/workload?from={monday}&weeks=2")).await.is(200);
        let told: Vec<_> = report["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|week| {
                (
                    week["assignee"].as_str().unwrap_or("-"),
                    week["starts_on"].as_str().unwrap().to_owned(),
                    week["tasks"].as_i64().unwrap(),
                    week["effort_hours"].as_str().unwrap(),
                    week["overdue_tasks"].as_i64().unwrap(),
                    week["tasks_without_effort"].as_i64().unwrap(),
                )
            })
            .collect();
        // Ana this week: 1.25 overdue and 2.5, and one that nobody estimated; the next 4. Dan 8; the role 3.
        let (this, next) = (on(0).to_string(), on(7).to_string());
        assert_eq!(
            told,
            [
                ("Ana Test", this, 3, "3.75", 1, 1),
                ("Ana Test", next.clone(), 1, "4", 0, 0),
                ("Dan Test", next.clone(), 1, "8", 0, 0),
                ("-", next, 1, "3", 0, 0),
            ]
        );
        assert_eq!(report["data"][0]["urgent_tasks"], 1);
        // Each sees what they may.
        let hers = org.employee(&ana, &["tasks:read=own"]).await;
        let report = hers.get(&format!("/v1/reports/workload?from={monday}&weeks=2")).await.is(200);
        assert_eq!(report["data"].as_array().unwrap().len(), 2);
    });
}
