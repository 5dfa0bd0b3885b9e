-- Structure and people: departments, positions, employees.

create table departments (
    org_id    uuid not null,
    id        uuid not null,
    name      text not null constraint departments_name_length check (length(name) between 1 and 100),
    code      text not null constraint departments_code_format check (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    parent_id uuid,
    head_id   uuid,
    status    text not null default 'active' constraint departments_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint departments_code_key unique (org_id, code),
    constraint departments_parent_id_fkey foreign key (org_id, parent_id) references departments (org_id, id)
);
create index departments_by_parent on departments (org_id, parent_id);
create index departments_by_name on departments (org_id, name, id);
select manage_resource('departments');
select keep_tree('departments', 'parent_id', 'department_lines');

create table positions (
    org_id             uuid    not null,
    id                 uuid    not null,
    title              text    not null constraint positions_title_length check (length(title) between 1 and 100),
    department_id      uuid    not null,
    approved_headcount integer not null constraint positions_approved_headcount_range check (approved_headcount between 0 and 100000),
    primary key (org_id, id),
    constraint positions_title_key unique (org_id, department_id, title),
    constraint positions_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id)
);
create index positions_by_title on positions (org_id, title, id);
select manage_resource('positions');

create table employees (
    org_id             uuid not null,
    id                 uuid not null,
    employee_number    text not null constraint employees_employee_number_format check (employee_number ~ '^[A-Za-z0-9][A-Za-z0-9/-]{0,19}$'),
    given_name         text not null constraint employees_given_name_length check (length(given_name) between 1 and 100),
    family_name        text not null constraint employees_family_name_length check (length(family_name) between 1 and 100),
    work_email         text constraint employees_work_email_length check (length(work_email) between 3 and 254),
    phone              text constraint employees_phone_format check (phone ~ '^\+?[0-9 ()./-]{3,30}$'),
    department_id      uuid,
    position_id        uuid,
    manager_id         uuid,
    hired_on           date not null,
    status             text not null default 'pending'
        constraint employees_status_check check (status in ('pending', 'active', 'on_leave', 'terminated')),
    terminated_on      date,
    termination_reason text constraint employees_termination_reason_length check (length(termination_reason) between 1 and 500),
    primary key (org_id, id),
    constraint employees_employee_number_key unique (org_id, employee_number),
    constraint employees_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint employees_position_id_fkey foreign key (org_id, position_id) references positions (org_id, id),
    constraint employees_manager_id_fkey foreign key (org_id, manager_id) references employees (org_id, id),
    constraint last_day_not_before_first_day check (terminated_on >= hired_on),
    constraint last_day_and_reason_come_with_termination check
        ((status = 'terminated') = (terminated_on is not null) and (terminated_on is null) = (termination_reason is null))
);
create unique index employees_work_email_key on employees (org_id, lower(work_email));
create index employees_by_name on employees (org_id, family_name, id);
create index employees_by_hired_on on employees (org_id, hired_on, id);
create index employees_by_department on employees (org_id, department_id, id);
create index employees_by_position on employees (org_id, position_id);
create index employees_by_manager on employees (org_id, manager_id, id);
select manage_resource('employees', person => 'id', personal => '{given_name,family_name,work_email,phone,termination_reason}');
select keep_tree('employees', 'manager_id', 'reporting_lines');

alter table departments add constraint departments_head_id_fkey foreign key (org_id, head_id) references employees (org_id, id);
create index departments_by_head on departments (org_id, head_id);
alter table memberships add constraint memberships_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id);
alter table invitations add constraint invitations_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id);
create index invitations_by_employee on invitations (org_id, employee_id);

-- A permission with reach `own` or `team` shows those rows of a managed table whose person is the caller, or reports to
-- the caller. `limit_reach(…)` comes with the room of people, since it is people who report to each other.
create function limit_reach(table_name text) returns void language plpgsql as $$
begin
    execute format($ddl$
        create policy reach on %1$I as restrictive to backoffice_service using (
            (select current_reach()) = 'org'
            or %2$I = (select current_person())
            -- One row by its key, and so never a hash of the whole team, which `exists` would be planned as.
            or (select current_reach()) = 'team' and (
                select true from reporting_lines line
                where line.org_id = %1$I.org_id and line.above_id = (select current_person()) and line.below_id = %1$I.%2$I))
    $ddl$, table_name, (select person_column from managed_tables where name = table_name));
