# frozen_string_literal: true

require "helper"
require "slipway/server/body"

class BodyTest < Minitest::Test
  def chunked(*pieces, most: 100)
    body = Slipway::Server::ChunkedBody.new(most)
    input = "".b
    whole = pieces.map { |piece| body.take(input << piece) }.last
    [whole, body.bytes, input]
  end

  def test_chunks_with_extensions_and_trailers
    stream = "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nx-sum: 1\r\n\r\n".b
    assert_equal [true, "abcde", "next"], chunked("#{stream}next")
    assert_equal [true, "abcde", ""], chunked(*stream.chars)
  end

  def test_what_is_no_chunk
    ["zz\r\n", "+2\r\n", "-2\r\n", "\r\n", "2\nab", "10000000000000002\r\n", "2\r\nabc\r\n", "0x2\r\n", "2 2\r\n",
     "0\r\nno trailer\r\n", "0\r\n folded: 1\r\n", "2\rx\r\n"].each do |stream|
      error = assert_raises(Slipway::Server::Refusal, stream.inspect) { chunked(stream.b) }
      assert_equal "bad_request", error.code
    end
  end

  def test_what_has_no_end
    ["1;#{'x' * 20_000}", "0\r\n#{"x: #{'y' * 1000}\r\n" * 20}", "0\r\n#{'x' * 20_000}"].each do |stream|
      assert_raises(Slipway::Server::Refusal) { chunked(stream.b) }
    end
  end

  def test_too_much_is_refused_by_its_size
    ["65\r\n", "64\r\n#{'x' * 100}\r\n1\r\n"].each do |stream|
      assert_equal "payload_too_large", assert_raises(Slipway::Server::Refusal) { chunked(stream) }.code
    end
  end

  def test_a_body_of_known_length_takes_no_more
    body = Slipway::Server::Body.new(3)
    refute body.take("ab".b)
    rest = "cd".b
    assert body.take(rest)
    assert_equal %w[abc d], [body.bytes, rest]
  end
end
