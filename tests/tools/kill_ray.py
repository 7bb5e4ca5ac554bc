"""Kills nodes and processes of a Ray cluster at random instants, while islands run on it: the bits must be the same.

    PYTHONPATH=tests/python python tests/tools/kill_ray.py NODES ISLANDS [SEED]

There are two nodes; each that dies is replaced. Processes are islands, and those that mix programs at migrations.
"""

import random
import sys
import time

import rays

from pyamlz import Islands
from pyamlz.lab import RaySearch

EVERY, PART = 5_000, 60_000  # evaluations: of a migration, of a run


def main(nodes: int, processes: int, seed: int = 1) -> None:
    """Goes on running until so many have been killed; SystemExit where digests differ."""
    draw, began = random.Random(seed), time.monotonic()
    left = ["node"] * nodes + ["process"] * processes
    draw.shuffle(left)
    alone = Islands(rays.searches(), seed=5, every_evaluations=EVERY)
    with rays.cluster() as cluster:
        islands = RaySearch(rays.searches(), seed=5, every_evaluations=EVERY, every_seconds=1.0)
        total = 0
        while left:
            rays.grow(cluster, 2)
            at = total + draw.randrange(PART)

            def disturb(progress, at=at, cluster=cluster):
                if left and progress.evaluations >= at:
                    at_once = left.pop()
                    if at_once == "process":
                        rays.kill(draw.choice(rays.workers(cluster)))
                    elif len(cluster.list_all_nodes()) > 1:
                        cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
                    else:
                        left.insert(0, at_once)

            total += PART
            islands.run(max_evaluations=PART, callbacks=[disturb])
            alone.run(max_evaluations=PART)
            if islands.digest != alone.digest:
                raise SystemExit(f"after {total} evaluations: expected {alone.digest}, got {islands.digest}")
            print(f"{total} evaluations, {len(left)} left, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{nodes} nodes and {processes} processes killed: the same bits")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
