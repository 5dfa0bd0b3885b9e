//! Training: seats and who waits for them, what comes of it, and who lacks what.
use crate::support::{Caller, Organization, run};
use crate::{fault, faults, hire_on, id, in_days};
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn course(caller: &Caller, code: &str, with: Value) -> String {
    let mut course = json!({"code": code, "name": code, "kind": "classroom"});
    course.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    id(&caller.post("/v1/courses", course).await.is(201))
}

/// A session that began so many days from today, at nine.
async fn session(caller: &Caller, course: &str, day: i64, seats: i32) -> String {
    let session = json!({"course_id": course, "starts_at": format!("{}T09:00:00Z", in_days(day)), "ends_at": format!("{}T17:00:00Z", in_days(day)), "seats": seats, "cost": "600.00", "currency": "EUR"});
    id(&caller.post("/v1/course-sessions", session).await.is(201))
}

async fn enrol(caller: &Caller, session: &str, employee: &str) -> Value {
    let enrolment = json!({"course_session_id": session, "employee_id": employee});
    caller.post("/v1/course-enrolments", enrolment).await.is(201)
}

/// Seats that are taken, and how many wait.
async fn seats(caller: &Caller, session: &str) -> (i64, i64) {
    let session = caller.get(&format!("/v1/course-sessions/{session}")).await.is(200);
    (session["taken_seats"].as_i64().unwrap(), session["waiting"].as_i64().unwrap())
}

async fn status(caller: &Caller, enrolment: &Value) -> String {
    let now = caller.get(&format!("/v1/course-enrolments/{}", id(enrolment))).await.is(200);
    now["status"].as_str().unwrap().to_owned()
}

#[test]
fn the_last_seat_goes_to_one_and_who_leaves_makes_way_for_the_first_who_waits() {
    run(async {
        let organization = Organization::new().await;
        let officer = organization.owner().await;
        let course = course(&officer, "FIRST-AID", json!({})).await;
        let session = session(&officer, &course, 7, 2).await;
        let mut people = Vec::new();
        for _ in 0..8 {
            people.push(hire_on(&officer, "2026-01-05", None).await);
        }
        let first = enrol(&officer, &session, &people[0]).await;
        let all = join_all(people[1..].iter().map(|each| enrol(&officer, &session, each))).await;
        let enrolled: Vec<_> = all.iter().filter(|each| each["status"] == "enrolled").collect();
        assert_eq!((enrolled.len(), seats(&officer, &session).await), (1, (2, 6)));
        // Nobody comes twice.
        let again = json!({"course_session_id": session, "employee_id": people[0]});
        officer.post("/v1/course-enrolments", again).await.is_problem(409, "conflict");
        // Two leave at once: the two who have waited longest come, in the order in which they asked.
        let line = officer
            .get(&format!("/v1/course-enrolments?course_session_id={session}&status=waiting&sort=created_at"))
            .await
            .is(200);
        let line: Vec<Value> = line["data"].as_array().unwrap().clone();
        let leave = [&first, enrolled[0]].map(|each| format!("/v1/course-enrolments/{}/withdraw", id(each)));
        for left in join_all(leave.iter().map(|path| officer.act(path))).await {
            left.is(200);
        }
        assert_eq!(seats(&officer, &session).await, (2, 4));
        for (place, each) in line.iter().enumerate() {
            let expected = if place < 2 { "enrolled" } else { "waiting" };
            assert_eq!(status(&officer, each).await, expected, "{place}");
        }
        // One who leaves the line frees nothing; more seats are for those who wait; fewer than are taken can not be.
        officer.act(&format!("/v1/course-enrolments/{}/withdraw", id(&line[2]))).await.is(200);
        assert_eq!(seats(&officer, &session).await, (2, 3));
        officer.patch(&format!("/v1/course-sessions/{session}"), json!({"seats": 4})).await.is(200);
        assert_eq!(seats(&officer, &session).await, (4, 1));
        assert_eq!(status(&officer, &line[5]).await, "waiting");
        officer
            .patch(&format!("/v1/course-sessions/{session}"), json!({"seats": 3}))
            .await
            .is_problem(422, "invalid-input");
        // It is not to be: all who were to come are told.
        let why = json!({"reason": "The trainer is ill."});
        officer.post(&format!("/v1/course-sessions/{session}/cancel"), why).await.is(200);
        assert_eq!(
            (status(&officer, &line[0]).await, status(&officer, &line[5]).await),
            ("cancelled".into(), "cancelled".into())
        );
        let late =
            json!({"course_session_id": session, "employee_id": hire_on(&officer, "2026-01-05", None).await});
        let refused = officer.post("/v1/course-enrolments", late).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [fault("/course_session_id", "invalid-state")]);
    });
}

