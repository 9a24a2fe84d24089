# frozen_string_literal: true

require "puma/puma_http11"
require_relative "../contract"
require_relative "refusal"

module Slipway
  module Server
    # The head of an HTTP request. Puma's parser reads it; what that one lets pass, though it means one thing to some
    # readers and another to others, is refused here.
    class Request
      # A bare CR, a folded line or a control character. A bare LF shows in the count of both: to look behind each
      # would take twice as long.
      ILLEGAL = /\r[^\n]|\n[ \t]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/n
      # A request line in general: the parser knows short methods in capitals only.
      LINE = %r{\A([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) ([^\x00-\x20\x7f]+) (HTTP/1\.[01])\r\n}n
      DIGITS = /\A[0-9]+\z/
      PARSER = Puma::HttpParser.new
      private_constant :ILLEGAL, :LINE, :DIGITS, :PARSER

      # Refuses the beginning of a head that no more bytes can make legal.
      def self.check_beginning(bytes)
        whole = bytes.delete_suffix("\r")
        check_lines(whole, whole.count("\n"))
        raise Refusal.headers_too_large if bytes.bytesize > 2 * Contract::MOST_HEADER_BYTES
      end

      def self.check_lines(bytes, line_feeds)
        return unless ILLEGAL.match?(bytes) || bytes.count("\r") != line_feeds

        raise Refusal.malformed("a control character, a bare line break or a folded line")
      end

      # *fields* as the parser names them: HTTP_X_NAME, and an underscore as a comma. *length* is nil for a body in
      # chunks, and 0 where there is none.
      attr_reader :method, :target, :fields, :length
      # What the runtime's own headers say; see Control.
      attr_accessor :probe, :id, :raw, :result, :timeout, :trace

      # *head* ends with its empty line; the parser writes over the names of its fields.
      def initialize(head)
        @head = head
        line_feeds = head.count("\n")
        Request.check_lines(head, line_feeds)
        check_size(line_feeds - 2)
        @fields = {}
        parse
        check_version
        read_framing
        @only_head = @method == "HEAD"
        @keep_alive = read_keep_alive
      end

      # Header lines as they came: names in lower case, values as bytes.
      def each_header
        first = @head.index("\n") + 1
        @head.byteslice(first, @head.bytesize - first - 2).each_line("\r\n", chomp: true) do |line|
          name, value = line.split(":", 2)
          yield name.downcase.tr("_,", "-_"), value.strip
        end
      end

      def keep_alive?
        @keep_alive
      end

      # HTTP/1.0, whose clients want to be told that the connection is kept.
      def old?
        @old
      end

      # Whether the answer goes without its body.
      def head?
        @only_head
      end

      def body?
        @length != 0
      end

      def expects_continue?
        @fields["HTTP_EXPECT"]&.casecmp?("100-continue")
      end

      private

      def parse
        PARSER.reset
        PARSER.execute(@fields, @head, 0)
        @method = @fields["REQUEST_METHOD"]
        @target = @fields["REQUEST_URI"]
        @target += "##{@fields['FRAGMENT']}" if @fields.key?("FRAGMENT")
      rescue Puma::HttpParserError
        parse_unknown
      end

      # Methods and targets that the parser doesn't know are the function's to judge: it gets a line that it knows.
      def parse_unknown
        line = LINE.match(@head) or raise Refusal.malformed("the request line")
        @method = line[1]
        @target = line[2]
        @head = "POST / #{line[3]}\r\n#{line.post_match}"
        @fields = {}
        PARSER.reset
        PARSER.execute(@fields, @head, 0)
      rescue Puma::HttpParserError
        raise Refusal.malformed("a header")
      end

      def check_version
        case @fields["SERVER_PROTOCOL"]
        when "HTTP/1.1" then @old = false
        when "HTTP/1.0" then @old = true
        else raise Refusal.malformed("the version of HTTP")
        end
      end

      def check_size(lines)
        size = @head.bytesize
        size -= @head.index("\n") if size > Contract::MOST_HEADER_BYTES
        raise Refusal.headers_too_large if size > Contract::MOST_HEADER_BYTES || lines > Contract::MOST_HEADER_LINES
      end

      def read_keep_alive
        connection = @fields["HTTP_CONNECTION"]
        return !@old if connection.nil?

        options = connection.downcase.split(/[ \t]*,[ \t]*/)
        @old ? options.include?("keep-alive") : !options.include?("close")
      end

      # Two ways to say where a body ends are two requests to two readers.
      def read_framing
        length = @fields["CONTENT_LENGTH"]
        coding = @fields["HTTP_TRANSFER_ENCODING"]
        if coding
          raise Refusal.malformed("a length beside a transfer encoding") if length
          raise Refusal.malformed("a transfer encoding other than chunked") if @old || !coding.casecmp?("chunked")

          @length = nil
        else
          raise Refusal.malformed("a content-length that is no number") unless length.nil? || DIGITS.match?(length)

          @length = length.to_i
        end
      end
    end
  end
end
