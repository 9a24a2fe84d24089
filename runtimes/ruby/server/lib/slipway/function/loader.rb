# frozen_string_literal: true

module Slipway
  module Function
    # Loads the function: the method main of its entry point.
    class Loader
      # The function can't be called; the message says what is wrong and where.
      class NotLoaded < StandardError; end

      # Where build.sh puts the gems that the Gemfile declares.
      BUNDLE = ".dependencies/bundler/setup.rb"
      HERE = File.expand_path("../..", __dir__)
      MAIN = File.expand_path("../../../function.rb", __dir__)
      private_constant :BUNDLE, :HERE, :MAIN

      # Makes the function's gems known, before anything else is loaded.
      def self.set_up(folder)
        bundle = File.join(folder, BUNDLE)
        require bundle if File.file?(bundle)
      end

      # The stack of an exception without the runtime's own frames.
      def self.describe(error)
        lines = error.backtrace&.reject { |line| line.start_with?(HERE, MAIN, "<internal:") }
        error.set_backtrace(lines) if lines
        # Ruby labels it as binary, whatever the message was.
        error.full_message(highlight: false, order: :top).force_encoding(Encoding::UTF_8).scrub("\ufffd").chomp
      rescue StandardError
        "an exception that can't be printed: #{error.class}"
      end

      def initialize(folder, entrypoint)
        @path = File.join(folder, entrypoint)
      end

      def load
        unless File.file?(@path)
          raise NotLoaded, "#{@path} does not exist: RUNTIME_ENTRYPOINT names the function's file within its build"
        end

        $PROGRAM_NAME = @path
        require_entrypoint
        main = TOPLEVEL_BINDING.receiver
        unless main.respond_to?(:main, true)
          raise NotLoaded, "#{@path} defines no method named main: it takes a request and a response"
        end

        main.method(:main)
      end

      private

      def require_entrypoint
        require File.expand_path(@path)
      rescue Exception => e # rubocop:disable Lint/RescueException -- a syntax error and exit are none of the standard ones
        raise NotLoaded, "#{@path} can't be loaded:\n#{Loader.describe(e)}"
      end
    end
  end
end
