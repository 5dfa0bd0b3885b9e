-- What people work with: models and places, assets and who has them, licences, consumables and accessories, and the kits of positions.

-- A place where things are, as a tree: a site, a building, a room, a shelf.
create table locations (
    org_id    uuid not null,
    id        uuid not null,
    code      text not null constraint locations_code_format check (code ~ '^[A-Z0-9][A-Z0-9.-]{0,19}$'),
    name      text not null constraint locations_name_length check (length(name) between 1 and 100),
    parent_id uuid,
    address   text constraint locations_address_length check (length(address) between 1 and 500),
    status    text not null default 'active' constraint locations_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint locations_code_key unique (org_id, code),
    constraint locations_parent_id_fkey foreign key (org_id, parent_id) references locations (org_id, id)
);
create index locations_by_parent on locations (org_id, parent_id, id);
create index locations_by_name on locations (org_id, name, id);
create index locations_by_code on locations (org_id, code, id);
select manage_resource('locations');
create index locations_by_created_at on locations (org_id, created_at, id);
select keep_tree('locations', 'parent_id', 'location_lines', 50);

create table asset_models (
    org_id                uuid    not null,
    id                    uuid    not null,
    name                  text    not null constraint asset_models_name_length check (length(name) between 1 and 100),
    manufacturer          text    constraint asset_models_manufacturer_length check (length(manufacturer) between 1 and 100),
    model_number          text    constraint asset_models_model_number_length check (length(model_number) between 1 and 100),
    category              text    not null constraint asset_models_category_length check (length(category) between 1 and 60),
    -- How long one is meant to be used, how long its warranty is, and how often somebody has to see that it is there.
    end_of_life_months    integer constraint asset_models_end_of_life_months_range check (end_of_life_months between 1 and 600),
    warranty_months       integer constraint asset_models_warranty_months_range check (warranty_months between 1 and 600),
    audit_interval_months integer constraint asset_models_audit_interval_months_range check (audit_interval_months between 1 and 120),
    note                  text    constraint asset_models_note_length check (length(note) between 1 and 2000),
    status                text    not null default 'active' constraint asset_models_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint asset_models_name_key unique (org_id, name)
);
create index asset_models_by_name on asset_models (org_id, name, id);
create index asset_models_by_category on asset_models (org_id, category, id);
select manage_resource('asset_models');
create index asset_models_by_created_at on asset_models (org_id, created_at, id);

create table assets (
    org_id             uuid not null,
    id                 uuid not null,
    tag                text not null constraint assets_tag_format check (tag ~ '^[A-Za-z0-9][A-Za-z0-9./-]{0,39}$'),
    serial_number      text constraint assets_serial_number_length check (length(serial_number) between 1 and 100),
    name               text constraint assets_name_length check (length(name) between 1 and 100),
    model_id           uuid not null,
    -- Where it is kept, or was last seen.
    location_id        uuid,
    purchased_on       date,
    purchase_price     numeric(20,4) constraint assets_purchase_price_range check (purchase_price >= 0),
    currency           text constraint assets_currency_format check (currency ~ '^[A-Z]{3}$'),
    supplier_id        uuid,
    order_number       text constraint assets_order_number_length check (length(order_number) between 1 and 60),
    warranty_ends_on   date,
    fixed_asset_id     uuid,
    note               text constraint assets_note_length check (length(note) between 1 and 2000),
    -- Who or what has it: kept by its open assignment.
    employee_id        uuid,
    holder_location_id uuid,
    holder_asset_id    uuid,
    last_audited_on    date,
    next_audit_due_on  date,
    -- Since when it is retired or lost, and why.
    ended_on           date,
    end_reason         text constraint assets_end_reason_length check (length(end_reason) between 1 and 500),
    status             text not null default 'in_stock' constraint assets_status_check
        check (status in ('ordered', 'in_stock', 'assigned', 'in_repair', 'retired', 'lost')),
    primary key (org_id, id),
    constraint assets_tag_key unique (org_id, tag),
    constraint assets_serial_number_key unique (org_id, serial_number),
    constraint assets_model_id_fkey foreign key (org_id, model_id) references asset_models (org_id, id),
    constraint assets_location_id_fkey foreign key (org_id, location_id) references locations (org_id, id),
    constraint assets_supplier_id_fkey foreign key (org_id, supplier_id) references parties (org_id, id),
    constraint assets_fixed_asset_id_fkey foreign key (org_id, fixed_asset_id) references fixed_assets (org_id, id),
    constraint assets_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint assets_holder_location_id_fkey foreign key (org_id, holder_location_id) references locations (org_id, id),
    constraint assets_holder_asset_id_fkey foreign key (org_id, holder_asset_id) references assets (org_id, id),
    constraint an_asset_has_one_holder_while_it_is_assigned
        check (num_nonnulls(employee_id, holder_location_id, holder_asset_id) = case status when 'assigned' then 1 else 0 end),
    constraint what_is_retired_or_lost_says_since_when check ((status in ('retired', 'lost')) = (ended_on is not null)),
    constraint a_price_stands_in_a_currency check (purchase_price is null or currency is not null),
    constraint assets_warranty_ends_on_range check (warranty_ends_on >= purchased_on)
);
create index assets_by_tag on assets (org_id, tag, id);
create index assets_by_model on assets (org_id, model_id, status, id);
create index assets_by_location on assets (org_id, location_id, id);
create index assets_by_supplier on assets (org_id, supplier_id, id);
create index assets_by_fixed_asset on assets (org_id, fixed_asset_id, id);
create index assets_by_employee on assets (org_id, employee_id, id);
create index assets_by_holder_location on assets (org_id, holder_location_id, id);
create index assets_by_holder_asset on assets (org_id, holder_asset_id, id);
create index assets_by_status on assets (org_id, status, id);
create index assets_by_next_audit on assets (org_id, next_audit_due_on, id);
create index assets_by_warranty on assets (org_id, warranty_ends_on, id);
select manage_resource('assets', person => 'employee_id', personal => '{employee_id,custom}');
create index assets_by_created_at on assets (org_id, created_at, id);
select limit_reach('assets');
select takes_custom_fields('assets');
select numbered('assets', 'tag', longest => 40, format => 'A-{number:5}');
-- Parts are in what they were handed to, however deep; a ring can not be closed.
select keep_tree('assets', 'holder_asset_id', 'asset_lines', 10);

