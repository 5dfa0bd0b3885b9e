-- Employment by day, personal data, personnel files: who held which job when, what the company has to know of its people, and
-- the papers that prove it.

create extension if not exists btree_gist;

-- What somebody does here from a day on. Somebody is employed on a day exactly when an assignment covers it: a `hire` or a
-- `rehire` begins an employment, and every other assignment begins the day after the one before it ends.
create table assignments (
    org_id               uuid         not null,
    id                   uuid         not null,
    employee_id          uuid         not null,
    starts_on            date         not null,
    -- The last day; null until further notice.
    ends_on              date,
    change               text         not null default 'change'
        constraint assignments_change_check check (change in ('hire', 'rehire', 'transfer', 'promotion', 'change')),
    department_id        uuid,
    position_id          uuid,
    manager_id           uuid,
    workplace            text         not null default 'office' constraint assignments_workplace_check check (workplace in ('office', 'remote', 'abroad')),
    location             text         constraint assignments_location_length check (length(location) between 1 and 100),
    country              text         constraint assignments_country_format check (country ~ '^[A-Z]{2}$'),
    full_time_equivalent numeric(5,4) not null default 1
        constraint assignments_full_time_equivalent_range check (full_time_equivalent > 0 and full_time_equivalent <= 1),
    grade                text         constraint assignments_grade_length check (length(grade) between 1 and 20),
    contract_type        text         not null default 'permanent'
        constraint assignments_contract_type_check check (contract_type in ('permanent', 'fixed_term', 'apprentice', 'intern', 'contractor')),
    contract_ends_on     date,
    reason               text         constraint assignments_reason_length check (length(reason) between 1 and 500),
    -- Why the employment ended with it.
    ending_reason        text         constraint assignments_ending_reason_length check (length(ending_reason) between 1 and 500),
    primary key (org_id, id),
    constraint assignments_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id) on delete cascade,
    constraint assignments_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint assignments_position_id_fkey foreign key (org_id, position_id) references positions (org_id, id),
    constraint assignments_manager_id_fkey foreign key (org_id, manager_id) references employees (org_id, id),
    constraint an_assignment_ends_on_its_first_day_or_later check (ends_on >= starts_on),
    constraint a_contract_ends_on_the_first_day_or_later check (contract_ends_on >= starts_on),
    constraint an_ending_has_a_day check (ending_reason is null or ends_on is not null),
    constraint assignments_manager_id_cycle check (manager_id <> employee_id),
    -- Looked at when the transaction ends: a day that moves between two assignments is nobody's for a moment.
    constraint assignments_of_one_employee_do_not_overlap exclude using gist
        (org_id with =, employee_id with =, daterange(starts_on, ends_on, '[]') with &&) deferrable initially deferred
);
create index assignments_by_employee on assignments (org_id, employee_id, starts_on);
create index assignments_by_starts_on on assignments (org_id, starts_on, id);
create index assignments_by_department on assignments (org_id, department_id, starts_on);
create index assignments_by_position on assignments (org_id, position_id, starts_on);
create index assignments_by_manager on assignments (org_id, manager_id, starts_on);
select manage_resource('assignments', person => 'employee_id', personal => '{reason,ending_reason}');
create index assignments_by_created_at on assignments (org_id, created_at, id);
select limit_reach('assignments');

-- A last day that is still to come is known before the employee has left.
alter table employees drop constraint last_day_and_reason_come_with_termination,
    add constraint who_left_has_a_last_day check (status <> 'terminated' or terminated_on is not null),
    add constraint a_reason_to_leave_comes_with_a_last_day check (termination_reason is null or terminated_on is not null);

-- What somebody is on a day: by the assignment that covers it, else by the next one, else by the last one.
create function assignment_on(in_org uuid, in_employee uuid, on_day date) returns assignments language sql stable as $$
    select a from assignments a where a.org_id = in_org and a.employee_id = in_employee
    order by a.starts_on <= on_day and (a.ends_on is null or a.ends_on >= on_day) desc, a.starts_on > on_day desc,
        case when a.starts_on > on_day then a.starts_on end, a.starts_on desc
    limit 1
$$;

