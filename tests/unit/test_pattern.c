/* SPDX-License-Identifier: MIT */
/* Which path fills which holes. Expected values stand as "name=value" joined by spaces, NULL means
 * no match. */
#include "base/clock.h"
#include "base/text.h"
#include "src/recipe/pattern.h"
#include "tests/unit/unit_wait.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void matches(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *path, *holes;
	} rows[] = {
		{"/{source}", "/1.jpg", "source=1.jpg"},
		{"/{source}", "/a/b/c.jpg", "source=a/b/c.jpg"},
		{"/{source}", "/", NULL},
		{"/{source}", "", NULL},
		{"/{source}", "//a", NULL},
		{"/{source}", "/a//b", NULL},
		{"/{source}", "/a/", NULL},
		{"/{source}", "a", NULL},
		{"/{source}", "/a b\xc3\xa4\n", "source=a b\xc3\xa4\n"},
		{"/frame/{source}", "/frame/a.mp4", "source=a.mp4"},
		{"/frame/{source}", "/frame/", NULL},
		{"/frame/{source}", "/frame", NULL},
		{"/frame/{source}", "/Frame/a", NULL},
		{"/frame/{source}", "/x/frame/a", NULL},
		{"/thumb/{size}/{source}", "/thumb/300x/a/b.jpg", "size=300x source=a/b.jpg"},
		{"/thumb/{size}/{source}", "/thumb//a.jpg", NULL},
		{"/thumb/{size}/{source}", "/thumb/300x/", NULL},
		{"/thumb/{size}/{source}", "/thumb/300x", NULL},
		{"/{w}x{h}/{source}", "/3x4/a", "w=3 h=4 source=a"},
		{"/{w}x{h}/{source}", "/3x4x5/a", "w=3 h=4x5 source=a"},
		{"/{w}x{h}/{source}", "/xxx/a", "w=x h=x source=a"},
		{"/{w}x{h}/{source}", "/xx/a", NULL},
		{"/{source}.webp", "/a/b.jpg.webp", "source=a/b.jpg"},
		{"/{source}.webp", "/a.webp.webp", "source=a.webp"},
		{"/{source}.webp", "/.webp", NULL},
		{"/{source}.webp", "/a/.webp", NULL},
		{"/{source}/{size}", "/a/b/c", "source=a/b size=c"},
		{"/{source}/{size}/x", "/a/x/x/x", "source=a/x size=x"},
		{"/{source}@{size}.{format}", "/a@b/c@300x.webp",
			"source=a@b/c size=300x format=webp"},
		{"/{a}-{b}/{source}", "/1-2-3/s", "a=1 b=2-3 source=s"},
		{"/{a}/x/{source}", "/1/x/x/x", "a=1 source=x/x"},
		{"/{a}/x/{source}", "/1/2/x/s", NULL},
		{"/all/{source}/end", "/all/a/b/end", "source=a/b"},
		{"/all/{source}/end", "/all/end", NULL},
		{"/all/{source}/end", "/all//end", NULL},
		{"/all/{source}/end", "/all/a//end", NULL},
		{"/all/{source}/end", "/all/a//b/end", NULL},
		{"/all/{source}/end", "/all/end/end", "source=end"},
		{"/a/{source}/a", "/a/a", NULL},
		{"/{a}xx{b}/{source}", "/1xxx/s", "a=1 b=x source=s"},
		{"/{a}x{b}y{c}/{source}", "/1y2x3/s", NULL},
		{"/{a}-{b}/{source}/{c}-{d}", "/1-2/3-4/5-6/7-8", "a=1 b=2 source=3-4/5-6 c=7 d=8"},
	};
	struct pattern_match *match = malloc(sizeof *match);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		char error[128], found[256];
		struct pattern *pattern = pattern_new(rows[i].pattern, error, sizeof error);
		assert_non_null(pattern);
		assert_string_equal(pattern_text(pattern), rows[i].pattern);
		bool ok = pattern_matches(pattern, rows[i].path, match);
		if (ok != (rows[i].holes != NULL))
			print_error("%s of %s\n", rows[i].path, rows[i].pattern);
		assert_int_equal(ok, rows[i].holes != NULL);
		struct text text;
		text_init(&text, found, sizeof found);
		for (size_t n = 0; n < match->count; n++)
			text_printf(&text, "%s%s=%s", n ? " " : "", match->holes[n].name,
				match->holes[n].value);
		assert_string_equal(found, ok ? rows[i].holes : "");
		pattern_free(pattern);
	}
	free(match);
}

