/* SPDX-License-Identifier: MIT */
/*
 * Orientations against a small picture that is really turned, pixel by pixel, as the EXIF standard
 * describes them; and what geometry_plan promises its callers for many shapes.
 */
#include "picture/geometry.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { WIDTH = 3, HEIGHT = 2 };

struct small {
	unsigned width, height;
	char pixels[WIDTH * HEIGHT];
};

/* Where the standard says that row 0 and column 0 of the stored picture are seen. */
enum side { TOP, RIGHT, BOTTOM, LEFT };
static const enum side row_zero[9] = {TOP, TOP, TOP, BOTTOM, BOTTOM, LEFT, RIGHT, RIGHT, LEFT};
static const enum side column_zero[9] = {LEFT, LEFT, RIGHT, RIGHT, LEFT, TOP, TOP, BOTTOM, BOTTOM};

static struct small turn(const struct small *from, unsigned orientation)
{
	bool swapped = row_zero[orientation] == LEFT || row_zero[orientation] == RIGHT;
	struct small to = {.width = swapped ? from->height : from->width,
		.height = swapped ? from->width : from->height};
	for (unsigned row = 0; row < from->height; row++)
		for (unsigned column = 0; column < from->width; column++) {
			unsigned x = 0, y = 0;
			for (int pass = 0; pass < 2; pass++) {
				unsigned distance = pass ? column : row;
				switch (pass ? column_zero[orientation] : row_zero[orientation]) {
				case TOP:
					y = distance;
					break;
				case BOTTOM:
					y = to.height - 1 - distance;
					break;
				case LEFT:
					x = distance;
					break;
				case RIGHT:
					x = to.width - 1 - distance;
					break;
				}
			}
			to.pixels[y * to.width + x] = from->pixels[row * from->width + column];
		}
	return to;
}

static const struct small original = {WIDTH, HEIGHT, {'a', 'b', 'c', 'd', 'e', 'f'}};

static void two_orientations_are_one(void **state)
{
	(void)state;
	for (unsigned first = 1; first <= 8; first++)
		for (unsigned then = 1; then <= 8; then++) {
			struct small once = turn(&original, first);
			struct small twice = turn(&once, then);
			struct small both = turn(&original, geometry_compose(first, then));
			assert_int_equal(both.width, twice.width);
			assert_memory_equal(both.pixels, twice.pixels, sizeof(both.pixels));
		}
}

static void axes_of_an_orientation(void **state)
{
	(void)state;
	for (unsigned orientation = 1; orientation <= 8; orientation++) {
		enum side row = row_zero[orientation], column = column_zero[orientation];
		assert_int_equal(geometry_swaps(orientation), row == LEFT || row == RIGHT);
		assert_int_equal(geometry_mirrors_stored_x(orientation),
			column == RIGHT || column == BOTTOM);
		assert_int_equal(
			geometry_mirrors_stored_y(orientation), row == RIGHT || row == BOTTOM);
	}
}

/* A part of the upright picture, found in the stored one. */
static void a_crop_is_of_the_upright_picture(void **state)
{
	(void)state;
	for (unsigned orientation = 1; orientation <= 8; orientation++) {
		struct small upright = turn(&original, orientation);
		for (unsigned y = 0; y < upright.height; y++)
			for (unsigned x = 0; x < upright.width; x++) {
				struct geometry_wish wish = {
					.has_crop = true, .crop = {x, y, 1, 1}};
				struct geometry geometry;
				assert_int_equal(geometry_plan(&wish, WIDTH, HEIGHT, orientation,
							 100, &geometry),
					0);
				unsigned at = (unsigned)geometry.region.y * WIDTH +
					      (unsigned)geometry.region.x;
				assert_int_equal(
					original.pixels[at], upright.pixels[y * upright.width + x]);
				assert_true(geometry.out_width == 1 && geometry.out_height == 1);
			}
	}
}

/* For all fits, turns and shapes: the region lies in the picture, and no side is empty. */
static void plans_stay_inside(void **state)
{
	(void)state;
	static const uint32_t sides[] = {1, 2, 3, 17, 640, 99999};
	static const uint32_t wishes[] = {0, 1, 3, 200, 4001};
	const uint64_t limit = 1ull << 60;
	for (unsigned number = 0; number < 6 * 6 * 5 * 5 * 4 * 8; number++) {
		unsigned rest = number, orientation = rest % 8 + 1;
		uint32_t width = sides[(rest /= 8) % 6], height = sides[(rest /= 6) % 6];
		uint32_t wished_width = wishes[(rest /= 6) % 5];
		uint32_t wished_height = wishes[(rest /= 5) % 5];
		struct geometry_wish wish = {.width = wished_width,
			.height = wished_height,
			.fit = (enum geometry_fit)(rest / 5 % 4),
			.gravity = (enum geometry_gravity)(number % 9),
			.mirror = number % 2,
			.rotate = number % 3 * 90};
		struct geometry plan;
		assert_int_equal(geometry_plan(&wish, width, height, orientation, limit, &plan), 0);
		assert_true(plan.width > 0 && plan.height > 0);
		bool swaps = geometry_swaps(plan.orientation);
		assert_int_equal(plan.out_width, swaps ? plan.height : plan.width);
		assert_int_equal(plan.out_height, swaps ? plan.width : plan.height);
		assert_true(plan.region.x > -0.001 && plan.region.y > -0.001);
		assert_true(plan.region.width > 0 && plan.region.height > 0);
		assert_true(plan.region.x + plan.region.width < width + 0.001);
		assert_true(plan.region.y + plan.region.height < height + 0.001);
		if (wish.fit == FIT_COVER && wish.width && wish.height) {
			assert_int_equal(plan.out_width, wish.width);
			assert_int_equal(plan.out_height, wish.height);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_orientations_are_one),
		cmocka_unit_test(axes_of_an_orientation),
		cmocka_unit_test(a_crop_is_of_the_upright_picture),
		cmocka_unit_test(plans_stay_inside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
