/* SPDX-License-Identifier: MIT */
/* The kernel resolves the path beneath the root in one call, so nothing can change between a check
 * and its use. What the file may be is decided on the open file: its kind by fstat, its type by its
 * first bytes. These are read with pread, because the offset belongs to the converter. */
#include "src/source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/clock.h"
#include "base/fd.h"

/* openat2 fails with EAGAIN when a rename happens at that moment. Against a loop of renames, 5 of
 * 100 opens fail, so this many failures in a row are no chance. */
enum { OPEN_TRIES = 16 };

/* A JPEG with 256 full segments before its frame header has 16 MiB of metadata. */
enum { FIRST_BYTES = 4096, MORE_TRIES = 256 };

enum { STAT_WAIT_MS = 1000 };

static int open_beneath(int root_fd, const char *name)
{
	struct open_how how = {
		/* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	for (int i = 0; i < OPEN_TRIES; i++) {
		long fd = syscall(SYS_openat2, root_fd, name, &how, sizeof how);
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

int source_check(void)
{
	FD_CLEANUP int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	FD_CLEANUP int fd = root_fd < 0 ? -errno : open_beneath(root_fd, ".");
	return fd < 0 ? fd : 0;
}

/* Errors that say something about the name: the client may have asked for anything. All others
 * are the file system's. EAGAIN: others rename without end (open_beneath). */
static bool is_about_name(int error)
{
	static const int errors[] = {ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, EXDEV, ENAMETOOLONG,
		EINVAL, EILSEQ, ENXIO, EOVERFLOW, EAGAIN};
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (error == errors[i])
			return true;
	return false;
}

static int class_of_error(int root_fd, int error)
{
	if (error == EMFILE || error == ENFILE || error == ENOMEM)
		return SOURCE_E_SHORTAGE;
	/* The root itself is closed to the daemon: that is the same for all names. */
	if (error == EACCES && faccessat(root_fd, ".", X_OK, AT_EACCESS) < 0)
		return SOURCE_E_UNAVAILABLE;
	return is_about_name(error) ? SOURCE_E_NOT_FOUND : SOURCE_E_UNAVAILABLE;
}

static size_t read_at(struct source *source, unsigned char *buffer, size_t size, uint64_t offset)
{
	size_t have = 0;
	while (have < size) {
		ssize_t n = pread(source->fd, buffer + have, size - have, (off_t)(offset + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			source->error = errno;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	return have;
}

static struct sniff sniff_file(struct source *source)
{
	const uint64_t size = source->size;
	/* On the stack: a thread-local buffer is written to when a thread begins, and kept with its
	 * stack when it ends. */
	unsigned char buffer[SNIFF_BYTES];
	/* Most types show in the first page. For a shorter file, no read has to find its end. */
	size_t have = read_at(source, buffer, size < FIRST_BYTES ? (size_t)size : FIRST_BYTES, 0);
	if (have == 0)
		return (struct sniff){.type = MEDIA_UNKNOWN};
	struct sniff result = sniff(buffer, have);
	if (have == FIRST_BYTES && (result.type == MEDIA_UNKNOWN || result.width == 0)) {
		have += read_at(source, buffer + have, sizeof buffer - have, have);
		result = sniff(buffer, have);
	}
	for (int i = 0; result.more_at > 0 && i < MORE_TRIES; i++) {
		have = read_at(source, buffer, sizeof buffer, result.more_at);
		uint64_t before = result.more_at;
		if (have > 0)
			sniff_more(&result, buffer, have);
		if (have == 0 || result.more_at == before)
			break;
	}
	return result;
}

static size_t read_film(
	const struct film_file *file, unsigned char *buffer, size_t size, uint64_t offset)
{
	return read_at(file->data, buffer, size, offset);
}

/* The kind and the content of the file, which is open. */
static int recognize(struct source *source)
{
	int r = quiet_wait(source->fd, &source->stat);
	if (r < 0) {
		source->error = -r;
		return SOURCE_E_UNAVAILABLE;
	}
	source->quiet = (enum quiet)r;
	source->local = fd_is_local(source->fd);
	if (!S_ISREG(source->stat.st_mode))
		return SOURCE_E_NOT_FOUND;
	/* Converters get this descriptor. O_NONBLOCK has no effect on a regular file, but some
	 * programs look at the flag. */
	fcntl(source->fd, F_SETFL, O_RDONLY);
	source->size = (uint64_t)source->stat.st_size;
	source->sniff = sniff_file(source);
	struct film_file file = {read_film, source, source->size};
	film_look(&file, source->sniff.type, &source->film);
	return source->error ? SOURCE_E_UNAVAILABLE : 0;
}

int source_open(int root_fd, const char *name, struct source *source)
{
	*source = (struct source)SOURCE_NONE;
	int fd = open_beneath(root_fd, name);
	if (fd < 0) {
		source->error = -fd;
		return class_of_error(root_fd, -fd);
	}
	source->fd = fd;
	int r = recognize(source);
	if (r != 0)
		source_close(source);
	return r;
}

static size_t read_piece(void *data, uint64_t at, void *buffer, size_t size)
{
	return read_at(data, buffer, size, at);
}

void source_look(struct source *source)
{
	if (source->looked)
		return;
	const struct picture_reader reader = {.read = read_piece, .data = source};
	source->picture = picture_look(source->sniff.type, &reader);
	source->looked = true;
	/* A BigTIFF is first sized here. */
	if (source->sniff.width == 0 && source->picture.height > 0) {
		source->sniff.width = source->picture.width;
		source->sniff.height = source->picture.height;
	}
}

void source_close(struct source *source)
{
	fd_close(&source->fd);
	fd_close(&source->copy);
}

struct stat_call {
	int fd, r;
	struct stat stat;
};

static void stat_work(void *data)
{
	struct stat_call *call = data;
	call->r = fstat(call->fd, &call->stat) < 0 ? -errno : 0;
}

static void stat_release(void *data)
{
	struct stat_call *call = data;
	fd_close(&call->fd);
	free(call);
}

int source_stat(const struct source *source, struct stat *out)
{
	if (source->local)
		return fstat(source->fd, out) < 0 ? -errno : 0;
	struct stat_call *call = calloc(1, sizeof *call);
	if (!call)
		return -ENOMEM;
	call->fd = fcntl(source->fd, F_DUPFD_CLOEXEC, 3);
	int r = call->fd < 0
			? -errno
			: aside_run(stat_work, stat_release, call, clock_now_ms() + STAT_WAIT_MS);
	if (r == -ETIMEDOUT)
		return r;
	r = r == 0 ? call->r : r;
	*out = call->stat;
	stat_release(call);
	return r;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool source_is_unchanged(const struct stat *then, const struct stat *now)
{
	return now->st_dev == then->st_dev && now->st_ino == then->st_ino &&
	       now->st_size == then->st_size && is_same_time(&now->st_mtim, &then->st_mtim) &&
	       is_same_time(&now->st_ctim, &then->st_ctim);
}

static int look_up(int directory, const char *name, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags | O_PATH | O_CLOEXEC,
		.resolve = resolve | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED};
	return (int)syscall(SYS_openat2, directory, name, &how, sizeof how);
}

/* Beneath the root, as in source_open: a directory on the way may have become a link that leads out
 * of the root, and the file would not show that. The file's time of status change shows changes of
 * its permissions and its name. */
bool source_is_same(const char *root, const char *name, const struct stat *then)
{
	struct stat now;
	FD_CLEANUP int root_fd = look_up(AT_FDCWD, root, O_DIRECTORY, 0);
	FD_CLEANUP int fd = root_fd < 0 ? -1 : look_up(root_fd, name, 0, RESOLVE_BENEATH);
	return fd >= 0 && fstat(fd, &now) == 0 && S_ISREG(now.st_mode) &&
	       source_is_unchanged(then, &now);
}

bool source_is_local(const char *root, const struct source *source)
{
	FD_CLEANUP int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root_fd >= 0 && fd_is_local(root_fd) && source->local;
}
