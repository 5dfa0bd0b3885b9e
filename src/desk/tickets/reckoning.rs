//! What becomes of the times of a ticket when something happens to it. Nothing here but figures: what is known comes in, what is to be
//! kept goes out.
//!
//! A deadline counts business time. It runs while the desk has to do something, stops while the ticket waits for who asked, and ends when it is
//! answered or solved. What was used up by then stays used up, whatever hours, queue or priority the ticket has afterwards.
use crate::business_hours::Kept;
use crate::clock::{self, Hours};
use crate::deadlines::{DeadlineStatus, DeadlineTarget};
use crate::escalation_rules::EscalationWait;
use platform::prelude::*;

/// What a queue promises for a priority.
#[derive(Default)]
pub(crate) struct Promises {
    pub hours: Option<Hours>,
    warn_at_percent: i64,
    first_answer_minutes: Option<i32>,
    solution_minutes: Option<i32>,
    escalations: Vec<Escalation>,
}

/// When a rule of the queue escalates.
#[derive(Clone, Copy, Deserialize)]
struct Escalation {
    id: Uuid,
    waits_for: EscalationWait,
    after_minutes: i32,
}

/// The same as the database tells it.
#[derive(Deserialize)]
pub(crate) struct Promised {
    warn_at_percent: i64,
    first_answer_minutes: Option<i32>,
    solution_minutes: Option<i32>,
    hours: Option<Kept>,
    escalations: Vec<Escalation>,
}

impl Promised {
    /// With the hours as the clock has them.
    ///
    /// # Errors
    /// 500 where they are none.
    pub(crate) fn read(promised: Option<Self>) -> Result<Promises> {
        let Some(promised) = promised else { return Ok(Promises::default()) };
        Ok(Promises {
            hours: promised.hours.map(|kept| kept.hours()).transpose()?,
            warn_at_percent: promised.warn_at_percent,
            first_answer_minutes: promised.first_answer_minutes,
            solution_minutes: promised.solution_minutes,
            escalations: promised.escalations,
        })
    }
}

/// A deadline while it is reckoned with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deadline {
    pub id: Uuid,
    pub ticket_id: Uuid,
    pub target: DeadlineTarget,
    pub escalation_rule_id: Option<Uuid>,
    pub allowed_minutes: i32,
    pub elapsed_seconds: i64,
    pub running_since_at: Option<DateTime<Utc>>,
    pub warn_at: Option<DateTime<Utc>>,
    pub due_at: Option<DateTime<Utc>>,
    pub warned_at: Option<DateTime<Utc>>,
    pub met_at: Option<DateTime<Utc>>,
    pub status: DeadlineStatus,
}

/// What the ticket waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The desk.
    Desk,
    /// Whoever asked.
    Requester,
    /// Nothing: it is solved.
    Solved,
    /// Nothing: it was closed without being solved.
    Dropped,
}

/// What is so from now on.
pub(crate) struct Moment {
    pub now: DateTime<Utc>,
    pub phase: Phase,
    /// Whether the first answer was given.
    pub is_answered: bool,
    /// Whether it has come into another queue, or into its first.
    pub has_moved: bool,
}

