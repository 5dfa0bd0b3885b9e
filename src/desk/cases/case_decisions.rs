//! Case decisions: what is done for a customer, proposed by one and agreed to by another; policies may ask for more, by the amount. A credit note is made
//! with the yes, in the same transaction, once: posted where whoever says yes may post credit notes, else a draft for whoever may.

use crate::cases::Decision;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use invoicing::CreditedLine;
use invoicing::credit_notes::{self, CreditNote};
use platform::prelude::*;
use platform::problem::{CONFLICT, FORBIDDEN};
use schema::case_decisions;

/// What is done for a customer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = case_decisions)]
pub struct CaseDecision {
    pub id: Uuid,
    pub version: i64,
    /// The case.
    pub case_id: Uuid,
    pub decision: Decision,
    /// Why; a credit note says so, too.
    #[schema(max_length = 500, example = "Charged twice by our mistake")]
    pub reason: String,
    /// What it costs at the most; of a credit note, with its taxes.
    #[schema(example = "119.00")]
    pub amount: Option<Money>,
    /// The currency of that (ISO 4217): the invoice's, or the case's.
    #[schema(max_length = 3, example = "RON")]
    pub currency: Option<String>,
    /// The invoice that a credit note takes back.
    pub invoice_id: Option<Uuid>,
    /// What of it is taken back; null for all that is left.
    #[schema(value_type = Option<Vec<CreditedLine>>, max_items = 500)]
    pub lines: Option<List<CreditedLine>>,
    /// The day of a credit note, and its day in the books.
    #[schema(example = "2026-12-02")]
    pub issued_on: Option<NaiveDate>,
    /// The credit note that was made with the yes.
    #[schema(example = json!(null))]
    pub credit_note_id: Option<Uuid>,
    /// Why it was rejected.
    #[schema(max_length = 2000, example = json!(null))]
    pub rejection_reason: Option<String>,
    pub status: CaseDecisionStatus,
    /// Who proposed it: a user or an API client.
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether somebody agreed to it.
    pub enum CaseDecisionStatus { Proposed = "proposed", Approved = "approved", Rejected = "rejected" }
}

/// A decision to be: a case has one that waits or holds.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = case_decisions)]
#[serde(deny_unknown_fields)]
pub struct NewCaseDecision {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The case, which is neither answered nor over.
    case_id: Uuid,
    /// What is to be done.
    #[schema(example = "apology")]
    decision: Decision,
    /// Why; a credit note says so, too.
    #[schema(min_length = 1, max_length = 500, example = "We kept them waiting for a week")]
    reason: String,
    /// What it costs at the most; of a credit note, with its taxes, which it then does not exceed. In the currency of the invoice, or else of the case.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,16}(\.[0-9]{1,4})?$", example = "119.00")]
    amount: Option<Money>,
    /// The invoice that a credit note takes back: one of the customer's.
    #[schema(example = json!(null))]
    invoice_id: Option<Uuid>,
    /// What of it is taken back; left out, all that is left.
    #[schema(value_type = Option<Vec<CreditedLine>>, min_items = 1, max_items = 500, example = json!(null))]
    lines: Option<List<CreditedLine>>,
    /// The day of a credit note, and its day in the books; not before the invoice's.
    #[schema(example = json!(null))]
    issued_on: Option<NaiveDate>,
}

