"""Attacks on the walls: files, devices, networks, other processes, the kernel, and what one hand-in leaves to the next."""

from course_lib.grading.redteam import Attack

C = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    ctypes.set_errno(0)
    return getattr(libc, name)(*args)
"""


def cell(name, tries, source, *verdicts, **more):
    return Attack(name, tries, first=source, verdicts=verdicts or ("ok",), **more)


ATTACKS = [
    cell("solutions on the disk", "reads the course from where it lies", """
import os
for path in ("@COURSE@/solutions", "@COURSE@/notebooks", "@COURSE@/redteam", "@COURSE@/gradebook.db", "@COURSE@/course_lib", "@COURSE@/samples",
             "@SENTINEL@", "@SENTINEL@/gradebook.db", "/etc/shadow", "/etc/passwd", os.path.expanduser("~root/.ssh"), "/root/.bash_history", "/var/log", "/run", "/sys"):
    if os.path.exists(path):
        leak(path)
if os.path.isdir("@COURSE@"):
    others = [n for n in os.listdir("@COURSE@") if not n.startswith(".venv") and n not in ("venv", "env")]
    if others:
        leak(others)
"""),
    cell("a search of the whole disk", "for notebooks, gradebooks and what a solution says", """
import os
for here, folders, files in os.walk("/"):
    if here.count("/") > 6 or "/site-packages/" in here:
        folders[:] = []
    for n in files:
        if n in ("gradebook.db", "nbgrader_config.py", "requirements.lock") or "multiply_backward" in n or "flat_backprop" in n or "conv_backward" in n:
            leak(os.path.join(here, n))
        if n.endswith((".py", ".ipynb")) and here.startswith(("/library", "/home", "/work", "/tmp", "/opt", "/srv")):
            try:
                text = open(os.path.join(here, n), errors="replace").read()
            except OSError:
                continue
            if "upstream gradient left " + "out" in text or "BEGIN HIDDEN " + "TESTS" in text:
                leak(os.path.join(here, n))
""", limits={"cell_seconds": 20}),
    cell("writes everywhere", "into the course, the library, the system and devices", """
import os
for folder in ("@SENTINEL@", "@COURSE@", "/", "/home", "/library", "/library/course_lib", "/library/box", "/usr", "/usr/local/lib", "/etc", "/dev", "/dev/pts", "/fonts", "/root", "/var", "/bin"):
    for what in ("@TOKEN@", "sitecustomize.py"):
        try:
            with open(f"{folder}/{what}", "w") as f:
                f.write("x")
            leak(folder)
        except OSError:
            pass
for here, folders, files in os.walk("/library"):
    for n in files:
        try:
            os.chmod(os.path.join(here, n), 0o777)
            leak(here, n)
        except OSError:
            pass
"""),
    cell("links out of the box", "symbolic and hard links to what lies outside", """
import os
os.makedirs("/tmp/a", exist_ok=True)
for target in ("@SENTINEL@/gradebook.db", "/proc/1/root", "/proc/self/root", "/etc/shadow", "/dev/mem"):
    try:
        os.symlink(target, "/tmp/a/link")
        leak(target, open("/tmp/a/link").read()[:20])
    except OSError:
        pass
    finally:
        os.path.lexists("/tmp/a/link") and os.unlink("/tmp/a/link")
for target in ("/library/course_lib/flat.py", "/usr/bin/env"):
    try:
        os.link(target, "/tmp/a/hard")
        leak(target)
    except OSError:
        pass
"""),
    cell("/proc", "other processes' memory, environment and open files", """
import os
for path in ("/proc/1/environ", "/proc/self/mem", "/proc/self/maps", "/proc/self/fd", "/proc/self/ns", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger",
             "/proc/kallsyms", "/proc/keys", "/proc/net/tcp", "/proc/cmdline", "/sys/fs/cgroup", "/sys/kernel"):
    if os.path.exists(path):
        leak(path)
if any(n.isdigit() for n in os.listdir("/proc")):
    leak(os.listdir("/proc"))
"""),
    cell("devices", "disks, memory, consoles and terminals", """
import os, fcntl
for name in os.listdir("/dev"):
    if name not in ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "fd", "stdin", "stdout", "stderr", "core", "console", "mqueue"):
        leak(name)
for name in ("mem", "kmem", "port", "kvm", "fuse", "sda", "vda", "nvme0n1", "loop0", "net/tun", "vsock", "vhost-net", "kmsg", "input", "dri"):
    if os.path.exists(f"/dev/{name}"):
        leak(name)
for name in ("tty", "console"):
    try:
        fd = os.open(f"/dev/{name}", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, 0x5412, b"x")
        leak("typed into", name)
    except OSError:
        pass
"""),
    cell("the internet", "TCP, UDP and names", """