#[test]
fn who_passes_has_a_certificate_until_the_result_is_corrected() {
    run(async {
        let organization = Organization::new().await;
        let officer = organization.owner().await;
        let course =
            course(&officer, "FORKLIFT", json!({"pass_score": "60", "certificate_months": 12})).await;
        let session = session(&officer, &course, -10, 5).await;
        let mut people = Vec::new();
        for _ in 0..3 {
            let employee = hire_on(&officer, "2026-01-05", None).await;
            enrol(&officer, &session, &employee).await;
            people.push(employee);
        }
        let [ana, ben, mia] = [&people[0], &people[1], &people[2]];
        let record = format!("/v1/course-sessions/{session}/record-results");
        let stranger = hire_on(&officer, "2026-01-05", None).await;
        let wrong = json!({"results": [
            {"employee_id": ana, "attended": true},
            {"employee_id": ben, "attended": false, "score": "50"},
            {"employee_id": stranger, "attended": true, "score": "50"},
        ]});
        let refused = officer.post(&record, wrong).await.is_problem(422, "invalid-input");
        let expected = [
            fault("/results/0/score", "required"),
            fault("/results/1/score", "breaks-a-rule"),
            fault("/results/2/employee_id", "unknown-reference"),
        ];
        assert_eq!(faults(&refused), expected);
        let results = json!({"results": [
            {"employee_id": ana, "attended": true, "score": "60"},
            {"employee_id": ben, "attended": true, "score": "59.99"},
            {"employee_id": mia, "attended": false},
        ]});
        assert_eq!(officer.post(&record, results).await.is(200)["status"], "held");
        let of = async |employee: &str| {
            officer.get(&format!("/v1/certificates?employee_id={employee}")).await.is(200)["data"].clone()
        };
        assert_eq!((of(ben).await, of(mia).await), (json!([]), json!([])));
        let certificate = of(ana).await[0].clone();
        assert_eq!(certificate["issued_on"], in_days(-10));
        let issued: chrono::NaiveDate = in_days(-10).parse().unwrap();
        let last = issued.checked_add_months(chrono::Months::new(12)).unwrap().pred_opt().unwrap();
        assert_eq!(certificate["expires_on"], last.to_string());
        // They were mixed up.
        let corrected = json!({"results": [{"employee_id": ana, "attended": true, "score": "40"}, {"employee_id": ben, "attended": true, "score": "90"}]});
        officer.post(&record, corrected).await.is(200);
        assert_eq!(of(ana).await[0]["status"], "revoked");
        assert_eq!(of(ben).await[0]["status"], "valid");
        // What was earned stays on record; what somebody thinks of it is theirs to say.
        let earned = format!("/v1/certificates/{}", id(&of(ben).await[0]));
        officer.delete(&earned).await.is_problem(409, "in-use");
        let own =
            organization.employee(ben, &["course-enrolments:read=own", "course-enrolments:write=own"]).await;
        let mine = own.get("/v1/course-enrolments").await.is(200)["data"].clone();
        assert_eq!(mine.as_array().unwrap().len(), 1);
        let said = json!({"rating": 4, "feedback": "More practice"});
        own.post(&format!("/v1/course-enrolments/{}/give-feedback", id(&mine[0])), said).await.is(200);
        // 600.00 is borne by three seats; all of them are of no department.
        let path = format!("/v1/reports/training-costs?starts_on={}&ends_on={}", in_days(-11), in_days(0));
        let costs = officer.get(&path).await.is(200);
        assert_eq!(
            costs["departments"],
            json!([{"department_id": null, "code": null, "name": null, "currency": "EUR", "cost": "600.00", "seats": 3, "attended": 2}])
        );
        let course = &costs["courses"][0];
        assert_eq!(
            (&course["sessions"], &course["passed"], &course["rating"], &course["cost"]),
            (&json!(1), &json!(1), &json!("4.00"), &json!("600.00"))
        );
        // A session that lies ahead has no results; and who only asks for themselves asks before it begins.
        let ahead = self::session(&officer, course["course_id"].as_str().unwrap(), 5, 5).await;
        enrol(&officer, &ahead, ana).await;
        let early = json!({"results": [{"employee_id": ana, "attended": true, "score": "80"}]});
        officer
            .post(&format!("/v1/course-sessions/{ahead}/record-results"), early)
            .await
            .is_problem(409, "conflict");
        let begun = self::session(&officer, course["course_id"].as_str().unwrap(), -1, 5).await;
        let refused = own
            .post("/v1/course-enrolments", json!({"course_session_id": begun}))
            .await
            .is_problem(409, "conflict");
        assert_eq!(faults(&refused), [fault("/course_session_id", "has-begun")]);
    });
}

