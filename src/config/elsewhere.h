/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_ELSEWHERE_H
#define SRC_CONFIG_ELSEWHERE_H

/* Names that other programs, or other parts of this one, have for an option. */

/* What to say of the name in this place, as the end of a sentence that begins with it; NULL:
 * nothing is known. Pure, any thread. */
#include "src/config/option.h"

const char *config_elsewhere(enum option_section section, const char *name);

#endif
