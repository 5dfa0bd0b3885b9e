-- What every table stands on: the service's role, the context of a request, the one call that makes a table a
-- resource, the events, and the idempotency keys. It knows no business.

-- The service works as a role that owns nothing and can not bypass row-level security.
do $$
begin
    create role backoffice_service nologin;
exception when duplicate_object or unique_violation then
    null; -- roles belong to the whole cluster; another database of it may have made this one
end $$;
do $$
begin
    execute format('grant backoffice_service to %I', current_user);
    execute format('grant usage on schema public to backoffice_service');
end $$;

-- Who is asking, as `enter` told the connection or the transaction. Unset means nobody, and nobody sees anything.
create function current_org() returns uuid language sql stable parallel safe
    as $$ select nullif(current_setting('app.org_id', true), '')::uuid $$;

-- Whether the service asks, also where a function works as the owner of the tables for it. Whoever looks after the database does not.
create function is_service() returns boolean language sql stable parallel safe
    as $$ select current_setting('role') = 'backoffice_service' $$;

-- 'user:<id>', 'client:<id>' or 'system'.
create function current_actor() returns text language sql stable parallel safe
    as $$ select coalesce(nullif(current_setting('app.actor', true), ''), 'system') $$;

create function current_actor_id() returns uuid language sql stable parallel safe
    as $$ select nullif(split_part(current_actor(), ':', 2), '')::uuid $$;

create function current_session() returns uuid language sql stable parallel safe
    as $$ select nullif(current_setting('app.session_id', true), '')::uuid $$;

create function current_request() returns text language sql stable parallel safe
    as $$ select nullif(current_setting('app.request_id', true), '') $$;

-- How far the permission of this request goes: 'own', 'team' or 'org'.
create function current_reach() returns text language sql stable parallel safe
    as $$ select split_part(current_setting('app.reach', true), ':', 1) $$;

-- The employee that the caller is, if the login belongs to one.
create function current_person() returns uuid language sql stable parallel safe
    as $$ select nullif(split_part(current_setting('app.reach', true), ':', 2), '')::uuid $$;

-- Names the organization for work that no caller asked for: sign-in, jobs, the command line.
create function enter_as_system(in_org uuid, is_local boolean) returns void language plpgsql as $$
begin
    perform set_config('app.org_id', in_org::text, is_local),
        set_config('app.actor', 'system', is_local),
        set_config('app.session_id', '', is_local),
        set_config('app.request_id', '', is_local),
        set_config('app.reach', 'org:', is_local);
end $$;

-- Every table that has an `org_id`, and how it is kept.
create table managed_tables (
    name             text primary key,
    kind             text not null constraint managed_tables_kind_check check (kind in ('resource', 'record', 'derived')),
    singular         text,
    -- The column that holds the employee whom a row is about: permissions with reach `own` and `team` follow it.
    person_column    text,
    secret_columns   text[] not null default '{}',
    personal_columns text[] not null default '{}'
);
comment on table managed_tables is 'Kinds: resource (versioned, with events), record (written by the platform, without events of its own), derived (kept by triggers alone)';
grant select on managed_tables to backoffice_service;

-- The audit trail, the change feed and the outbox in one.
create table events (
    org_id      uuid        not null,
    sequence    bigint      not null generated always as identity,
    id          uuid        not null default gen_random_uuid(),
    transaction xid8        not null default pg_current_xact_id(),
    at          timestamptz not null default now(),
    actor       text        not null default current_actor(),
    session_id  uuid        default current_session(),
    request_id  text        default current_request(),
    type        text        not null,
    resource    text        not null,
    resource_id uuid        not null,
    version     bigint      not null,
    changes     jsonb       not null,
    primary key (org_id, at, sequence)
) partition by range (at);
create index events_by_resource on events (org_id, resource, resource_id, transaction, sequence);
create index events_feed on events (org_id, transaction, sequence);
create table events_without_month partition of events default;

-- Makes the partitions of this month and the next three. Called by `migrate` and daily by the service.
create function make_event_partitions() returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    month date := date_trunc('month', now() at time zone 'UTC');
begin
    for step in 0..3 loop
        if to_regclass('events_' || to_char(month, 'YYYY_MM')) is null then
            execute format('create table %I partition of events for values from (%L) to (%L)',
                'events_' || to_char(month, 'YYYY_MM'), month::timestamp at time zone 'UTC',
                (month + interval '1 month')::timestamp at time zone 'UTC');
        end if;
        month := month + interval '1 month';
    end loop;
