//! Internal notes are for those who work on tickets. Whoever asked sees none, by no way and however far their permissions reach.
use crate::support::{Caller, Organization};
use crate::{ASKING, Desk, id, ids, support::run, unique};
use reqwest::Method;
use serde_json::json;

const NOTE: &str = "xylophone: she broke it herself";

/// Every way on which a caller might come upon a note, and what it answers.
async fn everything(caller: &Caller, ticket: &str, note: &str, file: &str) -> Vec<(String, u16, String)> {
    let ways = [
        "/v1/ticket-messages".to_owned(),
        "/v1/ticket-messages?count=true".to_owned(),
        "/v1/ticket-messages?visibility=internal".to_owned(),
        "/v1/ticket-messages?q=xylophone".to_owned(),
        "/v1/ticket-messages?sort=-written_at".to_owned(),
        "/v1/ticket-messages?as_of=2100-01-01T00:00:00Z".to_owned(),
        format!("/v1/ticket-messages?ticket_id={ticket}&count=true"),
        format!("/v1/ticket-messages/{note}"),
        format!("/v1/ticket-messages/{note}?as_of=2100-01-01T00:00:00Z"),
        format!("/v1/ticket-messages/{note}/history"),
        format!("/v1/tickets/{ticket}"),
        format!("/v1/tickets/{ticket}?as_of=2100-01-01T00:00:00Z"),
        format!("/v1/tickets/{ticket}/history"),
        "/v1/tickets".to_owned(),
        "/v1/tickets?q=xylophone".to_owned(),
        "/v1/ticket-search?q=xylophone".to_owned(),
        "/v1/ticket-search?q=%22broke%20it%20herself%22".to_owned(),
        format!("/v1/files?resource=ticket-messages&resource_id={note}"),
        format!("/v1/files/{file}"),
        format!("/v1/files/{file}/content"),
        format!("/v1/files/{file}/history"),
        format!("/v1/comments?resource=ticket-messages&resource_id={note}"),
        "/v1/events?limit=1000".to_owned(),
        "/v1/events?resource=ticket-messages".to_owned(),
        format!("/v1/events?resource_id={note}"),
    ];
    let mut seen = Vec::new();
    for way in ways {
        let answer = caller.get(&way).await;
        seen.push((way, answer.status, answer.text));
    }
    for kind in ["text/csv", "application/x-ndjson"] {
        for list in ["/v1/ticket-messages", "/v1/tickets"] {
            let answer = caller.request(Method::GET, list).header("accept", kind).send().await;
            seen.push((format!("{list} as {kind}"), answer.status, answer.text));
        }
    }
    seen
}

/// The ways on which something of the note was seen.
fn leaks(seen: &[(String, u16, String)], note: &str, file: &str) -> Vec<String> {
    let told = |(way, status, text): &&(String, u16, String)| {
        let of_it = way.contains(note) || way.contains(file);
        let shows = of_it && *status == 200 && !text.contains("\"data\":[]");
        shows || ["xylophone", "broke", note, file].iter().any(|part| text.contains(part))
    };
    seen.iter().filter(told).map(|(way, status, text)| format!("{way}: {status} {text}")).collect()
}

/// Everything that there is to be done, to all rows, becomes part of the caller's role.
async fn may_do_everything(caller: &Caller) {
    let all = crate::support::permissions();
    let (resources, verbs): (Vec<&str>, Vec<&str>) =
        all.iter().filter_map(|permission| permission.split_once(':')).unzip();
    let grant = "insert into role_permissions (org_id, role_id, resource, verb, reach)
        select m.org_id, m.role_ids[1], p.resource, p.verb, 'org' from memberships m, unnest($2::text[], $3::text[]) p (resource, verb) where m.id = $1
        on conflict (org_id, role_id, resource, verb) do update set reach = 'org'";
    let database = crate::support::service().database().await;
    let granted = database.execute(grant, &[&caller.membership, &resources, &verbs]).await.unwrap();
    assert_eq!(granted, all.len() as u64);
}

