-- Fixed assets: what was bought to be used for years, what it is worth, and what of that each period bears. All that changes
-- an asset's value is a movement, which is final; the asset's own figures are the sum of its movements, kept by trigger.

create table fixed_asset_categories (
    org_id                              uuid not null,
    id                                  uuid not null,
    name                                text not null constraint fixed_asset_categories_name_length check (length(name) between 1 and 100),
    asset_account_id                    uuid not null,
    accumulated_depreciation_account_id uuid not null,
    depreciation_account_id             uuid not null,
    gain_account_id                     uuid not null,
    loss_account_id                     uuid not null,
    primary key (org_id, id),
    constraint fixed_asset_categories_name_key unique (org_id, name),
    constraint fixed_asset_categories_asset_account_id_fkey foreign key (org_id, asset_account_id) references accounts (org_id, id),
    constraint fixed_asset_categories_accumulated_depreciation_account_id_fkey foreign key (org_id, accumulated_depreciation_account_id) references accounts (org_id, id),
    constraint fixed_asset_categories_depreciation_account_id_fkey foreign key (org_id, depreciation_account_id) references accounts (org_id, id),
    constraint fixed_asset_categories_gain_account_id_fkey foreign key (org_id, gain_account_id) references accounts (org_id, id),
    constraint fixed_asset_categories_loss_account_id_fkey foreign key (org_id, loss_account_id) references accounts (org_id, id),
    constraint cost_and_depreciation_stand_on_two_accounts check (asset_account_id <> accumulated_depreciation_account_id)
);
create index fixed_asset_categories_by_name on fixed_asset_categories (org_id, name, id);
create index fixed_asset_categories_by_asset_account on fixed_asset_categories (org_id, asset_account_id);
create index fixed_asset_categories_by_accumulated_account on fixed_asset_categories (org_id, accumulated_depreciation_account_id);
create index fixed_asset_categories_by_depreciation_account on fixed_asset_categories (org_id, depreciation_account_id);
create index fixed_asset_categories_by_gain_account on fixed_asset_categories (org_id, gain_account_id);
create index fixed_asset_categories_by_loss_account on fixed_asset_categories (org_id, loss_account_id);
select manage_resource('fixed_asset_categories', 'fixed_asset_category');

