/* SPDX-License-Identifier: MIT */
#include "base/digits.h"

size_t digits_read(const char **at, size_t most, uint64_t *value)
{
	size_t count = 0;
	*value = 0;
	for (; count < most && **at >= '0' && **at <= '9'; count++, ++*at) {
		uint64_t digit = (uint64_t)(**at - '0');
		*value = *value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *value * 10 + digit;
	}
	return count;
}

int digits_hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}
