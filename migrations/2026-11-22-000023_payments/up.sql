-- What is paid, from which account, and for what.

-- The organization's own accounts at banks.
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
    status         text not null default 'active' constraint bank_accounts_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint bank_accounts_name_key unique (org_id, name),
    constraint bank_accounts_iban_key unique (org_id, iban),
    constraint bank_accounts_account_number_key unique (org_id, account_number, bic, currency),
    -- Or what is in the one could not be told from what is in the other.
    constraint bank_accounts_account_id_key unique (org_id, account_id),
    constraint bank_accounts_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint a_bank_account_has_an_iban_or_a_number check (iban is not null or account_number is not null)
);
select manage_resource('bank_accounts');

-- Money that came in or went out, once it is posted; a draft of it before.
create table payments (
    org_id           uuid          not null,
    id               uuid          not null,
    -- Taken when it is posted.
    number           text          constraint payments_number_length check (length(number) between 1 and 40),
    direction        text          not null constraint payments_direction_check check (direction in ('in', 'out')),
    party_id         uuid          not null,
    -- The account of a bank or till.
    account_id       uuid          not null,
    paid_on          date          not null,
    currency         text          not null constraint payments_currency_format check (currency ~ '^[A-Z]{3}$'),
    -- What one unit of the currency is worth in the organization's; of a draft only where it is told.
    exchange_rate    numeric(20,8) constraint payments_exchange_rate_range check (exchange_rate > 0),
    amount           numeric(20,4) not null constraint payments_amount_range check (amount > 0),
    base_amount      numeric(20,4) constraint payments_base_amount_range check (base_amount >= 0),
    -- What the bank took beside it.
    fee_amount       numeric(20,4) constraint payments_fee_amount_range check (fee_amount > 0),
    fee_account_id   uuid,
    -- What was kept for paying early, all in all; it settles as if it had been paid.
    discount_amount  numeric(20,4) not null default 0 constraint payments_discount_amount_range check (discount_amount >= 0),
    -- What that takes off the taxes of what it settles: [{"tax_code_id", "rate", "base_taxable_amount", "base_tax_amount"}, …]
    discount_taxes   jsonb         not null default '[]' constraint payments_discount_taxes_type check (jsonb_typeof(discount_taxes) = 'array'),
    reference        text          constraint payments_reference_length check (length(reference) between 1 and 100),
    notes            text          constraint payments_notes_length check (length(notes) between 1 and 2000),
    -- What it is for, as it was said before it was posted.
    allocations      jsonb         not null default '[]' constraint payments_allocations_type check (jsonb_typeof(allocations) = 'array'),
    -- What of it settles nothing yet.
    open_amount      numeric(20,4) not null default 0,
    status           text          not null default 'draft' constraint payments_status_check check (status in ('draft', 'posted', 'void')),
    journal_entry_id uuid,
    voided_on        date,
    void_reason      text          constraint payments_void_reason_length check (length(void_reason) between 1 and 500),
    void_entry_id    uuid,
    primary key (org_id, id),
    constraint payments_number_key unique (org_id, number),
    constraint payments_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id),
    constraint payments_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint payments_fee_account_id_fkey foreign key (org_id, fee_account_id) references accounts (org_id, id),
    constraint payments_journal_entry_id_fkey foreign key (org_id, journal_entry_id) references journal_entries (org_id, id),
    constraint payments_void_entry_id_fkey foreign key (org_id, void_entry_id) references journal_entries (org_id, id),
    constraint what_is_posted_has_a_number check ((number is null) = (status = 'draft') and (journal_entry_id is null) = (status = 'draft')
        and (status = 'draft' or (exchange_rate is not null and base_amount is not null))),
    constraint what_is_void_says_when_and_why check ((status = 'void') = (voided_on is not null) and (status = 'void') = (void_reason is not null)
        and (status = 'void') = (void_entry_id is not null)),
    constraint void_when_it_is_paid_or_later check (voided_on >= paid_on),
    constraint what_is_open_is_part_of_it check (open_amount between 0 and amount + discount_amount)
);
create index payments_by_party on payments (org_id, party_id, paid_on);
create index payments_by_account on payments (org_id, account_id, paid_on);
create index payments_by_fee_account on payments (org_id, fee_account_id) where fee_account_id is not null;
create index payments_by_entry on payments (org_id, journal_entry_id);
create index payments_by_void_entry on payments (org_id, void_entry_id) where void_entry_id is not null;
create index payments_by_paid_on on payments (org_id, paid_on, id);
create index payments_by_status on payments (org_id, status, id);
select manage_resource('payments');
create index payments_by_created_at on payments (org_id, created_at, id);
insert into number_kinds (kind, longest, format, reset) values ('payments', 40, 'PAY-{year}-{number:6}', 'yearly');

