/* SPDX-License-Identifier: MIT */
/*
 * One field a line, so that it can be read without a program for JSON. The only text that comes
 * from the source is the name of its profile.
 */
#include "picture/info.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "picture/cicp.h"
#include "picture/fault.h"
#include "picture/profile.h"

enum { NAME_ROOM = 400 };

/* Adds formatted text, of at most a line. */
__attribute__((format(printf, 2, 3))) static int add(struct output *output, const char *format, ...)
{
	char line[200];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(line))
		length = sizeof(line) - 1;
	return output_add(output, line, (size_t)length);
}

/* A string of UTF-8. Control characters are escaped, also those from U+0080 on, which are two bytes
 * that begin with C2: a terminal would obey them. */
static int add_string(struct output *output, const char *text)
{
	int status = add(output, "\"");
	for (const unsigned char *at = (const unsigned char *)text; *at && !status; at++) {
		if (*at == 0xc2 && at[1] < 0xa0)
			status = add(output, "\\u%04x", *++at);
		else if (*at < 0x20 || *at == 0x7f)
			status = add(output, "\\u%04x", *at);
		else if (*at == '"' || *at == '\\')
			status = add(output, "\\%c", *at);
		else
			status = add(output, "%c", *at);
	}
	return status ? status : add(output, "\"");
}

static int add_profile(struct output *output, const struct decoder_header *header)
{
	struct profile profile;
	char name[NAME_ROOM];
	int status = add(output, "  \"profile\": ");
	if (status)
		return status;
	if (!profile_read(header->profile, header->profile_length, &profile))
		return add(output, "null,\n");
	profile_name(&profile, name, sizeof(name));
	status = add_string(output, name);
	return status ? status : add(output, ",\n");
}

static int add_cicp(struct output *output, const struct decoder_cicp *cicp)
{
	if (!cicp_is_given(cicp))
		return add(output, "  \"cicp\": null\n");
	return add(output,
		"  \"cicp\": {\"primaries\": %u, \"transfer\": %u, \"matrix\": %u, "
		"\"full_range\": %s}\n",
		cicp->primaries, cicp->transfer, cicp->matrix, cicp->full_range ? "true" : "false");
}

/* Goes through an animation; *frames is how many there are. */
static int list_times(struct decoder *decoder, const struct decoder_limits *limits,
	struct output *times, uint32_t *frames)
{
	*frames = 0;
	for (;;) {
		uint32_t duration = 0;
		int status = decoder->type->next(decoder, &duration);
		if (status)
			return status < 0 ? 0 : status;
		if (++*frames > limits->frames)
			return fault(FAULT_LIMIT, "more than %u frames", limits->frames);
		status = add(times, *frames > 1 ? ", %u" : "%u", duration);
		if (status)
			return status;
	}
}

static int add_frames(
	struct decoder *decoder, const struct decoder_limits *limits, struct output *output)
{
	struct output times = {0};
	uint32_t frames = decoder->header.frames;
	bool animated = decoder->type->next;
	int status = animated ? list_times(decoder, limits, &times, &frames) : 0;
	if (!status)
		status = add(output, "  \"frames\": %u,\n  \"times\": [", frames);
	if (!status)
		status = output_add(output, times.bytes, times.length);
	if (!status)
		status = add(output, "],\n");
	if (!status && animated)
		status = add(output, "  \"loop\": %u,\n", decoder->header.loops);
	else if (!status)
		status = add(output, "  \"loop\": null,\n");
	output_deinit(&times);
	return status;
}

int info_write(struct decoder *decoder, const struct decoder_limits *limits, struct output *output)
{
	static const char *const spaces[] = {
		[SPACE_GRAY] = "gray", [SPACE_RGB] = "rgb", [SPACE_CMYK] = "cmyk"};
	const struct decoder_header *header = &decoder->header;
	bool swaps = geometry_swaps(header->orientation);
	int status = add(output, "{\n  \"type\": \"%s\",\n  \"width\": %u,\n  \"height\": %u,\n",
		header->type, swaps ? header->height : header->width,
		swaps ? header->width : header->height);
	if (!status)
		status = add(output,
			"  \"stored\": {\"width\": %u, \"height\": %u},\n  \"orientation\": %u,\n",
			header->width, header->height, header->orientation);
	if (!status)
		status = add_frames(decoder, limits, output);
	if (!status)
		status = add(output, "  \"space\": \"%s\",\n  \"alpha\": %s,\n  \"depth\": %u,\n",
			spaces[header->space], header->alpha ? "true" : "false", header->depth);
	if (!status)
		status = add_profile(output, header);
	if (!status)
		status = add_cicp(output, &header->cicp);
	return status ? status : add(output, "}\n");
}
