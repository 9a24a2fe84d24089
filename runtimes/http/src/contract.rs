//! The names and numbers of contract.yaml that the servers need.

use std::time::Duration;

use hyper::StatusCode;

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

/// Declares the codes of the runtime's own errors with their names and statuses.
macro_rules! codes {
    ($($code:ident $name:literal $status:ident,)*) => {
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

            pub fn status(self) -> StatusCode {
                match self {
                    $(Self::$code => StatusCode::$status,)*
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
    InvalidJson "invalid_json" BAD_REQUEST,
    InvalidEnvelope "invalid_envelope" BAD_REQUEST,
    InvalidHeader "invalid_header" BAD_REQUEST,
    BadRequest "bad_request" BAD_REQUEST,
    Unauthorized "unauthorized" UNAUTHORIZED,
    NotFound "not_found" NOT_FOUND,
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED,
    PayloadTooLarge "payload_too_large" PAYLOAD_TOO_LARGE,
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE,
    HeadersTooLarge "headers_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE,
    FunctionError "function_error" INTERNAL_SERVER_ERROR,
    NoResponse "no_response" INTERNAL_SERVER_ERROR,
    InvalidResponse "invalid_response" INTERNAL_SERVER_ERROR,
    FunctionNotLoaded "function_not_loaded" SERVICE_UNAVAILABLE,
    Overloaded "overloaded" SERVICE_UNAVAILABLE,
    ShuttingDown "shutting_down" SERVICE_UNAVAILABLE,
    Timeout "timeout" GATEWAY_TIMEOUT,
}
