"""What the server is launched with, and how it says what is wrong with that."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import ClassVar

from running import HOME, SECRET, Running

FOLDER = tempfile.TemporaryDirectory()
SECRET_FILE = Path(FOLDER.name, "secret")


class Secret(Running):
    function = "def main(req, res): res.send('well')"
    environment: ClassVar[dict[str, str]] = {"RUNTIME_SECRET": "", "RUNTIME_SECRET_FILE": str(SECRET_FILE)}

    @classmethod
    def setUpClass(cls) -> None:
        SECRET_FILE.write_text(f"{SECRET}\r\n")
        super().setUpClass()

    def test_a_file_of_windows_has_it_as_well(self) -> None:
        self.assertEqual(self.call({}), (200, "well"))


class LineBreaks(Running):
    function = Secret.function
    environment = Secret.environment

    @classmethod
    def setUpClass(cls) -> None:
        SECRET_FILE.write_text(f"{SECRET}\n\n")
        super().setUpClass()

    def test_one_line_break_belongs_to_the_file(self) -> None:
        self.assertEqual(self.call({})[0], 401)


class Refusals(unittest.TestCase):
    def test_what_is_wrong_is_one_line_of_the_log(self) -> None:
        SECRET_FILE.write_text("\n")
        for told, environment in (
            ("RUNTIME_SECRET_FILE", {}),
            ("RUNTIME_SECRET_FILE", {"RUNTIME_SECRET_FILE": str(SECRET_FILE)}),
            ("/nowhere", {"RUNTIME_SECRET_FILE": "/nowhere"}),
            ("from 1 to 1024", {"RUNTIME_SECRET": SECRET, "RUNTIME_WORKERS": "1025"}),
        ):
            with self.subTest(told):
                given = os.environ | {"RUNTIME_HOME": str(HOME), "RUNTIME_PORT": "1"} | environment
                ended = subprocess.run([str(HOME / "launch.sh")], env=given, capture_output=True, timeout=20)
                self.assertEqual((ended.returncode, ended.stderr), (78, b""))
                line = json.loads(ended.stdout)
                self.assertEqual((line["level"], line["invocation"]), ("error", None))
                self.assertIn(told, line["message"])


if __name__ == "__main__":
    unittest.main()
