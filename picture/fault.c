/* SPDX-License-Identifier: MIT */
/*
 * The line goes out by one write(2), so that lines of several programs with one standard error
 * do not mix.
 */
#include "picture/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int fault(enum fault code, const char *format, ...)
{
	char line[512] = "sluice-picture: ";
	size_t used = strlen(line), room = sizeof(line) - used - 1;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line + used, room, format, arguments);
	va_end(arguments);
	if (length < 0)
		length = 0;
	used += (size_t)length < room ? (size_t)length : room - 1;
	for (size_t at = 0; at < used; at++)
		if ((unsigned char)line[at] < 0x20 || line[at] == 0x7f)
			line[at] = '?';
	line[used++] = '\n';
	ssize_t written = write(STDERR_FILENO, line, used);
	(void)written; /* There is no other place to say it. */
	return code;
}

int fault_memory(void)
{
	return fault(FAULT_LIMIT, "not enough memory");
}
