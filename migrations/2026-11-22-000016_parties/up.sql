-- Whom the company sells to and buys from, and when they pay.

create table payment_terms (
    org_id           uuid    not null,
    id               uuid    not null,
    name             text    not null constraint payment_terms_name_length check (length(name) between 1 and 100),
    -- Days from the document's day, or from the end of its month.
    days             integer not null default 0 constraint payment_terms_days_range check (days between 0 and 730),
    end_of_month     boolean not null default false,
    -- [{"percent": "30", "days": 0, "end_of_month": false}, …]; the percentages are all of it.
    instalments      jsonb   not null default '[]' constraint payment_terms_instalments_type check (jsonb_typeof(instalments) = 'array'),
    -- Who pays within these days may keep so many percent.
    discount_percent numeric constraint payment_terms_discount_percent_range
        check (discount_percent > 0 and discount_percent < 100 and scale(discount_percent) <= 4),
    discount_days    integer constraint payment_terms_discount_days_range check (discount_days between 0 and 730),
    -- Whether what is kept takes its part off the taxes of the document, when it is paid, or never.
    discount_tax     text    not null default 'on_payment' constraint payment_terms_discount_tax_check check (discount_tax in ('on_payment', 'never')),
    status           text    not null default 'active' constraint payment_terms_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint payment_terms_name_key unique (org_id, name),
    constraint a_discount_has_a_percentage_and_days check ((discount_percent is null) = (discount_days is null)),
    constraint instalments_say_their_own_days check (instalments = '[]' or (days = 0 and not end_of_month)),
    constraint at_most_36_instalments check (jsonb_array_length(instalments) <= 36)
);
select manage_resource('payment_terms', 'payment_terms');
create index payment_terms_by_created_at on payment_terms (org_id, created_at, id);

-- Instalments are all of it, whoever writes them.
create function keep_instalments_whole() returns trigger language plpgsql as $$
begin
    if (select sum((each ->> 'percent')::numeric) from jsonb_array_elements(new.instalments) each) <> 100 then
        raise exception 'not 100' using errcode = 'check_violation', table = 'payment_terms', constraint = 'payment_terms_instalments_range';
    end if;
    return new;
end $$;
create trigger keep_instalments_whole before insert or update of instalments on payment_terms
    for each row execute function keep_instalments_whole();

create table parties (
    org_id              uuid    not null,
    id                  uuid    not null,
    number              text    not null constraint parties_number_format check (number ~ '^[A-Za-z0-9][A-Za-z0-9/-]{0,19}$'),
    name                text    not null constraint parties_name_length check (length(name) between 1 and 200),
    legal_name          text    constraint parties_legal_name_length check (length(legal_name) between 1 and 200),
    is_customer         boolean not null default false,
    is_supplier         boolean not null default false,
    country             text    not null constraint parties_country_format check (country ~ '^[A-Z]{2}$'),
    tax_id              text    constraint parties_tax_id_length check (length(tax_id) between 1 and 40),
    registration_number text    constraint parties_registration_number_length check (length(registration_number) between 1 and 40),
    billing_address     jsonb   constraint parties_billing_address_type check (jsonb_typeof(billing_address) = 'object'),
    delivery_address    jsonb   constraint parties_delivery_address_type check (jsonb_typeof(delivery_address) = 'object'),
    contacts            jsonb   not null default '[]' constraint parties_contacts_type check (jsonb_typeof(contacts) = 'array'),
    bank_accounts       jsonb   not null default '[]' constraint parties_bank_accounts_type check (jsonb_typeof(bank_accounts) = 'array'),
    currency            text    constraint parties_currency_format check (currency ~ '^[A-Z]{3}$'),
    payment_terms_id    uuid,
    credit_limit        numeric(20,4) constraint parties_credit_limit_range check (credit_limit >= 0),
    language            text    not null default 'en' constraint parties_language_check check (language in ('en', 'ro')),
    status              text    not null default 'active' constraint parties_status_check check (status in ('active', 'archived')),
    -- There is another one like it, and that is meant.
    allow_duplicate     boolean not null default false,
    -- What its documents are booked to where they say nothing else.
    receivable_account_id uuid,
    payable_account_id  uuid,
    income_account_id   uuid,
    expense_account_id  uuid,
    primary key (org_id, id),
    constraint parties_number_key unique (org_id, number),
    constraint parties_payment_terms_id_fkey foreign key (org_id, payment_terms_id) references payment_terms (org_id, id),
    constraint parties_receivable_account_id_fkey foreign key (org_id, receivable_account_id) references accounts (org_id, id),
    constraint parties_payable_account_id_fkey foreign key (org_id, payable_account_id) references accounts (org_id, id),
    constraint parties_income_account_id_fkey foreign key (org_id, income_account_id) references accounts (org_id, id),
    constraint parties_expense_account_id_fkey foreign key (org_id, expense_account_id) references accounts (org_id, id),
    constraint is_a_customer_or_a_supplier_or_both check (is_customer or is_supplier),
    constraint at_most_50_contacts check (jsonb_array_length(contacts) <= 50),
    constraint at_most_20_bank_accounts check (jsonb_array_length(bank_accounts) <= 20)
);
create index parties_by_name on parties (org_id, name, id);
create index parties_by_tax_id on parties (org_id, tax_id);
create index parties_by_payment_terms on parties (org_id, payment_terms_id);
create index parties_by_receivable_account on parties (org_id, receivable_account_id);
create index parties_by_payable_account on parties (org_id, payable_account_id);
create index parties_by_income_account on parties (org_id, income_account_id);
create index parties_by_expense_account on parties (org_id, expense_account_id);
select manage_resource('parties', personal => '{billing_address,delivery_address,contacts,bank_accounts}');
create index parties_by_created_at on parties (org_id, created_at, id);
select takes_custom_fields('parties');
select numbered('parties', 'number', longest => 20, format => 'P-{number:5}');
-- Money follows bank details, so an organization can ask for a second pair of eyes.
select approvable('parties', '{change-bank-accounts}');

