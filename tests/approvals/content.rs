//! A yes holds for exactly what it saw.
use crate::support::{run, service};
use crate::{Company, approve, id, stopped};
use serde_json::{Value, json};

#[test]
fn any_change_afterwards_makes_it_void_by_whatever_path() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        company.archiving(json!([{"user_ids": [boss.user]}])).await;
        let path = format!("/v1/departments/{}", company.department);

        // After the yes, and while it waits.
        for is_approved in [true, false] {
            let approval = company.ask().await;
            if is_approved {
                approve(&boss, &approval).await.is(200);
            }
            company.owner.patch(&path, json!({"name": format!("Renamed {is_approved}")})).await.is(200);
            assert_eq!(company.status(&approval).await, "void");
            approve(&boss, &approval).await.is_problem(
                if is_approved { 409 } else { 404 },
                if is_approved { "invalid-state" } else { "not-found" },
            );
            let told = stopped(company.archive().await);
            assert!(told.contains("is void. It was changed after it was asked for."), "{told}");
        }

        // In SQL, as nobody should.
        let approval = company.ask().await;
        approve(&boss, &approval).await.is(200);
        let rename =
            "update departments set name = 'Behind your back' where org_id = $1 and id = $2::text::uuid";
        service()
            .database()
            .await
            .execute(rename, &[&company.owner.organization, &company.department])
            .await
            .unwrap();
        assert_eq!(company.status(&approval).await, "void");

        // Even where the trigger was switched off, the digest tells.
        let approval = company.ask().await;
        let mut database = service().database().await;
        let transaction = database.transaction().await.unwrap();
        transaction.batch_execute("set local session_replication_role = replica").await.unwrap();
        let rename = rename.replace("Behind your back", "With all guards off");
        assert_eq!(
            transaction.execute(&rename, &[&company.owner.organization, &company.department]).await.unwrap(),
            1
        );
        transaction.commit().await.unwrap();
        let told = approve(&boss, &approval).await.is_problem(409, "conflict");
        assert!(told["detail"].as_str().unwrap().contains("has changed ask again"), "{told}");

        // And what is gone takes its approvals along.
        let approval = company.status(&approval).await;
        assert_eq!(approval, "waiting");
        company.owner.delete(&path).await.is(204);
        let page = company.owner.get("/v1/approvals?status=waiting").await.is(200);
        assert_eq!(page["data"], json!([]));
    });
}

#[test]
fn a_change_is_approved_as_it_will_be_sent() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        let policy = json!({"name": "Large teams", "resource": "positions", "action": "change-headcount",
            "conditions": [{"field": "approved_headcount", "over": "10"}], "steps": [{"user_ids": [boss.user]}]});
        company.owner.post("/v1/approval-policies", policy).await.is(201);
        let position =
            json!({"title": "Packer", "department_id": company.department, "approved_headcount": 3});
        let position = id(&company.owner.post("/v1/positions", position).await.is(201));
        let path = format!("/v1/positions/{position}");
        let send = async |body: Value| company.maker.patch(&path, body).await;

        // Ten are no more than ten; a title is no headcount.
        send(json!({"approved_headcount": 10})).await.is(200);
        send(json!({"title": "Senior packer"})).await.is(200);
        assert!(stopped(send(json!({"approved_headcount": 12})).await).contains("`Large teams`"));

        let ask = json!({"resource": "positions", "resource_id": position, "action": "change-headcount",
            "change": {"approved_headcount": 12}, "note": "The new warehouse"});
        let approval = id(&company.maker.post("/v1/approvals", ask.clone()).await.is(201));
        approve(&boss, &approval).await.is(200);
        for other in
            [json!({"approved_headcount": 13}), json!({"approved_headcount": 12, "title": "Chief packer"})]
        {
            assert!(stopped(send(other).await).contains("is for other content"));
        }
        let done = send(json!({"approved_headcount": 12})).await.is(200);
        assert_eq!((&done["approved_headcount"], &done["title"]), (&json!(12), &json!("Senior packer")));
        assert_eq!(company.status(&approval).await, "used");

        // What is approved is used up by that, and another change on the way makes a yes void.
        let approval = id(&company.maker.post("/v1/approvals", json!({"change": {"approved_headcount": 20}, "resource": "positions", "resource_id": position, "action": "change-headcount"})).await.is(201));
        approve(&boss, &approval).await.is(200);
        send(json!({"title": "Packer again"})).await.is(200);
        assert!(stopped(send(json!({"approved_headcount": 20})).await).contains("is void"));
    });
}

#[test]
fn the_history_tells_who_asked_and_who_said_what() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        company.archiving(json!([{"user_ids": [boss.user]}])).await;
        let approval = company.ask().await;
        approve(&boss, &approval).await.is(200);
        company.archive().await.is(200);
        let history = company.owner.get(&format!("/v1/approvals/{approval}/history")).await.is(200);
        let told: Vec<_> = history["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| (each["type"].as_str().unwrap(), each["actor"].as_str().unwrap().to_owned()))
            .collect();
        let user = |caller: &crate::Caller| format!("user:{}", caller.user);
        assert_eq!(
            told,
            [
                ("approval.created", user(&company.maker)),
                ("approval.approved", user(&boss)),
                ("approval.used", user(&company.maker)),
            ]
        );
    });
}
