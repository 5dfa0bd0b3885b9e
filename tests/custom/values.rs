//! What is written to custom fields, and what is not.
use crate::support::{run, service};
use crate::{at, faults, field, field_of, hire, hr, list};
use serde_json::json;
use uuid::Uuid;

#[test]
fn an_employee_has_what_the_organization_added() {
    run(async {
        let hr = hr().await;
        field(&hr, "shoe_size", "number", json!({})).await;
        field(&hr, "badge", "text", json!({"max_length": 5})).await;
        field(&hr, "allowance", "money", json!({"currency": "EUR"})).await;
        field(&hr, "born_on", "day", json!({})).await;
        field(&hr, "shirt", "choice", json!({"choices": ["S", "M", "L"]})).await;
        field(&hr, "buddy", "reference", json!({"refers_to": "employees"})).await;
        let boss = hr.hire("Boss", None).await;
        let custom = json!({"shoe_size": "42.5", "badge": "Ünï-1", "allowance": "120.50", "born_on": "1990-02-28", "shirt": "M", "buddy": boss});
        let ana = hire(&hr, "Ana", custom.clone()).await.is(201);
        assert_eq!(ana["custom"], custom);
        assert_eq!(hr.get(&at("/v1/employees", &ana)).await.is(200)["custom"], custom);

        // A merge patch: what is left out stays, null clears, the rest is set.
        let changed = hr
            .patch(&at("/v1/employees", &ana), json!({"custom": {"badge": null, "shirt": "L"}}))
            .await
            .is(200);
        let now = json!({"shoe_size": "42.5", "allowance": "120.50", "born_on": "1990-02-28", "shirt": "L", "buddy": boss});
        assert_eq!((&changed["custom"], &changed["version"]), (&now, &json!(2)));
        // What is so already is no change.
        let same = hr
            .patch(&at("/v1/employees", &ana), json!({"custom": {"shirt": "L", "badge": null}}))
            .await
            .is(200);
        assert_eq!(same["version"], 2);
        // A change of something else leaves them alone.
        let renamed = hr.patch(&at("/v1/employees", &ana), json!({"given_name": "Anna"})).await.is(200);
        assert_eq!(renamed["custom"], now);
        hr.act(&format!("{}/activate", at("/v1/employees", &ana))).await.is(200);

        // Everything is in the history, field by field, and in how it was.
        let history = hr.get(&format!("{}/history", at("/v1/employees", &ana))).await.is(200);
        let told: Vec<_> =
            history["data"].as_array().unwrap().iter().map(|event| &event["changes"]).collect();
        assert_eq!(told[0]["custom.shirt"], json!({"before": null, "after": "M", "personal": true}));
        assert_eq!(
            told[1],
            &json!({"custom.shirt": {"before": "M", "after": "L", "personal": true}, "custom.badge": {"before": "Ünï-1", "after": null, "personal": true}})
        );
        let then = history["data"][0]["at"].as_str().unwrap().replace('+', "%2B");
        let was = hr.get(&format!("{}?as_of={then}", at("/v1/employees", &ana))).await.is(200);
        assert_eq!(was["custom"], custom);
    });
}

