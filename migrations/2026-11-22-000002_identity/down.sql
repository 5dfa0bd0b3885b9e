drop view users;
drop table signing_keys, refresh_tokens, sessions, invitations, api_client_secrets, api_clients, membership_roles,
    memberships, role_permissions, roles, user_organizations, logins, organization_slugs, organizations;
drop function enter, readable_resources, find_login, find_password, add_login, act_as, start_session, renew_session,
    start_client_session, accept_invitation, end_sessions_of_user, tell_of_user, change_password, set_user_status,
    list_organizations, organizations_with_other_roles, find_organization, keep_role_permissions, permissions_of, hold_roles, keep_built_in_roles,
    refuse_beyond_own, refresh_sessions_of_membership, end_sessions_of_api_client, list_organization, list_membership,
    ensure_owner, keep_an_owner;
delete from managed_tables where name in ('refresh_tokens', 'sessions', 'invitations', 'api_client_secrets', 'api_clients',
    'membership_roles', 'memberships', 'role_permissions', 'roles', 'organizations');
