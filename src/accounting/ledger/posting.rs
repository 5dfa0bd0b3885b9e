//! What other rooms call: what a document comes to, as a posting, becomes an entry that balances, with its number, in the
//! transaction of the document; or a problem that names the place in what was sent.
use crate::accounts::AccountRole;
use crate::journal_lines::TaxSide;
use crate::journals::JournalType;
use diesel::sql_types::{Date, Jsonb, Text};
use platform::prelude::*;
use platform::problem::CONFLICT;
use platform::store::in_order;
use rust_decimal::Decimal;
use schema::{accounts, journal_entries, organizations};
use serde_json::Value;

/// Nobody posts into a period that is over.
pub(crate) static PERIOD_CLOSED: Kind = Kind {
    code: "period-closed",
    status: 409,
    title: "The period is closed",
    cause: "The day is in a fiscal period that is closed or locked, or in a year that is closed.",
    cure: "Date it into an open period, or have the period reopened at `/v1/fiscal-periods/{id}/reopen`. Into a closed period, not into a \
           locked one, whoever holds `fiscal-periods:post-closed` may post.",
};

diesel::define_sql_function! {
    /// See the migration of the ledger: posts all of them or none, and answers what stands against it.
    fn post_entries(entries: Jsonb) -> Nullable<Jsonb>;
}
diesel::define_sql_function! {
    /// See the migration of the ledger: the entries that book others back.
    fn mirrors_of(reversals: Jsonb) -> Nullable<Jsonb>;
}
diesel::define_sql_function! {
    /// See the migration of the ledger: the newest rate that is not after the day.
    fn exchange_rate_on(currency: Text, on: Date) -> Nullable<Numeric>;
}

/// What a document comes to.
#[derive(Clone, Debug)]
pub struct Posting {
    pub journal: JournalType,
    /// The day in the books.
    pub posted_on: NaiveDate,
    pub description: String,
    pub reference: Option<String>,
    /// The document: its resource (`invoices`) and id.
    pub source: Option<(&'static str, Uuid)>,
    /// At least two, and their debits are their credits.
    pub lines: Vec<PostingLine>,
}

/// A debit or a credit.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PostingLine {
    pub account_id: Uuid,
    /// In the organization's currency; one of both is above zero.
    #[serde(skip_serializing_if = "Decimal::is_zero")]
    pub debit: Decimal,
    #[serde(skip_serializing_if = "Decimal::is_zero")]
    pub credit: Decimal,
    /// The same in another currency, where the document is in one.
    #[serde(skip)]
    pub foreign: Option<Foreign>,
    pub description: Option<String>,
    pub party_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub cost_centre_id: Option<Uuid>,
    pub project_id: Option<Uuid>,
    /// By which code it is the tax of a document, and whether that is owed or got back; both or neither.
    pub tax_code_id: Option<Uuid>,
    pub tax_side: Option<TaxSide>,
    /// By which codes it is taxed, where it is what a document is taxed for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taxed_by: Vec<Uuid>,
    /// Where in the request's body it comes from, for faults.
    #[serde(rename = "at")]
    pub pointer: String,
}

/// An amount in another currency than the organization's.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// ISO 4217.
    pub currency: String,
    /// Above zero; on the side on which the line is.
    pub amount: Decimal,
    /// Units of the organization's currency for one of this.
    pub rate: Decimal,
}

impl PostingLine {
    fn entry(&self) -> Result<Value> {
        let mut line = serde_json::to_value(self).map_err(Problem::internal)?;
        if let Some(Foreign { currency, amount, rate }) = &self.foreign {
            let side = if self.credit.is_zero() { "foreign_debit" } else { "foreign_credit" };
            line["currency"] = json!(currency);
            line[side] = json!(amount);
            line["rate"] = json!(rate);
        }
        Ok(line)
    }
}

/// What was posted, as far as documents tell of it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = journal_entries)]
pub struct Posted {
    pub id: Uuid,
    pub number: Option<String>,
    pub posted_on: NaiveDate,
}

/// Posts it: with the next number of its journal, for good.
///
/// # Errors
/// 422 at the pointers of the lines that break a rule, 409 `period-closed`.
pub async fn post(db: &mut Db, posting: &Posting) -> Result<Posted> {
    let mut posted = post_all(db, std::slice::from_ref(posting)).await?;
    posted.pop().ok_or_else(|| Problem::internal("what was posted is not there"))
}

/// Posts all of them, or none, in two statements. The entries come in the order of the postings.
///
/// # Errors
/// As [`post`].
pub async fn post_all(db: &mut Db, postings: &[Posting]) -> Result<Vec<Posted>> {
    let entry = |posting: &Posting| {
        let lines = posting.lines.iter().map(PostingLine::entry).collect::<Result<Vec<_>>>()?;
        Ok(json!({
            "id": Uuid::now_v7(), "journal": posting.journal, "posted_on": posting.posted_on, "description": posting.description,
            "reference": posting.reference, "resource": posting.source.map(|(resource, _)| resource),
            "resource_id": posting.source.map(|(_, id)| id), "at": "", "lines": lines,
        }))
    };
    let ids = post_given(db, postings.iter().map(entry).collect::<Result<Vec<_>>>()?).await?;
    Posted::of_ids(db, &ids).await
}

