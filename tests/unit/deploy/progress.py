#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What `covey deploy` prints of what machines say: no escapes for the terminal, no lines of their own.

Usage: progress.py SOURCE
"""

import contextlib
import importlib.util
import io
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True  # beside the plugin
SOURCE = pathlib.Path(sys.argv.pop(1))
SAID = "a\033]0;title\007\r\n  hv2  as it should be\x9b2J\u202e"


def load():
    spec = importlib.util.spec_from_file_location("covey", SOURCE / "deploy/ansible/callback_plugins/covey.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CallbackModule()


class Progress(unittest.TestCase):
    def printed(self, terminal, method, *words):
        callback, out = load(), io.StringIO()
        callback.is_terminal = terminal
        with contextlib.redirect_stdout(out):
            getattr(callback, method)(*words)
        return out.getvalue()

    def test_say(self):
        self.assertEqual(self.printed(False, "say", "hv1: größer"), "hv1: größer\n")
        self.assertEqual(self.printed(False, "say", SAID), "a?]0;title???  hv2  as it should be?2J?\n")

    def test_progress(self):
        self.assertEqual(self.printed(True, "progress", SAID), "\r\033[K  a?]0;title???  hv2  as it should be?2J?")


if __name__ == "__main__":
    unittest.main()
