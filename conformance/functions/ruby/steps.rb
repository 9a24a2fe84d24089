# frozen_string_literal: true

require "net/http"
require "numerals"
require "socket"

# Invocations that wait for each other.
class Meeting
  @all = {}
  @lock = Mutex.new

  class << self
    attr_reader :lock

    def named(name)
      @all[name] ||= new
    end

    # The name may be met under again.
    def over(name)
      @all.delete(name)
    end
  end

  attr_reader :arrived

  def initialize
    @arrived = 0
    @complete = ConditionVariable.new
  end

  # Called under the lock: whether *count* have arrived in time.
  def wait(name, count, seconds)
    @arrived += 1
    if @arrived >= count
      Meeting.over(name)
      @complete.broadcast
      return true
    end
    ending = now + seconds
    @complete.wait(Meeting.lock, ending - now) while @arrived < count && now < ending
    @arrived >= count
  end

  private

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end

# One run of a list of steps; what it sees goes out with a report.
class Run
  @counted = 0

  class << self
    attr_accessor :counted
  end

  def initialize(req, res)
    @req = req
    @res = res
    @seen = {}
  end

  # Steps that answer

  def step_send(step)
    @res.send(body(step), **options(step))
  end

  def step_json(step)
    value = case step["special"]
            when "nan" then Float::NAN
            when "cycle" then [].tap { |list| list << list }
            when "function" then method(:step_json)
            else step["value"]
            end
    @res.json(value, **options(step))
  end

  def step_report(_step)
    request = {
      method: @req.method, path: @req.path, query: @req.query, headers: @req.headers, payload: @req.payload,
      env: @req.env, body: [@req.body].pack("m0"), id: @req.id, deadline: @req.deadline.to_f * 1000
    }
    @res.json({ request:, seen: @seen })
  end

  def step_echo(_step)
    payload = @req.payload
    return @res.json(payload["value"]) if payload.is_a?(Hash) && payload.key?("steps")

    type = @req.headers["content-type"]
    @res.send(@req.body, headers: type ? { "content-type" => type } : {})
  end

  def step_again(step)
    step_send(step)
    @seen[:again] = "accepted"
  rescue Slipway::Response::AlreadyAnswered
    @seen[:again] = "raised"
  end

  # Steps that take time

  def step_await(step)
    sleep(step["ms"] / 1000.0)
  end

  def step_block(step)
    # Under a mask nothing interrupts it, as a call into C would not be interrupted.
    Thread.handle_interrupt(Object => :never) { sleep(step["ms"] / 1000.0) }
  end

  def step_spin(step)
    ending = step.key?("ms") ? now + (step["ms"] / 1000.0) : Float::INFINITY
    begin
      (1..1000).sum { |number| number * 2 } while now < ending
    rescue Exception # rubocop:disable Lint/RescueException -- it swallows whatever can be swallowed
      retry
    end
  end

  def step_meet(step)
    Meeting.lock.synchronize do
      meeting = Meeting.named(step["name"])
      next if meeting.wait(step["name"], step["count"], step["timeout_ms"] / 1000.0)

      Meeting.over(step["name"])
      raise "meet: #{meeting.arrived} of #{step['count']}"
    end
  end

  # Steps that speak

  def step_log(step)
    times(step) { @req.log(step["message"]) }
  end

  def step_error(step)
    times(step) { @req.error(step["message"]) }
  end

  def step_print(step)
    times(step) { step["to"] == "err" ? warn(step["text"]) : puts(step["text"]) }
  end

  def step_flood(step)
    line = "x" * (step.fetch("line", 100) - 1)
    (step["bytes"] / (line.size + 1)).times { puts line }
  end

  def step_bytes(step)
    $stdout.write(step["base64"].unpack1("m"), "\n")
  end

  # Steps that misbehave

  def step_throw(step)
    raise step["message"]
  end

  def step_background(step)
    later(step) { raise step["message"] }
  end

  def step_background_log(step)
    later(step) { @req.log(step["message"]) }
  end

  def step_exit(step)
    case step["how"]
    when "exit" then exit! 7
    when "abort" then Process.kill(:ABRT, Process.pid)
    when "kill" then Process.kill(:KILL, Process.pid)
    end
    sleep 1
  end

  def step_allocate(step)
    # It lives as long as this run.
    @kept = []
    1.upto(step.fetch("mb", Float::INFINITY)) { @kept << ("x" * 1_048_576) }
  end

  def step_patch(_step)
    broken = ->(*, **) { raise "patched" }
    [JSON, Net::HTTP, Socket, TCPSocket].each do |library|
      %i[generate parse dump load new start open tcp].each do |name|
        library.define_singleton_method(name, &broken) if library.respond_to?(name)
      end
    end
    JSON::Parser.define_method(:parse, &broken)
    JSON::State.define_method(:generate, &broken)
    BasicSocket.define_method(:write, &broken)
  end

  def step_mutate(step)
    name, value = step.values_at("name", "value")
    @req.headers[name] = value
    @req.env[name] = value
    ENV[name] = value
    @req.payload[name] = value if @req.payload.is_a?(Hash)
  end

  # Steps that look

  def step_count(_step)
    @seen[:count] = Run.counted += 1
  end

  def step_getenv(step)
    (@seen[:getenv] ||= {})[step["name"]] = ENV.fetch(step["name"], nil)
  end

  def step_find_secret(step)
    # The steps themselves hold the secret's reverse only.
    secret = step["reversed"].reverse
    own = { headers: @req.headers, env: @req.env, process: ENV.to_h }
    files = Dir["/proc/[0-9]*/{environ,cmdline}"]
    @seen[:secret] = own.select { |_, found| found.to_a.join("\n").include?(secret) }.keys +
                     files.select { |file| holds?(file, secret) }
  end

  def step_write(step)
    path = step["path"]
    File.write(path, "written")
    (@seen[:write] ||= {})[path] = "written"
  rescue SystemCallError => e
    (@seen[:write] ||= {})[path] = e.message
  end

  def step_fetch(step)
    Socket.tcp(step["host"], step["port"], connect_timeout: step["timeout_ms"] / 1000.0, &:close)
    @seen[:fetch] = "connected"
  rescue SystemCallError, SocketError => e
    @seen[:fetch] = e.message
  end

  def step_files(_step)
    @seen[:files] = Dir.children("/proc/self/fd").size
  end

  def step_dependency(_step)
    @seen[:dependency] = Numerals.roman(2026)
  end

  private

  def body(step)
    step.key?("base64") ? step["base64"].unpack1("m") : step.fetch("text", "")
  end

  def options(step)
    step.slice("status", "headers").transform_keys(&:to_sym)
  end

  def times(step, &)
    step.fetch("times", 1).times(&)
  end

  def later(step)
    Thread.new do
      sleep(step["ms"] / 1000.0)
      yield
    end
  end

  def holds?(file, secret)
    File.binread(file).include?(secret)
  rescue SystemCallError
    false
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
