-- Who is calling: organizations, users, memberships, roles, sessions, API clients, and `enter`, which every request
-- goes through.

create table organizations (
    org_id uuid not null,
    id     uuid not null,
    slug   text not null constraint organizations_slug_format check (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
    name   text not null constraint organizations_name_length check (length(name) between 1 and 200),
    primary key (org_id, id),
    constraint organization_is_its_own check (org_id = id)
);
select manage_resource('organizations');

-- Of all organizations; what sign-in looks up before it knows one. Read by the functions below alone.
create table organization_slugs (
    slug            text primary key,
    organization_id uuid not null unique,
    name            text not null
);

-- One identity, many organizations: the only rows that belong to none. The service reads them through the functions
-- below, and through the view `users` those of its organization's members.
create table logins (
    id                   uuid        primary key,
    email                text        not null constraint logins_email_length check (length(email) between 3 and 254),
    name                 text        not null constraint logins_name_length check (length(name) between 1 and 200),
    password_hash        text        not null,
    status               text        not null default 'active' constraint logins_status_check check (status in ('active', 'disabled')),
    home_organization_id uuid        not null,
    version              bigint      not null default 1,
    password_changed_at  timestamptz not null default now(),
    created_at           timestamptz not null default now(),
    updated_at           timestamptz not null default now()
);
comment on column logins.home_organization_id is 'The organization that invited the user first, whose administrators may disable the login everywhere';
create unique index logins_email_key on logins (lower(email));
create table user_organizations (
    user_id         uuid not null references logins (id),
    organization_id uuid not null,
    primary key (user_id, organization_id)
);
create index user_organizations_by_organization on user_organizations (organization_id, user_id);
alter table logins enable row level security;
create policy members on logins to backoffice_service using (exists (
    select from user_organizations u where u.user_id = logins.id and u.organization_id = (select current_org())));
alter table user_organizations enable row level security;
create policy own_organization on user_organizations to backoffice_service using (organization_id = (select current_org()));
grant select on user_organizations to backoffice_service;
grant select (id, email, name, status, home_organization_id, version, password_changed_at, created_at, updated_at) on logins to backoffice_service;

-- A login as an organization sees it: the resource `users`.
create view users with (security_invoker = true) as
    select m.organization_id as org_id, l.id, l.version, l.email, l.name, l.status,
        l.home_organization_id = m.organization_id as is_managed_here, l.password_changed_at, l.created_at, l.updated_at
    from user_organizations m join logins l on l.id = m.user_id;
grant select on users to backoffice_service;

-- What a role allows is a part of it, so that its history tells who widened it: [{"permission": "employees:read", "reach": "org"}].
create table roles (
    org_id      uuid  not null,
    id          uuid  not null,
    name        text  not null constraint roles_name_format check (name ~ '^[a-z][a-z0-9_]{1,62}$'),
    title       text  not null constraint roles_title_length check (length(title) between 1 and 100),
    description text  constraint roles_description_length check (length(description) <= 500),
    kind        text  not null default 'custom' constraint roles_kind_check check (kind in ('built_in', 'custom')),
    permissions jsonb not null default '[]' constraint roles_permissions_type check (jsonb_typeof(permissions) = 'array'),
    primary key (org_id, id),
    constraint roles_name_key unique (org_id, name)
);
create index roles_by_title on roles (org_id, title, id);
select manage_resource('roles');

-- The same where `enter` looks it up, and the scopes of API clients beside it: kept by triggers alone.
create table role_permissions (
    org_id   uuid not null,
    role_id  uuid not null,
    resource text not null,
    verb     text not null,
    reach    text not null constraint role_permissions_reach_check check (reach in ('own', 'team', 'org')),
    primary key (org_id, role_id, resource, verb)
);
comment on column role_permissions.role_id is 'The role, or the API client, which is a role to itself';
insert into managed_tables (name, kind) values ('role_permissions', 'derived');
select separate_organizations('role_permissions');
grant select on role_permissions to backoffice_service;

create table memberships (
    org_id      uuid   not null,
    id          uuid   not null,
    user_id     uuid   not null,
    -- The employee that the login belongs to. The room of people adds the foreign key.
    employee_id uuid,
    role_ids    uuid[] not null default '{}' constraint memberships_role_ids_length check (cardinality(role_ids) <= 20),
    status      text   not null default 'active' constraint memberships_status_check check (status in ('active', 'suspended')),
    primary key (org_id, id),
    constraint memberships_user_id_key unique (org_id, user_id),
    constraint memberships_employee_id_key unique (org_id, employee_id),
    constraint memberships_user_id_fkey foreign key (user_id) references logins (id)
);
select manage_resource('memberships');

-- `role_ids` once more, so that a role in use can not go: kept by a trigger alone.
create table membership_roles (
    org_id        uuid not null,
    membership_id uuid not null,
    role_id       uuid not null,
    primary key (org_id, membership_id, role_id),
    constraint membership_roles_membership_id_fkey foreign key (org_id, membership_id) references memberships (org_id, id) on delete cascade,
    constraint membership_roles_role_ids_fkey foreign key (org_id, role_id) references roles (org_id, id)
);
create index membership_roles_by_role on membership_roles (org_id, role_id);
insert into managed_tables (name, kind) values ('membership_roles', 'derived');
select separate_organizations('membership_roles');
grant select on membership_roles to backoffice_service;

create table api_clients (
    org_id            uuid        not null,
    id                uuid        not null,
    name              text        not null constraint api_clients_name_length check (length(name) between 1 and 100),
    scopes            text[]      not null constraint api_clients_scopes_length check (cardinality(scopes) between 1 and 1000),
    status            text        not null default 'active' constraint api_clients_status_check check (status in ('active', 'disabled')),
    expires_at        timestamptz,
    secret_changed_at timestamptz not null default now(),
    primary key (org_id, id),
    constraint api_clients_name_key unique (org_id, name)
);
select manage_resource('api_clients');

-- Two at a time, so that a secret is replaced without a gap. Only hashes are kept.
create table api_client_secrets (
    org_id        uuid        not null,
    id            uuid        not null,
    api_client_id uuid        not null,
    slot          smallint    not null constraint api_client_secrets_slot_range check (slot in (1, 2)),
    hash          bytea       not null,
    created_at    timestamptz not null default clock_timestamp(),
    last_used_at  timestamptz,
    primary key (org_id, id),
    constraint api_client_secrets_slot_key unique (org_id, api_client_id, slot),
    constraint api_client_secrets_api_client_id_fkey foreign key (org_id, api_client_id) references api_clients (org_id, id) on delete cascade
);
select manage_record('api_client_secrets');
grant select, insert, update, delete on api_client_secrets to backoffice_service;

create table invitations (
    org_id      uuid        not null,
    id          uuid        not null,
    email       text        not null constraint invitations_email_length check (length(email) between 3 and 254),
    role_ids    uuid[]      not null constraint invitations_role_ids_length check (cardinality(role_ids) between 1 and 20),
    employee_id uuid,
    status      text        not null default 'open' constraint invitations_status_check check (status in ('open', 'accepted', 'revoked')),
    token_hash  bytea       not null,
    expires_at  timestamptz not null,
    primary key (org_id, id)
);
create unique index invitations_email_key on invitations (org_id, lower(email)) where status = 'open';
select manage_resource('invitations', secret => '{token_hash}', personal => '{email}');

-- A session is what a token stands on: it ends here, and the next request knows. `role_ids` and `employee_id` are the
-- membership's, copied by triggers, so that `enter` needs one row and no join.
create table sessions (
    org_id        uuid        not null,
    id            uuid        not null,
    user_id       uuid,
    membership_id uuid,
    api_client_id uuid,
    employee_id   uuid,
    role_ids      uuid[]      not null,
    -- Of a client's token that asked for fewer scopes than the client has: `resource:verb`. Null is all of them.
    scopes        text[],
    address       text,
    user_agent    text,
    signed_in_at  timestamptz not null default now(),
    -- 30 days after a user's sign-in; a refresh token that nobody uses for 7 days ends it earlier.
    expires_at    timestamptz not null,
    status        text        not null default 'active' constraint sessions_status_check check (status in ('active', 'ended')),
    primary key (org_id, id),
    constraint sessions_membership_id_fkey foreign key (org_id, membership_id) references memberships (org_id, id) on delete cascade,
    constraint sessions_api_client_id_fkey foreign key (org_id, api_client_id) references api_clients (org_id, id) on delete cascade,
    constraint session_is_of_a_user_or_a_client check (num_nonnulls(membership_id, api_client_id) = 1 and num_nonnulls(user_id, api_client_id) = 1)
);
create index sessions_by_membership on sessions (org_id, membership_id, status);
create index sessions_by_api_client on sessions (org_id, api_client_id, status);
create index sessions_by_user on sessions (org_id, user_id, id);
select manage_resource('sessions', personal => '{address,user_agent}');

-- Every refresh token ever given in a session: one that comes twice was stolen, and ends it.
create table refresh_tokens (
    org_id     uuid        not null,
    hash       bytea       not null,
    session_id uuid        not null,
    created_at timestamptz not null default now(),
    used_at    timestamptz,
    primary key (org_id, hash),
    constraint refresh_tokens_session_id_fkey foreign key (org_id, session_id) references sessions (org_id, id) on delete cascade
);
create index refresh_tokens_by_session on refresh_tokens (org_id, session_id, created_at);
select manage_record('refresh_tokens');
grant select, insert, update, delete on refresh_tokens to backoffice_service;

create table signing_keys (
    id          uuid        primary key,
    private_key bytea       not null,
    public_key  bytea       not null,
    created_at  timestamptz not null default now(),
    -- From then on it signs nothing; it verifies until the last token it signed has run out.
    retired_at  timestamptz
);
grant select on signing_keys to backoffice_service;

-- What a role allows, where `enter` reads it.
create function keep_role_permissions() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op <> 'INSERT' then
        delete from role_permissions p using old_rows o where p.org_id = o.org_id and p.role_id = o.id;
    end if;
    if tg_op <> 'DELETE' then
        insert into role_permissions (org_id, role_id, resource, verb, reach)
        select n.org_id, n.id, split_part(held.permission, ':', 1), split_part(held.permission, ':', 2), held.reach
        from new_rows n, permissions_of(to_jsonb(n)) held;
    end if;
    return null;
end $$;

-- The permissions of a role's or an API client's row.
create function permissions_of(row_image jsonb) returns table (permission text, reach text) language sql immutable parallel safe as $$
    select held ->> 'permission', held ->> 'reach' from jsonb_array_elements(row_image -> 'permissions') held
    union all
    select scope, 'org' from jsonb_array_elements_text(row_image -> 'scopes') scope
$$;

do $$
declare
    holder text;
begin
    foreach holder in array array['roles', 'api_clients'] loop
        execute format('create trigger keep_permissions_insert after insert on %I referencing new table as new_rows
            for each statement execute function keep_role_permissions()', holder);
        execute format('create trigger keep_permissions_update after update on %I referencing old table as old_rows new table as new_rows
            for each statement execute function keep_role_permissions()', holder);
        execute format('create trigger keep_permissions_delete after delete on %I referencing old table as old_rows
            for each statement execute function keep_role_permissions()', holder);
    end loop;
end $$;

-- Named so that it runs before `keep_an_owner`, which looks at the result.
create function hold_roles() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into membership_roles (org_id, membership_id, role_id)
        select distinct new.org_id, new.id, role_id from unnest(new.role_ids) role_id on conflict do nothing;
    delete from membership_roles where org_id = new.org_id and membership_id = new.id and role_id <> all(new.role_ids);
    return null;
end $$;
create trigger hold_roles after insert or update of role_ids on memberships for each row execute function hold_roles();

-- Built-in roles are the program's; only an upgrade changes them.
create function keep_built_in_roles() returns trigger language plpgsql as $$
begin
    if old.kind = 'built_in' and current_actor() <> 'system' then
        raise exception 'built in' using errcode = 'restrict_violation', constraint = 'built_in_roles_stay_as_they_are', table = 'roles';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
create trigger built_in before update or delete on roles for each row execute function keep_built_in_roles();

-- Nobody grants more than they have. Whoever links a login to a person must hold for everybody what its roles hold
-- for that person and for those who report to them.
create function refuse_beyond_own() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    roles_given uuid[] := '{}';
    roles_linked uuid[] := '{}';
    before jsonb := case tg_op when 'UPDATE' then to_jsonb(old) else '{}' end;
    beyond text;
begin
    if current_actor() = 'system' then return new; end if;
    if tg_table_name in ('memberships', 'invitations') then
        roles_given := array(select unnest(new.role_ids) except select value::uuid from jsonb_array_elements_text(before -> 'role_ids'));
        if exists (select unnest(roles_given) except select id from roles where org_id = new.org_id) then
            raise exception 'no such role' using errcode = 'foreign_key_violation', table = tg_table_name, constraint = tg_table_name || '_role_ids_fkey';
        end if;
        if new.employee_id is not null and (new.employee_id::text is distinct from before ->> 'employee_id' or roles_given <> '{}') then
            roles_linked := new.role_ids;
        end if;
    elsif tg_table_name = 'api_clients' and to_jsonb(new) ->> 'secret_changed_at' is distinct from before ->> 'secret_changed_at' then
        before := '{}'; -- whoever is told a secret can do all that it opens
    end if;
    select string_agg(format('`%s` (%s)', permission, reach), ', ' order by permission) into beyond
    from (
        select permission, reach from permissions_of(to_jsonb(new)) except select permission, reach from permissions_of(before)
        union
        select resource || ':' || verb, reach from role_permissions where org_id = new.org_id and role_id = any(roles_given)
        union
        select resource || ':' || verb, 'org' from role_permissions where org_id = new.org_id and role_id = any(roles_linked) and reach <> 'org'
    ) wanted
    where not exists (
        select from sessions s join role_permissions held on held.org_id = s.org_id and held.role_id = any(s.role_ids)
        where s.org_id = new.org_id and s.id = (select current_session())
            and held.resource || ':' || held.verb = wanted.permission
            and array_position('{own,team,org}', held.reach) >= array_position('{own,team,org}', wanted.reach)
            and (s.scopes is null or wanted.permission = any(s.scopes)));
    if beyond is not null then
        raise exception 'forbidden: Nobody grants more than they have, and you do not hold %.', beyond using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger refuse_beyond_own before insert or update of permissions on roles for each row execute function refuse_beyond_own();
create trigger refuse_beyond_own before insert or update of role_ids, employee_id on memberships for each row execute function refuse_beyond_own();
create trigger refuse_beyond_own before insert or update of role_ids, employee_id on invitations for each row execute function refuse_beyond_own();
create trigger refuse_beyond_own before insert or update of scopes, secret_changed_at on api_clients for each row execute function refuse_beyond_own();

-- What a session may do is copied where `enter` reads it.
create function refresh_sessions_of_membership() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status <> 'active' then
        update sessions set status = 'ended' where org_id = new.org_id and membership_id = new.id and status = 'active';
    elsif (new.role_ids, new.employee_id) is distinct from (old.role_ids, old.employee_id) then
        update sessions set role_ids = new.role_ids, employee_id = new.employee_id
            where org_id = new.org_id and membership_id = new.id and status = 'active';
    end if;
    return null;
end $$;
create trigger refresh_sessions after update on memberships for each row execute function refresh_sessions_of_membership();

create function end_sessions_of_api_client() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update sessions set status = 'ended' where org_id = new.org_id and api_client_id = new.id and status = 'active';
    return null;
end $$;
create trigger end_sessions after update of status on api_clients for each row when (new.status <> 'active') execute function end_sessions_of_api_client();

-- The directories that sign-in reads follow the resources.
create function list_organization() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into organization_slugs (slug, organization_id, name) values (new.slug, new.id, new.name)
        on conflict (organization_id) do update set slug = excluded.slug, name = excluded.name;
    return null;
end $$;
create trigger list_organization after insert or update on organizations for each row execute function list_organization();

create function list_membership() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        delete from user_organizations where user_id = old.user_id and organization_id = old.org_id;
    else
        insert into user_organizations (user_id, organization_id) values (new.user_id, new.org_id) on conflict do nothing;
        perform tell_of_user('user.created', new.org_id, new.user_id, null);
    end if;
    return null;
end $$;
create trigger list_membership after insert or delete on memberships for each row execute function list_membership();

-- A login has no organization, so each that knows the user is told of a change on its own.
create function tell_of_user(in_type text, in_org uuid, in_user uuid, before jsonb) returns void language sql as $$
    insert into events (org_id, type, resource, resource_id, version, changes)
    select u.org_id, in_type, 'users', u.id, u.version, coalesce((
        select jsonb_object_agg(key, jsonb_build_object('after', value, 'before', coalesce(before -> key, 'null'))
            || case when key in ('email', 'name') then '{"personal": true}' else '{}' end::jsonb)
        from jsonb_each(to_jsonb(u))
        where key not in ('org_id', 'version', 'updated_at') and case when before is null then value <> 'null' else value <> before -> key end), '{}')
    from users u
    where u.org_id = in_org and u.id = in_user
$$;

-- Somebody must be able to let the others in. Only who gives up the owner's role could have been the last.
create function ensure_owner(org uuid, given_up uuid[]) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    owner_role uuid;
begin
    select id into owner_role from roles
        where org_id = org and name = 'owner' and kind = 'built_in' and id = any(given_up) for no key update;
    if owner_role is not null and not exists (
        select from membership_roles r
        join memberships m on m.org_id = r.org_id and m.id = r.membership_id
        join logins l on l.id = m.user_id
        where r.org_id = org and r.role_id = owner_role and m.status = 'active' and l.status = 'active') then
        raise exception 'the last owner' using errcode = 'restrict_violation', constraint = 'an_organization_keeps_its_last_owner', table = 'memberships';
    end if;
end $$;

create function keep_an_owner() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_table_name = 'memberships' then
        perform ensure_owner(old.org_id, old.role_ids);
    else
        perform ensure_owner(old.org_id, array[old.role_id]);
    end if;
    return null;
end $$;
create trigger keep_an_owner after delete on membership_roles for each row execute function keep_an_owner();
create trigger keep_an_owner after update of status or delete on memberships for each row execute function keep_an_owner();

-- The door. Names the organization to the connection (or the transaction) and says what the caller may do with
-- `in_resource`: the employee they are and the verbs they hold, as 'employee verb=reach verb=reach'; a verb that several
-- roles give comes as often, and the widest reach counts. Null where the session is over. Where `in_verb` is not among
-- them nothing stays named, so that the query behind sees nothing.
-- It runs as the service, under row-level security like everything else, and with every request: see bench/README.md.
create function enter(in_org uuid, in_session uuid, in_resource text, in_verb text, in_request text, is_local boolean)
    returns text language plpgsql volatile as $$
declare
    widths constant text[] := '{own,team,org}';
    session record;
    role uuid;
    held record;
    answer text;
    reach text;
    done text;
begin
    done := set_config('app.org_id', in_org::text, is_local);
    select s.role_ids, s.scopes, coalesce(s.employee_id::text, '') as employee, s.user_id, s.api_client_id into session
        from sessions s
        where s.org_id = in_org and s.id = in_session and s.status = 'active' and s.expires_at > now();
    if not found then
        done := set_config('app.org_id', '', is_local);
        return null;
    end if;
    answer := session.employee || ' ';
    if in_resource = 'me' then -- what is everybody's own: their sessions, their password
        answer := answer || 'read=own write=own';
        reach := 'own';
    else
        -- Each role is one look-up by key, and few have more than one. Over all at once, the planner scans.
        foreach role in array session.role_ids loop
            for held in
                select r.verb, r.reach from role_permissions r
                where r.org_id = in_org and r.role_id = role and r.resource = in_resource
                    and (session.scopes is null or in_resource || ':' || r.verb = any(session.scopes))
            loop
                answer := answer || held.verb || '=' || held.reach || ' ';
                if held.verb = in_verb and (reach is null or array_position(widths, held.reach) > array_position(widths, reach)) then
                    reach := held.reach;
                end if;
            end loop;
        end loop;
    end if;
    if reach is null then
        done := set_config('app.org_id', '', is_local);
    else
        done := set_config('app.reach', reach || ':' || session.employee, is_local);
        if is_local then
            perform set_config('app.actor', coalesce('user:' || session.user_id, 'client:' || session.api_client_id), true),
                set_config('app.session_id', in_session::text, true), set_config('app.request_id', in_request, true);
        end if;
    end if;
    return answer;
end $$;

-- What the caller may read in the whole organization: the feed shows no other resource's events.
create function readable_resources(in_session uuid) returns text[] language sql stable as $$
    select coalesce(array_agg(distinct r.resource), '{}')
    from sessions s join role_permissions r on r.org_id = s.org_id and r.role_id = any(s.role_ids)
    where s.org_id = (select current_org()) and s.id = in_session and r.verb = 'read' and r.reach = 'org'
        and (s.scopes is null or r.resource || ':read' = any(s.scopes))
$$;

-- Sign-in, before any organization is named. Each answers one question and shows no more than it needs.
create function find_login(in_email text) returns table (user_id uuid, version bigint, password_hash text, status text, organizations jsonb)
    language sql stable security definer set search_path = public, pg_temp as $$
    select l.id, l.version, l.password_hash, l.status,
        (select coalesce(jsonb_agg(jsonb_build_object('id', o.organization_id, 'slug', o.slug, 'name', o.name) order by o.slug), '[]')
            from user_organizations m join organization_slugs o using (organization_id) where m.user_id = l.id)
    from logins l where lower(l.email) = lower(in_email)
$$;

create function find_password(in_user uuid) returns text language sql stable security definer set search_path = public, pg_temp as $$
    select password_hash from logins where id = in_user
$$;

create function add_login(in_id uuid, in_email text, in_name text, in_password_hash text) returns void
    language sql security definer set search_path = public, pg_temp as $$
    insert into logins (id, email, name, password_hash, home_organization_id)
        values (in_id, in_email, in_name, in_password_hash, current_org())
$$;

-- What sign-in changes is the doing of whom it lets in.
create function act_as(in_actor text, in_session uuid, in_request text) returns void language sql as $$
    select set_config('app.actor', in_actor, true), set_config('app.session_id', coalesce(in_session::text, ''), true),
        set_config('app.request_id', in_request, true)
$$;

-- Begins a session with its first refresh token, if the login is still as it was when its password was checked and
-- the membership holds. Both are locked, so that what ends sessions meanwhile sees this one or stops it.
create function start_session(in_user uuid, in_version bigint, in_session uuid, in_token_hash bytea, in_address text, in_user_agent text, in_request text)
    returns timestamptz language plpgsql security definer set search_path = public, pg_temp as $$
declare
    member memberships;
begin
    perform from logins where id = in_user and status = 'active' and version = in_version for share;
    if not found then return null; end if;
    select * into member from memberships where org_id = current_org() and user_id = in_user and status = 'active' for share;
    if not found then return null; end if;
    perform act_as('user:' || in_user, in_session, in_request);
    insert into sessions (org_id, id, user_id, membership_id, employee_id, role_ids, address, user_agent, expires_at)
        values (member.org_id, in_session, in_user, member.id, member.employee_id, member.role_ids, in_address, in_user_agent, now() + interval '30 days');
    insert into refresh_tokens (org_id, hash, session_id) values (member.org_id, in_token_hash, in_session);
    return now();
end $$;

-- Takes a refresh token and puts the next in its place: 'renewed', 'over' or 'reused'. A token that comes a second
-- time ends the session, unless both were on their way at once: then the second has only lost the race.
create function renew_session(in_session uuid, in_token_hash bytea, in_next_hash bytea, in_request text,
    out outcome text, out out_user uuid, out out_signed_in_at timestamptz) language plpgsql as $$
declare
    token refresh_tokens;
    here uuid := current_org();
begin
    outcome := 'over';
    select * into token from refresh_tokens where org_id = here and hash = in_token_hash and session_id = in_session for update;
    if not found or token.created_at < now() - interval '7 days' then return; end if;
    if token.used_at is not null then
        if token.used_at < now() then
            perform act_as('system', in_session, in_request);
            update sessions set status = 'ended' where org_id = here and id = in_session and status = 'active';
            outcome := 'reused';
        end if;
        return;
    end if;
    select user_id, signed_in_at into out_user, out_signed_in_at from sessions
        where org_id = here and id = in_session and status = 'active' and expires_at > now() for share;
    if not found then return; end if;
    update refresh_tokens set used_at = clock_timestamp() where org_id = here and hash = in_token_hash;
    insert into refresh_tokens (org_id, hash, session_id) values (here, in_next_hash, in_session);
    outcome := 'renewed';
end $$;

-- A client's token stands on a session of its own, as long as the token and a little longer.
create function start_client_session(in_client uuid, in_secret_hash bytea, in_scopes text[], in_session uuid, in_address text, in_user_agent text,
    in_request text, out outcome text, out granted text[], out out_signed_in_at timestamptz) language plpgsql as $$
declare
    client api_clients;
    here uuid := current_org();
begin
    outcome := 'invalid_client';
    select * into client from api_clients
        where org_id = here and id = in_client and status = 'active' and (expires_at is null or expires_at > now()) for share;
    if not found then return; end if;
    update api_client_secrets set last_used_at = now() where org_id = here and api_client_id = in_client and hash = in_secret_hash;
    if not found then return; end if;
    if not coalesce(in_scopes, client.scopes) <@ client.scopes then
        outcome := 'invalid_scope';
        return;
    end if;
    perform act_as('client:' || in_client, in_session, in_request);
    insert into sessions (org_id, id, api_client_id, role_ids, scopes, address, user_agent, expires_at)
        values (here, in_session, in_client, array[in_client], in_scopes, in_address, in_user_agent,
            least(now() + interval '11 minutes', client.expires_at));
    outcome := 'granted';
    granted := coalesce(in_scopes, client.scopes);
    out_signed_in_at := now();
end $$;

-- The invited becomes a member: with a login of their own or, where `in_password_hash` is given, a new one.
create function accept_invitation(in_invitation uuid, in_token_hash bytea, in_user uuid, in_email text, in_name text, in_password_hash text,
    in_membership uuid, in_request text) returns boolean language plpgsql as $$
declare
    invited invitations;
    here uuid := current_org();
begin
    select * into invited from invitations
        where org_id = here and id = in_invitation and token_hash = in_token_hash and status = 'open' and expires_at > now() for update;
    if not found then return false; end if;
    if in_password_hash is not null then
        perform add_login(in_user, in_email, in_name, in_password_hash);
    end if;
    -- Still the system's doing: the grant was checked when the inviter made it.
    perform act_as('system', null, in_request);
    insert into memberships (org_id, id, user_id, employee_id, role_ids, created_by)
        values (here, in_membership, in_user, invited.employee_id,
            array(select id from roles where org_id = here and id = any(invited.role_ids) order by id), in_user);
    update invitations set status = 'accepted' where org_id = here and id = in_invitation;
    return true;
end $$;

-- Ends every session of the user, in all organizations, except `keep`, and tells each organization of the change.
create function end_sessions_of_user(in_user uuid, keep uuid, in_type text, before jsonb) returns void
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    here text := current_setting('app.org_id', true);
    organization uuid;
begin
    for organization in select organization_id from user_organizations where user_id = in_user loop
        perform set_config('app.org_id', organization::text, true);
        perform tell_of_user(in_type, organization, in_user, before);
        update sessions set status = 'ended'
            where org_id = organization and user_id = in_user and status = 'active' and id is distinct from keep;
    end loop;
    perform set_config('app.org_id', here, true);
end $$;

-- False where the password is no longer the one that was checked.
create function change_password(in_user uuid, in_present_hash text, in_password_hash text, keep_session uuid) returns boolean
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    before timestamptz;
begin
    select password_changed_at into before from logins where id = in_user and password_hash = in_present_hash for no key update;
    if not found then return false; end if;
    update logins set password_hash = in_password_hash, password_changed_at = now(), version = version + 1, updated_at = now()
        where id = in_user;
    perform end_sessions_of_user(in_user, keep_session, 'user.updated', jsonb_build_object('password_changed_at', before));
    return true;
end $$;

-- Only the organization that the login calls home may do this to it. The version it has then, or null.
create function set_user_status(in_user uuid, in_version bigint, in_status text) returns bigint
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    version_now bigint;
    before text;
    here text := current_setting('app.org_id', true);
    organization uuid;
begin
    select status into before from logins
        where id = in_user and home_organization_id = current_org() and version = in_version and status <> in_status for no key update;
    if not found then return null; end if;
    update logins set status = in_status, version = version + 1, updated_at = now() where id = in_user returning version into version_now;
    if in_status = 'active' then
        perform tell_of_user('user.active', organization_id, in_user, jsonb_build_object('status', before))
            from user_organizations where user_id = in_user and organization_id = current_org();
    else
        perform end_sessions_of_user(in_user, null, 'user.' || in_status, jsonb_build_object('status', before));
        -- In every organization, not at home alone: each keeps an owner who can sign in.
        for organization in select organization_id from user_organizations where user_id = in_user loop
            perform set_config('app.org_id', organization::text, true);
            perform ensure_owner(organization, (select role_ids from memberships where org_id = organization and user_id = in_user));
        end loop;
        perform set_config('app.org_id', here, true);
    end if;
    return version_now;
end $$;

create function list_organizations() returns setof uuid language sql stable security definer set search_path = public, pg_temp as $$
    select organization_id from organization_slugs order by slug
$$;

-- Whose built-in roles are not these: the others are left alone when the program starts, however many they are.
create function organizations_with_other_roles(built_in jsonb) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp as $$
    with b as materialized (select * from jsonb_to_recordset(built_in) b (name text, title text, description text, permissions jsonb))
    select o.organization_id from organization_slugs o
    where exists (select from b where not exists (select from roles r where r.org_id = o.organization_id and r.name = b.name
        and (r.kind <> 'built_in' or (r.title, r.description, r.permissions) = (b.title, b.description, b.permissions))))
    order by o.slug
$$;

create function find_organization(in_slug text) returns uuid language sql stable security definer set search_path = public, pg_temp as $$
    select organization_id from organization_slugs where slug = in_slug
$$;

do $$
declare
    door text;
begin
    foreach door in array array['find_login(text)', 'find_password(uuid)', 'add_login(uuid, text, text, text)',
        'start_session(uuid, bigint, uuid, bytea, text, text, text)', 'change_password(uuid, text, text, uuid)',
        'set_user_status(uuid, bigint, text)', 'list_organizations()',
        'organizations_with_other_roles(jsonb)', 'find_organization(text)'] loop
        execute 'revoke all on function ' || door || ' from public';
        execute 'grant execute on function ' || door || ' to backoffice_service';
    end loop;
    -- Behind the doors above alone.
    revoke all on function end_sessions_of_user(uuid, uuid, text, jsonb), ensure_owner(uuid, uuid[]) from public;
end $$;
