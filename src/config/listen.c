/* SPDX-License-Identifier: MIT */
/* The address of the socket. A web server's configuration writes it in another way, with a scheme
 * or without a kind, so most mistakes have one likely meaning. */
#include "src/config/checks.h"

#include <ctype.h>
#include <string.h>
#include <sys/un.h>

static bool is_port(const char *text)
{
	uint64_t port;
	char message[CONFIG_MESSAGE_MAX];
	return config_parse_integer(text, 1, 65535, &port, message);
}

/* HOST:PORT or [ADDR]:PORT with a port of 1 … 65535. */
static bool is_host_port(const char *text)
{
	const char *colon = strrchr(text, ':');
	return colon && colon > text && is_port(colon + 1);
}

static bool is_good(const char *text)
{
	if (!strncmp(text, "tcp:", 4))
		return is_host_port(text + 4) && text[4] != '[' && text[4] != '*' &&
		       !strchr(text + 4, '/');
	if (!strncmp(text, "tcp6:", 5))
		return text[5] == '[' && is_host_port(text + 5) && strstr(text, "]:");
	return false;
}

static const char *check_unix(const char *path)
{
	if (path[0] != '/')
		return "the path behind unix: must be absolute, such as "
		       "unix:/run/sluice/sluice.sock";
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return "the path is longer than a socket's may be, 107 bytes";
	return NULL;
}

/* Writes the address that is likely meant, or "". *http: the text was a URL of a web server. */
static void guess(const char *text, char *out, size_t size, bool *http)
{
	const char *rest = strstr(text, "://");
	*http = rest && !strncmp(text, "http", 4);
	rest = rest ? rest + 3 : !strncmp(text, "tcp:", 4) ? text + 4 : text;
	if (!strncmp(text, "tcp6:", 5))
		rest = text + 5;
	size_t length = rest[0] == '/' ? strlen(rest) : strcspn(rest, "/");
	char address[256];
	snprintf(address, sizeof address, "%.*s", (int)(length < 255 ? length : 255), rest);
	const char *port = strrchr(address, ':');
	out[0] = '\0';
	if (address[0] == '/')
		snprintf(out, size, "unix:%s", address);
	else if (is_port(address))
		snprintf(out, size, "tcp:127.0.0.1:%s", address);
	else if (port && is_port(port + 1) && (port == address || address[0] == '*'))
		snprintf(out, size, "tcp:0.0.0.0:%s", port + 1);
	else if (is_host_port(address) && address[0] == '[')
		snprintf(out, size, "tcp6:%s", address);
	else if (is_host_port(address) && strchr(address, ':') != port)
		snprintf(out, size, "tcp6:[%.*s]%s", (int)(port - address), address, port);
	else if (is_host_port(address))
		snprintf(out, size, "tcp:%s", address);
}

/* A host and something behind the colon that is no port. */
static bool has_bad_port(const char *text)
{
	const char *colon = strrchr(text, ':');
	return colon && isdigit((unsigned char)colon[1]) && !is_port(colon + 1);
}

void config_check_listen(
	const struct config_reader *reader, const struct config_value *value, void *record)
{
	const struct config *config = record;
	const char *text = config->listen;
	char meant[320];
	bool http;
	if (!text || is_good(text))
		return;
	if (!strncmp(text, "unix:", 5)) {
		const char *problem = check_unix(text + 5);
		if (problem)
			config_read_error(
				reader, value->line, "listen = %.120s: %s", text, problem);
		return;
	}
	guess(text, meant, sizeof meant, &http);
	const char *remark = http ? "FastCGI is spoken here, not HTTP: " : "";
	if (meant[0])
		config_read_error(reader, value->line, "listen = %.120s: %sdid you mean %s?", text,
			remark, meant);
	else if (has_bad_port(text))
		config_read_error(reader, value->line,
			"listen = %.120s: the port is a number from 1 to 65535", text);
	else
		config_read_error(reader, value->line,
			"listen = %.120s: %swrite unix:/run/sluice/sluice.sock, "
			"tcp:127.0.0.1:9000 or tcp6:[::1]:9000",
			text, remark);
}