-- Posted is final: what is open of it follows from what it settles, and void is the one thing that still becomes of it.
create function keep_posted_payment() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{status,open_amount,voided_on,void_reason,void_entry_id,version,updated_at,updated_by}';
begin
    if tg_op = 'DELETE' or (tg_op = 'UPDATE' and (old.status = 'void' or new.status = 'draft' or to_jsonb(new) - free <> to_jsonb(old) - free)) then
        raise exception 'payments is final' using errcode = 'restrict_violation', table = 'payments',
            constraint = 'what_is_posted_is_final_so_void_it_instead';
    elsif new.open_amount is distinct from (select open_amount from open_items where org_id = new.org_id and id = new.id) then
        raise exception 'open' using errcode = 'restrict_violation', table = 'payments', constraint = 'what_is_open_follows_from_what_it_settles';
    end if;
    return new;
end $$;
create trigger keep_posted before update or delete on payments for each row when (old.status <> 'draft') execute function keep_posted_payment();
create constraint trigger keep_open after insert on payments for each row when (new.status <> 'draft') execute function keep_posted_payment();

-- What settles a payment, or is settled with it, shows on it.
create function show_paid() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update payments p set open_amount = n.open_amount from new_rows n
        where n.resource = 'payments' and p.org_id = n.org_id and p.id = n.id and p.open_amount <> n.open_amount and p.status <> 'draft';
    return null;
end $$;
create trigger show_paid after update on open_items referencing new table as new_rows
    for each statement execute function show_paid();

-- For the return of taxes: what was kept is taken off on the day of the payment, and put back by the entry that books it back on its day.
create function keep_discount_taxes() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into document_taxes (org_id, document_id, tax_code_id, resource, rate, taxed_on, is_posted, taxable_amount, tax_amount, base_taxable_amount, base_tax_amount)
        select n.org_id, own.id, t.tax_code_id, own.resource, t.rate, own.taxed_on, true, own.sign * t.base_taxable_amount, own.sign * t.base_tax_amount,
            own.sign * t.base_taxable_amount, own.sign * t.base_tax_amount
        from new_rows n
        cross join lateral (values (n.id, 'payments', n.paid_on, -1), (n.void_entry_id, 'journal-entries', n.voided_on, 1)) own (id, resource, taxed_on, sign)
        cross join jsonb_to_recordset(n.discount_taxes) t (tax_code_id uuid, rate numeric, base_taxable_amount numeric, base_tax_amount numeric)
        where n.discount_taxes <> '[]' and n.status <> 'draft' and own.id is not null
        on conflict do nothing;
    return null;
end $$;
create trigger keep_discount_taxes_of_new after insert on payments referencing new table as new_rows
    for each statement execute function keep_discount_taxes();
create trigger keep_discount_taxes_of_changed after update on payments referencing new table as new_rows
    for each statement execute function keep_discount_taxes();

