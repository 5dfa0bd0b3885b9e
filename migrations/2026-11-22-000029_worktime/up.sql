-- When people work and when they are away: calendars, working patterns, leave, timesheets, and who decides meanwhile.

create extension if not exists btree_gist;

create table work_calendars (
    org_id     uuid    not null,
    id         uuid    not null,
    code       text    not null constraint work_calendars_code_format check (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name       text    not null constraint work_calendars_name_length check (length(name) between 1 and 100),
    country    text    constraint work_calendars_country_format check (country ~ '^[A-Z]{2}$'),
    -- Of those who have none of their own.
    is_default boolean not null default false,
    primary key (org_id, id),
    constraint work_calendars_code_key unique (org_id, code)
);
create unique index work_calendars_is_default_key on work_calendars (org_id) where is_default;
create index work_calendars_by_name on work_calendars (org_id, name, id);
select manage_resource('work_calendars', 'work_calendar');
create index work_calendars_by_created_at on work_calendars (org_id, created_at, id);

create table public_holidays (
    org_id      uuid not null,
    id          uuid not null,
    calendar_id uuid not null,
    holiday_on  date not null constraint public_holidays_holiday_on_range check (holiday_on between '1900-01-01' and '2200-12-31'),
    name        text not null constraint public_holidays_name_length check (length(name) between 1 and 100),
    -- The law that says so, where it was loaded.
    source      text constraint public_holidays_source_length check (length(source) between 1 and 300),
    primary key (org_id, id),
    constraint public_holidays_holiday_on_key unique (org_id, calendar_id, holiday_on),
    constraint public_holidays_calendar_id_fkey foreign key (org_id, calendar_id) references work_calendars (org_id, id)
);
create index public_holidays_by_day on public_holidays (org_id, holiday_on, id);
create index public_holidays_by_name on public_holidays (org_id, name, id);
select manage_resource('public_holidays', 'public_holiday');

-- Of a country and a year, loaded at once; what the calendar has on a day already stays. [{holiday_on, name, source}]
create function load_public_holidays(in_calendar uuid, in_days jsonb) returns integer language sql volatile as $$
    with made as (
        insert into public_holidays (id, calendar_id, holiday_on, name, source)
            select ordered_uuid(clock_timestamp(), place), in_calendar, (each ->> 'holiday_on')::date, each ->> 'name', each ->> 'source'
            from jsonb_array_elements(in_days) with ordinality given (each, place)
            on conflict (org_id, calendar_id, holiday_on) do nothing returning id)
    select count(*)::int from made
$$;

create table working_patterns (
    org_id          uuid    not null,
    id              uuid    not null,
    code            text    not null constraint working_patterns_code_format check (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name            text    not null constraint working_patterns_name_length check (length(name) between 1 and 100),
    -- [{"monday": "8", …, "sunday": "0"}, …]: as many weeks as go by until it begins again.
    weeks           jsonb   not null constraint working_patterns_weeks_type check (jsonb_typeof(weeks) = 'array' and jsonb_array_length(weeks) between 1 and 12),
    -- The Monday of a first week.
    cycle_starts_on date    not null default '2024-01-01' constraint working_patterns_cycle_starts_on_check check (extract(isodow from cycle_starts_on) = 1),
    -- [{"per": "day", "over": "8", "multiplier": "1.75"}, …]
    overtime        jsonb   not null default '[]' constraint working_patterns_overtime_type check (jsonb_typeof(overtime) = 'array' and jsonb_array_length(overtime) <= 12),
    is_default      boolean not null default false,
    primary key (org_id, id),
    constraint working_patterns_code_key unique (org_id, code)
);
create unique index working_patterns_is_default_key on working_patterns (org_id) where is_default;
create index working_patterns_by_name on working_patterns (org_id, name, id);
select manage_resource('working_patterns', 'working_pattern');
create index working_patterns_by_created_at on working_patterns (org_id, created_at, id);

-- The hours of each day of the cycle, from 0: kept by triggers alone.
create table working_pattern_days (
    org_id     uuid         not null,
    pattern_id uuid         not null,
    place      integer      not null,
    cycle      integer      not null,
    hours      numeric(4,2) not null,
    primary key (org_id, pattern_id, place),
    constraint working_pattern_days_pattern_id_fkey foreign key (org_id, pattern_id) references working_patterns (org_id, id) on delete cascade
);
-- What is overtime by a pattern, a row each.
create table overtime_rules (
    org_id     uuid         not null,
    pattern_id uuid         not null,
    per        text         not null,
    over_hours numeric(5,2) not null,
    up_to      numeric(7,2) not null,
    multiplier numeric(6,4) not null,
    primary key (org_id, pattern_id, per, over_hours),
    constraint overtime_rules_pattern_id_fkey foreign key (org_id, pattern_id) references working_patterns (org_id, id) on delete cascade
);
insert into managed_tables (name, kind) values ('working_pattern_days', 'derived'), ('overtime_rules', 'derived');
select separate_organizations('working_pattern_days'), separate_organizations('overtime_rules');
grant select on working_pattern_days, overtime_rules to backoffice_service;

create function keep_working_pattern() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from working_pattern_days where org_id = new.org_id and pattern_id = new.id;
    insert into working_pattern_days (org_id, pattern_id, place, cycle, hours)
        select new.org_id, new.id, ((week.place - 1) * 7 + day.place - 1)::int, jsonb_array_length(new.weeks) * 7, coalesce(week.each ->> day.name, '0')::numeric
        from jsonb_array_elements(new.weeks) with ordinality week (each, place),
            unnest('{monday,tuesday,wednesday,thursday,friday,saturday,sunday}'::text[]) with ordinality day (name, place);
    delete from overtime_rules where org_id = new.org_id and pattern_id = new.id;
    insert into overtime_rules (org_id, pattern_id, per, over_hours, up_to, multiplier)
        select new.org_id, new.id, each ->> 'per', (each ->> 'over')::numeric,
            coalesce(lead((each ->> 'over')::numeric) over (partition by each ->> 'per' order by (each ->> 'over')::numeric), 10000), (each ->> 'multiplier')::numeric
        from jsonb_array_elements(new.overtime) given (each);
    return null;
end $$;
create trigger keep_days after insert or update of weeks, overtime on working_patterns for each row execute function keep_working_pattern();

-- What becomes the organization's default takes the place of what was.
create function keep_one_default() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if new.is_default then
        execute format('update %I set is_default = false where org_id = $1 and id <> $2 and is_default', tg_table_name) using new.org_id, new.id;
    end if;
    return new;
end $$;
create trigger keep_one_default before insert or update of is_default on work_calendars for each row execute function keep_one_default();
create trigger keep_one_default before insert or update of is_default on working_patterns for each row execute function keep_one_default();

-- Which calendar and pattern somebody has from a day on; null for the organization's default.
create table work_schedules (
    org_id      uuid not null,
    id          uuid not null,
    employee_id uuid not null,
    starts_on   date not null constraint work_schedules_starts_on_range check (starts_on between '1900-01-01' and '2200-12-31'),
    calendar_id uuid,
    pattern_id  uuid,
    primary key (org_id, id),
    constraint work_schedules_starts_on_key unique (org_id, employee_id, starts_on),
    constraint work_schedules_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint work_schedules_calendar_id_fkey foreign key (org_id, calendar_id) references work_calendars (org_id, id),
    constraint work_schedules_pattern_id_fkey foreign key (org_id, pattern_id) references working_patterns (org_id, id)
);
create index work_schedules_by_day on work_schedules (org_id, starts_on, id);
create index work_schedules_by_calendar on work_schedules (org_id, calendar_id);
create index work_schedules_by_pattern on work_schedules (org_id, pattern_id);
select manage_resource('work_schedules', 'work_schedule', person => 'employee_id');
create index work_schedules_by_created_at on work_schedules (org_id, created_at, id);
select limit_reach('work_schedules');

-- These people; where none are named, everybody of the organization. As an array that an index can look up, whichever it is.
create function people_or_all(people uuid[]) returns uuid[] language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce(people, array(select id from employees where org_id = (select current_org())))
$$;

-- When these people are employed, all of the organization where none are named, assignment by assignment: from a day to a day (null:
-- until further notice), and how much of a full working time.
create function employment_spans(people uuid[]) returns table (employee_id uuid, starts_on date, ends_on date, full_time_equivalent numeric)
    language sql stable security definer set search_path = public, pg_temp as $$
    select a.employee_id, a.starts_on, a.ends_on, a.full_time_equivalent from assignments a
    where a.org_id = (select current_org()) and a.employee_id = any((select people_or_all(people))::uuid[])
$$;

-- The same without regard to what somebody was meanwhile: from the day they came to the day they left.
create function employments(people uuid[]) returns table (employee_id uuid, starts_on date, ends_on date)
    language sql stable security definer set search_path = public, pg_temp as $$
    select s.employee_id, min(s.starts_on), nullif(max(coalesce(s.ends_on, 'infinity')), 'infinity')
    from (
        select each.*, count(*) filter (where each.is_new) over (partition by each.employee_id order by each.starts_on) as place from (
            select e.*, e.starts_on - 1 is distinct from lag(e.ends_on) over (partition by e.employee_id order by e.starts_on) as is_new
            from employment_spans(people) e) each
    ) s group by s.employee_id, s.place
$$;

-- The hours that each of these people should work on each day of these on which they are employed: by their pattern, none on a
-- public holiday. Who has no pattern of their own works by the default in the share that they are employed for; where there is no
-- default either, that is eight hours from Monday to Friday.
create function planned_days(from_day date, to_day date, people uuid[]) returns table (employee_id uuid, day date, hours numeric)
    language sql stable security definer set search_path = public, pg_temp as $$
    with defaults as materialized (
        select (select id from work_calendars where org_id = current_org() and is_default) as calendar_id,
            (select id from working_patterns where org_id = current_org() and is_default) as pattern_id
    ), schedules as (
        select s.employee_id, s.starts_on, s.calendar_id, s.pattern_id,
            coalesce(lead(s.starts_on) over (partition by s.employee_id order by s.starts_on) - 1, 'infinity'::date) as ends_on
        from work_schedules s where s.org_id = (select current_org()) and s.employee_id = any((select people_or_all(people))::uuid[])
        union all -- until the first one begins
        select s.employee_id, '-infinity', null, null, min(s.starts_on) - 1
        from work_schedules s where s.org_id = (select current_org()) and s.employee_id = any((select people_or_all(people))::uuid[]) group by s.employee_id
    ), spans as materialized (
        select e.employee_id, coalesce(s.calendar_id, d.calendar_id) as calendar_id, coalesce(s.pattern_id, d.pattern_id) as pattern_id,
            case when s.pattern_id is null then e.full_time_equivalent else 1 end as share,
            greatest(e.starts_on, coalesce(s.starts_on, '-infinity'), from_day) as first_day,
            least(coalesce(e.ends_on, 'infinity'), coalesce(s.ends_on, 'infinity'), to_day) as last_day
        from employment_spans(people) e left join schedules s using (employee_id) cross join defaults d
    ), days as (
        select d::date as day, extract(isodow from d)::int as weekday from generate_series(from_day::timestamp, to_day::timestamp, '1 day') d
    )
    select s.employee_id, d.day, case when h.id is not null then 0
        else round(s.share * coalesce(p.hours, case when s.pattern_id is null and d.weekday <= 5 then 8 else 0 end), 2) end
    from spans s join days d on d.day between s.first_day and s.last_day
    left join working_patterns w on w.org_id = (select current_org()) and w.id = s.pattern_id
    left join working_pattern_days p on p.org_id = (select current_org()) and p.pattern_id = w.id
        and p.place = ((d.day - w.cycle_starts_on) % (jsonb_array_length(w.weeks) * 7) + jsonb_array_length(w.weeks) * 7) % (jsonb_array_length(w.weeks) * 7)
    left join public_holidays h on h.org_id = (select current_org()) and h.calendar_id = s.calendar_id and h.holiday_on = d.day
$$;

create table leave_types (
    org_id            uuid         not null,
    id                uuid         not null,
    code              text         not null constraint leave_types_code_format check (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name              text         not null constraint leave_types_name_length check (length(name) between 1 and 100),
    accrual           text         not null default 'none' constraint leave_types_accrual_check check (accrual in ('monthly', 'yearly', 'none')),
    days_per_year     numeric(6,2) constraint leave_types_days_per_year_range check (days_per_year > 0 and days_per_year <= 366),
    -- From which day on it grows by these terms. What grew before that stays as it was.
    accrues_from_on   date         constraint leave_types_accrues_from_on_range check (accrues_from_on between '1990-01-01' and '2200-12-31'),
    prorates          boolean      not null default true,
    -- What of the balance goes over into the next year at the most; null: all of it.
    carry_over_days   numeric(6,2) constraint leave_types_carry_over_days_range check (carry_over_days between 0 and 366),
    -- Until the end of which month of that year it has to be taken; null: it stays.
    carry_over_months integer      constraint leave_types_carry_over_months_range check (carry_over_months between 1 and 11),
    allows_negative   boolean      not null default false,
    allows_half_days  boolean      not null default true,
    paid_share        numeric(5,4) not null default 1 constraint leave_types_paid_share_range check (paid_share between 0 and 1),
    needs_document    boolean      not null default false,
    is_paid_out       boolean      not null default false,
    status            text         not null default 'active' constraint leave_types_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint leave_types_code_key unique (org_id, code),
    constraint it_grows_from_the_first_day_of_a_month_or_a_year_on check
        (accrues_from_on = date_trunc(case accrual when 'yearly' then 'year' else 'month' end, accrues_from_on::timestamp)::date),
    constraint what_grows_has_days_a_year_and_a_first_day check ((accrual = 'none') = (days_per_year is null) and (accrual = 'none') = (accrues_from_on is null))
);
create index leave_types_by_name on leave_types (org_id, name, id);
select manage_resource('leave_types', 'leave_type');
create index leave_types_by_created_at on leave_types (org_id, created_at, id);

create table leave_requests (
    org_id           uuid         not null,
    id               uuid         not null,
    employee_id      uuid         not null default current_person(),
    leave_type_id    uuid         not null,
    starts_on        date         not null constraint leave_requests_starts_on_range check (starts_on between '1990-01-01' and '2200-12-31'),
    ends_on          date         not null constraint leave_requests_ends_on_range check (ends_on between '1990-01-01' and '2200-12-31'),
    starts_at_noon   boolean      not null default false,
    ends_at_noon     boolean      not null default false,
    -- Working days, as of when it was handed in or decided.
    days             numeric(6,2) not null default 0 constraint leave_requests_days_range check (days >= 0),
    note             text         constraint leave_requests_note_length check (length(note) between 1 and 500),
    rejection_reason text         constraint leave_requests_rejection_reason_length check (length(rejection_reason) between 1 and 500),
    submitted_at     timestamptz,
    submitted_by     uuid,
    decided_at       timestamptz,
    decided_by       uuid,
    -- For whom the one who decided stood in.
    on_behalf_of     uuid,
    status           text         not null default 'draft' constraint leave_requests_status_check
        check (status in ('draft', 'submitted', 'approved', 'rejected', 'cancelled')),
    primary key (org_id, id),
    constraint leave_requests_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint leave_requests_leave_type_id_fkey foreign key (org_id, leave_type_id) references leave_types (org_id, id),
    constraint last_day_of_leave_not_before_the_first check (ends_on >= starts_on),
    constraint leave_is_a_year_long_at_the_most check (ends_on - starts_on <= 366),
    constraint half_a_day_is_the_morning_or_the_afternoon check (not (starts_on = ends_on and starts_at_noon and ends_at_noon)),
    -- Counted in half days, so that a morning and an afternoon are two leaves.
    constraint leave_of_one_person_does_not_overlap exclude using gist (org_id with =, employee_id with =,
        int4range((starts_on - date '1990-01-01') * 2 + starts_at_noon::int, (ends_on - date '1990-01-01') * 2 + 2 - ends_at_noon::int) with &&)
        where (status in ('submitted', 'approved'))
);
create index leave_requests_by_employee on leave_requests (org_id, employee_id, starts_on);
create index leave_requests_by_type on leave_requests (org_id, leave_type_id);
create index leave_requests_by_day on leave_requests (org_id, starts_on, id);
create index leave_requests_by_status on leave_requests (org_id, status, id);
select manage_resource('leave_requests', 'leave_request', person => 'employee_id', personal => '{note,rejection_reason}');
create index leave_requests_by_created_at on leave_requests (org_id, created_at, id);

-- Which days somebody is away, a row each, once it is agreed to: working days alone. Kept by triggers alone.
create table absence_days (
    org_id           uuid         not null,
    id               uuid         not null default gen_random_uuid(),
    employee_id      uuid         not null,
    day              date         not null,
    leave_request_id uuid         not null,
    leave_type_id    uuid         not null,
    -- Of the working day: 1 or 0.5.
    share            numeric(3,2) not null,
    paid_share       numeric(5,4) not null,
    primary key (org_id, id),
    constraint absence_days_leave_request_id_fkey foreign key (org_id, leave_request_id) references leave_requests (org_id, id) on delete cascade,
    constraint absence_days_leave_type_id_fkey foreign key (org_id, leave_type_id) references leave_types (org_id, id),
    constraint absence_days_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id)
);
create index absence_days_by_person on absence_days (org_id, employee_id, day);
create index absence_days_by_day on absence_days (org_id, day);
create index absence_days_by_request on absence_days (org_id, leave_request_id);
create index absence_days_by_type on absence_days (org_id, leave_type_id);
insert into managed_tables (name, kind) values ('absence_days', 'derived');
select separate_organizations('absence_days');
grant select on absence_days to backoffice_service;

-- What of each leave somebody has: what was added and what was taken off, for ever. The sum up to a day is the balance on it.
create table leave_entitlements (
    org_id           uuid         not null,
    id               uuid         not null,
    employee_id      uuid         not null,
    leave_type_id    uuid         not null,
    kind             text         not null default 'adjustment' constraint leave_entitlements_kind_check
        check (kind in ('accrual', 'adjustment', 'not_carried_over', 'expired', 'taken', 'returned')),
    days             numeric(6,2) not null constraint leave_entitlements_days_range check (days <> 0 and abs(days) <= 1000),
    effective_on     date         not null constraint leave_entitlements_effective_on_range check (effective_on between '1990-01-01' and '2200-12-31'),
    -- The first day of the month or year that it is for.
    period_on        date,
    leave_request_id uuid,
    reason           text         constraint leave_entitlements_reason_length check (length(reason) between 1 and 500),
    primary key (org_id, id),
    constraint leave_entitlements_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint leave_entitlements_leave_type_id_fkey foreign key (org_id, leave_type_id) references leave_types (org_id, id),
    constraint leave_entitlements_leave_request_id_fkey foreign key (org_id, leave_request_id) references leave_requests (org_id, id),
    constraint what_is_taken_is_of_a_request check ((kind in ('taken', 'returned')) = (leave_request_id is not null))
);
create index leave_entitlements_by_person on leave_entitlements (org_id, employee_id, leave_type_id, effective_on);
create index leave_entitlements_by_type on leave_entitlements (org_id, leave_type_id);
create index leave_entitlements_by_request on leave_entitlements (org_id, leave_request_id);
create index leave_entitlements_by_day on leave_entitlements (org_id, effective_on, id);
select manage_resource('leave_entitlements', 'leave_entitlement', person => 'employee_id');
create index leave_entitlements_by_created_at on leave_entitlements (org_id, created_at, id);
select limit_reach('leave_entitlements');
select frozen_when('leave_entitlements', 'true');
-- People enter adjustments; all else the functions below do.
revoke insert, update, delete on leave_entitlements from backoffice_service;
grant insert (id, employee_id, leave_type_id, days, effective_on, reason) on leave_entitlements to backoffice_service;

-- What grows, and what goes because it was not taken, up to a day, for these people and types (null: all): as it should stand in the
-- ledger. `extra` are entries that are thought of: [{employee_id, leave_type_id, effective_on, days}].
--
-- A month's share is there at its end, or on the last day of work; the twelve of a year are rounded so that they sum up to it. A
-- year's is there on its first day, or on the first day of work. Who is there for a part of it gets the part, by calendar days of
-- that month or year, 366 in a leap year. On 1 January what is above `carry_over_days` goes; of the rest, what was not taken by
-- the end of the month `carry_over_months` goes on the day after. What is taken counts first against what was carried over.
create function leave_due(through_day date, people uuid[], types uuid[], extra jsonb default '[]')
    returns table (employee_id uuid, leave_type_id uuid, kind text, period_on date, effective_on date, days numeric)
    language sql stable security definer set search_path = public, pg_temp as $$
    with recursive type as materialized (
        select t.* from leave_types t where t.org_id = (select current_org()) and (types is null or t.id = any(types))
    ), employed as (
        select s.employee_id, t.id as type_id, t.accrual, t.days_per_year, t.prorates, greatest(s.starts_on, t.accrues_from_on) as first_day,
            least(coalesce(s.ends_on, 'infinity'), make_date(extract(year from through_day)::int, 12, 31)) as last_day
        from employments(people) s cross join type t where t.accrual <> 'none'
    ), periods as (
        select e.*, p::date as period_on, (p + case e.accrual when 'monthly' then interval '1 month' else interval '1 year' end)::date - 1 as period_end
        from employed e cross join lateral generate_series(
            date_trunc(case e.accrual when 'monthly' then 'month' else 'year' end, e.first_day::timestamp), least(e.last_day, through_day)::timestamp,
            case e.accrual when 'monthly' then interval '1 month' else interval '1 year' end) p
        where e.first_day <= e.last_day
    ), granted as (
        select p.employee_id, p.type_id, p.period_on,
            case p.accrual when 'monthly' then least(p.period_end, p.last_day) else greatest(p.period_on, p.first_day) end as effective_on,
            case when p.prorates then least(p.period_end, p.last_day) - greatest(p.period_on, p.first_day) + 1 else p.period_end - p.period_on + 1 end as present,
            p.period_end - p.period_on + 1 as long,
            case p.accrual when 'monthly' then round(p.days_per_year * extract(month from p.period_on) / 12, 2) - round(p.days_per_year * (extract(month from p.period_on) - 1) / 12, 2)
                else p.days_per_year end as whole
        from periods p
    ), accrued as materialized (
        select g.employee_id, g.type_id, g.period_on, max(g.effective_on) as effective_on, least(round(sum(g.whole * g.present / g.long), 2), max(g.whole)) as days
        from granted g where g.effective_on <= through_day group by 1, 2, 3
    ), moved as (
        select a.employee_id, a.type_id, a.effective_on, a.days, false as is_taken from accrued a
        union all
        select l.employee_id, l.leave_type_id, l.effective_on, l.days, l.kind in ('taken', 'returned') from leave_entitlements l join type t on t.id = l.leave_type_id
            where l.org_id = (select current_org()) and l.employee_id = any((select people_or_all(people))::uuid[])
                and (l.period_on is null or l.effective_on < t.accrues_from_on) and l.effective_on <= through_day
        union all
        select x.employee_id, x.leave_type_id, x.effective_on, x.days, true
            from jsonb_to_recordset(extra) x (employee_id uuid, leave_type_id uuid, effective_on date, days numeric) where x.effective_on <= through_day
    ), years as materialized (
        select m.employee_id, m.type_id, extract(year from m.effective_on)::int as year, sum(m.days) as days,
            coalesce(sum(m.days) filter (where m.is_taken and extract(month from m.effective_on) <= t.carry_over_months), 0) as taken_in_time
        from moved m join type t on t.id = m.type_id group by 1, 2, 3
    ), walk as (
        select f.employee_id, f.type_id, f.year, 0::numeric as lost, 0::numeric as expired, y.days as closing
        from (select y.employee_id, y.type_id, min(y.year) as year from years y group by 1, 2) f join years y using (employee_id, type_id, year)
        union all
        select w.employee_id, w.type_id, w.year + 1, n.lost, n.expired, w.closing - n.lost - n.expired + coalesce(y.days, 0)
        from walk w join type t on t.id = w.type_id
        left join years y on y.employee_id = w.employee_id and y.type_id = w.type_id and y.year = w.year + 1
        cross join lateral (select case when make_date(w.year + 1, 1, 1) >= coalesce(t.accrues_from_on, '-infinity') then greatest(0, w.closing - t.carry_over_days) end as above) a
        cross join lateral (select coalesce(a.above, 0) as lost, case
            when t.carry_over_months is null or make_date(w.year + 1, t.carry_over_months + 1, 1) > through_day
                or make_date(w.year + 1, t.carry_over_months + 1, 1) < t.accrues_from_on then 0
            else greatest(0, w.closing - coalesce(a.above, 0) + coalesce(y.taken_in_time, 0)) end as expired) n
        where w.year < extract(year from through_day)
    )
    select a.employee_id, a.type_id, 'accrual', a.period_on, a.effective_on, a.days from accrued a where a.days <> 0
    union all
    select w.employee_id, w.type_id, 'not_carried_over', make_date(w.year, 1, 1), make_date(w.year, 1, 1), -w.lost from walk w where w.lost <> 0
    union all
    select w.employee_id, w.type_id, 'expired', make_date(w.year, 1, 1), make_date(w.year, t.carry_over_months + 1, 1), -w.expired
    from walk w join type t on t.id = w.type_id where w.expired <> 0
$$;

-- Brings the ledger up to a day: writes what of `leave_due` is not in it yet, and what of it has changed since, as a difference. However
-- often it runs, and however many run at once, each period is there once. Answers how many entries it wrote.
create function grow_leave(through_day date, people uuid[]) returns integer language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    written integer;
begin
    perform pg_advisory_xact_lock(hashtextextended('grow_leave ' || current_org(), 6));
    with due as (
        select d.employee_id, d.leave_type_id, d.kind, d.period_on, d.effective_on, d.days from leave_due(through_day, people, null) d
    ), known as (
        select l.employee_id, l.leave_type_id, l.kind, l.period_on, max(l.effective_on) as effective_on, sum(l.days) as days
        from leave_entitlements l join leave_types t on t.org_id = l.org_id and t.id = l.leave_type_id
        where l.org_id = current_org() and l.period_on is not null and l.effective_on between coalesce(t.accrues_from_on, '-infinity') and through_day
            and l.employee_id = any((select people_or_all(people))::uuid[]) group by 1, 2, 3, 4
    ), missing as (
        select employee_id, leave_type_id, kind, period_on, greatest(d.effective_on, k.effective_on) as effective_on, coalesce(d.days, 0) - coalesce(k.days, 0) as days,
            row_number() over (order by employee_id, leave_type_id, greatest(d.effective_on, k.effective_on)) as place
        from due d full join known k using (employee_id, leave_type_id, kind, period_on)
        where coalesce(d.days, 0) <> coalesce(k.days, 0)
    )
    insert into leave_entitlements (org_id, id, employee_id, leave_type_id, kind, days, effective_on, period_on)
        select current_org(), ordered_uuid(clock_timestamp(), place), employee_id, leave_type_id, kind, days, effective_on, period_on from missing;
    get diagnostics written = row_count;
    return written;
end $$;

-- The balance of each of these people and types on a day: what is in the ledger, and what it comes to with what will have grown and
-- gone by then.
create function leave_balances(on_day date, people uuid[], types uuid[], extra jsonb default '[]')
    returns table (employee_id uuid, leave_type_id uuid, recorded_days numeric, days numeric)
    language sql stable security definer set search_path = public, pg_temp as $$
    select employee_id, leave_type_id, coalesce(sum(days) filter (where what = 'known'), 0) + coalesce(sum(days) filter (where what = 'written'), 0),
        coalesce(sum(days) filter (where what <> 'written'), 0)
    from (
        select l.employee_id, l.leave_type_id, l.days, case when l.period_on is null or l.effective_on < t.accrues_from_on then 'known' else 'written' end as what
        from leave_entitlements l join leave_types t on t.org_id = l.org_id and t.id = l.leave_type_id where l.org_id = (select current_org()) and l.effective_on <= on_day
            and l.employee_id = any((select people_or_all(people))::uuid[]) and (types is null or l.leave_type_id = any(types))
        union all
        select d.employee_id, d.leave_type_id, d.days, 'due' from leave_due(on_day, people, types, extra) d
        union all
        select x.employee_id, x.leave_type_id, x.days, 'thought of'
            from jsonb_to_recordset(extra) x (employee_id uuid, leave_type_id uuid, effective_on date, days numeric) where x.effective_on <= on_day
    ) each group by 1, 2
$$;

-- What is left on a day of the leave that is paid out when somebody goes.
create function leave_left(on_day date, people uuid[]) returns table (employee_id uuid, leave_type_id uuid, days numeric)
    language sql stable security definer set search_path = public, pg_temp as $$
    select b.employee_id, b.leave_type_id, b.days
    from leave_balances(on_day, people, array(select id from leave_types where org_id = current_org() and is_paid_out)) b where b.days <> 0
$$;

-- The working days of a leave: all of each, or half of it.
create function leave_days(in_employee uuid, in_starts_on date, in_ends_on date, in_starts_at_noon boolean, in_ends_at_noon boolean)
    returns table (day date, share numeric) language sql stable security definer set search_path = public, pg_temp as $$
    select p.day, case when p.day = in_starts_on and in_starts_at_noon or p.day = in_ends_on and in_ends_at_noon then 0.5 else 1 end
    from planned_days(in_starts_on, in_ends_on, array[in_employee]) p where p.hours > 0
$$;

-- The first day on which this leave would make the balance negative, and by how much: on a day of its own, or on a later one for which
-- leave is agreed to already.
create function leave_shortfall(in_employee uuid, in_type uuid, entries jsonb) returns table (day date, missing numeric)
    language sql stable security definer set search_path = public, pg_temp as $$
    with first as (select min((e ->> 'effective_on')::date) as day from jsonb_array_elements(entries) e),
    points as (
        select (e ->> 'effective_on')::date as day from jsonb_array_elements(entries) e
        union
        select l.effective_on from leave_entitlements l, first
            where l.org_id = current_org() and l.employee_id = in_employee and l.leave_type_id = in_type and l.effective_on >= first.day and l.days < 0
    )
    select p.day, -b.days from points p cross join lateral leave_balances(p.day, array[in_employee], array[in_type], entries) b
    where b.days < 0 order by p.day limit 1
$$;

-- Whether somebody decides for somebody else just now, and on whose behalf this caller decides on what is this employee's: someone who is
-- away, may approve it, and whose own it is not.
create function caller_stands_in() returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from approval_delegations where org_id = current_org() and delegate_id = current_caller() and starts_at <= now() and ends_at > now())
$$;
create function stood_in_for(in_resource text, in_employee uuid) returns uuid language sql stable security definer set search_path = public, pg_temp as $$
    select d.user_id from approval_delegations d join memberships m on m.org_id = d.org_id and m.user_id = d.user_id and m.status = 'active'
    where d.org_id = current_org() and d.delegate_id = current_caller() and d.starts_at <= now() and d.ends_at > now()
        and m.employee_id is distinct from in_employee
        and exists (select from role_permissions r where r.org_id = d.org_id and r.role_id = any(m.role_ids) and r.resource = in_resource and r.verb = 'approve'
            and (r.reach = 'org' or r.reach = 'team' and exists (select from reporting_lines l
                where l.org_id = d.org_id and l.above_id = m.employee_id and l.below_id = in_employee)))
    order by d.id limit 1
$$;

-- Whether the permission of this request reaches what is this employee's, standing in for somebody aside.
create function reaches_person(in_employee uuid) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select current_reach() = 'org' or in_employee = current_person() or current_reach() = 'team' and exists (
        select from reporting_lines where org_id = current_org() and above_id = current_person() and below_id = in_employee)
$$;

-- As `limit_reach`, and who stands in for somebody sees and decides what is put before them.
create function limit_reach_of_deciders(table_name text, resource text) returns void language plpgsql as $$
declare
    reached constant text := format('(select current_reach()) = ''org'' or employee_id = (select current_person())
        or (select current_reach()) = ''team'' and (select true from reporting_lines line
            where line.org_id = %1$I.org_id and line.above_id = (select current_person()) and line.below_id = %1$I.employee_id)', table_name);
    stood_in constant text := format('(select caller_stands_in()) and stood_in_for(%L, employee_id) is not null', resource);
begin
    execute format('create policy reach_read on %I as restrictive for select to backoffice_service using (%s or %s)', table_name, reached, stood_in);
    execute format('create policy reach_update on %I as restrictive for update to backoffice_service using (%s or %s)', table_name, reached, stood_in);
    execute format('create policy reach_insert on %I as restrictive for insert to backoffice_service with check (%s)', table_name, reached);
    -- A row that is seen and must not be deleted is refused by the triggers, and not passed over in silence.
    execute format('create policy reach_delete on %I as restrictive for delete to backoffice_service using (%s or %s)', table_name, reached, stood_in);
end $$;
select limit_reach_of_deciders('leave_requests', 'leave-requests');
select approvable('leave_requests', '{approve}');

-- Who decides on what is an employee's, and for whom: null for themselves. Nobody decides on their own, nor on what they handed in.
create function decide_for(in_resource text, in_employee uuid, in_makers uuid[]) returns uuid language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    me constant uuid := current_actor_id();
    seat uuid;
begin
    if me = any(in_makers) or in_employee = current_person()
        or exists (select from memberships where org_id = current_org() and user_id = me and employee_id = in_employee) then
        raise exception 'forbidden: Nobody decides on what is their own or what they handed in themselves: ask somebody else to.' using errcode = 'insufficient_privilege';
    elsif reaches_person(in_employee) then
        return null;
    end if;
    seat := stood_in_for(in_resource, in_employee);
    if seat is null then
        raise exception 'forbidden: It waits for whoever is above the employee, or stands in for them.' using errcode = 'insufficient_privilege';
    end if;
    return seat;
end $$;

-- A draft is written in; what was handed in is decided; what was agreed to is cancelled. What the days come to, and whether there are
-- enough, is worked out when it is handed in and again when it is decided, while others who want leave of the same person wait.
create function keep_leave_request() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{status,days,rejection_reason,submitted_at,submitted_by,decided_at,decided_by,on_behalf_of,version,updated_at,updated_by}';
    type leave_types;
    faults jsonb;
    short record;
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'DELETE' then
        if not reaches_person(old.employee_id) then
            raise exception 'forbidden: Who stands in for somebody decides, and does nothing else.' using errcode = 'insufficient_privilege';
        elsif old.status <> 'draft' then
            raise exception 'handed in' using errcode = 'restrict_violation', table = 'leave_requests', constraint = 'only_a_draft_of_a_leave_is_deleted_so_cancel_it_instead';
        end if;
        return old;
    end if;
    -- Whose it is has to be said, and to be somebody: the column and its foreign key say so.
    if not exists (select from employees where org_id = new.org_id and id = new.employee_id) then return new; end if;
    if tg_op = 'INSERT' then
        if new.status <> 'draft' then
            raise exception 'begins as a draft' using errcode = 'restrict_violation', table = 'leave_requests', constraint = 'a_leave_begins_as_a_draft';
        end if;
    else
        if old.status <> 'draft' and to_jsonb(new) - free <> to_jsonb(old) - free then
            raise exception 'handed in' using errcode = 'restrict_violation', table = 'leave_requests', constraint = 'only_a_draft_of_a_leave_is_written_in_so_cancel_it_instead';
        end if;
        if new.status = 'submitted' and old.status = 'draft' then
            new.submitted_at := now();
            new.submitted_by := current_actor_id();
        elsif new.status in ('approved', 'rejected') and old.status = 'submitted' then
            new.on_behalf_of := decide_for('leave-requests', old.employee_id, array[old.created_by, old.submitted_by]);
            new.decided_at := now();
            new.decided_by := current_actor_id();
        elsif not reaches_person(old.employee_id) then
            raise exception 'forbidden: Who stands in for somebody decides, and does nothing else.' using errcode = 'insufficient_privilege';
        elsif new.status = 'cancelled' and old.status = 'approved' and old.starts_on <= current_date and current_reach() = 'own' then
            raise exception 'forbidden: What has begun is cancelled by whoever keeps the files of people, or is above the employee.' using errcode = 'insufficient_privilege';
        end if;
    end if;
    if new.status in ('rejected', 'cancelled') then return new; end if;
    select * into type from leave_types where org_id = new.org_id and id = new.leave_type_id;
    if not found then return new; end if; -- the foreign key says so
    if new.status in ('submitted', 'approved') then
        perform pg_advisory_xact_lock(hashtextextended('leave ' || new.org_id || new.employee_id, 6));
    end if;
    select coalesce(sum(share), 0) into new.days from leave_days(new.employee_id, new.starts_on, new.ends_on, new.starts_at_noon, new.ends_at_noon);
    select jsonb_agg(jsonb_build_object('pointer', fault.pointer, 'code', fault.code, 'detail', fault.detail)) into faults from (values
        (type.status = 'archived' and new.status = 'draft', '/leave_type_id', 'archived', format('must not be archived, and `%s` is: name another', type.code)),
        (not type.allows_half_days and new.starts_at_noon, '/starts_at_noon', 'whole-days', format('must be false: `%s` is taken by whole days', type.code)),
        (not type.allows_half_days and new.ends_at_noon, '/ends_at_noon', 'whole-days', format('must be false: `%s` is taken by whole days', type.code)),
        (new.days = 0, '/starts_on', 'no-working-day', 'must begin a leave with a working day in it: there is none on which the employee would work'),
        (type.needs_document and new.status <> 'draft' and not exists (select from files f
                where f.org_id = new.org_id and f.resource = 'leave-requests' and f.resource_id = new.id and f.status <> 'infected'), '', 'document-missing',
            format('`%s` asks for a document: put a file on the request before it is handed in', type.code))) fault (is_so, pointer, code, detail) where fault.is_so;
    if faults is not null then
        raise exception 'faults' using errcode = 'check_violation', table = 'leave_requests', constraint = 'leave_requests_days_check', detail = jsonb_build_object('errors', faults);
    end if;
    if new.status in ('submitted', 'approved') and not type.allows_negative then
        select * into short from leave_shortfall(new.employee_id, new.leave_type_id, leave_entries(new));
        if found then
            raise exception 'not enough' using errcode = 'restrict_violation', table = 'leave_requests', constraint = 'there_is_not_enough_leave_left',
                detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/ends_on', 'code', 'not-enough-leave',
                    'detail', format('%s working days of `%s` are asked for, and on %s there would be %s too few', trim_scale(new.days), type.code, short.day, trim_scale(short.missing)))));
        end if;
    end if;
    return new;
