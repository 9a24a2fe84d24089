# frozen_string_literal: true

require "nio"
require_relative "http"
require_relative "log"
require_relative "pool"

module Slipway
  module Server
    # The message says what to change.
    class CannotListen < StandardError; end

    # The loop, from the start of the server to its end: loading, listening, draining.
    class Lifecycle
      # How long a turn of the loop waits for something to happen: with nothing in flight, there are orphans to reap.
      IDLE = 0.25
      DRAINING = 0.02
      # How long the last answers of a shutdown may take to leave.
      LEAVING = 0.5
      private_constant :IDLE, :DRAINING, :LEAVING

      def initialize(settings, log)
        @settings = settings
        @log = log
        @selector = NIO::Selector.new
        @stop = false
        @late = []
        %w[TERM INT].each { |name| trap(name) { stop } }
        @pool = Pool.new(@selector, settings, log)
        @http = Http.new(settings, @selector, @pool, log)
        @next_reaping = 0.0
      end

      # Serves until a signal ends it.
      def run
        turn(IDLE) until @pool.settled? || @stop
        serve unless @stop
      ensure
        @pool.close
      end

      private

      def stop
        @stop = true
        @selector.wakeup
      end

      def serve
        listen
        @log.write(0, "listening on #{@settings.host}:#{@settings.port}")
        turn(@pool.in_flight.positive? ? Pool::SWEEP : IDLE) until @stop
        @http.drain
        turn_until(@settings.grace) { @pool.in_flight.zero? && !@http.unsent? }
        @pool.abandon("shutting_down", "the runtime shut down before the function answered")
        turn_until(LEAVING) { !@http.unsent? }
      end

      def listen
        @http.listen
      rescue SystemCallError, SocketError => e
        where = "#{@settings.host}:#{@settings.port}"
        raise CannotListen, "can't listen on #{where}: #{e.message}; see RUNTIME_HOST and RUNTIME_PORT"
      end

      def turn_until(seconds)
        ending = @http.now + seconds
        # At least one turn, for what is to be written now.
        loop do
          turn(DRAINING)
          break if yield || @http.now >= ending
        end
      end

      def turn(seconds)
        monitors = @selector.select(seconds)
        now = @http.tick
        handle_all(monitors) if monitors
        @pool.flush
        @pool.sweep(now)
        reap(now)
      end

      # Function processes come last: what they print past the language's own streams belongs before what they say.
      def handle_all(monitors)
        monitors.each do |monitor|
          one = monitor.value
          one.is_a?(FunctionProcess) ? @late << one : handle(one)
        end
        @late.each { |process| handle(process) }.clear unless @late.empty?
      end

      # What goes wrong with one connection or process concerns that one; the server goes on.
      def handle(one)
        one.ready
      rescue StandardError => e
        @log.write(1, Log.text(e.full_message(highlight: false)))
        one.give_up unless one.equal?(@http)
      end

      # Process 1 inherits whatever a function leaves behind, and waits for it.
      def reap(now)
        return if now < @next_reaping

        @next_reaping = now + IDLE
        while (pid = Process.wait(-1, Process::WNOHANG))
          @pool.reaped(pid)
        end
      rescue Errno::ECHILD
        # There is nobody to wait for.
      end
    end
  end
end
