//! Expenses: what employees spend, what the policy allows, who agrees, and how they get it back.
use crate::reports::follow_for;
use crate::shop::{faults, id, told};
use crate::support::{Answer, Caller, run, service};
use crate::{Company, decimal, text};
use futures_util::future::join;
use serde_json::{Value, json};

/// Ana and Ben report to Mira; somebody books, somebody pays, and somebody above all of them can say yes as well.
struct Travellers {
    company: Company,
    ana: Caller,
    /// Ana as an employee.
    ana_id: String,
    ben: Caller,
    mira: Caller,
    mira_id: String,
    accountant: Caller,
    cashier: Caller,
    director: Caller,
}

const CLAIMANT: &[&str] = &[
    "expense-claims:read=own",
    "expense-claims:write=own",
    "expense-categories:read",
    "files:read=own",
    "files:write=own",
    "approvals:read=own",
    "approvals:write=own",
];

impl Travellers {
    async fn new() -> Self {
        let company = Company::new().await;
        let owner = &company.owner;
        let mira_id = owner.hire("Mira", None).await;
        let (ana_id, ben_id) =
            (owner.hire("Ana", Some(&mira_id)).await, owner.hire("Ben", Some(&mira_id)).await);
        let firm = &company.organization;
        let mut leads = CLAIMANT[1..].to_vec();
        leads.extend(["expense-claims:read=team", "expense-claims:approve=team", "approvals:approve=own"]);
        Self {
            ana: firm.employee(&ana_id, CLAIMANT).await,
            ben: firm.employee(&ben_id, CLAIMANT).await,
            mira: firm.employee(&mira_id, &leads).await,
            accountant: firm
                .caller(&[
                    "expense-claims:read",
                    "expense-claims:post",
                    "expense-claims:void",
                    "parties:read",
                ])
                .await,
            cashier: firm.caller(&["expense-claims:read", "expense-claims:run"]).await,
            director: firm.caller(&["expense-claims:read", "expense-claims:approve"]).await,
            ana_id,
            mira_id,
            company,
        }
    }

    /// A category on travel with these fields.
    async fn category(&self, code: &str, fields: Value) -> String {
        let mut category = json!({"code": code, "name": code, "account_id": self.company.account("6210")});
        category.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        id(&self.company.owner.post("/v1/expense-categories", category).await.is(201))
    }

    /// A tax on purchases of this rate.
    async fn tax(&self, code: &str, rate: &str) -> String {
        let tax = json!({"code": code, "name": code, "direction": "purchase", "kind": "standard",
            "rates": [{"rate": rate, "from_on": "2020-01-01"}]});
        id(&self.company.owner.post("/v1/tax-codes", tax).await.is(201))
    }

    async fn claim(&self, lines: Value) -> Value {
        self.ana.post("/v1/expense-claims", json!({"title": "Vienna", "lines": lines})).await.is(201)
    }

    /// The same, handed in and approved by Mira.
    async fn approved(&self, lines: Value) -> Value {
        let path = path(&self.claim(lines).await);
        self.ana.act(&format!("{path}/submit")).await.is(200);
        self.mira.act(&format!("{path}/approve")).await.is(200)
    }

    /// The same, booked on the last day of March.
    async fn posted(&self, lines: Value) -> Value {
        let claim = self.approved(lines).await;
        self.try_to_post(&claim).await.is(200)
    }

    async fn try_to_post(&self, claim: &Value) -> Answer {
        self.accountant.post(&format!("{}/post", path(claim)), json!({"posted_on": "2026-03-31"})).await
    }

    async fn reimburse(&self, claim: &Value, amount: Option<&str>) -> Answer {
        let how =
            json!({"account_id": self.company.account("1010"), "paid_on": "2026-04-10", "amount": amount});
        self.cashier.post(&format!("{}/reimburse", path(claim)), how).await
    }

    /// What these accounts hold at the end of April.
    async fn hold<const N: usize>(&self, codes: [&str; N]) -> Vec<String> {
        let mut held = Vec::new();
        for code in codes {
            let balance = self.company.balance(self.company.account(code), "2026-04-30").await;
            held.push(balance.normalize().to_string());
        }
        held
    }

    /// The books are in order, and what is open is what the account of employees holds.
    async fn is_whole(&self) {
        let proof = self.company.owner.get("/v1/reports/integrity").await.is(200);
        assert_eq!(proof["holds"], true, "{proof}");
        let owed = self.company.account("2220").to_owned();
        let open = "select coalesce(sum(case side when 'debit' then open_base_amount else -open_base_amount end), 0)::text
            from open_items where org_id = $1 and account_id = $2::text::uuid";
        let database = service().database().await;
        let open: String =
            database.query_one(open, &[&self.company.organization.id, &owed]).await.unwrap().get(0);
        assert_eq!(decimal(&open), self.company.balance(&owed, "2026-12-31").await);
    }
}

fn path(claim: &Value) -> String {
    format!("/v1/expense-claims/{}", id(claim))
}

fn line(category: &str, amount: &str) -> Value {
    json!({"spent_on": "2026-03-24", "category_id": category, "description": "Spent", "amount": amount})
}

fn with(mut line: Value, fields: Value) -> Value {
    line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    line
}

