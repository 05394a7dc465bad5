/* SPDX-License-Identifier: MIT */
/*
 * Every test of a job runs twice, with and without pid namespaces. A pipe shows that processes have
 * ended: each process that might survive holds its writing end, so end of file says that all of
 * them are gone. The test is its own converter (the mode arguments below) and its own spawner.
 */
#include "unit_wait.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/tree.h"
#include "spawn/spawner.h"
#include "spawn/spawner_internal.h"

static const struct tree_limit no_limit = {.until_ms = CLOCK_NEVER};

#define DAEMONISE "--daemonise"
#define SIBLING "--sibling"

static char self[4096];

/* Leader, child and a grandchild in a session of its own, all deaf to TERM; fd 4 is open in all of
 * them. "go" on stdout when the grandchild is there. With "leave" the leader then exits. */
static int daemonise(const char *then)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	int said[2];
	char byte = 0;
	if (pipe(said) < 0)
		return 1;
	pid_t child = fork();
	if (child == 0) {
		setsid();
		setpgid(0, 0);
		if (fork() == 0) {
			setsid();
			if (write(STDOUT_FILENO, "go", 2) != 2 || write(said[1], &byte, 1) != 1)
				_exit(1);
		}
		for (;;)
			pause();
	}
	close(STDOUT_FILENO);
	if (!strcmp(then, "leave"))
		_exit(read(said[0], &byte, 1) == 1 ? 7 : 1);
	for (;;)
		pause();
}

