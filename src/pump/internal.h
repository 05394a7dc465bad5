/* SPDX-License-Identifier: MIT */
#ifndef SRC_PUMP_INTERNAL_H
#define SRC_PUMP_INTERNAL_H

/* What the files pump*.c share; nobody else includes it. */

#include "src/pump/pump.h"

enum { TAG_CLIENT, TAG_OUT, TAG_ERR, TAG_PROGRAM };

/* Returns 0 or -errno. out_events: what is to be known about the output. */
int pump_watch_all(struct pump *pump, uint32_t out_events);
void pump_unwatch(struct pump *pump, int fd);
/* Waits for events and handles all but the output's: true when there is some, or its end. */
bool pump_step(struct pump *pump);
/* The first reason to end the programs is the one that counts. */
void pump_end(struct pump *pump, enum outcome why, int signal, const char *reason);

/* The pipe is emptier than it was said to be. Nobody but us should read it, so one of the programs
 * has opened its own output and taken bytes back: what arrives is not what was written. */
void pump_taken_back(struct pump *pump);

/* After conversion_end of a live recipe: what all of it was, when nothing had ended it before. */
enum outcome pump_classify(struct pump *pump, int *status);

uint64_t pump_bytes_in(int pipe);
/* The file for the output: the one that was given, else a temporary one. */
bool pump_open_file(struct pump *pump);
/* Moves what is in the pipe to the file. */
void pump_spill(struct pump *pump);
/* The given file takes no more: what it holds goes to a temporary one. Returns 0 or -errno. */
int pump_leave_given(struct pump *pump, int error);

#endif
