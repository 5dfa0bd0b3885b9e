//! What the store and the database disagree about is found, and what nobody needs is swept up.
use crate::support::{Caller, Organization, files_folder, run, service};
use crate::uploads::objects;
use crate::{id, note};
use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// The object of the organization whose content this is.
fn object(organization: Uuid, content: &str) -> PathBuf {
    let found =
        objects(organization).into_iter().find(|path| std::fs::read(path).unwrap() == content.as_bytes());
    found.unwrap()
}

/// Makes it as old.
fn age(path: &PathBuf, hours: u64) {
    let then = SystemTime::from(chrono::Utc::now()) - Duration::from_hours(hours);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

async fn disagreements(caller: &Caller, query: &str) -> Vec<(String, Value)> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = caller.get(&format!("/v1/files/integrity?{query}{cursor}")).await.is(200);
        all.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|each| (each["kind"].as_str().unwrap().to_owned(), each.clone())),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Lets the worker of the shared service do what is due once a slot, now.
async fn do_now(schedule: &str) {
    // One story at a time: else one puts back what another waits for.
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _turn = TURN.lock().await;
    let database = service().database().await;
    let again = "update schedules set done_slot = done_slot - interval '2 days' where name = $1";
    for _ in 0..100 {
        if database.execute(again, &[&schedule]).await.unwrap() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for _ in 0..900 {
        let due = "select done_slot > now() - interval '25 hours' and worker is null from schedules where name = $1";
        if database.query_one(due, &[&schedule]).await.unwrap().get::<_, Option<bool>>(0) == Some(true) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{schedule} was not done");
}

#[test]
fn missing_stray_and_changed_objects_are_told() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for text in ["kept", "lost", "cut short", "turned"] {
            note(&caller, text).await;
        }
        assert!(disagreements(&caller, "checksum=true").await.is_empty(), "all is well");
        let org = caller.organization;
        std::fs::remove_file(object(org, "lost")).unwrap();
        std::fs::write(object(org, "cut short"), "cut").unwrap();
        std::fs::write(object(org, "turned"), "tUrned").unwrap();
        let stray = object(org, "kept").with_file_name(Uuid::now_v7().to_string());
        std::fs::write(&stray, "nobody's").unwrap();
        // One as young may belong to an upload that is on its way.
        let told = disagreements(&caller, "").await;
        let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["missing", "wrong_size"]);
        age(&stray, 25);
        let told = disagreements(&caller, "checksum=true").await;
        let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["missing", "wrong_size", "wrong_checksum", "stray"]);
        assert_eq!(told[0].1["file_ids"].as_array().unwrap().len(), 1);
        assert_eq!(
            (told[1].1["size_in_database"].as_u64(), told[1].1["size_in_store"].as_u64()),
            (Some(9), Some(3))
        );
        // Another organization is told nothing of it, and who may not look is not told either.
        let other = Organization::new().await;
        assert!(disagreements(&other.owner().await, "").await.is_empty());
        let writer = Organization { id: org }.caller(&["files:read", "files:write"]).await;
        writer.get("/v1/files/integrity").await.is_problem(403, "forbidden");
        // The content that is lost is told as such, and is no 500.
        let lost = told[0].1["file_ids"][0].as_str().unwrap();
        caller.get(&format!("/v1/files/{lost}/content")).await.is_problem(503, "unavailable");
    });
}

#[test]
fn a_page_ends_where_there_is_more_and_goes_on_there() {
    run(async {
        let caller = Organization::new().await.owner().await;
        note(&caller, "one").await;
        // 2,500 contents that the database knows and the store does not.
        let database = service().database().await;
        let made = "insert into file_contents (org_id, id, sha256, size)
            select $1, ('01938c6e-7d3a-7c4e-9f0a-' || lpad(to_hex(n), 12, '0'))::uuid, encode(sha256(n::text::bytea), 'hex'), 1
            from generate_series(1, 2500) n";
        database.execute(made, &[&caller.organization]).await.unwrap();
        let first = caller.get("/v1/files/integrity").await.is(200);
        assert_eq!(first["examined"], 1000);
        assert_eq!(first["data"].as_array().unwrap().len(), 1000);
        assert!(first["next_cursor"].is_string());
        let all = disagreements(&caller, "").await;
        assert_eq!(all.len(), 2500);
        assert!(all.iter().all(|(kind, _)| kind == "missing"));
    });
}

#[test]
fn the_last_files_content_is_swept_up_and_strays_are_once_they_are_old() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let (one, two) = (note(&caller, "shared").await, note(&caller, "shared").await);
        let single = note(&caller, "single").await;
        assert_eq!(objects(caller.organization).len(), 2);
        caller.delete(&format!("/v1/files/{one}")).await.is(204);
        caller.delete(&format!("/v1/files/{single}")).await.is(204);
        do_now("files.sweep-up").await;
        let left = objects(caller.organization);
        assert_eq!(left.len(), 1);
        assert_eq!(std::fs::read(&left[0]).unwrap(), b"shared");
        assert_eq!(caller.get(&format!("/v1/files/{two}/content")).await.text, "shared");
        // What comes again is written anew.
        note(&caller, "single").await;
        assert_eq!(objects(caller.organization).len(), 2);

        let folder = left[0].parent().unwrap().to_path_buf();
        let [young, old] = [(); 2].map(|()| folder.join(Uuid::now_v7().to_string()));
        let fragment = folder.join(format!("{}#1", Uuid::now_v7()));
        for path in [&young, &old, &fragment] {
            std::fs::write(path, "left by a crash").unwrap();
        }
        age(&old, 25);
        age(&fragment, 25);
        age(&left[0], 25);
        do_now("files.find-strays").await;
        assert!(young.exists() && !old.exists() && !fragment.exists());
        assert!(left[0].exists(), "what has a row stays, however old");
        assert!(files_folder().exists());
    });
}

#[test]
fn uploads_and_sweeps_at_once_lose_nothing_that_was_acknowledged() {
    run(async {
        let caller = Organization::new().await.owner().await;
        // One content that goes and comes again and again, while sweeps run as fast as they can.
        let sweeps = tokio::spawn(async {
            for _ in 0..4 {
                do_now("files.sweep-up").await;
            }
        });
        let mut rounds = 0;
        while !sweeps.is_finished() || rounds < 20 {
            let file = id(&caller.upload("name=a.txt", "again").await.is(201));
            assert_eq!(caller.get(&format!("/v1/files/{file}/content")).await.text, "again");
            caller.delete(&format!("/v1/files/{file}")).await.is(204);
            rounds += 1;
        }
        sweeps.await.unwrap();
        let file = note(&caller, "again").await;
        do_now("files.sweep-up").await;
        assert_eq!(caller.get(&format!("/v1/files/{file}/content")).await.text, "again");
        assert!(disagreements(&caller, "checksum=true").await.is_empty());
    });
}
