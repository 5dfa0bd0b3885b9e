-- What people get and how they grow: benefits, training, goals and reviews.

-- The day that it is, as rules on days and sums of them have it.
create function growth_today() returns date language sql stable parallel safe as $$ select (now() at time zone 'UTC')::date $$;

-- ---------------------------------------------------------------------------------------------------------- benefits

create table benefit_plans (
    org_id             uuid    not null,
    id                 uuid    not null,
    code               text    not null constraint benefit_plans_code_format check (code ~ '^[A-Z0-9][A-Z0-9.-]{0,19}$'),
    name               text    not null constraint benefit_plans_name_length check (length(name) between 1 and 100),
    kind               text    not null constraint benefit_plans_kind_check
        check (kind in ('health', 'life', 'disability', 'pension', 'meal_vouchers', 'transport', 'wellness', 'education', 'other')),
    description        text    constraint benefit_plans_description_length check (length(description) between 1 and 2000),
    currency           text    not null constraint benefit_plans_currency_format check (currency ~ '^[A-Z]{3}$'),
    -- Whom it is for: empty lists stand for everybody.
    eligible_grades    jsonb   not null default '[]' constraint benefit_plans_eligible_grades_type check (jsonb_typeof(eligible_grades) = 'array'),
    eligible_countries jsonb   not null default '[]' constraint benefit_plans_eligible_countries_type check (jsonb_typeof(eligible_countries) = 'array'),
    tenure_months      integer not null default 0 constraint benefit_plans_tenure_months_range check (tenure_months between 0 and 600),
    -- For so long after one becomes eligible one may enrol without a window.
    new_hire_days      integer not null default 30 constraint benefit_plans_new_hire_days_range check (new_hire_days between 0 and 366),
    most_dependants    integer not null default 0 constraint benefit_plans_most_dependants_range check (most_dependants between 0 and 20),
    needs_approval     boolean not null default true,
    -- [{starts_on, basis, employee, employer, employee_per_dependant, employer_per_dependant}], each until the next begins.
    contributions      jsonb   not null constraint benefit_plans_contributions_type check (jsonb_typeof(contributions) = 'array'),
    -- Whether a month that it holds for a part of costs that part; else the whole of it, when it begins.
    is_prorated        boolean not null default true,
    starts_on          date    not null,
    ends_on            date,
    status             text    not null default 'active' constraint benefit_plans_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint benefit_plans_code_key unique (org_id, code),
    constraint a_plan_does_not_end_before_it_starts check (ends_on >= starts_on)
);
create index benefit_plans_by_name on benefit_plans (org_id, name, id);
select manage_resource('benefit_plans');
create index benefit_plans_by_created_at on benefit_plans (org_id, created_at, id);

-- From when to when one may choose, and from which day on what is chosen holds.
create table benefit_windows (
    org_id             uuid not null,
    id                 uuid not null,
    name               text not null constraint benefit_windows_name_length check (length(name) between 1 and 100),
    benefit_plan_id    uuid,
    opens_on           date not null,
    closes_on          date not null,
    coverage_starts_on date not null,
    primary key (org_id, id),
    constraint benefit_windows_name_key unique (org_id, name),
    constraint benefit_windows_benefit_plan_id_fkey foreign key (org_id, benefit_plan_id) references benefit_plans (org_id, id),
    constraint a_window_does_not_close_before_it_opens check (closes_on >= opens_on)
);
create index benefit_windows_by_plan on benefit_windows (org_id, benefit_plan_id);
create index benefit_windows_by_opens_on on benefit_windows (org_id, opens_on, id);
select manage_resource('benefit_windows');
create index benefit_windows_by_created_at on benefit_windows (org_id, created_at, id);

-- What opens a window for one employee.
create table benefit_life_events (
    org_id           uuid not null,
    id               uuid not null,
    employee_id      uuid not null default current_person(),
    kind             text not null constraint benefit_life_events_kind_check
        check (kind in ('marriage', 'divorce', 'birth', 'adoption', 'death_in_family', 'loss_of_cover', 'relocation', 'other')),
    happened_on      date not null,
    note             text constraint benefit_life_events_note_length check (length(note) between 1 and 500),
    -- The last day of the window that it opens; known once it is accepted.
    enrol_until_on   date,
    rejection_reason text constraint benefit_life_events_rejection_reason_length check (length(rejection_reason) between 1 and 500),
    status           text not null default 'reported' constraint benefit_life_events_status_check check (status in ('reported', 'accepted', 'rejected')),
    primary key (org_id, id),
    constraint benefit_life_events_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint what_is_accepted_opens_a_window check ((status = 'accepted') = (enrol_until_on is not null)),
    constraint what_is_rejected_says_why check ((status = 'rejected') = (rejection_reason is not null)),
    constraint a_window_is_not_over_before_what_opens_it check (enrol_until_on >= happened_on)
);
create index benefit_life_events_by_employee on benefit_life_events (org_id, employee_id, id);
create index benefit_life_events_by_happened_on on benefit_life_events (org_id, happened_on, id);
select manage_resource('benefit_life_events', person => 'employee_id', personal => '{kind,happened_on,note}');
create index benefit_life_events_by_created_at on benefit_life_events (org_id, created_at, id);
select limit_reach('benefit_life_events');

-- Whose login it is that asks now: nobody decides on what is their own or what they made.
create function refuse_own_decision(in_employee uuid, in_maker uuid, what text) returns void language plpgsql stable as $$
declare
    me constant uuid := current_actor_id();
begin
    if me = in_maker or exists (
        select from memberships where org_id = (select current_org()) and user_id = me and employee_id = in_employee) then
        raise exception 'forbidden: Nobody decides on % of their own or that they entered themselves: ask somebody else to.', what
            using errcode = 'insufficient_privilege';
    end if;
end $$;

create function keep_life_event() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        if old.status <> 'reported' then
            raise exception 'decided' using errcode = 'restrict_violation', table = 'benefit_life_events', constraint = 'a_life_event_that_was_decided_on_stays_on_record';
        end if;
        return old;
    end if;
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'UPDATE' and old.status <> 'reported'
        and (new.kind, new.happened_on, new.note, new.employee_id) is distinct from (old.kind, old.happened_on, old.note, old.employee_id) then
        raise exception 'decided' using errcode = 'restrict_violation', table = 'benefit_life_events', constraint = 'a_life_event_that_was_decided_on_is_final';
    end if;
    if tg_op = 'UPDATE' and new.status <> old.status then
        perform refuse_own_decision(old.employee_id, old.created_by, 'a life event');
    end if;
    if new.happened_on > growth_today() and (tg_op = 'INSERT' or new.happened_on <> old.happened_on) then
        raise exception 'future' using errcode = 'check_violation', table = 'benefit_life_events', constraint = 'benefit_life_events_happened_on_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/happened_on', 'code', 'in-the-future',
                'detail', 'must not be in the future: report it when it has happened')));
    end if;
    return new;
end $$;
create trigger keep_event before insert or update or delete on benefit_life_events for each row execute function keep_life_event();

