//! The names and numbers of contract.yaml that this server needs.

use std::time::Duration;

pub const SECRET: &str = "x-runtime-secret";
pub const MODE: &str = "x-runtime-mode";
pub const TIMEOUT: &str = "x-runtime-timeout";
pub const INVOCATION: &str = "x-runtime-invocation-id";
pub const RESULT: &str = "x-runtime-result";
pub const ERROR: &str = "x-runtime-error";
pub const TRACE: &str = "traceparent";
pub const RESERVED_PREFIX: &str = "x-runtime-";
pub const RESERVED_VARIABLES: &str = "RUNTIME_";

pub const HEALTH: &str = "/_runtime/health";
pub const READY: &str = "/_runtime/ready";

pub const HEADER_BYTES: usize = 16 * 1024;
pub const HEADER_LINES: usize = 100;
pub const STALL: Duration = Duration::from_secs(10);
pub const RESULT_LOG_BYTES: usize = 1024 * 1024;
pub const INVOCATION_ID_BYTES: usize = 64;
pub const CONFIGURATION_EXIT: u8 = 78;

/// What concerns one connection only, RFC 9110 7.6.1; `connection` may name more.
pub const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The runtime's own errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    InvalidJson,
    InvalidEnvelope,
    InvalidHeader,
    BadRequest,
    Unauthorized,
    NotFound,
    MethodNotAllowed,
    PayloadTooLarge,
    UnsupportedMediaType,
    HeadersTooLarge,
    FunctionError,
    NoResponse,
    InvalidResponse,
    FunctionNotLoaded,
    Overloaded,
    ShuttingDown,
    Timeout,
}

impl Code {
    pub fn name(self) -> &'static str {
        self.row().0
    }

    pub fn status(self) -> u16 {
        self.row().1
    }

    fn row(self) -> (&'static str, u16) {
        match self {
            Self::InvalidJson => ("invalid_json", 400),
            Self::InvalidEnvelope => ("invalid_envelope", 400),
            Self::InvalidHeader => ("invalid_header", 400),
            Self::BadRequest => ("bad_request", 400),
            Self::Unauthorized => ("unauthorized", 401),
            Self::NotFound => ("not_found", 404),
            Self::MethodNotAllowed => ("method_not_allowed", 405),
            Self::PayloadTooLarge => ("payload_too_large", 413),
            Self::UnsupportedMediaType => ("unsupported_media_type", 415),
            Self::HeadersTooLarge => ("headers_too_large", 431),
            Self::FunctionError => ("function_error", 500),
            Self::NoResponse => ("no_response", 500),
            Self::InvalidResponse => ("invalid_response", 500),
            Self::FunctionNotLoaded => ("function_not_loaded", 503),
            Self::Overloaded => ("overloaded", 503),
            Self::ShuttingDown => ("shutting_down", 503),
            Self::Timeout => ("timeout", 504),
        }
    }
}
