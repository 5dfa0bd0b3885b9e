drop trigger follow_import_job on jobs;
drop function follow_import_job, reach_as;
drop table import_rows, import_chunks, imports, import_mappings;
delete from managed_tables where name in ('import_rows', 'import_chunks', 'imports', 'import_mappings');