#[test]
fn a_trip_in_two_currencies_is_approved_by_the_manager_booked_by_another_and_paid_back_in_two_parts() {
    run(async {
        let travel = Travellers::new().await;
        let (hotel_tax, meal_tax) = (travel.tax("P10", "10").await, travel.tax("P19", "19").await);
        let hotel = travel.category("HOTEL", json!({"tax_code_id": hotel_tax})).await;
        let meals = travel.category("MEALS", json!({"tax_code_id": meal_tax})).await;
        let taxi = travel.category("TAXI", json!({})).await;
        let rate = json!({"currency": "CHF", "rated_on": "2026-03-01", "rate": "0.95"});
        travel.company.owner.post("/v1/exchange-rates", rate).await.is(201);
        let lines = json!([
            line(&hotel, "110.00"),
            with(line(&meals, "23.81"), json!({"tax_amount": "3.80"})),
            with(line(&taxi, "53.50"), json!({"currency": "CHF"}))
        ]);
        let claim = travel.claim(lines).await;
        // The hotel: 110 × 10 ÷ 110 = 10.00 of tax. The meal as its receipt says, where 23.81 × 19 ÷ 119 would be the same
        // 3.80. The taxi: 53.50 × 0.95 = 50.825, which is 50.83. Together 184.64, 13.80 of it tax.
        assert_eq!(
            told(
                &claim,
                [
                    "status",
                    "net_amount",
                    "tax_amount",
                    "total_amount",
                    "reimbursable_amount",
                    "open_amount",
                    "currency"
                ]
            ),
            ["draft", "170.84", "13.80", "184.64", "184.64", "0.00", "EUR"]
        );
        assert_eq!(
            told(
                &claim["lines"][2],
                ["amount", "currency", "exchange_rate", "tax_amount", "base_amount", "base_net_amount"]
            ),
            ["53.50", "CHF", "0.95", "0.00", "50.83", "50.83"]
        );
        assert_eq!(claim["employee_id"], travel.ana_id);
        let at = path(&claim);
        travel.mira.act(&format!("{at}/approve")).await.is_problem(409, "invalid-state");
        let submitted = travel.ana.act(&format!("{at}/submit")).await.is(200);
        assert_eq!(
            (&submitted["required_approvals"], &submitted["is_over_policy"]),
            (&json!(1), &json!(false))
        );
        travel.ana.patch(&at, json!({"title": "Graz"})).await.is_problem(409, "invalid-state");
        travel.try_to_post(&claim).await.is_problem(409, "invalid-state");
        let approved = travel.mira.act(&format!("{at}/approve")).await.is(200);
        assert_eq!(
            (&approved["status"], &approved["approvals"][0]["by"]),
            (&json!("approved"), &json!(travel.mira.user))
        );
        // Who books it needs another permission than who approves it, and who pays another one again.
        travel
            .mira
            .post(&format!("{at}/post"), json!({"posted_on": "2026-03-31"}))
            .await
            .is_problem(403, "forbidden");
        let posted = travel.try_to_post(&claim).await.is(200);
        assert_eq!(
            told(&posted, ["status", "number", "open_amount", "posted_on"]),
            ["posted", "EXP-2026-000001", "184.64", "2026-03-31"]
        );
        assert_eq!(travel.hold(["6210", "1200", "2220"]).await, ["170.84", "13.8", "-184.64"]);
        let partner = travel.accountant.get("/v1/parties?q=Ana").await.is(200)["data"][0].clone();
        assert_eq!(
            (&partner["employee_id"], &partner["is_supplier"]),
            (&json!(travel.ana_id), &json!(false))
        );
        // What somebody changes in SQL is refused, too.
        let change = "update expense_claims set title = 'Other' where org_id = $1";
        let refused =
            service().database().await.execute(change, &[&travel.company.organization.id]).await.unwrap_err();
        assert_eq!(refused.code().map(tokio_postgres::error::SqlState::code), Some("23001"), "{refused}");

        let part = travel.reimburse(&claim, Some("100.00")).await.is(200);
        assert_eq!(told(&part, ["status", "open_amount"]), ["partially_reimbursed", "84.64"]);
        let more = travel.reimburse(&claim, Some("84.65")).await.is_problem(409, "conflict");
        assert_eq!(faults(&more), [("/amount", "more-than-open")]);
        let rest = travel.reimburse(&claim, None).await.is(200);
        assert_eq!(told(&rest, ["status", "open_amount"]), ["reimbursed", "0.00"]);
        assert_eq!(travel.hold(["6210", "1200", "2220", "1010"]).await, ["170.84", "13.8", "0", "-184.64"]);
        let void = json!({"voided_on": "2026-04-11", "reason": "Late"});
        travel.accountant.post(&format!("{at}/void"), void.clone()).await.is_problem(409, "invalid-state");
        travel.is_whole().await;
        // Each part is a payment to her; what they paid is open again where the bank sends them back.
        let owner = &travel.company.owner;
        let payments = owner.get("/v1/payments?sort=-created_at").await.is(200);
        let paid: Vec<_> =
            payments["data"].as_array().unwrap().iter().map(|each| text(&each["amount"])).collect();
        assert_eq!(paid, ["84.64", "100.00"]);
        for (payment, then) in [(0, ["partially_reimbursed", "84.64"]), (1, ["posted", "184.64"])] {
            let payment = &payments["data"][payment];
            assert_eq!(payment["party_id"], partner["id"]);
            let back = json!({"voided_on": "2026-04-12", "reason": "Returned by the bank"});
            owner.post(&format!("/v1/payments/{}/void", id(payment)), back).await.is(200);
            assert_eq!(told(&travel.ana.get(&at).await.is(200), ["status", "open_amount"]), then);
        }
        travel.accountant.post(&format!("{at}/void"), void).await.is(200);
        assert_eq!(travel.hold(["6210", "1200", "2220", "1010"]).await, ["0", "0", "0", "0"]);
        travel.is_whole().await;
    });
}

