/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz_picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_picture(data, size, 0, "II", 2);
	return fuzz_picture(data, size, 0, "MM", 2);
}
