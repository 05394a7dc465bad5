/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_TESTHOOK_H
#define SPAWN_TESTHOOK_H

/*
 * Lets the tests see on one kernel what another one lacks. Only in builds with SLUICE_TEST_HOOKS
 * (the CMake option of that name: the presets dev, asan, tsan and coverage have it, a release never
 * does); elsewhere nothing is read from the environment.
 *
 *   SLUICE_TEST_LANDLOCK_ABI=N     use Landlock as version N at most; 0: as if there were none
 *   SLUICE_TEST_NO_NAMESPACES=1    as if jobs could get no pid namespace of their own
 *   SLUICE_TEST_READY_MS=N         a successor has to be ready after N ms
 *   SLUICE_TEST_STORAGE_MS=N       a look-up of a source may take N ms
 */

#include <stdlib.h>

static inline const char *testhook(const char *name)
{
#ifdef SLUICE_TEST_HOOKS
	return getenv(name);
#else
	(void)name;
	return NULL;
#endif
}

#endif
