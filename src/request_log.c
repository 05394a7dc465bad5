/* SPDX-License-Identifier: MIT */
/* One line for one request, whatever happened to it: what was asked, what was answered, what it
 * cost, and why. */
#include "src/request_internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum { URL_LOGGED_MAX = 512, WORDS_LOGGED_MAX = 1024 };

void request_log(struct request *request)
{
	char buffer[4096];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	struct fcgi_connection_stats stats = fcgi_connection_get_stats(request->connection);
	uint64_t now_us = clock_now_us();
	int status = request->status ? request->status : outcome_status(request->outcome);
	text_printf(&text, "request id=%s method=", request->id);
	text_escaped(&text, request->method ? request->method : "-", 16);
	text_puts(&text, " url=\"");
	text_escaped(&text, request->uri ? request->uri : "-", URL_LOGGED_MAX);
	text_printf(&text, "\" recipe=%s status=%d outcome=%s",
		request->plan.recipe ? request->plan.recipe->name : "-", status,
		outcome_name(request->outcome));
	text_printf(&text, " bytes=%" PRIu64 " spliced=%" PRIu64 " copied=%" PRIu64,
		stats.spliced + stats.copied, stats.spliced, stats.copied);
	text_printf(&text, " total_ms=%.1f", (double)(now_us - request->start_us) / 1000);
	if (request->started_us)
		text_printf(&text, " queue_ms=%.1f",
			(double)(request->started_us - request->queued_us) / 1000);
	if (request->first_us)
		text_printf(&text, " first_ms=%.1f",
			(double)(request->first_us - request->started_us) / 1000);
	if (request->converted)
		text_printf(&text, " start=%s cpu_ms=%.1f peak_kib=%" PRIu64,
			conversion_start_name(&request->conversion),
			(double)conversion_cpu_us(&request->conversion) / 1000,
			conversion_peak_kib(&request->conversion));
	if (request->broken)
		text_puts(&text, " stream=broken");
	if (request->reason.len > 0) {
		text_puts(&text, " reason=\"");
		text_escaped(&text, request->reason.data, REASON_MAX);
		text_puts(&text, "\"");
	}
	if (request->converted && request->outcome != OUTCOME_OK &&
		request->conversion.words.length) {
		struct lastwords *words = &request->conversion.words;
		words->kept[words->length < LASTWORDS_KEPT ? words->length : LASTWORDS_KEPT - 1] =
			'\0';
		size_t length = strlen(words->kept);
		size_t from = length > WORDS_LOGGED_MAX ? length - WORDS_LOGGED_MAX : 0;
		text_puts(&text, " stderr=\"");
		text_escaped(&text, words->kept + from, WORDS_LOGGED_MAX);
		text_puts(&text, "\"");
	}
	log_write(status >= 500 && status != 503 ? LOG_LEVEL_ERROR
		  : request->broken		 ? LOG_LEVEL_WARNING
						 : LOG_LEVEL_INFO,
		"%s", text.data);
}
