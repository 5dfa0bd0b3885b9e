//! Feeds: addresses that calendar programs subscribe to (iCalendar, RFC 5545), to show who is away. Each holds a secret, since such
//! programs can not sign in: it is told once, kept as a hash, and shows what its owner may see at the moment it is read.

use crate::absences::Absence;
use actix_web::{FromRequest, HttpRequest, web};
use calendar::{Calendar, During, Entry, Standing};
use chrono::NaiveTime;
use diesel::sql_types::{Binary, Jsonb, Nullable, Uuid as SqlUuid};
use identity::opaque::Opaque;
use platform::anyone::Anyone;
use platform::api::{Argument, OperationDoc};
use platform::may::Grants;
use platform::prelude::*;
use platform::server::Settings;
use schema::calendar_feeds;
use serde_json::Value;
use utoipa::openapi::Required;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// An address that calendar programs subscribe to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = calendar_feeds)]
pub struct CalendarFeed {
    pub id: Uuid,
    pub version: i64,
    /// Whose it is.
    pub user_id: Uuid,
    /// What it is called, as calendar programs show it.
    #[schema(max_length = 100, example = "Who is away")]
    pub name: String,
    #[schema(inline)]
    pub scope: CalendarFeedScope,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whom it shows: its owner alone, or all whose absences its owner may see.
    pub enum CalendarFeedScope { Own = "own", Team = "team" }
}

/// A feed to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = calendar_feeds)]
#[serde(deny_unknown_fields)]
pub struct NewCalendarFeed {
    #[serde(skip)]
    id: Uuid,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Who is away")]
    name: String,
    /// Whom it shows: its owner, unless told.
    #[schema(example = "team")]
    scope: Option<CalendarFeedScope>,
    #[serde(skip)]
    secret_hash: Vec<u8>,
}

/// What of a feed can be changed. Its address stays; for another one, delete it and make another.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = calendar_feeds)]
#[serde(deny_unknown_fields)]
pub struct EditCalendarFeed {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "My team")]
    name: Option<String>,
    /// Whom it shows.
    #[schema(example = "own")]
    scope: Option<CalendarFeedScope>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CalendarFeedFilter {
    /// Only feeds of this user.
    user_id: Option<Uuid>,
}

impl Named for CalendarFeed {
    const NAME: &'static str = "calendar-feeds";
}

impl Resource for CalendarFeed {
    const PATH: &'static str = "/v1/calendar-feeds";
    const SINGULAR: &'static str = "calendar_feed";
    const TAG: &'static str = "Working time";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    type Filter = CalendarFeedFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for CalendarFeed {
    type Table = calendar_feeds::table;
    const TABLE: &'static str = "calendar_feeds";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: CalendarFeedFilter) -> Rows<Self> {
        rows.when(by.user_id, |rows, id| rows.filter(calendar_feeds::user_id.eq(id)))
    }
}

impl Written for CalendarFeed {
    type New = NewCalendarFeed;
    type Edit = EditCalendarFeed;
}

/// A feed and its address, which is shown this once.
#[derive(Serialize, ToSchema)]
pub struct IssuedCalendarFeed {
    id: Uuid,
    version: i64,
    /// What it is called.
    #[schema(max_length = 100, example = "Who is away")]
    name: String,
    #[schema(inline)]
    scope: CalendarFeedScope,
    /// What calendar programs subscribe to: whoever has it sees what the feed shows. Below the service's own address, where no public
    /// one is set. Null where this answer is given again: make another feed.
    #[schema(
        max_length = 2000,
        example = "https://backoffice.example/v1/calendars/AZOMbn06fE6fCm8cKz1OXwGTjG59Onx….ics"
    )]
    url: Option<String>,
}

impl Secret for IssuedCalendarFeed {
    const FIELD: &'static str = "url";