-- What may be kept of invoices and bills by who pays early, and what is left of their price after notes took some back: what of it is taxed by
-- which codes, and the taxes; no taxes where the terms leave them as they are.
-- [{"id", "until", "total", "amount", "exchange_rate", "nets": [{"tax_code_ids", "amount"}], "taxes": [{"tax_code_id", "rate", "is_charged", "amount", …}]}]
create function discount_facts(in_items uuid[]) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'until', d.issued_on + t.discount_days, 'total', d.total_amount::text,
            'amount', round(d.total_amount * t.discount_percent / 100, currency_decimals(d.currency))::text, 'exchange_rate', d.exchange_rate::text,
            'nets', (select coalesce(jsonb_agg(jsonb_build_object('tax_code_ids', n.tax_code_ids, 'amount', n.amount::text) order by n.place), '[]') from (
                select l.tax_code_ids, sum(p.sign * l.net_amount) as amount, min(coalesce(l.credited_line, l.line)) as place
                from (select 1 as sign, d.lines union all select -1, each from jsonb_array_elements(notes.lines) each) p (sign, lines)
                cross join jsonb_to_recordset(p.lines) l (line int, credited_line int, tax_code_ids jsonb, net_amount numeric)
                group by 1) n),
            'taxes', (select coalesce(jsonb_agg(jsonb_build_object('tax_code_id', c.id, 'rate', x.rate::text, 'is_charged', x.is_charged, 'amount', x.amount::text,
                    'payable_account_id', c.payable_account_id, 'recoverable_account_id', c.recoverable_account_id) order by c.code), '[]') from (
                select l.tax_code_id, l.rate, l.is_charged, sum(p.sign * l.tax_amount) as amount
                from (select 1 as sign, d.taxes union all select -1, each from jsonb_array_elements(notes.taxes) each) p (sign, taxes)
                cross join jsonb_to_recordset(p.taxes) l (tax_code_id uuid, rate numeric, is_charged boolean, tax_amount numeric)
                group by 1, 2, 3) x
                join tax_codes c on c.org_id = d.org_id and c.id = x.tax_code_id where t.discount_tax = 'on_payment'))), '[]')
        from (select org_id, id, issued_on, currency, exchange_rate, total_amount, payment_terms_id, lines, taxes from invoices
                where org_id = (select current_org()) and id = any(in_items)
            union all
            select org_id, id, issued_on, currency, exchange_rate, total_amount, payment_terms_id, lines, taxes from bills
                where org_id = (select current_org()) and id = any(in_items)) d
        join payment_terms t on t.org_id = d.org_id and t.id = d.payment_terms_id and t.discount_days is not null
        cross join lateral (select coalesce(jsonb_agg(n.lines), '[]') as lines, coalesce(jsonb_agg(n.taxes), '[]') as taxes from (
            select lines, taxes from credit_notes where org_id = d.org_id and invoice_id = d.id and number is not null
            union all
            select lines, taxes from debit_notes where org_id = d.org_id and bill_id = d.id and number is not null) n) notes
$$;

-- What payments are booked with, in one look: {"currency", "accounts", "parties", "rates", "discounts"}. `in_rates`: [{"currency", "on"}];
-- `in_items`: invoices and bills that a discount is kept of.
create function payment_facts(in_accounts uuid[], in_parties uuid[], in_rates jsonb, in_items uuid[]) returns jsonb language sql stable as $$
    select jsonb_build_object(
        'currency', books_currency(),
        'accounts', (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'code', a.code, 'role', a.role, 'is_active', a.status = 'active',
                'is_group', a.is_group, 'currency', coalesce(a.currency, books_currency()))), '[]')
            from accounts a where a.org_id = (select current_org()) and (a.id = any(in_accounts)
                or (a.status = 'active' and a.role in ('receivable', 'payable', 'bank_charges', 'discounts_given', 'discounts_taken',
                    'tax_payable', 'tax_recoverable', 'exchange_gain', 'exchange_loss')))),
        'parties', (select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'is_customer', p.is_customer, 'is_supplier', p.is_supplier,
                'receivable_account_id', p.receivable_account_id, 'payable_account_id', p.payable_account_id)), '[]')
            from parties p where p.org_id = (select current_org()) and p.id = any(in_parties)),
        'rates', (select coalesce(jsonb_agg(jsonb_build_object('currency', r.currency, 'on', r."on", 'rate', exchange_rate_on(r.currency, r."on")::text)), '[]')
            from (select distinct currency, "on" from jsonb_to_recordset(in_rates) r (currency text, "on" date)) r),
        'discounts', discount_facts(in_items))
