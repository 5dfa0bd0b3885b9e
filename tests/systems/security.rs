//! Incidents from the first word to what was learnt, those of whoever wants not to be named, and vulnerabilities.
use crate::support::{Caller, caught_up, run, service};
use crate::{Company, as_system, day, faults, id};
use chrono::{DateTime, Duration, SubsecRound, Utc};
use reqwest::Method;
use serde_json::{Value, json};

const OWN: &[&str] = &[
    "security-incidents:read=own",
    "security-incidents:write=own",
    "security-incident-entries:read=own",
    "security-incident-entries:write=own",
    "comments:read=own",
    "comments:write=own",
    "files:read=own",
    "files:write=own",
];

fn instant(of: &Value) -> DateTime<Utc> {
    of.as_str().unwrap().parse().unwrap()
}

#[test]
fn an_incident_is_contained_in_time_and_learnt_from() {
    run(async {
        let company = Company::new().await;
        let mail = company.system("Mail", json!({})).await;
        let ana = company.it.hire("Ana", None).await;
        let ana_herself = company.org.employee(&ana, OWN).await;
        let noticed = (Utc::now() - Duration::hours(5)).trunc_subsecs(0);
        let report = json!({"title": "Forged invoice", "description": "Another account", "category": "phishing", "severity": "high", "detected_at": noticed, "system_ids": [mail]});
        let incident = ana_herself.post("/v1/security-incidents", report).await.is(201);
        // High: a day. She is named, since she did not ask not to be.
        assert_eq!((instant(&incident["due_at"]) - noticed).num_minutes(), 24 * 60);
        assert_eq!((&incident["reporter_id"], &incident["notification_due_at"]), (&json!(ana), &Value::Null));
        let in_anothers_name = json!({"title": "Lost laptop", "description": "In a train", "category": "lost_device", "severity": "low", "reporter_id": company.mira});
        ana_herself.post("/v1/security-incidents", in_anothers_name).await.is_problem(403, "forbidden");
        let path = format!("/v1/security-incidents/{}", id(&incident));
        // She follows it, and changes nothing.
        ana_herself.get(&path).await.is(200);
        ana_herself.patch(&path, json!({"severity": "low"})).await.is_problem(404, "not-found");
        let stranger = company.org.employee(&company.it.hire("Dan", None).await, OWN).await;
        stranger.get(&path).await.is_problem(404, "not-found");
        // It turns out worse: due an hour ago; and it was a breach of personal data.
        let worse = json!({"severity": "critical", "category": "data_breach"});
        let worse = company.it.patch(&path, worse).await.is(200);
        assert_eq!((instant(&worse["due_at"]) - noticed).num_minutes(), 4 * 60);
        assert_eq!((instant(&worse["notification_due_at"]) - noticed).num_hours(), 72);
        let overdue = company.it.get("/v1/security-incidents?overdue=true").await.is(200);
        assert_eq!(overdue["data"].as_array().unwrap().len(), 1);
        assert_eq!(
            company.it.get(&format!("/v1/security-incidents?system_id={mail}&overdue=false")).await.is(200)["data"],
            json!([])
        );
        let say = async |step: &str, body: Value| company.it.post(&format!("{path}/{step}"), body).await;
        company.it.act(&format!("{path}/investigate")).await.is(200);
        let entry =
            json!({"incident_id": incident["id"], "happened_at": noticed, "text": "The bank was called"});
        company.it.post("/v1/security-incident-entries", entry.clone()).await.is(201);
        let refused = stranger.post("/v1/security-incident-entries", entry.clone()).await.is(422);
        assert_eq!(faults(&refused), [("/incident_id", "unknown-reference")]);
        say("resolve", json!({"resolution": "x"})).await.is_problem(409, "invalid-state");
        let contained = say("contain", json!({"containment": "Blocked"})).await.is(200);
        assert!(contained["contained_at"].is_string());
        assert_eq!(company.it.get("/v1/security-incidents?overdue=true").await.is(200)["data"], json!([]));
        say("resolve", json!({"resolution": "Put right"})).await.is(200);
        let closed = say("close", json!({"lessons": "Two look at accounts"})).await.is(200);
        assert_eq!(closed["lessons"], "Two look at accounts");
        let late = company.it.post("/v1/security-incident-entries", entry).await.is_problem(409, "conflict");
        assert_eq!(faults(&late), [("/incident_id", "over")]);
        // Deadlines are the company's.
        let mut deadlines = json!({"name": "Strict"});
        for (field, within) in [
            ("incident_low_hours", 8),
            ("incident_medium_hours", 6),
            ("incident_high_hours", 4),
            ("incident_critical_hours", 2),
            ("vulnerability_low_days", 40),
            ("vulnerability_medium_days", 30),
            ("vulnerability_high_days", 20),
            ("vulnerability_critical_days", 10),
        ] {
            deadlines[field] = json!(within);
        }
        let deadlines = id(&company.it.post("/v1/security-deadlines", deadlines).await.is(201));
        company.it.act(&format!("/v1/security-deadlines/{deadlines}/activate")).await.is(200);
        let report = json!({"title": "Lost badge", "description": "In a train", "category": "other", "severity": "low", "detected_at": noticed});
        let low = company.it.post("/v1/security-incidents", report).await.is(201);
        assert_eq!((instant(&low["due_at"]) - noticed).num_hours(), 8);
    });
}

