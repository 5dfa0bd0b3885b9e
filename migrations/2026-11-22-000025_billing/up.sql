-- Documents on paper, invoices that are made again and again, and reminders of what is overdue.

-- Who issued a posted document and to whom, as it stood on its day, so that it prints the same for ever: kept by triggers alone.
create table document_papers (
    org_id      uuid  not null,
    document_id uuid  not null,
    facts       jsonb not null,
    primary key (org_id, document_id)
);
insert into managed_tables (name, kind) values ('document_papers', 'derived');
select separate_organizations('document_papers');
grant select on document_papers to backoffice_service;

create function paper_sides(in_party uuid) returns jsonb language sql stable as $$
    select jsonb_build_object(
        'organization', (select jsonb_build_object('name', coalesce(o.legal_name, o.name), 'country', o.country, 'tax_id', o.tax_id,
                'registration_number', o.registration_number, 'address', o.address)
            from organizations o where o.org_id = (select current_org()) and o.id = o.org_id),
        'party', (select jsonb_build_object('name', coalesce(p.legal_name, p.name), 'country', p.country, 'tax_id', p.tax_id,
                'registration_number', p.registration_number, 'address', p.billing_address, 'language', p.language)
            from parties p where p.org_id = (select current_org()) and p.id = in_party))
$$;

-- What a document prints beside its own fields. Where to pay to is what holds now, whatever held on its day: the accounts in its
-- currency, or all of them where there is none.
create function paper_facts(in_document uuid, in_party uuid, in_currency text) returns jsonb language plpgsql stable as $$
declare
    org constant uuid := current_org();
begin
    return coalesce((select facts from document_papers where org_id = org and document_id = in_document), paper_sides(in_party))
        || jsonb_build_object(
            'books_currency', books_currency(),
            'accounts', (select coalesce(jsonb_agg(jsonb_build_object('iban', b.iban, 'account_number', b.account_number, 'bic', b.bic,
                    'currency', b.currency, 'name', b.name) order by b.id), '[]')
                from bank_accounts b where b.org_id = org and b.status = 'active'
                    and (b.currency = in_currency or not exists (select from bank_accounts o where o.org_id = org and o.status = 'active' and o.currency = in_currency))));
end $$;

create function keep_paper() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into document_papers (org_id, document_id, facts) values (new.org_id, new.id, paper_sides(new.party_id)) on conflict do nothing;
    return null;
end $$;
create trigger keep_paper after update of number on invoices for each row when (old.number is null and new.number is not null) execute function keep_paper();
create trigger keep_paper after update of number on credit_notes for each row when (old.number is null and new.number is not null) execute function keep_paper();
create trigger keep_paper after update of number on debit_notes for each row when (old.number is null and new.number is not null) execute function keep_paper();

-- Invoices that are made again and again.
create table recurring_invoices (
    org_id           uuid not null,
    id               uuid not null,
    name             text not null constraint recurring_invoices_name_length check (length(name) between 1 and 100),
    party_id         uuid not null,
    payment_terms_id uuid,
    reference        text constraint recurring_invoices_reference_length check (length(reference) between 1 and 100),
    currency         text constraint recurring_invoices_currency_format check (currency ~ '^[A-Z]{3}$'),
    lines            jsonb not null constraint recurring_invoices_lines_type check (jsonb_typeof(lines) = 'array'),
    notes            text constraint recurring_invoices_notes_length check (length(notes) between 1 and 2000),
    posts            text not null default 'draft' constraint recurring_invoices_posts_check check (posts in ('draft', 'posted')),
    every            text not null constraint recurring_invoices_every_check check (every in ('week', 'month', 'quarter', 'year')),
    -- The first due day, from which the others are counted: the 31st is the last day of shorter months.
    starts_on        date not null,
    ends_on          date,
    times            int  constraint recurring_invoices_times_range check (times between 1 and 10000),
    -- The next due day that was not invoiced.
    next_on          date,
    -- How many due days are behind it.
    runs             int  not null default 0,
    -- Why the next one could not be made when it was tried.
    problem          text constraint recurring_invoices_problem_length check (length(problem) between 1 and 2000),
    failed_at        timestamptz,
    status           text not null default 'active' constraint recurring_invoices_status_check check (status in ('active', 'paused', 'ended')),
    primary key (org_id, id),
    constraint recurring_invoices_name_key unique (org_id, name),
    constraint recurring_invoices_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id),
    constraint recurring_invoices_payment_terms_id_fkey foreign key (org_id, payment_terms_id) references payment_terms (org_id, id),
    constraint they_end_not_before_they_start check (ends_on >= starts_on),
    constraint what_is_ended_is_not_due check ((status = 'ended') = (next_on is null)),
    constraint what_failed_says_when check ((problem is null) = (failed_at is null))
);
create index recurring_invoices_by_party on recurring_invoices (org_id, party_id);
create index recurring_invoices_by_payment_terms on recurring_invoices (org_id, payment_terms_id);
create index recurring_invoices_by_name on recurring_invoices (org_id, name, id);
create index recurring_invoices_by_next_day on recurring_invoices (org_id, next_on, id);
select manage_resource('recurring_invoices');

