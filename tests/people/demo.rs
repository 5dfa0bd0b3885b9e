//! The demo: the same everywhere, loaded once, with a login for each role.
use crate::given_names;
use crate::support::{Answer, Request, Service, run, service};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;

/// Runs the program on the database, and answers what it printed.
fn backoffice(url: &str, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backoffice"));
    command
        .args(arguments)
        .env("DATABASE_URL", url)
        .env_remove("BACKOFFICE_DEMO_PASSWORD")
        .env("BACKOFFICE_LOG", "warn");
    let output = command.output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    if output.status.success() { Ok(out) } else { Err(err) }
}

/// The URL of a new database with the demo in it, and what loading it printed.
fn loaded(name: &str, arguments: &[&str]) -> (String, String) {
    let cluster = service().cluster();
    cluster.create_database(name).unwrap();
    let url = cluster.url(name);
    backoffice(&url, &["migrate"]).unwrap();
    let started = std::time::Instant::now();
    let printed = backoffice(&url, &[&["demo"], arguments].concat()).unwrap();
    println!("the demo was loaded in {:?}", started.elapsed());
    (url, printed)
}

/// What identifies everything that was loaded, times of loading aside.
async fn fingerprint(url: &str) -> BTreeMap<&'static str, String> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let mut all = BTreeMap::new();
    for table in ["departments", "positions", "employees"] {
        let query = format!(
            "select count(*) || ' ' || md5(string_agg((to_jsonb(t) - '{{org_id,created_at,updated_at}}'::text[])::text, ',' order by id)) from {table} t"
        );
        all.insert(table, client.query_one(&query, &[]).await.unwrap().get(0));
    }
    let lines = "select count(*) || ' lines' from reporting_lines";
    all.insert("lines", client.query_one(lines, &[]).await.unwrap().get(0));
    let others = "select (select count(*) from memberships) || ' logins, ' || (select count(*) from events) || ' events'";
    all.insert("others", client.query_one(others, &[]).await.unwrap().get(0));
    all
}

async fn sign_in(base: &str, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    Request::new(Method::POST, "/v1/auth/login").json(&body).to(base).send().await
}

async fn get(base: &str, token: &str, path: &str) -> Answer {
    Request::new(Method::GET, path).header("authorization", &format!("Bearer {token}")).to(base).send().await
}

#[test]
fn the_demo_is_the_same_everywhere_and_loaded_once() {
    run(async {
        let (one, printed) = loaded("demo_one", &[]);
        let (two, _) = loaded("demo_two", &["--demo-password", "tea-at-the-window"]);
        let first = fingerprint(&one).await;
        assert_eq!(first, fingerprint(&two).await);
        assert!(first["departments"].starts_with("16 "), "14, and 2 of the second organization: {first:?}");
        assert!(first["employees"].starts_with("262 "), "250 and 12: {first:?}");
        assert!(
            first["others"].starts_with("21 logins"),
            "one for each of 20 roles, and the other owner: {first:?}"
        );
        assert!(printed.contains("250 people") && printed.contains("12 people"), "{printed}");

        let again = backoffice(&one, &["demo"]).unwrap();
        assert_eq!(fingerprint(&one).await, first, "nothing is inserted, changed or told of");
        assert!(again.contains("BACKOFFICE_DEMO_PASSWORD") && !again.contains("password\""), "{again}");
        let refused = backoffice(&one, &["demo", "--demo-password", "short"]).unwrap_err();
        assert!(
            refused.contains("BACKOFFICE_DEMO_PASSWORD") && refused.contains("8 characters"),
            "{refused}"
        );
    });
}

