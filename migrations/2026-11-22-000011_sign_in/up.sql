-- Sign-in as companies expect it: second factors, links in mails, and roles that ask for a second factor.

-- Since when sign-in asks for a code; null where it does not.
alter table logins add column second_factor_enrolled_at timestamptz;
grant select (second_factor_enrolled_at) on logins to backoffice_service;
create or replace view users with (security_invoker = true) as
    select m.organization_id as org_id, l.id, l.version, l.email, l.name, l.status,
        l.home_organization_id = m.organization_id as is_managed_here, l.password_changed_at, l.created_at, l.updated_at,
        l.second_factor_enrolled_at
    from user_organizations m join logins l on l.id = m.user_id;

-- Of a login, so of no organization; reached through the functions below alone, as passwords are. Before it is confirmed
-- with a first code, the login does not know of it.
create table second_factors (
    user_id       uuid        primary key references logins (id) on delete cascade,
    key           bytea       not null constraint second_factors_key_length check (length(key) = 20),
    -- The 30 seconds, counted from 1970, whose code was taken last: none is taken twice.
    last_step     bigint      not null default 0,
    -- Guesses that count, wherever they came from: who guesses here has the password already.
    failures      int         not null default 0,
    failing_since timestamptz not null default now()
);
create table recovery_codes (
    user_id uuid  not null references second_factors (user_id) on delete cascade,
    hash    bytea not null,
    primary key (user_id, hash)
);

-- What proves for a little while that somebody gave the password (`second_factor`) or reads the mails of an address. It
-- holds for the login as it was: what changes it makes all of them void.
create table login_tokens (
    hash            bytea       primary key,
    user_id         uuid        not null references logins (id) on delete cascade,
    purpose         text        not null constraint login_tokens_purpose_check check (purpose in ('second_factor', 'password_reset', 'email_change')),
    login_version   bigint      not null,
    -- Where the sign-in goes.
    organization_id uuid,
    -- The address to be.
    email           text        constraint login_tokens_email_length check (length(email) between 3 and 254),
    expires_at      timestamptz not null
);
create index login_tokens_by_user on login_tokens (user_id, purpose);
create index login_tokens_by_age on login_tokens (expires_at);
alter table second_factors enable row level security;
alter table recovery_codes enable row level security;
alter table login_tokens enable row level security;

-- The organization says which roles ask for a second factor, the built-in ones among them.
alter table roles add column requires_second_factor boolean not null default false;
select tell_events('roles');
create or replace function keep_built_in_roles() returns trigger language plpgsql as $$
declare
    organizations_own constant text[] := '{requires_second_factor,version,updated_at,updated_by}';
begin
    if old.kind = 'built_in' and current_actor() <> 'system'
        and (tg_op = 'DELETE' or to_jsonb(new) - organizations_own <> to_jsonb(old) - organizations_own) then
        raise exception 'built in' using errcode = 'restrict_violation', constraint = 'built_in_roles_stay_as_they_are', table = 'roles';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;

-- How its user proved who they are (RFC 8176), and whether that is too little for their roles: then the session reaches
-- `me` alone. Worked out here whenever something changes that it follows from, so that `enter` needs no look-up.
alter table sessions
    add column amr text[] not null default '{}' constraint sessions_amr_length check (cardinality(amr) <= 10),
    add column awaits_second_factor boolean not null default false;
select tell_events('sessions');
create index sessions_by_end on sessions (org_id, expires_at);

create function ask_second_factor() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    new.awaits_second_factor := false;
    if new.user_id is not null and 'mfa' <> all(new.amr) then
        -- Locked, so that a role that begins to ask at the same moment finds this session, or is found by it.
        select coalesce(bool_or(requires_second_factor), false) into new.awaits_second_factor
            from (select requires_second_factor from roles where org_id = new.org_id and id = any(new.role_ids) for share) held;
    end if;
    return new;
end $$;
create trigger ask_second_factor before insert or update of role_ids, amr on sessions for each row execute function ask_second_factor();

create function ask_sessions_of_role() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update sessions set amr = amr -- the trigger above works the rest out
        where org_id = new.org_id and new.id = any(role_ids) and user_id is not null and status = 'active' and expires_at > now()
            and 'mfa' <> all(amr);
    return null;
end $$;
create trigger ask_sessions after update of requires_second_factor on roles for each row
    when (old.requires_second_factor <> new.requires_second_factor) execute function ask_sessions_of_role();

