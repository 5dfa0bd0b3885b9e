//! Offers: what a candidate is offered, and what becomes of it. Accepting one hires: the employee, what they do, what they earn and what is to be
//! done until their first day, in one transaction and once.

use crate::accepting::{HireRequest, hire};
use compensation::compensations::CompensationBasis;
use platform::job::{Running, Task};
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::offers;
use serde_json::Value;
use staff::assignments::{ContractType, Workplace};

/// What a candidate is offered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = offers)]
pub struct Offer {
    pub id: Uuid,
    pub version: i64,
    /// The application that it answers. One offer at a time.
    pub application_id: Uuid,
    /// The first day of work.
    #[schema(example = "2027-01-04")]
    pub starts_on: NaiveDate,
    /// What kind of contract it comes to.
    #[schema(example = "permanent")]
    pub contract_type: ContractType,
    /// The last day of a contract that has one.
    #[schema(example = json!(null))]
    pub contract_ends_on: Option<NaiveDate>,
    /// How much of a full week they work: 1 is all of it.
    #[schema(example = "1")]
    pub full_time_equivalent: Quantity,
    /// Where the work is done.
    #[schema(example = "office")]
    pub workplace: Workplace,
    /// Where that is.
    #[schema(max_length = 100, example = "Bucharest")]
    pub location: Option<String>,
    /// The country that it is in (ISO 3166-1).
    #[schema(max_length = 2, example = "RO")]
    pub country: Option<String>,
    /// The grade.
    #[schema(max_length = 20, example = json!(null))]
    pub grade: Option<String>,
    /// The employee to whom they will report.
    pub manager_id: Option<Uuid>,
    /// What the amount is for.
    #[schema(example = "monthly")]
    pub pay_basis: CompensationBasis,
    /// What they will earn by that.
    #[schema(example = "9500.00")]
    pub pay_amount: Money,
    /// The currency of it (ISO 4217): that of the pay group.
    #[schema(max_length = 3, example = "EUR")]
    pub pay_currency: String,
    /// With whom they will be paid.
    pub pay_group_id: Uuid,
    /// The last day on which it can be accepted.
    #[schema(example = "2099-12-11")]
    pub expires_on: NaiveDate,
    /// What is written to the candidate; null once they are anonymized.
    #[schema(max_length = 5000, example = json!(null))]
    pub message: Option<String>,
    /// When it was sent.
    #[schema(example = json!(null))]
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was accepted or declined.
    #[schema(example = json!(null))]
    pub answered_at: Option<DateTime<Utc>>,
    /// Why it was declined or withdrawn; null once the candidate is anonymized.
    #[schema(max_length = 500, example = json!(null))]
    pub answer_reason: Option<String>,
    /// The employee whom the candidate became by it.
    #[schema(example = json!(null))]
    pub employee_id: Option<Uuid>,
    pub status: OfferStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where an offer stands.
    pub enum OfferStatus {
        Draft = "draft", Approved = "approved", Sent = "sent", Accepted = "accepted", Declined = "declined", Expired = "expired", Withdrawn = "withdrawn",
    }
}

/// An offer to be: a draft.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = offers, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewOffer {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The application that it answers. One offer at a time.
    application_id: Uuid,
    /// The first day of work.
    #[schema(example = "2099-01-04")]
    starts_on: NaiveDate,
    /// A permanent one, unless told.
    #[schema(example = "permanent")]
    #[diesel(treat_none_as_default_value = true)]
    contract_type: Option<ContractType>,
    /// The last day of a contract that has one; a fixed term has.
    #[schema(example = json!(null))]
    contract_ends_on: Option<NaiveDate>,
    /// How much of a full week they work, above 0; 1, all of it, unless told.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^(1(\.0{1,4})?|0\.[0-9]{1,4})$", example = "1")]
    #[diesel(treat_none_as_default_value = true)]
    full_time_equivalent: Option<Decimal>,
    /// The office, unless told.
    #[schema(example = "office")]
    #[diesel(treat_none_as_default_value = true)]
    workplace: Option<Workplace>,
    /// Where that is.
    #[schema(min_length = 1, max_length = 100, example = "Bucharest")]
    location: Option<String>,
    /// The country that it is in (ISO 3166-1).
    #[schema(pattern = "^[A-Z]{2}$", max_length = 2, example = "RO")]
    country: Option<String>,
    /// The grade.
    #[schema(min_length = 1, max_length = 20, example = json!(null))]
    grade: Option<String>,
    /// The employee to whom they will report.
    #[schema(example = json!(null))]
    manager_id: Option<Uuid>,
    /// What the amount is for.
    #[schema(example = "monthly")]
    pay_basis: CompensationBasis,
    /// What they will earn by that, above 0.
    #[schema(value_type = String, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "9500.00")]
    pay_amount: Decimal,
    /// The currency of it (ISO 4217): that of the pay group, which is taken where it is left out.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = json!(null))]
    #[diesel(treat_none_as_default_value = true)]
    pay_currency: Option<String>,
    /// With whom they will be paid.
    pay_group_id: Uuid,
    /// The last day on which it can be accepted.
    #[schema(example = "2099-12-11")]
    expires_on: NaiveDate,
    /// What is written to the candidate. It is forgotten with them.
    #[schema(min_length = 1, max_length = 5000, example = "We would be glad to have you.")]
    message: Option<String>,
}

