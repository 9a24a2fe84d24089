# frozen_string_literal: true

require "helper"
require "json"
require "net/http"
require "open3"
require "socket"
require "tmpdir"

# A launched function, for the tests of a class: FUNCTION is the source of its main.rb.
class Running < Minitest::Test
  SECRET = "s"

  class << self
    attr_reader :port, :log

    def launch
      return if @port

      @folder = Dir.mktmpdir
      File.write(File.join(@folder, "main.rb"), self::FUNCTION)
      @port = Socket.tcp_server_sockets("127.0.0.1", 0) { |sockets| break sockets.first.local_address.ip_port }
      output, theirs = IO.pipe
      @server = spawn(environment, File.join(HOME, "launch.sh"), out: theirs)
      theirs.close
      @log = [output.gets]
      Thread.new { output.each_line { |line| @log << line } }
      Minitest.after_run { stop }
    end

    private

    def environment
      { "RUNTIME_HOME" => HOME, "RUNTIME_HOST" => "127.0.0.1", "RUNTIME_PORT" => @port.to_s,
        "RUNTIME_SECRET" => SECRET, "FUNCTION_BUILD" => @folder }
    end

    def stop
      Process.kill(:TERM, @server)
      Process.wait(@server)
      FileUtils.rm_rf(@folder)
    end
  end

  def setup
    self.class.launch
  end

  # Status and body for a payload.
  def call(payload, timeout: 10, headers: {})
    own = { "content-type" => "application/json", "x-runtime-secret" => SECRET, "x-runtime-timeout" => timeout.to_s }
    answer = Net::HTTP.post(
      URI("http://127.0.0.1:#{self.class.port}/"), JSON.generate(payload:), own.merge(headers)
    )
    [answer.code.to_i, answer.body]
  end

  def together(payloads, timeout: 10)
    payloads.map { |payload| Thread.new { call(payload, timeout:) } }.map(&:value)
  end

  # What comes back for these pieces until the server closes the connection or falls silent.
  def converse(*pieces)
    Socket.tcp("127.0.0.1", self.class.port) do |socket|
      pieces.each do |piece|
        socket.write(piece)
        # So that it arrives by itself.
        sleep 0.03
      end
      received = "".b
      received << socket.readpartial(65_536) while socket.wait_readable(0.5)
      received
    rescue EOFError, Errno::ECONNRESET
      received
    end
  end

  # The first line of the log that matches, waited for.
  def logged(pattern)
    100.times do
      line = self.class.log.find { |one| pattern.match?(one) }
      return JSON.parse(line) if line

      sleep 0.02
    end
    flunk "no line of the log matches #{pattern.inspect}: #{self.class.log.last(5)}"
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
