//! Archives of organizations on the command line: read in, or checked against their seals.
use crate::Done;
use crate::settings::VerifyEvents;
use diesel_async::AsyncPgConnection;
use serde_json::Value;
use std::fs::{File, read_to_string};
use std::io::BufReader;
use std::path::Path;

/// Reads an archive into the empty installation.
pub async fn import(connection: &mut AsyncPgConnection, storage: &files::Storage, file: &Path) -> Done {
    let imported = archive::import(connection, storage, file).await;
    let imported = imported.map_err(|why| format!("{}: {why}\nNothing was imported.", file.display()))?;
    println!(
        "Organization {} ({}) is there, as it was: {} rows and {} files. Its people sign in as before; refresh tokens stayed behind.",
        imported.slug, imported.name, imported.rows, imported.files
    );
    if imported.missing_files > 0 {
        println!("{} files had lost their content before they were exported.", imported.missing_files);
    }
    Ok(())
}

/// Checks offline that events are those that were sealed.
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
    let told = |why: String| format!("{}: {why}", what.file.display());
    let report = if archive::is_archive(&what.file).map_err(|error| told(error.to_string()))? {
        let verifying = archive::verify(&what.file, keys.as_ref(), &kept);
        tokio::runtime::Builder::new_current_thread().build()?.block_on(verifying)
    } else {
        audit::verify::lines(|| File::open(&what.file).map(BufReader::new), keys.as_ref(), &kept)
    };
    let report = report.map_err(told)?;
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
