/* SPDX-License-Identifier: MIT */
#ifndef SRC_ADMISSION_QUEUE_H
#define SRC_ADMISSION_QUEUE_H

/*
 * Who may run a converter now: slots of a recipe and of the whole daemon, memory, and a bounded
 * queue before them, in order of arrival. Lives as long as the daemon: a reload changes the
 * numbers, not who is in. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct admission;
struct admission_gate; /* a recipe's */

/* What a conversion takes while it runs. */
struct admission_cost {
	bool live;	 /* live streams have the recipe's slots only, not the daemon's */
	unsigned weight; /* of the daemon's slots; more than there are: runs alone */
	uint64_t memory_bytes;
	unsigned files; /* descriptors, beside those of its seat */
};

/* A slot that is held. */
struct admission_pass {
	struct admission_gate *gate; /* NULL: no slot */
	struct admission_cost share;
	uint64_t since_ms;
};

int admission_new(struct admission **out);
void admission_free(struct admission *admission);

/* Seats are for requests that wait, convert or send, whatever the queues say, because each has a
 * thread; without admission_set_places there is any number of them. False: none is free. */
void admission_set_places(struct admission *admission, unsigned places);
bool admission_take_place(struct admission *admission);
void admission_give_place(struct admission *admission);

/* How many descriptors all conversions together may take; kept: that much of it is out of reach
 * for live ones. Without it they are not counted. */
void admission_set_files(struct admission *admission, unsigned files, unsigned kept);

struct admission_request {
	const char *recipe;
	struct admission_cost share;
	unsigned slots;		     /* of the recipe */
	unsigned total_slots;	     /* of the daemon */
	uint64_t total_memory_bytes; /* 0: not counted */
	/* That much of it is out of reach for live ones: what one of the others needs, so that
	 * viewers never stop them. */
	uint64_t kept_memory_bytes;
	unsigned queue;	      /* waiting ones at most */
	uint64_t deadline_ms; /* of waiting */
	/* While waiting: this descriptor is watched, too, and `alive` is called when something
	 * happens there. NULL: nothing is. */
	int watch_fd;
	bool (*alive)(void *data);
	void *data;
};

enum {
	ADMISSION_E_FULL = 1, /* the queue */
	ADMISSION_E_TIMEOUT,
	ADMISSION_E_GONE, /* alive said no */
};

/* Waits for a slot. Returns 0 with *pass set, ADMISSION_E_*, or -errno. retry_after_s: for the two
 * refusals, from how fast the queue moved lately. */
int admission_enter(struct admission *admission, const struct admission_request *request,
	struct admission_pass *pass, unsigned *retry_after_s);
/* Whether admission_enter would say ADMISSION_E_FULL now; then sets *retry_after_s. */
bool admission_refuses(struct admission *admission, const struct admission_request *request,
	unsigned *retry_after_s);
/* How it stands now; recipe NULL: all of them together, `used` without live ones, as the
 * daemon's slots are, by their weights. A recipe that nobody has wanted yet
 * has zeros. */
struct admission_view {
	unsigned used, waiting;
};
struct admission_view admission_look(struct admission *admission, const char *recipe);

/* Frees the slot: the programs are gone. An empty pass is fine. */
void admission_leave(struct admission *admission, struct admission_pass *pass);

#endif
