//! Categories of fixed assets: which accounts a kind of asset is booked to.
use diesel::QueryableByName;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use platform::prelude::*;
use schema::fixed_asset_categories;

/// A kind of asset, and the accounts it is booked to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = fixed_asset_categories)]
pub struct FixedAssetCategory {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Vehicles")]
    pub name: String,
    /// The account that bears what the assets cost.
    pub asset_account_id: Uuid,
    /// The account that bears what of it is depreciated, as a credit.
    pub accumulated_depreciation_account_id: Uuid,
    /// The account that bears the depreciation of each period.
    pub depreciation_account_id: Uuid,
    /// The account that bears what a disposal brings above the carrying amount.
    pub gain_account_id: Uuid,
    /// The account that bears what a disposal brings less than the carrying amount.
    pub loss_account_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A kind of asset to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = fixed_asset_categories)]
#[serde(deny_unknown_fields)]
pub struct NewFixedAssetCategory {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Vehicles")]
    name: String,
    /// The account that bears what the assets cost: an asset.
    asset_account_id: Uuid,
    /// The account that bears what of it is depreciated: an asset, and another one.
    accumulated_depreciation_account_id: Uuid,
    /// The account that bears the depreciation of each period: an expense.
    depreciation_account_id: Uuid,
    /// The account that bears what a disposal brings above the carrying amount: an income or an expense.
    gain_account_id: Uuid,
    /// The account that bears what a disposal brings less than the carrying amount: an income or an expense.
    loss_account_id: Uuid,
}

/// What of a kind of asset can be changed. What is booked stays where it is booked.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = fixed_asset_categories)]
#[serde(deny_unknown_fields)]
pub struct EditFixedAssetCategory {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Cars")]
    name: Option<String>,
    /// The account that bears what the assets cost; only while no asset of the category is in service.
    asset_account_id: Option<Uuid>,
    /// The account that bears what of it is depreciated; only while no asset of the category is in service.
    accumulated_depreciation_account_id: Option<Uuid>,
    /// The account that bears the depreciation of each period from now on.
    depreciation_account_id: Option<Uuid>,
    /// The account that bears what a disposal brings above the carrying amount.
    gain_account_id: Option<Uuid>,
    /// The account that bears what a disposal brings less than the carrying amount.
    loss_account_id: Option<Uuid>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct FixedAssetCategoryFilter {
    /// Only the category of this name.
    #[param(min_length = 1, max_length = 100)]
    name: Option<String>,
}

impl Named for FixedAssetCategory {
    const NAME: &'static str = "fixed-asset-categories";
}

impl Resource for FixedAssetCategory {
    const PATH: &'static str = "/v1/fixed-asset-categories";
    const SINGULAR: &'static str = "fixed_asset_category";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::text("name")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const REFERENCES: &'static [Reference] = &[
        account("asset_account_id", "asset_account"),
        account("accumulated_depreciation_account_id", "accumulated_depreciation_account"),
        account("depreciation_account_id", "depreciation_account"),
        account("gain_account_id", "gain_account"),
        account("loss_account_id", "loss_account"),
    ];
    type Filter = FixedAssetCategoryFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

const fn account(field: &'static str, column: &'static str) -> Reference {
    Reference { field, column, table: "accounts", by: "code", within: None }
}

impl Stored for FixedAssetCategory {
    type Table = fixed_asset_categories::table;
    const TABLE: &'static str = "fixed_asset_categories";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: FixedAssetCategoryFilter) -> Rows<Self> {
        rows.when(by.name, |rows, name| rows.filter(fixed_asset_categories::name.eq(name)))
    }
}

impl Written for FixedAssetCategory {
    type New = NewFixedAssetCategory;
    type Edit = EditFixedAssetCategory;

    async fn check_new(db: &mut Db, new: &NewFixedAssetCategory) -> Result<()> {
        let accounts = [
            ("asset_account_id", new.asset_account_id),
            ("accumulated_depreciation_account_id", new.accumulated_depreciation_account_id),
            ("depreciation_account_id", new.depreciation_account_id),
            ("gain_account_id", new.gain_account_id),
            ("loss_account_id", new.loss_account_id),
        ];
        check_accounts(db, &accounts).await
    }

    async fn check_edit(db: &mut Db, _: &Self, edit: &EditFixedAssetCategory) -> Result<()> {
        let accounts = [
            ("asset_account_id", edit.asset_account_id),
            ("accumulated_depreciation_account_id", edit.accumulated_depreciation_account_id),
            ("depreciation_account_id", edit.depreciation_account_id),
            ("gain_account_id", edit.gain_account_id),
            ("loss_account_id", edit.loss_account_id),
        ];
        let given: Vec<_> = accounts.into_iter().filter_map(|(field, id)| Some((field, id?))).collect();
        if given.is_empty() { Ok(()) } else { check_accounts(db, &given).await }
    }
}

/// Accounts that can be posted to, of the types that statements expect.
async fn check_accounts(db: &mut Db, accounts: &[(&'static str, Uuid)]) -> Result<()> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        kind: String,
    }
    let ids: Vec<Uuid> = accounts.iter().map(|(_, id)| *id).collect();
    let found: Vec<Found> = diesel::sql_query(
        "select id, case when is_group then 'group' when status = 'archived' then 'archived' else type end as kind
        from accounts where org_id = $1 and id = any($2)",
    )
    .bind::<SqlUuid, _>(db.organization())
    .bind::<Array<SqlUuid>, _>(ids)
    .load(db)
    .await?;
    let mut faults = Vec::new();
    for (field, id) in accounts {
        let wanted: &[&str] = match *field {
            "depreciation_account_id" => &["expense"],
            "gain_account_id" | "loss_account_id" => &["income", "expense"],
            _ => &["asset"],
        };
        let mut wrong = |code: &str, rule: String| faults.push(Fault::at(format!("/{field}"), code, rule));
        match found.iter().find(|account| account.id == *id).map(|account| account.kind.as_str()) {
            None => wrong("unknown-reference", "there is no such row in this organization".into()),
            Some("group") => wrong("is-a-group", "is a group, which takes no postings".into()),
            Some("archived") => wrong("archived", "is archived: restore it, or name another one".into()),
            Some(kind) if !wanted.contains(&kind) => {
                wrong(
                    "wrong-type",
                    format!("must be of the type {}, and is of the type {kind}", wanted.join(" or ")),
                );
            }
            Some(_) => {}
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

pub fn routes(api: &mut Api) {
    api.resource::<FixedAssetCategory>();
}
