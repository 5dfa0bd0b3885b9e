//! What stands within a party: addresses, contacts and bank accounts, each read and written as a whole.
use crate::identifiers::{self, compact};
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::Jsonb;
use platform::prelude::*;
use serde::de::Error;
use serde::{Deserializer, Serializer};
use serde_json::Value;
use std::collections::HashMap;

/// Where letters and goods go. Banks ask for at least the city and the country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[serde(deny_unknown_fields)]
pub struct PostalAddress {
    /// Street and number.
    #[schema(min_length = 1, max_length = 200, example = "Șoseaua Virtuții 148")]
    pub line1: String,
    /// What else leads there: building, floor, door.
    #[schema(min_length = 1, max_length = 200, example = "Etaj 3")]
    pub line2: Option<String>,
    /// City, town or village.
    #[schema(min_length = 1, max_length = 100, example = "București")]
    pub city: String,
    /// County, state or province.
    #[schema(min_length = 1, max_length = 100, example = "Sector 6")]
    pub region: Option<String>,
    /// The postal code.
    #[schema(min_length = 1, max_length = 20, example = "060787")]
    pub postal_code: Option<String>,
    /// The country (ISO 3166-1 alpha-2); null for the party's own.
    #[schema(pattern = "^[A-Z]{2}$", max_length = 2, example = "RO")]
    pub country: Option<String>,
}

impl ToSql<Jsonb, Pg> for PostalAddress {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        <Value as ToSql<Jsonb, Pg>>::to_sql(&serde_json::to_value(self)?, &mut out.reborrow())
    }
}

impl FromSql<Jsonb, Pg> for PostalAddress {
    fn from_sql(value: PgValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(serde_json::from_value(<Value as FromSql<Jsonb, Pg>>::from_sql(value)?)?)
    }
}

/// Somebody one speaks to at a party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// What they are called.
    #[schema(min_length = 1, max_length = 200, example = "Ioana Marin")]
    pub name: String,
    /// Where they read mail.
    #[schema(format = "email", min_length = 3, max_length = 254, example = "ioana.marin@supplier.example")]
    pub email: Option<String>,
    /// Their number.
    #[schema(pattern = r"^\+?[0-9 ()./-]{3,30}$", max_length = 31, example = "+40 21 555 0100")]
    pub phone: Option<String>,
    /// What they do there.
    #[schema(min_length = 1, max_length = 100, example = "Accounts payable")]
    pub role: Option<String>,
}

/// An account at a bank where a party's money goes. Its id is that of its number: payments refer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartyBankAccount {
    pub id: Uuid,
    /// The number (ISO 13616), without spaces.
    #[schema(max_length = 34, example = "RO49AAAA1B31007593840000")]
    pub iban: Option<String>,
    /// The number of an account where banks give no IBAN.
    #[schema(max_length = 34, example = json!(null))]
    pub account_number: Option<String>,
    /// The code of the bank (ISO 9362).
    #[schema(max_length = 11, example = "BTRLRO22")]
    pub bic: Option<String>,
    /// Whose account it is, where that is not the party.
    #[schema(max_length = 140, example = json!(null))]
    pub holder: Option<String>,
    /// What the bank is called.
    #[schema(max_length = 140, example = "Banca Transilvania")]
    pub bank_name: Option<String>,
    /// The currency of the account (ISO 4217); null for any.
    #[schema(max_length = 3, example = "RON")]
    pub currency: Option<String>,
}

/// An account at a bank where a party's money will go. It has an IBAN or, where banks give none, another number.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartyBankAccount {
    /// The id that the account of this number has, as it was read; best left out.
    #[schema(example = json!(null))]
    pub id: Option<Uuid>,
    /// The number (ISO 13616), with or without spaces; check digits are held.
    #[schema(min_length = 5, max_length = 42, example = "RO49 AAAA 1B31 0075 9384 0000")]
    pub iban: Option<String>,
    /// The number of an account where banks give no IBAN.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9 -]{0,33}$", max_length = 34, example = json!(null))]
    pub account_number: Option<String>,
    /// The code of the bank (ISO 9362).
    #[schema(min_length = 8, max_length = 11, example = "BTRLRO22")]
    pub bic: Option<String>,
    /// Whose account it is, where that is not the party.
    #[schema(min_length = 1, max_length = 140, example = json!(null))]
    pub holder: Option<String>,
    /// What the bank is called.
    #[schema(min_length = 1, max_length = 140, example = "Banca Transilvania")]
    pub bank_name: Option<String>,
    /// The currency of the account (ISO 4217); null for any.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "RON")]
    pub currency: Option<String>,
}

/// Accounts to be, and what was sent word for word: an approval is for that.
#[derive(Clone, Debug, AsExpression)]
#[diesel(sql_type = Jsonb)]
pub struct GivenBankAccounts {
    sent: Value,
    pub all: Vec<NewPartyBankAccount>,
}

