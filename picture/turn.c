/* SPDX-License-Identifier: MIT */
/*
 * After the resampler, where there are few pixels: turning the source would keep all of it.
 */
#include "picture/turn.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"

struct turn {
	struct stage stage;
	struct stage *target;
	uint32_t width, height, row;
	unsigned pixel;
	bool swap, across, down;
	uint8_t *kept; /* of all rows; NULL when a row goes on at once */
	uint8_t *line;
};

static void copy_pixel(uint8_t *to, const uint8_t *from, unsigned pixel)
{
	for (unsigned byte = 0; byte < pixel; byte++)
		to[byte] = from[byte];
}

/* Row `y` of the result. */
static void fill_line(const struct turn *turn, const uint8_t *row, uint32_t y)
{
	unsigned pixel = turn->pixel;
	if (!turn->swap) {
		for (uint32_t x = 0; x < turn->width; x++)
			copy_pixel(turn->line + (size_t)x * pixel,
				row + (size_t)(turn->across ? turn->width - 1 - x : x) * pixel,
				pixel);
		return;
	}
	uint32_t column = turn->down ? turn->width - 1 - y : y;
	for (uint32_t x = 0; x < turn->height; x++) {
		uint32_t from = turn->across ? turn->height - 1 - x : x;
		copy_pixel(turn->line + (size_t)x * pixel,
			turn->kept + ((size_t)from * turn->width + column) * pixel, pixel);
	}
}

static int give_all(struct turn *turn)
{
	uint32_t rows = turn->swap ? turn->width : turn->height;
	for (uint32_t y = 0; y < rows; y++) {
		uint32_t from = turn->down && !turn->swap ? turn->height - 1 - y : y;
		const uint8_t *row =
			turn->swap ? turn->kept
				   : turn->kept + (size_t)from * turn->width * turn->pixel;
		fill_line(turn, row, y);
		int status = stage_row(turn->target, turn->line);
		if (status)
			return status;
	}
	return 0;
}

static int take_row(struct stage *stage, const void *row)
{
	struct turn *turn = (struct turn *)stage;
	if (!turn->kept) {
		fill_line(turn, row, 0);
		return stage_row(turn->target, turn->line);
	}
	if (turn->row >= turn->height)
		return 0;
	memcpy(turn->kept + (size_t)turn->row * turn->width * turn->pixel, row,
		(size_t)turn->width * turn->pixel);
	turn->row++;
	return turn->row == turn->height ? give_all(turn) : 0;
}

int turn_new(uint32_t width, uint32_t height, unsigned pixel, unsigned orientation,
	struct stage *target, struct turn **result)
{
	struct turn *turn = calloc(1, sizeof(*turn));
	if (!turn)
		return fault_memory();
	*turn = (struct turn){.stage.row = take_row,
		.target = target,
		.width = width,
		.height = height,
		.pixel = pixel,
		.swap = orientation >= 5,
		.across = orientation == 2 || orientation == 3 || orientation == 6 ||
			  orientation == 7,
		.down = orientation == 3 || orientation == 4 || orientation == 7 ||
			orientation == 8};
	turn->line = malloc((size_t)(width > height ? width : height) * pixel);
	if (orientation != 2)
		turn->kept = malloc((size_t)width * height * pixel);
	if (!turn->line || (orientation != 2 && !turn->kept)) {
		turn_free(turn);
		return fault_memory();
	}
	*result = turn;
	return 0;
}

struct stage *turn_stage(struct turn *turn)
{
	return &turn->stage;
}

void turn_free(struct turn *turn)
{
	if (!turn)
		return;
	free(turn->kept);
	free(turn->line);
	free(turn);
}
