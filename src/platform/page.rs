//! Lists: keyset pages, so that the thousandth costs what the first costs.
use crate::custom::{Asked, Field, Narrow};
use crate::problem::{Fault, Problem, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::IntoParams;
use uuid::Uuid;

/// Rows of a list at a time, unless told.
const USUAL: i64 = 50;

/// What every list takes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many rows at the most.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    #[serde(default)]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before. Opaque.
    #[param(min_length = 1, max_length = 2000, required = false)]
    #[serde(default)]
    pub cursor: Option<String>,
    /// The order: field names separated by commas, `-` for descending.
    #[param(min_length = 1, max_length = 200, required = false)]
    #[serde(default)]
    pub sort: Option<String>,
    /// Search in the text that people would search in; `%` and `_` are letters.
    #[param(min_length = 1, max_length = 100, required = false)]
    #[serde(default)]
    pub q: Option<String>,
    /// Whether to add `total`, the number of rows on all pages.
    #[param(default = false, required = false)]
    #[serde(default)]
    pub count: bool,
    /// The list as it was at this instant: filters, order and search see what was so then. It costs what has changed since.
    #[param(required = false)]
    #[serde(default)]
    pub as_of: Option<DateTime<Utc>>,
}

/// A page, and where the next one starts.
#[derive(Debug)]
pub struct Page<R> {
    pub data: Vec<R>,
    pub next_cursor: Option<String>,
    pub total: Option<i64>,
}

/// A column that lists can be sorted by. It is never null, and an index `(org_id, column, id)` serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    pub name: &'static str,
    kind: SortKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SortKind {
    Text,
    Day,
    Instant,
    Integer,
    Network,
    Id,
}

impl SortKey {
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: SortKind::Text }
    }
    pub const fn day(name: &'static str) -> Self {
        Self { name, kind: SortKind::Day }
    }
    pub const fn instant(name: &'static str) -> Self {
        Self { name, kind: SortKind::Instant }
    }
    pub const fn integer(name: &'static str) -> Self {
        Self { name, kind: SortKind::Integer }
    }

    /// Of addresses and prefixes, which sort as their tree is read.
    pub const fn network(name: &'static str) -> Self {
        Self { name, kind: SortKind::Network }
    }

    /// What Postgres casts a cursor's text to.
    pub(crate) fn sql_type(self) -> &'static str {
        match self.kind {
            SortKind::Text => "text",
            SortKind::Day => "date",
            SortKind::Instant => "timestamptz",
            SortKind::Integer => "bigint",
            SortKind::Network => "inet",
            SortKind::Id => "uuid",
        }
    }

    fn accepts(self, text: &str) -> bool {
        match self.kind {
            SortKind::Text => !text.contains('\0'),
            SortKind::Day => text.parse::<chrono::NaiveDate>().is_ok(),
            SortKind::Instant => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
            SortKind::Integer => text.parse::<i64>().is_ok(),
            SortKind::Network => crate::input::is_address(text) || crate::input::is_network(text),
            SortKind::Id => text.parse::<Uuid>().is_ok(),
        }
    }
}

/// Ids are UUIDv7, so this is the order of creation.
pub(crate) const ID: SortKey = SortKey { name: "id", kind: SortKind::Id };

/// What a list is sorted by: a column of the resource, or a custom field, which may be empty: such rows come last.
#[derive(Clone, Debug)]
pub(crate) enum By {
    Column(SortKey),
    Custom(Arc<Field>),
}

impl By {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Column(one), Self::Column(other)) => one == other,
            (Self::Custom(one), Self::Custom(other)) => one.id == other.id,
            _ => false,
        }
    }

    fn accepts(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::Column(key), Some(text)) => key.accepts(text),
            (Self::Column(_), None) => false,
            (Self::Custom(field), Some(text)) => field.fault(text).is_none(),
            (Self::Custom(_), None) => true,
        }
    }

    fn of(&self, row: &Value) -> Option<String> {
        match self {
            Self::Column(key) => match &row[key.name] {
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            },
            Self::Custom(field) => row["custom"][&field.name].as_str().map(str::to_owned),
        }
    }
}

/// One key of an order.
#[derive(Clone, Debug)]
pub struct Order {
    pub(crate) key: By,
    pub(crate) descending: bool,
}

/// A page of a list in the order of its ids.
#[derive(Clone, Copy, Debug)]
pub struct PageOfIds {
    /// The page is what comes behind this one.
    pub behind: Uuid,
    pub descending: bool,
    /// How many rows at the most.
    pub rows: i64,
}

/// A list that was asked for, read and checked.
#[derive(Clone, Debug)]
pub struct ListQuery<F> {
    pub filter: F,
    pub search: Option<String>,
    pub limit: i64,
    /// The keys of the order, `id` last, so that it is total.
    pub(crate) order: Vec<Order>,
    /// The last row's values of the keys, to go on behind.
    pub(crate) after: Option<Vec<Option<String>>>,
    /// What custom fields narrow the list by.
    pub(crate) custom: Vec<Narrow>,
    pub count: bool,
    /// The moment at which the rows are seen; now, unless told.
    pub as_of: Option<DateTime<Utc>>,
    /// The order as a cursor remembers it.
    sort: String,
}

#[derive(Serialize, Deserialize)]
struct Cursor(String, Vec<Option<String>>);

impl<F> ListQuery<F> {
    /// Reads what was asked for.
    ///
    /// # Errors
    /// 422 for an order that the list does not have, or a cursor that is not of this list.
    pub fn new(paging: Paging, filter: F, keys: &[SortKey], usual_order: &str) -> Result<Self> {
        Self::with_custom(paging, filter, keys, usual_order, Asked::default())
    }

