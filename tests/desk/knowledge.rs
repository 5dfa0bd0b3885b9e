//! What is known: written by one, read by another, published for some, found by all of them.
use crate::support::{Caller, Organization, run};
use crate::{each, faults, id};
use serde_json::{Value, json};

const WRITER: [&str; 5] = [
    "articles:read=own",
    "articles:write=own",
    "article-editions:read=own",
    "article-editions:write=own",
    "article-editions:approve=own",
];
const READER: [&str; 3] = ["articles:read=own", "article-feedback:read=own", "article-feedback:write=own"];

async fn edition(who: &Caller, article: &Value) -> String {
    let editions = who.get(&format!("/v1/article-editions?article_id={}", id(article))).await.is(200);
    format!("/v1/article-editions/{}", id(&editions["data"][0]))
}

/// An article that one wrote and another published.
async fn published(writer: &Caller, chief: &Caller, fields: Value) -> Value {
    let mut article = json!({"title": "Title", "body": "Body"});
    article.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let article = writer.post("/v1/articles", article).await.is(201);
    let edition = edition(writer, &article).await;
    writer.act(&format!("{edition}/submit")).await.is(200);
    chief.act(&format!("{edition}/publish")).await.is(200);
    chief.get(&format!("/v1/articles/{}", id(&article))).await.is(200)
}

#[test]
fn nobody_publishes_what_they_wrote_and_every_edition_is_kept() {
    run(async {
        let org = Organization::new().await;
        let (chief, writer) = (org.owner().await, org.caller(&WRITER).await);
        let reader = org.caller(&READER).await;
        let draft = writer
            .post(
                "/v1/articles",
                json!({"title": "The printer", "body": "Switch it on.", "audience": "everybody"}),
            )
            .await
            .is(201);
        assert_eq!((&draft["status"], &draft["edition"]), (&json!("draft"), &Value::Null));
        let path = format!("/v1/articles/{}", id(&draft));
        reader.get(&path).await.is_problem(404, "not-found");
        let first = edition(&writer, &draft).await;
        writer.patch(&first, json!({"body": "Switch it on. Wait."})).await.is(200);
        assert_eq!(writer.get(&path).await.is(200)["body"], "Switch it on. Wait.");
        writer.act(&format!("{first}/publish")).await.is_problem(409, "invalid-state");
        writer.act(&format!("{first}/submit")).await.is(200);
        writer.patch(&first, json!({"body": "Later"})).await.is_problem(409, "conflict");
        writer.act(&format!("{first}/publish")).await.is_problem(403, "forbidden");
        let back = chief.post(&format!("{first}/return"), json!({"reason": "How long?"})).await.is(200);
        assert_eq!((&back["status"], &back["return_reason"]), (&json!("draft"), &json!("How long?")));
        writer.patch(&first, json!({"body": "Switch it on. Wait a minute."})).await.is(200);
        writer.act(&format!("{first}/submit")).await.is(200);
        chief.act(&format!("{first}/publish")).await.is(200);
        let read = reader.get(&path).await.is(200);
        assert_eq!(
            (&read["edition"], &read["body"], &read["status"]),
            (&json!(1), &json!("Switch it on. Wait a minute."), &json!("published"))
        );

        // Another edition: readers read the first until it is published.
        let second = json!({"article_id": id(&draft), "title": "The new printer", "body": "It is always on.", "note": "New machine"});
        let second = writer.post("/v1/article-editions", second).await.is(201);
        assert_eq!(second["edition"], 2);
        let another = json!({"article_id": id(&draft), "title": "A third", "body": "At the same time"});
        chief.post("/v1/article-editions", another).await.is_problem(409, "conflict");
        assert_eq!(reader.get(&path).await.is(200)["title"], "The printer");
        let path_of_second = format!("/v1/article-editions/{}", id(&second));
        writer.act(&format!("{path_of_second}/submit")).await.is(200);
        chief.act(&format!("{path_of_second}/publish")).await.is(200);
        assert_eq!(reader.get(&path).await.is(200)["title"], "The new printer");
        let kept = chief
            .get(&format!("/v1/article-editions?article_id={}&sort=created_at", id(&draft)))
            .await
            .is(200);
        assert_eq!(each(&kept, "status"), ["superseded", "published"]);
        assert_eq!(kept["data"][0]["body"], "Switch it on. Wait a minute.");
        chief.delete(&first).await.is_problem(409, "conflict");
        chief.delete(&path).await.is_problem(409, "conflict");
        chief.act(&format!("{path}/archive")).await.is(200);
        reader.get(&path).await.is_problem(404, "not-found");
    });
}

