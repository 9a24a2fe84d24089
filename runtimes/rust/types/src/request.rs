//! What a function is called with.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::{Deref, DerefMut};
use std::time::SystemTime;

use bytes::Bytes;
use serde_json::Value;

use crate::Logger;

/// Header names in lower case, several fields of one name joined.
pub type Headers = BTreeMap<String, String>;

/// The decoded query: each name with its values in order.
pub type Query = BTreeMap<String, Vec<String>>;

/// One invocation's input. It is the function's own: whatever is changed in it, nobody else sees.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: Query,
    pub headers: Headers,
    /// The envelope's payload; in raw mode the body, parsed where it is JSON, a string where it is text.
    pub payload: Value,
    /// The container's variables, overlaid with the invocation's.
    pub env: Env,
    /// In raw mode the exact bytes received, under the envelope those of a payload that is a string.
    pub body: Bytes,
    pub id: String,
    /// When the runtime stops waiting.
    pub deadline: SystemTime,
    logger: Logger,
}

impl Request {
    /// A request with nothing in it; the members are set one by one.
    pub fn new(id: String, deadline: SystemTime, logger: Logger) -> Self {
        Self {
            method: String::from("POST"),
            path: String::from("/"),
            query: Query::new(),
            headers: Headers::new(),
            payload: Value::Null,
            env: Env::default(),
            body: Bytes::new(),
            id,
            deadline,
            logger,
        }
    }

    /// Writes a line of level info to the log, under this invocation.
    pub fn log(&self, message: impl Display) {
        self.logger.log(message);
    }

    /// Writes a line of level error to the log, under this invocation.
    pub fn error(&self, message: impl Display) {
        self.logger.error(message);
    }

    /// Writes lines under this invocation from elsewhere, such as a task.
    pub fn logger(&self) -> Logger {
        self.logger.clone()
    }
}

impl Default for Request {
    /// For a function's own tests: `Request { payload: json!(…), ..Request::default() }` needs a module of this crate,
    /// so set the members of a `let mut req = Request::default()`.
    fn default() -> Self {
        Self::new(
            String::from("test"),
            SystemTime::now() + std::time::Duration::from_secs(30),
            Logger::default(),
        )
    }
}

/// Variables by name. Those of the container are borrowed until one is set: an invocation that only reads copies nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Env(Cow<'static, BTreeMap<String, String>>);

impl Env {
    /// Variables that many requests see, each as its own.
    pub fn shared(variables: &'static BTreeMap<String, String>) -> Self {
        Self(Cow::Borrowed(variables))
    }
}

impl FromIterator<(String, String)> for Env {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(Cow::Owned(variables.into_iter().collect()))
    }
}

impl Deref for Env {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Env {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.to_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_env_that_is_changed_leaves_its_original_alone() {
        let variables = BTreeMap::from([(String::from("A"), String::from("1"))]);
        let original = Env::shared(Box::leak(Box::new(variables)));
        let mut copy = original.clone();
        copy.insert(String::from("A"), String::from("2"));
        assert_eq!(original["A"], "1");
        assert_eq!(copy["A"], "2");
    }
}
