#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""One TCP connection that carries random bytes both ways at once until a file appears.

    tcp_stream.py serve PORT STOP
    tcp_stream.py connect ADDRESS PORT STOP

Each end sends until then, then its digest of what it has sent, and compares what it has received with the
other's. Prints "sends" once bytes have come, and at the end how many it has received. Fails when they
differ, or when nothing comes for 30 seconds.
"""

import hashlib
import os
import socket
import sys
import threading

PATIENCE_S = 30
CHUNK = 1 << 16
DIGEST = hashlib.sha256().digest_size


def send(peer, stop):
    digest, chunk = hashlib.sha256(), bytearray(os.urandom(CHUNK))
    count = 0
    while not os.path.exists(stop):
        count += 1
        chunk[:8] = count.to_bytes(8, "big")
        digest.update(chunk)
        peer.sendall(chunk)
    peer.sendall(digest.digest())
    peer.shutdown(socket.SHUT_WR)


def receive(peer):
    digest, kept, received = hashlib.sha256(), b"", 0
    while data := peer.recv(CHUNK):
        if received == 0:
            print("sends", flush=True)
        received += len(data)
        kept += data
        digest.update(kept[:-DIGEST])
        kept = kept[-DIGEST:]
    print(received - DIGEST, flush=True)
    return digest.digest() == kept


def stream(peer, stop):
    peer.settimeout(PATIENCE_S)
    sender = threading.Thread(target=send, args=(peer, stop), daemon=True)
    sender.start()
    same = receive(peer)
    sender.join(PATIENCE_S)
    return same and not sender.is_alive()


def serve(port, stop):
    with socket.create_server(("", int(port))) as server:
        print("ready", flush=True)
        server.settimeout(PATIENCE_S)
        peer, _ = server.accept()
    with peer:
        return stream(peer, stop)


def connect(address, port, stop):
    with socket.create_connection((address, int(port)), PATIENCE_S) as peer:
        return stream(peer, stop)


if __name__ == "__main__":
    sys.exit(not {"serve": serve, "connect": connect}[sys.argv[1]](*sys.argv[2:]))