#[test]
fn all_that_is_wrong_is_told_at_once_with_the_rest_of_the_body() {
    run(async {
        let hr = hr().await;
        field(&hr, "shoe_size", "number", json!({})).await;
        field(&hr, "badge", "text", json!({"max_length": 5, "required": true})).await;
        field(&hr, "allowance", "money", json!({"currency": "JPY"})).await;
        field(&hr, "born_on", "day", json!({})).await;
        field(&hr, "shirt", "choice", json!({"choices": ["S", "M", "L"]})).await;
        field(&hr, "buddy", "reference", json!({"refers_to": "employees"})).await;
        let wrong = json!({"shoe_size": "4e1", "badge": "123456", "allowance": "1.5", "born_on": "2023-02-29", "shirt": "XL",
            "buddy": Uuid::now_v7(), "no_such": "x", "o/d~d": "x"});
        let told = list(&[
            ("/custom/allowance", "wrong-format"),
            ("/custom/badge", "too-long"),
            ("/custom/born_on", "wrong-format"),
            ("/custom/buddy", "unknown-reference"),
            ("/custom/no_such", "unknown-field"),
            ("/custom/o~1d~0d", "unknown-field"),
            ("/custom/shirt", "unknown-value"),
            ("/custom/shoe_size", "wrong-format"),
        ]);
        let problem = hire(&hr, "Ana", wrong.clone()).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), told);

        let ana = hire(&hr, "Ana", json!({"badge": "1"})).await.is(201);
        let problem = hr
            .patch(&at("/v1/employees", &ana), json!({"custom": wrong}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), told);
        assert_eq!(hr.get(&at("/v1/employees", &ana)).await.is(200)["custom"], json!({"badge": "1"}));

        // Beside faults of other fields, and of the form of custom ones.
        let body = json!({"employee_number": "!", "given_name": "", "family_name": "Pop", "hired_on": "2026-03-02", "custom": {"shoe_size": 42, "born_on": "soon"}});
        let problem = hr.post("/v1/employees", body).await.is_problem(422, "invalid-input");
        assert_eq!(
            faults(&problem),
            list(&[
                ("/custom/badge", "required"),
                ("/custom/born_on", "wrong-format"),
                ("/custom/shoe_size", "wrong-type"),
                ("/employee_number", "wrong-format"),
                ("/given_name", "too-short")
            ])
        );
        let body = json!({"given_name": "", "custom": {"badge": null, "shirt": "XL"}});
        let problem = hr.patch(&at("/v1/employees", &ana), body).await.is_problem(422, "invalid-input");
        assert_eq!(
            faults(&problem),
            list(&[
                ("/custom/badge", "required"),
                ("/custom/shirt", "unknown-value"),
                ("/given_name", "too-short")
            ])
        );

        for (name, value) in [
            ("shoe_size", "NaN"),
            ("shoe_size", "1234567890123456789"),
            ("shoe_size", "0.123456789"),
            ("shoe_size", "042"),
            ("shoe_size", ""),
            ("shoe_size", "1,5"),
            ("allowance", "Infinity"),
            ("born_on", "1899-12-31"),
            ("born_on", "2201-01-01"),
            ("born_on", "2026-2-3"),
            ("buddy", "me"),
            ("badge", ""),
        ] {
            let problem = hr
                .patch(&at("/v1/employees", &ana), json!({"custom": {name: value}}))
                .await
                .is_problem(422, "invalid-input");
            assert_eq!(problem["errors"][0]["pointer"], format!("/custom/{name}"), "{value}");
        }
        hr.patch(&at("/v1/employees", &ana), json!({"custom": null})).await.is_problem(422, "invalid-input");
        let nul = hr
            .patch(&at("/v1/employees", &ana), json!({"custom": {"badge": "a\u{0}"}}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&nul)[0], ("/custom/badge".to_owned(), "control-character".to_owned()));
    });
}

#[test]
fn what_is_required_is_asked_of_new_rows_and_never_cleared() {
    run(async {
        let hr = hr().await;
        let old = hr.hire("Old", None).await;
        let badge = field(&hr, "badge", "text", json!({"required": true})).await;
        field(&hr, "shoe_size", "number", json!({})).await;
        // Rows from before go on without it.
        let path = format!("/v1/employees/{old}");
        hr.patch(&path, json!({"given_name": "Older"})).await.is(200);
        hr.patch(&path, json!({"custom": {"shoe_size": "41"}})).await.is(200);
        for custom in [json!({}), json!({"badge": null})] {
            let problem = hire(&hr, "New", custom).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&problem), list(&[("/custom/badge", "required")]));
        }
        let number = &Uuid::now_v7().simple().to_string()[14..32];
        let bare = json!({"employee_number": number, "given_name": "Ana", "family_name": "Pop", "hired_on": "2026-03-02"});
        assert_eq!(
            faults(&hr.post("/v1/employees", bare).await.is_problem(422, "invalid-input")),
            list(&[("/custom/badge", "required")])
        );
        hr.patch(&path, json!({"custom": {"badge": "7"}})).await.is(200);
        let problem =
            hr.patch(&path, json!({"custom": {"badge": null}})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), list(&[("/custom/badge", "required")]));
        // Required no more.
        hr.patch(&at("/v1/custom-fields", &badge), json!({"required": false})).await.is(200);
        hr.patch(&path, json!({"custom": {"badge": null}})).await.is(200);
    });
}

#[test]
fn a_unique_value_is_taken_once_however_it_is_written() {
    run(async {
        let hr = hr().await;
        field(&hr, "locker", "number", json!({"unique": true})).await;
        let ana = hire(&hr, "Ana", json!({"locker": "12"})).await.is(201);
        let problem = hire(&hr, "Ion", json!({"locker": "12.0"})).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), list(&[("/custom/locker", "already-taken")]));
        let ion = hire(&hr, "Ion", json!({})).await.is(201);
        hr.patch(&at("/v1/employees", &ion), json!({"custom": {"locker": "12"}}))
            .await
            .is_problem(409, "conflict");
        // Another organization has its own, and what is given up is free.
        let others = crate::hr().await;
        field(&others, "locker", "number", json!({"unique": true})).await;
        hire(&others, "Eva", json!({"locker": "12"})).await.is(201);
        hr.patch(&at("/v1/employees", &ana), json!({"custom": {"locker": "13"}})).await.is(200);
        hr.patch(&at("/v1/employees", &ion), json!({"custom": {"locker": "12"}})).await.is(200);
        hr.delete(&at("/v1/employees", &ion)).await.is(204);

        // Of twenty at once, one gets it.
        let hires = (0..20).map(|_| hire(&hr, "Racer", json!({"locker": "12"})));
        let answers = futures_util::future::join_all(hires).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!((statuses[0], statuses[1], statuses[19]), (201, 409, 409));
    });
}

