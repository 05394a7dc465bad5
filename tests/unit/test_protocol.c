/* SPDX-License-Identifier: MIT */
/* The job message: what goes in comes out, and whatever else comes is refused without harm and
 * without a descriptor left open. */
#include "unit_wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "spawn/protocol.h"

static struct protocol_packet packet, broken;
static struct protocol_job decoded;

static void encode_sample(void)
{
	char *const argv[] = {"convert", "", "a b", NULL};
	char *const envp[] = {"PATH=/bin", NULL};
	const struct job_file files[] = {{50, 3}, {51, 0}};
	const struct job_spec spec = {.program = "/bin/x",
		.argv = argv,
		.envp = envp,
		.directory = "/tmp",
		.files = files,
		.file_count = 2,
		.limits = {1, 2, 3, 4, 5},
		.nice = 19,
		.confinement.level = JOB_CONFINE_STRICT};
	ssize_t size = protocol_encode_start(&spec, true, 77, packet.data, sizeof packet.data);
	assert_true(size > 0);
	packet.size = (size_t)size;
	packet.fds.count = 3;
	packet.fds.at[0] = 50;
	packet.fds.at[1] = 51;
	packet.fds.at[2] = 52;
}

static void test_message(void **state)
{
	(void)state;
	encode_sample();
	assert_int_equal(protocol_decode_start(&packet, &decoded), 0);
	const struct job_spec *spec = &decoded.spec;
	assert_int_equal(decoded.sequence, 77);
	assert_string_equal(spec->program, "/bin/x");
	assert_string_equal(spec->directory, "/tmp");
	assert_string_equal(spec->argv[0], "convert");
	assert_string_equal(spec->argv[1], "");
	assert_string_equal(spec->argv[2], "a b");
	assert_null(spec->argv[3]);
	assert_string_equal(spec->envp[0], "PATH=/bin");
	assert_null(spec->envp[1]);
	assert_int_equal(spec->file_count, 2);
	assert_int_equal(spec->files[0].fd, 50);
	assert_int_equal(spec->files[0].target, 3);
	assert_int_equal(spec->files[1].target, 0);
	assert_int_equal(spec->limits.memory_bytes, 1);
	assert_int_equal(spec->limits.open_files, 4);
	assert_int_equal(spec->limits.processes, 5);
	assert_int_equal(spec->nice, 19);
	assert_int_equal(spec->confinement.level, JOB_CONFINE_STRICT);
	assert_int_equal(decoded.ruleset_fd, 52);
}

static void expect_within(const struct protocol_packet *from, const struct job_spec *spec)
{
	const char *end = from->data + from->size;
	for (char *const *at = spec->argv; *at; at++)
		assert_true(*at >= from->data && *at + strlen(*at) < end);
	for (char *const *at = spec->envp; *at; at++)
		assert_true(*at >= from->data && *at + strlen(*at) < end);
	for (size_t i = 0; i < spec->file_count; i++)
		assert_in_range(spec->files[i].target, 0, JOB_TARGET_MAX);
}

/* Shortened at every byte, every byte with other values, wrong number of descriptors: refused or
 * decoded, never read out of bounds (the packet is copied to the end of an allocation of its own
 * size). */
static void test_garbled_message(void **state)
{
	(void)state;
	encode_sample();
	for (size_t size = 0; size < packet.size; size++) {
		broken = packet;
		broken.size = size;
		assert_int_equal(protocol_decode_start(&broken, &decoded), -EPROTO);
		uint32_t claimed = (uint32_t)size;
		memcpy(broken.data + offsetof(struct protocol_header, size), &claimed,
			sizeof claimed);
		assert_int_equal(protocol_decode_start(&broken, &decoded), -EPROTO);
	}
	static const unsigned char values[] = {0, 1, 2, 8, 9, 15, 16, 64, 127, 128, 255};
	for (size_t i = 0; i < packet.size; i++) {
		for (size_t v = 0; v < sizeof values; v++) {
			size_t used = packet.size;
			memcpy(broken.data, packet.data, used);
			broken.size = used;
			broken.fds.count = packet.fds.count;
			broken.data[i] = (char)values[v];
			int r = protocol_decode_start(&broken, &decoded);
			if (i < offsetof(struct protocol_header, sequence) &&
				values[v] != (unsigned char)packet.data[i])
				assert_int_equal(r, -EPROTO);
			else
				assert_true(r == 0 || r == -EPROTO);
			if (r == 0)
				assert_in_range(decoded.spec.confinement.level,
					JOB_CONFINE_STANDARD, JOB_CONFINE_STRICT);
			if (r == 0)
				expect_within(&broken, &decoded.spec);
		}
	}
	packet.fds.count = 2;
	assert_int_equal(protocol_decode_start(&packet, &decoded), -EPROTO);
	packet.fds.count = 4;
	assert_int_equal(protocol_decode_start(&packet, &decoded), -EPROTO);
}

