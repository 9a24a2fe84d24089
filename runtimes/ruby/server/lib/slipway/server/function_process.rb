# frozen_string_literal: true

require "io/nonblock"
require "rbconfig"
require "socket"
require_relative "../frames"
require_relative "log"
require_relative "output_pipe"
require_relative "wire"

module Slipway
  module Server
    # One function process as the server sees it: its socket, its output, and what it has in flight.
    class FunctionProcess
      MAIN = File.expand_path("../../../function.rb", __dir__)
      PIECE = 65_536
      LARGE_PIECE = 262_144
      # Up to this size a body is joined to its frame.
      ONE_WRITE = 65_536
      private_constant :MAIN, :PIECE, :LARGE_PIECE, :ONE_WRITE

      @piece = String.new(capacity: PIECE)

      class << self
        attr_reader :piece
      end

      # :loading, :ready, :retired (takes nothing new) or :gone.
      attr_accessor :state
      attr_reader :pid, :in_flight, :cancelled, :started
      # Since when a retired one has given no sign of life.
      attr_accessor :silent_since

      # *events* is told loaded, not_loaded, lost, ended, line and turned; see Pool.
      def initialize(selector, settings, events)
        @events = events
        @state = :loading
        @started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        @in_flight = {}
        @cancelled = {}
        @reader = Frames::Reader.new
        @gathered = []
        start(selector, settings)
      end

      # Whether a new invocation may begin here: not while it is open whether an overdue one yields.
      def takes?
        @state == :ready && @cancelled.empty?
      end

      def invoke(invocation, mode, deadline, head, body)
        number = invocation.number
        @in_flight[number] = invocation
        frame = Frames.invoke_head(number, mode, deadline, invocation.id, head, body.bytesize)
        if body.bytesize <= ONE_WRITE
          send_frame(frame << body)
        else
          flush
          write(frame)
          write(body)
        end
      end

      def cancel(number, now)
        @cancelled[number] = now
        send_frame(Frames.frame(Frames::CANCEL, number))
      end

      def cancelled?(number)
        !@cancelled.empty? && @cancelled.key?(number)
      end

      def ping
        send_frame(Frames.frame(Frames::PING, 0))
      end

      # Frames of one turn of the loop leave in few writes, at its end.
      def send_frame(frame)
        @gathered << frame
        if @gathered.size == 1 then @events.turned(self)
        elsif @gathered.size >= Frames::BATCH then flush
        end
      end

      def flush
        return if @gathered.empty? || @state == :gone

        data = @gathered.size == 1 ? @gathered.first : @gathered.join
        @gathered.clear
        write(data)
      end

      # The loop says that the socket is ready.
      def ready
        if @wire.unsent?
          @wire.flush
          @wire.look_out(true)
        end
        read if @wire.readable?
      rescue SystemCallError, IOError
        give_up
      end

      # Reads all that it has left behind.
      def read_rest
        nil while @state != :gone && read
      rescue SystemCallError, IOError
        give_up
      end

      # It has ended, or says what nobody understands.
      def give_up
        return if @state == :gone

        read_output
        @events.lost(self)
      end

      # Takes an invocation off what is in flight; nil where it is not.
      def finish(number)
        @cancelled.delete(number) unless @cancelled.empty?
        @in_flight.delete(number)
      end

      # The process and what it has started.
      def close
        return if @state == :gone

        @state = :gone
        begin
          Process.kill(:KILL, -@pid)
        rescue Errno::ESRCH, Errno::EPERM
          # It has ended already.
        end
        [@out, @err, @wire].each(&:close)
      end

      private

      def start(selector, settings)
        socket, theirs = UNIXSocket.pair
        # Its process waits where it reads.
        theirs.nonblock = false
        out, their_out = IO.pipe
        err, their_err = IO.pipe
        # A group of its own: a terminal's interrupt is the server's alone, and what the function starts ends with it.
        @pid = Process.spawn(
          settings.environment, *command(settings),
          in: File::NULL, out: their_out, err: their_err, 3 => theirs, chdir: directory(settings),
          pgroup: true, unsetenv_others: true, close_others: true
        )
        [theirs, their_out, their_err].each(&:close)
        @wire = Wire.new(selector, socket, self)
        @out = OutputPipe.new(selector, out) { |line| output(Frames::INFO, line) }
        @err = OutputPipe.new(selector, err) { |line| output(Frames::ERROR, line) }
      end

      def command(settings)
        [RbConfig.ruby, "-EUTF-8:", MAIN, settings.folder, settings.entrypoint]
      end

      def directory(settings)
        File.directory?(settings.folder) ? settings.folder : "/"
      end

      def write(data)
        @wire.write(data)
        @wire.look_out(true)
      rescue SystemCallError, IOError
        give_up
      end

      # Whether there may be more.
      def read
        data = @wire.read(@reader.large? ? LARGE_PIECE : PIECE, self.class.piece)
        return false if data == :wait_readable
        return give_up if data.nil?

        @silent_since = nil
        @first = true
        @reader.feed(data) do |kind, number, body|
          take(kind, number, body)
          @first = false
        end
        true
      end

      # What lies in the pipes is an invocation's as long as no other one runs. What had been written there before the
      # socket was ready has been read: the loop turns to pipes first.
      def alone_behind_others?
        !@first && @in_flight.size == 1
      end

      def read_output
        @out.read_all
        @err.read_all
      end

      def take(kind, number, body)
        case kind
        when Frames::ANSWER
          read_output if alone_behind_others?
          @events.answered(self, number, body)
        when Frames::REFUSE
          read_output if alone_behind_others?
          @events.refused(self, number, body)
        when Frames::LOG
          @events.line(self, number, body.getbyte(0), Log.text(body.byteslice(1, body.bytesize)))
        when Frames::TRACE then @in_flight[number]&.trace ||= Log.text(body)
        when Frames::READY then @events.loaded(self)
        when Frames::FAILED then @events.not_loaded(self, Log.text(body))
        end
      end

      # A line that bypassed the language's own output: whose it is is known only where one runs.
      def output(level, line)
        number = @in_flight.size == 1 ? @in_flight.first.first : 0
        @events.line(self, number, level, line)
      end
    end
  end
end
