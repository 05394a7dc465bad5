/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_QUOTED_H
#define SRC_COMMAND_QUOTED_H

/*
 * Text from URLs, file names and the configuration on standard output. No byte of it reaches the
 * terminal as a control character. Main thread.
 */

/* As one word of a POSIX shell. Control characters are written as $'\033', which bash, zsh and
 * ksh read. */
void quoted_put_shell(const char *text);

/* The same; but long data that stand in the argument itself, behind ";base64,", are cut: the word
 * then tells their length, and is for reading only. */
void quoted_put_short(const char *text);

/* As a string of JSON, with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void quoted_put_json(const char *text);

#endif
