//! Invoices: figured by the service, posted once, final for good.
use crate::shop::{Shop, faults, holds, id, sums, told};
use crate::support::{run, service};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

#[test]
fn what_is_sold_is_figured_numbered_and_booked() {
    run(async {
        let shop = Shop::new().await;
        let (vat, reduced) =
            (shop.tax("S19", "19", json!({})).await, shop.tax("S9", "9", json!({"kind": "reduced"})).await);
        let sales = shop.owner.department("Sales", None).await;
        let service = json!({"description": "Delivery", "quantity": "3", "unit": "km", "unit_price": "9.99",
            "account_id": shop.account("4100"), "department_id": sales, "tax_code_ids": [reduced]});
        let draft =
            shop.draft(json!([shop.line("2", "50", &vat), service]), json!({"reference": "PO 4711"})).await;
        // 100.00 and 29.97; 19 % is 19.00, 9 % of 29.97 is 2.6973.
        assert_eq!(sums(&draft), ["129.97", "21.70", "151.67", "0.00"]);
        assert_eq!(
            (&draft["number"], &draft["status"], &draft["currency"]),
            (&json!(null), &json!("draft"), &json!("EUR"))
        );
        let table: Vec<_> = draft["taxes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| told(row, ["code", "rate", "taxable_amount", "tax_amount"]))
            .collect();
        assert_eq!(table, [["S19", "19", "100.00", "19.00"], ["S9", "9", "29.97", "2.70"]]);
        assert_eq!(shop.books().await, holds(&[]));

        let path = format!("/v1/invoices/{}", id(&draft));
        shop.owner.act(&format!("{path}/post")).await.is_problem(409, "invalid-state");
        shop.owner.act(&format!("{path}/approve")).await.is(200);
        let posted = shop.owner.act(&format!("{path}/post")).await.is(200);
        assert_eq!(sums(&posted), ["129.97", "21.70", "151.67", "151.67"]);
        assert_eq!((&posted["number"], &posted["status"]), (&json!("INV-2026-000001"), &json!("posted")));
        assert_eq!(posted["due_on"], "2026-03-31");
        assert_eq!(
            shop.books().await,
            holds(&[("1100", "151.67"), ("2100", "-21.7"), ("4000", "-100"), ("4100", "-29.97")])
        );
        let entry = shop
            .owner
            .get(&format!("/v1/journal-entries/{}", posted["journal_entry_id"].as_str().unwrap()))
            .await
            .is(200);
        assert_eq!((&entry["posted_on"], &entry["resource_id"]), (&json!("2026-03-31"), &posted["id"]));
        let delivery = entry["lines"]
            .as_array()
            .unwrap()
            .iter()
            .find(|line| line["account_id"] == shop.account("4100"))
            .unwrap();
        assert_eq!(
            (&delivery["department_id"], &delivery["party_id"]),
            (&json!(sales), &json!(shop.customer))
        );
        shop.is_whole().await;
    });
}

#[test]
fn totals_are_nobodys_word() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        for field in [
            "total_amount",
            "net_amount",
            "tax_amount",
            "open_amount",
            "number",
            "taxes",
            "instalments",
            "status",
        ] {
            let refused = shop.try_draft(json!([shop.line("1", "1", &vat)]), json!({field: "1.00"})).await;
            let problem = refused.is_problem(422, "invalid-input");
            assert_eq!(faults(&problem), [(format!("/{field}").as_str(), "unknown-field")]);
        }
        let mut line = shop.line("1", "1", &vat);
        line["net_amount"] = json!("1.00");
        let problem = shop.try_draft(json!([line]), json!({})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/lines/0/net_amount", "unknown-field")]);
    });
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    run(async {
        let shop = Shop::new().await;
        let bought = shop.tax("P19", "19", json!({"direction": "purchase"})).await;
        let theirs = Shop::new().await;
        let foreign = theirs.tax("S19", "19", json!({})).await;
        let lines = json!([
            shop.line("0", "1", &bought),
            {"description": "Nowhere", "quantity": "1", "unit_price": "1"},
            {"description": "Free", "quantity": "2", "unit_price": "1", "account_id": theirs.account("4000"),
             "discount_amount": "2.01", "discount_percent": null, "department_id": theirs.customer, "tax_code_ids": [foreign]},
            {"description": "Twice", "quantity": "1", "unit_price": "1", "account_id": shop.account("4000"), "discount_percent": "1", "discount_amount": "1"},
        ]);
        let wrong = json!({"party_id": theirs.customer, "payment_terms_id": theirs.customer});
        let problem = shop.try_draft(lines, wrong).await.is_problem(422, "invalid-input");
        let mut told = faults(&problem);
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("/lines/0/quantity", "too-small"),
                ("/lines/0/tax_code_ids/0", "other-direction"),
                ("/lines/1/account_id", "required"),
                ("/lines/2/account_id", "unknown-reference"),
                ("/lines/2/department_id", "unknown-reference"),
                ("/lines/2/discount_amount", "too-large"),
                ("/lines/2/tax_code_ids/0", "unknown-reference"),
                ("/lines/3/discount_amount", "one-of"),
                ("/party_id", "unknown-reference"),
                ("/payment_terms_id", "unknown-reference"),
            ]
        );
        for (field, value) in [
            ("quantity", "-1"),
            ("quantity", "1e3"),
            ("unit_price", "-0.01"),
            ("unit_price", "NaN"),
            ("discount_percent", "101"),
            ("unit_price", "1000000000000"),
        ] {
            let mut line = shop.line("1", "1", &bought);
            line[field] = json!(value);
            let problem = shop.try_draft(json!([line]), json!({})).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&problem)[0].0, format!("/lines/0/{field}"), "{value}");
        }
        let huge = json!([{"description": "Huge", "quantity": "999999999999", "unit_price": "999999999999", "account_id": shop.account("4000")}]);
        let problem = shop.try_draft(huge, json!({})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/lines/0/unit_price", "out-of-range")]);
        let supplier = shop.party(json!({"is_supplier": true})).await;
        let refused =
            shop.try_draft(json!([shop.line("1", "1", &bought)]), json!({"party_id": supplier})).await;
        let problem = refused.is_problem(422, "invalid-input");
        assert_eq!(
            faults(&problem),
            [("/party_id", "no-customer"), ("/lines/0/tax_code_ids/0", "other-direction")]
        );
        assert_eq!(shop.owner.get("/v1/invoices?count=true").await.is(200)["total"], 0);
    });
}

