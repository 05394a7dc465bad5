/* SPDX-License-Identifier: MIT */
/* A waiting request has a thread of its own, which polls two things: the event by which a leaving
 * one hands its slot over, and the client. The slot is given by the one who leaves, to the first in
 * line who can use it: nobody overtakes, and nobody wakes up in vain. */
#include "src/admission.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

struct admission_gate {
	char *recipe;
	bool live;
	unsigned slots, used, waiting;
	uint64_t held_ms; /* moving mean of how long a slot is held */
	LIST_ENTRY(admission_gate) entry;
};

struct waiter {
	struct admission_gate *gate;
	int event;
	bool admitted;
	TAILQ_ENTRY(waiter) entry;
};

struct admission {
	pthread_mutex_t lock;
	LIST_HEAD(, admission_gate) gates;
	TAILQ_HEAD(, waiter) line;
	unsigned total_slots, total_used;
};

int admission_new(struct admission **out)
{
	struct admission *admission = calloc(1, sizeof *admission);
	if (!admission)
		return -ENOMEM;
	pthread_mutex_init(&admission->lock, NULL);
	LIST_INIT(&admission->gates);
	TAILQ_INIT(&admission->line);
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

/* The gate of a recipe, made when it is first wanted, with the numbers of the configuration in
 * force. */
static struct admission_gate *get_gate(
	struct admission *admission, const struct admission_request *request)
{
	struct admission_gate *gate;
	LIST_FOREACH(gate, &admission->gates, entry)
	if (!strcmp(gate->recipe, request->recipe))
		break;
	if (!gate) {
		gate = calloc(1, sizeof *gate);
		char *name = strdup(request->recipe);
		if (!gate || !name) {
			free(gate);
			free(name);
			return NULL;
		}
		gate->recipe = name;
		LIST_INSERT_HEAD(&admission->gates, gate, entry);
	}
	gate->slots = request->slots;
	gate->live = request->live;
	admission->total_slots = request->total_slots;
	return gate;
}

static bool has_room(const struct admission *admission, const struct admission_gate *gate)
{
	return gate->used < gate->slots &&
	       (gate->live || admission->total_used < admission->total_slots);
}

static void take(struct admission *admission, struct admission_gate *gate)
{
	gate->used++;
	if (!gate->live)
		admission->total_used++;
}

/* Hands free slots to those in line; under the lock. */
static void admit(struct admission *admission)
{
	struct waiter *waiter, *next;
	for (waiter = TAILQ_FIRST(&admission->line); waiter; waiter = next) {
		next = TAILQ_NEXT(waiter, entry);
		if (!has_room(admission, waiter->gate))
			continue;
		take(admission, waiter->gate);
		TAILQ_REMOVE(&admission->line, waiter, entry);
		waiter->gate->waiting--;
		waiter->admitted = true;
		eventfd_write(waiter->event, 1);
	}
}

static unsigned retry_after(const struct admission_gate *gate)
{
	uint64_t slots = gate->slots ? gate->slots : 1;
	uint64_t wait_s = (gate->waiting + 1) * gate->held_ms / slots / 1000 + 1;
	return wait_s > 3600 ? 3600 : (unsigned)wait_s;
}

/* Polls until the slot is ours, the time is over, or the client is gone. */
static int wait_in_line(const struct admission_request *request, const struct waiter *waiter)
{
	struct pollfd fds[2] = {
		{.fd = waiter->event, .events = POLLIN},
		{.fd = request->alive ? request->watch_fd : -1, .events = POLLIN | POLLRDHUP},
	};
	for (;;) {
		int n = poll(fds, 2, clock_poll_timeout(request->deadline_ms));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && fds[0].revents)
			return 0;
		if (n > 0 && fds[1].revents && !request->alive(request->data))
			return ADMISSION_E_GONE;
		if (n == 0)
			return ADMISSION_E_TIMEOUT;
	}
}

static int enter_slowly(struct admission *admission, const struct admission_request *request,
	struct admission_gate *gate, unsigned *retry_after_s)
{
	struct waiter waiter = {.gate = gate, .event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (waiter.event < 0)
		return -errno;
	TAILQ_INSERT_TAIL(&admission->line, &waiter, entry);
	gate->waiting++;
	pthread_mutex_unlock(&admission->lock);

	int r = wait_in_line(request, &waiter);

	pthread_mutex_lock(&admission->lock);
	if (r != 0 && waiter.admitted) {
		/* The slot came while we turned away: somebody else shall have it. */
		gate->used--;
		if (!gate->live)
			admission->total_used--;
		admit(admission);
	} else if (r != 0) {
		TAILQ_REMOVE(&admission->line, &waiter, entry);
		gate->waiting--;
	}
	if (r == ADMISSION_E_TIMEOUT)
		*retry_after_s = retry_after(gate);
	fd_close(&waiter.event);
	return r;
}

int admission_enter(struct admission *admission, const struct admission_request *request,
	struct admission_pass *pass, unsigned *retry_after_s)
{
	pthread_mutex_lock(&admission->lock);
	int r = 0;
	struct admission_gate *gate = get_gate(admission, request);
	if (!gate) {
		r = -ENOMEM;
	} else if (gate->waiting == 0 && has_room(admission, gate)) {
		take(admission, gate);
	} else if (gate->waiting >= request->queue) {
		*retry_after_s = retry_after(gate);
		r = ADMISSION_E_FULL;
	} else {
		r = enter_slowly(admission, request, gate, retry_after_s);
	}
	if (r == 0)
		*pass = (struct admission_pass){.gate = gate, .since_ms = clock_now_ms()};
	pthread_mutex_unlock(&admission->lock);
	return r;
}

void admission_leave(struct admission *admission, struct admission_pass *pass)
{
	struct admission_gate *gate = pass->gate;
	if (!gate)
		return;
	pass->gate = NULL;
	pthread_mutex_lock(&admission->lock);
	uint64_t held_ms = clock_now_ms() - pass->since_ms;
	gate->held_ms = gate->held_ms ? (gate->held_ms * 7 + held_ms) / 8 : held_ms;
	gate->used--;
	if (!gate->live)
		admission->total_used--;
	admit(admission);
	pthread_mutex_unlock(&admission->lock);
}

struct admission_view admission_look(struct admission *admission, const char *recipe)
{
	struct admission_view view = {0};
	const struct admission_gate *gate;
	pthread_mutex_lock(&admission->lock);
	LIST_FOREACH(gate, &admission->gates, entry)
	{
		if (recipe && strcmp(gate->recipe, recipe) != 0)
			continue;
		view.waiting += gate->waiting;
		if (recipe || !gate->live)
			view.used += gate->used;
	}
	pthread_mutex_unlock(&admission->lock);
	return view;
}
