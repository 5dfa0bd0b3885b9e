-- What is sold and bought, and what of it is open: invoices, credit notes, bills, debit notes, and how they settle each other.

-- What is open on a receivable or payable account: a row for each posted document, and for each payment. Its id is the
-- document's. What settles it is an allocation.
create table open_items (
    org_id           uuid          not null,
    id               uuid          not null,
    resource         text          not null constraint open_items_resource_format check (resource ~ '^[a-z][a-z-]{1,62}$'),
    number           text          not null constraint open_items_number_length check (length(number) between 1 and 40),
    party_id         uuid          not null,
    account_id       uuid          not null,
    side             text          not null constraint open_items_side_check check (side in ('debit', 'credit')),
    currency         text          not null constraint open_items_currency_format check (currency ~ '^[A-Z]{3}$'),
    exchange_rate    numeric(20,8) not null constraint open_items_exchange_rate_range check (exchange_rate > 0),
    amount           numeric(20,4) not null constraint open_items_amount_range check (amount > 0),
    -- The same in the organization's currency, as it was booked.
    base_amount      numeric(20,4) not null constraint open_items_base_amount_range check (base_amount >= 0),
    open_amount      numeric(20,4) not null,
    open_base_amount numeric(20,4) not null,
    posted_on        date          not null,
    due_on           date          not null,
    journal_entry_id uuid          not null,
    primary key (org_id, id),
    constraint open_items_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id),
    constraint open_items_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint open_items_journal_entry_id_fkey foreign key (org_id, journal_entry_id) references journal_entries (org_id, id),
    constraint open_is_what_is_not_settled check (open_amount between 0 and amount and open_base_amount between 0 and base_amount),
    constraint what_is_settled_is_settled_in_both_currencies check (open_amount > 0 or open_base_amount = 0)
);
create index open_items_by_party on open_items (org_id, party_id, due_on);
create index open_items_by_account on open_items (org_id, account_id, posted_on);
create index open_items_by_entry on open_items (org_id, journal_entry_id);
select manage_record('open_items');
grant select, insert on open_items to backoffice_service;
-- Whoever may lock a row may update some column of it; what is open follows from the allocations alone.
grant update (number) on open_items to backoffice_service;

create function open_whole() returns trigger language plpgsql as $$
begin
    new.open_amount := new.amount;
    new.open_base_amount := new.base_amount;
    return new;
end $$;
create trigger open_whole before insert on open_items for each row execute function open_whole();

-- What settles what: a credit note an invoice, a payment a bill, an advance an invoice, an invoice a bill.
create table allocations (
    org_id             uuid          not null,
    id                 uuid          not null,
    debit_item_id      uuid          not null,
    credit_item_id     uuid          not null,
    -- What is taken off each, in its own currency, and the same as it was booked there.
    debit_amount       numeric(20,4) not null constraint allocations_debit_amount_range check (debit_amount > 0),
    debit_base_amount  numeric(20,4) not null constraint allocations_debit_base_amount_range check (debit_base_amount >= 0),
    credit_amount      numeric(20,4) not null constraint allocations_credit_amount_range check (credit_amount > 0),
    credit_base_amount numeric(20,4) not null constraint allocations_credit_base_amount_range check (credit_base_amount >= 0),
    allocated_on       date          not null,
    -- What was gained or lost by exchange rates, or moved from one control account to the other; null where nothing was.
    journal_entry_id   uuid,
    primary key (org_id, id),
    constraint allocations_debit_item_id_fkey foreign key (org_id, debit_item_id) references open_items (org_id, id),
    constraint allocations_credit_item_id_fkey foreign key (org_id, credit_item_id) references open_items (org_id, id),
    constraint allocations_journal_entry_id_fkey foreign key (org_id, journal_entry_id) references journal_entries (org_id, id)
);
create index allocations_by_debit on allocations (org_id, debit_item_id, id);
create index allocations_by_credit on allocations (org_id, credit_item_id, id);
create index allocations_by_entry on allocations (org_id, journal_entry_id) where journal_entry_id is not null;
create index allocations_by_allocated_on on allocations (org_id, allocated_on, id);
select manage_resource('allocations');
create index allocations_by_created_at on allocations (org_id, created_at, id);
-- It is made and undone, never changed.
create trigger frozen before update on allocations for each row execute function refuse_change();

