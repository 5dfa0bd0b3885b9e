drop function end_slot(text, uuid, timestamptz, interval);
drop function renew_slot(text, uuid, interval);
drop function claim_slot(text, interval, uuid, interval);
drop function release_jobs(uuid[]);
drop function hold_job(uuid, uuid);
drop function renew_job(uuid, uuid, interval, bigint, bigint);
drop function claim_job(uuid, text[], interval);
drop table schedules;
drop view followed_jobs;
drop table jobs, job_queue;
drop function follow_job();
drop function forget_job();
delete from managed_tables where name = 'jobs';
drop function limit_to_maker(text);
drop function may_reach(uuid, text, text, uuid);
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
drop function current_caller();
