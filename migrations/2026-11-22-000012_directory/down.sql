drop function open_linked_session(uuid, text, text, timestamptz, timestamptz, uuid, text, text, text), find_issuer(text, text[]);
drop table linked_subjects, trusted_issuers, identity_providers;
drop function end_sessions_of_provider(), list_issuer();
drop table directory_tokens;
drop function add_directory_login(uuid, text, text), members_named(text);
drop view directory_roles, directory_users;
drop table directory_groups, directory;
delete from managed_tables where name in ('directory', 'directory_groups', 'directory_tokens', 'identity_providers', 'linked_subjects');
