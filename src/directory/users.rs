//! Users: the members of the organization, as their directory knows them (RFC 7643 §4.1). A user that the directory makes is
//! a member with a login of their own; one that it takes away is a member no more, and their sessions end.
use crate::Directory;
use crate::attributes::{Attribute, Object, ResourceType, USER};
use crate::filter::Target;
use crate::message::{
    Body, Message, ScimId, ScimPatch, ScimUser, admitted, invalid, not_modified, same_version, taken, version,
};
use crate::narrow::Place;
use crate::patch;
use crate::search::{Listing, Search};
use crate::shape::{Shape, Shown};
use actix_web::HttpRequest;
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use platform::prelude::*;
use serde_json::Value;

/// A member as the view `directory_users` shows them.
#[derive(QueryableByName, Serialize)]
#[expect(clippy::struct_field_names, reason = "SCIM calls it `userName`, and so does the column")]
pub struct User {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    #[serde(skip)]
    membership_id: Uuid,
    #[diesel(sql_type = Text)]
    user_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    external_id: Option<String>,
    #[diesel(sql_type = Jsonb)]
    attributes: Value,
    #[diesel(sql_type = Bool)]
    is_active: bool,
    #[diesel(sql_type = Jsonb)]
    groups: Value,
    #[diesel(sql_type = Nullable<Text>)]
    employee_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    department: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    manager_id: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    updated_at: DateTime<Utc>,
}

impl User {
    /// What of it the directory may write.
    fn writable(&self) -> Object {
        let mut resource = self.attributes.as_object().cloned().unwrap_or_default();
        resource.insert("userName".into(), json!(self.user_name));
        // A directory that has taken the attribute away says nothing of it, and so they may sign in.
        if resource.get("active") == Some(&Value::Null) && self.is_active {
            resource.remove("active");
        } else {
            resource.insert("active".into(), json!(self.is_active));
        }
        if let Some(external_id) = &self.external_id {
            resource.insert("externalId".into(), json!(external_id));
        }
        resource
    }
}

fn part(attribute: &Attribute) -> String {
    let at = format!("(each.value ->> '{}')", attribute.name);
    if attribute.name == "primary" { format!("{at}::boolean") } else { at }
}

/// Where the attributes are in the view.
pub fn place(target: &Target) -> Place {
    let name = target.attribute.name;
    if target.is_extended {
        return match name {
            "employeeNumber" => Place::At("r.employee_number".into()),
            "department" => Place::At("r.department".into()),
            "manager" if target.compared().name == "value" => Place::Id("r.manager_id"),
            "manager" => Place::Nowhere,
            _ => {
                let extension = USER.extension.map_or("", |extension| extension.urn);
                Place::At(format!("(r.attributes #>> '{{{extension},{name}}}')"))
            }
        };
    }
    match (name, target.sub.map(|sub| sub.name)) {
        ("id", _) => Place::Id("r.id"),
        ("externalId", _) => Place::At("r.external_id".into()),
        ("userName", _) => Place::Named { at: "r.user_name", found: "r.id = any(members_named(?))" },
        ("active", _) => Place::At("r.is_active".into()),
        ("meta", Some("created")) => Place::At("r.created_at".into()),
        ("meta", Some("lastModified")) => Place::At("r.updated_at".into()),
        ("groups", Some("$ref")) | ("meta", _) => Place::Nowhere,
        ("groups", _) => Place::Among("jsonb_array_elements(r.groups) each (value)".into(), part),
        ("emails" | "phoneNumbers", _) => {
            let values = format!("jsonb_path_query(r.attributes, '$.{name}[*]')");
            Place::Among(format!("{values} each (value)"), part)
        }
        ("name", Some(sub)) => Place::At(format!("(r.attributes #>> '{{name,{sub}}}')")),
        ("name", None) => Place::At("(r.attributes ->> 'name')".into()),
        _ => Place::At(format!("(r.attributes ->> '{name}')")),
    }
}

impl Shown for User {
    const KIND: &'static ResourceType = &USER;
    const VIEW: &'static str = "directory_users";