#[test]
fn a_draft_changes_and_what_is_approved_does_not() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        let net_30 = json!({"name": "30 days", "days": 30});
        let net_30 = id(&shop.owner.post("/v1/payment-terms", net_30).await.is(201));
        let draft =
            shop.draft(json!([shop.line("1", "100", &vat)]), json!({"payment_terms_id": net_30})).await;
        assert_eq!(draft["due_on"], "2026-04-30");
        let path = format!("/v1/invoices/{}", id(&draft));
        let noted = shop.owner.patch(&path, json!({"notes": "Thank you."})).await.is(200);
        assert_eq!((noted["version"].as_i64(), sums(&noted)), (Some(2), sums(&draft)));
        assert_eq!(shop.owner.patch(&path, json!({"notes": "Thank you."})).await.is(200), noted);
        // Lines are given whole; the day moves what follows from it.
        let changed = json!({"lines": [shop.line("1", "10", &vat), shop.line("2", "10", &vat)], "issued_on": "2026-04-01"});
        let changed = shop.owner.patch(&path, changed).await.is(200);
        assert_eq!(
            (sums(&changed), &changed["due_on"]),
            (["30.00", "5.70", "35.70", "0.00"].map(str::to_owned), &json!("2026-05-01"))
        );
        // A due day that somebody chose stays until the terms or the day change.
        shop.owner.patch(&path, json!({"due_on": "2026-06-01"})).await.is(200);
        let changed = shop.owner.patch(&path, json!({"lines": [shop.line("1", "20", &vat)]})).await.is(200);
        assert_eq!(changed["due_on"], "2026-06-01");
        assert_eq!(shop.owner.patch(&path, json!({"due_on": null})).await.is(200)["due_on"], "2026-05-01");
        let problem =
            shop.owner.patch(&path, json!({"due_on": "2026-03-31"})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/due_on", "before-issue")]);

        shop.owner.act(&format!("{path}/approve")).await.is(200);
        shop.owner.patch(&path, json!({"notes": null})).await.is_problem(409, "invalid-state");
        shop.owner.delete(&path).await.is_problem(409, "invalid-state");
        shop.owner.act(&format!("{path}/revise")).await.is(200);
        shop.owner.patch(&path, json!({"notes": null})).await.is(200);
        shop.owner.delete(&path).await.is(204);
    });
}

