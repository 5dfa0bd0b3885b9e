//! Lines of a claim: as an employee enters them, and as they are kept with their figures.

use crate::categories::ExpenseKind;
use crate::policy::PolicyBreach;
use platform::prelude::*;
use rust_decimal::Decimal;

/// A line to be. Its figures are worked out by the service.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExpenseLine {
    /// The day on which it was spent.
    #[schema(example = "2026-03-24")]
    pub spent_on: NaiveDate,
    /// What it was spent on.
    pub category_id: Uuid,
    /// The same in words.
    #[schema(min_length = 1, max_length = 300, example = "Hotel in Vienna, one night")]
    pub description: String,
    /// What was paid, tax included; left out where the category has a rate.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "110.00")]
    pub amount: Option<Decimal>,
    /// What it was paid in (ISO 4217); left out, the organization's currency.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = json!(null))]
    pub currency: Option<String>,
    /// What one unit of the currency is worth in the organization's; left out, the rate of the day.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,12}(\.[0-9]{1,8})?$", example = json!(null))]
    pub exchange_rate: Option<Decimal>,
    /// How far, or how many days, where the category has a rate for that; left out where it has none.
    #[schema(value_type = Option<String>, max_length = 19, pattern = r"^[0-9]{1,12}(\.[0-9]{1,6})?$", example = json!(null))]
    pub quantity: Option<Decimal>,
    /// The tax on it; left out, that of the category.
    #[schema(example = json!(null))]
    pub tax_code_id: Option<Uuid>,
    /// What of the amount is tax, as the receipt shows it; left out, it is worked out of the amount. `0` where none is got back.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    pub tax_amount: Option<Decimal>,
    /// The department that it is booked for; left out, the employee's.
    #[schema(example = json!(null))]
    pub department_id: Option<Uuid>,
    /// The cost centre that it is booked for.
    #[schema(example = json!(null))]
    pub cost_centre_id: Option<Uuid>,
    /// The project that it is booked for.
    #[schema(example = json!(null))]
    pub project_id: Option<Uuid>,
    /// The receipt: a file that the caller uploaded, or one that hangs on the claim. It hangs on the claim from then on.
    #[schema(example = json!(null))]
    pub receipt_file_id: Option<Uuid>,
    /// The account of the company that paid it, that of a card say; left out where the employee did, who then gets it back.
    #[schema(example = json!(null))]
    pub paid_from_account_id: Option<Uuid>,
    /// Why more was spent than the policy allows, or why there is no receipt.
    #[schema(min_length = 1, max_length = 500, example = json!(null))]
    pub reason: Option<String>,
}

/// A line of a claim, with its figures.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ExpenseLine {
    /// Its place, from 1.
    #[schema(minimum = 1, maximum = 200, example = 1)]
    pub line: i32,
    /// The day on which it was spent.
    #[schema(example = "2026-03-24")]
    pub spent_on: NaiveDate,
    /// What it was spent on.
    pub category_id: Uuid,
    /// The category as people call it.
    #[schema(max_length = 20, example = "HOTEL")]
    pub category_code: String,
    #[schema(inline)]
    pub kind: ExpenseKind,
    /// What it was spent on, in words.
    #[schema(max_length = 300, example = "Hotel in Vienna, one night")]
    pub description: String,
    /// What was paid, tax included, in the currency of the line.
    #[schema(example = "110.00")]
    pub amount: Money,
    /// What it was paid in (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    pub exchange_rate: Rate,
    /// How far, or how many days; null where an amount is claimed.
    #[schema(value_type = Option<String>, max_length = 22, example = json!(null))]
    pub quantity: Option<Quantity>,
    /// What is counted.
    #[schema(max_length = 20, example = json!(null))]
    pub unit: Option<String>,
    /// What the company pays for one, in its currency.
    #[schema(value_type = Option<String>, max_length = 22, example = json!(null))]
    pub unit_rate: Option<Money>,
    /// The tax on it; null where none is got back.
    pub tax_code_id: Option<Uuid>,
    /// Its rate on the day, in percent.
    #[schema(value_type = Option<String>, max_length = 8, example = "10")]
    pub tax_rate: Option<Decimal>,
    /// What of the amount is tax, in the currency of the line.
    #[schema(example = "10.00")]
    pub tax_amount: Money,
    /// The amount in the organization's currency.
    #[schema(example = "110.00")]
    pub base_amount: Money,
    /// The tax that is got back, in the organization's currency.
    #[schema(example = "10.00")]
    pub base_tax_amount: Money,
    /// What is left as an expense, in the organization's currency.
    #[schema(example = "100.00")]
    pub base_net_amount: Money,
    /// The account that it is booked on: the category's when the line was written.
    pub account_id: Uuid,
    /// The department that it is booked for.
    #[schema(example = json!(null))]
    pub department_id: Option<Uuid>,
    /// The cost centre that it is booked for.
    #[schema(example = json!(null))]
    pub cost_centre_id: Option<Uuid>,
    /// The project that it is booked for.
    #[schema(example = json!(null))]
    pub project_id: Option<Uuid>,
    /// The receipt, a file that hangs on the claim.
    #[schema(example = json!(null))]
    pub receipt_file_id: Option<Uuid>,
    /// The account of the company that paid it; null where the employee did.
    #[schema(example = json!(null))]
    pub paid_from_account_id: Option<Uuid>,
    /// Why more was spent than the policy allows, or why there is no receipt.
    #[schema(max_length = 500, example = json!(null))]
    pub reason: Option<String>,
    /// What of the policy it breaks, as of the day on which the claim was written or handed in.
    #[schema(max_items = 4, example = json!([]))]
    pub over_policy: Vec<PolicyBreach>,
}
