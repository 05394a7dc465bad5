/* SPDX-License-Identifier: MIT */
/*
 * sluice-picture: one picture in, one picture out, and the end. It is made to be held before its
 * main (libsluice-warm.so), so main itself does nothing that could have been done before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "picture/convert.h"
#include "picture/fault.h"
#include "picture/input.h"
#include "picture/options.h"
#include "picture/output.h"

static int open_source(const struct options *options, int *fd)
{
	*fd = STDIN_FILENO;
	if (!options->source)
		return 0;
	*fd = open(options->source, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (*fd < 0)
		return fault(FAULT_BROKEN, "%s: %s", options->source, strerror(errno));
	return 0;
}

/* Nothing is buffered, and nobody would use again what the libraries put in order at an ordinary
 * end. Builds that look for leaks, or count what was run, do it there. */
_Noreturn static void end(int status)
{
#ifdef PICTURE_ORDINARY_END
	exit(status);
#else
	_exit(status);
#endif
}

int main(int argc, char **argv)
{
	struct options options;
	struct output output = {0};
	struct input *input = NULL;
	int fd = -1;
	int status = options_read(argc, argv, &options);
	if (status || options.done)
		return status;
	status = open_source(&options, &fd);
	if (!status)
		status = input_open(fd, &input);
	if (!status)
		status = convert_source(&options, input, &output);
	if (!status)
		status = output_write(&output, STDOUT_FILENO);
	input_close(input);
	output_deinit(&output);
	end(status);
}
