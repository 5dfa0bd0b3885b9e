//! Groups: the roles of the organization and who holds them (RFC 7643 §4.2). A directory says who is in a group; what the
//! role allows is said elsewhere, and nobody grants more than they have: neither does a directory.
use crate::Directory;
use crate::attributes::{Attribute, GROUP, Object, ResourceType};
use crate::filter::Target;
use crate::message::{
    Body, Message, ScimGroup, ScimId, ScimPatch, admitted, invalid, not_modified, same_version, version,
};
use crate::narrow::Place;
use crate::patch;
use crate::search::{Listing, Search};
use crate::shape::{Shape, Shown};
use actix_web::HttpRequest;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::CONFLICT;
use serde_json::Value;
use std::collections::BTreeSet;

/// A role as the view `directory_roles` shows it.
#[derive(QueryableByName, Serialize)]
pub struct Group {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Text)]
    #[serde(skip)]
    kind: String,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Nullable<Text>)]
    external_id: Option<String>,
    #[diesel(sql_type = Jsonb)]
    members: Value,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    updated_at: DateTime<Utc>,
}

impl Group {
    fn members(&self) -> BTreeSet<Uuid> {
        self.members.as_array().into_iter().flatten().filter_map(|id| id.as_str()?.parse().ok()).collect()
    }

    /// What of it the directory may write.
    fn writable(&self) -> Object {
        let mut resource = Object::new();
        resource.insert("displayName".into(), json!(self.title));
        if let Some(external_id) = &self.external_id {
            resource.insert("externalId".into(), json!(external_id));
        }
        let members: Vec<Value> = self.members().iter().map(|id| json!({"value": id})).collect();
        if !members.is_empty() {
            resource.insert("members".into(), Value::Array(members));
        }
        resource
    }
}

fn part(_: &Attribute) -> String {
    "(each.value #>> '{}')".into()
}

/// Where the attributes are in the view.
pub fn place(target: &Target) -> Place {
    match (target.attribute.name, target.sub.map(|sub| sub.name)) {
        ("id", _) => Place::Id("r.id"),
        ("externalId", _) => Place::At("r.external_id".into()),
        ("displayName", _) => Place::At("r.title".into()),
        ("meta", Some("created")) => Place::At("r.created_at".into()),
        ("meta", Some("lastModified")) => Place::At("r.updated_at".into()),
        ("members", None | Some("value")) => {
            Place::Among("jsonb_array_elements(r.members) each (value)".into(), part)
        }
        _ => Place::Nowhere,
    }
}

impl Shown for Group {
    const KIND: &'static ResourceType = &GROUP;
    const VIEW: &'static str = "directory_roles";

    fn shown(&self, base: &str) -> Result<Value> {
        let mut shown = json!({"schemas": [GROUP.schema.urn], "id": self.id});
        let Value::Object(fields) = &mut shown else { return Ok(shown) };
        fields.extend(self.writable());
        if let Some(Value::Array(members)) = fields.get_mut("members") {
            for member in members {
                member["$ref"] =
                    json!(format!("{base}/Users/{}", member["value"].as_str().unwrap_or_default()));
                member["type"] = json!("User");
            }
        }
        let meta = json!({"resourceType": "Group", "created": self.created_at, "lastModified": self.updated_at,
            "location": format!("{base}/Groups/{}", self.id), "version": version(self)?});
        fields.insert("meta".into(), meta);
        Ok(shown)
    }
}

async fn find(db: &mut Db, id: Uuid) -> Result<Group> {
    let one = diesel::sql_query("select * from directory_roles where org_id = $1 and id = $2");
    Ok(one.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(id).get_result(db).await?)
}

/// Finds it and keeps others from changing it, in the version that `If-Match` names if it was sent.
async fn lock(db: &mut Db, id: Uuid, http: &HttpRequest) -> Result<Group> {
    let locking = "select from roles where org_id = $1 and id = $2 for no key update";
    let locking = diesel::sql_query(locking).bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(id);
    if locking.execute(db).await? == 0 {
        return Err(Problem::not_found());
    }
    let group = find(db, id).await?;
    same_version(http, &version(&group)?)?;
    Ok(group)
}

/// List groups
///
/// The roles of the organization and who holds them; `excludedAttributes=members` leaves the latter out. A page has at most
/// 200 of them.
#[utoipa::path(get, path = "/scim/v2/Groups", tag = "Directory")]
async fn list_scim_groups(
    may: May<Read, Directory>,
    listing: Params<Listing>,
    shape: Params<Shape>,
) -> Reply<Message<crate::message::ScimList>> {
    Search::new(listing.0, shape.0, Some(&GROUP)).answer(&may).await
}

