//! Whatever is paid: payslips, ledger and payments agree.
use crate::Company;
use crate::support::run;
use crate::{dec, id, path};
use rust_decimal::Decimal;
use serde_json::json;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A number below `most` that follows from the seed and the place: the same in every run.
fn pick(seed: u64, place: u64, most: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, place).hash(&mut hasher);
    hasher.finish() % most
}

#[test]
fn register_ledger_and_payments_agree_for_any_payroll() {
    run(async {
        for seed in 0..4 {
            let company = Company::with_pack(if seed % 2 == 0 { "ro" } else { "generic" }).await;
            let owner = &company.owner;
            let departments = [owner.department("Work", None).await, owner.department("Office", None).await];
            let mut people = Vec::new();
            for place in 0..5 {
                let day =
                    format!("2026-{:02}-{:02}", 1 + pick(seed, place, 3), 1 + pick(seed, place + 50, 28));
                let salary =
                    Decimal::new(i64::try_from(300_000 + pick(seed, place + 100, 900_000)).unwrap(), 2);
                let who = company.hire("Somebody", &day, &salary.to_string()).await;
                let department = json!({"department_id": departments[usize::try_from(place).unwrap() % 2]});
                owner.patch(&format!("/v1/employees/{who}"), department).await.is(200);
                people.push(who);
            }
            for (month, period) in ["2026-01", "2026-02", "2026-03", "2026-04"].iter().enumerate() {
                let month = u64::try_from(month).unwrap();
                let lucky = &people[usize::try_from(pick(seed, 200 + month, 5)).unwrap()];
                let bonus = json!({"employee_id": lucky, "period": period, "component": "BONUS", "amount": Decimal::new(i64::try_from(pick(seed, 300 + month, 99_999)).unwrap(), 2).to_string()});
                let given = owner.post("/v1/payroll-inputs", bonus).await;
                assert!([201, 422].contains(&given.status), "{}", given.text); // who is not employed yet gets none
                if month == 3 {
                    // A raise that is dated back by some days of months that are paid.
                    let day = format!("2026-02-{:02}", 1 + pick(seed, 400, 28));
                    let raise = json!({"employee_id": people[0], "effective_on": day, "basis": "monthly", "amount": "12345.67", "pay_group_id": company.group});
                    let raised = owner.post("/v1/compensations", raise).await;
                    assert!([201, 409].contains(&raised.status), "{}", raised.text);
                }
                let posted = company.posted(period).await;
                // The sum of the payslips is what the run says, line by line.
                let slips = owner
                    .get(&format!("/v1/payslips?payroll_run_id={}&limit=200", id(&posted)))
                    .await
                    .is(200);
                let (mut net, mut of_lines) = (Decimal::ZERO, Decimal::ZERO);
                for slip in slips["data"].as_array().unwrap() {
                    net += dec(slip["net_amount"].as_str().unwrap());
                    for line in slip["lines"].as_array().unwrap() {
                        let amount = dec(line["amount"].as_str().unwrap());
                        match line["kind"].as_str().unwrap() {
                            "earning" | "claim" => of_lines += amount,
                            "deduction" => of_lines -= amount,
                            _ => {}
                        }
                    }
                }
                let said = dec(posted["net_amount"].as_str().unwrap());
                assert_eq!((net, of_lines), (said, said), "{seed} {period}");
                company.is_whole().await;
                let open = owner.get(&path(&posted)).await.is(200);
                assert_eq!(open["open_amount"], posted["net_amount"]);
            }
        }
    });
}
