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
