/* SPDX-License-Identifier: MIT */
/* What cannot be removed at once is removed later, and its name is nobody's until then. */
#include "unit_wait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tree.h"
#include "src/convert/workdir.h"

enum { LEVELS = 200, DIRECTORIES = 40 };

struct place {
	struct temp temp;
	struct workdir *workdir;
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	assert_non_null(place);
	/* Thousands of changes to a journal would be a test of the disk. */
	bool memory = access("/dev/shm", W_OK) == 0;
	assert_int_equal(temp_open(&place->temp, memory ? "/dev/shm" : "/tmp"), 0);
	assert_int_equal(workdir_new(&place->temp, &place->workdir), 0);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	const struct tree_limit limit = {.until_ms = CLOCK_NEVER};
	workdir_free(place->workdir);
	int r = tree_remove(AT_FDCWD, place->temp.dir, &limit);
	temp_close(&place->temp);
	free(place);
	return r;
}

static void fill(const struct place *place, const char *name)
{
	int at = openat(place->temp.fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < LEVELS; i++) {
		assert_int_equal(mkdirat(at, "d", 0700), 0);
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
}

static int count_one(void *data, int directory, const char *path, const struct stat *st)
{
	(void)directory;
	(void)path;
	(void)st;
	++*(unsigned *)data;
	return 0;
}

static unsigned count(const struct place *place)
{
	unsigned found = 0;
	const struct tree_bounds bounds = {.depth = 0, .entries = 100000, .until_ms = CLOCK_NEVER};
	assert_int_equal(tree_walk(place->temp.fd, ".", &bounds, count_one, &found), 0);
	return found;
}

static bool all_gone(const struct place *place, unsigned before)
{
	const uint64_t until_ms = clock_now_ms() + UNIT_PATIENCE_MS;
	while (count(place) != before && clock_now_ms() < until_ms)
		poll(NULL, 0, 5);
	return count(place) == before;
}

/* The limit of descriptors is the whole process': each of the names is given back while there is
 * none. */
static void without_descriptors(void **state)
{
	struct place *place = *state;
	const unsigned before = count(place);
	char names[DIRECTORIES][WORKDIR_NAME_MAX];
	for (int i = 0; i < DIRECTORIES; i++) {
		assert_int_equal(workdir_take(place->workdir, names[i]), 0);
		fill(place, names[i]);
	}
	struct rlimit old, none;
	getrlimit(RLIMIT_NOFILE, &old);
	none = (struct rlimit){0, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (int i = 0; i < DIRECTORIES; i++)
		workdir_give(place->workdir, names[i]);
	/* what another job gets meanwhile is empty: rmdir and mkdir need no descriptor */
	for (int i = 0; i < DIRECTORIES; i++) {
		assert_int_equal(workdir_take(place->workdir, names[i]), 0);
		assert_int_equal(unlinkat(place->temp.fd, names[i], AT_REMOVEDIR), 0);
		assert_int_equal(mkdirat(place->temp.fd, names[i], 0700), 0);
	}
	setrlimit(RLIMIT_NOFILE, &old);
	for (int i = 0; i < DIRECTORIES; i++)
		workdir_give(place->workdir, names[i]);
	assert_true(all_gone(place, before));
}

/* At the end nobody waits for what there is still to do. */
static void stops_at_once(void **state)
{
	struct place *place = *state;
	char name[WORKDIR_NAME_MAX];
	for (int i = 0; i < DIRECTORIES; i++) {
		assert_int_equal(workdir_take(place->workdir, name), 0);
		fill(place, name);
		workdir_give(place->workdir, name);
	}
	uint64_t begin = clock_now_ms();
	workdir_free(place->workdir);
	place->workdir = NULL;
	assert_true(clock_now_ms() - begin < UNIT_PATIENCE_MS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(stops_at_once, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
