/* SPDX-License-Identifier: MIT */
/* A program gets nothing of the daemon's own environment: the configuration decides what it sees.
 */
#include "src/convert/environment.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

int environment_add(struct environment *environment, const char *format, ...)
{
	size_t count = 0;
	char *at = environment->storage;
	while (environment->pointers[count])
		count++;
	if (count > 0)
		at = environment->pointers[count - 1] + strlen(environment->pointers[count - 1]) +
		     1;
	size_t left = (size_t)(environment->storage + sizeof environment->storage - at);
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(at, left, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= left || count == ENVIRONMENT_MAX)
		return -E2BIG;
	environment->pointers[count] = at;
	environment->pointers[count + 1] = NULL;
	return 0;
}

int environment_make(struct environment *environment, const struct config *config,
	const struct recipe *recipe, const char *directory)
{
	environment->pointers[0] = NULL;
	int r = environment_add(environment, "PATH=%s", config->programs);
	if (r == 0)
		r = environment_add(environment, "HOME=%s", directory);
	if (r == 0)
		r = environment_add(environment, "TMPDIR=%s", directory);
	if (r == 0)
		r = environment_add(environment, "LANG=C.UTF-8");
	if (r == 0)
		r = environment_add(environment, "OMP_NUM_THREADS=%u", recipe->threads);
	if (r == 0)
		r = environment_add(environment, "VIPS_CONCURRENCY=%u", recipe->threads);
	for (char *const *at = recipe->env; *at && r == 0; at++)
		r = environment_add(environment, "%s", *at);
	return r;
}

enum job_confine environment_confine(const struct recipe *recipe)
{
	static const enum job_confine levels[] = {
		[RECIPE_CONFINE_STANDARD] = JOB_CONFINE_STANDARD,
		[RECIPE_CONFINE_STRICT] = JOB_CONFINE_STRICT,
		[RECIPE_CONFINE_OFF] = JOB_CONFINE_OFF,
	};
	return levels[recipe->confine];
}
