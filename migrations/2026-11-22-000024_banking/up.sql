-- What banks say was booked in the organization's accounts, and which of it is in the ledger. What the bank said never changes;
-- what explains it in the books comes to exactly its amount, and no entry explains more than it moved.

-- What the columns of a bank's CSV mean.
create table bank_statement_mappings (
    org_id               uuid not null,
    id                   uuid not null,
    name                 text not null constraint bank_statement_mappings_name_length check (length(name) between 1 and 100),
    delimiter            text not null default 'comma' constraint bank_statement_mappings_delimiter_check check (delimiter in ('comma', 'semicolon', 'tab', 'pipe')),
    skipped_lines        int  not null default 0 constraint bank_statement_mappings_skipped_lines_range check (skipped_lines between 0 and 1000),
    date_format          text not null constraint bank_statement_mappings_date_format_length check (length(date_format) between 6 and 14),
    decimal_separator    text not null default 'point' constraint bank_statement_mappings_decimal_separator_check check (decimal_separator in ('point', 'comma')),
    booking_day          text not null,
    value_day            text,
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
    -- What the columns of its CSV meant; files of the account are read by it until they name another.
    mapping_id       uuid,
    -- What it follows: one opens with what the one before closed with, and stays as long as another follows.
    previous_id      uuid,
    primary key (org_id, id),
    constraint bank_statements_bank_account_id_fkey foreign key (org_id, bank_account_id) references bank_accounts (org_id, id),
    constraint bank_statements_mapping_id_fkey foreign key (org_id, mapping_id) references bank_statement_mappings (org_id, id),
    constraint bank_statements_ordinal_key unique (org_id, bank_account_id, ordinal),
    constraint bank_statements_closing_balance_key unique (org_id, id, bank_account_id, closing_balance),
    constraint a_statement_opens_with_what_the_last_one_closed_with foreign key (org_id, previous_id, bank_account_id, opening_balance)
        references bank_statements (org_id, id, bank_account_id, closing_balance) deferrable initially deferred,
    constraint all_statements_but_the_first_follow_one check ((previous_id is null) = (ordinal = 1)),
    constraint a_statement_ends_after_it_begins check (from_on <= to_on)
);
create index bank_statements_by_previous on bank_statements (org_id, previous_id, bank_account_id, opening_balance);
create index bank_statements_by_day on bank_statements (org_id, to_on, id);
create index bank_statements_by_file on bank_statements (org_id, sha256);
create index bank_statements_by_mapping on bank_statements (org_id, mapping_id);
create function follow_last_statement() returns trigger language plpgsql as $$
begin
    new.previous_id := (select s.id from bank_statements s
        where s.org_id = new.org_id and s.bank_account_id = new.bank_account_id and s.ordinal = new.ordinal - 1);
    return new;
end $$;
create trigger follow_last_statement before insert on bank_statements
    for each row execute function follow_last_statement();
select manage_resource('bank_statements', secret => '{previous_id}');
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
create index bank_statement_lines_by_rule on bank_statement_lines (org_id, rule_id) where rule_id is not null;
select manage_resource('bank_statement_lines', secret => '{digest,occurrence}', personal => '{counterparty_name,counterparty_account,text}');
revoke update, delete on bank_statement_lines from backoffice_service;
grant update (status, rule_id) on bank_statement_lines to backoffice_service;

-- How much of a line which entry explains.
create table bank_matches (
    org_id     uuid    not null,
    line_id    uuid    not null,
    entry_id   uuid    not null,
    amount     numeric(20, 4) not null constraint bank_matches_amount_range check (amount <> 0),
    -- Whether it was posted for the line, and is booked back where the line is taken back.
    is_own     boolean not null default false,
    created_at timestamptz not null default now(),
    primary key (org_id, line_id, entry_id),
    constraint bank_matches_line_id_fkey foreign key (org_id, line_id) references bank_statement_lines (org_id, id),
    constraint bank_matches_entry_id_fkey foreign key (org_id, entry_id) references journal_entries (org_id, id)
);
create index bank_matches_by_entry on bank_matches (org_id, entry_id);
select manage_record('bank_matches');
grant select, insert, delete on bank_matches to backoffice_service;