#[test]
fn who_asked_sees_no_note_on_any_way() {
    run(async {
        let desk = Desk::new().await;
        let ticket = desk.asked("Laptop").await;
        let reply = desk.say(&desk.agent, &ticket, "public", "We look into it.").await;
        let note = desk.say(&desk.agent, &ticket, "internal", NOTE).await;
        let said =
            format!("name=xylophone.txt&purpose=attachment&resource=ticket-messages&resource_id={note}");
        let file = id(&desk.agent.upload(&said, "xylophone").await.is(201));
        // Whoever works on it finds it on these ways, so that each of them can fail.
        let agents = everything(&desk.agent, &ticket, &note, &file).await;
        let found = agents.iter().filter(|(_, _, text)| text.contains("xylophone")).count();
        assert!(found >= 10, "{found}");

        // Who asked, with what everybody holds; with everything, as far as it reaches; and as somebody who works on tickets.
        let asking = &desk.ana;
        for mighty in [false, true] {
            if mighty {
                may_do_everything(asking).await;
            }
            let seen = everything(asking, &ticket, &note, &file).await;
            assert_eq!(leaks(&seen, &note, &file), Vec::<String>::new());
            let messages =
                asking.get(&format!("/v1/ticket-messages?ticket_id={ticket}&count=true")).await.is(200);
            assert_eq!((ids(&messages), &messages["total"]), (vec![reply.clone()], &json!(1)));
            // Nor can they hang something on it, or write one.
            let here = json!({"ticket_id": ticket, "visibility": "internal", "body": "My own note"});
            asking.post("/v1/ticket-messages", here).await.is_problem(403, "forbidden");
            let said = format!("name=a.txt&purpose=attachment&resource=ticket-messages&resource_id={note}");
            assert!([403, 422].contains(&asking.upload(&said, "a").await.status));
            let there = json!({"ticket_id": ticket, "relation": "about", "resource": "ticket-messages", "resource_id": note});
            assert!([403, 422].contains(&asking.post("/v1/ticket-links", there).await.status));
        }
        // Their own ticket they read, answer and find, by what they may see of it.
        let found = desk.ana.get("/v1/ticket-search?q=laptop").await.is(200);
        assert_eq!(ids(&found), std::slice::from_ref(&ticket));
        desk.say(&desk.ana, &ticket, "public", "Thank you").await;
        assert_eq!(
            ids(&desk.ana.get("/v1/ticket-search?q=thank").await.is(200)),
            std::slice::from_ref(&ticket)
        );
        assert_eq!(ids(&desk.agent.get("/v1/ticket-search?q=xylophone").await.is(200)), [ticket]);
    });
}

#[test]
fn neither_does_who_watches_or_leads_them() {
    run(async {
        let desk = Desk::new().await;
        let owner = desk.org.owner().await;
        let boss = owner.hire("Boss", None).await;
        let eva = owner.hire("Eva", Some(&boss)).await;
        let watcher = owner.hire("Watcher", None).await;
        let ticket = id(&desk.opened(json!({"requester_id": eva, "watcher_ids": [watcher]})).await);
        let reply = desk.say(&desk.agent, &ticket, "public", "Soon").await;
        let note = desk.say(&desk.agent, &ticket, "internal", NOTE).await;
        let team: Vec<String> = ASKING
            .iter()
            .map(|each| each.replace("=own", "=team"))
            .filter(|each| !each.starts_with("files") && !each.starts_with("comments"))
            .collect();
        let team: Vec<&str> = team.iter().map(String::as_str).collect();
        let leader = desk.org.employee(&boss, &team).await;
        let watching = desk.org.employee(&watcher, &ASKING).await;
        for caller in [&leader, &watching] {
            let messages = caller.get("/v1/ticket-messages?count=true").await.is(200);
            assert_eq!((ids(&messages), &messages["total"]), (vec![reply.clone()], &json!(1)));
            caller.get(&format!("/v1/ticket-messages/{note}")).await.is_problem(404, "not-found");
            caller.get(&format!("/v1/ticket-messages/{note}/history")).await.is_problem(404, "not-found");
            caller.get(&format!("/v1/tickets/{ticket}")).await.is(200);
        }
        assert_eq!(ids(&leader.get("/v1/ticket-search?q=vpn").await.is(200)), std::slice::from_ref(&ticket));
        assert_eq!(leader.get("/v1/ticket-search?q=xylophone").await.is(200)["data"], json!([]));
        // Somebody else, who neither asked nor watches, sees nothing at all; another organization neither.
        desk.ana.get(&format!("/v1/tickets/{ticket}")).await.is_problem(404, "not-found");
        assert_eq!(desk.ana.get("/v1/ticket-messages?count=true").await.is(200)["total"], 0);
        assert_eq!(desk.ana.get("/v1/ticket-search?q=vpn").await.is(200)["data"], json!([]));
        let stranger = Organization::new().await.owner().await;
        assert_eq!(stranger.get("/v1/ticket-search?q=xylophone").await.is(200)["data"], json!([]));
    });
}

