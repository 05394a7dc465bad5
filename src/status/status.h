/* SPDX-License-Identifier: MIT */
#ifndef SRC_STATUS_STATUS_H
#define SRC_STATUS_STATUS_H

/*
 * The status page in its four forms. Writers of one view each; any thread, one view per thread.
 */

#include <stdbool.h>
#include <stdio.h>

#include "src/status/view.h"

enum status_form { STATUS_TEXT, STATUS_JSON, STATUS_OPENMETRICS, STATUS_HTML };

/* What stands behind the '?' of the URL, NULL or "" for text; "json=" is as good as "json". False:
 * there is no such form. */
bool status_form_of(const char *query, enum status_form *form);
const char *status_media_type(enum status_form form);

/* Writes it; whether that went well is for the caller to ask the stream. */
void status_write(const struct status_view *view, enum status_form form, FILE *out);

/* The single writers; status.c alone calls them. */
void status_write_text(const struct status_view *view, FILE *out);
void status_write_json(const struct status_view *view, FILE *out);
void status_write_openmetrics(const struct status_view *view, FILE *out);
void status_write_html(const struct status_view *view, FILE *out);

#endif
