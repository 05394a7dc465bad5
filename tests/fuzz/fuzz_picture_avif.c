/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz_picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_picture(data, size, 4, "ftypavif", 8);
}
