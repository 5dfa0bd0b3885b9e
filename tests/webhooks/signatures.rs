//! What comes is signed after Standard Webhooks, says who, what and when, and no more.
use crate::support::{Organization, Received, Receiver, caught_up, run};
use crate::{deliveries, endpoint, until_all};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::json;

/// How many of the signatures are the secret's own.
fn signatures_of(secret: &str, received: &Received) -> usize {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = format!("{}.{}.{}", received.id(), received.headers["webhook-timestamp"], received.text);
    let all = received.headers["webhook-signature"].split(' ');
    all.filter(|each| {
        let (version, tag) = each.split_once(',').unwrap();
        version == "v1" && hmac::verify(&key, signed.as_bytes(), &STANDARD.decode(tag).unwrap()).is_ok()
    })
    .count()
}

#[test]
fn a_webhook_says_who_what_and_when_and_is_signed() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        let endpoint = endpoint(&caller, &receiver, &["department.*"]).await;
        let department = caller.department("Finance", None).await;
        let path = format!("/v1/departments/{department}");
        caller.patch(&path, json!({"name": "Treasury"})).await.is(200);
        caller.act(&format!("{path}/archive")).await.is(200);

        let came = receiver.got(3).await;
        let kinds: Vec<_> = came.iter().map(Received::kind).collect();
        assert_eq!(kinds, ["department.created", "department.updated", "department.archived"]);
        for (index, received) in came.iter().enumerate() {
            assert_eq!(signatures_of(&endpoint.secret, received), 1);
            assert_eq!(received.headers["content-type"], "application/json");
            let sent: i64 = received.headers["webhook-timestamp"].parse().unwrap();
            assert!((Utc::now().timestamp() - sent).abs() < 60);
            let happened: DateTime<Utc> = received.body["timestamp"].as_str().unwrap().parse().unwrap();
            let told = json!({
                "type": received.kind(), "timestamp": received.body["timestamp"],
                "data": {"event_id": received.id(), "resource": "departments", "resource_id": department, "version": index + 1},
            });
            assert_eq!(received.body, told, "and nothing else");
            // The same as in the feed.
            let path = format!("/v1/events?wait=10&type={}&resource_id={department}", received.kind());
            let feed = caller.get(&path).await.is(200);
            let event = &feed["data"][0];
            assert_eq!(event["id"], received.id());
            assert_eq!(event["at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), happened);
        }
        until_all(&caller, &endpoint, 3, "delivered").await;
        let mut logged = deliveries(&caller, &endpoint).await;
        logged.sort_by_key(|each| each["resource_version"].as_i64());
        for (delivery, received) in logged.iter().zip(&came) {
            assert_eq!(delivery["sent"], received.text);
            assert_eq!((&delivery["attempts"], &delivery["answer_status"]), (&json!(1), &json!(204)));
            assert_eq!(delivery["event_id"], received.id());
        }
    });
}

#[test]
fn two_secrets_sign_until_the_older_one_is_retired() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        let endpoint = endpoint(&caller, &receiver, &["department.created"]).await;
        let rotate = format!("{}/rotate-secret", endpoint.path);
        let second = caller.act(&rotate).await.is(201)["secret"].as_str().unwrap().to_owned();
        caller.department("One", None).await;
        let came = receiver.got(1).await;
        assert_eq!(came[0].headers["webhook-signature"].split(' ').count(), 2);
        assert_eq!((signatures_of(&endpoint.secret, &came[0]), signatures_of(&second, &came[0])), (1, 1));

        caller.act(&format!("{}/retire-older-secret", endpoint.path)).await.is(200);
        caller.department("Two", None).await;
        let came = receiver.got(2).await;
        assert_eq!((signatures_of(&endpoint.secret, &came[1]), signatures_of(&second, &came[1])), (0, 1));

        // A third in place of the first of two.
        let third = caller.act(&rotate).await.is(201)["secret"].as_str().unwrap().to_owned();
        let fourth = caller.act(&rotate).await.is(201)["secret"].as_str().unwrap().to_owned();
        caller.department("Three", None).await;
        let came = receiver.got(3).await;
        let signed = [&second, &third, &fourth].map(|secret| signatures_of(secret, &came[2]));
        assert_eq!(signed, [0, 1, 1]);
    });
}

#[test]
fn a_secret_is_shown_once_and_told_nowhere() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        let endpoint = endpoint(&caller, &receiver, &["department.*"]).await;
        let secret = endpoint.secret.strip_prefix("whsec_").unwrap();
        for path in ["", "/history"] {
            let told = caller.get(&format!("{}{path}", endpoint.path)).await.text;
            assert!(!told.contains("\"secret\"") && !told.contains(secret), "{told}");
        }
        caught_up().await;
        let events = caller.get("/v1/events?limit=1000").await.text;
        assert!(events.contains("webhook_endpoint.created") && !events.contains(secret));
        let key = "the-same";
        let make = || {
            let body = json!({"url": receiver.url(), "event_types": ["*"]});
            caller
                .request(reqwest::Method::POST, "/v1/webhook-endpoints")
                .header("idempotency-key", key)
                .json(&body)
                .send()
        };
        assert!(make().await.is(201)["secret"].is_string());
        assert!(make().await.is(201)["secret"].is_null(), "the answer that is given again holds no secret");
    });
}
