//! What nobody needs any more goes: contents whose last file was deleted, and objects that a crash left without a row.
use crate::Filing;
use crate::storage::Storage;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use platform::database::Database;
use platform::job::{Running, Task};
use platform::prelude::*;
use serde_json::Value;
use std::collections::HashSet;
use std::time::Duration;

/// An object as young may belong to an upload that is still on its way.
pub const GRACE: Duration = Duration::from_hours(24);

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Removes contents that no file has any more.
#[derive(Serialize, Deserialize)]
pub struct SweepUp;

impl Task for SweepUp {
    const KIND: &'static str = "files.sweep-up";

    async fn run(self, job: &Running) -> Result<Value> {
        let filing = job.tool::<Filing>();
        let mut removed = 0;
        for organization in job.database().organizations().await? {
            removed += sweep_up(job.database(), &filing.storage, organization).await?;
        }
        Ok(json!({"removed": removed}))
    }
}

async fn sweep_up(database: &Database, storage: &Storage, organization: Uuid) -> Result<usize> {
    // The row first, by whose lock an upload of the same content comes before or after; then its object, whose name is
    // never given again. Of a row that goes while the object stays, the object is a stray.
    let gone = database
        .as_system(organization, async |db| {
            let sweeping = diesel::sql_query(
                "delete from file_contents c where c.org_id = $1
                    and not exists (select from files f where f.org_id = c.org_id and f.content_id = c.id) returning c.id",
            );
            Ok(sweeping.bind::<SqlUuid, _>(organization).load::<Found>(db).await?)
        })
        .await?;
    for Found { id } in &gone {
        storage.remove(organization, *id).await?;
    }
    Ok(gone.len())
}

/// Removes objects that have no row, once they are too old to get one, and those of infected contents.
#[derive(Serialize, Deserialize)]
pub struct FindStrays;

impl Task for FindStrays {
    const KIND: &'static str = "files.find-strays";

    async fn run(self, job: &Running) -> Result<Value> {
        let filing = job.tool::<Filing>();
        let mut removed = filing.storage.sweep_fragments(GRACE).await;
        for organization in filing.storage.organizations().await? {
            removed += find_strays(job.database(), &filing.storage, organization).await?;
        }
        Ok(json!({"removed": removed}))
    }
}

async fn find_strays(database: &Database, storage: &Storage, organization: Uuid) -> Result<usize> {
    let mut removed = 0;
    for day in storage.days(organization).await? {
        let mut old = storage.objects(organization, day).await?;
        old.retain(|object| {
            Utc::now() - object.written_at > chrono::TimeDelta::from_std(GRACE).unwrap_or_default()
        });
        for some in old.chunks(1000) {
            let ids: Vec<Uuid> = some.iter().map(|object| object.id).collect();
            let known = database
                .ask(organization, async |db| {
                    let known = diesel::sql_query(
                        "select id from file_contents where org_id = $1 and id = any($2) and verdict is distinct from 'infected'",
                    );
                    let known = known.bind::<SqlUuid, _>(organization).bind::<Array<SqlUuid>, _>(&ids);
                    Ok(known.load::<Found>(db).await?)
                })
                .await?;
            let known: HashSet<Uuid> = known.into_iter().map(|found| found.id).collect();
            for id in ids.into_iter().filter(|id| !known.contains(id)) {
                storage.remove(organization, id).await?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}
