/* SPDX-License-Identifier: MIT */
/*
 * What can be read row by row is read so; libtiff's own conversion to RGBA knows more kinds, but
 * keeps whole strips and has only 8 bits, so it is for the rest: YCbCr that is not JPEG.
 */
#include "picture/tiff_page.h"

#include "picture/fault.h"

/* Pixels of a tile that are fine for any picture. */
enum { TILE_MAX = 1 << 20 };

struct fields {
	uint16_t bits, samples, photometric, planar, compression, format, inks, orientation;
};

static int unsupported(const char *what)
{
	return fault(FAULT_UNSUPPORTED, "tiff: %s", what);
}

static void read_fields(const struct tiff_source *source, struct fields *fields)
{
	const struct tiff_library *library = source->library;
	TIFF *file = source->file;
	*fields = (struct fields){
		.bits = 1, .samples = 1, .planar = PLANARCONFIG_CONTIG, .orientation = 1};
	library->get_defaulted(file, TIFFTAG_BITSPERSAMPLE, &fields->bits);
	library->get_defaulted(file, TIFFTAG_SAMPLESPERPIXEL, &fields->samples);
	library->get_defaulted(file, TIFFTAG_PLANARCONFIG, &fields->planar);
	library->get_defaulted(file, TIFFTAG_COMPRESSION, &fields->compression);
	library->get_defaulted(file, TIFFTAG_SAMPLEFORMAT, &fields->format);
	library->get_defaulted(file, TIFFTAG_INKSET, &fields->inks);
	library->get_defaulted(file, TIFFTAG_ORIENTATION, &fields->orientation);
	if (library->get(file, TIFFTAG_PHOTOMETRIC, &fields->photometric))
		return;
	/* It must be there; where it is not, this is what is meant. */
	bool fax = fields->compression == COMPRESSION_CCITTRLE ||
		   fields->compression == COMPRESSION_CCITTFAX3 ||
		   fields->compression == COMPRESSION_CCITTFAX4;
	fields->photometric = fax		     ? PHOTOMETRIC_MINISWHITE
			      : fields->samples >= 3 ? PHOTOMETRIC_RGB
						     : PHOTOMETRIC_MINISBLACK;
}

static int read_sides(
	struct tiff_source *source, const struct decoder_limits *limits, struct tiff_page *page)
{
	const struct tiff_library *library = source->library;
	library->get(source->file, TIFFTAG_IMAGEWIDTH, &page->width);
	library->get(source->file, TIFFTAG_IMAGELENGTH, &page->height);
	int status = decoder_check_sides(page->width, page->height, limits);
	if (status)
		return status;
	page->tiled = library->is_tiled(source->file) != 0;
	if (page->tiled) {
		library->get(source->file, TIFFTAG_TILEWIDTH, &page->tile_width);
		library->get(source->file, TIFFTAG_TILELENGTH, &page->tile_height);
		/* A small picture may lie in a larger tile. */
		if (!page->tile_width || !page->tile_height)
			return fault(FAULT_BROKEN, "tiff: tiles without pixels");
		if ((uint64_t)page->tile_width * page->tile_height > limits->pixels + TILE_MAX)
			return fault(FAULT_LIMIT, "tiff: tiles of %ux%u pixels", page->tile_width,
				page->tile_height);
		return 0;
	}
	page->tile_width = page->width;
	library->get_defaulted(source->file, TIFFTAG_ROWSPERSTRIP, &page->tile_height);
	if (!page->tile_height || page->tile_height > page->height)
		page->tile_height = page->height;
	return 0;
}

/* Which of the samples is alpha: one that says so, or a fourth one that says nothing at all. */
static void read_alpha(const struct tiff_source *source, unsigned samples, struct tiff_page *page)
{
	uint16_t count = 0, *kinds = NULL;
	if (!source->library->get(source->file, TIFFTAG_EXTRASAMPLES, &count, &kinds) || !count) {
		if (page->colours == 3 && samples == 4)
			page->alpha = 3;
		return;
	}
	for (unsigned extra = 0; extra < count && page->colours + extra < samples; extra++)
		if (kinds[extra] == EXTRASAMPLE_ASSOCALPHA ||
			kinds[extra] == EXTRASAMPLE_UNASSALPHA) {
			page->alpha = page->colours + extra;
			page->associated = kinds[extra] == EXTRASAMPLE_ASSOCALPHA;
			return;
		}
}

