"""Starts `maoga` as a fork of a process that has imported it already, which saves more than a second of CPU a server.

The fork runs the command as `python -m maoga` does, with its own environment, log, sockets and signals. It is a child
of the process that asked for it, which so waits for it and kills it as it does with any other.
"""

import atexit
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import orjson

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
REQUEST_BYTES = 1 << 16
POLL_S = 0.01


class Fork:
    """A running `maoga`, with what tests use of `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._reaping = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code (or the negative signal that ended it), None while it runs."""
        with self._reaping:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code once it has ended; `TimeoutExpired` if that takes more than `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("maoga", timeout or 0)
            time.sleep(POLL_S)
        return code

    def send_signal(self, number: int) -> None:
        """Sends a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)


def fork_maoga(arguments: Sequence[str], log: Path, env: Mapping[str, str]) -> Fork:
    """`maoga` with these arguments, writing to `log`; killed when this process ends. env: what is set besides ours."""
    request = {"arguments": list(arguments), "log": str(log), "env": {**os.environ, **env}, "parent": os.getpid()}
    link, turn = _template()
    with turn:
        link.sendall(orjson.dumps(request))
        return Fork(int(link.recv(REQUEST_BYTES)))


@cache
def _template() -> tuple[socket.socket, threading.Lock]:
    """The process that forks. It ends when its link does, so with this process."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.support.forking", str(theirs.fileno())]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours, threading.Lock()


def _serve_forks(link: socket.socket) -> None:
    """Forks for each request. Returns in the fork alone, when it is to run; the template ends with its parent."""
    answer, says = os.pipe()
    while request := link.recv(REQUEST_BYTES):
        # The fork is the child of a child that ends at once, so that the process that asked inherits it.
        if (between := os.fork()) == 0:
            if pid := os.fork():
                os.write(says, b"%d" % pid)
                os._exit(0)
            for descriptor in (answer, says, link.detach()):
                os.close(descriptor)
            _become(**orjson.loads(request))
            return
        os.waitpid(between, 0)
        link.sendall(os.read(answer, REQUEST_BYTES))
    os._exit(0)


def _become(arguments: list[str], log: str, env: dict[str, str], parent: int) -> None:
    """Takes on what a request says; the program may run then."""
    while os.getppid() != parent:
        time.sleep(0.001)  # until the child between has ended
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it died before it could have killed us
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    os.environ.clear()
    os.environ.update(env)
    sys.argv[:] = ["maoga", *arguments]


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    import uvloop  # noqa: F401

    import maoga.server  # noqa: F401
    from maoga.__main__ import main
    from maoga.core import SPECS
    from storage.documents.shapes import layout_digest

    layout_digest(SPECS)  # keeps the shapes
    _serve_forks(socket.socket(fileno=int(sys.argv[1])))
    main()
