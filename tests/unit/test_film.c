/* SPDX-License-Identifier: MIT */
/*
 * Headers of films and sounds written by hand, whole, cut at every length, and garbled with a fixed
 * sequence. The files are read through buffers of exactly the size that is there.
 */
#include "src/source/film.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
	unsigned char data[65536];
	size_t size;
};

static unsigned reads;

static size_t read_file(
	const struct film_file *file, unsigned char *buffer, size_t size, uint64_t offset)
{
	const unsigned char *data = file->data;
	assert_true(offset <= file->size);
	size_t left = (size_t)(file->size - offset), n = left < size ? left : size;
	reads++;
	memcpy(buffer, data + offset, n);
	return n;
}

static struct film look(const unsigned char *data, size_t size, enum media_type type)
{
	struct film film;
	unsigned char *exact = malloc(size ? size : 1);
	assert_non_null(exact);
	memcpy(exact, data, size);
	const struct film_file file = {read_file, exact, size};
	reads = 0;
	film_look(&file, type, &film);
	free(exact);
	return film;
}

static void put(struct file *file, const void *data, size_t size)
{
	assert_true(file->size + size <= sizeof file->data);
	memcpy(file->data + file->size, data, size);
	file->size += size;
}

static void put_big(struct file *file, uint64_t value, unsigned width)
{
	for (unsigned i = width; i-- > 0;)
		put(file, &(unsigned char){(unsigned char)(value >> 8 * i)}, 1);
}

static void put_little(struct file *file, uint64_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		put(file, &(unsigned char){(unsigned char)(value >> 8 * i)}, 1);
}

static void put_zeros(struct file *file, size_t count)
{
	put_big(file, 0, 1);
	while (--count > 0)
		put_big(file, 0, 1);
}

/* A box whose size box_end fills in. */
static size_t box(struct file *file, const char *type)
{
	size_t at = file->size;
	put_zeros(file, 4);
	put(file, type, 4);
	return at;
}

static void box_end(struct file *file, size_t at)
{
	size_t end = file->size;
	file->size = at;
	put_big(file, end - at, 4);
	file->size = end;
}

/* Sequence parameter sets as x265 writes them: with few tools; with lists, layers and sets of
 * references; and without a word about colours. */
#define SET_PQ                                                                                     \
	"\x42\1\1\2\x20\0\0\3\0\x90\0\0\3\0\0\3\0\x3c\xa0\x0f\x08\x0f\x13\x65\x95\x95\x29\x30\xbc" \
	"\x05\xa8\x48\x80\x48\x20\0\0\3\0\x20\0\0\3\1\x41"
#define SET_HLG                                                                                    \
	"\x42\1\2\2\x20\0\0\3\0\x90\0\0\3\0\0\3\0\x3c\0\0\xa0\x0f\x08\x0f\x13\x65\x95\x98\xac\xd2" \
	"\x49"                                                                                     \
	"\xca\xf0\x16\xa1\x22\x41\x20\x80\0\0\3\0\x80\0\0\5\4"
#define SET_PLAIN                                                                                  \
	"\x42\1\1\1\x60\0\0\3\0\x90\0\0\3\0\0\3\0\x3c\xa0\x0f\x08\x0f\x16\x59\x59\x52\x93\x0b\xc0" \
	"\x5a\2\0\0\3\0\2\0\0\3\0\x14\x10"

static void put_track(
	struct file *file, const char *handler, const char *codec, unsigned samples, bool hdr)
{
	size_t trak = box(file, "trak"), mdia = box(file, "mdia"), hdlr = box(file, "hdlr");
	put_zeros(file, 8);
	put(file, handler, 4);
	put_zeros(file, 13);
	box_end(file, hdlr);
	size_t minf = box(file, "minf"), stbl = box(file, "stbl"), stsd = box(file, "stsd");
	put_big(file, 1, 8);
	size_t entry = box(file, codec);
	put_zeros(file, 24);
	put_big(file, 1280, 2);
	put_big(file, 720, 2);
	put_zeros(file, 50);
	if (!strcmp(codec, "esds")) { /* as a name, and as a box within */
		size_t esds = box(file, "esds");
		box_end(file, esds);
	}
	if (!strcmp(codec, "hev1")) { /* says its colours itself */
		size_t hvcc = box(file, "hvcC");
		put_zeros(file, 22);
		put(file, "\2\x20\0\1\0\2ab\x21\0\1", 11);
		put_big(file, sizeof SET_HLG - 1, 2);
		put(file, SET_HLG, sizeof SET_HLG - 1);
		box_end(file, hvcc);
	}
	if (hdr) {
		size_t colr = box(file, "colr");
		put(file, "nclx\0\x09\0\x10\0\x09\0", 11);
		box_end(file, colr);
	}
	box_end(file, entry);
	box_end(file, stsd);
	size_t stsz = box(file, "stsz");
	put_zeros(file, 8);
	put_big(file, samples, 4);
	box_end(file, stsz);
	box_end(file, stbl);
	box_end(file, minf);
	box_end(file, mdia);
	box_end(file, trak);
}

