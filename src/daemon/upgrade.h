/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_UPGRADE_H
#define SRC_DAEMON_UPGRADE_H

/*
 * A daemon's place in the line of those that serve on one socket (`--take-over`): whom it has
 * followed, and who follows it. What is said meanwhile: handover.h. Main thread, in the loop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fcgi/listener.h"
#include "fcgi/loop.h"
#include "src/config/config.h"
#include "src/daemon/notify.h"

/* A daemon that has asked for the sockets, and is not ready yet. Several at once: one that hangs
 * must not keep the next one out. */
struct candidate {
	struct upgrade *upgrade; /* NULL: none */
	int channel;
	pid_t pid;
	uint64_t until_ms; /* it is waited for */
};

enum { UPGRADE_CANDIDATES = 4, UPGRADE_READY_MS = 30000 };

struct upgrade {
	struct fcgi_loop *loop;
	struct listener *listeners;
	size_t *listener_count;
	struct notify *notify;
	void *data;
	void (*leave)(void *data, pid_t successor);
	int predecessor; /* channel to whom we have followed, as long as it has connections to give
			  */
	int control;	 /* where successors ask */
	int successor;	 /* channel to the one that serves now, once we have left */
	struct candidate candidates[UPGRADE_CANDIDATES];
	bool left;
	uint64_t quiet_until_ms; /* refusals are not logged before */
};

#define UPGRADE_NONE                                                                               \
	{                                                                                          \
		.predecessor = -1, .control = -1, .successor = -1                                  \
	}

/* Takes the sockets of the daemon that listens on address, which goes on serving until
 * upgrade_begin. Fills listeners, *count and, when the service manager is to be told over its
 * socket, notify. Returns 0, HANDOVER_E_NOBODY when nobody listens there who can be asked, or
 * -errno, which is logged. */
int upgrade_take(struct upgrade *upgrade, const char *address, const struct config *config,
	struct listener *listeners, size_t *count, struct notify *notify);

/* This daemon is ready: its predecessor, if any, leaves now, and successors may ask from here on.
 * The pointers are borrowed until upgrade_end. leave(data, pid): the process pid serves in our
 * place; whoever is called notes accepting, without touching the listeners' files, and calls
 * upgrade_left. Not called twice. Returns 0, or -errno, logged: the predecessor has not
 * waited, and this daemon has to end. */
int upgrade_begin(struct upgrade *upgrade, struct fcgi_loop *loop, struct listener *listeners,
	size_t *count, struct notify *notify, void *data,
	void (*leave)(void *data, pid_t successor));

/* Gives up candidates that take too long; returns when it is due next (clock_now_ms), or
 * CLOCK_NEVER. */
uint64_t upgrade_tend(struct upgrade *upgrade);

/* The listeners are closed: the successor may begin. */
void upgrade_left(struct upgrade *upgrade);
/* For fcgi_loop_hand_over; data: the upgrade. */
int upgrade_give(void *data, int fd);

/* Nobody follows any more: the daemon notes. Somebody who has asked already keeps the sockets. */
void upgrade_stop(struct upgrade *upgrade);
/* Closes what is open. The listeners' files stay when they are the predecessor's still. Before
 * the listeners are closed. */
void upgrade_end(struct upgrade *upgrade);

#endif
