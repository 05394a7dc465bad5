/* SPDX-License-Identifier: MIT */
/*
 * `recipe NAME { … }`: its options, and what only shows when they are seen together (a hole of the
 * path without a param, a param that nothing uses, a program that never gets the source).
 */
#include "src/config/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY_MIN = 1024 * 1024, LIVE_SLOTS = 16 };

const char *const config_response_names[] = {"whole", "live", NULL};
const char *const config_start_names[] = {"warm", "cold", NULL};
const char *const config_confine_names[] = {"standard", "strict", "off", NULL};

static const char *without_prefix(const char *message, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(message, prefix, n) == 0 ? message + n : message;
}

static void read_sources(const struct config_reader *reader, struct recipe *recipe)
{
	const char *names[MEDIA_TYPES + 1] = {NULL};
	char message[CONFIG_MESSAGE_MAX];
	for (int i = 1; i < MEDIA_TYPES; i++)
		names[i - 1] = media_name((enum media_type)i);
	for (size_t i = 0; i < config_node_count(reader->node, "sources"); i++) {
		const struct config_value *value = config_node_value(reader->node, "sources", i);
		int type = media_from_name(value->text);
		if (type > MEDIA_UNKNOWN && type < MEDIA_TYPES) {
			recipe->sources |= UINT64_C(1) << type;
			continue;
		}
		config_parse_name(value->text, names, message);
		config_read_error(
			reader, value->line, "sources: '%.40s': %s", value->text, message);
	}
}

/* False when a type is unknown, so that `run` cannot be judged. */
static bool read_params(const struct config_reader *reader, struct recipe *recipe)
{
	bool known = true;
	size_t count = config_node_sections(reader->node, "param");
	for (size_t i = 0; i < count && !reader->report->out_of_memory; i++) {
		const struct config_node *node = config_node_section(reader->node, "param", i);
		if (i == RECIPE_PARAMS_MAX) {
			config_read_error(reader, config_node_line(node), "more than %d params",
				RECIPE_PARAMS_MAX);
			return false;
		}
		struct param *param = &recipe->params[recipe->param_count++];
		config_check_title(reader->node, "param", i, reader->where, reader->report);
		known = config_param(node, reader->where, param, reader->report) && known;
		if (param->type != PARAM_FORMAT)
			continue;
		if (recipe->format_param >= 0)
			config_read_error(
				reader, config_node_line(node), "a second param of type format");
		recipe->format_param = (int)i;
	}
	return known;
}

