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
    -- [{starts_on, basis, pay_basis, employee, employer, employee_per_dependant, employer_per_dependant}], each until the next begins.
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
    employee_id      uuid not null,
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
    employee_id           uuid not null,
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
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object('pointer', '/' || fault.field, 'code', fault.code, 'detail', fault.detail)), '[]') from (select) one
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
        where fault.is_so)
        || (select coalesce(jsonb_agg(jsonb_build_object('pointer', format('/dependant_ids/%s', place - 1), 'code', 'unknown-reference',
                'detail', 'is no dependant of this employee')), '[]')
            from jsonb_array_elements_text(e.dependant_ids) with ordinality given (id, place)
            where not exists (select from dependants d where d.org_id = e.org_id and d.id = given.id::uuid and d.employee_id = e.employee_id));
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
    language plpgsql stable as $$
#variable_conflict use_column
declare
    org constant uuid := current_org();
    first_month constant date := date_trunc('month', from_day)::date;
    last_month_ends constant date := (date_trunc('month', to_day) + interval '1 month')::date - 1;
begin
    return query
    with rates as materialized (
        select p.id as plan_id, p.currency, p.is_prorated, r.basis, r.pay_basis, r.starts_on,
            least(coalesce(p.ends_on, 'infinity'), coalesce(lead(r.starts_on) over (partition by p.id order by r.starts_on) - 1, 'infinity')) as ends_on,
            r.employee, r.employer, coalesce(r.employee_per_dependant, 0) as employee_each, coalesce(r.employer_per_dependant, 0) as employer_each
        from benefit_plans p, jsonb_to_recordset(p.contributions) r (starts_on date, basis text, pay_basis text, employee numeric, employer numeric,
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
