delete from approvals where resource in ('service-requests', 'case-decisions');
alter table services drop constraint services_policy_id_fkey;
delete from approval_policies where resource in ('service-requests', 'case-decisions');
drop trigger decide_service_request on approvals;
delete from approvable_actions where resource in ('service-requests', 'case-decisions');
delete from comments where resource in ('tasks', 'recurring-tasks', 'task-dependencies', 'services', 'service-requests', 'articles', 'article-editions', 'article-feedback',
    'cases', 'case-files', 'case-steps', 'case-decisions');
delete from files where resource in ('tasks', 'recurring-tasks', 'task-dependencies', 'services', 'service-requests', 'articles', 'article-editions', 'article-feedback',
    'cases', 'case-files', 'case-steps', 'case-decisions');
drop trigger ask_services on checklist_tasks;
alter table checklist_tasks drop column service_request_id;
select tell_events('checklist_tasks');
drop table case_decisions, case_steps, case_files, cases, case_alarms cascade;
drop table article_words, article_feedback, article_editions, articles cascade;
drop table task_dependencies, tasks, recurring_tasks, task_alarms cascade;
drop table service_requests, services cascade;
delete from numbers_given where kind in ('cases', 'service-requests');
delete from number_counters c using number_series s where s.org_id = c.org_id and s.id = c.series_id and s.kind in ('cases', 'service-requests');
delete from number_series where kind in ('cases', 'service-requests');
delete from number_kinds where kind in ('cases', 'service-requests');
drop function report_cases, number_cases, number_service_requests, keep_case_decision, keep_case_step, break_promises, follow_case, keep_case, report_article_feedback, find_articles, text_of_ticket, said_in_ticket, keep_words, words_of, see_article,
    keep_edition, keep_article, begin_article, departments_of_caller, audiences_of_caller, ask_services, end_service_requests, decide_service_request, follow_service_request,
    keep_service_request, begin_fulfilment, leave_service, keep_service, report_workload, free_successors, keep_dependency, block_tasks, see_tasks, begin_recurring_task, keep_recurring_task,
    make_recurring_tasks, move_tasks_on, keep_task_alarm, keep_task, refuse_who_left, recurs_on, for_nobody, roles_of_caller;
delete from managed_tables where name in ('recurring_tasks', 'tasks', 'task_dependencies', 'services', 'service_requests', 'articles', 'article_editions', 'article_feedback',
    'article_words', 'cases', 'case_files', 'case_steps', 'case_decisions');
-- Where nobody else's indexes stand on it.
do $$ begin
    drop extension btree_gin;
exception when dependent_objects_still_exist then
    null;
end $$;
