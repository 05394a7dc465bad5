/* SPDX-License-Identifier: MIT */
/*
 * ring     Lines, each behind its length. Any thread copies a line in; the log's thread takes it out
 *          and writes it with one system call.
 * lock     Guards the ring and all that stands below it. It is never held while anything is written,
 *          so a slow reader or file system of the log stops no other thread.
 * remark   What the log says about itself. It does not go through the ring, which is full just then.
 *          The log's thread alone.
 *
 * A wake-up for each line would cost more than the line. While lines come less than LINGER_US
 * apart, the thread looks for them once in LINGER_US instead of being woken. A line that comes
 * alone is written at once.
 */
#include "base/log_queue.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_line.h"
#include "base/log_sink.h"
#include "base/text.h"

/* The longest line is JSON with a message of 2 KiB of which every byte is escaped. */
enum { LINE_MAX_BYTES = 16384, REMARK_BYTES = 512, LINGER_US = 1000, REPORT_MS = 10000 };

static atomic_bool running;
static atomic_uint_fast64_t dropped;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for what follows */
static pthread_cond_t work = PTHREAD_COND_INITIALIZER, ended = PTHREAD_COND_INITIALIZER;
static char ring[LOG_QUEUE_BYTES]; /* lines, each behind its length */
static size_t first, used;
static bool sleeping; /* the thread has to be woken */
static bool reopen, stopping, over;
static uint64_t stop_at_ms;

/* The log's thread alone. */
static uint64_t reported, report_at_ms;
static char remark[REMARK_BYTES + 128];
static size_t remark_length;

static void copy_in(const void *from, size_t size)
{
	size_t at = (first + used) % sizeof ring;
	size_t head = size < sizeof ring - at ? size : sizeof ring - at;
	memcpy(ring + at, from, head);
	memcpy(ring, (const char *)from + head, size - head);
	used += size;
}

static void copy_out(void *to, size_t size)
{
	size_t head = size < sizeof ring - first ? size : sizeof ring - first;
	memcpy(to, ring + first, head);
	memcpy((char *)to + head, ring, size - head);
	used -= size;
	/* From the beginning again: a log that is not behind uses the same few pages. */
	first = used ? (first + size) % sizeof ring : 0;
}

__attribute__((format(printf, 2, 3))) static void make_remark(
	enum log_level level, const char *format, ...)
{
	char buffer[REMARK_BYTES];
	struct log_line line;
	va_list args;
	va_start(args, format);
	log_line_message(&line, buffer, sizeof buffer, level, format, args);
	va_end(args);
	struct log_frame frame;
	log_sink_frame(&frame, &line);
	struct text text;
	text_init(&text, remark, sizeof remark);
	for (int i = 0; i < LOG_FRAME_PARTS; i++)
		text_append(&text, frame.parts[i].iov_base, frame.parts[i].iov_len);
	remark_length = text.len;
}

bool log_queue_put(const struct iovec *parts, int count)
{
	if (!atomic_load(&running))
		return false;
	uint32_t length = 0;
	for (int i = 0; i < count; i++)
		length += (uint32_t)parts[i].iov_len;
	pthread_mutex_lock(&lock);
	bool fits = length <= LINE_MAX_BYTES && sizeof length + length <= sizeof ring - used;
	if (fits) {
		copy_in(&length, sizeof length);
		for (int i = 0; i < count; i++)
			copy_in(parts[i].iov_base, parts[i].iov_len);
	}
	bool wake = fits && sleeping;
	sleeping = sleeping && !wake;
	pthread_mutex_unlock(&lock);
	if (wake)
		pthread_cond_signal(&work);
	if (!fits)
		log_queue_count_drop();
	return true;
}

void log_queue_count_drop(void)
{
	atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
}

uint64_t log_queue_dropped(void)
{
	return atomic_load_explicit(&dropped, memory_order_relaxed);
}

bool log_queue_reopen(void)
{
	if (!atomic_load(&running))
		return false;
	pthread_mutex_lock(&lock);
	reopen = true;
	sleeping = false;
	pthread_mutex_unlock(&lock);
	pthread_cond_signal(&work);
	return true;
}

