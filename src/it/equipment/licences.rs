//! Licences: how many seats of which software were bought, for how long and for how much. There are never more taken than were bought.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::licences;

/// The right to use software, so many times.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = licences)]
pub struct Licence {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Microsoft 365 E3")]
    pub name: String,
    /// Who grants it.
    #[schema(max_length = 100, example = "Microsoft")]
    pub publisher: Option<String>,
    #[schema(example = "subscription")]
    pub kind: LicenceKind,
    /// How many were bought.
    #[schema(minimum = 1, maximum = 1_000_000, example = 25)]
    pub seats: i32,
    /// How many are taken.
    #[schema(minimum = 0, maximum = 1_000_000, example = 0)]
    pub taken_seats: i32,
    /// What one seat costs.
    #[schema(example = "33.00")]
    pub seat_cost: Option<Money>,
    /// The currency of the cost (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: Option<String>,
    #[schema(example = "month")]
    pub cost_period: CostPeriod,
    /// Which of its terms is the present one, from 1.
    #[schema(minimum = 1, maximum = 100_000, example = 1)]
    pub term: i32,
    /// The first day of the present term.
    #[schema(example = "2026-01-01")]
    pub starts_on: NaiveDate,
    /// The last day of the present term; null where it has none.
    #[schema(example = "2099-12-31")]
    pub ends_on: Option<NaiveDate>,
    /// Whether it goes on by itself unless somebody gives notice.
    #[schema(example = true)]
    pub renews: bool,
    /// How many days before the end that has to be.
    #[schema(minimum = 0, maximum = 730, example = 30)]
    pub notice_days: Option<i32>,
    /// The party that it was bought from.
    pub supplier_id: Option<Uuid>,
    /// The number of the order.
    #[schema(max_length = 60, example = "PO-2026-0007")]
    pub order_number: Option<String>,
    /// What else is to be known.
    #[schema(max_length = 2000, example = json!(null))]
    pub note: Option<String>,
    pub status: LicenceStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// For how long one buys it: for good, for a term, or to try.
    pub enum LicenceKind { Perpetual = "perpetual", Subscription = "subscription", Trial = "trial" }
}

text_enum! {
    /// How often a seat costs what it costs.
    pub enum CostPeriod { Once = "once", Month = "month", Year = "year" }
}

text_enum! {
    /// Whether it can be used.
    pub enum LicenceStatus { Active = "active", Ended = "ended" }
}

/// A licence to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = licences, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewLicence {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Microsoft 365 E3")]
    name: String,
    /// Who grants it.
    #[schema(min_length = 1, max_length = 100, example = "Microsoft")]
    publisher: Option<String>,
    /// How long it is good for.
    #[schema(example = "subscription")]
    kind: LicenceKind,
    /// How many were bought.
    #[schema(minimum = 1, maximum = 1_000_000, example = 25)]
    seats: i32,
    /// What one seat costs.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "33.00")]
    seat_cost: Option<Decimal>,
    /// The currency of the cost (ISO 4217); that of the books, where none is told.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<String>,
    /// How often a seat costs that; once, unless told.
    #[schema(example = "month")]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    cost_period: Option<CostPeriod>,
    /// Its first day.
    #[schema(example = "2026-01-01")]
    starts_on: NaiveDate,
    /// Its last day; null where it has none.
    #[schema(example = "2099-12-31")]
    ends_on: Option<NaiveDate>,
    /// Whether it goes on by itself unless somebody gives notice; it does not, unless told.
    #[schema(example = true)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    renews: Option<bool>,
    /// How many days before the end that has to be.
    #[schema(minimum = 0, maximum = 730, example = 30)]
    notice_days: Option<i32>,
    /// The party that it was bought from, a supplier.
    #[schema(example = json!(null))]
    supplier_id: Option<Uuid>,
    /// The number of the order.
    #[schema(min_length = 1, max_length = 60, example = "PO-2026-0007")]
    order_number: Option<String>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    note: Option<String>,
}

/// What of a licence can be changed: the present term is corrected, and another one begins by `renew`.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = licences)]
#[serde(deny_unknown_fields)]
pub struct EditLicence {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Microsoft 365 E5")]
    name: Option<String>,
    /// Who grants it.
    #[schema(min_length = 1, max_length = 100, example = "Microsoft")]
    publisher: Option<Option<String>>,
    /// How long it is good for.
    #[schema(example = "subscription")]
    kind: Option<LicenceKind>,
    /// How many were bought; not less than are taken.
    #[schema(minimum = 1, maximum = 1_000_000, example = 30)]
    seats: Option<i32>,
    /// What one seat costs.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "35.00")]
    seat_cost: Option<Option<Decimal>>,
    /// The currency of the cost (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<Option<String>>,
    /// How often a seat costs that.
    #[schema(example = "month")]
    cost_period: Option<CostPeriod>,
    /// The first day of the present term.
    #[schema(example = "2026-01-01")]
    starts_on: Option<NaiveDate>,
    /// The last day of the present term; null where it has none.
    #[schema(example = "2099-12-31")]
    ends_on: Option<Option<NaiveDate>>,
    /// Whether it goes on by itself unless somebody gives notice.
    #[schema(example = false)]
    renews: Option<bool>,
    /// How many days before the end that has to be.
    #[schema(minimum = 0, maximum = 730, example = 60)]
    notice_days: Option<Option<i32>>,
    /// The party that it was bought from, a supplier.
    #[schema(example = json!(null))]
    supplier_id: Option<Option<Uuid>>,
    /// The number of the order.
    #[schema(min_length = 1, max_length = 60, example = "PO-2026-0008")]
    order_number: Option<Option<String>>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct LicenceFilter {
    /// Only licences in this state.
    #[param(inline)]
    status: Option<LicenceStatus>,
    /// Only licences of this kind.
    #[param(inline)]
    kind: Option<LicenceKind>,
    /// Only licences that were bought from this party.
    supplier_id: Option<Uuid>,
    /// Only licences whose term ends on this day or later.
    ends_on_from: Option<NaiveDate>,
    /// Only licences whose term ends on this day or earlier: what is to be renewed.
    ends_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Seats can be assigned, until the last day of its term."),
        ("ended", "It is not used any more; no seat can be assigned."),
    ],
    steps: &[
        Step { action: "renew", from: &["active", "ended"], to: "active", verb: "write" },
        Step { action: "end", from: &["active"], to: "ended", verb: "write" },
    ],
};

