/* SPDX-License-Identifier: MIT */
/* The four forms of the status page and the table of doc/monitoring.md, held against the table of
 * metrics: each row has to be in each place where it belongs, with the number that the view has. */
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/status/metric.h"
#include "src/status/status.h"

enum { RECIPES = 2 };

/* Every number of a row gets a value of its own. base: where the row's offset counts from. */
static void fill(enum status_scope scope, void *base, uint64_t *next)
{
	for (size_t i = 0; i < status_metric_count; i++) {
		const struct status_metric *metric = &status_metrics[i];
		if (metric->scope != scope || metric->samples != STATUS_ONE_NUMBER)
			continue;
		uint64_t large = *next += 1000003;
		uint32_t small = (uint32_t)large;
		void *at = (char *)base + metric->offset;
		if (metric->size == sizeof large)
			memcpy(at, &large, sizeof large);
		else
			memcpy(at, &small, sizeof small);
	}
}

static struct status_view *make_view(void)
{
	struct status_view *view = calloc(1, sizeof *view);
	assert_non_null(view);
	view->recipes = calloc(RECIPES, sizeof *view->recipes);
	assert_non_null(view->recipes);
	uint64_t next = 0;
	fill(STATUS_OF_DAEMON, view, &next);
	fill(STATUS_OF_CACHE, view, &next);
	view->cached = true;
	view->now_ms = view->started_ms + 1000;
	view->up_ms = 1000;
	view->recipe_count = RECIPES;
	for (size_t i = 0; i < RECIPES; i++) {
		struct status_recipe *recipe = &view->recipes[i];
		fill(STATUS_OF_SLOTS, recipe, &next);
		fill(STATUS_OF_RECIPE, recipe, &next);
		recipe->configured = i > 0;
		recipe->counts.name = i > 0 ? "thumb" : "";
		recipe->counts.statuses[404 - METRICS_STATUS_MIN] = 4040000 + i;
		recipe->counts.outcomes[OUTCOME_NOT_FOUND] = 5050000 + i;
		recipe->counts.cache[ACCESS_CACHE_HIT] = 6060000 + i;
		recipe->counts.times[METRICS_TOTAL].buckets[3] = 7070000 + i;
	}
	return view;
}

static int setup(void **state)
{
	*state = make_view();
	return 0;
}

static int teardown(void **state)
{
	status_view_free(*state);
	return 0;
}

/* To be freed. */
static char *written(const struct status_view *view, enum status_form form)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	status_write(view, form, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_has(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("not there: %s", wanted);
}

static const void *base_of(const struct status_metric *metric, const struct status_view *view)
{
	bool daemon = metric->scope == STATUS_OF_DAEMON || metric->scope == STATUS_OF_CACHE;
	return daemon ? (const void *)view : &view->recipes[1];
}

static void print_value(const struct status_metric *metric, uint64_t value, char out[64])
{
	if (metric->unit && !strcmp(metric->unit, "seconds"))
		snprintf(out, 64, "%" PRIu64 ".%06" PRIu64, value / 1000000, value % 1000000);
	else
		snprintf(out, 64, "%" PRIu64, value);
}

/* The row that begins the family of this one. */
static const struct status_metric *head_of(const struct status_metric *metric)
{
	while (metric->name && !metric->help)
		metric--;
	return metric;
}

static void rows_are_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < status_metric_count; i++) {
		const struct status_metric *metric = &status_metrics[i];
		const struct status_metric *head = head_of(metric);
		assert_true(metric->name || metric->key);
		if (!metric->name)
			continue;
		assert_string_equal(metric->name, head->name);
		assert_non_null(head->type);
		assert_true(head->help[strlen(head->help) - 1] == '.');
		/* A number of one family stands in one place. */
		for (size_t j = 0; j < i; j++)
			assert_true(!status_metrics[j].name ||
				    strcmp(status_metrics[j].name, metric->name) != 0 ||
				    head_of(&status_metrics[j]) == head);
	}
}

static void openmetrics_has_every_row(void **state)
{
	const struct status_view *view = *state;
	char *text = written(view, STATUS_OPENMETRICS);
	char wanted[512], value[64];
	for (size_t i = 0; i < status_metric_count; i++) {
		const struct status_metric *metric = &status_metrics[i], *head = head_of(metric);
		if (!metric->name)
			continue;
		snprintf(wanted, sizeof wanted, "# TYPE sluice_%s %s\n", head->name, head->type);
		assert_has(text, wanted);
		snprintf(wanted, sizeof wanted, "# HELP sluice_%s %s\n", head->name, head->help);
		assert_has(text, wanted);
		if (metric->samples != STATUS_ONE_NUMBER)
			continue;
		const void *base = base_of(metric, view);
		print_value(head, status_metric_value(metric, base), value);
		bool counter = !strcmp(head->type, "counter"), labels = base != view;
		snprintf(wanted, sizeof wanted, "\nsluice_%s%s%s%s%s %s\n", metric->name,
			counter ? "_total" : "", labels ? "{recipe=\"thumb\"" : "",
			metric->label ? metric->label : "", labels ? "}" : "", value);
		assert_has(text, wanted);
	}
	assert_has(text, "\nsluice_requests_total{recipe=\"thumb\",status=\"404\"} 4040001\n");
	assert_has(text, "\nsluice_requests_total{recipe=\"\",status=\"404\"} 4040000\n");
	assert_has(
		text, "\nsluice_outcomes_total{recipe=\"thumb\",outcome=\"not-found\"} 5050001\n");
	assert_has(text, "\nsluice_cache_requests_total{recipe=\"thumb\",way=\"hit\"} 6060001\n");
	assert_has(text, "\nsluice_request_duration_seconds_count{recipe=\"thumb\"} 7070001\n");
	assert_null(strstr(text, "sluice_slots{recipe=\"\"}"));
	free(text);
}

