//! What happens to tickets without anybody calling: time that is short or up is told, what was solved long enough ago is closed, and what waits for too
//! long is escalated. By the database's clock, found by its alarms and never by looking through tickets.
use crate::deadlines::{DeadlineStatus, TicketDeadline};
use crate::escalation_rules::EscalationRule;
use crate::tickets::{Ticket, TicketStatus};
use crate::working::{Changes, rework};
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Uuid as SqlUuid};
use platform::job::{Running, Task};
use platform::prelude::*;
use schema::ticket_deadlines;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of the desk: warns, tells and closes, and answers how often.
    fn ring_ticket_alarms(most: Integer) -> Integer;
}

/// Alarms at a time, so that nobody waits long for their rows.
const AT_A_TIME: i32 = 100;

/// Does what is due, in all organizations.
#[derive(Serialize, Deserialize)]
pub struct RingAlarms;

/// An escalation whose time has come.
#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = SqlUuid)]
    organization: Uuid,
    #[diesel(sql_type = SqlUuid)]
    deadline: Uuid,
}

impl Task for RingAlarms {
    const KIND: &'static str = "tickets.ring_alarms";

    async fn run(self, job: &Running) -> Result<Value> {
        let mut rung = 0;
        loop {
            let few = async |db: &mut Db| {
                Ok(diesel::select(ring_ticket_alarms(AT_A_TIME)).get_result::<i32>(db).await?)
            };
            let now = job.database().without_organization(few).await?;
            rung += now;
            if now < AT_A_TIME {
                break;
            }
        }
        let due = async |db: &mut Db| {
            let due = diesel::sql_query("select organization, deadline from due_escalations($1)");
            Ok(due.bind::<Integer, _>(AT_A_TIME).load::<Due>(db).await?)
        };
        let (mut escalated, mut failed) = (0, 0);
        for due in job.database().without_organization(due).await? {
            let work = async |db: &mut Db| escalate(db, due.deadline).await;
            match job.database().as_system(due.organization, work).await {
                Ok(()) => escalated += 1,
                // One that can not be escalated keeps no other from it; it is tried again at the next turn.
                Err(problem) => {
                    log::error!(organization:% = due.organization, deadline:% = due.deadline; "internal: a ticket could not be escalated: {problem}");
                    failed += 1;
                }
            }
        }
        Ok(json!({"rung": rung, "escalated": escalated, "failed": failed}))
    }
}

/// Carries out what the rule of this deadline says.
async fn escalate(db: &mut Db, deadline: Uuid) -> Result<()> {
    let deadline = TicketDeadline::find(db, deadline).await?;
    let ticket = Ticket::lock(db, deadline.ticket_id).await?;
    let deadline = TicketDeadline::lock(db, deadline.id).await?;
    let is_due =
        deadline.status == DeadlineStatus::Running && deadline.due_at.is_some_and(|at| at <= Utc::now());
    let is_open = matches!(ticket.status, TicketStatus::Open | TicketStatus::InProgress);
    let (true, true, Some(rule)) = (is_due, is_open, deadline.escalation_rule_id) else { return Ok(()) };
    let rule = EscalationRule::find(db, rule).await?;
    let changes = Changes {
        queue_id: rule.to_queue_id.map(Some),
        assignee_id: rule.assignee_id.map(Some),
        priority: rule.priority,
        ..Changes::default()
    };
    rework(db, ticket, changes).await?;
    let one = ticket_deadlines::table.find((db.organization(), deadline.id));
    let over =
        (ticket_deadlines::status.eq(DeadlineStatus::Breached), ticket_deadlines::due_at.eq(deadline.due_at));
    diesel::update(one).set(over).execute(db).await?;
    Ok(())
}
