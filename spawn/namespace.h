/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_NAMESPACE_H
#define SPAWN_NAMESPACE_H

#include <stdbool.h>

/*
 * Gets this single-threaded process into a state in which it can give every child a pid namespace:
 * nothing to do for a privileged one, else it enters a user namespace of its own in which it is the
 * same user. True when that worked; false leaves the process as it was. user_namespaces(7),
 * pid_namespaces(7).
 */
bool namespace_enter(void);

/* Sees to it that programs executed from here on get no capability, also those of root:
 * no_new_privs, no ambient or inheritable capabilities, SECBIT_NOROOT. Returns 0 or -errno: then
 * nothing may be started. */
int namespace_drop_privileges(void);

#endif