/// The deadlines of a ticket from now on. `before` promised them until now, `after` does from now on.
pub(crate) fn reckon(
    ticket: Uuid,
    mut deadlines: Vec<Deadline>,
    before: &Promises,
    after: &Promises,
    moment: &Moment,
) -> Vec<Deadline> {
    for deadline in &mut deadlines {
        if let Some(since) = deadline.running_since_at.take() {
            deadline.elapsed_seconds += clock::between(before.hours.as_ref(), since, moment.now);
        }
    }
    let mut wanted: Vec<(DeadlineTarget, Option<Uuid>, i32)> = Vec::new();
    wanted.extend(after.first_answer_minutes.map(|minutes| (DeadlineTarget::FirstAnswer, None, minutes)));
    wanted.extend(after.solution_minutes.map(|minutes| (DeadlineTarget::Solution, None, minutes)));
    let is_known = |deadlines: &[Deadline], rule: Uuid| {
        deadlines
            .iter()
            .any(|known| known.escalation_rule_id == Some(rule) && known.status != DeadlineStatus::Cancelled)
    };
    let escalations =
        after.escalations.iter().filter(|rule| moment.has_moved || is_known(&deadlines, rule.id));
    wanted.extend(escalations.map(|rule| (DeadlineTarget::Escalation, Some(rule.id), rule.after_minutes)));
    for deadline in &mut deadlines {
        let is_wanted = wanted
            .iter()
            .any(|(target, rule, _)| deadline.target == *target && deadline.escalation_rule_id == *rule);
        if !is_wanted && !matches!(deadline.status, DeadlineStatus::Met | DeadlineStatus::Breached) {
            (deadline.warn_at, deadline.due_at) = (None, None);
            deadline.status = DeadlineStatus::Cancelled;
        }
    }
    for (target, rule, minutes) in wanted {
        let at = deadlines.iter().position(|each| each.target == target && each.escalation_rule_id == rule);
        if let Some(at) = at {
            let known = &mut deadlines[at];
            known.allowed_minutes = minutes;
            if target == DeadlineTarget::Escalation && moment.has_moved {
                // What a queue escalates begins anew with each time that the ticket comes into it.
                known.elapsed_seconds = 0;
                known.met_at = None;
                known.status = DeadlineStatus::Paused;
            } else if known.status == DeadlineStatus::Cancelled {
                known.status = DeadlineStatus::Paused;
            }
            settle(known, after, moment);
        } else {
            let mut new = Deadline {
                id: Uuid::now_v7(),
                ticket_id: ticket,
                target,
                escalation_rule_id: rule,
                allowed_minutes: minutes,
                elapsed_seconds: 0,
                running_since_at: None,
                warn_at: None,
                due_at: None,
                warned_at: None,
                met_at: None,
                status: DeadlineStatus::Paused,
            };
            settle(&mut new, after, moment);
            deadlines.push(new);
        }
    }
    deadlines
}

/// Ends, stops or starts one, which stands still.
fn settle(deadline: &mut Deadline, after: &Promises, moment: &Moment) {
    let waits_for_answer = match deadline.target {
        DeadlineTarget::FirstAnswer => true,
        DeadlineTarget::Solution => false,
        DeadlineTarget::Escalation => after.escalations.iter().any(|rule| {
            deadline.escalation_rule_id == Some(rule.id) && rule.waits_for == EscalationWait::FirstAnswer
        }),
    };
    // What is solved needs no answer any more: that it is solved is one.
    let has_ended = moment.phase == Phase::Solved || waits_for_answer && moment.is_answered;
    let allowed = i64::from(deadline.allowed_minutes) * 60;
    let is_escalated =
        deadline.target == DeadlineTarget::Escalation && deadline.status == DeadlineStatus::Breached;
    match deadline.status {
        DeadlineStatus::Cancelled => (),
        DeadlineStatus::Met if has_ended => (),
        _ if is_escalated => (),
        _ if has_ended => {
            let is_late = deadline.status == DeadlineStatus::Breached || deadline.elapsed_seconds > allowed;
            deadline.status = if is_late { DeadlineStatus::Breached } else { DeadlineStatus::Met };
            deadline.met_at = deadline.met_at.or(Some(moment.now));
            deadline.warn_at = None;
        }
        _ if moment.phase == Phase::Dropped => {
            if deadline.status != DeadlineStatus::Breached {
                deadline.status = DeadlineStatus::Cancelled;
                (deadline.warn_at, deadline.due_at) = (None, None);
            }
        }
        _ if moment.phase == Phase::Requester => {
            if deadline.elapsed_seconds < allowed {
                deadline.status = DeadlineStatus::Paused;
                (deadline.warn_at, deadline.due_at) = (None, None);
            } else {
                deadline.status = DeadlineStatus::Breached;
            }
        }
        _ => start(deadline, after, allowed, moment.now),
    }
}

