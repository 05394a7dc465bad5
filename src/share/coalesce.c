/* SPDX-License-Identifier: MIT */
/* The conversion belongs to no client: it runs in its own thread, and every request, also the one that began it, only waits and
 * reads. So nobody's hanging up needs a hand-over, and no slow reader holds up another one. There are as many flights as
 * conversions run or wait for a slot: a list is enough to find one. */
#include "src/flight_internal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/thread.h"
#include "src/cache/cache.h"

enum { STACK_BYTES = 256 * 1024 };

void flights_open(struct service *service, const struct config *config)
{
	int r = 0;
	if (config->cache_path)
		r = cache_open(config->cache_path, config->cache_bytes, &service->cache);
	if (r < 0)
		log_error("cache: nothing is kept: %s: %s", config->cache_path,
			r == -ENOTSUP
				? "the file system has no extended attributes or unnamed files"
				: strerror(-r));
	struct flights *flights = calloc(1, sizeof *flights);
	if (!flights)
		return;
	pthread_mutex_init(&flights->lock, NULL);
	pthread_cond_init(&flights->landed, NULL);
	LIST_INIT(&flights->list);
	flights->running_max = UINT_MAX;
	service->flights = flights;
}

static void end_all(struct flights *flights)
{
	pthread_mutex_lock(&flights->lock);
	struct flight *flight;
	LIST_FOREACH(flight, &flights->list, entry)
	eventfd_write(flight->abandoned, 1);
	while (flights->running > 0)
		pthread_cond_wait(&flights->landed, &flights->lock);
	pthread_mutex_unlock(&flights->lock);
	pthread_cond_destroy(&flights->landed);
	pthread_mutex_destroy(&flights->lock);
	free(flights);
}

void flights_close(struct service *service)
{
	struct flights *flights = service->flights;
	if (flights)
		end_all(flights);
	service->flights = NULL;
	cache_close(service->cache);
	service->cache = NULL;
}

struct cache *flight_store(const struct service *service, const struct recipe *recipe)
{
	return recipe->cache ? service->cache : NULL;
}

void flights_limit(struct service *service, unsigned flights_max)
{
	struct flights *flights = service->flights;
	if (!flights)
		return;
	pthread_mutex_lock(&flights->lock);
	flights->running_max = flights_max;
	pthread_mutex_unlock(&flights->lock);
}

/* Never with the lock of all flights: the kernel frees the blocks of a file that has no name
 * with its last descriptor, within close(2), which takes a tenth of a second for each gigabyte.
 * NULL is fine. */
static void flight_free(struct flight *flight)
{
	if (!flight)
		return;
	pump_clear(&flight->pump);
	fd_close(&flight->found);
	fd_close(&flight->abandoned);
	if (flight->plan)
		plan_clear(flight->plan);
	free(flight->plan);
	free(flight->uri);
	free(flight->refresh_id);
	free(flight);
}

/* All of the following with the lock held. */
static void unlist(struct flight *flight)
{
	if (flight->listed)
		LIST_REMOVE(flight, entry);
	flight->listed = false;
}

void flight_wake(const struct flight *flight)
{
	for (const struct flight_seat *seat = flight->seats; seat; seat = seat->next)
		eventfd_write(seat->event, 1);
}

/* Returns the flight when nobody has a part in it any more: then it is the caller's to free,
 * after the lock. */
static struct flight *drop(struct flight *flight)
{
	return --flight->references == 0 ? flight : NULL;
}

/* The end of a flight, without the lock. What it holds for nobody's sake goes before those who
 * wait are told, because they may be many and slow: the source and the event, but not the file. */
static void land(struct flight *flight, struct flight_state *state)
{
	struct flights *flights = flight->flights;
	source_close(&flight->plan->source);
	pthread_mutex_lock(&flights->lock);
	if (state->outcome != OUTCOME_OK) { /* what was sent of it was sent */
		state->file = flight->state.file;
		state->length = flight->state.length;
	}
	flight->state = *state;
	int abandoned = fd_take(&flight->abandoned);
	unlist(flight);
	flight_wake(flight);
	struct flight *unused = drop(flight);
	pthread_mutex_unlock(&flights->lock);
	fd_close(&abandoned);
	flight_free(unused);
	/* Last of all: what a flight uses is there as long as it is counted. */
	pthread_mutex_lock(&flights->lock);
	if (--flights->running == 0)
		pthread_cond_broadcast(&flights->landed);
	pthread_mutex_unlock(&flights->lock);
}

static void *run(void *argument)
{
	struct flight *flight = argument;
	struct flight_state state = {.ended = true, .file = -1};
	if (flight->refresh_id)
		flight_run_refresh(flight, &state);
	else
		flight_run(flight, &state);
	land(flight, &state);
	return NULL;
}

static int flight_new(struct service *service, const struct validator *validator, const char *uri,
	const char *refresh_id, struct flight **out)
{
	struct flight *flight = calloc(1, sizeof *flight);
	if (!flight)
		return -ENOMEM;
	flight->service = service;
	flight->flights = service->flights;
	flight->validator = *validator;
	flight->state = (struct flight_state){.file = -1};
	flight->found = -1;
	flight->times.start = flight->times.planned = clock_now_us();
	flight->uri = strdup(uri);
	flight->refresh_id = refresh_id ? strdup(refresh_id) : NULL;
	flight->abandoned = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	text_init(&flight->reason, flight->reason_buffer, sizeof flight->reason_buffer);
	pump_init(&flight->pump, &flight->conversion, NULL, &flight->progress, &flight->reason);
	int r = flight->abandoned < 0 ? -errno : 0;
	if (!flight->uri || !refresh_id != !flight->refresh_id)
		r = -ENOMEM;
	if (r < 0)
		flight_free(flight);
	else
		*out = flight;
	return r;
}

