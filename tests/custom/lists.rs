//! Lists narrowed and sorted by custom fields.
use crate::support::{Caller, run};
use crate::{at, faults, field, given_names, hire, hr, list};
use reqwest::Method;
use serde_json::{Value, json};

/// Walks all pages of a list.
async fn walk(caller: &Caller, query: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = caller.get(&format!("/v1/employees?{query}{cursor}")).await.is(200);
        names.extend(given_names(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return names,
        }
    }
}

/// Employees with these shoe sizes, floors and last days of the badge; empty is none.
async fn company() -> Caller {
    let hr = hr().await;
    field(&hr, "shoe_size", "number", json!({})).await;
    field(&hr, "floor", "text", json!({})).await;
    field(&hr, "badge_until", "day", json!({})).await;
    for (name, size, floor, day) in [
        ("Ana", "38", "b", "2026-05-01"),
        ("Ion", "44.5", "a", ""),
        ("Eva", "-1", "", "2026-04-30"),
        ("Max", "", "a", "2027-01-01"),
        ("Tom", "9", "b", ""),
        ("Zoe", "38.0", "a", "2026-05-02"),
        ("Uma", "", "", ""),
    ] {
        let custom: serde_json::Map<String, Value> =
            [("shoe_size", size), ("floor", floor), ("badge_until", day)]
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.to_owned(), json!(value)))
                .collect();
        hire(&hr, name, Value::Object(custom)).await.is(201);
    }
    hr
}

#[test]
fn rows_are_found_by_value_and_by_range() {
    run(async {
        let hr = company().await;
        for (query, names) in [
            ("custom.shoe_size=38", vec!["Ana", "Zoe"]),
            ("custom.shoe_size=38.00", vec!["Ana", "Zoe"]),
            ("custom.shoe_size_from=9&custom.shoe_size_to=38", vec!["Ana", "Tom", "Zoe"]),
            ("custom.shoe_size_to=-0.5", vec!["Eva"]),
            ("custom.shoe_size_from=38.00000001", vec!["Ion"]),
            ("custom.floor=a", vec!["Ion", "Max", "Zoe"]),
            ("custom.floor=a&custom.shoe_size=38", vec!["Zoe"]),
            ("custom.floor=a%25", vec![]),
            ("custom.badge_until_from=2026-05-01", vec!["Ana", "Max", "Zoe"]),
            ("custom.badge_until=2026-04-30&status=pending&q=ev", vec!["Eva"]),
            ("custom.badge_until=2026-04-30&status=active", vec![]),
        ] {
            let page = hr.get(&format!("/v1/employees?{query}&count=true")).await.is(200);
            assert_eq!(given_names(&page), names, "{query}");
            assert_eq!(page["total"], names.len(), "{query}");
        }
        // Another organization with a field of that name has rows of its own.
        let others = crate::hr().await;
        field(&others, "floor", "text", json!({})).await;
        assert_eq!(
            given_names(&others.get("/v1/employees?custom.floor=a").await.is(200)),
            Vec::<String>::new()
        );
    });
}

#[test]
fn rows_are_sorted_by_value_and_come_last_without_one() {
    run(async {
        let hr = company().await;
        for (sort, names) in [
            ("custom.shoe_size", ["Eva", "Tom", "Ana", "Zoe", "Ion", "Max", "Uma"]),
            ("-custom.shoe_size", ["Ion", "Zoe", "Ana", "Tom", "Eva", "Uma", "Max"]),
            ("custom.shoe_size,-id", ["Eva", "Tom", "Zoe", "Ana", "Ion", "Uma", "Max"]),
            ("custom.floor,-custom.shoe_size", ["Ion", "Zoe", "Max", "Ana", "Tom", "Eva", "Uma"]),
            ("-custom.floor,custom.badge_until,-hired_on", ["Ana", "Tom", "Zoe", "Max", "Ion", "Eva", "Uma"]),
            ("family_name,-custom.badge_until", ["Max", "Zoe", "Ana", "Eva", "Uma", "Tom", "Ion"]),
            ("hired_on,custom.floor,-custom.shoe_size", ["Ion", "Zoe", "Max", "Ana", "Tom", "Eva", "Uma"]),
        ] {
            for limit in [1, 2, 3, 7, 50] {
                assert_eq!(
                    walk(&hr, &format!("sort={sort}&limit={limit}")).await,
                    names,
                    "{sort} by {limit}"
                );
            }
        }
        assert_eq!(walk(&hr, "sort=-custom.shoe_size&limit=1&custom.floor=a").await, ["Ion", "Zoe", "Max"]);
        // The whole list as CSV, in that order, a column for each field.
        let csv = hr
            .request(Method::GET, "/v1/employees?sort=-custom.shoe_size&custom.floor=a")
            .header("accept", "text/csv")
            .send()
            .await;
        let lines: Vec<Vec<&str>> = csv.text.lines().map(|line| line.split(',').collect()).collect();
        let column = |name: &str| {
            lines[0].iter().position(|each| *each == name).unwrap_or_else(|| panic!("{:?}", lines[0]))
        };
        let [name, size, day] = ["given_name", "custom.shoe_size", "custom.badge_until"].map(column);
        let told: Vec<_> = lines[1..].iter().map(|line| (line[name], line[size], line[day])).collect();
        assert_eq!(told, [("Ion", "44.5", ""), ("Zoe", "38.0", "2026-05-02"), ("Max", "", "2027-01-01")]);
        assert!(!lines[0].contains(&"custom"), "{:?}", lines[0]);
    });
}

