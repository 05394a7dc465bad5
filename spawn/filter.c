/* SPDX-License-Identifier: MIT */
/*
 * The file is a header and the programs one after the other. The daemon has made and sealed it. Its
 * lengths are checked all the same, because a holder lives inside a program that is not ours.
 */
#include "spawn/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/filter_image.h"

int filters_map(int fd, struct filters *out)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	size_t size = (size_t)st.st_size;
	if (size < sizeof(struct filter_image) || size > FILTER_IMAGE_MAX)
		return -EPROTO;
	const struct filter_image *image = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (image == MAP_FAILED)
		return -errno;
	size_t left = (size - sizeof *image) / sizeof *image->code, at = 0;
	bool good = image->magic == FILTER_IMAGE_MAGIC;
	*out = (struct filters){.keys = {image->keys[0], image->keys[1]}};
	for (size_t i = 0; i < FILTER_KINDS && good; i++) {
		uint32_t length = image->lengths[i];
		good = length <= left && length <= FILTER_LENGTH_MAX;
		/* the kernel only reads it */
		out->programs[i] = (struct sock_fprog){
			.len = (unsigned short)length,
			.filter = (struct sock_filter *)(void *)(image->code + at),
		};
		at += length;
		left -= good ? length : 0;
	}
	if (good)
		return 0;
	munmap((void *)image, size);
	return -EPROTO;
}

static bool is_empty(const struct filters *filters)
{
	return filters->programs[FILTER_HOLD].len == 0;
}

int filters_get(const struct filters *filters, enum job_confine level, bool namespaced,
	const struct sock_fprog **out)
{
	return filters_get_layer(filters, level, namespaced, FILTER_WHOLE, out);
}

int filters_get_layer(const struct filters *filters, enum job_confine level, bool namespaced,
	enum filter_layer layer, const struct sock_fprog **out)
{
	unsigned kind = FILTER_HOLD;
	*out = NULL;
	if (is_empty(filters) || (level == JOB_CONFINE_OFF && (namespaced || layer == FILTER_HELD)))
		return 0;
	if (level != JOB_CONFINE_OFF)
		kind = FILTER_JOBS + (level == JOB_CONFINE_STRICT ? FILTER_FEWEST : 0) +
		       (filters->watched ? FILTER_WATCHED : 0) +
		       (filters->watched && filters->ending ? FILTER_ENDING : 0) +
		       (namespaced ? 0 : FILTER_PLAIN) + (unsigned)layer * FILTER_LAYER;
	if (filters->programs[kind].len == 0)
		return layer == FILTER_HELD ? 0 : -ENOSYS;
	*out = &filters->programs[kind];
	return 0;
}

bool filters_supported(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}