-- As before, and the caller is named to reads as well; a session that awaits a second factor reaches what is everybody's own alone.
create or replace function enter(in_org uuid, in_session uuid, in_resource text, in_verb text, in_request text, is_local boolean)
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
    select s.role_ids, s.scopes, coalesce(s.employee_id::text, '') as employee, s.user_id, s.api_client_id, s.awaits_second_factor into session
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
    elsif session.awaits_second_factor then
        answer := 'second-factor';
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
        done := set_config('app.reach',
            reach || ':' || session.employee || ':' || coalesce(session.user_id, session.api_client_id), is_local);
        if is_local then
            perform set_config('app.actor', coalesce('user:' || session.user_id, 'client:' || session.api_client_id), true),
                set_config('app.session_id', in_session::text, true), set_config('app.request_id', in_request, true);
        end if;
    end if;
    return answer;
end $$;

-- As before, and whether sign-in goes on with a second factor.
drop function find_login(text);
create function find_login(in_email text)
    returns table (user_id uuid, version bigint, password_hash text, status text, organizations jsonb, has_second_factor boolean)
    language sql stable security definer set search_path = public, pg_temp as $$
    select l.id, l.version, l.password_hash, l.status,
        (select coalesce(jsonb_agg(jsonb_build_object('id', o.organization_id, 'slug', o.slug, 'name', o.name) order by o.slug), '[]')
            from user_organizations m join organization_slugs o using (organization_id) where m.user_id = l.id),
        l.second_factor_enrolled_at is not null
    from logins l where lower(l.email) = lower(in_email)
$$;

-- As before, and who has a second factor comes in with it alone.
drop function start_session(uuid, bigint, uuid, bytea, text, text, text);
create function start_session(in_user uuid, in_version bigint, in_session uuid, in_token_hash bytea, in_address text, in_user_agent text,
    in_request text, in_amr text[])
    returns timestamptz language plpgsql security definer set search_path = public, pg_temp as $$
declare
    member memberships;
begin
    perform from logins where id = in_user and status = 'active' and version = in_version
        and (second_factor_enrolled_at is null or 'mfa' = any(in_amr)) for share;
    if not found then return null; end if;
    select * into member from memberships where org_id = current_org() and user_id = in_user and status = 'active' for share;
    if not found then return null; end if;
    perform act_as('user:' || in_user, in_session, in_request);
    insert into sessions (org_id, id, user_id, membership_id, employee_id, role_ids, address, user_agent, amr, expires_at)
        values (member.org_id, in_session, in_user, member.id, member.employee_id, member.role_ids, in_address, in_user_agent, in_amr,
            now() + interval '30 days');
    insert into refresh_tokens (org_id, hash, session_id) values (member.org_id, in_token_hash, in_session);
    return now();
end $$;

-- As before, and how the user proved who they are.
drop function renew_session(uuid, bytea, bytea, text);
create function renew_session(in_session uuid, in_token_hash bytea, in_next_hash bytea, in_request text,
    out outcome text, out out_user uuid, out out_signed_in_at timestamptz, out out_amr text[]) language plpgsql as $$
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
    select user_id, signed_in_at, amr into out_user, out_signed_in_at, out_amr from sessions
        where org_id = here and id = in_session and status = 'active' and expires_at > now() for share;
    if not found then return; end if;
    update refresh_tokens set used_at = clock_timestamp() where org_id = here and hash = in_token_hash;
    insert into refresh_tokens (org_id, hash, session_id) values (here, in_next_hash, in_session);
    outcome := 'renewed';
end $$;

-- Whether the user has one, and how many recovery codes are left.
create function find_second_factor(in_user uuid, out enrolled_at timestamptz, out codes_left bigint)
    language sql stable security definer set search_path = public, pg_temp as $$
    select (select second_factor_enrolled_at from logins where id = in_user),
        (select count(*) from recovery_codes where user_id = in_user)
$$;

-- Counts a guess before it is judged, so that of guesses sent at once no more get through than of others. After ten in
-- fifteen minutes there is nothing to judge with, but the seconds to wait.
create function begin_guess(in_user uuid, out key bytea, out last_step bigint, out wait bigint)
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    factor second_factors;
    is_running boolean;
begin
    select * into factor from second_factors where user_id = in_user for update;
    if not found then return; end if;
    is_running := factor.failing_since > now() - interval '15 minutes';
    if is_running and factor.failures >= 10 then
        wait := ceil(extract(epoch from factor.failing_since + interval '15 minutes' - now()));
        return;
    end if;
    update second_factors
        set failures = case when is_running then failures + 1 else 1 end,
            failing_since = case when is_running and failures > 0 then failing_since else now() end
        where user_id = in_user;
    key := factor.key;
    last_step := factor.last_step;