create table benefit_enrolments (
    org_id                uuid not null,
    id                    uuid not null,
    employee_id           uuid not null default current_person(),
    benefit_plan_id       uuid not null,
    starts_on             date not null,
    ends_on               date,
    -- [dependant's id, …], who are covered besides.
    dependant_ids         jsonb not null default '[]' constraint benefit_enrolments_dependant_ids_type check (jsonb_typeof(dependant_ids) = 'array'),
    -- By what it was possible when it was asked for.
    opened_by             text not null constraint benefit_enrolments_opened_by_check check (opened_by in ('new_hire', 'window', 'life_event', 'officer')),
    benefit_window_id     uuid,
    benefit_life_event_id uuid,
    -- Why it was entered outside every window, or ended, or not agreed to.
    reason                text constraint benefit_enrolments_reason_length check (length(reason) between 1 and 500),
    end_reason            text constraint benefit_enrolments_end_reason_length check (length(end_reason) between 1 and 500),
    status                text not null default 'requested' constraint benefit_enrolments_status_check
        check (status in ('requested', 'approved', 'rejected', 'withdrawn', 'ended')),
    primary key (org_id, id),
    constraint benefit_enrolments_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint benefit_enrolments_benefit_plan_id_fkey foreign key (org_id, benefit_plan_id) references benefit_plans (org_id, id),
    constraint benefit_enrolments_benefit_window_id_fkey foreign key (org_id, benefit_window_id) references benefit_windows (org_id, id),
    constraint benefit_enrolments_benefit_life_event_id_fkey foreign key (org_id, benefit_life_event_id) references benefit_life_events (org_id, id),
    constraint an_enrolment_does_not_end_before_it_starts check (ends_on >= starts_on),
    constraint what_has_ended_says_when_and_why check ((status = 'ended') = (ends_on is not null)),
    constraint an_employee_is_in_a_plan_once_at_a_time exclude using gist
        (org_id with =, employee_id with =, benefit_plan_id with =, daterange(starts_on, ends_on, '[]') with &&)
        where (status in ('requested', 'approved', 'ended'))
);
create index benefit_enrolments_by_employee on benefit_enrolments (org_id, employee_id, id);
create index benefit_enrolments_by_plan on benefit_enrolments (org_id, benefit_plan_id, id);
create index benefit_enrolments_by_window on benefit_enrolments (org_id, benefit_window_id);
create index benefit_enrolments_by_life_event on benefit_enrolments (org_id, benefit_life_event_id);
create index benefit_enrolments_by_starts_on on benefit_enrolments (org_id, starts_on, id);
select manage_resource('benefit_enrolments', person => 'employee_id', personal => '{dependant_ids,reason,end_reason}');
create index benefit_enrolments_by_created_at on benefit_enrolments (org_id, created_at, id);
select limit_reach('benefit_enrolments');

-- Who is covered besides, a row each, so that whom an enrolment covers stays: kept by triggers alone.
create table benefit_enrolment_dependants (
    org_id       uuid not null,
    enrolment_id uuid not null,
    dependant_id uuid not null,
    primary key (org_id, enrolment_id, dependant_id),
    constraint benefit_enrolment_dependants_enrolment_id_fkey foreign key (org_id, enrolment_id) references benefit_enrolments (org_id, id) on delete cascade,
    constraint benefit_enrolment_dependants_dependant_id_fkey foreign key (org_id, dependant_id) references dependants (org_id, id)
);
create index benefit_enrolment_dependants_by_dependant on benefit_enrolment_dependants (org_id, dependant_id);
insert into managed_tables (name, kind) values ('benefit_enrolment_dependants', 'derived');
select separate_organizations('benefit_enrolment_dependants');
grant select on benefit_enrolment_dependants to backoffice_service;

-- The first day from which one has been employed without a gap, as of a day; null where one is not employed then.
create function employed_since(in_employee uuid, in_day date) returns date language sql stable as $$
    with recursive back as (
        select a.starts_on from assignments a
        where a.org_id = (select current_org()) and a.employee_id = in_employee and a.starts_on <= in_day and coalesce(a.ends_on, 'infinity') >= in_day
        union
        select a.starts_on from back join assignments a
            on a.org_id = (select current_org()) and a.employee_id = in_employee and a.ends_on = back.starts_on - 1
    )
    select min(starts_on) from back
$$;

-- What keeps this employee from being in the plan from that day on: its days, its rules, whom it covers.
create function benefit_faults(e benefit_enrolments) returns jsonb language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    since constant date := employed_since(e.employee_id, e.starts_on);
    faults jsonb;
begin
    select coalesce(jsonb_agg(jsonb_build_object('pointer', '/' || fault.field, 'code', fault.code, 'detail', fault.detail)), '[]') into faults from (select) one
        join benefit_plans p on p.org_id = e.org_id and p.id = e.benefit_plan_id
        left join assignments a on a.org_id = e.org_id and a.employee_id = e.employee_id
            and a.starts_on <= e.starts_on and coalesce(a.ends_on, 'infinity') >= e.starts_on
        cross join lateral (values
            (p.status = 'archived', 'benefit_plan_id', 'archived', format('is the plan %s, which is archived: restore it, or name another one', p.code)),
            (e.starts_on < p.starts_on or e.starts_on > p.ends_on, 'starts_on', 'outside-the-plan',
                format('must be a day of the plan, which holds from %s%s', p.starts_on, coalesce(' to ' || p.ends_on, ' on'))),
            (since is null, 'starts_on', 'not-employed', format('must be a day on which they are employed, and %s is not', e.starts_on)),
            (since is not null and e.starts_on < (since + make_interval(months => p.tenure_months))::date, 'starts_on', 'too-early',
                format('must be %s or later: the plan is for those who have been here for %s months, since %s', (since + make_interval(months => p.tenure_months))::date, p.tenure_months, since)),
            (since is not null and p.eligible_grades <> '[]' and not coalesce(p.eligible_grades ? a.grade, false), 'employee_id', 'other-grade',
                format('must have one of the grades %s on %s, and %s', (select string_agg(each, ', ') from jsonb_array_elements_text(p.eligible_grades) each), e.starts_on, coalesce('has ' || a.grade, 'has none'))),
            (since is not null and p.eligible_countries <> '[]' and not coalesce(p.eligible_countries ? a.country, false), 'employee_id', 'other-country',
                format('must work in one of the countries %s on %s, and %s', (select string_agg(each, ', ') from jsonb_array_elements_text(p.eligible_countries) each), e.starts_on, coalesce('works in ' || a.country, 'none is known'))),
            (jsonb_array_length(e.dependant_ids) > p.most_dependants, 'dependant_ids', 'too-many',
                format('the plan covers %s besides the employee', case p.most_dependants when 0 then 'nobody' when 1 then 'one person' else p.most_dependants || ' people' end)),
            ((select count(distinct each) from jsonb_array_elements_text(e.dependant_ids) each) < jsonb_array_length(e.dependant_ids), 'dependant_ids', 'repeated', 'must name each once')
        ) fault (is_so, field, code, detail)
        where fault.is_so;
    if e.dependant_ids <> '[]' then
        faults := faults || (select coalesce(jsonb_agg(jsonb_build_object('pointer', format('/dependant_ids/%s', place - 1), 'code', 'unknown-reference',
                'detail', 'is no dependant of this employee on the first day of cover')), '[]')
            from jsonb_array_elements_text(e.dependant_ids) with ordinality given (id, place)
            where not exists (select from dependants d where d.org_id = e.org_id and d.id = given.id::uuid and d.employee_id = e.employee_id
                and coalesce(d.ends_on, 'infinity') >= e.starts_on));
    end if;
    return faults;
end $$;

-- Somebody is enrolled when a window is open for them; an officer may enter them at any time, and says why. What is agreed to is as it
-- was asked for.
create function keep_benefit_enrolment() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    today constant date := growth_today();
    since constant date := employed_since(new.employee_id, new.starts_on);
    plan benefit_plans;
    faults jsonb;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'UPDATE' and old.status <> 'requested'
        and (new.employee_id, new.benefit_plan_id, new.starts_on, new.dependant_ids) is distinct from (old.employee_id, old.benefit_plan_id, old.starts_on, old.dependant_ids) then
        raise exception 'decided' using errcode = 'restrict_violation', table = 'benefit_enrolments', constraint = 'an_enrolment_that_was_decided_on_is_ended_and_asked_for_anew';
    end if;
    if tg_op = 'UPDATE' and old.status = 'requested' and new.status in ('approved', 'rejected') then
        perform refuse_own_decision(old.employee_id, old.created_by, 'an enrolment');
    end if;
    if tg_op = 'INSERT' or new.status = 'approved' and old.status = 'requested' or new.status = 'requested' then
        -- Who changes the plan waits, or is waited for.
        select * into plan from benefit_plans where org_id = new.org_id and id = new.benefit_plan_id for share;
        faults := benefit_faults(new);
    end if;
    if plan.id is null or not exists (select from employees where org_id = new.org_id and id = new.employee_id) then
        new.opened_by := coalesce(new.opened_by, 'officer'); -- the keys tell who or what is not there
        return new;
    end if;
    if (tg_op = 'INSERT' or new.starts_on <> old.starts_on) and new.status = 'requested' then
        new.opened_by := null;
        new.benefit_window_id := null;
        if new.benefit_life_event_id is not null then
            if exists (select from benefit_life_events l where l.org_id = new.org_id and l.id = new.benefit_life_event_id and l.employee_id = new.employee_id
                    and l.status = 'accepted' and today <= l.enrol_until_on and new.starts_on >= l.happened_on) then
                new.opened_by := 'life_event';
            end if;
        elsif since is not null and today <= (since + make_interval(months => plan.tenure_months))::date + plan.new_hire_days then
            new.opened_by := 'new_hire';
        else
            select 'window', w.id into new.opened_by, new.benefit_window_id from benefit_windows w
                where w.org_id = new.org_id and today between w.opens_on and w.closes_on and (w.benefit_plan_id is null or w.benefit_plan_id = plan.id)
                    and new.starts_on >= w.coverage_starts_on
                order by w.coverage_starts_on, w.id limit 1;
        end if;
        if new.opened_by is null and current_reach() = 'org' and new.reason is not null and new.benefit_life_event_id is null then
            new.opened_by := 'officer';
        elsif new.opened_by is null then
            new.opened_by := 'officer'; -- which is told, and never kept
            faults := faults || case
                when new.benefit_life_event_id is not null then jsonb_build_object('pointer', '/benefit_life_event_id', 'code', 'no-window',
                    'detail', 'must be an accepted event of this employee whose window is still open, and the cover starts on its day or later')
                when current_reach() = 'org' then jsonb_build_object('pointer', '/reason', 'code', 'no-window',
                    'detail', 'must be given: no window is open for this employee and day, so say why they are entered all the same')
                else jsonb_build_object('pointer', '/starts_on', 'code', 'no-window',
                    'detail', 'no window is open for this plan and day: see /v1/benefit-windows, or report what changed in your life at /v1/benefit-life-events') end;
        end if;
        if not plan.needs_approval and new.opened_by <> 'officer' then new.status := 'approved'; end if;
    end if;
    if jsonb_array_length(faults) > 0 then
        raise exception 'not eligible' using errcode = 'check_violation', table = 'benefit_enrolments', constraint = 'benefit_enrolments_starts_on_check',
            detail = jsonb_build_object('errors', faults);
    end if;
    return new;
end $$;
create trigger keep_enrolment before insert or update on benefit_enrolments for each row execute function keep_benefit_enrolment();

create function keep_enrolment_dependants() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from benefit_enrolment_dependants where org_id = new.org_id and enrolment_id = new.id and not new.dependant_ids ? dependant_id::text;
    insert into benefit_enrolment_dependants (org_id, enrolment_id, dependant_id)
        select new.org_id, new.id, each::uuid from jsonb_array_elements_text(new.dependant_ids) each on conflict do nothing;
    return null;
end $$;
create trigger keep_dependants after insert or update of dependant_ids on benefit_enrolments for each row execute function keep_enrolment_dependants();

-- What benefits cost these people and their employer for the days from one to the other, a row for each employee and plan; for pay.
--   employee_amount, employer_amount: in `currency`, with four decimals, not yet rounded to what the currency has. Fixed contributions are
--     for a calendar month: by the calendar days of it for which the enrolment holds or, where the plan is not prorated, whole in the period
--     that holds its first day of that month. Those per working day are for planned days less what one was away.
--   employee_rate, employer_rate: percent of what was paid as `pay_basis` ('base_pay' or 'gross_pay') in the whole period: where the enrolment
--     holds for a part of the days on which one is employed, that part of the rate. 0 where nothing is a percentage.
-- Nothing is due for days on which one is not employed.
create function benefit_contributions(from_day date, to_day date, people uuid[])
    returns table (employee_id uuid, benefit_plan_id uuid, employee_amount numeric, employer_amount numeric, currency text,
        employee_rate numeric, employer_rate numeric, pay_basis text)
    language plpgsql stable set jit = off as $$
#variable_conflict use_column
declare
    org constant uuid := current_org();
    first_month constant date := date_trunc('month', from_day)::date;
    last_month_ends constant date := (date_trunc('month', to_day) + interval '1 month')::date - 1;
begin
    return query
    with rates as materialized (
        select p.id as plan_id, p.currency, p.is_prorated, r.starts_on,
            case when r.basis like 'percent_of_%' then 'percent' else r.basis end as basis,
            case when r.basis like 'percent_of_%' then substr(r.basis, 12) end as pay_basis,
            least(coalesce(p.ends_on, 'infinity'), coalesce(lead(r.starts_on) over (partition by p.id order by r.starts_on) - 1, 'infinity')) as ends_on,
            r.employee, r.employer, coalesce(r.employee_per_dependant, 0) as employee_each, coalesce(r.employer_per_dependant, 0) as employer_each
        from benefit_plans p, jsonb_to_recordset(p.contributions) r (starts_on date, basis text, employee numeric, employer numeric,
            employee_per_dependant numeric, employer_per_dependant numeric)
        where p.org_id = org
    ), held as materialized (
        -- For whole months, since what is not prorated is due with the first day of a month that it holds for.
        select e.employee_id, e.benefit_plan_id as plan_id, r.currency, r.is_prorated, r.basis, r.pay_basis,
            r.employee + r.employee_each * jsonb_array_length(e.dependant_ids) as employee,
            r.employer + r.employer_each * jsonb_array_length(e.dependant_ids) as employer,
            greatest(e.starts_on, a.starts_on, r.starts_on, first_month) as first_day,
            least(coalesce(e.ends_on, 'infinity'), coalesce(a.ends_on, 'infinity'), r.ends_on, last_month_ends) as last_day
        from benefit_enrolments e
        join rates r on r.plan_id = e.benefit_plan_id
        join assignments a on a.org_id = org and a.employee_id = e.employee_id
        where e.org_id = org and e.employee_id = any(people) and e.status in ('approved', 'ended')
            and greatest(e.starts_on, a.starts_on, r.starts_on, first_month)
                <= least(coalesce(e.ends_on, 'infinity'), coalesce(a.ends_on, 'infinity'), r.ends_on, last_month_ends)
    ), by_month as (
        select h.*, month::date as month, greatest(h.first_day, month::date) as begins, least(h.last_day, (month + interval '1 month')::date - 1) as ends,
            (month + interval '1 month')::date - month::date as days
        from held h, generate_series(date_trunc('month', h.first_day), h.last_day, interval '1 month') month
        where h.basis = 'fixed'
    ), fixed as (
        select employee_id, plan_id, employee * share as employee, employer * share as employer from (
            select employee_id, plan_id, employee, employer,
                (least(ends, to_day) - greatest(begins, from_day) + 1)::numeric / days as share
            from by_month where is_prorated and greatest(begins, from_day) <= least(ends, to_day)
            union all
            select employee_id, plan_id, employee, employer, 1 from (
                select distinct on (employee_id, plan_id, month) * from by_month where not is_prorated order by employee_id, plan_id, month, begins
            ) first where begins between from_day and to_day
        ) parts
    ), worked as materialized (
        select d.employee_id, d.day, 1 - (select least(1, coalesce(sum(away.share), 0)) from absence_days away
                where away.org_id = org and away.employee_id = d.employee_id and away.day = d.day) as share
        from planned_days(from_day, to_day, array(select distinct h.employee_id from held h where h.basis = 'per_day')) d
        where d.hours > 0
    ), daily as (
        select h.employee_id, h.plan_id, h.employee * sum(w.share) as employee, h.employer * sum(w.share) as employer
        from held h join worked w on w.employee_id = h.employee_id and w.day between h.first_day and h.last_day
        where h.basis = 'per_day' group by h.employee_id, h.plan_id, h.employee, h.employer, h.first_day
    ), employed as materialized (
        select a.employee_id, sum(least(coalesce(a.ends_on, 'infinity'), to_day) - greatest(a.starts_on, from_day) + 1) as days
        from assignments a where a.org_id = org and a.employee_id = any(people) and a.starts_on <= to_day and coalesce(a.ends_on, 'infinity') >= from_day
        group by a.employee_id
    ), percent as (
        select h.employee_id, h.plan_id, max(h.pay_basis) as pay_basis,
            sum(h.employee * (least(h.last_day, to_day) - greatest(h.first_day, from_day) + 1) / d.days) as employee,
            sum(h.employer * (least(h.last_day, to_day) - greatest(h.first_day, from_day) + 1) / d.days) as employer
        from held h join employed d on d.employee_id = h.employee_id
        where h.basis = 'percent' and greatest(h.first_day, from_day) <= least(h.last_day, to_day)
        group by h.employee_id, h.plan_id
    ), due as (
        select employee_id, plan_id, employee, employer, 0::numeric as employee_rate, 0::numeric as employer_rate, null::text as pay_basis from fixed
        union all select employee_id, plan_id, employee, employer, 0, 0, null from daily
        union all select employee_id, plan_id, 0, 0, employee, employer, pay_basis from percent
    )
    select due.employee_id, due.plan_id, round(sum(due.employee), 4), round(sum(due.employer), 4), p.currency,
        round(sum(due.employee_rate), 8), round(sum(due.employer_rate), 8), max(due.pay_basis)
    from due join benefit_plans p on p.org_id = org and p.id = due.plan_id
    group by due.employee_id, due.plan_id, p.currency;
end $$;

-- ---------------------------------------------------------------------------------------------------------- training

create table courses (
    org_id             uuid not null,
    id                 uuid not null,
    code               text not null constraint courses_code_format check (code ~ '^[A-Z0-9][A-Z0-9.-]{0,19}$'),
    name               text not null constraint courses_name_length check (length(name) between 1 and 100),
    kind               text not null constraint courses_kind_check
        check (kind in ('classroom', 'online', 'workshop', 'conference', 'on_the_job', 'exam')),
    description        text constraint courses_description_length check (length(description) between 1 and 2000),
    hours              numeric(20,6) constraint courses_hours_range check (hours > 0),
    -- Of 100, where there is an exam.
    pass_score         numeric(5,2) constraint courses_pass_score_range check (pass_score between 0 and 100),
    -- For how long a certificate of it holds; null where it holds for good.
    certificate_months integer constraint courses_certificate_months_range check (certificate_months between 1 and 600),
    status             text not null default 'active' constraint courses_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint courses_code_key unique (org_id, code)
);
create index courses_by_name on courses (org_id, name, id);
select manage_resource('courses');
create index courses_by_created_at on courses (org_id, created_at, id);

-- Who has to have which certificate: those in a position, in a department and those beneath it, or everybody.
create table course_requirements (
    org_id        uuid    not null,
    id            uuid    not null,
    course_id     uuid    not null,
    position_id   uuid,
    department_id uuid,
    -- From when on it is asked for, and how long one has from then, or from when one comes into the position.
    starts_on     date    not null,
    due_days      integer not null default 30 constraint course_requirements_due_days_range check (due_days between 0 and 3650),
    primary key (org_id, id),
    constraint course_requirements_course_id_fkey foreign key (org_id, course_id) references courses (org_id, id),
    constraint course_requirements_position_id_fkey foreign key (org_id, position_id) references positions (org_id, id),
    constraint course_requirements_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id)
);
create unique index course_requirements_course_id_key on course_requirements (org_id, course_id, position_id, department_id) nulls not distinct;
create index course_requirements_by_position on course_requirements (org_id, position_id);
create index course_requirements_by_department on course_requirements (org_id, department_id);
create index course_requirements_by_starts_on on course_requirements (org_id, starts_on, id);
select manage_resource('course_requirements');
create index course_requirements_by_created_at on course_requirements (org_id, created_at, id);

