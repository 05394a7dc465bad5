/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FILTER_PROGRAM_H
#define SPAWN_FILTER_PROGRAM_H

/*
 * Writes a BPF program from its end to its beginning, so that each jump knows how far its target
 * is. A place is an index into `code`; what is put comes before all that is there. Too long a
 * program is noted, and nothing more is put.
 */

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spawn/filter.h"

struct filter_program {
	struct sock_filter code[FILTER_LENGTH_MAX];
	size_t begin; /* of what has been put */
	bool overflow;
	/* Jumps to places that are far away, the last one for each. */
	struct {
		size_t target, place;
	} steps[32];
	size_t step_count;
};

void filter_program_init(struct filter_program *program);

/* Each returns its place. */
size_t filter_put(struct filter_program *program, uint16_t code, uint32_t value);
size_t filter_put_return(struct filter_program *program, uint32_t action);
/* Compares what is loaded; `how` is BPF_JEQ, BPF_JGE or BPF_JSET. */
size_t filter_put_branch(
	struct filter_program *program, uint16_t how, uint32_t value, size_t yes, size_t no);
/* One of the values, or none of them. */
size_t filter_put_any(struct filter_program *program, const uint32_t *values, size_t count,
	size_t yes, size_t no);
size_t filter_put_load_number(struct filter_program *program);
size_t filter_put_load_architecture(struct filter_program *program);
/* The lower 32 bits of an argument, which are all that the kernel looks at in an int; `high`: the
 * upper ones. */
size_t filter_put_load(struct filter_program *program, unsigned argument, bool high);

/* Numbers from `start` up to the next range go to `place`. */
struct filter_range {
	uint32_t start;
	size_t place;
};

/* Finds the range of what is loaded. The ranges ascend and begin with 0. */
size_t filter_put_search(
	struct filter_program *program, const struct filter_range *ranges, size_t count);

#endif
