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
    -- Looked at when the transaction ends: a day that moves between two assignments is nobody's for a moment.
    constraint no_two_assignments_of_one_employee_overlap exclude using gist
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

-- How people stand on a day: the assignment, the first and the last day of the employment that it is part of, and why it ends. Each is looked
-- up once (a composite that is spread in a list of columns is worked out for each of them), and the last one among those of the employee: in the
-- order of the days themselves the planner would look through everybody's.
create function standings(people uuid[], on_day date) returns table (
    employee_id uuid, assignment_id uuid, department_id uuid, position_id uuid, manager_id uuid, hired_on date, last_day date, ending_reason text, is_over boolean)
    language sql stable as $$
    select p.id, a.id, a.department_id, a.position_id, a.manager_id, begun.starts_on, ended.ends_on, ended.ending_reason, coalesce(ended.ends_on < on_day, false)
    from unnest(people) p (id)
    cross join lateral assignment_on(current_org(), p.id, on_day) a
    cross join lateral (select max(b.starts_on) as starts_on from assignments b
        where b.org_id = current_org() and b.employee_id = p.id and b.starts_on <= a.starts_on and b.change in ('hire', 'rehire')) begun
    cross join lateral (select l.ends_on, l.ending_reason from assignments l
        where l.org_id = current_org() and l.employee_id = p.id and l.starts_on >= a.starts_on
            and not exists (select from assignments again where again.org_id = current_org() and again.employee_id = p.id
                and again.starts_on > a.starts_on and again.starts_on <= l.starts_on and again.change in ('hire', 'rehire'))
        order by l.starts_on - a.starts_on desc limit 1) ended
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
        from standings(people, today) s
        -- One by one by their key (`offset`), also where the plan is from before thousands came: the other way round, it is everybody for each.
        cross join lateral (select * from employees e where e.org_id = org and e.id = s.employee_id offset 0) e
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
-- Who goes takes their history along, before anybody asks who refers to whom.
create function forget_assignments() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform set_config('app.leaving', old.id::text, true);
    delete from assignments where org_id = old.org_id and employee_id = old.id;
    return old;
end $$;
create trigger forget_assignments before delete on employees for each row execute function forget_assignments();

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
        select a.*, n.department_id as to_department, n.position_id as to_position, n.manager_id as to_manager
        from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
        cross join lateral assignment_on(n.org_id, n.id, today) a
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
        select array_agg(distinct o.employee_id) into people from old_rows o join employees e on e.org_id = o.org_id and e.id = o.employee_id
            where o.employee_id::text is distinct from current_setting('app.leaving', true);
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
            when t.before_ends is null or t.before_ends >= t.starts_on then 'no_two_assignments_of_one_employee_overlap'
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

-- Puts assignments into histories, each from its day on: the one that covers the day ends the day before, and what it was is carried on but
-- for what is said anew. It lasts until the next one begins, or until what it follows would have ended.
create function put_assignments(in_rows jsonb) returns setof assignments language plpgsql volatile as $$
declare
    org constant uuid := current_org();
    people uuid[];
    faults jsonb;
