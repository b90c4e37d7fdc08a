//! Whether a block can run off its end, by the same reasoning a reader uses.

use crate::surface::{Step, Verb};

/// How a handoff without a value is taken. Its holder may close it or have it tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handoffs {
    /// What follows may run: nothing after it is called unreachable.
    MayGoOn,
    /// A person has it: it counts as an end of the path.
    End,
}

/// Whether what follows `steps` may run.
pub(super) fn goes_on(steps: &[Step], handoffs: Handoffs) -> bool {
    steps.iter().all(|it| step_goes_on(it, handoffs))
}

/// Whether what follows this step may run.
pub(super) fn step_goes_on(step: &Step, handoffs: Handoffs) -> bool {
    match &step.verb {
        Verb::End(_) | Verb::AskAgain(_) => false,
        Verb::Handoff(it) => it.save.is_some() || handoffs == Handoffs::MayGoOn,
        Verb::When { steps, otherwise, .. } => {
            goes_on(steps, handoffs) || goes_on(otherwise, handoffs)
        }
        Verb::Choose(it) => {
            it.cases.is_empty() || it.cases.iter().any(|(_, steps)| goes_on(steps, handoffs))
        }
        Verb::Decide(it) => {
            let nobody = it.nobody_decided.as_deref();
            it.choices.iter().any(|choice| choice.steps.is_empty())
                || nobody.is_some_and(|step| step_goes_on(step, handoffs))
        }
        Verb::Ask(_)
        | Verb::Say(_)
        | Verb::Tell { .. }
        | Verb::Do(_)
        | Verb::Wait(_)
        | Verb::Remind { .. }
        | Verb::Run(_)
        | Verb::Set(_) => true,
    }
}
