# frozen_string_literal: true

require_relative "../contract"
require_relative "log"

module Slipway
  module Server
    # What a function process writes to its standard output or error, past the language's own streams, in lines.
    class OutputPipe
      PIECE = 65_536
      private_constant :PIECE

      def initialize(selector, pipe, &tell)
        @pipe = pipe
        @tell = tell
        @rest = String.new(encoding: Encoding::BINARY)
        @monitor = selector.register(pipe, :r)
        @monitor.value = self
      end

      # The loop says that there is something; one piece of it, since there may be no end.
      def ready
        read
      end

      # Reads what lies in the pipe now.
      def read_all
        nil while !@pipe.closed? && read == PIECE
      end

      # Nothing depends on it.
      def give_up
        close
      end

      def close
        return if @pipe.closed?

        @monitor.close(false)
        @pipe.close
      end

      private

      # How many bytes came.
      def read
        data = @pipe.read_nonblock(PIECE, exception: false)
        return if data == :wait_readable
        return finish if data.nil?

        @rest << data
        cut if data.include?("\n") || @rest.bytesize > Contract::MOST_LINE_BYTES
        data.bytesize
      end

      def cut
        *lines, @rest = @rest.split("\n", -1)
        lines.each { |line| say(line) }
        say(@rest.slice!(0, Contract::MOST_LINE_BYTES)) while @rest.bytesize > Contract::MOST_LINE_BYTES
      end

      def finish
        say(@rest) unless @rest.empty?
        close
      end

      def say(line)
        @tell.call(Log.text(line))
      end
    end
  end
end
