//! An unhappy customer, from the front office to a credit note, and what the front office sees of it.
use crate::shop::Shop;
use crate::support::{Caller, Organization, operations, run, service};
use crate::{each, faults, id, work_off};
use chrono::{Days, Utc};
use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};

/// The permissions that a built-in role holds.
fn role(name: &str) -> Vec<String> {
    let role = identity::permissions::BUILT_IN_ROLES.iter().find(|role| role.name == name).unwrap();
    role.grants().iter().map(|grant| format!("{}={}", grant.permission, grant.reach.as_str())).collect()
}

async fn holder(org: &Organization, name: &str) -> Caller {
    let held = role(name);
    org.caller(&held.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// A shop with an invoice of three for 119.00, tax included, and those who deal with who complains of it.
struct Complaint {
    shop: Shop,
    invoice: Value,
    front: Caller,
    clerk: Caller,
    chief: Caller,
}

impl Complaint {
    async fn new() -> Self {
        let shop = Shop::new().await;
        let tax = shop.tax("S19", "19", json!({})).await;
        let invoice = shop.invoice(json!([shop.line("2", "50.00", &tax)]), json!({})).await;
        let front = holder(&shop.organization, "front_office").await;
        let clerk = holder(&shop.organization, "accountant").await;
        let chief = holder(&shop.organization, "accounting_manager").await;
        Self { shop, invoice, front, clerk, chief }
    }

    async fn open(&self, fields: Value) -> Value {
        let mut case = json!({"party_id": self.shop.customer, "subject": "One was broken", "happened": "Of two machines one does not run.",
            "promised": "An answer by Friday", "wanted": "Half of the money back", "value_at_risk": "12000.00", "currency": "EUR",
            "resource": "invoices", "resource_id": id(&self.invoice), "due_at": Utc::now() + Days::new(2)});
        case.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.front.post("/v1/cases", case).await.is(201)
    }

    /// One of two back: 50.00 and 9.50 of tax.
    fn half(&self, case: &Value, amount: &str) -> Value {
        json!({"case_id": id(case), "decision": "credit_note", "reason": "One of two was broken", "amount": amount, "invoice_id": id(&self.invoice),
            "lines": [{"line": 1, "quantity": "1"}], "issued_on": "2026-04-10"})
    }
}

#[test]
fn an_unhappy_customer_gets_a_credit_note_and_the_front_office_the_answer() {
    run(async {
        let of = Complaint::new().await;
        let case = of.open(json!({})).await;
        assert_eq!(
            (&case["status"], &case["promise"], &case["owner_id"]),
            (&json!("open"), &json!("open"), &Value::Null)
        );
        assert_eq!(case["number"], "CASE-00001");
        let path = format!("/v1/cases/{}", id(&case));
        let mira = of.shop.owner.hire("Mira", None).await;
        let taken = of.chief.post(&format!("{path}/assign"), json!({"owner_id": mira})).await.is(200);
        assert_eq!((&taken["status"], &taken["owner_id"]), (&json!("in_progress"), &json!(mira)));
        let step = json!({"case_id": id(&case), "kind": "investigation", "note": "The forklift fell on it."});
        of.clerk.post("/v1/case-steps", step).await.is(201);
        let files = of.clerk.get(&format!("/v1/case-files?case_id={}", id(&case))).await.is(200);
        let file = format!("/v1/case-files/{}", id(&files["data"][0]));
        let found = json!({"root_cause": "delivery", "root_cause_note": "Our own driver", "findings": "It is our fault."});
        of.clerk.patch(&file, found).await.is(200);

        // What it costs is said before somebody else agrees to it.
        let too_little = of.clerk.post("/v1/case-decisions", of.half(&case, "59.49")).await;
        assert_eq!(
            faults(&too_little.is_problem(422, "invalid-input")),
            [("/amount", "less-than-the-credit-note")]
        );
        let nothing = json!({"case_id": id(&case), "decision": "credit_note", "reason": "Broken"});
        let nothing = of.clerk.post("/v1/case-decisions", nothing).await.is_problem(422, "invalid-input");
        let mut told = faults(&nothing);
        told.sort_unstable();
        assert_eq!(told, [("/amount", "required"), ("/invoice_id", "required"), ("/issued_on", "required")]);
        let proposed = of.clerk.post("/v1/case-decisions", of.half(&case, "59.50")).await.is(201);
        assert_eq!((&proposed["status"], &proposed["currency"]), (&json!("proposed"), &json!("EUR")));
        of.clerk.post("/v1/case-decisions", of.half(&case, "59.50")).await.is_problem(409, "conflict");
        let decision = format!("/v1/case-decisions/{}", id(&proposed));
        of.clerk.act(&format!("{decision}/approve")).await.is_problem(403, "forbidden");
        // A dry run leaves nothing.
        of.chief.act(&format!("{decision}/approve?dry_run=true")).await.is(200);
        assert_eq!(of.chief.get("/v1/credit-notes").await.is(200)["data"], json!([]));
        // Twice at once: once.
        let approve = format!("{decision}/approve");
        let (one, two) = join(of.chief.act(&approve), of.shop.owner.act(&approve)).await;
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let approved = of.chief.get(&decision).await.is(200);
        let notes = of.chief.get("/v1/credit-notes").await.is(200);
        assert_eq!(notes["data"].as_array().unwrap().len(), 1);
        let note = &notes["data"][0];
        assert_eq!(approved["credit_note_id"], note["id"]);
        // 50.00 and 19 % of it; set off against the invoice, of whose 119.00 59.50 are left.
        assert_eq!(
            (
                &note["net_amount"],
                &note["tax_amount"],
                &note["total_amount"],
                &note["open_amount"],
                &note["status"],
                &note["reason"]
            ),
            (
                &json!("50.00"),
                &json!("9.50"),
                &json!("59.50"),
                &json!("0.00"),
                &json!("paid"),
                &json!("One of two was broken")
            )
        );
        assert_eq!(of.shop.read("invoices", &of.invoice).await["open_amount"], "59.50");
        let decided = of.front.get(&path).await.is(200);
        assert_eq!((&decided["status"], &decided["decision"]), (&json!("decided"), &json!("credit_note")));

        let answer = json!({"answer": "59.50 are credited; we are sorry."});
        of.front.post(&format!("{path}/answer"), answer.clone()).await.is_problem(403, "forbidden");
        let answered = of.clerk.post(&format!("{path}/answer"), answer).await.is(200);
        assert_eq!((&answered["status"], &answered["promise"]), (&json!("answered"), &json!("kept")));
        let closed = of.front.act(&format!("{path}/close")).await.is(200);
        assert_eq!(
            (&closed["status"], &closed["answer"]),
            (&json!("closed"), &json!("59.50 are credited; we are sorry."))
        );
        of.clerk.patch(&path, json!({"subject": "Another"})).await.is_problem(409, "conflict");
        of.clerk.delete(&decision).await.is_problem(409, "conflict");
        let from = Utc::now().date_naive() - Days::new(1);
        let causes = of.chief.get(&format!("/v1/reports/cases-by-cause?from={from}")).await.is(200);
        let delivery = &causes["data"][0];
        assert_eq!(
            (
                &delivery["root_cause"],
                &delivery["cases"],
                &delivery["kept"],
                &delivery["broken"],
                &delivery["credit_notes"]
            ),
            (&json!("delivery"), &json!(1), &json!(1), &json!(0), &json!(1))
        );
    });
}

#[test]
fn the_front_office_sees_progress_and_nothing_internal_on_any_route() {
    run(async {
        let of = Complaint::new().await;
        let case = of.open(json!({})).await;
        let path = format!("/v1/cases/{}", id(&case));
        let secret = "Xylophone";
        let step = of
            .clerk
            .post("/v1/case-steps", json!({"case_id": id(&case), "kind": "note", "note": secret}))
            .await
            .is(201);
        let files = of.clerk.get(&format!("/v1/case-files?case_id={}", id(&case))).await.is(200);
        let file = files["data"][0].clone();
        of.clerk
            .patch(
                &format!("/v1/case-files/{}", id(&file)),
                json!({"root_cause": "supplier", "root_cause_note": secret, "findings": secret}),
            )
            .await
            .is(200);
        let decision = of
            .clerk
            .post(
                "/v1/case-decisions",
                json!({"case_id": id(&case), "decision": "apology", "reason": secret, "amount": "77.77"}),
            )
            .await
            .is(201);
        of.chief
            .post(
                &format!("/v1/case-decisions/{}/reject", id(&decision)),
                json!({"rejection_reason": secret}),
            )
            .await
            .is(200);
        // What is said to those who may change the case is not said to the front office; what is said to all, is.
        let say = |visibility: &str, body: &str| json!({"resource": "cases", "resource_id": id(&case), "body": body, "visibility": visibility});
        of.clerk.post("/v1/comments", say("internal", secret)).await.is(201);
        of.clerk.post("/v1/comments", say("everyone", "We look into it")).await.is(201);
        of.clerk
            .post("/v1/comments", json!({"resource": "case-files", "resource_id": id(&file), "body": secret}))
            .await
            .is(201);
        let task = json!({"title": secret, "due_on": Utc::now().date_naive(), "resource": "cases", "resource_id": id(&case)});
        of.clerk.post("/v1/tasks", task).await.is(201);

        // Its progress.
        assert_eq!(each(&of.front.get("/v1/cases").await.is(200), "id"), [id(&case)]);
        assert_eq!(of.front.get(&path).await.is(200)["status"], "open");
        let said = of.front.get(&format!("/v1/comments?resource_id={}", id(&case))).await.is(200);
        assert_eq!(each(&said, "body"), ["We look into it"]);
        // Every route that reads something, with every id that there is.
        let ids = [id(&case), id(&step), id(&file), id(&decision)];
        let mut tried = 0;
        for operation in operations().into_iter().filter(|each| each.method == Method::GET) {
            let plain = !operation.path.contains('{');
            for id in if plain { &ids[..1] } else { &ids[..] } {
                let (before, rest) = operation.path.split_once('{').unwrap_or((&operation.path, "}"));
                let path = if plain {
                    before.to_owned()
                } else {
                    format!("{before}{id}{}", rest.split_once('}').unwrap().1)
                };
                if path.contains('{') {
                    continue;
                }
                let answer = of.front.request(Method::GET, &path).try_send().await.unwrap();
                assert!(
                    !answer.text.contains(secret) && !answer.text.contains("77.77"),
                    "{}: {}",
                    path,
                    answer.text
                );
                if ["/v1/case-files", "/v1/case-steps", "/v1/case-decisions", "/v1/reports/cases-by-cause"]
                    .iter()
                    .any(|internal| path.starts_with(internal))
                {
                    assert_eq!(answer.status, 403, "{path}");
                }
                tried += 1;
            }
        }
        assert!(tried > 300, "{tried} reads were tried");
        for search in [
            format!("/v1/cases?q={secret}"),
            format!("/v1/comments?resource_id={}&q={secret}", id(&case)),
            format!("/v1/tasks?q={secret}"),
        ] {
            assert_eq!(of.front.get(&search).await.is(200)["data"], json!([]), "{search}");
        }
        // And of writing, what it begins and ends.
        of.front.patch(&path, json!({"subject": "Mine"})).await.is_problem(403, "forbidden");
        of.front
            .post("/v1/case-steps", json!({"case_id": id(&case), "kind": "note", "note": "Mine"}))
            .await
            .is_problem(403, "forbidden");
        of.front.post(&format!("{path}/withdraw"), json!({"reason": "They like it now"})).await.is(200);
        let over = json!({"case_id": id(&case), "kind": "note", "note": "Late"});
        assert_eq!(
            faults(&of.clerk.post("/v1/case-steps", over).await.is_problem(409, "conflict")),
            [("/case_id", "over")]
        );
    });
}

#[test]
fn who_may_not_post_leaves_a_draft_and_a_policy_asks_for_more_by_the_amount() {
    run(async {
        let of = Complaint::new().await;
        let org = &of.shop.organization;
        let large = json!({"name": "Large ones", "resource": "case-decisions", "action": "approve", "conditions": [{"field": "amount", "over": "100"}], "steps": [{"user_ids": [of.shop.owner.user]}]});
        of.shop.owner.post("/v1/approval-policies", large).await.is(201);
        let case = of.open(json!({})).await;
        let proposed = of.clerk.post("/v1/case-decisions", of.half(&case, "119.00")).await.is(201);
        let path = format!("/v1/case-decisions/{}", id(&proposed));
        of.chief.act(&format!("{path}/approve")).await.is_problem(409, "approval-required");
        // Not over 100.00 any more.
        of.clerk.patch(&path, json!({"amount": "59.50"})).await.is(200);
        let blind = org.caller(&["case-decisions:read", "case-decisions:approve"]).await;
        blind.act(&format!("{path}/approve")).await.is_problem(403, "forbidden");
        assert_eq!(of.chief.get("/v1/credit-notes").await.is(200)["data"], json!([]));
        let writer = org
            .caller(&[
                "case-decisions:read",
                "case-decisions:approve",
                "credit-notes:write",
                "credit-notes:read",
            ])
            .await;
        let approved = writer.act(&format!("{path}/approve")).await.is(200);
        let note = format!("/v1/credit-notes/{}", approved["credit_note_id"].as_str().unwrap());
        assert_eq!(of.chief.get(&note).await.is(200)["status"], "draft");
        writer.act(&format!("{path}/approve")).await.is_problem(409, "invalid-state");

        // Of another customer's invoice nothing is taken back.
        let other = of.shop.party(json!({"is_customer": true})).await;
        let case = of.open(json!({"party_id": other})).await;
        let foreign = of
            .clerk
            .post("/v1/case-decisions", of.half(&case, "59.50"))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&foreign), [("/invoice_id", "other-party")]);
        let sorry = json!({"case_id": id(&case), "decision": "apology", "reason": "We were late", "issued_on": "2026-04-10"});
        let sorry = of.clerk.post("/v1/case-decisions", sorry).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&sorry), [("/issued_on", "not-allowed")]);
    });
}

