-- The desk that every department has: tasks, what can be asked for and what was, what is known, and the cases that the front office
-- can not solve.

create extension if not exists btree_gin; -- indexes of words lead with the organization, too

-- The roles that whoever calls holds.
create function roles_of_caller() returns uuid[] language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce((select role_ids from memberships where org_id = (select current_org()) and user_id = (select current_caller())), '{}')
$$;

-- What follows from something by itself is nobody's doing: it asks nobody's permission. The caller's reach is put back afterwards.
create function for_nobody(is_so boolean, own_reach text) returns text language plpgsql volatile as $$
begin
    perform set_config('app.reach', case when is_so then 'org:' else coalesce(own_reach, '') end, true);
    return own_reach;
end $$;

-- The day on which something is due for the nth time, counted from 0. Each is counted from the first: what falls on no day of a month
-- falls on its last, and on its own day again after that.
create function recurs_on(first_on date, every text, spacing int, times int) returns date language sql immutable parallel safe as $$
    select (first_on + case every when 'day' then make_interval(days => spacing * times) when 'week' then make_interval(days => 7 * spacing * times)
        when 'month' then make_interval(months => spacing * times) when 'quarter' then make_interval(months => 3 * spacing * times)
        else make_interval(months => 12 * spacing * times) end)::date
$$;

-- What is to be done again and again.
create table recurring_tasks (
    org_id       uuid    not null,
    id           uuid    not null,
    title        text    not null constraint recurring_tasks_title_length check (length(title) between 1 and 200),
    context      text    constraint recurring_tasks_context_length check (length(context) between 1 and 10000),
    priority     text    not null default 'normal' constraint recurring_tasks_priority_check check (priority in ('low', 'normal', 'high', 'urgent')),
    effort_hours numeric(20,6) constraint recurring_tasks_effort_hours_range check (effort_hours between 0 and 10000),
    assignee_id  uuid,
    role_id      uuid,
    checklist    jsonb   not null default '[]' constraint recurring_tasks_checklist_length check (jsonb_typeof(checklist) = 'array' and jsonb_array_length(checklist) <= 100),
    every        text    not null constraint recurring_tasks_every_check check (every in ('day', 'week', 'month', 'quarter', 'year')),
    spacing      integer not null default 1 constraint recurring_tasks_spacing_range check (spacing between 1 and 100),
    starts_on    date    not null,
    ends_on      date,
    -- How many days before it is due it lands on the desk.
    lead_days    integer not null default 7 constraint recurring_tasks_lead_days_range check (lead_days between 0 and 365),
    -- How often it was due, and when it is next.
    times        integer not null default 0,
    next_due_on  date,
    status       text    not null default 'active' constraint recurring_tasks_status_check check (status in ('active', 'paused', 'ended')),
    primary key (org_id, id),
    constraint recurring_tasks_assignee_id_fkey foreign key (org_id, assignee_id) references employees (org_id, id),
    constraint recurring_tasks_role_id_fkey foreign key (org_id, role_id) references roles (org_id, id),
    constraint the_last_day_is_not_before_the_first check (ends_on >= starts_on),
    constraint recurring_tasks_role_id_check check (num_nonnulls(assignee_id, role_id) = 1),
    constraint what_goes_on_is_due_again check ((status = 'ended') = (next_due_on is null))
);
create index recurring_tasks_by_assignee on recurring_tasks (org_id, assignee_id, id);
create index recurring_tasks_by_role on recurring_tasks (org_id, role_id, id);
create index recurring_tasks_by_title on recurring_tasks (org_id, title, id);
create index recurring_tasks_by_next_due on recurring_tasks (org_id, next_due_on, id);
select manage_resource('recurring_tasks', person => 'assignee_id');
create index recurring_tasks_by_created_at on recurring_tasks (org_id, created_at, id);
create policy reach on recurring_tasks as restrictive to backoffice_service using (
    (select current_reach()) = 'org' or created_by = (select current_caller()) or assignee_id = (select current_person())
    or role_id = any ((select roles_of_caller())::uuid[])
    or (select current_reach()) = 'team' and (select true from reporting_lines line
        where line.org_id = recurring_tasks.org_id and line.above_id = (select current_person()) and line.below_id = recurring_tasks.assignee_id));

create table tasks (
    org_id            uuid    not null,
    id                uuid    not null,
    title             text    not null constraint tasks_title_length check (length(title) between 1 and 200),
    -- What whoever does it has to know.
    context           text    constraint tasks_context_length check (length(context) between 1 and 10000),
    priority          text    not null default 'normal' constraint tasks_priority_check check (priority in ('low', 'normal', 'high', 'urgent')),
    due_on            date    not null,
    effort_hours      numeric(20,6) constraint tasks_effort_hours_range check (effort_hours between 0 and 10000),
    assignee_id       uuid,
    role_id           uuid,
    -- Whom it was offered, and what they said.
    delegate_id       uuid,
    delegation        text    constraint tasks_delegation_check check (delegation in ('asked', 'accepted', 'declined')),
    delegation_note   text    constraint tasks_delegation_note_length check (length(delegation_note) between 1 and 2000),
    handover_note     text    constraint tasks_handover_note_length check (length(handover_note) between 1 and 10000),
    checklist         jsonb   not null default '[]' constraint tasks_checklist_length check (jsonb_typeof(checklist) = 'array' and jsonb_array_length(checklist) <= 100),
    -- What it is about.
    resource          text    constraint tasks_resource_length check (length(resource) between 1 and 63),
    resource_id       uuid,
    recurring_task_id uuid,
    is_blocked        boolean not null default false,
    is_overdue        boolean not null default false,
    remind_at         timestamptz,
    reminded_at       timestamptz,
    waiting_for       text    constraint tasks_waiting_for_length check (length(waiting_for) between 1 and 500),
    outcome           text    constraint tasks_outcome_length check (length(outcome) between 1 and 2000),
    done_at           timestamptz,
    status            text    not null default 'open'
        constraint tasks_status_check check (status in ('open', 'assigned', 'in_progress', 'waiting', 'done', 'rejected')),
    primary key (org_id, id),
    constraint tasks_assignee_id_fkey foreign key (org_id, assignee_id) references employees (org_id, id),
    constraint tasks_role_id_fkey foreign key (org_id, role_id) references roles (org_id, id),
    constraint tasks_delegate_id_fkey foreign key (org_id, delegate_id) references employees (org_id, id),
    constraint tasks_recurring_task_id_fkey foreign key (org_id, recurring_task_id) references recurring_tasks (org_id, id),
    constraint what_a_task_is_about_has_a_kind_and_an_id check ((resource is null) = (resource_id is null)),
    constraint what_is_assigned_has_an_assignee check (status not in ('assigned', 'in_progress', 'waiting') or assignee_id is not null),
    constraint what_is_offered_is_offered_to_somebody check ((delegation = 'asked') is not true or delegate_id is not null),
    constraint nobody_offers_it_to_themselves check ((delegation = 'asked') is not true or delegate_id is distinct from assignee_id)
);
create index tasks_by_title on tasks (org_id, title, id);
create index tasks_by_due_on on tasks (org_id, due_on, id);
create index tasks_by_status on tasks (org_id, status, due_on, id);
create index tasks_by_assignee on tasks (org_id, assignee_id, due_on, id);
create index tasks_by_role on tasks (org_id, role_id, due_on, id);
create index tasks_by_delegate on tasks (org_id, delegate_id, id);
create index tasks_by_resource on tasks (org_id, resource_id, id);
create index tasks_by_recurring_task on tasks (org_id, recurring_task_id, id);
select manage_resource('tasks', person => 'assignee_id');
create index tasks_by_created_at on tasks (org_id, created_at, id);
create index tasks_by_maker on tasks (org_id, created_by, id);

-- With less than the whole organization one sees what one gave, has, is offered, or could take in a role of one's own; what one's team has.
create policy reach on tasks as restrictive to backoffice_service using (
    (select current_reach()) = 'org' or created_by = (select current_caller()) or assignee_id = (select current_person())
    or delegate_id = (select current_person()) or role_id = any ((select roles_of_caller())::uuid[])
    or (select current_reach()) = 'team' and (select true from reporting_lines line
        where line.org_id = tasks.org_id and line.above_id = (select current_person()) and line.below_id = tasks.assignee_id));
create trigger hang before insert or update on tasks for each row execute function hang();

