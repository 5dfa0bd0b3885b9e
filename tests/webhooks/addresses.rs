//! Where webhooks may go: never inside, however it is written, whether it is saved or called.
use crate::support::{Organization, Receiver, run, service};
use crate::{deliveries, endpoint, until};
use serde_json::json;
use uuid::Uuid;

#[test]
fn an_address_inside_is_refused_when_it_is_saved() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        let endpoint = endpoint(&caller, &receiver, &["department.*"]).await;
        for (url, code) in [
            ("https://10.0.0.1/", "not-public"),
            ("https://169.254.169.254/latest/meta-data", "not-public"),
            ("https://127.0.0.2/", "not-public"),
            ("https://2130706434/", "not-public"),
            ("https://0x7f000002/", "not-public"),
            ("https://0177.0.0.2/", "not-public"),
            ("https://[::1]/", "not-public"),
            ("https://[::ffff:10.0.0.1]/", "not-public"),
            ("https://[64:ff9b::a00:1]/", "not-public"),
            ("https://[2002:a00:1::]/", "not-public"),
            ("https://localhost/", "not-public"),
            ("https://metadata.internal/", "not-public"),
            ("https://user@hooks.example/", "holds-credentials"),
            ("http://hooks.example/", "not-https"),
            ("https://hooks.example:22/", "bad-port"),
        ] {
            let body = json!({"url": url, "event_types": ["*"]});
            for answer in [
                caller.post("/v1/webhook-endpoints", body).await,
                caller.patch(&endpoint.path, json!({"url": url})).await,
            ] {
                let problem = answer.is_problem(422, "invalid-input");
                let fault = &problem["errors"][0];
                assert_eq!((&fault["pointer"], &fault["code"]), (&json!("/url"), &json!(code)), "{url}");
            }
        }
        for url in ["ftp://hooks.example/", "gopher://x.example.com/", "file:///etc/passwd", "hooks.example"]
        {
            let body = json!({"url": url, "event_types": ["*"]});
            let problem = caller.post("/v1/webhook-endpoints", body).await.is_problem(422, "invalid-input");
            assert_eq!(problem["errors"][0]["pointer"], "/url", "{url}");
        }
        assert_eq!(caller.get(&endpoint.path).await.is(200)["url"], receiver.url());
    });
}

#[test]
fn an_address_inside_is_not_called_either() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        let port = receiver.address.rsplit(':').next().unwrap();
        let database = service().database().await;
        for url in [
            format!("http://127.0.0.2:{port}/"),
            format!("http://localhost:{port}/"),
            format!("http://[::1]:{port}/"),
        ] {
            let endpoint = endpoint(&caller, &receiver, &["department.*"]).await;
            let id: Uuid = endpoint.id.parse().unwrap();
            // As if it had been saved before the rule was there.
            let bent = "update webhook_endpoints set url = $3 where org_id = $1 and id = $2";
            database.execute(bent, &[&caller.organization, &id, &url]).await.unwrap();
            caller.act(&format!("{}/test", endpoint.path)).await.is(201);
            until("it was not called", async || {
                let all = deliveries(&caller, &endpoint).await;
                all.iter().any(|each| {
                    each["failure"].as_str().is_some_and(|why| why.starts_with("Not called: the address"))
                })
            })
            .await;
        }
        assert!(receiver.all().is_empty());
    });
}
