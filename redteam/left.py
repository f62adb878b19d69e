"""Two hand-ins, one after the other, in the same warm sandbox: nothing of the first may reach the second."""

from course_lib.grading.redteam import Attack

C = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
"""

ATTACKS = [
    Attack("left on the disk", "a file for the next student", earlier="""
import os
for here, folders, files in os.walk("/"):
    if here.startswith(("/usr", "/lib")):
        folders[:] = []
    try:
        open(os.path.join(here, "left-over"), "w").write("the answer")
    except OSError:
        pass
""", first="""
import os, sys
for here, folders, files in os.walk("/"):
    if here.startswith("/usr"):
        folders[:] = []
    if "left-over" in files:
        leak(here)
bound = {(p + "///").split("/")[2] for p in (sys.prefix, sys.base_prefix, *sys.path) if p.startswith("/tmp/")}  # where the course itself lies there
if set(os.listdir("/tmp")) - bound or os.listdir("/dev/shm") or os.listdir(os.path.expanduser("~/work")):
    leak(os.listdir("/tmp"), os.listdir("/dev/shm"))
"""),
    Attack("left in memory", "modules, numpy and the environment changed for the next student", earlier="""
import builtins, os, sys, random, numpy as np, course_lib.check, IPython
builtins.left = np.left = course_lib.left = course_lib.check.left = IPython.left = sys.left = "the answer"
np.allclose = lambda *a: True
os.environ["LEFT"] = "1"
np.random.seed(1)
random.seed(1)
sys.path.insert(0, "/left")
os.umask(0o777)
os.chdir("/")
first = np.random.rand()
""", first="""
import builtins, os, sys, numpy as np, course_lib.check, IPython
if any(hasattr(m, "left") for m in (builtins, np, course_lib, course_lib.check, IPython, sys)) or "LEFT" in os.environ or "/left" in sys.path:
    leak("memory")
if np.allclose(1, 2) or os.umask(0o22) == 0o777 or os.getcwd() == "/" or np.random.rand() == np.random.RandomState(1).rand():
    leak("state")
"""),
    Attack("left in the kernel", "shared memory, queues, semaphores, sockets and keys for the next student", earlier=C + """
import socket
libc.shmget(4242, 4096, 0o1666)
libc.msgget(4242, 0o1666)
libc.semget(4242, 1, 0o1666)
libc.mq_open(b"/left-over", 0o102, 0o666, None)
libc.syscall(248, b"user", b"left-over", b"x", 1, -3)
libc.syscall(248, b"user", b"left-over", b"x", 1, -4)
if os.fork() == 0:
    os.setsid()
    s = socket.socket(socket.AF_UNIX)
    s.bind("\\0left-over")
    s.listen()
    import time
    time.sleep(60)
    os._exit(0)
""", first=C + """
import socket
if libc.shmget(4242, 0, 0) >= 0 or libc.msgget(4242, 0) >= 0 or libc.semget(4242, 0, 0) >= 0 or libc.mq_open(b"/left-over", 0) >= 0:
    leak("messages")
for ring in (-1, -2, -3, -4, -5):
    if libc.syscall(250, 10, ring, b"user", b"left-over", 0) >= 0:
        leak("keys", ring)
try:
    socket.socket(socket.AF_UNIX).connect("\\0left-over")
    leak("socket")
except OSError:
    pass
"""),
]
