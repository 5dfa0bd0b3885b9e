//! Organizations: the tenants. Each has its own rows of everything and sees no other's; its first owner comes with it.
use crate::passwords;
use crate::permissions::{BUILT_IN_ROLES, BuiltInRole};
use crate::sign_in::LoginRequest;
use diesel::sql_types::{Array, Jsonb, Nullable, Text, Uuid as SqlUuid};
use platform::database::Database;
use platform::prelude::*;
use platform::problem::{CONFLICT, INVALID_INPUT};
use platform::resource::same_version;
use platform::store::changes_nothing;
use schema::organizations;

/// A tenant: a company, with everything that it keeps here.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = organizations)]
pub struct Organization {
    pub id: Uuid,
    pub version: i64,
    /// Its short name at sign-in; it never changes.
    #[schema(max_length = 63, example = "demo")]
    pub slug: String,
    /// What it is called.
    #[schema(max_length = 200, example = "Demo Company SRL")]
    pub name: String,
    /// The name that the law knows it by, where that is another.
    #[schema(max_length = 200, example = "Demo Company SRL")]
    pub legal_name: Option<String>,
    /// Where it is registered (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, example = "RO")]
    pub country: Option<String>,
    /// What it keeps its books in (ISO 4217); it stays once something was posted.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// What the tax office knows it by.
    #[schema(max_length = 30, example = "RO14399840")]
    pub tax_id: Option<String>,
    /// What the register of companies knows it by.
    #[schema(max_length = 50, example = "J40/372/2002")]
    pub registration_number: Option<String>,
    /// Where it is, as papers print it, line by line.
    #[schema(max_length = 500, example = "Str. Exemplu 1\n010101 București")]
    pub address: Option<String>,
    pub tax_rounding: TaxRounding,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether tax is rounded line by line, or once for a whole document.
    pub enum TaxRounding { Line = "line", Document = "document" }
}

/// What of the organization can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = organizations)]
#[serde(deny_unknown_fields)]
pub struct EditOrganization {
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Demo Company SA")]
    name: Option<String>,
    /// The name that the law knows it by, where that is another.
    #[schema(min_length = 1, max_length = 200, example = "Demo Company SA")]
    legal_name: Option<Option<String>>,
    /// Where it is registered (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    country: Option<Option<String>>,
    /// What it keeps its books in (ISO 4217), as long as nothing was posted.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: Option<String>,
    /// What the tax office knows it by.
    #[schema(min_length = 1, max_length = 30, example = "RO14399840")]
    tax_id: Option<Option<String>>,
    /// What the register of companies knows it by.
    #[schema(min_length = 1, max_length = 50, example = "J40/372/2002")]
    registration_number: Option<Option<String>>,
    /// Where it is, as papers print it, line by line.
    #[schema(min_length = 1, max_length = 500, example = "Str. Exemplu 2")]
    address: Option<Option<String>>,
    /// Whether tax is rounded line by line, or once for a whole document.
    tax_rounding: Option<TaxRounding>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct OrganizationFilter {}

impl Named for Organization {
    const NAME: &'static str = "organizations";
}

impl Resource for Organization {
    const PATH: &'static str = "/v1/organization";
    const SINGULAR: &'static str = "organization";
    const TAG: &'static str = "Access";
    const SORT: &'static [SortKey] = &[];
    type Filter = OrganizationFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Organization {
    type Table = organizations::table;
    const TABLE: &'static str = "organizations";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, _: OrganizationFilter) -> Rows<Self> {
        rows
    }
}

/// Read the organization
///
/// The one that the caller signed in to.
#[utoipa::path(get, path = "/v1/organization", tag = "Access")]
async fn get_organization(may: May<Read, Organization>) -> Reply<Organization> {
    let organization = may.read(async |db| Organization::find(db, db.organization()).await).await?;
    organization.answer(may.grants())
}

/// Change the organization
///
/// JSON Merge Patch (RFC 7396): a field that is left out keeps its value. Refused where `If-Match` is not its present
/// version.
#[utoipa::path(patch, path = "/v1/organization", tag = "Access")]
async fn update_organization(
    may: May<Write, Organization>,
    edit: Input<EditOrganization>,
) -> Reply<Organization> {
    may.write(async |db| {
        let expected = may.if_match()?;
        let organization = Organization::lock(db, db.organization()).await?;
        same_version(&organization, expected)?;
        let patch = serde_json::to_value(&edit.0).map_err(Problem::internal)?;
        if changes_nothing(&organization, &patch)? {
            return Ok(organization);
        }
        let one = organizations::table.find((db.organization(), organization.id));
        let changed = diesel::update(one).set(edit.0.clone());
        Ok(changed.returning(Organization::as_returning()).get_result(db).await?)
    })
    .await
}

/// The first owner of an organization to be.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Where they are reached and how they sign in.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Their password, if they have no login yet; else it stays what it is.
    pub password: String,
}

/// Somebody who is let in without an invitation: the first owner, people of the demo.
#[derive(Clone, Debug)]
pub struct Member {
    pub email: String,
    pub name: String,
    /// As [`passwords::hash`] made it; kept only where there is no login yet.
    pub password_hash: String,
    /// Names of built-in roles.
    pub roles: Vec<String>,
    pub employee_id: Option<Uuid>,
}