#[test]
fn instalments_are_the_total() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        let terms = json!({"name": "In three", "instalments": [{"percent": "30", "days": 0}, {"percent": "30", "days": 30}, {"percent": "40", "days": 60}]});
        let terms = id(&shop.owner.post("/v1/payment-terms", terms).await.is(201));
        // 84.05 and 15.97 of it are 100.02: 30 % is 30.006.
        let draft = shop
            .draft(
                json!([shop.line("1", "84.05", &vat)]),
                json!({"payment_terms_id": terms, "issued_on": "2026-01-01"}),
            )
            .await;
        assert_eq!(sums(&draft), ["84.05", "15.97", "100.02", "0.00"]);
        let parts: Vec<_> = draft["instalments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| told(part, ["due_on", "amount"]))
            .collect();
        assert_eq!(parts, [["2026-01-01", "30.01"], ["2026-01-31", "30.01"], ["2026-03-02", "40.00"]]);
        assert_eq!(draft["due_on"], "2026-03-02");
    });
}

#[test]
fn a_price_with_tax_is_what_is_paid_however_it_is_rounded() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19I", "19", json!({"price_includes_tax": true})).await;
        let three =
            || json!([shop.line("1", "10", &vat), shop.line("1", "10", &vat), shop.line("1", "10", &vat)]);
        // 10.00 × 19/119 is 1.5966, three times 4.7899.
        let by_line = shop.invoice(three(), json!({})).await;
        assert_eq!(sums(&by_line), ["25.20", "4.80", "30.00", "30.00"]);
        let set = "update organizations set tax_rounding = 'document' where org_id = $1";
        service().database().await.execute(set, &[&shop.organization.id]).await.unwrap();
        let by_document = shop.invoice(three(), json!({})).await;
        assert_eq!(sums(&by_document), ["25.21", "4.79", "30.00", "30.00"]);
        let nets: Vec<_> =
            by_document["lines"].as_array().unwrap().iter().map(|line| told(line, ["net_amount"])).collect();
        assert_eq!(nets, [["8.40"], ["8.40"], ["8.41"]]);
        assert_eq!(shop.books().await, holds(&[("1100", "60"), ("2100", "-9.59"), ("4000", "-50.41")]));
        shop.is_whole().await;
    });
}

