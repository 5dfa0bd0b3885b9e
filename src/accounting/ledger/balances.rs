//! Balances: what each account comes to. Postings append to them and wait for nobody; what was appended is folded into sums
//! here, and whoever reads sums both, so that every report is exact at every moment.
use platform::job::{Running, Task};
use platform::prelude::*;
use serde_json::Value;
use std::time::Duration;

diesel::define_sql_function! {
    /// See the migration of the ledger.
    fn fold_balances() -> diesel::sql_types::BigInt;
}

/// Folds what was appended, of every organization.
#[derive(Serialize, Deserialize)]
pub(crate) struct FoldBalances;

impl Task for FoldBalances {
    const KIND: &'static str = "ledger.fold_balances";

    async fn run(self, job: &Running) -> Result<Value> {
        let folding = async |db: &mut Db| Ok(diesel::select(fold_balances()).get_result::<i64>(db).await?);
        Ok(json!({ "folded": job.database().as_system(Uuid::nil(), folding).await? }))
    }
}

pub fn routes(api: &mut Api) {
    api.schedule::<FoldBalances>(Duration::from_secs(10));
}
