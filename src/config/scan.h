/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_SCAN_H
#define SRC_CONFIG_SCAN_H

#include "src/config/report.h"

/* Looks through the text before libconfuse does: replaces comments by blanks, in place, and reports
 * what libconfuse would silently take for something else. False when parsing makes no sense. */
bool config_scan(char *text, size_t size, struct config_report *report);

#endif
