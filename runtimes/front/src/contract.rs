//! The names and numbers of contract.yaml that this side needs.

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

/// What concerns one connection only; `connection` may name more.
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

/// Declares the codes of the runtime's own errors with their names and statuses.
macro_rules! codes {
    ($($code:ident $name:literal $status:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($code,)*
        }

        impl Code {
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }

            pub fn status(self) -> u16 {
                match self {
                    $(Self::$code => $status,)*
                }
            }

            /// The code of this name.
            pub fn named(name: &[u8]) -> Option<Self> {
                [$(Self::$code,)*].into_iter().find(|code| code.name().as_bytes() == name)
            }
        }
    };
}

codes! {
    InvalidJson "invalid_json" 400,
    InvalidEnvelope "invalid_envelope" 400,
    InvalidHeader "invalid_header" 400,
    BadRequest "bad_request" 400,
    Unauthorized "unauthorized" 401,
    NotFound "not_found" 404,
    MethodNotAllowed "method_not_allowed" 405,
    PayloadTooLarge "payload_too_large" 413,
    UnsupportedMediaType "unsupported_media_type" 415,
    HeadersTooLarge "headers_too_large" 431,
    FunctionError "function_error" 500,
    NoResponse "no_response" 500,
    InvalidResponse "invalid_response" 500,
    FunctionNotLoaded "function_not_loaded" 503,
    Overloaded "overloaded" 503,
    ShuttingDown "shutting_down" 503,
    Timeout "timeout" 504,
}
