//! Record quality: what is missing, expired, about to expire and at odds with itself, with a score for each department.
use crate::support::{Organization, run};
use crate::{hire_with, id};
use chrono::{Days, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

#[test]
#[expect(clippy::too_many_lines, reason = "a finding after the other")]
fn each_finding_says_whose_where_and_what_to_do() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let today = Utc::now().date_naive();
        let day = |days: u64| (today + Days::new(days)).to_string();
        let (sales, it) = (owner.department("Sales", None).await, owner.department("IT", None).await);
        let post = async |department: &str| {
            let new = json!({"title": "Post", "department_id": department, "approved_headcount": 9});
            id(&owner.post("/v1/positions", new).await.is(201))
        };
        let (seller, admin) = (post(&sales).await, post(&it).await);
        let hire = async |number: &str, department: &str, position: &str, manager: Option<&str>| {
            let fields = json!({"employee_number": number, "department_id": department, "position_id": position, "manager_id": manager});
            let hired = id(&hire_with(&owner, fields).await.is(201));
            owner.act(&format!("/v1/employees/{hired}/activate")).await.is(200);
            hired
        };
        let boss = hire("Q-1", &sales, &seller, None).await;
        let ana = hire("Q-2", &sales, &seller, Some(&boss)).await;
        let dan = hire("Q-3", &it, &admin, Some(&boss)).await;
        let eva = hire("Q-4", &it, &seller, Some(&boss)).await;
        let complete = |who: &str, national_id: &str| {
            json!({"employee_id": who, "born_on": "1996-05-28", "national_id": national_id, "national_id_country": "DE",
                "addresses": [{"kind": "home", "street": "Str. 1", "city": "Cluj", "country": "RO"}],
                "emergency_contacts": [{"name": "Ion", "relationship": "brother", "phone": "+40 722 555 011"}]})
        };
        let iban = ["RO49AAAA1B31007593840000", "DE89370400440532013000", "GB82WEST12345698765432"];
        for (who, number, iban) in [(&boss, "A1", iban[0]), (&ana, "A2", iban[1]), (&dan, "A2", iban[2])] {
            let mut data = complete(who, number);
            data["iban"] = json!(iban);
            owner.post("/v1/personal-data", data).await.is(201);
        }
        // A medical check of everybody, which the boss has, Ana's has expired, Dan's expires in ten days, and Eva has none.
        let kind = json!({"code": "MEDICAL", "name": "Medical check", "needs_expiry": true});
        let kind = id(&owner.post("/v1/personnel-document-kinds", kind).await.is(201));
        owner.post("/v1/required-documents", json!({"kind_id": kind})).await.is(201);
        for (who, until) in [(&boss, day(400)), (&ana, "2026-04-01".to_owned()), (&dan, day(10))] {
            let file = id(&owner.upload("name=check.txt", Uuid::now_v7().to_string()).await.is(201));
            let body = json!({"employee_id": who, "kind_id": kind, "file_id": file, "issued_on": "2026-03-02", "expires_on": until});
            owner.post("/v1/personnel-documents", body).await.is(201);
        }
        // Dan's contract ended, and he is still here.
        let all = owner.get(&format!("/v1/employees/{dan}/assignments")).await.is(200);
        let over = json!({"contract_type": "fixed_term", "contract_ends_on": "2026-06-30"});
        owner.patch(&format!("/v1/assignments/{}", id(&all["data"][0])), over).await.is(200);

        let report = owner.get("/v1/reports/record-quality").await.is(200);
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for finding in report["findings"].as_array().unwrap() {
            let number = finding["employee_number"].as_str().unwrap().to_owned();
            found.entry(number).or_default().push(finding["code"].as_str().unwrap().to_owned());
        }
        let wanted = BTreeMap::from([
            ("Q-2".to_owned(), vec!["document_expired".to_owned(), "shared_national_id".to_owned()]),
            (
                "Q-3".to_owned(),
                ["contract_over", "document_expiring", "shared_national_id"].map(str::to_owned).to_vec(),
            ),
            (
                "Q-4".to_owned(),
                ["document_missing", "no_personal_data", "position_of_another_department"]
                    .map(str::to_owned)
                    .to_vec(),
            ),
        ]);
        assert_eq!(found, wanted);
        // One of four is complete; one of two in Sales, none of two in IT.
        assert_eq!(
            (&report["people"], &report["complete"], &report["score"]),
            (&json!(4), &json!(1), &json!("25.00"))
        );
        let scores: Vec<(&str, &str)> = report["departments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| (each["name"].as_str().unwrap(), each["score"].as_str().unwrap()))
            .collect();
        assert_eq!(scores, [("IT", "0.00"), ("Sales", "50.00")]);
        let expired = &report["findings"][0];
        assert_eq!(
            (&expired["kind"], &expired["employee_id"], &expired["name"]),
            (&json!("expired"), &json!(ana), &json!("Ana Pop"))
        );
        assert!(expired["cure"].as_str().unwrap().contains("/v1/personnel-documents"));
        for finding in report["findings"].as_array().unwrap() {
            owner.get(finding["href"].as_str().unwrap()).await.is(200);
        }

        // Ten days on is beyond a week.
        let week = owner.get("/v1/reports/record-quality?within_days=7&code=document_expiring").await.is(200);
        assert_eq!((&week["findings"], &week["score"]), (&json!([]), &json!("100.00")));
        let in_it = owner.get(&format!("/v1/reports/record-quality?department_id={it}")).await.is(200);
        assert_eq!(in_it["people"], 2);
        // Part by part.
        let (mut parts, mut after) = (Vec::<Value>::new(), String::new());
        loop {
            let part = owner.get(&format!("/v1/reports/record-quality?limit=3{after}")).await.is(200);
            parts.extend(part["findings"].as_array().unwrap().clone());
            let Some(next) = part["next_after"].as_str() else { break };
            after = format!("&after={}", next.replace(' ', "%20"));
        }
        assert_eq!(json!(parts), report["findings"]);
        let _ = eva;
        let other = Organization::new().await.owner().await;
        assert_eq!(other.get("/v1/reports/record-quality").await.is(200)["people"], 0);
        org.caller(&["employees:read"])
            .await
            .get("/v1/reports/record-quality")
            .await
            .is_problem(403, "forbidden");
    });
}
