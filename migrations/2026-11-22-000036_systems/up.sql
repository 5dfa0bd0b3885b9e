-- Systems and what stands on what, their backups; changes, freezes and their calendar; who may use which system in which role, and
-- reviews of that; security incidents and vulnerabilities.

create table backup_policies (
    org_id                    uuid    not null,
    id                        uuid    not null,
    name                      text    not null constraint backup_policies_name_length check (length(name) between 1 and 100),
    description               text    constraint backup_policies_description_length check (length(description) between 1 and 2000),
    -- How old the last backup that succeeded may be.
    backup_every_hours        integer not null constraint backup_policies_backup_every_hours_range check (backup_every_hours between 1 and 8784),
    -- How long ago a restore may have been tried with success.
    restore_test_every_days   integer not null constraint backup_policies_restore_test_every_days_range check (restore_test_every_days between 1 and 3660),
    primary key (org_id, id),
    constraint backup_policies_name_key unique (org_id, name)
);
create index backup_policies_by_name on backup_policies (org_id, name, id);
select manage_resource('backup_policies', singular => 'backup_policy');
create index backup_policies_by_created_at on backup_policies (org_id, created_at, id);

create table systems (
    org_id              uuid   not null,
    id                  uuid   not null,
    name                text   not null constraint systems_name_length check (length(name) between 1 and 100),
    kind                text   not null constraint systems_kind_check check (kind in ('service', 'application', 'server', 'database', 'storage', 'network')),
    description         text   constraint systems_description_length check (length(description) between 1 and 2000),
    -- Who answers for it: says who may use it, and is asked when it is reviewed.
    owner_id            uuid   not null,
    criticality         text   not null constraint systems_criticality_check check (criticality in ('low', 'medium', 'high', 'critical')),
    data_classification text   not null constraint systems_data_classification_check check (data_classification in ('public', 'internal', 'confidential', 'restricted')),
    environment         text   not null default 'production' constraint systems_environment_check
        check (environment in ('production', 'staging', 'test', 'development')),
    url                 text   constraint systems_url_format check (url ~ '^https?://[^ ]+$' and length(url) <= 500),
    -- Of a database alone.
    engine              text   constraint systems_engine_length check (length(engine) between 1 and 50),
    engine_version      text   constraint systems_engine_version_length check (length(engine_version) between 1 and 50),
    size_bytes          bigint constraint systems_size_bytes_range check (size_bytes >= 0),
    backup_policy_id    uuid,
    retired_on          date,
    status              text   not null default 'planned' constraint systems_status_check check (status in ('planned', 'active', 'retired')),
    primary key (org_id, id),
    constraint systems_name_key unique (org_id, name),
    constraint systems_owner_id_fkey foreign key (org_id, owner_id) references employees (org_id, id),
    constraint systems_backup_policy_id_fkey foreign key (org_id, backup_policy_id) references backup_policies (org_id, id),
    constraint a_database_and_nothing_else_names_its_engine check ((kind = 'database') = (engine is not null)),
    constraint a_version_and_a_size_are_of_a_database check (kind = 'database' or (engine_version is null and size_bytes is null)),
    constraint what_is_retired_has_a_day check ((status = 'retired') = (retired_on is not null))
);
create index systems_by_name on systems (org_id, name, id);
create index systems_by_owner on systems (org_id, owner_id, id);
create index systems_by_backup_policy on systems (org_id, backup_policy_id, id);
create index systems_by_status on systems (org_id, status, id);
select manage_resource('systems', person => 'owner_id');
create index systems_by_created_at on systems (org_id, created_at, id);
select limit_reach('systems');

create table system_dependencies (
    org_id        uuid not null,
    id            uuid not null,
    system_id     uuid not null,
    depends_on_id uuid not null,
    -- Without what it needs (`hard`) it is down, without what it merely uses (`soft`) it does less.
    kind          text not null default 'hard' constraint system_dependencies_kind_check check (kind in ('hard', 'soft')),
    note          text constraint system_dependencies_note_length check (length(note) between 1 and 500),
    primary key (org_id, id),
    constraint system_dependencies_depends_on_id_key unique (org_id, system_id, depends_on_id),
    constraint system_dependencies_system_id_fkey foreign key (org_id, system_id) references systems (org_id, id),
    constraint system_dependencies_depends_on_id_fkey foreign key (org_id, depends_on_id) references systems (org_id, id),
    constraint system_dependencies_depends_on_id_check check (depends_on_id <> system_id)
);
create index system_dependencies_by_what_is_needed on system_dependencies (org_id, depends_on_id, system_id);
select manage_resource('system_dependencies', singular => 'system_dependency');
create index system_dependencies_by_created_at on system_dependencies (org_id, created_at, id);

-- What others need does not go while they are at work. Whoever begins to need it meanwhile waits here, and so does whoever is to stay.
create function keep_system() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    needing text;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if new.status = 'retired' and old.status <> 'retired' then
        select string_agg(format('`%s`', s.name), ', ' order by s.name) into needing from (
            select s.name from system_dependencies d join systems s on s.org_id = d.org_id and s.id = d.system_id
            where d.org_id = new.org_id and d.depends_on_id = new.id and d.kind = 'hard' and s.status = 'active' order by s.name limit 5) s;
        if needing is not null then
            perform tell_fault(409, 'systems', '/status', 'needed', format('can not be retired while it is needed by %s: retire them first, or end their dependencies', needing));
        end if;
        new.retired_on := today_utc();
    elsif new.status <> 'retired' then
        new.retired_on := null;
    end if;
    return new;
end $$;
create trigger keep_system before update on systems for each row execute function keep_system();

create function keep_system_dependency() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    needed text;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select status into needed from systems where org_id = new.org_id and id = new.depends_on_id for share;
    if needed = 'retired' and new.kind = 'hard' then
        perform tell_fault(409, 'system_dependencies', '/depends_on_id', 'retired', 'is retired: nothing can come to need it');
    end if;
    return new;
end $$;
create trigger keep_system_dependency before insert on system_dependencies for each row execute function keep_system_dependency();

-- The systems that the caller sees, by their places in these arrays, and who needs whom: {ids, names, …, users, needed, hard}.
create function system_graph() returns table (ids uuid[], names text[], criticalities text[], statuses text[], users uuid[], needed uuid[], hard boolean[])
    language sql stable as $$
    select s.ids, s.names, s.criticalities, s.statuses, d.users, d.needed, d.hard
    from (select coalesce(array_agg(id), '{}') as ids, coalesce(array_agg(name), '{}') as names, coalesce(array_agg(criticality), '{}') as criticalities,
            coalesce(array_agg(status), '{}') as statuses
        from systems where org_id = (select current_org())) s,
        (select coalesce(array_agg(system_id), '{}') as users, coalesce(array_agg(depends_on_id), '{}') as needed, coalesce(array_agg(kind = 'hard'), '{}') as hard
        from system_dependencies where org_id = (select current_org())) d
$$;

-- What agents report. It happened, and stays as it was told.
create table backup_runs (
    org_id     uuid        not null,
    id         uuid        not null,
    system_id  uuid        not null,
    started_at timestamptz not null,
    ended_at   timestamptz not null,
    outcome    text        not null constraint backup_runs_outcome_check check (outcome in ('succeeded', 'failed')),
    size_bytes bigint      constraint backup_runs_size_bytes_range check (size_bytes >= 0),
    location   text        constraint backup_runs_location_length check (length(location) between 1 and 500),
    message    text        constraint backup_runs_message_length check (length(message) between 1 and 2000),
    primary key (org_id, id),
    constraint backup_runs_started_at_key unique (org_id, system_id, started_at),
    constraint backup_runs_system_id_fkey foreign key (org_id, system_id) references systems (org_id, id),
    constraint a_backup_ends_after_it_starts check (ended_at >= started_at),
    constraint a_backup_that_failed_says_why check (outcome <> 'failed' or message is not null)
);
create index backup_runs_by_start on backup_runs (org_id, started_at, id);
create index backup_runs_by_outcome on backup_runs (org_id, system_id, outcome, started_at);
select manage_resource('backup_runs');
create index backup_runs_by_created_at on backup_runs (org_id, created_at, id);
select frozen_when('backup_runs', 'true');

create function keep_backup_run() returns trigger language plpgsql as $$
begin
    if new.started_at > now() + interval '5 minutes' then
        perform tell_fault(422, 'backup_runs', '/started_at', 'in-the-future', 'must be over when it is reported: set the clock of the agent');
    elsif new.ended_at > now() + interval '5 minutes' then
        perform tell_fault(422, 'backup_runs', '/ended_at', 'in-the-future', 'must be over when it is reported: set the clock of the agent');
    end if;
    return new;
end $$;
create trigger keep_backup_run before insert on backup_runs for each row execute function keep_backup_run();

create table restore_tests (
    org_id           uuid    not null,
    id               uuid    not null,
    system_id        uuid    not null,
    -- Of this system.
    backup_run_id    uuid,
    tested_on        date    not null,
    outcome          text    not null constraint restore_tests_outcome_check check (outcome in ('succeeded', 'failed')),
    tested_by_id     uuid,
    -- How long it took until the system could be used again.
    duration_minutes integer constraint restore_tests_duration_minutes_range check (duration_minutes between 0 and 1000000),
    notes            text    constraint restore_tests_notes_length check (length(notes) between 1 and 5000),
    primary key (org_id, id),
    constraint restore_tests_system_id_fkey foreign key (org_id, system_id) references systems (org_id, id),
    constraint restore_tests_backup_run_id_fkey foreign key (org_id, backup_run_id) references backup_runs (org_id, id),
    constraint restore_tests_tested_by_id_fkey foreign key (org_id, tested_by_id) references employees (org_id, id),
    constraint a_restore_that_failed_says_why check (outcome <> 'failed' or notes is not null)
);
create index restore_tests_by_system on restore_tests (org_id, system_id, outcome, tested_on);
create index restore_tests_by_backup_run on restore_tests (org_id, backup_run_id, id);
create index restore_tests_by_tester on restore_tests (org_id, tested_by_id, id);
create index restore_tests_by_tested_on on restore_tests (org_id, tested_on, id);
select manage_resource('restore_tests');
create index restore_tests_by_created_at on restore_tests (org_id, created_at, id);
select frozen_when('restore_tests', 'true');