end $$;

-- What a leave takes off the balance: for each month on its first working day in it.
create function leave_entries(request leave_requests) returns jsonb language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object('employee_id', (request).employee_id, 'leave_type_id', (request).leave_type_id,
        'effective_on', first_day, 'days', -days)), '[]')
    from (select min(d.day) as first_day, sum(d.share) as days
        from leave_days((request).employee_id, (request).starts_on, (request).ends_on, (request).starts_at_noon, (request).ends_at_noon) d
        group by date_trunc('month', d.day)) each
$$;
create trigger keep_request before insert or update or delete on leave_requests for each row execute function keep_leave_request();

-- What is agreed to stands in the calendar and in the ledger; what is cancelled goes from the one and comes back in the other.
create function keep_absences() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status = 'approved' then
        insert into absence_days (org_id, employee_id, day, leave_request_id, leave_type_id, share, paid_share)
            select new.org_id, new.employee_id, d.day, new.id, new.leave_type_id, d.share, t.paid_share
            from leave_days(new.employee_id, new.starts_on, new.ends_on, new.starts_at_noon, new.ends_at_noon) d
            join leave_types t on t.org_id = new.org_id and t.id = new.leave_type_id;
        insert into leave_entitlements (org_id, id, employee_id, leave_type_id, kind, days, effective_on, leave_request_id)
            select new.org_id, ordered_uuid(clock_timestamp(), place), new.employee_id, new.leave_type_id, 'taken', (each ->> 'days')::numeric, (each ->> 'effective_on')::date, new.id
            from jsonb_array_elements(leave_entries(new)) with ordinality given (each, place);
    else
        delete from absence_days where org_id = new.org_id and leave_request_id = new.id;
        insert into leave_entitlements (org_id, id, employee_id, leave_type_id, kind, days, effective_on, leave_request_id)
            select new.org_id, ordered_uuid(clock_timestamp(), row_number() over (order by l.effective_on)), l.employee_id, l.leave_type_id, 'returned', -sum(l.days), l.effective_on, new.id
            from leave_entitlements l where l.org_id = new.org_id and l.leave_request_id = new.id
            group by l.employee_id, l.leave_type_id, l.effective_on having sum(l.days) <> 0;
    end if;
    return null;
