/* SPDX-License-Identifier: MIT */
/*
 * A sequence parameter set of H.265 (ITU-T H.265 §7.3.2.2), read up to what its VUI says about
 * colours: everything in front of that has to be stepped over bit by bit. Behind the end all bits
 * are 0, and every count is bounded before it is used.
 */
#include "src/source/film_hevc.h"

enum { SET_TYPE = 33, SET_BYTES = 1024 };

struct bits {
	const unsigned char *data;
	size_t size, at; /* bits */
	bool bad;	 /* behind the end, or a number that no set has */
};

static uint32_t take(struct bits *bits, unsigned count)
{
	uint32_t value = 0;
	for (; count > 0; count--, bits->at++) {
		if (bits->at >= bits->size) {
			bits->bad = true;
			return 0;
		}
		value = value << 1 | (bits->data[bits->at / 8] >> (7 - bits->at % 8) & 1);
	}
	return value;
}

static void skip(struct bits *bits, size_t count)
{
	bits->at += count;
	if (bits->at > bits->size)
		bits->bad = true;
}

/* Exp-Golomb (§9.2): signed numbers have as many bits. */
static uint32_t golomb(struct bits *bits, uint32_t most)
{
	unsigned zeros = 0;
	while (!bits->bad && zeros < 32 && take(bits, 1) == 0)
		zeros++;
	if (zeros == 32)
		bits->bad = true;
	uint32_t value = bits->bad ? 0 : (uint32_t)(((uint64_t)1 << zeros) - 1 + take(bits, zeros));
	if (value > most)
		bits->bad = true;
	return bits->bad ? 0 : value;
}

static void skip_golombs(struct bits *bits, unsigned count)
{
	while (count-- > 0 && !bits->bad)
		golomb(bits, UINT32_MAX - 1);
}

/* §7.3.3 */
static void skip_profile(struct bits *bits, unsigned sub_layers)
{
	bool profile[8] = {false}, level[8] = {false};
	skip(bits, 88 + 8);
	for (unsigned i = 0; i < sub_layers; i++) {
		profile[i] = take(bits, 1);
		level[i] = take(bits, 1);
	}
	if (sub_layers > 0)
		skip(bits, 2 * (8 - sub_layers));
	for (unsigned i = 0; i < sub_layers; i++)
		skip(bits, (profile[i] ? 88 : 0) + (level[i] ? 8 : 0));
}

/* §7.3.4 */
static void skip_scaling(struct bits *bits)
{
	for (unsigned size = 0; size < 4; size++)
		for (unsigned matrix = 0; matrix < 6 && !bits->bad; matrix += size == 3 ? 3 : 1) {
			if (!take(bits, 1)) {
				skip_golombs(bits, 1);
				continue;
			}
			unsigned count = 1u << (4 + 2 * size);
			skip_golombs(bits, (size > 1 ? 1 : 0) + (count < 64 ? count : 64));
		}
}

/* §7.3.7: the set may be told by how it differs from the one before, which has `before` pictures.
 * Returns how many it has. */
static unsigned skip_references(struct bits *bits, bool first, unsigned before)
{
	unsigned count = 0;
	if (!first && take(bits, 1)) {
		skip(bits, 1);
		skip_golombs(bits, 1);
		for (unsigned i = 0; i <= before; i++)
			count += take(bits, 1) || take(bits, 1);
		return count;
	}
	count = golomb(bits, 16);
	count += golomb(bits, 16);
	for (unsigned i = 0; i < count && !bits->bad; i++) {
		skip_golombs(bits, 1);
		skip(bits, 1);
	}
	return count;
}

/* What stands between the sides and the references. */
static unsigned skip_tools(struct bits *bits, unsigned sub_layers)
{
	if (take(bits, 1)) /* a window to crop to */
		skip_golombs(bits, 4);
	skip_golombs(bits, 2); /* depths */
	unsigned counter_bits = golomb(bits, 12) + 4;
	unsigned layers = take(bits, 1) ? sub_layers + 1 : 1;
	skip_golombs(bits, 3 * layers + 6);
	if (take(bits, 1) && take(bits, 1))
		skip_scaling(bits);
	skip(bits, 2);
	if (take(bits, 1)) { /* blocks without compression */
		skip(bits, 8);
		skip_golombs(bits, 2);
		skip(bits, 1);
	}
	return counter_bits;
}

/* Annex E.2.1 */
static void read_vui(struct bits *bits, struct film *film)
{
	if (take(bits, 1) && take(bits, 8) == 255)
		skip(bits, 32);
	if (take(bits, 1))
		skip(bits, 1);
	if (!take(bits, 1))
		return;
	skip(bits, 4);
	if (!take(bits, 1))
		return;
	skip(bits, 8);
	unsigned transfer = take(bits, 8), matrix = take(bits, 8);
	if (bits->bad)
		return;
	film->transfer = transfer;
	film->matrix = matrix;
}

static void read_set(const unsigned char *data, size_t size, struct film *film)
{
	struct bits bits = {data, size * 8, 16 + 4, false};
	unsigned sub_layers = take(&bits, 3);
	skip(&bits, 1);
	skip_profile(&bits, sub_layers);
	skip_golombs(&bits, 1);
	if (golomb(&bits, 3) == 3)
		skip(&bits, 1);
	skip_golombs(&bits, 2); /* sides */
	unsigned counter_bits = skip_tools(&bits, sub_layers);
	unsigned sets = golomb(&bits, 64), pictures = 0;
	for (unsigned i = 0; i < sets && !bits.bad; i++)
		pictures = skip_references(&bits, i == 0, pictures);
	if (take(&bits, 1)) {
		unsigned count = golomb(&bits, 32);
		skip(&bits, (size_t)count * (counter_bits + 1));
	}
	skip(&bits, 2);
	if (take(&bits, 1) && !bits.bad)
		read_vui(&bits, film);
}

void film_hevc(const unsigned char *data, size_t size, struct film *film)
{
	unsigned char plain[SET_BYTES];
	size_t length = 0;
	unsigned zeros = 0;
	for (size_t at = 0; at < size && length < sizeof plain; at++) {
		if (zeros >= 2 && data[at] == 3) { /* keeps a start code out (§7.4.2) */
			zeros = 0;
			continue;
		}
		if (zeros >= 2 && data[at] == 1)
			break;
		zeros = data[at] == 0 ? zeros + 1 : 0;
		plain[length++] = data[at];
	}
	read_set(plain, length, film);
}

void film_hevc_record(const unsigned char *data, size_t size, struct film *film)
{
	size_t at = 23;
	for (unsigned arrays = size > 22 ? data[22] : 0; arrays > 0 && at + 3 <= size; arrays--) {
		unsigned type = data[at] & 0x3f, units = data[at + 1] * 256u + data[at + 2];
		at += 3;
		for (; units > 0 && at + 2 <= size; units--) {
			size_t length = data[at] * 256u + data[at + 1];
			at += 2;
			if (length > size - at)
				return;
			if (type == SET_TYPE) {
				film_hevc(data + at, length, film);
				return;
			}
			at += length;
		}
	}
}
