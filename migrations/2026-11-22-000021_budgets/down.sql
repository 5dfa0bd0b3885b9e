drop table budget_lines, budgets;
drop function keep_budget, refuse_deleting_budget, place_budget_lines, overspent, booked_in_months;
delete from managed_tables where name in ('budget_lines', 'budgets');
