/* SPDX-License-Identifier: MIT */
/*
 * A picture goes from its decoder to its encoder as rows, through stages: each takes a row, does
 * its work and hands rows on. So a picture is never in memory as a whole unless a stage says so.
 *
 * What a row is depends on the stage, whose header says it. Common to all: the row belongs to the
 * caller and is valid during the call; rows come from top to bottom, exactly as many as the stage
 * was made for.
 */
#ifndef PICTURE_STAGE_H
#define PICTURE_STAGE_H

struct stage {
	/* Returns 0, a fault (fault.h), or STAGE_ENOUGH. */
	int (*row)(struct stage *stage, const void *row);
};

static inline int stage_row(struct stage *stage, const void *row)
{
	return stage->row(stage, row);
}

/* The result is complete, so no more rows are looked at. It is no fault: who pushes the rows stops
 * and returns it in turn. */
enum { STAGE_ENOUGH = -1 };

/* White between the stages, where a sample is an int16_t: 8 bits and 6 of fraction. What a filter
 * overshoots has room above it and below zero. */
enum { STAGE_WHITE = 255 * 64 };

#endif
