delete from managed_tables;
drop table idempotency_keys, events, events_cluster, managed_tables;
drop function recall_answer, remember_answer, count_events_on, events_horizon, keep_tree, frozen_when, refuse_change, manage_record, manage_resource, separate_organizations, count_version,
    forget_events, tell_events, events_told, custom_changes, event_change, make_event_partitions, enter_as_system, current_person, current_reach,
    current_request, current_session, current_actor_id, current_actor, is_service, current_org;
revoke usage on schema public from backoffice_service;
-- The role stays: it belongs to the cluster, and other databases of it may use it.