-- The bank accounts of `parties.bank_accounts`, a row each, for payments to refer to: kept by triggers alone. An account
-- that is taken off stays, and is current no more.
create table party_bank_accounts (
    org_id         uuid    not null,
    id             uuid    not null,
    party_id       uuid    not null,
    iban           text,
    account_number text,
    bic            text,
    holder         text,
    bank_name      text,
    currency       text,
    is_current     boolean not null,
    primary key (org_id, id),
    constraint party_bank_accounts_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id) on delete cascade,
    constraint has_an_iban_or_an_account_number check ((iban is null) <> (account_number is null))
);
create unique index party_bank_accounts_iban_key on party_bank_accounts (org_id, party_id, coalesce(iban, account_number));
create index party_bank_accounts_by_iban on party_bank_accounts (org_id, iban);

-- By what two parties are taken for the same: tax id, and name and country. Kept by triggers alone.
create table party_keys (
    org_id   uuid not null,
    key      text not null,
    party_id uuid not null,
    primary key (org_id, key, party_id),
    constraint party_keys_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id) on delete cascade
);
create index party_keys_by_party on party_keys (org_id, party_id);

insert into managed_tables (name, kind) values ('party_bank_accounts', 'derived'), ('party_keys', 'derived');
select separate_organizations('party_bank_accounts'), separate_organizations('party_keys');
grant select on party_bank_accounts, party_keys to backoffice_service;

-- What VAT numbers of the European Union begin with (Directive 2006/112/EC, art. 215), Northern Ireland among them.
create function vat_prefix(country text) returns text language sql immutable parallel safe as $$
    select case when country = 'GR' then 'EL'
        when country = any('{AT,BE,BG,CY,CZ,DE,DK,EE,EL,ES,FI,FR,HR,HU,IE,IT,LT,LU,LV,MT,NL,PL,PT,RO,SE,SI,SK,XI}') then country end
$$;

create function compact_id(written text) returns text language sql immutable parallel safe as $$
    select upper(regexp_replace(written, '[^A-Za-z0-9+*]', '', 'g'))
$$;

-- Without what people write differently: case, accents, spaces, punctuation; where nothing is left, as it is.
create function party_keys_of(in_name text, in_country text, in_tax_id text) returns text[] language sql immutable parallel safe as $$
    select array_remove(array[
        'name ' || in_country || ' ' || coalesce(nullif(regexp_replace(normalize(lower(in_name), nfkd),
            '[\u0001-\u002f\u003a-\u0060\u007b-\u00bf\u0300-\u036f\u2000-\u206f]', '', 'g'), ''), in_name),
        'tax ' || case
            when vat_prefix(left(compact_id(in_tax_id), 2)) is not null then compact_id(in_tax_id)
            else coalesce(vat_prefix(in_country), in_country) || compact_id(in_tax_id) end], null)
