alter table invitations drop constraint invitations_employee_id_fkey;
drop index invitations_by_employee;
alter table memberships drop constraint memberships_employee_id_fkey;
drop policy reach on employees;
drop function limit_reach, team_of_caller;
drop table reporting_lines, department_lines;
alter table departments drop constraint departments_head_id_fkey;
drop table employees, positions, departments;
drop function place_in_reporting_lines, move_in_reporting_lines, leave_reporting_lines,
    place_in_department_lines, move_in_department_lines, leave_department_lines, keep_archived_empty,
    refuse_archived_department, keep_headcount;
delete from managed_tables where name in ('departments', 'department_lines', 'positions', 'employees', 'reporting_lines');
