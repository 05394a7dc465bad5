/* SPDX-License-Identifier: MIT */
/*
 * What part of the source becomes a result of what size. All in pixels; "stored" is the picture as
 * it lies in the file, "upright" is how its orientation wants it to be seen.
 */
#ifndef PICTURE_GEOMETRY_H
#define PICTURE_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

enum geometry_fit { FIT_CONTAIN, FIT_INSIDE, FIT_FILL, FIT_COVER };

enum geometry_gravity {
	GRAVITY_CENTER,
	GRAVITY_NORTH,
	GRAVITY_EAST,
	GRAVITY_SOUTH,
	GRAVITY_WEST,
	GRAVITY_NORTHEAST,
	GRAVITY_SOUTHEAST,
	GRAVITY_SOUTHWEST,
	GRAVITY_NORTHWEST,
	GRAVITY_ATTENTION
};

struct geometry_rect {
	double x, y, width, height;
};

struct geometry_wish {
	uint32_t width, height; /* --size; 0: not given */
	enum geometry_fit fit;
	enum geometry_gravity gravity;
	/* Of GRAVITY_ATTENTION: where the part begins that `cover` keeps, 0 at the start of what
	 * there is, 1 as far at the end as it can. */
	double place_x, place_y;
	bool has_crop;
	struct geometry_rect crop; /* upright */
	bool mirror;
	unsigned rotate; /* degrees, clockwise, of the upright picture */
};

/* From the centre of a pixel of the result to a place in the resampled picture, in its pixels; its
 * first one covers 0 to 1. */
struct geometry_affine {
	double x, y;		   /* of the first pixel of the first row */
	double across_x, across_y; /* added for each pixel to the right */
	double down_x, down_y;	   /* and for each row */
};

struct geometry {
	unsigned orientation; /* EXIF, 1 to 8: what is still to be done, mirror and quarter turns
			       * included */
	unsigned angle;	      /* degrees that are left after the quarter turns: 0 to 89 */
	struct geometry_rect region;	/* stored: what becomes the whole result */
	uint32_t width, height;		/* of the region, resampled, not yet turned */
	uint32_t out_width, out_height; /* of the result */
	/* Only with an angle: by the affine map, which has all of the orientation in it, the
	 * resampled picture becomes one of these sides; where they differ from the result's, that
	 * is stretched once more. */
	uint32_t turned_width, turned_height;
	struct geometry_affine affine;
};

/* Works it out for a picture of width x height stored pixels. `limit` is the most pixels that the
 * result may have. Returns 0 or a fault: a crop that begins
 * outside, a result that is too large. */
int geometry_plan(const struct geometry_wish *wish, uint32_t width, uint32_t height,
	unsigned orientation, uint64_t limit, struct geometry *geometry);

/* The orientation that does first the one, then the other. */
unsigned geometry_compose(unsigned first, unsigned then);

/* Whether an orientation swaps width and height. */
static inline bool geometry_swaps(unsigned orientation)
{
	return orientation >= 5;
}

/* Whether what is left (or above) in the stored picture is right (or below) in the upright one, or
 * below (right) where the axes are swapped. */
bool geometry_mirrors_stored_x(unsigned orientation);
bool geometry_mirrors_stored_y(unsigned orientation);

#endif
