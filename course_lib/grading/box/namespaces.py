"""Linux' namespaces and limits for one box, inside the sandbox that bubblewrap made around the template.

A box gets its own user, process, network, message and mount namespaces, an empty /tmp, home, /dev/shm and /proc, no
capability, no way to gain any, and limits. All by the C library's functions: Python 3.11 has none of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import struct

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_REC, _MS_PRIVATE = 2, 4, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_CAPABILITY_VERSION_3 = 0x20080522
_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *args) -> None:
    if getattr(_libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def become_nobody(uid: int = 65534) -> None:
    """Where this runs as root, become a user without rights. (Then /proc/self would belong to root; that is undone.)"""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)


def die_with_parent(signal_number: int = 9) -> None:
    _call("prctl", _PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def first_to_go() -> None:
    """Where the machine's memory runs out, the kernel ends this process and what it starts before any other."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as f:
        f.write("1000")


def new_user_and_processes() -> None:
    """Own user namespace (the same user, no other), and a process namespace for the children to come."""
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", NEWUSER | NEWPID)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as f:
            f.write(text)


def shut_in(empty: dict[str, int]) -> None:
    """Own mounts, network, messages and host name; an empty file system of so many bytes on each folder of `empty`."""
    _call("unshare", NEWNS | NEWNET | NEWIPC | NEWUTS)
    _call("mount", None, b"/", None, _MS_PRIVATE | _MS_REC, None)
    for folder, size in empty.items():
        _call("mount", b"tmpfs", folder.encode(), b"tmpfs", _MS_NOSUID | _MS_NODEV, f"size={size},mode=700,nr_inodes=2000".encode())


def drop_rights() -> None:
    """Give up every capability, and with them the right to ask for namespaces' privileges again."""
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    header = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0)
    _call("capset", header, struct.pack("<6I", 0, 0, 0, 0, 0, 0))


def limit(cpu_seconds: int, memory_bytes: int, processes: int, file_bytes: int, open_files: int = 128) -> None:
    """Limits of this process and what it starts; memory on top of what it has mapped already."""
    with open("/proc/self/statm") as f:
        mapped = int(f.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    for kind, value in ((resource.RLIMIT_CPU, cpu_seconds), (resource.RLIMIT_AS, mapped + memory_bytes),
                        (resource.RLIMIT_NPROC, processes), (resource.RLIMIT_FSIZE, file_bytes),
                        (resource.RLIMIT_NOFILE, open_files), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(kind, (value, value))
