//! Departments one by one: what they are called, who heads them, and when they can go.
use crate::support::{Organization, run};
use crate::{fault, id};
use serde_json::json;

#[test]
fn a_department_has_a_head_and_a_place_in_the_tree() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let company = owner.department("Company", None).await;
        let ana = owner.hire("Ana", None).await;
        let new = json!({"name": "Treasury", "code": "TREASURY", "parent_id": company, "head_id": ana});
        let answer = owner.post("/v1/departments", new).await;
        let place = answer.header("location").unwrap().to_owned();
        let treasury = answer.is(201);
        assert_eq!(place, format!("/v1/departments/{}", id(&treasury)));
        assert_eq!(treasury["version"], 1);
        assert_eq!(treasury["status"], "active");
        assert_eq!(treasury["parent_id"], json!(company));
        assert_eq!(treasury["head_id"], json!(ana));
        assert_eq!(treasury["available_actions"], json!(["archive"]));
        assert_eq!(owner.get(&place).await.is(200), treasury);

        // Without parent and head they are null in the answer, not left out.
        let bare = owner.post("/v1/departments", json!({"name": "Sales", "code": "SALES"})).await.is(201);
        assert!(bare["parent_id"].is_null() && bare.as_object().unwrap().contains_key("parent_id"));
        assert!(bare["head_id"].is_null() && bare.as_object().unwrap().contains_key("head_id"));
    });
}

#[test]
fn a_code_is_taken_once_in_an_organization_and_free_in_another() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let finance = json!({"name": "Finance", "code": "FIN"});
        owner.post("/v1/departments", finance.clone()).await.is(201);
        let problem = owner.post("/v1/departments", finance.clone()).await.is_problem(409, "conflict");
        assert_eq!(fault(&problem), ("/code", "already-taken"));

        let it = owner.post("/v1/departments", json!({"name": "IT", "code": "IT"})).await.is(201);
        let path = format!("/v1/departments/{}", id(&it));
        let problem = owner.patch(&path, json!({"code": "FIN"})).await.is_problem(409, "conflict");
        assert_eq!(fault(&problem), ("/code", "already-taken"));
        assert_eq!(owner.get(&path).await.is(200)["code"], "IT");

        let others = Organization::new().await.owner().await;
        others.post("/v1/departments", finance).await.is(201);
        let all = owner.get("/v1/departments?count=true").await.is(200);
        assert_eq!(all["total"], 2, "Finance and IT: the other organization's Finance is not counted");
    });
}

#[test]
fn another_organizations_rows_are_unknown_as_parent_and_as_head() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let others = Organization::new().await.owner().await;
        let foreign = others.department("Theirs", None).await;
        let stranger = others.hire("Stranger", None).await;
        let own = owner.department("Ours", None).await;
        let path = format!("/v1/departments/{own}");

        for (field, value) in [("parent_id", &foreign), ("head_id", &stranger)] {
            let mut new = json!({"name": "New", "code": "NEW"});
            new[field] = json!(value);
            let problem = owner.post("/v1/departments", new).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), (format!("/{field}").as_str(), "unknown-reference"));
            let mut edit = json!({});
            edit[field] = json!(value);
            let problem = owner.patch(&path, edit).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), (format!("/{field}").as_str(), "unknown-reference"));
        }
        let unchanged = owner.get(&path).await.is(200);
        assert_eq!(
            (&unchanged["version"], &unchanged["parent_id"], &unchanged["head_id"]),
            (&json!(1), &json!(null), &json!(null))
        );
        owner.get(&format!("/v1/departments/{foreign}")).await.is_problem(404, "not-found");
        owner
            .patch(&format!("/v1/departments/{foreign}"), json!({"name": "Ours now"}))
            .await
            .is_problem(404, "not-found");
        assert_eq!(others.get(&format!("/v1/departments/{foreign}")).await.is(200)["name"], "Theirs");
    });
}

#[test]
fn only_a_department_that_nothing_refers_to_can_be_deleted() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let company = owner.department("Company", None).await;
        let branch = owner.department("Branch", Some(&company)).await;
        let (company, branch) = (format!("/v1/departments/{company}"), format!("/v1/departments/{branch}"));
        owner.delete(&company).await.is_problem(409, "in-use");
        owner.delete(&branch).await.is(204);
        owner.get(&branch).await.is_problem(404, "not-found");
        owner.delete(&branch).await.is_problem(404, "not-found");
        owner.delete(&company).await.is(204);
    });
}

#[test]
fn every_fault_of_a_new_department_is_told_at_once() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let wrong = json!({"name": "", "code": "small letters", "parent_id": "not-an-id", "budget": 1});
        let problem = owner.post("/v1/departments", wrong).await.is_problem(422, "invalid-input");
        let faults: Vec<(&str, &str)> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()))
            .collect();
        let all = [
            ("/budget", "unknown-field"),
            ("/code", "wrong-format"),
            ("/name", "too-short"),
            ("/parent_id", "wrong-format"),
        ];
        assert_eq!(faults, all);
    });
}
