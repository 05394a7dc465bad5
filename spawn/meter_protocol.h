/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_METER_PROTOCOL_H
#define SPAWN_METER_PROTOCOL_H

/* What the daemon (meter.c) and the meter (meter_main.c) say to each other: one packet is one
 * question or one answer. */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "spawn/meter.h"

struct meter_question {
	uint64_t sequence;
	struct meter_limits limits;
	int64_t leader;
	bool ended;
	char directory[PATH_MAX];
};

/* The counting process has ended, perhaps with a question: no question has this number. */
enum { METER_LOST_SEQUENCE = 0 };

struct meter_answer {
	uint64_t sequence;
	struct meter_amount amount;
	uint64_t kills;
};

/* meter_count.c: the look itself, in the counting process. directory: the job's, without symbolic
 * links. One thread. */
struct cgroups;
void meter_count(struct cgroups *cgroups, pid_t leader, const char *directory,
	const struct meter_limits *limits, struct meter_amount *out);

#endif
