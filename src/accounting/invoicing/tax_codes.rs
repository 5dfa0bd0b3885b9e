//! Tax codes: which tax is on what is sold and bought, at which rate from which day, and where it is booked and declared.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::tax_codes;

/// A tax on what is sold or bought.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = tax_codes)]
pub struct TaxCode {
    pub id: Uuid,
    pub version: i64,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, example = "S19")]
    pub code: String,
    /// What it is.
    #[schema(max_length = 100, example = "VAT 19 % on sales")]
    pub name: String,
    pub direction: TaxDirection,
    pub kind: TaxKind,
    /// Whether unit prices with this code include the tax.
    #[schema(example = false)]
    pub price_includes_tax: bool,
    /// Why there is no tax, as documents have to say it (Directive 2006/112/EC, art. 226 (11)).
    #[schema(max_length = 200, example = json!(null))]
    pub exemption_reason: Option<String>,
    /// The rates, each from day to day. No day has two.
    #[schema(value_type = Vec<TaxRate>, max_items = 50)]
    pub rates: List<TaxRate>,
    /// Where tax that is owed is booked; null for the account with the role `tax_payable`.
    pub payable_account_id: Option<Uuid>,
    /// Where tax that is got back is booked; null for the account with the role `tax_recoverable`.
    pub recoverable_account_id: Option<Uuid>,
    /// The box of the tax return that it is declared in.
    #[schema(max_length = 40, example = "9")]
    pub return_box: Option<String>,
    pub status: TaxCodeStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a tax is on what is sold or on what is bought.
    pub enum TaxDirection { Sale = "sale", Purchase = "purchase" }
}
text_enum! {
    /// What kind of tax it is. Exempt and zero are 0 % both, and declared apart. With reverse charge the buyer owes the tax:
    /// a bill books it as owed and as got back, and its total is without it (Directive 2006/112/EC, art. 194 to 199).
    pub enum TaxKind { Standard = "standard", Reduced = "reduced", Zero = "zero", Exempt = "exempt", ReverseCharge = "reverse_charge" }
}
text_enum! {
    /// Whether new documents may use it.
    pub enum TaxCodeStatus { Active = "active", Archived = "archived" }
}

/// A rate from day to day.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxRate {
    /// In percent.
    #[schema(value_type = String, max_length = 8, pattern = r"^(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)$", example = "19")]
    pub rate: Decimal,
    /// The first day.
    #[schema(example = "2017-01-01")]
    pub from_on: NaiveDate,
    /// The last day; null while there is no end to it.
    #[schema(example = json!(null))]
    pub to_on: Option<NaiveDate>,
}

/// A tax code to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = tax_codes, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewTaxCode {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9.-]{0,19}$", example = "S19")]
    code: String,
    /// What it is.
    #[schema(min_length = 1, max_length = 100, example = "VAT 19 % on sales")]
    name: String,
    /// On what is sold, or on what is bought.
    #[schema(example = "sale")]
    direction: TaxDirection,
    /// What the law calls it.
    #[schema(example = "standard")]
    kind: TaxKind,
    /// Whether unit prices with this code include the tax; not, unless told.
    #[schema(example = false)]
    #[serde(default)]
    price_includes_tax: bool,
    /// Why there is no tax, as documents have to say it; what is exempt says why.
    #[schema(min_length = 1, max_length = 200, example = json!(null))]
    exemption_reason: Option<String>,
    /// The rates, each from day to day. No day has two.
    #[schema(value_type = Vec<TaxRate>, min_items = 1, max_items = 50)]
    rates: List<TaxRate>,
    /// Where tax that is owed is booked; left out, the account with the role `tax_payable`.
    #[schema(example = json!(null))]
    payable_account_id: Option<Uuid>,
    /// Where tax that is got back is booked; left out, the account with the role `tax_recoverable`.
    #[schema(example = json!(null))]
    recoverable_account_id: Option<Uuid>,
    /// The box of the tax return that it is declared in.
    #[schema(min_length = 1, max_length = 40, example = "9")]
    return_box: Option<String>,
}

/// What of a tax code can be changed. What documents were figured with stays as it was on their days: let another rate
/// begin later.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = tax_codes)]
#[serde(deny_unknown_fields)]
pub struct EditTaxCode {
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9.-]{0,19}$", example = "S19")]
    code: Option<String>,
    /// What it is.
    #[schema(min_length = 1, max_length = 100, example = "VAT, standard rate, on sales")]
    name: Option<String>,
    /// Stays, once documents use it.
    #[schema(example = "sale")]
    direction: Option<TaxDirection>,
    /// Stays, once documents use it.
    #[schema(example = "standard")]
    kind: Option<TaxKind>,
    /// Whether unit prices with this code include the tax. Stays, once documents use it.
    #[schema(example = false)]
    price_includes_tax: Option<bool>,
    /// Why there is no tax, as documents have to say it; what is exempt says why.
    #[schema(min_length = 1, max_length = 200, example = json!(null))]
    exemption_reason: Option<Option<String>>,
    /// All rates from now on, those of the past among them.
    #[schema(value_type = Option<Vec<TaxRate>>, min_items = 1, max_items = 50)]
    rates: Option<List<TaxRate>>,
    /// Where tax that is owed is booked; null for the account with the role `tax_payable`.
    #[schema(example = json!(null))]
    payable_account_id: Option<Option<Uuid>>,
    /// Where tax that is got back is booked; null for the account with the role `tax_recoverable`.
    #[schema(example = json!(null))]
    recoverable_account_id: Option<Option<Uuid>>,
    /// The box of the tax return that it is declared in.
    #[schema(min_length = 1, max_length = 40, example = "9")]
    return_box: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TaxCodeFilter {
    /// Only codes in this state.
    #[param(inline)]
    status: Option<TaxCodeStatus>,
    /// Only codes on sales, or on purchases.
    #[param(inline)]
    direction: Option<TaxDirection>,
    /// Only codes of this kind.
    #[param(inline)]
    kind: Option<TaxKind>,
}

