/* SPDX-License-Identifier: MIT */
#include "src/daemon/listeners.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/reach.h"
#include "base/text.h"

enum { CAUSE_MAX = 1024 };

/* What a failure means, in words: "there is no directory /run/sluice". */
static void put_cause(const char *address, int error, struct text *out)
{
	const char *path = strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
	switch (error) {
	case LISTENER_E_ADDRESS:
		text_puts(out,
			"an address is unix:PATH, tcp:HOST:PORT or tcp6:[ADDR]:PORT, and HOST has "
			"to be known");
		return;
	case LISTENER_E_NO_SOCKET:
		text_puts(out, "there is a file with that name, and it is not a socket");
		return;
	case LISTENER_E_FOREIGN:
		text_puts(out, "there is another user's socket, and user ");
		reach_put_user(out);
		text_puts(out, " may not see whether a daemon listens on it: remove the file if "
			       "none does");
		return;
	case LISTENER_E_STALE:
		text_puts(out, "a daemon that has ended has left its socket there, and user ");
		reach_put_user(out);
		text_puts(out, " may not remove the file");
		return;
	case -EADDRINUSE:
		text_puts(out, "another process listens there already: ");
		break;
	case -EACCES:
	case -ENOENT:
	case -ENOTDIR:
		if (path && !reach_directory_of(path, W_OK | X_OK, out))
			return;
		break;
	default:
		break;
	}
	text_error(out, -error);
}

static int open_address(struct listeners *listeners, const char *address, mode_t mode)
{
	int r = listener_open(address, mode, &listeners->at[0]);
	listeners->count = r == 0;
	if (r == 0)
		return 0;
	char buffer[CAUSE_MAX];
	struct text cause;
	text_init(&cause, buffer, sizeof buffer);
	put_cause(address, r, &cause);
	log_error("cannot listen on %s: %s", address, cause.data);
	return r;
}

/* A service manager that made the socket also knows its owner and mode, and the socket is there
 * already: opening `listen` as well would find the address in use. */
static int inherit(struct listeners *listeners, const char *address, mode_t mode)
{
	int r = listener_inherit(listeners->at, &listeners->count);
	if (r == LISTENER_E_NONE_INHERITED && address)
		return open_address(listeners, address, mode);
	if (r == LISTENER_E_NONE_INHERITED)
		log_error("there is no socket to listen on: set `listen` in the configuration, "
			  "give -s, or start sluice with an inherited socket");
	else if (r < 0)
		log_error("cannot use the inherited socket: %s", strerror(-r));
	else if (address)
		log_notice("a socket was inherited; `listen` is ignored listen=%s", address);
	return r;
}

int listeners_open(
	struct listeners *listeners, const char *given, const char *configured, mode_t mode)
{
	return given ? open_address(listeners, given, mode) : inherit(listeners, configured, mode);
}

void listeners_disown(struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		listener_disown(&listeners->at[i]);
}

void listeners_close(struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		listener_close(&listeners->at[i]);
	listeners->count = 0;
}

void listeners_get_paths(const struct listeners *listeners, const char *paths[LISTENER_MAX + 1])
{
	size_t count = 0;
	for (size_t i = 0; i < listeners->count; i++)
		if (listeners->at[i].unlink_path)
			paths[count++] = listeners->at[i].unlink_path;
	paths[count] = NULL;
}
