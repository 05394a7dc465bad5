/* SPDX-License-Identifier: MIT */
/*
 * The daemon starts in this order: what needs privileges (log and sockets), then the change of
 * user, then the spawner, then the sandbox, then threads. After that the main thread runs the loop
 * and does nothing that could wait.
 */
#include "src/daemon/server.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/reach.h"
#include "base/text.h"
#include "src/admission/limits.h"
#include "src/convert/leftovers.h"
#include "src/convert/prefork.h"
#include "src/daemon/handover.h"
#include "src/daemon/internal.h"
#include "src/daemon/preflight.h"
#include "src/daemon/rights.h"
#include "src/daemon/sandbox.h"
#include "src/daemon/user.h"
#include "src/request/memo.h"
#include "src/request/storage.h"

enum { DRAIN_LOOK_MS = 20 };

/* In a worker thread. */
static void tend_memo(void *data, void *item)
{
	struct memo *memo = item;
	(void)data;
	memo_tend(memo);
}

/* In a worker thread: the file system may let it wait. */
static void tend_store(void *data, void *item)
{
	(void)data;
	sharing_tend(item);
}

static void log_open_failure(const char *where, int r)
{
	char buffer[1024];
	struct text problem;
	text_init(&problem, buffer, sizeof buffer);
	if (where[0] != '/' || reach_directory_of(where, W_OK | X_OK, &problem))
		text_error(&problem, -r);
	log_error("cannot open the log %s: %s", where, problem.data);
}

static int open_log(const struct config *config)
{
	int r = log_open(config->log, config->log_format);
	if (r < 0)
		log_open_failure(config->log, r);
	return r;
}

static int open_listeners(struct server *server, const char *given, bool take_over)
{
	const struct config *config = server->config;
	const char *address = given ? given : config->listen;
	if (address && take_over) {
		int r = upgrade_take(
			&server->upgrade, address, config, &server->listeners, &server->notify);
		if (r != HANDOVER_E_ABSENT)
			return r;
		log_notice("there is no daemon to take over from on %s: starting without one",
			address);
	}
	return listeners_open(&server->listeners, given, config->listen, config->socket_mode);
}

/* The main thread starts these holders. The threads of upkeep.c start those that replace them. */
static int start_holders(struct server *server)
{
	const struct starter *starter = &server->service.starter;
	struct launcher_wish *wish = NULL;
	const struct limits limits = limits_of(server->config, fd_raise_limit());
	if (!limits.hold)
		log_notice("too few descriptors for held programs: all programs start cold");
	int r = prefork_wish(server->config, starter->temp.dir, limits.hold, &wish);
	if (r < 0)
		return r;
	launcher_set(starter->launcher, wish);
	launcher_tend(starter->launcher);
	return 0;
}

static int enter_sandbox(const struct server *server)
{
	const struct service *service = &server->service;
	const char *paths[LISTENER_MAX + 1];
	listeners_get_paths(&server->listeners, paths);
	return sandbox_enter(
		&service->starter, server->config, service->sharing.cache != NULL, paths);
}

static int open_reload(struct server *server)
{
	const struct reload_options options = {
		.file = server->config->file,
		.temp_dir = server->service.starter.temp.dir,
		.started = server->config,
		.data = &server->service,
		.introduce = server_introduce,
	};
	return reload_new(&options, &server->reload);
}

static int open_loop(struct server *server)
{
	const struct config *config = server->config;
	struct fcgi_loop_options options = {
		.connections_max = config->connections,
		.request_timeout_ms = config->request_timeout_ms,
		.data = server,
		.request = server_take_request,
	};
	int r = fcgi_loop_new(&options, &server->loop);
	if (r == 0)
		r = fcgi_loop_watch(server->loop, server->signals, server_take_signal, server);
	if (r == 0)
		r = open_reload(server);
	if (r == 0)
		r = fcgi_loop_watch(
			server->loop, reload_get_fd(server->reload), server_take_reload, server);
	for (size_t i = 0; i < server->listeners.count && r == 0; i++)
		r = fcgi_loop_listen(server->loop, server->listeners.at[i].fd);
	return r;
}

static int open_threads(struct server *server)
{
	int r = log_start();
	if (r == 0)
		r = pool_new(1, &server->pool);
	if (r == 0)
		r = memo_new(&server->service.memo);
	if (r == 0)
		r = storage_new(&server->service.storage);
	if (r == 0)
		r = open_loop(server);
	if (r == 0)
		r = admin_new(&server->service, server->loop, &server->admin);
	if (r == 0) {
		server_apply_limits(server);
		launcher_settle(server->service.starter.launcher);
		r = upkeep_new(&server->service.starter, server->service.observer.metrics,
			&server->upkeep);
	}
	if (r == 0)
		r = leftovers_begin(server->config->temp_path, &server->leftovers);
	return r;
}

/* A daemon that cannot serve one request at a time would only let its clients wait. */
static int check_descriptors(const struct config *config, unsigned long files)
{
	struct limits limits = limits_of(config, files);
	if (limits.needed <= files)
		return 0;
	log_error("cannot start: %lu descriptors may be open, and one request needs %lu with this "
		  "configuration: raise LimitNOFILE of the unit, or `ulimit -n`",
		files, limits.needed);
	return -EMFILE;
}

