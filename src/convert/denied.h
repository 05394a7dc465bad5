/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_DENIED_H
#define SRC_CONVERT_DENIED_H

#include "base/text.h"
#include "src/convert/conversion.h"

/* For a conversion that has failed: when its programs have complained on standard error that they
 * may not open a file, and only the confinement keeps them from it, appends ", confined: add PATH
 * to read". Looks at a few paths at most. The conversion's own thread. */
void denied_explain(const struct conversion *conversion, struct text *reason);

#endif