#[test]
fn over_the_limit_takes_a_reason_and_two_who_agree() {
    run(async {
        let travel = Travellers::new().await;
        let hotel = travel.category("HOTEL", json!({"max_per_item": "120.00"})).await;
        let claim = travel.claim(json!([line(&hotel, "120.00"), line(&hotel, "130.00")])).await;
        assert_eq!(claim["lines"][0]["over_policy"], json!([]));
        assert_eq!(
            claim["lines"][1]["over_policy"],
            json!([{"rule": "item", "limit": "120.00", "found": "130.00"}])
        );
        let at = path(&claim);
        let refused = travel.ana.act(&format!("{at}/submit")).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/lines/1/reason", "over-policy")]);
        let told_why = with(line(&hotel, "130.00"), json!({"reason": "There was a fair, and nothing else."}));
        travel.ana.patch(&at, json!({"lines": [line(&hotel, "120.00"), told_why]})).await.is(200);
        let submitted = travel.ana.act(&format!("{at}/submit")).await.is(200);
        assert_eq!(
            (&submitted["is_over_policy"], &submitted["required_approvals"]),
            (&json!(true), &json!(2))
        );
        let once = travel.mira.act(&format!("{at}/approve")).await.is(200);
        assert_eq!(once["status"], "submitted");
        travel.mira.act(&format!("{at}/approve")).await.is_problem(403, "forbidden");
        travel.try_to_post(&claim).await.is_problem(409, "invalid-state");
        assert_eq!(travel.director.act(&format!("{at}/approve")).await.is(200)["status"], "approved");
        // Whoever takes it back begins anew.
        let again = travel.ana.act(&format!("{at}/withdraw")).await.is(200);
        assert_eq!((&again["status"], &again["approvals"]), (&json!("draft"), &json!([])));
        travel.ana.act(&format!("{at}/submit")).await.is(200);
        assert_eq!(travel.director.act(&format!("{at}/approve")).await.is(200)["status"], "submitted");
        let no = json!({"reason": "Take the other hotel."});
        let rejected = travel.mira.post(&format!("{at}/reject"), no).await.is(200);
        assert_eq!(told(&rejected, ["status", "rejection_reason"]), ["rejected", "Take the other hotel."]);
        travel.ana.patch(&at, json!({"title": "Graz"})).await.is_problem(409, "invalid-state");
        assert_eq!(travel.ana.act(&format!("{at}/revise")).await.is(200)["status"], "draft");
        travel.ana.patch(&at, json!({"title": "Graz"})).await.is(200);
    });
}

#[test]
fn nobody_approves_their_own_claim() {
    run(async {
        let travel = Travellers::new().await;
        let taxi = travel.category("TAXI", json!({})).await;
        let all = [
            "expense-claims:read",
            "expense-claims:write",
            "expense-claims:approve",
            "expense-categories:read",
        ];
        let greedy = travel
            .company
            .organization
            .employee(&travel.company.owner.hire("Greedy", None).await, &all)
            .await;
        let own = json!({"title": "Mine", "lines": [line(&taxi, "10.00")]});
        let own = path(&greedy.post("/v1/expense-claims", own).await.is(201));
        greedy.act(&format!("{own}/submit")).await.is(200);
        greedy.act(&format!("{own}/approve")).await.is_problem(403, "forbidden");
        greedy.post(&format!("{own}/reject"), json!({"reason": "No"})).await.is_problem(403, "forbidden");
        // Nor Mira, whose claim it is, nor who entered it for her; and she leads the team that she is in.
        let entered =
            json!({"employee_id": travel.mira_id, "title": "Hers", "lines": [line(&taxi, "10.00")]});
        let entered = path(&greedy.post("/v1/expense-claims", entered).await.is(201));
        greedy.act(&format!("{entered}/submit")).await.is(200);
        greedy.act(&format!("{entered}/approve")).await.is_problem(403, "forbidden");
        travel.mira.act(&format!("{entered}/approve")).await.is_problem(403, "forbidden");
        travel.director.act(&format!("{entered}/approve")).await.is(200);
    });
}

