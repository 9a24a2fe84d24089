"""The server that is in Python itself: requests that its parser alone would not take as they should be taken."""

import unittest

from running import SECRET, Running

BODY = b'{"payload":"x"}'
FIELDS = b"host: h\r\nx-runtime-secret: %b\r\ncontent-type: application/json\r\n" % SECRET.encode()


def posted(more: bytes, body: bytes = BODY, fields: bytes = FIELDS) -> bytes:
    return b"POST / HTTP/1.1\r\n%b%b\r\n%b" % (fields, more, body)


WHOLE = posted(b"content-length: %d\r\n" % len(BODY))
CHUNKED = b"%x\r\n%b\r\n0\r\n" % (len(BODY), BODY)


class Http(Running):
    function = "def main(req, res): res.json([req.method, req.path, req.payload, sorted(req.headers)])"

    def test_a_refusal_does_not_wait_for_the_body(self) -> None:
        self.assertIn(b" 401 ", self.converse(posted(b"content-length: 5\r\n", b"", b"host: h\r\n")))

    def test_the_connection_is_kept_when_a_refused_body_comes_all_the_same(self) -> None:
        answers = self.converse(posted(b"content-length: 5\r\n", b"", b"host: h\r\n"), b"abcde" + WHOLE)
        self.assertEqual([b" 401 " in answers, b" 200 " in answers], [True, True])

    def test_who_wants_to_be_told_to_continue_is_refused_for_good(self) -> None:
        refused = posted(b"content-length: 5\r\nexpect: 100-continue\r\n", b"", b"host: h\r\n")
        self.assertIn(b"connection: close", self.converse(refused))

    def test_a_method_that_nobody_knows_reaches_the_function(self) -> None:
        raw = b"FROB /a HTTP/1.1\r\nhost: h\r\nx-runtime-secret: s\r\nx-runtime-mode: raw\r\n\r\n"
        self.assertIn(b'["FROB","/a"', self.converse(raw))
        self.assertEqual(self.converse(raw + WHOLE).count(b" 200 "), 2)

    def test_no_method_at_all_is_refused(self) -> None:
        self.assertIn(b" 400 ", self.converse(b"FR@B / HTTP/1.1\r\nhost: h\r\n\r\n"))

    def test_a_body_is_read_in_spite_of_a_wish_to_upgrade(self) -> None:
        wish = b"connection: upgrade\r\nupgrade: h2c\r\n"
        length = b"content-length: %d\r\n" % len(BODY)
        for request in (
            (posted(wish + length),),
            (posted(wish + length, b""), BODY[:4], BODY[4:]),
            (posted(wish + b"transfer-encoding: chunked\r\n", CHUNKED + b"\r\n"),),
        ):
            self.assertIn(b'["POST","/","x"', self.converse(*request))

    def test_trailers_are_no_headers(self) -> None:
        trailers = posted(b"transfer-encoding: chunked\r\n", CHUNKED + b"x-runtime-mode: raw\r\nsly: 1\r\n\r\n")
        answer = self.converse(trailers)
        self.assertIn(b'["POST","/","x",[]]', answer)

    def test_trailers_have_an_end(self) -> None:
        endless = [b"y" * 9000] * 6
        answer = self.converse(posted(b"transfer-encoding: chunked\r\n", CHUNKED + b"sly: "), *endless)
        self.assertIn(b" 400 ", answer)

    def test_answers_come_in_the_order_of_the_requests(self) -> None:
        health = b"GET /_runtime/health HTTP/1.1\r\nhost: h\r\n\r\n"
        answers = self.converse(WHOLE + health + posted(b"content-length: 5\r\n", b"abcde", b"host: h\r\n") + WHOLE)
        self.assertEqual([one[1:4] for one in answers.split(b"HTTP/1.1")[1:]], [b"200", b"200", b"401", b"200"])


if __name__ == "__main__":
    unittest.main()
