/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_INTERNAL_H
#define SRC_DAEMON_INTERNAL_H

/*
 * What the files of the server share. server.c starts and ends the daemon and runs the loop,
 * dispatch.c decides where a complete request goes, life.c handles signals, reloads and successors,
 * ready.c has the line that the start ends with. The calls go from server.c to the others. Main
 * thread, unless a function says otherwise.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "fcgi/loop.h"
#include "src/config/config.h"
#include "src/daemon/admin.h"
#include "src/daemon/listeners.h"
#include "src/daemon/notify.h"
#include "src/daemon/rebind.h"
#include "src/daemon/reload.h"
#include "src/daemon/upgrade.h"
#include "src/daemon/upkeep.h"
#include "src/request/service.h"

struct server {
	struct service service;
	struct fcgi_loop *loop;
	unsigned threads;	/* of the pool */
	unsigned extra_threads; /* in place of those that hang in the storage */
	struct pool *pool;	/* workers: one for each request that cannot be answered at once */
	struct admin *admin;
	struct config *config; /* in force; a reference */
	struct listeners listeners;
	struct rebind rebind; /* their files */
	struct cache *store;  /* that the memo knows of */
	struct upgrade upgrade;
	int signals;
	struct notify notify;
	struct upkeep *upkeep;
	struct leftovers *leftovers;
	struct reload *reload;
	bool stopping;
	uint64_t stop_deadline_ms;
	bool at_once; /* stop without waiting for the running requests */
};

/* ready.c: says in the log that the daemon serves, and where. Asks for names of users. */
void server_log_ready(const struct server *server);

/* dispatch.c */

/* For fcgi_loop_options.request; data: the server. */
void server_take_request(void *data, struct fcgi_connection *connection);

/* Answers requests whose look-up of the source hangs, and replaces their workers. To be called
 * after each round of the loop. */
void server_tend_storage(struct server *server);

/* life.c */

/* For reload_options.introduce; data: the service. Any thread. Checks that this system can do what
 * the configuration requires, and registers its recipes, so that their counters exist before the
 * first request. */
int server_introduce(void *data, const struct config *config);
/* Derives from the configuration how much work is accepted at once. */
void server_apply_limits(struct server *server);
/* For the loop; data: the server. */
void server_take_signal(void *data);
void server_take_reload(void *data);
/* For upgrade_begin; data: the server. */
void server_leave_to_successor(void *data, pid_t pid);

/* Opens a descriptor for the signals that the daemon handles, and blocks them. Returns 0 or
 * -errno. */
int server_open_signals(int *fd);

#endif
