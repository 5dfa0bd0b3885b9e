//! Series: what the numbers of a kind of document look like, where they begin, and whether they begin anew each year. One
//! series of a kind is active, and gives the numbers; when another is activated, it takes over.

use platform::prelude::*;
use schema::{number_kinds, number_series};

/// What the numbers of a kind of document look like.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = number_series)]
pub struct NumberSeries {
    pub id: Uuid,
    pub version: i64,
    /// What is numbered.
    #[schema(max_length = 63, example = "employees")]
    pub kind: String,
    /// Of which part of the kind: of journal entries the code of their journal; empty where the kind has no parts.
    #[schema(max_length = 20, example = "")]
    pub scope: String,
    /// What the series is called; unique for its kind and part.
    #[schema(max_length = 100, example = "Personnel numbers")]
    pub name: String,
    /// How a number is written: letters, digits, `/` and `-`, with `{number}` where it counts, `{number:6}` to fill it with
    /// zeros to six digits, and `{year}` and `{month}` of the document's date.
    #[schema(max_length = 60, example = "E-{number:4}")]
    pub format: String,
    /// The first number; with `reset` `yearly` the first of each year.
    #[schema(minimum = 1, maximum = 999_999_999_999_i64, example = 1)]
    pub start: i64,
    pub reset: NumberReset,
    pub status: NumberSeriesStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// When a series begins anew: never, or with each year of the documents' dates.
    pub enum NumberReset { Never = "never", Yearly = "yearly" }
}

text_enum! {
    /// Whether a series gives numbers.
    pub enum NumberSeriesStatus { Prepared = "prepared", Active = "active", Closed = "closed" }
}

/// A series to be: prepared until activated.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = number_series)]
#[serde(deny_unknown_fields)]
pub struct NewNumberSeries {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What is numbered, such as `employees`; a refusal lists all kinds.
    #[schema(max_length = 63, pattern = "^[a-z][a-z0-9-]{1,62}$", example = "employees")]
    kind: String,
    /// Of which part of the kind: of journal entries the code of their journal.
    #[serde(default)]
    #[schema(max_length = 20, pattern = "^[A-Z0-9]{0,20}$", example = "")]
    scope: String,
    /// What the series is called; unique for its kind and part.
    #[schema(min_length = 1, max_length = 100, example = "Personnel numbers")]
    name: String,
    /// How a number is written: letters, digits, `/` and `-`, with `{number}` once, where it counts, `{number:6}` to fill it
    /// with zeros to six digits, and `{year}` and `{month}` of the document's date.
    #[schema(
        max_length = 60,
        pattern = r"^([A-Za-z0-9][A-Za-z0-9/-]*)?(\{(year|month)\}[A-Za-z0-9/-]*){0,2}\{number(:([1-9]|1[0-2]))?\}[A-Za-z0-9/-]*(\{(year|month)\}[A-Za-z0-9/-]*){0,2}$",
        example = "E{year}-{number:4}"
    )]
    format: String,
    /// The first number, 1 unless told; with `reset` `yearly` the first of each year.
    #[schema(minimum = 1, maximum = 999_999_999_999_i64, example = 1)]
    start: Option<i64>,
    /// When it begins anew, `never` unless told; `yearly` asks for `{year}` in the format.
    #[schema(example = "yearly")]
    reset: Option<NumberReset>,
}

/// What of a series can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = number_series)]
#[serde(deny_unknown_fields)]
pub struct EditNumberSeries {
    /// What the series is called; unique for its kind.
    #[schema(min_length = 1, max_length = 100, example = "Personnel numbers until 2026")]
    name: Option<String>,
    /// How numbers are written from the next one on; those given stay as they are.
    #[schema(
        max_length = 60,
        pattern = r"^([A-Za-z0-9][A-Za-z0-9/-]*)?(\{(year|month)\}[A-Za-z0-9/-]*){0,2}\{number(:([1-9]|1[0-2]))?\}[A-Za-z0-9/-]*(\{(year|month)\}[A-Za-z0-9/-]*){0,2}$",
        example = "E{year}/{number:5}"
    )]
    format: Option<String>,
    /// The first number. Where numbers were given, it changes for a `yearly` series alone, and from the next year on:
    /// anything else would leave a gap or give a number twice.
    #[schema(minimum = 1, maximum = 999_999_999_999_i64, example = 1001)]
    start: Option<i64>,
    /// When it begins anew; as long as no number was given.
    #[schema(example = "yearly")]
    reset: Option<NumberReset>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct NumberSeriesFilter {
    /// Only series of this kind.
    #[param(min_length = 2, max_length = 63)]
    kind: Option<String>,
    /// Only series of this part of it.
    #[param(max_length = 20)]
    scope: Option<String>,
    /// Only series in this state.
    #[param(inline)]
    status: Option<NumberSeriesStatus>,
}

