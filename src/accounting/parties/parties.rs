//! Parties: customers, suppliers, and who is both. Each is known once, by tax id and by name and country, unless somebody says
//! that a second one is meant; the database holds that, for files and for two who enter the same at once, too.

use crate::details::{
    Contact, GivenBankAccounts, NewPartyBankAccount, PartyBankAccount, PostalAddress, check_address,
    check_bank_accounts, check_contacts,
};
use crate::{details, identifiers};
use platform::prelude::*;
use schema::parties;

/// Somebody to whom the company sells, or from whom it buys.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = parties)]
pub struct Party {
    pub id: Uuid,
    pub version: i64,
    /// The number that the company knows them by; unique.
    #[schema(max_length = 20, example = "P-00042")]
    pub number: String,
    /// What people call them; lists sort by it.
    #[schema(max_length = 200, example = "Dante International")]
    pub name: String,
    /// The name in the register, where it is another.
    #[schema(max_length = 200, example = "Dante International S.A.")]
    pub legal_name: Option<String>,
    /// Whether the company sells to them.
    #[schema(example = true)]
    pub is_customer: bool,
    /// Whether the company buys from them.
    #[schema(example = false)]
    pub is_supplier: bool,
    /// The employee whom it stands for, since the company owes them expenses; null for everybody else.
    #[schema(example = json!(null))]
    pub employee_id: Option<Uuid>,
    /// Where they are at home (ISO 3166-1 alpha-2); `ZZ` where an employee became a party and nobody has said.
    #[schema(max_length = 2, example = "RO")]
    pub country: String,
    /// The number under which they pay taxes: in the European Union the VAT number, in Romania the CUI.
    #[schema(max_length = 40, example = "RO14399840")]
    pub tax_id: Option<String>,
    /// The number in the register of companies.
    #[schema(max_length = 40, example = "J40/372/2002")]
    pub registration_number: Option<String>,
    /// Where invoices go.
    pub billing_address: Option<PostalAddress>,
    /// Where goods go; null where that is where invoices go.
    pub delivery_address: Option<PostalAddress>,
    /// Whom one speaks to there.
    #[schema(value_type = Vec<Contact>, max_items = 50)]
    pub contacts: List<Contact>,
    /// Where their money goes.
    #[schema(value_type = Vec<PartyBankAccount>, max_items = 20)]
    pub bank_accounts: List<PartyBankAccount>,
    /// The currency of their documents (ISO 4217); null for the organization's own.
    #[schema(max_length = 3, example = "RON")]
    pub currency: Option<String>,
    /// When their documents are due, unless a document says otherwise.
    pub payment_terms_id: Option<Uuid>,
    /// How much they may owe at once, in the organization's currency; null for no limit.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,16}(\.[0-9]{1,4})?$", example = "50000.00")]
    pub credit_limit: Option<Money>,
    /// The language of what they are sent.
    pub language: Language,
    /// What they owe is booked here; null for the account with the role `receivable`.
    pub receivable_account_id: Option<Uuid>,
    /// What is owed to them is booked here; null for the account with the role `payable`.
    pub payable_account_id: Option<Uuid>,
    /// What is sold to them is booked here, unless a line says otherwise.
    pub income_account_id: Option<Uuid>,
    /// What is bought from them is booked here, unless a line says otherwise: an expense, or an asset.
    pub expense_account_id: Option<Uuid>,
    pub status: PartyStatus,
    /// Whether there may be another one with the same tax id, or the same name and country.
    #[schema(example = false)]
    pub allow_duplicate: bool,
    #[diesel(select_expression = custom::shown::<Party>())]
    #[diesel(select_expression_type = custom::Shown<Party>)]
    pub custom: Custom,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a party can be put into new documents.
    pub enum PartyStatus { Active = "active", Archived = "archived" }
}
text_enum! {
    /// A language in which documents are printed (ISO 639-1).
    pub enum Language { En = "en", Ro = "ro" }
}

