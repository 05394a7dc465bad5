/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_MEDIA_NAMES_H
#define SRC_CONFIG_MEDIA_NAMES_H

#include "src/config/values.h"

/* The enum media_type of a name; otherwise -1 and a message. */
int config_parse_media(const char *text, char message[CONFIG_MESSAGE_MAX]);

#endif