create function keep_restore_test() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if exists (select from backup_runs where org_id = new.org_id and id = new.backup_run_id and system_id <> new.system_id) then
        perform tell_fault(422, 'restore_tests', '/backup_run_id', 'other-system', 'must be a backup of the system that was restored');
    elsif new.tested_on > today_utc() then
        perform tell_fault(422, 'restore_tests', '/tested_on', 'in-the-future', 'must not be after today: a test is entered when it is over');
    end if;
    return new;
end $$;
create trigger keep_restore_test before insert on restore_tests for each row execute function keep_restore_test();

-- What is wrong with the backups of the systems at work that the caller sees, the most critical first.
create function report_backup_findings() returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('system_id', f.system_id, 'system', f.name, 'owner_id', f.owner_id, 'criticality', f.criticality, 'finding', f.finding,
            'last_backup_at', f.last_backup_at, 'last_restore_test_on', f.last_test_on, 'due_at', f.due_at)
            order by array_position('{critical,high,medium,low}', f.criticality), f.name, f.place), '[]')
    from (
        select s.id as system_id, s.name, s.owner_id, s.criticality, b.last_backup_at, t.last_test_on, found.*
        from systems s
        left join backup_policies p on p.org_id = s.org_id and p.id = s.backup_policy_id
        cross join lateral (select max(started_at) filter (where outcome = 'succeeded') as last_backup_at from backup_runs r
            where r.org_id = s.org_id and r.system_id = s.id) b
        left join lateral (select outcome, started_at from backup_runs r where r.org_id = s.org_id and r.system_id = s.id order by started_at desc limit 1) last_run on true
        cross join lateral (select max(tested_on) filter (where outcome = 'succeeded') as last_test_on from restore_tests r
            where r.org_id = s.org_id and r.system_id = s.id) t
        left join lateral (select outcome from restore_tests r where r.org_id = s.org_id and r.system_id = s.id order by tested_on desc, id desc limit 1) last_test on true
        cross join lateral (values
            (1, 'no_policy', s.kind = 'database' and p.id is null, null::timestamptz),
            (2, 'never_backed_up', p.id is not null and b.last_backup_at is null, null),
            (3, 'backup_late', b.last_backup_at + make_interval(hours => p.backup_every_hours) < now(), b.last_backup_at + make_interval(hours => p.backup_every_hours)),
            (4, 'last_backup_failed', p.id is not null and last_run.outcome = 'failed', last_run.started_at),
            (5, 'restore_never_tested', p.id is not null and t.last_test_on is null, null),
            (6, 'restore_test_late', t.last_test_on + p.restore_test_every_days < today_utc(), (t.last_test_on + p.restore_test_every_days)::timestamp at time zone 'utc'),
            (7, 'last_restore_test_failed', p.id is not null and last_test.outcome = 'failed', null)) found (place, finding, is_so, due_at)
        where s.org_id = (select current_org()) and s.status = 'active' and found.is_so
        order by array_position('{critical,high,medium,low}', s.criticality), s.name, found.place limit 10000) f
$$;

-- Which systems something is about: `system_ids` once more, so that they are found by their system. Kept by a trigger alone.
create table affected_systems (
    org_id      uuid not null,
    resource    text not null,
    resource_id uuid not null,
    system_id   uuid not null,
    primary key (org_id, resource_id, system_id),
    constraint affected_systems_system_id_fkey foreign key (org_id, system_id) references systems (org_id, id)
);
create index affected_systems_by_system on affected_systems (org_id, system_id, resource, resource_id);
insert into managed_tables (name, kind) values ('affected_systems', 'derived');
select separate_organizations('affected_systems');
grant select on affected_systems to backoffice_service;

create function keep_affected_systems() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    about constant text := replace(tg_table_name, '_', '-');
    faults jsonb;
begin
    if tg_op <> 'INSERT' then delete from affected_systems where org_id = old.org_id and resource_id = old.id; end if;
    if tg_op = 'DELETE' then return null; end if;
    select jsonb_agg(jsonb_build_object('pointer', '/system_ids/' || a.place - 1, 'code', case when s.id is null then 'unknown-reference' else 'repeated' end,
            'detail', case when s.id is null then 'there is no such row in this organization' else 'is named already' end) order by a.place) into faults
        from unnest(new.system_ids) with ordinality a (id, place) left join systems s on s.org_id = new.org_id and s.id = a.id
        where s.id is null or exists (select from unnest(new.system_ids) with ordinality o (id, place) where o.id = a.id and o.place < a.place);
    if faults is not null then
        raise exception 'systems' using errcode = 'check_violation', table = tg_table_name, constraint = tg_table_name || '_system_ids_check',
            detail = jsonb_build_object('errors', faults);
    end if;
    insert into affected_systems select new.org_id, about, new.id, each from unnest(new.system_ids) each order by each;
    return null;
end $$;

-- Changes. How risky one is follows from its impact and how likely it is to fail, by a matrix that the organization may alter.
create table change_risk_matrices (
    org_id uuid  not null,
    id     uuid  not null,
    name   text  not null constraint change_risk_matrices_name_length check (length(name) between 1 and 100),
    -- [{impact, likelihood, risk}]; what is not there is as usual.
    cells  jsonb not null constraint change_risk_matrices_cells_length check (jsonb_typeof(cells) = 'array' and jsonb_array_length(cells) between 1 and 9),
    status text  not null default 'inactive' constraint change_risk_matrices_status_check check (status in ('inactive', 'active')),
    primary key (org_id, id),
    constraint change_risk_matrices_name_key unique (org_id, name)
);
create unique index one_matrix_is_active_at_a_time on change_risk_matrices (org_id) where status = 'active';
create index change_risk_matrices_by_name on change_risk_matrices (org_id, name, id);
select manage_resource('change_risk_matrices', singular => 'change_risk_matrix');
create index change_risk_matrices_by_created_at on change_risk_matrices (org_id, created_at, id);

-- One takes over from the other.
create function take_over() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    execute format('update %I set status = ''inactive'' where org_id = $1 and status = ''active'' and id <> $2', tg_table_name) using new.org_id, new.id;
    return new;
end $$;
create trigger take_over before update on change_risk_matrices for each row when (new.status = 'active' and old.status <> 'active') execute function take_over();

create function change_risk(in_impact text, in_likelihood text) returns text language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce((select cell ->> 'risk' from change_risk_matrices m, jsonb_array_elements(m.cells) cell
            where m.org_id = current_org() and m.status = 'active' and cell ->> 'impact' = in_impact and cell ->> 'likelihood' = in_likelihood limit 1),
        case array_position('{low,medium,high}', in_impact) + array_position('{low,medium,high}', in_likelihood)
            when 2 then 'low' when 3 then 'low' when 4 then 'medium' when 5 then 'high' else 'very_high' end)
$$;

create table changes (
    org_id           uuid        not null,
    id               uuid        not null,
    number           text        not null constraint changes_number_length check (length(number) between 1 and 20),
    title            text        not null constraint changes_title_length check (length(title) between 1 and 200),
    kind             text        not null constraint changes_kind_check check (kind in ('standard', 'normal', 'emergency')),
    reason           text        not null constraint changes_reason_length check (length(reason) between 1 and 5000),
    impact           text        not null constraint changes_impact_check check (impact in ('low', 'medium', 'high')),
    likelihood       text        not null constraint changes_likelihood_check check (likelihood in ('low', 'medium', 'high')),
    risk             text        not null constraint changes_risk_check check (risk in ('low', 'medium', 'high', 'very_high')),
    system_ids       uuid[]      not null constraint changes_system_ids_length check (cardinality(system_ids) between 1 and 100),
    assignee_id      uuid,
    plan             text        constraint changes_plan_length check (length(plan) between 1 and 10000),
    test_plan        text        constraint changes_test_plan_length check (length(test_plan) between 1 and 10000),
    rollback_plan    text        constraint changes_rollback_plan_length check (length(rollback_plan) between 1 and 10000),
    starts_at        timestamptz,
    ends_at          timestamptz,
    -- How often it was moved, as calendars count (RFC 5545 §3.8.7.4).
    sequence         integer     not null default 0,
    submitted_by     uuid,
    decision_reason  text        constraint changes_decision_reason_length check (length(decision_reason) between 1 and 500),
    started_at       timestamptz,
    finished_at      timestamptz,
    -- What became of it.
    outcome          text        constraint changes_outcome_check check (outcome in ('implemented', 'failed', 'rolled_back')),
    outcome_note     text        constraint changes_outcome_note_length check (length(outcome_note) between 1 and 5000),
    review           text        constraint changes_review_length check (length(review) between 1 and 5000),
    status           text        not null default 'draft' constraint changes_status_check check (status in ('draft', 'submitted', 'approved', 'rejected',
        'scheduled', 'in_progress', 'implemented', 'failed', 'rolled_back', 'reviewed', 'closed', 'cancelled')),
    primary key (org_id, id),
    constraint changes_number_key unique (org_id, number),
    constraint changes_assignee_id_fkey foreign key (org_id, assignee_id) references employees (org_id, id),
    constraint a_window_has_a_start_and_an_end check ((starts_at is null) = (ends_at is null)),
    constraint a_window_ends_after_it_starts check (ends_at > starts_at and ends_at <= starts_at + interval '31 days'),
    constraint what_is_scheduled_has_a_window check (status not in ('scheduled', 'in_progress') or starts_at is not null)
);
select numbered('changes', 'number', longest => 20, format => 'CHG-{number:5}');
create index changes_by_number on changes (org_id, number, id);
create index changes_by_status on changes (org_id, status, id);
create index changes_by_start on changes (org_id, starts_at, id);
create index changes_by_assignee on changes (org_id, assignee_id, id);
select manage_resource('changes');
create index changes_by_created_at on changes (org_id, created_at, id);
select approvable('changes', '{approve}');
create trigger keep_affected_systems after insert or update of system_ids or delete on changes for each row execute function keep_affected_systems();