/// A plant with a hall, the position of a driver in it, and four drivers, A to D, and E who works there as nothing in particular.
async fn plant(officer: &Caller) -> (String, String, Vec<String>) {
    let plant = officer.department("Plant", None).await;
    let hall = officer.department("Hall", Some(&plant)).await;
    let driver = json!({"title": "Driver", "department_id": hall, "approved_headcount": 10});
    let driver = id(&officer.post("/v1/positions", driver).await.is(201));
    let mut people = Vec::new();
    for number in ["A", "B", "C", "D", "E"] {
        let position = (number != "E").then_some(&driver);
        let employee = json!({"employee_number": number, "given_name": "P", "family_name": number, "hired_on": "2026-01-05", "department_id": hall, "position_id": position});
        people.push(id(&officer.post("/v1/employees", employee).await.is(201)));
    }
    (plant, driver, people)
}

/// As a file it is the findings, whatever the limit.
async fn is_told_as_a_file(officer: &Caller, found: &[(&str, &str, &str)]) {
    let path = "/v1/reports/training-compliance?on=2026-06-30&limit=1";
    let file = officer.request(reqwest::Method::GET, path).header("accept", "text/csv").send().await;
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<_> = file.text.lines().collect();
    assert!(lines[0].contains("employee_number") && lines.len() == 1 + found.len(), "{}", file.text);
    for (line, (number, state, due_on)) in lines[1..].iter().zip(found) {
        let said: Vec<_> = line.split(',').collect();
        assert!([number, state, due_on].iter().all(|each| said.contains(*each)), "{line}");
    }
}

