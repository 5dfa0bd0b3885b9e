-- Pay: who earns what and how a payslip is figured; runs, payslips, what goes into the books.

create table pay_groups (
    org_id     uuid    not null,
    id         uuid    not null,
    code       text    not null constraint pay_groups_code_format check (code ~ '^[A-Z0-9][A-Z0-9_-]{0,19}$'),
    name       text    not null constraint pay_groups_name_length check (length(name) between 1 and 100),
    currency   text    not null constraint pay_groups_currency_format check (currency ~ '^[A-Z]{3}$'),
    pay_period text    not null default 'monthly' constraint pay_groups_pay_period_check check (pay_period in ('monthly')),
    pay_day    integer not null constraint pay_groups_pay_day_range check (pay_day between 1 and 31),
    paid_in    text    not null default 'next_month' constraint pay_groups_paid_in_check check (paid_in in ('same_month', 'next_month')),
    status     text    not null default 'active' constraint pay_groups_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint pay_groups_code_key unique (org_id, code)
);
create index pay_groups_by_name on pay_groups (org_id, name, id);
select manage_resource('pay_groups');
create index pay_groups_by_created_at on pay_groups (org_id, created_at, id);

-- Wages are owed in the currency of the books.
create function keep_pay_group() returns trigger language plpgsql as $$
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if new.currency is null then new.currency := books_currency(); end if;
    if new.currency <> books_currency() then
        raise exception 'currency' using errcode = 'check_violation', table = 'pay_groups', constraint = 'pay_groups_currency_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/currency', 'code', 'other-currency',
                'detail', format('must be the currency of the books, %s: wages are owed in it', books_currency()))));
    end if;
    return new;
end $$;
create trigger keep_pay_group before insert or update of currency on pay_groups for each row execute function keep_pay_group();

-- What somebody earns from a day on, until the next begins.
create table compensations (
    org_id       uuid          not null,
    id           uuid          not null,
    employee_id  uuid          not null,
    effective_on date          not null,
    basis        text          not null constraint compensations_basis_check check (basis in ('monthly', 'yearly', 'hourly')),
    amount       numeric(20,4) not null constraint compensations_amount_range check (amount >= 0),
    currency     text          not null constraint compensations_currency_format check (currency ~ '^[A-Z]{3}$'),
    pay_group_id uuid          not null,
    -- [{"component": "PHONE", "amount": "100.00"}, …]
    extras       jsonb         not null default '[]' constraint compensations_extras_type check (jsonb_typeof(extras) = 'array'),
    reason       text          constraint compensations_reason_length check (length(reason) between 1 and 500),
    primary key (org_id, id),
    constraint compensations_effective_on_key unique (org_id, employee_id, effective_on),
    constraint compensations_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint compensations_pay_group_id_fkey foreign key (org_id, pay_group_id) references pay_groups (org_id, id)
);
create index compensations_by_effective_on on compensations (org_id, effective_on, id);
create index compensations_by_group on compensations (org_id, pay_group_id, employee_id);
select manage_resource('compensations', person => 'employee_id', personal => '{amount,extras,reason}');
create index compensations_by_created_at on compensations (org_id, created_at, id);
select limit_reach('compensations');

-- It is in the currency of its group, which is taken where none is named.
create function keep_compensation() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    paid_in text := (select currency from pay_groups where org_id = new.org_id and id = new.pay_group_id);
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if new.currency is null then new.currency := coalesce(paid_in, books_currency()); end if;
    if new.currency <> paid_in then
        raise exception 'currency' using errcode = 'check_violation', table = 'compensations', constraint = 'compensations_currency_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/currency', 'code', 'other-currency',
                'detail', format('must be the currency of the pay group, %s', paid_in))));
    end if;
    return new;
end $$;
create trigger keep_compensation before insert or update of currency, pay_group_id on compensations for each row execute function keep_compensation();

