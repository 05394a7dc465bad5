/* SPDX-License-Identifier: MIT */
#include "picture/lcms_library.h"

#include "picture/library.h"

static struct lcms_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct lcms_library, member, function)

static const struct library_function functions[] = {
	ROW(srgb, cmsCreate_sRGBProfile),
	ROW(open, cmsOpenProfileFromMem),
	ROW(close, cmsCloseProfile),
	ROW(transform, cmsCreateTransform),
	ROW(transform_free, cmsDeleteTransform),
	ROW(convert, cmsDoTransform),
	{NULL, 0},
};

static struct library library = {
	.name = PICTURE_LCMS_LIBRARY, .kind = "profile", .functions = functions, .table = &table};

int lcms_library(const struct lcms_library **result)
{
	*result = &table;
	return library_open(&library);
}
