/* SPDX-License-Identifier: MIT */
/* The page loads nothing else: its style and its script are in it. All text that comes from
 * requests is escaped when it is written. The script asks for the page again and replaces its
 * <main>; without scripts the browser reloads the page. */
#include "src/status/status.h"

#include <inttypes.h>

#include "src/status/plot.h"

static const char head[] =
	"<!DOCTYPE html><html lang=en><head><meta charset=utf-8>"
	"<meta name=viewport content=\"width=device-width,initial-scale=1\">"
	"<meta name=color-scheme content=\"light dark\"><title>sluice</title>"
	"<noscript><meta http-equiv=refresh content=5></noscript><style>"
	":root{--back:#f6f7f9;--card:#fff;--ink:#1c2530;--soft:#5d6b7a;--line:#dde3ea;--good:#"
	"2b7de0;"
	"--busy:#e0a021;--bad:#d33c3c}"
	"@media(prefers-color-scheme:dark){:root{--back:#12161b;--card:#1b2129;--ink:#e4e9ef;"
	"--soft:#93a1b0;--line:#2d3641;--good:#5aa2f5;--busy:#e8b64c;--bad:#f06a6a}}"
	"*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);"
	"font:15px/1.45 system-ui,sans-serif}main{max-width:72rem;margin:auto;padding:1rem}"
	"h1{font-size:1.3rem;margin:0 0 .2rem}h2{font-size:1rem;margin:1.4rem 0 .4rem}"
	".soft,figcaption,th,.axis{color:var(--soft);font-weight:400}b{font-weight:600;color:var(--"
	"ink)}"
	".tiles,.plots{display:grid;gap:.7rem;grid-template-columns:repeat(auto-fit,minmax(9rem,"
	"1fr));"
	"margin-top:1rem}.plots{grid-template-columns:repeat(auto-fit,minmax(17rem,1fr))}"
	".tile,figure,.table,li{background:var(--card);border:1px solid "
	"var(--line);border-radius:8px;"
	"padding:.6rem .8rem;margin:0}.tile b{display:block;font-size:1.35rem;line-height:1.3}"
	".tile small{color:var(--soft)}svg{display:block;width:100%;height:80px;margin-top:.4rem;"
	"border-bottom:1px solid var(--line)}.good{fill:var(--good)}.busy{fill:var(--busy)}"
	".bad{fill:var(--bad)}path{fill:none;stroke-width:3;vector-effect:non-scaling-stroke}"
	".p50{stroke:var(--good)}.p95{stroke:var(--busy)}"
	".axis{display:flex;justify-content:space-between;margin:.2rem 0 0;font-size:.75rem}"
	".table{overflow-x:auto;padding:0}table{border-collapse:collapse;width:100%;font-size:."
	"87rem}"
	"td,th{padding:.35rem .7rem;text-align:left;border-bottom:1px solid var(--line);"
	"white-space:nowrap}tr:last-child td{border:0}td.n,th.n{text-align:right;"
	"font-variant-numeric:tabular-nums}meter{width:4rem;vertical-align:middle}"
	"ul{list-style:none;margin:0;padding:0;display:grid;gap:.5rem}li{overflow-wrap:anywhere;"
	"font-size:.87rem}.red{color:var(--bad);font-weight:600}"
	"#old{display:none;position:fixed;bottom:0;left:0;right:0;padding:.5rem;text-align:center;"
	"background:var(--bad);color:#fff}</style></head><body><main>";

static const char tail[] =
	"</main><div id=old role=status>no answer; what you see is old</div><script>"
	"const old=document.getElementById('old');setInterval(async()=>{"
	"if(document.hidden)return;try{const r=await fetch(location.href,{cache:'no-store'});"
	"if(!r.ok)throw 0;const d=new DOMParser().parseFromString(await r.text(),'text/html');"
	"const "
	"m=document.querySelector('main'),x=[...m.querySelectorAll('.table')].map(t=>t.scrollLeft);"
	"m.replaceChildren(...d.querySelector('main').childNodes);"
	"m.querySelectorAll('.table').forEach((t,i)=>{t.scrollLeft=x[i]||0});"
	"old.style.display='none'}catch(e){old.style.display='block'}},2000)</script></body></"
	"html>\n";

