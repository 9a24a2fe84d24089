//! What the end of an invocation amounts to.

use slipway::{Answer, Level, Sink};

use crate::answer::{self, Outgoing, Refusal};
use crate::contract::Code;
use crate::function::Outcome;
use crate::invocation::{Cut, Invocation};
use crate::run::Ended;
use crate::server::Server;
use crate::table::{IN_ENVELOPE, TO_HEAD};

/// The answer; None where it was given elsewhere.
pub fn answer(server: &Server, invocation: &Invocation, ended: Ended) -> Option<Outgoing> {
    let outcome = match ended {
        Ended::AnsweredElsewhere => return None,
        Ended::Cut(why) => Err(refusal(why)),
        Ended::Finished(outcome, response) => finished(server, invocation, outcome, response.into_given()),
    };
    Some(outgoing(invocation, outcome))
}

/// The answer for an invocation that does not yield, and whether it goes to a HEAD.
pub fn cut_answer(invocation: &Invocation, why: Cut) -> (Outgoing, bool) {
    (outgoing(invocation, Err(refusal(why))), invocation.flags & TO_HEAD != 0)
}

pub fn refusal(why: Cut) -> Refusal {
    match why {
        Cut::Timeout => Refusal::new(Code::Timeout, "the function did not end in time"),
        Cut::ShuttingDown => Refusal::new(Code::ShuttingDown, "the server is shutting down"),
    }
}

/// An answer that was given counts, whatever came after it.
fn finished(
    server: &Server,
    invocation: &Invocation,
    outcome: Outcome,
    given: Option<Result<Answer, String>>,
) -> Result<Answer, Refusal> {
    let failure = match outcome {
        Outcome::Returned => None,
        Outcome::Panicked => Some(invocation.panic_message().unwrap_or_else(|| String::from("it panicked"))),
        Outcome::Failed { message, report } => {
            invocation.write(Level::Error, report);
            Some(message)
        }
    };
    match (given, failure) {
        (Some(Ok(answer)), _) => Ok(answer),
        (Some(Err(problem)), _) => Err(Refusal::new(
            Code::InvalidResponse,
            format!("the function's answer can't be sent: {problem}"),
        )),
        (None, Some(failure)) if server.settings.development => {
            Err(Refusal::new(Code::FunctionError, format!("the function failed: {failure}")))
        }
        (None, Some(_)) => Err(Refusal::new(Code::FunctionError, "the function failed; its log says why")),
        (None, None) => Err(Refusal::new(Code::NoResponse, "the function ended without an answer")),
    }
}

fn outgoing(invocation: &Invocation, outcome: Result<Answer, Refusal>) -> Outgoing {
    let (outgoing, refusal) = match outcome {
        Ok(answer) => (answer::given(answer, &invocation.id), None),
        Err(refusal) => (answer::refused(&refusal, Some(&invocation.id)), Some(refusal)),
    };
    if invocation.flags & IN_ENVELOPE == 0 {
        return outgoing;
    }
    let (logs, truncated) = invocation.lines();
    let result = answer::Result {
        invocation: &invocation.id,
        error: refusal.as_ref(),
        logs,
        truncated,
        duration: invocation.started.elapsed(),
    };
    answer::enveloped(&outgoing, &result)
}
