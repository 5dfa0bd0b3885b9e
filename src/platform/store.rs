//! Where resources live. One that is one table gets its queries here, once, through [`Stored`]; a document of several
//! tables implements [`Store`] itself. Generic over Diesel is hard to read and is written only here.
use crate::custom::{self, Field, Narrow};
use crate::database::Db;
use crate::page::{By, ID, ListQuery, Order};
use crate::problem::{Problem, Result};
use crate::resource::Resource;
use chrono::{DateTime, Utc};
use diesel::associations::HasTable;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{
    AsChangeset, AsQuery, AstPass, DeleteStatement, InsertStatement, IntoUpdateTarget, Query, QueryFragment,
    QueryId, UpdateStatement,
};
use diesel::query_dsl::methods::{BoxedDsl, FilterDsl, FindDsl, LimitDsl, OrderDsl, SelectDsl};
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{Insertable, QueryResult, Selectable, SelectableHelper, Table, dsl};
use diesel_async::RunQueryDsl;
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// The queries behind list and read.
pub trait Store: Resource {
    fn list(
        db: &mut Db,
        query: &ListQuery<Self::Filter>,
        rows: i64,
    ) -> impl Future<Output = Result<Vec<Self>>>;
    fn count(db: &mut Db, query: &ListQuery<Self::Filter>) -> impl Future<Output = Result<i64>>;
    fn find(db: &mut Db, id: Uuid) -> impl Future<Output = Result<Self>>;
    /// Finds it and keeps others from changing it until the transaction ends.
    fn lock(db: &mut Db, id: Uuid) -> impl Future<Output = Result<Self>>;
    /// Puts it into another state, and changes nothing else.
    fn set_status(db: &mut Db, id: Uuid, status: &'static str) -> impl Future<Output = Result<Self>>;
}

/// The queries behind create, change and delete.
pub trait Kept: Store {
    /// What comes in with create and with change.
    type New: DeserializeOwned + ToSchema + Clone + 'static;
    type Edit: DeserializeOwned + Serialize + ToSchema + Clone + 'static;

    /// The table that rows of a file are written to together, where it is one; else they are created one by one.
    const BULK: Option<&'static str> = None;

    fn create(db: &mut Db, new: Self::New) -> impl Future<Output = Result<Self>>;
    /// Creates those of a file that are written together, and answers them in their order: one by one, unless told. With each comes
    /// the id by which others of the file refer to it.
    fn create_all(db: &mut Db, new: Vec<(Uuid, Self::New)>) -> impl Future<Output = Result<Vec<Self>>> {
        async {
            let mut made = Vec::with_capacity(new.len());
            for (_, each) in new {
                made.push(Self::create(db, each).await?);
            }
            Ok(made)
        }
    }
    /// Takes back what this import made beside its rows, before these go. What it made is in `import_rows`.
    fn undo_besides(_db: &mut Db, _import: Uuid) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }
    /// Changes the locked row.
    fn change(db: &mut Db, row: Self, edit: Self::Edit) -> impl Future<Output = Result<Self>>;
    /// Deletes the locked row.
    fn delete(db: &mut Db, row: Self) -> impl Future<Output = Result<()>>;
    /// Rules beyond the schema, for rows that are written together.
    fn check_new(_db: &mut Db, _new: &Self::New) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }
    /// The same for a change.
    fn check_edit(_db: &mut Db, _row: &Self, _edit: &Self::Edit) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }
}

/// A resource that is one table.
pub trait Stored: Resource + Selectable<Pg, SelectExpression: QueryId> {
    type Table: Table
        + HasTable<Table = Self::Table>
        + SelectDsl<dsl::AsSelect<Self, Pg>, Output: BoxedDsl<'static, Pg>>;
    /// The columns of the key and of text that `q` searches.
    const TABLE: &'static str;
    const SEARCHED: &'static [&'static str];
    /// Applies the filters that were given.
    fn narrow(rows: Rows<Self>, by: Self::Filter) -> Rows<Self>;
    /// The same for one page of so many rows, where another table's index finds them in their order.
    fn filter_of_page(query: &ListQuery<Self::Filter>, _rows: i64) -> Self::Filter {
        query.filter.clone()
    }
}

