# Sockets of a program that is not Node: does what each line of JSON says, and answers with a line.
#
# A connection is closed with a reset, by SO_LINGER, also when the program is killed: it leaves no TIME_WAIT.

import errno
import json
import os
import socket
import struct
import sys

RESET = struct.pack("ii", 1, 0)
PEER_PORT = int(sys.argv[1])
PEERS = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}

opened = {}
peers = {}


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def make(plan):
    family = family_of(plan["address"])
    # The kernel asks who made a socket, and not who binds it.
    os.seteuid(plan["user"])
    try:
        made = socket.socket(family, socket.SOCK_STREAM if plan["protocol"] == "tcp" else socket.SOCK_DGRAM)
    finally:
        os.seteuid(0)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, plan["v6only"])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, plan["reuseAddress"])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, plan["reusePort"])
    if plan["protocol"] == "tcp":
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return made


def attempt(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"


def open_socket(plan):
    """Binds, and listens where the plan says so; keeps the socket under its id if all went well."""
    made = make(plan)
    told = {"bind": attempt(made.bind, (plan["address"], plan["port"]))}
    if told["bind"] == "ok" and plan["listening"]:
        told["listen"] = attempt(made.listen)
    if plan.get("id") is None or set(told.values()) != {"ok"}:
        made.close()
    else:
        opened[plan["id"]] = [made]
    return told


def connect(ask):
    """Connects a socket that is bound. Two from one endpoint to one peer cannot be: the later stays bound."""
    made = opened[ask["id"]][0]
    if reach_peer(made) == "ok":
        opened[ask["id"]].append(accept(made.family))


def reach_peer(made):
    return attempt(made.connect, (PEERS[made.family], PEER_PORT))


def accept(family):
    other = peers[family].accept()[0]
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return other


def listen(ask):
    return {"listen": attempt(opened[ask["id"]][0].listen)}


def close(ask):
    for one in opened.pop(ask["id"]):
        one.close()


def pick(plan):
    """The port that the kernel picks for bind() without a port, or for connect()."""
    made = make(plan)
    if plan["how"] == "connect":
        error = reach_peer(made)
        other = accept(made.family) if error == "ok" else None
    else:
        error = attempt(made.bind, (plan["address"], 0))
        other = None
    told = made.getsockname()[1] if error == "ok" else error
    made.close()
    if other is not None:
        other.close()
    return told


DOES = {"open": open_socket, "connect": connect, "listen": listen, "close": close, "pick": pick}

for family in PEERS:
    if family == socket.AF_INET6 and "--without-ipv6" in sys.argv:
        continue
    peers[family] = socket.socket(family)
    peers[family].bind((PEERS[family], PEER_PORT))
    peers[family].listen()
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(DOES[asked["does"]](asked)), flush=True)
