# frozen_string_literal: true

require "helper"
require "slipway/server/raw_head"
require "slipway/server/request"

class RequestTest < Minitest::Test
  def read(*lines, line: "POST / HTTP/1.1")
    Slipway::Server::Request.new("#{[line, 'host: h', *lines].join("\r\n")}\r\n\r\n".b)
  end

  def refused(...)
    assert_raises(Slipway::Server::Refusal) { read(...) }.code
  end

  def test_what_two_readers_could_read_in_two_ways_is_refused
    [
      ["content-length: 2", "transfer-encoding: chunked"], ["content-length: 2", "content-length: 3"],
      ["content-length: 2, 2"], ["content-length: +2"], ["content-length: 0x2"], ["content-length: 2 3"],
      ["transfer-encoding: gzip, chunked"], ["transfer-encoding: chunked", "transfer-encoding: chunked"],
      ["x-folded: 1", " 2"], ["x-bare: 1\n2: 3"], ["x-bare: 1\r2: 3"], ["x-nul: \0"], ["x-space : 1"], [": 1"],
      ["no colon"]
    ].each { |lines| assert_equal "bad_request", refused(*lines), lines.inspect }
  end

  def test_an_old_client_has_no_chunks
    assert_equal "bad_request", refused("transfer-encoding: chunked", line: "POST / HTTP/1.0")
  end

  def test_other_versions_are_refused
    ["POST / HTTP/2.0", "POST / HTTP/1.2", "POST /", "POST  / HTTP/1.1"].each do |line|
      assert_equal "bad_request", refused(line:), line
    end
  end

  def test_the_limits_on_headers
    assert_equal "headers_too_large", refused("x: #{'y' * 16_384}")
    assert_equal "headers_too_large", refused(*["x: y"] * 100)
    assert_equal "/", read(*["x: y"] * 99).target
  end

  def test_methods_and_targets_that_the_parser_does_not_know
    request = read("x-a: 1", line: "frobnicate-the-whole-thing /#{'p' * 13_000}?q=%zz HTTP/1.1")
    assert_equal "frobnicate-the-whole-thing", request.method
    assert request.target.end_with?("p?q=%zz")
    assert_equal "1", request.fields["HTTP_X_A"]
    assert_equal({ "host" => "h", "x-a" => "1" }, request.to_enum(:each_header).to_h)
  end

  def test_names_keep_their_letters_in_spite_of_the_parser
    headers = read("X-Upper-Name: 1", "under_score: 2", "x-twice: a", "x-twice: b").to_enum(:each_header).to_a
    assert_equal [%w[host h], %w[x-upper-name 1], %w[under_score 2], %w[x-twice a], %w[x-twice b]], headers
  end

  def test_an_underscore_is_no_hyphen
    assert_nil read("x_runtime_secret: s").fields["HTTP_X_RUNTIME_SECRET"]
  end

  def test_a_head_that_has_only_begun
    check = Slipway::Server::Request.method(:check_beginning)
    ["GET / HTTP/1.1\n\n", "\x16\x03\x01", "GET / HTTP/1.1\r\nx: 1\r\n y", "x" * 40_000].each do |bytes|
      assert_raises(Slipway::Server::Refusal) { check.call(bytes.b) }
    end
    assert_nil check.call("GET / HTTP/1.1\r".b)
  end

  def test_raw_mode_hides_what_belongs_to_the_connection
    request = read("Connection: x-mine, close", "X-Mine: 1", "x-runtime-mode: raw", "te: trailers", "x-kept: é",
                   line: "GET http://h:1/a?b?c HTTP/1.1")
    head = JSON.parse(Slipway::Server::RawHead.encode(request))
    assert_equal [%w[host h], %w[x-kept é]], head["headers"]
    assert_equal ["/a", "b?c"], head.values_at("path", "query")
  end
end
