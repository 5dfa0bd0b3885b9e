//! Everybody at once: a file of people with their first assignment and what they earn.
use crate::statements::Counted;
use crate::support::{Answer, Caller, run};
use crate::{Company, faults, id, path, text};
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Instant;

async fn import(caller: &Caller, query: &str, file: &str) -> Answer {
    let sent = caller.request(Method::POST, &format!("/v1/hires/import?{query}"));
    sent.body("text/csv", file).send().await
}

fn counts(import: &Value) -> [i64; 4] {
    ["created", "changed", "unchanged", "refused"].map(|name| import[name].as_i64().unwrap())
}

async fn how_many(company: &Company, resource: &str) -> i64 {
    let list = company.owner.get(&format!("/v1/{resource}?limit=1&count=true")).await.is(200);
    list["total"].as_i64().unwrap()
}

/// A department with two positions, of so many seats each.
async fn structure(company: &Company, seats: i64) {
    let department = json!({"code": "FIN", "name": "Finance"});
    let department = id(&company.owner.post("/v1/departments", department).await.is(201));
    for title in ["Head of finance", "Accountant"] {
        let position = json!({"department_id": department, "title": title, "approved_headcount": seats});
        company.owner.post("/v1/positions", position).await.is(201);
    }
}

const HEADER: &str = "employee_number,given_name,family_name,hired_on,department_code,position,manager_employee_number,workplace,full_time_equivalent,contract_type,contract_ends_on,basis,amount,currency,pay_group,effective_on\n";

#[test]
fn people_come_with_what_they_do_and_what_they_earn_wherever_their_managers_stand() {
    run(async {
        let company = Company::with_pack("generic").await;
        structure(&company, 5).await;
        let file = format!(
            "{HEADER}E-2,Ben,Pop,2026-01-15,FIN,Accountant,E-1,remote,0.5,fixed_term,2026-12-31,hourly,32.50,EUR,STAFF,2026-02-01\n\
             E-1,Ana,Ion,2026-01-01,FIN,Head of finance,,,,,,monthly,8000,,STAFF,\n\
             E-3,Dan,Rus,2026-03-01,,,E-2,,,,,,,,,\n"
        );
        let shown = import(&company.owner, "dry_run=true", &file).await.is(200);
        assert_eq!((counts(&shown), how_many(&company, "employees").await), ([3, 0, 0, 0], 0));
        let done = import(&company.owner, "", &file).await.is(200);
        assert_eq!((counts(&done), &done["resource"]), ([3, 0, 0, 0], &json!("hires")));
        let find = async |number: &str| {
            let found = company.owner.get(&format!("/v1/employees?employee_number={number}")).await.is(200);
            found["data"][0].clone()
        };
        let (ana, ben, dan) = (find("E-1").await, find("E-2").await, find("E-3").await);
        assert_eq!(
            (&ben["manager_id"], &dan["manager_id"], &ben["status"]),
            (&ana["id"], &ben["id"], &json!("pending"))
        );
        let job = company.owner.get(&format!("/v1/employees/{}/assignments", id(&ben))).await.is(200);
        let job = &job["data"][0];
        assert_eq!(
            ["workplace", "full_time_equivalent", "contract_type", "contract_ends_on", "starts_on"]
                .map(|name| text(&job[name])),
            ["remote", "0.5", "fixed_term", "2026-12-31", "2026-01-15"]
        );
        assert_eq!(job["department_id"], ana["department_id"]);
        let pay = async |of: &Value| {
            let found = company.owner.get(&format!("/v1/compensations?employee_id={}", id(of))).await.is(200);
            let found = found["data"].as_array().unwrap().iter();
            let told = found.map(|each| {
                ["basis", "amount", "currency", "effective_on"].map(|name| text(&each[name])).join(" ")
            });
            told.collect::<Vec<String>>()
        };
        assert_eq!(pay(&ana).await, ["monthly 8000.00 EUR 2026-01-01"]);
        assert_eq!(pay(&ben).await, ["hourly 32.50 EUR 2026-02-01"]);
        assert_eq!(pay(&dan).await, Vec::<String>::new());
        // Who is there is not hired again.
        let again = import(&company.owner, "", &file).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&again)[0], ("/2/employee_number".to_owned(), "already-taken".to_owned()));
        // Taken back as one, with what they earn; not once that was changed.
        let undo = format!("/v1/imports/{}/undo", id(&done));
        let raise = company.pay(&id(&ana), "2026-06-01", "9000").await;
        company.owner.act(&undo).await.is_problem(409, "in-use");
        assert_eq!(
            (how_many(&company, "employees").await, how_many(&company, "compensations").await),
            (3, 3)
        );
        let raise = format!("/v1/compensations/{}", id(&raise));
        company.owner.request(Method::DELETE, &raise).header("if-match", "*").send().await.is(204);
        company.owner.act(&undo).await.is(200);
        assert_eq!(
            (how_many(&company, "employees").await, how_many(&company, "compensations").await),
            (0, 0)
        );
    });
}