end $$;

-- Takes a code, once: the one of a step, or a recovery code. What was counted as a guess was none.
create function take_code(in_user uuid, in_step bigint, in_recovery_hash bytea) returns boolean
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if in_recovery_hash is null then
        update second_factors set last_step = in_step where user_id = in_user and last_step < in_step;
    else
        delete from recovery_codes where user_id = in_user and hash = in_recovery_hash;
    end if;
    if not found then return false; end if;
    update second_factors set failures = 0 where user_id = in_user;
    return true;
end $$;

-- A key to be confirmed. False where there is a second factor already.
create function offer_second_factor(in_user uuid, in_key bytea) returns boolean
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform from logins where id = in_user and second_factor_enrolled_at is null for no key update;
    if not found then return false; end if;
    insert into second_factors (user_id, key) values (in_user, in_key)
        on conflict (user_id) do update set key = excluded.key, last_step = 0;
    return true;
end $$;

create function renew_recovery_codes(in_user uuid, in_hashes bytea[]) returns void
    language sql security definer set search_path = public, pg_temp as $$
    delete from recovery_codes where user_id = in_user;
    insert into recovery_codes (user_id, hash) select in_user, unnest(in_hashes)
$$;

-- The key was confirmed with a code: from now on sign-in asks for one. What was begun with the password alone ends, this
-- session aside, which has seen a code. False where another key was offered meanwhile.
create function enrol_second_factor(in_user uuid, in_key bytea, in_step bigint, in_hashes bytea[], in_session uuid) returns boolean
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform from logins where id = in_user and second_factor_enrolled_at is null for no key update;
    if not found or not exists (select from second_factors where user_id = in_user and key = in_key)
        or not take_code(in_user, in_step, null) then
        return false;
    end if;
    update logins set second_factor_enrolled_at = now(), version = version + 1, updated_at = now() where id = in_user;
    perform renew_recovery_codes(in_user, in_hashes);
    perform end_sessions_of_user(in_user, in_session, 'user.updated', jsonb_build_object('second_factor_enrolled_at', null));
    update sessions set amr = amr || '{otp,mfa}' where org_id = current_org() and id = in_session and 'mfa' <> all(amr);
    return true;
end $$;

-- Sign-in asks for no code any more: the user's own doing, or their home organization's. Ends every session but `keep`,
-- which is again what the password alone makes it. False where there was none.
create function drop_second_factor(in_user uuid, keep uuid) returns boolean
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    before timestamptz;
begin
    select second_factor_enrolled_at into before from logins
        where id = in_user and second_factor_enrolled_at is not null
            and (id = current_actor_id() or home_organization_id = current_org()) for no key update;
    if not found then return false; end if;
    update logins set second_factor_enrolled_at = null, version = version + 1, updated_at = now() where id = in_user;
    delete from second_factors where user_id = in_user;
    perform end_sessions_of_user(in_user, keep, 'user.updated', jsonb_build_object('second_factor_enrolled_at', before));
    update sessions set amr = array_remove(array_remove(amr, 'otp'), 'mfa') where org_id = current_org() and id = keep;
    return true;
end $$;

-- A token for the login as it is. Of the links in mails the newest alone holds; sign-ins may run beside each other.
create function issue_login_token(in_hash bytea, in_user uuid, in_version bigint, in_purpose text, in_organization uuid, in_email text) returns boolean
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from login_tokens where user_id = in_user and purpose = in_purpose and (in_purpose <> 'second_factor' or expires_at < now());
    insert into login_tokens (hash, user_id, purpose, login_version, organization_id, email, expires_at)
        select in_hash, id, in_purpose, version, in_organization, in_email,
            now() + case in_purpose when 'second_factor' then interval '5 minutes' else interval '30 minutes' end
        from logins where id = in_user and status = 'active' and version = coalesce(in_version, version)
            -- Who signs in through an issuer, and has no password, gets none this way.
            and (in_purpose <> 'password_reset' or password_hash like '$%');
    return found;
end $$;

-- Whose token it is, if it holds.
create function find_login_token(in_hash bytea, in_purpose text) returns table (user_id uuid, login_version bigint, organization_id uuid, email text)
    language sql stable security definer set search_path = public, pg_temp as $$
    select t.user_id, t.login_version, t.organization_id, t.email
    from login_tokens t join logins l on l.id = t.user_id
    where t.hash = in_hash and t.purpose = in_purpose and t.expires_at > now() and l.version = t.login_version and l.status = 'active'