    fn shown(&self, base: &str) -> Result<Value> {
        let mut shown = json!({"schemas": [USER.schema.urn], "id": self.id});
        let Value::Object(fields) = &mut shown else { return Ok(shown) };
        fields.extend(self.writable());
        let mut groups = self.groups.clone();
        for group in groups.as_array_mut().into_iter().flatten() {
            group["$ref"] = json!(format!("{base}/Groups/{}", group["value"].as_str().unwrap_or_default()));
        }
        if groups.as_array().is_some_and(|groups| !groups.is_empty()) {
            fields.insert("groups".into(), groups);
        }
        let extension = USER.extension.map_or("", |extension| extension.urn);
        let mut work = match fields.remove(extension) {
            Some(Value::Object(work)) => work,
            _ => Object::new(),
        };
        work.extend(self.employee_number.iter().map(|number| ("employeeNumber".into(), json!(number))));
        work.extend(self.department.iter().map(|name| ("department".into(), json!(name))));
        work.extend(
            self.manager_id
                .iter()
                .map(|id| ("manager".into(), json!({"value": id, "$ref": format!("{base}/Users/{id}")}))),
        );
        if !work.is_empty() {
            fields.insert("schemas".into(), json!([USER.schema.urn, extension]));
            fields.insert(extension.into(), Value::Object(work));
        }
        let location = format!("{base}/Users/{}", self.id);
        let meta = json!({"resourceType": "User", "created": self.created_at, "lastModified": self.updated_at,
            "location": location, "version": version(self)?});
        fields.insert("meta".into(), meta);
        Ok(shown)
    }
}

async fn find(db: &mut Db, id: Uuid) -> Result<User> {
    let one = diesel::sql_query("select * from directory_users where org_id = $1 and id = $2");
    Ok(one.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(id).get_result(db).await?)
}

/// Finds it and keeps others from changing it, in the version that `If-Match` names if it was sent.
async fn lock(db: &mut Db, id: Uuid, http: &HttpRequest) -> Result<User> {
    let locking = "select from memberships where org_id = $1 and user_id = $2 for no key update";
    let locking = diesel::sql_query(locking).bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(id);
    if locking.execute(db).await? == 0 {
        return Err(Problem::not_found());
    }
    let user = find(db, id).await?;
    same_version(http, &version(&user)?)?;
    Ok(user)
}

/// List users
///
/// The members of the organization, narrowed by a filter of RFC 7644 §3.4.2.2, such as `userName eq "ana@demo.example"` or
/// `emails[type eq "work"]`. A page has at most 200 of them.
#[utoipa::path(get, path = "/scim/v2/Users", tag = "Directory")]
async fn list_scim_users(
    may: May<Read, Directory>,
    listing: Params<Listing>,
    shape: Params<Shape>,
) -> Reply<Message<crate::message::ScimList>> {
    Search::new(listing.0, shape.0, Some(&USER)).answer(&may).await
}

/// Read a user
///
/// One member, as their directory knows them.
#[utoipa::path(get, path = "/scim/v2/Users/{id}", tag = "Directory")]
async fn get_scim_user(
    may: May<Read, Directory>,
    id: ScimId,
    shape: Params<Shape>,
) -> Reply<Message<ScimUser>> {
    let user = may.read(async |db| find(db, id.0).await).await?;
    match not_modified(may.http(), &version(&user)?)? {
        Some(answer) => Ok(answer),
        None => shape.0.message(&user, may.http())?.reply(),
    }
}

