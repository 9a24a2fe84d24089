# frozen_string_literal: true

module Slipway
  # The frames between the server and this process; runtimes/FRAMES.md describes them.
  module Frames
    INVOKE = 1
    CANCEL = 2
    PING = 3
    READY = 16
    FAILED = 17
    ANSWER = 18
    REFUSE = 19
    LOG = 20
    PONG = 21
    TRACE = 22

    # The mode of an invocation that is no envelope.
    RAW = 1

    OWN_TYPE = 0
    TEXT = 1
    BYTES = 2
    JSON = 3

    INFO = 0
    ERROR = 1

    HEAD_SIZE = 9
    # So many frames are worth a write: more save little, and keep the other side waiting.
    BATCH = 16

    module_function

    def frame(kind, number, data = "")
      [data.bytesize, kind, number, data].pack("NCNa*")
    end

    def answer(number, status, type, head, body)
      length = 7 + head.bytesize + body.bytesize
      [length, ANSWER, number, status, type, head.bytesize, head, body].pack("NCNnCNa*a*")
    end

    def refusal(number, code, message)
      [1 + code.bytesize + message.bytesize, REFUSE, number, code.bytesize, code, message].pack("NCNCa*a*")
    end

    def log(number, level, message)
      [1 + message.bytesize, LOG, number, level, message].pack("NCNCa*")
    end

    # Cuts a stream into frames, however its pieces fall.
    class Reader
      # A frame that is larger is none: the function has written to the socket itself.
      LARGEST = 1 << 30
      private_constant :LARGEST

      def initialize
        @rest = String.new(encoding: Encoding::BINARY)
        @wanted = HEAD_SIZE
      end

      # Whether a frame of some size is being received.
      def large?
        @wanted > 65_536
      end

      # Yields kind, number and bytes of every frame that is whole now.
      def feed(data, &)
        unless @rest.empty?
          @rest << data
          # A large frame comes in many pieces: nothing is copied before the last of them.
          return if @rest.bytesize < @wanted

          data = @rest
          @rest = String.new(encoding: Encoding::BINARY)
        end
        at = cut(data, &)
        @rest << data.byteslice(at, data.bytesize) if at < data.bytesize
      end

      private

      # Where the frames end that are whole.
      def cut(data)
        at = 0
        @wanted = HEAD_SIZE
        while data.bytesize - at >= HEAD_SIZE
          length, kind, number = data.unpack("NCN", offset: at)
          raise ArgumentError, "a frame of #{length} bytes" if length > LARGEST

          ending = at + HEAD_SIZE + length
          if ending > data.bytesize
            @wanted = ending - at
            break
          end
          bytes = data.byteslice(at + HEAD_SIZE, length)
          at = ending
          yield kind, number, bytes
        end
        at
      end
    end
  end
end
