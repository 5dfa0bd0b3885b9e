//! Positions: the posts that a department has, and how many people may fill each.

use crate::references;
use platform::prelude::*;
use schema::positions;

/// A post in a department.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = positions)]
pub struct Position {
    pub id: Uuid,
    pub version: i64,
    /// What the post is called; unique in its department.
    #[schema(max_length = 100, example = "Payroll accountant")]
    pub title: String,
    /// The department that has it.
    pub department_id: Uuid,
    /// How many people may fill it, in heads.
    #[schema(minimum = 0, maximum = 100_000, example = 3)]
    pub approved_headcount: i32,
    #[diesel(select_expression = custom::shown::<Position>())]
    #[diesel(select_expression_type = custom::Shown<Position>)]
    pub custom: Custom,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A post to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = positions, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewPosition {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What the post is called; unique in its department.
    #[schema(min_length = 1, max_length = 100, example = "Payroll accountant")]
    title: String,
    /// The department that has it.
    department_id: Uuid,
    /// How many people may fill it, in heads.
    #[schema(minimum = 0, maximum = 100_000, example = 3)]
    approved_headcount: i32,
    #[serde(default)]
    custom: NewCustom,
}

/// What of a post can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = positions)]
#[serde(deny_unknown_fields)]
pub struct EditPosition {
    /// What the post is called; unique in its department.
    #[schema(min_length = 1, max_length = 100, example = "Senior payroll accountant")]
    title: Option<String>,
    /// The department that has it.
    department_id: Option<Uuid>,
    /// How many people may fill it, in heads. Where a policy asks for it, only with an approval of `change-headcount` for
    /// this very change, which is used up.
    #[schema(minimum = 0, maximum = 100_000, example = 4)]
    approved_headcount: Option<i32>,
    custom: Option<EditCustom>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PositionFilter {
    /// Only posts of this department.
    department_id: Option<Uuid>,
}

impl Named for Position {
    const NAME: &'static str = "positions";
}

impl Resource for Position {
    const PATH: &'static str = "/v1/positions";
    const SINGULAR: &'static str = "position";
    const TAG: &'static str = "People";
    const SORT: &'static [SortKey] = &[SortKey::text("title"), SortKey::instant("created_at")];
    const CUSTOM: bool = true;
    const NATURAL_KEY: &'static [&'static str] = &["department_id", "title"];
    const REFERENCES: &'static [Reference] = &[references::DEPARTMENT];
    type Filter = PositionFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Position {
    type Table = positions::table;
    const TABLE: &'static str = "positions";
    const SEARCHED: &'static [&'static str] = &["title"];

    fn narrow(rows: Rows<Self>, by: PositionFilter) -> Rows<Self> {
        rows.when(by.department_id, |rows, id| rows.filter(positions::department_id.eq(id)))
    }
}

impl Written for Position {
    type New = NewPosition;
    type Edit = EditPosition;

    async fn check_edit(db: &mut Db, row: &Self, edit: &EditPosition) -> Result<()> {
        match edit.approved_headcount {
            Some(heads) if heads != row.approved_headcount => {
                approvals::require::<Self>(db, row.id, "change-headcount", edit).await
            }
            _ => Ok(()),
        }
    }
}

pub fn routes(api: &mut Api) {
    api.resource::<Position>();
}