/* A cover, a sound, and then the film, of 2.5 seconds; the index behind the media or before. */
static void make_mp4(struct file *file, bool index_last)
{
	file->size = 0;
	size_t at = box(file, "ftyp");
	put(file, "isom\0\0\0\0isom", 12);
	box_end(file, at);
	for (int part = 0; part < 2; part++) {
		at = box(file, (part == 0) == index_last ? "mdat" : "moov");
		if ((part == 0) == index_last) {
			put_zeros(file, 9000);
		} else {
			size_t mvhd = box(file, "mvhd");
			put_zeros(file, 12);
			put_big(file, 1000, 4);
			put_big(file, 2500, 4);
			put_zeros(file, 80);
			box_end(file, mvhd);
			put_track(file, "vide", "jpeg", 1, false);
			put_track(file, "soun", "mp4a", 90, false);
			put_track(file, "vide", "hvc1", 60, true);
		}
		box_end(file, at);
	}
}

static void boxes(void **state)
{
	(void)state;
	static struct file file;
	for (int last = 0; last < 2; last++) {
		make_mp4(&file, last);
		struct film film = look(file.data, file.size, MEDIA_MP4);
		assert_false(film.cut);
		assert_int_equal(film.duration_ms, 2500);
		assert_int_equal(film.video, 1);
		assert_int_equal(film.width, 1280);
		assert_int_equal(film.height, 720);
		assert_int_equal(film.matrix, 9);
		assert_int_equal(film.transfer, FILM_TRANSFER_PQ);
		assert_in_range(reads, 1, 8);
		/* Without its last byte it is cut; junk behind it does no harm. */
		assert_true(look(file.data, file.size - 1, MEDIA_MP4).cut);
		assert_true(look(file.data, file.size / 2, MEDIA_MP4).cut);
		put(&file, "\x7fgarbage behind the film", 24);
		assert_false(look(file.data, file.size, MEDIA_MOV).cut);
	}
}

/* The first that can be decoded is taken; an esds says what a name does not. */
static void sounds(void **state)
{
	(void)state;
	static const struct {
		const char *codecs[3];
		int sound;
	} rows[] = {
		{{NULL}, 0},
		{{"mp4a"}, 0},
		{{"apac"}, -1},
		{{"apac", "mp4a"}, 1},
		{{"apac", "ac-4", "Opus"}, 2},
		{{"mp4a", "apac"}, 0},
		{{"esds", "mp4a"}, 0},
		{{"ms\x55"}, 0},
	};
	static struct file file;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		file.size = 0;
		size_t at = box(&file, "moov");
		put_track(&file, "vide", "avc1", 60, false);
		for (int n = 0; n < 3 && rows[i].codecs[n]; n++)
			put_track(&file, "soun", rows[i].codecs[n], 60, false);
		box_end(&file, at);
		assert_int_equal(look(file.data, file.size, MEDIA_MOV).sound, rows[i].sound);
	}
}

static void colours_of_the_stream(void **state)
{
	(void)state;
	static struct file file;
	for (int said = 0; said < 2; said++) {
		file.size = 0;
		size_t at = box(&file, "moov");
		put_track(&file, "vide", "hev1", 60, said);
		box_end(&file, at);
		struct film film = look(file.data, file.size, MEDIA_MP4);
		assert_int_equal(film.transfer, said ? FILM_TRANSFER_PQ : FILM_TRANSFER_HLG);
		assert_int_equal(film.matrix, 9);
		for (size_t size = 0; size < file.size; size++)
			look(file.data, size, MEDIA_MP4);
	}
}

static void only_a_cover(void **state)
{
	(void)state;
	static struct file file;
	file.size = 0;
	size_t moov = box(&file, "moov");
	put_track(&file, "vide", "jpeg", 1, false);
	put_track(&file, "vide", "png ", 1, false);
	box_end(&file, moov);
	assert_int_equal(look(file.data, file.size, MEDIA_MP4).video, 0);
	assert_int_equal(look(file.data, 0, MEDIA_MP4).video, -1);
}

/* ID, a size of one byte, and the content. */
static void put_element(
	struct file *file, unsigned id, unsigned id_width, const char *content, size_t size)
{
	put_big(file, id, id_width);
	put_big(file, 0x80 | size, 1);
	put(file, content, size);
}

