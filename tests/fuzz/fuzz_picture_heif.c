/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz_picture.h"

/* libheif 1.15 loses the colours of a file when it does not know their numbers: 52 bytes. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libheif.so\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_picture(data, size, 4, "ftypheic", 8);
}