begin
    -- In the order of their ids, so that two batches do not wait for each other.
    select array_agg(id) into people from (select e.id from employees e
        where e.org_id = org and e.id in (select (r ->> 'employee_id')::uuid from jsonb_array_elements(in_rows) r) order by e.id for no key update) held;
    if exists (select from jsonb_array_elements(in_rows) r where (r ->> 'employee_id')::uuid <> all(coalesce(people, '{}'))) then
        raise exception 'no such employee' using errcode = 'foreign_key_violation', table = 'assignments', constraint = 'assignments_employee_id_fkey';
    end if;
    with given as (
        select (r ->> 'employee_id')::uuid as employee_id, (r ->> 'starts_on')::date as starts_on, (r ->> 'ends_on')::date as ends_on,
            coalesce(r ->> 'change', 'change') in ('hire', 'rehire') as begins
        from jsonb_array_elements(in_rows) r
    ), checked as (
        select g.*, count(*) over (partition by g.employee_id, g.starts_on) > 1 or exists (select from assignments a where a.org_id = org
                and a.employee_id = g.employee_id and a.starts_on = g.starts_on) as is_taken,
            exists (select from assignments a where a.org_id = org and a.employee_id = g.employee_id
                and a.starts_on < g.starts_on and (a.ends_on is null or a.ends_on >= g.starts_on)) as is_covered,
            (select coalesce(a.ends_on, 'infinity') from assignments a where a.org_id = org and a.employee_id = g.employee_id
                and a.starts_on < g.starts_on and (a.ends_on is null or a.ends_on >= g.starts_on)) as covered_until,
            exists (select from given b where b.employee_id = g.employee_id and b.begins and b.starts_on < g.starts_on) as follows_given,
            exists (select from given b where b.employee_id = g.employee_id and b.starts_on = g.ends_on + 1) as is_followed
        from given g
    )
    select jsonb_agg(distinct jsonb_build_object('pointer', fault.pointer, 'code', fault.code, 'detail', fault.detail)) into faults
        from checked c cross join lateral (values
            (c.is_taken, '/starts_on', 'begins-already', format('another assignment of this employee begins on %s: change that one', c.starts_on)),
            (not c.begins and not c.is_taken and not c.is_covered and not c.follows_given, '/starts_on', 'not-employed',
                format('is a day, %s, on which this employee does not work here: rehire them, or choose a day of their employment', c.starts_on)),
            (c.begins and c.is_covered, '/starts_on', 'employed-already',
                format('is a day, %s, on which this employee works here already: let `change` be another', c.starts_on)),
            (c.ends_on < c.starts_on, '/ends_on', 'before-first-day', 'must not be before the first day'),
            (not c.begins and c.is_covered and c.ends_on <> c.covered_until and not c.is_followed, '/ends_on', 'leaves-a-gap',
                'would leave days without an assignment: leave it out, and put the next one from its own day on; an employment ends by `terminate`')
        ) fault (is_so, pointer, code, detail) where fault.is_so;
    if faults is not null then
        -- What is there already is a conflict, as with everything that is there once.
        raise exception 'days' using
            errcode = case when jsonb_path_exists(faults, '$[*].code ? (@ != "begins-already")') then 'check_violation' else 'unique_violation' end,
            table = 'assignments', constraint = 'assignments_starts_on_check',
            detail = jsonb_build_object('errors', faults);
    end if;
    return query
    with recursive timeline as (
        select l.*, row_number() over w as place, lead(l.starts_on) over w as next_starts_on, lead(l.is_new) over w as is_followed_by_new
        from (
            select a.id, a.employee_id, a.starts_on, a.ends_on, a.change, to_jsonb(a) as said, false as is_new from assignments a
                where a.org_id = org and a.employee_id = any(people)
            union all
            select (r ->> 'id')::uuid, (r ->> 'employee_id')::uuid, (r ->> 'starts_on')::date, (r ->> 'ends_on')::date, coalesce(r ->> 'change', 'change'),
                jsonb_strip_nulls(r - '{department_id,position_id,manager_id,location,country,grade,contract_ends_on,reason}'::text[])
                    || coalesce((select jsonb_object_agg(key, value) from jsonb_each(r)
                        where key = any('{department_id,position_id,manager_id,location,country,grade,contract_ends_on,reason}')), '{}'), true
                from jsonb_array_elements(in_rows) r
        ) l window w as (partition by l.employee_id order by l.starts_on)
    ), carried as (
        select t.*, '{"workplace": "office", "full_time_equivalent": 1, "contract_type": "permanent"}'::jsonb || t.said as state, t.ends_on as until
            from timeline t where t.place = 1
        union all
        select t.*,
            case when not t.is_new then t.said
                when t.change = 'hire' then '{"workplace": "office", "full_time_equivalent": 1, "contract_type": "permanent"}'::jsonb || t.said
                when t.change = 'rehire' then c.state - '{reason,ending_reason,contract_ends_on}'::text[] || t.said
                else c.state - 'reason' || t.said end,
            case when not t.is_new or t.change in ('hire', 'rehire') or t.ends_on is not null then t.ends_on
                when c.until >= t.starts_on or c.until is null then c.until end
        from carried c join timeline t on t.employee_id = c.employee_id and t.place = c.place + 1
    ), ended as (
        select c.*, case when c.next_starts_on is not null and (c.is_new or c.is_followed_by_new) and coalesce(c.until, 'infinity') >= c.next_starts_on
            then c.next_starts_on - 1 else c.until end as last_day
        from carried c
    ), cut as (
        update assignments a set ends_on = e.last_day, ending_reason = null from ended e
            where not e.is_new and a.org_id = org and a.id = e.id and a.ends_on is distinct from e.last_day
    )
    insert into assignments (org_id, id, employee_id, starts_on, ends_on, change, department_id, position_id, manager_id, workplace, location, country,
            full_time_equivalent, grade, contract_type, contract_ends_on, reason, ending_reason)
        select org, e.id, e.employee_id, e.starts_on, e.last_day, e.change, p.department_id, p.position_id, p.manager_id, p.workplace, p.location, p.country,
            p.full_time_equivalent, p.grade, p.contract_type, p.contract_ends_on, p.reason,
            case when e.last_day is not distinct from e.until and e.last_day is not null then p.ending_reason end
        from ended e cross join lateral jsonb_populate_record(null::assignments, e.state) p where e.is_new
        returning *;
end $$;

-- Corrects an assignment. Where its days change, the ones beside it give way, so that no day is lost or counted twice.
create function correct_assignment(in_id uuid, in_patch jsonb) returns setof assignments language plpgsql volatile as $$
declare
    org constant uuid := current_org();
    was assignments;
    goes_on boolean;
    faults jsonb;
    is_now assignments;