/* What may need the privileges of root. */
static int open_privileged(struct server *server, const char *listen, bool take_over)
{
	const struct config *config = server->config;
	const unsigned long files = fd_raise_limit();
	fd_reserve(limits_of(config, files).descriptors);
	notify_open(&server->notify);
	int r = open_log(config);
	if (r == 0)
		r = check_descriptors(config, files);
	if (r == 0)
		r = preflight_check();
	if (r == 0)
		r = open_listeners(server, listen, take_over);
	if (r == 0)
		r = user_become(config, &server->listeners);
	if (r == 0)
		rights_report(config);
	return r;
}

static int open_all(struct server *server, const char *listen, bool take_over)
{
	struct service *service = &server->service;
	int r = open_privileged(server, listen, take_over);
	if (r != 0)
		return r;
	r = server_open_signals(&server->signals);
	if (r == 0)
		r = service_open(service, server->config->temp_path);
	if (r < 0) {
		log_error("cannot start with the temporary directory %s: %s",
			server->config->temp_path, strerror(-r));
		return r;
	}
	r = server_introduce(service, server->config);
	if (r < 0)
		return r;
	sharing_open(&service->sharing, server->config);
	r = start_holders(server);
	if (r == 0)
		r = enter_sandbox(server);
	if (r == 0)
		r = open_threads(server);
	if (r < 0)
		log_error("cannot start: %s", strerror(-r));
	return r;
}

/* Ends without waiting for any request. The spawner kills the jobs and removes the temporary
 * directory; the holders end with this thread. */
_Noreturn static void leave_at_once(struct server *server)
{
	log_notice("stopped without waiting for the running requests");
	upgrade_end(&server->upgrade);
	listeners_close(&server->listeners);
	upkeep_abandon(server->upkeep);
	leftovers_abandon(server->leftovers);
	spawner_stop(server->service.starter.spawner);
	log_stop();
	_exit(0);
}

/* When the loop has to return at the latest. */
static uint64_t next_deadline(struct server *server)
{
	const uint64_t dues[] = {
		notify_tend(&server->notify),
		upgrade_tend(&server->upgrade),
		memo_due(server->service.memo),
		storage_due(server->service.storage),
		sharing_due(&server->service.sharing),
		server->stopping ? CLOCK_NEVER
				 : rebind_tend(&server->rebind, &server->listeners, server->loop,
					   &server->upgrade),
	};
	uint64_t deadline = server->stopping ? clock_now_ms() + DRAIN_LOOK_MS : CLOCK_NEVER;
	for (size_t i = 0; i < sizeof dues / sizeof *dues; i++)
		if (dues[i] < deadline)
			deadline = dues[i];
	return deadline;
}

/* A store that was not there at the start may be there now. */
static void look_after_store(struct server *server)
{
	struct sharing *sharing = &server->service.sharing;
	struct cache *store = sharing->cache;
	if (!server->stopping && sharing_take(sharing) &&
		pool_submit(server->pool, tend_store, NULL, sharing) < 0)
		sharing_put_off(sharing);
	if (store != server->store)
		memo_reset(server->service.memo, server->config, store);
	server->store = store;
}

static int loop(struct server *server)
{
	struct memo *memo = server->service.memo;
	int r = upgrade_begin(&server->upgrade, server->loop, &server->listeners, &server->notify,
		server, server_leave_to_successor);
	if (r < 0)
		return r;
	rebind_begin(&server->rebind, &server->listeners);
	server_log_ready(server);
	notify_ready(&server->notify);
	for (;;) {
		r = fcgi_loop_run(server->loop, next_deadline(server));
		if (memo_is_due(memo) && pool_submit(server->pool, tend_memo, NULL, memo) < 0)
			memo_put_off(memo);
		look_after_store(server);
		if (r < 0) {
			log_error("the loop cannot go on: %s", strerror(-r));
			leave_at_once(server);
		}
		server_tend_storage(server);
		bool done = server->stopping && fcgi_loop_connections(server->loop) == 0;
		/* A worker that hangs in the storage cannot be waited for. */
		if (done && storage_look(server->service.storage).hanging > 0)
			leave_at_once(server);
		if (done)
			return 0;
		if (server->at_once ||
			(server->stopping && clock_now_ms() >= server->stop_deadline_ms))
			leave_at_once(server);
	}
}

/* The reload's thread and the workers use the service, so they end first. */
static void close_all(struct server *server)
{
	reload_free(server->reload);
	pool_free(server->pool);
	admin_free(server->admin);
	fcgi_loop_free(server->loop);
	sharing_close(&server->service.sharing);
	leftovers_end(server->leftovers);
	upkeep_free(server->upkeep);
	memo_free(server->service.memo);
	storage_free(server->service.storage);
	service_close(&server->service);
	upgrade_end(&server->upgrade);
	listeners_close(&server->listeners);
	fd_close(&server->signals);
	notify_close(&server->notify);
	config_unref(server->config);
}

int server_run(struct config *config, const char *listen, bool take_over)
{
	struct server server = {.config = config,
		.signals = -1,
		.notify.fd = -1,
		.upgrade = UPGRADE_NONE,
		.service.starter = STARTER_NONE};
	int r = open_all(&server, listen, take_over);
	if (r == 0)
		r = loop(&server);
	close_all(&server);
	if (r == 0)
		log_notice("stopped");
	log_stop();
	return r == 0 ? 0 : 1;
}
