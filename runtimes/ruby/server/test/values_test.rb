# frozen_string_literal: true

require "helper"
require "slipway/function/query"
require "slipway/function/values"

class ValuesTest < Minitest::Test
  Values = Slipway::Function::Values

  def test_what_is_no_json
    ["", " ", "{", "[1,]", '{"a":1,}', "01", "+1", ".5", "1.", "NaN", "-Infinity", "nul", "'a'", "\"\n\"",
     "\"\\x\"", "\"\\\\\\x\"", "\"\\u12\"", "[1] 2", "{a:1}", "/* */ 1", "[1] // x", "\ufeff1",
     "\"\xff\""].each do |text|
      assert_raises(Values::NotJson, text.inspect) { Values.decode(text.b) }
    end
  end

  def test_what_is_json
    { '"//"' => "//", '["a/b","\\"/*"]' => ["a/b", "\"/*"], '"\\\\x"' => "\\x", " 1 " => 1, "1e2" => 100.0,
      '{"a":1,"a":2}' => { "a" => 2 }, '"\\ud83d\\ude00"' => "😀" }
      .each { |text, value| assert_equal value, Values.decode(text.b) }
  end

  def test_depth_has_an_end
    assert_kind_of Array, Values.decode(("[" * 400) + ("]" * 400))
    assert_raises(Values::NotJson) { Values.decode("[" * 100_000) }
    assert_raises(Values::NotHeld) { Values.encode([].tap { |list| list << list }) }
    assert_equal "[1]", Values.encode([1])
  end

  def test_values_are_written_as_they_are
    assert_equal '{"a":[1,null,"é"],"b":"sym"}', Values.encode({ a: [1, nil, "é"], "b" => :sym })
  end

  def test_an_object_may_say_how_it_is_written
    point = Class.new { def to_json(*) = '{"x":1}' }.new
    assert_equal '[{"x":1}]', Values.encode([point])
  end

  def test_what_json_can_not_hold
    [Float::NAN, Float::INFINITY, "\xff", "\xff".b, proc {}, Object.new, { a: Time.now }].each do |value|
      assert_raises(Values::NotHeld, value.inspect) { Values.encode(value) }
    end
  end

  def test_queries
    query = Slipway::Function::Query.decode("a=1&a=%20z+y&b&=c&%zz=100%&&d=%ff&e=%C3%A9=")
    assert_equal({ "a" => ["1", " z y"], "b" => [""], "" => ["c"], "%zz" => ["100%"], "d" => ["\ufffd"],
                   "e" => ["é="] }, query)
  end
end