#[test]
fn no_merge_split_or_macro_makes_a_note_public() {
    run(async {
        let desk = Desk::new().await;
        let (first, second) = (desk.asked("Laptop").await, desk.asked("Laptop again").await);
        desk.say(&desk.agent, &first, "public", "We look into it.").await;
        let note = desk.say(&desk.agent, &first, "internal", NOTE).await;
        let split = json!({"message_id": note, "subject": "Another"});
        let problem = desk
            .agent
            .post(&format!("/v1/tickets/{first}/split"), split)
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(crate::faults(&problem), [("/message_id", "internal")]);
        desk.agent.post(&format!("/v1/tickets/{first}/merge"), json!({"into_id": second})).await.is(200);
        let file = "nothing".to_owned();
        let seen = everything(&desk.ana, &second, &note, &file).await;
        assert!(seen.iter().all(|(_, _, text)| !text.contains("xylophone")), "{seen:?}");
        assert_eq!(
            desk.ana.get(&format!("/v1/ticket-messages?ticket_id={second}&count=true")).await.is(200)["total"],
            1
        );
        assert_eq!(
            desk.agent.get(&format!("/v1/ticket-messages?ticket_id={second}&count=true")).await.is(200)["total"],
            2
        );
        let noted = json!({"name": unique(), "reply": NOTE, "is_internal": true, "tags": ["noted"]});
        let noted = id(&desk.agent.post("/v1/macros", noted).await.is(201));
        desk.agent
            .post(&format!("/v1/tickets/{second}/apply-macro"), json!({"macro_id": noted}))
            .await
            .is(200);
        let seen = everything(&desk.ana, &second, &note, &file).await;
        assert!(seen.iter().all(|(_, _, text)| !text.contains("xylophone")), "{seen:?}");
    });
}

#[test]
fn what_would_be_seen_by_all_who_may_write_is_refused() {
    run(async {
        let desk = Desk::new().await;
        let ticket = desk.asked("Laptop").await;
        let note =
            json!({"resource": "tickets", "resource_id": ticket, "body": NOTE, "visibility": "internal"});
        let problem = desk.agent.post("/v1/comments", note).await.is_problem(422, "invalid-input");
        assert_eq!(crate::faults(&problem), [("/resource", "has-messages")]);
    });
}

#[test]
fn webhooks_tell_no_text() {
    run(async {
        // A letter names what happened and nothing of what was said; whoever may not read all tickets gets none.
        let desk = Desk::new().await;
        let ticket = desk.asked("Laptop").await;
        let note = desk.say(&desk.agent, &ticket, "internal", NOTE).await;
        let database = crate::support::service().database().await;
        let events = "select string_agg(webhook_payload(type, at, id, resource, resource_id, version), ''), string_agg(changes::text, '')
            from events where org_id = $1 and resource_id = $2::text::uuid";
        let row = database.query_one(events, &[&desk.org.id, &note]).await.unwrap();
        let (letter, changes): (String, String) = (row.get(0), row.get(1));
        assert!(letter.contains("ticket_message.created") && !letter.contains("internal"), "{letter}");
        assert!(!letter.contains("xylophone") && !changes.contains("xylophone"), "{letter} {changes}");
    });
}
