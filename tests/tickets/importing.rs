//! Tickets from a file, with what was said in them.
use crate::support::{Answer, Caller, run};
use crate::{Desk, faults};
use reqwest::Method;
use serde_json::json;

async fn import(caller: &Caller, csv: &str) -> Answer {
    caller.request(Method::POST, "/v1/tickets/import").body("text/csv", csv.as_bytes()).send().await
}

#[test]
fn a_file_of_tickets_is_held_against_what_was_promised() {
    run(async {
        let desk = Desk::new().await;
        let queue = desk.queue(json!({"name": "Support", "sla_policy_id": desk.promise().await})).await;
        let number = async |id: &str| {
            desk.agent.get(&format!("/v1/employees/{id}")).await.is(200)["employee_number"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let (agent, ana) = (number(&desk.agent_id).await, number(&desk.ana_id).await);
        // The first: reported on Tuesday 3 March 2026, 10:00 in Bucharest (08:00Z), answered at 10:40, solved at 16:00: both kept. The second: reported at the same
        // time, answered at 11:01, a minute late; solved on Wednesday at 10:01: 7 h on Tuesday, 1 h 1 min on Wednesday, a minute late as well.
        let file = format!("ticket,subject,description,queue,requester_number,status,reported_at,solved_at,comment,comment_at,comment_visibility,comment_author_number,tags
1,VPN,It does not work,Support,{ana},solved,2026-03-03T08:00:00Z,2026-03-03T14:00:00Z,Looks like the router,2026-03-03T08:30:00Z,internal,{agent},network;home
1,,,,,,,,Please try again,2026-03-03T08:40:00Z,,{agent},
1,,,,,,,,Now it works,2026-03-03T09:00:00Z,,{ana},
2,Mail,Neither,Support,{ana},solved,2026-03-03T08:00:00Z,2026-03-04T08:01:00Z,Hello,2026-03-03T09:01:00Z,,{agent},
");
        let done = import(&desk.agent, &file).await.is(200);
        assert_eq!(done, json!({"tickets": 2, "messages": 4, "kept": 2, "broken": 2}));
        let tickets =
            desk.agent.get(&format!("/v1/tickets?queue_id={queue}&sort=reported_at&q=VPN")).await.is(200);
        let vpn = &tickets["data"][0];
        assert_eq!(
            (&vpn["status"], &vpn["first_answered_at"], &vpn["tags"]),
            (&json!("solved"), &json!("2026-03-03T08:40:00Z"), &json!(["network", "home"]))
        );
        assert_eq!(vpn["requester_id"], json!(desk.ana_id));
        // Who asked sees what was said to them.
        let seen = desk
            .ana
            .get(&format!("/v1/ticket-messages?ticket_id={}", vpn["id"].as_str().unwrap()))
            .await
            .is(200);
        let bodies: Vec<&str> =
            seen["data"].as_array().unwrap().iter().map(|each| each["body"].as_str().unwrap()).collect();
        assert_eq!(bodies, ["Please try again", "Now it works"]);
        let levels = desk.agent.get("/v1/reports/service-levels?from=2026-03-03&to=2026-03-03").await.is(200);
        for level in levels["levels"].as_array().unwrap() {
            assert_eq!(
                (&level["kept"], &level["broken"], &level["kept_percent"]),
                (&json!(1), &json!(1), &json!("50.0"))
            );
        }
    });
}

#[test]
fn all_that_is_wrong_is_told_and_nothing_is_kept() {
    run(async {
        let desk = Desk::new().await;
        let file = "ticket,subject,description,kind,queue,requester_number,status,reported_at,solved_at,comment,comment_at,comment_visibility
1,VPN,It does not work,accident,Nowhere,E-999999,solved,2026-03-03T08:00:00Z,,Hello,2026-03-02T08:00:00Z,public
2,,x,,,,open,yesterday,,Hello,,secret
1,VPN,x,,,,,2026-03-03T08:00:00Z,,,,
";
        let problem = import(&desk.agent, file).await.is_problem(422, "invalid-input");
        let mut told = faults(&problem);
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("/2/comment_at", "out-of-order"),
                ("/2/kind", "unknown-value"),
                ("/2/solved_at", "required"),
                ("/3/comment_at", "required"),
                ("/3/comment_visibility", "unknown-value"),
                ("/3/reported_at", "wrong-format"),
                ("/3/subject", "required"),
                ("/4/ticket", "not-together")
            ]
        );
        let unknown = "ticket,subject,description,reported_at,queue,assignee_number\n1,a,b,2026-03-03T08:00:00Z,Nowhere,E-999999\n";
        let problem = import(&desk.agent, unknown).await.is_problem(422, "invalid-input");
        let mut told = faults(&problem);
        told.sort_unstable();
        assert_eq!(told, [("/2/assignee_number", "unknown-reference"), ("/2/queue", "unknown-reference")]);
        assert_eq!(desk.agent.get("/v1/tickets?count=true").await.is(200)["total"], 0);
        import(&desk.ana, unknown).await.is_problem(403, "forbidden");
        // What was said behind their back is for others to take in.
        let me = desk.agent.get(&format!("/v1/employees/{}", desk.agent_id)).await.is(200);
        let me = me["employee_number"].as_str().unwrap();
        let own = format!(
            "ticket,subject,description,requester_number,reported_at,comment,comment_at,comment_visibility\n1,a,b,{me},2026-03-03T08:00:00Z,Again!,2026-03-03T08:01:00Z,internal\n"
        );
        let problem = import(&desk.agent, &own).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/2/comment_visibility", "not-for-you")]);
    });
}
