//! The arguments of a step: one of the wrong type makes the step unknown.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use slipway::Error;

pub struct Step<'a>(&'a Value);

impl<'a> Step<'a> {
    pub fn new(step: &'a Value) -> Self {
        Self(step)
    }

    pub fn name(&self) -> &'a str {
        self.get("do").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn unknown(&self) -> Error {
        let name = match self.get("do") {
            Some(Value::String(name)) => name.clone(),
            Some(other) => other.to_string(),
            None => String::from("nothing"),
        };
        Error::new(format_args!("unknown step: {name}"))
    }

    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name)
    }

    pub fn text(&self, name: &str) -> Result<&'a str, Error> {
        self.optional_text(name)?.ok_or_else(|| self.unknown())
    }

    pub fn optional_text(&self, name: &str) -> Result<Option<&'a str>, Error> {
        self.optional(name, Value::as_str)
    }

    pub fn number(&self, name: &str) -> Result<f64, Error> {
        self.optional_number(name)?.ok_or_else(|| self.unknown())
    }

    pub fn optional_number(&self, name: &str) -> Result<Option<f64>, Error> {
        self.optional(name, Value::as_f64)
    }

    pub fn count(&self, name: &str, default: u64) -> Result<u64, Error> {
        Ok(self.optional(name, Value::as_u64)?.unwrap_or(default))
    }

    pub fn milliseconds(&self, name: &str) -> Result<Duration, Error> {
        Duration::try_from_secs_f64(self.number(name)? / 1000.0).map_err(|_| self.unknown())
    }

    pub fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, Error> {
        self.optional(name, Value::as_object)
    }

    pub fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let encoded = self.optional_text(name)?;
        encoded.map(|text| STANDARD.decode(text).map_err(|_| self.unknown())).transpose()
    }

    fn optional<T>(&self, name: &str, read: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>, Error> {
        self.get(name).map(|value| read(value).ok_or_else(|| self.unknown())).transpose()
    }
}
