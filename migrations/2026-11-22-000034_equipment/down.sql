delete from comments where resource in ('locations', 'asset-models', 'assets', 'asset-assignments', 'asset-maintenances', 'asset-audits', 'licences', 'licence-terms',
    'licence-assignments', 'software-installations', 'supplies', 'supply-movements', 'kits', 'kit-items');
delete from files where resource in ('locations', 'asset-models', 'assets', 'asset-assignments', 'asset-maintenances', 'asset-audits', 'licences', 'licence-terms',
    'licence-assignments', 'software-installations', 'supplies', 'supply-movements', 'kits', 'kit-items');
delete from custom_fields where applies_to = 'assets';
drop trigger follow_leaver on employees;
drop function report_missing_equipment, report_licence_compliance, report_warranties_ending, report_asset_values, equipment_of_employee, fulfil_checklist_task,
    check_out_kit, held_of_kit_items;
drop table custom_references_assets;
drop table kit_items, kits, supply_movements, supplies, software_installations, licence_assignments, licence_terms, licences,
    asset_audits, asset_maintenances, asset_assignments, assets, asset_lines, asset_models, locations, location_lines cascade;
alter table numbers_given disable trigger frozen;
delete from numbers_given where kind = 'assets';
alter table numbers_given enable trigger frozen;
delete from number_counters where series_id in (select id from number_series where kind = 'assets');
delete from number_series where kind = 'assets';
delete from number_kinds where kind = 'assets';
drop function keep_supply_movement, keep_supply, keep_licence_assignment, keep_licence_terms, keep_licence, keep_asset_audit, refuse_while_away,
    follow_asset_maintenance, keep_asset_maintenance, follow_leaver, follow_asset_assignment, keep_asset_assignment, follow_asset, keep_asset, keep_location,
    refuse_archived_location, number_assets, place_in_asset_lines, move_in_asset_lines, leave_asset_lines,
    place_in_location_lines, move_in_location_lines, leave_location_lines;
delete from managed_tables where name in ('kit_items', 'kits', 'supply_movements', 'supplies', 'software_installations', 'licence_assignments', 'licence_terms',
    'licences', 'asset_audits', 'asset_maintenances', 'asset_assignments', 'assets', 'asset_lines', 'asset_models', 'locations', 'location_lines');
