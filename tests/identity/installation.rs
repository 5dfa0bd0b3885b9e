//! A real installation: its first owner by the command line, roles after an upgrade, and what is forgotten in time.
use crate::company::{PASSWORD, Pair, Place, bearing, login, login_with, unique};
use crate::support::{Answer, run, service};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::{Command, Output};
use uuid::Uuid;

/// Runs the program on the database, as an administrator does.
pub fn backoffice(url: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_backoffice"))
        .args(arguments)
        .env("DATABASE_URL", url)
        .env("BACKOFFICE_LOG", "warn")
        .output()
        .unwrap()
}

fn create_organization(url: &str, slug: &str, email: &str, password: &str) -> Output {
    let arguments = [
        "create-organization",
        "--name",
        "Real Company",
        &format!("--slug={slug}"),
        "--owner-email",
        email,
        "--owner-name",
        "Olga Owner",
    ];
    Command::new(env!("CARGO_BIN_EXE_backoffice"))
        .args(arguments)
        .env("DATABASE_URL", url)
        .env("BACKOFFICE_OWNER_PASSWORD", password)
        .env("BACKOFFICE_LOG", "warn")
        .output()
        .unwrap()
}

#[track_caller]
fn refused(output: &Output, why: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains(why), "{told}");
    assert!(!told.contains(PASSWORD), "{told}");
}

async fn count(place: &Place, query: &str) -> i64 {
    place.connect().await.query_one(query, &[]).await.unwrap().get(0)
}

#[test]
fn a_fresh_installation_has_nobody_until_its_first_owner_is_made() {
    run(async {
        let place = Place::start("fresh", &[]);
        for table in ["organizations", "logins", "memberships", "sessions", "api_clients"] {
            assert_eq!(count(&place, &format!("select count(*) from {table}")).await, 0, "{table}");
        }
        for (email, password) in [
            ("admin@example.com", "admin"),
            ("owner@demo.example", "demo"),
            ("root@localhost.example", "password"),
        ] {
            login(email, password).to(&place.base).send().await.is_problem(401, "invalid-credentials");
        }

        let made = create_organization(&place.url, "real-company", "olga@real.example", PASSWORD);
        let told = String::from_utf8_lossy(&made.stdout).into_owned();
        assert!(
            made.status.success() && told.contains("real-company") && told.contains("olga@real.example"),
            "{made:?}"
        );
        assert!(!told.contains(PASSWORD), "{told}");
        let pair = Pair::of(login("olga@real.example", PASSWORD).to(&place.base).send().await);
        let get = async |path: &str| -> Answer {
            bearing(Method::GET, path, &pair.access).to(&place.base).send().await
        };
        let me = get("/v1/me").await.is(200);
        assert_eq!(
            (&me["name"], &me["organization"]["name"], &me["roles"][0]["name"]),
            (&json!("Olga Owner"), &json!("Real Company"), &json!("owner"))
        );
        assert_eq!(get("/v1/roles?count=true").await.is(200)["total"], 20);
        assert_eq!(get("/v1/employees?count=true").await.is(200)["total"], 0);
    });
}

#[test]
fn an_organization_that_can_not_be_is_told_at_the_terminal() {
    run(async {
        let url = {
            service().cluster().create_database("told").unwrap();
            service().cluster().url("told")
        };
        let email = || format!("{}@real.example", unique());
        assert!(create_organization(&url, "taken", "olga@real.example", PASSWORD).status.success());
        refused(&create_organization(&url, "taken", &email(), PASSWORD), "`taken` is there already");
        refused(&create_organization(&url, "Not A Slug", &email(), PASSWORD), "small letters");
        refused(&create_organization(&url, "-x", &email(), PASSWORD), "small letters");
        refused(&create_organization(&url, "short", &email(), "1234567"), "at least 8 characters");
        refused(&create_organization(&url, "common", &email(), "password"), "tried first");
        // Nobody can sign in with what is no address.
        refused(&create_organization(&url, "nobody", "not an address", PASSWORD), "no e-mail address");

        // Whoever has a login already keeps their password, and owns both.
        assert!(
            create_organization(&url, "second", "OLGA@real.example", "four other words together")
                .status
                .success()
        );
        let (base, _, _) = crate::support::Service::spawn(&url, &[]);
        let sign_in = |password: &str, organization: &str| {
            login_with(
                &json!({"email": "olga@real.example", "password": password, "organization": organization}),
            )
            .to(&base)
            .send()
        };
        sign_in(PASSWORD, "taken").await.is(200);
        sign_in(PASSWORD, "second").await.is(200);
        sign_in("four other words together", "second").await.is_problem(401, "invalid-credentials");
        for missing in ["short", "common", "nobody"] {
            sign_in(PASSWORD, missing).await.is_problem(401, "invalid-credentials");
        }
    });
}

