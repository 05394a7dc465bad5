/* SPDX-License-Identifier: MIT */
/*
 * libjpeg invents what a cut file lacks and only warns; half a picture must not look like a whole
 * one, so those warnings are errors here.
 */
#include "picture/jpeg_source.h"

#include <jerror.h>
#include <string.h>

#include "picture/fault.h"

static void leave(j_common_ptr info, enum fault code)
{
	struct jpeg_errors *errors = (struct jpeg_errors *)info->err;
	char text[JMSG_LENGTH_MAX];
	errors->manager.format_message(info, text);
	errors->status = fault(code, "jpeg: %s", text);
	longjmp(errors->escape, 1);
}

static void on_error(j_common_ptr info)
{
	int code = info->err->msg_code;
	if (code == JERR_OUT_OF_MEMORY || code == JERR_IMAGE_TOO_BIG || code == JERR_WIDTH_OVERFLOW)
		leave(info, FAULT_LIMIT);
	leave(info, code == JERR_SOF_UNSUPPORTED || code == JERR_CONVERSION_NOTIMPL ||
				    code == JERR_BAD_PRECISION || code == JERR_COMPONENT_COUNT ||
				    code == JERR_NOT_COMPILED || code == JERR_CCIR601_NOTIMPL ||
				    code == JERR_FRACT_SAMPLE_NOTIMPL
			    ? FAULT_UNSUPPORTED
			    : FAULT_BROKEN);
}

static void on_message(j_common_ptr info, int level)
{
	if (level >= 0)
		return;
	switch (info->err->msg_code) {
	case JWRN_JPEG_EOF:
	case JWRN_HIT_MARKER:
	case JWRN_HUFF_BAD_CODE:
	case JWRN_ARITH_BAD_CODE:
	case JWRN_MUST_RESYNC:
	case JWRN_NOT_SEQUENTIAL:
		leave(info, FAULT_BROKEN);
	}
}

static void no_output(j_common_ptr info)
{
	(void)info;
}

void jpeg_errors_init(struct jpeg_errors *errors, j_common_ptr info)
{
	info->err = jpeg_std_error(&errors->manager);
	errors->manager.error_exit = on_error;
	errors->manager.emit_message = on_message;
	errors->manager.output_message = no_output;
	errors->status = 0;
}

static void nothing(j_decompress_ptr info)
{
	(void)info;
}

static boolean fill(j_decompress_ptr info)
{
	struct jpeg_source *source = (struct jpeg_source *)info->src;
	size_t got =
		input_read(source->input, source->offset, source->bytes, sizeof(source->bytes));
	source->offset += got;
	if (!got) {
		WARNMS(info, JWRN_JPEG_EOF);
		/* Not reached while the warning is an error. */
		memcpy(source->bytes, "\xff\xd9", 2);
		got = 2;
	}
	source->manager.next_input_byte = source->bytes;
	source->manager.bytes_in_buffer = got;
	return TRUE;
}

static void skip(j_decompress_ptr info, long count)
{
	struct jpeg_source *source = (struct jpeg_source *)info->src;
	if (count <= 0)
		return;
	size_t here = source->manager.bytes_in_buffer;
	if ((size_t)count <= here) {
		source->manager.next_input_byte += count;
		source->manager.bytes_in_buffer -= (size_t)count;
		return;
	}
	source->offset += (size_t)count - here;
	source->manager.bytes_in_buffer = 0;
}

void jpeg_source_init(
	struct jpeg_source *source, struct input *input, struct jpeg_decompress_struct *info)
{
	source->manager = (struct jpeg_source_mgr){.init_source = nothing,
		.fill_input_buffer = fill,
		.skip_input_data = skip,
		.resync_to_restart = jpeg_resync_to_restart,
		.term_source = nothing};
	source->input = input;
	source->offset = 0;
	info->src = &source->manager;
}
