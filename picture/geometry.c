/* SPDX-License-Identifier: MIT */
/*
 * Everything is worked out for the upright picture, as the user sees it, and then carried over to
 * the stored one, because the decoder and the resampler see that one.
 */
#include "picture/geometry.h"

#include <math.h>

#include "picture/fault.h"

/* An orientation is: swap the axes (or not), then mirror across, then mirror down. */
struct steps {
	bool swap, across, down;
};

static const struct steps steps_of[9] = {{0}, {false, false, false}, {false, true, false},
	{false, true, true}, {false, false, true}, {true, false, false}, {true, true, false},
	{true, true, true}, {true, false, true}};

static unsigned orientation_of(struct steps steps)
{
	for (unsigned orientation = 1; orientation < 8; orientation++)
		if (steps_of[orientation].swap == steps.swap &&
			steps_of[orientation].across == steps.across &&
			steps_of[orientation].down == steps.down)
			return orientation;
	return 8;
}

unsigned geometry_compose(unsigned first, unsigned then)
{
	struct steps a = steps_of[first], b = steps_of[then];
	/* The second swap makes what was mirrored across mirrored down. */
	struct steps both = {
		a.swap != b.swap, b.swap ? a.down : a.across, b.swap ? a.across : a.down};
	both.across = both.across != b.across;
	both.down = both.down != b.down;
	return orientation_of(both);
}

bool geometry_mirrors_stored_x(unsigned orientation)
{
	const struct steps *steps = &steps_of[orientation];
	return steps->swap ? steps->down : steps->across;
}

bool geometry_mirrors_stored_y(unsigned orientation)
{
	const struct steps *steps = &steps_of[orientation];
	return steps->swap ? steps->across : steps->down;
}

static const unsigned quarter_turns[4] = {1, 6, 3, 8};

/* Whole pixels of a side, never none. */
static double whole(double side)
{
	double rounded = floor(side + 0.5);
	return rounded < 1 ? 1 : rounded;
}

struct sides {
	double width, height;
};

/* The size of the whole picture when it has been scaled as `fit` says. */
static struct sides scaled(const struct geometry_wish *wish, struct sides now)
{
	if (!wish->width && !wish->height)
		return (struct sides){whole(now.width), whole(now.height)};
	if (wish->fit == FIT_FILL && wish->width && wish->height)
		return (struct sides){wish->width, wish->height};
	double by_width = wish->width ? wish->width / now.width : 0;
	double by_height = wish->height ? wish->height / now.height : 0;
	double scale;
	if (!wish->width || !wish->height)
		scale = by_width + by_height;
	else if (wish->fit == FIT_COVER)
		scale = by_width > by_height ? by_width : by_height;
	else
		scale = by_width < by_height ? by_width : by_height;
	if (wish->fit == FIT_INSIDE && scale > 1)
		scale = 1;
	return (struct sides){whole(now.width * scale), whole(now.height * scale)};
}

/* Where the part that `cover` keeps begins: 0 at the start, 1 at the end. */
static struct sides place_of(enum geometry_gravity gravity)
{
	switch (gravity) {
	case GRAVITY_NORTH:
		return (struct sides){0.5, 0};
	case GRAVITY_EAST:
		return (struct sides){1, 0.5};
	case GRAVITY_SOUTH:
		return (struct sides){0.5, 1};
	case GRAVITY_WEST:
		return (struct sides){0, 0.5};
	case GRAVITY_NORTHEAST:
		return (struct sides){1, 0};
	case GRAVITY_SOUTHEAST:
		return (struct sides){1, 1};
	case GRAVITY_SOUTHWEST:
		return (struct sides){0, 1};
	case GRAVITY_NORTHWEST:
		return (struct sides){0, 0};
	case GRAVITY_CENTER:
	case GRAVITY_ATTENTION:
		break;
	}
	return (struct sides){0.5, 0.5};
}

