//! The proof of the books finds what doesn't hold between the ledger and what books into it: each fault is put there past every
//! trigger, as somebody with the keys of the database could.
use crate::payments::Purse;
use crate::shop::id;
use crate::support::{run, service};
use serde_json::{Value, json};

/// An invoice in dollars, half paid at another rate; one in euros, half credited; a bill; an advance; a machine that is depreciated; and
/// something posted on the customer's account by hand; and an invoice that is paid early.
async fn books() -> Purse {
    let purse = Purse::new().await;
    purse.rate("2026-01-01", "0.9").await;
    purse.rate("2026-04-01", "0.8").await;
    let shop = &purse.shop;
    let dollars = purse.invoice("100", json!({"currency": "USD"})).await;
    let half =
        json!({"account_id": purse.dollars, "allocations": [{"item_id": id(&dollars), "amount": "59.50"}]});
    purse.pay("59.50", half).await;
    let euros = purse.invoice("300", json!({"issued_on": "2026-02-01"})).await;
    shop.post_note(&shop.approved_note(&euros, json!([{"line": 1, "quantity": "0.5"}])).await).await.is(200);
    purse.bill("F-1", "80", json!({})).await;
    purse.pay("20.00", json!({})).await;
    let by_hand = json!({"posted_on": "2026-01-01", "description": "Taken over", "lines": [
        {"account_id": shop.account("1100"), "debit": "40.00", "party_id": shop.customer}, {"account_id": shop.account("4000"), "credit": "40.00"}]});
    shop.owner.post("/v1/journal-entries/post", json!({"entries": [by_hand]})).await.is(200);

    let terms = json!({"name": "2 % in 14 days", "days": 30, "discount_percent": "2", "discount_days": 14});
    let terms = shop.owner.post("/v1/payment-terms", terms).await.is(201);
    let early = purse.invoice("100", json!({"payment_terms_id": terms["id"]})).await;
    let all = json!([{"item_id": id(&early), "amount": "116.62", "discount_amount": "2.38"}]);
    purse.pay("116.62", json!({"paid_on": "2026-04-14", "allocations": all})).await;

    let account = async |code: &str, kind: &str, role: Value| {
        let account = json!({"code": code, "name": code, "type": kind, "role": role});
        id(&shop.owner.post("/v1/accounts", account).await.is(201))
    };
    let category = json!({"name": "Machines", "asset_account_id": account("1500", "asset", json!("fixed_asset")).await,
        "accumulated_depreciation_account_id": account("1600", "asset", json!("accumulated_depreciation")).await,
        "depreciation_account_id": account("6400", "expense", json!("depreciation_expense")).await,
        "gain_account_id": account("4500", "income", Value::Null).await, "loss_account_id": account("6500", "expense", Value::Null).await});
    let category = id(&shop.owner.post("/v1/fixed-asset-categories", category).await.is(201));
    let asset = json!({"name": "Machine", "category_id": category, "acquired_on": "2026-01-01", "in_service_on": "2026-01-01", "cost": "1200.00",
        "method": "straight_line", "life_months": 12, "convention": "full_month"});
    let asset = id(&shop.owner.post("/v1/fixed-assets", asset).await.is(201));
    shop.owner.act(&format!("/v1/fixed-assets/{asset}/put-in-service")).await.is(200);
    let january = shop.owner.get("/v1/fiscal-periods?code=2026-01").await.is(200);
    shop.owner
        .post("/v1/depreciation-runs", json!({"fiscal_period_id": january["data"][0]["id"]}))
        .await
        .is(201);
    purse
}

async fn proof(purse: &Purse) -> Value {
    purse.shop.owner.get("/v1/reports/integrity").await.is(200)
}

#[test]
fn the_proof_finds_what_documents_and_the_ledger_do_not_agree_on() {
    // The fault, the checks that it breaks, and what is told. `O` is the organization.
    const FAULTS: &[(&str, &str, &str)] = &[
        (
            "update open_items set open_base_amount = open_base_amount - 0.01 where org_id = O and resource = 'payments' and open_amount > 0",
            "open_items_tie open_items_settled",
            "19.99",
        ),
        (
            "update open_items set account_id = (select id from accounts where org_id = O and code = '2010') where org_id = O and number = 'INV-2026-000002'",
            "open_items_tie documents_booked",
            "Account 2010",
        ),
        (
            "delete from allocations where org_id = O and debit_amount = 59.50",
            "open_items_settled",
            "119 open, worth 107.1",
        ),
        (
            "update open_items set party_id = (select id from parties where org_id = O and is_supplier limit 1) where org_id = O and resource = 'credit-notes'",
            "open_items_settled",
            "two parties",
        ),
        (
            "update invoices set base_net_amount = base_net_amount + 1, base_total_amount = base_total_amount + 1 where org_id = O and number = 'INV-2026-000002'",
            "documents_booked",
            "with 358",
        ),
        (
            "update bills set journal_entry_id = null where org_id = O and number = 'BILL-2026-000001'",
            "documents_booked",
            "no entry of its own",
        ),
        (
            "update invoices set open_amount = open_amount - 1 where org_id = O and number = 'INV-2026-000002'",
            "documents_booked",
            "open",
        ),
        (
            "update document_taxes set base_tax_amount = 1 where org_id = O and base_tax_amount = 57",
            "documents_booked",
            "a tax table with 1",
        ),
        (
            "update document_taxes set base_tax_amount = -0.37 where org_id = O and resource = 'payments'",
            "documents_booked",
            "-2 taxed by S19, and tax of -0.37",
        ),
        (
            "delete from document_taxes where org_id = O and resource = 'payments'",
            "documents_booked",
            "0 taxed by S19, and tax of 0",
        ),
        (
            "update fixed_asset_movements set depreciation = depreciation + 1 where org_id = O and kind = 'depreciation'",
            "assets_tie",
            "-101 on account 1600",
        ),
        (
            "update fixed_assets set accumulated_depreciation = 99 where org_id = O",
            "assets_tie",
            "depreciated by 100",
        ),
    ];
    run(async {
        let database = service().database().await;
        let purse = books().await;
        let whole = proof(&purse).await;
        let broken: Vec<_> =
            whole["checks"].as_array().unwrap().iter().filter(|check| check["holds"] != true).collect();
        assert!(whole["holds"] == true && broken.is_empty(), "{broken:#?}");
        let mut purse = Some(purse);
        for (fault, broken, told) in FAULTS {
            let purse = match purse.take() {
                Some(purse) => purse,
                None => books().await,
            };
            let fault = format!("{fault} ")
                .replace(" O ", &format!(" '{}' ", purse.shop.organization.id))
                .replace(" O)", &format!(" '{}')", purse.shop.organization.id));
            let done = format!(
                "begin; set local session_replication_role = replica; set local row_security = off; {fault}; commit"
            );
            database.batch_execute(&done).await.unwrap_or_else(|error| panic!("{fault}: {error}"));
            let proof = proof(&purse).await;
            let found: Vec<_> =
                proof["checks"].as_array().unwrap().iter().filter(|check| check["holds"] != true).collect();
            let names: Vec<_> = found.iter().map(|check| check["check"].as_str().unwrap()).collect();
            let told_at = found.iter().any(|check| check["faults"].to_string().contains(told));
            assert!(proof["holds"] == false && told_at, "{fault}: {found:#?}");
            for name in broken.split(' ') {
                assert!(names.contains(&name), "{fault} breaks {name}: {names:?}");
            }
        }
    });
}
