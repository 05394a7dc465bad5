/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_PROCESSORS_H
#define SRC_CONFIG_PROCESSORS_H

/* How many processors this process may use. */
unsigned config_processors(void);

#endif
