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
    -- [{"component": "GROSS", "sign": "plus"}, …]
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