/* Waits until there is something to do. The lock is held. *dense: lines come in quick succession.
 */
static void wait_for_work(bool *dense)
{
	if (used == 0 && *dense && !stopping && !reopen) {
		pthread_mutex_unlock(&lock);
		nanosleep(&(struct timespec){.tv_nsec = LINGER_US * 1000L}, NULL);
		pthread_mutex_lock(&lock);
	}
	uint64_t since_us = clock_now_us();
	bool slept = false;
	while (used == 0 && !reopen && !stopping) {
		slept = sleeping = true;
		pthread_cond_wait(&work, &lock);
	}
	sleeping = false;
	if (slept)
		*dense = clock_now_us() - since_us < LINGER_US;
}

static bool is_over(void)
{
	return stopping && clock_now_ms() >= stop_at_ms;
}

/* The lock is held before and after, not during. */
static void reopen_sink(void)
{
	reopen = false;
	pthread_mutex_unlock(&lock);
	int r = log_sink_reopen();
	if (r < 0)
		make_remark(LOG_LEVEL_ERROR, LOG_SINK_NOT_REOPENED, strerror(-r));
	pthread_mutex_lock(&lock);
}

/* Writes a line, and tries until it is written or the log ends. The lock is held before and after,
 * not during. Returns 0 or -errno. */
static int write_line(const char *line, size_t length)
{
	int r = -EAGAIN;
	while (r == -EAGAIN && !is_over()) {
		pthread_mutex_unlock(&lock);
		r = log_sink_send(line, length);
		pthread_mutex_lock(&lock);
		if (r == -EAGAIN && reopen) /* the new file may be one that takes it */
			reopen_sink();
	}
	return r;
}

/* A line was written, so the log can say what was lost before. While more lines wait, it says so
 * once in REPORT_MS, or a log that is too slow would consist of such remarks. */
static void report(void)
{
	uint64_t before = reported, now = log_queue_dropped(), now_ms = clock_now_ms();
	if (now == before || (used > 0 && now_ms < report_at_ms))
		return;
	reported = now;
	report_at_ms = now_ms + REPORT_MS;
	make_remark(LOG_LEVEL_WARNING,
		"the log takes lines again, some were dropped lines=%" PRIu64, now - before);
	if (write_line(remark, remark_length) < 0)
		reported = before;
	remark_length = 0;
}

/* Takes the first line and writes it. */
static void write_first(char *line)
{
	uint32_t length;
	copy_out(&length, sizeof length);
	copy_out(line, length);
	if (write_line(line, length) < 0)
		log_queue_count_drop();
	else
		report();
}

static void *write_lines(void *data)
{
	(void)data;
	static char line[LINE_MAX_BYTES];
	bool dense = false;
	pthread_mutex_lock(&lock);
	for (;;) {
		wait_for_work(&dense);
		if (reopen)
			reopen_sink();
		if (remark_length > 0) { /* reopening failed */
			write_line(remark, remark_length);
			remark_length = 0;
		}
		if (stopping && (used == 0 || is_over()))
			break;
		if (used > 0)
			write_first(line);
	}
	over = true;
	pthread_cond_signal(&ended);
	pthread_mutex_unlock(&lock);
	return NULL;
}

int log_queue_start(void)
{
	pthread_t thread;
	pthread_attr_t attributes;
	over = stopping = false;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	int r = -pthread_create(&thread, &attributes, write_lines, NULL);
	pthread_attr_destroy(&attributes);
	if (r == 0)
		atomic_store(&running, true);
	return r;
}

void log_queue_stop(void)
{
	if (!atomic_load(&running))
		return;
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	/* A little longer than the thread itself tries. */
	until.tv_sec += LOG_STOP_MS / 1000 + 1;
	pthread_mutex_lock(&lock);
	stopping = true;
	stop_at_ms = clock_now_ms() + LOG_STOP_MS;
	pthread_cond_signal(&work);
	int r = 0;
	while (!over && r == 0)
		r = pthread_cond_clockwait(&ended, &lock, CLOCK_MONOTONIC, &until);
	if (over)
		atomic_store(&running, false);
	pthread_mutex_unlock(&lock);
}
