//! Payment terms: when what is sold or bought has to be paid, in how many parts, and what may be kept by who pays early.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::payment_terms;

/// When a document has to be paid.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = payment_terms)]
pub struct PaymentTerms {
    pub id: Uuid,
    pub version: i64,
    /// What people call them; unique.
    #[schema(max_length = 100, example = "30 days net")]
    pub name: String,
    /// Days from the document's day, or from the end of its month; 0 where there are instalments.
    #[schema(minimum = 0, maximum = 730, example = 30)]
    pub days: i32,
    /// Whether the days are counted from the end of the month in which the document is.
    #[schema(example = false)]
    pub end_of_month: bool,
    /// The parts in which it is paid; none is all at once.
    #[schema(value_type = Vec<Share>, max_items = 36, example = json!([]))]
    pub instalments: List<Share>,
    /// What may be kept by who pays within `discount_days`, in percent; null where nothing may.
    #[schema(value_type = Option<String>, max_length = 7, pattern = r"^[0-9]{1,2}(\.[0-9]{1,4})?$", example = "2")]
    pub discount_percent: Option<Decimal>,
    /// Days from the document's day within which the discount may be kept.
    #[schema(minimum = 0, maximum = 730, example = 10)]
    pub discount_days: Option<i32>,
    /// Whether what is kept takes its part off the taxes of the document.
    pub discount_tax: DiscountTax,
    pub status: PaymentTermsStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether terms can be given to parties and documents.
    pub enum PaymentTermsStatus { Active = "active", Archived = "archived" }
}

text_enum! {
    /// When what is kept for paying early lessens what was taxed and the tax: with the payment, or never.
    pub enum DiscountTax { OnPayment = "on_payment", Never = "never" }
}

/// A part of a document's total, and when it has to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PaymentTermsInstalment)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Percent of the total. The last instalment takes what is left to the smallest unit of the currency.
    #[schema(value_type = String, max_length = 8, pattern = r"^[0-9]{1,3}(\.[0-9]{1,4})?$", example = "30")]
    pub percent: Decimal,
    /// Days from the document's day, or from the end of its month.
    #[schema(minimum = 0, maximum = 730, example = 0)]
    pub days: i32,
    /// Whether the days are counted from the end of the month in which the document is; not, unless told.
    #[schema(example = false)]
    #[serde(default)]
    pub end_of_month: bool,
}

/// Terms to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = payment_terms)]
#[serde(deny_unknown_fields)]
pub struct NewPaymentTerms {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call them; unique.
    #[schema(min_length = 1, max_length = 100, example = "30 days net")]
    name: String,
    /// Days from the document's day, or from the end of its month; 0, unless told. Instalments say their own.
    #[schema(minimum = 0, maximum = 730, example = 30)]
    days: Option<i32>,
    /// Whether the days are counted from the end of the month in which the document is; not, unless told.
    #[schema(example = false)]
    end_of_month: Option<bool>,
    /// The parts in which it is paid; their percentages are 100 together. None is all at once.
    #[schema(value_type = Option<Vec<Share>>, max_items = 36, example = json!([]))]
    instalments: Option<List<Share>>,
    /// What may be kept by who pays within `discount_days`, in percent, more than 0.
    #[schema(value_type = Option<String>, max_length = 7, pattern = r"^[0-9]{1,2}(\.[0-9]{1,4})?$", example = json!(null))]
    discount_percent: Option<Decimal>,
    /// Days from the document's day within which the discount may be kept.
    #[schema(minimum = 0, maximum = 730, example = json!(null))]
    discount_days: Option<i32>,
    /// Whether what is kept takes its part off the taxes of the document: on payment, unless told.
    #[schema(example = "on_payment")]
    discount_tax: Option<DiscountTax>,
}

