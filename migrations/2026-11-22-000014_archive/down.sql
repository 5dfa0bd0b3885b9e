drop function open_archive(text);
drop function archived_tables();
drop table archive_exceptions;