#[test]
fn another_currency_is_booked_at_the_rate_of_the_day() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        let services = json!({"description": "Services", "quantity": "1", "unit_price": "50.05", "account_id": shop.account("4100"), "tax_code_ids": [vat]});
        let lines = json!([shop.line("1", "50.05", &vat), services]);
        let refused =
            shop.try_draft(lines.clone(), json!({"currency": "USD"})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/currency", "no-rate")]);
        for (day, rate) in [("2026-03-01", "0.91234567"), ("2026-04-01", "0.5")] {
            let rate = json!({"currency": "USD", "rated_on": day, "rate": rate});
            shop.owner.post("/v1/exchange-rates", rate).await.is(201);
        }
        let invoice = shop.invoice(lines, json!({"currency": "USD"})).await;
        // Per line 19 % of 50.05 is 9.5095: 9.51.
        assert_eq!(sums(&invoice), ["100.10", "19.02", "119.12", "119.12"]);
        // 119.12 × 0.91234567 = 108.6786, 19.02 × 0.91234567 = 17.3528; the rest is 91.33.
        assert_eq!(
            told(&invoice, ["exchange_rate", "base_net_amount", "base_tax_amount", "base_total_amount"]),
            ["0.91234567", "91.33", "17.35", "108.68"]
        );
        // 50.05 × 0.91234567 = 45.6629 twice is 91.32: a cent is rounding.
        assert_eq!(
            shop.books().await,
            holds(&[
                ("1100", "108.68"),
                ("2100", "-17.35"),
                ("4000", "-45.66"),
                ("4100", "-45.66"),
                ("7900", "-0.01")
            ])
        );

        // A rate that somebody gives counts; for the organization's own currency there is none.
        let given = shop
            .draft(json!([shop.line("1", "100", &vat)]), json!({"currency": "USD", "exchange_rate": "2"}))
            .await;
        assert_eq!(told(&given, ["total_amount", "base_total_amount"]), ["119.00", "238.00"]);
        let kept = shop
            .owner
            .patch(&format!("/v1/invoices/{}", id(&given)), json!({"lines": [shop.line("1", "10", &vat)]}))
            .await
            .is(200);
        assert_eq!(told(&kept, ["total_amount", "base_total_amount"]), ["11.90", "23.80"]);
        let own = shop.try_draft(json!([shop.line("1", "100", &vat)]), json!({"exchange_rate": "2"})).await;
        assert_eq!(faults(&own.is_problem(422, "invalid-input")), [("/exchange_rate", "must-be-one")]);
        // Yen have no decimals: 10 % of 105 is 10.5.
        let ten = shop.tax("S10", "10", json!({})).await;
        let yen = shop
            .draft(
                json!([shop.line("1", "105", &ten)]),
                json!({"currency": "JPY", "exchange_rate": "0.0061"}),
            )
            .await;
        assert_eq!(
            told(&yen, ["net_amount", "tax_amount", "total_amount", "base_total_amount"]),
            ["105.00", "11.00", "116.00", "0.71"]
        );
    });
}

#[test]
fn what_is_free_and_what_the_buyer_owes_is_told() {
    run(async {
        let shop = Shop::new().await;
        let exempt =
            shop.tax("E", "0", json!({"kind": "exempt", "exemption_reason": "Art. 292 Codul fiscal"})).await;
        let abroad = shop
            .tax("RC", "0", json!({"kind": "reverse_charge", "exemption_reason": "Reverse charge"}))
            .await;
        let invoice = shop
            .invoice(json!([shop.line("1", "100", &exempt), shop.line("1", "50", &abroad)]), json!({}))
            .await;
        assert_eq!(sums(&invoice), ["150.00", "0.00", "150.00", "150.00"]);
        let table: Vec<_> = invoice["taxes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                (told(row, ["code", "exemption_reason", "tax_amount"]), row["is_charged"].as_bool().unwrap())
            })
            .collect();
        assert_eq!(
            table,
            [
                (["E", "Art. 292 Codul fiscal", "0.00"].map(str::to_owned), true),
                (["RC", "Reverse charge", "0.00"].map(str::to_owned), false)
            ]
        );
        // What is all for nothing is nothing to pay and nothing to book, and has its number.
        let mut gift = shop.line("1", "100", &exempt);
        gift["discount_percent"] = json!("100");
        let gift = shop.invoice(json!([gift]), json!({})).await;
        assert_eq!(
            (told(&gift, ["number", "status", "total_amount"]), &gift["journal_entry_id"]),
            (["INV-2026-000002", "paid", "0.00"].map(str::to_owned), &json!(null))
        );
        assert_eq!(shop.books().await, holds(&[("1100", "150"), ("4000", "-150")]));
    });
}

