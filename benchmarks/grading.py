"""Measure grading beside stock nbgrader: python -m benchmarks.grading [--quick] [--students N]

All of it in one go on one machine, the two by turns: stock `nbgrader autograde` (tests and answers in one kernel, one
hand-in after the other) and `workbook grade` (answers in a sandbox, tests outside), on copies of the same solved notebook,
whose own cells take less than 0.2 s. README.md beside this file says how each number comes about.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .grading_parts import own_cells, parts, template_share
from .measure import slope

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENT = "00_start_here"
LONGER = "07_conv_backward"  # of more work: for the cluster, whose workers share the machine with its scheduler and the writer
WORKBOOK = [sys.executable, "-c", "from course_lib.cli.main import main; main()"]
JOBS = 2
STOCK = """
c = get_config()
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "released"
c.ClearSolutions.begin_solution_delimeter = "### BEGIN SOLUTION"
"""


@dataclass(frozen=True)
class Used:
    """What grading a class took: seconds of wall time, seconds of processor time, the largest process in MB."""

    wall: float
    cpu: float
    peak_mb: float


def run(command, folder):
    """Run a command in `folder` and say what it and everything it waited for took."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
                   "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = done.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(done.pid, 0)
    done.returncode = os.waitstatus_to_exitcode(status)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{said[-3000:]}")
    return Used(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, used.ru_maxrss / 1024)


def course(folder, students, config=None, assignment=ASSIGNMENT):
    """A course in `folder` with one assignment and so many hand-ins of its solved notebook."""
    folder.mkdir(parents=True)
    for tree in ("solutions", "notebooks"):
        shutil.copytree(ROOT / tree / assignment, folder / tree / assignment)
    (folder / "samples").symlink_to(ROOT / "samples")
    (folder / "nbgrader_config.py").write_text(config or (ROOT / "nbgrader_config.py").read_text())
    solved = folder / "solutions" / assignment / f"{assignment}.ipynb"
    for i in range(students):
        target = folder / "submitted" / f"student-{i:03}" / assignment
        target.mkdir(parents=True)
        shutil.copy(solved, target)
    return folder


class Bench:
    """Grades classes of any size in fresh folders of `scratch`."""

    def __init__(self, scratch):
        self.scratch, self.count = scratch, 0

    def folder(self):
        self.count += 1
        return self.scratch / f"course-{self.count}"

    def stock(self, students):
        """Stock nbgrader; making its database is left out."""
        folder, nbgrader = course(self.folder(), students, STOCK), [sys.executable, "-m", "nbgrader"]
        run([*nbgrader, "generate_assignment", ASSIGNMENT, "--force"], folder)
        used = run([*nbgrader, "autograde", ASSIGNMENT], folder)
        if len(list((folder / "autograded").glob("*/*/*.ipynb"))) != students:
            raise RuntimeError("stock nbgrader left some hand-ins out")
        shutil.rmtree(folder)
        return used

    def ours(self, students, *options, assignment=ASSIGNMENT):
        """`workbook grade`. What ran in boxes is no child of a child that anybody waited for: each record tells of it."""
        folder = course(self.folder(), students, assignment=assignment)
        used = run([*WORKBOOK, "grade", assignment, "--no-feedback", "--jobs", str(JOBS), *options], folder)
        records = [json.loads(p.read_text()) for p in (folder / "records" / assignment).glob("*.json")]
        if len(records) != students or any(r["verdict"] != "ok" for r in records):
            raise RuntimeError(f"{len(records)} of {students} hand-ins have records: {[r['verdict'] for r in records]}")
        shutil.rmtree(folder)
        return Used(used.wall, used.cpu + sum(r["times"]["box_cpu"] for r in records), used.peak_mb)

    def cluster(self, few, many, assignment):
        """{workers: wall seconds of one more hand-in} on a dask cluster of one and of two workers, each one thread. Where
        `few` is 0, of a first class of `many`, starting up and all."""
        from distributed import LocalCluster

        walls = {}
        for workers in (1, 2):
            with LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1",
                              silence_logs=50) as there:
                if few:
                    self.ours(2 * workers, "--scheduler", there.scheduler_address, assignment=assignment)  # until each worker has its station
                runs = {n: self.ours(n, "--scheduler", there.scheduler_address, assignment=assignment) if n else Used(0.0, 0.0, 0.0) for n in (few, many)}
                walls[workers] = per_hand_in(runs).wall
        return walls


def per_hand_in(runs):
    """What one more hand-in takes, from the smallest and the largest class: starting up falls out."""
    few, many = min(runs), max(runs)
    a, b = runs[few], runs[many]
    return Used((b.wall - a.wall) / (many - few), (b.cpu - a.cpu) / (many - few), b.peak_mb)