begin
    select * into strict was from assignments where org_id = org and id = in_id;
    is_now := jsonb_populate_record(was, in_patch);
    goes_on := exists (select from assignments a where a.org_id = org and a.employee_id = was.employee_id and a.starts_on = was.ends_on + 1
        and a.change in ('transfer', 'promotion', 'change'));
    select jsonb_agg(jsonb_build_object('pointer', fault.pointer, 'code', fault.code, 'detail', fault.detail)) into faults from (values
        ((was.change in ('hire', 'rehire')) <> (is_now.change in ('hire', 'rehire')), '/change', 'begins-an-employment',
            'of what begins an employment must be `hire` or `rehire`, and of what does not must be neither'),
        (is_now.ends_on < is_now.starts_on, '/ends_on', 'before-first-day', 'must not be before the first day'),
        (goes_on and is_now.ends_on is null, '/ends_on', 'is-followed', 'must be there, since another assignment follows: delete that one first')
    ) fault (is_so, pointer, code, detail) where fault.is_so;
    if faults is not null then
        raise exception 'days' using errcode = 'check_violation', table = 'assignments', constraint = 'assignments_starts_on_check',
            detail = jsonb_build_object('errors', faults);
    end if;
    return query
    with beside as (
        update assignments a set
                ends_on = case when a.starts_on < was.starts_on then is_now.starts_on - 1 else a.ends_on end,
                starts_on = case when a.starts_on > was.starts_on then is_now.ends_on + 1 else a.starts_on end
            where a.org_id = org and a.employee_id = was.employee_id and a.id <> was.id
                and (a.ends_on = was.starts_on - 1 and was.change in ('transfer', 'promotion', 'change') and is_now.starts_on <> was.starts_on
                    or a.starts_on = was.ends_on + 1 and a.change in ('transfer', 'promotion', 'change') and is_now.ends_on is distinct from was.ends_on)
    )
    update assignments a set starts_on = is_now.starts_on, ends_on = is_now.ends_on, change = is_now.change, department_id = is_now.department_id,
            position_id = is_now.position_id, manager_id = is_now.manager_id, workplace = is_now.workplace, location = is_now.location, country = is_now.country,
            full_time_equivalent = is_now.full_time_equivalent, grade = is_now.grade, contract_type = is_now.contract_type,
            contract_ends_on = is_now.contract_ends_on, reason = is_now.reason,
            ending_reason = case when is_now.ends_on is not null then is_now.ending_reason end
        where a.org_id = org and a.id = in_id
        returning a.*;
end $$;

-- Ends an employment with a day, whatever was planned for later.
create function end_employment(in_employee uuid, in_last_day date, in_reason text) returns void language plpgsql volatile as $$
declare
    org constant uuid := current_org();
    first_day date;
    again date;
begin
    select hired_on into first_day from employees where org_id = org and id = in_employee;
    select min(starts_on) into again from assignments
        where org_id = org and employee_id = in_employee and starts_on > first_day and change in ('hire', 'rehire');
    delete from assignments where org_id = org and employee_id = in_employee and starts_on > in_last_day and starts_on > first_day
        and starts_on < coalesce(again, 'infinity');
    update assignments set ends_on = in_last_day, ending_reason = in_reason where org_id = org and id = (
        select id from assignments where org_id = org and employee_id = in_employee and starts_on between first_day and in_last_day
            and starts_on < coalesce(again, 'infinity') order by starts_on desc limit 1);
    -- Whoever was hired has an assignment on that day: an end that ends nothing is no answer.
    if not found then
        raise exception 'no assignment of % ends on %: begun on %, again on %', in_employee, in_last_day, first_day, again;
    end if;
end $$;

-- Hires several at once: employees, and their first assignments with all that is said of these.
create function hire_all(in_rows jsonb) returns setof employees language plpgsql volatile as $$
declare
    org constant uuid := current_org();
begin
    return query insert into employees (org_id, id, employee_number, given_name, family_name, work_email, phone, department_id, position_id, manager_id, hired_on)
        select org, r.id, r.employee_number, r.given_name, r.family_name, r.work_email, r.phone, r.department_id, r.position_id, r.manager_id, r.hired_on
        from jsonb_populate_recordset(null::employees, in_rows) r
        returning *;
    update assignments a set workplace = coalesce(r.workplace, a.workplace), location = r.location, country = r.country,
            full_time_equivalent = coalesce(r.full_time_equivalent, 1), grade = r.grade, contract_type = coalesce(r.contract_type, a.contract_type),
            contract_ends_on = r.contract_ends_on, reason = r.reason
        from jsonb_populate_recordset(null::assignments, in_rows) r where a.org_id = org and a.employee_id = r.id;
end $$;

