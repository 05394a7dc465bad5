/* SPDX-License-Identifier: MIT */
#include "picture/colour.h"

#include <stdlib.h>

#include "picture/fault.h"

struct colour {
	enum decoder_space space;
};

int colour_new(const struct decoder_header *header, struct colour **result)
{
	*result = NULL;
	if (header->space != SPACE_CMYK)
		return 0;
	struct colour *colour = calloc(1, sizeof(*colour));
	if (!colour)
		return fault_memory();
	colour->space = header->space;
	*result = colour;
	return 0;
}

void colour_free(struct colour *colour)
{
	free(colour);
}

void colour_row(const struct colour *colour, const uint16_t *in, uint16_t *out, size_t count)
{
	(void)colour;
	for (size_t at = 0; at < count; at++, in += 4, out += 3)
		for (unsigned ink = 0; ink < 3; ink++)
			out[ink] = (uint16_t)((65535u - in[ink]) * (uint64_t)(65535u - in[3]) /
					      65535u);
}
