/* SPDX-License-Identifier: MIT */
/*
 * The options of the file itself, and the list of recipes. What would only show when the first
 * request comes (a root that is no directory, a socket address without its kind) is looked at here,
 * when somebody is still watching.
 */
#include "src/config/internal.h"

#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

enum {
	RECIPES_MAX = 1000,
	CONNECTIONS_DEFAULT = 16384,
	MEMORY_TOTAL_MIN = 1024 * 1024,
	CACHE_MIN = 1024 * 1024
};

const char *const config_required_names[] = {"preferred", "required", NULL};

unsigned config_processors(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
	return 1;
}

static bool is_directory(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* HOST:PORT or [ADDR]:PORT with a port of 1 … 65535. */
static bool is_host_port(const char *text)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;
	char message[CONFIG_MESSAGE_MAX];
	return colon && colon > text && config_parse_integer(colon + 1, 1, 65535, &port, message);
}

static void read_listen(const struct config_reader *reader, struct config *config)
{
	const struct config_value *value = config_read_one(reader, "listen");
	config_read_string(reader, "listen", true, &config->listen);
	if (!value || !config->listen)
		return;
	const char *text = config->listen;
	uint64_t port;
	char message[CONFIG_MESSAGE_MAX];
	if (strncmp(text, "unix:", 5) == 0) {
		if (text[5] != '/')
			config_error(reader->report, value->line,
				"listen: the path behind unix: must be absolute");
		else if (strlen(text + 5) >= sizeof(((struct sockaddr_un *)0)->sun_path))
			config_error(reader->report, value->line,
				"listen: the path is longer than a socket's may be");
	} else if (strncmp(text, "tcp:", 4) == 0) {
		if (!is_host_port(text + 4) || text[4] == '[')
			config_error(
				reader->report, value->line, "listen: write tcp:127.0.0.1:9000");
	} else if (strncmp(text, "tcp6:", 5) == 0) {
		if (text[5] != '[' || !is_host_port(text + 5) || !strstr(text, "]:"))
			config_error(reader->report, value->line, "listen: write tcp6:[::1]:9000");
	} else if (text[0] == '/')
		config_error(reader->report, value->line, "listen = %s: did you mean unix:%s?",
			text, text);
	else if (text[0] == '[')
		config_error(reader->report, value->line, "listen = %s: did you mean tcp6:%s?",
			text, text);
	else if (config_parse_integer(text, 1, 65535, &port, message))
		config_error(reader->report, value->line,
			"listen = %s: did you mean tcp:127.0.0.1:%s?", text, text);
	else if (is_host_port(text))
		config_error(reader->report, value->line, "listen = %s: did you mean tcp:%s?", text,
			text);
	else
		config_error(reader->report, value->line,
			"listen: write unix:/run/sluice.sock, tcp:127.0.0.1:9000 or "
			"tcp6:[::1]:9000");
}

static void read_socket(const struct config_reader *reader, struct config *config)
{
	const struct config_value *value = config_read_one(reader, "socket_mode");
	config->socket_mode = 0660;
	if (value) {
		size_t n = strspn(value->text, "01234567");
		if (n < 3 || n > 4 || value->text[n] != '\0' || (n == 4 && value->text[0] != '0'))
			config_error(reader->report, value->line,
				"socket_mode: write three octal digits such as 0660");
		else
			config->socket_mode = (mode_t)strtoul(value->text, NULL, 8);
	}
	config_read_string(reader, "socket_group", true, &config->socket_group);
	value = config_read_one(reader, "socket_group");
	if (config->socket_group && !getgrnam(config->socket_group))
		config_warning(reader->report, value->line, "socket_group: there is no group '%s'",
			value->text);
	config_read_string(reader, "user", true, &config->user);
	value = config_read_one(reader, "user");
	if (config->user && !getpwnam(config->user))
		config_warning(
			reader->report, value->line, "user: there is no user '%s'", value->text);
}

static void check_prefix(
	struct config_report *report, const struct config_value *value, const char *prefix)
{
	size_t length = strlen(prefix), kept = length;
	while (kept > 0 && prefix[kept - 1] == '/')
		kept--;
	if (length > 0 && (prefix[0] != '/' || kept < length))
		config_error(report, value->line, "prefix = %s: did you mean \"%s%.*s\"?", prefix,
			kept > 0 && prefix[0] != '/' ? "/" : "", (int)kept, prefix);
}

