/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_PROTOCOL_H
#define SPAWN_PROTOCOL_H

/*
 * The job message, version 2: what the daemon and a spawner say to each other over a SOCK_SEQPACKET
 * socketpair. One packet is one message; numbers are in the byte order of the machine, on which
 * both ends are. Descriptors travel beside it (SCM_RIGHTS).
 *
 *   spawner → daemon   READY     once, when it can take jobs:       struct protocol_ready
 *   daemon → spawner   START     one program to start, with files:  struct protocol_start, then strings
 *   spawner → daemon   STARTED   the answer, with the job's pidfd:  struct protocol_started
 *
 * A holder (a program held just before its main, warm/) speaks so:
 *
 *   holder → daemon    READY     once; with PROTOCOL_REFUSED it cannot be held, `note` says why
 *   holder → daemon    STANDBY   a process that waits for its job:  struct protocol_standby, with its pidfd and its socket
 *   daemon → holder    RETIRE    nothing more is wanted:            struct protocol_header; it ends with its last job
 *   daemon → standby   START     as above, on the standby's socket
 *   standby → daemon   STARTED   with PROTOCOL_SELF: the process is the one that answers. error ESTALE: a file of the
 *                                program has changed on disk
 *
 * A holder makes the next standby as soon as the last one has its job or has ended.
 *
 * The strings of START, each ending with NUL: program, directory ("" for /), argc arguments, envc
 * variables; nothing after them. The descriptors of START are as many as file_count says, in the
 * order of targets[]; when has_ruleset is 1, a Landlock rule set made for this one job follows.
 * Which system calls are filtered follows from `confine`. STARTED has a pidfd whenever a process
 * came to be, also when that one then failed (error != 0): the daemon is its parent and reaps it.
 * The daemon sends the next START after it has got the answer to the last. End of file means that
 * the other one is gone. An empty packet is never sent.
 *
 * The receiver trusts nothing in a message: size, type, counts, ends of strings, number and range
 * of the descriptors are checked here. -EPROTO: the peer breaks the protocol; end the conversation.
 * All functions are free of global state: any thread.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/fd_message.h"
#include "spawn/job.h"

enum {
	PROTOCOL_MAGIC = 0x4a4c5553, /* "SULJ" */
	PROTOCOL_VERSION = 2,
	PROTOCOL_STRINGS_MAX = 2048, /* arguments and variables together */
	PROTOCOL_FDS_MAX = JOB_FILES_MAX + 1,
};

enum protocol_type {
	PROTOCOL_READY = 1,
	PROTOCOL_START = 2,
	PROTOCOL_STARTED = 3,
	PROTOCOL_STANDBY = 4,
	PROTOCOL_RETIRE = 5,
};

/* In `flags`. */
enum {
	PROTOCOL_NAMESPACED = 1 << 0,
	PROTOCOL_REFUSED = 1 << 1,
	PROTOCOL_SELF = 1 << 2,
};
enum { PROTOCOL_NOTE_MAX = 200 };

struct protocol_header {
	uint32_t magic;
	uint16_t version;
	uint16_t type;
	uint32_t size;	   /* of the whole packet */
	uint32_t sequence; /* of a START, repeated in its STARTED; READY: 0 */
};

struct protocol_ready {
	struct protocol_header header;
	uint32_t flags;		      /* PROTOCOL_NAMESPACED: jobs get a pid namespace */
	char note[PROTOCOL_NOTE_MAX]; /* one line for the log, NUL-terminated; mostly empty */
};

struct protocol_standby {
	struct protocol_header header;
	int32_t pid;
	uint32_t flags;
};

struct protocol_start {
	struct protocol_header header;
	uint32_t argc; /* at least 1 */
	uint32_t envc;
	uint32_t file_count;
	uint32_t open_files;
	uint64_t memory_bytes;
	uint64_t cpu_s;
	uint64_t file_bytes;
	uint32_t processes;
	uint8_t nice;			/* 0 … 19 */
	uint8_t confine;		/* enum job_confine */
	uint8_t has_ruleset;		/* 0 or 1; only with `confine` */
	uint8_t reserved;		/* 0 */
	uint8_t targets[JOB_FILES_MAX]; /* all different */
};

struct protocol_started {
	struct protocol_header header;
	int32_t pid;   /* 0: there is no process */
	int32_t error; /* errno, 0: it runs */
	uint32_t step; /* enum child_step that failed */
	uint32_t flags;
};

/* A START that has been decoded. `spec` points into this and into the packet; of its confinement
 * only the level is known. */
struct protocol_job {
	struct job_spec spec;
	int ruleset_fd; /* the packet's; -1: none */
	uint32_t sequence;
	struct job_file files[JOB_FILES_MAX];
	char *strings[PROTOCOL_STRINGS_MAX + 2];
};

/* A packet as it comes from the socket. Its descriptors belong to the receiver:
 * protocol_close. */
struct protocol_packet {
	size_t size;
	struct fd_list fds;
	_Alignas(8) char data[JOB_MESSAGE_MAX];
};

/* Receives one packet; its descriptors are close-on-exec. Returns 1, 0 at end of file, or -errno:
 * -EAGAIN, the socket's timeout; -EPROTO, too long or too many descriptors; -EMFILE, this process
 * may not have that many, but the data is good. After an error the descriptors are closed. */
int protocol_receive(int socket, struct protocol_packet *packet);
void protocol_close(struct protocol_packet *packet);

/* Sends one packet; the descriptors stay the caller's. Returns 0 or -errno. Never raises SIGPIPE.
 */
int protocol_send(int socket, const void *data, size_t size, const int *fds, size_t fd_count);

struct protocol_header protocol_header(enum protocol_type type, size_t size, uint32_t sequence);

/* Writes the START of spec into buffer; has_ruleset says that a rule set will be the last
 * descriptor. Returns its size, -E2BIG when it does not fit, -EINVAL when spec breaks a rule. */
ssize_t protocol_encode_start(const struct job_spec *spec, bool has_ruleset, uint32_t sequence,
	void *buffer, size_t size);

/* Each returns 0 or -EPROTO. A STARTED with a process but without its pidfd is one that came with
 * -EMFILE. The descriptors in the packet stay where they are. */
int protocol_decode_start(struct protocol_packet *packet, struct protocol_job *out);
int protocol_decode_ready(const struct protocol_packet *packet, struct protocol_ready *out);
int protocol_decode_started(const struct protocol_packet *packet, struct protocol_started *out);
int protocol_decode_standby(const struct protocol_packet *packet, struct protocol_standby *out);
int protocol_decode_retire(const struct protocol_packet *packet);

#endif