-- When something is to be told of a task that nobody calls about. Found over all organizations by whoever works, and by nobody else.
create table task_alarms (
    organization_id uuid        not null,
    task_id         uuid        not null,
    at              timestamptz not null,
    primary key (organization_id, task_id)
);
create index task_alarms_by_at on task_alarms (at);

-- Whoever has left does nothing here any more.
create function refuse_who_left(in_org uuid, in_table text, in_field text, in_employee uuid) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if exists (select from employees where org_id = in_org and id = in_employee and status = 'terminated') then
        perform tell_fault(409, in_table, '/' || in_field, 'has-left', 'does not work here any more: name somebody who does');
    end if;
end $$;

create function keep_task() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{status,outcome,done_at,is_blocked,is_overdue,reminded_at,handover_note,version,updated_at,updated_by}';
    over constant text[] := '{done,rejected}';
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' then
        new.status := case when new.assignee_id is null then 'open' else 'assigned' end;
        perform refuse_who_left(new.org_id, 'tasks', 'assignee_id', new.assignee_id);
    else
        if old.status = any (over) and new.status = old.status and to_jsonb(new) - free <> to_jsonb(old) - free then
            raise exception 'over' using errcode = 'restrict_violation', table = 'tasks', constraint = 'a_task_that_is_over_stays_as_it_was_so_reopen_it_first';
        end if;
        if new.is_blocked and new.status <> old.status and new.status in ('in_progress', 'done') then
            perform tell_fault(409, 'tasks', '', 'blocked', 'waits for tasks that are not done: finish those first, or delete the dependency');
        end if;
        if new.assignee_id is distinct from old.assignee_id then
            perform refuse_who_left(new.org_id, 'tasks', 'assignee_id', new.assignee_id);
            if new.delegation is not distinct from old.delegation and new.delegation = 'asked' then
                new.delegation := null; -- it has another owner: what the last one offered is over
                new.delegate_id := null;
            end if;
        end if;
        if new.delegate_id is distinct from old.delegate_id then
            perform refuse_who_left(new.org_id, 'tasks', 'delegate_id', new.delegate_id);
        end if;
        if new.status = 'open' and new.assignee_id is not null then new.status := 'assigned'; end if; -- reopened, it is whose it was
        if new.status = any (over) and new.delegation = 'asked' then
            new.delegation := null;
            new.delegate_id := null;
        end if;
        if new.remind_at is distinct from old.remind_at then new.reminded_at := null; end if;
    end if;
    if new.status <> 'waiting' then new.waiting_for := null; end if;
    if new.status <> all (over) then new.outcome := null; end if;
    new.done_at := case when new.status = any (over) then coalesce(new.done_at, now()) end;
    new.is_overdue := new.status <> all (over) and new.due_on < today_utc();
    return new;
end $$;
create trigger keep_task before insert or update on tasks for each row execute function keep_task();

create function keep_task_alarm() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    next_at timestamptz;
begin
    if tg_op = 'DELETE' then
        delete from task_alarms where organization_id = old.org_id and task_id = old.id;
        return null;
    end if;
    if new.status not in ('done', 'rejected') then
        next_at := least(case when new.reminded_at is null then new.remind_at end, case when not new.is_overdue then (new.due_on + 1)::timestamp at time zone 'utc' end);
    end if;
    if next_at is null then
        delete from task_alarms where organization_id = new.org_id and task_id = new.id;
    else
        insert into task_alarms values (new.org_id, new.id, next_at) on conflict (organization_id, task_id) do update set at = excluded.at;
    end if;
    return null;
end $$;
create trigger keep_alarm after insert or delete on tasks for each row execute function keep_task_alarm();
create trigger keep_alarm_of_changed after update on tasks for each row
    when ((old.status, old.due_on, old.remind_at, old.reminded_at, old.is_overdue) is distinct from (new.status, new.due_on, new.remind_at, new.reminded_at, new.is_overdue))
    execute function keep_task_alarm();

-- Reminds of what it is time for, and says what is overdue: as events of the tasks. A few at a time; what somebody is at just now comes next time.
-- Answers how many there were.
create function move_tasks_on(in_most int) returns int language plpgsql security definer set search_path = public, pg_temp as $$
declare
    own_org text := current_setting('app.org_id', true);
    own_actor text := current_setting('app.actor', true);
    due record;
    these uuid[];
    moved int := 0;
begin
    for due in
        select organization_id as org, array_agg(task_id order by task_id) as ids
        from (select * from task_alarms where at <= now() order by at limit in_most for update skip locked) a group by organization_id
    loop
        perform set_config('app.org_id', due.org::text, true), set_config('app.actor', 'system', true);
        select array_agg(id) into these from (select id from tasks where org_id = due.org and id = any (due.ids) order by id for update skip locked) t;
        update tasks set reminded_at = case when remind_at <= now() then coalesce(reminded_at, now()) end where org_id = due.org and id = any (these);
        moved := moved + coalesce(cardinality(these), 0);
    end loop;
    perform set_config('app.org_id', coalesce(own_org, ''), true), set_config('app.actor', coalesce(own_actor, ''), true);
    return moved;
end $$;
revoke all on function move_tasks_on(int) from public;
grant execute on function move_tasks_on(int) to backoffice_service;

-- Makes the tasks that are due within their lead: of one recurring task, or of all of the organization. What was missed while nobody worked is made up for,
-- 31 times at once at the most. Answers how many there were.
create function make_recurring_tasks(in_one uuid) returns int language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    today constant date := today_utc();
    own_reach text := for_nobody(true, current_setting('app.reach', true));
    these uuid[];
    made int;
begin
    select array_agg(id) into these from (
        select id from recurring_tasks where org_id = org and status = 'active' and next_due_on - lead_days <= today and (in_one is null or id = in_one)
        order by id limit 200 for no key update) r;
    insert into tasks (org_id, id, title, context, priority, due_on, effort_hours, assignee_id, role_id, checklist, recurring_task_id, created_by)
        select org, ordered_uuid(now(), row_number() over (order by r.id, s.n)), r.title, r.context, r.priority, recurs_on(r.starts_on, r.every, r.spacing, r.times + s.n),
            r.effort_hours, r.assignee_id, r.role_id, r.checklist, r.id, r.created_by
        from recurring_tasks r cross join generate_series(0, 30) s (n)
        where r.org_id = org and r.id = any (these) and recurs_on(r.starts_on, r.every, r.spacing, r.times + s.n) - r.lead_days <= today
            and (r.ends_on is null or recurs_on(r.starts_on, r.every, r.spacing, r.times + s.n) <= r.ends_on);
    get diagnostics made = row_count;
    update recurring_tasks r set times = r.times + n.made from (
            select r.id, count(*)::int as made from recurring_tasks r cross join generate_series(0, 30) s (n)
            where r.org_id = org and r.id = any (these) and recurs_on(r.starts_on, r.every, r.spacing, r.times + s.n) - r.lead_days <= today
                and (r.ends_on is null or recurs_on(r.starts_on, r.every, r.spacing, r.times + s.n) <= r.ends_on) group by r.id) n
        where r.org_id = org and r.id = n.id;
    perform for_nobody(false, own_reach);
    return made;
end $$;
revoke all on function make_recurring_tasks(uuid) from public;
grant execute on function make_recurring_tasks(uuid) to backoffice_service;

-- When it is due next follows from the rest. What was paused takes up again with what is still to come.
create function keep_recurring_task() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'UPDATE' then
        if (new.every, new.spacing, new.starts_on) is distinct from (old.every, old.spacing, old.starts_on) then
            -- Another rhythm begins behind what was made already.
            new.times := 0;
            while old.next_due_on is not null and old.times > 0 and new.times < 100000 and recurs_on(new.starts_on, new.every, new.spacing, new.times)
                <= recurs_on(old.starts_on, old.every, old.spacing, old.times - 1) loop
                new.times := new.times + 1;
            end loop;
        end if;
        if old.status = 'paused' and new.status = 'active' then
            while new.times < 100000 and recurs_on(new.starts_on, new.every, new.spacing, new.times) < today_utc() loop
                new.times := new.times + 1;
            end loop;
        end if;
        if new.status = 'ended' and old.status = 'ended' and new.ends_on is distinct from old.ends_on then new.status := 'active'; end if;
    else
        new.status := 'active';
        new.times := 0;
    end if;
    new.next_due_on := recurs_on(new.starts_on, new.every, new.spacing, new.times);
    if new.next_due_on > new.ends_on then new.status := 'ended'; end if;
    if new.status = 'ended' then new.next_due_on := null; end if;
    if tg_op = 'INSERT' or new.assignee_id is distinct from old.assignee_id then
        perform refuse_who_left(new.org_id, 'recurring_tasks', 'assignee_id', new.assignee_id);
    end if;
    return new;
