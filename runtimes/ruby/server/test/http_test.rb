# frozen_string_literal: true

require "running"

# Requests as bytes.
class HttpTest < Running
  FUNCTION = "def main(req, res) = res.json([req.method, req.path, req.payload, req.headers.keys.sort])"
  BODY = '{"payload":"x"}'
  FIELDS = "host: h\r\nx-runtime-secret: s\r\ncontent-type: application/json\r\n"
  CHUNKED = "transfer-encoding: chunked\r\n\r\n#{BODY.bytesize.to_s(16)}\r\n#{BODY}\r\n0\r\n".freeze

  def posted(more = "content-length: #{BODY.bytesize}\r\n\r\n#{BODY}", fields = FIELDS)
    "POST / HTTP/1.1\r\n#{fields}#{more}"
  end

  def statuses(answers)
    answers.scan(%r{HTTP/1\.1 (\d+)}).flatten.map(&:to_i)
  end

  def test_a_head_that_repeats_is_the_same_request_with_another_body
    first, second = %w[x y].map { |name| posted.sub('"x"', name.inspect) }
    answers = converse(first, second, posted("content-length: 4\r\n\r\n{}  "), first + second, second)
    assert_equal ['"x"', '"y"', "null", '"x"', '"y"', '"y"'], answers.scan(%r{"POST","/",(.*?),\[}).flatten
    assert_equal 6, answers.scan(/x-runtime-invocation-id: (\S+)/).uniq.size
  end

  def test_a_head_that_repeats_waits_for_its_body
    cut = posted.index("\r\n\r\n") + 8
    assert_equal [200, 200, 200], statuses(converse(posted, posted[0, cut], posted[cut..] + posted))
  end

  def test_a_refused_head_is_no_known_one
    wrong = posted.sub("secret: s", "secret: t")
    assert_equal [200, 401, 401, 200], statuses(converse(posted, wrong, wrong, posted))
  end

  def test_a_refusal_does_not_wait_for_the_body
    assert_equal [401], statuses(converse(posted("content-length: 5\r\n\r\n", "host: h\r\n")))
  end

  def test_the_connection_is_kept_when_a_refused_body_comes_all_the_same
    refused = posted("content-length: 5\r\n\r\n", "host: h\r\n")
    assert_equal [401, 200], statuses(converse(refused, "abcde#{posted}"))
    assert_equal [401, 200], statuses(converse("#{refused}abcde#{posted}"))
  end

  def test_who_wants_to_be_told_to_continue_is_refused_for_good
    answer = converse(posted("content-length: 5\r\nexpect: 100-continue\r\n\r\n", "host: h\r\n"))
    assert_includes answer, "connection: close"
  end

  def test_trailers_are_no_headers
    assert_includes converse(posted("#{CHUNKED}x-runtime-mode: raw\r\n\r\n")), '["POST","/","x",[]]'
  end

  def test_answers_come_in_the_order_of_the_requests
    health = "GET /_runtime/health HTTP/1.1\r\nhost: h\r\n\r\n"
    answers = converse(posted + health + posted("content-length: 5\r\n\r\nabcde", "host: h\r\n") + posted)
    assert_equal [200, 200, 401, 200], statuses(answers)
  end

  def test_a_client_that_has_said_everything_gets_its_answer
    Socket.tcp("127.0.0.1", self.class.port) do |socket|
      socket.write(posted)
      socket.close_write
      assert_includes socket.read, '"POST"'
    end
  end
end
