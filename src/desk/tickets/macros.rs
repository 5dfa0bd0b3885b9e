//! Macros: a reply and changes of fields that are applied to a ticket at once.

use crate::tickets::{TicketPriority, TicketTag};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Text};
use platform::prelude::*;
use schema::macros;

text_enum! {
    /// Whether a macro can be applied.
    pub enum MacroStatus { Active = "active", Archived = "archived" }
}

text_enum! {
    /// A step of a ticket that a macro takes.
    pub enum MacroAction { Start = "start", Wait = "wait", Resume = "resume", Solve = "solve" }
}

/// A reply and changes at once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = macros)]
pub struct Macro {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Ask for the serial number")]
    pub name: String,
    /// What is written in the ticket.
    #[schema(max_length = 20_000, example = "Please tell us the serial number; it is on the bottom.")]
    pub reply: Option<String>,
    /// Whether that is an internal note, which who asked never sees; a reply otherwise.
    #[schema(example = false)]
    pub is_internal: bool,
    /// The step that the ticket takes.
    #[schema(example = "wait")]
    pub action: Option<MacroAction>,
    /// The queue that it goes to.
    #[schema(example = json!(null))]
    pub queue_id: Option<Uuid>,
    /// The employee who gets it.
    #[schema(example = json!(null))]
    pub assignee_id: Option<Uuid>,
    /// How urgent it is.
    #[schema(example = json!(null))]
    pub priority: Option<TicketPriority>,
    /// Tags that it gets besides its own.
    #[schema(value_type = Vec<TicketTag>, max_items = 20)]
    #[diesel(select_expression = tags())]
    #[diesel(select_expression_type = SqlLiteral<Array<Text>>)]
    pub tags: Vec<String>,
    /// Whether it can be applied.
    pub status: MacroStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// None of them is null, which the generated schema can not say.
fn tags() -> SqlLiteral<Array<Text>> {
    sql("macros.tags")
}

/// A macro to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = macros)]
#[serde(deny_unknown_fields)]
pub struct NewMacro {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Ask for the serial number")]
    name: String,
    /// What is written in the ticket.
    #[schema(
        min_length = 1,
        max_length = 20_000,
        example = "Please tell us the serial number; it is on the bottom."
    )]
    reply: Option<String>,
    /// Whether that is an internal note, which who asked never sees; a reply otherwise.
    #[schema(example = false)]
    is_internal: Option<bool>,
    /// The step that the ticket takes.
    #[schema(example = "wait")]
    action: Option<MacroAction>,
    /// The queue that it goes to.
    #[schema(example = json!(null))]
    queue_id: Option<Uuid>,
    /// The employee who gets it.
    #[schema(example = json!(null))]
    assignee_id: Option<Uuid>,
    /// How urgent it is.
    #[schema(example = json!(null))]
    priority: Option<TicketPriority>,
    /// Tags that it gets besides its own.
    #[schema(value_type = Option<Vec<TicketTag>>, max_items = 20, example = json!([]))]
    tags: Option<Vec<String>>,
}

/// What of a macro can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = macros)]
#[serde(deny_unknown_fields)]
pub struct EditMacro {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Ask for the serial number")]
    name: Option<String>,
    /// What is written in the ticket.
    #[schema(
        min_length = 1,
        max_length = 20_000,
        example = "Please tell us the serial number; it is on the bottom."
    )]
    reply: Option<Option<String>>,
    /// Whether that is an internal note, which who asked never sees; a reply otherwise.
    #[schema(example = false)]
    is_internal: Option<bool>,
    /// The step that the ticket takes.
    #[schema(example = "wait")]
    action: Option<Option<MacroAction>>,
    /// The queue that it goes to.
    #[schema(example = json!(null))]
    queue_id: Option<Option<Uuid>>,
    /// The employee who gets it.
    #[schema(example = json!(null))]
    assignee_id: Option<Option<Uuid>>,
    /// How urgent it is.
    #[schema(example = json!(null))]
    priority: Option<Option<TicketPriority>>,
    /// Tags that it gets besides its own.
    #[schema(value_type = Vec<TicketTag>, max_items = 20)]
    tags: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct MacroFilter {
    /// Only macros in this state.
    #[param(inline)]
    status: Option<MacroStatus>,
}

static LIFE: Life = Life {
    states: &[("active", "It can be applied."), ("archived", "It can not be applied any more.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for Macro {
    const NAME: &'static str = "macros";
}

impl Resource for Macro {
    const PATH: &'static str = "/v1/macros";
    const SINGULAR: &'static str = "macro";
    const TAG: &'static str = "Tickets";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = MacroFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn life() -> Option<&'static Life> {
        Some(&LIFE)
    }
    fn state(&self) -> Option<&'static str> {
        Some(self.status.as_str())
    }
}

impl Stored for Macro {
    type Table = macros::table;
    const TABLE: &'static str = "macros";
    const SEARCHED: &'static [&'static str] = &["name", "reply"];

    fn narrow(rows: Rows<Self>, by: MacroFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(macros::status.eq(status)))
    }
}

impl Written for Macro {
    type New = NewMacro;
    type Edit = EditMacro;
}

/// Archive a macro
///
/// It can not be applied any more.
#[utoipa::path(post, path = "/v1/macros/{id}/archive", tag = "Tickets")]
async fn archive_macro(may: May<Write, Macro>, id: Id<Macro>) -> Reply<Macro> {
    step(may, id, "archive").await
}

/// Restore a macro
///
/// It can be applied again.
#[utoipa::path(post, path = "/v1/macros/{id}/restore", tag = "Tickets")]
async fn restore_macro(may: May<Write, Macro>, id: Id<Macro>) -> Reply<Macro> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<Macro>().call(operation!(archive_macro)).call(operation!(restore_macro));
}
