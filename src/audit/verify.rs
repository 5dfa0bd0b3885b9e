//! What an auditor checks offline: that events are those that were sealed, that the roots follow from them, that every
//! checkpoint is signed and names the one before. It needs no service and no database.
use crate::checkpoints::{Checkpoint, Statement, unhex};
use crate::tree::{Edge, Hash};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;
use std::io::{BufRead, Read};
use uuid::Uuid;

pub use crate::leaf::SealedEvent;

/// A line longer than this is no event.
const LONGEST_LINE: u64 = 16 << 20;

/// A sentence on what does not hold.
type Verdict<T> = Result<T, String>;

/// What is known of the seals: checkpoints, and the hashes of leaves where they are given too.
#[derive(Default)]
pub struct Seals {
    checkpoints: Vec<Checkpoint>,
    leaves: Vec<Hash>,
    ids: Vec<Uuid>,
}

/// What was found to hold.
#[derive(Debug)]
pub struct Report {
    /// The organization whose events they are.
    pub organization: Uuid,
    /// Events that are as they were sealed.
    pub sealed: u64,
    /// Events that came after the last checkpoint.
    pub unsealed: u64,
    /// The number of the last checkpoint, when it was made, and the key that signed it.
    pub checkpoint: (i64, DateTime<Utc>, String),
}

impl Seals {
    /// Takes a checkpoint; they may come in any order.
    pub fn checkpoint(&mut self, checkpoint: Checkpoint) {
        self.checkpoints.push(checkpoint);
    }

    /// Takes the id of the event at a leaf.
    ///
    /// # Errors
    /// It is not the next leaf.
    pub fn leaf_id(&mut self, index: u64, id: Uuid) -> Verdict<()> {
        next(index, self.ids.len())?;
        self.ids.push(id);
        Ok(())
    }

    /// Takes the hash of a leaf.
    ///
    /// # Errors
    /// It is not the next leaf, or no hash.
    pub fn leaf_hash(&mut self, index: u64, hash: &str) -> Verdict<()> {
        next(index, self.leaves.len())?;
        let hash = unhex(hash).and_then(|bytes| bytes.try_into().ok());
        self.leaves.push(hash.ok_or_else(|| format!("the hash of leaf {index} is none"))?);
        Ok(())
    }

    /// Checks the seals themselves, and answers what events can be held against.
    ///
    /// `keys` are those that the auditor trusts (a JSON Web Key Set), of which one must have signed the last checkpoint;
    /// `kept` are checkpoints that the auditor kept, each of which must be among those given.
    ///
    /// # Errors
    /// A sentence on the first checkpoint that does not hold.
    pub fn check(mut self, keys: Option<&Value>, kept: &[Checkpoint]) -> Verdict<Trial> {
        self.checkpoints.sort_by_key(|each| each.number);
        let mut before: Option<(&Checkpoint, Statement)> = None;
        for (checkpoint, number) in self.checkpoints.iter().zip(1..) {
            let name = format!("checkpoint {}", checkpoint.number);
            if checkpoint.number != number {
                return Err(format!("checkpoint {number} is missing or there twice"));
            }
            let said = checkpoint.verify().map_err(|why| format!("{name}: {why}"))?;
            let (hash, size, organization) =
                before.as_ref().map_or((None, 0, said.organization_id), |(last, said)| {
                    (Some(&last.hash), last.tree_size, said.organization_id)
                });
            if checkpoint.previous_hash.as_ref() != hash {
                return Err(format!("{name} does not name the one before"));
            }
            if said.organization_id != organization || checkpoint.tree_size <= size {
                return Err(format!("{name} does not follow from the one before"));
            }
            before = Some((checkpoint, said));
        }
        let (last, said) =
            before.ok_or("there is no checkpoint, so there is nothing to hold events against")?;
        if let Some(keys) = keys {
            let trusted = |field: &str, value: &str, key: &Value| key[field] == value;
            let is_trusted = keys["keys"].as_array().into_iter().flatten().any(|key| {
                trusted("kid", &last.key.kid, key)
                    && trusted("x", &last.key.x, key)
                    && trusted("y", &last.key.y, key)
            });
            if !is_trusted {
                return Err(format!(
                    "checkpoint {} was signed by the key {}, which is none of those to be trusted",
                    last.number, last.key.kid
                ));
            }
        }
        for own in kept {
            if self.checkpoints.iter().all(|each| each.number != own.number || each.hash != own.hash) {
                return Err(format!(
                    "checkpoint {} is not the one that was kept: what came before it was written anew",
                    own.number
                ));
            }
        }
        let organization = said.organization_id;
        let report = (last.number, last.sealed_at, last.key.kid.clone());
        let trial = Trial {
            organization,
            report,
            seals: Seals { checkpoints: std::mem::take(&mut self.checkpoints), ..self },
            edge: Edge::default(),
            checked: 0,
            unsealed: 0,
            sealed: None,
            begun: None,
        };
        trial.check_leaves()?;
        Ok(trial)
    }
}

fn next(index: u64, have: usize) -> Verdict<()> {
    if usize::try_from(index) == Ok(have) {
        Ok(())
    } else {
        Err(format!("leaf {have} is missing or there twice"))
    }
}

/// Seals that hold, to which events are held in the order of the feed.
pub struct Trial {
    organization: Uuid,
    report: (i64, DateTime<Utc>, String),
    seals: Seals,
    edge: Edge,
    /// Checkpoints whose root was found.
    checked: usize,
    unsealed: u64,
    /// All ids of leaves, once they are asked for.
    sealed: Option<HashSet<Uuid>>,
    /// The first event since the last checkpoint whose root was found.
    begun: Option<Uuid>,
}