/// What of a draft can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = offers)]
#[serde(deny_unknown_fields)]
pub struct EditOffer {
    /// The first day of work.
    #[schema(example = "2099-01-11")]
    starts_on: Option<NaiveDate>,
    /// What kind of contract it comes to.
    #[schema(example = "permanent")]
    contract_type: Option<ContractType>,
    /// The last day of a contract that has one.
    #[schema(example = json!(null))]
    contract_ends_on: Option<Option<NaiveDate>>,
    /// How much of a full week they work.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^(1(\.0{1,4})?|0\.[0-9]{1,4})$", example = "0.8")]
    full_time_equivalent: Option<Decimal>,
    /// Where the work is done.
    #[schema(example = "office")]
    workplace: Option<Workplace>,
    /// Where that is.
    #[schema(min_length = 1, max_length = 100, example = "Cluj-Napoca")]
    location: Option<Option<String>>,
    /// The country that it is in (ISO 3166-1).
    #[schema(pattern = "^[A-Z]{2}$", max_length = 2, example = "RO")]
    country: Option<Option<String>>,
    /// The grade.
    #[schema(min_length = 1, max_length = 20, example = "G5")]
    grade: Option<Option<String>>,
    /// The employee to whom they will report.
    #[schema(example = json!(null))]
    manager_id: Option<Option<Uuid>>,
    /// What the amount is for.
    #[schema(example = "monthly")]
    pay_basis: Option<CompensationBasis>,
    /// What they will earn by that.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "9800.00")]
    pay_amount: Option<Decimal>,
    /// The last day on which it can be accepted.
    #[schema(example = "2099-12-18")]
    expires_on: Option<NaiveDate>,
    /// What is written to the candidate.
    #[schema(min_length = 1, max_length = 5000, example = "We would be very glad to have you.")]
    message: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct OfferFilter {
    /// Only offers in this state.
    #[param(inline)]
    status: Option<OfferStatus>,
    /// Only offers that answer this application.
    application_id: Option<Uuid>,
    /// Only offers that can be accepted until this day or later.
    expires_on_from: Option<NaiveDate>,
    /// Only offers that can be accepted until this day or earlier.
    expires_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Written, and open to changes."),
        ("approved", "Agreed to, and not sent."),
        ("sent", "With the candidate, who answers."),
        ("accepted", "Accepted: the candidate is hired."),
        ("declined", "Declined by the candidate."),
        ("expired", "Not answered in time."),
        ("withdrawn", "Taken back."),
    ],
    steps: &[
        Step { action: "approve", from: &["draft"], to: "approved", verb: "approve" },
        Step { action: "revise", from: &["approved"], to: "draft", verb: "write" },
        Step { action: "send", from: &["approved"], to: "sent", verb: "write" },
        Step { action: "accept", from: &["sent"], to: "accepted", verb: "run" },
        Step { action: "decline", from: &["sent"], to: "declined", verb: "write" },
        Step { action: "withdraw", from: &["draft", "approved", "sent"], to: "withdrawn", verb: "write" },
    ],
};

impl Named for Offer {
    const NAME: &'static str = "offers";
}

impl Resource for Offer {
    const PATH: &'static str = "/v1/offers";
    const SINGULAR: &'static str = "offer";
    const TAG: &'static str = "Hiring";
    const SORT: &'static [SortKey] = &[SortKey::day("expires_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = OfferFilter;

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

impl Stored for Offer {
    type Table = offers::table;
    const TABLE: &'static str = "offers";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: OfferFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(offers::status.eq(status)))
            .when(by.application_id, |rows, id| rows.filter(offers::application_id.eq(id)))
            .when(by.expires_on_from, |rows, day| rows.filter(offers::expires_on.ge(day)))
            .when(by.expires_on_to, |rows, day| rows.filter(offers::expires_on.le(day)))
    }
}

impl Written for Offer {
    type New = NewOffer;
    type Edit = EditOffer;
}