-- Times in which nothing is changed: everywhere, or in one environment.
create table change_freezes (
    org_id      uuid        not null,
    id          uuid        not null,
    name        text        not null constraint change_freezes_name_length check (length(name) between 1 and 100),
    reason      text        constraint change_freezes_reason_length check (length(reason) between 1 and 2000),
    environment text        constraint change_freezes_environment_check check (environment in ('production', 'staging', 'test', 'development')),
    starts_at   timestamptz not null,
    ends_at     timestamptz not null,
    status      text        not null default 'active' constraint change_freezes_status_check check (status in ('active', 'lifted')),
    primary key (org_id, id),
    constraint change_freezes_name_key unique (org_id, name),
    constraint a_freeze_ends_after_it_starts check (ends_at > starts_at and ends_at <= starts_at + interval '366 days')
);
create index change_freezes_by_start on change_freezes (org_id, starts_at, id);
select manage_resource('change_freezes');
create index change_freezes_by_created_at on change_freezes (org_id, created_at, id);

-- The freezes that a window runs into.
create function freezes_over(in_systems uuid[], in_from timestamptz, in_to timestamptz) returns setof change_freezes language sql stable security definer set search_path = public, pg_temp as $$
    select f.* from change_freezes f
    where f.org_id = current_org() and f.status = 'active' and f.starts_at < in_to and f.ends_at > in_from
        and (f.environment is null or exists (select from systems s where s.org_id = f.org_id and s.id = any(in_systems) and s.environment = f.environment))
    order by f.starts_at, f.id
$$;

create table change_steps (
    org_id         uuid    not null,
    id             uuid    not null,
    change_id      uuid    not null,
    place          integer not null constraint change_steps_place_range check (place between 1 and 1000),
    title          text    not null constraint change_steps_title_length check (length(title) between 1 and 200),
    kind           text    not null constraint change_steps_kind_check check (kind in ('prepare', 'implement', 'test', 'roll_back')),
    responsible_id uuid,
    result         text    constraint change_steps_result_length check (length(result) between 1 and 5000),
    done_at        timestamptz,
    status         text    not null default 'open' constraint change_steps_status_check check (status in ('open', 'done', 'failed', 'skipped')),
    primary key (org_id, id),
    constraint change_steps_place_key unique (org_id, change_id, place),
    constraint change_steps_change_id_fkey foreign key (org_id, change_id) references changes (org_id, id),
    constraint change_steps_responsible_id_fkey foreign key (org_id, responsible_id) references employees (org_id, id),
    constraint what_is_over_has_a_moment check ((status = 'open') = (done_at is null)),
    constraint what_failed_or_was_skipped_says_why check (status not in ('failed', 'skipped') or result is not null)
);
create index change_steps_by_place on change_steps (org_id, place, id);
create index change_steps_by_responsible on change_steps (org_id, responsible_id, id);
select manage_resource('change_steps');
create index change_steps_by_created_at on change_steps (org_id, created_at, id);

-- What else a change is about: an asset, a ticket, a vulnerability, an order.
create table change_links (
    org_id      uuid not null,
    id          uuid not null,
    change_id   uuid not null,
    resource    text not null constraint change_links_resource_length check (length(resource) between 1 and 63),
    resource_id uuid not null,
    note        text constraint change_links_note_length check (length(note) between 1 and 500),
    primary key (org_id, id),
    constraint change_links_resource_id_key unique (org_id, change_id, resource_id),
    constraint change_links_change_id_fkey foreign key (org_id, change_id) references changes (org_id, id)
);
create index change_links_by_resource on change_links (org_id, resource_id, id);
select manage_resource('change_links');
create index change_links_by_created_at on change_links (org_id, created_at, id);
create trigger hang before insert or update on change_links for each row execute function hang();

-- The life of a change: what was handed in is not written in, nobody approves their own, nothing is scheduled or begun in a freeze but an
-- emergency, nothing is done while a step of it is not, and what is over stays.
create function keep_change() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    content constant text[] := '{title,kind,reason,impact,likelihood,system_ids,plan,test_plan,rollback_plan}';
    faults jsonb;
    frozen change_freezes;
    left_open text;
