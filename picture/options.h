/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef PICTURE_OPTIONS_H
#define PICTURE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "picture/decoder.h"
#include "picture/encoder.h"
#include "picture/geometry.h"

struct options {
	struct geometry_wish geometry;
	bool gray, bitonal;
	bool has_background; /* without it, white where alpha cannot be kept */
	uint8_t background[3];
	enum encoder_format format; /* FORMAT_NONE: that of the source, or JPEG */
	struct encoder_options encoder;
	bool animated, info;
	struct decoder_limits limits;
	const char *source; /* a path; NULL: standard input */
	bool done;	    /* help or version: it has been written */
};

/* Returns 0 or a fault. */
int options_read(int count, char **arguments, struct options *options);

#endif