/// A party to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = parties)]
#[serde(deny_unknown_fields)]
pub struct NewParty {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The number that the company knows them by; unique. Left out, the next of the active number series is taken.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9/-]{0,19}$", example = json!(null))]
    number: Option<String>,
    /// What people call them. Another party of the same name in the same country, however it is written, is 409, and
    /// `duplicates` in the problem has its id.
    #[schema(min_length = 1, max_length = 200, example = "Dante International")]
    name: String,
    /// The name in the register, where it is another.
    #[schema(min_length = 1, max_length = 200, example = "Dante International S.A.")]
    legal_name: Option<String>,
    /// Whether the company sells to them. A party is a customer, a supplier or both.
    #[schema(example = true)]
    is_customer: Option<bool>,
    /// Whether the company buys from them.
    #[schema(example = true)]
    is_supplier: Option<bool>,
    /// Where they are at home (ISO 3166-1 alpha-2).
    #[schema(pattern = "^[A-Z]{2}$", max_length = 2, example = "RO")]
    country: String,
    /// The number under which they pay taxes. In the European Union the VAT number, with or without the prefix of the state,
    /// check digits included; in Romania also the CUI of who pays no VAT, and the CNP of a person; elsewhere as the authority
    /// gives it. Another party with the same one is 409, and `duplicates` in the problem has its id.
    #[schema(min_length = 1, max_length = 40, example = json!(null))]
    tax_id: Option<String>,
    /// The number in the register of companies.
    #[schema(min_length = 1, max_length = 40, example = "J40/372/2002")]
    registration_number: Option<String>,
    /// Where invoices go.
    billing_address: Option<PostalAddress>,
    /// Where goods go, where that is elsewhere.
    delivery_address: Option<PostalAddress>,
    /// Whom one speaks to there.
    #[schema(value_type = Option<Vec<Contact>>, max_items = 50)]
    contacts: Option<List<Contact>>,
    /// Where their money goes.
    #[schema(value_type = Option<Vec<NewPartyBankAccount>>, max_items = 20)]
    bank_accounts: Option<GivenBankAccounts>,
    /// The currency of their documents (ISO 4217); null for the organization's own.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "RON")]
    currency: Option<String>,
    /// When their documents are due, unless a document says otherwise.
    payment_terms_id: Option<Uuid>,
    /// How much they may owe at once, in the organization's currency; null for no limit.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,16}(\.[0-9]{1,4})?$", example = "50000.00")]
    credit_limit: Option<Money>,
    /// The language of what they are sent; English, unless told.
    language: Option<Language>,
    /// What they owe is booked here; null for the account with the role `receivable`.
    #[schema(example = json!(null))]
    receivable_account_id: Option<Uuid>,
    /// What is owed to them is booked here; null for the account with the role `payable`.
    #[schema(example = json!(null))]
    payable_account_id: Option<Uuid>,
    /// What is sold to them is booked here, unless a line says otherwise.
    #[schema(example = json!(null))]
    income_account_id: Option<Uuid>,
    /// What is bought from them is booked here, unless a line says otherwise: an expense, or an asset.
    #[schema(example = json!(null))]
    expense_account_id: Option<Uuid>,
    /// Says that there is another one with the same tax id, or the same name and country, and that this is meant.
    #[schema(example = false)]
    allow_duplicate: Option<bool>,
    #[serde(default)]
    custom: NewCustom,
}