#[test]
fn limits_of_a_day_and_a_month_count_what_is_claimed_elsewhere() {
    run(async {
        let travel = Travellers::new().await;
        let meals = travel.category("MEALS", json!({"max_per_day": "40", "max_per_month": "60"})).await;
        let first = travel.claim(json!([line(&meals, "25.00")])).await;
        let second = travel.claim(json!([line(&meals, "15.00"), line(&meals, "0.01")])).await;
        // Drafts count for nothing, and neither does what others claim.
        assert_eq!(second["is_over_policy"], false);
        travel.ana.act(&format!("{}/submit", path(&first))).await.is(200);
        // 25.00 + 15.00 are 40.00; one cent more is over.
        let refused =
            travel.ana.act(&format!("{}/submit", path(&second))).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/lines/1/reason", "over-policy")]);
        assert!(
            text(&refused["errors"][0]["detail"]).contains("40.01 for `MEALS` in one day is more than 40.00"),
            "{refused}"
        );
        let theirs = json!({"title": "Ben's", "lines": [line(&meals, "40.00")]});
        assert_eq!(travel.ben.post("/v1/expense-claims", theirs).await.is(201)["is_over_policy"], false);
        // Another day of the month: 25.00 + 35.01 are more than 60.00. One of April is not of this month.
        let on = |day: &str, amount: &str| with(line(&meals, amount), json!({"spent_on": day}));
        let third = travel.claim(json!([on("2026-03-02", "35.01"), on("2026-04-01", "40.00")])).await;
        assert_eq!(
            third["lines"][0]["over_policy"],
            json!([{"rule": "month", "limit": "60.00", "found": "60.01"}])
        );
        assert_eq!(third["lines"][1]["over_policy"], json!([]));
    });
}

#[test]
fn a_receipt_is_claimed_once_by_whomever() {
    run(async {
        let travel = Travellers::new().await;
        let taxi = travel.category("TAXI", json!({"receipt_required_over": "20.00"})).await;
        let upload = async |who: &Caller, content: &str| {
            id(&who.upload("name=receipt.txt", content.to_owned()).await.is(201))
        };
        let receipt = upload(&travel.ana, "Taxi, 25.00").await;
        let lines = |receipt: &str| {
            json!([with(line(&taxi, "25.00"), json!({"receipt_file_id": receipt})), line(&taxi, "20.00")])
        };
        let claim = travel.claim(lines(&receipt)).await;
        assert_eq!(claim["is_over_policy"], false);
        let bare = travel.claim(json!([line(&taxi, "20.01")])).await;
        assert_eq!(
            bare["lines"][0]["over_policy"],
            json!([{"rule": "receipt", "limit": "20.00", "found": "20.01"}])
        );
        // It hangs on the claim: who may read that one may read it, and nobody takes it away.
        let file = travel.mira.get(&format!("/v1/files/{receipt}")).await.is(200);
        assert_eq!(told(&file, ["resource", "resource_id"]), ["expense-claims".to_owned(), id(&claim)]);
        travel.ben.get(&format!("/v1/files/{receipt}")).await.is_problem(404, "not-found");
        travel.ana.delete(&format!("/v1/files/{receipt}")).await.is_problem(409, "in-use");
        // The same paper, scanned by somebody else, or by the same one again.
        let again = upload(&travel.ben, "Taxi, 25.00").await;
        let theirs = json!({"title": "Ben's", "lines": lines(&again)});
        let refused = travel.ben.post("/v1/expense-claims", theirs).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/lines/0/receipt_file_id", "already-claimed")]);
        let other = json!({"title": "Ben's", "lines": lines(&receipt)});
        let refused = travel.ben.post("/v1/expense-claims", other).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/lines/0/receipt_file_id", "unknown-reference")]);
        // Two who hand in the same paper at once: one of them learns of the other.
        let (one, two) = (upload(&travel.ana, "Bus").await, upload(&travel.ben, "Bus").await);
        let (one, two) = join(
            travel.ana.post("/v1/expense-claims", json!({"title": "A", "lines": lines(&one)})),
            travel.ben.post("/v1/expense-claims", json!({"title": "B", "lines": lines(&two)})),
        )
        .await;
        let (won, lost) = if one.status == 201 { (one, two) } else { (two, one) };
        won.is(201);
        lost.is_problem(409, "conflict");
    });
}

#[test]
fn nobody_sees_what_others_claim_without_permission() {
    run(async {
        let travel = Travellers::new().await;
        let taxi = travel.category("TAXI", json!({})).await;
        let claim = travel.claim(json!([line(&taxi, "10.00")])).await;
        let at = path(&claim);
        travel.ben.get(&at).await.is_problem(404, "not-found");
        travel.ben.patch(&at, json!({"title": "Mine"})).await.is_problem(404, "not-found");
        travel.ben.act(&format!("{at}/submit")).await.is_problem(404, "not-found");
        assert_eq!(travel.ben.get("/v1/expense-claims").await.is(200)["data"], json!([]));
        let for_her = json!({"employee_id": travel.ana_id, "title": "Hers", "lines": [line(&taxi, "10.00")]});
        let refused = travel.ben.post("/v1/expense-claims", for_her).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/employee_id", "unknown-reference")]);
        // Who leads the team sees it, and may not write in it; who keeps the books sees all.
        for who in [&travel.ana, &travel.mira, &travel.accountant] {
            assert_eq!(id(&who.get("/v1/expense-claims").await.is(200)["data"][0]), id(&claim));
        }
        travel.mira.patch(&at, json!({"title": "Mine"})).await.is_problem(404, "not-found");
        // Who is no employee says whose it is.
        let stranger = travel.company.organization.caller(CLAIMANT).await;
        let refused =
            stranger.post("/v1/expense-claims", json!({"title": "?", "lines": [line(&taxi, "1")]})).await;
        assert_eq!(faults(&refused.is_problem(422, "invalid-input")), [("/employee_id", "required")]);
    });
}

