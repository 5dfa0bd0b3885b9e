-- What the services of all rooms stand on: who is calling in reads too, and what hangs on another resource.

-- The user or the API client who calls, whom `enter` names third in `app.reach`; null for the system.
create function current_caller() returns uuid language sql stable parallel safe
    as $$ select nullif(split_part(current_setting('app.reach', true), ':', 3), '')::uuid $$;

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

-- Work that takes longer than a request waits for, or that nobody waits for. A job is enqueued in the transaction that
-- causes it, by being written here; the triggers below keep the queue.
create table jobs (
    org_id             uuid        not null,
    id                 uuid        not null,
    kind               text        not null constraint jobs_kind_format check (kind ~ '^[a-z][a-z0-9_.-]{1,62}$'),
    status             text        not null default 'queued'
        constraint jobs_status_check check (status in ('queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled')),
    priority           smallint    not null default 5 constraint jobs_priority_range check (priority between 1 and 9),
    -- No unfinished job of the kind has the same.
    once_key           text        constraint jobs_once_key_length check (length(once_key) between 1 and 200),
    run_at             timestamptz not null default now(),
    attempts           integer     not null default 0,
    attempts_allowed   integer     not null constraint jobs_attempts_allowed_range check (attempts_allowed between 1 and 100),
    done               bigint      not null default 0,
    total              bigint,
    task               jsonb       not null,
    result             jsonb,
    problem            jsonb,
    -- Whose doing it is.
    actor              text        not null default current_actor(),
    started_in_session uuid        default current_session(),
    started_by_request text        default current_request(),
    started_at         timestamptz,
    finished_at        timestamptz,
    primary key (org_id, id),
    constraint finished_when_it_is_over check ((finished_at is not null) = (status in ('succeeded', 'failed', 'cancelled')))
);
create unique index jobs_once_key_key on jobs (org_id, kind, once_key) where status in ('queued', 'running', 'cancelling');
select manage_resource('jobs', secret => '{task,result,once_key,done,total,actor,started_in_session,started_by_request}');
select limit_to_maker('jobs');
create index jobs_by_created_at on jobs (org_id, created_at, id);
create index jobs_by_maker on jobs (org_id, created_by, id);

-- What is to be done, over all organizations; rows go when a job is over. Written by the functions below alone.
create table job_queue (
    job_id          uuid        primary key,
    organization_id uuid        not null,
    kind            text        not null,
    priority        smallint    not null,
    run_at          timestamptz not null,
    worker          uuid,
    -- By the database's clock: a worker that is gone by then has lost the job.
    leased_until    timestamptz,
    is_cancelled    boolean     not null default false,
    done            bigint      not null default 0,
    total           bigint
) with (fillfactor = 50);
create index job_queue_by_turn on job_queue (organization_id, priority, run_at, job_id);
alter table job_queue enable row level security;
create policy own_organization on job_queue to backoffice_service using (organization_id = (select current_org()));
grant select on job_queue to backoffice_service;

create function follow_job() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    case new.status
        when 'queued' then
            insert into job_queue (job_id, organization_id, kind, priority, run_at)
                values (new.id, new.org_id, new.kind, new.priority, new.run_at)
                on conflict (job_id) do update set run_at = excluded.run_at, worker = null, leased_until = null;
        when 'cancelling' then
            update job_queue set is_cancelled = true where job_id = new.id;
        when 'running' then
            null;
        else
            delete from job_queue where job_id = new.id;
    end case;
    return null;
end $$;
create trigger follow_job after insert or update of status on jobs for each row execute function follow_job();

create function forget_job() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from job_queue where job_id = old.id;
    return null;
end $$;
create trigger forget_job after delete on jobs for each row execute function forget_job();

-- Jobs as clients see them: how far a running one has come stands in the queue, since it is no change worth an event.
create view followed_jobs with (security_invoker = true) as
    select j.org_id, j.id, j.version, j.kind, j.status, j.priority, j.run_at, j.attempts, j.attempts_allowed,
        coalesce((select q.done from job_queue q where q.job_id = j.id and j.status in ('running', 'cancelling')), j.done) as done,
        coalesce((select q.total from job_queue q where q.job_id = j.id and j.status in ('running', 'cancelling')), j.total) as total,
        j.result, j.problem, j.started_at, j.finished_at, j.created_at, j.created_by, j.updated_at
    from jobs j;
grant select, update on followed_jobs to backoffice_service; -- `update`, so that a row can be locked

