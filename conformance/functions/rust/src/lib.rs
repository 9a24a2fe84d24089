//! The conformance function; ../README.md says what each step does.

mod arguments;
mod look;
mod misbehave;
mod reply;
mod speak;
mod time;

use serde_json::{Map, Value, json};
use slipway::{Error, Request, Response};

use crate::arguments::Step;

/// What the steps of one invocation share.
struct Invocation<'a> {
    req: Request,
    res: &'a mut Response,
    seen: Map<String, Value>,
    held: Vec<Vec<u8>>,
}

pub async fn main(req: Request, res: &mut Response) -> Result<(), Error> {
    let program = program(&req)?;
    let mut invocation = Invocation { req, res, seen: Map::new(), held: Vec::new() };
    for step in program.as_array().ok_or_else(|| Error::new("the steps are no list"))? {
        run(&Step::new(step), &mut invocation).await?;
    }
    Ok(())
}

fn program(req: &Request) -> Result<Value, Error> {
    if let Some(steps) = req.payload.get("steps") {
        return Ok(steps.clone());
    }
    match req.headers.get("x-conformance-steps") {
        Some(text) => Ok(serde_json::from_str(text)?),
        None => Ok(json!([{"do": "report"}])),
    }
}

async fn run(step: &Step<'_>, invocation: &mut Invocation<'_>) -> Result<(), Error> {
    match step.name() {
        "send" => reply::send(step, invocation),
        "json" => reply::json(step, invocation),
        "report" => reply::report(invocation),
        "echo" => reply::echo(invocation),
        "again" => reply::again(step, invocation),
        "await" => time::wait(step).await,
        "block" => time::block(step),
        "spin" => time::spin(step),
        "meet" => time::meet(step).await,
        "log" => speak::log(step, invocation),
        "error" => speak::error(step, invocation),
        "print" => speak::print(step),
        "flood" => speak::flood(step),
        "bytes" => speak::bytes(step),
        "throw" => misbehave::throw(step),
        "background" => misbehave::background(step),
        "background_log" => misbehave::background_log(step, invocation),
        "exit" => misbehave::exit(step).await,
        "allocate" => misbehave::allocate(step, invocation),
        // Compiled code can't be replaced.
        "patch" => Ok(()),
        "mutate" => misbehave::mutate(step, invocation),
        "count" => look::count(invocation),
        "getenv" => look::getenv(step, invocation),
        "find_secret" => look::find_secret(step, invocation),
        "write" => look::write(step, invocation),
        "fetch" => look::fetch(step, invocation).await,
        "files" => look::files(invocation),
        "dependency" => look::dependency(invocation),
        _ => Err(step.unknown()),
    }
}