#[test]
fn of_two_who_post_or_pay_at_once_one_is_told() {
    run(async {
        let travel = Travellers::new().await;
        let taxi = travel.category("TAXI", json!({})).await;
        let claim = travel.approved(json!([line(&taxi, "80.00")])).await;
        let (one, other) = join(travel.try_to_post(&claim), travel.try_to_post(&claim)).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let (one, other) =
            join(travel.reimburse(&claim, Some("50.00")), travel.reimburse(&claim, Some("50.00"))).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let (one, other) = join(travel.reimburse(&claim, None), travel.reimburse(&claim, None)).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(travel.hold(["6210", "2220", "1010"]).await, ["80", "0", "-80"]);
        // Two claims of somebody who is no party yet, booked at once: they become one party.
        let (first, second) = join(
            travel.approved(json!([line(&taxi, "1.00")])),
            travel.approved(json!([line(&taxi, "2.00")])),
        )
        .await;
        let (one, other) = join(travel.try_to_post(&first), travel.try_to_post(&second)).await;
        one.is(200);
        other.is(200);
        assert_eq!(
            travel.accountant.get("/v1/parties?q=Ana").await.is(200)["data"].as_array().unwrap().len(),
            1
        );
        // All of them or none, each once.
        let pay = |claims: Value| json!({"account_id": travel.company.account("1010"), "paid_on": "2026-04-10", "claims": claims});
        let both = json!([{"claim_id": id(&second)}, {"claim_id": id(&first), "amount": "0.40"}, {"claim_id": id(&first)}]);
        let refused = travel
            .cashier
            .post("/v1/expense-claims/reimburse", pay(both))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/claims/2/claim_id", "repeated")]);
        let both = json!([{"claim_id": id(&second)}, {"claim_id": id(&first), "amount": "0.40"}]);
        let paid = travel.cashier.post("/v1/expense-claims/reimburse", pay(both.clone())).await.is(200);
        assert_eq!(told(&paid["data"][0], ["status", "open_amount"]), ["reimbursed", "0.00"]);
        assert_eq!(told(&paid["data"][1], ["status", "open_amount"]), ["partially_reimbursed", "0.60"]);
        let refused = travel
            .cashier
            .post("/v1/expense-claims/reimburse", pay(both))
            .await
            .is_problem(409, "invalid-state");
        assert_eq!(faults(&refused), [("/claims/0/claim_id", "invalid-state")]);
        // From the bank or the till, and from nowhere else.
        let elsewhere = json!({"account_id": travel.company.account("6210"), "paid_on": "2026-04-10"});
        let refused = travel.cashier.post(&format!("{}/reimburse", path(&first)), elsewhere).await;
        assert_eq!(faults(&refused.is_problem(422, "invalid-input")), [("/account_id", "wrong-role")]);
        travel.is_whole().await;
    });
}

#[test]
fn a_budget_blocks_what_it_leaves_too_little_for() {
    run(async {
        let travel = Travellers::new().await;
        let owner = &travel.company.owner;
        let (taxi, tax) = (travel.category("TAXI", json!({})).await, travel.tax("P10", "10").await);
        let department = owner.department("Sales", None).await;
        let year = travel.company.year("2026").await;
        let budgeted = json!({"account_id": travel.company.account("6210"), "department_id": department, "evenly": "1200.00"});
        let budget = json!({"name": "Travel", "fiscal_year_id": year, "control": "block", "control_over": "year_to_date", "lines": [budgeted]});
        let budget = format!("/v1/budgets/{}", id(&owner.post("/v1/budgets", budget).await.is(201)));
        owner.act(&format!("{budget}/submit")).await.is(200);
        let boss = travel.company.organization.caller(&["budgets:read", "budgets:approve"]).await;
        boss.act(&format!("{budget}/approve")).await.is(200);
        // 300.00 up to the end of March, for Sales. Of 330.00 with 10 % 300.00 are spent; a cent more is too much.
        let of_sales = |amount: &str| {
            with(line(&taxi, amount), json!({"department_id": department, "tax_code_id": tax}))
        };
        let large = travel.approved(json!([line(&taxi, "500.00"), of_sales("330.02")])).await;
        let refused = travel.try_to_post(&large).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/lines/1", "over-budget")]);
        assert!(text(&refused["errors"][0]["detail"]).contains("which leaves 300.00"), "{refused}");
        assert_eq!(travel.ana.get(&path(&large)).await.is(200)["number"], Value::Null);
        let fitting = travel.posted(json!([line(&taxi, "500.00"), of_sales("330.00")])).await;
        assert_eq!(told(&fitting, ["number", "net_amount"]), ["EXP-2026-000001", "800.00"]);
    });
}

