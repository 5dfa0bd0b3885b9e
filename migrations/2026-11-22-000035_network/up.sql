-- Networks: sites, prefixes and addresses by routing domain, VLANs, devices with their interfaces and cables, lines of providers, and designs:
-- what is planned next to what is there.

create table sites (
    org_id      uuid not null,
    id          uuid not null,
    code        text not null constraint sites_code_format check (code ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,19}$'),
    name        text not null constraint sites_name_length check (length(name) between 1 and 100),
    address     text constraint sites_address_length check (length(address) between 1 and 500),
    country     text constraint sites_country_format check (country ~ '^[A-Z]{2}$'),
    description text constraint sites_description_length check (length(description) between 1 and 1000),
    status      text not null default 'active' constraint sites_status_check check (status in ('planned', 'active', 'retired')),
    primary key (org_id, id),
    constraint sites_code_key unique (org_id, code)
);
create index sites_by_code on sites (org_id, code, id);
create index sites_by_name on sites (org_id, name, id);
create index sites_by_status on sites (org_id, status, id);
select manage_resource('sites');
create index sites_by_created_at on sites (org_id, created_at, id);

-- A design is drawn, handed in, agreed to by somebody else, and applied: what belongs to it is planned until then.
create table network_designs (
    org_id       uuid not null,
    id           uuid not null,
    name         text not null constraint network_designs_name_length check (length(name) between 1 and 100),
    description  text constraint network_designs_description_length check (length(description) between 1 and 10000),
    site_id      uuid,
    review_note  text constraint network_designs_review_note_length check (length(review_note) between 1 and 2000),
    reviewed_by  uuid,
    reviewed_at  timestamptz,
    applied_at   timestamptz,
    status       text not null default 'draft'
        constraint network_designs_status_check check (status in ('draft', 'in_review', 'approved', 'applied', 'discarded')),
    primary key (org_id, id),
    constraint network_designs_name_key unique (org_id, name),
    constraint network_designs_site_id_fkey foreign key (org_id, site_id) references sites (org_id, id),
    constraint what_is_applied_has_its_time check ((status = 'applied') = (applied_at is not null))
);
create index network_designs_by_name on network_designs (org_id, name, id);
create index network_designs_by_site on network_designs (org_id, site_id);
create index network_designs_by_status on network_designs (org_id, status, id);
select manage_resource('network_designs');
create index network_designs_by_created_at on network_designs (org_id, created_at, id);
select approvable('network_designs', '{approve}');

create table routing_domains (
    org_id              uuid not null,
    id                  uuid not null,
    name                text not null constraint routing_domains_name_length check (length(name) between 1 and 100),
    route_distinguisher text constraint routing_domains_route_distinguisher_length check (length(route_distinguisher) between 3 and 21),
    -- Whether prefixes lie in any other one, or only in containers.
    overlap             text not null default 'allowed' constraint routing_domains_overlap_check check (overlap in ('allowed', 'refused')),
    description         text constraint routing_domains_description_length check (length(description) between 1 and 1000),
    primary key (org_id, id),
    constraint routing_domains_name_key unique (org_id, name),
    constraint routing_domains_route_distinguisher_key unique (org_id, route_distinguisher)
);
create index routing_domains_by_name on routing_domains (org_id, name, id);
select manage_resource('routing_domains');
create index routing_domains_by_created_at on routing_domains (org_id, created_at, id);

create table vlan_groups (
    org_id      uuid not null,
    id          uuid not null,
    name        text not null constraint vlan_groups_name_length check (length(name) between 1 and 100),
    site_id     uuid,
    description text constraint vlan_groups_description_length check (length(description) between 1 and 1000),
    primary key (org_id, id),
    constraint vlan_groups_name_key unique (org_id, name),
    constraint vlan_groups_site_id_fkey foreign key (org_id, site_id) references sites (org_id, id)
);
create index vlan_groups_by_name on vlan_groups (org_id, name, id);
create index vlan_groups_by_site on vlan_groups (org_id, site_id);
select manage_resource('vlan_groups');
create index vlan_groups_by_created_at on vlan_groups (org_id, created_at, id);

create table vlans (
    org_id      uuid    not null,
    id          uuid    not null,
    group_id    uuid    not null,
    vid         integer not null constraint vlans_vid_range check (vid between 1 and 4094),
    name        text    not null constraint vlans_name_length check (length(name) between 1 and 64),
    description text    constraint vlans_description_length check (length(description) between 1 and 1000),
    design_id   uuid,
    status      text    not null default 'active' constraint vlans_status_check check (status in ('planned', 'active', 'reserved', 'deprecated')),
    primary key (org_id, id),
    constraint vlans_vid_key unique (org_id, group_id, vid),
    constraint vlans_name_key unique (org_id, group_id, name),
    constraint vlans_group_id_fkey foreign key (org_id, group_id) references vlan_groups (org_id, id),
    constraint vlans_design_id_fkey foreign key (org_id, design_id) references network_designs (org_id, id)
);
create index vlans_by_vid on vlans (org_id, vid, id);
create index vlans_by_name on vlans (org_id, name, id);
create index vlans_by_design on vlans (org_id, design_id);
create index vlans_by_status on vlans (org_id, status, id);
select manage_resource('vlans');
create index vlans_by_created_at on vlans (org_id, created_at, id);

create table prefixes (
    org_id            uuid not null,
    id                uuid not null,
    routing_domain_id uuid not null,
    prefix            cidr not null,
    -- The smallest one of its domain that holds it, worked out below.
    parent_id         uuid,
    role              text constraint prefixes_role_length check (length(role) between 1 and 50),
    site_id           uuid,
    vlan_id           uuid,
    description       text constraint prefixes_description_length check (length(description) between 1 and 1000),
    design_id         uuid,
    status            text not null default 'active'
        constraint prefixes_status_check check (status in ('planned', 'container', 'active', 'reserved', 'deprecated')),
    primary key (org_id, id),
    constraint prefixes_prefix_key unique (org_id, routing_domain_id, prefix),
    constraint prefixes_routing_domain_id_fkey foreign key (org_id, routing_domain_id) references routing_domains (org_id, id),
    constraint prefixes_parent_id_fkey foreign key (org_id, parent_id) references prefixes (org_id, id),
    constraint prefixes_site_id_fkey foreign key (org_id, site_id) references sites (org_id, id),
    constraint prefixes_vlan_id_fkey foreign key (org_id, vlan_id) references vlans (org_id, id),
    constraint prefixes_design_id_fkey foreign key (org_id, design_id) references network_designs (org_id, id)
);
create index prefixes_by_prefix on prefixes (org_id, prefix, id);
create index prefixes_by_parent on prefixes (org_id, parent_id, prefix);
create index prefixes_by_site on prefixes (org_id, site_id);
create index prefixes_by_vlan on prefixes (org_id, vlan_id);
create index prefixes_by_design on prefixes (org_id, design_id);
create index prefixes_by_status on prefixes (org_id, status, id);
select manage_resource('prefixes', singular => 'prefix');
create index prefixes_by_created_at on prefixes (org_id, created_at, id);

