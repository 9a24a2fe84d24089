# frozen_string_literal: true

require_relative "../frames"
require_relative "../trace"
require_relative "query"
require_relative "values"

module Slipway
  # What a function gets to know of its caller.
  class Request
    # The runtime can't call the function: an error code of the contract and a message.
    class Refused < StandardError
      attr_reader :code

      def initialize(code, message)
        super(message)
        @code = code
      end
    end

    ENVIRONMENT = ENV.to_h.freeze
    MEMBERS = { "headers" => Hash, "env" => Hash, "method" => String, "path" => String, "query" => String }.freeze
    NONE = {}.freeze
    private_constant :ENVIRONMENT, :MEMBERS, :NONE

    attr_reader :payload, :method, :path

    # *data* are the bytes of an invoke frame.
    def initialize(number, data, output)
      @number = number
      @output = output
      # What few functions look at is read when it is looked at.
      @data = data
      at = data.getbyte(9) + 14
      if data.getbyte(0) == Frames::RAW
        head = data.unpack1("N", offset: at - 4)
        raw(data.byteslice(at, head), data.byteslice(at + head, data.bytesize))
      else
        envelope(data.byteslice(at, data.bytesize))
      end
    end

    # What the log and the answer name it by.
    def id
      @id ||= @data.byteslice(10, @data.getbyte(9)).force_encoding(Encoding::UTF_8)
    end

    # The exact bytes in raw mode; under the envelope those of a payload that is a string.
    def body
      @body ||= @payload.is_a?(String) ? @payload.b : "".b
    end

    # When the invocation will be ended.
    def deadline
      Time.at(@data.unpack1("G", offset: 1) / 1000)
    end

    # Names in lower case to values.
    def headers
      @headers ||= join(@own_headers)
    end

    # The container's environment, overlaid with the envelope's.
    def env
      @env ||= ENVIRONMENT.merge(@own_env)
    end

    # Names to lists of values, decoded.
    def query
      @query ||= Function::Query.decode(@raw_query)
    end

    # A line of the log, under this invocation.
    def log(message)
      @output.log(@number, Frames::INFO, message.to_s)
    end

    # The same as an error.
    def error(message)
      @output.log(@number, Frames::ERROR, message.to_s)
    end

    def inspect
      "#<#{self.class} #{id} #{@method} #{@path}>"
    end

    private

    def envelope(bytes)
      envelope = decode(bytes)
      raise Refused.new("invalid_envelope", "the envelope must be an object") unless envelope.is_a?(Hash)

      @payload = envelope["payload"]
      check(envelope) if envelope.size > (envelope.key?("payload") ? 1 : 0)
      @method = envelope["method"] || "POST"
      @path = envelope["path"] || "/"
      @raw_query = envelope["query"] || ""
      @own_env = envelope["env"] || NONE
      @own_headers = envelope["headers"] || NONE
      tell_trace unless @own_headers.empty?
    end

    def check(envelope)
      MEMBERS.each do |name, kind|
        next unless envelope.key?(name)

        value = envelope[name]
        next if value.is_a?(kind) && (kind == String || value.each_value.all?(String))

        wanted = kind == String ? "a string" : "an object of strings"
        raise Refused.new("invalid_envelope", "#{name} must be #{wanted}")
      end
    end

    def tell_trace
      parent = headers["traceparent"]
      trace = parent && Trace.id(parent)
      @output.trace(@number, trace) if trace
    end

    def raw(head, body)
      head = Function::Values.decode(head)
      @method, @path, @raw_query, @own_headers = head.values_at("method", "path", "query", "headers")
      @own_env = NONE
      @body = body
      @payload = raw_payload(headers.fetch("content-type", "").split(";").first.to_s.strip.downcase, body)
    end

    def raw_payload(type, body)
      if type == "application/json" || type.end_with?("+json")
        decode(body.dup) unless body.empty?
      elsif type.start_with?("text/")
        String.new(body, encoding: Encoding::UTF_8).scrub("\ufffd")
      end
    end

    def decode(bytes)
      Function::Values.decode(bytes)
    rescue Function::Values::NotJson => e
      raise Refused.new("invalid_json", "the body is not JSON: #{e.message}")
    end

    # Several fields of a name become one, as HTTP says.
    def join(fields)
      fields.each_with_object({}) do |(given, value), headers|
        name = given.downcase
        next if name == "x-runtime-secret"

        known = headers[name]
        between = name == "cookie" ? "; " : ", "
        headers[name] = known ? "#{known}#{between}#{value}" : value
      end
    end
  end
end
