-- What closing the books looks at: what was open on any day of the past, and what the books say to the documents.

-- Allocations that were undone. What is open now knows nothing of them; what was open while they held does.
create table undone_allocations (
    org_id             uuid          not null,
    id                 uuid          not null,
    debit_item_id      uuid          not null,
    credit_item_id     uuid          not null,
    debit_amount       numeric(20,4) not null,
    debit_base_amount  numeric(20,4) not null,
    credit_amount      numeric(20,4) not null,
    credit_base_amount numeric(20,4) not null,
    allocated_on       date          not null,
    -- From this day on both documents are open again.
    undone_on          date          not null,
    journal_entry_id   uuid,
    primary key (org_id, id),
    constraint undone_allocations_debit_item_id_fkey foreign key (org_id, debit_item_id) references open_items (org_id, id),
    constraint undone_allocations_credit_item_id_fkey foreign key (org_id, credit_item_id) references open_items (org_id, id),
    constraint undone_allocations_journal_entry_id_fkey foreign key (org_id, journal_entry_id) references journal_entries (org_id, id)
);
create index undone_allocations_by_debit on undone_allocations (org_id, debit_item_id);
create index undone_allocations_by_credit on undone_allocations (org_id, credit_item_id);
create index undone_allocations_by_entry on undone_allocations (org_id, journal_entry_id);
create index undone_allocations_by_undone_on on undone_allocations (org_id, undone_on);
select manage_record('undone_allocations');
grant select, update (undone_on) on undone_allocations to backoffice_service;

-- Whoever undoes one says on which day; until then, it is today.
create function keep_undone_allocations() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into undone_allocations (org_id, id, debit_item_id, credit_item_id, debit_amount, debit_base_amount, credit_amount, credit_base_amount,
            allocated_on, undone_on, journal_entry_id)
        select org_id, id, debit_item_id, credit_item_id, debit_amount, debit_base_amount, credit_amount, credit_base_amount,
            allocated_on, greatest(allocated_on, (now() at time zone 'utc')::date), journal_entry_id
        from rows;
    return null;
end $$;
create trigger keep_undone after delete on allocations referencing old table as rows for each statement execute function keep_undone_allocations();

-- What is open now is a small part of what ever was.
create index open_items_that_are_open on open_items (org_id, party_id, due_on) where open_amount > 0;
create index invoices_in_instalments on invoices (org_id, id) where jsonb_array_length(instalments) > 1;
create index bills_in_instalments on bills (org_id, id) where jsonb_array_length(instalments) > 1;

-- The accounts of customers (`asset`) or of suppliers (`liability`): those with the role, those that parties name, and those that
-- something is or was open on.
create function control_accounts(in_type text) returns table (id uuid, code text, name text) language sql stable as $$
    select a.id, a.code, a.name from accounts a
    where a.org_id = (select current_org()) and a.type = in_type and not a.is_group and (
        a.role = case in_type when 'asset' then 'receivable' else 'payable' end
        -- Ordered, so that it is looked up by an index: most accounts have none, and all items would be read to know that.
        or (select i.id from open_items i where i.org_id = a.org_id and i.account_id = a.id order by i.posted_on limit 1) is not null
        or exists (select from parties p where p.org_id = a.org_id and p.receivable_account_id = a.id)
        or exists (select from parties p where p.org_id = a.org_id and p.payable_account_id = a.id))
$$;

