//! What people earn, and what payslips are made of.
use crate::support::run;
use crate::{Company, faults, id, text};
use serde_json::{Value, json};

/// A component of the group with these fields.
async fn component(company: &Company, fields: Value) -> crate::support::Answer {
    let mut component = json!({"pay_group_id": company.group, "code": "X", "name": "X", "kind": "figure", "method": "percent", "rate": "10",
        "base": [{"component": "GROSS"}], "starts_on": "2026-01-01"});
    component.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    company.owner.post("/v1/pay-components", component).await
}

fn pair(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

#[test]
fn nothing_is_worked_out_from_itself_however_long_the_way() {
    run(async {
        let company = Company::with_pack("generic").await;
        component(&company, json!({"code": "A"})).await.is(201);
        let b = component(&company, json!({"code": "B", "base": [{"component": "A"}]})).await.is(201);
        component(&company, json!({"code": "C", "conditions": [{"component": "B", "from": "1"}]}))
            .await
            .is(201);
        let of_itself = component(&company, json!({"code": "D", "base": [{"component": "D"}]}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&of_itself), [pair("/base", "closes-a-ring")]);
        let ring = json!({"base": [{"component": "A"}, {"component": "C", "is_subtracted": true}]});
        let ring = company
            .owner
            .patch(&format!("/v1/pay-components/{}", id(&b)), ring)
            .await
            .is_problem(422, "invalid-input");
        assert!(text(&ring["errors"][0]["detail"]).contains("B ← C ← B"), "{ring}");
        let nowhere =
            component(&company, json!({"code": "E", "base": [{"component": "GROSS"}, {"component": "NO"}]}))
                .await;
        assert_eq!(
            faults(&nowhere.is_problem(422, "invalid-input")),
            [pair("/base/1/component", "unknown-reference")]
        );
        // What others are worked out from stays.
        company.owner.delete(&format!("/v1/pay-components/{}", id(&b))).await.is_problem(409, "conflict");
    });
}

#[test]
fn a_table_has_no_gap_no_overlap_and_no_end() {
    run(async {
        let company = Company::with_pack("generic").await;
        let table = async |rows: Value| {
            let table =
                json!({"code": "T", "method": "progressive_brackets", "rate": null, "brackets": rows});
            component(&company, table).await
        };
        let row = |from: &str, to: Option<&str>| json!({"from": from, "to": to, "rate": "10"});
        let gap =
            table(json!([row("0", Some("100")), row("150", None)])).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&gap), [pair("/brackets/1/from", "leaves-a-gap")]);
        let many = table(json!([row("10", Some("100")), row("50", Some("40")), row("40", Some("60"))])).await;
        let many = faults(&many.is_problem(422, "invalid-input"));
        assert_eq!(
            many,
            [
                pair("/brackets/0/from", "leaves-a-gap"),
                pair("/brackets/1/from", "overlaps"),
                pair("/brackets/1/to", "not-after-from"),
                pair("/brackets/2/to", "leaves-a-gap"),
            ]
        );
        table(json!([row("0", Some("100")), row("100", None)])).await.is(201);
        // A second one under the same code for the same days.
        table(json!([row("0", None)])).await.is_problem(409, "conflict");
    });
}

#[test]
fn what_one_earns_is_ones_own_to_see_and_others_to_set() {
    run(async {
        let company = Company::with_pack("generic").await;
        let (ana, ben) = (
            company.hire("Ana", "2026-01-01", "4000").await,
            company.hire("Ben", "2026-01-01", "3000").await,
        );
        let herself = company.organization.employee(&ana, &["compensations:read=own"]).await;
        let hers = herself.get("/v1/compensations").await.is(200);
        assert_eq!(
            (hers["data"].as_array().unwrap().len(), &hers["data"][0]["amount"]),
            (1, &json!("4000.00"))
        );
        let his = company.owner.get(&format!("/v1/compensations?employee_id={ben}")).await.is(200);
        herself.get(&format!("/v1/compensations/{}", id(&his["data"][0]))).await.is_problem(404, "not-found");
        // Two from one day on are one too many.
        let twice = json!({"employee_id": ana, "effective_on": "2026-01-01", "basis": "monthly", "amount": "1", "pay_group_id": company.group});
        company.owner.post("/v1/compensations", twice).await.is_problem(409, "conflict");
        let foreign = json!({"employee_id": ana, "effective_on": "2026-02-01", "basis": "monthly", "amount": "1", "pay_group_id": company.group, "currency": "USD"});
        let foreign = company.owner.post("/v1/compensations", foreign).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&foreign), [pair("/currency", "other-currency")]);
    });
}
