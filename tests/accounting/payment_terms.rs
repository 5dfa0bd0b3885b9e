//! Payment terms: said once, given to parties, kept by who has them.
use crate::support::{Organization, run};
use serde_json::{Value, json};

fn faults(problem: &Value) -> Vec<String> {
    let told =
        |fault: &Value| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap());
    problem["errors"].as_array().unwrap().iter().map(told).collect()
}

#[test]
fn terms_say_when_and_in_how_many_parts() {
    run(async {
        let accountant =
            Organization::new().await.caller(&["payment-terms:read", "payment-terms:write"]).await;
        let net = json!({"name": "30 days net", "days": 30, "discount_percent": "2", "discount_days": 10});
        let net = accountant.post("/v1/payment-terms", net).await.is(201);
        assert_eq!(
            (&net["end_of_month"], &net["instalments"], &net["discount_percent"]),
            (&json!(false), &json!([]), &json!("2"))
        );
        assert_eq!(
            (&net["discount_tax"], &net["available_actions"]),
            (&json!("on_payment"), &json!(["archive"]))
        );

        let parts = json!([{"percent": "30", "days": 0}, {"percent": "33.3333", "days": 30}, {"percent": "36.6667", "days": 15, "end_of_month": true}]);
        let thirds = accountant
            .post("/v1/payment-terms", json!({"name": "Deposit", "instalments": parts}))
            .await
            .is(201);
        let kept = json!({"percent": "36.6667", "days": 15, "end_of_month": true});
        assert_eq!((&thirds["instalments"][2], &thirds["days"]), (&kept, &json!(0)));

        let path = format!("/v1/payment-terms/{}", net["id"].as_str().unwrap());
        let longer = accountant
            .patch(
                &path,
                json!({"days": 45, "discount_percent": null, "discount_days": null, "discount_tax": "never"}),
            )
            .await
            .is(200);
        assert_eq!(
            (&longer["days"], &longer["discount_percent"], &longer["discount_tax"]),
            (&json!(45), &Value::Null, &json!("never"))
        );
        accountant
            .post("/v1/payment-terms", json!({"name": "30 days net"}))
            .await
            .is_problem(409, "conflict");
        accountant.delete(&path).await.is(204);
    });
}

#[test]
fn all_that_is_wrong_with_terms_is_told_at_once() {
    run(async {
        let accountant =
            Organization::new().await.caller(&["payment-terms:read", "payment-terms:write"]).await;
        let refused = async |terms: Value| {
            faults(&accountant.post("/v1/payment-terms", terms).await.is_problem(422, "invalid-input"))
        };
        let parts = json!([{"percent": "0", "days": 0}, {"percent": "95", "days": 30}]);
        assert_eq!(
            refused(json!({"name": "A", "days": 5, "end_of_month": true, "instalments": parts, "discount_percent": "2"})).await,
            [
                "/days stands-in-instalments",
                "/end_of_month stands-in-instalments",
                "/instalments/0/percent must-be-positive",
                "/instalments not-the-whole",
                "/discount_days required",
            ]
        );
        assert_eq!(refused(json!({"name": "A", "discount_days": 2})).await, ["/discount_percent required"]);
        assert_eq!(
            refused(json!({"name": "A", "discount_days": 2, "discount_percent": "0.0"})).await,
            ["/discount_percent must-be-positive"]
        );
        for (terms, wanted) in [
            (json!({"name": "A", "discount_percent": 2}), "/discount_percent wrong-type"),
            (json!({"name": "A", "discount_percent": "100"}), "/discount_percent wrong-format"),
            (json!({"name": "A", "discount_percent": "1e1"}), "/discount_percent wrong-format"),
            (json!({"name": "A", "discount_percent": "-1"}), "/discount_percent wrong-format"),
            (json!({"name": "A", "discount_tax": "always"}), "/discount_tax unknown-value"),
            (json!({"name": "A", "days": 731}), "/days too-large"),
            (json!({"name": "A", "days": -1}), "/days too-small"),
            (
                json!({"name": "A", "instalments": [{"percent": "NaN", "days": 0}]}),
                "/instalments/0/percent wrong-format",
            ),
            (
                json!({"name": "A", "instalments": vec![json!({"percent": "1", "days": 0}); 37]}),
                "/instalments too-many",
            ),
            (json!({"name": "A", "instalments": [{"percent": "100"}]}), "/instalments/0/days required"),
            (json!({"name": "A", "instalments": null, "day": 3}), "/day unknown-field"),
        ] {
            assert!(refused(terms.clone()).await.iter().any(|fault| fault == wanted), "{terms}: {wanted}");
        }
        // A change is held to the rules together with what stays.
        let whole = json!({"name": "Whole", "instalments": [{"percent": "100.0", "days": 9}]});
        let path = format!(
            "/v1/payment-terms/{}",
            accountant.post("/v1/payment-terms", whole).await.is(201)["id"].as_str().unwrap()
        );
        let refused = accountant.patch(&path, json!({"days": 3})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), ["/days stands-in-instalments"]);
        accountant.patch(&path, json!({"days": 3, "instalments": []})).await.is(200);
    });
}

#[test]
fn terms_that_somebody_has_stay_and_archived_ones_are_given_no_more() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let terms =
            owner.post("/v1/payment-terms", json!({"name": "14 days", "days": 14})).await.is(201)["id"]
                .clone();
        let path = format!("/v1/payment-terms/{}", terms.as_str().unwrap());
        let acme = json!({"name": "Acme", "country": "RO", "is_customer": true, "payment_terms_id": terms});
        let acme = owner.post("/v1/parties", acme).await.is(201);
        assert_eq!(acme["payment_terms_id"], terms);
        owner.delete(&path).await.is_problem(409, "in-use");

        let archived = owner.act(&format!("{path}/archive")).await.is(200);
        assert_eq!(
            (&archived["status"], &archived["available_actions"]),
            (&json!("archived"), &json!(["restore"]))
        );
        owner.act(&format!("{path}/archive")).await.is_problem(409, "invalid-state");
        let other = json!({"name": "Other", "country": "RO", "is_customer": true, "payment_terms_id": terms});
        let refused = owner.post("/v1/parties", other.clone()).await.is_problem(409, "conflict");
        assert!(refused["detail"].as_str().unwrap().contains("payment terms are archived"), "{refused}");
        // Who has them keeps them.
        owner
            .patch(&format!("/v1/parties/{}", acme["id"].as_str().unwrap()), json!({"name": "Acme Two"}))
            .await
            .is(200);
        owner.act(&format!("{path}/restore")).await.is(200);
        owner.post("/v1/parties", other).await.is(201);

        // Another organization's terms are none.
        let stranger = Organization::new().await.owner().await;
        let theirs = json!({"name": "Acme", "country": "RO", "is_customer": true, "payment_terms_id": terms});
        let refused = stranger.post("/v1/parties", theirs).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), ["/payment_terms_id unknown-reference"]);
    });
}