create table asset_assignments (
    org_id             uuid not null,
    id                 uuid not null,
    asset_id           uuid not null,
    employee_id        uuid,
    holder_location_id uuid,
    holder_asset_id    uuid,
    checked_out_on     date not null default today_utc(),
    due_back_on        date,
    note               text constraint asset_assignments_note_length check (length(note) between 1 and 500),
    -- When the employee said that they have it, or that they have not.
    answered_at        timestamptz,
    decline_reason     text constraint asset_assignments_decline_reason_length check (length(decline_reason) between 1 and 500),
    returned_on        date,
    return_note        text constraint asset_assignments_return_note_length check (length(return_note) between 1 and 500),
    status             text not null default 'active' constraint asset_assignments_status_check
        check (status in ('pending', 'active', 'declined', 'returned', 'lost')),
    primary key (org_id, id),
    constraint asset_assignments_asset_id_fkey foreign key (org_id, asset_id) references assets (org_id, id),
    constraint asset_assignments_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint asset_assignments_holder_location_id_fkey foreign key (org_id, holder_location_id) references locations (org_id, id),
    constraint asset_assignments_holder_asset_id_fkey foreign key (org_id, holder_asset_id) references assets (org_id, id),
    constraint an_asset_is_handed_to_one_holder check (num_nonnulls(employee_id, holder_location_id, holder_asset_id) = 1),
    constraint only_an_employee_is_asked_whether_they_have_it check (employee_id is not null or status not in ('pending', 'declined')),
    constraint asset_assignments_due_back_on_range check (due_back_on >= checked_out_on),
    constraint asset_assignments_returned_on_range check (returned_on >= checked_out_on),
    constraint what_is_over_says_since_when check ((status in ('declined', 'returned', 'lost')) = (returned_on is not null))
);
create unique index an_asset_is_with_one_holder_at_a_time on asset_assignments (org_id, asset_id) where status in ('pending', 'active');
create index asset_assignments_by_asset on asset_assignments (org_id, asset_id, id);
create index asset_assignments_by_employee on asset_assignments (org_id, employee_id, id);
create index asset_assignments_by_holder_location on asset_assignments (org_id, holder_location_id, id);
create index asset_assignments_by_holder_asset on asset_assignments (org_id, holder_asset_id, id);
create index asset_assignments_by_checked_out_on on asset_assignments (org_id, checked_out_on, id);
create index asset_assignments_by_due_back_on on asset_assignments (org_id, due_back_on, id) where status in ('pending', 'active');
select manage_resource('asset_assignments', person => 'employee_id', personal => '{note,decline_reason,return_note}');
create index asset_assignments_by_created_at on asset_assignments (org_id, created_at, id);
select limit_reach('asset_assignments');
select frozen_when('asset_assignments', 'old.status in (''declined'', ''returned'', ''lost'')');

create table asset_maintenances (
    org_id      uuid not null,
    id          uuid not null,
    asset_id    uuid not null,
    kind        text not null constraint asset_maintenances_kind_check
        check (kind in ('repair', 'upgrade', 'inspection', 'calibration', 'cleaning', 'other')),
    title       text not null constraint asset_maintenances_title_length check (length(title) between 1 and 200),
    supplier_id uuid,
    cost        numeric(20,4) constraint asset_maintenances_cost_range check (cost >= 0),
    currency    text constraint asset_maintenances_currency_format check (currency ~ '^[A-Z]{3}$'),
    starts_on   date not null default today_utc(),
    ends_on     date,
    -- Whether nobody can have it meanwhile: it was sent to repair.
    is_away     boolean not null default false,
    note        text constraint asset_maintenances_note_length check (length(note) between 1 and 2000),
    status      text not null default 'open' constraint asset_maintenances_status_check check (status in ('open', 'done')),
    primary key (org_id, id),
    constraint asset_maintenances_asset_id_fkey foreign key (org_id, asset_id) references assets (org_id, id),
    constraint asset_maintenances_supplier_id_fkey foreign key (org_id, supplier_id) references parties (org_id, id),
    constraint asset_maintenances_ends_on_range check (ends_on >= starts_on),
    constraint a_cost_stands_in_a_currency check (cost is null or currency is not null),
    constraint what_is_done_says_since_when check (status = 'open' or ends_on is not null)
);
create unique index an_asset_is_away_for_one_repair_at_a_time on asset_maintenances (org_id, asset_id) where is_away and status = 'open';
create index asset_maintenances_by_asset on asset_maintenances (org_id, asset_id, id);
create index asset_maintenances_by_supplier on asset_maintenances (org_id, supplier_id, id);
create index asset_maintenances_by_starts_on on asset_maintenances (org_id, starts_on, id);
select manage_resource('asset_maintenances');
create index asset_maintenances_by_created_at on asset_maintenances (org_id, created_at, id);

-- That somebody saw it, and where. Final.
create table asset_audits (
    org_id      uuid not null,
    id          uuid not null,
    asset_id    uuid not null,
    seen_on     date not null default today_utc(),
    location_id uuid,
    next_due_on date,
    note        text constraint asset_audits_note_length check (length(note) between 1 and 500),
    primary key (org_id, id),
    constraint asset_audits_asset_id_fkey foreign key (org_id, asset_id) references assets (org_id, id),
    constraint asset_audits_location_id_fkey foreign key (org_id, location_id) references locations (org_id, id),
    constraint asset_audits_next_due_on_range check (next_due_on > seen_on)
);
create index asset_audits_by_asset on asset_audits (org_id, asset_id, id);
create index asset_audits_by_location on asset_audits (org_id, location_id, id);
create index asset_audits_by_seen_on on asset_audits (org_id, seen_on, id);
select manage_resource('asset_audits');
create index asset_audits_by_created_at on asset_audits (org_id, created_at, id);
select frozen_when('asset_audits', 'true');

-- What stands in the way, for tell_fault: nothing is put into what is archived.
create function refuse_archived_location(in_table text, in_location uuid, in_pointer text) returns void language plpgsql stable as $$
begin
    if exists (select from locations where org_id = current_org() and id = in_location and status = 'archived') then
        perform tell_fault(409, in_table, in_pointer, 'archived', 'is archived: restore it, or name another place');
    end if;
end $$;

create function keep_location() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'UPDATE' and new.status = 'archived' and old.status <> 'archived' then
        -- Who puts something in holds the key, as every foreign key does: wait for them, and let later ones wait for this.
        perform from locations where org_id = new.org_id and id = new.id for update;
        if exists (select from locations where org_id = new.org_id and parent_id = new.id and status = 'active')
            or exists (select from assets where org_id = new.org_id and location_id = new.id and status in ('ordered', 'in_stock', 'in_repair', 'assigned'))
            or exists (select from assets where org_id = new.org_id and holder_location_id = new.id)
            or exists (select from supplies where org_id = new.org_id and location_id = new.id and status = 'active') then
            raise exception 'not empty' using errcode = 'restrict_violation', table = 'locations', constraint = 'a_place_is_archived_when_nothing_is_in_it';
        end if;
    end if;
    if new.parent_id is not null and new.status = 'active' and (tg_op = 'INSERT' or (new.parent_id, new.status) is distinct from (old.parent_id, old.status)) then
        perform refuse_archived_location('locations', new.parent_id, '/parent_id');
    end if;
    return new;
end $$;
create trigger keep_location before insert or update on locations for each row execute function keep_location();

-- An asset is in one state at a time; what follows from it is kept here: nobody holds what is not assigned, and what is neither retired nor
-- lost has no end.
create function keep_asset() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    model asset_models;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' or new.model_id <> old.model_id then
        select * into model from asset_models where org_id = new.org_id and id = new.model_id;
        if model.status = 'archived' then
            perform tell_fault(409, 'assets', '/model_id', 'archived', format('is the model `%s`, which is archived: restore it, or name another one', model.name));
        end if;
    end if;
    if new.location_id is not null and (tg_op = 'INSERT' or new.location_id is distinct from old.location_id) then
        perform refuse_archived_location('assets', new.location_id, '/location_id');
    end if;
    if new.supplier_id is not null and (tg_op = 'INSERT' or new.supplier_id is distinct from old.supplier_id)
        and exists (select from parties where org_id = new.org_id and id = new.supplier_id and not is_supplier) then
        perform tell_fault(422, 'assets', '/supplier_id', 'no-supplier', 'is a customer and no supplier: say that it is one, or name another party');
    end if;
    if new.purchase_price is not null then new.currency := coalesce(new.currency, books_currency()); end if;
    if tg_op = 'INSERT' then
        if new.employee_id is not null and new.status in ('ordered', 'in_stock') then new.status := 'assigned'; end if;
        -- Its warranty and its first audit follow from the model, unless they are told.
        if new.warranty_ends_on is null and new.purchased_on is not null and model.warranty_months is not null then
            new.warranty_ends_on := (new.purchased_on + make_interval(months => model.warranty_months))::date - 1;
        end if;
        if new.next_audit_due_on is null and model.audit_interval_months is not null and new.status <> 'ordered' then
            new.next_audit_due_on := (today_utc() + make_interval(months => model.audit_interval_months))::date;
        end if;
        return new;
    end if;
    if new.status <> 'assigned' then
        new.employee_id := null;
        new.holder_location_id := null;
        new.holder_asset_id := null;
    end if;
    if new.status = 'retired' and old.status <> 'retired' and exists (select from assets where org_id = new.org_id and holder_asset_id = new.id) then
        raise exception 'parts' using errcode = 'restrict_violation', table = 'assets', constraint = 'other_assets_are_a_part_of_it_so_check_those_in_first';
    end if;
    if new.status not in ('retired', 'lost') then
        new.ended_on := null;
        new.end_reason := null;
    end if;
    return new;