end $$;
create trigger keep_recurring_task before insert or update on recurring_tasks for each row execute function keep_recurring_task();
create function begin_recurring_task() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform make_recurring_tasks(new.id);
    return null;
end $$;
create trigger begin_recurring_task after insert on recurring_tasks for each row execute function begin_recurring_task();

-- What has to be done first.
create table task_dependencies (
    org_id         uuid not null,
    id             uuid not null,
    task_id        uuid not null,
    predecessor_id uuid not null,
    primary key (org_id, id),
    constraint task_dependencies_predecessor_id_key unique (org_id, task_id, predecessor_id),
    constraint task_dependencies_task_id_fkey foreign key (org_id, task_id) references tasks (org_id, id) on delete cascade,
    constraint task_dependencies_predecessor_id_fkey foreign key (org_id, predecessor_id) references tasks (org_id, id) on delete cascade
);
create index task_dependencies_by_predecessor on task_dependencies (org_id, predecessor_id, id);
select manage_resource('task_dependencies');
create index task_dependencies_by_created_at on task_dependencies (org_id, created_at, id);
create policy reach on task_dependencies as restrictive to backoffice_service using (
    (select current_reach()) = 'org' or (select true from tasks t where t.org_id = task_dependencies.org_id and t.id = task_dependencies.task_id));

-- Whoever does not see a task makes nothing wait for it: to them it is not there.
create function see_tasks() returns trigger language plpgsql as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if not exists (select from tasks where org_id = new.org_id and id = new.task_id) then
        raise exception 'no such task' using errcode = 'foreign_key_violation', table = 'task_dependencies', constraint = 'task_dependencies_task_id_fkey';
    elsif not exists (select from tasks where org_id = new.org_id and id = new.predecessor_id) then
        raise exception 'no such task' using errcode = 'foreign_key_violation', table = 'task_dependencies', constraint = 'task_dependencies_predecessor_id_fkey';
    end if;
    return new;
end $$;
create trigger see_tasks before insert on task_dependencies for each row execute function see_tasks();

-- Whether these wait for something is worked out behind their locks.
create function block_tasks(in_tasks uuid[]) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
begin
    perform from tasks where org_id = org and id = any (in_tasks) order by id for no key update;
    update tasks t set is_blocked = now_is.blocked
        from (select x.id, exists (select from task_dependencies d join tasks p on p.org_id = d.org_id and p.id = d.predecessor_id
                where d.org_id = org and d.task_id = x.id and p.status not in ('done', 'rejected')) as blocked
            from tasks x where x.org_id = org and x.id = any (in_tasks)) now_is
        where t.org_id = org and t.id = now_is.id and t.is_blocked <> now_is.blocked;
end $$;
revoke all on function block_tasks(uuid[]) from public;

-- No ring: those who add to the dependencies of an organization take turns, and each walks what is there then.
create function keep_dependency() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    over boolean;
begin
    if tg_op = 'DELETE' then
        perform block_tasks(array[old.task_id]);
        return null;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('task_dependencies' || new.org_id, 0));
    if exists (
        with recursive before as (
            select new.predecessor_id as id union
            select d.predecessor_id from before b join task_dependencies d on d.org_id = new.org_id and d.task_id = b.id)
        select from before where id = new.task_id) then
        perform tell_fault(422, 'task_dependencies', '/predecessor_id', 'cycle', 'must not wait for this task itself, neither directly nor through others');
    end if;
    if (select count(*) from task_dependencies where org_id = new.org_id and task_id = new.task_id) > 100 then
        perform tell_fault(409, 'task_dependencies', '/task_id', 'too-many-predecessors', 'waits for 100 tasks already: delete a dependency first');
    end if;
    perform from tasks where org_id = new.org_id and id in (new.task_id, new.predecessor_id) order by id for no key update;
    select status in ('done', 'rejected') into over from tasks where org_id = new.org_id and id = new.task_id;
    if over then
        perform tell_fault(409, 'task_dependencies', '/task_id', 'over', 'is over, and waits for nothing: reopen it first');
    end if;
    perform block_tasks(array[new.task_id]);
    return null;
end $$;
create trigger keep_dependency after insert or delete on task_dependencies for each row execute function keep_dependency();
create function free_successors() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    theirs uuid[];
begin
    select array_agg(distinct d.task_id) into theirs from new_rows n
        join old_rows o on o.org_id = n.org_id and o.id = n.id and (o.status in ('done', 'rejected')) <> (n.status in ('done', 'rejected'))
        join task_dependencies d on d.org_id = n.org_id and d.predecessor_id = n.id;
    if theirs is not null then perform block_tasks(theirs); end if;
    return null;
end $$;
create trigger free_successors after update on tasks referencing old table as old_rows new table as new_rows
    for each statement execute function free_successors();

-- What is on whose desk in which week, as far as the caller sees it. What is overdue is to be done now: it counts in the first week.
create function report_workload(in_from date, in_weeks int, in_person uuid) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('assignee_id', w.assignee_id, 'assignee', w.assignee, 'role_id', w.role_id, 'role', w.role, 'starts_on', w.starts_on,
            'week', to_char(w.starts_on, 'IYYY-"W"IW'), 'tasks', w.tasks, 'urgent_tasks', w.urgent, 'blocked_tasks', w.blocked, 'overdue_tasks', w.overdue,
            'effort_hours', trim_scale(w.hours)::text, 'tasks_without_effort', w.unknown)
        order by w.assignee nulls last, w.role, w.assignee_id, w.role_id, w.starts_on), '[]')
    from (
        select t.assignee_id, e.given_name || ' ' || e.family_name as assignee, case when t.assignee_id is null then t.role_id end as role_id,
            case when t.assignee_id is null then r.title end as role,
            date_trunc('week', greatest(t.due_on, in_from))::date as starts_on, count(*) as tasks, count(*) filter (where t.priority = 'urgent') as urgent,
            count(*) filter (where t.is_blocked) as blocked, count(*) filter (where t.due_on < in_from) as overdue, coalesce(sum(t.effort_hours), 0) as hours,
            count(*) filter (where t.effort_hours is null) as unknown
        from tasks t left join employees e on e.org_id = t.org_id and e.id = t.assignee_id left join roles r on r.org_id = t.org_id and r.id = t.role_id
        where t.org_id = (select current_org()) and t.status not in ('done', 'rejected') and t.due_on < date_trunc('week', in_from)::date + 7 * in_weeks
            and (in_person is null or t.assignee_id = in_person)
        group by 1, 2, 3, 4, 5
        order by 2 nulls last, 4, 1, 3, 5 limit 5000) w
$$;

-- What can be asked for.
create table services (
    org_id           uuid  not null,
    id               uuid  not null,
    name             text  not null constraint services_name_length check (length(name) between 1 and 80),
    description      text  constraint services_description_length check (length(description) between 1 and 4000),
    category         text  constraint services_category_length check (length(category) between 1 and 60),
    department_id    uuid,
    -- What is asked, as a JSON Schema; checked as it is saved.
    form             jsonb not null constraint services_form_type check (jsonb_typeof(form) = 'object'),
    approval         text  not null default 'none' constraint services_approval_check check (approval in ('none', 'manager', 'role')),
    approver_role_id uuid,
    -- What is done for it.
    tasks            jsonb not null default '[]' constraint services_tasks_length check (jsonb_typeof(tasks) = 'array' and jsonb_array_length(tasks) <= 30),
    -- What checklists of those who come ask for by it.
    onboarding       text  constraint services_onboarding_check check (onboarding in ('asset', 'access')),
    policy_id        uuid,
    status           text  not null default 'active' constraint services_status_check check (status in ('active', 'retired')),
    primary key (org_id, id),
    constraint services_name_key unique (org_id, name),
    constraint services_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint services_approver_role_id_fkey foreign key (org_id, approver_role_id) references roles (org_id, id),
    constraint services_policy_id_fkey foreign key (org_id, policy_id) references approval_policies (org_id, id),
    constraint services_approver_role_id_check check ((approval = 'role') = (approver_role_id is not null))
);
create unique index checklists_ask_one_service_for_things_of_a_kind on services (org_id, onboarding) where status = 'active';
create index services_by_department on services (org_id, department_id, id);
create index services_by_approver_role on services (org_id, approver_role_id);
create index services_by_policy on services (org_id, policy_id);
select manage_resource('services');
create index services_by_name on services (org_id, name, id);
create index services_by_created_at on services (org_id, created_at, id);

