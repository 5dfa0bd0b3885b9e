//! Dependants: for whom somebody cares, as benefits and taxes ask.

use platform::prelude::*;
use schema::dependants;

/// Somebody for whom an employee cares.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = dependants)]
pub struct Dependant {
    pub id: Uuid,
    pub version: i64,
    /// The employee who cares for them.
    pub employee_id: Uuid,
    /// The name they are called by.
    #[schema(max_length = 100, example = "Ioana")]
    pub given_name: String,
    /// The name of the family.
    #[schema(max_length = 100, example = "Pop")]
    pub family_name: String,
    /// What they are to the employee.
    pub relationship: Relationship,
    /// The day of birth.
    #[schema(example = "2019-09-01")]
    pub born_on: Option<NaiveDate>,
    /// Whether the tax office counts them.
    pub is_tax_dependant: bool,
    /// The last day on which they depend on the employee; null until further notice.
    #[schema(example = json!(null))]
    pub ends_on: Option<NaiveDate>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What somebody is to an employee.
    pub enum Relationship { Spouse = "spouse", Partner = "partner", Child = "child", Parent = "parent", Other = "other" }
}

/// A dependant to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = dependants)]
#[serde(deny_unknown_fields)]
pub struct NewDependant {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The employee who cares for them.
    employee_id: Uuid,
    /// The name they are called by.
    #[schema(min_length = 1, max_length = 100, example = "Ioana")]
    given_name: String,
    /// The name of the family.
    #[schema(min_length = 1, max_length = 100, example = "Pop")]
    family_name: String,
    /// What they are to the employee.
    #[schema(example = "child")]
    relationship: Relationship,
    /// The day of birth.
    #[schema(example = "2019-09-01")]
    born_on: Option<NaiveDate>,
    /// Whether the tax office counts them; not, unless told.
    #[schema(example = true)]
    is_tax_dependant: Option<bool>,
    /// The last day on which they depend on the employee.
    #[schema(example = json!(null))]
    ends_on: Option<NaiveDate>,
}

/// What of a dependant can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = dependants)]
#[serde(deny_unknown_fields)]
pub struct EditDependant {
    /// The name they are called by.
    #[schema(min_length = 1, max_length = 100, example = "Ioana")]
    given_name: Option<String>,
    /// The name of the family.
    #[schema(min_length = 1, max_length = 100, example = "Popescu")]
    family_name: Option<String>,
    /// What they are to the employee.
    #[schema(example = "child")]
    relationship: Option<Relationship>,
    /// The day of birth.
    #[schema(example = "2019-09-01")]
    born_on: Option<Option<NaiveDate>>,
    /// Whether the tax office counts them.
    #[schema(example = true)]
    is_tax_dependant: Option<bool>,
    /// The last day on which they depend on the employee; null until further notice.
    #[schema(example = json!(null))]
    ends_on: Option<Option<NaiveDate>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct DependantFilter {
    /// Only dependants of this employee.
    employee_id: Option<Uuid>,
    /// Only those who are this to the employee.
    #[param(inline)]
    relationship: Option<Relationship>,
}

impl Named for Dependant {
    const NAME: &'static str = "dependants";
}

impl Resource for Dependant {
    const PATH: &'static str = "/v1/dependants";
    const SINGULAR: &'static str = "dependant";
    const TAG: &'static str = "People";
    const SORT: &'static [SortKey] = &[SortKey::text("family_name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "family_name";
    type Filter = DependantFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn person(&self) -> Option<Uuid> {
        Some(self.employee_id)
    }
}

impl Stored for Dependant {
    type Table = dependants::table;
    const TABLE: &'static str = "dependants";
    const SEARCHED: &'static [&'static str] = &["given_name", "family_name"];

    fn narrow(rows: Rows<Self>, by: DependantFilter) -> Rows<Self> {
        rows.when(by.employee_id, |rows, id| rows.filter(dependants::employee_id.eq(id)))
            .when(by.relationship, |rows, what| rows.filter(dependants::relationship.eq(what)))
    }
}

impl Written for Dependant {
    type New = NewDependant;
    type Edit = EditDependant;
}

pub fn routes(api: &mut Api) {
    api.resource::<Dependant>();
}
