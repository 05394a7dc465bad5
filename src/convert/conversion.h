/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_CONVERSION_H
#define SRC_CONVERT_CONVERSION_H

/*
 * The running programs of one request, their pipes and their directory. conversion_close removes
 * everything. A conversion belongs to one thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "spawn/job.h"
#include "src/convert/starter.h"
#include "src/convert/stderr_tail.h"
#include "src/convert/workdir.h"
#include "src/http/outcome.h"
#include "src/plan/plan.h"

struct conversion_program {
	const char *path; /* absolute */
	/* It was missing when the configuration was read, and is there now; owned. */
	char *found;
	struct job job; /* pidfd -1: not started, or reaped */
	bool started, ended;
	bool warm;   /* started by a holder */
	bool killed; /* because another program of the pipeline has failed: its end means nothing */
	struct job_result result;
	bool looked;			 /* the meter has measured it */
	bool outgrown;			 /* the kernel has killed it for its memory */
	unsigned hidden;		 /* looks in a row at which it was hiding what it holds */
	uint64_t unmeasured_since_ms;	 /* 0: the last look succeeded */
	char forbidden[FILTER_NAME_MAX]; /* the system call that ended it; "": none */
};

struct conversion {
	struct starter *starter;
	const struct plan *plan;
	size_t count;	/* of programs */
	size_t running; /* programs that have not ended */
	struct conversion_program programs[TEMPLATE_PROGRAMS_MAX];
	struct template_argv argv;
	int out; /* the pipe with the output of the last program; -1 with {output} */
	/* Whole: our own writing end of that pipe, which tells whether the pipe is full; -1
	 * otherwise. */
	int out_writer;
	int err;
	struct stderr_tail stderr_tail;
	uint64_t kernel_kills;		  /* of starter->cgroup, before it began */
	unsigned blind_looks;		  /* looks in a row that could not measure the directory */
	char directory[WORKDIR_NAME_MAX]; /* below starter->temp.fd; "": none */
};

enum { CONVERSION_PIPE_BYTES = 1 << 20 };

/* Starts all programs of the plan, which is borrowed. Returns OUTCOME_OK, or another outcome with
 * one line in `reason` for the log; conversion_close is due in any case. */
enum outcome conversion_open(struct conversion *conversion, struct starter *starter,
	const struct plan *plan, struct text *reason);

/* Signals all programs that still run. */
void conversion_signal(const struct conversion *conversion, int signal);

/* A program has failed: kills the others, and marks those as killed that had not
 * ended by themselves. */
void conversion_kill_rest(struct conversion *conversion);

/* The pidfd of a program has become readable: reaps the program. */
void conversion_program_ended(struct conversion *conversion, size_t program);

/* Kills and reaps what still runs, and reads the rest of stderr. The output in `out` can still be
 * read. May be called again. */
void conversion_end(struct conversion *conversion);

/* Calls conversion_end, closes the pipes and gives the directory back. Results and the stderr tail
 * stay. May be called again. */
void conversion_close(struct conversion *conversion);

/* look.c: measures what the programs use, and shows it in `progress`. Returns the name of the limit
 * that they exceed, or NULL. *missed: some programs could not be measured just now. Takes up to
 * METER_WAIT_MS for each program. */
struct progress;
const char *conversion_look(struct conversion *conversion, struct progress *progress, bool *missed);

/* Opens the file that {output} names. Returns the descriptor or -errno (-ENOENT: the program has
 * made none). */
int conversion_open_output(const struct conversion *conversion);

#endif
