//! The organization's own contract, and what its fields cost.
use crate::support::{Caller, Organization, Request, Service, contract, run, service};
use crate::{HR, at, field, field_of, hire, hr};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn own_contract(caller: &Caller) -> Value {
    caller.get(&format!("/openapi.json?organization={}", caller.organization)).await.is(200)
}

fn validator(document: &Value, schema: &str) -> jsonschema::Validator {
    let whole =
        json!({"$ref": format!("#/components/schemas/{schema}"), "components": document["components"]});
    jsonschema::draft202012::options().should_validate_formats(true).build(&whole).unwrap()
}

#[test]
fn the_contract_of_the_organization_has_its_fields() {
    run(async {
        let organization = Organization::new().await;
        let (hr, clerk) = (organization.caller(HR).await, organization.caller(HR).await);
        field(&hr, "shoe_size", "number", json!({"label": "Shoe size"})).await;
        field(&hr, "badge", "text", json!({"max_length": 5, "required": true})).await;
        field(&hr, "shirt", "choice", json!({"choices": ["S", "M"]})).await;
        field(&hr, "allowance", "money", json!({"currency": "EUR"})).await;
        field(&hr, "boarded_on", "day", json!({"role_ids": [hr.role]})).await;
        field(&hr, "buddy", "reference", json!({"refers_to": "employees"})).await;
        let gone = field(&hr, "gone", "text", json!({})).await;
        hr.act(&format!("{}/archive", at("/v1/custom-fields", &gone))).await.is(200);
        field_of(&hr, "departments", "budget", "money", json!({"currency": "EUR"})).await.is(201);

        let own = own_contract(&hr).await;
        let row = &own["components"]["schemas"]["EmployeeCustom"]["properties"];
        let names: Vec<_> = row.as_object().unwrap().keys().collect();
        assert_eq!(names, ["allowance", "badge", "boarded_on", "buddy", "shirt", "shoe_size"]);
        assert_eq!(
            (&row["shoe_size"]["title"], &row["boarded_on"]["format"]),
            (&json!("Shoe size"), &json!("date"))
        );
        assert_eq!(own["components"]["schemas"]["NewEmployeeCustom"]["required"], json!(["badge"]));
        assert_eq!(
            own["components"]["schemas"]["EditEmployeeCustom"]["properties"]["shirt"]["enum"],
            json!(["S", "M", null])
        );
        assert!(own["components"]["schemas"]["DepartmentCustom"]["properties"]["budget"].is_object());
        let parameters = own["paths"]["/v1/employees"]["get"]["parameters"].as_array().unwrap();
        let names: Vec<_> = parameters
            .iter()
            .filter_map(|each| each["name"].as_str())
            .filter(|name| name.starts_with("custom."))
            .collect();
        assert_eq!(
            names,
            [
                "custom.allowance",
                "custom.allowance_from",
                "custom.allowance_to",
                "custom.badge",
                "custom.boarded_on",
                "custom.boarded_on_from",
                "custom.boarded_on_to",
                "custom.buddy",
                "custom.shirt",
                "custom.shoe_size",
                "custom.shoe_size_from",
                "custom.shoe_size_to"
            ]
        );
        let sort = parameters.iter().find(|each| each["name"] == "sort").unwrap();
        assert!(sort["schema"]["pattern"].as_str().unwrap().contains(r"custom\.shoe_size)"), "{sort}");

        // It describes what the service takes and answers.
        let body =
            &own["paths"]["/v1/employees"]["post"]["requestBody"]["content"]["application/json"]["example"];
        assert!(validator(&own, "NewEmployee").is_valid(body), "{body}");
        let mut body = body.clone();
        body["employee_number"] = json!(&Uuid::now_v7().simple().to_string()[14..32]);
        body["custom"] = json!({"badge": "1", "shirt": "M", "shoe_size": "40", "allowance": "1.50", "boarded_on": "1990-01-01"});
        assert!(validator(&own, "NewEmployee").is_valid(&body), "{body}");
        let ana = hr.post("/v1/employees", body.clone()).await.is(201);
        assert!(validator(&own, "Employee").is_valid(&ana), "{ana}");
        assert!(validator(&own, "EditEmployee").is_valid(&json!({"custom": {"shirt": null}})));
        for wrong in [
            json!({}),
            json!({"badge": null}),
            json!({"badge": "123456"}),
            json!({"badge": "1", "shirt": "L"}),
            json!({"badge": "1", "gone": "x"}),
            json!({"badge": "1", "shoe_size": "1e3"}),
            json!({"badge": "1", "boarded_on": "soon"}),
        ] {
            body["custom"] = wrong;
            body["employee_number"] = json!(&Uuid::now_v7().simple().to_string()[14..32]);
            assert!(!validator(&own, "NewEmployee").is_valid(&body), "{body}");
            hr.post("/v1/employees", body.clone()).await.is_problem(422, "invalid-input");
        }
        // Who may not see a field does not find it here, and all others find the contract as it was.
        assert!(!own_contract(&clerk).await.to_string().contains("boarded_on"));
        let stranger = organization.caller(&["roles:read"]).await;
        assert_eq!(own_contract(&stranger).await["components"]["schemas"].get("EmployeeCustom"), None);
        assert_eq!(Request::new(Method::GET, "/openapi.json").send().await.is(200), *contract());
        assert_eq!(own_contract(&crate::hr().await).await, *contract());
    });
}

