drop table directory_tokens;
drop function add_directory_login(uuid, text, text), members_named(text);
drop view directory_roles, directory_users;
drop table directory_groups, directory;
delete from managed_tables where name in ('directory', 'directory_groups', 'directory_tokens');
