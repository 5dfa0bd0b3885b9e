-- Bank accounts, what their banks say was booked, and which of it is in the ledger. What the bank said never changes; what
-- explains it in the books comes to exactly its amount, and no entry explains more than it moved.

-- What the columns of a bank's CSV mean.
create table bank_statement_mappings (
    org_id               uuid not null,
    id                   uuid not null,
    name                 text not null constraint bank_statement_mappings_name_length check (length(name) between 1 and 100),
    delimiter            text not null default 'comma' constraint bank_statement_mappings_delimiter_check check (delimiter in ('comma', 'semicolon', 'tab', 'pipe')),
    skipped_lines        int  not null default 0 constraint bank_statement_mappings_skipped_lines_range check (skipped_lines between 0 and 1000),
    date_format          text not null constraint bank_statement_mappings_date_format_length check (length(date_format) between 6 and 14),
    decimal_separator    text not null default 'point' constraint bank_statement_mappings_decimal_separator_check check (decimal_separator in ('point', 'comma')),
    booked_on            text not null,
    value_on             text,
    amount               text,
    debit                text,
    credit               text,
    direction            text,
    outgoing             text,
    currency             text,
    reference            text,
    end_to_end_id        text,
    counterparty_name    text,
    counterparty_account text,
    text                 text,
    bank_reference       text,
    balance              text,
    primary key (org_id, id),
    constraint bank_statement_mappings_name_key unique (org_id, name),
    constraint either_one_amount_or_debit_and_credit check ((amount is null) = (debit is not null) and (debit is null) = (credit is null)),
    constraint a_direction_stands_beside_one_amount check ((direction is null) = (outgoing is null) and (direction is null or amount is not null))
);
select manage_resource('bank_statement_mappings');

create table bank_accounts (
    org_id         uuid not null,
    id             uuid not null,
    name           text not null constraint bank_accounts_name_length check (length(name) between 1 and 100),
    iban           text constraint bank_accounts_iban_format check (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}$'),
    account_number text constraint bank_accounts_account_number_format check (account_number ~ '^[A-Za-z0-9][A-Za-z0-9/.-]{0,33}$'),
    bic            text constraint bank_accounts_bic_format check (bic ~ '^[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$'),
    currency       text not null constraint bank_accounts_currency_format check (currency ~ '^[A-Z]{3}$'),
    -- Where the ledger keeps what is in it.
    account_id     uuid not null,
    mapping_id     uuid,
    status         text not null default 'active' constraint bank_accounts_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint bank_accounts_name_key unique (org_id, name),
    constraint bank_accounts_iban_key unique (org_id, iban),
    constraint bank_accounts_account_number_key unique (org_id, account_number, bic, currency),
    -- Or what is in the one could not be told from what is in the other.
    constraint bank_accounts_account_id_key unique (org_id, account_id),
    constraint bank_accounts_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint bank_accounts_mapping_id_fkey foreign key (org_id, mapping_id) references bank_statement_mappings (org_id, id),
    constraint a_bank_account_has_an_iban_or_a_number check (iban is not null or account_number is not null)
);
create index bank_accounts_by_mapping on bank_accounts (org_id, mapping_id);
select manage_resource('bank_accounts');

create table bank_statements (
    org_id           uuid not null,
    id               uuid not null,
    bank_account_id  uuid not null,
    -- The first of the account is 1.
    ordinal          int  not null constraint bank_statements_ordinal_range check (ordinal > 0),
    number           text constraint bank_statements_number_length check (length(number) between 1 and 35),
    from_on          date not null,
    to_on            date not null,
    currency         text not null,
    opening_balance  numeric(20, 4) not null,
    closing_balance  numeric(20, 4) not null,
    line_count       int  not null constraint bank_statements_line_count_range check (line_count >= 0),
    -- Lines of the file that an earlier one had brought.
    known_line_count int  not null default 0 constraint bank_statements_known_line_count_range check (known_line_count >= 0),
    format           text not null constraint bank_statements_format_check check (format in ('camt053', 'ofx', 'mt940', 'csv')),
    sha256           text not null constraint bank_statements_sha256_format check (sha256 ~ '^[0-9a-f]{64}$'),
    -- What it follows: one opens with what the one before closed with, and stays as long as another follows.
    previous         int generated always as (case when ordinal > 1 then ordinal - 1 end) stored,
    primary key (org_id, id),
    constraint bank_statements_bank_account_id_fkey foreign key (org_id, bank_account_id) references bank_accounts (org_id, id),
    constraint bank_statements_ordinal_key unique (org_id, bank_account_id, ordinal),
    constraint bank_statements_closing_balance_key unique (org_id, bank_account_id, ordinal, closing_balance),
    constraint a_statement_opens_with_what_the_last_one_closed_with foreign key (org_id, bank_account_id, previous, opening_balance)
        references bank_statements (org_id, bank_account_id, ordinal, closing_balance),
    constraint a_statement_ends_after_it_begins check (from_on <= to_on)
);
create index bank_statements_by_previous on bank_statements (org_id, bank_account_id, previous, opening_balance);
create index bank_statements_by_day on bank_statements (org_id, to_on, id);
create index bank_statements_by_file on bank_statements (org_id, sha256);
select manage_resource('bank_statements', secret => '{previous}');
-- What the bank said stays. (Whoever may lock a row may update some column of it.)
revoke update on bank_statements from backoffice_service;
grant update (number) on bank_statements to backoffice_service;