-- What was open at the end of a day, on accounts of customers or of suppliers, of one party or of all: an instalment a row, debits above
-- zero, credits below. What is open now, and with that what was settled later; less what was settled then and undone later.
-- The earliest instalments are settled first. Below nothing is open where a document was settled anew, dated before the day on which what
-- had settled it was undone: on the days between, the books have it settled twice.
create function open_items_on(in_day date, in_type text, in_party uuid) returns table (
    id uuid, resource text, number text, party_id uuid, account_id uuid, currency text, posted_on date, due_on date, journal_entry_id uuid,
    is_whole boolean, is_credit boolean, open_amount numeric, open_base_amount numeric
) language sql stable as $$
    with later as materialized (
        select each.item_id, sum(each.amount) as amount, sum(each.base_amount) as base_amount from (
            select a.debit_item_id, a.debit_amount, a.debit_base_amount from allocations a
                where a.org_id = (select current_org()) and a.allocated_on > in_day
            union all
            select a.credit_item_id, a.credit_amount, a.credit_base_amount from allocations a
                where a.org_id = (select current_org()) and a.allocated_on > in_day
            union all
            select a.debit_item_id, -a.debit_amount, -a.debit_base_amount from undone_allocations a
                where a.org_id = (select current_org()) and a.undone_on > in_day and a.allocated_on <= in_day
            union all
            select a.credit_item_id, -a.credit_amount, -a.credit_base_amount from undone_allocations a
                where a.org_id = (select current_org()) and a.undone_on > in_day and a.allocated_on <= in_day
        ) each (item_id, amount, base_amount) group by 1
    ), open as (
        select i.id, i.resource, i.number, i.party_id, i.account_id, i.side, i.currency, i.posted_on, i.due_on, i.journal_entry_id, i.amount,
            i.open_amount + coalesce(l.amount, 0) as open, i.open_base_amount + coalesce(l.base_amount, 0) as base
        from open_items i left join later l on l.item_id = i.id
        where i.org_id = (select current_org()) and i.open_amount > 0 and i.posted_on <= in_day and (in_party is null or i.party_id = in_party)
        union all
        select i.id, i.resource, i.number, i.party_id, i.account_id, i.side, i.currency, i.posted_on, i.due_on, i.journal_entry_id, i.amount,
            l.amount, l.base_amount
        from later l join open_items i on i.org_id = (select current_org()) and i.id = l.item_id
        where i.open_amount = 0 and i.posted_on <= in_day and (in_party is null or i.party_id = in_party)
    ), items as materialized (
        select o.*, case o.side when 'debit' then 1 else -1 end as sign from open o
        where (o.open, o.base) <> (0, 0) and o.account_id in (select c.id from control_accounts(in_type) c)
    ), terms as materialized (
        select d.id, d.instalments from invoices d where d.org_id = (select current_org()) and jsonb_array_length(d.instalments) > 1
        union all
        select d.id, d.instalments from bills d where d.org_id = (select current_org()) and jsonb_array_length(d.instalments) > 1
    ), parts as (
        select i.id, t.place, t.due_on, greatest(0, least(t.amount, sum(t.amount) over so_far - (i.amount - i.open))) as open,
            i.open as whole, i.base as whole_base
        from items i
        join terms on terms.id = i.id and i.open > 0
        cross join lateral (
            select p.ordinality as place, (p.value ->> 'due_on')::date as due_on, (p.value ->> 'amount')::numeric as amount
            from jsonb_array_elements(terms.instalments) with ordinality p
        ) t
        window so_far as (partition by i.id order by t.place)
    ), worth as (
        select p.id, p.place, p.due_on, p.open,
            round(p.whole_base * sum(p.open) over so_far / p.whole, (select currency_decimals(books_currency())))
                - round(p.whole_base * (sum(p.open) over so_far - p.open) / p.whole, (select currency_decimals(books_currency()))) as base
        from parts p
        window so_far as (partition by p.id order by p.place)
    )
    select i.id, i.resource, i.number, i.party_id, i.account_id, i.currency, i.posted_on, coalesce(w.due_on, i.due_on), i.journal_entry_id,
        w.id is null and i.open = i.amount, i.side = 'credit', i.sign * coalesce(w.open, i.open), i.sign * coalesce(w.base, i.base)
    from items i left join worth w on w.id = i.id and w.open > 0
$$;