/// Posts entries as the database takes them, and answers their ids.
pub(crate) async fn post_given(db: &mut Db, entries: Vec<Value>) -> Result<Vec<Uuid>> {
    let ids = entries.iter().filter_map(|entry| entry["id"].as_str()?.parse().ok()).collect();
    refuse(diesel::select(post_entries(Value::Array(entries))).get_result(db).await?)?;
    Ok(ids)
}

/// Books an entry back on a day, for good: the mirror, linked to it.
///
/// # Errors
/// 409 where it was reversed before, or the period is closed.
pub async fn reverse(db: &mut Db, entry: Uuid, on: NaiveDate, why: &str) -> Result<Posted> {
    let reversal =
        Reversal { entry_id: entry, id: Uuid::now_v7(), posted_on: on, description: why, at: String::new() };
    reverse_all(db, &[reversal]).await?.pop().ok_or_else(Problem::not_found)
}

/// An entry to be booked back.
#[derive(Serialize)]
pub struct Reversal<'a> {
    pub entry_id: Uuid,
    /// The id of the mirror to be.
    pub id: Uuid,
    pub posted_on: NaiveDate,
    pub description: &'a str,
    /// Where in the request's body the day comes from, `/posted_on` left out.
    pub at: String,
}

/// Books entries back, all of them or none, in three statements.
///
/// # Errors
/// As [`reverse`].
pub async fn reverse_all(db: &mut Db, reversals: &[Reversal<'_>]) -> Result<Vec<Posted>> {
    match diesel::select(mirrors_of(json!(reversals))).get_result::<Option<Value>>(db).await? {
        Some(Value::Array(mirrors)) => {
            let ids = post_given(db, mirrors).await?;
            Posted::of_ids(db, &ids).await
        }
        _ => Ok(Vec::new()),
    }
}

/// What stands against posting, as a problem.
pub(crate) fn refuse(against: Option<Value>) -> Result<()> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Against {
        Faults { faults: Vec<Found> },
        Period { period: String, status: String },
    }
    #[derive(Deserialize)]
    struct Found {
        pointer: String,
        code: String,
        detail: String,
    }
    let Some(against) = against else { return Ok(()) };
    match serde_json::from_value(against).map_err(Problem::internal)? {
        Against::Faults { faults } => {
            let faults = faults.into_iter().map(|each| Fault::at(each.pointer, &each.code, each.detail));
            Err(Problem::invalid(faults.collect()))
        }
        Against::Period { period, status } => {
            Err(PERIOD_CLOSED.because(format!("The period {period} is {status}: date it into an open one.")))
        }
    }
}

/// The active account of a role.
///
/// # Errors
/// 409 where there is none.
pub async fn account_of(db: &mut Db, role: AccountRole) -> Result<Uuid> {
    let found = accounts::table
        .filter(accounts::org_id.eq(db.organization()))
        .filter(accounts::role.eq(role.as_str()))
        .filter(accounts::status.eq("active"))
        .order((accounts::code, accounts::id))
        .select(accounts::id)
        .first(db)
        .await
        .optional()?;
    found.ok_or_else(|| {
        let role = role.as_str();
        CONFLICT.because(format!(
            "No active account has the role `{role}`: give it to one at `/v1/accounts`, or load a chart with `POST /v1/accounts/load-template`."
        ))
    })
}

/// Units of the organization's currency for one of this, on the day; 1 for its own.
///
/// # Errors
/// 422 where there is no rate on or before the day.
pub async fn rate(db: &mut Db, currency: &str, on: NaiveDate) -> Result<Decimal> {
    let found: Option<Decimal> = diesel::select(exchange_rate_on(currency, on)).get_result(db).await?;
    found.ok_or_else(|| {
        let rule =
            format!("there is no rate for {currency} on or before {on}: add one at `/v1/exchange-rates`");
        Problem::invalid(vec![Fault::at("/currency", "no-rate", rule)])
    })
}

/// What the books are kept in, and what papers say of the organization.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = organizations)]
pub struct Books {
    /// ISO 4217.
    pub currency: String,
    /// Whether tax is rounded `line` by line or for the whole `document`.
    pub tax_rounding: String,
    pub name: String,
    pub legal_name: Option<String>,
    /// ISO 3166.
    pub country: Option<String>,
    pub tax_id: Option<String>,
    pub registration_number: Option<String>,
    /// As it is printed, line by line.
    pub address: Option<String>,
}

/// The organization's.
///
/// # Errors
/// 503 where the database is away.
pub async fn books(db: &mut Db) -> Result<Books> {
    let one = organizations::table.find((db.organization(), db.organization()));
    Ok(one.select(Books::as_select()).get_result(db).await?)
}

impl Posted {
    /// Those of these ids, in their order.
    async fn of_ids(db: &mut Db, ids: &[Uuid]) -> Result<Vec<Self>> {
        let found = journal_entries::table
            .filter(journal_entries::org_id.eq(db.organization()))
            .filter(journal_entries::id.eq_any(ids))
            .select(Self::as_select());
        Ok(in_order(found.load(db).await?, ids, |entry| entry.id))
    }
}

pub fn routes(api: &mut Api) {
    api.problem(&PERIOD_CLOSED);
}
