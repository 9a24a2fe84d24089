# frozen_string_literal: true

require_relative "../contract"
require_relative "refusal"

module Slipway
  module Server
    # A body of declared length. A body takes from what has come (*input*) what belongs to it.
    class Body
      attr_reader :bytes

      def initialize(length)
        @bytes = String.new(encoding: Encoding::BINARY)
        @missing = length
      end

      # Whether it is whole now.
      def take(input)
        piece = input.slice!(0, @missing)
        @missing -= piece.bytesize
        @bytes.empty? ? @bytes = piece : @bytes << piece
        @missing.zero?
      end
    end

    # A body in chunks, of *most* bytes at most.
    class ChunkedBody
      SIZE = /\A([0-9A-Fa-f]{1,16})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\z/n
      TRAILER = /\A[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\z/n
      private_constant :SIZE, :TRAILER

      attr_reader :bytes

      def initialize(most)
        @bytes = String.new(encoding: Encoding::BINARY)
        @most = most
        @step = :size
        @missing = 0
        @trailers = 0
      end

      def take(input)
        loop do
          return true if @step == :whole
          return false unless step(input)
        end
      end

      private

      # Whether there was enough to go on.
      def step(input)
        return take_data(input) if @step == :data

        line = take_line(input) or return false
        case @step
        when :size then begin_chunk(line)
        when :end then end_chunk(line)
        when :trailers then take_trailer(line)
        end
        true
      end

      def take_line(input)
        ending = input.index("\n")
        if (ending || input.bytesize) > Contract::MOST_HEADER_BYTES
          raise Refusal.malformed("a chunk's line without an end")
        end
        return unless ending

        line = input.slice!(0, ending + 1)
        raise Refusal.malformed("a bare line break among chunks") unless line.end_with?("\r\n")

        line.delete_suffix!("\r\n")
      end

      def begin_chunk(line)
        match = SIZE.match(line) or raise Refusal.malformed("a chunk size that is no number")
        @missing = match[1].hex
        raise Refusal.body_too_large(@most) if @bytes.bytesize + @missing > @most

        @step = @missing.zero? ? :trailers : :data
      end

      def take_data(input)
        piece = input.slice!(0, @missing)
        @missing -= piece.bytesize
        @bytes << piece
        @step = :end if @missing.zero?
        @missing.zero?
      end

      def end_chunk(line)
        raise Refusal.malformed("a chunk that is longer than its size") unless line.empty?

        @step = :size
      end

      # What comes behind the body is no part of the head.
      def take_trailer(line)
        return @step = :whole if line.empty?

        @trailers += line.bytesize
        return if TRAILER.match?(line) && @trailers <= Contract::MOST_HEADER_BYTES

        raise Refusal.malformed("a trailer")
      end
    end
  end
end
