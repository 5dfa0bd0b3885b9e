//! What becomes of lines in the books: a payment that settles what is open, an entry of the bank journal against the account of
//! the ledger that keeps what is in the bank account; and the note of which entry explains which line.

use crate::bank_statement_lines::{BankStatementLine, LineStatus};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Integer, Jsonb, Nullable, Numeric, Text, Uuid as SqlUuid};
use ledger::{Foreign, JournalType, Posting, PostingLine};
use payments::{NewMoney, Part};
use platform::prelude::*;
use rust_decimal::Decimal;

/// Lines that rules book at once.
const MOST_AT_ONCE: i32 = 10_000;

/// A line, locked, and what it takes to book it.
#[derive(QueryableByName)]
pub(crate) struct Locked {
    #[diesel(embed)]
    pub line: BankStatementLine,
    /// The account of the ledger that keeps what is in the bank account.
    #[diesel(sql_type = SqlUuid)]
    pub ledger_account_id: Uuid,
    /// The organization's.
    #[diesel(sql_type = Text)]
    pub books: String,
    /// Units of the organization's currency for one of the line's, on the day of booking; none where there is no rate.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub rate: Option<Decimal>,
}

const LOCKED: &str = "with lines as materialized (
        select l.*, b.account_id as ledger_account_id
        from bank_statement_lines l join bank_accounts b on b.org_id = l.org_id and b.id = l.bank_account_id
        where l.org_id = (select current_org()) and l.id = any($1) order by l.id for no key update of l
    ), rates as materialized (
        select currency, booked_on, exchange_rate_on(currency, booked_on) as rate from (select distinct currency, booked_on from lines) day
    )
    select l.*, (select books_currency()) as books, r.rate from lines l join rates r on r.currency = l.currency and r.booked_on = l.booked_on order by l.id";

impl Locked {
    pub(crate) async fn line(db: &mut Db, id: Uuid) -> Result<Self> {
        Self::lines(db, &[id]).await?.pop().ok_or_else(Problem::not_found)
    }

    /// In the order of their ids.
    pub(crate) async fn lines(db: &mut Db, ids: &[Uuid]) -> Result<Vec<Self>> {
        Ok(diesel::sql_query(LOCKED).bind::<Array<SqlUuid>, _>(ids).load(db).await?)
    }
}

/// What part of a line goes to an account, or comes from it.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    pub account_id: Uuid,
    /// In the line's currency, with its sign: what went out is negative.
    pub amount: Decimal,
    pub description: Option<String>,
    pub party_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub cost_centre_id: Option<Uuid>,
    pub project_id: Option<Uuid>,
    pub pointer: String,
}

/// What part of a line settles an open item.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub party_id: Uuid,
    /// In the line's currency, with its sign: what came in settles what is owed to us.
    pub amount: Decimal,
    /// The same as a payment has it.
    pub part: Part,
    pub pointer: String,
}

/// What a line is explained by.
pub(crate) struct Explanation {
    pub of: Locked,
    /// The day in the books.
    pub on: NaiveDate,
    pub description: Option<String>,
    /// What was posted before, and how much of the line it is.
    pub entries: Vec<(Uuid, Decimal)>,
    /// What is settled: a payment for each party and direction is posted.
    pub settled: Vec<Settled>,
    /// What is kept for a party as its credit, or paid to it ahead.
    pub advance: Option<(Uuid, Decimal)>,
    /// What goes to accounts: an entry is posted for them.
    pub shares: Vec<Share>,
    pub rule: Option<Uuid>,
}

impl Explanation {
    /// Nothing yet: for its own day.
    pub(crate) fn new(of: Locked) -> Self {
        let (entries, settled, shares) = (Vec::new(), Vec::new(), Vec::new());
        let (on, description, advance, rule) = (of.line.booked_on, None, None, None);
        Self { of, on, description, entries, settled, advance, shares, rule }
    }

