//! The life of a resource as data: its states, and the steps between them. The handler, the 409, `available_actions` and
//! the contract's description all read the same table.
use crate::may::Grants;
use crate::problem::{INVALID_STATE, Problem};
use uuid::Uuid;

/// States and steps. The first state is where life begins.
pub struct Life {
    pub states: &'static [(&'static str, &'static str)],
    pub steps: &'static [Step],
}

/// A step: its action (the last part of its path, in snake case), where it starts, where it ends, the verb it needs.
pub struct Step {
    pub action: &'static str,
    pub from: &'static [&'static str],
    pub to: &'static str,
    pub verb: &'static str,
}

impl Life {
    /// The state that the step leads to from here.
    ///
    /// # Errors
    /// 409 `invalid-state`, naming the state and the steps that it allows.
    pub fn step(&self, state: &str, action: &str) -> Result<&'static str, Problem> {
        self.steps
            .iter()
            .find(|step| step.action == action && step.from.contains(&state))
            .map(|step| step.to)
            .ok_or_else(|| {
                let allowed: Vec<_> = self.from(state).map(|step| format!("`{}`", step.action)).collect();
                let allowed =
                    if allowed.is_empty() { "no further step".to_owned() } else { allowed.join(", ") };
                INVALID_STATE.because(format!(
                    "`{action}` does not start from the state `{state}`, which allows {allowed}."
                ))
            })
    }

    fn from(&self, state: &str) -> impl Iterator<Item = &'static Step> {
        self.steps.iter().filter(move |step| step.from.contains(&state))
    }

    /// The steps that this state and this caller's permissions allow now. `person` is whom the row is about, since a verb
    /// may reach less far than the permission by which the row was seen.
    pub(crate) fn available(&self, state: &str, person: Option<Uuid>, grants: &Grants) -> Vec<&'static str> {
        self.from(state).filter(|step| grants.reaches(step.verb, person)).map(|step| step.action).collect()
    }

    /// For the contract's description.
    pub(crate) fn describe(&self) -> String {
        let states: Vec<_> =
            self.states.iter().map(|(state, meaning)| format!("| `{state}` | {meaning} |\n")).collect();
        let step = |step: &Step| {
            let from: Vec<_> = step.from.iter().map(|state| format!("`{state}`")).collect();
            format!("| `{}` | {} | `{}` |\n", step.action, from.join(", "), step.to)
        };
        let steps: Vec<_> = self.steps.iter().map(step).collect();
        format!(
            "\n\n| state | means |\n| --- | --- |\n{}\n| action | from | to |\n| --- | --- | --- |\n{}",
            states.concat(),
            steps.concat()
        )
    }
}