-- What the company has to know of somebody. Each row has the id of its employee.
create table personal_data (
    org_id              uuid    not null,
    id                  uuid    not null,
    born_on             date    constraint personal_data_born_on_range check (born_on >= '1900-01-01'),
    nationality         text    constraint personal_data_nationality_format check (nationality ~ '^[A-Z]{2}$'),
    national_id         text    constraint personal_data_national_id_format check (national_id ~ '^[A-Z0-9][A-Z0-9 /.-]{0,29}$'),
    -- The country that gave it.
    national_id_country text    constraint personal_data_national_id_country_format check (national_id_country ~ '^[A-Z]{2}$'),
    private_email       text    constraint personal_data_private_email_length check (length(private_email) between 3 and 254),
    private_phone       text    constraint personal_data_private_phone_format check (private_phone ~ '^\+?[0-9 ()./-]{3,30}$'),
    addresses           jsonb   not null default '[]' constraint personal_data_addresses_type check (jsonb_typeof(addresses) = 'array'),
    emergency_contacts  jsonb   not null default '[]' constraint personal_data_emergency_contacts_type check (jsonb_typeof(emergency_contacts) = 'array'),
    iban                text    constraint personal_data_iban_format check (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$'),
    tax_country         text    constraint personal_data_tax_country_format check (tax_country ~ '^[A-Z]{2}$'),
    tax_number          text    constraint personal_data_tax_number_length check (length(tax_number) between 1 and 30),
    tax_dependants      integer not null default 0 constraint personal_data_tax_dependants_range check (tax_dependants between 0 and 50),
    -- Whether personal deductions are made here, and not by another employer.
    is_main_employment  boolean not null default true,
    tax_exemption       text    constraint personal_data_tax_exemption_length check (length(tax_exemption) between 1 and 100),
    primary key (org_id, id),
    constraint personal_data_id_fkey foreign key (org_id, id) references employees (org_id, id) on delete cascade,
    constraint a_national_id_comes_with_its_country check ((national_id is null) = (national_id_country is null))
);
create index personal_data_by_national_id on personal_data (org_id, national_id_country, national_id);
create index personal_data_by_iban on personal_data (org_id, iban);
select manage_resource('personal_data', 'personal_data', person => 'id', secret => '{national_id,iban,tax_number}',
    personal => '{born_on,nationality,national_id_country,private_email,private_phone,addresses,emergency_contacts,tax_country,tax_dependants,is_main_employment,tax_exemption}');
create index personal_data_by_created_at on personal_data (org_id, created_at, id);
select limit_reach('personal_data');

-- For whom somebody cares: for benefits and taxes.
create table dependants (
    org_id           uuid    not null,
    id               uuid    not null,
    employee_id      uuid    not null,
    given_name       text    not null constraint dependants_given_name_length check (length(given_name) between 1 and 100),
    family_name      text    not null constraint dependants_family_name_length check (length(family_name) between 1 and 100),
    relationship     text    not null constraint dependants_relationship_check check (relationship in ('spouse', 'partner', 'child', 'parent', 'other')),
    born_on          date    constraint dependants_born_on_range check (born_on >= '1900-01-01'),
    -- Whether the tax office counts them.
    is_tax_dependant boolean not null default false,
    -- The last day on which they depend on the employee; null until further notice.
    ends_on          date,
    primary key (org_id, id),
    constraint dependants_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id) on delete cascade
);
create index dependants_by_employee on dependants (org_id, employee_id, id);
create index dependants_by_family_name on dependants (org_id, family_name, id);
select manage_resource('dependants', person => 'employee_id', personal => '{given_name,family_name,relationship,born_on,is_tax_dependant,ends_on}');
create index dependants_by_created_at on dependants (org_id, created_at, id);
select limit_reach('dependants');

-- What somebody wants changed in personal data; somebody else says yes or no.
create table personal_data_changes (
    org_id           uuid  not null,
    id               uuid  not null,
    employee_id      uuid  not null,
    changes          jsonb not null constraint personal_data_changes_changes_type check (jsonb_typeof(changes) = 'object'),
    reason           text  constraint personal_data_changes_reason_length check (length(reason) between 1 and 500),
    status           text  not null default 'proposed'
        constraint personal_data_changes_status_check check (status in ('proposed', 'accepted', 'rejected', 'withdrawn')),
    rejection_reason text  constraint personal_data_changes_rejection_reason_length check (length(rejection_reason) between 1 and 500),
    decided_by       uuid,
    decided_at       timestamptz,
    primary key (org_id, id),
    constraint personal_data_changes_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id) on delete cascade,
    constraint what_is_rejected_says_why check ((status = 'rejected') = (rejection_reason is not null))
);
create index personal_data_changes_by_employee on personal_data_changes (org_id, employee_id, id);
create index personal_data_changes_by_status on personal_data_changes (org_id, status, id);
select manage_resource('personal_data_changes', person => 'employee_id', secret => '{changes}', personal => '{reason,rejection_reason}');
create index personal_data_changes_by_created_at on personal_data_changes (org_id, created_at, id);
select limit_reach('personal_data_changes');