-- How people stand on a day: the assignment, the first and the last day of the employment that it is part of, and why it ends.
create function standings(people uuid[], on_day date) returns table (
    employee_id uuid, assignment_id uuid, department_id uuid, position_id uuid, manager_id uuid, hired_on date, last_day date, ending_reason text, is_over boolean)
    language sql stable as $$
    select p.id, a.id, a.department_id, a.position_id, a.manager_id, begun.starts_on, ended.ends_on, ended.ending_reason, coalesce(ended.ends_on < on_day, false)
    from unnest(people) p (id)
    cross join lateral (select (assignment_on(current_org(), p.id, on_day)).*) a
    cross join lateral (select max(b.starts_on) as starts_on from assignments b
        where b.org_id = current_org() and b.employee_id = p.id and b.starts_on <= a.starts_on and b.change in ('hire', 'rehire')) begun
    cross join lateral (select l.ends_on, l.ending_reason from assignments l
        where l.org_id = current_org() and l.employee_id = p.id and l.starts_on >= a.starts_on
            and not exists (select from assignments again where again.org_id = current_org() and again.employee_id = p.id
                and again.starts_on > a.starts_on and again.starts_on <= l.starts_on and again.change in ('hire', 'rehire'))
        order by l.starts_on desc limit 1) ended
    where a.id is not null
$$;

-- Makes of each employee what holds today, where that is something else.
create function make_current(people uuid[]) returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    today constant date := (now() at time zone 'UTC')::date;
    behind jsonb;
    each record;
begin
    select jsonb_agg(b) into behind from (
        select s.*, s.manager_id is distinct from e.manager_id as moves, shown.status
        from standings(people, today) s join employees e on e.org_id = org and e.id = s.employee_id
        cross join lateral (select case when s.is_over then 'terminated' when e.status = 'terminated' then 'pending' else e.status end as status) shown
        where (s.department_id, s.position_id, s.manager_id, s.hired_on, s.last_day, s.ending_reason, shown.status)
            is distinct from (e.department_id, e.position_id, e.manager_id, e.hired_on, e.terminated_on, e.termination_reason, e.status)) b;
    if behind is null then return 0; end if;
    if jsonb_array_length(behind) = 1 or not jsonb_path_exists(behind, '$[*].moves ? (@ == true)') then
        update employees e set department_id = b.department_id, position_id = b.position_id, manager_id = b.manager_id, hired_on = b.hired_on,
                terminated_on = b.last_day, termination_reason = b.ending_reason, status = b.status
            from jsonb_to_recordset(behind) b (employee_id uuid, department_id uuid, position_id uuid, manager_id uuid, hired_on date, last_day date,
                ending_reason text, status text)
            where e.org_id = org and e.id = b.employee_id;
        return jsonb_array_length(behind);
    end if;
    -- Where several move at once, those above come first: else two who change places would close a ring for a moment.
    for each in
        with recursive all_behind as (
            select * from jsonb_to_recordset(behind) b (employee_id uuid, department_id uuid, position_id uuid, manager_id uuid, hired_on date,
                last_day date, ending_reason text, status text, moves boolean)
        ), up as (
            select b.employee_id, b.manager_id as above_id, 1 as depth from all_behind b where b.moves
            union all
            select u.employee_id, (assignment_on(org, u.above_id, today)).manager_id, u.depth + 1 from up u where u.above_id is not null and u.depth < 200
        ), depths as (select employee_id, max(depth) as depth from up group by 1)
        select b.* from all_behind b left join depths d using (employee_id) order by d.depth nulls first, b.employee_id
    loop
        update employees set department_id = each.department_id, position_id = each.position_id, manager_id = each.manager_id,
            hired_on = each.hired_on, terminated_on = each.last_day, termination_reason = each.ending_reason, status = each.status
            where org_id = org and id = each.employee_id;
    end loop;
    return jsonb_array_length(behind);
end $$;
revoke all on function make_current(uuid[]) from public;

-- Whose day has come: what was dated ahead holds from today on. Called daily for each organization.
create function make_todays_changes() returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
    today constant date := (now() at time zone 'UTC')::date;
begin
    return make_current(array(
        select e.id from employees e left join assignments a on a.org_id = e.org_id and a.employee_id = e.id
            and a.starts_on <= today and (a.ends_on is null or a.ends_on >= today)
        where e.org_id = current_org() and (a.id is null and e.status <> 'terminated' and e.terminated_on < today
            or (a.department_id, a.position_id, a.manager_id) is distinct from (e.department_id, e.position_id, e.manager_id) and a.id is not null)
        order by e.id));
