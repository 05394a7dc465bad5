/* SPDX-License-Identifier: MIT */
/* Colours that are told by code points (ITU-T H.273), or by PNG's gAMA and cHRM. */
#ifndef PICTURE_CICP_H
#define PICTURE_CICP_H

#include "picture/decoder.h"
#include "picture/shaper.h"

/* Whether the code points say anything of primaries or transfer. */
bool cicp_is_given(const struct decoder_cicp *cicp);

/* Whether their transfer is that of HDR. */
bool cicp_is_hdr(const struct decoder_cicp *cicp);

/* The conversion by code points. What is unspecified or unknown is taken as in sRGB. `narrow`:
 * black is 16 and white 235 of 255. */
void cicp_shaper(const struct decoder_cicp *cicp, bool narrow, struct shaper *shaper);

/* The conversion by gAMA and cHRM. Returns whether they make sense. */
bool cicp_shaper_of_gamma(uint32_t gamma, const uint32_t chromaticities[8], struct shaper *shaper);

#endif