#[test]
fn posted_is_final_whoever_asks() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        let invoice = shop.invoice(json!([shop.line("1", "100", &vat)]), json!({})).await;
        let path = format!("/v1/invoices/{}", id(&invoice));
        shop.owner.patch(&path, json!({"notes": "No"})).await.is_problem(409, "invalid-state");
        shop.owner.delete(&path).await.is_problem(409, "invalid-state");
        shop.owner.act(&format!("{path}/approve")).await.is_problem(409, "invalid-state");
        // Nor by hand in SQL, as the owner of all tables.
        let database = service().database().await;
        for change in [
            "update invoices set notes = 'No' where org_id = $1",
            "update invoices set total_amount = 1, net_amount = 1, tax_amount = 0 where org_id = $1",
            "update invoices set lines = '[]' where org_id = $1",
            "update invoices set status = 'paid' where org_id = $1",
            "update invoices set status = 'draft', number = null where org_id = $1",
            "update invoices set open_amount = 0, status = 'paid' where org_id = $1",
            "update invoices set credited_amount = 119 where org_id = $1",
            "delete from invoices where org_id = $1",
        ] {
            let refused = database.execute(change, &[&shop.organization.id]).await.expect_err(change);
            assert_eq!(refused.code().unwrap().code(), "23001", "{change}: {refused}");
        }
        let as_service = service().as_service().await;
        as_service.execute("select enter_as_system($1, false)", &[&shop.organization.id]).await.unwrap();
        for change in [
            "update document_lines set net_amount = 1",
            "delete from document_taxes",
            "update open_items set open_amount = 0",
            "delete from open_items",
        ] {
            let refused = as_service.execute(change, &[]).await.expect_err(change);
            assert_eq!(refused.code().unwrap().code(), "42501", "{change}: {refused}");
        }
        assert_eq!(shop.read("invoices", &invoice).await, invoice);
    });
}

#[test]
fn a_closed_period_and_a_missing_account_say_so() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        let approved = async |issued_on: &str| {
            let draft =
                shop.draft(json!([shop.line("1", "100", &vat)]), json!({"issued_on": issued_on})).await;
            let path = format!("/v1/invoices/{}", id(&draft));
            shop.owner.act(&format!("{path}/approve")).await.is(200);
            path
        };
        let outside = approved("2027-01-01").await;
        shop.owner.act(&format!("{outside}/post")).await.is_problem(422, "invalid-input");
        let inside = approved("2026-03-31").await;
        let archived = format!("/v1/accounts/{}", shop.account("4000"));
        shop.owner.act(&format!("{archived}/archive")).await.is(200);
        let problem = shop.owner.act(&format!("{inside}/post")).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/lines/0/account_id", "archived")]);
        shop.owner.act(&format!("{archived}/restore")).await.is(200);
        let none = "update accounts set role = null where org_id = $1 and role = 'tax_payable'";
        service().database().await.execute(none, &[&shop.organization.id]).await.unwrap();
        let problem = shop.owner.act(&format!("{inside}/post")).await.is_problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("tax_payable"), "{problem}");
        // Nothing of it remains, no number either.
        assert_eq!(shop.books().await, holds(&[]));
        let again = "update accounts set role = 'tax_payable' where org_id = $1 and code = '2100'";
        service().database().await.execute(again, &[&shop.organization.id]).await.unwrap();
        assert_eq!(shop.owner.act(&format!("{inside}/post")).await.is(200)["number"], "INV-2026-000001");
    });
}

