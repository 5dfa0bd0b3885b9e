-- Where the changes of an account stand in the statement of cash flows; of a group: those of all accounts in it that don't say.
alter table accounts add column cash_flow text
    constraint accounts_cash_flow_check check (cash_flow in ('cash', 'non_cash', 'operating', 'investing', 'financing'));
select tell_events('accounts');

-- Adds a chart, parents first: [{id, code, name, type, parent, role, is_group, requires, cash_flow}].
create or replace function load_chart(in_rows jsonb) returns bigint language plpgsql as $$
declare
    loaded bigint;
begin
    insert into accounts (org_id, id, code, name, type, role, parent_id, is_group, requires, cash_flow)
        select (select current_org()), r.id, r.code, r.name, r.type, r.role, p.id, r.is_group, coalesce(string_to_array(r.requires, ' '), '{}'), r.cash_flow
        from jsonb_to_recordset(in_rows) r (id uuid, code text, name text, type text, parent text, role text, is_group boolean, requires text, cash_flow text)
        left join jsonb_to_recordset(in_rows) p (id uuid, code text) on p.code = r.parent;
    get diagnostics loaded = row_count;
    return loaded;
end $$;
