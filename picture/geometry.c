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
static struct sides place_of(const struct geometry_wish *wish)
{
	switch (wish->gravity) {
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
	case GRAVITY_ATTENTION:
		return (struct sides){wish->place_x, wish->place_y};
	case GRAVITY_CENTER:
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

/* Tiles at an edge are asked for as the others are: what reaches out of the picture is left off. */
static int clip_crop(struct geometry_rect *crop, double width, double height)
{
	if (crop->x >= width || crop->y >= height)
		return fault(FAULT_USAGE,
			"--crop begins outside of the picture, which has %.0fx%.0f pixels", width,
			height);
	crop->width = fmin(crop->width, width - crop->x);
	crop->height = fmin(crop->height, height - crop->y);
	return 0;
}

static int too_large(struct sides sides)
{
	return fault(
		FAULT_LIMIT, "the result would have %.0fx%.0f pixels", sides.width, sides.height);
}

static bool is_within(struct sides sides, double limit)
{
	return sides.width * sides.height <= limit;
}

/* What `cover` keeps of the whole picture, and where it begins. */
static struct geometry_rect kept(const struct geometry_wish *wish, struct sides all)
{
	struct geometry_rect rect = {0, 0, all.width, all.height};
	if (wish->fit != FIT_COVER || !wish->width || !wish->height)
		return rect;
	struct sides place = place_of(wish);
	rect.width = fmin(wish->width, all.width);
	rect.height = fmin(wish->height, all.height);
	rect.x = floor((all.width - rect.width) * place.width);
	rect.y = floor((all.height - rect.height) * place.height);
	return rect;
}

/* The side of the box around a turned picture, `half` of which lies on each side of the middle of
 * `side`. There is room for smooth edges, and so it is the same as ImageMagick's. */
static double box_side(double side, double half)
{
	return ceil(side / 2 + half + 0.5) - floor(side / 2 - half - 0.5);
}

/* The place in the stored, resampled picture of one in the upright one, both from 0 to 1. */
static void to_stored(unsigned orientation, double *x, double *y)
{
	struct steps steps = steps_of[orientation];
	double across = steps.across ? 1 - *x : *x, down = steps.down ? 1 - *y : *y;
	*x = steps.swap ? down : across;
	*y = steps.swap ? across : down;
}

/* Of the box, scaled to `all`, the pixels from `part` on. `now` is the picture in it, not scaled.
 */
static struct geometry_affine affine_of(const struct geometry *geometry, struct sides now,
	struct sides box, struct sides all, struct geometry_rect part)
{
	double sine = sin(geometry->angle * M_PI / 180), cosine = cos(geometry->angle * M_PI / 180);
	double places[3][2];
	for (unsigned at = 0; at < 3; at++) {
		double x = (part.x + 0.5 + (at == 1)) * box.width / all.width - box.width / 2;
		double y = (part.y + 0.5 + (at == 2)) * box.height / all.height - box.height / 2;
		double back_x = (x * cosine + y * sine) / now.width + 0.5;
		double back_y = (y * cosine - x * sine) / now.height + 0.5;
		to_stored(geometry->orientation, &back_x, &back_y);
		places[at][0] = back_x * geometry->width;
		places[at][1] = back_y * geometry->height;
	}
	return (struct geometry_affine){.x = places[0][0],
		.y = places[0][1],
		.across_x = places[1][0] - places[0][0],
		.across_y = places[1][1] - places[0][1],
		.down_x = places[2][0] - places[0][0],
		.down_y = places[2][1] - places[0][1]};
}

/* By an angle: the box around the turned picture is what the wish is about. The picture is
 * resampled first, as finely as the result is, and turned afterwards. */
static int plan_angle(
	const struct geometry_wish *wish, struct sides now, double limit, struct geometry *geometry)
{
	double sine = sin(geometry->angle * M_PI / 180), cosine = cos(geometry->angle * M_PI / 180);
	/* ImageMagick's middle is that of the picture before its quarter turns. */
	struct sides before = wish->rotate / 90 % 2 ? (struct sides){now.height, now.width} : now;
	struct sides box = {box_side(before.width, (now.width * cosine + now.height * sine) / 2),
		box_side(before.height, (now.width * sine + now.height * cosine) / 2)};
	struct sides all = scaled(wish, box), turned = all;
	double scale = fmax(all.width / box.width, all.height / box.height);
	if (wish->fit == FIT_FILL)
		turned = (struct sides){whole(box.width * scale), whole(box.height * scale)};
	struct geometry_rect part = kept(wish, all);
	struct sides result = {part.width, part.height};
	struct sides resampled = {whole(now.width * scale), whole(now.height * scale)};
	if (!is_within(result, limit) || !is_within(turned, limit) || !is_within(resampled, limit))
		return too_large(all);
	bool swaps = geometry_swaps(geometry->orientation);
	geometry->width = (uint32_t)(swaps ? resampled.height : resampled.width);
	geometry->height = (uint32_t)(swaps ? resampled.width : resampled.height);
	geometry->out_width = (uint32_t)result.width;
	geometry->out_height = (uint32_t)result.height;
	if (wish->fit == FIT_FILL)
		part = (struct geometry_rect){0, 0, turned.width, turned.height};
	geometry->turned_width = (uint32_t)part.width;
	geometry->turned_height = (uint32_t)part.height;
	geometry->affine = affine_of(geometry, now, box, turned, part);
	return 0;
}

/* By nothing but mirrors and quarter turns: only what is kept is resampled. */
static int plan_straight(
	const struct geometry_wish *wish, struct sides now, double limit, struct geometry *geometry)
{
	struct sides all = scaled(wish, now);
	struct geometry_rect part = kept(wish, all);
	struct sides result = {part.width, part.height};
	if (!is_within(result, limit))
		return too_large(result);
	bool swaps = geometry_swaps(geometry->orientation);
	geometry->width = (uint32_t)(swaps ? result.height : result.width);
	geometry->height = (uint32_t)(swaps ? result.width : result.height);
	geometry->out_width = (uint32_t)result.width;
	geometry->out_height = (uint32_t)result.height;
	double across = now.width / all.width, down = now.height / all.height;
	part = (struct geometry_rect){
		part.x * across, part.y * down, part.width * across, part.height * down};
	struct geometry_rect *region = &geometry->region;
	part = stored(part, geometry->orientation, region->width, region->height);
	*region = (struct geometry_rect){
		region->x + part.x, region->y + part.y, part.width, part.height};
	return 0;
}

int geometry_plan(const struct geometry_wish *wish, uint32_t width, uint32_t height,
	unsigned orientation, uint64_t limit, struct geometry *geometry)
{
	double upright_width = geometry_swaps(orientation) ? height : width;
	double upright_height = geometry_swaps(orientation) ? width : height;
	struct geometry_rect rect = {0, 0, upright_width, upright_height};
	if (wish->has_crop) {
		rect = wish->crop;
		int status = clip_crop(&rect, upright_width, upright_height);
		if (status)
			return status;
	}
	/* From here on the region is what was cut out; quarter turns and the mirror are
	 * orientation, too. */
	struct geometry_rect cut = stored(rect, orientation, width, height);
	if (wish->mirror)
		orientation = geometry_compose(orientation, 2);
	orientation = geometry_compose(orientation, quarter_turns[wish->rotate / 90 % 4]);
	*geometry = (struct geometry){
		.orientation = orientation, .angle = wish->rotate % 90, .region = cut};
	struct sides now = {cut.width, cut.height};
	if (geometry_swaps(orientation))
		now = (struct sides){cut.height, cut.width};
	return geometry->angle ? plan_angle(wish, now, (double)limit, geometry)
			       : plan_straight(wish, now, (double)limit, geometry);
}
