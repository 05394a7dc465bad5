/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FILTER_IMAGE_H
#define SPAWN_FILTER_IMAGE_H

/* How the filters lie in their memory file: between filter_compile.c and filter.c. */

#include "spawn/filter.h"

enum { FILTER_IMAGE_MAGIC = 0x46554c55, FILTER_IMAGE_MAX = 1 << 18 };

struct filter_image {
	uint32_t magic;
	uint32_t lengths[FILTER_KINDS]; /* in instructions */
	uint64_t keys[2];
	struct sock_filter code[]; /* one program after the other */
};

#endif
