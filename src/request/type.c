/* SPDX-License-Identifier: MIT */
/* A recipe need not say of which type its results are; the first bytes of a whole result tell. SVG
 * is the exception: a browser runs the scripts in it, so its recipe has to say that it makes SVG.
 */
#include "src/request/internal.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "src/source/sniff.h"

enum { LOOK_BYTES = 4096 };

static ssize_t read_beginning(
	struct request *request, int file, uint64_t size, unsigned char buffer[LOOK_BYTES])
{
	const char *body = request->delivery.body;
	size_t wanted = size < LOOK_BYTES ? (size_t)size : LOOK_BYTES;
	if (!body)
		return file >= 0 ? pread(file, buffer, wanted, 0)
				 : pump_peek(&request->delivery.run.work->pump, buffer, wanted);
	memcpy(buffer, body, wanted);
	return (ssize_t)wanted;
}

/* Once for each recipe: the log has a line for each request already. */
static void tell(const struct request *request, enum media_type type)
{
	const char *name = request->decision.recipe->name;
	if (!metrics_untyped(request->service->observer.metrics, name))
		return;
	log_warning("a result is sent as %s, because %s: give the recipe a `type` recipe=%s",
		request->decision.type,
		type == MEDIA_SVG ? "a browser runs the scripts in SVG"
				  : "its content does not show what it is",
		name);
}

void request_find_type(struct request *request, int file, uint64_t size)
{
	struct request_decision *decision = &request->decision;
	unsigned char buffer[LOOK_BYTES];
	if (!decision->sniffs)
		return;
	ssize_t have = read_beginning(request, file, size, buffer);
	enum media_type type = have > 0 ? sniff(buffer, (size_t)have).type : MEDIA_UNKNOWN;
	decision->type = media_content_type(type == MEDIA_SVG ? MEDIA_TEXT : type);
	decision->sniffs = false;
	if (type == MEDIA_UNKNOWN || type == MEDIA_SVG)
		tell(request, type);
}
