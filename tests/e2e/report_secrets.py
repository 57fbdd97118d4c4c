#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Looks in a tar.gz for what must not be there.

report_secrets.py BUNDLE PKI [--hex BYTES...] [--text WORD...]

Private keys of PKI: a line of PEM, DER and the key itself, as bytes, hexadecimal and base64. BYTES: likewise.
WORD: as it stands.
"""

import argparse
import base64
import gzip
import pathlib
import subprocess
import sys


def forms(data):
    """The ways in which bytes may be written down."""
    pairs = [f"{byte:02x}" for byte in data]
    for separator in ("", ":", " "):
        for text in (separator.join(pairs), separator.join(pairs).upper()):
            yield text.encode()
    yield data
    # Base64 of what begins at any byte of three: its inner part is the same.
    for shift in range(3):
        yield base64.b64encode(bytes(shift) + data)[4:-4]


def openssl(*arguments):
    return subprocess.run(["openssl", "pkey", *arguments], check=True, capture_output=True).stdout


def of_key(path):
    """All that tells the key in this file."""
    for line in path.read_bytes().splitlines():
        if len(line) > 30 and not line.startswith(b"-----"):
            yield line
    yield from forms(openssl("-in", path, "-outform", "DER"))
    text = openssl("-in", path, "-noout", "-text").decode()
    secret = text.partition("priv:")[2].partition("pub:")[0]
    yield from forms(bytes.fromhex(secret.replace(":", "").replace("\n", "").replace(" ", "")))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle", type=pathlib.Path)
    parser.add_argument("pki", type=pathlib.Path)
    parser.add_argument("--hex", nargs="+", default=[])
    parser.add_argument("--text", nargs="+", default=[])
    arguments = parser.parse_args()
    content = gzip.decompress(arguments.bundle.read_bytes())
    keys = sorted(arguments.pki.rglob("*.key"))
    wanted = [(path.name, form) for path in keys for form in of_key(path)]
    wanted += [(text, form) for text in arguments.hex for form in forms(bytes.fromhex(text))]
    wanted += [(text, text.encode()) for text in arguments.text]
    if len(keys) < 2 or min(len(form) for _, form in wanted) < 5:
        sys.exit("too little to look for")
    found = {name for name, form in wanted if form in content}
    for name in sorted(found):
        print(f"the report has {name}", file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
