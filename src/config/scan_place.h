/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_SCAN_PLACE_H
#define SRC_CONFIG_SCAN_PLACE_H

/*
 * Inside of the scan: what may stand at a place, and what was meant by that which may not. Each
 * scan_take_… is called for one token, which begins at scan->at unless it says otherwise, and
 * leaves scan->at behind it. One thread.
 */

#include "src/config/option.h"
#include "src/config/report.h"

/* libconfuse compares every section with all sections before it. Without a bound a file could take
 * minutes. */
enum { SCAN_DEPTH_MAX = 8, SCAN_BRACES_MAX = 8000 };

/* What may come next. */
enum scan_place {
	PLACE_NAME,  /* an option or a section */
	PLACE_AFTER, /* behind the name: =, a title or { */
	PLACE_VALUE,
	PLACE_LIST,
	PLACE_INCLUDED, /* behind `include` */
};

/* A piece of the file. */
struct scan_piece {
	const char *text;
	size_t length;
	unsigned line;
};

struct scan {
	char *at;
	char *end;
	unsigned line; /* of the whole text (place.h), as every line here */
	enum scan_place place;
	bool broken;
	size_t depth, braces;
	const char *begin;
	unsigned opened[SCAN_DEPTH_MAX]; /* lines of the braces that are open */
	const char *opened_at[SCAN_DEPTH_MAX];
	/* The section between them; OPTION_SECTIONS: of an unknown name. The first is the file. */
	enum option_section sections[SCAN_DEPTH_MAX + 1];
	struct scan_piece name;	    /* the last one */
	struct scan_piece value;    /* the last one, of a list as well; no text: none yet */
	struct scan_piece included; /* what an `include` names; no text: none is to be done */
	unsigned equal_line;	    /* of the last = */
	bool comma_due;		    /* a value of a list stands before this place */
	/* A text of several lines, or several that follow each other on a line. 0: none. */
	unsigned long_line, long_end;
	/* The first sign of a brace that is not closed: a name that cannot stand where it does, or
	 * a closing brace that stands further left than what it closes. */
	struct scan_piece misplaced;
	unsigned misplaced_brace;
	struct config_report *report;
};

/* The line within the file, for messages. */
unsigned scan_line_of(const struct scan *scan, unsigned line);
/* Reports, and goes on. */
void scan_error(struct scan *scan, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Reports, and ends the scan: what follows could not be understood. */
void scan_stop(struct scan *scan, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* These two are behind their token already, which began at `from`. */
void scan_take_text(struct scan *scan, const char *from, unsigned line); /* in quotes */
void scan_take_word(struct scan *scan, const char *from);
void scan_take_open(struct scan *scan);
void scan_take_close(struct scan *scan);
void scan_take_equal(struct scan *scan, size_t length);
void scan_take_comma(struct scan *scan);
void scan_take_odd(struct scan *scan);	     /* + ( ) */
void scan_refuse_include(struct scan *scan); /* what is no text in quotes */
void scan_take_end(struct scan *scan);
/* A text that began on this line has no end. */
void scan_never_closed(struct scan *scan, unsigned line);

#endif
