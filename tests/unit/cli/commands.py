#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The program covey, command by command, against a covey-host that this test plays.

commands.py COVEY EXAMPLE_INVENTORY
"""

import contextlib
import fcntl
import json
import os
import re
import socket
import stat
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

COVEY, EXAMPLE = sys.argv[1:3]

SHOWN = {
    "ok": True,
    "host": "hv1",
    "identity": "spiffe://f/host/hv1",
    "ready": True,
    "gkm": {
        "address": "192.0.2.10",
        "port": 4798,
        "state": "waiting",
        "since_s": 3725,
        "instance": None,
        "last_error": "connection refused",
    },
    "groups": [
        {
            "name": "tenants",
            "index": 0,
            "state": "joined",
            "refusal": None,
            "sender_id": 7,
            "epoch": 3,
            "may_send": True,
            "may_receive": False,
            "vnis": [100, 200, 201, 202],
            "replay_window": 1024,
            "members": [
                {
                    "sender_id": 7,
                    "identity": "spiffe://f/host/hv1",
                    "vtep": "198.51.100.1",
                    "epoch_floor": 3,
                    "self": True,
                }
            ],
        },
        {"name": "feed", "index": 1, "state": "refused", "refusal": "not authorised: no member"},
        {"name": "quiet", "index": 2, "state": "joined", "deaf": True},
        {"name": "still", "index": 3, "state": "joined", "deaf": False, "perhaps_deaf": True},
    ],
    "sas": [
        {
            "spi": 256,
            "group": "tenants",
            "state": "active",
            "cipher": "aes-256-gcm",
            "key_scope": "sender",
            "epoch": 3,
            "age_s": 61,
            "expires_s": 86400,
            "windows": 2,
            "packets_sent": 10,
            "packets_received": 11,
            "icv_failures": 0,
        }
    ],
    "windows": [
        {
            "spi": 256,
            "sender_id": 7,
            "window_id": 4096,
            "class": 0,
            "cast": "multicast",
            "path": 0,
            "esn": "0003000000000005",
            "sending": True,
        }
    ],
    "workers": 2,
    "counters": {"encrypted_packets": 10, "handed_over": 4711, "told_too_big": 42},
    "drops": {"in-icv": 0, "in-replay-seen": 12},
    "clear": {
        "out": 33,
        "in": 4,
        "unheard": 5,
        "would_drop": {"out-source": 6, "in-clear-vxlan": 4},
        "heard": [{"vni": 100, "peer": "10.0.0.9", "direction": "in", "packets": 4, "would_drop": 4,
                   "reason": "in-clear-vxlan", "ago_s": 61},
                  {"vni": 100, "peer": "10.0.0.8", "direction": "out", "packets": 27, "would_drop": 0,
                   "reason": None, "ago_s": 0}],
    },
    "ports": [{"role": "fabric", "name": "eth1", "driver": "net_af_xdp", "mtu": 1500, "rx_queues": 2, "tx_queues": 2}],
    "buffers": {"total": 16383, "free": 12000},
    "foreign_vxlan": [{"kind": "Geneve", "device": "vx9", "port": 6081, "over": "covey0", "dropped": False},
                      {"device": "vx8", "port": 9, "over": None, "dropped": True, "unguarded": False},
                      {"device": "vx7", "port": 8, "over": None, "dropped": False, "passes": True},
                      {"device": "vx6", "port": 8472, "over": "eth9", "dropped": False, "unguarded": True}],
    "guard": {
        "state": "weaker",
        "interface": "eth1",
        "hooks": ["inet prerouting", "netdev ingress"],
        "weaker": "no egress hook on eth1",
        "failing": None,
        "restored": 3,
        "last_changed": {"by": "nft (process 12)", "ago_s": 61},
        "uplinks": [
            {"interface": "eth1", "found_by": "routes", "only_default": False, "state": "guarded", "mtu": 1600},
            {"interface": "eth2", "found_by": "routes", "only_default": True, "state": "missing", "mtu": None},
        ],
        "drops": [
            {"family": "netdev", "chain": "ingress", "rule": "clear VXLAN", "packets": 11},
            {"family": "inet", "chain": "prerouting", "rule": "own copy", "packets": 0},
        ],
    },
}


# One right-aligned column wider than its title, one narrower, and one that is aligned left.
WINDOWS = """\
SPI  SENDERID  WINDOW  CLASS  CAST       PATH  ESN               USE
256     65535    4096      0  multicast    12  0003000000000005  sends
256         7    4096      0  unicast       0  0003000000000005  sends
"""

def run(*arguments):
    result = subprocess.run(
        [COVEY, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        timeout=120,
    )
    return result.returncode, result.stdout, result.stderr


def unread(pipe):
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


class Host:
    """Answers one request with the given bytes; remembers the request."""

    def __init__(self, directory, answer, read=True, delay=0):
        self.path = os.path.join(directory, "host.sock")
        self.answer = answer
        self.read = read
        self.delay = delay
        self.request = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        client, _ = self.listener.accept()
        with client:
            if self.read:
                self.request = client.makefile("rb").readline()
            time.sleep(self.delay)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(self.answer)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.thread.join()
        self.listener.close()
        os.unlink(self.path)


class Probed(Host):
    """Answers each request for probes: all arrive, but hv1 cannot send the largest one, and a path is not
    measured."""

    def answer_to(self, request):
        if "full" not in request:
            return {"ok": False, "error": "no"}
        if request.get("multicast"):
            return {"ok": True, "no_multicast": True}
        sender, receiver = request["from"], request["to"][0]
        reports = []
        for host in (sender, receiver):
            seen = []
            for out in (True, False):
                probes = 3 if (host == "hv1") == out else 7
                seen.append({"out": out, "watched": True, "sent": probes if out else 0, "encrypted": probes,
                             "clear": 0, "crowded": 0, "delivered": 0 if out else probes, "spi": 256})
            reports.append({"host": host, "done": True, "reason": "", "blind": "", "seen": seen, "drops": {}})
        return {"ok": True, "from": sender, "to": [receiver], "sizes": [100, 200, 1490], "added": 110,
                "reports": reports}

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client:
                    request = json.loads(client.makefile("rb").readline())
                    client.sendall(json.dumps(self.answer_to(request)).encode() + b"\n")

    def __exit__(self, *failure):
        self.listener.shutdown(socket.SHUT_RDWR)
        super().__exit__(*failure)


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.path = self.directory.name

    def ask(self, answer, *arguments, read=True, option="--socket"):
        if not isinstance(answer, bytes):
            answer = json.dumps(answer).encode() + b"\n"
        with Host(self.path, answer, read) as host:
            result = run(option, host.path, *arguments)
        self.request = json.loads(host.request) if host.request else None
        return result

    def write(self, text):
        path = os.path.join(self.path, "inventory.yaml")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        return path


class Usage(Case):
    def test_statuses(self):
        for arguments, status, words in (
            (["shwo"], 2, "unknown command shwo (did you mean show?)"),
            (["check", "a", "b"], 2, "b is too much"),
            (["mode"], 2, "the group's name is missing"),
            (["mode", "g", "open"], 2, "open is no mode: there are observe, transition and enforce"),
            (["mode", "g", "observe", "enforce"], 2, "one mode at a time: enforce is too much"),
            (["mode", "g", "--for", "1h"], 2, "a time needs a mode"),
            (["mode", "g", "confirm", "--for", "1h"], 2, "a time needs a mode"),
            (["mode", "g", "observe", "--for", "1h", "--confirm-within", "1h"], 2, "exclude each other"),
            (["mode", "g", "observe", "--despite-clear"], 2, "--despite-clear goes with enforce"),
            (["mode", "g", "confirm", "--despite-clear"], 2, "--despite-clear goes with enforce"),
            (["mode", "g", "--despite-clear"], 2, "--despite-clear goes with enforce"),
            (["mode", "g", "observe", "--for", "0"], 2, "is no time from 1s to 7d"),
            (["mode", "g", "observe", "--for", "-5"], 2, "is no time from 1s to 7d"),
            (["mode", "g", "observe", "--for", "8d"], 2, "is no time from 1s to 7d"),
            (["mode", "g", "observe", "--for", "604801"], 2, "is no time from 1s to 7d"),
            (["mode", "g", "observe", "--for", "1y"], 2, "is no time from 1s to 7d"),
            (["mode", "g", "observe", "--for", ""], 2, "is no time from 1s to 7d"),
            (["mode", "g", "observe", "--for", "99999999999999999999"], 2, "is no time from 1s to 7d"),
            (["mode", "g", "observe", "--for", "1h 5"], 2, "is no time from 1s to 7d"),
            (["show", "sa"], 2, "(did you mean sas?)"),
            (["join"], 2, "the group's name is missing"),
            (["leave", "a", "b"], 2, "one group at a time"),
            (["pki"], 2, "init, issue, renew, list, revoke or crl"),
            (["pki", "list", "hv1"], 2, "list takes --all alone"),
            (["pki", "renew", "hv1", "--force"], 2, "renew takes no --all"),
            (["pki", "renew", "--within", "30"], 2, "--within is a time like 30d"),
            (["pki", "issue", "hv1", "--within", "30d"], 2, "--within goes with renew"),
            (["pki", "revoke"], 2, "revoke what?"),
            (["pki", "revoke", "hv1", "--serial", "1"], 2, "revoke what?"),
            (["pki", "revoke", "hv1", "--force"], 2, "revoke takes no --all"),
            (["pki", "crl", "hv1"], 2, "crl takes no host"),
            (["pki", "issue", "hv1", "--serial", "1"], 2, "issue chooses"),
            (["pki", "mint"], 2, "unknown action mint"),
            (["pki", "init", "--all"], 2, "init takes no host"),
            (["pki", "issue"], 2, "Name one host"),
            (["pki", "issue", "hv1", "--all"], 2, "Name one host"),
            (["pki", "init", "--days", "0"], 2, "--days must be a number"),
        ):
            with self.subTest(arguments):
                code, out, err = run(*arguments)
                self.assertEqual(code, status)
                self.assertIn(words, err)
                self.assertEqual(out, "")

    def test_help_and_version(self):
        for command in ([], ["check"], ["pki"], ["join"], ["leave"], ["show"]):
            with self.subTest(command):
                code, out, _ = run(*command, "--help")
                self.assertEqual(code, 0)
                self.assertIn("--inventory", out)
        self.assertRegex(run("--version")[1], r"^covey \d+\.\d+\.\d+\n$")

    def test_full_output(self):
        with open("/dev/full", "w") as full:
            code = subprocess.run([COVEY, "check", EXAMPLE], stdout=full, stderr=subprocess.DEVNULL)
        self.assertEqual(code.returncode, 1)


class Check(Case):
    def test_example(self):
        for arguments in (["check", EXAMPLE], ["-i", EXAMPLE, "check"], ["check", "-i", EXAMPLE]):
            code, out, err = run(*arguments)
            self.assertEqual((code, err), (0, ""))
            self.assertIn("is good.", out)
            self.assertRegex(out, r"tenants +100, 200-219 +3 +3 +3 +aes-256-gcm +per sender +1d +enforce\n")
            self.assertRegex(out, r"feed +300 +2 +1 +1 ")
            self.assertRegex(out, r"hv3 +198\.51\.100\.3 +ens2f0np0 ")

    def test_example_json(self):
        code, out, _ = run("--json", "check", EXAMPLE)
        model = json.loads(out)
        self.assertEqual(code, 0)
        self.assertTrue(model["ok"])
        self.assertEqual([host["name"] for host in model["hosts"]], ["hv1", "hv2", "hv3"])
        self.assertEqual(model["groups"][1]["vnis"], [300])
        self.assertEqual(model["groups"][1]["members"][0], {"host": "hv1", "may_send": True, "may_receive": False})
        self.assertEqual(model["class_by_dscp"][34], 5)

    def test_mistakes(self):
        path = self.write("all:\n  vars:\n    covey_gmk: 1\n    covey_fabric: f\n")
        code, out, err = run("check", path)
        self.assertEqual((code, out), (1, ""))
        self.assertIn(
            f"{path}:3:5: unknown variable covey_gmk (did you mean covey_gkm?)\n"
            "    3 |     covey_gmk: 1\n"
            "      |     ^\n",
            err,
        )
        code, out, err = run("check", "--json", path)
        answer = json.loads(out)
        self.assertEqual((code, err, answer["ok"]), (1, "", False))
        self.assertEqual([(m["line"], m["column"]) for m in answer["mistakes"]], [(2, 3), (2, 3), (3, 5)])

    def test_pipe(self):
        """A pipe whose writer takes its time, as behind <(...)."""
        with open(EXAMPLE, "rb") as example:
            text = example.read()
        reader, writer = os.pipe()
        process = subprocess.Popen(
            [COVEY, "check", f"/dev/fd/{reader}"],
            pass_fds=[reader],
            stdout=subprocess.PIPE,
            text=True,
        )
        os.write(writer, text[:100])
        while process.poll() is None and unread(reader):
            pass
        os.write(writer, text[100:])
        os.close(writer)
        os.close(reader)
        self.assertIn("is good.", process.communicate(timeout=30)[0])
        self.assertEqual(process.returncode, 0)

    def test_encodings(self):
        with open(EXAMPLE, encoding="utf-8") as example:
            text = example.read()
        path = self.write(text)
        for encoding, newline, words in (
            ("utf-8-sig", "\n", None),
            ("utf-8", "\r\n", None),
            ("utf-16", "\n", "save the file as plain UTF-8"),
            ("utf-16-le", "\n", "save the file as plain UTF-8"),
        ):
            with self.subTest(encoding=encoding, newline=newline):
                with open(path, "w", encoding=encoding, newline=newline) as stream:
                    stream.write(text)
                code, _, err = run("check", path)
                self.assertEqual(code, 1 if words else 0)
                self.assertIn(words or "", err)

    def test_no_file(self):
        code, _, err = run("check", os.path.join(self.path, "none"))
        self.assertEqual(code, 1)
        self.assertIn("--inventory FILE", err)


class Wire(Case):
    # The largest probe did not leave, and what passes cannot be measured: that is not good.
    def test_not_sent(self):
        inventory = self.write("all:\n  vars:\n    covey_fabric: f\n    covey_gkm: 127.0.0.1\n    covey_groups:\n"
                               "      tenants: {vnis: [100], members: [hv1, hv2]}\n  hosts:\n"
                               "    hv1: {covey_vtep: 10.0.0.1}\n    hv2: {covey_vtep: 10.0.0.2}\n")
        with Probed(self.path, b"") as host:
            code, out, err = run("--json", "--socket", host.path, "-i", inventory, "check", "--wire", "tenants")
        found = json.loads(out)
        verdicts = {(way["from"], way["to"]): way for way in found["directions"]}
        self.assertEqual((code, found["ok"], len(verdicts)), (1, False, 2), err)
        self.assertEqual(verdicts["hv2", "hv1"]["verdict"], "encrypted")
        self.assertEqual(verdicts["hv1", "hv2"]["verdict"], "too big")
        self.assertIn("hv1 could send tenants' packets of 200 bytes, and none of 1490",
                      verdicts["hv1", "hv2"]["detail"])
        self.assertEqual(found["groups"][0]["multicast"], False)


class Pki(Case):
    def pki(self, *arguments):
        return run("-i", EXAMPLE, "-p", os.path.join(self.path, "pki"), "pki", *arguments)

    def mode(self, name):
        return stat.S_IMODE(os.stat(os.path.join(self.path, "pki", name)).st_mode)

    def content(self, name):
        with open(os.path.join(self.path, "pki", name), "rb") as stream:
            return stream.read()

    def test_life(self):
        code, _, err = self.pki("issue", "--all")
        self.assertEqual((code, err.count("\n")), (1, 1))
        self.assertIn("covey pki init", err)
        self.assertEqual(self.pki("init")[0], 0)
        self.assertEqual(self.pki("init")[0], 1)
        self.assertEqual(self.pki("issue", "hv2")[0], 0)
        code, out, _ = self.pki("issue", "--all")
        self.assertEqual(code, 0)
        self.assertIn("hv2: skipped", out)
        for name in ("gkm", "hv1", "hv3"):
            self.assertIn(f"{name}: issued", out)
        self.assertIn("with SenderID 1", out)
        for name in ("ca", "gkm", "hv1", "hv2", "hv3"):
            self.assertEqual(self.mode(name + ".key"), 0o600)

    def test_no_overwriting(self):
        self.pki("init")
        self.pki("issue", "hv1")
        before = self.content("hv1.key")
        code, _, err = self.pki("issue", "hv1")
        self.assertEqual(code, 1)
        self.assertIn("--force", err)
        self.assertEqual(self.content("hv1.key"), before)
        self.assertEqual(self.pki("issue", "hv1", "--force")[0], 0)
        self.assertNotEqual(self.content("hv1.key"), before)

    def revoked(self):
        return subprocess.run(
            ["openssl", "crl", "-in", os.path.join(self.path, "pki", "crl.pem"), "-noout", "-text"],
            check=True, capture_output=True, text=True).stdout.count("Serial Number:")

    def test_revoking(self):
        self.pki("init")
        self.pki("issue", "hv1")
        self.pki("issue", "hv1", "--force")
        self.assertEqual(self.pki("crl")[0], 0)
        self.assertEqual(self.revoked(), 0)
        code, out, _ = self.pki("revoke", "hv1")
        self.assertEqual(code, 0)
        self.assertIn("hv1: 2 certificates are newly revoked", out)
        self.assertEqual(self.revoked(), 2)
        self.pki("issue", "hv1", "--force")
        self.pki("issue", "hv2")
        lines = self.content("issued").decode().splitlines()
        self.assertEqual([line.split()[1] for line in lines], ["hv1", "hv1", "hv1", "hv2"])
        self.assertEqual(len({line.split()[0] for line in lines}), 4)
        answer = json.loads(self.pki("--json", "revoke", "--serial", lines[2].split()[0])[1])
        self.assertEqual(answer["results"][0]["added"], 1)
        self.assertEqual(answer["results"][0]["revoked"], 3)
        code, out, err = self.pki("revoke", "nosuch")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("no certificate of nosuch", err)
        self.assertEqual(self.revoked(), 3)

    def test_half_a_pair(self):
        """A certificate without its key is no reason to skip a host in silence."""
        self.pki("init")
        self.pki("issue", "--all")
        os.unlink(os.path.join(self.path, "pki", "hv1.key"))
        code, out, err = self.pki("issue", "--all")
        self.assertEqual(code, 1)
        self.assertIn("hv1.crt", err)
        self.assertIn("hv3: skipped", out)

    def test_json(self):
        code, out, err = self.pki("--json", "issue", "--all")
        answer = json.loads(out)
        self.assertEqual((code, err, answer["ok"]), (1, "", False))
        self.assertIn("covey pki init", answer["results"][0]["error"])
        answer = json.loads(self.pki("--json", "init")[1])
        self.assertTrue(answer["ok"])
        self.assertEqual(answer["results"][0]["certificate"], os.path.join(self.path, "pki/ca.crt"))
        self.pki("issue", "hv2")
        code, out, err = self.pki("--json", "issue", "--all")
        answer = json.loads(out)
        self.assertEqual((code, err, answer["ok"]), (0, "", True))
        results = {result["name"]: result for result in answer["results"]}
        self.assertEqual(results["hv1"]["state"], "made")
        self.assertEqual(results["hv1"]["sender_id"], 1)
        self.assertEqual(results["hv2"], {"name": "hv2", "state": "skipped"})
        code, out, err = self.pki("--json", "issue", "nobody")
        answer = json.loads(out)
        self.assertEqual((code, err, answer["ok"]), (1, "", False))
        self.assertIn("has no host nobody", answer["results"][0]["error"])
        code, out, err = run("-i", self.write("all:\n"), "--json", "pki", "init")
        self.assertEqual((code, err, json.loads(out)["ok"]), (1, "", False))

    def test_skipping_only_what_fits(self):
        """What --all finds in another fabric's folder is not what it was asked for."""
        self.pki("init")
        self.pki("issue", "--all")
        with open(EXAMPLE, encoding="utf-8") as example:
            other = self.write(re.sub(r"covey_fabric: \S+", "covey_fabric: other.example", example.read()))
        code, out, err = run("-i", other, "-p", os.path.join(self.path, "pki"), "pki", "issue", "--all")
        self.assertEqual((code, out), (1, ""))
        self.assertRegex(err, r"hv1: .*hv1\.crt is there and is spiffe://.*/host/hv1's, not spiffe://other\.example/")
        self.assertIn("--pki", err)
        self.assertEqual(self.pki("issue", "--all")[0], 0)
        for name in ("ca.crt", "ca.key"):
            os.unlink(os.path.join(self.path, "pki", name))
        self.pki("init")
        code, _, err = self.pki("issue", "--all")
        self.assertEqual(code, 1)
        self.assertIn("not by the CA beside it", err)

    def test_days_beyond_the_ca(self):
        self.pki("init", "--days", "100")
        for arguments in (("hv1",), ("--all",)):
            code, out, err = self.pki("issue", *arguments, "--days", "9999")
            self.assertEqual((code, out), (1, ""))
            self.assertRegex(err, r"--days 9999 is more than the CA has, which ends in (99|100) days")
        code, _, err = self.pki("issue", "hv1")
        self.assertEqual(code, 0)
        self.assertIn("and what it issues with it", err)
        self.assertEqual(self.pki("issue", "hv2", "--days", "90")[::2], (0, ""))

    def serial_number(self, name):
        return subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", os.path.join(self.path, "pki", name + ".crt")],
                              check=True, capture_output=True, text=True).stdout

    def renew(self, *arguments, code=0):
        """What became of each name."""
        status, out, err = self.pki("--json", "renew", *arguments)
        answer = json.loads(out)
        self.assertEqual((status, err, answer["ok"]), (code, "", code == 0))
        return {result["name"]: result for result in answer["results"]}

    def test_renew(self):
        """What ends within the time is issued again, by the same name and SenderID, and nothing else."""
        self.pki("init")
        for name, days in ("hv1", "20"), ("hv2", "40"), ("gkm", "5"):
            self.assertEqual(self.pki("issue", name, "--days", days)[0], 0)
        before = {name: self.serial_number(name) for name in ("hv1", "hv2", "gkm")}
        results = self.renew("--within", "12h")
        self.assertEqual({name: result["state"] for name, result in results.items()},
                         {"gkm": "kept", "hv1": "kept", "hv2": "kept", "hv3": "missing"})
        results = self.renew()
        self.assertEqual({name: result["state"] for name, result in results.items()},
                         {"gkm": "renewed", "hv1": "renewed", "hv2": "kept", "hv3": "missing"})
        self.assertEqual((results["hv1"]["sender_id"], results["gkm"]["sender_id"]), (1, 0))
        after = {name: self.serial_number(name) for name in before}
        self.assertEqual({name for name in before if before[name] != after[name]}, {"hv1", "gkm"})
        self.assertEqual(self.mode("hv1.key"), 0o600)
        self.assertEqual([line.split()[1] for line in self.content("issued").decode().splitlines()],
                         ["hv1", "hv2", "gkm", "gkm", "hv1"])
        self.assertEqual({result["state"] for result in self.renew().values()}, {"kept", "missing"})
        code, out, _ = self.pki("renew", "--within", "50d", "hv2", "gkm")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^hv2: renewed, the one before ends 20\S+Z; copy \S+/hv2\.crt and hv2\.key to it\n"
                              r"gkm: kept, ends 20\S+Z\n$")

    def test_renew_keeps_the_sender_id(self):
        """A SenderID that only the certificate has stays; one in the inventory wins."""
        self.pki("init")
        self.pki("issue", "hv1", "--days", "3")
        with open(EXAMPLE, encoding="utf-8") as example:
            text = example.read()
        for written, expected in ("# no number", 1), ("covey_sender_id: 9", 9):
            other = self.write(text.replace("covey_sender_id: 1", written))
            code, out, err = run("-i", other, "-p", os.path.join(self.path, "pki"), "--json", "pki", "renew", "--within",
                                 "400d", "hv1")
            self.assertEqual((code, err, json.loads(out)["results"][0]["sender_id"]), (0, "", expected))

    def test_renew_refuses(self):
        """Who has none, who is no host, and what a new certificate would not change."""
        self.assertIn("covey pki init", self.pki("renew")[2])
        self.pki("init", "--days", "10")
        self.assertIn("covey pki issue hv2", self.renew("hv2", code=1)["hv2"]["error"])
        self.pki("issue", "hv1")
        before = self.content("hv1.crt")
        self.assertIn("make a new CA", self.renew("hv1", code=1)["hv1"]["error"])
        self.assertEqual(self.content("hv1.crt"), before)
        code, out, err = self.pki("renew", "hv11")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("did you mean hv1?", err)

    def test_renew_by_another_ca(self):
        self.pki("init")
        self.pki("issue", "hv1")
        for name in ("ca.crt", "ca.key"):
            os.unlink(os.path.join(self.path, "pki", name))
        self.pki("init")
        code, out, _ = self.pki("renew")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"hv1: renewed, the one before ends \S+ and is by another CA; copy")
        self.assertEqual(self.renew()["hv1"]["state"], "kept")

    def test_list(self):
        self.pki("init")
        for arguments in (["issue", "hv1"], ["issue", "hv2"], ["issue", "hv1", "--force"], ["revoke", "hv2"]):
            self.pki(*arguments)

        def listed(*arguments):
            code, out, err = self.pki("--json", "list", *arguments)
            self.assertEqual((code, err), (0, ""))
            return [(item["name"], item["state"]) for item in json.loads(out)["certificates"]]

        self.assertEqual(listed(), [("ca", "in use"), ("hv2", "revoked"), ("hv1", "in use"), ("gkm", "missing"),
                                    ("hv3", "missing")])
        self.assertEqual(listed("--all")[:4], [("ca", "in use"), ("hv1", "replaced"), ("hv2", "revoked"), ("hv1", "in use")])
        code, out, _ = self.pki("list")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"\nhv1 +in use +20\d\d-\S+ +36[45]d .* [0-9A-F]+\n")
        self.assertRegex(out, r"\nhv3 +missing +- ")
        with open(os.path.join(self.path, "pki", "crl.pem"), "w", encoding="utf-8") as stream:
            stream.write("nonsense")
        code, out, err = self.pki("--json", "list")
        self.assertEqual((code, json.loads(out)["ok"]), (1, False))
        self.assertIn("covey pki crl", err)

    def test_list_without_ca(self):
        code, out, err = self.pki("list")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("covey pki init", err)

    def test_unknown_host(self):
        code, _, err = self.pki("issue", "hv11")
        self.assertEqual(code, 1)
        self.assertIn("has no host hv11 (did you mean hv1?)", err)


