//! The demo: a company of 250 people, and a second one so that separation can be seen. What is loaded is the same on
//! every machine, and loaded once; a demo user for each built-in role signs in with the one password of all.
mod books;
mod clerk;
mod company;
mod desk;
mod equipment;
mod network;
mod people;
mod systems;
mod tickets;
mod trade;
mod wages;

use crate::Done;
use crate::settings::DemoSettings;
use chrono::{Days, NaiveDate};
use company::{Company, DEMO, FAMILY_NAMES, GIVEN_NAMES, OTHER};
use diesel::sql_types::{Bool, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use identity::organizations::{self, Member, Owner};
use identity::passwords;
use identity::permissions::BUILT_IN_ROLES;
use platform::database::{Database, Db};
use platform::problem::Result;
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// 5 January 2026, 08:00 UTC: the ids of the demo are UUIDv7 of the milliseconds from then on.
const FOUNDED: u64 = 1_767_600_000_000;
/// Milliseconds between the companies' ids.
const APART: u64 = 86_400_000;

const SIGN_IN: &str = "owner@demo.example";

/// Loads the demo organizations where they are not there yet, prints how to sign in, and answers the password, where it is known.
///
/// # Errors
/// A password that breaks the rules, or the database is away.
pub async fn load(database: &Database, demo: &DemoSettings) -> Done<Option<String>> {
    if let Some((_, rule)) = demo.demo_password.as_deref().and_then(passwords::fault) {
        return Err(
            format!("the password of the demo (--demo-password, BACKOFFICE_DEMO_PASSWORD) {rule}").into()
        );
    }
    let is_new = organizations::find(database, DEMO.slug).await?.is_none();
    let password = match (&demo.demo_password, is_new) {
        (Some(given), _) => Some(given.clone()),
        (None, true) => Some(made_up()?),
        (None, false) => None,
    };
    // Only a hash can not be made up anew: nobody knows what it is of, and without a password nobody new is let in.
    let hash = match &password {
        Some(password) => Some(passwords::hash(password).await?),
        None => None,
    };
    for company in [&OTHER, &DEMO] {
        found(database, company, password.as_deref(), hash.as_deref()).await?;
    }
    if let (false, Some(password), Some(hash)) = (is_new, &password, &hash) {
        set_password(database, password, hash).await?;
    }
    announce(demo, password.as_deref());
    Ok(password)
}

/// Keeps the books of the demo company, over the API at this address, while others use it.
pub async fn keep_books(base: String, password: String) {
    if let Err(error) = books::keep(&base, DEMO.domain, &password).await {
        log::warn!("the demo's books are not kept to their end: {error}");
    }
}

fn announce(demo: &DemoSettings, password: Option<&str>) {
    let [people, few] = [&DEMO, &OTHER].map(Roster::of).map(|roster| roster.employees.len());
    println!(
        "Demo        {} ({}), {people} people; {} ({}), {few} people",
        DEMO.name, DEMO.slug, OTHER.name, OTHER.slug
    );
    match (&demo.demo_password, password) {
        (None, Some(password)) => println!("Sign in     {}", json!({"email": SIGN_IN, "password": password})),
        (Some(_), _) => println!("Sign in     {SIGN_IN} with the password that you gave"),
        _ => println!(
            "Sign in     {SIGN_IN} with the password that was printed when the demo was loaded.\n            \
             Lost? Start with BACKOFFICE_DEMO_PASSWORD, and it is that one from then on."
        ),
    }
    let roles: Vec<String> = BUILT_IN_ROLES.iter().map(|role| login(role.name)).collect();
    let lines: Vec<String> = roles.chunks(4).map(|some| some.join(", ")).collect();
    println!(
        "Also        {}, owner@{}\n            all @{}\n",
        lines.join(",\n            "),
        OTHER.domain,
        DEMO.domain
    );
}

/// Founds the company with its first owner, and fills it where that has not been done.
async fn found(database: &Database, company: &Company, password: Option<&str>, hash: Option<&str>) -> Done {
    let organization = match (organizations::find(database, company.slug).await?, password) {
        (Some(there), _) => there,
        (None, Some(password)) => {
            let owner = Owner {
                email: format!("owner@{}", company.domain),
                name: "Olivia Owner".to_owned(),
                password: password.to_owned(),
            };
            organizations::create(database, company.name, company.slug, owner).await?
        }
        (None, None) => {
            return Err("the demo is there only by half: give BACKOFFICE_DEMO_PASSWORD to complete it".into());
        }
    };
    let roster = Roster::of(company);
    database.as_system(organization, async |db| fill(db, company, &roster, hash).await).await?;
    Ok(())
}

/// Fills an organization that has no people yet: it may have been founded by a start that was cut off.
async fn fill(db: &mut Db, company: &Company, roster: &Roster, hash: Option<&str>) -> Result<()> {
    let has_people: bool =
        diesel::select(diesel::dsl::sql::<Bool>("exists (select from employees)")).get_result(db).await?;
    let (false, Some(hash)) = (has_people, hash) else { return Ok(()) };
    // One statement, since heads and departments refer to each other.
    diesel::sql_query(
        "with new_departments as (
            insert into departments (id, name, code, parent_id, head_id)
            select id, name, code, parent_id, head_id from jsonb_populate_recordset(null::departments, $1)
        ), new_positions as (
            insert into positions (id, title, department_id, approved_headcount)
            select id, title, department_id, approved_headcount from jsonb_populate_recordset(null::positions, $2)
        )
        insert into employees (id, employee_number, given_name, family_name, work_email, phone, department_id, position_id,
            manager_id, hired_on, status, terminated_on, termination_reason)
        select id, employee_number, given_name, family_name, work_email, phone, department_id, position_id,
            manager_id, hired_on, status, terminated_on, termination_reason
        from jsonb_populate_recordset(null::employees, $3)",
    )
    .bind::<Jsonb, _>(json!(roster.departments))
    .bind::<Jsonb, _>(json!(roster.positions))
    .bind::<Jsonb, _>(json!(roster.employees))
    .execute(db)
    .await?;
    if company.slug != DEMO.slug {
        return Ok(());
    }
    for role in BUILT_IN_ROLES.iter().filter(|role| role.name != "owner") {
        let person = roster.logins.get(role.name);
        let member = Member {
            email: format!("{}@{}", login(role.name), company.domain),
            name: person.map_or_else(|| role.title.to_owned(), |(name, _)| name.clone()),
            password_hash: hash.to_owned(),
            roles: vec![role.name.to_owned()],
            employee_id: person.map(|(_, id)| *id),
        };
        organizations::admit(db, &member).await?;
    }
    Ok(())
}

