-- Budgets: what a fiscal year may cost and bring, by account, department, cost centre or project, and period. One approved
-- revision of a name counts in a year; who wrote in it does not approve it.

create table budgets (
    org_id         uuid    not null,
    id             uuid    not null,
    name           text    not null constraint budgets_name_length check (length(name) between 1 and 100),
    fiscal_year_id uuid    not null,
    revision       integer not null default 1 constraint budgets_revision_range check (revision between 1 and 10000),
    control        text    not null default 'none' constraint budgets_control_check check (control in ('none', 'warn', 'block')),
    control_over   text    not null default 'year' constraint budgets_control_over_check check (control_over in ('period', 'year_to_date', 'year')),
    lines          jsonb   not null default '[]' constraint budgets_lines_type check (jsonb_typeof(lines) = 'array'),
    -- Who wrote in it: they do not approve it.
    prepared_by    uuid[]  not null default '{}',
    status         text    not null default 'draft' constraint budgets_status_check check (status in ('draft', 'submitted', 'approved', 'superseded')),
    primary key (org_id, id),
    constraint budgets_revision_key unique (org_id, fiscal_year_id, name, revision),
    constraint budgets_fiscal_year_id_fkey foreign key (org_id, fiscal_year_id) references fiscal_years (org_id, id)
);
create unique index one_revision_of_a_budget_is_approved on budgets (org_id, fiscal_year_id, name) where status = 'approved';
create index budgets_by_name on budgets (org_id, name, id);
select manage_resource('budgets');
create index budgets_by_created_at on budgets (org_id, created_at, id);

-- The lines as questions are asked of them: an amount for each period. Kept by trigger.
create table budget_lines (
    org_id         uuid    not null,
    budget_id      uuid    not null,
    line           integer not null,
    account_id     uuid    not null,
    department_id  uuid,
    cost_centre_id uuid,
    project_id     uuid,
    amounts        numeric(20,4)[] not null,
    primary key (org_id, budget_id, line),
    constraint budget_lines_budget_id_fkey foreign key (org_id, budget_id) references budgets (org_id, id) on delete cascade,
    constraint budget_lines_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint budget_lines_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint budget_lines_cost_centre_id_fkey foreign key (org_id, cost_centre_id) references cost_centres (org_id, id),
    constraint budget_lines_project_id_fkey foreign key (org_id, project_id) references projects (org_id, id)
);
create index budget_lines_by_account on budget_lines (org_id, account_id);
create index budget_lines_by_department on budget_lines (org_id, department_id);
create index budget_lines_by_cost_centre on budget_lines (org_id, cost_centre_id);
create index budget_lines_by_project on budget_lines (org_id, project_id);
insert into managed_tables (name, kind) values ('budget_lines', 'derived');
select separate_organizations('budget_lines');
-- The service locks lines while it holds what is spent against them; it can not write them.
grant select on budget_lines to backoffice_service;

-- What the books say of a budget line from the first day of a month to the last of another: what was spent of an expense or put
-- into an asset, what was earned of an income; the closing of a year aside. A dimension that is left open takes everything.
create function booked_in_months(in_account uuid, in_department uuid, in_cost_centre uuid, in_project uuid, first_day date, last_day date)
    returns numeric language sql stable as $$
    select coalesce(sum(case when a.type in ('asset', 'expense') then b.debit - b.credit else b.credit - b.debit end), 0)
    from accounts a cross join lateral (
        select debit, credit, department_id, cost_centre_id, project_id from account_balances
        where org_id = (select current_org()) and account_id = in_account and not is_closing and begins_on between first_day and last_day
            and grain = case when in_department is null and in_cost_centre is null and in_project is null then 'month' else 'month_by_dimension' end
        union all
        select debit, credit, department_id, cost_centre_id, project_id from balance_deltas
        where org_id = (select current_org()) and account_id = in_account and not is_closing and begins_on between first_day and last_day
    ) b
    where a.org_id = (select current_org()) and a.id = in_account
        and (in_department is null or b.department_id = in_department)
        and (in_cost_centre is null or b.cost_centre_id = in_cost_centre)
        and (in_project is null or b.project_id = in_project)
$$;

-- What is written into a draft is its maker's, and nothing else of a budget changes but its state.
create function keep_budget() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    content constant boolean := tg_op = 'INSERT' or (new.name, new.fiscal_year_id, new.revision, new.control, new.control_over, new.lines)
        is distinct from (old.name, old.fiscal_year_id, old.revision, old.control, old.control_over, old.lines);
