/* SPDX-License-Identifier: MIT */
/* A responder by libfcgi, on the listening socket that is its descriptor 0. It answers each request
 * with what it was asked. */
#include <fcgiapp.h>
#include <signal.h>
#include <stdlib.h>

#include "tests/reference/tell.h"

static void answer(FCGX_Request *request)
{
	char buffer[4096], *text = NULL;
	size_t length = 0;
	struct tell_body body = TELL_BODY_EMPTY;
	for (int n; (n = FCGX_GetStr(buffer, sizeof buffer, request->in)) > 0;)
		tell_body_add(&body, buffer, (size_t)n);
	FILE *out = open_memstream(&text, &length);
	if (!out)
		abort();
	for (char **param = request->envp; *param; param++)
		tell_param(out, *param);
	if (FCGX_GetError(request->in) != 0)
		fprintf(out, "error %d\n", FCGX_GetError(request->in));
	tell_body(out, &body);
	if (fclose(out) != 0)
		abort();
	FCGX_PutS("Content-Type: text/plain\r\n\r\n", request->out);
	FCGX_PutStr(text, (int)length, request->out);
	free(text);
}

int main(void)
{
	FCGX_Request request;
	signal(SIGPIPE, SIG_IGN);
	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0)
		return 1;
	while (FCGX_Accept_r(&request) >= 0)
		answer(&request);
	return 1;
}