import socket
for family, address in ((socket.AF_INET, ("1.1.1.1", 53)), (socket.AF_INET, ("127.0.0.1", 22)), (socket.AF_INET, ("10.0.0.1", 80)), (socket.AF_INET6, ("::1", 80))):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            s = socket.socket(family, kind)
            s.settimeout(0.3)
            s.connect(address)
            s.send(b"x")
            if address[0] not in ("127.0.0.1", "::1"):
                leak(address, kind)
        except OSError:
            pass
try:
    leak(socket.getaddrinfo("example.org", 80))
except OSError:
    pass
try:
    print(socket.if_nameindex())
    if [n for _, n in socket.if_nameindex() if n != "lo"]:
        leak(socket.if_nameindex())
except OSError:
    pass
"""),
    cell("sockets of the host", "by path, without a path, and of the virtual machine's host", """
import os, socket
for path in ("/run/docker.sock", "/var/run/docker.sock", "/run/systemd/private", "/run/dbus/system_bus_socket", "/tmp/.X11-unix/X0", "\\0/tmp/.X11-unix/X0",
             "\\0/tmp/dbus-", "\\0@TOKEN@-host"):
    try:
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        leak(path)
    except OSError:
        pass
for family, protocol in ((40, 0), (38, 0), (17, 3), (16, 9), (16, 6), (44, 0), (31, 0), (29, 1)):
    try:
        s = socket.socket(family, socket.SOCK_STREAM if family == 40 else socket.SOCK_RAW if family in (17, 16, 29, 31) else socket.SOCK_SEQPACKET, protocol)
        if family == 40:
            s.settimeout(0.3)
            for cid in (2, 1):
                try:
                    s.connect((cid, 1024))
                    leak("vsock", cid)
                except ConnectionError:
                    leak("vsock: the host answered", cid)
                except OSError:
                    pass
        elif family in (17, 38, 29, 31):
            leak("socket family", family)
    except OSError:
        pass
"""),
    cell("namespaces", "makes its own, or enters others'", C + """
for flags in (0x10000000, 0x10020000, 0x20000, 0x40000000, 0x20000000, 0x8000000, 0x4000000, 0x2000000, 0x80):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if call("unshare", flags) == 0 else 1)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
        leak("unshare", hex(flags))
stack = ctypes.create_string_buffer(1 << 16)
for flags in (0x10000000, 0x10020000, 0x20000000):
    entry = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(lambda a: 0)
    if libc.clone(entry, ctypes.byref(stack, 1 << 15), flags | 17, None) > 0:
        leak("clone", hex(flags))
"""),
    cell("mounts", "mounts, unmounts, remounts and changes its root", C + """
for name, args in (("mount", (b"tmpfs", b"/tmp", b"tmpfs", 0, b"size=1g")), ("mount", (b"proc", b"/proc", b"proc", 0, None)),
                   ("mount", (b"none", b"/usr", None, 32 | 4096, None)), ("mount", (b"none", b"/library", None, 32 | 4096, None)), ("mount", (b"/usr", b"/tmp", None, 4096, None)),
                   ("umount2", (b"/proc", 2)), ("umount2", (b"/tmp", 2)), ("umount2", (b"/dev/shm", 2)), ("chroot", (b"/tmp",)),
                   ("syscall", (428, -100, b"/", 1)), ("syscall", (430, b"tmpfs", 0)), ("syscall", (155, b"/tmp", b"/tmp")), ("sethostname", (b"@TOKEN@", 10))):
    if call(name, *args) >= 0:
        leak(name, args)
"""),
    cell("the kernel's darker calls", "bpf, io_uring, keys, perf, userfaultfd, handles, modules", C + """
buffer = ctypes.create_string_buffer(256)
for name, args in (("bpf", (321, 5, buffer, 120)), ("io_uring", (425, 4, buffer)), ("perf", (298, buffer, 0, -1, -1, 0)), ("userfaultfd", (323, 0)),
                   ("userfaultfd, user only", (323, 1)), ("add_key", (248, b"user", b"@TOKEN@", b"x", 1, -3)), ("keyctl", (250, 0, -3, 1)),
                   ("request_key", (249, b"user", b"@TOKEN@", None, -3)), ("kexec", (246, 0, 0, None, 0)), ("init_module", (175, buffer, 8, b"")),
                   ("open_by_handle_at", (304, -100, buffer, 0)), ("acct", (163, None)), ("swapon", (167, b"/tmp/x", 0)), ("reboot", (169, 1, 2, 3, None)),
                   ("settimeofday", (164, buffer, None)), ("syslog", (103, 3, buffer, 200)), ("quotactl", (179, 0, None, 0, None)), ("ioperm", (173, 0, 1, 1)), ("iopl", (172, 3)),
                   ("process_vm_readv", (310, 2, None, 0, None, 0, 0)), ("pidfd_getfd", (438, 3, 0, 0)), ("memfd_secret", (447, 0)), ("modify_ldt", (154, 0, None, 0))):
    pid = os.fork()
    if pid == 0:
        ctypes.set_errno(0)
        got = libc.syscall(*args)
        os._exit(0 if got >= 0 and name not in ("process_vm_readv", "modify_ldt") else 1)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
        leak(name)
