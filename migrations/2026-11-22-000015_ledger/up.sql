-- The ledger: accounts, dimensions, years and periods, journals, entries and their lines, rates, balances. What an entry
-- must be is held here: posted lines are written by one function, and changed by none.

-- What is printed on papers and what the books are kept in.
alter table organizations
    add column legal_name text constraint organizations_legal_name_length check (length(legal_name) between 1 and 200),
    add column country text constraint organizations_country_format check (country ~ '^[A-Z]{2}$'),
    add column currency text not null default 'EUR' constraint organizations_currency_format check (currency ~ '^[A-Z]{3}$'),
    add column tax_id text constraint organizations_tax_id_length check (length(tax_id) between 1 and 30),
    add column registration_number text constraint organizations_registration_number_length check (length(registration_number) between 1 and 50),
    add column address text constraint organizations_address_length check (length(address) between 1 and 500),
    add column tax_rounding text not null default 'line' constraint organizations_tax_rounding_check check (tax_rounding in ('line', 'document'));
select tell_events('organizations');

-- The currency that this organization keeps its books in. In PL/pgSQL, which keeps its plan, and always by the same role: a plan under row-level security is made anew where the role changes.
create function books_currency() returns text language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return (select currency from organizations where org_id = current_org() and id = current_org());
end $$;
revoke all on function books_currency() from public;
grant execute on function books_currency() to backoffice_service;

create table accounts (
    org_id    uuid    not null,
    id        uuid    not null,
    code      text    not null constraint accounts_code_format check (code ~ '^[A-Za-z0-9][A-Za-z0-9./-]{0,19}$'),
    name      text    not null constraint accounts_name_length check (length(name) between 1 and 200),
    type      text    not null constraint accounts_type_check check (type in ('asset', 'liability', 'equity', 'income', 'expense')),
    role      text    constraint accounts_role_check check (role in ('receivable', 'payable', 'bank', 'cash', 'tax_payable', 'tax_recoverable',
        'inventory', 'goods_received_not_invoiced', 'cost_of_sales', 'payroll_payable', 'retained_earnings', 'exchange_gain', 'exchange_loss',
        'rounding', 'suspense', 'fixed_asset', 'accumulated_depreciation', 'depreciation_expense', 'employee_reimbursements',
        'bank_charges', 'discounts_given', 'discounts_taken')),
    parent_id uuid,
    is_group  boolean not null default false,
    currency  text    constraint accounts_currency_format check (currency ~ '^[A-Z]{3}$'),
    -- The dimensions that each of its lines carries.
    requires  text[]  not null default '{}' constraint accounts_requires_check check (requires <@ '{department,cost_centre,project,party}'),
    status    text    not null default 'active' constraint accounts_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint accounts_code_key unique (org_id, code),
    constraint accounts_parent_id_fkey foreign key (org_id, parent_id) references accounts (org_id, id),
    constraint a_group_has_no_role check (not is_group or role is null)
);
-- The system finds one account by its role; banks and tills are several.
create unique index accounts_role_key on accounts (org_id, role) where status = 'active' and role not in ('bank', 'cash');
create index accounts_by_parent on accounts (org_id, parent_id, id);
create index accounts_by_name on accounts (org_id, name, id);
select manage_resource('accounts');
select keep_tree('accounts', 'parent_id', 'account_branches', deepest => 20);

-- Adds a chart, parents first: [{id, code, name, type, parent, role, is_group, requires}].
create function load_chart(in_rows jsonb) returns bigint language plpgsql as $$
declare
    loaded bigint;
begin
    insert into accounts (org_id, id, code, name, type, role, parent_id, is_group, requires)
        select (select current_org()), r.id, r.code, r.name, r.type, r.role, p.id, r.is_group, coalesce(string_to_array(r.requires, ' '), '{}')
        from jsonb_to_recordset(in_rows) r (id uuid, code text, name text, type text, parent text, role text, is_group boolean, requires text)
        left join jsonb_to_recordset(in_rows) p (id uuid, code text) on p.code = r.parent;
    get diagnostics loaded = row_count;
    return loaded;
end $$;

create table cost_centres (
    org_id uuid not null,
    id     uuid not null,
    code   text not null constraint cost_centres_code_format check (code ~ '^[A-Za-z0-9][A-Za-z0-9./-]{0,19}$'),
    name   text not null constraint cost_centres_name_length check (length(name) between 1 and 200),
    status text not null default 'active' constraint cost_centres_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint cost_centres_code_key unique (org_id, code)
);
create index cost_centres_by_name on cost_centres (org_id, name, id);
select manage_resource('cost_centres');

create table projects (
    org_id uuid not null,
    id     uuid not null,
    code   text not null constraint projects_code_format check (code ~ '^[A-Za-z0-9][A-Za-z0-9./-]{0,19}$'),
    name   text not null constraint projects_name_length check (length(name) between 1 and 200),
    status text not null default 'active' constraint projects_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint projects_code_key unique (org_id, code)
);
create index projects_by_name on projects (org_id, name, id);
select manage_resource('projects');

create table exchange_rates (
    org_id   uuid           not null,
    id       uuid           not null,
    currency text           not null constraint exchange_rates_currency_format check (currency ~ '^[A-Z]{3}$'),
    rated_on date           not null,
    -- Units of the organization's currency for one of this.
    rate     numeric(20, 8) not null constraint exchange_rates_rate_range check (rate > 0),
    primary key (org_id, id),
    constraint one_rate_for_a_currency_and_day unique (org_id, currency, rated_on)
);
create index exchange_rates_by_day on exchange_rates (org_id, rated_on, id);
select manage_resource('exchange_rates');

-- The newest rate that is not after the day; none where there is none.
create function exchange_rate_on(in_currency text, in_day date) returns numeric language sql stable as $$
    select case when in_currency = books_currency() then 1 else (
        select rate from exchange_rates where org_id = (select current_org()) and currency = in_currency and rated_on <= in_day
        order by rated_on desc limit 1) end
$$;

create table fiscal_years (
    org_id    uuid not null,
    id        uuid not null,
    code      text not null constraint fiscal_years_code_format check (code ~ '^[A-Za-z0-9][A-Za-z0-9-]{0,9}$'),
    starts_on date not null,
    ends_on   date not null,
    status    text not null default 'open' constraint fiscal_years_status_check check (status in ('open', 'closed')),
    -- What booked income and expense to retained earnings.
    closing_entry_id uuid,
    primary key (org_id, id),
    constraint fiscal_years_code_key unique (org_id, code),
    constraint fiscal_years_starts_on_key unique (org_id, starts_on),
    constraint a_fiscal_year_is_whole_months check (extract(day from starts_on) = 1 and extract(day from ends_on + 1) = 1),
    constraint a_fiscal_year_has_1_to_24_months check (ends_on > starts_on and ends_on < starts_on + interval '24 months')
);
select manage_resource('fiscal_years');