impl Trial {
    fn size(&self) -> u64 {
        self.seals.checkpoints.last().map_or(0, |last| last.tree_size.cast_unsigned())
    }

    /// The hashes of leaves are worth something only if the signed roots follow from them.
    fn check_leaves(&self) -> Verdict<()> {
        if self.seals.leaves.is_empty() && self.seals.ids.is_empty() {
            return Ok(());
        }
        if self.seals.leaves.len() as u64 != self.size() || self.seals.ids.len() != self.seals.leaves.len() {
            return Err(format!(
                "there are {} leaves, and the last checkpoint is over {}",
                self.seals.leaves.len(),
                self.size()
            ));
        }
        let (mut edge, mut checkpoints) = (Edge::default(), self.seals.checkpoints.iter());
        let mut due = checkpoints.next();
        for leaf in &self.seals.leaves {
            edge.append(*leaf, |_, _| {});
            if let Some(checkpoint) = due.filter(|each| each.tree_size.cast_unsigned() == edge.size()) {
                if checkpoint.root != crate::checkpoints::hex(&edge.root()) {
                    return Err(format!(
                        "checkpoint {}: its root does not follow from the leaves",
                        checkpoint.number
                    ));
                }
                due = checkpoints.next();
            }
        }
        Ok(())
    }

    /// Holds the next event against the seals.
    ///
    /// # Errors
    /// A sentence on the first event that was altered, taken out or put in.
    pub fn event(&mut self, event: &SealedEvent) -> Verdict<()> {
        let index = self.edge.size();
        if index >= self.size() {
            // Later than the last checkpoint, unless it was sealed before: then it comes a second time.
            let sealed = self.sealed.get_or_insert_with(|| self.seals.ids.iter().copied().collect());
            if sealed.contains(&event.id) {
                return Err(format!("event {} is there twice", event.id));
            }
            self.unsealed += 1;
            return Ok(());
        }
        let hash =
            event.hash().map_err(|problem| format!("event {} can not be read: {problem}", event.id))?;
        let place = usize::try_from(index).map_err(|error| error.to_string())?;
        if let (Some(leaf), Some(id)) = (self.seals.leaves.get(place), self.seals.ids.get(place)) {
            if *id != event.id {
                return Err(if self.seals.ids.iter().skip(place).any(|later| *later == event.id) {
                    format!("event {id}, the {}, is missing", ordinal(index))
                } else {
                    format!("event {} at {} was added: it was never sealed", event.id, event.at)
                });
            }
            if *leaf != hash {
                return Err(format!(
                    "event {id}, the {}, was altered: {} of {} {}",
                    ordinal(index),
                    event.r#type,
                    event.resource,
                    event.resource_id
                ));
            }
        }
        self.edge.append(hash, |_, _| {});
        let begun = *self.begun.get_or_insert(event.id);
        if let Some(checkpoint) = self.seals.checkpoints.get(self.checked)
            && checkpoint.tree_size.cast_unsigned() == self.edge.size()
        {
            if checkpoint.root != crate::checkpoints::hex(&self.edge.root()) {
                return Err(format!(
                    "between event {begun} and event {}, which checkpoint {} sealed, one was altered, taken out or put in",
                    event.id, checkpoint.number
                ));
            }
            self.checked += 1;
            self.begun = None;
        }
        Ok(())
    }

    /// There are no more events.
    ///
    /// # Errors
    /// Some that were sealed are missing.
    pub fn end(self) -> Verdict<Report> {
        let (have, size) = (self.edge.size(), self.size());
        if have < size {
            let id = usize::try_from(have).ok().and_then(|place| self.seals.ids.get(place));
            let which = id.map_or_else(|| "an event".to_owned(), |id| format!("event {id}"));
            return Err(format!(
                "{which}, the {}, is missing: {size} were sealed, and {have} are there",
                ordinal(have)
            ));
        }
        Ok(Report {
            organization: self.organization,
            sealed: size,
            unsealed: self.unsealed,
            checkpoint: self.report,
        })
    }
}

/// Counted from 1, as people do.
fn ordinal(index: u64) -> String {
    format!("{}. in the order of the feed", index + 1)
}

/// Checks lines of JSON: events as `GET /v1/events` answers them, in its order; checkpoints as `GET /v1/audit/checkpoints` answers
/// them, in any. `open` is called twice, since events are held against all checkpoints.
///
/// # Errors
/// A sentence on what does not hold, or can not be read.
pub fn lines<R: BufRead>(
    open: impl Fn() -> std::io::Result<R>,
    keys: Option<&Value>,
    kept: &[Checkpoint],
) -> Verdict<Report> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Line {
        Checkpoint(Box<Checkpoint>),
        Event(Box<SealedEvent>),
    }
    let each = |work: &mut dyn FnMut(Line) -> Verdict<()>| -> Verdict<()> {
        let mut reader = open().map_err(|error| error.to_string())?;
        let (mut line, mut number) = (String::new(), 0);
        loop {
            line.clear();
            number += 1;
            let read = (&mut reader)
                .take(LONGEST_LINE)
                .read_line(&mut line)
                .map_err(|error| format!("line {number}: {error}"))?;
            if read == 0 {
                return Ok(());
            }
            if !line.trim().is_empty() {
                let line = serde_json::from_str(&line)
                    .map_err(|_| format!("line {number} is neither an event nor a checkpoint"))?;
                work(line)?;
            }
        }
    };
    let mut seals = Seals::default();
    each(&mut |line| {
        if let Line::Checkpoint(checkpoint) = line {
            seals.checkpoint(*checkpoint);
        }
        Ok(())
    })?;
    let mut trial = seals.check(keys, kept)?;
    each(&mut |line| match line {
        Line::Event(event) => trial.event(&event),
        Line::Checkpoint(_) => Ok(()),
    })?;
    trial.end()
}
