//! The next address and the next block: whoever asks gets one that is free, and nobody else gets it.

use crate::addressing::{Address, Network};
use crate::ip_addresses::{IpAddress, IpAddressStatus, NewIpAddress};
use crate::prefixes::{NewPrefix, Prefix, PrefixStatus};
use diesel::sql_types::{Integer, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::CONFLICT;

diesel::define_sql_function! {
    /// See the migration of networks: the first free address of a prefix, kept from others until the transaction ends.
    fn next_free_address(prefix: SqlUuid) -> Nullable<Inet>;
}
diesel::define_sql_function! {
    /// The same for a block of that length.
    fn next_free_prefix(prefix: SqlUuid, length: Integer) -> Nullable<Cidr>;
}

/// What the next address is for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NextIpRequest {
    /// What it is used for; active, unless told.
    #[schema(example = "active")]
    status: Option<IpAddressStatus>,
    /// Its name in the DNS.
    #[schema(
        max_length = 253,
        pattern = r"^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*$",
        example = "camera-7.buh1.demo.example"
    )]
    dns_name: Option<String>,
    /// The interface that gets it.
    #[schema(example = json!(null))]
    interface_id: Option<Uuid>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<String>,
    /// The design that plans it, which has to be a draft.
    #[schema(example = json!(null))]
    design_id: Option<Uuid>,
}

/// Take the next address of a prefix
///
/// The first address that is free, and in no prefix that lies in this one, is taken: never the same twice, however many ask at once. Of IPv4 the network
/// and the broadcast address are left out, of IPv6 the first one, which is the routers' (RFC 4291 §2.6.1); of pairs (/31, /127) and single addresses
/// none is. 409 where none is left.
#[utoipa::path(post, path = "/v1/prefixes/{id}/next-ip", tag = "Network")]
async fn take_next_ip(
    may: May<Write, IpAddress>,
    id: Id<Prefix>,
    new: Input<NextIpRequest>,
) -> Reply<Created<IpAddress>> {
    may.write(async |db| {
        let free: Option<Address> = diesel::select(next_free_address(id.0)).get_result(db).await?;
        let Some(address) = free else {
            let net = String::from(Prefix::find(db, id.0).await?.prefix);
            return Err(CONFLICT.because(format!(
                "No address of {net} is free: give one back, or take it from another prefix."
            )));
        };
        let NextIpRequest { status, dns_name, interface_id, description, design_id } = new.0.clone();
        let new = NewIpAddress {
            id: Uuid::now_v7(),
            routing_domain_id: None,
            prefix_id: Some(id.0),
            address,
            status: status.or(design_id.map(|_| IpAddressStatus::Planned)),
            role: None,
            dns_name,
            interface_id,
            description,
            design_id,
        };
        IpAddress::create(db, new).await.map(Created)
    })
    .await
}

/// What the next block is for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NextPrefixRequest {
    /// How long it is: 28 has sixteen addresses of IPv4.
    #[schema(minimum = 1, maximum = 128, example = 28)]
    length: i32,
    /// What it is used for; active, unless told.
    #[schema(example = "active")]
    status: Option<PrefixStatus>,
    /// What its addresses are for.
    #[schema(min_length = 1, max_length = 50, example = "cameras")]
    role: Option<String>,
    /// Where it is used.
    #[schema(example = json!(null))]
    site_id: Option<Uuid>,
    /// The VLAN that it is on.
    #[schema(example = json!(null))]
    vlan_id: Option<Uuid>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<String>,
    /// The design that plans it, which has to be a draft.
    #[schema(example = json!(null))]
    design_id: Option<Uuid>,
}

/// Take the next block of a prefix
///
/// The first block of that length in which nothing is taken, neither by another prefix nor by an address, is a prefix from now on: never the same
/// twice, however many ask at once. 409 where there is no room for one.
#[utoipa::path(post, path = "/v1/prefixes/{id}/next-prefix", tag = "Network")]
async fn take_next_prefix(
    may: May<Write, Prefix>,
    id: Id<Prefix>,
    new: Input<NextPrefixRequest>,
) -> Reply<Created<Prefix>> {
    may.write(async |db| {
        let within = Prefix::find(db, id.0).await?;
        let (least, most) =
            (i32::from(within.prefix.0.prefix_len()) + 1, i32::from(within.prefix.0.max_prefix_len()));
        if !(least..=most).contains(&new.0.length) {
            let net = String::from(within.prefix);
            let rule = if least > most {
                format!("can not be part of {net}, which is one address")
            } else {
                format!("must be {least} to {most}, to be part of {net}")
            };
            return Err(Problem::invalid(vec![Fault::at("/length", "no-part", rule)]));
        }
        let free: Option<Network> =
            diesel::select(next_free_prefix(within.id, new.0.length)).get_result(db).await?;
        let Some(prefix) = free else {
            let net = String::from(within.prefix);
            return Err(CONFLICT.because(format!(
                "There is no room for a /{} in {net}: ask for a longer one, or take it from another prefix.",
                new.0.length
            )));
        };
        let NextPrefixRequest { length: _, status, role, site_id, vlan_id, description, design_id } =
            new.0.clone();
        let new = NewPrefix {
            id: Uuid::now_v7(),
            routing_domain_id: within.routing_domain_id,
            prefix,
            status: status.or(design_id.map(|_| PrefixStatus::Planned)),
            role,
            site_id,
            vlan_id,
            description,
            design_id,
        };
        Prefix::create(db, new).await.map(Created)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.call(operation!(take_next_ip)).call(operation!(take_next_prefix));
}
