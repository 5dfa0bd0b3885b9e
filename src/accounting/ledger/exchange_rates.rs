//! Exchange rates: what a unit of a foreign currency is worth in the organization's on a day. The newest that is not after
//! the day counts.

use crate::currency;
use platform::prelude::*;
use schema::exchange_rates;

/// What a currency is worth from a day on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = exchange_rates)]
pub struct ExchangeRate {
    pub id: Uuid,
    pub version: i64,
    /// The foreign currency (ISO 4217).
    #[schema(max_length = 3, example = "USD")]
    pub currency: String,
    /// The day from which it counts, until a newer one does.
    pub rated_on: NaiveDate,
    /// Units of the organization's currency for one of the foreign.
    pub rate: Rate,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A rate to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = exchange_rates)]
#[serde(deny_unknown_fields)]
pub struct NewExchangeRate {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The foreign currency (ISO 4217).
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "USD")]
    currency: String,
    /// The day from which it counts. One rate for a currency and day.
    rated_on: NaiveDate,
    /// Units of the organization's currency for one of the foreign; above zero.
    #[schema(example = "0.9213")]
    rate: Rate,
}

/// A rate, corrected. What was booked with it stays as it was booked.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = exchange_rates)]
#[serde(deny_unknown_fields)]
pub struct EditExchangeRate {
    /// The day from which it counts.
    rated_on: Option<NaiveDate>,
    /// Units of the organization's currency for one of the foreign; above zero.
    #[schema(example = "0.9215")]
    rate: Option<Rate>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ExchangeRateFilter {
    /// Only rates of this currency.
    #[param(min_length = 3, max_length = 3)]
    currency: Option<String>,
    /// Only rates of this day or later.
    rated_on_from: Option<NaiveDate>,
    /// Only rates of this day or earlier.
    rated_on_to: Option<NaiveDate>,
}

impl Named for ExchangeRate {
    const NAME: &'static str = "exchange-rates";
}

impl Resource for ExchangeRate {
    const PATH: &'static str = "/v1/exchange-rates";
    const SINGULAR: &'static str = "exchange_rate";
    const TAG: &'static str = "Ledger";
    const SORT: &'static [SortKey] = &[SortKey::day("rated_on")];
    const USUAL_ORDER: &'static str = "rated_on";
    const NATURAL_KEY: &'static [&'static str] = &["currency", "rated_on"];
    type Filter = ExchangeRateFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for ExchangeRate {
    type Table = exchange_rates::table;
    const TABLE: &'static str = "exchange_rates";
    const SEARCHED: &'static [&'static str] = &["currency"];

    fn narrow(rows: Rows<Self>, by: ExchangeRateFilter) -> Rows<Self> {
        rows.when(by.currency, |rows, currency| rows.filter(exchange_rates::currency.eq(currency)))
            .when(by.rated_on_from, |rows, day| rows.filter(exchange_rates::rated_on.ge(day)))
            .when(by.rated_on_to, |rows, day| rows.filter(exchange_rates::rated_on.le(day)))
    }
}

impl Written for ExchangeRate {
    type New = NewExchangeRate;
    type Edit = EditExchangeRate;

    async fn check_new(_: &mut Db, new: &NewExchangeRate) -> Result<()> {
        let mut faults: Vec<Fault> = currency::fault("/currency", &new.currency).into_iter().collect();
        faults.extend(above_zero(new.rate));
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }

    async fn check_edit(_: &mut Db, _: &Self, edit: &EditExchangeRate) -> Result<()> {
        edit.rate.and_then(above_zero).map_or(Ok(()), |fault| Err(Problem::invalid(vec![fault])))
    }
}

fn above_zero(rate: Rate) -> Option<Fault> {
    rate.0.is_zero().then(|| Fault::at("/rate", "zero", "must be above zero"))
}

pub fn routes(api: &mut Api) {
    api.resource::<ExchangeRate>();
}
