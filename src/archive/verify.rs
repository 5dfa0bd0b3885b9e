//! The events of an archive held against their seals, offline.
use crate::layout::{Head, Manifest};
use crate::read::{Refusal, Taker, read};
use audit::Checkpoint;
use audit::verify::{Report, SealedEvent, Seals, Trial};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::Read;
use std::path::Path;
use uuid::Uuid;

/// Whether the file looks like an archive: packed with gzip.
///
/// # Errors
/// It can not be read.
pub fn is_archive(path: &Path) -> std::io::Result<bool> {
    let mut begin = Vec::new();
    std::fs::File::open(path)?.take(2).read_to_end(&mut begin)?;
    Ok(begin == [0x1f, 0x8b])
}

/// Checks that the archive is whole, and that its events are those that were sealed.
///
/// # Errors
/// A sentence on what does not hold: it names the first event that was altered, taken out or put in.
pub async fn verify(path: &Path, keys: Option<&Value>, kept: &[Checkpoint]) -> Refusal<Report> {
    // Twice: the seals come behind the events.
    let mut sealing = Sealing::default();
    read(path, &mut sealing).await?;
    let mut judging = Judging { organization: sealing.organization, trial: sealing.seals.check(keys, kept)? };
    read(path, &mut judging).await?;
    let report = judging.trial.end()?;
    if Some(report.organization) != judging.organization {
        return Err("the checkpoints are of another organization".into());
    }
    Ok(report)
}

fn each<T: DeserializeOwned>(
    table: &str,
    lines: &str,
    mut work: impl FnMut(T) -> Refusal<()>,
) -> Refusal<()> {
    lines.lines().try_for_each(|line| {
        work(
            serde_json::from_str(line)
                .map_err(|error| format!("a row of {table} can not be read: {error}"))?,
        )
    })
}

/// Collects the seals.
#[derive(Default)]
struct Sealing {
    organization: Option<Uuid>,
    seals: Seals,
}

impl Taker for Sealing {
    async fn head(&mut self, head: &Head) -> Refusal<()> {
        self.organization = Some(head.organization.id);
        Ok(())
    }

    async fn rows(&mut self, table: &str, lines: &str) -> Refusal<()> {
        #[derive(Deserialize)]
        struct Leaf {
            leaf_index: u64,
            event_id: Uuid,
        }
        #[derive(Deserialize)]
        struct Node {
            level: u8,
            index: u64,
            hash: String,
        }
        let seals = &mut self.seals;
        match table {
            "checkpoints" => each(table, lines, |row: Value| {
                seals.checkpoint(Checkpoint::of_row(&row).ok_or("a row of checkpoints can not be read")?);
                Ok(())
            }),
            "sealed_events" => each(table, lines, |leaf: Leaf| seals.leaf_id(leaf.leaf_index, leaf.event_id)),
            "sealed_nodes" => each(table, lines, |node: Node| match node.level {
                0 => seals.leaf_hash(node.index, &node.hash),
                _ => Ok(()),
            }),
            _ => Ok(()),
        }
    }

    async fn file(&mut self, _: Uuid, _: u64, _: &mut dyn Read) -> Refusal<()> {
        Ok(())
    }

    async fn manifest(&mut self, _: &Manifest) -> Refusal<()> {
        Ok(())
    }
}

/// Holds the events against the seals.
struct Judging {
    organization: Option<Uuid>,
    trial: Trial,
}

impl Taker for Judging {
    async fn head(&mut self, _: &Head) -> Refusal<()> {
        Ok(())
    }

    async fn rows(&mut self, table: &str, lines: &str) -> Refusal<()> {
        match table {
            "events" => each(table, lines, |event: SealedEvent| self.trial.event(&event)),
            _ => Ok(()),
        }
    }

    async fn file(&mut self, _: Uuid, _: u64, _: &mut dyn Read) -> Refusal<()> {
        Ok(())
    }

    async fn manifest(&mut self, _: &Manifest) -> Refusal<()> {
        Ok(())
    }
}