-- An end that is moved before what would be next is the end.
create function keep_recurring_invoice() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        new.next_on := new.starts_on;
    elsif new.next_on > new.ends_on or new.runs >= new.times then
        new.next_on := null;
        new.status := 'ended';
    end if;
    if new.status = 'ended' then
        new.next_on := null;
    end if;
    return new;
end $$;
create trigger keep_schedule before insert or update on recurring_invoices for each row execute function keep_recurring_invoice();

-- Each due day is invoiced once, whoever does it.
create table recurring_invoice_runs (
    org_id               uuid not null,
    recurring_invoice_id uuid not null,
    due_on               date not null,
    invoice_id           uuid not null,
    primary key (org_id, recurring_invoice_id, due_on),
    constraint recurring_invoice_runs_recurring_invoice_id_fkey foreign key (org_id, recurring_invoice_id) references recurring_invoices (org_id, id),
    constraint recurring_invoice_runs_invoice_id_fkey foreign key (org_id, invoice_id) references invoices (org_id, id) on delete cascade
);
create unique index recurring_invoice_runs_invoice_id_key on recurring_invoice_runs (org_id, invoice_id);
select manage_record('recurring_invoice_runs');
grant select, insert on recurring_invoice_runs to backoffice_service;

create function made_again_and_again(in_recurring_invoice uuid) returns setof uuid language sql stable as $$
    select invoice_id from recurring_invoice_runs where org_id = (select current_org()) and recurring_invoice_id = in_recurring_invoice
$$;

-- Reminders of what is overdue, level by level.
create table dunning_levels (
    org_id         uuid not null,
    id             uuid not null,
    level          int  not null constraint dunning_levels_level_range check (level between 1 and 999),
    name           text not null constraint dunning_levels_name_length check (length(name) between 1 and 100),
    days_overdue   int  not null constraint dunning_levels_days_overdue_range check (days_overdue between 1 and 3650),
    -- In the organization's currency, once for each letter.
    fee_amount     numeric(20,4) constraint dunning_levels_fee_amount_range check (fee_amount > 0),
    fee_account_id uuid,
    -- [{"language": "en", "title": …, "text": …}, …]
    texts          jsonb not null constraint dunning_levels_texts_type check (jsonb_typeof(texts) = 'array'),
    primary key (org_id, id),
    constraint dunning_levels_level_key unique (org_id, level),
    constraint dunning_levels_fee_account_id_fkey foreign key (org_id, fee_account_id) references accounts (org_id, id),
    constraint a_fee_needs_the_account_that_it_is_income_on check (fee_amount is null or fee_account_id is not null)
);
create index dunning_levels_by_fee_account on dunning_levels (org_id, fee_account_id);
create index dunning_levels_by_level on dunning_levels (org_id, level, id);
select manage_resource('dunning_levels');

