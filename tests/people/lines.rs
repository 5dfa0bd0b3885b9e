//! The lines that a tree is kept as, held against what a recursive query over the parents says.
use crate::support::service;
use std::collections::BTreeSet;
use tokio_postgres::Client;
use uuid::Uuid;

/// A tree: its table, the column that names the parent, the table of its lines.
#[derive(Clone, Copy)]
pub struct Tree {
    table: &'static str,
    parent: &'static str,
    lines: &'static str,
}

pub const DEPARTMENTS: Tree = Tree { table: "departments", parent: "parent_id", lines: "department_lines" };
pub const EMPLOYEES: Tree = Tree { table: "employees", parent: "manager_id", lines: "reporting_lines" };

/// Who stands above whom, and how far.
pub type Lines = BTreeSet<(Uuid, Uuid, i32)>;

impl Tree {
    /// The lines as they are kept.
    pub async fn kept(self, database: &Client, organization: Uuid) -> Lines {
        let query = format!("select above_id, below_id, depth from {} where org_id = $1", self.lines);
        read(database, &query, organization).await
    }

    /// The lines as they must be. The bound ends the walk where a ring was let in, so that the test fails and not hangs.
    pub async fn truth(self, database: &Client, organization: Uuid) -> Lines {
        let Self { table, parent, .. } = self;
        let query = format!(
            "with recursive walk as (
                select id as below_id, id as above_id, {parent} as next_id, 0 as depth from {table} where org_id = $1
                union all
                select w.below_id, t.id, t.{parent}, w.depth + 1 from walk w join {table} t on t.org_id = $1 and t.id = w.next_id
                where w.depth < 300
            ) select above_id, below_id, depth from walk"
        );
        read(database, &query, organization).await
    }

    /// Asserts that the lines are the truth, and answers them.
    #[track_caller]
    pub fn hold(self, organization: Uuid) -> impl Future<Output = Lines> {
        let place = std::panic::Location::caller();
        async move {
            let database = service().database().await;
            let (kept, truth) =
                (self.kept(&database, organization).await, self.truth(&database, organization).await);
            let missing: Vec<_> = truth.difference(&kept).collect();
            let extra: Vec<_> = kept.difference(&truth).collect();
            assert!(
                missing.is_empty() && extra.is_empty(),
                "{place}: {} lacks {missing:?} and has {extra:?} too many",
                self.lines
            );
            kept
        }
    }
}

async fn read(database: &Client, query: &str, organization: Uuid) -> Lines {
    let rows = database.query(query, &[&organization]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}
