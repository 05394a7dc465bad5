/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_MODULES_H
#define SRC_COMMAND_MODULES_H

/*
 * The modules that programs opened after their start, as the dynamic linker tells it (ld.so(8),
 * LD_DEBUG=files). One thread.
 */

#include <stddef.h>

#include "src/config/config.h"

enum { MODULES_MAX = 256 };

struct modules {
	size_t count;
	char *paths[MODULES_MAX]; /* or names, as the program asks for them; each once */
};

/* Adds the modules that stand in a report, from its beginning; the report is empty afterwards.
 * Programs wrote it, so a path counts only when it names an ELF file that neither the converters
 * nor those who put sources below the root can have made. */
void modules_take(struct modules *modules, const struct config *config, int report);
void modules_clear(struct modules *modules);

#endif
