/* SPDX-License-Identifier: MIT */
/* Grants what is free. The thread that frees a slot grants it to the first waiter that can use
 * it: no thread wakes up for nothing, and no request overtakes another one. When the first waiter
 * needs more of the shared resources than are free, later waiters wait behind it; otherwise a heavy
 * conversion would never start beside light ones. A waiter that only lacks a slot of its own recipe
 * holds nothing up. */
#include "src/admission/internal.h"

#include <sys/eventfd.h>

#include "base/clock.h"

/* A conversion that needs more memory than the daemon has (after a reload) runs alone. */
static bool has_memory(const struct admission *admission, const struct admission_cost *cost)
{
	uint64_t wanted = cost->memory_bytes + (cost->live ? admission->kept_memory : 0);
	return !admission->total_memory || admission->used_memory == 0 ||
	       (admission->used_memory <= admission->total_memory &&
		       wanted <= admission->total_memory - admission->used_memory);
}

/* A conversion that needs more descriptors than there are runs alone: fewer may be enough. */
static bool has_files(const struct admission *admission, const struct admission_cost *cost)
{
	unsigned kept = cost->live ? admission->kept_files : 0;
	unsigned used = admission->used_files;
	return used == 0 ||
	       (used <= admission->total_files && cost->files <= admission->total_files - used &&
		       kept <= admission->total_files - used - cost->files);
}

bool grant_has_room(const struct admission *admission, const struct admission_cost *cost)
{
	bool slots = cost->live || admission->used_slots == 0 ||
		     admission->used_slots + cost->weight <= admission->total_slots;
	return slots && has_memory(admission, cost) && has_files(admission, cost);
}

bool grant_is_free(const struct admission *admission, const struct admission_gate *gate,
	const struct admission_cost *cost)
{
	return gate->waiting == 0 && gate->used < gate->slots && !admission->held[cost->live] &&
	       grant_has_room(admission, cost);
}

void grant_take(
	struct admission *admission, struct admission_gate *gate, const struct admission_cost *cost)
{
	gate->used++;
	admission->used_memory += cost->memory_bytes;
	admission->used_files += cost->files;
	if (!cost->live)
		admission->used_slots += cost->weight;
}

void grant_give_back(
	struct admission *admission, struct admission_gate *gate, const struct admission_cost *cost)
{
	gate->used--;
	admission->used_memory -= cost->memory_bytes;
	admission->used_files -= cost->files;
	if (!cost->live)
		admission->used_slots -= cost->weight;
}

void grant_remove(struct admission *admission, struct waiter *waiter)
{
	struct admission_gate *gate = waiter->gate;
	TAILQ_REMOVE(&admission->queue, waiter, entry);
	if (--gate->waiting == 0)
		gate->step_ms = 0;
}

uint64_t grant_mean(uint64_t old, uint64_t now)
{
	return old ? (old * 7 + now) / 8 : now;
}

static void grant(struct admission *admission, struct waiter *waiter)
{
	struct admission_gate *gate = waiter->gate;
	uint64_t now_ms = clock_now_ms();
	gate->step_ms = grant_mean(gate->step_ms, now_ms - gate->stepped_ms);
	gate->stepped_ms = now_ms;
	grant_take(admission, gate, &waiter->cost);
	grant_remove(admission, waiter);
	waiter->granted = true;
	eventfd_write(waiter->event, 1);
}

void grant_all(struct admission *admission)
{
	struct waiter *waiter, *next;
	admission->held[0] = admission->held[1] = false;
	for (waiter = TAILQ_FIRST(&admission->queue); waiter; waiter = next) {
		next = TAILQ_NEXT(waiter, entry);
		bool *held = &admission->held[waiter->cost.live];
		if (waiter->gate->used >= waiter->gate->slots || *held)
			continue;
		if (grant_has_room(admission, &waiter->cost))
			grant(admission, waiter);
		else
			*held = true;
	}
}
