/* SPDX-License-Identifier: MIT */
/* The lengths come from the peer and may claim 2 GiB. They are compared with the size of the data
 * first, and nothing is allocated for them. */
#include "fcgi/params.h"

#include <errno.h>
#include <string.h>

static bool read_length(const uint8_t *data, size_t size, size_t *at, uint32_t *length)
{
	if (*at >= size)
		return false;
	uint8_t first = data[*at];
	if (first < 0x80) {
		*length = first;
		*at += 1;
		return true;
	}
	if (size - *at < 4)
		return false;
	const uint8_t *p = data + *at;
	*length =
		(uint32_t)(first & 0x7f) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	*at += 4;
	return true;
}

bool fcgi_params_lengths(
	const uint8_t *data, size_t size, size_t *at, uint32_t *name_length, uint32_t *value_length)
{
	return read_length(data, size, at, name_length) &&
	       read_length(data, size, at, value_length);
}

long fcgi_params_decode(uint8_t *data, size_t size)
{
	size_t at = 0, out = 0;
	while (at < size) {
		uint32_t name, value;
		if (!fcgi_params_lengths(data, size, &at, &name, &value))
			return -EINVAL;
		if (name > size - at || value > size - at - name)
			return -EINVAL;
		if (memchr(data + at, 0, (size_t)name + value))
			return -EINVAL;
		memmove(data + out, data + at, name);
		out += name;
		data[out++] = 0;
		memmove(data + out, data + at + name, value);
		out += value;
		data[out++] = 0;
		at += (size_t)name + value;
	}
	return (long)out;
}

const char *fcgi_params_get(const uint8_t *decoded, size_t size, const char *name)
{
	const char *at = (const char *)decoded, *end = at + size;
	while (at < end) {
		const char *value = at + strlen(at) + 1;
		if (!strcmp(at, name))
			return value;
		at = value + strlen(value) + 1;
	}
	return NULL;
}

bool fcgi_params_peek(
	const uint8_t *data, size_t size, const char *name, char *value, size_t value_size)
{
	size_t at = 0, wanted = strlen(name);
	uint32_t name_length, value_length;
	while (fcgi_params_lengths(data, size, &at, &name_length, &value_length)) {
		if (name_length > size - at || value_length > size - at - name_length)
			return false;
		const uint8_t *found = data + at + name_length;
		if (name_length == wanted && !memcmp(data + at, name, wanted)) {
			if (value_length >= value_size || memchr(found, 0, value_length))
				return false;
			memcpy(value, found, value_length);
			value[value_length] = '\0';
			return true;
		}
		at += (size_t)name_length + value_length;
	}
	return false;
}