-- Nobody decides on what is about them or on what they proposed; what is decided stays.
create function keep_personal_data_change() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    me constant uuid := current_actor_id();
begin
    if old.status <> 'proposed' then
        raise exception 'decided' using errcode = 'restrict_violation', table = 'personal_data_changes', constraint = 'what_is_decided_stays_so_propose_another_change';
    end if;
    if new.status in ('accepted', 'rejected') then
        if me = old.created_by or exists (select from memberships where org_id = old.org_id and user_id = me and employee_id = old.employee_id) then
            raise exception 'forbidden: Nobody decides on what is about them or on what they proposed: ask somebody else to.' using errcode = 'insufficient_privilege';
        end if;
        new.decided_by := me;
        new.decided_at := now();
    end if;
    return new;
end $$;
create trigger keep_change before update on personal_data_changes for each row execute function keep_personal_data_change();

-- Writes what was proposed.
create function make_personal_data_change(in_employee uuid, in_changes jsonb) returns void language plpgsql volatile as $$
declare
    org constant uuid := current_org();
    is_now personal_data;
begin
    insert into personal_data (org_id, id) values (org, in_employee) on conflict do nothing;
    select * into strict is_now from personal_data where org_id = org and id = in_employee for no key update;
    is_now := jsonb_populate_record(is_now, in_changes);
    update personal_data set born_on = is_now.born_on, nationality = is_now.nationality, national_id = is_now.national_id,
            national_id_country = is_now.national_id_country, private_email = is_now.private_email, private_phone = is_now.private_phone,
            addresses = is_now.addresses, emergency_contacts = is_now.emergency_contacts, iban = is_now.iban, tax_country = is_now.tax_country,
            tax_number = is_now.tax_number, tax_dependants = is_now.tax_dependants, is_main_employment = is_now.is_main_employment,
            tax_exemption = is_now.tax_exemption
        where org_id = org and id = in_employee;
end $$;

