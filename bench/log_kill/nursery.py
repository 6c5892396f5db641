"""A process that has loaded Django once, and forks, kills and buries the others at its parent's word.

Only a parent can kill by process id without ever hitting a stranger: a dead child keeps its id until it is buried.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path

import django

ORDERS = sys.stdin


class Nursery:
    """The living children by their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: dict[str, int] = {}

    def start(self, role: str, name: str) -> bool:
        """Forks a child that plays the role."""
        from bench.log_kill.roles import ROLES  # noqa: PLC0415 -- its modules need Django's settings

        child = os.fork()
        if child:
            self._children[name] = child
            return True
        os.dup2(2, 1)  # what a child says is no answer to an order
        status = 0
        try:
            ROLES[role](self._folder, name)
        except BaseException:  # noqa: BLE001 - whatever it is, the child ends here
            traceback.print_exc()
            status = 1
        os._exit(status)

    def kill(self, name: str) -> bool:
        """SIGKILL; whether it had lived until then."""
        child = self._children.pop(name)
        ended, _ = os.waitpid(child, os.WNOHANG)
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return not ended

    def play(self, role: str, name: str) -> bool:
        """Starts it and waits for its end; whether that was a good one."""
        self.start(role, name)
        _, status = os.waitpid(self._children.pop(name), 0)
        return status == 0

    def end(self) -> None:
        """Nobody is left behind."""
        for name in list(self._children):
            self.kill(name)


def main() -> None:
    """One order per line: what to do, and its words."""
    django.setup()
    nursery = Nursery(Path(sys.argv[1]))
    acts = {"start": nursery.start, "kill": nursery.kill, "play": nursery.play}
    try:
        for line in ORDERS:
            act, *words = json.loads(line)
            sys.stdout.write(f"{json.dumps(acts[act](*words))}\n")
            sys.stdout.flush()
    finally:
        nursery.end()


if __name__ == "__main__":
    main()
