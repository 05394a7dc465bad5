/* SPDX-License-Identifier: MIT */
/* All hashing is done here, so that only this file and its header know the library. */
#include "src/recipe/digest.h"

#include <string.h>

void digest_init(struct digest *digest)
{
	sha256_init(&digest->state);
}

void digest_add(struct digest *digest, const void *data, size_t size)
{
	sha256_update(&digest->state, size, data);
}

void digest_add_text(struct digest *digest, const char *text)
{
	digest_add(digest, text, strlen(text) + 1);
}

void digest_end(struct digest *digest, uint8_t out[DIGEST_BYTES])
{
	sha256_digest(&digest->state, DIGEST_BYTES, out);
}

void digest_hex(const uint8_t value[DIGEST_BYTES], char out[DIGEST_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		*out++ = digits[value[i] >> 4];
		*out++ = digits[value[i] & 15];
	}
	*out = '\0';
}
