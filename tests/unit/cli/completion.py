#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What bash offers behind a covey command line.

completion.py COMPLETION COVEY EXAMPLE_INVENTORY
"""

import os
import re
import subprocess
import sys
import unittest

COMPLETION, COVEY, EXAMPLE = sys.argv[1:4]

OFFER = """
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
function=$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
"$function"
[[ ${#COMPREPLY[@]} == 0 ]] || printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(line):
    """line ends with the word that is being typed, which may be empty."""
    result = subprocess.run(
        ["bash", "-uc", f'. "$0"; {OFFER}', COMPLETION, *line.split(" ")],
        capture_output=True, text=True, timeout=30, check=True,
        env={**os.environ, "PATH": os.path.dirname(os.path.abspath(COVEY)) + ":" + os.environ["PATH"]})
    if result.stderr:
        raise AssertionError(result.stderr)
    return result.stdout.split()


def text_of(*arguments):
    return subprocess.run([COVEY, *arguments], capture_output=True, text=True, timeout=30, check=True).stdout


class Completion(unittest.TestCase):
    def test_commands(self):
        listed = re.findall(r"^  (\w+) +\w", text_of("help").partition("Commands:\n")[2].partition("\n\n")[0], re.M)
        self.assertEqual(offered("covey "), listed)
        self.assertIn("status", listed)
        self.assertEqual(offered("covey sh"), ["show"])
        self.assertEqual(offered("covey --json -s x sh"), ["show"])
        self.assertEqual(offered("covey help sh"), ["show"])

    def test_options(self):
        self.assertEqual(offered("covey --js"), ["--json"])
        self.assertEqual(offered("covey show --w"), ["--watch"])
        self.assertIn("-W", offered("covey show -"))
        self.assertIn("-w", offered("covey capture -"))
        self.assertEqual(sorted(offered("covey ping hv1 --so")), ["--socket", "--source-port"])
        self.assertEqual(offered("covey join --w"), [])
        self.assertEqual(offered("covey-host --gu"), ["--guard"])
        self.assertEqual(offered("covey-gkm --st"), ["--state"])

    def test_values(self):
        self.assertEqual(sorted(offered("covey-host --guard ")), ["keep", "off", "on"])
        self.assertEqual(offered(f"covey -i {EXAMPLE[:-2]}"), [EXAMPLE])
        self.assertEqual(offered("covey ping --count "), [])

    def test_arguments(self):
        parts = offered("covey show ")
        for part in parts:
            # A part that there is makes covey ask somebody.
            result = subprocess.run([COVEY, "-s", "/dev/null/x", "show", part], capture_output=True, text=True, timeout=30)
            self.assertEqual(result.returncode, 1, part)
        self.assertIn("peers", parts)
        self.assertEqual(offered("covey show groups "), [])
        self.assertEqual(sorted(offered("covey mode g ")), ["confirm", "enforce", "observe", "transition"])
        self.assertIn("revoke", offered("covey pki "))

    def test_names(self):
        self.assertEqual(offered(f"covey -i {EXAMPLE} join "), ["tenants", "feed"])
        self.assertEqual(offered(f"covey -i {EXAMPLE} ping hv"), ["hv1", "hv2", "hv3"])
        self.assertEqual(offered(f"covey ping --inventory {EXAMPLE} hv1 t"), ["tenants"])
        self.assertEqual(sorted(offered(f"covey -i {EXAMPLE} pki issue ")), ["gkm", "hv1", "hv2", "hv3"])
        self.assertEqual(offered("covey -i /nothing join "), [])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