-- Takes off both items what settles them, each under its lock and in one order, so that no more is ever taken than is open.
create function settle_open_items() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    taking constant int := case tg_op when 'INSERT' then 1 else -1 end;
    broken text;
    told text;
begin
    perform from open_items where org_id = org and id in (select debit_item_id from rows union select credit_item_id from rows)
        order by id for no key update;
    select case
            when d.side <> 'debit' or c.side <> 'credit' then 'a_debit_is_settled_with_a_credit'
            when d.party_id <> c.party_id then 'what_is_allocated_to_each_other_is_of_one_party'
            else 'in_one_currency_both_sides_are_settled_with_the_same_amount' end
        into broken
        from rows a join open_items d on d.org_id = org and d.id = a.debit_item_id join open_items c on c.org_id = org and c.id = a.credit_item_id
        where d.side <> 'debit' or c.side <> 'credit' or d.party_id <> c.party_id or (d.currency = c.currency and a.debit_amount <> a.credit_amount)
        limit 1;
    if found then
        raise exception '%', broken using errcode = 'restrict_violation', table = 'allocations', constraint = broken;
    end if;
    with taken as (
        select id, taking * sum(amount) as amount, taking * sum(base_amount) as base_amount from (
            select debit_item_id as id, debit_amount as amount, debit_base_amount as base_amount from rows
            union all select credit_item_id, credit_amount, credit_base_amount from rows) each
        group by id
    )
    select min(i.number) into told from open_items i join taken t on t.id = i.id
        where i.org_id = org and (i.open_amount < t.amount or i.open_base_amount < t.base_amount);
    if told is not null then
        raise exception 'more than is open' using errcode = 'restrict_violation', table = 'allocations',
            constraint = format('no_more_is_allocated_to_%s_than_is_open_of_it', told);
    end if;
    update open_items i set open_amount = i.open_amount - t.amount, open_base_amount = i.open_base_amount - t.base_amount
        from (
            select id, taking * sum(amount) as amount, taking * sum(base_amount) as base_amount from (
                select debit_item_id as id, debit_amount as amount, debit_base_amount as base_amount from rows
                union all select credit_item_id, credit_amount, credit_base_amount from rows) each
            group by id) t
        where i.org_id = org and i.id = t.id;
    return null;
end $$;
create trigger settle_open_items after insert on allocations referencing new table as rows
    for each statement execute function settle_open_items();
create trigger open_items_again after delete on allocations referencing old table as rows
    for each statement execute function settle_open_items();

-- The tables of documents are alike but for their `own` columns and constraints.
create function make_documents(table_name text, singular text, own text) returns void language plpgsql as $$
begin
    execute format($ddl$
        create table %1$I (
            org_id            uuid          not null,
            id                uuid          not null,
            -- Taken when it is posted.
            number            text          constraint %1$s_number_length check (length(number) between 1 and 40),
            party_id          uuid          not null,
            %3$s,
            reference         text          constraint %1$s_reference_length check (length(reference) between 1 and 100),
            issued_on         date          not null,
            currency          text          not null constraint %1$s_currency_format check (currency ~ '^[A-Z]{3}$'),
            -- What one unit of the currency is worth in the organization's.
            exchange_rate     numeric(20,8) not null constraint %1$s_exchange_rate_range check (exchange_rate > 0),
            tax_rounding      text          not null constraint %1$s_tax_rounding_check check (tax_rounding in ('line', 'document')),
            lines             jsonb         not null constraint %1$s_lines_type check (jsonb_typeof(lines) = 'array'),
            taxes             jsonb         not null constraint %1$s_taxes_type check (jsonb_typeof(taxes) = 'array'),
            net_amount        numeric(20,4) not null constraint %1$s_net_amount_range check (net_amount >= 0),
            tax_amount        numeric(20,4) not null constraint %1$s_tax_amount_range check (tax_amount >= 0),
            total_amount      numeric(20,4) not null,
            base_net_amount   numeric(20,4) not null constraint %1$s_base_net_amount_range check (base_net_amount >= 0),
            base_tax_amount   numeric(20,4) not null constraint %1$s_base_tax_amount_range check (base_tax_amount >= 0),
            base_total_amount numeric(20,4) not null,
            open_amount       numeric(20,4) not null default 0,
            notes             text          constraint %1$s_notes_length check (length(notes) between 1 and 2000),
            status            text          not null default 'draft' constraint %1$s_status_check
                check (status in ('draft', 'approved', 'posted', 'partially_paid', 'paid', 'void')),
            journal_entry_id  uuid,
            primary key (org_id, id),
            constraint %1$s_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id),
            constraint %1$s_journal_entry_id_fkey foreign key (org_id, journal_entry_id) references journal_entries (org_id, id),
            constraint net_and_tax_are_the_total check (net_amount + tax_amount = total_amount and base_net_amount + base_tax_amount = base_total_amount),
            constraint what_is_open_is_part_of_the_total check (open_amount between 0 and total_amount),
            constraint what_is_posted_has_a_number check ((number is null) = (status in ('draft', 'approved')))
        );
        create unique index %1$s_number_key on %1$I (org_id, number);
        create index %1$s_by_party on %1$I (org_id, party_id, issued_on);
        create index %1$s_by_entry on %1$I (org_id, journal_entry_id);
        create index %1$s_by_issued_on on %1$I (org_id, issued_on, id);
        create index %1$s_by_status on %1$I (org_id, status, id);
        select manage_resource(%1$L, %2$L);
        create index %1$s_by_created_at on %1$I (org_id, created_at, id);
        select approvable(%1$L, '{approve}');
    $ddl$, table_name, singular, own);
