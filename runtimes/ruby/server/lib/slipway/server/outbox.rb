# frozen_string_literal: true

module Slipway
  module Server
    # What is still to be written to a socket that must not hold the loop up.
    class Outbox
      def initialize(socket)
        @socket = socket
        @pieces = []
      end

      def empty?
        @pieces.empty?
      end

      # Writes what the socket takes now, and keeps the rest; whether that was everything.
      def write(data)
        unless @pieces.empty?
          @pieces << data
          return flush
        end
        written = @socket.write_nonblock(data, exception: false)
        return true if written == data.bytesize

        written = 0 if written == :wait_writable
        @pieces << data.byteslice(written, data.bytesize - written)
        false
      end

      # Writes what the socket takes now; whether that was everything.
      def flush
        while (data = @pieces.first)
          written = @socket.write_nonblock(data, exception: false)
          return false if written == :wait_writable

          if written == data.bytesize
            @pieces.shift
          else
            @pieces[0] = data.byteslice(written, data.bytesize - written)
          end
        end
        true
      end
    end
  end
end
