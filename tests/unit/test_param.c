/* SPDX-License-Identifier: MIT */
/*
 * Every type against what it accepts, its canonical form, and what it must refuse: one table each.
 * NULL as the canonical form means refused, with the line that the client then sees.
 */
#include "src/recipe/param_kind.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const char *text;
	const char *canonical;
};

static struct param declare(const char *name, enum param_type type)
{
	return (struct param){.name = (char *)name, .type = type, .min = NAN, .max = NAN};
}

static struct param_choice map(const char *name, const char *mapped)
{
	return (struct param_choice){(char *)name, (char *)mapped};
}

static void run(const struct param *param, const struct row *rows, size_t count, const char *line)
{
	char message[PARAM_MESSAGE_MAX];
	assert_true(param_check(param, message));
	for (size_t i = 0; i < count; i++) {
		struct param_value value;
		message[0] = '\0';
		bool ok = param_parse(param, rows[i].text, &value, message);
		if (ok != (rows[i].canonical != NULL))
			print_error(
				"%s: \"%s\" → %s\n", param->name, rows[i].text, value.canonical);
		assert_int_equal(ok, rows[i].canonical != NULL);
		if (ok) {
			assert_string_equal(value.canonical, rows[i].canonical);
			assert_true(value.present);
		} else {
			assert_string_equal(message, line);
			assert_false(value.present);
			assert_string_equal(value.canonical, "");
		}
	}
}

static void size(void **state)
{
	(void)state;
	struct param param = declare("size", PARAM_SIZE);
	param.max_w = 4096;
	param.max_h = 2000;
	static const struct row rows[] = {
		{"300x200", "300x200"},
		{"300x", "300x"},
		{"x200", "x200"},
		{"300", "300x"},
		{"4096x2000", "4096x2000"},
		{"1x1", "1x1"},
		{"4097x1", NULL},
		{"1x2001", NULL},
		{"0x1", NULL},
		{"1x0", NULL},
		{"0", NULL},
		{"0x", NULL},
		{"x0", NULL},
		{"", NULL},
		{"x", NULL},
		{"xx", NULL},
		{"300x200x1", NULL},
		{"300X200", NULL},
		{"007x1", NULL},
		{"+5x5", NULL},
		{"-5x5", NULL},
		{" 5x5", NULL},
		{"5x5 ", NULL},
		{"5 x5", NULL},
		{"1e3x1", NULL},
		{"0x10", NULL},
		{"5.0x5", NULL},
		{"nanxnan", NULL},
		{"99999999999999999999x1", NULL},
		{"18446744073709551617x1", NULL},
		{"4294967297x1", NULL},
		{"300x200>", NULL},
		{"300x200\n", NULL},
		{"300,200", NULL},
	};
	run(&param, rows, UNIT_COUNT(rows), "size: 300x200, 300x or x200, at most 4096x2000");

	struct param_value value;
	char message[PARAM_MESSAGE_MAX];
	assert_true(param_parse(&param, "300x", &value, message));
	assert_int_equal(value.w, 300);
	assert_int_equal(value.h, -1);
	assert_int_equal(value.x, -1);
	assert_true(param_parse(&param, "x7", &value, message));
	assert_int_equal(value.w, -1);
	assert_int_equal(value.h, 7);

	param.min_w = 10;
	param.min_h = 20;
	static const struct row low[] = {{"9x20", NULL}, {"10x19", NULL}, {"10x20", "10x20"}};
	run(&param, low, UNIT_COUNT(low),
		"size: 300x200, 300x or x200, at least 10x20, at most 4096x2000");
	struct param plain = declare("s", PARAM_SIZE);
	static const struct row wide[] = {{"65535x65535", "65535x65535"}, {"65536x1", NULL}};
	run(&plain, wide, UNIT_COUNT(wide), "s: 300x200, 300x or x200, at most 65535x65535");
}

