# frozen_string_literal: true

require_relative "answer"
require_relative "body"
require_relative "outbox"
require_relative "request"

module Slipway
  module Server
    # HTTP of one client. Requests are answered in their order: while one is, the next wait as the bytes that they are.
    # What a request asks for is the server's to know.
    class Connection
      PIECE = 65_536
      # A refused request's body is read and thrown away up to this size; beyond it the connection is given up.
      WORTH_SKIPPING = 65_536
      LINGER_SECONDS = 2
      CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n"
      private_constant :PIECE, :WORTH_SKIPPING, :LINGER_SECONDS, :CONTINUE

      @piece = String.new(capacity: PIECE)

      class << self
        # All connections read into this one.
        attr_reader :piece
      end

      # When the request that is being received, or the waiting for one, has to have moved on, by the monotonic clock.
      attr_reader :stalls_at

      def initialize(server, socket)
        @server = server
        @socket = socket
        @monitor = server.selector.register(socket, :r)
        @monitor.value = self
        @interests = :r
        @outbox = Outbox.new(socket)
        @input = String.new(encoding: Encoding::BINARY)
        @phase = :head
        @request = @body = @invocation = @known = nil
        @ended = @advancing = false
        @stalls_at = nil
      end

      # The loop says that the socket is ready.
      def ready
        return write if @interests != :r && @monitor.writable?

        case (data = @socket.read_nonblock(PIECE, self.class.piece, exception: false))
        when :wait_readable then return
        when nil then return end_of_input
        end
        return if @phase == :closing || repeated(data)

        @input << data
        advance
      rescue SystemCallError, IOError
        close
      end

      # Writes the answer to the request in hand, then turns to the next.
      def answer(head, body)
        request = @request
        @invocation = @request = nil
        return if @phase == :closed

        keep = request&.keep_alive? && !@server.draining && !@ended && @phase != :giving_up
        write_answer(request, head, body, keep)
        if keep
          @phase = :head unless @phase == :skipping
          advance unless @input.empty? && @outbox.empty?
        else
          linger
        end
      rescue SystemCallError, IOError
        close
      end

      def idle?
        @phase == :head && @input.empty? && @outbox.empty?
      end

      def unsent?
        !@outbox.empty?
      end

      def close
        return if @phase == :closed

        @phase = :closed
        @invocation&.forget
        @invocation = nil
        @server.forget(self)
        @monitor.close(false)
        @socket.close
      end

      # The clock has passed stalls_at.
      def stalled
        idle? ? wait_until(nil) : close
      end

      private

      # A request whose head is the same, byte by byte, as the last one's needs no second look at it. Most clients that
      # keep a connection change nothing but the body.
      def repeated(data)
        return if @known.nil? || !@input.empty? || @phase != :head

        size = @known_head.bytesize
        length = @known.length
        return unless data.bytesize == size + length && data.start_with?(@known_head)

        @server.renew(@request = @known)
        begin_invocation(data.byteslice(size, length))
      end

      def remember(head, request)
        return if request.length.nil? || request.probe

        @known_head = head
        @known = request
      end

      def advance
        return if @advancing

        @advancing = true
        begin
          nil while step
        rescue Refusal => e
          refuse(e)
          retry if @phase == :head
        ensure
          @advancing = false
        end
        regulate
      end

      # Whether there may be another one.
      def step
        case @phase
        when :head then take_head
        when :body then take_body
        when :skipping then skip_body
        end
      end

      def take_head
        return if @input.empty?

        @input.slice!(0, 2) while @input.start_with?("\r\n")
        ending = @input.index("\r\n\r\n")
        return wait_for_head unless ending

        head = @input.slice!(0, ending + 4)
        wait_until(nil)
        @request = @known = nil
        # The parser writes over what it reads.
        @request = Request.new(head.dup)
        @server.judge(@request)
        remember(head, @request)
        begin_request(@request)
        true
      end

      # A head has so long in all, however its bytes drip.
      def wait_for_head
        return wait_until(nil) if @input.empty?

        Request.check_beginning(@input)
        wait_until(@server.now + Contract::STALL_SECONDS) if @stalls_at.nil?
      end

      def begin_request(request)
        return begin_invocation("".b) if request.length&.zero?

        @body = request.length ? Body.new(request.length) : ChunkedBody.new(@server.settings.max_body)
        send_now(CONTINUE) if @input.empty? && request.expects_continue?
        @phase = :body
      end

      def take_body
        if @body.take(@input)
          wait_until(nil)
          body = @body.bytes
          @body = nil
          begin_invocation(body)
        else
          wait_until(@server.now + Contract::STALL_SECONDS)
          false
        end
      end

      def begin_invocation(body)
        @phase = :answering
        # A probe is answered at once, and has no invocation.
        invocation = @server.invoke(self, @request, body)
        @invocation = invocation if @phase == :answering
        true
      end

      def skip_body
        unless @body.take(@input)
          wait_until(@server.now + LINGER_SECONDS)
          return false
        end
        @body = nil
        @phase = :head
        wait_until(nil)
        true
      end

      # Answers now: nobody waits for a body that is refused. It is skipped where it is small and certain to come.
      def refuse(refusal)
        request = @request
        if @phase != :head || request.nil?
          @phase = :giving_up
        elsif request.body?
          skip_or_give_up(request)
        end
        answer(*Answer.error(refusal.code, refusal.message, request&.id, refusal.fields))
      end

      def skip_or_give_up(request)
        if request.length&.<=(WORTH_SKIPPING) && !request.expects_continue?
          @body = SkippedBody.new(request.length)
          @phase = :skipping
        else
          @phase = :giving_up
        end
      end

      def write_answer(request, head, body, keep)
        connection = if !keep then "connection: close\r\n"
                     elsif request.old? then "connection: keep-alive\r\n"
                     end
        size = body.bytesize
        if head.start_with?("HTTP/1.1 204", "HTTP/1.1 304")
          send_now("#{head}#{@server.date}#{connection}\r\n")
        elsif size <= PIECE && !request&.head?
          send_now("#{head}#{@server.date}#{connection}content-length: #{size}\r\n\r\n#{body}")
        else
          send_now("#{head}#{@server.date}#{connection}content-length: #{size}\r\n\r\n")
          send_now(body) unless request&.head?
        end
      end

      def send_now(data)
        @outbox.write(data)
      end

      def write
        return unless @outbox.flush

        @phase == :closing ? end_output : advance
      end

      # Lets the client read the answer before the connection goes: closing at once could reset it.
      def linger
        @phase = :closing
        @input.clear
        @body = nil
        return close if @ended && @outbox.empty?

        wait_until(@server.now + LINGER_SECONDS)
        end_output if @outbox.empty?
        regulate
      end

      def end_output
        @ended ? close : @socket.close_write
        regulate
      end

      # A client that has said everything still gets its answer.
      def end_of_input
        @ended = true
        return close unless @phase == :answering || unsent?

        regulate
      end

      # Reads no further while answers wait for a slow reader, or requests behind one that is being answered.
      def regulate
        return if @phase == :closed

        reads = !@ended && (@outbox.empty? || @phase == :closing) && @input.bytesize < PIECE
        interests = if @outbox.empty? then reads ? :r : nil
                    else
                      reads ? :rw : :w
                    end
        return if interests == @interests

        @interests = interests
        @monitor.interests = interests
      end

      def wait_until(time)
        return if time == @stalls_at

        @stalls_at = time
        time ? @server.watch(self) : @server.unwatch(self)
      end
    end
  end
end
