-- Who has to say yes to what. A policy is data; what it asks for is copied into each request, so that a change of the policy
-- neither loosens nor tightens what is under way. An approval holds for the content it saw: a digest of the row and of the
-- change that was asked for, taken here; triggers on what can be approved make it void when that changes, by any path.

-- What can be made to ask for an approval: `select approvable('departments', '{archive}')`.
create table approvable_actions (
    resource text not null,
    action   text not null,
    primary key (resource, action)
);
grant select on approvable_actions to backoffice_service;

create table approval_policies (
    org_id           uuid    not null,
    id               uuid    not null,
    name             text    not null constraint approval_policies_name_length check (length(name) between 1 and 100),
    resource         text    not null,
    action           text    not null,
    conditions       jsonb   not null default '[]' constraint approval_policies_conditions_length check (jsonb_array_length(conditions) <= 10),
    steps            jsonb   not null constraint approval_policies_steps_length check (jsonb_array_length(steps) between 1 and 10),
    maker_may_decide boolean not null default false,
    status           text    not null default 'active' constraint approval_policies_status_check check (status in ('active', 'retired')),
    primary key (org_id, id),
    constraint approval_policies_name_key unique (org_id, name),
    constraint approval_policies_action_fkey foreign key (resource, action) references approvable_actions (resource, action)
);
create index approval_policies_by_action on approval_policies (org_id, resource, action);
select manage_resource('approval_policies');

create table approvals (
    org_id       uuid    not null,
    id           uuid    not null,
    resource     text    not null,
    resource_id  uuid    not null,
    action       text    not null,
    -- What is to be changed, where the action takes that: the body that will be sent.
    change       jsonb   not null default '{}' constraint approvals_change_length check (jsonb_typeof(change) = 'object' and length(change::text) <= 20000),
    note         text    constraint approvals_note_length check (length(note) between 1 and 1000),
    seen_version bigint  not null,
    seen_digest  text    not null,
    steps        jsonb   not null,
    step         integer not null,
    decisions    jsonb   not null default '[]',
    due_at       timestamptz,
    escalated    boolean not null default false,
    status       text    not null constraint approvals_status_check
        check (status in ('waiting', 'approved', 'rejected', 'withdrawn', 'void', 'used')),
    outcome      text,
    primary key (org_id, id),
    constraint approvals_action_fkey foreign key (resource, action) references approvable_actions (resource, action)
);
create unique index approvals_resource_id_key on approvals (org_id, resource, resource_id, action) where status = 'waiting';
create index approvals_by_resource on approvals (org_id, resource, resource_id, id);
select manage_resource('approvals');
create index approvals_by_maker on approvals (org_id, created_by, id);
-- What becomes of an approval is decided below, and nowhere else. (Whoever may lock a row may update some column of it.)
revoke update, delete on approvals from backoffice_service;
grant update (note) on approvals to backoffice_service;

-- Somebody decides for somebody else for a time.
create table approval_delegations (
    org_id      uuid        not null,
    id          uuid        not null,
    user_id     uuid        not null default current_caller(),
    delegate_id uuid        not null,
    starts_at   timestamptz not null,
    ends_at     timestamptz not null,
    primary key (org_id, id),
    constraint approval_delegations_user_id_fkey foreign key (org_id, user_id) references memberships (org_id, user_id) on delete cascade,
    constraint approval_delegations_delegate_id_fkey foreign key (org_id, delegate_id) references memberships (org_id, user_id) on delete cascade,
    constraint nobody_stands_in_for_themselves check (user_id <> delegate_id),
    constraint ends_after_it_starts check (ends_at > starts_at)
);
create index approval_delegations_by_user on approval_delegations (org_id, user_id);
create index approval_delegations_by_delegate on approval_delegations (org_id, delegate_id);
create index approval_delegations_by_starts_at on approval_delegations (org_id, starts_at, id);
select manage_resource('approval_delegations');
create policy reach_read on approval_delegations as restrictive for select to backoffice_service using (
    (select current_reach()) = 'org' or user_id = (select current_caller()) or delegate_id = (select current_caller()));
create policy reach_insert on approval_delegations as restrictive for insert to backoffice_service with check (
    (select current_reach()) = 'org' or user_id = (select current_caller()));
