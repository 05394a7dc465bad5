/* SPDX-License-Identifier: MIT */
/*
 * Headers written by hand, so that each field is known, and lies about them. Every row is also cut
 * at every length and garbled with a fixed sequence, in a buffer of exactly that size: the
 * sanitizers watch the bounds.
 */
#include "src/source/sniff.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

struct row {
	const char *what;
	const char *data;
	size_t size;
	enum media_type type;
	uint64_t width, height;
};

#define ROW(what, data, ...)                                                                       \
	{                                                                                          \
		what, data, sizeof(data) - 1, __VA_ARGS__                                          \
	}

#define FTYP(major, other)                                                                         \
	"\0\0\0\x14"                                                                               \
	"ftyp" major "\0\0\0\0" other
#define ISPE(w, h)                                                                                 \
	"\0\0\0\x14"                                                                               \
	"ispe"                                                                                     \
	"\0\0\0\0" w h
#define APP1                                                                                       \
	"\xff\xe1\0\x10"                                                                           \
	"Exif\0\0\xff\xc0\0\x11\x08\0\1\0"
#define SOF(n) "\xff" n "\0\x11\x08\x02\x58\x03\x20\x03"
#define WEBP(chunk) "RIFF\x40\0\0\0WEBP" chunk
#define TS_PAD                                                                                     \
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" \
	"\xff"
#define TS_PACKET "\x47\x40\0\x10" TS_PAD TS_PAD TS_PAD TS_PAD TS_PAD TS_PAD TS_PAD TS_PAD