create table devices (
    org_id        uuid not null,
    id            uuid not null,
    name          text not null constraint devices_name_length check (length(name) between 1 and 64),
    role          text not null constraint devices_role_check check (role in ('router', 'firewall', 'switch', 'access_point', 'load_balancer',
        'server', 'storage', 'telephony', 'power', 'patch_panel', 'other')),
    model         text constraint devices_model_length check (length(model) between 1 and 100),
    serial_number text constraint devices_serial_number_length check (length(serial_number) between 1 and 100),
    site_id       uuid not null,
    place         text constraint devices_place_length check (length(place) between 1 and 100),
    -- What it is in another register: an asset, a fixed asset.
    resource      text constraint devices_resource_length check (length(resource) between 1 and 63),
    resource_id   uuid,
    description   text constraint devices_description_length check (length(description) between 1 and 1000),
    design_id     uuid,
    status        text not null default 'active' constraint devices_status_check check (status in ('planned', 'staged', 'active', 'offline', 'retired')),
    primary key (org_id, id),
    constraint devices_name_key unique (org_id, name),
    constraint devices_site_id_fkey foreign key (org_id, site_id) references sites (org_id, id),
    constraint devices_design_id_fkey foreign key (org_id, design_id) references network_designs (org_id, id),
    constraint a_link_names_a_resource_and_its_id check ((resource is null) = (resource_id is null))
);
create index devices_by_name on devices (org_id, name, id);
create index devices_by_site on devices (org_id, site_id, name);
create index devices_by_design on devices (org_id, design_id);
create index devices_by_role on devices (org_id, role, id);
create index devices_by_status on devices (org_id, status, id);
create index devices_by_resource on devices (org_id, resource_id);
select manage_resource('devices');
create index devices_by_created_at on devices (org_id, created_at, id);

create table interfaces (
    org_id       uuid    not null,
    id           uuid    not null,
    device_id    uuid    not null,
    name         text    not null constraint interfaces_name_length check (length(name) between 1 and 64),
    kind         text    not null constraint interfaces_kind_check check (kind in ('copper', 'fibre', 'wireless', 'virtual', 'front_port', 'rear_port', 'other')),
    enabled      boolean not null default true,
    speed_mbps   integer constraint interfaces_speed_mbps_range check (speed_mbps between 1 and 10000000),
    mac_address  text    constraint interfaces_mac_address_format check (mac_address ~ '^[0-9A-F]{2}(:[0-9A-F]{2}){5}$'),
    vlan_id      uuid,
    -- Of a front port of a patch panel: the port at its back that it is wired to, one to one. What comes in here leaves there.
    rear_port_id uuid,
    description  text    constraint interfaces_description_length check (length(description) between 1 and 1000),
    primary key (org_id, id),
    constraint interfaces_name_key unique (org_id, device_id, name),
    constraint interfaces_device_id_fkey foreign key (org_id, device_id) references devices (org_id, id),
    constraint interfaces_vlan_id_fkey foreign key (org_id, vlan_id) references vlans (org_id, id),
    constraint interfaces_rear_port_id_fkey foreign key (org_id, rear_port_id) references interfaces (org_id, id),
    constraint interfaces_rear_port_id_key unique (org_id, rear_port_id),
    constraint only_a_front_port_is_wired_to_a_rear_port check (rear_port_id is null or kind = 'front_port')
);
create index interfaces_by_name on interfaces (org_id, name, id);
create index interfaces_by_vlan on interfaces (org_id, vlan_id);
select manage_resource('interfaces');
create index interfaces_by_created_at on interfaces (org_id, created_at, id);

create table cables (
    org_id         uuid    not null,
    id             uuid    not null,
    a_interface_id uuid    not null,
    z_interface_id uuid    not null,
    kind           text    not null default 'copper' constraint cables_kind_check check (kind in ('copper', 'fibre', 'direct_attach', 'power', 'other')),
    label          text    constraint cables_label_length check (length(label) between 1 and 100),
    colour         text    constraint cables_colour_length check (length(colour) between 1 and 30),
    length_cm      integer constraint cables_length_cm_range check (length_cm between 1 and 100000000),
    description    text    constraint cables_description_length check (length(description) between 1 and 1000),
    design_id      uuid,
    status         text    not null default 'connected' constraint cables_status_check check (status in ('planned', 'connected')),
    primary key (org_id, id),
    constraint cables_a_interface_id_fkey foreign key (org_id, a_interface_id) references interfaces (org_id, id),
    constraint cables_z_interface_id_fkey foreign key (org_id, z_interface_id) references interfaces (org_id, id),
    constraint cables_design_id_fkey foreign key (org_id, design_id) references network_designs (org_id, id),
    constraint a_cable_joins_two_different_ends check (a_interface_id <> z_interface_id)
);
create index cables_by_a_end on cables (org_id, a_interface_id);
create index cables_by_z_end on cables (org_id, z_interface_id);
create index cables_by_design on cables (org_id, design_id);
create index cables_by_status on cables (org_id, status, id);
select manage_resource('cables');
create index cables_by_created_at on cables (org_id, created_at, id);

create table circuits (
    org_id            uuid    not null,
    id                uuid    not null,
    provider_id       uuid    not null,
    circuit_number    text    not null constraint circuits_circuit_number_length check (length(circuit_number) between 1 and 100),
    contract_number   text    constraint circuits_contract_number_length check (length(contract_number) between 1 and 100),
    kind              text    not null default 'internet'
        constraint circuits_kind_check check (kind in ('internet', 'leased_line', 'mpls', 'dark_fibre', 'telephony', 'mobile', 'other')),
    bandwidth_kbps    bigint  constraint circuits_bandwidth_kbps_range check (bandwidth_kbps between 1 and 10000000000),
    installed_on      date,
    contract_ends_on  date,
    notice_days       integer constraint circuits_notice_days_range check (notice_days between 0 and 3650),
    a_site_id         uuid    not null,
    z_site_id         uuid,
    a_interface_id    uuid,
    z_interface_id    uuid,
    description       text    constraint circuits_description_length check (length(description) between 1 and 1000),
    design_id         uuid,
    status            text    not null default 'active' constraint circuits_status_check check (status in ('planned', 'active', 'retired')),
    primary key (org_id, id),
    constraint circuits_circuit_number_key unique (org_id, provider_id, circuit_number),
    constraint circuits_provider_id_fkey foreign key (org_id, provider_id) references parties (org_id, id),
    constraint circuits_a_site_id_fkey foreign key (org_id, a_site_id) references sites (org_id, id),
    constraint circuits_z_site_id_fkey foreign key (org_id, z_site_id) references sites (org_id, id),
    constraint circuits_a_interface_id_fkey foreign key (org_id, a_interface_id) references interfaces (org_id, id),
    constraint circuits_z_interface_id_fkey foreign key (org_id, z_interface_id) references interfaces (org_id, id),
    constraint circuits_design_id_fkey foreign key (org_id, design_id) references network_designs (org_id, id),
    constraint a_contract_ends_after_the_line_is_installed check (contract_ends_on >= installed_on),
    constraint a_line_ends_at_two_different_interfaces check (a_interface_id <> z_interface_id),
    constraint an_interface_at_the_far_end_is_at_its_site check (z_interface_id is null or z_site_id is not null)
);
create index circuits_by_number on circuits (org_id, circuit_number, id);
create index circuits_by_a_site on circuits (org_id, a_site_id);
create index circuits_by_z_site on circuits (org_id, z_site_id);
create index circuits_by_a_end on circuits (org_id, a_interface_id);
create index circuits_by_z_end on circuits (org_id, z_interface_id);
create index circuits_by_contract_end on circuits (org_id, contract_ends_on);
create index circuits_by_design on circuits (org_id, design_id);
create index circuits_by_status on circuits (org_id, status, id);
select manage_resource('circuits');
create index circuits_by_created_at on circuits (org_id, created_at, id);

