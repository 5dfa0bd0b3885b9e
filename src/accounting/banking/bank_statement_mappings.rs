//! Mappings: what the columns of a bank's CSV mean, so that its files are taken as they come.

use crate::formats::csv::Mapping;
use platform::prelude::*;
use schema::bank_statement_mappings;

text_enum! {
    /// What stands between the columns.
    pub enum Delimiter { Comma = "comma", Semicolon = "semicolon", Tab = "tab", Pipe = "pipe" }
}

text_enum! {
    /// What stands before the decimals.
    pub enum DecimalSeparator { Point = "point", Comma = "comma" }
}

/// What the columns of a bank's CSV mean, by the names in its header.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = bank_statement_mappings)]
pub struct BankStatementMapping {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Banca Transilvania")]
    pub name: String,
    pub delimiter: Delimiter,
    /// Lines in front of the header, which say other things.
    #[schema(minimum = 0, maximum = 1000, example = 0)]
    pub skipped_lines: i32,
    /// How days are written: `YYYY` or `YY`, `MM` and `DD`, with anything of `.-/ ` between them.
    #[schema(max_length = 14, example = "DD.MM.YYYY")]
    pub date_format: String,
    pub decimal_separator: DecimalSeparator,
    /// The column of the day of booking.
    #[schema(max_length = 100, example = "Data")]
    pub booking_day: String,
    /// The column of the value date.
    #[schema(max_length = 100, example = json!(null))]
    pub value_day: Option<String>,
    /// The column of the amount, with its sign or with `direction` beside it.
    #[schema(max_length = 100, example = "Suma")]
    pub amount: Option<String>,
    /// The column of what went out, where there are two.
    #[schema(max_length = 100, example = json!(null))]
    pub debit: Option<String>,
    /// The column of what came in, where there are two.
    #[schema(max_length = 100, example = json!(null))]
    pub credit: Option<String>,
    /// The column that says whether the amount went out.
    #[schema(max_length = 100, example = json!(null))]
    pub direction: Option<String>,
    /// What `direction` says of what went out.
    #[schema(max_length = 100, example = json!(null))]
    pub outgoing: Option<String>,
    /// The column of the currency.
    #[schema(max_length = 100, example = json!(null))]
    pub currency: Option<String>,
    /// The column of the reference that both sides know.
    #[schema(max_length = 100, example = json!(null))]
    pub reference: Option<String>,
    /// The column of the reference that went from end to end.
    #[schema(max_length = 100, example = json!(null))]
    pub end_to_end_id: Option<String>,
    /// The column of the other side's name.
    #[schema(max_length = 100, example = "Partener")]
    pub counterparty_name: Option<String>,
    /// The column of the other side's IBAN or account number.
    #[schema(max_length = 100, example = json!(null))]
    pub counterparty_account: Option<String>,
    /// The column of what the payment is for.
    #[schema(max_length = 100, example = "Detalii")]
    pub text: Option<String>,
    /// The column of what the bank calls the booking.
    #[schema(max_length = 100, example = json!(null))]
    pub bank_reference: Option<String>,
    /// The column of what was in the account after the line.
    #[schema(max_length = 100, example = json!(null))]
    pub balance: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A mapping to be. It names either `amount` or both `debit` and `credit`.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = bank_statement_mappings)]
#[serde(deny_unknown_fields)]
pub struct NewBankStatementMapping {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Banca Transilvania")]
    name: String,
    /// What stands between the columns; `comma`, unless told.
    delimiter: Option<Delimiter>,
    /// Lines in front of the header; none, unless told.
    #[schema(minimum = 0, maximum = 1000, example = 0)]
    skipped_lines: Option<i32>,
    /// How days are written: `YYYY` or `YY`, `MM` and `DD`, with anything of `.-/ ` between them.
    #[schema(max_length = 14, pattern = "^[-YMD./ ]{6,14}$", example = "DD.MM.YYYY")]
    date_format: String,
    /// What stands before the decimals; `point`, unless told.
    decimal_separator: Option<DecimalSeparator>,
    /// The column of the day of booking.
    #[schema(min_length = 1, max_length = 100, example = "Data")]
    booking_day: String,
    /// The column of the value date.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    value_day: Option<String>,
    /// The column of the amount, with its sign or with `direction` beside it.
    #[schema(min_length = 1, max_length = 100, example = "Suma")]
    amount: Option<String>,
    /// The column of what went out, where there are two.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    debit: Option<String>,
    /// The column of what came in, where there are two.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    credit: Option<String>,
    /// The column that says whether the amount went out; with `outgoing`.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    direction: Option<String>,
    /// What `direction` says of what went out.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    outgoing: Option<String>,
    /// The column of the currency.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    currency: Option<String>,
    /// The column of the reference that both sides know.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    reference: Option<String>,
    /// The column of the reference that went from end to end.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    end_to_end_id: Option<String>,
    /// The column of the other side's name.
    #[schema(min_length = 1, max_length = 100, example = "Partener")]
    counterparty_name: Option<String>,
    /// The column of the other side's IBAN or account number.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    counterparty_account: Option<String>,
    /// The column of what the payment is for.
    #[schema(min_length = 1, max_length = 100, example = "Detalii")]
    text: Option<String>,
    /// The column of what the bank calls the booking.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    bank_reference: Option<String>,
    /// The column of what was in the account after the line.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    balance: Option<String>,
}

