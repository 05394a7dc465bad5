/* SPDX-License-Identifier: MIT */
/* A seat costs a thread and some descriptors, a conversion under way some more. What is left of the
 * descriptors is for idle connections. */
#include "src/capacity.h"

#include <string.h>

#include "base/clock.h"

enum {
	SEATS_MIN = 16,
	SEATS_MAX = 4096,
	SENDERS = 128,	/* whose conversion is over: they stand in no queue any more */
	READERS = 1024, /* of results that the cache has */
	CHEAP = 32,	/* threads for what takes no time */
	CONNECTIONS_MIN = 16,

	/* Descriptors. */
	FILES_DAEMON = 64,
	FILES_PROGRAM = 8,     /* a holder, and one that replaces it */
	FILES_SEAT = 2,	       /* the source, and an event or a file; beside the connection */
	FILES_CONVERSION = 10, /* pipes, epoll set, pidfds, what is under way to the programs */
};

static unsigned long bounded(unsigned long value, unsigned long min, unsigned long max)
{
	return value > max || min > max ? max : value < min ? min : value;
}

struct capacity capacity_of(const struct config *config, unsigned long files)
{
	unsigned long whole = 0, live = 0, queues = 0, programs = 0;
	for (size_t i = 0; i < config->recipe_count; i++) {
		const struct recipe *recipe = config->recipes[i];
		*(recipe->response == RECIPE_LIVE ? &live : &whole) += recipe->slots;
		queues += recipe->queue;
		programs += template_program_count(recipe->template);
	}
	if (whole > config->slots)
		whole = config->slots;
	unsigned long used =
		FILES_DAEMON + FILES_PROGRAM * programs + FILES_CONVERSION * (whole + live);
	/* A quarter of the descriptors stays for connections that do nothing. */
	unsigned long room = files / 4 * 3 > used ? (files / 4 * 3 - used) / (FILES_SEAT + 1) : 0;
	unsigned long seats =
		bounded(whole + live + queues + SENDERS + (config->cache_path ? READERS : 0),
			SEATS_MIN, SEATS_MAX);
	seats = room < SEATS_MIN ? SEATS_MIN : bounded(seats, SEATS_MIN, room);
	used += FILES_SEAT * seats;
	unsigned long connections =
		bounded(files > used ? files - used : 0, CONNECTIONS_MIN, config->connections);
	return (struct capacity){
		.seats = (unsigned)seats,
		.threads = (unsigned)seats + CHEAP,
		.connections = (unsigned)connections,
	};
}

struct admission_request capacity_request(const struct config *config, const struct recipe *recipe)
{
	return (struct admission_request){
		.recipe = recipe->name,
		.share =
			{
				.live = recipe->response == RECIPE_LIVE,
				.weight = recipe->weight,
				.memory_bytes = recipe_memory(recipe),
			},
		.slots = recipe->slots,
		.total_slots = config->slots,
		.total_memory_bytes = config->memory_total_bytes,
		.kept_memory_bytes = config->kept_memory_bytes,
		.queue = recipe->queue,
		.deadline_ms = clock_now_ms() + recipe->queue_timeout_ms,
		.watch_fd = -1,
	};
}

enum outcome capacity_outcome(int r, const char *gone, struct text *reason)
{
	switch (r) {
	case 0:
		return OUTCOME_OK;
	case ADMISSION_E_FULL:
		return OUTCOME_QUEUE_FULL;
	case ADMISSION_E_TIMEOUT:
		return OUTCOME_QUEUE_TIMEOUT;
	case ADMISSION_E_GONE:
		text_puts(reason, gone);
		return OUTCOME_CLIENT_GONE;
	default:
		text_printf(reason, "admission: %s", strerror(-r));
		return outcome_from_error(r);
	}
}
