/* SPDX-License-Identifier: MIT */
/*
 * One table of the types, because configuration, templates and Content-Type must agree. ImageMagick
 * understands the names as `name:-`, and FFmpeg most of them as `-f name`.
 */
#include "src/http/media_type.h"

#include <string.h>

static const struct {
	const char *name;
	const char *media_type;
} types[MEDIA_TYPES] = {
	[MEDIA_UNKNOWN] = {"unknown", "application/octet-stream"},
	[MEDIA_JPEG] = {"jpeg", "image/jpeg"},
	[MEDIA_PNG] = {"png", "image/png"},
	[MEDIA_GIF] = {"gif", "image/gif"},
	[MEDIA_WEBP] = {"webp", "image/webp"},
	[MEDIA_TIFF] = {"tiff", "image/tiff"},
	[MEDIA_AVIF] = {"avif", "image/avif"},
	[MEDIA_HEIC] = {"heic", "image/heic"},
	[MEDIA_BMP] = {"bmp", "image/bmp"},
	[MEDIA_JXL] = {"jxl", "image/jxl"},
	[MEDIA_SVG] = {"svg", "image/svg+xml"},
	[MEDIA_PDF] = {"pdf", "application/pdf"},
	[MEDIA_MP4] = {"mp4", "video/mp4"},
	[MEDIA_MOV] = {"mov", "video/quicktime"},
	[MEDIA_WEBM] = {"webm", "video/webm"},
	[MEDIA_MKV] = {"mkv", "video/x-matroska"},
	[MEDIA_AVI] = {"avi", "video/x-msvideo"},
	[MEDIA_MPEG] = {"mpeg", "video/mpeg"},
	[MEDIA_MPEGTS] = {"mpegts", "video/mp2t"},
	[MEDIA_MP3] = {"mp3", "audio/mpeg"},
	[MEDIA_AAC] = {"aac", "audio/aac"},
	[MEDIA_FLAC] = {"flac", "audio/flac"},
	[MEDIA_OGG] = {"ogg", "audio/ogg"},
	[MEDIA_OPUS] = {"opus", "audio/ogg"},
	[MEDIA_WAV] = {"wav", "audio/wav"},
	[MEDIA_AIFF] = {"aiff", "audio/aiff"},
	[MEDIA_TEXT] = {"text", "text/plain"},
};

const char *media_name(enum media_type type)
{
	return types[(unsigned)type < MEDIA_TYPES ? type : MEDIA_UNKNOWN].name;
}

int media_from_name(const char *name)
{
	if (!strcmp(name, "jpg"))
		return MEDIA_JPEG;
	if (!strcmp(name, "tif"))
		return MEDIA_TIFF;
	for (int type = MEDIA_UNKNOWN + 1; type < MEDIA_TYPES; type++)
		if (!strcmp(name, types[type].name))
			return type;
	return -1;
}

const char *media_content_type(enum media_type type)
{
	return types[(unsigned)type < MEDIA_TYPES ? type : MEDIA_UNKNOWN].media_type;
}
