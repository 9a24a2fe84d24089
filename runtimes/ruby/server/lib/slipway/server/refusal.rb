# frozen_string_literal: true

require_relative "../contract"

module Slipway
  module Server
    # Why the runtime answers for the function: a code of the contract, and a message for the caller.
    class Refusal < StandardError
      attr_reader :code, :fields

      # *fields* are more header lines.
      def initialize(code, message, fields = "")
        super(message)
        @code = code
        @fields = fields
      end

      class << self
        def malformed(what)
          new("bad_request", "this is not HTTP/1.1: #{what}")
        end

        def headers_too_large
          new("headers_too_large",
              "headers may have #{Contract::MOST_HEADER_BYTES} bytes in #{Contract::MOST_HEADER_LINES} lines")
        end

        def body_too_large(most)
          new("payload_too_large", "a body may have #{most} bytes")
        end

        def header(name, wanted)
          new("invalid_header", "#{name} must be #{wanted}")
        end

        def overloaded
          new("overloaded", "every invocation slot is taken", "retry-after: 1\r\n")
        end

        def shutting_down
          new("shutting_down", "the runtime is shutting down")
        end

        def not_loaded
          new("function_not_loaded", "the function could not be loaded; the log says why")
        end
      end
    end
  end
end
