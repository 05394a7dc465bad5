/* SPDX-License-Identifier: MIT */
/*
 * Own code, because mbrtowc depends on the locale, which a daemon does not choose. The limits of
 * the second byte refuse overlong forms and surrogates (RFC 3629 §4).
 */
#include "base/utf8.h"

int utf8_next(const unsigned char *data, size_t size, uint32_t *code)
{
	if (size == 0)
		return -1;
	unsigned char lead = data[0];
	if (lead < 0x80) {
		*code = lead;
		return 1;
	}
	int len = lead >= 0xc2 && lead <= 0xdf	 ? 2
		  : (lead & 0xf0) == 0xe0	 ? 3
		  : lead >= 0xf0 && lead <= 0xf4 ? 4
						 : 0;
	if (len == 0)
		return 0;
	unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	uint32_t point = lead & (0x7fu >> len);
	for (int i = 1; i < len; i++) {
		if ((size_t)i == size)
			return -1;
		if (data[i] < low || data[i] > high)
			return 0;
		point = point << 6 | (data[i] & 0x3fu);
		low = 0x80;
		high = 0xbf;
	}
	*code = point;
	return len;
}
