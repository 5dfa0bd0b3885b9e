//! Benefit plans: what the company offers beside pay, to whom, and what it costs the employee and the employer.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::benefit_plans;

/// Something that the company offers beside pay.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = benefit_plans)]
pub struct BenefitPlan {
    pub id: Uuid,
    pub version: i64,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, example = "HEALTH")]
    pub code: String,
    /// What it is.
    #[schema(max_length = 100, example = "Private health insurance")]
    pub name: String,
    /// What it gives.
    #[schema(example = "health")]
    pub kind: BenefitKind,
    /// What it gives, in words.
    #[schema(max_length = 2000, example = json!(null))]
    pub description: Option<String>,
    /// The currency of its amounts (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// The grades it is for; empty for all.
    #[schema(value_type = Vec<Grade>, max_items = 50, example = json!([]))]
    pub eligible_grades: List<Grade>,
    /// The countries it is for, by where one works (ISO 3166-1 alpha-2); empty for all.
    #[schema(value_type = Vec<Country>, max_items = 50, example = json!([]))]
    pub eligible_countries: List<Country>,
    /// After so many months of employment without a gap one may be in it.
    #[schema(minimum = 0, maximum = 600, example = 0)]
    pub tenure_months: i32,
    /// For so many days from then one may enrol without a window.
    #[schema(minimum = 0, maximum = 366, example = 30)]
    pub new_hire_days: i32,
    /// How many dependants it covers at the most; 0 where it covers the employee alone.
    #[schema(minimum = 0, maximum = 20, example = 4)]
    pub most_dependants: i32,
    /// Whether somebody agrees to each enrolment; else one is in as soon as one asked in a window.
    #[schema(example = true)]
    pub needs_approval: bool,
    /// What it costs, each from its day until the next begins; the first no later than the plan.
    #[schema(value_type = Vec<BenefitContribution>, max_items = 50)]
    pub contributions: List<BenefitContribution>,
    /// Whether a month that it holds for a part of costs that part, by calendar days; else it costs the whole month, when it begins in it.
    #[schema(example = true)]
    pub is_prorated: bool,
    /// Its first day.
    #[schema(example = "2026-01-01")]
    pub starts_on: NaiveDate,
    /// Its last day; null where it goes on.
    #[schema(example = json!(null))]
    pub ends_on: Option<NaiveDate>,
    pub status: BenefitPlanStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A grade, as assignments name it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(min_length = 1, max_length = 20, example = "G7")]
pub struct Grade(String);

/// A country (ISO 3166-1 alpha-2).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
pub struct Country(String);

text_enum! {
    /// What a plan gives.
    pub enum BenefitKind {
        Health = "health", Life = "life", Disability = "disability", Pension = "pension", MealVouchers = "meal_vouchers",
        Transport = "transport", Wellness = "wellness", Education = "education", Other = "other",
    }
}
text_enum! {
    /// How a contribution is worked out: an amount for a calendar month, an amount for each day that was worked, or percent of the agreed
    /// pay or of all that was earned.
    pub enum ContributionBasis {
        Fixed = "fixed", PerDay = "per_day", PercentOfBasePay = "percent_of_base_pay", PercentOfGrossPay = "percent_of_gross_pay",
    }
}

/// What a plan costs from a day on, until the next begins.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BenefitContribution {
    /// The first day.
    #[schema(example = "2026-01-01")]
    pub starts_on: NaiveDate,
    /// How it is worked out.
    #[schema(example = "fixed")]
    pub basis: ContributionBasis,
    /// What the employee pays: an amount in the plan's currency, or percent.
    #[schema(value_type = String, max_length = 21, example = "30.00")]
    pub employee: Decimal,
    /// What the employer pays: an amount in the plan's currency, or percent.
    #[schema(value_type = String, max_length = 21, example = "120.00")]
    pub employer: Decimal,
    /// What the employee pays besides for each dependant who is covered; null for nothing.
    #[schema(value_type = Option<String>, max_length = 21, example = "15.00")]
    pub employee_per_dependant: Option<Decimal>,
    /// What the employer pays besides for each dependant who is covered; null for nothing.
    #[schema(value_type = Option<String>, max_length = 21, example = "20.00")]
    pub employer_per_dependant: Option<Decimal>,
}

