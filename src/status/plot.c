/* SPDX-License-Identifier: MIT */
/* The last minutes as bars and lines in SVG. They need no script and scale with the page. */
#include "src/status/plot.h"

#include <inttypes.h>
#include <stdio.h>

#include "src/status/page.h"

enum { WIDTH = 4 * HISTORY_WINDOWS, HEIGHT = 80 };

static void put_head(FILE *out, const char *title, const char *most)
{
	fprintf(out,
		"<figure><figcaption>%s <b>%s</b></figcaption>"
		"<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
		"aria-label=\"%s, %s\">",
		title, most, WIDTH, HEIGHT, title, most);
}

static void put_tail(FILE *out)
{
	fputs("</svg><p class=axis><span>10 min ago</span><span>now</span></p></figure>\n", out);
}

static void put_bar(
	FILE *out, const char *class, size_t window, uint64_t from, uint64_t value, uint64_t most)
{
	if (value == 0)
		return;
	double height = (double)value * HEIGHT / (double)most;
	double bottom = HEIGHT - (double)from * HEIGHT / (double)most;
	fprintf(out, "<rect class=%s x=%zu y=%.1f width=3 height=%.1f />", class, window * 4,
		bottom - height, height);
}

void status_plot_rates(const struct history_window *windows, FILE *out)
{
	uint64_t most = 0;
	for (size_t i = 0; i < HISTORY_WINDOWS; i++)
		if (windows[i].requests > most)
			most = windows[i].requests;
	char text[64] = "none";
	if (most > 0)
		snprintf(text, sizeof text, "up to %.1f/s", (double)most / HISTORY_WINDOW_S);
	put_head(out, "Requests", text);
	for (size_t i = 0; i < HISTORY_WINDOWS; i++) {
		const struct history_window *at = &windows[i];
		uint64_t bad = at->failures + at->refused;
		bad = bad > at->requests ? at->requests : bad;
		uint64_t failed = at->failures > bad ? bad : at->failures;
		put_bar(out, "bad", i, 0, failed, most);
		put_bar(out, "busy", i, failed, bad - failed, most);
		put_bar(out, "good", i, bad, at->requests - bad, most);
	}
	put_tail(out);
}

/* 0 … METRICS_BOUNDS. */
static double place_of(uint64_t us)
{
	size_t bucket = metrics_bucket(us);
	if (bucket == METRICS_BOUNDS)
		return METRICS_BOUNDS;
	double low = bucket > 0 ? (double)metrics_bounds_us[bucket - 1] : 0;
	return (double)bucket + ((double)us - low) / ((double)metrics_bounds_us[bucket] - low);
}

static void put_line(
	FILE *out, const char *class, const struct history_window *windows, double share)
{
	/* Windows without requests leave a gap in the line. The buckets divide the range from a
	 * millisecond to minutes nearly logarithmically, so the number of the bucket, and the place
	 * within it, is the height. */
	fprintf(out, "<path class=%s d=\"", class);
	for (size_t i = 0; i < HISTORY_WINDOWS; i++) {
		uint64_t us = history_quantile(&windows[i], 1, share);
		if (us == 0)
			continue;
		double y = HEIGHT - place_of(us) * HEIGHT / METRICS_BOUNDS;
		fprintf(out, "M%zu %.1fh4", i * 4, y < 1 ? 1 : y);
	}
	fputs("\" />", out);
}

/* "p50 ≈ 3.9 ms, p95 ≈ 1.2 s" */
static void describe_times(const struct history_window *windows, char *text, size_t size)
{
	FILE *out = fmemopen(text, size, "w");
	if (!out)
		return;
	fputs("p50 ≈ ", out);
	page_time(out, history_quantile(windows, HISTORY_WINDOWS, 0.5));
	fputs(", p95 ≈ ", out);
	page_time(out, history_quantile(windows, HISTORY_WINDOWS, 0.95));
	fclose(out);
}

void status_plot_times(const struct history_window *windows, FILE *out)
{
	char text[96] = "none";
	if (history_quantile(windows, HISTORY_WINDOWS, 0.5) > 0)
		describe_times(windows, text, sizeof text);
	put_head(out, "Times, 1 ms to 5 min", text);
	put_line(out, "p95", windows, 0.95);
	put_line(out, "p50", windows, 0.5);
	put_tail(out);
}

void status_plot_bytes(const struct history_window *windows, FILE *out)
{
	uint64_t most = 0;
	for (size_t i = 0; i < HISTORY_WINDOWS; i++)
		if (windows[i].bytes > most)
			most = windows[i].bytes;
	char text[64] = "none";
	double rate = (double)most / HISTORY_WINDOW_S;
	if (most > 0)
		snprintf(text, sizeof text, "up to %.1f %s/s", rate < 1e6 ? rate / 1e3 : rate / 1e6,
			rate < 1e6 ? "kB" : "MB");
	put_head(out, "Bytes sent", text);
	for (size_t i = 0; i < HISTORY_WINDOWS; i++)
		put_bar(out, "good", i, 0, windows[i].bytes, most);
	put_tail(out);
}
