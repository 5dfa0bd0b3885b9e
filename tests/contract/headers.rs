//! Headers in and out: limits, request ids, traces, what browsers are told, validators, CORS.
use crate::edges::{Own, raw};
use crate::support::{Organization, Request, operations, run, service};
use reqwest::Method;
use serde_json::json;

#[test]
fn headers_have_a_limit() {
    run(async {
        let caller = Organization::new().await.owner().await;
        // 30 kB beside the token are fine, 34 kB are not; in one header, in many, or in the path.
        caller
            .request(Method::GET, "/v1/departments")
            .header("x-padding", &"a".repeat(30_000))
            .send()
            .await
            .is(200);
        let one = caller
            .request(Method::GET, "/v1/departments")
            .header("x-padding", &"a".repeat(34_000))
            .send()
            .await;
        one.is_problem(431, "headers-too-large");
        let many = (0..70).fold(caller.request(Method::GET, "/v1/departments"), |request, at| {
            request.header(&format!("x-padding-{at}"), &"a".repeat(500))
        });
        many.send().await.is_problem(431, "headers-too-large");
    });
    for headers in [
        format!("X-Padding: {}\r\n", "a".repeat(100_000)),
        "A: b\r\n".repeat(5_000),
        format!("X-{}: a\r\n", "a".repeat(60_000)),
        format!("X-Padding: {}\r\n", "a".repeat(2_000_000)),
    ] {
        let (status, _, body) =
            raw(&format!("GET /v1/departments HTTP/1.1\r\nHost: test\r\n{headers}Connection: close\r\n\r\n"));
        assert!([400, 431, 0].contains(&status), "{} bytes of headers: {status} {body}", headers.len());
    }
    run(async { Request::new(Method::GET, "/livez").send().await.is(200) });
}

#[test]
fn a_request_id_is_kept_in_form_and_replaced_out_of_it() {
    run(async {
        let ask = async |id: &str| {
            let answer = Request::new(Method::GET, "/no/such").header("x-request-id", id).send().await;
            let told = answer.header("x-request-id").unwrap().to_owned();
            assert_eq!(answer.body["instance"], told.as_str(), "the problem names the request");
            told
        };
        for good in ["a", "Abc-123", &"x".repeat(64)] {
            assert_eq!(ask(good).await, good);
        }
        for bad in ["", "a b", "a_b", "é", "a\tb", "<script>", "a;b", &"x".repeat(65)] {
            let told = ask(bad).await;
            assert!(told != *bad && told.parse::<uuid::Uuid>().is_ok(), "{bad:?} became {told}");
        }
        let own = Request::new(Method::GET, "/livez").send().await;
        assert!(own.header("x-request-id").unwrap().parse::<uuid::Uuid>().is_ok());
    });
}

#[test]
fn a_trace_is_passed_on() {
    run(async {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let answer = Request::new(Method::GET, "/livez").header("traceparent", trace).send().await;
        let told = answer.header("traceparent").unwrap();
        assert_eq!(&told[..35], &trace[..35], "the trace goes on");
        for bad in [
            "",
            "00-x-y-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff",
            "00-00000000000000000000000000000000-0000000000000000-00",
        ] {
            let answer = Request::new(Method::GET, "/livez").header("traceparent", bad).send().await;
            assert!(answer.header("traceparent").is_none_or(|told| told != bad), "{bad:?} was passed on");
            answer.is(200);
        }
    });
}

#[test]
fn every_answer_says_how_it_may_be_used_and_not_by_what_it_was_made() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let mut answers = Vec::new();
        for operation in operations().into_iter().filter(|each| each.method == Method::GET) {
            answers.push((
                operation.id().to_owned(),
                caller.get(&crate::examples::nowhere(&operation.path)).await,
            ));
        }
        for (method, path) in [
            (Method::GET, "/docs/"),
            (Method::GET, "/docs"),
            (Method::GET, "/no"),
            (Method::PUT, "/v1/employees"),
            (Method::TRACE, "/"),
            (Method::POST, "/v1/auth/login"),
        ] {
            answers.push((path.to_owned(), Request::new(method, path).try_send().await.unwrap()));
        }
        for (what, answer) in answers {
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
            assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{what}");
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{what}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
            assert!(
                answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"),
                "{what}"
            );
            for name in ["server", "x-powered-by", "via"] {
                assert_eq!(answer.header(name), None, "{what} says what it was made by");
            }
            assert!(
                !answer.text.contains("actix")
                    && !answer.text.contains("diesel")
                    && !answer.text.contains("src/"),
                "{what}"
            );
            assert_eq!(answer.header("strict-transport-security"), None, "{what}: no TLS here");
        }
    });
}