end $$;
create trigger keep_absences after update of status on leave_requests for each row
    when (new.status is distinct from old.status and 'approved' in (new.status, old.status)) execute function keep_absences();

-- Who is away, one row for each leave: what the reach of somebody shows. To those who hold no more than their own that is whoever has
-- the same manager, the manager, and themselves.
create function absences_seen(in_person uuid, in_reach text, from_day date, to_day date, in_department uuid, in_most integer)
    returns table (leave_request_id uuid, employee_id uuid, given_name text, family_name text, department_id uuid, starts_on date, ends_on date,
        starts_at_noon boolean, ends_at_noon boolean, days numeric, updated_at timestamptz)
    language sql stable security definer set search_path = public, pg_temp as $$
    select r.id, e.id, e.given_name, e.family_name, e.department_id, r.starts_on, r.ends_on, r.starts_at_noon, r.ends_at_noon, r.days, r.updated_at
    from leave_requests r join employees e on e.org_id = r.org_id and e.id = r.employee_id
    where r.org_id = (select current_org()) and r.status = 'approved' and r.starts_on <= to_day and r.starts_on >= from_day - 366 and r.ends_on >= from_day
        and (in_department is null or exists (select from department_lines l
            where l.org_id = r.org_id and l.above_id = in_department and l.below_id = e.department_id))
        and (in_reach = 'org' or e.id = in_person
            or e.id = (select manager_id from employees me where me.org_id = (select current_org()) and me.id = in_person)
            or e.manager_id = (select manager_id from employees me where me.org_id = (select current_org()) and me.id = in_person)
            or in_reach = 'team' and exists (select from reporting_lines l where l.org_id = r.org_id and l.above_id = in_person and l.below_id = e.id))
    order by r.starts_on, e.family_name, r.id limit in_most
