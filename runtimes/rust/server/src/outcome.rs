//! What the end of an invocation amounts to.

use slipway::{Answer, Level, Sink};
use slipway_http::answer::{self, Enveloped, Outgoing, Refusal};
use slipway_http::contract::Code;

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

fn refusal(why: Cut) -> Refusal {
    match why {
        Cut::Timeout => Refusal::timeout(),
        Cut::ShuttingDown => Refusal::shutting_down(),
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
        (None, Some(failure)) => Err(Refusal::failed(&failure, server.settings.development)),
        (None, None) => Err(Refusal::new(Code::NoResponse, "the function ended without an answer")),
    }
}

fn outgoing(invocation: &Invocation, outcome: Result<Answer, Refusal>) -> Outgoing {
    let (outgoing, refusal) = match outcome.and_then(|answer| given(answer, invocation)) {
        Ok(outgoing) => (outgoing, None),
        Err(refusal) => (answer::refused(&refusal, Some(&invocation.id)), Some(refusal)),
    };
    if invocation.flags & IN_ENVELOPE == 0 {
        return outgoing;
    }
    let (logs, truncated) = invocation.lines();
    let result = Enveloped {
        invocation: &invocation.id,
        error: refusal.as_ref(),
        logs: &logs,
        truncated,
        duration: invocation.started.elapsed(),
    };
    answer::enveloped(&outgoing, &result)
}

fn given(answer: Answer, invocation: &Invocation) -> Result<Outgoing, Refusal> {
    let Answer { status, headers, default_type, body } = answer;
    let answer = answer::Answer { status, headers, usual_type: Some(default_type), body };
    // `Response` has checked it, and by the same rules.
    answer::given(answer, &invocation.id)
        .ok_or_else(|| Refusal::new(Code::InvalidResponse, "the function's answer can't be sent"))
}
