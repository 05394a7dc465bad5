/* SPDX-License-Identifier: MIT */
/* The contract with clients, in one table. nginx logs 499 for a client that hung up; it stands in
 * the log only. */
#include "src/http/outcome.h"

#include <errno.h>
#include <stddef.h>

static const struct {
	int status;
	const char *name;
	const char *message;
} table[] = {
	[OUTCOME_OK] = {200, "ok", ""},
	[OUTCOME_BAD_REQUEST] = {400, "bad-request", "the request is malformed"},
	[OUTCOME_NOT_FOUND] = {404, "not-found", "nothing here"},
	[OUTCOME_METHOD] = {405, "method", "only GET and HEAD are served here"},
	[OUTCOME_URI_TOO_LONG] = {414, "uri-too-long", "the URL is too long"},
	[OUTCOME_FIELDS_TOO_LARGE] = {431, "fields-too-large",
		"the request's header fields are too large"},
	[OUTCOME_PRECONDITION] = {412, "precondition", "it is not what the request expects"},
	[OUTCOME_RANGE] = {416, "range", "the range begins behind the end"},
	[OUTCOME_SOURCE_TOO_LARGE] = {413, "source-too-large",
		"the source is larger than is converted here"},
	[OUTCOME_SOURCE_TYPE] = {415, "source-type",
		"the source is of a type that is not converted here"},
	[OUTCOME_REFUSED] = {422, "refused", "the source could not be converted"},
	[OUTCOME_MAPPED] = {422, "mapped", "the source could not be converted"},
	[OUTCOME_NOT_INSTALLED] = {500, "not-installed", "the converter is not installed"},
	[OUTCOME_INTERNAL] = {500, "internal", "the conversion could not be started or kept"},
	[OUTCOME_STORAGE] = {500, "storage", "the source cannot be read at the moment"},
	[OUTCOME_STORAGE_TIMEOUT] = {503, "storage-timeout",
		"the source cannot be read at the moment; try again later"},
	[OUTCOME_CRASHED] = {502, "crashed", "the converter crashed"},
	[OUTCOME_LIMIT] = {507, "limit", "the conversion needs more than it may use"},
	[OUTCOME_NO_ROOM] = {507, "no-room", "there is no room for the conversion at the moment"},
	[OUTCOME_QUEUE_FULL] = {503, "queue-full",
		"too many conversions are waiting; try again later"},
	[OUTCOME_QUEUE_TIMEOUT] = {503, "queue-timeout",
		"the conversion waited too long; try again later"},
	[OUTCOME_CHANGING] = {503, "changing", "the source is being written to; try again later"},
	[OUTCOME_OVERLOADED] = {503, "overloaded", "too many requests; try again later"},
	[OUTCOME_DEADLINE] = {504, "deadline", "the conversion took too long"},
	[OUTCOME_CLIENT_GONE] = {499, "client-gone", ""},
	[OUTCOME_SEND_FAILED] = {499, "send-failed", ""},
};

enum outcome outcome_from_error(int error)
{
	switch (-error) {
	case EAGAIN:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case ETOOMANYREFS: /* too many descriptors of this user are under way between processes */
	case EPIPE:	   /* the spawner is gone; another one is being started */
		return OUTCOME_OVERLOADED;
	case ENOSPC:
	case EDQUOT:
		return OUTCOME_NO_ROOM;
	default:
		return OUTCOME_INTERNAL;
	}
}

int outcome_status(enum outcome outcome)
{
	return table[outcome].status;
}

const char *outcome_message(enum outcome outcome)
{
	return table[outcome].message;
}

const char *outcome_name(enum outcome outcome)
{
	return table[outcome].name;
}

const char *outcome_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{200, "OK"},
		{206, "Partial Content"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{416, "Range Not Satisfiable"},
		{422, "Unprocessable Content"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{507, "Insufficient Storage"},
	};
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Error";
}
