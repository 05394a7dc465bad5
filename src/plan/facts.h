/* SPDX-License-Identifier: MIT */
#ifndef SRC_PLAN_FACTS_H
#define SRC_PLAN_FACTS_H

/*
 * What a source tells about itself, in the words of the programs that recipes run: FFmpeg's names
 * of streams and colours. Pure, any thread.
 */

#include "src/recipe/template.h"
#include "src/source/source.h"

struct facts {
	char duration[32], video[16], sound[16];
	char width[24], height[24], orientation[4], frames[16];
};

/* Fills the texts of {source.NAME}; some of them lie in *facts. */
void facts_make(
	const struct source *source, struct facts *facts, const char *texts[TEMPLATE_FACTS]);

#endif