static void put_master(
	struct file *file, unsigned id, unsigned id_width, const struct file *content)
{
	put_big(file, id, id_width);
	put_big(file, 0x4000 | content->size, 2);
	put(file, content->data, content->size);
}

static void make_matroska(struct file *file)
{
	static struct file info, cover, film, colour, video, tracks;
	file->size = info.size = cover.size = film.size = colour.size = video.size = tracks.size =
		0;
	put_element(file, 0x1a45dfa3, 4, "\x42\x82\x84webm", 7);
	put_element(&info, 0x2ad7b1, 3, "\x0f\x42\x40", 3);
	put_element(&info, 0x4489, 2, "\x40\xaf\x40\0\0\0\0\0", 8); /* 4000.0 */
	put_element(&cover, 0x83, 1, "\1", 1);
	put_element(&cover, 0x86, 1, "V_MJPEG", 7);
	put_element(&colour, 0x55b1, 2, "\x09", 1);
	put_element(&colour, 0x55ba, 2, "\x12", 1);
	put_element(&video, 0xb0, 1, "\x01\x90", 2);
	put_element(&video, 0xba, 1, "\x01\x2c", 2);
	put_master(&video, 0x55b0, 2, &colour);
	put_element(&film, 0x83, 1, "\1", 1);
	put_element(&film, 0x86, 1, "V_VP9", 5);
	put_master(&film, 0xe0, 1, &video);
	put_master(&tracks, 0xae, 1, &cover);
	put_master(&tracks, 0xae, 1, &film);
	for (int i = 0; i < 2; i++) {
		struct file *sound = i == 0 ? &cover : &film;
		sound->size = 0;
		put_element(sound, 0x83, 1, "\2", 1);
		put_element(sound, 0x86, 1, i == 0 ? "A_NEW" : "A_AAC", 5);
		put_master(&tracks, 0xae, 1, sound);
	}
	put_big(file, 0x18538067, 4);
	size_t size_at = file->size;
	put_zeros(file, 8);
	size_t begin = file->size;
	put_master(file, 0x1549a966, 4, &info);
	put_master(file, 0x1654ae6b, 4, &tracks);
	put_big(file, 0x1f43b675, 4);
	put_big(file, 0x4fff, 2);
	put_zeros(file, 0xfff);
	size_t end = file->size;
	file->size = size_at;
	put_big(file, (uint64_t)1 << 56 | (end - begin), 8);
	file->size = end;
}

static void matroska(void **state)
{
	(void)state;
	static struct file file;
	make_matroska(&file);
	struct film film = look(file.data, file.size, MEDIA_WEBM);
	assert_false(film.cut);
	assert_int_equal(film.duration_ms, 4000);
	assert_int_equal(film.video, 1);
	assert_int_equal(film.width, 400);
	assert_int_equal(film.height, 300);
	assert_int_equal(film.matrix, 9);
	assert_int_equal(film.transfer, FILM_TRANSFER_HLG);
	assert_int_equal(film.sound, 1);
	assert_true(look(file.data, file.size - 1, MEDIA_MKV).cut);
	/* A recorder does not know the size. */
	memset(file.data + 16, 0xff, 7);
	file.data[16 - 1] = 0x01;
	assert_false(look(file.data, file.size - 100, MEDIA_MKV).cut);
}

static void make_wav(struct file *file, uint32_t size)
{
	file->size = 0;
	put(file, "RIFF", 4);
	put_little(file, size ? size + 36 : 0, 4);
	put(file, "WAVEfmt \x10\0\0\0\1\0\1\0", 16);
	put_little(file, 8000, 4);
	put_little(file, 16000, 4);
	put(file, "\2\0\x10\0data", 8);
	put_little(file, size, 4);
	put_zeros(file, 16000);
}

static void sound(void **state)
{
	(void)state;
	static struct file file;
	make_wav(&file, 16000);
	struct film film = look(file.data, file.size, MEDIA_WAV);
	assert_false(film.cut);
	assert_int_equal(film.duration_ms, 1000);
	assert_true(look(file.data, file.size - 2, MEDIA_WAV).cut);
	/* As a program writes it that cannot go back. */
	static const uint32_t unknown[] = {0, 0xffffffff, 0x7fffffff, 0x7ffff000, 0x80000000};
	for (size_t i = 0; i < UNIT_COUNT(unknown); i++) {
		make_wav(&file, unknown[i]);
		film = look(file.data, file.size, MEDIA_WAV);
		assert_false(film.cut);
		assert_int_equal(film.duration_ms, 0);
	}
	make_wav(&file, 48000);
	assert_true(look(file.data, file.size, MEDIA_WAV).cut);
}

