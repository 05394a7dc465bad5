/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_NAMESPACE_H
#define SPAWN_NAMESPACE_H

#include <stdbool.h>

/*
 * Enables this single-threaded process to give each child a pid namespace. A privileged process can
 * do that already; any other one enters a user namespace of its own, in which it is the same user.
 * False: it does not work here, and the process is as before. user_namespaces(7),
 * pid_namespaces(7).
 */
bool namespace_enter(void);

/* From here on a program that is executed gets no capability, not even as root: no_new_privs, no
 * ambient or inheritable capabilities, SECBIT_NOROOT. Returns 0, or -errno: then no job may be
 * started. */
int namespace_drop_privileges(void);

#endif