-- Posts entries, as before: now all of them in one statement, since thousands come in one file.
create or replace function post_entries(in_entries jsonb) returns jsonb language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    moment constant timestamptz := clock_timestamp();
    faults jsonb;
    entry record;
    period record;
    -- Journals by the type that entries name.
    chosen jsonb := '{}';
begin
    -- In one order for all: months, then accounts; numbers last.
    perform pg_advisory_xact_lock_shared(lock_of_month(month)) from (
        select distinct date_trunc('month', (e ->> 'posted_on')::date)::date as month from jsonb_array_elements(in_entries) e order by 1) months;
    perform from accounts where org_id = org and id in (
        select (l ->> 'account_id')::uuid from jsonb_array_elements(in_entries) e cross join jsonb_array_elements(e -> 'lines') l) order by id for key share;

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
    faults := nullif(coalesce(faults, '[]') || coalesce(entry_faults(in_entries), '[]'), '[]');
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
            department_id, cost_centre_id, project_id, party_id, is_closing)
        select org, ordered_uuid(moment, row_number() over (order by l.entry, l.line)), l.entry_id, l.line, l.posted_on, l.account_id, l.debit, l.credit, l.currency,
            l.foreign_debit, l.foreign_credit, l.rate, l.description, l.department_id, l.cost_centre_id, l.project_id, l.party_id, l.is_closing
        from entry_lines(in_entries) l;

    -- Documents name the type of their journal.
    for entry in select distinct e ->> 'journal' as type from jsonb_array_elements(in_entries) e where e ->> 'journal_id' is null order by 1 loop
        chosen := chosen || jsonb_build_object(entry.type, journal_for(entry.type));
    end loop;
    insert into journal_entries as known (org_id, id, number, journal_id, fiscal_period_id, posted_on, description, reference, status, kind, total, line_count, resource,
            resource_id, reverse_on, reversal_of_id, recurring_entry_id, posted_at)
        select org, given.id, take_number('journal-entries', given.posted_on, given.id, gen_random_uuid(), given.journal_code, given.year_code), given.journal_id,
            given.period_id, given.posted_on, given.description, given.reference, 'posted', coalesce(given.kind, 'standard'), given.total, given.line_count,
            given.resource, given.resource_id, given.reverse_on, given.reversal_of_id, given.recurring_entry_id, now()
        -- Numbers are taken in this order, one after the other.
        from (
            select x.*, j.id as journal_id, j.code as journal_code, p.id as period_id, y.code as year_code, l.total, jsonb_array_length(e -> 'lines') as line_count
            from jsonb_array_elements(in_entries) with ordinality as each (e, place)
            cross join jsonb_to_record(e) x (id uuid, posted_on date, description text, reference text, kind text, resource text, resource_id uuid, reverse_on date,
                reversal_of_id uuid, recurring_entry_id uuid)
            join journals j on j.org_id = org and j.id = coalesce((e ->> 'journal_id')::uuid, (chosen ->> (e ->> 'journal'))::uuid)
            join fiscal_periods p on p.org_id = org and p.starts_on = date_trunc('month', x.posted_on)::date
            join fiscal_years y on y.org_id = org and y.id = p.fiscal_year_id
            cross join lateral (select sum(debit) as total from journal_lines where org_id = org and entry_id = x.id) l
            order by place offset 0
        ) given
        on conflict (org_id, id) do update set number = excluded.number, fiscal_period_id = excluded.fiscal_period_id, status = 'posted', lines = null,
            total = excluded.total, line_count = excluded.line_count, posted_at = excluded.posted_at
        where known.status = 'draft';
    if jsonb_path_exists(in_entries, '$[*].reversal_of_id ? (@ != null)') then
        update journal_entries o set status = 'reversed', reversed_by_id = (e ->> 'id')::uuid
            from jsonb_array_elements(in_entries) e where o.org_id = org and o.id = (e ->> 'reversal_of_id')::uuid;
    end if;
    return null;
end $$;
