drop trigger void_approvals on departments;
drop trigger void_approvals_of_deleted on departments;
drop trigger void_approvals on positions;
drop trigger void_approvals_of_deleted on positions;
drop trigger leave_approvals on memberships;
drop trigger leave_approvals_of_deleted on memberships;
drop trigger leave_approvals on employees;
drop function place_waits(approvals);
drop function decide_approval(uuid, text, text);
drop function withdraw_approval(uuid);
drop table approval_alarms, approval_waits, approval_delegations, approvals, approval_policies, approvable_actions;
delete from managed_tables where name in ('approval_waits', 'approval_delegations', 'approvals', 'approval_policies');
drop function policy_faults(text, text, jsonb, jsonb);
drop function keep_stand_ins();
drop function leave_approvals();
drop function move_approvals_on(uuid, int);
drop function approvable(text, text[]);
drop function void_approvals();
drop function require_approval(text, uuid, text, jsonb);
drop function keep_waits();
drop function begin_approval();
drop function place_stand_ins(uuid, uuid[]);
drop function approvers(jsonb, uuid);
drop function approval_members(uuid[]);
drop function approval_steps(text, text, jsonb);
drop function conditions_hold(jsonb, jsonb);
drop function see_row(text, uuid, jsonb, boolean, out jsonb, out bigint, out text);
create or replace function record_events() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    resource text := tg_argv[0];
    singular text := tg_argv[1];
    has_status boolean := tg_argv[2];
    hidden text[] := tg_argv[3];
    personal text[] := tg_argv[4];
    decimals text[] := tg_argv[5];
begin
    if tg_op = 'INSERT' then
        insert into events (org_id, type, resource, resource_id, version, changes)
        select n.org_id, singular || '.created', resource, n.id, n.version,
            event_changes(null, to_jsonb(n), hidden, personal, decimals)
        from new_rows n;
    elsif tg_op = 'UPDATE' then
        insert into events (org_id, type, resource, resource_id, version, changes)
        select n.org_id,
            singular || '.' || case when has_status and to_jsonb(n) -> 'status' <> to_jsonb(o) -> 'status'
                then to_jsonb(n) ->> 'status' else 'updated' end,
            resource, n.id, n.version, event_changes(to_jsonb(o), to_jsonb(n), hidden, personal, decimals)
        from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id;
    else
        insert into events (org_id, type, resource, resource_id, version, changes)
        select o.org_id, singular || '.deleted', resource, o.id, o.version + 1,
            event_changes(to_jsonb(o), null, hidden, personal, decimals)
        from old_rows o;
    end if;
    return null;
end $$;
