/* SPDX-License-Identifier: MIT */
/*
 * sluice-picture: one picture in, one picture out, and the end. It is made to be held before its
 * main (libsluice-warm.so), so main itself does nothing that could have been done before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "picture/decoder.h"
#include "picture/fault.h"
#include "picture/info.h"
#include "picture/input.h"
#include "picture/options.h"
#include "picture/output.h"
#include "picture/pipeline.h"

static enum encoder_format format_of(const struct options *options, const struct decoder *decoder)
{
	static const struct {
		const char *type;
		enum encoder_format format;
	} same[] = {{"png", FORMAT_PNG}, {"webp", FORMAT_WEBP}, {"avif", FORMAT_AVIF}};
	if (options->format)
		return options->format;
	for (size_t at = 0; at < sizeof(same) / sizeof(*same); at++)
		if (!strcmp(same[at].type, decoder->header.type))
			return same[at].format;
	return FORMAT_JPEG;
}

static int convert(const struct options *options, struct input *input, struct output *output)
{
	struct decoder *decoder = NULL;
	int status =
		decoder_open(input, &options->limits, options->animated || options->info, &decoder);
	if (status)
		return status;
	status = options->info
			 ? info_write(decoder, &options->limits, output)
			 : pipeline_still(decoder, options, format_of(options, decoder), output);
	if (!status && input_failed(input))
		status = fault(
			FAULT_BROKEN, "cannot read the source: %s", strerror(input_failed(input)));
	decoder_close(decoder);
	return status;
}

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
		status = convert(&options, input, &output);
	if (!status)
		status = output_write(&output, STDOUT_FILENO);
	input_close(input);
	output_deinit(&output);
	return status;
}