    fn location(&self) -> String {
        format!("{}/{}", CalendarFeed::PATH, self.id)
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// Create a calendar feed
///
/// Answers, once, an address that calendar programs subscribe to. It shows what the caller may see whenever it is read, and nothing any
/// more once the feed is deleted or the caller's membership is over.
#[utoipa::path(post, path = "/v1/calendar-feeds", tag = "Working time")]
async fn create_calendar_feed(
    may: May<Write, CalendarFeed>,
    new: Input<NewCalendarFeed>,
) -> Reply<Told<IssuedCalendarFeed>> {
    let settings = may.http().app_data::<web::Data<Settings>>();
    let base = settings.and_then(|settings| settings.public_url.clone()).unwrap_or_default();
    may.write(async |db| {
        let id = Uuid::now_v7();
        let (token, secret) = Opaque::make(db.organization(), id)?;
        let row = NewCalendarFeed { id, secret_hash: secret.hash, ..new.0.clone() };
        let made = diesel::insert_into(calendar_feeds::table).values(row);
        let feed: CalendarFeed = made.returning(CalendarFeed::as_returning()).get_result(db).await?;
        let url = format!("{}/v1/calendars/{token}.ics", base.trim_end_matches('/'));
        let CalendarFeed { id, version, name, scope, .. } = feed;
        Ok(Told(IssuedCalendarFeed { id, version, name, scope, url: Some(url) }))
    })
    .await
}

/// The secret in the path of a feed.
struct FeedToken(Opaque);

impl FromRequest for FeedToken {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let text = http.match_info().get("token").unwrap_or_default();
        let token = Opaque::read(text.strip_suffix(".ics").unwrap_or(text));
        std::future::ready(token.map(Self).ok_or_else(Problem::not_found))
    }
}

impl Argument for FeedToken {
    fn describe(doc: &mut OperationDoc) {
        let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(100));
        let token =
            ParameterBuilder::new().name("token").parameter_in(ParameterIn::Path).required(Required::True);
        let token = token.description(Some("The secret of the feed, as its address has it."));
        doc.parameters.push(token.example(Some("AZOMbn06fE6f.ics".into())).schema(Some(text)).build());
        doc.refusals.push("404");
    }
}

/// Read a calendar feed
///
/// Who is away, from three months ago to a year from now, as iCalendar: an event for each leave, over whole days, or from or until noon.
/// No sign-in: the address itself is the secret.
#[utoipa::path(get, path = "/v1/calendars/{token}", tag = "Working time")]
async fn get_calendar(anyone: Anyone, token: FeedToken) -> Reply<Calendar> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = Nullable<Jsonb>)]
        found: Option<Value>,
    }
    #[derive(Deserialize)]
    struct Feed {
        name: String,
        absences: Vec<Absence>,
    }
    let found = async |db: &mut Db| {
        let asking = diesel::sql_query("select feed_absences($1, $2) as found");
        let asking = asking.bind::<SqlUuid, _>(token.0.id).bind::<Binary, _>(&token.0.hash);
        Ok(asking.get_result::<Found>(db).await?.found)
    };
    let found = anyone.database().ask(token.0.organization, found).await?.ok_or_else(Problem::not_found)?;
    let feed: Feed = serde_json::from_value(found).map_err(Problem::internal)?;
    let entries = feed.absences.iter().map(entry).collect();
    Calendar { name: feed.name, file_name: "absences".to_owned(), entries }.answer(&Grants::default())
}

/// An absence in a calendar. Half a day is from or until noon, wherever that is.
fn entry(absence: &Absence) -> Entry {
    let noon = |day: NaiveDate| day.and_hms_opt(12, 0, 0).unwrap_or_default();
    let from = absence.starts_on.and_time(NaiveTime::MIN);
    let until = absence.ends_on.succ_opt().unwrap_or(absence.ends_on).and_time(NaiveTime::MIN);
    let when = match (absence.starts_at_noon, absence.ends_at_noon) {
        (false, false) => During::Days(absence.starts_on, absence.ends_on),
        (true, false) => During::Local(noon(absence.starts_on), until),
        (false, true) => During::Local(from, noon(absence.ends_on)),
        (true, true) => During::Local(noon(absence.starts_on), noon(absence.ends_on)),
    };
    Entry {
        id: absence.leave_request_id,
        sequence: 0,
        changed_at: absence.updated_at,
        when,
        standing: Standing::Confirmed,
        is_transparent: true,
        summary: format!("{} {}", absence.given_name, absence.family_name),
        description: None,
        location: None,
        url: None,
        attendees: Vec::new(),
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<CalendarFeed>()
        .changeable::<CalendarFeed>()
        .deletable::<CalendarFeed>()
        .call(operation!(create_calendar_feed))
        .open(operation!(get_calendar));
}