create table fiscal_periods (
    org_id         uuid not null,
    id             uuid not null,
    fiscal_year_id uuid not null,
    code           text not null constraint fiscal_periods_code_format check (code ~ '^[0-9]{4}-[0-9]{2}$'),
    starts_on      date not null,
    ends_on        date not null,
    status         text not null default 'open' constraint fiscal_periods_status_check check (status in ('open', 'closed', 'locked')),
    -- What booked the unrealized differences at its end; once.
    revaluation_entry_id uuid,
    primary key (org_id, id),
    constraint fiscal_periods_starts_on_key unique (org_id, starts_on),
    constraint fiscal_periods_fiscal_year_id_fkey foreign key (org_id, fiscal_year_id) references fiscal_years (org_id, id) on delete cascade,
    constraint a_period_is_a_month check (extract(day from starts_on) = 1 and ends_on = (starts_on + interval '1 month')::date - 1)
);
create index fiscal_periods_by_year on fiscal_periods (org_id, fiscal_year_id, starts_on);
select manage_resource('fiscal_periods');

-- Whoever posts into a month shares this lock; whoever closes it has it alone.
create function lock_of_month(in_day date) returns bigint language sql stable as $$
    select hashtextextended('fiscal_periods ' || current_org() || to_char(in_day, 'YYYY-MM'), 0)
$$;

-- Keeps everybody from posting into these months until the transaction ends; waits for those who are about to.
create function hold_months(in_from date, in_to date) returns bigint language sql volatile as $$
    select count(pg_advisory_xact_lock(lock_of_month(month::date)))
    from generate_series(in_from::timestamp, in_to::timestamp, interval '1 month') month
$$;

-- Years follow each other without gap or overlap, and come with their months.
create function keep_years_whole() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('fiscal_years ' || new.org_id, 0));
    if exists (select from fiscal_years y where y.org_id = new.org_id and y.id <> new.id and y.starts_on <= new.ends_on and new.starts_on <= y.ends_on) then
        raise exception 'overlap' using errcode = 'restrict_violation', table = 'fiscal_years', constraint = 'another_year_has_some_of_these_days';
    elsif exists (select from fiscal_years y where y.org_id = new.org_id and y.id <> new.id) and not exists (
            select from fiscal_years y where y.org_id = new.org_id and y.id <> new.id and (y.ends_on + 1 = new.starts_on or new.ends_on + 1 = y.starts_on)) then
        raise exception 'gap' using errcode = 'restrict_violation', table = 'fiscal_years', constraint = 'the_year_must_begin_or_end_next_to_another';
    end if;
    insert into fiscal_periods (org_id, id, fiscal_year_id, code, starts_on, ends_on)
        select new.org_id, gen_random_uuid(), new.id, to_char(month, 'YYYY-MM'), month::date, (month + interval '1 month')::date - 1
        from generate_series(new.starts_on::timestamp, new.ends_on::timestamp, interval '1 month') month;
    return null;
end $$;
create trigger keep_whole after insert on fiscal_years for each row execute function keep_years_whole();

-- A year in the middle stays, or there would be a gap; one that was posted into as well.
create function keep_years_together() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('fiscal_years ' || old.org_id, 0));
    if exists (select from fiscal_years where org_id = old.org_id and starts_on = old.ends_on + 1)
        and exists (select from fiscal_years where org_id = old.org_id and ends_on = old.starts_on - 1) then
        raise exception 'gap' using errcode = 'restrict_violation', table = 'fiscal_years', constraint = 'there_are_years_on_both_sides_of_it';
    end if;
    return old;
end $$;
create trigger keep_together before delete on fiscal_years for each row execute function keep_years_together();

create table journals (
    org_id uuid not null,
    id     uuid not null,
    code   text not null constraint journals_code_format check (code ~ '^[A-Z][A-Z0-9]{0,19}$'),
    name   text not null constraint journals_name_length check (length(name) between 1 and 100),
    type   text not null constraint journals_type_check check (type in ('general', 'sales', 'purchases', 'bank', 'cash', 'payroll', 'inventory', 'assets')),
    status text not null default 'active' constraint journals_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint journals_code_key unique (org_id, code)
);
create index journals_by_name on journals (org_id, name, id);
select manage_resource('journals');
create index journals_by_type on journals (org_id, type, created_at, id) where status = 'active';

-- The journal that documents of a kind are booked in: the first active one of its type, made where there is none.
create function journal_for(in_type text) returns uuid language plpgsql security definer set search_path = public, pg_temp as $$
declare
    found_id uuid;
    codes constant jsonb := '{"general": "GEN", "sales": "SAL", "purchases": "PUR", "bank": "BNK", "cash": "CSH", "payroll": "PAY", "inventory": "INV", "assets": "AST"}';
begin
    select id into found_id from journals where org_id = current_org() and type = in_type and status = 'active' order by created_at, id limit 1;
    if found then return found_id; end if;
    perform pg_advisory_xact_lock(hashtextextended('journals ' || current_org() || in_type, 0));
    select id into found_id from journals where org_id = current_org() and type = in_type and status = 'active' order by created_at, id limit 1;
    if found then return found_id; end if;
    insert into journals (org_id, id, code, name, type)
        select current_org(), gen_random_uuid(), codes ->> in_type || coalesce((
            select max(coalesce(nullif(substring(code from length(codes ->> in_type) + 1), ''), '1')::int) + 1 from journals
            where org_id = current_org() and code ~ ('^' || (codes ->> in_type) || '[0-9]{0,3}$'))::text, ''), initcap(in_type), in_type
        returning id into found_id;
    return found_id;
end $$;

-- Each journal numbers for itself, and anew in each fiscal year.
insert into number_kinds (kind, longest, format, reset, is_scoped) values ('journal-entries', 40, '{year}-{number:5}', 'yearly', true);

-- What is booked again and again: once for each due day, however often the worker runs.
create table recurring_entries (
    org_id      uuid not null,
    id          uuid not null,
    name        text not null constraint recurring_entries_name_length check (length(name) between 1 and 100),
    journal_id  uuid not null,
    description text not null constraint recurring_entries_description_length check (length(description) between 1 and 500),
    lines       jsonb not null,
    every       text not null constraint recurring_entries_every_check check (every in ('week', 'month', 'quarter', 'year')),
    -- The first due day, from which the others are counted: the 31st is the last day of shorter months.
    starts_on   date not null,
    ends_on     date,
    -- The next due day that was not booked.
    next_on     date,
    -- How many were booked.
    runs        int not null default 0,
    status      text not null default 'active' constraint recurring_entries_status_check check (status in ('active', 'paused', 'ended')),
    primary key (org_id, id),
    constraint recurring_entries_name_key unique (org_id, name),
    constraint recurring_entries_journal_id_fkey foreign key (org_id, journal_id) references journals (org_id, id),
    constraint they_end_not_before_they_start check (ends_on >= starts_on),
    constraint what_is_ended_is_not_due check ((status = 'ended') = (next_on is null))
);
create index recurring_entries_by_journal on recurring_entries (org_id, journal_id);
create index recurring_entries_by_next_day on recurring_entries (org_id, next_on, id);
select manage_resource('recurring_entries');