impl Named for Licence {
    const NAME: &'static str = "licences";
}

impl Resource for Licence {
    const PATH: &'static str = "/v1/licences";
    const SINGULAR: &'static str = "licence";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const REFERENCES: &'static [Reference] = &[Reference {
        field: "supplier_id",
        column: "supplier_number",
        table: "parties",
        by: "number",
        within: None,
    }];
    type Filter = LicenceFilter;

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

impl Stored for Licence {
    type Table = licences::table;
    const TABLE: &'static str = "licences";
    const SEARCHED: &'static [&'static str] = &["name", "publisher", "order_number"];

    fn narrow(rows: Rows<Self>, by: LicenceFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(licences::status.eq(status)))
            .when(by.kind, |rows, kind| rows.filter(licences::kind.eq(kind)))
            .when(by.supplier_id, |rows, id| rows.filter(licences::supplier_id.eq(id)))
            .when(by.ends_on_from, |rows, day| rows.filter(licences::ends_on.ge(day)))
            .when(by.ends_on_to, |rows, day| rows.filter(licences::ends_on.le(day)))
    }
}

impl Written for Licence {
    type New = NewLicence;
    type Edit = EditLicence;
}

/// The next term of a licence.
#[derive(Clone, Debug, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = licences)]
#[serde(deny_unknown_fields)]
pub struct RenewLicenceRequest {
    /// Its first day, after the last of the present term; the day after that, unless told.
    #[schema(example = json!(null))]
    starts_on: Option<NaiveDate>,
    /// Its last day.
    #[schema(example = "2100-12-31")]
    ends_on: NaiveDate,
    /// How many seats; as many as now, unless told.
    #[schema(minimum = 1, maximum = 1_000_000, example = 30)]
    seats: Option<i32>,
    /// What one seat costs; as much as now, unless told.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "35.00")]
    seat_cost: Option<Decimal>,
}

/// Renew a licence
///
/// Another term begins, with as many seats and for as much as is told; what the terms before were stays in `/v1/licence-terms`. One that has
/// ended is used again.
#[utoipa::path(post, path = "/v1/licences/{id}/renew", tag = "Assets")]
async fn renew_licence(
    may: May<Write, Licence>,
    id: Id<Licence>,
    term: Input<RenewLicenceRequest>,
) -> Reply<Licence> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let status = LIFE.step(row.status.as_str(), "renew")?;
        let next = row.ends_on.and_then(|day| day.succ_opt()).unwrap_or_else(|| Utc::now().date_naive());
        let starts_on = term.0.starts_on.unwrap_or(next);
        let overlaps = match row.ends_on {
            Some(last) => starts_on <= last,
            None => starts_on <= row.starts_on,
        };
        if overlaps {
            let rule = format!(
                "must be after the present term, which is from {}{}",
                row.starts_on,
                row.ends_on.map(|day| format!(" to {day}")).unwrap_or_default()
            );
            return Err(Problem::invalid(vec![Fault::at("/starts_on", "too-early", rule)]));
        }
        if term.0.ends_on < starts_on {
            let rule = format!("must not be before the term begins, on {starts_on}");
            return Err(Problem::invalid(vec![Fault::at("/ends_on", "too-early", rule)]));
        }
        let renewed = (
            licences::status.eq(status),
            licences::term.eq(row.term + 1),
            RenewLicenceRequest { starts_on: Some(starts_on), ..term.0.clone() },
        );
        let one = licences::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(renewed).returning(Licence::as_returning()).get_result(db).await?)
    })
    .await
}

/// End a licence
///
/// It is not used any more: no seat can be assigned. Seats that are taken are to be released; what is installed shows in the report on
/// compliance until it is removed.
#[utoipa::path(post, path = "/v1/licences/{id}/end", tag = "Assets")]
async fn end_licence(may: May<Write, Licence>, id: Id<Licence>) -> Reply<Licence> {
    step(may, id, "end").await
}

pub fn routes(api: &mut Api) {
    api.resource::<Licence>().call(operation!(renew_licence)).call(operation!(end_licence));
}
