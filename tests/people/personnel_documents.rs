//! Personnel files: papers of the kinds that the organization defines, seen by whom the kind says, and verified by somebody else.
use crate::support::{Caller, Organization, run};
use crate::{fault, id};
use serde_json::{Value, json};
use uuid::Uuid;

async fn kind(caller: &Caller, fields: Value) -> String {
    let code = Uuid::now_v7().simple().to_string().to_uppercase()[14..32].to_owned();
    let mut body = json!({"code": code, "name": "Kind"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    id(&caller.post("/v1/personnel-document-kinds", body).await.is(201))
}

async fn paper(caller: &Caller) -> String {
    id(&caller.upload("name=card.txt", Uuid::now_v7().to_string()).await.is(201))
}

#[test]
fn a_document_is_seen_by_whom_its_kind_says() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let boss = owner.hire("Boss", None).await;
        let ana = owner.hire("Ana", Some(&boss)).await;
        let mut kinds = Vec::new();
        for audience in ["hr", "employee", "manager"] {
            let kind = kind(&owner, json!({"visible_to": audience})).await;
            let body = json!({"employee_id": ana, "kind_id": kind, "file_id": paper(&owner).await});
            let filed = owner.post("/v1/personnel-documents", body).await.is(201);
            assert_eq!((&filed["visible_to"], &filed["status"]), (&json!(audience), &json!("filed")));
            kinds.push((kind, filed));
        }
        let list = format!("/v1/employees/{ana}/documents");
        let reads = ["personnel-documents:read=own", "files:read=own"];
        let herself = org.employee(&ana, &reads).await;
        let team = org.employee(&boss, &["personnel-documents:read=team"]).await;
        let count = async |caller: &Caller| caller.get(&list).await.is(200)["data"].as_array().unwrap().len();
        assert_eq!((count(&owner).await, count(&herself).await), (3, 2));
        // The list of a file is for whoever sees the employee; a manager sees what is for managers.
        assert_eq!(team.get("/v1/personnel-documents?count=true").await.is(200)["total"], 1);
        herself
            .get(&format!("/v1/personnel-documents/{}", id(&kinds[0].1)))
            .await
            .is_problem(404, "not-found");
        // The file follows its document.
        let file = |place: usize| format!("/v1/files/{}", kinds[place].1["file_id"].as_str().unwrap());
        herself.get(&file(1)).await.is(200);
        herself.get(&file(0)).await.is_problem(404, "not-found");
        // A kind that is opened opens what is filed.
        owner
            .patch(&format!("/v1/personnel-document-kinds/{}", kinds[0].0), json!({"visible_to": "employee"}))
            .await
            .is(200);
        assert_eq!(count(&herself).await, 3);
        owner.get(&format!("/v1/employees/{}/documents", Uuid::now_v7())).await.is_problem(404, "not-found");
    });
}

#[test]
fn somebody_else_verifies_what_was_filed() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let ana = owner.hire("Ana", None).await;
        let card = kind(&owner, json!({"needs_expiry": true, "needs_verification": true})).await;
        let own = [
            "personnel-documents:read=own",
            "personnel-documents:write=own",
            "files:read=own",
            "files:write=own",
            "personnel-documents:approve=own",
        ];
        let herself = org.employee(&ana, &own).await;
        let mut body = json!({"employee_id": ana, "kind_id": card, "file_id": paper(&herself).await});
        let problem =
            herself.post("/v1/personnel-documents", body.clone()).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/expires_on", "must-expire"));
        body["expires_on"] = json!("2031-03-02");
        let filed = herself.post("/v1/personnel-documents", body.clone()).await.is(201);
        let path = format!("/v1/personnel-documents/{}", id(&filed));
        // The same file proves one thing.
        herself.post("/v1/personnel-documents", body).await.is_problem(409, "conflict");

        herself.act(&format!("{path}/verify")).await.is_problem(403, "forbidden");
        let verified = owner.act(&format!("{path}/verify")).await.is(200);
        assert_eq!((&verified["status"], &verified["verified_by"]), (&json!("verified"), &json!(owner.user)));
        // What is changed then is to be looked at again.
        let changed = owner.patch(&path, json!({"number": "CJ 1"})).await.is(200);
        assert_eq!((&changed["status"], &changed["verified_by"]), (&json!("filed"), &Value::Null));
        let no =
            owner.post(&format!("{path}/reject"), json!({"reason": "The back is missing"})).await.is(200);
        assert_eq!(
            (&no["status"], &no["rejection_reason"]),
            (&json!("rejected"), &json!("The back is missing"))
        );

        // It goes with its file, or not at all.
        owner
            .delete(&format!("/v1/files/{}", filed["file_id"].as_str().unwrap()))
            .await
            .is_problem(409, "in-use");
        owner.delete(&path).await.is(204);
        owner
            .get(&format!("/v1/files/{}", filed["file_id"].as_str().unwrap()))
            .await
            .is_problem(404, "not-found");
    });
}
