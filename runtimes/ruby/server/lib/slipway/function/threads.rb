# frozen_string_literal: true

require_relative "../frames"
require_relative "call"

module Slipway
  module Function
    # Runs the function on threads. One thread leads: it reads frames and runs calls itself, without handing them over.
    # A monitor sees when a call holds the leader up, and lets another thread lead; so a function that waits stands in
    # nobody's way, and one that doesn't costs no change of threads. Where calls wait for something all the time, be it
    # for a tenth of a millisecond, another one leads before the next call begins: what waits, waits beside the others.
    class Threads
      # A call that takes so long holds the leader up.
      STALLED = 0.004
      # Where one has, others will: then the monitor looks more often, for as many rounds.
      HURRY = 0.0005
      HURRY_ROUNDS = 40
      IDLE_ROUNDS = 50
      SPARE = 16
      # Where so many calls in a row took longer, and used the processor for less than half of that, they wait for
      # something: a busy machine interrupts one now and then. The next ones that are not alone are run by threads that
      # don't lead, then one is looked at again.
      PROMPT = 0.0001
      WAITED = 4
      APART = 256
      # A wait without end would be taken for a deadlock where nothing else runs.
      LONG = 3600
      private_constant :STALLED, :HURRY, :HURRY_ROUNDS, :IDLE_ROUNDS, :SPARE, :PROMPT, :WAITED, :APART, :LONG

      def initialize(function, channel, output)
        @function = function
        @channel = channel
        @output = output
        @pending = []
        @lock = Mutex.new
        @leader = nil
        # The call that the leader runs, and how many it has begun.
        @call = nil
        @begun = 0
        # How many calls in a row have waited, and how many are to be run by threads that don't lead.
        @waited = 0
        @apart = 0
        # Threads that run a call and don't lead, by the number of its invocation.
        @beside = {}
        @spare = Thread::Queue.new
        @wake = Thread::Queue.new
        @asleep = false
      end

      # Until the server goes. The main thread is the monitor's, so that signals find somebody at home.
      def run
        lead_anew
        begin
          monitor
        rescue Exception => e # rubocop:disable Lint/RescueException -- a thread of the function may have called exit
          @output.log(0, Frames::ERROR, "a background thread failed: #{Description.of(e)}")
          retry
        end
      end

      private

      def monitor
        idle = hurry = seen = 0
        loop do
          pause = hurry.positive? ? HURRY : STALLED
          hurry -= 1 if hurry.positive?
          if @call.nil? then idle += 1
          elsif @begun != seen
            idle = 0
            seen = @begun
          else
            replace_stalled(seen) && hurry = HURRY_ROUNDS
          end
          idle = rest if idle > IDLE_ROUNDS
          sleep(pause)
        end
      end

      # Sleeps until there is something to watch over.
      def rest
        @asleep = true
        @wake.pop(timeout: LONG) if @call.nil?
        @asleep = false
        @wake.clear
        0
      end

      def replace_stalled(begun)
        @lock.synchronize do
          return false if @call.nil? || @begun != begun

          @beside[@call.number] = @leader
          @leader = @call = nil
        end
        @channel.flush
        lead_anew
        true
      end

      # Wakes a spare thread, or starts one.
      def lead_anew
        if @spare.num_waiting.positive? then @spare << true
        else
          Thread.new { thread }
        end
      end

      # What interrupts it is kept for the function, and ends with the thread where it comes too late for that.
      def thread
        Thread.handle_interrupt(Object => :never) do
          loop do
            lead
            break if Thread.pending_interrupt? || @spare.num_waiting >= SPARE

            @spare.pop
          end
        end
      rescue TimedOut
        # Its call had ended.
      end

      # Reads and runs until another thread leads.
      def lead
        @leader = Thread.current
        loop do
          receive while @pending.empty?
          # What a function wants this thread to end by must not meet another one's call.
          return lead_anew if Thread.pending_interrupt?
          return run_apart(@pending.shift) if @apart.positive? && (@pending.size > 1 || @beside.any?)
          return unless run_call(@pending.shift)
        end
      end

      # Whether this thread still leads.
      def run_call(call)
        @call = call
        @begun += 1
        @wake << true if @asleep
        used = processor_time if @waited.positive?
        began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        frame = call.run
        leads = leave(call)
        weigh(Process.clock_gettime(Process::CLOCK_MONOTONIC) - began, used)
        leads ? @channel.gather(frame) : @channel.write(frame)
        leads
      ensure
        # Thread.exit and its like unwind the thread without an exception.
        abandon(call) if frame.nil?
      end

      def weigh(seconds, used)
        if seconds < PROMPT || (used && processor_time - used > seconds / 2) then @waited = 0
        elsif @waited < WAITED then @waited += 1
        else
          @apart = APART
        end
      end

      def processor_time = Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID)

      def run_apart(call)
        @apart -= 1
        @lock.synchronize do
          @beside[call.number] = Thread.current
          @leader = nil
        end
        @channel.flush
        lead_anew
        frame = call.run
        leave(call)
        @channel.write(frame)
      ensure
        abandon(call) if frame.nil?
      end

      def leave(call)
        @lock.synchronize do
          if @leader.equal?(Thread.current)
            @call = nil
            true
          else
            @beside.delete(call.number)
            false
          end
        end
      end

      def abandon(call)
        leads = leave(call)
        @channel.write(call.abandoned)
        lead_anew if leads
      end

      def receive
        @channel.flush
        @channel.receive do |kind, number, body|
          case kind
          when Frames::INVOKE then @pending << Call.new(@function, @output, number, body)
          when Frames::CANCEL then cancel(number)
          # Now: what is behind it has not begun for the server until it hears this.
          when Frames::PING then @channel.write(Frames.frame(Frames::PONG, number))
          end
        end
      end

      def cancel(number)
        waiting = @pending.find { |call| call.number == number }
        if waiting
          @pending.delete(waiting)
          @channel.gather(Frames.refusal(number, "function_error", "the invocation had not begun in time"))
        else
          @lock.synchronize { @beside[number]&.raise(TimedOut) }
        end
      end
    end
  end
end
