/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_CONVERSION_H
#define SRC_CONVERT_CONVERSION_H

/*
 * The running programs of one request, their pipes and their directory. Everything is gone after
 * conversion_close. One thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "spawn/job.h"
#include "src/observe/access.h"
#include "src/convert/stderr_tail.h"
#include "src/observe/progress.h"
#include "src/plan/plan.h"
#include "src/convert/starter.h"
#include "src/convert/workdir.h"

struct conversion_program {
	struct job job; /* pidfd -1: not started, or reaped */
	bool started, ended;
	bool warm;   /* from a holder */
	bool killed; /* because another one of the pipeline had failed: its own end says nothing */
	struct job_result result;
	bool looked, outgrown;		 /* by the meter; killed by the kernel for its memory */
	unsigned hidden;		 /* looks in a row by which it could not be seen */
	uint64_t unmeasured_since_ms;	 /* 0: the last look succeeded */
	char forbidden[FILTER_NAME_MAX]; /* the system call for which it was ended; "": none */
};

struct conversion {
	struct starter *starter;
	const struct plan *plan;
	size_t count; /* of programs */
	size_t running;
	struct conversion_program programs[TEMPLATE_PROGRAMS_MAX];
	struct template_argv argv;
	int out;	/* where the last program's bytes arrive; -1 with {output} */
	int out_writer; /* whole only: held open, so that "is it full" can be asked; -1 otherwise */
	int err;
	struct stderr_tail words;
	unsigned blind_looks; /* so often in a row nobody could see what its directory holds */
	char directory[WORKDIR_NAME_MAX]; /* its own, below starter->temp_fd; "" before it is made
					   */
};

enum { CONVERSION_PIPE_BYTES = 1 << 20 };

/* Starts all programs of the plan. Returns OUTCOME_OK, or what went wrong with one line in `reason`
 * for the log; conversion_close is due in any case. */
enum outcome conversion_open(struct conversion *conversion, struct starter *starter,
	const struct plan *plan, struct text *reason);

/* To all programs that still run. */
void conversion_signal(const struct conversion *conversion, int signal);

/* One has failed: ends the others, whose end is not theirs then. */
void conversion_kill_rest(struct conversion *conversion);

/* A program's pidfd has become readable: reaps it. */
void conversion_program_ended(struct conversion *conversion, size_t program);

/* Kills what runs, reaps it and reads the rest of stderr; what was written to `out` can still be
 * read. May be called again. */
void conversion_end(struct conversion *conversion);

/* conversion_end, closes the pipes and removes the directory. Results and words stay. */
void conversion_close(struct conversion *conversion);

/* conversion_look.c: looks at what its programs hold. Returns the limit that they exceed, or NULL;
 * *missed: some could not be looked at just now. Takes up to METER_WAIT_MS for each of them. */
const char *conversion_look(struct conversion *conversion, bool *missed);

/* Opens the file that {output} named. Returns the descriptor or -errno (-ENOENT: the program made
 * none). */
int conversion_open_output(const struct conversion *conversion);

/* An ended program whose end is not good: killed, or an exit status that is neither 0 nor mapped to
 * 200 by the recipe. */
bool conversion_program_failed(const struct conversion *conversion, size_t program);

/* What the exit statuses and stderr say, when nothing else ended it. After conversion_end. *status
 * is set for OUTCOME_MAPPED. */
enum outcome conversion_classify(
	const struct conversion *conversion, int *status, struct text *reason);

/* "warm" when every program was, "cold" when none, else "mixed". */
const char *conversion_start_name(const struct conversion *conversion);

/* What its programs did, for the log: fills that part of *access, whose outcome is known. The
 * strings are borrowed from the conversion. After conversion_end. */
void conversion_report(struct conversion *conversion, struct access *access);

/* Tells who looks on which programs run now. */
void conversion_show(const struct conversion *conversion, struct progress *progress);

/* Of all programs together. */
uint64_t conversion_cpu_us(const struct conversion *conversion);
uint64_t conversion_peak_kib(const struct conversion *conversion);

#endif
