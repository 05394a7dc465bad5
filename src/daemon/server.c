/* SPDX-License-Identifier: MIT */
/* The main thread runs the loop and nothing else that could take time. Order at the start: what
 * needs privileges (sockets, log), then the user, then the spawner, then threads. */
#include "src/daemon/server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "src/admission/limits.h"
#include "src/share/coalesce.h"
#include "src/request/memo.h"
#include "src/request/request.h"
#include "src/daemon/sandbox.h"
#include "src/daemon/handover.h"
#include "src/daemon/internal.h"
#include "src/daemon/user.h"
#include "src/source/source.h"
#include "src/convert/prefork.h"

enum { DRAIN_LOOK_MS = 20 };

/* In a worker's thread. */
static void serve(void *data, void *item)
{
	struct server *server = data;
	struct request *request = item;
	struct fcgi_connection *connection = request_get_connection(request);
	request_serve(request);
	bool keep = request_end(request) && fcgi_connection_end(connection) == 0;
	fcgi_loop_release(server->loop, connection, keep);
	request_free(request);
}

/* The web server has not taken all of the answer yet. */
static void end(void *data, void *item)
{
	struct server *server = data;
	struct fcgi_connection *connection = item;
	bool keep = fcgi_connection_end(connection) == 0;
	admission_give_place(server->service.admission);
	fcgi_loop_release(server->loop, connection, keep);
}

/* Who sends has a seat, so that slow readers never take all threads. */
static bool end_slowly(struct server *server, struct fcgi_connection *connection)
{
	if (!admission_take_place(server->service.admission))
		return false;
	fcgi_loop_detach(server->loop, connection);
	bool submitted = pool_submit(server->pool, end, server, connection) == 0;
	if (!submitted)
		admission_give_place(server->service.admission);
	return submitted;
}

static void close_answered(struct server *server, struct request *request)
{
	struct fcgi_connection *connection = request_get_connection(request);
	int r = request_end(request) ? fcgi_connection_end_now(connection) : -ECONNRESET;
	request_free(request);
	if (r == -EAGAIN && end_slowly(server, connection))
		return;
	fcgi_loop_release(server->loop, connection, r == 0);
}

static void take_request(void *data, struct fcgi_connection *connection)
{
	struct server *server = data;
	if (admin_take(server->admin, server->config, connection))
		return;
	struct request *request = request_new(&server->service, server->config, connection);
	if (request && request_answer_at_once(request)) {
		close_answered(server, request);
		return;
	}
	fcgi_loop_detach(server->loop, connection);
	if (request && pool_submit(server->pool, serve, server, request) == 0)
		return;
	if (request) {
		metrics_count(server->service.observer.metrics, METRICS_NO_THREAD);
		request_give_up(request);
		close_answered(server, request);
		return;
	}
	request_refuse(connection);
	log_warning("request refused: no memory");
	fcgi_loop_release(server->loop, connection, false);
}

/* Blocks now and then. */
static void tend_memo(void *data, void *item)
{
	(void)item;
	struct server *server = data;
	memo_tend(server->service.memo);
}

static int open_listeners(struct server *server, const char *address, bool take_over)
{
	const struct config *config = server->config;
	int r;
	if (address && take_over) {
		r = upgrade_take(&server->upgrade, address, config, server->listeners,
			&server->listener_count, &server->notify);
		if (r != HANDOVER_E_NOBODY)
			return r;
		log_notice("nobody to take over from on %s", address);
	}
	if (address) {
		r = listener_open(address, config->socket_mode, &server->listeners[0]);
		server->listener_count = r == 0;
		if (r == LISTENER_E_ADDRESS)
			log_error("cannot listen on %s: not unix:PATH, tcp:HOST:PORT or "
				  "tcp6:[ADDR]:PORT",
				address);
		else if (r < 0)
			log_error("cannot listen on %s: %s", address, strerror(-r));
	} else {
		r = listener_inherit(server->listeners, &server->listener_count);
		if (r == LISTENER_E_NONE_INHERITED)
			log_error("nothing to listen on: no `listen` in the configuration, no -s, "
				  "and no "
				  "inherited socket");
		else if (r < 0)
			log_error("inherited socket: %s", strerror(-r));
	}
	return r;
}

static int open_signals(struct server *server)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of one request */
	server->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return server->signals < 0 ? -errno : 0;
}

static int open_loop(struct server *server)
{
	const struct config *config = server->config;
	struct fcgi_loop_options options = {
		.connections_max = config->connections,
		.request_timeout_ms = config->request_timeout_ms,
		.data = server,
		.request = take_request,
	};
	int r = fcgi_loop_new(&options, &server->loop);
	if (r == 0)
		r = fcgi_loop_watch(server->loop, server->signals, server_take_signal, server);
	if (r == 0)
		r = reload_new(config->file, &server->service, &server->reload);
	if (r == 0)
		r = fcgi_loop_watch(
			server->loop, reload_get_fd(server->reload), server_take_reload, server);
	for (size_t i = 0; i < server->listener_count && r == 0; i++)
		r = fcgi_loop_listen(server->loop, server->listeners[i].fd);
	return r;
}

/* Ends without waiting for any request: the spawner kills the jobs and removes the temporary
 * directory, holders and the rest end with this thread. */
_Noreturn static void leave_at_once(struct server *server)
{
	log_notice("stopped at once");
	upgrade_end(&server->upgrade);
	server_close_listeners(server);
	upkeep_stop(server->upkeep);
	spawner_stop(server->service.starter.spawner);
	log_stop();
	_exit(0);
}

