/* SPDX-License-Identifier: MIT */
#include "src/status/status.h"

#include <string.h>

#include "src/http/accept.h"

static const struct {
	const char *query, *type;
	void (*write)(const struct status_view *view, FILE *out);
} forms[] = {
	[STATUS_TEXT] = {"text", "text/plain; charset=utf-8", status_write_text},
	[STATUS_JSON] = {"json", "application/json", status_write_json},
	[STATUS_OPENMETRICS] = {"openmetrics",
		"application/openmetrics-text; version=1.0.0; charset=utf-8",
		status_write_openmetrics},
	[STATUS_HTML] = {"html", "text/html; charset=utf-8", status_write_html},
	[STATUS_HELP] = {"help", "text/html; charset=utf-8", status_write_help},
};

bool status_form_of(const char *query, const char *accept, enum status_form *form)
{
	*form = status_form_accepted(accept);
	if (!*query)
		return true;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t length = strlen(forms[i].query);
		if (!strncmp(query, forms[i].query, length) &&
			(!query[length] || !strcmp(query + length, "="))) {
			*form = (enum status_form)i;
			return true;
		}
	}
	return false;
}

enum status_form status_form_accepted(const char *accept)
{
	/* The older text format of Prometheus is a subset in all that its readers look at. */
	static const struct {
		const char *type, *parameter;
		enum status_form form;
	} types[] = {
		{"text/html", NULL, STATUS_HTML},
		{"application/openmetrics-text", NULL, STATUS_OPENMETRICS},
		{"text/plain", "version=0.0.4", STATUS_OPENMETRICS},
		{"application/json", NULL, STATUS_JSON},
		{"text/plain", NULL, STATUS_TEXT},
	};
	enum status_form best = STATUS_TEXT;
	int best_weight = 0;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		int weight = http_weight(accept, types[i].type, types[i].parameter);
		if (weight > best_weight) {
			best_weight = weight;
			best = types[i].form;
		}
	}
	return best;
}

bool status_policy(
	const struct status_view *view, enum status_form form, char out[STATUS_POLICY_MAX])
{
	if (form != STATUS_HTML && form != STATUS_HELP)
		return false;
	snprintf(out, STATUS_POLICY_MAX,
		"default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; "
		"connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'self'",
		view->nonce, view->nonce);
	return true;
}

const char *status_media_type(enum status_form form)
{
	return forms[form].type;
}

void status_write(const struct status_view *view, enum status_form form, FILE *out)
{
	forms[form].write(view, out);
}
