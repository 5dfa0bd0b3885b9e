//! Where resources live. One that is one table gets its queries here, once, through [`Stored`]; a document of several
//! tables implements [`Store`] itself. Generic over Diesel is hard to read and is written only here.
use crate::database::Db;
use crate::page::{ListQuery, Order};
use crate::problem::{Problem, Result};
use crate::resource::Resource;
use diesel::associations::HasTable;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{
    AsChangeset, AsQuery, AstPass, DeleteStatement, InsertStatement, IntoUpdateTarget, Query, QueryFragment,
    QueryId, UpdateStatement,
};
use diesel::query_dsl::methods::{BoxedDsl, FilterDsl, FindDsl, LimitDsl, OrderDsl, SelectDsl};
use diesel::sql_types::{BigInt, Bool, Text, Uuid as SqlUuid};
use diesel::{Insertable, QueryResult, Selectable, SelectableHelper, Table, dsl};
use diesel_async::RunQueryDsl;
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use serde::Serialize;
use serde::de::DeserializeOwned;
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

    fn create(db: &mut Db, new: Self::New) -> impl Future<Output = Result<Self>>;
    /// Changes the locked row.
    fn change(db: &mut Db, row: Self, edit: Self::Edit) -> impl Future<Output = Result<Self>>;
    /// Deletes the locked row.
    fn delete(db: &mut Db, row: Self) -> impl Future<Output = Result<()>>;
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
        + LoadQuery<'static, Db, R>
        + Send,
    Counted<Rows<R>>: LoadQuery<'static, Db, i64> + Send,
    One<R>: SelectDsl<dsl::AsSelect<R, Pg>>,
    Picked<R>: LoadQuery<'static, Db, R> + Send + 'static,
    Locked<Picked<R>>: LoadQuery<'static, Db, R> + Send + 'static,
    Stepped<R>: LoadQuery<'static, Db, R> + Send + 'static,
{
    async fn list(db: &mut Db, query: &ListQuery<Self::Filter>, rows: i64) -> Result<Vec<Self>> {
        let mut of_page = query.clone();
        of_page.filter = R::filter_of_page(query, rows);
        let mut found = matching::<R>(db.organization(), &of_page);
        if let Some(values) = &query.after {
            let behind =
                Condition::Behind { table: R::TABLE, order: query.order.clone(), values: values.clone() };
            found = FilterDsl::filter(found, behind);
        }
        let order = OrderBy { table: R::TABLE, order: query.order.clone() };
        Ok(LimitDsl::limit(OrderDsl::order(found, order), rows).load(db).await?)
    }

    async fn count(db: &mut Db, query: &ListQuery<Self::Filter>) -> Result<i64> {
        Ok(Counted(matching::<R>(db.organization(), query)).get_result(db).await?)
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

    async fn create(db: &mut Db, new: <R as Written>::New) -> Result<Self> {
        R::check_new(db, &new).await?;
        Ok(diesel::insert_into(R::Table::table())
            .values(new)
            .returning(R::as_select())
            .get_result(db)
            .await?)
    }

    async fn change(db: &mut Db, row: Self, edit: <R as Written>::Edit) -> Result<Self> {
        R::check_edit(db, &row, &edit).await?;
        if changes_nothing(&row, &edit)? {
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

/// A patch that says what is so already is no change: no version, no event.
fn changes_nothing<R: Serialize, E: Serialize>(row: &R, edit: &E) -> Result<bool> {
    let row = serde_json::to_value(row).map_err(Problem::internal)?;
    let edit = serde_json::to_value(edit).map_err(Problem::internal)?;
    Ok(edit.as_object().is_some_and(|fields| fields.iter().all(|(name, value)| row.get(name) == Some(value))))
}

/// The conditions that every list has.
pub enum Condition {
    InOrganization { table: &'static str, organization: Uuid },
    Contains { table: &'static str, columns: &'static [&'static str], pattern: String },
    Behind { table: &'static str, order: Vec<Order>, values: Vec<String> },
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
            Self::Behind { table, order, values } => behind(&mut out, table, order, values),
        }
    }
}

/// `(a, id) > ($1, $2)`, which an index serves, where all keys run the same way; else `a > $1 or a = $1 and id < $2`.
fn behind<'b>(
    out: &mut AstPass<'_, 'b, Pg>,
    table: &str,
    order: &'b [Order],
    values: &'b [String],
) -> QueryResult<()> {
    let key = |out: &mut AstPass<'_, 'b, Pg>, index: usize| column(out, table, order[index].key.name);
    let value = |out: &mut AstPass<'_, 'b, Pg>, index: usize| {
        out.push_bind_param::<Text, _>(&values[index])?;
        out.push_sql("::");
        out.push_sql(order[index].key.sql_type());
        Ok::<_, diesel::result::Error>(())
    };
    let direction = |order: &Order| if order.descending { " < " } else { " > " };
    if order.iter().all(|each| each.descending == order[0].descending) {
        list(out, order.len(), &key)?;
        out.push_sql(direction(&order[0]));
        return list(out, order.len(), &value);
    }
    out.push_sql("(");
    for (last, each) in order.iter().enumerate() {
        out.push_sql(if last > 0 { " or (" } else { "(" });
        for before in 0..last {
            key(out, before)?;
            out.push_sql(" = ");
            value(out, before)?;
            out.push_sql(" and ");
        }
        key(out, last)?;
        out.push_sql(direction(each));
        value(out, last)?;
        out.push_sql(")");
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

/// The order of a list.
pub struct OrderBy {
    table: &'static str,
    order: Vec<Order>,
}

impl QueryFragment<Pg> for OrderBy {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (index, each) in self.order.iter().enumerate() {
            out.push_sql(if index > 0 { ", " } else { "" });
            column(&mut out, self.table, each.key.name)?;
            out.push_sql(if each.descending { " desc" } else { " asc" });
        }
        Ok(())
    }
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