create table course_sessions (
    org_id        uuid        not null,
    id            uuid        not null,
    course_id     uuid        not null,
    starts_at     timestamptz not null,
    ends_at       timestamptz not null,
    place         text constraint course_sessions_place_length check (length(place) between 1 and 200),
    link          text constraint course_sessions_link_length check (length(link) between 1 and 500),
    trainer       text constraint course_sessions_trainer_length check (length(trainer) between 1 and 200),
    seats         integer     not null constraint course_sessions_seats_range check (seats between 1 and 10000),
    -- Kept by triggers.
    taken_seats   integer     not null default 0 constraint course_sessions_taken_seats_range check (taken_seats >= 0),
    waiting       integer     not null default 0 constraint course_sessions_waiting_range check (waiting >= 0),
    -- What all of it costs.
    cost          numeric(20,4) not null default 0 constraint course_sessions_cost_range check (cost >= 0),
    currency      text constraint course_sessions_currency_format check (currency ~ '^[A-Z]{3}$'),
    cancel_reason text constraint course_sessions_cancel_reason_length check (length(cancel_reason) between 1 and 500),
    status        text        not null default 'planned' constraint course_sessions_status_check check (status in ('planned', 'held', 'cancelled')),
    primary key (org_id, id),
    constraint course_sessions_course_id_fkey foreign key (org_id, course_id) references courses (org_id, id),
    constraint a_session_ends_after_it_starts check (ends_at > starts_at),
    constraint there_are_not_fewer_seats_than_are_taken check (taken_seats <= seats),
    constraint what_costs_something_says_in_which_currency check (cost = 0 or currency is not null),
    constraint what_is_cancelled_says_why check ((status = 'cancelled') = (cancel_reason is not null))
);
create index course_sessions_by_course on course_sessions (org_id, course_id, id);
create index course_sessions_by_starts_at on course_sessions (org_id, starts_at, id);
select manage_resource('course_sessions');
create index course_sessions_by_created_at on course_sessions (org_id, created_at, id);