#[test]
fn all_that_is_wrong_is_told_by_row_and_column_and_nothing_is_written() {
    run(async {
        let company = Company::with_pack("generic").await;
        structure(&company, 1).await;
        let file = format!(
            "{HEADER}E-1,Ana,Ion,2026-01-01,FIN,Head of finance,,,,,,monthly,8000,,STAFF,\n\
             E-2,Ben,Pop,2026-01-15,FIN,Clerk,E-9,home,1.5,,,,,,,\n\
             E-3,Dan,Rus,2026-03-01,,,,,,,2026-02-01,monthly,,,STAFF,2026-01-01\n\
             E-4,Eva,Rus,2026-03-01,,,,,,,,monthly,3000,USD,STAFF,\n\
             E-5,Fin,Rus,2026-03-01,,,E-4,,,,,monthly,3000,,PILOTS,\n"
        );
        let refused = import(&company.owner, "", &file).await.is_problem(422, "invalid-input");
        let told = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
        let expected = [
            told("/3/position", "unknown-reference"),
            told("/3/manager_employee_number", "unknown-reference"),
            told("/4/amount", "required"),
            told("/4/effective_on", "before-first-day"),
            told("/4/contract_ends_on", "before-first-day"),
            told("/5/currency", "other-currency"),
            told("/6/pay_group", "unknown-reference"),
        ];
        let found = faults(&refused);
        for each in &expected {
            assert!(found.contains(each), "{each:?} is not told: {found:?}");
        }
        assert_eq!(
            (how_many(&company, "employees").await, how_many(&company, "compensations").await),
            (0, 0)
        );
        let done = import(&company.owner, "on_error=skip", &file).await.is(200);
        assert_eq!(counts(&done), [1, 0, 0, 4]);
        assert_eq!(
            (how_many(&company, "employees").await, how_many(&company, "compensations").await),
            (1, 1)
        );
        // The seat is taken: what the database holds is told of the row, too.
        let second = format!("{HEADER}E-7,Gil,Ion,2026-01-01,FIN,Head of finance,,,,,,,,,,\n");
        let refused = import(&company.owner, "", &second).await.is_problem(422, "invalid-input");
        assert!(faults(&refused)[0].0.starts_with("/2"), "{refused}");
    });
}

#[test]
fn pay_is_said_by_those_who_may() {
    run(async {
        let company = Company::with_pack("generic").await;
        let officer = company
            .organization
            .caller(&["employees:read", "employees:write", "imports:read", "imports:write"])
            .await;
        let without = "employee_number,given_name,family_name,hired_on\nE-1,Ana,Ion,2026-01-01\n";
        import(&officer, "", without).await.is(200);
        let with = "employee_number,given_name,family_name,hired_on,basis,amount,pay_group\nE-2,Ben,Ion,2026-01-01,monthly,100,STAFF\nE-3,Dan,Ion,2026-01-01,,,\n";
        let refused = import(&officer, "", with).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/2/amount".to_owned(), "forbidden".to_owned())]);
        assert_eq!(how_many(&company, "compensations").await, 0);
        let paymaster = company.organization.caller(&["employees:write", "compensations:write"]).await;
        import(&paymaster, "", with).await.is(200);
        assert_eq!(how_many(&company, "compensations").await, 1);
    });
}