end $$;
select limit_reach('employees');

-- Which of these people report to the caller, however far down; the caller among them.
create function team_of_caller(people uuid[]) returns uuid[] language sql stable as $$
    select coalesce(array_agg(below_id), '{}') from reporting_lines
    where org_id = (select current_org()) and above_id = (select current_person()) and below_id = any(people)
$$;

-- A department is archived when it is empty, and stays so.
create function keep_archived_empty() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status = 'archived' then
        -- Who puts something in holds the key, as every foreign key does: wait for them, and let later ones wait for this.
        perform from departments where org_id = new.org_id and id = new.id for update;
        if exists (select from departments where org_id = new.org_id and parent_id = new.id and status = 'active')
            or exists (select from employees where org_id = new.org_id and department_id = new.id and status <> 'terminated') then
            raise exception 'not empty' using errcode = 'restrict_violation', constraint = 'archived_only_when_empty', table = 'departments';
        end if;
    end if;
    return null;
end $$;
create trigger keep_archived_empty after update of status on departments for each row execute function keep_archived_empty();

create function refuse_archived_department() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    department uuid;
begin
    if tg_table_name = 'departments' then department := new.parent_id; else department := new.department_id; end if;
    if department is null then return null; end if;
    -- The lock makes an archiving that runs at the same time wait for this, or this for it and see its outcome.
    perform from departments where org_id = new.org_id and id = department for key share;
    if exists (select from departments where org_id = new.org_id and id = department and status = 'archived') then
        raise exception 'archived' using errcode = 'restrict_violation', constraint = 'department_is_archived', table = tg_table_name;
    end if;
    return null;
end $$;
create trigger refuse_archived after insert or update of parent_id on departments for each row execute function refuse_archived_department();
create trigger refuse_archived after insert or update of department_id on positions for each row execute function refuse_archived_department();
create trigger refuse_archived after insert or update of department_id on employees for each row execute function refuse_archived_department();
-- Coming back is being put in again.
create trigger refuse_archived_above after update of status on departments for each row
    when (new.status = 'active') execute function refuse_archived_department();
create trigger refuse_archived_again after update of status on employees for each row
    when (old.status = 'terminated' and new.status <> 'terminated') execute function refuse_archived_department();

-- Nobody is put in a position beyond its approved headcount. Who fills it is counted under the position's lock, so the
-- last seat goes to one. Lowering the headcount below what is filled is allowed: people leave, nobody is thrown out.
create function keep_headcount() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    taken uuid[];
begin
    if tg_op = 'INSERT' then
        select array_agg(distinct position_id) into taken from new_rows where position_id is not null and status <> 'terminated';
    else
        select array_agg(distinct n.position_id) into taken from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
            where n.position_id is not null and n.status <> 'terminated'
                and (n.position_id is distinct from o.position_id or o.status = 'terminated');
    end if;
    if taken is null then return null; end if;
    perform from positions where org_id = (select current_org()) and id = any(taken) order by id for no key update;
    if exists (
        select from positions p where p.org_id = (select current_org()) and p.id = any(taken) and p.approved_headcount <
            (select count(*) from employees e where e.org_id = p.org_id and e.position_id = p.id and e.status <> 'terminated')) then
        raise exception 'filled' using errcode = 'restrict_violation', constraint = 'approved_headcount_is_filled', table = 'employees';
    end if;
    return null;
end $$;
create trigger keep_headcount_of_new after insert on employees referencing new table as new_rows
    for each statement execute function keep_headcount();
create trigger keep_headcount_of_moved after update on employees referencing old table as old_rows new table as new_rows
    for each statement execute function keep_headcount();
