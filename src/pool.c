/* SPDX-License-Identifier: MIT */
/* A request gets a thread at once. Waiting for a converter happens in admission, where it is bounded,
 * ordered and watched, and admission lets in fewer than there are threads: the others have only
 * work that takes no time, so when all are busy one of these is free in a moment, and the queue
 * here is short. When the system gives no further thread, nobody knows when one will be free: that
 * is for the caller to refuse. */
#include "src/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

enum { IDLE_S = 10, STACK_BYTES = 256 * 1024 };

struct work {
	void (*run)(void *data, void *item);
	void *data, *item;
	STAILQ_ENTRY(work) entry;
};

struct worker {
	pthread_cond_t wake;
	struct work work; /* run is NULL: none */
	struct pool *pool;
	LIST_ENTRY(worker) entry; /* in `idle` while it has nothing to do */
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t all_gone;
	pthread_attr_t attributes;
	LIST_HEAD(, worker) idle;
	STAILQ_HEAD(, work) waiting; /* while every thread is busy */
	unsigned threads, threads_max;
	bool closing;
};

int pool_new(unsigned threads_max, struct pool **out)
{
	struct pool *pool = calloc(1, sizeof *pool);
	if (!pool)
		return -ENOMEM;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->all_gone, NULL);
	pthread_attr_init(&pool->attributes);
	pthread_attr_setstacksize(&pool->attributes, STACK_BYTES);
	pthread_attr_setdetachstate(&pool->attributes, PTHREAD_CREATE_DETACHED);
	LIST_INIT(&pool->idle);
	STAILQ_INIT(&pool->waiting);
	pool->threads_max = threads_max;
	*out = pool;
	return 0;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	struct worker *worker;
	LIST_FOREACH(worker, &pool->idle, entry)
	pthread_cond_signal(&worker->wake);
	while (pool->threads > 0)
		pthread_cond_wait(&pool->all_gone, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	pthread_attr_destroy(&pool->attributes);
	pthread_cond_destroy(&pool->all_gone);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

void pool_set_threads(struct pool *pool, unsigned threads_max)
{
	pthread_mutex_lock(&pool->lock);
	pool->threads_max = threads_max;
	pthread_mutex_unlock(&pool->lock);
}

/* Waits for work, with the lock held. False: there was none for long, or the pool closes. */
static bool worker_wait(struct worker *worker)
{
	struct pool *pool = worker->pool;
	struct work *first = STAILQ_FIRST(&pool->waiting);
	if (first) {
		STAILQ_REMOVE_HEAD(&pool->waiting, entry);
		worker->work = *first;
		free(first);
		return true;
	}
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_S;
	LIST_INSERT_HEAD(&pool->idle, worker, entry);
	int r = 0;
	while (!worker->work.run && !pool->closing && r != ETIMEDOUT)
		r = pthread_cond_clockwait(&worker->wake, &pool->lock, CLOCK_MONOTONIC, &until);
	if (worker->work.run)
		return true; /* pool_submit took it out of the list */
	LIST_REMOVE(worker, entry);
	return false;
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	struct pool *pool = worker->pool;
	do {
		worker->work.run(worker->work.data, worker->work.item);
		pthread_mutex_lock(&pool->lock);
		worker->work.run = NULL;
		bool more = worker_wait(worker);
		if (!more && --pool->threads == 0)
			pthread_cond_signal(&pool->all_gone);
		pthread_mutex_unlock(&pool->lock);
		if (!more)
			break;
	} while (true);
	pthread_cond_destroy(&worker->wake);
	free(worker);
	return NULL;
}

static int start_worker(struct pool *pool, const struct work *work)
{
	struct worker *worker = malloc(sizeof *worker);
	if (!worker)
		return -ENOMEM;
	*worker = (struct worker){.work = *work, .pool = pool};
	pthread_cond_init(&worker->wake, NULL);
	pthread_t thread;
	if (pthread_create(&thread, &pool->attributes, worker_main, worker) != 0) {
		pthread_cond_destroy(&worker->wake);
		free(worker);
		return -EAGAIN;
	}
	return 0;
}

static int enqueue(struct pool *pool, const struct work *work)
{
	struct work *waiting = malloc(sizeof *waiting);
	if (!waiting)
		return -ENOMEM;
	*waiting = *work;
	STAILQ_INSERT_TAIL(&pool->waiting, waiting, entry);
	return 0;
}

int pool_submit(struct pool *pool, void (*run)(void *data, void *item), void *data, void *item)
{
	struct work work = {.run = run, .data = data, .item = item};
	pthread_mutex_lock(&pool->lock);
	struct worker *worker = LIST_FIRST(&pool->idle);
	int r = 0;
	if (worker) {
		LIST_REMOVE(worker, entry);
		worker->work = work;
		pthread_cond_signal(&worker->wake);
	} else if (pool->threads >= pool->threads_max) {
		r = enqueue(pool, &work);
	} else {
		r = start_worker(pool, &work);
		pool->threads += r == 0;
	}
	pthread_mutex_unlock(&pool->lock);
	return r;
}
