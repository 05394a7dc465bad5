/* SPDX-License-Identifier: MIT */
/*
 * What pictures say of themselves, in files that are built here: whole, cut at every length, and
 * garbled with a fixed sequence. They are read from buffers of exactly their size.
 */
#include "src/source/picture.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

struct file {
	unsigned char data[4096];
	size_t size;
};

struct exact {
	unsigned char *data;
	size_t size;
};

static unsigned reads;

static size_t read_exact(void *data, uint64_t at, void *buffer, size_t size)
{
	const struct exact *exact = data;
	reads++;
	if (at >= exact->size)
		return 0;
	size_t left = exact->size - (size_t)at, n = left < size ? left : size;
	memcpy(buffer, exact->data + at, n);
	return n;
}

static struct picture look_at(const struct file *file, size_t size, enum media_type type)
{
	struct exact exact = {malloc(size ? size : 1), size};
	assert_non_null(exact.data);
	memcpy(exact.data, file->data, size);
	reads = 0;
	struct picture picture = picture_look(type, &(struct picture_reader){read_exact, &exact});
	free(exact.data);
	assert_in_range(reads, 0, PICTURE_READS);
	assert_in_range(picture.orientation, 0, 8);
	return picture;
}

/* The whole file; before that all beginnings of it, which only have to end. */
static struct picture look(const struct file *file, enum media_type type)
{
	for (size_t size = 0; size < file->size; size++)
		look_at(file, size, type);
	uint32_t random = 1;
	for (int round = 0; round < 200; round++) {
		struct file garbled = *file;
		for (int i = 0; i < 4; i++) {
			random = random * 1664525 + 1013904223;
			garbled.data[(random >> 8) % garbled.size] = (unsigned char)(random >> 24);
		}
		look_at(&garbled, garbled.size, type);
	}
	return look_at(file, file->size, type);
}

static void put(struct file *file, const void *data, size_t size)
{
	assert_true(file->size + size <= sizeof file->data);
	memcpy(file->data + file->size, data, size);
	file->size += size;
}

#define PUT(file, literal) put(file, literal, sizeof(literal) - 1)

/* More than eight bytes: zeros behind, or before, the number. */
static void put_number(struct file *file, uint64_t value, unsigned width, bool little)
{
	for (unsigned i = 0; i < width; i++) {
		unsigned place = little ? i : width - 1 - i;
		put(file, &(unsigned char){place < 8 ? (unsigned char)(value >> 8 * place) : 0}, 1);
	}
}

/* A directory with one entry: the orientation. */
static void put_exif(struct file *file, unsigned orientation, bool little)
{
	put(file, little ? "II*\0" : "MM\0*", 4);
	put_number(file, 8, 4, little);
	put_number(file, 1, 2, little);
	put_number(file, 274, 2, little);
	put_number(file, 3, 2, little);
	put_number(file, 1, 4, little);
	put_number(file, orientation, 2, little);
	put_number(file, 0, 6, little);
}

/* The header of a profile with one tag. */
static void put_profile(struct file *file, const char *space)
{
	size_t at = file->size;
	put_number(file, 132, 4, false);
	while (file->size < at + 132)
		PUT(file, "\0");
	memcpy(file->data + at + 16, space, 4);
	memcpy(file->data + at + 36, "acsp", 4);
	file->data[at + 131] = 1;
}

static void jpeg(void **state)
{
	(void)state;
	for (unsigned orientation = 1; orientation <= 9; orientation++) {
		struct file file = {.size = 0};
		PUT(&file, "\xff\xd8\xff\xe0\0\4ab\xff\xe1\0\x22"
			   "Exif\0\0");
		put_exif(&file, orientation, orientation % 2);
		PUT(&file, "\xff\xe2\0\x94ICC_PROFILE\0\1\1");
		put_profile(&file, orientation == 5 ? "CMYK" : "RGB ");
		PUT(&file, "\xff\xc0\0\x11\x08\0\x3c\0\x50\3......... \xff\xda\0\2");
		struct picture picture = look(&file, MEDIA_JPEG);
		assert_int_equal(picture.orientation, orientation < 9 ? orientation : 1);
		assert_int_equal(picture.profile, orientation != 5);
		assert_true(picture.plain && !picture.alpha && picture.frames == 1);
	}
}

