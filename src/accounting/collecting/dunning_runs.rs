//! Dunning runs: who is reminded of what on a day. A run is looked at before it is posted; only then letters have numbers and
//! fees are booked. Each invoice is reminded of once at each level, however many runs there are.

use crate::dunning_letters::{DunningLetter, RemindedInvoice};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Date, Jsonb, Nullable, Text, Uuid as SqlUuid};
use ledger::{Foreign, JournalType, Posting, PostingLine};
use platform::prelude::*;
use platform::problem::INVALID_STATE;
use rust_decimal::Decimal;
use schema::{dunning_letters, dunning_runs};
use serde_json::Value;
use std::collections::HashMap;

/// Who is reminded of what on a day.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = dunning_runs)]
pub struct DunningRun {
    pub id: Uuid,
    pub version: i64,
    /// What is overdue on this day; the day of the letters, and of their fees in the books.
    #[schema(example = "2026-05-15")]
    pub as_of_on: NaiveDate,
    /// The one customer that it is about; null for all.
    pub party_id: Option<Uuid>,
    /// How many letters it has.
    #[schema(minimum = 0, example = 3)]
    pub letters: i32,
    /// How many letters were not sent, because something of theirs was paid, credited or held between making the run and posting it.
    /// The next run looks at them anew.
    #[schema(minimum = 0, example = 0)]
    pub left_out: i32,
    /// What its letters cost the customers, in the organization's currency.
    #[schema(example = "10.00")]
    pub fees: Money,
    pub status: DunningRunStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a run is final.
    pub enum DunningRunStatus { Draft = "draft", Posted = "posted" }
}

/// A run to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDunningRun {
    /// What is overdue on this day.
    #[schema(example = "2026-05-15")]
    as_of_on: NaiveDate,
    /// Only this customer; left out, all.
    #[schema(example = json!(null))]
    party_id: Option<Uuid>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct DunningRunFilter {
    /// Only runs in this state.
    #[param(inline)]
    status: Option<DunningRunStatus>,
    /// Only runs about this customer alone.
    party_id: Option<Uuid>,
    /// Only runs of this day or later.
    as_of_on_from: Option<NaiveDate>,
    /// Only runs of this day or earlier.
    as_of_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Its letters can be looked at; nobody was reminded, and it can be deleted."),
        ("posted", "Its letters have numbers, and their fees are booked, for good."),
    ],
    steps: &[Step { action: "post", from: &["draft"], to: "posted", verb: "post" }],
};

impl Named for DunningRun {
    const NAME: &'static str = "dunning-runs";
}

impl Resource for DunningRun {
    const PATH: &'static str = "/v1/dunning-runs";
    const SINGULAR: &'static str = "dunning_run";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::day("as_of_on"), SortKey::instant("created_at")];
    type Filter = DunningRunFilter;

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

impl Stored for DunningRun {
    type Table = dunning_runs::table;
    const TABLE: &'static str = "dunning_runs";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: DunningRunFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(dunning_runs::status.eq(status)))
            .when(by.party_id, |rows, id| rows.filter(dunning_runs::party_id.eq(id)))
            .when(by.as_of_on_from, |rows, day| rows.filter(dunning_runs::as_of_on.ge(day)))
            .when(by.as_of_on_to, |rows, day| rows.filter(dunning_runs::as_of_on.le(day)))
    }
}

diesel::define_sql_function! {
    /// See the migration of billing: the letters that a run comes to. Whoever makes another run waits from here.
    fn dunning_due(as_of: Date, party: Nullable<SqlUuid>) -> Jsonb;
}
diesel::define_sql_function! {
    /// See the migration of the ledger: the currency that the books are kept in.
    fn books_currency() -> Text;
}

/// A letter as it is found.
#[derive(Deserialize)]
struct Due {
    party_id: Uuid,
    account_id: Uuid,
    currency: String,
    /// None where there is none on the day.
    exchange_rate: Option<Decimal>,
    level: i32,
    language: String,
    title: String,
    text: String,
    /// In the organization's currency.
    fee: Option<Decimal>,
    fee_account_id: Option<Uuid>,
    overdue_amount: Decimal,
    documents: Vec<RemindedInvoice>,
}

