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