begin
    if tg_op = 'UPDATE' and content and old.status <> 'draft' then
        raise exception 'final' using errcode = 'restrict_violation', table = 'budgets', constraint = 'only_a_draft_is_written_in_so_revise_the_budget';
    end if;
    if content and current_actor_id() is not null then
        new.prepared_by := array(select distinct unnest(new.prepared_by || current_actor_id()));
    end if;
    if tg_op = 'UPDATE' and new.status = 'approved' and old.status <> 'approved' then
        if current_actor_id() = any(new.prepared_by) then
            raise exception 'forbidden: Whoever wrote in a budget does not approve it: ask somebody else.';
        end if;
        update budgets set status = 'superseded'
            where org_id = new.org_id and fiscal_year_id = new.fiscal_year_id and name = new.name and status = 'approved' and id <> new.id;
    end if;
    return new;
end $$;
create trigger keep_written before insert or update on budgets for each row execute function keep_budget();

create function refuse_deleting_budget() returns trigger language plpgsql as $$
begin
    raise exception 'final' using errcode = 'restrict_violation', table = 'budgets', constraint = 'only_a_draft_of_a_budget_is_deleted';
end $$;
create trigger keep_submitted before delete on budgets for each row when (old.status <> 'draft') execute function refuse_deleting_budget();

create function place_budget_lines() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from budget_lines where org_id = new.org_id and budget_id = new.id;
    insert into budget_lines (org_id, budget_id, line, account_id, department_id, cost_centre_id, project_id, amounts)
    select new.org_id, new.id, line.ordinality, (each ->> 'account_id')::uuid, (each ->> 'department_id')::uuid, (each ->> 'cost_centre_id')::uuid,
        (each ->> 'project_id')::uuid, array(select amount::numeric from jsonb_array_elements_text(each -> 'amounts') with ordinality a(amount, n) order by n)
    from jsonb_array_elements(new.lines) with ordinality line(each, ordinality);
    return null;
end $$;
create trigger place_lines after insert on budgets for each row execute function place_budget_lines();
create trigger place_lines_anew after update of lines on budgets for each row when (new.lines is distinct from old.lines) execute function place_budget_lines();

-- What would be overspent if these amounts were spent on this day, by the approved budgets that control it. The lines of these
-- budgets are locked, one after the other, until the transaction ends, so that two who spend the last of it take turns; what
-- is booked is read behind the lock.
create function overspent(in_accounts uuid[], in_departments uuid[], in_cost_centres uuid[], in_projects uuid[], in_amounts numeric[], on_day date)
    returns table (budget_id uuid, budget text, control text, line int, spending int[], budgeted numeric, booked numeric, asked numeric)
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform from budget_lines l
        join budgets b on b.org_id = l.org_id and b.id = l.budget_id and b.status = 'approved' and b.control <> 'none'
        join fiscal_years y on y.org_id = b.org_id and y.id = b.fiscal_year_id and on_day between y.starts_on and y.ends_on
        where l.org_id = (select current_org()) and l.account_id = any(in_accounts)
        order by l.budget_id, l.line for no key update of l;
    return query
    select b.id, b.name, b.control, l.line, spent.lines, planned.amount, booked_in_months(l.account_id, l.department_id, l.cost_centre_id, l.project_id, planned.first_day, planned.last_day), spent.amount
    from budget_lines l
    join budgets b on b.org_id = l.org_id and b.id = l.budget_id and b.status = 'approved' and b.control <> 'none'
    join fiscal_years y on y.org_id = b.org_id and y.id = b.fiscal_year_id and on_day between y.starts_on and y.ends_on
    cross join lateral (
        select sum(s.amount) as amount, array_agg(s.ordinality::int - 1 order by s.ordinality) as lines
        from unnest(in_accounts, in_departments, in_cost_centres, in_projects, in_amounts)
            with ordinality s(account_id, department_id, cost_centre_id, project_id, amount, ordinality)
        where s.account_id = l.account_id
            and (l.department_id is null or l.department_id = s.department_id)
            and (l.cost_centre_id is null or l.cost_centre_id = s.cost_centre_id)
            and (l.project_id is null or l.project_id = s.project_id)
    ) spent
    cross join lateral (
        select coalesce(sum(l.amounts[p.ordinal]), 0) as amount, min(p.starts_on) as first_day, max(p.ends_on) as last_day
        from (select p.starts_on, p.ends_on, row_number() over (order by p.starts_on)::int as ordinal
            from fiscal_periods p where p.org_id = y.org_id and p.fiscal_year_id = y.id) p
        where case b.control_over when 'period' then on_day between p.starts_on and p.ends_on
            when 'year_to_date' then p.starts_on <= on_day else true end
    ) planned
    where l.org_id = (select current_org()) and l.account_id = any(in_accounts) and spent.amount > 0
    order by l.budget_id, l.line;
end $$;
