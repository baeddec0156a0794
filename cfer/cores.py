"""How many processors this program may use, which in a container is not how many the machine has."""

import os
from pathlib import Path

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
