//! Fixed assets from the lines of bills: with what they cost, once, and never more of them than was booked.
use crate::bills::Purchasing;
use crate::shop::{faults, id, told};
use crate::support::{Answer, run};
use futures_util::future::join;
use serde_json::{Value, json};

/// A company that buys machines, and what it books them on.
struct Works {
    buying: Purchasing,
    machines: String,
    category: String,
}

impl Works {
    async fn new() -> Self {
        let buying = Purchasing::new().await;
        let owner = &buying.shop.owner;
        let mut accounts = Vec::new();
        for (code, kind) in [
            ("2131", "asset"),
            ("2813", "asset"),
            ("6811", "expense"),
            ("7583", "income"),
            ("6583", "expense"),
        ] {
            accounts.push(id(&owner
                .post("/v1/accounts", json!({"code": code, "name": code, "type": kind}))
                .await
                .is(201)));
        }
        let [machines, worn, wear, gain, loss] = accounts.try_into().unwrap();
        let category = json!({"name": "Machines", "asset_account_id": machines, "accumulated_depreciation_account_id": worn,
            "depreciation_account_id": wear, "gain_account_id": gain, "loss_account_id": loss});
        let category = id(&owner.post("/v1/fixed-asset-categories", category).await.is(201));
        Self { buying, machines, category }
    }

    fn line(&self, quantity: &str, unit_price: &str) -> Value {
        json!({"description": "Lathe", "quantity": quantity, "unit_price": unit_price, "account_id": self.machines})
    }

    async fn acquire(&self, bill: &Value, fields: Value) -> Answer {
        let mut body = json!({"bill_id": bill["id"], "line": 1, "category_id": self.category, "method": "straight_line", "life_months": 60});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.buying.shop.owner.post("/v1/fixed-assets/acquire", body).await
    }
}

#[test]
fn what_a_line_cost_is_shared_out_to_the_last_cent() {
    run(async {
        let works = Works::new().await;
        // Three for 1,000.00: 333.34 + 333.33 + 333.33.
        let bill = works.buying.posted("M-1", json!([works.line("1", "1000.00")])).await;
        let made = works.acquire(&bill, json!({"count": 3, "in_service_on": "2026-04-01"})).await.is(200);
        let made = made["data"].as_array().unwrap().clone();
        let costs: Vec<_> = made.iter().map(|asset| told(asset, ["name", "cost", "acquired_on"])).collect();
        assert_eq!(
            costs,
            [
                ["Lathe", "333.34", "2026-03-31"],
                ["Lathe", "333.33", "2026-03-31"],
                ["Lathe", "333.33", "2026-03-31"]
            ]
        );
        let owner = &works.buying.shop.owner;
        let bought = owner.get(&format!("/v1/fixed-asset-purchases?bill_id={}", id(&bill))).await.is(200);
        let bought = bought["data"].as_array().unwrap().clone();
        assert_eq!(bought.len(), 3);
        assert!(bought.iter().all(|each| each["bill_id"] == bill["id"] && each["line"] == 1));
        for asset in &made {
            owner.act(&format!("/v1/fixed-assets/{}/put-in-service", id(asset))).await.is(200);
        }
        let integrity = owner.get("/v1/reports/integrity").await.is(200);
        assert_eq!(integrity["holds"], true, "{integrity}");
        // All of it is acquired.
        works.acquire(&bill, json!({})).await.is_problem(409, "conflict");
    });
}

#[test]
fn assets_cost_what_was_booked_in_the_companys_own_currency() {
    run(async {
        let works = Works::new().await;
        let owner = &works.buying.shop.owner;
        let rate = json!({"currency": "USD", "rated_on": "2026-03-31", "rate": "0.9"});
        owner.post("/v1/exchange-rates", rate).await.is(201);
        let mut bill = works.buying.bill("M-2", json!([works.line("2", "500.05")]));
        bill["currency"] = json!("USD");
        let bill = works.buying.booked(bill).await;
        // 1,000.10 at 0.9 are 900.09.
        let made = works.acquire(&bill, json!({})).await.is(200);
        assert_eq!(made["data"][0]["cost"], "900.09");
    });
}

#[test]
fn no_more_is_acquired_than_was_bought_and_left() {
    run(async {
        let works = Works::new().await;
        let owner = &works.buying.shop.owner;
        let draft = owner
            .post("/v1/bills", works.buying.bill("M-3", json!([works.line("1", "600.00")])))
            .await
            .is(201);
        works.acquire(&draft, json!({})).await.is_problem(409, "conflict");
        let bill = works.buying.posted("M-4", json!([works.line("1", "600.00"), {
            "description": "Advice", "quantity": "1", "unit_price": "50.00", "account_id": works.buying.shop.account("6000")}])).await;
        let told = works.acquire(&bill, json!({"cost": "600.01"})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&told), [("/cost", "more-than-is-left")]);
        let told = works.acquire(&bill, json!({"line": 3})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&told), [("/line", "unknown")]);
        // Advice is no machine.
        works.acquire(&bill, json!({"line": 2})).await.is_problem(409, "conflict");
        // Two at once want 400.00 of 600.00 each.
        let (one, other) = join(
            works.acquire(&bill, json!({"cost": "400.00"})),
            works.acquire(&bill, json!({"cost": "400.00"})),
        )
        .await;
        let mut both = [one.status, other.status];
        both.sort_unstable();
        // Who comes while the other writes is told 409, who comes after that 422: there are 200.00 left.
        assert!(both[0] == 200 && [409, 422].contains(&both[1]), "{both:?}");
        let won = if one.status == 200 { one } else { other }.is(200)["data"][0].clone();
        // A draft does not grow beyond the line either.
        let path = format!("/v1/fixed-assets/{}", id(&won));
        owner.patch(&path, json!({"cost": "600.01"})).await.is_problem(409, "conflict");
        owner.patch(&path, json!({"cost": "600.00"})).await.is(200);
        // What it was bought with is not taken back under it; gone from the register, it may be.
        let back = json!({"issued_on": "2026-04-01", "reason": "Broken"});
        owner.post(&format!("/v1/bills/{}/void", id(&bill)), back.clone()).await.is_problem(409, "conflict");
        owner.delete(&path).await.is(204);
        owner.post(&format!("/v1/bills/{}/void", id(&bill)), back).await.is(200);
        works.acquire(&bill, json!({})).await.is_problem(409, "conflict");
    });
}