/// What a plan is to cost from a day on, until the next begins.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBenefitContribution {
    /// The first day.
    #[schema(example = "2026-01-01")]
    starts_on: NaiveDate,
    /// How it is worked out.
    #[schema(example = "fixed")]
    basis: ContributionBasis,
    /// What the employee pays: an amount in the plan's currency, or percent.
    #[schema(value_type = String, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "30.00")]
    employee: Decimal,
    /// What the employer pays: an amount in the plan's currency, or percent.
    #[schema(value_type = String, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "120.00")]
    employer: Decimal,
    /// What the employee pays besides for each dependant who is covered; null for nothing.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "15.00")]
    employee_per_dependant: Option<Decimal>,
    /// What the employer pays besides for each dependant who is covered; null for nothing.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "20.00")]
    employer_per_dependant: Option<Decimal>,
}

text_enum! {
    /// Whether one may enrol.
    pub enum BenefitPlanStatus { Active = "active", Archived = "archived" }
}

/// A plan to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = benefit_plans, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewBenefitPlan {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9.-]{0,19}$", example = "HEALTH")]
    code: String,
    /// What it is.
    #[schema(min_length = 1, max_length = 100, example = "Private health insurance")]
    name: String,
    /// What it gives.
    #[schema(example = "health")]
    kind: BenefitKind,
    /// What it gives, in words.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    description: Option<String>,
    /// The currency of its amounts (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: String,
    /// The grades it is for; empty for all.
    #[schema(value_type = Option<Vec<Grade>>, max_items = 50, example = json!([]))]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    eligible_grades: Option<List<Grade>>,
    /// The countries it is for, by where one works (ISO 3166-1 alpha-2); empty for all.
    #[schema(value_type = Option<Vec<Country>>, max_items = 50, example = json!([]))]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    eligible_countries: Option<List<Country>>,
    /// After so many months of employment without a gap one may be in it.
    #[schema(minimum = 0, maximum = 600, example = 0)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    tenure_months: Option<i32>,
    /// For so many days from then one may enrol without a window.
    #[schema(minimum = 0, maximum = 366, example = 30)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    new_hire_days: Option<i32>,
    /// How many dependants it covers at the most; 0 where it covers the employee alone.
    #[schema(minimum = 0, maximum = 20, example = 4)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    most_dependants: Option<i32>,
    /// Whether somebody agrees to each enrolment; else one is in as soon as one asked in a window.
    #[schema(example = true)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    needs_approval: Option<bool>,
    /// What it costs, each from its day until the next begins; the first no later than the plan.
    #[schema(value_type = Vec<NewBenefitContribution>, max_items = 50, min_items = 1)]
    contributions: List<NewBenefitContribution>,
    /// Whether a month that it holds for a part of costs that part, by calendar days; else it costs the whole month, when it begins in it.
    #[schema(example = true)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    is_prorated: Option<bool>,
    /// Its first day.
    #[schema(example = "2026-01-01")]
    starts_on: NaiveDate,
    /// Its last day; null where it goes on.
    #[schema(example = json!(null))]
    ends_on: Option<NaiveDate>,
}

