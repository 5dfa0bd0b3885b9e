//! Customers and suppliers: entered with all one knows, once, found again, and paid where they say.
use crate::Company;
use crate::support::{Answer, Caller, Organization, run, service};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;
use uuid::Uuid;

const PERMISSIONS: &[&str] = &["parties:read", "parties:write", "payment-terms:read", "payment-terms:write"];

async fn accountant() -> Caller {
    Organization::new().await.caller(PERMISSIONS).await
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

fn path(of: &Value) -> String {
    format!("/v1/parties/{}", id(of))
}

/// The faults of a problem as `place code`.
fn faults(problem: &Value) -> Vec<String> {
    let told =
        |fault: &Value| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap());
    problem["errors"].as_array().unwrap().iter().map(told).collect()
}

/// A customer in Romania of this name, with these fields beside.
fn customer(name: &str, fields: Value) -> Value {
    let mut party = json!({"name": name, "country": "RO", "is_customer": true});
    party.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    party
}

async fn enter(caller: &Caller, name: &str, fields: Value) -> Value {
    caller.post("/v1/parties", customer(name, fields)).await.is(201)
}

fn names(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[test]
fn a_supplier_is_entered_with_all_one_knows() {
    run(async {
        let accountant = accountant().await;
        let terms =
            accountant.post("/v1/payment-terms", json!({"name": "30 days", "days": 30})).await.is(201);
        let answer = accountant
            .post(
                "/v1/parties",
                json!({
                    "name": "Hidroelectrica", "legal_name": "S.P.E.E.H. Hidroelectrica S.A.", "is_supplier": true,
                    "country": "RO", "tax_id": "ro 13267213", "registration_number": "J40/7426/2000",
                    "billing_address": {"line1": "Bd. Ion Mihalache 15-17", "city": "București", "postal_code": "011171"},
                    "contacts": [{"name": "Ioana Marin", "email": "ioana@supplier.example", "role": "Sales"}],
                    "bank_accounts": [
                        {"iban": "ro49 aaaa 1b31 0075 9384 0000", "bic": "aaaarobu", "currency": "RON"},
                        {"account_number": "3300958879", "bic": "SVBKUS6S", "holder": "Hidro US Inc."},
                    ],
                    "currency": "RON", "payment_terms_id": terms["id"], "credit_limit": "50000", "language": "ro",
                }),
            )
            .await;
        let location = answer.header("location").unwrap().to_owned();
        let made = answer.is(201);
        // The next number, and everything as it is kept: without what people write for their eyes.
        assert_eq!((&made["number"], &made["tax_id"]), (&json!("P-00001"), &json!("RO13267213")));
        assert_eq!(
            (&made["is_customer"], &made["is_supplier"], &made["language"]),
            (&json!(false), &json!(true), &json!("ro"))
        );
        assert_eq!(made["credit_limit"], "50000.00");
        let address = json!({"line1": "Bd. Ion Mihalache 15-17", "line2": null, "city": "București", "region": null, "postal_code": "011171", "country": null});
        assert_eq!((&made["billing_address"], &made["delivery_address"]), (&address, &Value::Null));
        let account = &made["bank_accounts"][0];
        assert_eq!(
            (&account["iban"], &account["bic"]),
            (&json!("RO49AAAA1B31007593840000"), &json!("AAAAROBU"))
        );
        assert_eq!(made["bank_accounts"][1]["iban"], Value::Null);
        assert_eq!(made["available_actions"], json!(["archive"]));
        assert_eq!(location, path(&made));
        assert_eq!(accountant.get(&location).await.is(200), made);

        // Arrays are changed whole, and what is said again changes nothing.
        let contacts = json!({"contacts": [{"name": "Dan Pop", "phone": "+40 21 555 0101"}]});
        let changed = accountant.patch(&location, contacts.clone()).await.is(200);
        assert_eq!((&changed["contacts"][0]["name"], &changed["version"]), (&json!("Dan Pop"), &json!(2)));
        assert_eq!(changed["contacts"].as_array().unwrap().len(), 1);
        let archived = accountant.act(&format!("{location}/archive")).await.is(200);
        assert_eq!(
            (&archived["status"], &archived["available_actions"]),
            (&json!("archived"), &json!(["restore"]))
        );
        accountant.act(&format!("{location}/archive")).await.is_problem(409, "invalid-state");
        accountant.act(&format!("{location}/restore")).await.is(200);
        let history = accountant.get(&format!("{location}/history")).await.is(200);
        let types: Vec<&str> =
            history["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["party.created", "party.updated", "party.archived", "party.active"]);
        let marked = &history["data"][1]["changes"]["contacts"];
        assert_eq!((&marked["personal"], &marked["after"][0]["name"]), (&json!(true), &json!("Dan Pop")));
        accountant.delete(&location).await.is(204);
    });
}

#[test]
fn all_that_is_wrong_with_a_party_is_told_at_once() {
    run(async {
        let accountant = accountant().await;
        let problem = accountant
            .post(
                "/v1/parties",
                json!({
                    "name": "Wrong", "country": "DE", "tax_id": "DE136695977", "currency": "XAU",
                    "billing_address": {"line1": "A", "city": "B", "country": "UK"},
                    "delivery_address": {"line1": "A", "city": "B", "country": "ZZ"},
                    "contacts": [{"name": "Ana"}, {"name": "ANA"}],
                    "bank_accounts": [
                        {"iban": "RO50AAAA1B31007593840000", "bic": "BTRLZZ22", "currency": "ABC"},
                        {"iban": "RO49AAAA1B31007593840000"},
                        {"iban": "RO49 AAAA 1B31 0075 9384 0000"},
                        {"iban": "RO49AAAA1B31007593840000", "account_number": "1"},
                        {"bic": "BTRLRO22"},
                        {"account_number": "DE89370400440532013000"},
                        {"iban": "DE89370400440532013000", "id": Uuid::now_v7()},
                    ],
                }),
            )
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(
            faults(&problem),
            [
                "/is_customer neither",
                "/tax_id wrong-check-digits",
                "/currency unknown-currency",
                "/billing_address/country unknown-country",
                "/delivery_address/country unknown-country",
                "/contacts/1 repeated",
                "/bank_accounts/0/iban wrong-check-digits",
                "/bank_accounts/0/bic unknown-country",
                "/bank_accounts/0/currency unknown-currency",
                "/bank_accounts/2/iban repeated",
                "/bank_accounts/3/account_number one-too-many",
                "/bank_accounts/3/iban repeated",
                "/bank_accounts/4/iban required",
                "/bank_accounts/5/account_number is-an-iban",
                "/bank_accounts/6/id unknown-reference",
                "/bank_accounts/6/iban repeated",
            ]
        );
        let refused = async |fields: Value| {
            faults(
                &accountant
                    .post("/v1/parties", customer("Wrong", fields))
                    .await
                    .is_problem(422, "invalid-input"),
            )
        };
        for (fields, wanted) in [
            (json!({"country": "UK"}), "/country unknown-country"),
            (json!({"country": "ro"}), "/country wrong-format"),
            (json!({"tax_id": "RO14399841"}), "/tax_id wrong-check-digits"),
            (json!({"tax_id": ""}), "/tax_id too-short"),
            (json!({"credit_limit": 5000}), "/credit_limit wrong-type"),
            (json!({"credit_limit": "-1"}), "/credit_limit wrong-format"),
            (json!({"credit_limit": "1e3"}), "/credit_limit wrong-format"),
            (json!({"credit_limit": "1.00001"}), "/credit_limit wrong-format"),
            (json!({"credit_limit": "12345678901234567"}), "/credit_limit wrong-format"),
            (json!({"language": "fr"}), "/language unknown-value"),
            (json!({"status": "archived"}), "/status unknown-field"),
            (json!({"name": "Two\nlines"}), "/name more-than-one-line"),
            (json!({"contacts": [{"name": "Ana", "email": "nobody"}]}), "/contacts/0/email wrong-format"),
            (json!({"contacts": [{"name": "Ana", "fax": "1"}]}), "/contacts/0/fax unknown-field"),
            (json!({"contacts": vec![json!({"name": "Ana"}); 51]}), "/contacts too-many"),
            (json!({"billing_address": {"line1": "A"}}), "/billing_address/city required"),
            (json!({"payment_terms_id": Uuid::now_v7()}), "/payment_terms_id unknown-reference"),
        ] {
            let told = refused(fields.clone()).await;
            assert!(told.iter().any(|fault| fault == wanted), "{fields}: {told:?}");
        }
        assert_eq!(accountant.get("/v1/parties?count=true").await.is(200)["total"], 0);

        // A change is held to the rules together with what stays, and told where it was made.
        let acme = enter(&accountant, "Acme", json!({"tax_id": "14399840"})).await;
        let refused = async |change: Value| {
            faults(&accountant.patch(&path(&acme), change).await.is_problem(422, "invalid-input"))
        };
        assert_eq!(refused(json!({"is_customer": false})).await, ["/is_customer neither"]);
        assert_eq!(refused(json!({"country": "DE"})).await, ["/country wrong-format"]);
        assert_eq!(refused(json!({"country": "DE", "tax_id": "DE1"})).await, ["/tax_id wrong-format"]);
        let moved = accountant
            .patch(&path(&acme), json!({"country": "DE", "tax_id": "DE 136 695 976"}))
            .await
            .is(200);
        assert_eq!(moved["tax_id"], "DE136695976");
    });
}

#[track_caller]
fn is_known_already(answer: Answer, by: &str, other: &Value) {
    let problem = answer.is_problem(409, "conflict");
    assert_eq!(faults(&problem), [format!("{by} already-taken")], "{problem}");
    assert_eq!(problem["duplicates"], json!([other["id"]]), "{problem}");
    let told = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(told.contains(other["number"].as_str().unwrap()) && told.contains("allow_duplicate"), "{told}");
}

#[test]
fn a_party_is_entered_once_unless_two_are_meant() {
    run(async {
        let accountant = accountant().await;
        let acme = enter(&accountant, "Acme Construct S.R.L.", json!({"tax_id": "RO14399840"})).await;
        let again = async |body: Value| accountant.post("/v1/parties", body).await;
        // However the tax id is written: with or without the prefix, with spaces.
        for tax_id in ["RO14399840", "14399840", "ro 14 399 840"] {
            is_known_already(again(customer("Other", json!({"tax_id": tax_id}))).await, "/tax_id", &acme);
        }
        // However the name is written: case, accents, punctuation.
        for name in ["ACME CONSTRUCT SRL", "Ácme  Construct, S. R. L.", "acme-construct srl"] {
            is_known_already(again(customer(name, json!({}))).await, "/name", &acme);
        }
        let both = again(customer("Acme Construct SRL", json!({"tax_id": "14399840"})))
            .await
            .is_problem(409, "conflict");
        assert_eq!(faults(&both), ["/name already-taken", "/tax_id already-taken"]);
        assert_eq!(both["duplicates"], json!([acme["id"]]));
        // In another country it is another one.
        enter(&accountant, "Acme Construct SRL", json!({"country": "MD"})).await;

        // Also by a change, and by a change of the country.
        let other = enter(&accountant, "Other", json!({})).await;
        is_known_already(
            accountant.patch(&path(&other), json!({"tax_id": "14399840"})).await,
            "/tax_id",
            &acme,
        );
        let abroad = enter(&accountant, "acme construct srl", json!({"country": "BG"})).await;
        is_known_already(accountant.patch(&path(&abroad), json!({"country": "RO"})).await, "/name", &acme);
        // What is archived is restored instead.
        accountant.act(&format!("{}/archive", path(&acme))).await.is(200);
        let told = again(customer("Acme construct srl", json!({}))).await.is_problem(409, "conflict");
        assert!(told["errors"][0]["detail"].as_str().unwrap().contains("archived"), "{told}");

        // Who means it says so; then changes of it are no longer asked about, and a third one is.
        let branch =
            enter(&accountant, "Acme Construct SRL", json!({"tax_id": "14399840", "allow_duplicate": true}))
                .await;
        assert_eq!(branch["allow_duplicate"], true);
        accountant.patch(&path(&branch), json!({"tax_id": "RO14399840"})).await.is(200);
        let third = again(customer("Third", json!({"tax_id": "14399840"}))).await.is_problem(409, "conflict");
        assert_eq!(third["errors"].as_array().unwrap().len(), 1, "{third}");
        accountant.patch(&path(&branch), json!({"allow_duplicate": false})).await.is_problem(409, "conflict");
        // Where the other goes, nothing is in the way.
        accountant.delete(&path(&acme)).await.is(204);
        accountant.patch(&path(&branch), json!({"allow_duplicate": false})).await.is(200);
        accountant.patch(&path(&branch), json!({"name": "Acme", "tax_id": null})).await.is(200);
        enter(&accountant, "Acme Construct SRL", json!({"tax_id": "14399840"})).await;

        // Another organization knows nothing of it.
        let stranger = Organization::new().await.caller(PERMISSIONS).await;
        enter(&stranger, "Acme Construct SRL", json!({"tax_id": "14399840"})).await;
    });
}

#[test]
fn names_of_other_alphabets_are_told_apart() {
    run(async {
        let accountant = accountant().await;
        for name in
            ["Αλφα ΑΕ", "Βητα ΑΕ", "ООО Ромашка", "ООО Роза", "株式会社", "!!!", "???", "Țara Șoimilor"]
        {
            enter(&accountant, name, json!({})).await;
        }
        for name in ["Αλφα, ΑΕ", "ООО «Роза»", "株式 会社", "Tara Soimilor", "Ţara Şoimilor"]
        {
            let problem =
                accountant.post("/v1/parties", customer(name, json!({}))).await.is_problem(409, "conflict");
            assert_eq!(faults(&problem), ["/name already-taken"], "{name}");
        }
    });
}

#[test]
fn of_eight_who_enter_the_same_at_once_one_does() {
    run(async {
        let accountant = accountant().await;
        for round in 0..10 {
            // By the name, by the tax id, and by both.
            let body = |at: usize| match round % 3 {
                0 => customer(&format!("Race {round}"), json!({})),
                1 => customer(
                    &format!("Race {round} {at}"),
                    json!({"country": "US", "tax_id": format!("{round}-999")}),
                ),
                _ => customer(
                    &format!("Race {round}"),
                    json!({"country": "US", "tax_id": format!("{round}-999")}),
                ),
            };
            let answers = join_all((0..8).map(|at| accountant.post("/v1/parties", body(at)))).await;
            let (made, refused): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status == 201);
            assert_eq!((made.len(), refused.len()), (1, 7), "round {round}");
            for answer in refused {
                let problem = answer.is_problem(409, "conflict");
                assert_eq!(problem["duplicates"], json!([made[0].body["id"]]), "round {round}: {problem}");
            }
        }
        assert_eq!(accountant.get("/v1/parties?count=true").await.is(200)["total"], 10);
        // Numbers of those who were refused are not missing.
        let numbers = accountant.get("/v1/parties?sort=-number&limit=1").await.is(200);
        assert_eq!(numbers["data"][0]["number"], "P-00010");
    });
}

#[test]
fn two_who_rename_to_the_same_are_one_and_one() {
    run(async {
        let accountant = accountant().await;
        for round in 0..10 {
            let (one, other) = (
                enter(&accountant, &format!("One {round}"), json!({})).await,
                enter(&accountant, &format!("Other {round}"), json!({})).await,
            );
            let same = json!({"name": format!("Same {round}")});
            let (one, other) = (path(&one), path(&other));
            let (a, b) = futures_util::future::join(
                accountant.patch(&one, same.clone()),
                accountant.patch(&other, same),
            )
            .await;
            let mut statuses = [a.status, b.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "round {round}: {} {}", a.text, b.text);
        }
    });
}

#[test]
fn an_account_keeps_its_id_by_its_number() {
    run(async {
        let accountant = accountant().await;
        let (iban, other) = ("RO49AAAA1B31007593840000", "DE89370400440532013000");
        let acme = enter(&accountant, "Acme", json!({"bank_accounts": [{"iban": iban}]})).await;
        let first = acme["bank_accounts"][0]["id"].clone();
        // Another before it, and its bank told: still the same account.
        let accounts = json!({"bank_accounts": [{"iban": other}, {"iban": "ro49 aaaa 1b31 0075 9384 0000", "bic": "AAAAROBU"}]});
        let two = accountant.patch(&path(&acme), accounts).await.is(200);
        assert_eq!(
            (&two["bank_accounts"][1]["id"], &two["bank_accounts"][1]["bic"]),
            (&first, &json!("AAAAROBU"))
        );
        let second = two["bank_accounts"][0]["id"].clone();
        assert_ne!(second, first);
        // As it was read it can be sent back; an id of another account can not.
        let same =
            accountant.patch(&path(&acme), json!({"bank_accounts": two["bank_accounts"]})).await.is(200);
        assert_eq!(same["bank_accounts"], two["bank_accounts"]);
        let swapped = json!({"bank_accounts": [{"iban": other, "id": first}]});
        let refused = accountant.patch(&path(&acme), swapped).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), ["/bank_accounts/0/id unknown-reference"]);
        // Taken off and put back it is the same again, since payments may refer to it.
        accountant.patch(&path(&acme), json!({"bank_accounts": []})).await.is(200);
        let database = service().database().await;
        let current = async || -> Vec<(String, bool)> {
            let rows = "select iban, is_current from party_bank_accounts where org_id = $1 order by iban";
            let rows = database.query(rows, &[&accountant.organization]).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1))).collect()
        };
        assert_eq!(current().await, [(other.to_owned(), false), (iban.to_owned(), false)]);
        let back = accountant.patch(&path(&acme), json!({"bank_accounts": [{"iban": iban}]})).await.is(200);
        assert_eq!(back["bank_accounts"][0]["id"], first);
        assert_eq!(current().await, [(other.to_owned(), false), (iban.to_owned(), true)]);
        // Two parties may share an account, as those do who sell what they are owed.
        let factor = enter(&accountant, "Factor", json!({"bank_accounts": [{"iban": iban}]})).await;
        assert_ne!(factor["bank_accounts"][0]["id"], first);
    });
}

