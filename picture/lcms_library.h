/* SPDX-License-Identifier: MIT */
/* The functions of lcms2 that this program uses. */
#ifndef PICTURE_LCMS_LIBRARY_H
#define PICTURE_LCMS_LIBRARY_H

#include <lcms2.h>

/* Each has the type of the function in lcms2's header. */
struct lcms_library {
	__typeof__(&cmsCreate_sRGBProfile) srgb;
	__typeof__(&cmsOpenProfileFromMem) open;
	__typeof__(&cmsCloseProfile) close;
	__typeof__(&cmsCreateTransform) transform;
	__typeof__(&cmsDeleteTransform) transform_free;
	__typeof__(&cmsDoTransform) convert;
};

/* Loads the library. Returns 0 or a fault. */
int lcms_library(const struct lcms_library **library);

#endif
