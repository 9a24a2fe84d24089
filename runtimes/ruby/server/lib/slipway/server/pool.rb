# frozen_string_literal: true

require_relative "../frames"
require_relative "function_process"
require_relative "log"

module Slipway
  module Server
    # The function processes: who runs which invocation, and what becomes of a process that hangs or ends.
    class Pool
      # How long after its deadline an invocation may take to end before its process counts as hung.
      PATIENCE = 0.25
      # How long what runs beside a hung invocation may go on in a process that gives no sign of life.
      SILENCE = 1.0
      # How often deadlines are looked at while anything is in flight: no timer an invocation.
      SWEEP = 0.05
      # Lines may follow an answer: so many invocations stay known.
      REMEMBERED = 512
      # A process that ends by itself, or doesn't load any more, is replaced after the first of these times, and twice
      # as long each time.
      RETRY = 0.1
      LONGEST_RETRY = 5.0
      private_constant :PATIENCE, :SILENCE, :REMEMBERED, :RETRY, :LONGEST_RETRY

      # How many hold a slot, those among them that wait for a process; not those that were answered 504.
      attr_reader :in_flight

      def initialize(selector, settings, log)
        @selector = selector
        @settings = settings
        @log = log
        @in_flight = 0
        @number = 0
        @remembered = Array.new(REMEMBERED)
        @waiting = []
        @retired = []
        @turned = []
        @retries = []
        @retry = 0.0
        @next_sweep = 0.0
        @failed = @has_loaded = @closing = false
        @processes = Array.new(settings.workers) { spawn }
      end

      # Whether the function can't be loaded.
      def failed?
        @failed
      end

      # Whether each process has loaded the function, or failed to.
      def settled?
        @failed || @processes.none? { |process| process.state == :loading }
      end

      def available?
        !@failed && @processes.any? { |process| process.state == :ready }
      end

      # Runs an invocation on the least busy process, or on the next that becomes ready.
      def invoke(invocation, mode, deadline, head, body)
        @in_flight += 1
        dispatch(invocation, mode, deadline, head, body)
      end

      # At the end of each turn of the loop.
      def flush
        return if @turned.empty?

        @turned.each(&:flush)
        @turned.clear
      end

      # Looks at deadlines, and at what was to be tried again.
      def sweep(now)
        return if now < @next_sweep

        @next_sweep = now + SWEEP
        @retries.select { |time, _| time <= now }.each { |entry| replace(@retries.delete(entry).last) } if @retries.any?
        (@processes + @retired).each { |process| sweep_process(process, now) }
        @waiting.select { |invocation, *| invocation.deadline <= now }.each do |entry|
          @waiting.delete(entry)
          @in_flight -= 1
          entry.first.refused("timeout", "the function was not ready in time")
        end
      end

      # A process has ended; its socket may be open still, where the function has handed it on.
      def reaped(pid)
        process = (@processes + @retired).find { |one| one.pid == pid && one.state != :gone }
        process&.read_rest
        process&.give_up
      end

      # Answers everything that is still in flight.
      def abandon(code, message)
        (@processes + @retired).each { |process| refuse_all(process, code, message) }
        refuse_waiting(code, message)
      end

      def close
        @closing = true
        (@processes + @retired).each(&:close)
      end

      # What function processes tell -----------------------------------------------------------------------------------

      def turned(process)
        @turned << process
      end

      def loaded(process)
        process.state = :ready if process.state == :loading
        @failed = false
        @has_loaded = true
        dispatch_waiting
      end

      # The function can't be loaded: for good where it never could be, else it is tried again.
      def not_loaded(process, why)
        @failed = true
        @log.write(Frames::ERROR, why)
        refuse_waiting("function_not_loaded", "the function could not be loaded; the log says why")
        lost(process) if @has_loaded
      end

      def answered(process, number, body)
        invocation = ended(process, number) or return
        invocation.answered(body)
      rescue StandardError
        # The function has written to the socket itself: what it wrote is no answer.
        invocation&.refused("function_error", Invocation::GENERIC)
        raise
      end

      def refused(process, number, body)
        size = body.getbyte(0)
        code = body.byteslice(1, size)
        message = Log.text(body.byteslice(1 + size, body.bytesize))
        message = Invocation::GENERIC if code == "function_error" && !@settings.development
        ended(process, number)&.refused(code, message)
      end

      # A line of an invocation in flight, of one that has ended, or of none (0).
      def line(process, number, level, message)
        invocation = process.in_flight[number] || known(number)
        invocation ? invocation.log(level, message) : @log.write(level, message)
      end

      # A process has gone: one that had work is replaced at once, another after a while.
      def lost(process)
        loading = process.state == :loading
        worked = process.in_flight.any?
        process.in_flight.each_value { |one| one.log(Frames::ERROR, "the process of the function ended") }
        refuse_all(process, "function_error", Invocation::GENERIC)
        process.close
        @retired.delete(process)
        return if @closing || !@processes.include?(process)
        return not_loaded(process, "the function ended its process while it was loaded") if loading && !@has_loaded

        @log.write(Frames::ERROR, "the process of the function ended and is replaced") unless worked || @failed
        worked ? replace(process) : retry_later(process)
      end

      private

      def spawn
        FunctionProcess.new(@selector, @settings, self)
      end

      def dispatch(invocation, mode, deadline, head, body)
        process = @processes.first
        if @processes.size > 1 || !process.takes?
          process = @processes.select(&:takes?).min_by { |one| one.in_flight.size }
          return @waiting << [invocation, mode, deadline, head, body] if process.nil?
        end
        invocation.number = @number = (@number % 0xffffffff) + 1
        process.invoke(invocation, mode, deadline, head, body)
      end

      def dispatch_waiting
        waiting = @waiting
        @waiting = []
        waiting.each { |entry| dispatch(*entry) }
      end

      def known(number)
        invocation = @remembered[number % REMEMBERED]
        invocation if invocation&.number == number
      end

      def ended(process, number)
        was_cancelled = process.cancelled?(number)
        invocation = process.finish(number)
        if invocation
          @in_flight -= 1 unless was_cancelled
          @remembered[number % REMEMBERED] = invocation
        end
        dispatch_waiting if was_cancelled && process.takes?
        process.close if process.state == :retired && process.in_flight.empty?
        invocation
      end

      def refuse_all(process, code, message)
        invocations = process.in_flight.values
        @in_flight -= invocations.size - process.cancelled.size
        process.in_flight.clear
        process.cancelled.clear
        invocations.each { |invocation| invocation.refused(code, message) }
      end

      def refuse_waiting(code, message)
        waiting = @waiting
        @waiting = []
        @in_flight -= waiting.size
        waiting.each { |invocation, *| invocation.refused(code, message) }
      end

      def retry_later(process)
        now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        @retry = 0.0 if now - process.started > LONGEST_RETRY
        @retry = @retry.zero? ? RETRY : [@retry * 2, LONGEST_RETRY].min
        @retries << [now + @retry, process]
      end

      def replace(process)
        index = @processes.index(process)
        @processes[index] = spawn if index && !@closing
      rescue SystemCallError => e
        @log.write(Frames::ERROR, "no function process can be started: #{e.message}")
        retry_later(process)
      end

      def sweep_process(process, now)
        return @retired.delete(process) if process.state == :gone
        return lost(process) if process.silent_since && now > process.silent_since + SILENCE

        process.in_flight.to_a.each do |number, invocation|
          if (since = process.cancelled[number])
            hung(process, number, now) if now > since + PATIENCE
          elsif invocation.deadline <= now
            process.cancel(number, now)
            @in_flight -= 1
            invocation.refused("timeout", "the function did not answer in time")
          end
        end
      end

      # It didn't end what it was told to cancel: others may finish there, nothing new begins.
      def hung(process, number, now)
        invocation = @remembered[number % REMEMBERED] = process.finish(number)
        if @processes.include?(process)
          invocation.log(Frames::ERROR, "the function does not yield: its process is replaced")
          @retired << process
          replace(process)
          process.silent_since = now
          process.ping
        end
        process.state = :retired
        process.close if process.in_flight.empty?
      end
    end
  end
end
