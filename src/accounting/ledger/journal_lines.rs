//! Journal lines: every debit and credit that was posted. What reports add up is listed here, by the same filters.

use crate::accounts::AccountType;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use platform::prelude::*;
use schema::journal_lines;

text_enum! {
    /// Whether tax is owed, or got back.
    pub enum TaxSide { Payable = "payable", Recoverable = "recoverable" }
}
text_enum! {
    /// What stands with customers and suppliers: what they owe, what they are owed, or both.
    pub enum Control { Receivables = "receivables", Payables = "payables", Both = "both" }
}

impl Control {
    /// The types of the accounts that it stands on.
    pub fn account_types(self) -> &'static [&'static str] {
        match self {
            Self::Receivables => &["asset"],
            Self::Payables => &["liability"],
            Self::Both => &["asset", "liability"],
        }
    }
}

/// A debit or a credit in the books.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = journal_lines)]
pub struct JournalLine {
    pub id: Uuid,
    /// It never changes.
    #[schema(example = 1)]
    #[diesel(select_expression = first())]
    #[diesel(select_expression_type = SqlLiteral<BigInt>)]
    pub version: i64,
    /// The entry that it belongs to.
    pub entry_id: Uuid,
    /// Its place there.
    #[schema(minimum = 1, maximum = 10_000, example = 1)]
    pub line: i32,
    /// The day in the books.
    pub posted_on: NaiveDate,
    /// The account.
    pub account_id: Uuid,
    /// In the organization's currency; zero where it is a credit.
    pub debit: Money,
    /// In the organization's currency; zero where it is a debit.
    #[schema(example = "0.00")]
    pub credit: Money,
    /// The currency (ISO 4217) of what was booked.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// In that currency, where it is another than the organization's.
    #[schema(example = json!(null))]
    pub foreign_debit: Option<Money>,
    /// The same for a credit.
    #[schema(example = json!(null))]
    pub foreign_credit: Option<Money>,
    /// Units of the organization's currency for one of the other.
    #[schema(example = json!(null))]
    pub rate: Option<Rate>,
    /// What it is for, where the line has words of its own.
    #[schema(max_length = 500, example = json!(null))]
    pub description: Option<String>,
    /// The department that it is of.
    pub department_id: Option<Uuid>,
    /// The cost centre that it is of.
    pub cost_centre_id: Option<Uuid>,
    /// The project that it is of.
    pub project_id: Option<Uuid>,
    /// The customer or supplier that it is about.
    pub party_id: Option<Uuid>,
    /// Of the tax of a document: the tax code that it is by.
    #[schema(example = json!(null))]
    pub tax_code_id: Option<Uuid>,
    /// Of the tax of a document: whether it is owed, or got back.
    #[schema(example = json!(null))]
    pub tax_side: Option<TaxSide>,
    /// Of what a document is taxed for: the tax codes that it is taxed by.
    #[schema(max_items = 5, example = json!([]))]
    #[diesel(select_expression = taxed_by())]
    #[diesel(select_expression_type = SqlLiteral<Array<SqlUuid>>)]
    pub taxed_by: Vec<Uuid>,
    pub created_at: DateTime<Utc>,
    #[diesel(select_expression = created())]
    #[diesel(select_expression_type = SqlLiteral<Timestamptz>)]
    pub updated_at: DateTime<Utc>,
}

// What never changes has no version and no time of change of its own.
fn first() -> SqlLiteral<BigInt> {
    sql("1::bigint")
}
fn created() -> SqlLiteral<Timestamptz> {
    sql("journal_lines.created_at")
}
fn taxed_by() -> SqlLiteral<Array<SqlUuid>> {
    sql("coalesce(journal_lines.taxed_by, '{}')")
}

const OF_TYPE: &str = "journal_lines.account_id in (select a.id from accounts a where a.org_id = (select current_org()) and a.type = any(";

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct JournalLineFilter {
    /// Only lines of this entry.
    entry_id: Option<Uuid>,
    /// Only lines of this account.
    account_id: Option<Uuid>,
    /// Only lines of this account and of those in it, where it is a group.
    account_branch_id: Option<Uuid>,
    /// Only lines of accounts of this type.
    #[param(inline)]
    account_type: Option<AccountType>,
    /// Only lines of income and expenses, which make the result, or only others.
    affects_result: Option<bool>,
    /// Only lines of this day or later.
    posted_on_from: Option<NaiveDate>,
    /// Only lines of this day or earlier.
    posted_on_to: Option<NaiveDate>,
    /// Only lines of this department.
    department_id: Option<Uuid>,
    /// Only lines of this department and of those beneath it.
    department_branch_id: Option<Uuid>,
    /// Only lines of this cost centre.
    cost_centre_id: Option<Uuid>,
    /// Only lines of this project.
    project_id: Option<Uuid>,
    /// Only lines of this party.
    party_id: Option<Uuid>,
    /// Only the tax of documents by this code.
    tax_code_id: Option<Uuid>,
    /// Only the tax of documents by codes with this box of the return.
    #[param(min_length = 1, max_length = 40)]
    return_box: Option<String>,
    /// Only the tax of documents that is owed, or that is got back.
    #[param(inline)]
    tax_side: Option<TaxSide>,
    /// Only what documents are taxed for by this code.
    taxed_by: Option<Uuid>,
    /// Only what documents are taxed for by codes with this box of the return.
    #[param(min_length = 1, max_length = 40)]
    taxed_in_box: Option<String>,
    /// Only what documents are taxed for by codes whose tax is owed, or is got back: with reverse charge both.
    #[param(inline)]
    taxed_side: Option<TaxSide>,
    /// Only lines of the accounts on which stands what customers owe, what suppliers are owed, or both.
    #[param(inline)]
    control: Option<Control>,
    /// Only lines in this currency (ISO 4217).
    #[param(min_length = 3, max_length = 3)]
    currency: Option<String>,
    /// Only lines of entries that close a year, or only others.
    is_closing: Option<bool>,
}

