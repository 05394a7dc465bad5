/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_SHORTAGE_H
#define SRC_CONVERT_SHORTAGE_H

/*
 * Whether a program failed for want of something that the machine, and not the source, lacks: room
 * on the disk, processes, or so little memory allowed that not even its loader gets through.
 */

#include "src/convert/conversion.h"

/* Returns OUTCOME_OK when there is no sign of it. Otherwise what the request is answered with, and
 * the reason is added for the log. A worker's thread, as long as the job's directory is there. */
enum outcome shortage_find(
	const struct conversion *conversion, const struct job_result *result, struct text *reason);

#endif
