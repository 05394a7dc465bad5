/* SPDX-License-Identifier: MIT */
/* What administrators of nginx, fcgiwrap, Apache and WSGI servers write from habit. */
#include "src/config/elsewhere.h"

#include <string.h>

static const struct row {
	enum option_section section;
	const char *name, *remark;
} rows[] = {
	{OPTION_FILE, "worker_processes", "write slots, the conversions at once"},
	{OPTION_FILE, "workers", "write slots, the conversions at once"},
	{OPTION_FILE, "processes", "write slots, the conversions at once"},
	{OPTION_FILE, "threads", "write slots here; threads is for a recipe"},
	{OPTION_FILE, "worker_connections", "write connections"},
	{OPTION_FILE, "error_log", "write log"},
	{OPTION_FILE, "access_log", "write log: it has a line for each request"},
	{OPTION_FILE, "log_level", "there are no levels to choose: the log has them all"},
	{OPTION_FILE, "logfile", "write log"},
	{OPTION_FILE, "location", "write recipe NAME { path = \"/{source}\" ... }"},
	{OPTION_FILE, "server", "the web server has the servers; a recipe has the paths"},
	{OPTION_FILE, "http", "the web server speaks HTTP; write recipe NAME { ... }"},
	{OPTION_FILE, "upstream", "it belongs into the web server's configuration"},
	{OPTION_FILE, "fastcgi_pass", "it belongs into the web server's configuration"},
	{OPTION_FILE, "port", "write listen = tcp:127.0.0.1:9000"},
	{OPTION_FILE, "bind", "write listen"},
	{OPTION_FILE, "host", "write listen"},
	{OPTION_FILE, "socket", "write listen = \"unix:/run/sluice/sluice.sock\""},
	{OPTION_FILE, "mode", "write socket_mode"},
	{OPTION_FILE, "group", "write socket_group"},
	{OPTION_FILE, "document_root", "write root"},
	{OPTION_FILE, "directory", "write root"},
	{OPTION_FILE, "media", "write root"},
	{OPTION_FILE, "tmp", "write temp_path"},
	{OPTION_FILE, "tmpdir", "write temp_path"},
	{OPTION_FILE, "daemon", "sluice stays in the foreground; the service manager has it"},
	{OPTION_FILE, "pid", "there is no pid file; the service manager knows the process"},
	{OPTION_FILE, "pidfile", "there is no pid file; the service manager knows the process"},
	{OPTION_FILE, "path", "it belongs into a recipe"},
	{OPTION_FILE, "size", "it belongs into the cache section"},
	{OPTION_RECIPE, "command", "write run"},
	{OPTION_RECIPE, "cmd", "write run"},
	{OPTION_RECIPE, "exec", "write run"},
	{OPTION_RECIPE, "args", "write run, with the program first"},
	{OPTION_RECIPE, "arguments", "write run, with the program first"},
	{OPTION_RECIPE, "program", "write run, with the program first"},
	{OPTION_RECIPE, "url", "write path"},
	{OPTION_RECIPE, "route", "write path"},
	{OPTION_RECIPE, "pattern", "write path"},
	{OPTION_RECIPE, "match", "write path"},
	{OPTION_RECIPE, "location", "write path"},
	{OPTION_RECIPE, "input", "write sources"},
	{OPTION_RECIPE, "formats", "write sources, or param format { type = format }"},
	{OPTION_RECIPE, "types", "write sources"},
	{OPTION_RECIPE, "extensions", "write sources: the content decides, not the name"},
	{OPTION_RECIPE, "content_type", "write type"},
	{OPTION_RECIPE, "mime", "write type"},
	{OPTION_RECIPE, "mimetype", "write type"},
	{OPTION_RECIPE, "environment", "write env"},
	{OPTION_RECIPE, "expires", "write cache_control = \"max-age=3600\""},
	{OPTION_RECIPE, "max_age", "write cache_control = \"max-age=3600\""},
	{OPTION_RECIPE, "concurrency", "write slots"},
	{OPTION_RECIPE, "workers", "write slots"},
	{OPTION_RECIPE, "stream", "write response = live"},
	{OPTION_RECIPE, "streaming", "write response = live"},
	{OPTION_RECIPE, "size", "a parameter is declared: param size { type = size }"},
	{OPTION_RECIPE, "width", "a parameter is declared: param width { type = integer }"},
	{OPTION_RECIPE, "height", "a parameter is declared: param height { type = integer }"},
	{OPTION_RECIPE, "quality", "a parameter is declared: param quality { type = integer }"},
	{OPTION_RECIPE, "format", "a parameter is declared: param format { type = format }"},
	{OPTION_RECIPE, "root", "it belongs into the file itself, before the recipes"},
	{OPTION_PARAM, "optional", "a parameter is optional unless required = true"},
	{OPTION_PARAM, "choices", "write values"},
	{OPTION_PARAM, "options", "write values"},
	{OPTION_PARAM, "enum", "write values"},
	{OPTION_PARAM, "value", "write default, or values"},
	{OPTION_PARAM, "length", "write max"},
	{OPTION_PARAM, "max_length", "write max"},
	{OPTION_PARAM, "pattern", "write allow: the further characters of a text"},
	{OPTION_PARAM, "regex", "write allow: the further characters of a text"},
	{OPTION_CACHE, "dir", "write path"},
	{OPTION_CACHE, "directory", "write path"},
	{OPTION_CACHE, "max", "write size"},
	{OPTION_CACHE, "max_size", "write size"},
	{OPTION_CACHE, "limit", "write size"},
	{OPTION_CACHE, "ttl", "results have no age: they go when their room is needed"},
	{OPTION_CACHE, "inactive", "results have no age: they go when their room is needed"},
	{OPTION_CACHE, "expires", "results have no age: they go when their room is needed"},
};

const char *config_elsewhere(enum option_section section, const char *name)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].section == section && !strcmp(rows[i].name, name))
			return rows[i].remark;
	return NULL;
}
