/* SPDX-License-Identifier: MIT */
/* Compresses the rows of a result into chunks of pixels (IDAT). */
#ifndef PICTURE_PNG_PACK_H
#define PICTURE_PNG_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "picture/output.h"

struct png_pack;

/* `length` bytes will come. `effort` is 0 to 9. The output is borrowed. Returns 0 or a fault. */
int png_pack_new(uint64_t length, int effort, struct output *output, struct png_pack **pack);
void png_pack_free(struct png_pack *pack);

/* Both return 0 or a fault. */
int png_pack_add(struct png_pack *pack, const uint8_t *bytes, size_t length);
int png_pack_finish(struct png_pack *pack);

/* Adds any chunk to the output. Returns 0 or a fault. */
int png_pack_chunk(struct png_pack *pack, uint32_t type, const uint8_t *bytes, size_t length);

#endif