static void put_escaped(FILE *out, const char *string)
{
	for (const unsigned char *at = (const unsigned char *)string; *at; at++) {
		if (*at == '<' || *at == '>' || *at == '&' || *at == '"' || *at == '\'')
			fprintf(out, "&#%d;", *at);
		else
			fputc(*at < 0x20 || *at == 0x7f ? ' ' : *at, out);
	}
}

static void put_cell(FILE *out, const char *class, const char *string)
{
	fprintf(out, "<td class=\"%s\">", class);
	put_escaped(out, string);
	fputs("</td>", out);
}

static void put_span(FILE *out, const char *class, const char *string)
{
	fprintf(out, "<span class=\"%s\">", class);
	put_escaped(out, string);
	fputs("</span>", out);
}

static void put_bytes(FILE *out, const char *class, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 1024 && unit < 4) {
		value /= 1024;
		unit++;
	}
	fprintf(out, "<td class=\"%s\">%.*f %s</td>", class, unit > 0 && value < 100, value,
		units[unit]);
}

static void put_tile(FILE *out, const char *name, uint64_t value, uint64_t most)
{
	fprintf(out, "<div class=tile><small>%s</small><b>%" PRIu64 "</b>", name, value);
	if (most > 0)
		fprintf(out, "<small>of %" PRIu64 "</small>", most);
	fputs("</div>", out);
}

static void write_tiles(const struct status_view *view, FILE *out)
{
	uint64_t up = (uint64_t)(view->now_ms - view->started_ms) / 1000;
	fprintf(out,
		"<h1>sluice</h1><div class=soft>version %s, up %" PRIu64 " d %02" PRIu64
		":%02" PRIu64 ":%02" PRIu64 "</div><div class=tiles>",
		SLUICE_VERSION, up / 86400, up / 3600 % 24, up / 60 % 60, up % 60);
	put_tile(out, "slots used", view->used, view->slots);
	put_tile(out, "waiting", view->waiting, 0);
	put_tile(out, "connections", view->connections, view->connections_max);
	put_tile(out, "descriptors", view->files, view->files_max);
	put_tile(out, "threads", view->threads, 0);
	put_tile(out, "memory, MiB", view->rss_bytes >> 20, 0);
	if (view->log_dropped)
		put_tile(out, "log lines dropped", view->log_dropped, 0);
	if (view->cached) {
		put_tile(out, "cache, MiB", view->cache.used_bytes >> 20,
			view->cache.limit_bytes >> 20);
		put_tile(out, "results kept", view->cache.entries, 0);
	}
	fputs("</div>", out);
}

static void put_meter(FILE *out, unsigned value, unsigned most)
{
	fprintf(out, "<td class=n><meter max=%u value=%u></meter> %u/%u</td>", most ? most : 1,
		value, value, most);
}

static void write_recipes(const struct status_view *view, FILE *out)
{
	fputs("<h2>Recipes</h2><div class=table><table id=recipes><tr><th>recipe<th class=n>slots"
	      "<th class=n>queue<th class=n>requests<th class=n>hits<th class=n>joined<th "
	      "class=n>failed<th class=n>p50 ms"
	      "<th class=n>p95 ms<th class=n>sent<th class=n>CPU s<th class=n>peak</tr>",
		out);
	for (size_t i = 0; i < view->recipe_count; i++) {
		const struct status_recipe *recipe = &view->recipes[i];
		const struct metrics_recipe_view *counts = &recipe->counts;
		const uint64_t *total = counts->times[METRICS_TOTAL].buckets;
		if (!recipe->configured && counts->requests == 0)
			continue;
		fputs("<tr>", out);
		put_cell(out, "", counts->name[0] ? counts->name : "(none)");
		if (recipe->configured) {
			put_meter(out, recipe->used, recipe->slots);
			put_meter(out, recipe->waiting, recipe->queue);
		} else {
			fputs("<td><td>", out);
		}
		fprintf(out,
			"<td class=n>%" PRIu64 "<td class=n>%" PRIu64 "<td class=n>%" PRIu64
			"<td class=\"n %s\">%" PRIu64 "<td class=n>%.4g<td class=n>%.4g",
			counts->requests,
			counts->cache[ACCESS_CACHE_HIT] + counts->cache[ACCESS_CACHE_STALE],
			counts->cache[ACCESS_CACHE_JOIN], counts->failures ? "red" : "",
			counts->failures, (double)metrics_quantile(total, 0.5) / 1000,
			(double)metrics_quantile(total, 0.95) / 1000);
		put_bytes(out, "n", counts->spliced + counts->copied);
		fprintf(out, "<td class=n>%.1f", (double)counts->cpu_us / 1e6);
		put_bytes(out, "n", counts->peak_kib * 1024);
		fputs("</tr>\n", out);
	}
	fputs("</table></div>", out);
}