static const struct row rows[] = {
	ROW("empty", "", MEDIA_UNKNOWN, 0, 0),
	ROW("a zero", "\0", MEDIA_UNKNOWN, 0, 0),
	ROW("zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", MEDIA_UNKNOWN, 0, 0),
	/* JPEG */
	ROW("baseline", "\xff\xd8" SOF("\xc0"), MEDIA_JPEG, 800, 600),
	ROW("progressive behind a thumbnail", "\xff\xd8" APP1 SOF("\xc2"), MEDIA_JPEG, 800, 600),
	ROW("fill bytes", "\xff\xd8\xff\xff\xff" SOF("\xc1"), MEDIA_JPEG, 800, 600),
	ROW("tables first", "\xff\xd8\xff\xc4\0\4ab\xff\xdb\0\3z" SOF("\xc0"), MEDIA_JPEG, 800,
		600),
	ROW("junk between segments", "\xff\xd8\xff\xe0\0\2junk" SOF("\xc0"), MEDIA_JPEG, 800, 600),
	ROW("scan first", "\xff\xd8\xff\xda\0\2" SOF("\xc0"), MEDIA_JPEG, 0, 0),
	ROW("largest", "\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3", MEDIA_JPEG, 65535, 65535),
	ROW("segment longer than the file", "\xff\xd8\xff\xe0\xff\xff" SOF("\xc0"), MEDIA_JPEG, 0,
		0),
	ROW("segment of length 0", "\xff\xd8\xff\xe0\0\0" SOF("\xc0"), MEDIA_JPEG, 800, 600),
	ROW("only the marker", "\xff\xd8\xff", MEDIA_JPEG, 0, 0),
	ROW("no marker behind SOI", "\xff\xd8\x00\x00", MEDIA_UNKNOWN, 0, 0),
	/* PNG, GIF, BMP */
	ROW("png", "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\1\x2c\0\0\0\xc8\x08\2\0\0\0", MEDIA_PNG,
		300, 200),
	ROW("png as large as it can be",
		"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\xff\xff\xff\xff\xff\xff\xff\xff", MEDIA_PNG,
		4294967295, 4294967295),
	ROW("png cut", "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0", MEDIA_PNG, 0, 0),
	ROW("png without IHDR", "\x89PNG\r\n\x1a\n\0\0\0\x0dIDAT\0\0\1\x2c\0\0\0\xc8", MEDIA_PNG, 0,
		0),
	ROW("gif", "GIF89a\x2c\1\xc8\0\0\0\0", MEDIA_GIF, 300, 200),
	ROW("old gif", "GIF87a\xff\xff\xff\xff", MEDIA_GIF, 65535, 65535),
	ROW("no gif", "GIF88a\x2c\1\xc8\0\0\0\0", MEDIA_UNKNOWN, 0, 0),
	ROW("bmp", "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x2c\1\0\0\xc8\0\0\0", MEDIA_BMP, 300,
		200),
	ROW("bmp from the top", "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x2c\1\0\0\x38\xff\xff\xff",
		MEDIA_BMP, 300, 200),
	ROW("bmp of OS/2", "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x0c\0\0\0\x2c\1\xc8\0", MEDIA_BMP, 300,
		200),
	ROW("BM as a word", "BMW drives along the road to nowhere", MEDIA_TEXT, 0, 0),
	/* WebP */
	ROW("lossy", WEBP("VP8 \x20\0\0\0\0\0\0\x9d\1\x2a\x2c\1\xc8\0"), MEDIA_WEBP, 300, 200),
	ROW("lossy, scaled", WEBP("VP8 \x20\0\0\0\0\0\0\x9d\1\x2a\x2c\x41\xc8\x80"), MEDIA_WEBP,
		300, 200),
	ROW("lossless", WEBP("VP8L\x20\0\0\0\x2f\x2b\xc1\x31\0"), MEDIA_WEBP, 300, 200),
	ROW("extended", WEBP("VP8X\x0a\0\0\0\0\0\0\0\x2b\1\0\xc7\0\0"), MEDIA_WEBP, 300, 200),
	ROW("small canvas, large frame",
		WEBP("VP8X\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0VP8 "
		     "\x20\0\0\0\0\0\0\x9d\1\x2a\xff\x3f\xff\x3f"),
		MEDIA_WEBP, 16383, 16383),
	ROW("no frame", WEBP("XMP \x20\0\0\0"), MEDIA_WEBP, 0, 0),
	ROW("chunk of 4 GiB", WEBP("XMP \xff\xff\xff\xffVP8X"), MEDIA_WEBP, 0, 0),
	/* TIFF */
	ROW("little end",
		"II\x2a\0\x08\0\0\0\2\0\0\1\3\0\1\0\0\0\x2c\1\0\0\1\1\4\0\1\0\0\0\xc8\0\0\0",
		MEDIA_TIFF, 300, 200),
	ROW("big end", "MM\0\x2a\0\0\0\x08\0\2\1\0\0\3\0\0\0\1\1\x2c\0\0\1\1\0\4\0\0\0\1\0\0\0\xc8",
		MEDIA_TIFF, 300, 200),
	ROW("directory elsewhere", "II\x2a\0\xff\xff\xff\xff\2\0\0\1\3\0", MEDIA_TIFF, 0, 0),
	ROW("65535 entries", "MM\0\x2a\0\0\0\x08\xff\xff\1\0\0\3\0\0\0\1\1\x2c\0\0", MEDIA_TIFF,
		300, 0),
	ROW("BigTIFF", "II\x2b\0\x08\0\0\0\x10\0\0\0\0\0\0\0", MEDIA_TIFF, 0, 0),
	/* ISO base media */
	ROW("avif, a box that is too short ends the list",
		FTYP("avif",
			"mif1") "\0\0\0\x48meta\0\0\0\0"
				"\0\0\0\x3ciprp"
				"\0\0\0\x34ipco" ISPE("\0\0\0\x40", "\0\0\0\x40") "\0\0\0\4" ISPE(
					"\0\0\1\x2c", "\0\0\0\xc8"),
		MEDIA_AVIF, 64, 64),
	ROW("tiles and the whole",
		FTYP("mif1", "heic") "\0\0\0\x44meta\0\0\0\0"
				     "\0\0\0\x38iprp"
				     "\0\0\0\x30ipco" ISPE("\0\0\1\0", "\0\0\1\0")
					     ISPE("\0\0\x10\0", "\0\0\x0c\0"),
		MEDIA_HEIC, 4096, 3072),
	ROW("avif by its second brand", FTYP("mif1", "avif"), MEDIA_AVIF, 0, 0),
	ROW("boxes of 4 GiB",
		FTYP("heic", "heic") "\xff\xff\xff\xffmeta\0\0\0\0\xff\xff\xff\xffiprp"
				     "\xff\xff\xff\xffipco\xff\xff\xff\xffispe\0\0\0\0\xff\xff\xff"
				     "\xff\xff\xff\xff\xff",
		MEDIA_HEIC, 4294967295, 4294967295),
	ROW("a box of 2^64-1", FTYP("heic", "heic") "\0\0\0\1meta\xff\xff\xff\xff\xff\xff\xff\xff",
		MEDIA_HEIC, 0, 0),
	ROW("mp4", FTYP("isom", "mp42"), MEDIA_MP4, 0, 0),
	ROW("m4a", FTYP("M4A ", "isom"), MEDIA_MP4, 0, 0),
	ROW("mp4 whose version looks like a brand",
		"\0\0\0\x14"
		"ftypisomavifmp42",
		MEDIA_MP4, 0, 0),
	ROW("quicktime", FTYP("qt  ", "qt  "), MEDIA_MOV, 0, 0),
	ROW("old quicktime", "\0\0\0\x08wide\0\0\1\0mdat", MEDIA_MOV, 0, 0),
	ROW("a word that is a box", "Be fmoov", MEDIA_TEXT, 0, 0),
	ROW("free at the fifth", "It isfree of charge", MEDIA_TEXT, 0, 0),
	ROW("jxl, multiples of eight, square", "\xff\x0a\x7f\x10", MEDIA_JXL, 256, 256),
	ROW("jxl, 4:3 of 15 times eight", "\xff\x0a\xdd\x06\1\x50\1", MEDIA_JXL, 160, 120),
	ROW("jxl, both sides", "\xff\x0a\xc0\xb3\1\1\x4c\1", MEDIA_JXL, 161, 121),
	ROW("jxl, 3:2", "\xff\x0a\x31\7\1\x68\1", MEDIA_JXL, 300, 200),
	ROW("jxl, large", "\xff\x0a\xfa\x3b\x1b\1\xc0\2", MEDIA_JXL, 2560, 1920),
	ROW("jxl cut", "\xff\x0a\xfa", MEDIA_JXL, 0, 0),
	ROW("jxl in boxes, nothing in them", "\0\0\0\x0cJXL \x0d\x0a\x87\x0a", MEDIA_JXL, 0, 0),
	ROW("jxl in boxes",
		"\0\0\0\x0cJXL \x0d\x0a\x87\x0a\0\0\0\x14"
		"ftypjxl \0\0\0\0jxl \0\0\0\0jxlc\xff\x0a\x31\7\1\x68\1",
		MEDIA_JXL, 300, 200),
	ROW("jxl in boxes, in pieces",
		"\0\0\0\x0cJXL \x0d\x0a\x87\x0a\0\0\0\x18jxlp\0\0\0\0\xff\x0a\x31\7\1\x68\1",
		MEDIA_JXL, 300, 200),
	ROW("jxl, a box without a size", "\0\0\0\x0cJXL \x0d\x0a\x87\x0a\0\0\0\0free\0\0\0\x18jxlp",
		MEDIA_JXL, 0, 0),
	/* Sound and film */
	ROW("webm", "\x1a\x45\xdf\xa3\x93\x42\x86\x81\1\x42\xf7\x81\1\x42\x82\x84webm", MEDIA_WEBM,
		0, 0),
	ROW("mkv", "\x1a\x45\xdf\xa3\1\0\0\0\0\0\0\x0f\x42\x86\x81\1\x42\x82\x88matroska",
		MEDIA_MKV, 0, 0),
	ROW("ebml of another kind", "\x1a\x45\xdf\xa3\x87\x42\x82\x84none", MEDIA_UNKNOWN, 0, 0),
	ROW("ebml that never ends",
		"\x1a\x45\xdf\xa3\1\xff\xff\xff\xff\xff\xff\xff\x42\x86\1\xff\xff\xff\xff\xff\xff"
		"\xff",
		MEDIA_UNKNOWN, 0, 0),
	ROW("avi", "RIFF\0\0\0\0AVI LIST", MEDIA_AVI, 0, 0),
	ROW("wav", "RIFF\0\0\0\0WAVEfmt ", MEDIA_WAV, 0, 0),
	ROW("aiff", "FORM\0\0\0\0AIFFCOMM", MEDIA_AIFF, 0, 0),
	ROW("riff of another kind", "RIFF\0\0\0\0ACONanih", MEDIA_UNKNOWN, 0, 0),
	ROW("flac", "fLaC\0\0\0\x22", MEDIA_FLAC, 0, 0),
	ROW("ogg", "OggS\0\2\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\1\x1e\1vorbis", MEDIA_OGG, 0,
		0),
	ROW("opus", "OggS\0\2\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\1\x13OpusHead\1", MEDIA_OPUS,
		0, 0),
	ROW("mpeg", "\0\0\1\xba\x44\0\4\0", MEDIA_MPEG, 0, 0),
	ROW("mp3 with a tag", "ID3\4\0\0\0\0\0\x0a", MEDIA_MP3, 0, 0),
	ROW("a tag of no length", "ID3\4\0\0\x80\0\0\x0a", MEDIA_UNKNOWN, 0, 0),
	ROW("flac behind a tag", "ID3\4\0\0\0\0\0\1zfLaC", MEDIA_FLAC, 0, 0),
	/* MPEG 2 layer III, 8 kbit/s, 24 kHz: 24 bytes */
	ROW("two frames",
		"\xff\xf3\x14\xc0"
		"zzzzzzzzzzzzzzzzzzzz"
		"\xff\xf3\x14\xc0",
		MEDIA_MP3, 0, 0),
	ROW("one frame",
		"\xff\xf3\x14\xc0"
		"zzzzzzzzzzzzzzzzzzzz",
		MEDIA_UNKNOWN, 0, 0),
	ROW("reserved version",
		"\xff\xeb\x14\xc0"
		"zzzzzzzzzzzzzzzzzzzz"
		"\xff\xeb\x14\xc0",
		MEDIA_UNKNOWN, 0, 0),
	ROW("adts", "\xff\xf1\x50\x80\1\0\xfcz\xff\xf1\x50\x80\1\0\xfcz", MEDIA_AAC, 0, 0),
	ROW("adts behind a tag",
		"ID3\4\0\0\0\0\0\0\xff\xf1\x50\x80\1\0\xfcz\xff\xf1\x50\x80\1\0\xfcz", MEDIA_AAC, 0,
		0),
	ROW("adts once", "\xff\xf1\x50\x80\1\0\xfcz", MEDIA_UNKNOWN, 0, 0),
	ROW("text in UTF-16", "\xff\xfeh\0e\0l\0l\0o\0", MEDIA_UNKNOWN, 0, 0),
	ROW("transport stream", TS_PACKET TS_PACKET "\x47\x40\0\x10", MEDIA_MPEGTS, 0, 0),
	ROW("two packets", TS_PACKET TS_PACKET, MEDIA_UNKNOWN, 0, 0),
	ROW("fourth packet is none", TS_PACKET TS_PACKET TS_PACKET "zzzzz", MEDIA_UNKNOWN, 0, 0),
	ROW("pdf", "%PDF-1.7\n\xe2\xe3\xcf\xd3", MEDIA_PDF, 0, 0),
	/* Text */
	ROW("svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\">", MEDIA_SVG, 0, 0),
	ROW("svg with everything before it",
		"\xef\xbb\xbf <?xml version=\"1.0\"?>\n<!-- <html> -->\n<!DOCTYPE svg [ <!ENTITY a "
		"\">\"> ]>\r\n<svg>",
		MEDIA_SVG, 0, 0),
	ROW("svg with a prefix", "<svg:svg/>", MEDIA_SVG, 0, 0),
	ROW("no svg", "<svgx>", MEDIA_TEXT, 0, 0),
	ROW("svg in html", "<html><svg>", MEDIA_TEXT, 0, 0),
	ROW("comment without end", "<!-- <svg>", MEDIA_TEXT, 0, 0),
	ROW("doctype without end", "<!DOCTYPE svg [ <svg>", MEDIA_TEXT, 0, 0),
	ROW("text", "Hello\r\n\tworld\f\n", MEDIA_TEXT, 0, 0),
	ROW("one letter", "a", MEDIA_TEXT, 0, 0),
	ROW("utf-8", "\xe2\x82\xac \xf0\x9f\x90\xb0", MEDIA_TEXT, 0, 0),
	ROW("latin",
		"Gr\xfc\xdf"
		"e",
		MEDIA_TEXT, 0, 0),
	ROW("escape sequence", "a\x1b[2J", MEDIA_UNKNOWN, 0, 0),
	ROW("text with a zero", "Hello\0world", MEDIA_UNKNOWN, 0, 0),
	ROW("C1 controls", "a\x81\x82", MEDIA_UNKNOWN, 0, 0),
	ROW("playlist", "#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", MEDIA_TEXT, 0, 0),
	ROW("ppm", "P3 1 1 255 0 0 0\n", MEDIA_TEXT, 0, 0),
	ROW("script", "<?xml version=\"1.0\"?><image><read filename=\"x\"/></image>", MEDIA_TEXT, 0,
		0),
};

