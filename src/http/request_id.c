/* SPDX-License-Identifier: MIT */
#include "src/http/request_id.h"

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

/* No two ids of one daemon are equal: steps of an odd number from a random start go through all
 * values of 64 bits, and the mixing can be undone (splitmix64; Steele, Lea, Flood 2014). Another
 * daemon has another start. */
static uint64_t make(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, begin);
	uint64_t value = atomic_fetch_add(&made, 0x9e3779b97f4a7c15);
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
	value = (value ^ value >> 27) * 0x94d049bb133111eb;
	return value ^ value >> 31;
}

void request_id_make(const char *first, const char *second, char id[REQUEST_ID_MAX + 1])
{
	struct text text;
	text_init(&text, id, REQUEST_ID_MAX + 1);
	if (is_id(first))
		text_puts(&text, first);
	else if (is_id(second))
		text_puts(&text, second);
	else
		text_printf(&text, "%016" PRIx64, make());
}
