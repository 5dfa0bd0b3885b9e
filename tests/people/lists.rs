//! Lists: filters, order, search, pages, and CSV.
use crate::support::{Caller, Organization, run};
use crate::{fault, given_names, hire_with, id};
use reqwest::Method;
use serde_json::{Value, json};

/// Five people whose fields all differ where a list could look.
async fn five(caller: &Caller) -> (String, String) {
    let it = caller.department("IT", None).await;
    let post = json!({"title": "Developer", "department_id": it, "approved_headcount": 5});
    let developer = id(&caller.post("/v1/positions", post).await.is(201));
    let people = [
        ("Ana", "Pop", "2024-01-01", json!({"department_id": it, "employee_number": "A-1"})),
        ("Bob", "Stone", "2024-06-30", json!({"department_id": it, "position_id": developer})),
        ("Carla", "Pop", "2025-01-01", json!({"position_id": developer})),
        ("Dan", "Archer", "2025-06-30", json!({})),
        ("Eva", "Novak", "2026-01-01", json!({"work_email": "eva.novak@example.com"})),
    ];
    for (given, family, day, mut fields) in people {
        fields.as_object_mut().unwrap().extend([
            ("given_name".to_owned(), json!(given)),
            ("family_name".to_owned(), json!(family)),
            ("hired_on".to_owned(), json!(day)),
        ]);
        hire_with(caller, fields).await.is(201);
    }
    (it, developer)
}

async fn names(caller: &Caller, query: &str) -> Vec<String> {
    let page = caller.get(&format!("/v1/employees?{query}")).await.is(200);
    given_names(&page).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_list_is_narrowed_by_any_field_and_all_together() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let (it, developer) = five(&owner).await;
        let bob = id(&owner.get("/v1/employees?q=Bob").await.is(200)["data"][0]);
        owner.act(&format!("/v1/employees/{bob}/activate")).await.is(200);
        let dan = id(&owner.get("/v1/employees?q=Dan").await.is(200)["data"][0]);
        owner.patch(&format!("/v1/employees/{dan}"), json!({"manager_id": bob})).await.is(200);

        let cases = [
            ("sort=created_at", vec!["Ana", "Bob", "Carla", "Dan", "Eva"]),
            ("status=active", vec!["Bob"]),
            ("status=pending&sort=created_at", vec!["Ana", "Carla", "Dan", "Eva"]),
            (&format!("department_id={it}&sort=created_at"), vec!["Ana", "Bob"]),
            (&format!("position_id={developer}&sort=created_at"), vec!["Bob", "Carla"]),
            (&format!("department_id={it}&position_id={developer}"), vec!["Bob"]),
            (&format!("manager_id={bob}"), vec!["Dan"]),
            ("employee_number=A-1", vec!["Ana"]),
            ("hired_on_from=2025-01-01&sort=hired_on", vec!["Carla", "Dan", "Eva"]),
            ("hired_on_to=2024-06-30&sort=hired_on", vec!["Ana", "Bob"]),
            ("hired_on_from=2024-06-30&hired_on_to=2025-06-30&sort=hired_on", vec!["Bob", "Carla", "Dan"]),
            ("status=terminated", vec![]),
        ];
        for (query, wanted) in cases {
            assert_eq!(names(&owner, query).await, wanted, "{query}");
        }
        for (query, parameter) in [
            ("status=fired", "status"),
            ("hired_on_from=yesterday", "hired_on_from"),
            ("manager_id=1", "manager_id"),
        ] {
            let problem = owner.get(&format!("/v1/employees?{query}")).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem).0, parameter);
        }
    });
}

#[test]
fn a_list_comes_in_the_order_that_was_asked_for() {
    run(async {
        let owner = Organization::new().await.owner().await;
        five(&owner).await;
        let cases = [
            ("sort=family_name", vec!["Dan", "Eva", "Ana", "Carla", "Bob"]),
            ("sort=-family_name", vec!["Bob", "Carla", "Ana", "Eva", "Dan"]),
            ("sort=family_name,-hired_on", vec!["Dan", "Eva", "Carla", "Ana", "Bob"]),
            ("sort=-hired_on", vec!["Eva", "Dan", "Carla", "Bob", "Ana"]),
            ("", vec!["Ana", "Bob", "Carla", "Dan", "Eva"]),
        ];
        for (query, wanted) in cases {
            assert_eq!(names(&owner, query).await, wanted, "{query}");
            // The same, two at a time.
            let mut paged = Vec::new();
            let mut path = format!("/v1/employees?limit=2&{query}");
            for size in [2, 2, 1] {
                let answer = owner.get(&path).await;
                let link = answer.header("link").map(str::to_owned);
                let page = answer.is(200);
                assert_eq!(page["data"].as_array().unwrap().len(), size);
                paged.extend(given_names(&page).into_iter().map(str::to_owned));
                assert_eq!(page["next_cursor"].is_null(), size == 1, "the last page has no next");
                assert_eq!(link.is_none(), size == 1);
                path = link.map(|link| link[1..link.find('>').unwrap()].to_owned()).unwrap_or_default();
            }
            assert_eq!(paged, wanted, "{query}, paged by its links");
        }
        for sort in ["salary", "family_name,family_name", "-", "phone"] {
            let problem =
                owner.get(&format!("/v1/employees?sort={sort}")).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem).0, "sort", "{sort}");
        }
    });
}