#[test]
fn what_no_field_declares_is_refused() {
    run(async {
        let hr = company().await;
        for (query, told) in [
            ("custom.no_such=1", list(&[("custom.no_such", "unknown-field")])),
            (
                "custom.no_such=1&custom.shoe_size=x&custom.badge_until_to=2026",
                list(&[
                    ("custom.no_such", "unknown-field"),
                    ("custom.shoe_size", "wrong-format"),
                    ("custom.badge_until_to", "wrong-format"),
                ]),
            ),
            ("custom.floor_from=a", list(&[("custom.floor_from", "unknown-parameter")])),
            ("custom.=1", list(&[("custom.", "unknown-field")])),
            ("custom.floor=", list(&[("custom.floor", "wrong-length")])),
            ("custom.floor=%00", list(&[("custom.floor", "control-character")])),
            ("sort=custom.no_such", list(&[("sort", "unknown-field")])),
            ("sort=custom.floor,-custom.floor", list(&[("sort", "repeated")])),
            ("sort=custom.floor_from", list(&[("sort", "unknown-field")])),
            ("custom.floor=a&custom.floor=b", list(&[("custom.floor", "repeated")])),
        ] {
            let problem = hr.get(&format!("/v1/employees?{query}")).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&problem), told, "{query}");
        }
        // Where a resource takes none, and where one row is read, there is no such parameter.
        for path in [
            "/v1/roles?custom.floor=a".to_owned(),
            format!("/v1/employees/{}?custom.floor=a", hr.hire("Ada", None).await),
        ] {
            let problem = hr.get(&path).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&problem), list(&[("custom.floor", "unknown-parameter")]));
        }
        assert_eq!(
            faults(&hr.get("/v1/roles?sort=custom.floor").await.is_problem(422, "invalid-input")),
            list(&[("sort", "unknown-value")])
        );
        // A cursor of one order serves no other.
        let page = hr.get("/v1/employees?sort=custom.floor&limit=1").await.is(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        for sort in ["custom.shoe_size", "-custom.floor", "id"] {
            let problem = hr
                .get(&format!("/v1/employees?sort={sort}&cursor={cursor}"))
                .await
                .is_problem(422, "invalid-input");
            assert_eq!(faults(&problem), list(&[("cursor", "bad-cursor")]));
        }
        let forged = |cursor: Value| {
            use base64::Engine;
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(cursor.to_string())
        };
        for values in [
            json!(["x", uuid::Uuid::nil()]),
            json!([null, null]),
            json!(["1'; --", uuid::Uuid::nil()]),
            json!([1, 2]),
            json!([]),
        ] {
            let path = format!(
                "/v1/employees?sort=custom.shoe_size&cursor={}",
                forged(json!(["custom.shoe_size", values]))
            );
            hr.get(&path).await.is_problem(422, "invalid-input");
        }
    });
}

#[test]
fn a_department_has_its_own() {
    run(async {
        let hr = hr().await;
        crate::field_of(&hr, "departments", "budget", "money", json!({"currency": "EUR"})).await.is(201);
        let [lab, shop] = [hr.department("Lab", None).await, hr.department("Shop", None).await];
        for (id, budget) in [(&lab, "1000.50"), (&shop, "999")] {
            let changed = hr
                .patch(&format!("/v1/departments/{id}"), json!({"custom": {"budget": budget}}))
                .await
                .is(200);
            assert_eq!(changed["custom"], json!({"budget": budget}));
        }
        let page = hr.get("/v1/departments?sort=custom.budget").await.is(200);
        assert_eq!((&page["data"][0]["name"], &page["data"][1]["name"]), (&json!("Shop"), &json!("Lab")));
        let page = hr.get("/v1/departments?custom.budget_from=1000").await.is(200);
        assert_eq!(
            (page["data"].as_array().unwrap().len(), &page["data"][0]),
            (1, &hr.get(&at("/v1/departments", &page["data"][0])).await.is(200))
        );
        hr.get("/v1/employees?custom.budget=1").await.is_problem(422, "invalid-input");
    });
}
