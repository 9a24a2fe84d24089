# frozen_string_literal: true

require "helper"
require "slipway/server/settings"

class SettingsTest < Minitest::Test
  def read(settings = {}, secret: "s\n")
    reader, writer = IO.pipe
    writer.write(secret)
    writer.close
    reader.autoclose = false
    Slipway::Server::Settings.read(settings.merge("RUNTIME_SECRET_FD" => reader.fileno.to_s))
  end

  def test_defaults
    settings = read
    assert_equal ["s", "0.0.0.0", 3000, "main.rb"], settings.to_h.values_at(:secret, :host, :port, :entrypoint)
    assert_equal [30.0, 10.0, 20 << 20, 100, 1],
                 settings.to_h.values_at(:timeout, :grace, :max_body, :concurrency, :workers)
  end

  def test_what_can_not_be_read_names_its_variable
    { "RUNTIME_PORT" => "65536", "RUNTIME_TIMEOUT" => "1e3", "RUNTIME_GRACE" => "0", "RUNTIME_MAX_BODY" => "-1",
      "RUNTIME_CONCURRENCY" => "many", "RUNTIME_WORKERS" => "1.5" }.each do |name, value|
      error = assert_raises(Slipway::Server::SettingError) { read({ name => value }) }
      assert_includes error.message, name
    end
  end

  def test_an_empty_secret_is_none
    assert_raises(Slipway::Server::SettingError) { read(secret: "\n") }
    assert_raises(Slipway::Server::SettingError) { Slipway::Server::Settings.read({}) }
  end

  def test_the_function_sees_nothing_of_the_runtime
    environment = read({ "RUNTIME_PORT" => "1", "RUNTIME_FUNCTION_RUBYOPT" => "-w", "HOME" => "/tmp" }).environment
    assert_equal({ "HOME" => "/tmp", "RUBYOPT" => "-w" }, environment)
  end

  def test_decimals
    decimal = Slipway::Server::Settings.method(:positive_decimal)
    assert_equal [5.0, 0.75, 5.0, 0.5], %w[5 0.75 05 .5].map(&decimal)
    assert_equal [nil], ["", "0", "-1", "1e3", "0x10", "NaN", "1 2", "1.", "1_0", "1\n"].map(&decimal).uniq
  end
end
