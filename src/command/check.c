/* SPDX-License-Identifier: MIT */
#include "src/command/check.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "src/command/quoted.h"
#include "src/command/render.h"

struct answer {
	int status;
	uint64_t bytes;
	char type[128];
	char error[256]; /* the beginning of the body, for an error */
	size_t error_length;
};

static void take_field(void *data, const char *line)
{
	static const char name[] = "Content-Type:";
	struct answer *answer = data;
	if (strncasecmp(line, name, sizeof name - 1) == 0)
		snprintf(answer->type, sizeof answer->type, "%s",
			line + sizeof name - 1 + strspn(line + sizeof name - 1, " "));
}

static int take_body(void *data, const void *bytes, size_t size)
{
	struct answer *answer = data;
	size_t room = sizeof answer->error - 1 - answer->error_length;
	size_t taken = size < room ? size : room;
	answer->bytes += size;
	if (answer->status / 100 != 2) {
		memcpy(answer->error + answer->error_length, bytes, taken);
		answer->error_length += taken;
	}
	return 0;
}

/* Returns the status, which is 502 for an answer that broke off. */
static int check(
	struct service *service, struct config *config, const char *url, const char *accept)
{
	struct answer answer = {0};
	const struct fcgi_client_sink sink = {
		.status = &answer.status, .data = &answer, .field = take_field, .body = take_body};
	int r = render_request(service, config, url, accept, &sink);
	bool good = r == 0 && answer.status / 100 == 2;
	int status = r == 0 || answer.status / 100 != 2 ? answer.status : 502;
	printf("%d ", status ? status : 500);
	quoted_put_shell(url);
	if (good)
		printf(" %s %" PRIu64 " bytes\n", answer.type, answer.bytes);
	else if (r < 0)
		printf(" the answer broke off: %s\n", strerror(-r));
	else
		printf(" %.*s\n", (int)strcspn(answer.error, "\n"), answer.error);
	fflush(stdout);
	return status ? status : 500;
}

struct checks {
	const struct command_line *line;
	int worst;
};

static int check_all(void *data, struct service *service, struct config *config)
{
	struct checks *checks = data;
	const struct command_line *line = checks->line;
	const char *accept = command_line_accept(line);
	for (int i = 0; i < line->operand_count; i++) {
		int status = check(service, config, line->operands[i], accept);
		checks->worst = status > checks->worst ? status : checks->worst;
	}
	return checks->worst / 100 == 2 ? COMMAND_GOOD : checks->worst / 100;
}

int check_run(const struct command_line *line)
{
	struct checks checks = {.line = line};
	log_set_level(LOG_LEVEL_WARNING);
	return render_with_service(line, check_all, &checks);
}
