//! Lists (RFC 7644 §3.4.2): filtered and sorted by the database, a page at a time by index, since SCIM knows no cursors. A
//! search across users and groups shows the users first.
use crate::attributes::{GROUP, Object, ResourceType, USER};
use crate::filter;
use crate::groups::Group;
use crate::message::{Body, Message, ScimList, ScimSearch, admitted, base, invalid};
use crate::narrow::{Narrowed, Place, narrow, sort_key};
use crate::shape::{Shape, Shown};
use crate::users::User;
use crate::{Directory, groups, users};
use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use platform::prelude::*;
use serde_json::Value;

/// Resources on a page, unless told.
const USUAL: i64 = 100;
/// Resources on a page at the most.
pub const MOST: i64 = 200;
/// Where a page may start at the most.
const FURTHEST: i64 = 10_000_000;

/// What a list takes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// Only those that meet it (RFC 7644 §3.4.2.2).
    #[param(
        min_length = 1,
        max_length = 2000,
        required = false,
        example = "userName eq \"ana.pop@demo.example\""
    )]
    #[serde(default)]
    filter: Option<String>,
    /// The first to show, counted from 1; less than that is 1.
    #[param(minimum = -2_147_483_648, maximum = 10_000_000, required = false, example = 1)]
    #[serde(default)]
    start_index: Option<i64>,
    /// How many at the most, up to 200; nothing but the total for 0 and less.
    #[param(minimum = -2_147_483_648, maximum = 2_147_483_647, required = false, example = 100)]
    #[serde(default)]
    count: Option<i64>,
    /// The attribute to sort by.
    #[param(min_length = 1, max_length = 200, required = false, example = "userName")]
    #[serde(default)]
    sort_by: Option<String>,
    /// `ascending` or `descending`.
    #[param(min_length = 1, max_length = 20, required = false, example = "ascending")]
    #[serde(default)]
    sort_order: Option<String>,
}

/// Where a page is.
#[derive(Clone, Copy)]
pub struct Page {
    pub offset: i64,
    pub limit: i64,
}

/// A list that was asked for.
pub struct Search {
    listing: Listing,
    shape: Shape,
    /// Users, groups, or both.
    kind: Option<&'static ResourceType>,
}

fn place_of(kind: &'static ResourceType) -> fn(&filter::Target) -> Place {
    if kind.name == USER.name { users::place } else { groups::place }
}

impl Search {
    #[must_use]
    pub fn new(listing: Listing, shape: Shape, kind: Option<&'static ResourceType>) -> Self {
        Self { listing, shape, kind }
    }

    fn narrowed(&self, kind: &'static ResourceType) -> Result<Narrowed> {
        let filter = self.listing.filter.as_deref().map(|text| filter::read(text, kind)).transpose();
        match filter {
            // Of both kinds, one may have the attribute alone: of the other none meets the filter.
            Err(_) if self.kind.is_none() && self.is_read_by_another(kind) => {
                Ok(Narrowed { sql: "false".into(), values: Vec::new() })
            }
            filter => narrow(filter?.as_ref(), 2, place_of(kind)),
        }
    }

    fn is_read_by_another(&self, but: &'static ResourceType) -> bool {
        let others = [&USER, &GROUP].into_iter().filter(|kind| kind.name != but.name);
        others
            .into_iter()
            .any(|kind| filter::read(self.listing.filter.as_deref().unwrap_or_default(), kind).is_ok())
    }

    fn order(&self, kind: &'static ResourceType) -> Result<String> {
        let Some(name) = &self.listing.sort_by else { return Ok("r.id".into()) };
        let way = match self.listing.sort_order.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("ascending") => "asc",
            Some("descending") => "desc",
            Some(_) => return Err(invalid("sortOrder", "must be ascending or descending")),
        };
        let target = filter::target(name, kind).ok_or_else(|| invalid("sortBy", "must name an attribute"))?;
        let key = sort_key(&target, place_of(kind));
        Ok(format!(
            "{} {way} nulls last, r.id",
            key.ok_or_else(|| invalid("sortBy", "must name an attribute with one value"))?
        ))
    }

    /// Reads the page.
    ///
    /// # Errors
    /// 400 where the filter or the order can not be read.
    pub async fn answer<V: Verb>(self, may: &May<V, Directory>) -> Reply<Message<ScimList>> {
        let start = self.listing.start_index.unwrap_or(1).clamp(1, FURTHEST);
        let count = self.listing.count.unwrap_or(USUAL).clamp(0, MOST);
        let base = base(may.http());
        let kinds: Vec<&'static ResourceType> = match self.kind {
            Some(kind) => vec![kind],
            None => vec![&USER, &GROUP],
        };
        let mut asked = Vec::new();
        for kind in kinds {
            let narrowed = self.narrowed(kind).and_then(|narrowed| Ok((kind, narrowed, self.order(kind)?)));
            asked.push(admitted(may.http(), narrowed).await?);
        }
        let (total, resources) = may
            .read(async |db| {
                let (mut total, mut resources) = (0, Vec::<Value>::new());
                for (kind, narrowed, order) in &asked {
                    let shown = i64::try_from(resources.len()).unwrap_or(i64::MAX);
                    let page = Page { offset: (start - 1 - total).max(0), limit: count - shown };
                    let mut counting = db.clone();
                    let (rows, there) = futures_util::future::try_join(
                        list(db, kind, narrowed, order, page, &base),
                        self::count(&mut counting, kind, narrowed),
                    )
                    .await?;
                    total += there;
                    resources.extend(rows.into_iter().map(|row| self.shape.cut(row, kind)));
                }
                Ok((total, resources))
            })
            .await?;
        Message::new(json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": total, "startIndex": start,
            "itemsPerPage": resources.len(), "Resources": resources,
        }))
        .reply()
    }
}

