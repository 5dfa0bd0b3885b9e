//! Network designs: what is planned next to what is there. A design is drawn, handed in, agreed to by somebody who did not draw it, and applied: all that it plans is
//! there from one moment to the next, or nothing is.

use diesel::QueryableByName;
use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use platform::prelude::*;
use schema::network_designs;

/// A change of the network, drawn before it is made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = network_designs)]
pub struct NetworkDesign {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Second office in Cluj")]
    pub name: String,
    /// What it is for.
    #[schema(max_length = 10000, example = "Twelve desks, and a line to the head office.")]
    pub description: Option<String>,
    /// The site that it is about.
    #[schema(example = json!(null))]
    pub site_id: Option<Uuid>,
    /// What the reviewer said when it was given back.
    #[schema(max_length = 2000, example = json!(null))]
    pub review_note: Option<String>,
    /// Who agreed to it.
    #[schema(example = json!(null))]
    pub reviewed_by: Option<Uuid>,
    /// When they did.
    #[schema(example = json!(null))]
    pub reviewed_at: Option<DateTime<Utc>>,
    /// When all of it came to be.
    #[schema(example = json!(null))]
    pub applied_at: Option<DateTime<Utc>>,
    pub status: NetworkDesignStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a design stands.
    pub enum NetworkDesignStatus { Draft = "draft", InReview = "in_review", Approved = "approved", Applied = "applied", Discarded = "discarded" }
}

/// A design to be: a draft. VLANs, prefixes, addresses, devices, cables and lines are planned by naming it.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = network_designs, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewNetworkDesign {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Second office in Cluj")]
    name: String,
    /// What it is for.
    #[schema(min_length = 1, max_length = 10000, example = "Twelve desks, and a line to the head office.")]
    description: Option<String>,
    /// The site that it is about.
    #[schema(example = json!(null))]
    site_id: Option<Uuid>,
}

/// What of a draft can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = network_designs)]
#[serde(deny_unknown_fields)]
pub struct EditNetworkDesign {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Second office in Cluj")]
    name: Option<String>,
    /// What it is for.
    #[schema(min_length = 1, max_length = 10000, example = "Twelve desks, and a line to the head office.")]
    description: Option<Option<String>>,
    /// The site that it is about.
    #[schema(example = json!(null))]
    site_id: Option<Option<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct NetworkDesignFilter {
    /// Only designs in this state.
    #[param(inline)]
    status: Option<NetworkDesignStatus>,
    /// Only designs about this site.
    site_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Being drawn: planned objects are added, changed and taken out."),
        ("in_review", "Handed in: it stays as it was read."),
        ("approved", "Agreed to by somebody who did not draw it."),
        ("applied", "All that it planned is there."),
        ("discarded", "Given up, and all that it planned with it."),
    ],
    steps: &[
        Step { action: "submit", from: &["draft"], to: "in_review", verb: "write" },
        Step { action: "return", from: &["in_review"], to: "draft", verb: "approve" },
        Step { action: "approve", from: &["in_review"], to: "approved", verb: "approve" },
        Step { action: "revise", from: &["in_review", "approved"], to: "draft", verb: "write" },
        Step { action: "apply", from: &["approved"], to: "applied", verb: "run" },
        Step { action: "discard", from: &["draft", "in_review", "approved"], to: "discarded", verb: "write" },
    ],
};

impl Named for NetworkDesign {
    const NAME: &'static str = "network-designs";
}

impl Resource for NetworkDesign {
    const PATH: &'static str = "/v1/network-designs";
    const SINGULAR: &'static str = "network_design";
    const TAG: &'static str = "Network";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    type Filter = NetworkDesignFilter;

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

impl Stored for NetworkDesign {
    type Table = network_designs::table;
    const TABLE: &'static str = "network_designs";
    const SEARCHED: &'static [&'static str] = &["name", "description"];

    fn narrow(rows: Rows<Self>, by: NetworkDesignFilter) -> Rows<Self> {
        rows.when(by.status, |rows, it| rows.filter(network_designs::status.eq(it)))
            .when(by.site_id, |rows, it| rows.filter(network_designs::site_id.eq(it)))
    }
}

impl Written for NetworkDesign {
    type New = NewNetworkDesign;
    type Edit = EditNetworkDesign;
}

diesel::define_sql_function! {
    /// See the migration of networks: makes all of a design come to be, or tells item by item what does not fit.
    fn apply_design(design: SqlUuid) -> Nullable<Text>;
}
diesel::define_sql_function! {
    /// See the migration of networks: takes back all that a design plans.
    fn discard_design(design: SqlUuid) -> Nullable<Text>;
}

/// Hand a network design in
///
/// From now on it stays as it is, for whoever reviews it: what it plans changes no more until it is given back.
#[utoipa::path(post, path = "/v1/network-designs/{id}/submit", tag = "Network")]
async fn submit_network_design(
    may: May<Write, NetworkDesign>,
    id: Id<NetworkDesign>,
) -> Reply<NetworkDesign> {
    step(may, id, "submit").await
}

/// Why a design is given back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnNetworkDesignRequest {
    /// What has to be drawn anew.
    #[schema(min_length = 1, max_length = 2000, example = "The voice VLAN is missing.")]
    note: String,
}