/// A resource that is one table and that clients write.
pub trait Written: Stored {
    /// What comes in with create. It brings the id of the row to be: `#[serde(skip, default = "Uuid::now_v7")] id: Uuid`.
    type New: DeserializeOwned + ToSchema + Clone + 'static;
    type Edit: DeserializeOwned + Serialize + ToSchema + Clone + 'static;

    /// A rule on what comes in that the schema can not hold.
    fn check_new(_db: &mut Db, _new: &Self::New) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }
    /// The same for a change of the locked row.
    fn check_edit(_db: &mut Db, _row: &Self, _edit: &Self::Edit) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }
    /// The same for deleting the locked row: what a law makes one keep stays.
    fn check_delete(_db: &mut Db, _row: &Self) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }
}

/// A query for `R`s that filters can be added to.
pub type Rows<R> = dsl::IntoBoxed<'static, dsl::Select<<R as Stored>::Table, dsl::AsSelect<R, Pg>>, Pg>;

type Key = (Uuid, Uuid);
type One<R> = dsl::Find<<R as Stored>::Table, Key>;
type Where<R> = <One<R> as IntoUpdateTarget>::WhereClause;
type Insert<R> =
    InsertStatement<<R as Stored>::Table, <<R as Written>::New as Insertable<<R as Stored>::Table>>::Values>;
type Update<R> =
    UpdateStatement<<R as Stored>::Table, Where<R>, <<R as Written>::Edit as AsChangeset>::Changeset>;
type Back<R, Q> = dsl::Returning<Q, dsl::AsSelect<R, Pg>>;
type Picked<R> = dsl::Select<One<R>, dsl::AsSelect<R, Pg>>;

// Diesel asks for every capability by name. These clauses are the price, paid once.
impl<R> Store for R
where
    R: Stored<Table: FindDsl<Key> + Send + 'static> + Send,
    Rows<R>: FilterDsl<Condition, Output = Rows<R>>
        + OrderDsl<OrderBy, Output = Rows<R>>
        + LimitDsl<Output = Rows<R>>
        + Send,
    ByCustom<Rows<R>>: LoadQuery<'static, Db, R> + Send,
    Seen<Rows<R>>: LoadQuery<'static, Db, R> + Send,
    Seen<Counted<Rows<R>>>: LoadQuery<'static, Db, i64> + Send,
    One<R>: SelectDsl<dsl::AsSelect<R, Pg>>,
    Picked<R>: LoadQuery<'static, Db, R> + Send + 'static,
    Locked<Picked<R>>: LoadQuery<'static, Db, R> + Send + 'static,
    Stepped<R>: LoadQuery<'static, Db, R> + Send + 'static,
{
    async fn list(db: &mut Db, query: &ListQuery<Self::Filter>, rows: i64) -> Result<Vec<Self>> {
        if let [Order { key: By::Custom(field), .. }, ..] = query.order.as_slice() {
            return Ok(by_custom::<R>(db.organization(), query, field, rows).load(db).await?);
        }
        let mut of_page = query.clone();
        of_page.filter = R::filter_of_page(query, rows);
        let mut found = matching::<R>(db.organization(), &of_page);
        if let Some(values) = &query.after {
            let behind =
                Condition::Behind { table: R::TABLE, order: query.order.clone(), values: values.clone() };
            found = FilterDsl::filter(found, behind);
        }
        let order = OrderBy { table: R::TABLE, order: query.order.clone() };
        let found = LimitDsl::limit(OrderDsl::order(found, order), rows);
        Ok(Seen::new::<R>(found, db, query.as_of).load(db).await?)
    }

    async fn count(db: &mut Db, query: &ListQuery<Self::Filter>) -> Result<i64> {
        let counted = Counted(matching::<R>(db.organization(), query));
        Ok(Seen::new::<R>(counted, db, query.as_of).get_result(db).await?)
    }

    async fn find(db: &mut Db, id: Uuid) -> Result<Self> {
        let one =
            SelectDsl::select(FindDsl::find(R::Table::table(), (db.organization(), id)), R::as_select());
        Ok(one.get_result(db).await?)
    }

    async fn lock(db: &mut Db, id: Uuid) -> Result<Self> {
        let one =
            SelectDsl::select(FindDsl::find(R::Table::table(), (db.organization(), id)), R::as_select());
        Ok(Locked(one).get_result(db).await?)
    }

    async fn set_status(db: &mut Db, id: Uuid, status: &'static str) -> Result<Self> {
        let key = (db.organization(), id);
        Ok(Stepped { table: R::TABLE, key, status, back: R::as_select() }.get_result(db).await?)
    }
}

