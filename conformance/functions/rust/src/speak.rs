//! Steps that speak.

use std::io::Write as _;

use slipway::Error;

use crate::Invocation;
use crate::arguments::Step;

pub fn log(step: &Step<'_>, invocation: &Invocation<'_>) -> Result<(), Error> {
    let message = step.text("message")?;
    for _ in 0..step.count("times", 1)? {
        invocation.req.log(message);
    }
    Ok(())
}

pub fn error(step: &Step<'_>, invocation: &Invocation<'_>) -> Result<(), Error> {
    let message = step.text("message")?;
    for _ in 0..step.count("times", 1)? {
        invocation.req.error(message);
    }
    Ok(())
}

pub fn print(step: &Step<'_>) -> Result<(), Error> {
    let text = step.text("text")?;
    for _ in 0..step.count("times", 1)? {
        match step.optional_text("to")?.unwrap_or("out") {
            "out" => println!("{text}"),
            "err" => eprintln!("{text}"),
            _ => return Err(step.unknown()),
        }
    }
    Ok(())
}

pub fn flood(step: &Step<'_>) -> Result<(), Error> {
    let line = step.count("line", 100)?.max(1);
    let text = "x".repeat(usize::try_from(line - 1)?);
    for _ in 0..step.count("bytes", 0)?.div_ceil(line) {
        println!("{text}");
    }
    Ok(())
}

pub fn bytes(step: &Step<'_>) -> Result<(), Error> {
    let mut bytes = step.bytes("base64")?.ok_or_else(|| step.unknown())?;
    bytes.push(b'\n');
    std::io::stdout().write_all(&bytes)?;
    Ok(())
}