/// What of a proposal can be changed. Approvals that were given for it are void then.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = case_decisions)]
#[serde(deny_unknown_fields)]
pub struct EditCaseDecision {
    /// Why; a credit note says so, too.
    #[schema(min_length = 1, max_length = 500, example = "We kept them waiting for a fortnight")]
    reason: Option<String>,
    /// What it costs at the most.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,16}(\.[0-9]{1,4})?$", example = "150.00")]
    amount: Option<Option<Money>>,
    /// All that a credit note takes back from now on; null for all that is left.
    #[schema(value_type = Option<Vec<CreditedLine>>, min_items = 1, max_items = 500, example = json!(null))]
    lines: Option<Option<List<CreditedLine>>>,
    /// The day of a credit note.
    #[schema(example = json!(null))]
    issued_on: Option<Option<NaiveDate>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CaseDecisionFilter {
    /// Only decisions in this state.
    #[param(inline)]
    status: Option<CaseDecisionStatus>,
    /// Only decisions on this case.
    case_id: Option<Uuid>,
    /// Only decisions of this kind.
    #[param(inline)]
    decision: Option<Decision>,
}

static LIFE: Life = Life {
    states: &[
        ("proposed", "Waits for somebody else's yes."),
        ("approved", "It is done so, for good."),
        ("rejected", "It is not done; another decision can be proposed."),
    ],
    steps: &[
        Step { action: "approve", from: &["proposed"], to: "approved", verb: "approve" },
        Step { action: "reject", from: &["proposed"], to: "rejected", verb: "approve" },
    ],
};

impl Named for CaseDecision {
    const NAME: &'static str = "case-decisions";
}

impl Resource for CaseDecision {
    const PATH: &'static str = "/v1/case-decisions";
    const SINGULAR: &'static str = "case_decision";
    const TAG: &'static str = "Cases";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = CaseDecisionFilter;

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

impl Stored for CaseDecision {
    type Table = case_decisions::table;
    const TABLE: &'static str = "case_decisions";
    const SEARCHED: &'static [&'static str] = &["reason"];

    fn narrow(rows: Rows<Self>, by: CaseDecisionFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(case_decisions::status.eq(status)))
            .when(by.case_id, |rows, id| rows.filter(case_decisions::case_id.eq(id)))
            .when(by.decision, |rows, decision| rows.filter(case_decisions::decision.eq(decision)))
    }
}