begin
    if tg_op = 'DELETE' then
        if old.status <> 'draft' then
            raise exception 'submitted' using errcode = 'restrict_violation', table = 'changes', constraint = 'only_a_draft_of_a_change_is_deleted_so_cancel_it_instead';
        end if;
        return old;
    end if;
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' then
        new.risk := change_risk(new.impact, new.likelihood);
        return new;
    end if;
    if old.status in ('closed', 'cancelled') then
        raise exception 'over' using errcode = 'restrict_violation', table = 'changes', constraint = 'a_change_that_is_closed_or_cancelled_stays_as_it_was';
    elsif old.status <> 'draft' and (select jsonb_object_agg(key, value) from jsonb_each(to_jsonb(new)) where key = any(content))
            <> (select jsonb_object_agg(key, value) from jsonb_each(to_jsonb(old)) where key = any(content)) then
        raise exception 'submitted' using errcode = 'restrict_violation', table = 'changes', constraint = 'what_was_handed_in_stays_as_it_is_so_revise_the_change_first';
    end if;
    if new.status = 'draft' then new.risk := change_risk(new.impact, new.likelihood); end if;
    if new.status = old.status and new.status <> 'scheduled' then
        if new.status <> 'draft' and (new.starts_at, new.ends_at) is distinct from (old.starts_at, old.ends_at) then
            raise exception 'window' using errcode = 'restrict_violation', table = 'changes', constraint = 'a_window_is_moved_by_scheduling_the_change';
        end if;
        return new;
    end if;
    if new.status in ('submitted', 'approved') and old.status = 'draft' then
        select jsonb_agg(jsonb_build_object('pointer', '/' || f.field, 'code', 'required', 'detail', f.rule) order by f.place) into faults
            from (values (1, 'plan', new.plan, 'must say what is done'), (2, 'test_plan', new.test_plan, 'must say how one sees that it works'),
                (3, 'rollback_plan', new.rollback_plan, 'must say how it is taken back')) f (place, field, value, rule) where f.value is null;
        if faults is not null then
            raise exception 'incomplete' using errcode = 'unique_violation', table = 'changes', constraint = 'changes_rule_complete', detail = jsonb_build_object('errors', faults);
        end if;
        new.submitted_by := current_actor_id();
        new.decision_reason := null;
        -- What was agreed to once for all.
        if new.kind = 'standard' and new.risk = 'low' then new.status := 'approved'; end if;
    elsif new.status in ('approved', 'rejected') and old.status = 'submitted' then
        if current_actor_id() in (old.created_by, old.submitted_by) then
            raise exception 'forbidden: Nobody decides on a change that they wrote or handed in: ask somebody else to.' using errcode = 'insufficient_privilege';
        end if;
    elsif new.status = 'scheduled' then
        if new.ends_at <= now() then
            perform tell_fault(422, 'changes', '/ends_at', 'over', 'must be in the future');
        end if;
        if new.kind <> 'emergency' then
            select * into frozen from freezes_over(new.system_ids, new.starts_at, new.ends_at) limit 1;
            if frozen.id is not null then
                perform tell_fault(409, 'changes', '/starts_at', 'in-a-freeze', format('runs into the freeze `%s`, from %s to %s: choose a window outside it; only an emergency is changed in a freeze',
                    frozen.name, to_char(frozen.starts_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI"Z"'), to_char(frozen.ends_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI"Z"')));
            end if;
        end if;
        if old.status = 'scheduled' and (new.starts_at, new.ends_at) is distinct from (old.starts_at, old.ends_at) then new.sequence := old.sequence + 1; end if;
    elsif new.status = 'in_progress' then
        if new.kind <> 'emergency' then
            select * into frozen from freezes_over(new.system_ids, now(), now() + interval '1 second') limit 1;
            if frozen.id is not null then
                perform tell_fault(409, 'changes', '/status', 'in-a-freeze', format('can not begin in the freeze `%s`, which lasts until %s: only an emergency is changed in a freeze',
                    frozen.name, to_char(frozen.ends_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI"Z"')));
            end if;
        end if;
        new.started_at := now();
    elsif new.status in ('implemented', 'failed', 'rolled_back') then
        if new.status = 'implemented' then
            select string_agg(format('%s `%s` (%s)', s.place, s.title, s.status), ', ' order by s.place) into left_open from (
                select place, title, status from change_steps where org_id = new.org_id and change_id = new.id and kind <> 'roll_back' and status in ('open', 'failed')
                order by place limit 5) s;
            if left_open is not null then
                perform tell_fault(409, 'changes', '/status', 'steps-left', format('is not done while these steps are not: %s. Complete or skip them, or `fail` or `roll-back` the change', left_open));
            end if;
        end if;
        new.outcome := new.status;
        new.finished_at := now();
        new.sequence := old.sequence + 1;
    elsif new.status = 'cancelled' then
        new.sequence := old.sequence + 1;
    end if;
    return new;
end $$;
create trigger keep_change before insert or update or delete on changes for each row execute function keep_change();

create function keep_change_step() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    content constant text[] := '{status,result,done_at,responsible_id,version,updated_at,updated_by}';
    change changes;
    is_planned boolean;
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select * into change from changes where org_id = case tg_op when 'DELETE' then old.org_id else new.org_id end
        and id = case tg_op when 'DELETE' then old.change_id else new.change_id end for share;
    is_planned := change.status in ('draft', 'submitted', 'approved', 'scheduled');
    if change.id is not null and not is_planned and (tg_op <> 'UPDATE' or to_jsonb(new) - content <> to_jsonb(old) - content) then
        perform tell_fault(409, 'change_steps', '/change_id', 'begun', format('is %s: its steps stay as they were planned', replace(change.status, '_', ' ')));
    end if;
    if tg_op = 'UPDATE' and new.status <> old.status then
        if change.status <> 'in_progress' and not (old.kind = 'roll_back' and change.status = 'failed') then
            perform tell_fault(409, 'change_steps', '/change_id', 'not-in-progress', format('is %s: steps have results while the change is in progress', replace(change.status, '_', ' ')));
        end if;
        new.done_at := case when new.status <> 'open' then now() end;
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
create trigger keep_change_step before insert or update or delete on change_steps for each row execute function keep_change_step();

-- What a change in a window meets: other changes of its systems, of those that need them and those that they need; freezes; and who else feels it.
create function change_conflicts(in_change uuid) returns jsonb language sql stable as $$
    with recursive mine as (
        select id, system_ids, starts_at, ends_at, kind from changes where org_id = (select current_org()) and id = in_change
    ), above (id) as (
        select unnest(system_ids) from mine
        union
        select d.system_id from above a join system_dependencies d on d.org_id = (select current_org()) and d.depends_on_id = a.id
    ), below (id) as (
        select unnest(system_ids) from mine
        union
        select d.depends_on_id from below b join system_dependencies d on d.org_id = (select current_org()) and d.system_id = b.id
    ), met as (
        select c.id, c.number, c.title, c.status, c.starts_at, c.ends_at, s.id as system_id, s.name, case when s.id = any(m.system_ids) then 'same_system'
                when s.id in (select id from above) then 'dependent_system' else 'underlying_system' end as relation
        from mine m
        join changes c on c.org_id = (select current_org()) and c.id <> m.id and c.status in ('scheduled', 'in_progress') and c.starts_at < m.ends_at and c.ends_at > m.starts_at
        join affected_systems a on a.org_id = c.org_id and a.resource = 'changes' and a.resource_id = c.id
        join systems s on s.org_id = a.org_id and s.id = a.system_id
        where s.id in (select id from above) or s.id in (select id from below)
        order by c.starts_at, c.id, s.name limit 1000
    ), felt as (
        select s.id, s.name, s.criticality from systems s
        where s.org_id = (select current_org()) and s.status = 'active' and s.id in (select id from above) and s.id <> all ((select system_ids from mine)::uuid[])
        order by array_position('{critical,high,medium,low}', s.criticality), s.name, s.id limit 1000
    )
    select jsonb_build_object('change_id', m.id, 'starts_at', m.starts_at, 'ends_at', m.ends_at,
        'changes', (select coalesce(jsonb_agg(jsonb_build_object('change_id', id, 'number', number, 'title', title, 'status', status, 'starts_at', starts_at, 'ends_at', ends_at,
            'system_id', system_id, 'system', name, 'relation', relation) order by starts_at, id, name), '[]') from met),
        'freezes', (select coalesce(jsonb_agg(jsonb_build_object('change_freeze_id', f.id, 'name', f.name, 'starts_at', f.starts_at, 'ends_at', f.ends_at,
            'keeps_from_scheduling', m.kind <> 'emergency') order by f.starts_at, f.id), '[]') from freezes_over(m.system_ids, m.starts_at, m.ends_at) f),
        'dependent_systems', (select coalesce(jsonb_agg(jsonb_build_object('system_id', id, 'name', name, 'criticality', criticality)
            order by array_position('{critical,high,medium,low}', criticality), name, id), '[]') from felt))
    from mine m
$$;

-- Changes as calendars show them: one, or those of the last 90 days and all to come. Null where there is no such change.
create function change_calendar(in_change uuid) returns jsonb language sql stable as $$
    select case when in_change is null or exists (select from changes where org_id = (select current_org()) and id = in_change)
        then coalesce(jsonb_agg(c.entry order by c.starts_at, c.id), '[]') end from (
        select c.id, c.starts_at, jsonb_build_object('id', c.id, 'sequence', c.sequence, 'changed_at', c.updated_at, 'starts_at', c.starts_at, 'ends_at', c.ends_at, 'status', c.status,
            'number', c.number, 'title', c.title, 'risk', c.risk, 'kind', c.kind,
            'systems', (select coalesce(jsonb_agg(s.name order by s.name), '[]') from systems s where s.org_id = c.org_id and s.id = any(c.system_ids))) as entry
        from changes c
        where c.org_id = (select current_org()) and c.starts_at is not null and c.status not in ('draft', 'submitted', 'rejected')
            and (c.id = in_change or in_change is null and c.starts_at > now() - interval '90 days')
        order by c.starts_at, c.id limit 5000) c
$$;

-- Addresses that calendar programs subscribe to: a secret in each, which is told once and kept as a hash.
create table change_calendar_feeds (
    org_id      uuid  not null,
    id          uuid  not null,
    user_id     uuid  not null default current_caller(),
    name        text  not null constraint change_calendar_feeds_name_length check (length(name) between 1 and 100),
    secret_hash bytea not null,
    primary key (org_id, id),
    constraint change_calendar_feeds_user_id_fkey foreign key (org_id, user_id) references memberships (org_id, user_id) on delete cascade
);
create index change_calendar_feeds_by_user on change_calendar_feeds (org_id, user_id);
create index change_calendar_feeds_by_name on change_calendar_feeds (org_id, name, id);
select manage_resource('change_calendar_feeds', secret => '{secret_hash}');
create index change_calendar_feeds_by_created_at on change_calendar_feeds (org_id, created_at, id);
create policy reach on change_calendar_feeds as restrictive to backoffice_service using (
    (select current_reach()) = 'org' or user_id = (select current_caller()));

-- What a feed shows, as long as its owner may read changes; nothing where it was revoked or its owner can not come in any more.
create function feed_changes(in_id uuid, in_hash bytea) returns jsonb language sql stable security definer set search_path = public, pg_temp as $$
    select jsonb_build_object('name', f.name, 'changes', change_calendar(null))
    from change_calendar_feeds f join memberships m on m.org_id = f.org_id and m.user_id = f.user_id and m.status = 'active'
    join logins l on l.id = m.user_id and l.status = 'active'
    left join employees e on e.org_id = m.org_id and e.id = m.employee_id
    where f.org_id = (select current_org()) and f.id = in_id and f.secret_hash = in_hash and e.status is distinct from 'terminated'
        and exists (select from role_permissions r where r.org_id = m.org_id and r.role_id = any(m.role_ids) and r.resource = 'changes' and r.verb = 'read')
$$;

-- Changes and freezes of some time, in the order in which they begin.
create function report_change_calendar(in_from timestamptz, in_to timestamptz) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(e.entry order by e.starts_at, e.id), '[]') from (
        select c.id, c.starts_at, jsonb_build_object('kind', 'change', 'id', c.id, 'number', c.number, 'title', c.title, 'status', c.status, 'risk', c.risk, 'starts_at', c.starts_at,
            'ends_at', c.ends_at, 'environment', null, 'system_ids', c.system_ids) as entry
        from changes c where c.org_id = (select current_org()) and c.starts_at < in_to and c.ends_at > in_from and c.status <> 'cancelled'
        union all
        select f.id, f.starts_at, jsonb_build_object('kind', 'freeze', 'id', f.id, 'number', null, 'title', f.name, 'status', f.status, 'risk', null, 'starts_at', f.starts_at,
            'ends_at', f.ends_at, 'environment', f.environment, 'system_ids', '[]'::jsonb)
        from change_freezes f where f.org_id = (select current_org()) and f.starts_at < in_to and f.ends_at > in_from and f.status = 'active'
        order by 2, 1 limit 5000) e
$$;

-- Access. A role is what somebody may be in a system.
create table system_roles (
    org_id       uuid    not null,
    id           uuid    not null,
    system_id    uuid    not null,
    name         text    not null constraint system_roles_name_length check (length(name) between 1 and 100),
    description  text    constraint system_roles_description_length check (length(description) between 1 and 2000),
    -- The longest that it is given for, where it is not given for good.
    longest_days integer constraint system_roles_longest_days_range check (longest_days between 1 and 3660),
    status       text    not null default 'active' constraint system_roles_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint system_roles_name_key unique (org_id, system_id, name),
    constraint system_roles_system_id_fkey foreign key (org_id, system_id) references systems (org_id, id)
);
create index system_roles_by_name on system_roles (org_id, name, id);
select manage_resource('system_roles');
create index system_roles_by_created_at on system_roles (org_id, created_at, id);

-- Roles that nobody holds together (segregation of duties).
create table toxic_role_pairs (
    org_id               uuid not null,
    id                   uuid not null,
    system_role_id       uuid not null,
    other_system_role_id uuid not null,
    reason               text not null constraint toxic_role_pairs_reason_length check (length(reason) between 1 and 500),
    primary key (org_id, id),
    constraint toxic_role_pairs_system_role_id_fkey foreign key (org_id, system_role_id) references system_roles (org_id, id),
    constraint toxic_role_pairs_other_system_role_id_fkey foreign key (org_id, other_system_role_id) references system_roles (org_id, id),
    constraint toxic_role_pairs_other_system_role_id_check check (other_system_role_id <> system_role_id)
);
create unique index toxic_role_pairs_other_system_role_id_key on toxic_role_pairs (org_id, least(system_role_id, other_system_role_id), greatest(system_role_id, other_system_role_id));
create index toxic_role_pairs_by_role on toxic_role_pairs (org_id, system_role_id, other_system_role_id);
create index toxic_role_pairs_by_other_role on toxic_role_pairs (org_id, other_system_role_id, system_role_id);
select manage_resource('toxic_role_pairs');
create index toxic_role_pairs_by_created_at on toxic_role_pairs (org_id, created_at, id);

create table access_grants (
    org_id            uuid not null,
    id                uuid not null,
    employee_id       uuid not null,
    system_role_id    uuid not null,
    -- The role's, so that its owner finds it.
    system_id         uuid not null,
    reason            text not null constraint access_grants_reason_length check (length(reason) between 1 and 500),
    -- The last day on which it holds; null is for good.
    ends_on           date,
    -- The task of onboarding that it does.
    checklist_task_id uuid,
    decided_by        uuid,
    decided_at        timestamptz,
    decision_reason   text constraint access_grants_decision_reason_length check (length(decision_reason) between 1 and 500),
    granted_at        timestamptz,
    ended_at          timestamptz,
    end_reason        text constraint access_grants_end_reason_length check (length(end_reason) between 1 and 500),
    status            text not null default 'requested'
        constraint access_grants_status_check check (status in ('requested', 'approved', 'granted', 'rejected', 'withdrawn', 'revoked', 'expired')),
    primary key (org_id, id),
    constraint access_grants_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint access_grants_system_role_id_fkey foreign key (org_id, system_role_id) references system_roles (org_id, id),
    constraint access_grants_system_id_fkey foreign key (org_id, system_id) references systems (org_id, id),
    constraint access_grants_checklist_task_id_fkey foreign key (org_id, checklist_task_id) references checklist_tasks (org_id, id) on delete set null (checklist_task_id),
    constraint what_holds_was_granted check (status <> 'granted' or granted_at is not null),
    constraint what_ended_has_a_moment check ((status in ('requested', 'approved', 'granted')) = (ended_at is null))
);
create unique index somebody_has_a_role_once on access_grants (org_id, employee_id, system_role_id) where status in ('requested', 'approved', 'granted');
create index access_grants_by_employee on access_grants (org_id, employee_id, status, id);
create index access_grants_by_role on access_grants (org_id, system_role_id, status, id);
create index access_grants_by_system on access_grants (org_id, system_id, id);
create index access_grants_by_status on access_grants (org_id, status, id);
create index access_grants_by_end on access_grants (org_id, ends_on, id);
create index access_grants_by_checklist_task on access_grants (org_id, checklist_task_id);
select manage_resource('access_grants', person => 'employee_id');
create index access_grants_by_created_at on access_grants (org_id, created_at, id);

-- Whether the caller answers for a system: its owner, and whoever the owner reported to where they have left.
create function owns_system(in_system uuid) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from systems s join employees o on o.org_id = s.org_id and o.id = s.owner_id
        where s.org_id = current_org() and s.id = in_system
            and current_person() = case o.status when 'terminated' then o.manager_id else o.id end)
$$;
create policy reach on access_grants as restrictive to backoffice_service using (
    (select current_reach()) = 'org' or employee_id = (select current_person()) or owns_system(system_id)
    or (select current_reach()) = 'team' and (select true from reporting_lines line
        where line.org_id = access_grants.org_id and line.above_id = (select current_person()) and line.below_id = access_grants.employee_id));

-- Refuses a role that somebody may not hold beside what they hold or will: of two that come at once the second waits at the employee.
create function refuse_toxic(in_grant access_grants) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    held record;
begin
    perform from employees where org_id = in_grant.org_id and id = in_grant.employee_id for no key update;
    select r.name as role, s.name as system, p.reason into held
        from toxic_role_pairs p
        join access_grants g on g.org_id = p.org_id and g.employee_id = in_grant.employee_id and g.status in ('approved', 'granted') and g.id <> in_grant.id
            and g.system_role_id = case p.system_role_id when in_grant.system_role_id then p.other_system_role_id else p.system_role_id end
        join system_roles r on r.org_id = g.org_id and r.id = g.system_role_id
        join systems s on s.org_id = g.org_id and s.id = g.system_id
        where p.org_id = in_grant.org_id and in_grant.system_role_id in (p.system_role_id, p.other_system_role_id)
        order by g.id limit 1;
    if found then
        perform tell_fault(409, 'access_grants', '/system_role_id', 'toxic', format('must not be held together with `%s` of `%s`: %s. Revoke that one first', held.role, held.system, held.reason));
    end if;
end $$;
revoke all on function refuse_toxic(access_grants) from public;

create function keep_access_grant() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    asked constant text[] := '{reason,ends_on}';
    decided constant text[] := '{status,decided_by,decided_at,decision_reason,granted_at,ended_at,end_reason,checklist_task_id,version,updated_at,updated_by}';
    role system_roles;
    holder employees;
    task checklist_tasks;
begin
    if tg_op = 'DELETE' then
        raise exception 'kept' using errcode = 'restrict_violation', table = 'access_grants', constraint = 'what_access_somebody_had_stays_on_record_so_withdraw_or_revoke_it';
    elsif new.org_id is distinct from current_org() then
        return new; -- which the wall refuses
    end if;
    if tg_op = 'UPDATE' and to_jsonb(new) - decided <> to_jsonb(old) - decided
            and (old.status <> 'requested' or to_jsonb(new) - decided - asked <> to_jsonb(old) - decided - asked) then
        raise exception 'decided' using errcode = 'restrict_violation', table = 'access_grants', constraint = 'what_was_decided_stays_as_it_is_so_revoke_it_and_ask_anew';
    elsif tg_op = 'UPDATE' and old.ended_at is not null and new.status <> old.status then
        raise exception 'ended' using errcode = 'restrict_violation', table = 'access_grants', constraint = 'access_that_ended_stays_so_ask_anew';
    end if;
    if tg_op = 'INSERT' then
        select * into role from system_roles where org_id = new.org_id and id = new.system_role_id for share;
        select * into holder from employees where org_id = new.org_id and id = new.employee_id;
        new.system_id := role.system_id;
        if role.id is null then
            perform tell_fault(422, 'access_grants', '/system_role_id', 'unknown-reference', 'there is no such row in this organization');
        elsif role.status <> 'active' then
            perform tell_fault(409, 'access_grants', '/system_role_id', 'archived', 'is archived: restore it, or name another one');
        elsif holder.status = 'terminated' then
            perform tell_fault(409, 'access_grants', '/employee_id', 'left', 'does not work here any more');
        elsif new.checklist_task_id is not null then
            select * into task from checklist_tasks where org_id = new.org_id and id = new.checklist_task_id;
            if task.id is null or current_caller() is not null and not caller_reaches('read', 'checklist-tasks', task.id) then
                perform tell_fault(422, 'access_grants', '/checklist_task_id', 'unknown-reference', 'there is no such row in this organization');
            elsif task.request_kind is distinct from 'access' or task.employee_id <> new.employee_id then
                perform tell_fault(422, 'access_grants', '/checklist_task_id', 'other-task', 'must be a task that asks for an access of this employee');
            elsif task.status <> 'open' then
                perform tell_fault(409, 'access_grants', '/checklist_task_id', 'done', format('is %s already', task.status));
            end if;
        end if;
        perform refuse_toxic(new);
    end if;
    if new.status in ('requested', 'approved', 'granted') and (tg_op = 'INSERT' or new.status <> old.status or new.ends_on is distinct from old.ends_on) then
        if role.id is null then select * into role from system_roles where org_id = new.org_id and id = new.system_role_id; end if;
        if new.ends_on < today_utc() then
            perform tell_fault(case tg_op when 'INSERT' then 422 else 409 end, 'access_grants', '/ends_on', 'over', 'must not be before today');
        elsif coalesce(new.ends_on > today_utc() + role.longest_days, role.longest_days is not null and new.ends_on is null) then
            perform tell_fault(422, 'access_grants', '/ends_on', 'longer-than-allowed', format('must be within %s days: `%s` is not given for longer', role.longest_days, role.name));
        end if;
    end if;
    if tg_op = 'INSERT' then return new; end if;
    if new.status in ('approved', 'rejected') and old.status = 'requested' then
        if current_caller() is not null then
            if current_actor_id() = old.created_by or old.employee_id = current_person() then
                raise exception 'forbidden: Nobody decides on access that they asked for or are to have: ask somebody else to.' using errcode = 'insufficient_privilege';
            elsif current_reach() <> 'org' and not owns_system(new.system_id) then
                raise exception 'forbidden: Access is approved by whoever answers for the system, or with the reach `org`.' using errcode = 'insufficient_privilege';
            end if;
        end if;
        new.decided_by := current_actor_id();
        new.decided_at := now();
    elsif new.status = 'revoked' and old.status <> 'revoked' and current_caller() is not null and pg_trigger_depth() = 1
            and current_reach() <> 'org' and not owns_system(new.system_id) then
        raise exception 'forbidden: Access is revoked by whoever answers for the system, or with the reach `org`.' using errcode = 'insufficient_privilege';
    end if;
    if new.status in ('approved', 'granted') and new.status <> old.status then
        if exists (select from employees where org_id = new.org_id and id = new.employee_id and status = 'terminated') then
            perform tell_fault(409, 'access_grants', '/employee_id', 'left', 'does not work here any more');
        end if;
        perform refuse_toxic(new);
    end if;
    if new.status = 'granted' and old.status <> 'granted' then new.granted_at := now(); end if;
    if new.status in ('rejected', 'withdrawn', 'revoked', 'expired') and old.ended_at is null then new.ended_at := now(); end if;
    return new;
end $$;
create trigger keep_access_grant before insert or update or delete on access_grants for each row execute function keep_access_grant();

-- What was asked for when somebody came is done when they have it; and what ended is nobody's to review any more.
create function follow_access_grant() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    own_reach constant text := current_setting('app.reach', true);
begin
    if new.status = 'granted' and new.checklist_task_id is not null then
        -- Whoever gives the access does what the task asks for, by that.
        perform set_config('app.reach', 'org:', true);
        update checklist_tasks set status = 'done' where org_id = new.org_id and id = new.checklist_task_id and status = 'open';
        perform set_config('app.reach', own_reach, true);
    elsif new.ended_at is not null then
        update access_review_items set status = 'lapsed' where org_id = new.org_id and access_grant_id = new.id and status = 'open';
    end if;
    return null;
end $$;
create trigger follow_access_grant after update on access_grants for each row when (new.status <> old.status) execute function follow_access_grant();

-- Who has left has access to nothing.
create function end_access_of_leavers() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update access_grants set status = case status when 'granted' then 'revoked' when 'approved' then 'revoked' else 'withdrawn' end, end_reason = 'They have left.'
        where org_id = new.org_id and employee_id = new.id and status in ('requested', 'approved', 'granted');
    return null;
end $$;
create trigger end_access_of_leavers after update of status on employees for each row
    when (new.status = 'terminated' and old.status <> 'terminated') execute function end_access_of_leavers();

create table access_reviews (
    org_id        uuid not null,
    id            uuid not null,
    name          text not null constraint access_reviews_name_length check (length(name) between 1 and 100),
    -- Of one system, or of all.
    system_id     uuid,
    due_on        date not null,
    -- What becomes of access that nobody answered for by then.
    unanswered    text not null constraint access_reviews_unanswered_check check (unanswered in ('keep', 'revoke')),
    opened_at     timestamptz,
    closed_at     timestamptz,
    status        text not null default 'draft' constraint access_reviews_status_check check (status in ('draft', 'open', 'closed', 'cancelled')),
    primary key (org_id, id),
    constraint access_reviews_name_key unique (org_id, name),
    constraint access_reviews_system_id_fkey foreign key (org_id, system_id) references systems (org_id, id)
);
create index access_reviews_by_system on access_reviews (org_id, system_id, id);
create index access_reviews_by_due_on on access_reviews (org_id, due_on, id);
create index access_reviews_by_status on access_reviews (org_id, status, due_on);
select manage_resource('access_reviews');
create index access_reviews_by_created_at on access_reviews (org_id, created_at, id);

create table access_review_items (
    org_id           uuid not null,
    id               uuid not null,
    access_review_id uuid not null,
    access_grant_id  uuid not null,
    employee_id      uuid not null,
    system_role_id   uuid not null,
    -- Who is asked: see `reviewer_of`.
    reviewer_id      uuid,
    reason           text constraint access_review_items_reason_length check (length(reason) between 1 and 500),
    decided_at       timestamptz,
    -- Whether nobody answered, and what the campaign says was done.
    is_unanswered    boolean not null default false,
    status           text not null default 'open' constraint access_review_items_status_check check (status in ('open', 'kept', 'revoked', 'lapsed')),
    primary key (org_id, id),
    constraint access_review_items_access_grant_id_key unique (org_id, access_review_id, access_grant_id),
    constraint access_review_items_access_review_id_fkey foreign key (org_id, access_review_id) references access_reviews (org_id, id),
    constraint access_review_items_access_grant_id_fkey foreign key (org_id, access_grant_id) references access_grants (org_id, id),
    constraint access_review_items_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint access_review_items_system_role_id_fkey foreign key (org_id, system_role_id) references system_roles (org_id, id),
    constraint access_review_items_reviewer_id_fkey foreign key (org_id, reviewer_id) references employees (org_id, id)
);
create index access_review_items_by_review on access_review_items (org_id, access_review_id, status, id);
create index access_review_items_by_grant on access_review_items (org_id, access_grant_id, id);
create index access_review_items_by_employee on access_review_items (org_id, employee_id, id);
create index access_review_items_by_role on access_review_items (org_id, system_role_id, id);
create index access_review_items_by_reviewer on access_review_items (org_id, reviewer_id, status, id);
select manage_resource('access_review_items', person => 'reviewer_id');
create index access_review_items_by_created_at on access_review_items (org_id, created_at, id);
select limit_reach('access_review_items');

-- Who is asked whether an employee keeps an access to a system: its owner; whom the owner reports to, where it is their own access or they have
-- left; else whom the employee reports to. Null where none of them works here: then whoever may for all answers.
create function reviewer_of(in_system uuid, in_employee uuid) returns uuid language sql stable security definer set search_path = public, pg_temp as $$
    select p.id from systems s
        join employees o on o.org_id = s.org_id and o.id = s.owner_id
        join employees e on e.org_id = s.org_id and e.id = in_employee
        cross join unnest(array[o.id, o.manager_id, e.manager_id]) with ordinality a (id, place)
        join employees p on p.org_id = s.org_id and p.id = a.id and p.status <> 'terminated' and p.id <> e.id
        where s.org_id = current_org() and s.id = in_system order by a.place limit 1
$$;
revoke all on function reviewer_of(uuid, uuid) from public;

-- What waits for an owner's answer waits for the next one, where the system has another owner or its owner has left.
create function ask_next_reviewer() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update access_review_items i set reviewer_id = reviewer_of(g.system_id, i.employee_id)
        from access_grants g
        where i.org_id = old.org_id and i.status = 'open' and g.org_id = i.org_id and g.id = i.access_grant_id
            and case tg_table_name when 'systems' then g.system_id = old.id else i.reviewer_id = old.id end
            and i.reviewer_id is distinct from reviewer_of(g.system_id, i.employee_id);
    return null;
end $$;
create trigger ask_next_reviewer after update of owner_id on systems for each row
    when (new.owner_id <> old.owner_id) execute function ask_next_reviewer();
create trigger ask_next_reviewer after update of status on employees for each row
    when (new.status = 'terminated' and old.status <> 'terminated') execute function ask_next_reviewer();

-- A campaign asks, once, about all that is held when it is opened; it is closed when all is answered or its day is over, and does then
-- what it says with the rest.
create function keep_access_review() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    waiting bigint;
begin
    if tg_op = 'DELETE' then
        if old.status <> 'draft' then
            raise exception 'opened' using errcode = 'restrict_violation', table = 'access_reviews', constraint = 'a_campaign_that_was_opened_stays_on_record';
        end if;
        return old;
    elsif new.org_id is distinct from current_org() then
        return new; -- which the wall refuses
    elsif old.status in ('closed', 'cancelled') then
        raise exception 'over' using errcode = 'restrict_violation', table = 'access_reviews', constraint = 'a_campaign_that_is_over_stays_as_it_was';
    elsif old.status = 'open' and (new.system_id, new.unanswered) is distinct from (old.system_id, old.unanswered) then
        raise exception 'opened' using errcode = 'restrict_violation', table = 'access_reviews', constraint = 'what_a_campaign_asks_about_stays_once_it_is_opened';
    end if;
    if new.status = 'open' and old.status = 'draft' then
        if new.due_on < today_utc() then
            perform tell_fault(409, 'access_reviews', '/due_on', 'over', 'must not be before today: give those who are asked some days');
        end if;
        new.opened_at := now();
    elsif new.status = 'closed' and old.status = 'open' then
        select count(*) into waiting from access_review_items where org_id = new.org_id and access_review_id = new.id and status = 'open';
        if waiting > 0 and new.due_on >= today_utc() then
            perform tell_fault(409, 'access_reviews', '/status', 'unanswered', format('waits for %s answers until %s: what is not answered by then is as the campaign says', waiting, new.due_on));
        end if;
        new.closed_at := now();
    end if;
    return new;
end $$;
create trigger keep_access_review before update or delete on access_reviews for each row execute function keep_access_review();

create function follow_access_review() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status = 'open' then
        insert into access_review_items (org_id, id, access_review_id, access_grant_id, employee_id, system_role_id, reviewer_id)
            select g.org_id, ordered_uuid(now(), row_number() over (order by g.id)), new.id, g.id, g.employee_id, g.system_role_id,
                reviewer_of(g.system_id, g.employee_id)
            from access_grants g
            where g.org_id = new.org_id and g.status = 'granted' and (new.system_id is null or g.system_id = new.system_id);
    elsif new.status = 'closed' then
        update access_review_items set status = case new.unanswered when 'keep' then 'kept' else 'revoked' end, is_unanswered = true
            where org_id = new.org_id and access_review_id = new.id and status = 'open';
    elsif new.status = 'cancelled' then
        update access_review_items set status = 'lapsed' where org_id = new.org_id and access_review_id = new.id and status = 'open';
    end if;
    return null;
end $$;
create trigger follow_access_review after update on access_reviews for each row when (new.status <> old.status) execute function follow_access_review();

create function keep_access_review_item() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    campaign access_reviews;
begin
    if tg_op = 'DELETE' then
        raise exception 'kept' using errcode = 'restrict_violation', table = 'access_review_items', constraint = 'what_was_asked_stays_on_record';
    elsif new.org_id is distinct from current_org() then
        return new; -- which the wall refuses
    elsif new.status <> old.status and old.status <> 'open' then
        raise exception 'answered' using errcode = 'restrict_violation', table = 'access_review_items', constraint = 'what_was_answered_stays_so';
    end if;
    if new.status in ('kept', 'revoked') and old.status = 'open' then
        if current_caller() is not null and pg_trigger_depth() = 1 then
            -- Whoever closes it meanwhile waits for this answer, or it for them; where each waits for the other, one begins anew.
            select * into campaign from access_reviews where org_id = new.org_id and id = new.access_review_id for share;
            if campaign.status <> 'open' then
                perform tell_fault(409, 'access_review_items', '/status', 'over', 'belongs to a campaign that is over');
            elsif old.employee_id = current_person() then
                raise exception 'forbidden: Nobody reviews their own access: it waits for somebody else.' using errcode = 'insufficient_privilege';
            end if;
        end if;
        new.decided_at := now();
    end if;
    return new;
end $$;
create trigger keep_access_review_item before update or delete on access_review_items for each row execute function keep_access_review_item();

create function follow_access_review_item() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update access_grants set status = 'revoked', end_reason = coalesce(new.reason, 'Nobody answered for it when access was reviewed.')
        where org_id = new.org_id and id = new.access_grant_id and status = 'granted';
    return null;
end $$;
create trigger follow_access_review_item after update on access_review_items for each row
    when (new.status = 'revoked' and old.status = 'open') execute function follow_access_review_item();

-- Ends what was for some days, and campaigns whose day is over. Answers how many there were.
create function end_access_that_is_due() returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
    ended bigint;
    closed bigint;
begin
    update access_grants set status = case status when 'granted' then 'expired' else 'withdrawn' end, end_reason = 'Its last day is over.'
        where org_id = current_org() and status in ('requested', 'approved', 'granted') and ends_on < today_utc();
    get diagnostics ended = row_count;
    update access_reviews set status = 'closed' where org_id = current_org() and status = 'open' and due_on < today_utc();
    get diagnostics closed = row_count;
    return ended + closed;
end $$;
revoke all on function end_access_that_is_due() from public;
grant execute on function end_access_that_is_due() to backoffice_service;

-- Who holds together what nobody should: given before the pair was named.
create function report_toxic_access() returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(t.line order by t.name, t.pair, t.employee), '[]') from (
        select e.family_name as name, p.id as pair, e.id as employee, jsonb_build_object('toxic_role_pair_id', p.id, 'reason', p.reason, 'employee_id', e.id, 'employee', e.given_name || ' ' || e.family_name,
            'access_grant_id', a.id, 'other_access_grant_id', b.id, 'role', ra.name, 'other_role', rb.name) as line
        from toxic_role_pairs p
        join access_grants a on a.org_id = p.org_id and a.system_role_id = p.system_role_id and a.status = 'granted'
        join access_grants b on b.org_id = p.org_id and b.system_role_id = p.other_system_role_id and b.status = 'granted' and b.employee_id = a.employee_id
        join system_roles ra on ra.org_id = p.org_id and ra.id = p.system_role_id
        join system_roles rb on rb.org_id = p.org_id and rb.id = p.other_system_role_id
        join employees e on e.org_id = p.org_id and e.id = a.employee_id
        where p.org_id = (select current_org()) order by 1, 2, 3 limit 10000) t
