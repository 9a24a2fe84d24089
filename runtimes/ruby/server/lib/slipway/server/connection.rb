# frozen_string_literal: true

require_relative "answer"
require_relative "body"
require_relative "request"
require_relative "wire"

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

      # When what is being received has to have moved on, by the monotonic clock; nil while nothing is.
      attr_reader :stalls_at

      def initialize(server, socket)
        @server = server
        @wire = Wire.new(server.selector, socket, self)
        @input = String.new(encoding: Encoding::BINARY)
        # :head, :body, :answering, :skipping (a refused body), :giving_up (refused for good), :lingering or :closed
        @phase = :head
        @request = @body = @invocation = @known = @stalls_at = nil
        @ended = @advancing = false
      end

      # The loop says that the socket is ready.
      def ready
        return if @phase == :closed
        return flush if @wire.unsent?

        case (data = @wire.read(PIECE, self.class.piece))
        when :wait_readable then return
        when nil then return end_of_input
        end
        return if @phase == :lingering || repeated(data)

        @input << data
        advance
      rescue SystemCallError, IOError
        close
      end

      # Writes the answer to the request in hand, then turns to the next. *dated*: the head has a date already.
      def answer(head, body, dated: false)
        return if @phase == :closed

        request = @request
        @invocation = @request = nil
        keep = request&.keep_alive? && kept?
        write_answer(request, head, body, keep, dated ? nil : @server.date)
        return linger unless keep

        @phase = :head if @phase == :answering
        advance if @wire.unsent? || !@input.empty?
      rescue SystemCallError, IOError
        close
      end

      def idle?
        @phase == :head && @input.empty? && !@wire.unsent?
      end

      def unsent?
        @wire.unsent?
      end

      # The clock has passed stalls_at.
      def close
        return if @phase == :closed

        @phase = :closed
        @invocation&.forget
        @invocation = nil
        @server.forget(self)
        @wire.close
      end
      alias give_up close

      private

      # From bytes to requests -----------------------------------------------------------------------------------------

      # A request that came in one piece and whose head is the last one's.
      def repeated(data)
        return if @known.nil? || !@input.empty? || @phase != :head

        size = @known_head.bytesize
        length = @known.length
        return unless data.bytesize == size + length && data.start_with?(@known_head)

        @server.renew(@request = @known)
        begin_invocation(data.byteslice(size, length))
      end

      def advance
        return if @advancing

        @advancing = true
        begin
          nil while step
        rescue Refusal => e
          refuse(e)
          retry
        ensure
          @advancing = false
        end
        look_out
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
        @input.slice!(0, 2) while @input.start_with?("\r\n")
        return if @input.empty?

        if @known && @input.start_with?(@known_head)
          @input.slice!(0, @known_head.bytesize)
          @server.renew(@request = @known)
        else
          ending = @input.index("\r\n\r\n")
          return wait_for_head unless ending

          read_head(@input.slice!(0, ending + 4))
        end
        begin_request
      end

      # A head has so long in all, however its bytes drip.
      def wait_for_head
        Request.check_beginning(@input)
        wait(Contract::STALL_SECONDS) if @stalls_at.nil?
        false
      end

      # A head that is the same as the last one, byte by byte, needs no second look: most clients that keep a connection
      # change nothing but the body.
      def read_head(head)
        @request = @known = nil
        # The parser writes over what it reads.
        @request = Request.new(head.dup)
        @server.judge(@request)
        return if @request.length.nil? || @request.probe

        @known_head = head
        @known = @request
      end

      def begin_request
        stop_waiting
        length = @request.length
        # All of it is here, most of the time.
        return begin_invocation(@input.slice!(0, length)) if length && length <= @input.bytesize

        @phase = :body
        @body = length ? Body.new(length) : ChunkedBody.new(@server.settings.max_body)
        @wire.write(CONTINUE) if @input.empty? && @request.expects_continue?
        true
      end

      def take_body
        unless @body.take(@input)
          wait(Contract::STALL_SECONDS)
          return false
        end
        stop_waiting
        bytes = @body.bytes
        @body = nil
        begin_invocation(bytes)
      end

      def begin_invocation(bytes)
        @phase = :answering
        invocation = @server.invoke(self, @request, bytes)
        # It may have been answered at once.
        @invocation = invocation if @phase == :answering
        true
      end

      def skip_body
        unless @body.take(@input)
          wait(LINGER_SECONDS)
          return false
        end
        stop_waiting
        @body = nil
        @phase = :head
        true
      end

      # Refusing -------------------------------------------------------------------------------------------------------

      # Answers now: nobody waits for a body that is refused. It is skipped where it is small and certain to come.
      def refuse(refusal)
        request = @request
        if @phase != :head || request.nil? then @phase = :giving_up
        elsif request.body? then skip_or_give_up(request)
        end
        answer(*Answer.error(refusal.code, refusal.message, request&.id, refusal.fields))
      end

      def skip_or_give_up(request)
        if request.length&.<=(WORTH_SKIPPING) && !request.expects_continue?
          @body = Body.new(request.length)
          @phase = :skipping
        else
          @phase = :giving_up
        end
      end

      # Writing, and ending --------------------------------------------------------------------------------------------

      def kept?
        !@ended && @phase != :giving_up && !@server.draining
      end

      def write_answer(request, head, body, keep, date)
        connection = if !keep then "connection: close\r\n"
                     elsif request.old? then "connection: keep-alive\r\n"
                     end
        size = body.bytesize
        if head.start_with?("HTTP/1.1 204", "HTTP/1.1 304")
          @wire.write("#{head}#{date}#{connection}\r\n")
        elsif size <= PIECE && !request&.head?
          @wire.write("#{head}#{date}#{connection}content-length: #{size}\r\n\r\n#{body}")
        else
          @wire.write("#{head}#{date}#{connection}content-length: #{size}\r\n\r\n")
          @wire.write(body) unless request&.head?
        end
      end

      def flush
        @wire.flush
        return look_out if @wire.unsent?

        @phase == :lingering ? end_output : advance
      end

      # Lets the client read the answer before the connection goes: closing at once could reset it.
      def linger
        @phase = :lingering
        @input.clear
        @body = nil
        wait(LINGER_SECONDS)
        @wire.unsent? ? look_out : end_output
      end

      def end_output
        return close if @ended

        @wire.end_output
        look_out
      end

      # A client that has said everything still gets its answer.
      def end_of_input
        @ended = true
        return close unless @phase == :answering

        look_out
      end

      # Reads no further while answers wait for a slow reader, or requests behind one that is being answered.
      def look_out
        return if @phase == :closed

        @wire.look_out(!@ended && !@wire.unsent? && @input.bytesize < PIECE)
      end

      def wait(seconds)
        @server.watch(self) if @stalls_at.nil?
        @stalls_at = @server.now + seconds
      end

      def stop_waiting
        return if @stalls_at.nil?

        @stalls_at = nil
        @server.unwatch(self)
      end
    end
  end
end