end $$;
create trigger keep_asset before insert or update on assets for each row execute function keep_asset();

-- What an asset leaves is over: whoever had it has it no more, and a repair has ended. Who has it already when it is entered, is noted.
create function follow_asset() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        insert into asset_assignments (org_id, id, asset_id, employee_id, checked_out_on, status)
            values (new.org_id, ordered_uuid(now(), 1), new.id, new.employee_id, least(coalesce(new.purchased_on, today_utc()), today_utc()), 'active');
        return null;
    end if;
    if old.status = 'assigned' then
        update asset_assignments set status = case new.status when 'lost' then 'lost' else 'returned' end,
                returned_on = greatest(checked_out_on, coalesce(new.ended_on, today_utc()))
            where org_id = new.org_id and asset_id = new.id and status in ('pending', 'active');
    elsif old.status = 'in_repair' then
        update asset_maintenances set status = 'done', ends_on = coalesce(ends_on, greatest(starts_on, today_utc()))
            where org_id = new.org_id and asset_id = new.id and is_away and status = 'open';
    end if;
    return null;
end $$;
create trigger follow_new_asset after insert on assets for each row when (new.employee_id is not null) execute function follow_asset();
create trigger follow_asset after update on assets for each row when (old.status <> new.status and old.status in ('assigned', 'in_repair')) execute function follow_asset();

-- An asset is handed out when it is in stock, to whom and what is there to take it. Who comes second waits for its row and finds it gone.
create function keep_asset_assignment() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    asset assets;
    holder record;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select * into asset from assets where org_id = new.org_id and id = new.asset_id for no key update;
    if asset.id is null then return new; end if; -- which the key tells
    if asset.status <> 'in_stock' and not (asset.status = 'assigned' and asset.employee_id is not distinct from new.employee_id
            and not exists (select from asset_assignments where org_id = new.org_id and asset_id = new.asset_id and status in ('pending', 'active'))) then
        perform tell_fault(409, 'asset_assignments', '/asset_id', 'not-in-stock', format('is %s, which is %s: only what is in stock is handed out', asset.tag, replace(asset.status, '_', ' ')));
    end if;
    if new.checked_out_on > today_utc() then
        perform tell_fault(422, 'asset_assignments', '/checked_out_on', 'in-the-future', 'must not be in the future: hand it out when it is');
    end if;
    if new.employee_id is not null then
        select status, terminated_on into holder from employees where org_id = new.org_id and id = new.employee_id;
        if holder.status = 'terminated' then
            perform tell_fault(409, 'asset_assignments', '/employee_id', 'has-left', 'has left: nothing is handed to them any more');
        elsif holder.terminated_on is not null then -- they leave: it comes back by then
            new.due_back_on := greatest(new.checked_out_on, least(new.due_back_on, holder.terminated_on));
        end if;
    elsif new.holder_location_id is not null then
        perform refuse_archived_location('asset_assignments', new.holder_location_id, '/holder_location_id');
    else
        select id, tag, status into holder from assets where org_id = new.org_id and id = new.holder_asset_id;
        if exists (select from asset_lines where org_id = new.org_id and above_id = new.asset_id and below_id = new.holder_asset_id) then
            perform tell_fault(409, 'asset_assignments', '/holder_asset_id', 'closes-a-ring', 'is a part of the asset itself: choose another one');
        elsif holder.status in ('ordered', 'retired', 'lost') then
            perform tell_fault(409, 'asset_assignments', '/holder_asset_id', 'not-there', format('is %s, which is %s: nothing becomes a part of it', holder.tag, holder.status));
        end if;
    end if;
    return new;
end $$;
create trigger keep_assignment before insert on asset_assignments for each row execute function keep_asset_assignment();

create function follow_asset_assignment() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        update assets set status = 'assigned', employee_id = new.employee_id, holder_location_id = new.holder_location_id, holder_asset_id = new.holder_asset_id
            where org_id = new.org_id and id = new.asset_id and status = 'in_stock';
    else
        update assets set status = case new.status when 'lost' then 'lost' else 'in_stock' end, ended_on = new.returned_on, end_reason = new.return_note
            where org_id = new.org_id and id = new.asset_id and status = 'assigned';
    end if;
    return null;
end $$;
create trigger follow_new_assignment after insert on asset_assignments for each row when (new.status in ('pending', 'active')) execute function follow_asset_assignment();
create trigger follow_assignment after update on asset_assignments for each row
    when (old.status in ('pending', 'active') and new.status not in ('pending', 'active')) execute function follow_asset_assignment();

-- What somebody has comes back with their last day; another last day moves it, and none takes that back.
create function follow_leaver() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update asset_assignments set due_back_on = greatest(checked_out_on, new.terminated_on)
        where org_id = new.org_id and employee_id = new.id and status in ('pending', 'active')
            and (due_back_on is null or due_back_on > new.terminated_on or due_back_on = greatest(checked_out_on, old.terminated_on))
            and new.terminated_on is not null;
    update asset_assignments set due_back_on = null
        where org_id = new.org_id and employee_id = new.id and status in ('pending', 'active') and new.terminated_on is null
            and due_back_on = greatest(checked_out_on, old.terminated_on);
    return null;
end $$;
create trigger follow_leaver after update of terminated_on on employees for each row
    when (old.terminated_on is distinct from new.terminated_on) execute function follow_leaver();

create function keep_asset_maintenance() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if new.supplier_id is not null and (tg_op = 'INSERT' or new.supplier_id is distinct from old.supplier_id)
        and exists (select from parties where org_id = new.org_id and id = new.supplier_id and not is_supplier) then
        perform tell_fault(422, 'asset_maintenances', '/supplier_id', 'no-supplier', 'is a customer and no supplier: say that it is one, or name another party');
    end if;
    if new.cost is not null then new.currency := coalesce(new.currency, books_currency()); end if;
    if new.status = 'done' then new.ends_on := coalesce(new.ends_on, greatest(new.starts_on, today_utc())); end if;
    return new;
end $$;
create trigger keep_maintenance before insert or update on asset_maintenances for each row execute function keep_asset_maintenance();

create function follow_asset_maintenance() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update assets set status = 'in_stock' where org_id = new.org_id and id = new.asset_id and status = 'in_repair';
    return null;
end $$;
create trigger follow_maintenance after update on asset_maintenances for each row
    when (new.is_away and old.status = 'open' and new.status = 'done') execute function follow_asset_maintenance();
-- A repair that an asset is away for is ended, and not deleted.
create function refuse_while_away() returns trigger language plpgsql as $$
begin
    raise exception 'away' using errcode = 'restrict_violation', table = 'asset_maintenances', constraint = 'the_asset_is_away_for_it_so_complete_it_instead';
end $$;
create trigger refuse_while_away before delete on asset_maintenances for each row when (old.is_away and old.status = 'open') execute function refuse_while_away();

