//! Tickets by their words, best first.
use crate::support::run;
use crate::{Desk, id, ids};
use serde_json::json;

#[test]
fn the_best_come_first() {
    run(async {
        let desk = Desk::new().await;
        let in_text =
            id(&desk.opened(json!({"subject": "Broken", "description": "The projector of room 4"})).await);
        let in_subject = id(&desk.opened(json!({"subject": "Projector", "description": "Room 4"})).await);
        let in_reply = id(&desk.opened(json!({"subject": "Lamp"})).await);
        desk.say(&desk.agent, &in_reply, "public", "Is it the projector?").await;
        desk.opened(json!({"subject": "Chair"})).await;
        let find = async |q: &str| ids(&desk.agent.get(&format!("/v1/ticket-search?q={q}")).await.is(200));
        assert_eq!(find("projector").await, [in_subject.clone(), in_text.clone(), in_reply.clone()]);
        assert_eq!(find("projector%20-lamp").await, [in_subject.clone(), in_text.clone()]);
        assert_eq!(find("%22room%204%22").await.len(), 2);
        assert_eq!(find("PROJECTOR%20or%20chair").await.len(), 4);
        let one = desk.ticket(&in_subject).await;
        assert_eq!(find(one["number"].as_str().unwrap()).await, std::slice::from_ref(&in_subject));
        // What is no word finds nothing, and breaks nothing.
        for odd in ["%27", "%26%7C%21", "%3A%2A", "-lamp", "%22", "a%5C"] {
            desk.agent.get(&format!("/v1/ticket-search?q={odd}")).await.is(200);
        }
        // Words follow what is written anew.
        desk.agent
            .patch(&format!("/v1/tickets/{in_text}"), json!({"description": "The beamer of room 4"}))
            .await
            .is(200);
        assert_eq!(find("projector").await, [in_subject, in_reply]);
        assert_eq!(find("beamer").await, [in_text]);
        desk.agent.get("/v1/ticket-search").await.is_problem(422, "invalid-input");
        desk.agent.get("/v1/ticket-search?q=a&limit=101").await.is_problem(422, "invalid-input");
    });
}
