"""The sandbox: bubblewrap around a warm template process, and one box for each hand-in.

    with open_sandbox(withheld=["conv.conv2d_backward"]) as sandbox:
        box = sandbox.box(limits, files={})

bubblewrap (Linux) gives the template no network, its own processes and mounts, and a read-only view of the interpreter,
the environment and a copy of the library without the assignment's own answers. It sees no course, no test, no other
hand-in. Each box is a fork with namespaces of its own (`box/namespaces.py`), where the kernel grants these; elsewhere
each box gets a bubblewrap and a template of its own, which is as tight and slower.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .box import template as box_template
from .box.wire import Channel
from .course import WorkbookError
from .library import withheld_by, write_library

PREFIX = "workbook-box-"  # of the folders with the library's copy; then the process that made it
START_SECONDS = 60  # that a template has to come up
MODULES = ["numpy", "numpy.testing", "scipy.signal", "scipy.special", "scipy.ndimage", "matplotlib.pyplot", "IPython", "tqdm.auto",
           "course_lib", "course_lib.draw", "course_lib.check", "course_lib.gradcheck", "course_lib.conv", "course_lib.flat",
           "course_lib.graph", "course_lib.jacobian", "course_lib.pool", "course_lib.norm", "course_lib.optim", "course_lib.losses",
           "course_lib.linear", "course_lib.activations", "course_lib.models", "course_lib.train", "course_lib.data", "course_lib.classic"]
SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts")


@dataclass(frozen=True)
class Limits:
    """What one box may use. Seconds of processor time in all; bytes on top of what a box starts with."""

    cpu_seconds: int = 300
    memory_bytes: int = 2 << 30
    processes: int = 32
    file_bytes: int = 32 << 20

    @classmethod
    def of(cls, limits: Mapping) -> Limits:
        """From a job's limits, in its units."""
        return cls(limits["cpu_seconds"], limits["memory_mb"] << 20, limits["processes"], limits["file_mb"] << 20)


@functools.cache
def available() -> tuple[bool, str]:
    """(can answers be run in a sandbox here?, what there is, or why not)."""
    if sys.platform != "linux":
        return False, f"there is no sandbox for {sys.platform}: bubblewrap needs Linux (in Windows, WSL)"
    program = shutil.which("bwrap")
    if program is None:
        return False, "bubblewrap is not installed (Debian, Ubuntu: apt install bubblewrap)"
    tried = subprocess.run([program, *_isolation(), "--ro-bind", "/", "/", "true"], capture_output=True, text=True)
    if tried.returncode:
        return False, f"bubblewrap does not work here: {tried.stderr.strip() or tried.returncode}"
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.strip()
    return True, version


