/* SPDX-License-Identifier: MIT */
/* Exit 0 alone proves little, any other end is always a failure. In a pipeline the program that
 * failed first in the order of the data is the guilty one; who died of SIGPIPE only lost its
 * reader. A limit seldom says its name: a program that gets no memory exits like any other failure,
 * so its last words and its peak are asked, too. */
#include "src/convert/conversion.h"

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

bool conversion_program_failed(const struct conversion *conversion, size_t index)
{
	const struct job_result *result = &conversion->programs[index].result;
	if (result->exited && result->exit_status == 0)
		return false;
	return mapped_status(conversion->plan->recipe, result) != 200;
}

static const struct conversion_program *guilty(const struct conversion *conversion)
{
	const struct conversion_program *broken_pipe = NULL;
	for (size_t i = 0; i < conversion->count; i++) {
		const struct conversion_program *program = &conversion->programs[i];
		if (program->killed || !conversion_program_failed(conversion, i))
			continue;
		if (program->result.exited || program->result.signal != SIGPIPE)
			return program;
		if (!broken_pipe)
			broken_pipe = program;
	}
	return broken_pipe;
}

/* The limit that ended it, NULL: none that we know. */
static const char *limit_of(
	const struct conversion *conversion, const struct conversion_program *program)
{
	const struct recipe *recipe = conversion->plan->recipe;
	const struct job_result *result = &program->result;
	if (program->outgrown)
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

enum outcome conversion_classify(
	const struct conversion *conversion, int *status, struct text *reason)
{
	const struct recipe *recipe = conversion->plan->recipe;
	const struct conversion_program *program = guilty(conversion);
	if (!program) {
		if (!conversion->words.found)
			return OUTCOME_OK;
		text_puts(reason, "stderr: ");
		text_escaped(reason, conversion->words.found, STDERR_TAIL_PHRASE_MAX);
		return OUTCOME_REFUSED;
	}
	const struct job_result *result = &program->result;
	const char *name =
		template_program_name(recipe->template, (size_t)(program - conversion->programs));
	if (result->exited)
		text_printf(reason, "%s: exit %d", name, result->exit_status);
	else
		text_printf(reason, "%s: signal %d (%s)", name, result->signal,
			strsignal(result->signal));
	*status = mapped_status(recipe, result);
	if (*status)
		return OUTCOME_MAPPED;
	if (program->forbidden[0] || (!result->exited && result->signal == SIGSYS)) {
		text_printf(reason, ", forbidden system call%s%s",
			program->forbidden[0] ? ": " : "", program->forbidden);
		return OUTCOME_CRASHED;
	}
	const char *limit = limit_of(conversion, program);
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
		sum += conversion->programs[i].result.cpu_us;
	return sum;
}

uint64_t conversion_peak_kib(const struct conversion *conversion)
{
	uint64_t peak = 0;
	for (size_t i = 0; i < conversion->count; i++)
		if (conversion->programs[i].result.peak_kib > peak)
			peak = conversion->programs[i].result.peak_kib;
	return peak;
}
