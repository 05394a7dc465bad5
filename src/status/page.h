/* SPDX-License-Identifier: MIT */
#ifndef SRC_STATUS_PAGE_H
#define SRC_STATUS_PAGE_H

/*
 * What the HTML pages are made of: their frame with its style and script, and text, numbers and
 * times with their units. Everything is written to `out`; the caller asks it for errors. Any
 * thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Up to <main>. nonce: of the style, as the Content-Security-Policy names it. live: without scripts
 * the browser loads the page again every few seconds. */
void page_begin(FILE *out, const char *title, const char *nonce, bool live);
/* From </main> on. script: the page replaces its content every two seconds. */
void page_end(FILE *out, const char *nonce, bool script);

/* Text from anywhere, escaped. */
void page_text(FILE *out, const char *string);
/* The same as a cell of a table, and as a span. */
void page_cell(FILE *out, const char *class, const char *string);
void page_span(FILE *out, const char *class, const char *string);

/* "1.5 MiB". */
void page_bytes(FILE *out, uint64_t bytes);
/* "3.9 ms", "1.2 s"; 0 is "–", because no request takes so little. */
void page_time(FILE *out, uint64_t us);

/* A box around a table: it scrolls by itself, also by keyboard, and the page does not. */
void page_table_begin(FILE *out, const char *id, const char *name);
void page_table_end(FILE *out);

#endif
