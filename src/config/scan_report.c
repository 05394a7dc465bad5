/* SPDX-License-Identifier: MIT */
/* A quote that is missing turns the texts behind it inside out. What is reported on the lines of a
 * text of several lines is therefore blamed on that text. */
#include "src/config/scan_place.h"

#include <stdarg.h>

enum { MESSAGE_MAX = 400 };

unsigned scan_line_of(const struct scan *scan, unsigned line)
{
	unsigned in_file;
	config_place(&scan->report->places, line, &in_file);
	return in_file;
}

static void report(struct scan *scan, unsigned line, const char *message)
{
	bool inside_out = scan->long_line && line <= scan->long_end && line >= scan->long_line;
	scan->broken = true;
	if (!inside_out) {
		config_error(scan->report, line, "%s", message);
		return;
	}
	config_error(scan->report, scan->long_line,
		"this text goes on to line %u: a quote is missing at its end",
		scan_line_of(scan, scan->long_end));
	scan->at = scan->end;
}

__attribute__((format(printf, 3, 0))) static void vreport(
	struct scan *scan, unsigned line, const char *format, va_list args)
{
	char message[MESSAGE_MAX];
	vsnprintf(message, sizeof message, format, args);
	report(scan, line, message);
}

void scan_error(struct scan *scan, unsigned line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vreport(scan, line, format, args);
	va_end(args);
}

void scan_stop(struct scan *scan, unsigned line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vreport(scan, line, format, args);
	va_end(args);
	scan->at = scan->end;
}

void scan_never_closed(struct scan *scan, unsigned line)
{
	if (scan->long_line)
		scan->long_end = line; /* that one took the quote of this one */
	scan_stop(scan, line, "this text is never closed: a quote is missing");
}
