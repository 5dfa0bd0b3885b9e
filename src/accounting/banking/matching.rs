//! Matching: what in the books a line of a statement may be, with reasons, and lines of a whole statement matched with what they
//! surely are. What can be matched at all is the view `bank_match_candidates`; a room above that has more of it adds it there.

use crate::bank_statement_lines::BankStatementLine;
use crate::bank_statements::BankStatement;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Integer, Text, Uuid as SqlUuid};
use platform::prelude::*;

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
    /// What it is: `journal_entry`.
    #[schema(max_length = 63, example = "journal_entry")]
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    /// What people call it by.
    #[schema(max_length = 100, example = "BNK-2026-000012")]
    #[diesel(sql_type = Text)]
    number: String,
    /// Its day.
    #[schema(example = "2026-03-02")]
    #[diesel(sql_type = diesel::sql_types::Date)]
    on: NaiveDate,
    /// What of it no line explains yet, with the sign that a line would have.
    #[diesel(sql_type = diesel::sql_types::Numeric)]
    amount: Money,
    /// What it says.
    #[schema(max_length = 500, example = "Payment INV-2026-000041")]
    #[diesel(sql_type = Text)]
    description: String,
    /// How sure it is, of 100: 40 for a reference that the line quotes, 40 for the amount to the cent, 10 for the name of the other
    /// side, 10 for a day within five of the bank's.
    #[schema(minimum = 0, maximum = 100, example = 90)]
    #[diesel(sql_type = Integer)]
    score: i32,
    /// Why: `reference`, `amount`, `party`, `date`.
    #[schema(value_type = Vec<MatchReason>, max_items = 4, example = json!(["reference", "amount", "date"]))]
    #[diesel(sql_type = Array<Text>)]
    reasons: Vec<String>,
}

text_enum! {
    /// Why something may be what a line is.
    pub enum MatchReason { Reference = "reference", Amount = "amount", Party = "party", Date = "date" }
}

/// Proposals of a line
///
/// What in the books an unmatched line may be, the best first, each with its reasons; none where it is not unmatched.
#[utoipa::path(get, path = "/v1/bank-statement-lines/{id}/proposals", tag = "Banking")]
async fn get_bank_statement_line_proposals(
    may: May<Read, BankStatementLine>,
    id: Id<BankStatementLine>,
) -> Reply<Plain<MatchProposals>> {
    let proposals = may
        .read(async |db| {
            // Nothing to propose and no such line are two answers, in one statement.
            let found: Vec<Found> = diesel::sql_query(
                "select p.* from bank_statement_lines l left join bank_proposals(array[$1], 10) p on p.line_id = l.id
                where l.org_id = (select current_org()) and l.id = $1 order by p.score desc",
            )
            .bind::<SqlUuid, _>(id.0)
            .load(db)
            .await?;
            if found.is_empty() { Err(Problem::not_found()) } else { Ok(found) }
        })
        .await?;
    let proposals =
        MatchProposals { proposals: proposals.into_iter().filter_map(|each| each.proposal).collect() };
    Plain(proposals).answer(may.grants())
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(embed)]
    proposal: Option<MatchProposal>,
}

/// What came of matching a statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MatchedStatement {
    /// Lines that were matched.
    #[schema(minimum = 0, maximum = 50_000, example = 12)]
    matched: i64,
}

/// Match a statement
///
/// Matches every unmatched line of it that quotes the reference of exactly one entry which moved just its amount in the bank account
/// and is quoted by no other line. Nothing is posted. What is less sure is left to be decided line by line.
#[utoipa::path(post, path = "/v1/bank-statements/{id}/match", tag = "Banking")]
async fn match_bank_statement(
    may: May<Post, BankStatementLine>,
    id: Id<BankStatement>,
) -> Reply<Plain<MatchedStatement>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = BigInt)]
        matched: i64,
    }
    may.write(async |db| {
        let statement = BankStatement::lock(db, id.0).await?;
        let found: Found = diesel::sql_query(
            "with lines as (
                select id from bank_statement_lines
                where org_id = (select current_org()) and statement_id = $1 and status = 'unmatched' order by id for no key update
            ), sure as (
                select p.*, count(*) over (partition by p.line_id) as ways, count(*) over (partition by p.id) as wanted
                from bank_proposals(array(select id from lines), 10) p
                where p.kind = 'journal_entry' and p.reasons @> '{reference,amount}'
            ), noted as (
                insert into bank_matches (line_id, entry_id, amount) select line_id, id, amount from sure where ways = 1 and wanted = 1 returning line_id
            ), stepped as (
                update bank_statement_lines l set status = 'matched' from noted n where l.org_id = (select current_org()) and l.id = n.line_id returning 1
            )
            select count(*) as matched from stepped",
        )
        .bind::<SqlUuid, _>(statement.id)
        .get_result(db)
        .await?;
        Ok(Plain(MatchedStatement { matched: found.matched }))
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_bank_statement_line_proposals)).call(operation!(match_bank_statement));
}
