-- Files read in: how their columns are named, what became of each, and what each wrote, so that it can be undone as one.

create table import_mappings (
    org_id            uuid  not null,
    id                uuid  not null,
    name              text  not null constraint import_mappings_name_length check (length(name) between 1 and 100),
    resource          text  not null constraint import_mappings_resource_format check (resource ~ '^[a-z][a-z-]{0,99}$'),
    columns           jsonb not null,
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
create index imports_by_created_at on imports (org_id, created_at, id);
select manage_resource('imports', secret => '{plan}', personal => '{faults,changes}');
select limit_to_maker('imports');

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

-- An import follows its job: cancelled with it, failed with it; what it has not worked off is forgotten.
create function follow_import_job() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    followed uuid;
begin
    update imports set status = new.status, plan = null
        where org_id = new.org_id and job_id = new.id and status = 'waiting' returning id into followed;
    delete from import_chunks where org_id = new.org_id and import_id = followed;
    return null;
end $$;
create trigger follow_import_job after update of status on jobs for each row
    when (new.kind = 'imports.run' and new.status in ('cancelled', 'failed')) execute function follow_import_job();
