/* SPDX-License-Identifier: MIT */
/* First byte: which formats are offered; then an Accept, up to a line break, and a date. */
#include "src/http/accept.h"
#include "src/http/conditional.h"
#include "src/http/date.h"
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

static void check_negotiation(unsigned mask, const char *accept)
{
	static const enum media_type all[] = {
		MEDIA_WEBP, MEDIA_JPEG, MEDIA_AVIF, MEDIA_PNG, MEDIA_MP4, MEDIA_GIF};
	enum media_type formats[8];
	size_t count = 0;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (mask >> i & 1)
			formats[count++] = all[i];
	int any = http_weight(accept, "text/plain", NULL);
	MUST(any >= -1 && any <= 1000);
	MUST(http_weight(accept, "text/plain", "version=0.0.4") <= any);
	int best = http_negotiate(accept, formats, count);
	MUST(best >= -1 && best < (int)count);
	if (best < 0)
		return;
	/* What wins wins alone, too; and it does not depend on what else is offered behind it. */
	MUST(http_negotiate(accept, &formats[best], 1) == 0);
	MUST(http_negotiate(accept, formats, (size_t)best + 1) == best);
}

static void check_date(const char *text)
{
	time_t when = http_date_parse(text);
	char out[30];
	if (when < 0 || when > 253402300799) /* http_date knows 1970 to 9999 */
		return;
	http_date(when, out);
	MUST(strlen(out) == 29 && http_date_parse(out) == when);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = {data, size};
	unsigned mask = fuzz_byte(&bytes);
	char *accept = fuzz_text(&bytes, '\n'), *date = fuzz_text(&bytes, '\0');
	check_negotiation(mask, accept);
	check_date(date);
	free(accept);
	free(date);
	return 0;
}
