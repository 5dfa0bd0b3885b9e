//! SCIM 2.0: a company's directory keeps its users and their roles current (RFC 7643, RFC 7644). It knows members as their
//! directory knows them, and roles as groups; it never touches a login that is at home elsewhere.
mod attributes;
mod discovery;
mod filter;
mod groups;
mod message;
mod narrow;
mod patch;
mod search;
mod shape;
mod users;

use platform::prelude::*;

/// What a directory says of the members, and what it may change.
pub struct Directory;
impl Named for Directory {
    const NAME: &'static str = "directory";
}

/// Everything that the room offers.
pub fn routes(api: &mut Api) {
    api.dialect(&message::SCIM);
    api.happens_to("directory_entry", "directory", "Directory");
    discovery::routes(api);
    users::routes(api);
    groups::routes(api);
    search::routes(api);
}
