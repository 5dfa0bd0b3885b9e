//! What documents are made of: lines, the tax table, instalments; as they come in, and as they are kept with their figures.

use crate::tax_codes::TaxKind;
use platform::prelude::*;
use rust_decimal::Decimal;

/// A line to be. Its figures are worked out by the service.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDocumentLine {
    /// What the company calls the goods or the service in its own list.
    #[schema(min_length = 1, max_length = 60, example = "SUP-12")]
    pub item_code: Option<String>,
    /// What is sold, in words.
    #[schema(min_length = 1, max_length = 500, example = "Support, March 2026")]
    pub description: String,
    /// How many; above zero.
    #[schema(value_type = String, max_length = 19, pattern = r"^[0-9]{1,12}(\.[0-9]{1,6})?$", example = "2")]
    pub quantity: Decimal,
    /// What is counted.
    #[schema(min_length = 1, max_length = 20, example = "h")]
    pub unit: Option<String>,
    /// The price of one, in the document's currency.
    #[schema(value_type = String, max_length = 21, pattern = r"^[0-9]{1,12}(\.[0-9]{1,8})?$", example = "50.00")]
    pub unit_price: Decimal,
    /// So many percent less. A line has this or `discount_amount`.
    #[schema(value_type = Option<String>, max_length = 8, pattern = r"^(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)$", example = json!(null))]
    pub discount_percent: Option<Decimal>,
    /// So much less, in the document's currency.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    pub discount_amount: Option<Decimal>,
    /// The account that it is booked on. Left out, the party's own for it.
    pub account_id: Option<Uuid>,
    /// The taxes on it.
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 5)]
    #[serde(default)]
    pub tax_code_ids: Vec<Uuid>,
    /// The department that it is booked for.
    #[schema(example = json!(null))]
    pub department_id: Option<Uuid>,
    /// The cost centre that it is booked for.
    #[schema(example = json!(null))]
    pub cost_centre_id: Option<Uuid>,
    /// The project that it is booked for.
    #[schema(example = json!(null))]
    pub project_id: Option<Uuid>,
}

/// A line of a document, with its figures.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DocumentLine {
    /// Its place, from 1.
    #[schema(minimum = 1, maximum = 500, example = 1)]
    pub line: i32,
    /// What the company calls the goods or the service in its own list.
    #[schema(max_length = 60, example = "SUP-12")]
    pub item_code: Option<String>,
    /// What is sold, in words.
    #[schema(max_length = 500, example = "Support, March 2026")]
    pub description: String,
    /// How many.
    #[schema(example = "2")]
    pub quantity: Quantity,
    /// What is counted.
    #[schema(max_length = 20, example = "h")]
    pub unit: Option<String>,
    /// The price of one, in the document's currency.
    #[schema(value_type = String, max_length = 21, example = "50.00")]
    pub unit_price: Decimal,
    /// So many percent less.
    #[schema(value_type = Option<String>, max_length = 8, example = json!(null))]
    pub discount_percent: Option<Decimal>,
    /// So much less, in the document's currency.
    #[schema(value_type = Option<String>, max_length = 21, example = json!(null))]
    pub discount_amount: Option<Decimal>,
    /// The account that it is booked on.
    pub account_id: Uuid,
    /// The taxes on it.
    #[schema(max_items = 5)]
    pub tax_code_ids: Vec<Uuid>,
    /// The department that it is booked for.
    #[schema(example = json!(null))]
    pub department_id: Option<Uuid>,
    /// The cost centre that it is booked for.
    #[schema(example = json!(null))]
    pub cost_centre_id: Option<Uuid>,
    /// The project that it is booked for.
    #[schema(example = json!(null))]
    pub project_id: Option<Uuid>,
    /// Quantity times price less the discount, as the prices are: with the taxes that they include.
    #[schema(example = "100.00")]
    pub amount: Money,
    /// The same without tax.
    #[schema(example = "100.00")]
    pub net_amount: Money,
    /// Its part of each tax.
    #[schema(max_items = 5)]
    pub taxes: Vec<LineTax>,
    /// In a credit or debit note, the line of the document that it takes back.
    #[schema(minimum = 1, maximum = 500, example = json!(null))]
    pub credited_line: Option<i32>,
}

/// A line's part of a tax.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LineTax {
    /// The tax code.
    pub tax_code_id: Uuid,
    /// In the document's currency.
    #[schema(example = "19.00")]
    pub tax_amount: Money,
}

/// A row of a document's tax table.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DocumentTax {
    /// The tax code.
    pub tax_code_id: Uuid,
    /// As people call it.
    #[schema(max_length = 20, example = "S19")]
    pub code: String,
    /// What it is.
    #[schema(max_length = 100, example = "VAT 19 % on sales")]
    pub name: String,
    #[schema(inline)]
    pub kind: TaxKind,
    /// In percent, on the day of the document.
    #[schema(value_type = String, max_length = 8, example = "19")]
    pub rate: Decimal,
    /// Why there is no tax.
    #[schema(max_length = 200, example = json!(null))]
    pub exemption_reason: Option<String>,
    /// Whether it is part of the total; where not, the buyer owes it (reverse charge).
    #[schema(example = true)]
    pub is_charged: bool,
    /// What it is a percentage of, in the document's currency.
    #[schema(example = "100.00")]
    pub taxable_amount: Money,
    /// In the document's currency.
    #[schema(example = "19.00")]
    pub tax_amount: Money,
    /// What it is a percentage of, in the organization's currency: the sum of what was booked.
    #[schema(example = "100.00")]
    pub base_taxable_amount: Money,
    /// In the organization's currency.
    #[schema(example = "19.00")]
    pub base_tax_amount: Money,
}

/// What is due on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Instalment {
    /// The day.
    #[schema(example = "2026-04-30")]
    pub due_on: NaiveDate,
    /// In the document's currency.
    #[schema(example = "119.00")]
    pub amount: Money,
}

/// The net amounts of lines that are booked as one, each with the first of them: on the same account, with the same dimensions and taxes.
pub fn booked_as_one(lines: &[DocumentLine]) -> Vec<(&DocumentLine, Decimal)> {
    sums_by(lines, |line| {
        (line.account_id, line.department_id, line.cost_centre_id, line.project_id, &line.tax_code_ids)
    })
}

/// The net amounts by what lines have in common, each with the first of its lines.
pub fn sums_by<'a, K: PartialEq>(
    lines: &'a [DocumentLine],
    common: impl Fn(&'a DocumentLine) -> K,
) -> Vec<(&'a DocumentLine, Decimal)> {
    let mut sums: Vec<(&DocumentLine, Decimal)> = Vec::new();
    for line in lines {
        match sums.iter_mut().find(|(first, _)| common(first) == common(line)) {
            Some((_, sum)) => *sum += line.net_amount.0,
            None => sums.push((line, line.net_amount.0)),
        }
    }
    sums
}

impl From<&DocumentLine> for NewDocumentLine {
    fn from(line: &DocumentLine) -> Self {
        let line = line.clone();
        Self {
            item_code: line.item_code,
            description: line.description,
            quantity: line.quantity.0,
            unit: line.unit,
            unit_price: line.unit_price,
            discount_percent: line.discount_percent,
            discount_amount: line.discount_amount,
            account_id: Some(line.account_id),
            tax_code_ids: line.tax_code_ids,
            department_id: line.department_id,
            cost_centre_id: line.cost_centre_id,
            project_id: line.project_id,
        }
    }
}