/* Tries to give its parent a second child. Exits 0 when the kernel would not have it. */
static int make_sibling(void)
{
	pid_t pid = (pid_t)syscall(
		SYS_clone, 0x00008000 /* CLONE_PARENT */ | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return pid < 0 ? 0 : 1;
}

struct fixture {
	struct spawner *spawner;
	bool plain;
};

struct run {
	struct job_result result;
	char output[16384];
};

static void make_pipe(int *pair)
{
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
}

static int start(struct spawner *spawner, char *const *argv, int out, int fourth, struct job *job)
{
	char *const envp[] = {"PATH=/usr/bin:/bin", "A=b c", NULL};
	const struct job_file files[] = {{out, 1}, {fourth, 4}};
	const struct job_spec spec = {
		.program = argv[0],
		.argv = argv,
		.envp = envp,
		.files = files,
		.file_count = fourth >= 0 ? 2 : 1,
	};
	return spawner_start(spawner, &spec, job);
}

/* Reads to the end of file or `until` bytes. */
static size_t read_all(int fd, char *buffer, size_t until)
{
	size_t length = 0;
	while (length < until) {
		struct pollfd entry = {fd, POLLIN, 0};
		assert_int_equal(poll(&entry, 1, UNIT_PATIENCE_MS), 1);
		ssize_t n = read(fd, buffer + length, until - length);
		assert_true(n >= 0);
		if (n == 0)
			break;
		length += (size_t)n;
	}
	return length;
}

static void wait_for_end(const struct job *job)
{
	struct pollfd entry = {job->pidfd, POLLIN, 0};
	assert_int_equal(poll(&entry, 1, UNIT_PATIENCE_MS), 1);
}

/* Runs spec to its end with stdout collected. */
static void run_spec(struct spawner *spawner, struct job_spec spec, struct run *run)
{
	int out[2];
	make_pipe(out);
	struct job_file files[JOB_FILES_MAX] = {{out[1], 1}};
	for (size_t i = 0; i < spec.file_count; i++)
		files[i + 1] = spec.files[i];
	spec.files = files;
	spec.file_count++;
	struct job job;
	assert_int_equal(spawner_start(spawner, &spec, &job), 0);
	close(out[1]);
	size_t length = read_all(out[0], run->output, sizeof run->output - 1);
	run->output[length] = '\0';
	close(out[0]);
	wait_for_end(&job);
	assert_int_equal(job_reap(&job, &run->result), 0);
	assert_int_equal(job.pidfd, -1);
}

static void run_shell(
	struct spawner *spawner, char *script, struct job_limits limits, struct run *run)
{
	char *const argv[] = {"/bin/sh", "-c", script, NULL};
	char *const envp[] = {"PATH=/usr/bin:/bin", NULL};
	run_spec(spawner,
		(struct job_spec){.program = argv[0], .argv = argv, .envp = envp, .limits = limits},
		run);
}

static size_t count_fds(pid_t pid)
{
	return unit_count_of(pid, "fd");
}

static pid_t pid_of(int pidfd)
{
	char path[64], line[128];
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	int pid = -1;
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	fclose(file);
	return pid;
}

static void test_exit_status(void **state)
{
	struct fixture *f = *state;
	struct run run;
	run_shell(f->spawner, "echo hello; exit 3", (struct job_limits){0}, &run);
	assert_true(run.result.exited);
	assert_int_equal(run.result.exit_status, 3);
	assert_string_equal(run.output, "hello\n");
	assert_true(run.result.peak_kib > 0);
}

static void test_killed_by_signal(void **state)
{
	struct fixture *f = *state;
	int out[2];
	make_pipe(out);
	struct job job;
	char *const argv[] = {"/bin/sleep", "100", NULL};
	assert_int_equal(start(f->spawner, argv, out[1], -1, &job), 0);
	assert_int_equal(job.namespaced, !f->plain);
	job_signal(&job, SIGKILL);
	wait_for_end(&job);
	struct job_result result;
	assert_int_equal(job_reap(&job, &result), 0);
	assert_false(result.exited);
	assert_int_equal(result.signal, SIGKILL);
	job_signal(&job, SIGKILL); /* an empty job */
	assert_int_equal(job_reap(&job, &result), -EBADF);
	close(out[0]);
	close(out[1]);
}

static void test_signal_reaches_handler(void **state)
{
	struct fixture *f = *state;
	int out[2];
	make_pipe(out);
	struct job job;
	char *const argv[] = {
		"/bin/sh", "-c", "trap 'exit 5' TERM; echo go; while :; do sleep 0.05; done", NULL};
	assert_int_equal(start(f->spawner, argv, out[1], -1, &job), 0);
	char go[3];
	assert_int_equal(read_all(out[0], go, 3), 3);
	job_signal(&job, SIGTERM);
	wait_for_end(&job);
	struct job_result result;
	assert_int_equal(job_reap(&job, &result), 0);
	assert_true(result.exited);
	assert_int_equal(result.exit_status, 5);
	close(out[0]);
	close(out[1]);
}

static void test_exec_errors(void **state)
{
	struct fixture *f = *state;
	struct job job;
	char path[] = "/tmp/test-spawn-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, "not a program", 13), 0);
	close(fd);
	char *const argv[] = {"x", NULL};
	struct job_spec spec = {.program = "/nonexistent/x", .argv = argv};
	size_t before = count_fds(getpid());
	assert_int_equal(spawner_start(f->spawner, &spec, &job), ENOENT);
	assert_int_equal(job.pidfd, -1);
	spec.program = path;
	assert_int_equal(spawner_start(f->spawner, &spec, &job), EACCES);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(spawner_start(f->spawner, &spec, &job), ENOEXEC);
	spec.program = "/tmp";
	assert_int_equal(spawner_start(f->spawner, &spec, &job), EACCES);
	spec.program = "/bin/true";
	spec.directory = "/nonexistent";
	assert_int_equal(spawner_start(f->spawner, &spec, &job), -ENOENT);
	spec.directory = NULL;
	spec.program = "true";
	assert_int_equal(spawner_start(f->spawner, &spec, &job), -EINVAL);
	unlink(path);
	assert_int_equal(count_fds(getpid()), before);
	errno = 0;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* the spawner alone is left */
}

static void test_too_long(void **state)
{
	struct fixture *f = *state;
	struct job job;
	char *text = malloc(JOB_MESSAGE_MAX + 1);
	assert_non_null(text);
	memset(text, 'a', JOB_MESSAGE_MAX);
	text[JOB_MESSAGE_MAX] = '\0';
	char *const argv[] = {"true", text, NULL};
	const struct job_spec spec = {.program = "/bin/true", .argv = argv};
	assert_int_equal(spawner_start(f->spawner, &spec, &job), -E2BIG);
	text[JOB_MESSAGE_MAX - 200] = '\0';
	assert_int_equal(spawner_start(f->spawner, &spec, &job), 0);
	assert_int_equal(job_reap(&job, NULL), 0);
	free(text);
}

static void test_descriptors(void **state)
{
	struct fixture *f = *state;
	int extra = open("/dev/zero", O_RDONLY); /* inheritable on purpose: must not be seen */
	int source = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
	assert_true(extra >= 0 && source >= 0);
	char *const argv[] = {"/bin/ls", "-l", "/proc/self/fd", NULL};
	const struct job_file files[] = {{source, 3}, {source, 9}};
	const struct job_spec spec = {
		.program = argv[0], .argv = argv, .files = files, .file_count = 2};
	struct run run;
	run_spec(f->spawner, spec, &run);
	assert_int_equal(run.result.exit_status, 0);
	assert_non_null(strstr(run.output, " 0 -> /dev/null\n"));
	assert_non_null(strstr(run.output, " 1 -> pipe:"));
	assert_non_null(strstr(run.output, " 2 -> /dev/null\n"));
	assert_non_null(strstr(run.output, " 3 -> /etc/hostname\n"));
	assert_non_null(strstr(run.output, " 4 -> /proc/")); /* ls's own */
	assert_non_null(strstr(run.output, " 9 -> /etc/hostname\n"));
	size_t lines = 0;
	for (const char *at = run.output; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 1 + 6);
	close(extra);
	close(source);
}

static void test_crossed_descriptors(void **state)
{
	/* Targets whose numbers are descriptors of the daemon, crosswise. */
	struct fixture *f = *state;
	int a[2], b[2];
	make_pipe(a);
	make_pipe(b);
	assert_int_equal(fd_write_all(a[1], "A", 1), 0);
	assert_int_equal(fd_write_all(b[1], "B", 1), 0);
	struct job_file files[] = {{a[0], 4}, {b[0], 3}, {a[0], 0}};
	char *const argv[] = {"/bin/sh", "-c", "head -c1 <&3; head -c1 <&4", NULL};
	char *const envp[] = {"PATH=/usr/bin:/bin", NULL};
	struct run run;
	run_spec(f->spawner,
		(struct job_spec){.program = argv[0],
			.argv = argv,
			.envp = envp,
			.files = files,
			.file_count = 3},
		&run);
	assert_string_equal(run.output, "BA");
	fd_close(&a[0]);
	fd_close(&a[1]);
	fd_close(&b[0]);
	fd_close(&b[1]);
}

static void test_environment(void **state)
{
	struct fixture *f = *state;
	struct run run;
	char *const argv[] = {"/usr/bin/env", NULL};
	char *const envp[] = {"PATH=/bin", "EMPTY=", "A=b c", NULL};
	run_spec(f->spawner, (struct job_spec){.program = argv[0], .argv = argv, .envp = envp},
		&run);
	assert_string_equal(run.output, "PATH=/bin\nEMPTY=\nA=b c\n");
	char *const nothing[] = {NULL};
	run_spec(f->spawner, (struct job_spec){.program = argv[0], .argv = argv, .envp = nothing},
		&run);
	assert_string_equal(run.output, "");
	run_shell(f->spawner, "pwd; umask", (struct job_limits){0}, &run);
	assert_string_equal(run.output, "/\n0077\n");
}

static void expect_line(const char *text, const char *start, const char *contains)
{
	const char *line = strstr(text, start);
	if (!line)
		fail_msg("no line %s in %s", start, text);
	char copy[256];
	snprintf(copy, sizeof copy, "%.*s", (int)strcspn(line, "\n"), line);
	if (!strstr(copy, contains))
		fail_msg("\"%s\" does not contain \"%s\"", copy, contains);
}

static void test_limits(void **state)
{
	struct fixture *f = *state;
	struct run run;
	run_shell(f->spawner, "cat /proc/self/limits",
		(struct job_limits){64 << 20, 5, 12345, 40, 3000}, &run);
	expect_line(run.output, "Max data size", " 67108864             67108864 ");
	expect_line(run.output, "Max cpu time", " 5                    5 ");
	expect_line(run.output, "Max file size", " 12345                12345 ");
	expect_line(run.output, "Max open files", " 40                   40 ");
	expect_line(run.output, "Max processes", " 3000                 3000 ");
	expect_line(run.output, "Max core file size", " 0                    0 ");
	run_shell(f->spawner, "cat /proc/self/limits", (struct job_limits){0}, &run);
	expect_line(run.output, "Max open files", " 256                  256 ");
	expect_line(run.output, "Max cpu time", "unlimited");
}

static void test_limits_bite(void **state)
{
	struct fixture *f = *state;
	struct run run;
	char script[] = "head -c 60000000 /dev/zero | tail -c 50000000 2>/dev/null >/dev/null";
	run_shell(f->spawner, script, (struct job_limits){0}, &run);
	assert_int_equal(run.result.exit_status, 0);
	run_shell(f->spawner, script, (struct job_limits){.memory_bytes = 16 << 20}, &run);
	assert_int_not_equal(run.result.exit_status, 0);

	run_shell(f->spawner, "while :; do :; done", (struct job_limits){.cpu_s = 1}, &run);
	assert_false(run.result.exited);
	assert_int_equal(run.result.signal, SIGKILL);
	/* The kernel counts ticks for the limit and measures for the account: on a busy machine
	 * less, on an emulated processor more. */
	assert_in_range(run.result.cpu_us, 50000, 20000000);
}

/* Group, signals and rights of a program as the kernel shows them. */
static void test_status(void **state)
{
	struct fixture *f = *state;
	struct run run;
	run_shell(f->spawner,
		"read p c s pp pg rest < /proc/self/stat; echo group "
		"$((p==pg)); "
		"ls /proc/self/task | wc -l",
		(struct job_limits){0}, &run);
	assert_int_equal(run.result.exit_status, 0);
	assert_non_null(strstr(run.output, "group 1\n"));

	char *const argv[] = {
		"/bin/cat", "/proc/self/status", NULL}; /* a shell sets its own mask */
	run_spec(f->spawner, (struct job_spec){.program = argv[0], .argv = argv}, &run);
	expect_line(run.output, "SigBlk:", "0000000000000000");
	expect_line(run.output, "SigIgn:", "0000000000000000");
	expect_line(run.output, "CapPrm:", "0000000000000000");
	expect_line(run.output, "CapEff:", "0000000000000000");
	expect_line(run.output, "CapAmb:", "0000000000000000");
	expect_line(run.output, "NoNewPrivs:", "1");
	if (f->plain)
		expect_line(run.output, "Seccomp:", "2");
}

static void expect_all_gone(int pipe_fd, int timeout_ms)
{
	struct pollfd entry = {pipe_fd, POLLIN, 0};
	assert_int_equal(poll(&entry, 1, timeout_ms), 1);
	assert_int_equal(entry.revents & (POLLIN | POLLHUP), POLLHUP);
}

static void end_daemonised(struct fixture *f, char *then, bool terminate)
{
	int out[2], held[2];
	make_pipe(out);
	make_pipe(held);
	struct job job;
	char *const argv[] = {self, DAEMONISE, then, NULL};
	assert_int_equal(start(f->spawner, argv, out[1], held[1], &job), 0);
	close(out[1]);
	close(held[1]);
	char go[2];
	assert_int_equal(read_all(out[0], go, 2), 2);
	if (terminate)
		job_signal(&job, SIGTERM);
	if (!strcmp(then, "leave"))
		wait_for_end(&job);
	struct job_result result;
	assert_int_equal(job_reap(&job, &result), 0);
	if (!strcmp(then, "leave"))
		assert_int_equal(result.exit_status, 7);
	else
		assert_int_equal(result.signal, SIGKILL);
	expect_all_gone(held[0], UNIT_PATIENCE_MS);
	close(out[0]);
	close(held[0]);
}

static void test_grandchildren(void **state)
{
	end_daemonised(*state, "stay", false);
	end_daemonised(*state, "stay", true);
	end_daemonised(*state, "leave", false);
}

static void test_no_sibling(void **state)
{
	struct fixture *f = *state;
	struct run run;
	char *const argv[] = {self, SIBLING, NULL};
	run_spec(f->spawner, (struct job_spec){.program = self, .argv = argv}, &run);
	assert_true(run.result.exited);
	assert_int_equal(run.result.exit_status, 0);
}

/* How a daemon comes to its end. */
enum ending { AT_ONCE, AFTER_A_LEADER, AFTER_ITS_SPAWNER, WHILE_ITS_SPAWNER_SLEEPS };

enum { JOBS = 3 };

/* A daemon that starts three jobs with grandchildren, tells the number of its spawner, and then
 * just sits there. */
static void stand_in(const char *temp, bool plain, enum ending ending, int held, int out, int said)
{
	struct spawner *spawner;
	const struct spawner_options options = {.temp_path = temp, .no_namespaces = plain};
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* when the test fails */
	if (spawner_new(&options, &spawner) != 0)
		_exit(1);
	for (int i = 0; i < JOBS; i++) {
		struct job job;
		char *const argv[] = {self, DAEMONISE, i == 2 ? "leave" : "stay", NULL};
		if (start(spawner, argv, out, held, &job) != 0)
			_exit(2);
	}
	close(held);
	pid_t pid = pid_of(spawner_get_pidfd(spawner));
	if (ending == AFTER_ITS_SPAWNER)
		kill(pid, SIGKILL);
	if (ending == WHILE_ITS_SPAWNER_SLEEPS &&
		(kill(pid, SIGSTOP) < 0 || write(said, &pid, sizeof pid) != sizeof pid))
		_exit(3);
	for (;;)
		pause();
}

static void kill_daemon(bool plain, enum ending ending)
{
	char temp[] = "/tmp/test-spawn-XXXXXX", inner[64];
	assert_non_null(mkdtemp(temp));
	snprintf(inner, sizeof inner, "%s/job", temp);
	assert_int_equal(mkdir(inner, 0700), 0);
	int held[2], out[2];
	make_pipe(held);
	make_pipe(out);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		stand_in(temp, plain, ending, held[1], out[1], -1);
	close(held[1]);
	close(out[1]);
	char go[6];
	assert_int_equal(read_all(out[0], go, 6), 6);
	if (ending == AFTER_A_LEADER)
		usleep(300000); /* the third leader is a zombie now, its grandchild lives */
	assert_int_equal(kill(pid, SIGKILL), 0);
	expect_all_gone(held[0], UNIT_PATIENCE_MS);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	if (ending == AFTER_ITS_SPAWNER)
		tree_remove(AT_FDCWD, temp, &no_limit);
	UNIT_AWAIT(access(temp, F_OK) < 0);
	close(held[0]);
	close(out[0]);
}

/* The parent of all that a daemon leaves behind: it wakes the daemon's spawner when the daemon and
 * its leaders have been reaped. Ends when nothing is left. */
static void keep(const char *temp, bool plain, int held, const int *out)
{
	int said[2];
	char go[6];
	pid_t spawner;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	make_pipe(said);
	pid_t daemon = fork();
	if (daemon == 0)
		stand_in(temp, plain, WHILE_ITS_SPAWNER_SLEEPS, held, out[1], said[1]);
	close(held);
	close(out[1]);
	if (read(said[0], &spawner, sizeof spawner) != sizeof spawner ||
		read_all(out[0], go, sizeof go) != sizeof go || kill(daemon, SIGKILL) < 0)
		_exit(1);
	for (int i = 0; i < 1 + JOBS; i++)
		if (waitpid(-1, NULL, 0) < 0)
			_exit(2);
	kill(spawner, SIGCONT);
	while (waitpid(-1, NULL, 0) > 0)
		;
	_exit(0);
}

/* The groups end, though there are no leaders any more when the spawner learns of the end. */
static void test_daemon_killed_unseen(void **state)
{
	struct fixture *f = *state;
	char temp[] = "/tmp/test-spawn-XXXXXX";
	int held[2], out[2], status;
	assert_non_null(mkdtemp(temp));
	make_pipe(held);
	make_pipe(out);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(held[0]);
		keep(temp, f->plain, held[1], out);
	}
	close(held[1]);
	close(out[0]);
	close(out[1]);
	expect_all_gone(held[0], UNIT_PATIENCE_MS);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(access(temp, F_OK), -1);
	close(held[0]);
}