create function keep_asset_audit() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    asset assets;
    months integer;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select * into asset from assets where org_id = new.org_id and id = new.asset_id;
    if new.seen_on > today_utc() then
        perform tell_fault(422, 'asset_audits', '/seen_on', 'in-the-future', 'must not be in the future: what was seen was seen');
    end if;
    if new.location_id is not null then perform refuse_archived_location('asset_audits', new.location_id, '/location_id'); end if;
    select audit_interval_months into months from asset_models where org_id = new.org_id and id = asset.model_id;
    new.next_due_on := coalesce(new.next_due_on, (new.seen_on + make_interval(months => months))::date);
    new.location_id := coalesce(new.location_id, asset.location_id);
    update assets set last_audited_on = new.seen_on, next_audit_due_on = new.next_due_on, location_id = new.location_id
        where org_id = new.org_id and id = new.asset_id and (last_audited_on is null or last_audited_on <= new.seen_on);
    return new;
end $$;
create trigger keep_audit before insert on asset_audits for each row execute function keep_asset_audit();

-- ---------------------------------------------------------------------------------------------------------- licences

create table licences (
    org_id        uuid    not null,
    id            uuid    not null,
    name          text    not null constraint licences_name_length check (length(name) between 1 and 100),
    publisher     text    constraint licences_publisher_length check (length(publisher) between 1 and 100),
    kind          text    not null constraint licences_kind_check check (kind in ('perpetual', 'subscription', 'trial')),
    seats         integer not null constraint licences_seats_range check (seats between 1 and 1000000),
    taken_seats   integer not null default 0 constraint licences_taken_seats_range check (taken_seats >= 0),
    seat_cost     numeric(20,4) constraint licences_seat_cost_range check (seat_cost >= 0),
    currency      text    constraint licences_currency_format check (currency ~ '^[A-Z]{3}$'),
    cost_period   text    not null default 'once' constraint licences_cost_period_check check (cost_period in ('once', 'month', 'year')),
    term          integer not null default 1 constraint licences_term_range check (term >= 1),
    starts_on     date    not null,
    ends_on       date,
    renews        boolean not null default false,
    notice_days   integer constraint licences_notice_days_range check (notice_days between 0 and 730),
    supplier_id   uuid,
    order_number  text    constraint licences_order_number_length check (length(order_number) between 1 and 60),
    note          text    constraint licences_note_length check (length(note) between 1 and 2000),
    status        text    not null default 'active' constraint licences_status_check check (status in ('active', 'ended')),
    primary key (org_id, id),
    constraint licences_name_key unique (org_id, name),
    constraint licences_supplier_id_fkey foreign key (org_id, supplier_id) references parties (org_id, id),
    constraint licences_ends_on_range check (ends_on >= starts_on),
    constraint seats_cost_something_in_a_currency check (seat_cost is null or currency is not null),
    constraint never_more_seats_are_taken_than_were_bought check (taken_seats <= seats)
);
create index licences_by_name on licences (org_id, name, id);
create index licences_by_ends_on on licences (org_id, ends_on, id);
create index licences_by_supplier on licences (org_id, supplier_id, id);
select manage_resource('licences');
create index licences_by_created_at on licences (org_id, created_at, id);

-- From when to when how many seats were bought, and for how much: a row for each renewal, kept by trigger.
create table licence_terms (
    org_id      uuid    not null,
    id          uuid    not null,
    licence_id  uuid    not null,
    number      integer not null,
    starts_on   date    not null,
    ends_on     date,
    seats       integer not null,
    seat_cost   numeric(20,4),
    currency    text,
    cost_period text    not null,
    primary key (org_id, id),
    constraint licence_terms_number_key unique (org_id, licence_id, number),
    constraint licence_terms_licence_id_fkey foreign key (org_id, licence_id) references licences (org_id, id) on delete cascade
);
create index licence_terms_by_starts_on on licence_terms (org_id, starts_on, id);
select manage_resource('licence_terms');
create index licence_terms_by_created_at on licence_terms (org_id, created_at, id);

create function keep_licence() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if new.supplier_id is not null and (tg_op = 'INSERT' or new.supplier_id is distinct from old.supplier_id)
        and exists (select from parties where org_id = new.org_id and id = new.supplier_id and not is_supplier) then
        perform tell_fault(422, 'licences', '/supplier_id', 'no-supplier', 'is a customer and no supplier: say that it is one, or name another party');
    end if;
    if new.seat_cost is not null then new.currency := coalesce(new.currency, books_currency()); end if;
    if new.seats < new.taken_seats then
        perform tell_fault(409, 'licences', '/seats', 'taken', format('must be %s or more, since so many are taken: release some first', new.taken_seats));
    end if;
    return new;
end $$;
create trigger keep_licence before insert or update on licences for each row execute function keep_licence();

create function keep_licence_terms() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into licence_terms (org_id, id, licence_id, number, starts_on, ends_on, seats, seat_cost, currency, cost_period)
        values (new.org_id, ordered_uuid(now(), new.term), new.id, new.term, new.starts_on, new.ends_on, new.seats, new.seat_cost, new.currency, new.cost_period)
        on conflict (org_id, licence_id, number) do update set starts_on = excluded.starts_on, ends_on = excluded.ends_on, seats = excluded.seats,
            seat_cost = excluded.seat_cost, currency = excluded.currency, cost_period = excluded.cost_period;
    return null;
end $$;
create trigger keep_first_term after insert on licences for each row execute function keep_licence_terms();
create trigger keep_terms after update on licences for each row
    when ((old.term, old.starts_on, old.ends_on, old.seats, old.seat_cost, old.currency, old.cost_period)
        is distinct from (new.term, new.starts_on, new.ends_on, new.seats, new.seat_cost, new.currency, new.cost_period)) execute function keep_licence_terms();

create table licence_assignments (
    org_id      uuid not null,
    id          uuid not null,
    licence_id  uuid not null,
    employee_id uuid,
    asset_id    uuid,
    assigned_on date not null default today_utc(),
    released_on date,
    note        text constraint licence_assignments_note_length check (length(note) between 1 and 500),
    status      text not null default 'active' constraint licence_assignments_status_check check (status in ('active', 'released')),
    primary key (org_id, id),
    constraint licence_assignments_licence_id_fkey foreign key (org_id, licence_id) references licences (org_id, id),
    constraint licence_assignments_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint licence_assignments_asset_id_fkey foreign key (org_id, asset_id) references assets (org_id, id),
    constraint a_seat_is_for_an_employee_or_for_an_asset check (num_nonnulls(employee_id, asset_id) = 1),
    constraint licence_assignments_released_on_range check (released_on >= assigned_on),
    constraint what_is_released_says_since_when check ((status = 'released') = (released_on is not null))
);
create unique index an_employee_has_one_seat_of_a_licence on licence_assignments (org_id, licence_id, employee_id) where status = 'active';
create unique index an_asset_has_one_seat_of_a_licence on licence_assignments (org_id, licence_id, asset_id) where status = 'active';
create index licence_assignments_by_licence on licence_assignments (org_id, licence_id, id);
create index licence_assignments_by_employee on licence_assignments (org_id, employee_id, id);
create index licence_assignments_by_asset on licence_assignments (org_id, asset_id, id);
create index licence_assignments_by_assigned_on on licence_assignments (org_id, assigned_on, id);
select manage_resource('licence_assignments', person => 'employee_id', personal => '{note}');
create index licence_assignments_by_created_at on licence_assignments (org_id, created_at, id);
select limit_reach('licence_assignments');
select frozen_when('licence_assignments', 'old.status = ''released''');