create policy reach_update on approval_delegations as restrictive for update to backoffice_service using (
    (select current_reach()) = 'org' or user_id = (select current_caller()));
create policy reach_delete on approval_delegations as restrictive for delete to backoffice_service using (
    (select current_reach()) = 'org' or user_id = (select current_caller()));

-- Whom each approval waits for: themselves, or, between two moments, for whom they stand in. Kept by triggers alone.
create table approval_waits (
    org_id       uuid        not null,
    user_id      uuid        not null,
    approval_id  uuid        not null,
    on_behalf_of uuid        not null,
    since        timestamptz not null default '-infinity',
    until        timestamptz not null default 'infinity',
    primary key (org_id, user_id, approval_id, on_behalf_of, since),
    constraint approval_waits_approval_id_fkey foreign key (org_id, approval_id) references approvals (org_id, id) on delete cascade
);
create index approval_waits_by_approval on approval_waits (org_id, approval_id, user_id);
create index approval_waits_by_seat on approval_waits (org_id, on_behalf_of, approval_id);
insert into managed_tables (name, kind) values ('approval_waits', 'derived');
select separate_organizations('approval_waits');
grant select on approval_waits to backoffice_service;

-- With less than the whole organization, one sees what one made, what waits for one, and what one decided.
create policy reach on approvals as restrictive to backoffice_service using (
    (select current_reach()) = 'org'
    or created_by = (select current_caller())
    or (select true from approval_waits w
        where w.org_id = approvals.org_id and w.approval_id = approvals.id and w.user_id = (select current_caller())
            and w.since <= now() and w.until > now() limit 1)
    or decisions @> jsonb_build_array(jsonb_build_object('by', (select current_caller()))));

-- When something is to be done about an approval that nobody calls about: its time is up, or somebody left. Found over all
-- organizations by whoever works, and by nobody else.
create table approval_alarms (
    organization_id uuid        not null,
    approval_id     uuid        not null,
    at              timestamptz not null,
    primary key (organization_id, approval_id)
);
create index approval_alarms_by_at on approval_alarms (at);

-- The row as it is: what conditions ask, its version, and the digest of it and of what is to be changed. Fields that hold
-- nothing are left out, so that a column added by an upgrade changes no digest.
create function see_row(in_resource text, in_id uuid, in_change jsonb, keep boolean, out facts jsonb, out version bigint, out digest text)
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    execute format('select to_jsonb(t), t.version from %I t where org_id = $1 and id = $2 %s', replace(in_resource, '-', '_'), case when keep then 'for share' end)
        into facts, version using current_org(), in_id;
    digest := encode(sha256(convert_to(jsonb_build_object('row', jsonb_strip_nulls(facts), 'change', in_change)::text, 'UTF8')), 'hex');
    facts := facts || in_change;
end $$;

-- Whether all conditions hold for these facts.
create function conditions_hold(conditions jsonb, facts jsonb) returns boolean language plpgsql stable as $$
declare
    condition jsonb;
    value text;
    number numeric;
    holds boolean;
begin
    for condition in select * from jsonb_array_elements(conditions) loop
        value := facts ->> (condition ->> 'field');
        number := case when value ~ '^-?[0-9]{1,40}(\.[0-9]{1,40})?$' then value::numeric end;
        holds := case
            when condition ->> 'over' is not null then number > (condition ->> 'over')::numeric
            when condition ->> 'under' is not null then number < (condition ->> 'under')::numeric
            when jsonb_typeof(condition -> 'one_of') = 'array' then condition -> 'one_of' ? value
            else exists (select from department_lines l where l.org_id = (select current_org())
                and l.above_id = (condition ->> 'in_department')::uuid and l.below_id::text = value) end;
        if not coalesce(holds, false) then return false; end if;
    end loop;
    return true;
end $$;

-- What all policies that apply ask for, one after the other; null where none applies.
create function approval_steps(in_resource text, in_action text, facts jsonb) returns jsonb
    language sql stable security definer set search_path = public, pg_temp as $$
    select jsonb_agg(step.value || jsonb_build_object('policy_id', p.id, 'policy', p.name, 'policy_version', p.version, 'maker_may_decide', p.maker_may_decide)
        order by p.id, step.ordinality)
    from approval_policies p, jsonb_array_elements(p.steps) with ordinality step
    where p.org_id = (select current_org()) and p.resource = in_resource and p.action = in_action and p.status = 'active' and conditions_hold(p.conditions, facts)
