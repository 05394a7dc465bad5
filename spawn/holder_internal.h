/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_HOLDER_INTERNAL_H
#define SPAWN_HOLDER_INTERNAL_H

/*
 * What holder.c (its life), holder_messages.c (what it sends) and holder_start.c (jobs) share.
 *
 * The conversation with the process, that is all below `missed`, belongs to one thread at a time:
 * the one that has entered. `lock` guards `busy` and `missed` alone and is never held while
 * something is waited for. The rest is the main thread's; `state` and `greeted` are written by the
 * thread that has entered.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spawn/holder.h"
#include "spawn/protocol.h"

struct standby {
	pid_t pid;
	int pidfd; /* -1: there is none */
	int socket;
	bool namespaced;
};

struct holder {
	unsigned number;
	int epoll;
	const struct confinement *confinement;
	pid_t pid;
	int pidfd; /* -1: it has been reaped */
	enum holder_state state;
	bool retired;
	bool greeted; /* READY has come; it is ready with its first standby */
	char note[PROTOCOL_NOTE_MAX];

	pthread_mutex_t lock;
	pthread_cond_t idle;
	bool busy;   /* a thread has entered */
	bool missed; /* and another could not meanwhile */
	int socket;
	struct standby standby;
	uint32_t sequence;
	struct protocol_packet packet;
};

enum { HOLDER_NOT_AT_ALL = 0, HOLDER_HOWEVER_LONG = -1 };

/* Gets the conversation for the calling thread alone. False: not within the time. */
bool holder_enter(struct holder *holder, int wait_ms);
void holder_leave(struct holder *holder);

/* The following: by the thread that has entered. */

/* Takes one message, if there is one within the time. */
bool holder_take_message(struct holder *holder, int timeout_ms);

/* Takes all messages that there are. A holder that sends more than its socket can hold is killed.
 */
void holder_take_messages(struct holder *holder);

/* Kills and reaps the standby, if there is one. */
void holder_end_standby(struct holder *holder);

bool holder_is_readable(int fd, int timeout_ms);

void holder_watch(const struct holder *holder, int fd, uint32_t flags);
/* Not left to close(2): a duplicate of the descriptor elsewhere would keep it in the set. */
void holder_unwatch(int epoll, int fd);

#endif
