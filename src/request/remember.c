/* SPDX-License-Identifier: MIT */
#include "src/request/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/cache/cache.h"
#include "src/request/reply.h"

/* Fills in the note's part about the result in the cache. A short result that the web server does
 * not send gets into the note with its content. Returns that content, to be freed, or NULL. */
static char *add_result(
	const struct config *config, struct memo_note *note, int file, uint64_t length)
{
	note->kept = cache_identify(file, &note->file) == 0 && note->file.length == length;
	if (!note->kept || length > REPLY_MEMORY_MAX || request_is_handed_over(config, length))
		return NULL;
	char *body = malloc(length ? length : 1);
	if (body && pread(file, body, length, 0) == (ssize_t)length)
		note->body = body;
	return body;
}

/* Whether the note by which the request was found says as much already. */
static bool is_remembered(const struct request_decision *decision, int file)
{
	const struct memo_note *note = decision->note;
	return note && file < 0 &&
	       !memcmp(note->identity.key, decision->identity.key, DIGEST_BYTES);
}

void request_remember(struct request *request, int file, uint64_t length)
{
	const struct request_decision *decision = &request->decision;
	const struct request_input *input = &request->input;
	const struct plan *plan = decision->plan;
	/* A modification time in the future is shown as the present, which goes on. A request whose
	 * source was searched for may have another source soon. */
	if (!request->service->memo || is_remembered(decision, file) || plan->searched ||
		!decision->identity.settled ||
		!source_is_local(request->config->root, &plan->source))
		return;
	struct memo_note found = {
		.recipe = plan->recipe,
		.type = decision->type,
		.sniffs = decision->sniffs,
		.negotiated = plan->negotiated,
		.source = plan->source.stat,
		.identity = decision->identity,
		.name = plan->source_name,
	};
	char *body = file >= 0 ? add_result(request->config, &found, file, length) : NULL;
	memo_keep(request->service->memo, request->config, input->uri,
		fcgi_connection_param(input->connection, "HTTP_ACCEPT"), &found);
	free(body);
}