impl Due {
    /// The row of its letter.
    fn letter(&self, run: Uuid, as_of_on: NaiveDate, rate: Decimal, books: &str) -> Letter {
        let fee_amount = ledger::currency::rounded(self.fee.unwrap_or_default() / rate, &self.currency);
        let fee_base_amount = match self.fee {
            Some(fee) if self.currency == books => fee,
            _ => ledger::currency::rounded(fee_amount * rate, books),
        };
        let fee_amount = if fee_base_amount.is_zero() { Decimal::ZERO } else { fee_amount };
        Letter {
            id: Uuid::now_v7(),
            dunning_run_id: run,
            party_id: self.party_id,
            account_id: self.account_id,
            as_of_on,
            level: self.level,
            language: self.language.clone(),
            title: self.title.clone(),
            text: self.text.clone(),
            currency: self.currency.clone(),
            exchange_rate: rate,
            documents: json!(self.documents),
            overdue_amount: self.overdue_amount,
            fee_amount,
            fee_base_amount,
            fee_account_id: self.fee_account_id,
            total_amount: self.overdue_amount + fee_amount,
        }
    }
}

#[derive(Serialize)]
struct Letter {
    id: Uuid,
    dunning_run_id: Uuid,
    party_id: Uuid,
    account_id: Uuid,
    as_of_on: NaiveDate,
    level: i32,
    language: String,
    title: String,
    text: String,
    currency: String,
    exchange_rate: Decimal,
    documents: Value,
    overdue_amount: Decimal,
    fee_amount: Decimal,
    fee_base_amount: Decimal,
    fee_account_id: Option<Uuid>,
    total_amount: Decimal,
}

/// However many letters there are, they are one parameter.
const WRITE_LETTERS: &str = "
    insert into dunning_letters (id, dunning_run_id, party_id, account_id, as_of_on, level, language, title, text, currency, exchange_rate,
        documents, overdue_amount, fee_amount, fee_base_amount, fee_account_id, total_amount)
    select id, dunning_run_id, party_id, account_id, as_of_on, level, language, title, text, currency, exchange_rate,
        documents, overdue_amount, fee_amount, fee_base_amount, fee_account_id, total_amount
    from jsonb_populate_recordset(null::dunning_letters, $1)";

/// Create a dunning run
///
/// Finds what is overdue on the day, and writes a letter to each customer, for each currency: at most one level higher than the last,
/// and only after as many days as the levels are apart. What is held back is left out. It is a draft: nothing is booked and nobody is
/// reminded. A second run of the same day finds nothing that the first one found.
#[utoipa::path(post, path = "/v1/dunning-runs", tag = "Accounting")]
async fn create_dunning_run(
    may: May<Write, DunningRun>,
    new: Input<NewDunningRun>,
) -> Reply<Created<DunningRun>> {
    may.write(async |db| {
        let NewDunningRun { as_of_on, party_id } = new.0;
        let found = diesel::select((dunning_due(as_of_on, party_id), books_currency()));
        let (due, books): (Value, String) = found.get_result(db).await?;
        let due: Vec<Due> = serde_json::from_value(due).map_err(Problem::internal)?;
        let id = Uuid::now_v7();
        let mut letters = Vec::new();
        for each in &due {
            let rate = each.exchange_rate.ok_or_else(|| no_rate(&each.currency, as_of_on))?;
            letters.push(each.letter(id, as_of_on, rate, &books));
        }
        let run = (
            dunning_runs::id.eq(id),
            dunning_runs::as_of_on.eq(as_of_on),
            dunning_runs::party_id.eq(party_id),
            dunning_runs::letters.eq(i32::try_from(letters.len()).map_err(Problem::internal)?),
            dunning_runs::fees.eq(letters.iter().map(|letter| letter.fee_base_amount).sum::<Decimal>()),
        );
        let run = diesel::insert_into(dunning_runs::table).values(run).returning(DunningRun::as_returning());
        let run = run.get_result(db).await?;
        if !letters.is_empty() {
            diesel::sql_query(WRITE_LETTERS).bind::<Jsonb, _>(json!(letters)).execute(db).await?;
        }
        Ok(Created(run))
    })
    .await
}

