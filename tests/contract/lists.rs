//! Lists: limits, cursors, every order walked to its end while others insert, counts, links, CSV.
use crate::examples::{lists, row, with};
use crate::support::{Answer, Caller, Operation, Organization, caught_up, run};
use futures_util::future::join;
use serde_json::Value;
use std::cell::Cell;
use std::collections::BTreeMap;

/// What the list can be sorted by, as its description says it.
fn sort_keys(list: &Operation) -> Vec<String> {
    let told = list.value["description"].as_str().unwrap().split("Sorted by any of: ").nth(1);
    let told = told.unwrap_or_else(|| panic!("{} does not say what it is sorted by", list.id()));
    let keys: Vec<String> = told.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(keys.contains(&"id".to_owned()), "{}: {keys:?}", list.id());
    keys
}

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// An owner's list with at least so many rows, and the ids of all of them.
async fn filled(list: &Operation, rows: usize) -> (Caller, Vec<String>) {
    let caller = Organization::new().await.owner().await;
    for _ in 0..rows {
        row(&caller, &list.path).await;
    }
    let all = ids(&caller.get(&with(&list.path, "limit=200")).await.is(200));
    assert!(all.len() >= rows && all.len() < 200, "{}: {} rows", list.id(), all.len());
    (caller, all)
}

/// The list from the first page to the last.
async fn walk(caller: &Caller, list: &Operation, query: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..200 {
        let path = cursor.map_or(with(&list.path, query), |cursor| {
            with(&with(&list.path, query), &format!("cursor={cursor}"))
        });
        let page = caller.get(&path).await;
        let link = page.header("link").map(str::to_owned);
        let page = page.is(200);
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        match &cursor {
            None => {
                assert_eq!(link, None, "the last page leads on");
                return rows;
            }
            Some(cursor) => {
                let link = link.unwrap_or_else(|| panic!("{path} has a next page and no Link"));
                let target =
                    link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap();
                assert!(target.starts_with(&list.path) && target.contains(cursor.as_str()), "{link}");
                assert!(
                    query.split('&').all(|each| target.contains(&each.replace(',', "%2C"))),
                    "{link} forgets {query}"
                );
            }
        }
    }
    panic!("{} {query} does not end", list.id());
}

#[test]
fn no_list_asks_for_a_filter() {
    for list in lists() {
        let parameters = list.value["parameters"].as_array().unwrap().iter();
        let asked: Vec<_> =
            parameters.filter(|each| each["in"] == "query" && each["required"] == true).collect();
        assert!(asked.is_empty(), "{} can not be had without {asked:?}", list.id());
    }
}

#[test]
fn a_limit_is_1_to_200() {
    run(async {
        for list in lists() {
            let (caller, all) = filled(&list, 2).await;
            let one = caller.get(&with(&list.path, "limit=1")).await.is(200);
            assert_eq!(ids(&one).len(), 1, "{}", list.id());
            assert!(one["next_cursor"].is_string());
            assert_eq!(ids(&caller.get(&with(&list.path, "limit=200")).await.is(200)).len(), all.len());
            for bad in ["0", "-1", "201", "1000000000", "9223372036854775808", "abc", "1.5", "1e2", "", "%00"]
            {
                let problem = caller
                    .get(&with(&list.path, &format!("limit={bad}")))
                    .await
                    .is_problem(422, "invalid-input");
                assert_eq!(
                    problem["errors"][0]["parameter"],
                    "limit",
                    "{} limit={bad}: {problem}",
                    list.id()
                );
            }
        }
    });
}