    /// What is paid, for each party and direction, and how much of the line each is.
    fn moneys(&self) -> Vec<(NewMoney, Decimal)> {
        let line = &self.of.line;
        let mut moneys: Vec<(NewMoney, Decimal)> = Vec::new();
        let settled = self.settled.iter().map(|part| (part.party_id, part.amount, Some(part)));
        let advance = self.advance.iter().map(|(party, amount)| (*party, *amount, None));
        for (party, amount, part) in settled.chain(advance) {
            let direction =
                if amount.is_sign_positive() { payments::Direction::In } else { payments::Direction::Out };
            let place = moneys
                .iter()
                .position(|(money, _)| money.party_id == party && money.direction == direction)
                .unwrap_or_else(|| {
                    let account = self.of.ledger_account_id;
                    let money =
                        NewMoney::new(direction, party, account, self.on, &line.currency, Decimal::ZERO);
                    let pointer = part.map(|part| part.pointer.clone()).unwrap_or_default();
                    let money = NewMoney { reference: reference(line), pointer, ..money };
                    moneys.push((money, Decimal::ZERO));
                    moneys.len() - 1
                });
            let (money, share) = &mut moneys[place];
            money.amount += amount.abs();
            *share += amount;
            money.allocations.extend(part.map(|part| part.part.clone()));
        }
        moneys
    }
}

/// What people would know the line by in the books.
fn reference(line: &BankStatementLine) -> Option<String> {
    let known = line.end_to_end_id.as_ref().or(line.reference.as_ref());
    known.map(|text| text.chars().take(100).collect())
}

/// What one unit of the line's currency is worth in the organization's.
fn rate(of: &Locked, pointer: &str) -> Result<Decimal> {
    of.rate.ok_or_else(|| {
        let (currency, on) = (&of.line.currency, of.line.booked_on);
        let rule =
            format!("there is no rate for {currency} on or before {on}: add one at `/v1/exchange-rates`");
        Problem::invalid(vec![Fault::at(pointer, "no-rate", rule)])
    })
}

/// What the line comes to in the books.
///
/// # Errors
/// 422 where there is no rate for its currency.
fn posting(of: &Locked, on: NaiveDate, description: Option<&str>, shares: &[Share]) -> Result<Posting> {
    let line = &of.line;
    let rate = rate(of, "/posted_on")?;
    let own = |amount: Decimal| {
        let worth = amount.checked_mul(rate).map(|worth| ledger::currency::rounded(worth, &of.books));
        worth.ok_or_else(|| {
            Problem::invalid(vec![Fault::at("", "out-of-range", "the amount is too large to be booked")])
        })
    };
    let foreign = |amount: Decimal| {
        let is_foreign = line.currency != of.books;
        is_foreign.then(|| Foreign { currency: line.currency.clone(), amount: amount.abs(), rate })
    };
    // What came in is a debit of the bank, and a credit of where it came from.
    let one = |account_id: Uuid, worth: Decimal, amount: Decimal| {
        let (debit, credit) =
            if worth.is_sign_positive() { (worth, Decimal::ZERO) } else { (Decimal::ZERO, -worth) };
        PostingLine { account_id, debit, credit, foreign: foreign(amount), ..PostingLine::default() }
    };
    let mut lines = Vec::with_capacity(shares.len() + 1);
    let mut sum = Decimal::ZERO;
    for share in shares {
        let worth = own(share.amount)?;
        sum += worth;
        lines.push(PostingLine {
            description: share.description.clone(),
            party_id: share.party_id,
            department_id: share.department_id,
            cost_centre_id: share.cost_centre_id,
            project_id: share.project_id,
            pointer: share.pointer.clone(),
            ..one(share.account_id, -worth, share.amount)
        });
    }
    let moved: Decimal = shares.iter().map(|share| share.amount).sum();
    lines.insert(0, one(of.ledger_account_id, sum, moved));
    let words = description.or(line.text.as_deref()).or(line.counterparty_name.as_deref());
    let words = words.unwrap_or("Bank statement line");
    Ok(Posting {
        journal: JournalType::Bank,
        posted_on: on,
        description: words.chars().take(500).collect(),
        reference: reference(line),
        source: Some((BankStatementLine::NAME, line.id)),
        lines,
    })
}

