/* SPDX-License-Identifier: MIT */
/*
 * The web server's half, byte by byte: first byte: how many cuts; so many bytes: the sizes of the
 * pieces; the rest is the stream. What a stream means must not depend on how it was cut, and no
 * stream makes more than its bounds.
 */
#include "fcgi/input.h"
#include "fcgi/params.h"
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

/* Everything that can be seen of a stream. A request is looked at when the stream has ended, since
 * cuts differ in when it is complete. */
struct seen {
	unsigned requests, aborted, too_large, broken, close_soon;
	size_t taken, reply_length;
	uint64_t hash;
	bool in_progress;
};

static void add(struct seen *seen, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	for (size_t i = 0; i < size; i++)
		seen->hash = (seen->hash ^ bytes[i]) * 1099511628211u;
}

static void check_params(struct fcgi_input *input, struct seen *seen)
{
	add(seen, input->params, input->params_length);
	MUST(input->params_length <= FCGI_PARAMS_MAX);
	size_t length = input->params_length;
	uint8_t *copy = malloc(length ? length : 1);
	MUST(copy);
	if (length > 0)
		memcpy(copy, input->params, length);
	long n = fcgi_params_decode(copy, length);
	MUST(n <= (long)length);
	if (n > 0) {
		MUST(copy[n - 1] == '\0');
		const char *first = (const char *)copy, *value = first + strlen(first) + 1;
		const char *found = fcgi_params_get(copy, (size_t)n, first);
		MUST(found && !strcmp(found, value));
	}
	free(copy);
}

static void take_reply(struct fcgi_input *input, struct seen *seen)
{
	MUST(input->reply_length <= FCGI_REPLY_MAX);
	add(seen, input->reply, input->reply_length);
	seen->reply_length += input->reply_length;
	input->reply_length = 0;
}

static struct seen feed(const uint8_t *cuts, size_t cut_count, const struct fuzz_bytes *stream)
{
	struct fcgi_input input;
	struct seen seen = {.hash = 14695981039346656037u};
	fcgi_input_init(&input);
	size_t at = 0, cut = 0;
	while (at < stream->size && !input.broken) {
		size_t left = stream->size - at, n = left;
		if (cut_count > 0) {
			size_t wanted = (size_t)cuts[cut++ % cut_count] + 1;
			n = wanted < left ? wanted : left;
		}
		uint8_t *piece = malloc(n);
		MUST(piece);
		memcpy(piece, stream->data + at, n);
		size_t taken = fcgi_input_feed(&input, piece, n);
		free(piece);
		MUST(taken <= n && (taken > 0 || input.broken || input.reply_length > 0));
		at += taken;
		take_reply(&input, &seen);
	}
	seen.taken = at;
	seen.broken = input.broken;
	seen.close_soon = input.close_soon;
	seen.in_progress = fcgi_input_in_progress(&input);
	if (!input.broken && fcgi_input_complete(&input)) {
		seen.requests++;
		seen.aborted += input.aborted;
		seen.too_large += input.params_too_large;
		add(&seen, &input.id, sizeof input.id);
		check_params(&input, &seen);
		fcgi_input_finish(&input);
		MUST(!fcgi_input_complete(&input));
	}
	fcgi_input_clear(&input);
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = {data, size};
	size_t count = fuzz_byte(&bytes) % 16;
	const uint8_t *cuts = bytes.data;
	if (count >= bytes.size)
		return 0;
	bytes.data += count;
	bytes.size -= count;
	struct seen whole = feed(NULL, 0, &bytes), cut = feed(cuts, count, &bytes);
	static const uint8_t one[] = {0};
	struct seen single = bytes.size < 4096 ? feed(one, 1, &bytes) : whole;
	MUST(whole.requests == cut.requests && whole.requests == single.requests);
	MUST(whole.hash == cut.hash && whole.hash == single.hash);
	MUST(whole.taken == cut.taken && whole.taken == single.taken);
	MUST(whole.broken == cut.broken && whole.broken == single.broken);
	MUST(whole.close_soon == cut.close_soon && whole.close_soon == single.close_soon);
	MUST(whole.aborted == cut.aborted && whole.too_large == cut.too_large);
	MUST(whole.in_progress == cut.in_progress && whole.reply_length == cut.reply_length);
	return 0;
}