/// So many people, each with everything; number n reports to n / 8.
fn crowd(people: usize) -> String {
    let mut file = HEADER.to_owned();
    for number in (0..people).rev() {
        let manager = if number == 0 { String::new() } else { format!("N-{}", number / 8) };
        let position = if number < people / 8 { "Head of finance" } else { "Accountant" };
        let _ = writeln!(
            file,
            "N-{number},Person,Number {number},2026-03-02,FIN,{position},{manager},office,1,permanent,,monthly,{}.50,EUR,STAFF,2026-03-02",
            3000 + number % 1000
        );
    }
    file
}

#[test]
fn a_batch_costs_the_same_statements_whatever_its_size() {
    run(async {
        let counted = Counted::start();
        let mut costs = Vec::new();
        for people in [8, 1000] {
            let company = Company::with_pack("generic").await;
            structure(&company, 10_000).await;
            for _ in 0..4 {
                company.owner.request(Method::GET, "/v1/pay-groups").to(counted.base()).send().await.is(200);
            }
            let file =
                company.owner.request(Method::POST, "/v1/hires/import").body("text/csv", crowd(people));
            let (done, cost) = counted.cost("import_hires", file).await;
            assert_eq!(done["created"], people);
            costs.push(cost);
        }
        assert_eq!(costs[0], costs[1]);
        assert!(costs[0] > 10 && costs[0] <= 32, "{costs:?}");
    });
}

/// So many people in one file, which a job takes in.
async fn take_in(company: &Company, people: usize) -> Value {
    let taken = import(&company.owner, "", &crowd(people)).await.is(202);
    let job = format!("/v1/jobs/{}?wait=10", text(&taken["job_id"]));
    for _ in 0..30 {
        let status = text(&company.owner.get(&job).await.is(200)["status"]);
        if ["succeeded", "failed", "cancelled"].contains(&status.as_str()) {
            break;
        }
    }
    company.owner.get(&format!("/v1/imports/{}", id(&taken))).await.is(200)
}

#[test]
fn who_is_worked_out_in_several_pieces_is_paid_as_in_one() {
    run(async {
        let company = Company::with_pack("generic").await;
        structure(&company, 2_600).await;
        assert_eq!(take_in(&company, 2_600).await["created"], 2_600);
        let run = company.calculated("2026-04").await;
        // 3000.50 to 3999.50 twice, 3499.50 × 1000 each, and 3000.50 to 3599.50, 3300 × 600: 2 × 3500000 + 1980000.
        assert_eq!((&run["employees"], &run["gross_amount"]), (&json!(2_600), &json!("8980000.00")));
        let slips = async |sort: &str| {
            let page = format!("/v1/payslips?payroll_run_id={}&count=true&sort={sort}&limit=100", id(&run));
            company.owner.get(&page).await.is(200)
        };
        let (first, last) = (slips("id").await, slips("-id").await);
        assert_eq!(first["total"], 2_600);
        // Again it gives the same, of both pieces.
        let again = company.owner.act(&format!("{}/calculate", path(&run))).await.is(200);
        assert_eq!((&again["employees"], &again["gross_amount"]), (&json!(2_600), &json!("8980000.00")));
        assert_eq!(
            (slips("id").await["data"].clone(), slips("-id").await["data"].clone()),
            (first["data"].clone(), last["data"].clone())
        );
    });
}

#[test]
fn ten_thousand_come_in_one_file() {
    run(async {
        let company = Company::with_pack("generic").await;
        structure(&company, 10_000).await;
        let began = Instant::now();
        let done = take_in(&company, 10_000).await;
        println!("10,000 people with assignment and pay: {:.1} s", began.elapsed().as_secs_f32());
        assert_eq!((counts(&done), done["status"].as_str()), ([10_000, 0, 0, 0], Some("done")), "{done:#}");
        assert_eq!(
            (how_many(&company, "employees").await, how_many(&company, "compensations").await),
            (10_000, 10_000)
        );
    });
}
