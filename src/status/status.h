/* SPDX-License-Identifier: MIT */
#ifndef SRC_STATUS_STATUS_H
#define SRC_STATUS_STATUS_H

/*
 * The status page in its four forms, each written from a view. Any thread may write; a view belongs
 * to one thread.
 */

#include <stdbool.h>
#include <stdio.h>

#include "src/status/view.h"

enum status_form { STATUS_TEXT, STATUS_JSON, STATUS_OPENMETRICS, STATUS_HTML };

/* query: the URL's, without '?'; NULL or "" is text; "json=" is the same as "json". False: there is
 * no such form. */
bool status_form_of(const char *query, enum status_form *form);
const char *status_media_type(enum status_form form);

/* Writes the view. The caller asks the stream for errors. */
void status_write(const struct status_view *view, enum status_form form, FILE *out);

/* The writers of one form each; only status.c calls them. */
void status_write_text(const struct status_view *view, FILE *out);
void status_write_json(const struct status_view *view, FILE *out);
void status_write_openmetrics(const struct status_view *view, FILE *out);
void status_write_html(const struct status_view *view, FILE *out);

#endif