$$;

-- Addresses that calendar programs subscribe to: a secret in each, which is told once and kept as a hash.
create table calendar_feeds (
    org_id      uuid  not null,
    id          uuid  not null,
    user_id     uuid  not null default current_caller(),
    name        text  not null constraint calendar_feeds_name_length check (length(name) between 1 and 100),
    scope       text  not null default 'own' constraint calendar_feeds_scope_check check (scope in ('own', 'team')),
    secret_hash bytea not null,
    primary key (org_id, id),
    constraint calendar_feeds_user_id_fkey foreign key (org_id, user_id) references memberships (org_id, user_id) on delete cascade
);
create index calendar_feeds_by_user on calendar_feeds (org_id, user_id);
create index calendar_feeds_by_name on calendar_feeds (org_id, name, id);
select manage_resource('calendar_feeds', 'calendar_feed', secret => '{secret_hash}');
create index calendar_feeds_by_created_at on calendar_feeds (org_id, created_at, id);
create policy reach on calendar_feeds as restrictive to backoffice_service using (
    (select current_reach()) = 'org' or user_id = (select current_caller()));

-- What a feed shows, as its owner may see it at this moment; nothing where it was revoked or its owner can not come in any more.
create function feed_absences(in_id uuid, in_hash bytea) returns jsonb language sql stable security definer set search_path = public, pg_temp as $$
    select jsonb_build_object('name', f.name, 'absences', (
        select coalesce(jsonb_agg(to_jsonb(a) || jsonb_build_object('days', a.days::text)), '[]')
        from absences_seen(m.employee_id, coalesce((
                select case when bool_or(r.reach = 'org') then 'org' when bool_or(r.reach = 'team') then 'team' else 'own' end from role_permissions r
                where r.org_id = m.org_id and r.role_id = any(m.role_ids) and r.resource = 'absences' and r.verb = 'read'), 'none'),
            current_date - 92, current_date + 366, null, 5000) a
        where f.scope = 'team' or a.employee_id = m.employee_id))
    from calendar_feeds f join memberships m on m.org_id = f.org_id and m.user_id = f.user_id and m.status = 'active'
    join logins l on l.id = m.user_id and l.status = 'active'
    left join employees e on e.org_id = m.org_id and e.id = m.employee_id
    where f.org_id = (select current_org()) and f.id = in_id and f.secret_hash = in_hash and e.status is distinct from 'terminated'
