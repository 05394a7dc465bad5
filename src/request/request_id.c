/* SPDX-License-Identifier: MIT */
#include "src/request/request_id.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/text.h"

static bool is_id(const char *text)
{
	size_t length = text ? strlen(text) : 0;
	return length > 0 && length <= REQUEST_ID_MAX &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       length;
}

void request_id_get(const struct fcgi_connection *connection, char id[REQUEST_ID_MAX + 1])
{
	static const char *const names[] = {"HTTP_X_REQUEST_ID", "REQUEST_ID"};
	struct text text;
	text_init(&text, id, REQUEST_ID_MAX + 1);
	for (size_t i = 0; i < 2; i++) {
		const char *given = fcgi_connection_param(connection, names[i]);
		if (is_id(given)) {
			text_puts(&text, given);
			return;
		}
	}
	uint64_t random = 0;
	if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
		random = clock_now_us();
	text_printf(&text, "%016" PRIx64, random);
}
