//! Who they are is known as long as they consented to it, and then nowhere.
use crate::support::{run, service};
use crate::{Hiring, day, id};
use serde_json::{Value, json};

#[test]
fn when_consent_has_ended_nobody_knows_any_more_who_applied() {
    run(async {
        let hiring = Hiring::new().await;
        let opening = hiring.open(&hiring.position(1).await, 1).await;
        let ana = hiring.hr.hire("Ana", None).await;
        let asks = hiring.org.employee(&ana, &["scorecards:write=own", "scorecards:read=own"]).await;
        let candidate = hiring.candidate("Ioanaspecial").await;
        let application = hiring.apply(&candidate, &opening).await;
        let hangs = format!("name=IoanaspecialCV.txt&resource=applications&resource_id={application}");
        hiring.hr.upload(&hangs, "Curriculum of Ioanaspecial").await.is(201);
        let comment =
            json!({"resource": "candidates", "resource_id": candidate, "body": "Ioanaspecial is nice"});
        hiring.hr.post("/v1/comments", comment).await.is(201);
        let interview = id(&hiring.interview(&application, &[&ana], 0).await.is(201));
        let card = json!({"interview_id": interview, "recommendation": "yes", "strengths": "Ioanaspecial knows a lot"});
        asks.post("/v1/scorecards", card).await.is(201);
        let offer = hiring.sent(&application, json!({"message": "Dear Ioanaspecial"})).await;
        // Her last day on record is over.
        let over = "update candidates set consent_given_on = current_date - 40, consent_ends_on = current_date - 2 where org_id = $1";
        service().database().await.execute(over, &[&hiring.org.id]).await.unwrap();
        let forgotten = forget(&hiring).await;
        assert_eq!(forgotten, 1);
        assert_eq!(forget(&hiring).await, 0);

        let now = hiring.hr.get(&format!("/v1/candidates/{candidate}")).await.is(200);
        assert_eq!(now["status"], "anonymized");
        for field in ["given_name", "family_name", "email", "phone", "notes"] {
            assert_eq!(now[field], Value::Null, "{field}");
        }
        assert_eq!((&now["source"], &now["available_actions"]), (&json!("referral"), &json!([])));
        let application = hiring.hr.get(&format!("/v1/applications/{application}")).await.is(200);
        assert_eq!(
            (&application["status"], &application["cover_letter"]),
            (&json!("withdrawn"), &Value::Null)
        );
        assert_eq!(
            hiring.hr.get(&format!("/v1/interviews/{interview}")).await.is(200)["status"],
            "cancelled"
        );
        assert_eq!(hiring.hr.get(&format!("/v1/offers/{offer}")).await.is(200)["status"], "withdrawn");
        hiring
            .hr
            .patch(&format!("/v1/candidates/{candidate}"), json!({"given_name": "Ioana"}))
            .await
            .is_problem(409, "conflict");

        // Nowhere in the organization is her name, events of the past among it.
        let tables = service().database().await;
        let names = tables.query("select name from managed_tables order by 1", &[]).await.unwrap();
        for name in names {
            let name: String = name.get(0);
            // The answer to a key is kept a day, and no request of this test had one.
            let told =
                format!("select count(*) from {name} t where org_id = $1 and t::text ilike '%ioanaspecial%'");
            let told: i64 = tables.query_one(&told, &[&hiring.org.id]).await.unwrap().get(0);
            assert_eq!(told, 0, "{name}");
        }
    });
}

/// What the job does each hour, for this organization, as the service's role.
async fn forget(hiring: &Hiring) -> i32 {
    let service = service().as_service().await;
    service.execute("select enter_as_system($1, false)", &[&hiring.org.id]).await.unwrap();
    service.query_one("select anonymize_whose_consent_ended(100)", &[]).await.unwrap().get(0)
}

#[test]
fn consent_is_needed_to_apply_and_can_be_taken_back_at_once() {
    run(async {
        let hiring = Hiring::new().await;
        let opening = hiring.open(&hiring.position(1).await, 1).await;
        hiring.stage("Screening", 10).await;
        let ended = json!({"given_name": "Dan", "family_name": "Pop", "source": "website", "consent_given_on": day(-30), "consent_ends_on": day(-1)});
        let ended = id(&hiring.hr.post("/v1/candidates", ended).await.is(201));
        let application = json!({"candidate_id": ended, "job_opening_id": opening});
        hiring.hr.post("/v1/applications", application).await.is_problem(409, "conflict");
        let backwards = json!({"given_name": "Dan", "family_name": "Pop", "source": "website", "consent_given_on": day(1), "consent_ends_on": day(0)});
        hiring.hr.post("/v1/candidates", backwards).await.is_problem(422, "invalid-input");
        let gone = hiring.hr.act(&format!("/v1/candidates/{ended}/anonymize")).await.is(200);
        assert_eq!((&gone["given_name"], &gone["status"]), (&Value::Null, &json!("anonymized")));
        hiring.hr.act(&format!("/v1/candidates/{ended}/anonymize")).await.is_problem(409, "invalid-state");
    });
}