static void test_daemon_killed(void **state)
{
	struct fixture *f = *state;
	kill_daemon(f->plain, AT_ONCE);
	kill_daemon(f->plain, AFTER_A_LEADER);
	if (!f->plain) /* there the parent-death signal does it alone */
		kill_daemon(f->plain, AFTER_ITS_SPAWNER);
}

static void test_no_leaks(void **state)
{
	struct fixture *f = *state;
	struct run run;
	pid_t pid = pid_of(spawner_get_pidfd(f->spawner));
	run_shell(f->spawner, "exit 0", (struct job_limits){0}, &run);
	usleep(200000); /* the jobs of other tests are forgotten */
	size_t own = count_fds(getpid()), its = count_fds(pid);
	for (int i = 0; i < 200; i++)
		run_shell(f->spawner, "exit 0", (struct job_limits){0}, &run);
	assert_int_equal(count_fds(getpid()), own);
	UNIT_AWAIT(count_fds(pid) <= its);
}

enum { THREADS = 8, STARTS = 25 };

/* cmocka's assertions are for the main thread; a thread returns the number of what went wrong. */
static void *start_many(void *argument)
{
	struct spawner *spawner = argument;
	uintptr_t bad = 0;
	for (int i = 0; i < STARTS; i++) {
		int out[2];
		if (pipe2(out, O_CLOEXEC) < 0)
			return (void *)1;
		char number[24], got[32];
		snprintf(number, sizeof number, "%d %lx", i, (unsigned long)pthread_self());
		char *const argv[] = {"/bin/echo", "-n", number, NULL};
		struct job job;
		struct job_result result;
		bad += start(spawner, argv, out[1], -1, &job) != 0;
		close(out[1]);
		ssize_t n = read(out[0], got, sizeof got - 1);
		got[n < 0 ? 0 : n] = '\0';
		bad += strcmp(got, number) != 0;
		close(out[0]);
		struct pollfd ended = {job.pidfd, POLLIN, 0};
		bad += poll(&ended, 1, UNIT_PATIENCE_MS) != 1;
		bad += job_reap(&job, &result) != 0 || !result.exited || result.exit_status != 0;
	}
	return (void *)bad;
}

