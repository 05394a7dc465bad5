/* SPDX-License-Identifier: MIT */
/* When the system gives no threads, each request fails and has its own line in the log. The reason
 * is logged here, once in QUIET_MS. */
#include "base/thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum { QUIET_MS = 60000 };

static void say(int error)
{
	static atomic_uint_fast64_t said_ms; /* 0: never */
	uint64_t now_ms = clock_now_ms();
	uint_fast64_t before = atomic_load(&said_ms);
	if (before != 0 && now_ms - before < QUIET_MS)
		return;
	if (atomic_compare_exchange_strong(&said_ms, &before, now_ms ? now_ms : 1))
		log_warning("no thread can be started, requests that need one are answered by 503 "
			    "error=\"%s\"",
			strerror(error));
}

int thread_start(size_t stack_bytes, void *(*run)(void *argument), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int r = pthread_attr_init(&attributes);
	if (r != 0)
		return -r;
	r = pthread_attr_setstacksize(&attributes, stack_bytes);
	if (r == 0)
		r = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (r == 0)
		r = pthread_create(&thread, &attributes, run, argument);
	pthread_attr_destroy(&attributes);
	if (r != 0)
		say(r);
	return -r;
}