#[test]
fn every_role_signs_in_with_one_password_and_sees_what_is_its_own() {
    run(async {
        let (url, printed) = loaded("demo_roles", &[]);
        // What was printed is the body of a sign-in, to paste.
        let line = printed.lines().find_map(|line| line.strip_prefix("Sign in ")).unwrap();
        let pasted: Value = serde_json::from_str(line.trim()).unwrap();
        let password = pasted["password"].as_str().unwrap();
        let (base, _, mut child) = Service::spawn(&url, &[]);

        let all = [
            "owner",
            "back-office-manager",
            "executive",
            "department-head",
            "team-leader",
            "employee",
            "front-office",
            "auditor",
            "hr-manager",
            "hr-officer",
            "payroll-officer",
            "accountant",
            "accounting-manager",
            "it-manager",
            "it-support",
            "operations-manager",
            "buyer",
            "warehouse-clerk",
            "compliance-officer",
            "data-entry-clerk",
        ];
        let mut tokens = BTreeMap::new();
        for role in all {
            let answer = sign_in(&base, &format!("{role}@demo.example"), password).await.is(200);
            tokens.insert(role, answer["access_token"].as_str().unwrap().to_owned());
            assert!(printed.contains(role), "{role} is not printed");
        }
        // Engineering has 1 head, 3 team leaders and 18 engineers, who are shared out among the leaders.
        let engineering = [
            ("owner", 250),
            ("executive", 250),
            ("department-head", 22),
            ("team-leader", 7),
            ("employee", 1),
        ];
        for (role, people) in engineering {
            let page = get(&base, &tokens[role], "/v1/employees?count=true&limit=1").await.is(200);
            assert_eq!(page["total"], people, "{role}");
        }
        let other = sign_in(&base, "owner@other.example", password).await.is(200);
        let other = other["access_token"].as_str().unwrap();
        let theirs = get(&base, other, "/v1/employees?count=true").await.is(200);
        assert_eq!((theirs["total"].as_i64(), given_names(&theirs).len()), (Some(12), 12));
        let theirs = theirs["data"][0]["id"].as_str().unwrap();
        get(&base, &tokens["owner"], &format!("/v1/employees/{theirs}")).await.is_problem(404, "not-found");
        let engineering = get(&base, &tokens["employee"], "/v1/departments?code=ENG").await.is(200);
        assert_eq!(engineering["data"][0]["name"], "Engineering");

        // A password that is given is the password from then on, and whoever had signed in does it again.
        backoffice(&url, &["demo", "--demo-password", "tea-at-the-window"]).unwrap();
        sign_in(&base, "hr-manager@demo.example", password).await.is_problem(401, "invalid-credentials");
        get(&base, &tokens["owner"], "/v1/departments").await.is_problem(401, "unauthenticated");
        for email in ["hr-manager@demo.example", "owner@other.example"] {
            let token = sign_in(&base, email, "tea-at-the-window").await.is(200);
            let token = token["access_token"].as_str().unwrap();
            get(&base, token, "/v1/departments").await.is(200);
            // The same one given again changes nothing, and ends nobody's session.
            backoffice(&url, &["demo", "--demo-password", "tea-at-the-window"]).unwrap();
            get(&base, token, "/v1/departments").await.is(200);
        }
        child.kill().unwrap();
    });
}

#[test]
fn the_demo_is_a_plausible_company() {
    run(async {
        let (url, _) = loaded("demo_company", &[]);
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let count = async |what: &str| -> i64 {
            let query =
                format!("with company as (select id from organizations where slug = 'demo') select {what}");
            client.query_one(&query, &[]).await.unwrap().get(0)
        };
        let of = |condition: &str| {
            format!("count(*) from employees e where org_id = (table company) and {condition}")
        };
        assert_eq!(count(&of("manager_id is null")).await, 1, "one stands at the top");
        assert_eq!(
            count("max(depth)::bigint from reporting_lines where org_id = (table company)").await,
            5,
            "five levels of managers"
        );
        let heads = "count(*) from departments d join employees e on e.org_id = d.org_id and e.id = d.head_id and e.department_id = d.id where d.org_id = (table company)";
        assert_eq!(count(heads).await, 14, "every department is headed by one of its own");
        assert_eq!(
            count("count(*) from departments where org_id = (table company) and parent_id is null").await,
            1
        );
        let by_state: Vec<i64> = [
            count(&of("status = 'active'")).await,
            count(&of("status = 'on_leave'")).await,
            count(&of("status = 'terminated'")).await,
            count(&of("status = 'pending'")).await,
        ]
        .into();
        assert_eq!(by_state.iter().sum::<i64>(), 250);
        assert!(by_state[0] >= 225 && by_state[1..].iter().all(|few| (2..=12).contains(few)), "{by_state:?}");
        let idle_leaders = of(
            "status <> 'active' and exists (select from employees r where r.org_id = e.org_id and r.manager_id = e.id)",
        );
        assert_eq!(count(&idle_leaders).await, 0, "who leads others is at work");
        let crowded = "count(*) from positions p where org_id = (table company) and approved_headcount <
            (select count(*) from employees e where e.org_id = p.org_id and e.position_id = p.id and e.status <> 'terminated')";
        assert_eq!(count(crowded).await, 0, "no post has more people than approved");
        let displaced = "count(*) from employees e join positions p on p.org_id = e.org_id and p.id = e.position_id where p.department_id <> e.department_id";
        assert_eq!(count(displaced).await, 0, "everybody works where their post is");
    });
}
