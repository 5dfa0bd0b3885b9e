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
    -- No text has this as its hash, so no password opens it. Of two at once with the same address, one gets it, and the
    -- other is not told.
    insert into logins (id, email, name, password_hash, home_organization_id)
        values (in_id, address, in_name, 'none', current_org()) on conflict do nothing;
    if not found then
        insert into logins (id, email, name, password_hash, home_organization_id)
            values (in_id, in_id || '@directory.invalid', in_name, 'none', current_org());
    end if;
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

-- Whose tokens an organization takes (OpenID Connect): as powerful as an owner, since whoever writes one says who is who.
create table identity_providers (
    org_id          uuid   not null,
    id              uuid   not null,
    name            text   not null constraint identity_providers_name_length check (length(name) between 1 and 100),
    issuer          text   not null constraint identity_providers_issuer_length check (length(issuer) between 1 and 500),
    audience        text   not null constraint identity_providers_audience_length check (length(audience) between 1 and 200),
    subject_claim   text   not null default 'sub' constraint identity_providers_subject_claim_format check (subject_claim ~ '^[A-Za-z][A-Za-z0-9_:/.-]{0,99}$'),
    linked_by       text   not null constraint identity_providers_linked_by_check check (linked_by in ('email', 'external_id')),
    allowed_domains text[] not null default '{}' constraint identity_providers_allowed_domains_length check (cardinality(allowed_domains) <= 50),
    status          text   not null default 'active' constraint identity_providers_status_check check (status in ('active', 'disabled')),
    primary key (org_id, id),
    constraint identity_providers_name_key unique (org_id, name)
);
select manage_resource('identity_providers');

-- Of all organizations: what a token's issuer and audience are looked up by before one is known. Read by the function
-- below alone, and kept by a trigger.
create table trusted_issuers (
    provider_id     uuid primary key,
    organization_id uuid not null,
    issuer          text not null,
    audience        text not null,
    subject_claim   text not null
);
create index trusted_issuers_by_issuer on trusted_issuers (issuer, audience);

create function list_issuer() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'DELETE' or new.status <> 'active' then
        delete from trusted_issuers where provider_id = old.id;
    else
        insert into trusted_issuers values (new.id, new.org_id, new.issuer, new.audience, new.subject_claim)
            on conflict (provider_id) do update
                set issuer = excluded.issuer, audience = excluded.audience, subject_claim = excluded.subject_claim;
    end if;
    return null;
end $$;
create trigger list_issuer after insert or update or delete on identity_providers for each row execute function list_issuer();

create function find_issuer(in_issuer text, in_audiences text[])
    returns table (provider_id uuid, organization_id uuid, audience text, subject_claim text)
    language sql stable security definer set search_path = public, pg_temp as $$
    select i.provider_id, i.organization_id, i.audience, i.subject_claim from trusted_issuers i
    where i.issuer = in_issuer and i.audience = any(in_audiences) limit 2
$$;
revoke all on function find_issuer(text, text[]) from public;
grant execute on function find_issuer(text, text[]) to backoffice_service;

-- Who a subject of an issuer is here, and the session that their tokens stand on.
create table linked_subjects (
    org_id      uuid        not null,
    provider_id uuid        not null,
    subject     text        not null constraint linked_subjects_subject_length check (length(subject) between 1 and 255),
    user_id     uuid        not null,
    session_id  uuid,
    created_at  timestamptz not null default now(),
    primary key (org_id, provider_id, subject),
    constraint linked_subjects_provider_id_fkey foreign key (org_id, provider_id) references identity_providers (org_id, id) on delete cascade,
    constraint linked_subjects_user_id_fkey foreign key (org_id, user_id) references memberships (org_id, user_id) on delete cascade
);
create index linked_subjects_by_user on linked_subjects (org_id, user_id);
create index linked_subjects_by_session on linked_subjects (org_id, session_id);
select manage_record('linked_subjects');
grant select, insert, update, delete on linked_subjects to backoffice_service;