static void integer(void **state)
{
	(void)state;
	struct param param = declare("quality", PARAM_INTEGER);
	param.min = 1;
	param.max = 100;
	static const struct row rows[] = {
		{"1", "1"},
		{"82", "82"},
		{"100", "100"},
		{"0", NULL},
		{"101", NULL},
		{"", NULL},
		{"007", NULL},
		{"+5", NULL},
		{" 5", NULL},
		{"5 ", NULL},
		{"-5", NULL},
		{"5.0", NULL},
		{"1e1", NULL},
		{"0x10", NULL},
		{"inf", NULL},
		{"nan", NULL},
		{"-", NULL},
		{"18446744073709551697", NULL},
		{"99999999999999999999999999", NULL},
		{"5%", NULL},
		{"5\n", NULL},
		{"\xd9\xa3", NULL},
	};
	run(&param, rows, UNIT_COUNT(rows), "quality: a whole number from 1 to 100");

	struct param below = declare("level", PARAM_INTEGER);
	below.min = -3;
	below.max = 3;
	static const struct row signs[] = {
		{"-3", "-3"}, {"0", "0"}, {"-4", NULL}, {"-0", NULL}, {"--3", NULL}, {"-03", NULL}};
	run(&below, signs, UNIT_COUNT(signs), "level: a whole number from -3 to 3");

	struct param open = declare("n", PARAM_INTEGER);
	static const struct row assumed[] = {
		{"0", "0"}, {"2147483647", "2147483647"}, {"2147483648", NULL}, {"-1", NULL}};
	run(&open, assumed, UNIT_COUNT(assumed), "n: a whole number from 0 to 2147483647");
}

static void number(void **state)
{
	(void)state;
	struct param param = declare("blur", PARAM_NUMBER);
	param.min = -1.5;
	param.max = 10;
	static const struct row rows[] = {
		{"0.5", "0.5"},
		{"2", "2"},
		{"-1.25", "-1.25"},
		{"2.000000", "2"},
		{"0.100", "0.1"},
		{"0.000001", "0.000001"},
		{"10", "10"},
		{"10.0", "10"},
		{"10.000001", NULL},
		{"-1.5", "-1.5"},
		{"-1.500001", NULL},
		{"0.0000001", NULL},
		{".5", NULL},
		{"5.", NULL},
		{"1e0", NULL},
		{"0x1p0", NULL},
		{"inf", NULL},
		{"-inf", NULL},
		{"nan", NULL},
		{"01.5", NULL},
		{"1,5", NULL},
		{"+1", NULL},
		{" 1", NULL},
		{"", NULL},
		{"-", NULL},
		{"-.5", NULL},
		{"-0.0", NULL},
		{"1.2.3", NULL},
		{"999999999999999999999.1", NULL},
	};
	run(&param, rows, UNIT_COUNT(rows), "blur: a number from -1.5 to 10, at most 6 decimals");
	struct param_value value;
	char message[PARAM_MESSAGE_MAX];
	assert_true(param_parse(&param, "0.1", &value, message));
	const double tenth = 0.1; /* some machines compare with more digits */
	assert_true(value.number == tenth);
}

static void time_of_media(void **state)
{
	(void)state;
	struct param param = declare("at", PARAM_TIME);
	param.max = 7200;
	static const struct row rows[] = {
		{"90.5", "90.5"},
		{"0", "0"},
		{"1:30.5", "90.5"},
		{"1:02:03", "3723"},
		{"1:05", "65"},
		{"0:05", "5"},
		{"00:00:00.250", "0.25"},
		{"02:00:00", "7200"},
		{"2:00:00.001", NULL},
		{"90:00", "5400"},
		{"7200.000", "7200"},
		{"7200.001", NULL},
		{"0.0001", NULL},
		{"1:30.0001", NULL},
		{"1:5", NULL},
		{"1:60", NULL},
		{"1:60:00", NULL},
		{"1:2:03", NULL},
		{"1:02:3", NULL},
		{"1:02:03:04", NULL},
		{":30", NULL},
		{"1:", NULL},
		{"1:30.", NULL},
		{"::", NULL},
		{"", NULL},
		{"-1", NULL},
		{"-1:30", NULL},
		{"1:-3", NULL},
		{"007", NULL},
		{"001:30", NULL},
		{"1:+3", NULL},
		{"1e3", NULL},
		{"99999999999:00", NULL},
		{"1:030", NULL},
		{"90s", NULL},
		{"1:30.5.5", NULL},
	};
	run(&param, rows, UNIT_COUNT(rows),
		"at: seconds, m:ss or h:mm:ss, from 0 to 7200 seconds, at most 3 decimals");
}

