/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_COMMAND_H
#define SRC_COMMAND_COMMAND_H

/* Runs the command that the command line names; without one, the daemon. Main thread. Returns the
 * exit status of the process: 0, 1 when it failed, 2 when the command line is wrong. */
int command_main(int argc, char **argv);

#endif
