/* SPDX-License-Identifier: MIT */
/* What befalls a running daemon: signals, another configuration, a successor, the end. A running
 * request notices none of it but the end. */
#include "src/daemon/internal.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "src/admission/limits.h"
#include "src/share/coalesce.h"
#include "src/request/memo.h"

void server_know_recipes(struct server *server)
{
	metrics_know(server->service.observer.metrics, "");
	for (size_t i = 0; i < server->config->recipe_count; i++)
		metrics_know(server->service.observer.metrics, server->config->recipes[i]->name);
}

void server_apply_capacity(struct server *server)
{
	unsigned long files = fd_raise_limit();
	struct limits capacity = limits_of(server->config, files);
	if (capacity.is_tight)
		log_warning("fewer conversions run at once than the configuration allows, for want "
			    "of descriptors: raise RLIMIT_NOFILE files=%lu connections=%u",
			files, capacity.connections);
	admission_set_places(server->service.admission, capacity.places);
	admission_set_files(server->service.admission, capacity.files, capacity.kept_files);
	sharing_limit(&server->service.sharing, capacity.share_table);
	pool_set_threads(server->pool, capacity.threads);
	fcgi_loop_set_connections(server->loop, capacity.connections);
	memo_reset(server->service.memo, server->config, server->service.sharing.cache);
}

/* All of it short: this is the loop. */
static void put_into_force(struct server *server, struct reload_result *result)
{
	struct config *before = server->config, *config = result->config;
	server->config = config;
	metrics_count(server->service.observer.metrics, METRICS_RELOADS);
	launcher_set(server->service.starter.launcher, result->wish);
	server_apply_capacity(server);
	reload_retire(server->reload, before);
	log_notice(
		"configuration reloaded file=%s recipes=%zu", config->file, config->recipe_count);
}

/* A broken configuration is refused, the old one stays. */
void server_take_reload(void *data)
{
	struct server *server = data;
	struct reload_result result;
	if (!reload_take(server->reload, &result))
		return;
	if (server->stopping) {
		launcher_wish_free(result.wish);
		if (result.config)
			reload_retire(server->reload, result.config);
		return;
	}
	if (result.config) {
		put_into_force(server, &result);
	} else {
		metrics_count(server->service.observer.metrics, METRICS_RELOADS_FAILED);
		log_error("configuration not reloaded, the old one stays file=%s",
			server->config->file);
	}
	/* Who has asked twice meanwhile waits for the second one. */
	if (!result.more)
		notify_ready(&server->notify);
}

void server_close_listeners(struct server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		listener_close(&server->listeners[i]);
	server->listener_count = 0;
}

static void begin_stopping(struct server *server)
{
	server->stopping = true;
	server->stop_deadline_ms = clock_now_ms() + server->config->shutdown_timeout_ms;
}

static void stop(struct server *server, const char *signal)
{
	if (server->stopping) {
		server->at_once = true;
		return;
	}
	log_notice("stopping after the running requests signal=%s connections=%u", signal,
		fcgi_loop_connections(server->loop));
	begin_stopping(server);
	notify_stopping(&server->notify);
	fcgi_loop_drain(server->loop);
	upgrade_stop(&server->upgrade);
	server_close_listeners(server);
}

void server_leave_to_successor(void *data, pid_t pid)
{
	struct server *server = data;
	log_notice("taken over, stopping after the running requests pid=%jd connections=%u",
		(intmax_t)pid, fcgi_loop_connections(server->loop));
	if (!server->stopping) {
		begin_stopping(server);
		notify_successor(&server->notify, pid);
		fcgi_loop_hand_over(server->loop, upgrade_give, &server->upgrade);
		server_close_listeners(server);
	}
	upgrade_left(&server->upgrade);
}

void server_take_signal(void *data)
{
	struct server *server = data;
	struct signalfd_siginfo info;
	while (read(server->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
			stop(server, info.ssi_signo == SIGTERM ? "TERM" : "INT");
		} else if (info.ssi_signo == SIGHUP && !server->stopping) {
			notify_reloading(&server->notify);
			reload_ask(server->reload);
		} else if (info.ssi_signo == SIGUSR1) {
			log_reopen();
		}
	}
}