#[test]
fn a_cursor_is_the_lists_own() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let mut cursors: BTreeMap<String, String> = BTreeMap::new();
        for list in lists() {
            for _ in 0..2 {
                row(&caller, &list.path).await;
            }
            let page = caller.get(&with(&list.path, "limit=1&sort=-created_at")).await;
            let page = if page.status == 200 {
                page.is(200)
            } else {
                caller.get(&with(&list.path, "limit=1")).await.is(200)
            };
            cursors.insert(list.id().to_owned(), page["next_cursor"].as_str().unwrap().to_owned());
        }
        for list in lists() {
            let own = &cursors[list.id()];
            let long = "a".repeat(9_000);
            // Another order's, cut, changed, long, no base64, base64 of no JSON, of other JSON, of NUL, of SQL.
            let bad = [
                own.as_str(),
                &own[..own.len() / 2],
                &format!("{own}AA"),
                &long,
                "%21%21%21",
                "bm9uZQ",
                "e30",
                "W10",
                "WyJpZCIsWyJhXHUwMDAwIl1d",
                "WyJpZCIsWyInIG9yIDE9MSAtLSJdXQ",
                "WyJpZCIsW251bGxdXQ",
                "WyJpZCIsWyIxIiwiMiJdXQ",
                "",
            ];
            for cursor in bad {
                let problem = caller
                    .get(&with(&list.path, &format!("sort=id&cursor={cursor}")))
                    .await
                    .is_problem(422, "invalid-input");
                assert_eq!(problem["errors"][0]["parameter"], "cursor", "{}: {problem}", list.id());
            }
        }
    });
}

#[test]
fn a_parameter_is_known_and_comes_once() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for list in lists() {
            let problem =
                caller.get(&with(&list.path, "no_such=1&nor_this=2")).await.is_problem(422, "invalid-input");
            let named: Vec<&str> = problem["errors"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|each| each["parameter"].as_str())
                .collect();
            assert_eq!(named, ["no_such", "nor_this"], "{}", list.id());
            caller.get(&with(&list.path, "limit=1&limit=2")).await.is_problem(422, "invalid-input");
            caller.get(&with(&list.path, "limit=1&limit=1")).await.is_problem(422, "invalid-input");
            caller.get(&with(&list.path, "count=maybe")).await.is_problem(422, "invalid-input");
            caller.get(&with(&list.path, "dry_run=true")).await.is_problem(422, "invalid-input");
            for sort in ["no_such", "id,id", "-", "", "org_id", "id;drop", "id desc", "--id"] {
                let problem = caller
                    .get(&with(&list.path, &format!("sort={}", sort.replace(' ', "%20"))))
                    .await
                    .is_problem(422, "invalid-input");
                assert_eq!(problem["errors"][0]["parameter"], "sort", "{} sort={sort}", list.id());
            }
        }
    });
}

#[test]
fn filters_take_what_the_contract_says_and_nothing_else() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let mut filters = 0;
        for list in lists() {
            for parameter in
                list.value["parameters"].as_array().unwrap().iter().filter(|each| each["in"] == "query")
            {
                let name = parameter["name"].as_str().unwrap();
                if ["limit", "cursor", "sort", "count"].contains(&name) {
                    continue;
                }
                filters += 1;
                let schema = &parameter["schema"];
                let bad: &[&str] = match schema["format"].as_str() {
                    Some("uuid") => &["x", "%00", "1"],
                    Some("date") => {
                        &["2026-02-30", "1899-12-31", "2201-01-01", "tomorrow", "2026-03-02T00:00:00Z"]
                    }
                    Some("date-time") => &["yesterday", "2026-03-02", "2026-13-01T00:00:00Z"],
                    _ if schema["enum"].is_array() => &["no_such_value", "%00", ""],
                    _ => &["%00", "a%00b"],
                };
                for value in bad {
                    let problem = caller
                        .get(&with(&list.path, &format!("{name}={value}")))
                        .await
                        .is_problem(422, "invalid-input");
                    assert_eq!(problem["errors"][0]["parameter"], name, "{} {name}={value}", list.id());
                }
                if schema["format"].is_null() && !schema["enum"].is_array() && schema["type"] != "boolean" {
                    for (odd, letter) in [
                        ("%25", "%"),
                        ("_", "_"),
                        ("%F0%9F%99%82", "🙂"),
                        ("'%20or%201=1", "' or 1=1"),
                        ("%5C", "\\"),
                        ("%5C%25", "\\%"),
                        ("%FF", "\u{FFFD}"),
                    ] {
                        let answer = caller.get(&with(&list.path, &format!("{name}={odd}"))).await;
                        assert!(
                            [200, 400, 422].contains(&answer.status),
                            "{} {name}={odd}: {}",
                            list.id(),
                            answer.text
                        );
                        if answer.status == 200 && name == "q" {
                            // A row is found by what it holds, letter by letter.
                            let holds = |row: &Value| {
                                row.as_object()
                                    .unwrap()
                                    .values()
                                    .any(|value| value.as_str().is_some_and(|text| text.contains(letter)))
                            };
                            let all = answer.body["data"].as_array().unwrap();
                            assert!(
                                all.iter().all(holds),
                                "{} q={odd} finds what does not hold it",
                                list.id()
                            );
                        }
                    }
                }
            }
        }
        assert!(filters >= 10, "{filters} filters");
    });
}

