"""A filter that takes system calls away from a box which no notebook needs and which widen what its kernel can be asked.

Namespaces, mounts, tracing, keys, io_uring and the like. A second wall: capabilities and namespaces already stand before
most of them. On processors whose call numbers are not listed here there is no filter, and the others hold alone.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

_NUMBERS = {  # name: (x86_64, aarch64)
    "ptrace": (101, 117), "syslog": (103, 116), "pivot_root": (155, 41), "chroot": (161, 51), "acct": (163, 89), "mount": (165, 40),
    "umount2": (166, 39), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "init_module": (175, 105),
    "delete_module": (176, 106), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "unshare": (272, 97),
    "move_pages": (279, 239), "perf_event_open": (298, 241), "fanotify_init": (300, 262), "open_by_handle_at": (304, 265), "setns": (308, 268),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "finit_module": (313, 273), "memfd_create": (319, 279),
    "kexec_load": (246, 104), "bpf": (321, 280), "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "pidfd_getfd": (438, 438), "mount_setattr": (442, 442), "memfd_secret": (447, 447),
    # memory and messages that belong to no process, and so to no limit
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180)}
_SOCKET = (41, 198)
_FAMILIES = (1, 2, 10)  # local and internet sockets, which the box's network namespace shuts in; vsock and others pass it by
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_NEW_NAMESPACES = 0x7E020000  # the flags of clone that ask for a namespace
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06  # BPF: load a word, compare, answer
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


def _refuse(number: int) -> int:
    return 0x00050000 | number  # the call fails with this error


def _program(column: int, architecture: int) -> bytes:
    """The filter. Offsets: 0 the call's number, 4 the architecture, 16 the low half of its first argument."""
    instructions = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0),
                    (_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _KILL)]  # x32, whose numbers are others
    for numbers in _NUMBERS.values():
        instructions += [(_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _refuse(errno.EPERM))]
    # clone3 keeps its flags in memory, where no filter can look: C libraries then fall back on clone.
    instructions += [(_EQUAL, 0, 1, _CLONE3[column]), (_RETURN, 0, 0, _refuse(errno.ENOSYS)),
                     (_EQUAL, 0, 3, _CLONE[column]), (_LOAD, 0, 0, 16), (_ANY_BIT, 0, 1, _NEW_NAMESPACES), (_RETURN, 0, 0, _refuse(errno.EPERM)),
                     (_EQUAL, 0, 5, _SOCKET[column]), (_LOAD, 0, 0, 16), *((_EQUAL, len(_FAMILIES) - i, 0, f) for i, f in enumerate(_FAMILIES)),
                     (_RETURN, 0, 0, _refuse(errno.EAFNOSUPPORT)), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *i) for i in instructions)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def filter_calls() -> bool:
    """Put the filter on this process and its children, for good. Needs "no new privileges". False where there is none."""
    known = _ARCHITECTURES.get(platform.machine())
    if known is None:
        return False
    code = _program(*known)
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0