#[test]
fn what_is_referred_to_stays() {
    run(async {
        let hr = hr().await;
        field_of(&hr, "departments", "sponsor", "reference", json!({"refers_to": "employees"})).await.is(201);
        let (ana, ion) = (hr.hire("Ana", None).await, hr.hire("Ion", None).await);
        let code = format!("D{}", &Uuid::now_v7().simple().to_string().to_uppercase()[14..32]);
        let department = hr
            .post("/v1/departments", json!({"name": "Lab", "code": code, "custom": {"sponsor": ana}}))
            .await
            .is(201);
        let path = at("/v1/departments", &department);
        hr.delete(&format!("/v1/employees/{ana}")).await.is_problem(409, "in-use");
        hr.patch(&path, json!({"custom": {"sponsor": ion}})).await.is(200);
        hr.delete(&format!("/v1/employees/{ana}")).await.is(204);
        let problem =
            hr.patch(&path, json!({"custom": {"sponsor": ana}})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), list(&[("/custom/sponsor", "unknown-reference")]));
        // Another organization's row is as if it were not there.
        let foreign = crate::hr().await.hire("Eva", None).await;
        let problem =
            hr.patch(&path, json!({"custom": {"sponsor": foreign}})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), list(&[("/custom/sponsor", "unknown-reference")]));
        hr.delete(&path).await.is(204);
        hr.delete(&format!("/v1/employees/{ion}")).await.is(204);
    });
}

#[test]
fn no_other_path_writes_what_the_fields_do_not_allow() {
    run(async {
        let hr = hr().await;
        field(&hr, "shoe_size", "number", json!({"unique": true})).await;
        let ana = hire(&hr, "Ana", json!({"shoe_size": "40"})).await.is(201);
        let id: Uuid = ana["id"].as_str().unwrap().parse().unwrap();
        let service = service().as_service().await;
        service.execute("select enter_as_system($1, false)", &[&hr.organization]).await.unwrap();
        for custom in [json!({"shoe_size": "large"}), json!({"shoe_size": 40}), json!({"no_such": "1"})] {
            let refused = service
                .execute("update employees set custom = $1 where id = $2", &[&custom, &id])
                .await
                .unwrap_err();
            assert_eq!(refused.as_db_error().unwrap().constraint(), Some("custom_fields_hold"), "{custom}");
        }
        let refused =
            service.execute("update employees set custom = '[]' where id = $1", &[&id]).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().constraint(), Some("employees_custom_type"));
        for statement in [
            "delete from custom_values",
            "update custom_values set value = '1'",
            "delete from custom_references",
            "insert into custom_fields_used (field_id) values (gen_random_uuid())",
        ] {
            service.execute(statement, &[]).await.expect_err(statement);
        }
        // A thousand rows in one statement are checked and kept as one.
        let batch = "insert into employees (id, employee_number, given_name, family_name, hired_on, custom)
            select gen_random_uuid(), 'B-' || n, 'Batch', 'Test', '2026-03-02', jsonb_build_object('shoe_size', n::text) from generate_series(1000, 1999) n";
        service.execute(batch, &[]).await.unwrap();
        assert_eq!(hr.get("/v1/employees?custom.shoe_size_from=1990&count=true").await.is(200)["total"], 10);
        let refused = service.execute(&batch.replace("'B-'", "'C-'"), &[]).await.unwrap_err();
        assert!(refused.as_db_error().unwrap().detail().unwrap().contains("already-taken"));
        assert_eq!(hr.get("/v1/employees?count=true&limit=1").await.is(200)["total"], 1001);
        service
            .execute("update employees set custom = '{}' where employee_number like 'B-%'", &[])
            .await
            .unwrap();
        assert_eq!(hr.get("/v1/employees?custom.shoe_size_from=0&count=true").await.is(200)["total"], 1);
        let left: i64 = service.query_one("select count(*) from custom_values", &[]).await.unwrap().get(0);
        assert_eq!(left, 1);
    });
}