fn by_custom<R: Stored>(
    organization: Uuid,
    query: &ListQuery<R::Filter>,
    field: &Arc<Field>,
    rows: i64,
) -> ByCustom<Rows<R>>
where
    Rows<R>: FilterDsl<Condition, Output = Rows<R>>,
{
    let matching = |condition| FilterDsl::filter(matching::<R>(organization, query), condition);
    let begins_behind = query.after.as_ref().is_some_and(|values| values[0].is_none());
    ByCustom {
        valued: (!begins_behind).then(|| matching(Condition::HasValue { table: R::TABLE })),
        unvalued: matching(Condition::HasNoValue { table: R::TABLE, field: field.id }),
        field: Arc::clone(field),
        order: query.order.clone(),
        after: query.after.clone(),
        rows,
    }
}

/// The organization's rows that the filters and the search leave.
fn matching<R: Stored>(organization: Uuid, query: &ListQuery<R::Filter>) -> Rows<R>
where
    Rows<R>: FilterDsl<Condition, Output = Rows<R>>,
{
    let all: Rows<R> = BoxedDsl::internal_into_boxed(SelectDsl::select(R::Table::table(), R::as_select()));
    let own = FilterDsl::filter(all, Condition::InOrganization { table: R::TABLE, organization });
    let mut rows = R::narrow(own, query.filter.clone());
    if let Some(typed) = &query.search {
        let pattern = crate::text::contains(typed);
        rows =
            FilterDsl::filter(rows, Condition::Contains { table: R::TABLE, columns: R::SEARCHED, pattern });
    }
    for narrow in &query.custom {
        rows = FilterDsl::filter(rows, Condition::Custom { table: R::TABLE, narrow: narrow.clone() });
    }
    rows
}

impl<R> Kept for R
where
    R: Written + Store + Send,
    R::Table: FindDsl<Key> + Send + 'static,
    R::Edit: AsChangeset<Target = R::Table>,
    <R as Written>::New: Insertable<R::Table>,
    Back<R, Insert<R>>: Query + LoadQuery<'static, Db, R> + Send + 'static,
    One<R>: IntoUpdateTarget + HasTable<Table = R::Table>,
    Update<R>: AsQuery,
    Back<R, Update<R>>: Query + LoadQuery<'static, Db, R> + Send + 'static,
    DeleteStatement<R::Table, Where<R>>: ExecuteDsl<Db> + Send + 'static,
{
    type New = <R as Written>::New;
    type Edit = <R as Written>::Edit;
    const BULK: Option<&'static str> = Some(R::TABLE);

    async fn check_new(db: &mut Db, new: &<R as Written>::New) -> Result<()> {
        <R as Written>::check_new(db, new).await
    }

    async fn check_edit(db: &mut Db, row: &Self, edit: &<R as Written>::Edit) -> Result<()> {
        <R as Written>::check_edit(db, row, edit).await
    }

    async fn create(db: &mut Db, new: <R as Written>::New) -> Result<Self> {
        <R as Written>::check_new(db, &new).await?;
        Ok(diesel::insert_into(R::Table::table())
            .values(new)
            .returning(R::as_select())
            .get_result(db)
            .await?)
    }

    async fn change(db: &mut Db, row: Self, edit: <R as Written>::Edit) -> Result<Self> {
        <R as Written>::check_edit(db, &row, &edit).await?;
        let patch = serde_json::to_value(&edit).map_err(Problem::internal)?;
        if changes_nothing(&row, &patch)? {
            custom::refuse_unknown(db, R::NAME, row.id(), &patch).await?;
            return Ok(row);
        }
        let one = FindDsl::find(R::Table::table(), (db.organization(), row.id()));
        Ok(diesel::update(one).set(edit).returning(R::as_select()).get_result(db).await?)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        R::check_delete(db, &row).await?;
        let one = FindDsl::find(R::Table::table(), (db.organization(), row.id()));
        diesel::delete(one).execute(db).await?;
        Ok(())
    }
}