$$;

-- What those who go still hold, with the checklist by which they go.
create function report_leavers_access() returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(l.line order by l.last_day, l.employee, l.id), '[]') from (
        select e.terminated_on as last_day, e.id as employee, g.id, jsonb_build_object('employee_id', e.id, 'employee', e.given_name || ' ' || e.family_name, 'last_day_on', e.terminated_on,
            'access_grant_id', g.id, 'system_id', s.id, 'system', s.name, 'role', r.name, 'status', g.status,
            'checklist_id', (select c.id from checklists c where c.org_id = e.org_id and c.employee_id = e.id and c.kind = 'offboarding' and c.status <> 'cancelled' order by c.day_on desc limit 1)) as line
        from employees e
        join access_grants g on g.org_id = e.org_id and g.employee_id = e.id and g.status in ('approved', 'granted')
        join system_roles r on r.org_id = g.org_id and r.id = g.system_role_id
        join systems s on s.org_id = g.org_id and s.id = g.system_id
        where e.org_id = (select current_org()) and e.terminated_on is not null order by 1, 2, 3 limit 10000) l
$$;

-- Security. By when something has to be contained or mended follows from its severity; the organization may alter that.
create table security_deadlines (
    org_id uuid not null,
    id     uuid not null,
    name   text not null constraint security_deadlines_name_length check (length(name) between 1 and 100),
    incident_low_hours integer not null constraint security_deadlines_incident_low_hours_range check (incident_low_hours between 1 and 8784),
    incident_medium_hours integer not null constraint security_deadlines_incident_medium_hours_range check (incident_medium_hours between 1 and 8784),
    incident_high_hours integer not null constraint security_deadlines_incident_high_hours_range check (incident_high_hours between 1 and 8784),
    incident_critical_hours integer not null constraint security_deadlines_incident_critical_hours_range check (incident_critical_hours between 1 and 8784),
    vulnerability_low_days integer not null constraint security_deadlines_vulnerability_low_days_range check (vulnerability_low_days between 1 and 3660),
    vulnerability_medium_days integer not null constraint security_deadlines_vulnerability_medium_days_range check (vulnerability_medium_days between 1 and 3660),
    vulnerability_high_days integer not null constraint security_deadlines_vulnerability_high_days_range check (vulnerability_high_days between 1 and 3660),
    vulnerability_critical_days integer not null constraint security_deadlines_vulnerability_critical_days_range check (vulnerability_critical_days between 1 and 3660),
    status text not null default 'inactive' constraint security_deadlines_status_check check (status in ('inactive', 'active')),
    primary key (org_id, id),
    constraint security_deadlines_name_key unique (org_id, name)
);
create unique index deadlines_are_active_one_at_a_time on security_deadlines (org_id) where status = 'active';
create index security_deadlines_by_name on security_deadlines (org_id, name, id);
select manage_resource('security_deadlines');
create index security_deadlines_by_created_at on security_deadlines (org_id, created_at, id);
create trigger take_over before update on security_deadlines for each row when (new.status = 'active' and old.status <> 'active') execute function take_over();

