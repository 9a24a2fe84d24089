# frozen_string_literal: true

require_relative "../frames"

module Slipway
  module Function
    # The function process's end of the stream: frames in, and frames out, gathered while more are to come. One thread
    # at a time receives; all else is for any thread.
    class Channel
      PIECE = 65_536
      LARGE_PIECE = 262_144
      UNINTERRUPTED = { Object => :never }.freeze
      private_constant :PIECE, :LARGE_PIECE, :UNINTERRUPTED

      def initialize(stream)
        @stream = stream
        @stream.sync = true
        @stream.close_on_exec = true
        @reader = Frames::Reader.new
        @piece = String.new(capacity: PIECE)
        @gathered = []
        @lock = Mutex.new
      end

      # Waits for frames; yields kind, number and bytes of each that is whole.
      def receive(&)
        data = @stream.readpartial(@reader.large? ? LARGE_PIECE : PIECE, @piece)
        @reader.feed(data, &)
      rescue SystemCallError, IOError
        leave
      end

      # Keeps a frame for the next flush, or flushes where enough have been gathered.
      def gather(frame)
        @gathered << frame
        flush if @gathered.size >= Frames::BATCH
      end

      # Sends a frame behind those that were gathered: a line of the log must not die with the process.
      def write(frame)
        @gathered << frame
        flush
      end

      # Nothing interrupts it: half a frame would spoil the stream for everybody.
      def flush
        return if @gathered.empty?

        Thread.handle_interrupt(UNINTERRUPTED) do
          @lock.synchronize { send_gathered }
        end
      rescue SystemCallError, IOError
        leave
      end

      # The function has forked: the stream is the parent's alone.
      def forked
        @stream = File.open(File::NULL, "r+")
        @lock = Mutex.new
        @gathered.clear
      end

      private

      def send_gathered
        # Another thread may add to it meanwhile: what it adds is sent by whoever comes next.
        frames = @gathered.shift(@gathered.size)
        @stream.write(frames.size == 1 ? frames.first : frames.join) unless frames.empty?
      end

      # The server has gone, and nothing is left to do for this process.
      def leave
        exit! 0
      end
    end
  end
end
