//! Nobody asks in two places at once, and calendars of others know when.
use crate::support::run;
use crate::{Hiring, faults, id};
use chrono::{DateTime, Duration, Utc};
use futures_util::future::join_all;
use serde_json::json;

#[test]
fn nobody_is_in_two_interviews_at_once() {
    run(async {
        let hiring = Hiring::new().await;
        let opening = hiring.open(&hiring.position(2).await, 2).await;
        let (ana, dan) = (hiring.hr.hire("Ana", None).await, hiring.hr.hire("Dan", None).await);
        let first = hiring.apply(&hiring.candidate("Ioana").await, &opening).await;
        let second = hiring.apply(&hiring.candidate("Radu").await, &opening).await;
        let interview = hiring.interview(&first, &[&ana], 0).await.is(201);
        let booked = hiring.interview(&second, &[&dan, &ana], 0).await.is_problem(409, "conflict");
        assert_eq!(faults(&booked), [("/panel/1", "booked")]);
        // Right after is not at once.
        let start: DateTime<Utc> = interview["ends_at"].as_str().unwrap().parse().unwrap();
        let after = json!({"application_id": second, "title": "Talk", "kind": "video", "starts_at": start, "ends_at": start + Duration::hours(1), "panel": [ana, dan]});
        let after = id(&hiring.hr.post("/v1/interviews", after).await.is(201));
        let clash =
            json!({"starts_at": start - Duration::minutes(30), "ends_at": start + Duration::minutes(30)});
        let clash = hiring.hr.post(&format!("/v1/interviews/{after}/reschedule"), clash).await;
        assert_eq!(faults(&clash.is_problem(409, "conflict")), [("/panel/0", "booked")]);
        // What is cancelled books nobody.
        let path = format!("/v1/interviews/{}", id(&interview));
        hiring.hr.post(&format!("{path}/cancel"), json!({"reason": "Ill"})).await.is(200);
        let free =
            json!({"starts_at": start - Duration::minutes(30), "ends_at": start + Duration::minutes(30)});
        let moved = hiring.hr.post(&format!("/v1/interviews/{after}/reschedule"), free).await.is(200);
        assert_eq!(moved["sequence"], 1);
        hiring.hr.patch(&path, json!({"title": "Again"})).await.is_problem(409, "conflict");
        // A panel names those who work here, each once.
        let nobody = uuid::Uuid::now_v7().to_string();
        let wrong =
            hiring.interview(&second, &[&nobody, &dan, &dan], 50).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&wrong), [("/panel/0", "unknown-reference"), ("/panel/2", "repeated")]);
    });
}

#[test]
fn of_four_interviews_of_one_interviewer_that_are_planned_at_once_one_is() {
    run(async {
        let hiring = Hiring::new().await;
        let opening = hiring.open(&hiring.position(1).await, 1).await;
        let ana = hiring.hr.hire("Ana", None).await;
        let application = hiring.apply(&hiring.candidate("Ioana").await, &opening).await;
        let panel = [ana.as_str()];
        let planning = (0..4).map(|_| hiring.interview(&application, &panel, 3));
        let mut told: Vec<u16> = join_all(planning).await.into_iter().map(|answer| answer.status).collect();
        told.sort_unstable();
        assert_eq!(told, [201, 409, 409, 409]);
    });
}

#[test]
fn an_interview_is_a_file_for_calendars_and_part_of_a_feed() {
    run(async {
        let hiring = Hiring::new().await;
        let opening = hiring.open(&hiring.position(1).await, 1).await;
        let (ana, dan) = (hiring.hr.hire("Ana", None).await, hiring.hr.hire("Dan", None).await);
        let application = hiring.apply(&hiring.candidate("Ioana").await, &opening).await;
        let interview = hiring.interview(&application, &[&ana], 0).await.is(201);
        let path = format!("/v1/interviews/{}/calendar", id(&interview));
        let file = hiring.hr.get(&path).await;
        assert_eq!((file.status, file.header("content-type")), (200, Some("text/calendar; charset=utf-8")));
        let lines = file.text.replace("\r\n ", "");
        let start = interview["starts_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        for line in [
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}@backoffice", id(&interview)),
            format!("DTSTART:{}", start.format("%Y%m%dT%H%M%SZ")),
            "SUMMARY:Technical interview: Ioana Radu".to_owned(),
            "LOCATION:Room 3\\; left".to_owned(),
            "SEQUENCE:0".to_owned(),
            "STATUS:CONFIRMED".to_owned(),
        ] {
            assert!(lines.split("\r\n").any(|each| each == line), "{line}: {lines}");
        }
        hiring
            .hr
            .post(&format!("/v1/interviews/{}/cancel", id(&interview)), json!({"reason": "Ill"}))
            .await
            .is(200);
        let cancelled = hiring.hr.get(&path).await.text;
        assert!(
            cancelled.contains("STATUS:CANCELLED\r\n") && cancelled.contains("SEQUENCE:1\r\n"),
            "{cancelled}"
        );
        // Whoever asks sees theirs, and nobody else's.
        let second = id(&hiring.interview(&application, &[&ana], 9).await.is(201));
        let ana_herself = hiring.org.employee(&ana, &["interviews:read=own"]).await;
        let dan_himself = hiring.org.employee(&dan, &["interviews:read=own"]).await;
        let mine = ana_herself.get("/v1/interviews/calendar").await.text;
        assert!(mine.contains(&second) && mine.matches("BEGIN:VEVENT").count() == 2, "{mine}");
        assert!(!dan_himself.get("/v1/interviews/calendar").await.text.contains("VEVENT"));
        let hers = format!("/v1/interviews/calendar?interviewer_id={ana}");
        assert!(!dan_himself.get(&hers).await.text.contains("VEVENT"));
        assert!(hiring.hr.get(&hers).await.text.contains(&second));
        dan_himself.get(&format!("/v1/interviews/{second}/calendar")).await.is_problem(404, "not-found");
        dan_himself.get(&format!("/v1/interviews/{second}")).await.is_problem(404, "not-found");
        ana_herself.get(&format!("/v1/interviews/{second}")).await.is(200);
    });
}