$$;

-- As it is kept: VAT numbers and IBANs without spaces and dots; an account that is there already keeps its id.
create function keep_party() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if vat_prefix(new.country) is not null or vat_prefix(left(compact_id(new.tax_id), 2)) is not null then
        new.tax_id := compact_id(new.tax_id);
    else
        new.tax_id := btrim(new.tax_id);
    end if;
    if tg_op = 'INSERT' or new.bank_accounts is distinct from old.bank_accounts then
        new.bank_accounts := (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', coalesce((select id from party_bank_accounts p where p.org_id = new.org_id and p.party_id = new.id
                    and coalesce(p.iban, p.account_number) = coalesce(own.iban, each ->> 'account_number')), gen_random_uuid()),
                'iban', own.iban, 'account_number', each ->> 'account_number', 'bic', upper(each ->> 'bic'), 'holder', each ->> 'holder',
                'bank_name', each ->> 'bank_name', 'currency', each ->> 'currency') order by place), '[]')
            from jsonb_array_elements(new.bank_accounts) with ordinality given (each, place), lateral (select compact_id(each ->> 'iban') as iban) own);
    end if;
    return new;
end $$;
create trigger keep_party before insert or update of country, tax_id, bank_accounts on parties for each row execute function keep_party();

create function keep_party_bank_accounts() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into party_bank_accounts as known (org_id, id, party_id, iban, account_number, bic, holder, bank_name, currency, is_current)
        select n.org_id, (each ->> 'id')::uuid, n.id, each ->> 'iban', each ->> 'account_number', each ->> 'bic', each ->> 'holder',
            each ->> 'bank_name', each ->> 'currency', true
        from new_rows n, jsonb_array_elements(n.bank_accounts) each
        on conflict (org_id, id) do update set bic = excluded.bic, holder = excluded.holder, bank_name = excluded.bank_name,
            currency = excluded.currency, is_current = true
            where (known.bic, known.holder, known.bank_name, known.currency, known.is_current)
                is distinct from (excluded.bic, excluded.holder, excluded.bank_name, excluded.currency, true);
    if tg_op = 'UPDATE' then
        update party_bank_accounts known set is_current = false from new_rows n
            where known.org_id = n.org_id and known.party_id = n.id and known.is_current
                and not n.bank_accounts @> jsonb_build_array(jsonb_build_object('id', known.id));
    end if;
    return null;
end $$;
create trigger keep_bank_accounts_of_new after insert on parties referencing new table as new_rows
    for each statement execute function keep_party_bank_accounts();
create trigger keep_bank_accounts_of_changed after update on parties referencing new table as new_rows
    for each statement execute function keep_party_bank_accounts();

-- Nobody is entered twice by mistake. Those who write the same key take turns, so of two at once the second sees the first;
-- keys share a few locks, so that a file of thousands does not need thousands.
create function refuse_duplicate_parties() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    -- Side by side: a key, whose it is, and whether nobody else may have it.
    ids uuid[];
    keys text[];
    alone boolean[];
    taken text[];
    others uuid[];
    faults jsonb;