create function order_dunning_levels() returns trigger language plpgsql as $$
begin
    if exists (select from dunning_levels l where l.org_id = new.org_id and l.id <> new.id
            and (l.level < new.level) <> (l.days_overdue < new.days_overdue)) then
        raise exception 'order' using errcode = 'check_violation', table = 'dunning_levels',
            constraint = 'a_higher_level_comes_after_more_days_than_a_lower_one';
    end if;
    return new;
end $$;
create trigger in_order before insert or update of level, days_overdue on dunning_levels for each row execute function order_dunning_levels();

-- Who is not reminded, of anything or of one invoice.
create table dunning_holds (
    org_id     uuid not null,
    id         uuid not null,
    party_id   uuid not null,
    invoice_id uuid,
    reason     text not null constraint dunning_holds_reason_length check (length(reason) between 1 and 500),
    until_on   date,
    primary key (org_id, id),
    constraint dunning_holds_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id),
    constraint dunning_holds_invoice_id_fkey foreign key (org_id, invoice_id) references invoices (org_id, id) on delete cascade
);
create index dunning_holds_by_party on dunning_holds (org_id, party_id);
create index dunning_holds_by_invoice on dunning_holds (org_id, invoice_id);
select manage_resource('dunning_holds');
create index dunning_holds_by_created_at on dunning_holds (org_id, created_at, id);

create table dunning_runs (
    org_id    uuid not null,
    id        uuid not null,
    as_of_on  date not null,
    -- Only this customer; null for all.
    party_id  uuid,
    letters   int  not null constraint dunning_runs_letters_range check (letters >= 0),
    -- Letters that were not sent after all, since something was paid or held back between making the run and posting it.
    left_out  int  not null default 0 constraint dunning_runs_left_out_range check (left_out >= 0),
    -- In the organization's currency.
    fees      numeric(20,4) not null constraint dunning_runs_fees_range check (fees >= 0),
    status    text not null default 'draft' constraint dunning_runs_status_check check (status in ('draft', 'posted')),
    primary key (org_id, id),
    constraint dunning_runs_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id)
);
create index dunning_runs_by_party on dunning_runs (org_id, party_id);
create index dunning_runs_by_as_of_on on dunning_runs (org_id, as_of_on, id);
select manage_resource('dunning_runs');
create index dunning_runs_by_created_at on dunning_runs (org_id, created_at, id);
select frozen_when('dunning_runs', 'old.status = ''posted''');

