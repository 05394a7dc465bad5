/* SPDX-License-Identifier: MIT */
/*
 * From a URL to checked values: where each comes from, what is refused, and that a refusal never
 * repeats what the client sent.
 */
#include "tests/unit/unit.h"

#include "src/config/config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] =
	"root = '/usr'\n"
	"recipe thumbnail {\n"
	"  path = '/{source}'\n"
	"  param size { type = size max = 4096x4096 required = true }\n"
	"  param quality { type = integer min = 1 max = 100 default = 82 }\n"
	"  param fit { type = choice values = {'contain=', 'cover=^'} default = contain }\n"
	"  param rotate { type = integer min = 0 max = 359 }\n"
	"  param strip { type = flag }\n"
	"  param format { type = format values = {webp, jpeg} }\n"
	"  run = {cat, '{source}', '{size}{quality}{fit}{rotate}{format}', '[', '{strip}', ']'}\n"
	"}\n"
	"recipe inpath { path = '/thumb/{size}/{source}' param size { type = size required = true "
	"}\n"
	"  param at { type = time } run = {cat, '{source}', '{size}{at}'} type = image/png }\n"
	"recipe plain { path = '/plain/{source}' run = {cat, '{source}'} }\n"
	"recipe fixed { path = '/fixed/{source}' param format { type = format values = {png, gif} "
	"default = gif }\n"
	"  run = {cat, '{source}', '{format}'} }\n";

enum { THUMBNAIL, INPATH, PLAIN, FIXED };
enum { SIZE, QUALITY, FIT, ROTATE, STRIP, FORMAT };

static struct config *config;
static struct param_value values[RECIPE_PARAMS_MAX];
static char message[PARAM_MESSAGE_MAX];
static bool negotiated;

static bool evaluate(int index, const char *uri, const char *accept)
{
	static struct query query;
	static struct pattern_match match;
	const char *why = NULL;
	const struct recipe *recipe = config->recipes[index];
	assert_int_equal(query_parse(uri, &query, &why), QUERY_OK);
	assert_true(pattern_matches(recipe->path, query.path, &match));
	memset(values, 0xa5, sizeof(values));
	memset(message, 0, sizeof(message));
	return recipe_evaluate(recipe, &match, &query, accept, false, values, &negotiated, message);
}

static void good(void **state)
{
	(void)state;
	assert_true(evaluate(THUMBNAIL,
		"/a/b.jpg?size=300x200&rotate=90&fit=cover&format=jpg&strip=1", "image/webp"));
	assert_string_equal(message, "");
	assert_string_equal(values[SIZE].canonical, "300x200");
	assert_int_equal(values[SIZE].w, 300);
	assert_string_equal(values[QUALITY].canonical, "82");
	assert_string_equal(values[FIT].canonical, "^");
	assert_string_equal(values[ROTATE].canonical, "90");
	assert_true(values[STRIP].present);
	assert_string_equal(values[FORMAT].canonical, "jpeg");
	assert_false(negotiated);
	assert_string_equal(recipe_media_type(config->recipes[THUMBNAIL], values), "image/jpeg");
	assert_true(evaluate(THUMBNAIL, "/b.jpg?size=5", NULL));
	assert_false(values[ROTATE].present);
	assert_string_equal(values[ROTATE].canonical, "");
	assert_false(values[STRIP].present);
	assert_true(values[FIT].present);
	assert_string_equal(values[FIT].canonical, "");
}

static void from_the_path(void **state)
{
	(void)state;
	assert_true(evaluate(INPATH, "/thumb/30x20/a/b.jpg?at=1:30.5", "text/html"));
	assert_string_equal(values[0].canonical, "30x20");
	assert_string_equal(values[1].canonical, "90.5");
	assert_false(negotiated);
	assert_string_equal(recipe_media_type(config->recipes[INPATH], values), "image/png");
	assert_false(evaluate(INPATH, "/thumb/30x20/a.jpg?size=30x20", NULL));
	assert_string_equal(message, "size: given twice");
	assert_false(evaluate(INPATH, "/thumb/x/a.jpg", NULL));
	assert_memory_equal(message, "size: ", 6);
	assert_false(evaluate(INPATH, "/thumb/3x3/a.jpg?colour=1", NULL));
	assert_string_equal(message, "colour: unknown; accepted: at");
	assert_true(evaluate(PLAIN, "/plain/a.jpg", NULL));
	assert_string_equal(
		recipe_media_type(config->recipes[PLAIN], values), "application/octet-stream");
	assert_false(evaluate(PLAIN, "/plain/a.jpg?x=1", NULL));
	assert_string_equal(message, "x: unknown; accepted: no parameters");
}