$$;

-- Who can be asked: members who can come in and still work here.
create function approval_members(in_users uuid[]) returns setof uuid language sql stable security definer set search_path = public, pg_temp as $$
    select m.user_id from memberships m join logins l on l.id = m.user_id left join employees e on e.org_id = m.org_id and e.id = m.employee_id
    where m.org_id = (select current_org()) and m.user_id = any(in_users) and m.status = 'active' and l.status = 'active'
        and e.status is distinct from 'terminated'
$$;

-- The people that a step names: holders of a role, the maker's manager so many levels up (or the next above who can be
-- asked), users.
create function approvers(who jsonb, maker uuid) returns uuid[] language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    users uuid[];
    above record;
begin
    if who ->> 'role' is not null then
        users := array(select m.user_id from roles r join membership_roles h on h.org_id = r.org_id and h.role_id = r.id
            join memberships m on m.org_id = h.org_id and m.id = h.membership_id where r.org_id = org and r.name = who ->> 'role');
    elsif who ->> 'manager_levels' is not null then
        for above in
            select m.user_id from memberships me join reporting_lines l on l.org_id = me.org_id and l.below_id = me.employee_id
            join memberships m on m.org_id = l.org_id and m.employee_id = l.above_id
            where me.org_id = org and me.user_id = maker and l.depth >= (who ->> 'manager_levels')::int order by l.depth
        loop
            users := array(select approval_members(array[above.user_id]));
            exit when users <> '{}';
        end loop;
    elsif jsonb_typeof(who -> 'user_ids') = 'array' then
        users := array(select value::uuid from jsonb_array_elements_text(who -> 'user_ids'));
    end if;
    return array(select approval_members(users));
end $$;

-- Those who stand in for the holders of these seats now or later, as far as they may decide.
create function place_stand_ins(in_approval uuid, in_seats uuid[]) returns void language sql security definer set search_path = public, pg_temp as $$
    insert into approval_waits (org_id, user_id, approval_id, on_behalf_of, since, until)
    select w.org_id, d.delegate_id, w.approval_id, w.user_id, d.starts_at, max(d.ends_at)
    from approval_waits w
    join approval_delegations d on d.org_id = w.org_id and d.user_id = w.user_id and d.ends_at > now()
    join approvals a on a.org_id = w.org_id and a.id = w.approval_id
    where w.org_id = (select current_org()) and w.user_id = any(in_seats) and w.on_behalf_of = w.user_id and (in_approval is null or w.approval_id = in_approval)
        and d.delegate_id in (select approval_members(array[d.delegate_id]))
        and (d.delegate_id is distinct from a.created_by or (a.steps -> (a.step - 1) -> 'maker_may_decide')::boolean)
        and not a.decisions @> jsonb_build_array(jsonb_build_object('step', a.step, 'by', d.delegate_id))
    group by w.org_id, d.delegate_id, w.approval_id, w.user_id, d.starts_at
    on conflict do nothing
$$;

-- Puts the approval before those who can decide its step. Where they are too few, it moves on to those whom the step names
-- next, and at last to the owners. Answers whether there are enough.
create function place_waits(a approvals) returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
declare
    asked jsonb := a.steps -> (a.step - 1);
    decided uuid[] := array(select unnest(array[(d ->> 'by')::uuid, (d ->> 'on_behalf_of')::uuid]) from jsonb_array_elements(a.decisions) d where (d -> 'step')::int = a.step);
    missing int := (asked -> 'required')::int - (select count(*) from jsonb_array_elements(a.decisions) d where (d -> 'step')::int = a.step);
    seats uuid[] := '{}';
    more uuid[];
