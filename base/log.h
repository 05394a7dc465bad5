/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * The log: one line for each event, text or JSON, to stderr, a file, syslog or the journal. Each
 * line is one system call, so that lines of different threads never mix. The log is the only
 * mutable global of the project beside the signal descriptor. Any thread, except log_open,
 * log_start and log_stop: main thread.
 *
 *   stderr, file   `time level line`; JSON: the line holds both
 *   syslog         a datagram to /dev/log (RFC 3164 as syslogd(8) takes it locally), facility daemon
 *   journal        a datagram of the native protocol: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER
 *                  (systemd, "Native Journal Protocol")
 *
 * From log_start on, a thread of the log's own writes, and log_write never waits: not for a pipe or
 * socket that is not read, and not for a file system that hangs. Lines wait for that thread in
 * LOG_QUEUE_BYTES of memory. Lines that do not fit are dropped and counted, and the log says how
 * many they were as soon as it takes lines again. Before log_start and after log_stop the caller
 * writes, and waits for room in a pipe or socket for a tenth of a second.
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

/* where: NULL, "" or "stderr"; the absolute path of a file; "syslog" or "journal", "syslog:PATH"
 * for another socket than the usual one. Returns 0, LOG_E_WHERE when it is none of these, or
 * -errno (then the log stays where it was). */
enum { LOG_E_WHERE = 1 };
int log_open(const char *where, enum log_format format);

/* Lines that matter less than this are not written. The default is LOG_LEVEL_INFO: all are. Before
 * there are other threads. */
void log_set_level(enum log_level level);

/* Opens the file's path again, after the operator has moved the file away. While the log has a
 * thread, the thread does so soon. A failure is logged. */
void log_reopen(void);

enum { LOG_QUEUE_BYTES = 1 << 20, LOG_STOP_MS = 1000 };
/* After log_open. Returns 0 or -errno. */
int log_start(void);
/* Writes the lines that wait, for LOG_STOP_MS at most. The process should end then: a thread that
 * hangs in the kernel stays, and lines go on waiting for it. Without log_start: does nothing. */
void log_stop(void);

/* Lines that were not written: no room for them, or writing failed. */
uint64_t log_dropped(void);

/* Ends and writes a line of fields (base/log_line.h). */
struct log_line;
void log_write_line(struct log_line *line);

/* Writes one line with a message. The line break is added. A message that is longer than 8 KiB
 * (JSON: 2 KiB) is cut. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)

#endif
