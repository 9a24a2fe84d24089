//! Steps that look.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use heck::ToUpperCamelCase as _;
use serde_json::{Value, json};
use slipway::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Invocation;
use crate::arguments::Step;

static COUNT: AtomicU64 = AtomicU64::new(0);

pub fn count(invocation: &mut Invocation<'_>) -> Result<(), Error> {
    let count = COUNT.fetch_add(1, Ordering::SeqCst) + 1;
    invocation.seen.insert(String::from("count"), count.into());
    Ok(())
}

pub fn getenv(step: &Step<'_>, invocation: &mut Invocation<'_>) -> Result<(), Error> {
    let name = step.text("name")?;
    add(invocation, "getenv", name, std::env::var(name).ok().into());
    Ok(())
}

pub fn find_secret(step: &Step<'_>, invocation: &mut Invocation<'_>) -> Result<(), Error> {
    let secret: String = step.text("reversed")?.chars().rev().collect();
    let req = &invocation.req;
    let mut places = Vec::new();
    let mut look = |place: &str, text: &str| {
        if text.contains(&secret) {
            places.push(place.to_owned());
        }
    };
    look("req.headers", &format!("{:?}", req.headers));
    look("req.env", &format!("{:?}", req.env));
    for (name, value) in std::env::vars_os() {
        look("process.env", &format!("{}={}", name.to_string_lossy(), value.to_string_lossy()));
    }
    for entry in fs::read_dir("/proc")?.flatten() {
        let process = entry.file_name().to_string_lossy().into_owned();
        if !process.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        for file in ["environ", "cmdline"] {
            let path = format!("/proc/{process}/{file}");
            // Another user's process, or one that has just ended, can't be read.
            if let Ok(bytes) = fs::read(&path) {
                look(&path, &String::from_utf8_lossy(&bytes));
            }
        }
    }
    invocation.seen.insert(String::from("secret"), json!(places));
    Ok(())
}

pub fn write(step: &Step<'_>, invocation: &mut Invocation<'_>) -> Result<(), Error> {
    let path = step.text("path")?;
    let outcome = match fs::write(path, "written by the conformance function\n") {
        Ok(()) => String::from("written"),
        Err(error) => error.to_string(),
    };
    add(invocation, "write", path, outcome.into());
    Ok(())
}

pub async fn fetch(step: &Step<'_>, invocation: &mut Invocation<'_>) -> Result<(), Error> {
    let port = u16::try_from(step.count("port", 0)?)?;
    let limit = step.milliseconds("timeout_ms")?;
    let outcome = match timeout(limit, TcpStream::connect((step.text("host")?, port))).await {
        Ok(Ok(_)) => String::from("connected"),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no connection within {} ms", limit.as_millis()),
    };
    invocation.seen.insert(String::from("fetch"), outcome.into());
    Ok(())
}

pub fn files(invocation: &mut Invocation<'_>) -> Result<(), Error> {
    let count = fs::read_dir("/proc/self/fd")?.count();
    invocation.seen.insert(String::from("files"), count.into());
    Ok(())
}

pub fn dependency(invocation: &mut Invocation<'_>) -> Result<(), Error> {
    invocation.seen.insert(String::from("dependency"), "from a dependency".to_upper_camel_case().into());
    Ok(())
}

fn add(invocation: &mut Invocation<'_>, member: &str, name: &str, value: Value) {
    let object = invocation.seen.entry(member).or_insert_with(|| json!({}));
    object[name] = value;
}
