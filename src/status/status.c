/* SPDX-License-Identifier: MIT */
#include "src/status/status.h"

#include <string.h>

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
};

bool status_form_of(const char *query, enum status_form *form)
{
	*form = STATUS_TEXT;
	if (!query || !*query)
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

const char *status_media_type(enum status_form form)
{
	return forms[form].type;
}

void status_write(const struct status_view *view, enum status_form form, FILE *out)
{
	forms[form].write(view, out);
}