#[test]
fn where_a_policy_says_so_two_people_change_where_money_goes() {
    run(async {
        let organization = Organization::new().await;
        let (owner, checker) = (organization.owner().await, organization.owner().await);
        let policy = json!({"name": "Bank details", "resource": "parties", "action": "change-bank-accounts", "steps": [{"user_ids": [checker.user]}]});
        owner.post("/v1/approval-policies", policy).await.is(201);
        let acme =
            enter(&owner, "Acme", json!({"bank_accounts": [{"iban": "RO49AAAA1B31007593840000"}]})).await;
        // What leaves the accounts as they are needs nobody.
        owner
            .patch(&path(&acme), json!({"language": "ro", "bank_accounts": acme["bank_accounts"]}))
            .await
            .is(200);
        let change = json!({"bank_accounts": [{"iban": "DE89 3704 0044 0532 0130 00", "bic": null}]});
        owner.patch(&path(&acme), change.clone()).await.is_problem(409, "approval-required");
        let request = json!({"resource": "parties", "resource_id": acme["id"], "action": "change-bank-accounts", "change": change});
        let request = owner.post("/v1/approvals", request).await.is(201);
        let approve = format!("/v1/approvals/{}/approve", id(&request));
        owner.post(&approve, json!({})).await.is_problem(403, "forbidden");
        checker.post(&approve, json!({})).await.is(200);
        // Nor by who may have left their desk: not without the password again.
        let away = organization.owner().await.signed_in_ago(3600).await;
        away.patch(&path(&acme), change.clone()).await.is_problem(401, "fresh-login-required");
        // For this very change, and no other.
        let another = json!({"bank_accounts": [{"iban": "NL91ABNA0417164300"}]});
        owner.patch(&path(&acme), another).await.is_problem(409, "approval-required");
        let changed = owner.patch(&path(&acme), change).await.is(200);
        assert_eq!(changed["bank_accounts"][0]["iban"], "DE89370400440532013000");
    });
}