$$;

-- The week of somebody: what was worked in it, handed in and agreed to as one.
create table timesheets (
    org_id           uuid         not null,
    id               uuid         not null,
    employee_id      uuid         not null default current_person(),
    week_starts_on   date         not null constraint timesheets_week_starts_on_check check (extract(isodow from week_starts_on) = 1),
    hours            numeric(6,2) not null default 0,
    overtime_hours   numeric(6,2) not null default 0,
    -- [{"multiplier": "1.75", "hours": "2.50"}, …]
    overtime         jsonb        not null default '[]' constraint timesheets_overtime_type check (jsonb_typeof(overtime) = 'array'),
    rejection_reason text         constraint timesheets_rejection_reason_length check (length(rejection_reason) between 1 and 500),
    submitted_at     timestamptz,
    submitted_by     uuid,
    decided_at       timestamptz,
    decided_by       uuid,
    on_behalf_of     uuid,
    status           text         not null default 'open' constraint timesheets_status_check check (status in ('open', 'submitted', 'approved', 'rejected')),
    primary key (org_id, id),
    constraint timesheets_week_starts_on_key unique (org_id, employee_id, week_starts_on),
    constraint timesheets_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id)
);
create index timesheets_by_week on timesheets (org_id, week_starts_on, id);
create index timesheets_by_status on timesheets (org_id, status, id);
select manage_resource('timesheets', 'timesheet', person => 'employee_id', personal => '{rejection_reason}');
create index timesheets_by_created_at on timesheets (org_id, created_at, id);
select limit_reach_of_deciders('timesheets', 'timesheets');
select approvable('timesheets', '{approve}');