end $$;
revoke all on function make_todays_changes() from public;
grant execute on function make_todays_changes() to backoffice_service;

-- Everybody who is in the list of employees has an assignment from their first day on, by whatever path they came.
create function begin_employment() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into assignments (org_id, id, employee_id, starts_on, ends_on, change, department_id, position_id, manager_id, ending_reason)
        select n.org_id, ordered_uuid(now(), row_number() over (order by n.employee_number)), n.id, n.hired_on, n.terminated_on, 'hire',
            n.department_id, n.position_id, n.manager_id, n.termination_reason
        from new_rows n;
    return null;
end $$;
create trigger begin_employment after insert on employees referencing new table as new_rows for each statement execute function begin_employment();

-- A change of the employee that names no day holds from today on; of somebody who is not here yet or any more it corrects the assignment
-- that shows. Another first day moves that of the employment.
create function assign_from_today() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    today constant date := (now() at time zone 'UTC')::date;
begin
    if not exists (select from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
            where (n.department_id, n.position_id, n.manager_id, n.hired_on) is distinct from (o.department_id, o.position_id, o.manager_id, o.hired_on)) then
        return null;
    end if;
    update assignments a set starts_on = n.hired_on
        from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
        cross join lateral standings(array[n.id], today) s
        where n.hired_on <> o.hired_on and s.hired_on <> n.hired_on
            and a.org_id = n.org_id and a.employee_id = n.id and a.starts_on = s.hired_on;
    with due as (
        select (assignment_on(n.org_id, n.id, today)).*, n.department_id as to_department, n.position_id as to_position, n.manager_id as to_manager
        from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
        where (n.department_id, n.position_id, n.manager_id) is distinct from (o.department_id, o.position_id, o.manager_id)
    ), told as (
        select d.*, d.starts_on < today and (d.ends_on is null or d.ends_on >= today) as is_split from due d
        where (d.department_id, d.position_id, d.manager_id) is distinct from (d.to_department, d.to_position, d.to_manager)
    ), followed as (
        insert into assignments (org_id, id, employee_id, starts_on, ends_on, change, department_id, position_id, manager_id, workplace, location,
                country, full_time_equivalent, grade, contract_type, contract_ends_on, ending_reason)
            select org_id, ordered_uuid(now(), row_number() over (order by employee_id)), employee_id, today, ends_on,
                case when department_id is distinct from to_department then 'transfer' else 'change' end, to_department, to_position, to_manager,
                workplace, location, country, full_time_equivalent, grade, contract_type,
                case when contract_ends_on >= today then contract_ends_on end, ending_reason
            from told where is_split
    )
    update assignments a set
            department_id = case when t.is_split then a.department_id else t.to_department end,
            position_id = case when t.is_split then a.position_id else t.to_position end,
            manager_id = case when t.is_split then a.manager_id else t.to_manager end,
            ends_on = case when t.is_split then today - 1 else a.ends_on end,
            ending_reason = case when t.is_split then null else a.ending_reason end
        from told t where a.org_id = t.org_id and a.id = t.id;
    return null;
end $$;
create trigger assign_from_today after update on employees referencing old table as old_rows new table as new_rows
    for each statement execute function assign_from_today();

-- What holds of every history of assignments, whoever writes it: it begins with a hire, has no gaps within an employment and no overlaps, nobody stands
-- above themselves on any day, and nobody is put in a position beyond its approved headcount or in an archived department from today on.
create function keep_assignments() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    today constant date := (now() at time zone 'UTC')::date;
    people uuid[];
    moved uuid[];
    taken uuid[];
    broken text;
