/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_OPTION_H
#define SRC_CONFIG_OPTION_H

/*
 * The options of sluice.conf: one row each, in the table of options.c. Reading, defaults, bounds,
 * the names that a section knows, "did you mean", -T, freeing, and the test of the manual
 * (tests/man.py) are made from the row.
 *
 * To add an option:
 * 1. Add a field to struct config (config.h) or struct recipe (src/recipe/recipe.h).
 * 2. Add a row to the table, where -T shall print it. That is all for the types below:
 *        {S, "slow", OPTION_DURATION, FIELD(slow_ms), .standard = "0",
 *                .meaning = "a request that takes longer is logged in detail"},
 * 3. Add a paragraph to doc/sluice.conf.5 that ends with "Default: …", the same text as `standard`.
 * A rule that no bound can express is a `check` of the row.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct config_reader;
struct config_value;
struct config_report;

enum option_section {
	OPTION_FILE,   /* of the file itself, in struct config */
	OPTION_RECIPE, /* in struct recipe */
	OPTION_PARAM,  /* in struct param */
	OPTION_CACHE,  /* in struct config */
	OPTION_SECTIONS
};

/* The type says how a value is read, what the field is, and how -T prints it. */
enum option_type {
	OPTION_STRING,	 /* char *; "" is read as NULL */
	OPTION_TEXT,	 /* char *; "" stays "" */
	OPTION_BOOL,	 /* bool */
	OPTION_INTEGER,	 /* unsigned, from min to max */
	OPTION_BYTES,	 /* uint64_t; 0, or at least min */
	OPTION_COUNT,	 /* uint64_t */
	OPTION_DURATION, /* uint64_t in milliseconds; at least min */
	OPTION_SECONDS,	 /* the same in seconds, rounded up */
	OPTION_MODE,	 /* mode_t, octal */
	OPTION_WORD,	 /* index in words: an enum, or a bool for two words */
	/* What stands above is one value that option_parse reads. */
	OPTION_LIST,	 /* char *[max + 1], NULL-terminated */
	OPTION_OWN,	 /* one value; `read`, or else the code of the section, reads it */
	OPTION_OWN_LIST, /* a list of values, likewise */
	OPTION_BLOCK,	 /* a section in the section: `inner` */
	OPTION_INCLUDE,	 /* no option, but `include "FILE"`: assemble.c reads it */
};

struct option {
	enum option_section section;
	const char *name;
	enum option_type type;
	size_t offset, size; /* FIELD: where it goes */
	/* The default, as it would stand in the file; NULL: nothing. `live`: for recipes whose
	 * response is live, where that differs. With `derive` the text is only for the manual. */
	const char *standard, *live;
	uint64_t min, max;
	const char *const *words; /* NULL-terminated */
	enum option_section inner;
	bool titled;   /* of a block: has a name, and may stand more than once */
	bool required; /* an error when it is missing */
	bool fixed;    /* a reload does not change it: it takes effect when the daemon starts */
	bool brief;    /* -T leaves it out while it is empty, 0, false or its first word */
	/* Computes the default. */
	void (*derive)(const struct config_reader *reader, void *record);
	/* OPTION_OWN, OPTION_OWN_LIST: reads it. */
	void (*read)(const struct config_reader *reader, void *record);
	/* Checks a value that was given and has been read; reports, and may change the field. */
	void (*check)(
		const struct config_reader *reader, const struct config_value *value, void *record);
	/* Prints it in place of the type's way. */
	void (*put)(FILE *out, const struct option *option, const void *record);
	const char *meaning; /* one line */
};

/* All rows; the last has no name. */
extern const struct option config_options[];

/* Puts text into the field of record. False with one line in message. NULL memory is noted in
 * report. Not for lists, OPTION_OWN and blocks. */
bool option_parse(const struct option *option, const char *text, void *record,
	struct config_report *report, char *message);
/* Prints "name = value" as a line of the file, or nothing when there is nothing to print. */
void option_put(FILE *out, const struct option *option, const void *record);
/* Frees what the options of the section own in record. */
void option_clear(const struct option *options, enum option_section section, void *record);
/* The field of record. */
void *option_field(const struct option *option, void *record);

/* For `put`: what the type would print, or parts of it. */
void option_put_typed(FILE *out, const struct option *option, const void *record);
void option_put_name(FILE *out, const struct option *option); /* "    name = " */
void option_put_quoted(FILE *out, const char *text);
void option_put_list(FILE *out, char *const *list);

#endif
