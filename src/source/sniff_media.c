/* SPDX-License-Identifier: MIT */
/*
 * Sound and film. Formats without a signature (MP3, ADTS, transport streams) are believed only when
 * a second frame stands where the first one says: eleven set bits are found in any file.
 */
#include "src/source/sniff_bytes.h"

enum { ZEROS_MIN = 8 };

/* An EBML number (RFC 8794 §4): its length in bytes, 0 when it does not fit; the marker bit is
 * taken off for sizes. */
static unsigned read_ebml(struct bytes bytes, size_t at, bool keep_marker, uint64_t *value)
{
	unsigned char first = (unsigned char)bytes_big(bytes, at, 1);
	unsigned width = 1;
	while (width <= 8 && !(first & (0x100 >> width)))
		width++;
	if (width > 8 || at > bytes.size || width > bytes.size - at)
		return 0;
	*value = bytes_big(bytes, at, width);
	if (!keep_marker)
		*value &= ((uint64_t)1 << 7 * width) - 1;
	return width;
}

/* DocType in the EBML header says which of the two it is. */
static enum media_type ebml_type(struct bytes bytes)
{
	uint64_t size = 0, id = 0;
	unsigned width = read_ebml(bytes, 4, false, &size);
	struct bytes header = bytes_cut(bytes, 4 + width, size);
	for (size_t at = 0; width && at < header.size; at += (size_t)size) {
		unsigned id_width = read_ebml(header, at, true, &id);
		unsigned size_width = read_ebml(header, at + id_width, false, &size);
		if (!id_width || !size_width || size > header.size)
			break;
		at += id_width + size_width;
		if (id == 0x4282)
			return bytes_have(bytes_cut(header, at, size), 0, "webm") ? MEDIA_WEBM
			       : bytes_have(bytes_cut(header, at, size), 0, "matroska")
				       ? MEDIA_MKV
				       : MEDIA_UNKNOWN;
	}
	return MEDIA_UNKNOWN;
}

static enum media_type ogg_type(struct bytes bytes)
{
	/* The first packet stands behind the table of segments (RFC 3533 §6). */
	size_t packet = 27 + (size_t)bytes_big(bytes, 26, 1);
	return bytes_have(bytes, packet, "OpusHead") ? MEDIA_OPUS : MEDIA_OGG;
}

bool sniff_container(struct bytes bytes, struct sniff *result)
{
	if (bytes_have(bytes, 0, "%PDF-"))
		result->type = MEDIA_PDF;
	else if (bytes_have(bytes, 0, "\x1a\x45\xdf\xa3"))
		result->type = ebml_type(bytes);
	else if (bytes_have(bytes, 0, "RIFF") && bytes_have(bytes, 8, "AVI "))
		result->type = MEDIA_AVI;
	else if ((bytes_have(bytes, 0, "RIFF") || bytes_have(bytes, 0, "RF64")) &&
		 bytes_have(bytes, 8, "WAVE"))
		result->type = MEDIA_WAV;
	else if (bytes_have(bytes, 0, "FORM") &&
		 (bytes_have(bytes, 8, "AIFF") || bytes_have(bytes, 8, "AIFC")))
		result->type = MEDIA_AIFF;
	else if (bytes_have(bytes, 0, "fLaC"))
		result->type = MEDIA_FLAC;
	else if (bytes_have(bytes, 0, "OggS\0"))
		result->type = ogg_type(bytes);
	else if (bytes_have(bytes, 0, "\0\0\1\xba") || bytes_have(bytes, 0, "\0\0\1\xb3"))
		result->type = MEDIA_MPEG;
	return result->type != MEDIA_UNKNOWN;
}

/* Bytes of the MPEG audio frame (ISO/IEC 11172-3 §2.4.2.3) at `at`; 0 when there is no valid
 * header. */
