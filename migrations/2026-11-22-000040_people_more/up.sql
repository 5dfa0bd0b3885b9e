-- What changes after it was agreed to: leave is counted anew where the days that people work do, and months that are paid are looked at
-- again where hours and benefits do.

-- Whether a day of somebody's leave is counted anew: it is not over yet, or nobody has handed in what they worked in its week.
create function is_open_day(in_employee uuid, in_day date) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select in_day >= (now() at time zone 'UTC')::date or not exists (select from timesheets t where t.org_id = current_org() and t.employee_id = in_employee
        and t.week_starts_on = date_trunc('week', in_day::timestamp)::date and t.status in ('submitted', 'approved'))
$$;

-- Counts the leave of these people (null: all) between two days anew: the calendar and the ledger get the difference, entries stay as they
-- are. What nobody could take any more, since they do not work here on any day of it, is cancelled, and comes back. The rows of the requests
-- are locked, in the order of their ids: who decides on one meanwhile waits, and counts by what holds then; and what was decided on meanwhile
-- is seen. So both orders end alike. Answers for how many requests something changed.
create function recount_leave(people uuid[], from_day date, to_day date) returns integer language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    held uuid[];
    changed integer;
begin
    select array_agg(l.id) into held from (
        select r.id from leave_requests r where r.org_id = org and r.status in ('submitted', 'approved') and r.ends_on >= from_day
            and r.starts_on between from_day - 366 and to_day -- none is longer than a year
            and (people is null or r.employee_id = any(people)) order by r.id for update) l;
    if held is null then return 0; end if;
    update leave_requests r set status = 'cancelled' where r.org_id = org and r.id = any(held) and r.status in ('submitted', 'approved')
        and not exists (select from assignments a where a.org_id = org and a.employee_id = r.employee_id and a.starts_on <= r.ends_on
            and (a.ends_on is null or a.ends_on >= r.starts_on));
    with agreed as materialized (
        select r.id, r.employee_id, r.leave_type_id, r.starts_on, r.ends_on, r.starts_at_noon, r.ends_at_noon, greatest(r.starts_on, from_day) as first_day,
            least(r.ends_on, to_day) as last_day
        from leave_requests r where r.org_id = org and r.id = any(held) and r.status = 'approved'
    ), due as materialized (
        select r.id, r.employee_id, r.leave_type_id, d.day, t.paid_share,
            case when d.day = r.starts_on and r.starts_at_noon or d.day = r.ends_on and r.ends_at_noon then 0.5 else 1 end as share
        from agreed r join leave_types t on t.org_id = org and t.id = r.leave_type_id
        cross join lateral planned_days(r.first_day, r.last_day, array[r.employee_id]) d where d.hours > 0
    ), gone as (
        delete from absence_days a using agreed r where a.org_id = org and a.leave_request_id = r.id and a.day between r.first_day and r.last_day
            and not exists (select from due d where d.id = r.id and d.day = a.day) and is_open_day(a.employee_id, a.day)
    )
    insert into absence_days (org_id, employee_id, day, leave_request_id, leave_type_id, share, paid_share)
        select org, d.employee_id, d.day, d.id, d.leave_type_id, d.share, d.paid_share from due d
        where not exists (select from absence_days a where a.org_id = org and a.leave_request_id = d.id and a.day = d.day) and is_open_day(d.employee_id, d.day);
    -- As it was entered: for each month on its first working day.
    with wanted as (
        select a.leave_request_id, min(a.day) as effective_on, -sum(a.share) as days
        from absence_days a where a.org_id = org and a.leave_request_id = any(held) group by 1, date_trunc('month', a.day)
    ), known as (
        select l.leave_request_id, l.effective_on, sum(l.days) as days
        from leave_entitlements l where l.org_id = org and l.leave_request_id = any(held) group by 1, 2
    ), missing as (
        select leave_request_id, effective_on, coalesce(w.days, 0) - coalesce(k.days, 0) as days
        from wanted w full join known k using (leave_request_id, effective_on) where coalesce(w.days, 0) <> coalesce(k.days, 0)
    )
    insert into leave_entitlements (org_id, id, employee_id, leave_type_id, kind, days, effective_on, leave_request_id)
        select org, ordered_uuid(clock_timestamp(), row_number() over (order by m.leave_request_id, m.days desc, m.effective_on)), r.employee_id, r.leave_type_id,
            case when m.days < 0 then 'taken' else 'returned' end, m.days, m.effective_on, r.id
        from missing m join leave_requests r on r.org_id = org and r.id = m.leave_request_id;
    update leave_requests r set days = n.days from (
            select h.id, coalesce((select sum(a.share) from absence_days a where a.org_id = org and a.leave_request_id = h.id), 0) as days from unnest(held) h (id)) n
        where r.org_id = org and r.id = n.id and r.status = 'approved' and r.days <> n.days;
    get diagnostics changed = row_count;
    return changed;