static void put_chunk(struct file *file, const char *type, const struct file *body)
{
	put_number(file, body->size, 4, false);
	put(file, type, 4);
	put(file, body->data, body->size);
	PUT(file, "crcs");
}

static void put_png(struct file *file, char colours)
{
	struct file ihdr = {.size = 0};
	PUT(&ihdr, "\0\0\0\x50\0\0\0\x3c\x08");
	put(&ihdr, &colours, 1);
	PUT(&ihdr, "\0\0\0");
	file->size = 0;
	PUT(file, "\x89PNG\r\n\x1a\n");
	put_chunk(file, "IHDR", &ihdr);
}

static void png(void **state)
{
	(void)state;
	struct file file, exif = {.size = 0}, none = {.size = 0}, moving = {.size = 0};
	put_exif(&exif, 6, true);
	put_number(&moving, 3, 4, false);
	put_number(&moving, 0, 4, false);
	put_png(&file, 2);
	put_chunk(&file, "IDAT", &none);
	put_chunk(&file, "eXIf", &exif);   /* behind the pixels */
	put_chunk(&file, "acTL", &moving); /* too late to count */
	put_chunk(&file, "IEND", &none);
	struct picture picture = look(&file, MEDIA_PNG);
	assert_int_equal(picture.orientation, 6);
	assert_true(picture.frames == 1 && picture.plain && !picture.alpha);
	put_png(&file, 6);
	put_chunk(&file, "iCCP", &none);
	put_chunk(&file, "acTL", &moving);
	put_chunk(&file, "IDAT", &none);
	put_chunk(&file, "IEND", &none);
	picture = look(&file, MEDIA_PNG);
	assert_true(picture.alpha && picture.profile && !picture.plain);
	assert_int_equal(picture.frames, 3);
	put_png(&file, 3);
	put_chunk(&file, "tRNS", &none);
	assert_true(look(&file, MEDIA_PNG).alpha);
}

static void put_riff(struct file *file, const char *type, const struct file *body)
{
	put(file, type, 4);
	put_number(file, body->size, 4, true);
	put(file, body->data, body->size);
	if (body->size % 2)
		PUT(file, "\0");
	memcpy(file->data + 4,
		(unsigned char[]){(unsigned char)(file->size - 8),
			(unsigned char)((file->size - 8) >> 8), 0, 0},
		4);
}

static void webp(void **state)
{
	(void)state;
	struct file file = {.size = 0}, head = {.size = 0}, exif = {.size = 0}, part = {.size = 0},
		    whole = {.size = 0};
	put_number(&head, 0x12, 4, true);
	put_number(&head, 79, 3, true);
	put_number(&head, 59, 3, true);
	put_exif(&exif, 8, false);
	put_number(&part, 10, 3, true);
	put_number(&part, 0, 3, true);
	put_number(&part, 19, 3, true);
	put_number(&part, 99, 3, true);
	put_number(&part, 100, 4, true);
	put_number(&whole, 0, 6, true);
	put_number(&whole, 79, 3, true);
	put_number(&whole, 59, 3, true);
	put_number(&whole, 100, 4, true);
	PUT(&file, "RIFF....WEBP");
	put_riff(&file, "VP8X", &head);
	put_riff(&file, "ANMF", &part);
	put_riff(&file, "ANMF", &whole);
	put_riff(&file, "EXIF", &exif);
	struct picture picture = look(&file, MEDIA_WEBP);
	assert_int_equal(picture.orientation, 8);
	assert_int_equal(picture.frames, 2);
	assert_true(picture.alpha && picture.canvas && !picture.cut);
	/* A frame is higher than the canvas. */
	assert_true(picture.width == 80 && picture.height == 100);
	assert_true(look_at(&file, file.size - 1, MEDIA_WEBP).cut);
}

struct frame {
	unsigned x, width, disposal;
	bool see_through;
};

static void put_gif(struct file *file, const struct frame *frames, size_t count)
{
	file->size = 0;
	PUT(file, "GIF89a\x50\0\x3c\0\x80\0\0......");
	for (size_t i = 0; i < count; i++) {
		PUT(file, "\x21\xf9\4");
		put_number(file, frames[i].disposal << 2 | frames[i].see_through, 1, true);
		PUT(file, "\x0a\0\0\0\x2c");
		put_number(file, frames[i].x, 2, true);
		put_number(file, 0, 2, true);
		put_number(file, frames[i].width, 2, true);
		put_number(file, 60, 2, true);
		PUT(file, "\0\2\3...\1.\0");
	}
	PUT(file, ";");
}

