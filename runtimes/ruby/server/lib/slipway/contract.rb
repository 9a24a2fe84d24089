# frozen_string_literal: true

module Slipway
  # The contract's names and numbers that this server needs; conformance/contract.yaml is their origin.
  module Contract
    module Header
      SECRET = "x-runtime-secret"
      MODE = "x-runtime-mode"
      TIMEOUT = "x-runtime-timeout"
      INVOCATION = "x-runtime-invocation-id"
      RESULT = "x-runtime-result"
      ERROR = "x-runtime-error"
      TRACE = "traceparent"
      RESERVED_PREFIX = "x-runtime-"
    end

    HEALTH = "/_runtime/health"
    READY = "/_runtime/ready"

    STATUS = {
      "invalid_json" => 400,
      "invalid_envelope" => 400,
      "invalid_header" => 400,
      "bad_request" => 400,
      "unauthorized" => 401,
      "not_found" => 404,
      "method_not_allowed" => 405,
      "payload_too_large" => 413,
      "unsupported_media_type" => 415,
      "headers_too_large" => 431,
      "function_error" => 500,
      "no_response" => 500,
      "invalid_response" => 500,
      "function_not_loaded" => 503,
      "overloaded" => 503,
      "shutting_down" => 503,
      "timeout" => 504
    }.freeze

    MOST_HEADER_BYTES = 16_384
    MOST_HEADER_LINES = 100
    STALL_SECONDS = 10
    MOST_RESULT_LOG_BYTES = 1_048_576
    MOST_LINE_BYTES = 1_048_576
    INVOCATION_ID = /\A[A-Za-z0-9._-]{1,64}\z/
    CONFIGURATION_EXIT = 78

    # What belongs to one connection: neither passed on to a function nor taken from it.
    HOP_BY_HOP = %w[
      connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade
    ].to_h { |name| [name, true] }.freeze
  end
end