-- What to do about lines that look like this; the first that fits, by position.
create table bank_rules (
    org_id               uuid    not null,
    id                   uuid    not null,
    name                 text    not null constraint bank_rules_name_length check (length(name) between 1 and 100),
    position             int     not null default 100 constraint bank_rules_position_range check (position between 1 and 100000),
    bank_account_id      uuid,
    direction            text    constraint bank_rules_direction_check check (direction in ('in', 'out')),
    text_contains        text    constraint bank_rules_text_contains_length check (length(text_contains) between 1 and 200),
    counterparty_contains text   constraint bank_rules_counterparty_contains_length check (length(counterparty_contains) between 1 and 140),
    counterparty_account text    constraint bank_rules_counterparty_account_length check (length(counterparty_account) between 1 and 70),
    amount_from          numeric(20, 4) constraint bank_rules_amount_from_range check (amount_from >= 0),
    amount_to            numeric(20, 4) constraint bank_rules_amount_to_range check (amount_to > 0),
    account_id           uuid    not null,
    description          text    constraint bank_rules_description_length check (length(description) between 1 and 200),
    party_id             uuid,
    department_id        uuid,
    cost_centre_id       uuid,
    project_id           uuid,
    automatic            boolean not null default false,
    status               text    not null default 'active' constraint bank_rules_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint bank_rules_name_key unique (org_id, name),
    constraint bank_rules_bank_account_id_fkey foreign key (org_id, bank_account_id) references bank_accounts (org_id, id),
    constraint bank_rules_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint bank_rules_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id),
    constraint bank_rules_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint bank_rules_cost_centre_id_fkey foreign key (org_id, cost_centre_id) references cost_centres (org_id, id),
    constraint bank_rules_project_id_fkey foreign key (org_id, project_id) references projects (org_id, id),
    constraint a_rule_says_what_it_is_about check (num_nonnulls(text_contains, counterparty_contains, counterparty_account, amount_from, amount_to) > 0),
    constraint a_range_of_amounts_ends_after_it_begins check (amount_from <= amount_to)
);
create index bank_rules_by_position on bank_rules (org_id, position, id);
create index bank_rules_by_bank_account on bank_rules (org_id, bank_account_id);
create index bank_rules_by_account on bank_rules (org_id, account_id);
create index bank_rules_by_party on bank_rules (org_id, party_id);
create index bank_rules_by_department on bank_rules (org_id, department_id);
create index bank_rules_by_cost_centre on bank_rules (org_id, cost_centre_id);
create index bank_rules_by_project on bank_rules (org_id, project_id);
select manage_resource('bank_rules');