-- What a payslip of a group is made of: each is a line, worked out from others.
create table pay_components (
    org_id             uuid          not null,
    id                 uuid          not null,
    pay_group_id       uuid          not null,
    code               text          not null constraint pay_components_code_format check (code ~ '^[A-Z][A-Z0-9_]{0,29}$'),
    name               text          not null constraint pay_components_name_length check (length(name) between 1 and 100),
    kind               text          not null constraint pay_components_kind_check check (kind in ('earning', 'deduction', 'employer_cost', 'figure')),
    method             text          not null constraint pay_components_method_check
        check (method in ('fixed', 'percent', 'quantity', 'progressive_brackets', 'flat_brackets')),
    source             text          not null default 'given' constraint pay_components_source_check check (source in ('given', 'salary', 'agreed_salary',
        'dependants', 'benefits_of_employee', 'benefits_of_employer', 'worked_hours', 'overtime_hours', 'worked_days', 'paid_leave_days',
        'unpaid_leave_days', 'leave_days_left')),
    amount             numeric(20,4),
    rate               numeric(20,6) constraint pay_components_rate_range check (rate between 0 and 100000),
    -- [{"component": "GROSS", "is_subtracted": false}, …]
    base               jsonb         not null default '[]' constraint pay_components_base_type check (jsonb_typeof(base) = 'array'),
    allowance          numeric(20,4) constraint pay_components_allowance_range check (allowance >= 0),
    floor              numeric(20,4) constraint pay_components_floor_range check (floor >= 0),
    cap                numeric(20,4) constraint pay_components_cap_range check (cap >= 0),
    -- [{"from": "0.00", "to": "4050.00", "rate": "20", "amount": "0.00"}, …]
    brackets           jsonb         not null default '[]' constraint pay_components_brackets_type check (jsonb_typeof(brackets) = 'array'),
    -- [{"component": "GROSS", "from": "0.00", "to": "4300.00"}, …]: all have to hold.
    conditions         jsonb         not null default '[]' constraint pay_components_conditions_type check (jsonb_typeof(conditions) = 'array'),
    is_prorated        boolean       not null default false,
    rounding           text          not null default 'half_up' constraint pay_components_rounding_check check (rounding in ('half_up', 'up', 'down')),
    rounding_to        numeric(20,4) not null default 0.01 constraint pay_components_rounding_to_range check (rounding_to between 0.0001 and 1000),
    account_id         uuid,
    counter_account_id uuid,
    cost_centre_id     uuid,
    statutory          text          constraint pay_components_statutory_length check (length(statutory) between 1 and 60),
    position           integer       not null default 100 constraint pay_components_position_range check (position between 0 and 10000),
    starts_on          date          not null,
    ends_on            date,
    primary key (org_id, id),
    constraint pay_components_pay_group_id_fkey foreign key (org_id, pay_group_id) references pay_groups (org_id, id),
    constraint pay_components_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint pay_components_counter_account_id_fkey foreign key (org_id, counter_account_id) references accounts (org_id, id),
    constraint pay_components_cost_centre_id_fkey foreign key (org_id, cost_centre_id) references cost_centres (org_id, id),
    constraint last_day_of_a_component_not_before_its_first check (ends_on >= starts_on),
    constraint floor_of_a_component_not_above_its_cap check (floor <= cap),
    constraint a_code_means_one_component_on_a_day exclude using gist
        (org_id with =, pay_group_id with =, code with =, daterange(starts_on, ends_on, '[]') with &&)
);
create index pay_components_by_group on pay_components (org_id, pay_group_id, code, starts_on);
create index pay_components_by_code on pay_components (org_id, code, id);
create index pay_components_by_name on pay_components (org_id, name, id);
create index pay_components_by_position on pay_components (org_id, position, id);
create index pay_components_by_account on pay_components (org_id, account_id);
create index pay_components_by_counter_account on pay_components (org_id, counter_account_id);
create index pay_components_by_cost_centre on pay_components (org_id, cost_centre_id);
select manage_resource('pay_components');
create index pay_components_by_created_at on pay_components (org_id, created_at, id);

-- What a component refers to is there, and none is worked out from itself, however long the way. Writers in one group take turns at
-- the group. Versions of a code count as one: what one of them refers to, all do.
create function keep_pay_component() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    faults jsonb;
    way text;
begin
    perform from pay_groups where org_id = new.org_id and id = new.pay_group_id for no key update;
    with named (pointer, code) as (
        select format('/base/%s/component', place - 1), each ->> 'component' from jsonb_array_elements(new.base) with ordinality b (each, place)
        union all
        select format('/conditions/%s/component', place - 1), each ->> 'component' from jsonb_array_elements(new.conditions) with ordinality c (each, place)
    )
    select jsonb_agg(jsonb_build_object('pointer', named.pointer, 'code', 'unknown-reference',
            'detail', format('there is no component %s in this pay group', named.code)) order by named.pointer) into faults
        from named where not exists (select from pay_components c where c.org_id = new.org_id and c.pay_group_id = new.pay_group_id and c.code = named.code);
    if faults is null then
        with recursive ways (code, way) as (
            select new.code, new.code
            union
            select edge.code, ways.way || ' ← ' || edge.code from ways
            join pay_components c on c.org_id = new.org_id and c.pay_group_id = new.pay_group_id and c.code = ways.code
            cross join lateral (select e ->> 'component' as code from jsonb_array_elements(c.base || c.conditions) e) edge
            where (ways.code <> new.code or ways.way = new.code) and length(ways.way) < 2000
                and position(' ← ' || edge.code || ' ← ' in ways.way || ' ← ') = 0
        )
        select ways.way into way from ways where ways.code = new.code and ways.way <> new.code order by length(ways.way) limit 1;
        if way is not null then
            faults := jsonb_build_array(jsonb_build_object('pointer', '/base', 'code', 'closes-a-ring',
                'detail', format('would be worked out from itself: %s', way)));
        end if;
    end if;
    if faults is not null then
        raise exception 'component' using errcode = 'check_violation', table = 'pay_components', constraint = 'pay_components_base_check',
            detail = jsonb_build_object('errors', faults);
    end if;
    return null;
end $$;
create trigger keep_component after insert or update of code, pay_group_id, base, conditions on pay_components
    for each row execute function keep_pay_component();

create function keep_named_component() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform from pay_groups where org_id = old.org_id and id = old.pay_group_id for no key update;
    if not exists (select from pay_components c where c.org_id = old.org_id and c.pay_group_id = old.pay_group_id and c.code = old.code)
        and exists (select from pay_components c cross join lateral jsonb_array_elements(c.base || c.conditions) e
            where c.org_id = old.org_id and c.pay_group_id = old.pay_group_id and e ->> 'component' = old.code) then
        raise exception 'named' using errcode = 'restrict_violation', table = 'pay_components', constraint = 'other_components_are_worked_out_from_it';
    end if;
    return null;
