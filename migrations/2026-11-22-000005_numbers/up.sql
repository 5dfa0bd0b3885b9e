-- Numbers that people quote. Whoever makes a document of a kind takes its number in the same transaction, from the counter
-- of the kind's active series and period: what is rolled back gives it back, so nothing is missing between first and last.

-- What is numbered: a room says so in its migration, `select numbered('employees', 'employee_number', longest => 20, format => …)`.
create table number_kinds (
    kind         text primary key constraint number_kinds_kind_format check (kind ~ '^[a-z][a-z0-9-]{1,62}$'),
    -- Where the number stands, as far as people may write it by hand.
    table_name   text,
    column_name  text,
    -- How long it may be there.
    longest      integer not null default 40,
    -- The series that an organization has where it made none of its own.
    format       text not null,
    reset        text not null,
    -- Whether parts of the kind number for themselves: each has a scope.
    is_scoped    boolean not null default false
);
grant select on number_kinds to backoffice_service;

create table number_series (
    org_id uuid   not null,
    id     uuid   not null,
    kind   text   not null,
    scope  text   not null default '' constraint number_series_scope_length check (length(scope) <= 20),
    name   text   not null constraint number_series_name_length check (length(name) between 1 and 100),
    format text   not null constraint number_series_format_format check (length(format) <= 60 and
        format ~ '^([A-Za-z0-9][A-Za-z0-9/-]*)?(\{(year|month)\}[A-Za-z0-9/-]*){0,2}\{number(:([1-9]|1[0-2]))?\}[A-Za-z0-9/-]*(\{(year|month)\}[A-Za-z0-9/-]*){0,2}$'),
    start  bigint not null default 1 constraint number_series_start_range check (start between 1 and 999999999999),
    reset  text   not null default 'never' constraint number_series_reset_check check (reset in ('never', 'yearly')),
    status text   not null default 'prepared' constraint number_series_status_check check (status in ('prepared', 'active', 'closed')),
    primary key (org_id, id),
    constraint number_series_name_key unique (org_id, kind, scope, name),
    constraint number_series_kind_fkey foreign key (kind) references number_kinds (kind),
    -- Or the first of next year would look like the first of this one.
    constraint yearly_numbers_show_their_year check (reset = 'never' or position('{year}' in format) > 0)
);
create unique index number_series_status_key on number_series (org_id, kind, scope) where status = 'active';
create index number_series_by_name on number_series (org_id, name, id);
select manage_resource('number_series', 'number_series');

-- The last number given in each series and period: the row that writers of one series take turns at. Rows are rewritten
-- all the time, so most of each page is left for their next versions.
create table number_counters (
    org_id    uuid   not null,
    series_id uuid   not null,
    period    text   not null,
    first     bigint not null,
    last      bigint not null,
    primary key (org_id, series_id, period),
    constraint number_counters_series_id_fkey foreign key (org_id, series_id) references number_series (org_id, id),
    constraint counting_goes_forward check (last >= first)
) with (fillfactor = 20);

-- Each number ever given, and to what. Never changed, never deleted.
create table numbers_given (
    org_id      uuid        not null,
    series_id   uuid        not null,
    period      text        not null,
    ordinal     bigint      not null,
    kind        text        not null,
    number      text        not null,
    resource_id uuid        not null,
    given_at    timestamptz not null default now(),
    primary key (org_id, series_id, period, ordinal),
    constraint numbers_given_series_id_fkey foreign key (org_id, series_id, period) references number_counters (org_id, series_id, period) deferrable initially deferred,
    constraint number_was_given_before_by_another_series_or_format unique (org_id, kind, number)
);
select frozen_when('numbers_given', 'true');
create trigger frozen_whole before truncate on numbers_given for each statement execute function refuse_change();

insert into managed_tables (name, kind) values ('number_counters', 'derived'), ('numbers_given', 'derived');
select separate_organizations('number_counters'), separate_organizations('numbers_given');
grant select on number_counters, numbers_given to backoffice_service;

-- A format is a text with one `{number}`, so it is taken apart without a regular expression: it is done under the lock.
create function number_text(format text, year text, day date, number bigint) returns text language plpgsql immutable parallel safe as $$
declare
    rest text := split_part(format, '{number', 2);
    digits text := substr(split_part(rest, '}', 1), 2);
    said text := number;
begin
    if digits <> '' then said := lpad(said, greatest(digits::int, length(said)), '0'); end if;
    said := split_part(format, '{number', 1) || said || substr(rest, strpos(rest, '}') + 1);
    if strpos(said, '{') = 0 then return said; end if;
    return replace(replace(said, '{year}', year), '{month}', to_char(day, 'MM'));
end $$;