static void gif(void **state)
{
	(void)state;
	static const struct {
		struct frame frames[3];
		size_t count;
		bool plain, alpha, canvas;
	} rows[] = {
		{{{0, 80, 0, false}}, 1, true, false, false},
		{{{0, 80, 0, true}}, 1, true, true, false},
		{{{40, 40, 0, false}}, 1, true, true, true},
		{{{0, 80, 1, false}, {0, 80, 1, false}, {0, 80, 3, false}}, 3, true, false, false},
		/* Cleared without a transparent colour: harmless where the next one covers it. */
		{{{0, 80, 2, false}, {0, 80, 0, false}}, 2, true, false, false},
		{{{0, 80, 2, false}, {0, 40, 0, false}}, 2, false, false, false},
		{{{0, 80, 2, false}, {0, 80, 0, true}}, 2, false, true, false},
		{{{0, 80, 2, true}, {0, 40, 0, false}}, 2, true, true, false},
	};
	static struct file file;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		put_gif(&file, rows[i].frames, rows[i].count);
		struct picture picture = look(&file, MEDIA_GIF);
		assert_int_equal(picture.frames, rows[i].count);
		assert_int_equal(picture.plain, rows[i].plain);
		assert_int_equal(picture.alpha, rows[i].alpha);
		assert_int_equal(picture.canvas, rows[i].canvas);
		assert_false(picture.cut);
		assert_false(look_at(&file, file.size - 1, MEDIA_GIF).cut);
		assert_true(look_at(&file, file.size - 3, MEDIA_GIF).cut);
	}
	put_gif(&file, &(struct frame){60000, 5000, 0, false}, 1);
	assert_int_equal(look(&file, MEDIA_GIF).width, 65000);
}

struct tiff {
	unsigned bits, compression, photometric, samples, format, orientation;
	bool plain, alpha, inverted;
};

static void put_tiff(struct file *file, const struct tiff *tiff, bool little)
{
	const unsigned entries[][2] = {{256, 80}, {257, 60}, {258, tiff->bits},
		{259, tiff->compression}, {262, tiff->photometric}, {274, tiff->orientation},
		{277, tiff->samples}, {339, tiff->format}};
	file->size = 0;
	put(file, little ? "II*\0" : "MM\0*", 4);
	put_number(file, 8, 4, little);
	put_number(file, UNIT_COUNT(entries), 2, little);
	for (size_t i = 0; i < UNIT_COUNT(entries); i++) {
		put_number(file, entries[i][0], 2, little);
		put_number(file, 3, 2, little);
		put_number(file, 1, 4, little);
		put_number(file, entries[i][1], 2, little);
		put_number(file, 0, 2, little);
	}
	/* Another page, empty but for one entry. */
	put_number(file, file->size + 4, 4, little);
	put_number(file, 1, 2, little);
	put_number(file, 0, 12 + 4, little);
}

static void tiff(void **state)
{
	(void)state;
	static const struct tiff rows[] = {
		{8, 1, 2, 3, 1, 1, true, false, false}, {8, 5, 2, 4, 1, 6, true, true, false},
		{16, 8, 1, 1, 1, 8, true, false, false}, {4, 1, 0, 1, 1, 1, true, false, true},
		{8, 1, 0, 1, 1, 1, true, false, false}, {1, 4, 0, 1, 1, 1, true, false, false},
		{8, 7, 6, 3, 1, 1, true, false, false}, {8, 7, 5, 4, 1, 1, true, false, false},
		{8, 1, 6, 3, 1, 1, false, false, false},     /* subsampled without JPEG */
		{8, 6, 6, 3, 1, 1, false, false, false},     /* old JPEG */
		{8, 7, 2, 4, 1, 1, false, true, false},	     /* JPEG with alpha */
		{1, 32771, 1, 1, 1, 1, false, false, false}, /* a rare compression */
		{24, 1, 1, 1, 1, 1, false, false, false},
		{16, 1, 1, 1, 3, 1, false, false, false}, /* real numbers */
		{8, 1, 8, 3, 1, 1, false, false, false},  /* Lab */
	};
	static struct file file;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++)
		for (int little = 0; little < 2; little++) {
			put_tiff(&file, &rows[i], little);
			struct picture picture = look(&file, MEDIA_TIFF);
			assert_int_equal(picture.plain, rows[i].plain);
			assert_int_equal(picture.alpha, rows[i].alpha);
			assert_int_equal(picture.inverted, rows[i].inverted);
			assert_int_equal(picture.orientation, rows[i].orientation);
			assert_int_equal(picture.frames, 2);
			assert_true(picture.width == 80 && picture.height == 60);
		}
}

