/* SPDX-License-Identifier: MIT */
/*
 * The names of the types: one table, because configuration, templates and Content-Type must agree.
 * The names are also what ImageMagick understands as `name:-` and FFmpeg mostly as `-f name`.
 */
#include "src/pure/sniff.h"

#include <string.h>

static const struct {
	const char *name;
	const char *media_type;
} types[SNIFF_TYPES] = {
	[SNIFF_UNKNOWN] = {"unknown", "application/octet-stream"},
	[SNIFF_JPEG] = {"jpeg", "image/jpeg"},
	[SNIFF_PNG] = {"png", "image/png"},
	[SNIFF_GIF] = {"gif", "image/gif"},
	[SNIFF_WEBP] = {"webp", "image/webp"},
	[SNIFF_TIFF] = {"tiff", "image/tiff"},
	[SNIFF_AVIF] = {"avif", "image/avif"},
	[SNIFF_HEIC] = {"heic", "image/heic"},
	[SNIFF_BMP] = {"bmp", "image/bmp"},
	[SNIFF_JXL] = {"jxl", "image/jxl"},
	[SNIFF_SVG] = {"svg", "image/svg+xml"},
	[SNIFF_PDF] = {"pdf", "application/pdf"},
	[SNIFF_MP4] = {"mp4", "video/mp4"},
	[SNIFF_MOV] = {"mov", "video/quicktime"},
	[SNIFF_WEBM] = {"webm", "video/webm"},
	[SNIFF_MKV] = {"mkv", "video/x-matroska"},
	[SNIFF_AVI] = {"avi", "video/x-msvideo"},
	[SNIFF_MPEG] = {"mpeg", "video/mpeg"},
	[SNIFF_MPEGTS] = {"mpegts", "video/mp2t"},
	[SNIFF_MP3] = {"mp3", "audio/mpeg"},
	[SNIFF_AAC] = {"aac", "audio/aac"},
	[SNIFF_FLAC] = {"flac", "audio/flac"},
	[SNIFF_OGG] = {"ogg", "audio/ogg"},
	[SNIFF_OPUS] = {"opus", "audio/ogg"},
	[SNIFF_WAV] = {"wav", "audio/wav"},
	[SNIFF_AIFF] = {"aiff", "audio/aiff"},
	[SNIFF_TEXT] = {"text", "text/plain"},
};

const char *sniff_name(enum sniff_type type)
{
	return types[(unsigned)type < SNIFF_TYPES ? type : SNIFF_UNKNOWN].name;
}

int sniff_from_name(const char *name)
{
	if (!strcmp(name, "jpg"))
		return SNIFF_JPEG;
	if (!strcmp(name, "tif"))
		return SNIFF_TIFF;
	for (int type = SNIFF_UNKNOWN + 1; type < SNIFF_TYPES; type++)
		if (!strcmp(name, types[type].name))
			return type;
	return -1;
}

const char *sniff_media_type(enum sniff_type type)
{
	return types[(unsigned)type < SNIFF_TYPES ? type : SNIFF_UNKNOWN].media_type;
}
