//! What every room stands on: who may do what, the database, the regular calls, problems, events, the contract. It knows
//! no business, and no room reaches into it except through what is public here.
pub mod about;
pub mod answer;
pub mod anyone;
pub mod api;
pub mod contract;
pub mod custom;
pub mod database;
pub mod dated;
pub mod dialect;
mod etag;
pub mod event;
pub mod export;
pub mod feed;
pub mod import;
pub mod incoming;
pub mod input;
pub mod job;
pub mod life;
pub mod list;
pub mod may;
pub mod metrics;
pub mod money;
mod operation_doc;
pub mod outgoing;
mod packed;
pub mod page;
pub mod patch;
pub mod print;
pub mod problem;
pub mod request;
pub mod resource;
pub mod server;
pub mod store;
pub mod tables;
pub mod text;
pub mod tls;
pub mod token;

pub use pastey;

/// One `use` per resource file.
pub mod prelude {
    pub use crate::answer::{Answer, Created, Once, Outcome, Plain, Reply, Secret, Secrets, Several, Told};
    pub use crate::api::Api;
    pub use crate::custom::{self, Custom, EditCustom, NewCustom};
    pub use crate::database::Db;
    pub use crate::dated::Dated;
    pub use crate::import::Reference;
    pub use crate::input::{Input, Params};
    pub use crate::life::{Life, Step};
    pub use crate::list::List;
    pub use crate::may::{Approve, Assign, Export, May, Me, Named, Post, Read, Run, Verb, Void, Write};
    pub use crate::money::{Money, Quantity, Rate};
    pub use crate::page::{SortKey, When};
    pub use crate::patch::given;
    pub use crate::print::{Printed, Shown};
    pub use crate::problem::{Fault, Kind, Problem, Result};
    pub use crate::resource::{Id, Resource, lock, step};
    pub use crate::store::{Kept, Rows, Store, Stored, Written};
    pub use crate::{operation, text_enum};
    pub use chrono::{DateTime, NaiveDate, Utc};
    pub use diesel::prelude::{
        AsChangeset, BoolExpressionMethods, ExpressionMethods, Insertable, NullableExpressionMethods,
        OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
    };
    pub use diesel_async::RunQueryDsl;
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::json;
    pub use serde_with::apply;
    pub use utoipa::{IntoParams, ToSchema};
    pub use uuid::Uuid;
}