create table course_enrolments (
    org_id            uuid not null,
    id                uuid not null,
    course_session_id uuid not null,
    -- The session's, kept by a trigger.
    course_id         uuid,
    employee_id       uuid not null default current_person(),
    score             numeric(5,2) constraint course_enrolments_score_range check (score between 0 and 100),
    has_passed        boolean,
    -- What they say of it afterwards.
    rating            integer constraint course_enrolments_rating_range check (rating between 1 and 5),
    feedback          text constraint course_enrolments_feedback_length check (length(feedback) between 1 and 2000),
    status            text not null default 'enrolled' constraint course_enrolments_status_check
        check (status in ('enrolled', 'waiting', 'withdrawn', 'cancelled', 'attended', 'absent')),
    primary key (org_id, id),
    constraint course_enrolments_course_session_id_fkey foreign key (org_id, course_session_id) references course_sessions (org_id, id),
    constraint course_enrolments_course_id_fkey foreign key (org_id, course_id) references courses (org_id, id),
    constraint course_enrolments_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint a_result_is_of_one_who_attended check ((status = 'attended') = (has_passed is not null) and (score is null or status = 'attended')),
    constraint feedback_is_of_one_who_attended check (rating is null or status = 'attended')
);
create unique index course_enrolments_employee_id_key on course_enrolments (org_id, course_session_id, employee_id) where status <> 'withdrawn';
create index course_enrolments_by_session on course_enrolments (org_id, course_session_id, id);
create index course_enrolments_by_course on course_enrolments (org_id, course_id);
create index course_enrolments_by_employee on course_enrolments (org_id, employee_id, id);
select manage_resource('course_enrolments', person => 'employee_id', personal => '{score,has_passed,rating,feedback}');
create index course_enrolments_by_created_at on course_enrolments (org_id, created_at, id);
select limit_reach('course_enrolments');

-- That somebody knows something: by a course here, or from elsewhere.
create table certificates (
    org_id              uuid not null,
    id                  uuid not null,
    employee_id         uuid not null default current_person(),
    course_id           uuid not null,
    course_enrolment_id uuid,
    number              text constraint certificates_number_length check (length(number) between 1 and 60),
    issued_by           text constraint certificates_issued_by_length check (length(issued_by) between 1 and 200),
    issued_on           date not null,
    -- Its last day; null where it holds for good.
    expires_on          date,
    revoke_reason       text constraint certificates_revoke_reason_length check (length(revoke_reason) between 1 and 500),
    status              text not null default 'valid' constraint certificates_status_check check (status in ('valid', 'revoked')),
    primary key (org_id, id),
    constraint certificates_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint certificates_course_id_fkey foreign key (org_id, course_id) references courses (org_id, id),
    constraint certificates_course_enrolment_id_fkey foreign key (org_id, course_enrolment_id) references course_enrolments (org_id, id),
    constraint a_certificate_does_not_expire_before_it_is_issued check (expires_on >= issued_on),
    constraint what_is_revoked_says_why check ((status = 'revoked') = (revoke_reason is not null))
);
create index certificates_by_employee on certificates (org_id, employee_id, course_id);
create index certificates_by_course on certificates (org_id, course_id);
create index certificates_by_enrolment on certificates (org_id, course_enrolment_id);
create index certificates_by_issued_on on certificates (org_id, issued_on, id);
select manage_resource('certificates', person => 'employee_id', personal => '{number,issued_by}');
create index certificates_by_created_at on certificates (org_id, created_at, id);
select limit_reach('certificates');

-- Holds as long as the course says, unless told; none is of tomorrow.
create function keep_certificate() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if new.issued_on > growth_today() and (tg_op = 'INSERT' or new.issued_on <> old.issued_on) then
        raise exception 'future' using errcode = 'check_violation', table = 'certificates', constraint = 'certificates_issued_on_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/issued_on', 'code', 'in-the-future', 'detail', 'must not be in the future')));
    end if;
    if tg_op = 'INSERT' and new.expires_on is null then
        select (new.issued_on + make_interval(months => certificate_months))::date - 1 into new.expires_on
            from courses where org_id = new.org_id and id = new.course_id;
    end if;
    return new;
end $$;
create trigger keep_certificate before insert or update on certificates for each row execute function keep_certificate();

-- Who comes takes a seat or, where there is none, a place in the line. All who come to one session or leave it take turns at it.
create function keep_course_enrolment() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    session course_sessions;
begin
    if tg_op = 'DELETE' then
        if old.status in ('attended', 'absent') then
            raise exception 'held' using errcode = 'restrict_violation', table = 'course_enrolments', constraint = 'what_was_attended_or_missed_stays_on_record';
        end if;
        return old;
    end if;
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select * into session from course_sessions where org_id = new.org_id and id = new.course_session_id for no key update;
    if not found or not exists (select from employees where org_id = new.org_id and id = new.employee_id) then
        return new; -- which the keys refuse
    end if;
    new.course_id := session.course_id;
    if session.status <> 'planned' then
        raise exception 'over' using errcode = 'restrict_violation', table = 'course_enrolments', constraint = 'course_enrolments_course_session_id_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/course_session_id', 'code', 'invalid-state',
                'detail', format('is a session that was %s: choose one that is planned', session.status))));
    elsif current_reach() <> 'org' and session.starts_at <= now() then
        raise exception 'begun' using errcode = 'restrict_violation', table = 'course_enrolments', constraint = 'course_enrolments_course_session_id_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/course_session_id', 'code', 'has-begun',
                'detail', 'is a session that has begun: ask whoever holds it to enter you')));
    elsif employed_since(new.employee_id, (session.starts_at at time zone 'UTC')::date) is null then
        raise exception 'not employed' using errcode = 'check_violation', table = 'course_enrolments', constraint = 'course_enrolments_employee_id_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/employee_id', 'code', 'not-employed',
                'detail', format('is not employed on %s, when the session begins', (session.starts_at at time zone 'UTC')::date))));
    end if;
    new.status := case when session.seats > (select count(*) from course_enrolments e
        where e.org_id = new.org_id and e.course_session_id = session.id and e.status in ('enrolled', 'attended', 'absent')) then 'enrolled' else 'waiting' end;
    return new;
end $$;
create trigger keep_enrolment before insert or delete on course_enrolments for each row execute function keep_course_enrolment();

-- Who has waited longest takes what has become free. The session is locked by whoever calls.
create function fill_seats(in_org uuid, in_session uuid) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    session course_sessions;
    taken int;
begin
    select * into session from course_sessions where org_id = in_org and id = in_session for no key update;
    if session.status = 'planned' then
        select count(*) into taken from course_enrolments where org_id = in_org and course_session_id = in_session and status in ('enrolled', 'attended', 'absent');
        -- Whoever is just leaving the line is passed over, and calls here next.
        update course_enrolments set status = 'enrolled' where org_id = in_org and id in (
            select id from course_enrolments where org_id = in_org and course_session_id = in_session and status = 'waiting'
            order by created_at, id limit greatest(0, session.seats - taken) for no key update skip locked);
    end if;
    update course_sessions s set taken_seats = n.taken, waiting = n.waiting
        from (select count(*) filter (where status in ('enrolled', 'attended', 'absent')) as taken, count(*) filter (where status = 'waiting') as waiting
            from course_enrolments where org_id = in_org and course_session_id = in_session) n
        where s.org_id = in_org and s.id = in_session and (s.taken_seats, s.waiting) is distinct from (n.taken, n.waiting);
end $$;

create function fill_seats_of_changed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform fill_seats(org_id, course_session_id) from (select distinct org_id, course_session_id from changed_rows order by 2) touched;
    return null;
end $$;
create trigger fill_seats_insert after insert on course_enrolments referencing new table as changed_rows for each statement execute function fill_seats_of_changed();
create trigger fill_seats_update after update on course_enrolments referencing new table as changed_rows for each statement execute function fill_seats_of_changed();
create trigger fill_seats_delete after delete on course_enrolments referencing old table as changed_rows for each statement execute function fill_seats_of_changed();

-- More seats are for those who wait; a session that is cancelled is so for all who were to come.
create function keep_course_session() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status = 'cancelled' and old.status <> 'cancelled' then
        update course_enrolments set status = 'cancelled' where org_id = new.org_id and course_session_id = new.id and status in ('enrolled', 'waiting');
    elsif new.seats > old.seats then
        perform fill_seats(new.org_id, new.id);
    end if;
    return null;
end $$;
create trigger keep_session after update of seats, status on course_sessions for each row execute function keep_course_session();

-- Who came and what came of it: [{employee_id, attended, score}]. Whoever passed has a certificate from the session's last day on; where a
-- result is corrected, it goes with what it stood on.
create function record_course_results(in_session uuid, in_results jsonb) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    session course_sessions;
    course courses;
    faults jsonb;
