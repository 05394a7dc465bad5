/* SPDX-License-Identifier: MIT */
/* When a file's time of content stands for its content: the file's times are set, because no test
 * can tell the kernel's clock what to do. */
#include "tests/unit/unit_wait.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "src/source/quiet.h"

static int make_file(void)
{
	char path[] = "/tmp/sluice-quiet-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

/* Milliseconds from now; whole: cut to the second. */
static void set_time(int fd, int64_t from_now_ms, bool whole)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec + from_now_ms * 1000000;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
		{.tv_sec = ns / 1000000000, .tv_nsec = whole ? 0 : ns % 1000000000 | 1}};
	assert_int_equal(futimens(fd, times), 0);
}

static int64_t age_ms(const struct stat *st)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - st->st_mtim.tv_sec) * INT64_C(1000) +
	       (now.tv_nsec - st->st_mtim.tv_nsec) / 1000000;
}

static void test_just_written(void **state)
{
	(void)state;
	struct stat st;
	FD_CLEANUP int fd = make_file();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(write(fd, "x", 1), 1);
		assert_int_equal(quiet_wait(fd, &st), QUIET);
		assert_true(age_ms(&st) >= QUIET_MS);
		assert_int_equal(st.st_size, i + 1);
	}
}

static void test_old_and_future(void **state)
{
	static const int64_t times[] = {-100000, -2500, 2500, 100000};
	(void)state;
	struct stat st;
	FD_CLEANUP int fd = make_file();
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		for (int whole = 0; whole < 2; whole++) {
			/* Cut to the second, it may be a second older. */
			set_time(fd, times[i] + (whole && times[i] > 0 ? 1000 : 0), whole);
			assert_int_equal(quiet_wait(fd, &st), QUIET);
		}
}

/* The clock of FAT, or another machine's. A slow machine is asked again. */
static void test_steps_of_seconds(void **state)
{
	(void)state;
	for (int ahead = 0; ahead < 2; ahead++) {
		struct stat st;
		FD_CLEANUP int fd = make_file();
		int found;
		do {
			set_time(fd, ahead ? 900 : 0, !ahead);
			found = quiet_wait(fd, &st);
		} while (age_ms(&st) >= (ahead ? 0 : 1900));
		assert_int_equal(found, QUIET_UNKNOWN);
	}
}

struct writer {
	int fd;
	atomic_bool stop;
};

static void *keep_writing(void *data)
{
	struct writer *writer = data;
	while (!atomic_load(&writer->stop))
		set_time(writer->fd, 0, false);
	return NULL;
}

/* A writer that had to wait for a processor is found quiet, rightly. */
static void test_always_written(void **state)
{
	(void)state;
	struct stat st;
	FD_CLEANUP int fd = make_file();
	struct writer writer = {.fd = fd};
	pthread_t thread;
	set_time(fd, 0, false);
	assert_int_equal(pthread_create(&thread, NULL, keep_writing, &writer), 0);
	int found = QUIET;
	const uint64_t until_ms = clock_now_ms() + UNIT_PATIENCE_MS;
	while (found != QUIET_NOT && clock_now_ms() < until_ms)
		found = quiet_wait(fd, &st);
	atomic_store(&writer.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(found, QUIET_NOT);
}

static void *write_soon(void *data)
{
	const struct timespec pause = {.tv_nsec = QUIET_MS * 1000000 / 5};
	nanosleep(&pause, NULL);
	assert_int_equal(write(*(int *)data, "x", 1), 1);
	return NULL;
}

/* As a file is that is just being cut: its time is set last. */
static void test_an_empty_file_is_doubted(void **state)
{
	(void)state;
	struct stat st;
	FD_CLEANUP int fd = make_file();
	pthread_t thread;
	set_time(fd, -100000, false);
	assert_int_equal(quiet_wait(fd, &st), QUIET);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(pthread_create(&thread, NULL, write_soon, &fd), 0);
	assert_int_equal(quiet_wait(fd, &st), QUIET);
	pthread_join(thread, NULL);
	assert_int_equal(st.st_size, 1);
	assert_true(age_ms(&st) >= QUIET_MS);
}

static void test_no_file(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(quiet_wait(-1, &st), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_just_written),
		cmocka_unit_test(test_old_and_future),
		cmocka_unit_test(test_steps_of_seconds),
		cmocka_unit_test(test_always_written),
		cmocka_unit_test(test_an_empty_file_is_doubted),
		cmocka_unit_test(test_no_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