fn no_rate(currency: &str, on: NaiveDate) -> Problem {
    let rule = format!(
        "there is no rate for {currency} on or before {on}, which letters need: add one at `/v1/exchange-rates`"
    );
    Problem::invalid(vec![Fault::at("/as_of_on", "no-rate", rule)])
}

/// Delete a dunning run
///
/// A draft goes with its letters, and its invoices can be reminded of by another run. What is posted stays.
#[utoipa::path(delete, path = "/v1/dunning-runs/{id}", tag = "Accounting")]
async fn delete_dunning_run(may: May<Write, DunningRun>, id: Id<DunningRun>) -> Reply<()> {
    may.write(async |db| {
        let expected = may.if_match()?;
        let run = DunningRun::lock(db, id.0).await?;
        platform::resource::same_version(&run, expected)?;
        if run.status == DunningRunStatus::Posted {
            return Err(INVALID_STATE.because("Customers were reminded by it already: what is posted stays."));
        }
        diesel::delete(dunning_runs::table.find((db.organization(), run.id))).execute(db).await?;
        Ok(())
    })
    .await
}

/// Letters of which something is not as it was when they were written: an invoice was paid or credited, in part or in whole, or held.
const LEAVE_OUT: &str = "
    delete from dunning_letters l where l.org_id = $1 and l.dunning_run_id = $2 and exists (
        select from jsonb_to_recordset(l.documents) d (invoice_id uuid, open_amount numeric)
        join open_items i on i.org_id = l.org_id and i.id = d.invoice_id
        where i.open_amount <> d.open_amount or is_held_from_dunning(l.party_id, d.invoice_id, l.as_of_on))";

#[derive(QueryableByName)]
struct Numbered {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    number: String,
}

const NUMBER: &str = "
    select given.id, given.number
    from (select array_agg(id order by id) as ids, array_agg(as_of_on order by id) as days from dunning_letters where org_id = $1 and dunning_run_id = $2) l
    cross join lateral unnest(l.ids, take_numbers('dunning-letters', l.ids, l.days)) given (id, number)";

const FINISH: &str = "
    update dunning_letters l set number = done.number, journal_entry_id = done.entry, status = 'posted'
    from unnest($3, $4, $5) done (id, number, entry) where l.org_id = $1 and l.dunning_run_id = $2 and l.id = done.id";

/// Fees are open under the numbers of their letters.
const OPEN: &str = "
    insert into open_items (id, resource, number, party_id, account_id, side, currency, exchange_rate, amount, base_amount,
        open_amount, open_base_amount, posted_on, due_on, journal_entry_id)
    select id, 'dunning-letters', number, party_id, account_id, 'debit', currency, exchange_rate, fee_amount, fee_base_amount,
        fee_amount, fee_base_amount, as_of_on, as_of_on, journal_entry_id
    from dunning_letters where org_id = $1 and dunning_run_id = $2 and fee_base_amount > 0";

/// A letter with a fee, as it is booked.
#[derive(Queryable, Selectable)]
#[diesel(table_name = dunning_letters)]
struct Charge {
    id: Uuid,
    party_id: Uuid,
    account_id: Uuid,
    as_of_on: NaiveDate,
    currency: String,
    exchange_rate: Decimal,
    fee_amount: Decimal,
    fee_base_amount: Decimal,
    fee_account_id: Option<Uuid>,
}

impl Charge {
    /// The customer owes it, and it is income. It is no price of goods or services, so there is no tax on it (Court of Justice
    /// C-222/81).
    fn posting(&self, number: &str, books: &str) -> Posting {
        let foreign = (self.currency != books).then(|| Foreign {
            currency: self.currency.clone(),
            amount: self.fee_amount,
            rate: self.exchange_rate,
        });
        let line = |account_id: Uuid, debit: Decimal, credit: Decimal| PostingLine {
            account_id,
            debit,
            credit,
            foreign: foreign.clone(),
            party_id: Some(self.party_id),
            ..PostingLine::default()
        };
        Posting {
            journal: JournalType::Sales,
            posted_on: self.as_of_on,
            description: format!("Fee of reminder {number}"),
            reference: Some(number.to_owned()),
            source: Some((DunningLetter::NAME, self.id)),
            lines: vec![
                line(self.account_id, self.fee_base_amount, Decimal::ZERO),
                line(self.fee_account_id.unwrap_or(self.account_id), Decimal::ZERO, self.fee_base_amount),
            ],
        }
    }
}

