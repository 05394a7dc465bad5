/* SPDX-License-Identifier: MIT */
/*
 * The cost of a start, warm and cold, through the daemon's own spawner and launcher. Each program
 * is run both ways by turns, and timed from the call that starts it until its end is seen. The
 * medians are compared. Between two runs there is a pause, as between two requests. With --no-pause
 * a holder has to fork its standby while the last job still runs.
 *
 *   bench-start [--runs N] [--no-pause] [--confine standard|strict|off] FOLDER
 *
 * The media are made once in FOLDER, with convert and ffmpeg of /usr/bin.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "spawn/launcher.h"

enum { RUNS_MAX = 1000, PAUSE_MS = 8 };

struct test {
	const char *name;
	const char *program;
	const char *source; /* on descriptor 3; NULL: none */
	double wanted;	    /* ratio */
	char *const *argv;
	char *const *preload;
	char *const *prime;
};

struct bench {
	struct spawner *spawner;
	struct launcher *launcher;
	char directory[256];
	char *envp[8];
	int null_fd;
	int source_fd;
	enum job_confine level;
	bool pause;
};

static char *const no_list[] = {NULL};

static char *const true_argv[] = {"true", NULL};
static char *const convert_argv[] = {"convert", "-define", "jpeg:size=200x150", "jpeg:fd:3[0]",
	"-auto-orient", "-thumbnail", "100x75", "-quality", "82", "jpeg:-", NULL};
static char *convert_preload[2]; /* as `sluice train` prints it */
static char *const vips_argv[] = {"vips", "thumbnail", "/dev/fd/3", "output.jpg", "100", NULL};
static char *const vips_prime[] = {"vips_init", NULL};
static char *const frame_argv[] = {"ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error",
	"-threads", "1", "-ss", "0", "-i", "file:/dev/fd/3", "-frames:v", "1", "-threads", "1",
	"-vf", "scale=320:-1", "-f", "mjpeg", "pipe:1", NULL};

static const struct test tests[] = {
	{"true", "/usr/bin/true", NULL, 2.0, true_argv, no_list, no_list},
	{"convert, JPEG 400x300", "/usr/bin/convert", "small.jpg", 1.0, convert_argv, no_list,
		no_list},
	{"the same, preload jpeg.so", "/usr/bin/convert", "small.jpg", 1.6, convert_argv,
		convert_preload, no_list},
	{"vips thumbnail, JPEG 400x300, prime", "/usr/bin/vips", "small.jpg", 2.5, vips_argv,
		no_list, vips_prime},
	{"ffmpeg, frame at 0 s", "/usr/bin/ffmpeg", "film.mp4", 2.2, frame_argv, no_list, no_list},
};
enum { TESTS = sizeof tests / sizeof *tests };

_Noreturn static void fail(const char *what, int error)
{
	fprintf(stderr, "bench-start: %s: %s\n", what, strerror(error));
	exit(1);
}

static void run_once(const char *const *argv)
{
	pid_t pid = fork();
	if (pid == 0) {
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	int status;
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		fail(argv[0], EIO);
}

static void make_media(void)
{
	if (access("small.jpg", R_OK) < 0)
		run_once((const char *const[]){"/usr/bin/convert", "-size", "400x300",
			"plasma:red-blue", "-quality", "85", "small.jpg", NULL});
	if (access("film.mp4", R_OK) < 0)
		run_once((const char *const[]){"/usr/bin/ffmpeg", "-loglevel", "error", "-f",
			"lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=4", "-c:v",
			"libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "film.mp4",
			NULL});
}

static void find_coder(void)
{
	glob_t found;
	if (glob("/usr/lib/*/ImageMagick-6*/modules-Q16/coders/jpeg.so", 0, NULL, &found) == 0) {
		convert_preload[0] = strdup(found.gl_pathv[0]);
		globfree(&found);
	}
}

/* Microseconds from the call to the end of the program. */
static double run_job(const struct bench *bench, const struct test *test, bool warm)
{
	struct job_file files[2] = {{bench->null_fd, 1}, {bench->source_fd, 3}};
	struct job_spec spec = {
		.program = test->program,
		.argv = test->argv,
		.envp = bench->envp,
		.directory = bench->directory,
		.files = files,
		.file_count = test->source ? 2 : 1,
		.limits = {.memory_bytes = 1 << 30, .file_bytes = 1 << 30},
		.confinement = {.level = bench->level, .writable = bench->directory},
		.preload = test->preload,
		.prime = test->prime,
	};
	struct job job;
	struct job_result result;
	if (bench->pause)
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
	launcher_tend(bench->launcher);
	if (test->source && lseek(bench->source_fd, 0, SEEK_SET) < 0)
		fail("source", errno);
	uint64_t start_us = clock_now_us();
	int r = launcher_start(bench->launcher, &spec, warm, &job);
	if (r != 0)
		fail(test->program, abs(r));
	if (warm != (job.holder != 0))
		fprintf(stderr, "%s: cold, although warm was wanted\n", test->name);
	struct pollfd entry = {job.pidfd, POLLIN, 0};
	poll(&entry, 1, -1);
	uint64_t end_us = clock_now_us();
	if (job_reap(&job, &result) < 0 || !result.exited || result.exit_status != 0) {
		fprintf(stderr, "%s: exit %d signal %d\n", test->name, result.exit_status,
			result.signal);
		exit(1);
	}
	return (double)(end_us - start_us);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof *values, compare);
	return values[count / 2];
}

