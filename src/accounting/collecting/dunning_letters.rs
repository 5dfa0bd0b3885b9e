//! Dunning letters: what a customer is reminded of, one letter for each currency, in their language.

use invoicing::allocations;
use invoicing::printing::{PaperFacts, file_name};
use paper::{Align, Column, Kind, Row, Table, Width};
use parties::parties::Language;
use platform::prelude::*;
use platform::problem::CONFLICT;
use schema::dunning_letters;

/// What a customer is reminded of.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = dunning_letters)]
pub struct DunningLetter {
    pub id: Uuid,
    pub version: i64,
    /// Its number; null until its run is posted.
    #[schema(max_length = 40, example = "REM-2026-000012")]
    pub number: Option<String>,
    /// The run that made it.
    pub dunning_run_id: Uuid,
    /// The customer.
    pub party_id: Uuid,
    /// What is overdue on this day.
    #[schema(example = "2026-05-15")]
    pub as_of_on: NaiveDate,
    /// The highest level of its invoices, whose words and fee it has.
    #[schema(minimum = 1, maximum = 999, example = 1)]
    pub level: i32,
    pub language: Language,
    /// Its heading.
    #[schema(max_length = 100, example = "Friendly reminder")]
    pub title: String,
    /// What stands above the list of invoices.
    #[schema(max_length = 2000, example = "We have not received your payment of the invoices below yet.")]
    pub text: String,
    /// That of its invoices (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    pub exchange_rate: Rate,
    /// The invoices.
    #[schema(value_type = Vec<RemindedInvoice>, max_items = 10000)]
    pub documents: List<RemindedInvoice>,
    /// What of them is overdue.
    #[schema(example = "119.00")]
    pub overdue_amount: Money,
    /// What the letter costs the customer.
    #[schema(example = "0.00")]
    pub fee_amount: Money,
    /// The same in the organization's currency, as it is booked.
    #[schema(example = "0.00")]
    pub fee_base_amount: Money,
    /// Both together.
    #[schema(example = "119.00")]
    pub total_amount: Money,
    /// What books the fee; null where there is none, or until its run is posted.
    pub journal_entry_id: Option<Uuid>,
    /// The day in the books on which the fee was let go; null where it was not.
    #[schema(example = json!(null))]
    pub fee_waived_on: Option<NaiveDate>,
    pub status: DunningLetterStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a letter is final.
    pub enum DunningLetterStatus { Draft = "draft", Posted = "posted" }
}

/// An invoice of which a customer is reminded.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RemindedInvoice {
    /// The invoice.
    pub invoice_id: Uuid,
    /// Its number.
    #[schema(max_length = 40, example = "INV-2026-000042")]
    pub number: String,
    /// Its day.
    #[schema(example = "2026-03-31")]
    pub issued_on: NaiveDate,
    /// When the oldest of what is open of it was due.
    #[schema(example = "2026-04-30")]
    pub due_on: NaiveDate,
    /// How many days ago.
    #[schema(minimum = 1, example = 15)]
    pub days_overdue: i32,
    /// The level at which it is reminded of.
    #[schema(minimum = 1, maximum = 999, example = 1)]
    pub level: i32,
    /// All of it.
    #[schema(example = "119.00")]
    pub total_amount: Money,
    /// What is open of it.
    #[schema(example = "119.00")]
    pub open_amount: Money,
    /// What of that is overdue: instalments that are due later are not.
    #[schema(example = "119.00")]
    pub overdue_amount: Money,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct DunningLetterFilter {
    /// Only letters in this state.
    #[param(inline)]
    status: Option<DunningLetterStatus>,
    /// Only letters of this run.
    dunning_run_id: Option<Uuid>,
    /// Only letters to this customer.
    party_id: Option<Uuid>,
    /// Only the letter with this number.
    #[param(min_length = 1, max_length = 40)]
    number: Option<String>,
    /// Only letters of this day or later.
    as_of_on_from: Option<NaiveDate>,
    /// Only letters of this day or earlier.
    as_of_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Of a run that is not posted: nobody was reminded."),
        ("posted", "Sent under its number, for good; its fee is booked."),
    ],
    steps: &[Step { action: "waive_fee", from: &["posted"], to: "posted", verb: "void" }],
};

impl Named for DunningLetter {
    const NAME: &'static str = "dunning-letters";
}

impl Resource for DunningLetter {
    const PATH: &'static str = "/v1/dunning-letters";
    const SINGULAR: &'static str = "dunning_letter";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::day("as_of_on"), SortKey::instant("created_at")];
    type Filter = DunningLetterFilter;

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

impl Stored for DunningLetter {
    type Table = dunning_letters::table;
    const TABLE: &'static str = "dunning_letters";
    const SEARCHED: &'static [&'static str] = &["number", "title"];