/* A rectangle of the picture that `orientation` has made upright, in the stored picture, whose
 * sides are width x height. */
static struct geometry_rect stored(
	struct geometry_rect rect, unsigned orientation, double width, double height)
{
	struct steps steps = steps_of[orientation];
	double upright_width = steps.swap ? height : width;
	double upright_height = steps.swap ? width : height;
	if (steps.across)
		rect.x = upright_width - rect.x - rect.width;
	if (steps.down)
		rect.y = upright_height - rect.y - rect.height;
	if (steps.swap)
		rect = (struct geometry_rect){rect.y, rect.x, rect.height, rect.width};
	return rect;
}

static int check_crop(const struct geometry_rect *crop, double width, double height)
{
	if (crop->x + crop->width <= width && crop->y + crop->height <= height)
		return 0;
	return fault(FAULT_USAGE, "--crop reaches out of the picture, which has %.0fx%.0f pixels",
		width, height);
}

int geometry_plan(const struct geometry_wish *wish, uint32_t width, uint32_t height,
	unsigned orientation, uint64_t limit, struct geometry *geometry)
{
	double upright_width = geometry_swaps(orientation) ? height : width;
	double upright_height = geometry_swaps(orientation) ? width : height;
	struct geometry_rect rect = {0, 0, upright_width, upright_height};
	if (wish->has_crop) {
		int status = check_crop(&wish->crop, upright_width, upright_height);
		if (status)
			return status;
		rect = wish->crop;
	}
	/* From here on the region is what was cut out; quarter turns and the mirror are
	 * orientation, too. */
	struct geometry_rect cut = stored(rect, orientation, width, height);
	if (wish->mirror)
		orientation = geometry_compose(orientation, 2);
	orientation = geometry_compose(orientation, quarter_turns[wish->rotate / 90 % 4]);
	bool swaps = geometry_swaps(orientation);
	struct sides now = {swaps ? cut.height : cut.width, swaps ? cut.width : cut.height};
	double angle = wish->rotate % 90;
	double sine = sin(angle * M_PI / 180), cosine = cos(angle * M_PI / 180);
	struct sides box = {
		now.width * cosine + now.height * sine, now.width * sine + now.height * cosine};
	struct sides all = scaled(wish, box), out = all;
	struct geometry_rect part = {0, 0, now.width, now.height};
	if (angle != 0) {
		/* The whole picture is resampled, finely enough, and turned afterwards. */
		double scale = fmax(all.width / box.width, all.height / box.height);
		all = (struct sides){whole(now.width * scale), whole(now.height * scale)};
		if (wish->fit == FIT_COVER && wish->width && wish->height)
			out = (struct sides){wish->width, wish->height};
	} else if (wish->fit == FIT_COVER && wish->width && wish->height) {
		struct sides place = place_of(wish->gravity), whole_picture = all;
		out = (struct sides){fmin(wish->width, all.width), fmin(wish->height, all.height)};
		part.width = out.width * now.width / whole_picture.width;
		part.height = out.height * now.height / whole_picture.height;
		part.x = floor((all.width - out.width) * place.width) * now.width / all.width;
		part.y = floor((all.height - out.height) * place.height) * now.height / all.height;
		all = out;
	}
	if (out.width * out.height > (double)limit || all.width * all.height > 2 * (double)limit)
		return fault(FAULT_LIMIT, "the result would have %.0fx%.0f pixels", out.width,
			out.height);
	part = stored(part, orientation, cut.width, cut.height);
	*geometry = (struct geometry){.orientation = orientation,
		.angle = wish->rotate % 90,
		.region = {cut.x + part.x, cut.y + part.y, part.width, part.height},
		.width = (uint32_t)(swaps ? all.height : all.width),
		.height = (uint32_t)(swaps ? all.width : all.height),
		.out_width = (uint32_t)out.width,
		.out_height = (uint32_t)out.height};
	return 0;
}
