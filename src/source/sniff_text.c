/* SPDX-License-Identifier: MIT */
/*
 * Text is a type of its own so that it can be refused by name: a playlist, an MSL script or a page
 * of HTML with the name of a photo is what attackers send to converters.
 */
#include "src/source/sniff_bytes.h"

#include <string.h>

#include "base/utf8.h"

enum { TEXT_BYTES = 4096 };

static size_t skip_space(struct bytes bytes, size_t at)
{
	while (at < bytes.size && bytes.data[at] && strchr(" \t\r\n", bytes.data[at]))
		at++;
	return at;
}

/* Behind the next `end`; bytes.size when there is none. */
static size_t skip_to(struct bytes bytes, size_t at, const char *end)
{
	size_t len = strlen(end);
	for (; at < bytes.size; at++)
		if (bytes_are(bytes, at, end, len))
			return at + len;
	return bytes.size;
}

/* A document type declaration may hold declarations in brackets (XML 1.0 §2.8). */
static size_t skip_doctype(struct bytes bytes, size_t at)
{
	for (; at < bytes.size && bytes.data[at] != '>'; at++)
		if (bytes.data[at] == '[')
			at = skip_to(bytes, at, "]") - 1;
	return at < bytes.size ? at + 1 : bytes.size;
}

bool sniff_svg(struct bytes bytes, struct sniff *result)
{
	size_t at = skip_space(bytes, bytes_have(bytes, 0, "\xef\xbb\xbf") ? 3 : 0);
	while (at < bytes.size && bytes.data[at] == '<') {
		if (bytes_have(bytes, at, "<svg")) {
			unsigned char next = (unsigned char)bytes_big(bytes, at + 4, 1);
			result->type = MEDIA_SVG;
			return next && strchr(" \t\r\n>/:", next);
		}
		if (bytes_have(bytes, at, "<?"))
			at = skip_to(bytes, at, "?>");
		else if (bytes_have(bytes, at, "<!--"))
			at = skip_to(bytes, at + 4, "-->");
		else if (bytes_have(bytes, at, "<!DOCTYPE"))
			at = skip_doctype(bytes, at);
		else
			return false;
		at = skip_space(bytes, at);
	}
	return false;
}

bool sniff_text(struct bytes bytes, struct sniff *result)
{
	struct bytes head = bytes_cut(bytes, 0, TEXT_BYTES);
	bool utf8 = true, latin = true;
	for (size_t i = 0; i < head.size; i++) {
		unsigned char c = head.data[i];
		if ((c < 0x20 && !(c && strchr("\t\n\r\f", c))) || c == 0x7f)
			return false;
		latin = latin && !(c >= 0x80 && c < 0xa0);
	}
	for (size_t i = 0; utf8 && i < head.size;) {
		uint32_t code = 0;
		int n = utf8_next(head.data + i, head.size - i, &code);
		/* A character cut by the end of what is looked at is fine. */
		if (n < 0 && i > 0)
			break;
		utf8 = n > 0 && !(code >= 0x80 && code < 0xa0);
		i += (size_t)(n > 0 ? n : 1);
	}
	result->type = MEDIA_TEXT;
	return utf8 || latin;
}