static LIFE: Life = Life {
    states: &[("active", "Documents may use it."), ("archived", "No new document uses it.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for TaxCode {
    const NAME: &'static str = "tax-codes";
}

impl Resource for TaxCode {
    const PATH: &'static str = "/v1/tax-codes";
    const SINGULAR: &'static str = "tax_code";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] =
        &[SortKey::text("code"), SortKey::text("name"), SortKey::instant("created_at")];
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    const REFERENCES: &'static [Reference] = &[
        Reference {
            field: "payable_account_id",
            column: "payable_account_code",
            table: "accounts",
            by: "code",
            within: None,
        },
        Reference {
            field: "recoverable_account_id",
            column: "recoverable_account_code",
            table: "accounts",
            by: "code",
            within: None,
        },
    ];
    type Filter = TaxCodeFilter;

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

impl Stored for TaxCode {
    type Table = tax_codes::table;
    const TABLE: &'static str = "tax_codes";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: TaxCodeFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(tax_codes::status.eq(status)))
            .when(by.direction, |rows, direction| rows.filter(tax_codes::direction.eq(direction)))
            .when(by.kind, |rows, kind| rows.filter(tax_codes::kind.eq(kind)))
    }
}

impl Written for TaxCode {
    type New = NewTaxCode;
    type Edit = EditTaxCode;

    async fn check_new(_: &mut Db, new: &NewTaxCode) -> Result<()> {
        let has_reason = new.exemption_reason.is_some();
        check(new.direction, new.kind, new.price_includes_tax, has_reason, &new.rates.0)
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditTaxCode) -> Result<()> {
        check(
            edit.direction.unwrap_or(row.direction),
            edit.kind.unwrap_or(row.kind),
            edit.price_includes_tax.unwrap_or(row.price_includes_tax),
            edit.exemption_reason.as_ref().unwrap_or(&row.exemption_reason).is_some(),
            &edit.rates.as_ref().unwrap_or(&row.rates).0,
        )
    }
}

/// What the database holds too, told with its place.
fn check(
    direction: TaxDirection,
    kind: TaxKind,
    price_includes_tax: bool,
    has_reason: bool,
    rates: &[TaxRate],
) -> Result<()> {
    let mut faults = Vec::new();
    if kind == TaxKind::Exempt && !has_reason {
        faults.push(Fault::at("/exemption_reason", "required", "must say why it is exempt"));
    }
    if kind == TaxKind::ReverseCharge && price_includes_tax {
        let rule = "must be false with reverse charge: the price can not include what the buyer owes";
        faults.push(Fault::at("/price_includes_tax", "breaks-a-rule", rule));
    }
    let is_free = matches!(kind, TaxKind::Zero | TaxKind::Exempt)
        || kind == TaxKind::ReverseCharge && direction == TaxDirection::Sale;
    for (place, each) in rates.iter().enumerate() {
        if is_free && !each.rate.is_zero() {
            let rule = "must be 0: nothing is charged with a code of this kind";
            faults.push(Fault::at(format!("/rates/{place}/rate"), "must-be-zero", rule));
        }
        let last = each.to_on.unwrap_or(NaiveDate::MAX);
        if last < each.from_on {
            let rule = "must not be before the first day";
            faults.push(Fault::at(format!("/rates/{place}/to_on"), "before-first-day", rule));
        }
        let overlaps =
            |other: &TaxRate| other.from_on <= last && each.from_on <= other.to_on.unwrap_or(NaiveDate::MAX);
        if let Some(other) = rates[..place].iter().position(overlaps) {
            let rule =
                format!("must not share days with the rate at /rates/{other}: end that one the day before");
            faults.push(Fault::at(format!("/rates/{place}/from_on"), "overlaps", rule));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Archive a tax code
///
/// No new document uses it; those that do keep it, drafts too.
#[utoipa::path(post, path = "/v1/tax-codes/{id}/archive", tag = "Accounting")]
async fn archive_tax_code(may: May<Write, TaxCode>, id: Id<TaxCode>) -> Reply<TaxCode> {
    step(may, id, "archive").await
}

/// Restore a tax code
///
/// Documents may use it again.
#[utoipa::path(post, path = "/v1/tax-codes/{id}/restore", tag = "Accounting")]
async fn restore_tax_code(may: May<Write, TaxCode>, id: Id<TaxCode>) -> Reply<TaxCode> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<TaxCode>().call(operation!(archive_tax_code)).call(operation!(restore_tax_code));
}