end $$;
create trigger keep_named after delete or update of code, pay_group_id on pay_components for each row execute function keep_named_component();

-- A month's pay of a group.
create table payroll_runs (
    org_id            uuid          not null,
    id                uuid          not null,
    -- Taken when it is posted.
    number            text          constraint payroll_runs_number_length check (length(number) between 1 and 40),
    pay_group_id      uuid          not null,
    period            text          not null constraint payroll_runs_period_format check (period ~ '^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$'),
    starts_on         date          not null,
    ends_on           date          not null,
    pay_on            date          not null,
    currency          text          not null constraint payroll_runs_currency_format check (currency ~ '^[A-Z]{3}$'),
    employees         integer       not null default 0,
    gross_amount      numeric(20,4) not null default 0,
    deduction_amount  numeric(20,4) not null default 0,
    claim_amount      numeric(20,4) not null default 0,
    net_amount        numeric(20,4) not null default 0,
    employer_amount   numeric(20,4) not null default 0,
    open_amount       numeric(20,4) not null default 0,
    -- [{"employee_id", "code", "detail", "blocks"}, …]: the first of them.
    problems          jsonb         not null default '[]' constraint payroll_runs_problems_type check (jsonb_typeof(problems) = 'array'),
    blocking_problems integer       not null default 0,
    calculated_at     timestamptz,
    calculated_by     uuid,
    posted_on         date,
    journal_entry_id  uuid,
    reversed_on       date,
    reversal_reason   text          constraint payroll_runs_reversal_reason_length check (length(reversal_reason) between 1 and 500),
    reversal_entry_id uuid,
    status            text          not null default 'draft' constraint payroll_runs_status_check
        check (status in ('draft', 'calculated', 'approved', 'posted', 'paid', 'reversed')),
    primary key (org_id, id),
    constraint payroll_runs_pay_group_id_fkey foreign key (org_id, pay_group_id) references pay_groups (org_id, id),
    constraint payroll_runs_journal_entry_id_fkey foreign key (org_id, journal_entry_id) references journal_entries (org_id, id),
    constraint payroll_runs_reversal_entry_id_fkey foreign key (org_id, reversal_entry_id) references journal_entries (org_id, id),
    constraint what_is_earned_less_deductions_and_with_claims_is_the_net check (net_amount = gross_amount - deduction_amount + claim_amount),
    constraint what_is_open_is_part_of_the_net check (open_amount between 0 and net_amount or open_amount = 0),
    constraint a_posted_run_has_a_number_a_day_and_an_entry check ((number is null) = (status in ('draft', 'calculated', 'approved'))
        and (number is null) = (posted_on is null)),
    constraint a_reversed_run_says_when_and_why check ((status = 'reversed') = (reversed_on is not null) and (reversed_on is null) = (reversal_reason is null))
);
create unique index payroll_runs_number_key on payroll_runs (org_id, number);
create unique index payroll_runs_period_key on payroll_runs (org_id, pay_group_id, period) where status <> 'reversed';
create index payroll_runs_by_group on payroll_runs (org_id, pay_group_id, starts_on);
create index payroll_runs_by_period on payroll_runs (org_id, period, id);
create index payroll_runs_by_status on payroll_runs (org_id, status, id);
create index payroll_runs_by_entry on payroll_runs (org_id, journal_entry_id);
create index payroll_runs_by_reversal on payroll_runs (org_id, reversal_entry_id);
select manage_resource('payroll_runs');
create index payroll_runs_by_created_at on payroll_runs (org_id, created_at, id);
select approvable('payroll_runs', '{approve}');
insert into number_kinds (kind, longest, format, reset) values ('payroll-runs', 40, 'PRL-{year}-{number:6}', 'yearly');

-- What somebody gets in a run. It follows from the run, which has the events.
create table payslips (
    org_id           uuid          not null,
    id               uuid          not null,
    version          bigint        not null default 1,
    payroll_run_id   uuid          not null,
    employee_id      uuid          not null,
    pay_group_id     uuid          not null,
    period           text          not null constraint payslips_period_format check (period ~ '^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$'),
    pay_on           date          not null,
    currency         text          not null constraint payslips_currency_format check (currency ~ '^[A-Z]{3}$'),
    department_id    uuid,
    -- [{"fact": "agreed_salary", "value": "6500.00"}, …]: what it was figured from.
    basis            jsonb         not null constraint payslips_basis_type check (jsonb_typeof(basis) = 'array'),
    lines            jsonb         not null constraint payslips_lines_type check (jsonb_typeof(lines) = 'array'),
    year_to_date     jsonb         not null constraint payslips_year_to_date_type check (jsonb_typeof(year_to_date) = 'array'),
    claims           jsonb         not null default '[]' constraint payslips_claims_type check (jsonb_typeof(claims) = 'array'),
    gross_amount     numeric(20,4) not null,
    deduction_amount numeric(20,4) not null,
    claim_amount     numeric(20,4) not null,
    net_amount       numeric(20,4) not null,
    employer_amount  numeric(20,4) not null,
    status           text          not null default 'draft' constraint payslips_status_check check (status in ('draft', 'posted', 'reversed')),
    created_at       timestamptz   not null default now(),
    updated_at       timestamptz   not null default now(),
    primary key (org_id, id),
    constraint payslips_employee_id_key unique (org_id, payroll_run_id, employee_id),
    constraint payslips_payroll_run_id_fkey foreign key (org_id, payroll_run_id) references payroll_runs (org_id, id) on delete cascade,
    constraint payslips_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint payslips_pay_group_id_fkey foreign key (org_id, pay_group_id) references pay_groups (org_id, id),
    constraint payslips_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint earned_less_deductions_and_with_claims_is_the_net check (net_amount = gross_amount - deduction_amount + claim_amount)
);
create index payslips_by_employee on payslips (org_id, employee_id, period);
create index payslips_by_group on payslips (org_id, pay_group_id);
create index payslips_by_department on payslips (org_id, department_id);
create index payslips_by_period on payslips (org_id, period, id);
create index payslips_by_pay_on on payslips (org_id, pay_on, id);
create index payslips_by_created_at on payslips (org_id, created_at, id);
select manage_record('payslips');
update managed_tables set person_column = 'employee_id' where name = 'payslips';
select limit_reach('payslips');
-- Whoever sees no more than their own sees what is in the books.
create policy final_ones on payslips as restrictive for select to backoffice_service using ((select current_reach()) = 'org' or status <> 'draft');
grant select, insert, update, delete on payslips to backoffice_service;
create trigger frozen before update or delete on payslips for each row when (old.status = 'reversed') execute function refuse_change();