create function keep_recurring_journal() returns trigger language plpgsql as $$
begin
    new.journal_id := coalesce(new.journal_id, journal_for('general'));
    new.next_on := new.starts_on;
    return new;
end $$;
create trigger keep_journal before insert on recurring_entries for each row execute function keep_recurring_journal();

create table journal_entries (
    org_id           uuid not null,
    id               uuid not null,
    number           text,
    journal_id       uuid not null,
    fiscal_period_id uuid,
    -- The day in the books.
    posted_on        date not null,
    description      text not null constraint journal_entries_description_length check (length(description) between 1 and 500),
    reference        text constraint journal_entries_reference_length check (length(reference) between 1 and 100),
    status           text not null default 'draft' constraint journal_entries_status_check check (status in ('draft', 'posted', 'reversed')),
    kind             text not null default 'standard' constraint journal_entries_kind_check check (kind in ('standard', 'closing', 'revaluation')),
    -- What it sums to on either side, in the organization's currency.
    total            numeric(20, 4) not null default 0,
    line_count       int not null default 0,
    -- Those of a draft. What is posted has rows in journal_lines.
    lines            jsonb,
    -- The document that it books.
    resource         text constraint journal_entries_resource_format check (resource ~ '^[a-z][a-z0-9-]{1,62}$'),
    resource_id      uuid,
    -- On this day it is booked back.
    reverse_on       date,
    reversal_of_id   uuid,
    reversed_by_id   uuid,
    recurring_entry_id uuid,
    posted_at        timestamptz,
    primary key (org_id, id),
    constraint journal_entries_number_key unique (org_id, number),
    constraint journal_entries_journal_id_fkey foreign key (org_id, journal_id) references journals (org_id, id),
    constraint journal_entries_fiscal_period_id_fkey foreign key (org_id, fiscal_period_id) references fiscal_periods (org_id, id),
    constraint journal_entries_reversal_of_id_fkey foreign key (org_id, reversal_of_id) references journal_entries (org_id, id),
    constraint journal_entries_reversed_by_id_fkey foreign key (org_id, reversed_by_id) references journal_entries (org_id, id) deferrable initially deferred,
    constraint journal_entries_recurring_entry_id_fkey foreign key (org_id, recurring_entry_id) references recurring_entries (org_id, id),
    constraint what_is_posted_has_a_number_and_a_period check ((status = 'draft') = (number is null) and (status = 'draft') = (fiscal_period_id is null) and (status = 'draft') = (posted_at is null)),
    constraint a_draft_keeps_its_lines check ((status = 'draft') = (lines is not null)),
    constraint what_is_reversed_says_by_what check ((status = 'reversed') = (reversed_by_id is not null)),
    constraint reversed_after_it_was_posted check (reverse_on > posted_on)
);
create index journal_entries_by_day on journal_entries (org_id, posted_on, id);
create index journal_entries_by_journal on journal_entries (org_id, journal_id, posted_on, id);
create index journal_entries_by_period on journal_entries (org_id, fiscal_period_id);
-- Without those that refer to nothing, as most: each index is written with each entry.
create unique index an_entry_is_reversed_once on journal_entries (org_id, reversal_of_id) where reversal_of_id is not null;
create unique index a_recurring_entry_is_booked_once_a_day on journal_entries (org_id, recurring_entry_id, posted_on) where recurring_entry_id is not null;
create index journal_entries_by_document on journal_entries (org_id, resource, resource_id) where resource_id is not null;
create index journal_entries_by_reverser on journal_entries (org_id, reversed_by_id) where reversed_by_id is not null;
select manage_resource('journal_entries');

alter table fiscal_years add constraint fiscal_years_closing_entry_id_fkey foreign key (org_id, closing_entry_id) references journal_entries (org_id, id);
alter table fiscal_periods add constraint fiscal_periods_revaluation_entry_id_fkey foreign key (org_id, revaluation_entry_id) references journal_entries (org_id, id);
create index fiscal_periods_by_revaluation on fiscal_periods (org_id, revaluation_entry_id);
create index fiscal_years_by_closing_entry on fiscal_years (org_id, closing_entry_id);

-- Posted is for ever, whoever asks: the one thing that still happens to an entry is that another one reverses it.
create function keep_posted() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.status = 'posted' and new.status = 'reversed'
        and to_jsonb(new) - '{status,reversed_by_id,version,updated_at,updated_by}'::text[] = to_jsonb(old) - '{status,reversed_by_id,version,updated_at,updated_by}'::text[] then
        return new;
    end if;
    raise exception 'posted is for ever' using errcode = 'restrict_violation', table = 'journal_entries',
        constraint = 'what_is_posted_is_reversed_and_not_changed';
end $$;
create trigger frozen before update or delete on journal_entries for each row when (old.status <> 'draft') execute function keep_posted();
create trigger frozen_whole before truncate on journal_entries for each statement execute function refuse_change();

create table journal_lines (
    org_id         uuid not null,
    id             uuid not null,
    entry_id       uuid not null,
    line           int  not null,
    posted_on      date not null,
    account_id     uuid not null,
    -- In the organization's currency.
    debit          numeric(20, 4) not null default 0,
    credit         numeric(20, 4) not null default 0,
    currency       text not null,
    -- In `currency`, where that is another one.
    foreign_debit  numeric(20, 4),
    foreign_credit numeric(20, 4),
    rate           numeric(20, 8),
    description    text constraint journal_lines_description_length check (length(description) between 1 and 500),
    department_id  uuid,
    cost_centre_id uuid,
    project_id     uuid,
    party_id       uuid,
    -- Of the tax of a document: by which code it is, and whether it is owed or got back.
    tax_code_id    uuid,
    tax_side       text constraint journal_lines_tax_side_check check (tax_side in ('payable', 'recoverable')),
    -- Of what a document is taxed for: by which codes. Null where it is not taxed.
    taxed_by       uuid[] constraint journal_lines_taxed_by_length check (cardinality(taxed_by) between 1 and 5),
    -- Of the entry that closes a year.
    is_closing     boolean not null default false,
    created_at     timestamptz not null default now(),
    primary key (org_id, id),
    constraint journal_lines_line_key unique (org_id, entry_id, line),
    constraint journal_lines_entry_id_fkey foreign key (org_id, entry_id) references journal_entries (org_id, id) deferrable initially deferred,
    constraint journal_lines_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint journal_lines_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint journal_lines_cost_centre_id_fkey foreign key (org_id, cost_centre_id) references cost_centres (org_id, id),
    constraint journal_lines_project_id_fkey foreign key (org_id, project_id) references projects (org_id, id),
    constraint what_is_tax_has_a_code_and_a_side check ((tax_code_id is null) = (tax_side is null)),
    constraint a_line_is_a_debit_or_a_credit check (debit >= 0 and credit >= 0 and (debit > 0) <> (credit > 0)),
    constraint both_amounts_are_on_the_same_side check ((foreign_debit > 0) is not true or credit = 0),
    constraint a_foreign_line_has_its_amount_and_rate check ((rate is null) = (foreign_debit is null) and (rate is null) = (foreign_credit is null) and rate is distinct from 0)
);
create index journal_lines_by_account on journal_lines (org_id, account_id, posted_on, id);
create index journal_lines_by_day on journal_lines (org_id, posted_on, id);
create index journal_lines_by_department on journal_lines (org_id, department_id, posted_on, id) where department_id is not null;
create index journal_lines_by_cost_centre on journal_lines (org_id, cost_centre_id, posted_on, id) where cost_centre_id is not null;
create index journal_lines_by_project on journal_lines (org_id, project_id, posted_on, id) where project_id is not null;
create index journal_lines_by_party on journal_lines (org_id, party_id, posted_on, id) where party_id is not null;
create index journal_lines_by_tax_code on journal_lines (org_id, tax_code_id, posted_on, id) where tax_code_id is not null;
-- Operators of arrays are not leakproof, so no index serves them: what is taxed is walked by its days.
create index journal_lines_taxed on journal_lines (org_id, posted_on, id) where taxed_by is not null;
create index journal_lines_taxed_several_times on journal_lines (org_id, posted_on, id) where cardinality(taxed_by) > 1;
select manage_record('journal_lines');
-- Written by `post_entries` alone.
grant select on journal_lines to backoffice_service;
select frozen_when('journal_lines', 'true');
create trigger frozen_whole before truncate on journal_lines for each statement execute function refuse_change();

