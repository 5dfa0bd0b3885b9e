delete from comments where resource in ('business-hours', 'sla-policies', 'priority-matrices', 'queues', 'routing-rules', 'escalation-rules', 'macros', 'ticket-links', 'ticket-deadlines');
delete from files where resource in ('business-hours', 'sla-policies', 'priority-matrices', 'queues', 'routing-rules', 'escalation-rules', 'macros', 'tickets', 'ticket-messages',
    'ticket-links', 'ticket-deadlines');
drop trigger a_ticket_has_messages on comments;
drop policy reach_of_ticket_messages on events;
delete from numbers_given where kind = 'tickets';
delete from number_counters where series_id in (select id from number_series where kind = 'tickets');
delete from number_series where kind = 'tickets';
delete from number_kinds where kind = 'tickets';
drop table ticket_words, ticket_alarms, ticket_deadlines, macros, escalation_rules, routing_rules, ticket_links, ticket_messages, tickets, queue_members, queues, priority_matrices,
    sla_policies, business_hours cascade;
drop function find_tickets, page_of_tickets, move_ticket_messages, keep_words_of_messages, keep_words_of_tickets, words_of_messages, words_of_ticket, read_clock, save_deadlines, open_tickets, plan_tickets, promises_of, take_turn,
    ticket_rule_holds, due_escalations, ring_ticket_alarms, set_closing_alarm, reopenable_until, set_deadline_alarm, keep_ticket_link, refuse_comments_on_tickets, keep_ticket_message,
    ticket_message_is_for_caller, keep_archived_queue_empty, keep_ticket, number_tickets, keep_queue_members, refuse_unknown_people, priority_of, make_way_for_matrix, tell_ticket_fault;
delete from managed_tables where name in ('business_hours', 'sla_policies', 'priority_matrices', 'queues', 'queue_members', 'tickets', 'ticket_messages', 'ticket_links', 'routing_rules',
    'escalation_rules', 'macros', 'ticket_deadlines', 'ticket_words');
drop extension btree_gin;
