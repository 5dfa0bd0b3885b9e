//! Journals: the books that entries are kept in by their kind, each with its own numbers in each fiscal year.

use platform::prelude::*;
use schema::journals;

/// A journal.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = journals)]
pub struct Journal {
    pub id: Uuid,
    pub version: i64,
    /// Its short code, which its numbers begin with; unique.
    #[schema(max_length = 20, example = "SAL")]
    pub code: String,
    /// What it is called.
    #[schema(max_length = 100, example = "Sales")]
    pub name: String,
    #[serde(rename = "type")]
    #[diesel(column_name = type_)]
    pub kind: JournalType,
    pub status: JournalStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What is booked in a journal. Documents go to the first active one of their type, which is made where there is none.
    pub enum JournalType {
        General = "general", Sales = "sales", Purchases = "purchases", Bank = "bank", Cash = "cash", Payroll = "payroll",
        Inventory = "inventory", Assets = "assets"
    }
}

text_enum! {
    /// Whether a journal takes new entries.
    pub enum JournalStatus { Active = "active", Archived = "archived" }
}

/// A journal to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = journals)]
#[serde(deny_unknown_fields)]
pub struct NewJournal {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Its short code, which its numbers begin with; unique, and it stays.
    #[schema(max_length = 20, pattern = "^[A-Z][A-Z0-9]{0,19}$", example = "SALES2")]
    code: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Sales abroad")]
    name: String,
    /// What is booked in it; it stays.
    #[serde(rename = "type")]
    #[diesel(column_name = type_)]
    kind: JournalType,
}

/// What of a journal can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = journals)]
#[serde(deny_unknown_fields)]
pub struct EditJournal {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Sales")]
    name: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct JournalFilter {
    /// Only journals of this type.
    #[param(inline)]
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<JournalType>,
    /// Only journals in this state.
    #[param(inline)]
    status: Option<JournalStatus>,
    /// Only the journal of this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
}

static LIFE: Life = Life {
    states: &[("active", "Takes entries."), ("archived", "Takes no new ones; what it has stays.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for Journal {
    const NAME: &'static str = "journals";
}

impl Resource for Journal {
    const PATH: &'static str = "/v1/journals";
    const SINGULAR: &'static str = "journal";
    const TAG: &'static str = "Ledger";
    const SORT: &'static [SortKey] = &[SortKey::text("code"), SortKey::text("name")];
    const USUAL_ORDER: &'static str = "code";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    type Filter = JournalFilter;

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

impl Stored for Journal {
    type Table = journals::table;
    const TABLE: &'static str = "journals";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: JournalFilter) -> Rows<Self> {
        rows.when(by.kind, |rows, kind| rows.filter(journals::type_.eq(kind)))
            .when(by.status, |rows, status| rows.filter(journals::status.eq(status)))
            .when(by.code, |rows, code| rows.filter(journals::code.eq(code)))
    }
}

impl Written for Journal {
    type New = NewJournal;
    type Edit = EditJournal;
}

/// Archive a journal
///
/// It takes no new entries. What it has stays in the books.
#[utoipa::path(post, path = "/v1/journals/{id}/archive", tag = "Ledger")]
async fn archive_journal(may: May<Write, Journal>, id: Id<Journal>) -> Reply<Journal> {
    step(may, id, "archive").await
}

/// Restore a journal
///
/// It takes entries again.
#[utoipa::path(post, path = "/v1/journals/{id}/restore", tag = "Ledger")]
async fn restore_journal(may: May<Write, Journal>, id: Id<Journal>) -> Reply<Journal> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<Journal>().call(operation!(archive_journal)).call(operation!(restore_journal));
}
