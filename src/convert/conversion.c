/* SPDX-License-Identifier: MIT */
/* One thread owns a conversion: there are no locks. `out`, `out_writer` and `err` are the
 * conversion's own; the source belongs to the plan. conversion_end closes out_writer and err,
 * conversion_close closes out. */
#include "src/convert/conversion.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "src/convert/environment.h"
#include "src/convert/pipeline.h"

static const char OUTPUT_NAME[] = "output";

static enum outcome explain_failure(
	const struct conversion *conversion, int r, size_t failed, struct text *reason)
{
	if (r <= 0) {
		text_printf(reason, "start: %s", strerror(-r));
		return outcome_from_error(r);
	}
	text_printf(reason, "%s: %s", conversion->programs[failed].path, strerror(r));
	enum outcome outcome = outcome_from_error(-r);
	return outcome == OUTCOME_OVERLOADED ? outcome : OUTCOME_NOT_INSTALLED;
}

static void init(struct conversion *conversion, struct starter *starter, const struct plan *plan)
{
	conversion->starter = starter;
	conversion->plan = plan;
	conversion->running = 0;
	conversion->blind_looks = 0;
	conversion->out = conversion->out_writer = conversion->err = -1;
	conversion->directory[0] = '\0';
	conversion->count = template_program_count(plan->recipe->template);
	for (size_t i = 0; i < TEMPLATE_PROGRAMS_MAX; i++)
		conversion->programs[i] = (struct conversion_program){.job = {.pidfd = -1}};
	stderr_tail_init(&conversion->stderr_tail, plan->recipe->stderr_fails);
	conversion->stderr_tail.copy = starter->stderr_copy;
	conversion->kernel_kills = cgroup_own_kills(&starter->cgroup);
}

/* Returns 0, a positive errno of a program that cannot be executed, or -errno. */
static int start(struct conversion *conversion, size_t *failed)
{
	struct starter *starter = conversion->starter;
	const struct plan *plan = conversion->plan;
	struct environment env;
	char directory[PATH_MAX + sizeof conversion->directory];
	char output[sizeof directory + sizeof OUTPUT_NAME];
	bool has_output = template_uses_output(plan->recipe->template);
	FD_CLEANUP int err = -1;
	int r = workdir_take(starter->workdir, conversion->directory);
	snprintf(directory, sizeof directory, "%s/%s", starter->temp.dir, conversion->directory);
	snprintf(output, sizeof output, "%s/%s", directory, OUTPUT_NAME);
	if (r == 0)
		r = environment_make(&env, plan->config, plan->recipe, directory);
	if (r == 0)
		r = plan_argv(plan, has_output ? output : NULL, &conversion->argv);
	if (r == 0)
		r = pipeline_open_pipe(&conversion->err, &err);
	if (r < 0)
		return r;
	struct pipeline pipeline = {
		.conversion = conversion, .env = &env, .directory = directory, .err = err};
	return pipeline_start(&pipeline, has_output, failed);
}

/* A package may have been installed since the configuration was read. */
static bool find_program(struct conversion *conversion, size_t index)
{
	struct conversion_program *program = &conversion->programs[index];
	const struct plan *plan = conversion->plan;
	program->path = plan->recipe->program_paths[index];
	if (!program->path)
		program->path = program->found = config_find_program(plan->config->programs,
			template_program_name(plan->recipe->template, index));
	return program->path;
}

enum outcome conversion_open(struct conversion *conversion, struct starter *starter,
	const struct plan *plan, struct text *reason)
{
	const struct recipe *recipe = plan->recipe;
	init(conversion, starter, plan);
	for (size_t i = 0; i < conversion->count; i++) {
		if (!find_program(conversion, i)) {
			text_printf(reason, "program not found: %s",
				template_program_name(recipe->template, i));
			return OUTCOME_NOT_INSTALLED;
		}
	}
	size_t failed = 0;
	int r = start(conversion, &failed);
	return r == 0 ? OUTCOME_OK : explain_failure(conversion, r, failed, reason);
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
		program->killed = program->killed || !job_is_ending(&program->job);
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

/* The programs have ended. A process that has left its process group could still write to the pipe,
 * so this reads no more than one pipe holds. */
static void read_rest_of_stderr(struct conversion *conversion)
{
	int left = 0;
	for (int read = 0; conversion->err >= 0 && read < CONVERSION_PIPE_BYTES &&
			   ioctl(conversion->err, FIONREAD, &left) == 0 && left > 0;
		read += STDERR_TAIL_READ_MAX)
		stderr_tail_read(&conversion->stderr_tail, conversion->err);
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
	for (size_t i = 0; i < TEMPLATE_PROGRAMS_MAX; i++) {
		free(conversion->programs[i].found);
		conversion->programs[i].path = conversion->programs[i].found = NULL;
	}
	fd_close(&conversion->out);
	workdir_give(conversion->starter->workdir, conversion->directory);
}

/* The argument with {output} may be more than a file name: vips takes "output.webp[Q=80]". The file
 * is the longest prefix of the argument that exists. The directory is not listed, because the job
 * decides how many files it has. Returns 0 or -errno. */
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

/* The program may have put anything there. So the file is opened as carefully as a source: no
 * links, no path out of the directory, and only a regular file with one name. */
int conversion_open_output(const struct conversion *conversion)
{
	FD_CLEANUP int directory = openat(conversion->starter->temp.fd, conversion->directory,
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
