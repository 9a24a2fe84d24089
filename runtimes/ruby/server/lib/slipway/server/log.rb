# frozen_string_literal: true

require "json"

module Slipway
  module Server
    # JSON lines on standard output, written by a thread so that a slow reader holds nobody up.
    class Log
      # Beyond this many bytes waiting for a reader that doesn't read, lines are counted instead of kept.
      MOST_WAITING = 64 << 20
      # So much is written at once.
      PIECE = 1 << 16
      LEVELS = %w[info error].freeze

      def self.text(bytes)
        bytes.force_encoding(Encoding::UTF_8).scrub!("\ufffd")
      end

      def initialize(output)
        @output = output
        @output.sync = true
        @lines = Thread::Queue.new
        # Each is changed by one thread only.
        @queued = 0
        @written = 0
        @dropped = 0
        @writer = nil
      end

      # One line; returns its time. *level* is 0 or 1, as in frames, *message* valid UTF-8.
      def write(level, message, invocation = nil, trace = nil)
        time = Time.now.utc.strftime("%FT%T.%LZ")
        if @queued - @written > MOST_WAITING
          @dropped += 1
          return time
        end
        if @dropped.positive?
          count = @dropped
          @dropped = 0
          write(1, "#{count} lines of the log were dropped: whoever reads it is too slow")
        end
        line = { time:, level: LEVELS[level], invocation:, message: }
        line[:trace_id] = trace if trace
        add(JSON.generate(line) << "\n")
        time
      end

      # Waits until all lines are out, *seconds* at most.
      def close(seconds)
        @lines.close
        @writer&.join(seconds)
      end

      private

      def add(line)
        @queued += line.bytesize
        @lines << line
        @writer ||= Thread.new { run }
      end

      def run
        while (text = @lines.pop)
          text << @lines.pop until @lines.empty? || text.bytesize >= PIECE
          begin
            @output.write(text)
          rescue SystemCallError, IOError
            # Nobody reads the log any more; serving goes on.
          end
          @written += text.bytesize
        end
      end
    end
  end
end
