//! Custom fields: what an organization adds to a resource, typed, under `custom`. The database holds what is written
//! against the organization's fields and hides what a caller may not see; this brings both into the regular calls.
//!
//! A resource takes them by `select takes_custom_fields('…')` in a migration, `const CUSTOM: bool = true`, and a field
//! `custom` in its row ([`Custom`], selected by [`shown`]), its `New…` ([`NewCustom`]) and its `Edit…` ([`EditCustom`]).
pub(crate) mod contract;
mod fields;
mod lists;

pub(crate) use fields::routes;
pub(crate) use lists::{Asked, Field, Narrow, asked, columns};

use crate::database::Db;
use crate::may::Named;
use crate::problem::{CONFLICT, Fault, Problem, Result};
use crate::text;
use diesel::QueryResult;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::{
    AppearsOnTable, AsExpression, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Array, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use utoipa::openapi::schema::{AdditionalProperties, SchemaType};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

diesel::define_sql_function! {
    /// See the migration: what is wrong with what was given for a new row, or for a change of this one.
    fn custom_faults_of(resource: Text, id: Nullable<SqlUuid>, given: Jsonb) -> Nullable<Jsonb>;
}
diesel::define_sql_function! {
    /// The same for many rows at once.
    fn custom_faults(resource: Text, ids: Array<SqlUuid>, given: Array<Jsonb>, before: Array<Nullable<Jsonb>>) -> Nullable<Jsonb>;
}

/// The values of a row's custom fields that the caller sees, by name. What has no value is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub struct Custom(BTreeMap<String, String>);

impl FromSql<Jsonb, Pg> for Custom {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(serde_json::from_value(<Value as FromSql<Jsonb, Pg>>::from_sql(value)?)?)
    }
}

/// The custom fields of a row to be. Null is as good as left out.
#[derive(Clone, Debug, Default, AsExpression)]
#[diesel(sql_type = Jsonb)]
pub struct NewCustom(Value);

impl<'de> Deserialize<'de> for NewCustom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let given = BTreeMap::<String, Option<String>>::deserialize(deserializer)?;
        Ok(Self(json!(given.into_iter().filter(|(_, value)| value.is_some()).collect::<BTreeMap<_, _>>())))
    }
}

impl ToSql<Jsonb, Pg> for NewCustom {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        static NOTHING: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| json!({}));
        let value = if self.0.is_null() { &*NOTHING } else { &self.0 };
        <Value as ToSql<Jsonb, Pg>>::to_sql(value, out)
    }
}

/// A merge patch of a row's custom fields: left out keeps, null clears.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EditCustom(BTreeMap<String, Option<String>>);

/// `merge_custom(tableoid, custom, $1)`: what the row holds, patched. Fields that the caller may not see are kept.
pub struct Merged(Value);

impl AsExpression<Jsonb> for EditCustom {
    type Expression = Merged;

    fn as_expression(self) -> Merged {
        Merged(json!(self.0))
    }
}

impl AsExpression<Jsonb> for &EditCustom {
    type Expression = Merged;

    fn as_expression(self) -> Merged {
        Merged(json!(self.0))
    }
}

impl Expression for Merged {
    type SqlType = Jsonb;
}
impl<T> AppearsOnTable<T> for Merged {}
impl<T> SelectableExpression<T> for Merged {}
impl<G> ValidGrouping<G> for Merged {
    type IsAggregate = is_aggregate::No;
}
impl QueryId for Merged {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}
impl QueryFragment<Pg> for Merged {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("merge_custom(tableoid, custom, ");
        out.push_bind_param::<Jsonb, _>(&self.0)?;
        out.push_sql(")");
        Ok(())
    }
}

/// The column `custom` of `R` as the caller sees it. Costs nothing where it is empty, and else asks once per query.
pub struct Shown<R>(PhantomData<fn() -> R>);

/// For `#[diesel(select_expression = custom::shown::<Employee>())]`.
#[must_use]
pub fn shown<R>() -> Shown<R> {
    Shown(PhantomData)
}

impl<R> Expression for Shown<R> {
    type SqlType = Jsonb;
}
impl<R, T> AppearsOnTable<T> for Shown<R> {}
impl<R, T> SelectableExpression<T> for Shown<R> {}
impl<R, G> ValidGrouping<G> for Shown<R> {
    type IsAggregate = is_aggregate::No;
}
impl<R: 'static> QueryId for Shown<R> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}
impl<R: Named> QueryFragment<Pg> for Shown<R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let column = format!("\"{}\".custom", R::NAME.replace('-', "_"));
        out.push_sql(&format!(
            "case when {column} = '{{}}' then {column} else {column} - (select hidden_custom('{}')) end",
            R::NAME
        ));
        Ok(())
    }
}

/// The most fields that a resource has.
const MOST: usize = 200;
/// The most characters that a value has.
const LONGEST: usize = 500;

/// What every name of a field keeps.
const NAME: &str = "^[a-z][a-z0-9_]{0,39}$";

fn is_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn schema(name: &str, description: &str, kinds: SchemaType) -> RefOr<Schema> {
    let value = ObjectBuilder::new().schema_type(kinds).max_length(Some(LONGEST));
    let object = ObjectBuilder::new()
        .title(Some(name))
        .description(Some(description))
        .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(value.build())))))
        .property_names(Some(ObjectBuilder::new().schema_type(Type::String).pattern(Some(NAME))))
        .max_properties(Some(MOST))
        .examples([json!({})]);
    RefOr::T(Schema::Object(object.build()))
}