    fn narrow(rows: Rows<Self>, by: DunningLetterFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(dunning_letters::status.eq(status)))
            .when(by.dunning_run_id, |rows, id| rows.filter(dunning_letters::dunning_run_id.eq(id)))
            .when(by.party_id, |rows, id| rows.filter(dunning_letters::party_id.eq(id)))
            .when(by.number, |rows, number| rows.filter(dunning_letters::number.eq(number)))
            .when(by.as_of_on_from, |rows, day| rows.filter(dunning_letters::as_of_on.ge(day)))
            .when(by.as_of_on_to, |rows, day| rows.filter(dunning_letters::as_of_on.le(day)))
    }
}

impl Printed for DunningLetter {
    type Facts = PaperFacts;

    async fn facts(&self, db: &mut Db) -> Result<PaperFacts> {
        PaperFacts::of(db, self.id, self.party_id, &self.currency).await
    }

    fn file_name(&self) -> String {
        file_name("reminder", self.number.as_deref())
    }

    fn print(&self, facts: &PaperFacts) -> Vec<u8> {
        let words = facts.words();
        let title = match &self.number {
            Some(number) => format!("{} {number}", words.reminder),
            None => format!("{} ({})", words.reminder, words.draft),
        };
        let mut paper = facts.sheet(&title);
        facts.address(&mut paper, words.issuer, words.customer);
        paper.facts(&[(words.issued_on.to_owned(), words.day(self.as_of_on))]);
        paper.heading(&self.title);
        paper.text(&self.text);
        let columns = vec![
            Column::new(words.invoice, Width::Share(1), Align::Left),
            Column::new(words.issued_on, Width::Fit, Align::Left),
            Column::new(words.due_on, Width::Fit, Align::Left),
            Column::new(words.days_overdue, Width::Fit, Align::Right),
            Column::new(words.level, Width::Fit, Align::Right),
            Column::new(words.total, Width::Fit, Align::Decimal),
            Column::new(words.amount_due, Width::Fit, Align::Decimal),
        ];
        let row = |each: &RemindedInvoice| {
            Row::plain([
                each.number.clone(),
                words.day(each.issued_on),
                words.day(each.due_on),
                each.days_overdue.to_string(),
                each.level.to_string(),
                words.amount(each.total_amount.0, &self.currency),
                words.amount(each.overdue_amount.0, &self.currency),
            ])
        };
        paper.table(&Table { columns, rows: self.documents.0.iter().map(row).collect() });
        let sum = |kind: Kind, label: &str, amount: Money| {
            Row::new(kind, 0, [label.to_owned(), words.money(amount.0, &self.currency)])
        };
        let mut rows = Vec::new();
        if !self.fee_amount.0.is_zero() {
            rows.push(sum(Kind::Plain, words.fee, self.fee_amount));
        }
        rows.push(sum(Kind::Total, words.amount_due, self.total_amount));
        let columns =
            vec![Column::new("", Width::Share(1), Align::Left), Column::new("", Width::Fit, Align::Decimal)];
        paper.table(&Table { columns, rows });
        facts.pay_to(&mut paper, self.number.as_deref());
        paper.finish()
    }
}

/// When and why a fee is let go.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiveDunningLetterFeeRequest {
    /// The day in the books.
    #[schema(example = "2026-05-31")]
    posted_on: NaiveDate,
    /// Why, for those who read the books.
    #[schema(min_length = 1, max_length = 200, example = "Their payment had crossed the letter")]
    reason: String,
}

/// Waive the fee of a dunning letter
///
/// Lets go of a fee of which nothing was paid: books it back on the day, and settles what was open under the letter's number. The
/// letter itself stays as it was sent.
#[utoipa::path(post, path = "/v1/dunning-letters/{id}/waive-fee", tag = "Accounting")]
async fn waive_dunning_letter_fee(
    may: May<Void, DunningLetter>,
    id: Id<DunningLetter>,
    why: Input<WaiveDunningLetterFeeRequest>,
) -> Reply<DunningLetter> {
    may.write(async |db| {
        let WaiveDunningLetterFeeRequest { posted_on, reason } = &why.0;
        let letter = lock(&may, db, &id).await?;
        LIFE.step(letter.status.as_str(), "waive_fee")?;
        let Some(entry) = letter.journal_entry_id else {
            return Err(CONFLICT.because("The letter has no fee that could be let go."));
        };
        if *posted_on < letter.as_of_on {
            let rule = format!("must not be before the letter, {}", letter.as_of_on);
            return Err(Problem::invalid(vec![Fault::at("/posted_on", "before-the-letter", rule)]));
        }
        let Some(fee) = allocations::lock_items(db, &[letter.id])
            .await?
            .pop()
            .filter(|fee| fee.open_amount == letter.fee_amount.0)
        else {
            return Err(CONFLICT.because(
                "The fee was let go or paid already, in part or in whole: take the payment off it first.",
            ));
        };
        let reversal = ledger::reverse(db, entry, *posted_on, reason).await?;
        allocations::settle_with_reversal(db, &fee, &reversal).await?;
        let one = dunning_letters::table.find((db.organization(), letter.id));
        let waived = diesel::update(one).set(dunning_letters::fee_waived_on.eq(*posted_on));
        Ok(waived.returning(DunningLetter::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.printable::<DunningLetter>().call(operation!(waive_dunning_letter_fee));
}
