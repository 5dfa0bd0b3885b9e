//! Everything of an organization taken out, read into an empty installation, and the same there: row by row, at sign-in, over
//! the API, and to the auditor.
use crate::place::{Place, backoffice, checkpoints, connect, feed, refusal, said, seal_all};
use crate::support::{Caller, Organization, Request, run, service};
use crate::tampering::file;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery staple";

/// A company that was kept for a while, in an installation of its own.
pub struct Company {
    pub place: Place,
    pub id: Uuid,
    pub email: String,
    pub token: String,
}

impl Company {
    pub async fn new(name: &str) -> Self {
        let place = Place::start(name);
        let slug = name.replace('_', "-");
        let email = format!("olga@{slug}.example");
        let made = backoffice(
            &place.url,
            &[
                "create-organization",
                "--name",
                "Kept Company",
                "--slug",
                &slug,
                "--owner-name",
                "Olga Ștefănescu 🦊",
                "--owner-email",
                &email,
                "--owner-password",
                PASSWORD,
            ],
        );
        said(&made);
        let token = sign_in(&place.base, &email).await;
        let id = place
            .connect()
            .await
            .query_one("select organization_id from organization_slugs where slug = $1", &[&slug])
            .await
            .unwrap()
            .get(0);
        Self { place, id, email, token }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let request = Request::new(method.clone(), path)
            .to(&self.place.base)
            .header("authorization", &format!("Bearer {}", self.token));
        let request = if method == Method::PATCH { request.header("if-match", "*") } else { request };
        let answer = match body {
            Some(body) => request.json(&body).send().await,
            None => request.send().await,
        };
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text);
        answer.body
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None).await
    }

    /// Some of everything: people and their lines, a department with a head, changed and deleted rows, an API client, an
    /// invitation, a role of one's own, a session that is over, and seals.
    pub async fn live(&self) {
        let department = async |code: &str, parent: Option<&Value>| {
            self.post(
                "/v1/departments",
                json!({"name": format!("Dept \"{code}\" \\ \u{1F98A}"), "code": code, "parent_id": parent}),
            )
            .await
        };
        let (top, gone) = (department("TOP", None).await, department("GONE", None).await);
        let below = department("BELOW", Some(&top["id"])).await;
        let hire = async |number: &str, name: &str, manager: Option<&Value>| {
            let body = json!({"employee_number": number, "given_name": name, "family_name": "Łukasz-Ünal 漢字", "manager_id": manager,
                "department_id": below["id"], "hired_on": "2026-03-02", "work_email": format!("{number}@kept.example")});
            self.post("/v1/employees", body).await
        };
        let boss = hire("E1", "Ana", None).await;
        hire("E2", "=1+2", Some(&boss["id"])).await;
        let path = |collection: &str, of: &Value| format!("/v1/{collection}/{}", of["id"].as_str().unwrap());
        self.send(Method::PATCH, &path("departments", &top), Some(json!({"head_id": boss["id"]}))).await;
        self.send(Method::PATCH, &path("employees", &boss), Some(json!({"phone": "+40 21 555 0100"}))).await;
        let gone = Request::new(Method::DELETE, &path("departments", &gone))
            .to(&self.place.base)
            .header("if-match", "*");
        gone.header("authorization", &format!("Bearer {}", self.token)).send().await.is(204);
        self.post("/v1/api-clients", json!({"name": "Bureau", "scopes": ["departments:read"]})).await;
        let roles = self.get("/v1/roles?limit=200").await;
        let auditor =
            roles["data"].as_array().unwrap().iter().find(|role| role["name"] == "auditor").unwrap();
        self.post("/v1/invitations", json!({"email": "ion@kept.example", "role_ids": [auditor["id"]]})).await;
        for content in ["a note", "another note", "a note"] {
            self.upload(content.as_bytes().to_vec()).await;
        }
        self.upload(vec![b' '; 3 << 20]).await;
        let over = sign_in(&self.place.base, &self.email).await;
        let logout = Request::new(Method::POST, "/v1/auth/logout").to(&self.place.base);
        logout.header("authorization", &format!("Bearer {over}")).send().await.is(204);
        self.seal().await;
        department("LATER", None).await;
        self.seal().await;
    }

    async fn upload(&self, content: Vec<u8>) {
        let request = Request::new(Method::POST, "/v1/files?name=note.txt").to(&self.place.base);
        let request = request.header("authorization", &format!("Bearer {}", self.token));
        request.body("application/octet-stream", content).send().await.is(201);
    }

    /// The files that somebody sees, with what is in them.
    async fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for file in self.get("/v1/files?limit=200").await["data"].as_array().unwrap() {
            let id = file["id"].as_str().unwrap();
            let path = format!("{}/v1/files/{id}/content", self.place.base);
            let request =
                reqwest::Client::new().get(path).header("authorization", format!("Bearer {}", self.token));
            files.insert(id.to_owned(), request.send().await.unwrap().bytes().await.unwrap().to_vec());
        }
        files
    }

    pub async fn seal(&self) {
        seal_all(&self.place.database, &self.place.connect().await, self.id).await;
    }

    /// The archive, in a file.
    pub async fn export(&self, name: &str) -> PathBuf {
        let bytes = download(&self.place.base, &self.token).await;
        let path = file(name, "");
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

pub async fn sign_in(base: &str, email: &str) -> String {
    let body = json!({"email": email, "password": PASSWORD});
    let answer = Request::new(Method::POST, "/v1/auth/login").to(base).json(&body).send().await.is(200);
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn download(base: &str, token: &str) -> Vec<u8> {
    let answer = reqwest::Client::new()
        .get(format!("{base}/v1/organization/export"))
        .header("authorization", format!("Bearer {token}"))
        .send()
        .await
        .unwrap();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(answer.status(), 200);
    assert_eq!(header("content-type").as_deref(), Some("application/gzip"));
    assert!(header("content-disposition").unwrap().starts_with("attachment; filename=\""));
    answer.bytes().await.unwrap().to_vec()
}

/// Every entry of an archive by its name, as a stranger's tar reads it.
pub fn unpacked(archive: &Path) -> BTreeMap<String, Vec<u8>> {
    let file = std::fs::File::open(archive).unwrap();
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
    tar.entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (entry.path().unwrap().to_str().unwrap().to_owned(), content)
        })
        .collect()
}