-- Requests ask for an approval of `fulfil`. They can not change while they wait, so nothing makes one void.
insert into approvable_actions values ('service-requests', 'fulfil');

-- What a service says of approvals is a policy like every other.
create function keep_service() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    asks constant boolean := new.approval <> 'none' and new.status = 'active';
    who jsonb;
    given record;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    for given in select t.value ->> 'role_id' as role, t.value ->> 'assignee_id' as assignee, t.ordinality - 1 as place from jsonb_array_elements(new.tasks) with ordinality t loop
        if given.role is not null and not exists (select from roles where org_id = new.org_id and id = given.role::uuid) then
            perform tell_fault(422, 'services', format('/tasks/%s/role_id', given.place), 'unknown-reference', 'there is no such row in this organization');
        elsif given.assignee is not null and not exists (select from employees where org_id = new.org_id and id = given.assignee::uuid) then
            perform tell_fault(422, 'services', format('/tasks/%s/assignee_id', given.place), 'unknown-reference', 'there is no such row in this organization');
        end if;
    end loop;
    if tg_op = 'UPDATE' and (new.name, new.approval, new.approver_role_id, new.status) is not distinct from (old.name, old.approval, old.approver_role_id, old.status) then
        return new;
    end if;
    if asks then
        if new.approval = 'role' then
            select jsonb_build_object('role', name) into who from roles where org_id = new.org_id and id = new.approver_role_id;
            if who is null then return new; end if; -- which the key refuses
        else
            who := '{"manager_levels": 1}';
        end if;
        who := jsonb_build_array('{"role": null, "manager_levels": null, "user_ids": null, "required": 1, "time_limit_hours": null, "then": null}'::jsonb || who);
        if new.policy_id is null then
            new.policy_id := ordered_uuid(now(), 1);
            insert into approval_policies (org_id, id, name, resource, action, conditions, steps) values (new.org_id, new.policy_id, 'Service: ' || new.name, 'service-requests', 'fulfil',
                jsonb_build_array('{"over": null, "under": null, "in_department": null}'::jsonb || jsonb_build_object('field', 'service_id', 'one_of', jsonb_build_array(new.id))), who);
        else
            update approval_policies set name = 'Service: ' || new.name, steps = who, status = 'active' where org_id = new.org_id and id = new.policy_id;
        end if;
    else
        update approval_policies set status = 'retired' where org_id = new.org_id and id = new.policy_id and status = 'active';
    end if;
    return new;
end $$;
create trigger keep_service before insert or update on services for each row execute function keep_service();
create function leave_service() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from approval_policies where org_id = old.org_id and id = old.policy_id;
    return null;
end $$;
create trigger leave_service after delete on services for each row execute function leave_service();

create table service_requests (
    org_id          uuid  not null,
    id              uuid  not null,
    number          text  not null constraint service_requests_number_length check (length(number) between 1 and 40),
    service_id      uuid  not null,
    -- Who asks, and for whom.
    requester_id    uuid,
    for_employee_id uuid,
    answers         jsonb not null constraint service_requests_answers_type check (jsonb_typeof(answers) = 'object'),
    note            text  constraint service_requests_note_length check (length(note) between 1 and 2000),
    needed_on       date,
    outcome         text  constraint service_requests_outcome_length check (length(outcome) between 1 and 2000),
    done_at         timestamptz,
    status          text  not null default 'in_fulfilment'
        constraint service_requests_status_check check (status in ('waiting_for_approval', 'in_fulfilment', 'done', 'rejected', 'cancelled')),
    primary key (org_id, id),
    constraint service_requests_number_key unique (org_id, number),
    constraint service_requests_service_id_fkey foreign key (org_id, service_id) references services (org_id, id),
    constraint service_requests_requester_id_fkey foreign key (org_id, requester_id) references employees (org_id, id),
    constraint service_requests_for_employee_id_fkey foreign key (org_id, for_employee_id) references employees (org_id, id)
);
create index service_requests_by_service on service_requests (org_id, service_id, id);
create index service_requests_by_requester on service_requests (org_id, requester_id, id);
create index service_requests_by_for_employee on service_requests (org_id, for_employee_id, id);
create index service_requests_by_status on service_requests (org_id, status, id);
select manage_resource('service_requests', person => 'requester_id', personal => '{answers,note}');
create index service_requests_by_created_at on service_requests (org_id, created_at, id);
create index service_requests_by_maker on service_requests (org_id, created_by, id);
select numbered('service_requests', 'number', longest => 40, format => 'REQ-{number:5}');
-- With less than the whole organization one sees what one asked for, what is for oneself, what waits for one's yes; what concerns one's team.
create policy reach on service_requests as restrictive to backoffice_service using (
    (select current_reach()) = 'org' or created_by = (select current_caller()) or requester_id = (select current_person()) or for_employee_id = (select current_person())
    or (select current_reach()) = 'team' and (select true from reporting_lines line where line.org_id = service_requests.org_id
        and line.above_id = (select current_person()) and line.below_id in (service_requests.requester_id, service_requests.for_employee_id) limit 1)
    or (select true from approvals a join approval_waits w on w.org_id = a.org_id and w.approval_id = a.id
        where a.org_id = service_requests.org_id and a.resource = 'service-requests' and a.resource_id = service_requests.id and w.user_id = (select current_caller())
            and w.since <= now() and w.until > now() limit 1));

-- Makes the tasks of a request.
create function begin_fulfilment(in_request uuid) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    own_reach text := for_nobody(true, current_setting('app.reach', true));
begin
    insert into tasks (org_id, id, title, context, priority, due_on, effort_hours, assignee_id, role_id, resource, resource_id)
        select org, ordered_uuid(now(), t.ordinality), i.title, i.context, coalesce(i.priority, 'normal'), greatest(today_utc() + i.due_days, today_utc()), i.effort_hours, i.assignee_id, i.role_id,
            'service-requests', r.id
        from service_requests r join services s on s.org_id = r.org_id and s.id = r.service_id
        cross join jsonb_array_elements(s.tasks) with ordinality t
        cross join lateral jsonb_to_record(t.value) i (title text, context text, priority text, due_days int, effort_hours numeric, assignee_id uuid, role_id uuid)
        where r.org_id = org and r.id = in_request;
    perform for_nobody(false, own_reach);
end $$;
revoke all on function begin_fulfilment(uuid) from public;

create function keep_service_request() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{status,outcome,done_at,version,updated_at,updated_by}';
    service services;
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' then
        select * into service from services where org_id = new.org_id and id = new.service_id for key share;
        if service.status = 'retired' then
            perform tell_fault(409, 'service_requests', '/service_id', 'retired', 'is not offered any more: ask for another service');
        end if;
        new.requester_id := coalesce(new.requester_id, current_person());
        new.for_employee_id := coalesce(new.for_employee_id, new.requester_id);
        -- What a checklist asks for was agreed to with the checklist.
        new.status := case when new.status = 'waiting_for_approval' and approval_steps('service-requests', 'fulfil', to_jsonb(new)) is not null
            then 'waiting_for_approval' else 'in_fulfilment' end;
    else
        if to_jsonb(new) - free <> to_jsonb(old) - free then
            raise exception 'asked' using errcode = 'restrict_violation', table = 'service_requests', constraint = 'what_was_asked_for_stays_as_it_was_so_ask_anew';
        elsif new.status = 'done' and old.status = 'in_fulfilment' and exists (select from tasks where org_id = new.org_id and resource = 'service-requests' and resource_id = new.id
                and status not in ('done', 'rejected')) then
            perform tell_fault(409, 'service_requests', '', 'unfinished', 'has tasks that are not done: complete or reject those, and the request is done with the last');
        end if;
    end if;
    new.done_at := case when new.status in ('done', 'rejected', 'cancelled') then coalesce(new.done_at, now()) end;
    return new;
