//! The way back: as one, and only where nothing has changed since.
use crate::support::{Organization, run};
use crate::{all, import, total};
use serde_json::{Value, json};

#[test]
fn what_was_created_goes_and_what_was_changed_comes_back() {
    run(async {
        let owner = Organization::new().await.owner().await;
        import(&owner, "departments", "", "code,name\nA,Alpha\nB,Beta\n").await.is(200);
        let before: Vec<Value> = all(&owner, "departments").await;
        let file = "code,name,parent_code\nA,Alpha and Omega,\nB,Beta,A\nC,Gamma,B\nD,Delta,C\n";
        let done = import(&owner, "departments", "mode=upsert", file).await.is(200);
        let path = format!("/v1/imports/{}", done["id"].as_str().unwrap());
        assert_eq!(owner.get(&path).await.is(200)["available_actions"], json!(["undo"]));
        let dry = owner.act(&format!("{path}/undo?dry_run=true")).await.is(200);
        assert_eq!((dry["status"].as_str(), total(&owner, "departments").await), (Some("undone"), 4));
        let undone = owner.act(&format!("{path}/undo")).await.is(200);
        assert_eq!(undone["status"], "undone");
        let after = all(&owner, "departments").await;
        assert_eq!(after.len(), 2);
        for (then, now) in before.iter().zip(&after) {
            for field in ["id", "name", "code", "parent_id", "status"] {
                assert_eq!(then[field], now[field]);
            }
        }
        owner.act(&format!("{path}/undo")).await.is_problem(409, "invalid-state");
        // The history tells all of it.
        let history = owner
            .get(&format!("/v1/departments/{}/history", before[0]["id"].as_str().unwrap()))
            .await
            .is(200);
        assert_eq!(history["data"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn what_was_changed_since_stays_and_so_does_all_the_rest() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let done = import(&owner, "departments", "", "code,name\nA,Alpha\nB,Beta\nC,Gamma\n").await.is(200);
        let path = format!("/v1/imports/{}/undo", done["id"].as_str().unwrap());
        let id = |rows: &[Value], code: &str| {
            rows.iter().find(|row| row["code"] == code).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let rows = all(&owner, "departments").await;
        // Somebody who may see imports and not write departments undoes none.
        let other = org.caller(&["imports:read", "imports:write", "departments:read"]).await;
        other.act(&path).await.is_problem(403, "forbidden");
        owner
            .patch(&format!("/v1/departments/{}", id(&rows, "B")), json!({"name": "Beta two"}))
            .await
            .is(200);
        owner.delete(&format!("/v1/departments/{}", id(&rows, "C"))).await.is(204);
        let problem = owner.act(&path).await.is_problem(409, "conflict");
        let lines: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| fault["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(lines, ["/3", "/4"], "{problem:#}");
        assert_eq!(total(&owner, "departments").await, 2);
        // Or what came later stands in it.
        let done = import(&owner, "departments", "", "code,name\nX,Xi\n").await.is(200);
        let rows = all(&owner, "departments").await;
        owner.department("Below", Some(&id(&rows, "X"))).await;
        owner
            .act(&format!("/v1/imports/{}/undo", done["id"].as_str().unwrap()))
            .await
            .is_problem(409, "in-use");
        assert_eq!(total(&owner, "departments").await, 4);
    });
}
