/* SPDX-License-Identifier: MIT */
#include "src/config/processors.h"

#include <sched.h>

unsigned config_processors(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
	return 1;
}
