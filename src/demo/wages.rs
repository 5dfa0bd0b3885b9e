//! Two years of the demo company's payrolls, over the API, as its own people would: the payroll officer calculates, the accounting
//! manager agrees, the accountant books and has the bank pay.
use super::books::{amount, iban};
use super::clerk::{Clerk, text};
use crate::Done;
use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write;

/// Euros of a month in 2024, by what the title of a post has in it; the last stands for all others.
const SALARIES: &[(&str, u32)] = &[
    ("Chief", 9_800),
    ("General counsel", 8_200),
    ("director", 7_400),
    ("Head of", 7_200),
    ("manager", 5_900),
    ("Controller", 4_700),
    ("Lawyer", 4_600),
    ("leader", 4_100),
    ("ngineer", 4_300),
    ("", 2_650),
];

/// The ledger account of the bank account that wages leave.
pub const WAGES_ACCOUNT: &str = "1015";

/// Who pays everybody.
pub struct Payroll {
    officer: Clerk,
    group: String,
    bank_account: Value,
}

/// What a month's payroll came to, in euros.
pub struct Wages {
    /// What people get.
    pub net: Decimal,
    /// What goes to the state and to the pension fund, of both sides.
    pub dues: Decimal,
}

impl Payroll {
    /// Whom the company pays how much from their first day on, and where to.
    pub async fn begin(
        base: &str,
        domain: &str,
        password: &str,
        accountant: &Clerk,
        manager: &Clerk,
    ) -> Done<Self> {
        let officer = Clerk::sign_in(base, &format!("payroll-officer@{domain}"), password).await?;
        let hr = Clerk::sign_in(base, &format!("hr-manager@{domain}"), password).await?;
        let account = json!({"code": WAGES_ACCOUNT, "name": "Bank, wages", "type": "asset", "role": "bank"});
        let account = accountant.post("wages account", "/v1/accounts", &account).await?;
        let bank_account = json!({"name": "Wages account", "iban": iban("MERI0417164301"), "currency": "EUR", "account_id": account["id"]});
        let bank_account = manager.post("wages bank account", "/v1/bank-accounts", &bank_account).await?;
        let group = json!({"code": "STAFF", "name": "Staff", "pay_day": 31, "paid_in": "same_month"});
        let group = officer.post("pay group", "/v1/pay-groups", &group).await?;
        let group = text(&group["id"]);
        let pack = json!({"pay_group_id": group, "pack": "generic", "starts_on": "2024-01-01"});
        officer.post("pay pack", "/v1/pay-components/load-pack", &pack).await?;

        let positions: HashMap<String, String> = officer
            .all("/v1/positions")
            .await?
            .iter()
            .map(|position| (text(&position["id"]), text(&position["title"])))
            .collect();
        let (mut agreed, mut raised, mut banks) = (
            "employee_number,effective_on,basis,amount,pay_group,reason\n".to_owned(),
            "employee_number,effective_on,basis,amount,pay_group,reason\n".to_owned(),
            "employee_number,iban\n".to_owned(),
        );
        for (place, employee) in officer.all("/v1/employees").await?.iter().enumerate() {
            let title = positions.get(&text(&employee["position_id"])).map_or("", String::as_str);
            let known = SALARIES.iter().find(|(word, _)| title.contains(word));
            // So that not everybody in a post earns the same.
            let salary = known.map_or(0, |(_, euros)| *euros) + 25 * u32::try_from(place % 9)?;
            let (number, hired_on) = (text(&employee["employee_number"]), text(&employee["hired_on"]));
            writeln!(agreed, "{number},{hired_on},monthly,{salary}.00,STAFF,Hired")?;
            if hired_on.parse::<NaiveDate>()?.year() < 2025 {
                let more = (Decimal::from(salary) * Decimal::new(103, 2)).round_dp(2);
                writeln!(raised, "{number},2025-01-01,monthly,{more},STAFF,Yearly raise")?;
            }
            writeln!(banks, "{number},{}", iban(&format!("MERI{:010}", 5_550_000_000 + place)))?;
        }
        for (what, rows) in [("agreed", agreed), ("raised", raised)] {
            officer.send_once(&format!("pay {what}"), "/v1/compensations/import", "text/csv", rows).await?;
        }
        hr.send_once("bank details", "/v1/personal-data/import", "text/csv", banks).await?;
        Ok(Self { officer, group, bank_account: bank_account["id"].clone() })
    }

    /// Pays the month: everybody, on its last day.
    pub async fn pay(&self, last: NaiveDate, accountant: &Clerk, manager: &Clerk) -> Done<Wages> {
        let period = last.format("%Y-%m").to_string();
        let key = format!("payroll {period}");
        if last.month() == 12 {
            self.add_bonuses(&period).await?;
        }
        let run = json!({"pay_group_id": self.group, "period": period});
        let run = self.officer.post(&key, "/v1/payroll-runs", &run).await?;
        self.officer.act(&key, "payroll-runs", &run, "calculate").await?;
        manager.act(&key, "payroll-runs", &run, "approve").await?;
        let post = format!("/v1/payroll-runs/{}/post", text(&run["id"]));
        let run = accountant.post(&format!("{key} post"), &post, &json!({"posted_on": last})).await?;

        let slips = self.officer.all(&format!("/v1/payslips?payroll_run_id={}", text(&run["id"]))).await?;
        let items: Vec<Value> = slips.iter().map(|slip| json!({"item_id": slip["id"]})).collect();
        let transfers = json!({"bank_account_id": self.bank_account, "pay_on": last, "items": items});
        let transfers_key = format!("{key} transfers");
        let transfers = accountant.post(&transfers_key, "/v1/payment-runs", &transfers).await?;
        manager.act(&transfers_key, "payment-runs", &transfers, "approve").await?;
        for step in ["export", "post"] {
            accountant.act(&transfers_key, "payment-runs", &transfers, step).await?;
        }
        Ok(Wages {
            net: amount(&run["net_amount"]),
            dues: amount(&run["deduction_amount"]) + amount(&run["employer_amount"]),
        })
    }

    /// At the end of the year those who sold get more.
    async fn add_bonuses(&self, period: &str) -> Done {
        let sales = self.officer.all("/v1/departments?code=SAL").await?;
        let department = sales.first().map(|sales| text(&sales["id"])).unwrap_or_default();
        let mut rows = "employee_number,period,component,amount,description\n".to_owned();
        for (place, seller) in
            self.officer.all(&format!("/v1/employees?department_id={department}")).await?.iter().enumerate()
        {
            let hired_on: NaiveDate = text(&seller["hired_on"]).parse()?;
            if hired_on.format("%Y-%m").to_string().as_str() <= period {
                let number = text(&seller["employee_number"]);
                writeln!(rows, "{number},{period},BONUS,{}.00,What was sold", 400 + 150 * (place % 5))?;
            }
        }
        let key = format!("bonuses {period}");
        self.officer.send_once(&key, "/v1/payroll-inputs/import", "text/csv", rows).await?;
        Ok(())
    }
}