/// What of terms can be changed. Documents that are there keep the days that they have.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = payment_terms)]
#[serde(deny_unknown_fields)]
pub struct EditPaymentTerms {
    /// What people call them; unique.
    #[schema(min_length = 1, max_length = 100, example = "45 days net")]
    name: Option<String>,
    /// Days from the document's day, or from the end of its month.
    #[schema(minimum = 0, maximum = 730, example = 45)]
    days: Option<i32>,
    /// Whether the days are counted from the end of the month in which the document is.
    #[schema(example = false)]
    end_of_month: Option<bool>,
    /// All parts from now on; none is all at once.
    #[schema(value_type = Option<Vec<Share>>, max_items = 36, example = json!([]))]
    instalments: Option<List<Share>>,
    /// What may be kept by who pays within `discount_days`, in percent, more than 0.
    #[schema(value_type = Option<String>, max_length = 7, pattern = r"^[0-9]{1,2}(\.[0-9]{1,4})?$", example = json!(null))]
    discount_percent: Option<Option<Decimal>>,
    /// Days from the document's day within which the discount may be kept.
    #[schema(minimum = 0, maximum = 730, example = json!(null))]
    discount_days: Option<Option<i32>>,
    /// Whether what is kept takes its part off the taxes of the document, from the next payment on.
    #[schema(example = "on_payment")]
    discount_tax: Option<DiscountTax>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PaymentTermsFilter {
    /// Only terms in this state.
    #[param(inline)]
    status: Option<PaymentTermsStatus>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Can be given."),
        ("archived", "Given to nobody any more; who has them keeps them."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for PaymentTerms {
    const NAME: &'static str = "payment-terms";
}

impl Resource for PaymentTerms {
    const PATH: &'static str = "/v1/payment-terms";
    const SINGULAR: &'static str = "payment_terms";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = PaymentTermsFilter;

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

impl Stored for PaymentTerms {
    type Table = payment_terms::table;
    const TABLE: &'static str = "payment_terms";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: PaymentTermsFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(payment_terms::status.eq(status)))
    }
}

impl Written for PaymentTerms {
    type New = NewPaymentTerms;
    type Edit = EditPaymentTerms;

    async fn check_new(_db: &mut Db, new: &NewPaymentTerms) -> Result<()> {
        check(&Said {
            days: new.days.unwrap_or_default(),
            end_of_month: new.end_of_month.unwrap_or_default(),
            instalments: new.instalments.as_ref().map(|all| all.0.as_slice()).unwrap_or_default(),
            discount_percent: new.discount_percent,
            discount_days: new.discount_days,
        })
    }

    async fn check_edit(_db: &mut Db, row: &Self, edit: &EditPaymentTerms) -> Result<()> {
        check(&Said {
            days: edit.days.unwrap_or(row.days),
            end_of_month: edit.end_of_month.unwrap_or(row.end_of_month),
            instalments: edit.instalments.as_ref().map_or(&row.instalments.0, |all| &all.0),
            discount_percent: edit.discount_percent.unwrap_or(row.discount_percent),
            discount_days: edit.discount_days.unwrap_or(row.discount_days),
        })
    }
}

/// Terms as they will be.
struct Said<'a> {
    days: i32,
    end_of_month: bool,
    instalments: &'a [Share],
    discount_percent: Option<Decimal>,
    discount_days: Option<i32>,
}

fn check(said: &Said<'_>) -> Result<()> {
    let mut faults = Vec::new();
    let mut fault = |pointer: String, code: &str, rule: String| faults.push(Fault::at(pointer, code, rule));
    if !said.instalments.is_empty() {
        for (pointer, is_said) in [("/days", said.days != 0), ("/end_of_month", said.end_of_month)] {
            if is_said {
                fault(
                    pointer.into(),
                    "stands-in-instalments",
                    "must be left out where there are instalments: each says its own".into(),
                );
            }
        }
        for (at, each) in said.instalments.iter().enumerate() {
            if each.percent.is_zero() {
                fault(format!("/instalments/{at}/percent"), "must-be-positive", "must be more than 0".into());
            }
        }
        let total: Decimal = said.instalments.iter().map(|each| each.percent).sum();
        if total != Decimal::ONE_HUNDRED {
            let rule = format!("must be 100 percent together, and are {}", total.normalize());
            fault("/instalments".into(), "not-the-whole", rule);
        }
    }
    match (said.discount_percent, said.discount_days) {
        (Some(percent), _) if percent.is_zero() => {
            fault(
                "/discount_percent".into(),
                "must-be-positive",
                "must be more than 0, or null where nothing may be kept".into(),
            );
        }
        (Some(_), None) => {
            fault("/discount_days".into(), "required", "must be given with `discount_percent`".into());
        }
        (None, Some(_)) => {
            fault("/discount_percent".into(), "required", "must be given with `discount_days`".into());
        }
        _ => {}
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Archive payment terms
///
/// Given to no party and no document any more. Who has them keeps them, and nothing in the books changes.
#[utoipa::path(post, path = "/v1/payment-terms/{id}/archive", tag = "Accounting")]
async fn archive_payment_terms(may: May<Write, PaymentTerms>, id: Id<PaymentTerms>) -> Reply<PaymentTerms> {
    step(may, id, "archive").await
}

/// Restore payment terms
///
/// Can be given again. Nothing in the books changes.
#[utoipa::path(post, path = "/v1/payment-terms/{id}/restore", tag = "Accounting")]
async fn restore_payment_terms(may: May<Write, PaymentTerms>, id: Id<PaymentTerms>) -> Reply<PaymentTerms> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<PaymentTerms>()
        .call(operation!(archive_payment_terms))
        .call(operation!(restore_payment_terms));
}

#[cfg(test)]
impl PaymentTerms {
    /// Terms that nobody has written down.
    pub(crate) fn of(days: i32, end_of_month: bool, instalments: Vec<Share>) -> Self {
        Self {
            id: Uuid::nil(),
            version: 1,
            name: "Terms".into(),
            days,
            end_of_month,
            instalments: List(instalments),
            discount_percent: None,
            discount_days: None,
            discount_tax: DiscountTax::OnPayment,
            status: PaymentTermsStatus::Active,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }
}
