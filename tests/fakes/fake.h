/* SPDX-License-Identifier: MIT */
#ifndef FAKES_FAKE_H
#define FAKES_FAKE_H

/* The steps of the fake converter that need more than a line. All of them end the process with
 * status 99 when the system refuses what they are for, so that a test never takes a broken fake for
 * a broken daemon. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_BROKEN = 99 };

/* The byte at every offset of the output follows from the offset alone; tests/lib/pattern.py knows
 * the same rule. */
void output_pattern(uint64_t count);
void output_endless(void);
void output_to(const char *path);
void output_file(const char *path, uint64_t count);
void output_mark(const char *name);
void output_text(int fd, const char *text);
void output_flood(int fd, uint64_t count);
void output_copy(int from);
void output_copy_path(const char *path);
void output_clock(void);

_Noreturn void thief_lure(uint64_t count);
_Noreturn void thief_seesaw(uint64_t count);
void thief_child(void);
void thief_resizes(void);

void process_pause(uint64_t milliseconds);
_Noreturn void process_hang(void);
_Noreturn void process_die(int signal);
_Noreturn void process_spin(void);
void process_burn(uint64_t milliseconds);
void process_child(bool leaves_session);
void process_memory(uint64_t mebibytes);
void process_print_fds(void);
void process_print_limits(void);
void process_print_env(void);

void hide_shared(uint64_t mebibytes);
void hide_memfd(uint64_t mebibytes);
void hide_unnamed(uint64_t mebibytes);
void hide_mapped(uint64_t mebibytes);
void hide_itself(void);
void tree_deep(uint64_t levels);
void tree_chains(uint64_t count);
_Noreturn void tree_churn(void);

#endif