-- Hours to contain an incident, days to mend a vulnerability.
create function security_deadline(in_kind text, in_severity text) returns integer language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce((select (to_jsonb(d) ->> (in_kind || '_' || in_severity || case in_kind when 'incident' then '_hours' else '_days' end))::int
            from security_deadlines d where d.org_id = current_org() and d.status = 'active'),
        case in_kind when 'incident' then case in_severity when 'critical' then 4 when 'high' then 24 when 'medium' then 72 else 168 end
            else case in_severity when 'critical' then 7 when 'high' then 30 when 'medium' then 90 else 180 end end)
$$;

create table security_incidents (
    org_id              uuid        not null,
    id                  uuid        not null,
    title               text        not null constraint security_incidents_title_length check (length(title) between 1 and 200),
    description         text        not null constraint security_incidents_description_length check (length(description) between 1 and 10000),
    category            text        not null constraint security_incidents_category_check check (category in ('phishing', 'malware', 'data_breach', 'lost_device',
        'unauthorized_access', 'denial_of_service', 'other')),
    severity            text        not null constraint security_incidents_severity_check check (severity in ('low', 'medium', 'high', 'critical')),
    system_ids          uuid[]      not null default '{}' constraint security_incidents_system_ids_length check (cardinality(system_ids) <= 100),
    -- Who told of it; null where they stay in confidence, or are nobody's employee.
    reporter_id         uuid,
    is_confidential     boolean     not null default false,
    assignee_id         uuid,
    detected_at         timestamptz not null default now(),
    -- By when it has to be contained.
    due_at              timestamptz not null,
    -- By when the authority is told of a breach of personal data (GDPR art. 33 (1)).
    notification_due_at timestamptz,
    containment         text        constraint security_incidents_containment_length check (length(containment) between 1 and 10000),
    contained_at        timestamptz,
    resolution          text        constraint security_incidents_resolution_length check (length(resolution) between 1 and 10000),
    resolved_at         timestamptz,
    lessons             text        constraint security_incidents_lessons_length check (length(lessons) between 1 and 10000),
    dismissal_reason    text        constraint security_incidents_dismissal_reason_length check (length(dismissal_reason) between 1 and 500),
    status              text        not null default 'reported' constraint security_incidents_status_check
        check (status in ('reported', 'investigating', 'contained', 'resolved', 'closed', 'dismissed')),
    primary key (org_id, id),
    constraint security_incidents_reporter_id_fkey foreign key (org_id, reporter_id) references employees (org_id, id),
    constraint security_incidents_assignee_id_fkey foreign key (org_id, assignee_id) references employees (org_id, id),
    constraint who_reports_in_confidence_is_not_named check (not is_confidential or reporter_id is null)
);
create index security_incidents_by_reporter on security_incidents (org_id, reporter_id, id);
create index security_incidents_by_assignee on security_incidents (org_id, assignee_id, id);
create index security_incidents_by_due_at on security_incidents (org_id, due_at, id);
create index security_incidents_by_status on security_incidents (org_id, status, id);
select manage_resource('security_incidents', person => 'reporter_id', personal => '{reporter_id}');
create index security_incidents_by_created_at on security_incidents (org_id, created_at, id);
create trigger keep_affected_systems after insert or update of system_ids or delete on security_incidents for each row execute function keep_affected_systems();

