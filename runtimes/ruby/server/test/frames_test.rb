# frozen_string_literal: true

require "helper"
require "slipway/frames"

class FramesTest < Minitest::Test
  Frames = Slipway::Frames

  def test_a_stream_may_be_cut_anywhere
    sent = [[Frames::LOG, 1, "\x00a line"], [Frames::PONG, 0, ""], [Frames::ANSWER, 7, "x" * 70_000]]
    stream = sent.map { |kind, number, data| Frames.frame(kind, number, data) }.join
    [1, 7, 9, 65_536, stream.bytesize].each do |size|
      reader = Frames::Reader.new
      received = []
      0.step(stream.bytesize - 1, size) { |at| reader.feed(stream.byteslice(at, size)) { |*frame| received << frame } }
      assert_equal sent, received, "in pieces of #{size}"
    end
  end

  def test_what_can_be_no_frame_is_refused
    assert_raises(ArgumentError) { Frames::Reader.new.feed("\xff" * 9) { flunk } }
  end
end