#[test]
fn a_policy_asks_for_an_approval_of_large_invoices() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        let boss = shop.organization.caller(&["approvals:approve", "approvals:read", "invoices:read"]).await;
        let policy = json!({"name": "Large invoices", "resource": "invoices", "action": "approve",
            "conditions": [{"field": "base_total_amount", "over": "1000"}], "steps": [{"user_ids": [boss.user]}]});
        shop.owner.post("/v1/approval-policies", policy).await.is(201);
        let small = shop.draft(json!([shop.line("1", "100", &vat)]), json!({})).await;
        shop.owner.act(&format!("/v1/invoices/{}/approve", id(&small))).await.is(200);
        let large = shop.draft(json!([shop.line("1", "1000", &vat)]), json!({})).await;
        let approve = format!("/v1/invoices/{}/approve", id(&large));
        shop.owner.act(&approve).await.is_problem(409, "approval-required");
        let ask = json!({"resource": "invoices", "resource_id": id(&large), "action": "approve"});
        let asked = id(&shop.owner.post("/v1/approvals", ask.clone()).await.is(201));
        boss.post(&format!("/v1/approvals/{asked}/approve"), json!({})).await.is(200);
        // What was approved is what was seen: other lines of the same total are something else.
        let other = json!({"lines": [shop.line("2", "500", &vat)]});
        shop.owner.patch(&format!("/v1/invoices/{}", id(&large)), other).await.is(200);
        shop.owner.act(&approve).await.is_problem(409, "approval-required");
        let asked = id(&shop.owner.post("/v1/approvals", ask).await.is(201));
        boss.post(&format!("/v1/approvals/{asked}/approve"), json!({})).await.is(200);
        shop.owner.act(&approve).await.is(200);
    });
}

/// Approved invoices of these totals to one customer, ready to be posted.
async fn approved(shop: &Shop, customer: &str, totals: &[&str], tax: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for total in totals {
        let draft = shop.draft(json!([shop.line("1", total, tax)]), json!({"party_id": customer})).await;
        let path = format!("/v1/invoices/{}", id(&draft));
        shop.owner.act(&format!("{path}/approve")).await.is(200);
        paths.push(format!("{path}/post"));
    }
    paths
}

#[test]
fn a_credit_limit_has_room_for_one_of_two_at_once() {
    run(async {
        let shop = Shop::new().await;
        let free = shop.tax("Z", "0", json!({"kind": "zero"})).await;
        let bold = shop.organization.caller(&["invoices:post", "invoices:exceed-credit"]).await;
        for round in 0..6 {
            let customer = shop.party(json!({"is_customer": true, "credit_limit": "150.00"})).await;
            let posts = approved(&shop, &customer, &["100", "60", "50"], &free).await;
            let (one, other) = join(shop.owner.act(&posts[0]), shop.owner.act(&posts[1])).await;
            let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
            let left = usize::from(won.is(200)["open_amount"] == "100.00");
            let problem = lost.is_problem(409, "credit-limit-exceeded");
            assert!(
                problem["detail"].as_str().unwrap().contains("160.00 of at most 150.00"),
                "round {round}: {problem}"
            );
            // To the limit is within it; over it goes who may.
            shop.owner.act(&posts[2]).await.is(200);
            shop.owner.act(&posts[left]).await.is_problem(409, "credit-limit-exceeded");
            bold.act(&posts[left]).await.is(200);
        }
        shop.is_whole().await;
    });
}

#[test]
fn posted_at_once_each_has_a_number_and_none_is_missing() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        let customer = shop.customer.clone();
        let posts = approved(&shop, &customer, &["100"; 12], &vat).await;
        // Each of them twice: one wins, the other is too late. Who waits too long for a number is told to try again.
        let post = async |path: &str| loop {
            let answer = shop.owner.act(path).await;
            if answer.status != 503 {
                return answer;
            }
        };
        let all = join_all(posts.iter().chain(&posts).map(|path| post(path))).await;
        let (won, lost): (Vec<_>, Vec<_>) = all.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (12, 12));
        for answer in lost {
            answer.is_problem(409, "invalid-state");
        }
        let mut numbers: Vec<Value> = won.into_iter().map(|answer| answer.body["number"].clone()).collect();
        numbers.sort_by_key(ToString::to_string);
        let expected: Vec<Value> = (1..=12).map(|number| json!(format!("INV-2026-{number:06}"))).collect();
        assert_eq!(numbers, expected);
        assert_eq!(shop.books().await, holds(&[("1100", "1428"), ("2100", "-228"), ("4000", "-1200")]));
        shop.is_whole().await;
    });
}
