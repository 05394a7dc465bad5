/* SPDX-License-Identifier: MIT */
/*
 * The job message as a spawner and the daemon receive it. First byte: how many descriptors come
 * beside it; second: for which decoder, or for the encoder: what it writes must be understood, and
 * be the same.
 */
#include "spawn/protocol.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdbool.h>

static struct protocol_packet packet;

static bool inside(const char *text)
{
	return text >= packet.data && text + strlen(text) < packet.data + packet.size;
}

static void check_start(void)
{
	static struct protocol_job job;
	int r = protocol_decode_start(&packet, &job);
	MUST(r == 0 || r == -EPROTO);
	if (r < 0)
		return;
	size_t ruleset = job.ruleset_fd >= 0;
	MUST(inside(job.spec.program) && job.spec.argv[0]);
	MUST(job.spec.file_count + ruleset == packet.fds.count);
	MUST(!ruleset || job.spec.confinement.level != JOB_CONFINE_OFF);
	MUST(job.spec.confinement.level <= JOB_CONFINE_STRICT && job.spec.nice <= 19);
	MUST(job.spec.directory && *job.spec.directory);
	for (char *const *at = job.spec.argv; *at; at++)
		MUST(inside(*at));
	for (char *const *at = job.spec.envp; *at; at++)
		MUST(inside(*at));
	for (size_t i = 0; i < job.spec.file_count; i++) {
		MUST(job.spec.files[i].target >= 0 && job.spec.files[i].target <= JOB_TARGET_MAX);
		for (size_t j = 0; j < i; j++)
			MUST(job.spec.files[i].target != job.spec.files[j].target);
	}
}

static void check_answers(void)
{
	struct protocol_ready ready;
	struct protocol_started started;
	int r = protocol_decode_ready(&packet, &ready);
	MUST(r == 0 || r == -EPROTO);
	if (r == 0)
		MUST(memchr(ready.note, 0, sizeof ready.note));
	r = protocol_decode_started(&packet, &started);
	MUST(r == 0 || r == -EPROTO);
	struct protocol_standby standby;
	r = protocol_decode_standby(&packet, &standby);
	MUST(r == 0 || r == -EPROTO);
	r = protocol_decode_retire(&packet);
	MUST(r == 0 || r == -EPROTO);
}

static void check_encoded(struct fuzz_bytes *bytes)
{
	static struct protocol_job job;
	char *argv[17] = {NULL}, *envp[1] = {NULL};
	struct job_file files[JOB_FILES_MAX];
	struct job_spec spec = {.program = "/bin/true", .argv = argv, .envp = envp, .files = files};
	spec.file_count = fuzz_byte(bytes) % (JOB_FILES_MAX + 1);
	for (size_t i = 0; i < spec.file_count; i++)
		files[i] = (struct job_file){
			.fd = 0, .target = fuzz_byte(bytes) % (JOB_TARGET_MAX + 2)};
	spec.limits.memory_bytes = fuzz_byte(bytes) * 1000003u;
	unsigned confine = fuzz_byte(bytes);
	bool ruleset = confine & 4;
	spec.confinement.level = confine % (JOB_CONFINE_STRICT + 1);
	spec.nice = fuzz_byte(bytes) % 21;
	size_t argc = 0;
	while (argc < 16 && bytes->size > 0)
		argv[argc++] = fuzz_text(bytes, '\n');
	ssize_t size = protocol_encode_start(&spec, ruleset, 7, packet.data, sizeof packet.data);
	MUST(size > 0 || size == -EINVAL || size == -E2BIG);
	if (size > 0) {
		packet.size = (size_t)size;
		packet.fds.count = spec.file_count + ruleset;
		MUST(protocol_decode_start(&packet, &job) == 0);
		MUST(!strcmp(job.spec.program, spec.program) && job.sequence == 7);
		MUST(job.spec.limits.memory_bytes == spec.limits.memory_bytes);
		MUST(job.spec.nice == spec.nice);
		MUST(job.spec.confinement.level == spec.confinement.level);
		MUST((job.ruleset_fd >= 0) == ruleset);
		for (size_t i = 0; i <= argc; i++)
			MUST(!argv[i] == !job.spec.argv[i] &&
				(!argv[i] || !strcmp(argv[i], job.spec.argv[i])));
	}
	while (argc > 0)
		free(argv[--argc]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = {data, size};
	size_t fds = fuzz_byte(&bytes) % (PROTOCOL_FDS_MAX + 1);
	if (fuzz_byte(&bytes) & 1) {
		check_encoded(&bytes);
		return 0;
	}
	if (bytes.size > sizeof packet.data)
		return 0;
	if (bytes.size > 0)
		memcpy(packet.data, bytes.data, bytes.size);
	packet.size = bytes.size;
	packet.fds.count = fds;
	for (size_t i = 0; i < fds; i++)
		packet.fds.at[i] = (int)i;
	check_start();
	check_answers();
	return 0;
}