create table dunning_letters (
    org_id           uuid not null,
    id               uuid not null,
    -- Taken when it is posted.
    number           text constraint dunning_letters_number_length check (length(number) between 1 and 40),
    dunning_run_id   uuid not null,
    party_id         uuid not null,
    -- The receivable account, which the fee is owed on.
    account_id       uuid not null,
    as_of_on         date not null,
    level            int  not null,
    language         text not null constraint dunning_letters_language_check check (language in ('en', 'ro')),
    title            text not null,
    text             text not null,
    currency         text not null,
    -- What one unit of the currency is worth in the organization's.
    exchange_rate    numeric(20,8) not null,
    documents        jsonb not null constraint dunning_letters_documents_type check (jsonb_typeof(documents) = 'array'),
    overdue_amount   numeric(20,4) not null constraint dunning_letters_overdue_amount_range check (overdue_amount > 0),
    fee_amount       numeric(20,4) not null constraint dunning_letters_fee_amount_range check (fee_amount >= 0),
    fee_base_amount  numeric(20,4) not null constraint dunning_letters_fee_base_amount_range check (fee_base_amount >= 0),
    fee_account_id   uuid,
    total_amount     numeric(20,4) not null,
    journal_entry_id uuid,
    -- The day in the books on which the fee was let go.
    fee_waived_on    date,
    status           text not null default 'draft' constraint dunning_letters_status_check check (status in ('draft', 'posted')),
    primary key (org_id, id),
    constraint dunning_letters_dunning_run_id_fkey foreign key (org_id, dunning_run_id) references dunning_runs (org_id, id) on delete cascade,
    constraint dunning_letters_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id),
    constraint dunning_letters_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint dunning_letters_fee_account_id_fkey foreign key (org_id, fee_account_id) references accounts (org_id, id),
    constraint dunning_letters_journal_entry_id_fkey foreign key (org_id, journal_entry_id) references journal_entries (org_id, id),
    constraint what_is_overdue_and_the_fee_are_the_total check (overdue_amount + fee_amount = total_amount),
    constraint what_is_posted_has_a_number check ((number is null) = (status = 'draft')),
    constraint a_fee_that_is_posted_is_booked check ((status = 'posted' and fee_base_amount > 0) = (journal_entry_id is not null))
);
create unique index dunning_letters_number_key on dunning_letters (org_id, number);
create index dunning_letters_by_run on dunning_letters (org_id, dunning_run_id);
create index dunning_letters_by_party on dunning_letters (org_id, party_id);
create index dunning_letters_by_account on dunning_letters (org_id, account_id);
create index dunning_letters_by_fee_account on dunning_letters (org_id, fee_account_id);
create index dunning_letters_by_entry on dunning_letters (org_id, journal_entry_id);
create index dunning_letters_by_as_of_on on dunning_letters (org_id, as_of_on, id);
select manage_resource('dunning_letters');
create index dunning_letters_by_created_at on dunning_letters (org_id, created_at, id);
-- What was sent is final; that its fee was let go is noted once.
create function keep_dunning_letter() returns trigger language plpgsql as $$
declare
    free constant text[] := '{fee_waived_on,version,updated_at,updated_by}';
begin
    if tg_op = 'DELETE' or old.fee_waived_on is not null or to_jsonb(new) - free <> to_jsonb(old) - free then
        raise exception 'final' using errcode = 'restrict_violation', table = 'dunning_letters', constraint = 'dunning_letters_final';
    end if;
    return new;
end $$;
create trigger frozen before update or delete on dunning_letters for each row when (old.status = 'posted') execute function keep_dunning_letter();
create trigger keep_paper after update of number on dunning_letters for each row when (old.number is null and new.number is not null) execute function keep_paper();
insert into number_kinds (kind, longest, format, reset) values ('dunning-letters', 40, 'REM-{year}-{number:6}', 'yearly');

-- Which invoice was reminded of at which level, once for each: kept by triggers alone.
create table dunning_reminders (
    org_id      uuid    not null,
    document_id uuid    not null,
    level       int     not null,
    letter_id   uuid    not null,
    as_of_on    date    not null,
    is_posted   boolean not null,
    primary key (org_id, document_id, level),
    constraint dunning_reminders_document_id_fkey foreign key (org_id, document_id) references open_items (org_id, id),
    constraint dunning_reminders_letter_id_fkey foreign key (org_id, letter_id) references dunning_letters (org_id, id) on delete cascade
);
create index dunning_reminders_by_letter on dunning_reminders (org_id, letter_id);
insert into managed_tables (name, kind) values ('dunning_reminders', 'derived');
select separate_organizations('dunning_reminders');
grant select on dunning_reminders to backoffice_service;

create function keep_dunning_reminders() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        insert into dunning_reminders (org_id, document_id, level, letter_id, as_of_on, is_posted)
            select new.org_id, d.invoice_id, d.level, new.id, new.as_of_on, false from jsonb_to_recordset(new.documents) d (invoice_id uuid, level int);
    else
        update dunning_reminders set is_posted = true where org_id = new.org_id and letter_id = new.id;
    end if;
    return null;
end $$;
create trigger keep_reminders after insert on dunning_letters for each row execute function keep_dunning_reminders();
create trigger post_reminders after update of status on dunning_letters for each row
    when (old.status = 'draft' and new.status = 'posted') execute function keep_dunning_reminders();

-- Invoices that are open, which is what runs look through.
create index open_items_owed on open_items (org_id, party_id, id) where open_amount > 0 and resource = 'invoices';