create table ip_addresses (
    org_id            uuid not null,
    id                uuid not null,
    routing_domain_id uuid not null,
    -- The smallest one of its domain that holds it.
    prefix_id         uuid not null,
    address           inet not null constraint ip_addresses_address_format check (masklen(address) = case family(address) when 4 then 32 else 128 end),
    role              text constraint ip_addresses_role_check check (role in ('loopback', 'secondary', 'anycast', 'vip')),
    dns_name          text constraint ip_addresses_dns_name_length check (length(dns_name) between 1 and 253),
    interface_id      uuid,
    description       text constraint ip_addresses_description_length check (length(description) between 1 and 1000),
    design_id         uuid,
    status            text not null default 'active'
        constraint ip_addresses_status_check check (status in ('planned', 'active', 'reserved', 'dhcp', 'deprecated')),
    primary key (org_id, id),
    constraint ip_addresses_routing_domain_id_fkey foreign key (org_id, routing_domain_id) references routing_domains (org_id, id),
    constraint ip_addresses_prefix_id_fkey foreign key (org_id, prefix_id) references prefixes (org_id, id),
    constraint ip_addresses_interface_id_fkey foreign key (org_id, interface_id) references interfaces (org_id, id),
    constraint ip_addresses_design_id_fkey foreign key (org_id, design_id) references network_designs (org_id, id)
);
-- One address is one interface's, but for those that are shared on purpose.
create unique index ip_addresses_address_key on ip_addresses (org_id, routing_domain_id, address)
    where role is null or role not in ('anycast', 'vip');
create index ip_addresses_by_address on ip_addresses (org_id, address, id);
create index ip_addresses_by_domain on ip_addresses (org_id, routing_domain_id, address);
create index ip_addresses_by_prefix on ip_addresses (org_id, prefix_id, address);
create index ip_addresses_by_interface on ip_addresses (org_id, interface_id);
create index ip_addresses_by_dns_name on ip_addresses (org_id, dns_name);
create index ip_addresses_by_design on ip_addresses (org_id, design_id);
create index ip_addresses_by_status on ip_addresses (org_id, status, id);
select manage_resource('ip_addresses', singular => 'ip_address');
create index ip_addresses_by_created_at on ip_addresses (org_id, created_at, id);

-- What of a prefix is taken, by its own addresses and by the prefixes in it, as ranges that never touch: so behind the end of a range there is
-- always a free address, and finding it is one look-up, however many are taken.
create table taken_ranges (
    org_id    uuid not null,
    prefix_id uuid not null,
    first     inet not null,
    last      inet not null,
    primary key (org_id, prefix_id, first)
);
-- How many addresses a prefix has of its own. Who takes one or gives one back takes turns at this row.
create table prefix_usages (
    org_id    uuid   not null,
    prefix_id uuid   not null,
    addresses bigint not null default 0,
    primary key (org_id, prefix_id)
);
-- Which end has what plugged in. The key is the rule that an end has one cable, or one line.
create table plugged_ends (
    org_id       uuid not null,
    interface_id uuid not null,
    cable_id     uuid,
    circuit_id   uuid,
    primary key (org_id, interface_id)
);
create index plugged_ends_by_cable on plugged_ends (org_id, cable_id);
create index plugged_ends_by_circuit on plugged_ends (org_id, circuit_id);
insert into managed_tables (name, kind) values ('taken_ranges', 'derived'), ('prefix_usages', 'derived'), ('plugged_ends', 'derived');
select separate_organizations(name) from unnest('{taken_ranges,prefix_usages,plugged_ends}'::text[]) name;
grant select on taken_ranges, prefix_usages, plugged_ends to backoffice_service;

-- Addresses and prefixes. A prefix is compared as Postgres sorts it: one that lies in another comes behind it and before its last address.

create function address_bits(net inet) returns int language sql immutable parallel safe as $$ select case family(net) when 4 then 32 else 128 end $$;
create function first_address(net inet) returns inet language sql immutable parallel safe as $$ select set_masklen(network(net)::inet, address_bits(net)) $$;
create function last_address(net inet) returns inet language sql immutable parallel safe as $$ select set_masklen(broadcast(net), address_bits(net)) $$;
-- All that an address or a prefix can lie in, itself the last of them.
create function surrounding(net inet) returns cidr[] language sql immutable parallel safe as $$
    select array_agg(network(set_masklen(net, bits))) from generate_series(0, masklen(net)) bits
$$;
-- How many addresses a prefix has: as a number, since those of IPv6 have more than fit a bigint.
create function address_count(net inet) returns numeric language sql immutable parallel safe as $$ select 2::numeric ^ (address_bits(net) - masklen(net)) $$;
-- What can be given to hosts: of IPv4 neither the network nor its broadcast address (RFC 1122 §3.2.1.3), of IPv6 not the anycast address of the
-- subnet's routers (RFC 4291 §2.6.1). Of pairs and single addresses all (RFC 3021, RFC 6164).
create function first_usable(net inet) returns inet language sql immutable parallel safe as $$
    select first_address(net) + case when masklen(net) >= address_bits(net) - 1 then 0 else 1 end
$$;
create function last_usable(net inet) returns inet language sql immutable parallel safe as $$
    select last_address(net) - case when family(net) = 6 or masklen(net) >= 31 then 0 else 1 end
$$;

-- The smallest prefix of the domain that holds it, and is not the one left out.
create function surrounding_prefix(in_org uuid, in_domain uuid, net inet, left_out uuid default null) returns uuid
    language plpgsql stable set search_path = public, pg_temp as $$
declare
    around constant cidr[] := surrounding(net);
begin
    return (select id from prefixes where org_id = in_org and routing_domain_id = in_domain and prefix = any(around)
        and id is distinct from left_out order by prefix desc limit 1);
end $$;

-- A tree of a domain changes alone; addresses come and go side by side.
create function hold_tree(in_domain uuid, alone boolean) returns void language plpgsql as $$
begin
    if alone then
        perform pg_advisory_xact_lock(hashtextextended('prefixes' || in_domain, 0));
    else
        perform pg_advisory_xact_lock_shared(hashtextextended('prefixes' || in_domain, 0));
    end if;
end $$;

-- Adds ranges that are free, joined to those that they touch.
create function fill_ranges(in_org uuid, of_prefixes uuid[], firsts inet[], lasts inet[]) returns void language plpgsql as $$
begin
    if coalesce(cardinality(firsts), 0) = 0 then return; end if;
    with added as (
        select * from unnest(of_prefixes, firsts, lasts) as added (prefix_id, first, last)
    ), before as (
        select distinct r.prefix_id, r.first, r.last from added a cross join lateral (
            select prefix_id, first, last from taken_ranges where org_id = in_org and prefix_id = a.prefix_id and first < a.first
            order by first desc limit 1) r
        where r.last + 1 = a.first
    ), behind as (
        select distinct r.prefix_id, r.first, r.last from added a cross join lateral (
            select prefix_id, first, last from taken_ranges where org_id = in_org and prefix_id = a.prefix_id and first > a.last
            order by first limit 1) r
        where r.first - 1 = a.last
    ), touched as (
        select * from before union select * from behind
    ), pieces as (
        select *, coalesce(lag(last) over (partition by prefix_id order by first) + 1 = first, false) as goes_on
        from (select * from added union all select * from touched) each
    ), numbered as (
        select *, count(*) filter (where not goes_on) over (partition by prefix_id order by first) as piece from pieces
    ), joined as (
        select prefix_id, (array_agg(first order by first))[1] as first, (array_agg(last order by first desc))[1] as last
        from numbered group by prefix_id, piece
    ), gone as (
        delete from taken_ranges r using touched t where r.org_id = in_org and r.prefix_id = t.prefix_id and r.first = t.first
            and not exists (select from joined j where j.prefix_id = t.prefix_id and j.first = t.first)
    )
    insert into taken_ranges (org_id, prefix_id, first, last) select in_org, prefix_id, first, last from joined
    on conflict (org_id, prefix_id, first) do update set last = excluded.last;
