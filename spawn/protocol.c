/* SPDX-License-Identifier: MIT */
/*
 * Encoding and decoding are one pass each over a flat packet: no pointers, no allocation, and one
 * cursor that can only go forward to the end of the packet. A holder, which runs inside a program
 * that is not ours, uses the same decoder. So this file depends on job.h and base/fd_message only.
 */
#include "spawn/protocol.h"

#include <errno.h>
#include <string.h>

struct writer {
	char *at;
	size_t left;
	bool overflow;
};

static void put(struct writer *writer, const void *data, size_t size)
{
	if (writer->overflow || size > writer->left) {
		writer->overflow = true;
		return;
	}
	memcpy(writer->at, data, size);
	writer->at += size;
	writer->left -= size;
}

static size_t put_strings(struct writer *writer, char *const *strings)
{
	size_t count = 0;
	for (; strings && strings[count] && count <= PROTOCOL_STRINGS_MAX; count++)
		put(writer, strings[count], strlen(strings[count]) + 1);
	return count;
}

struct protocol_header protocol_header(enum protocol_type type, size_t size, uint32_t sequence)
{
	return (struct protocol_header){
		PROTOCOL_MAGIC, PROTOCOL_VERSION, (uint16_t)type, (uint32_t)size, sequence};
}

static bool targets_are_valid(const uint8_t *targets, size_t count)
{
	unsigned seen = 0;
	for (size_t i = 0; i < count; i++) {
		if (targets[i] > JOB_TARGET_MAX || seen & 1U << targets[i])
			return false;
		seen |= 1U << targets[i];
	}
	return true;
}

ssize_t protocol_encode_start(
	const struct job_spec *spec, bool has_ruleset, uint32_t sequence, void *buffer, size_t size)
{
	struct protocol_start start = {
		.file_count = (uint32_t)spec->file_count,
		.open_files = spec->limits.open_files,
		.memory_bytes = spec->limits.memory_bytes,
		.cpu_s = spec->limits.cpu_s,
		.file_bytes = spec->limits.file_bytes,
		.processes = spec->limits.processes,
		.nice = (uint8_t)spec->nice,
		.confine = (uint8_t)spec->confinement.level,
		.has_ruleset = has_ruleset,
	};
	if (spec->nice > JOB_NICE_MAX || spec->confinement.level > JOB_CONFINE_STRICT ||
		(has_ruleset && spec->confinement.level == JOB_CONFINE_OFF))
		return -EINVAL;
	if (!spec->program || spec->program[0] != '/' || spec->file_count > JOB_FILES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < spec->file_count; i++) {
		if (spec->files[i].target < 0 || spec->files[i].target > JOB_TARGET_MAX)
			return -EINVAL;
		start.targets[i] = (uint8_t)spec->files[i].target;
	}
	if (!targets_are_valid(start.targets, spec->file_count))
		return -EINVAL;

	struct writer writer = {buffer, size, false};
	put(&writer, &start, sizeof start);
	put(&writer, spec->program, strlen(spec->program) + 1);
	const char *directory = spec->directory ? spec->directory : "";
	put(&writer, directory, strlen(directory) + 1);
	size_t argc = put_strings(&writer, spec->argv);
	size_t envc = put_strings(&writer, spec->envp);
	if (argc == 0)
		return -EINVAL;
	if (writer.overflow || argc + envc > PROTOCOL_STRINGS_MAX)
		return -E2BIG;
	size_t length = size - writer.left;
	start.argc = (uint32_t)argc;
	start.envc = (uint32_t)envc;
	start.header = protocol_header(PROTOCOL_START, length, sequence);
	memcpy(buffer, &start, sizeof start);
	return (ssize_t)length;
}

static bool header_is_valid(
	const struct protocol_packet *packet, enum protocol_type type, size_t least)
{
	struct protocol_header header;
	if (packet->size < least)
		return false;
	memcpy(&header, packet->data, sizeof header);
	return header.magic == PROTOCOL_MAGIC && header.version == PROTOCOL_VERSION &&
	       header.type == type && header.size == packet->size;
}

/* Takes one string; NULL when it does not end within the packet. */
static char *take_string(char **at, size_t *left)
{
	char *string = *at;
	char *end = memchr(string, '\0', *left);
	if (!end)
		return NULL;
	*at = end + 1;
	*left -= (size_t)(end + 1 - string);
	return string;
}

static bool take_strings(char **at, size_t *left, char **out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!(out[i] = take_string(at, left)))
			return false;
	out[count] = NULL;
	return true;
}

