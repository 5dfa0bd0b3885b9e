//! A backup taken under load and restored elsewhere.
use crate::installation::{Installation, OwnCluster, folder};
use crate::load::{Load, employee};
use crate::support::{Request, run};
use reqwest::Method;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio_postgres::Client;

/// Trees as they are kept, and what they are kept from.
const TREES: [(&str, &str, &str); 2] =
    [("departments", "parent_id", "department_lines"), ("employees", "manager_id", "reporting_lines")];

#[test]
fn a_backup_taken_under_load_is_whole() {
    run(async {
        let cluster = OwnCluster::start("backed_up");
        let installation = Installation::new_in(&cluster, "backed_up", &[]).await;
        let caller = installation.caller().await;
        // An old house: its transactions have higher numbers than those of the one that the backup is restored to.
        let years =
            "do $$ begin for each in 1..20000 loop perform pg_current_xact_id(); commit; end loop; end $$";
        installation.database().await.batch_execute(years).await.unwrap();
        let mut above = None;
        for number in 0..5 {
            let mut chief = employee(&format!("C-{number}"));
            chief["manager_id"] = above.into();
            let hired = installation
                .request(&caller, Method::POST, "/v1/employees")
                .json(&chief)
                .send()
                .await
                .is(201);
            above = hired["id"].as_str().map(str::to_owned);
        }
        let load = Load::start(&installation, &caller, "W", 6);
        crate::until(Duration::from_secs(10), "there is something to back up", async || {
            load.acknowledged().len() > 100
        })
        .await;
        let before = load.acknowledged();
        let file = folder("backup.dump");
        let dumping = {
            let mut dump = Command::new(cluster.bin_dir().join("pg_dump"));
            dump.args(["--format=custom", "--file"]).arg(&file).arg(&installation.url);
            tokio::task::spawn_blocking(move || dump.output().unwrap())
        };
        let dumped = dumping.await.unwrap();
        assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
        let meanwhile = load.acknowledged().len() - before.len();
        let (after, tally) = load.stop().await;
        assert_eq!(tally.faults, Vec::<String>::new());
        assert!(meanwhile > 0, "nobody wrote while the backup was taken");
        drop(installation);
        drop(cluster);

        // Elsewhere: a younger cluster, whose transactions have lower numbers.
        let elsewhere = OwnCluster::start("restored");
        elsewhere.create_database("restored").unwrap();
        restore(&elsewhere, &file);
        let restored = Installation::new_in(&elsewhere, "restored", &[]).await;
        let database = restored.database().await;
        let query =
            "select employee_number, id::text from employees where org_id = $1 and employee_number like 'W%'";
        let rows = database.query(query, &[&caller.organization]).await.unwrap();
        let there: BTreeSet<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let lost: Vec<_> = before.clone().into_iter().filter(|each| !there.contains(each)).collect();
        assert!(
            lost.is_empty(),
            "{} of {} writes acknowledged before the backup began are not in it",
            lost.len(),
            before.len()
        );
        let told: BTreeSet<(String, String)> = after.into_iter().collect();
        assert!(there.is_subset(&told), "nobody was told of {:?}", there.difference(&told));
        assert_whole(&database).await;

        // It works on: what was done is not done again, what is new is done, and both are told in the feed.
        let token = format!("Bearer {}", caller.token);
        let (key, id) = before.first_key_value().unwrap();
        let again =
            Request::new(Method::POST, "/v1/employees").to(&restored.base()).header("authorization", &token);
        let again = again.header("idempotency-key", key).json(&employee(key)).send().await;
        assert_eq!(
            (again.header("idempotency-replayed"), &again.body["id"]),
            (Some("true"), &id.as_str().into())
        );
        let load = Load::start(&restored, &caller, "N", 2);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (new, tally) = load.stop().await;
        assert_eq!(tally.faults, Vec::<String>::new());
        let mut everybody: BTreeSet<String> = there.into_iter().chain(new).map(|(_, id)| id).collect();
        let chiefs = database
            .query("select id::text from employees where employee_number like 'C-%'", &[])
            .await
            .unwrap();
        everybody.extend(chiefs.iter().map(|row| row.get::<_, String>(0)));
        let fed = feed(&restored, &token).await;
        assert_eq!(fed.iter().cloned().collect::<BTreeSet<_>>(), everybody, "each hiring is in the feed");
        assert_eq!(fed.len(), everybody.len(), "each hiring is in the feed once");
        let _ = std::fs::remove_file(file);
    });
}

