//! Licence terms: from when to when how many seats of a licence were bought, and for how much each; one for each renewal.

use crate::licences::CostPeriod;
use platform::prelude::*;
use schema::licence_terms;

/// A time for which seats were bought.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = licence_terms)]
pub struct LicenceTerm {
    pub id: Uuid,
    pub version: i64,
    /// The licence.
    pub licence_id: Uuid,
    /// Which of its terms it is, from 1.
    #[schema(minimum = 1, maximum = 100_000, example = 1)]
    pub number: i32,
    /// Its first day.
    #[schema(example = "2026-01-01")]
    pub starts_on: NaiveDate,
    /// Its last day; null where it has none.
    #[schema(example = "2026-12-31")]
    pub ends_on: Option<NaiveDate>,
    /// How many were bought.
    #[schema(minimum = 1, maximum = 1_000_000, example = 25)]
    pub seats: i32,
    /// What one seat costs.
    #[schema(example = "33.00")]
    pub seat_cost: Option<Money>,
    /// The currency of the cost (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: Option<String>,
    #[schema(example = "month")]
    pub cost_period: CostPeriod,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct LicenceTermFilter {
    /// Only terms of this licence.
    licence_id: Option<Uuid>,
    /// Only terms that begin on this day or later.
    starts_on_from: Option<NaiveDate>,
    /// Only terms that begin on this day or earlier.
    starts_on_to: Option<NaiveDate>,
}

impl Named for LicenceTerm {
    const NAME: &'static str = "licence-terms";
}

impl Resource for LicenceTerm {
    const PATH: &'static str = "/v1/licence-terms";
    const SINGULAR: &'static str = "licence_term";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::day("starts_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-starts_on";
    type Filter = LicenceTermFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for LicenceTerm {
    type Table = licence_terms::table;
    const TABLE: &'static str = "licence_terms";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: LicenceTermFilter) -> Rows<Self> {
        rows.when(by.licence_id, |rows, id| rows.filter(licence_terms::licence_id.eq(id)))
            .when(by.starts_on_from, |rows, day| rows.filter(licence_terms::starts_on.ge(day)))
            .when(by.starts_on_to, |rows, day| rows.filter(licence_terms::starts_on.le(day)))
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<LicenceTerm>();
}
