"""Where everything lies inside the state folder, and who may look at it."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from governance.embedded.errors import EmbeddedError

PRIVATE = 0o700


@dataclass(frozen=True)
class Layout:
    """The paths inside one state folder (`VIVAVOCE_HOME`)."""

    root: Path

    @property
    def credentials(self) -> Path:
        return self.root / "credentials.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def beat(self) -> Path:
        return self.root / "beat"

    @property
    def port(self) -> Path:
        return self.root / "port"

    @property
    def lock(self) -> Path:
        return self.run / "lock"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def prepare_layout(home: Path) -> Layout:
    """Make the state folder and its parts, each for its owner alone; nothing above it is touched.

    Raises:
        EmbeddedError: the folder belongs to someone else.
    """
    layout = Layout(home.expanduser().resolve())
    layout.root.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    for folder in (layout.root, layout.logs, layout.run, layout.postgres, layout.valkey, layout.beat):
        folder.mkdir(exist_ok=True, mode=PRIVATE)
        make_private(folder)
    return layout


def make_private(folder: Path) -> None:
    """Insist that the folder is a real one, ours, and closed to everyone else.

    Raises:
        EmbeddedError: it is a link, no folder, or owned by someone else.
    """
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise EmbeddedError(f"{folder} is not a folder (a link is not accepted either): remove it and try again.")
    if found.st_uid != os.geteuid():
        raise EmbeddedError(
            f"{folder} belongs to user {found.st_uid}, this process is user {os.geteuid()}: "
            "run as its owner, or set VIVAVOCE_HOME to a folder of your own.",
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(PRIVATE)
