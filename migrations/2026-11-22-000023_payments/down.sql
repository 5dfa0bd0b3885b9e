drop table bank_accounts;
delete from managed_tables where name in ('bank_accounts');
