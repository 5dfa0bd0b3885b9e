drop trigger numbered on employees;
drop table numbers_given, number_counters, number_series, number_kinds;
delete from managed_tables where name in ('numbers_given', 'number_counters', 'number_series');
drop function fit_series();
drop function keep_series_whole();
drop function numbered(text, text, int, text, text, text);
drop function number_employees, take_numbers, take_number, next_numbers;
drop function number_text(text, text, date, bigint);
