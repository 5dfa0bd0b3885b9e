//! Resources that are something else from day to day: what is recorded now says what holds on a day, past or to come.
use crate::answer::{Outcome, Reply};
use crate::database::Db;
use crate::input::Params;
use crate::may::{Grants, May, Read};
use crate::problem::Result;
use crate::resource::{self, Id, Moment};
use crate::store::Store;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

/// A resource that holds from day to day.
pub trait Dated: Store {
    /// What it is on that day.
    fn on_day(db: &mut Db, id: Uuid, day: NaiveDate) -> impl Future<Output = Result<Self>>;
}

/// An instant, at which something was known, or a day, on which something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum AsOf {
    Instant(DateTime<Utc>),
    Day(NaiveDate),
}

impl PartialSchema for AsOf {
    fn schema() -> RefOr<Schema> {
        let text = |format: KnownFormat| {
            ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format)))
        };
        AnyOfBuilder::new().item(text(KnownFormat::DateTime)).item(text(KnownFormat::Date)).into()
    }
}
impl ToSchema for AsOf {}

/// What reading one takes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MomentOrDay {
    /// An instant: as it was recorded then, built from its events. A day: as it is on that business day, past or to come, by
    /// what is recorded now.
    #[param(required = false, inline)]
    #[serde(default)]
    as_of: Option<AsOf>,
}

pub(crate) async fn read<R: Dated>(may: May<Read, R>, id: Id<R>, when: Params<MomentOrDay>) -> Reply<R> {
    match when.0.as_of {
        // What is so on another day allows no steps now.
        Some(AsOf::Day(day)) => {
            may.read(async |db| R::on_day(db, id.0, day).await).await?.answer(&Grants::default())
        }
        Some(AsOf::Instant(at)) => resource::read(may, id, Params(Moment::at(Some(at)))).await,
        None => resource::read(may, id, Params(Moment::at(None))).await,
    }
}

#[cfg(test)]
mod tests {
    use super::AsOf;
    use serde_json::{from_value, json};

    #[test]
    fn a_day_is_no_instant() {
        assert!(matches!(from_value(json!("2026-03-01")).unwrap(), AsOf::Day(_)));
        assert!(matches!(from_value(json!("2026-03-01T00:00:00Z")).unwrap(), AsOf::Instant(_)));
        assert!(from_value::<AsOf>(json!("March")).is_err());
    }
}
