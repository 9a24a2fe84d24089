//! Steps that misbehave.

use std::time::Duration;

use serde_json::Value;
use slipway::Error;

use crate::Invocation;
use crate::arguments::Step;

const MEBIBYTE: usize = 1024 * 1024;

pub fn throw(step: &Step<'_>) -> Result<(), Error> {
    Err(Error::new(step.text("message")?))
}

pub fn background(step: &Step<'_>) -> Result<(), Error> {
    let (delay, message) = (step.milliseconds("ms")?, step.text("message")?.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        panic!("{message}");
    });
    Ok(())
}

pub fn background_log(step: &Step<'_>, invocation: &Invocation<'_>) -> Result<(), Error> {
    let (delay, message) = (step.milliseconds("ms")?, step.text("message")?.to_owned());
    let logger = invocation.req.logger();
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        logger.log(message);
    });
    Ok(())
}

pub async fn exit(step: &Step<'_>) -> Result<(), Error> {
    match step.text("how")? {
        "exit" => std::process::exit(7),
        "abort" => std::process::abort(),
        // SAFETY: a plain system call.
        "kill" => unsafe { libc::kill(libc::getpid(), libc::SIGKILL) },
        _ => return Err(step.unknown()),
    };
    // A signal takes effect a moment after it was sent.
    tokio::time::sleep(Duration::from_secs(60)).await;
    Ok(())
}

pub fn allocate(step: &Step<'_>, invocation: &mut Invocation<'_>) -> Result<(), Error> {
    let wanted = step.optional_number("mb")?;
    while wanted.is_none_or(|mb| (invocation.held.len() as f64) < mb) {
        invocation.held.push(vec![1; MEBIBYTE]);
    }
    Ok(())
}

pub fn mutate(step: &Step<'_>, invocation: &mut Invocation<'_>) -> Result<(), Error> {
    let (name, value) = (step.text("name")?.to_owned(), step.text("value")?.to_owned());
    // SAFETY: it isn't: another thread may read the environment just then. The step is there to do it all the same.
    unsafe { std::env::set_var(&name, &value) };
    let req = &mut invocation.req;
    req.headers.insert(name.clone(), value.clone());
    req.env.insert(name.clone(), value.clone());
    if let Value::Object(payload) = &mut req.payload {
        payload.insert(name, value.into());
    }
    Ok(())
}
