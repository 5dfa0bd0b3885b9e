//! Personal data: what the company has to know of somebody, and nobody else has to. Where somebody's pay goes is never changed by
//! one alone.

use crate::identity_numbers::cnp_fault;
use crate::references;
use iban::Iban;
use platform::prelude::*;
use platform::store::changes_nothing;
use schema::personal_data;
use std::collections::HashMap;

/// What the company has to know of an employee. It has the employee's id.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = personal_data)]
pub struct PersonalData {
    /// The id of the employee whom it is about.
    pub id: Uuid,
    pub version: i64,
    /// The day of birth.
    #[schema(example = "1990-05-17")]
    pub born_on: Option<NaiveDate>,
    /// The country whose citizen they are (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, example = "RO")]
    pub nationality: Option<String>,
    /// The number that their country knows them by, such as the Romanian CNP.
    #[schema(max_length = 30, example = "1960528226784")]
    pub national_id: Option<String>,
    /// The country that gave the number (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, example = "RO")]
    pub national_id_country: Option<String>,
    /// Their own address, for what still has to reach them when they have left.
    #[schema(format = "email", max_length = 254, example = "ana@home.example")]
    pub private_email: Option<String>,
    /// Their own number.
    #[schema(max_length = 31, example = "+40 722 555 010")]
    pub private_phone: Option<String>,
    /// Where they live, and where letters go.
    #[schema(value_type = Vec<HomeAddress>, max_items = 5)]
    pub addresses: List<HomeAddress>,
    /// Whom to call if something happens to them, in this order.
    #[schema(value_type = Vec<EmergencyContact>, max_items = 5)]
    pub emergency_contacts: List<EmergencyContact>,
    /// The bank account that they are paid to.
    #[schema(max_length = 34, example = "RO49AAAA1B31007593840000")]
    pub iban: Option<String>,
    /// The country that taxes their pay (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, example = "RO")]
    pub tax_country: Option<String>,
    /// The number that its tax office knows them by, where it is another.
    #[schema(max_length = 30, example = json!(null))]
    pub tax_number: Option<String>,
    /// How many people they maintain, for personal deductions.
    #[schema(minimum = 0, maximum = 50, example = 1)]
    pub tax_dependants: i32,
    /// Whether this is their main employment, where personal deductions are made.
    pub is_main_employment: bool,
    /// Why they are exempt from income tax; null where they are not.
    #[schema(max_length = 100, example = json!(null))]
    pub tax_exemption: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Where somebody lives, or gets letters.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HomeAddress {
    /// What it is for: `home`, `registered`, or `letters`.
    #[schema(max_length = 10, pattern = "^(home|registered|letters)$", example = "home")]
    kind: String,
    /// Street and number.
    #[schema(min_length = 1, max_length = 200, example = "Str. Memorandumului 28")]
    street: String,
    /// The town.
    #[schema(min_length = 1, max_length = 100, example = "Cluj-Napoca")]
    city: String,
    /// The county or state.
    #[schema(max_length = 100, example = "Cluj")]
    region: Option<String>,
    /// The postal code.
    #[schema(max_length = 20, example = "400114")]
    postal_code: Option<String>,
    /// The country (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    country: String,
}

/// Somebody to call.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyContact {
    /// Who it is.
    #[schema(min_length = 1, max_length = 200, example = "Dan Pop")]
    name: String,
    /// What they are to the employee.
    #[schema(min_length = 1, max_length = 50, example = "brother")]
    relationship: String,
    /// Their number.
    #[schema(pattern = r"^\+?[0-9 ()./-]{3,30}$", max_length = 31, example = "+40 722 555 011")]
    phone: String,
}

