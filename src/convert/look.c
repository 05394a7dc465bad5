/* SPDX-License-Identifier: MIT */
/* Limits that the kernel does not know, looked at now and then while programs run: what they hold
 * on the disk, with and without a name, and the memory that they share with themselves. Short jobs
 * are never looked at. */
#include <errno.h>

#include "base/clock.h"
#include "spawn/meter.h"
#include "src/convert/conversion.h"
#include "src/convert/quota.h"

enum { HIDDEN_MAX = 2, BLIND_LOOKS_MAX = 4, UNMEASURED_MS = 12000 };

/* 0: none */
static uint64_t disk_limit(const struct conversion *conversion)
{
	const struct recipe *recipe = conversion->plan->recipe;
	uint64_t limit = recipe->temp_max_bytes;
	if (conversion->out < 0 && limit)
		limit = recipe->max_output_bytes ? limit + recipe->max_output_bytes : 0;
	return limit;
}

/* One that hides what it has open has something to hide. It may be about to begin its program, so
 * that is looked at twice. */
static bool is_hiding(struct conversion_program *program, const struct meter_amount *amount)
{
	program->hidden = amount->hidden ? program->hidden + 1 : 0;
	return program->hidden >= HIDDEN_MAX || amount->countless;
}

/* A meter that is started again or is slow answers a later look. A job that it has not measured for
 * long has no limit. */
static bool is_unmeasured(struct conversion_program *program, int r)
{
	if (r == -EAGAIN)
		return false;
	if (r == 0) {
		program->unmeasured_since_ms = 0;
		return false;
	}
	uint64_t now = clock_now_ms();
	if (program->unmeasured_since_ms == 0)
		program->unmeasured_since_ms = now;
	return r == -EPIPE || now - program->unmeasured_since_ms >= UNMEASURED_MS;
}

/* Descriptors may be lacking for a moment. But a job that nobody can look at has no limit. */
static const char *look_at_disk(struct conversion *conversion, uint64_t limit, uint64_t unlinked)
{
	if (unlinked > limit)
		return "temp_max";
	int r = quota_look(conversion->starter->temp_fd, conversion->directory, limit - unlinked);
	conversion->blind_looks = r < 0 ? conversion->blind_looks + 1 : 0;
	if (conversion->blind_looks == BLIND_LOOKS_MAX)
		return "temp_max, which cannot be measured";
	return r == QUOTA_EXCEEDED ? "temp_max" : NULL;
}

const char *conversion_look(struct conversion *conversion, bool *missed)
{
	const struct starter *starter = conversion->starter;
	const struct recipe *recipe = conversion->plan->recipe;
	const uint64_t memory = recipe->memory_bytes, limit = disk_limit(conversion);
	const struct meter_limits limits = {memory, limit, recipe->processes};
	uint64_t unlinked = 0;
	*missed = false;
	for (size_t i = 0; i < conversion->count && (limit || memory); i++) {
		struct conversion_program *program = &conversion->programs[i];
		struct meter_amount amount;
		if (!program->started || program->ended)
			continue;
		int r = meter_look(
			starter->meter, program->job.pid, conversion->directory, &limits, &amount);
		*missed |= r == -EAGAIN || r == -EIO;
		program->looked |= r == 0;
		if (is_unmeasured(program, r))
			return memory ? "memory, which cannot be measured"
				      : "temp_max, which cannot be measured";
		if (r < 0)
			continue;
		if (memory && amount.memory_bytes > memory)
			return "memory";
		if (limit && is_hiding(program, &amount))
			return "temp_max";
		unlinked += amount.unlinked_bytes;
	}
	return limit ? look_at_disk(conversion, limit, unlinked) : NULL;
}