static bool run_test(struct bench *bench, const struct test *test, int runs)
{
	static double warm[RUNS_MAX], cold[RUNS_MAX];
	struct holder_program program = {test->program, test->argv[0], bench->envp, test->preload,
		test->prime, bench->level};
	struct launcher_wish *wish = NULL;
	int r = launcher_wish_new(&program, 1, &wish);
	if (r < 0)
		fail("launcher", -r);
	launcher_set(bench->launcher, wish);
	launcher_settle(bench->launcher);
	bench->source_fd = test->source ? open(test->source, O_RDONLY | O_CLOEXEC) : -1;
	for (int i = 0; i < 3; i++) {
		run_job(bench, test, false);
		run_job(bench, test, true);
	}
	for (int i = 0; i < runs; i++) {
		/* the two ways also take turns in being first */
		bool first = i % 2;
		double a = run_job(bench, test, first), b = run_job(bench, test, !first);
		warm[i] = first ? a : b;
		cold[i] = first ? b : a;
	}
	fd_close(&bench->source_fd);
	double cold_us = median(cold, runs), warm_us = median(warm, runs);
	printf("%-38s %9.2f %9.2f %8.2f %8.1f\n", test->name, cold_us / 1000, warm_us / 1000,
		cold_us / warm_us, test->wanted);
	fflush(stdout);
	return cold_us / warm_us >= test->wanted;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], SPAWNER_ARGUMENT))
		spawner_main(argc, argv);
	struct bench bench = {.pause = true, .level = JOB_CONFINE_STANDARD};
	int runs = 41;
	const char *folder = NULL;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--no-pause"))
			bench.pause = false;
		else if (!strcmp(argv[i], "--runs") && i + 1 < argc)
			runs = (int)strtol(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--confine") && i + 1 < argc)
			bench.level = !strcmp(argv[++i], "off")	   ? JOB_CONFINE_OFF
				      : !strcmp(argv[i], "strict") ? JOB_CONFINE_STRICT
								   : JOB_CONFINE_STANDARD;
		else
			folder = argv[i];
	}
	if (!folder || runs < 1 || runs > RUNS_MAX) {
		fputs("usage: bench-start [--runs N] [--no-pause] [--confine standard|strict|off] "
		      "FOLDER\n",
			stderr);
		return 2;
	}
	if (chdir(folder) < 0)
		fail(folder, errno);
	make_media();
	find_coder();
	char home[300], temp[300];
	if (!getcwd(bench.directory, sizeof bench.directory - 8))
		fail("folder", errno);
	strcat(bench.directory, "/temp");
	mkdir(bench.directory, 0700);
	snprintf(home, sizeof home, "HOME=%s", bench.directory);
	snprintf(temp, sizeof temp, "TMPDIR=%s", bench.directory);
	char *const envp[] = {"PATH=/usr/bin:/bin", home, temp, "LANG=C.UTF-8", "OMP_NUM_THREADS=1",
		"VIPS_CONCURRENCY=1", NULL};
	memcpy(bench.envp, envp, sizeof envp);
	bench.null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	struct spawner_options options = {0};
	int r = spawner_new(&options, &bench.spawner);
	if (r == 0)
		r = launcher_new(bench.spawner, &bench.launcher);
	if (r < 0)
		fail("spawner", -r);

	printf("%d runs of each, by turns, medians\n%-38s %9s %9s %8s %8s\n", runs, "", "cold ms",
		"warm ms", "ratio", "wanted");
	bool fine = true;
	for (size_t i = 0; i < TESTS; i++)
		fine &= run_test(&bench, &tests[i], runs);
	launcher_free(bench.launcher);
	spawner_free(bench.spawner);
	return fine ? 0 : 1;
}