static void choice(void **state)
{
	(void)state;
	struct param param = declare("fit", PARAM_CHOICE);
	param.value_count = 4;
	param.values[0] = map("contain", "");
	param.values[1] = map("fill", "!");
	param.values[2] = map("cover", "^");
	param.values[3] = map("a", NULL);
	static const struct row rows[] = {
		{"contain", ""},
		{"fill", "!"},
		{"cover", "^"},
		{"a", "a"},
		{"", NULL},
		{"!", NULL},
		{"Cover", NULL},
		{"cove", NULL},
		{"coverr", NULL},
		{"cover=^", NULL},
	};
	run(&param, rows, UNIT_COUNT(rows), "fit: one of contain, fill, cover, a");
}

static void choice_with_many_values(void **state)
{
	(void)state;
	struct param param = declare("many", PARAM_CHOICE);
	char names[PARAM_VALUES_MAX][24];
	param.value_count = PARAM_VALUES_MAX;
	for (size_t i = 0; i < PARAM_VALUES_MAX; i++) {
		snprintf(names[i], sizeof names[i], "a-rather-long-%zu", i);
		param.values[i] = map(names[i], names[i]);
	}
	struct param_value value;
	char message[PARAM_MESSAGE_MAX];
	assert_true(param_check(&param, message));
	assert_false(param_parse(&param, "none", &value, message));
	assert_int_equal(strncmp(message, "many: one of a-rather-long-0, ", 30), 0);
	assert_string_equal(message + strlen(message) - 5, ", ...");
	assert_true(param_parse(&param, "a-rather-long-31", &value, message));
}

static void color(void **state)
{
	(void)state;
	struct param param = declare("background", PARAM_COLOR);
	static const struct row rows[] = {
		{"fff", "#ffffff"},
		{"a1C", "#aa11cc"},
		{"01aBff", "#01abff"},
		{"00000000", "#00000000"},
		{"FFFFFF80", "#ffffff80"},
		{"red", "#ff0000"},
		{"Green", "#008000"},
		{"lime", "#00ff00"},
		{"yellow", "#ffff00"},
		{"", NULL},
		{"f", NULL},
		{"ff", NULL},
		{"ffff", NULL},
		{"fffff", NULL},
		{"fffffff", NULL},
		{"fffffffff", NULL},
		{"#fff", NULL},
		{"ggg", NULL},
		{"none", NULL},
		{"+ff", NULL},
		{"rgb(1,2,3)", NULL},
		{"redd", NULL},
		{"0x1", NULL},
	};
	run(&param, rows, UNIT_COUNT(rows),
		"background: a colour as fff, ffffff, ffffffff or one of CSS's 16 basic names");
}

static void region(void **state)
{
	(void)state;
	struct param param = declare("crop", PARAM_REGION);
	param.max_w = param.max_h = 5000;
	static const struct row rows[] = {
		{"10,20,300x200", "300x200+10+20"},
		{"0,0,1x1", "1x1+0+0"},
		{"65535,65535,5000x5000", "5000x5000+65535+65535"},
		{"10,20,300x", NULL},
		{"10,20,x200", NULL},
		{"10,20,300", NULL},
		{"10,20,0x1", NULL},
		{"65536,0,1x1", NULL},
		{"0,0,5001x1", NULL},
		{"-1,0,1x1", NULL},
		{"10,20", NULL},
		{"10", NULL},
		{"", NULL},
		{",,1x1", NULL},
		{"10,20,300x200,1", NULL},
		{"01,0,1x1", NULL},
		{"1.5,0,1x1", NULL},
		{"300x200+10+20", NULL},
		{"10, 20,1x1", NULL},
	};
	run(&param, rows, UNIT_COUNT(rows), "crop: X,Y,WxH as in 10,20,300x200, at most 5000x5000");
	struct param_value value;
	char message[PARAM_MESSAGE_MAX];
	assert_true(param_parse(&param, "10,20,300x200", &value, message));
	assert_int_equal(value.x, 10);
	assert_int_equal(value.y, 20);
	assert_int_equal(value.w, 300);
	assert_int_equal(value.h, 200);
}

static void flag(void **state)
{
	(void)state;
	struct param param = declare("strip", PARAM_FLAG);
	static const struct row rows[] = {
		{"", "1"},
		{"1", "1"},
		{"true", "1"},
		{"yes", "1"},
		{"on", "1"},
		{"2", NULL},
		{"TRUE", NULL},
		{"y", NULL},
		{"01", NULL},
		{" ", NULL},
	};
	run(&param, rows, UNIT_COUNT(rows), "strip: 1, true, yes, on or 0, false, no, off");
	static const char *const no[] = {"0", "false", "no", "off"};
	for (size_t i = 0; i < UNIT_COUNT(no); i++) {
		struct param_value value;
		char message[PARAM_MESSAGE_MAX];
		assert_true(param_parse(&param, no[i], &value, message));
		assert_false(value.present);
		assert_string_equal(value.canonical, "");
	}
}

