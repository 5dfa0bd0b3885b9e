//! Migrations go up, down and up again, and the program's picture of the tables is the database's.
use crate::golden::file;
use crate::support::{run, service};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tokio_postgres::{Client, NoTls};

/// The folders of all migrations, in order.
fn migrations() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(file("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() >= 3);
    folders
}

/// A database of the test's own.
async fn fresh(name: &str) -> (String, Client) {
    service().cluster().create_database(name).unwrap();
    let url = service().cluster().url(name);
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    (url, client)
}

async fn apply(client: &Client, folder: &std::path::Path, script: &str) {
    let sql = fs::read_to_string(folder.join(script)).unwrap();
    let done = client.batch_execute(&format!("begin; {sql}\n; commit")).await;
    done.unwrap_or_else(|error| panic!("{}/{script}: {:?}", folder.display(), error.as_db_error()));
}

/// The schema as `pg_dump` writes it.
fn dump(url: &str) -> String {
    let program = service().cluster().bin_dir().join("pg_dump");
    let output = Command::new(program).args(["--schema-only", "--no-comments", url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Newer versions guard the script with a random word.
    text.lines()
        .filter(|line| !line.starts_with("--") && !line.starts_with('\\') && !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn each_goes_up_down_and_up_again_and_leaves_what_was_before() {
    run(async {
        let (url, client) = fresh("up_down_up").await;
        let mut before = vec![dump(&url)];
        for folder in migrations() {
            apply(&client, &folder, "up.sql").await;
            before.push(dump(&url));
        }
        let whole = before.last().unwrap().clone();
        assert!(whole.contains("CREATE TABLE public.employees"));
        for (step, folder) in migrations().iter().enumerate().rev() {
            apply(&client, folder, "down.sql").await;
            let (now, was) = (dump(&url), &before[step]);
            let (has, had): (BTreeSet<&str>, BTreeSet<&str>) = (now.lines().collect(), was.lines().collect());
            let left: Vec<&&str> = has.difference(&had).take(20).collect();
            let lost: Vec<&&str> = had.difference(&has).take(20).collect();
            assert!(now == *was, "{} down leaves {left:#?} and takes {lost:#?}", folder.display());
            apply(&client, folder, "up.sql").await;
            assert!(dump(&url) == before[step + 1], "{} up again is not what it was", folder.display());
            apply(&client, folder, "down.sql").await;
        }
        for folder in migrations() {
            apply(&client, &folder, "up.sql").await;
        }
        assert!(dump(&url) == whole, "all up again is not what it was");
    });
}

#[test]
fn rows_that_are_there_do_not_keep_a_migration_from_going_down() {
    run(async {
        let (_, client) = fresh("down_with_rows").await;
        for folder in migrations() {
            apply(&client, &folder, "up.sql").await;
        }
        let organization = "select set_config('app.org_id', '01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f', false);
            insert into organizations (org_id, id, slug, name) select current_org(), current_org(), 'demo', 'Demo';
            insert into departments (id, name, code) values (gen_random_uuid(), 'Finance', 'FIN');
            insert into employees (id, employee_number, given_name, family_name, hired_on, department_id)
                select gen_random_uuid(), 'E-1', 'Ana', 'Pop', '2026-03-02', id from departments";
        client.batch_execute(organization).await.unwrap();
        for folder in migrations().iter().rev() {
            apply(&client, folder, "down.sql").await;
        }
        let left = "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'S')";
        assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    });
}

#[test]
fn migrating_twice_at_once_and_again_is_done_once() {
    run(async {
        let (url, client) = fresh("migrated_twice").await;
        let migrate = || {
            Command::new(env!("CARGO_BIN_EXE_backoffice"))
                .arg("migrate")
                .env("DATABASE_URL", &url)
                .output()
                .unwrap()
        };
        let first = migrate();
        assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
        let whole = dump(&url);
        let keys = client.query_one("select count(*) from signing_keys", &[]).await.unwrap().get::<_, i64>(0);
        assert_eq!(keys, 1, "the first migration makes a key");
        let both = std::thread::scope(|scope| {
            let (one, two) = (scope.spawn(migrate), scope.spawn(migrate));
            [one.join().unwrap(), two.join().unwrap()]
        });
        for output in both {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert!(dump(&url) == whole);
        assert_eq!(
            client.query_one("select count(*) from signing_keys", &[]).await.unwrap().get::<_, i64>(0),
            keys
        );
    });
}

/// What Diesel calls the types of Postgres.
fn diesel_type(postgres: &str) -> String {
    if let Some(element) = postgres.strip_suffix("[]") {
        return format!("Array<Nullable<{}>>", diesel_type(element));
    }
    let known = match postgres {
        "uuid" => "Uuid",
        "text" => "Text",
        "bigint" => "Int8",
        "integer" => "Int4",
        "smallint" => "Int2",
        "boolean" => "Bool",
        "bytea" => "Bytea",
        "cidr" => "Cidr",
        "date" => "Date",
        "inet" => "Inet",
        "jsonb" => "Jsonb",
        "timestamp with time zone" => "Timestamptz",
        other if other.starts_with("numeric") => "Numeric",
        other => panic!("{other} is none of the types that data.md names"),
    };
    known.to_owned()
}

#[test]
fn the_schema_in_rust_is_the_schema_in_the_database() {
    run(async {
        let mut told: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut table = String::new();
        for line in fs::read_to_string(file("src/schema/lib.rs")).unwrap().lines().map(str::trim) {
            if let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
                told.entry(table.clone())
                    .or_default()
                    .insert(column.trim_end_matches('_').to_owned(), kind.to_owned()); // `type_` is a word of Rust's
            } else if line.ends_with('{') && line.contains('(') {
                table = line.split(' ').next().unwrap().to_owned();
            }
        }
        let database = service().database().await;
        let columns = database
            .query(
                "select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull
                from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')",
                &[],
            )
            .await
            .unwrap();
        let mut real: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for row in columns {
            let [table, column, kind]: [String; 3] = std::array::from_fn(|index| row.get(index));
            if !told.contains_key(&table) {
                continue;
            }
            let kind = diesel_type(&kind);
            let kind = if row.get::<_, bool>(3) { kind } else { format!("Nullable<{kind}>") };
            real.entry(table).or_default().insert(column, kind);
        }
        let missing: BTreeSet<_> = told.keys().filter(|table| !real.contains_key(*table)).collect();
        assert!(missing.is_empty(), "src/schema/lib.rs tells of tables that are not there: {missing:?}");
        for (table, columns) in &told {
            assert_eq!(columns, &real[table], "{table}");
        }
        // And every resource is in it.
        let managed =
            database.query("select name from managed_tables where kind = 'resource'", &[]).await.unwrap();
        for table in managed.iter().map(|row| row.get::<_, String>(0)) {
            assert!(told.contains_key(&table), "src/schema/lib.rs does not know {table}");
        }
    });
}
