/* SPDX-License-Identifier: MIT */
/* A waiting request has a thread of its own, which polls two things: the event by which a leaving
 * one hands its slot over, and the client. The slot is given by the one who leaves, to the first in
 * line who can use it: nobody wakes up in vain, and nobody overtakes. When the first in line wants
 * more of what all share than is free, those behind him wait with him, or a heavy one would never
 * come in beside light ones. Who only lacks a slot of his own recipe holds nobody up.
 *
 * Threads are what waiting costs, so they are bounded by places, which are fewer than threads: for
 * those who need no conversion there is always a thread left. */
#include "src/admission/queue.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

enum { RETRY_MAX_S = 3600 };

struct admission_gate {
	char *recipe;
	unsigned slots, used, waiting;
	uint64_t held_ms; /* moving mean of how long a slot is held */
	/* While some wait: moving mean of the time between two that are let in, and the last time.
	 */
	uint64_t step_ms, stepped_ms;
	LIST_ENTRY(admission_gate) entry;
};

struct waiter {
	struct admission_gate *gate;
	struct admission_cost share;
	int event;
	bool admitted;
	TAILQ_ENTRY(waiter) entry;
};

struct admission {
	pthread_mutex_t lock;
	LIST_HEAD(, admission_gate) gates;
	TAILQ_HEAD(, waiter) line;
	unsigned total_slots, total_used;
	uint64_t total_memory, kept_memory, used_memory;
	unsigned total_files, kept_files, used_files;
	unsigned places, has_place;
	/* Somebody in line waits for what all share: [1] among the live ones. */
	bool held[2];
};

int admission_new(struct admission **out)
{
	struct admission *admission = calloc(1, sizeof *admission);
	if (!admission)
		return -ENOMEM;
	pthread_mutex_init(&admission->lock, NULL);
	LIST_INIT(&admission->gates);
	TAILQ_INIT(&admission->line);
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
	bool free_seat = admission->has_place < admission->places;
	admission->has_place += free_seat;
	pthread_mutex_unlock(&admission->lock);
	return free_seat;
}

void admission_give_place(struct admission *admission)
{
	pthread_mutex_lock(&admission->lock);
	admission->has_place--;
	pthread_mutex_unlock(&admission->lock);
}

static bool has_memory(const struct admission *admission, const struct admission_cost *share)
{
	uint64_t wanted = share->memory_bytes + (share->live ? admission->kept_memory : 0);
	/* What alone is too much for the daemon (after a reload) still runs, alone. */
	return !admission->total_memory || admission->used_memory == 0 ||
	       (admission->used_memory <= admission->total_memory &&
		       wanted <= admission->total_memory - admission->used_memory);
}

/* One that alone needs more than there are runs alone: it may get by with fewer. */
static bool has_files(const struct admission *admission, const struct admission_cost *share)
{
	unsigned kept = share->live ? admission->kept_files : 0;
	unsigned used = admission->used_files;
	return used == 0 ||
	       (used <= admission->total_files && share->files <= admission->total_files - used &&
		       kept <= admission->total_files - used - share->files);
}

/* Of what all share. */
static bool has_room(const struct admission *admission, const struct admission_cost *share)
{
	bool slots = share->live || admission->total_used == 0 ||
		     admission->total_used + share->weight <= admission->total_slots;
	return slots && has_memory(admission, share) && has_files(admission, share);
}

static void take(struct admission *admission, struct admission_gate *gate,
	const struct admission_cost *share)
{
	gate->used++;
	admission->used_memory += share->memory_bytes;
	admission->used_files += share->files;
	if (!share->live)
		admission->total_used += share->weight;
}

static void give_back(struct admission *admission, struct admission_gate *gate,
	const struct admission_cost *share)
{
	gate->used--;
	admission->used_memory -= share->memory_bytes;
	admission->used_files -= share->files;
	if (!share->live)
		admission->total_used -= share->weight;
}

static uint64_t mean(uint64_t old, uint64_t now)
{
	return old ? (old * 7 + now) / 8 : now;
}

static void leave_line(struct admission *admission, struct waiter *waiter)
{
	struct admission_gate *gate = waiter->gate;
	TAILQ_REMOVE(&admission->line, waiter, entry);
	if (--gate->waiting == 0)
		gate->step_ms = 0;
}

static void let_in(struct admission *admission, struct waiter *waiter)
{
	struct admission_gate *gate = waiter->gate;
	uint64_t now_ms = clock_now_ms();
	gate->step_ms = mean(gate->step_ms, now_ms - gate->stepped_ms);
	gate->stepped_ms = now_ms;
	take(admission, gate, &waiter->share);
	leave_line(admission, waiter);
	waiter->admitted = true;
	eventfd_write(waiter->event, 1);
}

