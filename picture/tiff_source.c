/* SPDX-License-Identifier: MIT */
/*
 * The decoders of JPEG and of facsimiles within libtiff fill in what a strip lacks and only warn,
 * so their warnings are errors here, but for stray bytes. A value of a tag that lies behind the end
 * means that the file is cut, whatever tag it is. All other warnings are about odd tags.
 */
#include "picture/tiff_source.h"

#include <string.h>

#include "picture/fault.h"

static tmsize_t read_bytes(thandle_t handle, void *bytes, tmsize_t length)
{
	struct tiff_source *source = (struct tiff_source *)handle;
	size_t got = input_read(source->input, source->offset, bytes, (size_t)length);
	source->offset += got;
	return (tmsize_t)got;
}

static tmsize_t write_bytes(thandle_t handle, void *bytes, tmsize_t length)
{
	(void)handle;
	(void)bytes;
	(void)length;
	return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence)
{
	struct tiff_source *source = (struct tiff_source *)handle;
	if (whence == SEEK_CUR)
		offset += source->offset;
	else if (whence == SEEK_END)
		offset += input_length(source->input);
	source->offset = offset;
	return offset;
}

static int close_nothing(thandle_t handle)
{
	(void)handle;
	return 0;
}

static toff_t length_of(thandle_t handle)
{
	return input_length(((struct tiff_source *)handle)->input);
}

__attribute__((format(printf, 4, 0))) static int on_error(
	TIFF *file, void *user, const char *module, const char *format, va_list arguments)
{
	struct tiff_source *source = user;
	(void)file;
	(void)module;
	if (!source->errors++)
		vsnprintf(source->text, sizeof(source->text), format, arguments);
	return 1;
}

__attribute__((format(printf, 4, 0))) static int on_warning(
	TIFF *file, void *user, const char *module, const char *format, va_list arguments)
{
	struct tiff_source *source = user;
	char text[160];
	va_list again;
	va_copy(again, arguments);
	vsnprintf(text, sizeof(text), format, again);
	va_end(again);
	if (!strncmp(text, "IO error", 8))
		source->cut = true;
	if (!module || (strcmp(module, "JPEGLib") != 0 && strncmp(module, "Fax", 3) != 0))
		return 1;
	return strstr(text, "extraneous") ? 1 : on_error(file, user, module, format, arguments);
}

/* The most that libtiff may take at a time: a picture of 16 bytes a pixel in one strip. */
static tmsize_t memory_for(uint64_t pixels)
{
	uint64_t bytes = pixels > (1ull << 36) ? 1ull << 40 : pixels * 16 + (1u << 20);
	return bytes > PTRDIFF_MAX ? PTRDIFF_MAX : (tmsize_t)bytes;
}

int tiff_source_open(struct tiff_source *source, struct input *input, uint64_t pixels)
{
	*source = (struct tiff_source){.input = input};
	int status = tiff_library(&source->library);
	if (status)
		return status;
	TIFFOpenOptions *options = source->library->options_alloc();
	if (!options)
		return fault_memory();
	source->library->options_memory(options, memory_for(pixels));
	source->library->options_errors(options, on_error, source);
	source->library->options_warnings(options, on_warning, source);
	/* m: no memory mapping. */
	source->file = source->library->open("source", "rm", (thandle_t)source, read_bytes,
		write_bytes, seek, close_nothing, length_of, NULL, NULL, options);
	source->library->options_free(options);
	if (source->file)
		return 0;
	status = tiff_source_check(source);
	return status ? status : fault(FAULT_BROKEN, "tiff: cannot read the header");
}

void tiff_source_close(struct tiff_source *source)
{
	if (source->file)
		source->library->close(source->file);
	source->file = NULL;
}

void tiff_source_forgive(struct tiff_source *source)
{
	source->errors = 0;
}

int tiff_source_check(const struct tiff_source *source)
{
	if (source->cut)
		return fault(FAULT_BROKEN, "tiff: the file ends before a value of its directory");
	return source->errors ? fault(FAULT_BROKEN, "tiff: %s", source->text) : 0;
}
