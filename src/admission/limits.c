/* SPDX-License-Identifier: MIT */
/* The numbers of descriptors below are what each thing holds at its worst.
 * tests/scenario/test_capacity.py counts them in /proc: a change here needs a change there. The
 * descriptors that are left are for idle connections.
 *
 * A process with few descriptors has no more connections than places. A request then waits in the
 * backlog of the listening socket until it is accepted, and has a place; with more connections it
 * would be accepted and refused. */
#include "src/admission/limits.h"

#include <string.h>

#include "base/clock.h"

enum {
	PLACES_MIN = 8,
	PLACES_MAX = 4096,
	SENDERS = 128,	/* places for requests that send after their conversion */
	READERS = 1024, /* places for requests that send from the cache */
	ENDING = 64,	/* shared runs without a slot: they keep their result, or fail */
	CHEAP_MIN = 8,	/* threads for requests without a place */
	CHEAP_MAX = 32,
	CONNECTIONS_MIN = 16,

	FEW_FILES = 512, /* fewer than that are few; confinement.c keeps fewer open then */
	FEW_CHEAP_MIN = 2,
	/* As FILES_DAEMON, without the directories, and with one listener and one thing of those
	 * that may happen: an answer of the admin endpoint, a reload, a log that is opened again.
	 * What then has no descriptor is tried again. */
	FEW_FILES_DAEMON = 36,

	/* Descriptors. The daemon itself has 45 to 50 when idle: half of them are directories that
	 * jobs may read, of which there can be 14 more. Then come 15 more listeners, 18 for
	 * the removal of a tree, the four threads of the admin endpoint, a reload with its
	 * included files, a log that is opened again, and a successor. */
	FILES_DAEMON = 120,
	/* A holder: its pidfd and socket, those of its standby, and the same of the holder that
	 * replaces it. */
	FILES_PROGRAM = 8,
	/* A request without a place: root and source. */
	FILES_CHEAP = 2,
	/* A place, beside its connection. Waiting: source and event. Sending: the pipe with the
	 * result and two ends of record_pipe, or file and event. A hit: source, file, and the root
	 * for a moment. */
	FILES_PLACE = 3,
	/* A shared run, beside the places of its waiters. Queued: source, the event by which it is
	 * abandoned, the event of admission. At its end: the second of these, the file, a
	 * directory of the store. */
	FILES_SHARED_RUN = 3,
	/* A conversion, beside its place or shared run. Running: pipe (two ends), stderr, epoll
	 * set, two files (a full one and the one that follows it) or two ends of record_pipe, and
	 * three to look into its directory. While its programs start it is nine as well: both ends
	 * of the pipes of stderr and of the output, three ends of pipes between programs, the
	 * source opened again, a set of rules. */
	FILES_CONVERSION = 9,
	/* Each of its programs: the pidfd. A holder that was replaced stays until its last job
	 * ends, with pidfd and socket. */
	FILES_JOB = 3,
};

static unsigned long bounded(unsigned long value, unsigned long min, unsigned long max)
{
	return value > max || min > max ? max : value < min ? min : value;
}

static unsigned long smaller(unsigned long a, unsigned long b)
{
	return a < b ? a : b;
}

static unsigned long larger(unsigned long a, unsigned long b)
{
	return a > b ? a : b;
}

static unsigned files_of(const struct recipe *recipe)
{
	return FILES_CONVERSION + FILES_JOB * (unsigned)template_program_count(recipe->template);
}

/* What the configuration asks for, whether or not there are enough descriptors. */
struct wishes {
	unsigned long slots;	   /* conversions at once */
	unsigned long queues;	   /* requests that wait for a slot */
	unsigned long shared_runs; /* running and waiting; refreshes included */
	unsigned long programs;	   /* held programs */
	unsigned long files;	   /* of all conversions at once */
	unsigned long whole,
		largest; /* of one conversion: the largest that is not live, and of all */
};

static bool is_same_program(const struct recipe *a, size_t i, const struct recipe *b, size_t j)
{
	return a->program_paths[i] && b->program_paths[j] &&
	       !strcmp(a->program_paths[i], b->program_paths[j]) &&
	       !strcmp(template_program_name(a->template, i),
		       template_program_name(b->template, j));
}

/* A holder serves all recipes that run its program in the same environment. A recipe with variables
 * of its own counts as one with a holder of its own. */
static bool is_held_for_another(const struct config *config, size_t recipe, size_t program)
{
	const struct recipe *own = config->recipes[recipe];
	if (own->env[0])
		return false;
	for (size_t i = 0; i < recipe; i++) {
		const struct recipe *other = config->recipes[i];
		if (other->start != RECIPE_WARM || other->env[0] || other->threads != own->threads)
			continue;
		for (size_t j = 0; j < template_program_count(other->template); j++)
			if (is_same_program(own, program, other, j))
				return true;
	}
	return false;
}

