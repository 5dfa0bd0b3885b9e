//! Saved mappings: what the headers of somebody else's files mean here, so that they are taken as they come.
use super::{columns, importer};
use crate::prelude::*;
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use schema::import_mappings;

/// A list that stands in one column of the database.
macro_rules! listed {
    ($($(#[$doc:meta])* $name:ident of $item:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, AsExpression, FromSqlRow)]
        #[diesel(sql_type = Jsonb)]
        #[serde(transparent)]
        pub struct $name(pub Vec<$item>);

        impl ToSql<Jsonb, Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
                std::io::Write::write_all(out, &[1])?;
                serde_json::to_writer(out, &self.0)?;
                Ok(IsNull::No)
            }
        }
        impl FromSql<Jsonb, Pg> for $name {
            fn from_sql(value: PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let value = <serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(value)?;
                Ok(Self(serde_json::from_value(value)?))
            }
        }
    )*};
}
pub(super) use listed;

text_enum! {
    /// In which order a file writes the parts of a day; `2026-03-02` is understood in any case.
    pub enum DateOrder { YearMonthDay = "year_month_day", DayMonthYear = "day_month_year", MonthDayYear = "month_day_year" }
}
text_enum! {
    /// What stands before the decimals in a file.
    pub enum DecimalSeparator { Point = "point", Comma = "comma" }
}

/// What a header of the file means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappedColumn {
    /// As the first line of the file has it.
    #[schema(min_length = 1, max_length = 200, example = "Personalnummer")]
    pub header: String,
    /// The column that it is: a field, or what stands for one, such as `department_code`.
    #[schema(min_length = 1, max_length = 100, example = "employee_number")]
    pub field: String,
}

/// What every row has that leaves it open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappedConstant {
    /// The column that is filled.
    #[schema(min_length = 1, max_length = 100, example = "phone")]
    pub field: String,
    /// The cell that each row has there.
    #[schema(max_length = 500, example = "+40 21 555 0100")]
    pub value: String,
}

listed! {
    /// Headers and their meaning.
    MappedColumns of MappedColumn;
    /// What rows have beside what the file says.
    MappedConstants of MappedConstant;
}

/// What the headers of a kind of file mean.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = import_mappings)]
pub struct ImportMapping {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Payroll provider")]
    pub name: String,
    /// The resource that its files hold.
    #[schema(max_length = 100, example = "employees")]
    pub resource: String,
    /// What the headers mean. Columns that it does not name are left out.
    #[schema(value_type = Vec<MappedColumn>, max_items = 200)]
    pub headers: MappedColumns,
    /// What rows have beside what the file says.
    #[schema(value_type = Vec<MappedConstant>, max_items = 100)]
    pub constants: MappedConstants,
    pub date_order: DateOrder,
    pub decimal_separator: DecimalSeparator,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A mapping to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = import_mappings, treat_none_as_default_value = true)]
#[serde(deny_unknown_fields)]
pub struct NewImportMapping {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Payroll provider")]
    name: String,
    /// The resource that its files hold.
    #[schema(max_length = 100, pattern = "^[a-z][a-z-]{0,99}$", example = "employees")]
    resource: String,
    /// What the headers mean.
    #[schema(value_type = Vec<MappedColumn>, min_items = 1, max_items = 200)]
    headers: MappedColumns,
    /// What rows have beside what the file says.
    #[schema(value_type = Option<Vec<MappedConstant>>, max_items = 100)]
    constants: Option<MappedConstants>,
    /// In which order a file writes the parts of a day: `year_month_day`, unless told.
    date_order: Option<DateOrder>,
    /// What stands before the decimals: `point`, unless told.
    decimal_separator: Option<DecimalSeparator>,
}

/// What of a mapping can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = import_mappings)]
#[serde(deny_unknown_fields)]
pub struct EditImportMapping {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "The payroll provider's")]
    name: Option<String>,
    /// What the headers mean.
    #[schema(value_type = Vec<MappedColumn>, min_items = 1, max_items = 200)]
    headers: Option<MappedColumns>,
    /// What rows have beside what the file says.
    #[schema(value_type = Vec<MappedConstant>, max_items = 100)]
    constants: Option<MappedConstants>,
    /// In which order a file writes the parts of a day.
    date_order: Option<DateOrder>,
    /// What stands before the decimals.
    decimal_separator: Option<DecimalSeparator>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ImportMappingFilter {
    /// Only mappings of files of this resource.
    #[param(min_length = 1, max_length = 100)]
    resource: Option<String>,
}

impl Named for ImportMapping {
    const NAME: &'static str = "import-mappings";
}

impl crate::resource::Resource for ImportMapping {
    const PATH: &'static str = "/v1/import-mappings";
    const SINGULAR: &'static str = "import_mapping";
    const TAG: &'static str = "Imports";
    const SORT: &'static [SortKey] = &[SortKey::text("name")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = ImportMappingFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for ImportMapping {
    type Table = import_mappings::table;
    const TABLE: &'static str = "import_mappings";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: ImportMappingFilter) -> Rows<Self> {
        rows.when(by.resource, |rows, resource| rows.filter(import_mappings::resource.eq(resource)))
    }
}

impl Written for ImportMapping {
    type New = NewImportMapping;
    type Edit = EditImportMapping;

    async fn check_new(_: &mut Db, new: &NewImportMapping) -> Result<()> {
        refuse_unknown(&new.resource, Some(&new.headers), new.constants.as_ref())
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditImportMapping) -> Result<()> {
        refuse_unknown(&row.resource, edit.headers.as_ref(), edit.constants.as_ref())
    }
}

fn refuse_unknown(
    resource: &str,
    columns: Option<&MappedColumns>,
    constants: Option<&MappedConstants>,
) -> Result<()> {
    let known = (importer(resource)?.columns)();
    let columns = columns
        .into_iter()
        .flat_map(|all| &all.0)
        .enumerate()
        .map(|(index, column)| (format!("/headers/{index}/field"), column.field.clone()));
    let constants = constants
        .into_iter()
        .flat_map(|all| &all.0)
        .enumerate()
        .map(|(index, constant)| (format!("/constants/{index}/field"), constant.field.clone()));
    columns::refuse_unknown(&known, columns.chain(constants))
}

/// A mapping as an import keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Mapping {
    resource: String,
    pub columns: MappedColumns,
    pub constants: MappedConstants,
    pub date_order: DateOrder,
    pub decimal_separator: DecimalSeparator,
}

impl Mapping {
    pub(super) async fn find(db: &mut Db, id: Uuid) -> Result<Self> {
        let found = <ImportMapping as Store>::find(db, id).await;
        let found = found.map_err(|_| {
            Problem::invalid(vec![Fault::of(
                "mapping",
                "unknown-reference",
                "there is no such mapping in this organization",
            )])
        })?;
        let ImportMapping { resource, headers: columns, constants, date_order, decimal_separator, .. } =
            found;
        Ok(Self { resource, columns, constants, date_order, decimal_separator })
    }

    /// Refuses to read files of another resource.
    pub(super) fn is_for<R: crate::resource::Resource>(&self) -> Result<()> {
        if self.resource == R::FILES {
            return Ok(());
        }
        let rule = format!("is for files of {}", self.resource);
        Err(Problem::invalid(vec![Fault::of("mapping", "not-allowed", rule)]))
    }
}

pub(super) fn routes(api: &mut Api) {
    api.readable::<ImportMapping>()
        .creatable::<ImportMapping>()
        .changeable::<ImportMapping>()
        .deletable::<ImportMapping>();
}