-- A parent is a group, and stays one as long as something stands in it: whoever puts something there keeps it from changing.
create function keep_parent() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    parent_is_group boolean;
begin
    select is_group into parent_is_group from accounts where org_id = new.org_id and id = new.parent_id for share;
    if not parent_is_group then
        raise exception 'no group' using errcode = 'restrict_violation', table = 'accounts', constraint = 'the_parent_takes_postings_name_a_group';
    end if;
    return new;
end $$;
create trigger keep_parent before insert or update of parent_id on accounts for each row when (new.parent_id is not null) execute function keep_parent();

-- What was posted to keeps what it is.
create function keep_account() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if old.is_group and not new.is_group and exists (select from accounts where org_id = old.org_id and parent_id = old.id) then
        raise exception 'has children' using errcode = 'restrict_violation', table = 'accounts', constraint = 'accounts_of_the_chart_stand_in_this_group';
    end if;
    if exists (select from journal_lines where org_id = old.org_id and account_id = old.id) then
        if new.is_group and not old.is_group then
            raise exception 'has lines' using errcode = 'restrict_violation', table = 'accounts', constraint = 'it_has_been_posted_to_so_it_becomes_no_group';
        elsif new.type <> old.type then
            raise exception 'has lines' using errcode = 'restrict_violation', table = 'accounts', constraint = 'it_has_been_posted_to_so_its_type_stays';
        elsif new.currency is distinct from old.currency and new.currency is not null then
            raise exception 'has lines' using errcode = 'restrict_violation', table = 'accounts', constraint = 'it_has_been_posted_to_so_its_currency_stays';
        end if;
    end if;
    return new;
end $$;
create trigger keep_account before update of is_group, type, currency on accounts for each row
    when ((new.is_group, new.type, new.currency) is distinct from (old.is_group, old.type, old.currency)) execute function keep_account();

create function keep_books_currency() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if exists (select from journal_lines where org_id = old.org_id) then
        raise exception 'has lines' using errcode = 'restrict_violation', table = 'organizations', constraint = 'something_was_posted_so_the_books_are_kept_in_their_currency';
    end if;
    return new;
end $$;
create trigger keep_books_currency before update of currency on organizations for each row
    when (new.currency <> old.currency) execute function keep_books_currency();

-- Debits are credits, at commit, and no line was added to what was posted before.
create function check_entry() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    sums record;
begin
    select count(*) as lines, sum(debit) as debit, sum(credit) as credit, bool_and(posted_on = new.posted_on) as same_day into sums
        from journal_lines where org_id = new.org_id and entry_id = new.id;
    if sums.lines < 2 or sums.lines <> new.line_count or sums.debit <> sums.credit or sums.debit <> new.total or not sums.same_day then
        raise exception 'entry % does not balance', new.id using errcode = 'check_violation', table = 'journal_entries', constraint = 'debits_are_credits';
    end if;
    return null;
end $$;
-- A draft counts its lines, and stands in the general journal unless told.
create function keep_draft() returns trigger language plpgsql as $$
begin
    new.line_count := jsonb_array_length(new.lines);
    new.total := (select coalesce(sum((l ->> 'debit')::numeric), 0) from jsonb_array_elements(new.lines) l);
    new.journal_id := coalesce(new.journal_id, journal_for('general'));
    return new;
end $$;
create trigger keep_draft before insert or update on journal_entries for each row when (new.status = 'draft' and new.lines is not null) execute function keep_draft();
create constraint trigger check_inserted after insert on journal_entries deferrable initially deferred for each row
    when (new.status <> 'draft') execute function check_entry();
create constraint trigger check_posted after update on journal_entries deferrable initially deferred for each row
    when (new.status = 'posted') execute function check_entry();

-- What each account comes to. Lines append deltas, so that nobody waits for anybody; a worker folds them into the balances, and
-- whoever reads sums both. `zero` stands for no department, cost centre or project.
create table balance_deltas (
    org_id         uuid    not null,
    id             bigint  not null generated always as identity,
    account_id     uuid    not null,
    begins_on      date    not null,
    currency       text    not null,
    is_closing     boolean not null,
    department_id  uuid    not null,
    cost_centre_id uuid    not null,
    project_id     uuid    not null,
    debit          numeric not null,
    credit         numeric not null,
    -- Debits less credits in `currency`.
    foreign_net    numeric not null,
    primary key (org_id, id)
);
-- Grains: `month` (no dimensions), `month_by_dimension` (what carries one), `day` (with dimensions).
create table account_balances (
    org_id         uuid    not null,
    grain          text    not null constraint account_balances_grain_check check (grain in ('month', 'month_by_dimension', 'day')),
    begins_on      date    not null,
    account_id     uuid    not null,
    currency       text    not null,
    is_closing     boolean not null,
    department_id  uuid    not null,
    cost_centre_id uuid    not null,
    project_id     uuid    not null,
    debit          numeric not null,
    credit         numeric not null,
    foreign_net    numeric not null,
    primary key (org_id, grain, begins_on, account_id, currency, is_closing, department_id, cost_centre_id, project_id)
);
create index account_balances_by_account on account_balances (org_id, account_id, grain, begins_on);
insert into managed_tables (name, kind) values ('balance_deltas', 'derived'), ('account_balances', 'derived');
select separate_organizations('balance_deltas'), separate_organizations('account_balances');
grant select on balance_deltas, account_balances to backoffice_service;