static void test_threads(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, start_many, f->spawner), 0);
	for (int i = 0; i < THREADS; i++) {
		void *bad;
		assert_int_equal(pthread_join(threads[i], &bad), 0);
		assert_ptr_equal(bad, NULL);
	}
}

static void test_restart(void **state)
{
	struct fixture *f = *state;
	struct run run;
	struct job before, job;
	char *const argv[] = {"/bin/sleep", "100", NULL};
	size_t fds = count_fds(getpid());
	assert_int_equal(start(f->spawner, argv, STDERR_FILENO, -1, &before), 0);
	pid_t old = pid_of(spawner_get_pidfd(f->spawner));
	assert_int_equal(kill(old, SIGTERM), 0); /* does nothing */
	assert_int_equal(kill(old, SIGINT), 0);
	run_shell(f->spawner, "exit 0", (struct job_limits){0}, &run);
	assert_int_equal(kill(old, SIGKILL), 0);
	struct pollfd ended = {spawner_get_pidfd(f->spawner), POLLIN, 0};
	assert_int_equal(poll(&ended, 1, UNIT_PATIENCE_MS), 1);
	assert_int_equal(start(f->spawner, argv, STDERR_FILENO, -1, &job), -EPIPE);
	assert_int_equal(start(f->spawner, argv, STDERR_FILENO, -1, &job), -EPIPE);
	assert_int_equal(spawner_restart(f->spawner), 0);
	assert_int_not_equal(pid_of(spawner_get_pidfd(f->spawner)), old);
	run_shell(f->spawner, "exit 4", (struct job_limits){0}, &run);
	assert_int_equal(run.result.exit_status, 4);
	struct job_result result;
	ended.fd = before.pidfd; /* the job of the old one still runs */
	assert_int_equal(poll(&ended, 1, 0), 0);
	assert_int_equal(job_reap(&before, &result), 0);
	assert_int_equal(count_fds(getpid()), fds);
}

