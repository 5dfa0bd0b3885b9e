drop function open_items_on, control_accounts;
drop index open_items_that_are_open, invoices_in_instalments, bills_in_instalments;
drop trigger keep_undone on allocations;
drop table undone_allocations;
drop function keep_undone_allocations;
delete from managed_tables where name = 'undone_allocations';