static void refused(void **state)
{
	(void)state;
	/* Longer than the line that is to say so. */
	char twice[320];
	memset(twice, 'a', sizeof twice);
	memcpy(twice, "/{", 2);
	memcpy(twice + 150, "}/{", 3);
	memcpy(twice + 301, "}/{source}", sizeof "}/{source}");
	const struct {
		const char *pattern, *words;
	} rows[] = {
		{twice, "aaaa} stands more than once"},
		{"", "begin with /"},
		{"{source}", "begin with /"},
		{"/", "needs {source}"},
		{"/{size}", "needs {source}"},
		{"/{source}/{source}", "{source} stands more than once"},
		{"/{a}/{a}/{source}", "{a} stands more than once"},
		{"/{a}{source}", "two holes"},
		{"/{source", "a hole is {name}"},
		{"/{}/{source}", "a hole is {name}"},
		{"/{a.b}/{source}", "a hole is {name}"},
		{"/{1}/{source}", "a hole is {name}"},
		{"/{{source}}", "a hole is {name}"},
		{"/a}/{source}", "} without {"},
		{"/img-{source}", "behind a /"},
		{"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{source}",
			"more than 16"},
	};
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		char error[128] = "";
		assert_null(pattern_new(rows[i].pattern, error, sizeof error));
		if (!strstr(error, rows[i].words))
			fail_msg("%s: \"%s\" lacks \"%s\"", rows[i].pattern, error, rows[i].words);
	}
	pattern_free(NULL);
}

static void holes(void **state)
{
	(void)state;
	char error[128];
	struct pattern *pattern = pattern_new("/{b}/{source}/{a}", error, sizeof error);
	const char *names[PATTERN_HOLES_MAX];
	assert_int_equal(pattern_holes(pattern, names), 2);
	assert_string_equal(names[0], "b");
	assert_string_equal(names[1], "a");
	struct pattern_match *match = malloc(sizeof *match);
	assert_true(pattern_matches(pattern, "/1/2/3/4", match));
	assert_string_equal(pattern_match_get(match, "source"), "2/3");
	assert_string_equal(pattern_match_get(match, "a"), "4");
	assert_null(pattern_match_get(match, "c"));
	free(match);
	pattern_free(pattern);
}

/* A path made to keep a backtracking matcher busy for years. */
static void time_is_bounded(void **state)
{
	(void)state;
	char error[128];
	struct pattern *pattern = pattern_new(
		"/{a}a{b}a{c}a{d}a{e}a{f}a{g}a{h}a{i}a{j}/{source}", error, sizeof error);
	assert_non_null(pattern);
	struct pattern_match *match = malloc(sizeof *match);
	char path[8194];
	memset(path, 'a', sizeof path);
	path[0] = '/';
	path[8192] = '\0';
	uint64_t begin = clock_now_ms();
	assert_false(pattern_matches(pattern, path, match));
	path[8100] = '/';
	assert_true(pattern_matches(pattern, path, match));
	assert_string_equal(pattern_match_get(match, "a"), "a");
	assert_int_equal(strlen(pattern_match_get(match, "j")), 8099 - 18);
	assert_true(clock_now_ms() - begin < UNIT_PATIENCE_MS / 2);
	path[8192] = 'a';
	path[8193] = '\0';
	assert_false(pattern_matches(pattern, path, match));
	free(match);
	pattern_free(pattern);
}

/* A path may be long and the recipes many: most are told apart by the first literal, and what
 * stands behind it is not read. */
static void first_literal_decides(void **state)
{
	(void)state;
	char error[128];
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	static const char path[] = {'/', 'b', '/'};
	memcpy(pages + page - sizeof path, path, sizeof path);
	struct pattern_match *match = malloc(sizeof *match);
	struct pattern *pattern = pattern_new("/a/{size}/{source}", error, sizeof error);
	assert_false(pattern_matches(pattern, pages + page - sizeof path, match));
	pattern_free(pattern);
	free(match);
	munmap(pages, 2 * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches),
		cmocka_unit_test(refused),
		cmocka_unit_test(holes),
		cmocka_unit_test(time_is_bounded),
		cmocka_unit_test(first_literal_decides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
