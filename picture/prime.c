/* SPDX-License-Identifier: MIT */
/*
 * A rehearsal: small pictures are made, read again, resampled and thrown away. In a virtual machine
 * each question to the processor (CPUID) costs as much as a small picture's resampling, because the
 * host answers it; and the codecs fill tables when they are used first.
 */
#include "picture/prime.h"

#include "picture/convert.h"
#include "picture/encoder.h"
#include "picture/heif_library.h"
#include "picture/input.h"
#include "picture/lut.h"
#include "picture/tiff_library.h"

enum { SIDE = 16, SMALLER = 5 };

static int make(enum encoder_format format, struct output *output)
{
	static const struct encoder_shape shape = {SIDE, SIDE, 1, 3};
	static const struct encoder_options options = {.quality = 82, .effort = -1};
	static const unsigned char row[SIDE * 3];
	struct encoder *encoder = NULL;
	int status = encoder_new(format, &shape, &options, output, &encoder);
	for (unsigned y = 0; y < SIDE && !status; y++)
		status = stage_row(&encoder->stages[0], row);
	if (!status)
		status = encoder->finish(encoder);
	encoder_free(encoder);
	return status;
}

static int read_again(const struct output *picture, enum encoder_format format)
{
	const struct options options = {.geometry = {.width = SMALLER, .height = SMALLER},
		.format = format,
		.encoder = {.quality = 82, .effort = -1},
		.limits = {.pixels = SIDE * SIDE, .frames = 1, .scans = 1}};
	struct output output = {0};
	struct input *input = NULL;
	int status = input_memory(picture->bytes, picture->length, &input);
	if (!status)
		status = convert_source(&options, input, &output);
	input_close(input);
	output_deinit(&output);
	return status;
}

static int rehearse(enum encoder_format format)
{
	struct output output = {0};
	int status = make(format, &output);
	if (!status)
		status = read_again(&output, format);
	output_deinit(&output);
	return status;
}

int sluice_picture_prime(const char *program)
{
	(void)program;
	static const enum encoder_format formats[] = {FORMAT_JPEG, FORMAT_WEBP, FORMAT_PNG};
	int status = 0;
	for (unsigned at = 0; at < sizeof(formats) / sizeof(*formats) && !status; at++)
		status = rehearse(formats[at]);
	lut_prime();
	return status;
}

int sluice_picture_prime_heavy(const char *program)
{
	int status = sluice_picture_prime(program);
	if (!status)
		status = rehearse(FORMAT_AVIF);
	const struct tiff_library *tiff;
	if (!status)
		status = tiff_library(&tiff);
	/* libheif looks for its plugins when its first context is made. */
	const struct heif_library *heif;
	if (!status)
		status = heif_library(&heif);
	if (!status)
		heif->context_free(heif->context_alloc());
	return status;
}