end $$;
create trigger keep_service_request before insert or update on service_requests for each row execute function keep_service_request();

create function follow_service_request() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    own_reach text;
begin
    if tg_op = 'INSERT' then
        if new.status = 'waiting_for_approval' then
            insert into approvals (org_id, id, resource, resource_id, action, note) values (new.org_id, ordered_uuid(now(), 1), 'service-requests', new.id, 'fulfil', left(new.note, 1000));
        else
            perform begin_fulfilment(new.id);
        end if;
        return null;
    end if;
    if new.status = old.status then return null; end if;
    if new.status = 'in_fulfilment' and old.status = 'waiting_for_approval' then
        perform begin_fulfilment(new.id);
    elsif new.status in ('cancelled', 'rejected') then
        update approvals set status = 'withdrawn' where org_id = new.org_id and resource = 'service-requests' and resource_id = new.id and status = 'waiting';
        update tasks set status = 'rejected', outcome = 'What it was for is not wanted any more'
            where org_id = new.org_id and resource = 'service-requests' and resource_id = new.id and status not in ('done', 'rejected');
    elsif new.status = 'done' then
        -- The checklist that asked for it has it. Whoever did the last of it need not keep checklists.
        own_reach := for_nobody(true, current_setting('app.reach', true));
        update checklist_tasks set status = 'done' where org_id = new.org_id and service_request_id = new.id and status = 'open';
        perform for_nobody(false, own_reach);
    end if;
    return null;
end $$;
create trigger follow_service_request after insert or update on service_requests for each row execute function follow_service_request();

-- The yes or no of those who were asked.
create function decide_service_request() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update service_requests set status = case new.status when 'approved' then 'in_fulfilment' else 'rejected' end, outcome = case new.status when 'rejected' then new.outcome end
        where org_id = new.org_id and id = new.resource_id and status = 'waiting_for_approval';
    return null;
end $$;
create trigger decide_service_request after update on approvals for each row
    when (new.resource = 'service-requests' and old.status = 'waiting' and new.status in ('approved', 'rejected')) execute function decide_service_request();

-- A request is done when its tasks are; where none of them was done, it came to nothing.
create function end_service_requests() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    touched uuid[];
begin
    if tg_op = 'UPDATE' then
        select array_agg(distinct n.resource_id) into touched from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id and o.status <> n.status
            where n.resource = 'service-requests';
    else
        select array_agg(distinct o.resource_id) into touched from old_rows o where o.resource = 'service-requests';
    end if;
    if touched is null then return null; end if;
    -- Of two last tasks that are done at once the second waits here, and then finds the first.
    perform from service_requests where org_id = current_org() and id = any (touched) order by id for no key update;
    update service_requests r set status = now_is.status, outcome = case now_is.status when 'rejected' then coalesce(now_is.outcome, 'None of its tasks was done') else r.outcome end
        from (select q.id, case when bool_or(t.status not in ('done', 'rejected')) then 'in_fulfilment' when bool_or(t.status = 'done') then 'done' else 'rejected' end as status,
                max(t.outcome) filter (where t.status = 'rejected') as outcome
            from service_requests q join tasks t on t.org_id = q.org_id and t.resource = 'service-requests' and t.resource_id = q.id
            where q.org_id = current_org() and q.id = any (touched) and q.status in ('in_fulfilment', 'done') group by q.id) now_is
        where r.org_id = current_org() and r.id = now_is.id and r.status <> now_is.status;
    return null;
end $$;
create trigger end_service_requests after update on tasks referencing old table as old_rows new table as new_rows
    for each statement execute function end_service_requests();
create trigger end_service_requests_of_deleted after delete on tasks referencing old table as old_rows
    for each statement execute function end_service_requests();

-- What checklists of those who come ask for is asked of the service that is there for it.
alter table checklist_tasks add column service_request_id uuid,
    add constraint checklist_tasks_service_request_id_fkey foreign key (org_id, service_request_id) references service_requests (org_id, id);
create index checklist_tasks_by_service_request on checklist_tasks (org_id, service_request_id);
select tell_events('checklist_tasks');
create function ask_services() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    own_reach text;
begin
    if not exists (select from new_rows where request_kind is not null) then return null; end if;
    own_reach := for_nobody(true, current_setting('app.reach', true));
    with asked as (
        select n.org_id, n.id, n.employee_id, n.request_item, n.title, n.due_on, s.id as service_id, ordered_uuid(now(), row_number() over (order by n.id)) as request_id
        from new_rows n join checklists c on c.org_id = n.org_id and c.id = n.checklist_id and c.kind = 'onboarding'
        join services s on s.org_id = n.org_id and s.onboarding = n.request_kind and s.status = 'active'
    ), made as (
        insert into service_requests (org_id, id, service_id, requester_id, for_employee_id, answers, note, needed_on, status)
            select org_id, request_id, service_id, employee_id, employee_id, jsonb_build_object('item', request_item), title, due_on, 'in_fulfilment' from asked
    )
    update checklist_tasks t set service_request_id = a.request_id from asked a where t.org_id = a.org_id and t.id = a.id;
    perform for_nobody(false, own_reach);
    return null;
end $$;
create trigger ask_services after insert on checklist_tasks referencing new table as new_rows for each statement execute function ask_services();

-- What is known: each article as it was published last, or as it is written where it never was.
create table articles (
    org_id        uuid    not null,
    id            uuid    not null,
    title         text    not null constraint articles_title_length check (length(title) between 1 and 200),
    summary       text    constraint articles_summary_length check (length(summary) between 1 and 500),
    body          text    not null constraint articles_body_length check (length(body) between 1 and 100000),
    category      text    constraint articles_category_length check (length(category) between 1 and 60),
    -- Which words its words are forms of (ISO 639-1).
    language      text    not null default 'en' constraint articles_language_format check (language ~ '^[a-z]{2}$'),
    audience      text    not null default 'staff' constraint articles_audience_check check (audience in ('everybody', 'staff', 'department', 'front_office')),
    department_id uuid,
    -- The edition that is published.
    edition       integer,
    published_at  timestamptz,
    status        text    not null default 'draft' constraint articles_status_check check (status in ('draft', 'published', 'archived')),
    primary key (org_id, id),
    constraint articles_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint articles_department_id_check check ((audience = 'department') = (department_id is not null)),
    constraint what_is_published_has_an_edition check ((status = 'draft') = (edition is null) and (edition is null) = (published_at is null))
);
create index articles_by_title on articles (org_id, title, id);
create index articles_by_department on articles (org_id, department_id, id);
create index articles_by_status on articles (org_id, status, id);
select manage_resource('articles');
create index articles_by_created_at on articles (org_id, created_at, id);

-- Whom the caller reads as: everybody, staff, the front office; and the departments they belong to.
create function audiences_of_caller() returns text[] language sql stable security definer set search_path = public, pg_temp as $$
    select array['everybody'] || case when (select current_person()) is not null then array['staff'] else '{}' end
        || case when exists (select from roles r where r.org_id = (select current_org()) and r.name = 'front_office' and r.id = any (roles_of_caller())) then array['front_office'] else '{}' end
$$;
create function departments_of_caller() returns uuid[] language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce((select array_agg(l.above_id) from employees e join department_lines l on l.org_id = e.org_id and l.below_id = e.department_id
        where e.org_id = (select current_org()) and e.id = (select current_person())), '{}')
$$;
create policy reach on articles as restrictive to backoffice_service using (
    (select current_reach()) = 'org' or created_by = (select current_caller())
    or status = 'published' and (audience = any ((select audiences_of_caller())::text[]) or audience = 'department' and department_id = any ((select departments_of_caller())::uuid[])));