-- The papers of a personnel file, by the kinds that the organization defines.
create table personnel_document_kinds (
    org_id             uuid    not null,
    id                 uuid    not null,
    code               text    not null constraint personnel_document_kinds_code_format check (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name               text    not null constraint personnel_document_kinds_name_length check (length(name) between 1 and 100),
    -- HR alone; HR and the employee; both, and who stands above the employee.
    visible_to         text    not null default 'employee' constraint personnel_document_kinds_visible_to_check check (visible_to in ('hr', 'employee', 'manager')),
    needs_expiry       boolean not null default false,
    needs_verification boolean not null default false,
    status             text    not null default 'active' constraint personnel_document_kinds_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint personnel_document_kinds_code_key unique (org_id, code)
);
create index personnel_document_kinds_by_name on personnel_document_kinds (org_id, name, id);
select manage_resource('personnel_document_kinds');
create index personnel_document_kinds_by_created_at on personnel_document_kinds (org_id, created_at, id);

-- Which papers there have to be, of whom.
create table required_documents (
    org_id      uuid not null,
    id          uuid not null,
    kind_id     uuid not null,
    -- Of those in this position; null for all.
    position_id uuid,
    -- Of those who work in this country; null for all.
    country     text constraint required_documents_country_format check (country ~ '^[A-Z]{2}$'),
    primary key (org_id, id),
    constraint required_documents_kind_id_fkey foreign key (org_id, kind_id) references personnel_document_kinds (org_id, id),
    constraint required_documents_position_id_fkey foreign key (org_id, position_id) references positions (org_id, id),
    constraint required_documents_kind_id_key unique nulls not distinct (org_id, kind_id, position_id, country)
);
create index required_documents_by_position on required_documents (org_id, position_id);
select manage_resource('required_documents');
create index required_documents_by_created_at on required_documents (org_id, created_at, id);

create table personnel_documents (
    org_id           uuid not null,
    id               uuid not null,
    employee_id      uuid not null,
    kind_id          uuid not null,
    file_id          uuid not null,
    number           text constraint personnel_documents_number_length check (length(number) between 1 and 60),
    issued_on        date,
    expires_on       date,
    note             text constraint personnel_documents_note_length check (length(note) between 1 and 500),
    -- The kind's, when it was filed.
    visible_to       text not null default 'employee' constraint personnel_documents_visible_to_check check (visible_to in ('hr', 'employee', 'manager')),
    status           text not null default 'filed' constraint personnel_documents_status_check check (status in ('filed', 'verified', 'rejected')),
    verified_by      uuid,
    verified_at      timestamptz,
    rejection_reason text constraint personnel_documents_rejection_reason_length check (length(rejection_reason) between 1 and 500),
    primary key (org_id, id),
    constraint personnel_documents_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint personnel_documents_kind_id_fkey foreign key (org_id, kind_id) references personnel_document_kinds (org_id, id),
    constraint personnel_documents_file_id_fkey foreign key (org_id, file_id) references files (org_id, id),
    constraint a_document_expires_on_its_first_day_or_later check (expires_on >= issued_on),
    constraint what_is_verified_says_by_whom check ((status = 'verified') = (verified_at is not null)),
    constraint what_is_refused_says_why check ((status = 'rejected') = (rejection_reason is not null))
);
create index personnel_documents_by_employee on personnel_documents (org_id, employee_id, kind_id);
create index personnel_documents_by_kind on personnel_documents (org_id, kind_id);
create index personnel_documents_by_file on personnel_documents (org_id, file_id);
create index personnel_documents_by_expires_on on personnel_documents (org_id, expires_on, id);
create index personnel_documents_by_status on personnel_documents (org_id, status, id);
select manage_resource('personnel_documents', person => 'employee_id', personal => '{number,issued_on,expires_on,note,rejection_reason}');
create index personnel_documents_by_created_at on personnel_documents (org_id, created_at, id);
select limit_reach('personnel_documents');
create policy visibility on personnel_documents as restrictive to backoffice_service using (
    (select current_reach()) = 'org' or visible_to = 'manager' or visible_to = 'employee' and employee_id = (select current_person()));

-- A kind rules who may see a document, and which days it has; who files one does not verify it.
create function keep_personnel_document() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    kind personnel_document_kinds;
    me constant uuid := current_actor_id();
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select * into kind from personnel_document_kinds where org_id = new.org_id and id = new.kind_id;
    if kind.id is null then return new; end if; -- the foreign key says so
    if (tg_op = 'INSERT' or new.kind_id <> old.kind_id) and kind.status = 'archived' then
        raise exception 'archived' using errcode = 'check_violation', table = 'personnel_documents', constraint = 'personnel_documents_kind_id_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/kind_id', 'code', 'archived',
                'detail', format('is the kind %s, which is archived: restore it, or name another', kind.code))));
    end if;
    if kind.needs_expiry and new.expires_on is null then
        raise exception 'no end' using errcode = 'check_violation', table = 'personnel_documents', constraint = 'personnel_documents_expires_on_check',
            detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', '/expires_on', 'code', 'must-expire',
                'detail', format('must be given, since documents of the kind %s expire', kind.code))));
    end if;
    if tg_op = 'INSERT' then
        new.visible_to := kind.visible_to;
    elsif new.status <> old.status then
        if new.status <> 'filed' and (me = old.created_by or exists (select from memberships
                where org_id = old.org_id and user_id = me and employee_id = old.employee_id)) then
            raise exception 'forbidden: Nobody verifies what they filed or what is about them: ask somebody else to.' using errcode = 'insufficient_privilege';
        end if;
        new.verified_by := case when new.status = 'verified' then me end;
        new.verified_at := case when new.status = 'verified' then now() end;
        if new.status <> 'rejected' then new.rejection_reason := null; end if;
    elsif old.status = 'verified' and (new.kind_id, new.file_id, new.number, new.issued_on, new.expires_on)
            is distinct from (old.kind_id, old.file_id, old.number, old.issued_on, old.expires_on) then
        -- What was verified is something else now.
        new.status := 'filed';
        new.verified_by := null;
        new.verified_at := null;
    end if;
    return new;
end $$;
create trigger keep_document before insert or update on personnel_documents for each row execute function keep_personnel_document();

-- A kind that is shown to others shows its documents to them.
create function show_documents_as_their_kind() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update personnel_documents set visible_to = new.visible_to where org_id = new.org_id and kind_id = new.id and visible_to <> new.visible_to;
    return null;
end $$;
create trigger show_documents after update of visible_to on personnel_document_kinds for each row
    when (new.visible_to <> old.visible_to) execute function show_documents_as_their_kind();

-- A document goes with its file, in one statement: neither goes alone. Whoever calls it holds the document's row.
create function discard_personnel_document(in_id uuid) returns void language sql volatile security definer set search_path = public, pg_temp as $$
    with gone as (delete from personnel_documents where org_id = current_org() and id = in_id returning file_id)
    delete from files f using gone where f.org_id = current_org() and f.id = gone.file_id
$$;
revoke all on function discard_personnel_document(uuid) from public;
grant execute on function discard_personnel_document(uuid) to backoffice_service;