end $$;

select make_documents('invoices', 'invoice', $own$
    payment_terms_id  uuid,
    due_on            date          not null,
    -- [{"due_on": "2026-03-31", "amount": "59.50"}, …]
    instalments       jsonb         not null constraint invoices_instalments_type check (jsonb_typeof(instalments) = 'array'),
    -- What credit notes that are posted take back of it.
    credited_amount   numeric(20,4) not null default 0,
    constraint invoices_payment_terms_id_fkey foreign key (org_id, payment_terms_id) references payment_terms (org_id, id),
    constraint due_when_it_is_issued_or_later check (due_on >= issued_on),
    constraint no_more_is_credited_than_the_total check (credited_amount between 0 and total_amount)
$own$);
create index invoices_by_payment_terms on invoices (org_id, payment_terms_id) where payment_terms_id is not null;
create index invoices_by_due_on on invoices (org_id, due_on, id);

select make_documents('credit_notes', 'credit_note', $own$
    invoice_id        uuid          not null,
    reason            text          not null constraint credit_notes_reason_length check (length(reason) between 1 and 500),
    constraint credit_notes_invoice_id_fkey foreign key (org_id, invoice_id) references invoices (org_id, id)
$own$);
create index credit_notes_by_invoice on credit_notes (org_id, invoice_id, id);

-- Bills bear the supplier's number beside ours; the same one twice is the same bill.
select make_documents('bills', 'bill', $own$
    supplier_number   text          not null constraint bills_supplier_number_length check (length(supplier_number) between 1 and 60),
    payment_terms_id  uuid,
    due_on            date          not null,
    instalments       jsonb         not null constraint bills_instalments_type check (jsonb_typeof(instalments) = 'array'),
    credited_amount   numeric(20,4) not null default 0,
    -- What approved budgets warned of when it was posted.
    budget_warnings   jsonb         not null default '[]' constraint bills_budget_warnings_type check (jsonb_typeof(budget_warnings) = 'array'),
    constraint bills_supplier_number_key unique (org_id, party_id, supplier_number),
    constraint bills_payment_terms_id_fkey foreign key (org_id, payment_terms_id) references payment_terms (org_id, id),
    constraint due_when_it_is_issued_or_later check (due_on >= issued_on),
    constraint no_more_is_credited_than_the_total check (credited_amount between 0 and total_amount)
$own$);
create index bills_by_payment_terms on bills (org_id, payment_terms_id) where payment_terms_id is not null;
create index bills_by_due_on on bills (org_id, due_on, id);

select make_documents('debit_notes', 'debit_note', $own$
    bill_id           uuid          not null,
    reason            text          not null constraint debit_notes_reason_length check (length(reason) between 1 and 500),
    constraint debit_notes_bill_id_fkey foreign key (org_id, bill_id) references bills (org_id, id)
$own$);
create index debit_notes_by_bill on debit_notes (org_id, bill_id, id);

