/* SPDX-License-Identifier: MIT */
/*
 * The file is read record by record; giflib's own way of reading all of it (DGifSlurp) would hold
 * all frames. Where a file is odd, it is read as browsers read it.
 */
#include "picture/gif_file.h"

#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/gif_library.h"

struct gif_file {
	const struct gif_library *library;
	GifFileType *gif;
	struct input *input;
	uint64_t offset; /* of what comes behind the buffer */
	size_t at, filled;
	uint32_t loops, frames; /* so far */
	uint8_t bytes[16 * 1024];
};

/* giflib asks for few bytes at a time. Returns whether there is one more. */
static bool fill(struct gif_file *file)
{
	if (file->at < file->filled)
		return true;
	file->at = 0;
	file->filled = input_read(file->input, file->offset, file->bytes, sizeof(file->bytes));
	file->offset += file->filled;
	return file->filled > 0;
}

static int read_bytes(GifFileType *gif, GifByteType *bytes, int length)
{
	struct gif_file *file = gif->UserData;
	size_t wanted = (size_t)length, done = 0;
	while (done < wanted && fill(file)) {
		size_t part = file->filled - file->at;
		if (part > wanted - done)
			part = wanted - done;
		memcpy(bytes + done, file->bytes + file->at, part);
		file->at += part;
		done += part;
	}
	return (int)done;
}

static int broken(const struct gif_library *library, int error)
{
	const char *why = library->error_text(error);
	if (error == D_GIF_ERR_NOT_ENOUGH_MEM)
		return fault_memory();
	return fault(FAULT_BROKEN, "gif: %s", why ? why : "damaged");
}

int gif_file_open(struct input *input, struct gif_file **result)
{
	const struct gif_library *library;
	int error = 0, status = gif_library(&library);
	if (status)
		return status;
	struct gif_file *file = calloc(1, sizeof(*file));
	if (!file)
		return fault_memory();
	file->library = library;
	file->input = input;
	file->loops = 1;
	file->gif = library->open(file, read_bytes, &error);
	if (!file->gif) {
		free(file);
		return broken(library, error);
	}
	*result = file;
	return 0;
}

void gif_file_close(struct gif_file *file)
{
	if (!file)
		return;
	file->library->close(file->gif, NULL);
	free(file);
}

void gif_file_screen(const struct gif_file *file, uint32_t *width, uint32_t *height)
{
	*width = (uint32_t)file->gif->SWidth;
	*height = (uint32_t)file->gif->SHeight;
}

uint32_t gif_file_loops(const struct gif_file *file)
{
	return file->loops;
}

/* A GIF's number counts the repetitions after the first time; 0 is for ever, too. */
static void read_loops(struct gif_file *file, const GifByteType *block)
{
	if (block[0] < 3 || block[1] != 1)
		return;
	uint32_t number = block[2] | (uint32_t)block[3] << 8;
	file->loops = number ? number + 1 : 0;
}

static int read_extension(struct gif_file *file, GraphicsControlBlock *control)
{
	GifByteType *block = NULL;
	int code = 0;
	if (file->library->extension(file->gif, &code, &block) == GIF_ERROR)
		return broken(file->library, file->gif->Error);
	bool looping =
		code == APPLICATION_EXT_FUNC_CODE && block && block[0] == 11 &&
		(!memcmp(block + 1, "NETSCAPE2.0", 11) || !memcmp(block + 1, "ANIMEXTS1.0", 11));
	/* A block of another length says nothing. */
	if (code == GRAPHICS_EXT_FUNC_CODE && block)
		file->library->control_block(block[0], block + 1, control);
	while (block) {
		if (file->library->extension_next(file->gif, &block) == GIF_ERROR)
			return broken(file->library, file->gif->Error);
		if (looping && block)
			read_loops(file, block);
	}
	return 0;
}

