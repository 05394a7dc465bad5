/* SPDX-License-Identifier: MIT */
/*
 * Asks as many requests at once as the daemon converts at once: more would only wait in its queue.
 * The requests are GETs, because a live recipe answers HEAD without converting.
 *
 * The main thread collects the URLs before the threads start. `lock` guards everything below it in
 * struct warming, and the output on stderr.
 */
#include "src/command/cache_warm.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "fcgi/client.h"
#include "fcgi/listener.h"

enum { THREADS_MAX = 64, BAR_WIDTH = 30, LOOK_MS = 100, LINE_MAX_BYTES = 8192 };

struct warming {
	const char *address, *accept;
	char **urls;
	size_t count, room;
	pthread_mutex_t lock;
	size_t next, done, failed;
	bool bar;
	uint64_t start_ms, shown_ms;
};

static int take_url(struct warming *warming, const char *url)
{
	if (warming->count == warming->room) {
		size_t room = warming->room ? 2 * warming->room : 64;
		char **urls = reallocarray(warming->urls, room, sizeof *urls);
		if (!urls)
			return -1;
		warming->urls = urls;
		warming->room = room;
	}
	char *copy = strdup(url);
	if (!copy)
		return -1;
	warming->urls[warming->count++] = copy;
	return 0;
}

static int take_lines(struct warming *warming)
{
	char line[LINE_MAX_BYTES + 2];
	int r = 0;
	while (r == 0 && fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0])
			r = take_url(warming, line);
	}
	return r;
}

/* [#######-------] 12/40, 3.1 a second, 9 s left */
static void show(struct warming *warming, bool last)
{
	uint64_t now = clock_now_ms();
	if (!warming->bar || (!last && now - warming->shown_ms < LOOK_MS))
		return;
	warming->shown_ms = now;
	double seconds = (double)(now - warming->start_ms) / 1000;
	double rate = seconds > 0 ? (double)warming->done / seconds : 0;
	size_t filled = warming->count ? BAR_WIDTH * warming->done / warming->count : 0;
	char bar[BAR_WIDTH + 1];
	memset(bar, '-', BAR_WIDTH);
	memset(bar, '#', filled);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %zu/%zu, %.1f a second", bar, warming->done, warming->count, rate);
	if (rate > 0 && !last)
		fprintf(stderr, ", %.0f s left ", (double)(warming->count - warming->done) / rate);
	fputs(last ? ", done          \n" : "\033[K", stderr);
}

/* The HTTP status; 0: there was no complete answer. */
static int ask(const struct warming *warming, const char *url)
{
	FD_CLEANUP int fd = -1;
	if (listener_connect(warming->address, &fd) != 0)
		return 0;
	int status = 0;
	const struct fcgi_client_sink sink = {.status = &status};
	int r = fcgi_client_get(fd, url, warming->accept, &sink);
	return r == 0 ? status : 0;
}

static void show_failure(const struct warming *warming, const char *url, int status)
{
	char buffer[1024];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	text_escaped(&text, url, 200);
	fprintf(stderr, "%s%s: %d\n", warming->bar ? "\r\033[K" : "", buffer, status);
}

static void *work(void *argument)
{
	struct warming *warming = argument;
	pthread_mutex_lock(&warming->lock);
	while (warming->next < warming->count) {
		const char *url = warming->urls[warming->next++];
		pthread_mutex_unlock(&warming->lock);
		int status = ask(warming, url);
		pthread_mutex_lock(&warming->lock);
		warming->done++;
		if (status != 200) {
			warming->failed++;
			show_failure(warming, url, status);
		}
		show(warming, false);
	}
	pthread_mutex_unlock(&warming->lock);
	return NULL;
}

static int take_urls(struct warming *warming, char *const *urls, int count)
{
	int r = 0;
	for (int i = 0; i < count && r == 0; i++)
		r = !strcmp(urls[i], "-") ? take_lines(warming) : take_url(warming, urls[i]);
	return r;
}

/* Returns whether there was a thread to do it. */
static bool run_threads(struct warming *warming, unsigned parallel)
{
	pthread_t threads[THREADS_MAX];
	unsigned running = 0;
	while (running < parallel && running < THREADS_MAX &&
		pthread_create(&threads[running], NULL, work, warming) == 0)
		running++;
	for (unsigned i = 0; i < running; i++)
		pthread_join(threads[i], NULL);
	return running > 0;
}

int cache_warm(const struct cache_warm_options *options)
{
	struct warming warming = {.address = options->address,
		.accept = options->accept,
		.bar = isatty(STDERR_FILENO),
		.start_ms = clock_now_ms()};
	signal(SIGPIPE, SIG_IGN);
	pthread_mutex_init(&warming.lock, NULL);
	bool ran = take_urls(&warming, options->urls, options->count) == 0 &&
		   run_threads(&warming, options->parallel);
	show(&warming, true);
	if (ran)
		printf("%zu of %zu are in the cache\n", warming.done - warming.failed,
			warming.count);
	else
		fputs("sluice: out of memory\n", stderr);
	pthread_mutex_destroy(&warming.lock);
	for (size_t i = 0; i < warming.count; i++)
		free(warming.urls[i]);
	free(warming.urls);
	return !ran || warming.failed > 0;
}