-- The maker is not the checker.
create function refuse_own_bill() returns trigger language plpgsql as $$
begin
    if current_actor_id() in (old.created_by, old.updated_by) then
        raise exception 'forbidden: Whoever entered or last changed a bill can not approve it: ask somebody else to.' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger approved_by_another before update of status on bills for each row
    when (old.status = 'draft' and new.status = 'approved') execute function refuse_own_bill();

-- Numbers are taken when documents are posted, and never written by hand.
insert into number_kinds (kind, longest, format, reset) values
    ('invoices', 40, 'INV-{year}-{number:6}', 'yearly'),
    ('credit-notes', 40, 'CN-{year}-{number:6}', 'yearly'),
    ('bills', 40, 'BILL-{year}-{number:6}', 'yearly'),
    ('debit-notes', 40, 'DN-{year}-{number:6}', 'yearly');

-- The lines of all documents, a row each, so that what they refer to stays: kept by triggers alone.
create table document_lines (
    org_id         uuid          not null,
    document_id    uuid          not null,
    line           integer       not null,
    resource       text          not null,
    account_id     uuid          not null,
    department_id  uuid,
    cost_centre_id uuid,
    project_id     uuid,
    quantity       numeric(20,6) not null,
    net_amount     numeric(20,4) not null,
    -- The line of the invoice or bill that it takes back.
    credited_line  integer,
    primary key (org_id, document_id, line),
    constraint document_lines_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint document_lines_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint document_lines_cost_centre_id_fkey foreign key (org_id, cost_centre_id) references cost_centres (org_id, id),
    constraint document_lines_project_id_fkey foreign key (org_id, project_id) references projects (org_id, id)
);
create index document_lines_by_account on document_lines (org_id, account_id);
create index document_lines_by_department on document_lines (org_id, department_id) where department_id is not null;
create index document_lines_by_cost_centre on document_lines (org_id, cost_centre_id) where cost_centre_id is not null;
create index document_lines_by_project on document_lines (org_id, project_id) where project_id is not null;

-- The tax tables of all documents, a row for each code and rate, for returns and so that what was used stays: kept by triggers alone.
create table document_taxes (
    org_id                  uuid          not null,
    document_id             uuid          not null,
    tax_code_id             uuid          not null,
    resource                text          not null,
    rate                    numeric       not null,
    taxed_on                date          not null,
    is_posted               boolean       not null,
    taxable_amount          numeric(20,4) not null,
    tax_amount              numeric(20,4) not null,
    base_taxable_amount     numeric(20,4) not null,
    base_tax_amount         numeric(20,4) not null,
    primary key (org_id, document_id, tax_code_id, rate),
    constraint document_taxes_tax_code_id_fkey foreign key (org_id, tax_code_id) references tax_codes (org_id, id)
);
create index document_taxes_by_code on document_taxes (org_id, tax_code_id, taxed_on);
create index document_taxes_by_day on document_taxes (org_id, taxed_on);

insert into managed_tables (name, kind) values ('document_lines', 'derived'), ('document_taxes', 'derived');
select separate_organizations('document_lines'), separate_organizations('document_taxes');
grant select on document_lines, document_taxes to backoffice_service;

create function keep_document_rows() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    kind constant text := replace(tg_table_name, '_', '-');
begin
    if tg_op = 'DELETE' then
        delete from document_lines where org_id = old.org_id and document_id = old.id;
        delete from document_taxes where org_id = old.org_id and document_id = old.id;
        return null;
    elsif tg_op = 'UPDATE' then
        if (new.lines, new.taxes, new.issued_on) is not distinct from (old.lines, old.taxes, old.issued_on) then
            update document_taxes set is_posted = true
                where org_id = new.org_id and document_id = new.id and not is_posted and new.number is not null;
            return null;
        end if;
        delete from document_lines where org_id = new.org_id and document_id = new.id;
        delete from document_taxes where org_id = new.org_id and document_id = new.id;
    end if;
    insert into document_lines (org_id, document_id, line, resource, account_id, department_id, cost_centre_id, project_id, quantity, net_amount, credited_line)
        select new.org_id, new.id, line, kind, account_id, department_id, cost_centre_id, project_id, quantity, net_amount, credited_line
        from jsonb_to_recordset(new.lines) l (line int, account_id uuid, department_id uuid, cost_centre_id uuid, project_id uuid,
            quantity numeric, net_amount numeric, credited_line int);
    insert into document_taxes (org_id, document_id, tax_code_id, resource, rate, taxed_on, is_posted, taxable_amount, tax_amount, base_taxable_amount, base_tax_amount)
        select new.org_id, new.id, tax_code_id, kind, rate, new.issued_on, new.number is not null, taxable_amount, tax_amount, base_taxable_amount, base_tax_amount
        from jsonb_to_recordset(new.taxes) t (tax_code_id uuid, rate numeric, taxable_amount numeric, tax_amount numeric,
            base_taxable_amount numeric, base_tax_amount numeric);
    if new.net_amount is distinct from (select coalesce(sum(net_amount), 0) from document_lines where org_id = new.org_id and document_id = new.id) then
        raise exception 'lines and net' using errcode = 'check_violation', table = tg_table_name, constraint = 'the_lines_are_the_net_amount';
    end if;
    return null;
