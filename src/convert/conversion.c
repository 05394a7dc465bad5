/* SPDX-License-Identifier: MIT */
/* The programs of a pipeline are started from the last to the first, so that no one writes to a
 * pipe whose reader may never come. Every descriptor of ours that a program got is closed here as
 * soon as it runs: the ends of pipes must be where the programs are and nowhere else, or nobody
 * ever sees an end of file. */
#include "src/convert/conversion.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "src/convert/environment.h"

static const char OUTPUT_NAME[] = "output";

/* Per-user pages for pipes can run out: then the pipe keeps its size, and more is spilled. */
static int open_pipe(int *reader, int *writer)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fcntl(fds[1], F_SETPIPE_SZ, CONVERSION_PIPE_BYTES);
	*reader = fds[0];
	*writer = fds[1];
	return 0;
}

/* Ours does not block, theirs does: status flags belong to each end of a pipe separately. */
static void unblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

struct start {
	struct conversion *conversion;
	const struct environment *env;
	const char *directory; /* absolute */
	int err;
	bool source_given; /* the request's own descriptor went to a program: the next one gets
			      another */
};

/* 0 is none, which is more than any. */
static uint64_t largest(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return 0;
	return a > b ? a : b;
}

static int start_stage(struct start *start, size_t index, int in, int out)
{
	struct conversion *conversion = start->conversion;
	const struct plan *plan = conversion->plan;
	const struct recipe *recipe = plan->recipe;
	struct conversion_program *program = &conversion->programs[index];
	FD_CLEANUP int again = -1;
	FD_CLEANUP int as_stdin = -1;
	struct job_file files[4];
	size_t count = 0;

	if (index == 0 && recipe->stdin_source) {
		as_stdin = fd_reopen(plan->source.fd, O_RDONLY);
		if (as_stdin < 0)
			return as_stdin;
		in = as_stdin;
	}
	if (in >= 0)
		files[count++] = (struct job_file){.fd = in, .target = STDIN_FILENO};
	files[count++] =
		(struct job_file){.fd = out >= 0 ? out : start->err, .target = STDOUT_FILENO};
	files[count++] = (struct job_file){.fd = start->err, .target = STDERR_FILENO};
	if (conversion->argv.programs[index].uses_source) {
		int source = plan->source.fd;
		if (start->source_given) {
			again = fd_reopen(source, O_RDONLY);
			if (again < 0)
				return again;
			source = again;
		}
		start->source_given = true;
		files[count++] = (struct job_file){.fd = source, .target = PLAN_SOURCE_FD};
	}
	struct job_spec spec = {
		.program = recipe->program_paths[index],
		.argv = conversion->argv.programs[index].argv,
		.envp = start->env->pointers,
		.directory = start->directory,
		.files = files,
		.file_count = count,
		.limits =
			{
				.memory_bytes = recipe->memory_bytes,
				.cpu_s = recipe->cpu_s,
				.file_bytes = conversion->out < 0
						      ? largest(recipe->max_output_bytes,
								recipe->temp_max_bytes)
						      : recipe->temp_max_bytes,
				.open_files = recipe->open_files,
				.processes = recipe->processes,
			},
		.nice = recipe->nice,
		.confinement =
			{
				.level = environment_confine(recipe),
				.writable = start->directory,
				.read = recipe->read,
			},
	};
	bool warm = recipe->start == RECIPE_WARM;
	int r = launcher_start(conversion->starter->launcher, &spec, warm, &program->job);
	program->started = r == 0;
	program->warm = r == 0 && program->job.holder != 0;
	conversion->running += r == 0;
	return r;
}

/* Returns 0, a positive errno of a program that cannot be executed (index in *failed), or -errno.
 */
static int start_stages(
	struct conversion *conversion, struct start *start, bool has_output, size_t *failed)
{
	bool whole = conversion->plan->recipe->response == RECIPE_WHOLE;
	FD_CLEANUP int out = -1;
	int r = 0;
	if (!has_output) {
		r = open_pipe(&conversion->out, &out);
		if (r == 0)
			unblock(conversion->out);
	}
	for (size_t i = conversion->count; i-- > 0 && r == 0;) {
		FD_CLEANUP int in = -1;
		FD_CLEANUP int previous_out = -1;
		if (i > 0)
			r = open_pipe(&in, &previous_out);
		if (r == 0)
			r = start_stage(start, i, in, out);
		if (r > 0)
			*failed = i;
		if (i + 1 == conversion->count && whole)
			conversion->out_writer = fd_take(&out);
		fd_close(&out);
		out = fd_take(&previous_out);
	}
	return r;
}

static enum outcome explain_failure(
	const struct conversion *conversion, int r, size_t failed, struct text *reason)
{
	if (r <= 0) {
		text_printf(reason, "start: %s", strerror(-r));
		return outcome_from_error(r);
	}
	text_printf(reason, "%s: %s", conversion->plan->recipe->program_paths[failed], strerror(r));
	enum outcome outcome = outcome_from_error(-r);
	return outcome == OUTCOME_OVERLOADED ? outcome : OUTCOME_NOT_INSTALLED;
}

