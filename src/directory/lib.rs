//! SCIM 2.0: a company's directory keeps its users and their roles current (RFC 7643, RFC 7644).
use platform::api::Api;

pub fn routes(_api: &mut Api) {}