create function add_deltas() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    zero constant uuid := '00000000-0000-0000-0000-000000000000';
begin
    -- Lines come before their entry is posted, and none comes after.
    if exists (select from new_lines l join journal_entries e on e.org_id = l.org_id and e.id = l.entry_id where e.status <> 'draft') then
        raise exception 'posted is for ever' using errcode = 'restrict_violation', table = 'journal_lines',
            constraint = 'what_is_posted_takes_no_more_lines';
    end if;
    insert into balance_deltas (org_id, account_id, begins_on, currency, is_closing, department_id, cost_centre_id, project_id, debit, credit, foreign_net)
        select org_id, account_id, posted_on, currency, is_closing, coalesce(department_id, zero), coalesce(cost_centre_id, zero), coalesce(project_id, zero),
            sum(debit), sum(credit), sum(coalesce(foreign_debit - foreign_credit, debit - credit))
        from new_lines
        group by 1, 2, 3, 4, 5, 6, 7, 8;
    return null;
end $$;
create trigger add_deltas after insert on journal_lines referencing new table as new_lines for each statement execute function add_deltas();

-- Folds what was appended, of every organization; one folds at a time.
create function fold_balances() returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
    zero constant uuid := '00000000-0000-0000-0000-000000000000';
    before constant text := current_setting('app.org_id', true);
    folded bigint := 0;
    rows bigint;
    org uuid;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('fold_balances', 0)) then return 0; end if;
    for org in select organization_id from organization_slugs loop
        perform set_config('app.org_id', org::text, true);
        continue when not exists (select from balance_deltas where org_id = org);
        with taken as (
            delete from balance_deltas where org_id = org returning *
        ), grains as (
            select 'month' as grain, date_trunc('month', begins_on)::date as begins_on, account_id, currency, is_closing,
                zero as department_id, zero as cost_centre_id, zero as project_id, debit, credit, foreign_net from taken
            union all
            select 'month_by_dimension', date_trunc('month', begins_on)::date, account_id, currency, is_closing,
                department_id, cost_centre_id, project_id, debit, credit, foreign_net from taken
                where (department_id, cost_centre_id, project_id) is distinct from (zero, zero, zero)
            union all
            select 'day', begins_on, account_id, currency, is_closing, department_id, cost_centre_id, project_id, debit, credit, foreign_net from taken
        ), added as (
            insert into account_balances as b (org_id, grain, begins_on, account_id, currency, is_closing, department_id, cost_centre_id, project_id, debit, credit, foreign_net)
                select org, grain, begins_on, account_id, currency, is_closing, department_id, cost_centre_id, project_id, sum(debit), sum(credit), sum(foreign_net)
                from grains group by 2, 3, 4, 5, 6, 7, 8, 9
                on conflict (org_id, grain, begins_on, account_id, currency, is_closing, department_id, cost_centre_id, project_id)
                do update set debit = b.debit + excluded.debit, credit = b.credit + excluded.credit, foreign_net = b.foreign_net + excluded.foreign_net
        )
        select count(*) into rows from taken;
        folded := folded + rows;
    end loop;
    perform set_config('app.org_id', coalesce(before, ''), true);
    return folded;
end $$;

-- Whether the caller's session holds this permission in the whole organization. The system holds none.
create function caller_holds(in_resource text, in_verb text) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (
        select from sessions s
        join role_permissions r on r.org_id = s.org_id and r.role_id = any(s.role_ids) and r.resource = in_resource and r.verb = in_verb and r.reach = 'org'
        where s.org_id = current_org() and s.id = current_session()
            and (s.scopes is null or in_resource || ':' || in_verb = any(s.scopes)))
$$;

-- A line of an entry as it comes in, with both amounts worked out.
create type entry_line as (
    entry          int,
    entry_id       uuid,
    is_closing     boolean,
    -- What the books themselves ask for: it takes back, or sums up, what was right when it was posted.
    by_rule        boolean,
    line           int,
    at             text,
    account_id     uuid,
    debit          numeric,
    credit         numeric,
    currency       text,
    foreign_debit  numeric,
    foreign_credit numeric,
    rate           numeric,
    description    text,
    department_id  uuid,
    cost_centre_id uuid,
    project_id     uuid,
    party_id       uuid,
    tax_code_id    uuid,
    tax_side       text,
    taxed_by       uuid[],
    posted_on      date
);

-- The lines of entries as they come in.
create function entry_lines(in_entries jsonb) returns setof entry_line language plpgsql stable as $$
declare
    books constant text := books_currency();
begin
    return query
    select e.ordinality::int, (e.value ->> 'id')::uuid, coalesce(e.value ->> 'kind' = 'closing', false),
        coalesce(e.value ->> 'kind' in ('closing', 'revaluation'), false) or e.value ->> 'reversal_of_id' is not null, l.ordinality::int, coalesce(x.at, coalesce(e.value ->> 'at', '') || '/lines/' || (l.ordinality - 1)), x.account_id,
        coalesce(x.debit, round(x.foreign_debit * r.rate, currency_decimals(books)), 0),
        coalesce(x.credit, round(x.foreign_credit * r.rate, currency_decimals(books)), 0),
        coalesce(x.currency, books),
        case when x.currency <> books then coalesce(x.foreign_debit, 0) end,
        case when x.currency <> books then coalesce(x.foreign_credit, 0) end,
        case when x.currency <> books then r.rate end,
        x.description, x.department_id, x.cost_centre_id, x.project_id, x.party_id, x.tax_code_id, x.tax_side, x.taxed_by, (e.value ->> 'posted_on')::date
    from jsonb_array_elements(in_entries) with ordinality e
    cross join jsonb_array_elements(e.value -> 'lines') with ordinality l
    cross join jsonb_to_record(l.value) x (at text, account_id uuid, debit numeric, credit numeric, currency text, foreign_debit numeric,
        foreign_credit numeric, rate numeric, description text, department_id uuid, cost_centre_id uuid, project_id uuid, party_id uuid, tax_code_id uuid, tax_side text,
        taxed_by uuid[])
    cross join lateral (select case when x.currency is null or x.currency = books then 1 else coalesce(x.rate,
        round(coalesce(x.debit, x.credit) / nullif(coalesce(x.foreign_debit, x.foreign_credit), 0), 8),
        exchange_rate_on(x.currency, (e.value ->> 'posted_on')::date)) end as rate) r;
end $$;

-- All that is wrong with these lines: [{pointer, code, detail}].
create function line_faults(in_entries jsonb, in_lines entry_line[]) returns jsonb language plpgsql stable as $$
declare
    books constant text := books_currency();
    decimals constant int := currency_decimals(books);