#[test]
fn an_upgrade_brings_built_in_roles_up_to_date_and_leaves_all_others_alone() {
    run(async {
        let url = {
            service().cluster().create_database("upgraded").unwrap();
            service().cluster().url("upgraded")
        };
        assert!(create_organization(&url, "upgraded", "olga@real.example", PASSWORD).status.success());
        let database = {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        };
        let roles = async || -> Vec<(String, String, i64, Value)> {
            let query = "select r.name, r.kind, r.version, jsonb_build_array(r.title, r.permissions,
                    (select coalesce(jsonb_agg(jsonb_build_array(p.resource, p.verb, p.reach) order by p.resource, p.verb), '[]')
                        from role_permissions p where p.org_id = r.org_id and p.role_id = r.id))
                from roles r order by r.name";
            let rows = database.query(query, &[]).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
        };
        let before = roles().await;
        assert_eq!(before.len(), 20);
        assert!(backoffice(&url, &["migrate"]).status.success());
        assert_eq!(roles().await, before, "nothing to do, nothing done");

        // As an older program had them: less in one, another title, one not there yet; and two of the organization's own,
        // one of them by the name that a later program gives to a built-in one.
        let org: Uuid = database.query_one("select id from organizations", &[]).await.unwrap().get(0);
        let older = format!(
            "select set_config('app.org_id', '{org}', false);
             update roles set permissions = permissions - 0 where name = 'auditor';
             update roles set title = 'Purchaser' where name = 'buyer';
             delete from roles where name in ('executive', 'warehouse_clerk');
             insert into roles (id, name, title, permissions) values
                (gen_random_uuid(), 'shift_leader', 'Shift leader', '[{{\"permission\": \"employees:read\", \"reach\": \"team\"}}]'),
                (gen_random_uuid(), 'executive', 'Our own', '[]')"
        );
        database.batch_execute(&older).await.unwrap();
        let own: Vec<_> = roles().await.into_iter().filter(|role| role.1 == "custom").collect();
        assert_eq!(own.len(), 2);
        let auditor = roles().await.into_iter().find(|role| role.0 == "auditor").unwrap();
        let held = identity::permissions::BUILT_IN_ROLES
            .iter()
            .find(|role| role.name == "auditor")
            .unwrap()
            .grants()
            .len();
        assert_eq!(auditor.3[2].as_array().unwrap().len(), held - 1);

        assert!(backoffice(&url, &["migrate"]).status.success());
        let after = roles().await;
        for (name, kind, version, what) in &before {
            let Some(now) = after.iter().find(|role| role.0 == *name && role.1 == *kind) else {
                assert_eq!(name, "executive", "its name was taken first");
                continue;
            };
            assert_eq!(now.3, *what, "{name}");
            // Twice changed where it was older, made anew where it was not there, and otherwise untouched.
            let expected = if ["auditor", "buyer"].contains(&name.as_str()) { 3 } else { *version };
            assert_eq!(now.2, expected, "{name}");
        }
        assert_eq!(
            after.iter().filter(|role| role.1 == "custom").cloned().collect::<Vec<_>>(),
            own,
            "version and all"
        );
        let told = "select actor from events where resource = 'roles' and type = 'role.updated' order by sequence desc limit 1";
        assert_eq!(database.query_one(told, &[]).await.unwrap().get::<_, String>(0), "system");
    });
}

#[test]
fn what_nobody_can_use_any_more_is_forgotten() {
    run(async {
        let place = Place::start("forgotten", &[]);
        let mut organizations = Vec::new();
        for slug in ["first", "second"] {
            let email = format!("{slug}@real.example");
            assert!(create_organization(&place.url, slug, &email, PASSWORD).status.success());
            let sign_in = async || Pair::of(login(&email, PASSWORD).to(&place.base).send().await);
            let (lasting, ended, expired) = (sign_in().await, sign_in().await, sign_in().await);
            // Two keys: one of 24 hours and 59 minutes, one a minute older than 25 hours.
            for key in ["younger", "older"] {
                let body = json!({"name": key, "code": key.to_uppercase()});
                let request = bearing(Method::POST, "/v1/departments", &lasting.access)
                    .to(&place.base)
                    .header("idempotency-key", key);
                request.json(&body).send().await.is(201);
            }
            bearing(Method::POST, "/v1/auth/logout", &ended.access).to(&place.base).send().await.is(204);
            let session: Uuid =
                crate::company::claims(&expired.access)["sid"].as_str().unwrap().parse().unwrap();
            place.sql("update sessions set expires_at = now() where id = $1", &[&session]).await;
            organizations.push(lasting);
        }
        place.sql("update idempotency_keys set created_at = now() - interval '24 hours 59 minutes' where key = 'younger'", &[]).await;
        place.sql("update idempotency_keys set created_at = now() - interval '25 hours 1 minute' where key = 'older'", &[]).await;
        assert_eq!(count(&place, "select count(*) from refresh_tokens").await, 6);

        identity::housekeeping::forget(&place.database).await.unwrap();
        assert_eq!(count(&place, "select count(*) from idempotency_keys where key = 'younger'").await, 2);
        assert_eq!(count(&place, "select count(*) from idempotency_keys").await, 2, "in both organizations");
        assert_eq!(count(&place, "select count(*) from refresh_tokens").await, 2);
        for lasting in organizations {
            let body = json!({"name": "younger", "code": "YOUNGER"});
            let again = bearing(Method::POST, "/v1/departments", &lasting.access)
                .to(&place.base)
                .header("idempotency-key", "younger");
            let again = again.json(&body).send().await;
            assert_eq!(again.header("idempotency-replayed"), Some("true"));
            crate::company::refresh(&lasting.refresh).to(&place.base).send().await.is(200);
        }
        identity::housekeeping::forget(&place.database).await.unwrap();
        assert_eq!(
            count(&place, "select count(*) from refresh_tokens").await,
            4,
            "a used token is kept while its session lasts"
        );
    });
}
