# frozen_string_literal: true

module Slipway
  module Function
    # An exception as the log tells it: its stack, without the runtime's own frames, and its causes.
    module Description
      OWN = [File.expand_path("../..", __dir__), File.expand_path("../../../function.rb", __dir__), "<internal:"].freeze
      # A stack that overflowed has ten thousand lines.
      MOST_LINES = 200
      MOST_CAUSES = 10
      private_constant :OWN, :MOST_LINES, :MOST_CAUSES

      module_function

      def of(error)
        chain = [error]
        chain << chain.last.cause while chain.last.cause && chain.size < MOST_CAUSES
        chain.map { |one| one(one) }.join("\ncaused by ")
      rescue Exception # rubocop:disable Lint/RescueException -- its methods are the function's, and may raise anything
        unprintable(error)
      end

      def one(error)
        first, *rest = stack(error)
        ["#{"#{first}: " if first}#{message(error)}", *rest.map { |line| "\tfrom #{line}" }].join("\n")
      end

      def stack(error)
        lines = (error.backtrace || []).reject { |line| line.start_with?(*OWN) }
        left = lines.size - MOST_LINES
        left.positive? ? lines.first(MOST_LINES) << "#{left} more lines" : lines
      end

      # An exception may be of any class, and its message of any encoding.
      def message(error)
        String.new(error.detailed_message(highlight: false), encoding: Encoding::UTF_8).scrub("\ufffd")
      rescue Exception # rubocop:disable Lint/RescueException -- as above
        unprintable(error)
      end

      def unprintable(error)
        "an exception that can't be printed (#{error.class})"
      end
    end
  end
end
