#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What makes the manual pages (deploy/help/manual.py): it takes no page that lacks something.

manual_made.py SOURCE COVEY COVEY-HOST COVEY-GKM
"""

import copy
import pathlib
import sys
import unittest

SOURCE, COVEY, HOST, GKM = map(pathlib.Path, sys.argv[1:5])

sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / "deploy/help"))
import manual

MADE = {program: manual.Page(program) for program in (COVEY, HOST, GKM)}  # asks the programs, once


class Made(unittest.TestCase):
    def page(self, program):
        section = 1 if program == COVEY else 8
        return (SOURCE / f"docs/man/{program.name}.{section}.in").read_text(encoding="utf-8")

    def refused(self, program, old, new, said):
        """The page with old, which it has, replaced by new."""
        page = self.page(program)
        self.assertIn(old, page)
        with self.assertRaises(manual.Mistake) as mistake:
            copy.deepcopy(MADE[program]).make(page.replace(old, new, 1))
        self.assertIn(said, str(mistake.exception))

    def test_as_it_is(self):
        for program, made in MADE.items():
            self.assertNotIn("\n@", copy.deepcopy(made).make(self.page(program)))

    def test_option_is_missing(self):
        self.refused(COVEY, "\n@option show --watch\n", "\n", "nothing is said of --watch of covey show")
        self.refused(COVEY, "\n@option --json\n", "\n", "nothing is said of --json")
        self.refused(COVEY, "\n@same plan deploy\n", "\n", "nothing is said of --check of covey plan")
        self.refused(GKM, "\n@options\n", "\n", "nothing is said of --help of covey-gkm")

    def test_option_is_not_there(self):
        self.refused(HOST, "@option --guard", "@option --guards", "no option --guards")
        self.refused(COVEY, "@option ping --count", "@option why --count", "covey why has no option --count")
        self.refused(COVEY, "@options diff", "@options why", "nothing is said of --gkm of covey diff")
        self.refused(COVEY, "@same plan deploy", "@same plan ping", "plan does not have the options of ping")

    def test_option_is_there_twice(self):
        self.refused(HOST, "@option --guard\n", "@option --guard\n@option --guard\n", "--guard of covey-host is there already")

    def test_command_is_missing(self):
        self.refused(COVEY, "\n@command join\n", "\n", "nothing is said of: covey join")
        self.refused(COVEY, "\n@command pki crl +days\n", "\n", "nothing is said of: covey pki crl")

    def test_command_is_not_there(self):
        self.refused(COVEY, "\n@command join\n", "\n@command joint\n", "no command joint")
        self.refused(COVEY, "\n@command join\n", "\n@command join\n@command pki burn\n", "there is no covey pki burn")

    def test_synopsis_lacks_an_option(self):
        self.refused(COVEY, "@command diff +gkm", "@command diff", "the synopsis lacks --gkm of covey diff")
        self.refused(HOST, " --carrier!", "", "the synopsis lacks --carrier")

    def test_unknown_word(self):
        self.refused(COVEY, "@commands", "@verbs", "what is @verbs?")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
