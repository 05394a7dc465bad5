/* SPDX-License-Identifier: MIT */
/* Limits that the kernel does not enforce are checked from time to time while programs run: their
 * files, with and without a name, and their shared memory. Short jobs end before the first check.
 */
#include <errno.h>

#include "base/clock.h"
#include "spawn/meter.h"
#include "src/convert/conversion.h"
#include "src/convert/quota.h"
#include "src/observe/progress.h"

enum { HIDDEN_MAX = 2, BLIND_LOOKS_MAX = 4, UNMEASURED_MS = 12000 };

/* How much the job may have on the disk; 0: no limit. */
static uint64_t disk_limit(const struct conversion *conversion)
{
	const struct recipe *recipe = conversion->plan->recipe;
	uint64_t limit = recipe->temp_max_bytes;
	if (conversion->out < 0 && limit)
		limit = recipe->max_output_bytes ? limit + recipe->max_output_bytes : 0;
	return limit;
}

/* A program that hides its open files is treated as one that exceeds the limit. One look is not
 * enough: a job that is just executing its program cannot be read for a moment. gpg hides, so also
 * honest programs that start it: the reason must tell the operator which limit to lift. */
static const char *look_at_hiding(
	struct conversion_program *program, const struct meter_amount *amount)
{
	program->hidden = amount->hidden ? program->hidden + 1 : 0;
	if (program->hidden >= HIDDEN_MAX)
		return "temp_max, which cannot be measured: a process of the job hides its files";
	return amount->countless ? "temp_max, which cannot be measured: too many to count" : NULL;
}

/* A meter that is slow, or that was started again, answers a later look. A job that was not
 * measured for long runs without a limit, so it must end. */
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

/* There may be no descriptor for a moment, so one failed look is not enough. But a job that cannot
 * be measured runs without a limit. */
static const char *look_at_disk(struct conversion *conversion, uint64_t limit, uint64_t unlinked)
{
	if (unlinked > limit)
		return "temp_max";
	int r = quota_look(conversion->starter->temp.fd, conversion->directory, limit - unlinked);
	conversion->blind_looks = r < 0 ? conversion->blind_looks + 1 : 0;
	if (conversion->blind_looks == BLIND_LOOKS_MAX)
		return "temp_max, which cannot be measured";
	return r == QUOTA_EXCEEDED ? "temp_max" : NULL;
}

const char *conversion_look(struct conversion *conversion, struct progress *progress, bool *missed)
{
	const struct starter *starter = conversion->starter;
	const struct recipe *recipe = conversion->plan->recipe;
	const uint64_t memory = recipe->memory_bytes, limit = disk_limit(conversion);
	const struct meter_limits limits = {memory, limit, recipe->processes};
	uint64_t unlinked = 0, cpu_us = 0, memory_bytes = 0;
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
		const char *exceeded = limit ? look_at_hiding(program, &amount) : NULL;
		if (exceeded)
			return exceeded;
		unlinked += amount.unlinked_bytes;
		cpu_us += amount.cpu_us;
		memory_bytes += amount.memory_bytes;
	}
	atomic_store(&progress->cpu_us, cpu_us);
	atomic_store(&progress->memory_bytes, memory_bytes);
	return limit ? look_at_disk(conversion, limit, unlinked) : NULL;
}
