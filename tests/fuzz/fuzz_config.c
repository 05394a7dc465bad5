/* SPDX-License-Identifier: MIT */
/*
 * A configuration that loads must print itself, load again, and print the same; one that does not
 * must say why, with its name and a line. No file is read: what is included comes out of the input
 * as well, so that every finding can be repeated and no file of this machine gets into one.
 */
#include "src/config/config.h"
#include "src/config/file.h"
#include "tests/fuzz/fuzz.h"

enum { SIZE_MAX_TRIED = 16384, FILES = 10, SEPARATOR = 0x1e };

static const char main_name[] = "fuzzed.conf";

/* The files: what is between separators. */
static struct fuzz_bytes files[FILES];
static size_t file_count;

bool __wrap_config_file_read(const char *name, bool regular, struct config_file *file,
	char problem[CONFIG_FILE_PROBLEM_MAX]);

/* The digit at the end of a name is the number of the file. */
bool __wrap_config_file_read(const char *name, bool regular, struct config_file *file,
	char problem[CONFIG_FILE_PROBLEM_MAX])
{
	size_t number = regular ? (size_t)(name[strlen(name) - 1] - '0') : 0;
	MUST(regular == (strcmp(name, main_name) != 0));
	*file = (struct config_file){.inode = number + 1};
	if (number >= file_count) {
		strcpy(problem, "cannot be read");
		return false;
	}
	file->size = files[number].size;
	file->text = calloc(1, file->size + 1);
	MUST(file->text);
	if (file->size > 0)
		memcpy(file->text, files[number].data, file->size);
	return true;
}

static void cut(const uint8_t *data, size_t size)
{
	file_count = 0;
	while (file_count < FILES) {
		const uint8_t *end = size ? memchr(data, SEPARATOR, size) : NULL;
		size_t length = end ? (size_t)(end - data) : size;
		files[file_count++] = (struct fuzz_bytes){data, length};
		if (!end)
			return;
		data = end + 1;
		size -= length + 1;
	}
}

static struct config *load(const void *data, size_t size, char **said, int *result)
{
	struct config *config = NULL;
	size_t said_size;
	cut(data, size);
	FILE *errors = open_memstream(said, &said_size);
	MUST(errors);
	*result = config_load(main_name, errors, &config);
	fclose(errors);
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
