/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_HOLDABLE_H
#define SPAWN_HOLDABLE_H

/* Looks at the file whether a library can be preloaded into it that would stop it before main; if
 * not, its main would run. Returns NULL, or in a few words for the log why not. Any thread. */
const char *holdable_refusal(const char *program);

#endif
