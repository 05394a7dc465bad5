/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FILTER_PROLOGUE_H
#define SPAWN_FILTER_PROLOGUE_H

/* The part of a job's filter that libseccomp cannot say. It stands before the rest. */

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILTER_PROLOGUE_MAX = 160 };

/* What a filter has in place of the number of the process that installs it, and of the same number with a minus:
 * filters_name_self. No process has such a number. */
#define FILTER_SELF UINT32_C(0x5e1f5e1f)
#define FILTER_SELF_GROUP (UINT32_C(0) - FILTER_SELF)

struct filter_prologue_options {
	const uint32_t *architectures; /* as libseccomp numbers them; ends with 0 */
	bool signals;		       /* only to the own process and its group */
	bool owners;		       /* no signals by fcntl F_SETOWN */
};

/* Returns how many instructions it has filled in. */
size_t filter_prologue(const struct filter_prologue_options *options,
	struct sock_filter code[FILTER_PROLOGUE_MAX]);

#endif
