//! What a function sees of the environment.

use std::collections::BTreeMap;
use std::env;

use slipway_http::contract::RESERVED_VARIABLES;

pub type Environment = BTreeMap<String, String>;

/// Takes the runtime's own variables out of the environment, as they are none of the function's business. The others are read
/// once, and kept as long as the process is there.
pub fn without_own_variables() -> &'static Environment {
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
