/* SPDX-License-Identifier: MIT */
/*
 * libconfuse notes at the first error. To find more in one run, an unknown option is reported and
 * then made known, and the text is parsed again. Values are kept as text with their line, which
 * libconfuse would forget; their meaning is the business of the other config_*.c. libconfuse gives
 * its callbacks no pointer of ours and its lexer is global: hence the static `loader`, and one
 * thread at a time.
 */
#include "src/config/internal.h"

#include <confuse.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILE_BYTES_MAX = 256 * 1024,
	LEVELS = 4,
	NAMES_MAX = 40,
	UNKNOWN_MAX = 24,
	PASSES_MAX = 100,
	VALUES_MAX = 1000
};

/* Options of the file, of a recipe, of a param; a name that ends with '*' is a list. */
static const char *const level_names[LEVELS] = {"root", "recipe", "param", "cache"};
static const char *const options[LEVELS][NAMES_MAX] = {
	{"listen", "socket_mode", "socket_group", "root", "prefix", "programs", "user", "log",
		"temp_path", "splice", "request_timeout", "send_timeout", "shutdown_timeout",
		"log_format", "slow", "server_timing", "request_id", "status_path", "ping_path",
		"slots", "memory_total", "connections", "confine"},
	{"path", "sources*", "run*", "response", "type", "timeout", "queue", "queue_timeout",
		"weight", "slots", "memory", "cpu", "max_source", "max_pixels", "max_output",
		"threads", "nice", "temp_max", "processes", "open_files", "cache_control",
		"stderr_fails*", "exits*", "start", "confine", "read*", "env*", "stdin", "preload*",
		"prime*", "cache", "finish", "stale", "join"},
	{"type", "min", "max", "required", "default", "values*", "allow"},
	{"path", "size", "send", "send_from", "stale"},
};
/* The section that a level may hold. */
static const char *const sections[LEVELS] = {"recipe", "param", NULL, NULL};
/* The one without a title, of the file itself. */
enum { CACHE_LEVEL = LEVELS - 1 };

/* Given a value in every section before its options, so that it tells the line on which
 * a section begins, and keeps its title. The scan lets no file name it. */
static const char line_option[] = " ";

struct loader {
	struct config_report *report;
	char *unknown[LEVELS][UNKNOWN_MAX];
	size_t unknown_count[LEVELS];
	/* line of an option in the section being read */
	unsigned seen[LEVELS][NAMES_MAX + UNKNOWN_MAX + 4];

	bool again;	 /* what was wrong is put right: parse again */
	bool in_section; /* the error that ended parsing was in a section */
};

static struct loader *loader;
static pthread_mutex_t loader_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t level_of(const cfg_t *cfg)
{
	for (size_t level = 1; level < LEVELS; level++)
		if (strcmp(cfg->name, level_names[level]) == 0)
			return level;
	return 0;
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	bool begins = strcmp(opt->name, line_option) == 0;
	if (begins)
		text = cfg->title ? cfg->title : "";
	size_t size = strlen(text) + 1;
	struct config_value *value = malloc(sizeof(*value) + size);
	if (!value) {
		loader->report->out_of_memory = true;
		*(void **)result = NULL;
		return begins ? 0 : -1; /* libconfuse aborts when a default fails */
	}
	unsigned line = cfg->line > 0 ? (unsigned)cfg->line : 1;
	value->line = line;
	memcpy(value->text, text, size);
	*(void **)result = value;
	size_t level = level_of(cfg);
	if (begins) {
		memset(loader->seen[level], 0, sizeof(loader->seen[level]));
		/* or libconfuse throws an earlier section of this title away, unread */
		if (cfg->title && cfg->title[0])
			memcpy(cfg->title, "\1", 2);
		return 0;
	}
	if (opt->nvalues > VALUES_MAX) {
		config_error(
			loader->report, line, "%s: more than %d values", opt->name, VALUES_MAX);
		free(value);
		*(void **)result = NULL;
		return -1;
	}
	unsigned *seen = &loader->seen[level][opt - cfg->opts];
	if (opt->nvalues == 1 && *seen)
		config_error(loader->report, line, "%s: given twice, first on line %u", opt->name,
			*seen);
	if (!*seen)
		*seen = line;
	return 0;
}

/* Names of a level as a person would write them, for suggestions. */
static void level_list(size_t level, const char *list[NAMES_MAX + 2], char storage[NAMES_MAX][24])
{
	size_t n = 0;
	for (; options[level][n]; n++) {
		snprintf(storage[n], sizeof(storage[n]), "%s", options[level][n]);
		storage[n][strcspn(storage[n], "*")] = '\0';
		list[n] = storage[n];
	}
	if (sections[level])
		list[n++] = sections[level];
	if (level == 0)
		list[n++] = level_names[CACHE_LEVEL];
	list[n] = NULL;
}