/// Whatever the service answers of the incident, by every route that there is.
async fn everything_told(caller: &Caller, incident: &str) -> String {
    let one = format!("/v1/security-incidents/{incident}");
    let entries = format!("/v1/security-incident-entries?incident_id={incident}");
    let mut told = String::new();
    let first = caller.get(&entries).await.is(200);
    let entry = format!("/v1/security-incident-entries/{}", id(&first["data"][0]));
    let list = "/v1/security-incidents";
    caught_up().await;
    for (path, kind) in [
        (one.as_str(), "application/json"),
        (&format!("{one}?as_of=2100-01-01T00:00:00Z"), "application/json"),
        (&format!("{one}/history"), "application/json"),
        (&format!("{list}?count=true&q=confidence"), "application/json"),
        (&format!("{list}?as_of=2100-01-01T00:00:00Z"), "application/json"),
        (list, "text/csv"),
        (list, "application/x-ndjson"),
        (&entries, "application/json"),
        (&entries, "text/csv"),
        (&entry, "application/json"),
        (&format!("{entry}/history"), "application/json"),
        ("/v1/events?resource=security-incidents", "application/json"),
        ("/v1/events?resource=security-incident-entries", "application/json"),
        (&format!("/v1/comments?resource=security-incidents&resource_id={incident}"), "application/json"),
    ] {
        let answer = caller.request(Method::GET, path).header("accept", kind).send().await;
        assert_eq!(answer.status, 200, "{path} {kind}: {}", answer.text);
        told.push_str(&answer.text);
    }
    told
}

#[test]
fn who_reports_in_confidence_is_named_nowhere() {
    run(async {
        let company = Company::new().await;
        let ana = company.it.hire("Ana", None).await;
        let ana_herself = company.org.employee(&ana, OWN).await;
        let mut report = json!({"title": "In confidence", "description": "My manager copies the payroll", "category": "unauthorized_access", "severity": "medium", "is_confidential": true});
        report["reporter_id"] = json!(ana);
        let refused =
            ana_herself.post("/v1/security-incidents", report.clone()).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/reporter_id", "in-confidence")]);
        report.as_object_mut().unwrap().remove("reporter_id");
        let made = ana_herself
            .request(Method::POST, "/v1/security-incidents")
            .header("idempotency-key", "in-confidence")
            .json(&report)
            .send()
            .await;
        let request = made.header("x-request-id").map(str::to_owned);
        let incident = made.is(201);
        assert_eq!(incident["reporter_id"], Value::Null);
        let incident = id(&incident);
        let entry = json!({"incident_id": incident, "happened_at": Utc::now(), "text": "He did it again"});
        ana_herself.post("/v1/security-incident-entries", entry).await.is(201);
        // She can follow it, and writes nothing that carries her name.
        let path = format!("/v1/security-incidents/{incident}");
        ana_herself.get(&path).await.is(200);
        assert_eq!(
            ana_herself.get("/v1/security-incidents").await.is(200)["data"].as_array().unwrap().len(),
            1
        );
        let comment =
            json!({"resource": "security-incidents", "resource_id": incident, "body": "It was me who told"});
        ana_herself.post("/v1/comments", comment).await.is_problem(403, "forbidden");
        let file = ana_herself
            .upload(&format!("name=proof.txt&resource=security-incidents&resource_id={incident}"), "proof")
            .await;
        assert_eq!(file.status, 403, "{}", file.text);
        company.it.patch(&path, json!({"severity": "high"})).await.is(200);

        let her = [
            ana.clone(),
            ana_herself.user.to_string(),
            ana_herself.session.to_string(),
            ana_herself.membership.to_string(),
        ];
        for who in [
            company.org.almighty().await,
            company
                .org
                .caller(&[
                    "security-incidents:read",
                    "security-incident-entries:read",
                    "events:read",
                    "comments:read",
                ])
                .await,
        ] {
            let told = everything_told(&who, &incident).await;
            assert!(
                told.contains("He did it again") && told.contains("My manager copies the payroll"),
                "{told}"
            );
            for mark in her.iter().chain(&request) {
                assert!(!told.contains(mark.as_str()), "{mark} is told: {told}");
            }
        }
        // Nor in what leaves as an archive: whose it is stays behind, and no row says who made it.
        let database = service().database().await;
        let archived = "select count(*) from archived_tables() where name = 'security_incident_reporters'";
        assert_eq!(database.query_one(archived, &[]).await.unwrap().get::<_, i64>(0), 0);
        let rows = format!(
            "select (select string_agg(to_jsonb(i)::text, '') from security_incidents i where org_id = '{0}') || (select string_agg(to_jsonb(e)::text, '') from security_incident_entries e where org_id = '{0}')
                || (select string_agg(to_jsonb(v)::text, '') from events v where org_id = '{0}' and resource like 'security-incident%')",
            company.org.id
        );
        let rows: String = database.query_one(&rows, &[]).await.unwrap().get(0);
        assert!(her.iter().chain(&request).all(|mark| !rows.contains(mark.as_str())), "{rows}");
        // What another one does to it is told as ever.
        let history = company.it.get(&format!("{path}/history")).await.is(200).to_string();
        assert!(history.contains(&company.it.user.to_string()), "{history}");
    });
}

