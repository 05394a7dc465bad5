/* SPDX-License-Identifier: MIT */
#include "src/observe/observer.h"

#include <string.h>

int observer_open(struct observer *observer)
{
	*observer = (struct observer){0};
	int r = metrics_new(&observer->metrics);
	if (r == 0)
		r = history_new(&observer->history);
	if (r == 0)
		r = in_flight_new(&observer->in_flight);
	if (r < 0)
		observer_close(observer);
	return r;
}

void observer_close(struct observer *observer)
{
	metrics_free(observer->metrics);
	history_free(observer->history);
	in_flight_free(observer->in_flight);
	*observer = (struct observer){0};
}

static bool is_missing_icon(const struct access *access)
{
	static const char icon[] = "/favicon.ico";
	const size_t length = sizeof icon - 1;
	return access->status >= 400 && access->status < 500 && access->uri &&
	       !strncmp(access->uri, icon, length) &&
	       (access->uri[length] == '\0' || access->uri[length] == '?');
}

void observer_observe(const struct observer *observer, const struct access *access)
{
	if (is_missing_icon(access))
		return;
	metrics_observe(observer->metrics, access);
	history_observe(observer->history, access);
}