create table bank_statement_lines (
    org_id               uuid not null,
    id                   uuid not null,
    statement_id         uuid not null,
    bank_account_id      uuid not null,
    line                 int  not null,
    booked_on            date not null,
    value_on             date,
    -- What left the account is negative.
    amount               numeric(20, 4) not null constraint bank_statement_lines_amount_range check (amount <> 0),
    currency             text not null,
    reference            text constraint bank_statement_lines_reference_length check (length(reference) between 1 and 140),
    end_to_end_id        text constraint bank_statement_lines_end_to_end_id_length check (length(end_to_end_id) between 1 and 140),
    counterparty_name    text constraint bank_statement_lines_counterparty_name_length check (length(counterparty_name) between 1 and 140),
    counterparty_account text constraint bank_statement_lines_counterparty_account_length check (length(counterparty_account) between 1 and 70),
    text                 text constraint bank_statement_lines_text_length check (length(text) between 1 and 2000),
    bank_reference       text constraint bank_statement_lines_bank_reference_length check (length(bank_reference) between 1 and 140),
    -- What tells it from others, and which of those that are the same it is.
    digest               text not null,
    occurrence           int  not null,
    rule_id              uuid,
    status               text not null default 'unmatched' constraint bank_statement_lines_status_check check (status in ('unmatched', 'matched', 'booked', 'split')),
    primary key (org_id, id),
    constraint bank_statement_lines_line_key unique (org_id, statement_id, line),
    constraint a_line_is_taken_once unique (org_id, bank_account_id, digest, occurrence),
    constraint bank_statement_lines_statement_id_fkey foreign key (org_id, statement_id) references bank_statements (org_id, id) on delete cascade,
    constraint bank_statement_lines_bank_account_id_fkey foreign key (org_id, bank_account_id) references bank_accounts (org_id, id),
    constraint bank_statement_lines_rule_id_fkey foreign key (org_id, rule_id) references bank_rules (org_id, id)
);
create index bank_statement_lines_by_day on bank_statement_lines (org_id, booked_on, id);
create index bank_statement_lines_by_account on bank_statement_lines (org_id, bank_account_id, booked_on, id);
create index bank_statement_lines_unmatched on bank_statement_lines (org_id, bank_account_id, booked_on, id) where status = 'unmatched';
create index bank_statement_lines_by_rule on bank_statement_lines (org_id, rule_id);
select manage_resource('bank_statement_lines', secret => '{digest,occurrence}', personal => '{counterparty_name,counterparty_account,text}');
revoke update, delete on bank_statement_lines from backoffice_service;
grant update (status, rule_id) on bank_statement_lines to backoffice_service;

-- How much of a line which entry explains.
create table bank_matches (
    org_id     uuid not null,
    line_id    uuid not null,
    entry_id   uuid not null,
    amount     numeric(20, 4) not null constraint bank_matches_amount_range check (amount <> 0),
    created_at timestamptz not null default now(),
    primary key (org_id, line_id, entry_id),
    constraint bank_matches_line_id_fkey foreign key (org_id, line_id) references bank_statement_lines (org_id, id),
    constraint bank_matches_entry_id_fkey foreign key (org_id, entry_id) references journal_entries (org_id, id)
);
create index bank_matches_by_entry on bank_matches (org_id, entry_id);
select manage_record('bank_matches');
grant select, insert, delete on bank_matches to backoffice_service;

-- What posted entries moved in bank accounts, in the currency of each.
create function bank_movements(in_accounts uuid[], in_entries uuid[]) returns table (bank_account_id uuid, entry_id uuid, posted_on date, amount numeric)
    language sql stable as $$
    select b.id, l.entry_id, l.posted_on, sum(case when l.currency = b.currency then coalesce(l.foreign_debit - l.foreign_credit, l.debit - l.credit)
            when b.currency = (select books_currency()) then l.debit - l.credit else 0 end)
    from bank_accounts b join journal_lines l on l.org_id = b.org_id and l.account_id = b.account_id
    where b.org_id = (select current_org()) and b.id = any(in_accounts) and (in_entries is null or l.entry_id = any(in_entries))
    group by 1, 2, 3
$$;

-- An entry explains no more than it moved, and on the same side. Those who match the same one take turns.
create function keep_matches() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    entries uuid[] := (select array_agg(distinct entry_id) from new_rows);
begin
    if entries is null then return null; end if;
    perform from journal_entries where org_id = org and id = any(entries) order by id for no key update;
    if exists (
        select from (
            select l.bank_account_id, m.entry_id, sum(m.amount) as explained, min(m.amount) as least, max(m.amount) as most
            from bank_matches m join bank_statement_lines l on l.org_id = m.org_id and l.id = m.line_id
            where m.org_id = org and m.entry_id = any(entries)
            group by 1, 2
        ) m
        left join bank_movements((select array_agg(distinct l.bank_account_id) from bank_matches m join bank_statement_lines l on l.org_id = m.org_id and l.id = m.line_id
            where m.org_id = org and m.entry_id = any(entries)), entries) moved on moved.bank_account_id = m.bank_account_id and moved.entry_id = m.entry_id
        where abs(m.explained) > abs(coalesce(moved.amount, 0)) or sign(m.least) <> sign(moved.amount) or sign(m.most) <> sign(moved.amount)) then
        raise exception 'too much' using errcode = 'restrict_violation', table = 'bank_matches',
            constraint = 'an_entry_explains_no_more_than_it_moved_in_the_bank_account';
    end if;
    return null;
