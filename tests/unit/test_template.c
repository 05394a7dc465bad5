/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a `run` for given parameters. Elements are written in one string, separated by
 * spaces; the expected argv likewise, as [element] each, with " | " between programs.
 */
#include "base/text.h"
#include "src/recipe/template.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE, QUALITY, FIT, ROTATE, FORMAT, STRIP, CROP, AT, GAMMA, CAPTION, PARAMS };

static struct param params[PARAMS] = {
	[SIZE] = {.name = (char *)"size", .type = PARAM_SIZE, .min = NAN, .max = NAN},
	[QUALITY] = {.name = (char *)"quality", .type = PARAM_INTEGER, .min = -5, .max = 100},
	[FIT] = {.name = (char *)"fit",
		.type = PARAM_CHOICE,
		.min = NAN,
		.max = NAN,
		.value_count = 2,
		.values = {{(char *)"contain", (char *)""}, {(char *)"fill", (char *)"!"}}},
	[ROTATE] = {.name = (char *)"rotate", .type = PARAM_INTEGER, .min = NAN, .max = NAN},
	[FORMAT] = {.name = (char *)"format",
		.type = PARAM_FORMAT,
		.min = NAN,
		.max = NAN,
		.value_count = 2,
		.values = {{(char *)"webp", NULL}, {(char *)"jpeg", NULL}}},
	[STRIP] = {.name = (char *)"strip", .type = PARAM_FLAG, .min = NAN, .max = NAN},
	[CROP] = {.name = (char *)"crop", .type = PARAM_REGION, .min = NAN, .max = NAN},
	[AT] = {.name = (char *)"at", .type = PARAM_TIME, .min = NAN, .max = NAN},
	[GAMMA] = {.name = (char *)"gamma", .type = PARAM_NUMBER, .min = -10, .max = NAN},
	[CAPTION] = {.name = (char *)"caption",
		.type = PARAM_TEXT,
		.min = 0,
		.max = 200,
		.allow = (char *)"[]{}|$(){source}-;`/"},
};

static struct template_argv argv;

static struct template *compile(const char *run, char error[256])
{
	char copy[4096];
	const char *elements[TEMPLATE_ARGS_MAX + 8];
	size_t count = 0;
	snprintf(copy, sizeof copy, "%s", run);
	for (char *at = copy; *run && at;) {
		char *space = strchr(at, ' ');
		if (space)
			*space++ = '\0';
		elements[count++] = at;
		at = space;
	}
	return template_new(elements, count, params, PARAMS, error, 256);
}

/* query: "name=value&…", values taken as they are. */
static void set_values(const char *query, struct param_value values[PARAMS])
{
	char copy[512], message[PARAM_MESSAGE_MAX];
	memset(values, 0, PARAMS * sizeof *values);
	snprintf(copy, sizeof copy, "%s", query);
	char *rest = copy;
	for (char *pair; (pair = strsep(&rest, "&")) && *pair;) {
		char *value = strchr(pair, '=');
		*value++ = '\0';
		size_t i = 0;
		while (i < PARAMS && strcmp(params[i].name, pair))
			i++;
		assert_true(i < PARAMS);
		if (!param_parse(&params[i], value, &values[i], message))
			fail_msg("%s", message);
	}
}

static int expand(const struct template *template, const char *query)
{
	struct param_value values[PARAMS];
	set_values(query, values);
	const struct template_input input = {
		.values = values,
		.source_path = "/dev/fd/3",
		.source_fd = 3,
		.source_format = "jpeg",
		.facts = {[TEMPLATE_DURATION] = "2.500", [TEMPLATE_VIDEO] = "v:1"},
		.output_path = "/tmp/job/out",
	};
	return template_expand(template, &input, &argv);
}

static void show(char *out, size_t size)
{
	struct text text;
	text_init(&text, out, size);
	for (size_t p = 0; p < argv.program_count; p++) {
		text_puts(&text, p ? " | " : "");
		for (char **arg = argv.programs[p].argv; *arg; arg++)
			text_printf(&text, "[%s]", *arg);
	}
	assert_false(text.overflow);
}

