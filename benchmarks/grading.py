"""Measure grading beside stock nbgrader: python -m benchmarks.grading [--quick] [--students N]

All of it runs in one go on the same machine: stock `nbgrader autograde` (tests and answers in one kernel, one hand-in
after the other) and `workbook grade` (answers in a sandbox, tests outside), on copies of the same solved notebook, whose
own cells take less than 0.2 s.
"""

import argparse
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

from .measure import slope

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENT = "00_start_here"
WORKBOOK = [sys.executable, "-c", "from course_lib.cli.main import main; main()"]
STOCK = """
c = get_config()
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "released"
c.ClearSolutions.begin_solution_delimeter = "### BEGIN SOLUTION"
"""


@dataclass(frozen=True)
class Used:
    """What a command took: seconds of wall time, seconds of processor time, and the largest of its processes in MB."""

    wall: float
    cpu: float
    peak_mb: float


def run(command, folder, check=True):
    """Run a command in `folder` and say what it and everything it started took."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
                   "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = done.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(done.pid, 0)
    done.returncode = os.waitstatus_to_exitcode(status)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{said[-3000:]}")
    return Used(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, used.ru_maxrss / 1024)


def course(folder, students, config=None):
    """A course in `folder` with one assignment and so many hand-ins of its solved notebook."""
    folder.mkdir(parents=True)
    for tree in ("solutions", "notebooks"):
        shutil.copytree(ROOT / tree / ASSIGNMENT, folder / tree / ASSIGNMENT)
    (folder / "samples").symlink_to(ROOT / "samples")
    (folder / "nbgrader_config.py").write_text(config or (ROOT / "nbgrader_config.py").read_text())
    solved = folder / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    for i in range(students):
        target = folder / "submitted" / f"student-{i:03}" / ASSIGNMENT
        target.mkdir(parents=True)
        shutil.copy(solved, target)
    return folder


def stock(scratch, students):
    """What stock `nbgrader autograde` takes for a class, the making of its database left out."""
    folder = course(scratch / f"stock-{students}", students, STOCK)
    nbgrader = [sys.executable, "-m", "nbgrader"]
    run([*nbgrader, "generate_assignment", ASSIGNMENT, "--force"], folder)
    return run([*nbgrader, "autograde", ASSIGNMENT], folder)


def ours(scratch, students, *options):
    folder = course(scratch / f"ours-{students}-{len(options)}-{time.monotonic_ns()}", students)
    return run([*WORKBOOK, "grade", ASSIGNMENT, "--no-feedback", "--jobs", "2", *options], folder)


def per_hand_in(measure, few, many):
    """(wall, processor) seconds that one more hand-in takes: the difference of two classes, so that starting up falls out."""
    a, b = measure(few), measure(many)
    return (b.wall - a.wall) / (many - few), (b.cpu - a.cpu) / (many - few)


def parts(times):
    """The floor's parts, each measured alone: (name, processor milliseconds here and in children)."""
    import nbformat

    from course_lib.grading.runner import run_hand_in
    from course_lib.grading.sandbox import Limits, open_sandbox

    text = (ROOT / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_text("utf-8")
    frame = nbformat.reads(text, as_version=4)
    task = {"student": "s", "assignment": ASSIGNMENT, "files": {}, "known_ids": {}, "seed": "5eed", "isolation": "sandbox",
            "limits": {"cell_seconds": 60, "cpu_seconds": 60, "memory_mb": 1024, "processes": 32, "file_mb": 8, "hand_in_seconds": 60},
            "notebooks": {ASSIGNMENT: {"frame": nbformat.writes(frame), "submission": text, "refused": None}}}

    def fork():
        if (pid := os.fork()) == 0:
            os._exit(0)
        os.waitpid(pid, 0)

    with open_sandbox(task) as sandbox:
        def box():
            one = sandbox.box(Limits())
            one.until(time.monotonic() + 60)
            one.run("None")
            return one.close().get("cpu", 0.0)

        def hand_in():
            return run_hand_in(task, sandbox)["times"]["box_cpu"]

        for name, work in (("a fork of this process", fork), ("an empty box, from its start to its end", box),
                           ("a whole hand-in, without the gradebook", hand_in)):
            work()
            here, inside = time.process_time(), []
            for _ in range(times):
                inside.append(work() or 0.0)
            yield name, 1000 * (time.process_time() - here) / times, 1000 * statistics.mean(inside)


def cluster(scratch, students):
    """How many times as fast two dask workers grade a class as one (each a process with one thread)."""
    from distributed import LocalCluster

    walls = []
    for workers in (1, 2):
        with LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as there:
            ours(scratch, 2 * workers, "--scheduler", there.scheduler_address)  # its stations come up
            walls.append(ours(scratch, students, "--scheduler", there.scheduler_address).wall)
    return walls[0] / walls[1]


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a handful of hand-ins: whether it runs, not how fast")
    parser.add_argument("--students", type=int, default=200, help="size of the class (default 200)")
    options = parser.parse_args(argv)
    class_size = 6 if options.quick else options.students
    sizes = [2, 6] if options.quick else [class_size // 8, class_size // 4, class_size // 2, class_size]
    few, many = (1, 2) if options.quick else (2, 10)
    with tempfile.TemporaryDirectory(prefix="bench-grading-") as folder:
        scratch = Path(folder)
        print("stock nbgrader autograde ...", file=sys.stderr)
        stock_wall, stock_cpu = per_hand_in(lambda n: stock(scratch, n), few, many)
        print(f"workbook grade, classes of {', '.join(map(str, sizes))} ...", file=sys.stderr)
        runs = {n: ours(scratch, n) for n in sizes}
        small, large = runs[sizes[0]], runs[sizes[-1]]
        wall, cpu = ((getattr(large, f) - getattr(small, f)) / (sizes[-1] - sizes[0]) for f in ("wall", "cpu"))
        rate, stock_rate = 60 * class_size / large.wall, 60 / stock_wall
        print("the parts ...", file=sys.stderr)
        floor = list(parts(2 if options.quick else 30))
        print("two dask workers beside one ...", file=sys.stderr)
        speed_up = cluster(scratch, 4 if options.quick else 80)
    print(f"""
| what | stock nbgrader | workbook grade | goal |
|---|---|---|---|
| processor seconds a hand-in, its own cells included | {stock_cpu:.2f} | {cpu:.3f} | ≤ 0.15 |
| wall seconds for one more hand-in (two cores) | {stock_wall:.2f} | {wall:.3f} | |
| hand-ins a minute, class of {class_size}, starting up included | {stock_rate:.0f} | {rate:.0f} ({rate / stock_rate:.1f} × stock) | ≥ 8 × |
| log-log slope of the time in the number of hand-ins | | {slope(sizes[1:] if len(sizes) > 2 else sizes, [runs[n].wall for n in (sizes[1:] if len(sizes) > 2 else sizes)]):.2f} | ≤ 1.05 |
| largest process, MB: {', '.join(map(str, sizes))} hand-ins | | {', '.join(f'{runs[n].peak_mb:.0f}' for n in sizes)} | flat |
| two dask workers beside one | | {speed_up:.2f} × | ≥ 1.8 × |

| the parts of a hand-in | processor ms, trusted side | in the box |
|---|---|---|""")
    for name, here, inside in floor:
        print(f"| {name} | {here:.1f} | {inside:.1f} |")


if __name__ == "__main__":
    main()