-- Leases the next job. Organizations take turns: first those of which the fewest run, so that a noisy one delays nobody;
-- within one, the most urgent and then the oldest.
create function claim_job(in_worker uuid, in_kinds text[], in_lease interval, out organization uuid, out job uuid)
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    for organization in
        -- One look-up for each organization that has anything in the queue, however long its queue is.
        with recursive waiting as (
            (select organization_id as id from job_queue order by organization_id limit 1)
            union all
            select (select q.organization_id from job_queue q where q.organization_id > w.id order by q.organization_id limit 1)
            from waiting w where w.id is not null
        )
        select w.id from waiting w where w.id is not null
        order by (select count(*) from job_queue q where q.organization_id = w.id and q.leased_until > clock_timestamp()), random()
    loop
        select q.job_id into job from job_queue q
            where q.organization_id = claim_job.organization and q.run_at <= clock_timestamp() and q.kind = any(in_kinds)
                and (q.leased_until is null or q.leased_until < clock_timestamp())
            order by q.priority, q.run_at, q.job_id limit 1 for update skip locked;
        if job is not null then
            update job_queue set worker = in_worker, leased_until = clock_timestamp() + in_lease where job_id = job;
            return;
        end if;
    end loop;
    organization := null;
end $$;

-- Says how far it is, and keeps the job: 'held', 'cancelled' where somebody asked for that, 'lost' where it is another's.
create function renew_job(in_job uuid, in_worker uuid, in_lease interval, in_done bigint, in_total bigint) returns text
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    stop boolean;
begin
    update job_queue set leased_until = clock_timestamp() + in_lease, done = in_done, total = in_total
        where job_id = in_job and worker = in_worker returning is_cancelled into stop;
    return case when stop is null then 'lost' when stop then 'cancelled' else 'held' end;
end $$;

-- The same at the end of a transaction: until it has committed nobody takes the job, nor cancels it.
create function hold_job(in_job uuid, in_worker uuid) returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare
    stop boolean;
begin
    select is_cancelled into stop from job_queue where job_id = in_job and worker = in_worker for share;
    return case when stop is null then 'lost' when stop then 'cancelled' else 'held' end;
end $$;

-- What is done again and again for the whole installation, once per slot however many processes there are. A slot is a
-- stretch of the database's time.
create table schedules (
    name         text        primary key,
    done_slot    timestamptz not null,
    worker       uuid,
    leased_until timestamptz
);

-- A worker that stops gives back what it has not finished.
create function release_jobs(in_workers uuid[]) returns void language sql security definer set search_path = public, pg_temp as $$
    update job_queue set worker = null, leased_until = null where worker = any(in_workers);
    update schedules set worker = null, leased_until = null where worker = any(in_workers);
$$;

-- The slot that is to be worked off now, if nobody does.
create function claim_slot(in_name text, in_every interval, in_worker uuid, in_lease interval) returns timestamptz
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    slot timestamptz := date_bin(in_every, clock_timestamp(), '2000-01-01Z');
begin
    insert into schedules (name, done_slot) values (in_name, slot - in_every) on conflict do nothing;
    update schedules set worker = in_worker, leased_until = clock_timestamp() + in_lease
        where name = in_name and done_slot < slot and (leased_until is null or leased_until < clock_timestamp());
    return case when found then slot end;
end $$;

create function renew_slot(in_name text, in_worker uuid, in_lease interval) returns boolean
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update schedules set leased_until = clock_timestamp() + in_lease where name = in_name and worker = in_worker;
    return found;
end $$;

-- The slot is done; or, where it failed, tried again after a pause.
create function end_slot(in_name text, in_worker uuid, in_slot timestamptz, in_pause interval) returns void
    language sql security definer set search_path = public, pg_temp as $$
    update schedules set done_slot = case when in_pause is null then in_slot else done_slot end,
            worker = null, leased_until = clock_timestamp() + in_pause
        where name = in_name and worker = in_worker
$$;

do $$
declare
    door text;
begin
    foreach door in array array['claim_job(uuid, text[], interval)', 'renew_job(uuid, uuid, interval, bigint, bigint)', 'hold_job(uuid, uuid)',
        'release_jobs(uuid[])', 'claim_slot(text, interval, uuid, interval)', 'renew_slot(text, uuid, interval)',
        'end_slot(text, uuid, timestamptz, interval)'] loop
        execute 'revoke all on function ' || door || ' from public';
        execute 'grant execute on function ' || door || ' to backoffice_service';
    end loop;
end $$;