create function keep_posted_payslip() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (new.status = 'draft' or to_jsonb(new) - '{status,version,updated_at}'::text[] <> to_jsonb(old) - '{status,version,updated_at}'::text[]) then
        raise exception 'final' using errcode = 'restrict_violation', table = 'payslips', constraint = 'what_is_posted_is_final_so_reverse_the_run_instead';
    end if;
    return new;
end $$;
create trigger keep_posted before update or delete on payslips for each row when (old.status = 'posted') execute function keep_posted_payslip();

-- Something once, for one person: a bonus, hours, what is withheld.
create table payroll_inputs (
    org_id       uuid not null,
    id           uuid not null,
    employee_id  uuid not null,
    period       text not null constraint payroll_inputs_period_format check (period ~ '^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$'),
    component    text not null constraint payroll_inputs_component_format check (component ~ '^[A-Z][A-Z0-9_]{0,29}$'),
    amount       numeric(20,4),
    quantity     numeric(20,6),
    description  text constraint payroll_inputs_description_length check (length(description) between 1 and 200),
    primary key (org_id, id),
    constraint payroll_inputs_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint an_input_is_an_amount_or_a_quantity check ((amount is null) <> (quantity is null))
);
create index payroll_inputs_by_employee on payroll_inputs (org_id, employee_id, period);
create index payroll_inputs_by_period on payroll_inputs (org_id, period, id);
create index payroll_inputs_by_component on payroll_inputs (org_id, component, id);
select manage_resource('payroll_inputs', person => 'employee_id', personal => '{amount,quantity,description}');
create index payroll_inputs_by_created_at on payroll_inputs (org_id, created_at, id);

-- The group that somebody is paid in for a month, by their compensation on the last day of it; by the first one, where none had begun.
create function pay_group_of(in_employee uuid, in_last date) returns uuid language sql stable as $$
    select c.pay_group_id from compensations c where c.org_id = (select current_org()) and c.employee_id = in_employee
    order by c.effective_on <= in_last desc, case when c.effective_on <= in_last then c.effective_on end desc, c.effective_on limit 1
$$;

-- An input is for somebody who is employed in the month, for a component that can take it, and for a month that is not agreed to yet.
create function keep_payroll_input() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    input payroll_inputs := case when tg_op = 'DELETE' then old else new end;
    first_day date := (input.period || '-01')::date;
    last_day date := (input.period || '-01')::date + interval '1 month' - interval '1 day';
    group_id uuid := pay_group_of(input.employee_id, last_day);
    method text;
    faults jsonb := '[]';
    settled text;
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    perform from pay_groups where org_id = input.org_id and id = group_id for key share;
    select coalesce(r.number, r.period) into settled from payroll_runs r
        where r.org_id = input.org_id and r.status in ('approved', 'posted', 'paid') and r.pay_group_id = group_id
            and r.period in (input.period, case when tg_op = 'UPDATE' then old.period end);
    if settled is not null then
        raise exception 'settled' using errcode = 'restrict_violation', table = 'payroll_inputs', constraint = 'payroll_inputs_period_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/period', 'code', 'is-settled',
                'detail', format('the payroll of %s is agreed to: enter it for a later month', input.period))));
    end if;
    if tg_op = 'DELETE' then return old; end if;
    if exists (select from employees where org_id = new.org_id and id = new.employee_id) then
        if not exists (select from assignments a where a.org_id = new.org_id and a.employee_id = new.employee_id
                and a.starts_on <= last_day and (a.ends_on is null or a.ends_on >= first_day)) then
            faults := faults || jsonb_build_object('pointer', '/employee_id', 'code', 'not-employed', 'detail', format('is employed on no day of %s', new.period));
        elsif group_id is null then
            faults := faults || jsonb_build_object('pointer', '/employee_id', 'code', 'no-compensation',
                'detail', 'has no compensation, so no pay group: add one at /v1/compensations first');
        else
            select c.method into method from pay_components c where c.org_id = new.org_id and c.pay_group_id = group_id and c.code = new.component
                and c.source = 'given' and c.method in ('fixed', 'quantity') and c.kind <> 'figure' and c.starts_on <= last_day and (c.ends_on is null or c.ends_on >= first_day);
            if method is null then
                faults := faults || jsonb_build_object('pointer', '/component', 'code', 'unknown-reference',
                    'detail', format('is no component that takes inputs in the pay group of the employee in %s', new.period));
            elsif method = 'fixed' and new.amount is null then
                faults := faults || jsonb_build_object('pointer', '/component', 'code', 'needs-amount', 'detail', 'is an amount: give `amount`');
            elsif method = 'quantity' and new.quantity is null then
                faults := faults || jsonb_build_object('pointer', '/component', 'code', 'needs-quantity', 'detail', 'is counted: give `quantity`');
            end if;
        end if;
    end if;
    if faults <> '[]' then
        raise exception 'input' using errcode = 'check_violation', table = 'payroll_inputs', constraint = 'payroll_inputs_component_check',
            detail = jsonb_build_object('errors', faults);
    end if;
    return new;
