/* SPDX-License-Identifier: MIT */
/* Exit status 0 alone proves little; every other end is a failure. In a pipeline the cause is the
 * first program, in the order of the data, that a signal has ended: whoever wrote to it may exit
 * with a failure of its own then. Without one it is the first that has failed. A program that
 * SIGPIPE has ended only lost its reader. A limit rarely shows as such: a program that gets no
 * memory exits like any other failure. So the stderr tail and the peak of the memory are evidence,
 * too. */
#include "src/convert/exit_class.h"

#include <signal.h>
#include <string.h>

#include "src/convert/shortage.h"

#include "src/convert/denied.h"

/* The HTTP status that the recipe maps this exit to; 0: none. */
static int mapped_status(const struct recipe *recipe, const struct job_result *result)
{
	for (size_t i = 0; result->exited && i < recipe->exit_count; i++)
		if (recipe->exits[i].exit == result->exit_status)
			return recipe->exits[i].status;
	return 0;
}

bool exit_class_is_failure(const struct conversion *conversion, size_t index)
{
	const struct job_result *result = &conversion->programs[index].result;
	if (result->exited && result->exit_status == 0)
		return false;
	return mapped_status(conversion->plan->recipe, result) != 200;
}

/* The program that caused the failure; NULL: no program has failed. */
static const struct conversion_program *find_cause(const struct conversion *conversion)
{
	const struct conversion_program *failed = NULL, *broken_pipe = NULL;
	for (size_t i = 0; i < conversion->count; i++) {
		const struct conversion_program *program = &conversion->programs[i];
		if (program->killed || !exit_class_is_failure(conversion, i))
			continue;
		if (program->result.exited)
			failed = failed ? failed : program;
		else if (program->result.signal == SIGPIPE)
			broken_pipe = broken_pipe ? broken_pipe : program;
		else
			return program;
	}
	return failed ? failed : broken_pipe;
}

/* The kernel kills with SIGKILL, and a shell that has lost its child so exits with 128 + 9. Another
 * job of these moments may be the one that was killed; but nothing else kills jobs from outside. */
static bool was_killed_for_memory(
	const struct conversion *conversion, const struct job_result *result)
{
	bool killed =
		result->exited ? result->exit_status == 128 + SIGKILL : result->signal == SIGKILL;
	return killed && cgroup_own_kills(&conversion->starter->cgroup) > conversion->kernel_kills;
}

/* The limit that the program has hit; NULL: none is known. */
static const char *find_limit(
	const struct conversion *conversion, const struct conversion_program *program)
{
	const struct recipe *recipe = conversion->plan->recipe;
	const struct job_result *result = &program->result;
	if (program->outgrown)
		return "memory";
	if (was_killed_for_memory(conversion, result))
		return "cgroup";
	/* The limit counts ticks, and the accounting counts time. On a busy machine the two differ
	 * by up to a half. */
	if (recipe->cpu_s && !result->exited &&
		(result->signal == SIGXCPU || result->cpu_us >= recipe->cpu_s * 500000))
		return "cpu";
	if ((!result->exited && result->signal == SIGXFSZ) ||
		(conversion->stderr_tail.complaints & COMPLAINT_FILE))
		return conversion->out < 0 ? "max_output" : "temp_max";
	/* Decoders that damaged data have confused speak of memory, too; what the recipe's
	 * stderr_fails knows as damage is the better witness. */
	bool complains = (conversion->stderr_tail.complaints & COMPLAINT_MEMORY) &&
			 !conversion->stderr_tail.found;
	if (recipe->memory_bytes &&
		(complains || result->peak_kib >= recipe->memory_bytes / 1024 * 8 / 10))
		return "memory";
	return NULL;
}

static enum outcome class_of_success(const struct conversion *conversion, struct text *reason)
{
	if (!conversion->stderr_tail.found)
		return OUTCOME_OK;
	text_puts(reason, "stderr: ");
	text_escaped(reason, conversion->stderr_tail.found, STDERR_TAIL_PHRASE_MAX);
	denied_explain(conversion, reason);
	return OUTCOME_REFUSED;
}

static void put_end(const char *name, const struct job_result *result, struct text *reason)
{
	if (result->exited)
		text_printf(reason, "%s: exit %d", name, result->exit_status);
	else
		text_printf(reason, "%s: signal %d (%s)", name, result->signal,
			strsignal(result->signal));
}

enum outcome exit_class_of(const struct conversion *conversion, int *status, struct text *reason)
{
	const struct recipe *recipe = conversion->plan->recipe;
	const struct conversion_program *program = find_cause(conversion);
	if (!program)
		return class_of_success(conversion, reason);
	const struct job_result *result = &program->result;
	size_t index = (size_t)(program - conversion->programs);
	put_end(template_program_name(recipe->template, index), result, reason);
	*status = mapped_status(recipe, result);
	if (*status)
		return OUTCOME_MAPPED;
	if (program->forbidden[0] || (!result->exited && result->signal == SIGSYS)) {
		text_printf(reason, ", forbidden system call%s%s",
			program->forbidden[0] ? ": " : "", program->forbidden);
		return OUTCOME_CRASHED;
	}
	enum outcome shortage = shortage_find(conversion, result, reason);
	if (shortage != OUTCOME_OK)
		return shortage;
	const char *limit = find_limit(conversion, program);
	if (limit) {
		text_printf(reason, ", limit: %s", limit);
		return OUTCOME_LIMIT;
	}
	denied_explain(conversion, reason);
	return result->exited ? OUTCOME_REFUSED : OUTCOME_CRASHED;
}
