/* SPDX-License-Identifier: MIT */
/* What --info tells of a source, as JSON. */
#ifndef PICTURE_INFO_H
#define PICTURE_INFO_H

#include "picture/decoder.h"
#include "picture/output.h"

/* Adds one object to the output. The decoder was opened for animations; its frames are gone through
 * for their times, at most `limits`' number. Returns 0 or a fault. */
int info_write(struct decoder *decoder, const struct decoder_limits *limits, struct output *output);

#endif
