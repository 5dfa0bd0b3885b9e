//! What a room asks before it does something that a policy may want approved.
use diesel::sql_types::{Jsonb, Text, Uuid as SqlUuid};
use platform::prelude::*;
use serde_json::Value;

pub(crate) static APPROVAL_REQUIRED: Kind = Kind {
    code: "approval-required",
    status: 409,
    title: "Somebody has to approve this first",
    cause: "A policy of the organization asks for an approval of this step, and there is none that holds for what was sent: \
            none was asked for, or it is not decided, or what it was given for has changed since.",
    cure: "Ask for one with `POST /v1/approvals`, naming the resource, its id, the action and, where the step takes a body, \
           that body as `change`. When it is approved, send the request again, unchanged.",
};

diesel::define_sql_function! {
    /// See the migration of approvals.
    fn require_approval(resource: Text, id: SqlUuid, action: Text, change: Jsonb) -> Nullable<Jsonb>;
}

/// A step of its life that a policy may want approved, and that changes nothing but its state.
///
/// # Errors
/// Those of [`platform::resource::step`] and of [`require`].
pub async fn step<V: platform::may::Verb, R: Store>(may: May<V, R>, id: Id<R>, action: &str) -> Reply<R> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let (Some(life), Some(state)) = (R::life(), row.state()) else {
            return Err(Problem::internal(format!("{} has no life", R::NAME)));
        };
        let status = life.step(state, action)?;
        require::<R>(db, row.id(), action, &json!({})).await?;
        R::set_status(db, row.id(), status).await
    })
    .await
}

/// Lets the action pass where no policy asks for an approval of it, or where there is one for this very content, which is
/// used up by that. The caller has locked the row and not yet changed it. `change` is what was sent; `{}` where the action
/// takes nothing.
///
/// # Errors
/// 409 `approval-required`, naming the policies and what is to be done.
pub async fn require<R: Resource>(
    db: &mut Db,
    id: Uuid,
    action: &str,
    change: &impl Serialize,
) -> Result<()> {
    #[derive(Deserialize)]
    struct Missing {
        policies: Vec<String>,
        approval_id: Option<Uuid>,
        status: Option<String>,
        outcome: Option<String>,
        same: Option<bool>,
    }
    let change = serde_json::to_value(change).map_err(Problem::internal)?;
    let missing: Option<Value> =
        diesel::select(require_approval(R::NAME, id, action, change)).get_result(db).await?;
    let Some(missing) = missing else { return Ok(()) };
    let missing: Missing = serde_json::from_value(missing).map_err(Problem::internal)?;
    let policies: Vec<_> = missing.policies.iter().map(|name| format!("`{name}`")).collect();
    let asked = if policies.len() == 1 { "The policy" } else { "The policies" };
    let ask = "ask for one with `POST /v1/approvals`";
    let last = missing.approval_id.map(|id| format!("the approval {id}")).unwrap_or_default();
    let outcome = missing.outcome.unwrap_or_default();
    let cure = match (missing.status.as_deref(), missing.same) {
        (Some("waiting"), Some(true)) => format!("{last} waits to be decided"),
        (Some("waiting" | "approved"), _) => format!("{last} is for other content: {ask}"),
        (Some("rejected"), Some(true)) => {
            format!("{last} was rejected (“{outcome}”): change what was refused, and {ask}")
        }
        (Some("void"), _) => format!("{last} is void. {outcome} Look at it again, and {ask}"),
        _ => ask.to_owned(),
    };
    let sentence = format!("{asked} {} asks for an approval of this: {cure}.", policies.join(", "));
    Err(APPROVAL_REQUIRED.because(if policies.len() == 1 {
        sentence
    } else {
        sentence.replace(" asks for", " ask for")
    }))
}