-- Seats are counted at the licence's row, where those who take the last one take turns.
create function keep_licence_assignment() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    licence licences;
begin
    if tg_op = 'UPDATE' then
        if new.status = 'released' and old.status = 'active' then
            new.released_on := coalesce(new.released_on, greatest(new.assigned_on, today_utc()));
            update licences set taken_seats = taken_seats - 1 where org_id = new.org_id and id = new.licence_id;
        end if;
        return new;
    end if;
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select * into licence from licences where org_id = new.org_id and id = new.licence_id for no key update;
    if licence.id is null then return new; end if; -- which the key tells
    if licence.status = 'ended' or licence.ends_on < today_utc() then
        perform tell_fault(409, 'licence_assignments', '/licence_id', 'ended', format('is `%s`, which has ended: renew it first', licence.name));
    elsif new.assigned_on > today_utc() then
        perform tell_fault(422, 'licence_assignments', '/assigned_on', 'in-the-future', 'must not be in the future: assign it when it is needed');
    elsif exists (select from employees where org_id = new.org_id and id = new.employee_id and status = 'terminated') then
        perform tell_fault(409, 'licence_assignments', '/employee_id', 'has-left', 'has left: no seat is given to them any more');
    elsif exists (select from assets where org_id = new.org_id and id = new.asset_id and status in ('retired', 'lost')) then
        perform tell_fault(409, 'licence_assignments', '/asset_id', 'not-there', 'is retired or lost: no seat is given to it any more');
    elsif exists (select from licence_assignments where org_id = new.org_id and licence_id = new.licence_id and status = 'active'
            and (employee_id = new.employee_id or asset_id = new.asset_id)) then
        perform tell_fault(409, 'licence_assignments', case when new.employee_id is null then '/asset_id' else '/employee_id' end, 'already-taken', 'has a seat of this licence already');
    elsif licence.taken_seats >= licence.seats then
        perform tell_fault(409, 'licence_assignments', '/licence_id', 'no-free-seat',
            format('is `%s`, of which all %s seats are taken: release one, or renew it with more', licence.name, licence.seats));
    end if;
    update licences set taken_seats = taken_seats + 1 where org_id = new.org_id and id = new.licence_id;
    return new;
end $$;
create trigger keep_licence_assignment before insert or update on licence_assignments for each row execute function keep_licence_assignment();

create table software_installations (
    org_id           uuid    not null,
    id               uuid    not null,
    asset_id         uuid    not null,
    name             text    not null constraint software_installations_name_length check (length(name) between 1 and 200),
    publisher        text    constraint software_installations_publisher_length check (length(publisher) between 1 and 100),
    software_version text    constraint software_installations_software_version_length check (length(software_version) between 1 and 60),
    licence_id       uuid,
    -- Whether it may be used with a licence alone.
    needs_licence    boolean not null default true,
    installed_on     date    not null default today_utc(),
    primary key (org_id, id),
    constraint software_installations_name_key unique (org_id, asset_id, name),
    constraint software_installations_asset_id_fkey foreign key (org_id, asset_id) references assets (org_id, id),
    constraint software_installations_licence_id_fkey foreign key (org_id, licence_id) references licences (org_id, id)
);
create index software_installations_by_licence on software_installations (org_id, licence_id, id);
create index software_installations_by_name on software_installations (org_id, name, id);
select manage_resource('software_installations');
create index software_installations_by_created_at on software_installations (org_id, created_at, id);

-- ---------------------------------------------------------------------------------------------------------- consumables, accessories

create table supplies (
    org_id           uuid    not null,
    id               uuid    not null,
    name             text    not null constraint supplies_name_length check (length(name) between 1 and 100),
    -- A consumable is used up, an accessory comes back.
    kind             text    not null constraint supplies_kind_check check (kind in ('consumable', 'accessory')),
    category         text    constraint supplies_category_length check (length(category) between 1 and 60),
    location_id      uuid,
    supplier_id      uuid,
    minimum_quantity integer not null default 0 constraint supplies_minimum_quantity_range check (minimum_quantity between 0 and 1000000),
    on_hand          integer not null default 0,
    handed_out       integer not null default 0 constraint supplies_handed_out_range check (handed_out >= 0),
    unit_price       numeric(20,4) constraint supplies_unit_price_range check (unit_price >= 0),
    currency         text    constraint supplies_currency_format check (currency ~ '^[A-Z]{3}$'),
    note             text    constraint supplies_note_length check (length(note) between 1 and 2000),
    status           text    not null default 'active' constraint supplies_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint supplies_name_key unique (org_id, name),
    constraint supplies_location_id_fkey foreign key (org_id, location_id) references locations (org_id, id),
    constraint supplies_supplier_id_fkey foreign key (org_id, supplier_id) references parties (org_id, id),
    constraint there_is_never_less_than_nothing check (on_hand >= 0),
    constraint what_a_piece_costs_stands_in_a_currency check (unit_price is null or currency is not null)
);
create index supplies_by_name on supplies (org_id, name, id);
create index supplies_by_location on supplies (org_id, location_id, id);
create index supplies_by_supplier on supplies (org_id, supplier_id, id);
select manage_resource('supplies');
create index supplies_by_created_at on supplies (org_id, created_at, id);

create function keep_supply() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if new.supplier_id is not null and (tg_op = 'INSERT' or new.supplier_id is distinct from old.supplier_id)
        and exists (select from parties where org_id = new.org_id and id = new.supplier_id and not is_supplier) then
        perform tell_fault(422, 'supplies', '/supplier_id', 'no-supplier', 'is a customer and no supplier: say that it is one, or name another party');
    end if;
    if new.location_id is not null and (tg_op = 'INSERT' or new.location_id is distinct from old.location_id) then
        perform refuse_archived_location('supplies', new.location_id, '/location_id');
    end if;
    if new.unit_price is not null then new.currency := coalesce(new.currency, books_currency()); end if;
    return new;
end $$;
create trigger keep_supply before insert or update on supplies for each row execute function keep_supply();

-- What came in, went out, came back or is no good any more. Final: stock is the sum of them.
create table supply_movements (
    org_id      uuid    not null,
    id          uuid    not null,
    supply_id   uuid    not null,
    kind        text    not null constraint supply_movements_kind_check check (kind in ('receipt', 'hand_out', 'return', 'write_off')),
    quantity    integer not null constraint supply_movements_quantity_range check (quantity between 1 and 1000000),
    employee_id uuid,
    location_id uuid,
    moved_on    date    not null default today_utc(),
    note        text    constraint supply_movements_note_length check (length(note) between 1 and 500),
    primary key (org_id, id),
    constraint supply_movements_supply_id_fkey foreign key (org_id, supply_id) references supplies (org_id, id),
    constraint supply_movements_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint supply_movements_location_id_fkey foreign key (org_id, location_id) references locations (org_id, id),
    constraint what_is_handed_out_is_handed_to_one
        check (num_nonnulls(employee_id, location_id) = case when kind in ('hand_out', 'return') then 1 else 0 end)
);
create index supply_movements_by_supply on supply_movements (org_id, supply_id, id);
create index supply_movements_by_employee on supply_movements (org_id, employee_id, supply_id);
create index supply_movements_by_location on supply_movements (org_id, location_id, supply_id);
create index supply_movements_by_moved_on on supply_movements (org_id, moved_on, id);
select manage_resource('supply_movements', person => 'employee_id', personal => '{note}');
create index supply_movements_by_created_at on supply_movements (org_id, created_at, id);
select limit_reach('supply_movements');
select frozen_when('supply_movements', 'true');

