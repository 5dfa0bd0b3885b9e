drop function record_quality, record_findings, vacancies;
drop trigger begin_employment on employees;
drop trigger assign_from_today on employees;
drop trigger forget_assignments on employees;
update files set resource = null, resource_id = null where resource in ('personnel-documents', 'personal-data-changes');
drop table personnel_documents, required_documents, personnel_document_kinds, personal_data_changes, dependants, personal_data;
drop function keep_personnel_document, show_documents_as_their_kind, keep_personal_data_change, make_personal_data_change,
    put_assignments, correct_assignment, end_employment, hire_all, standings, assignment_on;
drop table assignments;
drop function keep_assignments, begin_employment, forget_assignments, assign_from_today, make_todays_changes, make_current;
drop extension btree_gist;
-- As it was: who has not left has no last day, and who has left has a reason.
update employees set terminated_on = null, termination_reason = null where status <> 'terminated' and terminated_on is not null;
update employees set termination_reason = 'Unknown' where status = 'terminated' and termination_reason is null;
alter table employees drop constraint who_left_has_a_last_day, drop constraint a_reason_to_leave_comes_with_a_last_day,
    add constraint last_day_and_reason_come_with_termination check
        ((status = 'terminated') = (terminated_on is not null) and (terminated_on is null) = (termination_reason is null));

create or replace function keep_archived_empty() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
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
delete from managed_tables where name in ('assignments', 'personal_data', 'dependants', 'personal_data_changes', 'personnel_document_kinds', 'required_documents',
    'personnel_documents');