begin
    if tg_op = 'INSERT' then
        select array_agg(distinct employee_id) into people from new_rows;
        -- Of somebody who is new nobody can stand above: those who come in one batch are placed in lines by their own table.
        select array_agg(n.id) into moved from new_rows n join employees e on e.org_id = n.org_id and e.id = n.employee_id
            where n.manager_id is not null and not (n.change = 'hire' and e.created_at = now());
        select array_agg(distinct n.position_id) into taken from new_rows n
            where n.position_id is not null and coalesce(n.ends_on, 'infinity') >= today
                and (n.change in ('hire', 'rehire') or not exists (select from assignments b where b.org_id = n.org_id and b.employee_id = n.employee_id
                    and b.starts_on < n.starts_on and b.position_id = n.position_id and (b.ends_on is null or b.ends_on >= n.starts_on - 1)));
        if exists (select from new_rows n join departments d on d.org_id = n.org_id and d.id = n.department_id
                where d.status = 'archived' and coalesce(n.ends_on, 'infinity') >= today and (n.change in ('hire', 'rehire')
                    or not exists (select from assignments b where b.org_id = n.org_id and b.employee_id = n.employee_id
                        and b.starts_on < n.starts_on and b.department_id = n.department_id))) then
            raise exception 'archived' using errcode = 'restrict_violation', constraint = 'department_is_archived', table = 'assignments';
        end if;
    elsif tg_op = 'UPDATE' then
        select array_agg(distinct n.employee_id) into people from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
            where (n.starts_on, n.ends_on, n.change, n.department_id, n.position_id, n.manager_id, n.ending_reason)
                is distinct from (o.starts_on, o.ends_on, o.change, o.department_id, o.position_id, o.manager_id, o.ending_reason);
        select array_agg(n.id) into moved from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
            where n.manager_id is not null and (n.manager_id is distinct from o.manager_id or n.starts_on < o.starts_on
                or coalesce(n.ends_on, 'infinity') > coalesce(o.ends_on, 'infinity'));
        select array_agg(distinct n.position_id) into taken from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
            where n.position_id is not null and coalesce(n.ends_on, 'infinity') >= today
                and (n.position_id is distinct from o.position_id or n.starts_on < o.starts_on
                    or coalesce(n.ends_on, 'infinity') > coalesce(o.ends_on, 'infinity'));
        if exists (select from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
                join departments d on d.org_id = n.org_id and d.id = n.department_id
                where d.status = 'archived' and n.department_id is distinct from o.department_id and coalesce(n.ends_on, 'infinity') >= today) then
            raise exception 'archived' using errcode = 'restrict_violation', constraint = 'department_is_archived', table = 'assignments';
        end if;
    else
        -- Who goes takes their history along.
        select array_agg(distinct o.employee_id) into people from old_rows o join employees e on e.org_id = o.org_id and e.id = o.employee_id;
    end if;
    if people is null then return null; end if;
    -- Two who write in one history take turns.
    perform from employees where org_id = org and id = any(people) order by id for no key update;
    if tg_op = 'DELETE' then
        -- What went leaves its days to the one before.
        update assignments a set ends_on = case when t.next_change in ('transfer', 'promotion', 'change') then t.next_starts_on - 1 else g.ends_on end,
                ending_reason = case when t.next_change in ('transfer', 'promotion', 'change') then null else g.ending_reason end
            from (select a.id, a.employee_id, a.starts_on, a.ends_on,
                    lead(a.starts_on) over w as next_starts_on, lead(a.change) over w as next_change
                from assignments a where a.org_id = org and a.employee_id = any(people) window w as (partition by a.employee_id order by a.starts_on)) t
            cross join lateral (select o.ends_on, o.ending_reason, o.starts_on from old_rows o
                where o.employee_id = t.employee_id and o.change in ('transfer', 'promotion', 'change') and o.starts_on > t.starts_on
                    and o.starts_on < coalesce(t.next_starts_on, 'infinity') order by o.starts_on desc limit 1) g
            where a.org_id = org and a.id = t.id;
    end if;
    select case
            when t.change in ('transfer', 'promotion', 'change') and t.before is null then 'the_history_of_an_employee_begins_with_a_hire'
            when t.before_ends is null or t.before_ends >= t.starts_on then 'assignments_of_one_employee_do_not_overlap'
            else 'there_are_no_gaps_while_somebody_is_employed' end into broken
        from (select a.change, a.starts_on, lag(a.id) over w as before, case when lag(a.id) over w is not null then lag(a.ends_on) over w else a.starts_on - 1 end as before_ends
            from assignments a where a.org_id = org and a.employee_id = any(people) window w as (partition by a.employee_id order by a.starts_on)) t
        where t.before is null and t.change in ('transfer', 'promotion', 'change')
            or t.before is not null and (t.before_ends is null or t.before_ends >= t.starts_on)
            or t.before is not null and t.change in ('transfer', 'promotion', 'change') and t.before_ends <> t.starts_on - 1
        limit 1;
    if broken is null and tg_op = 'DELETE' and exists (select from unnest(people) p (id) where not exists (
            select from assignments a where a.org_id = org and a.employee_id = p.id)) then
        broken := 'an_employee_keeps_their_last_assignment';
    end if;
    if broken is not null then
        raise exception '%', broken using errcode = 'restrict_violation', constraint = broken, table = 'assignments';
    end if;
    if moved is not null then
        -- Whoever moves sees all moves before it.
        perform pg_advisory_xact_lock(hashtextextended('assignments' || org, 0));
        if exists (
            with recursive up as (
                select a.employee_id, a.manager_id as above_id, a.starts_on as from_day, coalesce(a.ends_on, 'infinity') as to_day, 1 as depth
                    from assignments a where a.org_id = org and a.id = any(moved)
                union all
                select u.employee_id, a.manager_id, greatest(u.from_day, a.starts_on), least(u.to_day, coalesce(a.ends_on, 'infinity')), u.depth + 1
                    from up u join assignments a on a.org_id = org and a.employee_id = u.above_id and a.manager_id is not null
                        and a.starts_on <= u.to_day and coalesce(a.ends_on, 'infinity') >= u.from_day
                    where u.above_id <> u.employee_id and u.depth < 200
            ) select from up where above_id = employee_id) then
            raise exception 'a ring' using errcode = 'check_violation', constraint = 'assignments_manager_id_cycle', table = 'assignments';
        end if;
    end if;
    if taken is not null then
        -- Who fills a position is counted under its lock, so the last seat goes to one.
        perform from positions where org_id = org and id = any(taken) order by id for no key update;
        if exists (
            select from (
                select s.position_id, sum(s.step) over (partition by s.position_id order by s.day, s.step) as heads from (
                    select a.position_id, greatest(a.starts_on, today) as day, 1 as step from assignments a
                        where a.org_id = org and a.position_id = any(taken) and coalesce(a.ends_on, 'infinity') >= today
                    union all
                    select a.position_id, a.ends_on + 1, -1 from assignments a where a.org_id = org and a.position_id = any(taken) and a.ends_on >= today) s) filled
            join positions p on p.org_id = org and p.id = filled.position_id where filled.heads > p.approved_headcount) then
            -- Of the employees, as clients know it.
            raise exception 'filled' using errcode = 'restrict_violation', constraint = 'approved_headcount_is_filled', table = 'employees';
        end if;
    end if;
    perform make_current(people);
    return null;