/* No descriptor left in one of the two processes: no job, no trace, and the spawner is still good.
 */
static void test_out_of_descriptors(void **state)
{
	struct fixture *f = *state;
	struct run run;
	struct job job;
	char *const argv[] = {"/bin/sleep", "100", NULL};
	pid_t spawner = pid_of(spawner_get_pidfd(f->spawner));
	for (int i = 0; i < 2; i++) {
		struct rlimit old, none;
		pid_t pid = i == 0 ? 0 : spawner;
		assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &old), 0);
		none = (struct rlimit){4, old.rlim_max};
		assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &none, NULL), 0);
		int r = start(f->spawner, argv, STDERR_FILENO, -1, &job);
		assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &old, NULL), 0);
		assert_int_equal(r, -EMFILE);
		assert_int_equal(job.pidfd, -1);
		run_shell(f->spawner, "exit 6", (struct job_limits){0}, &run);
		assert_int_equal(run.result.exit_status, 6);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
	}
	assert_int_equal(pid_of(spawner_get_pidfd(f->spawner)), spawner);
}

/* What the spawner has open: /dev/null on the low numbers, stderr, its socket, the daemon's pidfd,
 * and the listener of its watch where the kernel has that. */
static void test_spawner_inherits_nothing(void **state)
{
	struct fixture *f = *state;
	int extra = open("/dev/zero", O_RDONLY); /* inheritable on purpose */
	assert_true(extra >= 0);
	struct spawner *spawner;
	const struct spawner_options options = {.no_namespaces = f->plain};
	assert_int_equal(spawner_new(&options, &spawner), 0);
	pid_t pid = pid_of(spawner_get_pidfd(spawner));
	char path[64], target[64];
	for (int fd = 0; fd < 100; fd++) {
		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
		ssize_t n = readlink(path, target, sizeof target - 1);
		if (n < 0 || fd == STDERR_FILENO)
			continue;
		target[n] = '\0';
		if (strcmp(target, "/dev/null") != 0 && strncmp(target, "socket:", 7) != 0 &&
			strcmp(target, "anon_inode:[pidfd]") != 0 &&
			strcmp(target, "anon_inode:seccomp notify") != 0 &&
			strncmp(target, "pidfd:", 6) != 0)
			fail_msg("descriptor %d is %s", fd, target);
	}
	assert_true(count_fds(pid) == 16 + 4 || count_fds(pid) == 16 + 3);
	spawner_free(spawner);
	close(extra);
}