-- What is missing, expired, about to expire or at odds with itself in the records of those who work here or will, each finding with the record that it is
-- about. Security definer, and of the transaction's organization alone: it looks at everybody, whatever a caller may read one by one. A rule is a line, and
-- goes over everybody on its own, so that words are only found for those whom it is about.
create function record_findings(in_days integer) returns table (code text, employee_id uuid, resource text, resource_id uuid, detail text)
    language sql stable security definer set search_path = public, pg_temp as $$
    with today as materialized (select (now() at time zone 'UTC')::date as day),
    people as materialized (
        select e.id, e.status, e.hired_on, e.department_id, e.position_id, e.manager_id, a.id as assignment_id, a.country, a.contract_type, a.contract_ends_on,
            p.id as data_id, p.born_on, p.national_id, p.national_id_country, p.iban, p.addresses, p.emergency_contacts, p.tax_dependants,
            s.title, s.department_id as position_department_id, m.status as manager_status, m.employee_number as manager_number, m.terminated_on as manager_left_on,
            above.manager_id is not null as leads, coalesce(kin.listed, 0) as listed
        from today join employees e on e.org_id = current_org() and e.status <> 'terminated'
        left join assignments a on a.org_id = e.org_id and a.employee_id = e.id and a.starts_on <= today.day and (a.ends_on is null or a.ends_on >= today.day)
        left join personal_data p on p.org_id = e.org_id and p.id = e.id
        left join positions s on s.org_id = e.org_id and s.id = e.position_id
        left join employees m on m.org_id = e.org_id and m.id = e.manager_id
        left join (select distinct manager_id from employees where org_id = current_org()) above on above.manager_id = e.id
        left join (select d.employee_id, count(*) as listed from today join dependants d on d.org_id = current_org() and d.is_tax_dependant
            and (d.ends_on is null or d.ends_on >= today.day) group by 1) kin on kin.employee_id = e.id
    ), valid as materialized (
        select d.employee_id, d.kind_id, d.id, d.expires_on, d.status, k.code, k.needs_verification,
            row_number() over (partition by d.employee_id, d.kind_id order by d.expires_on desc nulls first, d.created_at desc) as place
        from personnel_documents d join personnel_document_kinds k on k.org_id = d.org_id and k.id = d.kind_id and k.status = 'active'
        where d.org_id = current_org() and d.status <> 'rejected'
    )
    select 'no_assignment', id, 'employees', id, 'No assignment covers today.' from people, today where assignment_id is null and hired_on <= day
    union all select 'active_before_first_day', id, 'employees', id, format('Is %s, and begins on %s.', status, hired_on)
        from people, today where assignment_id is null and hired_on > day and status <> 'pending'
    union all select 'pending_after_first_day', id, 'employees', id, format('Is pending, and began on %s.', hired_on)
        from people, today where status = 'pending' and hired_on < day
    union all select 'no_manager', id, 'employees', id, 'Reports to nobody, and nobody reports to them.' from people where manager_id is null and not leads
    union all select 'manager_left', id, 'employees', id, format('Reports to %s, who left on %s.', manager_number, manager_left_on)
        from people where manager_status = 'terminated'
    union all select 'no_department', id, 'employees', id, 'Is in no department.' from people where department_id is null
    union all select 'no_position', id, 'employees', id, 'Fills no position.' from people where position_id is null
    union all select 'position_of_another_department', id, 'employees', id, format('Fills the position %s of another department.', title)
        from people where position_department_id <> department_id
    union all select 'no_contract_end', id, 'assignments', assignment_id, 'The contract is for a fixed term, and has no last day.'
        from people where contract_type = 'fixed_term' and contract_ends_on is null
    union all select 'contract_over', id, 'assignments', assignment_id, format('The contract ended on %s, and they still work here.', contract_ends_on)
        from people, today where contract_ends_on < day
    union all select 'contract_expiring', id, 'assignments', assignment_id, format('The contract ends on %s.', contract_ends_on)
        from people, today where contract_ends_on between day and day + in_days
    union all select 'no_personal_data', id, 'employees', id, 'No personal data is filed.' from people where data_id is null
    union all select 'no_birth_date', id, 'personal-data', id, 'The day of birth is missing.' from people where data_id is not null and born_on is null
    union all select 'no_national_id', id, 'personal-data', id, 'The national number is missing.' from people where data_id is not null and national_id is null
    union all select 'no_address', id, 'personal-data', id, 'No address is known.' from people where addresses = '[]'
    union all select 'no_emergency_contact', id, 'personal-data', id, 'Nobody is named to be called.' from people where emergency_contacts = '[]'
    union all select 'no_bank_account', id, 'personal-data', id, 'No bank account is known.' from people where data_id is not null and iban is null
    union all select 'birth_date_differs', id, 'personal-data', id, format('Born on %s, and the national number says otherwise.', born_on)
        from people where national_id_country = 'RO' and substr(national_id, 2, 6) <> to_char(born_on, 'YYMMDD')
    union all select 'dependants_differ', id, 'personal-data', id, format('Deductions are made for %s, and %s are listed as dependants for taxes.', tax_dependants, listed)
        from people where tax_dependants <> listed
    union all
    select 'shared_national_id', p.id, 'personal-data', p.id, format('%s people have this national number.', same.people)
        from people p join (select national_id_country, national_id, count(*) as people from people where national_id is not null group by 1, 2 having count(*) > 1) same
        on (same.national_id_country, same.national_id) = (p.national_id_country, p.national_id)
    union all
    select 'shared_bank_account', p.id, 'personal-data', p.id, format('%s people are paid to this account.', same.people)
        from people p join (select iban, count(*) as people from people where iban is not null group by 1 having count(*) > 1) same on same.iban = p.iban
    union all
    (select distinct on (p.id, k.id) 'document_missing', p.id, 'required-documents', r.id, format('There is no document of the kind %s.', k.code)
        from required_documents r join personnel_document_kinds k on k.org_id = r.org_id and k.id = r.kind_id and k.status = 'active'
        join people p on (r.position_id is null or r.position_id = p.position_id) and (r.country is null or r.country = p.country)
        left join valid v on v.employee_id = p.id and v.kind_id = r.kind_id
        where r.org_id = current_org() and v.id is null order by p.id, k.id, r.id)
    union all
    select case when v.expires_on < today.day then 'document_expired' else 'document_expiring' end, p.id, 'personnel-documents', v.id,
            format('The document of the kind %s is valid until %s.', v.code, v.expires_on)
        from valid v join people p on p.id = v.employee_id cross join today where v.place = 1 and v.expires_on <= today.day + in_days
    union all
    select 'document_unverified', p.id, 'personnel-documents', v.id, format('Nobody has verified the document of the kind %s.', v.code)
        from valid v join people p on p.id = v.employee_id where v.place = 1 and v.needs_verification and v.status = 'filed'
