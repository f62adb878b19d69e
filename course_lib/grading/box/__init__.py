"""What runs inside the sandbox: the warm template, the process that holds one student's answers, and the wire.

These files are copied into the sandbox and import nothing of the rest of the package (there it is not to be found).
`values`, `wire`, `peer` and `shell` are used on both sides.

    template    the warm process inside the sandbox, which never sees a submission; one fork of it for each box
    namespaces  Linux' namespaces, limits and privileges of one box
    syscalls    a filter of system calls that no notebook needs
    inmate      runs cells and answers calls in one box
    shell       an IPython shell whose outputs are collected
    peer        two processes that call each other, on both sides
    values      plain values as JSON and raw array bytes, and back
    wire        frames of these on a socket
"""
