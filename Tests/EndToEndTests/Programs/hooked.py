"""A daemon's socket through which every lease's preparation has a hook more: hooked.py SOCKET DAEMON PROGRAM.

So the hooks' way into containers can be tried on machines whose leases need none.
"""
import json
import os
import socket
import sys
import threading

ours, daemon, program = sys.argv[1:]


def message(stream):
    """The head and the body of what comes next; None when nothing does."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = stream.read(1)
        if not byte:
            return None
        head += byte
    length = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head, stream.read(int(length[0])) if length else b""


def with_hook(head, body):
    answer = json.loads(body)
    preparation = answer.get("preparation")
    if preparation:
        hook = {"name": "createRuntime", "path": program, "arguments": ["hook", answer["id"]]}
        preparation["edits"]["hooks"].append(hook)
    body = json.dumps(answer).encode()
    lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"content-length:")]
    return b"\r\n".join(lines + [b"content-length: %d" % len(body)]) + b"\r\n\r\n" + body


def serve(client):
    upstream = socket.socket(socket.AF_UNIX)
    upstream.connect(daemon)
    asked, answered = client.makefile("rb"), upstream.makefile("rb")
    while (request := message(asked)) is not None:
        upstream.sendall(b"".join(request))
        client.sendall(with_hook(*message(answered)))


listener = socket.socket(socket.AF_UNIX)
listener.bind(ours + ".new")
listener.listen()
os.rename(ours + ".new", ours)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
