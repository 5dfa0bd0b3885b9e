//! Dunning holds: customers and invoices of which nobody is reminded, and why: a dispute, a promise, a good friend.

use platform::prelude::*;
use schema::{dunning_holds, invoices};

/// Whom, or of what, nobody is to remind.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = dunning_holds)]
pub struct DunningHold {
    pub id: Uuid,
    pub version: i64,
    /// The customer.
    pub party_id: Uuid,
    /// The one invoice that it is about; null for all of the customer's.
    pub invoice_id: Option<Uuid>,
    /// Why.
    #[schema(max_length = 500, example = "They say that two chairs were broken")]
    pub reason: String,
    /// The last day of it; null until it is taken off.
    #[schema(example = json!(null))]
    pub until_on: Option<NaiveDate>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A hold to be: on a customer, or on one of their invoices.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = dunning_holds)]
#[serde(deny_unknown_fields)]
pub struct NewDunningHold {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The customer.
    party_id: Uuid,
    /// The one invoice that it is about; left out, all of the customer's.
    #[schema(example = json!(null))]
    invoice_id: Option<Uuid>,
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "They say that two chairs were broken")]
    reason: String,
    /// The last day of it; left out, until it is taken off.
    #[schema(example = json!(null))]
    until_on: Option<NaiveDate>,
}

/// What of a hold can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = dunning_holds)]
#[serde(deny_unknown_fields)]
pub struct EditDunningHold {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "They promised to pay in May")]
    reason: Option<String>,
    /// The last day of it; null until it is taken off.
    #[schema(example = "2026-05-31")]
    until_on: Option<Option<NaiveDate>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct DunningHoldFilter {
    /// Only holds on this customer.
    party_id: Option<Uuid>,
    /// Only holds on this invoice.
    invoice_id: Option<Uuid>,
}

impl Named for DunningHold {
    const NAME: &'static str = "dunning-holds";
}

impl Resource for DunningHold {
    const PATH: &'static str = "/v1/dunning-holds";
    const SINGULAR: &'static str = "dunning_hold";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    type Filter = DunningHoldFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for DunningHold {
    type Table = dunning_holds::table;
    const TABLE: &'static str = "dunning_holds";
    const SEARCHED: &'static [&'static str] = &["reason"];

    fn narrow(rows: Rows<Self>, by: DunningHoldFilter) -> Rows<Self> {
        rows.when(by.party_id, |rows, id| rows.filter(dunning_holds::party_id.eq(id)))
            .when(by.invoice_id, |rows, id| rows.filter(dunning_holds::invoice_id.eq(id)))
    }
}

impl Written for DunningHold {
    type New = NewDunningHold;
    type Edit = EditDunningHold;

    async fn check_new(db: &mut Db, new: &NewDunningHold) -> Result<()> {
        let Some(invoice) = new.invoice_id else { return Ok(()) };
        let one = invoices::table.find((db.organization(), invoice)).select(invoices::party_id);
        let customer: Option<Uuid> = one.get_result(db).await.optional()?;
        if customer.is_none_or(|customer| customer == new.party_id) {
            return Ok(()); // where there is no such invoice, the database says so
        }
        let rule = "must be an invoice of the customer whom party_id names";
        Err(Problem::invalid(vec![Fault::at("/invoice_id", "other-party", rule)]))
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<DunningHold>()
        .creatable::<DunningHold>()
        .changeable::<DunningHold>()
        .deletable::<DunningHold>();
}
