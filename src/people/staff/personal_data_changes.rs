//! Proposed changes of personal data: employees say what is new about them, and somebody else accepts or rejects it. What
//! concerns somebody's money is so never done by one.

use crate::personal_data::{EditPersonalData, PersonalData};
use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use platform::prelude::*;
use schema::personal_data_changes;
use serde_json::Value;

/// What somebody wants changed in the personal data of an employee.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = personal_data_changes)]
pub struct PersonalDataChange {
    pub id: Uuid,
    pub version: i64,
    /// The employee whom it is about.
    pub employee_id: Uuid,
    /// What is to be changed: the fields that are named, and no others. Null where it is shown as it was, since events do not tell it.
    #[schema(value_type = Option<EditPersonalData>)]
    pub changes: Value,
    /// Why.
    #[schema(max_length = 500, example = "Another bank")]
    pub reason: Option<String>,
    pub status: PersonalDataChangeStatus,
    /// Why it was rejected.
    #[schema(max_length = 500, example = json!(null))]
    pub rejection_reason: Option<String>,
    /// The user who accepted or rejected it.
    #[schema(example = json!(null))]
    pub decided_by: Option<Uuid>,
    /// When.
    #[schema(example = json!(null))]
    pub decided_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a proposal stands.
    pub enum PersonalDataChangeStatus { Proposed = "proposed", Accepted = "accepted", Rejected = "rejected", Withdrawn = "withdrawn" }
}

/// A proposal to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPersonalDataChange {
    /// The employee whom it is about: oneself, or anybody where the permission reaches that far.
    employee_id: Uuid,
    /// What is to be changed: the fields that are named, and no others.
    changes: EditPersonalData,
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "Another bank")]
    reason: Option<String>,
}

/// Why a proposal is rejected.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectPersonalDataChangeRequest {
    /// Why not; the employee reads it.
    #[schema(min_length = 1, max_length = 500, example = "The statement shows another name.")]
    rejection_reason: String,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PersonalDataChangeFilter {
    /// Only proposals in this state.
    #[param(inline)]
    status: Option<PersonalDataChangeStatus>,
    /// Only proposals about this employee.
    employee_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("proposed", "Said, and not decided: nothing has changed yet."),
        ("accepted", "Agreed to, and written."),
        ("rejected", "Not agreed to; nothing has changed."),
        ("withdrawn", "Taken back; nothing has changed."),
    ],
    steps: &[
        Step { action: "accept", from: &["proposed"], to: "accepted", verb: "approve" },
        Step { action: "reject", from: &["proposed"], to: "rejected", verb: "approve" },
        Step { action: "withdraw", from: &["proposed"], to: "withdrawn", verb: "write" },
    ],
};

impl Named for PersonalDataChange {
    const NAME: &'static str = "personal-data-changes";
}

impl Resource for PersonalDataChange {
    const PATH: &'static str = "/v1/personal-data-changes";
    const SINGULAR: &'static str = "personal_data_change";
    const TAG: &'static str = "People";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = PersonalDataChangeFilter;

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
    fn person(&self) -> Option<Uuid> {
        Some(self.employee_id)
    }
}

impl Stored for PersonalDataChange {
    type Table = personal_data_changes::table;
    const TABLE: &'static str = "personal_data_changes";
    const SEARCHED: &'static [&'static str] = &["reason"];

    fn narrow(rows: Rows<Self>, by: PersonalDataChangeFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(personal_data_changes::status.eq(status)))
            .when(by.employee_id, |rows, id| rows.filter(personal_data_changes::employee_id.eq(id)))
    }
}

/// Propose a change of personal data
///
/// An employee proposes it for themselves, HR for anybody. Nothing changes until somebody else accepts it; the event
/// `personal_data_change.created` tells those who follow, and not what is in it.
#[utoipa::path(post, path = "/v1/personal-data-changes", tag = "People")]
async fn create_personal_data_change(
    may: May<Write, PersonalDataChange>,
    new: Input<NewPersonalDataChange>,
) -> Reply<Created<PersonalDataChange>> {
    may.write(async |db| {
        let there = PersonalData::find(db, new.0.employee_id).await;
        let there = match there {
            Ok(there) => Some(there),
            Err(problem) if problem.kind.status == 404 => None,
            Err(problem) => return Err(problem),
        };
        let mut faults = new.0.changes.faults("/changes", there.as_ref());
        let changes = serde_json::to_value(&new.0.changes).map_err(Problem::internal)?;
        if changes.as_object().is_some_and(serde_json::Map::is_empty) {
            faults.push(Fault::at("/changes", "says-nothing", "must name what is to be changed"));
        }
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        let row = (
            personal_data_changes::id.eq(Uuid::now_v7()),
            personal_data_changes::employee_id.eq(new.0.employee_id),
            personal_data_changes::changes.eq(changes),
            personal_data_changes::reason.eq(&new.0.reason),
        );
        let made = diesel::insert_into(personal_data_changes::table).values(row);
        Ok(Created(made.returning(PersonalDataChange::as_returning()).get_result(db).await?))
    })
    .await
}

/// Accept a change of personal data
///
/// Writes what was proposed. Nobody accepts what is about them or what they proposed; the event `personal_data_change.accepted` tells the employee's
/// side that it is so now.
#[utoipa::path(post, path = "/v1/personal-data-changes/{id}/accept", tag = "People")]
async fn accept_personal_data_change(
    may: May<Approve, PersonalDataChange>,
    id: Id<PersonalDataChange>,
) -> Reply<PersonalDataChange> {
    may.write(async |db| {
        let change = lock(&may, db, &id).await?;
        let status = LIFE.step(change.status.as_str(), "accept")?;
        let accepted = PersonalDataChange::set_status(db, change.id, status).await?;
        diesel::sql_query("select make_personal_data_change($1, $2)")
            .bind::<SqlUuid, _>(change.employee_id)
            .bind::<Jsonb, _>(change.changes)
            .execute(db)
            .await?;
        Ok(accepted)
    })
    .await
}

/// Reject a change of personal data
///
/// Says no, and why. Nothing changes. Nobody rejects what is about them or what they proposed: they withdraw it.
#[utoipa::path(post, path = "/v1/personal-data-changes/{id}/reject", tag = "People")]
async fn reject_personal_data_change(
    may: May<Approve, PersonalDataChange>,
    id: Id<PersonalDataChange>,
    why: Input<RejectPersonalDataChangeRequest>,
) -> Reply<PersonalDataChange> {
    may.write(async |db| {
        let change = lock(&may, db, &id).await?;
        let rejected = (
            personal_data_changes::status.eq(LIFE.step(change.status.as_str(), "reject")?),
            personal_data_changes::rejection_reason.eq(&why.0.rejection_reason),
        );
        let one = personal_data_changes::table.find((db.organization(), change.id));
        Ok(diesel::update(one)
            .set(rejected)
            .returning(PersonalDataChange::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

/// Withdraw a change of personal data
///
/// Takes the proposal back. Nothing changes.
#[utoipa::path(post, path = "/v1/personal-data-changes/{id}/withdraw", tag = "People")]
async fn withdraw_personal_data_change(
    may: May<Write, PersonalDataChange>,
    id: Id<PersonalDataChange>,
) -> Reply<PersonalDataChange> {
    step(may, id, "withdraw").await
}

pub fn routes(api: &mut Api) {
    api.readable::<PersonalDataChange>()
        .call(operation!(create_personal_data_change))
        .call(operation!(accept_personal_data_change))
        .call(operation!(reject_personal_data_change))
        .call(operation!(withdraw_personal_data_change));
}