static void read_root(const struct config_reader *reader, struct config *config, bool whole)
{
	const struct config_value *value = config_read_one(reader, "root");
	config_read_string(reader, "root", true, &config->root);
	if (!config->root) {
		if (whole || value)
			config_error(reader->report, value ? value->line : 0,
				"root is missing: the directory that holds the sources");
	} else if (config->root[0] != '/')
		config_error(
			reader->report, value->line, "root = %s: must be absolute", value->text);
	else if (!is_directory(config->root))
		config_error(reader->report, value->line, "root = %s: there is no such directory",
			value->text);

	config_read_string(reader, "prefix", false, &config->prefix);
	value = config_read_one(reader, "prefix");
	if (!config->prefix)
		config->prefix = config_strdup(reader->report, "");
	else
		check_prefix(reader->report, value, config->prefix);
}

static void read_places(const struct config_reader *reader, struct config *config)
{
	config_read_string(reader, "programs", false, &config->programs);
	const struct config_value *value = config_read_one(reader, "programs");
	if (!config->programs)
		config->programs = config_strdup(reader->report, "/usr/bin:/bin");
	for (const char *at = config->programs; at && *at; at += strcspn(at, ":"), at += *at == ':')
		if (*at != '/' && value) {
			config_error(reader->report, value->line,
				"programs: write absolute directories with : between them");
			break;
		}

	config_read_string(reader, "temp_path", true, &config->temp_path);
	value = config_read_one(reader, "temp_path");
	if (!config->temp_path) {
		const char *given = getenv("TMPDIR");
		config->temp_path = config_strdup(reader->report,
			given && given[0] == '/' && is_directory(given) ? given : "/tmp");
	} else if (config->temp_path[0] != '/' || !is_directory(config->temp_path))
		config_error(reader->report, value->line,
			"temp_path = %s: must be an existing directory, absolute", value->text);
}

static void read_limits(const struct config_reader *reader, struct config *config)
{
	config->splice = true;
	config->request_timeout_ms = 10000;
	config->send_timeout_ms = 60000;
	config->shutdown_timeout_ms = 30000;
	config->slots = config_processors();
	config->connections = CONNECTIONS_DEFAULT;
	config_read_bool(reader, "splice", &config->splice);
	config_read_duration(reader, "request_timeout", 1, &config->request_timeout_ms);
	config_read_duration(reader, "send_timeout", 1, &config->send_timeout_ms);
	config_read_duration(reader, "shutdown_timeout", 0, &config->shutdown_timeout_ms);
	config_read_integer(reader, "slots", 1, 4096, &config->slots);
	config_read_bytes(reader, "memory_total", MEMORY_TOTAL_MIN, &config->memory_total_bytes);
	config_read_integer(reader, "connections", 1, 1000000, &config->connections);
	unsigned required = 0;
	config_read_name(reader, "confine", config_required_names, &required);
	config->confine_required = required == 1;
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max == RLIM_INFINITY ||
		config->connections <= limit.rlim_max)
		return;
	const struct config_value *value = config_read_one(reader, "connections");
	if (value)
		config_warning(reader->report, value->line,
			"connections = %u: this process may open %llu files only",
			config->connections, (unsigned long long)limit.rlim_max);
	config->connections = limit.rlim_max > 0 ? (unsigned)limit.rlim_max : 1;
}

static void read_cache(
	const struct config_node *file, struct config *config, struct config_report *report)
{
	size_t count = config_node_sections(file, "cache");
	config->cache_bytes = UINT64_C(1) << 30;
	if (count == 0)
		return;
	const struct config_node *node = config_node_section(file, "cache", count - 1);
	const struct config_reader reader = {report, node, "cache: "};
	const unsigned line = config_node_line(node);
	if (count > 1)
		config_error(report, line, "cache: there is one before it");
	config_read_string(&reader, "path", true, &config->cache_path);
	config_read_bytes(&reader, "size", CACHE_MIN, &config->cache_bytes);
	config_read_string(&reader, "send", true, &config->cache_send);
	config_read_bytes(&reader, "send_from", 0, &config->cache_send_from_bytes);
	config_read_duration(&reader, "stale", 0, &config->cache_stale_ms);
	if (!config->cache_path)
		config_error(report, line, "cache: path is missing: the directory of the results");
	else if (config->cache_path[0] != '/' || !is_directory(config->cache_path))
		config_error(report, config_read_one(&reader, "path")->line,
			"cache: path = %s: must be an existing directory, absolute",
			config->cache_path);
	if (config->cache_bytes == 0)
		config_error(report, line, "cache: size = 0: leave the section out instead");
	static const char accel[] = "x-accel-redirect:/";
	const char *send = config->cache_send;
	if (!send && config_read_one(&reader, "send_from"))
		config_error(report, config_read_one(&reader, "send_from")->line,
			"cache: send_from without send");
	if (send && strcmp(send, "x-sendfile") != 0 && strncmp(send, accel, sizeof accel - 1) != 0)
		config_error(report, config_read_one(&reader, "send")->line,
			"cache: send = %s: write x-sendfile or x-accel-redirect:/URI", send);
	for (; send && *send; send++)
		if (*send <= 0x20 || *send > 0x7e) {
			config_error(report, line,
				"cache: send: only printable ASCII may stand in a header");
			break;
		}
}

