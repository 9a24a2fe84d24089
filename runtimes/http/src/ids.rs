//! Ids of invocations whose callers name none.

use std::process;
use std::time::UNIX_EPOCH;

/// What such an id begins with. Time and process tell this server from all others.
pub fn prefix() -> String {
    let since = UNIX_EPOCH.elapsed().unwrap_or_default();
    format!("{:x}{:05x}-", since.as_micros(), process::id() & 0xf_ffff)
}
