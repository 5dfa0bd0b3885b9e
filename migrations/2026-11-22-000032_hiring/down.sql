delete from approvals where resource in ('job-openings', 'offers');
delete from approval_policies where resource in ('job-openings', 'offers');
delete from approvable_actions where resource in ('job-openings', 'offers');
delete from comments where resource in ('hiring-stages', 'job-openings', 'candidates', 'applications', 'interviews', 'scorecards', 'offers',
    'checklist-templates', 'checklists', 'checklist-tasks');
delete from files where resource in ('hiring-stages', 'job-openings', 'candidates', 'applications', 'interviews', 'scorecards', 'offers',
    'checklist-templates', 'checklists', 'checklist-tasks');
drop trigger start_onboarding on employees;
drop trigger start_offboarding on employees;
drop trigger keep_candidate_out on events;
drop policy reach_of_scorecards on events;
drop table checklist_tasks, checklists, checklist_templates, offers, scorecards cascade;
drop table interview_panel, interviews cascade;
drop table applications cascade;
drop table candidates, job_openings, hiring_stages cascade;
drop function report_pipeline, report_time_to_hire, report_hire_sources, report_open_checklists, interview_calendar, anonymize_whose_consent_ended, anonymize_candidates, expire_offers, hire_for_offer, keep_offer, end_checklists, keep_checklist_task,
    follow_checklist, keep_checklist, start_offboarding, start_onboarding, start_checklists, check_checklist, employee_country, fitting_template, keep_candidate_out_of_events,
    keep_scorecard, candidate_concerns_caller, concerns_caller, owes_scorecard, sits_for, keep_interview, keep_interview_panel, keep_application,
    refuse_anonymized, keep_job_opening, today_utc, tell_fault;
delete from managed_tables where name in ('hiring_stages', 'job_openings', 'candidates', 'applications', 'interviews', 'interview_panel', 'scorecards', 'offers',
    'checklist_templates', 'checklists', 'checklist_tasks');