def measured(scratch, sizes, stock_sizes, repeats, dask_sizes, dask_of, say):
    """All figures, as (rows of the table, rows of the parts)."""
    bench, ours, stock = Bench(scratch), {}, {}
    turns = [stock_sizes[i % len(stock_sizes)] for i in range(max(len(sizes), len(stock_sizes)))]
    for i, few in enumerate(turns):
        say(f"stock nbgrader autograde, a class of {few}")
        stock.setdefault(few, []).append(bench.stock(few))
        if i < len(sizes):
            say(f"workbook grade, a class of {sizes[i]}")
            ours[sizes[i]] = bench.ours(sizes[i])
    stock = {n: Used(*(statistics.mean(getattr(u, f) for u in used) for f in ("wall", "cpu", "peak_mb"))) for n, used in stock.items()}
    say("the parts of a hand-in")
    own, share, floor = own_cells(repeats), template_share(repeats), list(parts(repeats))
    theirs, mine, whole = per_hand_in(stock), per_hand_in(ours), ours[max(sizes)]
    mine = Used(mine.wall, mine.cpu + share, mine.peak_mb)
    rate, stock_rate = 60 * max(sizes) / whole.wall, 60 / theirs.wall
    growing = sorted(sizes)[1:] if len(sizes) > 2 else sorted(sizes)
    say("two dask workers beside one")
    dask = {name: bench.cluster(*dask_sizes, name) for name in dict.fromkeys(dask_of)}
    rows = [
        ("the notebook's own cells, in a warm process: processor s", f"{own:.3f}", f"{own:.3f}", "< 0.2"),
        ("one more hand-in: processor s", f"{theirs.cpu:.2f}", f"{mine.cpu:.3f}", ""),
        ("... beyond its own cells", f"{theirs.cpu - own:.2f}", f"{mine.cpu - own:.3f}", "≤ 0.15"),
        (f"one more hand-in: wall s, {JOBS} processes", f"{theirs.wall:.2f}", f"{mine.wall:.3f}", ""),
        (f"hand-ins a minute: ours a class of {max(sizes)} with starting up, stock without", f"{stock_rate:.1f}",
         f"{rate:.0f} ({rate / stock_rate:.1f} × stock)", "≥ 8 ×"),
        (f"log-log slope of the wall time, {growing[0]} to {growing[-1]} hand-ins", "", f"{slope(growing, [ours[n].wall for n in growing]):.2f}", "≤ 1.05"),
        (f"processor s of one more hand-in, {growing[-2]} to {growing[-1]} beside {min(sizes)} to {growing[-2]}", "", _growth(ours), "flat"),
        (f"largest process in MB, {', '.join(map(str, sorted(sizes)))} hand-ins", f"{max(u.peak_mb for u in stock.values()):.0f}",
         ", ".join(f"{ours[n].peak_mb:.0f}" for n in sorted(sizes)), "flat"),
        *((f"two dask workers beside one, {name} ({walls[1]:.2f} s each on one)", "", f"{walls[1] / walls[2]:.2f} ×", "≥ 1.8 ×" if name == LONGER else "")
          for name, walls in dask.items()),
    ]
    rest = 1000 * (mine.cpu - share) - sum(floor[-1][1:])
    return rows, [*floor, ("the template's forking, for each box", 0.0, 1000 * share),
                  ("the rest: reading, messages, a fork of the station, the gradebook, the record", rest, 0.0)]


def _growth(runs):
    """What one more hand-in takes in the last half of the class, and before: does it grow with the class?"""
    first, middle, last = min(runs), sorted(runs)[-2], max(runs)
    if first == middle:
        return f"{per_hand_in(runs).cpu:.3f}"
    return " beside ".join(f"{per_hand_in({a: runs[a], b: runs[b]}).cpu:.3f}" for a, b in ((middle, last), (first, middle)))


def table(rows, floor):
    lines = ["| what | stock nbgrader | workbook grade | goal |", "|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows), "",
             "| the parts of a hand-in | processor ms, trusted side | in the box |", "|---|---|---|",
             *(f"| {name} | {here:.1f} | {inside:.1f} |" for name, here, inside in floor)]
    return "\n".join(lines)


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a handful of hand-ins: whether it runs, not how fast")
    parser.add_argument("--students", type=int, default=200, help="size of the largest class (default 200)")
    options = parser.parse_args(argv)
    n = options.students
    sizes = ([1, 2], [1, 2], 1, (0, 2), [ASSIGNMENT]) if options.quick else ([n // 8, n // 4, n // 2, n], [2, 10], 30, (20, 80), [LONGER, ASSIGNMENT])
    with tempfile.TemporaryDirectory(prefix="bench-grading-") as folder:
        print(table(*measured(Path(folder), *sizes, lambda what: print(f"{what} ...", file=sys.stderr))))


if __name__ == "__main__":
    main()