$$;

create function use_login_token(in_hash bytea) returns void language sql security definer set search_path = public, pg_temp as $$
    delete from login_tokens where hash = in_hash
$$;

create function forget_login_tokens() returns void language sql security definer set search_path = public, pg_temp as $$
    delete from login_tokens where expires_at < now()
$$;

-- A new password for who brought the token of a link, once. The user, or null where the token does not hold.
create function reset_password(in_hash bytea, in_password_hash text, in_request text) returns uuid
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    token record;
    before timestamptz;
begin
    select * into token from find_login_token(in_hash, 'password_reset');
    if not found then return null; end if;
    select password_changed_at into before from logins where id = token.user_id and version = token.login_version for no key update;
    if not found then return null; end if;
    perform use_login_token(in_hash);
    update logins set password_hash = in_password_hash, password_changed_at = now(), version = version + 1, updated_at = now()
        where id = token.user_id;
    perform act_as('user:' || token.user_id, null, in_request);
    perform end_sessions_of_user(token.user_id, null, 'user.updated', jsonb_build_object('password_changed_at', before));
    return token.user_id;
end $$;

-- The address that was confirmed by the token of a link, once. The user, or null where the token does not hold.
create function change_email(in_hash bytea, in_request text) returns uuid
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    token record;
    before text;
    here text := current_setting('app.org_id', true);
    organization uuid;
begin
    select * into token from find_login_token(in_hash, 'email_change');
    if not found then return null; end if;
    select email into before from logins where id = token.user_id and version = token.login_version for no key update;
    if not found then return null; end if;
    perform use_login_token(in_hash);
    update logins set email = token.email, version = version + 1, updated_at = now() where id = token.user_id;
    perform act_as('user:' || token.user_id, null, in_request);
    for organization in select organization_id from user_organizations where user_id = token.user_id loop
        perform set_config('app.org_id', organization::text, true);
        perform tell_of_user('user.updated', organization, token.user_id, jsonb_build_object('email', before));
    end loop;
    perform set_config('app.org_id', here, true);
    return token.user_id;
end $$;

-- Where a mail to a user goes.
create function find_address(in_user uuid, out email text, out name text)
    language sql stable security definer set search_path = public, pg_temp as $$
    select email, name from logins where id = in_user
$$;

-- The link in a mail has a token of its own, which the inviter never sees: it proves whose address it is.
create table invitation_links (
    org_id        uuid  not null,
    invitation_id uuid  not null,
    hash          bytea not null,
    primary key (org_id, invitation_id),
    constraint invitation_links_invitation_id_fkey foreign key (org_id, invitation_id) references invitations (org_id, id) on delete cascade
);
select manage_record('invitation_links');
grant select, insert, update, delete on invitation_links to backoffice_service;

-- As before, by either token.
create or replace function accept_invitation(in_invitation uuid, in_token_hash bytea, in_user uuid, in_email text, in_name text, in_password_hash text,
    in_membership uuid, in_request text) returns boolean language plpgsql as $$
declare
    invited invitations;
    here uuid := current_org();
begin
    select * into invited from invitations
        where org_id = here and id = in_invitation and status = 'open' and expires_at > now()
            and in_token_hash in (token_hash, (select l.hash from invitation_links l where l.org_id = here and l.invitation_id = in_invitation))
        for update;
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

do $$
declare
    door text;
begin
    foreach door in array array['find_login(text)', 'start_session(uuid, bigint, uuid, bytea, text, text, text, text[])',
        'find_second_factor(uuid)', 'begin_guess(uuid)', 'take_code(uuid, bigint, bytea)', 'offer_second_factor(uuid, bytea)',
        'renew_recovery_codes(uuid, bytea[])', 'enrol_second_factor(uuid, bytea, bigint, bytea[], uuid)', 'drop_second_factor(uuid, uuid)',
        'issue_login_token(bytea, uuid, bigint, text, uuid, text)', 'find_login_token(bytea, text)', 'use_login_token(bytea)',
        'forget_login_tokens()', 'reset_password(bytea, text, text)', 'change_email(bytea, text)', 'find_address(uuid)'] loop
        execute 'revoke all on function ' || door || ' from public';
        execute 'grant execute on function ' || door || ' to backoffice_service';
    end loop;
end $$;
