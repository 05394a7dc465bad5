/* SPDX-License-Identifier: MIT */
/*
 * A URL on its way to checked values: the URI is parsed, matched with a recipe that has a parameter
 * of every type, and evaluated. First line: Accept; second: the URI.
 */
#include "src/config/config.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_param.h"

#include <sys/mman.h>
#include <unistd.h>

static const char configuration[] =
	"root = \"/\"\n"
	"listen = \"unix:/run/sluice.sock\"\n"
	"recipe every {\n"
	"  path = \"/every/{n}/{source}\"\n"
	"  param n { type = integer min = -5 max = 99 }\n"
	"  param size { type = size max = \"4096x4096\" }\n"
	"  param number { type = number min = 0.1 max = 10 default = 3 }\n"
	"  param at { type = time max = 86400 default = 0 }\n"
	"  param fit { type = choice values = {\"contain=\", \"cover=^\"} default = contain }\n"
	"  param color { type = color default = white }\n"
	"  param region { type = region max = \"100x100\" }\n"
	"  param flag { type = flag }\n"
	"  param format { type = format values = {\"webp\", \"jpeg\"} }\n"
	"  param text { type = text max = 20 allow = \"%:\" }\n"
	"  run = {\"true\", \"{n}{size}{number}{at}{fit}{color}{region}{format}{text}\", \"[\", "
	"\"{flag}\", "
	"\"x\", \"]\"}\n"
	"}\n";

static struct config *config;

static void load(void)
{
	int fd = memfd_create("configuration", MFD_CLOEXEC);
	char name[64];
	MUST(fd >= 0 && write(fd, configuration, sizeof configuration - 1) > 0);
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	MUST(config_load(name, stderr, &config) == 0 && config->recipe_count == 1);
	close(fd);
}

static void check_query(const struct query *query)
{
	MUST(query->path[0] == '/' && query->count <= QUERY_PAIRS_MAX);
	/* What was decoded is not longer than what was sent, and ends. */
	size_t total = strlen(query->path) + 1;
	for (size_t i = 0; i < query->count; i++)
		total += strlen(query->pairs[i].name) + strlen(query->pairs[i].value);
	MUST(total <= sizeof query->storage);
}

static void evaluate(const struct query *query, const char *accept)
{
	static struct pattern_match match;
	const struct recipe *recipe = config->recipes[0];
	struct param_value values[RECIPE_PARAMS_MAX];
	char message[PARAM_MESSAGE_MAX];
	bool negotiated;
	if (!pattern_matches(recipe->path, query->path, &match))
		return;
	if (!recipe_evaluate(recipe, &match, query, accept, false, values, &negotiated, message)) {
		fuzz_check_message(message);
		return;
	}
	MUST(query->count + 1 <= recipe->param_count);
	for (size_t i = 0; i < recipe->param_count; i++)
		fuzz_check_value(&recipe->params[i], &values[i]);
	static struct template_argv argv;
	struct template_input input = {.values = values,
		.source_path = "/dev/fd/3",
		.source_fd = 3,
		.source_format = "jpeg"};
	MUST(template_expand(recipe->template, &input, &argv) == 0);
	MUST(strcmp(argv.programs[0].argv[0], "true") == 0 && argv.programs[0].argv[1]);
	MUST(recipe_media_type(recipe, values));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct query query;
	if (!config)
		load();
	struct fuzz_bytes bytes = {data, size};
	char *accept = fuzz_text(&bytes, '\n'), *uri = fuzz_text(&bytes, '\0');
	const char *why = NULL;
	if (query_parse(uri, &query, &why) == QUERY_OK) {
		check_query(&query);
		evaluate(&query, accept);
	} else {
		MUST(why && *why);
	}
	free(accept);
	free(uri);
	return 0;
}
