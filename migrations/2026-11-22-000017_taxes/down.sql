alter table journal_lines drop constraint journal_lines_tax_code_id_fkey;
delete from managed_tables where name = 'tax_codes';
drop table tax_codes;
drop function rates_are_apart(jsonb), tax_rate_on(jsonb, date);
