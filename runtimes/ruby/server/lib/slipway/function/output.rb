# frozen_string_literal: true

require "monitor"
require_relative "../frames"

module Slipway
  module Function
    # What the function says: frames to the server, and what it prints among them.
    class Output
      MOST_LINE = 1_048_576
      UNINTERRUPTED = { Object => :never }.freeze
      private_constant :MOST_LINE, :UNINTERRUPTED

      # The number of the invocation that this fiber works for, 0 for none. Threads and fibers inherit it from those
      # that start them.
      def self.current
        Fiber[:slipway_invocation] || 0
      end

      def self.current=(number)
        Fiber[:slipway_invocation] = number
      end

      def initialize(channel)
        @channel = channel
        # Lines without their end, by level and invocation.
        @open = [{}, {}]
        @lock = Monitor.new
      end

      def log(number, level, message)
        @channel.write(Frames.log(number, level, text(message)))
      end

      def trace(number, id)
        @channel.write(Frames.frame(Frames::TRACE, number, id))
      end

      # Puts itself in the place of standard output and error.
      def capture
        # What Ruby itself has to say goes to the standard error that it began with, unless there is another one.
        first = $stderr
        $stderr = IO.for_fd(2, "w", autoclose: false)
        [[$stdout, Frames::INFO], [first, Frames::ERROR], [$stderr, Frames::ERROR]].each do |stream, level|
          stream.extend(Printed).print_to(self, level)
        end
      end

      # Cuts what was printed into lines of whoever printed it.
      def printed(level, data)
        Thread.handle_interrupt(UNINTERRUPTED) do
          @lock.synchronize { add(Output.current, level, data) }
        end
      end

      # A last line without a line break is a line.
      def finish(number)
        return if @open.all?(&:empty?)

        @open.each_with_index do |open, level|
          rest = @lock.synchronize { open.delete(number) }
          log(number, level, rest) if rest
        end
      end

      private

      def add(number, level, data)
        open = @open[level]
        rest = open.delete(number)&.concat(data) || data
        if rest.include?("\n")
          *lines, rest = rest.split("\n", -1)
          lines.each { |line| log(number, level, line) }
        end
        log(number, level, rest.slice!(0, MOST_LINE)) while rest.bytesize > MOST_LINE
        open[number] = rest unless rest.empty?
      end

      # As UTF-8 where it can be that; the server replaces what is not.
      def text(message)
        return message if [Encoding::UTF_8, Encoding::BINARY].include?(message.encoding)

        message.encode(Encoding::UTF_8)
      rescue EncodingError
        message
      end
    end

    # What standard output and error do with what is written to them; all other ways to print end in these.
    module Printed
      def print_to(output, level)
        @slipway_process = Process.pid
        @slipway_output = output
        @slipway_level = level
        self.sync = true
      end

      def write(*parts)
        # A child that was forked has no stream to the server: its output is that of any other child process.
        return super unless Process.pid == @slipway_process

        data = parts.map { |part| part.to_s.b }.join
        @slipway_output.printed(@slipway_level, data)
        data.bytesize
      rescue ThreadError
        # In the handler of a signal no lock can be taken.
        super
      end

      def <<(part)
        write(part)
        self
      end

      def syswrite(data)
        write(data)
      end

      def write_nonblock(data, **)
        write(data)
      end
    end
  end
end
