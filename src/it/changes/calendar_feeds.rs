//! Feeds: addresses that calendar programs subscribe to (iCalendar, RFC 5545), to show what is changed when. Each holds a secret, since such
//! programs can not sign in: it is told once, kept as a hash, and shows changes as long as its owner may read them.

use crate::calendar::Shown;
use ::calendar::{Calendar, Entry};
use actix_web::{FromRequest, HttpRequest, web};
use diesel::sql_types::{Binary, Jsonb, Nullable, Uuid as SqlUuid};
use identity::opaque::Opaque;
use platform::anyone::Anyone;
use platform::api::{Argument, OperationDoc};
use platform::may::Grants;
use platform::prelude::*;
use platform::server::Settings;
use schema::change_calendar_feeds;
use serde_json::Value;
use utoipa::openapi::Required;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// An address that calendar programs subscribe to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = change_calendar_feeds)]
pub struct ChangeCalendarFeed {
    pub id: Uuid,
    pub version: i64,
    /// Whose it is.
    pub user_id: Uuid,
    /// What it is called, as calendar programs show it.
    #[schema(max_length = 100, example = "Changes of IT")]
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A feed to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = change_calendar_feeds)]
#[serde(deny_unknown_fields)]
pub struct NewChangeCalendarFeed {
    #[serde(skip)]
    id: Uuid,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Changes of IT")]
    name: String,
    #[serde(skip)]
    secret_hash: Vec<u8>,
}

/// What of a feed can be changed. Its address stays; for another one, delete it and make another.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = change_calendar_feeds)]
#[serde(deny_unknown_fields)]
pub struct EditChangeCalendarFeed {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "What IT does")]
    name: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ChangeCalendarFeedFilter {
    /// Only feeds of this user.
    user_id: Option<Uuid>,
}

impl Named for ChangeCalendarFeed {
    const NAME: &'static str = "change-calendar-feeds";
}

impl Resource for ChangeCalendarFeed {
    const PATH: &'static str = "/v1/change-calendar-feeds";
    const SINGULAR: &'static str = "change_calendar_feed";
    const TAG: &'static str = "Changes";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    type Filter = ChangeCalendarFeedFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for ChangeCalendarFeed {
    type Table = change_calendar_feeds::table;
    const TABLE: &'static str = "change_calendar_feeds";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: ChangeCalendarFeedFilter) -> Rows<Self> {
        rows.when(by.user_id, |rows, id| rows.filter(change_calendar_feeds::user_id.eq(id)))
    }
}

impl Written for ChangeCalendarFeed {
    type New = NewChangeCalendarFeed;
    type Edit = EditChangeCalendarFeed;
}

/// A feed and its address, which is shown this once.
#[derive(Serialize, ToSchema)]
pub struct IssuedChangeCalendarFeed {
    id: Uuid,
    version: i64,
    /// What it is called.
    #[schema(max_length = 100, example = "Changes of IT")]
    name: String,
    /// What calendar programs subscribe to: whoever has it sees what the feed shows. Below the service's own address, where no public
    /// one is set. Null where this answer is given again: make another feed.
    #[schema(
        max_length = 2000,
        example = "https://backoffice.example/v1/change-calendars/AZOMbn06fE6fCm8cKz1OXwGTjG59Onx….ics"
    )]
    url: Option<String>,
}

impl Secret for IssuedChangeCalendarFeed {
    const FIELD: &'static str = "url";

    fn location(&self) -> String {
        format!("{}/{}", ChangeCalendarFeed::PATH, self.id)
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// Create a calendar feed of changes
///
/// Answers, once, an address that calendar programs subscribe to. It shows changes whenever it is read, and nothing any more once the feed is deleted, the
/// caller may not read changes, or their membership is over.
#[utoipa::path(post, path = "/v1/change-calendar-feeds", tag = "Changes")]
async fn create_change_calendar_feed(
    may: May<Write, ChangeCalendarFeed>,
    new: Input<NewChangeCalendarFeed>,
) -> Reply<Told<IssuedChangeCalendarFeed>> {
    let settings = may.http().app_data::<web::Data<Settings>>();
    let base = settings.and_then(|settings| settings.public_url.clone()).unwrap_or_default();
    may.write(async |db| {
        let id = Uuid::now_v7();
        let (token, secret) = Opaque::make(db.organization(), id)?;
        let row = NewChangeCalendarFeed { id, secret_hash: secret.hash, ..new.0.clone() };
        let made = diesel::insert_into(change_calendar_feeds::table).values(row);
        let feed: ChangeCalendarFeed =
            made.returning(ChangeCalendarFeed::as_returning()).get_result(db).await?;
        let url = format!("{}/v1/change-calendars/{token}.ics", base.trim_end_matches('/'));
        let ChangeCalendarFeed { id, version, name, .. } = feed;
        Ok(Told(IssuedChangeCalendarFeed { id, version, name, url: Some(url) }))
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

/// Read a calendar feed of changes
///
/// The changes of the last 90 days and all to come that are agreed to and have a window, as iCalendar. No sign-in: the address itself is the secret.
#[utoipa::path(get, path = "/v1/change-calendars/{token}", tag = "Changes")]
async fn get_change_calendar_of_feed(anyone: Anyone, token: FeedToken) -> Reply<Calendar> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = Nullable<Jsonb>)]
        found: Option<Value>,
    }
    #[derive(Deserialize)]
    struct Feed {
        name: String,
        changes: Vec<Shown>,
    }
    let found = async |db: &mut Db| {
        let asking = diesel::sql_query("select feed_changes($1, $2) as found");
        let asking = asking.bind::<SqlUuid, _>(token.0.id).bind::<Binary, _>(&token.0.hash);
        Ok(asking.get_result::<Found>(db).await?.found)
    };
    let found = anyone.database().ask(token.0.organization, found).await?.ok_or_else(Problem::not_found)?;
    let feed: Feed = serde_json::from_value(found).map_err(Problem::internal)?;
    let entries = feed.changes.into_iter().map(Entry::from).collect();
    Calendar { name: feed.name, file_name: "changes".to_owned(), entries }.answer(&Grants::default())
}

pub fn routes(api: &mut Api) {
    api.readable::<ChangeCalendarFeed>()
        .changeable::<ChangeCalendarFeed>()
        .deletable::<ChangeCalendarFeed>()
        .call(operation!(create_change_calendar_feed))
        .open(operation!(get_change_calendar_of_feed));
}
