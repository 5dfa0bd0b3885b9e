//! The fields themselves: made, changed as far as values allow, archived.
use crate::support::run;
use crate::{at, faults, field, field_of, hire, hr, list};
use serde_json::json;

#[test]
fn a_field_says_what_its_type_needs_and_no_more() {
    run(async {
        let hr = hr().await;
        for (kind, more, told) in [
            ("choice", json!({}), list(&[("/choices", "required")])),
            (
                "choice",
                json!({"choices": ["a", "b", "a"], "max_length": 3}),
                list(&[("/choices/2", "repeated"), ("/max_length", "not-allowed")]),
            ),
            ("money", json!({}), list(&[("/currency", "required")])),
            (
                "reference",
                json!({"currency": "EUR"}),
                list(&[("/currency", "not-allowed"), ("/refers_to", "required")]),
            ),
            ("reference", json!({"refers_to": "sessions"}), list(&[("/refers_to", "unknown-value")])),
            (
                "number",
                json!({"max_length": 3, "choices": ["a"]}),
                list(&[("/choices", "not-allowed"), ("/max_length", "not-allowed")]),
            ),
        ] {
            let problem =
                field_of(&hr, "employees", "x", kind, more.clone()).await.is_problem(422, "invalid-input");
            let mut found = faults(&problem);
            found.sort();
            assert_eq!(found, told, "{kind} {more}");
        }
        for (name, code) in [
            ("Shoe", "wrong-format"),
            ("hired_from", "wrong-format"),
            ("a-b", "wrong-format"),
            ("", "wrong-format"),
        ] {
            let problem = field_of(&hr, "employees", name, "text", json!({"label": "X"}))
                .await
                .is_problem(422, "invalid-input");
            assert_eq!(faults(&problem)[0], ("/name".to_owned(), code.to_owned()), "{name}");
        }
        let problem =
            field_of(&hr, "sessions", "x", "text", json!({})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), list(&[("/applies_to", "unknown-value")]));
        let unknown_role = json!({"role_ids": [uuid::Uuid::now_v7()]});
        let problem =
            field_of(&hr, "employees", "x", "text", unknown_role).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), list(&[("/role_ids", "unknown-reference")]));
        // A name is taken once for a resource; another resource has its own.
        field(&hr, "floor", "text", json!({})).await;
        let problem =
            field_of(&hr, "employees", "floor", "number", json!({})).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), list(&[("/name", "already-taken")]));
        field_of(&hr, "departments", "floor", "number", json!({})).await.is(201);
    });
}

#[test]
fn a_field_keeps_what_its_values_rest_on() {
    run(async {
        let hr = hr().await;
        let shirt = at(
            "/v1/custom-fields",
            &field(&hr, "shirt", "choice", json!({"choices": ["S", "M", "L"]})).await,
        );
        let badge = at("/v1/custom-fields", &field(&hr, "badge", "text", json!({})).await);
        let unused = at("/v1/custom-fields", &field(&hr, "unused", "text", json!({})).await);
        for name in ["Ana", "Ion"] {
            hire(&hr, name, json!({"shirt": "M", "badge": "12345"})).await.is(201);
        }
        for fixed in ["applies_to", "name", "type", "currency", "refers_to"] {
            let problem = hr.patch(&shirt, json!({fixed: "text"})).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&problem), list(&[(&format!("/{fixed}"), "unknown-field")]));
        }
        let problem = hr.patch(&shirt, json!({"choices": ["S"]})).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), list(&[("/choices", "in-use")]));
        assert_eq!(
            hr.patch(&shirt, json!({"choices": ["M", "XL"]})).await.is(200)["choices"],
            json!(["M", "XL"])
        );
        assert_eq!(
            faults(&hr.patch(&shirt, json!({"choices": null})).await.is_problem(422, "invalid-input")),
            list(&[("/choices", "required")])
        );
        let problem =
            hr.patch(&badge, json!({"max_length": 4, "unique": true})).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), list(&[("/max_length", "in-use"), ("/unique", "in-use")]));
        hr.patch(&badge, json!({"max_length": 5, "label": "Badge no."})).await.is(200);
        // One that ever held a value is archived instead of deleted, so that its history stays whose it was.
        hr.delete(&badge).await.is_problem(409, "in-use");
        hr.delete(&unused).await.is(204);
    });
}

#[test]
fn an_archived_field_is_gone_until_it_is_restored() {
    run(async {
        let hr = hr().await;
        let shoe = at("/v1/custom-fields", &field(&hr, "shoe_size", "number", json!({"unique": true})).await);
        let mut all = Vec::new();
        for (name, size) in [("Ana", "38"), ("Ion", "44"), ("Eva", "41")] {
            all.push(hire(&hr, name, json!({"shoe_size": size})).await.is(201));
        }
        let page = hr.get("/v1/employees?sort=custom.shoe_size&limit=1").await.is(200);
        let next = format!(
            "/v1/employees?sort=custom.shoe_size&limit=1&cursor={}",
            page["next_cursor"].as_str().unwrap()
        );
        hr.get(&next).await.is(200);
        assert_eq!(hr.act(&format!("{shoe}/archive")).await.is(200)["status"], "archived");
        // Who still sorts or filters by it, or holds a cursor, is told.
        for path in [
            next.as_str(),
            "/v1/employees?sort=-custom.shoe_size",
            "/v1/employees?custom.shoe_size=38",
            "/v1/employees?custom.shoe_size_to=40",
        ] {
            let problem = hr.get(path).await.is_problem(422, "invalid-input");
            assert_eq!(problem["errors"][0]["code"], "unknown-field", "{path}");
            assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("archived"), "{problem}");
        }
        let ana = at("/v1/employees", &all[0]);
        assert_eq!(hr.get(&ana).await.is(200)["custom"], json!({}));
        assert_eq!(
            faults(
                &hr.patch(&ana, json!({"custom": {"shoe_size": "39"}}))
                    .await
                    .is_problem(422, "invalid-input")
            ),
            list(&[("/custom/shoe_size", "unknown-field")])
        );
        assert_eq!(
            faults(
                &hr.patch(&ana, json!({"custom": {"shoe_size": null}}))
                    .await
                    .is_problem(422, "invalid-input")
            ),
            list(&[("/custom/shoe_size", "unknown-field")])
        );
        hr.patch(&ana, json!({"given_name": "Anna"})).await.is(200);
        // Back again, with what rows kept.
        hr.act(&format!("{shoe}/restore")).await.is(200);
        assert_eq!(hr.get(&ana).await.is(200)["custom"], json!({"shoe_size": "38"}));
        hr.get(&next).await.is(200);
        hire(&hr, "Max", json!({"shoe_size": "38"})).await.is_problem(409, "conflict");
    });
}

#[test]
fn a_choice_is_not_taken_while_it_goes() {
    run(async {
        let hr = hr().await;
        for round in 0..10 {
            let name = format!("shirt{round}");
            let shirt =
                at("/v1/custom-fields", &field(&hr, &name, "choice", json!({"choices": ["S", "M"]})).await);
            let (narrowed, hired) = futures_util::future::join(
                hr.patch(&shirt, json!({"choices": ["S"]})),
                hire(&hr, "Racer", json!({name: "M"})),
            )
            .await;
            // Exactly one of them got its way.
            assert!(
                matches!((narrowed.status, hired.status), (200, 422) | (409, 201)),
                "{} {}",
                narrowed.text,
                hired.text
            );
        }
    });
}