-- What a provider says counts no more once it is disabled, changed in whom it names, or gone.
create function end_sessions_of_provider() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update sessions s set status = 'ended' from linked_subjects l
        where l.org_id = old.org_id and l.provider_id = old.id and s.org_id = l.org_id and s.id = l.session_id and s.status = 'active';
    delete from linked_subjects where org_id = old.org_id and provider_id = old.id;
    return case tg_op when 'DELETE' then old else new end;
end $$;
create trigger end_sessions before delete on identity_providers for each row execute function end_sessions_of_provider();
create trigger end_sessions_of_changed after update on identity_providers for each row
    when (new.status <> 'active' or (new.issuer, new.audience, new.subject_claim) is distinct from (old.issuer, old.audience, old.subject_claim))
    execute function end_sessions_of_provider();

-- The session of a subject whose token holds, issued at `in_issued_at`: the one before, or a new one; null where the subject
-- is nobody here. A session that was ended is not begun again by a token from before. Links are made by what the provider
-- is trusted to know; `in_match` is the verified address, or the claim that it is linked by.
create function open_linked_session(in_provider uuid, in_subject text, in_match text, in_issued_at timestamptz, in_auth_time timestamptz,
    in_session uuid, in_address text, in_user_agent text, in_request text, out out_user uuid, out out_session uuid, out at_home boolean)
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    here uuid := current_org();
    provider identity_providers;
    link linked_subjects;
    member memberships;
    session sessions;
    found_users uuid[];
    signed_in timestamptz;
begin
    select * into provider from identity_providers where org_id = here and id = in_provider and status = 'active' for share;
    if not found then return; end if;
    select * into link from linked_subjects where org_id = here and provider_id = in_provider and subject = in_subject for update;
    if not found then
        found_users := case provider.linked_by
            when 'email' then array(select l.id from logins l join memberships m on m.org_id = here and m.user_id = l.id
                where lower(l.email) = lower(in_match)
                union select d.id from directory d where d.org_id = here
                    and exists (select from jsonb_path_query(d.attributes, '$.emails[*]') e where lower(e ->> 'value') = lower(in_match)))
            when 'external_id' then array(select id from directory where org_id = here and external_id = in_match)
            else '{}' end;
        if cardinality(found_users) is distinct from 1 then return; end if;
        insert into linked_subjects (org_id, provider_id, subject, user_id) values (here, in_provider, in_subject, found_users[1])
            on conflict do nothing;
        select * into link from linked_subjects where org_id = here and provider_id = in_provider and subject = in_subject for update;
    end if;
    select m.* into member from memberships m join logins l on l.id = m.user_id
        where m.org_id = here and m.user_id = link.user_id and m.status = 'active' and l.status = 'active' for share of m;
    if not found then return; end if;
    at_home := exists (select from logins where id = member.user_id and home_organization_id = here);
    -- When they proved who they are, if the issuer says so and may speak for the login; else too long ago for what is sensitive.
    signed_in := least(coalesce(case when at_home then in_auth_time end, in_issued_at - interval '16 minutes'), now());
    select * into session from sessions where org_id = here and id = link.session_id;
    if found and session.status <> 'active' and session.updated_at >= in_issued_at then return; end if;
    if not found or session.status <> 'active' or session.expires_at < now() then
        perform act_as('user:' || member.user_id, in_session, in_request);
        insert into sessions (org_id, id, user_id, membership_id, employee_id, role_ids, address, user_agent, signed_in_at, expires_at)
            values (here, in_session, member.user_id, member.id, member.employee_id, member.role_ids, in_address, in_user_agent, signed_in, now() + interval '24 hours')
            returning * into session;
        update linked_subjects set session_id = in_session where org_id = here and provider_id = in_provider and subject = in_subject;
    elsif session.signed_in_at < signed_in and at_home and in_auth_time is not null then
        perform act_as('user:' || member.user_id, session.id, in_request);
        update sessions set signed_in_at = signed_in where org_id = here and id = session.id;
    end if;
    out_user := member.user_id;
    out_session := session.id;
end $$;
revoke all on function open_linked_session(uuid, text, text, timestamptz, timestamptz, uuid, text, text, text) from public;
grant execute on function open_linked_session(uuid, text, text, timestamptz, timestamptz, uuid, text, text, text) to backoffice_service;