#[test]
fn parties_are_found_by_what_one_knows_of_them() {
    run(async {
        let accountant = accountant().await;
        enter(
            &accountant,
            "Dante",
            json!({"legal_name": "Dante International S.A.", "tax_id": "RO14399840"}),
        )
        .await;
        enter(&accountant, "Petrom", json!({"tax_id": "1590082", "is_customer": false, "is_supplier": true}))
            .await;
        enter(
            &accountant,
            "Bayern Motoren",
            json!({"country": "DE", "tax_id": "DE129273398", "is_supplier": true}),
        )
        .await;
        let stale =
            enter(&accountant, "Stale 50% off", json!({"country": "US", "tax_id": "12-3456789"})).await;
        accountant.act(&format!("{}/archive", path(&stale))).await.is(200);
        let found = async |query: &str| -> Vec<String> {
            let page = accountant.get(&format!("/v1/parties?sort=name&{query}")).await.is(200);
            names(&page).into_iter().map(str::to_owned).collect()
        };
        assert_eq!(found("").await, ["Bayern Motoren", "Dante", "Petrom", "Stale 50% off"]);
        for (query, wanted) in [
            ("q=international", vec!["Dante"]),
            ("q=9840", vec!["Dante"]),
            ("q=0%25", vec!["Stale 50% off"]),
            ("q=P-00002", vec!["Petrom"]),
            ("is_customer=true", vec!["Bayern Motoren", "Dante", "Stale 50% off"]),
            ("is_supplier=true", vec!["Bayern Motoren", "Petrom"]),
            ("is_supplier=true&is_customer=false", vec!["Petrom"]),
            ("country=RO", vec!["Dante", "Petrom"]),
            ("status=archived", vec!["Stale 50% off"]),
            ("number=P-00003", vec!["Bayern Motoren"]),
            // A tax id with or without its prefix, as it comes.
            ("tax_id=14399840", vec!["Dante"]),
            ("tax_id=ro%2014399840", vec!["Dante"]),
            ("tax_id=RO1590082", vec!["Petrom"]),
            ("tax_id=1590082", vec!["Petrom"]),
            ("tax_id=129273398", vec!["Bayern Motoren"]),
            ("tax_id=RO129273398", vec![]),
            ("tax_id=12-3456789", vec!["Stale 50% off"]),
        ] {
            assert_eq!(found(query).await, wanted, "{query}");
        }
    });
}