create table fixed_assets (
    org_id                   uuid          not null,
    id                       uuid          not null,
    number                   text          not null constraint fixed_assets_number_format check (number ~ '^[A-Za-z0-9][A-Za-z0-9/-]{0,39}$'),
    name                     text          not null constraint fixed_assets_name_length check (length(name) between 1 and 200),
    category_id              uuid          not null,
    acquired_on              date          not null,
    in_service_on            date,
    cost                     numeric(20,4) not null constraint fixed_assets_cost_range check (cost > 0),
    residual_value           numeric(20,4) not null default 0 constraint fixed_assets_residual_value_range check (residual_value >= 0),
    method                   text          not null constraint fixed_assets_method_check check (method in ('straight_line', 'declining_balance', 'units_of_production')),
    convention               text          not null default 'daily' constraint fixed_assets_convention_check check (convention in ('daily', 'full_month', 'following_month')),
    life_months              integer       not null constraint fixed_assets_life_months_range check (life_months between 1 and 1200),
    rate                     numeric(20,8) constraint fixed_assets_rate_range check (rate > 0 and rate <= 100),
    total_units              numeric(20,6) constraint fixed_assets_total_units_range check (total_units > 0),
    opening_depreciation     numeric(20,4) not null default 0 constraint fixed_assets_opening_depreciation_range check (opening_depreciation >= 0),
    opening_on               date,
    department_id            uuid,
    cost_centre_id           uuid,
    -- From here on the sum of the movements.
    accumulated_depreciation numeric(20,4) not null default 0 constraint fixed_assets_accumulated_depreciation_range check (accumulated_depreciation >= 0 and accumulated_depreciation <= cost),
    depreciated_through      date,
    -- What the schedule runs from: the carrying amount after the last impairment, or as the asset was taken over, and the last
    -- day that was depreciated by then.
    schedule_carrying        numeric(20,4),
    schedule_after           date,
    disposed_on              date,
    -- The sum of the units that were reported.
    units_made               numeric(20,6) not null default 0,
    status                   text          not null default 'draft' constraint fixed_assets_status_check check (status in ('draft', 'in_service', 'fully_depreciated', 'disposed')),
    carrying_amount          numeric(20,4) not null default 0,
    primary key (org_id, id),
    constraint fixed_assets_number_key unique (org_id, number),
    constraint fixed_assets_category_id_fkey foreign key (org_id, category_id) references fixed_asset_categories (org_id, id),
    constraint fixed_assets_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint fixed_assets_cost_centre_id_fkey foreign key (org_id, cost_centre_id) references cost_centres (org_id, id),
    constraint residual_value_and_opening_depreciation_fit_into_the_cost check (residual_value + opening_depreciation <= cost),
    constraint in_service_not_before_it_was_acquired check (in_service_on >= acquired_on),
    constraint opening_depreciation_comes_with_the_day_it_runs_through check ((opening_depreciation > 0) = (opening_on is not null)),
    constraint taken_over_not_before_it_was_in_service check (opening_on is null or (in_service_on is not null and opening_on >= in_service_on)),
    constraint a_rate_for_declining_balance_and_for_nothing_else check ((rate is not null) = (method = 'declining_balance')),
    constraint total_units_for_units_of_production_and_for_nothing_else check ((total_units is not null) = (method = 'units_of_production')),
    constraint in_service_since_some_day check (status = 'draft' or in_service_on is not null)
);
create index fixed_assets_by_name on fixed_assets (org_id, name, id);
create index fixed_assets_by_acquired_on on fixed_assets (org_id, acquired_on, id);
create index fixed_assets_by_category on fixed_assets (org_id, category_id);
create index fixed_assets_by_department on fixed_assets (org_id, department_id);
create index fixed_assets_by_cost_centre on fixed_assets (org_id, cost_centre_id);
create index fixed_assets_in_service on fixed_assets (org_id, id) where status = 'in_service';
select manage_resource('fixed_assets');
create index fixed_assets_by_created_at on fixed_assets (org_id, created_at, id);
select numbered('fixed_assets', 'number', longest => 40, format => 'FA-{number:5}', day_column => 'acquired_on');

-- One run depreciates all assets up to the end of a fiscal period.
create table depreciation_runs (
    org_id             uuid          not null,
    id                 uuid          not null,
    fiscal_period_id   uuid          not null,
    posted_on          date          not null,
    assets             integer       not null constraint depreciation_runs_assets_range check (assets >= 0),
    amount             numeric(20,4) not null constraint depreciation_runs_amount_range check (amount >= 0),
    journal_entry_id   uuid,
    reversed_on        date,
    reversal_entry_id  uuid,
    status             text          not null default 'posted' constraint depreciation_runs_status_check check (status in ('posted', 'reversed')),
    primary key (org_id, id),
    constraint depreciation_runs_fiscal_period_id_fkey foreign key (org_id, fiscal_period_id) references fiscal_periods (org_id, id),
    constraint depreciation_runs_journal_entry_id_fkey foreign key (org_id, journal_entry_id) references journal_entries (org_id, id),
    constraint depreciation_runs_reversal_entry_id_fkey foreign key (org_id, reversal_entry_id) references journal_entries (org_id, id),
    constraint what_is_depreciated_is_booked check ((amount > 0) = (journal_entry_id is not null)),
    constraint what_is_reversed_is_booked_back check ((status = 'reversed') = (reversed_on is not null)
        and (status = 'reversed' and journal_entry_id is not null) = (reversal_entry_id is not null))
);
create unique index a_period_is_depreciated_once on depreciation_runs (org_id, fiscal_period_id) where status = 'posted';
create index depreciation_runs_by_fiscal_period on depreciation_runs (org_id, fiscal_period_id);
create index depreciation_runs_by_posted_on on depreciation_runs (org_id, posted_on, id);
create index depreciation_runs_by_journal_entry on depreciation_runs (org_id, journal_entry_id);
create index depreciation_runs_by_reversal_entry on depreciation_runs (org_id, reversal_entry_id);
select manage_resource('depreciation_runs');
create index depreciation_runs_by_created_at on depreciation_runs (org_id, created_at, id);