int flight_list(struct service *service, const struct validator *validator, struct plan **plan,
	const char *uri, const char *refresh_id, struct flight **out)
{
	struct flights *flights = service->flights;
	if (flights->running >= flights->running_max)
		return FLIGHT_E_FULL;
	struct flight *flight;
	int r = flight_new(service, validator, uri, refresh_id, &flight);
	if (r < 0)
		return r;
	flight->plan = *plan;
	*plan = NULL;
	flight->references = 1;
	flights->running++;
	flight->listed = true;
	LIST_INSERT_HEAD(&flights->list, flight, entry);
	*out = flight;
	return 0;
}

void flight_start(struct flight *flight)
{
	int r = thread_start(STACK_BYTES, run, flight);
	if (r == 0)
		return;
	struct flight_state state = {
		.ended = true, .file = -1, .outcome = outcome_from_error(r), .retry_after_s = 1};
	text_printf(&flight->reason, "thread: %s", strerror(-r));
	if (flight->refresh_id)
		flight_end_refresh(flight, &state);
	land(flight, &state);
}

struct flight *flight_look(const struct flights *flights, const uint8_t key[DIGEST_BYTES])
{
	struct flight *flight;
	LIST_FOREACH(flight, &flights->list, entry)
	if (!memcmp(flight->validator.key, key, DIGEST_BYTES))
		break;
	return flight;
}

bool flight_is_under_way(struct service *service, const struct validator *validator)
{
	struct flights *flights = service->flights;
	pthread_mutex_lock(&flights->lock);
	bool found = flight_look(flights, validator->key);
	pthread_mutex_unlock(&flights->lock);
	return found;
}

int flight_enter(struct service *service, const struct validator *validator, struct plan **plan,
	const char *uri, struct flight_seat *seat)
{
	struct flights *flights = service->flights;
	*seat = (struct flight_seat){.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (seat->event < 0)
		return -errno;
	int r = 0;
	pthread_mutex_lock(&flights->lock);
	struct flight *flight = flight_look(flights, validator->key);
	if (!flight) {
		seat->leader = true;
		r = flight_list(service, validator, plan, uri, NULL, &flight);
	}
	if (r == 0) {
		flight->references++;
		seat->flight = flight;
		seat->waits = true;
		seat->next = flight->seats;
		if (seat->next)
			seat->next->previous = seat;
		flight->seats = seat;
	}
	pthread_mutex_unlock(&flights->lock);
	if (r != 0)
		fd_close(&seat->event);
	else if (seat->leader)
		flight_start(flight);
	return r;
}

int flight_wait(
	struct flight_seat *seat, struct fcgi_connection *connection, struct flight_state *state)
{
	struct flight *flight = seat->flight;
	struct pollfd fds[2] = {
		{.fd = seat->event, .events = POLLIN},
		{.fd = fcgi_connection_get_fd(connection), .events = POLLIN | POLLRDHUP},
	};
	for (;;) {
		eventfd_t count;
		eventfd_read(seat->event, &count);
		pthread_mutex_lock(&flight->flights->lock);
		seat->read = state->length;
		struct flight_state now = flight->state;
		pthread_mutex_unlock(&flight->flights->lock);
		if (now.ended != state->ended || now.length != state->length) {
			*state = now;
			return 0;
		}
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents) {
			int r = fcgi_connection_read(connection);
			if (r < 0 && r != -EAGAIN)
				return r;
		}
	}
}

static void stop_waiting(struct flight_seat *seat)
{
	if (seat->previous)
		seat->previous->next = seat->next;
	else
		seat->flight->seats = seat->next;
	if (seat->next)
		seat->next->previous = seat->previous;
}

void flight_leave(struct flight_seat *seat)
{
	struct flight *flight = seat->flight;
	if (!flight)
		return;
	struct flights *flights = flight->flights;
	pthread_mutex_lock(&flights->lock);
	if (seat->waits)
		stop_waiting(seat);
	if (!flight->seats && !flight->state.ended && !flight->refresh_id &&
		!(flight->plan->recipe->finish &&
			flight_store(flight->service, flight->plan->recipe))) {
		/* Who comes now must not be told of an end that is not its own. */
		unlist(flight);
		eventfd_write(flight->abandoned, 1);
	}
	struct flight *unused = drop(flight);
	pthread_mutex_unlock(&flights->lock);
	flight_free(unused);
	fd_close(&seat->event);
	seat->flight = NULL;
}

struct conversion *flight_get_conversion(const struct flight_seat *seat)
{
	return seat->flight->opened ? &seat->flight->conversion : NULL;
}

struct access_times flight_get_times(const struct flight_seat *seat)
{
	return seat->flight->times;
}

const struct progress *flight_get_progress(const struct flight_seat *seat)
{
	return &seat->flight->progress;
}

const char *flight_get_reason(const struct flight_seat *seat)
{
	return seat->flight->reason.data;
}
