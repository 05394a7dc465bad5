/* SPDX-License-Identifier: MIT */
/* A waiting request has a thread of its own, which polls two descriptors: the event that tells of
 * its grant, and the client. internal.h says what the lock guards. */
#include "src/admission/internal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/fd.h"

enum { RETRY_MAX_S = 3600 };

int admission_new(struct admission **out)
{
	struct admission *admission = calloc(1, sizeof *admission);
	if (!admission)
		return -ENOMEM;
	pthread_mutex_init(&admission->lock, NULL);
	LIST_INIT(&admission->gates);
	TAILQ_INIT(&admission->queue);
	admission->places = UINT_MAX;
	admission->total_files = UINT_MAX;
	*out = admission;
	return 0;
}

void admission_free(struct admission *admission)
{
	if (!admission)
		return;
	struct admission_gate *gate;
	while ((gate = LIST_FIRST(&admission->gates))) {
		LIST_REMOVE(gate, entry);
		free(gate->recipe);
		free(gate);
	}
	pthread_mutex_destroy(&admission->lock);
	free(admission);
}

void admission_set_places(struct admission *admission, unsigned places)
{
	pthread_mutex_lock(&admission->lock);
	admission->places = places;
	pthread_mutex_unlock(&admission->lock);
}

bool admission_take_place(struct admission *admission)
{
	pthread_mutex_lock(&admission->lock);
	bool is_free = admission->used_places < admission->places;
	admission->used_places += is_free;
	pthread_mutex_unlock(&admission->lock);
	return is_free;
}

void admission_give_place(struct admission *admission)
{
	pthread_mutex_lock(&admission->lock);
	admission->used_places--;
	pthread_mutex_unlock(&admission->lock);
}

void admission_set_files(struct admission *admission, unsigned files, unsigned kept)
{
	pthread_mutex_lock(&admission->lock);
	admission->total_files = files;
	admission->kept_files = kept;
	grant_all(admission);
	pthread_mutex_unlock(&admission->lock);
}

static struct admission_gate *new_gate(struct admission *admission, const char *recipe)
{
	struct admission_gate *gate = calloc(1, sizeof *gate);
	char *name = strdup(recipe);
	if (!gate || !name) {
		free(gate);
		free(name);
		return NULL;
	}
	gate->recipe = name;
	LIST_INSERT_HEAD(&admission->gates, gate, entry);
	return gate;
}

/* The gate of a recipe, with the numbers of the request's configuration. The first request makes
 * it. NULL: no memory. */
static struct admission_gate *get_gate(
	struct admission *admission, const struct admission_request *request)
{
	struct admission_gate *gate;
	LIST_FOREACH (gate, &admission->gates, entry)
		if (!strcmp(gate->recipe, request->recipe))
			break;
	if (!gate)
		gate = new_gate(admission, request->recipe);
	if (!gate)
		return NULL;
	if (gate->slots != request->slots || admission->total_slots != request->total_slots ||
		admission->total_memory != request->total_memory_bytes ||
		admission->kept_memory != request->kept_memory_bytes) {
		gate->slots = request->slots;
		admission->total_slots = request->total_slots;
		admission->total_memory = request->total_memory_bytes;
		admission->kept_memory = request->kept_memory_bytes;
		grant_all(admission);
	}
	return gate;
}

/* When the present queue of the gate will be empty. */
static unsigned retry_after(const struct admission_gate *gate)
{
	uint64_t slots = gate->slots ? gate->slots : 1;
	uint64_t step_ms = gate->step_ms ? gate->step_ms : gate->held_ms / slots;
	if (gate->waiting > 0) {
		uint64_t since_ms = clock_now_ms() - gate->stepped_ms;
		step_ms = since_ms > step_ms ? since_ms : step_ms;
	}
	uint64_t wait_s = (gate->waiting + 1) * step_ms / 1000 + 1;
	return wait_s > RETRY_MAX_S ? RETRY_MAX_S : (unsigned)wait_s;
}

/* Without the lock: polls until the slot is granted, the deadline passes, or the client has gone.
 */
static int wait_for_grant(const struct admission_request *request, const struct waiter *waiter)
{
	struct pollfd fds[2] = {
		{.fd = waiter->event, .events = POLLIN},
		{.fd = request->alive ? request->watch_fd : -1, .events = POLLIN | POLLRDHUP},
	};
	for (;;) {
		int n = poll(fds, 2, clock_poll_timeout(request->deadline_ms));
		if (n < 0 && errno != EINTR)
			return -errno;
		/* The client comes first: a request without a client gives its slot back, also when
		 * it was granted just now. */
		if (n > 0 && fds[1].revents && !request->alive(request->data))
			return ADMISSION_E_GONE;
		if (n > 0 && fds[0].revents)
			return 0;
		if (n == 0)
			return ADMISSION_E_TIMEOUT;
	}
}