static void format(void **state)
{
	(void)state;
	struct param param = declare("format", PARAM_FORMAT);
	param.value_count = 3;
	param.values[0] = map("webp", NULL);
	param.values[1] = map("jpg", NULL);
	param.values[2] = map("mp4", NULL);
	static const struct row rows[] = {
		{"webp", "webp"},
		{"jpeg", "jpeg"},
		{"jpg", "jpeg"},
		{"mp4", "mp4"},
		{"png", NULL},
		{"JPEG", NULL},
		{"", NULL},
		{"unknown", NULL},
		{"webp:x", NULL},
	};
	run(&param, rows, UNIT_COUNT(rows), "format: one of webp, jpeg, mp4");
}

static void text(void **state)
{
	(void)state;
	struct param param = declare("caption", PARAM_TEXT);
	param.max = 12;
	param.allow = (char *)".!-";
	static const struct row rows[] = {
		{"Hello world!", "Hello world!"},
		{"Hello world!!", NULL},
		{"a-b.c", "a-b.c"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb0", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb0"},
		{" a", " a"},
		{"", NULL},
		{"-a", NULL},
		{"@a", NULL},
		{"a@b", NULL},
		{"%w", NULL},
		{"a%b", NULL},
		{"a\\b", NULL},
		{"a:b", NULL},
		{"a'b", NULL},
		{"a\"b", NULL},
		{"a/b", NULL},
		{"a,b", NULL},
		{"a\nb", NULL},
		{"a\tb", NULL},
		{"a\x7f", NULL},
		{"a\x1b[m", NULL},
		{"\xc2\x85", NULL},
		{"\xc2\x9f", NULL},
		{"\xc2\xa0", "\xc2\xa0"},
		{"\xff", NULL},
		{"\xc3", NULL},
		{"\xc0\xaf", NULL},
		{"\xed\xa0\x80", NULL},
		{"\xf4\x90\x80\x80", NULL},
		{"\xe2\x80\xae"
		 "a",
			NULL},
		{"\xe2\x80\xa8", NULL},
		{"\xe0\x80\xaf", NULL},
		{"a\x80", NULL},
	};
	run(&param, rows, UNIT_COUNT(rows),
		"caption: 1 to 12 bytes of letters, digits, space and .!-; not - or @ at the "
		"beginning");

	struct param all = declare("t", PARAM_TEXT);
	all.allow = (char *)"@-%";
	static const struct row never[] = {{"@x", NULL}, {"-x", NULL}, {"x@-%", "x@-%"}};
	run(&all, never, UNIT_COUNT(never),
		"t: 1 to 64 bytes of letters, digits, space and @-%; not - or @ at the beginning");
	struct param empty = declare("t", PARAM_TEXT);
	empty.min = 0;
	static const struct row none[] = {{"", ""}};
	run(&empty, none, UNIT_COUNT(none), "");

	char long_text[600];
	memset(long_text, 'a', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	struct param_value value;
	char message[PARAM_MESSAGE_MAX];
	param.max = 255;
	assert_false(param_parse(&param, long_text, &value, message));
	long_text[255] = '\0';
	assert_true(param_parse(&param, long_text, &value, message));
	assert_int_equal(strlen(value.canonical), 255);
}

static void refused(struct param param, const char *words)
{
	char message[PARAM_MESSAGE_MAX] = "";
	assert_false(param_check(&param, message));
	if (!strstr(message, words))
		fail_msg("\"%s\" lacks \"%s\"", message, words);
}

static void declarations(void **state)
{
	(void)state;
	struct param p = declare("", PARAM_SIZE);
	refused(p, "a name begins with a letter");
	refused(declare("source", PARAM_SIZE), "this name is {source} already");
	refused(declare("a.b", PARAM_SIZE), "letters");
	refused(declare("1a", PARAM_SIZE), "begins with a letter");
	char longest[] = "abcdefghijklmnopqrstuvwxyz-012345";
	refused(declare(longest, PARAM_SIZE), "up to 32 letters");
	longest[32] = '\0';
	p = declare(longest, PARAM_SIZE);
	char message[PARAM_MESSAGE_MAX];
	assert_true(param_check(&p, message));
	p = declare("n", PARAM_INTEGER);
	p.min = 5;
	p.max = 4;
	refused(p, "min is greater than max");
	p.max = 5.5;
	refused(p, "whole numbers");
	p.max = 1e12;
	refused(p, "9000000000");
	p = declare("n", PARAM_INTEGER);
	p.max = 10;
	p.default_text = (char *)"11";
	refused(p, "param n: the default is not accepted: a whole number from 0 to 10");
	p.default_text = (char *)"10";
	p.required = true;
	refused(p, "exclude");
	p = declare("n", PARAM_INTEGER);
	p.allow = (char *)"x";
	refused(p, "allow means nothing for type integer");
	p = declare("c", PARAM_CHOICE);
	refused(p, "needs values");
	p.value_count = 2;
	p.values[0] = p.values[1] = map("a", "b");
	refused(p, "stands twice");
	p.type = PARAM_FORMAT;
	refused(p, "a is no known format");
	p.values[0].name = (char *)"jpg";
	p.values[1].name = (char *)"jpeg";
	refused(p, "stands twice");
	p = declare("s", PARAM_SIZE);
	p.min_w = 10;
	p.max_w = 9;
	refused(p, "min is greater than max");
	p.max_w = 70000;
	refused(p, "65535x65535");
	p = declare("t", PARAM_TEXT);
	p.max = 256;
	refused(p, "at most 255 bytes");
	p = declare("t", PARAM_TIME);
	p.min = -1;
	refused(p, "never negative");
	p = declare("f", PARAM_FLAG);
	p.max = 1;
	refused(p, "mean nothing for type flag");
}

static void names(void **state)
{
	(void)state;
	for (int type = PARAM_SIZE; type <= PARAM_TEXT; type++)
		assert_int_equal(
			param_type_from_name(param_type_name((enum param_type)type)), type);
	assert_int_equal(param_type_from_name("colour"), -1);
	assert_int_equal(param_type_from_name(""), -1);
}

static void clear(void **state)
{
	(void)state;
	struct param param = declare("n", PARAM_CHOICE);
	param.name = strdup("n");
	param.value_count = 1;
	param.values[0] = (struct param_choice){strdup("a"), strdup("b")};
	param.default_text = strdup("a");
	param_clear(&param);
	assert_null(param.name);
	assert_int_equal(param.value_count, 0);
	param_clear(&param);
}

/* What train and the fuzzers rely on, for every type of the table. */
static void samples(void **state)
{
	(void)state;
	for (int type = 0; type < PARAM_TYPES; type++) {
		struct param param = declare("p", (enum param_type)type);
		if (param_kinds[type].has_values) {
			param.values[0] = map(type == PARAM_FORMAT ? "jpeg" : "cover", "x");
			param.value_count = 1;
		}
		char sample[PARAM_CANONICAL_MAX], spelt[PARAM_CANONICAL_MAX];
		char message[PARAM_MESSAGE_MAX];
		struct param_value value, again;
		assert_true(param_check(&param, message));
		assert_true(param_sample(&param, sample, sizeof sample));
		assert_true(param_parse(&param, sample, &value, message));
		if (!param_spell(&param, &value, spelt, sizeof spelt))
			continue;
		assert_true(param_parse(&param, spelt, &again, message));
		assert_string_equal(again.canonical, value.canonical);
	}
	struct param text = declare("p", PARAM_TEXT);
	char sample[PARAM_CANONICAL_MAX];
	text.min = 5;
	assert_true(param_sample(&text, sample, sizeof sample));
	assert_string_equal(sample, "aaaaa");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size),
		cmocka_unit_test(integer),
		cmocka_unit_test(number),
		cmocka_unit_test(time_of_media),
		cmocka_unit_test(choice),
		cmocka_unit_test(choice_with_many_values),
		cmocka_unit_test(color),
		cmocka_unit_test(region),
		cmocka_unit_test(flag),
		cmocka_unit_test(format),
		cmocka_unit_test(text),
		cmocka_unit_test(declarations),
		cmocka_unit_test(names),
		cmocka_unit_test(clear),
		cmocka_unit_test(samples),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
