//! The fields that an organization adds to a resource. A field keeps its name and type, as its values and their history
//! do; one that ever held a value is archived, not deleted.
use crate::prelude::*;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Nullable, Text, Uuid as SqlUuid};
use schema::custom_fields;

/// A field of the organization's own.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = custom_fields)]
pub struct CustomField {
    pub id: Uuid,
    pub version: i64,
    /// The resource that has it, as in its path.
    #[schema(max_length = 63, example = "employees")]
    pub applies_to: String,
    /// Its name in `custom`, and in `custom.<name>` for filters, sorting, imports and exports; unique for the resource.
    #[schema(max_length = 40, example = "shoe_size")]
    pub name: String,
    /// What people call it.
    #[schema(max_length = 100, example = "Shoe size")]
    pub label: String,
    #[serde(rename = "type")]
    #[diesel(column_name = type_)]
    pub kind: CustomFieldType,
    /// Whether new rows must have it. Rows from before may go without, but it is cleared no more.
    pub required: bool,
    /// Whether no two rows may have the same value.
    pub unique: bool,
    /// Of a choice: the values that there are.
    #[schema(value_type = Option<Vec<Choice>>, max_items = 200, example = json!(null))]
    #[diesel(select_expression = choices())]
    #[diesel(select_expression_type = SqlLiteral<Nullable<Array<Text>>>)]
    pub choices: Option<Vec<String>>,
    /// Of a text: how many characters it may have; null for 500.
    #[schema(minimum = 1, maximum = 500, example = 20)]
    pub max_length: Option<i32>,
    /// Of money: the currency (ISO 4217) of all its values.
    #[schema(max_length = 3, example = json!(null))]
    pub currency: Option<String>,
    /// Of a reference: the resource whose rows it refers to.
    #[schema(max_length = 63, example = json!(null))]
    pub refers_to: Option<String>,
    /// The roles that see it; none in particular is everybody who sees the row.
    #[schema(max_items = 50)]
    #[diesel(select_expression = role_ids())]
    #[diesel(select_expression_type = SqlLiteral<Array<SqlUuid>>)]
    pub role_ids: Vec<Uuid>,
    pub status: CustomFieldStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// Nothing in them is null, which the generated schema can not say.
fn choices() -> SqlLiteral<Nullable<Array<Text>>> {
    sql("custom_fields.choices")
}
fn role_ids() -> SqlLiteral<Array<SqlUuid>> {
    sql("custom_fields.role_ids")
}

text_enum! {
    /// What a custom field holds: text; a decimal; an amount in the field's currency; a day; one of its choices; the id of a row.
    pub enum CustomFieldType { Text = "text", Number = "number", Money = "money", Day = "day", Choice = "choice", Reference = "reference" }
}
text_enum! {
    /// Whether a custom field is in use.
    pub enum CustomFieldStatus { Active = "active", Archived = "archived" }
}

/// One of the values of a choice.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 100, example = "blue")]
#[expect(dead_code, reason = "it tells the contract what a choice looks like")]
pub struct Choice(String);

/// A field to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = custom_fields, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewCustomField {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The resource that gets it, as in its path.
    #[schema(max_length = 63, pattern = "^[a-z][a-z-]{0,62}$", example = "employees")]
    applies_to: String,
    /// Its name in `custom`; it can not end in `_from` or `_to`, and never changes.
    #[schema(max_length = 40, pattern = "^[a-z][a-z0-9_]{0,39}$", example = "shoe_size")]
    name: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 100, example = "Shoe size")]
    label: String,
    /// What it holds; never changes.
    #[serde(rename = "type")]
    #[diesel(column_name = type_)]
    kind: CustomFieldType,
    /// Whether new rows must have it.
    #[serde(default)]
    #[schema(example = false)]
    required: bool,
    /// Whether no two rows may have the same value.
    #[serde(default)]
    #[schema(example = false)]
    unique: bool,
    /// Of a choice: the values that there are.
    #[schema(value_type = Option<Vec<Choice>>, min_items = 1, max_items = 200, example = json!(null))]
    choices: Option<Vec<String>>,
    /// Of a text: how many characters it may have; null for 500.
    #[schema(minimum = 1, maximum = 500, example = 20)]
    max_length: Option<i32>,
    /// Of money: the currency (ISO 4217) of all its values.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = json!(null))]
    currency: Option<String>,
    /// Of a reference: the resource whose rows it refers to, as in its path.
    #[schema(max_length = 63, pattern = "^[a-z][a-z-]{0,62}$", example = json!(null))]
    refers_to: Option<String>,
    /// The roles that see it; none in particular is everybody who sees the row. For others it is not there.
    #[serde(default)]
    #[schema(max_items = 50, example = json!([]))]
    role_ids: Vec<Uuid>,
}