-- What a line of the ledger moved in a bank account, in the currency of that.
create function moved_in_bank(line journal_lines, bank_currency text, books text) returns numeric language sql immutable as $$
    select case when line.currency = bank_currency then coalesce(line.foreign_debit - line.foreign_credit, line.debit - line.credit)
        when bank_currency = books then line.debit - line.credit else 0 end
$$;

-- An entry explains no more than it moved, and on the same side. Those who match the same one take turns; what was posted just
-- now for a line is nobody else's. A statement has ten thousand lines or one, and what is known of the size of the tables may
-- be from before the ten thousand: so each table is looked up by the keys at hand, which the plan knows, and no loop is made.
create function keep_matches() returns trigger language plpgsql security definer set search_path = public, pg_temp
    set enable_nestloop = off set plan_cache_mode = force_custom_plan set jit = off as $$
declare
    org constant uuid := current_org();
    books constant text := books_currency();
    entries constant uuid[] := array(select distinct entry_id from new_rows);
    others constant uuid[] := array(select entry_id from new_rows where not is_own);
    lines uuid[];
    banks uuid[];
begin
    perform from journal_entries where org_id = org and id = any(others) order by id for no key update;
    lines := array(select distinct line_id from bank_matches where org_id = org and entry_id = any(entries));
    banks := array(select distinct bank_account_id from bank_statement_lines where org_id = org and id = any(lines));
    if exists (
        select from (
            select l.bank_account_id, m.entry_id, sum(m.amount) as amount, min(sign(m.amount)) as least, max(sign(m.amount)) as most
            from bank_matches m join bank_statement_lines l on l.id = m.line_id
            where m.org_id = org and m.entry_id = any(entries) and l.org_id = org and l.id = any(lines)
            group by 1, 2
        ) explained
        left join (
            select b.id as bank_account_id, j.entry_id, sum(moved_in_bank(j, b.currency, books)) as amount
            from journal_lines j join bank_accounts b on b.account_id = j.account_id
            where j.org_id = org and j.entry_id = any(entries) and b.org_id = org and b.id = any(banks)
            group by 1, 2
        ) moved on moved.bank_account_id = explained.bank_account_id and moved.entry_id = explained.entry_id
        where abs(explained.amount) > abs(coalesce(moved.amount, 0)) or explained.least <> sign(moved.amount) or explained.most <> sign(moved.amount)) then
        raise exception 'too much' using errcode = 'restrict_violation', table = 'bank_matches',
            constraint = 'an_entry_explains_no_more_than_it_moved_in_the_bank_account';
    end if;
    return null;
end $$;
create trigger keep_matches after insert on bank_matches referencing new table as new_rows for each statement execute function keep_matches();

-- A line is explained by entries that come to its amount, or by none. A line and what explains it are written in one statement.
create function keep_lines_explained() returns trigger language plpgsql security definer set search_path = public, pg_temp
    set enable_nestloop = off set plan_cache_mode = force_custom_plan set jit = off as $$
declare
    org constant uuid := current_org();
    lines uuid[];
begin
    if tg_table_name = 'bank_matches' then
        lines := array(select distinct line_id from changed);
    else
        lines := array(select id from changed);
    end if;
    if exists (
        select from bank_statement_lines l
        left join (
            select m.line_id, sum(m.amount) as amount from bank_matches m where m.org_id = org and m.line_id = any(lines) group by 1
        ) explained on explained.line_id = l.id
        where l.org_id = org and l.id = any(lines) and coalesce(explained.amount, 0) <> case l.status when 'unmatched' then 0 else l.amount end) then
        raise exception 'not explained' using errcode = 'check_violation', table = 'bank_statement_lines', constraint = 'entries_explain_a_line_to_the_cent';
    end if;
    return null;
end $$;
create trigger keep_explained after update on bank_statement_lines referencing new table as changed
    for each statement execute function keep_lines_explained();
create trigger keep_explained after insert on bank_matches referencing new table as changed
    for each statement execute function keep_lines_explained();