static void expands(void **state)
{
	(void)state;
	static const struct {
		const char *run, *query, *argv;
	} rows[] = {
		{"p", "", "[p]"},
		{"p a b", "", "[p][a][b]"},
		{"p {source} {source.fd} {source.format}:fd:{source.fd}[0]", "",
			"[p][/dev/fd/3][3][jpeg:fd:3[0]]"},
		{"p {size}", "size=300x200", "[p][300x200]"},
		{"p {size}{fit}", "size=300x200&fit=fill", "[p][300x200!]"},
		{"p {size}{fit}", "size=300x200&fit=contain", "[p][300x200]"},
		{"p {size}{fit}", "", "[p]"},
		{"p {fit}", "fit=contain", "[p]"},
		{"p jpeg:size={size*2}", "size=300x200", "[p][jpeg:size=600x400]"},
		{"p {size*2} {size.w} {size.h}", "size=300x", "[p][600x][300]"},
		{"p {size*2}", "size=x201", "[p][x402]"},
		{"p {size*0.5}", "size=301x1", "[p][151x1]"},
		{"p {size*0.001}", "size=1x1", "[p][1x1]"},
		{"p {size.w*2|0} {size.h*2|0}", "size=300x", "[p][600][0]"},
		{"p scale={size.w|-2}:{size.h|-2}", "size=300x", "[p][scale=300:-2]"},
		{"p scale={size.w|-2}:{size.h|-2}", "size=x200", "[p][scale=-2:200]"},
		{"p scale={size.w|-2}:{size.h|-2}", "", "[p][scale=-2:-2]"},
		{"p -q {quality|82}", "", "[p][-q][82]"},
		{"p -q {quality|82}", "quality=7", "[p][-q][7]"},
		{"p {quality|}", "", "[p]"},
		{"p 1/{quality}", "quality=8", "[p][1/8]"},
		{"p 1/{quality}", "", "[p][1/]"},
		{"p {quality*2} {quality*0.5} {quality*1.5}", "quality=7", "[p][14][3.5][10.5]"},
		{"p {quality*3}", "quality=-5", "[p][-15]"},
		{"p {gamma*3} {gamma*0.000001}", "gamma=0.1", "[p][0.3][0]"},
		{"p {gamma*1000}", "gamma=8999999999.5", "[p][8999999999500]"},
		{"p {at} {at*1000}", "at=1:30.5", "[p][90.5][90500]"},
		{"p {crop} {crop.w}:{crop.h}:{crop.x}:{crop.y} {crop*2} {crop.x*3}",
			"crop=10,20,300x200",
			"[p][300x200+10+20][300:200:10:20][600x400+20+40][30]"},
		{"p {crop.x}", "crop=0,0,1x1", "[p][0]"},
		{"p {at-10} {at*2+0.5|x}", "at=4", "[p][-6][8.5]"},
		{"p {at-10|-10} {quality+1}", "", "[p][-10]"},
		{"p {source.duration} 0:{source.video|V:0}", "", "[p][2.500][0:v:1]"},
		{"p {source.matrix} x{source.transfer|y}", "", "[p][xy]"},
		{"p [ -d {source.duration} ] [ -t {source.transfer} ]", "", "[p][-d][2.500]"},
		{"p [ -rotate {rotate} ] x", "rotate=90", "[p][-rotate][90][x]"},
		{"p [ -rotate {rotate} ] x", "", "[p][x]"},
		{"p [ -r {rotate|5} ] x", "", "[p][-r][5][x]"},
		{"p [ {size.h} -h ] x", "size=300x", "[p][x]"},
		{"p [ -a {rotate} ] [ -b {quality} ]", "quality=1", "[p][-b][1]"},
		{"p [ -a {rotate} {quality} ]", "quality=1", "[p]"},
		{"p [ {strip} -strip ] x", "strip=1", "[p][-strip][x]"},
		{"p [ {strip} -strip ] x", "strip=0", "[p][x]"},
		{"p [ {strip} -strip ] x", "", "[p][x]"},
		{"p -strip={strip}", "strip=yes", "[p][-strip=1]"},
		{"p [ -fit {fit} ]", "fit=contain", "[p][-fit]"},
		{"djpeg -scale 1/{rotate} {source} | cjpeg -quality {quality}",
			"rotate=2&quality=50",
			"[djpeg][-scale][1/2][/dev/fd/3] | [cjpeg][-quality][50]"},
		{"a | b | c | d x", "", "[a] | [b] | [c] | [d][x]"},
		{"p [x] a[ ]b a|b ||", "", "[p][[x]][a[][]b][a|b][||]"},
		{"p {{size}} {{{size}}} }}", "size=1x1", "[p][{size}][{1x1}][}]"},
		{"p{{ a", "", "[p{][a]"},
		{"p {format}:-", "format=jpg", "[p][jpeg:-]"},
		{"p -o {output}", "", "[p][-o][/tmp/job/out]"},
		{"p {format}:{output}.{format}", "format=webp", "[p][webp:/tmp/job/out.webp]"},
		{"p  a", "", "[p][][a]"},
		{"p {caption}", "caption=", "[p][]"},
		{"p {caption} x", "caption=a b;$(c)`d`|{source} [ ]",
			"[p][a b;$(c)`d`|{source} [ ]][x]"},
		{"p {caption}", "caption=|", "[p][|]"},
		{"p {caption}", "caption=[", "[p][[]"},
	};
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		char error[256] = "", found[1024];
		struct template *template = compile(rows[i].run, error);
		if (!template)
			fail_msg("%s: %s", rows[i].run, error);
		assert_int_equal(expand(template, rows[i].query), 0);
		show(found, sizeof found);
		assert_string_equal(found, rows[i].argv);
		template_free(template);
	}
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		const char *run, *words;
	} rows[] = {
		{"", "needs a program"},
		{"p {nothing}", "{nothing}: no such parameter"},
		{"p {}", "no such parameter"},
		{"p {Size}", "no such parameter"},
		{"p {size ", "not closed"},
		{"p a{", "not closed"},
		{"p {a{b}}", "not closed"},
		{"p a}b", "} without {"},
		{"p {size.d}", "no such part"},
		{"p {size.}", "no such part"},
		{"p {size.x}", "no such part"},
		{"p {quality.w}", "no such part"},
		{"p {source.w}", "no such parameter"},
		{"p {source|x}", "no such parameter"},
		{"p {fit*2}", "cannot be multiplied"},
		{"p {caption*2}", "cannot be multiplied"},
		{"p {size*0}", "a factor"},
		{"p {size*-1}", "a factor"},
		{"p {size*}", "a factor"},
		{"p {size*1001}", "a factor"},
		{"p {size*2x}", "a factor"},
		{"p [ a", "not closed by ]"},
		{"p [ a [ b ] ]", "nested"},
		{"p a ]", "] without ["},
		{"p [ ]", "group is empty"},
		{"[ p ]", "begin with a group"},
		{"p [ a | b ]", "| cannot stand in a group"},
		{"| p", "program is empty"},
		{"p |", "program is empty"},
		{"p | | q", "program is empty"},
		{"a | b | c | d | e", "more than 4 programs"},
		{"{format}", "no holes"},
		{"a{quality}", "no holes"},
		{"p | {fit}", "no holes"},
		{"{source}", "no holes"},
		{" a", "no holes and is not empty"},
		{"p {output} {output}", "more than once"},
		{"p {output}{output}", "more than once"},
		{"p {output} | q", "last program"},
		{"p [ {output} {size} ]", "cannot stand in a group"},
		{"p {output}{caption}", "no text parameter"},
		{"p {output}/x", "no / can stand"},
		{"p {output}{source}", "no {source} can stand"},
	};
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		char error[256] = "";
		struct template *template = compile(rows[i].run, error);
		if (template || !strstr(error, rows[i].words) || strncmp(error, "run: ", 5))
			fail_msg("%s: \"%s\" lacks \"%s\"", rows[i].run, error, rows[i].words);
	}
	template_free(NULL);
}

