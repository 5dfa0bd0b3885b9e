//! The regular calls, once for every resource: list, create, read, change, delete, history.
use crate::answer::{Answer, Created, Outcome, Reply};
use crate::event::{self, History};
use crate::export::{self, Format};
use crate::import::Reference;
use crate::life::Life;
use crate::may::{Grants, May, Named, Read, Write};
use crate::page::{ListQuery, Page, Paging, SortKey};
use crate::problem::{Problem, Result, STALE_VERSION};
use crate::store::{Kept, Store};
use crate::{etag, input};
use actix_web::http::StatusCode;
use actix_web::http::header;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What a client can list and read.
pub trait Resource: Named + Serialize + DeserializeOwned + ToSchema + Sized + 'static {
    /// The collection: `/v1/employees`.
    const PATH: &'static str;
    /// One of them, in snake case: `employee`.
    const SINGULAR: &'static str;
    /// The room, as the contract groups operations: `People`.
    const TAG: &'static str;
    /// What lists can be sorted by, beside `id`.
    const SORT: &'static [SortKey];
    /// The order of a list that names none.
    const USUAL_ORDER: &'static str = "id";
    /// Whether organizations add fields of their own: see [`crate::custom`].
    const CUSTOM: bool = false;
    /// The fields by which people know one of them, which no two have alike: by them an import finds what is there. Empty
    /// where that is the id.
    const NATURAL_KEY: &'static [&'static str] = &[];
    /// States that it comes to by itself, for which its life has no step: its events are of these types, too.
    const COMES_TO: &'static [&'static str] = &[];
    /// How files name what its fields refer to; one that narrows another comes before it.
    const REFERENCES: &'static [Reference] = &[];
    /// What files of them are called. Another name than the resource's where its files say more than it holds: hires, of employees.
    const FILES: &'static str = Self::NAME;
    /// What the contract says of such files beside their columns.
    const ABOUT_FILES: &'static str = "";
    /// Columns that follow from other rows: what becomes of them alone doesn't stand in the way of taking a file back.
    const DERIVED: &'static [&'static str] = &[];
    /// What lists can be narrowed by.
    type Filter: DeserializeOwned + IntoParams + Clone + 'static;

    fn id(&self) -> Uuid;
    fn version(&self) -> i64;
    /// Its states and steps, if it has a life.
    fn life() -> Option<&'static Life> {
        None
    }
    /// Its state in that life.
    fn state(&self) -> Option<&'static str> {
        None
    }
    /// The employee whom it is about, for permissions with a reach.
    fn person(&self) -> Option<Uuid> {
        None
    }

    /// Whether this one takes the step, where more than its state and the caller's reach decides.
    fn takes(&self, _action: &str, _grants: &Grants) -> bool {
        true
    }

    /// Writes it as clients see it, `available_actions` included, and answers its ETag.
    fn write_json(&self, grants: &Grants, out: &mut Vec<u8>) -> Result<String> {
        serde_json::to_writer(&mut *out, self).map_err(Problem::internal)?;
        let actions = Self::life().zip(self.state()).map(|(life, state)| {
            let mut actions = life.available(state, self.person(), grants);
            actions.retain(|action| self.takes(action, grants));
            actions
        });
        if let Some(actions) = &actions {
            out.pop();
            out.extend_from_slice(b",\"available_actions\":");
            serde_json::to_writer(&mut *out, actions).map_err(Problem::internal)?;
            out.push(b'}');
        }
        Ok(etag::of(self.version(), actions.as_deref()))
    }
}

/// The id in the path of a resource.
pub struct Id<R>(pub Uuid, PhantomData<R>);

impl<R: Resource> actix_web::FromRequest for Id<R> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(http: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        // What is no UUID is the id of nothing.
        let id = http.match_info().get("id").and_then(|id| id.parse().ok()).ok_or_else(Problem::not_found);
        std::future::ready(id.map(|id| Self(id, PhantomData)))
    }
}

/// What reading one takes.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Moment {
    /// As it was at this instant, built from its events. Null fields then hold what they held.
    #[param(required = false)]
    #[serde(default)]
    as_of: Option<DateTime<Utc>>,
}

impl Moment {
    pub(crate) fn at(as_of: Option<DateTime<Utc>>) -> Self {
        Self { as_of }
    }

    /// The row as it was then; as it is, where no moment is named.
    pub(crate) async fn row<R: Store>(&self, db: &mut crate::database::Db, id: &Id<R>) -> Result<R> {
        match self.as_of {
            Some(at) => event::as_of::<R>(db, id.0, at).await,
            None => R::find(db, id.0).await,
        }
    }
}

