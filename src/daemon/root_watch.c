/* SPDX-License-Identifier: MIT */
/*
 * Each look is a thread of its own with a struct look, which the thread and those who wait for it
 * hold by references; the last one frees it. watch->lock guards `current` and all counts;
 * look->lock everything below it in struct look. A look at a root that the configuration no longer
 * has is forgotten.
 */
#include "src/daemon/root_watch.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/reach.h"

enum { PROBLEM_MAX = 1024, STACK_BYTES = 256 * 1024 };

struct look {
	atomic_uint references;
	uint64_t since_ms;
	char root[PATH_MAX];
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done, good;
	char problem[PROBLEM_MAX];
};

struct root_watch {
	pthread_mutex_t lock;
	struct look *current; /* a reference; NULL: none is under way */
};

static void unref(struct look *look)
{
	if (!look || atomic_fetch_sub(&look->references, 1) != 1)
		return;
	pthread_cond_destroy(&look->ended);
	pthread_mutex_destroy(&look->lock);
	free(look);
}

static void *run(void *data)
{
	struct look *look = data;
	char buffer[PROBLEM_MAX];
	struct text problem;
	text_init(&problem, buffer, sizeof buffer);
	bool good = reach_directory(look->root, X_OK, &problem);
	pthread_mutex_lock(&look->lock);
	look->done = true;
	look->good = good;
	memcpy(look->problem, buffer, sizeof buffer);
	pthread_cond_broadcast(&look->ended);
	pthread_mutex_unlock(&look->lock);
	unref(look);
	return NULL;
}

static int start(struct look *look)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	int r = -pthread_create(&thread, &attributes, run, look);
	pthread_attr_destroy(&attributes);
	return r;
}

/* With references for the thread, for the watch, and for the caller. */
static int look_new(const char *root, struct look **out)
{
	struct look *look = calloc(1, sizeof *look);
	if (!look)
		return -ENOMEM;
	atomic_init(&look->references, 3);
	look->since_ms = clock_now_ms();
	strncpy(look->root, root, sizeof look->root - 1);
	pthread_mutex_init(&look->lock, NULL);
	pthread_cond_init(&look->ended, NULL);
	int r = start(look);
	if (r == 0) {
		*out = look;
		return 0;
	}
	atomic_init(&look->references, 1);
	unref(look);
	return r;
}

int root_watch_new(struct root_watch **out)
{
	struct root_watch *watch = calloc(1, sizeof *watch);
	if (!watch)
		return -ENOMEM;
	pthread_mutex_init(&watch->lock, NULL);
	*out = watch;
	return 0;
}

void root_watch_free(struct root_watch *watch)
{
	if (!watch)
		return;
	unref(watch->current);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

static bool is_under_way(struct look *look, const char *root)
{
	if (!look || strcmp(look->root, root) != 0)
		return false;
	pthread_mutex_lock(&look->lock);
	bool done = look->done;
	pthread_mutex_unlock(&look->lock);
	return !done;
}

/* The look that is under way, or a new one, with a reference for the caller. */
static int join(struct root_watch *watch, const char *root, struct look **out)
{
	int r = 0;
	pthread_mutex_lock(&watch->lock);
	if (is_under_way(watch->current, root)) {
		*out = watch->current;
		atomic_fetch_add(&watch->current->references, 1);
	} else {
		unref(watch->current);
		watch->current = NULL;
		r = look_new(root, out);
		if (r == 0)
			watch->current = *out;
	}
	pthread_mutex_unlock(&watch->lock);
	return r;
}

/* The time counts from the beginning of the look: one that hangs is not waited for again. */
static bool wait_for(struct look *look, uint64_t wait_ms)
{
	const uint64_t until_ms = look->since_ms + wait_ms;
	const struct timespec until = {
		(time_t)(until_ms / 1000), (long)(until_ms % 1000) * 1000000};
	int r = 0;
	while (!look->done && r == 0)
		r = pthread_cond_clockwait(&look->ended, &look->lock, CLOCK_MONOTONIC, &until);
	return look->done;
}

bool root_watch_look(
	struct root_watch *watch, const char *root, uint64_t wait_ms, struct text *problem)
{
	struct look *look = NULL;
	int r = join(watch, root, &look);
	if (r < 0) {
		text_error(problem, -r);
		return false;
	}
	pthread_mutex_lock(&look->lock);
	bool done = wait_for(look, wait_ms);
	bool good = done && look->good;
	if (done && !good)
		text_puts(problem, look->problem);
	pthread_mutex_unlock(&look->lock);
	if (!done) {
		text_escaped(problem, root, PROBLEM_MAX / 2);
		text_printf(problem, " has not answered for %llu seconds",
			(unsigned long long)(clock_now_ms() - look->since_ms) / 1000);
	}
	unref(look);
	return good;
}