create trigger keep_explained_again after delete on bank_matches referencing old table as changed
    for each statement execute function keep_lines_explained();

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
        from (
            select j.entry_id, j.posted_on, sum(moved_in_bank(j, a.currency, (select books_currency()))) as amount
            from account a join journal_lines j on j.org_id = a.org_id and j.account_id = a.account_id and j.posted_on <= in_day
            group by 1, 2) moved
        where moved.amount <> 0
    ), entries as (
        select e.id, e.number, e.posted_on, e.description, e.reference, e.resource, e.resource_id, moved.amount, moved.open
        from moved join journal_entries e on e.org_id = (select current_org()) and e.id = moved.entry_id
        where moved.open <> 0 and not exists (
            select from moved other where other.entry_id in (e.reversed_by_id, e.reversal_of_id) and other.open = -moved.open and moved.open = moved.amount)
    ), placed as (
        select entries.*, open = amount and posted_on < (select from_on from first) as is_before from entries
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
        'bank_account_id', a.id, 'name', a.name, 'account_id', a.account_id, 'on', in_day, 'currency', a.currency, 'statements_to', (select to_on from last),
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

-- What people quote, without what they leave out or put in: `INV-2026-000041` and `inv 2026/000041` of it are one.
create function squeezed(written text) returns text language sql immutable parallel safe as $$
    select regexp_replace(upper(written), '[^[:alnum:]]', '', 'g')
$$;

-- What unmatched lines may be, the best first, each with its score of 100 and its reasons: entries that moved money in the bank
-- account and that no line explains yet, half a year back at the most; and what is open of documents and payments, which the
-- line settles. They meet by what the line quotes, by the amount to the cent, all of it or less the discount that its terms give for
-- paying that early, by the payer's account or name, and never all with all: of what looks the same the twenty oldest are looked at.
create function bank_proposals(in_lines uuid[], in_most int, in_sure boolean default false) returns table (
    line_id uuid, kind text, id uuid, resource text, number text, "on" date, currency text, amount numeric, discount_amount numeric,
    description text, party_id uuid, party_name text, score int, reasons text[]
-- What a statement has is not known beforehand, and a loop over ten thousand lines and ten thousand candidates would be planned.
) language sql stable set enable_nestloop = off set enable_seqscan = off set jit = off as $$
    with wanted as materialized (
        select l.id, l.bank_account_id, b.account_id, l.currency, l.booked_on, l.amount, sign(l.amount) as side,
            upper(concat_ws(' ', l.reference, l.end_to_end_id, l.text)) as said, squeezed(l.counterparty_name) as party, squeezed(l.counterparty_account) as account
        from bank_statement_lines l join bank_accounts b on b.org_id = l.org_id and b.id = l.bank_account_id
        where l.org_id = (select current_org()) and l.status = 'unmatched' and l.id = any(in_lines)
    ), moved as materialized (
        select j.account_id, j.entry_id, sum(moved_in_bank(j, a.currency, (select books_currency()))) as amount
        from journal_lines j join (select distinct w.account_id, w.currency from wanted w) a on a.account_id = j.account_id
        where j.org_id = (select current_org()) and j.account_id = any(array(select w.account_id from wanted w))
            and j.posted_on between (select min(w.booked_on) - 183 from wanted w) and (select max(w.booked_on) + 31 from wanted w)
        group by 1, 2
    ), explained as materialized (
        select l.bank_account_id, m.entry_id, sum(m.amount) as amount
        from bank_matches m join bank_statement_lines l on l.org_id = m.org_id and l.id = m.line_id
        where m.org_id = (select current_org()) and m.entry_id = any(array(select moved.entry_id from moved))
            and l.id = any(array(select m.line_id from bank_matches m where m.org_id = (select current_org()) and m.entry_id = any(array(select moved.entry_id from moved))))
        group by 1, 2
    ), unexplained as materialized (
        select b.bank_account_id, moved.entry_id, moved.amount - coalesce(explained.amount, 0) as amount
        from moved join (select distinct w.bank_account_id, w.account_id from wanted w) b on b.account_id = moved.account_id
        left join explained on explained.bank_account_id = b.bank_account_id and explained.entry_id = moved.entry_id
        where moved.amount <> coalesce(explained.amount, 0)
    ), entries as materialized (
        select u.bank_account_id, e.id, e.number, e.reference, e.posted_on as "on", e.description, u.amount,
            row_number() over (partition by u.bank_account_id, u.amount order by e.posted_on, e.id) as nth
        from unexplained u join journal_entries e on e.org_id = (select current_org()) and e.id = u.entry_id
        where e.id = any(array(select u.entry_id from unexplained u)) and e.status = 'posted' and e.kind = 'standard'
            -- What took back a booking that the bank had shown, the bank may show as well.
            and (e.reversal_of_id is null or exists (select from bank_matches m where m.org_id = e.org_id and m.entry_id = e.reversal_of_id))
    ), open as materialized (
        select i.id, i.resource, i.number, i.due_on as "on", i.currency, i.party_id, case i.side when 'debit' then 1 else -1 end as side,
            case i.side when 'debit' then i.open_amount else -i.open_amount end as amount, i.open_amount = i.amount as is_whole
        from open_items i where i.org_id = (select current_org()) and i.open_amount > 0
    ), discounts as materialized (
        select d.id, d.issued_on + t.discount_days as until, round(o.amount * t.discount_percent / 100, currency_decimals(o.currency)) as discount
        from (
            select v.id, v.issued_on, v.payment_terms_id, 'discounts_given' as role from invoices v
                where v.org_id = (select current_org()) and v.id = any(array(select o.id from open o where o.is_whole and o.resource = 'invoices'))
            union all
            select b.id, b.issued_on, b.payment_terms_id, 'discounts_taken' from bills b
                where b.org_id = (select current_org()) and b.id = any(array(select o.id from open o where o.is_whole and o.resource = 'bills'))
        ) d
        join open o on o.id = d.id
        join payment_terms t on t.org_id = (select current_org()) and t.id = d.payment_terms_id and t.discount_days is not null
        -- What is sure is booked at once, so there is an account for it.
        where not in_sure or d.role in (select a.role from accounts a where a.org_id = (select current_org()) and a.status = 'active')
    ), items as materialized (
        select o.*, p.name as party_name, squeezed(p.name) as party, d.until, o.amount - d.discount as reduced, abs(d.discount) as discount,
            row_number() over (partition by o.currency, o.amount order by o."on", o.id) as nth,
            row_number() over (partition by o.currency, o.amount - d.discount order by o."on", o.id) as nth_reduced,
            row_number() over (partition by o.party_id, o.side order by o."on", o.id) as nth_of_party
        from open o join parties p on p.org_id = (select current_org()) and p.id = o.party_id
        left join discounts d on d.id = o.id and d.discount <> 0
        where p.id = any(array(select o.party_id from open o))
    ), keys as materialized (
        select k.*, row_number() over (partition by k.bank_account_id, k.key order by k.id) as nth from (
            select e.bank_account_id, 'journal_entry' as kind, e.id, squeezed(e.number) as key from entries e
            union select e.bank_account_id, 'journal_entry', e.id, squeezed(e.reference) from entries e where e.reference is not null
            union select null, 'open_item', i.id, squeezed(i.number) from items i
            -- A supplier's own number of a bill, and a customer's of an invoice.
            union select null, 'open_item', b.id, squeezed(b.supplier_number) from bills b
                where b.org_id = (select current_org()) and b.id = any(array(select i.id from items i where i.resource = 'bills'))
            union select null, 'open_item', v.id, squeezed(v.reference) from invoices v
                where v.org_id = (select current_org()) and v.id = any(array(select i.id from items i where i.resource = 'invoices')) and v.reference is not null
        ) k where length(k.key) > 2
    ), quoted as materialized (
        select distinct w.id as line_id, w.bank_account_id, squeezed(word) as word
        from wanted w cross join lateral regexp_split_to_table(w.said, '[^[:alnum:]/._-]+') word where length(squeezed(word)) > 2
    ), referred as materialized (
        select q.line_id, k.kind, k.id from quoted q join keys k on k.bank_account_id = q.bank_account_id and k.key = q.word where k.nth <= 20
        union select q.line_id, k.kind, k.id from quoted q join keys k on k.key = q.word where k.bank_account_id is null and k.nth <= 20
    ), payers as materialized (
        select distinct w.id as line_id, a.party_id
        from wanted w join party_bank_accounts a on a.org_id = (select current_org()) and a.iban = w.account
        where a.iban = any(array(select w.account from wanted w))
    ), pairs as materialized (
        select r.line_id, r.kind, r.id from referred r
        union select w.id, 'journal_entry', e.id from wanted w join entries e on e.bank_account_id = w.bank_account_id and e.amount = w.amount
            where e.nth <= 20 and not in_sure
        union select w.id, 'open_item', i.id from wanted w join items i on i.currency = w.currency and i.amount = w.amount
            where i.nth <= 20 and not in_sure
        union select w.id, 'open_item', i.id from wanted w join items i on i.currency = w.currency and i.reduced = w.amount
            where i.nth_reduced <= 20 and w.booked_on <= i.until and not in_sure
        union select w.id, 'open_item', i.id from wanted w join payers p on p.line_id = w.id join items i on i.party_id = p.party_id and i.side = w.side
            where i.nth_of_party <= 20
        union select w.id, 'open_item', i.id from wanted w join items i on i.party = w.party and i.side = w.side
            where i.nth_of_party <= 20 and not in_sure
    ), candidates as (
        select e.bank_account_id, 'journal_entry' as kind, e.id, null::text as resource, e.number, e."on", null::text as currency, e.amount,
            null::numeric as reduced, null::date as until, null::numeric as discount,
            e.description, null::uuid as party_id, null::text as party_name, null::text as party from entries e
        union all select null, 'open_item', i.id, i.resource, i.number, i."on", i.currency, i.amount, i.reduced, i.until, i.discount,
            null, i.party_id, i.party_name, i.party from items i
    ), scored as (
        select p.line_id, c.kind, c.id, c.resource, c.number, c."on", coalesce(c.currency, w.currency) as currency, c.amount, c.description, c.party_id, c.party_name,
            case when c.reduced = w.amount and c.currency = w.currency and w.booked_on <= c.until then c.discount end as discount_amount,
            w.booked_on, r.id is not null as has_reference, coalesce(c.currency, w.currency) = w.currency
                and (c.amount = w.amount or coalesce(c.reduced = w.amount and w.booked_on <= c.until, false)) as has_amount,
            y.party_id is not null as has_account, coalesce(w.party <> '' and w.party = c.party, false) as has_party, abs(c."on" - w.booked_on) <= 5 as has_day
        from pairs p join wanted w on w.id = p.line_id
        join candidates c on c.id = p.id and c.kind = p.kind
        left join referred r on r.line_id = p.line_id and r.kind = p.kind and r.id = p.id
        left join payers y on y.line_id = p.line_id and y.party_id = c.party_id
        -- An entry is of this account, and money that came in settles what is owed to us.
        where coalesce(c.bank_account_id, w.bank_account_id) = w.bank_account_id and sign(c.amount) = w.side
    ), ranked as (
        select s.*, row_number() over (partition by s.line_id order by s.score desc, abs(s."on" - s.booked_on), s.id) as place from (
            select s.*, 40 * has_reference::int + 30 * has_amount::int + 15 * has_account::int + 5 * has_party::int + 10 * has_day::int as score from scored s) s
    )
    select line_id, kind, id, resource, number, "on", currency, amount, discount_amount, description, party_id, party_name, score, array_remove(array[
        case when has_reference then 'reference' end, case when has_amount then 'amount' end, case when discount_amount is not null then 'discount' end, case when has_account then 'account' end,
        case when has_party then 'party' end, case when has_day then 'date' end], null)
    from ranked where place <= in_most order by line_id, place
$$;

-- Lines of a statement that are surely one thing: of its amount, and quoted or from the payer's account, and neither could the
-- line be another of the kind, nor is another line that.
create function bank_certainties(in_statement uuid) returns table (line_id uuid, kind text, id uuid, party_id uuid, discount_amount numeric)
language sql stable as $$
    with likely as (
        select p.line_id, p.kind, p.id, p.party_id, p.discount_amount, 'reference' = any(p.reasons) as is_quoted
        from bank_proposals(array(select l.id from bank_statement_lines l
            where l.org_id = (select current_org()) and l.statement_id = in_statement and l.status = 'unmatched'), 10, true) p
        where 'amount' = any(p.reasons) and p.reasons && '{reference,account}'
    ), best as (
        select l.*, bool_or(l.is_quoted) over (partition by l.line_id) as line_quotes from likely l
    ), counted as (
        select b.*, count(*) over (partition by b.line_id) as ways, count(*) over (partition by b.kind, b.id) as wanted
        from best b where b.is_quoted = b.line_quotes
    )
    select line_id, kind, id, party_id, discount_amount from counted where ways = 1 and wanted = 1 order by line_id
$$;