#[test]
fn it_is_told_who_lacks_what_positions_and_departments_ask_for() {
    run(async {
        let organization = Organization::new().await;
        let officer = organization.owner().await;
        let (plant, driver, people) = plant(&officer).await;
        let (safety, licence) = (
            course(&officer, "SAFETY", json!({})).await,
            course(&officer, "LICENCE", json!({"certificate_months": 24})).await,
        );
        // All of the plant need safety, within 20 days from the start of 2026 or from when they came: by 25 January. Drivers need a licence.
        for requirement in [
            json!({"course_id": safety, "department_id": plant, "starts_on": "2026-01-01", "due_days": 20}),
            json!({"course_id": licence, "position_id": driver, "starts_on": "2026-03-01", "due_days": 30}),
        ] {
            officer.post("/v1/course-requirements", requirement.clone()).await.is(201);
            officer.post("/v1/course-requirements", requirement).await.is_problem(409, "conflict");
        }
        let certify = async |employee: &str, course: &str, issued_on: &str, expires_on: Option<&str>| {
            let certificate = json!({"employee_id": employee, "course_id": course, "issued_on": issued_on, "expires_on": expires_on});
            id(&officer.post("/v1/certificates", certificate).await.is(201))
        };
        for each in &people {
            certify(each, &safety, "2026-01-20", None).await;
        }
        certify(&people[0], &licence, "2026-01-10", Some("2026-12-31")).await;
        certify(&people[1], &licence, "2026-01-10", Some("2026-07-15")).await;
        certify(&people[2], &licence, "2026-01-10", Some("2026-06-29")).await;
        let revoked = certify(&people[3], &licence, "2026-01-10", None).await;
        officer
            .post(&format!("/v1/certificates/{revoked}/revoke"), json!({"reason": "Forged"}))
            .await
            .is(200);
        let report = officer.get("/v1/reports/training-compliance?on=2026-06-30").await.is(200);
        let counts = |of: &Value| {
            ["required", "compliant", "expiring", "expired", "missing", "due"]
                .map(|name| of[name].as_i64().unwrap())
        };
        // 5 for safety, 4 for the licence; that of B ends within 30 days, that of C is over, D has none and should since 31 March.
        assert_eq!((counts(&report["totals"]), &report["people"]), ([9, 6, 1, 1, 1, 0], &json!(5)));
        let courses = report["courses"].as_array().unwrap();
        assert_eq!(
            (courses[0]["code"].as_str(), counts(&courses[0]["counts"])),
            (Some("LICENCE"), [4, 1, 1, 1, 1, 0])
        );
        assert_eq!(
            (courses[1]["code"].as_str(), counts(&courses[1]["counts"])),
            (Some("SAFETY"), [5, 5, 0, 0, 0, 0])
        );
        let found: Vec<_> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| {
                (
                    each["employee_number"].as_str().unwrap(),
                    each["state"].as_str().unwrap(),
                    each["due_on"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [("B", "expiring", "2026-03-31"), ("C", "expired", "2026-03-31"), ("D", "missing", "2026-03-31")]
        );
        is_told_as_a_file(&officer, &found).await;
        // Before the day by which they have to have it, it is due.
        let report = officer.get("/v1/reports/training-compliance?on=2026-03-15&state=due").await.is(200);
        assert_eq!(report["findings"][0]["employee_number"], "D");
        // Before 20 January nobody had safety, and all had five days left: one after the other, by parts.
        let first = officer.get("/v1/reports/training-compliance?on=2026-01-19&limit=3").await.is(200);
        let after = first["next_after"].as_str().unwrap();
        let rest = officer
            .get(&format!("/v1/reports/training-compliance?on=2026-01-19&limit=3&after={after}"))
            .await
            .is(200);
        assert_eq!(
            (
                first["findings"].as_array().unwrap().len(),
                rest["findings"].as_array().unwrap().len(),
                &rest["next_after"]
            ),
            (3, 2, &Value::Null)
        );
        // The department above asks too; another one has nobody.
        let other = officer.department("Other", None).await;
        let of_plant = officer
            .get(&format!("/v1/reports/training-compliance?on=2026-06-30&department_id={plant}"))
            .await
            .is(200);
        let of_other = officer
            .get(&format!("/v1/reports/training-compliance?on=2026-06-30&department_id={other}"))
            .await
            .is(200);
        assert_eq!((&of_plant["people"], &of_other["people"]), (&json!(5), &json!(0)));
        // Everybody sees their own alone.
        let own = organization.employee(&people[3], &["certificates:read=own"]).await;
        let mine = own.get("/v1/reports/training-compliance?on=2026-06-30").await.is(200);
        assert_eq!((&mine["people"], mine["findings"].as_array().unwrap().len()), (&json!(1), 1));
    });
}
