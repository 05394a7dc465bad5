/* SPDX-License-Identifier: MIT */
#ifndef SRC_STATUS_PLOT_H
#define SRC_STATUS_PLOT_H

/* The plots of the status page, for html.c. `windows`: HISTORY_WINDOWS of them. */

#include <stdio.h>

#include "src/observe/history.h"

void status_plot_rates(const struct history_window *windows, FILE *out);
void status_plot_times(const struct history_window *windows, FILE *out);
void status_plot_bytes(const struct history_window *windows, FILE *out);

#endif
