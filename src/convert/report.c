/* SPDX-License-Identifier: MIT */
#include "src/convert/report.h"

#include <string.h>

static void put_exits(const struct conversion *conversion, char *buffer, size_t size)
{
	struct text text;
	text_init(&text, buffer, size);
	for (size_t i = 0; i < conversion->count; i++) {
		const struct conversion_program *program = &conversion->programs[i];
		if (i > 0)
			text_puts(&text, ",");
		if (!program->started)
			text_puts(&text, "-");
		else if (program->result.exited)
			text_printf(&text, "%d", program->result.exit_status);
		else
			text_printf(&text, "signal:%d", program->result.signal);
	}
}

/* "warm" when holders have started all programs, "cold" when they have started none. */
static const char *start_name(const struct conversion *conversion)
{
	size_t warm = 0, started = 0;
	for (size_t i = 0; i < conversion->count; i++) {
		warm += conversion->programs[i].warm;
		started += conversion->programs[i].started;
	}
	return warm == 0 ? "cold" : warm == started ? "warm" : "mixed";
}

/* The end of what was kept, as a string. */
static const char *shown_tail(struct stderr_tail *tail)
{
	if (tail->length == 0)
		return "";
	tail->kept[tail->length < STDERR_TAIL_KEPT ? tail->length : STDERR_TAIL_KEPT - 1] = '\0';
	return text_end(tail->kept, ACCESS_STDERR_MAX);
}

void conversion_show(const struct conversion *conversion, struct progress *progress)
{
	for (size_t i = 0; i < conversion->count && i < PROGRESS_PIDS_MAX; i++)
		atomic_store(&progress->pids[i], conversion->programs[i].job.pid);
	atomic_store(&progress->phase, PROGRESS_CONVERTING);
}

void conversion_report(struct conversion *conversion, struct access *access)
{
	access->converted = true;
	access->start = start_name(conversion);
	access->cpu_us = access->peak_kib = 0;
	for (size_t i = 0; i < conversion->count; i++) {
		const struct job_result *result = &conversion->programs[i].result;
		access->cpu_us += result->cpu_us;
		if (result->peak_kib > access->peak_kib)
			access->peak_kib = result->peak_kib;
	}
	put_exits(conversion, access->exit, sizeof access->exit);
	/* After a success the stderr tail is noise. A live answer is different: the stderr tail is
	 * the only sign that its source was damaged. */
	bool live = conversion->plan->recipe->response == RECIPE_LIVE;
	if (access->outcome != OUTCOME_OK || live)
		access->stderr_tail = shown_tail(&conversion->stderr_tail);
}
