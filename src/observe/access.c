/* SPDX-License-Identifier: MIT */
/* An error is for the operator to look at. Everything that a client can cause is information. */
#include "src/observe/access.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/log_line.h"

enum { LINE_BYTES = 8192, COMMAND_BYTES = 96 * 1024, SLOW_LINE_BYTES = 4 * COMMAND_BYTES };

const char *access_cache_name(enum access_cache way)
{
	static const char *const names[] = {"none", "hit", "stale", "miss", "join", "off"};
	return names[way];
}

static uint64_t between(uint64_t from, uint64_t to)
{
	return from && to > from ? to - from : 0;
}

uint64_t access_queue_us(const struct access_times *times)
{
	return between(times->planned, times->entered);
}

uint64_t access_start_us(const struct access_times *times)
{
	return between(times->entered, times->running);
}

uint64_t access_convert_us(const struct access_times *times)
{
	return between(times->running, times->done);
}

uint64_t access_first_us(const struct access_times *times)
{
	return between(times->entered, times->first);
}

uint64_t access_send_us(const struct access_times *times)
{
	return between(times->done, times->end);
}

uint64_t access_total_us(const struct access_times *times)
{
	return between(times->start, times->end);
}

static void put_timing(struct text *text, const char *name, uint64_t us)
{
	text_printf(text, "%s%s;dur=%.1f", text->len > 0 ? ", " : "", name, (double)us / 1000);
}

void access_server_timing(const struct access_times *times, char out[ACCESS_TIMING_SIZE])
{
	struct text text;
	text_init(&text, out, ACCESS_TIMING_SIZE);
	if (times->entered)
		put_timing(&text, "queue", access_queue_us(times));
	if (times->running)
		put_timing(&text, "start", access_start_us(times));
	if (times->done)
		put_timing(&text, "convert", access_convert_us(times));
	put_timing(&text, "total", access_total_us(times));
}

bool access_is_failure(const struct access *access)
{
	return access->broken || access->status == 422 ||
	       (access->status >= 500 && access->status != 503);
}

static enum log_level level_of(const struct access *access)
{
	if (access->status >= 500 && access->status != 503)
		return LOG_LEVEL_ERROR;
	return access->broken ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
}

static void put_what(struct log_line *line, const struct access *access)
{
	log_line_word(line, "id", access->id);
	if (!access->refresh)
		log_line_string(line, "method", access->method ? access->method : "-", 16);
	log_line_string(line, "url", access->uri ? access->uri : "-", ACCESS_URL_MAX);
	log_line_word(line, "recipe", access->recipe ? access->recipe : "-");
	log_line_count(line, "status", (uint64_t)access->status);
	log_line_word(line, "outcome", outcome_name(access->outcome));
}

static void put_times(struct log_line *line, const struct access_times *times)
{
	log_line_ms(line, "total_ms", access_total_us(times));
	if (times->entered)
		log_line_ms(line, "queue_ms", access_queue_us(times));
	if (times->running)
		log_line_ms(line, "start_ms", access_start_us(times));
	if (times->first)
		log_line_ms(line, "first_ms", access_first_us(times));
	if (times->running)
		log_line_ms(line, "convert_ms", access_convert_us(times));
}

static void put_programs(struct log_line *line, const struct access *access)
{
	if (!access->converted)
		return;
	log_line_word(line, "start", access->start);
	log_line_word(line, "exit", access->exit);
	log_line_ms(line, "cpu_ms", access->cpu_us);
	log_line_count(line, "peak_kib", access->peak_kib);
}

void access_log(const struct access *access)
{
	char buffer[LINE_BYTES];
	struct log_line line;
	log_line_begin(&line, buffer, sizeof buffer, level_of(access),
		access->refresh ? "refresh" : "request");
	put_what(&line, access);
	log_line_count(&line, "bytes", access->spliced + access->copied);
	log_line_count(&line, "spliced", access->spliced);
	log_line_count(&line, "copied", access->copied);
	put_times(&line, &access->times);
	put_programs(&line, access);
	if (access->broken)
		log_line_word(&line, "stream", "broken");
	if (access->cache != ACCESS_CACHE_NONE)
		log_line_word(&line, "cache", access_cache_name(access->cache));
	if (access->reason[0])
		log_line_string(&line, "reason", access->reason, ACCESS_REASON_MAX);
	if (access->stderr_tail[0])
		log_line_string(&line, "stderr", access->stderr_tail, ACCESS_STDERR_MAX);
	log_write_line(&line);
}

static void put_argument(struct text *text, const char *argument)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "%+,-./:=@_^";
	if (*argument && strspn(argument, safe) == strlen(argument)) {
		text_puts(text, argument);
		return;
	}
	text_puts(text, "'");
	for (; *argument; argument++) {
		if (*argument == '\'')
			text_puts(text, "'\\''");
		else
			text_append(text, argument, 1);
	}
	text_puts(text, "'");
}

static void put_command(struct text *text, char **const *argv, unsigned programs)
{
	for (unsigned i = 0; i < programs; i++) {
		if (i > 0)
			text_puts(text, " | ");
		for (char *const *argument = argv[i]; *argument; argument++) {
			if (argument != argv[i])
				text_puts(text, " ");
			put_argument(text, *argument);
		}
	}
}

void access_log_slow(const struct access *access, char **const *argv, unsigned programs)
{
	/* The arguments of a request have 32 KiB at most; quoting and escaping make them longer. */
	char *memory = malloc(COMMAND_BYTES + SLOW_LINE_BYTES);
	if (!memory)
		return;
	struct text command;
	text_init(&command, memory, COMMAND_BYTES);
	put_command(&command, argv, programs);

	struct log_line line;
	log_line_begin(&line, memory + COMMAND_BYTES, SLOW_LINE_BYTES, LOG_LEVEL_WARNING, "slow");
	put_what(&line, access);
	put_times(&line, &access->times);
	log_line_ms(&line, "send_ms", access_send_us(&access->times));
	put_programs(&line, access);
	if (programs > 0)
		log_line_string(&line, "command", command.data, COMMAND_BYTES);
	log_write_line(&line);
	free(memory);
}