fn restore(cluster: &cluster::Cluster, file: &Path) {
    // Roles belong to a cluster and are in no database's backup.
    let role = Command::new(cluster.bin_dir().join("psql"))
        .args(["--quiet", "--command", "create role backoffice_service nologin"])
        .arg(cluster.url("restored"))
        .status();
    assert!(role.unwrap().success());
    let restoring = Command::new(cluster.bin_dir().join("pg_restore"))
        .args(["--exit-on-error", "--no-owner", "--dbname"])
        .arg(cluster.url("restored"))
        .arg(file)
        .output()
        .unwrap();
    assert!(restoring.status.success(), "{}", String::from_utf8_lossy(&restoring.stderr));
}

/// One snapshot: no half document anywhere.
async fn assert_whole(database: &Client) {
    let none = async |what: &str, query: &str| {
        let count: i64 =
            database.query_one(&format!("select count(*) from ({query}) broken"), &[]).await.unwrap().get(0);
        assert_eq!(count, 0, "{what}: {query}");
    };
    none("rows without their event", "select id from employees e where not exists (select from events where org_id = e.org_id and resource_id = e.id)").await;
    none("events without their row", "select id from events v where resource = 'employees' and not exists (select from employees where org_id = v.org_id and id = v.resource_id)").await;
    none("versions that the events do not tell", "select e.id from employees e join events v on v.org_id = e.org_id and v.resource_id = e.id group by e.org_id, e.id having count(*) <> max(e.version)").await;
    none("keys without their effect", "select key from idempotency_keys k where not exists (select from employees where org_id = k.org_id and id::text = k.body::jsonb ->> 'id')").await;
    for (table, parent, lines) in TREES {
        let truth = format!(
            "with recursive walk as (
                select org_id, id as below_id, id as above_id, {parent} as next_id, 0 as depth from {table}
                union all
                select w.org_id, w.below_id, t.id, t.{parent}, w.depth + 1
                from walk w join {table} t on t.org_id = w.org_id and t.id = w.next_id where w.depth < 300
            ) select org_id, above_id, below_id, depth from walk"
        );
        let kept = format!("select org_id, above_id, below_id, depth from {lines}");
        none("lines that are not true", &format!("({kept}) except ({truth})")).await;
        none("lines that are missing", &format!("({truth}) except ({kept})")).await;
    }
    let deepest: i32 =
        database.query_one("select max(depth) from reporting_lines", &[]).await.unwrap().get(0);
    assert_eq!(deepest, 4, "five chiefs in one line");
}

/// Whom the feed says to be hired, read to its end.
async fn feed(installation: &Installation, token: &str) -> Vec<String> {
    let (mut hired, mut after) = (Vec::new(), String::new());
    for _ in 0..1000 {
        let path = format!("/v1/events?type=employee.created&limit=200{after}");
        let page = Request::new(Method::GET, &path)
            .to(&installation.base())
            .header("authorization", token)
            .send()
            .await
            .is(200);
        let events = page["data"].as_array().unwrap();
        hired.extend(events.iter().map(|event| event["resource_id"].as_str().unwrap().to_owned()));
        if events.len() < 200 {
            return hired;
        }
        after = format!("&after={}", page["next_cursor"].as_str().unwrap());
    }
    panic!("the feed does not end");
}
