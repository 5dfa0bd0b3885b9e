//! What is forgotten when its time is over.
use diesel_async::RunQueryDsl;
use platform::database::Database;
use platform::job::{Running, Task};
use platform::prelude::*;
use serde_json::Value;

/// What each organization forgets, once an hour.
const FORGOTTEN: &[&str] = &[
    // Kept for 24 hours at least, as the contract promises.
    "delete from idempotency_keys where org_id = current_org() and created_at < now() - interval '25 hours'",
    // Nothing can be renewed with the tokens of a session that is over, and nothing ended.
    "delete from refresh_tokens t using sessions s
        where t.org_id = current_org() and s.org_id = t.org_id and s.id = t.session_id
            and (s.status = 'ended' or s.expires_at < now())",
    "delete from directory_tokens t using sessions s
        where t.org_id = current_org() and s.org_id = t.org_id and s.id = t.id
            and (s.status = 'ended' or s.expires_at < now())",
    // What they did stays in the events. A client takes a session with every token.
    "delete from sessions where org_id = current_org()
        and expires_at < now() - case when user_id is null then interval '1 day' else interval '90 days' end",
    // What failed stays until somebody retries it, or a quarter has passed.
    "delete from jobs where org_id = current_org() and finished_at < now() - interval '90 days'",
    // Rows of files whose upload broke off, or whose import is over.
    "delete from import_chunks c where c.org_id = current_org() and c.created_at < now() - interval '1 day' and not exists
        (select from imports i where i.org_id = c.org_id and i.id = c.import_id and i.plan is not null)",
    // Of what was sent it can be asked for a month.
    "delete from webhook_deliveries where org_id = current_org() and created_at < now() - interval '30 days' and status in ('delivered', 'failed')",
    "select forget_login_tokens()",
];

/// Forgets what nobody can use any more.
#[derive(Serialize, Deserialize)]
pub(crate) struct Forget;

impl Task for Forget {
    const KIND: &'static str = "organizations.forget";

    async fn run(self, job: &Running) -> Result<Value> {
        forget(job.database()).await?;
        Ok(Value::Null)
    }
}

/// Forgets it now.
///
/// # Errors
/// 503 where the database is away.
pub async fn forget(database: &Database) -> Result<()> {
    // What belongs to none is forgotten under no organization's name.
    for organization in database.organizations().await?.into_iter().chain([Uuid::nil()]) {
        let forgetting = async |db: &mut Db| {
            for statement in FORGOTTEN {
                diesel::sql_query(*statement).execute(db).await?;
            }
            Ok(())
        };
        database.as_system(organization, forgetting).await?;
    }
    Ok(())
}