/// What of a field can be changed. What present values would break is refused.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = custom_fields)]
#[serde(deny_unknown_fields)]
pub struct EditCustomField {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100, example = "Shoe size (EU)")]
    label: Option<String>,
    /// Whether new rows must have it.
    #[schema(example = false)]
    required: Option<bool>,
    /// Whether no two rows may have the same value.
    #[schema(example = false)]
    unique: Option<bool>,
    /// Of a choice: all the values that there are from now on. One that rows hold must stay.
    #[schema(value_type = Option<Vec<Choice>>, min_items = 1, max_items = 200, example = json!(null))]
    choices: Option<Option<Vec<String>>>,
    /// Of a text: how many characters it may have; null for 500. Not fewer than rows hold.
    #[schema(minimum = 1, maximum = 500, example = json!(null))]
    max_length: Option<Option<i32>>,
    /// All the roles that see it from now on, history included; none in particular is everybody who sees the row.
    #[schema(max_items = 50, example = json!([]))]
    role_ids: Option<Vec<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CustomFieldFilter {
    /// Only fields of this resource.
    #[param(min_length = 1, max_length = 63)]
    applies_to: Option<String>,
    /// Only fields in this state.
    #[param(inline)]
    status: Option<CustomFieldStatus>,
    /// Only fields of this name.
    #[param(min_length = 1, max_length = 40)]
    name: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "In use."),
        (
            "archived",
            "Rows keep its values and show them no more; it is not written, filtered, sorted or exported.",
        ),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for CustomField {
    const NAME: &'static str = "custom-fields";
}

impl Resource for CustomField {
    const PATH: &'static str = "/v1/custom-fields";
    const SINGULAR: &'static str = "custom_field";
    const TAG: &'static str = "Custom fields";
    const SORT: &'static [SortKey] =
        &[SortKey::text("label"), SortKey::text("name"), SortKey::instant("created_at")];
    type Filter = CustomFieldFilter;

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

impl Stored for CustomField {
    type Table = custom_fields::table;
    const TABLE: &'static str = "custom_fields";
    const SEARCHED: &'static [&'static str] = &["label", "name"];

    fn narrow(rows: Rows<Self>, by: CustomFieldFilter) -> Rows<Self> {
        rows.when(by.applies_to, |rows, resource| rows.filter(custom_fields::applies_to.eq(resource)))
            .when(by.status, |rows, status| rows.filter(custom_fields::status.eq(status)))
            .when(by.name, |rows, name| rows.filter(custom_fields::name.eq(name)))
    }
}

impl Written for CustomField {
    type New = NewCustomField;
    type Edit = EditCustomField;

    async fn check_new(_: &mut Db, new: &NewCustomField) -> Result<()> {
        let mut faults = fitting(new.kind, new.choices.as_ref().map(Some), new.max_length.map(Some));
        if new.name.ends_with("_from") || new.name.ends_with("_to") {
            let rule = "must not end in _from or _to, which are the ends of a range in filters";
            faults.push(Fault::at("/name", "wrong-format", rule));
        }
        let of_type = [
            ("choices", CustomFieldType::Choice, new.choices.is_some()),
            ("currency", CustomFieldType::Money, new.currency.is_some()),
            ("refers_to", CustomFieldType::Reference, new.refers_to.is_some()),
        ];
        for (name, kind, is_given) in of_type {
            if kind == new.kind && !is_given {
                faults.push(Fault::at(format!("/{name}"), "required", "must be given with this type"));
            } else if kind != new.kind && is_given && name != "choices" {
                faults.push(Fault::at(format!("/{name}"), "not-allowed", "comes with another type"));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditCustomField) -> Result<()> {
        let choices = edit.choices.as_ref().map(Option::as_ref);
        let mut faults = fitting(row.kind, choices, edit.max_length);
        if row.kind == CustomFieldType::Choice && choices == Some(None) {
            faults.push(Fault::at("/choices", "required", "must be given with this type"));
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }
}

/// What does not go with the type.
fn fitting(
    kind: CustomFieldType,
    choices: Option<Option<&Vec<String>>>,
    max_length: Option<Option<i32>>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    if kind != CustomFieldType::Choice && matches!(choices, Some(Some(_))) {
        faults.push(Fault::at("/choices", "not-allowed", "comes with another type"));
    }
    if kind != CustomFieldType::Text && matches!(max_length, Some(Some(_))) {
        faults.push(Fault::at("/max_length", "not-allowed", "comes with another type"));
    }
    let choices = choices.flatten().map(Vec::as_slice).unwrap_or_default();
    let repeated = choices.iter().enumerate().filter(|(index, choice)| choices[..*index].contains(choice));
    faults.extend(
        repeated.map(|(index, _)| Fault::at(format!("/choices/{index}"), "repeated", "must be named once")),
    );
    faults
}

/// Archive a custom field
///
/// Rows keep its values and show them no more. Its name stays taken, and its history stays.
#[utoipa::path(post, path = "/v1/custom-fields/{id}/archive", tag = "Custom fields")]
async fn archive_custom_field(may: May<Write, CustomField>, id: Id<CustomField>) -> Reply<CustomField> {
    step(may, id, "archive").await
}

/// Restore a custom field
///
/// An archived field is in use again, with the values that rows kept.
#[utoipa::path(post, path = "/v1/custom-fields/{id}/restore", tag = "Custom fields")]
async fn restore_custom_field(may: May<Write, CustomField>, id: Id<CustomField>) -> Reply<CustomField> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<CustomField>()
        .call(operation!(archive_custom_field))
        .call(operation!(restore_custom_field));
}
