/* SPDX-License-Identifier: MIT */
/*
 * What an operator sees of the daemon. Off where it is not asked for.
 */
#include "src/config/internal.h"

#include <string.h>

const char *const config_log_format_names[] = {
	[LOG_FORMAT_TEXT] = "text", [LOG_FORMAT_JSON] = "json", NULL};

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

static void read_log(const struct config_reader *reader, struct config *config)
{
	config_read_string(reader, "log", true, &config->log);
	const struct config_value *value = config_read_one(reader, "log");
	if (config->log && !is_log(config->log))
		config_error(reader->report, value->line,
			"log = %s: must be an absolute path, syslog, journal, or \"\" for stderr",
			value->text);
	unsigned format = LOG_FORMAT_TEXT;
	config_read_name(reader, "log_format", config_log_format_names, &format);
	config->log_format = (enum log_format)format;
	config_read_duration(reader, "slow", 0, &config->slow_ms);
}

/* A path of the URL as the client sends it: it is compared, never decoded. */
static void read_path(const struct config_reader *reader, const char *option, char **path)
{
	config_read_string(reader, option, true, path);
	const struct config_value *value = config_read_one(reader, option);
	if (!*path)
		return;
	if ((*path)[0] != '/')
		config_error(reader->report, value->line, "%s = %s: did you mean /%s?", option,
			value->text, value->text);
	else if (strpbrk(*path, "?# ") || strlen(*path) >= CONFIG_SIGHT_PATH_MAX)
		config_error(reader->report, value->line,
			"%s: a path of at most %d bytes, without ?, # and blanks", option,
			CONFIG_SIGHT_PATH_MAX - 1);
}

void config_sight(const struct config_reader *reader, struct config *config)
{
	read_log(reader, config);
	read_path(reader, "status_path", &config->status_path);
	read_path(reader, "ping_path", &config->ping_path);
	if (config->status_path && config->ping_path &&
		!strcmp(config->status_path, config->ping_path))
		config_error(reader->report, config_read_one(reader, "ping_path")->line,
			"ping_path: is the same as status_path");
	config_read_bool(reader, "server_timing", &config->server_timing);
	config_read_bool(reader, "request_id", &config->request_id);
}
