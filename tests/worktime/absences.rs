//! Who is away, and the feeds that calendar programs subscribe to.
use crate::support::{Caller, Request, run};
use crate::{Company, id};
use reqwest::Method;
use serde_json::json;

async fn names(caller: &Caller, days: &str) -> Vec<String> {
    let told = caller.get(&format!("/v1/absences?{days}")).await.is(200);
    let all = told["absences"].as_array().unwrap().iter();
    all.map(|each| each["given_name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn colleagues_see_that_somebody_is_away_and_not_why() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({"allows_negative": true})).await;
        let leave = firm.taken(&kind, "2026-08-03", "2026-08-14").await;
        firm.submitted(&kind, "2026-09-01", "2026-09-02").await; // nobody has said yes
        let days = "from_on=2026-08-14&to_on=2026-09-30";
        for (who, seen) in [(&firm.ana, 1), (&firm.ben, 1), (&firm.mira, 1), (&firm.hr, 1), (&firm.dan, 0)] {
            assert_eq!(names(who, days).await, vec!["Ana"; seen]);
        }
        assert!(names(&firm.ben, "from_on=2026-08-15&to_on=2026-08-31").await.is_empty());
        let told = firm.ben.get(&format!("/v1/absences?{days}")).await.is(200);
        assert!(told["absences"][0].get("leave_type_id").is_none());
        firm.ben.get(&format!("/v1/leave-requests/{}", id(&leave))).await.is_problem(404, "not-found");
        firm.ben
            .get("/v1/absences?from_on=2026-01-01&to_on=2027-06-01")
            .await
            .is_problem(422, "invalid-input");
        // By department, with those beneath it.
        let above = firm.owner.department("Above", None).await;
        let below = firm.owner.department("Below", Some(&above)).await;
        firm.owner
            .patch(&format!("/v1/employees/{}", firm.ana_id), json!({"department_id": below}))
            .await
            .is(200);
        assert_eq!(names(&firm.hr, &format!("{days}&department_id={above}")).await, ["Ana"]);
        let other = firm.owner.department("Other", None).await;
        assert!(names(&firm.hr, &format!("{days}&department_id={other}")).await.is_empty());
    });
}

#[test]
fn a_feed_is_read_by_its_address_alone_until_it_is_deleted() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({"allows_negative": true})).await;
        let today = chrono::Utc::now().date_naive();
        // The Monday after next: it is in the year that feeds show, whenever this runs.
        let back = i64::from(chrono::Datelike::weekday(&today).num_days_from_monday());
        let monday = today + chrono::Duration::days(14 - back);
        let friday = monday + chrono::Duration::days(4);
        firm.taken(&kind, &monday.to_string(), &friday.to_string()).await;
        let feed = firm
            .ben
            .post("/v1/calendar-feeds", json!({"name": "Who is away", "scope": "team"}))
            .await
            .is(201);
        let url = feed["url"].as_str().unwrap().to_owned();
        let path = url[url.find("/v1/").unwrap()..].to_owned();
        let read = async |path: &str| Request::new(Method::GET, path).send().await;
        let calendar = read(&path).await;
        assert_eq!(calendar.status, 200, "{}", calendar.text);
        assert_eq!(calendar.header("content-type"), Some("text/calendar; charset=utf-8"));
        let unfolded = calendar.text.replace("\r\n ", "");
        let after = friday + chrono::Duration::days(1);
        for line in [
            "BEGIN:VCALENDAR".to_owned(),
            "SUMMARY:Ana Test".to_owned(),
            format!("DTSTART;VALUE=DATE:{}", monday.format("%Y%m%d")),
            format!("DTEND;VALUE=DATE:{}", after.format("%Y%m%d")),
            "END:VCALENDAR".to_owned(),
        ] {
            assert!(unfolded.split("\r\n").any(|each| each == line), "{line} is not in {unfolded}");
        }
        assert!(calendar.text.split("\r\n").all(|line| line.len() <= 75), "lines are folded (RFC 5545 §3.1)");
        // Its own feed shows Ben alone; a secret that is not quite right shows nothing, and none is told again.
        let own = firm.ben.post("/v1/calendar-feeds", json!({"name": "Mine"})).await.is(201)["url"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(!read(&own[own.find("/v1/").unwrap()..]).await.text.contains("Ana"));
        let wrong = path.replace(&path[path.len() - 12..path.len() - 8], "AAAA");
        read(&wrong).await.is_problem(404, "not-found");
        read("/v1/calendars/nothing.ics").await.is_problem(404, "not-found");
        let listed = firm.ben.get("/v1/calendar-feeds").await.is(200);
        assert!(
            listed["data"].as_array().unwrap().len() == 2 && !listed.to_string().contains("/v1/calendars/")
        );
        assert!(firm.dan.get("/v1/calendar-feeds").await.is(200)["data"].as_array().unwrap().is_empty());
        firm.ben.delete(&format!("/v1/calendar-feeds/{}", id(&feed))).await.is(204);
        read(&path).await.is_problem(404, "not-found");
    });
}

#[test]
fn a_feed_ends_with_the_employment() {
    run(async {
        let firm = Company::new().await;
        let feed = firm
            .ben
            .post("/v1/calendar-feeds", json!({"name": "Who is away", "scope": "team"}))
            .await
            .is(201);
        let url = feed["url"].as_str().unwrap().to_owned();
        let path = url[url.find("/v1/").unwrap()..].to_owned();
        assert_eq!(Request::new(Method::GET, &path).send().await.status, 200);
        firm.owner.act(&format!("/v1/employees/{}/activate", firm.ben_id)).await.is(200);
        let leaving = json!({"last_day": "2026-06-30", "reason": "Resigned"});
        firm.owner.post(&format!("/v1/employees/{}/terminate", firm.ben_id), leaving).await.is(200);
        Request::new(Method::GET, &path).send().await.is_problem(404, "not-found");
        assert!(!firm.mira_id.is_empty());
    });
}