end $$;

-- Takes a range out, and cuts what lies across its ends.
create function cut_range(in_org uuid, in_prefix uuid, in_first inet, in_last inet) returns void language plpgsql as $$
declare
    from_first inet := (select first from taken_ranges where org_id = in_org and prefix_id = in_prefix and first <= in_first order by first desc limit 1);
    starts inet;
    ends inet;
begin
    select (array_agg(first order by first))[1], (array_agg(last order by first desc))[1] into starts, ends from taken_ranges
        where org_id = in_org and prefix_id = in_prefix and first >= coalesce(from_first, in_first) and first <= in_last and last >= in_first;
    if starts is null then return; end if;
    delete from taken_ranges where org_id = in_org and prefix_id = in_prefix and first >= starts and first <= in_last;
    if starts < in_first then insert into taken_ranges values (in_org, in_prefix, starts, in_first - 1); end if;
    if ends > in_last then insert into taken_ranges values (in_org, in_prefix, in_last + 1, ends); end if;
end $$;

-- Works a prefix's ranges out anew: where it moved.
create function work_ranges_out(in_org uuid, in_prefix uuid) returns void language plpgsql as $$
begin
    delete from taken_ranges where org_id = in_org and prefix_id = in_prefix;
    insert into taken_ranges (org_id, prefix_id, first, last)
    select in_org, in_prefix, (array_agg(first order by first))[1], (array_agg(last order by first desc))[1] from (
        select *, count(*) filter (where not goes_on) over (order by first) as piece from (
            select *, coalesce(lag(last) over (order by first) + 1 = first, false) as goes_on from (
                select distinct address as first, address as last from ip_addresses where org_id = in_org and prefix_id = in_prefix
                union all
                select first_address(prefix), last_address(prefix) from prefixes where org_id = in_org and parent_id = in_prefix
            ) each
        ) pieces
    ) numbered group by piece;
    insert into prefix_usages (org_id, prefix_id, addresses)
        select in_org, in_prefix, count(*) from ip_addresses where org_id = in_org and prefix_id = in_prefix
        on conflict (org_id, prefix_id) do update set addresses = excluded.addresses;
end $$;

-- What lies in a prefix that comes becomes its own.
create function adopt_into_prefix(p prefixes) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    p_first constant inet := first_address(p.prefix);
    p_last constant inet := last_address(p.prefix);
    moved bigint := 0;
begin
    update prefixes set parent_id = p.id where org_id = p.org_id and routing_domain_id = p.routing_domain_id
        and parent_id is not distinct from p.parent_id and prefix > p.prefix and prefix <= p_last and id <> p.id;
    if p.parent_id is not null then
        update ip_addresses set prefix_id = p.id where org_id = p.org_id and prefix_id = p.parent_id and address >= p_first and address <= p_last;
        get diagnostics moved = row_count;
        if moved > 0 then
            update prefix_usages set addresses = addresses - moved where org_id = p.org_id and prefix_id = p.parent_id;
        end if;
    end if;
    perform work_ranges_out(p.org_id, p.id);
    if p.parent_id is not null then
        perform cut_range(p.org_id, p.parent_id, p_first, p_last);
        perform fill_ranges(p.org_id, array[p.parent_id], array[p_first], array[p_last]);
    end if;
end $$;

-- What lay in a prefix that goes lies in what is left around it. Where what held it goes with it, whatever is left takes over what that had.
create function leave_prefix(p prefixes, left_around uuid) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    held_by uuid := coalesce((select prefix_id from prefix_usages where org_id = p.org_id and prefix_id = p.parent_id), left_around);
    moved bigint := 0;
begin
    if held_by is not null then
        perform cut_range(p.org_id, held_by, first_address(p.prefix), last_address(p.prefix));
        perform fill_ranges(p.org_id, array_agg(held_by), array_agg(first), array_agg(last))
            from taken_ranges where org_id = p.org_id and prefix_id = p.id;
    end if;
    if left_around is not null then
        update ip_addresses set prefix_id = left_around where org_id = p.org_id and prefix_id = p.id;
        get diagnostics moved = row_count;
        if moved > 0 then
            update prefix_usages set addresses = addresses + moved where org_id = p.org_id and prefix_id = left_around;
        end if;
    end if;
    update prefixes set parent_id = left_around where org_id = p.org_id and parent_id = p.id;
    delete from taken_ranges where org_id = p.org_id and prefix_id = p.id;
    delete from prefix_usages where org_id = p.org_id and prefix_id = p.id;
end $$;

-- Where the domain says so, prefixes lie in containers alone. What is planned is not there yet.
create function overlapping_prefix(p prefixes) returns cidr language plpgsql stable as $$
declare
    around constant cidr[] := surrounding(p.prefix);
    other cidr;
begin
    if not exists (select from routing_domains where org_id = p.org_id and id = p.routing_domain_id and overlap = 'refused') then return null; end if;
    select prefix into other from prefixes where org_id = p.org_id and routing_domain_id = p.routing_domain_id and prefix = any(around)
        and id <> p.id and status not in ('container', 'planned') order by prefix desc limit 1;
    if other is null and p.status not in ('container', 'planned') then
        select prefix into other from prefixes where org_id = p.org_id and routing_domain_id = p.routing_domain_id and prefix > p.prefix
            and prefix <= last_address(p.prefix) and id <> p.id and status <> 'planned' order by prefix limit 1;
    end if;
    return other;
end $$;

create function place_prefix() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    outside inet;
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'DELETE' then
        if old.org_id is not distinct from current_org() then perform hold_tree(old.routing_domain_id, true); end if;
        return old;
    end if;
    if new.routing_domain_id is null or new.prefix is null then return new; end if; -- which the table refuses
    if tg_op = 'UPDATE' then
        if new.routing_domain_id <> old.routing_domain_id then
            raise exception 'domain' using errcode = 'restrict_violation', table = 'prefixes', constraint = 'a_prefix_stays_in_its_routing_domain';
        end if;
        if new.prefix = old.prefix then return new; end if;
        perform hold_tree(new.routing_domain_id, true);
        select parent_id into old.parent_id from prefixes where org_id = new.org_id and id = new.id;
        if old.parent_id is null then
            select address into outside from ip_addresses where org_id = new.org_id and prefix_id = new.id
                and (address < first_address(new.prefix) or address > last_address(new.prefix)) order by address limit 1;
            if found then
                perform tell_fault(409, 'prefixes', '/prefix', 'addresses-outside',
                    format('would leave %s in no prefix: choose one that holds it, or remove that address first', host(outside)));
            end if;
        end if;
    else
        perform hold_tree(new.routing_domain_id, true);
    end if;
    new.parent_id := surrounding_prefix(new.org_id, new.routing_domain_id, new.prefix, new.id);
    return new;
