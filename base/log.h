/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * The log: one line for one event, text or JSON, to stderr, a file, syslog or the journal. Each line is one system
 * call, so that lines of different threads never mix. The only mutable global of the project beside the signal
 * descriptor. Any thread, except log_open and log_reopen: main thread.
 *
 *   stderr, file   `time level line`; JSON: the line holds both
 *   syslog         a datagram to /dev/log (RFC 3164 as syslogd(8) takes it locally), facility daemon
 *   journal        a datagram of the native protocol: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER
 *                  (systemd, "Native Journal Protocol")
 *
 * A datagram that its receiver does not take at once is dropped and counted: a log never stops the work.
 */

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
};

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* where: NULL, "" or "stderr"; the absolute path of a file; "syslog" or "journal", "syslog:PATH" for another socket
 * than the usual one. Returns 0, LOG_E_WHERE when it is none of these, or -errno (then the log stays where it was). */
enum { LOG_E_WHERE = 1 };
int log_open(const char *where, enum log_format format);

/* Opens a file's path again, after somebody has moved the file away. Returns 0 or -errno. */
int log_reopen(void);

/* Whether a line could have to wait now: a pipe or a terminal that nobody reads. */
bool log_blocks(void);

/* Datagrams that nobody took, and writes that failed. */
uint64_t log_dropped(void);

const char *log_level_name(enum log_level level);
enum log_format log_get_format(void);

/* One line; the line break is added, a longer line than 8 KiB (JSON: a message of 2 KiB) is cut. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)

#endif