/// Rows in the order of these ids, since a database answers in none.
#[must_use]
pub fn in_order<T>(mut rows: Vec<T>, ids: &[Uuid], id: impl Fn(&T) -> Uuid) -> Vec<T> {
    let places: HashMap<Uuid, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    rows.sort_by_key(|row| places.get(&id(row)).copied());
    rows
}

/// A patch that says what is so already is no change: no version, no event.
pub fn changes_nothing<R: Resource>(row: &R, patch: &Value) -> Result<bool> {
    let row = serde_json::to_value(row).map_err(Problem::internal)?;
    let is_so = |name: &str, value: &Value| match row.get(name) {
        Some(own) if R::CUSTOM && name == "custom" => custom::says_the_same(own, value),
        known => known == Some(value),
    };
    Ok(patch.as_object().is_some_and(|fields| fields.iter().all(|(name, value)| is_so(name, value))))
}

/// The conditions that every list has.
pub enum Condition {
    InOrganization {
        table: &'static str,
        organization: Uuid,
    },
    Contains {
        table: &'static str,
        columns: &'static [&'static str],
        pattern: String,
    },
    Behind {
        table: &'static str,
        order: Vec<Order>,
        values: Vec<Option<String>>,
    },
    /// Its custom field has such a value.
    Custom {
        table: &'static str,
        narrow: Narrow,
    },
    /// It is the row of [`ByCustom`]'s value.
    HasValue {
        table: &'static str,
    },
    HasNoValue {
        table: &'static str,
        field: Uuid,
    },
}

impl QueryFragment<Pg> for Condition {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Self::InOrganization { table, organization } => {
                column(&mut out, table, "org_id")?;
                out.push_sql(" = ");
                out.push_bind_param::<SqlUuid, _>(organization)
            }
            Self::Contains { table, columns, pattern } => {
                out.push_sql(if columns.is_empty() { "(false" } else { "(" }); // what has no text holds none
                for (index, name) in columns.iter().enumerate() {
                    out.push_sql(if index > 0 { " or " } else { "" });
                    column(&mut out, table, name)?;
                    out.push_sql(" ilike ");
                    out.push_bind_param::<Text, _>(pattern)?;
                }
                out.push_sql(")");
                Ok(())
            }
            Self::Behind { table, order, values } => behind(&mut out, Place::Table(table), order, values),
            Self::Custom { table, narrow } => {
                column(&mut out, table, "id")?;
                out.push_sql(" in (select resource_id from custom_values where org_id = (select current_org()) and field_id = ");
                out.push_bind_param::<SqlUuid, _>(&narrow.field.id)?;
                out.push_sql(" and value ");
                out.push_sql(narrow.operator);
                out.push_sql(" ");
                custom_key(&mut out, &narrow.field, &narrow.value)?;
                out.push_sql(")");
                Ok(())
            }
            Self::HasValue { table } => {
                column(&mut out, table, "id")?;
                out.push_sql(" = by_value.resource_id");
                Ok(())
            }
            Self::HasNoValue { table, field } => {
                out.push_sql("not exists (select from custom_values where org_id = (select current_org()) and field_id = ");
                out.push_bind_param::<SqlUuid, _>(field)?;
                out.push_sql(" and resource_id = ");
                column(&mut out, table, "id")?;
                out.push_sql(")");
                Ok(())
            }
        }
    }
}

/// Where the keys of an order are found: in the table, or in the page of [`ByCustom`], whose first key is a value of its
/// own and whose last is in the same index.
#[derive(Clone, Copy)]
enum Place {
    Table(&'static str),
    Valued,
    Unvalued,
}

fn key_sql<'b>(
    out: &mut AstPass<'_, 'b, Pg>,
    place: Place,
    first: bool,
    order: &'b Order,
) -> QueryResult<()> {
    match (place, &order.key) {
        (Place::Valued, By::Custom(_)) if first => out.push_sql("by_value.value"),
        (Place::Valued, By::Column(ID)) => out.push_sql("by_value.resource_id"),
        (Place::Table(table), By::Column(key)) => column(out, table, key.name)?,
        (_, By::Column(key)) => column(out, "page", key.name)?,
        (place, By::Custom(field)) => {
            let row = if let Place::Table(table) = place { table } else { "page" };
            out.push_sql(
                "(select value from custom_values where org_id = (select current_org()) and field_id = ",
            );
            out.push_bind_param::<SqlUuid, _>(&field.id)?;
            out.push_sql(" and resource_id = ");
            column(out, row, "id")?;
            out.push_sql(")");
        }
    }
    Ok(())
}

