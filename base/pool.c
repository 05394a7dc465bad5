/* SPDX-License-Identifier: MIT */
/* struct worker   A thread, or a spare one without a thread. Not freed before the pool. The pool's
 *                 lock guards `taken` and `entry`, the worker's own lock `work` and `leave`.
 * idle            Workers without work. pool_submit takes one out and gives it work.
 * waiting         Work for which there was no worker and no further thread.
 *
 * A request gets a thread at once. Waiting for a converter happens in admission, where it is
 * bounded and ordered. Admission lets in fewer requests than there are threads. The other threads
 * have short work only, so when all are busy one is free in a moment, and the queue here is short.
 * When the system gives no further thread, it is unknown when one will be free, so the caller has
 * to refuse.
 *
 * A worker is woken with its own lock: under the lock of the pool it would wake up and wait for
 * that lock at once. So a wake-up may reach a worker whose thread has ended meanwhile, and a worker
 * stays until the pool is freed. */
#include "base/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <time.h>

#include "base/thread.h"

enum { IDLE_S = 10, STACK_BYTES = 256 * 1024 };

struct work {
	void (*run)(void *data, void *item);
	void *data, *item;
	STAILQ_ENTRY(work) entry;
};

struct worker {
	struct pool *pool;
	LIST_ENTRY(worker)
	entry;	    /* in `idle` while it has nothing to do, in `spare` without a thread */
	bool taken; /* out of `idle`, by pool_submit; with the pool's lock */
	pthread_mutex_t lock; /* for the following */
	pthread_cond_t wake;
	struct work work; /* run is NULL: none */
	bool leave;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t all_gone;
	LIST_HEAD(, worker) idle, spare;
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
	LIST_INIT(&pool->idle);
	LIST_INIT(&pool->spare);
	STAILQ_INIT(&pool->waiting);
	pool->threads_max = threads_max;
	*out = pool;
	return 0;
}

static void worker_free(struct worker *worker)
{
	pthread_cond_destroy(&worker->wake);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

/* Gives the worker work; NULL: its thread is to end. Without the lock of the pool, unless work is
 * NULL. */
static void worker_wake(struct worker *worker, const struct work *work)
{
	pthread_mutex_lock(&worker->lock);
	if (work)
		worker->work = *work;
	worker->leave = !work;
	pthread_mutex_unlock(&worker->lock);
	pthread_cond_signal(&worker->wake);
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	struct worker *worker;
	LIST_FOREACH (worker, &pool->idle, entry)
		worker_wake(worker, NULL);
	while (pool->threads > 0)
		pthread_cond_wait(&pool->all_gone, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	while ((worker = LIST_FIRST(&pool->spare))) {
		LIST_REMOVE(worker, entry);
		worker_free(worker);
	}
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

/* Takes work that waits, or puts the worker among the idle ones. Returns whether there is work.
 * *leave: the pool closes, and there will be none. */
static bool take_or_queue(struct worker *worker, bool *leave)
{
	struct pool *pool = worker->pool;
	pthread_mutex_lock(&pool->lock);
	struct work *first = STAILQ_FIRST(&pool->waiting);
	*leave = !first && pool->closing;
	if (first) {
		STAILQ_REMOVE_HEAD(&pool->waiting, entry);
		worker->work = *first;
		free(first);
	} else {
		worker->work.run = NULL;
		worker->taken = false;
		LIST_INSERT_HEAD(&pool->idle, worker, entry);
	}
	pthread_mutex_unlock(&pool->lock);
	return first != NULL;
}

/* until NULL: without limit. Returns whether there is work. */
static bool wait_for_work(struct worker *worker, const struct timespec *until)
{
	pthread_mutex_lock(&worker->lock);
	int r = 0;
	while (!worker->work.run && !worker->leave && r != ETIMEDOUT)
		r = until ? pthread_cond_clockwait(
				    &worker->wake, &worker->lock, CLOCK_MONOTONIC, until)
			  : pthread_cond_wait(&worker->wake, &worker->lock);
	bool found = worker->work.run;
	pthread_mutex_unlock(&worker->lock);
	return found;
}

/* False: there was no work for IDLE_S, or the pool closes. The thread is not counted any more then.
 */
static bool worker_next(struct worker *worker)
{
	struct pool *pool = worker->pool;
	bool leave;
	if (take_or_queue(worker, &leave))
		return true;
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_S;
	if (!leave && wait_for_work(worker, &until))
		return true;
	pthread_mutex_lock(&pool->lock);
	if (worker->taken) { /* at this moment pool_submit gives it work */
		pthread_mutex_unlock(&pool->lock);
		return wait_for_work(worker, NULL);
	}
	LIST_REMOVE(worker, entry);
	LIST_INSERT_HEAD(&pool->spare, worker, entry);
	if (--pool->threads == 0)
		pthread_cond_signal(&pool->all_gone);
	pthread_mutex_unlock(&pool->lock);
	return false;
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	prctl(PR_SET_NAME, "sluice-worker", 0, 0, 0); /* for top(1) and the tests */
	do {
		worker->work.run(worker->work.data, worker->work.item);
	} while (worker_next(worker));
	return NULL;
}

static struct worker *worker_new(struct pool *pool)
{
	struct worker *worker = LIST_FIRST(&pool->spare);
	if (worker) {
		LIST_REMOVE(worker, entry);
		return worker;
	}
	worker = calloc(1, sizeof *worker);
	if (worker) {
		worker->pool = pool;
		pthread_mutex_init(&worker->lock, NULL);
		pthread_cond_init(&worker->wake, NULL);
	}
	return worker;
}

/* Without the lock of the pool, which workers need to begin and to end: starting a thread may take
 * long. The worker is counted already. */
static int start_worker(struct worker *worker, const struct work *work)
{
	struct pool *pool = worker->pool;
	worker->work = *work;
	worker->leave = false;
	int r = thread_start(STACK_BYTES, worker_main, worker);
	if (r == 0)
		return 0;
	pthread_mutex_lock(&pool->lock);
	LIST_INSERT_HEAD(&pool->spare, worker, entry);
	pool->threads--;
	pthread_mutex_unlock(&pool->lock);
	return r;
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
	struct worker *idle = LIST_FIRST(&pool->idle), *fresh = NULL;
	int r = 0;
	if (idle) {
		LIST_REMOVE(idle, entry);
		idle->taken = true;
	} else if (pool->threads >= pool->threads_max) {
		r = enqueue(pool, &work);
	} else {
		fresh = worker_new(pool);
		r = fresh ? 0 : -ENOMEM;
		pool->threads += r == 0;
	}
	pthread_mutex_unlock(&pool->lock);
	if (idle)
		worker_wake(idle, &work);
	return fresh ? start_worker(fresh, &work) : r;
}