begin
    if not (asked -> 'maker_may_decide')::boolean then decided := decided || a.created_by; end if;
    for round in 1..3 loop
        exit when cardinality(seats) >= missing and (round <> 2 or not a.escalated);
        more := approvers(case round when 1 then asked when 2 then asked -> 'then' else '{"role": "owner"}' end, a.created_by);
        seats := seats || array(select unnest(more) except select unnest(seats || decided));
    end loop;
    delete from approval_waits where org_id = a.org_id and approval_id = a.id;
    insert into approval_waits (org_id, user_id, approval_id, on_behalf_of) select a.org_id, seat, a.id, seat from unnest(seats) seat;
    if exists (select from approval_delegations where org_id = a.org_id and user_id = any(seats) and ends_at > now()) then
        perform place_stand_ins(a.id, seats);
    end if;
    return cardinality(seats) >= missing;
end $$;

-- A request begins with what it saw and what the policies of this moment ask for.
create function begin_approval() returns trigger language plpgsql as $$
declare
    seen record;
begin
    if new.org_id is distinct from current_org() then -- whom nobody named has nothing to ask
        raise exception 'new row violates row-level security policy for table "approvals"' using errcode = 'insufficient_privilege';
    elsif not exists (select from approvable_actions where resource = new.resource and action = new.action) then
        raise exception 'no such action' using errcode = 'foreign_key_violation', table = 'approvals', constraint = 'approvals_action_fkey';
    elsif not may_reach(current_session(), 'read', new.resource, new.resource_id) then
        raise exception 'no such row' using errcode = 'foreign_key_violation', table = 'approvals', constraint = 'approvals_resource_id_fkey';
    end if;
    select * into seen from see_row(new.resource, new.resource_id, new.change, true);
    if exists (select jsonb_object_keys(new.change) except
            select attname::text from pg_attribute where attrelid = replace(new.resource, '-', '_')::regclass and attnum > 0) then
        raise exception 'no such field' using errcode = 'check_violation', table = 'approvals', constraint = 'approvals_change_check';
    end if;
    new.steps := approval_steps(new.resource, new.action, seen.facts);
    if new.steps is null then
        raise exception 'nothing asked' using errcode = 'restrict_violation', table = 'approvals', constraint = 'no_policy_asks_for_an_approval_of_this_so_do_it_without';
    end if;
    new.seen_version := seen.version;
    new.seen_digest := seen.digest;
    new.status := 'waiting';
    new.step := 1;
    new.decisions := '[]';
    new.escalated := false;
    new.outcome := null;
    new.due_at := now() + make_interval(hours => (new.steps -> 0 ->> 'time_limit_hours')::int);
    return new;
end $$;
create trigger begin_approval before insert on approvals for each row execute function begin_approval();

-- Whom it waits for and when it moves on follow from the approval, whoever changes it.
create function keep_waits() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status <> 'waiting' then
        delete from approval_waits where org_id = new.org_id and approval_id = new.id;
    elsif not place_waits(new) and tg_op = 'INSERT' then
        raise exception 'nobody can decide' using errcode = 'restrict_violation', table = 'approvals',
            constraint = format('too_few_can_decide_step_%s_of_the_policy_%s', new.step, replace(new.steps -> (new.step - 1) ->> 'policy', ' ', '_'));
    end if;
    if new.status = 'waiting' and new.due_at is not null and not new.escalated then
        insert into approval_alarms values (new.org_id, new.id, new.due_at) on conflict (organization_id, approval_id) do update set at = excluded.at;
    else
        delete from approval_alarms where organization_id = new.org_id and approval_id = new.id;
    end if;
    return null;
end $$;
create trigger keep_waits_of_new after insert on approvals for each row execute function keep_waits();
create trigger keep_waits after update on approvals for each row
    when ((old.status, old.step, old.escalated, old.decisions) is distinct from (new.status, new.step, new.escalated, new.decisions)) execute function keep_waits();

-- Says yes or no in the caller's name; `in_decision` is 'approve' or 'reject'.
create function decide_approval(in_id uuid, in_decision text, in_reason text) returns setof approvals
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    me constant uuid := current_caller();
    a approvals;
    asked jsonb;
    seat uuid;
    said int;