int protocol_decode_start(struct protocol_packet *packet, struct protocol_job *out)
{
	struct protocol_start start;
	if (!header_is_valid(packet, PROTOCOL_START, sizeof start))
		return -EPROTO;
	memcpy(&start, packet->data, sizeof start);
	if (start.argc < 1 || start.argc > PROTOCOL_STRINGS_MAX ||
		start.envc > PROTOCOL_STRINGS_MAX - start.argc)
		return -EPROTO;
	if (start.file_count > JOB_FILES_MAX || start.has_ruleset > 1 ||
		start.file_count + start.has_ruleset != packet->fds.count ||
		!targets_are_valid(start.targets, start.file_count))
		return -EPROTO;
	if (start.nice > JOB_NICE_MAX || start.confine > JOB_CONFINE_STRICT ||
		start.reserved != 0 || (start.has_ruleset && start.confine == JOB_CONFINE_OFF))
		return -EPROTO;

	char *at = packet->data + sizeof start;
	size_t left = packet->size - sizeof start;
	const char *program = take_string(&at, &left);
	const char *directory = program ? take_string(&at, &left) : NULL;
	if (!directory || program[0] != '/')
		return -EPROTO;
	char **envp = out->strings + start.argc + 1;
	if (!take_strings(&at, &left, out->strings, start.argc) ||
		!take_strings(&at, &left, envp, start.envc) || left > 0)
		return -EPROTO;

	for (size_t i = 0; i < start.file_count; i++)
		out->files[i] = (struct job_file){packet->fds.at[i], start.targets[i]};
	out->sequence = start.header.sequence;
	out->ruleset_fd = start.has_ruleset ? packet->fds.at[start.file_count] : -1;
	out->spec = (struct job_spec){
		.program = program,
		.argv = out->strings,
		.envp = envp,
		.directory = *directory ? directory : "/",
		.files = out->files,
		.file_count = start.file_count,
		.limits = {start.memory_bytes, start.cpu_s, start.file_bytes, start.open_files,
			start.processes},
		.nice = start.nice,
		.confinement.level = (enum job_confine)start.confine,
	};
	return 0;
}

int protocol_decode_ready(const struct protocol_packet *packet, struct protocol_ready *out)
{
	if (!header_is_valid(packet, PROTOCOL_READY, sizeof *out) || packet->size != sizeof *out ||
		packet->fds.count != 0)
		return -EPROTO;
	memcpy(out, packet->data, sizeof *out);
	return memchr(out->note, '\0', sizeof out->note) ? 0 : -EPROTO;
}

int protocol_decode_standby(const struct protocol_packet *packet, struct protocol_standby *out)
{
	if (!header_is_valid(packet, PROTOCOL_STANDBY, sizeof *out) ||
		packet->size != sizeof *out || packet->fds.count != 2)
		return -EPROTO;
	memcpy(out, packet->data, sizeof *out);
	return out->pid > 1 ? 0 : -EPROTO;
}

int protocol_decode_retire(const struct protocol_packet *packet)
{
	size_t size = sizeof(struct protocol_header);
	bool valid = header_is_valid(packet, PROTOCOL_RETIRE, size) && packet->size == size;
	return valid && packet->fds.count == 0 ? 0 : -EPROTO;
}

int protocol_decode_started(const struct protocol_packet *packet, struct protocol_started *out)
{
	if (!header_is_valid(packet, PROTOCOL_STARTED, sizeof *out) || packet->size != sizeof *out)
		return -EPROTO;
	memcpy(out, packet->data, sizeof *out);
	bool process = out->pid > 1, self = (out->flags & PROTOCOL_SELF) != 0;
	if (packet->fds.count > (process ? 1 : 0) || out->error < 0 || out->error > 4095 ||
		(!process && (out->pid != 0 || (out->error == 0 && !self))))
		return -EPROTO;
	return 0;
}

int protocol_receive(int socket, struct protocol_packet *packet)
{
	packet->size = sizeof packet->data;
	int r = fd_message_receive(
		socket, packet->data, &packet->size, &packet->fds, PROTOCOL_FDS_MAX);
	return r == -ECONNRESET ? 0 : r == -EMSGSIZE ? -EPROTO : r;
}

void protocol_close(struct protocol_packet *packet)
{
	fd_list_close(&packet->fds);
}

int protocol_send(int socket, const void *data, size_t size, const int *fds, size_t fd_count)
{
	return fd_count > PROTOCOL_FDS_MAX
		       ? -EINVAL
		       : fd_message_send_dup_fds(socket, data, size, fds, fd_count);
}