$$;

-- The next numbers, one for each. Others who pay wait from here until the transaction ends.
create function take_payment_numbers(in_ids uuid[], in_days date[]) returns text[] language sql volatile as $$
    select take_numbers('payments', in_ids, in_days)
$$;

-- Many bills paid at once: picked, agreed to, told to the bank in one file, and booked.
create table payment_runs (
    org_id          uuid          not null,
    id              uuid          not null,
    number          text          not null constraint payment_runs_number_length check (length(number) between 1 and 20),
    bank_account_id uuid          not null,
    -- The day on which the bank is to pay, and the day in the books.
    pay_on          date          not null,
    due_by          date,
    currency        text          not null constraint payment_runs_currency_format check (currency ~ '^[A-Z]{3}$'),
    -- [{"item_id", "number", "party_id", "amount", "discount_amount"}, …]
    items           jsonb         not null constraint payment_runs_items_type check (jsonb_typeof(items) = 'array'),
    -- What goes to whom: one for each supplier.
    transfers       jsonb         not null constraint payment_runs_transfers_type check (jsonb_typeof(transfers) = 'array'),
    total_amount    numeric(20,4) not null constraint payment_runs_total_amount_range check (total_amount > 0),
    notes           text          constraint payment_runs_notes_length check (length(notes) between 1 and 2000),
    status          text          not null default 'draft' constraint payment_runs_status_check
        check (status in ('draft', 'approved', 'exported', 'posted', 'cancelled')),
    -- From whom the money comes, as the file tells it.
    debtor_name     text,
    debtor_account  text,
    debtor_bic      text,
    exported_at     timestamptz,
    -- Those that book it, in the order of the transfers.
    payment_ids     jsonb         not null default '[]' constraint payment_runs_payment_ids_type check (jsonb_typeof(payment_ids) = 'array'),
    primary key (org_id, id),
    constraint payment_runs_number_key unique (org_id, number),
    constraint payment_runs_bank_account_id_fkey foreign key (org_id, bank_account_id) references bank_accounts (org_id, id),
    constraint what_is_exported_says_when_and_from_whom check ((exported_at is null) = (debtor_name is null) and (exported_at is null) = (debtor_account is null)
        and (status not in ('exported', 'posted') or exported_at is not null) and (status in ('exported', 'posted', 'cancelled') or exported_at is null))
);
create index payment_runs_by_bank_account on payment_runs (org_id, bank_account_id);
create index payment_runs_by_pay_on on payment_runs (org_id, pay_on, id);
create index payment_runs_by_status on payment_runs (org_id, status, id);
select manage_resource('payment_runs', personal => '{transfers}');
create index payment_runs_by_created_at on payment_runs (org_id, created_at, id);
insert into number_kinds (kind, longest, format, reset) values ('payment-runs', 20, 'RUN-{number:5}', 'never');
select approvable('payment_runs', '{approve}');

-- The items of all runs, a row each, kept by triggers alone: of two runs that pick the same bill, one has it.
create table payment_run_items (
    org_id         uuid    not null,
    payment_run_id uuid    not null,
    item_id        uuid    not null,
    -- Not posted and not cancelled.
    is_under_way   boolean not null,
    primary key (org_id, payment_run_id, item_id),
    constraint payment_run_items_item_id_fkey foreign key (org_id, item_id) references open_items (org_id, id),
    constraint payment_run_items_payment_run_id_fkey foreign key (org_id, payment_run_id) references payment_runs (org_id, id) on delete cascade
);
create unique index it_is_in_another_payment_run_that_is_under_way on payment_run_items (org_id, item_id) where is_under_way;
create index payment_run_items_by_item on payment_run_items (org_id, item_id);
insert into managed_tables (name, kind) values ('payment_run_items', 'derived');
select separate_organizations('payment_run_items');
grant select on payment_run_items to backoffice_service;

