# frozen_string_literal: true

module Slipway
  module Server
    # A socket on the loop: what is still to be written to it, and what the loop is to look out for.
    class Wire
      # *owner* is told ready when there is something to read or room to write.
      def initialize(selector, socket, owner)
        @socket = socket
        @monitor = selector.register(socket, :r)
        @monitor.value = owner
        @interests = :r
        @unsent = []
      end

      # What has come, *size* bytes at most and in *piece*; nil at its end, :wait_readable where nothing has.
      def read(size, piece)
        @socket.read_nonblock(size, piece, exception: false)
      end

      # Writes what the socket takes now, and keeps the rest.
      def write(data)
        unless @unsent.empty?
          @unsent << data
          return
        end
        written = @socket.write_nonblock(data, exception: false)
        return if written == data.bytesize

        written = 0 if written == :wait_writable
        @unsent << data.byteslice(written, data.bytesize - written)
      end

      # Writes what was kept, where the loop says that there is room.
      def flush
        return unless @monitor.writable?

        while (data = @unsent.first)
          written = @socket.write_nonblock(data, exception: false)
          break if written == :wait_writable

          rest = data.bytesize - written
          rest.zero? ? @unsent.shift : @unsent[0] = data.byteslice(written, rest)
        end
      end

      # Whether something is still to be written.
      def unsent?
        !@unsent.empty?
      end

      # Looks out for room where something is to be written, and for bytes where *reads*.
      def look_out(reads)
        interests = if @unsent.empty? then (:r if reads)
                    else
                      reads ? :rw : :w
                    end
        return if interests == @interests

        @interests = interests
        @monitor.interests = interests
      end

      def readable?
        @monitor.readable?
      end

      def end_output
        @socket.close_write
      end

      def close
        @monitor.close(false)
        @socket.close
      end
    end
  end
end
