/* SPDX-License-Identifier: MIT */
/*
 * The result, kept until it is complete: when the source turns out to be broken in its last row,
 * nothing has been written.
 */
#ifndef PICTURE_OUTPUT_H
#define PICTURE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

struct output {
	uint8_t *bytes;
	size_t length, room;
};

/* Returns 0 or a fault. */
int output_add(struct output *output, const void *bytes, size_t length);

/* Room for at least `more` bytes behind the ones that are there. Returns 0 or a fault. */
int output_reserve(struct output *output, size_t more);

/* Writes everything to the descriptor. Returns 0 or a fault. */
int output_write(const struct output *output, int fd);

void output_deinit(struct output *output);

#endif