#[test]
fn each_reads_and_finds_what_is_meant_for_them() {
    run(async {
        let org = Organization::new().await;
        let (chief, writer) = (org.owner().await, org.owner().await);
        let finance = chief.department("Finance", None).await;
        let payroll = chief.department("Payroll", Some(&finance)).await;
        let (ana_id, dan_id) = (chief.hire("Ana", None).await, chief.hire("Dan", None).await);
        chief.patch(&format!("/v1/employees/{ana_id}"), json!({"department_id": payroll})).await.is(200);
        for (title, fields) in [
            ("For everybody", json!({"audience": "everybody"})),
            ("For staff", json!({})),
            ("For finance", json!({"audience": "department", "department_id": finance})),
            ("For the front office", json!({"audience": "front_office"})),
        ] {
            let mut article = json!({"title": title, "body": "Holidays are asked for."});
            article.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            published(&writer, &chief, article).await;
        }
        let roles = chief.get("/v1/roles?name=front_office").await.is(200);
        let stranger = org.caller(&READER).await;
        let (ana, dan) = (org.employee(&ana_id, &READER).await, org.employee(&dan_id, &READER).await);
        let front = org.caller(&READER).await;
        let database = crate::service().database().await;
        let role: uuid::Uuid = roles["data"][0]["id"].as_str().unwrap().parse().unwrap();
        let holds =
            "update memberships set role_ids = role_ids || $3::uuid where org_id = $1 and user_id = $2";
        database.execute(holds, &[&org.id, &front.user, &role]).await.unwrap();
        let all = ["For everybody", "For finance", "For staff", "For the front office"];
        for (who, expected) in [
            (&stranger, &["For everybody"][..]),
            (&dan, &["For everybody", "For staff"]),
            // Payroll is below Finance.
            (&ana, &["For everybody", "For finance", "For staff"]),
            (&front, &["For everybody", "For the front office"]),
            (&chief, &all),
        ] {
            assert_eq!(each(&who.get("/v1/articles?sort=title").await.is(200), "title"), expected);
            for path in [
                "/v1/articles/search?q=holiday",
                "/v1/articles/suggestions?text=how%20to%20ask%20for%20holidays",
            ] {
                let mut found = each(&who.get(path).await.is(200), "title");
                found.sort_unstable();
                assert_eq!(found, expected, "{path}");
            }
        }
        let lone = json!({"title": "Nobody's", "body": "Body", "audience": "department"});
        chief.post("/v1/articles", lone).await.is_problem(422, "invalid-input");
    });
}