end $$;
create trigger place_prefix before insert or update of prefix, routing_domain_id or delete on prefixes for each row execute function place_prefix();

create function settle_prefix() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    other cidr;
begin
    if tg_op = 'DELETE' then
        perform leave_prefix(old, surrounding_prefix(old.org_id, old.routing_domain_id, old.prefix));
        return null;
    elsif tg_op = 'INSERT' then
        perform adopt_into_prefix(new);
    elsif new.prefix <> old.prefix then
        perform leave_prefix(old, old.parent_id);
        perform adopt_into_prefix(new);
    end if;
    if new.status <> 'planned' and (tg_op = 'INSERT' or (new.prefix, new.status) is distinct from (old.prefix, old.status)) then
        other := overlapping_prefix(new);
        if other is not null then
            perform tell_fault(409, 'prefixes', '/prefix', 'overlaps', format(
                'overlaps %s, and this routing domain lets prefixes lie in containers alone: choose another one, or make the larger of the two a container', other));
        end if;
    end if;
    return null;
end $$;
create trigger settle_prefix after insert or update on prefixes for each row execute function settle_prefix();
-- Triggers go by their names, and this one comes before those of foreign keys (RI_…): what refers to it refers to something else then.
create trigger "Leave_prefix" after delete on prefixes for each row execute function settle_prefix();

-- A domain refuses overlaps from when there are none.
create function keep_routing_domain() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    inner_one cidr;
    outer_one cidr;
begin
    perform hold_tree(new.id, true);
    select p.prefix, o.prefix into inner_one, outer_one from prefixes p join prefixes o on o.org_id = p.org_id and o.id = p.parent_id
        where p.org_id = new.org_id and p.routing_domain_id = new.id and o.status not in ('container', 'planned') and p.status <> 'planned'
        order by p.prefix limit 1;
    if found then
        perform tell_fault(409, 'routing_domains', '/overlap', 'overlaps', format('can not be refused: %s lies in %s, which is no container', inner_one, outer_one));
    end if;
    return null;
end $$;
create trigger keep_routing_domain after update of overlap on routing_domains for each row when (new.overlap = 'refused' and old.overlap <> 'refused')
    execute function keep_routing_domain();

create function place_address() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    named prefixes;
    held prefixes;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'UPDATE' then
        if (new.address, new.routing_domain_id) is distinct from (old.address, old.routing_domain_id) then
            raise exception 'moved' using errcode = 'restrict_violation', table = 'ip_addresses', constraint = 'an_address_stays_what_it_is';
        end if;
        return new;
    end if;
    if new.prefix_id is not null then
        select * into named from prefixes where org_id = new.org_id and id = new.prefix_id;
        if not found then
            perform tell_fault(422, 'ip_addresses', '/prefix_id', 'unknown-reference', 'there is no such row in this organization');
        end if;
        if new.routing_domain_id is not null and new.routing_domain_id <> named.routing_domain_id then
            perform tell_fault(422, 'ip_addresses', '/routing_domain_id', 'another-domain', 'must be the routing domain of the prefix: leave one of them out');
        end if;
        new.routing_domain_id := named.routing_domain_id;
        if not new.address <<= named.prefix then
            perform tell_fault(422, 'ip_addresses', '/address', 'outside-its-prefix', format('must be in %s', named.prefix));
        end if;
    end if;
    if new.routing_domain_id is null or new.address is null then return new; end if; -- which the table refuses
    perform hold_tree(new.routing_domain_id, false);
    -- Prefixes sort as their tree is read: what holds an address is the last one before it, or stands above that one.
    select * into held from prefixes where org_id = new.org_id and routing_domain_id = new.routing_domain_id and prefix <= new.address
        order by prefix desc limit 1;
    while held.id is not null and not new.address <<= held.prefix loop
        select * into held from prefixes where org_id = new.org_id and id = held.parent_id;
    end loop;
    new.prefix_id := held.id;
    if new.prefix_id is null then
        if not exists (select from routing_domains where org_id = new.org_id and id = new.routing_domain_id) then
            perform tell_fault(422, 'ip_addresses', '/routing_domain_id', 'unknown-reference', 'there is no such row in this organization');
        end if;
        perform tell_fault(422, 'ip_addresses', '/address', 'outside-every-prefix', 'must be in a prefix of its routing domain: add that one first');
    end if;
    if family(new.address) = 4 and held.status <> 'container' and (new.address < first_usable(held.prefix) or new.address > last_usable(held.prefix)) then
        perform tell_fault(422, 'ip_addresses', '/address', 'not-for-hosts', format('is the network or the broadcast address of %s: choose one between', held.prefix));
    end if;
    return new;
end $$;
create trigger place_address before insert or update on ip_addresses for each row execute function place_address();

-- Both take turns at the prefix, so that each sees what the others have taken.
create function take_addresses() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform from prefix_usages u where (org_id, prefix_id) in (select org_id, prefix_id from new_rows) order by prefix_id for no key update;
    update prefix_usages u set addresses = u.addresses + n.addresses
        from (select org_id, prefix_id, count(*) as addresses from new_rows group by org_id, prefix_id) n
        where u.org_id = n.org_id and u.prefix_id = n.prefix_id;
    -- What is shared may be taken already.
    perform fill_ranges(org_id, array_agg(prefix_id), array_agg(address), array_agg(address)) from (
        select distinct n.org_id, n.prefix_id, n.address from new_rows n
        where not exists (select from (
            select r.last from taken_ranges r where r.org_id = n.org_id and r.prefix_id = n.prefix_id and r.first <= n.address
            order by r.first desc limit 1) around where around.last >= n.address)) free
        group by org_id;
    return null;
end $$;
create trigger take_addresses after insert on ip_addresses referencing new table as new_rows for each statement execute function take_addresses();

create function release_address() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    held uuid;
begin
    if tg_when = 'BEFORE' then
        if old.org_id is not distinct from current_org() then perform hold_tree(old.routing_domain_id, false); end if;
        return old;
    end if;
    held := old.prefix_id;
    perform from prefix_usages where org_id = old.org_id and prefix_id = held for no key update;
    update prefix_usages set addresses = addresses - 1 where org_id = old.org_id and prefix_id = held;
    if not exists (select from ip_addresses where org_id = old.org_id and prefix_id = held and address = old.address) then
        perform cut_range(old.org_id, held, old.address, old.address);
    end if;
    return null;
end $$;
create trigger hold_tree before delete on ip_addresses for each row execute function release_address();
create trigger release_address after delete on ip_addresses for each row execute function release_address();

-- The first address of a prefix that is free; none where it is full. The prefix is held until the transaction ends, so that nobody else gets it.
create function next_free_address(in_prefix uuid) returns inet language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    domain uuid := (select routing_domain_id from prefixes where org_id = org and id = in_prefix);
    net cidr;
    candidate inet;
    until inet;
begin
    perform hold_tree(domain, false);
    perform from prefix_usages where org_id = org and prefix_id = in_prefix for no key update;
    select prefix into net from prefixes where org_id = org and id = in_prefix;
    candidate := first_usable(net);
    select last into until from taken_ranges where org_id = org and prefix_id = in_prefix and first <= candidate order by first desc limit 1;
    if until = last_address(net) then return null; end if;
    candidate := greatest(candidate, until + 1);
    return case when candidate <= last_usable(net) then candidate end;
end $$;

-- The first prefix of that length in which nothing is taken yet.
create function next_free_prefix(in_prefix uuid, bits int) returns cidr language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    net cidr;
    free cidr;