/* Takes a waiter out that gives up. */
static void give_up(struct admission *admission, struct waiter *waiter)
{
	/* The slot may have been granted meanwhile, and the waiter may have held up others. */
	bool held_up = waiter->gate->used < waiter->gate->slots;
	if (waiter->granted)
		grant_give_back(admission, waiter->gate, &waiter->cost);
	else
		grant_remove(admission, waiter);
	if (waiter->granted || held_up)
		grant_all(admission);
}

/* With the lock, which it releases while it waits. */
static int wait_in_queue(struct admission *admission, const struct admission_request *request,
	struct admission_gate *gate, int event, unsigned *retry_after_s)
{
	struct waiter waiter = {.gate = gate, .cost = request->cost, .event = event};
	TAILQ_INSERT_TAIL(&admission->queue, &waiter, entry);
	if (gate->waiting++ == 0)
		gate->stepped_ms = clock_now_ms();
	/* grant_all is not due: nothing has become free. */
	if (gate->used < gate->slots && !grant_has_room(admission, &waiter.cost))
		admission->held[waiter.cost.live] = true;
	pthread_mutex_unlock(&admission->lock);

	int r = wait_for_grant(request, &waiter);

	pthread_mutex_lock(&admission->lock);
	if (r == ADMISSION_E_TIMEOUT)
		*retry_after_s = retry_after(gate);
	if (r != 0)
		give_up(admission, &waiter);
	return r;
}

static bool is_full(const struct admission_gate *gate, const struct admission_request *request)
{
	return gate->waiting >= request->queue;
}

/* With the lock. event: a negative number is returned when the request would have to wait. */
static int enter(struct admission *admission, const struct admission_request *request,
	struct admission_gate *gate, int event, unsigned *retry_after_s)
{
	if (grant_is_free(admission, gate, &request->cost)) {
		grant_take(admission, gate, &request->cost);
		return 0;
	}
	if (is_full(gate, request)) {
		*retry_after_s = retry_after(gate);
		return ADMISSION_E_FULL;
	}
	return event < 0 ? event : wait_in_queue(admission, request, gate, event, retry_after_s);
}

static int try_to_enter(struct admission *admission, const struct admission_request *request,
	int event, struct admission_pass *pass, unsigned *retry_after_s)
{
	pthread_mutex_lock(&admission->lock);
	struct admission_gate *gate = get_gate(admission, request);
	int r = gate ? enter(admission, request, gate, event, retry_after_s) : -ENOMEM;
	if (r == 0)
		*pass = (struct admission_pass){
			.gate = gate, .cost = request->cost, .since_ms = clock_now_ms()};
	pthread_mutex_unlock(&admission->lock);
	return r;
}

/* Most requests get their slot at once and need no event. The event is made and closed without the
 * lock: when a new descriptor makes the kernel enlarge the descriptor table, the system call
 * waits. */
int admission_enter(struct admission *admission, const struct admission_request *request,
	struct admission_pass *pass, unsigned *retry_after_s)
{
	enum { NOT_YET = -EINPROGRESS };
	int r = try_to_enter(admission, request, NOT_YET, pass, retry_after_s);
	if (r != NOT_YET)
		return r;
	FD_CLEANUP int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return -errno;
	return try_to_enter(admission, request, event, pass, retry_after_s);
}

bool admission_refuses(struct admission *admission, const struct admission_request *request,
	unsigned *retry_after_s)
{
	pthread_mutex_lock(&admission->lock);
	struct admission_gate *gate = get_gate(admission, request);
	bool refuses =
		gate && !grant_is_free(admission, gate, &request->cost) && is_full(gate, request);
	if (refuses)
		*retry_after_s = retry_after(gate);
	pthread_mutex_unlock(&admission->lock);
	return refuses;
}

void admission_leave(struct admission *admission, struct admission_pass *pass)
{
	struct admission_gate *gate = pass->gate;
	if (!gate)
		return;
	pass->gate = NULL;
	pthread_mutex_lock(&admission->lock);
	gate->held_ms = grant_mean(gate->held_ms, clock_now_ms() - pass->since_ms);
	grant_give_back(admission, gate, &pass->cost);
	grant_all(admission);
	pthread_mutex_unlock(&admission->lock);
}

struct admission_view admission_look(struct admission *admission, const char *recipe)
{
	struct admission_view view = {0};
	const struct admission_gate *gate;
	pthread_mutex_lock(&admission->lock);
	LIST_FOREACH (gate, &admission->gates, entry) {
		if (recipe && strcmp(gate->recipe, recipe) != 0)
			continue;
		view.waiting += gate->waiting;
		view.used += gate->used;
	}
	if (!recipe)
		view.used = admission->used_slots;
	pthread_mutex_unlock(&admission->lock);
	return view;
}