/// Read a group
///
/// One role, and who holds it.
#[utoipa::path(get, path = "/scim/v2/Groups/{id}", tag = "Directory")]
async fn get_scim_group(
    may: May<Read, Directory>,
    id: ScimId,
    shape: Params<Shape>,
) -> Reply<Message<ScimGroup>> {
    let group = may.read(async |db| find(db, id.0).await).await?;
    match not_modified(may.http(), &version(&group)?)? {
        Some(answer) => Ok(answer),
        None => shape.0.message(&group, may.http())?.reply(),
    }
}

/// Create a group
///
/// Makes a role that allows nothing until somebody who may says what. Asks for a fresh sign-in, as every grant of a role
/// does.
#[utoipa::path(post, path = "/scim/v2/Groups", tag = "Directory")]
async fn create_scim_group(
    may: May<Write, Directory>,
    shape: Params<Shape>,
    body: Body<ScimGroup>,
) -> Reply<Message<ScimGroup, 201>> {
    may.fresh()?;
    let wanted = admitted(may.http(), GROUP.read(&body.0).and_then(|new| Wanted::read(&new))).await?;
    may.write(async |db| {
        let id = Uuid::now_v7();
        let making = diesel::sql_query("insert into roles (id, name, title) values ($1, $2, $3)");
        making
            .bind::<SqlUuid, _>(id)
            .bind::<Text, _>(wanted.name(id))
            .bind::<Text, _>(&wanted.title)
            .execute(db)
            .await?;
        call(db, id, wanted.external_id.as_deref()).await?;
        give(db, id, &wanted.members).await?;
        shape.0.message(&find(db, id).await?, may.http())
    })
    .await
}

/// Replace a group
///
/// Its title, what the directory calls it by, and all its members. The title of a built-in role stays. Asks for a fresh
/// sign-in; nobody grants more than they have, and the last owner stays.
#[utoipa::path(put, path = "/scim/v2/Groups/{id}", tag = "Directory")]
async fn replace_scim_group(
    may: May<Write, Directory>,
    id: ScimId,
    shape: Params<Shape>,
    body: Body<ScimGroup>,
) -> Reply<Message<ScimGroup>> {
    may.fresh()?;
    let wanted = admitted(may.http(), GROUP.read(&body.0)).await?;
    may.write(async |db| {
        let group = lock(db, id.0, may.http()).await?;
        let group = change(db, group, &wanted).await?;
        shape.0.message(&group, may.http())
    })
    .await
}

/// Change a group
///
/// Adds and removes members, one after the other, all or none (RFC 7644 §3.5.2). Asks for a fresh sign-in; nobody grants
/// more than they have, and the last owner stays.
#[utoipa::path(patch, path = "/scim/v2/Groups/{id}", tag = "Directory")]
async fn update_scim_group(
    may: May<Write, Directory>,
    id: ScimId,
    shape: Params<Shape>,
    body: Body<ScimPatch>,
) -> Reply<Message<ScimGroup>> {
    may.fresh()?;
    may.write(async |db| {
        let group = lock(db, id.0, may.http()).await?;
        let mut wanted = group.writable();
        patch::apply(&body.0, &mut wanted, &GROUP)?;
        let group = change(db, group, &wanted).await?;
        shape.0.message(&group, may.http())
    })
    .await
}

/// Delete a group
///
/// Takes the role from all who hold it, and then away. Built-in roles stay.
#[utoipa::path(delete, path = "/scim/v2/Groups/{id}", tag = "Directory")]
async fn delete_scim_group(may: May<Write, Directory>, id: ScimId) -> Reply<()> {
    may.write(async |db| {
        let group = lock(db, id.0, may.http()).await?;
        if group.kind == "built_in" {
            return Err(CONFLICT.because("Built-in roles stay: remove its members instead."));
        }
        take(db, group.id, &group.members()).await?;
        let leaving = diesel::sql_query("delete from roles where org_id = $1 and id = $2");
        leaving.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(group.id).execute(db).await?;
        Ok(())
    })
    .await
}

async fn change(db: &mut Db, group: Group, wanted: &Object) -> Result<Group> {
    let wanted = Wanted::read(wanted)?;
    let members = group.members();
    let come: BTreeSet<Uuid> = wanted.members.difference(&members).copied().collect();
    let go: BTreeSet<Uuid> = members.difference(&wanted.members).copied().collect();
    if wanted.title != group.title {
        if group.kind == "built_in" {
            return Err(CONFLICT.because("Built-in roles keep their titles."));
        }
        let naming = diesel::sql_query("update roles set title = $3 where org_id = $1 and id = $2");
        let naming = naming.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(group.id);
        naming.bind::<Text, _>(&wanted.title).execute(db).await?;
    }
    if wanted.external_id != group.external_id {
        call(db, group.id, wanted.external_id.as_deref()).await?;
    }
    // Who comes is let in before who goes is put out, so that the last owner can be replaced in one step.
    give(db, group.id, &come).await?;
    take(db, group.id, &go).await?;
    find(db, group.id).await
}

