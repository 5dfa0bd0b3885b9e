use crate::settings::DemoSettings;
use platform::database::Database;
pub async fn load(_: &Database, _: &DemoSettings) -> crate::Done { Ok(()) }