    /// The same with what was asked for in custom fields.
    pub(crate) fn with_custom(
        paging: Paging,
        filter: F,
        keys: &[SortKey],
        usual_order: &str,
        asked: Asked,
    ) -> Result<Self> {
        let sort = paging.sort.as_deref().unwrap_or(usual_order).to_owned();
        let order = read_order(&sort, keys, &asked)?;
        let after = paging.cursor.as_deref().map(|cursor| read_cursor(cursor, &sort, &order)).transpose()?;
        let limit = paging.limit.unwrap_or(USUAL);
        let has_custom =
            !asked.narrows.is_empty() || order.iter().any(|each| matches!(each.key, By::Custom(_)));
        if paging.as_of.is_some() && has_custom {
            let rule = "can not be given with filters or an order by custom fields, which tell of now";
            return Err(Problem::invalid(vec![Fault::of("as_of", "not-with-custom-fields", rule)]));
        }
        Ok(Self {
            filter,
            search: paging.q,
            limit,
            order,
            after,
            custom: asked.narrows,
            count: paging.count,
            as_of: paging.as_of,
            sort,
        })
    }

    /// Where the column is the first key: whether it descends, and its value in the row that the page is behind.
    fn sorted_by(&self, column: &str) -> Option<(bool, Option<&str>)> {
        let first = self.order.first()?;
        let is_it = matches!(first.key, By::Column(key) if key.name == column);
        let behind = self.after.as_ref().and_then(|values| values.first()?.as_deref());
        is_it.then_some((first.descending, behind))
    }

    /// Where the list is in the order of its ids: the page of `rows` that is asked for, for a filter that finds it by an index of its own.
    #[must_use]
    pub fn page_of_ids(&self, rows: i64) -> Option<PageOfIds> {
        let (descending, behind) = self.sorted_by("id")?;
        let behind = match behind.and_then(|behind| behind.parse().ok()) {
            Some(behind) => behind,
            None if descending => Uuid::max(),
            None => Uuid::nil(),
        };
        Some(PageOfIds { behind, descending, rows })
    }

    /// The page of `rows`, which holds one more than the limit where there is a next one.
    pub(crate) fn page<R: Serialize>(&self, mut rows: Vec<R>, total: Option<i64>) -> Result<Page<R>> {
        let wanted = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next_cursor = match rows.last() {
            Some(last) if more => Some(self.cursor_behind(last)?),
            _ => None,
        };
        Ok(Page { data: rows, next_cursor, total })
    }

    /// Makes this the query for what follows the row.
    pub(crate) fn go_on_behind<R: Serialize>(&mut self, row: &R) -> Result<()> {
        self.after = Some(self.keys_of(row)?);
        Ok(())
    }

    fn cursor_behind<R: Serialize>(&self, row: &R) -> Result<String> {
        let cursor = Cursor(self.sort.clone(), self.keys_of(row)?);
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).map_err(Problem::internal)?))
    }

    fn keys_of<R: Serialize>(&self, row: &R) -> Result<Vec<Option<String>>> {
        let row = serde_json::to_value(row).map_err(Problem::internal)?;
        Ok(self.order.iter().map(|order| order.key.of(&row)).collect())
    }
}

fn read_order(sort: &str, keys: &[SortKey], asked: &Asked) -> Result<Vec<Order>> {
    let mut order: Vec<Order> = Vec::new();
    for part in sort.split(',') {
        let (descending, name) = part.strip_prefix('-').map_or((false, part), |name| (true, name));
        let key = match name.strip_prefix("custom.") {
            Some(name) if asked.knows_any() => Some(By::Custom(asked.field(name, "sort")?)),
            _ => keys.iter().chain([&ID]).find(|key| key.name == name).map(|key| By::Column(*key)),
        };
        match key {
            Some(key) if order.iter().any(|known| known.key.is(&key)) => {
                return Err(Problem::invalid(vec![Fault::of(
                    "sort",
                    "repeated",
                    format!("must name `{name}` once"),
                )]));
            }
            Some(key) => order.push(Order { key, descending }),
            None => {
                let names: Vec<_> = keys.iter().chain([&ID]).map(|key| key.name).collect();
                let rule = format!("must name some of these: {}", names.join(", "));
                return Err(Problem::invalid(vec![Fault::of("sort", "unknown-value", rule)]));
            }
        }
    }
    if order.iter().all(|order| !order.key.is(&By::Column(ID))) {
        let descending = order.last().is_some_and(|last| last.descending);
        order.push(Order { key: By::Column(ID), descending });
    }
    Ok(order)
}

fn read_cursor(cursor: &str, sort: &str, order: &[Order]) -> Result<Vec<Option<String>>> {
    let bad = || {
        let rule = "must be `next_cursor` of a page of this list in this order";
        Problem::invalid(vec![Fault::of("cursor", "bad-cursor", rule)])
    };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
    let Cursor(of, values) = serde_json::from_slice(&bytes).map_err(|_| bad())?;
    let fits = of == sort
        && values.len() == order.len()
        && order.iter().zip(&values).all(|(order, value)| order.key.accepts(value.as_deref()));
    if fits { Ok(values) } else { Err(bad()) }
}

/// `rows.when(filter.status, |rows, status| rows.filter(status.eq(..)))`: a filter that applies where it was given.
pub trait When: Sized {
    #[must_use]
    fn when<T>(self, value: Option<T>, narrow: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => narrow(self, value),
            None => self,
        }
    }
}
impl<Q> When for Q {}