create function keep_supply_movement() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    supply supplies;
    held bigint;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select * into supply from supplies where org_id = new.org_id and id = new.supply_id for no key update;
    if supply.id is null or (new.employee_id is not null and not exists (select from employees where org_id = new.org_id and id = new.employee_id))
        or (new.location_id is not null and not exists (select from locations where org_id = new.org_id and id = new.location_id)) then
        return new; -- which the keys tell
    end if;
    if new.moved_on > today_utc() then
        perform tell_fault(422, 'supply_movements', '/moved_on', 'in-the-future', 'must not be in the future');
    elsif new.kind in ('hand_out', 'write_off') and supply.on_hand < new.quantity then
        perform tell_fault(409, 'supply_movements', '/quantity', 'not-enough', format('must be %s or less: so many of `%s` are in stock', supply.on_hand, supply.name));
    elsif new.kind = 'hand_out' and exists (select from employees where org_id = new.org_id and id = new.employee_id and status = 'terminated') then
        perform tell_fault(409, 'supply_movements', '/employee_id', 'has-left', 'has left: nothing is handed to them any more');
    elsif new.kind = 'return' and supply.kind = 'consumable' then
        perform tell_fault(409, 'supply_movements', '', 'used-up', format('`%s` is a consumable, which is used up: receive what was not', supply.name));
    elsif new.kind = 'return' then
        select coalesce(sum(case kind when 'hand_out' then quantity else -quantity end), 0) into held from supply_movements
            where org_id = new.org_id and supply_id = new.supply_id and kind in ('hand_out', 'return')
                and employee_id is not distinct from new.employee_id and location_id is not distinct from new.location_id;
        if held < new.quantity then
            perform tell_fault(409, 'supply_movements', '/quantity', 'more-than-they-have', format('must be %s or less: so many of `%s` are with them', held, supply.name));
        end if;
    elsif new.kind = 'receipt' and supply.on_hand > 1000000000 then
        perform tell_fault(409, 'supply_movements', '/quantity', 'too-many', 'is more than anybody can count');
    end if;
    update supplies set
            on_hand = on_hand + case when new.kind in ('receipt', 'return') then new.quantity else -new.quantity end,
            handed_out = handed_out + case when kind = 'consumable' then 0 when new.kind = 'hand_out' then new.quantity when new.kind = 'return' then -new.quantity else 0 end
        where org_id = new.org_id and id = new.supply_id;
    return new;
end $$;
create trigger keep_movement before insert on supply_movements for each row execute function keep_supply_movement();

-- ---------------------------------------------------------------------------------------------------------- kits

create table kits (
    org_id      uuid    not null,
    id          uuid    not null,
    name        text    not null constraint kits_name_length check (length(name) between 1 and 100),
    -- Whoever is in this position is to have it.
    position_id uuid,
    note        text    constraint kits_note_length check (length(note) between 1 and 2000),
    handed_out  integer not null default 0 constraint kits_handed_out_range check (handed_out >= 0),
    status      text    not null default 'active' constraint kits_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint kits_name_key unique (org_id, name),
    constraint kits_position_id_fkey foreign key (org_id, position_id) references positions (org_id, id)
);
create unique index kits_position_id_key on kits (org_id, position_id) where status = 'active';
create index kits_by_position on kits (org_id, position_id, id);
create index kits_by_name on kits (org_id, name, id);
select manage_resource('kits');
create index kits_by_created_at on kits (org_id, created_at, id);

create table kit_items (
    org_id     uuid    not null,
    id         uuid    not null,
    kit_id     uuid    not null,
    model_id   uuid,
    licence_id uuid,
    supply_id  uuid,
    quantity   integer not null default 1 constraint kit_items_quantity_range check (quantity between 1 and 100),
    primary key (org_id, id),
    constraint kit_items_kit_id_fkey foreign key (org_id, kit_id) references kits (org_id, id) on delete cascade,
    constraint kit_items_model_id_fkey foreign key (org_id, model_id) references asset_models (org_id, id),
    constraint kit_items_licence_id_fkey foreign key (org_id, licence_id) references licences (org_id, id),
    constraint kit_items_supply_id_fkey foreign key (org_id, supply_id) references supplies (org_id, id),
    constraint kit_items_model_id_key unique (org_id, kit_id, model_id),
    constraint kit_items_licence_id_key unique (org_id, kit_id, licence_id),
    constraint kit_items_supply_id_key unique (org_id, kit_id, supply_id),
    constraint an_item_is_a_model_a_licence_or_a_supply check (num_nonnulls(model_id, licence_id, supply_id) = 1),
    constraint a_kit_has_one_seat_of_a_licence check (licence_id is null or quantity = 1)
);
create index kit_items_by_model on kit_items (org_id, model_id, id);
create index kit_items_by_licence on kit_items (org_id, licence_id, id);
create index kit_items_by_supply on kit_items (org_id, supply_id, id);
select manage_resource('kit_items');
create index kit_items_by_created_at on kit_items (org_id, created_at, id);

-- What these people have of the items of kits: assets of the model, a seat, what was handed to them and not returned.
create function held_of_kit_items(people uuid[], kit_ids uuid[]) returns table (employee_id uuid, item_id uuid, held bigint) language sql stable as $$
    select p.id, i.id, case
        when i.model_id is not null then (select count(*) from assets a where a.org_id = i.org_id and a.employee_id = p.id and a.model_id = i.model_id)
        when i.licence_id is not null then (select count(*) from licence_assignments l where l.org_id = i.org_id and l.employee_id = p.id and l.licence_id = i.licence_id and l.status = 'active')
        else (select coalesce(sum(case m.kind when 'hand_out' then m.quantity else -m.quantity end), 0) from supply_movements m
            where m.org_id = i.org_id and m.employee_id = p.id and m.supply_id = i.supply_id) end
    from unnest(people) p (id) cross join kit_items i
    where i.org_id = (select current_org()) and i.kit_id = any(kit_ids)
$$;

-- Hands a whole kit to somebody, or what they lack of it, and answers what was handed out; all of it or nothing, and all that lacks is told.
-- Kits with models in common take turns at the models, so that two get different assets.
create function check_out_kit(in_kit uuid, in_asked jsonb) returns jsonb language plpgsql as $$
declare
    org constant uuid := current_org();
    asked record;
    chosen uuid[];
    due jsonb;
    faults jsonb;
    assets_out uuid[];
    seats_out uuid[];
    supplies_out uuid[];