/* Two recipes of one path: the second is only reached for sources that the first does not take. */
static void check_reached(
	const struct config *config, const struct config_node *node, struct config_report *report)
{
	for (size_t i = 1; i < config->recipe_count; i++) {
		const struct recipe *later = config->recipes[i];
		for (size_t j = 0; j < i && later->path; j++) {
			const struct recipe *first = config->recipes[j];
			bool all = first->sources == 0 ||
				   (later->sources && (later->sources & ~first->sources) == 0);
			if (!first->path || !all ||
				strcmp(pattern_text(first->path), pattern_text(later->path)) != 0)
				continue;
			config_warning(report,
				config_node_line(config_node_section(node, "recipe", i)),
				"recipe '%s' is never reached: recipe '%s' before it takes the "
				"same path and sources",
				later->name, first->name);
			break;
		}
	}
}

static void read_recipes(const struct config_node *node, bool whole, bool last_complete,
	struct config *config, struct config_report *report)
{
	size_t count = config_node_sections(node, "recipe");
	if (count == 0 && whole)
		config_error(report, 0, "there is no recipe");
	if (count > RECIPES_MAX) {
		config_error(report,
			config_node_line(config_node_section(node, "recipe", RECIPES_MAX)),
			"more than %d recipes", RECIPES_MAX);
		count = RECIPES_MAX;
	}
	config->recipes = calloc(count + 1, sizeof(*config->recipes));
	if (!config->recipes)
		report->out_of_memory = true;
	for (size_t i = 0; i < count && !report->out_of_memory; i++) {
		config_check_title(node, "recipe", i, "", report);
		bool complete = whole || last_complete || i + 1 < count;
		struct recipe *recipe = config_recipe(
			config_node_section(node, "recipe", i), config, complete, report);
		if (recipe)
			config->recipes[config->recipe_count++] = recipe;
	}
	if (report->out_of_memory)
		return;
	check_reached(config, node, report);
	config_memory(node, config, report);
}

struct config_counted {
	struct config config;
	atomic_uint references;
};

struct config *config_globals(const struct config_node *node, const char *file, bool whole,
	bool last_complete, struct config_report *report)
{
	struct config_counted *counted = calloc(1, sizeof(*counted));
	if (!counted) {
		report->out_of_memory = true;
		return NULL;
	}
	atomic_init(&counted->references, 1);
	struct config *config = &counted->config;
	const struct config_reader reader = {report, node, ""};
	config->file = config_strdup(report, file);
	config->directory = config_directory_of(report, file);
	read_listen(&reader, config);
	read_socket(&reader, config);
	read_root(&reader, config, whole);
	read_places(&reader, config);
	read_limits(&reader, config);
	read_cache(node, config, report);
	config_sight(&reader, config);
	if (!report->out_of_memory)
		read_recipes(node, whole, last_complete, config, report);
	return config;
}

struct config *config_ref(struct config *config)
{
	struct config_counted *counted = (struct config_counted *)(void *)config;
	atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
	return config;
}

unsigned config_references(struct config *config)
{
	struct config_counted *counted = (struct config_counted *)(void *)config;
	return atomic_load_explicit(&counted->references, memory_order_acquire);
}

void config_unref(struct config *config)
{
	if (!config)
		return;
	struct config_counted *counted = (struct config_counted *)(void *)config;
	if (atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < config->recipe_count; i++)
		recipe_free(config->recipes[i]);
	free(config->recipes);
	free(config->file);
	free(config->directory);
	free(config->listen);
	free(config->socket_group);
	free(config->root);
	free(config->prefix);
	free(config->programs);
	free(config->user);
	free(config->log);
	free(config->status_path);
	free(config->ping_path);
	free(config->temp_path);
	free(config->cache_path);
	free(config->cache_send);
	free(counted);
}
