//! Matching: what in the books a line of a statement may be, with reasons; lines of a whole statement matched with what they
//! surely are; and what a line was matched with.

use crate::bank_statement_lines::{BankStatementLine, LineStatus};
use crate::bank_statements::BankStatement;
use crate::booking::{self, Explanation, Locked, Settled};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Date, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use payments::Part;
use platform::prelude::*;
use rust_decimal::Decimal;
use std::collections::HashMap;

text_enum! {
    /// What in the books a line may be: an entry that was posted, or what is open of a document or payment, which it settles.
    pub enum ProposalKind { JournalEntry = "journal_entry", OpenItem = "open_item" }
}

text_enum! {
    /// Why something may be what a line is: its number or reference is quoted, the amount is the same to the cent, where something is
    /// kept for paying early it is the same less that discount, the other side's account or name is the party's, the day is within five of
    /// the bank's.
    pub enum MatchReason { Reference = "reference", Amount = "amount", Discount = "discount", Account = "account", Party = "party", Date = "date" }
}

/// What a line may be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MatchProposals {
    /// The best first.
    #[schema(max_items = 10)]
    proposals: Vec<MatchProposal>,
}

/// Something in the books that a line may be.
#[derive(Clone, Debug, Serialize, ToSchema, QueryableByName)]
pub struct MatchProposal {
    #[diesel(sql_type = Text)]
    kind: ProposalKind,
    /// The entry, or the document or payment.
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    /// What is open, as in its path: `invoices`, `bills`; null for an entry.
    #[schema(max_length = 63, example = "invoices")]
    #[diesel(sql_type = Nullable<Text>)]
    resource: Option<String>,
    /// What people call it by.
    #[schema(max_length = 100, example = "INV-2026-000041")]
    #[diesel(sql_type = Text)]
    number: String,
    /// The day of the entry, or that on which what is open is due.
    #[schema(example = "2026-03-02")]
    #[diesel(sql_type = Date)]
    on: NaiveDate,
    /// The currency of the amount (ISO 4217).
    #[schema(min_length = 3, max_length = 3, example = "RON")]
    #[diesel(sql_type = Text)]
    currency: String,
    /// What of the entry no line explains yet, or what is open, with the sign that a line would have.
    #[diesel(sql_type = Numeric)]
    amount: Money,
    /// What of it is kept for paying early, where the line is the rest and the bank's day is within the days of its payment terms: to be
    /// named when the line is matched with it.
    #[schema(example = json!(null))]
    #[diesel(sql_type = Nullable<Numeric>)]
    discount_amount: Option<Money>,
    /// What the entry says.
    #[schema(max_length = 500, example = json!(null))]
    #[diesel(sql_type = Nullable<Text>)]
    description: Option<String>,
    /// Whose it is, where something is open.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    party_id: Option<Uuid>,
    /// What they are called.
    #[schema(max_length = 200, example = "Ana Pop SRL")]
    #[diesel(sql_type = Nullable<Text>)]
    party_name: Option<String>,
    /// How sure it is, of 100: 40 for a number or reference that the line quotes, 30 for the amount to the cent, a discount for paying
    /// early taken off where one may be kept, 15 for the account of the other side, 5 for its name, 10 for a day within five of the bank's.
    #[schema(minimum = 0, maximum = 100, example = 95)]
    #[diesel(sql_type = Integer)]
    score: i32,
    /// Why it may be.
    #[schema(value_type = Vec<MatchReason>, max_items = 6, example = json!(["reference", "amount", "account", "date"]))]
    #[diesel(sql_type = Array<Text>)]
    reasons: Vec<String>,
}

/// Proposals of a line
///
/// What in the books an unmatched line may be, the best first, each with its reasons: entries that moved money in the bank account
/// within half a year, and open items that it would settle. None where the line is not unmatched. It reads, and posts nothing.
#[utoipa::path(get, path = "/v1/bank-statement-lines/{id}/proposals", tag = "Banking")]
async fn get_bank_statement_line_proposals(
    may: May<Read, BankStatementLine>,
    id: Id<BankStatementLine>,
) -> Reply<Plain<MatchProposals>> {
    // Nothing to propose and no such line are two answers, in one statement.
    let proposing =
        "select p.* from bank_statement_lines l left join bank_proposals(array[$1], 10) p on p.line_id = l.id
        where l.org_id = (select current_org()) and l.id = $1 order by p.score desc, p.on, p.id";
    let proposals = of_line(&may, &id, proposing).await?;
    Plain(MatchProposals { proposals }).answer(may.grants())
}

/// What of the line is found; 404 where there is no line.
async fn of_line<T>(
    may: &May<Read, BankStatementLine>,
    id: &Id<BankStatementLine>,
    query: &'static str,
) -> Result<Vec<T>>
where
    T: QueryableByName<diesel::pg::Pg> + Send + 'static,
{
    let found: Vec<Found<T>> = may
        .read(async |db| {
            let found: Vec<Found<T>> = diesel::sql_query(query).bind::<SqlUuid, _>(id.0).load(db).await?;
            if found.is_empty() { Err(Problem::not_found()) } else { Ok(found) }
        })
        .await?;
    Ok(found.into_iter().filter_map(|each| each.found).collect())
}

#[derive(QueryableByName)]
struct Found<T: QueryableByName<diesel::pg::Pg>> {
    #[diesel(embed)]
    found: Option<T>,
}