#[test]
fn a_cursor_belongs_to_its_list_and_order() {
    run(async {
        let owner = Organization::new().await.owner().await;
        five(&owner).await;
        let page = owner.get("/v1/employees?limit=2&sort=family_name").await.is(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        for query in [
            format!("sort=hired_on&cursor={cursor}"),
            "cursor=nonsense".to_owned(),
            format!("sort=family_name&cursor={}", &cursor[1..]),
        ] {
            let problem = owner.get(&format!("/v1/employees?{query}")).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), ("cursor", "bad-cursor"), "{query}");
        }
    });
}

#[test]
fn the_count_is_of_all_pages_and_only_where_asked() {
    run(async {
        let owner = Organization::new().await.owner().await;
        five(&owner).await;
        let page = owner.get("/v1/employees?limit=1&count=true&q=pop").await.is(200);
        assert_eq!((page["total"].as_i64(), page["data"].as_array().unwrap().len()), (Some(2), 1));
        assert_eq!(owner.get("/v1/employees?limit=1").await.is(200)["total"], Value::Null);
    });
}

#[test]
fn a_search_looks_where_people_would_and_takes_every_character_as_a_letter() {
    run(async {
        let owner = Organization::new().await.owner().await;
        for (given, number) in
            [("Ana 50%", "X-1"), ("Bob 50x", "X-2"), ("Carla_M", "X-3"), ("CarlaxM", "X-4"), ("Dan\\", "Y-5")]
        {
            hire_with(&owner, json!({"given_name": given, "employee_number": number, "work_email": format!("{}@search.example", number.to_lowercase())})).await.is(201);
        }
        let cases = [
            ("50%25", vec!["Ana 50%"]),
            ("%25", vec!["Ana 50%"]),
            ("_", vec!["Carla_M"]),
            ("carla_m", vec!["Carla_M"]),
            ("%5C", vec!["Dan\\"]),
            ("CARLA", vec!["Carla_M", "CarlaxM"]),
            ("x-", vec!["Ana 50%", "Bob 50x", "Carla_M", "CarlaxM"]),
            ("y-5@search", vec!["Dan\\"]),
            ("nobody", vec![]),
        ];
        for (typed, wanted) in cases {
            assert_eq!(names(&owner, &format!("q={typed}&sort=employee_number")).await, wanted, "{typed}");
        }
    });
}

#[test]
fn csv_has_every_row_and_no_formula() {
    run(async {
        let owner = Organization::new().await.owner().await;
        five(&owner).await;
        hire_with(&owner, json!({"given_name": "=HYPERLINK(\"http://x\")", "family_name": "Zed", "phone": "+40 21 555 0100"})).await.is(201);
        hire_with(&owner, json!({"given_name": "@SUM", "family_name": "-Zed"})).await.is(201);
        let csv = async |query: &str| {
            let request =
                owner.request(Method::GET, &format!("/v1/employees?{query}")).header("accept", "text/csv");
            let answer = request.send().await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert!(answer.header("content-type").unwrap().starts_with("text/csv"));
            answer.text.trim_end().split("\r\n").map(str::to_owned).collect::<Vec<_>>()
        };
        let all = csv("limit=2&sort=family_name").await;
        assert_eq!(all.len(), 1 + 7, "a head, and all seven, whatever the limit of a page");
        assert!(
            all[0].starts_with("id,version,employee_number,given_name,family_name,work_email,phone"),
            "{}",
            all[0]
        );
        let text = all.join("\n");
        assert!(text.contains("\"'=HYPERLINK(\"\"http://x\"\")\",Zed,"), "{text}");
        assert!(text.contains(",'@SUM,'-Zed,"), "{text}");
        assert!(text.contains(",'+40 21 555 0100,"), "{text}");
        // Filters and order hold here too.
        let some = csv("hired_on_from=2025-01-01&hired_on_to=2026-01-01&sort=-hired_on").await;
        let given: Vec<&str> = some[1..].iter().map(|line| line.split(',').nth(3).unwrap()).collect();
        assert_eq!(given, ["Eva", "Dan", "Carla"]);
    });
}