static void *stop_spawner(void *data)
{
	spawner_stop(data);
	return NULL;
}

struct late_start {
	struct spawner *spawner;
	struct job job;
	int out, result;
};

static void *start_late(void *data)
{
	struct late_start *late = data;
	char *const argv[] = {"/bin/sleep", "1000", NULL};
	late->result = start(late->spawner, argv, late->out, -1, &late->job);
	return NULL;
}

static bool is_stopping(struct spawner *spawner)
{
	pthread_mutex_lock(&spawner->life);
	bool stopping = spawner->stopping;
	pthread_mutex_unlock(&spawner->life);
	return stopping;
}

static bool is_busy(struct spawner *spawner)
{
	bool busy = pthread_mutex_trylock(&spawner->lock) != 0;
	if (!busy)
		pthread_mutex_unlock(&spawner->lock);
	return busy;
}

/* The end waits for no start. The start that is under way gets its answer, and its job is ended. */
static void test_stop_during_a_start(void **state)
{
	struct fixture *f = *state;
	char temp[] = "/tmp/test-spawn-XXXXXX", rest[8];
	assert_non_null(mkdtemp(temp));
	struct late_start late = {.result = 1};
	const struct spawner_options options = {.temp_path = temp, .no_namespaces = f->plain};
	assert_int_equal(spawner_new(&options, &late.spawner), 0);
	pid_t pid = pid_of(spawner_get_pidfd(late.spawner));
	int out[2];
	make_pipe(out);
	late.out = out[1];
	assert_int_equal(kill(pid, SIGSTOP), 0);
	pthread_t starting, stopping;
	assert_int_equal(pthread_create(&starting, NULL, start_late, &late), 0);
	UNIT_AWAIT(is_busy(late.spawner));
	assert_int_equal(pthread_create(&stopping, NULL, stop_spawner, late.spawner), 0);
	UNIT_AWAIT(is_stopping(late.spawner));
	assert_true(is_busy(late.spawner));
	assert_int_equal(kill(pid, SIGCONT), 0);
	pthread_join(starting, NULL);
	pthread_join(stopping, NULL);
	assert_false(spawner_is_alive(late.spawner));
	assert_int_equal(access(temp, F_OK), -1);
	close(out[1]);
	assert_int_equal(read_all(out[0], rest, sizeof rest), 0);
	if (late.result == 0)
		job_reap(&late.job, NULL);
	close(out[0]);
	spawner_free(late.spawner);
}