#[test]
fn no_page_of_another_origin_reads_anything_unless_the_operator_says_so() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let ask = async |base: &str, origin: &str| {
            caller
                .request(Method::GET, "/v1/departments")
                .header("origin", origin)
                .to(base)
                .try_send()
                .await
                .unwrap()
        };
        let preflight = async |base: &str, origin: &str| {
            let request = Request::new(Method::OPTIONS, "/v1/departments")
                .header("origin", origin)
                .header("access-control-request-method", "PATCH");
            request
                .header("access-control-request-headers", "authorization,if-match")
                .to(base)
                .try_send()
                .await
                .unwrap()
        };
        let closed = service().base.clone();
        for origin in ["https://app.example", "null", "https://evil.example"] {
            assert_eq!(ask(&closed, origin).await.header("access-control-allow-origin"), None, "{origin}");
            assert_eq!(
                preflight(&closed, origin).await.header("access-control-allow-origin"),
                None,
                "{origin}"
            );
        }
        let open = Own::start(&["--cors-origins", "https://app.example,https://two.example", "--behind-tls"]);
        for origin in ["https://app.example", "https://two.example"] {
            let answer = ask(&open.base, origin).await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_ne!(
                answer.header("access-control-allow-credentials"),
                Some("true"),
                "tokens come in a header, not in cookies"
            );
            let vary = answer
                .headers
                .get_all("vary")
                .iter()
                .map(|value| value.to_str().unwrap().to_lowercase())
                .collect::<Vec<_>>()
                .join(",");
            assert!(vary.contains("origin"), "a cache must know: {vary}");
            let exposed = answer.header("access-control-expose-headers").unwrap().to_lowercase();
            assert!(exposed.contains("etag") && exposed.contains("location"), "{exposed}");
            assert!(answer.header("strict-transport-security").is_some(), "behind TLS it says so");
            let flight = preflight(&open.base, origin).await;
            assert!([200, 204].contains(&flight.status));
            assert_eq!(flight.header("access-control-allow-origin"), Some(origin));
            assert!(flight.header("access-control-allow-methods").unwrap().contains("PATCH"));
        }
        for origin in [
            "https://app.example.evil.example",
            "http://app.example",
            "https://app.example:8443",
            "null",
            "https://evil.example",
            "https://sub.app.example",
        ] {
            assert_eq!(ask(&open.base, origin).await.header("access-control-allow-origin"), None, "{origin}");
            assert_eq!(
                preflight(&open.base, origin).await.header("access-control-allow-origin"),
                None,
                "{origin}"
            );
        }
        // Refusals can be read by the page, too.
        let refused = Request::new(Method::GET, "/v1/departments")
            .header("origin", "https://app.example")
            .to(&open.base)
            .try_send()
            .await
            .unwrap();
        assert_eq!(
            (refused.status, refused.header("access-control-allow-origin")),
            (401, Some("https://app.example"))
        );
    });
}

#[test]
fn what_was_read_is_not_sent_again() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let id = caller.department("Treasury", None).await;
        let path = format!("/v1/departments/{id}");
        let etag = caller.get(&path).await.header("etag").unwrap().to_owned();
        let ask = |tag: &str| caller.request(Method::GET, &path).header("if-none-match", tag).send();
        for same in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".into()] {
            let answer = ask(&same).await;
            assert_eq!(
                (answer.status, answer.text.as_str(), answer.header("etag")),
                (304, "", Some(etag.as_str())),
                "{same}"
            );
        }
        ask("\"x\"").await.is(200);
        caller.patch(&path, json!({"name": "Treasury and tax"})).await.is(200);
        let changed = ask(&etag).await;
        assert_ne!(changed.header("etag"), Some(etag.as_str()));
        assert_eq!(changed.is(200)["name"], "Treasury and tax");
        let head = caller.request(Method::HEAD, &path).header("if-none-match", &etag).send().await;
        assert_eq!(head.status, 200);
    });
}