static LIFE: Life = Life {
    states: &[
        ("prepared", "Gives no numbers yet."),
        ("active", "Gives the numbers of its kind; there is one for each kind, or for each part of it."),
        ("closed", "Gives no more numbers; those it gave stay."),
    ],
    steps: &[
        Step { action: "activate", from: &["prepared", "closed"], to: "active", verb: "write" },
        Step { action: "close", from: &["active"], to: "closed", verb: "write" },
    ],
};

impl Named for NumberSeries {
    const NAME: &'static str = "number-series";
}

impl Resource for NumberSeries {
    const PATH: &'static str = "/v1/number-series";
    const SINGULAR: &'static str = "number_series";
    const TAG: &'static str = "Numbers";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    type Filter = NumberSeriesFilter;

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

impl Stored for NumberSeries {
    type Table = number_series::table;
    const TABLE: &'static str = "number_series";
    const SEARCHED: &'static [&'static str] = &["name", "format"];

    fn narrow(rows: Rows<Self>, by: NumberSeriesFilter) -> Rows<Self> {
        rows.when(by.kind, |rows, kind| rows.filter(number_series::kind.eq(kind)))
            .when(by.scope, |rows, scope| rows.filter(number_series::scope.eq(scope)))
            .when(by.status, |rows, status| rows.filter(number_series::status.eq(status)))
    }
}

impl Written for NumberSeries {
    type New = NewNumberSeries;
    type Edit = EditNumberSeries;

    async fn check_new(db: &mut Db, new: &NewNumberSeries) -> Result<()> {
        let mut faults = Vec::new();
        let kinds: Vec<String> =
            number_kinds::table.select(number_kinds::kind).order(number_kinds::kind).load(db).await?;
        if !kinds.contains(&new.kind) {
            let rule = format!("must be one of: {}", kinds.join(", "));
            faults.push(Fault::at("/kind", "unknown-value", rule));
        }
        faults.extend(year_missing(new.reset, &new.format));
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditNumberSeries) -> Result<()> {
        let format = edit.format.as_ref().unwrap_or(&row.format);
        match year_missing(edit.reset.or(Some(row.reset)), format) {
            Some(fault) => Err(Problem::invalid(vec![fault])),
            None => Ok(()),
        }
    }
}

/// Or the first of next year would look like the first of this one.
fn year_missing(reset: Option<NumberReset>, format: &str) -> Option<Fault> {
    let rule = "must hold `{year}` where the series begins anew each year, or numbers would come twice";
    (reset == Some(NumberReset::Yearly) && !format.contains("{year}"))
        .then(|| Fault::at("/format", "year-missing", rule))
}

/// Activate a number series
///
/// From now on it gives the numbers of its kind. The series that did so until now is closed: one takes over from the other,
/// and no document goes without a number in between.
#[utoipa::path(post, path = "/v1/number-series/{id}/activate", tag = "Numbers")]
async fn activate_number_series(may: May<Write, NumberSeries>, id: Id<NumberSeries>) -> Reply<NumberSeries> {
    step(may, id, "activate").await
}

/// Close a number series
///
/// It gives no more numbers. Until another series of its kind is activated, nothing of that kind can be numbered.
#[utoipa::path(post, path = "/v1/number-series/{id}/close", tag = "Numbers")]
async fn close_number_series(may: May<Write, NumberSeries>, id: Id<NumberSeries>) -> Reply<NumberSeries> {
    step(may, id, "close").await
}

pub fn routes(api: &mut Api) {
    api.resource::<NumberSeries>()
        .call(operation!(activate_number_series))
        .call(operation!(close_number_series));
}
