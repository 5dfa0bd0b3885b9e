//! The organization's own fields, in and out again: a column `custom.<name>` each.
use crate::support::{Caller, Organization, run};
use crate::{CSV, all, counts, import, places};
use reqwest::Method;
use serde_json::json;

const FILE: &str = "code,name,custom.floor,custom.seats\nA,Alpha,2,12\nB,Beta,,\nC,Gamma,3,\n";

async fn with_fields() -> Caller {
    let owner = Organization::new().await.owner().await;
    for (name, kind) in [("floor", "text"), ("seats", "number")] {
        let field = json!({"applies_to": "departments", "name": name, "label": name, "type": kind});
        owner.post("/v1/custom-fields", field).await.is(201);
    }
    owner
}

#[test]
fn own_fields_come_in_go_out_and_come_in_again_unchanged() {
    run(async {
        let owner = with_fields().await;
        let taken = import(&owner, "departments", "", FILE).await.is(200);
        assert_eq!(counts(&taken), [3, 0, 0, 0]);
        let mut customs: Vec<_> =
            all(&owner, "departments").await.iter().map(|row| row["custom"].clone()).collect();
        customs.sort_by_key(ToString::to_string);
        // A row that gives none has none, whatever the others of its file give.
        assert_eq!(customs, [json!({"floor": "2", "seats": "12"}), json!({"floor": "3"}), json!({})]);

        let request = owner.request(Method::GET, "/v1/departments").header("accept", CSV);
        let out = request.send().await.text;
        assert!(out.lines().next().unwrap().ends_with("custom.floor,custom.seats"), "{out}");
        let again = import(&owner, "departments", "mode=upsert", &out).await.is(200);
        assert_eq!(counts(&again), [0, 0, 3, 0], "{again}");
        let moved =
            import(&owner, "departments", "mode=upsert", "code,custom.floor\nA,5\nB,\n").await.is(200);
        assert_eq!(counts(&moved), [0, 1, 1, 0], "{moved}");
        let alpha = owner.get("/v1/departments?code=A").await.is(200)["data"][0]["custom"].clone();
        assert_eq!(alpha, json!({"floor": "5", "seats": "12"}));

        let id = moved["id"].as_str().unwrap();
        assert_eq!(owner.act(&format!("/v1/imports/{id}/undo")).await.is(200)["status"], "undone");
        let alpha = owner.get("/v1/departments?code=A").await.is(200)["data"][0]["custom"].clone();
        assert_eq!(alpha, json!({"floor": "2", "seats": "12"}));
    });
}

#[test]
fn what_an_own_field_does_not_take_is_told_by_line_and_column() {
    run(async {
        let owner = with_fields().await;
        let file = "code,name,custom.seats\nA,Alpha,twelve\nB,Beta,7\nC,Gamma,many\n";
        let refused = import(&owner, "departments", "", file).await.is_problem(422, "invalid-input");
        assert_eq!(places(&refused), ["/2/custom.seats wrong-format", "/4/custom.seats wrong-format"]);
        let skipped = import(&owner, "departments", "on_error=skip", file).await.is(200);
        assert_eq!(counts(&skipped), [1, 0, 0, 2]);
    });
}