static void test_free_removes_temp(void **state)
{
	struct fixture *f = *state;
	char temp[] = "/tmp/test-spawn-XXXXXX";
	assert_non_null(mkdtemp(temp));
	size_t fds = count_fds(getpid());
	struct spawner *spawner;
	const struct spawner_options options = {.temp_path = temp, .no_namespaces = f->plain};
	assert_int_equal(spawner_new(&options, &spawner), 0);
	spawner_free(spawner);
	assert_int_equal(access(temp, F_OK), -1);
	assert_int_equal(count_fds(getpid()), fds);
	const struct spawner_options relative = {.temp_path = "tmp"};
	assert_int_equal(spawner_new(&relative, &spawner), -EINVAL);
	spawner_free(NULL);
}

/* From here on this process and all that it starts find what Linux 5.10 has: no flags for
 * pidfd_send_signal, none for close_range. */
static int become_older(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 3, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
	};
	const struct sock_fprog program = {sizeof code / sizeof *code, code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int open_spawner(void **state, bool plain)
{
	static struct fixture fixture;
	fixture.plain = plain;
	const struct spawner_options options = {.no_namespaces = plain};
	if (spawner_new(&options, &fixture.spawner) != 0)
		return -1;
	fixture.plain = !spawner_has_namespaces(fixture.spawner);
	if (fixture.plain && !plain)
		print_message("no namespaces here: both runs test the process group\n");
	*state = &fixture;
	return 0;
}

static int with_namespaces(void **state)
{
	return open_spawner(state, false);
}

static int without_namespaces(void **state)
{
	return open_spawner(state, true);
}

static int close_spawner(void **state)
{
	struct fixture *f = *state;
	spawner_free(f->spawner);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], SPAWNER_ARGUMENT))
		spawner_main(argc, argv);
	if (argc > 2 && !strcmp(argv[1], DAEMONISE))
		return daemonise(argv[2]);
	if (argc > 1 && !strcmp(argv[1], SIBLING))
		return make_sibling();
	if (argc > 1 && !strcmp(argv[1], "--older-kernel") && become_older() < 0)
		return 1;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n < 0)
		return 1;

	const struct CMUnitTest jobs[] = {
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_killed_by_signal),
		cmocka_unit_test(test_signal_reaches_handler),
		cmocka_unit_test(test_exec_errors),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_crossed_descriptors),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_limits_bite),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_grandchildren),
		cmocka_unit_test(test_no_sibling),
		cmocka_unit_test(test_daemon_killed),
		cmocka_unit_test(test_daemon_killed_unseen),
		cmocka_unit_test(test_no_leaks),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_out_of_descriptors),
		cmocka_unit_test(test_spawner_inherits_nothing),
		cmocka_unit_test(test_stop_during_a_start),
		cmocka_unit_test(test_free_removes_temp),
	};
	int failed =
		cmocka_run_group_tests_name("namespaces", jobs, with_namespaces, close_spawner);
	failed += cmocka_run_group_tests_name(
		"process groups", jobs, without_namespaces, close_spawner);
	return failed != 0;
}