/// Which entries explain which lines, and how much of each.
#[derive(Default)]
struct Matches {
    lines: Vec<Uuid>,
    entries: Vec<Uuid>,
    amounts: Vec<Decimal>,
    own: Vec<bool>,
}

impl Matches {
    fn note(&mut self, line: Uuid, entry: Uuid, amount: Decimal, is_own: bool) {
        self.lines.push(line);
        self.entries.push(entry);
        self.amounts.push(amount);
        self.own.push(is_own);
    }
}

/// Posts what explains the lines, and notes it: all of them or none, in a number of statements that does not depend on how many
/// they are. The lines are in this state from then on, and come in the order of their ids.
///
/// # Errors
/// Those of payments and of posting: 422 at the pointers of what is settled and of the shares, 409 where the period is closed or
/// more would be settled than is open.
pub(crate) async fn explain(
    db: &mut Db,
    status: LineStatus,
    all: &[Explanation],
) -> Result<Vec<BankStatementLine>> {
    let mut matches = Matches::default();
    let (mut moneys, mut paid) = (Vec::new(), Vec::new());
    let (mut postings, mut posted) = (Vec::new(), Vec::new());
    for each in all {
        let line = each.of.line.id;
        for (entry, amount) in &each.entries {
            matches.note(line, *entry, *amount, false);
        }
        let moneys_of_line = each.moneys();
        if !moneys_of_line.is_empty() {
            rate(&each.of, "")?;
        }
        for (money, amount) in moneys_of_line {
            moneys.push(money);
            paid.push((line, amount));
        }
        if !each.shares.is_empty() {
            postings.push(posting(&each.of, each.on, each.description.as_deref(), &each.shares)?);
            posted.push((line, each.shares.iter().map(|share| share.amount).sum::<Decimal>()));
        }
    }
    if !moneys.is_empty() {
        for (payment, (line, amount)) in payments::pay_all(db, &moneys).await?.iter().zip(paid) {
            let entry = payment.journal_entry_id;
            let entry = entry.ok_or_else(|| Problem::internal("what is posted has no entry"))?;
            matches.note(line, entry, amount, true);
        }
    }
    if !postings.is_empty() {
        for (entry, (line, amount)) in ledger::post_all(db, &postings).await?.iter().zip(posted) {
            matches.note(line, entry.id, amount, true);
        }
    }
    // No join of what may be ten thousand with what may be millions: what is known of their sizes may be from before.
    let noted = "with noted as (
            insert into bank_matches (line_id, entry_id, amount, is_own) select * from unnest($1::uuid[], $2::uuid[], $3::numeric[], $4::bool[])
        ), stepped as (
            update bank_statement_lines l set status = $5, rule_id = ($6::jsonb ->> l.id::text)::uuid
            where l.org_id = (select current_org()) and l.id = any($7) returning l.*
        )
        select * from stepped order by id";
    let rules: serde_json::Map<String, serde_json::Value> =
        all.iter().filter_map(|each| Some((each.of.line.id.to_string(), json!(each.rule?)))).collect();
    let noting = diesel::sql_query(noted)
        .bind::<Array<SqlUuid>, _>(matches.lines)
        .bind::<Array<SqlUuid>, _>(matches.entries)
        .bind::<Array<Numeric>, _>(matches.amounts)
        .bind::<Array<Bool>, _>(matches.own)
        .bind::<Text, _>(status.as_str())
        .bind::<Jsonb, _>(serde_json::Value::Object(rules))
        .bind::<Array<SqlUuid>, _>(all.iter().map(|each| each.of.line.id).collect::<Vec<_>>());
    Ok(noting.load(db).await?)
}

/// Explains one line.
///
/// # Errors
/// As [`explain`].
pub(crate) async fn explain_one(
    db: &mut Db,
    status: LineStatus,
    one: Explanation,
) -> Result<BankStatementLine> {
    explain(db, status, &[one]).await?.pop().ok_or_else(Problem::not_found)
}