end $$;
create trigger keep_matches after insert on bank_matches referencing new table as new_rows for each statement execute function keep_matches();

-- A line is explained by entries that come to its amount, or by none. Checked at commit.
create function keep_lines_explained() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    changed constant jsonb := case tg_op when 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
    of_line constant uuid := coalesce(changed ->> 'line_id', changed ->> 'id');
begin
    if exists (
        select from bank_statement_lines l
        where l.org_id = org and l.id = of_line
            and case l.status when 'unmatched' then 0 else l.amount end
                <> coalesce((select sum(m.amount) from bank_matches m where m.org_id = l.org_id and m.line_id = l.id), 0)) then
        raise exception 'not explained' using errcode = 'check_violation', table = 'bank_statement_lines', constraint = 'entries_explain_a_line_to_the_cent';
    end if;
    return null;
end $$;
create constraint trigger keep_explained after update of status on bank_statement_lines deferrable initially deferred
    for each row when (old.status <> new.status) execute function keep_lines_explained();
create constraint trigger keep_explained after insert or delete on bank_matches deferrable initially deferred
    for each row execute function keep_lines_explained();

-- Unmatched lines and the first rule that fits each: the rules that book what comes in, or the one that is run. Left alone is
-- what could not be posted: in periods that are not open, to accounts that take nothing or ask for more, without a rate.
create function bank_rules_for(in_statements uuid[], in_rule uuid, in_most int) returns table (line_id uuid, rule_id uuid)
    language sql stable as $$
    select distinct on (l.id) l.id, r.id
    from bank_statement_lines l
    join bank_accounts b on b.org_id = l.org_id and b.id = l.bank_account_id
    join bank_rules r on r.org_id = l.org_id and r.status = 'active' and case when in_rule is null then r.automatic else r.id = in_rule end
        and (r.bank_account_id is null or r.bank_account_id = l.bank_account_id)
        and (r.direction is null or (r.direction = 'in') = (l.amount > 0))
        and (r.text_contains is null or position(lower(r.text_contains) in lower(concat_ws(' ', l.text, l.reference, l.end_to_end_id, l.bank_reference))) > 0)
        and (r.counterparty_contains is null or position(lower(r.counterparty_contains) in lower(coalesce(l.counterparty_name, ''))) > 0)
        and (r.counterparty_account is null or upper(r.counterparty_account) = upper(l.counterparty_account))
        and (r.amount_from is null or abs(l.amount) >= r.amount_from) and (r.amount_to is null or abs(l.amount) <= r.amount_to)
    join accounts a on a.org_id = r.org_id and a.id = r.account_id and a.status = 'active' and not a.is_group and a.id <> b.account_id
        and (a.currency is null or a.currency = l.currency) and a.requires <@ (array_remove(array[case when r.party_id is not null then 'party' end,
            case when r.department_id is not null then 'department' end, case when r.cost_centre_id is not null then 'cost_centre' end,
            case when r.project_id is not null then 'project' end], null))
    left join cost_centres c on c.org_id = r.org_id and c.id = r.cost_centre_id
    left join projects j on j.org_id = r.org_id and j.id = r.project_id
    join fiscal_periods p on p.org_id = l.org_id and p.starts_on = date_trunc('month', l.booked_on)::date and p.status = 'open'
    join fiscal_years y on y.org_id = p.org_id and y.id = p.fiscal_year_id and y.status = 'open'
    where l.org_id = (select current_org()) and l.status = 'unmatched' and (in_statements is null or l.statement_id = any(in_statements))
        and c.status is distinct from 'archived' and j.status is distinct from 'archived'
        and exchange_rate_on(l.currency, l.booked_on) is not null
    order by l.id, r.position, r.id
    limit in_most
$$;

