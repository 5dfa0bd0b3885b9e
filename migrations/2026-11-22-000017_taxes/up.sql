-- Taxes on what is sold and bought: codes, and their rates from day to day.

-- The rate of a code on a day; null where it has none then.
create function tax_rate_on(rates jsonb, day date) returns numeric language sql immutable parallel safe as $$
    select (each ->> 'rate')::numeric from jsonb_array_elements(rates) each
    where day between (each ->> 'from_on')::date and coalesce((each ->> 'to_on')::date, 'infinity')
$$;

-- Whether no day has two rates, and no rate ends before it begins.
create function rates_are_apart(rates jsonb) returns boolean language sql immutable parallel safe as $$
    with spans as (
        select (each ->> 'from_on')::date as first, coalesce((each ->> 'to_on')::date, 'infinity') as last, place
        from jsonb_array_elements(rates) with ordinality given (each, place)
    )
    select not exists (select from spans where last < first)
        and not exists (select from spans a join spans b on a.place < b.place and a.first <= b.last and b.first <= a.last)
$$;

create table tax_codes (
    org_id                 uuid    not null,
    id                     uuid    not null,
    code                   text    not null constraint tax_codes_code_format check (code ~ '^[A-Z0-9][A-Z0-9.-]{0,19}$'),
    name                   text    not null constraint tax_codes_name_length check (length(name) between 1 and 100),
    direction              text    not null constraint tax_codes_direction_check check (direction in ('sale', 'purchase')),
    kind                   text    not null
        constraint tax_codes_kind_check check (kind in ('standard', 'reduced', 'zero', 'exempt', 'reverse_charge')),
    price_includes_tax     boolean not null default false,
    exemption_reason       text    constraint tax_codes_exemption_reason_length check (length(exemption_reason) between 1 and 200),
    -- [{"rate": "19", "from_on": "2017-01-01", "to_on": null}, …]
    rates                  jsonb   not null constraint tax_codes_rates_type check (jsonb_typeof(rates) = 'array'),
    payable_account_id     uuid,
    recoverable_account_id uuid,
    return_box             text    constraint tax_codes_return_box_length check (length(return_box) between 1 and 40),
    status                 text    not null default 'active' constraint tax_codes_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint tax_codes_code_key unique (org_id, code),
    constraint tax_codes_payable_account_id_fkey foreign key (org_id, payable_account_id) references accounts (org_id, id),
    constraint tax_codes_recoverable_account_id_fkey foreign key (org_id, recoverable_account_id) references accounts (org_id, id),
    constraint has_1_to_50_rates check (jsonb_array_length(rates) between 1 and 50),
    constraint a_day_has_one_rate check (rates_are_apart(rates)),
    constraint what_is_exempt_says_why check (kind <> 'exempt' or exemption_reason is not null),
    constraint the_price_includes_no_tax_that_the_buyer_owes check (not price_includes_tax or kind <> 'reverse_charge'),
    constraint what_is_not_charged_is_zero_percent check (not (kind in ('zero', 'exempt') or kind = 'reverse_charge' and direction = 'sale') or not jsonb_path_exists(rates, '$[*] ? (@.rate.double() > 0)'))
);
create index tax_codes_by_name on tax_codes (org_id, name, id);
create index tax_codes_by_payable_account on tax_codes (org_id, payable_account_id);
create index tax_codes_by_recoverable_account on tax_codes (org_id, recoverable_account_id);
select manage_resource('tax_codes');
create index tax_codes_by_created_at on tax_codes (org_id, created_at, id);

alter table journal_lines add constraint journal_lines_tax_code_id_fkey foreign key (org_id, tax_code_id) references tax_codes (org_id, id);
