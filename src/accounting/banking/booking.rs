//! What becomes of lines in the books: an entry of the bank journal for each, against the account of the ledger that keeps
//! what is in the bank account; and the note of which entry explains which line.

use crate::bank_statement_lines::{BankStatementLine, LineStatus};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use ledger::{Foreign, JournalType, Posting, PostingLine};
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
    /// What explains it; one of them, where there are several.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub entry_id: Option<Uuid>,
}

const LOCKED: &str = "select l.*, b.account_id as ledger_account_id, books_currency() as books, exchange_rate_on(l.currency, l.booked_on) as rate,
        (select m.entry_id from bank_matches m where m.org_id = l.org_id and m.line_id = l.id limit 1) as entry_id
    from bank_statement_lines l join bank_accounts b on b.org_id = l.org_id and b.id = l.bank_account_id
    where l.org_id = (select current_org()) and l.id = any($1) order by l.id for no key update of l";

impl Locked {
    pub(crate) async fn line(db: &mut Db, id: Uuid) -> Result<Self> {
        Self::lines(db, &[id]).await?.pop().ok_or_else(Problem::not_found)
    }

    /// In the order of their ids.
    async fn lines(db: &mut Db, ids: &[Uuid]) -> Result<Vec<Self>> {
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

/// What the line comes to in the books.
///
/// # Errors
/// 422 where there is no rate for its currency.
pub(crate) fn posting(
    of: &Locked,
    on: NaiveDate,
    description: Option<String>,
    shares: &[Share],
) -> Result<Posting> {
    let line = &of.line;
    let rate = of.rate.ok_or_else(|| {
        let rule = format!(
            "there is no rate for {} on or before {}: add one at `/v1/exchange-rates`",
            line.currency, line.booked_on
        );
        Problem::invalid(vec![Fault::at("/posted_on", "no-rate", rule)])
    })?;
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
    let bank = one(of.ledger_account_id, sum, line.amount.0);
    lines.insert(0, PostingLine { pointer: String::new(), ..bank });
    let words = description.or_else(|| line.text.clone()).or_else(|| line.counterparty_name.clone());
    let words = words.unwrap_or_else(|| "Bank statement line".to_owned());
    Ok(Posting {
        journal: JournalType::Bank,
        posted_on: on,
        description: words.chars().take(500).collect(),
        reference: line
            .end_to_end_id
            .as_ref()
            .or(line.reference.as_ref())
            .map(|text| text.chars().take(100).collect()),
        source: Some((BankStatementLine::NAME, line.id)),
        lines,
    })
}

/// Books the line for good.
///
/// # Errors
/// Those of posting: 422 at the pointers of the shares, 409 where the period is closed.
pub(crate) async fn book(
    db: &mut Db,
    of: &Locked,
    on: NaiveDate,
    description: Option<String>,
    shares: &[Share],
    status: LineStatus,
) -> Result<BankStatementLine> {
    let entry = ledger::post(db, &posting(of, on, description, shares)?).await?;
    explain(db, of.line.id, &[(entry.id, of.line.amount.0)], status).await
}

/// Notes which entries explain the line, and how much of it each.
pub(crate) async fn explain(
    db: &mut Db,
    line: Uuid,
    by: &[(Uuid, Decimal)],
    status: LineStatus,
) -> Result<BankStatementLine> {
    let (entries, amounts): (Vec<Uuid>, Vec<Decimal>) = by.iter().copied().unzip();
    let noted = "with noted as (
            insert into bank_matches (line_id, entry_id, amount) select $1, entry_id, amount from unnest($2::uuid[], $3::numeric[]) m (entry_id, amount)
        )
        update bank_statement_lines set status = $4 where org_id = (select current_org()) and id = $1 returning *";
    let noting = diesel::sql_query(noted)
        .bind::<SqlUuid, _>(line)
        .bind::<Array<SqlUuid>, _>(entries)
        .bind::<Array<Numeric>, _>(amounts)
        .bind::<Text, _>(status.as_str());
    Ok(noting.get_result(db).await?)
}

/// Nothing explains the line any more.
pub(crate) async fn forget(db: &mut Db, line: Uuid) -> Result<BankStatementLine> {
    let forgotten = "with forgotten as (delete from bank_matches where org_id = (select current_org()) and line_id = $1)
        update bank_statement_lines set status = 'unmatched', rule_id = null where org_id = (select current_org()) and id = $1 returning *";
    Ok(diesel::sql_query(forgotten).bind::<SqlUuid, _>(line).get_result(db).await?)
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
    let (mut lines, mut rules, mut postings) = (Vec::new(), Vec::new(), Vec::new());
    for (fit, locked) in fits.iter().zip(Locked::lines(db, &ids).await?) {
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
        postings.push(posting(&locked, locked.line.booked_on, fit.description.clone(), &[share])?);
        lines.push(locked.line.id);
        rules.push(fit.rule_id);
    }
    let entries: Vec<Uuid> = ledger::post_all(db, &postings).await?.iter().map(|entry| entry.id).collect();
    let booked = "with given as (select * from unnest($1::uuid[], $2::uuid[], $3::uuid[]) g (line_id, entry_id, rule_id)), noted as (
            insert into bank_matches (line_id, entry_id, amount)
            select g.line_id, g.entry_id, l.amount from given g join bank_statement_lines l on l.org_id = (select current_org()) and l.id = g.line_id
        )
        update bank_statement_lines l set status = 'booked', rule_id = g.rule_id from given g where l.org_id = (select current_org()) and l.id = g.line_id";
    let booking = diesel::sql_query(booked)
        .bind::<Array<SqlUuid>, _>(&lines)
        .bind::<Array<SqlUuid>, _>(entries)
        .bind::<Array<SqlUuid>, _>(rules);
    booking.execute(db).await?;
    Ok(lines.len())
}