create function keep_payment_run_items() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'UPDATE' then
        if new.status in ('posted', 'cancelled') then
            update payment_run_items set is_under_way = false where org_id = new.org_id and payment_run_id = new.id;
            return null;
        elsif new.items is not distinct from old.items then
            return null;
        end if;
        delete from payment_run_items where org_id = new.org_id and payment_run_id = new.id;
    end if;
    insert into payment_run_items (org_id, payment_run_id, item_id, is_under_way)
        select new.org_id, new.id, (each ->> 'item_id')::uuid, true from jsonb_array_elements(new.items) each order by 3;
    return null;
end $$;
create trigger keep_items after insert or update on payment_runs for each row execute function keep_payment_run_items();

-- The maker is not the checker; and what was agreed to stays as it was agreed to.
create function keep_payment_run() returns trigger language plpgsql as $$
declare
    free constant text[] := '{status,debtor_name,debtor_account,debtor_bic,exported_at,payment_ids,version,updated_at,updated_by}';
begin
    if tg_op = 'DELETE' or old.status in ('posted', 'cancelled') or (old.status <> 'draft' and to_jsonb(new) - free <> to_jsonb(old) - free) then
        raise exception 'payment_runs is final' using errcode = 'restrict_violation', table = 'payment_runs',
            constraint = 'what_was_agreed_to_stays_so_revise_or_cancel_it_instead';
    elsif old.status = 'draft' and new.status = 'approved' and current_actor_id() in (old.created_by, old.updated_by) then
        raise exception 'forbidden: Whoever made or last changed a payment run can not approve it: ask somebody else to.' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger keep_run before update on payment_runs for each row execute function keep_payment_run();
create trigger keep_run_there before delete on payment_runs for each row when (old.status <> 'draft') execute function keep_payment_run();

-- What can be paid: what is owed in a currency and due by a day, or these items, with whom they are of: [{item_id, number, …}]. `is_taken`
-- says whether another run has it. That a supplier's account is not known is told; whoever else is owed something may be paid another way.
create function payable_items(in_currency text, in_due_by date, in_items uuid[], in_run uuid) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('item_id', i.id, 'number', i.number, 'party_id', p.id, 'party_name', coalesce(p.legal_name, p.name),
            'bank_accounts', p.bank_accounts, 'side', i.side, 'currency', i.currency, 'open_amount', i.open_amount::text, 'amount', i.amount::text,
            'reference', coalesce(b.supplier_number, i.number), 'is_picked', i.due_on <= in_due_by and i.resource not in ('credit-notes', 'payments') and p.status = 'active'
                and (i.resource = 'bills' or p.bank_accounts <> '[]'),
            'is_taken', exists (select from payment_run_items t where t.org_id = i.org_id and t.item_id = i.id and t.is_under_way
                and t.payment_run_id is distinct from in_run),
            'discount_until', b.issued_on + t.discount_days,
            'discount_amount', round(i.amount * t.discount_percent / 100, currency_decimals(i.currency))::text) order by p.name, p.id, i.due_on, i.id), '[]')
    from open_items i
    join parties p on p.org_id = i.org_id and p.id = i.party_id
    left join bills b on b.org_id = i.org_id and b.id = i.id
    left join payment_terms t on t.org_id = b.org_id and t.id = b.payment_terms_id and t.discount_days is not null
    where i.org_id = (select current_org()) and (i.id = any(in_items)
        or (i.side = 'credit' and i.resource not in ('credit-notes', 'payments') and i.currency = in_currency and i.due_on <= in_due_by and i.open_amount > 0))
$$;
create index open_items_by_due_on on open_items (org_id, due_on, id) where open_amount > 0;
