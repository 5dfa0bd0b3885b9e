//! Whose a task is: given by somebody who may, taken in a role, given back, or handed on to somebody who accepts.

use crate::tasks::{Changed, LIFE, Task, TaskDelegation, change};
use platform::prelude::*;
use platform::problem::{CONFLICT, FORBIDDEN};

/// Whom a task is given.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignTaskRequest {
    /// The employee who does it.
    assignee_id: Uuid,
    /// What whoever had it leaves to them.
    #[schema(min_length = 1, max_length = 10_000, example = "The contracts are copied.")]
    handover_note: Option<String>,
}

/// Assign a task
///
/// Gives it to an employee, whoever had it before. What was offered to somebody meanwhile is over. To ask them first, `delegate` it.
#[utoipa::path(post, path = "/v1/tasks/{id}/assign", tag = "Tasks")]
async fn assign_task(may: May<Assign, Task>, id: Id<Task>, to: Input<AssignTaskRequest>) -> Reply<Task> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        let changed = Changed {
            status: Some(LIFE.step(task.status.as_str(), "assign")?),
            assignee_id: Some(Some(to.0.assignee_id)),
            handover_note: to.0.handover_note.clone(),
            ..Changed::default()
        };
        change(db, task.id, changed).await
    })
    .await
}

/// Take a task
///
/// Whoever calls does it from now on: one that nobody has and that is for a role of theirs, or that they gave.
#[utoipa::path(post, path = "/v1/tasks/{id}/take", tag = "Tasks")]
async fn take_task(may: May<Write, Task>, id: Id<Task>) -> Reply<Task> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        let status = Some(LIFE.step(task.status.as_str(), "take")?);
        let Some(me) = may.grants().employee else {
            return Err(CONFLICT.because(
                "This login belongs to no employee, and so takes no task: `assign` it to somebody.",
            ));
        };
        change(db, task.id, Changed { status, assignee_id: Some(Some(me)), ..Changed::default() }).await
    })
    .await
}

/// What whoever gives a task back leaves.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseTaskRequest {
    /// What whoever takes it next has to know.
    #[schema(min_length = 1, max_length = 10_000, example = "The contracts are copied.")]
    handover_note: Option<String>,
}

/// Release a task
///
/// Nobody has it any more: whoever holds its role may take it. Whoever would not see it then can not release it, and delegates it instead.
#[utoipa::path(post, path = "/v1/tasks/{id}/release", tag = "Tasks")]
async fn release_task(may: May<Write, Task>, id: Id<Task>, left: Input<ReleaseTaskRequest>) -> Reply<Task> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        let changed = Changed {
            status: Some(LIFE.step(task.status.as_str(), "release")?),
            assignee_id: Some(None),
            handover_note: left.0.handover_note.clone(),
            ..Changed::default()
        };
        change(db, task.id, changed).await
    })
    .await
}

/// To whom a task is offered.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegateTaskRequest {
    /// The employee who is asked to do it.
    employee_id: Uuid,
    /// What is said with the offer.
    #[schema(min_length = 1, max_length = 2000, example = "You know the auditors. Would you?")]
    note: Option<String>,
    /// What they will have to know.
    #[schema(min_length = 1, max_length = 10_000, example = "The contracts are copied.")]
    handover_note: Option<String>,
}

/// Delegate a task
///
/// Offers it to an employee, who accepts or declines. Until then it stays with whoever has it. An earlier offer is over.
#[utoipa::path(post, path = "/v1/tasks/{id}/delegate", tag = "Tasks")]
async fn delegate_task(may: May<Write, Task>, id: Id<Task>, to: Input<DelegateTaskRequest>) -> Reply<Task> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        LIFE.step(task.status.as_str(), "delegate")?;
        if task.assignee_id == Some(to.0.employee_id) {
            let rule = "has the task already: name somebody else";
            return Err(CONFLICT.because("Nothing is handed on.").at(Fault::at(
                "/employee_id",
                "has-it",
                rule,
            )));
        }
        let changed = Changed {
            delegate_id: Some(Some(to.0.employee_id)),
            delegation: Some(Some(TaskDelegation::Asked)),
            delegation_note: Some(to.0.note.clone()),
            handover_note: to.0.handover_note.clone(),
            ..Changed::default()
        };
        change(db, task.id, changed).await.map_err(at_employee)
    })
    .await
}

/// A fault of the delegate is one of the employee who was named.
fn at_employee(mut problem: Problem) -> Problem {
    for fault in &mut problem.errors {
        if fault.pointer.as_deref() == Some("/delegate_id") {
            fault.pointer = Some("/employee_id".to_owned());
        }
    }
    problem
}

/// Whoever is asked answers, and nobody in their stead.
fn is_asked<V: Verb>(may: &May<V, Task>, task: &Task) -> Result<()> {
    if task.delegation != Some(TaskDelegation::Asked) {
        return Err(CONFLICT.because("It is offered to nobody: `delegate` it first."));
    }
    if !task.is_offered_to(may.grants().employee) {
        return Err(FORBIDDEN.because("It is offered to somebody else, who answers themselves."));
    }
    Ok(())
}

/// Accept a task
///
/// Whoever was asked does it from now on. Nobody accepts in their stead.
#[utoipa::path(post, path = "/v1/tasks/{id}/accept-delegation", tag = "Tasks")]
async fn accept_task_delegation(may: May<Write, Task>, id: Id<Task>) -> Reply<Task> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        let status = LIFE.step(task.status.as_str(), "accept_delegation")?;
        is_asked(&may, &task)?;
        let changed = Changed {
            status: Some(status),
            assignee_id: Some(task.delegate_id),
            delegate_id: Some(None),
            delegation: Some(Some(TaskDelegation::Accepted)),
            ..Changed::default()
        };
        change(db, task.id, changed).await
    })
    .await
}

/// Why somebody does not take a task over.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineTaskDelegationRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "I am away that week.")]
    reason: String,
}

/// Decline a task
///
/// Whoever was asked does not do it: it stays with whoever has it. Nobody declines in their stead.
#[utoipa::path(post, path = "/v1/tasks/{id}/decline-delegation", tag = "Tasks")]
async fn decline_task_delegation(
    may: May<Write, Task>,
    id: Id<Task>,
    why: Input<DeclineTaskDelegationRequest>,
) -> Reply<Task> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        LIFE.step(task.status.as_str(), "decline_delegation")?;
        is_asked(&may, &task)?;
        let changed = Changed {
            delegation: Some(Some(TaskDelegation::Declined)),
            delegation_note: Some(Some(why.0.reason.clone())),
            ..Changed::default()
        };
        change(db, task.id, changed).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.call(operation!(assign_task))
        .call(operation!(take_task))
        .call(operation!(release_task))
        .call(operation!(delegate_task))
        .call(operation!(accept_task_delegation))
        .call(operation!(decline_task_delegation));
}
