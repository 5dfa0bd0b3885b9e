//! What SCIM tells of itself (RFC 7644 §4): what this server can do, which kinds of resources there are, which attributes
//! they have.
use crate::Directory;
use crate::attributes::{GROUP, SCHEMAS, USER};
use crate::message::{Message, Name, ScimAbout, ScimList, base};
use crate::search::MOST;
use platform::prelude::*;
use serde_json::Value;

fn list(all: Vec<Value>) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": all.len(), "startIndex": 1,
        "itemsPerPage": all.len(), "Resources": all})
}

/// Whether the session lives; there is nothing to read.
async fn admit(may: &May<Read, Directory>) -> Result<()> {
    may.read(async |_| Ok(())).await
}

/// Read what SCIM can do here
///
/// PATCH, filters, sorting and ETags; no bulk, and no passwords.
#[utoipa::path(get, path = "/scim/v2/ServiceProviderConfig", tag = "Directory")]
async fn get_scim_service_provider_config(may: May<Read, Directory>) -> Reply<Message<ScimAbout>> {
    admit(&may).await?;
    let base = base(may.http());
    Message::new(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": MOST},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "OAuth Bearer Token", "primary": true,
            "description": "A directory token of an API client, or an access token from /oauth/token (RFC 6750).",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig")},
    }))
    .reply()
}

/// List the kinds of resources
///
/// Users and groups, and where they are.
#[utoipa::path(get, path = "/scim/v2/ResourceTypes", tag = "Directory")]
async fn list_scim_resource_types(may: May<Read, Directory>) -> Reply<Message<ScimList>> {
    admit(&may).await?;
    let base = base(may.http());
    Message::new(list([&USER, &GROUP].iter().map(|kind| kind.published(&base)).collect())).reply()
}

/// Read a kind of resource
///
/// By its name: `User` or `Group`.
#[utoipa::path(get, path = "/scim/v2/ResourceTypes/{id}", tag = "Directory")]
async fn get_scim_resource_type(may: May<Read, Directory>, name: Name) -> Reply<Message<ScimAbout>> {
    admit(&may).await?;
    let kind = [&USER, &GROUP].into_iter().find(|kind| kind.name == name.0).ok_or_else(Problem::not_found)?;
    Message::new(kind.published(&base(may.http()))).reply()
}

/// List the schemas
///
/// All attributes of users and groups, and which of them the directory may write.
#[utoipa::path(get, path = "/scim/v2/Schemas", tag = "Directory")]
async fn list_scim_schemas(may: May<Read, Directory>) -> Reply<Message<ScimList>> {
    admit(&may).await?;
    let base = base(may.http());
    Message::new(list(SCHEMAS.iter().map(|schema| schema.published(&base)).collect())).reply()
}

/// Read a schema
///
/// By its URN, such as `urn:ietf:params:scim:schemas:core:2.0:User`.
#[utoipa::path(get, path = "/scim/v2/Schemas/{id}", tag = "Directory")]
async fn get_scim_schema(may: May<Read, Directory>, name: Name) -> Reply<Message<ScimAbout>> {
    admit(&may).await?;
    let schema = SCHEMAS.iter().find(|schema| schema.urn == name.0).ok_or_else(Problem::not_found)?;
    Message::new(schema.published(&base(may.http()))).reply()
}

/// Where a directory's software looks first.
pub fn routes(api: &mut Api) {
    api.call(operation!(get_scim_service_provider_config))
        .call(operation!(list_scim_resource_types))
        .call(operation!(get_scim_resource_type))
        .call(operation!(list_scim_schemas))
        .call(operation!(get_scim_schema));
}