/// What of a party can be changed. Documents that are posted keep what they say.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = parties)]
#[serde(deny_unknown_fields)]
pub struct EditParty {
    /// The number that the company knows them by; unique.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9/-]{0,19}$", example = "C-1042")]
    number: Option<String>,
    /// What people call them. Another party of the same name in the same country is 409.
    #[schema(min_length = 1, max_length = 200, example = "eMAG")]
    name: Option<String>,
    /// The name in the register, where it is another.
    #[schema(min_length = 1, max_length = 200, example = "Dante International S.A.")]
    legal_name: Option<Option<String>>,
    /// Whether the company sells to them.
    #[schema(example = true)]
    is_customer: Option<bool>,
    /// Whether the company buys from them.
    #[schema(example = true)]
    is_supplier: Option<bool>,
    /// Where they are at home (ISO 3166-1 alpha-2).
    #[schema(pattern = "^[A-Z]{2}$", max_length = 2, example = "RO")]
    country: Option<String>,
    /// The number under which they pay taxes. Another party with the same one is 409.
    #[schema(min_length = 1, max_length = 40, example = json!(null))]
    tax_id: Option<Option<String>>,
    /// The number in the register of companies.
    #[schema(min_length = 1, max_length = 40, example = "J40/372/2002")]
    registration_number: Option<Option<String>>,
    /// Where invoices go, whole.
    billing_address: Option<Option<PostalAddress>>,
    /// Where goods go, whole; null where that is where invoices go.
    delivery_address: Option<Option<PostalAddress>>,
    /// All whom one speaks to there from now on.
    #[schema(value_type = Option<Vec<Contact>>, max_items = 50)]
    contacts: Option<List<Contact>>,
    /// All accounts from now on. One that was there keeps its id by its number; one that is left out is paid to no more.
    /// A sensitive step, which asks for a fresh sign-in. Where a policy asks for it, only with an approval of `change-bank-accounts` for this very change, which is used up.
    #[schema(value_type = Option<Vec<NewPartyBankAccount>>, max_items = 20)]
    bank_accounts: Option<GivenBankAccounts>,
    /// The currency of their documents (ISO 4217); null for the organization's own.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<Option<String>>,
    /// When their documents are due, unless a document says otherwise.
    #[schema(example = json!(null))]
    payment_terms_id: Option<Option<Uuid>>,
    /// How much they may owe at once, in the organization's currency; null for no limit.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,16}(\.[0-9]{1,4})?$", example = "75000.00")]
    credit_limit: Option<Option<Money>>,
    /// The language of what they are sent.
    language: Option<Language>,
    /// What they owe is booked here; null for the account with the role `receivable`.
    #[schema(example = json!(null))]
    receivable_account_id: Option<Option<Uuid>>,
    /// What is owed to them is booked here; null for the account with the role `payable`.
    #[schema(example = json!(null))]
    payable_account_id: Option<Option<Uuid>>,
    /// What is sold to them is booked here, unless a line says otherwise.
    #[schema(example = json!(null))]
    income_account_id: Option<Option<Uuid>>,
    /// What is bought from them is booked here, unless a line says otherwise: an expense, or an asset.
    #[schema(example = json!(null))]
    expense_account_id: Option<Option<Uuid>>,
    /// Says that there is another one with the same tax id, or the same name and country, and that this is meant.
    #[schema(example = false)]
    allow_duplicate: Option<bool>,
    custom: Option<EditCustom>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PartyFilter {
    /// Only customers, or only those who are none.
    is_customer: Option<bool>,
    /// Only suppliers, or only those who are none.
    is_supplier: Option<bool>,
    /// Only parties in this state.
    #[param(inline)]
    status: Option<PartyStatus>,
    /// Only parties of this country.
    #[param(min_length = 2, max_length = 2)]
    country: Option<String>,
    /// Only parties with this tax id, with or without its prefix, however it is written.
    #[param(min_length = 1, max_length = 40)]
    tax_id: Option<String>,
    /// Only the party with this number.
    #[param(min_length = 1, max_length = 20)]
    number: Option<String>,
    /// Only parties with these payment terms.
    payment_terms_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Can be put into new documents."),
        ("archived", "In no new documents; what is there goes on."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

/// An account that a file names by its code.
const fn account(field: &'static str, column: &'static str) -> Reference {
    Reference { field, column, table: "accounts", by: "code", within: None }
}

impl Named for Party {
    const NAME: &'static str = "parties";
}

impl Resource for Party {
    const PATH: &'static str = "/v1/parties";
    const SINGULAR: &'static str = "party";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] =
        &[SortKey::text("name"), SortKey::text("number"), SortKey::instant("created_at")];
    const CUSTOM: bool = true;
    const NATURAL_KEY: &'static [&'static str] = &["number"];
    const REFERENCES: &'static [Reference] = &[
        Reference {
            field: "payment_terms_id",
            column: "payment_terms",
            table: "payment_terms",
            by: "name",
            within: None,
        },
        account("receivable_account_id", "receivable_account"),
        account("payable_account_id", "payable_account"),
        account("income_account_id", "income_account"),
        account("expense_account_id", "expense_account"),
    ];
    type Filter = PartyFilter;

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

impl Stored for Party {
    type Table = parties::table;
    const TABLE: &'static str = "parties";
    const SEARCHED: &'static [&'static str] = &["name", "legal_name", "number", "tax_id"];

    fn narrow(rows: Rows<Self>, by: PartyFilter) -> Rows<Self> {
        rows.when(by.is_customer, |rows, is| rows.filter(parties::is_customer.eq(is)))
            .when(by.is_supplier, |rows, is| rows.filter(parties::is_supplier.eq(is)))
            .when(by.status, |rows, status| rows.filter(parties::status.eq(status)))
            .when(by.country, |rows, country| rows.filter(parties::country.eq(country)))
            .when(by.tax_id, |rows, id| rows.filter(parties::tax_id.eq_any(identifiers::ways_to_write(&id))))
            .when(by.number, |rows, number| rows.filter(parties::number.eq(number)))
            .when(by.payment_terms_id, |rows, id| rows.filter(parties::payment_terms_id.eq(id)))
    }
}

impl Written for Party {
    type New = NewParty;
    type Edit = EditParty;

