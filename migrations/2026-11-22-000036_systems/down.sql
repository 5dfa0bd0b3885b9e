delete from approvals where resource = 'changes';
delete from approval_policies where resource = 'changes';
delete from approvable_actions where resource = 'changes';
delete from comments where replace(resource, '-', '_') in ('backup_policies', 'systems', 'system_dependencies', 'backup_runs', 'restore_tests', 'change_risk_matrices', 'change_calendar_feeds', 'changes', 'change_freezes', 'change_steps',
    'change_links', 'system_roles', 'toxic_role_pairs', 'access_grants', 'access_reviews', 'access_review_items', 'security_deadlines', 'security_incidents',
    'security_incident_entries', 'vulnerabilities');
delete from files where replace(resource, '-', '_') in ('backup_policies', 'systems', 'system_dependencies', 'backup_runs', 'restore_tests', 'change_risk_matrices', 'change_calendar_feeds', 'changes', 'change_freezes', 'change_steps',
    'change_links', 'system_roles', 'toxic_role_pairs', 'access_grants', 'access_reviews', 'access_review_items', 'security_deadlines', 'security_incidents',
    'security_incident_entries', 'vulnerabilities');
delete from archive_exceptions where name = 'security_incident_reporters';
drop trigger keep_reporter_from_signing on comments;
drop trigger keep_reporter_from_signing on files;
drop trigger keep_reporter_out on events;
drop trigger end_access_of_leavers on employees;
drop trigger ask_next_reviewer on employees;
drop table affected_systems, vulnerabilities, security_incident_reporters, security_incident_entries, security_incidents, security_deadlines cascade;
drop table access_review_items, access_reviews, access_grants, toxic_role_pairs, system_roles cascade;
drop table change_calendar_feeds, change_links, change_steps, change_freezes, changes, change_risk_matrices cascade;
drop table restore_tests, backup_runs, system_dependencies, systems, backup_policies cascade;
drop function if exists refuse_toxic;
drop function feed_changes, reopen_accepted_vulnerabilities, keep_vulnerability, keep_reporter_from_signing, keep_reporter_out_of_events, keep_security_incident_entry, keep_security_incident,
    is_in_confidence, is_reporter_of, security_deadline, report_leavers_access, report_toxic_access, end_access_that_is_due, follow_access_review_item, keep_access_review_item,
    follow_access_review, keep_access_review, ask_next_reviewer, reviewer_of, end_access_of_leavers, follow_access_grant, keep_access_grant, owns_system, report_change_calendar, change_calendar, change_conflicts,
    keep_change_step, keep_change, number_changes, change_risk, take_over, keep_affected_systems, report_backup_findings, keep_restore_test, keep_backup_run, system_graph,
    keep_system_dependency, keep_system;
delete from number_series where kind = 'changes';
delete from number_kinds where kind = 'changes';
delete from managed_tables where name in ('backup_policies', 'systems', 'system_dependencies', 'backup_runs', 'restore_tests', 'affected_systems', 'change_risk_matrices', 'change_calendar_feeds', 'changes', 'change_freezes',
    'change_steps', 'change_links', 'system_roles', 'toxic_role_pairs', 'access_grants', 'access_reviews', 'access_review_items', 'security_deadlines', 'security_incidents',
    'security_incident_entries', 'security_incident_reporters', 'vulnerabilities');