/// Approve an offer
///
/// Agrees to it. Nobody approves an offer that they wrote. Where a policy of the organization asks for it, only with an approval of
/// `approve`.
#[utoipa::path(post, path = "/v1/offers/{id}/approve", tag = "Hiring")]
async fn approve_offer(may: May<Approve, Offer>, id: Id<Offer>) -> Reply<Offer> {
    approvals::step(may, id, "approve").await
}

/// Revise an offer
///
/// One that is approved and not sent yet is a draft again, open to changes.
#[utoipa::path(post, path = "/v1/offers/{id}/revise", tag = "Hiring")]
async fn revise_offer(may: May<Write, Offer>, id: Id<Offer>) -> Reply<Offer> {
    step(may, id, "revise").await
}

/// Send an offer
///
/// It is with the candidate, who has until its last day to answer. The opening must have a seat left. What carries it there, a letter say, is not this system's.
#[utoipa::path(post, path = "/v1/offers/{id}/send", tag = "Hiring")]
async fn send_offer(may: May<Write, Offer>, id: Id<Offer>) -> Reply<Offer> {
    step(may, id, "send").await
}

/// Accept an offer
///
/// The candidate accepts, and is hired: a new employee from the day on which they start, in the position of the opening, who earns what was offered; where a template fits, with
/// what is to be done until then. The opening has a seat less, and is filled with the last; the application is over. All of it or nothing, and once.
#[utoipa::path(post, path = "/v1/offers/{id}/accept", tag = "Hiring")]
async fn accept_offer(may: May<Run, Offer>, id: Id<Offer>, as_whom: Input<HireRequest>) -> Reply<Offer> {
    may.write(async |db| {
        let offer = lock(&may, db, &id).await?;
        let status = LIFE.step(offer.status.as_str(), "accept")?;
        let employee = hire(db, &offer, &as_whom.0).await?;
        let accepted = (offers::status.eq(status), offers::employee_id.eq(employee));
        let one = offers::table.find((db.organization(), offer.id));
        Ok(diesel::update(one).set(accepted).returning(Offer::as_returning()).get_result(db).await?)
    })
    .await
}

/// Why nothing comes of an offer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndOfferRequest {
    /// Why; it is forgotten with the candidate.
    #[schema(min_length = 1, max_length = 500, example = "Another company offered more.")]
    reason: String,
}

/// Decline an offer
///
/// The candidate does not come. The application stays as it is, to be offered anew or ended.
#[utoipa::path(post, path = "/v1/offers/{id}/decline", tag = "Hiring")]
async fn decline_offer(may: May<Write, Offer>, id: Id<Offer>, why: Input<EndOfferRequest>) -> Reply<Offer> {
    end(may, id, "decline", why.0).await
}

/// Withdraw an offer
///
/// It is taken back, and can not be accepted any more.
#[utoipa::path(post, path = "/v1/offers/{id}/withdraw", tag = "Hiring")]
async fn withdraw_offer(may: May<Write, Offer>, id: Id<Offer>, why: Input<EndOfferRequest>) -> Reply<Offer> {
    end(may, id, "withdraw", why.0).await
}

async fn end(may: May<Write, Offer>, id: Id<Offer>, action: &str, why: EndOfferRequest) -> Reply<Offer> {
    may.write(async |db| {
        let offer = lock(&may, db, &id).await?;
        let ended = (
            offers::status.eq(LIFE.step(offer.status.as_str(), action)?),
            offers::answer_reason.eq(&why.reason),
        );
        let one = offers::table.find((db.organization(), offer.id));
        Ok(diesel::update(one).set(ended).returning(Offer::as_returning()).get_result(db).await?)
    })
    .await
}

diesel::define_sql_function! {
    /// See the migration of hiring: answers how many there were.
    fn expire_offers() -> Integer;
}

/// Lets offers expire that were not answered in time, in all organizations.
#[derive(Serialize, Deserialize)]
pub struct ExpireOffers;

impl Task for ExpireOffers {
    const KIND: &'static str = "hiring.expire_offers";

    async fn run(self, job: &Running) -> Result<Value> {
        let expiring =
            async |db: &mut Db| Ok(diesel::select(expire_offers()).get_result::<i32>(db).await?.into());
        job.in_every_organization(async |organization| job.database().as_system(organization, expiring).await)
            .await
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<Offer>()
        .creatable::<Offer>()
        .changeable::<Offer>()
        .deletable::<Offer>()
        .call(operation!(approve_offer))
        .call(operation!(revise_offer))
        .call(operation!(send_offer))
        .call(operation!(accept_offer))
        .call(operation!(decline_offer))
        .call(operation!(withdraw_offer));
}