begin
    select * into session from course_sessions where org_id = org and id = in_session for no key update;
    select * into course from courses where org_id = org and id = session.course_id;
    if session.starts_at > now() then
        raise exception 'not begun' using errcode = 'restrict_violation', table = 'course_sessions', constraint = 'a_session_has_results_once_it_has_begun';
    end if;
    select jsonb_agg(jsonb_build_object('pointer', format('/results/%s/%s', given.place - 1, fault.field), 'code', fault.code, 'detail', fault.detail)) into faults
        from jsonb_array_elements(in_results) with ordinality given (each, place)
        cross join lateral jsonb_to_record(given.each) r (employee_id uuid, attended boolean, score numeric)
        left join course_enrolments e on e.org_id = org and e.course_session_id = in_session and e.employee_id = r.employee_id and e.status in ('enrolled', 'attended', 'absent')
        cross join lateral (values
            (e.id is null, 'employee_id', 'unknown-reference', 'has no seat in this session: enrol them first'),
            ((select count(*) from jsonb_array_elements(in_results) x where x -> 'employee_id' = given.each -> 'employee_id') > 1, 'employee_id', 'repeated', 'must be named once'),
            (r.attended and course.pass_score is not null and r.score is null, 'score', 'required', format('must be given: the course is passed with %s of 100', trim_scale(course.pass_score))),
            (not r.attended and r.score is not null, 'score', 'breaks-a-rule', 'must be left out for somebody who did not attend')
        ) fault (is_so, field, code, detail)
        where fault.is_so;
    if faults is not null then
        raise exception 'results' using errcode = 'check_violation', table = 'course_sessions', constraint = 'course_sessions_status_check', detail = jsonb_build_object('errors', faults);
    end if;
    if session.status = 'planned' then
        update course_sessions set status = 'held' where org_id = org and id = in_session;
    end if;
    update course_enrolments e set status = case when r.attended then 'attended' else 'absent' end, score = r.score,
            has_passed = case when r.attended then coalesce(r.score >= course.pass_score, true) end,
            rating = case when r.attended then e.rating end, feedback = case when r.attended then e.feedback end
        from jsonb_to_recordset(in_results) r (employee_id uuid, attended boolean, score numeric)
        where e.org_id = org and e.course_session_id = in_session and e.employee_id = r.employee_id and e.status in ('enrolled', 'attended', 'absent');
    update certificates c set status = 'revoked', revoke_reason = 'The result of the course was corrected.'
        from course_enrolments e where c.org_id = org and e.org_id = org and e.course_session_id = in_session and c.course_enrolment_id = e.id
            and c.status = 'valid' and e.has_passed is distinct from true;
    insert into certificates (org_id, id, employee_id, course_id, course_enrolment_id, issued_on)
        select org, ordered_uuid(clock_timestamp(), row_number() over (order by e.id)), e.employee_id, e.course_id, e.id, least((session.ends_at at time zone 'UTC')::date, growth_today())
        from course_enrolments e where e.org_id = org and e.course_session_id = in_session and e.has_passed
            and not exists (select from certificates c where c.org_id = org and c.course_enrolment_id = e.id and c.status = 'valid');
end $$;

-- Who lacks which certificate on a day, as far as the caller's permission reaches: totals, and findings from one on.
create function training_compliance(in_on date, in_within int, in_department uuid, in_course uuid, in_position uuid, in_state text,
    in_after_employee uuid, in_after_course uuid, in_limit int) returns jsonb language plpgsql stable
    -- Nothing counts the rows of what is put together on the way, and a loop over ten thousand people and their certificates would be planned.
    set enable_nestloop = off set jit = off as $$
declare
    org constant uuid := current_org();
begin
    return (
    with people as materialized (
        select e.id, e.employee_number, e.given_name, e.family_name, a.department_id, a.position_id, a.starts_on
        from assignments a join employees e on e.org_id = org and e.id = a.employee_id
        where a.org_id = org and a.starts_on <= in_on and coalesce(a.ends_on, 'infinity') >= in_on
            and (in_position is null or a.position_id = in_position)
            and (in_department is null or a.department_id in (select below_id from department_lines where org_id = org and above_id = in_department))
    ), arrived as materialized (
        -- When one came into the position that one has.
        select p.id, min(x.starts_on) as arrived_on from people p join assignments x
            on x.org_id = org and x.employee_id = p.id and x.position_id is not distinct from p.position_id and x.starts_on <= in_on group by p.id
    ), required as materialized (
        select r.course_id, r.position_id, r.department_id, r.starts_on, r.due_days from course_requirements r join courses c on c.org_id = org and c.id = r.course_id
        where r.org_id = org and c.status = 'active' and r.starts_on <= in_on and (in_course is null or r.course_id = in_course)
    ), needed as materialized (
        select employee_id, course_id, min(due_on) as due_on from (
            select p.id as employee_id, r.course_id, greatest(b.arrived_on, r.starts_on) + r.due_days as due_on
                from people p join required r on r.position_id = p.position_id join arrived b on b.id = p.id where r.department_id is null
            union all
            select p.id, r.course_id, greatest(b.arrived_on, r.starts_on) + r.due_days
                from required r join department_lines l on l.org_id = org and l.above_id = r.department_id
                join people p on p.department_id = l.below_id and (r.position_id is null or r.position_id = p.position_id) join arrived b on b.id = p.id
            union all
            select p.id, r.course_id, greatest(b.arrived_on, r.starts_on) + r.due_days
                from required r cross join people p join arrived b on b.id = p.id where r.position_id is null and r.department_id is null
        ) each group by employee_id, course_id
    ), best as materialized (
        select distinct on (c.employee_id, c.course_id) c.employee_id, c.course_id, c.id, c.expires_on
        from certificates c where c.org_id = org and c.status = 'valid' and c.issued_on <= in_on
        order by c.employee_id, c.course_id, coalesce(c.expires_on, 'infinity') desc
    ), judged as materialized (
        select n.employee_id, n.course_id, n.due_on, b.id as certificate_id, b.expires_on, p.department_id,
            case when b.id is null and n.due_on >= in_on then 'due' when b.id is null then 'missing'
                when b.expires_on < in_on then 'expired' when b.expires_on <= in_on + in_within then 'expiring' else 'compliant' end as state
        from needed n join people p on p.id = n.employee_id
        left join best b on b.employee_id = n.employee_id and b.course_id = n.course_id
    ), shown as materialized (
        select j.*, p.employee_number, p.given_name || ' ' || p.family_name as name, p.position_id, c.code, c.name as course_name
        from (select * from judged j
            where (case when in_state is null then j.state <> 'compliant' else j.state = in_state end)
                and (in_after_employee is null or (j.employee_id, j.course_id) > (in_after_employee, in_after_course))
            order by j.employee_id, j.course_id limit in_limit + 1) j
        join people p on p.id = j.employee_id join courses c on c.org_id = org and c.id = j.course_id
    ), counted as (
        select department_id, course_id, count(*) as required, count(*) filter (where state = 'compliant') as compliant, count(*) filter (where state = 'expiring') as expiring,
            count(*) filter (where state = 'expired') as expired, count(*) filter (where state = 'missing') as missing, count(*) filter (where state = 'due') as due
        from judged group by grouping sets ((), (department_id), (course_id))
    ), told as (
        select n.*, jsonb_build_object('required', n.required, 'compliant', n.compliant, 'expiring', n.expiring, 'expired', n.expired, 'missing', n.missing, 'due', n.due) as counts
        from counted n
    )
    select jsonb_build_object(
        'as_of_on', in_on,
        'people', (select count(*) from people),
        'totals', (select counts from told where department_id is null and course_id is null order by required desc limit 1),
        'courses', (select coalesce(jsonb_agg(jsonb_build_object('course_id', c.id, 'code', c.code, 'name', c.name, 'counts', t.counts) order by c.code), '[]')
            from told t join courses c on c.org_id = org and c.id = t.course_id),
        'departments', (select coalesce(jsonb_agg(jsonb_build_object('department_id', d.id, 'code', d.code, 'name', d.name, 'counts', t.counts) order by d.code), '[]')
            from told t join departments d on d.org_id = org and d.id = t.department_id),
        'findings', (select coalesce(jsonb_agg(jsonb_build_object('employee_id', s.employee_id, 'employee_number', s.employee_number, 'name', s.name, 'department_id', s.department_id,
                'position_id', s.position_id, 'course_id', s.course_id, 'course_code', s.code, 'course_name', s.course_name, 'state', s.state, 'due_on', s.due_on,
                'certificate_id', s.certificate_id, 'expires_on', s.expires_on) order by s.employee_id, s.course_id), '[]')
            from (select * from shown order by employee_id, course_id limit in_limit) s),
        'has_more', (select count(*) > in_limit from shown)));
end $$;

