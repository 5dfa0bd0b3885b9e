//! The virus scanner: clamd, which is sent what was uploaded and says what it finds. Until it has answered, nobody gets the
//! content. While it is away the job is tried again.
use crate::Filing;
use clamav_client::tokio::{Socket, Tcp, scan_stream};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use futures_util::TryStreamExt;
use platform::job::{Running, Task};
use platform::prelude::*;
use platform::problem::UNAVAILABLE;
use serde_json::Value;
use std::time::Duration;

/// How long it may take for the largest file.
const PATIENCE: Duration = Duration::from_mins(5);

/// Where clamd listens.
#[derive(Clone, Debug)]
pub enum Scanner {
    /// `host:port`.
    Tcp(String),
    /// The path of its socket.
    Socket(String),
}

impl std::str::FromStr for Scanner {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            path if path.starts_with('/') => Ok(Self::Socket(path.to_owned())),
            address
                if address
                    .rsplit_once(':')
                    .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok()) =>
            {
                Ok(Self::Tcp(address.to_owned()))
            }
            _ => Err("must be host:port, or the path of a socket".into()),
        }
    }
}

/// Asks the scanner about a content.
#[derive(Debug, Serialize, Deserialize)]
pub struct Scan {
    pub content_id: Uuid,
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    files: i64,
}

impl Task for Scan {
    const KIND: &'static str = "files.scan";
    /// Four days, with an hour between the later ones.
    const ATTEMPTS: i32 = 100;

    async fn run(self, job: &Running) -> Result<Value> {
        let filing = job.tool::<Filing>();
        let Some(scanner) = &filing.scanner else {
            return Err(UNAVAILABLE.because("This process knows no scanner."));
        };
        let waiting = job
            .ask(async |db| {
                let waiting = diesel::sql_query(
                    "select count(*) as files from files f join file_contents c on c.org_id = f.org_id and c.id = f.content_id
                    where f.org_id = $1 and f.content_id = $2 and c.verdict is null",
                );
                let waiting = waiting.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(self.content_id);
                Ok(waiting.get_result::<Waiting>(db).await?.files)
            })
            .await?;
        if waiting == 0 {
            return Ok(json!({"verdict": null})); // gone meanwhile, or asked already
        }
        let bytes = filing.storage.read(job.organization(), self.content_id, None).await?;
        let verdict = if scanner.finds(bytes).await? { "infected" } else { "clean" };
        let (status, id) = (if verdict == "clean" { "available" } else { "infected" }, self.content_id);
        job.write(async |db| {
            let said = diesel::sql_query(
                "update file_contents set verdict = $3, scanned_at = now() where org_id = $1 and id = $2",
            );
            said.bind::<SqlUuid, _>(db.organization())
                .bind::<SqlUuid, _>(id)
                .bind::<Text, _>(verdict)
                .execute(db)
                .await?;
            // A file that comes meanwhile waits for the line above, and finds the verdict.
            let told = diesel::sql_query(
                "update files set status = $3 where org_id = $1 and content_id = $2 and status <> $3",
            );
            told.bind::<SqlUuid, _>(db.organization())
                .bind::<SqlUuid, _>(id)
                .bind::<Text, _>(status)
                .execute(db)
                .await?;
            Ok(())
        })
        .await?;
        if verdict == "infected" {
            log::warn!("the scanner found something in the file content {id}: it was removed");
            filing.storage.remove(job.organization(), id).await?;
        }
        Ok(json!({"verdict": verdict}))
    }
}

impl Scanner {
    /// Whether it finds something.
    async fn finds(
        &self,
        bytes: futures_util::stream::BoxStream<'static, std::io::Result<actix_web::web::Bytes>>,
    ) -> Result<bool> {
        let away = |cause: &dyn std::fmt::Display| {
            log::warn!("unavailable: the scanner: {cause}");
            UNAVAILABLE.because("The scanner does not answer.")
        };
        let bytes = bytes.map_err(std::io::Error::other);
        let scanning = async {
            match self {
                Self::Tcp(address) => scan_stream(bytes, Tcp { host_address: address }, None).await,
                Self::Socket(path) => scan_stream(bytes, Socket { socket_path: path }, None).await,
            }
        };
        let answer = tokio::time::timeout(PATIENCE, scanning)
            .await
            .map_err(|error| away(&error))?
            .map_err(|error| away(&error))?;
        let answer = String::from_utf8_lossy(&answer);
        match answer.trim_matches(['\0', '\n', ' ']) {
            clean if clean.ends_with("OK") => Ok(false),
            found if found.ends_with("FOUND") => Ok(true),
            other => Err(away(&other)),
        }
    }
}
