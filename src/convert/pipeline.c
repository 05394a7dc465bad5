/* SPDX-License-Identifier: MIT */
/* The last program starts first, so that no program writes to a pipe without a reader.
 *
 * Ownership: the ends of the pipes between programs belong to pipeline_start, which closes each of
 * them as soon as the program that uses it runs. An end that stayed open here would keep its reader
 * from ever seeing the end of file. */
#include "src/convert/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

static int open_pipe(int *reader, int *writer)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	/* The user's share of pages for pipes may be used up. Then the pipe keeps its size, and
	 * more of the output goes to a file. */
	fcntl(fds[1], F_SETPIPE_SZ, CONVERSION_PIPE_BYTES);
	*reader = fds[0];
	*writer = fds[1];
	return 0;
}

int pipeline_open_pipe(int *reader, int *writer)
{
	int r = open_pipe(reader, writer);
	/* Each end of a pipe has its own status flags: the programs' end still blocks. */
	if (r == 0)
		fcntl(*reader, F_SETFL, fcntl(*reader, F_GETFL) | O_NONBLOCK);
	return r;
}

/* 0 is no limit, and so more than any other. */
static uint64_t larger_limit(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return 0;
	return a > b ? a : b;
}

static struct job_limits limits_for(const struct conversion *conversion)
{
	const struct recipe *recipe = conversion->plan->recipe;
	return (struct job_limits){
		.memory_bytes = recipe->memory_bytes,
		.cpu_s = recipe->cpu_s,
		.file_bytes = conversion->out < 0 ? larger_limit(recipe->max_output_bytes,
							    recipe->temp_max_bytes)
						  : recipe->temp_max_bytes,
		.open_files = recipe->open_files,
		.processes = recipe->processes,
	};
}

static int source_of(const struct plan *plan)
{
	return plan->source.copy >= 0 ? plan->source.copy : plan->source.fd;
}

/* Sets *source to a descriptor of the source that no other program has; *again: to be closed after
 * the start. Returns 0 or -errno. */
static int get_source(struct pipeline *pipeline, int *again, int *source)
{
	*source = source_of(pipeline->conversion->plan);
	if (pipeline->source_given) {
		*again = fd_reopen(*source, O_RDONLY);
		if (*again < 0)
			return *again;
		*source = *again;
	}
	pipeline->source_given = true;
	return 0;
}

/* in, out: borrowed; -1: none. */
static int start_program(struct pipeline *pipeline, size_t index, int in, int out)
{
	struct conversion *conversion = pipeline->conversion;
	const struct plan *plan = conversion->plan;
	const struct recipe *recipe = plan->recipe;
	struct conversion_program *program = &conversion->programs[index];
	FD_CLEANUP int again = -1;
	FD_CLEANUP int as_stdin = -1;
	struct job_file files[4];
	size_t count = 0;

	if (index == 0 && recipe->stdin_source) {
		as_stdin = fd_reopen(source_of(plan), O_RDONLY);
		if (as_stdin < 0)
			return as_stdin;
		in = as_stdin;
	}
	if (in >= 0)
		files[count++] = (struct job_file){.fd = in, .target = STDIN_FILENO};
	files[count++] =
		(struct job_file){.fd = out >= 0 ? out : pipeline->err, .target = STDOUT_FILENO};
	files[count++] = (struct job_file){.fd = pipeline->err, .target = STDERR_FILENO};
	if (conversion->argv.programs[index].uses_source) {
		int source;
		int r = get_source(pipeline, &again, &source);
		if (r < 0)
			return r;
		files[count++] = (struct job_file){.fd = source, .target = PLAN_SOURCE_FD};
	}
	struct job_spec spec = {
		.program = program->path,
		.argv = conversion->argv.programs[index].argv,
		.envp = pipeline->env->pointers,
		.directory = pipeline->directory,
		.files = files,
		.file_count = count,
		.limits = limits_for(conversion),
		.nice = recipe->nice,
		.confinement = {.level = environment_confine(recipe),
			.writable = pipeline->directory,
			.read = recipe->read},
		.preload = recipe->preload,
		.prime = recipe->prime,
	};
	bool warm = recipe->start == RECIPE_WARM;
	int r = launcher_start(conversion->starter->launcher, &spec, warm, &program->job);
	program->started = r == 0;
	program->warm = r == 0 && program->job.holder != 0;
	conversion->running += r == 0;
	return r;
}

int pipeline_start(struct pipeline *pipeline, bool has_output, size_t *failed)
{
	struct conversion *conversion = pipeline->conversion;
	bool whole = conversion->plan->recipe->response == RECIPE_WHOLE;
	FD_CLEANUP int out = -1;
	int r = has_output ? 0 : pipeline_open_pipe(&conversion->out, &out);
	for (size_t i = conversion->count; i-- > 0 && r == 0;) {
		FD_CLEANUP int in = -1;
		FD_CLEANUP int previous_out = -1;
		if (i > 0)
			r = open_pipe(&in, &previous_out);
		if (r == 0)
			r = start_program(pipeline, i, in, out);
		if (r > 0)
			*failed = i;
		if (i + 1 == conversion->count && whole)
			conversion->out_writer = fd_take(&out);
		fd_close(&out);
		out = fd_take(&previous_out);
	}
	return r;
}
