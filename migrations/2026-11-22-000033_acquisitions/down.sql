drop trigger check_acquired on debit_notes;
drop trigger check_acquired on fixed_assets;
drop table fixed_asset_purchases;
drop function check_acquired(), lines_to_acquire(uuid);
delete from managed_tables where name = 'fixed_asset_purchases';
