/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_UPGRADE_H
#define SRC_DAEMON_UPGRADE_H

/*
 * The hot upgrade (`--take-over`): one daemon takes the sockets of its predecessor, and gives them
 * to its own successor later. handover.h has the protocol. Main thread, in the loop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fcgi/loop.h"
#include "src/config/config.h"
#include "src/daemon/listeners.h"
#include "src/daemon/notify.h"

/* A daemon that has asked for the sockets and is not ready yet. There may be several, so that one
 * that hangs does not keep the next one out. */
struct candidate {
	struct upgrade *upgrade; /* NULL: this entry is free */
	int channel;
	pid_t pid;
	uint64_t until_ms; /* it has to be ready by then */
};

enum { UPGRADE_CANDIDATES = 4, UPGRADE_READY_MS = 30000 };

struct upgrade {
	struct fcgi_loop *loop;
	struct listeners *listeners;
	struct notify *notify;
	void *data;
	void (*leave)(void *data, pid_t successor);
	int predecessor; /* its channel, until it has handed over its last connection; else -1 */
	int control;	 /* where successors ask; -1: nowhere */
	int successor;	 /* the channel to the daemon that serves now; -1: none */
	struct candidate candidates[UPGRADE_CANDIDATES];
	uint64_t quiet_until_ms; /* no refusal is logged before */
};

#define UPGRADE_NONE                                                                               \
	{                                                                                          \
		.predecessor = -1, .control = -1, .successor = -1                                  \
	}

/* Takes the sockets of the daemon that listens on address. That daemon goes on serving until
 * upgrade_begin. One that is starting is waited for, ten seconds at most. Fills listeners, and
 * notify if the predecessor has a socket of the service manager. Returns 0, HANDOVER_E_ABSENT when
 * there is no such daemon, or -errno, which is logged. */
int upgrade_take(struct upgrade *upgrade, const char *address, const struct config *config,
	struct listeners *listeners, struct notify *notify);

/* Listens for successors, who find the daemon by the file of its first socket; again, when that
 * file is another one. */
void upgrade_listen(struct upgrade *upgrade);

/* This daemon is ready: its predecessor, if any, stops now, and from here on successors can ask.
 * The pointers are borrowed until upgrade_end. leave(data, pid) is called at most once, when the
 * process pid has become ready to serve in this daemon's place: it stops accepting, leaves the
 * listeners' files alone, and calls upgrade_left. Returns 0, or -errno, which is logged, when the
 * predecessor has kept the sockets and this daemon has to end. */
int upgrade_begin(struct upgrade *upgrade, struct fcgi_loop *loop, struct listeners *listeners,
	struct notify *notify, void *data, void (*leave)(void *data, pid_t successor));

/* Gives up candidates that are not ready in time, unless the daemon stops. Returns when the next
 * one is due (clock_now_ms), or CLOCK_NEVER. */
uint64_t upgrade_tend(struct upgrade *upgrade);

/* The listeners are closed: the successor may begin. */
void upgrade_left(struct upgrade *upgrade);
/* For fcgi_loop_hand_over; data: the upgrade. */
int upgrade_give(void *data, int fd);

/* The daemon stops: no further successor can ask. One that has asked already keeps the sockets. */
void upgrade_stop(struct upgrade *upgrade);
/* Closes what is open. Has to be called before the listeners are closed, because their files stay
 * when they still belong to the predecessor. */
void upgrade_end(struct upgrade *upgrade);

#endif