#[test]
fn the_best_comes_first_in_the_forms_of_its_language() {
    run(async {
        let org = Organization::new().await;
        let (chief, writer) = (org.owner().await, org.owner().await);
        for (title, body, language) in [
            ("Reaching the network from home", "Install the client.", "en"),
            ("The office", "The networks of the office are listed here. There is coffee, too.", "en"),
            ("Facturile", "Factura se trimite lunar.", "ro"),
            ("Nothing of it", "Parking is below the house.", "en"),
        ] {
            published(&writer, &chief, json!({"title": title, "body": body, "language": language})).await;
        }
        // A draft is not found.
        writer.post("/v1/articles", json!({"title": "Network to be", "body": "Secret"})).await.is(201);
        let search = async |q: &str| chief.get(&format!("/v1/articles/search?q={q}")).await.is(200);
        // In any form; a title counts for more than a body.
        let found = search("networks").await;
        assert_eq!(each(&found, "title"), ["Reaching the network from home", "The office"]);
        let ranks: Vec<rust_decimal::Decimal> =
            each(&found, "rank").iter().map(|rank| rank.parse().unwrap()).collect();
        assert!(ranks[0] > ranks[1], "{ranks:?}");
        assert!(found["data"][1]["excerpt"].as_str().unwrap().contains("**networks**"));
        assert_eq!(each(&search("network%20-coffee").await, "title"), ["Reaching the network from home"]);
        assert_eq!(each(&search("facturilor").await, "title"), ["Facturile"]);
        assert_eq!(search("the").await["data"], json!([]));
        assert_eq!(search("%27%20%7C%20%26%20%21%28").await["data"], json!([]));
        // Any of the words will do for a suggestion.
        let text = "Hello%2C%20I%20can%27t%20reach%20the%20network%20from%20my%20home%2C%20%28%26%7C%21%3A%2A%20please%20help";
        let suggested = chief.get(&format!("/v1/articles/suggestions?text={text}&limit=1")).await.is(200);
        assert_eq!(each(&suggested, "title"), ["Reaching the network from home"]);
        // As for a ticket, of those that the caller knows.
        let ticket =
            json!({"subject": "Nothing works from home", "description": "The network can't be reached."});
        let ticket = id(&chief.post("/v1/tickets", ticket).await.is(201));
        let path = format!("/v1/articles/suggestions?ticket_id={ticket}");
        let suggested = chief.get(&path).await.is(200);
        assert_eq!(each(&suggested, "title")[0], "Reaching the network from home");
        for (who, path, place, code) in [
            (&org.caller(&READER).await, &*path, "ticket_id", "unknown-reference"),
            (
                &org.caller(&["articles:read=own", "tickets:read=own"]).await,
                &path,
                "ticket_id",
                "unknown-reference",
            ),
            (&chief, "/v1/articles/suggestions", "text", "one-of-two"),
            (&chief, &format!("{path}&text=network"), "ticket_id", "one-of-two"),
        ] {
            let refused = who.get(path).await.is_problem(422, "invalid-input");
            let fault = &refused["errors"][0];
            assert_eq!((&fault["parameter"], &fault["code"]), (&json!(place), &json!(code)), "{path}");
        }
    });
}

#[test]
fn each_reader_says_once_whether_it_helped() {
    run(async {
        let org = Organization::new().await;
        let (chief, writer) = (org.owner().await, org.owner().await);
        let open = published(&writer, &chief, json!({"audience": "everybody"})).await;
        let closed = published(&writer, &chief, json!({"audience": "front_office"})).await;
        let (one, two) = (org.caller(&READER).await, org.caller(&READER).await);
        let say = |article: &Value, helpful: bool| json!({"article_id": id(article), "is_helpful": helpful, "remark": "So so"});
        let said = one.post("/v1/article-feedback", say(&open, false)).await.is(201);
        one.post("/v1/article-feedback", say(&open, true)).await.is_problem(409, "conflict");
        two.post("/v1/article-feedback", say(&open, true)).await.is(201);
        // Of what they may not read they say nothing: to them it is not there.
        let refused =
            one.post("/v1/article-feedback", say(&closed, true)).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/article_id", "unknown-reference")]);
        let told = chief.get("/v1/reports/article-feedback").await.is(200);
        assert_eq!(
            (&told["data"][0]["helpful"], &told["data"][0]["unhelpful"], &told["data"][0]["helpful_percent"]),
            (&json!(1), &json!(1), &json!("50.0"))
        );
        one.patch(&format!("/v1/article-feedback/{}", id(&said)), json!({"is_helpful": true})).await.is(200);
        two.get(&format!("/v1/article-feedback/{}", id(&said))).await.is_problem(404, "not-found");
        assert_eq!(
            chief.get("/v1/reports/article-feedback").await.is(200)["data"][0]["helpful_percent"],
            "100.0"
        );
    });
}
