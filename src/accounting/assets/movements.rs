//! Movements of fixed assets: all that changes what an asset is worth, final as the entries that book it.
use crate::due::Due;
use diesel::sql_types::{Array, Date, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::fixed_asset_movements;

/// A change of what an asset is worth.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = fixed_asset_movements)]
pub struct FixedAssetMovement {
    pub id: Uuid,
    pub version: i64,
    /// The asset.
    pub fixed_asset_id: Uuid,
    pub kind: MovementKind,
    /// The day in the books.
    pub posted_on: NaiveDate,
    /// By how much the cost in the register changes, in the organization's currency.
    pub cost: Money,
    /// By how much the accumulated depreciation in the register changes, in the organization's currency.
    pub depreciation: Money,
    /// The first day that a depreciation covers; null of other movements.
    pub covers_from: Option<NaiveDate>,
    /// The last day that it covers.
    pub covers_to: Option<NaiveDate>,
    /// The entry that books it; null where something else did: buying, and what was taken over.
    pub journal_entry_id: Option<Uuid>,
    /// The depreciation run that it belongs to.
    pub depreciation_run_id: Option<Uuid>,
    /// The department that the asset was in.
    pub department_id: Option<Uuid>,
    /// The cost centre that the asset was in.
    pub cost_centre_id: Option<Uuid>,
    /// Why, where somebody said so.
    #[schema(max_length = 500, example = json!(null))]
    pub reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What changes the worth of an asset.
    pub enum MovementKind {
        Acquisition = "acquisition",
        Opening = "opening",
        Depreciation = "depreciation",
        DepreciationReversal = "depreciation_reversal",
        Impairment = "impairment",
        Disposal = "disposal",
    }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct FixedAssetMovementFilter {
    /// Only movements of this asset.
    fixed_asset_id: Option<Uuid>,
    /// Only movements of this depreciation run.
    depreciation_run_id: Option<Uuid>,
    /// Only movements of this kind.
    #[param(inline)]
    kind: Option<MovementKind>,
    /// Only movements in the books on this day or later.
    posted_on_from: Option<NaiveDate>,
    /// Only movements in the books on this day or earlier.
    posted_on_to: Option<NaiveDate>,
}

impl Named for FixedAssetMovement {
    const NAME: &'static str = "fixed-asset-movements";
}

impl Resource for FixedAssetMovement {
    const PATH: &'static str = "/v1/fixed-asset-movements";
    const SINGULAR: &'static str = "fixed_asset_movement";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::day("posted_on"), SortKey::instant("created_at")];
    type Filter = FixedAssetMovementFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for FixedAssetMovement {
    type Table = fixed_asset_movements::table;
    const TABLE: &'static str = "fixed_asset_movements";
    const SEARCHED: &'static [&'static str] = &["reason"];

    fn narrow(rows: Rows<Self>, by: FixedAssetMovementFilter) -> Rows<Self> {
        rows.when(by.fixed_asset_id, |rows, id| rows.filter(fixed_asset_movements::fixed_asset_id.eq(id)))
            .when(by.depreciation_run_id, |rows, id| {
                rows.filter(fixed_asset_movements::depreciation_run_id.eq(id))
            })
            .when(by.kind, |rows, kind| rows.filter(fixed_asset_movements::kind.eq(kind)))
            .when(by.posted_on_from, |rows, day| rows.filter(fixed_asset_movements::posted_on.ge(day)))
            .when(by.posted_on_to, |rows, day| rows.filter(fixed_asset_movements::posted_on.le(day)))
    }
}

/// A movement to be.
pub(crate) struct Movement {
    pub fixed_asset_id: Uuid,
    pub kind: MovementKind,
    pub posted_on: NaiveDate,
    pub cost: Decimal,
    pub depreciation: Decimal,
    pub covers_from: Option<NaiveDate>,
    pub covers_to: Option<NaiveDate>,
    pub department_id: Option<Uuid>,
    pub cost_centre_id: Option<Uuid>,
    pub reason: Option<String>,
}

impl Movement {
    pub fn of(due: &Due, kind: MovementKind, posted_on: NaiveDate) -> Self {
        Self {
            fixed_asset_id: due.id,
            kind,
            posted_on,
            cost: Decimal::ZERO,
            depreciation: Decimal::ZERO,
            covers_from: None,
            covers_to: None,
            department_id: due.department_id,
            cost_centre_id: due.cost_centre_id,
            reason: None,
        }
    }

    /// A depreciation up to the day on which it is booked.
    pub fn depreciation(due: &Due, amount: Decimal, posted_on: NaiveDate) -> Self {
        Self {
            depreciation: amount,
            covers_from: Some(due.covers_from()),
            covers_to: Some(posted_on),
            ..Self::of(due, MovementKind::Depreciation, posted_on)
        }
    }
}

/// Writes movements that an entry books, however many, in one statement. The assets follow.
pub(crate) async fn book(
    db: &mut Db,
    entry: Uuid,
    run: Option<Uuid>,
    movements: Vec<Movement>,
) -> Result<()> {
    fn each<T>(movements: &[Movement], of: impl Fn(&Movement) -> T) -> Vec<T> {
        movements.iter().map(of).collect()
    }
    diesel::sql_query(
        "insert into fixed_asset_movements (journal_entry_id, depreciation_run_id, id, fixed_asset_id, kind, posted_on, cost,
            depreciation, covers_from, covers_to, department_id, cost_centre_id, reason)
        select $1, $2, * from unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind::<SqlUuid, _>(entry)
    .bind::<Nullable<SqlUuid>, _>(run)
    .bind::<Array<SqlUuid>, _>(each(&movements, |_| Uuid::now_v7()))
    .bind::<Array<SqlUuid>, _>(each(&movements, |each| each.fixed_asset_id))
    .bind::<Array<Text>, _>(each(&movements, |each| each.kind))
    .bind::<Array<Date>, _>(each(&movements, |each| each.posted_on))
    .bind::<Array<Numeric>, _>(each(&movements, |each| each.cost))
    .bind::<Array<Numeric>, _>(each(&movements, |each| each.depreciation))
    .bind::<Array<Nullable<Date>>, _>(each(&movements, |each| each.covers_from))
    .bind::<Array<Nullable<Date>>, _>(each(&movements, |each| each.covers_to))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(&movements, |each| each.department_id))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(&movements, |each| each.cost_centre_id))
    .bind::<Array<Nullable<Text>>, _>(each(&movements, |each| each.reason.clone()))
    .execute(db)
    .await?;
    Ok(())
}

pub fn routes(api: &mut Api) {
    api.readable::<FixedAssetMovement>();
}
