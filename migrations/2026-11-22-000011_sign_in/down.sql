-- The tables take their columns, indexes and triggers along.
drop function find_second_factor(uuid), begin_guess(uuid), take_code(uuid, bigint, bytea), offer_second_factor(uuid, bytea),
    renew_recovery_codes(uuid, bytea[]), enrol_second_factor(uuid, bytea, bigint, bytea[], uuid), drop_second_factor(uuid, uuid),
    issue_login_token(bytea, uuid, bigint, text, uuid, text), find_login_token(bytea, text), use_login_token(bytea),
    forget_login_tokens(), reset_password(bytea, text, text), change_email(bytea, text), find_address(uuid);

create or replace function accept_invitation(in_invitation uuid, in_token_hash bytea, in_user uuid, in_email text, in_name text, in_password_hash text,
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
drop table invitation_links;
delete from managed_tables where name = 'invitation_links';

drop function renew_session(uuid, bytea, bytea, text);
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

drop function start_session(uuid, bigint, uuid, bytea, text, text, text, text[]);
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

drop function find_login(text);
create function find_login(in_email text) returns table (user_id uuid, version bigint, password_hash text, status text, organizations jsonb)
    language sql stable security definer set search_path = public, pg_temp as $$
    select l.id, l.version, l.password_hash, l.status,
        (select coalesce(jsonb_agg(jsonb_build_object('id', o.organization_id, 'slug', o.slug, 'name', o.name) order by o.slug), '[]')
            from user_organizations m join organization_slugs o using (organization_id) where m.user_id = l.id)
    from logins l where lower(l.email) = lower(in_email)
$$;

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

drop trigger ask_sessions on roles;
drop function ask_sessions_of_role();
drop trigger ask_second_factor on sessions;
drop function ask_second_factor();
drop index sessions_by_end;
alter table sessions drop column amr, drop column awaits_second_factor;
select tell_events('sessions');
create or replace function keep_built_in_roles() returns trigger language plpgsql as $$
begin
    if old.kind = 'built_in' and current_actor() <> 'system' then
        raise exception 'built in' using errcode = 'restrict_violation', constraint = 'built_in_roles_stay_as_they_are', table = 'roles';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
alter table roles drop column requires_second_factor;
select tell_events('roles');
drop table login_tokens, recovery_codes, second_factors;
drop view users;
create view users with (security_invoker = true) as
    select m.organization_id as org_id, l.id, l.version, l.email, l.name, l.status,
        l.home_organization_id = m.organization_id as is_managed_here, l.password_changed_at, l.created_at, l.updated_at
    from user_organizations m join logins l on l.id = m.user_id;
grant select on users to backoffice_service;
alter table logins drop column second_factor_enrolled_at;

do $$
declare
    door text;
begin
    foreach door in array array['find_login(text)', 'start_session(uuid, bigint, uuid, bytea, text, text, text)'] loop
        execute 'revoke all on function ' || door || ' from public';
        execute 'grant execute on function ' || door || ' to backoffice_service';
    end loop;
end $$;