-- What training costs between two days, by department and by course: a session's cost is borne alike by those who had a seat.
create function training_costs(in_from date, in_to date) returns jsonb language sql stable as $$
    with seats as materialized (
        select s.id, s.course_id, s.currency, s.cost / count(*) over (partition by s.id) as share, e.status, e.has_passed, e.rating, a.department_id
        from course_sessions s
        join course_enrolments e on e.org_id = s.org_id and e.course_session_id = s.id and e.status in ('enrolled', 'attended', 'absent')
        left join assignments a on a.org_id = s.org_id and a.employee_id = e.employee_id
            and (s.starts_at at time zone 'UTC')::date between a.starts_on and coalesce(a.ends_on, 'infinity')
        where s.org_id = (select current_org()) and s.status <> 'cancelled'
            and s.starts_at >= in_from::timestamp at time zone 'UTC' and s.starts_at < (in_to + 1)::timestamp at time zone 'UTC'
    )
    select jsonb_build_object('starts_on', in_from, 'ends_on', in_to,
        'departments', (select coalesce(jsonb_agg(jsonb_build_object('department_id', d.id, 'code', d.code, 'name', d.name, 'currency', g.currency, 'cost', g.cost::text, 'seats', g.seats, 'attended', g.attended)
                order by d.code nulls last, g.currency), '[]')
            from (select department_id, currency, round(sum(share), 2) as cost, count(*) as seats, count(*) filter (where status = 'attended') as attended from seats group by 1, 2) g
            left join departments d on d.org_id = (select current_org()) and d.id = g.department_id),
        'courses', (select coalesce(jsonb_agg(jsonb_build_object('course_id', c.id, 'code', c.code, 'name', c.name, 'currency', g.currency, 'cost', g.cost::text, 'sessions', g.sessions, 'seats', g.seats,
                'attended', g.attended, 'passed', g.passed, 'rating', g.rating::text, 'ratings', g.ratings) order by c.code, g.currency), '[]')
            from (select course_id, currency, round(sum(share), 2) as cost, count(distinct id) as sessions, count(*) as seats, count(*) filter (where status = 'attended') as attended,
                count(*) filter (where has_passed) as passed, round(avg(rating), 2) as rating, count(rating) as ratings from seats group by 1, 2) g
            join courses c on c.org_id = (select current_org()) and c.id = g.course_id))
$$;

-- ------------------------------------------------------------------------------------------------------------- goals

create table goals (
    org_id        uuid not null,
    id            uuid not null,
    title         text not null constraint goals_title_length check (length(title) between 1 and 200),
    description   text constraint goals_description_length check (length(description) between 1 and 2000),
    level         text not null constraint goals_level_check check (level in ('company', 'department', 'person')),
    department_id uuid,
    employee_id   uuid,
    parent_id     uuid,
    starts_on     date not null,
    ends_on       date not null,
    unit          text not null default '%' constraint goals_unit_length check (length(unit) between 1 and 20),
    start_value   numeric(20,6) not null default 0,
    target_value  numeric(20,6) not null default 100,
    current_value numeric(20,6) not null default 0,
    -- How much it counts among those beneath one goal.
    weight        numeric(20,6) not null default 1 constraint goals_weight_range check (weight > 0 and weight <= 1000),
    -- In percent: how far the value has come or, where goals are beneath it, what they come to by their weights. Kept by triggers.
    progress      numeric(5,2) not null default 0 constraint goals_progress_range check (progress between 0 and 100),
    status        text not null default 'draft' constraint goals_status_check check (status in ('draft', 'active', 'achieved', 'missed', 'cancelled')),
    primary key (org_id, id),
    constraint goals_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint goals_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint goals_parent_id_fkey foreign key (org_id, parent_id) references goals (org_id, id),
    constraint a_goal_does_not_end_before_it_starts check (ends_on >= starts_on),
    constraint a_goal_has_a_way_to_go check (target_value <> start_value),
    constraint a_goal_is_of_the_company_or_a_department_or_a_person check
        ((level = 'department') = (department_id is not null) and (level = 'person') = (employee_id is not null))
);
create index goals_by_department on goals (org_id, department_id, id);
create index goals_by_employee on goals (org_id, employee_id, id);
create index goals_by_parent on goals (org_id, parent_id, id);
create index goals_by_title on goals (org_id, title, id);
create index goals_by_ends_on on goals (org_id, ends_on, id);
select manage_resource('goals', person => 'employee_id');
create index goals_by_created_at on goals (org_id, created_at, id);
select keep_tree('goals', 'parent_id', 'goal_lines', 20);

create table goal_check_ins (
    org_id      uuid not null,
    id          uuid not null,
    goal_id     uuid not null,
    -- The goal's, kept by a trigger: whom it is about.
    employee_id uuid,
    value       numeric(20,6),
    confidence  text not null constraint goal_check_ins_confidence_check check (confidence in ('on_track', 'at_risk', 'off_track')),
    note        text constraint goal_check_ins_note_length check (length(note) between 1 and 2000),
    primary key (org_id, id),
    constraint goal_check_ins_goal_id_fkey foreign key (org_id, goal_id) references goals (org_id, id),
    constraint goal_check_ins_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id)
);
create index goal_check_ins_by_goal on goal_check_ins (org_id, goal_id, id);
create index goal_check_ins_by_employee on goal_check_ins (org_id, employee_id);
select manage_resource('goal_check_ins', person => 'employee_id');
create index goal_check_ins_by_created_at on goal_check_ins (org_id, created_at, id);

-- Goals of the company and of departments are everybody's to see; those of people follow the reach.
create function limit_reach_to_people(table_name text) returns void language plpgsql as $$
begin
    execute format($ddl$
        create policy reach on %1$I as restrictive to backoffice_service using (
            (select current_reach()) = 'org' or employee_id is null
            or employee_id = (select current_person())
            or (select current_reach()) = 'team' and (
                select true from reporting_lines line
                where line.org_id = %1$I.org_id and line.above_id = (select current_person()) and line.below_id = %1$I.employee_id))
    $ddl$, table_name);
end $$;
select limit_reach_to_people('goals'), limit_reach_to_people('goal_check_ins');
drop function limit_reach_to_people;

-- Whether the caller heads the department, or one above.
create function heads_department(in_department uuid) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from department_lines l join departments d on d.org_id = l.org_id and d.id = l.above_id
        where l.org_id = current_org() and l.below_id = in_department and d.head_id = current_person())
$$;

-- Goals of the company are set with the reach `org`, those of a department by its head and those above as well; for people the wall says.
create function refuse_to_set_goal(in_department uuid, in_employee uuid) returns void language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    if current_reach() = 'org' or in_employee is not null then return; end if;
    if in_department is null then
        raise exception 'forbidden: Goals of the company are set with the reach `org`.' using errcode = 'insufficient_privilege';
    elsif not heads_department(in_department) then
        raise exception 'forbidden: Goals of a department are set by its head, by those above, or with the reach `org`.' using errcode = 'insufficient_privilege';
    end if;
end $$;

create function goal_progress(in_start numeric, in_target numeric, in_current numeric) returns numeric language sql immutable parallel safe as $$
    select round(greatest(0, least(100, 100 * (in_current - in_start) / (in_target - in_start))), 2)
$$;

create function keep_goal() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    parent goals;
    fault jsonb;
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    -- What rolls up was let in below.
    if pg_trigger_depth() = 1 then
        if tg_op = 'DELETE' then
            perform refuse_to_set_goal(old.department_id, old.employee_id);
            return old;
        end if;
        perform refuse_to_set_goal(new.department_id, new.employee_id);
    elsif tg_op = 'DELETE' then
        return old;
    end if;
    if new.parent_id is not null and (tg_op = 'INSERT' or new.parent_id is distinct from old.parent_id) then
        select * into parent from goals where org_id = new.org_id and id = new.parent_id for share;
        if parent.level = 'person' and new.level <> 'person' or parent.level = 'department' and new.level = 'company' then
            fault := jsonb_build_object('pointer', '/parent_id', 'code', 'wrong-level',
                'detail', format('must not be a goal of a %s: goals cascade from the company through departments to people', parent.level));
        elsif parent.status = 'cancelled' then
            fault := jsonb_build_object('pointer', '/parent_id', 'code', 'invalid-state', 'detail', 'is a goal that was cancelled: choose another one');
        end if;
        if fault is not null then
            raise exception 'parent' using errcode = 'check_violation', table = 'goals', constraint = 'goals_parent_id_check', detail = jsonb_build_object('errors', jsonb_build_array(fault));
        end if;
    end if;
    if tg_op = 'INSERT' then
        new.current_value := new.start_value;
        new.progress := 0;
    elsif (new.start_value, new.target_value, new.current_value) is distinct from (old.start_value, old.target_value, old.current_value)
        and new.target_value <> new.start_value
        and not exists (select from goals where org_id = new.org_id and parent_id = new.id and status not in ('draft', 'cancelled')) then
        new.progress := goal_progress(new.start_value, new.target_value, new.current_value);
    end if;
    return new;
end $$;
create trigger keep_goal before insert or update or delete on goals for each row execute function keep_goal();

-- What moves moves what is above it: whoever changes two goals beneath one takes turns at that one, from below upwards.
create function roll_goal_up() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := coalesce(new.org_id, old.org_id);
    above uuid;
begin
    if tg_op = 'UPDATE' and (new.progress, new.weight, new.status, new.parent_id) is not distinct from (old.progress, old.weight, old.status, old.parent_id) then
        return null;
    end if;
    for above in select distinct id from unnest(array[old.parent_id, new.parent_id]) id where id is not null order by id loop
        perform from goals where org_id = org and id = above for no key update;
        update goals g set progress = found.progress
            from (select coalesce(round(sum(c.weight * c.progress) / sum(c.weight), 2), goal_progress(p.start_value, p.target_value, p.current_value)) as progress
                from goals p left join goals c on c.org_id = org and c.parent_id = p.id and c.status not in ('draft', 'cancelled')
                where p.org_id = org and p.id = above group by p.start_value, p.target_value, p.current_value) found
            where g.org_id = org and g.id = above and g.progress <> found.progress;
    end loop;
    return null;
end $$;
create trigger roll_up after insert or update or delete on goals for each row execute function roll_goal_up();

