//! Dunning levels: after how many days customers are reminded of what is overdue, in which words, and for which fee.

use ledger::Books;
use parties::parties::Language;
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::dunning_levels;
use std::collections::HashSet;

/// A step on the way from a friendly word to a lawyer's.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = dunning_levels)]
pub struct DunningLevel {
    pub id: Uuid,
    pub version: i64,
    /// Its place among the levels; unique. An invoice goes from one to the next higher, one at a time.
    #[schema(minimum = 1, maximum = 999, example = 1)]
    pub level: i32,
    /// What it is called.
    #[schema(max_length = 100, example = "Friendly reminder")]
    pub name: String,
    /// After how many days an invoice is reminded of; a higher level has more of them. Between two reminders of an invoice lie as
    /// many days as their levels are apart.
    #[schema(minimum = 1, maximum = 3650, example = 10)]
    pub days_overdue: i32,
    /// What a letter of this level costs the customer, in the organization's currency; null for nothing. In letters of another
    /// currency it is converted at the rate of the day.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,16}(\.[0-9]{1,4})?$", example = json!(null))]
    pub fee_amount: Option<Money>,
    /// The account that the fee is income on.
    pub fee_account_id: Option<Uuid>,
    /// What its letters say, by language. A customer whose language is not there gets the first.
    #[schema(value_type = Vec<DunningText>, max_items = 2)]
    pub texts: List<DunningText>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What letters of a level say in a language.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DunningText {
    pub language: Language,
    /// The heading.
    #[schema(max_length = 100, example = "Friendly reminder")]
    pub title: String,
    /// What stands above the list of invoices.
    #[schema(max_length = 2000, example = "We have not received your payment of the invoices below yet.")]
    pub text: String,
}

/// What letters of a level are to say in a language.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDunningText {
    /// The language (ISO 639-1).
    language: Language,
    /// The heading.
    #[schema(min_length = 1, max_length = 100, example = "Friendly reminder")]
    title: String,
    /// What stands above the list of invoices.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "We have not received your payment of the invoices below yet."
    )]
    text: String,
}

/// A level to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = dunning_levels)]
#[serde(deny_unknown_fields)]
pub struct NewDunningLevel {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Its place among the levels; unique.
    #[schema(minimum = 1, maximum = 999, example = 1)]
    level: i32,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Friendly reminder")]
    name: String,
    /// After how many days an invoice is reminded of; more than those of every lower level, and fewer than those of every higher one.
    #[schema(minimum = 1, maximum = 3650, example = 10)]
    days_overdue: i32,
    /// What a letter of this level costs the customer, in the organization's currency; left out, nothing.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,16}(\.[0-9]{1,4})?$", example = json!(null))]
    fee_amount: Option<Decimal>,
    /// The account that the fee is income on; a fee needs one.
    #[schema(example = json!(null))]
    fee_account_id: Option<Uuid>,
    /// What its letters say, by language.
    #[schema(value_type = Vec<NewDunningText>, min_items = 1, max_items = 2)]
    texts: List<NewDunningText>,
}

/// What of a level can be changed; letters stay as they were written.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = dunning_levels)]
#[serde(deny_unknown_fields)]
pub struct EditDunningLevel {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Kind reminder")]
    name: Option<String>,
    /// After how many days an invoice is reminded of.
    #[schema(minimum = 1, maximum = 3650, example = 10)]
    days_overdue: Option<i32>,
    /// What a letter of this level costs the customer, in the organization's currency; null for nothing.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,16}(\.[0-9]{1,4})?$", example = json!(null))]
    fee_amount: Option<Option<Decimal>>,
    /// The account that the fee is income on.
    #[schema(example = json!(null))]
    fee_account_id: Option<Option<Uuid>>,
    /// What its letters say, by language, from now on.
    #[schema(value_type = Option<Vec<NewDunningText>>, min_items = 1, max_items = 2)]
    texts: Option<List<NewDunningText>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct DunningLevelFilter {
    /// Only the level with this place.
    #[param(minimum = 1, maximum = 999)]
    level: Option<i32>,
}

impl Named for DunningLevel {
    const NAME: &'static str = "dunning-levels";
}

impl Resource for DunningLevel {
    const PATH: &'static str = "/v1/dunning-levels";
    const SINGULAR: &'static str = "dunning_level";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::integer("level")];
    const USUAL_ORDER: &'static str = "level";
    type Filter = DunningLevelFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for DunningLevel {
    type Table = dunning_levels::table;
    const TABLE: &'static str = "dunning_levels";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: DunningLevelFilter) -> Rows<Self> {
        rows.when(by.level, |rows, level| rows.filter(dunning_levels::level.eq(level)))
    }
}

impl Written for DunningLevel {
    type New = NewDunningLevel;
    type Edit = EditDunningLevel;

    async fn check_new(db: &mut Db, new: &NewDunningLevel) -> Result<()> {
        check(&ledger::books(db).await?, new.fee_amount, Some(&new.texts))
    }

    async fn check_edit(db: &mut Db, _: &Self, edit: &EditDunningLevel) -> Result<()> {
        check(&ledger::books(db).await?, edit.fee_amount.flatten(), edit.texts.as_ref())
    }
}

fn check(books: &Books, fee: Option<Decimal>, texts: Option<&List<NewDunningText>>) -> Result<()> {
    let mut faults = Vec::new();
    if let Some(fee) = fee {
        if fee <= Decimal::ZERO {
            faults.push(Fault::at("/fee_amount", "too-small", "must be above zero; null for no fee"));
        } else if ledger::currency::rounded(fee, &books.currency) != fee {
            let rule = format!("must have no more decimals than {} has", books.currency);
            faults.push(Fault::at("/fee_amount", "too-many-decimals", rule));
        }
    }
    let mut languages = HashSet::new();
    for (place, text) in texts.iter().flat_map(|texts| texts.0.iter().enumerate()) {
        if !languages.insert(text.language) {
            faults.push(Fault::at(format!("/texts/{place}/language"), "repeated", "must be named once"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

pub fn routes(api: &mut Api) {
    api.readable::<DunningLevel>()
        .creatable::<DunningLevel>()
        .changeable::<DunningLevel>()
        .deletable::<DunningLevel>();
}
