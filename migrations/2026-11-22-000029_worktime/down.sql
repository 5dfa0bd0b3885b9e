drop function project_hours, worked_hours;
drop table timesheet_overtime, timesheet_entries, timesheets;
drop function keep_timesheet, show_worked, keep_timesheet_entry, figure_overtime, overtime_of;
drop table calendar_feeds;
drop function feed_absences, absences_seen, leave_left, grow_leave, leave_shortfall, leave_balances, leave_due, leave_entries;
drop table leave_entitlements, absence_days, leave_requests, leave_types;
drop function keep_absences, keep_leave_request, decide_for, limit_reach_of_deciders, reaches_person, stood_in_for, caller_stands_in, leave_days;
drop function planned_days, employment_spans, load_public_holidays;
drop table work_schedules, overtime_rules, working_pattern_days, working_patterns, public_holidays, work_calendars;
drop function keep_one_default, keep_working_pattern;
delete from managed_tables where name in ('work_calendars', 'public_holidays', 'working_patterns', 'working_pattern_days', 'overtime_rules', 'work_schedules', 'leave_types',
    'leave_requests', 'absence_days', 'leave_entitlements', 'calendar_feeds', 'timesheets', 'timesheet_entries', 'timesheet_overtime');
