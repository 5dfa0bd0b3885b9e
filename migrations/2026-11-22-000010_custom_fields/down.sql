drop table custom_references;
do $$
declare
    table_name text;
    operation text;
begin
    for table_name in select name from managed_tables where custom loop
        foreach operation in array array['insert', 'update', 'delete'] loop
            execute format('drop trigger keep_custom_%s on %I', operation, table_name);
        end loop;
        execute format('alter table %I drop column custom', table_name);
        perform tell_events(table_name);
    end loop;
end $$;
drop table custom_values, custom_fields_used, custom_field_roles, custom_fields;
delete from managed_tables where name in ('custom_references', 'custom_values', 'custom_fields_used', 'custom_field_roles', 'custom_fields');
drop function hold_custom_field_roles, keep_custom_field, takes_custom_fields, keep_custom, custom_lock, merge_custom, refuse_custom,
    custom_faults_of, custom_faults, shown_changes, hides_custom, hidden_custom, custom_is_shown, caller_roles, currency_decimals,
    custom_is_day, custom_key;
alter table managed_tables drop column custom;

select manage_resource('employees', person => 'id', personal => '{given_name,family_name,work_email,phone,termination_reason}');