-- Every text that an article had, has, or is to have.
create table article_editions (
    org_id        uuid    not null,
    id            uuid    not null,
    article_id    uuid    not null,
    edition       integer not null,
    title         text    not null constraint article_editions_title_length check (length(title) between 1 and 200),
    summary       text    constraint article_editions_summary_length check (length(summary) between 1 and 500),
    body          text    not null constraint article_editions_body_length check (length(body) between 1 and 100000),
    note          text    constraint article_editions_note_length check (length(note) between 1 and 500),
    return_reason text    constraint article_editions_return_reason_length check (length(return_reason) between 1 and 2000),
    published_at  timestamptz,
    published_by  uuid,
    status        text    not null default 'draft' constraint article_editions_status_check check (status in ('draft', 'in_review', 'published', 'superseded')),
    primary key (org_id, id),
    constraint article_editions_edition_key unique (org_id, article_id, edition),
    constraint article_editions_article_id_fkey foreign key (org_id, article_id) references articles (org_id, id) on delete cascade
);
create unique index one_edition_of_an_article_is_written_at_a_time on article_editions (org_id, article_id) where status in ('draft', 'in_review');
create unique index one_edition_of_an_article_is_read_at_a_time on article_editions (org_id, article_id) where status = 'published';
create index article_editions_by_status on article_editions (org_id, status, id);
select manage_resource('article_editions');
create index article_editions_by_created_at on article_editions (org_id, created_at, id);
create index article_editions_by_maker on article_editions (org_id, created_by, id);
select limit_to_maker('article_editions');

create function begin_article() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into article_editions (org_id, id, article_id, edition, title, summary, body) values (new.org_id, ordered_uuid(now(), 1), new.id, 1, new.title, new.summary, new.body);
    return null;
end $$;
create trigger begin_article after insert on articles for each row execute function begin_article();

create function keep_article() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if old.edition is not null then
        raise exception 'published' using errcode = 'restrict_violation', table = 'articles', constraint = 'what_was_published_stays_on_record_so_archive_it_instead';
    end if;
    return old;
end $$;
create trigger keep_article before delete on articles for each row execute function keep_article();

-- Only a draft is written in; nobody publishes what they wrote. What is published is what everybody reads from then on.
create function keep_edition() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    of articles;
begin
    if tg_op = 'DELETE' then
        if old.status not in ('draft', 'in_review') or old.edition = 1 and exists (select from articles where org_id = old.org_id and id = old.article_id) then
            raise exception 'stays' using errcode = 'restrict_violation', table = 'article_editions', constraint = 'an_edition_that_was_read_or_is_the_first_stays';
        end if;
        return old;
    end if;
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select * into of from articles where org_id = new.org_id and id = new.article_id for no key update;
    if not found then return new; end if; -- which the key refuses
    if tg_op = 'INSERT' then
        if of.status = 'archived' then
            perform tell_fault(409, 'article_editions', '/article_id', 'archived', 'is archived: restore it first');
        end if;
        new.status := 'draft';
        new.edition := coalesce((select max(edition) from article_editions where org_id = new.org_id and article_id = new.article_id), 0) + 1;
        return new;
    end if;
    if old.status <> 'draft' and (new.title, new.summary, new.body, new.note) is distinct from (old.title, old.summary, old.body, old.note) or new.article_id <> old.article_id then
        raise exception 'submitted' using errcode = 'restrict_violation', table = 'article_editions', constraint = 'what_was_submitted_stays_as_it_is_so_return_it_first';
    end if;
    if new.status = 'published' and old.status = 'in_review' then
        if current_actor_id() in (old.created_by, old.updated_by) then
            raise exception 'forbidden: Nobody publishes what they wrote or handed in: ask somebody else to.' using errcode = 'insufficient_privilege';
        end if;
        update article_editions set status = 'superseded' where org_id = new.org_id and article_id = new.article_id and status = 'published';
        new.published_at := now();
        new.published_by := current_actor_id();
        new.return_reason := null;
        update articles set title = new.title, summary = new.summary, body = new.body, edition = new.edition, published_at = now(), status = 'published'
            where org_id = new.org_id and id = new.article_id;
    elsif of.status = 'draft' and new.status in ('draft', 'in_review') and (new.title, new.summary, new.body) is distinct from (of.title, of.summary, of.body) then
        update articles set title = new.title, summary = new.summary, body = new.body where org_id = new.org_id and id = new.article_id;
    end if;
    return new;
end $$;
create trigger keep_edition before insert or update or delete on article_editions for each row execute function keep_edition();

-- Whether it helped: each says so once.
create table article_feedback (
    org_id     uuid    not null,
    id         uuid    not null,
    article_id uuid    not null,
    is_helpful boolean not null,
    remark     text    constraint article_feedback_remark_length check (length(remark) between 1 and 2000),
    primary key (org_id, id),
    constraint article_feedback_article_id_fkey foreign key (org_id, article_id) references articles (org_id, id) on delete cascade
);
select manage_resource('article_feedback', singular => 'article_feedback');
create unique index article_feedback_article_id_key on article_feedback (org_id, article_id, created_by);
create index article_feedback_by_created_at on article_feedback (org_id, created_at, id);
create index article_feedback_by_maker on article_feedback (org_id, created_by, id);
select limit_to_maker('article_feedback');
-- Whoever does not read an article says nothing of it: to them it is not there.
create function see_article() returns trigger language plpgsql as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if not exists (select from articles where org_id = new.org_id and id = new.article_id) then
        raise exception 'no such article' using errcode = 'foreign_key_violation', table = 'article_feedback', constraint = 'article_feedback_article_id_fkey';
    end if;
    return new;
end $$;
create trigger see_article before insert or update on article_feedback for each row execute function see_article();

-- The words of articles, by which they are found: kept by a trigger alone.
create table article_words (
    org_id     uuid     not null,
    article_id uuid     not null,
    language   text     not null,
    words      tsvector not null,
    primary key (org_id, article_id),
    constraint article_words_article_id_fkey foreign key (org_id, article_id) references articles (org_id, id) on delete cascade
);
create index article_words_by_word on article_words using gin (org_id, words);
create index article_words_by_language on article_words (org_id, language);
insert into managed_tables (name, kind) values ('article_words', 'derived');
select separate_organizations('article_words');
grant select on article_words to backoffice_service;
create function words_of(language text) returns regconfig language sql immutable parallel safe as $$
    select case language when 'da' then 'danish' when 'de' then 'german' when 'en' then 'english' when 'es' then 'spanish' when 'fi' then 'finnish' when 'fr' then 'french'
        when 'hu' then 'hungarian' when 'it' then 'italian' when 'nl' then 'dutch' when 'no' then 'norwegian' when 'pt' then 'portuguese' when 'ro' then 'romanian'
        when 'ru' then 'russian' when 'sv' then 'swedish' when 'tr' then 'turkish' else 'simple' end::regconfig
$$;
create function keep_words() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into article_words (org_id, article_id, language, words) values (new.org_id, new.id, new.language, setweight(to_tsvector(words_of(new.language), new.title), 'A')
            || setweight(to_tsvector(words_of(new.language), concat_ws(' ', new.summary, new.category)), 'B') || setweight(to_tsvector(words_of(new.language), new.body), 'D'))
        on conflict (org_id, article_id) do update set language = excluded.language, words = excluded.words;
    return null;
end $$;
create trigger keep_words after insert or update of title, summary, body, category, language on articles for each row execute function keep_words();

-- The published articles that fit a text best and that the caller may read: with all of its words, or, for suggestions, with some. Words of a language are
-- found in each of their forms; `@@` is not leakproof, so the walls are kept here.
create function find_articles(in_text text, in_all boolean, in_limit int) returns jsonb language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    sees_all constant boolean := current_reach() = 'org';
    me constant uuid := current_caller();
    audiences constant text[] := audiences_of_caller();
    departments constant uuid[] := departments_of_caller();
    spoken record;
    wanted tsquery;
    found jsonb := '[]';
begin
    for spoken in
        with recursive languages as (
            (select language from article_words where org_id = org order by language limit 1)
            union all
            select (select w.language from article_words w where w.org_id = org and w.language > l.language order by w.language limit 1) from languages l where l.language is not null)
        select language from languages where language is not null
    loop
        if in_all then
            wanted := websearch_to_tsquery(words_of(spoken.language), in_text);
        else
            -- Any of the first words will do: the more of them, the better it fits.
            select string_agg(quote_literal(word), ' | ')::tsquery into wanted from (
                select word from unnest(tsvector_to_array(to_tsvector(words_of(spoken.language), left(in_text, 4000)))) word where length(word) < 60 limit 60) w;
        end if;
        continue when wanted is null or numnode(wanted) = 0;
        select found || coalesce(jsonb_agg(to_jsonb(best)), '[]') into found from (
            select a.id as article_id, a.title, a.summary, a.category, a.language, a.edition,
                round(ts_rank_cd(w.words, wanted, 1)::numeric, 6)::text as rank,
                ts_headline(words_of(a.language), left(a.body, 20000), wanted, 'StartSel=**, StopSel=**, MaxWords=35, MinWords=15') as excerpt
            from article_words w join articles a on a.org_id = w.org_id and a.id = w.article_id
            where w.org_id = org and w.language = spoken.language and w.words @@ wanted and a.status = 'published'
                and (sees_all or a.created_by = me or a.audience = any (audiences) or a.audience = 'department' and a.department_id = any (departments))
            order by ts_rank_cd(w.words, wanted, 1) desc, a.id limit in_limit) best;
    end loop;
    return (select coalesce(jsonb_agg(value order by (value ->> 'rank')::numeric desc, value ->> 'article_id'), '[]')
        from (select value from jsonb_array_elements(found) order by (value ->> 'rank')::numeric desc, value ->> 'article_id' limit in_limit) best);