static int find_param(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; i < recipe->param_count; i++)
		if (strcmp(recipe->params[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Compiles `path`; used[i] says that params[i] stands in it. */
static void read_path(
	const struct config_reader *reader, bool complete, struct recipe *recipe, bool *used)
{
	char message[CONFIG_MESSAGE_MAX];
	const struct config_value *value = config_read_one(reader, "path");
	if (!value) {
		if (complete)
			config_read_error(
				reader, config_node_line(reader->node), "path is missing");
		return;
	}
	recipe->path = pattern_new(value->text, message, sizeof(message));
	if (!recipe->path) {
		config_read_error(
			reader, value->line, "path: %s", without_prefix(message, "path: "));
		return;
	}
	const char *holes[PATTERN_HOLES_MAX];
	const char *names[RECIPE_PARAMS_MAX + 1] = {NULL};
	for (size_t i = 0; i < recipe->param_count; i++)
		names[i] = recipe->params[i].name;
	size_t count = pattern_holes(recipe->path, holes);
	for (size_t i = 0; i < count; i++) {
		int index = find_param(recipe, holes[i]);
		const char *nearest = config_nearest(holes[i], names);
		if (index >= 0)
			used[index] = true;
		else if (complete && nearest)
			config_read_error(reader, value->line,
				"path: there is no param '%.40s'; did you mean {%s}?", holes[i],
				nearest);
		else if (complete)
			config_read_error(reader, value->line,
				"path: {%.40s} needs a param of this name", holes[i]);
	}
}

static void read_exits(const struct config_reader *reader, struct recipe *recipe)
{
	for (size_t i = 0; i < config_node_count(reader->node, "exits"); i++) {
		const struct config_value *value = config_node_value(reader->node, "exits", i);
		char code[8] = "", message[CONFIG_MESSAGE_MAX];
		const char *equal = strchr(value->text, '=');
		uint64_t from, to;
		if (equal && equal - value->text < (long)sizeof(code))
			memcpy(code, value->text, (size_t)(equal - value->text));
		if (!equal || !config_parse_integer(code, 1, 255, &from, message) ||
			!config_parse_integer(equal + 1, 200, 599, &to, message) ||
			(to > 200 && to < 400)) {
			config_read_error(reader, value->line,
				"exits: '%.40s': write an exit code of 1 to 255 and a status of "
				"400 to 599 (or 200: fine), as 3=404",
				value->text);
			continue;
		}
		bool known = false;
		for (size_t j = 0; j < recipe->exit_count; j++)
			known = known || recipe->exits[j].exit == (int)from;
		if (known) {
			config_read_error(
				reader, value->line, "exits: code %s stands there twice", code);
		} else if (recipe->exit_count == RECIPE_EXITS_MAX) {
			config_read_error(
				reader, value->line, "exits: more than %d", RECIPE_EXITS_MAX);
			return;
		} else {
			recipe->exits[recipe->exit_count].exit = (int)from;
			recipe->exits[recipe->exit_count++].status = (int)to;
		}
	}
}

/* A text that goes into a header field: printable ASCII, or the response could be split. */
static void read_field(const struct config_reader *reader, const char *option, char **out)
{
	const struct config_value *value = config_read_one(reader, option);
	config_read_string(reader, option, true, out);
	for (const char *at = *out; at && *at; at++) {
		if (*at < 0x20 || *at > 0x7e) {
			config_read_error(reader, value->line,
				"%s: only printable ASCII may stand in a header", option);
			return;
		}
	}
	if (*out && strcmp(option, "type") == 0 &&
		(!strchr(*out, '/') || **out == '/' || strchr(*out, ' ') == *out))
		config_read_error(reader, value->line,
			"type = %.40s: write a media type such as image/jpeg", *out);
}

static bool is_identifier(const char *text, size_t length)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	return length > 0 && strspn(text, set) >= length && (text[0] < '0' || text[0] > '9');
}

static void read_lists(
	const struct config_reader *reader, const char *config_directory, struct recipe *recipe)
{
	config_read_list(reader, "stderr_fails", recipe->stderr_fails, RECIPE_STDERR_FAILS_MAX);
	config_read_list(reader, "read", recipe->read, RECIPE_PATHS_MAX);
	config_read_list(reader, "env", recipe->env, RECIPE_PATHS_MAX);
	config_fill_directory(reader, config_directory, recipe->read);
	config_fill_directory(reader, config_directory, recipe->env);
	config_read_list(reader, "preload", recipe->preload, RECIPE_PATHS_MAX);
	config_read_list(reader, "prime", recipe->prime, RECIPE_PATHS_MAX);
	for (size_t i = 0; i < config_node_count(reader->node, "env"); i++) {
		const struct config_value *value = config_node_value(reader->node, "env", i);
		if (!is_identifier(value->text, strcspn(value->text, "=")) ||
			!strchr(value->text, '='))
			config_read_error(
				reader, value->line, "env: '%.40s': write NAME=value", value->text);
	}
	for (size_t i = 0; i < config_node_count(reader->node, "read"); i++) {
		const struct config_value *value = config_node_value(reader->node, "read", i);
		const char *path = i < RECIPE_PATHS_MAX ? recipe->read[i] : NULL;
		if (!path)
			break;
		if (path[0] != '/')
			config_read_error(
				reader, value->line, "read: '%.80s' is no absolute path", path);
		else if (access(path, F_OK) != 0)
			config_read_warning(
				reader, value->line, "read: there is no '%.200s'", path);
	}
	for (size_t i = 0; i < config_node_count(reader->node, "prime"); i++) {
		const struct config_value *value = config_node_value(reader->node, "prime", i);
		if (!is_identifier(value->text, strlen(value->text)))
			config_read_error(reader, value->line,
				"prime: '%.40s' is no name of a function", value->text);
	}
}

static void read_limits(const struct config_reader *reader, struct recipe *recipe)
{
	bool live = recipe->response == RECIPE_LIVE;
	uint64_t cpu_ms = 0;
	recipe->timeout_ms = 30000;
	recipe->queue_timeout_ms = 5000;
	recipe->queue = 64;
	recipe->weight = 1;
	recipe->slots = live ? LIVE_SLOTS : config_processors();
	recipe->memory_bytes = UINT64_C(1) << 30;
	recipe->max_source_bytes = live ? UINT64_C(16) << 30 : UINT64_C(256) << 20;
	recipe->max_pixels = 100000000;
	recipe->max_output_bytes = live ? 0 : UINT64_C(1) << 30;
	recipe->threads = 1;
	recipe->nice = 5;
	recipe->temp_max_bytes = UINT64_C(1) << 30;
	recipe->processes = 1024;
	recipe->open_files = 256;
	config_read_duration(reader, "timeout", 1, &recipe->timeout_ms);
	config_read_duration(reader, "queue_timeout", 0, &recipe->queue_timeout_ms);
	config_read_integer(reader, "queue", 0, 65535, &recipe->queue);
	config_read_integer(reader, "weight", 1, 4096, &recipe->weight);
	config_read_integer(reader, "slots", 1, 4096, &recipe->slots);
	config_read_bytes(reader, "memory", MEMORY_MIN, &recipe->memory_bytes);
	config_read_duration(reader, "cpu", 0, &cpu_ms);
	recipe->cpu_s = (cpu_ms + 999) / 1000;
	config_read_bytes(reader, "max_source", 0, &recipe->max_source_bytes);
	config_read_count(reader, "max_pixels", &recipe->max_pixels);
	config_read_bytes(reader, "max_output", 0, &recipe->max_output_bytes);
	config_read_integer(reader, "threads", 1, 1024, &recipe->threads);
	config_read_integer(reader, "nice", 0, 19, &recipe->nice);
	config_read_bytes(reader, "temp_max", 0, &recipe->temp_max_bytes);
	config_read_integer(reader, "processes", 0, 1000000, &recipe->processes);
	config_read_integer(reader, "open_files", 16, 65536, &recipe->open_files);
}

static void read_sharing(
	const struct config_reader *reader, const struct config *config, struct recipe *recipe)
{
	recipe->cache = recipe->response == RECIPE_WHOLE;
	recipe->stale_ms = config->cache_stale_ms;
	config_read_bool(reader, "cache", &recipe->cache);
	config_read_bool(reader, "finish", &recipe->finish);
	config_read_duration(reader, "stale", 0, &recipe->stale_ms);
	bool kept = recipe->cache && config->cache_path;
	recipe->join = kept;
	config_read_bool(reader, "join", &recipe->join);
	if (kept && !recipe->join)
		config_read_error(reader, config_read_one(reader, "join")->line,
			"join = false: a result that is kept is shared while it is made; write "
			"cache = false");
}

static void read_modes(const struct config_reader *reader, struct recipe *recipe)
{
	static const char *const stdin_names[] = {"none", "source", NULL};
	unsigned response = RECIPE_WHOLE, start = RECIPE_WARM, confine = RECIPE_CONFINE_STANDARD,
		 in = 0;
	config_read_name(reader, "response", config_response_names, &response);
	config_read_name(reader, "start", config_start_names, &start);
	config_read_name(reader, "confine", config_confine_names, &confine);
	config_read_name(reader, "stdin", stdin_names, &in);
	recipe->response = (enum recipe_response)response;
	recipe->start = (enum recipe_start)start;
	recipe->confine = (enum recipe_confine)confine;
	recipe->stdin_source = in == 1;
}

struct recipe *config_recipe(const struct config_node *node, const struct config *config,
	bool complete, struct config_report *report)
{
	char where[128];
	const char *name = config_node_title(node);
	const struct config_reader reader = {report, node, where};
	bool used[RECIPE_PARAMS_MAX] = {false};
	struct recipe *recipe = calloc(1, sizeof(*recipe));
	if (!recipe) {
		report->out_of_memory = true;
		return NULL;
	}
	recipe->format_param = -1;
	recipe->name = config_strdup(report, name);
	snprintf(where, sizeof(where), "recipe '%.64s': ", name);
	size_t length =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
	if (length == 0 || length > 64 || name[length] != '\0')
		config_read_error(&reader, config_node_line(node),
			"a name has up to 64 letters, digits, '-', '_' and '.'");
	read_modes(&reader, recipe);
	read_sharing(&reader, config, recipe);
	read_limits(&reader, recipe);
	read_sources(&reader, recipe);
	read_field(&reader, "type", &recipe->type);
	read_field(&reader, "cache_control", &recipe->cache_control);
	read_lists(&reader, config->directory, recipe);
	read_exits(&reader, recipe);
	bool known = read_params(&reader, recipe);
	if (!report->out_of_memory)
		read_path(&reader, complete, recipe, used);
	if (!report->out_of_memory)
		config_run(&reader, config, complete && known, recipe, used);
	return recipe;
}
