"""Commands run by somebody who is not root, also where the tests are."""

from __future__ import annotations

import os
import subprocess
import sys


def run_unprivileged(*command: object) -> subprocess.CompletedProcess[str]:
    """`crdtchat COMMAND`, without the rights by which root passes over those of files."""
    drop = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
    environment = {name: value for name, value in os.environ.items() if "CRDTCHAT" not in name}
    return subprocess.run(
        [*drop, sys.executable, "-m", "crdtchat", *map(str, command)],
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
