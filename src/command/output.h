/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_OUTPUT_H
#define SRC_COMMAND_OUTPUT_H

/*
 * The file of `-o`. Main thread, before there are others.
 */

/* Calls work(data, fd) in a child process and gives its exit status; -1: the child did not end by
 * itself. fd: what the child writes becomes the file at path when the status is 0; otherwise the
 * file stays as it was. The file belongs to the user of this process, whatever user the child
 * becomes. A path that names no regular file (/dev/null, a pipe) is written to directly. Returns
 * 0, or -errno when the file cannot be written. */
int output_write(const char *path, int (*work)(void *data, int fd), void *data, int *status);

#endif