begin
    select * into asked from jsonb_to_record(in_asked) a (employee_id uuid, asset_ids uuid[], only_missing boolean, checked_out_on date, due_back_on date,
        needs_acceptance boolean, note text, checklist_task_ids uuid[]);
    if not exists (select from employees where org_id = org and id = asked.employee_id) then
        raise exception 'nobody' using errcode = 'foreign_key_violation', table = 'asset_assignments', constraint = 'asset_assignments_employee_id_fkey';
    elsif exists (select from employees where org_id = org and id = asked.employee_id and status = 'terminated') then
        perform tell_fault(409, 'kits', '/employee_id', 'has-left', 'has left: nothing is handed to them any more');
    elsif not exists (select from kit_items where org_id = org and kit_id = in_kit) then
        perform tell_fault(409, 'kits', '', 'empty', 'the kit is empty: add items to it first');
    end if;
    perform from asset_models where org_id = org and id in (select model_id from kit_items where org_id = org and kit_id = in_kit) order by id for no key update;
    perform from licences where org_id = org and id in (select licence_id from kit_items where org_id = org and kit_id = in_kit) order by id for no key update;
    perform from supplies where org_id = org and id in (select supply_id from kit_items where org_id = org and kit_id = in_kit) order by id for no key update;

    with wanted as materialized (
        select i.id, i.model_id, i.licence_id, i.supply_id, i.quantity - case when asked.only_missing or i.licence_id is not null then least(h.held, i.quantity) else 0 end as quantity
        from kit_items i join held_of_kit_items(array[asked.employee_id], array[in_kit]) h on h.item_id = i.id
        where i.org_id = org and i.kit_id = in_kit
    ), named as (
        select n.id, n.place - 1 as place, a.id as asset_id, a.model_id, a.tag, a.status
        from unnest(asked.asset_ids) with ordinality n (id, place) left join assets a on a.org_id = org and a.id = n.id
    ), free as materialized (
        select a.id, a.model_id, a.purchased_on, a.tag from assets a
        where a.org_id = org and a.status = 'in_stock' and a.model_id in (select model_id from wanted where quantity > 0)
        order by a.id for no key update skip locked
    ), ranked as (
        select f.id, f.model_id, row_number() over (partition by f.model_id order by (f.id = any(asked.asset_ids)) desc nulls last, f.purchased_on, f.tag) as place from free f
    ), picked as (
        select r.id from ranked r join wanted w on w.model_id = r.model_id and r.place <= w.quantity
    ), faulty as (
        select format('/asset_ids/%s', n.place) as pointer, case when n.asset_id is null then 'unknown-reference' when n.status <> 'in_stock' then 'not-in-stock' else 'not-in-kit' end as code,
            case when n.asset_id is null then 'there is no such row in this organization' when n.status <> 'in_stock' then format('is %s, which is %s', n.tag, replace(n.status, '_', ' '))
                else format('is %s, which is more than the kit has of its model', n.tag) end as detail
        from named n where not exists (select from picked p where p.id = n.id)
        union all
        select '', 'not-in-stock', format('%s of `%s` are needed, and %s are in stock', w.quantity, m.name, (select count(*) from free f where f.model_id = w.model_id))
        from wanted w join asset_models m on m.org_id = org and m.id = w.model_id where w.quantity > (select count(*) from free f where f.model_id = w.model_id)
        union all
        select '', 'no-free-seat', format('a seat of `%s` is needed, and none is free', l.name)
        from wanted w join licences l on l.org_id = org and l.id = w.licence_id where w.quantity > 0 and (l.taken_seats >= l.seats or l.status = 'ended' or l.ends_on < today_utc())
        union all
        select '', 'not-enough', format('%s of `%s` are needed, and %s are in stock', w.quantity, s.name, s.on_hand)
        from wanted w join supplies s on s.org_id = org and s.id = w.supply_id where w.quantity > s.on_hand
    )
    select (select jsonb_agg(jsonb_build_object('pointer', f.pointer, 'code', f.code, 'detail', f.detail)) from faulty f),
        array(select id from picked order by id),
        (select jsonb_agg(jsonb_build_object('licence_id', w.licence_id, 'supply_id', w.supply_id, 'quantity', w.quantity) order by w.id) from wanted w where w.quantity > 0 and w.model_id is null)
        into faults, chosen, due;
    if faults is not null then
        raise exception 'lacking' using errcode = case when faults @> '[{"code": "unknown-reference"}]' then 'check_violation' else 'unique_violation' end,
            table = 'kits', constraint = 'the_whole_kit_must_be_there', detail = jsonb_build_object('errors', faults);
    end if;

    with made as (
        insert into asset_assignments (id, asset_id, employee_id, checked_out_on, due_back_on, note, status)
            select ordered_uuid(now(), c.place), c.id, asked.employee_id, coalesce(asked.checked_out_on, today_utc()), asked.due_back_on, asked.note,
                case when asked.needs_acceptance is false then 'active' else 'pending' end
            from unnest(chosen) with ordinality c (id, place) order by c.place returning id
    )
    select coalesce(array_agg(id), '{}') into assets_out from made;
    with made as (
        insert into licence_assignments (id, licence_id, employee_id, assigned_on, note)
            select ordered_uuid(now(), d.place), (d.each ->> 'licence_id')::uuid, asked.employee_id, coalesce(asked.checked_out_on, today_utc()), asked.note
            from jsonb_array_elements(due) with ordinality d (each, place) where d.each ->> 'licence_id' is not null order by d.each ->> 'licence_id' returning id
    )
    select coalesce(array_agg(id), '{}') into seats_out from made;
    with made as (
        insert into supply_movements (id, supply_id, kind, quantity, employee_id, moved_on, note)
            select ordered_uuid(now(), d.place), (d.each ->> 'supply_id')::uuid, 'hand_out', (d.each ->> 'quantity')::int, asked.employee_id, coalesce(asked.checked_out_on, today_utc()), asked.note
            from jsonb_array_elements(due) with ordinality d (each, place) where d.each ->> 'supply_id' is not null order by d.each ->> 'supply_id' returning id
    )
    select coalesce(array_agg(id), '{}') into supplies_out from made;
    update kits set handed_out = handed_out + 1 where org_id = org and id = in_kit;
    perform fulfil_checklist_task(t.id, asked.employee_id, format('/checklist_task_ids/%s', t.place - 1)) from unnest(asked.checklist_task_ids) with ordinality t (id, place);
    return jsonb_build_object('kit_id', in_kit, 'employee_id', asked.employee_id, 'asset_assignment_ids', to_jsonb(assets_out),
        'licence_assignment_ids', to_jsonb(seats_out), 'supply_movement_ids', to_jsonb(supplies_out));
end $$;

-- ---------------------------------------------------------------------------------------------------------- those who come and go

-- A task of a checklist that asks for an asset is done by handing one to its employee, or by taking one back from them. Those who may not see
-- the task are told that there is none; whose it is to do, the task knows.
create function fulfil_checklist_task(in_task uuid, in_employee uuid, in_at text default '/checklist_task_id') returns void language plpgsql as $$
declare
    task checklist_tasks;
begin
    if caller_reaches('read', 'checklist-tasks', in_task) then
        select * into task from checklist_tasks where org_id = current_org() and id = in_task for no key update;
    end if;
    if task.id is null then
        perform tell_fault(422, 'asset_assignments', in_at, 'unknown-reference', 'there is no such row in this organization');
    elsif task.employee_id is distinct from in_employee then
        perform tell_fault(409, 'asset_assignments', in_at, 'other-employee', 'is about another employee than the one who has the asset');
    elsif task.request_kind is distinct from 'asset' then
        perform tell_fault(409, 'asset_assignments', in_at, 'no-asset-asked-for', format('is `%s`, which asks for no asset', task.title));
    elsif task.status <> 'open' then
        perform tell_fault(409, 'asset_assignments', in_at, 'not-open', format('is `%s`, which is %s', task.title, task.status));
    end if;
    update checklist_tasks set status = 'done' where org_id = current_org() and id = in_task;
end $$;