    async fn check_new(_db: &mut Db, new: &NewParty) -> Result<()> {
        let mut faults = Vec::new();
        check_kind(new.is_customer.unwrap_or_default(), new.is_supplier.unwrap_or_default(), &mut faults);
        check_codes(&new.country, new.tax_id.as_deref(), "/tax_id", new.currency.as_deref(), &mut faults);
        check_address("/billing_address", new.billing_address.as_ref(), &mut faults);
        check_address("/delivery_address", new.delivery_address.as_ref(), &mut faults);
        check_contacts(new.contacts.as_ref(), &mut faults);
        check_bank_accounts(new.bank_accounts.as_ref(), &[], &mut faults);
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }

    async fn check_edit(db: &mut Db, row: &Self, edit: &EditParty) -> Result<()> {
        let mut faults = Vec::new();
        let (customer, supplier) =
            (edit.is_customer.unwrap_or(row.is_customer), edit.is_supplier.unwrap_or(row.is_supplier));
        if row.employee_id.is_none() {
            check_kind(customer, supplier, &mut faults);
        }
        // What stays is not held to rules that came later, unless what it is held against changes.
        let tax_id = edit.tax_id.as_ref().unwrap_or(&row.tax_id).as_deref();
        let (country, place) = match (&edit.country, &edit.tax_id) {
            (Some(country), None) => (country, "/country"),
            (country, _) => (country.as_ref().unwrap_or(&row.country), "/tax_id"),
        };
        let is_changed = edit.country.is_some() || edit.tax_id.is_some();
        let currency = edit.currency.as_ref().and_then(Option::as_deref);
        check_codes(country, tax_id.filter(|_| is_changed), place, currency, &mut faults);
        check_address(
            "/billing_address",
            edit.billing_address.as_ref().and_then(Option::as_ref),
            &mut faults,
        );
        check_address(
            "/delivery_address",
            edit.delivery_address.as_ref().and_then(Option::as_ref),
            &mut faults,
        );
        check_contacts(edit.contacts.as_ref(), &mut faults);
        check_bank_accounts(edit.bank_accounts.as_ref(), &row.bank_accounts.0, &mut faults);
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        let is_other =
            |accounts: &GivenBankAccounts| !details::are_the_same(&accounts.all, &row.bank_accounts.0);
        if edit.bank_accounts.as_ref().is_some_and(is_other) {
            // Where money goes is what thieves change.
            identity::roles::ask_for_fresh_sign_in(db).await?;
            approvals::require::<Self>(db, row.id, "change-bank-accounts", edit).await?;
        }
        Ok(())
    }
}

fn check_kind(is_customer: bool, is_supplier: bool, faults: &mut Vec<Fault>) {
    if !is_customer && !is_supplier {
        let rule =
            "a party is a customer, a supplier or both: one of `is_customer` and `is_supplier` must be true";
        faults.push(Fault::at("/is_customer", "neither", rule));
    }
}

/// `place` is where a tax id that does not fit its country is told.
fn check_codes(
    country: &str,
    tax_id: Option<&str>,
    place: &str,
    currency: Option<&str>,
    faults: &mut Vec<Fault>,
) {
    match (identifiers::country(country), tax_id) {
        (Err(wrong), _) => faults.push(wrong.at("/country")),
        (Ok(()), Some(tax_id)) => {
            faults.extend(identifiers::tax_id(country, tax_id).err().map(|wrong| wrong.at(place)));
        }
        _ => {}
    }
    faults.extend(
        currency.and_then(|code| identifiers::currency(code).err()).map(|wrong| wrong.at("/currency")),
    );
}

/// Archive a party
///
/// It is put into no new documents any more; what is open with it goes on, and nothing in the books changes.
#[utoipa::path(post, path = "/v1/parties/{id}/archive", tag = "Accounting")]
async fn archive_party(may: May<Write, Party>, id: Id<Party>) -> Reply<Party> {
    step(may, id, "archive").await
}

/// Restore a party
///
/// It can be put into documents again. Nothing in the books changes.
#[utoipa::path(post, path = "/v1/parties/{id}/restore", tag = "Accounting")]
async fn restore_party(may: May<Write, Party>, id: Id<Party>) -> Reply<Party> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<Party>().call(operation!(archive_party)).call(operation!(restore_party));
}
