/* SPDX-License-Identifier: MIT */
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#include "spawn/filter_calls.h"
#include "spawn/forbidden_call.h"

int forbidden_signal_target(const struct seccomp_data *data)
{
	char name[FILTER_NAME_MAX];
	filters_call_name(data->arch, data->nr, name);
	for (const char *const *known = filter_calls_signal; *known; known++)
		if (strcmp(*known, name) == 0)
			return (int)data->args[0];
	return 0;
}
