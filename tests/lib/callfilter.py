# SPDX-License-Identifier: MIT
"""What systemd's filters do to a daemon's system calls, with libseccomp itself: those that take a structure are refused whole."""

import ctypes
import errno

SCMP_ACT_ALLOW = 0x7FFF0000
SCMP_ACT_ERRNO = 0x00050000
SCMP_FLTATR_ACT_BADARCH = 2
SCMP_CMP_MASKED_EQ = 7
CLONE_NEWUSER = 0x10000000


class _Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("mask", ctypes.c_uint64), ("value", ctypes.c_uint64)]


def refuse(*calls, error=errno.ENOSYS, user_namespaces=False, clone_flags=()):
    """For preexec_fn: this process and all that come from it. user_namespaces: none can be made. clone_flags: clone(2) may have none of
    them."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(SCMP_ACT_ALLOW)))
    # libseccomp would end a process that calls by another machine's table; systemd has a filter for each of them.
    library.seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, ctypes.c_uint32(SCMP_ACT_ALLOW))
    for call in calls:
        number = library.seccomp_syscall_resolve_name(call.encode())
        if library.seccomp_rule_add(context, ctypes.c_uint32(SCMP_ACT_ERRNO | error), number, 0) != 0:
            raise OSError(f"no filter for {call}")
    flags = [("clone", flag) for flag in clone_flags]
    if user_namespaces:
        flags += [("clone", CLONE_NEWUSER), ("unshare", CLONE_NEWUSER)]
    for call, flag in flags:
        wanted = _Compare(0, SCMP_CMP_MASKED_EQ, flag, flag)
        number = library.seccomp_syscall_resolve_name(call.encode())
        if library.seccomp_rule_add_array(context, ctypes.c_uint32(SCMP_ACT_ERRNO | errno.EPERM), number, 1, ctypes.byref(wanted)) != 0:
            raise OSError(f"no filter for {call}")
    if library.seccomp_load(context) != 0:
        raise OSError("the filter is refused")
    library.seccomp_release(context)
