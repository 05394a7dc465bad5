/* SPDX-License-Identifier: MIT */
#ifndef SRC_STATUS_STATUS_H
#define SRC_STATUS_STATUS_H

/*
 * The status page in its forms, and its documentation, each written from a view. Any thread may
 * write; a view belongs to one thread.
 */

#include <stdbool.h>
#include <stdio.h>

#include "src/status/view.h"

enum status_form { STATUS_TEXT, STATUS_JSON, STATUS_OPENMETRICS, STATUS_HTML, STATUS_HELP };

/* query: the URL's, without '?', or what a command asks for; "json=" is the same as "json". "": the
 * form that the Accept field names, see status_form_accepted. False: there is no such form. */
bool status_form_of(const char *query, const char *accept, enum status_form *form);
/* The form that the Accept field prefers among those that it names: browsers name HTML, scrapers
 * OpenMetrics. Text, for an empty field, NULL, or wildcards alone. */
enum status_form status_form_accepted(const char *accept);
const char *status_media_type(enum status_form form);
/* The Content-Security-Policy of the form; false: it needs none. */
enum { STATUS_POLICY_MAX = 320 };
bool status_policy(
	const struct status_view *view, enum status_form form, char out[STATUS_POLICY_MAX]);

/* Writes the view. The caller asks the stream for errors. */
void status_write(const struct status_view *view, enum status_form form, FILE *out);

/* The writers of one form each; only status.c calls them. */
void status_write_text(const struct status_view *view, FILE *out);
void status_write_json(const struct status_view *view, FILE *out);
void status_write_openmetrics(const struct status_view *view, FILE *out);
void status_write_html(const struct status_view *view, FILE *out);
void status_write_help(const struct status_view *view, FILE *out);

#endif
