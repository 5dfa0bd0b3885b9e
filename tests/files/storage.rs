//! The store away, or full: what can not be kept is not acknowledged, what was acknowledged stays.
use crate::id;
use crate::support::{Caller, Organization, Service, run, service};
use reqwest::Method;
use serde_json::json;
use std::process::Command;

struct Beside {
    base: String,
    child: std::process::Child,
}

impl Beside {
    /// A service on the shared database with a store of its own.
    fn at(files: &str) -> Self {
        let (base, _, child) = Service::spawn(&service().url, &["--files", files, "--jobs-at-once", "0"]);
        Self { base, child }
    }

    async fn upload(&self, caller: &Caller, name: &str, bytes: Vec<u8>) -> crate::support::Answer {
        let request = caller.request(Method::POST, &format!("/v1/files?name={name}")).to(&self.base);
        request.body("application/octet-stream", bytes).send().await
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn where_files_can_not_be_kept_everything_else_goes_on() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let beside = Beside::at("/proc/no-such-place");
        let refused = beside.upload(&caller, "a.txt", b"a".to_vec()).await;
        assert!(refused.header("retry-after").is_some());
        let problem = refused.is_problem(503, "unavailable");
        assert!(!problem.to_string().contains("proc"), "{problem}");
        caller.request(Method::GET, "/v1/files").to(&beside.base).send().await.is(200);
        let department = json!({"name": "Desk", "code": "DESK"});
        caller
            .request(Method::POST, "/v1/departments")
            .to(&beside.base)
            .json(&department)
            .send()
            .await
            .is(201);
        assert_eq!(caller.get("/v1/files").await.is(200)["data"], json!([]));
    });
}

#[test]
fn a_full_disk_refuses_uploads_loses_nothing_and_recovers_by_itself() {
    // A disk of 8 MB, for which one has to be allowed to mount.
    let folder = std::env::temp_dir().join(format!("backoffice-test-disk-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(&folder).status();
    if !mounted.is_ok_and(|status| status.success()) {
        let _ = std::fs::remove_dir(&folder);
        eprintln!("no disk can be mounted here: this story is not told");
        return;
    }
    let unmounted = Unmounted(folder.clone());
    run(async {
        let caller = Organization::new().await.owner().await;
        let beside = Beside::at(folder.to_str().unwrap());
        let picture = |size: usize| {
            let mut bytes = crate::PNG.to_vec();
            bytes.resize(size, 0);
            bytes
        };
        let kept = beside.upload(&caller, "kept.png", picture(3 << 20)).await.is(201);
        let fills = folder.join("somebody-elses");
        std::fs::write(&fills, vec![0; 4 << 20]).unwrap();
        for size in [2 << 20, 3 << 20] {
            let refused = beside.upload(&caller, "more.png", picture(size)).await;
            assert!(refused.header("retry-after").is_some());
            refused.is_problem(503, "unavailable");
        }
        let listed = caller.get("/v1/files?count=true").await.is(200);
        assert_eq!(listed["total"], 1, "what was refused is not there");
        let content =
            caller.request(Method::GET, &format!("/v1/files/{}/content", id(&kept))).to(&beside.base);
        let content = content.try_send().await.unwrap();
        assert_eq!((content.status, content.header("content-length")), (200, Some("3145728")));
        std::fs::remove_file(&fills).unwrap();
        beside.upload(&caller, "more.png", picture(2 << 20)).await.is(201);
        drop(beside);
    });
    drop(unmounted);
}

struct Unmounted(std::path::PathBuf);

impl Drop for Unmounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}
