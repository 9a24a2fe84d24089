# frozen_string_literal: true

require "running"

# What functions do, and what becomes of those that run beside them.
class FunctionTest < Running
  FUNCTION = <<~'RUBY'
    require "timeout"

    def main(req, res)
      case req.payload["do"]
      when "sleep" then sleep req.payload["seconds"]
      when "spin" then loop { 1 + 1 }
      when "tidy"
        begin
          sleep 9
        ensure
          req.log "tidied #{req.payload['name']}"
        end
      when "exit" then exit 3
      when "thread" then Thread.exit
      when "overflow" then overflow
      when "timeout" then Timeout.timeout(0.05) { sleep 9 }
      when "fork"
        Process.wait(fork { req.log "lost"; puts "from the child"; sleep 0.05 })
      when "stay" then fork
      when "system" then system("echo from the shell; echo wrong >&2")
      when "garbage" then IO.for_fd(3, autoclose: false).syswrite("\xff" * 100) && sleep(9)
      when "close" then IO.for_fd(3).close && sleep(9)
      when "child" then Thread.new { puts "from a thread" }.join
      when "mute" then raise Mute, req.payload["with"]
      when "kill" then Thread.list.each { |thread| thread.kill unless thread == Thread.main }
      end
      res.json(req.payload)
    end

    def overflow = overflow

    class Mute < StandardError
      def initialize(with) = super("mute").tap { define_singleton_method(with) { |*| raise NotImplementedError } }
    end
  RUBY

  def generic(answer)
    assert_equal [500, "function_error"], [answer.first, JSON.parse(answer.last)["error"]["code"]]
  end

  def well(within: 2)
    began = now
    assert_equal 200, call({ "do" => "nothing" }).first
    assert_operator now - began, :<, within
  end

  def test_a_hundred_sleep_at_once
    began = now
    answers = together(Array.new(100) { |number| { "do" => "sleep", "seconds" => 1, "number" => number } })
    assert_equal((0..99).to_a, answers.map { |_, body| JSON.parse(body)["number"] })
    assert_operator now - began, :<, 5
  end

  def test_one_that_waits_too_long_is_interrupted_and_may_tidy_up
    beside = Thread.new { call({ "do" => "sleep", "seconds" => 1 }) }
    assert_equal 504, call({ "do" => "tidy", "name" => "up" }, timeout: 0.3).first
    logged(/tidied up/)
    assert_match(/main\.rb:\d+.*it was here/, logged(/it was here/)["message"])
    assert_equal 200, beside.value.first
  end

  def test_a_busy_loop_costs_its_own_caller_only
    beside = Thread.new { call({ "do" => "sleep", "seconds" => 1 }) }
    assert_equal 504, call({ "do" => "spin" }, timeout: 0.5).first
    well
    assert_equal 200, beside.value.first
  end

  def test_what_ends_the_call_does_not_end_the_process
    beside = Thread.new { call({ "do" => "sleep", "seconds" => 1 }) }
    sleep 0.1
    %w[exit thread overflow timeout].each { |what| generic(call({ "do" => what })) }
    well
    assert_equal 200, beside.value.first
  end

  def test_an_exception_that_cannot_be_printed_is_one_all_the_same
    %w[message detailed_message backtrace cause].each do |with|
      id = "without-#{with}"
      generic(call({ "do" => "mute", "with" => with }, headers: { "x-runtime-invocation-id" => id }))
      assert_match(/Mute/, logged(/#{id}/)["message"])
    end
  end

  def test_a_child_has_no_part_in_the_stream
    assert_equal 200, call({ "do" => "fork" }).first
    assert_equal 200, call({ "do" => "stay" }).first
    logged(/from the child/)
    refute(self.class.log.any? { |line| line.include?("lost") })
    10.times { well }
  end

  def test_what_a_shell_prints_belongs_to_the_invocation_that_runs_alone
    call({ "do" => "system" }, headers: { "x-runtime-invocation-id" => "shell" })
    assert_equal "shell", logged(/from the shell/)["invocation"]
    assert_equal %w[shell error], logged(/wrong/).values_at("invocation", "level")
  end

  def test_what_a_thread_prints_belongs_to_the_invocation_that_started_it
    call({ "do" => "child" }, headers: { "x-runtime-invocation-id" => "parent" })
    assert_equal "parent", logged(/from a thread/)["invocation"]
  end

  def test_who_spoils_the_stream_is_replaced
    %w[garbage close].each do |what|
      generic(call({ "do" => what }, timeout: 5))
      well
    end
  end

  def test_killing_threads_costs_their_own_calls_only
    call({ "do" => "kill" })
    well
  end
end