create function is_held_from_dunning(in_party uuid, in_invoice uuid, in_on date) returns boolean language sql stable as $$
    select exists (select from dunning_holds h where h.org_id = (select current_org()) and h.party_id = in_party and (h.invoice_id is null or h.invoice_id = in_invoice)
        and (h.until_on is null or h.until_on >= in_on))
$$;

-- The letters that a run comes to. Of an invoice the oldest instalments are paid first; it is overdue since the first that is not
-- paid. Each goes up one level at a time, after as many days of silence as the levels are apart. Runs take turns at the levels, and
-- each statement looks anew, so that two at once remind once.
create function dunning_due(in_as_of date, in_party uuid) returns jsonb language plpgsql volatile as $$
declare
    org constant uuid := current_org();
begin
    perform from dunning_levels where org_id = org order by id for no key update;
    return (
        with owed as (
            select i.id, i.number, i.party_id, i.account_id, i.currency, i.posted_on, i.amount, i.open_amount, d.due_on,
                in_as_of - d.due_on as days, i.open_amount - d.not_due as overdue
            from open_items i
            join invoices v on v.org_id = i.org_id and v.id = i.id
            cross join lateral (
                select min(e.due_on) filter (where e.up_to > i.amount - i.open_amount) as due_on,
                    least(coalesce(sum(e.amount) filter (where e.due_on >= in_as_of), 0), i.open_amount) as not_due
                from (
                    select due_on, amount, sum(amount) over (order by due_on rows unbounded preceding) as up_to
                    from jsonb_to_recordset(v.instalments) each (due_on date, amount numeric)
                ) e
            ) d
            where i.org_id = org and i.resource = 'invoices' and i.open_amount > 0 and (in_party is null or i.party_id = in_party)
                and i.posted_on < in_as_of and d.due_on < in_as_of and d.not_due < i.open_amount
                and not is_held_from_dunning(i.party_id, i.id, in_as_of)
        ), due as (
            select o.*, next.level
            from owed o
            left join lateral (select r.level, r.as_of_on, r.is_posted from dunning_reminders r
                where r.org_id = org and r.document_id = o.id order by r.level desc limit 1) last on true
            cross join lateral (select l.level, l.days_overdue from dunning_levels l
                where l.org_id = org and l.level > coalesce(last.level, 0) order by l.level limit 1) next
            where o.days >= next.days_overdue
                and (last.level is null or (last.is_posted and in_as_of - last.as_of_on >= next.days_overdue
                    - coalesce((select max(l.days_overdue) from dunning_levels l where l.org_id = org and l.level <= last.level), 0)))
        ), letters as (
            select party_id, currency, max(level) as level, (array_agg(account_id order by id desc))[1] as account_id, sum(overdue) as overdue_amount,
                jsonb_agg(jsonb_build_object('invoice_id', id, 'number', number, 'issued_on', posted_on, 'due_on', due_on, 'days_overdue', days,
                    'level', level, 'total_amount', amount::text, 'open_amount', open_amount::text, 'overdue_amount', overdue::text) order by due_on, number) as documents
            from due group by party_id, currency
        )
        select coalesce(jsonb_agg(jsonb_build_object('party_id', s.party_id, 'account_id', s.account_id, 'currency', s.currency,
                'exchange_rate', exchange_rate_on(s.currency, in_as_of)::text, 'level', s.level, 'language', p.language,
                'title', said.title, 'text', said.text, 'fee', l.fee_amount::text, 'fee_account_id', l.fee_account_id,
                'overdue_amount', s.overdue_amount::text, 'documents', s.documents) order by p.name, s.currency), '[]')
        from letters s
        join parties p on p.org_id = org and p.id = s.party_id
        join dunning_levels l on l.org_id = org and l.level = s.level
        cross join lateral (select t.title, t.text from jsonb_to_recordset(l.texts) t (language text, title text, text text)
            order by t.language <> p.language limit 1) said
    );
end $$;