create function keep_goal_check_in() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    goal goals;
    fault jsonb;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select * into goal from goals where org_id = new.org_id and id = new.goal_id for no key update;
    if not found then return new; end if; -- which the key refuses
    new.employee_id := goal.employee_id;
    perform refuse_to_set_goal(goal.department_id, goal.employee_id);
    if goal.status <> 'active' then
        raise exception 'not active' using errcode = 'restrict_violation', table = 'goal_check_ins', constraint = 'goal_check_ins_goal_id_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/goal_id', 'code', 'invalid-state', 'detail', format('is a goal in the state `%s`: one checks in to active goals', goal.status))));
    elsif new.value is not null and exists (select from goals where org_id = new.org_id and parent_id = goal.id and status not in ('draft', 'cancelled')) then
        raise exception 'has goals beneath' using errcode = 'check_violation', table = 'goal_check_ins', constraint = 'goal_check_ins_value_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/value', 'code', 'follows-from-others', 'detail', 'must be left out: how far this goal has come follows from those beneath it')));
    end if;
    return new;
end $$;
create trigger keep_check_in before insert on goal_check_ins for each row execute function keep_goal_check_in();

create function move_goal() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update goals set current_value = new.value where org_id = new.org_id and id = new.goal_id and current_value <> new.value;
    return null;
end $$;
create trigger move_goal after insert on goal_check_ins for each row when (new.value is not null) execute function move_goal();

-- ----------------------------------------------------------------------------------------------------------- reviews

create table review_cycles (
    org_id              uuid    not null,
    id                  uuid    not null,
    name                text    not null constraint review_cycles_name_length check (length(name) between 1 and 100),
    starts_on           date    not null,
    ends_on             date    not null,
    -- Whom it is for: a department and those beneath it, and who was hired by a day; null for everybody.
    department_id       uuid,
    hired_until_on      date,
    rating_scale        integer not null default 5 constraint review_cycles_rating_scale_range check (rating_scale between 2 and 10),
    -- [{key, part, text, kind, weight, is_required}]
    questions           jsonb   not null constraint review_cycles_questions_type check (jsonb_typeof(questions) = 'array'),
    parts_due_on        date    not null,
    peers_are_anonymous boolean not null default true,
    shows_peer_parts    boolean not null default true,
    -- Anonymous parts are shown once there are so many, so that none gives its author away.
    least_peers         integer not null default 1 constraint review_cycles_least_peers_range check (least_peers between 1 and 10),
    status              text    not null default 'draft' constraint review_cycles_status_check check (status in ('draft', 'open', 'calibration', 'shared', 'closed')),
    primary key (org_id, id),
    constraint review_cycles_name_key unique (org_id, name),
    constraint review_cycles_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint a_cycle_does_not_end_before_it_starts check (ends_on >= starts_on)
);
create index review_cycles_by_department on review_cycles (org_id, department_id);
create index review_cycles_by_starts_on on review_cycles (org_id, starts_on, id);
select manage_resource('review_cycles');
create index review_cycles_by_created_at on review_cycles (org_id, created_at, id);

create table reviews (
    org_id           uuid not null,
    id               uuid not null,
    review_cycle_id  uuid not null,
    employee_id      uuid not null,
    manager_id       uuid,
    -- How many colleagues were asked for their part.
    peers_asked      integer not null default 0 constraint reviews_peers_asked_range check (peers_asked >= 0),
    -- Agreed in calibration; null until it is shared.
    rating           numeric(4,2) constraint reviews_rating_range check (rating between 1 and 10),
    employee_comment text constraint reviews_employee_comment_length check (length(employee_comment) between 1 and 5000),
    acknowledged_at  timestamptz,
    status           text not null default 'open' constraint reviews_status_check check (status in ('open', 'shared', 'acknowledged')),
    primary key (org_id, id),
    constraint reviews_employee_id_key unique (org_id, review_cycle_id, employee_id),
    constraint reviews_review_cycle_id_fkey foreign key (org_id, review_cycle_id) references review_cycles (org_id, id),
    constraint reviews_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint reviews_manager_id_fkey foreign key (org_id, manager_id) references employees (org_id, id),
    constraint a_rating_is_known_once_it_is_shared check (rating is null or status <> 'open')
);
create index reviews_by_employee on reviews (org_id, employee_id, id);
create index reviews_by_manager on reviews (org_id, manager_id, id);
select manage_resource('reviews', person => 'employee_id', personal => '{rating,employee_comment}');
create index reviews_by_created_at on reviews (org_id, created_at, id);
select limit_reach('reviews');

-- What somebody is asked to write about somebody. Whom it belongs to is who writes it; what they wrote stands elsewhere.
create table review_parts (
    org_id          uuid not null,
    id              uuid not null,
    review_id       uuid not null,
    review_cycle_id uuid not null,
    employee_id     uuid not null,
    author_id       uuid not null,
    part            text not null constraint review_parts_part_check check (part in ('self', 'manager', 'peer')),
    due_on          date not null,
    saved_at        timestamptz,
    submitted_at    timestamptz,
    status          text not null default 'open' constraint review_parts_status_check check (status in ('open', 'submitted', 'declined', 'missed')),
    primary key (org_id, id),
    constraint review_parts_author_id_key unique (org_id, review_id, author_id),
    constraint review_parts_review_id_fkey foreign key (org_id, review_id) references reviews (org_id, id) on delete cascade,
    constraint review_parts_review_cycle_id_fkey foreign key (org_id, review_cycle_id) references review_cycles (org_id, id),
    constraint review_parts_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint review_parts_author_id_fkey foreign key (org_id, author_id) references employees (org_id, id),
    constraint what_was_submitted_says_when check ((status = 'submitted') = (submitted_at is not null))
);
create index review_parts_by_cycle on review_parts (org_id, review_cycle_id);
create index review_parts_by_employee on review_parts (org_id, employee_id);
create index review_parts_by_author on review_parts (org_id, author_id, id);
create index review_parts_by_due_on on review_parts (org_id, due_on, id);
select manage_resource('review_parts', person => 'author_id');
create index review_parts_by_created_at on review_parts (org_id, created_at, id);
select limit_reach('review_parts');
-- Who colleagues are that write about somebody is not that one's to know, however far their permission reaches.
create policy colleagues on review_parts as restrictive to backoffice_service using
    (part <> 'peer' or employee_id is distinct from (select current_person()) or author_id = (select current_person()));

-- What was written. The service can not read it but through the function that knows who may, and when; no event tells of it.
create table review_answers (
    org_id    uuid  not null,
    part_id   uuid  not null,
    answers   jsonb not null constraint review_answers_answers_type check (jsonb_typeof(answers) = 'array'),
    rating    numeric(4,2),
    primary key (org_id, part_id),
    constraint review_answers_part_id_fkey foreign key (org_id, part_id) references review_parts (org_id, id) on delete cascade
);
select manage_record('review_answers');

-- The ratings of the managers side by side, and what was agreed on: for those who calibrate.
create table review_calibrations (
    org_id          uuid not null,
    id              uuid not null,
    review_id       uuid not null,
    review_cycle_id uuid not null,
    employee_id     uuid not null,
    proposed_rating numeric(4,2) not null,
    rating          numeric(4,2) not null constraint review_calibrations_rating_range check (rating between 1 and 10),
    reason          text constraint review_calibrations_reason_length check (length(reason) between 1 and 500),
    primary key (org_id, id),
    constraint review_calibrations_review_id_key unique (org_id, review_id),
    constraint review_calibrations_review_id_fkey foreign key (org_id, review_id) references reviews (org_id, id) on delete cascade,
    constraint review_calibrations_review_cycle_id_fkey foreign key (org_id, review_cycle_id) references review_cycles (org_id, id),
    constraint review_calibrations_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint who_changes_a_rating_says_why check (rating = proposed_rating or reason is not null)
);
create index review_calibrations_by_cycle on review_calibrations (org_id, review_cycle_id, id);
create index review_calibrations_by_employee on review_calibrations (org_id, employee_id);
select manage_resource('review_calibrations', personal => '{proposed_rating,rating,reason}');
create index review_calibrations_by_created_at on review_calibrations (org_id, created_at, id);

-- Opening a cycle asks everybody whom it is for, and their managers. Beginning to calibrate ends the writing. Sharing shows what was agreed on.
create function keep_review_cycle() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{status,version,updated_at,updated_by,parts_due_on}';
begin
    if tg_op = 'DELETE' then
        if old.status <> 'draft' then
            raise exception 'begun' using errcode = 'restrict_violation', table = 'review_cycles', constraint = 'a_cycle_that_was_opened_stays_on_record';
        end if;
        return old;
    end if;
    if old.status <> 'draft' and to_jsonb(new) - free <> to_jsonb(old) - free then
        raise exception 'begun' using errcode = 'restrict_violation', table = 'review_cycles', constraint = 'a_cycle_that_was_opened_stays_as_it_is';
    end if;
    return new;
end $$;
create trigger keep_cycle before update or delete on review_cycles for each row execute function keep_review_cycle();

create function move_review_cycle() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    moment constant timestamptz := clock_timestamp();
begin
    if new.status = 'open' then
        insert into reviews (org_id, id, review_cycle_id, employee_id, manager_id)
            select new.org_id, ordered_uuid(moment, row_number() over (order by e.id)), new.id, e.id, e.manager_id
            from employees e where e.org_id = new.org_id and e.status in ('active', 'on_leave', 'pending') and e.hired_on <= coalesce(new.hired_until_on, new.ends_on)
                and (new.department_id is null or e.department_id in (select below_id from department_lines where org_id = new.org_id and above_id = new.department_id));
        insert into review_parts (org_id, id, review_id, review_cycle_id, employee_id, author_id, part, due_on)
            select new.org_id, ordered_uuid(moment, row_number() over (order by r.id, asked.part desc)), r.id, new.id, r.employee_id, asked.author, asked.part, new.parts_due_on
            from reviews r cross join lateral (values ('self', r.employee_id), ('manager', r.manager_id)) asked (part, author)
            where r.org_id = new.org_id and r.review_cycle_id = new.id and asked.author is not null
                and exists (select from jsonb_to_recordset(new.questions) q (part text) where q.part = asked.part);
    elsif new.status = 'calibration' then
        update review_parts set status = 'missed' where org_id = new.org_id and review_cycle_id = new.id and status = 'open';
    elsif new.status = 'shared' then
        update reviews r set status = 'shared', rating = (select c.rating from review_calibrations c where c.org_id = r.org_id and c.review_id = r.id)
            where r.org_id = new.org_id and r.review_cycle_id = new.id and r.status = 'open';
    end if;
    return null;
