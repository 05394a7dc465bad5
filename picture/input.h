/* SPDX-License-Identifier: MIT */
/*
 * The bytes of the source. A file is read in pieces where it is asked for; what is no file, such as
 * a pipe, is read into memory first.
 */
#ifndef PICTURE_INPUT_H
#define PICTURE_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct input;

/* `fd` is borrowed; reading begins at its current position, which stays. Returns 0 or a fault. */
int input_open(int fd, struct input **input);

/* Bytes in memory, which are copied. Returns 0 or a fault. */
int input_memory(const void *bytes, size_t length, struct input **input);
void input_close(struct input *input);

uint64_t input_length(const struct input *input);

/* Reads up to `length` bytes at `offset`. Returns how many: fewer only at the end of the source, or
 * where it cannot be read any further (input_failed says so). */
size_t input_read(struct input *input, uint64_t offset, void *bytes, size_t length);

/* 0, or the fault of the first read that failed. */
int input_failed(const struct input *input);

/* The whole source in memory, for libraries that want it so; it belongs to the input and is read
 * when it is asked for first. At most `limit` bytes. Returns 0 or a fault. */
int input_whole(struct input *input, size_t limit, const uint8_t **bytes, size_t *length);

#endif
