-- Files read in: how their columns are named, what became of each, and what each wrote, so that it can be undone as one.

create table import_mappings (
    org_id            uuid  not null,
    id                uuid  not null,
    name              text  not null constraint import_mappings_name_length check (length(name) between 1 and 100),
    resource          text  not null constraint import_mappings_resource_format check (resource ~ '^[a-z][a-z-]{0,99}$'),
    headers           jsonb not null,
    constants         jsonb not null default '[]',
    date_order        text  not null default 'year_month_day'
        constraint import_mappings_date_order_check check (date_order in ('year_month_day', 'day_month_year', 'month_day_year')),
    decimal_separator text  not null default 'point'
        constraint import_mappings_decimal_separator_check check (decimal_separator in ('point', 'comma')),
    primary key (org_id, id),
    constraint import_mappings_name_key unique (org_id, name)
);
create index import_mappings_by_name on import_mappings (org_id, name, id);
select manage_resource('import_mappings');

create table imports (
    org_id    uuid    not null,
    id        uuid    not null,
    resource  text    not null constraint imports_resource_format check (resource ~ '^[a-z][a-z-]{0,99}$'),
    status    text    not null default 'waiting'
        constraint imports_status_check check (status in ('waiting', 'done', 'failed', 'cancelled', 'undone')),
    mode      text    not null constraint imports_mode_check check (mode in ('create', 'upsert')),
    on_error  text    not null constraint imports_on_error_check check (on_error in ('stop', 'skip')),
    dry_run   boolean not null,
    row_count integer not null constraint imports_row_count_range check (row_count >= 0),
    created   integer not null default 0,
    changed   integer not null default 0,
    unchanged integer not null default 0,
    refused   integer not null default 0,
    -- The first of each; `refused` and `changed` count all.
    faults    jsonb   not null default '[]',
    changes   jsonb   not null default '[]',
    notices   jsonb   not null default '[]',
    job_id    uuid,
    -- Header, mapping and reach, for whoever works it off.
    plan      jsonb,
    primary key (org_id, id),
    constraint imports_job_id_fkey foreign key (org_id, job_id) references jobs (org_id, id) on delete set null (job_id)
);
create index imports_by_job on imports (org_id, job_id);
select manage_resource('imports', secret => '{plan}', personal => '{faults,changes}');
select limit_to_maker('imports');
create index imports_by_created_at on imports (org_id, created_at, id);
create index imports_by_maker on imports (org_id, created_by, id);

-- The rows of a large file until they are worked off, in any process.
create table import_chunks (
    org_id     uuid        not null,
    import_id  uuid        not null,
    number     integer     not null,
    content    text        not null,
    created_at timestamptz not null default now(),
    primary key (org_id, import_id, number)
);
select manage_record('import_chunks');
grant select, insert, delete on import_chunks to backoffice_service;

-- Which rows an import wrote, and at which version it left them.
create table import_rows (
    org_id      uuid    not null,
    import_id   uuid    not null,
    resource_id uuid    not null,
    version     bigint  not null,
    line        integer not null,
    primary key (org_id, import_id, resource_id)
);
select manage_record('import_rows');
grant select, insert, delete on import_rows to backoffice_service;

-- An import follows its job: cancelled with it, failed with it, and waiting again where the job is retried. What was
-- cancelled is forgotten.
create function follow_import_job() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status = 'cancelled' then
        delete from import_chunks c using imports i
            where i.org_id = new.org_id and i.job_id = new.id and c.org_id = i.org_id and c.import_id = i.id;
        update imports set status = 'cancelled', plan = null where org_id = new.org_id and job_id = new.id and status = 'waiting';
    elsif new.status = 'failed' then
        update imports set status = 'failed' where org_id = new.org_id and job_id = new.id and status = 'waiting';
    else
        update imports set status = 'waiting' where org_id = new.org_id and job_id = new.id and status = 'failed' and plan is not null;
        if exists (select from imports where org_id = new.org_id and job_id = new.id and status = 'cancelled') then
            raise exception 'forgotten' using errcode = 'restrict_violation', table = 'jobs',
                constraint = 'what_was_cancelled_is_forgotten_send_the_file_again';
        end if;
    end if;
    return null;
end $$;
create trigger follow_import_job after update of status on jobs for each row
    when (new.kind = 'imports.run' and new.status in ('cancelled', 'failed', 'queued')) execute function follow_import_job();

-- The reach that a session holds on a resource becomes the transaction's: for what does to it what another permission
-- names, such as undoing an import. Whether it holds any.
create function reach_as(in_session uuid, in_verb text, in_resource text) returns boolean language plpgsql volatile as $$
declare
    reach text;
begin
    select p.reach || ':' || coalesce(s.employee_id::text, '') || ':' || coalesce(s.user_id, s.api_client_id) into reach
        from sessions s
        join role_permissions p on p.org_id = s.org_id and p.role_id = any(s.role_ids) and p.resource = in_resource and p.verb = in_verb
        where s.org_id = (select current_org()) and s.id = in_session and (s.scopes is null or in_resource || ':' || in_verb = any(s.scopes))
        order by array_position('{org,team,own}', p.reach) limit 1;
    if not found then return false; end if;
    perform set_config('app.reach', reach, true);
    return true;
end $$;