end $$;
select make_event_partitions();
revoke all on function make_event_partitions() from public;
grant execute on function make_event_partitions() to backoffice_service;

-- Events below this number are complete: no transaction that is still open can add one.
create function events_horizon() returns xid8 language sql stable parallel safe
    as $$ select pg_snapshot_xmin(pg_current_snapshot()) $$;

-- The cluster whose transactions number the events.
create table events_cluster (system bigint primary key);
insert into events_cluster select system_identifier from pg_control_system();

-- Transactions are numbered anew in another cluster. A database that was restored there counts on from its last event: else
-- the feed would hold back what it has, and sort what is new in front of it. Called at each start; nearly always nothing to do.
create function count_events_on() returns void language plpgsql as $$
declare
    here bigint := (select system_identifier from pg_control_system());
    ahead bigint;
begin
    update events_cluster set system = here where system <> here;
    if not found then return; end if;
    select greatest(0, max(transaction::text::bigint) - pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1)
        into ahead from events;
    ahead := coalesce(ahead, 0);
    execute format('alter table events alter column transaction
        set default (pg_current_xact_id()::text::bigint + %s)::text::xid8', ahead);
    execute format('create or replace function events_horizon() returns xid8 language sql stable parallel safe
        as $sql$ select (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + %s)::text::xid8 $sql$', ahead);
end $$;
revoke all on function count_events_on() from public;

-- A field that changed as events tell of it, as the text of its JSON: `"phone": {"after": …, "before": …, "personal": true}`; the last from the comma on.
create function event_change(field text, after json, before json, ending text) returns text language plpgsql immutable parallel safe as $$
begin
    return field || ': {"after": ' || coalesce(after::text, 'null') || ', "before": ' || coalesce(before::text, 'null') || ending;
end $$;

-- The same of custom fields, all that differ: `"custom.shoe_size": {…}, …`; null where none does.
create function custom_changes(after jsonb, before jsonb, ending text) returns text language sql immutable parallel safe as $$
    select string_agg(event_change(to_json('custom.' || key)::text, (after -> key)::json, (before -> key)::json, ending), ', ')
    from jsonb_object_keys(after || before) key where coalesce(after -> key, 'null') <> coalesce(before -> key, 'null')
$$;

-- The body of `events_of_…`, the trigger that tells of a resource's rows. Each column is written as the text of its JSON, which takes a third of what it
-- takes to read it out of the JSON of the whole row. Nothing is told of columns that are nobody's business, are null or have not changed; decimals are
-- text. Statement-level, so that a bulk write of 10,000 rows is one insert. A session keeps the plan that it made for its first statement: what was a
-- loop for one row would be a loop in a loop for thousands, so rows are not joined by one. Each session keeps such plans for each table: so they are kept small.
create function events_told(table_name text) returns text language sql stable as $$
    with columns as (
        select attnum, attname, quote_ident(attname) as field, to_json(attname)::text as key,
            case when attname = any(m.personal_columns) then ', "personal": true}' else '}' end as ending,
            case atttypid when 'numeric'::regtype then 'to_json(%s::text)' when 'jsonb'::regtype then 'to_json(nullif(%s, ''null''))' else 'to_json(%s)' end as value
        from pg_attribute join managed_tables m on attrelid = m.name::regclass
        where m.name = table_name and attnum > 0 and not attisdropped and attname <> all(m.secret_columns || '{org_id,version,updated_at,updated_by}')
    ), told as (
        select attnum, attname, format('custom_changes(n.%s, ''{}'', %L)', field, ending) as created,
            format('case when n.%1$s <> o.%1$s then custom_changes(n.%1$s, o.%1$s, %2$L) end', field, ending) as changed,
            format('custom_changes(''{}'', o.%s, %L)', field, ending) as deleted
        from columns where attname = 'custom'
        union all
        select attnum, attname, format('%L || %s || %L', key || ': {"after": ', format(value, 'n.' || field), ', "before": null' || ending),
            format('case when n.%1$s is distinct from o.%1$s then event_change(%2$L, %3$s, %4$s, %5$L) end', field, key, format(value, 'n.' || field),
                format(value, 'o.' || field), ending),
            format('%L || %s || %L', key || ': {"after": null, "before": ', format(value, 'o.' || field), ending)
        from columns where attname <> 'custom'
    )
    select format($body$
begin
    if tg_op = 'INSERT' then
        insert into events (org_id, type, resource, resource_id, version, changes)
        select n.org_id, %1$L || '.created', %2$L, n.id, n.version, ('{' || concat_ws(', ',
            %3$s) || '}')::jsonb
        from new_rows n;
    elsif tg_op = 'UPDATE' then
        insert into events (org_id, type, resource, resource_id, version, changes)
        select n.org_id, %1$L || '.' || %4$s, %2$L, n.id, n.version, ('{' || concat_ws(', ',
            %5$s) || '}')::jsonb
        from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id;
    else
        insert into events (org_id, type, resource, resource_id, version, changes)
        select o.org_id, %1$L || '.deleted', %2$L, o.id, o.version + 1, ('{' || concat_ws(', ',
            %6$s) || '}')::jsonb
        from old_rows o;
    end if;
    return null;
end $body$, m.singular, replace(m.name, '_', '-'), string_agg(created, E',\n            ' order by attnum),
        case when bool_or(attname = 'status') then 'case when n.status <> o.status then n.status else ''updated'' end' else '''updated''' end,
        string_agg(changed, E',\n            ' order by attnum), string_agg(deleted, E',\n            ' order by attnum))
    from managed_tables m, told where m.name = table_name group by m.name, m.singular
$$;

-- Call it after adding columns or dropping some: `select tell_events('employees')`.
create function tell_events(table_name text) returns void language plpgsql as $$
begin
    execute format('create or replace function %I() returns trigger language plpgsql security definer set search_path = public, pg_temp
        set enable_nestloop = off set jit = off as %L', 'events_of_' || table_name, events_told(table_name));
    execute format('revoke all on function %I() from public', 'events_of_' || table_name);
end $$;
create function forget_events() returns trigger language plpgsql as $$
begin
    execute format('drop function if exists %I() cascade', 'events_of_' || old.name);
    return null;
end $$;
create trigger forget_events after delete on managed_tables for each row execute function forget_events();

-- Version, time and maker of a change, whoever makes it.
create function count_version() returns trigger language plpgsql as $$
begin
    new.version := old.version + 1;
    new.created_at := old.created_at;
    new.created_by := old.created_by;
    new.updated_at := now();
    new.updated_by := current_actor_id();
    return new;
end $$;

-- Row-level security: the second wall between tenants.
create function separate_organizations(table_name text) returns void language plpgsql as $$
begin
    execute format('alter table %I alter column org_id set default current_org()', table_name);
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    if not exists (select from pg_policies where tablename = table_name and policyname = 'organization') then
        execute format('create policy organization on %I using (org_id = (select current_org())) with check (org_id = (select current_org()))', table_name);
    end if;
end $$;

-- Makes a table a resource: `select manage_resource('employees', personal => '{phone}')`.
-- The table brings `org_id`, `id` and its own columns; version, times and makers are added here.
create function manage_resource(
    table_name text,
    singular text default null,
    person text default null,
    secret text[] default '{}',
    personal text[] default '{}'
) returns void language plpgsql as $$
declare
    operation text;
begin
    singular := coalesce(singular, regexp_replace(regexp_replace(table_name, 'ies$', 'y'), 's$', ''));
    execute format('alter table %I
        add column if not exists version bigint not null default 1,
        add column if not exists created_at timestamptz not null default now(),
        add column if not exists created_by uuid default current_actor_id(),
        add column if not exists updated_at timestamptz not null default now(),
        add column if not exists updated_by uuid default current_actor_id()', table_name);
    insert into managed_tables values (table_name, 'resource', singular, person, secret, personal)
        on conflict (name) do update set singular = excluded.singular, person_column = excluded.person_column,
            secret_columns = excluded.secret_columns, personal_columns = excluded.personal_columns;
    perform separate_organizations(table_name);
    execute format('grant select, insert, update, delete on %I to backoffice_service', table_name);

    execute format('create or replace trigger count_version before update on %I for each row execute function count_version()', table_name);
    perform tell_events(table_name);
    foreach operation in array array['insert', 'update', 'delete'] loop
        execute format('create or replace trigger record_%1$s after %1$s on %2$I %3$s for each statement execute function %4$I()',
            operation, table_name,
            case operation when 'insert' then 'referencing new table as new_rows'
                when 'update' then 'referencing old table as old_rows new table as new_rows'
                else 'referencing old table as old_rows' end,
            'events_of_' || table_name);
    end loop;
end $$;

-- A table that the platform writes and no event tells of, such as sessions. Grants stay with the migration.
create function manage_record(table_name text) returns void language plpgsql as $$
begin
    insert into managed_tables (name, kind) values (table_name, 'record');
    perform separate_organizations(table_name);
end $$;

-- `frozen_when('journal_entries', 'old.status = ''posted''')`: from then on the row never changes, by any path.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is final', tg_table_name using errcode = 'restrict_violation', constraint = tg_table_name || '_final';
end $$;

create function frozen_when(table_name text, condition text) returns void language plpgsql as $$
begin
    execute format('create trigger frozen before update or delete on %I for each row when (%s) execute function refuse_change()', table_name, condition);
end $$;

-- `keep_tree('employees', 'manager_id', 'reporting_lines')` keeps, for every row, all that stand above it:
-- (org_id, above_id, below_id, depth), itself included at depth 0. So "does she report to him, however far down?" is
-- one look-up by key, and a ring can not be closed, also when two moves race: moves of one tree take turns.
create function keep_tree(table_name text, parent_column text, lines text, deepest int default 200) returns void language plpgsql as $$
begin
    execute format($ddl$
        create table %2$I (
            org_id   uuid not null,
            above_id uuid not null,
            below_id uuid not null,
            depth    int  not null,
            -- No foreign key: a row has as many lines as levels above it, and each would be checked. What goes takes its
            -- lines along (`leave_tree`).
            primary key (org_id, above_id, below_id)
        );
        create index %2$s_by_below on %2$I (org_id, below_id, above_id);
        grant select on %2$I to backoffice_service;
    $ddl$, table_name, lines);
    insert into managed_tables (name, kind) values (lines, 'derived');
    perform separate_organizations(lines);

    -- A batch may hold parents and children in any order: lines within it are walked, those above it looked up. The walk is
    -- planned for each batch, since what suits one row does not suit thousands, and nothing counts the rows of a batch or of
    -- a table that grows within its transaction: so who stands above is asked row by row (`offset`), and by an index.
    -- Inserts share the lock; a move has it alone, since it must see every row below it.
    execute format($ddl$
        create function place_in_%2$s() returns trigger language plpgsql security definer
            set search_path = public, pg_temp set enable_seqscan = off as $body$
        declare
            batch bigint := (select count(*) from new_rows);
            is_ring boolean;
            levels int;
        begin
            if batch = 0 then return null; end if;
            perform pg_advisory_xact_lock_shared(hashtextextended('%2$s' || (select org_id from new_rows limit 1), 0));
            if batch = 1 then
                with placed as (
                    insert into %2$I (org_id, above_id, below_id, depth)
                    select org_id, id, id, 0 from new_rows
                    union all
                    select n.org_id, l.above_id, n.id, 1 + l.depth from new_rows n cross join lateral
                        (select above_id, depth from %2$I where org_id = n.org_id and below_id = n.%3$I offset 0) l
                    returning depth
                )
                select n.id = n.%3$I, (select max(depth) from placed) into is_ring, levels from new_rows n;
            else
                execute $walk$
                    with recursive chain as (
                        select org_id, id as below_id, id as above_id, %3$I as parent_id, 0 as depth from new_rows
                        union all
                        select c.org_id, c.below_id, p.id, p.%3$I, c.depth + 1
                        from chain c join new_rows p on p.org_id = c.org_id and p.id = c.parent_id
                        where c.depth <= %4$s
                    ), placed as (
                        insert into %2$I (org_id, above_id, below_id, depth)
                        select org_id, above_id, below_id, depth from chain
                        union all
                        select c.org_id, l.above_id, c.below_id, c.depth + 1 + l.depth from chain c cross join lateral
                            (select above_id, depth from %2$I where org_id = c.org_id and below_id = c.parent_id offset 0) l
                        on conflict do nothing
                        returning depth
                    )
                    select bool_or(above_id = below_id and depth > 0), (select max(depth) from placed) from chain
                $walk$ into is_ring, levels;
            end if;
            if is_ring then
                raise exception 'a ring' using errcode = 'check_violation', constraint = '%1$s_%3$s_cycle', table = '%1$s';
            elsif levels > %4$s then
                raise exception 'more than %4$s levels' using errcode = 'check_violation', constraint = '%1$s_%3$s_depth', table = '%1$s';
            end if;
            return null;
        end $body$;
        create trigger place_in_tree after insert on %1$I referencing new table as new_rows
            for each statement execute function place_in_%2$s();

        create function move_in_%2$s() returns trigger language plpgsql security definer set search_path = public, pg_temp as $body$
        begin
            perform pg_advisory_xact_lock(hashtextextended('%2$s' || new.org_id, 0));
            if exists (select from %2$I where org_id = new.org_id and above_id = new.id and below_id = new.%3$I) then
                raise exception 'a ring' using errcode = 'check_violation', constraint = '%1$s_%3$s_cycle', table = '%1$s';
            end if;
            delete from %2$I line
                using %2$I under, %2$I over
                where under.org_id = new.org_id and under.above_id = new.id
                    and over.org_id = new.org_id and over.below_id = new.id and over.depth > 0
                    and line.org_id = new.org_id and line.above_id = over.above_id and line.below_id = under.below_id;
            if new.%3$I is not null then
                insert into %2$I (org_id, above_id, below_id, depth)
                    select new.org_id, over.above_id, under.below_id, over.depth + under.depth + 1
                    from %2$I over, %2$I under
                    where over.org_id = new.org_id and over.below_id = new.%3$I
                        and under.org_id = new.org_id and under.above_id = new.id;
                if exists (select from %2$I where org_id = new.org_id and depth > %4$s and below_id in
                        (select below_id from %2$I where org_id = new.org_id and above_id = new.id)) then
                    raise exception 'more than %4$s levels' using errcode = 'check_violation', constraint = '%1$s_%3$s_depth', table = '%1$s';
                end if;
            end if;
            return null;
        end $body$;
        create trigger move_in_tree after update of %3$I on %1$I for each row
            when (old.%3$I is distinct from new.%3$I) execute function move_in_%2$s();

        -- Shares the lock too: a move writes no line of a row that goes meanwhile.
        create function leave_%2$s() returns trigger language plpgsql security definer set search_path = public, pg_temp as $body$
        begin
            perform pg_advisory_xact_lock_shared(hashtextextended('%2$s' || old.org_id, 0));
            delete from %2$I where org_id = old.org_id and below_id = old.id;
            return null;
        end $body$;
        create trigger leave_tree after delete on %1$I for each row execute function leave_%2$s();
    $ddl$, table_name, lines, parent_column, deepest);
end $$;

-- The first answer to a key, kept with its effect, in one transaction.
create table idempotency_keys (
    org_id      uuid        not null,
    caller      text        not null default current_actor(),
    key         text        not null constraint idempotency_keys_key_length check (length(key) between 1 and 255),
    fingerprint bytea       not null,
    status      smallint    not null,
    location    text,
    etag        text,
    body        text,
    created_at  timestamptz not null default now(),
    primary key (org_id, caller, key)
);
create index idempotency_keys_by_age on idempotency_keys (org_id, created_at);
select manage_record('idempotency_keys');
grant select, insert, delete on idempotency_keys to backoffice_service;

-- What became of the key: nothing yet (null), still running, used for another request, or done, with the first answer.
-- The lock is the transaction's, so a second request learns at once that the first still runs.
create function recall_answer(in_key text, in_fingerprint bytea) returns text language plpgsql volatile as $$
declare
    first_answer idempotency_keys;
begin
    if not pg_try_advisory_xact_lock(hashtextextended(current_org() || current_actor() || in_key, 1)) then
        return '{"state": "running"}';
    end if;
    select * into first_answer from idempotency_keys
        -- Each `select` counts: under row-level security an index is not used for what a function that may leak computes.
        where org_id = (select current_org()) and caller = (select current_actor()) and key = in_key;
    if not found then return null; end if;
    if first_answer.fingerprint <> in_fingerprint then return '{"state": "other"}'; end if;
    return jsonb_build_object('state', 'done', 'status', first_answer.status, 'location', first_answer.location,
        'etag', first_answer.etag, 'body', first_answer.body);
end $$;

-- Keeps the first answer. No key, nothing to keep: so that a connection can have this statement ready before there is one.
create function remember_answer(in_key text, in_fingerprint bytea, in_status smallint, in_location text, in_etag text, in_body text)
    returns void language plpgsql as $$
begin
    if in_key is null then return; end if;
    insert into idempotency_keys (key, fingerprint, status, location, etag, body)
        values (in_key, in_fingerprint, in_status, in_location, in_etag, in_body);
end $$;

-- Events are written by the trigger alone, which works as the owner, and changed by nobody.
select manage_record('events');
grant select on events to backoffice_service;