begin
    if tg_op = 'INSERT' then
        select array_agg(n.id), array_agg(key), array_agg(not n.allow_duplicate) into ids, keys, alone
            from new_rows n, unnest(party_keys_of(n.name, n.country, n.tax_id)) key;
    else
        select array_agg(n.id), array_agg(key), array_agg(not n.allow_duplicate) into ids, keys, alone
            from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id, unnest(party_keys_of(n.name, n.country, n.tax_id)) key
            where (n.name, n.country, n.tax_id, n.allow_duplicate) is distinct from (o.name, o.country, o.tax_id, o.allow_duplicate);
    end if;
    if ids is null then return null; end if;
    perform pg_advisory_xact_lock(hashtextextended('parties ' || org || bucket, 2)) from (
        select distinct hashtext(key) & 255 as bucket from unnest(keys) key order by 1) locks;
    if tg_op = 'UPDATE' then
        delete from party_keys known using (select distinct id from unnest(ids) id) mine where known.org_id = org and known.party_id = mine.id;
    end if;
    insert into party_keys (org_id, key, party_id) select org, key, id from unnest(ids, keys) mine (id, key);
    -- One look-up for each key, however many there are. (An order, or a join, would let the planner walk another way, row by row.)
    select array_agg(key), array_agg(party_id) into taken, others from (
        select mine.key, other.party_id from unnest(ids, keys, alone) mine (id, key, alone)
        cross join lateral (select k.party_id from party_keys k where k.org_id = org and k.key = mine.key and k.party_id <> mine.id limit 1) other
        where mine.alone limit 10) same;
    if taken is null then return null; end if;
    select jsonb_agg(distinct jsonb_build_object('pointer', '/' || field, 'code', 'already-taken', 'detail', format(
            '%s "%s"%s has this %s: use that one, or send `allow_duplicate: true` if you mean it', p.number, p.name,
            case p.status when 'archived' then ', which is archived,' else '' end,
            case field when 'name' then 'name in this country' else 'tax id' end)))
        into faults
        from unnest(taken, others) same (key, party_id) join parties p on p.org_id = org and p.id = same.party_id,
        lateral (select case split_part(same.key, ' ', 1) when 'name' then 'name' else 'tax_id' end as field) place;
    raise exception 'known already' using errcode = 'unique_violation', table = 'parties', constraint = 'parties_name_key',
        detail = jsonb_build_object('errors', faults, 'members', jsonb_build_object('duplicates', (select jsonb_agg(distinct id) from unnest(others) id)));
end $$;
create trigger refuse_duplicates_of_new after insert on parties referencing new table as new_rows
    for each statement execute function refuse_duplicate_parties();
create trigger refuse_duplicates_of_changed after update on parties referencing old table as old_rows new table as new_rows
    for each statement execute function refuse_duplicate_parties();

-- Terms that are archived are given to nobody any more; the lock makes an archiving that runs at the same time wait.
create function refuse_archived_payment_terms() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform from payment_terms where org_id = new.org_id and id = new.payment_terms_id for key share;
    if exists (select from payment_terms where org_id = new.org_id and id = new.payment_terms_id and status = 'archived') then
        raise exception 'archived' using errcode = 'restrict_violation', constraint = 'these_payment_terms_are_archived', table = tg_table_name;
    end if;
    return null;
end $$;
create trigger refuse_archived_terms after insert or update of payment_terms_id on parties
    for each row when (new.payment_terms_id is not null) execute function refuse_archived_payment_terms();

-- What is booked to by default is an account of the kind that it is for, and takes postings.
create function keep_party_accounts() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    faults jsonb;
begin
    select jsonb_agg(jsonb_build_object('pointer', '/' || given.field, 'code', fault.code, 'detail', fault.detail)) into faults
        from (values ('receivable_account_id', new.receivable_account_id, '{asset}'::text[]), ('payable_account_id', new.payable_account_id, '{liability}'),
            ('income_account_id', new.income_account_id, '{income}'), ('expense_account_id', new.expense_account_id, '{expense,asset}')) given (field, id, types)
        left join accounts a on a.org_id = new.org_id and a.id = given.id
        cross join lateral (values
            (a.id is null, 'unknown-reference', 'there is no such row in this organization'),
            (a.type <> all(given.types), 'wrong-account', format('must be an account of the type %s, and %s is one of the type %s',
                array_to_string(given.types, ' or '), a.code, a.type)),
            (a.is_group, 'is-group', format('is the group %s, which takes no postings: name one of the accounts below it', a.code)),
            (a.status = 'archived', 'archived', format('is the account %s, which is archived: restore it, or name another one', a.code))) fault (is_so, code, detail)
        where given.id is not null and fault.is_so;
    if faults is not null then
        raise exception 'accounts' using errcode = 'check_violation', table = 'parties', constraint = 'parties_account_check',
            detail = jsonb_build_object('errors', faults);
    end if;
    return new;
end $$;
create trigger keep_accounts before insert or update of receivable_account_id, payable_account_id, income_account_id, expense_account_id on parties
    for each row when (coalesce(new.receivable_account_id, new.payable_account_id, new.income_account_id, new.expense_account_id) is not null)
    execute function keep_party_accounts();

alter table journal_lines add constraint journal_lines_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id);