/* A buffer that ends where the data ends. */
static struct sniff sniff_exactly(const void *data, size_t size)
{
	unsigned char *copy = malloc(size ? size : 1);
	memcpy(copy, data, size);
	struct sniff result = sniff(copy, size);
	free(copy);
	return result;
}

static void headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct sniff result = sniff_exactly(row->data, row->size);
		if (result.type != row->type || result.width != row->width ||
			result.height != row->height)
			fail_msg("%s: %s %lux%lu", row->what, media_name(result.type),
				(unsigned long)result.width, (unsigned long)result.height);
	}
}

static void cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		for (size_t size = 0; size < rows[i].size; size++) {
			struct sniff result = sniff_exactly(rows[i].data, size);
			assert_true((unsigned)result.type < MEDIA_TYPES);
			/* A side is never made up from half of its bytes. */
			assert_true(result.width == 0 || result.width <= rows[i].width ||
				    rows[i].type == MEDIA_AVIF);
		}
	}
}

static void garbled(void **state)
{
	(void)state;
	uint32_t random = 20240229;
	for (unsigned round = 0; round < 60000; round++) {
		const struct row *row = &rows[round % UNIT_COUNT(rows)];
		if (row->size == 0)
			continue;
		unsigned char data[1024];
		assert_true(row->size < sizeof data);
		memcpy(data, row->data, row->size);
		for (unsigned n = 0; n < 1 + round % 4; n++) {
			random = random * 1664525 + 1013904223;
			data[(random >> 16) % row->size] = (unsigned char)(random >> 8);
		}
		struct sniff result = sniff_exactly(data, row->size);
		assert_true((unsigned)result.type < MEDIA_TYPES);
		assert_true(result.width <= (uint64_t)1 << 32);
	}
}