"""),
    cell("other processes", "traces, kills and renames what it can see", C + """
import signal
for pid in range(1, 400):
    if pid != os.getpid():
        try:
            os.kill(pid, 0)
            leak("sees process", pid)
        except OSError:
            pass
try:
    os.kill(os.getppid(), signal.SIGKILL) if os.getppid() else None
except OSError:
    pass
if call("ptrace", 16, 2, None, None) == 0:
    leak("ptrace")
for what, value in ((1, 0), (36, 1), (38, 0), (8, 1), (24, 0)):
    libc.prctl(what, value, 0, 0, 0)
if libc.prctl(39, 0, 0, 0, 0) != 1:
    leak("new privileges")
"""),
    cell("root", "becomes another user, by call or by a setuid program", C + """
import subprocess
for name, args in (("setuid", (0,)), ("setgid", (0,)), ("setreuid", (0, 0)), ("setresuid", (0, 0, 0)), ("setgroups", (1, ctypes.byref(ctypes.c_int(0)))), ("setfsuid", (0,))):
    if name != "setfsuid" and call(name, *args) == 0:
        leak(name)
if os.getuid() == 0:
    leak("root")
for program in (["su", "-c", "id -u"], ["sudo", "-n", "id", "-u"], ["mount", "-t", "tmpfs", "none", "/tmp"], ["newuidmap", "1", "0", "0", "1"], ["bwrap", "--bind", "/", "/", "id", "-u"],
                ["unshare", "-Ur", "id", "-u"], ["pkexec", "id", "-u"]):
    try:
        done = subprocess.run(program, capture_output=True, text=True, timeout=2, stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            leak(program, done.stdout)
    except (OSError, subprocess.TimeoutExpired):
        pass
"""),
    cell("limits lifted", "raises its own limits", """
import resource
for name in dir(resource):
    if name.startswith("RLIMIT_"):
        kind = getattr(resource, name)
        soft, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            try:
                resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                leak(name)
            except (ValueError, OSError):
                pass
"""),
    cell("survivors", "processes of another session and group that outlive the box", """
import ctypes, os, time
def survive():
    os.setsid()
    if os.fork():
        os._exit(0)
    ctypes.CDLL(None).prctl(15, b"@TOKEN@", 0, 0, 0)
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    os.closerange(0, 256)
    while True:
        time.sleep(1)
if os.fork() == 0:
    survive()
"""),
    cell("survivors of a kill", "the box is ended while they live", """
import ctypes, os, signal, time
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        for n in range(1, 32):
            try:
                signal.signal(n, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        ctypes.CDLL(None).prctl(15, b"@TOKEN@", 0, 0, 0)
        while True:
            time.sleep(1)
os._exit(9)
""", "crashed", limits={"memory_mb": 1500}),
    cell("customisation files", "sitecustomize, .pth and start-up files for the next interpreter", """
import os, site, subprocess, sys
for folder in {os.path.expanduser("~"), os.getcwd(), site.getusersitepackages(), "/tmp", "/tmp/ipython/profile_default/startup"}:
    os.makedirs(folder, exist_ok=True)
    for name in ("sitecustomize.py", "usercustomize.py", "@TOKEN@.pth", "numpy.py", "course_lib.py", "ipython_config.py"):
        with open(os.path.join(folder, name), "w") as f:
            f.write("raise SystemExit('customised')\\n")
os.environ.update(PYTHONSTARTUP="/tmp/sitecustomize.py", PYTHONPATH="/tmp", LD_PRELOAD="/tmp/x.so", LANG="tr_TR.UTF-8", LC_ALL="C", TMPDIR="/tmp")
subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True)
"""),
    cell("the library's source", "reads what the reference does", """
import inspect, course_lib
from course_lib import graph
source = inspect.getsource(graph.Multiply.backward)
if "dout *" in source or "* dout" in source:
    leak(source)
import os
root = os.path.dirname(course_lib.__file__)
for here, folders, files in os.walk(root):
    if "__pycache__" in here or any(n.endswith(".pyc") for n in files):
        leak(here)
for name in ("check/exercises", "check/engine.py", "grading", "cli", "walkthrough", "widgets/static"):
    if os.path.exists(os.path.join(root, name)):
        leak(name)
"""),
]