/// Compares as the list must have sorted; text as the database collates it is left to the database.
fn is_sorted(rows: &[Value], key: &str, descending: bool) -> bool {
    let is_text = !(key == "id"
        || key.ends_with("_at")
        || key.ends_with("_on")
        || rows.iter().any(|row| row[key].is_number()));
    rows.windows(2).all(|pair| {
        let (a, b) = if descending { (&pair[1], &pair[0]) } else { (&pair[0], &pair[1]) };
        is_text
            || match (&a[key], &b[key]) {
                (Value::Number(a), Value::Number(b)) => a.as_i64() <= b.as_i64(),
                (a, b) => a.as_str() <= b.as_str(),
            }
    })
}

#[test]
fn a_walk_in_any_order_meets_each_row_once_while_others_are_inserted() {
    run(async {
        for list in lists() {
            let (caller, there) = filled(&list, 22).await;
            let keys = sort_keys(&list);
            let mut orders: Vec<(String, &str, bool)> = Vec::new();
            for key in &keys {
                orders.push((key.clone(), key, false));
                orders.push((format!("-{key}"), key, true));
            }
            // Keys that run in opposite directions go another way through the code.
            orders.push((format!("{},-{}", keys[0], keys[keys.len() - 2]), &keys[0], false));
            orders.push((format!("-{},id", keys[0]), &keys[0], true));
            for (sort, key, descending) in orders.into_iter().filter(|(sort, ..)| !sort.is_empty()) {
                let parts: Vec<&str> = sort.split(',').map(|part| part.trim_start_matches('-')).collect();
                if parts.len() == 2 && parts[0] == parts[1] {
                    continue;
                }
                let walking = Cell::new(true);
                let inserting = async {
                    let mut inserted = 0;
                    while walking.get() && inserted < 12 {
                        row(&caller, &list.path).await;
                        inserted += 1;
                    }
                    inserted
                };
                let walked = async {
                    let rows = walk(&caller, &list, &format!("limit=5&sort={sort}")).await;
                    walking.set(false);
                    rows
                };
                // Begun first: on a busy machine a walk can be over before anything else gets its turn.
                let (inserted, rows) = join(inserting, walked).await;
                assert!(inserted > 0, "nothing was inserted during the walk");
                let mut met: BTreeMap<&str, u32> = BTreeMap::new();
                for row in &rows {
                    *met.entry(row["id"].as_str().unwrap()).or_default() += 1;
                }
                assert!(met.values().all(|times| *times == 1), "{} sort={sort} meets a row twice", list.id());
                let missed: Vec<_> = there.iter().filter(|id| !met.contains_key(id.as_str())).collect();
                assert!(missed.is_empty(), "{} sort={sort} misses {missed:?}", list.id());
                assert!(is_sorted(&rows, key, descending), "{} sort={sort} is not sorted", list.id());
            }
        }
    });
}