end $$;

-- Counting anew is no decision: nothing is refused, and no balance keeps a holiday from being moved. The service itself writes as before.
drop trigger keep_request on leave_requests;
create trigger keep_request before insert or delete on leave_requests for each row execute function keep_leave_request();
create trigger keep_request_changed before update on leave_requests for each row
    when (current_user = 'backoffice_service' or new.status is distinct from old.status) execute function keep_leave_request();

-- A holiday comes, moves or goes: its days are counted anew, past ones too.
create function recount_holidays() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    each date;
begin
    if tg_op = 'INSERT' then
        for each in select distinct holiday_on from new_rows order by 1 loop perform recount_leave(null, each, each); end loop;
    elsif tg_op = 'DELETE' then
        for each in select distinct holiday_on from old_rows order by 1 loop perform recount_leave(null, each, each); end loop;
    else
        for each in (select holiday_on from old_rows except select holiday_on from new_rows) union (select holiday_on from new_rows except select holiday_on from old_rows)
            order by 1 loop perform recount_leave(null, each, each); end loop;
    end if;
    return null;
end $$;
create trigger recount_new after insert on public_holidays referencing new table as new_rows for each statement execute function recount_holidays();
create trigger recount_changed after update on public_holidays referencing old table as old_rows new table as new_rows for each statement execute function recount_holidays();
create trigger recount_gone after delete on public_holidays referencing old table as old_rows for each statement execute function recount_holidays();

-- A pattern or a default says nothing of when it changed: what is past stays.
create function recount_from_today() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.org_id is distinct from current_org() then return null; end if; -- which the wall refuses
    perform recount_leave(null, (now() at time zone 'UTC')::date, 'infinity');
    return null;
end $$;
-- Behind `keep_days`, which works out the days of the pattern.
create trigger recount_default after insert on working_patterns for each row when (new.is_default) execute function recount_from_today();
create trigger recount_pattern after update on working_patterns for each row
    when ((new.weeks, new.cycle_starts_on, new.is_default) is distinct from (old.weeks, old.cycle_starts_on, old.is_default)) execute function recount_from_today();
create trigger recount_default after insert on work_calendars for each row when (new.is_default) execute function recount_from_today();
create trigger recount_calendar after update on work_calendars for each row when (new.is_default is distinct from old.is_default) execute function recount_from_today();

-- Somebody has another calendar or pattern from a day on.
create function recount_schedules() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    each record;
begin
    if tg_op = 'INSERT' then
        for each in select starts_on, array_agg(employee_id) as people from new_rows group by 1 order by 1 loop
            perform recount_leave(each.people, each.starts_on, 'infinity');
        end loop;
    elsif tg_op = 'DELETE' then
        for each in select starts_on, array_agg(employee_id) as people from old_rows group by 1 order by 1 loop
            perform recount_leave(each.people, each.starts_on, 'infinity');
        end loop;
    else
        for each in select least(o.starts_on, n.starts_on) as starts_on, array[o.employee_id, n.employee_id] as people from old_rows o join new_rows n on n.org_id = o.org_id and n.id = o.id
            where (o.employee_id, o.starts_on, o.calendar_id, o.pattern_id) is distinct from (n.employee_id, n.starts_on, n.calendar_id, n.pattern_id) order by 1 loop
            perform recount_leave(each.people, each.starts_on, 'infinity');
        end loop;
    end if;
    return null;
end $$;
create trigger recount_new after insert on work_schedules referencing new table as new_rows for each statement execute function recount_schedules();
create trigger recount_changed after update on work_schedules referencing old table as old_rows new table as new_rows for each statement execute function recount_schedules();
create trigger recount_gone after delete on work_schedules referencing old table as old_rows for each statement execute function recount_schedules();

-- An employment ends, or ends on another day. Looked at when the transaction ends, since until then a history may have gaps.
create function recount_employment() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    from_day date := old.starts_on;
begin
    if old.org_id is distinct from current_org() then return null; end if;
    if tg_op = 'UPDATE' and new.starts_on = old.starts_on then
        from_day := least(coalesce(old.ends_on, 'infinity'), coalesce(new.ends_on, 'infinity')) + 1;
    elsif tg_op = 'UPDATE' then
        from_day := least(old.starts_on, new.starts_on);
    end if;
    perform recount_leave(array[old.employee_id], from_day, 'infinity');
    return null;
end $$;
create constraint trigger recount_gone after delete on assignments deferrable initially deferred for each row execute function recount_employment();
create constraint trigger recount_changed after update on assignments deferrable initially deferred for each row
    when ((new.starts_on, new.ends_on) is distinct from (old.starts_on, old.ends_on)) execute function recount_employment();