impl<'de> Deserialize<'de> for GivenBankAccounts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let sent = Value::deserialize(from)?;
        Ok(Self { all: Vec::deserialize(&sent).map_err(D::Error::custom)?, sent })
    }
}

impl Serialize for GivenBankAccounts {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        self.sent.serialize(to)
    }
}

impl ToSql<Jsonb, Pg> for GivenBankAccounts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        <Value as ToSql<Jsonb, Pg>>::to_sql(&self.sent, out)
    }
}

impl NewPartyBankAccount {
    /// What tells it from the party's others, as it is kept.
    fn key(&self) -> Option<String> {
        self.iban.as_deref().map(compact).or_else(|| self.account_number.clone())
    }
}

impl PartyBankAccount {
    fn key(&self) -> Option<&str> {
        self.iban.as_deref().or(self.account_number.as_deref())
    }
}

/// Whether these are the accounts that are there, in their order.
pub(crate) fn are_the_same(given: &[NewPartyBankAccount], there: &[PartyBankAccount]) -> bool {
    let upper = |bic: &Option<String>| bic.as_deref().map(str::to_uppercase);
    given.len() == there.len()
        && given.iter().zip(there).all(|(given, there)| {
            given.key().as_deref() == there.key()
                && upper(&given.bic) == there.bic
                && (&given.holder, &given.bank_name, &given.currency)
                    == (&there.holder, &there.bank_name, &there.currency)
        })
}

pub(crate) fn check_address(pointer: &str, address: Option<&PostalAddress>, faults: &mut Vec<Fault>) {
    let country = address.and_then(|address| address.country.as_deref());
    let wrong = country.and_then(|country| identifiers::country(country).err());
    faults.extend(wrong.map(|wrong| wrong.at(format!("{pointer}/country"))));
}

/// One person is listed once.
pub(crate) fn check_contacts(contacts: Option<&List<Contact>>, faults: &mut Vec<Fault>) {
    let mut known = HashMap::new();
    for (at, contact) in contacts.iter().flat_map(|contacts| &contacts.0).enumerate() {
        let person = (contact.name.to_lowercase(), contact.email.as_deref().map(str::to_lowercase));
        if let Some(first) = known.insert(person, at) {
            let rule =
                format!("must be listed once, and contact {first} has the same name and e-mail address");
            faults.push(Fault::at(format!("/contacts/{at}"), "repeated", rule));
        }
    }
}

/// `there` are the accounts that the party has, whose ids may be sent back.
pub(crate) fn check_bank_accounts(
    accounts: Option<&GivenBankAccounts>,
    there: &[PartyBankAccount],
    faults: &mut Vec<Fault>,
) {
    let mut known = HashMap::new();
    for (at, account) in accounts.iter().flat_map(|accounts| &accounts.all).enumerate() {
        let place = |field: &str| format!("/bank_accounts/{at}/{field}");
        match (&account.iban, &account.account_number) {
            (Some(_), Some(_)) => {
                let rule = "must be left out where there is an IBAN: an account has one number";
                faults.push(Fault::at(place("account_number"), "one-too-many", rule));
            }
            (None, None) => {
                let rule = "must be given or, where banks give no IBAN, `account_number`";
                faults.push(Fault::at(place("iban"), "required", rule));
            }
            (Some(iban), None) => {
                faults.extend(identifiers::iban(iban).err().map(|wrong| wrong.at(place("iban"))));
            }
            (None, Some(number)) => {
                if identifiers::iban(number).is_ok() {
                    let rule = "is an IBAN: give it as `iban`";
                    faults.push(Fault::at(place("account_number"), "is-an-iban", rule));
                }
            }
        }
        if let Some(bic) = &account.bic {
            faults.extend(identifiers::bic(bic).err().map(|wrong| wrong.at(place("bic"))));
        }
        if let Some(currency) = &account.currency {
            faults.extend(identifiers::currency(currency).err().map(|wrong| wrong.at(place("currency"))));
        }
        let Some(key) = account.key() else { continue };
        let is_its_own =
            |id: Uuid| there.iter().any(|each| each.id == id && each.key() == Some(key.as_str()));
        if account.id.is_some_and(|id| !is_its_own(id)) {
            let rule = "is not the id of this party's account of this number: leave it out, and the account gets its own";
            faults.push(Fault::at(place("id"), "unknown-reference", rule));
        }
        if let Some(first) = known.insert(key, at) {
            let field = if account.iban.is_some() { "iban" } else { "account_number" };
            let rule = format!("must be listed once, and bank account {first} has the same");
            faults.push(Fault::at(place(field), "repeated", rule));
        }
    }
}
