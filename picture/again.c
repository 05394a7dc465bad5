/* SPDX-License-Identifier: MIT */
#include "picture/again.h"

#include <errno.h>
#include <poll.h>

bool again(int fd, short events)
{
	if (errno == EINTR)
		return true;
	if (errno != EAGAIN)
		return false;
	/* What poll(2) itself has to say, the next call says as well. */
	struct pollfd entry = {.fd = fd, .events = events};
	return poll(&entry, 1, -1) > 0 || errno == EINTR;
}