begin
    perform hold_tree((select routing_domain_id from prefixes where org_id = org and id = in_prefix), true);
    select prefix into net from prefixes where org_id = org and id = in_prefix;
    -- The gaps: before the first range, between them, behind the last.
    select candidate into free from (
        select first_address(net) as starts, coalesce((select first - 1 from taken_ranges where org_id = org and prefix_id = in_prefix and first > first_address(net)
            order by first limit 1), last_address(net)) as ends
        where not exists (select from taken_ranges where org_id = org and prefix_id = in_prefix and first = first_address(net))
        union all
        select last + 1, coalesce(lead(first) over (order by first) - 1, last_address(net)) from taken_ranges
        where org_id = org and prefix_id = in_prefix and last < last_address(net)
    ) gap cross join lateral (
        select case when first_address(set_masklen(starts, bits)) = starts then network(set_masklen(starts, bits))
            when last_address(set_masklen(starts, bits)) < ends then network(set_masklen(last_address(set_masklen(starts, bits)) + 1, bits)) end as candidate
    ) aligned
    where candidate is not null and last_address(candidate) <= ends
    order by starts limit 1;
    return free;
end $$;

-- Ends. A cable that is connected, and a line that is there, take theirs; what is planned takes none.
create function plug_ends(in_org uuid, in_table text, in_row uuid, a uuid, z uuid) returns void language plpgsql as $$
declare
    taken jsonb;
begin
    with wanted as (
        select * from (values ('a', a), ('z', z)) ends (side, interface_id) where interface_id is not null
    ), plugged as (
        insert into plugged_ends (org_id, interface_id, cable_id, circuit_id)
        select in_org, interface_id, case in_table when 'cables' then in_row end, case in_table when 'circuits' then in_row end from wanted order by interface_id
        on conflict (org_id, interface_id) do nothing
        returning interface_id
    )
    select jsonb_agg(jsonb_build_object('pointer', '/' || side || '_interface_id', 'code', 'end-taken',
        'detail', 'has a cable or a line in it already: choose a free one, or pull that out first') order by side) into taken
        from wanted where interface_id not in (select interface_id from plugged);
    if taken is not null then
        raise exception 'taken' using errcode = 'unique_violation', table = in_table, constraint = 'an_end_has_one_cable_or_one_line',
            detail = jsonb_build_object('errors', taken);
    end if;
end $$;

create function plug_cable() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op <> 'INSERT' and old.status = 'connected' then
        delete from plugged_ends where org_id = old.org_id and cable_id = old.id;
    end if;
    if tg_op <> 'DELETE' and new.status = 'connected' then
        perform plug_ends(new.org_id, 'cables', new.id, new.a_interface_id, new.z_interface_id);
    end if;
    return null;
end $$;
create trigger plug_cable after insert or delete or update of status, a_interface_id, z_interface_id on cables for each row execute function plug_cable();

create function plug_circuit() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op <> 'INSERT' and old.status = 'active' then
        delete from plugged_ends where org_id = old.org_id and circuit_id = old.id;
    end if;
    if tg_op <> 'DELETE' and new.status = 'active' then
        perform plug_ends(new.org_id, 'circuits', new.id, new.a_interface_id, new.z_interface_id);
    end if;
    return null;
end $$;
create trigger plug_circuit after insert or delete or update of status, a_interface_id, z_interface_id on circuits for each row execute function plug_circuit();

-- What an end is: nothing is plugged into what is not there, and an end of a line is at its site.
create function keep_ends() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    row_image constant jsonb := to_jsonb(new);
    faults jsonb;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_table_name = 'circuits' and row_image ->> 'z_interface_id' is not null and row_image ->> 'z_site_id' is null then
        perform tell_fault(422, 'circuits', '/z_interface_id', 'no-site', 'needs the site that it is at: give `z_site_id`, too');
    end if;
    select jsonb_agg(jsonb_build_object('pointer', '/' || side || '_interface_id', 'code', case when i.kind = 'virtual' then 'no-socket' else 'at-another-site' end,
        'detail', case when i.kind = 'virtual' then 'is virtual: nothing can be plugged into it'
            else 'is of a device at another site than this end of the line' end) order by side) into faults
        from (values ('a'), ('z')) sides (side)
        join interfaces i on i.org_id = new.org_id and i.id = (row_image ->> (side || '_interface_id'))::uuid
        join devices d on d.org_id = i.org_id and d.id = i.device_id
        where i.kind = 'virtual' or (tg_table_name = 'circuits' and d.site_id <> (row_image ->> (side || '_site_id'))::uuid);
    if faults is not null then
        raise exception 'ends' using errcode = 'check_violation', table = tg_table_name, constraint = 'an_end_can_be_plugged_into',
            detail = jsonb_build_object('errors', faults);
    end if;
    return new;
end $$;
create trigger keep_ends before insert or update of a_interface_id, z_interface_id on cables for each row execute function keep_ends();
create trigger keep_ends before insert or update of a_interface_id, z_interface_id, a_site_id, z_site_id on circuits for each row execute function keep_ends();

create function keep_interface() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    rear interfaces;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'UPDATE' and new.kind <> old.kind then
        if new.kind = 'virtual' and exists (select from plugged_ends where org_id = new.org_id and interface_id = new.id) then
            perform tell_fault(409, 'interfaces', '/kind', 'end-taken', 'can not be virtual: a cable or a line is plugged in');
        elsif old.kind = 'rear_port' and exists (select from interfaces where org_id = new.org_id and rear_port_id = new.id) then
            perform tell_fault(409, 'interfaces', '/kind', 'wired', 'must stay a rear port: a front port is wired to it');
        end if;
    end if;
    if new.rear_port_id is not null then
        if new.kind <> 'front_port' then
            perform tell_fault(422, 'interfaces', '/rear_port_id', 'no-front-port', 'can be given of a front port alone');
        end if;
        select * into rear from interfaces where org_id = new.org_id and id = new.rear_port_id for key share;
        if found and (rear.device_id <> new.device_id or rear.kind <> 'rear_port') then
            perform tell_fault(422, 'interfaces', '/rear_port_id', 'no-rear-port', 'must be a rear port of the same device');
        end if;
    end if;
    return new;
end $$;
create trigger keep_interface before insert or update on interfaces for each row execute function keep_interface();

-- What a device is elsewhere, looked up as what hangs on something is.
create function keep_device_link() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (new.resource, new.resource_id) is not distinct from (old.resource, old.resource_id) then return new; end if;
    if new.resource is null or new.resource_id is null or new.org_id is distinct from current_org() then return new; end if;
    perform refuse_hanging('devices', 'read', new.resource, new.resource_id);
    if not hold_in_place(new.resource, new.resource_id) then
        raise exception 'no such row' using errcode = 'foreign_key_violation', table = 'devices', constraint = 'devices_resource_id_fkey';
    end if;
    return new;
end $$;
create trigger keep_device_link before insert or update on devices for each row execute function keep_device_link();

-- What belongs to a design is planned, and changes while the design is a draft; what was handed in stays as it was read. What moves on its own
-- account, as a tree does, moves.
create function keep_design_item() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    moves constant text[] := '{parent_id,prefix_id,version,updated_at,updated_by}';
    design network_designs;
