"""What an invocation holds once it has ended: it stays known for lines that come late."""

import json
import unittest

from slipway_server.invocation import MOST_RESULT_LOG, Invocation
from slipway_worker import frames

ANSWER = frames.ANSWER_HEAD.pack(200, frames.TEXT, 0) + b"well"


class Client:
    """Takes an answer."""

    body = b""

    def answer(self, head: bytes, body: bytes, dated: bool = False) -> None:
        self.body = body


def invocation(client: Client | None = None) -> Invocation:
    return Invocation(client or Client(), b"id", 1, True, None)


class Results(unittest.TestCase):
    def test_a_status_without_a_body_has_none_in_a_result(self) -> None:
        for status, body in ((200, "well"), (204, ""), (304, "")):
            with self.subTest(status):
                client = Client()
                invocation(client).answered(frames.ANSWER_HEAD.pack(status, frames.TEXT, 0) + b"well")
                self.assertEqual(json.loads(client.body)["body"], body)


class Lines(unittest.TestCase):
    def test_nothing_is_kept_when_it_has_ended(self) -> None:
        for client in (Client(), None):
            for code in ("", "timeout", "invalid_json"):
                with self.subTest(client=client, code=code):
                    ended = invocation()
                    ended.log(frames.INFO, "kept")
                    ended.client = client
                    if code:
                        ended.refused(code, "why")
                    else:
                        ended.answered(ANSWER)
                    ended.log(frames.INFO, "late")
                    self.assertIsNone(ended.lines)

    def test_empty_lines_are_not_kept_without_end(self) -> None:
        keeps = invocation()
        assert keeps.lines is not None
        for _ in range(MOST_RESULT_LOG + 1):
            keeps._keep(keeps.lines, ("", "info", ""))
        self.assertEqual((len(keeps.lines), keeps.truncated), (MOST_RESULT_LOG, True))


if __name__ == "__main__":
    unittest.main()