create table timesheet_entries (
    org_id       uuid         not null,
    id           uuid         not null,
    timesheet_id uuid         not null,
    employee_id  uuid         not null default current_person(),
    worked_on    date         not null constraint timesheet_entries_worked_on_range check (worked_on between '1990-01-01' and '2200-12-31'),
    hours        numeric(4,2) not null constraint timesheet_entries_hours_range check (hours > 0 and hours <= 24),
    started_at   timestamptz,
    ended_at     timestamptz,
    project_id   uuid,
    task         text         constraint timesheet_entries_task_length check (length(task) between 1 and 200),
    note         text         constraint timesheet_entries_note_length check (length(note) between 1 and 500),
    primary key (org_id, id),
    constraint timesheet_entries_timesheet_id_fkey foreign key (org_id, timesheet_id) references timesheets (org_id, id),
    constraint timesheet_entries_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint timesheet_entries_project_id_fkey foreign key (org_id, project_id) references projects (org_id, id),
    constraint come_and_gone_are_told_together check ((started_at is null) = (ended_at is null)),
    constraint hours_fit_between_coming_and_going check (ended_at > started_at and extract(epoch from ended_at - started_at) >= hours * 3600)
);
create index timesheet_entries_by_sheet on timesheet_entries (org_id, timesheet_id, worked_on);
create index timesheet_entries_by_person on timesheet_entries (org_id, employee_id, worked_on);
create index timesheet_entries_by_project on timesheet_entries (org_id, project_id, worked_on);
create index timesheet_entries_by_day on timesheet_entries (org_id, worked_on, id);
select manage_resource('timesheet_entries', 'timesheet_entry', person => 'employee_id', personal => '{note}');
create index timesheet_entries_by_created_at on timesheet_entries (org_id, created_at, id);
select limit_reach_of_deciders('timesheet_entries', 'timesheets');

