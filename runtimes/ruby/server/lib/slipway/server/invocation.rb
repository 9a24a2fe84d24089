# frozen_string_literal: true

require "json"
require_relative "../contract"
require_relative "../frames"
require_relative "answer"
require_relative "log"

module Slipway
  module Server
    # One invocation as the server sees it, from the request to its answer.
    class Invocation
      # Refused by the function process before the function was called: no result envelope.
      BEFORE_THE_FUNCTION = %w[invalid_json invalid_envelope function_not_loaded].freeze
      GENERIC = "the function failed; its log says why"
      private_constant :BEFORE_THE_FUNCTION

      attr_reader :id, :deadline, :lines, :truncated
      attr_accessor :number, :trace

      # *client* takes answer(head, body); *now* is of the monotonic clock.
      def initialize(client, request, now, log)
        @client = client
        @id = request.id
        @trace = request.trace
        @log = log
        @started = now
        @deadline = now + request.timeout
        @number = 0
        return unless request.result

        @result = true
        @lines = []
        @first = 0
        @kept = 0
        @truncated = false
      end

      # The client has gone: the function runs on, and nobody waits for it any more.
      def forget
        @client = nil
      end

      # A line of this invocation, into the log and into its result where that was asked for.
      def log(level, message)
        time = @log.write(level, message, @id, @trace)
        keep({ time:, level: Log::LEVELS[level], message: }) if @lines
      end

      # Sends on what the function process answered: the bytes of an answer frame.
      def answered(data)
        client = @client or return
        status, type, size = data.unpack("nCN")
        own = size.zero? ? [] : JSON.parse(data.byteslice(7, size))
        body = data.byteslice(7 + size, data.bytesize)
        answer = @result ? finished(status, type, own, body, nil) : [Answer.head(status, type, @id, own), body]
        @client = nil
        client.answer(*answer, dated: !@result && Answer.dated?(own))
      end

      # Answers for the function.
      def refused(code, message)
        client = @client or return
        @client = nil
        if @result && !BEFORE_THE_FUNCTION.include?(code)
          details = Answer.details(code, message, @id)
          body = JSON.generate(error: details).b
          client.answer(*finished(Contract::STATUS.fetch(code), Frames::JSON, [], body, details))
        else
          client.answer(*Answer.error(code, message, @id))
        end
      end

      def milliseconds
        ((Process.clock_gettime(Process::CLOCK_MONOTONIC) - @started) * 1000).round(3)
      end

      private

      def finished(status, type, own, body, error)
        body = "".b if [204, 304].include?(status)
        @lines = @lines.drop(@first)
        Answer.result(status, type, own, body, self, error)
      ensure
        # The invocation stays known for lines that follow: none of them is for this document.
        @lines = nil
      end

      # The newest lines stay, up to the cap.
      def keep(line)
        @lines << line
        @kept += line[:message].bytesize
        while @kept > Contract::MOST_RESULT_LOG_BYTES
          @truncated = true
          @kept -= @lines[@first][:message].bytesize
          @lines[@first] = nil
          @first += 1
        end
        return unless @first > 1024 && @first * 2 > @lines.size

        @lines.shift(@first)
        @first = 0
      end
    end
  end
end