static void on_unknown(size_t level, unsigned line, const char *name)
{
	static const char *const places[LEVELS] = {
		"the file itself", "a recipe", "a param", "the cache section"};
	const char *list[NAMES_MAX + 2];
	char storage[NAMES_MAX][24];
	level_list(level, list, storage);
	const char *nearest = config_nearest(name, list);
	size_t other = LEVELS;
	for (size_t i = 0; i < LEVELS && !nearest; i++) {
		level_list(i, list, storage);
		for (size_t j = 0; list[j] && i != level; j++)
			if (strcmp(list[j], name) == 0 && other == LEVELS)
				other = i;
	}
	if (nearest)
		config_error(loader->report, line, "unknown option '%s': did you mean %s?", name,
			nearest);
	else if (other < LEVELS)
		config_error(loader->report, line, "unknown option '%s' here: it belongs into %s",
			name, places[other]);
	else
		config_error(loader->report, line, "unknown option '%s'", name);
	if (loader->unknown_count[level] == UNKNOWN_MAX)
		return;
	char *copy = config_strdup(loader->report, name);
	if (copy)
		loader->unknown[level][loader->unknown_count[level]++] = copy;
	loader->again = copy != NULL;
}

static bool is_unknown(size_t level, const char *name)
{
	for (size_t i = 0; i < loader->unknown_count[level]; i++)
		if (strcmp(loader->unknown[level][i], name) == 0)
			return true;
	return false;
}

__attribute__((format(printf, 2, 0))) static void on_error(
	cfg_t *cfg, const char *format, va_list args)
{
	size_t level = level_of(cfg);
	unsigned line = cfg->line > 0 ? (unsigned)cfg->line : 1;
	loader->in_section = level > 0;
	if (strcmp(format, "no such option '%s'") == 0) {
		on_unknown(level, line, va_arg(args, const char *));
		return;
	}
	if (strcmp(format, "missing equal sign after option '%s'") == 0) {
		const char *name = va_arg(args, const char *);
		if (!is_unknown(level, name))
			config_error(loader->report, line, "%s: '=' and a value are missing", name);
		return;
	}
	if (strcmp(format, "attempt to append to non-list option '%s'") == 0) {
		config_error(loader->report, line,
			"%s: takes one value, write = and not +=", va_arg(args, const char *));
		return;
	}
	char message[256];
	vsnprintf(message, sizeof(message), format, args);
	config_error(loader->report, line, "%s", message);
}

/* The options of a level for libconfuse, which copies them. */
static void level_options(size_t level, cfg_opt_t *opts, cfg_opt_t *section, cfg_opt_t *cache)
{
	static char begin[] = "x";
	size_t n = 0;
	cfg_opt_t end = CFG_END();
	opts[n] = (cfg_opt_t)CFG_PTR_LIST_CB(line_option, 0, CFGF_NONE, on_value, free);
	opts[n++].def.parsed = begin;
	for (size_t i = 0; options[level][i]; i++) {
		const char *name = options[level][i];
		bool list = strchr(name, '*') != NULL;
		opts[n++] = (cfg_opt_t)CFG_PTR_CB(
			name, 0, CFGF_NODEFAULT | (list ? CFGF_LIST : CFGF_NONE), on_value, free);
	}
	for (size_t i = 0; i < loader->unknown_count[level]; i++)
		opts[n++] = (cfg_opt_t)CFG_PTR_CB(
			loader->unknown[level][i], 0, CFGF_NODEFAULT | CFGF_LIST, on_value, free);
	if (section)
		opts[n++] = (cfg_opt_t)CFG_SEC(sections[level], section, CFGF_MULTI | CFGF_TITLE);
	if (level == 0)
		opts[n++] = (cfg_opt_t)CFG_SEC(level_names[CACHE_LEVEL], cache, CFGF_MULTI);
	opts[n] = end;
}

/* Parses text once. Returns the tree, however much of it there is, or NULL without memory. */
static cfg_t *parse_once(char *text, size_t size, bool *ok)
{
	cfg_opt_t opts[LEVELS][NAMES_MAX + UNKNOWN_MAX + 4];
	char names[LEVELS][NAMES_MAX][24];
	for (size_t level = LEVELS; level-- > 0;) {
		level_options(level, opts[level], sections[level] ? opts[level + 1] : NULL,
			opts[CACHE_LEVEL]);
		for (size_t i = 0; options[level][i]; i++) {
			/* behind the line option; without the list mark */
			snprintf(names[level][i], sizeof(names[level][i]), "%s", options[level][i]);
			names[level][i][strcspn(names[level][i], "*")] = '\0';
			opts[level][i + 1].name = names[level][i];
		}
	}
	memset(loader->seen, 0, sizeof(loader->seen));
	loader->again = false;
	loader->in_section = false;
	*ok = true;
	cfg_t *cfg = cfg_init(opts[0], CFGF_NONE);
	FILE *in = size > 0 ? fmemopen(text, size, "r") : NULL;
	if (cfg && in) {
		cfg_set_error_function(cfg, on_error);
		*ok = cfg_parse_fp(cfg, in) == CFG_SUCCESS;
	}
	if (!cfg || (size > 0 && !in))
		loader->report->out_of_memory = true;
	if (in)
		fclose(in);
	return cfg;
}