-- What of each entry is overtime, by how it is paid. Kept by triggers alone.
create table timesheet_overtime (
    org_id       uuid         not null,
    timesheet_id uuid         not null,
    entry_id     uuid         not null,
    multiplier   numeric(6,4) not null,
    hours        numeric(6,2) not null,
    primary key (org_id, timesheet_id, entry_id, multiplier),
    constraint timesheet_overtime_timesheet_id_fkey foreign key (org_id, timesheet_id) references timesheets (org_id, id) on delete cascade,
    constraint timesheet_overtime_entry_id_fkey foreign key (org_id, entry_id) references timesheet_entries (org_id, id) on delete cascade
);
create index timesheet_overtime_by_entry on timesheet_overtime (org_id, entry_id);
insert into managed_tables (name, kind) values ('timesheet_overtime', 'derived');
select separate_organizations('timesheet_overtime');
grant select on timesheet_overtime to backoffice_service;

-- What is overtime in these weeks, entry by entry, in the order of days. An hour is overtime once: by the rules of its day first (those of
-- a free day, where it is one and there are such rules), and what is left by the rules of the week.
create function overtime_of(sheets uuid[]) returns table (timesheet_id uuid, entry_id uuid, multiplier numeric, hours numeric)
    language sql stable security definer set search_path = public, pg_temp as $$
    with sheet as (
        select t.id, t.employee_id, t.week_starts_on, coalesce(
            (select s.pattern_id from work_schedules s where s.org_id = t.org_id and s.employee_id = t.employee_id and s.starts_on <= t.week_starts_on + 6
                order by s.starts_on desc limit 1),
            (select p.id from working_patterns p where p.org_id = t.org_id and p.is_default)) as pattern_id
        from timesheets t where t.org_id = (select current_org()) and t.id = any(sheets)
    ), planned as materialized (
        select p.employee_id, p.day, p.hours from (select min(week_starts_on) as first, max(week_starts_on) + 6 as last, array_agg(distinct employee_id) as people from sheet) all_of
        cross join lateral planned_days(all_of.first, all_of.last, all_of.people) p
    ), entry as (
        select s.id as sheet_id, s.pattern_id, e.id, e.worked_on, e.hours, coalesce(p.hours, 0) = 0 and f.has_rules as is_free,
            sum(e.hours) over (partition by s.id, e.worked_on order by e.started_at nulls last, e.id) - e.hours as since
        from sheet s join timesheet_entries e on e.org_id = (select current_org()) and e.timesheet_id = s.id
        left join planned p on p.employee_id = s.employee_id and p.day = e.worked_on
        cross join lateral (select exists (select from overtime_rules r where r.org_id = (select current_org()) and r.pattern_id = s.pattern_id and r.per = 'free_day') as has_rules) f
    ), by_day as (
        select e.sheet_id, e.id, r.multiplier, least(e.since + e.hours, r.up_to) - greatest(e.since, r.over_hours) as hours
        from entry e join overtime_rules r on r.org_id = (select current_org()) and r.pattern_id = e.pattern_id and r.per = case when e.is_free then 'free_day' else 'day' end
        where least(e.since + e.hours, r.up_to) > greatest(e.since, r.over_hours)
    ), plain as (
        select e.sheet_id, e.pattern_id, e.id, e.hours - coalesce(o.hours, 0) as hours,
            sum(e.hours - coalesce(o.hours, 0)) over (partition by e.sheet_id order by e.worked_on, e.since, e.id) - (e.hours - coalesce(o.hours, 0)) as since
        from entry e left join (select d.id, sum(d.hours) as hours from by_day d group by d.id) o on o.id = e.id
    )
    select sheet_id, id, multiplier, sum(hours) from (
        select d.sheet_id, d.id, d.multiplier, d.hours from by_day d
        union all
        select p.sheet_id, p.id, r.multiplier, least(p.since + p.hours, r.up_to) - greatest(p.since, r.over_hours)
        from plain p join overtime_rules r on r.org_id = (select current_org()) and r.pattern_id = p.pattern_id and r.per = 'week'
        where least(p.since + p.hours, r.up_to) > greatest(p.since, r.over_hours)
    ) each group by 1, 2, 3
$$;

-- Works out anew what is overtime in these weeks, and answers what they come to.
create function figure_overtime(sheets uuid[]) returns table (timesheet_id uuid, hours numeric, overtime_hours numeric, overtime jsonb)
    language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    delete from timesheet_overtime where org_id = current_org() and timesheet_id = any(sheets);
    insert into timesheet_overtime (org_id, timesheet_id, entry_id, multiplier, hours) select current_org(), o.timesheet_id, o.entry_id, o.multiplier, o.hours from overtime_of(sheets) o;
    return query
        select t.id, (select coalesce(sum(e.hours), 0) from timesheet_entries e where e.org_id = current_org() and e.timesheet_id = t.id),
            coalesce(sum(o.hours), 0), coalesce(jsonb_agg(jsonb_build_object('multiplier', trim_scale(o.multiplier)::text, 'hours', o.hours::numeric(6,2)::text) order by o.multiplier)
                filter (where o.multiplier is not null), '[]')
        from unnest(sheets) t (id) left join (
            select x.timesheet_id, x.multiplier, sum(x.hours) as hours from timesheet_overtime x where x.org_id = current_org() and x.timesheet_id = any(sheets) group by 1, 2) o
            on o.timesheet_id = t.id
        group by t.id;
end $$;

-- An entry stands in the sheet of its week, which is made with the first. A week that was handed in takes nothing.
create function keep_timesheet_entry() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    row_of constant timesheet_entries := case tg_op when 'DELETE' then old else new end;
    monday date := date_trunc('week', row_of.worked_on)::date;
    sheet record;
    there numeric;
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op <> 'INSERT' and not reaches_person(old.employee_id) then
        raise exception 'forbidden: Who stands in for somebody decides, and does nothing else.' using errcode = 'insufficient_privilege';
    end if;
    -- Both weeks, where it moves from one to another, in one order for all.
    if tg_op <> 'DELETE' then
        insert into timesheets (org_id, id, employee_id, week_starts_on) values (new.org_id, ordered_uuid(clock_timestamp(), 0), new.employee_id, monday)
            on conflict (org_id, employee_id, week_starts_on) do nothing;
    end if;
    for sheet in
        select t.id, t.status, t.week_starts_on from timesheets t where t.org_id = row_of.org_id and (t.employee_id = row_of.employee_id and t.week_starts_on = monday
            or tg_op <> 'INSERT' and t.id = old.timesheet_id) order by t.id for no key update
    loop
        if sheet.status in ('submitted', 'approved') then
            raise exception 'locked' using errcode = 'restrict_violation', table = 'timesheet_entries', constraint = 'the_week_was_handed_in_and_takes_nothing',
                detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/worked_on', 'code', 'week-is-locked',
                    'detail', format('is in the week of %s, which was handed in and takes nothing: it has to be withdrawn, or opened again, first', sheet.week_starts_on))));
        end if;
        if sheet.week_starts_on = monday and tg_op <> 'DELETE' then new.timesheet_id := sheet.id; end if;
    end loop;
    if tg_op = 'DELETE' then return old; end if;
    select coalesce(sum(hours), 0) into there from timesheet_entries
        where org_id = new.org_id and employee_id = new.employee_id and worked_on = new.worked_on and id <> new.id;
    if there + new.hours > 24 then
        raise exception 'too many' using errcode = 'check_violation', table = 'timesheet_entries', constraint = 'timesheet_entries_hours_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/hours', 'code', 'too-large',
                'detail', format('must leave the day at 24 hours: %s are there already', trim_scale(there)))));
    end if;
    if not exists (select from employment_spans(array[new.employee_id]) s where new.worked_on between s.starts_on and coalesce(s.ends_on, 'infinity'))
        and exists (select from employees where org_id = new.org_id and id = new.employee_id) then
        raise exception 'not employed' using errcode = 'check_violation', table = 'timesheet_entries', constraint = 'timesheet_entries_worked_on_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/worked_on', 'code', 'not-employed',
                'detail', 'must be a day on which the employee works here')));
    end if;
    return new;