static void put_box(struct file *file, const char *type, const struct file *body)
{
	put_number(file, body->size + 8, 4, false);
	put(file, type, 4);
	put(file, body->data, body->size);
}

struct heif {
	bool colours, grey, alpha, narrow, multiplied, plain;
};

static void put_heif(struct file *file, const struct heif *heif, enum media_type type)
{
	struct file box = {.size = 0}, ipco = {.size = 0}, iprp = {.size = 0}, iref = {.size = 0},
		    meta = {.size = 0};
	for (int grey = 0; grey < 2; grey++) {
		if (!(grey ? heif->grey : heif->colours))
			continue;
		box.size = 0;
		put(&box,
			type == MEDIA_AVIF ? (grey ? "\x81\0\x1c\0" : "\x81\0\x0c\0")
					   : "................",
			type == MEDIA_AVIF ? 4 : 16);
		if (type == MEDIA_HEIC)
			put(&box, grey ? "\xfc\xf8\xf8" : "\xfd\xf8\xf8", 3);
		put_box(&ipco, type == MEDIA_AVIF ? "av1C" : "hvcC", &box);
	}
	box.size = 0;
	PUT(&box, "nclx\0\1\0\x0d\0\6");
	put_number(&box, heif->narrow ? 0 : 0x80, 1, false);
	put_box(&ipco, "colr", &box);
	box.size = 0;
	PUT(&box, "\0\0\0\0urn:mpeg:mpegB:cicp:systems:auxiliary:alpha");
	if (heif->alpha)
		put_box(&ipco, "auxC", &box);
	put_box(&iprp, "ipco", &ipco);
	PUT(&meta, "\0\0\0\0");
	PUT(&iref, "\0\0\0\0");
	box.size = 0;
	PUT(&box, "\0\1\0\1\0\2");
	put_box(&iref, "auxl", &box);
	if (heif->multiplied)
		put_box(&iref, "prem", &box);
	put_box(&meta, "iref", &iref);
	put_box(&meta, "iprp", &iprp);
	file->size = 0;
	box.size = 0;
	PUT(&box, "avif\0\0\0\0mif1");
	put_box(file, "ftyp", &box);
	put_box(file, "meta", &meta);
}

static void heif(void **state)
{
	(void)state;
	static const struct heif rows[] = {
		{true, false, false, false, false, true},
		{true, false, false, true, false, true},
		{true, true, true, true, false, true}, /* the grey one is the alpha plane */
		{true, true, true, false, true, false},
		{false, true, false, false, false, true},
		{false, true, false, true, false, false},
	};
	static struct file file;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++)
		for (int heic = 0; heic < 2; heic++) {
			enum media_type type = heic ? MEDIA_HEIC : MEDIA_AVIF;
			put_heif(&file, &rows[i], type);
			struct picture picture = look(&file, type);
			assert_int_equal(picture.plain, rows[i].plain);
			assert_int_equal(picture.alpha, rows[i].alpha);
			assert_int_equal(picture.orientation, 1);
		}
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(picture_orientation_name(6), "RightTop");
	assert_null(picture_orientation_name(0));
	assert_null(picture_orientation_name(9));
	struct file file = {.size = 0};
	PUT(&file, "a film");
	struct picture picture = look(&file, MEDIA_MP4);
	assert_true(picture.orientation == 0 && picture.frames == 0 && picture.plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jpeg),
		cmocka_unit_test(png),
		cmocka_unit_test(webp),
		cmocka_unit_test(gif),
		cmocka_unit_test(tiff),
		cmocka_unit_test(heif),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