#[test]
fn a_promise_that_is_not_kept_is_broken_from_that_moment_on() {
    run(async {
        let of = Complaint::new().await;
        let case = of.open(json!({"due_at": Utc::now() - chrono::Duration::minutes(5)})).await;
        let path = format!("/v1/cases/{}", id(&case));
        work_off(&of.shop.organization, "select break_promises(1000)").await;
        // Another worker may be at it just now.
        for _ in 0..100 {
            if of.front.get(&path).await.is(200)["promise"] == "broken" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(of.front.get(&path).await.is(200)["promise"], "broken");
        let history = of.front.get(&format!("{path}/history")).await.is(200);
        let told = history["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["changes"]["promise"]["after"] == "broken");
        assert_eq!(told.count(), 1, "{history}");
        let later = json!({"due_at": Utc::now() + Days::new(1)});
        let refused = of.clerk.patch(&path, later.clone()).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/due_at", "broken")]);
        let answered =
            of.clerk.post(&format!("{path}/answer"), json!({"answer": "Sorry, late."})).await.is(200);
        assert_eq!(answered["promise"], "broken");
        // Promised anew, kept anew.
        let again = json!({"reason": "That was no answer", "due_at": Utc::now() + Days::new(1)});
        let again = of.front.post(&format!("{path}/reopen"), again).await.is(200);
        assert_eq!(
            (&again["status"], &again["promise"], &again["answered_at"]),
            (&json!("open"), &json!("open"), &Value::Null)
        );
        let answered =
            of.clerk.post(&format!("{path}/answer"), json!({"answer": "This is one."})).await.is(200);
        assert_eq!(answered["promise"], "kept");
        let database = service().database().await;
        let alarms = "select count(*) from case_alarms where organization_id = $1";
        let left: i64 = database.query_one(alarms, &[&of.shop.organization.id]).await.unwrap().get(0);
        assert_eq!(left, 0);
    });
}

#[test]
fn who_opened_a_case_adds_what_the_customer_sent() {
    run(async {
        let of = Complaint::new().await;
        let case = of.open(json!({})).await;
        let upload = async |caller: &Caller, name: &str| {
            let file = caller.upload(&format!("name={name}"), format!("{name} of the machine")).await.is(201);
            format!("/v1/files/{}", id(&file))
        };
        let to = |resource: &str, row: &Value| json!({"resource": resource, "resource_id": id(row)});

        let photo = upload(&of.front, "broken.txt").await;
        of.front.post(&format!("{photo}/attach"), to("cases", &case)).await.is(200);
        let of_case = format!("/v1/files?resource_id={}", id(&case));
        for reader in [&of.front, &of.clerk] {
            assert_eq!(each(&reader.get(&of_case).await.is(200), "name"), ["broken.txt"]);
            assert_eq!(reader.get(&format!("{photo}/content")).await.text, "broken.txt of the machine");
        }
        // What is handed in stays as it came.
        of.front.patch(&photo, json!({"name": "another.txt"})).await.is_problem(404, "not-found");
        of.front.delete(&photo).await.is_problem(404, "not-found");

        // Not what others opened, and nothing of what the back office finds.
        let other = holder(&of.shop.organization, "front_office").await;
        let note = upload(&other, "note.txt").await;
        other.post(&format!("{note}/attach"), to("cases", &case)).await.is_problem(403, "forbidden");
        let own =
            of.clerk.get(&format!("/v1/case-files?case_id={}", id(&case))).await.is(200)["data"][0].clone();
        let finding = upload(&of.clerk, "finding.txt").await;
        of.clerk.post(&format!("{finding}/attach"), to("case-files", &own)).await.is(200);
        of.front.get(&finding).await.is_problem(404, "not-found");
        of.front.get(&format!("{finding}/content")).await.is_problem(404, "not-found");
        let more = upload(&of.front, "more.txt").await;
        of.front
            .post(&format!("{more}/attach"), to("case-files", &own))
            .await
            .is_problem(422, "invalid-input");
    });
}