/// What the directory calls the role by.
async fn call(db: &mut Db, role: Uuid, external_id: Option<&str>) -> Result<()> {
    let Some(external_id) = external_id else {
        let forgetting = diesel::sql_query("delete from directory_groups where org_id = $1 and id = $2");
        forgetting.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(role).execute(db).await?;
        return Ok(());
    };
    let calling = diesel::sql_query(
        "insert into directory_groups (id, external_id) values ($1, $2)
         on conflict (org_id, id) do update set external_id = excluded.external_id",
    );
    calling.bind::<SqlUuid, _>(role).bind::<Text, _>(external_id).execute(db).await?;
    Ok(())
}

/// Gives the role to these users.
async fn give(db: &mut Db, role: Uuid, users: &BTreeSet<Uuid>) -> Result<()> {
    if users.is_empty() {
        return Ok(());
    }
    let users: Vec<Uuid> = users.iter().copied().collect();
    let giving = diesel::sql_query(
        "update memberships set role_ids = array(select distinct role from unnest(role_ids || $3) role order by role)
         where org_id = $1 and user_id = any($2)",
    );
    let given = giving
        .bind::<SqlUuid, _>(db.organization())
        .bind::<Array<SqlUuid>, _>(&users)
        .bind::<SqlUuid, _>(role)
        .execute(db)
        .await?;
    if given == users.len() { Ok(()) } else { Err(invalid("members", "must be users of this organization")) }
}

/// Takes the role from these users.
async fn take(db: &mut Db, role: Uuid, users: &BTreeSet<Uuid>) -> Result<()> {
    if users.is_empty() {
        return Ok(());
    }
    let users: Vec<Uuid> = users.iter().copied().collect();
    let taking = diesel::sql_query(
        "update memberships set role_ids = array_remove(role_ids, $3) where org_id = $1 and user_id = any($2)",
    );
    let taking = taking.bind::<SqlUuid, _>(db.organization()).bind::<Array<SqlUuid>, _>(&users);
    taking.bind::<SqlUuid, _>(role).execute(db).await?;
    Ok(())
}

/// What a directory wants a group to be.
struct Wanted {
    title: String,
    external_id: Option<String>,
    members: BTreeSet<Uuid>,
}

impl Wanted {
    fn read(resource: &Object) -> Result<Self> {
        let text = |name: &str| resource.get(name).and_then(Value::as_str).map(str::to_owned);
        let (title, external_id) = (text("displayName").unwrap_or_default(), text("externalId"));
        if title.chars().count() > 100 {
            return Err(invalid("displayName", "must have at most 100 characters"));
        }
        if let Some((_, rule)) = platform::text::fault(&title, true) {
            return Err(invalid("displayName", rule));
        }
        if external_id.as_ref().is_some_and(|external_id| external_id.chars().count() > 254) {
            return Err(invalid("externalId", "must have at most 254 characters"));
        }
        let mut members = BTreeSet::new();
        let named = resource.get("members").and_then(Value::as_array).into_iter().flatten();
        for (index, member) in named.enumerate() {
            let place = format!("members[{index}].value");
            if member["type"].as_str().is_some_and(|kind| !kind.eq_ignore_ascii_case("User")) {
                return Err(invalid(&format!("members[{index}].type"), "must be User: roles hold no roles"));
            }
            let id = member["value"].as_str().and_then(|id| id.parse().ok());
            members.insert(id.ok_or_else(|| invalid(&place, "must be the id of a user"))?);
        }
        Ok(Self { title, external_id, members })
    }

    /// How programs call the role.
    fn name(&self, id: Uuid) -> String {
        let letters = self.title.to_lowercase();
        let letters = letters.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(40);
        let letters: String = letters.collect();
        let hex = id.simple().to_string();
        format!("d_{}_{}", letters.trim_matches('_'), &hex[20..])
    }
}

/// Roles, and who holds them.
pub fn routes(api: &mut Api) {
    api.call(operation!(list_scim_groups))
        .call(operation!(get_scim_group))
        .call(operation!(create_scim_group))
        .call(operation!(replace_scim_group))
        .call(operation!(update_scim_group))
        .call(operation!(delete_scim_group));
}
