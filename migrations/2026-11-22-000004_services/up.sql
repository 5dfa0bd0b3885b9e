-- What the services of all rooms stand on: who is calling in reads too, and what hangs on another resource.

-- `app.reach` is told whole by one call: the reach, the employee that the caller is, and the caller.
-- The user or the API client who calls; null for the system.
create function current_caller() returns uuid language sql stable parallel safe
    as $$ select nullif(split_part(current_setting('app.reach', true), ':', 3), '')::uuid $$;

-- As before, and the caller is named to reads as well.
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
        done := set_config('app.reach',
            reach || ':' || session.employee || ':' || coalesce(session.user_id, session.api_client_id), is_local);
        if is_local then
            perform set_config('app.actor', coalesce('user:' || session.user_id, 'client:' || session.api_client_id), true),
                set_config('app.session_id', in_session::text, true), set_config('app.request_id', in_request, true);
        end if;
    end if;
    return answer;
end $$;

-- Whether the session's caller may do `in_verb` to this one of that resource: what hangs on something (a file, a comment,
-- an approval) follows the permission of what it hangs on. Another organization's row, and one that the permission does
-- not reach, are as if they were not there. The reach of the request itself is put back afterwards.
create function may_reach(in_session uuid, in_verb text, in_resource text, in_id uuid) returns boolean language plpgsql volatile as $$
declare
    own_reach text := current_setting('app.reach', true);
    held record;
    is_there boolean;
begin
    if not exists (select from managed_tables where name = replace(in_resource, '-', '_') and kind = 'resource') then
        return false;
    end if;
    select r.reach, coalesce(s.employee_id::text, '') as employee, coalesce(s.user_id, s.api_client_id) as caller into held
        from sessions s
        join role_permissions r on r.org_id = s.org_id and r.role_id = any(s.role_ids) and r.resource = in_resource and r.verb = in_verb
        where s.org_id = (select current_org()) and s.id = in_session and (s.scopes is null or in_resource || ':' || in_verb = any(s.scopes))
        order by array_position('{org,team,own}', r.reach) limit 1;
    if not found then return false; end if;
    perform set_config('app.reach', held.reach || ':' || held.employee || ':' || held.caller, true);
    execute format('select exists (select from %I where org_id = (select current_org()) and id = $1)', replace(in_resource, '-', '_'))
        into is_there using in_id;
    perform set_config('app.reach', own_reach, true);
    return is_there;
end $$;

-- A permission with reach `own` shows those rows that the caller made: `select limit_to_maker('jobs')`.
create function limit_to_maker(table_name text) returns void language plpgsql as $$
begin
    execute format('create policy reach on %I as restrictive to backoffice_service using (
        (select current_reach()) = ''org'' or created_by = (select current_caller()))', table_name);
end $$;
