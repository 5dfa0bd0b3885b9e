//! Networks: sites, the addresses of each routing domain as a tree of prefixes, VLANs, devices with their interfaces and cables, the lines of providers;
//! how all of it hangs together, drawn; and designs, which plan a change next to what is there and make it at once. It configures no device.
mod addressing;
mod allocating;
pub mod cables;
pub mod circuits;
pub mod devices;
pub mod interfaces;
pub mod ip_addresses;
pub mod network_designs;
pub mod prefixes;
pub mod routing_domains;
pub mod sites;
mod topology;
mod tracing;
mod utilization;
pub mod vlan_groups;
pub mod vlans;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    sites::routes(api);
    routing_domains::routes(api);
    prefixes::routes(api);
    ip_addresses::routes(api);
    allocating::routes(api);
    utilization::routes(api);
    vlan_groups::routes(api);
    vlans::routes(api);
    devices::routes(api);
    interfaces::routes(api);
    cables::routes(api);
    tracing::routes(api);
    circuits::routes(api);
    network_designs::routes(api);
    topology::routes(api);
}
