alter table accounts drop column cash_flow;
select manage_resource('accounts', secret => '{parent_is_group}');
