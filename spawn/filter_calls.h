/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FILTER_CALLS_H
#define SPAWN_FILTER_CALLS_H

/* Names of system calls by what becomes of them in a job; each list ends with NULL. A name that libseccomp does not know, or
 * that the machine does not have, is skipped. */

/* Only an attacker makes them. The job ends. */
extern const char *const filter_calls_hostile[];
/* EPERM, EACCES, ENOSYS, and no effect at all: programs try these and go on without. */
extern const char *const filter_calls_eperm[];
extern const char *const filter_calls_eacces[];
extern const char *const filter_calls_enosys[];
extern const char *const filter_calls_no_effect[];
/* All that STRICT lets pass, whatever their arguments. */
extern const char *const filter_calls_strict[];

#endif
