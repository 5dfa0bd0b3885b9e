//! Comments: who sees what is said about something, and who changes it.
use crate::support::{Caller, Organization, run};
use crate::{fault, id, ids};
use serde_json::{Value, json};

const COMMENTS: [&str; 3] = ["comments:read", "comments:write", "events:read"];

fn with<'a>(others: &[&'a str]) -> Vec<&'a str> {
    COMMENTS.iter().copied().chain(others.iter().copied()).collect()
}

async fn say(caller: &Caller, department: &str, fields: Value) -> String {
    let mut comment = json!({"resource": "departments", "resource_id": department, "body": "Said"});
    comment.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    id(&caller.post("/v1/comments", comment).await.is(201))
}

#[test]
fn a_comment_is_seen_by_those_it_is_for() {
    run(async {
        let organization = Organization::new().await;
        let head = organization.caller(&with(&["departments:read", "departments:write"])).await;
        let reader = organization.caller(&with(&["departments:read"])).await;
        let other = organization.caller(&with(&["departments:read"])).await;
        let outside = organization.caller(&with(&["employees:read"])).await;
        let department = head.department("Desk", None).await;
        let open = say(&reader, &department, json!({})).await;
        let internal = say(&head, &department, json!({"visibility": "internal"})).await;
        let private =
            say(&head, &department, json!({"visibility": "private", "mentions": [reader.user]})).await;
        let own = say(&reader, &department, json!({"visibility": "private"})).await;
        let list = async |caller: &Caller| {
            let page = caller
                .get(&format!(
                    "/v1/comments?resource=departments&resource_id={department}&sort=id&count=true"
                ))
                .await
                .is(200);
            assert_eq!(page["total"], page["data"].as_array().unwrap().len());
            ids(&page)
        };
        assert_eq!(list(&head).await, [open.clone(), internal.clone(), private.clone()]);
        assert_eq!(list(&reader).await, [open.clone(), private.clone(), own.clone()]);
        assert_eq!(list(&other).await, std::slice::from_ref(&open));
        assert!(list(&outside).await.is_empty());
        for (caller, comment, sees) in [
            (&other, &internal, false),
            (&other, &private, false),
            (&other, &own, false),
            (&other, &open, true),
            (&reader, &internal, false),
            (&head, &own, false),
            (&outside, &open, false),
        ] {
            let path = format!("/v1/comments/{comment}");
            for way in [path.clone(), format!("{path}/history"), format!("{path}?as_of=2100-01-01T00:00:00Z")]
            {
                assert_eq!(caller.get(&way).await.status, if sees { 200 } else { 404 }, "{way}");
            }
        }
        // What only those who write may see, only they may say.
        let comment = json!({"resource": "departments", "resource_id": department, "body": "x", "visibility": "internal"});
        reader.post("/v1/comments", comment).await.is_problem(403, "forbidden");
        // And the feed keeps to the same.
        for _ in 0..100 {
            if head.get(&format!("/v1/events?resource_id={private}")).await.is(200)["data"] != json!([]) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let told = async |caller: &Caller, comment: &str| {
            caller.get(&format!("/v1/events?resource_id={comment}")).await.is(200)["data"]
                .as_array()
                .unwrap()
                .len()
        };
        assert_eq!(
            (told(&head, &private).await, told(&reader, &private).await, told(&other, &private).await),
            (1, 1, 0)
        );
        assert_eq!((told(&head, &own).await, told(&reader, &own).await), (0, 1));
        head.delete(&format!("/v1/comments/{private}")).await.is(204);
        other.get(&format!("/v1/comments/{private}/history")).await.is_problem(404, "not-found");
        reader.get(&format!("/v1/comments/{private}/history")).await.is(200);
    });
}

#[test]
fn only_its_author_changes_a_comment_and_what_it_was_stays_known() {
    run(async {
        let organization = Organization::new().await;
        let (author, owner) =
            (organization.caller(&with(&["departments:read"])).await, organization.owner().await);
        let department = owner.department("Desk", None).await;
        let comment = say(&author, &department, json!({"body": "First"})).await;
        let path = format!("/v1/comments/{comment}");
        owner.get(&path).await.is(200);
        owner.patch(&path, json!({"body": "Mine"})).await.is_problem(404, "not-found");
        owner.delete(&path).await.is_problem(404, "not-found");
        assert_eq!(author.patch(&path, json!({"body": "Second"})).await.is(200)["body"], "Second");
        let history = owner.get(&format!("{path}/history")).await.is(200);
        assert_eq!(
            history["data"][1]["changes"]["body"],
            json!({"before": "First", "after": "Second", "personal": true})
        );
        author.delete(&path).await.is(204);
        owner.get(&path).await.is_problem(404, "not-found");
        assert_eq!(owner.get(&format!("{path}/history")).await.is(200)["data"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn those_are_mentioned_who_may_see_it_and_they_find_it() {
    run(async {
        let organization = Organization::new().await;
        let author = organization.owner().await;
        let (ana, ben) = (
            organization.caller(&with(&["departments:read"])).await,
            organization.caller(&with(&["employees:read"])).await,
        );
        let there = Organization::new().await.owner().await;
        let department = author.department("Desk", None).await;
        for wrong in [ben.user, there.user, uuid::Uuid::now_v7()] {
            let comment = json!({"resource": "departments", "resource_id": department, "body": "x", "mentions": [ana.user, wrong]});
            let problem = author.post("/v1/comments", comment).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), ("/mentions", "unknown-reference"));
        }
        let calling = say(&author, &department, json!({"mentions": [ana.user, ana.user]})).await;
        say(&author, &department, json!({})).await;
        assert_eq!(ids(&ana.get("/v1/comments?mentioning=me").await.is(200)), [calling]);
        assert!(ids(&ben.get("/v1/comments?mentioning=me").await.is(200)).is_empty());
        // Of a team, the leader is mentioned on those who report to them, and on nobody else.
        let (boss, stranger) = (author.hire("Boss", None).await, author.hire("Stranger", None).await);
        let report = author.hire("Report", Some(&boss)).await;
        let leader = organization.employee(&boss, &with(&["employees:read=team", "files:read=own"])).await;
        let on = |employee: &str| json!({"resource": "employees", "resource_id": employee, "body": "x", "mentions": [leader.user]});
        author.post("/v1/comments", on(&report)).await.is(201);
        author.post("/v1/comments", on(&stranger)).await.is_problem(422, "invalid-input");
        // A comment on a file follows what the file hangs on.
        let said = |employee: &str| format!("name=a.txt&resource=employees&resource_id={employee}");
        for (employee, expected) in [(&report, 201), (&stranger, 422)] {
            let file = id(&author.upload(&said(employee), format!("for {employee}")).await.is(201));
            let comment =
                json!({"resource": "files", "resource_id": file, "body": "x", "mentions": [leader.user]});
            assert_eq!(author.post("/v1/comments", comment).await.status, expected);
            let seen = leader.get(&format!("/v1/comments?resource_id={file}")).await.is(200)["data"]
                .as_array()
                .unwrap()
                .len();
            assert_eq!(seen, usize::from(expected == 201));
        }
    });
}

#[test]
fn replies_hang_where_their_question_hangs() {
    run(async {
        let organization = Organization::new().await;
        let (asks, answers) =
            (organization.owner().await, organization.caller(&with(&["departments:read"])).await);
        let (here, there) = (asks.department("Here", None).await, asks.department("There", None).await);
        let question = say(&asks, &here, json!({"body": "When?"})).await;
        let secret = say(&asks, &here, json!({"body": "Never", "visibility": "internal"})).await;
        let reply = say(&answers, &here, json!({"body": "Soon", "reply_to_id": question})).await;
        assert_eq!(asks.get(&format!("/v1/comments/{reply}")).await.is(200)["reply_to_id"], json!(question));
        for (department, to) in [(&there, &question), (&here, &secret)] {
            let comment =
                json!({"resource": "departments", "resource_id": department, "body": "x", "reply_to_id": to});
            let problem = answers.post("/v1/comments", comment).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), ("/reply_to_id", "unknown-reference"));
        }
        asks.delete(&format!("/v1/comments/{question}")).await.is_problem(409, "in-use");
        // The department takes question and answer along.
        asks.delete(&format!("/v1/departments/{here}")).await.is(204);
        asks.get(&format!("/v1/comments/{reply}")).await.is_problem(404, "not-found");
    });
}

#[test]
fn what_is_over_still_shows_what_was_said() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let employee = caller.hire("Ana", None).await;
        let comment = json!({"resource": "employees", "resource_id": employee, "body": "Thanks"});
        let comment = id(&caller.post("/v1/comments", comment).await.is(201));
        let end = json!({"last_day": "2026-10-31", "reason": "Resigned"});
        caller.post(&format!("/v1/employees/{employee}/terminate"), end).await.is(200);
        assert_eq!(
            ids(&caller.get(&format!("/v1/comments?resource_id={employee}")).await.is(200)),
            [comment]
        );
        let department = caller.department("Old", None).await;
        let old = say(&caller, &department, json!({})).await;
        caller.act(&format!("/v1/departments/{department}/archive")).await.is(200);
        caller.get(&format!("/v1/comments/{old}")).await.is(200);
        say(&caller, &department, json!({"body": "Still here"})).await;
    });
}
