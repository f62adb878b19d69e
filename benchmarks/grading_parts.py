"""The floor of grading one hand-in: what its parts take, each alone, in seconds or milliseconds of processor time."""

import os
import statistics
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENT = "00_start_here"


def job():
    import nbformat

    text = (ROOT / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_text("utf-8")
    frame = nbformat.reads(text, as_version=4)
    return {"student": "s", "assignment": ASSIGNMENT, "files": {}, "known_ids": {}, "seed": "5eed", "isolation": "sandbox", "variant": None,
            "limits": {"cell_seconds": 60, "cpu_seconds": 60, "memory_mb": 1024, "processes": 32, "file_mb": 8, "hand_in_seconds": 60},
            "notebooks": {ASSIGNMENT: {"frame": nbformat.writes(frame), "submission": text, "refused": None}}}


def own_cells(times):
    """Seconds that the solved notebook's cells take, tests and all, in a process that has imported everything."""
    import nbformat

    from course_lib.draw import NO_PICTURES
    from course_lib.grading.box.shell import Shell

    cells = [c.source for c in nbformat.read(ROOT / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", 4).cells if c.cell_type == "code"]
    os.environ[NO_PICTURES] = "1"
    taken = []
    for _ in range(times + 1):
        shell = Shell.make(lambda output: None, {})
        before = time.process_time()
        for source in cells:
            shell.run(source)
        taken.append(time.process_time() - before)
    return statistics.median(taken[1:])


def template_share(times):
    """Seconds that the warm template spends on one box: it forks, and nobody waits for what it forked."""
    from course_lib.grading.sandbox import Limits, open_sandbox

    with open_sandbox(job()) as sandbox:
        spent = _spent_below(sandbox._process.pid)
        for _ in range(times):
            _empty_box(sandbox, Limits())
        return (_spent_below(sandbox._process.pid) - spent) / times


def parts(times):
    """(name, milliseconds in this process, milliseconds in the box and its warder) of each part."""
    from course_lib.grading.runner import run_hand_in
    from course_lib.grading.sandbox import Limits, open_sandbox

    task = job()
    with open_sandbox(task) as sandbox:
        for name, work in (("an empty box, from its start to its end", lambda: _empty_box(sandbox, Limits())),
                           ("a whole hand-in, its own cells included", lambda: run_hand_in(task, sandbox)["times"]["box_cpu"])):
            work()
            here, inside = time.process_time(), []
            for _ in range(times):
                inside.append(work())
            yield name, 1000 * (time.process_time() - here) / times, 1000 * statistics.mean(inside)


def _empty_box(sandbox, limits):
    box = sandbox.box(limits)
    box.until(time.monotonic() + 60)
    box.run("None")
    return box.close().get("cpu", 0.0)


def _spent_below(pid):
    """Seconds of processor time of a process and its living descendants."""
    parents, ticks = {}, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry)], ticks[int(entry)] = int(fields[1]), int(fields[11]) + int(fields[12])
    family = {pid}
    while more := {p for p, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks.get(p, 0) for p in family) / os.sysconf("SC_CLK_TCK")