PATHS = {"ok": True, "daemon": "covey-host", "host": "hv1",
         "paths": [{"host": "hv2", "problem": None}, {"host": "hv3", "problem": "the path to hv3 is small"}]}


class CheckOfHost(Case):
    def check(self, answer):
        return self.ask(answer, "check", "--host", "hv1", EXAMPLE)

    def test_problem(self):
        code, out, err = self.check(PATHS)
        self.assertEqual((code, err), (1, ""))
        self.assertIn("PROBLEM: on this host: the path to hv3 is small.\n", out)

    def test_none(self):
        for answer in ({**PATHS, "paths": PATHS["paths"][:1]}, {**PATHS, "host": "hv2"}):
            code, out, _ = self.check(answer)
            self.assertEqual(code, 0)
            self.assertNotIn("PROBLEM", out)
            self.assertNotIn("not looked at", out)

    def test_not_asked(self):
        """It is there, and does not answer. Where there is none, nothing is said of it."""
        code, out, _ = self.check(b"")
        self.assertEqual(code, 0)
        self.assertIn("what covey-host knows of the paths to the others is not looked at: ", out)
        code, out, _ = run("--socket", os.path.join(self.path, "none"), "check", "--host", "hv1", EXAMPLE)
        self.assertEqual(code, 0)
        self.assertNotIn("not looked at", out)