create table security_incident_entries (
    org_id      uuid        not null,
    id          uuid        not null,
    incident_id uuid        not null,
    happened_at timestamptz not null,
    text        text        not null constraint security_incident_entries_text_length check (length(text) between 1 and 5000),
    primary key (org_id, id),
    constraint security_incident_entries_incident_id_fkey foreign key (org_id, incident_id) references security_incidents (org_id, id)
);
create index security_incident_entries_by_incident on security_incident_entries (org_id, incident_id, happened_at, id);
create index security_incident_entries_by_time on security_incident_entries (org_id, happened_at, id);
select manage_resource('security_incident_entries', singular => 'security_incident_entry');
create index security_incident_entries_by_created_at on security_incident_entries (org_id, created_at, id);
select frozen_when('security_incident_entries', 'true');

-- Whose report it is, so that they can follow it; in no answer, no event and no archive. The service can not read it: it asks `is_reporter_of`.
create table security_incident_reporters (
    org_id      uuid not null,
    incident_id uuid not null,
    user_id     uuid not null,
    primary key (org_id, incident_id),
    -- It is written before the incident is.
    constraint security_incident_reporters_incident_id_fkey foreign key (org_id, incident_id) references security_incidents (org_id, id)
        on delete cascade deferrable initially deferred
);
select manage_record('security_incident_reporters');
insert into archive_exceptions values ('security_incident_reporters', 'who reported something in confidence is told to nobody');