/// Makes an organization with the built-in roles and its first owner.
///
/// # Errors
/// 422 where slug, address or password are not what they must be, 409 where the slug is taken.
pub async fn create(database: &Database, name: &str, slug: &str, owner: Owner) -> Result<Uuid> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(2..=63).contains(&slug.len()) || slug.starts_with('-') || !slug.chars().all(letters) {
        return Err(INVALID_INPUT
            .because("A slug has 2 to 63 small letters, digits and hyphens, such as `demo-company`."));
    }
    if let Some((_, rule)) = passwords::fault(&owner.password) {
        return Err(INVALID_INPUT.because(format!("The password {rule}.")));
    }
    // What sign-in would refuse is told now, or nobody could ever come in.
    let sign_in = json!({"email": owner.email, "password": owner.password});
    if platform::input::check::<LoginRequest>(sign_in).is_err() {
        return Err(INVALID_INPUT.because(format!("`{}` is no e-mail address to sign in with.", owner.email)));
    }
    if find(database, slug).await?.is_some() {
        return Err(CONFLICT.because(format!("An organization `{slug}` is there already.")));
    }
    let password_hash = passwords::hash(&owner.password).await?;
    let member = Member {
        email: owner.email,
        name: owner.name,
        password_hash,
        roles: vec!["owner".into()],
        employee_id: None,
    };
    let id = Uuid::now_v7();
    let organization = (
        organizations::org_id.eq(id),
        organizations::id.eq(id),
        organizations::slug.eq(slug),
        organizations::name.eq(name),
    );
    database
        .as_system(id, async |db| {
            diesel::insert_into(organizations::table).values(&organization).execute(db).await?;
            write_built_in_roles(db).await?;
            admit(db, &member).await?;
            Ok(())
        })
        .await?;
    Ok(id)
}

/// The id of the organization with this slug.
///
/// # Errors
/// 503 where the database is away.
pub async fn find(database: &Database, slug: &str) -> Result<Option<Uuid>> {
    diesel::define_sql_function! { fn find_organization(slug: Text) -> Nullable<SqlUuid>; }
    database
        .without_organization(async |db| Ok(diesel::select(find_organization(slug)).get_result(db).await?))
        .await
}

/// Lets somebody in: a login, if the address has none yet, and a membership with these roles. Answers the user's id.
///
/// # Errors
/// 409 where they are in already.
pub async fn admit(db: &mut Db, member: &Member) -> Result<Uuid> {
    diesel::define_sql_function! { fn add_login(id: SqlUuid, email: Text, name: Text, password_hash: Text) -> Text; }
    let known = diesel::select(
        diesel::dsl::sql::<Nullable<SqlUuid>>("(select user_id from find_login(")
            .bind::<Text, _>(&member.email)
            .sql("))"),
    );
    let known: Option<Uuid> = known.get_result(db).await?;
    let user = known.unwrap_or_else(Uuid::now_v7);
    if known.is_none() {
        diesel::select(add_login(user, &member.email, &member.name, &member.password_hash))
            .execute(db)
            .await?;
    }
    let joining = diesel::sql_query(
        "insert into memberships (id, user_id, employee_id, role_ids)
         values ($1, $2, $3, array(select id from roles where org_id = current_org() and kind = 'built_in' and name = any($4) order by id))",
    );
    joining
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<SqlUuid, _>(user)
        .bind::<Nullable<SqlUuid>, _>(member.employee_id)
        .bind::<Array<Text>, _>(&member.roles)
        .execute(db)
        .await?;
    Ok(user)
}

/// Brings the built-in roles of every organization to what this program says: called at the start, after migrations. Those that hold them
/// already cost one statement together.
///
/// # Errors
/// 503 where the database is away.
pub async fn sync_built_in_roles(database: &Database) -> Result<()> {
    let others = database.without_organization(async |db| {
        let others = diesel::dsl::sql::<Array<SqlUuid>>("array(select organizations_with_other_roles(")
            .bind::<Jsonb, _>(built_in_roles())
            .sql("))");
        Ok(diesel::select(others).get_result::<Vec<Uuid>>(db).await?)
    });
    for organization in others.await? {
        database.as_system(organization, write_built_in_roles).await?;
    }
    Ok(())
}

/// Writes the built-in roles that are missing or differ, in one statement. A role of the organization's own keeps a name
/// that it had first.
async fn write_built_in_roles(db: &mut Db) -> Result<()> {
    diesel::sql_query(
        "insert into roles (id, name, title, description, permissions, kind)
         select id, name, title, description, permissions, 'built_in'
         from jsonb_to_recordset($1) b (id uuid, name text, title text, description text, permissions jsonb)
         on conflict (org_id, name) do update
             set title = excluded.title, description = excluded.description, permissions = excluded.permissions
             where roles.kind = 'built_in' and (roles.title, roles.description, roles.permissions)
                 is distinct from (excluded.title, excluded.description, excluded.permissions)",
    )
    .bind::<Jsonb, _>(built_in_roles())
    .execute(db)
    .await?;
    Ok(())
}

/// The built-in roles as rows.
fn built_in_roles() -> serde_json::Value {
    let row = |role: &BuiltInRole| json!({"id": Uuid::now_v7(), "name": role.name, "title": role.title, "description": role.description, "permissions": role.grants()});
    BUILT_IN_ROLES.iter().map(row).collect()
}

/// What there is to read and change.
pub fn routes(api: &mut Api) {
    api.happens::<Organization>().call(operation!(get_organization)).call(operation!(update_organization));
}