-- What a run booked stays; that it was reversed is noted once.
create function keep_depreciation_run() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.status = 'reversed'
        or (new.id, new.fiscal_period_id, new.posted_on, new.assets, new.amount, new.journal_entry_id)
            is distinct from (old.id, old.fiscal_period_id, old.posted_on, old.assets, old.amount, old.journal_entry_id) then
        raise exception 'final' using errcode = 'restrict_violation', table = 'depreciation_runs', constraint = 'what_a_depreciation_run_booked_is_final';
    end if;
    return new;
end $$;
create trigger keep_booked before update or delete on depreciation_runs for each row execute function keep_depreciation_run();

-- Runs go forward, and the last one is undone first. One at a time per organization.
create function order_depreciation_runs() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('depreciation_runs' || new.org_id, 0));
    if exists (select from depreciation_runs where org_id = new.org_id and status = 'posted' and posted_on > new.posted_on) then
        raise exception 'not the last' using errcode = 'restrict_violation', table = 'depreciation_runs',
            constraint = 'a_later_period_is_depreciated_already_so_reverse_that_run_first';
    end if;
    return new;
end $$;
create trigger order_made before insert on depreciation_runs for each row execute function order_depreciation_runs();
create trigger order_undone before update of status on depreciation_runs for each row execute function order_depreciation_runs();

-- All that changes the value of an asset. Sums over them by day are the register.
create table fixed_asset_movements (
    org_id              uuid          not null,
    id                  uuid          not null,
    fixed_asset_id      uuid          not null,
    kind                text          not null constraint fixed_asset_movements_kind_check check (kind in ('acquisition', 'opening', 'depreciation', 'depreciation_reversal', 'impairment', 'disposal')),
    posted_on           date          not null,
    cost                numeric(20,4) not null default 0,
    depreciation        numeric(20,4) not null default 0,
    -- The days that a depreciation covers.
    covers_from         date,
    covers_to           date,
    journal_entry_id    uuid,
    depreciation_run_id uuid,
    department_id       uuid,
    cost_centre_id      uuid,
    reason              text constraint fixed_asset_movements_reason_length check (length(reason) between 1 and 500),
    primary key (org_id, id),
    constraint fixed_asset_movements_fixed_asset_id_fkey foreign key (org_id, fixed_asset_id) references fixed_assets (org_id, id),
    constraint fixed_asset_movements_journal_entry_id_fkey foreign key (org_id, journal_entry_id) references journal_entries (org_id, id),
    constraint fixed_asset_movements_depreciation_run_id_fkey foreign key (org_id, depreciation_run_id) references depreciation_runs (org_id, id),
    constraint fixed_asset_movements_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint fixed_asset_movements_cost_centre_id_fkey foreign key (org_id, cost_centre_id) references cost_centres (org_id, id),
    constraint what_is_depreciated_covers_days check (kind not like 'depreciation%' or (covers_from is not null and covers_to >= covers_from))
);
create index fixed_asset_movements_by_fixed_asset on fixed_asset_movements (org_id, fixed_asset_id, posted_on, id);
create index fixed_asset_movements_by_posted_on on fixed_asset_movements (org_id, posted_on, id);
create index fixed_asset_movements_by_run on fixed_asset_movements (org_id, depreciation_run_id, id);
create index fixed_asset_movements_by_journal_entry on fixed_asset_movements (org_id, journal_entry_id);
create index fixed_asset_movements_by_department on fixed_asset_movements (org_id, department_id);
create index fixed_asset_movements_by_cost_centre on fixed_asset_movements (org_id, cost_centre_id);
select manage_resource('fixed_asset_movements');
create index fixed_asset_movements_by_created_at on fixed_asset_movements (org_id, created_at, id);
select frozen_when('fixed_asset_movements', 'true');