impl Named for JournalLine {
    const NAME: &'static str = "journal-lines";
}

impl Resource for JournalLine {
    const PATH: &'static str = "/v1/journal-lines";
    const SINGULAR: &'static str = "journal_line";
    const TAG: &'static str = "Ledger";
    const SORT: &'static [SortKey] = &[SortKey::day("posted_on")];
    const USUAL_ORDER: &'static str = "posted_on";
    type Filter = JournalLineFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for JournalLine {
    type Table = journal_lines::table;
    const TABLE: &'static str = "journal_lines";
    const SEARCHED: &'static [&'static str] = &["description"];

    fn narrow(rows: Rows<Self>, by: JournalLineFilter) -> Rows<Self> {
        // Both are asked of the same code: a line may be taxed by several.
        let taxed = (by.taxed_in_box.is_some() || by.taxed_side.is_some())
            .then_some((by.taxed_in_box, by.taxed_side));
        rows.when(by.entry_id, |rows, id| rows.filter(journal_lines::entry_id.eq(id)))
            .when(by.account_id, |rows, id| rows.filter(journal_lines::account_id.eq(id)))
            .when(by.account_branch_id, |rows, id| {
                let is_in = "journal_lines.account_id in (select u.below_id from account_branches u
                    where u.org_id = (select current_org()) and u.above_id = ";
                rows.filter(sql::<Bool>(is_in).bind::<SqlUuid, _>(id).sql(")"))
            })
            .when(by.account_type, |rows, kind| {
                rows.filter(sql::<Bool>(OF_TYPE).bind::<Array<Text>, _>(vec![kind.as_str()]).sql("))"))
            })
            .when(by.affects_result, |rows, affects| {
                let types =
                    if affects { &["income", "expense"][..] } else { &["asset", "liability", "equity"] };
                rows.filter(sql::<Bool>(OF_TYPE).bind::<Array<Text>, _>(types.to_vec()).sql("))"))
            })
            .when(by.posted_on_from, |rows, day| rows.filter(journal_lines::posted_on.ge(day)))
            .when(by.posted_on_to, |rows, day| rows.filter(journal_lines::posted_on.le(day)))
            .when(by.department_id, |rows, id| rows.filter(journal_lines::department_id.eq(id)))
            .when(by.department_branch_id, |rows, id| {
                let is_in = "journal_lines.department_id in (select d.below_id from department_lines d
                    where d.org_id = (select current_org()) and d.above_id = ";
                rows.filter(sql::<Bool>(is_in).bind::<SqlUuid, _>(id).sql(")"))
            })
            .when(by.cost_centre_id, |rows, id| rows.filter(journal_lines::cost_centre_id.eq(id)))
            .when(by.project_id, |rows, id| rows.filter(journal_lines::project_id.eq(id)))
            .when(by.party_id, |rows, id| rows.filter(journal_lines::party_id.eq(id)))
            .when(by.tax_code_id, |rows, id| rows.filter(journal_lines::tax_code_id.eq(id)))
            .when(by.return_box, |rows, name| {
                let has = "journal_lines.tax_code_id in (select t.id from tax_codes t
                    where t.org_id = (select current_org()) and t.return_box = ";
                rows.filter(sql::<Bool>(has).bind::<Text, _>(name).sql(")"))
            })
            .when(by.tax_side, |rows, side| rows.filter(journal_lines::tax_side.eq(side)))
            .when(by.taxed_by, |rows, code| {
                let is_one = "journal_lines.taxed_by is not null and ";
                let by = " = any(journal_lines.taxed_by)";
                rows.filter(sql::<Bool>(is_one).bind::<SqlUuid, _>(code).sql(by))
            })
            .when(taxed, |rows, (name, side)| {
                let by_one = "journal_lines.taxed_by is not null and journal_lines.taxed_by && array(select t.id
                    from tax_codes t cross join (values (";
                let that_is_so = ")) asked (name, side)
                    where t.org_id = (select current_org()) and (asked.name is null or t.return_box = asked.name)
                        and case asked.side when 'payable' then t.direction = 'sale' or t.kind = 'reverse_charge'
                            when 'recoverable' then t.direction = 'purchase' else true end)";
                let asked = sql::<Bool>(by_one).bind::<Nullable<Text>, _>(name).sql(", ");
                rows.filter(asked.bind::<Nullable<Text>, _>(side.map(TaxSide::as_str)).sql(that_is_so))
            })
            .when(by.control, |rows, control| {
                let is_one = "journal_lines.account_id in (select c.id from unnest(";
                let types = control.account_types().to_vec();
                let of_type = ") t (type) cross join lateral control_accounts(t.type) c)";
                rows.filter(sql::<Bool>(is_one).bind::<Array<Text>, _>(types).sql(of_type))
            })
            .when(by.currency, |rows, currency| rows.filter(journal_lines::currency.eq(currency)))
            .when(by.is_closing, |rows, is_closing| rows.filter(journal_lines::is_closing.eq(is_closing)))
    }
}

pub fn routes(api: &mut Api) {
    api.listable::<JournalLine>();
}