-- What somebody has, as far as the caller sees it; null where there is nobody of this id whom they may know of.
create function equipment_of_employee(in_employee uuid) returns jsonb language sql stable as $$
    select jsonb_build_object('employee_id', e.id, 'employee', e.given_name || ' ' || e.family_name, 'last_day_on', e.terminated_on,
        'assets', (select coalesce(jsonb_agg(jsonb_build_object('assignment_id', g.id, 'asset_id', a.id, 'tag', a.tag, 'serial_number', a.serial_number, 'model', m.name,
                'category', m.category, 'checked_out_on', g.checked_out_on, 'due_back_on', g.due_back_on,
                'is_overdue', coalesce(g.due_back_on < today_utc(), false), 'status', g.status) order by g.due_back_on, g.checked_out_on, a.tag), '[]')
            from asset_assignments g join assets a on a.org_id = g.org_id and a.id = g.asset_id join asset_models m on m.org_id = a.org_id and m.id = a.model_id
            where g.org_id = e.org_id and g.employee_id = e.id and g.status in ('pending', 'active')),
        'licences', (select coalesce(jsonb_agg(jsonb_build_object('assignment_id', g.id, 'licence_id', l.id, 'name', l.name, 'assigned_on', g.assigned_on) order by l.name), '[]')
            from licence_assignments g join licences l on l.org_id = g.org_id and l.id = g.licence_id
            where g.org_id = e.org_id and g.employee_id = e.id and g.status = 'active'),
        'accessories', (select coalesce(jsonb_agg(jsonb_build_object('supply_id', s.id, 'name', s.name, 'quantity', h.quantity) order by s.name), '[]')
            from (select v.supply_id, sum(case v.kind when 'hand_out' then v.quantity else -v.quantity end) as quantity from supply_movements v
                where v.org_id = e.org_id and v.employee_id = e.id group by v.supply_id) h
            join supplies s on s.org_id = e.org_id and s.id = h.supply_id where s.kind = 'accessory' and h.quantity > 0))
    from employees e where e.org_id = (select current_org()) and e.id = in_employee
$$;

-- ---------------------------------------------------------------------------------------------------------- reports

-- What is in use by category and currency: what it cost, what of that is left where each loses the same every month until the end of its
-- model's life, and how old it is.
create function report_asset_values(in_location uuid) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('category', category, 'currency', currency, 'assets', assets, 'purchase_value', purchase_value::text,
            'remaining_value', remaining_value::text, 'average_age_months', average_age_months::text, 'under_a_year', under_a_year, 'one_to_three_years', one_to_three_years,
            'over_three_years', over_three_years, 'age_unknown', age_unknown, 'past_end_of_life', past_end_of_life) order by category, currency), '[]')
    from (
        select m.category, a.currency, count(*) as assets, coalesce(sum(a.purchase_price), 0) as purchase_value,
            coalesce(sum(round(a.purchase_price * greatest(0, 1 - coalesce(age.months / m.end_of_life_months::numeric, 0)), 2)), 0) as remaining_value,
            round(avg(age.months), 1) as average_age_months, count(*) filter (where age.months < 12) as under_a_year,
            count(*) filter (where age.months between 12 and 35) as one_to_three_years, count(*) filter (where age.months >= 36) as over_three_years,
            count(*) filter (where age.months is null) as age_unknown, count(*) filter (where age.months >= m.end_of_life_months) as past_end_of_life
        from assets a join asset_models m on m.org_id = a.org_id and m.id = a.model_id
        cross join lateral (select (extract(year from age(today_utc(), a.purchased_on)) * 12 + extract(month from age(today_utc(), a.purchased_on)))::numeric as months) age
        where a.org_id = (select current_org()) and a.status not in ('ordered', 'retired', 'lost')
            and (in_location is null or a.location_id in (select below_id from location_lines where org_id = a.org_id and above_id = in_location))
        group by m.category, a.currency) v
$$;

create function report_warranties_ending(in_days integer) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(w.line order by w.warranty_ends_on, w.tag), '[]') from (
        select a.warranty_ends_on, a.tag, jsonb_build_object('asset_id', a.id, 'tag', a.tag, 'serial_number', a.serial_number, 'model', m.name, 'supplier', p.name,
            'employee', e.given_name || ' ' || e.family_name, 'warranty_ends_on', a.warranty_ends_on, 'days_left', a.warranty_ends_on - today_utc()) as line
        from assets a join asset_models m on m.org_id = a.org_id and m.id = a.model_id
        left join parties p on p.org_id = a.org_id and p.id = a.supplier_id
        left join employees e on e.org_id = a.org_id and e.id = a.employee_id
        where a.org_id = (select current_org()) and a.status not in ('retired', 'lost') and a.warranty_ends_on between today_utc() and today_utc() + in_days
        order by a.warranty_ends_on, a.tag limit 10000) w
$$;

-- What is installed against what was bought: an installation is covered by a seat of its asset or of whoever has that.
create function report_licence_compliance() returns jsonb language sql stable as $$
    with installed as (
        select i.licence_id, i.name, not exists (select from licence_assignments g where g.org_id = i.org_id and g.licence_id = i.licence_id and g.status = 'active'
                and (g.asset_id = a.id or g.employee_id = a.employee_id)) as is_bare
        from software_installations i join assets a on a.org_id = i.org_id and a.id = i.asset_id
        where i.org_id = (select current_org()) and i.needs_licence and a.status not in ('retired', 'lost')
    ), lines as (
        select l.id as licence_id, l.name, l.ends_on, l.seats, l.taken_seats as assigned, n.installed, n.bare,
            case when l.status = 'ended' or l.ends_on < today_utc() then case when n.installed + l.taken_seats > 0 then 'expired' else 'compliant' end
                when n.bare > 0 then 'over_installed' else 'compliant' end as state
        from licences l cross join lateral (select count(*) as installed, count(*) filter (where i.is_bare) as bare from installed i where i.licence_id = l.id) n
        where l.org_id = (select current_org())
        union all
        select null, i.name, null, 0, 0, count(*), count(*), 'unlicensed' from installed i where i.licence_id is null group by i.name
    )
    select coalesce(jsonb_agg(jsonb_build_object('licence_id', licence_id, 'name', name, 'ends_on', ends_on, 'seats', seats, 'assigned', assigned, 'free', seats - assigned,
        'installed', installed, 'installed_without_seat', bare, 'state', state) order by state = 'compliant', name, licence_id), '[]') from lines
$$;

-- What those in a position lack of its kit, and whether it is there.
create function report_missing_equipment(in_position uuid, in_department uuid) returns jsonb language sql stable as $$
    with people as materialized (
        select e.id, e.employee_number, e.given_name || ' ' || e.family_name as name, k.id as kit_id, k.name as kit
        from employees e join kits k on k.org_id = e.org_id and k.position_id = e.position_id and k.status = 'active'
        where e.org_id = (select current_org()) and e.status <> 'terminated' and (in_position is null or e.position_id = in_position)
            and (in_department is null or e.department_id = in_department)
    ), held as (
        select h.employee_id, h.item_id, h.held from held_of_kit_items((select array_agg(id) from people), (select array_agg(distinct kit_id) from people)) h
    ), lines as (
        select p.id, p.name as employee, p.employee_number, p.kit_id, p.kit, i.id as item_id, coalesce(m.name, l.name, s.name) as item,
            case when i.model_id is not null then 'asset' when i.licence_id is not null then 'licence' else s.kind end as kind, i.quantity, h.held,
            case when i.model_id is not null then (select count(*) from assets a where a.org_id = i.org_id and a.model_id = i.model_id and a.status = 'in_stock')
                when i.licence_id is not null then l.seats - l.taken_seats else s.on_hand end as available
        from people p join kit_items i on i.org_id = (select current_org()) and i.kit_id = p.kit_id
        join held h on h.employee_id = p.id and h.item_id = i.id
        left join asset_models m on m.org_id = i.org_id and m.id = i.model_id
        left join licences l on l.org_id = i.org_id and l.id = i.licence_id
        left join supplies s on s.org_id = i.org_id and s.id = i.supply_id
        where h.held < i.quantity
        order by p.name, p.id, item limit 10000
    )
    select coalesce(jsonb_agg(jsonb_build_object('employee_id', id, 'employee_number', employee_number, 'employee', employee, 'kit_id', kit_id, 'kit', kit, 'kind', kind, 'item', item,
        'quantity', quantity, 'held', held, 'missing', quantity - held, 'available', available) order by employee, id, item), '[]') from lines
$$;
