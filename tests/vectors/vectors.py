#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Print published test vectors as lines that a C test reads.

The vectors are NIST's (CAVP, AES-GCM) and RFC 5869's, as Debian's package
python3-cryptography-vectors installs them; nothing of them is kept here.

  vectors.py gcm   key iv plaintext ciphertext tag valid|forged
  vectors.py hkdf  ikm info okm   (SHA-256 without salt)

Fields are hexadecimal, "-" when empty. Exit status 77: the package is missing.
"""

import importlib.util
import os
import sys

MISSING = 77


def folder():
    spec = importlib.util.find_spec("cryptography_vectors")
    if spec is None or not spec.submodule_search_locations:
        sys.stderr.write("vectors.py: install python3-cryptography-vectors\n")
        sys.exit(MISSING)
    return spec.submodule_search_locations[0]


def records(path, separator, first):
    """Yield dictionaries of a file's "Name = value" lines; a line named first begins another."""
    record = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            line = line.strip()
            if line.startswith("#") or line.startswith("["):
                continue
            name, found, value = line.partition(separator)
            name = name.strip()
            if name == first and record:
                yield record
                record = {}
            if found:
                record[name] = value.strip()
            elif line == "FAIL":
                record["FAIL"] = ""
    if record:
        yield record


def hexadecimal(text):
    text = text[2:] if text.startswith("0x") else text
    return text or "-"


def gcm(root):
    """Those that VPE could use: 96-bit IV, no additional data, 128-bit tag."""
    for name in ("gcmEncryptExtIV128", "gcmEncryptExtIV256", "gcmDecrypt128", "gcmDecrypt256"):
        path = os.path.join(root, "ciphers", "AES", "GCM", name + ".rsp")
        for record in records(path, "=", "Count"):
            if len(record["IV"]) != 24 or record["AAD"] or len(record["Tag"]) != 32:
                continue
            forged = "FAIL" in record
            plain = "-" if forged else hexadecimal(record["PT"])
            print(record["Key"], record["IV"], plain, hexadecimal(record["CT"]),
                  record["Tag"], "forged" if forged else "valid")


def hkdf(root):
    path = os.path.join(root, "KDF", "rfc-5869-HKDF-SHA256.txt")
    for record in records(path, "=", "COUNT"):
        if hexadecimal(record["salt"]) == "-":
            print(hexadecimal(record["IKM"]), hexadecimal(record["info"]),
                  hexadecimal(record["OKM"]))


KINDS = {"gcm": gcm, "hkdf": hkdf}

if len(sys.argv) != 2 or sys.argv[1] not in KINDS:
    sys.exit("usage: vectors.py " + "|".join(KINDS))
KINDS[sys.argv[1]](folder())
