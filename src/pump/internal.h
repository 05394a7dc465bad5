/* SPDX-License-Identifier: MIT */
#ifndef SRC_PUMP_INTERNAL_H
#define SRC_PUMP_INTERNAL_H

/* What the files of this room share: watch.c below file.c, file.c below whole.c and fill.c. */

#include "src/pump/pump.h"

/* watch.c */

/* Adds everything that the pump waits for to its epoll set. out_events: for the output. Returns
 * OUTCOME_OK or why it cannot be done. */
enum outcome pump_watch(struct pump *pump, uint32_t out_events);
/* Changes the events of the output. */
void pump_watch_output(struct pump *pump, uint32_t events);
void pump_unwatch(struct pump *pump, int fd);
/* Waits for events and handles all but those of the output. Returns true when there is output, or
 * its end. */
bool pump_step(struct pump *pump);
/* Sends the signal to all programs. Only the first reason counts. */
void pump_end(struct pump *pump, enum outcome why, int signal, const char *reason);
/* The same for a failed system call: the reason is `what` and the text of the errno. */
void pump_fail(struct pump *pump, enum outcome why, const char *what, int error);
/* Ends the programs because the pipe holds less than the kernel has said. Only the daemon may read
 * the pipe. So one of the programs has opened its own output and has taken bytes back: what arrives
 * is not what was written. */
void pump_taken_back(struct pump *pump);
/* After conversion_end of a live recipe: the outcome of the whole conversion. */
enum outcome pump_classify(struct pump *pump, int *status);
uint64_t pump_bytes_in(int pipe);

/* file.c */

/* Opens pump->file: the given file, else a temporary one. Returns false when that failed; then
 * pump_end was called. */
bool pump_open_file(struct pump *pump);
/* Moves the content of the pipe to pump->file. */
void pump_spill(struct pump *pump);

#endif