/// Post a dunning run
///
/// Its letters get their numbers and are final. Each fee is booked on the run's day, as a debit on the customer's receivable account and a
/// credit on the fee's, and is open under the letter's number until it is paid. A letter of which something was paid, credited or held
/// since is left out; the next run looks at its invoices anew.
#[utoipa::path(post, path = "/v1/dunning-runs/{id}/post", tag = "Accounting")]
async fn post_dunning_run(may: May<Post, DunningRun>, id: Id<DunningRun>) -> Reply<DunningRun> {
    may.write(async |db| {
        let run = lock(&may, db, &id).await?;
        LIFE.step(run.status.as_str(), "post")?;
        let org = db.organization();
        let left_out = diesel::sql_query(LEAVE_OUT).bind::<SqlUuid, _>(org).bind::<SqlUuid, _>(run.id);
        let left_out = left_out.execute(db).await?;
        let numbered = diesel::sql_query(NUMBER).bind::<SqlUuid, _>(org).bind::<SqlUuid, _>(run.id);
        let numbered: Vec<Numbered> = numbered.load(db).await?;
        let numbers: HashMap<Uuid, String> =
            numbered.into_iter().map(|each| (each.id, each.number)).collect();
        let (entries, fees) = book_fees(db, &run, &numbers).await?;
        if !numbers.is_empty() {
            let (ids, said): (Vec<&Uuid>, Vec<&String>) = numbers.iter().unzip();
            let entries: Vec<Option<&Uuid>> = ids.iter().map(|id| entries.get(*id)).collect();
            diesel::sql_query(FINISH)
                .bind::<SqlUuid, _>(org)
                .bind::<SqlUuid, _>(run.id)
                .bind::<Array<SqlUuid>, _>(ids)
                .bind::<Array<Text>, _>(said)
                .bind::<Array<Nullable<SqlUuid>>, _>(entries)
                .execute(db)
                .await?;
        }
        if !entries.is_empty() {
            diesel::sql_query(OPEN).bind::<SqlUuid, _>(org).bind::<SqlUuid, _>(run.id).execute(db).await?;
        }
        let posted = (
            dunning_runs::status.eq("posted"),
            dunning_runs::letters.eq(i32::try_from(numbers.len()).map_err(Problem::internal)?),
            dunning_runs::left_out.eq(i32::try_from(left_out).map_err(Problem::internal)?),
            dunning_runs::fees.eq(fees),
        );
        let one = dunning_runs::table.find((org, run.id));
        Ok(diesel::update(one).set(posted).returning(DunningRun::as_returning()).get_result(db).await?)
    })
    .await
}

/// Books the fees of a run. Answers the entry of each letter that has one, and what they come to in the organization's currency.
async fn book_fees(
    db: &mut Db,
    run: &DunningRun,
    numbers: &HashMap<Uuid, String>,
) -> Result<(HashMap<Uuid, Uuid>, Decimal)> {
    let fees = dunning_letters::table
        .filter(dunning_letters::org_id.eq(db.organization()))
        .filter(dunning_letters::dunning_run_id.eq(run.id))
        .filter(dunning_letters::fee_base_amount.gt(Decimal::ZERO))
        .order(dunning_letters::id)
        .select((Charge::as_select(), books_currency()));
    let fees: Vec<(Charge, String)> = fees.load(db).await?;
    if fees.is_empty() {
        return Ok((HashMap::new(), Decimal::ZERO));
    }
    let number = |fee: &Charge| numbers.get(&fee.id).map(String::as_str).unwrap_or_default();
    let postings: Vec<Posting> = fees.iter().map(|(fee, books)| fee.posting(number(fee), books)).collect();
    let entries = ledger::post_all(db, &postings).await?;
    let total = fees.iter().map(|(fee, _)| fee.fee_base_amount).sum();
    Ok((fees.iter().map(|(fee, _)| fee.id).zip(entries.iter().map(|entry| entry.id)).collect(), total))
}

pub fn routes(api: &mut Api) {
    api.readable::<DunningRun>()
        .call(operation!(create_dunning_run))
        .call(operation!(delete_dunning_run))
        .call(operation!(post_dunning_run));
}
