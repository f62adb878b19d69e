"""`workbook lab`: the student's copies into work/, then JupyterLab on 127.0.0.1."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from course_lib.check import progress
from course_lib.grading.course import START_HERE, Course, WorkbookError, content_files, kernel_environment, write_atomically

FIRST_PORT = 8888
PORTS_TRIED = 50
LAB_CONFIG = Path(__file__).parent / "jupyter"  # switches off the plugin that asks about news


def copy_to_work(course: Course) -> list[Path]:
    """Copy each file of notebooks/ that work/ does not have yet; the new files. What is in work/ is never overwritten.

    Raises WorkbookError when there is nothing to copy.
    """
    files = content_files(course.notebooks)
    if not files:
        raise WorkbookError(
            f"{course.notebooks}: no notebooks there. Restore the folder, or (as instructor) `make notebooks`"
        )
    copied = []
    for source in files:
        target = course.work / source.relative_to(course.notebooks)
        if not os.path.lexists(target):
            write_atomically(target, source.read_bytes())
            copied.append(target)
    return copied


def first_page(course: Course) -> str:
    """The path in JupyterLab that opens first: the welcome notebook, or in a bundle without it the first assignment."""
    names = sorted(p.name for p in course.notebooks.iterdir() if (p / f"{p.name}.ipynb").is_file())
    if not names:
        return "/lab/tree/work"
    name = START_HERE if START_HERE in names else names[0]
    return f"/lab/tree/work/{name}/{name}.ipynb"


def choose_port(asked: int | None) -> int:
    """The asked port, or the first free one from 8888 on. Raises WorkbookError when the asked one, or all, are taken."""
    if asked is not None:
        if not is_free(asked):
            raise WorkbookError(
                f"port {asked} cannot be used: another program (perhaps an earlier JupyterLab) has it. Close that, or "
                "leave --port away to get a free one"
            )
        return asked
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        if is_free(port):
            return port
    last = FIRST_PORT + PORTS_TRIED - 1
    raise WorkbookError(f"ports {FIRST_PORT} to {last} are all taken: name a free one, --port NUMBER")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        if os.name != "nt":  # as the server does: a port that was closed a moment ago can be used again
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def lab_command(course: Course, port: int, browser: bool) -> list[str]:
    """The command that starts JupyterLab with this environment's Python."""
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={course.root}",
        f"--LabApp.default_url={first_page(course)}",
        # No questions before the first notebook: no update notes, no extension shop (and no news: LAB_CONFIG).
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # containers: Jupyter refuses root otherwise, and only 127.0.0.1 can reach it
    return command


def start(course: Course, port: int | None = None, browser: bool = True) -> int:
    """Copy what is missing into work/ and run JupyterLab until it is stopped; its exit code.

    Raises WorkbookError when there is nothing to copy or the port is taken.
    """
    copied = copy_to_work(course)
    port = choose_port(port)
    progress.begin(course.work)
    if copied:
        print(f"Copied into work/: {len(copied)} new file{'s' if len(copied) > 1 else ''}.")
    print(f"Starting JupyterLab on http://127.0.0.1:{port} (Control-C stops it). If no browser opens, open the address with "
          "?token= that it prints.", flush=True)
    return run(lab_command(course, port, browser), lab_environment(course), course.root)


def lab_environment(course: Course) -> dict[str, str]:
    """The kernels' environment, with this package's Jupyter settings in front of the user's own."""
    env = kernel_environment(course)
    env["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [str(LAB_CONFIG), env.get("JUPYTER_CONFIG_PATH", "")]))
    return env


def run(command: Sequence[str], env: Mapping[str, str], folder: Path) -> int:
    """Run the server in the foreground. On Unix it takes this process's place, so Control-C reaches it alone."""
    if os.name == "posix":
        os.chdir(folder)
        os.execve(command[0], list(command), dict(env))
    return subprocess.run(command, env=dict(env), cwd=folder).returncode