async fn list(
    db: &mut Db,
    kind: &'static ResourceType,
    narrowed: &Narrowed,
    order: &str,
    page: Page,
    base: &str,
) -> Result<Vec<Value>> {
    if kind.name == USER.name {
        return rows::<User>(db, narrowed, order, page, base).await;
    }
    rows::<Group>(db, narrowed, order, page, base).await
}

/// A page of rows, as SCIM shows them.
async fn rows<R: Shown + QueryableByName<Pg> + Send + 'static>(
    db: &mut Db,
    narrowed: &Narrowed,
    order: &str,
    page: Page,
    base: &str,
) -> Result<Vec<Value>> {
    let what = format!("order by {order} limit {} offset {}", page.limit, page.offset);
    let rows: Vec<R> = asking::<R>(db, "*", narrowed, &what).load(db).await?;
    rows.iter().map(|row| row.shown(base)).collect()
}

async fn count(db: &mut Db, kind: &'static ResourceType, narrowed: &Narrowed) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let counting = if kind.name == USER.name {
        asking::<User>(db, "count(*)", narrowed, "")
    } else {
        asking::<Group>(db, "count(*)", narrowed, "")
    };
    Ok(counting.get_result::<Counted>(db).await?.count)
}

/// A select of what the filter leaves; its values are bound.
fn asking<R: Shown>(
    db: &Db,
    columns: &str,
    narrowed: &Narrowed,
    rest: &str,
) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
    let sql = format!("select {columns} from {} r where r.org_id = $1 and {} {rest}", R::VIEW, narrowed.sql);
    let query = diesel::sql_query(sql).into_boxed::<Pg>().bind::<SqlUuid, _>(db.organization());
    narrowed.values.iter().fold(query, |query, value| query.bind::<Text, _>(value.clone()))
}

/// Search users and groups
///
/// The same as the lists, with what is asked for in the body (RFC 7644 §3.4.3): users first, then groups. It changes nothing.
#[utoipa::path(post, path = "/scim/v2/.search", tag = "Directory")]
async fn search_directory(may: May<Read, Directory>, body: Body<ScimSearch>) -> Reply<Message<ScimList>> {
    admitted(may.http(), read(&body.0, None)).await?.answer(&may).await
}

/// Search users
///
/// The same as the list, with what is asked for in the body (RFC 7644 §3.4.3). It changes nothing.
#[utoipa::path(post, path = "/scim/v2/Users/.search", tag = "Directory")]
async fn search_scim_users(may: May<Read, Directory>, body: Body<ScimSearch>) -> Reply<Message<ScimList>> {
    admitted(may.http(), read(&body.0, Some(&USER))).await?.answer(&may).await
}

/// Search groups
///
/// The same as the list, with what is asked for in the body (RFC 7644 §3.4.3). It changes nothing.
#[utoipa::path(post, path = "/scim/v2/Groups/.search", tag = "Directory")]
async fn search_scim_groups(may: May<Read, Directory>, body: Body<ScimSearch>) -> Reply<Message<ScimList>> {
    admitted(may.http(), read(&body.0, Some(&GROUP))).await?.answer(&may).await
}

fn read(body: &Object, kind: Option<&'static ResourceType>) -> Result<Search> {
    let text = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(name, "must be a text")),
    };
    let number = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(number) => number.as_i64().map(Some).ok_or_else(|| invalid(name, "must be a whole number")),
    };
    let names = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(names)) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            Ok((!names.is_empty()).then(|| names.join(",")))
        }
        Some(_) => Err(invalid(name, "must be a list of names")),
    };
    let listing = Listing {
        filter: text("filter")?,
        start_index: number("startIndex")?,
        count: number("count")?,
        sort_by: text("sortBy")?,
        sort_order: text("sortOrder")?,
    };
    let shape = Shape { attributes: names("attributes")?, excluded_attributes: names("excludedAttributes")? };
    Ok(Search::new(listing, shape, kind))
}

/// Searches sent as bodies.
pub fn routes(api: &mut Api) {
    api.call(operation!(search_directory))
        .call(operation!(search_scim_users))
        .call(operation!(search_scim_groups));
}