static void format(void **state)
{
	(void)state;
	assert_true(evaluate(THUMBNAIL, "/a.jpg?size=5", "image/webp,*/*;q=0.8"));
	assert_true(negotiated);
	assert_string_equal(values[FORMAT].canonical, "webp");
	assert_string_equal(recipe_media_type(config->recipes[THUMBNAIL], values), "image/webp");
	assert_true(evaluate(THUMBNAIL, "/a.jpg?size=5", "*/*"));
	assert_true(negotiated);
	assert_string_equal(values[FORMAT].canonical, "jpeg");
	assert_true(evaluate(THUMBNAIL, "/a.jpg?size=5", NULL));
	assert_string_equal(values[FORMAT].canonical, "jpeg");
	/* neither is wanted: the first all the same */
	assert_true(
		evaluate(THUMBNAIL, "/a.jpg?size=5", "image/webp;q=0, image/jpeg;q=0, */*;q=0"));
	assert_true(negotiated);
	assert_string_equal(values[FORMAT].canonical, "webp");
	assert_true(evaluate(FIXED, "/fixed/a.jpg", "image/png"));
	assert_false(negotiated);
	assert_string_equal(values[0].canonical, "gif");
	assert_false(evaluate(FIXED, "/fixed/a.jpg?format=jpeg", "image/png"));
	assert_string_equal(message, "format: one of png, gif");
}

static void refused(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"/a.jpg?size=3x3&size=3x3", "size: given twice"},
		{"/a.jpg?size=3x3&colour=red",
			"colour: unknown; accepted: size, quality, fit, rotate, strip, format"},
		{"/a.jpg?Size=3x3",
			"Size: unknown; accepted: size, quality, fit, rotate, strip, format"},
		{"/a.jpg?%3Cscript%3E=1",
			"unknown parameter; accepted: size, quality, fit, rotate, strip, format"},
		{"/a.jpg?=1",
			"unknown parameter; accepted: size, quality, fit, rotate, strip, format"},
		{"/a.jpg?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1",
			"unknown parameter; accepted: size, quality, fit, rotate, strip, format"},
		{"/a.jpg", "size: missing; 300x200, 300x or x200, at most 4096x4096"},
		{"/a.jpg?size=9999x1", "size: 300x200, 300x or x200, at most 4096x4096"},
		{"/a.jpg?size=", "size: 300x200, 300x or x200, at most 4096x4096"},
		{"/a.jpg?size=3&quality=0", "quality: a whole number from 1 to 100"},
		{"/a.jpg?size=3&quality=82%0a", NULL},
		{"/a.jpg?size=3&fit=fill", "fit: one of contain, cover"},
		{"/a.jpg?size=3&format=png", "format: one of webp, jpeg"},
	};
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		assert_false(evaluate(THUMBNAIL, cases[i][0], NULL));
		if (cases[i][1])
			assert_string_equal(message, cases[i][1]);
		for (const char *at = message; *at; at++)
			assert_in_range((unsigned char)*at, 0x20, 0x7e);
	}
}

/* So many names that they do not fit the line. */
static void many_names(void **state)
{
	(void)state;
	static struct recipe recipe;
	static struct query query;
	static struct pattern_match match;
	const char *why;
	bool vary;
	recipe.param_count = RECIPE_PARAMS_MAX;
	recipe.format_param = -1;
	char names[RECIPE_PARAMS_MAX][33];
	for (size_t i = 0; i < RECIPE_PARAMS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "a-parameter-with-a-long-name-%03zu", i);
		recipe.params[i] = (struct param){.name = names[i], .type = PARAM_FLAG};
	}
	assert_int_equal(query_parse("/a?other=1", &query, &why), QUERY_OK);
	assert_false(recipe_evaluate(&recipe, &match, &query, NULL, false, values, &vary, message));
	assert_true(strlen(message) < PARAM_MESSAGE_MAX);
	assert_string_equal(message + strlen(message) - 5, ", ...");
	assert_non_null(strstr(message, "a-parameter-with-a-long-name-000, "));
	recipe_free(NULL);
}

static int set_up(void **state)
{
	(void)state;
	char file[] = "/tmp/sluice-test-recipe-XXXXXX";
	int fd = mkstemp(file);
	if (fd < 0)
		return -1;
	ssize_t written = write(fd, text, sizeof(text) - 1);
	close(fd);
	int result = written == (ssize_t)sizeof(text) - 1 ? config_load(file, stderr, &config) : -1;
	unlink(file);
	return result;
}

static int tear_down(void **state)
{
	(void)state;
	config_unref(config);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(from_the_path),
		cmocka_unit_test(format),
		cmocka_unit_test(refused),
		cmocka_unit_test(many_names),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
