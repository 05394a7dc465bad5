/* SPDX-License-Identifier: MIT */
/* Which holders the thread that tends looks at, whenever a worker wakes it. */
#include "spawn/launcher_news.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { HOLDERS = LAUNCHER_NEWS_MAX + 8 };

static int start(void **state)
{
	static struct launcher launcher;
	launcher = (struct launcher){.epoll = epoll_create1(EPOLL_CLOEXEC),
		.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
	*state = &launcher;
	return 0;
}

static int end(void **state)
{
	struct launcher *launcher = *state;
	close(launcher->epoll);
	close(launcher->wake);
	close(launcher->timer);
	return 0;
}

/* Has something to say, once. */
static int speaker(struct launcher *launcher, unsigned number)
{
	int fd = eventfd(1, EFD_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = number};
	assert_int_equal(epoll_ctl(launcher->epoll, EPOLL_CTL_ADD, fd, &event), 0);
	return fd;
}

static void a_holder_that_speaks(void **state)
{
	struct launcher *launcher = *state;
	struct launcher_news news;
	int fd = speaker(launcher, 5);
	launcher_news_take(launcher, &news);
	assert_true(launcher_news_has(&news, 5));
	assert_false(launcher_news_has(&news, 4));
	launcher_news_take(launcher, &news);
	assert_false(launcher_news_has(&news, 5));
	close(fd);
}

static void more_than_are_counted(void **state)
{
	struct launcher *launcher = *state;
	struct launcher_news news;
	int fds[HOLDERS];
	for (unsigned i = 0; i < HOLDERS; i++)
		fds[i] = speaker(launcher, i + 1);
	launcher_news_take(launcher, &news);
	for (unsigned i = 0; i < HOLDERS; i++) {
		assert_true(launcher_news_has(&news, i + 1));
		close(fds[i]);
	}
}

/* A worker may write when the events have been taken. Here none is told of `wake` at all. */
static void a_worker_wakes_late(void **state)
{
	struct launcher *launcher = *state;
	struct launcher_news news;
	launcher_wake(launcher);
	launcher_news_take(launcher, &news);
	assert_true(launcher_news_has(&news, 7));
	launcher_news_take(launcher, &news);
	assert_false(launcher_news_has(&news, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_holder_that_speaks, start, end),
		cmocka_unit_test_setup_teardown(more_than_are_counted, start, end),
		cmocka_unit_test_setup_teardown(a_worker_wakes_late, start, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