#[test]
fn what_the_company_paid_is_not_owed_and_what_is_void_is_booked_back() {
    run(async {
        let travel = Travellers::new().await;
        let tax = travel.tax("P10", "10").await;
        let hotel = travel.category("HOTEL", json!({"tax_code_id": tax})).await;
        let receipt = id(&travel.ana.upload("name=hotel.txt", "Hotel, 110.00").await.is(201));
        let card = travel.company.account("2310");
        let by_card =
            with(line(&hotel, "110.00"), json!({"paid_from_account_id": card, "receipt_file_id": receipt}));
        let claim = travel.posted(json!([by_card, line(&hotel, "55.00")])).await;
        // 165.00 in all, 15.00 of it tax; 110.00 are owed to the card, 55.00 to Ana.
        assert_eq!(
            told(&claim, ["total_amount", "reimbursable_amount", "open_amount"]),
            ["165.00", "55.00", "55.00"]
        );
        assert_eq!(travel.hold(["6210", "1200", "2310", "2220"]).await, ["150", "15", "-110", "-55"]);
        let void = |day: &str| json!({"voided_on": day, "reason": "Another company's"});
        let early = travel.accountant.post(&format!("{}/void", path(&claim)), void("2026-03-30")).await;
        assert_eq!(faults(&early.is_problem(422, "invalid-input")), [("/voided_on", "before-posting")]);
        let gone =
            travel.accountant.post(&format!("{}/void", path(&claim)), void("2026-04-02")).await.is(200);
        assert_eq!(
            told(&gone, ["status", "open_amount", "voided_on", "void_reason"]),
            ["void", "0.00", "2026-04-02", "Another company's"]
        );
        assert_eq!(travel.hold(["6210", "1200", "2310", "2220"]).await, ["0", "0", "0", "0"]);
        travel.reimburse(&claim, None).await.is_problem(409, "invalid-state");
        travel.is_whole().await;
        // What was declared is taken back on the day.
        let declared = "select string_agg(taxed_on || ' ' || trim_scale(base_tax_amount), ', ' order by taxed_on) from document_taxes where org_id = $1";
        let declared: String = service()
            .database()
            .await
            .query_one(declared, &[&travel.company.organization.id])
            .await
            .unwrap()
            .get(0);
        assert_eq!(declared, "2026-03-31 15, 2026-04-02 -15");
        for (month, taxed) in
            [("2026-03-01&ends_on=2026-03-31", "150.00"), ("2026-04-01&ends_on=2026-04-30", "-150.00")]
        {
            let path = format!("/v1/reports/tax-return?documents=true&starts_on={month}");
            let declared = travel.company.owner.get(&path).await.is(200);
            let rows: Vec<&Value> =
                declared["rows"].as_array().unwrap().iter().filter(|row| row["level"] == 3).collect();
            let [row] = rows[..] else { panic!("{declared:#}") };
            assert_eq!(row["cells"][5]["value"], taxed);
            assert!(row["cells"][5]["lines"].is_string() && row["cells"][6]["lines"].is_string(), "{row:#}");
            follow_for(&travel.company.owner, &declared).await;
        }
        // The paper can be handed in again, and what the company paid in full is settled at once.
        let again = id(&travel.ana.upload("name=again.txt", "Hotel, 110.00").await.is(201));
        let by_card =
            with(line(&hotel, "110.00"), json!({"paid_from_account_id": card, "receipt_file_id": again}));
        let claim = travel.posted(json!([by_card])).await;
        assert_eq!(told(&claim, ["status", "reimbursable_amount"]), ["reimbursed", "0.00"]);
        travel.accountant.post(&format!("{}/void", path(&claim)), void("2026-04-02")).await.is(200);
        travel.is_whole().await;
    });
}