enum outcome conversion_open(struct conversion *conversion, struct starter *starter,
	const struct plan *plan, struct text *reason)
{
	const struct recipe *recipe = plan->recipe;
	conversion->starter = starter;
	conversion->plan = plan;
	conversion->running = 0;
	conversion->blind_looks = 0;
	conversion->out = conversion->out_writer = conversion->err = -1;
	conversion->directory[0] = '\0';
	conversion->count = template_program_count(recipe->template);
	for (size_t i = 0; i < TEMPLATE_PROGRAMS_MAX; i++)
		conversion->programs[i] = (struct conversion_program){.job = {.pidfd = -1}};
	stderr_tail_init(&conversion->words, recipe->stderr_fails);
	for (size_t i = 0; i < conversion->count; i++) {
		if (!recipe->program_paths[i]) {
			text_printf(reason, "program not found: %s",
				template_program_name(recipe->template, i));
			return OUTCOME_NOT_INSTALLED;
		}
	}

	struct environment env;
	char directory[PATH_MAX + sizeof conversion->directory];
	char output[sizeof directory + sizeof OUTPUT_NAME];
	bool has_output = template_uses_output(recipe->template);
	int r = workdir_take(starter->workdir, conversion->directory);
	snprintf(directory, sizeof directory, "%s/%s", starter->temp_dir, conversion->directory);
	snprintf(output, sizeof output, "%s/%s", directory, OUTPUT_NAME);
	if (r == 0)
		r = environment_make(&env, plan->config, recipe, directory);
	if (r == 0)
		r = plan_argv(plan, has_output ? output : NULL, &conversion->argv);
	FD_CLEANUP int err = -1;
	if (r == 0)
		r = open_pipe(&conversion->err, &err);
	if (r < 0)
		return explain_failure(conversion, r, 0, reason);
	unblock(conversion->err);
	struct start start = {
		.conversion = conversion, .env = &env, .directory = directory, .err = err};
	size_t failed = 0;
	r = start_stages(conversion, &start, has_output, &failed);
	return r == 0 ? OUTCOME_OK : explain_failure(conversion, r, failed, reason);
}

const char *conversion_start_name(const struct conversion *conversion)
{
	size_t warm = 0, started = 0;
	for (size_t i = 0; i < conversion->count; i++) {
		warm += conversion->programs[i].warm;
		started += conversion->programs[i].started;
	}
	return warm == 0 ? "cold" : warm == started ? "warm" : "mixed";
}

void conversion_signal(const struct conversion *conversion, int signal)
{
	for (size_t i = 0; i < conversion->count; i++)
		if (conversion->programs[i].started && !conversion->programs[i].ended)
			job_signal(&conversion->programs[i].job, signal);
}

void conversion_kill_rest(struct conversion *conversion)
{
	for (size_t i = 0; i < conversion->count; i++) {
		struct conversion_program *program = &conversion->programs[i];
		if (!program->started || program->ended)
			continue;
		program->killed = true;
		job_signal(&program->job, SIGKILL);
	}
}

void conversion_program_ended(struct conversion *conversion, size_t index)
{
	struct conversion_program *program = &conversion->programs[index];
	if (!program->started || program->ended)
		return;
	pid_t pid = program->job.pid;
	unsigned holder = program->job.holder;
	if (program->looked)
		program->outgrown = meter_end(conversion->starter->meter, pid);
	if (job_reap(&program->job, &program->result) == 0 && !program->killed)
		launcher_ended(conversion->starter->launcher, holder, &program->result);
	spawner_stopped_job(conversion->starter->spawner, pid, program->forbidden);
	program->ended = true;
	conversion->running--;
}

/* Once the programs are gone nobody should add to what stands in the pipe. A process that got away
 * from its group still could, so what a pipe holds is read and no more. */
static void read_rest_of_stderr(struct conversion *conversion)
{
	int left = 0;
	for (int read = 0; conversion->err >= 0 && read < CONVERSION_PIPE_BYTES &&
			   ioctl(conversion->err, FIONREAD, &left) == 0 && left > 0;
		read += STDERR_TAIL_READ_MAX)
		stderr_tail_read(&conversion->words, conversion->err);
	fd_close(&conversion->err);
}

void conversion_end(struct conversion *conversion)
{
	if (conversion->running > 0)
		conversion_signal(conversion, SIGKILL);
	for (size_t i = 0; i < conversion->count; i++)
		conversion_program_ended(conversion, i);
	read_rest_of_stderr(conversion);
	fd_close(&conversion->out_writer);
}

void conversion_close(struct conversion *conversion)
{
	conversion_end(conversion);
	fd_close(&conversion->out);
	workdir_give(conversion->starter->workdir, conversion->directory);
}

/* What stands behind {output} may be more than a name ("output.webp[Q=80]" of vips): the longest
 * beginning of it that there is. How many other files there are is the job's decision, so they
 * are not looked through. Returns 0 or -errno. */
static int find_output(int directory, const char *argument, char name[NAME_MAX + 1])
{
	size_t length = strlen(argument);
	for (length = length < NAME_MAX ? length : NAME_MAX; length >= sizeof OUTPUT_NAME - 1;
		length--) {
		struct stat st;
		memcpy(name, argument, length);
		name[length] = '\0';
		if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return 0;
	}
	return -ENOENT;
}

/* What the program made there is its own business, so the file is opened as carefully as a source:
 * no links out of the directory, and a regular file with one name. */
int conversion_open_output(const struct conversion *conversion)
{
	FD_CLEANUP int directory = openat(conversion->starter->temp_fd, conversion->directory,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0)
		return -errno;
	char name[NAME_MAX + 1];
	int r = find_output(directory, strrchr(conversion->argv.output, '/') + 1, name);
	if (r < 0)
		return r;
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	FD_CLEANUP int file = (int)syscall(SYS_openat2, directory, name, &how, sizeof how);
	struct stat st;
	if (file < 0 || fstat(file, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 ? fd_take(&file) : -EINVAL;
}