/// What of a plan can be changed. Enrolments keep; what they cost follows the contributions.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = benefit_plans)]
#[serde(deny_unknown_fields)]
pub struct EditBenefitPlan {
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9.-]{0,19}$", example = "HEALTH")]
    code: Option<String>,
    /// What it is.
    #[schema(min_length = 1, max_length = 100, example = "Health insurance")]
    name: Option<String>,
    /// What it gives.
    #[schema(example = "health")]
    kind: Option<BenefitKind>,
    /// What it gives, in words.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    description: Option<Option<String>>,
    /// The currency of its amounts (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<String>,
    /// The grades it is for; empty for all.
    #[schema(value_type = Option<Vec<Grade>>, max_items = 50, example = json!([]))]
    eligible_grades: Option<List<Grade>>,
    /// The countries it is for, by where one works (ISO 3166-1 alpha-2); empty for all.
    #[schema(value_type = Option<Vec<Country>>, max_items = 50, example = json!([]))]
    eligible_countries: Option<List<Country>>,
    /// After so many months of employment without a gap one may be in it.
    #[schema(minimum = 0, maximum = 600, example = 0)]
    tenure_months: Option<i32>,
    /// For so many days from then one may enrol without a window.
    #[schema(minimum = 0, maximum = 366, example = 30)]
    new_hire_days: Option<i32>,
    /// How many dependants it covers at the most; 0 where it covers the employee alone.
    #[schema(minimum = 0, maximum = 20, example = 4)]
    most_dependants: Option<i32>,
    /// Whether somebody agrees to each enrolment; else one is in as soon as one asked in a window.
    #[schema(example = true)]
    needs_approval: Option<bool>,
    /// What it costs, each from its day until the next begins; the first no later than the plan.
    #[schema(value_type = Option<Vec<NewBenefitContribution>>, max_items = 50, min_items = 1)]
    contributions: Option<List<NewBenefitContribution>>,
    /// Whether a month that it holds for a part of costs that part, by calendar days; else it costs the whole month, when it begins in it.
    #[schema(example = true)]
    is_prorated: Option<bool>,
    /// Its first day.
    #[schema(example = "2026-01-01")]
    starts_on: Option<NaiveDate>,
    /// Its last day; null where it goes on.
    #[schema(example = json!(null))]
    ends_on: Option<Option<NaiveDate>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BenefitPlanFilter {
    /// Only plans in this state.
    #[param(inline)]
    status: Option<BenefitPlanStatus>,
    /// Only plans of this kind.
    #[param(inline)]
    kind: Option<BenefitKind>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("active", "One may enrol when a window is open."),
        ("archived", "Nobody enrols; who is in stays in."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for BenefitPlan {
    const NAME: &'static str = "benefit-plans";
}

impl Resource for BenefitPlan {
    const PATH: &'static str = "/v1/benefit-plans";
    const SINGULAR: &'static str = "benefit_plan";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] =
        &[SortKey::text("code"), SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "code";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    type Filter = BenefitPlanFilter;

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

impl Stored for BenefitPlan {
    type Table = benefit_plans::table;
    const TABLE: &'static str = "benefit_plans";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: BenefitPlanFilter) -> Rows<Self> {
        rows.when(by.status, |rows, value| rows.filter(benefit_plans::status.eq(value)))
            .when(by.kind, |rows, value| rows.filter(benefit_plans::kind.eq(value)))
    }
}

impl Written for BenefitPlan {
    type New = NewBenefitPlan;
    type Edit = EditBenefitPlan;

    async fn check_new(_: &mut Db, new: &NewBenefitPlan) -> Result<()> {
        check(new.starts_on, &new.contributions.0)
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditBenefitPlan) -> Result<()> {
        let kept = row.contributions.0.iter().map(NewBenefitContribution::from);
        let contributions = edit.contributions.clone().map_or_else(|| kept.collect(), |given| given.0);
        check(edit.starts_on.unwrap_or(row.starts_on), &contributions)
    }
}

impl From<&BenefitContribution> for NewBenefitContribution {
    fn from(kept: &BenefitContribution) -> Self {
        Self {
            starts_on: kept.starts_on,
            basis: kept.basis,
            employee: kept.employee,
            employer: kept.employer,
            employee_per_dependant: kept.employee_per_dependant,
            employer_per_dependant: kept.employer_per_dependant,
        }
    }
}

/// That there is one contribution for every day of the plan, each complete in itself.
fn check(starts_on: NaiveDate, contributions: &[NewBenefitContribution]) -> Result<()> {
    let mut faults = Vec::new();
    let mut fault = |place: usize, field: &str, code: &str, rule: String| {
        faults.push(Fault::at(format!("/contributions/{place}/{field}"), code, rule));
    };
    if contributions.iter().all(|each| each.starts_on > starts_on) {
        fault(0, "starts_on", "too-late", format!("must be {starts_on} or earlier, when the plan begins"));
    }
    for (place, each) in contributions.iter().enumerate() {
        if contributions[..place].iter().any(|other| other.starts_on == each.starts_on) {
            fault(place, "starts_on", "repeated", "must be the first day of one contribution alone".into());
        }
        let is_percent = !matches!(each.basis, ContributionBasis::Fixed | ContributionBasis::PerDay);
        for (field, amount) in [("employee", each.employee), ("employer", each.employer)] {
            if is_percent && amount > Decimal::ONE_HUNDRED {
                fault(place, field, "too-large", "must be at most 100: it is percent of pay".into());
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Archive a benefit plan
///
/// Nobody enrols in it any more; who is in it stays in it.
#[utoipa::path(post, path = "/v1/benefit-plans/{id}/archive", tag = "Growth")]
async fn archive_benefit_plan(may: May<Write, BenefitPlan>, id: Id<BenefitPlan>) -> Reply<BenefitPlan> {
    step(may, id, "archive").await
}

/// Restore a benefit plan
///
/// One may enrol in it again.
#[utoipa::path(post, path = "/v1/benefit-plans/{id}/restore", tag = "Growth")]
async fn restore_benefit_plan(may: May<Write, BenefitPlan>, id: Id<BenefitPlan>) -> Reply<BenefitPlan> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<BenefitPlan>()
        .call(operation!(archive_benefit_plan))
        .call(operation!(restore_benefit_plan));
}