#[test]
fn a_vulnerability_is_mended_by_its_day_or_lived_with_until_one() {
    run(async {
        let company = Company::new().await;
        let (mail, web) = (company.system("Mail", json!({})).await, company.system("Web", json!({})).await);
        let found = json!({"title": "Code execution", "cve": "CVE-2026-10042", "severity": "critical", "cvss_score": "9.8", "system_ids": [mail, web], "found_on": day(-8)});
        let made = company.it.post("/v1/vulnerabilities", found.clone()).await.is(201);
        // Critical: seven days, which are over.
        assert_eq!((&made["due_on"], &made["cvss_score"]), (&json!(day(-1)), &json!("9.8")));
        company.it.post("/v1/vulnerabilities", found).await.is_problem(409, "conflict");
        let path = format!("/v1/vulnerabilities/{}", id(&made));
        let overdue = async || {
            company.it.get("/v1/vulnerabilities?overdue=true").await.is(200)["data"].as_array().unwrap().len()
        };
        assert_eq!(overdue().await, 1);
        let say = async |step: &str, body: Value| company.it.post(&format!("{path}/{step}"), body).await;
        let refused =
            say("accept", json!({"resolution": "Inside alone", "accepted_until_on": day(0)})).await.is(422);
        assert_eq!(faults(&refused), [("/accepted_until_on", "over")]);
        let accepted =
            say("accept", json!({"resolution": "Inside alone", "accepted_until_on": day(30)})).await.is(200);
        assert_eq!(accepted["status"], "accepted");
        assert_eq!(overdue().await, 0);
        as_system(&company, "select reopen_accepted_vulnerabilities()").await;
        assert_eq!(company.it.get(&path).await.is(200)["status"], "accepted");
        as_system(
            &company,
            &format!(
                "update vulnerabilities set accepted_until_on = '{}' where org_id = '{}'",
                day(-1),
                company.org.id
            ),
        )
        .await;
        as_system(&company, "select reopen_accepted_vulnerabilities()").await;
        let open = company.it.get(&path).await.is(200);
        assert_eq!((&open["status"], &open["accepted_until_on"]), (&json!("open"), &Value::Null));
        company.it.act(&format!("{path}/start")).await.is(200);
        let fixed = say("fix", json!({"resolution": "Upgraded"})).await.is(200);
        assert_eq!((&fixed["status"], &fixed["resolved_on"]), (&json!("fixed"), &json!(day(0))));
        let reopened = company.it.act(&format!("{path}/reopen")).await.is(200);
        assert_eq!((&reopened["resolution"], &reopened["resolved_on"]), (&Value::Null, &Value::Null));
        assert_eq!(
            company.it.get(&format!("/v1/vulnerabilities?system_id={web}")).await.is(200)["data"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    });
}