-- Why the ledger and the bank say different amounts on a day, to the last line and entry: what the bank booked and no entry
-- explains, and what was posted and the bank has not booked. A pair of an entry and what took it back is left out.
create function bank_reconciliation(in_account uuid, in_day date, in_most int) returns jsonb language sql stable as $$
    with account as (
        select * from bank_accounts where org_id = (select current_org()) and id = in_account
    ), first as (
        select s.* from bank_statements s where s.org_id = (select current_org()) and s.bank_account_id = in_account and s.ordinal = 1
    ), last as (
        select s.* from bank_statements s where s.org_id = (select current_org()) and s.bank_account_id = in_account order by s.ordinal desc limit 1
    ), lines as (
        select l.*, l.amount - coalesce((
            select sum(m.amount) from bank_matches m join journal_entries e on e.org_id = m.org_id and e.id = m.entry_id and e.posted_on <= in_day
            where m.org_id = l.org_id and m.line_id = l.id), 0) as open
        from bank_statement_lines l
        where l.org_id = (select current_org()) and l.bank_account_id = in_account and l.booked_on <= in_day
    ), moved as (
        select moved.*, moved.amount - coalesce((
            select sum(m.amount) from bank_matches m join bank_statement_lines l on l.org_id = m.org_id and l.id = m.line_id and l.booked_on <= in_day
            where m.org_id = (select current_org()) and m.entry_id = moved.entry_id and l.bank_account_id = in_account), 0) as open
        from bank_movements(array[in_account], null) moved where moved.posted_on <= in_day and moved.amount <> 0
    ), entries as (
        select e.id, e.number, e.posted_on, e.description, e.reference, e.kind, e.resource, e.resource_id, moved.amount, moved.open
        from moved join journal_entries e on e.org_id = (select current_org()) and e.id = moved.entry_id
        where moved.open <> 0 and not exists (
            select from moved other where other.entry_id in (e.reversed_by_id, e.reversal_of_id) and other.open = -moved.open and moved.open = moved.amount)
    ), placed as (
        select entries.*, open = amount and (kind = 'opening' or posted_on < (select from_on from first)) as is_before from entries
    ), sums as (
        select
            (select opening_balance from first) as opening,
            coalesce((select opening_balance from first), 0) + coalesce((select sum(amount) from lines), 0) as bank,
            coalesce((select sum(amount) from moved), 0) as ledger,
            coalesce((select sum(open) from placed where is_before), 0) as before,
            coalesce((select sum(open) from lines), 0) as lines_open,
            coalesce((select sum(open) from placed where is_before is not true), 0) as entries_open
    ), shown as (
        select currency_decimals(currency) as decimals from account
    )
    select jsonb_build_object(
        'bank_account_id', a.id, 'on', in_day, 'currency', a.currency, 'statements_to', (select to_on from last),
        'bank_balance', round(s.bank, decimals)::text, 'ledger_balance', round(s.ledger, decimals)::text, 'difference', round(s.bank - s.ledger, decimals)::text,
        'opening_difference', round(coalesce(s.opening, 0) - s.before, decimals)::text,
        'unmatched_lines_total', round(s.lines_open, decimals)::text, 'unmatched_entries_total', round(s.entries_open, decimals)::text,
        'unexplained', round(s.bank - s.ledger - (coalesce(s.opening, 0) - s.before) - s.lines_open + s.entries_open, decimals)::text,
        'unmatched_line_count', (select count(*) from lines where open <> 0),
        'unmatched_entry_count', (select count(*) from placed where is_before is not true),
        'unmatched_lines', coalesce((select jsonb_agg(jsonb_build_object('id', id, 'statement_id', statement_id, 'booked_on', booked_on, 'amount', round(amount, decimals)::text,
            'open', round(open, decimals)::text, 'reference', coalesce(reference, end_to_end_id), 'counterparty_name', counterparty_name, 'text', text) order by booked_on, id)
            from (select * from lines where open <> 0 order by booked_on, id limit in_most) l), '[]'),
        'unmatched_entries', coalesce((select jsonb_agg(jsonb_build_object('id', id, 'number', number, 'posted_on', posted_on, 'amount', round(amount, decimals)::text,
            'open', round(open, decimals)::text, 'description', description, 'reference', reference, 'resource', resource, 'resource_id', resource_id) order by posted_on, id)
            from (select * from placed where is_before is not true order by posted_on, id limit in_most) e), '[]'))
    from account a, sums s, shown
$$;