begin
    select * into strict a from approvals where org_id = org and id = in_id for update;
    asked := a.steps -> (a.step - 1);
    if a.status <> 'waiting' then
        raise exception 'over' using errcode = 'restrict_violation', table = 'approvals', constraint = 'it_is_decided_already';
    end if;
    select on_behalf_of into seat from approval_waits
        where org_id = org and user_id = me and approval_id = in_id and since <= now() and until > now() order by on_behalf_of <> me limit 1;
    if not found then
        raise exception using errcode = 'insufficient_privilege', message = 'forbidden: ' || case
            when a.created_by = me then 'Nobody decides what they asked for themselves: it waits for others.'
            when a.decisions @> jsonb_build_array(jsonb_build_object('step', a.step, 'by', me)) then 'You have decided this step: it waits for others.'
            else format('Step %s of it, of the policy `%s`, does not wait for you.', a.step, asked ->> 'policy') end;
    end if;
    if (see_row(a.resource, a.resource_id, a.change, false)).digest is distinct from a.seen_digest then
        raise exception 'changed' using errcode = 'restrict_violation', table = 'approvals', constraint = 'what_was_to_be_approved_has_changed_ask_again';
    end if;
    a.decisions := a.decisions || jsonb_build_object('step', a.step, 'decision', in_decision, 'by', me,
        'on_behalf_of', nullif(seat, me), 'reason', in_reason, 'at', now());
    said := (select count(*) from jsonb_array_elements(a.decisions) d where (d -> 'step')::int = a.step);
    if in_decision = 'reject' then
        a.status := 'rejected';
        a.outcome := in_reason;
    elsif said >= (asked -> 'required')::int then
        if a.step < jsonb_array_length(a.steps) then
            a.step := a.step + 1;
            a.escalated := false;
            a.due_at := now() + make_interval(hours => (a.steps -> (a.step - 1) ->> 'time_limit_hours')::int);
        else
            a.status := 'approved';
        end if;
    end if;
    return query update approvals set decisions = a.decisions, status = a.status, outcome = a.outcome, step = a.step, escalated = a.escalated, due_at = a.due_at
        where org_id = org and id = in_id returning *;
end $$;

-- Takes the request back: whoever made it, or whoever may for all of the organization.
create function withdraw_approval(in_id uuid) returns setof approvals language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if not exists (select from approvals where org_id = current_org() and id = in_id and (created_by = current_caller() or current_reach() = 'org')) then
        raise exception 'forbidden: Whoever asked takes it back.' using errcode = 'insufficient_privilege';
    end if;
    return query update approvals set status = 'withdrawn' where org_id = current_org() and id = in_id returning *;
end $$;

-- Asked by a room before it does something, with the row locked: null where nothing stands in the way, and then a yes that
-- was given is used up; else what does.
create function require_approval(in_resource text, in_id uuid, in_action text, in_change jsonb) returns jsonb
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    seen record;
    last record;
    steps jsonb;
begin
    select a.id, a.status, a.outcome, a.seen_digest, a.steps into last from approvals a
        where a.org_id = org and a.resource = in_resource and a.resource_id = in_id and a.action = in_action order by a.id desc limit 1;
    if not found and not exists (select from approval_policies p where p.org_id = org and p.resource = in_resource and p.action = in_action and p.status = 'active') then
        return null;
    end if;
    select * into seen from see_row(in_resource, in_id, in_change, false);
    update approvals set status = 'used' where org_id = org and id = (
        select id from approvals a where a.org_id = org and a.resource = in_resource and a.resource_id = in_id and a.action = in_action
            and a.status = 'approved' and a.seen_digest = seen.digest order by id limit 1);
    if found then return null; end if;
    steps := approval_steps(in_resource, in_action, seen.facts);
    -- A policy that is gone meanwhile loosens nothing that is under way.
    if steps is null and last.status = 'waiting' and last.seen_digest = seen.digest then steps := last.steps; end if;
    if steps is null then return null; end if;
    return jsonb_build_object('policies', (select jsonb_agg(distinct s -> 'policy') from jsonb_array_elements(steps) s),
        'approval_id', last.id, 'status', last.status, 'outcome', last.outcome, 'same', last.seen_digest = seen.digest);
end $$;

-- Whatever changes or goes takes its approvals with it.
create function void_approvals() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update approvals a set status = 'void', outcome = case tg_op when 'DELETE' then 'It was deleted.' else 'It was changed after it was asked for.' end
    from old_rows o
    where a.org_id = o.org_id and a.resource = tg_argv[0] and a.resource_id = o.id and a.status in ('waiting', 'approved');
    return null;
