/* SPDX-License-Identifier: MIT */
/* The documentation that the status page links to: it is made from the table of metrics, so it is
 * that of the daemon that runs, and it needs no other server. */
#include "src/status/status.h"

#include "src/status/metric.h"
#include "src/status/page.h"

static void put_row(FILE *out, const char *name, const char *text)
{
	fputs("<tr>", out);
	page_cell(out, "wrap", name);
	page_cell(out, "wrap", text);
	fputs("</tr>\n", out);
}

static void write_words(FILE *out)
{
	static const struct {
		const char *word, *text;
	} words[] = {
		{"failed", "422, 5xx except 503, and broken streams: what an operator should look "
			   "at. Mistakes of clients and a full queue are not among them."},
		{"from the cache, hits", "Requests whose result the store had already."},
		{"joined", "Requests that shared the conversion of another request."},
		{"waiting, queue", "Requests that wait for a slot."},
		{"slots", "Conversions that may run at once."},
		{"p50 ≈, p95 ≈",
			"Half of the requests, and 95 % of them, took at most this long. It "
			"is interpolated between the bounds of a histogram, and so an estimate."},
		{"peak memory", "The most memory that a converter of the recipe has used."},
		{"output", "What has left the converter's pipe. A whole answer that fits into the "
			   "pipe shows 0 until its program ends."},
		{"client: gone", "The client has left; the conversion is being ended, or others "
				 "wait for it."},
		{"held programs", "Converters that are loaded already, so that a job starts "
				  "faster; refused: the program starts cold."},
		{"(none)", "Requests for which no recipe was found. An icon that a browser asks "
			   "for by itself, /favicon.ico, is not counted."},
	};
	fputs("<h2>Words</h2>", out);
	page_table_begin(out, "words", "Words");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		put_row(out, words[i].word, words[i].text);
	page_table_end(out);
}

static void write_metrics(FILE *out)
{
	fputs("<h2>Metrics</h2><p class=soft>The form <a href=\"?openmetrics\">?openmetrics</a> is "
	      "for Prometheus.</p>",
		out);
	page_table_begin(out, "metrics", "Metrics");
	fputs("<tr><th scope=col>name<th scope=col class=wide>type<th scope=col "
	      "class=wide>labels<th scope=col>what</tr>",
		out);
	for (size_t i = 0; i < status_metric_count; i++) {
		const struct status_metric *metric = &status_metrics[i];
		if (!metric->name || !metric->help)
			continue;
		const bool by_recipe = metric->scope >= STATUS_OF_SLOTS;
		fprintf(out,
			"<tr><td class=wrap>sluice_%s<td class=wide>%s<td class=\"wrap "
			"wide\">%s%s%s",
			metric->name, metric->type, by_recipe ? "recipe" : "",
			by_recipe && metric->labels ? ", " : "",
			metric->labels ? metric->labels : "");
		page_cell(out, "wrap", metric->help);
		fputs("</tr>\n", out);
	}
	page_table_end(out);
}

void status_write_help(const struct status_view *view, FILE *out)
{
	page_begin(out, "sluice: documentation of the status page", view->nonce, false);
	fprintf(out,
		"<header><h1>What the status page shows</h1><span class=soft>sluice %s</span>"
		"</header><p>The manual pages are <code>man sluice</code> and "
		"<code>man sluice.conf</code>. Logs, alerts and Prometheus: "
		"<code>doc/monitoring.md</code>.</p>",
		SLUICE_VERSION);
	write_words(out);
	write_metrics(out);
	fputs("<nav><a href=\"?html\">Status page</a></nav>", out);
	page_end(out, view->nonce, false);
}