const char *config_node_title(const struct config_node *node)
{
	const struct config_value *value = config_node_value(node, line_option, 0);
	return value ? value->text : "";
}

unsigned config_node_line(const struct config_node *node)
{
	const struct config_value *value = config_node_value(node, line_option, 0);
	return value ? value->line : 0;
}

static cfg_opt_t *node_option(const struct config_node *node, const char *name)
{
	cfg_opt_t *opt = ((const cfg_t *)(const void *)node)->opts;
	while (opt->name && strcmp(opt->name, name) != 0)
		opt++;
	return opt->name ? opt : NULL;
}

size_t config_node_count(const struct config_node *node, const char *option)
{
	const cfg_opt_t *opt = node_option(node, option);
	size_t count = opt ? opt->nvalues : 0;
	/* the value at which parsing broke off has a place but no content */
	while (count > 0 && !opt->values[count - 1]->ptr)
		count--;
	return count;
}

const struct config_value *config_node_value(
	const struct config_node *node, const char *option, size_t index)
{
	const cfg_opt_t *opt = node_option(node, option);
	return opt && index < opt->nvalues ? opt->values[index]->ptr : NULL;
}

size_t config_node_sections(const struct config_node *node, const char *name)
{
	return config_node_count(node, name);
}

struct config_node *config_node_section(
	const struct config_node *node, const char *name, size_t index)
{
	const cfg_opt_t *opt = node_option(node, name);
	return opt && index < opt->nvalues
		       ? (struct config_node *)(void *)opt->values[index]->section
		       : NULL;
}

/* Parses until nothing can be put right any more; then makes the configuration of what there is. */
static struct config *build(const char *file, char *text, size_t size, struct config_report *report)
{
	struct loader own = {.report = report};
	struct config *config = NULL;
	cfg_t *cfg = NULL;
	bool ok = true;
	pthread_mutex_lock(&loader_lock);
	loader = &own;
	for (int pass = 0; pass < PASSES_MAX; pass++) {
		cfg = parse_once(text, size, &ok);
		if (ok || !own.again || !cfg)
			break;
		cfg_free(cfg);
		cfg = NULL;
	}
	if (!ok && report->errors == 0)
		config_error(report, 0, "syntax error");
	if (cfg && !report->out_of_memory)
		config = config_globals(
			(struct config_node *)(void *)cfg, file, ok, !own.in_section, report);
	if (cfg)
		cfg_free(cfg);
	for (size_t level = 0; level < LEVELS; level++)
		for (size_t i = 0; i < own.unknown_count[level]; i++)
			free(own.unknown[level][i]);
	loader = NULL;
	pthread_mutex_unlock(&loader_lock);
	return config;
}

/* All of file, with a NUL behind, to be freed; NULL after an error that is in the report. */
static char *read_file(const char *file, size_t *size, struct config_report *report)
{
	FILE *in = fopen(file, "re");
	if (!in) {
		config_error(report, 0, "cannot be read: %s", strerror(errno));
		return NULL;
	}
	char *text = malloc(FILE_BYTES_MAX + 2);
	if (!text)
		report->out_of_memory = true;
	*size = text ? fread(text, 1, FILE_BYTES_MAX + 1, in) : 0;
	if (text && ferror(in)) {
		config_error(report, 0, "cannot be read: %s", strerror(errno));
	} else if (*size > FILE_BYTES_MAX) {
		config_error(report, 0, "larger than %d KiB", FILE_BYTES_MAX / 1024);
	} else if (text) {
		text[*size] = '\0';
		fclose(in);
		return text;
	}
	free(text);
	fclose(in);
	return NULL;
}

int config_load(const char *file, FILE *errors, struct config **out)
{
	struct config_report report = {0};
	struct config *config = NULL;
	size_t size;
	char *text = read_file(file, &size, &report);
	if (text && config_scan(text, size, &report))
		config = build(file, text, size, &report);
	free(text);
	int result = 0;
	if (report.out_of_memory)
		result = -ENOMEM;
	else if (report.errors > 0 || !config)
		result = CONFIG_E_INVALID;
	config_report_write(&report, file, errors);
	config_report_clear(&report);
	if (result == 0)
		*out = config;
	else
		config_unref(config);
	return result;
}