#[test]
fn distances_and_days_are_paid_by_their_rates() {
    run(async {
        let travel = Travellers::new().await;
        let car =
            travel.category("CAR", json!({"kind": "distance", "unit": "km", "unit_rate": "0.305"})).await;
        let days = travel
            .category(
                "DAYS",
                json!({"kind": "per_diem", "unit": "day", "unit_rate": "28", "max_per_item": "70"}),
            )
            .await;
        let far = |category: &str, quantity: &str| json!({"spent_on": "2026-03-24", "category_id": category, "description": "Far", "quantity": quantity});
        // 121 × 0.305 = 36.905, which is 36.91; 2.5 × 28 = 70.00.
        let claim = travel.posted(json!([far(&car, "121"), far(&days, "2.5")])).await;
        assert_eq!(
            told(&claim["lines"][0], ["kind", "unit", "unit_rate", "quantity", "base_amount"]),
            ["distance", "km", "0.305", "121", "36.91"]
        );
        assert_eq!(told(&claim, ["total_amount", "tax_amount"]), ["106.91", "0.00"]);
        assert_eq!(travel.hold(["6210", "2220"]).await, ["106.91", "-106.91"]);
        // A rate that changes later changes nothing that was handed in.
        let owner = &travel.company.owner;
        owner.patch(&format!("/v1/expense-categories/{car}"), json!({"unit_rate": "0.50"})).await.is(200);
        assert_eq!(travel.ana.get(&path(&claim)).await.is(200)["total_amount"], "106.91");
        let without = owner.patch(&format!("/v1/expense-categories/{car}"), json!({"unit_rate": null})).await;
        assert_eq!(faults(&without.is_problem(422, "invalid-input")), [("/unit_rate", "required")]);
    });
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_nothing_is_left_behind() {
    run(async {
        let travel = Travellers::new().await;
        let owner = &travel.company.owner;
        let taxi = travel.category("TAXI", json!({})).await;
        let car =
            travel.category("CAR", json!({"kind": "distance", "unit": "km", "unit_rate": "0.30"})).await;
        let old = travel.category("OLD", json!({})).await;
        owner.act(&format!("/v1/expense-categories/{old}/archive")).await.is(200);
        let sales = json!({"code": "S19", "name": "S19", "direction": "sale", "kind": "standard", "rates": [{"rate": "19", "from_on": "2020-01-01"}]});
        let sales = id(&owner.post("/v1/tax-codes", sales).await.is(201));
        let nowhere = uuid::Uuid::now_v7().to_string();
        let lines = json!([
            line(&taxi, "0"),
            with(line(&taxi, "1.005"), json!({"project_id": nowhere})),
            with(line(&taxi, "1.00"), json!({"currency": "USD"})),
            with(line(&taxi, "1.00"), json!({"tax_code_id": sales})),
            with(line(&taxi, "1.00"), json!({"tax_amount": "0.10"})),
            line(&car, "5.00"),
            line(&old, "1.00"),
            line(&nowhere, "1.00"),
            with(line(&taxi, "1.00"), json!({"paid_from_account_id": travel.company.account("6210")})),
            with(line(&taxi, "1.00"), json!({"currency": "XYZ", "exchange_rate": "1"})),
        ]);
        let refused = travel.ana.post("/v1/expense-claims", json!({"title": "Wrong", "lines": lines})).await;
        let refused = refused.is_problem(422, "invalid-input");
        let mut found = faults(&refused);
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("/lines/0/amount", "too-small"),
                ("/lines/1/amount", "too-many-decimals"),
                ("/lines/1/project_id", "unknown-reference"),
                ("/lines/2/currency", "no-rate"),
                ("/lines/3/tax_code_id", "other-direction"),
                ("/lines/4/tax_amount", "untaxed"),
                ("/lines/5/amount", "paid-by-rate"),
                ("/lines/5/quantity", "required"),
                ("/lines/6/category_id", "archived"),
                ("/lines/7/category_id", "unknown-reference"),
                ("/lines/8/paid_from_account_id", "wrong-account"),
                ("/lines/9/currency", "no-such-currency"),
            ]
        );
        assert_eq!(travel.ana.get("/v1/expense-claims").await.is(200)["data"], json!([]));
        // A month that is closed, a day that no year has.
        let claim = travel.approved(json!([line(&taxi, "1.00")])).await;
        travel.company.close_period("2026-02").await;
        let post = format!("{}/post", path(&claim));
        travel
            .accountant
            .post(&post, json!({"posted_on": "2026-02-28"}))
            .await
            .is_problem(409, "period-closed");
        let late = travel.accountant.post(&post, json!({"posted_on": "2031-01-01"})).await;
        assert_eq!(faults(&late.is_problem(422, "invalid-input")), [("/posted_on", "no-fiscal-year")]);
        assert_eq!(travel.try_to_post(&claim).await.is(200)["number"], "EXP-2026-000001");
        // What is wrong with a category.
        let category = json!({"code": "ODD", "name": "Odd", "kind": "distance", "account_id": travel.company.account("1000"), "tax_code_id": sales});
        let refused = owner.post("/v1/expense-categories", category).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/unit_rate", "required"), ("/tax_code_id", "breaks-a-rule")]);
        let category = json!({"code": "ODD", "name": "Odd", "account_id": travel.company.account("1000"), "tax_code_id": sales});
        let refused = owner.post("/v1/expense-categories", category).await.is_problem(422, "invalid-input");
        let mut found = faults(&refused);
        found.sort_unstable();
        assert_eq!(found, [("/account_id", "is-group"), ("/tax_code_id", "other-direction")]);
    });
}

#[test]
fn a_policy_of_the_organization_asks_for_more_and_a_change_makes_its_approval_void() {
    run(async {
        let travel = Travellers::new().await;
        let taxi = travel.category("TAXI", json!({})).await;
        let policy = json!({"name": "Large claims", "resource": "expense-claims", "action": "approve",
            "conditions": [{"field": "total_amount", "over": "100"}], "steps": [{"manager_levels": 1}]});
        travel.company.owner.post("/v1/approval-policies", policy).await.is(201);
        let claim = travel.claim(json!([line(&taxi, "150.00")])).await;
        let at = path(&claim);
        travel.ana.act(&format!("{at}/submit")).await.is(200);
        travel.director.act(&format!("{at}/approve")).await.is_problem(409, "approval-required");
        let ask = json!({"resource": "expense-claims", "resource_id": id(&claim), "action": "approve"});
        let asked = id(&travel.ana.post("/v1/approvals", ask.clone()).await.is(201));
        travel.mira.post(&format!("/v1/approvals/{asked}/approve"), json!({})).await.is(200);
        // Taken back and handed in again, it is something else than what was approved.
        travel.ana.act(&format!("{at}/withdraw")).await.is(200);
        assert_eq!(travel.ana.get(&format!("/v1/approvals/{asked}")).await.is(200)["status"], "void");
        travel.ana.act(&format!("{at}/submit")).await.is(200);
        travel.director.act(&format!("{at}/approve")).await.is_problem(409, "approval-required");
        let asked = id(&travel.ana.post("/v1/approvals", ask).await.is(201));
        travel.mira.post(&format!("/v1/approvals/{asked}/approve"), json!({})).await.is(200);
        assert_eq!(travel.director.act(&format!("{at}/approve")).await.is(200)["status"], "approved");
        // A small one asks for nobody but who leads.
        let small = path(&travel.claim(json!([line(&taxi, "100.00")])).await);
        travel.ana.act(&format!("{small}/submit")).await.is(200);
        travel.mira.act(&format!("{small}/approve")).await.is(200);
    });
}