end $$;
revoke all on function find_articles(text, boolean, int) from public;
grant execute on function find_articles(text, boolean, int) to backoffice_service;

-- What a ticket asks, for suggestions; null where the caller knows of none. The first is asked, as the caller, whether that may be said.
create function text_of_ticket(in_ticket uuid) returns text language plpgsql as $$
begin
    return case when caller_reaches('read', 'tickets', in_ticket) then said_in_ticket(in_ticket) end;
end $$;
create function said_in_ticket(in_ticket uuid) returns text language sql stable security definer set search_path = public, pg_temp as $$
    select subject || E'\n' || description from tickets where org_id = current_org() and id = in_ticket
$$;
revoke all on function said_in_ticket(uuid) from public;
grant execute on function said_in_ticket(uuid) to backoffice_service;

create function report_article_feedback() returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('article_id', f.article_id, 'title', f.title, 'edition', f.edition, 'helpful', f.helpful, 'unhelpful', f.unhelpful,
            'helpful_percent', round(100.0 * f.helpful / (f.helpful + f.unhelpful), 1)::text) order by f.unhelpful desc, f.title, f.article_id), '[]')
    from (select a.id as article_id, a.title, a.edition, count(*) filter (where k.is_helpful) as helpful, count(*) filter (where not k.is_helpful) as unhelpful
        from article_feedback k join articles a on a.org_id = k.org_id and a.id = k.article_id
        where k.org_id = (select current_org()) group by a.id, a.title, a.edition order by 5 desc, 2, 1 limit 1000) f
$$;

-- What the front office can not solve for a customer. Nothing in this table is internal: whoever opened it reads all of it, its history too.
create table cases (
    org_id        uuid not null,
    id            uuid not null,
    number        text not null constraint cases_number_length check (length(number) between 1 and 40),
    party_id      uuid not null,
    subject       text not null constraint cases_subject_length check (length(subject) between 1 and 200),
    happened      text not null constraint cases_happened_length check (length(happened) between 1 and 10000),
    promised      text constraint cases_promised_length check (length(promised) between 1 and 4000),
    wanted        text not null constraint cases_wanted_length check (length(wanted) between 1 and 4000),
    value_at_risk numeric(20,4) constraint cases_value_at_risk_range check (value_at_risk >= 0),
    currency      text constraint cases_currency_format check (currency ~ '^[A-Z]{3}$'),
    -- The order or the invoice that it is about.
    resource      text constraint cases_resource_length check (length(resource) between 1 and 63),
    resource_id   uuid,
    -- Who solves it.
    owner_id      uuid,
    -- By when an answer was promised, and whether that was kept.
    due_at        timestamptz not null,
    promise       text not null default 'open' constraint cases_promise_check check (promise in ('open', 'kept', 'broken')),
    decision      text constraint cases_decision_check check (decision in ('credit_note', 'replacement', 'apology', 'none')),
    answer        text constraint cases_answer_length check (length(answer) between 1 and 10000),
    answered_at   timestamptz,
    end_reason    text constraint cases_end_reason_length check (length(end_reason) between 1 and 2000),
    status        text not null default 'open' constraint cases_status_check check (status in ('open', 'in_progress', 'decided', 'answered', 'closed', 'withdrawn')),
    primary key (org_id, id),
    constraint cases_number_key unique (org_id, number),
    constraint cases_party_id_fkey foreign key (org_id, party_id) references parties (org_id, id),
    constraint cases_owner_id_fkey foreign key (org_id, owner_id) references employees (org_id, id),
    constraint what_a_case_is_about_has_a_kind_and_an_id check ((resource is null) = (resource_id is null)),
    constraint a_value_at_risk_comes_with_its_currency check ((value_at_risk is null) = (currency is null)),
    constraint what_is_answered_has_an_answer check ((status in ('answered', 'closed')) <= (answer is not null))
);
create index cases_by_party on cases (org_id, party_id, id);
create index cases_by_owner on cases (org_id, owner_id, id);
create index cases_by_due_at on cases (org_id, due_at, id);
create index cases_by_status on cases (org_id, status, id);
create index cases_by_resource on cases (org_id, resource_id);
select manage_resource('cases', singular => 'case', person => 'owner_id');
create index cases_by_created_at on cases (org_id, created_at, id);
create index cases_by_maker on cases (org_id, created_by, id);
select numbered('cases', 'number', longest => 40, format => 'CASE-{number:5}');
create policy reach on cases as restrictive to backoffice_service using (
    (select current_reach()) = 'org' or created_by = (select current_caller()) or owner_id = (select current_person()));
create trigger hang before insert or update on cases for each row execute function hang();

create table case_alarms (
    organization_id uuid        not null,
    case_id         uuid        not null,
    at              timestamptz not null,
    primary key (organization_id, case_id)
);
create index case_alarms_by_at on case_alarms (at);

-- What only the back office knows of a case: why it came to this. One for each case, made with it.
create table case_files (
    org_id          uuid not null,
    id              uuid not null,
    case_id         uuid not null,
    root_cause      text constraint case_files_root_cause_check check (root_cause in ('product', 'delivery', 'billing', 'communication', 'promise', 'supplier', 'system', 'customer', 'other')),
    root_cause_note text constraint case_files_root_cause_note_length check (length(root_cause_note) between 1 and 4000),
    findings        text constraint case_files_findings_length check (length(findings) between 1 and 10000),
    primary key (org_id, id),
    constraint case_files_case_id_key unique (org_id, case_id),
    constraint case_files_case_id_fkey foreign key (org_id, case_id) references cases (org_id, id) on delete cascade
);
select manage_resource('case_files');
create index case_files_by_created_at on case_files (org_id, created_at, id);

-- What the back office does about it.
create table case_steps (
    org_id  uuid not null,
    id      uuid not null,
    case_id uuid not null,
    kind    text not null constraint case_steps_kind_check check (kind in ('note', 'call', 'message', 'investigation', 'handling')),
    note    text not null constraint case_steps_note_length check (length(note) between 1 and 10000),
    done_on date not null default (now() at time zone 'utc')::date,
    primary key (org_id, id),
    constraint case_steps_case_id_fkey foreign key (org_id, case_id) references cases (org_id, id) on delete cascade
);
create index case_steps_by_case on case_steps (org_id, case_id, id);
create index case_steps_by_done_on on case_steps (org_id, done_on, id);
select manage_resource('case_steps');
create index case_steps_by_created_at on case_steps (org_id, created_at, id);

