/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_REPORT_H
#define SRC_CONVERT_REPORT_H

/* What a conversion tells the observers. */

#include "src/convert/conversion.h"
#include "src/observe/access.h"
#include "src/observe/progress.h"

/* Shows the programs that run now. */
void conversion_show(const struct conversion *conversion, struct progress *progress);

/* After conversion_end: fills in the part of *access that is about the programs; access->outcome is
 * set. The strings are borrowed from the conversion. */
void conversion_report(struct conversion *conversion, struct access *access);

#endif
