/* SPDX-License-Identifier: MIT */
/*
 * A configuration that loads must print itself, load again, and print the same; one that does not
 * must say why, with its name and a line.
 */
#include "src/config/config.h"
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

enum { SIZE_MAX_TRIED = 16384 };

static struct config *load(const void *data, size_t size, char **said, int *result)
{
	struct config *config = NULL;
	char name[64];
	size_t said_size;
	int fd = memfd_create("configuration", MFD_CLOEXEC);
	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	FILE *errors = open_memstream(said, &said_size);
	MUST(errors);
	*result = config_load(name, errors, &config);
	fclose(errors);
	close(fd);
	MUST(!config == (*result != 0));
	return config;
}

static char *print(const struct config *config)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	MUST(out);
	config_print(config, out);
	fclose(out);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *said, *said_again;
	int result;
	if (size > SIZE_MAX_TRIED)
		return 0;
	struct config *config = load(data, size, &said, &result);
	if (!config) {
		MUST(strstr(said, ":"));
		free(said);
		return 0;
	}
	char *text = print(config);
	struct config *again = load(text, strlen(text), &said_again, &result);
	if (!again)
		fprintf(stderr, "%s\n%s", text, said_again);
	MUST(again);
	char *text_again = print(again);
	if (strcmp(text, text_again))
		fprintf(stderr, "%s\n----\n%s", text, text_again);
	MUST(!strcmp(text, text_again));
	config_unref(config);
	config_unref(again);
	free(text);
	free(text_again);
	free(said);
	free(said_again);
	return 0;
}