#[test]
fn what_a_party_is_booked_to_is_of_its_kind() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        let account = async |kind: &str, code: &str, is_group: bool| {
            let account = json!({"code": code, "name": code, "type": kind, "is_group": is_group});
            owner.post("/v1/accounts", account).await.is(201)["id"].clone()
        };
        let (asset, income) = (account("asset", "T-1", false).await, account("income", "T-2", false).await);
        let (group, old) = (account("expense", "T-3", true).await, account("expense", "T-4", false).await);
        owner.act(&format!("/v1/accounts/{}/archive", old.as_str().unwrap())).await.is(200);
        // A machine that is bought is an asset.
        let fields =
            json!({"receivable_account_id": asset, "income_account_id": income, "expense_account_id": asset});
        let acme = enter(owner, "Acme", fields).await;
        assert_eq!((&acme["receivable_account_id"], &acme["payable_account_id"]), (&asset, &Value::Null));
        let wrong = json!({"receivable_account_id": income, "payable_account_id": asset, "income_account_id": Uuid::now_v7(), "expense_account_id": group});
        let refused = owner.patch(&path(&acme), wrong).await.is_problem(422, "invalid-input");
        assert_eq!(
            faults(&refused),
            [
                "/receivable_account_id wrong-account",
                "/payable_account_id wrong-account",
                "/income_account_id unknown-reference",
                "/expense_account_id is-group"
            ]
        );
        let refused = owner
            .patch(&path(&acme), json!({"expense_account_id": old}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), ["/expense_account_id archived"]);
        let refused = owner
            .patch(&path(&acme), json!({"income_account_id": Uuid::now_v7()}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), ["/income_account_id unknown-reference"]);
        // In a file accounts are named by their codes.
        let file = "name,country,is_customer,receivable_account,income_account\nBeta,RO,yes,T-1,T-2\n";
        import(owner, "", file).await.is(200);
        let beta = owner.get("/v1/parties?q=Beta").await.is(200);
        assert_eq!(
            (&beta["data"][0]["receivable_account_id"], &beta["data"][0]["income_account_id"]),
            (&asset, &income)
        );
    });
}

