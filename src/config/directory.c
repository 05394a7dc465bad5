/* SPDX-License-Identifier: MIT */
/*
 * A configuration and the files that belong to it move together: from the source tree to /etc, or
 * into the folder of a test. With {config_dir} the configuration can name its files in each place.
 * It is the folder of the file that says so, which may be an included one: the same rule as for the
 * paths of `include`. So a file of recipes finds what lies beside it, whichever file includes it.
 */
#include "src/config/directory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char hole[] = "{config_dir}";

char *config_directory_of(struct config_report *report, const char *file)
{
	char real[PATH_MAX];
	char *slash = realpath(file, real) ? strrchr(real, '/') : NULL;
	if (!slash)
		return config_strdup(report, "/");
	slash[slash == real] = '\0';
	return config_strdup(report, real);
}

static size_t count_holes(const char *text)
{
	size_t count = 0;
	for (; (text = strstr(text, hole)); text += sizeof hole - 1)
		count++;
	return count;
}

/* The directory as it stands in a template, where a brace is doubled. */
static void double_braces(const char *directory, char out[2 * PATH_MAX])
{
	for (; *directory; directory++) {
		if (*directory == '{' || *directory == '}')
			*out++ = *directory;
		*out++ = *directory;
	}
	*out = '\0';
}

static char *fill(struct config_report *report, const char *directory, const char *text)
{
	const size_t length = strlen(directory);
	char *result = malloc(strlen(text) + count_holes(text) * length + 1), *to = result;
	if (!result) {
		report->out_of_memory = true;
		return NULL;
	}
	for (const char *at = text; *at;) {
		if (strncmp(at, hole, sizeof hole - 1) != 0) {
			*to++ = *at++;
			continue;
		}
		memcpy(to, directory, length);
		to += length;
		at += sizeof hole - 1;
	}
	*to = '\0';
	return result;
}

/* A section stands in one file as a whole. */
static const char *directory_of(const struct config_reader *reader)
{
	unsigned ignored;
	const struct config_source *source =
		config_place(&reader->report->places, config_node_line(reader->node), &ignored);
	return source ? source->directory : NULL;
}

static void fill_list(struct config_report *report, const char *directory, char **list)
{
	for (; *list; list++) {
		if (!strstr(*list, hole))
			continue;
		char *filled = fill(report, directory, *list);
		if (!filled)
			return;
		free(*list);
		*list = filled;
	}
}

void config_fill_directory(const struct config_reader *reader, char **list)
{
	const char *directory = directory_of(reader);
	if (directory)
		fill_list(reader->report, directory, list);
}

void config_fill_directory_in_run(const struct config_reader *reader, char **list)
{
	char doubled[2 * PATH_MAX];
	const char *directory = directory_of(reader);
	if (!directory)
		return;
	double_braces(directory, doubled);
	fill_list(reader->report, doubled, list);
}
