/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_SCAN_MEANT_H
#define SRC_CONFIG_SCAN_MEANT_H

/* What the scan can tell of a name from the table of options, and what was likely meant. Pure,
 * beside what they report. */

#include "src/config/scan_place.h"

/* A piece as an argument of "%.*s", as far as a message has room for it. */
#define SCAN_PIECE "%.*s"
#define SCAN_SHOW(piece) (int)((piece).length > 60 ? 60 : (piece).length), (piece).text

/* Of the section that is open: has it an option or section of this name? */
bool scan_known(const struct scan *scan, const struct scan_piece *name);
bool scan_is_section(const struct scan *scan, const struct scan_piece *name);
bool scan_is_include(const struct scan *scan, const struct scan_piece *name);
/* An option that is known, and no list. */
bool scan_takes_one(const struct scan *scan, const struct scan_piece *name);
/* The section that opens with this name; OPTION_SECTIONS: there is none. */
enum option_section scan_inner(const struct scan *scan, const struct scan_piece *name);
/* "recipe NAME { ... }" */
const char *scan_example(const struct scan *scan, const struct scan_piece *name);

/* A name that the open section does not have, but one around it. */
bool scan_is_misplaced(const struct scan *scan, const struct scan_piece *name);
/* The closing brace at scan->at begins a line, and stands further left than the line of the
 * innermost brace that is open. */
bool scan_closes_outer(const struct scan *scan);
/* Whether a value of a list is rather the name of an option: = or a section follows it. */
bool scan_is_option_ahead(const struct scan *scan, const struct scan_piece *item);
bool scan_is_curly_quote(const struct scan_piece *word);

/* `piece` stands on the line of a complete value, where the next name should. Returns whether it
 * belongs to that value, which is reported: "512 MB", "convert {source}". */
bool scan_explain_surplus(struct scan *scan, const struct scan_piece *piece);
/* A comma outside of a list, before scan->at. */
void scan_explain_comma(struct scan *scan);

#endif