#[test]
fn a_payroll_asks_what_is_due_and_settles_it() {
    run(async {
        let travel = Travellers::new().await;
        let taxi = travel.category("TAXI", json!({})).await;
        let first = travel.posted(json!([line(&taxi, "30.00")])).await;
        let second = travel.posted(json!([line(&taxi, "12.00")])).await;
        travel.reimburse(&first, Some("10.00")).await.is(200);
        travel.approved(json!([line(&taxi, "99.00")])).await;
        let wait = std::time::Duration::from_secs(10);
        let settings = platform::database::Settings {
            url: service().url.clone(),
            connections: 1,
            wait,
            statement_timeout: wait,
        };
        let database = platform::database::Database::new(&settings).unwrap();
        let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
        let ana = travel.ana_id.parse().unwrap();
        let wages = travel.company.account("2200").parse().unwrap();
        let organization = travel.company.organization.id;
        // Of 30.00 20.00 are open, and 12.00; what is only approved is not due, and nothing was in February.
        let early =
            async |db: &mut platform::database::Db| expenses::due(db, &[ana], day("2026-02-28")).await;
        assert!(database.as_system(organization, early).await.unwrap().is_empty());
        let paid = async |db: &mut platform::database::Db| {
            let due = expenses::due(db, &[ana], day("2026-03-31")).await?;
            let all = due.iter().map(|each| expenses::Settlement {
                claim_id: each.id,
                amount: None,
                pointer: String::new(),
            });
            let all: Vec<_> = all.collect();
            let (journal, on) = (ledger::JournalType::Payroll, day("2026-04-30"));
            expenses::settle(db, &all, wages, journal, on, "April").await?;
            Ok(due.iter().map(|each| each.open_amount.normalize().to_string()).collect::<Vec<_>>())
        };
        assert_eq!(database.as_system(organization, paid).await.unwrap(), ["20", "12"]);
        for claim in [&first, &second] {
            let now = travel.ana.get(&path(claim)).await.is(200);
            assert_eq!(told(&now, ["status", "open_amount"]), ["reimbursed", "0.00"]);
        }
        assert_eq!(travel.hold(["6210", "2220", "2200", "1010"]).await, ["42", "0", "-32", "-10"]);
        travel.is_whole().await;
    });
}

#[test]
fn a_payment_run_pays_claims_of_those_whose_account_is_known() {
    run(async {
        let travel = Travellers::new().await;
        let owner = &travel.company.owner;
        let taxi = travel.category("TAXI", json!({})).await;
        let claim = travel.posted(json!([line(&taxi, "30.00")])).await;
        let account = json!({"name": "Current", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX", "currency": "EUR", "account_id": travel.company.account("1010")});
        let account = id(&owner.post("/v1/bank-accounts", account).await.is(201));
        let due = json!({"bank_account_id": account, "pay_on": "2026-04-30", "due_by": "2026-04-30"});
        // Nobody knows where Ana's money would go, so there is nothing to pay.
        owner.post("/v1/payment-runs", due.clone()).await.is_problem(409, "conflict");
        let partner = id(&owner.get("/v1/parties?q=Ana").await.is(200)["data"][0]);
        let bank = json!({"bank_accounts": [{"iban": "RO49AAAA1B31007593840000", "holder": "Ana Test"}]});
        owner.patch(&format!("/v1/parties/{partner}"), bank).await.is(200);
        let made = owner.post("/v1/payment-runs", due).await.is(201);
        assert_eq!(told(&made["items"][0], ["item_id", "amount"]), [id(&claim), "30.00".to_owned()]);
        assert_eq!(
            told(&made["transfers"][0], ["name", "iban", "remittance"]),
            ["Ana Test", "RO49AAAA1B31007593840000", "EXP-2026-000001"]
        );
        let at = format!("/v1/payment-runs/{}", id(&made));
        let checker =
            travel.company.organization.caller(&["payment-runs:read", "payment-runs:approve"]).await;
        checker.act(&format!("{at}/approve")).await.is(200);
        owner.act(&format!("{at}/export")).await.is(200);
        owner.act(&format!("{at}/post")).await.is(200);
        let paid = travel.ana.get(&path(&claim)).await.is(200);
        assert_eq!(told(&paid, ["status", "open_amount"]), ["reimbursed", "0.00"]);
        assert_eq!(travel.hold(["6210", "2220", "1010"]).await, ["30", "0", "-30"]);
        travel.is_whole().await;
    });
}
