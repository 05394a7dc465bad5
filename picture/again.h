/* SPDX-License-Identifier: MIT */
/* What a call on a descriptor of others does when it could not be done at once. */
#ifndef PICTURE_AGAIN_H
#define PICTURE_AGAIN_H

#include <stdbool.h>

/* For errno of a read(2) or write(2) that has just failed; `events` are those of poll(2). Whether
 * the call is to be made again. Waits, for as long as it takes, where the descriptor does not
 * block: whoever shares it may have made it so. */
bool again(int fd, short events);

#endif
