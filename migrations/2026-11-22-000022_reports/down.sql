create or replace function load_chart(in_rows jsonb) returns bigint language plpgsql as $$
declare
    loaded bigint;
begin
    insert into accounts (org_id, id, code, name, type, role, parent_id, is_group, requires)
        select (select current_org()), r.id, r.code, r.name, r.type, r.role, p.id, r.is_group, coalesce(string_to_array(r.requires, ' '), '{}')
        from jsonb_to_recordset(in_rows) r (id uuid, code text, name text, type text, parent text, role text, is_group boolean, requires text)
        left join jsonb_to_recordset(in_rows) p (id uuid, code text) on p.code = r.parent;
    get diagnostics loaded = row_count;
    return loaded;
end $$;

alter table accounts drop column cash_flow;
select tell_events('accounts');