/* Hands what is free to those in line; under the lock. */
static void admit(struct admission *admission)
{
	struct waiter *waiter, *next;
	admission->held[0] = admission->held[1] = false;
	for (waiter = TAILQ_FIRST(&admission->line); waiter; waiter = next) {
		next = TAILQ_NEXT(waiter, entry);
		bool *held = &admission->held[waiter->share.live];
		if (waiter->gate->used >= waiter->gate->slots || *held)
			continue;
		if (has_room(admission, &waiter->share))
			let_in(admission, waiter);
		else
			*held = true;
	}
}

void admission_set_files(struct admission *admission, unsigned files, unsigned kept)
{
	pthread_mutex_lock(&admission->lock);
	admission->total_files = files;
	admission->kept_files = kept;
	admit(admission);
	pthread_mutex_unlock(&admission->lock);
}

/* The gate of a recipe, made when it is first wanted, with the numbers of the configuration in
 * force. */
static struct admission_gate *get_gate(
	struct admission *admission, const struct admission_request *request)
{
	struct admission_gate *gate;
	LIST_FOREACH (gate, &admission->gates, entry)
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
	if (gate->slots != request->slots || admission->total_slots != request->total_slots ||
		admission->total_memory != request->total_memory_bytes ||
		admission->kept_memory != request->kept_memory_bytes) {
		gate->slots = request->slots;
		admission->total_slots = request->total_slots;
		admission->total_memory = request->total_memory_bytes;
		admission->kept_memory = request->kept_memory_bytes;
		admit(admission);
	}
	return gate;
}

/* When the queue of now will be through. */
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
		/* The client first: one who is gone takes no slot, also when it is handed over now.
		 */
		if (n > 0 && fds[1].revents && !request->alive(request->data))
			return ADMISSION_E_GONE;
		if (n > 0 && fds[0].revents)
			return 0;
		if (n == 0)
			return ADMISSION_E_TIMEOUT;
	}
}

static int enter_slowly(struct admission *admission, const struct admission_request *request,
	struct admission_gate *gate, int event, unsigned *retry_after_s)
{
	struct waiter waiter = {.gate = gate, .share = request->share, .event = event};
	TAILQ_INSERT_TAIL(&admission->line, &waiter, entry);
	if (gate->waiting++ == 0)
		gate->stepped_ms = clock_now_ms();
	/* Nobody comes in by this, for whoever could is in already. */
	if (gate->used < gate->slots && !has_room(admission, &waiter.share))
		admission->held[waiter.share.live] = true;
	pthread_mutex_unlock(&admission->lock);

	int r = wait_in_line(request, &waiter);

	pthread_mutex_lock(&admission->lock);
	if (r == ADMISSION_E_TIMEOUT)
		*retry_after_s = retry_after(gate);
	if (r != 0) {
		/* Who turns away gives up a slot that came just now, or may have held up others. */
		bool held_up = gate->used < gate->slots;
		if (waiter.admitted)
			give_back(admission, gate, &waiter.share);
		else
			leave_line(admission, &waiter);
		if (waiter.admitted || held_up)
			admit(admission);
	}
	return r;
}

static bool is_free(const struct admission *admission, const struct admission_gate *gate,
	const struct admission_cost *share)
{
	return gate->waiting == 0 && gate->used < gate->slots && !admission->held[share->live] &&
	       has_room(admission, share);
}

static bool is_full(const struct admission_gate *gate, const struct admission_request *request)
{
	return gate->waiting >= request->queue;
}

static int enter(struct admission *admission, const struct admission_request *request,
	struct admission_gate *gate, int event, unsigned *retry_after_s)
{
	if (is_free(admission, gate, &request->share)) {
		take(admission, gate, &request->share);
		return 0;
	}
	if (is_full(gate, request)) {
		*retry_after_s = retry_after(gate);
		return ADMISSION_E_FULL;
	}
	return event < 0 ? event : enter_slowly(admission, request, gate, event, retry_after_s);
}

static int try_to_enter(struct admission *admission, const struct admission_request *request,
	int event, struct admission_pass *pass, unsigned *retry_after_s)
{
	pthread_mutex_lock(&admission->lock);
	struct admission_gate *gate = get_gate(admission, request);
	int r = gate ? enter(admission, request, gate, event, retry_after_s) : -ENOMEM;
	if (r == 0)
		*pass = (struct admission_pass){
			.gate = gate,
			.share = request->share,
			.since_ms = clock_now_ms(),
		};
	pthread_mutex_unlock(&admission->lock);
	return r;
}

/* Most come in at once and need no event. It is made and closed without the lock: the first
 * descriptor beyond a power of two makes the kernel's table of them larger, for which it waits. */
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
	bool refuses = gate && !is_free(admission, gate, &request->share) && is_full(gate, request);
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
	gate->held_ms = mean(gate->held_ms, clock_now_ms() - pass->since_ms);
	give_back(admission, gate, &pass->share);
	admit(admission);
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
		view.used = admission->total_used;
	pthread_mutex_unlock(&admission->lock);
	return view;
}