end $$;
create trigger keep_entry before insert or update or delete on timesheet_entries for each row execute function keep_timesheet_entry();

create function show_worked() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    sheets uuid[];
begin
    if tg_op = 'INSERT' then sheets := array(select distinct timesheet_id from new_rows);
    elsif tg_op = 'UPDATE' then sheets := array(select timesheet_id from new_rows union select timesheet_id from old_rows);
    else sheets := array(select distinct timesheet_id from old_rows); end if;
    if sheets = '{}' then return null; end if;
    update timesheets t set hours = f.hours, overtime_hours = f.overtime_hours, overtime = f.overtime
        from figure_overtime(sheets) f where t.org_id = current_org() and t.id = f.timesheet_id
            and (t.hours, t.overtime_hours, t.overtime) is distinct from (f.hours, f.overtime_hours, f.overtime);
    return null;
end $$;
create trigger show_worked_new after insert on timesheet_entries referencing new table as new_rows for each statement execute function show_worked();
create trigger show_worked_changed after update on timesheet_entries referencing old table as old_rows new table as new_rows for each statement execute function show_worked();
create trigger show_worked_gone after delete on timesheet_entries referencing old table as old_rows for each statement execute function show_worked();

create function keep_timesheet() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    figured record;
begin
    if tg_op = 'DELETE' then
        if not reaches_person(old.employee_id) then
            raise exception 'forbidden: Who stands in for somebody decides, and does nothing else.' using errcode = 'insufficient_privilege';
        elsif exists (select from timesheet_entries where org_id = old.org_id and timesheet_id = old.id) or old.status in ('submitted', 'approved') then
            raise exception 'not empty' using errcode = 'restrict_violation', table = 'timesheets', constraint = 'only_an_open_week_without_entries_is_deleted';
        end if;
        return old;
    elsif (new.employee_id, new.week_starts_on) is distinct from (old.employee_id, old.week_starts_on) then
        raise exception 'fixed' using errcode = 'restrict_violation', table = 'timesheets', constraint = 'whose_week_it_is_stays';
    elsif new.status = old.status then
        return new;
    elsif new.status in ('approved', 'rejected') or old.status = 'approved' then
        new.on_behalf_of := decide_for('timesheets', old.employee_id, case when old.status = 'approved' then '{}' else array[old.submitted_by] end);
        new.decided_at := now();
        new.decided_by := current_actor_id();
    elsif not reaches_person(old.employee_id) then
        raise exception 'forbidden: Who stands in for somebody decides, and does nothing else.' using errcode = 'insufficient_privilege';
    end if;
    if new.status = 'submitted' then
        select * into figured from figure_overtime(array[new.id]);
        if figured.hours = 0 then
            raise exception 'empty' using errcode = 'restrict_violation', table = 'timesheets', constraint = 'a_week_without_entries_is_not_handed_in';
        end if;
        new.hours := figured.hours;
        new.overtime_hours := figured.overtime_hours;
        new.overtime := figured.overtime;
        new.submitted_at := now();
        new.submitted_by := current_actor_id();
        new.rejection_reason := null;
        new.decided_at := null;
        new.decided_by := null;
        new.on_behalf_of := null;
    end if;
    return new;
end $$;
create trigger keep_sheet before update or delete on timesheets for each row execute function keep_timesheet();

-- What these people worked on these days, in weeks that were agreed to: all hours, those of them that are overtime, and these by how they
-- are paid: [{"multiplier": "1.75", "hours": "2.50"}].
create function worked_hours(from_day date, to_day date, people uuid[]) returns table (employee_id uuid, hours numeric, overtime_hours numeric, overtime jsonb)
    language sql stable security definer set search_path = public, pg_temp as $$
    with entry as materialized (
        select e.employee_id, e.id, e.timesheet_id, e.hours from timesheet_entries e join timesheets t on t.org_id = e.org_id and t.id = e.timesheet_id and t.status = 'approved'
        where e.org_id = (select current_org()) and e.worked_on between from_day and to_day and e.employee_id = any((select people_or_all(people))::uuid[])
    ), paid as (
        select e.employee_id, o.multiplier, sum(o.hours) as hours from entry e
        join timesheet_overtime o on o.org_id = (select current_org()) and o.timesheet_id = e.timesheet_id and o.entry_id = e.id group by 1, 2
    )
    select w.employee_id, w.hours, coalesce(p.hours, 0), coalesce(p.overtime, '[]')
    from (select e.employee_id, sum(e.hours) as hours from entry e group by 1) w
    left join (select p.employee_id, sum(p.hours) as hours,
            jsonb_agg(jsonb_build_object('multiplier', trim_scale(p.multiplier)::text, 'hours', p.hours::numeric(8,2)::text) order by p.multiplier) as overtime
        from paid p group by 1) p using (employee_id)
$$;

-- What people worked on projects, as far as the caller's permission reaches: the service's role asks.
create function project_hours(from_day date, to_day date, in_project uuid) returns table (project_id uuid, project_code text, project_name text, employee_id uuid,
        employee_number text, department_id uuid, task text, hours numeric, overtime_hours numeric, approved_hours numeric)
    language sql stable as $$
    select e.project_id, p.code, p.name, e.employee_id, w.employee_number, w.department_id, e.task, sum(e.hours), sum(coalesce(o.hours, 0)),
        coalesce(sum(e.hours) filter (where t.status = 'approved'), 0)
    from timesheet_entries e join timesheets t on t.org_id = e.org_id and t.id = e.timesheet_id
    join projects p on p.org_id = e.org_id and p.id = e.project_id
    left join employees w on w.org_id = e.org_id and w.id = e.employee_id
    left join lateral (select sum(o.hours) as hours from timesheet_overtime o where o.org_id = e.org_id and o.timesheet_id = e.timesheet_id and o.entry_id = e.id) o on true
    where e.org_id = (select current_org()) and e.worked_on between from_day and to_day and (in_project is null or e.project_id = in_project)
    group by 1, 2, 3, 4, 5, 6, 7 order by 2, 5, 7 limit 5001
$$;

-- The balances that the caller may see, of each type that an employee has or could have: what is asked for and not decided yet, too.
create function leave_balances_seen(on_day date, in_employee uuid, in_type uuid, behind uuid, in_most integer)
    returns table (employee_id uuid, leave_type_id uuid, leave_type_code text, recorded_days numeric, days numeric, requested_days numeric)
    language plpgsql stable as $$
declare
    people uuid[] := array(select e.id from employees_reached(in_employee) e (id) where behind is null or e.id > behind order by 1 limit in_most);
    types uuid[] := array(select t.id from leave_types t where t.org_id = current_org() and (in_type is null or t.id = in_type) and (t.status = 'active' or in_type is not null));
begin
    return query
        select p.id, t.id, t.code, coalesce(b.recorded_days, 0), coalesce(b.days, 0), coalesce((
            select sum(r.days) from leave_requests r where r.org_id = (select current_org()) and r.employee_id = p.id and r.leave_type_id = t.id and r.status = 'submitted'), 0)
        from unnest(people) p (id) cross join leave_types t
        left join leave_balances(on_day, people, types) b on b.employee_id = p.id and b.leave_type_id = t.id
        where t.org_id = (select current_org()) and t.id = any(types) order by p.id, t.code;
end $$;

-- The employees whom the permission of this request reaches; this one alone where one is named.
create function employees_reached(in_employee uuid) returns setof uuid language sql stable security definer set search_path = public, pg_temp as $$
    select e.id from employees e where e.org_id = (select current_org()) and (in_employee is null or e.id = in_employee) and ((select current_reach()) = 'org'
        or e.id = (select current_person()) or (select current_reach()) = 'team' and exists (select from reporting_lines l
            where l.org_id = e.org_id and l.above_id = (select current_person()) and l.below_id = e.id))
$$;