/// Gives the demo users the password, if it is another than they have. Their sessions end with the old one.
async fn set_password(database: &Database, password: &str, hash: &str) -> Done {
    let kept = diesel::dsl::sql::<Nullable<Text>>("(select password_hash from find_login(")
        .bind::<Text, _>(SIGN_IN)
        .sql("))");
    let kept: Option<String> = database
        .without_organization(async |db| Ok(diesel::select(kept.clone()).get_result(db).await?))
        .await?;
    if passwords::verify(password, kept, || Ok(())).await? {
        return Ok(());
    }
    for company in [&DEMO, &OTHER] {
        let Some(organization) = organizations::find(database, company.slug).await? else { continue };
        let change = "select change_password(id, find_password(id), $1, null) from users where org_id = $2 and email like '%@' || $3";
        database
            .as_system(organization, async |db| {
                let changing =
                    diesel::sql_query(change).bind::<Text, _>(hash).bind::<SqlUuid, _>(organization);
                changing.bind::<Text, _>(company.domain).execute(db).await?;
                Ok(())
            })
            .await?;
    }
    Ok(())
}

/// How the demo user of a role signs in: `hr-manager`.
fn login(role: &str) -> String {
    role.replace('_', "-")
}

/// Sixteen letters and digits that are not mistaken for each other: 80 bits.
fn made_up() -> std::result::Result<String, getrandom::Error> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    Ok(letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-"))
}

/// Everybody and everything of a company, as rows.
#[derive(Default)]
struct Roster {
    departments: Vec<Value>,
    positions: Vec<Value>,
    employees: Vec<Value>,
    /// By role: the name and the id of the employee to whom its demo user's login belongs.
    logins: HashMap<&'static str, (String, Uuid)>,
}

impl Roster {
    fn of(company: &Company) -> Self {
        let mut roster = Self::default();
        let mut departments: HashMap<&str, (Uuid, Uuid)> = HashMap::new();
        for (number, department) in company.departments.iter().enumerate() {
            let department_id = id(company, b'd', number);
            let above = department.parent.and_then(|code| departments.get(code)).copied();
            let head = id(company, b'e', roster.employees.len());
            departments.insert(department.code, (department_id, head));
            roster.departments.push(json!({
                "id": department_id, "code": department.code, "name": department.name,
                "parent_id": above.map(|(id, _)| id), "head_id": head,
            }));
            let mut holders: HashMap<&str, Vec<Uuid>> = HashMap::new();
            for post in department.posts {
                let position_id = id(company, b'p', roster.positions.len());
                // Every eighth seat of a post is vacant.
                roster.positions.push(json!({
                    "id": position_id, "title": post.title, "department_id": department_id,
                    "approved_headcount": post.people + post.people / 8,
                }));
                let is_led =
                    |leader: &str| department.posts.iter().any(|post| post.reports_to == Some(leader));
                for seat in 0..post.people {
                    let number = roster.employees.len();
                    let employee_id = id(company, b'e', number);
                    let manager = match post.reports_to.and_then(|title| holders.get(title)) {
                        Some(leaders) => Some(leaders[seat % leaders.len()]),
                        None if employee_id == head => above.map(|(_, head)| head),
                        None => Some(head),
                    };
                    holders.entry(post.title).or_default().push(employee_id);
                    let settled = employee_id == head || is_led(post.title) || seat == 0;
                    let employee = employee(company, number, settled, [department_id, position_id], manager);
                    if seat == 0
                        && let Some(role) = post.role
                    {
                        let name = |field: &str| employee[field].as_str().unwrap_or_default().to_owned();
                        roster.logins.insert(
                            role,
                            (format!("{} {}", name("given_name"), name("family_name")), employee_id),
                        );
                    }
                    roster.employees.push(employee);
                }
            }
        }
        roster
    }
}