static void tells_what_it_uses(void **state)
{
	(void)state;
	char error[256];
	struct template *template = compile(
		"a {size} {source.format} | b [ {rotate} x ] {source.fd} | c {output}.jpg", error);
	assert_non_null(template);
	assert_int_equal(template_program_count(template), 3);
	assert_string_equal(template_program_name(template, 0), "a");
	assert_string_equal(template_program_name(template, 2), "c");
	assert_true(template_uses_output(template));
	assert_true(template_uses_param(template, SIZE));
	assert_true(template_uses_param(template, ROTATE));
	assert_false(template_uses_param(template, QUALITY));
	assert_false(template_uses_param(template, 1000));
	assert_int_equal(expand(template, ""), 0);
	assert_false(argv.programs[0].uses_source);
	assert_true(argv.programs[1].uses_source);
	assert_false(argv.programs[2].uses_source);
	assert_string_equal(argv.output, "/tmp/job/out.jpg");
	template_free(template);

	template = compile("a {source}", error);
	assert_false(template_uses_output(template));
	assert_int_equal(expand(template, ""), 0);
	assert_true(argv.programs[0].uses_source);
	assert_null(argv.output);
	template_free(template);
}

static void bounds(void **state)
{
	(void)state;
	char error[256];
	const char *elements[TEMPLATE_ARGS_MAX + 1];
	static char filler[200];
	memset(filler, 'x', sizeof filler - 1);
	for (size_t i = 0; i < UNIT_COUNT(elements); i++)
		elements[i] = filler;
	assert_null(
		template_new(elements, UNIT_COUNT(elements), params, PARAMS, error, sizeof error));
	assert_string_equal(error, "run: more than 256 elements");

	/* 256 elements of 199 bytes are more than the storage holds, 160 are not. */
	struct template *template =
		template_new(elements, TEMPLATE_ARGS_MAX, params, PARAMS, error, sizeof error);
	assert_non_null(template);
	assert_int_equal(expand(template, ""), -E2BIG);
	template_free(template);
	template = template_new(elements, 160, params, PARAMS, error, sizeof error);
	assert_int_equal(expand(template, ""), 0);
	template_free(template);
	for (size_t i = 0; i < UNIT_COUNT(elements); i++)
		elements[i] = "a";
	template = template_new(elements, TEMPLATE_ARGS_MAX, params, PARAMS, error, sizeof error);
	assert_int_equal(expand(template, ""), 0);
	assert_null(argv.programs[0].argv[TEMPLATE_ARGS_MAX]);
	template_free(template);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expands),
		cmocka_unit_test(refused),
		cmocka_unit_test(tells_what_it_uses),
		cmocka_unit_test(bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
