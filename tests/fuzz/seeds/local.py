#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""First inputs for the fuzzers of local sockets: what `covey` asks, and what daemons answered.

    local.py DIRECTORY [ANSWER...]

ANSWER: a file with what `covey --json show`, of a host or with --gkm, printed.
"""

import pathlib
import sys

VIEWS = 10  # of local_client.c


def put(fuzzer, name, data):
    folder = pathlib.Path(sys.argv[1]) / fuzzer
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def main():
    put("local-gkm", "all", b"\n".join([
        b'{"command":"show"}', b'{"command":"rekey","group":"tenants"}',
        b'{"command":"evict","host":"hv1","group":"tenants"}', b'{"command":"evict","host":"hv2"}',
        b'{"command":"show"}', b'{"command":"readmit","host":"hv2"}', b'{"command":"rekey","group":"h"}',
        b'{"command":"evict","host":"hv9","group":null}', b'{"command":1}', b"[]"]))
    put("local-host", "all", b"\n".join([
        b'{"command":"show"}', b'{"command":"join","group":"tenants"}',
        b'{"command":"join","group":"storage"}', b'{"command":"leave","group":"tenants"}',
        b'{"command":"join","group":"tenant"}', b'{"command":"show","group":7}', b'{"command":"x"}']))
    for view in range(VIEWS):
        put("local-client", f"refused-{view}", bytes([view, 40]) + b'{"ok":false,"error":"no\\u001b"}\n')
        for number, path in enumerate(sys.argv[2:]):
            put("local-client", f"{number}-{view}",
                bytes([view, 255]) + pathlib.Path(path).read_bytes().replace(b"\n", b"") + b"\n")


main()