end $$;
create trigger keep_input before insert or update or delete on payroll_inputs for each row execute function keep_payroll_input();

-- What has changed for whom since which day, so that months that are paid are looked at again: kept by triggers alone. A run names itself on
-- what it has seen, and takes that away when it is posted.
create table pay_changes (
    org_id         uuid not null,
    id             uuid not null default gen_random_uuid(),
    employee_id    uuid not null,
    since_on       date not null,
    payroll_run_id uuid,
    primary key (org_id, id),
    constraint pay_changes_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id) on delete cascade
);
create index pay_changes_by_employee on pay_changes (org_id, employee_id);
create index pay_changes_by_run on pay_changes (org_id, payroll_run_id);
insert into managed_tables (name, kind) values ('pay_changes', 'derived');
select separate_organizations('pay_changes');
grant select on pay_changes to backoffice_service;

create function note_pay_changes() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    day constant text := tg_argv[0];
begin
    -- Nobody was paid for what lies ahead of all payrolls, and for who is new there is nothing to be made good.
    if not exists (select from payroll_runs where org_id = current_org() and number is not null) then return null; end if;
    if tg_op <> 'INSERT' then
        execute format('insert into pay_changes (org_id, employee_id, since_on) select o.org_id, o.employee_id, min(o.%1$I) from old_rows o
            where exists (select from employees e where e.org_id = o.org_id and e.id = o.employee_id) group by 1, 2', day);
    end if;
    if tg_op <> 'DELETE' then
        execute format('insert into pay_changes (org_id, employee_id, since_on) select org_id, employee_id, min(%1$I) from new_rows group by 1, 2', day);
    end if;
    return null;
end $$;
do $$
declare
    each record;
begin
    for each in select * from (values ('compensations', 'effective_on'), ('assignments', 'starts_on'), ('absence_days', 'day')) t (name, day) loop
        execute format('create trigger note_pay_new after insert on %1$I referencing new table as new_rows for each statement execute function note_pay_changes(%2$L)', each.name, each.day);
        execute format('create trigger note_pay_changed after update on %1$I referencing old table as old_rows new table as new_rows for each statement execute function note_pay_changes(%2$L)', each.name, each.day);
        execute format('create trigger note_pay_gone after delete on %1$I referencing old table as old_rows for each statement execute function note_pay_changes(%2$L)', each.name, each.day);
    end loop;
end $$;

-- Names the run on what has changed for the people of its group, and answers who they are and since when; what it named before is looked at anew.
create function take_pay_changes(in_run uuid) returns table (employee_id uuid, since_on date) language sql volatile security definer set search_path = public, pg_temp as $$
    with run as (select * from payroll_runs where org_id = current_org() and id = in_run),
    taken as (
        update pay_changes c set payroll_run_id = in_run from run
            where c.org_id = run.org_id and c.since_on < run.starts_on
                and (pay_group_of(c.employee_id, run.ends_on) = run.pay_group_id
                    or exists (select from payslips p where p.org_id = c.org_id and p.employee_id = c.employee_id and p.pay_group_id = run.pay_group_id))
            returning c.employee_id, c.since_on
    )
    select t.employee_id, min(t.since_on) from taken t group by 1
$$;

-- What a run knew is made good: it is forgotten when it is posted, and all of it is to be looked at again when that is taken back.
create function follow_payroll_run() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status in ('posted', 'paid') and old.status = 'approved' then
        delete from pay_changes where org_id = new.org_id and payroll_run_id = new.id;
    elsif new.status = 'reversed' and old.status <> 'reversed' then
        insert into pay_changes (org_id, employee_id, since_on)
            select p.org_id, p.employee_id, (coalesce((select min(l ->> 'period') from jsonb_array_elements(p.lines) l), p.period) || '-01')::date
            from payslips p where p.org_id = new.org_id and p.payroll_run_id = new.id;
    end if;
    return null;
end $$;
create trigger follow_run after update of status on payroll_runs for each row execute function follow_payroll_run();

-- The hours that people would work on each day of these by their pattern, employed or not: what a whole month of theirs has.
create function days_of_pattern(from_day date, to_day date, people uuid[]) returns table (employee_id uuid, days numeric)
    language sql stable security definer set search_path = public, pg_temp as $$
    with defaults as materialized (
        select (select id from work_calendars where org_id = current_org() and is_default) as calendar_id,
            (select id from working_patterns where org_id = current_org() and is_default) as pattern_id
    ), own as (
        select p.id, coalesce(s.calendar_id, d.calendar_id) as calendar_id, coalesce(s.pattern_id, d.pattern_id) as pattern_id
        from unnest(people) p (id) cross join defaults d
        left join lateral (select s.calendar_id, s.pattern_id from work_schedules s where s.org_id = current_org() and s.employee_id = p.id and s.starts_on <= to_day
            order by s.starts_on desc limit 1) s on true
    )
    select o.id, count(*)::numeric
    from own o cross join (select d::date as day, extract(isodow from d)::int as weekday from generate_series(from_day::timestamp, to_day::timestamp, '1 day') d) d
    left join working_patterns w on w.org_id = (select current_org()) and w.id = o.pattern_id
    left join working_pattern_days p on p.org_id = (select current_org()) and p.pattern_id = w.id
        and p.place = ((d.day - w.cycle_starts_on) % (jsonb_array_length(w.weeks) * 7) + jsonb_array_length(w.weeks) * 7) % (jsonb_array_length(w.weeks) * 7)
    where coalesce(p.hours, case when o.pattern_id is null and d.weekday <= 5 then 8 else 0 end) > 0
        and not exists (select from public_holidays h where h.org_id = (select current_org()) and h.calendar_id = o.calendar_id and h.holiday_on = d.day)
    group by 1
$$;

-- What pay has to know of people beside their work: for how many they care, and whether it is known where to pay.
create function pay_details_of(people uuid[]) returns table (employee_id uuid, dependants integer, iban text) language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    return query select p.id, p.tax_dependants, p.iban from personal_data p where p.org_id = current_org() and p.id = any(people);
end $$;

-- What the payslips of a group are figured from, a row for each of its people in a month: all of them, or these.
-- Planned for the people that it is asked of: what fits one of them, as a session may have kept it, takes minutes for thousands.
create function payroll_facts(in_group uuid, first_day date, last_day date, in_people uuid[]) returns table (employee_id uuid, facts jsonb)
    language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    org constant uuid := current_org();
    people uuid[];
    partly uuid[];
begin
    select array_agg(distinct a.employee_id) into people from assignments a
        where a.org_id = org and a.starts_on <= last_day and (a.ends_on is null or a.ends_on >= first_day) and (in_people is null or a.employee_id = any(in_people));
    select array_agg(p.id) into people
        from (select c.employee_id as id from compensations c where c.org_id = org and c.employee_id = any(people) and c.pay_group_id = in_group group by 1) p
        where pay_group_of(p.id, least(last_day, (select max(coalesce(a.ends_on, 'infinity')) from assignments a
            where a.org_id = org and a.employee_id = p.id and a.starts_on <= last_day))) = in_group;
    if people is null then return; end if;
    select array_agg(p.id) into partly from unnest(people) p (id) where not exists (select from assignments a where a.org_id = org and a.employee_id = p.id
        group by a.employee_id having sum(least(coalesce(a.ends_on, last_day), last_day) - greatest(a.starts_on, first_day) + 1)
            filter (where a.starts_on <= last_day and (a.ends_on is null or a.ends_on >= first_day)) = last_day - first_day + 1);
    return query
    with agreed as materialized (
        select c.employee_id, c.id, c.basis, c.amount, c.extras, c.effective_on,
            coalesce(lead(c.effective_on) over (partition by c.employee_id order by c.effective_on) - 1, 'infinity') as until_on
        from compensations c where c.org_id = org and c.employee_id = any(people)
    ), held as materialized (
        select a.employee_id, greatest(a.starts_on, first_day) as starts_on, least(coalesce(a.ends_on, 'infinity'), last_day) as ends_on, a.department_id
        from assignments a where a.org_id = org and a.employee_id = any(people) and a.starts_on <= last_day and (a.ends_on is null or a.ends_on >= first_day)
    ), away as materialized (
        select d.employee_id, d.day, sum(d.share) as share, sum(d.share * d.paid_share) as paid
        from absence_days d where d.org_id = org and d.employee_id = any(people) and d.day between first_day and last_day group by 1, 2
    ), days as materialized (
        select d.employee_id, d.day, d.hours, coalesce(a.share, 0) as share, coalesce(a.paid, 0) as paid
        from planned_days(first_day, last_day, people) d left join away a on a.employee_id = d.employee_id and a.day = d.day where d.hours > 0
    ), pieces as (
        select d.employee_id, c.id, c.basis, c.amount, min(d.day) as starts_on, count(*) as days, sum(d.hours) as hours,
            sum(d.share - d.paid) as unpaid_days, sum(d.hours * (d.share - d.paid)) as unpaid_hours, sum(d.paid) as paid_leave_days
        from days d left join agreed c on c.employee_id = d.employee_id and d.day between c.effective_on and c.until_on
        group by 1, 2, 3, 4
    ), summed as (
        select p.employee_id, sum(p.days) as days, jsonb_agg(jsonb_build_object('compensation_id', p.id, 'starts_on', p.starts_on, 'basis', p.basis, 'amount', p.amount::text,
            'days', p.days::text, 'hours', p.hours::text, 'unpaid_days', p.unpaid_days::text, 'unpaid_hours', p.unpaid_hours::text,
            'paid_leave_days', p.paid_leave_days::text) order by p.starts_on) as pieces
        from pieces p group by 1
    ), worked as (select * from worked_hours(first_day, last_day, people)),
    last_held as (select distinct on (h.employee_id) h.* from held h order by h.employee_id, h.ends_on desc),
    leaving as (
        select array_agg(l.employee_id) as people, l.ends_on from last_held l
        where not exists (select from assignments a where a.org_id = org and a.employee_id = l.employee_id and a.starts_on = l.ends_on + 1)
            and (l.ends_on < last_day or exists (select from assignments a where a.org_id = org and a.employee_id = l.employee_id and a.ends_on = l.ends_on))
        group by l.ends_on
    ), left_over as (
        select l.employee_id, sum(l.days) as days from leaving g cross join lateral leave_left(g.ends_on, g.people) l group by 1
    ), given as (
        select i.employee_id, jsonb_agg(jsonb_build_object('component', i.component, 'amount', i.amount::text, 'quantity', i.quantity::text) order by i.id) as inputs
        from payroll_inputs i where i.org_id = org and i.employee_id = any(people) and i.period = to_char(first_day, 'YYYY-MM') group by 1
    ), benefits as (
        select b.employee_id, sum(b.employee_amount) as employee, sum(b.employer_amount) as employer, sum(b.employee_rate) as employee_rate, sum(b.employer_rate) as employer_rate
        from benefit_contributions(first_day, last_day, people) b group by 1
    ), whole as (
        select p.id, coalesce(m.days, 0) as days from unnest(partly) p (id) left join days_of_pattern(first_day, last_day, partly) m on m.employee_id = p.id
    )
    select l.employee_id, jsonb_build_object(
        'department_id', l.department_id, 'last_day', l.ends_on,
        'month_days', coalesce(w.days, p.days, 0)::text,
        'pieces', coalesce(p.pieces, '[]'),
        'agreed', case when c.id is not null then jsonb_build_object('basis', c.basis, 'amount', c.amount::text, 'extras', c.extras) end,
        'worked_hours', coalesce(h.hours, 0)::text, 'overtime', coalesce(h.overtime, '[]'),
        'leave_days_left', coalesce(o.days, 0)::text, 'dependants', coalesce(x.dependants, 0), 'has_iban', x.iban is not null,
        'inputs', coalesce(g.inputs, '[]'),
        'benefits', jsonb_build_object('employee', coalesce(b.employee, 0)::text, 'employer', coalesce(b.employer, 0)::text,
            'employee_rate', coalesce(b.employee_rate, 0)::text, 'employer_rate', coalesce(b.employer_rate, 0)::text))
    from last_held l
    left join summed p on p.employee_id = l.employee_id
    left join agreed c on c.employee_id = l.employee_id and l.ends_on between c.effective_on and c.until_on
    left join whole w on w.id = l.employee_id
    left join worked h on h.employee_id = l.employee_id
    left join left_over o on o.employee_id = l.employee_id
    left join pay_details_of(people) x on x.employee_id = l.employee_id
    left join given g on g.employee_id = l.employee_id
    left join benefits b on b.employee_id = l.employee_id;
end $$;

-- What was paid to people for months before, by what is in the books: {"2026-01": {"SALARY": …}}, each with how it was.
create function paid_before(in_group uuid, in_people uuid[], in_since date, in_before date) returns table (employee_id uuid, period text, lines jsonb)
    language sql stable security definer set search_path = public, pg_temp as $$
    select s.employee_id, s.period, jsonb_agg(s.line) from (
        select p.employee_id, l.value ->> 'period' as period, jsonb_build_object('component', l.value ->> 'component', 'name', max(l.value ->> 'name'), 'kind', l.value ->> 'kind',
            'position', max((l.value ->> 'position')::int), 'amount', sum((l.value ->> 'amount')::numeric)::text, 'period', l.value ->> 'period',
            'formula', '', 'statutory', max(l.value ->> 'statutory')) as line
        from payslips p cross join lateral jsonb_array_elements(p.lines) l
        where p.org_id = current_org() and p.employee_id = any(in_people) and p.pay_group_id = in_group and p.status = 'posted'
            and p.period >= to_char(in_since, 'YYYY-MM') and p.period < to_char(in_before, 'YYYY-MM')
            and l.value ->> 'period' >= to_char(in_since, 'YYYY-MM') and l.value ->> 'kind' not in ('figure', 'claim')
        group by 1, 2, l.value ->> 'component', l.value ->> 'kind') s
    group by 1, 2
$$;

-- What people had got in the calendar year before a month.
create function year_before(in_people uuid[], in_period text) returns table (employee_id uuid, year_to_date jsonb)
    language sql stable security definer set search_path = public, pg_temp as $$
    select distinct on (p.employee_id) p.employee_id, p.year_to_date from payslips p
    where p.org_id = current_org() and p.employee_id = any(in_people) and p.status = 'posted' and p.period < in_period and p.period >= left(in_period, 4)
    order by p.employee_id, p.period desc, p.id desc
$$;

-- The parties of people, made where there are none, with where to pay: so wages are open, and paid, as everything else is. Who pays
-- the same people at once takes turns at them.
create function payroll_parties(in_people uuid[]) returns table (employee_id uuid, party_id uuid) language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
    org constant uuid := current_org();
begin
    perform from employees where org_id = org and id = any(in_people) order by id for no key update;
    insert into parties (org_id, id, name, country, employee_id, allow_duplicate)
        select org, ordered_uuid(now(), row_number() over (order by e.employee_number)), left(e.given_name || ' ' || e.family_name, 200), coalesce(o.country, 'ZZ'), e.id, true
        from employees e join organizations o on o.org_id = e.org_id and o.id = e.org_id
        where e.org_id = org and e.id = any(in_people) and not exists (select from parties p where p.org_id = org and p.employee_id = e.id);
    update parties p set bank_accounts = jsonb_build_array(jsonb_build_object('iban', x.iban))
        from pay_details_of(in_people) x
        where p.org_id = org and p.employee_id = x.employee_id and x.iban is not null and p.bank_accounts -> 0 ->> 'iban' is distinct from compact_id(x.iban);
    return query select p.employee_id, p.id from parties p where p.org_id = org and p.employee_id = any(in_people);
end $$;

-- Whoever is to be paid is a party from then on, so that posting a payroll need not make thousands.
create function make_paid_parties() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform payroll_parties(array(select distinct n.employee_id from new_rows n
        where not exists (select from parties p where p.org_id = n.org_id and p.employee_id = n.employee_id)));
    return null;
end $$;
create trigger make_paid_parties after insert on compensations referencing new table as new_rows for each statement execute function make_paid_parties();

-- Where to pay is known to payments as soon as it is to personal data.
create function follow_iban() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update parties p set bank_accounts = jsonb_build_array(jsonb_build_object('iban', new.iban))
        where p.org_id = new.org_id and p.employee_id = new.id and p.bank_accounts -> 0 ->> 'iban' is distinct from compact_id(new.iban);
    return null;
end $$;
create trigger follow_iban after insert or update on personal_data for each row when (new.iban is not null) execute function follow_iban();

-- Nobody agrees to what they made or calculated themselves; what is agreed to stays, and problems keep it from that.
create function keep_payroll_run() returns trigger language plpgsql as $$
declare
    free text[] := '{status,version,updated_at,updated_by}';
    me constant uuid := current_actor_id();
begin
    if tg_op = 'DELETE' then
        if old.status not in ('draft', 'calculated') then
            raise exception 'final' using errcode = 'restrict_violation', table = 'payroll_runs', constraint = 'what_was_agreed_to_stays_so_revise_or_reverse_it_instead';
        end if;
        return old;
    elsif old.status = 'calculated' and new.status = 'approved' then
        if me in (old.created_by, old.calculated_by) then
            raise exception 'forbidden: Whoever made or calculated a payroll can not approve it: ask somebody else to.' using errcode = 'insufficient_privilege';
        elsif old.blocking_problems > 0 then
            raise exception 'problems' using errcode = 'restrict_violation', table = 'payroll_runs', constraint = 'problems_of_the_payroll_have_to_be_solved_first';
        end if;
    end if;
    if old.status = 'approved' and new.status in ('posted', 'paid') then
        free := free || '{number,posted_on,journal_entry_id,open_amount}';
    elsif old.status in ('posted', 'paid') then
        free := free || '{open_amount,reversed_on,reversal_reason,reversal_entry_id}';
    end if;
    if old.status in ('approved', 'posted', 'paid', 'reversed') and (old.status = 'reversed' or to_jsonb(new) - free <> to_jsonb(old) - free) then
        raise exception 'final' using errcode = 'restrict_violation', table = 'payroll_runs', constraint = 'what_was_agreed_to_stays_so_revise_or_reverse_it_instead';
    end if;
    return new;
end $$;
create trigger keep_run before update or delete on payroll_runs for each row execute function keep_payroll_run();

-- What settles wages shows on their run: paid, when nothing is open any more.
create function show_paid_wages() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update payroll_runs r set open_amount = r.open_amount + s.change,
            status = case when r.status = 'reversed' then r.status when r.open_amount + s.change = 0 then 'paid' else 'posted' end
        from (select p.org_id, p.payroll_run_id, sum(w.open_amount) as change
            from (select org_id, id, open_amount from new_rows where resource = 'payslips'
                union all select org_id, id, -open_amount from old_rows where resource = 'payslips') w
            join payslips p on p.org_id = w.org_id and p.id = w.id
            group by 1, 2 having sum(w.open_amount) <> 0) s
        where r.org_id = s.org_id and r.id = s.payroll_run_id and r.status <> 'reversed';
    return null;
end $$;
create trigger show_paid_wages after update on open_items referencing old table as old_rows new table as new_rows
    for each statement execute function show_paid_wages();

-- Whoever was paid for days after it does not leave on a day before: that payroll is reversed first.
create function keep_paid_days() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    paid text;
begin
    select max(p.period) into paid from payslips p where p.org_id = new.org_id and p.employee_id = new.id and p.status = 'posted'
        and p.period > to_char(new.terminated_on, 'YYYY-MM') and p.net_amount <> 0;
    if paid is not null then
        raise exception 'paid' using errcode = 'restrict_violation', table = 'employees', constraint = 'employees_terminated_on_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/last_day', 'code', 'is-paid',
                'detail', format('they are paid for %s already: reverse that payroll first, or name a later day', paid))));
    end if;
    return null;
end $$;
create trigger keep_paid_days after update of terminated_on on employees for each row
    when (new.terminated_on is not null and new.terminated_on is distinct from old.terminated_on) execute function keep_paid_days();
