# SPDX-License-Identifier: BSD-3-Clause
"""What `covey deploy` and `covey plan` print: progress, and a summary that names host and step."""

import json
import os
import sys

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: covey
type: stdout
short_description: progress and summary of covey deploy
description: A line for each change and failure, and one for each host at the end.
"""

# Keys of a failed step's result that say why, the best first.
REASONS = ("stderr", "msg", "stdout")

# Plays that change nothing.
LOOKS = ("All machines", "Key manager that moves", "Proof on the wire")


def reason_of_answer(text):
    """What is wrong by an answer of covey in JSON; nothing if it is none."""
    try:
        answer = json.loads(text)
        said = [str(problem) for problem in answer.get("problems") or []]
        said += [f"{one['from']} to {one['to']}: {one['verdict']}" for one in answer.get("directions") or []
                 if one["verdict"] != "encrypted"]
        said += [f"clear VXLAN from {one['from']}" for one in answer.get("clear") or []]
        if answer.get("gkm") and answer["gkm"].get("last_error"):
            said.append(f"the key manager: {answer['gkm']['last_error']}")
        if answer.get("error"):
            said.append(str(answer["error"]))
        return "; ".join(said[:5])
    except (ValueError, KeyError, AttributeError, TypeError):
        return ""


def printable(text):
    """Machines say what they like: it must not be a terminal that does what they say, nor lines of their own."""
    return "".join(one if one.isprintable() else "?" for one in text)


class CallbackModule(CallbackBase):
    """Ansible calls its methods; one object for a run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "covey"

    def __init__(self):
        super().__init__()
        self.plan = os.environ.get("COVEY_DEPLOY_PLAN") == "1"
        self.is_terminal = sys.stdout.isatty()
        self.inventory = None
        self.heading = ""  # of a play that has said nothing yet
        self.visits = False  # does the play change machines?
        self.begun = set()
        self.settled = set()  # that need no visit
        self.changes = {}  # by host
        self.failures = {}  # by host: step and reason
        self.step = ""

    # --- output -------------------------------------------------------------------------------

    def say(self, text):
        if self.is_terminal:
            sys.stdout.write("\r\033[K")
        if self.heading:
            sys.stdout.write(f"{self.heading}:\n")
            self.heading = ""
        sys.stdout.write(printable(text) + "\n")
        sys.stdout.flush()

    def progress(self, text):
        if self.is_terminal:
            sys.stdout.write("\r\033[K  " + printable(text)[:76])
            sys.stdout.flush()

    @staticmethod
    def name_of(result):
        return "this machine" if result._host.get_name() == "localhost" else result._host.get_name()

    @staticmethod
    def item_of(result):
        label = result._result.get("_ansible_item_label")
        return f": {label}" if label else ""

    @staticmethod
    def reason_of(result):
        said = reason_of_answer(str(result.get("stdout") or ""))
        if said:
            return said
        for key in REASONS:
            text = str(result.get(key) or "").split("\n\nThe error appears to be in")[0].strip()
            if text and text not in ("non-zero return code", "All items completed"):
                return " ".join(text.splitlines()[-3:])
        return "it did not say why"

    # --- what Ansible calls -------------------------------------------------------------------

    def v2_playbook_on_play_start(self, play):
        self.inventory = play.get_variable_manager()._inventory
        self.heading = play.get_name()
        self.visits = self.heading not in LOOKS

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.step = task.get_name().rsplit(" : ", 1)[-1]
        self.progress(self.step)

    def v2_runner_on_start(self, host, task):
        if self.visits:
            self.begun.add(host.get_name())
        self.progress(f"{host.get_name()}: {self.step}")

    def changed(self, result):
        name = self.name_of(result)
        text = self.step + self.item_of(result)
        traffic = self.traffic_of(result._task.get_vars())
        self.changes.setdefault(name, []).append(text)
        self.say(f"  {name}: {text}{'; traffic: ' + traffic if traffic else ''}")

    @staticmethod
    def traffic_of(variables):
        """What a step does to traffic is beside it in the role."""
        return variables.get("deploy_traffic_" + variables.get("deploy_part", ""), "")

    def v2_runner_on_ok(self, result):
        if result._result.get("add_group") == "deploy_settled":
            self.settled.add(result._host.get_name())
        if result._result.get("changed") and "results" not in result._result:
            self.changed(result)

    def v2_runner_item_on_ok(self, result):
        if result._result.get("changed"):
            self.changed(result)

    def v2_on_file_diff(self, result):
        if os.environ.get("COVEY_DEPLOY_DIFF") != "1":
            return
        for one in result._result.get("results") or [result._result]:
            diff = self._get_diff(one["diff"]) if one.get("diff") and one.get("changed") else ""
            for line in diff.rstrip("\n").splitlines():
                self.say(line.expandtabs())

    def failed(self, result, text):
        name = self.name_of(result)
        if name not in self.failures:
            self.failures[name] = (self.step + self.item_of(result), text)
            self.say(f"  {name}: FAILED: {self.step}{self.item_of(result)}: {text}")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors and "results" not in result._result:
            self.failed(result, self.reason_of(result._result))

    def v2_runner_item_on_failed(self, result):
        self.failed(result, self.reason_of(result._result))

    def v2_runner_on_unreachable(self, result):
        if result._task.ignore_unreachable:
            self.say(f"  {self.name_of(result)}: cannot be reached")
            return
        self.failed(result, "cannot be reached: " + self.reason_of(result._result))

    # --- the summary --------------------------------------------------------------------------

    def line_of(self, name):
        count = len(self.changes.get(name, []))
        changes = f"{count} change{'' if count == 1 else 's'}"
        if name in self.failures:
            step, why = self.failures[name]
            return f"FAILED at \"{step}\": {why}"
        if not count and name not in self.begun | self.settled and name != "this machine":
            return "not begun, and as it was"
        if not count:
            return "as it should be"
        return f"{changes} to make" if self.plan else f"{changes} made"

    def v2_playbook_on_stats(self, stats):
        names = ["this machine"]
        for group in ("key_managers", "deploy_hosts", "deploy_gone"):
            hosts = self.inventory.get_hosts(group, ignore_restrictions=True)
            names += [host.get_name() for host in hosts if host.get_name() not in names]
        width = max(len(name) for name in names)
        self.heading = ""
        self.say("")
        for name in names:
            self.say(f"  {name:{width}}  {self.line_of(name)}")
        total = sum(len(changes) for changes in self.changes.values())
        self.say("")
        if self.failures:
            self.say("It stopped there. Machines that come later are as they were. When that is mended, run the "
                     "same command again: it goes on from what is there.")
        elif self.plan:
            self.say(f"{total} changes to make." if total else "Nothing to change.")
        else:
            self.say(f"{total} changed.")
