/* SPDX-License-Identifier: MIT */
/* Exit 0 alone proves little, any other end is always a failure. In a pipeline the program that
 * failed first in the order of the data is the guilty one; who died of SIGPIPE only lost its
 * reader. A limit seldom says its name: a program that gets no memory exits like any other failure,
 * so its last words and its peak are asked, too. */
#include "src/conversion.h"

#include <signal.h>
#include <string.h>

/* The status that the recipe gives to this exit; 0: none. */
static int mapped_status(const struct recipe *recipe, const struct job_result *result)
{
	for (size_t i = 0; result->exited && i < recipe->exit_count; i++)
		if (recipe->exits[i].exit == result->exit_status)
			return recipe->exits[i].status;
	return 0;
}

bool conversion_stage_failed(const struct conversion *conversion, size_t index)
{
	const struct job_result *result = &conversion->stages[index].result;
	if (result->exited && result->exit_status == 0)
		return false;
	return mapped_status(conversion->plan->recipe, result) != 200;
}

static const struct conversion_stage *guilty(const struct conversion *conversion)
{
	const struct conversion_stage *broken_pipe = NULL;
	for (size_t i = 0; i < conversion->count; i++) {
		const struct conversion_stage *stage = &conversion->stages[i];
		if (stage->killed || !conversion_stage_failed(conversion, i))
			continue;
		if (stage->result.exited || stage->result.signal != SIGPIPE)
			return stage;
		if (!broken_pipe)
			broken_pipe = stage;
	}
	return broken_pipe;
}

/* The limit that ended it, NULL: none that we know. */
static const char *limit_of(
	const struct conversion *conversion, const struct conversion_stage *stage)
{
	const struct recipe *recipe = conversion->plan->recipe;
	const struct job_result *result = &stage->result;
	if (stage->outgrown)
		return "memory";
	/* The limit counts ticks, the account counts time: on a busy machine they differ much. */
	if (recipe->cpu_s && !result->exited &&
		(result->signal == SIGXCPU || result->cpu_us >= recipe->cpu_s * 500000))
		return "cpu";
	if ((!result->exited && result->signal == SIGXFSZ) || conversion->words.file)
		return conversion->out < 0 ? "max_output" : "temp_max";
	if (recipe->memory_bytes &&
		(conversion->words.memory ||
			result->peak_kib >= recipe->memory_bytes / 1024 * 8 / 10))
		return "memory";
	return NULL;
}

enum outcome conversion_verdict(
	const struct conversion *conversion, int *status, struct text *reason)
{
	const struct recipe *recipe = conversion->plan->recipe;
	const struct conversion_stage *stage = guilty(conversion);
	if (!stage) {
		if (!conversion->words.found)
			return OUTCOME_OK;
		text_puts(reason, "stderr: ");
		text_escaped(reason, conversion->words.found, LASTWORDS_PHRASE_MAX);
		return OUTCOME_REFUSED;
	}
	const struct job_result *result = &stage->result;
	const char *program =
		template_program_name(recipe->template, (size_t)(stage - conversion->stages));
	if (result->exited)
		text_printf(reason, "%s: exit %d", program, result->exit_status);
	else
		text_printf(reason, "%s: signal %d (%s)", program, result->signal,
			strsignal(result->signal));
	*status = mapped_status(recipe, result);
	if (*status)
		return OUTCOME_MAPPED;
	if (stage->forbidden[0] || (!result->exited && result->signal == SIGSYS)) {
		text_printf(reason, ", forbidden system call%s%s", stage->forbidden[0] ? ": " : "",
			stage->forbidden);
		return OUTCOME_CRASHED;
	}
	const char *limit = limit_of(conversion, stage);
	if (limit) {
		text_printf(reason, ", limit: %s", limit);
		return OUTCOME_LIMIT;
	}
	return result->exited ? OUTCOME_REFUSED : OUTCOME_CRASHED;
}

uint64_t conversion_cpu_us(const struct conversion *conversion)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < conversion->count; i++)
		sum += conversion->stages[i].result.cpu_us;
	return sum;
}

uint64_t conversion_peak_kib(const struct conversion *conversion)
{
	uint64_t peak = 0;
	for (size_t i = 0; i < conversion->count; i++)
		if (conversion->stages[i].result.peak_kib > peak)
			peak = conversion->stages[i].result.peak_kib;
	return peak;
}
