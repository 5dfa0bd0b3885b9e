//! Lists as files, and back again.
use crate::support::{Caller, Organization, run};
use crate::{CSV, NDJSON, XLSX, all, counts, import, places, sending};
use calamine::{Data, Reader, Xlsx};
use reqwest::Method;
use serde_json::json;

async fn export(caller: &Caller, path: &str, kind: &str) -> Vec<u8> {
    let url = format!("{}{path}", crate::support::service().base);
    let answer = reqwest::Client::new()
        .get(url)
        .bearer_auth(&caller.token)
        .header("accept", kind)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(kind));
    answer.bytes().await.unwrap().to_vec()
}

async fn furnished() -> Caller {
    let owner = Organization::new().await.owner().await;
    import(
        &owner,
        "departments",
        "",
        "code,name,parent_code\nA,=Alpha,\nB,\"Be, ta\",A\nC,Gamma & <Sons>,A\n",
    )
    .await
    .is(200);
    import(&owner, "positions", "", "title,department_code,approved_headcount\nClerk,B,3\nClerk,C,9\n")
        .await
        .is(200);
    let people = "employee_number,given_name,family_name,phone,department_code,position,manager_employee_number,hired_on\n\
        007,Ana,-Pop,+40 21 555 0100,B,Clerk,,2026-03-02\n008,'Ion,'''s,,C,Clerk,007,2026-03-02\n";
    import(&owner, "employees", "", people).await.is(200);
    owner
}

#[test]
fn what_was_exported_changes_nothing_when_it_is_imported() {
    run(async {
        let owner = furnished().await;
        for resource in ["departments", "positions", "employees"] {
            let before = all(&owner, resource).await;
            for kind in [CSV, XLSX, NDJSON] {
                let file = export(&owner, &format!("/v1/{resource}"), kind).await;
                let done = sending(&owner, resource, "mode=upsert", kind, file).send().await.is(200);
                assert_eq!(
                    counts(&done),
                    [0, 0, i64::try_from(before.len()).unwrap(), 0],
                    "{resource} {kind}: {done:#}"
                );
            }
            assert_eq!(all(&owner, resource).await, before);
        }
    });
}

#[test]
fn a_file_that_was_overtaken_overwrites_nothing() {
    run(async {
        let owner = furnished().await;
        let file = String::from_utf8(export(&owner, "/v1/departments", CSV).await).unwrap();
        let beta =
            owner.get("/v1/departments?code=B").await.is(200)["data"][0]["id"].as_str().unwrap().to_owned();
        owner.patch(&format!("/v1/departments/{beta}"), json!({"name": "Meanwhile"})).await.is(200);
        let problem =
            import(&owner, "departments", "mode=upsert", &file).await.is_problem(422, "invalid-input");
        assert_eq!(places(&problem), ["/3/version stale-version"], "{problem:#}");
    });
}

#[test]
fn a_workbook_holds_text_as_text_and_no_formula() {
    run(async {
        let owner = furnished().await;
        let file = export(&owner, "/v1/employees?sort=employee_number", XLSX).await;
        let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(file)).unwrap();
        assert_eq!(book.sheet_names(), ["employees"]);
        let sheet = book.worksheet_range("employees").unwrap();
        let head: Vec<String> = sheet.rows().next().unwrap().iter().map(ToString::to_string).collect();
        let cell = |row: usize, name: &str| {
            sheet.rows().nth(row).unwrap()[head.iter().position(|each| each == name).unwrap()].clone()
        };
        assert_eq!(cell(1, "employee_number"), Data::String("007".into()));
        assert_eq!(cell(1, "family_name"), Data::String("'-Pop".into()));
        assert_eq!(cell(1, "version"), Data::Float(1.0));
        assert_eq!(sheet.height(), 3);
        assert!(book.worksheet_formula("employees").unwrap().is_empty());
    });
}

#[test]
fn lines_of_json_are_the_rows_of_the_list() {
    run(async {
        let owner = furnished().await;
        let answer =
            owner.request(Method::GET, "/v1/departments?sort=code").header("accept", NDJSON).send().await;
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"departments.ndjson\""));
        let codes: Vec<_> = answer
            .text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["code"].clone())
            .collect();
        assert_eq!(codes, ["A", "B", "C"]);
    });
}

#[test]
fn a_list_of_a_moment_shows_what_was_so_then() {
    run(async {
        let owner = furnished().await;
        let before = all(&owner, "departments").await;
        let then = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let id = |code: &str| {
            before.iter().find(|row| row["code"] == code).unwrap()["id"].as_str().unwrap().to_owned()
        };
        owner
            .patch(&format!("/v1/departments/{}", id("B")), json!({"name": "Renamed", "parent_id": null}))
            .await
            .is(200);
        owner.patch(&format!("/v1/departments/{}", id("B")), json!({"name": "Renamed again"})).await.is(200);
        owner
            .act(&format!("/v1/departments/{}/archive", owner.department("Later", None).await))
            .await
            .is(200);
        let gone = owner.department("Soon gone", Some(&id("A"))).await;
        let with_gone = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        owner.delete(&format!("/v1/departments/{gone}")).await.is(204);
        assert_eq!(all(&owner, &format!("departments?as_of={then}")).await, before);
        let page = owner.get(&format!("/v1/departments?as_of={then}&q=ta&limit=1&count=true")).await.is(200);
        assert_eq!((&page["data"][0]["name"], &page["total"]), (&json!("Be, ta"), &json!(1)));
        assert_eq!(page["data"][0]["available_actions"], json!([]));
        let below = format!("/v1/departments?as_of={with_gone}&parent_id={}&count=true&sort=name", id("A"));
        let below = owner.get(&below).await.is(200);
        let names: Vec<_> =
            below["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!((names, &below["total"]), (vec!["Gamma & <Sons>", "Soon gone"], &json!(2)));
        assert!(all(&owner, "departments?as_of=2020-01-01T00:00:00Z").await.is_empty());
        // Page by page, as everywhere.
        let mut seen = Vec::new();
        let mut path = format!("/v1/departments?as_of={then}&limit=1&sort=-code");
        loop {
            let page = owner.get(&path).await.is(200);
            seen.push(page["data"][0]["code"].as_str().unwrap().to_owned());
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/departments?as_of={then}&limit=1&sort=-code&cursor={cursor}");
        }
        assert_eq!(seen, ["C", "B", "A"]);
    });
}