/// The rows of each table, a line each.
fn tables(archive: &Path) -> BTreeMap<String, Vec<String>> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, content) in unpacked(archive) {
        if let Some((table, _)) = name.strip_prefix("tables/").and_then(|name| name.split_once('/')) {
            let lines = String::from_utf8(content).unwrap();
            tables.entry(table.to_owned()).or_default().extend(lines.lines().map(str::to_owned));
        }
    }
    tables
}

/// What a database holds of the organization, as an archive would tell it now.
async fn held(place: &Place, organization: Uuid) -> BTreeMap<String, Vec<String>> {
    let client = place.connect().await;
    client.batch_execute("begin; set local timezone = 'UTC'").await.unwrap();
    client.execute("select enter_as_system($1, true)", &[&organization]).await.unwrap();
    let mut held = BTreeMap::new();
    for row in client.query("select name from archived_tables()", &[]).await.unwrap() {
        let table: String = row.get(0);
        client.execute("select open_archive($1)", &[&table]).await.unwrap();
        let rows = client.query("fetch all from archive", &[]).await.unwrap();
        client.batch_execute("close archive").await.unwrap();
        if !rows.is_empty() {
            held.insert(table, rows.iter().map(|row| row.get(0)).collect());
        }
    }
    held
}

#[test]
#[expect(clippy::too_many_lines, reason = "a move is one story")]
fn an_organization_moves_and_is_the_same() {
    run(async {
        let company = Company::new("moved").await;
        company.live().await;
        let archive = company.export("moved.tar.gz").await;
        let before = tables(&archive);
        assert_eq!(
            before,
            held(&company.place, company.id).await,
            "the archive holds what the database does"
        );
        for table in [
            "departments",
            "department_lines",
            "employees",
            "events",
            "logins",
            "sessions",
            "api_client_secrets",
            "invitations",
            "checkpoints",
            "sealed_events",
            "sealed_nodes",
            "user_organizations",
            "organization_slugs",
            "role_permissions",
        ] {
            assert!(before.contains_key(table), "{table} has rows");
        }
        assert!(!before.contains_key("refresh_tokens") && !before.contains_key("idempotency_keys"));

        let elsewhere = Place::start("moved_to");
        let told = said(&backoffice(&elsewhere.url, &["import-organization", archive.to_str().unwrap()]));
        let rows: usize = before.values().map(Vec::len).sum();
        assert!(told.contains("moved (Kept Company)") && told.contains(&format!("{rows} rows")), "{told}");
        assert_eq!(before, held(&elsewhere, company.id).await, "row by row");

        // People sign in there with the passwords they have, and see the same.
        let token = sign_in(&elsewhere.base, &company.email).await;
        let there = Company { place: elsewhere, id: company.id, email: company.email.clone(), token };
        for path in [
            "/v1/departments?limit=200",
            "/v1/employees?limit=200",
            "/v1/roles?limit=200",
            "/v1/api-clients",
            "/v1/invitations",
            "/v1/organization",
            "/v1/memberships",
            "/v1/users",
            "/v1/audit/checkpoints?limit=200",
        ] {
            assert_eq!(there.get(path).await, company.get(path).await, "{path}");
        }
        let (ours, theirs) = (
            feed(async |path| company.get(&path).await).await,
            feed(async |path| there.get(&path).await).await,
        );
        assert_eq!(theirs[..ours.len()], ours[..], "the feed goes on behind what came along");
        let old = Request::new(Method::GET, "/v1/departments")
            .to(&there.place.base)
            .header("authorization", &format!("Bearer {}", company.token));
        old.send().await.is_problem(401, "unauthenticated");

        let files = there.files().await;
        assert_eq!((files.len(), files == company.files().await), (4, true), "file by file");
        assert!(files.values().any(|content| content.len() == 3 << 20));

        // Life goes on: new rows, versions, lines, events, numbers of events; the tree grows on, signed with another key.
        let employees = there.get("/v1/employees?limit=200").await;
        let boss = employees["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|each| each["given_name"] == "Ana")
            .unwrap()
            .clone();
        let hired = there.post("/v1/employees", json!({"employee_number": "E3", "given_name": "Neu", "family_name": "Neu", "manager_id": boss["id"], "hired_on": "2026-03-02"})).await;
        assert_eq!(hired["version"], 1);
        there.seal().await;
        let all = checkpoints(async |path| there.get(&path).await).await;
        let kept = checkpoints(async |path| company.get(&path).await).await;
        assert!(all.len() > kept.len() && all.ends_with(&kept), "the chain goes on");
        assert_ne!(all[0]["key"], kept[0]["key"]);
        let from = kept[0]["tree_size"].as_u64().unwrap();
        there.get(&format!("/v1/audit/consistency?from={from}")).await;
        let first = format!("/v1/events/{}/proof", ours[0]["id"].as_str().unwrap());
        assert_eq!(there.get(&first).await["leaf_index"], company.get(&first).await["leaf_index"]);

        // And on: out again, and the same with what came to it.
        let again = there.export("moved-again.tar.gz").await;
        let after = tables(&again);
        for (table, rows) in &before {
            let now: BTreeSet<&String> = after[table].iter().collect();
            let gone: Vec<&String> = rows.iter().filter(|row| !now.contains(row)).collect();
            assert!(gone.is_empty(), "{table}: {gone:#?}");
            let grows = [
                "events",
                "sessions",
                "sealed_events",
                "sealed_nodes",
                "checkpoints",
                "assignments",
                "employees",
                "reporting_lines",
            ];
            assert!(now.len() == rows.len() || grows.contains(&table.as_str()), "{table}");
        }
        let told = said(&backoffice("", &["verify-events", again.to_str().unwrap()]));
        assert!(told.contains("are as they were sealed"), "{told}");
        let kept: Vec<String> = kept.iter().map(|each| format!("{each}\n")).collect();
        let kept = file("kept-before-the-move.ndjson", &kept.concat());
        said(&backoffice("", &["verify-events", again.to_str().unwrap(), "--kept", kept.to_str().unwrap()]));
    });
}

#[test]
fn an_auditor_is_told_which_event_was_altered_taken_out_or_put_in() {
    run(async {
        let company = Company::new("told").await;
        company.live().await;
        let client = company.place.connect().await;
        let good = company.export("told.tar.gz").await;
        said(&backoffice("", &["verify-events", good.to_str().unwrap()]));
        let events = feed(async |path| company.get(&path).await).await;
        let victim = events[events.len() / 2]["id"].as_str().unwrap().to_owned();
        let id: Uuid = victim.parse().unwrap();
        let insert = "insert into events (org_id, sequence, transaction, at, actor, type, resource, resource_id, version, changes, id)
            overriding system value
            select org_id, sequence + 1000000, transaction, at, actor, type, resource, resource_id, version, changes, '6f1b2a6e-5c0e-4f39-9d51-0e6ad6a8d1c1'
            from events where id = $1";
        for (name, statement, expected) in [
            (
                "altered",
                "update events set resource_id = gen_random_uuid() where id = $1",
                format!("event {victim}, the"),
            ),
            ("deleted", "delete from events where id = $1", format!("event {victim}, the")),
            ("inserted", insert, "event 6f1b2a6e-5c0e-4f39-9d51-0e6ad6a8d1c1".into()),
        ] {
            client.batch_execute("create table kept_events as table events; insert into archive_exceptions values ('kept_events', 'of the test')").await.unwrap();
            client.execute(statement, &[&id]).await.unwrap();
            let archive = company.export(&format!("told-{name}.tar.gz")).await;
            client.batch_execute("delete from events; insert into events overriding system value table kept_events; drop table kept_events; delete from archive_exceptions where name = 'kept_events'").await.unwrap();
            let told = refusal(&backoffice("", &["verify-events", archive.to_str().unwrap()]));
            let what = ["was altered", "is missing", "was added"]
                [["altered", "deleted", "inserted"].iter().position(|each| *each == name).unwrap()];
            assert!(told.contains(&expected) && told.contains(what), "{name}: {told}");
        }
        // Hashes changed to fit: the roots do not follow from them any more.
        client
            .execute(
                "update sealed_nodes set hash = sha256(hash) where org_id = $1 and level = 0 and index = 3",
                &[&company.id],
            )
            .await
            .unwrap();
        let archive = company.export("told-hashes.tar.gz").await;
        let told = refusal(&backoffice("", &["verify-events", archive.to_str().unwrap()]));
        assert!(told.contains("its root does not follow from the leaves"), "{told}");
    });
}

#[test]
fn an_archive_holds_one_organization_and_is_given_to_its_owner_alone() {
    run(async {
        let (ours, theirs) = (Organization::new().await, Organization::new().await);
        let exporter = ours.caller(&["organizations:export", "departments:write", "departments:read"]).await;
        let other = theirs.caller(&["departments:write", "departments:read"]).await;
        exporter.department("Ours alone", None).await;
        other.department("Theirs alone", None).await;
        // Somebody of theirs is a member of ours too: how they sign in is not ours to take along.
        let client = connect(&service().url).await;
        client.execute("select set_config('app.org_id', $1::uuid::text, false), set_config('app.reach', 'org:', false)", &[&ours.id]).await.unwrap();
        client
            .execute("update logins set password_hash = 'secret-of-theirs' where id = $1", &[&other.user])
            .await
            .unwrap();
        client
            .execute("update logins set password_hash = 'secret-of-ours' where id = $1", &[&exporter.user])
            .await
            .unwrap();
        client
            .execute("insert into memberships (id, user_id) values (gen_random_uuid(), $1)", &[&other.user])
            .await
            .unwrap();

        let archive = file("ours.tar.gz", "");
        std::fs::write(&archive, download(&service().base, &exporter.token).await).unwrap();
        let everything: String =
            unpacked(&archive).into_values().map(|content| String::from_utf8(content).unwrap()).collect();
        assert!(everything.contains("Ours alone") && everything.contains("secret-of-ours"));
        assert!(!everything.contains("Theirs alone") && !everything.contains("secret-of-theirs"));
        let logins = &tables(&archive)["logins"];
        let member: Value =
            serde_json::from_str(logins.iter().find(|line| line.contains(&other.user.to_string())).unwrap())
                .unwrap();
        assert_eq!(
            (&member["password_hash"], &member["home_organization_id"]),
            (&json!("!"), &json!(theirs.id))
        );
        for (name, lines) in tables(&archive) {
            for line in lines {
                let row: Value = serde_json::from_str(&line).unwrap();
                let owner = row.get("org_id").or(row.get("organization_id"));
                assert!(owner.is_none_or(|owner| *owner == json!(ours.id)), "{name}: {line}");
            }
        }

        let manager = ours.caller(&["organizations:read", "organizations:write", "events:read"]).await;
        manager.get("/v1/organization/export").await.is_problem(403, "forbidden");
        let earlier = exporter.signed_in_ago(16 * 60).await;
        earlier.get("/v1/organization/export").await.is_problem(401, "fresh-login-required");
        let only_owners: Vec<&str> = identity::permissions::BUILT_IN_ROLES
            .iter()
            .filter(|role| role.grants().iter().any(|grant| grant.permission == "organizations:export"))
            .map(|role| role.name)
            .collect();
        assert_eq!(only_owners, ["owner"]);
    });
}

#[test]
fn what_happens_while_it_is_exported_is_in_it_whole_or_not_at_all() {
    run(async {
        let organization = Organization::new().await;
        let exporter =
            organization.caller(&["organizations:export", "departments:write", "departments:read"]).await;
        let writing = async |caller: &Caller| {
            for number in 0..60 {
                caller.department(&format!("D{number}"), None).await;
            }
        };
        let exporting = async {
            let mut archives = Vec::new();
            for number in 0..4 {
                let archive = file(&format!("snapshot-{number}.tar.gz"), "");
                std::fs::write(&archive, download(&service().base, &exporter.token).await).unwrap();
                archives.push(tables(&archive));
            }
            archives
        };
        let ((), archives) = futures_util::future::join(writing(&exporter), exporting).await;
        let mut seen = BTreeSet::new();
        for archive in archives {
            let departments = archive.get("departments").map_or(0, Vec::len);
            let told =
                archive["events"].iter().filter(|line| line.contains("\"department.created\"")).count();
            assert_eq!(departments, told, "rows and their events are of the same moment");
            seen.insert(departments);
        }
        assert!(seen.len() > 1, "nothing was written meanwhile: {seen:?}");
    });
}

#[test]
fn no_table_is_forgotten() {
    run(async {
        let client = service().database().await;
        let undecided = "select name from archived_tables() where rows is null or key is null";
        let undecided: Vec<String> =
            client.query(undecided, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert!(
            undecided.is_empty(),
            "{undecided:?}: give the table `org_id` or `organization_id` and a primary key, or say in archive_exceptions why it stays behind"
        );
        let gone = "select name from archive_exceptions where to_regclass(name) is null";
        assert!(
            client.query(gone, &[]).await.unwrap().is_empty(),
            "archive_exceptions speaks of a table that is not there"
        );
    });
}