/// Give a network design back
///
/// The reviewer does not agree, and says why: it is a draft again.
#[utoipa::path(post, path = "/v1/network-designs/{id}/return", tag = "Network")]
async fn return_network_design(
    may: May<Approve, NetworkDesign>,
    id: Id<NetworkDesign>,
    why: Input<ReturnNetworkDesignRequest>,
) -> Reply<NetworkDesign> {
    may.write(async |db| {
        let design = lock(&may, db, &id).await?;
        let returned = (
            network_designs::status.eq(LIFE.step(design.status.as_str(), "return")?),
            network_designs::review_note.eq(&why.0.note),
        );
        let one = network_designs::table.find((db.organization(), design.id));
        let returned = diesel::update(one).set(returned).returning(NetworkDesign::as_returning());
        Ok(returned.get_result(db).await?)
    })
    .await
}

/// Approve a network design
///
/// Agrees to what it plans. Nobody approves a design that they drew, in part or whole, or handed in. Where a policy of the organization asks for it,
/// only with an approval of `approve`.
#[utoipa::path(post, path = "/v1/network-designs/{id}/approve", tag = "Network")]
async fn approve_network_design(
    may: May<Approve, NetworkDesign>,
    id: Id<NetworkDesign>,
) -> Reply<NetworkDesign> {
    approvals::step(may, id, "approve").await
}

/// Revise a network design
///
/// One that was handed in, or approved and not applied yet, is a draft again.
#[utoipa::path(post, path = "/v1/network-designs/{id}/revise", tag = "Network")]
async fn revise_network_design(
    may: May<Write, NetworkDesign>,
    id: Id<NetworkDesign>,
) -> Reply<NetworkDesign> {
    step(may, id, "revise").await
}

/// Apply a network design
///
/// All that it plans is there from now on: VLANs, prefixes, addresses, devices and lines are active, cables connected. Where something does not fit any
/// more, nothing changes, and `errors` tells of each such item why, by its place in the list of items.
#[utoipa::path(post, path = "/v1/network-designs/{id}/apply", tag = "Network")]
async fn apply_network_design(may: May<Run, NetworkDesign>, id: Id<NetworkDesign>) -> Reply<NetworkDesign> {
    may.write(async |db| {
        let design = lock(&may, db, &id).await?;
        LIFE.step(design.status.as_str(), "apply")?;
        diesel::select(apply_design(design.id)).execute(db).await?;
        NetworkDesign::find(db, design.id).await
    })
    .await
}

/// Discard a network design
///
/// It is given up: all that it plans is taken back. What others have put into it meanwhile stands in the way.
#[utoipa::path(post, path = "/v1/network-designs/{id}/discard", tag = "Network")]
async fn discard_network_design(
    may: May<Write, NetworkDesign>,
    id: Id<NetworkDesign>,
) -> Reply<NetworkDesign> {
    may.write(async |db| {
        let design = lock(&may, db, &id).await?;
        LIFE.step(design.status.as_str(), "discard")?;
        diesel::select(discard_design(design.id)).execute(db).await?;
        NetworkDesign::find(db, design.id).await
    })
    .await
}

/// Something that a design plans, or planned.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct DesignItem {
    /// Its place in the list; the errors of `apply` name it.
    #[schema(minimum = 0, example = 0)]
    place: i32,
    /// What kind of resource it is.
    #[schema(max_length = 20, example = "prefixes")]
    resource: String,
    /// Which one.
    resource_id: Uuid,
    /// What people know it by.
    #[schema(max_length = 300, example = "10.30.0.0/24")]
    name: String,
    /// Its own state: `planned` until the design is applied.
    #[schema(max_length = 20, example = "planned")]
    status: String,
    /// Why it would not fit if the design were applied now, for programs; null where it would.
    #[schema(max_length = 50, example = json!(null))]
    code: Option<String>,
    /// The same for people.
    #[schema(max_length = 500, example = json!(null))]
    fault: Option<String>,
}

/// All that a design plans, in the order in which it comes to be.
#[derive(Serialize, ToSchema)]
pub struct DesignItems {
    /// What it plans.
    #[schema(max_items = 100_000)]
    data: Vec<DesignItem>,
}

/// List what a network design plans
///
/// VLANs, prefixes, devices, addresses, cables and lines, and for each whether it would still fit if the design were applied now. It changes nothing.
#[utoipa::path(get, path = "/v1/network-designs/{id}/items", tag = "Network")]
async fn list_network_design_items(
    may: May<Read, NetworkDesign>,
    id: Id<NetworkDesign>,
) -> Reply<Plain<DesignItems>> {
    let items = may
        .read(async |db| {
            #[derive(QueryableByName)]
            struct Found {
                #[diesel(sql_type = Jsonb)]
                items: serde_json::Value,
            }
            let asked = diesel::sql_query(
                "select (select coalesce(jsonb_agg(i order by i.place), '[]') from design_items(d.id) i) as items
                from network_designs d where d.org_id = $1 and d.id = $2",
            );
            let asked = asked.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(id.0);
            let found: Option<Found> = asked.get_result(db).await.optional()?;
            let found = found.ok_or_else(Problem::not_found)?;
            Ok(DesignItems { data: serde_json::from_value(found.items).map_err(Problem::internal)? })
        })
        .await?;
    Plain(items).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.resource::<NetworkDesign>()
        .call(operation!(list_network_design_items))
        .call(operation!(submit_network_design))
        .call(operation!(return_network_design))
        .call(operation!(approve_network_design))
        .call(operation!(revise_network_design))
        .call(operation!(apply_network_design))
        .call(operation!(discard_network_design));
}
