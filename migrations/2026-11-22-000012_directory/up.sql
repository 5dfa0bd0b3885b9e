-- What a company's own directory says of its members (SCIM 2.0), the tokens that directories call with, and the issuers
-- whose sign-ins are taken (OpenID Connect).

-- Of a member, under the user's id; who came by an invitation has no row until a directory writes one. `attributes` holds
-- what RFC 7643 calls the user's attributes, but for those that stand in columns of their own.
create table directory (
    org_id      uuid  not null,
    id          uuid  not null,
    user_name   text  not null constraint directory_user_name_length check (length(user_name) between 1 and 254),
    external_id text  constraint directory_external_id_length check (length(external_id) between 1 and 254),
    attributes  jsonb not null default '{}' constraint directory_attributes_length check (length(attributes::text) <= 20000),
    primary key (org_id, id),
    constraint directory_id_fkey foreign key (org_id, id) references memberships (org_id, user_id) on delete cascade
);
create unique index directory_user_name_key on directory (org_id, lower(user_name));
create index directory_by_external_id on directory (org_id, external_id);
select manage_resource('directory', 'directory_entry', personal => '{user_name,external_id,attributes}');

-- What a directory calls a role by.
create table directory_groups (
    org_id      uuid not null,
    id          uuid not null,
    external_id text not null constraint directory_groups_external_id_length check (length(external_id) between 1 and 254),
    primary key (org_id, id),
    constraint directory_groups_id_fkey foreign key (org_id, id) references roles (org_id, id) on delete cascade
);
create index directory_groups_by_external_id on directory_groups (org_id, external_id);
select manage_record('directory_groups');
grant select, insert, update, delete on directory_groups to backoffice_service;

-- A member as their directory sees them.
create view directory_users with (security_invoker = true) as
    select m.org_id, m.user_id as id, m.id as membership_id,
        coalesce(d.user_name, l.email) as user_name, d.external_id,
        coalesce(d.attributes, jsonb_build_object('displayName', l.name,
            'emails', jsonb_build_array(jsonb_build_object('value', l.email, 'type', 'work', 'primary', true)))) as attributes,
        m.status = 'active' and l.status = 'active' as is_active,
        (select coalesce(jsonb_agg(jsonb_build_object('value', r.id, 'display', r.title, 'type', 'direct') order by r.id), '[]')
            from membership_roles h join roles r on r.org_id = h.org_id and r.id = h.role_id
            where h.org_id = m.org_id and h.membership_id = m.id) as groups,
        e.employee_number, p.name as department, b.user_id as manager_id,
        m.created_at, greatest(m.updated_at, l.updated_at, d.updated_at) as updated_at
    from memberships m
    join logins l on l.id = m.user_id
    left join directory d on d.org_id = m.org_id and d.id = m.user_id
    left join employees e on e.org_id = m.org_id and e.id = m.employee_id
    left join departments p on p.org_id = e.org_id and p.id = e.department_id
    left join memberships b on b.org_id = e.org_id and b.employee_id = e.manager_id;
grant select on directory_users to backoffice_service;

-- A role as a directory sees it.
create view directory_roles with (security_invoker = true) as
    select r.org_id, r.id, r.version, r.kind, r.title, g.external_id,
        (select coalesce(jsonb_agg(m.user_id order by m.user_id), '[]')
            from membership_roles h join memberships m on m.org_id = h.org_id and m.id = h.membership_id
            where h.org_id = r.org_id and h.role_id = r.id) as members,
        r.created_at, r.updated_at
    from roles r left join directory_groups g on g.org_id = r.org_id and g.id = r.id;
grant select on directory_roles to backoffice_service;

-- Who of the organization is called this. `lower` may leak, so row-level security would keep its indexes from being used;
-- this names the organization itself.
create function members_named(in_user_name text) returns uuid[] language sql stable security definer set search_path = public, pg_temp as $$
    select array(
        select d.id from directory d where d.org_id = current_org() and lower(d.user_name) = lower(in_user_name)
        union all
        select l.id from logins l join user_organizations o on o.user_id = l.id and o.organization_id = current_org()
        where lower(l.email) = lower(in_user_name)
            and not exists (select from directory d where d.org_id = current_org() and d.id = l.id))
$$;

-- A login for somebody whom the directory names: their own if it is at home here and belongs nowhere else, else a new one.
-- The login of another organization is never drawn in: nobody becomes a member elsewhere without having said so, and
-- whether an address has a login is not told. Such a login has no address of its own, and signs in through an issuer.
create function add_directory_login(in_id uuid, in_email text, in_name text) returns uuid
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    known logins;
    address text := coalesce(in_email, in_id || '@directory.invalid');
begin
    select * into known from logins where lower(email) = lower(address) for no key update;
    if found then
        if known.home_organization_id = current_org()
            and not exists (select from user_organizations where user_id = known.id) then
            return known.id;
        end if;
        address := in_id || '@directory.invalid';
    end if;
    -- No text has this as its hash, so no password opens it.
    insert into logins (id, email, name, password_hash, home_organization_id)
        values (in_id, address, in_name, 'none', current_org());
    return in_id;
end $$;

-- What a directory calls with, that can not renew a token every ten minutes: shown once, kept as a hash, for a session of
-- an API client that ends as every session does.
create table directory_tokens (
    org_id     uuid        not null,
    id         uuid        not null,
    hash       bytea       not null,
    created_at timestamptz not null default now(),
    primary key (org_id, id),
    constraint directory_tokens_id_fkey foreign key (org_id, id) references sessions (org_id, id) on delete cascade
);
select manage_record('directory_tokens');
grant select, insert, delete on directory_tokens to backoffice_service;

do $$
declare
    door text;
begin
    foreach door in array array['members_named(text)', 'add_directory_login(uuid, text, text)'] loop
        execute 'revoke all on function ' || door || ' from public';
        execute 'grant execute on function ' || door || ' to backoffice_service';
    end loop;
end $$;