end $$;

-- What a posted document has become through what settles it. Nothing is looked up but for what was credited whole.
create function settled_status(in_id uuid, in_total numeric, in_open numeric, in_credited numeric) returns text
    language plpgsql stable as $$
begin
    if in_open = in_total and in_total > 0 then return 'posted'; end if;
    if in_open > 0 then return 'partially_paid'; end if;
    if in_total = 0 or in_credited <> in_total then return 'paid'; end if;
    -- Void is what its own credit notes settled, and nothing else.
    perform from allocations a where a.org_id = (select current_org()) and in_id in (a.debit_item_id, a.credit_item_id)
        and not exists (select from credit_notes c where c.org_id = a.org_id and c.id = a.credit_item_id and c.invoice_id = in_id)
        and not exists (select from debit_notes d where d.org_id = a.org_id and d.id = a.debit_item_id and d.bill_id = in_id);
    return case when found then 'paid' else 'void' end;
end $$;

-- Posted is final. What is open of it, and its state with that, follow from what settles it, whoever writes them.
create function keep_posted_document() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    aside record := new;
    open_now numeric;
    credited numeric := 0;
    was_credited numeric := 0;
begin
    if tg_op = 'UPDATE' then
        aside.status := old.status;
        aside.open_amount := old.open_amount;
        aside.version := old.version;
        aside.updated_at := old.updated_at;
        aside.updated_by := old.updated_by;
        if tg_table_name in ('invoices', 'bills') then
            credited := new.credited_amount;
            was_credited := old.credited_amount;
            aside.credited_amount := old.credited_amount;
        end if;
    end if;
    if tg_op = 'DELETE' or aside is distinct from old then
        raise exception '% is final', tg_table_name using errcode = 'restrict_violation', table = tg_table_name,
            constraint = 'what_is_posted_is_final_so_credit_it_instead';
    end if;
    select coalesce((select open_amount from open_items where org_id = new.org_id and id = new.id), 0) into open_now;
    if new.open_amount <> open_now
        or new.status <> settled_status(new.id, new.total_amount, open_now, credited)
        or greatest(credited, was_credited) > 0 and credited <> (select coalesce(sum(total_amount), 0) from (
            select total_amount from credit_notes where org_id = new.org_id and invoice_id = new.id and number is not null
            union all select total_amount from debit_notes where org_id = new.org_id and bill_id = new.id and number is not null) each) then
        raise exception '% is final', tg_table_name using errcode = 'restrict_violation', table = tg_table_name,
            constraint = 'what_is_open_follows_from_what_settles_it';
    end if;
    return new;
end $$;

-- What settles an open item shows on its document, all of a statement's at once.
create function show_settled() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    kind text;
begin
    for kind in select distinct n.resource from new_rows n where n.resource in ('bills', 'credit-notes', 'debit-notes', 'invoices') order by 1 loop
        execute format('update %I d set open_amount = n.open_amount, status = settled_status(d.id, d.total_amount, n.open_amount, %s)
            from new_rows n
            where n.resource = $1 and d.org_id = n.org_id and d.id = n.id and d.open_amount <> n.open_amount',
            replace(kind, '-', '_'), case when kind in ('bills', 'invoices') then 'd.credited_amount' else '0' end) using kind;
    end loop;
    return null;
end $$;
create trigger show_settled after update on open_items referencing new table as new_rows
    for each statement execute function show_settled();

