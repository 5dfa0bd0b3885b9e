drop function revaluation_of, closing_of, mirror_of, lines_shown, post_entries, ordered_uuid, entry_faults, entry_lines, caller_holds, fold_balances;
alter table fiscal_years drop constraint fiscal_years_closing_entry_id_fkey;
alter table fiscal_periods drop constraint fiscal_periods_revaluation_entry_id_fkey;
drop table account_balances, balance_deltas, journal_lines, journal_entries, recurring_entries;
drop function add_deltas, check_entry, keep_posted, keep_draft, keep_recurring_journal;
drop trigger keep_books_currency on organizations;
drop function keep_books_currency;
drop function take_number_of;
delete from numbers_given where kind = 'journal-entries';
delete from number_counters c using number_series s where s.org_id = c.org_id and s.id = c.series_id and s.kind = 'journal-entries';
delete from number_series where kind = 'journal-entries';
delete from number_kinds where kind = 'journal-entries';
create or replace function keep_series_whole() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if ((new.kind, new.reset) is distinct from (old.kind, old.reset) or (new.start <> old.start and new.reset = 'never'))
        and exists (select from number_counters where org_id = old.org_id and series_id = old.id) then
        raise exception 'numbers given' using errcode = 'restrict_violation', table = 'number_series',
            constraint = 'numbers_were_given_so_start_and_reset_stay_prepare_another_series_instead';
    end if;
    if new.status = 'active' and old.status <> 'active' then -- one takes over from the other
        update number_series set status = 'closed' where org_id = new.org_id and kind = new.kind and status = 'active' and id <> new.id;
    end if;
    return new;
end $$;
create or replace function fit_series() returns trigger language plpgsql as $$
begin
    if length(number_text(new.format, '2026-12-31', greatest(new.start, 999999))) > (select longest from number_kinds where kind = new.kind) then
        raise exception 'too long' using errcode = 'check_violation', table = 'number_series', constraint = 'number_series_format_length';
    end if;
    return null;
end $$;
drop function number_text(text, text, date, bigint);
alter table number_kinds drop column is_scoped;
drop index number_series_status_key;
alter table number_series drop column scope;
create unique index number_series_status_key on number_series (org_id, kind) where status = 'active';
alter table number_series add constraint number_series_name_key unique (org_id, kind, name);
select manage_resource('number_series', 'number_series');
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
select manage_resource('organizations');
