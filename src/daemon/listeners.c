/* SPDX-License-Identifier: MIT */
#include "src/daemon/listeners.h"

#include <string.h>

#include "base/log.h"

static int open_address(struct listeners *listeners, const char *address, mode_t mode)
{
	int r = listener_open(address, mode, &listeners->at[0]);
	listeners->count = r == 0;
	if (r == LISTENER_E_ADDRESS)
		log_error("cannot listen on %s: an address is unix:PATH, tcp:HOST:PORT or "
			  "tcp6:[ADDR]:PORT",
			address);
	else if (r < 0)
		log_error("cannot listen on %s: %s", address, strerror(-r));
	return r;
}

static int inherit(struct listeners *listeners)
{
	int r = listener_inherit(listeners->at, &listeners->count);
	if (r == LISTENER_E_NONE_INHERITED)
		log_error("there is no socket to listen on: set `listen` in the configuration, "
			  "give -s, or start sluice with an inherited socket");
	else if (r < 0)
		log_error("cannot use the inherited socket: %s", strerror(-r));
	return r;
}

int listeners_open(struct listeners *listeners, const char *address, mode_t mode)
{
	return address ? open_address(listeners, address, mode) : inherit(listeners);
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
