create or replace function post_entries(in_entries jsonb) returns jsonb language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    moment constant timestamptz := clock_timestamp();
    faults jsonb;
    entry record;
    period record;
    number text;
    sum numeric;
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

    for entry in
        select x.*, jsonb_array_length(e -> 'lines') as line_count
        from jsonb_array_elements(in_entries) with ordinality as given (e, place)
        cross join jsonb_to_record(e) x (id uuid, journal_id uuid, journal text, posted_on date, description text, reference text, kind text, resource text,
            resource_id uuid, reverse_on date, reversal_of_id uuid, recurring_entry_id uuid)
        order by place
    loop
        entry.journal_id := coalesce(entry.journal_id, journal_for(entry.journal));
        select p.id, y.code as year, j.code as journal into strict period
            from fiscal_periods p join fiscal_years y on y.org_id = p.org_id and y.id = p.fiscal_year_id cross join journals j
            where p.org_id = org and p.starts_on = date_trunc('month', entry.posted_on)::date and j.org_id = org and j.id = entry.journal_id;
        select sum(debit) into sum from journal_lines where org_id = org and entry_id = entry.id;
        number := take_number('journal-entries', entry.posted_on, entry.id, gen_random_uuid(), period.journal, period.year);
        insert into journal_entries as known (org_id, id, number, journal_id, fiscal_period_id, posted_on, description, reference, status, kind, total, line_count, resource,
                resource_id, reverse_on, reversal_of_id, recurring_entry_id, posted_at)
            values (org, entry.id, number, entry.journal_id, period.id, entry.posted_on, entry.description, entry.reference, 'posted', coalesce(entry.kind, 'standard'),
                sum, entry.line_count, entry.resource, entry.resource_id, entry.reverse_on, entry.reversal_of_id, entry.recurring_entry_id, now())
            on conflict (org_id, id) do update set number = excluded.number, fiscal_period_id = excluded.fiscal_period_id, status = 'posted', lines = null,
                total = excluded.total, line_count = excluded.line_count, posted_at = excluded.posted_at
            where known.status = 'draft';
        if entry.reversal_of_id is not null then
            update journal_entries set status = 'reversed', reversed_by_id = entry.id where org_id = org and id = entry.reversal_of_id;
        end if;
    end loop;
    return null;
end $$;

drop function open_items_on, control_accounts;
drop index open_items_that_are_open, invoices_in_instalments, bills_in_instalments;
drop trigger keep_undone on allocations;
drop table undone_allocations;
drop function keep_undone_allocations;
delete from managed_tables where name = 'undone_allocations';
