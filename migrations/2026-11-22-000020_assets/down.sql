drop table fixed_asset_units, fixed_asset_transfers, fixed_asset_movements, depreciation_runs, fixed_assets, fixed_asset_categories;
drop function keep_depreciated_units, follow_fixed_asset_units, follow_fixed_asset_transfer, follow_fixed_asset_movements, begin_fixed_asset, keep_fixed_asset, keep_depreciation_run, order_depreciation_runs, number_fixed_assets;
delete from number_series where kind = 'fixed-assets';
delete from number_kinds where kind = 'fixed-assets';
delete from managed_tables where name in ('fixed_asset_units', 'fixed_asset_transfers', 'fixed_asset_movements', 'depreciation_runs', 'fixed_assets', 'fixed_asset_categories');
