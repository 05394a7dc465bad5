/* SPDX-License-Identifier: MIT */
/*
 * What happens to a running daemon: signals, a new configuration, a successor, the end. Everything
 * here runs in the loop and must therefore be short. A running request keeps its configuration and
 * its connection through all of this; only the end of the daemon can interrupt it.
 */
#include "src/daemon/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "src/admission/limits.h"
#include "src/daemon/sandbox.h"
#include "src/daemon/memory_check.h"
#include "src/request/memo.h"
#include "src/request/storage.h"

int server_introduce(void *data, const struct config *config)
{
	const struct service *service = data;
	struct spawner *spawner = service->starter.spawner;
	int r = sandbox_check(spawner, config);
	if (r < 0)
		return r;
	sandbox_report(spawner, config);
	metrics_know(service->observer.metrics, "");
	for (size_t i = 0; i < config->recipe_count; i++)
		metrics_know(service->observer.metrics, config->recipes[i]->name);
	return 0;
}

void server_apply_limits(struct server *server)
{
	struct service *service = &server->service;
	unsigned long files = fd_raise_limit();
	struct limits limits = limits_of(server->config, files);
	if (limits.is_tight)
		log_warning("fewer conversions run at once than the configuration allows, because "
			    "there are too few descriptors: raise RLIMIT_NOFILE files=%lu "
			    "connections=%u",
			files, limits.connections);
	memory_check(server->config, service->starter.cgroup.limit_bytes);
	admission_set_places(service->admission, limits.places);
	admission_set_files(service->admission, limits.files, limits.kept_files);
	sharing_limit(&service->sharing, limits.shared_runs);
	server->threads = limits.threads;
	pool_set_threads(server->pool, server->threads + server->extra_threads);
	/* All workers may hang, and nearly as many that have taken their places. */
	storage_set_limit(service->storage, server->threads + server->threads / 2);
	fcgi_loop_set_connections(server->loop, limits.connections);
	memo_reset(service->memo, server->config, service->sharing.cache);
}

static void put_into_force(struct server *server, struct reload_result *result)
{
	struct config *before = server->config, *config = result->config;
	server->config = config;
	metrics_count(server->service.observer.metrics, METRICS_RELOADS);
	launcher_set(server->service.starter.launcher, result->wish);
	server_apply_limits(server);
	reload_retire(server->reload, before);
	log_notice(
		"configuration reloaded file=%s recipes=%zu", config->file, config->recipe_count);
}

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
	if (result.config)
		put_into_force(server, &result);
	if (result.failed) {
		metrics_count(server->service.observer.metrics, METRICS_RELOADS_FAILED);
		log_error("configuration not reloaded: it has errors, and the old one stays in "
			  "force file=%s",
			server->config->file);
	}
	/* The service manager hears of the end of the last reload that it has asked for. */
	if (!result.more)
		notify_ready(&server->notify);
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
	log_notice("stopping when the running requests have finished signal=%s connections=%u",
		signal, fcgi_loop_connections(server->loop));
	begin_stopping(server);
	notify_stopping(&server->notify);
	fcgi_loop_drain(server->loop);
	upgrade_stop(&server->upgrade);
	listeners_close(&server->listeners);
}

void server_leave_to_successor(void *data, pid_t pid)
{
	struct server *server = data;
	log_notice("a successor has taken over, stopping when the running requests have finished "
		   "pid=%jd connections=%u",
		(intmax_t)pid, fcgi_loop_connections(server->loop));
	if (!server->stopping) {
		begin_stopping(server);
		notify_successor(&server->notify, pid);
		fcgi_loop_hand_over(server->loop, upgrade_give, &server->upgrade);
		listeners_close(&server->listeners);
	}
	upgrade_left(&server->upgrade);
}

static void stop_on_term(struct server *server)
{
	stop(server, "TERM");
}

static void stop_on_int(struct server *server)
{
	stop(server, "INT");
}

static void reload_on_hup(struct server *server)
{
	if (server->stopping)
		return;
	notify_reloading(&server->notify);
	reload_ask(server->reload);
}

static void reopen_log_on_usr1(struct server *server)
{
	(void)server;
	log_reopen();
}

static const struct {
	uint32_t number;
	void (*take)(struct server *server);
} signals[] = {
	{SIGTERM, stop_on_term},
	{SIGINT, stop_on_int},
	{SIGHUP, reload_on_hup},
	{SIGUSR1, reopen_log_on_usr1},
};

int server_open_signals(int *fd)
{
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaddset(&set, (int)signals[i].number);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that reaches its limit is an error of one request */
	*fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

void server_take_signal(void *data)
{
	struct server *server = data;
	struct signalfd_siginfo info;
	while (read(server->signals, &info, sizeof info) == sizeof info)
		for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
			if (signals[i].number == info.ssi_signo)
				signals[i].take(server);
}