begin
    return (
        with faults as (
            select l.entry, l.line, l.at || coalesce('/' || nullif(fault ->> 0, ''), '') as pointer, fault ->> 1 as code, fault ->> 2 as detail
            from unnest(in_lines) l
            left join accounts a on a.org_id = (select current_org()) and a.id = l.account_id
            left join departments d on d.org_id = (select current_org()) and d.id = l.department_id
            left join cost_centres c on c.org_id = (select current_org()) and c.id = l.cost_centre_id
            left join projects p on p.org_id = (select current_org()) and p.id = l.project_id
            left join parties pa on pa.org_id = (select current_org()) and pa.id = l.party_id
            -- What is said is put together for what is wrong alone: rows of a VALUES would be, for each line.
            cross join lateral unnest(array_remove(array[
                case when a.id is null then jsonb_build_array('account_id', 'no-such-row', 'refers to no account that you may know of') end,
                case when a.is_group then jsonb_build_array('account_id', 'is-group', 'is a group, which takes no postings: name one of the accounts below it') end,
                case when a.status = 'archived' and not l.by_rule then jsonb_build_array('account_id', 'archived', 'is archived: restore it, or name another one') end,
                case when a.currency <> l.currency and not l.by_rule then jsonb_build_array('currency', 'other-currency', format('must be %s, which the account is kept in', a.currency)) end,
                case when l.department_id is not null and d.id is null then jsonb_build_array('department_id', 'no-such-row', 'refers to no department that you may know of') end,
                case when l.cost_centre_id is not null and c.id is null then jsonb_build_array('cost_centre_id', 'no-such-row', 'refers to no cost centre that you may know of') end,
                case when c.status = 'archived' and not l.by_rule then jsonb_build_array('cost_centre_id', 'archived', 'is archived: restore it, or name another one') end,
                case when l.project_id is not null and p.id is null then jsonb_build_array('project_id', 'no-such-row', 'refers to no project that you may know of') end,
                case when p.status = 'archived' and not l.by_rule then jsonb_build_array('project_id', 'archived', 'is archived: restore it, or name another one') end,
                case when l.party_id is not null and pa.id is null then jsonb_build_array('party_id', 'no-such-row', 'refers to no party that you may know of') end,
                case when pa.status = 'archived' and not l.by_rule then jsonb_build_array('party_id', 'archived', 'is archived: restore it, or name another one') end,
                case when 'department' = any(a.requires) and not l.by_rule and l.department_id is null then jsonb_build_array('department_id', 'required', format('the account %s asks for a department', a.code)) end,
                case when 'cost_centre' = any(a.requires) and not l.by_rule and l.cost_centre_id is null then jsonb_build_array('cost_centre_id', 'required', format('the account %s asks for a cost centre', a.code)) end,
                case when 'project' = any(a.requires) and not l.by_rule and l.project_id is null then jsonb_build_array('project_id', 'required', format('the account %s asks for a project', a.code)) end,
                case when 'party' = any(a.requires) and not l.by_rule and l.party_id is null then jsonb_build_array('party_id', 'required', format('the account %s asks for a party', a.code)) end,
                case when l.rate is null and l.currency <> books then jsonb_build_array('rate', 'no-rate', format('there is no rate for %s on or before %s: add one at /v1/exchange-rates, or give it here', l.currency, l.posted_on)) end,
                case when l.debit < 0 or l.foreign_debit < 0 then jsonb_build_array('debit', 'negative', 'must be above zero: what is taken back stands on the other side') end,
                case when l.credit < 0 or l.foreign_credit < 0 then jsonb_build_array('credit', 'negative', 'must be above zero: what is taken back stands on the other side') end,
                case when l.debit > 0 and l.credit > 0 then jsonb_build_array('', 'two-sided', 'must be a debit or a credit, not both') end,
                case when l.debit = 0 and l.credit = 0 and (l.rate is not null or l.currency = books) then jsonb_build_array('', 'zero', 'must be a debit or a credit above zero') end,
                case when l.currency <> books and coalesce(l.foreign_debit, 0) + coalesce(l.foreign_credit, 0) = 0 then jsonb_build_array('foreign_debit', 'required', format('a line in %s has its amount in it', l.currency)) end,
                case when l.currency = books and (l.foreign_debit is not null or l.foreign_credit is not null) then jsonb_build_array('currency', 'own-currency', 'foreign amounts are of another currency than the books are kept in') end,
                case when (l.foreign_debit > 0 and l.credit > 0) or (l.foreign_credit > 0 and l.debit > 0) then jsonb_build_array('', 'two-sided', 'both amounts must be on the same side') end,
                case when scale(trim_scale(l.debit)) > decimals then jsonb_build_array('debit', 'too-many-decimals', format('%s has %s decimals', books, decimals)) end,
                case when scale(trim_scale(l.credit)) > decimals then jsonb_build_array('credit', 'too-many-decimals', format('%s has %s decimals', books, decimals)) end,
                case when scale(trim_scale(l.foreign_debit)) > currency_decimals(l.currency) then jsonb_build_array('foreign_debit', 'too-many-decimals', format('%s has %s decimals', l.currency, currency_decimals(l.currency))) end,
                case when scale(trim_scale(l.foreign_credit)) > currency_decimals(l.currency) then jsonb_build_array('foreign_credit', 'too-many-decimals', format('%s has %s decimals', l.currency, currency_decimals(l.currency))) end,
                case when l.debit >= 1e16 or l.credit >= 1e16 then jsonb_build_array('', 'too-large', 'an amount has at most 16 digits before the point') end
            ], null)) fault
        )
        select jsonb_agg(jsonb_build_object('pointer', pointer, 'code', code, 'detail', detail) order by entry, line, pointer) from (
            select * from faults
            union all
            select s.entry, 0, coalesce(in_entries -> (s.entry - 1) ->> 'at', '') || '/lines', 'unbalanced',
                format('debits are %s and credits %s: they must be the same', trim_scale(s.debit), trim_scale(s.credit))
            from (select entry, sum(debit) as debit, sum(credit) as credit from unnest(in_lines) group by entry) s
            where s.debit <> s.credit and s.entry not in (select entry from faults)
            union all
            select e.ordinality::int, 0, coalesce(e.value ->> 'at', '') || '/lines', 'too-few', 'an entry has at least two lines'
            from jsonb_array_elements(in_entries) with ordinality e where jsonb_array_length(e.value -> 'lines') < 2
            limit 200
        ) found);
end $$;

-- All that is wrong with the lines of these entries.
create function entry_faults(in_entries jsonb) returns jsonb language sql stable as $$
    select line_faults(in_entries, (select array_agg(l) from entry_lines(in_entries) l))
$$;

-- A UUIDv7 (RFC 9562) of this moment; those of one batch sort by their ordinals.
create function ordered_uuid(in_at timestamptz, ordinal bigint) returns uuid language plpgsql volatile parallel safe as $$
declare
    at constant text := lpad(to_hex((extract(epoch from in_at) * 1000)::bigint + (ordinal >> 12)), 12, '0');
begin
    return substr(at, 1, 8) || '-' || substr(at, 9) || '-7' || lpad(to_hex(ordinal & 4095), 3, '0') || '-' || substr(gen_random_uuid()::text, 20);
end $$;

