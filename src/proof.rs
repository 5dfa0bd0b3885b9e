//! Checks offline that events are those that were sealed.
use crate::Done;
use crate::settings::VerifyEvents;
use serde_json::Value;
use std::fs::{File, read_to_string};
use std::io::BufReader;
use std::path::Path;

pub fn verify(what: &VerifyEvents) -> Done {
    let keys: Option<Value> = what.keys.as_deref().map(read_json).transpose()?;
    let kept = match &what.kept {
        None => Vec::new(),
        Some(path) => read(path)?
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("{}: a line is no checkpoint: {error}", path.display()))?,
    };
    let open = || File::open(&what.file).map(BufReader::new);
    open().map_err(|error| format!("{}: {error}", what.file.display()))?;
    let report = audit::verify::lines(open, keys.as_ref(), &kept)
        .map_err(|why| format!("{}: {why}", what.file.display()))?;
    let (number, at, kid) = report.checkpoint;
    println!("{} events of organization {} are as they were sealed.", report.sealed, report.organization);
    println!("The last checkpoint is {number}, of {at}, signed with the key {kid}.");
    if keys.is_none() {
        println!("Whose key that is was not checked: give the service's /.well-known/jwks.json as --keys.");
    }
    if report.unsealed > 0 {
        println!("{} later events are not sealed yet.", report.unsealed);
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_json(path: &Path) -> Result<Value, String> {
    serde_json::from_str(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))
}