/// The employee of this number. Who leads others, or signs in, is `settled`: at work.
fn employee(
    company: &Company,
    number: usize,
    settled: bool,
    place: [Uuid; 2],
    manager: Option<Uuid>,
) -> Value {
    // The counts of names have no common divisor, so that no two people have both names in common.
    let (given, family) =
        (GIVEN_NAMES[number % GIVEN_NAMES.len()], FAMILY_NAMES[number % FAMILY_NAMES.len()]);
    // Mondays from 2012 on, scattered over 13 years.
    let weeks = u64::try_from(number).unwrap_or_default() * 37 % 700;
    let hired =
        NaiveDate::from_ymd_opt(2012, 1, 9).and_then(|first| first.checked_add_days(Days::new(7 * weeks)));
    let (mut status, mut hired_on, mut left) = ("active", json!(hired), None);
    if !settled {
        match number {
            _ if number % 29 == 7 => status = "on_leave",
            _ if number % 37 == 11 => (status, left) = ("terminated", Some(("2026-06-30", "Resigned"))),
            _ if number % 43 == 20 => (status, hired_on) = ("pending", json!("2027-01-04")),
            _ => {}
        }
    }
    let [department_id, position_id] = place;
    json!({
        "id": id(company, b'e', number), "employee_number": format!("E-{:04}", number + 1),
        "given_name": given, "family_name": family,
        "work_email": format!("{}.{}@{}", plain(given), plain(family), company.domain),
        "phone": format!("+40 21 555 {:04}", 100 + number),
        "department_id": department_id, "position_id": position_id, "manager_id": manager,
        "hired_on": hired_on, "status": status,
        "terminated_on": left.map(|(day, _)| day), "termination_reason": left.map(|(_, reason)| reason),
    })
}

/// The id of the company's department, position or employee of this number: a UUIDv7 that is the same every time.
fn id(company: &Company, kind: u8, number: usize) -> Uuid {
    let number = u64::try_from(number).unwrap_or_default();
    let mut tail = [0; 10];
    tail[2..4].copy_from_slice(&[company.number, kind]);
    tail[4..].copy_from_slice(&number.to_be_bytes()[2..]);
    uuid::Builder::from_unix_timestamp_millis(FOUNDED + u64::from(company.number) * APART + number, &tail)
        .into_uuid()
}

/// A name as e-mail addresses have it: small letters of ASCII.
fn plain(name: &str) -> String {
    let letter = |letter: char| match letter {
        'á' | 'ă' | 'â' => 'a',
        'ć' => 'c',
        'é' | 'ë' => 'e',
        'í' | 'î' => 'i',
        'ł' => 'l',
        'ń' => 'n',
        'ø' => 'o',
        'ș' => 's',
        'ț' => 't',
        'ü' => 'u',
        other => other,
    };
    name.to_lowercase().chars().map(letter).filter(char::is_ascii_alphabetic).collect()
}

#[cfg(test)]
mod tests {
    use super::{BUILT_IN_ROLES, DEMO, OTHER, Roster};
    use std::collections::HashSet;

    #[test]
    fn the_demo_is_of_the_size_that_is_promised() {
        let [demo, other] = [&DEMO, &OTHER].map(Roster::of);
        assert_eq!((demo.employees.len(), demo.departments.len(), other.employees.len()), (250, 14, 12));
        for field in ["id", "employee_number", "work_email"] {
            let values: HashSet<_> = demo.employees.iter().map(|row| row[field].as_str().unwrap()).collect();
            assert_eq!(values.len(), 250, "{field}");
        }
        assert!(demo.employees.iter().all(|row| row["work_email"].as_str().unwrap().is_ascii()));
    }

    #[test]
    fn every_role_but_the_owner_belongs_to_somebody_who_works_there() {
        let demo = Roster::of(&DEMO);
        for role in BUILT_IN_ROLES.iter().filter(|role| role.name != "owner") {
            let (name, id) = &demo.logins[role.name];
            let row = demo.employees.iter().find(|row| row["id"] == id.to_string()).unwrap();
            assert_eq!(row["status"], "active", "{name}");
        }
    }
}
