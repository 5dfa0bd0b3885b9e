//! Files that are observed and kept, so that a change of them shows as a diff.
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A file of the workspace.
pub fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Holds what was observed against the committed file; `UPDATE=1 cargo test` rewrites it instead.
#[track_caller]
pub fn hold(path: &str, observed: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file(path), observed).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(file(path)).unwrap_or_default();
    if kept == observed {
        return;
    }
    let (before, now): (HashSet<&str>, HashSet<&str>) = (kept.lines().collect(), observed.lines().collect());
    let lost: Vec<&str> = kept.lines().filter(|line| !now.contains(line)).take(20).collect();
    let new: Vec<&str> = observed.lines().filter(|line| !before.contains(line)).take(20).collect();
    panic!(
        "{path} is not what was observed (UPDATE=1 cargo test rewrites it).\ngone: {lost:#?}\nnew: {new:#?}"
    );
}