-- Volatile, so that it sees what the insert itself has just written.
create function is_reporter_of(in_incident uuid) returns boolean language sql volatile security definer set search_path = public, pg_temp as $$
    select exists (select from security_incident_reporters where org_id = current_org() and incident_id = in_incident and user_id = current_caller())
        or exists (select from security_incidents where org_id = current_org() and id = in_incident and reporter_id = current_person())
$$;
-- Whether the caller reported it in confidence: then nothing that they do to it names them.
create function is_in_confidence(in_incident uuid) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from security_incident_reporters r join security_incidents i on i.org_id = r.org_id and i.id = r.incident_id
        where r.org_id = current_org() and r.incident_id = in_incident and r.user_id = current_actor_id() and i.is_confidential)
$$;
create policy reach_read on security_incidents as restrictive for select to backoffice_service using (
    (select current_reach()) = 'org' or assignee_id = (select current_person()) or is_reporter_of(id));
create policy reach_update on security_incidents as restrictive for update to backoffice_service using (
    (select current_reach()) = 'org' or assignee_id = (select current_person()));
create policy reach_delete on security_incidents as restrictive for delete to backoffice_service using ((select current_reach()) = 'org');
create policy reach on security_incident_entries as restrictive to backoffice_service using (
    (select current_reach()) = 'org' or is_reporter_of(incident_id)
    or exists (select from security_incidents i where i.org_id = security_incident_entries.org_id and i.id = incident_id and i.assignee_id = (select current_person())));

create function keep_security_incident() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' then
        if new.detected_at > now() + interval '5 minutes' then
            perform tell_fault(422, 'security_incidents', '/detected_at', 'in-the-future', 'must not be in the future');
        elsif new.is_confidential and new.reporter_id is not null then
            perform tell_fault(422, 'security_incidents', '/reporter_id', 'in-confidence', 'must be left out of a report in confidence, which names nobody');
        elsif current_caller() is not null and current_reach() <> 'org' and new.reporter_id <> current_person() then
            raise exception 'forbidden: Whoever reports in the name of somebody else needs the reach `org`.' using errcode = 'insufficient_privilege';
        end if;
        if not new.is_confidential then new.reporter_id := coalesce(new.reporter_id, current_person()); end if;
        if current_caller() is not null then
            insert into security_incident_reporters (org_id, incident_id, user_id) values (new.org_id, new.id, current_caller());
        end if;
        if new.is_confidential then
            new.created_by := null;
            new.updated_by := null;
        end if;
    else
        if old.status in ('closed', 'dismissed') then
            raise exception 'over' using errcode = 'restrict_violation', table = 'security_incidents', constraint = 'an_incident_that_is_closed_stays_as_it_was';
        elsif (new.is_confidential, new.reporter_id) is distinct from (old.is_confidential, old.reporter_id) then
            raise exception 'reporter' using errcode = 'restrict_violation', table = 'security_incidents', constraint = 'who_reported_an_incident_stays_as_it_was_told';
        end if;
        if new.status = 'contained' and old.status <> 'contained' then new.contained_at := now(); end if;
        if new.status = 'resolved' and old.status <> 'resolved' then
            new.resolved_at := now();
            new.contained_at := coalesce(new.contained_at, now());
        end if;
        if old.is_confidential and is_in_confidence(old.id) then new.updated_by := null; end if;
    end if;
    new.due_at := new.detected_at + make_interval(hours => security_deadline('incident', new.severity));
    new.notification_due_at := case new.category when 'data_breach' then new.detected_at + interval '72 hours' end;
    return new;
end $$;
-- After `count_version`, which says who changed it.
create trigger keep_security_incident before insert or update on security_incidents for each row execute function keep_security_incident();

create function keep_security_incident_entry() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    incident security_incidents;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select * into incident from security_incidents where org_id = new.org_id and id = new.incident_id for share;
    if incident.status in ('closed', 'dismissed') then
        perform tell_fault(409, 'security_incident_entries', '/incident_id', 'over', format('is %s: its timeline stays as it is', incident.status));
    elsif current_reach() <> 'org' and incident.id is not null and not is_reporter_of(incident.id) and incident.assignee_id is distinct from current_person() then
        perform tell_fault(422, 'security_incident_entries', '/incident_id', 'unknown-reference', 'there is no such row in this organization');
    elsif is_in_confidence(new.incident_id) then
        new.created_by := null;
        new.updated_by := null;
    end if;
    return new;
end $$;
create trigger keep_security_incident_entry before insert on security_incident_entries for each row execute function keep_security_incident_entry();

-- An event names who did it, in which session and request: not so where they told of it in confidence.
create function keep_reporter_out_of_events() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    incident uuid := case new.resource when 'security-incidents' then new.resource_id else (new.changes #>> '{incident_id,after}')::uuid end;
begin
    if incident is not null and is_in_confidence(incident) then
        new.actor := 'system';
        new.session_id := null;
        new.request_id := null;
        new.changes := new.changes - '{created_by}'::text[];
    end if;
    return new;
end $$;
create trigger keep_reporter_out before insert on events for each row when (new.resource in ('security-incidents', 'security-incident-entries')) execute function keep_reporter_out_of_events();

-- Comments and files carry the name of whoever brings them: who reported in confidence writes in the timeline instead.
create function keep_reporter_from_signing() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.resource = 'security-incidents' and is_in_confidence(new.resource_id) then
        raise exception 'forbidden: What hangs on an incident carries a name, and you reported this one in confidence: write in its timeline, which names nobody.'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger keep_reporter_from_signing before insert or update on comments for each row when (new.resource = 'security-incidents') execute function keep_reporter_from_signing();
create trigger keep_reporter_from_signing before insert or update on files for each row when (new.resource = 'security-incidents') execute function keep_reporter_from_signing();

create table vulnerabilities (
    org_id         uuid         not null,
    id             uuid         not null,
    title          text         not null constraint vulnerabilities_title_length check (length(title) between 1 and 200),
    cve            text         constraint vulnerabilities_cve_format check (cve ~ '^CVE-[0-9]{4}-[0-9]{4,8}$'),
    description    text         constraint vulnerabilities_description_length check (length(description) between 1 and 10000),
    severity       text         not null constraint vulnerabilities_severity_check check (severity in ('low', 'medium', 'high', 'critical')),
    cvss_score     numeric(3,1) constraint vulnerabilities_cvss_score_range check (cvss_score between 0 and 10),
    system_ids     uuid[]       not null constraint vulnerabilities_system_ids_length check (cardinality(system_ids) between 1 and 100),
    assignee_id    uuid,
    found_on       date         not null default (now() at time zone 'utc')::date,
    due_on         date         not null,
    resolution     text         constraint vulnerabilities_resolution_length check (length(resolution) between 1 and 5000),
    -- Until when the risk is accepted.
    accepted_until_on date,
    resolved_on    date,
    status         text         not null default 'open' constraint vulnerabilities_status_check
        check (status in ('open', 'in_progress', 'fixed', 'accepted', 'dismissed')),
    primary key (org_id, id),
    constraint vulnerabilities_cve_key unique (org_id, cve),
    constraint vulnerabilities_assignee_id_fkey foreign key (org_id, assignee_id) references employees (org_id, id),
    constraint what_is_accepted_is_accepted_until_a_day check ((status = 'accepted') = (accepted_until_on is not null))
);
create index vulnerabilities_by_assignee on vulnerabilities (org_id, assignee_id, id);
create index vulnerabilities_by_due_on on vulnerabilities (org_id, due_on, id);
create index vulnerabilities_by_status on vulnerabilities (org_id, status, id);
select manage_resource('vulnerabilities', singular => 'vulnerability');
create index vulnerabilities_by_created_at on vulnerabilities (org_id, created_at, id);
create trigger keep_affected_systems after insert or update of system_ids or delete on vulnerabilities for each row execute function keep_affected_systems();

create function keep_vulnerability() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' and new.found_on > today_utc() then
        perform tell_fault(422, 'vulnerabilities', '/found_on', 'in-the-future', 'must not be after today');
    elsif new.status = 'accepted' and (tg_op = 'INSERT' or old.status <> 'accepted') and new.accepted_until_on <= today_utc() then
        perform tell_fault(422, 'vulnerabilities', '/accepted_until_on', 'over', 'must be after today');
    end if;
    if new.status <> 'accepted' then new.accepted_until_on := null; end if;
    new.resolved_on := case when new.status in ('fixed', 'dismissed') then coalesce(new.resolved_on, today_utc()) end;
    if new.status in ('open', 'in_progress') then new.resolution := null; end if;
    new.due_on := new.found_on + security_deadline('vulnerability', new.severity);
    return new;
end $$;
create trigger keep_vulnerability before insert or update on vulnerabilities for each row execute function keep_vulnerability();

-- What was accepted until a day that is over is open again. Answers how many there were.
create function reopen_accepted_vulnerabilities() returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
    reopened bigint;
begin
    update vulnerabilities set status = 'open' where org_id = current_org() and status = 'accepted' and accepted_until_on < today_utc();
    get diagnostics reopened = row_count;
    return reopened;
end $$;
revoke all on function reopen_accepted_vulnerabilities() from public;
grant execute on function reopen_accepted_vulnerabilities() to backoffice_service;
