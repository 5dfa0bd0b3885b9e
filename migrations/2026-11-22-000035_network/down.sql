delete from approvals where resource = 'network-designs';
delete from approval_policies where resource = 'network-designs';
delete from approvable_actions where resource = 'network-designs';
delete from comments where resource in ('sites', 'network-designs', 'routing-domains', 'vlan-groups', 'vlans', 'prefixes', 'devices', 'interfaces', 'cables',
    'circuits', 'ip-addresses');
delete from files where resource in ('sites', 'network-designs', 'routing-domains', 'vlan-groups', 'vlans', 'prefixes', 'devices', 'interfaces', 'cables',
    'circuits', 'ip-addresses');
drop function adopt_into_prefix, leave_prefix, overlapping_prefix, trace_interface;
drop table plugged_ends, prefix_usages, taken_ranges cascade;
drop table ip_addresses, circuits, cables, interfaces, devices, prefixes, vlans, vlan_groups, routing_domains, network_designs, sites cascade;
drop function keep_network_design, discard_design, apply_design, design_items, unfit_ends, design_tables, keep_design_item, keep_device_link, keep_interface, keep_ends,
    plug_circuit, plug_cable, plug_ends, next_free_prefix, next_free_address, release_address, take_addresses, place_address, keep_routing_domain, settle_prefix,
    place_prefix, work_ranges_out, cut_range, fill_ranges, hold_tree, surrounding_prefix, last_usable, first_usable, address_count, surrounding, last_address,
    first_address, address_bits;
delete from managed_tables where name in ('sites', 'network_designs', 'routing_domains', 'vlan_groups', 'vlans', 'prefixes', 'devices', 'interfaces', 'cables',
    'circuits', 'ip_addresses', 'taken_ranges', 'prefix_usages', 'plugged_ends');
