/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_QUIET_H
#define SPAWN_QUIET_H

/* For the main of a process of our own, before it does anything else: blocks every signal, so that
 * programs started from here find each disposition at its default; leaves no core file; umask 077;
 * working directory "/". Returns 0 or -errno. */
int quiet_begin(void);

#endif
