//! What is said in tickets stays as it was, with what hangs on it.
use crate::support::run;
use crate::{Desk, id, ids};
use serde_json::json;

#[test]
fn what_is_said_is_text_and_stays() {
    run(async {
        let desk = Desk::new().await;
        let ticket = desk.asked("Laptop").await;
        let html = "<img src=x onerror=alert(1)><b>No</b>";
        let said = desk.say(&desk.ana, &ticket, "public", html).await;
        let read = desk.agent.get(&format!("/v1/ticket-messages/{said}")).await;
        assert_eq!(read.header("content-type"), Some("application/json"));
        assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
        let read = read.is(200);
        assert_eq!(
            (&read["body"], &read["by_requester"], &read["author_id"]),
            (&json!(html), &json!(true), &json!(desk.ana_id))
        );
        let database = crate::support::service().database().await;
        database
            .execute("select set_config('app.org_id', $1::uuid::text, false)", &[&desk.org.id])
            .await
            .unwrap();
        for change in [
            "update ticket_messages set body = 'other' where org_id = current_org()",
            "delete from ticket_messages where org_id = current_org()",
        ] {
            let refused = database.execute(change, &[]).await.unwrap_err();
            assert_eq!(
                refused.as_db_error().unwrap().constraint(),
                Some("what_was_said_in_a_ticket_stays_as_it_was")
            );
        }
        let closed = desk.asked("Closed").await;
        desk.step(&closed, "close").await;
        let late = database.execute("insert into ticket_messages (id, ticket_id, visibility, by_requester, body) values (gen_random_uuid(), $1::text::uuid, 'public', false, 'late')", &[&closed]).await;
        assert!(late.is_err(), "not even by SQL is something said in what is closed");
    });
}

#[test]
fn attachments_follow_what_they_hang_on() {
    run(async {
        let desk = Desk::new().await;
        let ticket = desk.asked("Laptop").await;
        let of_ticket = format!("name=screen.txt&purpose=attachment&resource=tickets&resource_id={ticket}");
        let mine = id(&desk.ana.upload(&of_ticket, "what I see").await.is(201));
        desk.agent.get(&format!("/v1/files/{mine}/content")).await;
        assert_eq!(
            ids(&desk.agent.get(&format!("/v1/files?resource=tickets&resource_id={ticket}")).await.is(200)),
            std::slice::from_ref(&mine)
        );
        // What says it is something else is refused, as everywhere.
        let lying = format!("name=screen.png&purpose=attachment&resource=tickets&resource_id={ticket}");
        let refused = desk.ana.upload(&lying, "no picture").await;
        assert!([415, 422].contains(&refused.status), "{}", refused.text);
        let other = desk.opened(json!({"requester_id": desk.agent_id})).await;
        let there = format!("name=a.txt&purpose=attachment&resource=tickets&resource_id={}", id(&other));
        desk.ana.upload(&there, "not mine").await.is_problem(422, "invalid-input");
    });
}
