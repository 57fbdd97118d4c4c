#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""First inputs for the fuzzers of files: inventories of the repository, state files, certificates and
revocation lists of a CA as `covey pki` makes it.

    files.py DIRECTORY COVEY-PROGRAM
"""

import pathlib
import random
import re
import sqlite3
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[3]


def put(directory, fuzzer, name, data):
    folder = pathlib.Path(directory) / fuzzer
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def inventories(directory):
    text = (SOURCE / "deploy/examples/inventory.yaml").read_text()
    bare = "".join(line for line in text.splitlines(True) if not line.strip().startswith("#"))
    put(directory, "inventory", "example", re.sub(r" +#.*", "", bare).encode())
    put(directory, "inventory", "small", small_inventory().encode())


def choices(directory):
    """Of how an inventory is written: most things as usual."""
    draw = random.Random(1)
    for number in range(40):
        some = bytes(draw.choice([0, 0, draw.randrange(256)]) for _ in range(draw.choice([16, 48, 96, 200])))
        put(directory, "host-edit", f"choices-{number}", some)


def small_inventory():
    """The one of gkm_world.c."""
    world = (SOURCE / "tests/fuzz/gkm_world.c").read_text()
    lines = re.search(r"text\[\] =(.*?);\n\n", world, re.S).group(1)
    return "".join(line + "\n" for line in re.findall(r'"(.*)\\n"', lines))


def schema():
    """The statements of sqlite_schema.h, as its own macros put them together."""
    text = (SOURCE / "gkm/store/sqlite_schema.h").read_text()
    macros = {}
    for name, body in re.findall(r"#define (\w+_SQL) +((?:.*\\\n)*.*)", text):
        parts = re.findall(r'"((?:[^"\\]|\\.)*)"|(\w+_SQL)', body)
        macros[name] = "".join(macros[macro] if macro else piece.replace('\\"', '"')
                               for piece, macro in parts)
    return [macros[name] for name in ("BINDING_SQL", "EVICTION_SQL", "VERSION_3_SQL", "VERSION_4_SQL",
                                     "VERSION_5_SQL", "SERIAL_SQL")]


def state_file(directory, name, rows):
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(scratch) / "state"
        base = sqlite3.connect(path, isolation_level=None)
        base.execute("PRAGMA page_size = 512")
        base.executescript(";".join(schema()))
        base.execute("PRAGMA application_id = " + str(0x436f5679) + "")
        base.execute("PRAGMA user_version = 5")
        base.execute("INSERT INTO serial VALUES (1, 300, ~300)")
        for row in rows:
            base.execute(row)
        base.close()
        put(directory, "state-file", name, path.read_bytes())


def state_files(directory):
    state_file(directory, "new", [])
    state_file(directory, "used", [
        "INSERT INTO binding VALUES ('tenants', 'spiffe://f/host/hv1', 1)",
        "INSERT INTO binding VALUES ('tenants', 'spiffe://f/host/hv2', 2)",
        "UPDATE binding SET sender_id = 3 WHERE sender_id = 1",
        "INSERT INTO eviction VALUES ('spiffe://f/host/hv3', '')",
        "INSERT INTO lifetime VALUES ('tenants', 100000)",
        "INSERT INTO mode VALUES ('tenants', 7, 2, 1, 3)"])


def der(path, kind):
    return subprocess.run(["openssl", kind, "-in", path, "-outform", "DER"], check=True,
                          capture_output=True).stdout


def extension(kind, value):
    """As record.h has it."""
    return kind + len(value).to_bytes(2, "little") + value


def alternative_name(uri, others=b""):
    names = b"\x86" + bytes([len(uri)]) + uri + others
    return b"\x30" + bytes([len(names)]) + names


def certificates(directory, covey):
    with tempfile.TemporaryDirectory() as scratch:
        pki = pathlib.Path(scratch) / "pki"
        inventory = pathlib.Path(scratch) / "inventory.yaml"
        inventory.write_text(small_inventory())
        for arguments in (["init"], ["issue", "--all"], ["revoke", "hv1"]):
            subprocess.run([covey, "pki", "--pki", pki, "--inventory", inventory, *arguments],
                           check=True, capture_output=True)
        for name in ("ca", "hv1", "hv2", "gkm"):
            put(directory, "certificate", name, b"c" + der(pki / f"{name}.crt", "x509"))
        put(directory, "crl", "pem", b"f" + (pki / "crl.pem").read_bytes())
        put(directory, "crl", "der", b"f" + der(pki / "crl.pem", "crl"))
        put(directory, "crl", "signed", b"s" + der(pki / "crl.pem", "crl"))
    put(directory, "certificate", "extensions", b"e" + extension(b"a", alternative_name(b"spiffe://f/host/hv1")) +
        extension(b"s", b"\x02\x02\x01\x00"))
    put(directory, "certificate", "names", b"e" + extension(
        b"a", alternative_name(b"spiffe://f/gkm", b"\x82\x03a.b\x87\x04\x0a\x00\x00\x01")))
    for text in ("spiffe://f/host/hv1", "spiffe://f/gkm", "spiffe://fabric.example/host/a-b.c"):
        put(directory, "certificate", text.replace("/", "_"), b"t" + text.encode())


# Lists of others' CAs that say what they are for (RFC 5280, section 5.2.5), and a delta. The issuer's
# name is the one that crl.c trusts.
PARTIAL_LISTS = """
[ca]
default_ca = ca_default
[ca_default]
database = index
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
[whole]
issuingDistributionPoint = critical, @whole_point
[whole_point]
fullname = URI:http://ca/f.crl
onlyuser = TRUE
[part]
issuingDistributionPoint = critical, @part_point
[part_point]
fullname = URI:http://ca/f.crl, URI:ldap://x/y
onlysomereasons = keyCompromise
[relative]
issuingDistributionPoint = critical, @relative_point
[relative_point]
relativename = relative_name
onlyCA = TRUE
[relative_name]
CN = part
[indirect]
issuingDistributionPoint = critical, @indirect_point
[indirect_point]
indirectCRL = TRUE
[delta]
2.5.29.27 = critical, DER:020101
"""


def partial_lists(directory):
    with tempfile.TemporaryDirectory() as scratch:
        def run(*command):
            return subprocess.run(["openssl", *command], cwd=scratch, check=True, capture_output=True).stdout

        folder = pathlib.Path(scratch)
        (folder / "ca.cnf").write_text(PARTIAL_LISTS)
        (folder / "crlnumber").write_text("05\n")
        (folder / "index").write_text("R\t301231000000Z\t261129000000Z,keyCompromise\t03FF\tunknown\t/CN=x\n")
        run("req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "key", "-out", "ca",
            "-subj", "/O=f/CN=covey CA")
        for name in ("whole", "part", "relative", "indirect", "delta"):
            run("ca", "-config", "ca.cnf", "-gencrl", "-cert", "ca", "-keyfile", "key", "-md", "null",
                "-crlexts", name, "-out", name)
            put(directory, "crl", name, b"s" + der(folder / name, "crl"))


inventories(sys.argv[1])
choices(sys.argv[1])
state_files(sys.argv[1])
partial_lists(sys.argv[1])
certificates(sys.argv[1], sys.argv[2])
