//! What can not be paid, and is told so.
use crate::support::run;
use crate::{Company, amounts, faults, id, path};
use serde_json::{Value, json};

#[test]
fn problems_are_told_by_employee_and_keep_the_run_from_being_agreed_to() {
    run(async {
        let company = Company::with_pack("generic").await;
        let owner = &company.owner;
        let ana = company.hire("Ana", "2026-01-01", "4000").await;
        // Ben's pay begins a week after he does.
        let ben = json!({"employee_number": "B-1", "given_name": "Ben", "family_name": "Test", "hired_on": "2026-03-02"});
        let ben = id(&owner.post("/v1/employees", ben).await.is(201));
        company.pay(&ben, "2026-03-09", "3000").await;
        // More is withheld from Carla than she earns, and nobody knows what Dan gets.
        let carla = company.hire("Carla", "2026-03-02", "1000").await;
        let input = json!({"employee_id": carla, "period": "2026-03", "component": "OTHER_DEDUCTION", "amount": "5000"});
        let input = owner.post("/v1/payroll-inputs", input).await.is(201);
        let dan = json!({"employee_number": "D-1", "given_name": "Dan", "family_name": "Test", "hired_on": "2026-03-02"});
        owner.post("/v1/employees", dan).await.is(201);
        let run = company.calculated("2026-03").await;
        let told = |run: &Value| -> Vec<(Value, String)> {
            let blocking = run["problems"].as_array().unwrap().iter().filter(|each| each["blocks"] == true);
            blocking
                .map(|each| (each["employee_id"].clone(), each["code"].as_str().unwrap().to_owned()))
                .collect()
        };
        assert_eq!(
            told(&run),
            [(json!(ben), "no-compensation".to_owned()), (json!(carla), "negative-net".to_owned())]
        );
        let to_be_known: Vec<&Value> = run["problems"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|each| each["code"] == "in-no-pay-group")
            .collect();
        assert!(to_be_known[0]["detail"].as_str().unwrap().contains("D-1"), "{run}");
        // The rest is calculated all the same.
        assert_eq!(amounts(&company.slip(&run, &ana).await, ["SALARY"]), ["4000"]);
        company.checker.act(&format!("{}/approve", path(&run))).await.is_problem(409, "conflict");
        company.pay(&ben, "2026-03-02", "3000").await;
        owner.delete(&format!("/v1/payroll-inputs/{}", id(&input))).await.is(204);
        let run = owner.act(&format!("{}/calculate", path(&run))).await.is(200);
        assert_eq!(told(&run), []);
        company.checker.act(&format!("{}/approve", path(&run))).await.is(200);
        // What is agreed to takes no more inputs.
        let late = json!({"employee_id": ana, "period": "2026-03", "component": "BONUS", "amount": "10"});
        let late = owner.post("/v1/payroll-inputs", late).await.is_problem(409, "conflict");
        assert_eq!(faults(&late), [("/period".to_owned(), "is-settled".to_owned())]);
    });
}

#[test]
fn inputs_are_for_people_who_are_there_and_components_that_take_them() {
    run(async {
        let company = Company::with_pack("generic").await;
        let ana = company.hire("Ana", "2026-03-02", "4000").await;
        let input = async |fields: Value| {
            let mut input =
                json!({"employee_id": ana, "period": "2026-03", "component": "BONUS", "amount": "10"});
            input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            faults(&company.owner.post("/v1/payroll-inputs", input).await.is_problem(422, "invalid-input"))
        };
        let one = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
        assert_eq!(input(json!({"period": "2026-02"})).await, one("/employee_id", "not-employed"));
        assert_eq!(input(json!({"component": "GROSS"})).await, one("/component", "unknown-reference"));
        assert_eq!(input(json!({"amount": null, "quantity": "3"})).await, one("/component", "needs-amount"));

        // A file with an error in a row: all of it is told, and nothing is written unless faulty rows are to be skipped.
        let employee = company.owner.get(&format!("/v1/employees/{ana}")).await.is(200);
        let number = employee["employee_number"].as_str().unwrap();
        let file = format!(
            "employee_number,period,component,amount\n{number},2026-03,BONUS,100.00\n{number},2026-02,BONUS,1\n{number},2026-03,BONUS,abc\n"
        );
        let send = async |query: &str| {
            let request =
                company.owner.request(reqwest::Method::POST, &format!("/v1/payroll-inputs/import{query}"));
            request.body("text/csv", file.clone()).send().await
        };
        let refused = send("").await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert!(refused.text.contains("not-employed") && refused.text.contains("amount"), "{}", refused.text);
        assert_eq!(company.owner.get("/v1/payroll-inputs").await.is(200)["data"], json!([]));
        send("?on_error=skip").await.is(200);
        assert_eq!(
            company.owner.get("/v1/payroll-inputs").await.is(200)["data"].as_array().unwrap().len(),
            1
        );
    });
}
