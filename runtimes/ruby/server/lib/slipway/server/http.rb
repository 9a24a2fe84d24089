# frozen_string_literal: true

require "nio"
require "socket"
require_relative "answer"
require_relative "connection"
require_relative "control"
require_relative "invocation"
require_relative "raw_head"
require_relative "refusal"

module Slipway
  module Server
    # What all connections share: the listening socket, what may be asked, and the time.
    class Http
      BACKLOG = 2048
      # So many connections are accepted in one turn of the loop.
      ACCEPTS = 64
      private_constant :BACKLOG, :ACCEPTS

      attr_reader :settings, :selector, :date, :draining, :now

      def initialize(settings, selector, pool, log)
        @settings = settings
        @concurrency = settings.concurrency
        @selector = selector
        @pool = pool
        @log = log
        @control = Control.new(settings)
        @connections = {}
        @watched = {}
        @draining = @full = false
        @second = nil
        tick
      end

      def listen
        address = Addrinfo.tcp(@settings.host, @settings.port)
        @listener = Socket.new(address.afamily, :STREAM)
        @listener.setsockopt(:SOCKET, :REUSEADDR, true)
        @listener.bind(address)
        @listener.listen(BACKLOG)
        @monitor = @selector.register(@listener, :r)
        @monitor.value = self
      end

      # The loop says that somebody connects.
      def ready
        ACCEPTS.times do
          socket, = @listener.accept_nonblock(exception: false)
          break if socket == :wait_readable

          socket.setsockopt(:TCP, :NODELAY, true)
          @connections[Connection.new(self, socket)] = true
        end
      rescue Errno::EMFILE, Errno::ENFILE
        make_room unless @full
      rescue SystemCallError
        # It has gone again.
      end

      # At the beginning of each turn of the loop; the time.
      def tick
        @now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        each_second if @second != @now.to_i
        @now
      end

      # Raises a Refusal where a request is refused before its body is read.
      def judge(request)
        @control.judge(request)
        refusal = unavailable unless request.probe
        raise refusal if refusal
      end

      # The same request once more.
      def renew(request)
        @control.renew(request)
      end

      # Runs the function, or answers at once; returns the invocation in flight.
      def invoke(client, request, body)
        return answer_probe(client, request.probe) if request.probe

        refusal = unavailable
        return begin_invocation(client, request, body) unless refusal

        client.answer(*Answer.error(refusal.code, refusal.message, request.id, refusal.fields))
        nil
      end

      # Takes no new connections, and keeps none.
      def drain
        @draining = true
        @full = false
        @monitor.close
        @listener.close
        @connections.each_key.select(&:idle?).each(&:close)
      end

      def unsent?
        @connections.each_key.any?(&:unsent?)
      end

      def forget(connection)
        @connections.delete(connection)
        @watched.delete(connection)
      end

      def watch(connection)
        @watched[connection] = true
      end

      def unwatch(connection)
        @watched.delete(connection)
      end

      private

      def each_second
        @second = @now.to_i
        # From the monotonic clock to the time since 1970.
        @epoch = Process.clock_gettime(Process::CLOCK_REALTIME) - @now
        @date = Time.now.utc.strftime("date: %a, %d %b %Y %T GMT\r\n")
        @watched.each_key.select { |connection| connection.stalls_at <= @now }.each(&:close)
        @monitor.interests = :r if @full
        @full = false
      end

      def begin_invocation(client, request, body)
        invocation = Invocation.new(client, request, @now, @log)
        deadline = (invocation.deadline + @epoch) * 1000
        if request.raw
          @pool.invoke(invocation, Frames::RAW, deadline, RawHead.encode(request), body)
        else
          @pool.invoke(invocation, Frames::ENVELOPE, deadline, "", body)
        end
        invocation
      end

      # Why no new invocation would be taken, or nil.
      def unavailable
        if @draining then Refusal.shutting_down
        elsif @pool.failed? then Refusal.not_loaded
        elsif @pool.in_flight >= @concurrency then Refusal.overloaded
        end
      end

      def answer_probe(client, path)
        if path == Contract::HEALTH
          client.answer(*Answer.plain(200, "ok"))
        elsif @pool.available? && unavailable.nil?
          client.answer(*Answer.plain(200, "ready"))
        else
          client.answer(*Answer.plain(503, "not ready"))
        end
        nil
      end

      # Descriptors have run out: connections that nobody uses are the first to go. New ones wait for the next second.
      def make_room
        idle = @connections.each_key.select(&:idle?)
        @log.write(1, "no descriptor is left for a connection: #{idle.size} of #{@connections.size} are idle")
        idle.first((idle.size / 2) + 1).each(&:close)
        @full = true
        @monitor.interests = nil
      end
    end
  end
end