-- What a line of a statement may be: entries that moved just this in the bank account and that no line explains yet. What else
-- can be matched is added here. `key` is what a payer would quote.
create view bank_match_candidates with (security_invoker = true) as
    select moved.org_id, moved.bank_account_id, 'journal_entry' as kind, e.id, e.number, e.posted_on as "on", upper(e.reference) as key, e.description,
        null::uuid as party_id, null::text as party_name, moved.amount - coalesce(explained.amount, 0) as amount
    from (
        select b.org_id, b.id as bank_account_id, l.entry_id,
            sum(case when l.currency = b.currency then coalesce(l.foreign_debit - l.foreign_credit, l.debit - l.credit) else l.debit - l.credit end) as amount
        from bank_accounts b join journal_lines l on l.org_id = b.org_id and l.account_id = b.account_id
        group by 1, 2, 3
    ) moved
    join journal_entries e on e.org_id = moved.org_id and e.id = moved.entry_id and e.status = 'posted' and e.kind = 'standard' and e.reversal_of_id is null
    left join (
        select m.org_id, x.bank_account_id, m.entry_id, sum(m.amount) as amount
        from bank_matches m join bank_statement_lines x on x.org_id = m.org_id and x.id = m.line_id
        group by 1, 2, 3
    ) explained on explained.org_id = moved.org_id and explained.bank_account_id = moved.bank_account_id and explained.entry_id = moved.entry_id;
grant select on bank_match_candidates to backoffice_service;

-- Proposals for unmatched lines, the best first, each with its score of 100 and its reasons. Lines and candidates meet by a
-- reference that the line quotes or by the amount to the cent, and never all with all.
create function bank_proposals(in_lines uuid[], in_most int) returns table (
    line_id uuid, kind text, id uuid, number text, "on" date, amount numeric, description text, party_id uuid, party_name text, score int, reasons text[]
-- What a statement has is not known beforehand, and a loop over ten thousand lines and ten thousand candidates would be planned.
) language sql stable set enable_nestloop = off set jit = off as $$
    with wanted as materialized (
        select l.id, l.bank_account_id, l.booked_on, l.amount, upper(concat_ws(' ', l.reference, l.end_to_end_id, l.text)) as said, upper(l.counterparty_name) as party
        from bank_statement_lines l where l.org_id = (select current_org()) and l.status = 'unmatched' and l.id = any(in_lines)
    ), candidates as materialized (
        select c.*, row_number() over (partition by c.bank_account_id, c.amount order by c."on", c.id) as nth from bank_match_candidates c
        where c.org_id = (select current_org()) and c.amount <> 0 and c.bank_account_id in (select bank_account_id from wanted)
    ), quoted as (
        select distinct w.id as line_id, w.bank_account_id, word
        from wanted w cross join lateral regexp_split_to_table(w.said, '[^A-Z0-9/._-]+') word where length(word) > 2
    ), pairs as materialized (
        select q.line_id, c.bank_account_id, c.kind, c.id from quoted q join candidates c on c.bank_account_id = q.bank_account_id and c.key = q.word
        union
        select q.line_id, c.bank_account_id, c.kind, c.id from quoted q join candidates c on c.bank_account_id = q.bank_account_id and upper(c.number) = q.word
        union
        select w.id, c.bank_account_id, c.kind, c.id from wanted w join candidates c on c.bank_account_id = w.bank_account_id and c.amount = w.amount where c.nth <= 20
    ), scored as (
        select p.line_id, c.kind, c.id, c.number, c."on", c.amount, c.description, c.party_id, c.party_name, w.booked_on,
            coalesce(c.key = any(q.words), false) or coalesce(upper(c.number) = any(q.words), false) as has_reference, c.amount = w.amount as has_amount,
            coalesce(w.party <> '' and w.party = upper(c.party_name), false) as has_party, abs(c."on" - w.booked_on) <= 5 as has_day
        from pairs p join wanted w on w.id = p.line_id join candidates c on c.id = p.id and c.kind = p.kind and c.bank_account_id = p.bank_account_id
        left join (select line_id, array_agg(word) as words from quoted group by 1) q on q.line_id = p.line_id
    ), ranked as (
        select s.*, 40 * has_reference::int + 40 * has_amount::int + 10 * has_party::int + 10 * has_day::int as score,
            row_number() over (partition by line_id order by 40 * has_reference::int + 40 * has_amount::int + 10 * has_party::int + 10 * has_day::int desc,
                abs(s."on" - booked_on), s.id) as place
        from scored s
    )
    select line_id, kind, id, number, "on", amount, description, party_id, party_name, score, array_remove(array[
        case when has_reference then 'reference' end, case when has_amount then 'amount' end, case when has_party then 'party' end, case when has_day then 'date' end], null)
    from ranked where place <= in_most order by line_id, place
$$;
