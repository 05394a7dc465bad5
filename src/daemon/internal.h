/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_INTERNAL_H
#define SRC_DAEMON_INTERNAL_H

/* What server.c, the start and the loop, and server_life.c, what happens meanwhile, share. Main
 * thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/listener.h"
#include "fcgi/loop.h"
#include "src/config/config.h"
#include "base/pool.h"
#include "src/daemon/admin.h"
#include "src/daemon/notify.h"
#include "src/daemon/reload.h"
#include "src/daemon/upgrade.h"
#include "src/daemon/upkeep.h"
#include "src/request/service.h"

struct server {
	struct service service;
	struct fcgi_loop *loop;
	struct pool *pool;
	struct admin *admin;
	struct config *config;
	struct listener listeners[LISTENER_MAX];
	size_t listener_count;
	struct upgrade upgrade;
	int signals;
	struct notify notify;
	struct upkeep *upkeep;
	struct reload *reload;
	bool stopping;
	uint64_t stop_deadline_ms;
	bool at_once;
};

/* What can be counted is there from the start. */
void server_know_recipes(struct server *server);
/* How much is taken on at once follows the configuration. */
void server_apply_capacity(struct server *server);
void server_close_listeners(struct server *server);
/* For the loop; data: the server. */
void server_take_signal(void *data);
void server_take_reload(void *data);
/* For upgrade_begin. */
void server_leave_to_successor(void *data, pid_t pid);

#endif