static enum gif_disposal disposal_of(int number)
{
	/* The number is a field of three bits, but some programs set its third bit for 3. */
	return number == DISPOSE_BACKGROUND		   ? GIF_CLEAR
	       : number == DISPOSE_PREVIOUS || number == 4 ? GIF_RESTORE
							   : GIF_KEEP;
}

static int read_frame(
	struct gif_file *file, const GraphicsControlBlock *control, struct gif_frame *frame)
{
	GifFileType *gif = file->gif;
	if (file->library->image(gif) == GIF_ERROR)
		return broken(file->library, gif->Error);
	const GifImageDesc *image = &gif->Image;
	const ColorMapObject *map = image->ColorMap ? image->ColorMap : gif->SColorMap;
	if (!map)
		return fault(FAULT_BROKEN, "gif: a frame has no colours");
	*frame = (struct gif_frame){.left = (uint32_t)image->Left,
		.top = (uint32_t)image->Top,
		.width = (uint32_t)image->Width,
		.height = (uint32_t)image->Height,
		.interlaced = image->Interlace,
		.transparent = control->TransparentColor != NO_TRANSPARENT_COLOR,
		.disposal = disposal_of(control->DisposalMode),
		.duration_ms = control->DelayTime <= 1 ? 100 : (uint32_t)control->DelayTime * 10};
	for (int at = 0; at < map->ColorCount && at < 256; at++) {
		const GifColorType *colour = &map->Colors[at];
		const uint8_t rgba[4] = {colour->Red, colour->Green, colour->Blue, 255};
		if (at != control->TransparentColor)
			memcpy(frame->palette[at], rgba, sizeof(rgba));
	}
	file->frames++;
	return 0;
}

int gif_file_next(struct gif_file *file, struct gif_frame *frame)
{
	GraphicsControlBlock control = {.DelayTime = -1, .TransparentColor = NO_TRANSPARENT_COLOR};
	while (fill(file)) {
		/* Some programs write zeros between the records. */
		if (file->bytes[file->at] == 0) {
			file->at++;
			continue;
		}
		GifRecordType record = UNDEFINED_RECORD_TYPE;
		if (file->library->record_type(file->gif, &record) == GIF_ERROR)
			return broken(file->library, file->gif->Error);
		if (record == TERMINATE_RECORD_TYPE && file->frames)
			return -1;
		if (record == IMAGE_DESC_RECORD_TYPE)
			return read_frame(file, &control, frame);
		int status = record == EXTENSION_RECORD_TYPE ? read_extension(file, &control) : 0;
		if (status)
			return status;
	}
	/* Some programs forget the terminator; but a frame was to follow its control block. */
	if (!file->frames || control.DelayTime >= 0)
		return fault(FAULT_BROKEN, "gif: the file is cut short");
	return -1;
}

int gif_file_row(struct gif_file *file, uint8_t *places, uint32_t width)
{
	if (file->library->line(file->gif, places, (int)width) == GIF_ERROR)
		return broken(file->library, file->gif->Error);
	return 0;
}

int gif_file_skip(struct gif_file *file)
{
	int code = 0;
	GifByteType *block = NULL;
	if (file->library->code(file->gif, &code, &block) == GIF_ERROR)
		return broken(file->library, file->gif->Error);
	while (block)
		if (file->library->code_next(file->gif, &block) == GIF_ERROR)
			return broken(file->library, file->gif->Error);
	return 0;
}

uint32_t gif_frame_row(const struct gif_frame *frame, uint32_t row)
{
	static const struct {
		uint32_t first, step;
	} passes[4] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
	if (!frame->interlaced)
		return row;
	for (unsigned pass = 0; pass < 4; pass++) {
		uint32_t first = passes[pass].first, step = passes[pass].step;
		uint32_t rows =
			frame->height > first ? (frame->height - first + step - 1) / step : 0;
		if (row < rows)
			return first + row * step;
		row -= rows;
	}
	return 0;
}
