//! Numbers that people quote: gapless series per organization, kind of document and year. It never knows what the documents are.
//!
//! A room says in its migration what is numbered, `select numbered('employees', 'employee_number', …)`, and rows
//! that come without a number take it as they are written. A document that gets its number later, when it is posted, calls
//! [`take`] as the last thing in that transaction.
pub mod integrity;
pub mod series;

use platform::api::Api;
use platform::prelude::*;

diesel::define_sql_function! {
    /// See the migration of numbers.
    fn take_number(kind: diesel::sql_types::Text, day: diesel::sql_types::Date, id: diesel::sql_types::Uuid, new_series: diesel::sql_types::Uuid) -> diesel::sql_types::Text;
}

/// The next number of this kind for the document with this id, which is dated `on`. Others who number in the same series
/// wait from here until the transaction ends, so nothing but the write of the document should come behind it.
///
/// # Errors
/// 409 where the organization has series of the kind and none of them is active.
pub async fn take(db: &mut Db, kind: &str, on: NaiveDate, id: Uuid) -> Result<String> {
    Ok(diesel::select(take_number(kind, on, id, Uuid::now_v7())).get_result(db).await?)
}

pub fn routes(api: &mut Api) {
    series::routes(api);
    integrity::routes(api);
}