-- What pay follows beside what is agreed, where somebody works and when they are away: hours that were agreed to, and benefits. What is noted
-- here the next run makes good for months that are paid.
create function note_pay_since(in_rows jsonb) returns void language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
    -- Nobody was paid for what lies ahead of all payrolls.
    if not exists (select from payroll_runs where org_id = current_org() and number is not null) then return; end if;
    insert into pay_changes (org_id, employee_id, since_on)
        select current_org(), (r ->> 'employee_id')::uuid, min((r ->> 'since_on')::date) from jsonb_array_elements(in_rows) r group by 1, 2;
end $$;

create function note_hours_agreed_to() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform note_pay_since(jsonb_agg(jsonb_build_object('employee_id', n.employee_id, 'since_on', n.week_starts_on)))
        from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id where n.status <> o.status and 'approved' in (n.status, o.status) having count(*) > 0;
    return null;
end $$;
create trigger note_pay_changed after update on timesheets referencing old table as old_rows new table as new_rows for each statement execute function note_hours_agreed_to();

-- Where nothing but the end of an enrolment moves, what was before both ends stays.
create function note_enrolments() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        perform note_pay_since(jsonb_agg(jsonb_build_object('employee_id', n.employee_id, 'since_on', n.starts_on)))
            from new_rows n where n.status in ('approved', 'ended') having count(*) > 0;
    else
        perform note_pay_since(jsonb_agg(jsonb_build_object('employee_id', n.employee_id, 'since_on', case
                when o.status in ('approved', 'ended') and n.status in ('approved', 'ended') and (o.starts_on, o.dependant_ids) = (n.starts_on, n.dependant_ids)
                    then least(coalesce(o.ends_on, 'infinity'), coalesce(n.ends_on, 'infinity')) + 1
                else least(o.starts_on, n.starts_on) end)))
            from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
            where (o.status in ('approved', 'ended') or n.status in ('approved', 'ended'))
                and (o.status in ('approved', 'ended'), o.starts_on, o.ends_on, o.dependant_ids)
                    is distinct from (n.status in ('approved', 'ended'), n.starts_on, n.ends_on, n.dependant_ids) having count(*) > 0;
    end if;
    return null;
end $$;
create trigger note_pay_new after insert on benefit_enrolments referencing new table as new_rows for each statement execute function note_enrolments();
create trigger note_pay_changed after update on benefit_enrolments referencing old table as old_rows new table as new_rows for each statement execute function note_enrolments();

-- What a plan costs from a day on changes for all who are in it: since the first day that is said otherwise.
create function note_plan_costs() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    since date := (select min(coalesce((o.value ->> 'starts_on')::date, (n.value ->> 'starts_on')::date))
        from jsonb_array_elements(old.contributions) o full join jsonb_array_elements(new.contributions) n on n.value = o.value where o.value is null or n.value is null);
begin
    if new.org_id is distinct from current_org() then return null; end if; -- which the wall refuses
    if new.is_prorated <> old.is_prorated then since := least(old.starts_on, new.starts_on); end if;
    if new.ends_on is distinct from old.ends_on then
        since := least(since, least(coalesce(old.ends_on, 'infinity'), coalesce(new.ends_on, 'infinity')) + 1);
    end if;
    if since is null then return null; end if;
    perform note_pay_since(jsonb_agg(jsonb_build_object('employee_id', e.employee_id, 'since_on', greatest(e.starts_on, since))))
        from benefit_enrolments e where e.org_id = new.org_id and e.benefit_plan_id = new.id and e.status in ('approved', 'ended')
            and (e.ends_on is null or e.ends_on >= since) having count(*) > 0;
    return null;
end $$;
create trigger note_pay_changed after update on benefit_plans for each row
    when ((new.contributions, new.is_prorated, new.ends_on) is distinct from (old.contributions, old.is_prorated, old.ends_on)) execute function note_plan_costs();

-- Whether anybody whom an import hired is paid by what it said, and what takes that back: a compensation of the moment in which they were
-- hired, that nobody has changed, and the party that was made to pay them, where nothing was booked with it.
create function are_paid_as_imported(in_import uuid) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from import_rows i join compensations c on c.org_id = i.org_id and c.employee_id = i.resource_id
        where i.org_id = current_org() and i.import_id = in_import)
$$;
create function unpay_imported(in_import uuid) returns void language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    people uuid[] := array(select i.resource_id from import_rows i where i.org_id = current_org() and i.import_id = in_import and i.version = 1);
begin
    delete from compensations c using employees e where c.org_id = current_org() and c.employee_id = any(people) and c.version = 1
        and e.org_id = c.org_id and e.id = c.employee_id and c.created_at = e.created_at;
    delete from parties p where p.org_id = current_org() and p.employee_id = any(people)
        and not exists (select from compensations c where c.org_id = p.org_id and c.employee_id = p.employee_id);
end $$;