-- The asset's own figures follow its movements, all of a statement at once.
create function follow_fixed_asset_movements() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update fixed_assets a set
        accumulated_depreciation = a.accumulated_depreciation + m.depreciation,
        depreciated_through = case when m.covered then m.through else a.depreciated_through end,
        schedule_carrying = case when m.rebased then a.cost - a.accumulated_depreciation - m.depreciation else a.schedule_carrying end,
        schedule_after = case when m.rebased then case when m.covered then m.through else a.depreciated_through end else a.schedule_after end,
        disposed_on = coalesce(m.disposed_on, a.disposed_on),
        status = case when m.disposed_on is not null then 'disposed'
            when a.cost - a.accumulated_depreciation - m.depreciation <= a.residual_value then 'fully_depreciated'
            else 'in_service' end
    from (
        select org_id, fixed_asset_id,
            coalesce(sum(depreciation) filter (where kind <> 'disposal'), 0) as depreciation,
            bool_or(kind in ('opening', 'depreciation', 'depreciation_reversal')) as covered,
            max(case kind when 'depreciation_reversal' then covers_from - 1 else covers_to end)
                filter (where kind in ('opening', 'depreciation', 'depreciation_reversal')) as through,
            bool_or(kind in ('acquisition', 'opening', 'impairment')) as rebased,
            max(posted_on) filter (where kind = 'disposal') as disposed_on
        from new_rows group by org_id, fixed_asset_id
    ) m where a.org_id = m.org_id and a.id = m.fixed_asset_id;
    return null;
end $$;
create trigger follow_movements after insert on fixed_asset_movements referencing new table as new_rows
    for each statement execute function follow_fixed_asset_movements();

-- What an asset cost and how it is depreciated is chosen while it is a draft; its figures are those of its movements.
create function keep_fixed_asset() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        if old.status = 'draft' then return old; end if;
    elsif pg_trigger_depth() > 1 or ( -- a movement's own trigger, or a change that leaves alone what is booked
        (new.accumulated_depreciation, new.depreciated_through, new.schedule_carrying, new.schedule_after, new.disposed_on, new.units_made, new.status)
            is not distinct from (old.accumulated_depreciation, old.depreciated_through, old.schedule_carrying, old.schedule_after, old.disposed_on, old.units_made, old.status)
        and (old.status = 'draft' or
            (new.id, new.category_id, new.acquired_on, new.in_service_on, new.cost, new.residual_value, new.method, new.convention, new.life_months,
                new.rate, new.total_units, new.opening_depreciation, new.opening_on, new.department_id, new.cost_centre_id)
            is not distinct from (old.id, old.category_id, old.acquired_on, old.in_service_on, old.cost, old.residual_value, old.method, old.convention, old.life_months,
                old.rate, old.total_units, old.opening_depreciation, old.opening_on, old.department_id, old.cost_centre_id))) then
        new.carrying_amount := case new.status when 'disposed' then 0 when 'draft' then new.cost - new.opening_depreciation
            else new.cost - new.accumulated_depreciation end;
        return new;
    end if;
    raise exception 'final' using errcode = 'restrict_violation', table = 'fixed_assets', constraint = 'an_asset_in_service_is_changed_by_its_movements_alone';
end $$;
create trigger keep_booked before update or delete on fixed_assets for each row execute function keep_fixed_asset();

-- Nothing begins in the middle of its life.
create function begin_fixed_asset() returns trigger language plpgsql as $$
begin
    new.status := 'draft';
    new.accumulated_depreciation := 0;
    new.depreciated_through := null;
    new.schedule_carrying := null;
    new.schedule_after := null;
    new.disposed_on := null;
    new.units_made := 0;
    new.carrying_amount := new.cost - new.opening_depreciation;
    return new;