/// Personal data to be filed, once for each employee. From then on the bank account is changed by two: see
/// `/v1/personal-data-changes`.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = personal_data)]
#[serde(deny_unknown_fields)]
pub struct NewPersonalData {
    /// The employee whom it is about.
    #[diesel(column_name = id)]
    employee_id: Uuid,
    /// The day of birth.
    #[schema(example = "1960-05-28")]
    born_on: Option<NaiveDate>,
    /// The country whose citizen they are (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    nationality: Option<String>,
    /// The number that their country knows them by. A Romanian CNP has to hold its check digit.
    #[schema(max_length = 30, pattern = "^[A-Z0-9][A-Z0-9 /.-]{0,29}$", example = "1960528226784")]
    national_id: Option<String>,
    /// The country that gave the number (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    national_id_country: Option<String>,
    /// Their own address.
    #[schema(format = "email", min_length = 3, max_length = 254, example = json!(null))]
    private_email: Option<String>,
    /// Their own number.
    #[schema(pattern = r"^\+?[0-9 ()./-]{3,30}$", max_length = 31, example = "+40 722 555 010")]
    private_phone: Option<String>,
    /// Where they live, and where letters go.
    #[schema(value_type = Option<Vec<HomeAddress>>, max_items = 5)]
    addresses: Option<List<HomeAddress>>,
    /// Whom to call if something happens to them, in this order.
    #[schema(value_type = Option<Vec<EmergencyContact>>, max_items = 5)]
    emergency_contacts: Option<List<EmergencyContact>>,
    /// The bank account that they are paid to (ISO 13616).
    #[schema(max_length = 34, pattern = "^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$", example = json!(null))]
    iban: Option<String>,
    /// The country that taxes their pay (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    tax_country: Option<String>,
    /// The number that its tax office knows them by, where it is another.
    #[schema(min_length = 1, max_length = 30, example = json!(null))]
    tax_number: Option<String>,
    /// How many people they maintain, for personal deductions.
    #[schema(minimum = 0, maximum = 50, example = 1)]
    tax_dependants: Option<i32>,
    /// Whether this is their main employment; it is, unless told.
    #[schema(example = true)]
    is_main_employment: Option<bool>,
    /// Why they are exempt from income tax.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    tax_exemption: Option<String>,
}

/// What of personal data can be changed, or proposed to be.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = personal_data)]
#[serde(deny_unknown_fields)]
pub struct EditPersonalData {
    /// The day of birth.
    #[schema(example = "1960-05-28")]
    born_on: Option<Option<NaiveDate>>,
    /// The country whose citizen they are (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    nationality: Option<Option<String>>,
    /// The number that their country knows them by. A Romanian CNP has to hold its check digit.
    #[schema(max_length = 30, pattern = "^[A-Z0-9][A-Z0-9 /.-]{0,29}$", example = "1960528226784")]
    national_id: Option<Option<String>>,
    /// The country that gave the number (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    national_id_country: Option<Option<String>>,
    /// Their own address.
    #[schema(format = "email", min_length = 3, max_length = 254, example = json!(null))]
    private_email: Option<Option<String>>,
    /// Their own number.
    #[schema(pattern = r"^\+?[0-9 ()./-]{3,30}$", max_length = 31, example = "+40 722 555 012")]
    private_phone: Option<Option<String>>,
    /// All addresses from now on.
    #[schema(value_type = Option<Vec<HomeAddress>>, max_items = 5)]
    addresses: Option<List<HomeAddress>>,
    /// All whom to call, from now on.
    #[schema(value_type = Option<Vec<EmergencyContact>>, max_items = 5)]
    emergency_contacts: Option<List<EmergencyContact>>,
    /// The bank account that they are paid to (ISO 13616). Where there is one already it changes by a proposal that somebody else accepts.
    #[schema(max_length = 34, pattern = "^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$", example = json!(null))]
    iban: Option<Option<String>>,
    /// The country that taxes their pay (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    tax_country: Option<Option<String>>,
    /// The number that its tax office knows them by, where it is another.
    #[schema(min_length = 1, max_length = 30, example = json!(null))]
    tax_number: Option<Option<String>>,
    /// How many people they maintain, for personal deductions.
    #[schema(minimum = 0, maximum = 50, example = 2)]
    tax_dependants: Option<i32>,
    /// Whether this is their main employment.
    #[schema(example = true)]
    is_main_employment: Option<bool>,
    /// Why they are exempt from income tax.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    tax_exemption: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PersonalDataFilter {
    /// Only those whose pay this country taxes.
    #[param(max_length = 2, pattern = "^[A-Z]{2}$")]
    tax_country: Option<String>,
}

impl Named for PersonalData {
    const NAME: &'static str = "personal-data";
}

impl Resource for PersonalData {
    const PATH: &'static str = "/v1/personal-data";
    const SINGULAR: &'static str = "personal_data";
    const TAG: &'static str = "People";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "created_at";
    const REFERENCES: &'static [Reference] = &[references::EMPLOYEE];
    type Filter = PersonalDataFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn person(&self) -> Option<Uuid> {
        Some(self.id)
    }
}

