/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_VALUES_H
#define SRC_CONFIG_VALUES_H

/*
 * Values as they stand in the file. Each function returns true, or false with one line in message
 * that suggests what may have been meant. Pure, any thread.
 */

#include <stdbool.h>
#include <stdint.h>

enum { CONFIG_MESSAGE_MAX = 256 };

bool config_parse_duration(const char *text, uint64_t *ms, char message[CONFIG_MESSAGE_MAX]);
bool config_parse_bytes(const char *text, uint64_t *bytes, char message[CONFIG_MESSAGE_MAX]);
/* Powers of 1000: 100M is a hundred million. */
bool config_parse_count(const char *text, uint64_t *count, char message[CONFIG_MESSAGE_MAX]);
bool config_parse_integer(const char *text, uint64_t min, uint64_t max, uint64_t *value,
	char message[CONFIG_MESSAGE_MAX]);
bool config_parse_bool(const char *text, bool *value, char message[CONFIG_MESSAGE_MAX]);
bool config_parse_number(const char *text, double *value);	    /* -1.5 */
bool config_parse_seconds(const char *text, double *value);	    /* 90.5, 1:30.5, 1:02:03 */
bool config_parse_size(const char *text, unsigned *w, unsigned *h); /* 4096x4096 */
/* Index of text in names (NULL-terminated); otherwise -1 and a message. */
int config_parse_name(const char *text, const char *const *names, char message[CONFIG_MESSAGE_MAX]);
/* The one of names (NULL-terminated) that is most like text, or NULL when none is. */
const char *config_nearest(const char *text, const char *const *names);

#endif