static void json_has_every_row(void **state)
{
	const struct status_view *view = *state;
	char *text = written(view, STATUS_JSON);
	char wanted[256], value[64];
	for (size_t i = 0; i < status_metric_count; i++) {
		const struct status_metric *metric = &status_metrics[i];
		if (!metric->key)
			continue;
		print_value(metric, status_metric_value(metric, base_of(metric, view)), value);
		snprintf(wanted, sizeof wanted, "\"%s\":%s", metric->key, value);
		assert_has(text, wanted);
	}
	free(text);
}

/* Text and page show what a person looks for first; each number there is one of the view's. */
static void text_and_page_show_the_same_numbers(void **state)
{
	const struct status_view *view = *state;
	const struct status_recipe *recipe = &view->recipes[1];
	const uint64_t wanted[] = {view->connections, view->connections_max, view->files,
		view->files_max, view->threads, view->rss_bytes >> 20, view->slots, view->used,
		view->waiting, view->log_dropped, view->cache.entries, recipe->slots, recipe->used,
		recipe->queue, recipe->waiting, recipe->counts.requests, recipe->counts.failures};
	for (enum status_form form = STATUS_TEXT; form <= STATUS_HTML; form++) {
		if (form != STATUS_TEXT && form != STATUS_HTML)
			continue;
		char *text = written(view, form);
		char number[32];
		for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
			snprintf(number, sizeof number, "%" PRIu64, wanted[i]);
			assert_has(text, number);
		}
		assert_has(text, "thumb");
		free(text);
	}
}

/* The configuration refuses such a name. The forms do not rely on it. */
static void odd_names_are_escaped(void **state)
{
	struct status_view *view = *state;
	view->recipes[1].counts.name = "<i>\"\\\x1b'";
	static const char *const wanted[] = {
		[STATUS_TEXT] = "<i>\\x22\\x5c\\x1b'",
		[STATUS_JSON] = "\"\\u003ci\\u003e\\\"\\\\\\u001b'\"",
		[STATUS_OPENMETRICS] = "recipe=\"<i>\\\"\\\\\x1b'\"",
		[STATUS_HTML] = "&#60;i&#62;&#34;\\ &#39;",
	};
	for (enum status_form form = STATUS_TEXT; form <= STATUS_HTML; form++) {
		char *text = written(view, form);
		assert_has(text, wanted[form]);
		free(text);
	}
}

static void a_policy_names_the_nonce_of_the_page(void **state)
{
	struct status_view *view = *state;
	char policy[STATUS_POLICY_MAX];
	snprintf(view->nonce, sizeof view->nonce, "0123456789abcdef0123456789abcdef");
	assert_false(status_policy(view, STATUS_TEXT, policy));
	assert_true(status_policy(view, STATUS_HTML, policy));
	assert_has(policy, "script-src 'nonce-0123456789abcdef0123456789abcdef'");
	assert_has(policy, "frame-ancestors 'self'"); /* the last one: nothing was cut off */
	char *text = written(view, STATUS_HTML);
	assert_has(text, "<script nonce=\"0123456789abcdef0123456789abcdef\">");
	free(text);
}

static char *read_document(void)
{
	FILE *file = fopen(SLUICE_SOURCE "/doc/monitoring.md", "re");
	assert_non_null(file);
	char *text = calloc(1, 1 << 16);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
	fclose(file);
	return text;
}

/* "recipe, way" → "`recipe`, `way`" */
static void document_row(const struct status_metric *metric, char out[512])
{
	const char *suffix = !strcmp(metric->type, "counter") ? "_total"
			     : !strcmp(metric->type, "info")  ? "_info"
							      : "";
	bool recipe = metric->scope == STATUS_OF_SLOTS || metric->scope == STATUS_OF_RECIPE ||
		      metric->scope == STATUS_OF_NAMED_RECIPE;
	const char *more = metric->labels ? metric->labels : "";
	snprintf(out, 512, "\n| `sluice_%s%s` | %s | %s%s%s%s%s | %s |\n", metric->name, suffix,
		metric->type, recipe ? "`recipe`" : "", recipe && *more ? ", " : "",
		*more ? "`" : "", more, *more ? "`" : "", metric->help);
}

static void the_document_has_every_row(void **state)
{
	(void)state;
	char *text = read_document(), row[512];
	size_t rows = 0, found = 0;
	for (size_t i = 0; i < status_metric_count; i++) {
		const struct status_metric *metric = &status_metrics[i];
		if (!metric->name || head_of(metric) != metric)
			continue;
		document_row(metric, row);
		if (!strstr(text, row))
			fail_msg("doc/monitoring.md has no row%s", row);
		rows++;
	}
	for (const char *at = text; (at = strstr(at, "\n| `sluice_")); at++)
		found++;
	assert_int_equal(found, rows);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test_setup_teardown(openmetrics_has_every_row, setup, teardown),
		cmocka_unit_test_setup_teardown(json_has_every_row, setup, teardown),
		cmocka_unit_test_setup_teardown(
			text_and_page_show_the_same_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_names_are_escaped, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_policy_names_the_nonce_of_the_page, setup, teardown),
		cmocka_unit_test(the_document_has_every_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