static int read_palette(const struct tiff_source *source, struct tiff_page *page)
{
	uint16_t *red = NULL, *green = NULL, *blue = NULL;
	if (page->bits > 8)
		return unsupported("a palette of more than 256 colours");
	if (!source->library->get(source->file, TIFFTAG_COLORMAP, &red, &green, &blue) || !red ||
		!green || !blue)
		return fault(FAULT_BROKEN, "tiff: there is no palette");
	page->palette[0] = red;
	page->palette[1] = green;
	page->palette[2] = blue;
	return 0;
}

static int read_colours(
	const struct tiff_source *source, const struct fields *fields, struct tiff_page *page)
{
	page->inverted = fields->photometric == PHOTOMETRIC_MINISWHITE;
	switch (fields->photometric) {
	case PHOTOMETRIC_MINISWHITE:
	case PHOTOMETRIC_MINISBLACK:
	case PHOTOMETRIC_PALETTE:
		page->colours = 1;
		break;
	case PHOTOMETRIC_RGB:
		page->colours = 3;
		break;
	case PHOTOMETRIC_SEPARATED:
		page->colours = 4;
		if (fields->inks != INKSET_CMYK)
			return unsupported("other inks than CMYK");
		break;
	case PHOTOMETRIC_YCBCR:
		page->colours = 3;
		if (fields->compression == COMPRESSION_JPEG && !page->separate)
			/* The decoder converts. */
			source->library->set(
				source->file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
		else
			page->rgba = true;
		break;
	default:
		return unsupported("these colours cannot be read");
	}
	if (fields->samples < page->colours)
		return fault(FAULT_BROKEN, "tiff: too few samples for its colours");
	if (!page->rgba)
		read_alpha(source, fields->samples, page);
	return fields->photometric == PHOTOMETRIC_PALETTE ? read_palette(source, page) : 0;
}

int tiff_page_read(
	struct tiff_source *source, const struct decoder_limits *limits, struct tiff_page *page)
{
	struct fields fields;
	*page = (struct tiff_page){0};
	read_fields(source, &fields);
	int status = read_sides(source, limits, page);
	if (status)
		return status;
	page->bits = fields.bits;
	page->samples = fields.samples;
	page->separate = fields.planar == PLANARCONFIG_SEPARATE && fields.samples > 1;
	page->orientation =
		fields.orientation >= 1 && fields.orientation <= 8 ? fields.orientation : 1;
	/* Old JPEG was never written down so that two programs agreed; of runs in whole words
	 * libtiff cannot read what it has written itself. */
	if (fields.compression == COMPRESSION_OJPEG ||
		fields.compression == COMPRESSION_CCITTRLEW ||
		!source->library->has_codec(fields.compression))
		return unsupported("this compression cannot be read");
	if (fields.format != SAMPLEFORMAT_UINT && fields.format != SAMPLEFORMAT_VOID)
		return unsupported("samples that are no whole numbers from 0 on");
	if (page->bits != 1 && page->bits != 2 && page->bits != 4 && page->bits != 8 &&
		page->bits != 16)
		return unsupported("neither 1, 2, 4, 8 nor 16 bits");
	status = read_colours(source, &fields, page);
	char why[1024];
	if (!status && page->rgba && !source->library->rgba_fine(source->file, why))
		return unsupported("these samples cannot be read");
	return status;
}

unsigned tiff_page_channels(const struct tiff_page *page)
{
	if (page->rgba)
		return 3;
	return (page->palette[0] ? 3 : page->colours) + (page->alpha != 0);
}

bool tiff_page_is_wide(const struct tiff_page *page)
{
	return page->bits == 16 && !page->rgba;
}