$$;

-- The same with scores, a page of findings at a time. What is joined is everybody with everything of theirs: never one by one, though tables may look small
-- to a planner that has seen no statistics since they were filled.
create function record_quality(in_days integer, in_department uuid, in_code text, in_after text, in_limit integer) returns jsonb
    language sql stable security definer set search_path = public, pg_temp set enable_nestloop = off as $$
    with found as materialized (select f.* from record_findings(in_days) f where in_code is null or f.code = in_code),
    people as materialized (
        select e.id, e.employee_number, e.given_name, e.family_name, e.department_id, f.findings
        from employees e left join (select employee_id, count(*) as findings from found group by 1) f on f.employee_id = e.id
        where e.org_id = current_org() and e.status <> 'terminated' and (in_department is null or e.department_id = in_department)
    ), listed as (
        select f.*, p.employee_number, p.given_name || ' ' || p.family_name as name, p.department_id,
            p.employee_number || ' ' || f.code || ' ' || f.resource_id as place
        from found f join people p on p.id = f.employee_id
    ), page as (
        select * from listed where in_after is null or place collate "C" > in_after order by place collate "C" limit in_limit + 1
    )
    select jsonb_build_object(
        'on', (now() at time zone 'UTC')::date,
        'people', (select count(*) from people),
        'complete', (select count(*) from people where findings is null),
        'score', (select round(100.0 * count(*) filter (where findings is null) / nullif(count(*), 0), 2)::text from people),
        'codes', (select coalesce(jsonb_agg(jsonb_build_object('code', c.code, 'findings', c.findings) order by c.code), '[]')
            from (select f.code, count(*) as findings from found f join people p on p.id = f.employee_id group by 1) c),
        'departments', (select coalesce(jsonb_agg(d order by d.name nulls last, d.department_id), '[]') from (
            select p.department_id, d.name, count(*) as people, count(*) filter (where p.findings is null) as complete, coalesce(sum(p.findings), 0) as findings,
                round(100.0 * count(*) filter (where p.findings is null) / count(*), 2)::text as score
            from people p left join departments d on d.org_id = current_org() and d.id = p.department_id group by 1, 2) d),
        'findings', (select coalesce(jsonb_agg(to_jsonb(p) order by p.place collate "C"), '[]')
            from (select * from page order by place collate "C" limit in_limit) p),
        'next_after', (select max(place collate "C") from (select place from page order by place collate "C" limit in_limit) p
            having (select count(*) from page) > in_limit))
$$;
revoke all on function record_findings(integer), record_quality(integer, uuid, text, text, integer) from public;
grant execute on function record_quality(integer, uuid, text, text, integer) to backoffice_service;

-- The posts that nobody fills, by department, and who heads it.
create function vacancies() returns table (department_id uuid, head_id uuid, approved bigint, filled bigint, vacant bigint) language sql stable as $$
    select p.department_id, d.head_id, sum(p.approved_headcount), coalesce(sum(f.heads), 0)::bigint, sum(greatest(p.approved_headcount - coalesce(f.heads, 0), 0))::bigint
    from positions p join departments d on d.org_id = p.org_id and d.id = p.department_id
    left join (select position_id, count(*) as heads from employees where org_id = current_org() and status <> 'terminated' group by 1) f on f.position_id = p.id
    where p.org_id = current_org() group by 1, 2
$$;