impl Stored for PersonalData {
    type Table = personal_data::table;
    const TABLE: &'static str = "personal_data";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: PersonalDataFilter) -> Rows<Self> {
        rows.when(by.tax_country, |rows, country| rows.filter(personal_data::tax_country.eq(country)))
    }
}

impl Kept for PersonalData {
    type New = NewPersonalData;
    type Edit = EditPersonalData;

    async fn create(db: &mut Db, new: NewPersonalData) -> Result<Self> {
        Self::check_new(db, &new).await?;
        let filed = diesel::insert_into(personal_data::table).values(new).returning(Self::as_returning());
        filed.get_result(db).await.map_err(about_the_employee)
    }

    async fn create_all(db: &mut Db, new: Vec<(Uuid, NewPersonalData)>) -> Result<Vec<Self>> {
        let new: Vec<NewPersonalData> = new.into_iter().map(|(_, each)| each).collect();
        let order: Vec<Uuid> = new.iter().map(|each| each.employee_id).collect();
        let filed = diesel::insert_into(personal_data::table).values(new).returning(Self::as_returning());
        let filed: Vec<Self> = filed.get_results(db).await.map_err(about_the_employee)?;
        let mut filed: HashMap<Uuid, Self> = filed.into_iter().map(|each| (each.id, each)).collect();
        Ok(order.iter().filter_map(|id| filed.remove(id)).collect())
    }

    async fn check_new(_: &mut Db, new: &NewPersonalData) -> Result<()> {
        none(numbers("", new.national_id.as_deref(), new.national_id_country.as_deref(), new.iban.as_deref()))
    }

    async fn change(db: &mut Db, row: Self, edit: EditPersonalData) -> Result<Self> {
        if changes_nothing(&row, &serde_json::to_value(&edit).map_err(Problem::internal)?)? {
            return Ok(row);
        }
        let mut faults = edit.faults("", Some(&row));
        if edit.iban.as_ref().is_some_and(|iban| row.iban.is_some() && *iban != row.iban) {
            let rule = "changes by a proposal that somebody else accepts: `POST /v1/personal-data-changes`";
            faults.push(Fault::at("/iban", "takes-two", rule));
        }
        none(faults)?;
        let one = personal_data::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(edit).returning(Self::as_returning()).get_result(db).await?)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        diesel::delete(personal_data::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

/// What is wrong with the id of the row is wrong with the employee who gave it.
fn about_the_employee(error: diesel::result::Error) -> Problem {
    let mut problem = Problem::from(error);
    for fault in problem.errors.iter_mut().filter(|fault| fault.pointer.as_deref() == Some("/id")) {
        fault.pointer = Some("/employee_id".to_owned());
    }
    problem
}

impl EditPersonalData {
    /// What is wrong with it, at these places, beside what is there already.
    pub(crate) fn faults(&self, at: &str, row: Option<&PersonalData>) -> Vec<Fault> {
        let or = |said: &Option<Option<String>>, there: Option<&Option<String>>| {
            said.clone().unwrap_or_else(|| there.cloned().flatten())
        };
        let number = or(&self.national_id, row.map(|row| &row.national_id));
        let country = or(&self.national_id_country, row.map(|row| &row.national_id_country));
        let iban = self.iban.clone().flatten();
        numbers(at, number.as_deref(), country.as_deref(), iban.as_deref())
    }
}

fn numbers(at: &str, number: Option<&str>, country: Option<&str>, iban: Option<&str>) -> Vec<Fault> {
    let mut faults = Vec::new();
    match (number, country) {
        (Some(_), None) => {
            let rule = "needs the country that gave it: give `national_id_country` too";
            faults.push(Fault::at(format!("{at}/national_id"), "no-country", rule));
        }
        (None, Some(_)) => {
            let rule = "is of no number: give `national_id` too, or neither";
            faults.push(Fault::at(format!("{at}/national_id_country"), "no-number", rule));
        }
        (Some(number), Some("RO")) => {
            let fault = cnp_fault(number);
            faults.extend(fault.map(|rule| Fault::at(format!("{at}/national_id"), "wrong-number", rule)));
        }
        _ => {}
    }
    if iban.is_some_and(|iban| iban.parse::<Iban>().is_err()) {
        let rule = "is no IBAN (ISO 13616): its check digits, its length or its country are wrong";
        faults.push(Fault::at(format!("{at}/iban"), "wrong-number", rule));
    }
    faults
}

fn none(faults: Vec<Fault>) -> Result<()> {
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

pub fn routes(api: &mut Api) {
    api.resource::<PersonalData>();
}