/* When the loop has to come round at the latest. */
static uint64_t next_deadline(struct server *server)
{
	const uint64_t dues[] = {
		notify_tend(&server->notify),
		upgrade_tend(&server->upgrade),
		memo_due(server->service.memo),
	};
	uint64_t deadline = server->stopping ? clock_now_ms() + DRAIN_LOOK_MS : CLOCK_NEVER;
	for (size_t i = 0; i < sizeof dues / sizeof *dues; i++)
		if (dues[i] < deadline)
			deadline = dues[i];
	return deadline;
}

static int loop(struct server *server)
{
	int r = upgrade_begin(&server->upgrade, server->loop, server->listeners,
		&server->listener_count, &server->notify, server, server_leave_to_successor);
	if (r < 0)
		return r;
	const struct spawner *spawner = server->service.starter.spawner;
	struct confinement_support support =
		confinement_get_support(spawner_get_confinement(spawner));
	sandbox_report(&server->service, server->config);
	log_notice("ready version=%s recipes=%zu namespaces=%s landlock=%d seccomp=%s",
		SLUICE_VERSION, server->config->recipe_count,
		spawner_has_namespaces(spawner) ? "yes" : "no", support.landlock,
		support.seccomp ? "yes" : "no");
	notify_ready(&server->notify);
	for (;;) {
		r = fcgi_loop_run(server->loop, next_deadline(server));
		if (memo_is_due(server->service.memo) &&
			pool_submit(server->pool, tend_memo, server, NULL) < 0)
			memo_put_off(server->service.memo);
		if (r < 0) {
			log_error("loop: %s", strerror(-r));
			leave_at_once(server);
		}
		if (server->stopping && fcgi_loop_connections(server->loop) == 0)
			return 0;
		if (server->at_once ||
			(server->stopping && clock_now_ms() >= server->stop_deadline_ms))
			leave_at_once(server);
	}
}

static int enter_sandbox(struct server *server)
{
	const char *paths[LISTENER_MAX + 1] = {NULL};
	size_t count = 0;
	for (size_t i = 0; i < server->listener_count; i++)
		if (server->listeners[i].unlink_path)
			paths[count++] = server->listeners[i].unlink_path;
	return sandbox_enter(&server->service, server->config, paths);
}

/* Its holders are the main thread's; those that follow them are the upkeep's. */
static int begin_warmth(struct server *server)
{
	struct launcher_wish *wish = NULL;
	int r = prefork_wish(server->config, server->service.starter.temp_dir, &wish);
	if (r < 0)
		return r;
	launcher_set(server->service.starter.launcher, wish);
	launcher_tend(server->service.starter.launcher);
	return 0;
}

static int open_all(struct server *server, const char *listen, bool take_over)
{
	fd_reserve(limits_of(server->config, fd_raise_limit()).descriptors);
	notify_open(&server->notify);
	int r = log_open(server->config->log, server->config->log_format);
	if (r < 0) {
		log_error("cannot open log %s: %s", server->config->log, strerror(-r));
		return r;
	}
	r = source_check();
	if (r < 0) {
		log_error("cannot start: openat2 is refused: %s (older than Linux 5.6, or "
			  "RestrictSUIDSGID=yes in the unit of systemd)",
			strerror(-r));
		return r;
	}
	r = open_listeners(server, listen ? listen : server->config->listen, take_over);
	if (r == 0)
		r = user_become(server->config, server->listeners, server->listener_count);
	if (r != 0)
		return r;
	r = open_signals(server);
	if (r == 0)
		r = service_open(&server->service, server->config->temp_path);
	if (r < 0) {
		log_error("cannot start in %s: %s", server->config->temp_path, strerror(-r));
		return r;
	}
	r = sandbox_check(&server->service, server->config);
	if (r < 0)
		return r;
	sharing_open(&server->service.sharing, server->config);
	server_know_recipes(server);
	r = begin_warmth(server);
	if (r == 0)
		r = enter_sandbox(server);
	if (r == 0)
		r = log_start();
	if (r == 0)
		r = pool_new(1, &server->pool);
	if (r == 0)
		r = memo_new(&server->service.memo);
	if (r == 0)
		r = open_loop(server);
	if (r == 0)
		r = admin_new(&server->service, server->loop, &server->admin);
	if (r == 0) {
		server_apply_capacity(server);
		launcher_settle(server->service.starter.launcher);
		r = upkeep_new(&server->service, &server->upkeep);
	}
	if (r < 0)
		log_error("cannot start: %s", strerror(-r));
	return r;
}

int server_run(struct config *config, const char *listen, bool take_over)
{
	struct server server = {.config = config,
		.signals = -1,
		.notify.fd = -1,
		.upgrade = UPGRADE_NONE,
		.service.starter.temp_fd = -1};
	int r = open_all(&server, listen, take_over);
	if (r == 0)
		r = loop(&server);
	reload_free(server.reload);
	pool_free(server.pool);
	admin_free(server.admin);
	fcgi_loop_free(server.loop);
	sharing_close(&server.service.sharing);
	upkeep_free(server.upkeep);
	memo_free(server.service.memo);
	service_close(&server.service);
	upgrade_end(&server.upgrade);
	server_close_listeners(&server);
	fd_close(&server.signals);
	notify_close(&server.notify);
	config_unref(server.config);
	if (r == 0)
		log_notice("stopped");
	log_stop();
	return r == 0 ? 0 : 1;
}