fn value_sql<'b>(out: &mut AstPass<'_, 'b, Pg>, order: &'b Order, value: &'b str) -> QueryResult<()> {
    match &order.key {
        By::Column(key) => {
            out.push_bind_param::<Text, _>(value)?;
            out.push_sql("::");
            out.push_sql(key.sql_type());
            Ok(())
        }
        By::Custom(field) => custom_key(out, field, value),
    }
}

/// The text that sorts as the value does.
fn custom_key<'b>(out: &mut AstPass<'_, 'b, Pg>, field: &'b Field, value: &'b str) -> QueryResult<()> {
    out.push_sql("custom_key(");
    out.push_bind_param::<Text, _>(field.kind.as_str())?;
    out.push_sql(", ");
    out.push_bind_param::<Text, _>(value)?;
    out.push_sql(")");
    Ok(())
}

/// `(a, id) > ($1, $2)`, which an index serves, where all keys run the same way; else `a > $1 or a = $1 and id < $2`.
fn behind<'b>(
    out: &mut AstPass<'_, 'b, Pg>,
    place: Place,
    order: &'b [Order],
    values: &'b [Option<String>],
) -> QueryResult<()> {
    let key = |out: &mut AstPass<'_, 'b, Pg>, index: usize| key_sql(out, place, index == 0, &order[index]);
    let value = |out: &mut AstPass<'_, 'b, Pg>, index: usize| {
        let value = values[index].as_deref();
        value.map_or(Ok(()), |value| value_sql(out, &order[index], value))
    };
    let direction = |order: &Order| if order.descending { " < " } else { " > " };
    // Values of the page's own index are there; others may be null, and come last.
    let may_be_null = |index: usize| {
        matches!(order[index].key, By::Custom(_)) && !(index == 0 && matches!(place, Place::Valued))
    };
    let are_there = (0..order.len()).all(|index| !may_be_null(index));
    if are_there && order.iter().all(|each| each.descending == order[0].descending) {
        list(out, order.len(), &key)?;
        out.push_sql(direction(&order[0]));
        return list(out, order.len(), &value);
    }
    if let Place::Valued = place {
        // What follows says it too, in a way that no index understands.
        key(out, 0)?;
        out.push_sql(if order[0].descending { " <= " } else { " >= " });
        value(out, 0)?;
        out.push_sql(" and ");
    }
    out.push_sql("(");
    for (last, each) in order.iter().enumerate() {
        out.push_sql(if last > 0 { " or (" } else { "(" });
        for (before, value_before) in values.iter().enumerate().take(last) {
            key(out, before)?;
            if value_before.is_none() {
                out.push_sql(" is null and ");
                continue;
            }
            out.push_sql(" = ");
            value(out, before)?;
            out.push_sql(" and ");
        }
        if values[last].is_none() {
            out.push_sql("false)"); // nothing comes behind what comes last
            continue;
        }
        out.push_sql("(");
        key(out, last)?;
        out.push_sql(direction(each));
        value(out, last)?;
        if may_be_null(last) {
            out.push_sql(" or ");
            key(out, last)?;
            out.push_sql(" is null");
        }
        out.push_sql("))");
    }
    out.push_sql(")");
    Ok(())
}

fn list<'b>(
    out: &mut AstPass<'_, 'b, Pg>,
    length: usize,
    each: &impl Fn(&mut AstPass<'_, 'b, Pg>, usize) -> QueryResult<()>,
) -> QueryResult<()> {
    out.push_sql("(");
    for index in 0..length {
        out.push_sql(if index > 0 { ", " } else { "" });
        each(out, index)?;
    }
    out.push_sql(")");
    Ok(())
}

fn column(out: &mut AstPass<'_, '_, Pg>, table: &str, name: &str) -> QueryResult<()> {
    out.push_identifier(table)?;
    out.push_sql(".");
    out.push_identifier(name)
}

