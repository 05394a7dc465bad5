/* SPDX-License-Identifier: MIT */
#include "src/config/media_names.h"

#include <stdio.h>
#include <string.h>

#include "src/http/media_type.h"

int config_parse_media(const char *text, char message[CONFIG_MESSAGE_MAX])
{
	const char *names[MEDIA_TYPES] = {0};
	int type = media_from_name(text);
	if (type > MEDIA_UNKNOWN && type < MEDIA_TYPES)
		return type;
	/* "image/jpeg", "*.jpg" */
	const char *end = strrchr(text, '/') ? strrchr(text, '/') : strrchr(text, '.');
	type = end ? media_from_name(end + 1) : -1;
	if (type > MEDIA_UNKNOWN && type < MEDIA_TYPES) {
		snprintf(message, CONFIG_MESSAGE_MAX, "did you mean %s?",
			media_name((enum media_type)type));
		return -1;
	}
	for (int i = 1; i < MEDIA_TYPES; i++)
		names[i - 1] = media_name((enum media_type)i);
	config_parse_name(text, names, message);
	return -1;
}
