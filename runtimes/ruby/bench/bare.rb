# frozen_string_literal: true

# The least that answers: puma's parser on an nio4r loop; no secret, no limits, no function.

require "json"
require "nio"
require "puma/puma_http11"
require "socket"

PARSER = Puma::HttpParser.new

# One client.
class Client
  def initialize(socket)
    @socket = socket
    @input = String.new(encoding: Encoding::BINARY)
  end

  # Whether it is still there.
  def read
    data = @socket.read_nonblock(65_536, exception: false)
    return true if data == :wait_readable
    return false if data.nil?

    @input << data
    serve
    true
  rescue SystemCallError
    false
  end

  private

  def serve
    while (head = @input.index("\r\n\r\n"))
      fields = {}
      PARSER.reset
      PARSER.execute(fields, @input.byteslice(0, head + 4), 0)
      ending = head + 4 + fields["CONTENT_LENGTH"].to_i
      break if @input.bytesize < ending

      answer(@input.byteslice(head + 4, ending))
      @input = @input.byteslice(ending, @input.bytesize)
    end
  end

  def answer(body)
    name = JSON.parse(body).dig("payload", "name")
    text = JSON.generate(message: "Hello #{name}")
    @socket.write_nonblock(
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: #{text.bytesize}\r\n\r\n#{text}"
    )
  end
end

listener = TCPServer.new("0.0.0.0", 3000)
listener.listen(2048)
selector = NIO::Selector.new
selector.register(listener, :r)

loop do
  selector.select do |monitor|
    if monitor.value.nil?
      socket = listener.accept
      socket.setsockopt(:TCP, :NODELAY, true)
      selector.register(socket, :r).value = Client.new(socket)
    elsif !monitor.value.read
      monitor.close
      monitor.io.close
    end
  end
end
