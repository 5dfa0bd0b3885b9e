drop function revaluation_of, closing_of, mirrors_of, lines_shown, post_entries, ordered_uuid, entry_faults, line_faults, entry_lines, caller_holds, fold_balances;
drop type entry_line;
alter table fiscal_years drop constraint fiscal_years_closing_entry_id_fkey;
alter table fiscal_periods drop constraint fiscal_periods_revaluation_entry_id_fkey;
drop table account_balances, balance_deltas, journal_lines, journal_entries, recurring_entries;
drop function add_deltas, check_entry, keep_posted, keep_draft, keep_recurring_journal;
drop trigger keep_books_currency on organizations;
drop function keep_books_currency;
delete from numbers_given where kind = 'journal-entries';
delete from number_counters c using number_series s where s.org_id = c.org_id and s.id = c.series_id and s.kind = 'journal-entries';
delete from number_series where kind = 'journal-entries';
delete from number_kinds where kind = 'journal-entries';
drop function journal_for;
drop table journals, fiscal_periods, fiscal_years;
drop function hold_months, keep_years_whole, keep_years_together, lock_of_month;
drop function exchange_rate_on;
drop table exchange_rates, projects, cost_centres;
drop table account_branches;
drop table accounts;
drop function load_chart, keep_parent, keep_account, place_in_account_branches, move_in_account_branches, leave_account_branches;
delete from managed_tables where name in ('account_balances', 'balance_deltas', 'journal_lines', 'journal_entries', 'recurring_entries', 'journals',
    'fiscal_periods', 'fiscal_years', 'exchange_rates', 'projects', 'cost_centres', 'accounts', 'account_branches');
drop function books_currency;
alter table organizations drop column legal_name, drop column country, drop column currency, drop column tax_id, drop column registration_number,
    drop column address, drop column tax_rounding;
select tell_events('organizations');
