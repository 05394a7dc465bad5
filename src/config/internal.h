/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_INTERNAL_H
#define SRC_CONFIG_INTERNAL_H

/*
 * What the files config*.c share; nobody else includes it. config.c owns libconfuse and shows the
 * parsed file as nodes (a section) with values, each of which knows its line; the other files make
 * a struct config of them. Loading is not thread-safe (libconfuse is not): one thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "src/config/config.h"

/* Messages are collected and written in the order of lines at the end. */
struct config_message {
	unsigned line; /* 0: about the whole file */
	bool warning;
	char *text;
};

struct config_report {
	size_t count, errors;
	bool out_of_memory;
	struct config_message *messages;
};

void config_error(struct config_report *report, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void config_warning(struct config_report *report, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Writes all messages, one line each, whatever bytes are in them. */
void config_report_write(struct config_report *report, const char *file, FILE *out);
void config_report_clear(struct config_report *report);
/* strdup that remembers that memory ran out. */
char *config_strdup(struct config_report *report, const char *text);

/* Looks through the text before libconfuse does: blanks out comments (in place), and reports what
 * libconfuse would silently take for something else. Returns false when parsing makes no sense. */
bool config_scan(char *text, size_t size, struct config_report *report);

/* The parsed file. Nodes and values live until config_load returns. */
struct config_node;
struct config_value {
	unsigned line;
	char text[];
};

const char *config_node_title(const struct config_node *node); /* "" for the file itself */
unsigned config_node_line(const struct config_node *node);
size_t config_node_count(const struct config_node *node, const char *option);
/* NULL when the option is not given or has fewer values. */
const struct config_value *config_node_value(
	const struct config_node *node, const char *option, size_t index);
size_t config_node_sections(const struct config_node *node, const char *name);
struct config_node *config_node_section(
	const struct config_node *node, const char *name, size_t index);

/* Reports when section index has the title of one before it. */
void config_check_title(const struct config_node *node, const char *name, size_t index,
	const char *where, struct config_report *report);

/* Values. Each returns true, or false with one line in message that suggests what may have been
 * meant. */
enum { CONFIG_MESSAGE_MAX = 256 };
bool config_parse_duration(const char *text, uint64_t *ms, char message[CONFIG_MESSAGE_MAX]);
bool config_parse_bytes(const char *text, uint64_t *bytes, char message[CONFIG_MESSAGE_MAX]);
bool config_parse_count(
	const char *text, uint64_t *count, char message[CONFIG_MESSAGE_MAX]); /* 100M: decimal */
bool config_parse_integer(const char *text, uint64_t min, uint64_t max, uint64_t *value,
	char message[CONFIG_MESSAGE_MAX]);
bool config_parse_bool(const char *text, bool *value, char message[CONFIG_MESSAGE_MAX]);
bool config_parse_number(const char *text, double *value);	    /* -1.5 */
bool config_parse_seconds(const char *text, double *value);	    /* 90.5, 1:30.5, 1:02:03 */
bool config_parse_size(const char *text, unsigned *w, unsigned *h); /* 4096x4096 */
/* The one of `names` (NULL-terminated) that is most like text, or NULL when none is. */
const char *config_nearest(const char *text, const char *const *names);
/* Index of text in names; otherwise -1 and a message. */
int config_parse_name(const char *text, const char *const *names, char message[CONFIG_MESSAGE_MAX]);

/* What a section is read with: reports under the line of the value, keeps *out where the option is
 * absent or wrong. */
struct config_reader {
	struct config_report *report;
	const struct config_node *node;
	const char *where; /* "" or "recipe 'x': ", in front of messages */
};
const struct config_value *config_read_one(const struct config_reader *reader, const char *option);
void config_read_error(const struct config_reader *reader, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void config_read_warning(const struct config_reader *reader, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void config_read_duration(
	const struct config_reader *reader, const char *option, uint64_t min_ms, uint64_t *out);
void config_read_bytes(
	const struct config_reader *reader, const char *option, uint64_t min, uint64_t *out);
void config_read_count(const struct config_reader *reader, const char *option, uint64_t *out);
void config_read_integer(const struct config_reader *reader, const char *option, unsigned min,
	unsigned max, unsigned *out);
void config_read_bool(const struct config_reader *reader, const char *option, bool *out);
/* *out: index in names. */
void config_read_name(const struct config_reader *reader, const char *option,
	const char *const *names, unsigned *out);
/* Duplicates the text; *out must be NULL or malloc'd. "" counts as absent when empty_is_null. */
void config_read_string(
	const struct config_reader *reader, const char *option, bool empty_is_null, char **out);
/* Fills list[0 … max) and a NULL behind; refuses empty elements and more than max. */
/* The absolute path of the directory that the file lies in, allocated; NULL without memory. */
char *config_directory_of(struct config_report *report, const char *file);

/* Puts the directory in the place of {config_dir} in each of the list. */
void config_fill_directory(const struct config_reader *reader, const char *directory, char **list);

void config_read_list(
	const struct config_reader *reader, const char *option, char **list, size_t max);

/* config_globals.c: makes the configuration of a parsed file, with one reference; NULL when memory
 * ran out. `whole` is false when parsing broke off: then nothing is reported as missing.
 * last_complete: it did not break off in a section. */
struct config *config_globals(const struct config_node *node, const char *file, bool whole,
	bool last_complete, struct config_report *report);
/* config_sight.c: reads what an operator sees. */
void config_sight(const struct config_reader *reader, struct config *config);
/* config_recipe.c: reads one `recipe` section; NULL when memory ran out. What is wrong is in the
 * report. `complete` is false when the file broke off in it: then nothing is reported as missing.
 */
struct recipe *config_recipe(const struct config_node *node, const struct config *config,
	bool complete, struct config_report *report);
/* config_param.c: reads one `param` section into *param. False when its type is unknown. */
bool config_param(const struct config_node *node, const char *where, struct param *param,
	struct config_report *report);
/* config_run.c: reads `run`; used[i]: params[i] stands in the path. */
void config_run(const struct config_reader *reader, const struct config *config, bool complete,
	struct recipe *recipe, const bool *used);
/* config_memory.c: whether memory_total can hold, and what it keeps from live recipes. */
void config_memory(
	const struct config_node *node, struct config *config, struct config_report *report);
/* config_programs.c: where recipe's programs are. */
void config_programs(
	const struct config_reader *reader, const char *programs, struct recipe *recipe);

/* Processors that this process may use. */
unsigned config_processors(void);

extern const char *const config_log_format_names[];
extern const char *const config_response_names[];
extern const char *const config_start_names[];
extern const char *const config_confine_names[];
extern const char *const config_required_names[];

#endif