impl PartialSchema for Custom {
    fn schema() -> RefOr<Schema> {
        let about = "The organization's own fields, by name; those without a value are left out. Numbers and amounts are \
                     decimals, days are `YYYY-MM-DD`. `/openapi.json?organization=…` tells which there are.";
        schema("Custom", about, Type::String.into())
    }
}
impl ToSchema for Custom {}

impl PartialSchema for NewCustom {
    fn schema() -> RefOr<Schema> {
        let about = "Values of the organization's own fields, by name; `/openapi.json?organization=…` tells which there are.";
        schema("NewCustom", about, SchemaType::from_iter([Type::String, Type::Null]))
    }
}
impl ToSchema for NewCustom {}

impl PartialSchema for EditCustom {
    fn schema() -> RefOr<Schema> {
        let about = "Values of the organization's own fields, by name, as a merge patch: what is left out is kept, null clears.";
        schema("EditCustom", about, SchemaType::from_iter([Type::String, Type::Null]))
    }
}
impl ToSchema for EditCustom {}

/// A fault as the database tells it.
#[derive(Deserialize)]
struct Told {
    id: Option<Uuid>,
    pointer: String,
    code: String,
    detail: String,
}

impl Told {
    fn fault(self) -> Fault {
        Fault::at(self.pointer, &self.code, self.detail)
    }
}

/// The constraint by whose name the database refuses what breaks the rules of custom fields.
pub(crate) const HOLD: &str = "custom_fields_hold";

/// What the database refused. Input that is right in itself, and at odds with other rows, is a conflict.
pub(crate) fn refused(detail: Option<&str>) -> Problem {
    let told: Vec<Told> = match serde_json::from_str(detail.unwrap_or_default()) {
        Ok(told) => told,
        Err(error) => return Problem::internal(error),
    };
    let faults: Vec<Fault> = told.into_iter().map(Told::fault).collect();
    if faults.iter().all(|fault| ["already-taken", "in-use"].contains(&fault.code.as_str())) {
        let mut problem = CONFLICT.because("Other rows stand in the way: `errors` says where.");
        problem.errors = faults;
        return problem;
    }
    Problem::invalid(faults)
}

/// What a refused body gave for custom fields, so that their faults are told beside the others.
#[derive(Clone)]
pub(crate) struct Given(Value);

impl Given {
    /// Of a body that broke another rule.
    pub(crate) fn of(body: &[u8]) -> Option<Self> {
        let mut body: Value = serde_json::from_slice(body).ok()?;
        let Value::Object(mut given) = body.get_mut("custom")?.take() else { return None };
        // What no name and no text can be is told already, and would not get through to the database.
        given.retain(|name, value| is_name(name) && text::faults(value).is_empty());
        Some(Self(Value::Object(given)))
    }

    /// What is wrong with it, for a new row or for a change of this one.
    pub(crate) async fn faults(&self, db: &mut Db, resource: &str, id: Option<Uuid>) -> Result<Vec<Fault>> {
        let asking = diesel::select(custom_faults_of(resource, id, &self.0));
        let told: Option<Value> = asking.get_result(db).await?;
        let told: Vec<Told> =
            told.map(serde_json::from_value).transpose().map_err(Problem::internal)?.unwrap_or_default();
        Ok(told.into_iter().map(Told::fault).collect())
    }
}

/// Refuses a patch that clears what is not there for the caller; otherwise it changes nothing, and would not be asked about.
pub(crate) async fn refuse_unknown(db: &mut Db, resource: &str, id: Uuid, patch: &Value) -> Result<()> {
    let Some(given) = patch.get("custom") else { return Ok(()) };
    if given.as_object().is_none_or(|fields| !fields.values().any(Value::is_null)) {
        return Ok(());
    }
    let faults = Given(given.clone()).faults(db, resource, Some(id)).await?;
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Whether the patch of `custom` says what the row says already.
pub(crate) fn says_the_same(row: &Value, patch: &Value) -> bool {
    patch
        .as_object()
        .is_some_and(|given| given.iter().all(|(name, value)| row.get(name).unwrap_or(&Value::Null) == value))
}

/// What is wrong with the `custom` of each of these new rows, found in one statement, before a batch of them is written.
///
/// # Errors
/// Those of the database.
pub async fn faults_of_new<R: Named>(db: &mut Db, rows: &[Value]) -> Result<Vec<Vec<Fault>>> {
    let ids: Vec<Uuid> = (0..rows.len()).map(|index| Uuid::from_u128(index as u128)).collect();
    let before: Vec<Option<Value>> = vec![None; rows.len()];
    let asking = diesel::select(custom_faults(R::NAME, ids, rows, before));
    let told: Option<Value> = asking.get_result(db).await?;
    let told: Vec<Told> =
        told.map(serde_json::from_value).transpose().map_err(Problem::internal)?.unwrap_or_default();
    let mut faults = vec![Vec::new(); rows.len()];
    for each in told {
        let index = each.id.and_then(|id| usize::try_from(id.as_u128()).ok());
        if let Some(of_row) = index.and_then(|index| faults.get_mut(index)) {
            of_row.push(each.fault());
        }
    }
    Ok(faults)
}
