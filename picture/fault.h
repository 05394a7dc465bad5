/* SPDX-License-Identifier: MIT */
/*
 * How sluice-picture fails: one line on standard error and an exit status. A function that can
 * fail returns 0 or one of these, and the line has been written where the fault was found.
 */
#ifndef PICTURE_FAULT_H
#define PICTURE_FAULT_H

enum fault {
	FAULT_BROKEN = 1,      /* the source is broken, or cannot be read */
	FAULT_USAGE = 2,       /* the command line */
	FAULT_LIMIT = 3,       /* beyond --max-…, or there is no memory */
	FAULT_UNSUPPORTED = 4, /* a format or feature that this program does not have */
};

/* Writes "sluice-picture: …" as one line and returns `code`. Control characters that come out of
 * the source are written as '?'. */
int fault(enum fault code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for memory that is not there. */
int fault_memory(void);

#endif
