/* SPDX-License-Identifier: MIT */
/*
 * First line: the values of a request, separated by '&', in the order of the parameters; the other
 * lines: the elements of `run`. Whatever the values are, they stay within their elements: programs
 * are the administrator's, no element has a byte that neither he nor a checked value wrote, and
 * there are never more elements than he wrote.
 */
#include "src/recipe/template.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_param.h"

#include <errno.h>
#include <math.h>

static struct param params[] = {
	{.name = (char[]){"size"}, .type = PARAM_SIZE, .min = NAN, .max = NAN},
	{.name = (char[]){"n"}, .type = PARAM_INTEGER, .min = -9, .max = NAN},
	{.name = (char[]){"number"}, .type = PARAM_NUMBER, .min = NAN, .max = NAN},
	{.name = (char[]){"region"}, .type = PARAM_REGION, .min = NAN, .max = NAN},
	{.name = (char[]){"flag"}, .type = PARAM_FLAG, .min = NAN, .max = NAN},
	{.name = (char[]){"text"},
		.type = PARAM_TEXT,
		.min = 0,
		.max = 99,
		.allow = (char[]){"{}[]|%\"'"}},
	{.name = (char[]){"fit"},
		.type = PARAM_CHOICE,
		.min = NAN,
		.max = NAN,
		.value_count = 2,
		.values = {{(char[]){"contain"}, (char[]){""}},
			{(char[]){"cover"}, (char[]){"^"}}}},
};
enum { PARAMS = sizeof params / sizeof *params, ELEMENTS_MAX = 64 };

static void read_values(char *line, struct param_value values[PARAMS])
{
	char message[PARAM_MESSAGE_MAX];
	for (size_t i = 0; i < PARAMS; i++) {
		char *text = strsep(&line, "&");
		values[i] = (struct param_value){.x = -1, .y = -1, .w = -1, .h = -1};
		if (text && *text && param_parse(&params[i], text, &values[i], message))
			fuzz_check_value(&params[i], &values[i]);
	}
}

static void check_expanded(
	const struct template *template, const struct template_argv *argv, size_t elements)
{
	size_t args = 0;
	MUST(argv->program_count == template_program_count(template));
	for (size_t p = 0; p < argv->program_count; p++) {
		MUST(strcmp(argv->programs[p].argv[0], template_program_name(template, p)) == 0);
		for (size_t i = 0; argv->programs[p].argv[i]; i++, args++) {
			const char *arg = argv->programs[p].argv[i];
			MUST(arg >= argv->storage &&
				arg + strlen(arg) < argv->storage + sizeof argv->storage);
		}
	}
	MUST(args <= elements);
	MUST(!argv->output == !template_uses_output(template));
	if (argv->output)
		MUST(!strncmp(argv->output, "/job/out", 8) && !strchr(argv->output + 8, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct template_argv argv;
	struct fuzz_bytes bytes = {data, size};
	struct param_value values[PARAMS];
	char *line = fuzz_text(&bytes, '\n'), *elements[ELEMENTS_MAX], error[512] = "";
	size_t count = 0;
	read_values(line, values);
	while (bytes.size > 0 && count < ELEMENTS_MAX)
		elements[count++] = fuzz_text(&bytes, '\n');
	struct template *template = template_new(
		(const char *const *)elements, count, params, PARAMS, error, sizeof error);
	MUST(!template == !!*error);
	if (template) {
		struct template_input input = {.values = values,
			.source_path = "/dev/fd/3",
			.source_fd = 3,
			.source_format = "jpeg",
			.output_path = "/job/out"};
		int r = template_expand(template, &input, &argv);
		MUST(r == 0 || r == -E2BIG);
		if (r == 0)
			check_expanded(template, &argv, count);
	}
	template_free(template);
	while (count > 0)
		free(elements[--count]);
	free(line);
	return 0;
}
