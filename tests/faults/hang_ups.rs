//! Clients that hang up: their query is cancelled in Postgres, and nobody inherits what they had begun.
use crate::installation::Installation;
use crate::load::employee;
use crate::support::{Caller, run};
use reqwest::Method;
use serde_json::json;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// Less than the two seconds after which a wait for a lock ends by itself.
const SOON: Duration = Duration::from_millis(1500);

#[test]
fn a_client_that_hangs_up_cancels_its_query() {
    run(async {
        let installation = Installation::new("hung_up", &[]).await;
        let caller = installation.caller().await;
        let hired = installation
            .request(&caller, Method::POST, "/v1/employees")
            .json(&employee("E-1"))
            .send()
            .await
            .is(201);
        let path = format!("/v1/employees/{}", hired["id"].as_str().unwrap());
        let body = json!({"given_name": "Eve"}).to_string();
        let list = request(&caller, "GET", "/v1/employees", "");
        let change = request(&caller, "PATCH", &path, &body);
        for (what, text) in [("a read", &list), ("a write", &change)] {
            let blocker = installation.database().await;
            blocker.batch_execute("begin; lock table employees in access exclusive mode").await.unwrap();
            let waiting = async |count: i64| installation.backends("wait_event_type = 'Lock'").await == count;
            let clients: Vec<TcpStream> = (0..6).map(|_| send(&installation, text)).collect();
            crate::until(SOON, "six clients wait for the lock", async || waiting(6).await).await;
            drop(clients);
            let took = crate::until(SOON, &format!("{what} is cancelled"), async || waiting(0).await).await;
            assert!(took < SOON, "{what} took {took:?}");
            // Somebody else's transaction is open for a moment now and then; one that was left stays open.
            let open = async || installation.backends("state like 'idle in transaction%'").await > 0;
            crate::until(SOON, &format!("nothing is left open after {what}"), async || !open().await).await;
            blocker.batch_execute("commit").await.unwrap();
        }
        let read = installation.request(&caller, Method::GET, &path).send().await.is(200);
        assert_eq!(
            (&read["given_name"], &read["version"]),
            (&"Ana".into(), &1.into()),
            "a change that nobody waited for was made"
        );
    });
}

#[test]
fn hanging_up_at_any_moment_leaves_whole_rows_and_clean_connections() {
    run(async {
        let installation = Installation::new("hung_up_any_time", &["--connections", "4"]).await;
        let caller = installation.caller().await;
        for number in 0..200_u64 {
            let body = employee(&format!("E-{number}")).to_string();
            let client = send(&installation, &request(&caller, "POST", "/v1/employees", &body));
            // From before the request is read to after it is answered.
            tokio::time::sleep(Duration::from_micros(number * 251)).await;
            drop(client);
        }
        installation.is_through().await;
        let database = installation.database().await;
        let count = async |query: &str| -> i64 {
            database.query_one(query, &[&caller.organization]).await.unwrap().get(0)
        };
        let people = count("select count(*) from employees where org_id = $1").await;
        assert!(people > 0, "nobody was hired");
        assert!(people < 200, "nobody hung up in time");
        assert_eq!(
            count("select count(*) from events where org_id = $1 and resource = 'employees'").await,
            people,
            "events"
        );
        assert_eq!(count("select count(*) from reporting_lines where org_id = $1").await, people, "lines");
        let (open, idle) = installation.connections().await;
        assert!(open == idle && open <= 4, "{open} connections are open, {idle} of them idle");
        // Each connection that is left works, and knows nothing of who had it before.
        for _ in 0..20 {
            let stranger = installation.caller().await;
            let list = installation.request(&stranger, Method::GET, "/v1/employees").send().await.is(200);
            assert_eq!(list["data"], json!([]));
        }
    });
}

fn request(caller: &Caller, method: &str, path: &str, body: &str) -> String {
    let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\nIf-Match: *\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        caller.token,
        body.len()
    )
}

fn send(installation: &Installation, request: &str) -> TcpStream {
    let mut client = TcpStream::connect(installation.base().trim_start_matches("http://")).unwrap();
    client.write_all(request.as_bytes()).unwrap();
    client
}
