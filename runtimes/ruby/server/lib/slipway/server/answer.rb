# frozen_string_literal: true

require "json"
require_relative "../contract"
require_relative "../frames"

module Slipway
  module Server
    # From an answer of the function, or an error of the runtime, to the head and body that go out. A head lacks what
    # the connection adds: date, length, whether it is kept.
    module Answer
      REASONS = {
        200 => "OK", 201 => "Created", 202 => "Accepted", 203 => "Non-Authoritative Information", 204 => "No Content",
        206 => "Partial Content", 301 => "Moved Permanently", 302 => "Found", 303 => "See Other",
        304 => "Not Modified", 307 => "Temporary Redirect", 308 => "Permanent Redirect", 400 => "Bad Request",
        401 => "Unauthorized", 403 => "Forbidden", 404 => "Not Found", 405 => "Method Not Allowed",
        406 => "Not Acceptable", 408 => "Request Timeout", 409 => "Conflict", 410 => "Gone",
        413 => "Content Too Large", 415 => "Unsupported Media Type", 418 => "I'm a teapot",
        422 => "Unprocessable Content", 429 => "Too Many Requests", 431 => "Request Header Fields Too Large",
        500 => "Internal Server Error", 501 => "Not Implemented", 502 => "Bad Gateway", 503 => "Service Unavailable",
        504 => "Gateway Timeout"
      }.freeze
      TYPES = [nil, "text/plain; charset=utf-8", "application/octet-stream", "application/json"].freeze
      JSON_FIELD = "content-type: application/json\r\n"
      private_constant :REASONS, :TYPES, :JSON_FIELD

      @starts = {}

      module_function

      # The head of an answer with the function's own header lines, a list of [name, value].
      def head(status, type, id, own)
        start = start(status, type)
        return "#{start}#{id}\r\n" if own.empty?

        "#{start}#{id}\r\n#{own.map { |name, value| "#{name}: #{value}\r\n" }.join}".b
      end

      # Whether the function has said the date.
      def dated?(own)
        !own.empty? && own.any? { |name, _| name.casecmp?("date") }
      end

      # Head and body of one of the runtime's own errors; *id* is nil where the request was refused before it had one.
      def error(code, message, id, fields = "")
        head = "#{line(Contract::STATUS.fetch(code))}#{JSON_FIELD}#{Contract::Header::ERROR}: #{code}\r\n#{fields}"
        head += "#{Contract::Header::INVOCATION}: #{id}\r\n" if id
        [head, JSON.generate(error: details(code, message, id)).b]
      end

      def details(code, message, id)
        { code:, message: message.scrub("\ufffd"), invocation: id }
      end

      # Head and body of a result envelope; *error* is nil, or details in the place of the function's answer.
      def result(status, type, own, body, invocation, error)
        text = body.dup.force_encoding(Encoding::UTF_8)
        plain = text.valid_encoding?
        document = {
          status:, headers: named(type, own), body: plain ? text : [body].pack("m0"),
          encoding: plain ? "utf-8" : "base64", logs: invocation.lines, truncated: invocation.truncated, error:,
          duration_ms: invocation.milliseconds
        }
        ["#{line(200)}#{JSON_FIELD}#{Contract::Header::INVOCATION}: #{invocation.id}\r\n", JSON.generate(document).b]
      end

      def plain(status, text)
        ["#{line(status)}content-type: text/plain; charset=utf-8\r\n", text]
      end

      def named(type, own)
        headers = {}
        headers["content-type"] = [TYPES[type]] if TYPES[type]
        own.each { |name, value| (headers[name.downcase] ||= []) << value }
        headers
      end

      def line(status)
        "HTTP/1.1 #{status} #{REASONS[status]}\r\n"
      end

      # The head of a function's answer as far as the invocation's id.
      def start(status, type)
        @starts[(status << 2) | type] ||= begin
          field = TYPES[type] ? "content-type: #{TYPES[type]}\r\n" : ""
          "#{line(status)}#{field}#{Contract::Header::INVOCATION}: ".freeze
        end
      end
    end
  end
end
