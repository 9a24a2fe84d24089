package slipway.server

/** The contract's names and numbers that this server needs; conformance/contract.yaml is their origin. */
internal object Contract {
    const val SECRET = "x-runtime-secret"
    const val MODE = "x-runtime-mode"
    const val TIMEOUT = "x-runtime-timeout"
    const val INVOCATION = "x-runtime-invocation-id"
    const val RESULT = "x-runtime-result"
    const val ERROR = "x-runtime-error"
    const val TRACE = "traceparent"
    const val RESERVED_PREFIX = "x-runtime-"
    const val RESERVED_VARIABLES = "RUNTIME_"

    const val HEALTH = "/_runtime/health"
    const val READY = "/_runtime/ready"

    const val HEADER_BYTES = 16_384
    const val HEADER_LINES = 100
    const val STALL_NANOSECONDS = 10_000_000_000
    const val RESULT_LOG_BYTES = 1_048_576
    const val LOG_MESSAGE_BYTES = 1_048_576
    const val INVOCATION_ID_BYTES = 64

    /** Headers that belong to one connection, neither passed on to a function nor taken from it. */
    val HOP_BY_HOP =
        setOf(
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        )
}

/** The runtime's own errors. */
internal enum class Code(
    val text: String,
    val status: Int,
) {
    INVALID_JSON("invalid_json", 400),
    INVALID_ENVELOPE("invalid_envelope", 400),
    INVALID_HEADER("invalid_header", 400),
    BAD_REQUEST("bad_request", 400),
    UNAUTHORIZED("unauthorized", 401),
    NOT_FOUND("not_found", 404),
    METHOD_NOT_ALLOWED("method_not_allowed", 405),
    PAYLOAD_TOO_LARGE("payload_too_large", 413),
    UNSUPPORTED_MEDIA_TYPE("unsupported_media_type", 415),
    HEADERS_TOO_LARGE("headers_too_large", 431),
    FUNCTION_ERROR("function_error", 500),
    NO_RESPONSE("no_response", 500),
    INVALID_RESPONSE("invalid_response", 500),
    FUNCTION_NOT_LOADED("function_not_loaded", 503),
    OVERLOADED("overloaded", 503),
    SHUTTING_DOWN("shutting_down", 503),
    TIMEOUT("timeout", 504),
}

/** One of the runtime's own errors as an answer. It has no stack: nobody looks at where a refusal comes from. */
internal class Refusal(
    val code: Code,
    message: String,
) : Exception(message, null, false, false) {
    val text: String get() = message.orEmpty()
}