fn start(deadline: &mut Deadline, after: &Promises, allowed: i64, now: DateTime<Utc>) {
    let hours = after.hours.as_ref();
    deadline.met_at = None;
    deadline.running_since_at = Some(now);
    if deadline.elapsed_seconds >= allowed {
        deadline.status = DeadlineStatus::Breached;
        deadline.due_at = deadline.due_at.or(Some(now));
        deadline.warn_at = None;
        return;
    }
    deadline.due_at = Some(clock::after(hours, now, allowed - deadline.elapsed_seconds));
    if deadline.target == DeadlineTarget::Escalation {
        deadline.status = DeadlineStatus::Running;
        return;
    }
    let warned = allowed * after.warn_at_percent / 100;
    deadline.warn_at = Some(clock::after(hours, now, (warned - deadline.elapsed_seconds).max(0)));
    if deadline.elapsed_seconds < warned {
        deadline.warned_at = None;
    }
    deadline.status =
        if deadline.warned_at.is_some() { DeadlineStatus::Warned } else { DeadlineStatus::Running };
}

#[cfg(test)]
mod tests {
    use super::{Deadline, Escalation, Moment, Phase, Promises, reckon};
    use crate::clock::Hours;
    use crate::deadlines::{DeadlineStatus, DeadlineTarget};
    use crate::escalation_rules::EscalationWait;
    use chrono::{DateTime, Utc};
    use chrono_tz::Tz;
    use platform::prelude::Uuid;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Monday to Friday, 9 to 17 in Bucharest; an answer in an hour, a solution in eight; escalated after two without an answer.
    fn office() -> Promises {
        Promises {
            hours: Some(Hours::new(Tz::Europe__Bucharest, (0..5).map(|weekday| (weekday, 540, 1_020)), [])),
            warn_at_percent: 75,
            first_answer_minutes: Some(60),
            solution_minutes: Some(480),
            escalations: vec![Escalation {
                id: Uuid::nil(),
                waits_for: EscalationWait::FirstAnswer,
                after_minutes: 120,
            }],
        }
    }

    fn moment(now: &str, phase: Phase, is_answered: bool) -> Moment {
        Moment { now: at(now), phase, is_answered, has_moved: false }
    }

    fn of(deadlines: &[Deadline], target: DeadlineTarget) -> &Deadline {
        deadlines.iter().find(|each| each.target == target).unwrap()
    }

