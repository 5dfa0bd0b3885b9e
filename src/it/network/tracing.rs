//! Traces: where a cable leads in the end, through patch panels from front to rear and back, and over the lines of providers.

use crate::interfaces::Interface;
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use platform::prelude::*;

/// A step of a trace: a cable or a line, and the interface at its other end.
#[derive(Serialize, ToSchema, QueryableByName)]
pub struct TraceStep {
    /// How many cables and lines this one makes it.
    #[schema(minimum = 1, maximum = 200, example = 1)]
    #[diesel(sql_type = Integer)]
    hop: i32,
    /// What is followed: `cable`, or `circuit`.
    #[schema(max_length = 10, example = "cable")]
    #[diesel(sql_type = Text)]
    via: String,
    /// Which one.
    #[diesel(sql_type = SqlUuid)]
    via_id: Uuid,
    /// What is written on it, or the provider's number of it.
    #[schema(max_length = 100, example = "BUH1-0042")]
    #[diesel(sql_type = Nullable<Text>)]
    label: Option<String>,
    /// The interface at its other end; null where a line ends at somebody else's.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    interface_id: Option<Uuid>,
    /// Its name.
    #[schema(max_length = 64, example = "F12")]
    #[diesel(sql_type = Nullable<Text>)]
    interface_name: Option<String>,
    /// The device that has it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    device_id: Option<Uuid>,
    /// Its name.
    #[schema(max_length = 64, example = "buh1-pp-01")]
    #[diesel(sql_type = Nullable<Text>)]
    device_name: Option<String>,
    /// The port of the same patch panel that it is wired to, by which the signal goes on; null where it goes no further.
    #[schema(example = json!(null))]
    #[diesel(sql_type = Nullable<SqlUuid>)]
    wired_to_id: Option<Uuid>,
    #[serde(skip)]
    #[diesel(sql_type = Bool)]
    is_port: bool,
}

/// Where an interface leads.
#[derive(Serialize, ToSchema)]
pub struct InterfaceTrace {
    /// Where the trace begins.
    interface_id: Uuid,
    /// What is passed, in order; empty where nothing is plugged in.
    #[schema(max_items = 200)]
    steps: Vec<TraceStep>,
    /// The interface that it ends at, unless that is a port of a patch panel behind which nothing follows; null where it is none of ours.
    ends_at_id: Option<Uuid>,
    /// Whether it ends at an interface that is no port of a patch panel.
    #[schema(example = true)]
    is_complete: bool,
}

/// Trace an interface
///
/// Follows the cable or the line that is plugged into it, goes on through patch panels, from a front port to the rear port that it is wired to and the other
/// way round, and ends where there is no panel or nothing is plugged in. It changes nothing.
#[utoipa::path(get, path = "/v1/interfaces/{id}/trace", tag = "Network")]
async fn trace_interface(may: May<Read, Interface>, id: Id<Interface>) -> Reply<Plain<InterfaceTrace>> {
    let trace = may
        .read(async |db| {
            let asked =
                diesel::sql_query(STEPS).bind::<SqlUuid, _>(id.0).bind::<SqlUuid, _>(db.organization());
            let mut steps: Vec<TraceStep> = asked.load(db).await?;
            if steps.is_empty() {
                return Err(Problem::not_found());
            }
            steps.remove(0); // where it begins
            let ends_at_id = steps.last().filter(|last| !last.is_port).and_then(|last| last.interface_id);
            Ok(InterfaceTrace { interface_id: id.0, is_complete: ends_at_id.is_some(), ends_at_id, steps })
        })
        .await?;
    Plain(trace).answer(may.grants())
}

/// The interface itself, and what follows it.
const STEPS: &str = "select t.hop, coalesce(t.via, '') as via, coalesce(t.via_id, t.interface_id) as via_id, coalesce(c.label, l.circuit_number) as label, t.interface_id, i.name as interface_name,
        d.id as device_id, d.name as device_name, t.wired_id as wired_to_id, coalesce(i.kind in ('front_port', 'rear_port'), false) as is_port
    from trace_interface($1) t
    left join cables c on t.via = 'cable' and c.org_id = $2 and c.id = t.via_id
    left join circuits l on t.via = 'circuit' and l.org_id = $2 and l.id = t.via_id
    left join interfaces i on i.org_id = $2 and i.id = t.interface_id
    left join devices d on d.org_id = i.org_id and d.id = i.device_id
    order by t.hop";

pub fn routes(api: &mut Api) {
    api.call(operation!(trace_interface));
}
