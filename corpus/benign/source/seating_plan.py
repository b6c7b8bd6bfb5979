"""Seat wedding guests so that as few people as possible suffer.

Simulated annealing over tables. Reads a CSV of guests and one of wishes ("a,b,+3" or "a,b,-5"), prints the plan.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Plan:
    tables: list[list[str]]
    wishes: dict[tuple[str, str], float] = field(repr=False)

    def happiness(self, table: list[str]) -> float:
        return sum(
            self.wishes.get((min(a, b), max(a, b)), 0.0)
            for i, a in enumerate(table)
            for b in table[i + 1 :]
        )

    @property
    def total(self) -> float:
        return sum(map(self.happiness, self.tables))

    def swap(self, rng: random.Random) -> tuple[float, tuple[int, int, int, int]]:
        t, u = rng.sample(range(len(self.tables)), 2)
        i, j = rng.randrange(len(self.tables[t])), rng.randrange(len(self.tables[u]))
        before = self.happiness(self.tables[t]) + self.happiness(self.tables[u])
        self._swap(t, i, u, j)
        after = self.happiness(self.tables[t]) + self.happiness(self.tables[u])
        return after - before, (t, i, u, j)

    def _swap(self, t: int, i: int, u: int, j: int) -> None:
        self.tables[t][i], self.tables[u][j] = self.tables[u][j], self.tables[t][i]


def read_wishes(path: Path) -> dict[tuple[str, str], float]:
    wishes: dict[tuple[str, str], float] = defaultdict(float)
    with path.open(newline="", encoding="utf-8") as fh:
        for line, row in enumerate(csv.reader(fh), start=1):
            if not row or row[0].startswith("#"):
                continue
            try:
                a, b, weight = (cell.strip() for cell in row)
                wishes[(min(a, b), max(a, b))] += float(weight)
            except ValueError as exc:
                raise SystemExit(f"{path}:{line}: expected name,name,number ({exc})") from None
    return dict(wishes)


def anneal(plan: Plan, steps: int, seed: int) -> Plan:
    rng = random.Random(seed)
    best, best_total = [t[:] for t in plan.tables], plan.total
    current = best_total
    for step in range(steps):
        heat = 5.0 * (1 - step / steps) ** 2 + 1e-9
        gain, undo = plan.swap(rng)
        if gain >= 0 or rng.random() < math.exp(gain / heat):
            current += gain
            if current > best_total:
                best, best_total = [t[:] for t in plan.tables], current
        else:
            plan._swap(*undo)
    return Plan(best, plan.wishes)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("guests", type=Path)
    parser.add_argument("wishes", type=Path)
    parser.add_argument("--seats", type=int, default=8)
    parser.add_argument("--steps", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)

    names = [n for n in args.guests.read_text(encoding="utf-8").splitlines() if n.strip()]
    tables = [names[i :: math.ceil(len(names) / args.seats)] for i in range(math.ceil(len(names) / args.seats))]
    plan = anneal(Plan(tables, read_wishes(args.wishes)), args.steps, args.seed)
    for number, table in enumerate(plan.tables, start=1):
        print(f"Table {number:>2} ({plan.happiness(table):+.1f}): {', '.join(sorted(table))}")
    print(f"total {plan.total:+.1f}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