-- Of each line, and of each code's tax, no more is taken back than is left, however many take at once: they take turns at
-- the open item.
create function credit_document() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    is_sale constant boolean := tg_table_name = 'credit_notes';
    credited constant uuid := (to_jsonb(new) ->> case when is_sale then 'invoice_id' else 'bill_id' end)::uuid;
    notes uuid[];
    settling uuid[];
    kept numeric;
    total numeric;
begin
    perform from open_items where org_id = new.org_id and id = credited for no key update;
    if is_sale then
        notes := array(select id from credit_notes where org_id = new.org_id and invoice_id = credited and number is not null);
        settling := array(select credit_item_id from allocations where org_id = new.org_id and debit_item_id = credited);
        total := (select total_amount - credited_amount from invoices where org_id = new.org_id and id = credited);
    else
        notes := array(select id from debit_notes where org_id = new.org_id and bill_id = credited and number is not null);
        settling := array(select debit_item_id from allocations where org_id = new.org_id and credit_item_id = credited);
        total := (select total_amount - credited_amount from bills where org_id = new.org_id and id = credited);
    end if;
    -- What was kept for paying early has lessened the price, and its tax, already.
    kept := (select sum(a.discount_amount) from payments p cross join jsonb_to_recordset(p.allocations) a (item_id uuid, discount_amount numeric)
        where p.org_id = new.org_id and p.id = any(settling) and p.status = 'posted' and p.currency = new.currency and a.item_id = credited);
    if new.total_amount > total - kept then
        raise exception 'more than is left' using errcode = 'restrict_violation', table = tg_table_name,
            constraint = 'what_was_kept_for_paying_early_is_taken_back_already_so_take_back_the_rest_or_void_the_payment';
    end if;
    if exists (
        select from (select credited_line, sum(quantity) as quantity, sum(net_amount) as net_amount from document_lines
            where org_id = new.org_id and document_id = any(notes) group by credited_line) taken
        left join document_lines whole on whole.org_id = new.org_id and whole.document_id = credited and whole.line = taken.credited_line
        where whole.line is null or taken.quantity > whole.quantity or taken.net_amount > whole.net_amount)
    or exists (
        select from (select tax_code_id, sum(tax_amount) as tax_amount, sum(base_tax_amount) as base_tax_amount from document_taxes
            where org_id = new.org_id and document_id = any(notes) group by tax_code_id) taken
        left join document_taxes whole on whole.org_id = new.org_id and whole.document_id = credited and whole.tax_code_id = taken.tax_code_id
        where whole.tax_code_id is null or taken.tax_amount > whole.tax_amount or taken.base_tax_amount > whole.base_tax_amount) then
        raise exception 'more than is left' using errcode = 'restrict_violation', table = tg_table_name,
            constraint = 'no_more_is_taken_back_than_is_left_of_each_line_so_figure_it_anew';
    end if;
    if is_sale then
        update invoices set credited_amount = credited_amount + new.total_amount where org_id = new.org_id and id = credited;
    else
        update bills set credited_amount = credited_amount + new.total_amount where org_id = new.org_id and id = credited;
    end if;
    return null;
end $$;

do $$
declare
    table_name text;