/// What explains a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineMatches {
    /// Together they come to the amount of the line.
    #[schema(max_items = 1000)]
    matches: Vec<LineMatch>,
}

/// An entry that explains a line, and how much of it.
#[derive(Clone, Debug, Serialize, ToSchema, QueryableByName)]
pub struct LineMatch {
    /// The entry.
    #[diesel(sql_type = SqlUuid)]
    journal_entry_id: Uuid,
    /// Its number in the books.
    #[schema(max_length = 100, example = "BNK-2026-000012")]
    #[diesel(sql_type = Text)]
    number: String,
    /// Its day in the books.
    #[schema(example = "2026-03-02")]
    #[diesel(sql_type = Date)]
    posted_on: NaiveDate,
    /// What it says.
    #[schema(max_length = 500, example = "Payment of INV-2026-000041")]
    #[diesel(sql_type = Text)]
    description: String,
    /// How much of the line it explains, with the line's sign.
    #[diesel(sql_type = Numeric)]
    amount: Money,
    /// Whether it was posted for the line, and is booked back where the line is taken back.
    #[schema(example = true)]
    #[diesel(sql_type = Bool)]
    is_own: bool,
    /// The payment that it books, where it books one.
    #[schema(example = json!(null))]
    #[diesel(sql_type = Nullable<SqlUuid>)]
    payment_id: Option<Uuid>,
}

/// What explains a line
///
/// The entries that the line was matched with or that were posted for it, with their payments; none where it is unmatched. It reads,
/// and posts nothing.
#[utoipa::path(get, path = "/v1/bank-statement-lines/{id}/matches", tag = "Banking")]
async fn get_bank_statement_line_matches(
    may: May<Read, BankStatementLine>,
    id: Id<BankStatementLine>,
) -> Reply<Plain<LineMatches>> {
    let matching =
        "select m.entry_id as journal_entry_id, e.number, e.posted_on, e.description, m.amount, m.is_own,
            case e.resource when 'payments' then e.resource_id end as payment_id
        from bank_statement_lines l left join bank_matches m on m.org_id = l.org_id and m.line_id = l.id
        left join journal_entries e on e.org_id = m.org_id and e.id = m.entry_id
        where l.org_id = (select current_org()) and l.id = $1 order by e.posted_on, e.id";
    let matches = of_line(&may, &id, matching).await?;
    Plain(LineMatches { matches }).answer(may.grants())
}

/// What came of matching a statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MatchedStatement {
    /// Lines that were matched.
    #[schema(minimum = 0, maximum = 50_000, example = 12)]
    matched: usize,
    /// Those of them for which a payment was posted.
    #[schema(minimum = 0, maximum = 50_000, example = 10)]
    paid: usize,
}

/// What a line surely is.
#[derive(QueryableByName)]
struct Certainty {
    #[diesel(sql_type = SqlUuid)]
    line_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    /// Whose it is, where something is open.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    party_id: Option<Uuid>,
    /// What is kept of it for paying early.
    #[diesel(sql_type = Nullable<Numeric>)]
    discount_amount: Option<Decimal>,
}

/// Match a statement
///
/// Matches every unmatched line of it that is surely one thing: an entry that moved just its amount in the bank account, or something
/// open of just its amount, or of that and the discount that its terms give for paying so early, which the line quotes or whose
/// party's account it names, and that is so of no other entry, open item or line. For what was open, a payment of the bank's day is
/// posted and allocated to it. What is less sure is left to be decided line by line.
#[utoipa::path(post, path = "/v1/bank-statements/{id}/match", tag = "Banking")]
async fn match_bank_statement(
    may: May<Post, BankStatementLine>,
    id: Id<BankStatement>,
) -> Reply<Plain<MatchedStatement>> {
    may.write(async |db| {
        let statement = BankStatement::lock(db, id.0).await?;
        let sure: Vec<Certainty> = diesel::sql_query("select * from bank_certainties($1)")
            .bind::<SqlUuid, _>(statement.id)
            .load(db)
            .await?;
        let sure: HashMap<Uuid, Certainty> = sure.into_iter().map(|each| (each.line_id, each)).collect();
        let lines: Vec<Uuid> = sure.keys().copied().collect();
        let (mut all, mut paid) = (Vec::with_capacity(lines.len()), 0);
        for locked in Locked::lines(db, &lines).await? {
            let Some(found) = sure.get(&locked.line.id) else { continue };
            if locked.line.status != LineStatus::Unmatched {
                continue; // somebody else was faster
            }
            let amount = locked.line.amount.0;
            let explained = Explanation::new(locked);
            all.push(match found.party_id {
                None => Explanation { entries: vec![(found.id, amount)], ..explained },
                Some(party_id) => {
                    paid += 1;
                    let part = Part {
                        item_id: found.id,
                        amount: amount.abs(),
                        item_amount: None,
                        discount_amount: found.discount_amount,
                    };
                    let settled = Settled { party_id, amount, part, pointer: String::new() };
                    Explanation { settled: vec![settled], ..explained }
                }
            });
        }
        if !all.is_empty() {
            booking::explain(db, LineStatus::Matched, &all).await?;
        }
        Ok(Plain(MatchedStatement { matched: all.len(), paid }))
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_bank_statement_line_proposals))
        .call(operation!(get_bank_statement_line_matches))
        .call(operation!(match_bank_statement));
}
