//! Money in and out: the organization's accounts at banks, what was paid to whom and for what, and many bills paid at once.
//! It says what is open no more, and never what is owed: that is `invoicing`.
pub mod bank_accounts;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    bank_accounts::routes(api);
}