-- What is done for the customer: proposed by one, agreed to by another.
create table case_decisions (
    org_id           uuid not null,
    id               uuid not null,
    case_id          uuid not null,
    decision         text not null constraint case_decisions_decision_check check (decision in ('credit_note', 'replacement', 'apology', 'none')),
    reason           text not null constraint case_decisions_reason_length check (length(reason) between 1 and 500),
    -- What it costs at the most: of a credit note, with its taxes.
    amount           numeric(20,4) constraint case_decisions_amount_range check (amount >= 0),
    currency         text constraint case_decisions_currency_format check (currency ~ '^[A-Z]{3}$'),
    invoice_id       uuid,
    lines            jsonb constraint case_decisions_lines_length check (jsonb_typeof(lines) = 'array' and jsonb_array_length(lines) between 1 and 500),
    issued_on        date,
    credit_note_id   uuid,
    rejection_reason text constraint case_decisions_rejection_reason_length check (length(rejection_reason) between 1 and 2000),
    status           text not null default 'proposed' constraint case_decisions_status_check check (status in ('proposed', 'approved', 'rejected')),
    primary key (org_id, id),
    constraint case_decisions_case_id_fkey foreign key (org_id, case_id) references cases (org_id, id) on delete cascade,
    constraint case_decisions_invoice_id_fkey foreign key (org_id, invoice_id) references invoices (org_id, id),
    constraint case_decisions_credit_note_id_fkey foreign key (org_id, credit_note_id) references credit_notes (org_id, id),
    constraint a_credit_note_takes_an_invoice_back_and_nothing_else_does check ((decision = 'credit_note') = (invoice_id is not null)
        and (decision = 'credit_note') = (issued_on is not null) and (lines is null or decision = 'credit_note')),
    constraint a_credit_note_says_what_it_costs_at_the_most check (decision <> 'credit_note' or amount is not null),
    constraint an_amount_comes_with_its_currency check ((amount is null) = (currency is null))
);
create unique index a_case_has_one_decision_that_holds_or_waits on case_decisions (org_id, case_id) where status <> 'rejected';
create index case_decisions_by_case on case_decisions (org_id, case_id, id);
create index case_decisions_by_invoice on case_decisions (org_id, invoice_id);
create index case_decisions_by_credit_note on case_decisions (org_id, credit_note_id);
create index case_decisions_by_status on case_decisions (org_id, status, id);
select manage_resource('case_decisions');
create index case_decisions_by_created_at on case_decisions (org_id, created_at, id);
select approvable('case_decisions', '{approve}');

create function keep_case() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{status,promise,end_reason,answered_at,version,updated_at,updated_by}';
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' or new.owner_id is distinct from old.owner_id then
        perform refuse_who_left(new.org_id, 'cases', 'owner_id', new.owner_id);
    end if;
    if tg_op = 'INSERT' then
        new.status := case when new.owner_id is null then 'open' else 'in_progress' end;
        new.promise := 'open';
        return new;
    end if;
    if old.status in ('closed', 'withdrawn') and new.status = old.status and to_jsonb(new) - free <> to_jsonb(old) - free then
        raise exception 'over' using errcode = 'restrict_violation', table = 'cases', constraint = 'a_case_that_is_over_stays_as_it_was_so_reopen_it_first';
    end if;
    if new.status = 'answered' and old.status <> 'answered' and old.status <> 'closed' then
        new.answered_at := now();
        new.promise := case when old.promise = 'open' and now() <= new.due_at then 'kept' else 'broken' end;
    elsif new.status in ('open', 'in_progress') and old.status in ('answered', 'closed') then
        new.answered_at := null; -- what was promised anew is kept anew
        new.promise := 'open';
    elsif new.due_at is distinct from old.due_at and new.answered_at is null and new.promise = 'broken' and new.due_at > now() then
        new.due_at := old.due_at;
        perform tell_fault(409, 'cases', '/due_at', 'broken', 'was not kept, and stays so: answer the case');
    end if;
    return new;
end $$;
create trigger keep_case before insert or update on cases for each row execute function keep_case();

create function follow_case() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        insert into case_files (org_id, id, case_id) values (new.org_id, ordered_uuid(now(), 1), new.id);
    end if;
    if new.promise = 'open' and new.answered_at is null and new.status in ('open', 'in_progress', 'decided') then
        insert into case_alarms values (new.org_id, new.id, new.due_at) on conflict (organization_id, case_id) do update set at = excluded.at;
    else
        delete from case_alarms where organization_id = new.org_id and case_id = new.id;
    end if;
    return null;
end $$;
create trigger follow_case after insert or update on cases for each row execute function follow_case();

-- What was promised and not kept is so from that moment on, and said as an event. Answers how many there were.
create function break_promises(in_most int) returns int language plpgsql security definer set search_path = public, pg_temp as $$
declare
    own_org text := current_setting('app.org_id', true);
    own_actor text := current_setting('app.actor', true);
    due record;
    these uuid[];
    broken int := 0;
begin
    for due in
        select organization_id as org, array_agg(case_id order by case_id) as ids
        from (select * from case_alarms where at <= now() order by at limit in_most for update skip locked) a group by organization_id
    loop
        perform set_config('app.org_id', due.org::text, true), set_config('app.actor', 'system', true);
        select array_agg(id) into these from (select id from cases where org_id = due.org and id = any (due.ids) order by id for update skip locked) c;
        update cases set promise = 'broken' where org_id = due.org and id = any (these) and due_at <= now();
        broken := broken + coalesce(cardinality(these), 0);
    end loop;
    perform set_config('app.org_id', coalesce(own_org, ''), true), set_config('app.actor', coalesce(own_actor, ''), true);
    return broken;
end $$;
revoke all on function break_promises(int) from public;
grant execute on function break_promises(int) to backoffice_service;

-- Steps are taken while a case is under way.
create function keep_case_step() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if exists (select from cases where org_id = new.org_id and id = new.case_id and status in ('closed', 'withdrawn')) then
        perform tell_fault(409, 'case_steps', '/case_id', 'over', 'is over: reopen it first');
    end if;
    return new;
end $$;
create trigger keep_case_step before insert or update on case_steps for each row execute function keep_case_step();

-- Who proposes a decision does not approve it. What is approved is the case's decision, once.
create function keep_case_decision() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    of cases;
    invoice record;
begin
    if tg_op = 'DELETE' then
        if old.status = 'approved' then
            raise exception 'approved' using errcode = 'restrict_violation', table = 'case_decisions', constraint = 'a_decision_that_was_approved_stays';
        end if;
        return old;
    end if;
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    select * into of from cases where org_id = new.org_id and id = new.case_id for no key update;
    if not found then -- which the key refuses, behind the checks
        new.currency := case when new.amount is not null then 'XXX' end;
        return new;
    end if;
    if tg_op = 'UPDATE' then
        if old.status <> 'proposed' then
            raise exception 'over' using errcode = 'restrict_violation', table = 'case_decisions', constraint = 'a_decision_that_was_approved_or_rejected_stays_as_it_is';
        elsif new.case_id <> old.case_id then
            raise exception 'other' using errcode = 'restrict_violation', table = 'case_decisions', constraint = 'a_decision_stays_with_its_case';
        end if;
        if new.status = 'approved' and current_actor_id() in (old.created_by, old.updated_by) then
            raise exception 'forbidden: Nobody approves what they proposed: ask somebody else to.' using errcode = 'insufficient_privilege';
        end if;
    end if;
    if tg_op = 'INSERT' or new.status <> 'rejected' then
        if of.status not in ('open', 'in_progress', 'decided') then
            perform tell_fault(409, 'case_decisions', '/case_id', 'over', format('is %s: reopen it first', of.status));
        end if;
        if new.invoice_id is not null then
            select party_id, currency into invoice from invoices where org_id = new.org_id and id = new.invoice_id;
            if found and invoice.party_id <> of.party_id then
                perform tell_fault(422, 'case_decisions', '/invoice_id', 'other-party', 'must be an invoice of the customer whom the case is about');
            end if;
            new.currency := coalesce(invoice.currency, new.currency);
        end if;
        new.currency := case when new.amount is not null then coalesce(new.currency, of.currency, books_currency()) end;
    end if;
    if new.status = 'approved' then
        update cases set decision = new.decision, status = 'decided' where org_id = new.org_id and id = new.case_id;
    end if;
    return new;
end $$;
create trigger keep_case_decision before insert or update or delete on case_decisions for each row execute function keep_case_decision();

-- What cases come from and come to, of those opened in a time.
create function report_cases(in_from date, in_to date) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('root_cause', c.root_cause, 'cases', c.cases, 'open', c.open, 'kept', c.kept, 'broken', c.broken,
            'credit_notes', c.credit_notes, 'average_hours', c.average_hours) order by c.cases desc, c.root_cause nulls last), '[]')
    from (select f.root_cause, count(*) as cases, count(*) filter (where c.status in ('open', 'in_progress', 'decided')) as open,
            count(*) filter (where c.promise = 'kept') as kept, count(*) filter (where c.promise = 'broken') as broken,
            count(*) filter (where c.decision = 'credit_note') as credit_notes,
            round((avg(extract(epoch from c.answered_at - c.created_at)) / 3600)::numeric, 1)::text as average_hours
        from cases c join case_files f on f.org_id = c.org_id and f.case_id = c.id
        where c.org_id = (select current_org()) and c.created_at >= in_from::timestamp at time zone 'utc' and c.created_at < (in_to + 1)::timestamp at time zone 'utc'
        group by f.root_cause) c
$$;