/// What was posted for a line.
#[derive(QueryableByName)]
struct Own {
    #[diesel(sql_type = SqlUuid)]
    entry_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    payment_id: Option<Uuid>,
}

/// Nothing explains the line any more, and what was posted for it is booked back.
///
/// # Errors
/// 409 where the period is closed, or what was paid was taken back before.
pub(crate) async fn take_back(
    db: &mut Db,
    line: &BankStatementLine,
    on: NaiveDate,
) -> Result<BankStatementLine> {
    let own: Vec<Own> = diesel::sql_query(
        "select e.id as entry_id, case e.resource when 'payments' then e.resource_id end as payment_id
        from bank_matches m join journal_entries e on e.org_id = m.org_id and e.id = m.entry_id
        where m.org_id = (select current_org()) and m.line_id = $1 and m.is_own and e.status = 'posted' order by e.id",
    )
    .bind::<SqlUuid, _>(line.id)
    .load(db)
    .await?;
    let forgotten = "with forgotten as (delete from bank_matches where org_id = (select current_org()) and line_id = $1)
        update bank_statement_lines set status = 'unmatched', rule_id = null where org_id = (select current_org()) and id = $1 returning *";
    let taken: BankStatementLine =
        diesel::sql_query(forgotten).bind::<SqlUuid, _>(line.id).get_result(db).await?;
    let why = format!("Taken back: {}", line.text.as_deref().unwrap_or("bank statement line"));
    let why: String = why.chars().take(200).collect();
    let paid: Vec<Uuid> = own.iter().filter_map(|each| each.payment_id).collect();
    if !paid.is_empty() {
        payments::void_all(db, &paid, "/posted_on", on, &why).await?;
    }
    // Besides payments one entry is posted for a line.
    for each in own.iter().filter(|each| each.payment_id.is_none()) {
        ledger::reverse(db, each.entry_id, on, &why).await?;
    }
    Ok(taken)
}

/// Books unmatched lines by the rules that book what comes in, or by this one: of these statements, or all. How many.
///
/// # Errors
/// Those of posting.
pub(crate) async fn by_rules(db: &mut Db, statements: Option<&[Uuid]>, rule: Option<Uuid>) -> Result<usize> {
    #[derive(QueryableByName)]
    struct Fit {
        #[diesel(sql_type = SqlUuid)]
        line_id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        rule_id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        account_id: Uuid,
        #[diesel(sql_type = Nullable<Text>)]
        description: Option<String>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        party_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        department_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        cost_centre_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        project_id: Option<Uuid>,
    }
    let fitting = "select f.line_id, f.rule_id, r.account_id, r.description, r.party_id, r.department_id, r.cost_centre_id, r.project_id
        from bank_rules_for($1, $2, $3) f join bank_rules r on r.org_id = (select current_org()) and r.id = f.rule_id order by f.line_id";
    let fits: Vec<Fit> = diesel::sql_query(fitting)
        .bind::<Nullable<Array<SqlUuid>>, _>(statements)
        .bind::<Nullable<SqlUuid>, _>(rule)
        .bind::<Integer, _>(MOST_AT_ONCE)
        .load(db)
        .await?;
    if fits.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Uuid> = fits.iter().map(|fit| fit.line_id).collect();
    let mut all = Vec::with_capacity(fits.len());
    for (fit, locked) in fits.into_iter().zip(Locked::lines(db, &ids).await?) {
        if locked.line.status != LineStatus::Unmatched {
            continue; // somebody else was faster
        }
        let share = Share {
            account_id: fit.account_id,
            amount: locked.line.amount.0,
            description: None,
            party_id: fit.party_id,
            department_id: fit.department_id,
            cost_centre_id: fit.cost_centre_id,
            project_id: fit.project_id,
            pointer: String::new(),
        };
        let explained = Explanation::new(locked);
        let (description, rule) = (fit.description, Some(fit.rule_id));
        all.push(Explanation { description, shares: vec![share], rule, ..explained });
    }
    Ok(explain(db, LineStatus::Booked, &all).await?.len())
}
