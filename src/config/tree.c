/* SPDX-License-Identifier: MIT */
/*
 * libconfuse stops at the first error. To find more in one run, an unknown option is reported and
 * then made known, and the text is parsed again. Values are kept as text with their line, which
 * libconfuse would forget; other files give them a meaning.
 *
 * libconfuse gives its callbacks no pointer of ours and its lexer is global. Therefore `loader` is
 * static, and loader_lock guards it and every call of the parser.
 */
#include "src/config/tree.h"

#include "src/config/elsewhere.h"
#include "src/config/values.h"

#include <assert.h>
#include <confuse.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 64, UNKNOWN_MAX = 24, PASSES_MAX = 100, VALUES_MAX = 1000 };

static const char *const places[OPTION_SECTIONS] = {
	[OPTION_FILE] = "the file itself",
	[OPTION_RECIPE] = "a recipe",
	[OPTION_PARAM] = "a param",
	[OPTION_CACHE] = "the cache section",
};

/* Every section gets a value of this name before its options. It tells the line on which the
 * section begins, and keeps its title. The scan lets no file name it. */
static const char line_option[] = " ";

struct loader {
	const struct option *options;
	struct config_report *report;
	char *unknown[OPTION_SECTIONS][UNKNOWN_MAX];
	size_t unknown_count[OPTION_SECTIONS];
	/* line of each option in the section that is being read */
	unsigned seen[OPTION_SECTIONS][NAMES_MAX + UNKNOWN_MAX + 2];

	bool again;	 /* the unknown option is now known: parse again */
	bool in_section; /* the error that ended parsing was in a section */
};

static struct loader *loader;
static pthread_mutex_t loader_lock = PTHREAD_MUTEX_INITIALIZER;