static size_t mpeg_audio_frame(struct bytes bytes, size_t at)
{
	static const unsigned short rates[2][3][15] = {
		/* MPEG 1, layers I to III */
		{{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
			{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
			{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}},
		/* MPEG 2 and 2.5 */
		{{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
			{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
			{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}},
	};
	static const unsigned samples[3] = {44100, 48000, 32000};
	uint32_t header = (uint32_t)bytes_big(bytes, at, 4);
	if (header >> 21 != 0x7ff)
		return 0;
	unsigned version = header >> 19 & 3; /* 3: MPEG 1, 2: MPEG 2, 0: 2.5, 1: reserved */
	unsigned layer = 4 - (header >> 17 & 3);
	unsigned rate = header >> 12 & 15, frequency = header >> 10 & 3;
	if (version == 1 || layer == 4 || rate == 0 || rate == 15 || frequency == 3)
		return 0;
	unsigned bits = rates[version != 3][layer - 1][rate] * 1000u;
	unsigned hz = samples[frequency] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
	unsigned padding = header >> 9 & 1;
	if (layer == 1)
		return (12 * bits / hz + padding) * 4;
	return (layer == 3 && version != 3 ? 72 : 144) * bits / hz + padding;
}

/* Bytes of the ADTS frame (ISO/IEC 13818-7 §6.2) at `at`; 0 when there is no valid header. */
static size_t adts_frame(struct bytes bytes, size_t at)
{
	uint64_t header = bytes_big(bytes, at, 7);
	if (header >> 44 != 0xfff || (header >> 41 & 3) != 0 || (header >> 34 & 15) > 12)
		return 0;
	size_t size = header >> 13 & 0x1fff;
	return size >= 7 ? size : 0;
}

static bool repeats(struct bytes bytes, size_t at, size_t (*frame)(struct bytes, size_t))
{
	size_t first = frame(bytes, at);
	return first > 0 && frame(bytes, at + first) > 0;
}

/* Zeros in front, as some encoders and splitters leave them: players step over them. */
static bool repeats_behind_zeros(struct bytes bytes, size_t (*frame)(struct bytes, size_t))
{
	size_t at = 0;
	while (at < bytes.size && bytes.data[at] == 0)
		at++;
	size_t second = at + frame(bytes, at);
	return at >= ZEROS_MIN && second > at && repeats(bytes, second, frame);
}

/* The size of an ID3v2 tag with its header; 0 when there is none. */
static size_t id3_size(struct bytes bytes)
{
	if (!bytes_have(bytes, 0, "ID3") || bytes.size < 10 || bytes.data[3] == 0xff ||
		bytes.data[4] == 0xff)
		return 0;
	size_t size = 0;
	for (size_t i = 6; i < 10; i++) {
		if (bytes.data[i] & 0x80)
			return 0;
		size = size << 7 | bytes.data[i];
	}
	return size + 10 + (bytes.data[5] & 0x10 ? 10 : 0);
}

static bool is_transport_stream(struct bytes bytes, size_t first, size_t packet)
{
	size_t at = first;
	for (unsigned n = 0; n < 5 && (n < 3 || at < bytes.size); n++, at += packet) {
		/* Sync, no error, and a payload or adaptation field (ISO/IEC 13818-1 §2.4.3.2). */
		uint64_t header = bytes_big(bytes, at, 4);
		if (header >> 24 != 0x47 || (header & 0x30) == 0)
			return false;
	}
	struct sniff text;
	return !sniff_text(bytes, &text);
}

bool sniff_stream(struct bytes bytes, struct sniff *result)
{
	size_t tag = id3_size(bytes);
	if (tag > 0 && bytes_have(bytes, tag, "fLaC"))
		result->type = MEDIA_FLAC;
	else if (tag > 0 && repeats(bytes, tag, adts_frame))
		result->type = MEDIA_AAC;
	else if (tag > 0 || repeats(bytes, 0, mpeg_audio_frame))
		result->type = MEDIA_MP3;
	else if (repeats(bytes, 0, adts_frame))
		result->type = MEDIA_AAC;
	else if (repeats_behind_zeros(bytes, mpeg_audio_frame))
		result->type = MEDIA_MP3;
	else if (is_transport_stream(bytes, 0, 188) || is_transport_stream(bytes, 4, 192))
		result->type = MEDIA_MPEGTS;
	return result->type != MEDIA_UNKNOWN;
}