static void write_running(const struct status_view *view, FILE *out)
{
	fprintf(out, "<h2>Under way <span class=soft>%zu</span></h2>", view->running_count);
	if (view->running_count == 0)
		return;
	fputs("<div class=table><table id=running><tr><th class=n>age s<th>phase<th>recipe"
	      "<th>source<th class=n>CPU s<th class=n>memory<th class=n>output<th>client<th>id"
	      "</tr>",
		out);
	for (size_t i = 0; i < view->running_shown; i++) {
		const struct in_flight_view *at = &view->running[i];
		fprintf(out, "<tr><td class=n>%.1f<td>%s", (double)at->age_us / 1e6,
			in_flight_phase_name(at->phase));
		put_cell(out, "", at->recipe);
		put_cell(out, "", at->source);
		fprintf(out, "<td class=n>%.2f", (double)at->cpu_us / 1e6);
		put_bytes(out, "n", at->rss_bytes);
		put_bytes(out, "n", at->bytes);
		put_cell(out, at->gone ? "red" : "", at->gone ? "gone" : "waiting");
		put_cell(out, "soft", at->id);
		fputs("</tr>\n", out);
	}
	fputs("</table></div>", out);
}

static void write_holders(const struct status_view *view, FILE *out)
{
	if (view->holder_count == 0)
		return;
	fputs("<h2>Held programs</h2><div class=table><table id=holders><tr><th>program<th>state"
	      "<th class=n>pid<th class=n>jobs</tr>",
		out);
	for (size_t i = 0; i < view->holder_count; i++) {
		const struct launcher_view *at = &view->holders[i];
		fputs("<tr>", out);
		put_cell(out, "", at->program);
		put_cell(out, "", status_holder_name(at->state));
		fprintf(out, "<td class=n>%d<td class=n>%u</tr>\n", (int)at->pid, at->jobs);
	}
	fputs("</table></div>", out);
}

static void write_failures(const struct status_view *view, FILE *out)
{
	fputs("<h2>Last failures</h2>", out);
	if (view->failure_count == 0) {
		fputs("<p class=soft>none</p>", out);
		return;
	}
	fputs("<ul id=failures>", out);
	for (size_t i = 0; i < view->failure_count; i++) {
		const struct history_failure *at = &view->failures[i];
		char stamp[STATUS_STAMP_MAX];
		fprintf(out, "<li><span class=red>%d %s</span> ", at->status, at->outcome);
		put_span(out, "", at->recipe);
		fprintf(out, " <span class=soft>%s UTC ", status_stamp(at->time_ms, stamp));
		put_escaped(out, at->id);
		fputs("</span><br>", out);
		put_span(out, "", at->url);
		fputs("<br>", out);
		put_span(out, "", at->reason);
		if (at->stderr_tail[0]) {
			fputs("<br>", out);
			put_span(out, "soft", at->stderr_tail);
		}
		fputs("</li>\n", out);
	}
	fputs("</ul>", out);
}

void status_write_html(const struct status_view *view, FILE *out)
{
	fputs(head, out);
	write_tiles(view, out);
	fputs("<div class=plots>", out);
	status_plot_rates(view->windows, out);
	status_plot_times(view->windows, out);
	status_plot_bytes(view->windows, out);
	fputs("</div>", out);
	write_recipes(view, out);
	write_running(view, out);
	write_holders(view, out);
	write_failures(view, out);
	fputs(tail, out);
}
