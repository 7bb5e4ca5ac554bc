"""A Ray cluster of several nodes on this machine, and what kills parts of it."""

import os
import shutil
import signal
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from samples import linear_space, linear_tasks

from pyamlz import Search

SMALL = {"population_size": 30, "tournament_size": 5, "cache_period": 170, "cache_size": 300, "fec_size": 300}
WORKERS = (b"ray::_Island", b"ray::_mix", b"ray::IDLE")  # Ray has others, with which a node dies
STORE = 80 * 1024 * 1024  # bytes, the least that Ray takes
DEAD_AFTER = {  # a node that is gone is declared dead after seconds; one that is slow on a busy machine is not
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 10_000,
    "health_check_failure_threshold": 5,
}


def searches(n=3, variants=("auto",)):
    made = []
    for i in range(n):
        task_set = linear_tasks(seed=i + 1)
        variant = variants[i % len(variants)]
        made.append(Search(task_set, linear_space(task_set), seed=i + 1, variant=variant, **SMALL))
    return made


@contextmanager
def own_signals():
    """Takes away the handler that Ray sets, which ends the process, whoever expects the signal."""
    former = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, former)


@contextmanager
def cluster():
    """A cluster with one node of one processor, to which this process is connected. Nothing of it is left behind."""
    home = tempfile.mkdtemp(prefix="ray")  # a short path, as sockets need
    patch = pytest.MonkeyPatch()
    patch.setenv("HOME", home)
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    patch.setenv("RAY_AUTH_MODE", "disabled")
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster()
    try:
        with own_signals():
            made.add_node(
                num_cpus=1,
                object_store_memory=STORE,
                include_dashboard=False,
                temp_dir=home,
                _system_config=DEAD_AFTER,
            )
            ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
        yield made
    finally:
        ray.shutdown()
        made.shutdown()
        patch.undo()
        shutil.rmtree(home, ignore_errors=True)


def grow(made, n):
    """Gives the cluster n nodes."""
    while len(made.list_all_nodes()) < n:
        with own_signals():
            made.add_node(num_cpus=1, object_store_memory=STORE)


def workers(made):
    """The processes of its nodes that run islands and tasks, or wait for such."""
    raylets = {node.all_processes["raylet"][0].process.pid for node in made.list_all_nodes()}
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            if parent in raylets and (path / "cmdline").read_bytes().startswith(WORKERS):
                found.append(int(path.name))
        except (OSError, ValueError):  # it has just ended
            continue
    return sorted(found)


def kill(pid):
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