begin
    if tg_op = 'DELETE' then
        if old.design_id is null or old.status <> 'planned' then return old; end if;
        select * into design from network_designs where org_id = old.org_id and id = old.design_id for share;
        if design.status in ('in_review', 'approved') then
            raise exception 'handed in' using errcode = 'restrict_violation', table = tg_table_name, constraint = 'what_a_design_holds_stays_while_it_is_reviewed';
        end if;
        return old;
    end if;
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' then
        if new.design_id is null then return new; end if;
        select * into design from network_designs where org_id = new.org_id and id = new.design_id for share;
        if not found then return new; end if; -- which the foreign key refuses
        if design.status <> 'draft' then
            perform tell_fault(409, tg_table_name, '/design_id', 'not-a-draft', format('must be a draft, and is %s: return it first', replace(design.status, '_', ' ')));
        elsif new.status <> 'planned' then
            perform tell_fault(422, tg_table_name, '/status', 'not-planned', 'must be planned: what belongs to a design is there when the design is applied');
        end if;
        return new;
    end if;
    if new.design_id is distinct from old.design_id then
        raise exception 'design' using errcode = 'restrict_violation', table = tg_table_name, constraint = 'what_belongs_to_a_design_stays_in_it';
    end if;
    if old.design_id is null or old.status <> 'planned' or to_jsonb(new) - moves = to_jsonb(old) - moves then return new; end if;
    select * into design from network_designs where org_id = old.org_id and id = old.design_id for share;
    if design.status in ('in_review', 'approved') then
        raise exception 'handed in' using errcode = 'restrict_violation', table = tg_table_name, constraint = 'what_a_design_holds_stays_while_it_is_reviewed';
    elsif design.status = 'draft' and new.status <> 'planned' then
        perform tell_fault(409, tg_table_name, '/status', 'not-planned', 'stays planned until its design is applied');
    end if;
    return new;
end $$;
create function design_tables() returns text[] language sql immutable as $$ select '{vlans,prefixes,ip_addresses,devices,cables,circuits}'::text[] $$;
do $$
declare
    of_design text;
begin
    foreach of_design in array design_tables() loop
        execute format('create trigger keep_design_item before insert or update or delete on %I for each row execute function keep_design_item()', of_design);
    end loop;
end $$;

-- What a design plans, in the order in which it would come to be, and why that does not fit any more, where it doesn't.
create function design_items(in_design uuid) returns table (place int, resource text, resource_id uuid, name text, status text, code text, fault text)
    language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
begin
    return query
    with items as (
        select 1 as kind, 'vlans' as resource, v.id, g.name || ' ' || v.vid as name, v.status,
            case when s.status = 'retired' then 'site-retired' end as code, 'is of a group at a site that is retired' as fault
        from vlans v join vlan_groups g on g.org_id = v.org_id and g.id = v.group_id left join sites s on s.org_id = g.org_id and s.id = g.site_id
        where v.org_id = org and v.design_id = in_design
        union all
        select 2, 'prefixes', p.id, text(p.prefix), p.status,
            case when s.status = 'retired' then 'site-retired' when v.status = 'deprecated' or v.status = 'planned' and v.design_id is distinct from in_design then 'vlan-not-there'
                when o.other is not null then 'overlaps' end,
            case when s.status = 'retired' then 'is at a site that is retired'
                when o.other is null then 'is on a VLAN that is not there' else format('overlaps %s, and its routing domain lets prefixes lie in containers alone', o.other) end
        from prefixes p left join sites s on s.org_id = p.org_id and s.id = p.site_id left join vlans v on v.org_id = p.org_id and v.id = p.vlan_id
            left join lateral (select overlapping_prefix(p) as other where p.status = 'planned') o on true
        where p.org_id = org and p.design_id = in_design
        union all
        select 3, 'devices', d.id, d.name, d.status, case when s.status = 'retired' then 'site-retired' end, 'is at a site that is retired'
        from devices d join sites s on s.org_id = d.org_id and s.id = d.site_id
        where d.org_id = org and d.design_id = in_design
        union all
        select 4, 'ip-addresses', a.id, host(a.address), a.status,
            case when p.status = 'planned' and p.design_id is distinct from in_design then 'prefix-not-there'
                when d.status = 'retired' or d.status = 'planned' and d.design_id is distinct from in_design then 'device-not-there' end,
            case when p.status = 'planned' and p.design_id is distinct from in_design then format('lies in %s, which is planned elsewhere', p.prefix)
                else format('is of %s, which is not there', d.name) end
        from ip_addresses a join prefixes p on p.org_id = a.org_id and p.id = a.prefix_id
            left join interfaces i on i.org_id = a.org_id and i.id = a.interface_id left join devices d on d.org_id = i.org_id and d.id = i.device_id
        where a.org_id = org and a.design_id = in_design
        union all
        select 5, 'cables', c.id, coalesce(c.label, ad.name || ' ' || ai.name || ' – ' || zd.name || ' ' || zi.name), c.status, bad.code, bad.fault
        from cables c join interfaces ai on ai.org_id = c.org_id and ai.id = c.a_interface_id join devices ad on ad.org_id = ai.org_id and ad.id = ai.device_id
            join interfaces zi on zi.org_id = c.org_id and zi.id = c.z_interface_id join devices zd on zd.org_id = zi.org_id and zd.id = zi.device_id
            left join lateral (
                select e.code, e.fault from unfit_ends(in_design, c.id, array[c.a_interface_id, c.z_interface_id]) e where c.status = 'planned' limit 1) bad on true
        where c.org_id = org and c.design_id = in_design
        union all
        select 6, 'circuits', c.id, c.circuit_number, c.status,
            case when s.status = 'retired' or z.status = 'retired' then 'site-retired' when c.contract_ends_on < today_utc() then 'contract-ended' else bad.code end,
            case when s.status = 'retired' or z.status = 'retired' then 'ends at a site that is retired'
                when c.contract_ends_on < today_utc() then format('has a contract that ended on %s', c.contract_ends_on) else bad.fault end
        from circuits c join sites s on s.org_id = c.org_id and s.id = c.a_site_id left join sites z on z.org_id = c.org_id and z.id = c.z_site_id
            left join lateral (
                select e.code, e.fault from unfit_ends(in_design, c.id, array[c.a_interface_id, c.z_interface_id]) e where c.status = 'planned' limit 1) bad on true
        where c.org_id = org and c.design_id = in_design
    )
    select row_number() over (order by i.kind, i.id)::int - 1, i.resource, i.id, i.name, i.status,
        case when i.status = 'planned' then i.code end, case when i.status = 'planned' and i.code is not null then i.fault end
    from items i order by i.kind, i.id;
end $$;

-- Why one of these ends can not be plugged into: it is taken, also by another cable or line of the design, or its device is not there.
create function unfit_ends(in_design uuid, in_row uuid, ends uuid[]) returns table (code text, fault text) language sql stable as $$
    select case when e.interface_id is not null then 'end-taken' when o.id is not null then 'end-planned-twice' else 'device-not-there' end,
        case when e.interface_id is not null then format('%s %s has a cable or a line in it already', d.name, i.name)
            when o.id is not null then format('%s %s gets another cable or line by this design', d.name, i.name)
            else format('%s, which it ends at, is not there', d.name) end
    from interfaces i join devices d on d.org_id = i.org_id and d.id = i.device_id
    left join plugged_ends e on e.org_id = i.org_id and e.interface_id = i.id and in_row is distinct from coalesce(e.cable_id, e.circuit_id)
    left join lateral (
        select c.id from cables c where c.org_id = i.org_id and c.design_id = in_design and c.id <> in_row and i.id in (c.a_interface_id, c.z_interface_id)
        union all
        select c.id from circuits c where c.org_id = i.org_id and c.design_id = in_design and c.id <> in_row and i.id in (c.a_interface_id, c.z_interface_id)
        limit 1) o on true
    where i.org_id = current_org() and i.id = any(ends)
        and (e.interface_id is not null or o.id is not null or d.status = 'retired' or d.status = 'planned' and d.design_id is distinct from in_design)