begin
    foreach table_name in array '{invoices,credit_notes,bills,debit_notes}'::text[] loop
        execute format('create trigger keep_rows after insert or delete on %I for each row execute function keep_document_rows()', table_name);
        execute format('create trigger keep_changed_rows after update on %I for each row
            when ((new.lines, new.taxes, new.issued_on, new.number) is distinct from (old.lines, old.taxes, old.issued_on, old.number))
            execute function keep_document_rows()', table_name);
        execute format('create trigger keep_posted before update or delete on %I for each row
            when (old.number is not null) execute function keep_posted_document()', table_name);
    end loop;
    foreach table_name in array '{credit_notes,debit_notes}'::text[] loop
        execute format('create trigger keep_within after update of number on %I for each row
            when (old.number is null and new.number is not null) execute function credit_document()', table_name);
    end loop;
end $$;

-- What documents were figured with stays as it was on their days.
create function keep_used_tax_code() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if (new.direction, new.kind, new.price_includes_tax) is distinct from (old.direction, old.kind, old.price_includes_tax)
        and exists (select from document_taxes where org_id = new.org_id and tax_code_id = new.id) then
        raise exception 'used' using errcode = 'restrict_violation', table = 'tax_codes',
            constraint = 'documents_use_this_tax_code_so_make_another_one';
    -- What takes a document back has its rate, which is not always that of its own day.
    elsif exists (select from document_taxes where org_id = new.org_id and tax_code_id = new.id
            and tax_rate_on(new.rates, taxed_on) is distinct from tax_rate_on(old.rates, taxed_on)) then
        raise exception 'used' using errcode = 'restrict_violation', table = 'tax_codes',
            constraint = 'documents_use_the_rate_of_a_day_that_would_change_so_let_another_rate_begin_later';
    end if;
    return new;
end $$;
create trigger keep_used before update of direction, kind, price_includes_tax, rates on tax_codes
    for each row execute function keep_used_tax_code();

-- What a document is figured with, in one look: the books' currency, the party, the terms, the tax codes with their rates
-- on that day, and which of the named rows there are.
create function document_facts(in_party uuid, in_terms uuid, in_day date, in_codes uuid[], in_accounts uuid[], in_dimensions uuid[]) returns jsonb language sql stable as $$
    select jsonb_build_object(
        'currency', o.currency,
        'tax_rounding', o.tax_rounding,
        'party', (select jsonb_build_object('status', p.status, 'is_customer', p.is_customer, 'is_supplier', p.is_supplier, 'currency', p.currency,
                'income_account_id', p.income_account_id, 'expense_account_id', p.expense_account_id)
            from parties p where p.org_id = o.org_id and p.id = in_party),
        'terms', (select to_jsonb(t) || jsonb_build_object('discount_percent', t.discount_percent::text)
            from payment_terms t where t.org_id = o.org_id
                and t.id = coalesce(in_terms, (select payment_terms_id from parties p where p.org_id = o.org_id and p.id = in_party))),
        'tax_codes', (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'code', t.code, 'name', t.name, 'direction', t.direction, 'kind', t.kind,
                'price_includes_tax', t.price_includes_tax, 'exemption_reason', t.exemption_reason, 'status', t.status,
                'rate', tax_rate_on(t.rates, in_day)::text)), '[]') from tax_codes t where t.org_id = o.org_id and t.id = any(in_codes)),
        'known', (select coalesce(jsonb_agg(id), '[]') from (
            select id from accounts where org_id = o.org_id and id = any(in_accounts)
            union all select id from departments where org_id = o.org_id and id = any(in_dimensions)
            union all select id from cost_centres where org_id = o.org_id and id = any(in_dimensions)
            union all select id from projects where org_id = o.org_id and id = any(in_dimensions)) each))
    from organizations o where o.org_id = (select current_org()) and o.id = o.org_id
$$;

-- What a document is booked with. Whoever posts for a party with a credit limit waits here for whoever posts for the same
-- one, and then sees what that one left open: the function is volatile, so each of its statements looks anew.
create function booking_facts(in_party uuid, is_sale boolean, in_codes uuid[]) returns jsonb language plpgsql volatile as $$
declare
    org constant uuid := current_org();
    control uuid;
    party parties;
begin
    select * into party from parties where org_id = org and id = in_party;
    if party.credit_limit is not null then
        select * into party from parties where org_id = org and id = in_party for no key update;
    end if;
    control := coalesce(case when is_sale then party.receivable_account_id else party.payable_account_id end,
        (select id from accounts where org_id = org and role = case when is_sale then 'receivable' else 'payable' end and status = 'active'));
    return jsonb_build_object(
        'currency', books_currency(),
        'control_account_id', control,
        'tax_payable_account_id', (select id from accounts where org_id = org and role = 'tax_payable' and status = 'active'),
        'tax_recoverable_account_id', (select id from accounts where org_id = org and role = 'tax_recoverable' and status = 'active'),
        'rounding_account_id', (select id from accounts where org_id = org and role = 'rounding' and status = 'active'),
        'tax_codes', (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'payable_account_id', payable_account_id,
                'recoverable_account_id', recoverable_account_id)), '[]') from tax_codes where org_id = org and id = any(in_codes)),
        'credit_limit', party.credit_limit::text,
        'owed', (select coalesce(sum(case side when 'debit' then open_base_amount else -open_base_amount end), 0)::text
            from open_items where org_id = org and party_id = in_party and account_id = control and open_amount > 0));
end $$;