fn order_by<'b>(out: &mut AstPass<'_, 'b, Pg>, place: Place, order: &'b [Order]) -> QueryResult<()> {
    for (index, each) in order.iter().enumerate() {
        out.push_sql(if index > 0 { ", " } else { "" });
        key_sql(out, place, index == 0, each)?;
        out.push_sql(if each.descending { " desc" } else { " asc" });
        // In the page's own index there are none, and it would not be used for an order that names them.
        let in_index = index == 0 && matches!(place, Place::Valued);
        if each.descending && matches!(each.key, By::Custom(_)) && !in_index {
            out.push_sql(" nulls last");
        }
    }
    Ok(())
}

/// The order of a list.
pub struct OrderBy {
    table: &'static str,
    order: Vec<Order>,
}

impl QueryFragment<Pg> for OrderBy {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        order_by(&mut out, Place::Table(self.table), &self.order)
    }
}

/// Rows in the order of a custom field: those that have a value, read off the index of values, then those that have none.
pub struct ByCustom<Q> {
    /// Rows of [`Condition::HasValue`]; none where the page begins behind the last of them.
    valued: Option<Q>,
    /// Rows of [`Condition::HasNoValue`].
    unvalued: Q,
    field: Arc<Field>,
    order: Vec<Order>,
    after: Option<Vec<Option<String>>>,
    rows: i64,
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for ByCustom<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let after = self.after.as_deref();
        if let Some(valued) = &self.valued {
            out.push_sql("(select page.* from custom_values by_value cross join lateral (");
            valued.walk_ast(out.reborrow())?;
            out.push_sql(") page where by_value.org_id = (select current_org()) and by_value.field_id = ");
            out.push_bind_param::<SqlUuid, _>(&self.field.id)?;
            if let Some(values) = after {
                out.push_sql(" and ");
                behind(&mut out, Place::Valued, &self.order, values)?;
            }
            out.push_sql(" order by ");
            order_by(&mut out, Place::Valued, &self.order)?;
            out.push_sql(" limit ");
            out.push_bind_param::<BigInt, _>(&self.rows)?;
            out.push_sql(") union all ");
        }
        out.push_sql("(select page.* from (");
        self.unvalued.walk_ast(out.reborrow())?;
        out.push_sql(") page");
        if let (Some(values), None) = (after, &self.valued) {
            out.push_sql(" where ");
            behind(&mut out, Place::Unvalued, &self.order[1..], &values[1..])?;
        }
        out.push_sql(" order by ");
        order_by(&mut out, Place::Unvalued, &self.order[1..])?;
        out.push_sql(" limit ");
        out.push_bind_param::<BigInt, _>(&self.rows)?;
        out.push_sql(")");
        if self.valued.is_some() {
            out.push_sql(" limit ");
            out.push_bind_param::<BigInt, _>(&self.rows)?;
        }
        Ok(())
    }
}
impl<Q: Query> Query for ByCustom<Q> {
    type SqlType = Q::SqlType;
}
impl<Q> QueryId for ByCustom<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// Fragments that name their table themselves fit any query.
macro_rules! fits_any_query {
    ($($fragment:ty: $sql_type:ty),*) => {$(
        impl Expression for $fragment { type SqlType = $sql_type; }
        impl<T> AppearsOnTable<T> for $fragment {}
        impl<T> SelectableExpression<T> for $fragment {}
        impl<G> ValidGrouping<G> for $fragment { type IsAggregate = is_aggregate::No; }
        impl QueryId for $fragment { type QueryId = (); const HAS_STATIC_QUERY_ID: bool = false; }
    )*};
}
fits_any_query!(Condition: Bool, OrderBy: Bool);

/// `update … set status = … returning …` of one row.
pub struct Stepped<R: Selectable<Pg>> {
    table: &'static str,
    key: Key,
    status: &'static str,
    back: dsl::AsSelect<R, Pg>,
}