-- The next numbers, so many, of the active series of the kind, or of a part of it (`in_scope`), in a year that is the day's or the part's
-- own (`in_year`: a fiscal year's code): the first of them, of the series' `format`. It locks the counter of the series and period until the
-- end of the transaction. The row itself is the lock: whoever runs takes it while those who wait are being woken. An advisory lock,
-- handed from one to the next in turn, gave two thirds as many.
create function next_numbers(in_kind text, in_scope text, in_year text, in_day date, in_count bigint, new_series uuid,
    out series_id uuid, out period text, out first bigint, out format text)
    language plpgsql as $$
#variable_conflict use_column
declare
    org constant uuid := current_org();
    kinds number_kinds;
    series record;
    next bigint := 1;
begin
    loop
        select s.id, s.format, s.reset into series from number_series s
            where s.org_id = org and s.kind = in_kind and s.scope = in_scope and s.status = 'active';
        if not found then
            if exists (select from number_series s where s.org_id = org and s.kind = in_kind and s.scope = in_scope and s.status <> 'active') then
                raise exception 'no series' using errcode = 'restrict_violation', table = 'number_series',
                    constraint = pg_catalog.format('no_series_of_the_kind_%s_is_active%s_activate_one', in_kind, '_for_' || nullif(in_scope, ''));
            end if;
            select * into strict kinds from number_kinds k where k.kind = in_kind;
            if kinds.table_name is not null then -- behind what was numbered by hand until now
                execute pg_catalog.format('select coalesce(max(substring(%I from $1)::bigint), 0) + 1 from %I where org_id = $2', kinds.column_name, kinds.table_name)
                    into next using '^' || regexp_replace(number_text(kinds.format, in_year, in_day, 0), '0+$', '') || '0*([0-9]{1,12})$', org;
            end if;
            insert into number_series (org_id, id, kind, scope, name, format, start, reset, status)
                values (org, new_series, in_kind, in_scope, 'Default', coalesce(nullif(in_scope, '') || '-', '') || kinds.format, next, kinds.reset, 'active')
                on conflict do nothing;
            continue;
        end if;
        series_id := series.id;
        format := series.format;
        period := case series.reset when 'yearly' then in_year else '' end;
        update number_counters c set last = c.last + in_count
            where c.org_id = org and c.series_id = next_numbers.series_id and c.period = next_numbers.period
            returning c.last - in_count + 1 into first;
        exit when found;
        -- The first of its period: how the series begins stays meanwhile.
        select s.start into next from number_series s
            where s.org_id = org and s.id = series.id and s.reset = series.reset and s.status = 'active' for share;
        continue when not found;
        insert into number_counters as c (org_id, series_id, period, first, last)
            values (org, series.id, next_numbers.period, next, next + in_count - 1)
            on conflict (org_id, series_id, period) do update set last = c.last + in_count
            returning c.last - in_count + 1 into first;
        exit;
    end loop;
end $$;

-- The number of the document that is made in this transaction: take it last. `new_series` is the id of the default series,
-- should there be none yet.
create function take_number(in_kind text, in_day date, in_id uuid, new_series uuid, in_scope text default '', in_year text default null) returns text
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    year constant text := coalesce(in_year, to_char(in_day, 'YYYY'));
    taken constant record := next_numbers(in_kind, in_scope, year, in_day, 1, new_series);
    number constant text := number_text(taken.format, year, in_day, taken.first);
begin
    insert into numbers_given (org_id, series_id, period, ordinal, kind, number, resource_id)
        values (current_org(), taken.series_id, taken.period, taken.first, in_kind, number, in_id);
    return number;
end $$;

-- The same for many: a number for each, in that order within a scope and year, and each counter moved once. A counter that is moved again and again
-- in one transaction leaves a row behind for every number, through which the next one looks.
create function take_numbers(in_kind text, in_ids uuid[], in_days date[], in_scopes text[] default null, in_years text[] default null) returns text[]
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    part record;
    taken record;
    numbers text[];
    all_places bigint[] := '{}';
    all_numbers text[] := '{}';
begin
    if cardinality(in_ids) = 1 then
        return array[take_number(in_kind, in_days[1], in_ids[1], gen_random_uuid(), coalesce(in_scopes[1], ''), in_years[1])];
    end if;
    for part in
        select coalesce(scope, '') as scope, coalesce(year, to_char(day, 'YYYY')) as year, array_agg(id order by place) as ids,
            array_agg(day order by place) as days, array_agg(place order by place) as places
        from unnest(in_ids, in_days, in_scopes, in_years) with ordinality wanted (id, day, scope, year, place)
        group by 1, 2 order by 1, 2
    loop
        taken := next_numbers(in_kind, part.scope, part.year, part.days[1], cardinality(part.ids), gen_random_uuid());
        numbers := (select array_agg(number_text(taken.format, part.year, day, taken.first + nth - 1) order by nth)
            from unnest(part.days) with ordinality each (day, nth));
        insert into numbers_given (org_id, series_id, period, ordinal, kind, number, resource_id)
            select current_org(), taken.series_id, taken.period, taken.first + nth - 1, in_kind, number, id
            from unnest(part.ids, numbers) with ordinality each (id, number, nth);
        all_places := all_places || part.places;
        all_numbers := all_numbers || numbers;
    end loop;
    return (select array_agg(number order by place) from unnest(all_places, all_numbers) each (place, number));
end $$;

-- Numbers that were taken from a counter at once, for rows of one statement.
create type number_block as (series_id uuid, period text, format text, year text, length bigint, next bigint, last bigint);

-- What is left of a block goes back, so that none is missing.
create function give_numbers_back(block number_block) returns void language plpgsql as $$
begin
    if block.next <= block.last then
        update number_counters set last = block.next - 1
            where org_id = current_org() and series_id = block.series_id and period = block.period and last = block.last;
        if not found then
            raise exception 'numbers were taken behind a block of them';
        end if;
    end if;
end $$;

create function end_numbers() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    setting constant text := 'app.numbers_of_' || tg_table_name;
    block constant number_block := nullif(current_setting(setting, true), '')::number_block;
begin
    if block.length > 1 then perform give_numbers_back(block); end if;
    if block.length is not null then perform set_config(setting, '', true); end if;
    return null;
end $$;

-- A row that comes without its number takes it when it is written, by whatever path. A statement that writes many takes them by the
-- block, each twice as long as the one before, and gives back what is left at its end: a counter that is moved for each of them leaves
-- as many versions behind, through which the next one looks. A setting keeps the block until then.
create function numbered(table_name text, column_name text, longest int, format text, reset text default 'never', day_column text default null)
    returns void language plpgsql as $$
declare
    kind text := replace(table_name, '_', '-');
begin
    insert into number_kinds values (kind, table_name, column_name, longest, format, reset);
    execute format($ddl$
        create function number_%1$s() returns trigger language plpgsql security definer set search_path = public, pg_temp as $body$
        declare
            today constant date := (now() at time zone 'UTC')::date;
            day constant date := %4$s;
            year constant text := to_char(day, 'YYYY');
            block number_block := nullif(current_setting('app.numbers_of_%1$s', true), '')::number_block;
            taken record;
            taken_number text;
            bearer uuid;
        begin
            loop
                if block.next <= block.last and block.year = year then
                    null; -- the next of the block
                else
                    perform give_numbers_back(block);
                    block.length := case when block.year = year then least(2 * block.length, 1024) else 1 end;
                    taken := next_numbers(%3$L, '', year, day, block.length, gen_random_uuid());
                    block := (taken.series_id, taken.period, taken.format, year, block.length, taken.first, taken.first + block.length - 1);
                end if;
                taken_number := number_text(block.format, year, day, block.next);
                select id into bearer from %1$I where org_id = new.org_id and %2$I = taken_number;
                insert into numbers_given (org_id, series_id, period, ordinal, kind, number, resource_id)
                    values (new.org_id, block.series_id, block.period, block.next, %3$L, taken_number, coalesce(bearer, new.id));
                block.next := block.next + 1;
                exit when bearer is null; -- whoever got this very number by hand keeps it, and the next one is taken
            end loop;
            perform set_config('app.numbers_of_%1$s', block::text, true);
            new.%2$I := taken_number;
            return new;
        end $body$;
        create trigger numbered before insert on %1$I for each row when (new.%2$I is null) execute function number_%1$s();
        create trigger end_numbers after insert on %1$I for each statement execute function end_numbers();
    $ddl$, table_name, column_name, kind, coalesce('coalesce(new.' || quote_ident(day_column) || ', today)', 'today'));
end $$;
select numbered('employees', 'employee_number', longest => 20, format => 'E-{number:4}', day_column => 'hired_on');

-- A format is changed from the next number on. What would leave a gap or give a number twice is refused.
create function keep_series_whole() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if ((new.kind, new.scope, new.reset) is distinct from (old.kind, old.scope, old.reset) or (new.start <> old.start and new.reset = 'never'))
        and exists (select from number_counters where org_id = old.org_id and series_id = old.id) then
        raise exception 'numbers given' using errcode = 'restrict_violation', table = 'number_series',
            constraint = 'numbers_were_given_so_start_and_reset_stay_prepare_another_series_instead';
    end if;
    if new.status = 'active' and old.status <> 'active' then -- one takes over from the other
        update number_series set status = 'closed' where org_id = new.org_id and kind = new.kind and scope = new.scope and status = 'active' and id <> new.id;
    end if;
    return new;
end $$;
create trigger keep_whole before update on number_series for each row execute function keep_series_whole();

-- A million of them have room where they are to stand.
create function fit_series() returns trigger language plpgsql as $$
declare
    kinds number_kinds;
begin
    select * into kinds from number_kinds k where k.kind = new.kind;
    if length(number_text(new.format, '2026', '2026-12-31', greatest(new.start, 999999))) > kinds.longest then
        raise exception 'too long' using errcode = 'check_violation', table = 'number_series', constraint = 'number_series_format_length';
    elsif kinds.is_scoped <> (new.scope <> '') then
        raise exception 'scope' using errcode = 'check_violation', table = 'number_series', constraint = 'number_series_scope_format';
    end if;
    return null;
end $$;
create constraint trigger fit_series after insert or update of format, start on number_series for each row execute function fit_series();
