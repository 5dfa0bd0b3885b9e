drop function training_costs, training_compliance, record_course_results, read_review, write_review_part, invite_review_peers, benefit_contributions;
drop function benefit_faults;
drop table review_calibrations, review_answers, review_parts, reviews, review_cycles, goal_check_ins, goals, goal_lines,
    certificates, course_enrolments, course_sessions, course_requirements, courses,
    benefit_enrolment_dependants, benefit_enrolments, benefit_life_events, benefit_windows, benefit_plans;
drop function move_review_cycle, keep_review_cycle, move_goal, keep_goal_check_in, roll_goal_up, keep_goal, goal_progress, refuse_to_set_goal, heads_department,
    place_in_goal_lines, move_in_goal_lines, leave_goal_lines, keep_course_session, fill_seats_of_changed, fill_seats, keep_course_enrolment, keep_certificate,
    keep_enrolment_dependants, keep_benefit_enrolment, keep_life_event, refuse_own_decision, employed_since, growth_today;
delete from managed_tables where name in ('review_calibrations', 'review_answers', 'review_parts', 'reviews', 'review_cycles', 'goal_check_ins', 'goals', 'goal_lines',
    'certificates', 'course_enrolments', 'course_sessions', 'course_requirements', 'courses',
    'benefit_enrolment_dependants', 'benefit_enrolments', 'benefit_life_events', 'benefit_windows', 'benefit_plans');
