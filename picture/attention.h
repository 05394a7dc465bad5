/* SPDX-License-Identifier: MIT */
/*
 * --gravity attention: `cover` keeps the part of the picture that catches the eye.
 */
#ifndef PICTURE_ATTENTION_H
#define PICTURE_ATTENTION_H

#include "picture/input.h"
#include "picture/options.h"

/* Sets options->geometry.place where it is asked for and something is cut off; the first frame is
 * decoded for it, at the least size. Returns 0 or a fault. */
int attention_place(struct input *input, struct options *options);

#endif
