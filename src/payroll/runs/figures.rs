//! Payslips worked out by hand, and by the engine. The Romanian ones are of 2025: minimum gross wage 4,050 lei, of which 300 bear nothing; CAS 25 %,
//! CASS 10 %, tax 10 %, CAM 2.25 %, in whole lei.
use crate::engine::{LineKind, PayslipLine, Plan, made_good};
use crate::facts::{Agreed, Facts, InputFact, Overtime, Piece};
use compensation::compensations::{CompensationBasis, CompensationExtra};
use compensation::pay_components::PayComponent;
use platform::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The components of a pack, as a group has them that loaded it.
fn pack(text: &str) -> Vec<PayComponent> {
    let pack: Value = serde_json::from_str(text).unwrap();
    let nil = Uuid::nil();
    let component = |given: &Value| {
        let mut all = json!({
            "id": nil, "version": 1, "pay_group_id": nil, "source": "given", "amount": null, "rate": null, "base": [], "allowance": null, "floor": null,
            "cap": null, "brackets": [], "conditions": [], "is_prorated": false, "rounding": "half_up", "rounding_to": "0.01", "account_id": nil,
            "counter_account_id": nil, "cost_centre_id": null, "statutory": null, "starts_on": "2025-01-01", "ends_on": null,
            "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z",
        });
        for (field, value) in given.as_object().unwrap() {
            all[field] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    };
    pack["components"].as_array().unwrap().iter().map(component).collect()
}

fn romanian() -> Plan {
    plan(&pack(include_str!("../compensation/packs/ro.json")))
}

fn plan(components: &[PayComponent]) -> Plan {
    let Ok(plan) = Plan::of(components, "2025-03-31".parse().unwrap()) else { panic!("no order") };
    plan
}

/// A month of 20 working days, all of them worked, for so much a month.
fn month(amount: &str) -> Facts {
    let piece = piece(amount, "20");
    let agreed = Agreed { basis: CompensationBasis::Monthly, amount: dec(amount), extras: Vec::new() };
    Facts { month_days: dec("20"), pieces: vec![piece], agreed: Some(agreed), ..Facts::none() }
}

fn piece(amount: &str, days: &str) -> Piece {
    Piece {
        starts_on: "2025-03-03".parse().unwrap(),
        basis: Some(CompensationBasis::Monthly),
        amount: Some(dec(amount)),
        days: dec(days),
        hours: dec(days) * dec("8"),
        unpaid_days: Decimal::ZERO,
        unpaid_hours: Decimal::ZERO,
        paid_leave_days: Decimal::ZERO,
    }
}

/// The amounts of these components; 0 where there is no line.
fn amounts<const N: usize>(lines: &[PayslipLine], codes: [&str; N]) -> [String; N] {
    codes.map(|code| {
        let own = lines.iter().filter(|line| line.component == code).map(|line| line.amount.0);
        own.sum::<Decimal>().normalize().to_string()
    })
}

fn net(lines: &[PayslipLine]) -> Decimal {
    let sum = |kind: LineKind| {
        lines.iter().filter(|line| line.kind == kind).map(|line| line.amount.0).sum::<Decimal>()
    };
    sum(LineKind::Earning) - sum(LineKind::Deduction)
}

fn slip(plan: &Plan, facts: &Facts) -> Vec<PayslipLine> {
    let (lines, troubles) = plan.work_out(facts, "2025-03");
    assert_eq!(troubles, vec![]);
    lines
}

#[test]
fn the_minimum_wage_in_romania() {
    // 4050 - 300 = 3750: CAS 937.50 → 938, CASS 375, deduction 20 % of 4050 = 810; taxable 3750 - 938 - 375 - 810 = 1627 → 163.
    // Net 4050 - 938 - 375 - 163 = 2574. CAM 3750 × 2.25 % = 84.375 → 84.
    let lines = slip(&romanian(), &month("4050"));
    let told = amounts(&lines, ["UNTAXED", "CAS", "CASS", "DEDUCTION", "TAXABLE", "TAX", "CAM"]);
    assert_eq!(told, ["300", "938", "375", "810", "1627", "163", "84"]);
    assert_eq!(net(&lines), dec("2574"));
    // Each says how it came about.
    let formula = |code: &str| lines.iter().find(|line| line.component == code).unwrap().formula.clone();
    assert_eq!(formula("SALARY"), "4050.00 × 20 of 20 days");
    assert_eq!(formula("CAS"), "25 % of 3750.00, cap none");
    assert_eq!(formula("UNTAXED"), "300.00, of 4050.00, cap none");
}

#[test]
fn a_wage_above_the_minimum_with_two_dependants() {
    // 5000 is 950 above the minimum, the 19th step of 50: 20 - 9.5 = 10.5 %, and 10 % more for two: 425.25 + 405 = 830.25 → 830.
    // CAS 1250, CASS 500; taxable 5000 - 1750 - 830 = 2420 → 242. Net 3008.
    let facts = Facts { dependants: 2, ..month("5000") };
    let lines = slip(&romanian(), &facts);
    let told = amounts(&lines, ["UNTAXED", "CAS", "CASS", "DEDUCTION", "TAX"]);
    assert_eq!(told, ["0", "1250", "500", "830", "242"]);
    assert_eq!(net(&lines), dec("3008"));
}

#[test]
fn a_wage_at_the_average_and_beyond_all_deductions() {
    // 8620: CAS 2155, CASS 862, no deduction above 6050; taxable 5603 → 560.30 → 560. Net 8620 - 2155 - 862 - 560 = 5043. CAM 193.95 → 194.
    let lines = slip(&romanian(), &Facts { dependants: 4, ..month("8620") });
    assert_eq!(
        amounts(&lines, ["CAS", "CASS", "DEDUCTION", "TAX", "CAM"]),
        ["2155", "862", "0", "560", "194"]
    );
    assert_eq!(net(&lines), dec("5043"));
    let lines = slip(&romanian(), &month("10000"));
    assert_eq!(net(&lines), dec("5850")); // 10000 - 2500 - 1000 - 650
}

#[test]
fn the_steps_of_the_personal_deduction_end_where_the_law_says() {
    let deduction = |gross: &str, dependants| {
        amounts(&slip(&romanian(), &Facts { dependants, ..month(gross) }), ["DEDUCTION"])[0].clone()
    };
    assert_eq!(deduction("4100", 0), "790"); // 19.5 %: 789.75
    assert_eq!(deduction("4100.01", 0), "770"); // 19 %: 769.50
    assert_eq!(deduction("6050", 0), "0");
    assert_eq!(deduction("6050", 4), "1013"); // 25 %: 1012.50
    assert_eq!(deduction("6050.01", 4), "0");
}

#[test]
fn who_joins_within_the_month_gets_the_part_of_its_working_days() {
    // 11 of 20 days of 6000: 3300.
    let facts = Facts { pieces: vec![piece("6000", "11")], ..month("6000") };
    let lines = slip(&romanian(), &facts);
    assert_eq!(amounts(&lines, ["SALARY", "CAS", "CASS"]), ["3300", "825", "330"]);
    // The 300 lei are for the part of the month, too: 165.
    let facts = Facts { pieces: vec![piece("4050", "11")], ..month("4050") };
    let lines = slip(&romanian(), &facts);
    assert_eq!(amounts(&lines, ["SALARY", "UNTAXED"]), ["2227.5", "165"]);
    let untaxed = lines.iter().find(|line| line.component == "UNTAXED").unwrap();
    assert_eq!(untaxed.formula, "(300.00, of 2227.50, cap none) × 11 of 20 days");
}

#[test]
fn a_raise_within_the_month_and_unpaid_days() {
    // 5 days at 4000 and 15 at 5000, of which 3 are not paid: (5 × 4000 + 12 × 5000) / 20 = 4000.
    let unpaid = Piece { unpaid_days: dec("3"), unpaid_hours: dec("24"), ..piece("5000", "15") };
    let facts = Facts { pieces: vec![piece("4000", "5"), unpaid], ..month("5000") };
    let lines = slip(&romanian(), &facts);
    assert_eq!(amounts(&lines, ["SALARY"]), ["4000"]);
    assert_eq!(lines[0].formula, "4000.00 × 5 of 20 days + 5000.00 × 12 of 20 days");
}

#[test]
fn leave_that_is_left_is_paid_out_by_the_day() {
    // 6000 / 20 = 300 a day; 4.5 days are 1350.
    let lines = slip(&romanian(), &Facts { leave_days_left: dec("4.5"), ..month("6000") });
    assert_eq!(amounts(&lines, ["LEAVE_PAYOUT", "GROSS"]), ["1350", "7350"]);
}

#[test]
fn overtime_bears_its_rule_and_at_least_what_the_component_says() {
    // 4800 / 20 / 8 = 30 an hour: 10 hours × 1.75, and 2 hours twice: 525 + 120.
    let over = |multiplier: &str, hours: &str| Overtime { multiplier: dec(multiplier), hours: dec(hours) };
    let facts = Facts { overtime: vec![over("1.5", "10"), over("2", "2")], ..month("4800") };
    assert_eq!(amounts(&slip(&romanian(), &facts), ["OVERTIME"]), ["645"]);
}

#[test]
fn a_raise_that_is_dated_back_is_made_good_line_by_line() {
    let plan = romanian();
    let (before, now) = (slip(&plan, &month("8000")), slip(&plan, &month("8500")));
    let lines = made_good(&now, &before, "2025-01");
    // 500 more: CAS 125, CASS 50, tax (500 - 175) × 10 % = 32.50: of 5525 → 553 less of 5200 → 520 = 33; CAM 191.25 → 191 less 180 = 11.
    assert_eq!(amounts(&lines, ["SALARY", "CAS", "CASS", "TAX", "CAM"]), ["500", "125", "50", "33", "11"]);
    assert!(lines.iter().all(|line| line.period == "2025-01" && line.kind != LineKind::Figure));
    assert_eq!(lines[0].formula, "8500.00 for 2025-01, less 8000.00 paid");
    assert_eq!(made_good(&now, &now, "2025-01"), vec![]);
    // Who should have got nothing gives all of it back.
    assert_eq!(amounts(&made_good(&[], &before, "2025-01"), ["SALARY", "CAS"]), ["-8000", "-2000"]);
}

#[test]
fn hours_are_paid_as_timesheets_have_them_or_as_they_are_planned() {
    let hourly =
        Piece { basis: Some(CompensationBasis::Hourly), paid_leave_days: dec("1"), ..piece("25", "20") };
    let agreed = Agreed { basis: CompensationBasis::Hourly, amount: dec("25"), extras: Vec::new() };
    let planned = Facts { pieces: vec![hourly], agreed: Some(agreed), ..month("1") };
    assert_eq!(amounts(&slip(&romanian(), &planned), ["SALARY"]), ["4000"]); // 160 hours
    let worked = Facts { worked_hours: dec("150"), ..planned };
    assert_eq!(amounts(&slip(&romanian(), &worked), ["SALARY"]), ["3950"]); // 150 hours and 8 of paid leave
}

#[test]
fn tables_take_each_part_by_its_row_and_a_year_is_a_twelfth_a_month() {
    // 60000 a year are 5000; pension 250; taxable 4750: 0, 10 % of 3000, 20 % of 750 = 450.
    let plan = plan(&pack(include_str!("../compensation/packs/generic.json")));
    let yearly = Piece { basis: Some(CompensationBasis::Yearly), ..piece("60000", "20") };
    let extras = vec![CompensationExtra { component: "BONUS".into(), amount: dec("100") }];
    let agreed = Agreed { basis: CompensationBasis::Yearly, amount: dec("60000"), extras: Vec::new() };
    let facts = Facts { pieces: vec![yearly.clone()], agreed: Some(agreed.clone()), ..month("1") };
    let lines = slip(&plan, &facts);
    assert_eq!(
        amounts(&lines, ["SALARY", "PENSION", "INCOME_TAX", "EMPLOYER_PENSION"]),
        ["5000", "250", "450", "500"]
    );
    let tax = lines.iter().find(|line| line.component == "INCOME_TAX").unwrap();
    assert_eq!(tax.formula, "0 % of 1000.00 + 10 % of 3000.00 + 20 % of 750.00, cap none");
    // What comes each month, and what comes once.
    let input = |component: &str, amount: &str| InputFact {
        component: component.into(),
        amount: Some(dec(amount)),
        quantity: None,
    };
    let agreed = Agreed { extras, ..agreed };
    let facts =
        Facts { agreed: Some(agreed), inputs: vec![input("BONUS", "50"), input("NO_SUCH", "1")], ..facts };
    let (lines, troubles) = plan.work_out(&facts, "2025-03");
    assert_eq!(amounts(&lines, ["BONUS"]), ["150"]);
    assert_eq!(troubles.iter().map(|each| each.code).collect::<Vec<_>>(), ["unknown-component"]);
}

#[test]
fn what_can_not_be_worked_out_is_told_and_the_rest_is() {
    let nothing = Piece { basis: None, amount: None, ..piece("1", "5") };
    let facts = Facts { pieces: vec![nothing, piece("4000", "15")], ..month("4000") };
    let (lines, troubles) = romanian().work_out(&facts, "2025-03");
    assert_eq!(troubles.iter().map(|each| each.code).collect::<Vec<_>>(), ["no-compensation"]);
    assert_eq!(amounts(&lines, ["SALARY"]), ["3000"]);
    // What is beyond any money ends that payslip alone.
    let (lines, troubles) = romanian().work_out(&month("999999999999999"), "2025-03");
    assert!(!lines.is_empty() && troubles.is_empty());
    let bonus = InputFact { component: "BONUS".into(), amount: Some(dec("999999999999999")), quantity: None };
    let facts = Facts { inputs: vec![bonus], ..month("999999999999999") };
    let (lines, troubles) = romanian().work_out(&facts, "2025-03");
    assert_eq!((lines.len(), troubles[0].code), (0, "out-of-range"));
}
