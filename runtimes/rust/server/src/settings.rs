//! The environment, read once, at start. What can't be read is refused, with a line that names the variable.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::Read;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::FromRawFd;
use std::str::FromStr;
use std::time::Duration;

use crate::contract::RESERVED_VARIABLES;

pub struct Settings {
    /// As it was given, for the line that says where it listens.
    pub host: String,
    pub port: u16,
    pub address: SocketAddr,
    pub secret: Vec<u8>,
    pub development: bool,
    pub timeout: Duration,
    pub grace: Duration,
    pub max_body: usize,
    pub concurrency: usize,
    /// What every function sees of the environment.
    pub env: &'static BTreeMap<String, String>,
}

/// Nobody means to wait for longer, and every clock can still be added to.
const LONGEST_SECONDS: f64 = 1e9;
/// Each invocation may hold a thread.
const MOST_AT_ONCE: usize = 4096;

impl Settings {
    /// Also takes the runtime's own variables out of the environment: they are none of the function's business.
    pub fn from_environment() -> Result<Self, String> {
        let host = env::var("RUNTIME_HOST").unwrap_or_else(|_| String::from("0.0.0.0"));
        let port = whole("RUNTIME_PORT", 3000, 1..=usize::from(u16::MAX))?;
        let port = u16::try_from(port).expect("the range was checked");
        let address = (host.trim_matches(['[', ']']), port)
            .to_socket_addrs()
            .ok()
            .and_then(|mut found| found.next())
            .ok_or_else(|| format!("RUNTIME_HOST is {host:?}: an address to listen on is wanted"))?;
        // More processes would not be faster: one uses every core.
        whole("RUNTIME_WORKERS", 1, 1..=1024)?;
        let settings = Self {
            port,
            address,
            secret: secret()?,
            development: env::var("RUNTIME_ENV").is_ok_and(|value| value == "development"),
            timeout: seconds("RUNTIME_TIMEOUT", 30.0)?,
            grace: seconds("RUNTIME_GRACE", 10.0)?,
            max_body: whole("RUNTIME_MAX_BODY", 20 * 1024 * 1024, 1..=isize::MAX as usize)?,
            concurrency: whole("RUNTIME_CONCURRENCY", 100, 1..=MOST_AT_ONCE)?,
            host,
            env: own_variables_removed(),
        };
        Ok(settings)
    }
}

/// Read once, and kept as long as the process is there.
fn own_variables_removed() -> &'static BTreeMap<String, String> {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with(RESERVED_VARIABLES) {
            // SAFETY: there is one thread yet.
            unsafe { env::remove_var(&name) };
        }
    }
    let variables = env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
    Box::leak(Box::new(variables.collect()))
}

/// From the descriptor that launch.sh opened, from the variable, or else from a file.
fn secret() -> Result<Vec<u8>, String> {
    let mut secret = Vec::new();
    if let Some(descriptor) = given("RUNTIME_SECRET_FD") {
        let descriptor = descriptor
            .parse::<i32>()
            .map_err(|_| format!("RUNTIME_SECRET_FD is {descriptor:?}: a descriptor is wanted"))?;
        // SAFETY: launch.sh opened it for this process, and nobody else uses it.
        let mut file = unsafe { File::from_raw_fd(descriptor) };
        file.read_to_end(&mut secret).map_err(|error| format!("the secret can't be read: {error}"))?;
        less_line_break(&mut secret);
    } else if let Some(value) = given("RUNTIME_SECRET") {
        secret = value.into_bytes();
    } else if let Some(path) = given("RUNTIME_SECRET_FILE") {
        secret = std::fs::read(&path)
            .map_err(|error| format!("RUNTIME_SECRET_FILE, {path}, can't be read: {error}"))?;
        less_line_break(&mut secret);
    }
    if secret.is_empty() {
        return Err(String::from(
            "there is no secret: set RUNTIME_SECRET, or RUNTIME_SECRET_FILE to a file that holds it",
        ));
    }
    Ok(secret)
}

fn less_line_break(secret: &mut Vec<u8>) {
    if secret.ends_with(b"\n") {
        secret.pop();
        if secret.ends_with(b"\r") {
            secret.pop();
        }
    }
}

/// The variable's value, unless it is missing or empty.
fn given(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn whole(name: &str, default: usize, range: std::ops::RangeInclusive<usize>) -> Result<usize, String> {
    let Ok(text) = env::var(name) else { return Ok(default) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let value = usize::from_str(&text).ok().filter(|value| digits && range.contains(value));
    value.ok_or_else(|| {
        format!("{name} is {text:?}: a whole number from {} to {} is wanted", range.start(), range.end())
    })
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
    let value = (digits(whole) && digits(fraction)).then(|| text.parse::<f64>().ok())??;
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
            less_line_break(&mut secret);
            assert_eq!(secret, wanted.as_bytes());
        }
    }
}