static struct wishes wishes_of(const struct config *config)
{
	struct wishes wishes = {0};
	unsigned long whole = 0, live = 0, live_files = 0;
	bool refreshes = false;
	for (size_t i = 0; i < config->recipe_count; i++) {
		const struct recipe *recipe = config->recipes[i];
		unsigned long files = files_of(recipe);
		wishes.queues += recipe->queue;
		wishes.largest = larger(files, wishes.largest);
		if (recipe->response == RECIPE_LIVE) {
			live += recipe->slots;
			live_files += files * recipe->slots;
		} else {
			whole += recipe->slots;
			wishes.whole = larger(files, wishes.whole);
		}
		if (recipe->join)
			wishes.shared_runs += recipe->slots + recipe->queue;
		refreshes |= recipe->stale_ms > 0;
		for (size_t j = 0; j < template_program_count(recipe->template); j++)
			wishes.programs +=
				recipe->start == RECIPE_WARM && !is_held_for_another(config, i, j);
	}
	whole = smaller(whole, config->slots);
	wishes.slots = whole + live;
	wishes.files = wishes.whole * whole + live_files;
	if (refreshes)
		wishes.shared_runs += config->slots;
	if (wishes.shared_runs > 0)
		wishes.shared_runs += ENDING;
	return wishes;
}

/* Descriptors that a request needs beside those of its conversion. */
static unsigned long files_of_place(const struct wishes *wishes)
{
	return FILES_PLACE + 1 + (wishes->shared_runs > 0 ? FILES_SHARED_RUN : 0);
}

static struct limits limits_of_few(
	const struct config *config, struct wishes wishes, unsigned long files)
{
	unsigned long cheap = larger(files / 32, FEW_CHEAP_MIN);
	unsigned long used = FEW_FILES_DAEMON + FILES_CHEAP * cheap;
	const unsigned long each = files_of_place(&wishes);
	const unsigned long needed = used + wishes.largest + each;
	bool hold = needed + FILES_PROGRAM * wishes.programs <= files - files / 8;
	used += hold ? FILES_PROGRAM * wishes.programs : 0;
	unsigned long room = files > used ? files - used : 0;
	unsigned long conversions = larger(smaller(wishes.files, room / 2), wishes.largest);
	unsigned long places = room > conversions ? (room - conversions) / each : 0;
	places = bounded(places, 1, smaller(PLACES_MAX, config->connections));
	unsigned long shared_runs = smaller(wishes.shared_runs, places);
	used += conversions + each * places;
	return (struct limits){
		.places = (unsigned)places,
		.threads = (unsigned)(places + cheap),
		.shared_runs = (unsigned)shared_runs,
		.files = (unsigned)conversions,
		.kept_files = (unsigned)wishes.whole,
		.connections = (unsigned)places,
		.descriptors = smaller(used, files),
		.is_tight = conversions < wishes.files,
		.hold = hold,
		.needed = needed,
	};
}

struct limits limits_of(const struct config *config, unsigned long files)
{
	const struct wishes wishes = wishes_of(config);
	if (files < FEW_FILES)
		return limits_of_few(config, wishes, files);
	unsigned long cheap = bounded(files / 32, CHEAP_MIN, CHEAP_MAX);
	unsigned long used = FILES_DAEMON + FILES_CHEAP * cheap + FILES_PROGRAM * wishes.programs;
	/* A quarter of the descriptors is for idle connections. */
	unsigned long room = files / 4 * 3 > used ? files / 4 * 3 - used : 0;
	/* Conversions get at most half of the rest: the other half is for requests that wait. */
	unsigned long conversions = larger(smaller(wishes.files, room / 2), wishes.largest);
	used += conversions;
	room = room > conversions ? room - conversions : 0;
	unsigned long shared_runs =
		smaller(wishes.shared_runs, room / (FILES_PLACE + 1 + FILES_SHARED_RUN));
	shared_runs = larger(shared_runs, smaller(wishes.shared_runs, PLACES_MIN));
	unsigned long left =
		room > FILES_SHARED_RUN * shared_runs ? room - FILES_SHARED_RUN * shared_runs : 0;
	unsigned long places =
		wishes.slots + wishes.queues + SENDERS + (config->cache_path ? READERS : 0);
	places = bounded(places, PLACES_MIN, PLACES_MAX);
	places = larger(smaller(places, left / (FILES_PLACE + 1)), PLACES_MIN);
	used += FILES_PLACE * places + FILES_SHARED_RUN * shared_runs;
	unsigned long connections =
		bounded(files > used ? files - used : 0, CONNECTIONS_MIN, config->connections);
	return (struct limits){
		.places = (unsigned)places,
		.threads = (unsigned)(places + cheap),
		.shared_runs = (unsigned)shared_runs,
		.files = (unsigned)conversions,
		.kept_files = (unsigned)wishes.whole,
		.connections = (unsigned)connections,
		.descriptors = smaller(used + connections, files),
		.is_tight = conversions < wishes.files || used + CONNECTIONS_MIN > files,
		.hold = true,
	};
}

struct admission_request limits_request(const struct config *config, const struct recipe *recipe)
{
	return (struct admission_request){
		.recipe = recipe->name,
		.cost =
			{
				.live = recipe->response == RECIPE_LIVE,
				.weight = recipe->weight,
				.memory_bytes = recipe_memory(recipe),
				.files = files_of(recipe),
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

enum outcome limits_outcome(int r, const char *gone, struct text *reason)
{
	switch (r) {
	case 0:
		return OUTCOME_OK;
	case ADMISSION_E_FULL:
		text_puts(reason, "the queue is full");
		return OUTCOME_QUEUE_FULL;
	case ADMISSION_E_TIMEOUT:
		text_puts(reason, "no slot became free within queue_timeout");
		return OUTCOME_QUEUE_TIMEOUT;
	case ADMISSION_E_GONE:
		text_puts(reason, gone);
		return OUTCOME_CLIENT_GONE;
	default:
		text_printf(reason, "admission: %s", strerror(-r));
		return outcome_from_error(r);
	}
}