-- Posts entries: each with its number, lines and balances, or none of them. What stands against it comes back: {"faults": [{pointer,
-- code, detail}]} or {"period": "2026-01", "status": "locked"}. `in_entries`: [{id, journal_id, posted_on, description,
-- reference, kind, resource, resource_id, reverse_on, reversal_of_id, recurring_entry_id, at, lines: [{account_id, debit, …}]}]. A
-- draft of the same id becomes the posted entry. Where `journal_id` is missing, `journal` names the type.
-- Of JSON no plan knows how long it is: what was planned once serves as well as what is planned for each entry, which takes longer than to post it.
create function post_entries(in_entries jsonb) returns jsonb language plpgsql security definer
    set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
    org constant uuid := current_org();
    moment constant timestamptz := clock_timestamp();
    given_lines entry_line[];
    faults jsonb;
    entry record;
    period record;
    -- Journals by the type that entries name.
    chosen jsonb := '{}';
    posted record;
    sums record;
begin
    -- In one order for all: months, then accounts; numbers last.
    perform pg_advisory_xact_lock_shared(lock_of_month(month)) from (
        select distinct date_trunc('month', (e ->> 'posted_on')::date)::date as month from jsonb_array_elements(in_entries) e order by 1) months;
    given_lines := (select array_agg(l) from entry_lines(in_entries) l);
    perform from accounts where org_id = org and id in (select account_id from unnest(given_lines)) order by id for key share;

    select jsonb_agg(jsonb_build_object('pointer', coalesce(e.value ->> 'at', '') || wrong.field, 'code', wrong.code, 'detail', wrong.detail)) into faults
        from jsonb_array_elements(in_entries) e
        left join fiscal_periods p on p.org_id = org and p.starts_on = date_trunc('month', (e.value ->> 'posted_on')::date)::date
        left join journals j on j.org_id = org and j.id = (e.value ->> 'journal_id')::uuid
        cross join lateral (values
            (p.id is null, '/posted_on', 'no-fiscal-year', format('no fiscal year has the day %s: create it at /v1/fiscal-years', e.value ->> 'posted_on')),
            (e.value ->> 'journal_id' is not null and j.id is null, '/journal_id', 'no-such-row', 'refers to no journal that you may know of'),
            (j.status = 'archived', '/journal_id', 'archived', 'is archived: restore it, or name another one')
        ) wrong (is_so, field, code, detail)
        where wrong.is_so;
    faults := nullif(coalesce(faults, '[]') || coalesce(line_faults(in_entries, given_lines), '[]'), '[]');
    if faults is not null then return jsonb_build_object('faults', faults); end if;
    -- What closes a year, and what takes that back, is booked when all of it is closed.
    select p.code, case when y.status = 'closed' then 'locked' else p.status end as status into period
        from fiscal_periods p join fiscal_years y on y.org_id = p.org_id and y.id = p.fiscal_year_id
        where p.org_id = org and (p.status <> 'open' or y.status <> 'open')
            and p.starts_on in (select date_trunc('month', (e ->> 'posted_on')::date)::date from jsonb_array_elements(in_entries) e
                where e ->> 'kind' is distinct from 'closing')
            and (p.status = 'locked' or y.status = 'closed' or not caller_holds('fiscal-periods', 'post-closed'))
        order by p.starts_on limit 1;
    if found then return jsonb_build_object('period', period.code, 'status', period.status); end if;

    insert into journal_lines (org_id, id, entry_id, line, posted_on, account_id, debit, credit, currency, foreign_debit, foreign_credit, rate, description,
            department_id, cost_centre_id, project_id, party_id, tax_code_id, tax_side, taxed_by, is_closing)
        select org, ordered_uuid(moment, row_number() over (order by l.entry, l.line)), l.entry_id, l.line, l.posted_on, l.account_id, l.debit, l.credit, l.currency,
            l.foreign_debit, l.foreign_credit, l.rate, l.description, l.department_id, l.cost_centre_id, l.project_id, l.party_id, l.tax_code_id, l.tax_side,
            l.taxed_by, l.is_closing
        from unnest(given_lines) l;

    -- Documents name the type of their journal.
    for entry in select distinct e ->> 'journal' as type from jsonb_array_elements(in_entries) e where e ->> 'journal_id' is null order by 1 loop
        chosen := chosen || jsonb_build_object(entry.type, journal_for(entry.type));
    end loop;
    -- Who else numbers in these journals waits from here until the transaction ends.
    select take_numbers('journal-entries', array_agg(given.id order by place), array_agg(given.posted_on order by place), array_agg(given.journal_code order by place),
            array_agg(given.year_code order by place)) as numbers, array_agg(given.journal_id order by place) as journals, array_agg(given.period_id order by place) as periods
        into strict posted
        from (
            select each.place, x.id, x.posted_on, j.id as journal_id, j.code as journal_code, p.id as period_id, y.code as year_code
            from jsonb_array_elements(in_entries) with ordinality each (e, place)
            cross join jsonb_to_record(e) x (id uuid, posted_on date)
            join journals j on j.org_id = org and j.id = coalesce((e ->> 'journal_id')::uuid, (chosen ->> (e ->> 'journal'))::uuid)
            join fiscal_periods p on p.org_id = org and p.starts_on = date_trunc('month', x.posted_on)::date
            join fiscal_years y on y.org_id = org and y.id = p.fiscal_year_id
        ) given;
    select array_agg(each.total order by each.entry) as totals, array_agg(each.line_count order by each.entry) as line_counts into strict sums
        from (select l.entry, sum(l.debit) as total, count(*) as line_count from unnest(given_lines) l group by l.entry) each;
    insert into journal_entries as known (org_id, id, number, journal_id, fiscal_period_id, posted_on, description, reference, status, kind, total, line_count, resource,
            resource_id, reverse_on, reversal_of_id, recurring_entry_id, posted_at)
        select org, x.id, each.number, each.journal_id, each.period_id, x.posted_on, x.description, x.reference, 'posted', coalesce(x.kind, 'standard'), each.total,
            each.line_count, x.resource, x.resource_id, x.reverse_on, x.reversal_of_id, x.recurring_entry_id, now()
        -- Side by side: no plan knows how long they are, and a join of them might be a loop in a loop.
        from rows from (jsonb_array_elements(in_entries), unnest(posted.numbers, posted.journals, posted.periods, sums.totals, sums.line_counts))
            each (e, number, journal_id, period_id, total, line_count)
        cross join jsonb_to_record(e) x (id uuid, posted_on date, description text, reference text, kind text, resource text, resource_id uuid, reverse_on date,
            reversal_of_id uuid, recurring_entry_id uuid)
        on conflict (org_id, id) do update set number = excluded.number, fiscal_period_id = excluded.fiscal_period_id, status = 'posted', lines = null,
            total = excluded.total, line_count = excluded.line_count, posted_at = excluded.posted_at
        where known.status = 'draft';
    if jsonb_path_exists(in_entries, '$[*].reversal_of_id ? (@ != null)') then
        update journal_entries o set status = 'reversed', reversed_by_id = (e ->> 'id')::uuid
            from jsonb_array_elements(in_entries) e where o.org_id = org and o.id = (e ->> 'reversal_of_id')::uuid;
    end if;
    return null;
end $$;

-- The lines of an entry as clients see them; null where they are too many to come along.
create function lines_shown(in_entry uuid, in_count int, in_lines jsonb) returns jsonb language plpgsql stable as $$
declare
    decimals int;
