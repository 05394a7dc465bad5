/* SPDX-License-Identifier: MIT */
/*
 * A rehearsal: a small JPEG is made and thrown away. In a virtual machine each question to the
 * processor (CPUID) costs as much as a small picture's resampling, because the host answers it.
 */
#include "picture/prime.h"

#include "picture/encoder.h"

enum { SIDE = 16 };

int sluice_picture_prime(const char *program)
{
	(void)program;
	static const struct encoder_shape shape = {SIDE, SIDE, 1, 3};
	static const struct encoder_options options = {.quality = 82, .effort = -1};
	static const unsigned char row[SIDE * 3];
	struct output output = {0};
	struct encoder *encoder = NULL;
	if (!encoder_new(FORMAT_JPEG, &shape, &options, &output, &encoder)) {
		int status = 0;
		for (unsigned y = 0; y < SIDE && !status; y++)
			status = stage_row(&encoder->stages[0], row);
		if (!status)
			encoder->finish(encoder);
	}
	encoder_free(encoder);
	output_deinit(&output);
	return 0;
}
