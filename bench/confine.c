/* SPDX-License-Identifier: MIT */
/* The cost of confinement for a job: the time from the start of /bin/true until it is reaped. The
 * levels take turns, so that the state of the machine is the same for all. Usage: bench-confine
 * [ROUNDS]. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "spawn/spawner.h"

enum { LEVELS = JOB_CONFINE_STRICT + 1, ROUNDS = 1000, WARM_UP = 50 };

static const char *const names[LEVELS] = {"off", "standard", "strict"};

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static uint64_t run(struct spawner *spawner, enum job_confine level, const char *directory)
{
	char program[] = "/bin/true";
	char *const argv[] = {program, NULL};
	const struct job_spec spec = {
		.program = program,
		.argv = argv,
		.confinement = {.level = level, .writable = directory},
	};
	struct job job;
	uint64_t begin = clock_now_us();
	if (spawner_start(spawner, &spec, &job) != 0)
		exit(1);
	struct pollfd ended = {job.pidfd, POLLIN, 0};
	poll(&ended, 1, -1);
	job_reap(&job, NULL);
	return clock_now_us() - begin;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], SPAWNER_ARGUMENT))
		spawner_main(argc, argv);
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;
	char directory[] = "/tmp/bench-confine-XXXXXX";
	uint64_t *times[LEVELS];
	struct spawner *spawner;
	const struct spawner_options options = {0};
	if (rounds == 0 || rounds > 1000000 || !mkdtemp(directory) ||
		spawner_new(&options, &spawner) != 0)
		return 1;
	for (int level = 0; level < LEVELS; level++)
		if (!(times[level] = calloc(rounds, sizeof *times[level])))
			return 1;
	for (size_t i = 0; i < rounds + WARM_UP; i++) {
		for (int level = 0; level < LEVELS; level++) {
			uint64_t time = run(spawner, (enum job_confine)level, directory);
			if (i >= WARM_UP)
				times[level][i - WARM_UP] = time;
		}
	}
	for (int level = 0; level < LEVELS; level++) {
		qsort(times[level], rounds, sizeof *times[level], by_size);
		printf("%-8s median %llu us, quarter %llu us, more than off: %lld us\n",
			names[level], (unsigned long long)times[level][rounds / 2],
			(unsigned long long)times[level][rounds / 4],
			(long long)(times[level][rounds / 2] - times[0][rounds / 2]));
	}
	for (int level = 0; level < LEVELS; level++)
		free(times[level]);
	spawner_free(spawner);
	return rmdir(directory) < 0;
}
