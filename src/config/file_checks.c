/* SPDX-License-Identifier: MIT */
/*
 * The options of the file itself and of its cache section. What would only show when the first
 * request comes (a root that is no directory, a socket address without its kind) is checked here,
 * while an administrator still looks at the output.
 */
#include "src/config/checks.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/answers.h"
#include "base/reach.h"
#include "base/text.h"
#include "src/config/processors.h"

enum { PROBLEM_MAX = 1024 };

/* Nothing waits for a file system that hangs, neither the start nor `-t`. */
static bool answers(const struct config_reader *reader, const char *path)
{
	return reader->report->blind || answers_within(path, CONFIG_ANSWER_MS) != -ETIMEDOUT;
}

static bool is_directory(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* There has to be a directory. Whether the daemon may use it is not looked at here: the user who
 * reads the file is rarely the daemon's (src/daemon/rights.h). */
static void check_directory(const struct config_reader *reader, const struct config_value *value,
	const char *option, const char *path)
{
	char buffer[PROBLEM_MAX];
	struct text problem;
	text_init(&problem, buffer, sizeof buffer);
	if (!answers(reader, path))
		config_read_error(reader, value->line, "%s = %s: " CONFIG_NO_ANSWER, option, path);
	else if (!reader->report->blind && !reach_directory(path, 0, &problem))
		config_read_error(reader, value->line, "%s = %s: %s", option, path, problem.data);
}

void config_check_group(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	if (config->socket_group && !getgrnam(config->socket_group))
		config_read_warning(
			reader, value->line, "socket_group: there is no group '%s'", value->text);
}

void config_check_user(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	if (config->user && !getpwnam(config->user))
		config_read_warning(
			reader, value->line, "user: there is no user '%s'", value->text);
}

void config_check_root(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	struct config *config = record;
	if (config->root[0] != '/') {
		config_read_error(reader, value->line, "root = %s: must be absolute", value->text);
		return;
	}
	/* The daemon starts all the same, as its storage may come back. */
	config->root_hangs = !answers(reader, config->root);
	if (config->root_hangs)
		config_read_warning(
			reader, value->line, "root = %s: " CONFIG_NO_ANSWER, config->root);
	else
		check_directory(reader, value, "root", config->root);
}

void config_check_prefix(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	const char *prefix = config->prefix;
	size_t length = strlen(prefix), kept = length;
	while (kept > 0 && prefix[kept - 1] == '/')
		kept--;
	if (length > 0 && (prefix[0] != '/' || kept < length))
		config_read_error(reader, value->line, "prefix = %s: did you mean \"%s%.*s\"?",
			prefix, kept > 0 && prefix[0] != '/' ? "/" : "", (int)kept, prefix);
}

void config_check_programs(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	for (const char *at = config->programs; *at; at += strcspn(at, ":"), at += *at == ':')
		if (*at != '/') {
			config_read_error(reader, value->line,
				"programs: write absolute directories with : between them");
			return;
		}
}

void config_derive_temp_path(const struct config_reader *reader, void *record)
{
	struct config *config = record;
	const char *given = getenv("TMPDIR");
	bool good = given && given[0] == '/' && is_directory(given);
	free(config->temp_path);
	config->temp_path = config_strdup(reader->report, good ? given : "/tmp");
}

void config_check_temp_path(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	if (!config->temp_path) /* "" */
		config_derive_temp_path(reader, record);
	else if (config->temp_path[0] != '/')
		config_read_error(
			reader, value->line, "temp_path = %s: must be absolute", value->text);
	else
		check_directory(reader, value, "temp_path", config->temp_path);
}

void config_derive_total_slots(const struct config_reader *reader, void *record)
{
	struct config *config = record;
	(void)reader;
	config->slots = config_processors();
}

static bool is_log(const char *where)
{
	static const char *const services[] = {"syslog", "journal"};
	for (size_t i = 0; i < 2; i++) {
		size_t length = strlen(services[i]);
		if (!strncmp(where, services[i], length) &&
			(!where[length] || !strncmp(where + length, ":/", 2)))
			return true;
	}
	return where[0] == '/' || !strcmp(where, "stderr");
}

void config_check_log(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	if (config->log && !is_log(config->log))
		config_read_error(reader, value->line,
			"log = %s: must be an absolute path, syslog, journal, or \"\" for stderr",
			value->text);
}

/* The daemon compares the path as the client sends it and never decodes it. */
static void check_url_path(const struct config_reader *reader, const struct config_value *value,
	const char *option, const char *path)
{
	if (!path)
		return;
	if (path[0] != '/')
		config_read_error(reader, value->line, "%s = %s: did you mean /%s?", option,
			value->text, value->text);
	else if (strpbrk(path, "?# ") || strlen(path) >= CONFIG_URL_PATH_MAX)
		config_read_error(reader, value->line,
			"%s: a path of at most %d bytes, without ?, # and blanks", option,
			CONFIG_URL_PATH_MAX - 1);
}

void config_check_status_path(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	check_url_path(reader, value, "status_path", config->status_path);
}

void config_check_ping_path(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	check_url_path(reader, value, "ping_path", config->ping_path);
	if (config->status_path && config->ping_path &&
		!strcmp(config->status_path, config->ping_path))
		config_read_error(reader, value->line, "ping_path: is the same as status_path");
}

void config_check_cache_path(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	/* The directory may come later, with its volume; `sluice -t` says when it is not there. */
	if (config->cache_path[0] != '/')
		config_read_error(
			reader, value->line, "path = %s: must be absolute", config->cache_path);
}

void config_check_cache_size(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	if (config->cache_bytes == 0)
		config_read_error(reader, value->line, "size = 0: leave the section out instead");
}

void config_check_cache_send(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	static const char accel[] = "x-accel-redirect:/";
	const struct config *config = record;
	const char *send = config->cache_send;
	if (send && strcmp(send, "x-sendfile") != 0 && strncmp(send, accel, sizeof accel - 1) != 0)
		config_read_error(reader, value->line,
			"send = %s: write x-sendfile or x-accel-redirect:/URI", send);
	for (; send && *send; send++)
		if (*send <= 0x20 || *send > 0x7e) {
			config_read_error(reader, value->line,
				"send: only printable ASCII may stand in a header");
			return;
		}
}

void config_check_cache_send_from(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	if (!config->cache_send)
		config_read_error(reader, value->line, "send_from without send");
}
