//! The environment, read once, at start. What can't be read is refused with a line that names the variable.

use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::os::fd::FromRawFd;
use std::time::Duration;

pub struct Settings {
    /// As it was given, for the line that says where it listens.
    pub host: String,
    pub address: SocketAddr,
    pub secret: Vec<u8>,
    pub development: bool,
    pub timeout: Duration,
    pub grace: Duration,
    pub max_body: usize,
    pub concurrency: usize,
    /// Function processes, where each runs many invocations.
    pub workers: usize,
}

/// What a server can take at most.
pub struct Most {
    pub body: usize,
    pub concurrency: usize,
}

/// Nobody means to wait for longer, and every clock can still be added to.
const LONGEST_SECONDS: f64 = 1e9;

impl Settings {
    pub fn from_environment(most: &Most) -> Result<Self, String> {
        let host = env::var("RUNTIME_HOST").unwrap_or_else(|_| String::from("0.0.0.0"));
        let port = u16::try_from(whole("RUNTIME_PORT", 3000, 1..=usize::from(u16::MAX))?)
            .map_err(|error| error.to_string())?;
        let address = (host.trim_matches(['[', ']']), port)
            .to_socket_addrs()
            .ok()
            .and_then(|mut found| found.next())
            .ok_or_else(|| format!("RUNTIME_HOST is {host:?}: an address to listen on is wanted"))?;
        Ok(Self {
            address,
            secret: secret()?,
            development: env::var("RUNTIME_ENV").is_ok_and(|value| value == "development"),
            timeout: seconds("RUNTIME_TIMEOUT", 30.0)?,
            grace: seconds("RUNTIME_GRACE", 10.0)?,
            max_body: whole("RUNTIME_MAX_BODY", 20 * 1024 * 1024, 1..=most.body)?,
            concurrency: whole("RUNTIME_CONCURRENCY", 100, 1..=most.concurrency)?,
            host,
            workers: whole("RUNTIME_WORKERS", 1, 1..=1024)?,
        })
    }
}

/// From the descriptor that launch.sh opened, from the variable, or else from a file.
fn secret() -> Result<Vec<u8>, String> {
    let mut secret = Vec::new();
    if let Some(descriptor) = given("RUNTIME_SECRET_FD") {
        let number = descriptor
            .parse::<i32>()
            .map_err(|_| format!("RUNTIME_SECRET_FD is {descriptor:?}: a descriptor is wanted"))?;
        // SAFETY: launch.sh opened it for this process, and nobody else uses it.
        let mut pipe = unsafe { File::from_raw_fd(number) };
        pipe.read_to_end(&mut secret).map_err(|error| format!("the secret can't be read: {error}"))?;
        strip_line_break(&mut secret);
    } else if let Some(value) = given("RUNTIME_SECRET") {
        secret = value.into_bytes();
    } else if let Some(path) = given("RUNTIME_SECRET_FILE") {
        secret = fs::read(&path)
            .map_err(|error| format!("RUNTIME_SECRET_FILE is {path:?}, which can't be read: {error}"))?;
        strip_line_break(&mut secret);
    }
    if secret.is_empty() {
        let message =
            "there is no secret: set RUNTIME_SECRET, or RUNTIME_SECRET_FILE to a file that holds it";
        return Err(String::from(message));
    }
    Ok(secret)
}

fn strip_line_break(secret: &mut Vec<u8>) {
    if secret.ends_with(b"\n") {
        secret.pop();
        if secret.ends_with(b"\r") {
            secret.pop();
        }
    }
}

/// The variable's value, unless it is missing or empty.
pub fn given(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn whole(name: &str, default: usize, range: RangeInclusive<usize>) -> Result<usize, String> {
    let Ok(text) = env::var(name) else { return Ok(default) };
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let (least, most) = (range.start(), range.end());
    let wanted = || format!("{name} is {text:?}: a whole number from {least} to {most} is wanted");
    text.parse().ok().filter(|value| plain && range.contains(value)).ok_or_else(wanted)
}

fn seconds(name: &str, default: f64) -> Result<Duration, String> {
    let Ok(text) = env::var(name) else { return Ok(Duration::from_secs_f64(default)) };
    decimal(&text)
        .filter(|value| *value <= LONGEST_SECONDS)
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("{name} is {text:?}: a positive decimal number of seconds is wanted"))
}

/// A positive decimal: digits, and a fraction where there is one; no sign, no exponent.
pub fn decimal(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let value: f64 = (digits(whole) && digits(fraction)).then(|| text.parse().ok())??;
    // One nanosecond is the least that a deadline can be told from now.
    (value >= 1e-9 && value.is_finite()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_plain_and_positive() {
        for (text, value) in [("5", 5.0), ("05", 5.0), ("0.75", 0.75), ("29.5", 29.5)] {
            assert_eq!(decimal(text), Some(value), "{text}");
        }
        for text in
            ["", "0", "0.0", "-1", "+1", "1e3", "NaN", "inf", "1s", "1 2", ".5", "5.", "0x10", "1.2.3"]
        {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn one_line_break_belongs_to_the_file() {
        for (file, wanted) in [("s\n", "s"), ("s\r\n", "s"), ("s\n\n", "s\n"), ("s", "s"), ("\n", "")] {
            let mut secret = file.as_bytes().to_vec();
            strip_line_break(&mut secret);
            assert_eq!(secret, wanted.as_bytes());
        }
    }
}