#[test]
fn a_count_is_of_all_pages_and_only_where_asked() {
    run(async {
        for list in lists() {
            let (caller, all) = filled(&list, 3).await;
            let counted = caller.get(&with(&list.path, "limit=1&count=true")).await.is(200);
            assert_eq!(counted["total"], all.len(), "{}", list.id());
            assert_eq!(caller.get(&with(&list.path, "limit=1")).await.is(200)["total"], Value::Null);
            let cursor = counted["next_cursor"].as_str().unwrap();
            let second =
                caller.get(&with(&list.path, &format!("limit=1&count=true&cursor={cursor}"))).await.is(200);
            assert_eq!(second["total"], all.len(), "{}: the second page counts as the first", list.id());
        }
    });
}

async fn csv(caller: &Caller, path: &str) -> Answer {
    caller.request(reqwest::Method::GET, path).header("accept", "text/csv").send().await
}

#[test]
fn csv_has_every_row_and_every_column_whatever_the_limit() {
    run(async {
        for list in lists() {
            let (caller, all) = filled(&list, 4).await;
            let answer = csv(&caller, &with(&list.path, "limit=2&sort=id")).await;
            assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
            let name = list.path.rsplit('/').next().unwrap();
            assert_eq!(
                answer.header("content-disposition"),
                Some(format!("attachment; filename=\"{name}.csv\"").as_str())
            );
            assert_eq!(answer.status, 200);
            let lines: Vec<&str> = answer.text.split_terminator("\r\n").collect();
            let head: Vec<&str> = lines[0].split(',').collect();
            let one = &caller.get(&with(&list.path, "limit=1&sort=id")).await.is(200)["data"][0];
            // Of an object each part has a column, of custom fields each field.
            let no_columns = ["available_actions", "custom"];
            let is_there = |field: &str| {
                head.iter().any(|name| *name == field || name.starts_with(&format!("{field}.")))
            };
            for field in one.as_object().unwrap().keys().filter(|field| !no_columns.contains(&field.as_str()))
            {
                assert!(is_there(field), "{} CSV lacks {field}", list.id());
            }
            let place = head.iter().position(|name| *name == "id").unwrap();
            assert_eq!(lines.len() - 1, all.len(), "{} CSV", list.id());
            // Examples hold neither commas nor quotes before the id, which comes first.
            let told: Vec<String> =
                lines[1..].iter().map(|line| line.split(',').nth(place).unwrap().to_owned()).collect();
            let mut sorted = all.clone();
            sorted.sort();
            assert_eq!(told, sorted, "{} CSV in the order asked for", list.id());
            csv(&caller, &with(&list.path, "sort=no_such")).await.is_problem(422, "invalid-input");
        }
    });
}

#[test]
fn the_feed_of_events_keeps_limits_and_cursors_too() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for name in ["A", "B", "C"] {
            caller.department(name, None).await;
        }
        for bad in [
            "limit=0",
            "limit=-1",
            "limit=1001",
            "limit=1000000000",
            "limit=abc",
            "after=x",
            "after=W10",
            "after=Wy0xLDBd",
            "no_such=1",
            "limit=1&limit=1",
            "resource_id=x",
            &format!("after={}", "a".repeat(9_000)),
        ] {
            caller.get(&format!("/v1/events?{bad}")).await.is_problem(422, "invalid-input");
        }
        caught_up().await;
        let mut after = String::new();
        let mut seen = Vec::new();
        for _ in 0..100 {
            let page = caller.get(&format!("/v1/events?resource=departments&limit=1{after}")).await.is(200);
            if page["data"].as_array().unwrap().is_empty() {
                break;
            }
            seen.push(page["data"][0]["changes"]["name"]["after"].as_str().unwrap().to_owned());
            after = format!("&after={}", page["next_cursor"].as_str().unwrap());
        }
        assert_eq!(seen, ["A", "B", "C"], "each change once, in order");
    });
}
