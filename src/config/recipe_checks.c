/* SPDX-License-Identifier: MIT */
/*
 * The options of a recipe that have rules of their own: lists with a form, texts that go into a
 * header, defaults that depend on others.
 */
#include "src/config/checks.h"

#include "src/config/directory.h"
#include "src/config/media_names.h"
#include "src/config/processors.h"

#include <string.h>
#include <unistd.h>

/* What stands behind a type. */
static bool read_kinds(const char *words, uint64_t type, struct recipe *recipe)
{
	uint64_t *const kinds[] = {&recipe->animated, &recipe->still, &recipe->plain};
	static const char *const names[] = {"animated", "still", "plain"};
	while (*words) {
		const size_t length = strcspn(words, " ");
		size_t i = 0;
		while (i < 3 && (strlen(names[i]) != length || memcmp(words, names[i], length)))
			i++;
		if (i == 3)
			return false;
		*kinds[i] |= type;
		words += length + strspn(words + length, " ");
	}
	return true;
}

void config_read_sources(const struct config_reader *reader, void *record)
{
	struct recipe *recipe = record;
	char message[CONFIG_MESSAGE_MAX];
	for (size_t i = 0; i < config_node_count(reader->node, "sources"); i++) {
		const struct config_value *value = config_node_value(reader->node, "sources", i);
		const size_t length = strcspn(value->text, " ");
		const char *kind = value->text + length + strspn(value->text + length, " ");
		char name[16] = "";
		memcpy(name, value->text, length < sizeof name ? length : sizeof name - 1);
		int type = config_parse_media(name, message);
		if (type >= 0 && read_kinds(kind, UINT64_C(1) << type, recipe))
			recipe->sources |= UINT64_C(1) << type;
		else if (type >= 0)
			config_read_error(reader, value->line,
				"sources: '%.40s': behind a type stands animated, still or plain",
				value->text);
		else
			config_read_error(
				reader, value->line, "sources: '%.40s': %s", value->text, message);
	}
}

/* "3=404". */
static bool parse_exit(const char *text, int *code, int *status)
{
	char number[8] = "", message[CONFIG_MESSAGE_MAX];
	const char *equal = strchr(text, '=');
	uint64_t from, to;
	if (equal && equal - text < (long)sizeof(number))
		memcpy(number, text, (size_t)(equal - text));
	if (!equal || !config_parse_integer(number, 1, 255, &from, message) ||
		!config_parse_integer(equal + 1, 200, 599, &to, message) || (to > 200 && to < 400))
		return false;
	*code = (int)from;
	*status = (int)to;
	return true;
}

static void read_exit(
	const struct config_reader *reader, const struct config_value *value, struct recipe *recipe)
{
	int code, status;
	if (!parse_exit(value->text, &code, &status)) {
		config_read_error(reader, value->line,
			"exits: '%.40s': write an exit code of 1 to 255 and a status of "
			"400 to 599 (or 200: fine), as 3=404",
			value->text);
		return;
	}
	for (size_t i = 0; i < recipe->exit_count; i++) {
		if (recipe->exits[i].exit != code)
			continue;
		config_read_error(reader, value->line, "exits: code %d stands there twice", code);
		return;
	}
	recipe->exits[recipe->exit_count].exit = code;
	recipe->exits[recipe->exit_count++].status = status;
}

void config_read_exits(const struct config_reader *reader, void *record)
{
	struct recipe *recipe = record;
	for (size_t i = 0; i < config_node_count(reader->node, "exits"); i++) {
		const struct config_value *value = config_node_value(reader->node, "exits", i);
		if (recipe->exit_count == RECIPE_EXITS_MAX) {
			config_read_error(
				reader, value->line, "exits: more than %d", RECIPE_EXITS_MAX);
			return;
		}
		read_exit(reader, value, recipe);
	}
}

