/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_SCAN_H
#define SRC_CONFIG_SCAN_H

#include "src/config/report.h"
#include "src/config/scan_place.h"

/* Looks through the text of a file before libconfuse does: replaces comments by blanks, in place,
 * and reports what libconfuse would silently take for something else. `line` is the number of its
 * first line. scan->broken: parsing makes no sense. */
void config_scan_begin(
	struct scan *scan, char *text, size_t size, unsigned line, struct config_report *report);
/* Goes on to the next `include`: true, with the path in scan->included, in its quotes; the
 * statement begins at scan->name and ends before scan->at. False: the file has ended, or the scan.
 */
bool config_scan_next(struct scan *scan);

#endif