/// A credit note takes an invoice back, and comes to no more than was said.
async fn check(
    db: &mut Db,
    decision: Decision,
    invoice_id: Option<Uuid>,
    issued_on: Option<NaiveDate>,
    lines: Option<&List<CreditedLine>>,
    amount: Option<Money>,
) -> Result<()> {
    let mut faults = Vec::new();
    let fields = [
        ("/invoice_id", invoice_id.is_some(), true),
        ("/issued_on", issued_on.is_some(), true),
        ("/amount", amount.is_some(), true),
        ("/lines", lines.is_some(), false),
    ];
    for (place, is_given, is_needed) in fields {
        if decision == Decision::CreditNote && is_needed && !is_given {
            faults.push(Fault::at(place, "required", "must be given for a credit note"));
        } else if decision != Decision::CreditNote && is_given && place != "/amount" {
            faults.push(Fault::at(place, "not-allowed", "is for credit notes alone: leave it out"));
        }
    }
    if let (Some(invoice), Some(day), Some(amount), true) = (invoice_id, issued_on, amount, faults.is_empty())
        && let Some(worth) =
            credit_notes::worth(db, invoice, day, lines.map(|lines| lines.0.as_slice())).await?
        && worth > amount
    {
        let rule = format!("must be at least {worth}, which the credit note comes to with its taxes");
        faults.push(Fault::at("/amount", "less-than-the-credit-note", rule));
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

impl Written for CaseDecision {
    type New = NewCaseDecision;
    type Edit = EditCaseDecision;

    async fn check_new(db: &mut Db, new: &NewCaseDecision) -> Result<()> {
        check(db, new.decision, new.invoice_id, new.issued_on, new.lines.as_ref(), new.amount).await
    }

    async fn check_edit(db: &mut Db, row: &Self, edit: &EditCaseDecision) -> Result<()> {
        let lines = edit.lines.as_ref().map_or(row.lines.as_ref(), Option::as_ref);
        let (amount, issued_on) =
            (edit.amount.unwrap_or(row.amount), edit.issued_on.unwrap_or(row.issued_on));
        check(db, row.decision, row.invoice_id, issued_on, lines, amount).await
    }
}

diesel::define_sql_function! {
    /// See the migration of services.
    fn may_reach(session: Nullable<SqlUuid>, verb: Text, resource: Text, id: SqlUuid) -> Bool;
}
diesel::define_sql_function! {
    fn current_session() -> Nullable<SqlUuid>;
}

/// Makes the credit note: in the books where whoever says yes may put it there and no policy asks for more, else a draft.
async fn credit(db: &mut Db, decision: &CaseDecision) -> Result<Option<Uuid>> {
    let (Some(invoice), Some(day), Some(amount)) = (decision.invoice_id, decision.issued_on, decision.amount)
    else {
        return Ok(None);
    };
    let lines = decision.lines.clone().map(|lines| lines.0);
    let note = credit_notes::draft(db, invoice, day, &decision.reason, None, lines).await?;
    if note.total_amount > amount {
        let rule = format!(
            "allows {amount}, and the credit note would come to {}: change the proposal",
            note.total_amount
        );
        return Err(CONFLICT.because("The credit note would cost more than was proposed.").at(Fault::at(
            "/amount",
            "less-than-the-credit-note",
            rule,
        )));
    }
    let may = |verb: &'static str| may_reach(current_session(), verb, CreditNote::NAME, note.id);
    let (may_write, may_approve, may_post): (bool, bool, bool) =
        diesel::select((may("write"), may("approve"), may("post"))).get_result(db).await?;
    if !may_write {
        return Err(
            FORBIDDEN.because("This makes a credit note, which needs the permission `credit-notes:write`.")
        );
    }
    let id = note.id;
    if may_approve && may_post {
        match approvals::require::<CreditNote>(db, id, "approve", &json!({})).await {
            Ok(()) => {
                credit_notes::finish(db, note).await?;
            }
            // Whoever the policy names looks at the draft.
            Err(problem) if problem.kind.code == "approval-required" => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(Some(id))
}

/// Approve a case decision
///
/// It is done so. Nobody approves what they proposed, and where a policy of the organization asks for it, by the amount say, it takes an approval of `approve`, too. A
/// credit note is made with it, once, and comes to no more than `amount`: posted and set off against its invoice where whoever calls may approve and post credit
/// notes, else a draft, for which they need `credit-notes:write`. The case is decided.
#[utoipa::path(post, path = "/v1/case-decisions/{id}/approve", tag = "Cases")]
async fn approve_case_decision(may: May<Approve, CaseDecision>, id: Id<CaseDecision>) -> Reply<CaseDecision> {
    may.write(async |db| {
        let decision = lock(&may, db, &id).await?;
        let status = LIFE.step(decision.status.as_str(), "approve")?;
        if decision.created_by == Some(may.claims().sub) {
            return Err(FORBIDDEN.because("Nobody approves what they proposed: ask somebody else to."));
        }
        approvals::require::<CaseDecision>(db, decision.id, "approve", &json!({})).await?;
        let note = credit(db, &decision).await?;
        let approved = (case_decisions::status.eq(status), case_decisions::credit_note_id.eq(note));
        let one = case_decisions::table.find((db.organization(), decision.id));
        Ok(diesel::update(one).set(approved).returning(CaseDecision::as_returning()).get_result(db).await?)
    })
    .await
}

/// Why a proposal is rejected.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectCaseDecisionRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "A credit note is due, not an apology.")]
    rejection_reason: String,
}

/// Reject a case decision
///
/// It is not done. Another decision can be proposed.
#[utoipa::path(post, path = "/v1/case-decisions/{id}/reject", tag = "Cases")]
async fn reject_case_decision(
    may: May<Approve, CaseDecision>,
    id: Id<CaseDecision>,
    why: Input<RejectCaseDecisionRequest>,
) -> Reply<CaseDecision> {
    may.write(async |db| {
        let decision = lock(&may, db, &id).await?;
        let rejected = (
            case_decisions::status.eq(LIFE.step(decision.status.as_str(), "reject")?),
            case_decisions::rejection_reason.eq(&why.0.rejection_reason),
        );
        let one = case_decisions::table.find((db.organization(), decision.id));
        Ok(diesel::update(one).set(rejected).returning(CaseDecision::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<CaseDecision>()
        .creatable::<CaseDecision>()
        .changeable::<CaseDecision>()
        .deletable::<CaseDecision>()
        .call(operation!(approve_case_decision))
        .call(operation!(reject_case_decision));
}