/// Create a user
///
/// Makes a member without roles, who signs in through the organization's identity provider or resets a password. A login
/// that is at home in another organization is never drawn in: the user gets one of their own. Attributes that are not known
/// are left out. 409 where another one is called so.
#[utoipa::path(post, path = "/scim/v2/Users", tag = "Directory")]
async fn create_scim_user(
    may: May<Write, Directory>,
    shape: Params<Shape>,
    body: Body<ScimUser>,
) -> Reply<Message<ScimUser, 201>> {
    #[derive(QueryableByName)]
    struct Joined {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let new = admitted(may.http(), USER.read(&body.0).and_then(|new| Entry::read(&new))).await?;
    may.write(async |db| {
        new.refuse_taken(db, None).await?;
        let joining = diesel::sql_query(
            "with login as (select add_directory_login($1, $2, $3) as id)
             insert into memberships (id, user_id, role_ids, status) select $4, login.id, '{}', $5 from login returning user_id as id",
        );
        let joined: Joined = joining
            .bind::<SqlUuid, _>(Uuid::now_v7())
            .bind::<Nullable<Text>, _>(new.address())
            .bind::<Text, _>(new.title())
            .bind::<SqlUuid, _>(Uuid::now_v7())
            .bind::<Text, _>(if new.is_active { "active" } else { "suspended" })
            .get_result(db)
            .await?;
        new.write(db, joined.id).await?;
        shape.0.message(&find(db, joined.id).await?, may.http())
    })
    .await
}

/// Replace a user
///
/// What is left out is gone, as far as the directory may write it. `active: false` suspends the membership and ends its
/// sessions here.
#[utoipa::path(put, path = "/scim/v2/Users/{id}", tag = "Directory")]
async fn replace_scim_user(
    may: May<Write, Directory>,
    id: ScimId,
    shape: Params<Shape>,
    body: Body<ScimUser>,
) -> Reply<Message<ScimUser>> {
    let wanted = admitted(may.http(), USER.read(&body.0)).await?;
    may.write(async |db| {
        let user = lock(db, id.0, may.http()).await?;
        let user = change(db, user, &wanted).await?;
        shape.0.message(&user, may.http())
    })
    .await
}

/// Change a user
///
/// Adds, replaces and removes attributes one after the other, all or none (RFC 7644 §3.5.2).
#[utoipa::path(patch, path = "/scim/v2/Users/{id}", tag = "Directory")]
async fn update_scim_user(
    may: May<Write, Directory>,
    id: ScimId,
    shape: Params<Shape>,
    body: Body<ScimPatch>,
) -> Reply<Message<ScimUser>> {
    may.write(async |db| {
        let user = lock(db, id.0, may.http()).await?;
        let mut wanted = user.writable();
        patch::apply(&body.0, &mut wanted, &USER)?;
        wanted.entry("active").or_insert(Value::Null);
        let user = change(db, user, &wanted).await?;
        shape.0.message(&user, may.http())
    })
    .await
}

/// Delete a user
///
/// They are a member no more, and their sessions here end. What they did stays in the history, and a login that belongs to
/// other organizations is untouched. The last owner stays.
#[utoipa::path(delete, path = "/scim/v2/Users/{id}", tag = "Directory")]
async fn delete_scim_user(may: May<Write, Directory>, id: ScimId) -> Reply<()> {
    may.write(async |db| {
        let user = lock(db, id.0, may.http()).await?;
        let leaving = diesel::sql_query("delete from memberships where org_id = $1 and id = $2");
        leaving
            .bind::<SqlUuid, _>(db.organization())
            .bind::<SqlUuid, _>(user.membership_id)
            .execute(db)
            .await?;
        Ok(())
    })
    .await
}

async fn change(db: &mut Db, user: User, wanted: &Object) -> Result<User> {
    if *wanted == user.writable() {
        return Ok(user);
    }
    let entry = Entry::read(wanted)?;
    if !entry.user_name.eq_ignore_ascii_case(&user.user_name) {
        entry.refuse_taken(db, Some(user.id)).await?;
    }
    entry.write(db, user.id).await?;
    if entry.is_active != user.is_active {
        let setting = diesel::sql_query(
            "update memberships set status = $3 where org_id = $1 and id = $2 and status <> $3",
        );
        setting
            .bind::<SqlUuid, _>(db.organization())
            .bind::<SqlUuid, _>(user.membership_id)
            .bind::<Text, _>(if entry.is_active { "active" } else { "suspended" })
            .execute(db)
            .await?;
    }
    find(db, user.id).await
}

/// What is kept of a user.
struct Entry {
    user_name: String,
    external_id: Option<String>,
    is_active: bool,
    attributes: Value,
}

impl Entry {
    fn read(resource: &Object) -> Result<Self> {
        let mut attributes = resource.clone();
        let mut text =
            |name: &str| attributes.remove(name).and_then(|value| value.as_str().map(str::to_owned));
        let (user_name, external_id) = (text("userName").unwrap_or_default(), text("externalId"));
        let is_active = attributes.get("active") != Some(&json!(false));
        attributes.retain(|name, value| name != "active" || value.is_null());
        for (name, value) in [("userName", Some(&user_name)), ("externalId", external_id.as_ref())] {
            if value.is_some_and(|value| value.chars().count() > 254) {
                return Err(invalid(name, "must have at most 254 characters"));
            }
        }
        if let Some((_, rule)) = platform::text::fault(&user_name, true) {
            return Err(invalid("userName", rule));
        }
        let attributes = Value::Object(attributes);
        if attributes.to_string().chars().count() > 15_000 {
            return Err(invalid("", "all attributes together may have 15,000 characters"));
        }
        Ok(Self { user_name, external_id, is_active, attributes })
    }

    /// The address to sign in with, where there is one.
    fn address(&self) -> Option<String> {
        let emails = self.attributes["emails"].as_array().map(Vec::as_slice).unwrap_or_default();
        let first = emails.iter().find(|email| email["primary"] == true).or(emails.first());
        let candidates = [first.and_then(|email| email["value"].as_str()), Some(self.user_name.as_str())];
        let is_address = |text: &&str| {
            let sides =
                text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
            sides && text.len() <= 254 && !text.chars().any(char::is_whitespace)
        };
        candidates.into_iter().flatten().find(is_address).map(str::to_owned)
    }

    /// What they are called.
    fn title(&self) -> String {
        let name = |part: &str| self.attributes["name"][part].as_str().unwrap_or_default();
        let parts = format!("{} {}", name("givenName"), name("familyName"));
        let all = [
            self.attributes["displayName"].as_str().unwrap_or_default(),
            name("formatted"),
            parts.trim(),
            &self.user_name,
        ];
        all.iter().find(|each| !each.is_empty()).copied().unwrap_or_default().chars().take(200).collect()
    }

    /// Another one is called so.
    async fn refuse_taken(&self, db: &mut Db, but: Option<Uuid>) -> Result<()> {
        diesel::define_sql_function! { fn members_named(name: Text) -> Array<SqlUuid>; }
        let others: Vec<Uuid> = diesel::select(members_named(&self.user_name)).get_result(db).await?;
        if others.iter().any(|other| Some(*other) != but) { Err(taken("userName")) } else { Ok(()) }
    }

    async fn write(&self, db: &mut Db, id: Uuid) -> Result<()> {
        let writing = diesel::sql_query(
            "insert into directory (id, user_name, external_id, attributes) values ($1, $2, $3, $4)
             on conflict (org_id, id) do update
                set user_name = excluded.user_name, external_id = excluded.external_id, attributes = excluded.attributes
                where (directory.user_name, directory.external_id, directory.attributes)
                    is distinct from (excluded.user_name, excluded.external_id, excluded.attributes)",
        );
        writing
            .bind::<SqlUuid, _>(id)
            .bind::<Text, _>(&self.user_name)
            .bind::<Nullable<Text>, _>(self.external_id.as_ref())
            .bind::<Jsonb, _>(&self.attributes)
            .execute(db)
            .await?;
        Ok(())
    }
}

/// Who belongs here, as their directory knows them.
pub fn routes(api: &mut Api) {
    api.call(operation!(list_scim_users))
        .call(operation!(get_scim_user))
        .call(operation!(create_scim_user))
        .call(operation!(replace_scim_user))
        .call(operation!(update_scim_user))
        .call(operation!(delete_scim_user));
}