end $$;

create function approvable(table_name text, actions text[]) returns void language plpgsql as $$
begin
    insert into approvable_actions select replace(table_name, '_', '-'), unnest(actions);
    execute format('create trigger void_approvals after update on %I referencing old table as old_rows for each statement execute function void_approvals(%L)',
        table_name, replace(table_name, '_', '-'));
    execute format('create trigger void_approvals_of_deleted after delete on %I referencing old table as old_rows for each statement execute function void_approvals(%L)',
        table_name, replace(table_name, '_', '-'));
end $$;
select approvable('departments', '{archive}'), approvable('positions', '{change-headcount}');

-- Moves on what is due: those whom the step names next are asked too; those who left are replaced. A few at a time, and
-- what somebody is at just now comes next time. Answers how many there were.
create function move_approvals_on(in_org uuid, in_most int) returns int language plpgsql security definer set search_path = public, pg_temp as $$
declare
    own_org text := current_setting('app.org_id', true);
    own_actor text := current_setting('app.actor', true);
    alarm approval_alarms;
    a approvals;
    moved int := 0;
begin
    for alarm in
        select * from approval_alarms where at <= now() and (in_org is null or organization_id = in_org) order by at limit in_most for update skip locked
    loop
        perform set_config('app.org_id', alarm.organization_id::text, true);
        if in_org is null then perform set_config('app.actor', 'system', true); end if;
        select * into a from approvals where org_id = alarm.organization_id and id = alarm.approval_id for update skip locked;
        continue when not found;
        delete from approval_alarms where organization_id = alarm.organization_id and approval_id = alarm.approval_id;
        if a.status = 'waiting' and not a.escalated and a.due_at <= now() then
            update approvals set escalated = true where org_id = a.org_id and id = a.id;
        elsif a.status = 'waiting' then
            perform place_waits(a);
            if a.due_at is not null and not a.escalated then insert into approval_alarms values (a.org_id, a.id, a.due_at); end if;
        end if;
        moved := moved + 1;
    end loop;
    perform set_config('app.org_id', coalesce(own_org, ''), true), set_config('app.actor', coalesce(own_actor, ''), true);
    return moved;
end $$;

-- Who left, or is no longer what they were, decides nothing from that moment on; what waited for them moves on.
create function leave_approvals() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org uuid := old.org_id;
    gone uuid := case tg_table_name when 'memberships' then (to_jsonb(old) ->> 'user_id')::uuid
        else (select user_id from memberships where org_id = old.org_id and employee_id = old.id) end;
begin
    with left_by as (delete from approval_waits where org_id = org and (user_id = gone or on_behalf_of = gone) returning approval_id)
    insert into approval_alarms select distinct org, approval_id, now() from left_by
        on conflict (organization_id, approval_id) do update set at = excluded.at;
    if found then perform move_approvals_on(org, 100); end if;
    return null;
end $$;
create trigger leave_approvals after update on memberships for each row
    when ((old.status, old.role_ids, old.employee_id) is distinct from (new.status, new.role_ids, new.employee_id)) execute function leave_approvals();
create trigger leave_approvals_of_deleted after delete on memberships for each row execute function leave_approvals();
create trigger leave_approvals after update of status on employees for each row
    when (new.status = 'terminated' and old.status <> 'terminated') execute function leave_approvals();

-- Who stands in for whom.
create function keep_stand_ins() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op <> 'INSERT' then
        delete from approval_waits where org_id = old.org_id and on_behalf_of = old.user_id and user_id = old.delegate_id and user_id <> on_behalf_of;
        perform place_stand_ins(null, array[old.user_id]);
    end if;
    if tg_op <> 'DELETE' then
        delete from approval_waits where org_id = new.org_id and on_behalf_of = new.user_id and user_id = new.delegate_id and user_id <> on_behalf_of;
        perform place_stand_ins(null, array[new.user_id]);
    end if;
    return null;
end $$;
create trigger keep_stand_ins after insert or update or delete on approval_delegations for each row execute function keep_stand_ins();

