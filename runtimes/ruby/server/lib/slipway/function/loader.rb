# frozen_string_literal: true

require_relative "description"

module Slipway
  module Function
    # Loads the function: the method main of its entry point.
    class Loader
      # The function can't be called; the message says what is wrong and where.
      class NotLoaded < StandardError; end

      # Where build.sh puts the gems that the Gemfile declares.
      BUNDLE = ".dependencies/bundler/setup.rb"
      private_constant :BUNDLE

      # Makes the function's gems known, before anything else is loaded.
      def self.require_bundle(folder)
        bundle = File.join(folder, BUNDLE)
        require bundle if File.file?(bundle)
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
        raise NotLoaded, "#{@path} can't be loaded:\n#{Description.of(e)}"
      end
    end
  end
end
