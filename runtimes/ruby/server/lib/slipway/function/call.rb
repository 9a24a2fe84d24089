# frozen_string_literal: true

require_relative "../frames"
require_relative "description"
require_relative "output"
require_relative "request"
require_relative "response"

module Slipway
  module Function
    # The function did not answer in time. It is no StandardError, so that a plain rescue lets it pass.
    class TimedOut < Exception # rubocop:disable Lint/InheritException
      def initialize
        super("the function did not answer in time: it was here")
      end
    end

    # One call of the function, from the invoke frame to the frame that ends it.
    class Call
      INTERRUPTIBLE = { Object => :immediate }.freeze
      private_constant :INTERRUPTIBLE

      attr_reader :number

      def initialize(function, output, number, data)
        @function = function
        @output = output
        @number = number
        @data = data
      end

      # Runs the function; the ending frame. Only the function itself may be interrupted.
      def run
        Output.current = @number
        request = Request.new(@number, @data, @output)
        @data = nil
        response = Response.new
        begin
          Thread.handle_interrupt(INTERRUPTIBLE) { @function.call(request, response) }
        rescue Exception => e # rubocop:disable Lint/RescueException -- exit and its like end the call, not the process
          return failed(e, response)
        end
        ended(response)
      rescue Request::Refused => e
        Frames.refusal(@number, e.code, e.message)
      end

      # The frame for a function that ended its thread.
      def abandoned
        @output.finish(@number)
        @output.log(@number, Frames::ERROR, "the function ended its thread")
        Frames.refusal(@number, "function_error", "the function ended its thread")
      end

      private

      def ended(response)
        @output.finish(@number)
        return Frames.refusal(@number, "no_response", "the function ended without an answer") unless response.answered?
        return response.frame(@number) unless response.problem

        @output.log(@number, Frames::ERROR, "invalid response: #{response.problem}")
        Frames.refusal(@number, "invalid_response", response.problem)
      end

      # An answer that it gave before stands.
      def failed(error, response)
        @output.finish(@number)
        @output.log(@number, Frames::ERROR, Description.of(error))
        return ended(response) if response.answered?

        Frames.refusal(@number, "function_error", message(error))
      end

      def message(error)
        "#{error.class}: #{error.message}"
      rescue Exception # rubocop:disable Lint/RescueException -- it is the function's, and may raise anything
        error.class.to_s
      end
    end
  end
end