#[test]
fn the_contract_of_an_organization_is_for_its_own() {
    run(async {
        let (hr, others) = (hr().await, hr().await);
        let path = format!("/openapi.json?organization={}", hr.organization);
        Request::new(Method::GET, &path).send().await.is_problem(401, "unauthenticated");
        others.get(&path).await.is_problem(404, "not-found");
        hr.get(&format!("/openapi.json?organization={}", Uuid::now_v7())).await.is_problem(404, "not-found");
        hr.get("/openapi.json?organization=ours").await.is_problem(422, "invalid-input");
    });
}

/// Statements of the last request, as a service of the test's own counts them.
async fn statements(metrics: &str, operation: &str) -> u64 {
    let page = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    let wanted = format!("operation=\"{operation}\"");
    let lines = page
        .lines()
        .filter(|line| line.starts_with("backoffice_database_statements_total") && line.contains(&wanted));
    lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
}

#[test]
fn custom_fields_cost_no_statement_but_where_a_list_names_them() {
    run(async {
        let hr = hr().await;
        field(&hr, "shoe_size", "number", json!({"required": true})).await;
        field(
            &hr,
            "buddy",
            "reference",
            json!({"refers_to": "employees", "unique": true, "role_ids": [hr.role]}),
        )
        .await;
        let ana = hire(&hr, "Ana", json!({"shoe_size": "40"})).await.is(201);
        let (base, metrics, mut child) =
            Service::spawn(&service().url, &["--workers", "1", "--connections", "2"]);
        for _ in 0..4 {
            hr.request(Method::GET, "/v1/departments").to(&base).send().await.is(200);
        }
        let one = at("/v1/employees", &ana);
        let number = &Uuid::now_v7().simple().to_string()[14..32];
        let new = json!({"employee_number": number, "given_name": "Ion", "family_name": "Test", "hired_on": "2026-03-02", "custom": {"shoe_size": "1", "buddy": ana["id"]}});
        let get = |path: &str| hr.request(Method::GET, path).to(&base);
        let patch =
            |body: Value| hr.request(Method::PATCH, &one).header("if-match", "*").json(&body).to(&base);
        for (operation, request, cost) in [
            ("get_employee", get(&one), 2),
            ("list_employees", get("/v1/employees"), 2),
            ("list_employees", get("/v1/employees?sort=custom.shoe_size&custom.shoe_size_from=1"), 4),
            // begin, context, change, commit; and the lock of a change
            ("create_employee", hr.request(Method::POST, "/v1/employees").json(&new).to(&base), 4),
            ("update_employee", patch(json!({"custom": {"shoe_size": "41"}})), 5),
            ("update_employee", patch(json!({"custom": {"shoe_size": "41", "buddy": null}})), 5),
            ("get_employee_history", get(&format!("{one}/history")), 2),
        ] {
            let before = statements(&metrics, operation).await;
            let answer = request.send().await;
            assert!(answer.status < 300, "{}", answer.text);
            assert_eq!(statements(&metrics, operation).await - before, cost, "{operation}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
    });
}
