/* SPDX-License-Identifier: MIT */
#ifndef SRC_HTTP_MEDIA_TYPE_H
#define SRC_HTTP_MEDIA_TYPE_H

/*
 * The types of content that sluice tells apart, with their names in sluice.conf and their media
 * types (RFC 9110 §8.3.1). Pure, any thread.
 */

enum media_type {
	MEDIA_UNKNOWN = 0,
	MEDIA_JPEG,
	MEDIA_PNG,
	MEDIA_GIF,
	MEDIA_WEBP,
	MEDIA_TIFF,
	MEDIA_AVIF,
	MEDIA_HEIC,
	MEDIA_BMP,
	MEDIA_JXL,
	MEDIA_SVG,
	MEDIA_PDF,
	MEDIA_MP4, /* ISO base media that is no picture: mp4, m4a, m4v */
	MEDIA_MOV, /* QuickTime */
	MEDIA_WEBM,
	MEDIA_MKV,
	MEDIA_AVI,
	MEDIA_MPEG, /* program stream */
	MEDIA_MPEGTS,
	MEDIA_MP3,
	MEDIA_AAC, /* ADTS */
	MEDIA_FLAC,
	MEDIA_OGG,
	MEDIA_OPUS, /* Ogg with OpusHead */
	MEDIA_WAV,
	MEDIA_AIFF,
	MEDIA_TEXT, /* nothing of the above, and valid text; never a picture */
	MEDIA_TYPES,
};

/* "jpeg"; MEDIA_UNKNOWN: "unknown". */
const char *media_name(enum media_type type);
/* -1: there is no such type. "jpg" and "tif" are understood, too. */
int media_from_name(const char *name);
/* "image/jpeg"; MEDIA_UNKNOWN: "application/octet-stream". */
const char *media_content_type(enum media_type type);

#endif