def _isolation() -> list[str]:
    own = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session",
           "--cap-drop", "ALL"]
    if os.getuid() == 0:  # as root it makes the mounts itself; the template then becomes nobody, and needs just this for it
        return [*own, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return ["--unshare-user", *own]


def require(isolation: str) -> None:
    """Raise WorkbookError where grading would have to run answers without the sandbox that it was asked for."""
    can, why = available()
    if isolation == "sandbox" and not can:
        raise WorkbookError(f"{why}. Hand-ins are strangers' programs: without a sandbox they can read and change everything that "
                            f"you can. `--no-sandbox` grades all the same, and every report says so")


class Sandbox:
    """A warm template, started at the first box. `isolation` says in words what there is."""

    def __init__(self, withheld: Iterable[str] = (), isolation: str = "sandbox"):
        require(isolation)
        self.isolated = isolation == "sandbox"
        _sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self.library = self.folder / "library"
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self._owner = 0  # the process that started the template
        self.nested = self.isolated  # until the template says otherwise
        try:
            self.library.mkdir()
            write_library(self.library, withheld)
            shutil.copytree(Path(box_template.__file__).parent, self.library / "box", ignore=shutil.ignore_patterns("__pycache__"))
            for path in (self.folder, *(self.library / "box").rglob("*")):
                path.chmod(0o755)
        except BaseException:
            self.close()
            raise

    @property
    def isolation(self) -> str:
        if not self.isolated:
            return "none (--no-sandbox): answers ran as this user, beside everything"
        how = "namespaces of its own inside it" if self.nested else "one for each hand-in"
        return f"{available()[1]}, {how}, no network, no rights"

    def box(self, limits: Limits, files: Mapping[str, bytes] | None = None):
        """A new box, its working directory holding `files`. Raises WorkbookError where the sandbox does not start."""
        from .proxies import Box

        for attempt in (1, 2):
            control = self.start()
            channel, theirs = socket.socketpair()
            status, their_status = socket.socketpair()
            try:
                socket.send_fds(control, [json.dumps(asdict(limits)).encode()], [theirs.fileno(), their_status.fileno()])
                break
            except OSError:  # the template is gone (somebody's kill, the machine's memory): once more with a new one
                self._stop()
                channel.close(), status.close()
                if attempt == 2:
                    raise WorkbookError("the sandbox's process ended and could not be started again") from None
            finally:
                theirs.close(), their_status.close()
        if not self.nested:
            process, control = self._process, self._control
            self._process = self._control = None  # serves this box only
        else:
            process = control = None
        folder = f"{_scratch()[1]}/work" if self.isolated else tempfile.mkdtemp(dir=self.folder)
        return Box(Channel(channel), status, folder, dict(files or {}),
                   lambda: _end(process, control) if process else None)

    def start(self) -> socket.socket:
        """Start the template, where it does not run. A fork of the process that started it uses it too, but cannot ask
        after it: there a dead template shows when a box is wanted of it."""
        if self._process is not None and (os.getpid() != self._owner or self._process.poll() is None):
            return self._control
        self._stop()
        ours, theirs = socket.socketpair()
        options = {"isolated": self.isolated, "nested": self.nested, "modules": MODULES, "fonts": "/fonts" if self.isolated else None, "scratch": list(_scratch())}
        with theirs:
            self._process = subprocess.Popen(
                self._command(theirs.fileno(), options), pass_fds=[theirs.fileno()], env=self._environment(), cwd="/",
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        ours.settimeout(START_SECONDS)
        try:
            said = b""
            while not said.endswith(b"\n"):
                part = ours.recv(65536)
                if not part:
                    raise OSError("it ended")
                said += part
        except OSError as e:
            _end(self._process, ours)
            errors = self._process.stderr.read().decode(errors="replace").strip().splitlines() if self._process.stderr else []
            self._process = None
            raise WorkbookError(f"the sandbox did not start ({errors[-1] if errors else e})") from None
        ours.settimeout(None)
        ready = json.loads(said)
        self.nested, self._control, self._owner = ready["nested"], ours, os.getpid()
        return ours

    def _command(self, fd: int, options: dict) -> list[str]:
        start = "import sys; sys.path[:0] = [sys.argv[3]]; from box.template import main; import json; main(int(sys.argv[1]), json.loads(sys.argv[2]))"
        where = "/library" if self.isolated else str(self.library)
        python = [sys.executable, "-I", "-B", "-c", start, str(fd), json.dumps(options), where]
        if not self.isolated:
            return python
        command = [shutil.which("bwrap"), *_isolation(), "--clearenv"]
        for name, value in self._environment().items():
            command += ["--setenv", name, value]
        for path in SYSTEM:
            if os.path.islink(path):
                command += ["--symlink", os.readlink(path), path]
            elif os.path.exists(path):
                command += ["--ro-bind", path, path]
        for path in _interpreter_folders():
            for parent in reversed(Path(path).parents[:-1]):  # else one that only its owner may enter is made just so again
                command += ["--perms", "0755", "--dir", str(parent)]
            command += ["--ro-bind", path, path]
        site = Path(sysconfig.get_path("purelib"), "course_lib")
        if site.exists():  # an installed course_lib would show what the copy leaves out
            command += ["--tmpfs", str(site)]
        command += ["--ro-bind", str(self.library), "/library", "--proc", "/proc", "--dev", "/dev"]
        for folder in _scratch():
            command += ["--tmpfs", folder, "--chmod", "1777", folder]
        if fonts := _fonts():
            command += ["--ro-bind", fonts, "/fonts"]
        return [*command, "--chdir", "/", "--", *python]

    def _environment(self) -> dict[str, str]:
        """All of the environment variables that an answer can see."""
        tmp, home = _scratch() if self.isolated else (str(self.folder),) * 2
        return {"PATH": "/usr/bin:/bin", "HOME": home, "LANG": "C.UTF-8", "TMPDIR": tmp, "MPLBACKEND": "agg",
                "MPLCONFIGDIR": f"{tmp}/matplotlib", "IPYTHONDIR": f"{tmp}/ipython", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
                "WORKBOOK_NO_PICTURES": "1"}

    def _stop(self) -> None:
        if self._process is not None:
            _end(self._process, self._control)
        self._process = self._control = None

    def close(self) -> None:
        """End the template and every box of it; remove the library's copy."""
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def _sweep() -> None:
    """Remove the folders of processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _end(process: subprocess.Popen, control: socket.socket | None) -> None:
    """bubblewrap's processes all end with it; without it the template goes, and its boxes when their sockets close."""
    if control is not None:
        control.close()
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        process.wait()


def _interpreter_folders() -> list[str]:
    """The folders of Python and of the environment that lie outside the system's."""
    folders = dict.fromkeys(os.path.realpath(p) for p in (sys.base_prefix, sys.base_exec_prefix))
    folders |= dict.fromkeys(os.path.abspath(p) for p in (sys.prefix, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    kept: list[str] = []
    for folder in sorted(folders):
        if folder != "/usr" and not folder.startswith("/usr/") and not any(folder.startswith(k + "/") for k in kept) and os.path.isdir(folder):
            kept.append(folder)
    return kept


def _scratch() -> tuple[str, str]:
    """The folders for temporary files and for a home: the usual ones, unless Python itself lies in them, as it does where
    a course was cloned into /tmp; an empty folder would hide it."""
    taken = _interpreter_folders()
    tmp, home = (next(c for c in choices if not any(t.startswith(c + "/") for t in taken))
                 for choices in (("/tmp", "/var/tmp", "/scratch"), ("/home/student", "/student")))
    return tmp, home


def _fonts() -> str | None:
    """Where Matplotlib keeps its list of fonts; None where it has made none yet."""
    import matplotlib

    folder = Path(matplotlib.get_cachedir())
    return str(folder) if any(folder.glob("fontlist*")) else None


def open_sandbox(job: Mapping) -> Sandbox:
    """The sandbox of a job, its template running: its assignment's library, its isolation."""
    withheld: list[str] = []
    for notebook in job["notebooks"].values():
        withheld += withheld_by(json.loads(notebook["frame"])["metadata"])
    sandbox = Sandbox(dict.fromkeys(withheld), job["isolation"])
    sandbox.start()
    return sandbox
