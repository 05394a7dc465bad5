/* SPDX-License-Identifier: MIT */
#include "src/request/request_id.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
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

static _Atomic uint64_t made;

static void begin(void)
{
	uint64_t seed = 0;
	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) < 0)
		seed = clock_now_us();
	atomic_store(&made, seed);
}

/* No two of this daemon are the same, and those of another one are elsewhere: steps of an odd number from a random start go through all
 * values of 64 bits, and what is done to them can be undone (splitmix64, Steele, Lea, Flood 2014). */
static uint64_t make(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, begin);
	uint64_t value = atomic_fetch_add(&made, 0x9e3779b97f4a7c15);
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
	value = (value ^ value >> 27) * 0x94d049bb133111eb;
	return value ^ value >> 31;
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
	text_printf(&text, "%016" PRIx64, make());
}