impl<R: Selectable<Pg>> QueryFragment<Pg> for Stepped<R>
where
    dsl::AsSelect<R, Pg>: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("update ");
        out.push_identifier(self.table)?;
        out.push_sql(" set status = ");
        out.push_bind_param::<Text, _>(self.status)?;
        out.push_sql(" where org_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.key.0)?;
        out.push_sql(" and id = ");
        out.push_bind_param::<SqlUuid, _>(&self.key.1)?;
        out.push_sql(" returning ");
        self.back.walk_ast(out.reborrow())
    }
}
impl<R: Selectable<Pg>> Query for Stepped<R>
where
    dsl::AsSelect<R, Pg>: Expression,
{
    type SqlType = <dsl::AsSelect<R, Pg> as Expression>::SqlType;
}
impl<R: Selectable<Pg>> QueryId for Stepped<R> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// `select … for update`, which Diesel can not name in a bound.
pub struct Locked<Q>(pub Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Locked<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" for no key update");
        Ok(())
    }
}
impl<Q: Query> Query for Locked<Q> {
    type SqlType = Q::SqlType;
}
impl<Q: QueryId> QueryId for Locked<Q> {
    type QueryId = Locked<Q::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

/// How many rows the query finds.
pub struct Counted<Q>(pub Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Counted<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("select count(*) from (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") counted");
        Ok(())
    }
}
impl<Q> Query for Counted<Q> {
    type SqlType = BigInt;
}
impl<Q> QueryId for Counted<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// Rows as they are, or as they were at a moment.
pub struct Seen<Q> {
    query: Q,
    past: Option<Past>,
}

struct Past {
    table: &'static str,
    resource: &'static str,
    organization: Uuid,
    at: DateTime<Utc>,
}

impl<Q> Seen<Q> {
    fn new<R: Stored>(query: Q, db: &Db, at: Option<DateTime<Utc>>) -> Self {
        let organization = db.organization();
        let past = at.map(|at| Past { table: R::TABLE, resource: R::NAME, organization, at });
        Self { query, past }
    }
}

impl QueryFragment<Pg> for Past {
    /// Puts the table's past in its place, under its name: rows that nothing has happened to since are as they are, and of
    /// the others each field is what the first event since says that it was before.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Self { table, resource, organization, at } = self;
        out.push_sql("with ");
        out.push_identifier(table)?;
        out.push_sql(" as (with since as materialized (select * from events where org_id = ");
        out.push_bind_param::<SqlUuid, _>(organization)?;
        out.push_sql(" and resource = ");
        out.push_bind_param::<Text, _>(resource)?;
        out.push_sql(" and at > ");
        out.push_bind_param::<Timestamptz, _>(at)?;
        out.push_sql(
            "), first as (
                select distinct on (resource_id) org_id, resource, resource_id, type, version from since order by resource_id, transaction, sequence
            ), before as (
                select resource_id, jsonb_object_agg(key, value) as fields from (
                    select distinct on (s.resource_id, f.key) s.resource_id, f.key, f.value -> 'before' as value
                    from since s, jsonb_each(s.changes) f order by s.resource_id, f.key, s.transaction, s.sequence
                ) each group by resource_id
            ) select t.* from ",
        );
        out.push_identifier(table)?;
        out.push_sql(" t where t.id not in (select resource_id from first) union all select p.* from first join before using (resource_id) left join ");
        out.push_identifier(table)?;
        out.push_sql(" t on t.org_id = first.org_id and t.id = first.resource_id, lateral jsonb_populate_record(null::");
        out.push_identifier(table)?;
        out.push_sql(
            ", coalesce(to_jsonb(t), '{}') || before.fields
                || jsonb_build_object('custom', jsonb_strip_nulls(coalesce(to_jsonb(t) -> 'custom', '{}') || coalesce(
                    (select jsonb_object_agg(substr(own.key, 8), own.value) from jsonb_each(before.fields) own where own.key like 'custom.%'), '{}')))
                || jsonb_build_object('org_id', first.org_id, 'id', first.resource_id,
                'version', first.version - 1, 'updated_at', (select max(e.at) from events e
                    where e.org_id = first.org_id and e.resource = first.resource and e.resource_id = first.resource_id and e.at <= ",
        );
        out.push_bind_param::<Timestamptz, _>(at)?;
        out.push_sql(
            "))) p where first.type not like '%.created' and (t.id is not null or (select current_reach()) = 'org')) ",
        );
        Ok(())
    }
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Seen<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if let Some(past) = &self.past {
            past.walk_ast(out.reborrow())?;
        }
        self.query.walk_ast(out)
    }
}
impl<Q: Query> Query for Seen<Q> {
    type SqlType = Q::SqlType;
}
impl<Q> QueryId for Seen<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