end $$;
create trigger move_cycle after update of status on review_cycles for each row when (old.status <> new.status) execute function move_review_cycle();

-- Asks colleagues for their part.
create function invite_review_peers(in_review uuid, in_people uuid[]) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    review reviews;
    cycle review_cycles;
    faults jsonb;
begin
    select * into review from reviews where org_id = org and id = in_review;
    select * into cycle from review_cycles where org_id = org and id = review.review_cycle_id for share;
    if cycle.status <> 'open' then
        raise exception 'over' using errcode = 'restrict_violation', table = 'review_cycles', constraint = 'colleagues_are_asked_while_the_cycle_is_open';
    elsif not exists (select from jsonb_to_recordset(cycle.questions) q (part text) where q.part = 'peer') then
        raise exception 'no questions' using errcode = 'restrict_violation', table = 'review_cycles', constraint = 'the_cycle_has_no_questions_for_colleagues';
    end if;
    select jsonb_agg(jsonb_build_object('pointer', format('/employee_ids/%s', place - 1), 'code', fault.code, 'detail', fault.detail) order by place) into faults
        from unnest(in_people) with ordinality given (id, place)
        left join employees e on e.org_id = org and e.id = given.id
        cross join lateral (values
            (e.id is null, 'unknown-reference', 'there is no such row in this organization'),
            (e.status = 'terminated', 'not-employed', 'is somebody who has left'),
            (given.id = review.employee_id, 'own-review', 'is whom the review is about, who writes their own part'),
            (exists (select from review_parts p where p.org_id = org and p.review_id = in_review and p.author_id = given.id and p.author_id <> review.employee_id), 'already-asked', 'was asked already'),
            ((select count(*) from unnest(in_people) x where x = given.id) > 1, 'repeated', 'must be named once')) fault (is_so, code, detail)
        where fault.is_so;
    if faults is not null then
        raise exception 'peers' using errcode = 'check_violation', table = 'review_parts', constraint = 'review_parts_author_id_check', detail = jsonb_build_object('errors', faults);
    end if;
    insert into review_parts (org_id, id, review_id, review_cycle_id, employee_id, author_id, part, due_on)
        select org, ordered_uuid(clock_timestamp(), place), in_review, cycle.id, review.employee_id, each, 'peer', cycle.parts_due_on
        from unnest(in_people) with ordinality given (each, place);
    update reviews set peers_asked = peers_asked + cardinality(in_people) where org_id = org and id = in_review;
end $$;

-- Keeps what was written, or hands it in: [{question, text, rating}]. Only its author writes a part, or who may for everybody.
create function write_review_part(in_part uuid, in_answers jsonb, is_final boolean) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    part review_parts;
    cycle review_cycles;
    faults jsonb;
    score numeric;
begin
    select * into part from review_parts where org_id = org and id = in_part for no key update;
    select * into cycle from review_cycles where org_id = org and id = part.review_cycle_id for share;
    if current_reach() <> 'org' and part.author_id is distinct from current_person() then
        raise exception 'forbidden: A part of a review is written by the one who was asked.' using errcode = 'insufficient_privilege';
    elsif cycle.status <> 'open' then
        raise exception 'over' using errcode = 'restrict_violation', table = 'review_parts', constraint = 'parts_are_written_while_the_cycle_is_open';
    end if;
    with questions as (
        select * from jsonb_to_recordset(cycle.questions) q (key text, part text, kind text, weight numeric, is_required boolean) where q.part = part.part
    ), given as (
        select a.*, place from jsonb_array_elements(in_answers) with ordinality x (each, place), jsonb_to_record(each) a (question text, text text, rating int)
    )
    select jsonb_agg(jsonb_build_object('pointer', pointer, 'code', code, 'detail', detail) order by pointer) into faults from (
        select format('/answers/%s/%s', g.place - 1, fault.field) as pointer, fault.code, fault.detail
        from given g left join questions q on q.key = g.question
        cross join lateral (values
            (q.key is null, 'question', 'unknown-question', format('must be one of this part''s questions: %s', (select string_agg(key, ', ') from questions))),
            ((select count(*) from given x where x.question = g.question) > 1, 'question', 'repeated', 'must be answered once'),
            (q.kind = 'text' and g.rating is not null, 'rating', 'breaks-a-rule', 'must be left out: the question asks for words'),
            (q.kind = 'text' and g.text is null, 'text', 'required', 'must be given: the question asks for words'),
            (q.kind = 'rating' and g.rating is null, 'rating', 'required', format('must be given, from 1 to %s', cycle.rating_scale)),
            (q.kind = 'rating' and g.rating > cycle.rating_scale, 'rating', 'too-large', format('must be at most %s', cycle.rating_scale))
        ) fault (is_so, field, code, detail) where fault.is_so
        union all
        select '/answers', 'missing', format('must answer `%s`', q.key) from questions q
        where is_final and q.is_required and not exists (select from given g where g.question = q.key)
    ) found;
    if faults is not null then
        raise exception 'answers' using errcode = 'check_violation', table = 'review_parts', constraint = 'review_parts_status_check', detail = jsonb_build_object('errors', faults);
    end if;
    select round(sum(q.weight * a.rating) / nullif(sum(q.weight), 0), 2) into score
        from jsonb_to_recordset(cycle.questions) q (key text, part text, weight numeric)
        join jsonb_to_recordset(in_answers) a (question text, rating int) on a.question = q.key and a.rating is not null
        where q.part = part.part;
    insert into review_answers (org_id, part_id, answers, rating) values (org, in_part, in_answers, score)
        on conflict (org_id, part_id) do update set answers = excluded.answers, rating = excluded.rating;
    update review_parts set saved_at = now() where org_id = org and id = in_part and not is_final;
    if is_final then
        update review_parts set status = 'submitted', submitted_at = now() where org_id = org and id = in_part;
        if part.part = 'manager' and score is not null then
            insert into review_calibrations (org_id, id, review_id, review_cycle_id, employee_id, proposed_rating, rating)
                values (org, ordered_uuid(clock_timestamp(), 0), part.review_id, part.review_cycle_id, part.employee_id, score, score)
                on conflict (org_id, review_id) do update set proposed_rating = excluded.proposed_rating, rating = excluded.rating, reason = null;
        end if;
    end if;
end $$;

-- What the caller may read of a review now, or of one part of it; null where they may not know of it.
--   Who wrote a part reads it. Whom the review is about reads their own part and, once it is shared, the manager's and, where the cycle says so,
--   those of colleagues. Who is above, and who may read all reviews, reads what colleagues and the one it is about have handed in; the
--   manager's part nobody but its author before it is shared. Anonymous parts name no author, come in no order, and only once there are enough.
create function read_review(in_review uuid, in_part uuid) returns jsonb language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    me constant uuid := current_person();
    reach constant text := current_reach();
    review reviews;
    cycle review_cycles;
    is_subject boolean;
    is_above boolean;
    peers int;
    parts jsonb;
begin
    if in_part is not null then
        select r.* into review from review_parts p join reviews r on r.org_id = org and r.id = p.review_id
            where p.org_id = org and p.id = in_part and (reach = 'org' or p.author_id = me
                or reach = 'team' and exists (select from reporting_lines where org_id = org and above_id = me and below_id = p.author_id));
    else
        select * into review from reviews r where r.org_id = org and r.id = in_review and (reach = 'org' or r.employee_id = me
            or reach = 'team' and exists (select from reporting_lines where org_id = org and above_id = me and below_id = r.employee_id));
    end if;
    if review.id is null then return null; end if;
    select * into cycle from review_cycles where org_id = org and id = review.review_cycle_id;
    is_subject := coalesce(review.employee_id = me, false);
    is_above := not is_subject and (reach = 'org' or exists (select from reporting_lines where org_id = org and above_id = me and below_id = review.employee_id));
    select count(*) into peers from review_parts where org_id = org and review_id = review.id and part = 'peer' and status = 'submitted';
    select coalesce(jsonb_agg(jsonb_build_object('part', p.part, 'status', p.status,
            'author_id', case when not hidden then p.author_id end, 'rating', a.rating::text, 'answers', coalesce(a.answers, '[]'))
            order by array_position('{self,manager,peer}'::text[], p.part), md5(a.answers::text)), '[]') into parts
        from review_parts p left join review_answers a on a.org_id = org and a.part_id = p.id
        cross join lateral (select p.part = 'peer' and cycle.peers_are_anonymous and p.author_id is distinct from me) anonymous (hidden)
        where p.org_id = org and p.review_id = review.id and (in_part is null or p.id = in_part) and (
            p.author_id is not distinct from me
            or p.status = 'submitted' and case p.part
                when 'self' then is_subject or is_above
                when 'manager' then review.status <> 'open' and (is_subject or is_above)
                else (not anonymous.hidden or peers >= cycle.least_peers) and (is_above or is_subject and cycle.shows_peer_parts and review.status <> 'open') end);
    return jsonb_build_object('review_id', review.id, 'employee_id', review.employee_id, 'review_cycle_id', review.review_cycle_id, 'status', review.status, 'parts', parts);
end $$;
