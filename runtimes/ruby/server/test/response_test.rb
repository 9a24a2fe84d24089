# frozen_string_literal: true

require "helper"
require "slipway/function/response"

class ResponseTest < Minitest::Test
  Response = Slipway::Response

  def parts(response)
    bytes = response.frame(1).byteslice(9..)
    status, type, size = bytes.unpack("nCN")
    [status, type, bytes.byteslice(7, size), bytes.byteslice(7 + size, bytes.bytesize)]
  end

  def problem
    response = Response.new
    yield response
    response.problem
  end

  def test_the_encoding_tells_text_from_bytes
    text = Response.new
    text.send("é".encode("UTF-16LE"), status: 201)
    assert_equal [201, 1, "", "é".b], parts(text)
    bytes = Response.new
    bytes.send("\xff".b)
    assert_equal [200, 2, "", "\xff".b], parts(bytes)
  end

  def test_a_body_is_the_functions_to_change_again
    body = +"before"
    response = Response.new
    response.send(body)
    body << " and after"
    assert_equal "before", parts(response).last
  end

  def test_headers_of_the_runtime_are_dropped
    response = Response.new
    response.send("x", headers: { "X-Runtime-Error": "1", "Content-Length" => 1, "X-Kept" => %w[a b],
                                  "content-type" => "a/b" })
    assert_equal [200, 0, '[["X-Kept","a"],["X-Kept","b"],["content-type","a/b"]]', "x"], parts(response)
  end

  def test_what_can_not_be_sent
    assert_match(/status/, problem { |response| response.send("x", status: "200") })
    assert_match(/name/, problem { |response| response.send("x", headers: { "a b" => "1" }) })
    assert_match(/control character/, problem { |response| response.send("x", headers: { "a" => ["\n"] }) })
    assert_match(/String/, problem { |response| response.send("x", headers: { "a" => Object.new }) })
    assert_match(/UTF-8/, problem { |response| response.send("\xff") })
    assert_match(/JSON/, problem { |response| response.json(Float::NAN) })
    assert_nil(problem { |response| response.json(nil) })
  end

  def test_the_first_answer_stands
    response = Response.new
    response.json(1)
    assert_raises(Response::AlreadyAnswered) { response.send("2") }
    assert_raises(Response::AlreadyAnswered) { response.json(Object.new) }
    assert_equal "1", parts(response).last
    assert_nil response.problem
  end
end