-- All that is wrong with a policy: [{"pointer": "/steps/0/role", "code": …, "detail": …}].
create function policy_faults(in_resource text, in_action text, conditions jsonb, steps jsonb) returns jsonb
    language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    faults jsonb := '[]';
    item record;
    who record;
    kind text;
begin
    if not exists (select from approvable_actions where resource = in_resource and action = in_action) then
        return jsonb_build_array(jsonb_build_object('pointer', '/action', 'code', 'unknown-action', 'detail',
            'must be one that can be approved: ' || (select string_agg(format('`%s` of `%s`', action, resource), ', ' order by resource, action) from approvable_actions)));
    end if;
    for item in select value, format('/conditions/%s', ordinality - 1) as pointer from jsonb_array_elements(conditions) with ordinality loop
        select format_type(atttypid, null) into kind from pg_attribute
            where attrelid = replace(in_resource, '-', '_')::regclass and attname = item.value ->> 'field' and attnum > 0 and not attisdropped and attname <> 'org_id';
        if kind is null then
            faults := faults || jsonb_build_object('pointer', item.pointer || '/field', 'code', 'unknown-field', 'detail', format('must be a field of `%s`', in_resource));
        elsif num_nonnulls(item.value ->> 'over', item.value ->> 'under', item.value ->> 'one_of', item.value ->> 'in_department') <> 1 then
            faults := faults || jsonb_build_object('pointer', item.pointer, 'code', 'one-comparison', 'detail', 'must have one of `over`, `under`, `one_of` and `in_department`');
        elsif coalesce(item.value ->> 'over', item.value ->> 'under') is not null and kind not in ('integer', 'bigint', 'numeric', 'smallint') then
            faults := faults || jsonb_build_object('pointer', item.pointer || '/field', 'code', 'not-a-number', 'detail', 'must be a number to be over or under something');
        elsif item.value ->> 'in_department' is not null and not (kind = 'uuid' and (item.value ->> 'field' = 'department_id' or in_resource = 'departments')) then
            faults := faults || jsonb_build_object('pointer', item.pointer || '/field', 'code', 'not-a-department', 'detail', 'must hold a department to be in one');
        elsif item.value ->> 'in_department' is not null and not exists (select from departments where org_id = (select current_org()) and id = (item.value ->> 'in_department')::uuid) then
            faults := faults || jsonb_build_object('pointer', item.pointer || '/in_department', 'code', 'unknown-reference', 'detail', 'there is no such row in this organization');
        end if;
    end loop;
    for item in select value, format('/steps/%s', ordinality - 1) as pointer from jsonb_array_elements(steps) with ordinality loop
        if (item.value ->> 'then' is null) <> (item.value ->> 'time_limit_hours' is null) then
            faults := faults || jsonb_build_object('pointer', item.pointer, 'code', 'time-limit-without-then', 'detail', '`time_limit_hours` and `then` come together: after how long, and who then');
        end if;
        for who in select item.value as value, item.pointer as pointer union all
            select item.value -> 'then', item.pointer || '/then' where item.value ->> 'then' is not null
        loop
            if num_nonnulls(who.value ->> 'role', who.value ->> 'manager_levels', who.value ->> 'user_ids') <> 1 then
                faults := faults || jsonb_build_object('pointer', who.pointer, 'code', 'one-way', 'detail', 'must have one of `role`, `manager_levels` and `user_ids`');
            elsif who.value ->> 'role' is not null and not exists (select from roles where org_id = (select current_org()) and name = who.value ->> 'role') then
                faults := faults || jsonb_build_object('pointer', who.pointer || '/role', 'code', 'unknown-role', 'detail', 'there is no role of this name');
            end if;
            faults := faults || coalesce((
                select jsonb_agg(jsonb_build_object('pointer', format('%s/user_ids/%s', who.pointer, u.ordinality - 1), 'code', 'unknown-reference', 'detail', 'there is no such member of this organization'))
                from jsonb_array_elements_text(case jsonb_typeof(who.value -> 'user_ids') when 'array' then who.value -> 'user_ids' else '[]' end) with ordinality u
                where not exists (select from memberships m where m.org_id = (select current_org()) and m.user_id = u.value::uuid)), '[]');
        end loop;
    end loop;
    return faults;
end $$;
