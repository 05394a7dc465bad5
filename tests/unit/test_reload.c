/* SPDX-License-Identifier: MIT */
/* The thread that reads configurations: what the loop gets when it comes late, and the end while a
 * reading hangs. */
#include "tests/unit/unit_wait.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/daemon/reload.h"

struct fixture {
	char directory[64], file[96];
	atomic_int introduced;
	atomic_int answer; /* of introduce */
	struct reload *reload;
};

static int introduce(void *data, const struct config *config)
{
	struct fixture *f = data;
	(void)config;
	atomic_fetch_add(&f->introduced, 1);
	return atomic_load(&f->answer);
}

static void write_file(const struct fixture *f, const char *text)
{
	FILE *file = fopen(f->file, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static const char good[] = "root = \"/tmp\"\nprefix = \"/a\"\nrecipe x {\n path = \"/{source}\"\n"
			   " run = {\"true\", \"{source}\"}\n}\n";
static const char bad[] = "root = \"/tmp\"\nnonsense = 1\n";

static void *do_nothing(void *data)
{
	return data;
}

/* ThreadSanitizer has a thread of its own as soon as there is another. */
#ifdef __SANITIZE_THREAD__
enum { THREADS_ALONE = 2 };
#else
enum { THREADS_ALONE = 1 };
#endif

static int setup(void **state)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, do_nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
		return -1;
	struct fixture *f = calloc(1, sizeof *f);
	snprintf(f->directory, sizeof f->directory, "/tmp/sluice-reload-XXXXXX");
	if (!mkdtemp(f->directory))
		return -1;
	snprintf(f->file, sizeof f->file, "%s/sluice.conf", f->directory);
	const struct config started = {0};
	const struct reload_options options = {.file = f->file,
		.temp_dir = "/tmp",
		.started = &started,
		.data = f,
		.introduce = introduce};
	*state = f;
	/* A thread that has been joined may still be on its way out. */
	UNIT_AWAIT(unit_count_of(getpid(), "task") == THREADS_ALONE);
	return reload_new(&options, &f->reload);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	reload_free(f->reload); /* does not wait for its thread */
	UNIT_AWAIT(unit_count_of(getpid(), "task") == THREADS_ALONE);
	unlink(f->file);
	rmdir(f->directory);
	free(f);
	return 0;
}

/* Reads the file, and waits until there is a result, which is not taken. */
static void read_once(struct fixture *f)
{
	struct pollfd entry = {reload_get_fd(f->reload), POLLIN, 0};
	eventfd_t count;
	reload_ask(f->reload);
	assert_int_equal(poll(&entry, 1, UNIT_PATIENCE_MS), 1);
	assert_int_equal(eventfd_read(entry.fd, &count), 0);
}

static void test_good_and_bad(void **state)
{
	struct fixture *f = *state;
	struct reload_result result;
	assert_false(reload_take(f->reload, &result));
	write_file(f, good);
	read_once(f);
	assert_true(reload_take(f->reload, &result));
	assert_non_null(result.config);
	assert_false(result.failed || result.more);
	launcher_wish_free(result.wish);
	reload_retire(f->reload, result.config);
	write_file(f, bad);
	read_once(f);
	assert_true(reload_take(f->reload, &result));
	assert_null(result.config);
	assert_true(result.failed);
	assert_int_equal(atomic_load(&f->introduced), 1);
	assert_false(reload_take(f->reload, &result));
}

/* The loop comes late: a good reading, and after it one that is refused. */
static void test_failure_does_not_hide_success(void **state)
{
	struct fixture *f = *state;
	struct reload_result result;
	write_file(f, good);
	read_once(f);
	write_file(f, bad);
	read_once(f);
	assert_true(reload_take(f->reload, &result));
	assert_non_null(result.config);
	assert_string_equal(result.config->prefix, "/a");
	assert_true(result.failed);
	launcher_wish_free(result.wish);
	config_unref(result.config);
}

static void test_success_replaces_both(void **state)
{
	struct fixture *f = *state;
	struct reload_result result;
	write_file(f, good);
	read_once(f);
	write_file(f, bad);
	read_once(f);
	char other[sizeof good];
	memcpy(other, good, sizeof good);
	*strstr(other, "/a") = '/';
	strstr(other, "/a")[1] = 'b';
	write_file(f, other);
	read_once(f);
	assert_true(reload_take(f->reload, &result));
	assert_string_equal(result.config->prefix, "/b");
	assert_false(result.failed);
	launcher_wish_free(result.wish);
	config_unref(result.config);
}

static void test_refused_by_the_daemon(void **state)
{
	struct fixture *f = *state;
	struct reload_result result;
	atomic_store(&f->answer, -1);
	write_file(f, good);
	read_once(f);
	assert_true(reload_take(f->reload, &result));
	assert_null(result.config);
	assert_null(result.wish);
	assert_true(result.failed);
}

/* reload_free does not wait for it, and the thread uses nothing of the caller's afterwards. */
static void test_end_while_a_reading_hangs(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(mkfifo(f->file, 0600), 0);
	reload_ask(f->reload);
	/* Opens without waiting once the thread waits in its own open. */
	int writer;
	UNIT_AWAIT((writer = open(f->file, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0);
	uint64_t start_ms = clock_now_ms();
	reload_free(f->reload);
	f->reload = NULL;
	assert_true(clock_now_ms() - start_ms < UNIT_PATIENCE_MS / 2);
	assert_int_equal(unit_count_of(getpid(), "task"), THREADS_ALONE + 1);
	assert_int_equal(write(writer, good, sizeof good - 1), sizeof good - 1);
	close(writer);
	UNIT_AWAIT(unit_count_of(getpid(), "task") == THREADS_ALONE);
	assert_int_equal(atomic_load(&f->introduced), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good_and_bad, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_failure_does_not_hide_success, setup, teardown),
		cmocka_unit_test_setup_teardown(test_success_replaces_both, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_by_the_daemon, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_while_a_reading_hangs, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