static void pages(void **state)
{
	(void)state;
	static struct file file;
	file.size = 0;
	for (int i = 0; i < 9; i++) {
		put(&file, "OggS\0\0", 6);
		put_zeros(&file, 20);
		put(&file, "\3\xff\xff\x40", 4);
		put_zeros(&file, 0xff + 0xff + 0x40);
	}
	assert_false(look(file.data, file.size, MEDIA_OPUS).cut);
	size_t page = file.size / 9;
	for (size_t less = 1; less < page; less++)
		assert_int_equal(look(file.data, file.size - less, MEDIA_OGG).cut, less + 4 < page);
	put(&file, "junk", 4);
	assert_false(look(file.data, file.size, MEDIA_OGG).cut);
}

/* A packet of this stream; what is left is filled with an adaptation field in front. */
static void put_packet(struct file *file, unsigned id, bool begins, const char *data, size_t size)
{
	size_t left = 184 - size;
	put_big(file, 0x47, 1);
	put_big(file, (begins ? 0x4000 : 0) | id, 2);
	put_big(file, left > 0 ? 0x30 : 0x10, 1);
	if (left > 0)
		put_big(file, left - 1, 1);
	if (left > 1)
		put_zeros(file, left - 1);
	put(file, data, size);
}

/* The set in two packets, broken at `at`, behind packets of other streams. */
static void make_stream(struct file *file, const char *set, size_t size, size_t at)
{
	char data[256] = "\0\0\1\xe0\0\0\x80\0\0\0\0\1";
	memcpy(data + 12, set, size);
	memcpy(data + 12 + size, "\0\0\1\x44\1", 5);
	size += 12 + 5;
	file->size = 0;
	put_packet(file, 0, true, "\0table", 6);
	put_packet(file, 0x101, true, "\0\0\1\xc0sound", 9);
	put_packet(file, 0x100, true, data, at);
	put_packet(file, 0x101, false, "more", 4);
	put_packet(file, 0x100, false, data + at, size - at);
	put_packet(file, 0x100, true, "\0\0\1\xe0next", 8);
}

static void streams(void **state)
{
	(void)state;
	static struct file file;
	static const struct {
		const char *set;
		size_t size;
		unsigned transfer, matrix;
	} rows[] = {
		{SET_PQ, sizeof SET_PQ - 1, FILM_TRANSFER_PQ, 9},
		{SET_HLG, sizeof SET_HLG - 1, FILM_TRANSFER_HLG, 9},
		{SET_PLAIN, sizeof SET_PLAIN - 1, 0, 0},
	};
	for (size_t i = 0; i < UNIT_COUNT(rows); i++)
		for (size_t at = 4; at < rows[i].size; at++) {
			make_stream(&file, rows[i].set, rows[i].size, at);
			struct film film = look(file.data, file.size, MEDIA_MPEGTS);
			assert_int_equal(film.transfer, rows[i].transfer);
			assert_int_equal(film.matrix, rows[i].matrix);
			assert_int_equal(film.sound, 0);
			/* Cut within the set: nothing is said, nothing is read behind it. */
			look(file.data, 188 * 2 + at, MEDIA_MPEGTS);
		}
}

/* Whatever stands there: it ends, within bounds, and few reads. */
static void garbled(void **state)
{
	(void)state;
	static struct file file, again;
	static const enum media_type types[] = {MEDIA_MPEGTS, MEDIA_MP4, MEDIA_MOV, MEDIA_MKV,
		MEDIA_WEBM, MEDIA_AVI, MEDIA_WAV, MEDIA_AIFF, MEDIA_FLAC, MEDIA_OGG, MEDIA_JPEG};
	uint32_t random = 1;
	for (int round = 0; round < 400; round++) {
		if (round % 3 == 0)
			make_mp4(&file, round % 2);
		else if (round % 3 == 1)
			make_matroska(&file);
		else if (round % 2)
			make_wav(&file, 16000);
		else
			make_stream(&file, SET_HLG, sizeof SET_HLG - 1, 40);
		again = file;
		for (int i = 0; i < 20; i++) {
			random = random * 1664525 + 1013904223;
			again.data[(random >> 8) % (again.size < 700 ? again.size : 700)] =
				(unsigned char)(random >> 24);
		}
		for (size_t i = 0; i < UNIT_COUNT(types); i++) {
			look(again.data, again.size, types[i]);
			assert_in_range(reads, 0, 128);
			look(again.data, random % 600, types[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boxes),
		cmocka_unit_test(sounds),
		cmocka_unit_test(streams),
		cmocka_unit_test(colours_of_the_stream),
		cmocka_unit_test(only_a_cover),
		cmocka_unit_test(matroska),
		cmocka_unit_test(sound),
		cmocka_unit_test(pages),
		cmocka_unit_test(garbled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
