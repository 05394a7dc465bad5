/* SPDX-License-Identifier: MIT */
/*
 * The thread and the caller hold a reference each to struct call; the last one frees it. call->lock
 * guards done and left, of which one is set first: it decides whose the data are.
 */
#include "base/aside.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/thread.h"

enum { STACK_BYTES = 256 * 1024, CALLS_MAX = 256 };

static atomic_uint calls; /* that were begun and are not over */

struct call {
	atomic_uint references;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done, left;
	void (*work)(void *data), (*release)(void *data);
	void *data;
};

static void unref(struct call *call)
{
	if (atomic_fetch_sub(&call->references, 1) != 1)
		return;
	pthread_cond_destroy(&call->ended);
	pthread_mutex_destroy(&call->lock);
	free(call);
}

static void *run(void *argument)
{
	struct call *call = argument;
	call->work(call->data);
	pthread_mutex_lock(&call->lock);
	call->done = true;
	bool left = call->left;
	pthread_cond_broadcast(&call->ended);
	pthread_mutex_unlock(&call->lock);
	if (left)
		call->release(call->data);
	unref(call);
	atomic_fetch_sub(&calls, 1);
	return NULL;
}

static struct call *call_new(void (*work)(void *data), void (*release)(void *data), void *data)
{
	struct call *call = calloc(1, sizeof *call);
	if (!call)
		return NULL;
	*call = (struct call){.work = work, .release = release, .data = data};
	atomic_init(&call->references, 2);
	pthread_mutex_init(&call->lock, NULL);
	pthread_cond_init(&call->ended, NULL);
	return call;
}

static int wait_for(struct call *call, uint64_t until_ms)
{
	const struct timespec until = {
		(time_t)(until_ms / 1000), (long)(until_ms % 1000) * 1000000};
	int r = 0;
	pthread_mutex_lock(&call->lock);
	while (!call->done && r == 0)
		r = pthread_cond_clockwait(&call->ended, &call->lock, CLOCK_MONOTONIC, &until);
	call->left = !call->done;
	bool left = call->left;
	pthread_mutex_unlock(&call->lock);
	unref(call);
	return left ? -ETIMEDOUT : 0;
}

int aside_run(void (*work)(void *data), void (*release)(void *data), void *data, uint64_t until_ms)
{
	if (atomic_fetch_add(&calls, 1) >= CALLS_MAX) {
		atomic_fetch_sub(&calls, 1);
		return -EAGAIN;
	}
	struct call *call = call_new(work, release, data);
	int r = call ? thread_start(STACK_BYTES, run, call) : -ENOMEM;
	if (r == 0)
		return wait_for(call, until_ms);
	atomic_fetch_sub(&calls, 1);
	if (call) {
		unref(call);
		unref(call);
	}
	return r;
}
