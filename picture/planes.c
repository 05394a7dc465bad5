/* SPDX-License-Identifier: MIT */
#include "picture/planes.h"

static int take_luma(struct stage *stage, const void *row)
{
	struct encoder *encoder = (struct encoder *)stage;
	return encoder->plane_row(encoder, 0, row);
}

static int take_blue(struct stage *stage, const void *row)
{
	struct encoder *encoder = (struct encoder *)(stage - 1);
	return encoder->plane_row(encoder, 1, row);
}

static int take_red(struct stage *stage, const void *row)
{
	struct encoder *encoder = (struct encoder *)(stage - 2);
	return encoder->plane_row(encoder, 2, row);
}

void planes_take(struct encoder *encoder,
	int (*row)(struct encoder *encoder, unsigned plane, const void *row))
{
	encoder->plane_row = row;
	encoder->stages[0].row = take_luma;
	encoder->stages[1].row = take_blue;
	encoder->stages[2].row = take_red;
}