static enum option_section section_of(const cfg_t *cfg)
{
	for (const struct option *option = loader->options; option->name; option++)
		if (option->type == OPTION_BLOCK && strcmp(cfg->name, option->name) == 0)
			return option->inner;
	return OPTION_FILE;
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
	enum option_section section = section_of(cfg);
	if (begins) {
		memset(loader->seen[section], 0, sizeof(loader->seen[section]));
		/* otherwise libconfuse drops an earlier section of this title unread */
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
	unsigned *seen = &loader->seen[section][opt - cfg->opts];
	char place[CONFIG_PLACE_MAX];
	if (opt->nvalues == 1 && *seen)
		config_error(loader->report, line, "%s: given twice, first on %s", opt->name,
			config_place_text(&loader->report->places, *seen, line, place));
	if (!*seen)
		*seen = line;
	return 0;
}

/* The names that a section knows, for suggestions. */
static void section_names(enum option_section section, const char *names[NAMES_MAX + 1])
{
	size_t n = 0;
	for (const struct option *option = loader->options; option->name; option++)
		if (option->section == section)
			names[n++] = option->name;
	names[n] = NULL;
}

/* Another section that knows the name, or OPTION_SECTIONS. */
static enum option_section section_with(const char *name)
{
	for (const struct option *option = loader->options; option->name; option++)
		if (strcmp(option->name, name) == 0)
			return option->section;
	return OPTION_SECTIONS;
}

static void on_unknown(enum option_section section, unsigned line, const char *name)
{
	const char *names[NAMES_MAX + 1];
	section_names(section, names);
	const char *nearest = config_nearest(name, names);
	enum option_section other = section_with(name);
	const char *remark = config_elsewhere(section, name);
	if (remark)
		config_error(loader->report, line, "unknown option '%s': %s", name, remark);
	else if (nearest)
		config_error(loader->report, line, "unknown option '%s': did you mean %s?", name,
			nearest);
	else if (other != OPTION_SECTIONS)
		config_error(loader->report, line, "unknown option '%s' here: it belongs into %s",
			name, places[other]);
	else
		config_error(loader->report, line,
			"unknown option '%s': sluice.conf(5) has the options of %s", name,
			places[section]);
	if (loader->unknown_count[section] == UNKNOWN_MAX)
		return;
	char *copy = config_strdup(loader->report, name);
	if (copy)
		loader->unknown[section][loader->unknown_count[section]++] = copy;
	loader->again = copy != NULL;
}

static bool is_unknown(enum option_section section, const char *name)
{
	for (size_t i = 0; i < loader->unknown_count[section]; i++)
		if (strcmp(loader->unknown[section][i], name) == 0)
			return true;
	return false;
}

__attribute__((format(printf, 2, 0))) static void on_error(
	cfg_t *cfg, const char *format, va_list args)
{
	enum option_section section = section_of(cfg);
	unsigned line = cfg->line > 0 ? (unsigned)cfg->line : 1;
	loader->in_section = section != OPTION_FILE;
	if (strcmp(format, "no such option '%s'") == 0) {
		on_unknown(section, line, va_arg(args, const char *));
		return;
	}
	if (strcmp(format, "missing equal sign after option '%s'") == 0) {
		const char *name = va_arg(args, const char *);
		if (!is_unknown(section, name))
			config_error(loader->report, line, "%s: '=' and a value are missing", name);
		return;
	}
	if (strcmp(format, "attempt to append to non-list option '%s'") == 0) {
		config_error(loader->report, line,
			"%s: takes one value, write = and not +=", va_arg(args, const char *));
		return;
	}
	if (strcmp(format, "missing title for section '%s'") == 0) {
		const char *name = va_arg(args, const char *);
		config_error(loader->report, line, "a %s needs a name: write %s NAME { ... }", name,
			name);
		return;
	}
	char message[256];
	vsnprintf(message, sizeof(message), format, args);
	config_error(loader->report, line, "%s", message);
}

static cfg_opt_t value_option(const char *name, bool list)
{
	return (cfg_opt_t)CFG_PTR_CB(
		name, 0, CFGF_NODEFAULT | (list ? CFGF_LIST : CFGF_NONE), on_value, free);
}

/* The options of a section for libconfuse, which copies them. */
static void section_options(
	enum option_section section, cfg_opt_t opts[OPTION_SECTIONS][NAMES_MAX + UNKNOWN_MAX + 2])
{
	static char begin[] = "x";
	cfg_opt_t *own = opts[section];
	size_t n = 0;
	own[n] = (cfg_opt_t)CFG_PTR_LIST_CB(line_option, 0, CFGF_NONE, on_value, free);
	own[n++].def.parsed = begin;
	for (const struct option *option = loader->options; option->name; option++) {
		if (option->section != section || option->type == OPTION_INCLUDE)
			continue;
		assert(n < NAMES_MAX);
		if (option->type < OPTION_BLOCK)
			own[n++] = value_option(option->name,
				option->type == OPTION_LIST || option->type == OPTION_OWN_LIST);
		else
			own[n++] = (cfg_opt_t)CFG_SEC(option->name, opts[option->inner],
				CFGF_MULTI | (option->titled ? CFGF_TITLE : CFGF_NONE));
	}
	for (size_t i = 0; i < loader->unknown_count[section]; i++)
		own[n++] = value_option(loader->unknown[section][i], true);
	own[n] = (cfg_opt_t)CFG_END();
}

/* Parses text once. Returns the tree, however much of it there is, or NULL without memory. */
static cfg_t *parse_once(char *text, size_t size, bool *ok)
{
	cfg_opt_t opts[OPTION_SECTIONS][NAMES_MAX + UNKNOWN_MAX + 2];
	/* a section stands behind the one that holds it */
	for (unsigned section = OPTION_SECTIONS; section-- > 0;)
		section_options((enum option_section)section, opts);
	memset(loader->seen, 0, sizeof(loader->seen));
	loader->again = false;
	loader->in_section = false;
	*ok = true;
	cfg_t *cfg = cfg_init(opts[OPTION_FILE], CFGF_NONE);
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
	/* the value at which parsing stopped has no content */
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

void config_tree_parse(struct config_tree *tree, const struct option *options, char *text,
	size_t size, struct config_report *report)
{
	struct loader own = {.options = options, .report = report};
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
	for (size_t section = 0; section < OPTION_SECTIONS; section++)
		for (size_t i = 0; i < own.unknown_count[section]; i++)
			free(own.unknown[section][i]);
	loader = NULL;
	pthread_mutex_unlock(&loader_lock);
	*tree = (struct config_tree){.root = (struct config_node *)(void *)cfg,
		.whole = ok,
		.in_section = own.in_section};
}

void config_tree_free(struct config_tree *tree)
{
	if (tree->root)
		cfg_free((cfg_t *)(void *)tree->root);
	tree->root = NULL;
}
