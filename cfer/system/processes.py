"""Number of processors that this program may use, and starting of processes for them."""

import multiprocessing
import os
import sys
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path

from cfer.system.forks import was_forked

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota: Path = _QUOTA) -> int:
    """Processors that the scheduler and a container's quota allow, at least 1.

    Args:
        quota: Linux's control group file: "200000 100000" allows two, "max 100000" does not limit.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        allowed, period = quota.read_text(encoding="ascii").split()
        if allowed != "max":
            cores = min(cores, -(-int(allowed) // int(period)))
    except (OSError, ValueError, ZeroDivisionError):
        pass  # no quota here
    return max(1, cores)


def worker_context(module: str) -> BaseContext:
    """Context for worker processes: where it can be, from a process that has imported what they need once.

    That process begins to import at once, beside the caller.

    Args:
        module: What the workers run.
    """
    if sys.platform != "linux":  # elsewhere libraries do not survive a fork
        return multiprocessing.get_context("spawn")
    if was_forked():  # the parent's server of forks is not this process's
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    forkserver.ensure_running()
    return context


def check_processes(processes: int) -> None:
    """See that this process can start others.

    Raises:
        ValueError: It cannot; the message says why and what to do.
    """
    process = multiprocessing.current_process()
    if processes <= 1:
        return
    if process.daemon:
        raise ValueError(
            "This is a daemon process, such as a worker of a pool, which may not start processes: use processes=1."
        )
    if getattr(process, "_inheriting", False):  # this very call is run again by a process that it started
        raise ValueError(
            "A script that asks for several processes is run again by each of them. Put what it does under "
            "`if __name__ == '__main__':`, or use processes=1."
        )