#[test]
fn who_is_in_the_books_stays() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        let acme = enter(owner, "Acme", json!({})).await;
        let (bank, receivable) = (company.role("bank").await, company.role("receivable").await);
        let lines = json!([{"account_id": bank, "debit": "10.00", "party_id": acme["id"]}, {"account_id": receivable, "credit": "10.00", "party_id": acme["id"]}]);
        let entry = json!({"posted_on": "2026-03-02", "description": "Paid", "lines": lines});
        company.try_to_post(entry).await.is(200);
        owner.delete(&path(&acme)).await.is_problem(409, "in-use");
        owner.act(&format!("{}/archive", path(&acme))).await.is(200);
    });
}

async fn import(caller: &Caller, query: &str, file: &str) -> Answer {
    let request = caller.request(Method::POST, &format!("/v1/parties/import?{query}"));
    request.body("text/csv", file.to_owned()).send().await
}

#[test]
fn a_file_of_parties_is_taken_under_the_same_rules() {
    run(async {
        let owner = Organization::new().await.owner().await;
        owner.post("/v1/payment-terms", json!({"name": "30 days", "days": 30})).await.is(201);
        let file = "number,name,country,tax_id,is_customer,is_supplier,payment_terms,credit_limit,billing_address.line1,billing_address.city,bank_accounts\n\
            C-1,Dante,RO,RO 14399840,yes,no,30 days,5000,Virtuții 148,București,\n\
            C-2,Petrom,RO,1590082,no,yes,,,,,\"[{\"\"iban\"\": \"\"RO49 AAAA 1B31 0075 9384 0000\"\"}]\"\n";
        let done = import(&owner, "", file).await.is(200);
        assert_eq!((&done["created"], &done["refused"]), (&json!(2), &json!(0)), "{done}");
        let page = owner.get("/v1/parties?sort=number").await.is(200);
        let (dante, petrom) = (&page["data"][0], &page["data"][1]);
        assert_eq!((&dante["tax_id"], &dante["credit_limit"]), (&json!("RO14399840"), &json!("5000.00")));
        assert_eq!(
            (&dante["billing_address"]["city"], &dante["language"]),
            (&json!("București"), &json!("en"))
        );
        assert!(dante["payment_terms_id"].is_string());
        assert_eq!(petrom["bank_accounts"][0]["iban"], "RO49AAAA1B31007593840000");
        assert!(petrom["bank_accounts"][0]["id"].is_string());

        // The same file again changes nothing, and a correction changes what it corrects.
        let again = import(
            &owner,
            "mode=upsert",
            "number,name,tax_id,credit_limit\nC-1,Dante,RO14399840,5000.0\nC-2,OMV Petrom,1590082,\n",
        )
        .await
        .is(200);
        assert_eq!(
            (&again["created"], &again["changed"], &again["unchanged"]),
            (&json!(0), &json!(1), &json!(1)),
            "{again}"
        );

        // Everything that is wrong, by line and column; who is known already, and who is in the file twice, too.
        let wrong = "name,country,tax_id,is_customer\n\
            Third,RO,14399840,yes\n\
            Fourth,RO,RO14399841,yes\n\
            Fifth,ZZ,,yes\n\
            Sixth,RO,,no\n\
            Seventh,RO,,yes\n\
            SEVENTH,RO,,yes\n\
            OMV-PETROM,RO,,yes\n";
        let problem = import(&owner, "", wrong).await.is_problem(422, "invalid-input");
        assert_eq!(
            faults(&problem),
            [
                "/2/tax_id already-taken",
                "/3/tax_id wrong-check-digits",
                "/4/country unknown-country",
                "/5/is_customer neither",
                "/7/name already-taken",
                "/8/name already-taken",
            ],
            "{problem:#}"
        );
        assert_eq!(owner.get("/v1/parties?count=true").await.is(200)["total"], 2);
        let skipped = import(&owner, "on_error=skip", wrong).await.is(200);
        assert_eq!((&skipped["created"], &skipped["refused"]), (&json!(1), &json!(6)), "{skipped}");
    });
}

#[test]
fn a_thousand_parties_are_one_file() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let mut file = "name,country,is_customer,tax_id\n".to_owned();
        for number in 0..1000 {
            let _ = writeln!(file, "Customer {number},US,yes,{number:02}-{:07}", number * 7919);
        }
        let started = std::time::Instant::now();
        let done = import(&owner, "", &file).await.is(200);
        println!("a thousand parties in {:?}", started.elapsed());
        assert_eq!(done["created"], 1000);
        let last = owner.get("/v1/parties?sort=-number&limit=1&count=true").await.is(200);
        assert_eq!((&last["data"][0]["number"], &last["total"]), (&json!("P-01000"), &json!(1000)));
    });
}