static void test_message_rules(void **state)
{
	(void)state;
	char buffer[512];
	char *const argv[] = {"x", NULL};
	char *const none[] = {NULL};
	struct job_file files[JOB_FILES_MAX + 1] = {{0, 3}, {0, 3}};
	struct job_spec spec = {.program = "/x", .argv = argv, .files = files, .file_count = 2};
	assert_int_equal(protocol_encode_start(&spec, false, 1, buffer, sizeof buffer), -EINVAL);
	files[1].target = JOB_TARGET_MAX + 1;
	assert_int_equal(protocol_encode_start(&spec, false, 1, buffer, sizeof buffer), -EINVAL);
	files[1].target = -1;
	assert_int_equal(protocol_encode_start(&spec, false, 1, buffer, sizeof buffer), -EINVAL);
	spec.file_count = JOB_FILES_MAX + 1;
	assert_int_equal(protocol_encode_start(&spec, false, 1, buffer, sizeof buffer), -EINVAL);
	spec.file_count = 0;
	assert_true(protocol_encode_start(&spec, false, 1, buffer, sizeof buffer) > 0);
	assert_int_equal(protocol_encode_start(&spec, false, 1, buffer, 20), -E2BIG);
	assert_int_equal(protocol_encode_start(&spec, true, 1, buffer, sizeof buffer), -EINVAL);
	spec.nice = JOB_NICE_MAX + 1;
	assert_int_equal(protocol_encode_start(&spec, false, 1, buffer, sizeof buffer), -EINVAL);
	spec.nice = 0;
	spec.confinement.level = JOB_CONFINE_STRICT + 1;
	assert_int_equal(protocol_encode_start(&spec, false, 1, buffer, sizeof buffer), -EINVAL);
	spec.confinement.level = JOB_CONFINE_OFF;
	spec.argv = none;
	assert_int_equal(protocol_encode_start(&spec, false, 1, buffer, sizeof buffer), -EINVAL);
	char **many = calloc(PROTOCOL_STRINGS_MAX + 2, sizeof *many);
	assert_non_null(many);
	for (size_t i = 0; i <= PROTOCOL_STRINGS_MAX; i++)
		many[i] = "a";
	spec.argv = many;
	assert_int_equal(
		protocol_encode_start(&spec, false, 1, packet.data, sizeof packet.data), -E2BIG);
	free(many);
}

/* Too long, too many descriptors, end of file; nothing may stay open. */
static void test_receive(void **state)
{
	(void)state;
	int pair[2];
	size_t fds = unit_count_of(getpid(), "fd");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	char *big = calloc(1, JOB_MESSAGE_MAX + 1);
	assert_non_null(big);
	int eight[JOB_FILES_MAX];
	for (int i = 0; i < JOB_FILES_MAX; i++)
		eight[i] = STDERR_FILENO;
	assert_int_equal(protocol_send(pair[0], big, JOB_MESSAGE_MAX + 1, eight, JOB_FILES_MAX), 0);
	assert_int_equal(protocol_receive(pair[1], &packet), -EPROTO);
	assert_int_equal(protocol_send(pair[0], big, JOB_MESSAGE_MAX, eight, JOB_FILES_MAX), 0);
	assert_int_equal(protocol_receive(pair[1], &packet), 1);
	assert_int_equal(packet.size, JOB_MESSAGE_MAX);
	assert_int_equal(packet.fds.count, JOB_FILES_MAX);
	assert_int_equal(fcntl(packet.fds.at[0], F_GETFD), FD_CLOEXEC);
	protocol_close(&packet);

	struct {
		_Alignas(struct cmsghdr) char data[CMSG_SPACE(sizeof(int) * 20)];
	} control = {0};
	struct iovec iov = {big, 1};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.data,
		.msg_controllen = sizeof control.data};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int) * 20);
	for (size_t i = 0; i < 20; i++)
		memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &eight[0], sizeof(int));
	assert_int_equal(sendmsg(pair[0], &message, 0), 1);
	assert_int_equal(protocol_receive(pair[1], &packet), -EPROTO);

	close(pair[0]);
	assert_int_equal(protocol_receive(pair[1], &packet), 0);
	assert_int_equal(protocol_send(pair[1], big, 1, NULL, 0), -EPIPE);
	close(pair[1]);
	free(big);
	assert_int_equal(unit_count_of(getpid(), "fd"), fds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_garbled_message),
		cmocka_unit_test(test_message_rules),
		cmocka_unit_test(test_receive),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
