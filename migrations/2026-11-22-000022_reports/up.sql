-- Where the changes of an account stand in the statement of cash flows; of a group: those of all accounts in it that don't say.
alter table accounts add column cash_flow text
    constraint accounts_cash_flow_check check (cash_flow in ('cash', 'non_cash', 'operating', 'investing', 'financing'));
select manage_resource('accounts', secret => '{parent_is_group}');