pub(crate) async fn list<R: Store>(
    may: May<Read, R>,
    paging: input::Params<Paging>,
    filter: input::Params<R::Filter>,
) -> Reply<Page<R>> {
    let asked = crate::custom::asked(&may, paging.0.sort.as_deref()).await?;
    let query = ListQuery::with_custom(paging.0, filter.0, R::SORT, R::USUAL_ORDER, asked)?;
    if let Some(format) = Format::accepted(may.http()) {
        return Box::pin(export::stream(may, query, format)).await;
    }
    let page = may
        .read(async |db| {
            let mut counting = db.clone();
            let (rows, total) = futures_util::future::try_join(R::list(db, &query, query.limit + 1), async {
                if query.count { R::count(&mut counting, &query).await.map(Some) } else { Ok(None) }
            })
            .await?;
            query.page(rows, total)
        })
        .await?;
    may.learn_team(R::life(), page.data.iter().filter_map(R::person)).await?;
    // What was so then allows no steps now.
    let past = Grants::default();
    let answer = page.answer(if query.as_of.is_some() { &past } else { may.grants() })?;
    Ok(match &page.next_cursor {
        Some(cursor) => answer.with(header::LINK, &next_link(may.http(), cursor)),
        None => answer,
    })
}

/// The same request with the next cursor (RFC 8288).
fn next_link(http: &actix_web::HttpRequest, cursor: &str) -> String {
    let others =
        url::form_urlencoded::parse(http.query_string().as_bytes()).filter(|(name, _)| name != "cursor");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(others)
        .append_pair("cursor", cursor)
        .finish();
    format!("<{}?{query}>; rel=\"next\"", http.path())
}

pub(crate) async fn read<R: Store>(may: May<Read, R>, id: Id<R>, moment: input::Params<Moment>) -> Reply<R> {
    if let Some(at) = moment.0.as_of {
        let row = Box::pin(may.read(async |db| event::as_of::<R>(db, id.0, at).await)).await?;
        return row.answer(&Grants::default());
    }
    let row = may.read(async |db| R::find(db, id.0).await).await?;
    may.learn_team(R::life(), row.person().into_iter()).await?;
    let answer = row.answer(may.grants())?;
    if etag::matches(may.http(), answer.header(&header::ETAG)) {
        let tag = answer.header(&header::ETAG).unwrap_or_default().to_owned();
        return Ok(Answer::new(StatusCode::NOT_MODIFIED, Vec::new()).with(header::ETAG, &tag));
    }
    Ok(answer)
}

pub(crate) async fn create<R: Kept>(may: May<Write, R>, new: input::Input<R::New>) -> Reply<Created<R>> {
    may.write(async |db| R::create(db, new.0.clone()).await.map(Created)).await
}

pub(crate) async fn change<R: Kept>(may: May<Write, R>, id: Id<R>, edit: input::Input<R::Edit>) -> Reply<R> {
    may.write(async |db| {
        let expected = may.if_match()?;
        let row = R::lock(db, id.0).await?;
        same_version(&row, expected)?;
        R::change(db, row, edit.0.clone()).await
    })
    .await
}

pub(crate) async fn delete<R: Kept>(may: May<Write, R>, id: Id<R>) -> Reply<()> {
    may.write(async |db| {
        let expected = may.if_match()?;
        let row = R::lock(db, id.0).await?;
        same_version(&row, expected)?;
        R::delete(db, row).await
    })
    .await
}

pub(crate) async fn history<R: Store>(
    may: May<Read, R>,
    id: Id<R>,
    paging: input::Params<event::HistoryPaging>,
) -> Reply<History> {
    let history = may.read(async |db| event::history::<R>(db, id.0, &paging.0).await).await?;
    history.answer(may.grants())
}

/// Locks the row for an action, in the version that `If-Match` names if it was sent.
///
/// # Errors
/// 404 where there is none that the caller may know of, 412 where it changed.
pub async fn lock<V: crate::may::Verb, R: Store>(
    may: &May<V, R>,
    db: &mut crate::database::Db,
    id: &Id<R>,
) -> Result<R> {
    let row = R::lock(db, id.0).await?;
    same_version(&row, may.if_match_given()?)?;
    Ok(row)
}

/// A step of its life that changes nothing but its state.
///
/// # Errors
/// 409 where its state does not allow the step, and those of [`lock`].
pub async fn step<V: crate::may::Verb, R: Store>(may: May<V, R>, id: Id<R>, action: &str) -> Reply<R> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let (Some(life), Some(state)) = (R::life(), row.state()) else {
            return Err(Problem::internal(format!("{} has no life", R::NAME)));
        };
        R::set_status(db, row.id(), life.step(state, action)?).await
    })
    .await
}

/// Refuses a row that is not in the version that `If-Match` names.
///
/// # Errors
/// 412 where it changed.
pub fn same_version<R: Resource>(row: &R, expected: Option<i64>) -> Result<()> {
    match expected {
        Some(expected) if expected != row.version() => Err(STALE_VERSION.because(format!(
            "It is at version {} now: read it again, apply your change to what you find, and send the new ETag.",
            row.version()
        ))),
        _ => Ok(()),
    }
}
