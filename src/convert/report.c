/* SPDX-License-Identifier: MIT */
#include "src/convert/conversion.h"

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

void conversion_show(const struct conversion *conversion, struct progress *progress)
{
	for (size_t i = 0; i < conversion->count && i < PROGRESS_PIDS_MAX; i++)
		atomic_store(&progress->pids[i], conversion->programs[i].job.pid);
	atomic_store(&progress->phase, PROGRESS_CONVERTING);
}

void conversion_report(struct conversion *conversion, struct access *access)
{
	access->converted = true;
	access->start = conversion_start_name(conversion);
	access->cpu_us = conversion_cpu_us(conversion);
	access->peak_kib = conversion_peak_kib(conversion);
	put_exits(conversion, access->exit, sizeof access->exit);
	struct stderr_tail *words = &conversion->words;
	/* What a program grumbles about and gets over is noise, but in an answer that went out as
	 * it was made: there it is the one place that tells of a damaged source. */
	bool live = conversion->plan->recipe->response == RECIPE_LIVE;
	if ((access->outcome == OUTCOME_OK && !live) || words->length == 0)
		return;
	words->kept[words->length < STDERR_TAIL_KEPT ? words->length : STDERR_TAIL_KEPT - 1] = '\0';
	size_t length = strlen(words->kept);
	access->stderr_tail = words->kept + (length > ACCESS_STDERR_MAX ? length - ACCESS_STDERR_MAX : 0);
}