end $$;
create trigger keep_new_assignments after insert on assignments referencing new table as new_rows for each statement execute function keep_assignments();
create trigger keep_changed_assignments after update on assignments referencing old table as old_rows new table as new_rows
    for each statement execute function keep_assignments();
create trigger keep_deleted_assignments after delete on assignments referencing old table as old_rows for each statement execute function keep_assignments();

-- The headcount is kept on every day from today on, by the assignments.
drop trigger keep_headcount_of_new on employees;
drop trigger keep_headcount_of_moved on employees;
drop function keep_headcount;

-- Nor is a department archived that somebody will be put in.
create or replace function keep_archived_empty() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status = 'archived' then
        -- Who puts something in holds the key, as every foreign key does: wait for them, and let later ones wait for this.
        perform from departments where org_id = new.org_id and id = new.id for update;
        if exists (select from departments where org_id = new.org_id and parent_id = new.id and status = 'active')
            or exists (select from assignments where org_id = new.org_id and department_id = new.id
                and (ends_on is null or ends_on >= (now() at time zone 'UTC')::date)) then
            raise exception 'not empty' using errcode = 'restrict_violation', constraint = 'archived_only_when_empty', table = 'departments';
        end if;
    end if;
    return null;
end $$;

-- Who is here already began on their first day.
insert into assignments (org_id, id, employee_id, starts_on, ends_on, change, department_id, position_id, manager_id, ending_reason)
    select org_id, ordered_uuid(now(), row_number() over (order by org_id, id)), id, hired_on, terminated_on, 'hire', department_id, position_id, manager_id,
        termination_reason
    from employees;
