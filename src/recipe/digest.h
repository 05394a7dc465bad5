/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_DIGEST_H
#define SRC_RECIPE_DIGEST_H

/*
 * A hash for which an attacker cannot find two texts with one value (SHA-256, cut to 160 bits).
 * Pure, any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include <nettle/sha2.h>

enum { DIGEST_BYTES = 20, DIGEST_HEX_MAX = 2 * DIGEST_BYTES + 1 };

struct digest {
	struct sha256_ctx state;
};

void digest_init(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t size);
/* Adds the text and its NUL, so that "ab", "c" and "a", "bc" differ. */
void digest_add_text(struct digest *digest, const char *text);
void digest_end(struct digest *digest, uint8_t out[DIGEST_BYTES]);

void digest_hex(const uint8_t value[DIGEST_BYTES], char out[DIGEST_HEX_MAX]);

#endif
