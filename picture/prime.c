/* SPDX-License-Identifier: MIT */
/*
 * A rehearsal: small pictures are made, read again, resampled and thrown away. In a virtual machine
 * each question to the processor (CPUID) costs as much as a small picture's resampling, because the
 * host answers it; and the codecs fill tables when they are used first.
 *
 * A copy of the process is made for each picture, and it pays for each library that is mapped, and
 * for each page that it writes to and that was there before. So there are three, from few libraries
 * to all, and what the rehearsal has freed goes back to the kernel.
 */
#include "picture/prime.h"

#include <malloc.h>

#include "picture/convert.h"
#include "picture/encoder.h"
#include "picture/gif_library.h"
#include "picture/heif_library.h"
#include "picture/input.h"
#include "picture/lut.h"
#include "picture/png_library.h"
#include "picture/tiff_library.h"
#include "picture/webp_mux_library.h"
#include "picture/zlib_library.h"

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

static int rehearse(enum encoder_format source, enum encoder_format result)
{
	struct output output = {0};
	int status = make(source, &output);
	if (!status)
		status = read_again(&output, result);
	output_deinit(&output);
	return status;
}

/* A library that is missing is no reason to leave out the others: its fault is kept, and the
 * rehearsal goes on. */
static void note(int *status, int more)
{
	if (!*status)
		*status = more;
}

static int prime_photo(void)
{
	int status = rehearse(FORMAT_JPEG, FORMAT_JPEG);
	/* Planes, and colours, which come from a JPEG with a profile. */
	note(&status, rehearse(FORMAT_JPEG, FORMAT_WEBP));
	struct output colours = {0};
	note(&status, make(FORMAT_WEBP, &colours));
	output_deinit(&colours);
	note(&status, lut_prime());
	return status;
}

static int prime_light(void)
{
	int status = prime_photo();
	note(&status, rehearse(FORMAT_WEBP, FORMAT_WEBP));
	note(&status, rehearse(FORMAT_PNG, FORMAT_PNG));
	/* What these pictures did not need: rare PNG, profiles in PNG, and animations. */
	const struct png_library *png;
	note(&status, png_library(&png));
	const struct zlib_library *zlib;
	note(&status, zlib_library(&zlib));
	const struct gif_library *gif;
	note(&status, gif_library(&gif));
	const struct webp_mux_library *mux;
	note(&status, webp_mux_library(&mux));
	return status;
}

static int prime_heavy(void)
{
	int status = prime_light();
	note(&status, rehearse(FORMAT_AVIF, FORMAT_AVIF));
	const struct tiff_library *tiff;
	note(&status, tiff_library(&tiff));
	/* libheif looks for its plugins when its first context is made. */
	const struct heif_library *heif;
	int found = heif_library(&heif);
	note(&status, found);
	if (!found)
		heif->context_free(heif->context_alloc());
	return status;
}

static int trimmed(int status)
{
	malloc_trim(0);
	return status;
}

int sluice_picture_prime_photo(const char *program)
{
	(void)program;
	return trimmed(prime_photo());
}

int sluice_picture_prime(const char *program)
{
	(void)program;
	return trimmed(prime_light());
}

int sluice_picture_prime_heavy(const char *program)
{
	(void)program;
	return trimmed(prime_heavy());
}