    #[test]
    fn over_the_weekend_of_the_change() {
        use DeadlineTarget::{Escalation, FirstAnswer, Solution};
        let (office, ticket) = (office(), Uuid::now_v7());
        // Friday 27 March 2026, 16:30 in Bucharest (UTC+2); clocks are put forward on Sunday.
        let opened = Moment { has_moved: true, ..moment("2026-03-27T14:30:00Z", Phase::Desk, false) };
        let run = reckon(ticket, Vec::new(), &office, &office, &opened);
        // 30 min on Friday, 30 min on Monday: 9:30 there, UTC+3. The solution: 7 h 30 min on Monday: 16:30.
        assert_eq!(of(&run, FirstAnswer).due_at, Some(at("2026-03-30T06:30:00Z")));
        assert_eq!(of(&run, Solution).due_at, Some(at("2026-03-30T13:30:00Z")));
        // Three quarters of an hour, of eight hours.
        assert_eq!(of(&run, FirstAnswer).warn_at, Some(at("2026-03-30T06:15:00Z")));
        assert_eq!(of(&run, Solution).warn_at, Some(at("2026-03-30T11:30:00Z")));
        assert_eq!(of(&run, Escalation).due_at, Some(at("2026-03-30T07:30:00Z")));
        // Answered on Monday at 9:20, and waits for who asked: 50 min were used up of both.
        let run =
            reckon(ticket, run, &office, &office, &moment("2026-03-30T06:20:00Z", Phase::Requester, true));
        assert_eq!(
            (of(&run, FirstAnswer).status, of(&run, FirstAnswer).elapsed_seconds),
            (DeadlineStatus::Met, 3_000)
        );
        assert_eq!((of(&run, Solution).status, of(&run, Solution).due_at), (DeadlineStatus::Paused, None));
        assert_eq!(of(&run, Escalation).status, DeadlineStatus::Met);
        // They answer on Wednesday at 8:00, before the desk opens: 7 h 10 min are left, until 16:10.
        let run = reckon(ticket, run, &office, &office, &moment("2026-04-01T05:00:00Z", Phase::Desk, true));
        assert_eq!(of(&run, Solution).due_at, Some(at("2026-04-01T13:10:00Z")));
        // Solved at 16:11: a minute late, whether somebody has noticed or not.
        let late = reckon(
            ticket,
            run.clone(),
            &office,
            &office,
            &moment("2026-04-01T13:11:00Z", Phase::Solved, true),
        );
        assert_eq!(of(&late, Solution).status, DeadlineStatus::Breached);
        let just =
            reckon(ticket, run, &office, &office, &moment("2026-04-01T13:10:00Z", Phase::Solved, true));
        assert_eq!(
            (of(&just, Solution).status, of(&just, Solution).elapsed_seconds),
            (DeadlineStatus::Met, 28_800)
        );
        // Reopened on Thursday: nothing is left of it.
        let again =
            reckon(ticket, just, &office, &office, &moment("2026-04-02T07:00:00Z", Phase::Desk, true));
        assert_eq!(of(&again, Solution).status, DeadlineStatus::Breached);
        assert_eq!(of(&again, FirstAnswer).status, DeadlineStatus::Met);
    }

    #[test]
    fn another_queue_promises_something_else() {
        use DeadlineTarget::{Escalation, FirstAnswer, Solution};
        let (office, ticket) = (office(), Uuid::now_v7());
        let around = Promises { warn_at_percent: 50, first_answer_minutes: Some(90), ..Promises::default() };
        let opened = Moment { has_moved: true, ..moment("2026-03-27T14:30:00Z", Phase::Desk, false) };
        let run = reckon(ticket, Vec::new(), &office, &office, &opened);
        // Saturday noon, into a queue that works around the clock: of its 90 minutes 30 are used up; nothing is promised of the solution.
        let moved = Moment { has_moved: true, ..moment("2026-03-28T10:00:00Z", Phase::Desk, false) };
        let run = reckon(ticket, run, &office, &around, &moved);
        assert_eq!(of(&run, FirstAnswer).due_at, Some(at("2026-03-28T11:00:00Z")));
        assert_eq!(of(&run, FirstAnswer).warn_at, Some(at("2026-03-28T10:15:00Z")));
        assert_eq!(of(&run, Solution).status, DeadlineStatus::Cancelled);
        assert_eq!(of(&run, Escalation).status, DeadlineStatus::Cancelled);
        // And back on Monday at 9:00: what escalates begins anew, and the answer is late.
        let back = Moment { has_moved: true, ..moment("2026-03-30T06:00:00Z", Phase::Desk, false) };
        let run = reckon(ticket, run, &around, &office, &back);
        assert_eq!(of(&run, Escalation).due_at, Some(at("2026-03-30T08:00:00Z")));
        assert_eq!(of(&run, FirstAnswer).status, DeadlineStatus::Breached);
        // Of the solution the half hour of Friday stays used up.
        assert_eq!(of(&run, Solution).due_at, Some(at("2026-03-30T13:30:00Z")));
        // What is closed without a solution leaves no promise behind, and takes no broken one back.
        let dropped =
            reckon(ticket, run, &office, &office, &moment("2026-03-30T06:30:00Z", Phase::Dropped, false));
        assert_eq!(of(&dropped, Solution).status, DeadlineStatus::Cancelled);
        assert_eq!(of(&dropped, FirstAnswer).status, DeadlineStatus::Breached);
    }
}
