"""The machine: what it is, what its processes use, what one fsync takes."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROCESS = 2
"""Of the clock ids that Linux has for each process: its CPU time (MAKE_PROCESS_CPUCLOCK and
CPUCLOCK_SCHED, as glibc's clock_getcpuclockid makes them)."""


def describe() -> dict[str, str | float]:
    """Cores, processor, Python, Node, kernel, load average of the last minute."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "python": platform.python_version(),
        "node": _node(),
        "load": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()}",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _node() -> str:
    """Its version, or a dash without one."""
    if shutil.which("node") is None:
        return "-"
    done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip().removeprefix("v")


def cpu_seconds(pid: int) -> float:
    """CPU that a process and its children, living or waited for, have used: user and system.

    Of children that were waited for resolution is one clock tick (10 ms). Raises OSError if the
    process is gone.
    """
    total = time.clock_gettime(~pid << 3 | _PROCESS) + _ticks_of_the_dead(pid) / _TICK
    for child in _children(pid):
        try:
            total += cpu_seconds(child)
        except OSError:
            continue  # it ended meanwhile; its parent has waited for it or will
    return total


def busy_seconds() -> float:
    """CPU that the whole machine has used since it started, idle and waiting left out."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, _, _, interrupt, soft, stolen = (int(field) for field in fields)
    return (user + nice + system + interrupt + soft + stolen) / _TICK


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and its living children. Raises OSError if it is gone."""
    total = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    for child in _children(pid):
        try:
            total += resident_bytes(child)
        except OSError:
            continue
    return total


def fsync_seconds(directory: str | None = None, times: int = 50, pause: float = 0.0) -> float:
    """Median time of an fsync after writing 4 KiB to a growing file in `directory`.

    `pause`: idle seconds before each, as at low load; disk and processor are slower to answer
    then than in a row.
    """
    taken: list[float] = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(times):
            time.sleep(pause)
            file.write(bytes(4_096))
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def allow_files(count: int) -> None:
    """Raise this process's limit of open files, which the servers it starts inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _ticks_of_the_dead(pid: int) -> int:
    """cutime and cstime, of children that were waited for (proc(5))."""
    text = Path(f"/proc/{pid}/stat").read_text()
    after_name = text.rpartition(")")[2].split()
    return sum(int(field) for field in after_name[13:15])


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    except OSError:
        return found
    return found