$$;

-- Applies a design that is approved: all that it plans is there from now on, or nothing is.
create function apply_design(in_design uuid) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    faults jsonb;
begin
    -- Trees first, in one order for all: nothing moves while the design is looked at.
    perform hold_tree(domain, true) from (
        select distinct routing_domain_id as domain from prefixes where org_id = org and design_id = in_design order by 1) d;
    perform from interfaces i where i.org_id = org and i.id in (
        select unnest(array[a_interface_id, z_interface_id]) from cables where org_id = org and design_id = in_design
        union select unnest(array[a_interface_id, z_interface_id]) from circuits where org_id = org and design_id = in_design) order by i.id for no key update;
    select jsonb_agg(jsonb_build_object('pointer', '/items/' || i.place, 'code', i.code, 'detail', i.name || ': ' || i.fault) order by i.place)
        into faults from design_items(in_design) i where i.code is not null;
    if faults is not null then
        raise exception 'unfit' using errcode = 'unique_violation', table = 'network_designs', constraint = 'what_a_design_plans_fits',
            detail = jsonb_build_object('errors', faults);
    end if;
    update network_designs set status = 'applied', applied_at = now() where org_id = org and id = in_design;
    update vlans set status = 'active' where org_id = org and design_id = in_design and status = 'planned';
    -- What holds others was planned to be divided.
    update prefixes p set status = case when exists (select from prefixes c where c.org_id = org and c.parent_id = p.id) then 'container' else 'active' end
        where org_id = org and design_id = in_design and status = 'planned';
    update devices set status = 'active' where org_id = org and design_id = in_design and status = 'planned';
    update ip_addresses set status = 'active' where org_id = org and design_id = in_design and status = 'planned';
    update cables set status = 'connected' where org_id = org and design_id = in_design and status = 'planned';
    update circuits set status = 'active' where org_id = org and design_id = in_design and status = 'planned';
end $$;

-- Lets a design go, and all that it plans with it.
create function discard_design(in_design uuid) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
begin
    update network_designs set status = 'discarded' where org_id = org and id = in_design;
    delete from circuits where org_id = org and design_id = in_design;
    delete from cables where org_id = org and design_id = in_design;
    delete from ip_addresses where org_id = org and design_id = in_design;
    delete from interfaces i using devices d where d.org_id = org and d.design_id = in_design and i.org_id = d.org_id and i.device_id = d.id and i.rear_port_id is not null;
    delete from interfaces i using devices d where d.org_id = org and d.design_id = in_design and i.org_id = d.org_id and i.device_id = d.id;
    delete from devices where org_id = org and design_id = in_design;
    delete from prefixes where org_id = org and design_id = in_design;
    delete from vlans where org_id = org and design_id = in_design;
end $$;

create function keep_network_design() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    drawn boolean := false;
    of_design text;
begin
    if old.status in ('applied', 'discarded') and tg_op = 'UPDATE' then
        raise exception 'over' using errcode = 'restrict_violation', table = 'network_designs', constraint = 'a_design_that_is_applied_or_discarded_stays_as_it_is';
    end if;
    if tg_op = 'DELETE' then
        if old.status <> 'draft' then
            raise exception 'not a draft' using errcode = 'restrict_violation', table = 'network_designs', constraint = 'only_a_draft_of_a_design_is_deleted_so_discard_it_instead';
        end if;
        return old;
    end if;
    if new.status = old.status and old.status <> 'draft' and (new.name, new.description, new.site_id) is distinct from (old.name, old.description, old.site_id) then
        raise exception 'handed in' using errcode = 'restrict_violation', table = 'network_designs', constraint = 'a_design_changes_while_it_is_a_draft';
    end if;
    if new.status = 'in_review' and old.status = 'draft' and not exists (select from design_items(old.id)) then
        perform tell_fault(409, 'network_designs', '', 'empty', 'plans nothing yet: add something to it first');
    end if;
    if new.status = 'approved' then
        drawn := current_actor_id() in (old.created_by, old.updated_by);
        foreach of_design in array design_tables() loop
            exit when drawn;
            execute format('select exists (select from %I where org_id = $1 and design_id = $2 and created_by = $3)', of_design)
                into drawn using old.org_id, old.id, current_actor_id();
        end loop;
        if drawn then
            raise exception 'forbidden: Nobody approves a design that they drew or handed in: ask somebody else to.' using errcode = 'insufficient_privilege';
        end if;
        new.reviewed_by := current_actor_id();
        new.reviewed_at := now();
    end if;
    return new;
end $$;
create trigger keep_network_design before update or delete on network_designs for each row execute function keep_network_design();

-- Where a signal goes from an interface: along the cable or the line in it, through a patch panel from front to rear and back, until something
-- that is no panel, or nothing, is at the other end.
create function trace_interface(in_interface uuid) returns table (hop int, via text, via_id uuid, interface_id uuid, wired_id uuid)
    language sql stable set search_path = public, pg_temp as $$
    with recursive path as (
        select 0 as hop, null::text as via, null::uuid as via_id, i.id as interface_id, i.id as leaves_by, array[i.id] as seen
        from interfaces i where i.org_id = (select current_org()) and i.id = in_interface
        union all
        select p.hop + 1, next.via, next.via_id, next.arrives, next.leaves_by, p.seen || next.arrives || next.leaves_by
        from path p cross join lateral (
            select l.via, l.via_id, l.arrives, w.id as leaves_by
            from (
                select 'cable' as via, c.id as via_id, case when c.a_interface_id = p.leaves_by then c.z_interface_id else c.a_interface_id end as arrives
                from plugged_ends e join cables c on c.org_id = e.org_id and c.id = e.cable_id
                where e.org_id = (select current_org()) and e.interface_id = p.leaves_by
                union all
                select 'circuit', c.id, case when c.a_interface_id = p.leaves_by then c.z_interface_id else c.a_interface_id end
                from plugged_ends e join circuits c on c.org_id = e.org_id and c.id = e.circuit_id
                where e.org_id = (select current_org()) and e.interface_id = p.leaves_by
            ) l
            left join interfaces i on i.org_id = (select current_org()) and i.id = l.arrives
            left join interfaces w on w.org_id = i.org_id and (i.kind = 'front_port' and w.id = i.rear_port_id or i.kind = 'rear_port' and w.rear_port_id = i.id)
        ) next
        where p.leaves_by is not null and p.hop < 200 and (next.arrives is null or next.arrives <> all (p.seen))
    )
    select hop, via, via_id, interface_id, case when leaves_by <> interface_id then leaves_by end from path order by hop
$$;

do $$
declare
    f text;
begin
    foreach f in array array['fill_ranges(uuid, uuid[], inet[], inet[])', 'cut_range(uuid, uuid, inet, inet)', 'work_ranges_out(uuid, uuid)', 'adopt_into_prefix(prefixes)',
        'leave_prefix(prefixes, uuid)', 'plug_ends(uuid, text, uuid, uuid, uuid)'] loop
        execute format('revoke all on function %s from public', f);
    end loop;
end $$;