class Client(Case):
    def test_overview(self):
        code, out, err = self.ask(SHOWN, "show")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(self.request, {"command": "show"})
        self.assertIn("waiting for 1h 2m", out)
        self.assertIn("Workers: 2, 4711 packets handed over", out)
        self.assertIn("Told by ICMP that a packet does not fit: 42 times\n", out)
        self.assertIn("last failure: connection refused", out)
        self.assertRegex(out, r"tenants +joined +7 +3 +send +1024 +1 +100, 200-202\n")
        self.assertIn("feed: the key manager refuses: not authorised: no member", out)
        self.assertIn("quiet: DEAF: others send in it and nothing of it arrives here\n", out)
        self.assertIn("still: perhaps DEAF: others send in it, perhaps to this host, and nothing arrives here\n", out)
        self.assertNotIn("tenants: DEAF", out)
        self.assertNotIn("Probes", out)
        out = self.ask({**SHOWN, "probes": {"refused": 3}}, "show")[1]
        self.assertIn("\nProbes that were forged or repeated by tenants, and refused: 3\n", out)
        self.assertNotIn("Probes", self.ask({**SHOWN, "probes": {"refused": 0}}, "show")[1])
        out = self.ask(SHOWN, "show")[1]
        self.assertIn("spiffe://f/host/hv1 (this host)", out)
        self.assertRegex(out, r"256 +tenants +active .* 1m 1s +1d ")
        self.assertRegex(out, r"12 +in-replay-seen +VPE packet that was received before")
        self.assertNotIn("in-icv", out)
        self.assertIn("IN CLEAR, by the modes of groups: 33 packets left, 4 entered\n", out)
        self.assertRegex(out, r" 6 +out-source +VXLAN whose source address is not")
        self.assertRegex(out, r"\n100 +in +10\.0\.0\.9 +4 +4 +in-clear-vxlan +1m 1s ago\n")
        self.assertRegex(out, r"\n100 +out +10\.0\.0\.8 +27 +0 +- +0s ago\n")
        self.assertIn("And 5 packets of others, for whom there was no room\n", out)
        self.assertIn("Guard on eth1: NOT all that it should be\n  no egress hook on eth1\n", out)
        self.assertIn("put back 3 times, last 1m 1s ago after a change by nft (process 12)", out)
        self.assertRegex(out, r"11 +netdev ingress +clear VXLAN\n")
        self.assertNotIn("own copy", out)
        self.assertRegex(out, r"eth1 +1600 +routes +guarded\n")
        self.assertRegex(out, r"eth2 +- +routes, only the default one +missing\n")
        self.assertIn("Geneve device vx9 sends to UDP port 6081 over covey0, not encrypted: it leaves IN CLEAR, but for the "
                      "fabric's VNIs", out)
        self.assertIn("vx8 sends to UDP port 9 over what its table says, not encrypted: dropped", out)
        self.assertIn("vx7 sends to UDP port 8 over what its table says, not encrypted: it leaves IN CLEAR "
                      "(covey_foreign_vxlan: pass)", out)
        self.assertIn("vx6 sends to UDP port 8472 over eth9, not encrypted: all of it leaves IN CLEAR\n", out)

    def test_parts(self):
        for part, words in (
            ("groups", "REPLAY WINDOW"),
            ("sas", "aes-256-gcm"),
            ("members", "EPOCH FLOOR"),
            ("windows", "0003000000000005"),
            ("drops", "in-replay-seen"),
            ("clear", "10.0.0.9"),
            ("ports", "net_af_xdp"),
            ("ports", "Packet buffers: 16383, free: 12000"),
            ("guard", "netdev ingress"),
        ):
            code, out, _ = self.ask(SHOWN, "show", part)
            self.assertEqual(code, 0)
            self.assertIn(words, out)
            self.assertNotIn("Key manager", out)
        self.assertIn("in-icv", self.ask(SHOWN, "show", "drops", "--all")[1])
        self.assertIn("own copy", self.ask(SHOWN, "show", "guard", "--all")[1])

    def test_columns_align(self):
        window = SHOWN["windows"][0]
        windows = [{**window, "sender_id": 65535, "path": 12}, {**window, "cast": "unicast"}]
        self.assertEqual(self.ask({**SHOWN, "windows": windows}, "show", "windows")[1], WINDOWS)

    def test_empty_and_strange(self):
        strange = {"ok": True, "groups": 5, "sas": [1, "x"], "drops": [], "gkm": 7, "ports": {},
                   "guard": {"hooks": 5, "uplinks": [1], "drops": [1], "restored": "x", "last_changed": {}},
                   "clear": {"out": 1, "would_drop": 5, "heard": [1, {"ago_s": -1}]}}
        for answer in ({"ok": True}, strange):
            code, out, _ = self.ask(answer, "show")
            self.assertEqual(code, 0)
            self.assertIn("No packet was dropped.", out)
        self.assertNotIn("clear", self.ask({"ok": True, "clear": {"out": 0, "in": 0}}, "show")[1].lower())
        nothing = self.ask({"ok": True}, "show", "clear")
        self.assertEqual(nothing[:2], (0, "No packet has passed in clear.\n"))

    def test_nobody_in_clear(self):
        # The guard knows only the last minute, and it may be that it cannot be asked.
        clear = {"out": 0, "in": 0, "heard": [], "by_guard": True, "heard_error": None}
        self.assertEqual(self.ask({"ok": True, "clear": clear}, "show", "clear")[1],
                         "Nobody was heard in clear in the last minute.\n")
        self.assertNotIn("in clear", self.ask({"ok": True, "clear": clear}, "show")[1])
        clear["heard_error"] = "nft: no"
        for arguments in (["show"], ["show", "clear"]):
            out = self.ask({"ok": True, "clear": clear}, *arguments)[1]
            self.assertIn("Who was heard in clear in the last minute is not known: nft: no\n", out)
            self.assertNotIn("Nobody", out)

    def test_clear_by_the_kernel(self):
        # Where the kernel keeps its interfaces, only the guard sees such packets.
        heard = [{"vni": 101, "peer": "10.0.0.9", "direction": "in", "packets": 3, "would_drop": 3,
                  "reason": "guard", "ago_s": 2}]
        guard = {"state": "verified", "interface": "covey0", "hooks": [], "drops": [], "uplinks": [],
                 "clear": {"accepted": [100, 101, 102, 200], "steered": [200], "other_way": 7}}
        answer = {"ok": True, "clear": {"out": 0, "in": 0, "heard": heard}, "guard": guard}
        _, out, _ = self.ask(answer, "show", "clear")
        self.assertIn("IN CLEAR, by the modes of groups", out)
        self.assertRegex(out, r"\n101 +in +10\.0\.0\.9 +3 +3 +guard +2s ago\n")
        _, out, _ = self.ask(answer, "show", "guard")
        self.assertIn("  lets pass IN CLEAR, in and out: VNI 100-102 200\n"
                      "  of which these leave encrypted while covey-host runs: VNI 200\n"
                      "  7 packets of these VNIs left by an interface that is no uplink, where "
                      "covey cannot encrypt them\n", out)
        guard["clear"] = {"accepted": [5], "steered": [], "other_way": 0}
        _, out, _ = self.ask(answer, "show", "guard")
        self.assertIn("IN CLEAR, in and out: VNI 5\n", out)
        self.assertNotIn("interface that is no uplink", out)
        self.assertNotIn("leave encrypted", out)
        guard["clear"] = None
        self.assertNotIn("IN CLEAR", self.ask(answer, "show", "guard")[1])

    def test_json_passes_through(self):
        code, out, _ = self.ask(SHOWN, "show", "--json")
        self.assertEqual((code, json.loads(out)), (0, SHOWN))

    def test_json_of_one_part(self):
        for part in ("groups", "sas", "windows", "drops", "clear", "ports"):
            code, out, _ = self.ask(SHOWN, "--json", "show", part)
            self.assertEqual((code, json.loads(out)), (0, {"ok": True, part: SHOWN[part]}))
        code, out, _ = self.ask(SHOWN, "--json", "show", "members")
        member = {**SHOWN["groups"][0]["members"][0], "group": "tenants"}
        self.assertEqual((code, json.loads(out)), (0, {"ok": True, "members": [member]}))
        sa, member = {"spi": 300}, {"identity": "x"}
        answer = {"ok": True, "fabric": "f", "groups": [
            {"name": "a", "sas": [sa], "members": [member]},
            {"name": "b", "sas": [sa, sa], "members": []},
        ]}
        for part, wanted in (
            ("groups", answer["groups"]),
            ("sas", [{**sa, "group": name} for name in ("a", "b", "b")]),
            ("members", [{**member, "group": "a"}]),
        ):
            code, out, _ = self.ask(answer, "--json", "show", "--gkm", part, option="--gkm-socket")
            self.assertEqual((code, json.loads(out)), (0, {"ok": True, part: wanted}))
        strange = {"ok": True, "groups": [1, {"members": [2]}], "sas": "x"}
        for part, wanted in (("members", [2]), ("sas", "x"), ("ports", []), ("windows", [])):
            code, out, _ = self.ask(strange, "--json", "show", part)
            self.assertEqual((code, json.loads(out)), (0, {"ok": True, part: wanted}))
        code, out, _ = self.ask({"ok": True}, "--json", "show", "ports")
        self.assertEqual((code, json.loads(out)), (0, {"ok": True, "ports": None}))
        refusal = {"ok": False, "error": "not ready"}
        code, out, _ = self.ask(refusal, "--json", "show", "sas")
        self.assertEqual((code, json.loads(out)), (1, refusal))

    def test_join_and_leave(self):
        code, out, _ = self.ask({"ok": True, "group": "g", "sender_id": 9, "epoch": 1}, "join", "g")
        self.assertEqual((code, out), (0, "Joined g as SenderID 9: its traffic passes from now on.\n"))
        self.assertEqual(self.request, {"command": "join", "group": "g"})
        code, out, _ = self.ask({"ok": True, "group": "g"}, "leave", "g")
        self.assertEqual(code, 0)
        self.assertNotIn("away", out)
        self.assertEqual(self.request, {"command": "leave", "group": "g"})
        code, out, _ = self.ask({"ok": True, "group": "g", "gkm_away": True}, "leave", "g")
        self.assertEqual(code, 0)
        self.assertIn("until it is back, this host cannot join g again", out)
        self.assertIn("`covey join g` undoes this", out)

    def test_the_wrong_socket(self):
        """An answer that is somebody else's says nothing about who was asked."""
        for daemon, arguments, option, flag in (
            ("covey-gkm", ["show"], "--socket", "--socket"),
            ("covey-host", ["show", "--gkm"], "--gkm-socket", "--gkm-socket"),
        ):
            for json_flag in ([], ["--json"]):
                code, out, err = self.ask({"ok": True, "daemon": daemon}, *json_flag, *arguments, option=option)
                self.assertEqual(code, 1)
                self.assertIn(f"covey show: {daemon} answers at ", err)
                self.assertIn(flag, err)
                self.assertEqual(json.loads(out)["ok"] if out else False, False)
        self.assertEqual(self.ask({"ok": True, "daemon": "covey-host"}, "show")[0], 0)

    def test_what_it_can_do(self):
        """From the SAs outwards: with the key manager away, too."""
        shown = dict(SHOWN, ready=False, problems=["the key manager is away", "no interface has it"])
        shown["groups"] = [
            {"name": "tenants", "state": "cut off", "sends": True, "sends_s": 7200, "receives": True, "receives_s": 7260},
            {"name": "feed", "state": "joining", "sends": False, "sends_s": None, "receives": False, "receives_s": None},
        ]
        code, out, _ = self.ask(shown, "show")
        self.assertEqual(code, 0)
        self.assertIn("hv1: not ready\n", out)
        self.assertIn("  tenants: sends for 2h, receives for 2h 1m with the keys that it has\n", out)
        self.assertIn("  feed: sends NOT, receives NOT", out)
        self.assertIn("  PROBLEM: the key manager is away\n  PROBLEM: no interface has it\n", out)

    def test_waiting_is_told(self):
        """Who waits for longer than a moment is told what for; programs are not."""
        for flags, words in (([], "waiting until a packet can be sent"), (["--json"], None)):
            with Host(self.path, b'{"ok": true, "group": "g", "sender_id": 9}\n', delay=1.5) as host:
                code, _, err = run("--socket", host.path, *flags, "join", "g")
            self.assertEqual(code, 0)
            if words:
                self.assertIn(words, err)
            else:
                self.assertEqual(err, "")

    def test_rekey(self):
        code, out, _ = self.ask(
            {"ok": True, "group": "g", "rekey": "under way"}, "rekey", "g", option="--gkm-socket"
        )
        self.assertEqual((code, out), (0, "Rekey of g: under way.\n"))
        self.assertEqual(self.request, {"command": "rekey", "group": "g"})
        code, out, _ = self.ask(
            {"ok": True, "group": "g", "rekey": "begun", "spi": 300, "awaited": ["hv1", "hv2"], "away": ["hv3"]},
            "rekey", "g", option="--gkm-socket"
        )
        self.assertEqual(code, 0)
        self.assertIn("Rekey of g: begun, the new SPI is 300; ", out)
        self.assertIn(": hv1, hv2.\n", out)
        self.assertIn("No connection to the key manager: hv3.", out)
        code, out, _ = self.ask({"ok": True, "group": "g", "rekey": "done", "spi": 300, "awaited": []},
                                "rekey", "g", option="--gkm-socket")
        self.assertEqual((code, out), (0, "Rekey of g: done, the new SPI is 300.\n"))

    def test_status(self):
        for ready, problems, status, words in (
            (True, [], 0, "hv1 is well: all is as it should be.\n"),
            (True, ["a is so: do b"], 1, "hv1 is not well (`covey show` tells more):\n  PROBLEM: a is so: do b\n"),
            (False, [], 1, "hv1 is not well (`covey show` tells more):\n"),
        ):
            answer = {"ok": True, "host": "hv1", "ready": ready, "problems": problems, "groups": []}
            code, out, _ = self.ask(answer, "status")
            self.assertEqual(code, status)
            self.assertTrue(out.startswith(words), out)
            self.assertEqual(self.request, {"command": "show"})
            code, out, _ = self.ask(answer, "--json", "status")
            self.assertEqual((code, json.loads(out)), (status, {
                "ok": True, "host": "hv1", "well": status == 0, "problems": problems}))

    def test_evict(self):
        outcomes = [
            {"group": "a", "rekey": "done", "spi": 300, "awaited": [], "away": []},
            {"group": "b", "rekey": "begun", "spi": 301, "awaited": ["hv2"], "away": ["hv3"]},
        ]
        code, out, _ = self.ask({"ok": True, "host": "hv1", "group": None, "groups": outcomes},
                                "evict", "hv1", option="--gkm-socket")
        self.assertEqual(code, 0)
        self.assertEqual(self.request, {"command": "evict", "host": "hv1", "group": None})
        lines = out.splitlines()
        self.assertEqual(lines[:2], ["hv1 is evicted from all groups.", "Rekey of a: done, the new SPI is 300."])
        self.assertIn("Rekey of b: begun, the new SPI is 301; ", lines[2])
        self.assertIn(": hv2.", lines[2])
        self.assertEqual(lines[3], "No connection to the key manager: hv3.")
        self.assertIn("have not heard of the eviction", lines[4])
        answer = {"ok": True, "host": "hv1", "group": "b", "groups": outcomes[1:]}
        code, out, _ = self.ask(answer, "--json", "evict", "hv1", "b", option="--gkm-socket")
        self.assertEqual((code, json.loads(out)), (0, answer))

    def test_readmit(self):
        for states, connected, words in (
            (["joined", "joined"], True, "It is connected, and is back in a, b."),
            (["joining", "joined"], True, "It is connected, and gets the key of a."),
            (["waits for the host"], True, "It is not back yet in a: it is connected, and asks again"),
            (["waits for the host"], False, "It is not back yet in a: it has no connection"),
        ):
            groups = [{"group": name, "state": state} for name, state in zip("ab", states)]
            code, out, _ = self.ask(
                {"ok": True, "host": "hv1", "group": None, "connected": connected, "groups": groups},
                "readmit", "hv1", option="--gkm-socket")
            self.assertEqual((code, out.splitlines()[0]), (0, "hv1 is readmitted to all groups."))
            self.assertIn(words, out)
            self.assertEqual("within about a minute" in out, "waits for the host" in states)

    def test_evict_at_another_version(self):
        for command in ("evict", "readmit"):
            code, out, _ = self.ask({"ok": True, "host": "hv1", "group": None}, command, "hv1", option="--gkm-socket")
            self.assertEqual(code, 0)
            self.assertIn("What comes of it: `covey show --gkm`.", out)

    def test_mode(self):
        answer = {"ok": True, "group": "g", "mode": "transition", "goal": "observe", "serial": 4,
                  "under_way": True, "left_s": 61, "then": "enforce", "unconfirmed": False,
                  "late": ["hv1", "hv2"], "old": ["hv3"], "away": ["hv4"], "obstacle_count": 3,
                  "obstacles": [{"text": "hv1 heard\n clear VXLAN"}, {"text": "hv4 is away"}]}
        code, out, _ = self.ask(answer, "mode", "g", option="--gkm-socket")
        self.assertEqual(code, 0)
        self.assertEqual(self.request, {"command": "mode", "group": "g"})
        self.assertEqual(out, "Mode of g: transition: members send encrypted, and accept CLEAR and "
                         "encrypted packets.\nIt is on the way to observe.\n"
                         "In 1m 1s it becomes enforce.\n"
                         "Nothing is checked then: what still comes in clear is dropped.\nNot acknowledged by hv1, hv2.\n"
                         "These know no modes, and enforce: hv3.\n"
                         "No connection to the key manager: hv4: they keep the mode that they "
                         "have, until they are back or its deadline comes.\n"
                         "In the way of the next step:\n  hv1 heard? clear VXLAN\n  hv4 is away\n"
                         "  and 1 more\n")
        self.ask(answer, "mode", "g", "observe", "--for", "1h30m", option="--gkm-socket")
        self.assertEqual(self.request,
                         {"command": "mode", "group": "g", "mode": "observe", "for_s": 5400})
        self.ask(answer, "mode", "g", "enforce", "--confirm-within=90", option="--gkm-socket")
        self.assertEqual(self.request,
                         {"command": "mode", "group": "g", "mode": "enforce", "confirm_s": 90})
        self.ask(answer, "mode", "g", "confirm", option="--gkm-socket")
        self.assertEqual(self.request, {"command": "mode", "group": "g", "confirm": True})
        answer = {"ok": True, "group": "g", "mode": "enforce", "goal": "enforce", "then": None,
                  "despite": [{"text": "hv1 heard clear VXLAN from\n 192.0.2.9"}],
                  "despite_count": 3}
        code, out, _ = self.ask(answer, "mode", "g", "enforce", "--despite-clear", option="--gkm-socket")
        self.assertEqual(self.request, {"command": "mode", "group": "g", "mode": "enforce", "despite_clear": True})
        self.assertEqual((code, out), (0, "Mode of g: enforce: members send encrypted, and accept nothing else.\n"
                                       "DESPITE CLEAR PACKETS, which are dropped now:\n"
                                       "  hv1 heard clear VXLAN from? 192.0.2.9\n  and 2 more\n"))
        # Of a daemon that says nothing of it.
        code, out, _ = self.ask({"ok": True}, "mode", "g", option="--gkm-socket")
        self.assertEqual((code, out), (0, "Mode of -: -: unknown to this covey.\n"))

    def test_gkm_overview(self):
        group = {
            "name": "tenants",
            "connected": 1,
            "rekey_s": 3599,
            "sas": [
                {"spi": 300, "state": "active", "acked": 1, "sending": 1, "age_s": 61, "ends_s": 9}
            ],
            "members": [
                {
                    "identity": "spiffe://f/host/hv1",
                    "vtep": "198.51.100.1",
                    "state": "away",
                    "sender_id": 7,
                    "epoch": 3,
                    "spi": 0,
                    "own_sender": 12,
                    "deaf": False,
                    "perhaps_deaf": False,
                    "mode": "observe",
                }
            ],
            "mode": {"mode": "transition", "goal": "transition", "serial": 4, "left_s": 61,
                     "then": "observe", "unconfirmed": True},
        }
        lists = {"path": "/p/crl.pem", "lists": 1, "revoked": 2, "late": True,
                 "this_update": "2026-01-01T00:00:00Z", "next_update": "2026-02-01T00:00:00Z"}
        fine = {"next_spi": 301, "behind": 0, "skipped": 0, "absurd": 0}
        answer = {"ok": True, "fabric": "f", "instance": "0123", "sessions": 1,
                  "revocations": lists, "state_file": fine, "groups": [group]}
        code, out, _ = self.ask(answer, "show", "--gkm", option="--gkm-socket")
        self.assertEqual(code, 0)
        self.assertEqual(self.request, {"command": "show"})
        self.assertIn("instance 0123, 1 sessions", out)
        self.assertIn("Revoked certificates: 2 (/p/crl.pem, of 2026-01-01T00:00:00Z, "
                      "next 2026-02-01T00:00:00Z: LATE)\n", out)
        self.assertRegex(out, r"tenants +1 +1 +1 +59m 59s +transition\n")
        self.assertRegex(out, r"300 +tenants +active +1 +1 +1m 1s +9s\n")
        self.assertRegex(out, r"tenants +7 +3 +198.51.100.1 +away +0 +12 +observe +spiffe://f/host/hv1\n")
        self.assertIn("tenants: mode transition: members send encrypted, and accept CLEAR and "
                      "encrypted packets.\nIn 1m 1s it becomes observe, unless it is confirmed: "
                      "`covey mode tenants confirm`.\n", out)
        self.assertNotIn("STATE FILE", out)
        self.assertNotIn("BELIEVED", out)
        self.assertNotIn("DEAF", out)
        group["members"][0]["deaf"] = True
        answer["state_file"] = {"next_spi": 400, "behind": 2, "skipped": 99, "absurd": 1}
        code, out, _ = self.ask(answer, "show", "--gkm", option="--gkm-socket")
        self.assertIn("STATE FILE OLDER than what members knew: 2 times, 99 SPIs skipped\n", out)
        self.assertIn("SPIs that members claimed and that were NOT BELIEVED: 1\n", out)
        self.assertIn("spiffe://f/host/hv1: DEAF in tenants: others send and it receives nothing\n", out)
        self.assertNotIn("perhaps", out)
        group["members"][0].update(deaf=False, perhaps_deaf=True)
        code, out, _ = self.ask(answer, "show", "--gkm", option="--gkm-socket")
        self.assertIn("spiffe://f/host/hv1: perhaps DEAF in tenants: others send and it receives nothing\n", out)
        code, out, _ = self.ask(answer, "show", "--gkm", "sas", option="--gkm-socket")
        self.assertNotIn("spiffe", out)

    def test_no_gkm(self):
        path = os.path.join(self.path, "nothing.sock")
        status, _, errors = run("--gkm-socket", path, "rekey", "g")
        self.assertEqual(status, 1)
        self.assertIn("systemctl start covey-gkm", errors)
        self.assertIn("--gkm-socket", errors)
        status, _, errors = run("show", "--gkm", "windows")
        self.assertEqual(status, 2)
        self.assertIn("a key manager has no windows", errors)

    def test_refusal(self):
        refusal = {"ok": False, "error": "no group g: add it"}
        self.assertEqual(self.ask(refusal, "join", "g"), (1, "", "covey join: no group g: add it\n"))
        code, out, _ = self.ask(refusal, "--json", "join", "g")
        self.assertEqual((code, json.loads(out)), (1, refusal))

    def test_json_of_failures(self):
        """Standard output is one JSON object also when nobody can be asked, whatever the name."""
        for path in ("none", "none\udcff", "x" * 200):
            code, out, err = run("--json", "-s", os.path.join(self.path, path), "show")
            answer = json.loads(out)
            self.assertEqual((code, answer["ok"]), (1, False))
            self.assertTrue(answer["error"])
            self.assertIn("covey show: ", err)
        code, out, _ = self.ask(b"nonsense\n", "--json", "show")
        self.assertEqual((code, json.loads(out)["ok"]), (1, False))
        code, out, _ = run("--json", "check", os.path.join(self.path, "none\udcff"))
        self.assertEqual((code, json.loads(out)["ok"]), (1, False))

    def test_no_terminal_controls(self):
        evil = "\x1b[2J\x9b31m\r\n\x7f"
        answer = {
            "ok": True,
            "host": evil,
            "gkm": {"last_error": evil},
            "groups": [{"name": evil, "refusal": evil, "members": [{"identity": evil}]}],
            "drops": {evil: 1},
            "clear": {"in": 1, "would_drop": {evil: 1}, "heard": [{"peer": evil, "reason": evil}]},
        }
        _, out, _ = self.ask(answer, "show")
        for letter in "\x1b\x9b\r\x7f":
            self.assertNotIn(letter, out)
        self.assertIn("?[2J", out)
        _, _, err = self.ask({"ok": False, "error": evil}, "join", "g")
        self.assertEqual(err, "covey join: ?[2J??31m???\n")

    def test_endless_depth(self):
        for answer in (b"[" * 100000 + b"\n", b'{"a":' * 100000 + b"\n"):
            code, _, err = self.ask(answer, "show")
            self.assertEqual(code, 1)
            self.assertIn("no covey-host", err)

    def test_one_line(self):
        """One object, whole by the end of its line, and nothing behind it."""
        for answer in (b'{"ok": true}\n', b'{"ok": true}'):
            self.assertEqual(self.ask(answer, "leave", "g")[0], 0, answer)
        for answer in (b'{"ok": true} no\n', b'{"ok": true}\n{}\n'):
            code, _, err = self.ask(answer, "leave", "g")
            self.assertEqual(code, 1)
            self.assertIn("no covey-host", err)

    def test_endless_answer(self):
        """Memory is bounded whatever a daemon says. Blanks are read fastest; where so much does not come within
        the 15 s of an answer, because the machine is busy, the bound was not reached."""
        for _ in range(5):
            code, _, err = self.ask(b'{"ok": true,' + b" " * (65 << 20), "show")
            self.assertEqual(code, 1)
            if "did not answer within" not in err:
                break
        self.assertIn("Message too long", err)

    def test_closed_early(self):
        """A covey-host with too many clients answers without reading."""
        code, _, err = self.ask({"ok": False, "error": "too many"}, "join", "g", read=False)
        self.assertEqual(code, 1)
        self.assertTrue("too many" in err or "reset" in err, err)

    def test_no_host_or_nonsense(self):
        code, _, err = run("-s", os.path.join(self.path, "none"), "show")
        self.assertEqual(code, 1)
        self.assertIn("systemctl start covey-host", err)
        code, _, err = run("-s", "x" * 200, "show")
        self.assertEqual(code, 1)
        self.assertIn("longer than 107 bytes", err)
        for answer in (b"", b"[1, 2]\n", b'{"ok": tr', b"\xff\n"):
            code, _, err = self.ask(answer, "show")
            self.assertEqual(code, 1)
            self.assertIn("no covey-host", err)

    def test_dead_socket(self):
        path = os.path.join(self.path, "dead")
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(path)
        self.assertIn("systemctl start covey-host", run("-s", path, "show")[2])

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become another user")
    def test_permission(self):
        os.chmod(self.path, 0o755)
        path = os.path.join(self.path, "closed")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            os.chmod(path, 0o660)
            with open(COVEY, "rb") as program:
                result = subprocess.run(
                    [f"/proc/self/fd/{program.fileno()}", "-s", path, "show"],
                    pass_fds=[program.fileno()],
                    user=65534,
                    group=65534,
                    extra_groups=[],
                    stderr=subprocess.PIPE,
                    text=True,
                )
        self.assertEqual(result.returncode, 1)
        self.assertIn("user root and members of group root may", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