/* Only the head decides whether something is text; a character may be cut there. */
static void long_text(void **state)
{
	(void)state;
	unsigned char *data = malloc(SNIFF_BYTES);
	memset(data, 'a', SNIFF_BYTES);
	data[4095] = 0xe2;
	data[4096] = 0;
	assert_int_equal(sniff(data, SNIFF_BYTES).type, MEDIA_TEXT);
	data[4095] = 0;
	assert_int_equal(sniff(data, SNIFF_BYTES).type, MEDIA_UNKNOWN);
	/* Text that has the letter of a transport stream's sync at the right places. */
	memset(data, ' ', SNIFF_BYTES);
	for (size_t at = 0; at < SNIFF_BYTES; at += 188)
		memcpy(data + at, "Gaz0", 4);
	assert_int_equal(sniff(data, SNIFF_BYTES).type, MEDIA_TEXT);
	free(data);
}

static void names(void **state)
{
	(void)state;
	for (int type = MEDIA_UNKNOWN + 1; type < MEDIA_TYPES; type++) {
		assert_int_equal(media_from_name(media_name((enum media_type)type)), type);
		assert_non_null(strchr(media_content_type((enum media_type)type), '/'));
	}
	assert_int_equal(media_from_name("jpg"), MEDIA_JPEG);
	assert_int_equal(media_from_name("tif"), MEDIA_TIFF);
	assert_int_equal(media_from_name("unknown"), -1);
	assert_int_equal(media_from_name("JPEG"), -1);
	assert_int_equal(media_from_name(""), -1);
	assert_string_equal(media_name(MEDIA_UNKNOWN), "unknown");
	assert_string_equal(media_content_type(MEDIA_JPEG), "image/jpeg");
	assert_string_equal(media_content_type(MEDIA_UNKNOWN), "application/octet-stream");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(garbled),
		cmocka_unit_test(long_text),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