/// What of a mapping can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = bank_statement_mappings)]
#[serde(deny_unknown_fields)]
pub struct EditBankStatementMapping {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Banca Transilvania, export nou")]
    name: Option<String>,
    /// What stands between the columns.
    delimiter: Option<Delimiter>,
    /// Lines in front of the header.
    #[schema(minimum = 0, maximum = 1000, example = 2)]
    skipped_lines: Option<i32>,
    /// How days are written: `YYYY` or `YY`, `MM` and `DD`, with anything of `.-/ ` between them.
    #[schema(max_length = 14, pattern = "^[-YMD./ ]{6,14}$", example = "YYYY-MM-DD")]
    date_format: Option<String>,
    /// What stands before the decimals.
    decimal_separator: Option<DecimalSeparator>,
    /// The column of the day of booking.
    #[schema(min_length = 1, max_length = 100, example = "Data")]
    booking_day: Option<String>,
    /// The column of the value date.
    #[schema(min_length = 1, max_length = 100, example = "Data valutei")]
    value_day: Option<Option<String>>,
    /// The column of the amount.
    #[schema(min_length = 1, max_length = 100, example = "Suma")]
    amount: Option<Option<String>>,
    /// The column of what went out, where there are two.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    debit: Option<Option<String>>,
    /// The column of what came in, where there are two.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    credit: Option<Option<String>>,
    /// The column that says whether the amount went out.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    direction: Option<Option<String>>,
    /// What `direction` says of what went out.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    outgoing: Option<Option<String>>,
    /// The column of the currency.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    currency: Option<Option<String>>,
    /// The column of the reference that both sides know.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    reference: Option<Option<String>>,
    /// The column of the reference that went from end to end.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    end_to_end_id: Option<Option<String>>,
    /// The column of the other side's name.
    #[schema(min_length = 1, max_length = 100, example = "Partener")]
    counterparty_name: Option<Option<String>>,
    /// The column of the other side's IBAN or account number.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    counterparty_account: Option<Option<String>>,
    /// The column of what the payment is for.
    #[schema(min_length = 1, max_length = 100, example = "Detalii")]
    text: Option<Option<String>>,
    /// The column of what the bank calls the booking.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    bank_reference: Option<Option<String>>,
    /// The column of what was in the account after the line.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    balance: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BankStatementMappingFilter {
    /// Only the mapping of this name.
    #[param(min_length = 1, max_length = 100)]
    name: Option<String>,
}

impl Named for BankStatementMapping {
    const NAME: &'static str = "bank-statement-mappings";
}

impl Resource for BankStatementMapping {
    const PATH: &'static str = "/v1/bank-statement-mappings";
    const SINGULAR: &'static str = "bank_statement_mapping";
    const TAG: &'static str = "Banking";
    const SORT: &'static [SortKey] = &[SortKey::text("name")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = BankStatementMappingFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for BankStatementMapping {
    type Table = bank_statement_mappings::table;
    const TABLE: &'static str = "bank_statement_mappings";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: BankStatementMappingFilter) -> Rows<Self> {
        rows.when(by.name, |rows, name| rows.filter(bank_statement_mappings::name.eq(name)))
    }
}

impl Written for BankStatementMapping {
    type New = NewBankStatementMapping;
    type Edit = EditBankStatementMapping;

    async fn check_new(_: &mut Db, new: &NewBankStatementMapping) -> Result<()> {
        check_format(&new.date_format)
    }

    async fn check_edit(_: &mut Db, _: &Self, edit: &EditBankStatementMapping) -> Result<()> {
        edit.date_format.as_deref().map_or(Ok(()), check_format)
    }
}

/// A format of days has each part of a day once.
fn check_format(format: &str) -> Result<()> {
    let rest = format.replacen("YYYY", "", 1);
    let rest = if rest.len() == format.len() { format.replacen("YY", "", 1) } else { rest };
    let rest = rest.replacen("MM", "", 1).replacen("DD", "", 1);
    if rest.len() == format.len().saturating_sub(if format.contains("YYYY") { 8 } else { 6 })
        && !rest.contains(['Y', 'M', 'D'])
    {
        return Ok(());
    }
    let rule = "must have `YYYY` or `YY`, `MM` and `DD`, each once, such as DD.MM.YYYY";
    Err(Problem::invalid(vec![Fault::at("/date_format", "wrong-format", rule)]))
}

impl BankStatementMapping {
    /// As the reader of files takes it.
    pub(crate) fn for_reading(self) -> Mapping {
        let delimiter = match self.delimiter {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
            Delimiter::Tab => b'\t',
            Delimiter::Pipe => b'|',
        };
        let decimal_separator = match self.decimal_separator {
            DecimalSeparator::Point => b'.',
            DecimalSeparator::Comma => b',',
        };
        Mapping {
            delimiter,
            skipped_lines: u32::try_from(self.skipped_lines).unwrap_or(0),
            date_format: self.date_format,
            decimal_separator,
            booking_day: self.booking_day,
            value_day: self.value_day,
            amount: self.amount,
            debit: self.debit,
            credit: self.credit,
            direction: self.direction,
            outgoing: self.outgoing,
            currency: self.currency,
            reference: self.reference,
            end_to_end_id: self.end_to_end_id,
            counterparty_name: self.counterparty_name,
            counterparty_account: self.counterparty_account,
            text: self.text,
            bank_reference: self.bank_reference,
            balance: self.balance,
        }
    }
}

pub fn routes(api: &mut Api) {
    api.resource::<BankStatementMapping>();
}