/* A text that goes into a header field is printable ASCII, or a response could be split. */
static bool check_field(const struct config_reader *reader, const struct config_value *value,
	const char *option, const char *text)
{
	for (const char *at = text; at && *at; at++) {
		if (*at < 0x20 || *at > 0x7e) {
			config_read_error(reader, value->line,
				"%s: only printable ASCII may stand in a header", option);
			return false;
		}
	}
	return text != NULL;
}

void config_check_type(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct recipe *recipe = record;
	const char *type = recipe->type;
	if (check_field(reader, value, "type", type) &&
		(!strchr(type, '/') || *type == '/' || *type == ' '))
		config_read_error(reader, value->line,
			"type = %.40s: write a media type such as image/jpeg", type);
}

void config_check_cache_control(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct recipe *recipe = record;
	const char *text = recipe->cache_control;
	if (check_field(reader, value, "cache_control", text) && *text &&
		text[strspn(text, "0123456789")] == '\0')
		config_read_error(reader, value->line,
			"cache_control = %.20s: did you mean \"max-age=%.20s\"?", text, text);
}

static bool is_identifier(const char *text, size_t length)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	return length > 0 && strspn(text, set) >= length && (text[0] < '0' || text[0] > '9');
}

void config_check_env(
	const struct config_reader *reader, const struct config_value *first, void *record)
{
	struct recipe *recipe = record;
	(void)first;
	config_fill_directory(reader, recipe->env);
	for (size_t i = 0; i < config_node_count(reader->node, "env"); i++) {
		const struct config_value *value = config_node_value(reader->node, "env", i);
		if (!is_identifier(value->text, strcspn(value->text, "=")) ||
			!strchr(value->text, '='))
			config_read_error(
				reader, value->line, "env: '%.40s': write NAME=value", value->text);
	}
}

void config_check_read(
	const struct config_reader *reader, const struct config_value *first, void *record)
{
	struct recipe *recipe = record;
	(void)first;
	config_fill_directory(reader, recipe->read);
	for (size_t i = 0; recipe->read[i]; i++) {
		const struct config_value *value = config_node_value(reader->node, "read", i);
		const char *path = recipe->read[i];
		if (path[0] != '/')
			config_read_error(
				reader, value->line, "read: '%.80s' is no absolute path", path);
		else if (access(path, F_OK) != 0)
			config_read_warning(
				reader, value->line, "read: there is no '%.200s'", path);
	}
}

void config_check_prime(
	const struct config_reader *reader, const struct config_value *first, void *record)
{
	(void)first;
	(void)record;
	for (size_t i = 0; i < config_node_count(reader->node, "prime"); i++) {
		const struct config_value *value = config_node_value(reader->node, "prime", i);
		if (!is_identifier(value->text, strlen(value->text)))
			config_read_error(reader, value->line,
				"prime: '%.40s' is no name of a function", value->text);
	}
}

void config_check_begin_after(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct recipe *recipe = record;
	if (recipe->response != RECIPE_LIVE)
		config_read_error(reader, value->line,
			"begin_after: only a response that is live begins before its end");
	else if (recipe->begin_after_bytes > RECIPE_BEGIN_MAX)
		config_read_error(reader, value->line, "begin_after: at most 64K");
}

void config_derive_slots(const struct config_reader *reader, void *record)
{
	struct recipe *recipe = record;
	(void)reader;
	recipe->slots = config_processors();
}

void config_derive_stale(const struct config_reader *reader, void *record)
{
	struct recipe *recipe = record;
	recipe->stale_ms = reader->config->cache_stale_ms;
}

static bool is_kept(const struct config_reader *reader, const struct recipe *recipe)
{
	return recipe->cache && reader->config->cache_path;
}

void config_derive_join(const struct config_reader *reader, void *record)
{
	struct recipe *recipe = record;
	recipe->join = is_kept(reader, recipe);
}

void config_check_join(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct recipe *recipe = record;
	if (is_kept(reader, recipe) && !recipe->join)
		config_read_error(reader, value->line,
			"join = false: a result that is kept is shared while it is made; write "
			"cache = false");
}
