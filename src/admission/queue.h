/* SPDX-License-Identifier: MIT */
#ifndef SRC_ADMISSION_QUEUE_H
#define SRC_ADMISSION_QUEUE_H

/*
 * Admission: the concurrency limits. A conversion needs a slot of its recipe, a slot of the daemon,
 * memory and descriptors; until it has them it waits in a bounded queue, in order of arrival. One
 * object lives as long as the daemon: a reload changes the numbers, and what runs goes on. Any
 * thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct admission;
struct admission_gate; /* the slots and the queue of one recipe */

/* What a conversion takes while it runs. */
struct admission_cost {
	bool live;	 /* live conversions only take slots of their recipe */
	unsigned weight; /* slots of the daemon; with more than there are it runs alone */
	uint64_t memory_bytes;
	unsigned files; /* descriptors, beside those of its place */
};

/* A slot that is held. */
struct admission_pass {
	struct admission_gate *gate; /* NULL: no slot */
	struct admission_cost cost;
	uint64_t since_ms;
};

/* Returns 0 or -ENOMEM. */
int admission_new(struct admission **out);
/* NULL is fine. */
void admission_free(struct admission *admission);

/* A place is for a request that waits, converts or sends: each of these keeps a thread. There are
 * fewer places than threads, so that requests without a conversion always find one. Without
 * admission_set_places there is no limit. admission_take_place returns false when no place is
 * free. */
void admission_set_places(struct admission *admission, unsigned places);
bool admission_take_place(struct admission *admission);
void admission_give_place(struct admission *admission);

/* How many descriptors all conversions together may take. Live ones leave `kept` of them to the
 * others. Without this call they are not counted. */
void admission_set_files(struct admission *admission, unsigned files, unsigned kept);

struct admission_request {
	const char *recipe;
	struct admission_cost cost;
	unsigned slots;		     /* of the recipe */
	unsigned total_slots;	     /* of the daemon */
	uint64_t total_memory_bytes; /* 0: not counted */
	/* Live conversions leave that much memory to the others, so that viewers of streams never
	 * stop thumbnails. */
	uint64_t kept_memory_bytes;
	unsigned queue;	      /* how many may wait */
	uint64_t deadline_ms; /* of waiting */
	/* While the request waits, `alive` is called when something happens at watch_fd. It returns
	 * false when the request should stop waiting. NULL: not called. */
	int watch_fd;
	bool (*alive)(void *data);
	void *data;
};

enum {
	ADMISSION_E_FULL = 1, /* the queue */
	ADMISSION_E_TIMEOUT,
	ADMISSION_E_GONE, /* alive returned false */
};

/* Waits for a slot. Returns 0 with *pass set, ADMISSION_E_*, or -errno. *retry_after_s is set with
 * FULL and TIMEOUT, from the recent speed of the queue. */
int admission_enter(struct admission *admission, const struct admission_request *request,
	struct admission_pass *pass, unsigned *retry_after_s);

/* Whether admission_enter would return ADMISSION_E_FULL now; sets *retry_after_s then. */
bool admission_refuses(struct admission *admission, const struct admission_request *request,
	unsigned *retry_after_s);

/* Gives the slot back, after the programs have ended. An empty pass is fine. */
void admission_leave(struct admission *admission, struct admission_pass *pass);

struct admission_view {
	unsigned used, waiting;
};
/* The slots and the queue now. recipe NULL: all recipes together; `used` is in slots of the daemon
 * then, without live conversions. A recipe that was never requested has zeros. */
struct admission_view admission_look(struct admission *admission, const char *recipe);

#endif
