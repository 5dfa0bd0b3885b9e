-- What a fixed asset was bought with: a line of a bill. The register and the books stay one: the assets of a line cost no more
-- than was booked for it, on the account of their category, and what they were bought with is not taken back under them.

create table fixed_asset_purchases (
    org_id         uuid    not null,
    id             uuid    not null,
    fixed_asset_id uuid    not null,
    bill_id        uuid    not null,
    line           integer not null constraint fixed_asset_purchases_line_range check (line between 1 and 500),
    primary key (org_id, id),
    constraint fixed_asset_purchases_fixed_asset_id_key unique (org_id, fixed_asset_id),
    constraint fixed_asset_purchases_fixed_asset_id_fkey foreign key (org_id, fixed_asset_id) references fixed_assets (org_id, id) on delete cascade,
    constraint fixed_asset_purchases_line_fkey foreign key (org_id, bill_id, line) references document_lines (org_id, document_id, line)
);
create index fixed_asset_purchases_by_line on fixed_asset_purchases (org_id, bill_id, line);
select manage_resource('fixed_asset_purchases');
create index fixed_asset_purchases_by_created_at on fixed_asset_purchases (org_id, created_at, id);

-- What can still be acquired with the lines of a bill, in the organization's currency: what was booked for each, less what was
-- taken back of it and what its assets cost.
create function lines_to_acquire(in_bill uuid) returns table (line int, account_id uuid, department_id uuid, cost_centre_id uuid, left_over numeric)
    language sql stable security definer set search_path = public, pg_temp as $$
    select l.line, l.account_id, l.department_id, l.cost_centre_id,
        round((l.net_amount - coalesce((
            select sum(back.net_amount) from debit_notes d
            join document_lines back on back.org_id = d.org_id and back.document_id = d.id and back.credited_line = l.line
            where d.org_id = b.org_id and d.bill_id = b.id and d.number is not null), 0)) * b.exchange_rate, currency_decimals(o.currency))
        - coalesce((
            select sum(a.cost) from fixed_asset_purchases p
            join fixed_assets a on a.org_id = p.org_id and a.id = p.fixed_asset_id
            where p.org_id = b.org_id and p.bill_id = b.id and p.line = l.line), 0)
    from bills b
    join organizations o on o.id = b.org_id
    join document_lines l on l.org_id = b.org_id and l.document_id = b.id
    where b.org_id = (select current_org()) and b.id = in_bill
$$;

-- Those who acquire with one bill, change what such an asset cost, or take the bill back, take turns at it.
create function check_acquired() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    bought_with uuid[];
    one uuid;
begin
    if tg_table_name = 'debit_notes' then
        bought_with := array[new.bill_id];
    elsif tg_table_name = 'fixed_assets' then
        bought_with := array(select bill_id from fixed_asset_purchases where org_id = new.org_id and fixed_asset_id = new.id);
    else
        bought_with := array[new.bill_id];
    end if;
    foreach one in array bought_with loop
        perform from bills where org_id = new.org_id and id = one for no key update;
        if not exists (select from bills where org_id = new.org_id and id = one and number is not null) then
            raise exception 'a draft' using errcode = 'restrict_violation', table = tg_table_name,
                constraint = 'what_an_asset_is_bought_with_is_posted_first';
        end if;
        if exists (select from fixed_asset_purchases p
            join fixed_assets a on a.org_id = p.org_id and a.id = p.fixed_asset_id
            join fixed_asset_categories c on c.org_id = a.org_id and c.id = a.category_id
            join document_lines l on l.org_id = p.org_id and l.document_id = p.bill_id and l.line = p.line
            where p.org_id = new.org_id and p.bill_id = one and c.asset_account_id <> l.account_id) then
            raise exception 'another account' using errcode = 'restrict_violation', table = tg_table_name,
                constraint = 'the_line_of_the_bill_is_booked_on_the_account_of_the_category';
        end if;
        if exists (select from lines_to_acquire(one) l where l.left_over < 0
            and exists (select from fixed_asset_purchases p where p.org_id = new.org_id and p.bill_id = one and p.line = l.line)) then
            raise exception 'more than it cost' using errcode = 'restrict_violation', table = tg_table_name,
                constraint = 'the_assets_of_a_line_cost_no_more_than_is_booked_for_it';
        end if;
    end loop;
    return null;
end $$;
create trigger check_acquired after insert or update on fixed_asset_purchases for each row execute function check_acquired();
create trigger check_acquired after update of cost, category_id on fixed_assets for each row execute function check_acquired();
create trigger check_acquired after update of number on debit_notes for each row
    when (old.number is null and new.number is not null) execute function check_acquired();