end $$;
create trigger begin_as_draft before insert on fixed_assets for each row execute function begin_fixed_asset();

-- Where an asset is from which day on. The first row is where it went into service.
create table fixed_asset_transfers (
    org_id         uuid not null,
    id             uuid not null,
    fixed_asset_id uuid not null,
    moved_on       date not null,
    department_id  uuid,
    cost_centre_id uuid,
    primary key (org_id, id),
    constraint an_asset_is_transferred_once_a_day unique (org_id, fixed_asset_id, moved_on),
    constraint fixed_asset_transfers_fixed_asset_id_fkey foreign key (org_id, fixed_asset_id) references fixed_assets (org_id, id),
    constraint fixed_asset_transfers_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint fixed_asset_transfers_cost_centre_id_fkey foreign key (org_id, cost_centre_id) references cost_centres (org_id, id)
);
create index fixed_asset_transfers_by_department on fixed_asset_transfers (org_id, department_id);
create index fixed_asset_transfers_by_cost_centre on fixed_asset_transfers (org_id, cost_centre_id);
select manage_record('fixed_asset_transfers');
grant select, insert on fixed_asset_transfers to backoffice_service;
select frozen_when('fixed_asset_transfers', 'true');

-- The asset shows where it is as of its latest transfer.
create function follow_fixed_asset_transfer() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update fixed_assets a set (department_id, cost_centre_id) = (
        select t.department_id, t.cost_centre_id from fixed_asset_transfers t
        where t.org_id = new.org_id and t.fixed_asset_id = new.fixed_asset_id order by t.moved_on desc limit 1)
    where a.org_id = new.org_id and a.id = new.fixed_asset_id;
    return null;
end $$;
create trigger follow_transfer after insert on fixed_asset_transfers for each row execute function follow_fixed_asset_transfer();

-- Units of production, as they are reported for a period; corrected until that period is depreciated.
create table fixed_asset_units (
    org_id           uuid          not null,
    fixed_asset_id   uuid          not null,
    fiscal_period_id uuid          not null,
    units            numeric(20,6) not null constraint fixed_asset_units_units_range check (units >= 0),
    primary key (org_id, fixed_asset_id, fiscal_period_id),
    constraint fixed_asset_units_fixed_asset_id_fkey foreign key (org_id, fixed_asset_id) references fixed_assets (org_id, id),
    constraint fixed_asset_units_fiscal_period_id_fkey foreign key (org_id, fiscal_period_id) references fiscal_periods (org_id, id)
);
create index fixed_asset_units_by_fiscal_period on fixed_asset_units (org_id, fiscal_period_id);
select manage_record('fixed_asset_units');
grant select, insert, update on fixed_asset_units to backoffice_service;

-- What a run was worked out from stays while the run stands.
create function keep_depreciated_units() returns trigger language plpgsql as $$
begin
    if exists (select from fiscal_periods p join depreciation_runs r on r.org_id = p.org_id and r.posted_on >= p.ends_on and r.status = 'posted'
        where p.org_id = new.org_id and p.id = new.fiscal_period_id) then
        raise exception 'depreciated' using errcode = 'restrict_violation', table = 'fixed_asset_units',
            constraint = 'the_period_is_depreciated_already_so_reverse_its_run_first';
    end if;
    return new;
end $$;
create trigger keep_depreciated before insert or update on fixed_asset_units for each row execute function keep_depreciated_units();

-- The asset tells what it made in all, so that its history says who reported it.
create function follow_fixed_asset_units() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update fixed_assets a set units_made = (
        select sum(u.units) from fixed_asset_units u where u.org_id = new.org_id and u.fixed_asset_id = new.fixed_asset_id)
    where a.org_id = new.org_id and a.id = new.fixed_asset_id;
    return null;
end $$;
create trigger follow_units after insert or update on fixed_asset_units for each row execute function follow_fixed_asset_units();