begin
    if in_lines is not null then return in_lines; end if;
    if in_count > 100 then return null; end if;
    decimals := currency_decimals(books_currency());
    return (select jsonb_agg(jsonb_build_object('account_id', account_id, 'debit', round(nullif(debit, 0), decimals)::text, 'credit', round(nullif(credit, 0), decimals)::text,
            'currency', currency, 'foreign_debit', round(nullif(foreign_debit, 0), currency_decimals(currency))::text,
            'foreign_credit', round(nullif(foreign_credit, 0), currency_decimals(currency))::text, 'rate', trim_scale(rate)::text, 'description', description,
            'department_id', department_id, 'cost_centre_id', cost_centre_id, 'project_id', project_id, 'party_id', party_id) order by line)
        from journal_lines where org_id = (select current_org()) and entry_id = in_entry);
end $$;

-- The entries that book others back, for `post_entries`: [{entry_id, id, posted_on, description, at}], in that order.
create function mirrors_of(in_reversals jsonb) returns jsonb language sql stable as $$
    select jsonb_agg(jsonb_build_object('id', r.value -> 'id', 'journal_id', e.journal_id, 'posted_on', r.value -> 'posted_on', 'description', r.value -> 'description',
        'reference', e.reference, 'kind', e.kind, 'resource', e.resource, 'resource_id', e.resource_id, 'reversal_of_id', e.id, 'at', r.value -> 'at', 'lines', (
            select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('account_id', l.account_id, 'debit', nullif(l.credit, 0), 'credit', nullif(l.debit, 0),
                'currency', l.currency, 'foreign_debit', nullif(l.foreign_credit, 0), 'foreign_credit', nullif(l.foreign_debit, 0), 'rate', l.rate,
                'description', l.description, 'department_id', l.department_id, 'cost_centre_id', l.cost_centre_id, 'project_id', l.project_id,
                'party_id', l.party_id, 'tax_code_id', l.tax_code_id, 'tax_side', l.tax_side, 'taxed_by', l.taxed_by)) order by l.line)
            from journal_lines l where l.org_id = e.org_id and l.entry_id = e.id)) order by r.ordinality)
    from jsonb_array_elements(in_reversals) with ordinality r
    join journal_entries e on e.org_id = (select current_org()) and e.id = (r.value ->> 'entry_id')::uuid
$$;

-- The entry that books a year's income and expense, by account and dimensions, to retained earnings; null where there are none.
create function closing_of(in_year uuid, in_id uuid, in_retained uuid) returns jsonb language sql stable as $$
    with year as (
        select * from fiscal_years where org_id = (select current_org()) and id = in_year
    ), sums as (
        select account_id, department_id, cost_centre_id, project_id, sum(debit - credit) as net from (
            select b.account_id, b.begins_on, b.department_id, b.cost_centre_id, b.project_id, b.debit, b.credit from account_balances b
                where b.org_id = (select current_org()) and b.grain = 'day'
            union all
            select d.account_id, d.begins_on, d.department_id, d.cost_centre_id, d.project_id, d.debit, d.credit from balance_deltas d
                where d.org_id = (select current_org())
        ) b
        where b.begins_on between (select starts_on from year) and (select ends_on from year)
            and account_id in (select id from accounts where org_id = (select current_org()) and type in ('income', 'expense'))
        group by 1, 2, 3, 4 having sum(debit - credit) <> 0
    ), lines as (
        select account_id, nullif(greatest(-net, 0), 0) as debit, nullif(greatest(net, 0), 0) as credit, department_id, cost_centre_id, project_id from sums
        union all
        select in_retained, nullif(greatest(sum(net), 0), 0), nullif(greatest(-sum(net), 0), 0), null, null, null from sums having sum(net) <> 0
    )
    select jsonb_build_array(jsonb_build_object('id', in_id, 'journal', 'general', 'posted_on', y.ends_on, 'description', 'Closing of ' || y.code, 'kind', 'closing',
        'resource', 'fiscal-years', 'resource_id', y.id, 'at', '', 'lines', (
            select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('account_id', account_id, 'debit', debit, 'credit', credit,
                'department_id', nullif(department_id, '00000000-0000-0000-0000-000000000000'),
                'cost_centre_id', nullif(cost_centre_id, '00000000-0000-0000-0000-000000000000'),
                'project_id', nullif(project_id, '00000000-0000-0000-0000-000000000000')))) from lines)))
    from year y where exists (select from lines)
$$;

-- What the foreign amounts open at a period's end are worth more or less at its last day's rates, by account and party: money, receivables,
-- payables, and accounts kept in a foreign currency. {"missing": [currency]} where there is no rate; null where nothing differs.
create function revaluation_of(in_period uuid, in_id uuid, in_gain uuid, in_loss uuid) returns jsonb language plpgsql stable as $$
declare
    books constant text := books_currency();
    period fiscal_periods;
    found jsonb;
begin
    select * into strict period from fiscal_periods where org_id = (select current_org()) and id = in_period;
    with open_items as (
        select l.account_id, l.party_id, l.currency, sum(l.debit - l.credit) as value, sum(l.foreign_debit - l.foreign_credit) as amount
        from accounts a join journal_lines l on l.org_id = a.org_id and l.account_id = a.id
        where a.org_id = (select current_org()) and a.type in ('asset', 'liability')
            and (a.role in ('receivable', 'payable', 'bank', 'cash', 'employee_reimbursements') or a.currency <> books)
            and l.currency <> books and l.posted_on <= period.ends_on
        group by 1, 2, 3
    ), differences as (
        select o.*, exchange_rate_on(o.currency, period.ends_on) as rate,
            round(o.amount * exchange_rate_on(o.currency, period.ends_on), currency_decimals(books)) - o.value as difference
        from open_items o where o.amount <> 0 or o.value <> 0
    ), lines as (
        select 1 as place, account_id, party_id, currency, nullif(greatest(difference, 0), 0) as debit, nullif(greatest(-difference, 0), 0) as credit from differences
            where difference <> 0
        union all
        select 2, in_gain, null, null, null, sum(difference) from differences where difference > 0 having sum(difference) > 0
        union all
        select 3, in_loss, null, null, -sum(difference), null from differences where difference < 0 having sum(difference) < 0
    )
    select case
        when exists (select from differences where rate is null) then jsonb_build_object('missing', (select jsonb_agg(distinct currency) from differences where rate is null))
        when exists (select from lines) then jsonb_build_array(jsonb_build_object('id', in_id, 'journal', 'general', 'posted_on', period.ends_on,
            'description', 'Revaluation of ' || period.code, 'kind', 'revaluation', 'resource', 'fiscal-periods', 'resource_id', period.id, 'reverse_on', period.ends_on + 1,
            'at', '', 'lines', (select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('account_id', account_id, 'party_id', party_id, 'debit', debit, 'credit', credit,
                'description', currency)) order by place, account_id, party_id) from lines)))
        end into found;
    return found;
end $$;
